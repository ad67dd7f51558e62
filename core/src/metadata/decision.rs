//! What the controller decides about one request: records to append as one atomic batch, and what to say.
//!
//! Source: `ControllerResult`. A decision is computed from the image and changes nothing by itself; records and
//! notes take effect together when the batch was appended.

use crate::id::TopicPartition;
use crate::metadata::change::Built;
use crate::metadata::reassignment::Reassignment;
use crate::note::{ChangeReason, Note};
use crate::record::{MetadataRecord, PartitionRegistration};
use alloc::vec::Vec;

/// Records, and notes about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// To be appended in this order, all or none.
    pub records: Vec<MetadataRecord>,
    /// To be told once the records are appended.
    pub notes: Vec<Note>,
}

impl Decision {
    /// Nothing yet.
    pub const fn new() -> Decision {
        Decision { records: Vec::new(), notes: Vec::new() }
    }

    /// Adds a record.
    pub fn record(&mut self, record: MetadataRecord) {
        self.records.push(record);
    }

    /// Adds a note.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Adds the change of a partition that stood at `before`, and says what it does to leader and ISR. Returns
    /// the registration after it.
    pub fn change(
        &mut self,
        partition: TopicPartition,
        before: &PartitionRegistration,
        built: Built,
        reason: ChangeReason,
    ) -> PartitionRegistration {
        let change = built.change;
        let after = before.merge(&change);
        self.record(MetadataRecord::PartitionChange { partition, change });
        if let (Some(leader), Some(choice)) = (after.leader, built.choice) {
            self.note(Note::LeaderElected {
                partition,
                leader,
                leader_epoch: after.leader_epoch,
                replicas: after.replicas,
                isr: after.isr,
                choice,
                reason,
            });
        }
        if change.leader == Some(None) && before.leader.is_some() {
            let (leader_epoch, isr) = (after.leader_epoch, after.isr);
            self.note(Note::PartitionLeaderless { partition, leader_epoch, isr, reason });
        }
        if before.isr != after.isr {
            let (old, new, partition_epoch) = (before.isr, after.isr, after.partition_epoch);
            self.note(Note::IsrChanged { partition, old, new, partition_epoch, reason });
        }
        self.note_reassignment(partition, before, &after);
        if before.elr != after.elr {
            self.note(Note::ElrChanged { partition, old: before.elr, new: after.elr, isr: after.isr });
        }
        after
    }

    /// Says what becomes of the replica list.
    fn note_reassignment(
        &mut self,
        partition: TopicPartition,
        before: &PartitionRegistration,
        after: &PartitionRegistration,
    ) {
        let PartitionRegistration { replicas, isr, adding, removing, .. } = *after;
        let (was, is) = (Reassignment::of(before), Reassignment::of(after));
        if is == was {
            return;
        }
        if is.is_in_progress() {
            return self.note(Note::ReassignmentBegan { partition, replicas, adding, removing });
        }
        let kept = !was.removing.is_empty() && was.removing.is_subset_of(&replicas);
        if kept || !was.adding.is_subset_of(&replicas) {
            self.note(Note::ReassignmentCancelled { partition, replicas });
        } else {
            self.note(Note::ReassignmentCompleted { partition, replicas, isr });
        }
    }
}
