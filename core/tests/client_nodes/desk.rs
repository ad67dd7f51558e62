//! A client on a test's desk: metadata requests are answered at once from `cluster`, requests to dead brokers break
//! the connection at once, everything else waits in the outbox for the test. What happens is written down.

use kraftscope_core::client::{Consumer, Producer};
use kraftscope_core::config::{EnableIdempotence, Settings};
use kraftscope_core::id::{
    CallId, Correlation, LeaderEpoch, NodeId, NodeList, Offset, Text, TopicId, TopicPartition,
};
use kraftscope_core::node::{Command, Effect, Input, Out, Timer};
use kraftscope_core::record::{Entry, Record};
use kraftscope_core::sequence::{ProducerEpoch, ProducerId, ProducerIdAndEpoch};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{
    Envelope, EpochAsked, EpochEndAnswer, ErrorCode, FetchResponse, Fetched, FetchedPartition,
    InitProducerIdResponse, LeaderHint, ListOffsetsRequest, ListOffsetsResponse, Message, MetadataResponse,
    OffsetForLeaderEpochResponse, PartitionMetadata, ProduceResponse, ProduceResult,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;

/// Most inputs that a client may need at one instant before the desk calls it a loop.
const MOST_AT_ONE_INSTANT: u32 = 500;

pub(crate) trait Client {
    fn take(&mut self, now: Time, input: Input, out: &mut Out);
}

impl Client for Producer {
    fn take(&mut self, now: Time, input: Input, out: &mut Out) {
        self.on(now, input, out);
    }
}

impl Client for Consumer {
    fn take(&mut self, now: Time, input: Input, out: &mut Out) {
        self.on(now, input, out);
    }
}

/// A request that waits for the test's answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) to: NodeId,
    pub(crate) correlation: Correlation,
    pub(crate) message: Message,
}

pub(crate) struct Desk<C> {
    pub(crate) client: C,
    pub(crate) now: Time,
    pub(crate) cluster: MetadataResponse,
    pub(crate) outbox: VecDeque<Waiting>,
    /// Connections to these are refused.
    pub(crate) dead: BTreeSet<NodeId>,
    /// Requests to these are swallowed.
    pub(crate) cut: BTreeSet<NodeId>,
    pub(crate) timers: BTreeMap<Timer, Time>,
    /// Requests for producer ids are answered at once: 1, 2 and so on.
    pub(crate) gives_ids: bool,
    /// The preferred read replica of the fetch answers that follow.
    pub(crate) preferred: Option<NodeId>,
    next_id: u32,
    log: String,
    out: Out,
    inputs: VecDeque<Input>,
    at_this_instant: u32,
    calls: u64,
}

pub(crate) const ORDERS: TopicId = TopicId(0);

pub(crate) fn orders(partition: u16) -> TopicPartition {
    TopicPartition { topic: ORDERS, partition }
}

pub(crate) fn text(text: &str) -> Text {
    Text::new(text).expect("short")
}

/// This id in its first epoch.
pub(crate) fn producer_id(id: u32) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch { producer_id: ProducerId(id), epoch: ProducerEpoch(0) }
}

pub(crate) fn broker(number: u8) -> NodeId {
    NodeId::broker(number)
}

/// A cluster of three brokers with one topic: leader (0: none) and leader epoch per partition.
pub(crate) fn cluster(leaders: &[(u8, u32)]) -> MetadataResponse {
    let partitions = leaders.iter().zip(0..).map(|(&(leader, epoch), partition)| PartitionMetadata {
        partition: orders(partition),
        leader: (leader > 0).then_some(broker(leader)),
        leader_epoch: Some(LeaderEpoch(epoch)),
    });
    MetadataResponse {
        brokers: NodeList::brokers(&[1, 2, 3]),
        topics: vec![(ORDERS, text("orders"))],
        partitions: partitions.collect(),
    }
}

/// Kafka's defaults with idempotence off, and back-offs that do not grow and have no jitter: 100 ms to retry, 50 ms to
/// reconnect.
/// Kafka's defaults with idempotence off.
pub(crate) fn plain() -> Settings {
    Settings { enable_idempotence: EnableIdempotence::Explicit(false), ..Settings::default() }
}

pub(crate) fn steady() -> Settings {
    Settings {
        enable_idempotence: EnableIdempotence::Explicit(false),
        retry_backoff_max: Span::millis(100),
        reconnect_backoff_max: Span::millis(50),
        socket_connection_setup_timeout_max: Span::millis(10_000),
        ..Settings::default()
    }
}

pub(crate) fn hint(leader: u8, epoch: u32) -> Option<LeaderHint> {
    Some(LeaderHint { leader: broker(leader), leader_epoch: LeaderEpoch(epoch) })
}

pub(crate) fn entry(epoch: u32, value: u32) -> Entry<Record> {
    let record = Record::new(Text::default(), NodeId::producer(1), value);
    Entry { epoch: LeaderEpoch(epoch), body: record }
}

impl<C: Client> Desk<C> {
    pub(crate) fn new(client: C, cluster: MetadataResponse) -> Desk<C> {
        Desk {
            client,
            now: Time::ZERO,
            cluster,
            outbox: VecDeque::new(),
            dead: BTreeSet::new(),
            cut: BTreeSet::new(),
            timers: BTreeMap::new(),
            gives_ids: true,
            preferred: None,
            next_id: 0,
            log: String::new(),
            out: Out::new(7),
            inputs: VecDeque::new(),
            at_this_instant: 0,
            calls: 0,
        }
    }

    /// Gives the client one input, and all that follows from it at this instant.
    pub(crate) fn input(&mut self, input: Input) -> &mut Self {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            self.at_this_instant += 1;
            assert!(self.at_this_instant < MOST_AT_ONE_INSTANT, "a loop at {}:\n{}", self.now, self.log);
            self.client.take(self.now, input, &mut self.out);
            for effect in std::mem::take(&mut self.out.effects) {
                self.effect(effect);
            }
        }
        self
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Send { to, correlation, message } => self.send(Waiting { to, correlation, message }),
            Effect::Arm(timer, range) => {
                self.timers.insert(timer, self.now + *range.start());
            }
            Effect::Disarm(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Reply(call, outcome) => self.say(&format!("reply {call}: {outcome:?}")),
            Effect::Note(note) => {
                let note = serde_json::to_string(&note).expect("a note is plain data");
                let note = note.replace(r#"{"topic":0,"partition":0}"#, "orders-0");
                let note = note.replace(r#"{"topic":0,"partition":1}"#, "orders-1");
                self.say(&note.replace(['"', '{', '}'], "").replace("note:", "  ").replace(',', ", "));
            }
            Effect::Exit { .. } => self.say("exit"),
        }
    }

    fn send(&mut self, waiting: Waiting) {
        self.say(&format!("{} to {}", summary(&waiting.message), waiting.to));
        if self.cut.contains(&waiting.to) {
            return;
        }
        if self.dead.contains(&waiting.to) {
            self.inputs.push_back(Input::Disconnected(waiting.to));
        } else if waiting.message == Message::MetadataRequest {
            let message = Message::MetadataResponse(self.cluster.clone());
            self.inputs.push_back(self.answer_of(&waiting, message));
        } else if waiting.message == Message::InitProducerIdRequest && self.gives_ids {
            self.next_id += 1;
            let producer = producer_id(self.next_id);
            let response = InitProducerIdResponse { error: ErrorCode::None, producer };
            self.inputs.push_back(self.answer_of(&waiting, Message::InitProducerIdResponse(response)));
        } else {
            self.outbox.push_back(waiting);
        }
    }

    fn answer_of(&self, waiting: &Waiting, message: Message) -> Input {
        let (from, correlation) = (waiting.to, waiting.correlation);
        Input::Deliver(Envelope { from, to: NodeId::producer(1), correlation, message })
    }

    fn say(&mut self, line: &str) {
        writeln!(self.log, "{} {line}", self.now).expect("a string grows");
    }

    pub(crate) fn boot(&mut self) -> &mut Self {
        self.input(Input::Boot)
    }

    pub(crate) fn call(&mut self, command: Command) -> &mut Self {
        self.calls += 1;
        self.input(Input::Call(CallId(self.calls), command))
    }

    /// Lets time pass; timers run out in order.
    pub(crate) fn wait(&mut self, span: Span) -> &mut Self {
        let end = self.now + span;
        while let Some((&timer, &due)) = self.timers.iter().min_by_key(|&(_, &due)| due)
            && due <= end
        {
            self.pass(due);
            self.timers.remove(&timer);
            self.input(Input::Fire(timer));
        }
        self.pass(end);
        self
    }

    fn pass(&mut self, time: Time) {
        if time > self.now {
            self.now = time;
            self.at_this_instant = 0;
        }
    }

    pub(crate) fn wait_ms(&mut self, millis: u64) -> &mut Self {
        self.wait(Span::millis(millis))
    }

    /// Answers the oldest waiting request.
    pub(crate) fn answer(&mut self, message: Message) -> &mut Self {
        let waiting = self.outbox.pop_front().expect("a request waits");
        let input = self.answer_of(&waiting, message);
        self.input(input)
    }

    /// Answers the oldest request as a leader would that appends every batch at `base`.
    pub(crate) fn acknowledge(&mut self, base: u64) -> &mut Self {
        self.answer_produce(ErrorCode::None, Some(base), None)
    }

    /// Refuses every batch of the oldest request.
    pub(crate) fn refuse(&mut self, error: ErrorCode, hint: Option<LeaderHint>) -> &mut Self {
        self.answer_produce(error, None, hint)
    }

    fn answer_produce(&mut self, error: ErrorCode, base: Option<u64>, hint: Option<LeaderHint>) -> &mut Self {
        let Some(Waiting { message: Message::ProduceRequest(request), .. }) = self.outbox.front() else {
            panic!("no produce request waits: {:?}", self.outbox)
        };
        let result = |partition| ProduceResult {
            partition,
            error,
            base_offset: base.map(Offset),
            current_leader: hint,
        };
        let results = request.batches.iter().map(|batch| result(batch.partition)).collect();
        self.answer(Message::ProduceResponse(ProduceResponse { results }))
    }

    /// Answers the oldest request, a fetch, with the same answer for each of its partitions.
    pub(crate) fn fetched(
        &mut self,
        error: ErrorCode,
        hint: Option<LeaderHint>,
        records: &[Entry<Record>],
    ) -> &mut Self {
        let Some(Waiting { message: Message::FetchRequest(request), .. }) = self.outbox.front() else {
            panic!("no fetch waits: {:?}", self.outbox)
        };
        let answer = |asked: &kraftscope_core::wire::FetchPartition| FetchedPartition {
            partition: asked.partition,
            error,
            high_watermark: asked.fetch_offset.plus(records.len() as u64),
            log_start_offset: Offset(0),
            current_leader: hint,
            preferred_read_replica: self.preferred,
            data: Fetched::Records(records.to_vec()),
        };
        let partitions = request.partitions.iter().map(answer).collect();
        self.answer(Message::FetchResponse(FetchResponse { partitions }))
    }

    /// Answers the oldest request, a look-up.
    pub(crate) fn looked_up(&mut self, error: ErrorCode, offset: u64) -> &mut Self {
        let Some(Waiting { message: Message::ListOffsetsRequest(request), .. }) = self.outbox.front() else {
            panic!("no look-up waits: {:?}", self.outbox)
        };
        let ListOffsetsRequest { partition, offset: which, .. } = *request;
        self.answer(Message::ListOffsetsResponse(ListOffsetsResponse {
            partition,
            error,
            offset: Offset(offset),
            which,
        }))
    }

    /// Answers the oldest request, a question where an epoch ends: leader epoch and end offset, or undefined.
    pub(crate) fn epoch_ends(&mut self, error: ErrorCode, end: Option<(u32, u64)>) -> &mut Self {
        let Some(Waiting { message: Message::OffsetForLeaderEpochRequest(request), .. }) =
            self.outbox.front()
        else {
            panic!("no validation waits: {:?}", self.outbox)
        };
        let answer = |asked: &EpochAsked| EpochEndAnswer {
            partition: asked.partition,
            error,
            leader_epoch: end.map(|(epoch, _)| LeaderEpoch(epoch)),
            end_offset: end.map(|(_, end)| Offset(end)),
        };
        let partitions = request.partitions.iter().map(answer).collect();
        self.answer(Message::OffsetForLeaderEpochResponse(OffsetForLeaderEpochResponse { partitions }))
    }

    /// The broker dies: connections to it break, and are refused from now on.
    pub(crate) fn crash(&mut self, number: u8) -> &mut Self {
        self.dead.insert(broker(number));
        self.outbox.retain(|waiting| waiting.to != broker(number));
        self.input(Input::Disconnected(broker(number)))
    }

    /// What happened since the last call.
    pub(crate) fn log(&mut self) -> String {
        std::mem::take(&mut self.log)
    }

    /// Forgets what happened so far.
    pub(crate) fn quiet(&mut self) -> &mut Self {
        self.log.clear();
        self
    }
}

fn summary(message: &Message) -> String {
    match message {
        Message::ProduceRequest(request) => {
            let batches = request.batches.iter().map(|batch| {
                let values: Vec<_> = batch.records.iter().map(|record| record.value.to_string()).collect();
                let stamp = batch.records[0].stamp;
                let number = match stamp.has_producer_id() {
                    true => format!("#{}:{}:{}", stamp.producer_id, stamp.epoch, stamp.sequence),
                    false => String::new(),
                };
                format!(" orders-{}=[{}]{number}", batch.partition.partition, values.join(" "))
            });
            format!("Produce acks={:?}{}", request.acks, batches.collect::<String>())
        }
        Message::FetchRequest(request) => {
            let asked = request.partitions.iter().map(|asked| {
                let epoch = asked.current_leader_epoch.map_or(-1, |epoch| i64::from(epoch.0));
                format!(" orders-{}@{} epoch {epoch}", asked.partition.partition, asked.fetch_offset)
            });
            format!("Fetch{}", asked.collect::<String>())
        }
        Message::ListOffsetsRequest(request) => {
            format!("ListOffsets {:?} orders-{}", request.offset, request.partition.partition)
        }
        Message::OffsetForLeaderEpochRequest(request) => {
            let epoch = |epoch: Option<LeaderEpoch>| epoch.map_or(-1, |epoch| i64::from(epoch.0));
            let asked = request.partitions.iter().map(|asked| {
                let (of, current) = (asked.leader_epoch, epoch(asked.current_leader_epoch));
                format!(" orders-{} end of epoch {of}, current {current}", asked.partition.partition)
            });
            format!("OffsetForLeaderEpoch{}", asked.collect::<String>())
        }
        other => other.api().to_string(),
    }
}
