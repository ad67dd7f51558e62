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

use super::producer_state::ProducerStateManager;
use super::rafts::RaftVote;
use crate::epochs::{EpochEnd, LeaderEpochCache};
use crate::id::{LeaderEpoch, Offset, TopicPartition};
use crate::log::Log;
use crate::node::Loss;
use crate::record::{Entry, Record};
use crate::time::Time;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
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
    /// What idempotent producers have appended.
    pub producers: ProducerStateManager,
    /// The partition's line in `replication-offset-checkpoint`: a lower bound of the true high watermark.
    pub checkpointed_hw: Offset,
    /// Epoch and vote in the Raft group of the partition (kafkaraft).
    pub vote: RaftVote,
    /// What is wrong with the disk under it.
    pub fault: DiskFault,
}

/// A write that went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DiskFault {
    /// Nothing.
    #[default]
    None,
    /// The next append fails.
    FailsNext,
    /// An append failed here and left half a batch behind: whatever is written after it cannot be read back when
    /// the log is loaded.
    Torn(Offset),
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
                replica.producers.take_snapshot(replica.leo());
            }
        }
    }

    /// What a starting broker does to its logs before it uses them.
    pub fn load(&mut self) {
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

    /// Whether an append fails now, and whether it is the one that meets the fault first. Since KAFKA-10778
    /// (`fences`) every later one fails, too, until the log is loaded again.
    pub(super) fn fails_to_append(&mut self, fences: bool) -> Option<bool> {
        match self.fault {
            DiskFault::None => None,
            DiskFault::FailsNext => {
                self.fault = DiskFault::Torn(self.leo());
                Some(true)
            }
            DiskFault::Torn(_) => fences.then_some(false),
        }
    }

    /// Whether the next append is the one that fails.
    pub(super) const fn is_about_to_fail(&self) -> bool {
        matches!(self.fault, DiskFault::FailsNext)
    }

    /// Whether an append has failed, and no other is tried (KAFKA-10778).
    pub(super) const fn is_closed(&self, fences: bool) -> bool {
        fences && matches!(self.fault, DiskFault::Torn(_))
    }

    /// Appends one record and keeps epoch cache and producer state exact.
    pub fn append(&mut self, entry: Entry<Record>, now: Time) -> Offset {
        self.epochs.assign(entry.epoch, self.log.end());
        self.producers.append(entry.body.stamp, self.log.end(), now);
        self.log.append(entry)
    }

    /// Up to `most` records of `from .. until`, whole batches only; the first batch is read even if it has more.
    pub(super) fn read(&self, from: Offset, until: Offset, most: u64) -> Vec<Entry<Record>> {
        let until = until.min(self.leo());
        let cut = self.batch_boundary(from.plus(most).min(until));
        let cut = if cut > from { cut } else { self.batch_end(from.plus(most)) };
        let cut = cut.min(until);
        self.log.read(from, cut, cut.saturating_sub(from))
    }

    /// The last place at or before `offset` where a batch begins, or the end of the log.
    fn batch_boundary(&self, offset: Offset) -> Offset {
        let index = self.log.get(offset).map_or(0, |entry| entry.body.stamp.index);
        Offset(offset.0.saturating_sub(u64::from(index))).max(self.log.start())
    }

    /// The first place at or after `offset` where a batch begins, or the end of the log.
    fn batch_end(&self, offset: Offset) -> Offset {
        let within = |offset: &Offset| self.log.get(*offset).is_some_and(|entry| entry.body.stamp.index > 0);
        let mut end = offset;
        while within(&end) {
            end = end.next();
        }
        end
    }

    /// Cuts log and epoch cache so that they end at `to`. A cut at or beyond the end removes no record, but
    /// still the epochs that begin there: a leader that never wrote leaves such a line behind.
    pub fn truncate_to(&mut self, to: Offset) -> bool {
        let to = to.max(self.log.start());
        self.epochs.truncate_from_end(to);
        let cut = self.log.truncate_to(to);
        if cut {
            self.producers.truncate(to, &self.log);
        }
        cut
    }

    /// Moves the start of the log forward to `start`, which lies within it. Returns whether it moved.
    pub fn advance_start(&mut self, start: Offset) -> bool {
        let moved = self.log.drop_before(start);
        if moved {
            self.epochs.truncate_from_start(start);
        }
        moved
    }

    /// Drops everything and starts anew at `start` (`truncateFullyAndStartAt`).
    pub fn restart_at(&mut self, start: Offset) {
        self.epochs.clear();
        self.producers.clear();
        self.log.reset_to(start);
    }

    /// Writes the high-watermark checkpoint and flushes the log.
    pub(super) fn checkpoint(&mut self, hw: Offset) {
        self.checkpointed_hw = hw;
        self.log.flush();
    }

    fn crash(&mut self, loss: Loss) -> u64 {
        let end = self.log.end();
        // Recovery of a log drops the batch that was cut, whole.
        let kept = loss.new_end(self.log.flushed(), end).max(self.log.start());
        let kept = self.batch_boundary(kept);
        if kept < end {
            self.truncate_to(kept);
        }
        end.saturating_sub(self.log.end())
    }

    fn load(&mut self) {
        // Recovery keeps what it can read: nothing behind half a batch.
        if let DiskFault::Torn(at) = core::mem::take(&mut self.fault) {
            self.truncate_to(at);
        }
        let end = self.log.end();
        self.epochs.truncate_from_end(end);
        self.producers.load();
        self.checkpointed_hw = self.checkpointed_hw.clamp(self.log.start(), end);
    }
}
