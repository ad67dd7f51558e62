//! How records enter the log of the leader, and what follows from it.
//!
//! Keeps: a leader appends only in its own epoch, flushes before anybody hears of the records, and answers the
//! fetches that waited for them.
//!
//! Source: `KafkaRaftClient.append`, `maybeAppendBatches`, `flushLeaderLog`, `onUpdateLeaderHighWatermark`,
//! `BatchAccumulator`.
//!
//! Left out: the size of a batch; only the linger decides.

use super::Quorum;
use super::role::Role;
use crate::id::Offset;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::record::{Entry, MetadataRecord};
use crate::time::{Span, Time};
use crate::voters::VoterSet;

impl Quorum {
    /// Leader: takes records for the log and returns the offset that the first one will have. They are written
    /// together with all others that come within the linger. `None` when this replica does not lead.
    pub fn append(&mut self, now: Time, records: &[MetadataRecord], out: &mut Out) -> Option<Offset> {
        let base = self.next_append_offset();
        let Role::Leader(leader) = &mut self.role else { return None };
        if self.halted.is_some() {
            return None;
        }
        let linger = self.settings.controller_quorum_append_linger;
        let is_first = leader.pending.is_empty();
        leader.pending.extend_from_slice(records);
        if linger == Span::ZERO {
            self.append_pending(now, out);
        } else if is_first && !records.is_empty() {
            out.arm(Timer::AppendLinger, linger);
        }
        Some(base)
    }

    /// Where the next `append` would start: the log end and what waits before it.
    pub fn next_append_offset(&self) -> Offset {
        let waiting = self.role.as_leader().map_or(0, |leader| leader.pending.len());
        self.disk.log.end().plus(waiting as u64)
    }

    /// Leader: writes what was collected.
    pub(super) fn append_pending(&mut self, now: Time, out: &mut Out) {
        let epoch = self.epoch();
        let Role::Leader(leader) = &mut self.role else { return };
        for body in leader.pending.drain(..) {
            self.disk.log.append(Entry { epoch, body });
        }
        self.after_append(now, out);
    }

    /// Leader: writes the voters that hold from now on, after everything that was collected before, at once
    /// (`BatchAccumulator.appendVotersRecord`). Returns the record's offset.
    pub(super) fn append_voters(&mut self, now: Time, voters: VoterSet, out: &mut Out) -> Offset {
        let epoch = self.epoch();
        let offset = self.next_append_offset();
        if let Role::Leader(leader) = &mut self.role
            && !leader.pending.is_empty()
        {
            out.disarm(Timer::AppendLinger);
            for body in leader.pending.drain(..) {
                self.disk.log.append(Entry { epoch, body });
            }
        }
        self.disk.log.append(Entry { epoch, body: MetadataRecord::Voters { voters } });
        self.adopt_voters(offset, voters, now, out);
        self.after_append(now, out);
        offset
    }

    /// Leader: its log has grown.
    pub(super) fn after_append(&mut self, now: Time, out: &mut Out) {
        let end = self.disk.log.end();
        let Role::Leader(leader) = &mut self.role else { return };
        let moved = leader.update_local_end(end, self.hw);
        if let Some(hw) = moved {
            self.advance_leader_high_watermark(hw, out);
        }
        if self.settings.features.flush_before_ack {
            self.disk.log.flush();
        }
        self.answer_outgrown_fetches(now, out);
    }

    /// Leader: records are committed.
    pub(super) fn advance_leader_high_watermark(&mut self, hw: Offset, out: &mut Out) {
        let from = self.hw.unwrap_or(self.log_hw);
        self.set_high_watermark(hw);
        if from < hw {
            out.note(Note::MetadataCommitted { epoch: self.epoch(), from, to: hw });
        }
        self.on_voters_committed(hw, out);
    }
}
