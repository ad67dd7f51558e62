//! An idempotent producer's numbers: its producer id and epoch, and the sequence numbers of each partition.
//!
//! It does not know batches' records, brokers or clocks; [`super::idempotence`] moves batches as it says.
//! Keeps: within one producer epoch every sequence number of a partition is given to one record only; a batch keeps
//! its number for as long as somebody may have appended it; numbers begin anew only in a new epoch.
//! Source: `TransactionManager` without a transactional id, `TxnPartitionMap`, `TxnPartitionEntry`; KIP-98, KIP-360.
//!
//! Left out: transactions; fatal errors (nothing here is refused for lack of rights); UNKNOWN_PRODUCER_ID, which
//! brokers have not sent since 2.5. Before KIP-360 (2.5) a gap made the producer ask for a new id.

use super::batch::Batch;
use crate::id::{Correlation, NodeId, TopicPartition};
use crate::sequence::{ProducerEpoch, ProducerIdAndEpoch, Sequence};
use crate::time::Time;
use crate::wire::ErrorCode;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How the producer gets its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InitProducerId {
    /// It needs none now.
    #[default]
    Idle,
    /// It is to be asked for (`INITIALIZING`).
    Wanted {
        /// The broker that it connects to.
        target: Option<NodeId>,
        /// Not before this moment: the back-off after an error.
        not_before: Time,
    },
    /// The question is under way.
    InFlight(Correlation),
}

/// A batch that has a number and no fate, as the order of these goes (`PRODUCER_BATCH_COMPARATOR`).
type BatchKey = (ProducerIdAndEpoch, Sequence);

/// One partition's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TxnPartitionEntry {
    /// Id and epoch that its numbers belong to.
    pub producer: ProducerIdAndEpoch,
    /// The number of the next record.
    pub next_sequence: Sequence,
    /// The highest number that was acknowledged.
    pub last_acked_sequence: Option<Sequence>,
    /// Batches with a number and without a fate: sent, or waiting to be sent again. In order.
    in_flight: Vec<BatchKey>,
}

impl Default for TxnPartitionEntry {
    fn default() -> TxnPartitionEntry {
        TxnPartitionEntry {
            producer: ProducerIdAndEpoch::NONE,
            next_sequence: Sequence::FIRST,
            last_acked_sequence: None,
            in_flight: Vec::new(),
        }
    }
}

impl TxnPartitionEntry {
    /// How many batches have a number and no fate.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.len() as u32
    }

    fn is_next(&self, sequence: Sequence) -> bool {
        self.last_acked_sequence.map_or(sequence == Sequence::FIRST, |last| last.0 + 1 == sequence.0)
    }
}

/// The numbers of one producer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TransactionManager {
    /// The id and epoch of new batches.
    pub producer: ProducerIdAndEpoch,
    /// How it gets an id.
    pub init: InitProducerId,
    partitions: BTreeMap<TopicPartition, TxnPartitionEntry>,
    /// Partitions where a batch was given up after it had been sent: the number behind it. No new number is given
    /// there before it is known whether that batch was appended.
    unresolved: BTreeMap<TopicPartition, Sequence>,
    /// Partitions whose batches get new numbers with the next epoch.
    to_rewrite: BTreeSet<TopicPartition>,
    epoch_bump_required: bool,
}

impl TransactionManager {
    /// Whether it has an id.
    pub const fn has_producer_id(&self) -> bool {
        self.producer.is_some()
    }

    /// The numbers of each partition that was sent to.
    pub const fn partitions(&self) -> &BTreeMap<TopicPartition, TxnPartitionEntry> {
        &self.partitions
    }

    /// Whether a batch of `partition` was given up and nobody knows whether it was appended.
    pub fn has_unresolved_sequence(&self, partition: TopicPartition) -> bool {
        self.unresolved.contains_key(&partition)
    }

    /// Whether `first`, the first batch of its queue, may leave it (`shouldStopDrainBatchesForPartition`). It gets
    /// its number then, unless it has one: it may have been appended under that.
    pub fn admit(&mut self, first: &mut Batch) -> bool {
        if !self.has_producer_id() {
            return false;
        }
        let (producer, unresolved) = (self.producer, self.has_unresolved_sequence(first.partition));
        let entry = self.partitions.entry(first.partition).or_default();
        if first.has_sequence() {
            // A batch that is sent again waits for those before it.
            return entry.in_flight.first().is_none_or(|&(_, sequence)| sequence == first.base_sequence);
        }
        // While it is unknown whether a batch was appended, nobody knows the next number.
        if unresolved {
            return false;
        }
        if entry.producer != producer {
            // A batch of the new epoch must not overtake those of the old one.
            if !entry.in_flight.is_empty() {
                return false;
            }
            (entry.producer, entry.next_sequence, entry.last_acked_sequence) =
                (producer, Sequence::FIRST, None);
        }
        first.set_producer_state(producer, entry.next_sequence);
        entry.next_sequence = entry.next_sequence.plus(first.count());
        insert(&mut entry.in_flight, first.key());
        true
    }

    /// Acknowledged, or found in the log: up to `last` nothing is missing (`handleCompletedBatch`).
    pub fn on_completed(&mut self, partition: TopicPartition, last: Sequence, key: BatchKey) {
        if let Some(entry) = self.partitions.get_mut(&partition) {
            entry.last_acked_sequence = entry.last_acked_sequence.max(Some(last));
            entry.in_flight.retain(|other| *other != key);
        }
    }

    /// Everything up to `last` was appended (`maybeUpdateLastAckedSequence`).
    pub fn on_acked(&mut self, partition: TopicPartition, last: Sequence) {
        if let Some(entry) = self.partitions.get_mut(&partition) {
            entry.last_acked_sequence = entry.last_acked_sequence.max(Some(last));
        }
    }

    /// The application was told that the batch has failed (`handleFailedBatch`). `renumber`: its numbers were not
    /// used, so those behind them would leave a gap. Kafka takes that for granted unless the retries ran out.
    pub fn on_failed(&mut self, batch: &Batch, renumber: bool) {
        if let Some(entry) = self.partitions.get_mut(&batch.partition) {
            entry.in_flight.retain(|other| *other != batch.key());
        }
        if renumber && batch.has_sequence() {
            self.request_epoch_bump(batch.partition);
        }
    }

    /// A batch that was sent more than once was given up: it may or may not have been appended.
    pub fn mark_unresolved(&mut self, batch: &Batch) {
        let next = Sequence(batch.last_sequence().0 + 1);
        let known = self.unresolved.entry(batch.partition).or_insert(next);
        *known = next.max(*known);
    }

    /// Whether a refused batch may be sent again; may find that the numbers have to begin anew (`canRetry`).
    pub fn can_retry(&mut self, batch: &Batch, error: ErrorCode) -> bool {
        if error != ErrorCode::OutOfOrderSequenceNumber {
            return super::retriable::is_retriable(error);
        }
        let partition = batch.partition;
        let entry = self.partitions.get(&partition);
        let is_next =
            entry.map_or(batch.base_sequence == Sequence::FIRST, |e| e.is_next(batch.base_sequence));
        match self.unresolved.get(&partition) {
            // Another batch has to come first.
            None if batch.was_renumbered || !is_next => {}
            // This is the next one, or the first behind one that was given up: there is a gap in the log.
            None => self.request_epoch_bump(partition),
            Some(&next) if next == batch.base_sequence => self.request_epoch_bump(partition),
            Some(_) => {}
        }
        true
    }

    fn request_epoch_bump(&mut self, partition: TopicPartition) {
        self.epoch_bump_required = true;
        self.to_rewrite.insert(partition);
    }

    /// Where a batch was given up and nothing is in flight any more, its fate shows (`maybeResolveSequences`).
    pub fn maybe_resolve_sequences(&mut self) {
        if self.unresolved.is_empty() {
            return;
        }
        let mut lost = Vec::new();
        self.unresolved.retain(|&partition, _| {
            let Some(entry) = self.partitions.get(&partition) else { return false };
            if !entry.in_flight.is_empty() {
                return true;
            }
            if !entry.is_next(entry.next_sequence) {
                lost.push(partition);
            }
            false
        });
        lost.into_iter().for_each(|partition| self.request_epoch_bump(partition));
    }

    /// Begins a new epoch if one is needed; an id whose epochs are used up is given back
    /// (`bumpIdempotentProducerEpoch`). Returns the partitions whose batches get new numbers.
    pub fn maybe_bump_epoch(&mut self) -> Option<BTreeSet<TopicPartition>> {
        if !core::mem::take(&mut self.epoch_bump_required) {
            return None;
        }
        self.producer = match self.producer {
            ProducerIdAndEpoch { epoch: ProducerEpoch::MAX, .. } => ProducerIdAndEpoch::NONE,
            ProducerIdAndEpoch { producer_id, epoch } => {
                ProducerIdAndEpoch { producer_id, epoch: epoch.next() }
            }
        };
        Some(core::mem::take(&mut self.to_rewrite))
    }

    /// Numbers the batches of `partition` anew, in their order: all that have a number and no fate
    /// (`startSequencesAtBeginning`).
    pub fn start_at_beginning(&mut self, partition: TopicPartition, batches: &mut [&mut Batch]) {
        batches.sort_by_key(|batch| batch.key());
        let entry = self.partitions.entry(partition).or_default();
        entry.in_flight.clear();
        let mut next = Sequence::FIRST;
        for batch in batches {
            batch.renumber(self.producer, next);
            next = next.plus(batch.count());
            entry.in_flight.push(batch.key());
        }
        (entry.producer, entry.next_sequence, entry.last_acked_sequence) = (self.producer, next, None);
        self.unresolved.remove(&partition);
    }
}

impl TransactionManager {
    /// Moves the next number of a partition: only tests that look at the end of the numbers do that.
    pub fn set_next_sequence(&mut self, partition: TopicPartition, next: Sequence) {
        if let Some(entry) = self.partitions.get_mut(&partition) {
            entry.next_sequence = next;
        }
    }
}

fn insert(sorted: &mut Vec<BatchKey>, key: BatchKey) {
    let place = sorted.partition_point(|other| *other < key);
    sorted.insert(place, key);
}
