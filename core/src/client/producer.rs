//! A producer: its workload, the sends of its application, and what the application was told.
//!
//! It does not know brokers' state; all it has is metadata and answers. What happens to batches on the wire is in
//! [`super::sender`]. Invariants: every record has a serial number of its own; every record that was taken ends
//! acknowledged, failed, or (acks=0) unanswered, exactly once.
//! Sources: `KafkaProducer`, `ProducerConfig`.
//!
//! Left out: transactions; serializers, interceptors, compression, flush, close.

use super::accumulator::{ProducerRecord, RecordAccumulator};
use super::network::{Answer, NetworkClient};
use super::sender::{Delivery, ProduceInFlight};
use super::transaction::TransactionManager;
use crate::config::{Acks, Settings};
use crate::id::{CallId, NodeId, NodeList, Text, TopicId, TopicPartition};
use crate::node::{Command, Input, Out, Outcome, Timer};
use crate::record::Record;
use crate::time::{Span, Time};
use crate::wire::ErrorCode;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most records that one [`Command::Send`] may ask for.
pub const MOST_RECORDS_PER_SEND: u32 = 10_000;

/// What a producer does all day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerSpec {
    /// Names of the topics of its workload, taken in turn.
    pub topics: Vec<Text>,
    /// Time between two records of its workload; zero: it sends on command only.
    pub interval: Span,
    /// Number of distinct keys, `key-0` and on; zero: no key.
    pub keys: u32,
    /// Its `acks`; `None` takes the setting.
    pub acks: Option<Acks>,
}

/// Which topic a send is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// By id.
    Id(TopicId),
    /// By name.
    Name(Text),
}

/// A send that waits for metadata (`KafkaProducer.waitOnMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockedSend {
    /// Which topic.
    pub target: Target,
    /// The partition, if the application chose it.
    pub partition: Option<u16>,
    /// The key; empty for none.
    pub key: Text,
    /// How many records.
    pub count: u32,
    /// Since when it waits.
    pub since: Time,
    /// The command that asked for it; `None` for the workload.
    pub call: Option<CallId>,
}

/// The batch as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BatchState {
    /// Where to.
    pub partition: TopicPartition,
    /// Serial number of its first record.
    pub first: u32,
    /// How many records.
    pub count: u32,
    /// How often it was sent.
    pub sent: u32,
    /// The broker whose answer it waits for; `None` while it is queued.
    pub leader: Option<NodeId>,
    /// End of its back-off, while one runs.
    pub retry_at: Option<Time>,
    /// When `delivery.timeout.ms` is over.
    pub deadline: Time,
}

/// A producing client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Producer {
    /// Who it is.
    pub id: NodeId,
    /// Its workload.
    pub spec: ProducerSpec,
    /// Its present `acks`.
    pub acks: Acks,
    /// Connections and metadata.
    pub network: NetworkClient,
    /// Producer id and sequence numbers; `None` with idempotence off, so that retries may reorder and duplicate.
    pub transactions: Option<TransactionManager>,
    /// Batches that wait.
    pub accumulator: RecordAccumulator,
    /// Requests that wait for an answer.
    pub in_flight: Vec<ProduceInFlight>,
    /// Sends that wait for metadata.
    pub blocked: Vec<BlockedSend>,
    /// Serial number of the next record.
    pub next_value: u32,
    /// When the workload's next record is due.
    pub next_record: Option<Time>,
    /// Records of the workload so far.
    pub turn: u32,
    /// Records whose acknowledgement arrived.
    pub acknowledged: u32,
    /// Records that the application was told have failed.
    pub failed: u32,
    /// Records that were sent with acks=0: nobody will ever know.
    pub unanswered: u32,
    /// Batches that were sent again.
    pub retried: u32,
    /// The error of the last answer; `None` when it was a success.
    pub last_error: ErrorCode,
    /// The last fates of batches, newest last.
    pub history: Vec<Delivery>,
    pub(super) settings: Arc<Settings>,
    bootstrap: NodeList,
}

impl Producer {
    /// A producer that knows these bootstrap servers.
    pub fn new(id: NodeId, settings: Arc<Settings>, spec: ProducerSpec, bootstrap: NodeList) -> Producer {
        let acks = spec.acks.unwrap_or(settings.acks);
        Producer {
            id,
            acks,
            transactions: settings.is_idempotent(acks).then(TransactionManager::default),
            spec,
            network: NetworkClient::new(bootstrap, Vec::new()),
            accumulator: RecordAccumulator::default(),
            in_flight: Vec::new(),
            blocked: Vec::new(),
            next_value: 0,
            next_record: None,
            turn: 0,
            acknowledged: 0,
            failed: 0,
            unanswered: 0,
            retried: 0,
            last_error: ErrorCode::None,
            history: Vec::new(),
            settings,
            bootstrap,
        }
    }

    /// The same producer after a crash: nothing is remembered, but serial numbers go on, so that every record of a
    /// run stays unique.
    #[must_use]
    pub fn restarted(&self) -> Producer {
        let settings = Arc::clone(&self.settings);
        let spec = ProducerSpec { acks: Some(self.acks), ..self.spec.clone() };
        let fresh = Producer::new(self.id, settings, spec, self.bootstrap);
        Producer { next_value: self.next_value, turn: self.turn, ..fresh }
    }

    /// Takes one input.
    pub fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        match input {
            Input::Boot => {
                self.network.open(now);
                self.set_interval(self.spec.interval, now);
            }
            Input::Deliver(envelope) => {
                let (from, overtakes) = (envelope.from, self.network.overtakes(&envelope));
                if self.network.on_response(&envelope, &settings, now, out) == Answer::Data {
                    self.on_answer(envelope, now, out);
                }
                if overtakes {
                    let failed = self.network.disconnect(from, &settings, now, out);
                    self.fail_requests(&failed, ErrorCode::NetworkException, now, out);
                }
            }
            Input::Disconnected(node) => {
                let failed = self.network.disconnect(node, &settings, now, out);
                self.fail_requests(&failed, ErrorCode::NetworkException, now, out);
            }
            Input::Fire(Timer::ClientRequest(node)) => {
                let failed = self.network.on_request_timeout(node, &settings, now, out);
                self.fail_requests(&failed, ErrorCode::RequestTimedOut, now, out);
            }
            Input::Fire(timer) => self.network.alarms.fired(timer),
            Input::Call(call, command) => self.on_command(call, command, now, out),
        }
        self.maybe_produce(now, out);
        self.unblock(now, out);
        self.run_sender(now, out);
    }

    fn on_command(&mut self, call: CallId, command: Command, now: Time, out: &mut Out) {
        match command {
            Command::Send { count, .. } if count > MOST_RECORDS_PER_SEND => {
                out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest));
            }
            Command::Send { topic, partition, key, count } => {
                let target = Target::Id(topic);
                self.send(BlockedSend { target, partition, key, count, since: now, call: Some(call) });
            }
            Command::SetRate { interval } => {
                self.spec.interval = interval;
                self.set_interval(interval, now);
                out.reply(call, Outcome::Done);
            }
            Command::SetAcks(acks) => {
                self.acks = acks;
                self.set_idempotence(self.settings.is_idempotent(acks));
                out.reply(call, Outcome::Done);
            }
            Command::ShutDown
            | Command::Resign
            | Command::CreateTopic { .. }
            | Command::ConfigureTopic { .. }
            | Command::ElectLeader { .. }
            | Command::FenceBroker(_)
            | Command::ExpireSession(_)
            | Command::Snapshot { .. }
            | Command::FailController
            | Command::AddVoter(_)
            | Command::RemoveVoter(_)
            | Command::UnregisterBroker(_)
            | Command::Reassign { .. }
            | Command::FailAppend(_)
            | Command::DeleteRecords { .. }
            | Command::Append(_) => out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest)),
        }
    }

    fn set_interval(&mut self, interval: Span, now: Time) {
        let runs = interval > Span::ZERO && !self.spec.topics.is_empty();
        self.next_record = runs.then_some(now + interval);
    }

    /// The workload sends its next record; while its last one is blocked, the application waits.
    fn maybe_produce(&mut self, now: Time, out: &mut Out) {
        if self.next_record.is_none_or(|due| due > now) {
            return;
        }
        self.next_record = None;
        if self.blocked.iter().any(|send| send.call.is_none()) {
            return;
        }
        let topics = self.spec.topics.len() as u32;
        let Some(&name) = self.spec.topics.get((self.turn % topics.max(1)) as usize) else { return };
        let key = match self.spec.keys {
            0 => Text::default(),
            keys => Text::new(&format!("key-{}", self.turn % keys)).unwrap_or_default(),
        };
        self.turn = self.turn.wrapping_add(1);
        let target = Target::Name(name);
        self.send(BlockedSend { target, partition: None, key, count: 1, since: now, call: None });
        self.unblock(now, out);
    }

    fn send(&mut self, send: BlockedSend) {
        if self.resolve(&send).is_none() {
            self.network.metadata.request_update_now();
        }
        self.blocked.push(send);
    }

    /// Appends the sends whose topic and partition are known by now, and gives up on those that have waited for
    /// `max.block.ms`.
    fn unblock(&mut self, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        for send in core::mem::take(&mut self.blocked) {
            if let Some(topic) = self.resolve(&send) {
                self.append(topic, &send, now, out);
            } else if now.since(send.since) >= settings.max_block {
                self.failed = self.failed.saturating_add(send.count);
                self.last_error = ErrorCode::RequestTimedOut;
                self.finish(&send, Outcome::Refused(ErrorCode::RequestTimedOut), now, out);
            } else {
                self.network.metadata.request_update();
                self.blocked.push(send);
            }
        }
    }

    /// The topic of `send`, once its metadata is known and the partition that was asked for exists.
    fn resolve(&self, send: &BlockedSend) -> Option<TopicId> {
        let metadata = &self.network.metadata;
        let topic = match send.target {
            Target::Id(topic) => topic,
            Target::Name(name) => metadata.topic_named(name)?,
        };
        (send.partition.unwrap_or(0) < metadata.partition_count(topic)).then_some(topic)
    }

    fn append(&mut self, topic: TopicId, send: &BlockedSend, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        self.want(topic);
        for _ in 0..send.count {
            let record = Record::new(send.key, self.id, self.next_value);
            self.next_value = self.next_value.wrapping_add(1);
            let record = ProducerRecord { topic, partition: send.partition, record };
            self.accumulator.append(record, &self.network.metadata, &settings, now, out);
        }
        self.finish(send, Outcome::Done, now, out);
    }

    /// From now on this topic's leaders matter to it (`ProducerMetadata.add`).
    fn want(&mut self, topic: TopicId) {
        let metadata = &mut self.network.metadata;
        if let Some(&name) = metadata.topics.get(&topic)
            && !metadata.wanted.contains(&name)
        {
            metadata.wanted.push(name);
        }
    }

    fn finish(&mut self, send: &BlockedSend, outcome: Outcome, now: Time, out: &mut Out) {
        match send.call {
            Some(call) => out.reply(call, outcome),
            None => self.set_interval(self.spec.interval, now),
        }
    }

    /// Every batch that it still has: those in flight, then the queues in order.
    pub fn batches(&self) -> Vec<BatchState> {
        let state = |batch: &super::batch::Batch, leader: Option<NodeId>| BatchState {
            partition: batch.partition,
            first: batch.first(),
            count: batch.count(),
            sent: batch.attempts + u32::from(leader.is_some()),
            leader,
            retry_at: (leader.is_none() && batch.attempts > 0 && !batch.has_new_leader())
                .then_some(batch.last_attempt + batch.backoff),
            deadline: batch.deadline(&self.settings),
        };
        let in_flight = self.in_flight.iter().flat_map(|request| {
            request.batches.iter().filter_map(|sent| Some((sent.batch.as_ref()?, Some(request.node))))
        });
        let queued = self.accumulator.queues.values().flatten().map(|batch| (batch, None));
        in_flight.chain(queued).map(|(batch, leader)| state(batch, leader)).collect()
    }
}
