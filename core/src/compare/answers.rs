//! What producers got to hear: records sent, acknowledged, failed, and how long that took.
//!
//! An error that the client library swallows (it tries again) and one that the application sees are counted apart.
//! Records are counted when they are sent for the first time; they wait from the moment on when their batch was begun. Without acknowledgements (acks=0) nothing is awaited.

use crate::id::{NodeId, TopicPartition};
use crate::time::{Span, Time};
use crate::wire::ErrorCode;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Counts of what clients were told.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Records that were sent.
    pub sent: u64,
    /// Records whose acknowledgement arrived.
    pub acknowledged: u64,
    /// Records that the application was told have failed, or timed out.
    pub failed: u64,
    /// Errors after which a client tried again.
    pub retried: BTreeMap<ErrorCode, u64>,
    /// Errors that the application saw, in batches.
    pub errors: BTreeMap<ErrorCode, u64>,
    /// Records acknowledged in each second of the run.
    pub per_second: Vec<u32>,
    /// The longest time from the first record of a batch to its acknowledgement.
    pub longest_wait: Span,
    /// Batches under way: by producer, partition and the first record's number.
    waiting: BTreeMap<(NodeId, TopicPartition, u32), Time>,
}

impl Answers {
    pub(super) fn sent(
        &mut self,
        from: NodeId,
        partition: TopicPartition,
        batch: (u32, u32),
        awaits: bool,
        now: Time,
    ) {
        let (first, count) = batch;
        self.sent += u64::from(count);
        if awaits {
            self.waiting.entry((from, partition, first)).or_insert(now);
        }
    }

    /// Returns when the batch was sent.
    pub(super) fn acknowledged(
        &mut self,
        from: NodeId,
        partition: TopicPartition,
        batch: (u32, u32),
        now: Time,
    ) -> Option<Time> {
        let (first, count) = batch;
        self.acknowledged += u64::from(count);
        let second = (now.0 / 1_000_000) as usize;
        if self.per_second.len() <= second {
            self.per_second.resize(second + 1, 0);
        }
        self.per_second[second] += count;
        let sent = self.waiting.remove(&(from, partition, first))?;
        self.longest_wait = self.longest_wait.max(now.since(sent));
        Some(sent)
    }

    pub(super) fn failed(
        &mut self,
        from: NodeId,
        partition: TopicPartition,
        batch: (u32, u32),
        error: ErrorCode,
    ) {
        let (first, count) = batch;
        self.failed += u64::from(count);
        *self.errors.entry(error).or_default() += 1;
        self.waiting.remove(&(from, partition, first));
    }

    pub(super) fn retried(&mut self, error: ErrorCode) {
        *self.retried.entry(error).or_default() += 1;
    }

    /// The process of a producer died: what it waited for nobody will hear.
    pub(super) fn forget(&mut self, producer: NodeId) {
        self.waiting.retain(|(id, ..), _| *id != producer);
    }

    /// The longest wait so far, of batches that still wait too.
    pub fn longest_wait(&self, now: Time) -> Span {
        let oldest = self.waiting.values().min();
        self.longest_wait.max(oldest.map_or(Span::ZERO, |sent| now.since(*sent)))
    }
}
