//! A bench for replicas: brokers, a network without delay, a person in the controller's place.
//!
//! A broker that is not running is played by the test: what is sent to it lands in `outside`.

use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{
    BrokerEpoch, CallId, Correlation, Incarnation, LeaderEpoch, NodeId, NodeList, Offset, Text, TopicId,
    TopicPartition,
};
use kraftscope_core::metadata::image::{BrokerRegistration, Image, TopicImage};
use kraftscope_core::node::{Effect, Loss, Out, Outcome, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{Entry, PartitionChange, PartitionRegistration, Record};
use kraftscope_core::replication::{
    Ctx, FollowerState, LeaderState, Partition, ReplicaDisk, ReplicaLog, ReplicaManager,
};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{
    AlterPartitionRequest, AlterPartitionResponse, Envelope, ErrorCode, FetchPartition, FetchRequest,
    FetchResponse, Fetched, FetchedPartition, Fetcher, IsrAnswer, Message, ProduceBatch, ProduceRequest,
    ProduceResult,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub(super) const TP: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
pub(super) const TP1: TopicPartition = TopicPartition { topic: TopicId(0), partition: 1 };
pub(super) const B1: NodeId = NodeId::broker(1);
pub(super) const B2: NodeId = NodeId::broker(2);
pub(super) const B3: NodeId = NodeId::broker(3);
pub(super) const CONTROLLER: NodeId = NodeId::controller(1);
pub(super) const PRODUCER: NodeId = NodeId::producer(1);
pub(super) const CONSUMER: NodeId = NodeId::consumer(1);

pub(super) struct Lab {
    pub(super) now: Time,
    pub(super) settings: Settings,
    /// What the controller has.
    pub(super) image: Image,
    /// What each broker has replayed.
    pub(super) images: BTreeMap<NodeId, Image>,
    pub(super) brokers: BTreeMap<NodeId, ReplicaManager>,
    pub(super) controller: Option<NodeId>,
    pub(super) outside: Vec<Envelope>,
    pub(super) notes: Vec<(NodeId, Note)>,
    /// Brokers that ended by themselves.
    pub(super) exited: Vec<NodeId>,
    /// The answers to calls.
    pub(super) replies: Vec<Outcome>,
    dead: BTreeMap<NodeId, ReplicaDisk>,
    mail: VecDeque<Envelope>,
    timers: BTreeMap<(NodeId, Timer), Time>,
    correlation: u32,
    value: u32,
}

/// Brokers `numbers`, all unfenced; broker `n` has broker epoch `10 + n`.
fn image_of(numbers: &[u8]) -> Image {
    let mut image = Image::default();
    for &n in numbers {
        let registration = BrokerRegistration {
            incarnation: Incarnation(u32::from(n)),
            broker_epoch: BrokerEpoch(10 + u64::from(n)),
            fenced: false,
            in_controlled_shutdown: false,
        };
        image.brokers.insert(NodeId::broker(n), registration);
    }
    let name = Text::new("t").unwrap();
    let topic = TopicImage { name, min_insync_replicas: None, unclean_leader_election_enable: None };
    image.topics.insert(TopicId(0), topic);
    image
}

impl Lab {
    /// Partition 0 on these brokers, the first one leading, all in sync. Only `running` brokers really run.
    pub(super) fn new(replicas: &[u8], running: &[u8]) -> Lab {
        Lab::with(Settings::default(), replicas, replicas, running)
    }

    /// The same with another ISR and other settings.
    pub(super) fn with(settings: Settings, replicas: &[u8], isr: &[u8], running: &[u8]) -> Lab {
        let mut lab = Lab::empty(settings, &[1, 2, 3, 4]);
        let registration = PartitionRegistration::new(NodeList::brokers(replicas), NodeList::brokers(isr));
        lab.image.partitions.insert(TP, registration);
        for &n in running {
            lab.start(NodeId::broker(n), ReplicaDisk::default());
        }
        lab.publish();
        lab
    }

    /// Registered brokers, one topic, no partition, nobody running.
    pub(super) fn empty(settings: Settings, registered: &[u8]) -> Lab {
        Lab {
            now: Time(1_000_000_000),
            settings,
            image: image_of(registered),
            images: BTreeMap::new(),
            brokers: BTreeMap::new(),
            controller: Some(CONTROLLER),
            outside: Vec::new(),
            notes: Vec::new(),
            exited: Vec::new(),
            replies: Vec::new(),
            dead: BTreeMap::new(),
            mail: VecDeque::new(),
            timers: BTreeMap::new(),
            correlation: 1000,
            value: 0,
        }
    }

    // Brokers.

    /// Starts a broker from this disk. It has replayed nothing.
    pub(super) fn start(&mut self, broker: NodeId, disk: ReplicaDisk) {
        let manager = ReplicaManager::new(broker, Arc::new(self.settings), disk);
        self.brokers.insert(broker, manager);
        self.images.insert(broker, Image::default());
        self.drive(broker, |manager, now, _, _, out| manager.boot(now, out));
    }

    /// Kills a broker. Returns how many records are lost.
    pub(super) fn crash(&mut self, broker: NodeId, loss: Loss) -> u64 {
        let mut disk = self.brokers.remove(&broker).unwrap().disk;
        let lost = disk.crash(loss);
        self.dead.insert(broker, disk);
        self.timers.retain(|(node, _), _| *node != broker);
        for other in self.brokers.keys().copied().collect::<Vec<_>>() {
            self.disconnect(other, broker);
        }
        lost
    }

    /// Stops a broker in a clean way.
    pub(super) fn stop(&mut self, broker: NodeId) {
        self.brokers.get_mut(&broker).unwrap().shut_down_cleanly();
        self.crash(broker, Loss::Unflushed);
    }

    /// Starts a dead broker a moment later under a new broker epoch, and lets it replay what the controller has.
    pub(super) fn restart(&mut self, broker: NodeId) {
        self.now += Span::millis(1);
        let disk = self.dead.remove(&broker).unwrap();
        let registration = self.image.brokers.get_mut(&broker).unwrap();
        registration.broker_epoch = BrokerEpoch(registration.broker_epoch.0 + 100);
        self.start(broker, disk);
        self.publish();
    }

    /// `broker` learns that its connection to `other` broke.
    pub(super) fn disconnect(&mut self, broker: NodeId, other: NodeId) {
        self.drive(broker, |manager, now, _, ctx, out| manager.on_disconnected(now, other, ctx, out));
    }

    // Metadata.

    /// The controller changes the partition and every running broker replays it.
    pub(super) fn change(&mut self, change: PartitionChange) {
        self.decide(change);
        self.publish();
    }

    /// The controller changes the partition; nobody knows yet.
    pub(super) fn decide(&mut self, change: PartitionChange) {
        let registration = self.image.partitions.get_mut(&TP).unwrap();
        *registration = registration.merge(&change);
    }

    /// A leader and an ISR, written together: the leader epoch rises.
    pub(super) fn elect(&mut self, leader: Option<NodeId>, isr: &[u8]) {
        let isr = Some(NodeList::brokers(isr));
        self.change(PartitionChange { leader: Some(leader), isr, ..PartitionChange::default() });
    }

    /// Every running broker replays what the controller has.
    pub(super) fn publish(&mut self) {
        for broker in self.brokers.keys().copied().collect::<Vec<_>>() {
            self.publish_to(broker);
        }
    }

    /// This broker replays what the controller has.
    pub(super) fn publish_to(&mut self, broker: NodeId) {
        let (old, new) = (&self.images[&broker].partitions, &self.image.partitions);
        let ids: BTreeSet<TopicPartition> = old.keys().chain(new.keys()).copied().collect();
        let changed: Vec<TopicPartition> = ids.into_iter().filter(|id| old.get(id) != new.get(id)).collect();
        self.images.insert(broker, self.image.clone());
        self.drive(broker, |manager, now, image, ctx, out| manager.apply(now, image, &changed, ctx, out));
    }

    /// The controller makes this broker the leader; only those brokers hear of it.
    pub(super) fn elect_for(&mut self, leader: u8, isr: &[u8], hear: &[u8]) {
        let isr = Some(NodeList::brokers(isr));
        let leader = Some(Some(NodeId::broker(leader)));
        self.decide(PartitionChange { leader, isr, ..PartitionChange::default() });
        for &n in hear {
            self.publish_to(NodeId::broker(n));
        }
    }

    // Time and messages.

    /// What is under way between brokers is lost.
    pub(super) fn lose_mail(&mut self) {
        self.mail.clear();
    }

    /// Delivers what is under way between brokers, and what follows from it, without time passing.
    pub(super) fn settle(&mut self) {
        for _ in 0..1000 {
            let Some(envelope) = self.mail.pop_front() else { return };
            self.deliver(envelope);
        }
        panic!("messages without end: {:#?}", self.mail);
    }

    /// Lets time pass: timers run out in order, messages are delivered at once.
    pub(super) fn advance(&mut self, span: Span) {
        self.settle();
        let end = self.now + span;
        while let Some((&(node, timer), &at)) = self.timers.iter().min_by_key(|(_, at)| **at)
            && at <= end
        {
            self.now = at;
            self.timers.remove(&(node, timer));
            self.drive(node, |manager, now, image, ctx, out| manager.on_timer(now, image, ctx, timer, out));
            self.settle();
        }
        self.now = end;
    }

    /// How many messages are under way between brokers.
    pub(super) fn under_way(&self) -> usize {
        self.mail.len()
    }

    /// Takes one of these messages off the network.
    pub(super) fn pick_up(&mut self, index: usize) -> Option<Envelope> {
        self.mail.remove(index)
    }

    /// Lets time pass without delivering anything.
    pub(super) fn wait(&mut self, span: Span) {
        let end = self.now + span;
        while let Some((&(node, timer), &at)) = self.timers.iter().min_by_key(|(_, at)| **at)
            && at <= end
        {
            self.now = at;
            self.timers.remove(&(node, timer));
            self.drive(node, |manager, now, image, ctx, out| manager.on_timer(now, image, ctx, timer, out));
        }
        self.now = end;
    }

    /// The brokers that are down.
    pub(super) fn down(&self) -> Vec<NodeId> {
        self.dead.keys().copied().collect()
    }

    /// When this timer runs out, counted from now.
    pub(super) fn timer(&self, broker: NodeId, timer: Timer) -> Option<Span> {
        self.timers.get(&(broker, timer)).map(|at| at.since(self.now))
    }

    /// Hands one message to a broker, if it runs. What an earlier life sent or asked for may arrive late.
    pub(super) fn deliver(&mut self, envelope: Envelope) {
        if !self.brokers.contains_key(&envelope.to) {
            return;
        }
        let to = envelope.to;
        self.drive(to, |manager, now, image, ctx, out| manager.on_message(now, image, ctx, envelope, out));
    }

    /// A message from anybody to a broker; returns its correlation.
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, message: Message) -> Correlation {
        self.correlation += 1;
        let correlation = Correlation(self.correlation);
        self.deliver(Envelope { from, to, correlation, message });
        correlation
    }

    /// Runs one input of a broker and spreads its effects.
    pub(super) fn drive(
        &mut self,
        broker: NodeId,
        f: impl FnOnce(&mut ReplicaManager, Time, &Image, Ctx, &mut Out),
    ) {
        let mut out = Out::new(7);
        let image = &self.images[&broker];
        let broker_epoch = self.image.brokers.get(&broker).map(|b| b.broker_epoch);
        let ctx = Ctx { controller: self.controller, broker_epoch };
        f(self.brokers.get_mut(&broker).unwrap(), self.now, image, ctx, &mut out);
        for effect in out.effects {
            match effect {
                Effect::Send { to, correlation, message } => {
                    let envelope = Envelope { from: broker, to, correlation, message };
                    self.post(envelope);
                }
                Effect::Arm(timer, range) => {
                    self.timers.insert((broker, timer), self.now + *range.end());
                }
                Effect::Disarm(timer) => {
                    self.timers.remove(&(broker, timer));
                }
                Effect::Note(note) => self.notes.push((broker, note)),
                Effect::Exit { .. } => self.exited.push(broker),
                Effect::Reply(_, outcome) => self.replies.push(outcome),
            }
        }
        if self.exited.contains(&broker) && self.brokers.contains_key(&broker) {
            self.crash(broker, Loss::Nothing);
        }
    }

    fn post(&mut self, envelope: Envelope) {
        let (from, to) = (envelope.from, envelope.to);
        if self.brokers.contains_key(&to) {
            self.mail.push_back(envelope);
        } else if self.dead.contains_key(&to) {
            self.disconnect(from, to);
        } else {
            self.outside.push(envelope);
        }
    }

    // Clients.

    /// Produces `count` records to partition 0; returns the correlation.
    pub(super) fn produce(&mut self, to: NodeId, acks: Acks, count: u32) -> Correlation {
        let batch = self.batch(TP, count);
        let timeout = Span::millis(30_000);
        let request = ProduceRequest { acks, timeout, batches: vec![batch] };
        self.send(PRODUCER, to, Message::ProduceRequest(request))
    }

    /// Asks a broker to delete records of partition 0; the answers so far.
    pub(super) fn delete_records(&mut self, at: NodeId, offset: Option<u64>) -> Vec<Outcome> {
        let offset = offset.map(Offset);
        self.drive(at, |manager, _, image, _, out| {
            manager.delete_records(image, CallId(1), TP, offset, out);
        });
        std::mem::take(&mut self.replies)
    }

    /// Where a broker's log begins.
    pub(super) fn start_of(&self, broker: NodeId) -> u64 {
        self.disk(broker).log.start().0
    }

    /// A batch of new records.
    pub(super) fn batch(&mut self, partition: TopicPartition, count: u32) -> ProduceBatch {
        let records = (0..count).map(|_| self.record()).collect();
        ProduceBatch { partition, records }
    }

    fn record(&mut self) -> Record {
        self.value += 1;
        Record::new(Text::default(), PRODUCER, self.value - 1)
    }

    /// The answers to produces since the last call: error and base offset of each batch.
    pub(super) fn acks(&mut self) -> Vec<(ErrorCode, Option<u64>)> {
        self.results().into_iter().map(|result| (result.error, result.base_offset.map(|o| o.0))).collect()
    }

    /// The answers to produces since the last call.
    pub(super) fn results(&mut self) -> Vec<ProduceResult> {
        let mut results = Vec::new();
        self.outside.retain(|envelope| match &envelope.message {
            Message::ProduceResponse(response) => {
                results.extend(response.results.iter().copied());
                false
            }
            _ => true,
        });
        results
    }

    /// A fetch of partition 0 by a follower that the test plays: at `offset`, whose log ends with `last_epoch`.
    pub(super) fn fetch_as(&mut self, follower: NodeId, to: NodeId, offset: u64, last_epoch: Option<u32>) {
        let asked = self.ask(TP, offset, last_epoch);
        self.fetch_with(follower, to, asked);
    }

    /// What a follower asks that knows the partition's present leader epoch.
    pub(super) fn ask(
        &self,
        partition: TopicPartition,
        offset: u64,
        last_epoch: Option<u32>,
    ) -> FetchPartition {
        FetchPartition {
            partition,
            current_leader_epoch: self.image.partitions.get(&partition).map(|p| p.leader_epoch),
            fetch_offset: Offset(offset),
            last_fetched_epoch: last_epoch.map(LeaderEpoch),
            log_start_offset: Offset(0),
            max_records: 100,
        }
    }

    /// A fetch by a follower that the test plays, under the broker epoch that the controller has.
    pub(super) fn fetch_with(&mut self, follower: NodeId, to: NodeId, asked: FetchPartition) {
        let broker_epoch = self.image.brokers.get(&follower).map(|b| b.broker_epoch);
        self.fetch_from(Fetcher::Replica(follower, broker_epoch), follower, to, vec![asked]);
    }

    /// Any fetch that may wait for 500 ms.
    pub(super) fn fetch_from(
        &mut self,
        fetcher: Fetcher,
        from: NodeId,
        to: NodeId,
        partitions: Vec<FetchPartition>,
    ) {
        let request =
            FetchRequest { fetcher, max_wait: Span::millis(500), min_records: 1, rack: None, partitions };
        self.send(from, to, Message::FetchRequest(request));
    }

    /// The answers to fetches of clients and played followers since the last call, partition by partition.
    pub(super) fn fetched(&mut self) -> Vec<FetchedPartition> {
        let mut answers = Vec::new();
        self.outside.retain(|envelope| match &envelope.message {
            Message::FetchResponse(FetchResponse { partitions }) => {
                answers.extend(partitions.iter().cloned());
                false
            }
            _ => true,
        });
        answers
    }

    /// The same in short.
    pub(super) fn answers(&mut self) -> Vec<Answer> {
        self.fetched().into_iter().map(Answer::of).collect()
    }

    /// A fetch that must be answered with an error at once.
    pub(super) fn refusal(&mut self, follower: NodeId, to: NodeId, asked: FetchPartition) -> ErrorCode {
        self.fetch_with(follower, to, asked);
        self.fetched().first().expect("answered at once").error
    }

    // The controller.

    /// The AlterPartition requests since the last call.
    pub(super) fn proposals(&mut self) -> Vec<(Correlation, AlterPartitionRequest)> {
        let mut requests = Vec::new();
        self.outside.retain(|envelope| match &envelope.message {
            Message::AlterPartitionRequest(request) => {
                requests.push((envelope.correlation, request.clone()));
                false
            }
            _ => true,
        });
        requests
    }

    /// Whom the AlterPartition requests since the last call of [`Lab::proposals`] went to.
    pub(super) fn asked_controllers(&self) -> Vec<NodeId> {
        let asks = |envelope: &&Envelope| matches!(envelope.message, Message::AlterPartitionRequest(_));
        self.outside.iter().filter(asks).map(|envelope| envelope.to).collect()
    }

    /// The ISRs that were proposed for partition 0 since the last call, as the controller got them.
    pub(super) fn proposed(&mut self) -> Vec<Vec<u8>> {
        self.proposals()
            .into_iter()
            .map(|(_, request)| request.partitions[0].new_isr.iter().map(|(id, _)| id.0).collect())
            .collect()
    }

    /// The controller's answer to the proposal for partition 0: that ISR and partition epoch.
    pub(super) fn accept(
        &mut self,
        leader: NodeId,
        correlation: Correlation,
        isr: &[u8],
        partition_epoch: u32,
    ) {
        let answer = self.isr_answer(ErrorCode::None, isr, partition_epoch);
        self.answer_isr(leader, correlation, ErrorCode::None, vec![answer]);
    }

    /// The controller refuses the proposal for partition 0.
    pub(super) fn refuse(&mut self, leader: NodeId, correlation: Correlation, error: ErrorCode) {
        let answer = self.isr_answer(error, &[], 0);
        self.answer_isr(leader, correlation, ErrorCode::None, vec![answer]);
    }

    pub(super) fn isr_answer(&self, error: ErrorCode, isr: &[u8], partition_epoch: u32) -> IsrAnswer {
        let registration = self.image.partitions[&TP];
        IsrAnswer {
            partition: TP,
            error,
            leader: registration.leader,
            leader_epoch: registration.leader_epoch,
            isr: NodeList::brokers(isr),
            leader_recovery_state: registration.recovery,
            partition_epoch: kraftscope_core::id::PartitionEpoch(partition_epoch),
        }
    }

    pub(super) fn answer_isr(
        &mut self,
        leader: NodeId,
        correlation: Correlation,
        error: ErrorCode,
        partitions: Vec<IsrAnswer>,
    ) {
        let message = Message::AlterPartitionResponse(AlterPartitionResponse { error, partitions });
        self.deliver(Envelope { from: CONTROLLER, to: leader, correlation, message });
        self.settle();
    }

    // What there is to see.

    pub(super) fn partition(&self, broker: NodeId) -> &Partition {
        self.brokers[&broker].partition(TP).unwrap()
    }

    pub(super) fn leader(&self, broker: NodeId) -> &LeaderState {
        self.partition(broker).as_leader().expect("leads")
    }

    pub(super) fn follower(&self, leader: NodeId, follower: NodeId) -> &FollowerState {
        self.leader(leader).follower(follower).expect("is a replica")
    }

    pub(super) fn isr(&self, leader: NodeId) -> NodeList {
        self.partition(leader).isr()
    }

    pub(super) fn maximal_isr(&self, leader: NodeId) -> NodeList {
        self.partition(leader).maximal_isr()
    }

    pub(super) fn hw(&self, broker: NodeId) -> u64 {
        self.partition(broker).hw.0
    }

    pub(super) fn leo(&self, broker: NodeId) -> u64 {
        self.disk(broker).leo().0
    }

    pub(super) fn disk(&self, broker: NodeId) -> &ReplicaLog {
        let disk = self.brokers.get(&broker).map(|manager| &manager.disk);
        &disk.or_else(|| self.dead.get(&broker)).unwrap().replicas[&TP]
    }

    /// Epoch and value of every record.
    pub(super) fn log(&self, broker: NodeId) -> Vec<(u32, u32)> {
        let log = &self.disk(broker).log;
        log.iter(Offset(0), log.end()).map(|(_, entry)| (entry.epoch.0, entry.body.value)).collect()
    }

    /// The lines of the leader-epoch cache.
    pub(super) fn cache(&self, broker: NodeId) -> Vec<(u32, u64)> {
        self.disk(broker).epochs.entries().iter().map(|line| (line.epoch.0, line.start.0)).collect()
    }

    /// Whether this broker said exactly this.
    #[track_caller]
    pub(super) fn assert_note(&self, broker: NodeId, note: Note) {
        assert!(self.notes.contains(&(broker, note)), "{broker} did not say {note:?} but {:#?}", self.notes);
    }

    /// How many notes of a kind a broker made.
    pub(super) fn count_notes(&self, broker: NodeId, is_it: impl Fn(&Note) -> bool) -> usize {
        self.notes.iter().filter(|(node, note)| *node == broker && is_it(note)).count()
    }
}

/// A fetched partition in short.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Values of the records, and the high watermark.
    Records(Vec<u32>, u64),
    /// Epoch and its end.
    Diverging(u32, u64),
    Error(ErrorCode),
}

impl Answer {
    fn of(partition: FetchedPartition) -> Answer {
        match partition.data {
            _ if partition.error != ErrorCode::None => Answer::Error(partition.error),
            Fetched::Diverging(end) => Answer::Diverging(end.epoch.0, end.end.0),
            Fetched::Records(records) => {
                let values = records.iter().map(|entry| entry.body.value).collect();
                Answer::Records(values, partition.high_watermark.0)
            }
        }
    }
}

/// A disk that holds partition 0 with so many records of each epoch, in order, all flushed and committed.
pub(super) fn disk_with(epochs: &[(u32, u32)], hw: u64) -> ReplicaDisk {
    let mut replica = ReplicaLog::default();
    let mut value = 0;
    for &(epoch, count) in epochs {
        for _ in 0..count {
            let body = Record::new(Text::default(), PRODUCER, value);
            replica.append(Entry { epoch: LeaderEpoch(epoch), body }, Time::ZERO);
            value += 1;
        }
    }
    replica.log.flush();
    replica.checkpointed_hw = Offset(hw);
    ReplicaDisk { replicas: BTreeMap::from([(TP, replica)]) }
}
