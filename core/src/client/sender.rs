//! The producer's sender: batches onto the wire, answers back to the application.
//!
//! Invariants: one request per broker carries at most one batch per partition; a batch is in a queue or in one
//! request, never in both; with one request in flight per connection, or with idempotence, a partition's batches keep
//! their order.
//! Sources: `Sender`, `ProducerBatch`, KIP-91 (delivery timeout), KIP-580 (back-off), KIP-951 (leader hints).
//!
//! Left out: splitting of batches that are too large.

use super::batch::Batch;
use super::producer::Producer;
use super::retriable::is_invalid_metadata;
use crate::config::Acks;
use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::sequence::Sequence;
use crate::time::{Span, Time};
use crate::wire::{Envelope, ErrorCode, LeaderHint, Message, ProduceBatch, ProduceRequest};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How many fates a producer remembers.
const HISTORY: usize = 16;

/// A produce request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceInFlight {
    /// Its number.
    pub correlation: Correlation,
    /// Where it went.
    pub node: NodeId,
    /// What it carries.
    pub batches: Vec<SentBatch>,
}

/// One batch of a request in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SentBatch {
    /// Its partition, which stays muted until the answer even when the batch has expired.
    pub partition: TopicPartition,
    /// The batch; `None` once the application was told that its time is over.
    pub batch: Option<Batch>,
    /// Its last sequence number, when it had one and its time is over: an answer still tells whether it was appended.
    pub expired: Option<Sequence>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delivery {
    /// When the application was told.
    pub at: Time,
    /// Where it was meant to go.
    pub partition: TopicPartition,
    /// Serial number of its first record.
    pub first: u32,
    /// How many records.
    pub count: u32,
    /// The answer.
    pub fate: Fate,
}

/// The answer that an application got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fate {
    /// Acknowledged at this offset.
    Acknowledged(Offset),
    /// acks=0: sent, and no word since.
    Unanswered,
    /// Failed for good; it may be in the log all the same when the error came after the append.
    Failed(ErrorCode),
    /// `delivery.timeout.ms` ran out; nobody knows.
    TimedOut,
}

/// One partition's answer, or what stands for it when the connection broke.
struct Answer {
    error: ErrorCode,
    base: Option<Offset>,
    hint: Option<LeaderHint>,
}

impl Producer {
    /// One round of the sender (`runOnce`), repeated while there is something to send and somewhere to send it.
    pub(super) fn run_sender(&mut self, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        let failed = self.network.maybe_begin_anew(now, out);
        self.fail_requests(&failed, ErrorCode::NetworkException, now, out);
        // What is given up now may have to begin a new epoch.
        if !self.obtain_producer_id(now, out) || (self.expire(now, out) && !self.obtain_producer_id(now, out))
        {
            self.network.maybe_update(&settings, now, out);
            return self.arm_while_waiting(now, out);
        }
        loop {
            let muted = self.muted();
            let ready = self.accumulator.ready(&self.network.metadata, &muted, &settings, now);
            if ready.unknown_leader {
                self.network.metadata.request_update();
            }
            self.network.maybe_update(&settings, now, out);
            let mut sent_any = false;
            for &node in &ready.nodes {
                sent_any |= self.maybe_send_to(node, &muted, now, out);
            }
            if !sent_any {
                return self.arm(ready.next, now, out);
            }
        }
    }

    /// Partitions that wait for an answer while order must be kept (`guaranteeMessageOrder`).
    fn muted(&self) -> BTreeSet<TopicPartition> {
        if self.settings.max_in_flight_requests_per_connection > 1 {
            return BTreeSet::new();
        }
        self.in_flight.iter().flat_map(|request| &request.batches).map(|sent| sent.partition).collect()
    }

    /// Sends `node` one batch of each partition that it leads; false when nothing could be sent.
    fn maybe_send_to(
        &mut self,
        node: NodeId,
        muted: &BTreeSet<TopicPartition>,
        now: Time,
        out: &mut Out,
    ) -> bool {
        let settings = Arc::clone(&self.settings);
        if !self.network.ready(node, &settings, now, out) {
            return false;
        }
        let metadata = &self.network.metadata;
        let batches = self.accumulator.drain(node, metadata, muted, self.transactions.as_mut(), now);
        if batches.is_empty() {
            return false;
        }
        for batch in &batches {
            out.note(Note::BatchSent {
                partition: batch.partition,
                first: batch.first(),
                count: batch.count(),
                leader: node,
                attempt: batch.attempts + 1,
                acks: self.acks,
            });
        }
        let on_wire = batches
            .iter()
            .map(|batch| ProduceBatch { partition: batch.partition, records: batch.stamped() })
            .collect();
        let request = ProduceRequest { acks: self.acks, timeout: settings.request_timeout, batches: on_wire };
        let message = Message::ProduceRequest(request);
        if self.acks == Acks::Zero {
            self.network.send_one_way(node, message, out);
            for batch in batches {
                self.unanswered = self.unanswered.saturating_add(batch.count());
                self.remember(&batch, Fate::Unanswered, now);
            }
        } else {
            let correlation = self.network.send(node, message, &settings, now, out);
            let batches = batches
                .into_iter()
                .map(|batch| SentBatch { partition: batch.partition, batch: Some(batch), expired: None })
                .collect();
            self.in_flight.push(ProduceInFlight { correlation, node, batches });
        }
        true
    }

    /// An answer to a produce request (`handleProduceResponse`).
    pub(super) fn on_answer(&mut self, envelope: Envelope, now: Time, out: &mut Out) {
        if let Message::InitProducerIdResponse(response) = envelope.message {
            return self.on_producer_id(envelope.from, envelope.correlation, response, now, out);
        }
        let Message::ProduceResponse(response) = envelope.message else { return };
        let Some(request) = self.take_in_flight(envelope.correlation) else { return };
        for sent in request.batches {
            let result = response.results.iter().find(|result| result.partition == sent.partition);
            let Some(batch) = sent.batch else {
                self.on_late_answer(sent.partition, sent.expired, result.map(|result| result.error));
                continue;
            };
            let answer = match result {
                Some(result) => {
                    Answer { error: result.error, base: result.base_offset, hint: result.current_leader }
                }
                None => Answer { error: ErrorCode::UnknownServerError, base: None, hint: None },
            };
            self.complete(batch, &answer, now, out);
        }
    }

    /// The connection broke, or the request timed out: each of its batches gets this error.
    pub(super) fn fail_requests(
        &mut self,
        failed: &[Correlation],
        error: ErrorCode,
        now: Time,
        out: &mut Out,
    ) {
        for &correlation in failed {
            self.fail_producer_id_request(correlation, now);
            let Some(request) = self.take_in_flight(correlation) else { continue };
            for batch in request.batches.into_iter().filter_map(|sent| sent.batch) {
                self.complete(batch, &Answer { error, base: None, hint: None }, now, out);
            }
        }
    }

    fn take_in_flight(&mut self, correlation: Correlation) -> Option<ProduceInFlight> {
        let index = self.in_flight.iter().position(|request| request.correlation == correlation)?;
        Some(self.in_flight.remove(index))
    }

    /// Acknowledged, sent again, or failed (`completeBatch`, `canRetry`).
    fn complete(&mut self, batch: Batch, answer: &Answer, now: Time, out: &mut Out) {
        let error = answer.error;
        self.last_error = error;
        if error.is_none() {
            return self.acknowledge(&batch, answer.base.unwrap_or_default(), now, out);
        }
        if let Some(hint) = answer.hint {
            self.network.metadata.maybe_use_hint(batch.partition, hint, out);
        }
        if is_invalid_metadata(error) {
            self.network.metadata.request_update();
        }
        let left = batch.attempts < self.settings.retries;
        if left && batch.deadline(&self.settings) > now && self.can_retry(&batch, error) {
            self.retry(batch, error, now, out);
        } else {
            if let Some(transactions) = &mut self.transactions {
                transactions.on_failed(&batch, left || error == ErrorCode::OutOfOrderSequenceNumber);
            }
            self.failed = self.failed.saturating_add(batch.count());
            let (partition, first, count) = (batch.partition, batch.first(), batch.count());
            out.note(Note::ProduceFailed { partition, error, first, count });
            self.remember(&batch, Fate::Failed(error), now);
        }
    }

    fn acknowledge(&mut self, batch: &Batch, base: Offset, now: Time, out: &mut Out) {
        if let Some(transactions) = self.transactions.as_mut().filter(|_| batch.has_sequence()) {
            transactions.on_completed(batch.partition, batch.last_sequence(), batch.key());
        }
        let (partition, first, count) = (batch.partition, batch.first(), batch.count());
        self.acknowledged = self.acknowledged.saturating_add(count);
        out.note(Note::ProduceAcknowledged { partition, base, first, count });
        self.remember(batch, Fate::Acknowledged(base), now);
    }

    fn retry(&mut self, mut batch: Batch, error: ErrorCode, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        batch.reenqueued(&settings, now, out);
        batch.maybe_update_leader_epoch(self.network.metadata.leader_epoch(batch.partition));
        let backoff = if batch.has_new_leader() { Span::ZERO } else { batch.backoff };
        let (partition, attempt) = (batch.partition, batch.attempts);
        out.note(Note::ProduceRetried { partition, error, attempt, backoff });
        self.retried = self.retried.saturating_add(1);
        self.accumulator.reenqueue(batch);
    }

    /// Tells the application of batches whose `delivery.timeout.ms` is over, in flight or not; returns whether there
    /// were any.
    fn expire(&mut self, now: Time, out: &mut Out) -> bool {
        let settings = Arc::clone(&self.settings);
        let mut expired = Vec::new();
        for sent in self.in_flight.iter_mut().flat_map(|request| &mut request.batches) {
            if let Some(batch) = sent.batch.take_if(|batch| batch.deadline(&settings) <= now) {
                sent.expired = batch.has_sequence().then(|| batch.last_sequence());
                expired.push(batch);
            }
        }
        expired.extend(self.accumulator.take_expired(&settings, now));
        let any = !expired.is_empty();
        for batch in expired {
            self.give_up(&batch);
            let (partition, first, count) = (batch.partition, batch.first(), batch.count());
            let timeout = settings.delivery_timeout;
            self.failed = self.failed.saturating_add(count);
            self.last_error = ErrorCode::RequestTimedOut;
            out.note(Note::DeliveryTimedOut { partition, first, count, timeout });
            self.remember(&batch, Fate::TimedOut, now);
        }
        any
    }

    fn remember(&mut self, batch: &Batch, fate: Fate, at: Time) {
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        let (partition, first, count) = (batch.partition, batch.first(), batch.count());
        self.history.push(Delivery { at, partition, first, count, fate });
    }

    /// Without a producer id nothing is sent and nothing expires.
    fn arm_while_waiting(&mut self, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        self.network.arm(&settings, now, out);
        let unblocks = self.blocked.iter().map(|send| send.since + settings.max_block).min();
        let asks = self.asks_for_producer_id_at().filter(|&at| at > now);
        let alarms = &mut self.network.alarms;
        alarms.set(Timer::ProducerSend, asks, now, out);
        alarms.set(Timer::ProducerDelivery, unblocks, now, out);
        alarms.set(Timer::Workload, self.next_record, now, out);
    }

    fn arm(&mut self, next_ready: Option<Time>, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        self.network.arm(&settings, now, out);
        let in_flight = self.in_flight.iter().flat_map(|request| &request.batches);
        let expiry = in_flight
            .filter_map(|sent| Some(sent.batch.as_ref()?.deadline(&settings)))
            .chain(self.accumulator.next_expiry(&settings))
            .chain(self.blocked.iter().map(|send| send.since + settings.max_block))
            .min();
        let alarms = &mut self.network.alarms;
        alarms.set(Timer::ProducerSend, next_ready, now, out);
        alarms.set(Timer::ProducerDelivery, expiry, now, out);
        alarms.set(Timer::Workload, self.next_record, now, out);
    }
}
