//! What a replica remembers of idempotent producers: the last batches of each producer id, so that a batch that
//! comes twice is recognised and a gap is refused.
//!
//! Keeps: the state is what replaying the log from the latest snapshot gives; only a leader judges, with
//! [`ProducerStateManager::check`], a follower takes over what its leader has appended.
//! Source: `ProducerStateManager`, `ProducerStateEntry`, `ProducerAppendInfo`, `BatchMetadata` (KIP-98, KAFKA-5494).
//!
//! Left out: transactions; snapshots when a segment is rolled (there are no segments), so the only snapshot is that of
//! the latest clean shutdown; a batch's time is when this replica appended it.

use crate::id::Offset;
use crate::log::Log;
use crate::record::Record;
use crate::sequence::{ProducerEpoch, ProducerId, ProducerIdAndEpoch, Sequence, Stamp};
use crate::time::{Span, Time};
use crate::wire::ErrorCode;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`: how many requests an idempotent producer may have in flight.
pub const BATCHES_TO_RETAIN: usize = 5;

/// The producers of one partition, as one replica knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerStateManager {
    producers: BTreeMap<ProducerId, ProducerStateEntry>,
    /// The log end when the latest snapshot was written. A snapshot holds one batch of each producer, so what was
    /// appended before it counts with its last batch only once the state is loaded again.
    snapshot: Option<Offset>,
}

/// One producer id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerStateEntry {
    /// Its latest epoch.
    pub epoch: ProducerEpoch,
    batches: LastBatches,
    /// When it appended last.
    pub last_timestamp: Time,
    /// Where its first batch lies in the log: nothing of it is to be found before.
    first_offset: Offset,
}

/// The last batches of one epoch, oldest first. In place, since every append comes here; unused places are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct LastBatches {
    places: [BatchMetadata; BATCHES_TO_RETAIN],
    used: u8,
}

/// One appended batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BatchMetadata {
    /// Sequence number of its last record.
    pub last_sequence: Sequence,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Its records less one.
    pub offset_delta: u32,
}

/// What a leader makes of a batch that is produced to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be appended.
    New,
    /// It is in the log already.
    Duplicate(BatchMetadata),
    /// It is refused: [`ErrorCode::OutOfOrderSequenceNumber`] when `expected` had to come first,
    /// [`ErrorCode::InvalidProducerEpoch`].
    Refused {
        /// Why.
        error: ErrorCode,
        /// The sequence number that would have been right, 0 in a new epoch.
        expected: Sequence,
        /// The producer epoch that is known here.
        epoch: ProducerEpoch,
    },
}

impl BatchMetadata {
    /// Sequence number of its first record.
    pub const fn first_sequence(&self) -> Sequence {
        self.last_sequence.minus(self.offset_delta)
    }

    /// Offset of its first record.
    pub const fn first_offset(&self) -> Offset {
        Offset(self.last_offset.0 - self.offset_delta as u64)
    }
}

impl LastBatches {
    fn as_slice(&self) -> &[BatchMetadata] {
        &self.places[..usize::from(self.used)]
    }

    fn last_mut(&mut self) -> Option<&mut BatchMetadata> {
        self.places[..usize::from(self.used)].last_mut()
    }

    /// The oldest makes place when there is none.
    fn push(&mut self, batch: BatchMetadata) {
        if usize::from(self.used) == BATCHES_TO_RETAIN {
            self.places.copy_within(1.., 0);
        } else {
            self.used += 1;
        }
        if let Some(last) = self.last_mut() {
            *last = batch;
        }
    }

    /// Of these, oldest first.
    fn of(batches: impl Iterator<Item = BatchMetadata>) -> LastBatches {
        let mut last = LastBatches::default();
        batches.for_each(|batch| last.push(batch));
        last
    }
}

impl ProducerStateEntry {
    /// Its last batches of its epoch, oldest first.
    pub fn batches(&self) -> &[BatchMetadata] {
        self.batches.as_slice()
    }

    /// Sequence number of its last record.
    pub fn last_sequence(&self) -> Sequence {
        self.batches().last().map_or(Sequence::NONE, |batch| batch.last_sequence)
    }

    /// Offset of its last record.
    fn last_offset(&self) -> Offset {
        self.batches().last().map_or(Offset(0), |batch| batch.last_offset)
    }

    /// What loading a snapshot written at `snapshot` and replaying the log behind it leaves.
    fn forget_before(&mut self, snapshot: Offset) {
        let before = self.batches().iter().filter(|batch| batch.last_offset < snapshot).count();
        self.batches = LastBatches::of(self.batches.as_slice()[before.saturating_sub(1)..].iter().copied());
    }
}

impl ProducerStateManager {
    /// The producers by id (`activeProducers`).
    pub const fn producers(&self) -> &BTreeMap<ProducerId, ProducerStateEntry> {
        &self.producers
    }

    /// Judges a batch of `count` records that a client produces (`ProducerStateEntry.findDuplicateBatch`,
    /// `ProducerAppendInfo.checkProducerEpoch`, `checkSequence`).
    pub fn check(&self, producer: ProducerIdAndEpoch, base: Sequence, count: u32) -> Verdict {
        let Some(entry) = self.producers.get(&producer.producer_id).filter(|_| producer.is_some()) else {
            // A producer that nothing is known of may begin anywhere: its records may have been deleted.
            return Verdict::New;
        };
        let last = base.plus(count.saturating_sub(1));
        let same = |batch: &&BatchMetadata| batch.first_sequence() == base && batch.last_sequence == last;
        if producer.epoch == entry.epoch
            && let Some(&batch) = entry.batches().iter().find(same)
        {
            return Verdict::Duplicate(batch);
        }
        let epoch = entry.epoch;
        let expected = if producer.epoch > epoch { Sequence::FIRST } else { entry.last_sequence().plus(1) };
        let error = match () {
            () if producer.epoch < epoch => ErrorCode::InvalidProducerEpoch,
            () if base != expected => ErrorCode::OutOfOrderSequenceNumber,
            () => return Verdict::New,
        };
        Verdict::Refused { error, expected, epoch }
    }

    /// The record with this stamp was appended at `offset`; it opens a batch, or goes on with the last one.
    pub(super) fn append(&mut self, stamp: Stamp, offset: Offset, now: Time) {
        if !stamp.has_producer_id() {
            return;
        }
        let single = BatchMetadata { last_sequence: stamp.sequence, last_offset: offset, offset_delta: 0 };
        let entry = self.producers.entry(stamp.producer_id).or_insert_with(|| ProducerStateEntry {
            epoch: stamp.epoch,
            batches: LastBatches::default(),
            last_timestamp: now,
            first_offset: offset,
        });
        entry.last_timestamp = now;
        if entry.epoch != stamp.epoch {
            entry.epoch = stamp.epoch;
            entry.batches = LastBatches::default();
        }
        match entry.batches.last_mut().filter(|_| stamp.index > 0) {
            Some(last) => {
                *last = BatchMetadata { offset_delta: last.offset_delta + 1, ..single };
            }
            None => entry.batches.push(single),
        }
    }

    /// The log was cut at `to` (`truncateAndReload`, then the replay of what is left).
    pub(super) fn truncate(&mut self, to: Offset, log: &Log<Record>) {
        // A snapshot of what is gone is worth nothing; without it the log is replayed from its start.
        let lost_snapshot = self.snapshot.take_if(|snapshot| *snapshot > to).is_some();
        let snapshot = self.snapshot.unwrap_or(Offset(0));
        self.producers.retain(|&id, entry| {
            if lost_snapshot || entry.last_offset() >= to {
                entry.reload(id, snapshot, log);
            }
            !entry.batches().is_empty()
        });
    }

    /// Everything is dropped (`truncateFullyAndStartAt`).
    pub(super) fn clear(&mut self) {
        *self = ProducerStateManager::default();
    }

    /// A clean shutdown writes a snapshot (`takeSnapshot`).
    pub(super) fn take_snapshot(&mut self, end: Offset) {
        self.snapshot = Some(end);
    }

    /// A broker starts: the snapshot, and the log behind it.
    pub(super) fn load(&mut self) {
        let snapshot = self.snapshot.unwrap_or(Offset(0));
        self.producers.values_mut().for_each(|entry| entry.forget_before(snapshot));
    }

    /// Forgets producers that have been silent for `limit` (`removeExpiredProducers`).
    pub fn remove_expired(&mut self, now: Time, limit: Span) {
        self.producers.retain(|_, entry| now.since(entry.last_timestamp) < limit);
    }
}

impl ProducerStateEntry {
    /// Reads the log backwards for the last batches of `id`, all of one epoch.
    fn reload(&mut self, id: ProducerId, snapshot: Offset, log: &Log<Record>) {
        let mut newest_first: Vec<BatchMetadata> = Vec::new();
        let first = self.first_offset.max(log.start());
        let mut end = log.end();
        while end > first && newest_first.len() < BATCHES_TO_RETAIN {
            let last_offset = Offset(end.0 - 1);
            let Some(stamp) = log.get(last_offset).map(|entry| entry.body.stamp) else { break };
            let offset_delta = u32::from(stamp.index);
            end = Offset(last_offset.0.saturating_sub(u64::from(offset_delta)));
            if stamp.producer_id != id {
                continue;
            }
            if newest_first.is_empty() {
                self.epoch = stamp.epoch;
            } else if stamp.epoch != self.epoch {
                break;
            }
            newest_first.push(BatchMetadata { last_sequence: stamp.sequence, last_offset, offset_delta });
        }
        self.batches = LastBatches::of(newest_first.into_iter().rev());
        self.forget_before(snapshot);
    }
}
