//! Draws a cluster and its faults from a seed: every seed another shape, other settings, another subset of faults.
//!
//! Swarm testing (Groce et al. 2012): a run with few kinds of faults reaches states that a run with all of them
//! never does. Keeps: the same seed and the same swarm draw the same run, wherever it is played.

use crate::fault::Fault;
use crate::luck::Luck;
use crate::plan::FaultPlan;
use crate::preset::{Demand, Preset, Size};
use kraftscope_core::client::{ConsumerSpec, ProducerSpec};
use kraftscope_core::config::{Acks, GroupProtocol, OffsetReset, Racks, ReadMode, ReplicaSelector, Settings};
use kraftscope_core::id::Text;
use kraftscope_core::mode::{MetadataPlane, Mode, ReplicationPlane};
use kraftscope_core::net::Latency;
use kraftscope_core::release::Release;
use kraftscope_core::sim::genesis::{Genesis, TopicSpec};
use kraftscope_core::time::Span;
use kraftscope_core::wire::Strategy;
use std::collections::BTreeMap;

/// What seeds may draw from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swarm {
    /// Who keeps the metadata, and how partitions are replicated.
    pub mode: Mode,
    /// Releases; at least one.
    pub releases: Vec<Release>,
    /// What is asked.
    pub demand: Demand,
    /// Whether every step is held against the abstract model of KIP-320: one partition, and no disk that forgets.
    pub refines: bool,
    /// Shapes.
    pub size: Size,
    /// Faults.
    pub faults: Vec<Fault>,
    /// `acks` of all producers; `None` draws it.
    pub acks: Option<Acks>,
    /// `min.insync.replicas` of all topics; `None` draws it.
    pub min_isr: Option<u32>,
    /// `unclean.leader.election.enable` of all topics; `None` draws it where anything may happen.
    pub unclean: Option<bool>,
    /// Whether consumers are drawn in racks and in groups; else all read by themselves, from leaders.
    pub consumers: bool,
    /// Switches that stand otherwise than in the release: name and value.
    pub switches: Vec<(String, String)>,
}

impl From<&Preset> for Swarm {
    fn from(preset: &Preset) -> Swarm {
        Swarm {
            mode: preset.mode,
            releases: preset.releases.to_vec(),
            demand: preset.demand,
            refines: preset.refines,
            size: preset.size,
            faults: preset.faults.to_vec(),
            acks: None,
            min_isr: None,
            unclean: None,
            consumers: true,
            switches: preset
                .mends
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        }
    }
}

/// The run of that seed in that preset.
pub fn draw(seed: u64, preset: &Preset) -> (Genesis, FaultPlan) {
    Swarm::from(preset).draw(seed)
}

/// Kafka's three known holes, which void promises: closed where no promise may break.
const HOLES: [&str; 3] = [
    "repeated_metadata_ends_proposal",
    "leader_across_epochs_keeps_log_ends",
    "dropped_replicas_stay_in_elr",
];

impl Swarm {
    /// The run of that seed. Switches with a wrong name or value are refused by [`Swarm::check`].
    pub fn draw(&self, seed: u64) -> (Genesis, FaultPlan) {
        let mut luck = Luck::stream(seed, 101);
        let release = luck.pick(&self.releases).unwrap_or_default();
        let mut genesis = self.shape(seed, release, &mut luck);
        draw_settings(&mut genesis.settings, &mut luck);
        draw_snapshots(&mut genesis.settings, &mut Luck::stream(seed, 104));
        if self.mode.metadata() == MetadataPlane::ZooKeeper {
            draw_ensemble(&mut genesis.settings, &mut Luck::stream(seed, 107));
        }
        if self.consumers {
            draw_racks(&mut genesis.settings, &mut Luck::stream(seed, 105));
        }
        if self.demand == Demand::MustBeSafe {
            for hole in HOLES {
                drop(genesis.settings.features.set(hole, "off"));
            }
        }
        self.clients(&mut genesis, &mut luck);
        if self.consumers && !self.refines && self.mode.replication() == ReplicationPlane::Isr {
            draw_groups(&mut genesis, &mut Luck::stream(seed, 106));
        }
        for (name, value) in &self.switches {
            drop(genesis.settings.features.set(name, value));
        }
        let plan = self.plan(seed, &mut luck);
        if self.mode.replication() == ReplicationPlane::Raft {
            let clocks_agree = plan.faults.iter().all(|(fault, _)| *fault != Fault::Clock);
            draw_rafts(&mut genesis, clocks_agree, &mut Luck::stream(seed, 107));
        }
        (genesis, plan)
    }

    /// Whether its switches can be set.
    ///
    /// # Errors
    /// Names the switch and what may be written.
    pub fn check(&self) -> Result<(), String> {
        let mut features = Release::default().features();
        self.switches.iter().try_for_each(|(name, value)| features.set(name, value))
    }

    fn shape(&self, seed: u64, release: Release, luck: &mut Luck) -> Genesis {
        let (controllers, brokers, partitions): (u32, u32, u32) = match self.size {
            Size::Any => (
                luck.pick(&[1, 2, 3, 3, 3, 4, 5]).unwrap_or(3),
                luck.pick(&[2, 3, 3, 3, 4, 5]).unwrap_or(3),
                luck.between(1, 3),
            ),
            Size::Quorum => (luck.pick(&[2, 3, 3, 4, 5, 5]).unwrap_or(3), 2, 1),
            Size::Small => (luck.pick(&[1, 3]).unwrap_or(1), 3, 1),
            Size::OnePartition => (1, luck.between(2, 3), 1),
        };
        let mut genesis = Genesis {
            mode: Mode::KRaft,
            zookeepers: 0,
            seed,
            settings: Settings::of(release),
            controllers: controllers as u8,
            spare_controllers: if self.may_change_voters() { (seed % 3) as u8 } else { 0 },
            brokers: brokers as u8,
            topics: Vec::new(),
            producers: Vec::new(),
            consumers: Vec::new(),
            latency: luck.pick(&LATENCIES).unwrap_or_default(),
            rates: BTreeMap::new(),
            checks: true,
        };
        let two = self.size == Size::Any && luck.percent(30);
        for (name, partitions) in [("orders", partitions), ("logs", 1)].into_iter().take(1 + usize::from(two))
        {
            let replicas = if self.size == Size::Small || luck.percent(80) {
                brokers.min(3)
            } else {
                luck.between(1, brokers)
            };
            let most = if luck.percent(90) { replicas } else { replicas + 1 };
            genesis.topics.push(TopicSpec {
                name: Text::new(name).unwrap_or_default(),
                partitions: partitions as u16,
                replicas: replicas as u16,
                min_insync_replicas: Some(self.min_isr.unwrap_or_else(|| luck.between(1, most))),
                unclean_leader_election_enable: Some(self.unclean.unwrap_or_else(|| {
                    self.demand == Demand::ShowMe && self.faults.contains(&Fault::Unclean) && luck.percent(25)
                })),
                first_broker: luck.percent(50).then(|| luck.between(1, brokers) as u8),
            });
        }
        genesis.in_mode(self.mode)
    }

    /// Whether controllers may be drawn that are no voters yet.
    fn may_change_voters(&self) -> bool {
        self.faults.contains(&Fault::Voters) && matches!(self.size, Size::Any | Size::Quorum)
    }

    fn clients(&self, genesis: &mut Genesis, luck: &mut Luck) {
        let names: Vec<Text> = genesis.topics.iter().map(|topic| topic.name).collect();
        let kinds = [(Acks::All, 70), (Acks::One, 20), (Acks::Zero, 10)];
        let most = if self.size == Size::Small { 1 } else { 3 };
        for _ in 0..luck.between(1, most) {
            genesis.producers.push(ProducerSpec {
                topics: names.clone(),
                interval: Span::millis(luck.pick(&[5, 20, 50, 100, 300]).unwrap_or(100)),
                keys: luck.pick(&[0, 1, 5]).unwrap_or(0),
                acks: self.acks.or_else(|| luck.weighted(&kinds)),
            });
        }
        for _ in 0..luck.between(1, most.min(2)) {
            genesis.consumers.push(ConsumerSpec { topics: names.clone(), group: None });
        }
    }

    fn plan(&self, seed: u64, luck: &mut Luck) -> FaultPlan {
        let share = luck.pick(&[15, 30, 50, 80]).unwrap_or(50);
        let mut faults: Vec<(Fault, u32)> = Vec::new();
        for &fault in &self.faults {
            if luck.percent(share) {
                faults.push((fault, luck.between(1, 10)));
            }
        }
        let slowest = luck.pick(&[100, 300, 1000, 3000]).unwrap_or(1000);
        FaultPlan {
            seed,
            demand: self.demand,
            refines: self.refines,
            faults,
            events: luck.pick(&[3000, 6000, 10_000, 15_000]).unwrap_or(6000),
            from_start: luck.percent(10),
            pace: (Span::millis(slowest / 20), Span::millis(slowest)),
            period: (Span::secs(1), Span::secs(u64::from(luck.between(2, 12)))),
            quiet: 25,
            moments: luck.pick(&[0, 1, 3, 10, 30]).unwrap_or(3),
            messages: luck.pick(&[1000, 5000, 20_000, 100_000]).unwrap_or(5000),
            most_broken: luck.between(1, 4),
        }
    }
}

const LATENCIES: [Latency; 7] = [
    Latency::Fixed,
    Latency::Rack,
    Latency::Datacenter,
    Latency::Datacenter,
    Latency::Zones,
    Latency::Regions,
    Latency::Datacenter,
];

/// Consumers that read from replicas in their racks, and go on elsewhere when their position is gone.
fn draw_racks(settings: &mut Settings, luck: &mut Luck) {
    if luck.percent(30) {
        let racks =
            |luck: &mut Luck| Racks::parse(luck.pick(&["a,b,c", "a,a,b,b", "b,c,-,a", "c"]).unwrap_or("-"));
        settings.replica_selector = ReplicaSelector::RackAware;
        settings.broker_rack = racks(luck).unwrap_or_default();
        settings.client_rack = racks(luck).unwrap_or_default();
    }
    if luck.percent(30) {
        settings.auto_offset_reset = OffsetReset::Earliest;
    }
}

/// In a part of the runs most consumers share the work in a group, or in two.
fn draw_groups(genesis: &mut Genesis, luck: &mut Luck) {
    if !luck.percent(30) {
        return;
    }
    let Some(one) = genesis.consumers.first().cloned() else { return };
    genesis.consumers = vec![one; luck.between(1, 4) as usize];
    for consumer in &mut genesis.consumers {
        let name = luck.weighted(&[(Some("readers"), 85), (Some("auditors"), 10), (None, 5)]).flatten();
        consumer.group = name.and_then(Text::new);
        if luck.percent(10) {
            consumer.topics.truncate(1);
        }
    }
    let settings = &mut genesis.settings;
    if !settings.release.is_before(Release::V4_0) && luck.percent(50) {
        settings.group_protocol = GroupProtocol::Consumer;
    }
    settings.partition_assignment_strategy = luck.pick(&Strategy::ALL).unwrap_or_default();
    let session = luck.pick(&[6000, 10_000, 45_000]).unwrap_or(45_000);
    settings.session_timeout = Span::millis(session);
    settings.heartbeat_interval = Span::millis(luck.pick(&[500, 2000]).unwrap_or(2000));
    settings.max_poll_interval = Span::millis(luck.pick(&[6000, 20_000, 300_000]).unwrap_or(300_000));
    settings.group_consumer_session_timeout = Span::millis(session);
    settings.group_consumer_heartbeat_interval = Span::millis(luck.pick(&[500, 5000]).unwrap_or(5000));
    settings.group_initial_rebalance_delay = Span::millis(luck.pick(&[0, 500, 3000]).unwrap_or(3000));
    settings.enable_auto_commit = luck.percent(90);
    settings.auto_commit_interval = Span::millis(luck.pick(&[100, 1000, 5000]).unwrap_or(5000));
    // A hole of Kafka: nothing says afterwards from which records a member was told its share.
    settings.features.coordinator_tells_uncommitted = false;
    settings.offsets_topic_num_partitions = luck.between(1, 3);
    settings.offsets_topic_replication_factor = luck.between(1, 3);
}

/// Other settings than Kafka's defaults, so that time-outs fall into a short run and batches get small.
fn draw_settings(settings: &mut Settings, luck: &mut Luck) {
    if luck.percent(60) {
        let session = luck.pick(&[1000, 3000, 6000]).unwrap_or(3000);
        settings.broker_session_timeout = Span::millis(session);
        settings.broker_heartbeat_interval = Span::millis(session / 4);
    }
    if luck.percent(60) {
        settings.replica_lag_time_max = Span::millis(luck.pick(&[1000, 3000, 10_000]).unwrap_or(3000));
    }
    if luck.percent(30) {
        settings.controller_quorum_election_timeout = Span::millis(300);
        settings.controller_quorum_fetch_timeout = Span::millis(600);
    }
    if luck.percent(50) {
        let request = luck.pick(&[500, 1000, 3000]).unwrap_or(1000);
        settings.request_timeout = Span::millis(request);
        settings.delivery_timeout = Span::millis(request * u64::from(luck.between(2, 20)));
    }
    let records = [1, 1, 2, 5, 100];
    settings.replica_fetch_max_records = luck.pick(&records).unwrap_or(100);
    settings.max_partition_fetch_records = luck.pick(&records).unwrap_or(100);
    settings.batch_records = luck.pick(&[1, 4, 16]).unwrap_or(16);
    settings.max_in_flight_requests_per_connection = luck.pick(&[1, 5]).unwrap_or(5);
    settings.linger = Span::millis(luck.pick(&[0, 5, 50]).unwrap_or(5));
    settings.replica_fetch_wait_max = Span::millis(luck.pick(&[50, 500]).unwrap_or(500));
    settings.replica_fetch_backoff = Span::millis(luck.pick(&[50, 1000]).unwrap_or(1000));
    settings.leader_imbalance_check_interval = Span::secs(luck.pick(&[5, 300]).unwrap_or(300));
    settings.replica_high_watermark_checkpoint_interval =
        Span::millis(luck.pick(&[200, 5000]).unwrap_or(5000));
}

/// How Raft groups elect, push and answer reads. A lease is only drawn where no clock goes wrong: what it promises it
/// promises of clocks that differ by less than a bound (Ongaro's thesis, section 6.4.1). `ask-followers` promises nothing
/// at all. An election must have time for a round trip (the paper, section 5.6). An idle fetch is answered before its
/// consumer gives it up, as `KafkaConsumer` demanded until 2.0: else one that validates its positions after every
/// connection fetches the idle partitions first, and never the others.
fn draw_rafts(genesis: &mut Genesis, clocks_agree: bool, luck: &mut Luck) {
    let shortest = if genesis.latency == Latency::Regions { 1000 } else { 300 };
    let settings = &mut genesis.settings;
    if luck.percent(50) {
        let election = luck.pick(&[shortest, 1000, 3000]).unwrap_or(1000);
        settings.kafkaraft_election_timeout = Span::millis(election);
        settings.kafkaraft_heartbeat_interval = Span::millis(election / u64::from(luck.between(3, 10)));
    }
    settings.fetch_max_wait = settings.fetch_max_wait.min(settings.request_timeout / 2);
    settings.kafkaraft_append_max_entries = luck.pick(&[1, 2, 5, 64, 64]).unwrap_or(64);
    settings.kafkaraft_prevote = luck.percent(30);
    let modes = [(ReadMode::ReadIndex, 50), (ReadMode::LeaderLocal, 20), (ReadMode::Lease, 30)];
    let drawn = luck.weighted(&modes).unwrap_or_default();
    let holds = drawn != ReadMode::Lease || clocks_agree;
    settings.kafkaraft_read_mode = if holds { drawn } else { ReadMode::ReadIndex };
}

/// Sessions that end within a short run, and an ensemble and a controller that need time for what they do.
fn draw_ensemble(settings: &mut Settings, luck: &mut Luck) {
    if luck.percent(60) {
        settings.zookeeper_session_timeout = Span::millis(luck.pick(&[4000, 6000, 10_000]).unwrap_or(6000));
    }
    if luck.percent(30) {
        settings.zookeeper_read = Span::millis(luck.pick(&[1, 20]).unwrap_or(1));
        settings.zookeeper_write = Span::millis(luck.pick(&[2, 50]).unwrap_or(2));
    }
    if luck.percent(30) {
        settings.controller_partition = Span::millis(luck.pick(&[1, 50]).unwrap_or(1));
    }
    if luck.percent(30) {
        settings.zookeeper_max_in_flight_requests = luck.pick(&[1, 10]).unwrap_or(10);
    }
}

/// In a third of the runs the metadata log loses its beginning all the time, and snapshots travel in small parts.
fn draw_snapshots(settings: &mut Settings, luck: &mut Luck) {
    if luck.percent(33) {
        settings.metadata_log_max_records_between_snapshots = luck.between(5, 60);
        settings.metadata_max_retention_records = luck.between(0, 150);
        settings.controller_quorum_fetch_snapshot_max_records = luck.between(1, 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::PRESETS;

    #[test]
    fn every_drawn_cluster_is_valid() {
        for preset in PRESETS {
            for seed in 0..300 {
                let (genesis, _) = draw(seed, preset);
                assert_eq!(genesis.validate(), Ok(()), "{} seed {seed}", preset.name);
            }
        }
    }

    /// Source: Ongaro's thesis, section 6.4.1: a lease assumes a bound on what clocks differ by.
    #[test]
    fn no_lease_is_drawn_with_clocks_that_go_wrong() {
        let preset = Preset::find("kafkaraft").expect("a preset");
        let drawn: Vec<_> = (0..300).map(|seed| draw(seed, preset)).collect();
        let mode =
            |mode| drawn.iter().filter(move |(genesis, _)| genesis.settings.kafkaraft_read_mode == mode);
        let skews = |plan: &FaultPlan| plan.faults.iter().any(|(fault, _)| *fault == Fault::Clock);
        assert!(mode(ReadMode::Lease).count() > 0);
        assert_eq!(mode(ReadMode::Lease).filter(|(_, plan)| skews(plan)).count(), 0);
        assert_eq!(mode(ReadMode::AskFollowers).count(), 0, "it promises nothing");
    }

    #[test]
    fn the_same_seed_draws_the_same_run() {
        for preset in PRESETS {
            assert_eq!(draw(7, preset), draw(7, preset));
            assert_ne!(draw(7, preset), draw(8, preset));
        }
    }
}
