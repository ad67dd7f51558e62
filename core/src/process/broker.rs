//! A broker: replicas, the groups that it answers for, what clients are told, and a control plane below.
//!
//! Does not know how the metadata reach it: that is its [`Plane`]. Source: `BrokerServer`, `KafkaServer`.

use super::Disk;
use super::kraft::KRaftPlane;
use super::zookeeper::ZooKeeperPlane;
use crate::config::Settings;
use crate::group::coordinator::{GroupCoordinator, Host};
use crate::id::{BrokerEpoch, CallId, Incarnation, NodeId, NodeList, Offset};
use crate::kraft::Quorum;
use crate::metadata::image::Image;
use crate::metadata::lifecycle::{BrokerState, Lifecycle};
use crate::metadata::producer_id_manager::{Controller as ControllerOfBroker, ProducerIdManager};
use crate::mode::MetadataPlane;
use crate::node::{Command, Input, Out, Outcome, Timer};
use crate::replication::{Ctx, ReplicaManager};
use crate::time::Time;
use crate::wire::{Envelope, ErrorCode, Message};
use alloc::boxed::Box;
use alloc::sync::Arc;
use serde::{Deserialize, Serialize};

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Broker {
    /// Who it is.
    pub id: NodeId,
    /// The metadata as it knows them.
    pub image: Image,
    /// Its replicas.
    pub replicas: ReplicaManager,
    /// Its stock of producer ids.
    pub producer_ids: ProducerIdManager,
    /// The consumer groups that it answers for.
    pub groups: GroupCoordinator,
    /// How metadata reach it, and how it is a member of the cluster.
    pub plane: Plane,
}

/// Who keeps the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Plane {
    /// The quorum of the controllers.
    KRaft(Box<KRaftPlane>),
    /// ZooKeeper, and a controller that the brokers elect among themselves.
    ZooKeeper(Box<ZooKeeperPlane>),
}

impl Broker {
    /// A broker's next life; `quorum` is its observer of the metadata log, the rest of its disk is `disk`.
    pub fn new(quorum: Quorum, incarnation: Incarnation, settings: &Arc<Settings>, disk: Disk) -> Broker {
        let id = quorum.me().id;
        let plane = KRaftPlane::new(quorum, incarnation, disk.clean_shutdown_epoch, settings);
        Broker {
            id,
            image: Image::default(),
            replicas: ReplicaManager::new(id, settings.clone(), disk.replicas),
            producer_ids: ProducerIdManager::new(id),
            groups: GroupCoordinator::new(id, settings.clone()),
            plane: Plane::KRaft(Box::new(plane)),
        }
    }

    /// The next life of a broker on ZooKeeper; `members` are those of the ensemble.
    pub fn on_zookeeper(id: NodeId, members: NodeList, settings: &Arc<Settings>, disk: Disk) -> Broker {
        let replicas = ReplicaManager::new(id, settings.clone(), disk.replicas);
        let producer_ids = ProducerIdManager::new(id);
        let by_rpc = settings.features.producer_ids_by_rpc;
        Broker {
            id,
            image: Image::default(),
            replicas: replicas.on_plane(MetadataPlane::ZooKeeper),
            producer_ids: if by_rpc { producer_ids } else { producer_ids.on_zookeeper() },
            groups: GroupCoordinator::new(id, settings.clone()).on_zookeeper(),
            plane: Plane::ZooKeeper(Box::new(ZooKeeperPlane::new(id, members, settings))),
        }
    }

    /// The control plane, in KRaft.
    pub const fn kraft(&self) -> Option<&KRaftPlane> {
        match &self.plane {
            Plane::KRaft(plane) => Some(plane),
            Plane::ZooKeeper(_) => None,
        }
    }

    /// The control plane, on ZooKeeper.
    pub const fn zookeeper(&self) -> Option<&ZooKeeperPlane> {
        match &self.plane {
            Plane::KRaft(_) => None,
            Plane::ZooKeeper(plane) => Some(plane),
        }
    }

    /// The control plane, in KRaft, to be changed: only tests that make up a bad state do that from outside.
    pub const fn kraft_mut(&mut self) -> Option<&mut KRaftPlane> {
        match &mut self.plane {
            Plane::KRaft(plane) => Some(plane),
            Plane::ZooKeeper(_) => None,
        }
    }

    /// Its observer of the metadata log, in KRaft.
    pub fn quorum(&self) -> Option<&Quorum> {
        self.kraft().map(|plane| &plane.quorum)
    }

    /// Registration and heartbeats, in KRaft.
    pub fn lifecycle(&self) -> Option<&Lifecycle> {
        self.kraft().map(|plane| &plane.lifecycle)
    }

    /// Up to where it has replayed the metadata log (exclusive), in KRaft.
    pub fn applied(&self) -> Offset {
        self.kraft().map_or(Offset(0), |plane| plane.applied)
    }

    /// The epoch under which it is registered.
    pub fn broker_epoch(&self) -> Option<BrokerEpoch> {
        match &self.plane {
            Plane::KRaft(plane) => plane.lifecycle.broker_epoch(),
            Plane::ZooKeeper(plane) => plane.broker_epoch(),
        }
    }

    /// The active controller, as far as it knows.
    pub fn controller(&self) -> Option<NodeId> {
        match &self.plane {
            Plane::KRaft(plane) => plane.quorum.leader(),
            Plane::ZooKeeper(plane) => plane.known_controller(),
        }
    }

    /// How far its life has come.
    pub fn state(&self) -> BrokerState {
        match &self.plane {
            Plane::KRaft(plane) => plane.lifecycle.state(),
            Plane::ZooKeeper(plane) => plane.state(),
        }
    }

    /// Whether it listens: a starting broker asks, but does not let anybody ask it.
    pub fn accepts_connections(&self) -> bool {
        match &self.plane {
            Plane::KRaft(plane) => plane.lifecycle.accepts_connections(),
            Plane::ZooKeeper(plane) => plane.accepts_connections(),
        }
    }

    pub(super) fn ctx(&self) -> Ctx {
        Ctx { controller: self.controller(), broker_epoch: self.broker_epoch() }
    }

    fn controller_of_ids(&self) -> ControllerOfBroker {
        ControllerOfBroker { known: self.controller(), broker_epoch: self.broker_epoch() }
    }

    pub(super) fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        match input {
            Input::Boot => {
                self.boot_plane(now, out);
                self.replicas.boot(now, out);
                self.producer_ids.open(now);
            }
            Input::Deliver(envelope) => self.on_message(now, envelope, out),
            Input::Disconnected(node) => {
                self.on_plane_disconnected(now, node, out);
                self.producer_ids.on_disconnected(now, node, out);
                let ctx = self.ctx();
                self.replicas.on_disconnected(now, node, ctx, out);
            }
            Input::Fire(timer) => self.on_timer(now, timer, out),
            Input::Call(call, command) => self.on_command(now, call, command, out),
        }
        self.on_plane_progress(now, out);
        self.groups.on_progress(now, &self.replicas, out);
    }

    fn boot_plane(&mut self, now: Time, out: &mut Out) {
        match &mut self.plane {
            Plane::KRaft(plane) => plane.boot(now, out),
            Plane::ZooKeeper(plane) => plane.boot(now, out),
        }
    }

    fn on_plane_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        match &mut self.plane {
            Plane::KRaft(plane) => plane.on_disconnected(now, node, out),
            Plane::ZooKeeper(_) => self.on_zookeeper_disconnected(now, node, out),
        }
    }

    /// What has reached the control plane becomes leaders and followers.
    fn on_plane_progress(&mut self, now: Time, out: &mut Out) {
        match self.plane {
            Plane::KRaft(_) => self.replay(now, out),
            Plane::ZooKeeper(_) => self.ask_zookeeper(now, out),
        }
    }

    /// Hands a message to the control plane, which gives back what is not its own.
    fn offer_to_plane(&mut self, now: Time, envelope: Envelope, out: &mut Out) -> Option<Envelope> {
        match &mut self.plane {
            Plane::KRaft(plane) => plane.on_message(now, envelope, out),
            Plane::ZooKeeper(_) => self.on_zookeeper_message(now, envelope, out),
        }
    }

    fn on_message(&mut self, now: Time, envelope: Envelope, out: &mut Out) {
        let Some(envelope) = self.offer_to_plane(now, envelope, out) else { return };
        if matches!(envelope.message, Message::InitProducerIdRequest) {
            let (asker, controller) = ((envelope.from, envelope.correlation), self.controller_of_ids());
            self.producer_ids.on_init(now, controller, asker, out);
        } else if GroupCoordinator::handles_message(&envelope.message) {
            let mut host = Host { image: &self.image, replicas: &mut self.replicas };
            self.groups.on_message(now, &mut host, envelope, out);
        } else if matches!(envelope.message, Message::AllocateProducerIdsResponse(_)) {
            self.producer_ids.on_message(now, &envelope, out);
        } else if ReplicaManager::handles_message(&envelope.message) {
            let ctx = self.ctx();
            self.replicas.on_message(now, &self.image, ctx, envelope, out);
        }
    }

    fn on_timer(&mut self, now: Time, timer: Timer, out: &mut Out) {
        if timer == Timer::ProducerIdsRequest {
            let controller = self.controller_of_ids();
            self.producer_ids.on_timer(now, controller, out);
        } else if timer == Timer::GroupCoordinator {
            let mut host = Host { image: &self.image, replicas: &mut self.replicas };
            self.groups.on_timer(now, &mut host, out);
        } else if ReplicaManager::handles(timer) {
            let ctx = self.ctx();
            self.replicas.on_timer(now, &self.image, ctx, timer, out);
        } else {
            match &mut self.plane {
                Plane::KRaft(plane) => plane.on_timer(now, timer, out),
                Plane::ZooKeeper(_) => self.on_zookeeper_timer(now, timer, out),
            }
        }
    }

    fn on_command(&mut self, now: Time, call: CallId, command: Command, out: &mut Out) {
        match command {
            Command::FailAppend(partition) => self.replicas.fail_append(call, partition, out),
            Command::DeleteRecords { partition, offset } => {
                self.replicas.delete_records(&self.image, call, partition, offset, out);
            }
            Command::ShutDown => {
                self.replicas.begin_controlled_shutdown();
                match &mut self.plane {
                    Plane::KRaft(plane) => plane.lifecycle.begin_shutdown(out),
                    Plane::ZooKeeper(plane) => plane.begin_shutdown(now, out),
                }
                out.reply(call, Outcome::Done);
            }
            Command::Snapshot { clean } => {
                let done = match &mut self.plane {
                    Plane::KRaft(plane) => plane.snapshot(&self.image, clean, out),
                    Plane::ZooKeeper(_) => false,
                };
                out.reply(call, super::done_or_not(done));
            }
            _ => match &mut self.plane {
                Plane::KRaft(_) => out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest)),
                Plane::ZooKeeper(plane) => {
                    plane.controller.on_command(now, &mut plane.client, call, command, out);
                }
            },
        }
    }

    /// What is left when the process ends; `clean` after an orderly shutdown.
    pub(super) fn into_disk(mut self, clean: bool) -> Disk {
        let clean_shutdown_epoch = if clean { self.broker_epoch() } else { None };
        if clean {
            self.replicas.shut_down_cleanly();
        }
        let mut disk = match self.plane {
            Plane::KRaft(plane) => Disk { quorum: plane.quorum.disk, ..Disk::default() },
            Plane::ZooKeeper(_) => Disk::default(),
        };
        if clean {
            disk.quorum.log.flush();
        }
        Disk { replicas: self.replicas.disk, clean_shutdown_epoch, ..disk }
    }
}
