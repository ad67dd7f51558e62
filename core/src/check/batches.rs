//! Where the decisions of controllers begin in the metadata log.
//!
//! A controller decides upon what it knew before the first record of a decision, and appends all of its records at
//! once (`QuorumController.ControllerWriteEvent`). Replicas neither see nor keep where that was, so the checker notes
//! it while the leader collects its records. Two decisions of one step count as one.

use crate::id::{LeaderEpoch, Offset};
use crate::kraft::Quorum;
use alloc::vec::Vec;

/// Where decisions begin that are not committed yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Batches(Vec<(LeaderEpoch, Offset)>);

impl Batches {
    /// After a step of this replica: what it decides next begins behind all that it collected.
    pub(super) fn follow(&mut self, quorum: &Quorum) {
        if quorum.is_leader() {
            self.begins(quorum.epoch(), quorum.next_append_offset());
        }
    }

    pub(super) fn begins(&mut self, epoch: LeaderEpoch, offset: Offset) {
        if self.0.last() != Some(&(epoch, offset)) {
            self.0.push((epoch, offset));
        }
    }

    /// Whether a decision begins with the entry of that epoch at that offset.
    pub(super) fn begin_at(&self, epoch: LeaderEpoch, offset: Offset) -> bool {
        self.0.contains(&(epoch, offset))
    }

    /// Everything below `end` is committed and was replayed; what its last leader's forerunners collected and did
    /// not get committed is of no use.
    pub(super) fn forget(&mut self, end: Offset, epoch: LeaderEpoch) {
        self.0.retain(|&(of, offset)| offset >= end && of >= epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_begins_where_its_leader_had_collected_everything_before() {
        let mut batches = Batches::default();
        batches.begins(LeaderEpoch(1), Offset(5));
        batches.begins(LeaderEpoch(1), Offset(5));
        batches.begins(LeaderEpoch(1), Offset(8));
        batches.begins(LeaderEpoch(2), Offset(6));
        assert!(batches.begin_at(LeaderEpoch(1), Offset(5)));
        assert!(!batches.begin_at(LeaderEpoch(1), Offset(6)), "another leader wrote there");
        batches.forget(Offset(6), LeaderEpoch(2));
        assert_eq!(batches.0, [(LeaderEpoch(2), Offset(6))]);
    }
}
