//! What each kind of process is made of, and which part of it gets an input.
//!
//! Composition only: a broker is replicas and clients' metadata on a control plane ([`Plane`]); a controller is a voter
//! and the active-controller logic. No decisions are made here.

mod broker;
mod kraft;
mod thread;
mod zookeeper;

pub use broker::{Broker, Plane};
pub use kraft::KRaftPlane;
pub use zookeeper::ZooKeeperPlane;

use crate::client::{Consumer, Producer};
use crate::config::Settings;
use crate::id::{BrokerEpoch, CallId};
use crate::kraft::{Quorum, QuorumDisk};
use crate::metadata::controller::QuorumController;
use crate::node::{Command, Effect, Input, Loss, Out, Outcome, Timer};
use crate::record::MetadataRecord;
use crate::replication::ReplicaDisk;
use crate::time::{Span, Time};
use crate::wire::ErrorCode;
use crate::zookeeper::{ZooKeeperDisk, ZooKeeperServer};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What survives a crash of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Disk {
    /// The metadata log and the quorum state.
    pub quorum: QuorumDisk,
    /// The logs of data partitions (brokers).
    pub replicas: ReplicaDisk,
    /// The writes of the ZooKeeper ensemble (its members).
    pub zookeeper: ZooKeeperDisk,
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
        self.quorum.crash(loss) + self.replicas.crash(loss) + self.zookeeper.crash(loss)
    }
}

/// How long a controller that shuts down waits for another leader (`KafkaRaftClientDriver`).
const CONTROLLER_SHUTDOWN_TIMEOUT: Span = Span::secs(5);

/// A dedicated controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Controller {
    /// Voter or observer of the metadata quorum.
    pub quorum: Quorum,
    /// What the active controller decides.
    pub control: QuorumController,
    thread: thread::ControllerThread,
    settings: Arc<Settings>,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Process {
    /// See [`Broker`].
    Broker(Box<Broker>),
    /// See [`Controller`].
    Controller(Box<Controller>),
    /// See [`ZooKeeperServer`].
    ZooKeeper(Box<ZooKeeperServer>),
    /// See [`Producer`].
    Producer(Box<Producer>),
    /// See [`Consumer`].
    Consumer(Box<Consumer>),
}

impl Controller {
    /// A controller's next life; `quorum` is its replica of the metadata log.
    pub fn new(quorum: Quorum, settings: &Arc<Settings>) -> Controller {
        let control = QuorumController::new(settings.clone());
        Controller { quorum, control, thread: Default::default(), settings: settings.clone() }
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
                    self.offer(now, Input::Deliver(envelope), out);
                }
            }
            Input::Disconnected(node) => self.quorum.on_disconnected(now, node, out),
            Input::Fire(Timer::ControllerThread) => self.go_on(now, out),
            Input::Fire(Timer::ControlledShutdown) => {
                return out.effects.push(Effect::Exit { clean: true });
            }
            Input::Fire(timer) => {
                if Quorum::handles(timer) {
                    self.quorum.on_timer(now, timer, out);
                } else {
                    self.offer(now, Input::Fire(timer), out);
                }
            }
            Input::Call(call, command) => self.on_command(now, call, command, out),
        }
        self.control.on_progress(now, &mut self.quorum, out);
        if self.quorum.is_shut_down() {
            out.effects.push(Effect::Exit { clean: true });
        }
    }

    /// Something for the active controller: handled at once, or when its thread has come to it.
    fn offer(&mut self, now: Time, input: Input, out: &mut Out) {
        let work = self.settings.controller_work(self.control.partitions_of(now, &input));
        if !self.thread.is_busy() && work == Span::ZERO {
            return self.carry_out(now, input, out);
        }
        if !self.thread.is_busy() {
            out.arm(Timer::ControllerThread, work);
        }
        self.thread.push(input);
    }

    /// The thread has thought about what it was at, and goes on with what waits.
    fn go_on(&mut self, now: Time, out: &mut Out) {
        while let Some(input) = self.thread.take() {
            self.carry_out(now, input, out);
            let partitions = self.thread.next().map_or(0, |next| self.control.partitions_of(now, next));
            let work = self.settings.controller_work(partitions);
            if work > Span::ZERO {
                return out.arm(Timer::ControllerThread, work);
            }
        }
    }

    fn carry_out(&mut self, now: Time, input: Input, out: &mut Out) {
        match input {
            Input::Deliver(envelope) => self.control.on_message(now, &mut self.quorum, envelope, out),
            Input::Fire(timer) => self.control.on_timer(now, &mut self.quorum, timer, out),
            Input::Call(call, command) => self.control.on_command(now, &mut self.quorum, call, command, out),
            Input::Boot | Input::Disconnected(_) => {}
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
            | Command::Reassign { .. } => self.offer(now, Input::Call(call, command), out),
            Command::Send { .. }
            | Command::SetRate { .. }
            | Command::SetAcks(_)
            | Command::ExpireSession(_)
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
            Process::ZooKeeper(server) => server.on(now, input, out),
            Process::Producer(producer) => producer.on(now, input, out),
            Process::Consumer(consumer) => consumer.on(now, input, out),
        }
    }

    /// What is left when the process ends; `clean` after an orderly shutdown.
    pub fn into_disk(self, clean: bool) -> Disk {
        match self {
            Process::Broker(broker) => broker.into_disk(clean),
            Process::Controller(controller) => Disk { quorum: controller.quorum.disk, ..Disk::default() },
            Process::ZooKeeper(server) => Disk { zookeeper: server.disk, ..Disk::default() },
            Process::Producer(producer) => Disk::of_client(Process::Producer(Box::new(producer.restarted()))),
            Process::Consumer(consumer) => Disk::of_client(Process::Consumer(Box::new(consumer.restarted()))),
        }
    }

    /// The quorum part, for brokers and controllers.
    pub fn quorum(&self) -> Option<&Quorum> {
        match self {
            Process::Broker(broker) => broker.quorum(),
            Process::Controller(controller) => Some(&controller.quorum),
            Process::ZooKeeper(_) | Process::Producer(_) | Process::Consumer(_) => None,
        }
    }

    /// The active controller's logic, if this is a controller.
    pub fn control(&self) -> Option<&QuorumController> {
        match self {
            Process::Controller(controller) => Some(&controller.control),
            Process::Broker(_) | Process::ZooKeeper(_) | Process::Producer(_) | Process::Consumer(_) => None,
        }
    }

    /// The broker, if it is one.
    pub fn broker(&self) -> Option<&Broker> {
        match self {
            Process::Broker(broker) => Some(broker),
            Process::Controller(_) | Process::ZooKeeper(_) | Process::Producer(_) | Process::Consumer(_) => {
                None
            }
        }
    }
}
