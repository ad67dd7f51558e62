//! Where a log begins: retention, DeleteRecords, and what the leader says.
//!
//! Keeps (L1): the log start offset never passes the high watermark and never goes back. The epoch cache begins
//! where the log begins. A deletion is done when the low watermark has reached it: the smallest log start of the
//! leader and of every follower whose broker is alive.
//! Source: `UnifiedLog.maybeIncrementLogStartOffset`, `Partition.deleteRecordsOnLeader`,
//! `Partition.lowWatermarkIfLeader`, `DelayedDeleteRecords` (KIP-107), `LogManager.cleanupLogs`.
//!
//! Left out: segments (retention drops single records, at the moment of the high-watermark checkpoint), retention
//! by time, the log-start-offset checkpoint (the start survives every crash).

use super::disk::ReplicaLog;
use super::fetch::not_hosted;
use super::manager::ReplicaManager;
use super::partition::{Partition, Role};
use crate::id::{CallId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::{Out, Outcome, Timer};
use crate::note::Note;
use crate::wire::ErrorCode;
use serde::{Deserialize, Serialize};

/// A DeleteRecords that waits for the followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DelayedDelete {
    /// Who asked.
    pub call: CallId,
    /// Which partition.
    pub partition: TopicPartition,
    /// The low watermark that it waits for.
    pub offset: Offset,
}

impl Partition {
    /// Moves the start of the log to `to`, at most to the high watermark. Returns whether it moved.
    pub(super) fn advance_log_start(
        &self,
        id: TopicPartition,
        replica: &mut ReplicaLog,
        to: Offset,
        out: &mut Out,
    ) -> bool {
        let (from, to) = (replica.log.start(), to.min(self.hw));
        let moved = replica.advance_start(to);
        if moved {
            out.note(Note::LogStartMoved { partition: id, from, to });
        }
        moved
    }
}

impl ReplicaManager {
    /// `DeleteRecords` up to `offset`, or up to the high watermark (`None`, Kafka's -1).
    pub fn delete_records(
        &mut self,
        image: &Image,
        call: CallId,
        id: TopicPartition,
        offset: Option<Offset>,
        out: &mut Out,
    ) {
        match self.delete_on_leader(image, id, offset, out) {
            Err(error) => out.reply(call, Outcome::Refused(error)),
            Ok(offset) => {
                let key = self.deletes.park(DelayedDelete { call, partition: id, offset });
                out.arm(Timer::DelayedDelete(key), self.settings.request_timeout);
                self.complete_fetches(image, id, out);
                self.complete_deletes(image, out);
            }
        }
    }

    fn delete_on_leader(
        &mut self,
        image: &Image,
        id: TopicPartition,
        offset: Option<Offset>,
        out: &mut Out,
    ) -> Result<Offset, ErrorCode> {
        if self.rafts.is_some() {
            return Err(ErrorCode::InvalidRequest);
        }
        let (Some(partition), Some(replica)) = (self.partitions.get(&id), self.disk.replicas.get_mut(&id))
        else {
            return Err(not_hosted(image, id));
        };
        if !partition.is_leader() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let offset = offset.unwrap_or(partition.hw);
        if offset > partition.hw {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        partition.advance_log_start(id, replica, offset, out);
        Ok(offset)
    }

    /// Where every replica that counts has begun at the earliest; `None` while a living follower's start is not
    /// known.
    fn low_watermark(&self, image: &Image, id: TopicPartition) -> Result<Option<Offset>, ErrorCode> {
        let (Some(partition), Some(replica)) = (self.partitions.get(&id), self.disk.replicas.get(&id)) else {
            return Err(not_hosted(image, id));
        };
        let Role::Leader(leader) = &partition.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let alive = |id| image.brokers.get(&id).is_some_and(|broker| !broker.fenced);
        let starts = leader.followers.iter().filter(|follower| alive(follower.id));
        let lowest = starts.map(|follower| follower.log_start).min().unwrap_or(Some(replica.log.start()));
        Ok(lowest.map(|lowest| lowest.min(replica.log.start())))
    }

    /// Answers the deletions that are done by now, or can not be done any more.
    pub(super) fn complete_deletes(&mut self, image: &Image, out: &mut Out) {
        for key in 0..self.deletes.keys_end() {
            let Some(&DelayedDelete { call, partition, offset }) = self.deletes.get(key) else { continue };
            let outcome = match self.low_watermark(image, partition) {
                Err(error) => Outcome::Refused(error),
                Ok(Some(low)) if low >= offset => Outcome::Done,
                Ok(_) => continue,
            };
            self.deletes.take(key);
            out.disarm(Timer::DelayedDelete(key));
            out.reply(call, outcome);
        }
    }

    /// A follower did not follow in time. What the leader deleted stays deleted.
    pub(super) fn expire_delete(&mut self, key: u32, out: &mut Out) {
        if let Some(waiting) = self.deletes.take(key) {
            out.reply(waiting.call, Outcome::Refused(ErrorCode::RequestTimedOut));
        }
    }

    /// Drops what is more than `log.retention.bytes` (counted in records) below the high watermark.
    pub(super) fn apply_retention(&mut self, out: &mut Out) {
        let kept = u64::from(self.settings.log_retention_records);
        if kept == 0 || self.rafts.is_some() {
            return;
        }
        for (&id, partition) in &self.partitions {
            if let Some(replica) = self.disk.replicas.get_mut(&id) {
                let to = Offset(partition.hw.0.saturating_sub(kept));
                partition.advance_log_start(id, replica, to, out);
            }
        }
    }
}
