//! One process of a cluster, up or down, and what happens to it.
//!
//! Between any two of its inputs there is more time than any limit on lag allows ([`PACE`]): so of a moment that it
//! remembers it counts only that it is long ago. A timer that is armed for no time at all runs out in the same step.

use crate::explore::world::Input as Given;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{
    CallId, Correlation, DirectoryId, Incarnation, NodeId, NodeKind, NodeList, ReplicaKey, Text,
    TopicPartition,
};
use kraftscope_core::kraft::{Quorum, QuorumDisk};
use kraftscope_core::node::{Command, Effect, Input, Loss, Out};
use kraftscope_core::process::{Broker, Controller, Disk, Process};
use kraftscope_core::record::Record;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::{Envelope, Message, ProduceBatch, ProduceRequest};
use serde::Serialize;
use std::sync::Arc;

/// The time between two inputs: longer than `replica.lag.time.max.ms`.
pub(super) const PACE: Span = Span::secs(40);

/// What is done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The process dies.
    Crash(Loss),
    /// It starts again.
    Start,
    /// A person, or the test, asks a controller for something.
    Call(Command),
    /// Producer number so and so writes its only record to a broker that believes that it leads.
    Write(TopicPartition, u8),
}

/// What all members know from the start.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) settings: Arc<Settings>,
    pub(super) acks: Acks,
    pub(super) voters: VoterSet,
    pub(super) controllers: NodeList,
}

/// One process.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    id: NodeId,
    incarnation: Incarnation,
    #[serde(skip)]
    pub(super) clock: Time,
    /// A power loss took records from it, and it is not in sync again.
    pub(super) lost_records: bool,
    state: State,
}

#[derive(Clone, Debug, Serialize)]
enum State {
    Up(Process),
    Down { disk: Box<Disk>, powered: bool },
}

impl Member {
    /// A member that has never run.
    pub(super) fn new(id: NodeId) -> Member {
        let state = State::Down { disk: Box::default(), powered: true };
        Member { id, incarnation: Incarnation(0), clock: Time::ZERO, lost_records: false, state }
    }

    /// Who it is.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The process, while it runs.
    pub const fn process(&self) -> Option<&Process> {
        match &self.state {
            State::Up(process) => Some(process),
            State::Down { .. } => None,
        }
    }

    /// The broker, if it is one and runs.
    pub fn broker(&self) -> Option<&Broker> {
        self.process().and_then(Process::broker)
    }

    /// The controller, if it is one and runs.
    pub fn controller(&self) -> Option<&Controller> {
        match self.process() {
            Some(Process::Controller(controller)) => Some(controller),
            _ => None,
        }
    }

    /// Whether its machine refuses connections rather than being silent.
    pub const fn is_powered(&self) -> bool {
        !matches!(self.state, State::Down { powered: false, .. })
    }

    /// What it has of the metadata quorum, running or not.
    pub(super) fn quorum_disk(&self) -> &QuorumDisk {
        match &self.state {
            State::Up(process) => &process.quorum().expect("members are of KRaft").disk,
            State::Down { disk, .. } => &disk.quorum,
        }
    }

    /// Its copy of the partition, running or not.
    pub fn copy(&self, partition: TopicPartition) -> Option<&kraftscope_core::replication::ReplicaLog> {
        let disk = match &self.state {
            State::Up(process) => &process.broker()?.replicas.disk,
            State::Down { disk, .. } => &disk.replicas,
        };
        disk.replicas.get(&partition)
    }

    /// The process dies.
    pub(super) fn crash(&mut self, loss: Loss, clean: bool) {
        let powered = loss == Loss::Nothing;
        let dead = State::Down { disk: Box::default(), powered };
        match core::mem::replace(&mut self.state, dead) {
            State::Up(process) => {
                let mut disk = process.into_disk(clean);
                if !clean {
                    let data = disk.replicas.crash(loss);
                    disk.crash(loss);
                    self.lost_records |= data > 0;
                }
                self.state = State::Down { disk: Box::new(disk), powered };
            }
            down @ State::Down { .. } => self.state = down,
        }
    }

    fn start(&mut self, common: &Common, out: &mut Out) {
        let State::Down { disk, .. } = &mut self.state else { return };
        let mut disk = core::mem::take(&mut **disk);
        self.incarnation = self.incarnation.next();
        let me = ReplicaKey { id: self.id, directory: DirectoryId::first_of(self.id) };
        let quorum =
            Quorum::new(me, common.voters, common.settings.clone(), core::mem::take(&mut disk.quorum))
                .with_bootstrap(common.controllers);
        self.state = State::Up(match self.id.kind() {
            NodeKind::Controller => Process::Controller(Box::new(Controller::new(quorum, &common.settings))),
            _ => Process::Broker(Box::new(Broker::new(quorum, self.incarnation, &common.settings, disk))),
        });
        self.give(Input::Boot, out);
    }

    fn give(&mut self, input: Input, out: &mut Out) {
        let State::Up(process) = &mut self.state else { return };
        process.on(self.clock, input, out);
        let at_once = |effect: &Effect| match effect {
            Effect::Arm(timer, range) if *range.end() == Span::ZERO => Some(*timer),
            _ => None,
        };
        while let Some((place, timer)) =
            out.effects.iter().enumerate().find_map(|(place, effect)| Some((place, at_once(effect)?)))
        {
            out.effects.remove(place);
            process.on(self.clock, Input::Fire(timer), out);
        }
    }

    /// Gives it an input.
    pub(super) fn step(&mut self, input: Given<Act>, common: &Common, out: &mut Out) {
        self.clock += PACE;
        let deliver =
            |from, correlation, message, to| Input::Deliver(Envelope { from, to, correlation, message });
        match input {
            Given::Boot | Given::Act(Act::Start) => self.start(common, out),
            Given::Message { from, correlation, message } => {
                self.give(deliver(from, correlation, message, self.id), out);
            }
            Given::Gone(node) => self.give(Input::Disconnected(node), out),
            Given::Fire(timer) => self.give(Input::Fire(timer), out),
            Given::Act(Act::Crash(loss)) => self.crash(loss, false),
            Given::Act(Act::Call(command)) => self.give(Input::Call(CallId(1), command), out),
            Given::Act(Act::Write(partition, number)) => {
                let producer = NodeId::producer(number);
                let request = Message::ProduceRequest(write(partition, producer, common));
                self.give(deliver(producer, Correlation(0), request, self.id), out);
            }
        }
        self.forgive();
    }

    /// Back in the ISR of another leader, a replica has got back what it had lost.
    fn forgive(&mut self) {
        let Some(broker) = self.broker().filter(|_| self.lost_records) else { return };
        let epoch = broker.broker_epoch();
        let registered = broker.image.brokers.get(&self.id);
        let present = registered.is_some_and(|it| Some(it.broker_epoch) == epoch && !it.fenced);
        let in_sync = broker.image.partitions.values().all(|partition| {
            partition.isr.contains(self.id) && partition.leader.is_some_and(|leader| leader != self.id)
        });
        self.lost_records = !(present && in_sync);
    }
}

/// A batch of one record.
fn write(partition: TopicPartition, producer: NodeId, common: &Common) -> ProduceRequest {
    let records = vec![Record::new(Text::default(), producer, 0)];
    let batches = vec![ProduceBatch { partition, records }];
    ProduceRequest { acks: common.acks, timeout: common.settings.request_timeout, batches }
}
