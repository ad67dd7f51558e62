//! A broker on ZooKeeper: its session, its registration, the controller that it may be, and what controllers tell it.
//!
//! Its replicas do what LeaderAndIsr and StopReplica say; clients are told what UpdateMetadata said last, which comes
//! apart and later. The image is that cache ([`cache`]), and nothing in it decides what the replicas do, but for the
//! settings of topics, which the broker reads from ZooKeeper itself ([`configs`]).
//!
//! Source: `KafkaServer.startup`, `KafkaApis.handleLeaderAndIsrRequest`, `handleUpdateMetadataRequest`,
//! `handleStopReplicaRequest`, `isBrokerEpochStale` (3.9).

mod asked;
mod cache;
mod configs;
mod control;
mod ids;
mod isr;
mod registration;
mod shutdown;

use super::broker::{Broker, Plane};
use crate::config::Settings;
use crate::id::{BrokerEpoch, NodeId, NodeList};
use crate::metadata::lifecycle::BrokerState;
use crate::node::{Out, Timer};
use crate::time::Time;
use crate::wire::{ControlMessage, Envelope, Message, ZkRequest};
use crate::zk_controller::KafkaController;
use crate::zookeeper::client::{Asker, ClientEvent, ZooKeeperClient};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use asked::Asked;
use configs::TopicConfigs;
use isr::IsrChanges;
use serde::{Deserialize, Serialize};
use shutdown::ControlledShutdown;

/// What binds a broker to ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ZooKeeperPlane {
    me: NodeId,
    settings: Arc<Settings>,
    /// Its session.
    pub client: ZooKeeperClient,
    /// The controller that it may be.
    pub controller: KafkaController,
    state: BrokerState,
    /// The transaction that created its znode; that of its last session while it is not registered in this one.
    broker_epoch: Option<BrokerEpoch>,
    /// Who sent the last UpdateMetadata: whom leaders ask for another ISR.
    known_controller: Option<NodeId>,
    /// What ZooKeeper was asked and has not answered.
    asked: BTreeMap<u32, Asked>,
    /// Requests of controllers, the first of which it works on.
    work: VecDeque<Envelope>,
    next_tag: u32,
    configs: TopicConfigs,
    isr: IsrChanges,
    shutdown: ControlledShutdown,
}

impl ZooKeeperPlane {
    pub(super) fn new(me: NodeId, members: NodeList, settings: &Arc<Settings>) -> ZooKeeperPlane {
        ZooKeeperPlane {
            me,
            settings: settings.clone(),
            client: ZooKeeperClient::new(members, settings.clone()),
            controller: KafkaController::new(me, settings.clone()),
            state: BrokerState::NotRunning,
            broker_epoch: None,
            known_controller: None,
            asked: BTreeMap::new(),
            work: VecDeque::new(),
            next_tag: 0,
            configs: TopicConfigs::default(),
            isr: IsrChanges::default(),
            shutdown: ControlledShutdown::default(),
        }
    }

    /// How far its life has come.
    pub const fn state(&self) -> BrokerState {
        self.state
    }

    /// The epoch under which it is registered, or was in its last session.
    pub const fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    /// The controller of the last UpdateMetadata.
    pub const fn known_controller(&self) -> Option<NodeId> {
        self.known_controller
    }

    /// Whether it listens: `SocketServer.enableRequestProcessing` comes last, after the registration.
    pub const fn accepts_connections(&self) -> bool {
        matches!(self.state, BrokerState::Running | BrokerState::PendingControlledShutdown)
    }

    pub(super) fn boot(&mut self, now: Time, out: &mut Out) {
        self.state = BrokerState::Starting;
        self.isr.boot(now);
        self.client.boot(now, out);
    }

    /// Asks ZooKeeper for the broker.
    fn ask(&mut self, now: Time, what: Asked, requests: Vec<ZkRequest>, out: &mut Out) {
        let tag = self.next_tag;
        self.next_tag = tag.wrapping_add(1);
        self.asked.insert(tag, what);
        self.client.ask(now, Asker::Broker, tag, requests, out);
    }
}

impl Broker {
    /// A message for the control plane; gives back what is none.
    pub(super) fn on_zookeeper_message(
        &mut self,
        now: Time,
        envelope: Envelope,
        out: &mut Out,
    ) -> Option<Envelope> {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return Some(envelope) };
        let Message::Control(message) = &envelope.message else {
            if ZooKeeperClient::handles_message(&envelope.message) {
                let events = plane.client.on_message(now, envelope, out);
                self.on_zookeeper_events(now, events, out);
            } else if KafkaController::handles_message(&envelope.message) {
                plane.controller.on_message(now, &mut plane.client, envelope, out);
            } else {
                return Some(envelope);
            }
            return None;
        };
        match **message {
            ControlMessage::LeaderAndIsrRequest(_)
            | ControlMessage::UpdateMetadataRequest(_)
            | ControlMessage::StopReplicaRequest(_) => self.on_control_request(now, envelope, out),
            ControlMessage::ControlledShutdownResponse(..) => {
                plane.on_shutdown_response(now, &envelope, out);
            }
            ControlMessage::ControlledShutdownRequest(_)
            | ControlMessage::LeaderAndIsrResponse(..)
            | ControlMessage::UpdateMetadataResponse(_)
            | ControlMessage::StopReplicaResponse(..) => {
                plane.controller.on_message(now, &mut plane.client, envelope, out);
            }
        }
        None
    }

    pub(super) fn on_zookeeper_timer(&mut self, now: Time, timer: Timer, out: &mut Out) {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return };
        match timer {
            Timer::Heartbeat => plane.register(now, out),
            Timer::ControlledShutdown => plane.on_shutdown_timer(now, out),
            Timer::IsrChangePropagation => plane.publish_isr_changes(now, out),
            Timer::MetadataWork => self.on_control_worked(now, out),
            timer if ZooKeeperClient::handles(timer) => {
                let events = plane.client.on_timer(now, timer, out);
                self.on_zookeeper_events(now, events, out);
            }
            timer => plane.controller.on_timer(now, &mut plane.client, timer, out),
        }
    }

    pub(super) fn on_zookeeper_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return };
        let events = plane.client.on_disconnected(now, node, out);
        plane.controller.on_disconnected(node, out);
        plane.on_controller_lost(now, node, out);
        self.on_zookeeper_events(now, events, out);
    }

    /// What replicas and the stock of producer ids want of ZooKeeper is asked for.
    pub(super) fn ask_zookeeper(&mut self, now: Time, out: &mut Out) {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return };
        plane.write_isrs(now, self.replicas.take_isr_writes(), out);
        if self.producer_ids.takes_block_from_zookeeper() {
            plane.read_block(now, out);
        }
    }

    /// What the session brought.
    pub(super) fn on_zookeeper_events(&mut self, now: Time, events: Vec<ClientEvent>, out: &mut Out) {
        for event in events {
            let Plane::ZooKeeper(plane) = &mut self.plane else { return };
            match &event {
                ClientEvent::Connected { is_new, .. } => plane.on_session(now, *is_new, &self.replicas, out),
                ClientEvent::Watch(path, _) => plane.on_config_watch(now, *path, out),
                ClientEvent::Closed => plane.on_closed(out),
                ClientEvent::Answer(Asker::Broker, tag, _) => {
                    if let Some(asked) = plane.asked.remove(tag) {
                        let ClientEvent::Answer(_, _, answers) = event else { return };
                        self.on_zookeeper_answer(now, asked, answers, out);
                    }
                    continue;
                }
                ClientEvent::Answer(Asker::Controller, ..)
                | ClientEvent::Disconnected
                | ClientEvent::Expired => {}
            }
            let Plane::ZooKeeper(plane) = &mut self.plane else { return };
            plane.controller.on_event(now, &event, &mut plane.client, out);
        }
    }
}
