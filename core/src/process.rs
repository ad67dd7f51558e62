//! What each kind of process is made of, and which part of it gets an input.
//!
//! Composition only: a broker is a metadata observer, an image of the metadata, a life cycle and replicas; a
//! controller is a voter and the active-controller logic. No decisions are made here.

use crate::client::{Consumer, Producer};
use crate::config::Settings;
use crate::group::coordinator::{GroupCoordinator, Host};
use crate::id::{BrokerEpoch, CallId, Incarnation, NodeId, Offset, SnapshotId};
use crate::kraft::{Quorum, QuorumDisk, Snapshot};
use crate::metadata::controller::QuorumController;
use crate::metadata::image::{Image, Touched};
use crate::metadata::lifecycle::{BrokerState, Lifecycle};
use crate::metadata::producer_id_manager::{Controller as ControllerOfBroker, ProducerIdManager};
use crate::metadata::snapshot_generator::{SnapshotGenerator, snapshot_to_load};
use crate::node::{Command, Effect, Input, Loss, Out, Outcome, Timer};
use crate::note::Note;
use crate::record::MetadataRecord;
use crate::replication::{Ctx, ReplicaDisk, ReplicaManager};
use crate::time::{Span, Time};
use crate::wire::{Envelope, ErrorCode, Message};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use serde::{Deserialize, Serialize};

/// What survives a crash of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Disk {
    /// The metadata log and the quorum state.
    pub quorum: QuorumDisk,
    /// The logs of data partitions (brokers).
    pub replicas: ReplicaDisk,
    /// The clean-shutdown file with the broker epoch of the life that ended in order (KIP-966).
    pub clean_shutdown_epoch: Option<BrokerEpoch>,
    /// A client's next life, with fresh memory; only the serial numbers of its records go on.
    pub client: Option<Box<Process>>,
}

impl Disk {
    fn of_client(next_life: Process) -> Disk {
        Disk { client: Some(Box::new(next_life)), ..Disk::default() }
    }

    /// What a crash leaves. Returns how many records it took.
    pub fn crash(&mut self, loss: Loss) -> u64 {
        self.clean_shutdown_epoch = None;
        self.quorum.crash(loss) + self.replicas.crash(loss)
    }
}

/// How long a controller that shuts down waits for another leader (`KafkaRaftClientDriver`).
const CONTROLLER_SHUTDOWN_TIMEOUT: Span = Span::secs(5);

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Broker {
    /// Observer of the metadata log.
    pub quorum: Quorum,
    /// Committed metadata, replayed.
    pub image: Image,
    /// Up to where it is replayed (exclusive).
    pub applied: Offset,
    /// Registration, heartbeats, shutdown.
    pub lifecycle: Lifecycle,
    /// Its replicas.
    pub replicas: ReplicaManager,
    /// Its stock of producer ids.
    pub producer_ids: ProducerIdManager,
    /// The consumer groups that it answers for.
    pub groups: GroupCoordinator,
    /// Its replicas act upon the metadata.
    published: bool,
    snapshots: SnapshotGenerator,
    known_controller: Option<NodeId>,
    known_epoch: Option<BrokerEpoch>,
}

/// A dedicated controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Controller {
    /// Voter or observer of the metadata quorum.
    pub quorum: Quorum,
    /// What the active controller decides.
    pub control: QuorumController,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Process {
    /// See [`Broker`].
    Broker(Box<Broker>),
    /// See [`Controller`].
    Controller(Box<Controller>),
    /// See [`Producer`].
    Producer(Box<Producer>),
    /// See [`Consumer`].
    Consumer(Box<Consumer>),
}

impl Broker {
    /// A broker's next life; `quorum` is its observer of the metadata log, the rest of its disk is `disk`.
    pub fn new(quorum: Quorum, incarnation: Incarnation, settings: &Arc<Settings>, disk: Disk) -> Broker {
        let id = quorum.me().id;
        Broker {
            quorum,
            image: Image::default(),
            applied: Offset(0),
            lifecycle: Lifecycle::new(id, incarnation, disk.clean_shutdown_epoch, settings.clone()),
            replicas: ReplicaManager::new(id, settings.clone(), disk.replicas),
            producer_ids: ProducerIdManager::new(id),
            groups: GroupCoordinator::new(id, settings.clone()),
            published: false,
            snapshots: SnapshotGenerator::new(settings),
            known_controller: None,
            known_epoch: None,
        }
    }

    fn ctx(&self) -> Ctx {
        Ctx { controller: self.quorum.leader(), broker_epoch: self.lifecycle.broker_epoch() }
    }

    fn controller(&self) -> ControllerOfBroker {
        ControllerOfBroker { known: self.quorum.leader(), broker_epoch: self.lifecycle.broker_epoch() }
    }

    /// Last applied metadata offset, as heartbeats report it.
    fn current_metadata_offset(&self) -> Option<Offset> {
        self.applied.0.checked_sub(1).map(Offset)
    }

    fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        match input {
            Input::Boot => {
                self.quorum.boot(now, out);
                self.snapshots.reset(now);
                self.lifecycle.boot(now, out);
                self.replicas.boot(now, out);
                self.producer_ids.open(now);
            }
            Input::Deliver(envelope) => self.on_message(now, envelope, out),
            Input::Disconnected(node) => {
                self.quorum.on_disconnected(now, node, out);
                self.lifecycle.on_disconnected(now, node, out);
                self.producer_ids.on_disconnected(now, node, out);
                let ctx = self.ctx();
                self.replicas.on_disconnected(now, node, ctx, out);
            }
            Input::Fire(timer) => self.on_timer(now, timer, out),
            Input::Call(call, command) => self.on_command(call, command, out),
        }
        self.replay(now, out);
        self.notice_controller(now, out);
        self.groups.on_progress(now, &self.replicas, out);
    }

    fn on_message(&mut self, now: Time, envelope: Envelope, out: &mut Out) {
        if Quorum::handles_message(&envelope.message) {
            self.quorum.on_message(now, envelope, out);
        } else if matches!(
            envelope.message,
            Message::BrokerRegistrationResponse(_) | Message::BrokerHeartbeatResponse(_)
        ) {
            self.lifecycle.on_message(now, &envelope, out);
        } else if matches!(envelope.message, Message::InitProducerIdRequest) {
            let (asker, controller) = ((envelope.from, envelope.correlation), self.controller());
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
        let (controller, applied) = (self.quorum.leader(), self.current_metadata_offset());
        if Quorum::handles(timer) {
            self.quorum.on_timer(now, timer, out);
        } else if timer == Timer::ProducerIdsRequest {
            let controller = self.controller();
            self.producer_ids.on_timer(now, controller, out);
        } else if timer == Timer::GroupCoordinator {
            let mut host = Host { image: &self.image, replicas: &mut self.replicas };
            self.groups.on_timer(now, &mut host, out);
        } else if ReplicaManager::handles(timer) {
            let ctx = self.ctx();
            self.replicas.on_timer(now, &self.image, ctx, timer, out);
        } else {
            self.lifecycle.on_timer(now, controller, applied, timer, out);
        }
    }

    fn on_command(&mut self, call: CallId, command: Command, out: &mut Out) {
        match command {
            Command::FailAppend(partition) => self.replicas.fail_append(call, partition, out),
            Command::DeleteRecords { partition, offset } => {
                self.replicas.delete_records(&self.image, call, partition, offset, out);
            }
            Command::ShutDown => {
                self.replicas.begin_controlled_shutdown();
                self.lifecycle.begin_shutdown(out);
                out.reply(call, Outcome::Done);
            }
            Command::Snapshot { clean } => {
                let made = self.make_snapshot(out).is_some();
                let cleaned = clean && self.quorum.delete_before_latest_snapshot(out);
                out.reply(call, done_or_not(made || cleaned));
            }
            _ => out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest)),
        }
    }

    /// Makes a snapshot of the committed metadata; `None` when there is one, or nothing to tell.
    fn make_snapshot(&mut self, out: &mut Out) -> Option<SnapshotId> {
        self.quorum.create_snapshot(self.applied, self.image.records(), out)
    }

    /// Replays what became committed and tells the parts that act upon it. Nothing is led or followed before the
    /// controller has said that this life of the broker caught up (`initialCatchUpFuture`): by then its earlier life
    /// has left every ISR. Else it could go on leading in an epoch whose records it has lost.
    fn replay(&mut self, now: Time, out: &mut Out) {
        let committed = self.quorum.high_watermark().unwrap_or(Offset(0));
        if committed <= self.applied && self.published {
            return;
        }
        let (mut changed, mut brokers_changed) = (Vec::new(), false);
        if let Some(Snapshot { id, records }) = snapshot_to_load(&self.quorum, self.applied, committed) {
            let before = mem::replace(&mut self.image, Image::of(records));
            changed = self.image.partitions_unlike(&before);
            brokers_changed = self.image.brokers != before.brokers;
            self.applied = id.end;
            self.snapshots.reset(now);
            out.note(Note::SnapshotLoaded { end: id.end, epoch: id.epoch });
        }
        let count = committed.saturating_sub(self.applied);
        for (_, entry) in self.quorum.log().iter(self.applied, committed) {
            if let MetadataRecord::ClearElr { topic } = entry.body {
                let touched = self.image.partitions_with_elr(topic);
                changed.retain(|partition| !touched.contains(partition));
                changed.extend(touched);
            }
            match self.image.apply(&entry.body) {
                Touched::Partition(partition) if !changed.contains(&partition) => changed.push(partition),
                Touched::Broker(_) => brokers_changed = true,
                Touched::Partition(_) | Touched::Nothing | Touched::Topics => {}
            }
        }
        self.applied = self.applied.max(committed);
        if self.snapshots.on_replayed(now, count) {
            self.quorum.clean_log(out);
            self.make_snapshot(out);
        }
        if matches!(
            self.lifecycle.state(),
            BrokerState::NotRunning | BrokerState::Starting | BrokerState::ShuttingDown
        ) {
            return;
        }
        if !self.published {
            self.published = true;
            changed = self.image.partitions.keys().copied().collect();
        }
        if !changed.is_empty() || brokers_changed {
            let ctx = self.ctx();
            self.replicas.apply(now, &self.image, &changed, ctx, out);
            let host = Host { image: &self.image, replicas: &mut self.replicas };
            self.groups.on_metadata(now, &host, &changed, out);
        }
        self.lifecycle.on_metadata(out);
    }

    fn notice_controller(&mut self, now: Time, out: &mut Out) {
        let controller = self.quorum.leader();
        if controller != self.known_controller {
            self.known_controller = controller;
            self.lifecycle.on_controller(now, controller, out);
            self.producer_ids.on_controller(now, controller, out);
            self.known_epoch = self.lifecycle.broker_epoch();
            let ctx = self.ctx();
            self.replicas.on_controller(now, ctx, out);
        } else if self.lifecycle.broker_epoch() != self.known_epoch {
            self.known_epoch = self.lifecycle.broker_epoch();
            let ctx = self.ctx();
            self.replicas.on_controller(now, ctx, out);
        }
    }
}

impl Controller {
    /// A controller's next life; `quorum` is its replica of the metadata log.
    pub fn new(quorum: Quorum, settings: &Arc<Settings>) -> Controller {
        Controller { quorum, control: QuorumController::new(settings.clone()) }
    }

    fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        match input {
            Input::Boot => {
                self.quorum.boot(now, out);
                self.control.boot(now);
            }
            Input::Deliver(envelope) => {
                if Quorum::handles_message(&envelope.message) {
                    self.quorum.on_message(now, envelope, out);
                } else {
                    self.control.on_message(now, &mut self.quorum, envelope, out);
                }
            }
            Input::Disconnected(node) => self.quorum.on_disconnected(now, node, out),
            Input::Fire(Timer::ControlledShutdown) => {
                return out.effects.push(Effect::Exit { clean: true });
            }
            Input::Fire(timer) => {
                if Quorum::handles(timer) {
                    self.quorum.on_timer(now, timer, out);
                } else {
                    self.control.on_timer(now, &mut self.quorum, timer, out);
                }
            }
            Input::Call(call, command) => self.on_command(now, call, command, out),
        }
        self.control.on_progress(now, &mut self.quorum, out);
        if self.quorum.is_shut_down() {
            out.effects.push(Effect::Exit { clean: true });
        }
    }

    fn on_command(&mut self, now: Time, call: CallId, command: Command, out: &mut Out) {
        match command {
            Command::Resign => {
                let resigned = self.quorum.resign(now, out);
                let refused = Outcome::Refused(ErrorCode::NotLeaderOrFollower);
                out.reply(call, if resigned { Outcome::Done } else { refused });
            }
            Command::FailController => {
                let failed = self.control.fail(&mut self.quorum, out);
                let refused = Outcome::Refused(ErrorCode::NotController);
                out.reply(call, if failed { Outcome::Done } else { refused });
            }
            Command::Snapshot { clean } => {
                let made = self.control.make_snapshot(&mut self.quorum, out).is_some();
                let cleaned = clean && self.quorum.delete_before_latest_snapshot(out);
                out.reply(call, done_or_not(made || cleaned));
            }
            Command::ShutDown => {
                self.quorum.shut_down(now, out);
                out.arm(Timer::ControlledShutdown, CONTROLLER_SHUTDOWN_TIMEOUT);
                out.reply(call, Outcome::Done);
            }
            Command::Append(count) => {
                let noops: Vec<_> = (0..count).map(|_| MetadataRecord::NoOp).collect();
                let appended = self.quorum.append(now, &noops, out);
                let refused = Outcome::Refused(ErrorCode::NotLeaderOrFollower);
                out.reply(call, if appended.is_some() { Outcome::Done } else { refused });
            }
            Command::AddVoter(key) => self.quorum.add_voter(call, key, out),
            Command::RemoveVoter(id) => self.quorum.remove_voter(now, call, id, out),
            Command::CreateTopic { .. }
            | Command::ConfigureTopic { .. }
            | Command::ElectLeader { .. }
            | Command::FenceBroker(_)
            | Command::UnregisterBroker(_)
            | Command::Reassign { .. } => self.control.on_command(now, &mut self.quorum, call, command, out),
            Command::Send { .. }
            | Command::SetRate { .. }
            | Command::SetAcks(_)
            | Command::FailAppend(_)
            | Command::DeleteRecords { .. } => {
                out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest));
            }
        }
    }
}

/// The outcome of a command that may find nothing to do.
const fn done_or_not(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Refused(ErrorCode::InvalidRequest) }
}

impl Process {
    /// Handles one input.
    pub fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        match self {
            Process::Broker(broker) => broker.on(now, input, out),
            Process::Controller(controller) => controller.on(now, input, out),
            Process::Producer(producer) => producer.on(now, input, out),
            Process::Consumer(consumer) => consumer.on(now, input, out),
        }
    }

    /// What is left when the process ends; `clean` after an orderly shutdown.
    pub fn into_disk(self, clean: bool) -> Disk {
        match self {
            Process::Broker(mut broker) => {
                if clean {
                    broker.replicas.shut_down_cleanly();
                    broker.quorum.disk.log.flush();
                }
                Disk {
                    quorum: broker.quorum.disk,
                    replicas: broker.replicas.disk,
                    clean_shutdown_epoch: if clean { broker.lifecycle.broker_epoch() } else { None },
                    client: None,
                }
            }
            Process::Controller(controller) => Disk { quorum: controller.quorum.disk, ..Disk::default() },
            Process::Producer(producer) => Disk::of_client(Process::Producer(Box::new(producer.restarted()))),
            Process::Consumer(consumer) => Disk::of_client(Process::Consumer(Box::new(consumer.restarted()))),
        }
    }

    /// The quorum part, for brokers and controllers.
    pub fn quorum(&self) -> Option<&Quorum> {
        match self {
            Process::Broker(broker) => Some(&broker.quorum),
            Process::Controller(controller) => Some(&controller.quorum),
            Process::Producer(_) | Process::Consumer(_) => None,
        }
    }

    /// The active controller's logic, if this is a controller.
    pub fn control(&self) -> Option<&QuorumController> {
        match self {
            Process::Controller(controller) => Some(&controller.control),
            Process::Broker(_) | Process::Producer(_) | Process::Consumer(_) => None,
        }
    }

    /// The broker, if it is one.
    pub fn broker(&self) -> Option<&Broker> {
        match self {
            Process::Broker(broker) => Some(broker),
            Process::Controller(_) | Process::Producer(_) | Process::Consumer(_) => None,
        }
    }
}
