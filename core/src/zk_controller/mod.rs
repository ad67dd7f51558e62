//! The controller of the ZooKeeper era: a broker that the others agreed on, which chooses leaders and tells everybody.
//!
//! Pure, and hosted in a broker: every broker on ZooKeeper has one, at most one is active. It owns no connection to
//! ZooKeeper and asks through [`ZooKeeper`]; it owns its connections to the brokers.
//! Reading order: [`context`] (what it knows), [`election`] (who leads a partition), `batch` and `channels` (how brokers
//! hear of it), `thread` (events, one at a time), `elect` and `failover` (how it becomes the controller), `partitions`
//! and `replicas` (the two state machines), `brokers`, `topics`, `reassign`, `requests` (what happens to it),
//! [`admin`] (what an administrator writes at any broker).
//!
//! Keeps: it decides nothing about a partition without having read its znode, writes it only if nobody else has since,
//! and keeps and tells what it wrote only when ZooKeeper has it.
//! Source: `KafkaController` and its companions in `kafka.controller` (3.x).
//!
//! Left out: deletion of topics, more partitions for an old topic, changes of a broker's endpoints, feature versions,
//! delegation tokens; log directory events (a broker has one directory and stops with it); triggers by znode
//! (`/admin/reassign_partitions`, `/admin/preferred_replica_election`): every release is asked through the API of 2.4;
//! `triggerControllerMove`, by which Kafka's controller gives up its office after an error of its own.

pub mod admin;
mod batch;
mod brokers;
mod channels;
pub mod context;
mod elect;
pub mod election;
mod failover;
mod partitions;
mod reassign;
mod replicas;
mod requests;
mod steps;
mod thread;
mod topics;
mod znodes;

pub use batch::ControllerBrokerRequestBatch;
pub use channels::ControllerChannelManager;
pub use context::ControllerContext;
pub use thread::ZooKeeper;

use crate::config::Settings;
use crate::id::{CallId, NodeId, TopicId};
use crate::node::{Command, Out, Outcome, Timer};
use crate::note::Note;
use crate::time::Time;
use crate::wire::{ControlMessage, Envelope, ErrorCode, Message};
use crate::zookeeper::client::{self, ClientEvent, ZooKeeperClient};
use admin::Administrator;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use thread::{Asker, Event, EventThread, Io};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KafkaController {
    me: NodeId,
    settings: Arc<Settings>,
    /// `activeControllerId`: who `/controller` names, as far as it was read.
    controller: Option<NodeId>,
    context: ControllerContext,
    channels: ControllerChannelManager,
    batch: ControllerBrokerRequestBatch,
    thread: EventThread,
    admin: Administrator,
}

impl ZooKeeper for ZooKeeperClient {
    fn ask(&mut self, now: Time, tag: u32, requests: Vec<crate::wire::ZkRequest>, out: &mut Out) {
        ZooKeeperClient::ask(self, now, client::Asker::Controller, tag, requests, out);
    }
}

impl KafkaController {
    /// The controller of broker `me`, which knows nothing yet.
    pub fn new(me: NodeId, settings: Arc<Settings>) -> KafkaController {
        KafkaController {
            me,
            settings,
            controller: None,
            context: ControllerContext::default(),
            channels: ControllerChannelManager::default(),
            batch: ControllerBrokerRequestBatch::default(),
            thread: EventThread::new(),
            admin: Administrator::default(),
        }
    }

    /// Whether it is the controller, as far as it knows.
    pub fn is_active(&self) -> bool {
        self.controller == Some(self.me) && self.context.epoch > 0
    }

    /// The epoch that it was elected with; 0 while it is not the controller.
    pub const fn epoch(&self) -> u32 {
        self.context.epoch
    }

    /// Who is the controller, as it read last.
    pub const fn controller(&self) -> Option<NodeId> {
        self.controller
    }

    /// What it knows.
    pub const fn context(&self) -> &ControllerContext {
        &self.context
    }

    /// Its connections to the brokers.
    pub const fn channels(&self) -> &ControllerChannelManager {
        &self.channels
    }

    /// How many events wait behind the one that it is at.
    pub fn queued(&self) -> u32 {
        self.thread.queue.len() as u32
    }

    /// Whether it is at nothing.
    pub fn is_idle(&self) -> bool {
        self.thread.is_idle()
    }

    /// The broker has registered itself in a session that has just begun: looks who is the controller, and tries to be
    /// it if nobody is (`Startup`, `RegisterBrokerAndReelect`).
    pub fn on_registered(&mut self, now: Time, zk: &mut dyn ZooKeeper, out: &mut Out) {
        self.put(Event::Reelect, now, zk, out);
    }

    /// Something has happened between the broker and ZooKeeper. A session that begins means nothing before
    /// [`KafkaController::on_registered`].
    pub fn on_event(&mut self, now: Time, event: &ClientEvent, zk: &mut dyn ZooKeeper, out: &mut Out) {
        match event {
            ClientEvent::Expired => self.on_expired(out),
            ClientEvent::Watch(path, kind) => self.on_watch(*path, *kind),
            ClientEvent::Answer(client::Asker::Controller, tag, answers) => {
                let mut io = Io { now, zk, out };
                if !self.on_answers(*tag, answers, &mut io) {
                    self.on_admin_answers(*tag, answers, &mut io);
                }
            }
            ClientEvent::Answer(client::Asker::Broker, ..)
            | ClientEvent::Connected { .. }
            | ClientEvent::Disconnected
            | ClientEvent::Closed => {}
        }
        self.run(&mut Io { now, zk, out });
    }

    /// Whether a message is for the controller.
    pub fn handles_message(message: &Message) -> bool {
        match message {
            Message::AlterPartitionRequest(_) | Message::AllocateProducerIdsRequest(_) => true,
            Message::Control(message) => matches!(
                **message,
                ControlMessage::LeaderAndIsrResponse(..)
                    | ControlMessage::UpdateMetadataResponse(_)
                    | ControlMessage::StopReplicaResponse(..)
                    | ControlMessage::ControlledShutdownRequest(_)
            ),
            _ => false,
        }
    }

    /// A message for which [`KafkaController::handles_message`] holds.
    pub fn on_message(&mut self, now: Time, zk: &mut dyn ZooKeeper, envelope: Envelope, out: &mut Out) {
        let Envelope { from, correlation, message, .. } = envelope;
        match message {
            Message::AlterPartitionRequest(request) => {
                let asker = Asker::AlterPartition(from, correlation);
                self.put(Event::AlterPartition(asker, request), now, zk, out);
            }
            Message::AllocateProducerIdsRequest(request) => {
                let asker = Asker::ProducerIds(from, correlation);
                self.put(Event::AllocateProducerIds(asker, request), now, zk, out);
            }
            Message::Control(message) => match *message {
                ControlMessage::ControlledShutdownRequest(request) => {
                    let asker = Asker::ControlledShutdown(from, correlation);
                    self.put(Event::ControlledShutdown(asker, request), now, zk, out);
                }
                ControlMessage::LeaderAndIsrResponse(error, _)
                | ControlMessage::UpdateMetadataResponse(error)
                | ControlMessage::StopReplicaResponse(error, _)
                    if self.channels.on_response(from, correlation, out) && !error.is_none() =>
                {
                    out.note(Note::ControlRequestRefused { broker: from, error });
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Whether a timer is the controller's.
    pub const fn handles(timer: Timer) -> bool {
        matches!(
            timer,
            Timer::ControllerThread
                | Timer::LeaderBalance
                | Timer::ControlRequest(_)
                | Timer::ControlBackoff(_)
        )
    }

    /// A timer for which [`KafkaController::handles`] holds.
    pub fn on_timer(&mut self, now: Time, zk: &mut dyn ZooKeeper, timer: Timer, out: &mut Out) {
        match timer {
            Timer::ControllerThread => {
                let mut io = Io { now, zk, out };
                self.on_worked(&mut io);
                self.run(&mut io);
            }
            Timer::LeaderBalance => self.put(Event::AutoPreferredElection, now, zk, out),
            Timer::ControlRequest(broker) => self.channels.on_failure(broker, out),
            Timer::ControlBackoff(broker) => self.channels.on_backoff_over(broker, out),
            _ => {}
        }
    }

    /// The connection to a broker broke.
    pub fn on_disconnected(&mut self, broker: NodeId, out: &mut Out) {
        self.channels.on_failure(broker, out);
    }

    /// A topic allows unclean elections from now on, as the broker has read in `/config`.
    pub fn on_unclean_election_enabled(
        &mut self,
        now: Time,
        zk: &mut dyn ZooKeeper,
        topic: TopicId,
        out: &mut Out,
    ) {
        if self.is_active() {
            self.put(Event::TopicUncleanElectionEnable(topic), now, zk, out);
        }
    }

    /// A person asks for something. What only the controller can do is refused with `NOT_CONTROLLER` elsewhere; what
    /// an administrator writes to ZooKeeper can be asked of any broker.
    pub fn on_command(
        &mut self,
        now: Time,
        zk: &mut dyn ZooKeeper,
        call: CallId,
        command: Command,
        out: &mut Out,
    ) {
        let asker = Asker::Call(call);
        match command {
            Command::ElectLeader { partition, unclean } => {
                self.put(Event::ElectLeader(asker, partition, unclean), now, zk, out);
            }
            Command::Reassign { partition, target } => {
                self.put(Event::Reassign(asker, partition, target), now, zk, out);
            }
            Command::CreateTopic { .. } | Command::ConfigureTopic { .. } | Command::Resign => {
                self.administrate(call, command, &mut Io { now, zk, out });
            }
            _ => out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest)),
        }
    }

    fn put(&mut self, event: Event, now: Time, zk: &mut dyn ZooKeeper, out: &mut Out) {
        self.thread.queue.push_back(event);
        self.run(&mut Io { now, zk, out });
    }
}
