//! What a member of a Raft group writes down before it answers: epoch, vote, entries.
//!
//! Keeps: epochs never fall along a log, so where one begins is found by halving.

use crate::id::{LeaderEpoch, NodeId, Offset};
use crate::log::Log;
use crate::node::Loss;
use crate::record::{Entry, Record};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a Raft log can hold.
pub trait RaftRecord: Clone {
    /// The first entry of every leader: says nothing, and lets entries of earlier epochs be committed (section 8).
    const NO_OP: Self;
}

impl RaftRecord for Record {
    const NO_OP: Record = Record::NO_OP;
}

/// Where a member keeps what survives a crash. What is changed through it is on disk before a message leaves.
pub trait RaftStorage<R: RaftRecord> {
    /// Raft's `currentTerm`.
    fn epoch(&self) -> LeaderEpoch;
    /// Raft's `votedFor`, in this epoch.
    fn voted(&self) -> Option<NodeId>;
    /// Writes both.
    fn set_vote(&mut self, epoch: LeaderEpoch, voted: Option<NodeId>);
    /// The log.
    fn log(&self) -> &Log<R>;
    /// About `most` entries from `from` on, for one AppendEntries.
    fn read(&self, from: Offset, most: u32) -> Vec<Entry<R>> {
        self.log().read(from, self.log().end(), u64::from(most))
    }
    /// Appends one entry.
    fn append(&mut self, entry: Entry<R>);
    /// Cuts the log so that it ends at `to`.
    fn truncate_to(&mut self, to: Offset);
    /// Makes everything that was appended durable.
    fn flush(&mut self);

    /// Epoch of the entry at `offset`.
    fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.log().get(offset).map(|entry| entry.epoch)
    }

    /// Epoch of the entry before `offset`; `None` at the beginning of the log.
    fn epoch_before(&self, offset: Offset) -> Option<LeaderEpoch> {
        offset.0.checked_sub(1).and_then(|before| self.epoch_at(Offset(before)))
    }

    /// The first offset whose epoch is `epoch` or later; the log end when there is none.
    fn start_of(&self, epoch: LeaderEpoch) -> Offset {
        let (mut low, mut high) = (self.log().start(), self.log().end());
        while low < high {
            let middle = Offset(low.0 + (high.0 - low.0) / 2);
            if self.epoch_at(middle) < Some(epoch) {
                low = middle.next();
            } else {
                high = middle;
            }
        }
        low
    }
}

/// A log with the vote beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftDisk<R> {
    /// Raft's `currentTerm`.
    pub epoch: LeaderEpoch,
    /// Raft's `votedFor`, in this epoch.
    pub voted: Option<NodeId>,
    /// The log.
    pub log: Log<R>,
}

impl<R> Default for RaftDisk<R> {
    fn default() -> RaftDisk<R> {
        RaftDisk { epoch: LeaderEpoch(0), voted: None, log: Log::default() }
    }
}

impl<R: Clone> RaftDisk<R> {
    /// What a crash leaves. Returns how many entries it took.
    pub fn crash(&mut self, loss: Loss) -> u64 {
        let end = self.log.end();
        self.log.truncate_to(loss.new_end(self.log.flushed(), end));
        end.saturating_sub(self.log.end())
    }
}

impl<R: RaftRecord> RaftStorage<R> for RaftDisk<R> {
    fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    fn voted(&self) -> Option<NodeId> {
        self.voted
    }

    fn set_vote(&mut self, epoch: LeaderEpoch, voted: Option<NodeId>) {
        (self.epoch, self.voted) = (epoch, voted);
    }

    fn log(&self) -> &Log<R> {
        &self.log
    }

    fn append(&mut self, entry: Entry<R>) {
        self.log.append(entry);
    }

    fn truncate_to(&mut self, to: Offset) {
        self.log.truncate_to(to.max(self.log.start()));
    }

    fn flush(&mut self) {
        self.log.flush();
    }
}
