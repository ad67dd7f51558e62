//! Moments of interest: when a small fault has the largest effect.
//!
//! Right after a high watermark has moved (its followers do not know it yet), between an append and its flush,
//! between a request and its answer, within an election, when a log was cut.

use super::Driver;
use crate::script::Act;
use kraftscope_core::id::NodeId;
use kraftscope_core::note::Note;
use kraftscope_core::sim::{Sim, Step};

/// How much this note is worth: a weight in a hundred, and whom it is about besides the node of the step.
fn interest(note: &Note) -> Option<(u32, Option<NodeId>)> {
    match *note {
        Note::RecordsAppended { .. } | Note::RecordsReplicated { .. } => Some((10, None)),
        Note::HighWatermarkAdvanced { .. } | Note::RaftCommitted { .. } => Some((20, None)),
        Note::MetadataCommitted { .. } => Some((5, None)),
        Note::BecameLeader { .. }
        | Note::BecameFollower { .. }
        | Note::BecameCandidate { .. }
        | Note::BecameProspective { .. }
        | Note::BecameQuorumLeader { .. }
        | Note::ControllerActivated { .. } => Some((60, None)),
        Note::LeaderElected { leader, .. } => Some((60, Some(leader))),
        Note::RaftElectionStarted { .. } => Some((60, None)),
        Note::RaftVoteGranted { candidate, .. } => Some((40, Some(candidate))),
        Note::IsrShrinkProposed { .. } | Note::IsrChangeAccepted { .. } | Note::IsrChanged { .. } => {
            Some((80, None))
        }
        Note::IsrExpandProposed { joining, .. } => Some((100, Some(joining))),
        Note::LogTruncated { .. } | Note::MetadataLogTruncated { .. } => Some((100, None)),
        Note::LogDiverged { follower, .. } => Some((100, Some(follower))),
        Note::BrokerRegistered { broker, .. }
        | Note::BrokerFenced { broker, .. }
        | Note::BrokerUnfenced { broker } => Some((80, Some(broker))),
        _ => None,
    }
}

impl Driver {
    pub(super) fn on_moment(&mut self, sim: &Sim, step: &Step, acts: &mut Vec<Act>) {
        let worth = step.notes.iter().filter_map(interest).max_by_key(|(weight, _)| *weight);
        let Some((weight, whom)) = worth else { return };
        if !self.luck.in_a_million(self.plan.moments * weight * 100) {
            return;
        }
        let near = if self.luck.percent(50) { whom.or(step.node) } else { step.node };
        if let Some(fault) = self.luck.weighted(&self.present) {
            self.fault(fault, near, sim, acts);
            self.schedule();
        }
    }
}
