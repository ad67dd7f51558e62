//! The controller's one thread: a queue of events, handled one at a time.
//!
//! Where Kafka's thread blocks, an event here leaves a [`Then`] behind and goes on when ZooKeeper has answered; the next
//! event begins only when the one before has no [`Step`] left. A batch of requests is one message, and its answers cost
//! the thread `kraftscope.controller.partition.us` each before it goes on.
//! Source: `ControllerEventManager`, `ControllerEventThread`.
//!
//! Left out: metrics.

use super::KafkaController;
use super::context::{Leadership, LiveBroker};
use super::election::{Elected, Strategy};
use crate::id::{CallId, Correlation, NodeId, NodeList, TopicId, TopicPartition};
use crate::node::{Out, Timer};
use crate::note::ChangeReason;
use crate::time::Time;
use crate::wire::{
    AllocateProducerIdsRequest, AlterPartitionRequest, ControlledShutdownRequest, ErrorCode, IsrAnswer,
    ZkReply, ZkRequest,
};
use crate::znode::{PartitionState, Path, ReplicaAssignment, ZooKeeperError};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The answers to one batch of requests.
pub(super) type Answers = Vec<Result<ZkReply, ZooKeeperError>>;

/// Who asks ZooKeeper for the controller.
pub trait ZooKeeper {
    /// Asks; the answers come back with `tag`.
    fn ask(&mut self, now: Time, tag: u32, requests: Vec<ZkRequest>, out: &mut Out);
}

/// What the thread works with.
pub(super) struct Io<'a> {
    pub now: Time,
    pub zk: &'a mut dyn ZooKeeper,
    pub out: &'a mut Out,
}

/// Who waits for an answer of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Asker {
    ControlledShutdown(NodeId, Correlation),
    AlterPartition(NodeId, Correlation),
    ProducerIds(NodeId, Correlation),
    Call(CallId),
}

/// Something that the thread has to handle (`ControllerEvent`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Event {
    ControllerChange,
    Reelect,
    BrokerChange,
    TopicChange,
    IsrChangeNotification,
    ReassignmentIsrChange(TopicPartition),
    AutoPreferredElection,
    TopicUncleanElectionEnable(TopicId),
    ControlledShutdown(Asker, ControlledShutdownRequest),
    AlterPartition(Asker, AlterPartitionRequest),
    AllocateProducerIds(Asker, AllocateProducerIdsRequest),
    ElectLeader(Asker, TopicPartition, bool),
    Reassign(Asker, TopicPartition, Option<NodeList>),
}

impl Event {
    const fn asker(&self) -> Option<Asker> {
        match self {
            Event::ControlledShutdown(asker, _)
            | Event::AlterPartition(asker, _)
            | Event::AllocateProducerIds(asker, _)
            | Event::ElectLeader(asker, ..)
            | Event::Reassign(asker, ..) => Some(*asker),
            Event::ControllerChange
            | Event::Reelect
            | Event::BrokerChange
            | Event::TopicChange
            | Event::IsrChangeNotification
            | Event::ReassignmentIsrChange(_)
            | Event::AutoPreferredElection
            | Event::TopicUncleanElectionEnable(_) => None,
        }
    }
}

/// Where a partition shall go in its state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum PartitionTarget {
    New,
    Online(Strategy),
    Offline,
}

/// Where replicas shall go in theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum ReplicaTarget {
    New,
    Online,
    Offline,
    /// `ReplicaDeletionStarted` and on to `NonExistentReplica`: nobody waits for the answer.
    NonExistent,
}

/// The next thing to do within an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Step {
    // Who is the controller.
    MaybeResign,
    Elect,
    // A new controller's first event, in its order.
    ListIsrChanges { handle: bool },
    ListBrokers { load: bool },
    ListTopics { load: bool },
    ReadStates,
    StartChannels,
    TellEverybody,
    StartReplicas,
    StartPartitions,
    ResumeReassignments(Option<Vec<NodeId>>),
    StartScheduler,
    // The state machines.
    Partitions(Vec<TopicPartition>, PartitionTarget),
    ElectLeaders(Vec<TopicPartition>, Strategy),
    TriggerOnline(Option<TopicId>),
    Replicas(Vec<(NodeId, Vec<TopicPartition>)>, ReplicaTarget),
    ReplicasOf(NodeId, Vec<TopicPartition>, ReplicaTarget),
    RemoveFromIsr(NodeId, Vec<TopicPartition>),
    StopReplicas(NodeId, Vec<TopicPartition>),
    SetFull,
    SendBatch,
    UpdateMetadata(Vec<NodeId>, Vec<TopicPartition>),
    // Brokers.
    AddBrokers(Vec<(NodeId, LiveBroker)>),
    RemoveBrokers(Vec<NodeId>),
    BrokerStartup(Vec<NodeId>),
    BrokerFailure(Vec<NodeId>),
    // Reassignments.
    OnReassignment(TopicPartition, ReplicaAssignment),
    CheckReassignment(TopicPartition),
    MaybeCompleteReassignment(TopicPartition),
    MoveLeaderIfRequired(TopicPartition),
    UpdateLeaderEpoch(TopicPartition),
    WriteAssignment(TopicPartition, ReplicaAssignment),
    FinishReassignment(TopicPartition),
    StopRemoved(TopicPartition, NodeList),
    ScheduleBalance,
    // Answers.
    RefreshIsrs(Vec<TopicPartition>),
    DeleteIsrChanges(Vec<Path>),
    AnswerShutdown(NodeId),
    AnswerAlterPartition(Vec<IsrAnswer>),
    AnswerElection(TopicPartition, bool),
    AnswerCall,
    AllocateProducerIds(NodeId),
}

/// A partition's znode as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Read {
    pub partition: TopicPartition,
    pub known: Leadership,
}

/// A decision on its way into a partition's znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Written {
    pub read: Read,
    pub elected: Elected,
}

/// What to do with answers of ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Then {
    // Who is the controller.
    MaybeResign,
    Elect,
    EpochRead,
    EpochCreated,
    Registered { epoch: u32 },
    CheckWon { epoch: u32 },
    // Loading, and changes of what was loaded.
    IsrChangesListed { handle: bool },
    IsrChangesRead(Vec<Path>),
    BrokersListed { load: bool },
    BrokersRead { ids: Vec<NodeId>, load: bool },
    TopicsListed { load: bool },
    TopicsRead { ids: Vec<TopicId>, load: bool },
    StatesRead(Vec<TopicPartition>),
    Deleted,
    // The state machines.
    Initialized(Vec<(TopicPartition, PartitionState)>),
    StatesForElection(Vec<TopicPartition>, Strategy),
    ConfigsForElection(Vec<Read>, Vec<TopicId>, Strategy),
    ElectionWritten(Vec<Written>, Strategy),
    StatesToShrink(NodeId, Vec<TopicPartition>),
    Shrunk(NodeId, Vec<(Read, PartitionState)>),
    // Reassignments.
    ReassignmentChecked(TopicPartition),
    ReassignmentMaybeComplete(TopicPartition),
    StateForEpoch(TopicPartition),
    EpochWritten(Read, PartitionState),
    AssignmentWritten(TopicPartition, ReplicaAssignment),
    // Requests.
    IsrsWritten { asked: Vec<TopicPartition>, written: Vec<(Read, PartitionState)>, answers: Vec<IsrAnswer> },
    ProducerIdsRead(NodeId),
    ProducerIdsWritten(NodeId, u32),
}

/// A batch of requests under way, or its answers that the thread works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Waiting {
    tag: u32,
    then: Then,
    /// Kept only where an expired session does not end the event ([`Features::zk_multi`](crate::switches::Features)).
    again: Vec<ZkRequest>,
    answers: Option<Answers>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct EventThread {
    pub queue: VecDeque<Event>,
    /// The last one is next.
    steps: Vec<Step>,
    waiting: Option<Waiting>,
    /// Number of the last batch.
    tag: u32,
    /// Who waits for the end of this event.
    pub asker: Option<Asker>,
    /// Why partitions change in this event.
    pub reason: ChangeReason,
    /// Leaders elected in this event.
    pub elected: u32,
    /// When the controller was elected.
    pub elected_at: Time,
}

impl EventThread {
    pub(super) const fn new() -> EventThread {
        EventThread {
            queue: VecDeque::new(),
            steps: Vec::new(),
            waiting: None,
            tag: 0,
            asker: None,
            reason: ChangeReason::ControllerElected,
            elected: 0,
            elected_at: Time::ZERO,
        }
    }

    /// These are done next, in this order.
    pub(super) fn push<S>(&mut self, steps: S)
    where
        S: IntoIterator<Item = Step, IntoIter: DoubleEndedIterator>,
    {
        self.steps.extend(steps.into_iter().rev());
    }

    /// Gives up the event.
    pub(super) fn clear_steps(&mut self) {
        self.steps.clear();
        self.waiting = None;
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_none() && self.steps.is_empty() && self.queue.is_empty()
    }

    /// A number that no batch had.
    pub(super) const fn next_tag(&mut self) -> u32 {
        self.tag = self.tag.wrapping_add(1);
        self.tag
    }
}

impl KafkaController {
    /// Goes on until the thread has to wait.
    pub(super) fn run(&mut self, io: &mut Io<'_>) {
        while self.thread.waiting.is_none() {
            if let Some(step) = self.thread.steps.pop() {
                self.perform(step, io);
            } else if let Some(event) = self.thread.queue.pop_front() {
                self.thread.asker = event.asker();
                self.thread.elected = 0;
                self.begin(event, io);
            } else {
                return;
            }
        }
    }

    /// Asks ZooKeeper, and goes on with `then`. Asking nothing is answered at once.
    pub(super) fn ask(&mut self, requests: Vec<ZkRequest>, then: Then, io: &mut Io<'_>) {
        if requests.is_empty() {
            self.answered(then, Vec::new(), io);
            return;
        }
        let tag = self.thread.next_tag();
        let again = if self.settings.features.zk_multi { Vec::new() } else { requests.clone() };
        self.thread.waiting = Some(Waiting { tag, then, again, answers: None });
        io.zk.ask(io.now, tag, requests, io.out);
    }

    /// The answers to a batch. Returns whether the thread waits for this one.
    pub(super) fn on_answers(&mut self, tag: u32, answers: &Answers, io: &mut Io<'_>) -> bool {
        let Some(waiting) = self.thread.waiting.take_if(|it| it.tag == tag && it.answers.is_none()) else {
            return false;
        };
        let expired = answers.contains(&Err(ZooKeeperError::SessionExpired));
        if expired && !waiting.again.is_empty() {
            // What a session could not carry out is asked again in the next one, as if nothing had been between.
            self.ask(waiting.again, waiting.then, io);
            return true;
        }
        let work = self.settings.controller_partition.0.saturating_mul(answers.len() as u64);
        if work == 0 {
            self.answered(waiting.then, answers.clone(), io);
        } else {
            io.out.arm(Timer::ControllerThread, crate::time::Span(work));
            self.thread.waiting = Some(Waiting { answers: Some(answers.clone()), ..waiting });
        }
        true
    }

    /// The thread has worked through the answers.
    pub(super) fn on_worked(&mut self, io: &mut Io<'_>) {
        if let Some(Waiting { then, answers: Some(answers), .. }) =
            self.thread.waiting.take_if(|waiting| waiting.answers.is_some())
        {
            self.answered(then, answers, io);
        }
    }

    /// Gives up the event, and those that wait, telling whoever asked that there is no controller here.
    pub(super) fn preempt(&mut self, out: &mut Out) {
        out.disarm(Timer::ControllerThread);
        self.thread.clear_steps();
        let events = core::mem::take(&mut self.thread.queue);
        let askers = self.thread.asker.take().into_iter().chain(events.iter().filter_map(Event::asker));
        for asker in askers {
            refuse(asker, ErrorCode::NotController, out);
        }
    }

    /// Another controller was elected: the event fails, and this one looks who it is. `processAlterPartition` and
    /// `processControlledShutdown` catch the exception and only say that they failed.
    pub(super) fn controller_moved(&mut self, out: &mut Out) {
        out.note(crate::note::Note::ControllerMoved { epoch: self.context.epoch });
        self.thread.clear_steps();
        self.batch = Default::default();
        match self.thread.asker.take() {
            Some(asker @ Asker::AlterPartition(..)) => refuse(asker, ErrorCode::UnknownServerError, out),
            Some(asker @ Asker::ControlledShutdown(..)) => refuse(asker, ErrorCode::NotController, out),
            Some(asker) => {
                refuse(asker, ErrorCode::NotController, out);
                self.thread.push([Step::MaybeResign]);
            }
            None => self.thread.push([Step::MaybeResign]),
        }
    }
}

/// Tells whoever asked that it gets nothing.
pub(super) fn refuse(asker: Asker, error: ErrorCode, out: &mut Out) {
    use crate::node::Outcome;
    use crate::sequence::ProducerId;
    use crate::wire::{AllocateProducerIdsResponse, AlterPartitionResponse, ControlMessage, Message};
    use alloc::boxed::Box;
    match asker {
        Asker::ControlledShutdown(node, correlation) => {
            // `ControllerMovedException`, where the other requests are told `NOT_CONTROLLER`.
            let error =
                if error == ErrorCode::NotController { ErrorCode::StaleControllerEpoch } else { error };
            let response = ControlMessage::ControlledShutdownResponse(error, Vec::new());
            out.respond(node, correlation, Message::Control(Box::new(response)));
        }
        Asker::AlterPartition(node, correlation) => {
            let response = AlterPartitionResponse { error, partitions: Vec::new() };
            out.respond(node, correlation, Message::AlterPartitionResponse(response));
        }
        Asker::ProducerIds(node, correlation) => {
            let response = AllocateProducerIdsResponse { error, start: ProducerId(0), len: 0 };
            out.respond(node, correlation, Message::AllocateProducerIdsResponse(response));
        }
        Asker::Call(call) => out.reply(call, Outcome::Refused(error)),
    }
}
