//! Which voter set holds: the last one in the log, from the moment when it is appended (KIP-853).
//!
//! Knows no roles and no messages. Keeps K12: the set of a replica is that of the last `VotersRecord` in its log,
//! committed or not, and goes back to the one before when that record is cut.
//!
//! Source: `KRaftControlRecordStateMachine`, `VoterSetHistory`.
//!
//! Left out: the history of `kraft.version`; a cluster is formatted with one level and keeps it.

use super::QuorumDisk;
use crate::id::Offset;
use crate::record::MetadataRecord;
use crate::voters::VoterSet;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The voter sets that a replica may still need.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoterHistory {
    /// What it was started with: the bootstrap checkpoint, or `controller.quorum.voters`.
    bootstrap: VoterSet,
    /// Those in the log with their offsets, in rising order.
    records: Vec<(Offset, VoterSet)>,
}

impl VoterHistory {
    /// The history of a replica that starts with this set and this disk: the set of the latest snapshot, then those
    /// in the log.
    pub fn read(bootstrap: VoterSet, disk: &QuorumDisk) -> VoterHistory {
        let in_snapshot = disk.snapshots.latest().and_then(|snapshot| {
            let voters = snapshot.records.iter().rev().find_map(named);
            voters.map(|voters| (Offset(snapshot.id.end.0.saturating_sub(1)), voters))
        });
        let from = in_snapshot.map_or(disk.log.start(), |(last, _)| last.next());
        let in_log = disk.log.iter(from, disk.log.end());
        let in_log = in_log.filter_map(|(offset, entry)| Some((offset, named(&entry.body)?)));
        VoterHistory { bootstrap, records: in_snapshot.into_iter().chain(in_log).collect() }
    }

    /// The same replica with what its disk holds now.
    #[must_use]
    pub fn read_anew(&self, disk: &QuorumDisk) -> VoterHistory {
        VoterHistory::read(self.bootstrap, disk)
    }

    /// The set that held for the record before `end`: what a snapshot that ends there must say. `None` while none
    /// was ever in the log.
    pub fn at(&self, end: Offset) -> Option<VoterSet> {
        self.records.iter().rev().find(|(offset, _)| *offset < end).map(|&(_, voters)| voters)
    }

    /// The set that holds.
    pub fn last(&self) -> &VoterSet {
        self.records.last().map_or(&self.bootstrap, |(_, voters)| voters)
    }

    /// Where it stands in the log; `None` when it is not from there.
    pub fn last_offset(&self) -> Option<Offset> {
        self.records.last().map(|&(offset, _)| offset)
    }

    /// The `VotersRecord` at `offset` was appended. What is below the log start can neither be cut nor be in a
    /// snapshot of its own any more, so of the sets there only the last is of use.
    pub fn append(&mut self, offset: Offset, voters: VoterSet, log_start: Offset) {
        let below = self.records.iter().take_while(|&&(offset, _)| offset < log_start).count();
        self.records.drain(..below.saturating_sub(1));
        self.records.push((offset, voters));
    }

    /// The log was cut to end at `end`. Returns whether another set holds.
    pub fn truncate(&mut self, end: Offset) -> bool {
        let before = self.records.len();
        self.records.truncate(self.records.partition_point(|&(offset, _)| offset < end));
        self.records.len() < before
    }
}

fn named(record: &MetadataRecord) -> Option<VoterSet> {
    match *record {
        MetadataRecord::Voters { voters } => Some(voters),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DirectoryId, NodeId, ReplicaKey};

    fn set(numbers: &[u8]) -> VoterSet {
        let key = |&n: &u8| ReplicaKey { id: NodeId::controller(n), directory: DirectoryId(u32::from(n)) };
        numbers.iter().map(key).collect()
    }

    /// Source: `VoterSetHistoryTest.testAddAt`, `testTruncateTo`.
    #[test]
    fn the_last_set_holds_and_a_cut_brings_the_one_before_back() {
        let mut history = VoterHistory::read(set(&[1, 2, 3]), &QuorumDisk::default());
        assert_eq!((history.last(), history.last_offset()), (&set(&[1, 2, 3]), None));
        history.append(Offset(10), set(&[1, 2, 3, 4]), Offset(5));
        history.append(Offset(20), set(&[2, 3, 4]), Offset(12));
        assert_eq!((history.last(), history.last_offset()), (&set(&[2, 3, 4]), Some(Offset(20))));
        assert!(!history.truncate(Offset(21)));
        assert!(history.truncate(Offset(20)));
        assert_eq!(history.last_offset(), Some(Offset(10)));
        assert!(history.truncate(Offset(0)));
        assert_eq!((history.last(), history.last_offset()), (&set(&[1, 2, 3]), None));
    }

    /// Source: `VoterSetHistoryTest.testTruncateOldEntries`.
    #[test]
    fn sets_below_the_log_start_but_the_last_are_forgotten() {
        let mut history = VoterHistory::read(set(&[1]), &QuorumDisk::default());
        for (offset, numbers) in [(10, &[1, 2][..]), (20, &[1, 2, 3]), (30, &[1, 2, 3, 4])] {
            history.append(Offset(offset), set(numbers), Offset(offset - 5));
        }
        assert!(history.truncate(Offset(25)));
        assert_eq!((history.last(), history.records.len()), (&set(&[1, 2, 3]), 1));
    }
}
