//! An idempotent producer at work: it gets a producer id, and moves batches as [`super::transaction`] says.
//!
//! Keeps: without a producer id nothing is sent; batches of one partition reach the log in the order of their
//! records and once, whatever is lost on the way, as long as `delivery.timeout.ms` has not run out for any of them.
//! Source: `Sender.runOnce`, `maybeSendAndPollTransactionalRequest`, `TransactionManager.InitProducerIdHandler`.

use super::batch::Batch;
use super::producer::Producer;
use super::retriable::is_retriable;
use super::transaction::{InitProducerId, TransactionManager};
use crate::id::{Correlation, NodeId, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::sequence::{ProducerIdAndEpoch, Sequence};
use crate::time::Time;
use crate::wire::{ErrorCode, InitProducerIdResponse, Message};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Producer {
    /// Sees to a valid producer id and epoch; false while the sender has to wait for it.
    pub(super) fn obtain_producer_id(&mut self, now: Time, out: &mut Out) -> bool {
        let Some(transactions) = &mut self.transactions else { return true };
        transactions.maybe_resolve_sequences();
        if let Some(partitions) = transactions.maybe_bump_epoch() {
            self.begin_epoch(partitions, out);
        }
        let Some(transactions) = &mut self.transactions else { return true };
        if !transactions.has_producer_id() && transactions.init == InitProducerId::Idle {
            transactions.init = InitProducerId::Wanted { target: None, not_before: now };
        }
        match transactions.init {
            InitProducerId::Idle => return true,
            InitProducerId::InFlight(_) => {}
            InitProducerId::Wanted { not_before, .. } if now < not_before => {}
            InitProducerId::Wanted { target, .. } => self.ask_for_producer_id(target, now, out),
        }
        false
    }

    /// Asks the broker that it has chosen, once the connection stands; any broker will do.
    fn ask_for_producer_id(&mut self, target: Option<NodeId>, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        let again = InitProducerId::Wanted { target: None, not_before: now + settings.retry_backoff };
        let target = target.or_else(|| self.network.least_loaded_node(&settings, now, out));
        let init = match target {
            Some(node) if self.network.ready(node, &settings, now, out) => {
                let request = Message::InitProducerIdRequest;
                InitProducerId::InFlight(self.network.send(node, request, &settings, now, out))
            }
            // The connection could not be opened: perhaps another broker can be reached.
            Some(node) if self.network.backs_off(node, now) => {
                self.network.metadata.request_update();
                again
            }
            Some(_) => InitProducerId::Wanted { target, not_before: now },
            None => again,
        };
        self.set_init(init);
    }

    fn set_init(&mut self, init: InitProducerId) {
        if let Some(transactions) = &mut self.transactions {
            transactions.init = init;
        }
    }

    /// When it asks for a producer id, if it has to.
    pub(super) fn asks_for_producer_id_at(&self) -> Option<Time> {
        match self.transactions.as_ref()?.init {
            InitProducerId::Wanted { not_before, .. } => Some(not_before),
            InitProducerId::Idle | InitProducerId::InFlight(_) => None,
        }
    }

    /// The answer of a broker that was asked for a producer id.
    pub(super) fn on_producer_id(
        &mut self,
        broker: NodeId,
        correlation: Correlation,
        response: InitProducerIdResponse,
        now: Time,
        out: &mut Out,
    ) {
        if !self.waits_for_producer_id(correlation) {
            return;
        }
        self.last_error = response.error;
        if !response.error.is_none() {
            return self.fail_producer_id_request(correlation, now);
        }
        let ProducerIdAndEpoch { producer_id, epoch } = response.producer;
        out.note(Note::ProducerIdAssigned { broker, producer_id, epoch });
        if let Some(transactions) = &mut self.transactions {
            (transactions.producer, transactions.init) = (response.producer, InitProducerId::Idle);
        }
    }

    /// The question came to nothing: it is asked again after `retry.backoff.ms`.
    pub(super) fn fail_producer_id_request(&mut self, correlation: Correlation, now: Time) {
        if self.waits_for_producer_id(correlation) {
            let not_before = now + self.settings.retry_backoff;
            self.set_init(InitProducerId::Wanted { target: None, not_before });
        }
    }

    fn waits_for_producer_id(&self, correlation: Correlation) -> bool {
        let waits_for = InitProducerId::InFlight(correlation);
        self.transactions.as_ref().is_some_and(|transactions| transactions.init == waits_for)
    }

    /// A new epoch has begun: the batches of these partitions get new numbers.
    fn begin_epoch(&mut self, partitions: BTreeSet<TopicPartition>, out: &mut Out) {
        let Some(transactions) = &mut self.transactions else { return };
        let ProducerIdAndEpoch { producer_id, epoch } = transactions.producer;
        for partition in partitions {
            let on_wire = self.in_flight.iter_mut().flat_map(|request| &mut request.batches);
            let on_wire = on_wire.filter_map(|sent| sent.batch.as_mut());
            let queued = self.accumulator.queues.get_mut(&partition).into_iter().flatten();
            let mut batches: Vec<&mut Batch> = on_wire
                .chain(queued)
                .filter(|batch| batch.partition == partition && batch.has_sequence())
                .collect();
            transactions.start_at_beginning(partition, &mut batches);
            if transactions.has_producer_id() {
                out.note(Note::ProducerEpochBumped { partition, producer_id, epoch });
            }
        }
    }

    /// Whether a refused batch may be sent again (`Sender.canRetry`).
    pub(super) fn can_retry(&mut self, batch: &Batch, error: ErrorCode) -> bool {
        match self.transactions.as_mut().filter(|_| batch.has_sequence()) {
            Some(transactions) => transactions.can_retry(batch, error),
            None => is_retriable(error),
        }
    }

    /// The application was told that the time of this batch is over.
    pub(super) fn give_up(&mut self, batch: &Batch) {
        let Some(transactions) = self.transactions.as_mut().filter(|_| batch.has_sequence()) else { return };
        transactions.on_failed(batch, false);
        if batch.attempts > 0 {
            transactions.mark_unresolved(batch);
        }
    }

    /// An answer to a batch that was given up: when it was appended its numbers are taken.
    pub(super) fn on_late_answer(
        &mut self,
        partition: TopicPartition,
        last: Option<Sequence>,
        error: Option<ErrorCode>,
    ) {
        if let (Some(transactions), Some(last), Some(ErrorCode::None)) = (&mut self.transactions, last, error)
        {
            transactions.on_acked(partition, last);
        }
    }

    /// Turns idempotence on or off, as a new producer would have it from its beginning.
    pub(super) fn set_idempotence(&mut self, idempotent: bool) {
        if idempotent == self.transactions.is_some() {
            return;
        }
        self.transactions = idempotent.then(TransactionManager::default);
        let on_wire = self.in_flight.iter_mut().flat_map(|request| &mut request.batches);
        let on_wire = on_wire.filter_map(|sent| sent.batch.as_mut());
        for batch in on_wire.chain(self.accumulator.queues.values_mut().flatten()) {
            batch.set_producer_state(ProducerIdAndEpoch::NONE, Sequence::NONE);
        }
    }
}
