//! What a follower does with AppendEntries.
//!
//! Keeps: an entry that equals the leader's is never cut, however late or doubled a message is (figure 2, receiver
//! steps 3 and 4).

use super::group::{RaftGroup, RaftRole};
use super::out::{RaftEvent, RaftOut};
use super::storage::{RaftRecord, RaftStorage};
use crate::id::{NodeId, Offset};
use crate::record::Entry;
use crate::time::Time;
use crate::wire::{AppendEntriesRequest, AppendEntriesResponse, AppendOutcome, RaftMessage};
use alloc::vec::Vec;

impl RaftGroup {
    /// AppendEntries, or a heartbeat.
    pub(super) fn on_append<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        leader: NodeId,
        request: AppendEntriesRequest<R>,
        out: &mut RaftOut<R>,
    ) {
        let round = request.round;
        let outcome = if request.epoch < disk.epoch() {
            AppendOutcome::Stale
        } else {
            self.hear_leader(disk, now, (leader, &request), out);
            self.take_entries(disk, leader, request, out)
        };
        let response = AppendEntriesResponse { epoch: disk.epoch(), outcome, round };
        self.send(leader, RaftMessage::Appended(response), out);
    }

    /// There is a leader of the current epoch, or of a later one.
    fn hear_leader<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        (leader, request): (NodeId, &AppendEntriesRequest<R>),
        out: &mut RaftOut<R>,
    ) {
        let newer = request.epoch > disk.epoch();
        if newer {
            disk.set_vote(request.epoch, None);
        }
        if newer || self.leader != Some(leader) || !matches!(self.role, RaftRole::Follower) {
            self.become_follower(now, request.epoch, Some(leader), out);
        }
        self.heard = Some(now);
        self.wait_for_leader(now, out);
    }

    /// Where the logs agree, appends; where they part, says so.
    fn take_entries<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        leader: NodeId,
        request: AppendEntriesRequest<R>,
        out: &mut RaftOut<R>,
    ) -> AppendOutcome {
        let AppendEntriesRequest { from, prev_epoch, entries, high_watermark, .. } = request;
        let end = disk.log().end();
        if from > end {
            return AppendOutcome::Conflict { epoch: None, first: end };
        }
        let mine = disk.epoch_before(from);
        if from > disk.log().start() && mine != prev_epoch {
            let first = mine.map_or(from, |epoch| disk.start_of(epoch));
            return AppendOutcome::Conflict { epoch: mine, first };
        }
        let matched = from.plus(entries.len() as u64);
        self.append_missing(disk, leader, from, entries, out);
        self.maybe_advance_hw(high_watermark.min(matched), out);
        AppendOutcome::Matched(matched)
    }

    /// Skips what is there already, cuts from the first entry that differs, appends the rest.
    fn append_missing<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        leader: NodeId,
        from: Offset,
        entries: Vec<Entry<R>>,
        out: &mut RaftOut<R>,
    ) {
        let mut offset = from;
        let mut entries = entries.into_iter().peekable();
        while let Some(entry) = entries.peek() {
            let Some(epoch) = disk.epoch_at(offset) else { break };
            if epoch != entry.epoch {
                let end = disk.log().end();
                disk.truncate_to(offset);
                self.hw = self.hw.min(offset);
                out.tell(RaftEvent::Truncated { from: end, to: offset, leader });
                break;
            }
            offset = offset.next();
            entries.next();
        }
        if entries.peek().is_none() {
            return;
        }
        let first = disk.log().end();
        entries.for_each(|entry| disk.append(entry));
        disk.flush();
        out.tell(RaftEvent::Replicated { from: first, to: disk.log().end(), leader });
    }

    /// Moves the high watermark forward. Returns whether it moved.
    pub(super) fn maybe_advance_hw<R>(&mut self, to: Offset, out: &mut RaftOut<R>) -> bool {
        if to <= self.hw {
            return false;
        }
        out.tell(RaftEvent::Committed { from: self.hw, to });
        self.hw = to;
        true
    }
}
