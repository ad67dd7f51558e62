//! What a broker's replicas leave behind when the process dies.
//!
//! Kafka does not `fsync` on append (`log.flush.interval.messages` is unlimited): a produced record sits in the
//! page cache until the operating system writes it back, and replication, not the disk, is what makes it safe.
//! The stand-in for that write-back is one moment per high-watermark checkpoint (5 s, which is also Linux's
//! `dirty_writeback_centisecs`), and a clean shutdown. So a power loss can take acknowledged records from a
//! replica, and from all of them when they lose power together.
//!
//! Keeps: the leader-epoch cache never speaks of offsets that the log does not reach once a log is loaded.
//! Source: `LogManager`, `LogLoader`, `UnifiedLog`, `LeaderEpochFileCache`.

use crate::epochs::{EpochEnd, LeaderEpochCache};
use crate::id::{LeaderEpoch, Offset, TopicPartition};
use crate::log::Log;
use crate::node::Loss;
use crate::record::{Entry, Record};
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// All logs of a broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplicaDisk {
    /// One log per hosted replica.
    pub replicas: BTreeMap<TopicPartition, ReplicaLog>,
}

/// The log of one replica with what is stored beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplicaLog {
    /// The records.
    pub log: Log<Record>,
    /// `leader-epoch-checkpoint`.
    pub epochs: LeaderEpochCache,
    /// The partition's line in `replication-offset-checkpoint`: a lower bound of the true high watermark.
    pub checkpointed_hw: Offset,
}

impl ReplicaDisk {
    /// The process dies and takes the unflushed tails with it as `loss` says. Returns how many records are
    /// gone, over all logs.
    pub fn crash(&mut self, loss: Loss) -> u64 {
        self.replicas.values_mut().map(|replica| replica.crash(loss)).sum()
    }

    /// A clean shutdown: everything is flushed and the high watermarks are written.
    pub fn shut_down_cleanly(&mut self, hws: impl IntoIterator<Item = (TopicPartition, Offset)>) {
        for (partition, hw) in hws {
            if let Some(replica) = self.replicas.get_mut(&partition) {
                replica.checkpoint(hw);
            }
        }
    }

    /// What a starting broker does to its logs before it uses them.
    pub(super) fn load(&mut self) {
        for replica in self.replicas.values_mut() {
            replica.load();
        }
    }
}

impl ReplicaLog {
    /// Log end offset (LEO).
    pub const fn leo(&self) -> Offset {
        self.log.end()
    }

    /// The latest epoch of the cache, which a leader without a record of its own has, too. This and not the
    /// epoch of the last record is what a follower sends as `LastFetchedEpoch`.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest().map(|line| line.epoch)
    }

    /// Where `epoch` ends in this log (`UnifiedLog.endOffsetForEpoch`).
    pub fn end_offset_for(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.epochs.end_offset_for(Some(epoch), self.log.end())
    }

    /// Appends one record and keeps the epoch cache exact.
    pub fn append(&mut self, entry: Entry<Record>) -> Offset {
        self.epochs.assign(entry.epoch, self.log.end());
        self.log.append(entry)
    }

    /// Cuts log and epoch cache so that they end at `to`. A cut at or beyond the end removes no record, but
    /// still the epochs that begin there: a leader that never wrote leaves such a line behind.
    pub fn truncate_to(&mut self, to: Offset) -> bool {
        let to = to.max(self.log.start());
        self.epochs.truncate_from_end(to);
        self.log.truncate_to(to)
    }

    /// Drops everything and starts anew at `start` (`truncateFullyAndStartAt`).
    pub fn restart_at(&mut self, start: Offset) {
        self.epochs.clear();
        self.log.reset_to(start);
    }

    /// Writes the high-watermark checkpoint and flushes the log.
    pub(super) fn checkpoint(&mut self, hw: Offset) {
        self.checkpointed_hw = hw;
        self.log.flush();
    }

    fn crash(&mut self, loss: Loss) -> u64 {
        let end = self.log.end();
        let kept = loss.new_end(self.log.flushed(), end).max(self.log.start());
        if kept < end {
            self.truncate_to(kept);
        }
        end.saturating_sub(self.log.end())
    }

    fn load(&mut self) {
        let end = self.log.end();
        self.epochs.truncate_from_end(end);
        self.checkpointed_hw = self.checkpointed_hw.clamp(self.log.start(), end);
    }
}
