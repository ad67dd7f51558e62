//! A batch of records of one partition, from its first record to its fate (`ProducerBatch`).

use super::backoff::backoff;
use crate::config::Settings;
use crate::id::{LeaderEpoch, TopicPartition};
use crate::node::Out;
use crate::record::Record;
use crate::sequence::{ProducerIdAndEpoch, Sequence, Stamp};
use crate::time::{Span, Time};
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A place in a batch has sixteen bits.
const MOST_RECORDS: u32 = 1 << 16;

/// Records that are sent, and appended to the log, together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Batch {
    /// Where to.
    pub partition: TopicPartition,
    /// At least one.
    pub records: Vec<Record>,
    /// When its first record was appended; `delivery.timeout.ms` counts from here.
    pub created: Time,
    /// How often sending it has failed.
    pub attempts: u32,
    /// When it failed last; its creation before that.
    pub last_attempt: Time,
    /// How long it waits after its last failure.
    pub backoff: Span,
    /// It was sent once: no record may be added any more.
    pub closed: bool,
    /// Producer id and epoch that its number belongs to.
    pub producer: ProducerIdAndEpoch,
    /// Sequence number of its first record, once it has one.
    pub base_sequence: Sequence,
    /// It got another number and was not sent since (`sequenceHasBeenReset`).
    pub was_renumbered: bool,
    /// Latest leader epoch seen for its partition.
    leader_epoch: Option<LeaderEpoch>,
    /// `attempts` when that epoch was first seen.
    attempts_at_leader_change: Option<u32>,
}

impl Batch {
    /// A batch of one record.
    pub fn new(partition: TopicPartition, record: Record, now: Time) -> Batch {
        Batch {
            partition,
            records: vec![record],
            created: now,
            attempts: 0,
            last_attempt: now,
            backoff: Span::ZERO,
            closed: false,
            producer: ProducerIdAndEpoch::NONE,
            base_sequence: Sequence::NONE,
            was_renumbered: false,
            leader_epoch: None,
            attempts_at_leader_change: None,
        }
    }

    /// Serial number of its first record.
    pub fn first(&self) -> u32 {
        self.records.first().map_or(0, |record| record.value)
    }

    /// How many records.
    pub fn count(&self) -> u32 {
        self.records.len() as u32
    }

    /// Whether it takes no further record.
    pub fn is_full(&self, batch_records: u32) -> bool {
        self.closed || self.count() >= batch_records.min(MOST_RECORDS)
    }

    /// Whether it has a sequence number (`hasSequence`).
    pub const fn has_sequence(&self) -> bool {
        self.base_sequence.is_some()
    }

    /// Sequence number of its last record.
    pub fn last_sequence(&self) -> Sequence {
        self.base_sequence.plus(self.count().saturating_sub(1))
    }

    /// Gives it its number (`setProducerState`).
    pub fn set_producer_state(&mut self, producer: ProducerIdAndEpoch, base: Sequence) {
        (self.producer, self.base_sequence) = (producer, base);
    }

    /// Gives it another number (`resetProducerState`).
    pub(super) fn renumber(&mut self, producer: ProducerIdAndEpoch, base: Sequence) {
        self.set_producer_state(producer, base);
        self.was_renumbered = true;
    }

    /// Its place among the batches of its partition that have a number.
    pub(super) fn key(&self) -> (ProducerIdAndEpoch, Sequence) {
        (self.producer, self.base_sequence)
    }

    /// Its records as they go onto the wire: with what the batch's header says.
    pub(super) fn stamped(&self) -> Vec<Record> {
        let stamp = |index| Stamp::of(self.producer, self.base_sequence, index);
        (0..).zip(&self.records).map(|(index, &record)| Record { stamp: stamp(index), ..record }).collect()
    }

    /// When `delivery.timeout.ms` is over.
    pub fn deadline(&self, settings: &Settings) -> Time {
        self.created + settings.delivery_timeout
    }

    /// Notices a newer leader epoch (`maybeUpdateLeaderEpoch`).
    pub fn maybe_update_leader_epoch(&mut self, latest: Option<LeaderEpoch>) {
        if latest.is_some() && self.leader_epoch < latest {
            self.leader_epoch = latest;
            self.attempts_at_leader_change = Some(self.attempts);
        }
    }

    /// The leader changed since it failed last: it need not wait (KIP-951).
    pub fn has_new_leader(&self) -> bool {
        self.attempts > 0 && self.attempts_at_leader_change == Some(self.attempts)
    }

    /// End of the wait after a failure, unless it is over or may be skipped (`shouldBackoff`).
    pub fn backs_off_until(&self, now: Time) -> Option<Time> {
        let until = self.last_attempt + self.backoff;
        (self.attempts > 0 && !self.has_new_leader() && now < until).then_some(until)
    }

    /// It failed and will be sent again (`reenqueued`): draws how long it waits.
    pub fn reenqueued(&mut self, settings: &Settings, now: Time, out: &mut Out) {
        self.backoff = backoff(settings.retry_backoff, settings.retry_backoff_max, self.attempts, out);
        self.attempts += 1;
        self.last_attempt = now;
    }
}
