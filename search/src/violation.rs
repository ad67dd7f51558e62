//! A broken promise, and what excuses it.

use crate::converge::Missing;
use crate::history::Broken;
use crate::refine::Mismatch;
use kraftscope_core::check::{INVARIANTS, Why};
use kraftscope_core::id::{NodeId, Offset, StepId, TopicPartition};
use kraftscope_core::note::Note;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Time;
use serde::Serialize;

/// Why a loss is no breach: the configuration never promised more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Excuse {
    /// The partition had lost its guarantees.
    Void(Why),
    /// The record was not produced with acks=all.
    AcksOne,
}

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its short name: `S2`, `V8`.
    pub rule: &'static str,
    /// What should have held.
    pub statement: &'static str,
    /// At this event.
    pub event: StepId,
    /// At this time.
    pub time: Time,
    /// Which partition.
    pub partition: Option<TopicPartition>,
    /// Where.
    pub node: Option<NodeId>,
    /// At which offset.
    pub offset: Option<Offset>,
    /// Why it is no breach, when losses that the configuration allows are counted too.
    pub excuse: Option<Excuse>,
}

impl Violation {
    /// The promises that this step broke.
    pub fn all_of_step(step: &Step) -> impl Iterator<Item = Violation> + '_ {
        step.notes.iter().filter_map(|note| match *note {
            Note::InvariantBroken { invariant, partition, node, offset } => {
                let row = INVARIANTS.get(usize::from(invariant))?;
                let (event, time) = (step.event, step.time);
                let (rule, statement, excuse) = (row.id, row.statement, None);
                Some(Violation { rule, statement, event, time, partition, node, offset, excuse })
            }
            _ => None,
        })
    }

    /// A healed cluster does not come together.
    pub fn of_goal(sim: &Sim, missing: &Missing) -> Violation {
        Violation {
            rule: missing.goal.name(),
            statement: missing.goal.statement(),
            event: sim.event(),
            time: sim.now(),
            partition: missing.partition,
            node: missing.node,
            offset: None,
            excuse: None,
        }
    }

    /// The history of the run, which is over, breaks a promise to clients.
    pub fn of_history(sim: &Sim, broken: &Broken) -> Violation {
        Violation {
            rule: broken.promise.id(),
            statement: broken.promise.statement(),
            event: sim.event(),
            time: sim.now(),
            partition: broken.partition,
            node: broken.client,
            offset: broken.offset,
            excuse: None,
        }
    }

    /// A replica did what the abstract model does not allow.
    pub fn of_mismatch(step: &Step, mismatch: &Mismatch, partition: TopicPartition) -> Violation {
        Violation {
            rule: "REFINE",
            statement: "Every step of a replica is one of the model of KIP-320, or none.",
            event: mismatch.event,
            time: step.time,
            partition: Some(partition),
            node: Some(mismatch.node),
            offset: None,
            excuse: None,
        }
    }

    /// S11: an acknowledged record is gone.
    pub fn of_loss(
        step: &Step,
        partition: TopicPartition,
        offset: Offset,
        excuse: Option<Excuse>,
    ) -> Violation {
        Violation {
            rule: "S11",
            statement: "A record that was acknowledged is not lost.",
            event: step.event,
            time: step.time,
            partition: Some(partition),
            node: None,
            offset: Some(offset),
            excuse,
        }
    }
}
