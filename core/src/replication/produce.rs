//! `Produce`: append as the leader, and with acks=all wait for the high watermark.
//!
//! Keeps: with acks=all nothing is appended while the committed ISR is below min.insync.replicas; acks 0 and 1
//! do not ask. A positive answer to acks=all means that the high watermark passed the batch. A batch of an idempotent
//! producer that is in the log already is answered with its first offset, and nothing is appended. Produces of one
//! connection are handled, and answered, in their order: the next one is looked at when the one before has its answer.
//! Source: `ReplicaManager.appendRecords`, `Partition.appendRecordsToLeader`,
//! `checkEnoughReplicasReachOffset`, `DelayedProduce`, `UnifiedLog.analyzeAndValidateProducerState`,
//! `SocketServer.Processor` (a connection is muted while a request of it is handled).
//!
//! Left out: a refused acks=0 produce closes the connection in Kafka; here the producer never learns.

use super::fetch::not_hosted;
use super::manager::ReplicaManager;
use super::partition::{Partition, Role};
use super::producer_state::Verdict;
use super::purgatory::{DelayedBatch, DelayedProduce};
use crate::config::Acks;
use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::record::{Entry, Record};
use crate::sequence::{ProducerEpoch, Sequence, Stamp};
use crate::time::Time;
use crate::wire::{ErrorCode, Message, ProduceBatch, ProduceRequest, ProduceResponse, ProduceResult};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A produce that waits for its turn: requests of one connection are handled one after another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldProduce {
    pub(super) from: NodeId,
    correlation: Correlation,
    request: ProduceRequest,
}

impl ReplicaManager {
    pub(super) fn on_produce(
        &mut self,
        now: Time,
        image: &Image,
        (from, correlation): (NodeId, Correlation),
        request: ProduceRequest,
        out: &mut Out,
    ) {
        if self.is_busy_with(from) || self.held_back.iter().any(|held| held.from == from) {
            self.held_back.push_back(HeldProduce { from, correlation, request });
        } else {
            self.handle_produce(now, image, (from, correlation), request, out);
        }
    }

    /// Whether a produce of this producer waits for the ISR.
    fn is_busy_with(&self, producer: NodeId) -> bool {
        self.produces.iter().any(|(_, produce)| produce.from == producer)
    }

    /// Handles the produces whose turn has come.
    pub(super) fn serve_held_back(&mut self, now: Time, image: &Image, out: &mut Out) {
        while let Some(next) = self.held_back.iter().position(|held| !self.is_busy_with(held.from))
            && let Some(HeldProduce { from, correlation, request }) = self.held_back.remove(next)
        {
            self.handle_produce(now, image, (from, correlation), request, out);
        }
    }

    fn handle_produce(
        &mut self,
        now: Time,
        image: &Image,
        (from, correlation): (NodeId, Correlation),
        request: ProduceRequest,
        out: &mut Out,
    ) {
        let mut batches = Vec::with_capacity(request.batches.len());
        for batch in &request.batches {
            let appended = self.append_to_leader(now, image, batch, request.acks, out);
            if let Err(error) = appended {
                out.note(Note::ProduceRefused { partition: batch.partition, producer: from, error });
            }
            batches.push(self.first_answer(image, batch, appended));
        }
        let produce = DelayedProduce { from, correlation, batches };
        match request.acks {
            Acks::Zero => {}
            Acks::One => respond(produce, out),
            Acks::All => {
                let key = self.produces.park(produce);
                if !self.maybe_complete_produce(image, key, out) {
                    out.arm(Timer::DelayedProduce(key), request.timeout);
                }
            }
        }
        for batch in &request.batches {
            self.complete_delayed_requests(image, batch.partition, out);
        }
    }

    /// Appends a batch of the broker's own, as a produce with acks=all would: what a coordinator writes. Returns the
    /// log end that has to be committed.
    ///
    /// # Errors
    /// As a produce: not the leader, too small an ISR, a disk that fails.
    pub fn append_as_leader(
        &mut self,
        now: Time,
        image: &Image,
        partition: TopicPartition,
        records: Vec<Record>,
        out: &mut Out,
    ) -> Result<Offset, ErrorCode> {
        let batch = ProduceBatch { partition, records };
        let (_, end) = self.append_to_leader(now, image, &batch, Acks::All, out)?;
        self.complete_delayed_requests(image, partition, out);
        Ok(end)
    }

    /// Appends a batch as the leader. Returns its first offset and the log end after it.
    fn append_to_leader(
        &mut self,
        now: Time,
        image: &Image,
        batch: &ProduceBatch,
        acks: Acks,
        out: &mut Out,
    ) -> Result<(Offset, Offset), ErrorCode> {
        let id = batch.partition;
        if self.partitions.get(&id).is_some_and(Partition::is_leader) && self.append_fails(id, out) {
            return Err(ErrorCode::KafkaStorageError);
        }
        let (Some(partition), Some(replica)) =
            (self.partitions.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return Err(not_hosted(image, id));
        };
        let Role::Leader(leader) = &partition.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let min_isr = image.effective_min_isr(id, &self.settings);
        let raft = self.rafts.is_some();
        if acks == Acks::All && !raft && leader.isr.committed().len() < min_isr {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let count = batch.records.len() as u32;
        let stamp = batch.records.first().map_or(Stamp::NONE, |record| record.stamp);
        match replica.producers.check(stamp.producer(), stamp.sequence, count) {
            Verdict::New => {}
            Verdict::Duplicate(appended) => {
                let base = appended.first_offset();
                out.note(duplicate_note(id, stamp, base, count));
                return Ok((base, appended.last_offset.next()));
            }
            Verdict::Refused { error, expected, epoch } => {
                out.note(refused_note(id, stamp, error, (epoch, expected)));
                return Err(error);
            }
        }
        if raft {
            let stamped =
                |(index, &body): (_, &Record)| Record { stamp: Stamp { index, ..body.stamp }, ..body };
            let records = (0..).zip(&batch.records).map(stamped).collect();
            return self.append_to_group(now, image, id, records, out).ok_or(ErrorCode::NotLeaderOrFollower);
        }
        let (base, epoch) = (replica.leo(), partition.leader_epoch);
        for (index, &body) in (0..).zip(&batch.records) {
            let stamp = Stamp { index, ..body.stamp };
            replica.append(Entry { epoch, body: Record { stamp, ..body } }, now);
        }
        out.note(Note::RecordsAppended { partition: id, base, count, epoch });
        // With an ISR of one the append commits at once.
        partition.maybe_increment_hw(id, replica.leo(), now, image, &self.settings, out);
        Ok((base, replica.leo()))
    }

    /// The answer to a batch right after its append; `required` is what acks=all still waits for.
    fn first_answer(
        &self,
        image: &Image,
        batch: &ProduceBatch,
        appended: Result<(Offset, Offset), ErrorCode>,
    ) -> DelayedBatch {
        let partition = batch.partition;
        match appended {
            Ok((base, end)) => {
                let base_offset = Some(base);
                let error = ErrorCode::None;
                let result = ProduceResult { partition, error, base_offset, current_leader: None };
                DelayedBatch { result, required: Some(end) }
            }
            Err(error) => {
                let refused = ProduceResult {
                    partition,
                    error: ErrorCode::None,
                    base_offset: None,
                    current_leader: None,
                };
                DelayedBatch { result: self.with_error(image, refused, error), required: None }
            }
        }
    }

    fn with_error(&self, image: &Image, result: ProduceResult, error: ErrorCode) -> ProduceResult {
        let moved = error == ErrorCode::NotLeaderOrFollower;
        let current_leader = if moved { self.leader_hint(image, result.partition) } else { None };
        ProduceResult { error, current_leader, ..result }
    }

    /// Answers the parked produces of `partition` that are decided by now.
    pub(super) fn complete_produces(&mut self, image: &Image, partition: TopicPartition, out: &mut Out) {
        for key in 0..self.produces.keys_end() {
            if self.produces.get(key).is_some_and(|produce| produce.waits_for(partition))
                && self.maybe_complete_produce(image, key, out)
            {
                out.disarm(Timer::DelayedProduce(key));
            }
        }
    }

    /// Decides what can be decided of a parked produce and answers it when nothing is left to wait for.
    fn maybe_complete_produce(&mut self, image: &Image, key: u32, out: &mut Out) -> bool {
        let Some(mut produce) = self.produces.take(key) else { return false };
        for batch in &mut produce.batches {
            let Some(required) = batch.required else { continue };
            if let Some(error) = self.verdict(image, batch.result.partition, required) {
                batch.result = self.with_error(image, batch.result, error);
                batch.required = None;
            }
        }
        if produce.is_decided() {
            respond(produce, out);
            return true;
        }
        self.produces.put_back(key, produce);
        false
    }

    /// What became of a batch that ends at `required`; `None` while it has to wait
    /// (`checkEnoughReplicasReachOffset`).
    fn verdict(&self, image: &Image, id: TopicPartition, required: Offset) -> Option<ErrorCode> {
        let Some(partition) = self.partitions.get(&id) else { return Some(not_hosted(image, id)) };
        let Role::Leader(leader) = &partition.role else { return Some(ErrorCode::NotLeaderOrFollower) };
        if partition.hw < required {
            return None;
        }
        let min_isr = image.effective_min_isr(id, &self.settings);
        let enough = self.rafts.is_some() || leader.isr.maximal().len() >= min_isr;
        Some(if enough { ErrorCode::None } else { ErrorCode::NotEnoughReplicasAfterAppend })
    }

    /// The time of a parked produce is up: what is not decided has timed out. Its records stay in the log.
    pub(super) fn expire_produce(&mut self, image: &Image, key: u32, out: &mut Out) {
        let Some(mut produce) = self.produces.take(key) else { return };
        let producer = produce.from;
        for batch in &mut produce.batches {
            let Some(waiting_for) = batch.required.take() else { continue };
            let partition = batch.result.partition;
            batch.result = self.with_error(image, batch.result, ErrorCode::RequestTimedOut);
            let hw = self.partitions.get(&partition).map_or(Offset(0), |state| state.hw);
            out.note(Note::ProduceTimedOut { partition, producer, waiting_for, hw });
        }
        respond(produce, out);
    }
}

/// A batch came that is in the log already.
fn duplicate_note(partition: TopicPartition, stamp: Stamp, base: Offset, count: u32) -> Note {
    let Stamp { producer_id, epoch, sequence, .. } = stamp;
    Note::DuplicateBatch { partition, producer_id, epoch, sequence, count, base }
}

/// A batch came that may not be appended: of an older epoch, or with a gap before it.
fn refused_note(
    partition: TopicPartition,
    stamp: Stamp,
    error: ErrorCode,
    (known, expected): (ProducerEpoch, Sequence),
) -> Note {
    let Stamp { producer_id, epoch, sequence, .. } = stamp;
    if error == ErrorCode::InvalidProducerEpoch {
        return Note::ProducerEpochRefused { partition, producer_id, epoch, known };
    }
    Note::OutOfOrderSequence { partition, producer_id, epoch, sequence, expected }
}

fn respond(produce: DelayedProduce, out: &mut Out) {
    let results = produce.batches.iter().map(|batch| batch.result).collect();
    out.respond(produce.from, produce.correlation, Message::ProduceResponse(ProduceResponse { results }));
}
