//! Where the Raft group of a partition keeps what survives a crash: the log of the replica, and a vote beside it.
//!
//! Keeps: batches stay whole on their way to followers, so that no log ever ends within one; behind an append that failed
//! nothing is written.

use super::super::disk::ReplicaLog;
use crate::id::{LeaderEpoch, NodeId, Offset};
use crate::log::Log;
use crate::raft::RaftStorage;
use crate::record::{Entry, Record};
use crate::time::Time;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Epoch and vote of a replica in its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftVote {
    /// Raft's `currentTerm`.
    pub epoch: LeaderEpoch,
    /// Raft's `votedFor`, in this epoch.
    pub voted: Option<NodeId>,
}

/// The log of a replica at a moment: appended batches are known by when they came.
pub(super) struct ReplicaStorage<'a> {
    pub(super) replica: &'a mut ReplicaLog,
    pub(super) now: Time,
    /// Whether nothing is appended after a failure (KAFKA-10778).
    pub(super) fences: bool,
}

impl RaftStorage<Record> for ReplicaStorage<'_> {
    fn epoch(&self) -> LeaderEpoch {
        self.replica.vote.epoch
    }

    fn voted(&self) -> Option<NodeId> {
        self.replica.vote.voted
    }

    fn set_vote(&mut self, epoch: LeaderEpoch, voted: Option<NodeId>) {
        self.replica.vote = RaftVote { epoch, voted };
    }

    fn log(&self) -> &Log<Record> {
        &self.replica.log
    }

    fn read(&self, from: Offset, most: u32) -> Vec<Entry<Record>> {
        self.replica.read(from, self.replica.leo(), u64::from(most))
    }

    fn append(&mut self, entry: Entry<Record>) {
        if self.replica.fails_to_append(self.fences).is_none() {
            self.replica.append(entry, self.now);
        }
    }

    fn truncate_to(&mut self, to: Offset) {
        self.replica.truncate_to(to);
    }

    fn flush(&mut self) {
        self.replica.log.flush();
    }
}
