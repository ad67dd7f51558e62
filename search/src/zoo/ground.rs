//! Where to look for a bug: which clusters, which faults, which settings fit it.
//!
//! A bug that needs one broker to miss two elections is not found where nobody misses any. A ground is an honest
//! hint, never the script itself: what happens when stays a matter of chance.

use crate::fault::Fault;
use crate::plan::FaultPlan;
use crate::preset::{Demand, Size};
use kraftscope_core::config::Acks;
use kraftscope_core::mode::Mode;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Span;

/// Time-outs of a hasty ground.
const HASTY: [(&str, &str); 4] = [
    ("broker.session.timeout.ms", "1000"),
    ("broker.heartbeat.interval.ms", "250"),
    ("replica.lag.time.max.ms", "1000"),
    ("replica.fetch.backoff.ms", "50"),
];

/// What the draw of a bug's seeds is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Who keeps the metadata, and how partitions are replicated.
    pub mode: Mode,
    /// How large the clusters are.
    pub size: Size,
    /// What may break; all of it in every run.
    pub faults: &'static [Fault],
    /// Whether faults stay within what the configuration tolerates.
    pub demand: Demand,
    /// `acks` of all producers; drawn when nothing is said.
    pub acks: Option<Acks>,
    /// `min.insync.replicas`; drawn when nothing is said.
    pub min_isr: Option<u32>,
    /// How many brokers, all with a copy; drawn when nothing is said.
    pub brokers: Option<u8>,
    /// How many controllers; drawn when nothing is said.
    pub controllers: Option<u8>,
    /// One producer that sends so often, in milliseconds, and one consumer; drawn when nothing is said.
    pub interval: Option<u64>,
    /// Fault follows fault, time-outs are short.
    pub hasty: bool,
    /// Settings under Kafka's keys.
    pub settings: &'static [(&'static str, &'static str)],
    /// Acknowledged records that are gone count although no promise was given any more.
    pub losses: bool,
}

impl Ground {
    /// One partition, with these faults.
    pub(super) const fn partition(faults: &'static [Fault]) -> Ground {
        Ground {
            mode: Mode::KRaft,
            size: Size::OnePartition,
            faults,
            demand: Demand::MustBeSafe,
            acks: None,
            min_isr: None,
            brokers: None,
            controllers: None,
            interval: None,
            hasty: false,
            settings: &[],
            losses: false,
        }
    }

    /// Controllers of which some are no voters yet, with these faults.
    pub(super) const fn quorum(faults: &'static [Fault]) -> Ground {
        Ground { size: Size::Quorum, ..Ground::partition(faults) }
    }

    /// The same with ZooKeeper.
    pub(super) const fn in_zookeeper(self) -> Ground {
        Ground { mode: Mode::ZooKeeper, ..self }
    }

    /// The same with producers that wait for all, and that minimum.
    pub(super) const fn promising(self, min_isr: u32) -> Ground {
        Ground { acks: Some(Acks::All), min_isr: Some(min_isr), ..self }
    }

    /// The same with so many brokers.
    pub(super) const fn brokers(self, brokers: u8) -> Ground {
        Ground { brokers: Some(brokers), ..self }
    }

    /// The same with so many controllers.
    pub(super) const fn controllers(self, controllers: u8) -> Ground {
        Ground { controllers: Some(controllers), ..self }
    }

    /// The same with a record now and then.
    pub(super) const fn slowly(self, interval: u64) -> Ground {
        Ground { interval: Some(interval), ..self }
    }

    /// The same with leaders that acknowledge alone.
    pub(super) const fn leader_only(self) -> Ground {
        Ground { acks: Some(Acks::One), min_isr: Some(1), ..self }
    }

    /// The same, fault upon fault.
    pub(super) const fn hasty(self) -> Ground {
        Ground { hasty: true, ..self }
    }

    /// The same with these settings.
    pub(super) const fn with(self, settings: &'static [(&'static str, &'static str)]) -> Ground {
        Ground { settings, ..self }
    }

    /// The same without limits to what may break.
    pub(super) const fn anything(self) -> Ground {
        Ground { demand: Demand::ShowMe, ..self }
    }

    /// The same without limits to what may break, counting what is lost.
    pub(super) const fn losing(self) -> Ground {
        Ground { demand: Demand::ShowMe, losses: true, ..self }
    }

    /// Holds what was drawn to this ground.
    pub(super) fn shape(&self, genesis: &mut Genesis, plan: &mut FaultPlan) {
        let hasty: &[(&str, &str)] = if self.hasty { &HASTY } else { &[] };
        for (key, value) in hasty.iter().chain(self.settings) {
            let known = genesis.settings.set(key, value);
            debug_assert!(known.is_ok(), "a test looks at every setting");
        }
        if self.hasty {
            plan.pace = (Span::millis(5), Span::millis(100));
            (plan.quiet, plan.moments, plan.events) = (0, 30, plan.events.min(6000));
        }
        if let Some(brokers) = self.brokers {
            genesis.brokers = brokers;
            for topic in &mut genesis.topics {
                topic.replicas = u16::from(brokers);
            }
        }
        genesis.controllers = self.controllers.unwrap_or(genesis.controllers);
        if let Some(interval) = self.interval {
            genesis.producers.truncate(1);
            genesis.consumers.truncate(1);
            for producer in &mut genesis.producers {
                producer.interval = Span::millis(interval);
            }
        }
        for &fault in self.faults {
            if !plan.faults.iter().any(|(drawn, _)| *drawn == fault) {
                plan.faults.push((fault, 3));
            }
        }
    }
}
