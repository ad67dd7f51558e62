//! A controller on a quorum of one voter: a test seeds the log, asks, and reads what was written and told.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use kraftscope_core::config::Settings;
use kraftscope_core::id::{
    BrokerEpoch, CallId, Correlation, DirectoryId, Incarnation, LeaderEpoch, NodeId, NodeList, Offset,
    PartitionEpoch, ReplicaKey, Text, TopicId, TopicPartition,
};
use kraftscope_core::kraft::{Quorum, QuorumDisk};
use kraftscope_core::metadata::controller::QuorumController;
use kraftscope_core::node::{Command, Effect, Out, Outcome, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{LeaderRecoveryState, MetadataRecord, PartitionRegistration};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, Envelope, ErrorCode, IsrProposal, Message,
};
use std::sync::Arc;

pub const ME: NodeId = NodeId::controller(1);

/// Broker `n`. Kafka's tests number brokers from 0; the same numbers are used here.
pub const fn b(n: u8) -> NodeId {
    NodeId::broker(n)
}

pub fn list(numbers: &[u8]) -> NodeList {
    NodeList::brokers(numbers)
}

/// Partition `n` of topic 0.
pub const fn p(n: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition: n }
}

/// The epoch that seeded broker `n` has.
pub const fn epoch(n: u8) -> BrokerEpoch {
    BrokerEpoch(1000 + n as u64)
}

pub fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub fn ms(n: u64) -> Span {
    Span::millis(n)
}

/// The registration of broker `n`, as its first life would have left it.
pub fn broker(n: u8, fenced: bool) -> MetadataRecord {
    let (broker, incarnation, broker_epoch) = (b(n), Incarnation(u32::from(n)), epoch(n));
    MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced }
}

pub fn topic(name: &str) -> MetadataRecord {
    MetadataRecord::Topic { topic: TopicId(0), name: text(name) }
}

/// Partition `n` of topic 0; its leader is the first of its ISR.
pub fn partition(n: u16, replicas: &[u8], isr: &[u8]) -> MetadataRecord {
    let registration = PartitionRegistration::new(list(replicas), list(isr));
    MetadataRecord::Partition { partition: p(n), registration }
}

/// The same without a leader.
pub fn leaderless(n: u16, replicas: &[u8], isr: &[u8]) -> MetadataRecord {
    let mut registration = PartitionRegistration::new(list(replicas), list(isr));
    registration.leader = None;
    MetadataRecord::Partition { partition: p(n), registration }
}

/// What a broker in good order reports: caught up with everything, wants nothing.
pub fn beat(n: u8) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest {
        broker: b(n),
        broker_epoch: epoch(n),
        current_metadata_offset: Some(Offset(10_000)),
        want_fence: false,
        want_shut_down: false,
    }
}

pub fn beat_to_shut_down(n: u8) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest { want_shut_down: true, ..beat(n) }
}

/// Kafka's defaults, but for eligible leader replicas.
pub fn without_elr() -> Settings {
    let mut settings = Settings::default();
    settings.features.elr = false;
    settings
}

pub struct Harness {
    pub now: Time,
    pub quorum: Quorum,
    pub controller: QuorumController,
    pub out: Out,
    correlation: u32,
    /// Records below it were read by the test.
    read: Offset,
}

impl Harness {
    /// An active controller whose log says `seed`, with Kafka's defaults.
    pub fn new(seed: &[MetadataRecord]) -> Harness {
        Harness::with(Settings::default(), seed)
    }

    pub fn with(settings: Settings, seed: &[MetadataRecord]) -> Harness {
        let mut harness = Harness::standby(settings, seed);
        harness.progress();
        harness.commit();
        harness.read = harness.quorum.log().end();
        harness.out.effects.clear();
        harness
    }

    /// The same just before the controller notices that it leads.
    pub fn standby(mut settings: Settings, seed: &[MetadataRecord]) -> Harness {
        // The voter is named by its configuration: a first leader writes no record about it.
        settings.features.kraft_version_1 = false;
        let settings = Arc::new(settings);
        let me = ReplicaKey { id: ME, directory: DirectoryId(1) };
        let mut out = Out::new(1);
        let mut quorum = Quorum::new(me, VoterSet::of(&[me]), settings.clone(), QuorumDisk::default());
        quorum.boot(Time::ZERO, &mut out);
        quorum.append(Time::ZERO, seed, &mut out);
        quorum.on_timer(Time::ZERO, Timer::AppendLinger, &mut out);
        out.effects.clear();
        let read = quorum.log().end();
        let controller = QuorumController::new(settings);
        Harness { now: Time::ZERO, quorum, controller, out, correlation: 0, read }
    }

    pub fn progress(&mut self) {
        self.controller.on_progress(self.now, &mut self.quorum, &mut self.out);
    }

    /// The linger is over: what was appended is written, and committed by the only voter.
    pub fn commit(&mut self) {
        self.quorum.on_timer(self.now, Timer::AppendLinger, &mut self.out);
        self.progress();
    }

    pub fn resign(&mut self) {
        self.quorum.resign(self.now, &mut self.out);
        self.progress();
    }

    pub fn wait(&mut self, span: Span) -> &mut Harness {
        self.now += span;
        self
    }

    pub fn deliver(&mut self, from: NodeId, message: Message) {
        self.correlation += 1;
        let envelope = Envelope { from, to: ME, correlation: Correlation(self.correlation), message };
        self.controller.on_message(self.now, &mut self.quorum, envelope, &mut self.out);
    }

    /// Delivers, commits, and returns the answer.
    fn ask(&mut self, from: NodeId, message: Message) -> Message {
        self.out.effects.clear();
        self.deliver(from, message);
        self.commit();
        self.messages().pop().unwrap()
    }

    pub fn heartbeat(&mut self, request: BrokerHeartbeatRequest) -> BrokerHeartbeatResponse {
        match self.ask(request.broker, Message::BrokerHeartbeatRequest(request)) {
            Message::BrokerHeartbeatResponse(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn register(&mut self, n: u8, incarnation: u32) -> BrokerRegistrationResponse {
        match self.ask(b(n), registration(n, incarnation)) {
            Message::BrokerRegistrationResponse(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn alter(&mut self, request: AlterPartitionRequest) -> AlterPartitionResponse {
        match self.ask(request.broker, Message::AlterPartitionRequest(request)) {
            Message::AlterPartitionResponse(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// Calls, commits, and returns the outcome.
    pub fn call(&mut self, command: Command) -> Outcome {
        self.out.effects.clear();
        self.controller.on_command(self.now, &mut self.quorum, CallId(1), command, &mut self.out);
        self.commit();
        self.outcomes().pop().unwrap()
    }

    pub fn fire(&mut self, timer: Timer) {
        self.out.effects.clear();
        self.controller.on_timer(self.now, &mut self.quorum, timer, &mut self.out);
        self.commit();
    }

    pub fn registration(&self, n: u16) -> PartitionRegistration {
        self.controller.image().partitions[&p(n)]
    }

    pub fn messages(&self) -> Vec<Message> {
        let sent = self.out.effects.iter().filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(message.clone()),
            _ => None,
        });
        sent.collect()
    }

    pub fn outcomes(&self) -> Vec<Outcome> {
        let told = self.out.effects.iter().filter_map(|effect| match effect {
            Effect::Reply(_, outcome) => Some(*outcome),
            _ => None,
        });
        told.collect()
    }

    pub fn notes(&self) -> Vec<Note> {
        let told = self.out.effects.iter().filter_map(|effect| match effect {
            Effect::Note(Note::MetadataCommitted { .. }) => None,
            Effect::Note(note) => Some(*note),
            _ => None,
        });
        told.collect()
    }

    /// Timers armed since effects were last cleared, in order.
    pub fn armed(&self) -> Vec<(Timer, Span)> {
        armed(&self.out)
    }

    /// One line per record that was written since the last call.
    pub fn written(&mut self) -> String {
        let end = self.quorum.log().end();
        let lines = self.quorum.log().iter(self.read, end).map(|(_, entry)| describe(&entry.body) + "\n");
        let text = lines.collect();
        self.read = end;
        text
    }
}

pub fn armed(out: &Out) -> Vec<(Timer, Span)> {
    let armed = out.effects.iter().filter_map(|effect| match effect {
        Effect::Arm(timer, range) if *timer != Timer::AppendLinger => Some((*timer, *range.start())),
        _ => None,
    });
    armed.collect()
}

pub fn registration(n: u8, incarnation: u32) -> Message {
    let incarnation = Incarnation(incarnation);
    let request = BrokerRegistrationRequest { broker: b(n), incarnation, previous_broker_epoch: None };
    Message::BrokerRegistrationRequest(request)
}

/// A proposal by broker `n` for partition 0, with the epochs that are right in a fresh partition.
pub fn proposal(n: u8, isr: &[u8]) -> AlterPartitionRequest {
    let proposal = IsrProposal {
        partition: p(0),
        leader_epoch: LeaderEpoch(0),
        new_isr: isr.iter().map(|&n| (b(n), Some(epoch(n)))).collect(),
        leader_recovery_state: LeaderRecoveryState::Recovered,
        partition_epoch: PartitionEpoch(0),
    };
    AlterPartitionRequest { broker: b(n), broker_epoch: epoch(n), partitions: vec![proposal] }
}

pub fn new_topic(name: &str, partitions: u16, replication_factor: u16) -> Command {
    Command::CreateTopic { name: text(name), partitions, replication_factor, first_broker: None }
}

pub fn elect(n: u16, unclean: bool) -> Command {
    Command::ElectLeader { partition: p(n), unclean }
}

pub fn refused(error: ErrorCode) -> Outcome {
    Outcome::Refused(error)
}

fn id(node: Option<NodeId>) -> String {
    node.map_or(String::from("none"), |node| node.number().to_string())
}

/// `topic-partition: isr [1, 2] leader 1`, `broker 3 fenced` and so on.
pub fn describe(record: &MetadataRecord) -> String {
    match *record {
        MetadataRecord::LeaderChange { leader, .. } => format!("leader change {leader}"),
        MetadataRecord::SnapshotHeader => "header".to_string(),
        MetadataRecord::SnapshotFooter => "footer".to_string(),
        MetadataRecord::KRaftVersion { level } => format!("kraft.version {level}"),
        MetadataRecord::Voters { voters } => format!("voters {voters}"),
        MetadataRecord::NoOp => String::from("no-op"),
        MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced } => format!(
            "register broker {} incarnation {incarnation} epoch {broker_epoch} fenced {fenced}",
            broker.number()
        ),
        MetadataRecord::UnregisterBroker { broker, .. } => format!("unregister broker {}", broker.number()),
        MetadataRecord::BrokerRegistrationChange { broker, fenced, in_controlled_shutdown, .. } => {
            let what = match (fenced, in_controlled_shutdown) {
                (Some(true), _) => "fenced",
                (Some(false), _) => "unfenced",
                (None, true) => "in controlled shutdown",
                (None, false) => "unchanged",
            };
            format!("broker {} {what}", broker.number())
        }
        MetadataRecord::Topic { topic, name } => format!("topic {} {name}", topic.0),
        MetadataRecord::Partition { partition, registration: r } => format!(
            "{}-{}: new, replicas {} isr {} leader {} epochs {}/{}",
            partition.topic.0,
            partition.partition,
            r.replicas,
            r.isr,
            id(r.leader),
            r.leader_epoch,
            r.partition_epoch
        ),
        MetadataRecord::PartitionChange { partition, change } => {
            let mut line = format!("{}-{}:", partition.topic.0, partition.partition);
            line += &change.isr.map_or(String::new(), |isr| format!(" isr {isr}"));
            line += &change.leader.map_or(String::new(), |leader| format!(" leader {}", id(leader)));
            line += &change.recovery.map_or(String::new(), |recovery| format!(" {recovery:?}"));
            let lists = [
                ("replicas", change.replicas),
                ("removing", change.removing),
                ("adding", change.adding),
                ("elr", change.elr),
                ("last known elr", change.last_known_elr),
            ];
            for (name, list) in lists {
                line += &list.map_or(String::new(), |list| format!(" {name} {list}"));
            }
            line
        }
        MetadataRecord::ProducerIds { broker, next_producer_id, .. } => {
            format!("producer ids of broker {}, next {next_producer_id}", broker.number())
        }
        MetadataRecord::ClearElr { topic } => {
            format!("clear elr {}", topic.map_or(String::from("cluster"), |id| id.0.to_string()))
        }
        MetadataRecord::Config { topic, key, value } => {
            format!("config {} {key:?} {value}", topic.map_or(String::from("cluster"), |id| id.0.to_string()))
        }
    }
}
