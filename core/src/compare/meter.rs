//! Watches a run and counts. What is counted stands in the parts; here is what becomes of a step.
//!
//! Traffic counts from the moment on when topics exist and clients start; the set-up differs too much to compare.
//! A *fault* is what a person or chance does to a node or a link; what follows is measured from the last one. Faults of
//! one moment are one.

use super::answers::Answers;
use super::leaders::Leaders;
use super::office::Office;
use super::traffic::Traffic;
use crate::config::Acks;
use crate::id::{NodeId, NodeKind, NodeList, TopicPartition};
use crate::mode::ReplicationPlane;
use crate::node::Command;
use crate::note::Note;
use crate::process::Process;
use crate::sim::Step;
use crate::sim::action::{Action, Change};
use crate::sim::world::World;
use crate::time::{Span, Time};
use crate::view::Health;
use crate::wire::{ErrorCode, Message};
use alloc::vec::Vec;

/// What followed a fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// When it happened.
    pub at: Time,
    /// Until the first acknowledgement: of a record of a partition that lost its leader, or, when none did, of a record
    /// that was sent later.
    pub answered: Option<Span>,
    /// Until every partition had a leader again, if one had lost its.
    pub led: Option<Span>,
}

/// The ghost that counts.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// For how long partitions had no leader.
    pub leaders: Leaders,
    /// For how long there was no controller.
    pub office: Office,
    /// What producers were told.
    pub answers: Answers,
    /// Messages and bytes.
    pub traffic: Traffic,
    fault: Option<Fault>,
    since: Option<Time>,
    health: Vec<(NodeId, Health)>,
}

impl Meter {
    /// A message is sent.
    pub(crate) fn sent(&mut self, from: NodeId, to: NodeId, message: &Message) {
        self.traffic.sent(from, to, message);
    }

    /// Looks at a step. `ready` says that topics exist and clients start.
    pub(crate) fn observe(&mut self, world: &World, step: &Step, ready: bool) {
        let now = world.now;
        if ready && self.since.is_none() {
            self.since = Some(now);
            self.traffic.restart();
        }
        self.leaders.pass(now);
        if let Some(action) = step.action {
            self.on_action(now, action);
        }
        for note in &step.notes {
            self.on_note(world, step, note);
        }
        if let Some(node) = step.node {
            self.on_health(now, node, world.health(node));
        }
        let led = self.leaders.missing() == 0;
        if let Some(fault) = self.fault.as_mut().filter(|fault| led && fault.led.is_none())
            && self.leaders.any_hit()
        {
            fault.led = Some(now.since(fault.at));
        }
    }

    fn on_action(&mut self, now: Time, action: Action) {
        if is_fault(action) && self.fault.is_none_or(|fault| fault.at != now) {
            self.leaders.fault();
            self.fault = Some(Fault { at: now, answered: None, led: None });
        }
        match action {
            Action::Isolate(node) => self.office.left(node, now),
            Action::Rejoin(node) => self.office.back(node),
            Action::HealAll => {
                if let Some(holder) =
                    self.office.holder().filter(|&holder| self.health_of(holder) == Health::Up)
                {
                    self.office.back(holder);
                }
            }
            _ => {}
        }
    }

    fn on_note(&mut self, world: &World, step: &Step, note: &Note) {
        let (Some(node), now) = (step.node, world.now) else { return };
        match *note {
            Note::BecameLeader { partition, epoch, .. } => {
                self.leaders.leads(partition, node, epoch, group(world, node, partition));
            }
            Note::BecameFollower { partition, epoch, leader, .. } => {
                self.leaders.follows(partition, node, epoch, leader);
            }
            // Both have read everything, and act from now on.
            Note::ControllerActivated { .. } | Note::ControllerContextLoaded { .. } => {
                self.office.taken(node, now);
            }
            Note::ControllerRenounced { .. }
            | Note::ControllerResigned { .. }
            | Note::ControllerMoved { .. } => self.office.left(node, now),
            Note::BatchSent { partition, first, count, attempt: 1, acks, .. } => {
                let since = created(world, node, partition, first).unwrap_or(now);
                self.answers.sent(node, partition, (first, count), acks != Acks::Zero, since);
            }
            Note::ProduceAcknowledged { partition, first, count, .. } => {
                let sent = self.answers.acknowledged(node, partition, (first, count), now);
                self.on_answer(now, partition, sent);
            }
            Note::ProduceRetried { error, .. } => self.answers.retried(error),
            Note::ProduceFailed { partition, error, first, count } => {
                self.answers.failed(node, partition, (first, count), error);
            }
            Note::DeliveryTimedOut { partition, first, count, .. } => {
                self.answers.failed(node, partition, (first, count), ErrorCode::RequestTimedOut);
            }
            _ => {}
        }
    }

    fn on_answer(&mut self, now: Time, partition: TopicPartition, sent: Option<Time>) {
        let Some(fault) = self.fault.as_mut().filter(|fault| fault.answered.is_none()) else { return };
        let counts = if self.leaders.any_hit() {
            self.leaders.is_hit(partition) && self.leaders.leader(partition).is_some()
        } else {
            sent.is_some_and(|sent| sent >= fault.at)
        };
        if counts {
            fault.answered = Some(now.since(fault.at));
        }
    }

    fn health_of(&self, node: NodeId) -> Health {
        self.health.iter().find(|(id, _)| *id == node).map_or(Health::Down, |&(_, health)| health)
    }

    fn on_health(&mut self, now: Time, node: NodeId, health: Health) {
        if self.health_of(node) == health {
            return;
        }
        match self.health.iter_mut().find(|(id, _)| *id == node) {
            Some((_, known)) => *known = health,
            None => self.health.push((node, health)),
        }
        match node.kind() {
            NodeKind::Broker => {
                self.leaders.health(node, health == Health::Up, health == Health::Down);
            }
            NodeKind::Producer if health == Health::Down => self.answers.forget(node),
            _ => {}
        }
        match health {
            Health::Up => self.office.back(node),
            Health::Paused => self.office.left(node, now),
            Health::Down => self.office.died(node, now),
        }
    }

    /// The last fault and what followed.
    pub const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Since when traffic is counted.
    pub const fn since(&self) -> Option<Time> {
        self.since
    }
}

/// When the batch that a producer has just sent was begun: what waits for a leader waits before it is sent.
fn created(world: &World, producer: NodeId, partition: TopicPartition, first: u32) -> Option<Time> {
    let Some(Process::Producer(producer)) = world.process(producer) else { return None };
    let batches = producer.in_flight.iter().flat_map(|request| &request.batches);
    let mut sent = batches.filter_map(|sent| sent.batch.as_ref());
    sent.find(|batch| batch.partition == partition && batch.first() == first).map(|batch| batch.created)
}

/// The replicas that have to be up in majority: those of a Raft group.
fn group(world: &World, node: NodeId, partition: TopicPartition) -> NodeList {
    if world.genesis.mode.replication() == ReplicationPlane::Isr {
        return NodeList::EMPTY;
    }
    let broker = world.process(node).and_then(Process::broker);
    let registration = broker.and_then(|broker| broker.image.partitions.get(&partition));
    registration.map_or(NodeList::EMPTY, |found| found.replicas)
}

/// Whether it is done to a node or a link, and harms.
const fn is_fault(action: Action) -> bool {
    match action {
        Action::Crash(..)
        | Action::ReplaceDisk(_)
        | Action::Pause(_)
        | Action::Cut(_)
        | Action::Isolate(_)
        | Action::Configure(
            Change::Slow(..) | Change::Clock(..) | Change::LinkDelay(..) | Change::LinkLoss(..),
        )
        | Action::Call(
            _,
            Command::ShutDown | Command::FenceBroker(_) | Command::Resign | Command::FailController,
        ) => true,
        Action::Deliver(_)
        | Action::Drop(_)
        | Action::Duplicate(_)
        | Action::Delay(..)
        | Action::Fire(..)
        | Action::SetTimer(..)
        | Action::Start(_)
        | Action::Resume(_)
        | Action::Heal(_)
        | Action::Rejoin(_)
        | Action::HealAll
        | Action::Configure(_)
        | Action::Call(..)
        | Action::Roll => false,
    }
}
