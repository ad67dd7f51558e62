//! What can be done to the world: crash, start, pause, cut, slow, drop, delay, double; by hand or by chance.

use crate::config::Settings;
use crate::id::{NodeId, NodeKind, PacketId, ReplicaKey, StepId};
use crate::mode::MetadataPlane;
use crate::net::{Link, Net};
use crate::node::{Command, Input, Loss, Timer};
use crate::note::Note;
use crate::process::{Broker, Controller, Disk, Process};
use crate::sim::action::{Action, Change, Rate};
use crate::sim::queue::{Armed, InFlight, Parcel};
use crate::sim::{Held, NotEnabled, Sim, Step};
use crate::time::Span;
use crate::view::Health;
use crate::wire::{Message, ZooKeeperMessage};
use crate::zookeeper::ZooKeeperServer;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How often chance rolls its dice while rates are set.
const ROLL: Span = Span::millis(100);

impl Sim {
    /// Keeps a message at a cut. Of each API only the latest is kept per direction: a request that was sent again
    /// went over a new connection, and what stood on the old one is gone.
    pub(super) fn hold(&mut self, held: Held) {
        // A session of ZooKeeper stays on its connection, with everything that was sent on it.
        if let Parcel::Message(_, Message::ZooKeeper(message)) = &held.packet.parcel
            && !matches!(**message, ZooKeeperMessage::Peer(_))
        {
            return self.held.push(held);
        }
        let api = |held: &Held| match &held.packet.parcel {
            Parcel::Message(_, message) => (message.api(), message.is_request()),
            Parcel::Disconnect => ("Disconnect", false),
        };
        let same = |other: &Held| {
            (other.packet.from, other.packet.to, api(other)) == (held.packet.from, held.packet.to, api(&held))
        };
        self.held.retain(|other| !same(other));
        self.held.push(held);
    }

    /// Sends on what stood at links that are not cut any more.
    fn release(&mut self) {
        let all = core::mem::take(&mut self.held);
        for held in all {
            let link = Link { from: held.packet.from, to: held.packet.to };
            if self.net.is_cut(link) {
                self.held.push(held);
            } else {
                let arrival = self.arrival(link);
                self.queue.put_back(arrival, held.id, held.packet);
            }
        }
    }

    pub(super) fn drop_packet(&mut self, id: PacketId, step: &mut Step) -> Result<(), NotEnabled> {
        let standing = self.held.iter().position(|held| held.id == id).map(|at| self.held.remove(at).packet);
        let packet = match standing {
            Some(packet) => packet,
            None => self.queue.take(id).ok_or(NotEnabled::NoSuchPacket)?.1,
        };
        step.cause = Some(packet.cause);
        step.notes.push(Note::MessageDropped { from: packet.from, to: packet.to });
        Ok(())
    }

    pub(super) fn duplicate(&mut self, id: PacketId, step: &mut Step) -> Result<(), NotEnabled> {
        let (_, packet) = self.queue.packet(id).ok_or(NotEnabled::NoSuchPacket)?;
        let copy = packet.clone();
        step.notes.push(Note::MessageDuplicated { from: copy.from, to: copy.to });
        self.dispatch(copy);
        Ok(())
    }

    pub(super) fn delay(&mut self, id: PacketId, by: Span, step: &mut Step) -> Result<(), NotEnabled> {
        let (due, packet) = self.queue.take(id).ok_or(NotEnabled::NoSuchPacket)?;
        step.notes.push(Note::MessageDelayed { from: packet.from, to: packet.to, by });
        self.queue.put_back(due + by, id, packet);
        Ok(())
    }

    pub(super) fn set_timer(
        &mut self,
        node: NodeId,
        timer: Timer,
        span: Span,
        step: &mut Step,
    ) -> Result<(), NotEnabled> {
        self.running(node)?;
        let old = self.queue.disarm(node, timer).ok_or(NotEnabled::NoSuchTimer)?;
        step.node = Some(node);
        let due = self.world.now + span;
        self.queue
            .arm(node, Armed { due, earliest: old.earliest.min(due), latest: old.latest.max(due), ..old });
        Ok(())
    }

    pub(super) fn crash(&mut self, node: NodeId, loss: Loss, step: &mut Step) -> Result<(), NotEnabled> {
        let slot = self.world.slot_mut(node).ok_or(NotEnabled::NoSuchNode)?;
        let process = slot.process.take().ok_or(NotEnabled::NotRunning)?;
        slot.disk = process.into_disk(false);
        let lost = slot.disk.crash(loss);
        slot.health = Health::Down;
        slot.powered = loss == Loss::Nothing;
        let powered = slot.powered;
        step.node = Some(node);
        step.notes.push(Note::Crashed { node, lost });
        self.queue.disarm_all(node);
        if powered {
            self.break_connections(node, step.event);
        }
        Ok(())
    }

    /// The process ends by itself.
    pub(super) fn exit(&mut self, node: NodeId, clean: bool, step: &mut Step) {
        let Some(slot) = self.world.slot_mut(node) else { return };
        let Some(process) = slot.process.take() else { return };
        slot.disk = process.into_disk(clean);
        slot.health = Health::Down;
        slot.powered = true;
        self.queue.disarm_all(node);
        self.break_connections(node, step.event);
    }

    /// The machine's system closes all connections of a process that is gone.
    fn break_connections(&mut self, node: NodeId, cause: StepId) {
        self.held.retain(|held| held.packet.from != node && held.packet.to != node);
        let peers: Vec<NodeId> =
            self.world.slots.iter().map(|slot| slot.id).filter(|&id| id != node).collect();
        for to in peers.into_iter().filter(|&to| talks(node, to)) {
            if self.world.health(to) != Health::Down {
                self.disconnect(node, to, cause);
            }
        }
    }

    fn disconnect(&mut self, from: NodeId, to: NodeId, cause: StepId) {
        let packet =
            InFlight { from, to, sent_at: self.world.now, cause, lost: false, parcel: Parcel::Disconnect };
        self.dispatch(packet);
    }

    /// Nobody listens: the sender of a request learns it, unless the machine has lost its power.
    pub(super) fn refuse_connection(&mut self, packet: InFlight, step: &mut Step) {
        let request = matches!(&packet.parcel, Parcel::Message(_, message) if message.is_request());
        let powered = self.world.slot(packet.to).is_some_and(|slot| slot.powered);
        if request && powered && self.world.health(packet.from) != Health::Down {
            step.notes.push(Note::ConnectionRefused { from: packet.from, to: packet.to });
            self.disconnect(packet.to, packet.from, step.event);
        }
    }

    pub(super) fn start(&mut self, node: NodeId, step: &mut Step) -> Result<(), NotEnabled> {
        let genesis = self.world.genesis.clone();
        let replication = genesis.mode.replication();
        let settings = Arc::new(Settings { replication, ..genesis.settings });
        let now = self.world.now;
        let slot = self.world.slot_mut(node).ok_or(NotEnabled::NoSuchNode)?;
        if slot.process.is_some() {
            return Err(NotEnabled::AlreadyRunning);
        }
        let silent_before = !slot.powered;
        slot.incarnation = slot.incarnation.next();
        slot.health = Health::Up;
        slot.powered = true;
        slot.started_at = now;
        let mut disk = core::mem::take(&mut slot.disk);
        let number = usize::from(node.number()) - 1;
        let me = ReplicaKey { id: node, directory: slot.directory };
        let mut quorum = || genesis.quorum(me, settings.clone(), core::mem::take(&mut disk.quorum));
        let process = match (disk.client.take(), node.kind()) {
            (Some(next_life), _) => *next_life,
            (None, NodeKind::Broker) if genesis.mode.metadata() == MetadataPlane::ZooKeeper => {
                let members = genesis.zookeeper_ids().collect();
                Process::Broker(Box::new(Broker::on_zookeeper(node, members, &settings, disk)))
            }
            (None, NodeKind::Broker) => {
                let quorum = quorum();
                Process::Broker(Box::new(Broker::new(quorum, slot.incarnation, &settings, disk)))
            }
            (None, NodeKind::Controller) => {
                Process::Controller(Box::new(Controller::new(quorum(), &settings)))
            }
            (None, NodeKind::ZooKeeper) => {
                let members = genesis.zookeeper_ids().collect();
                Process::ZooKeeper(Box::new(ZooKeeperServer::new(node, members, settings, disk.zookeeper)))
            }
            (None, NodeKind::Producer) => {
                Process::Producer(Box::new(genesis.producer(node, number, settings)))
            }
            (None, NodeKind::Consumer) => {
                Process::Consumer(Box::new(genesis.consumer(node, number, settings)))
            }
        };
        slot.process = Some(process);
        step.node = Some(node);
        step.notes.push(Note::Started { node });
        if silent_before {
            self.break_connections(node, step.event);
        }
        self.handle(node, Input::Boot, step);
        Ok(())
    }

    /// The disk is gone, and with it the process; the machine gets an empty one.
    pub(super) fn replace_disk(&mut self, node: NodeId, step: &mut Step) -> Result<(), NotEnabled> {
        if !matches!(node.kind(), NodeKind::Broker | NodeKind::Controller | NodeKind::ZooKeeper) {
            return Err(NotEnabled::HasNoDisk);
        }
        if self.world.process(node).is_some() {
            self.crash(node, Loss::Nothing, step)?;
        }
        let keeps_its_name = !self.world.genesis.settings.features.voter_directory_id;
        let slot = self.world.slot_mut(node).ok_or(NotEnabled::NoSuchNode)?;
        slot.disk = Disk::default();
        if !keeps_its_name {
            slot.directory = slot.directory.of_replacement();
        }
        let directory = slot.directory;
        step.node = Some(node);
        step.notes.push(Note::DiskReplaced { node, directory });
        Ok(())
    }

    pub(super) fn pause(&mut self, node: NodeId, step: &mut Step) -> Result<(), NotEnabled> {
        self.running(node)?;
        if let Some(slot) = self.world.slot_mut(node) {
            slot.health = Health::Paused;
        }
        step.node = Some(node);
        step.notes.push(Note::Paused { node });
        Ok(())
    }

    pub(super) fn resume(&mut self, node: NodeId, step: &mut Step) -> Result<(), NotEnabled> {
        let slot = self.world.slot_mut(node).ok_or(NotEnabled::NoSuchNode)?;
        if slot.health != Health::Paused {
            return Err(NotEnabled::NotPaused);
        }
        slot.health = Health::Up;
        step.node = Some(node);
        step.notes.push(Note::Resumed { node });
        Ok(())
    }

    pub(super) fn must_exist(&self, node: NodeId) -> Result<(), NotEnabled> {
        self.world.slot(node).map(|_| ()).ok_or(NotEnabled::NoSuchNode)
    }

    pub(super) fn set_cut(&mut self, link: Link, cut: bool, step: &mut Step) -> Result<(), NotEnabled> {
        self.must_exist(link.from)?;
        self.must_exist(link.to)?;
        if self.net.is_cut(link) != cut {
            self.net.change(link, |state| state.cut = cut);
            let (from, to) = (link.from, link.to);
            step.notes.push(if cut { Note::LinkCut { from, to } } else { Note::LinkHealed { from, to } });
            self.release();
        }
        Ok(())
    }

    pub(super) fn isolate(&mut self, node: NodeId, cut: bool, step: &mut Step) -> Result<(), NotEnabled> {
        self.must_exist(node)?;
        step.node = Some(node);
        let others: Vec<NodeId> =
            self.world.slots.iter().map(|slot| slot.id).filter(|&id| id != node).collect();
        for other in others.into_iter().filter(|&other| talks(node, other)) {
            self.set_cut(Link { from: node, to: other }, cut, step)?;
            self.set_cut(Link { from: other, to: node }, cut, step)?;
        }
        Ok(())
    }

    pub(super) fn heal_all(&mut self, step: &mut Step) -> Result<(), NotEnabled> {
        self.net = Net { latency: self.net.latency, ..Net::default() };
        self.rates.clear();
        self.next_roll = None;
        // What the last roll decided and has not happened yet would break what was just healed.
        self.pending.retain(|action| !is_fault(action));
        self.set_clocks_right(step);
        self.release();
        step.notes.push(Note::NetworkChanged);
        Ok(())
    }

    pub(super) fn configure(&mut self, change: Change, step: &mut Step) -> Result<(), NotEnabled> {
        match change {
            Change::Latency(latency) => self.net.latency = latency,
            Change::Reorder(reorder) => self.net.reorder = reorder,
            Change::LinkDelay(link, delay) => {
                self.must_exist(link.from)?;
                self.must_exist(link.to)?;
                self.net.change(link, |state| state.delay = delay);
            }
            Change::LinkLoss(link, loss) => {
                self.must_exist(link.from)?;
                self.must_exist(link.to)?;
                self.net.change(link, |state| state.loss = loss);
            }
            Change::Slow(node, by) => {
                self.must_exist(node)?;
                step.node = Some(node);
                step.notes.push(Note::Slowed { node, by });
                if by == Span::ZERO {
                    self.net.slow.remove(&node);
                } else {
                    self.net.slow.insert(node, by);
                }
                return Ok(());
            }
            Change::Clock(node, percent) => return self.set_clock(node, percent, step),
            Change::Rate(rate, 0) => {
                self.rates.remove(&rate);
                self.schedule_roll();
            }
            Change::Rate(rate, parts) => {
                self.rates.insert(rate, parts);
                self.schedule_roll();
            }
        }
        step.notes.push(Note::NetworkChanged);
        Ok(())
    }

    /// Arms the next roll while rates are set that break whole processes or links.
    pub(super) fn schedule_roll(&mut self) {
        self.next_roll = if self.rates.is_empty() { None } else { Some(self.world.now + ROLL) };
    }

    /// Decides for every process and every pair whether something breaks or recovers in this tenth of a second.
    pub(super) fn roll(&mut self, _step: &mut Step) -> Result<(), NotEnabled> {
        let servers: Vec<(NodeId, Health)> = self
            .world
            .slots
            .iter()
            .filter(|slot| !matches!(slot.id.kind(), NodeKind::Producer | NodeKind::Consumer))
            .map(|slot| (slot.id, slot.health))
            .collect();
        for &(node, health) in &servers {
            self.roll_node(node, health);
        }
        for &(from, _) in &servers {
            for &(to, _) in &servers {
                if from != to {
                    self.roll_link(Link { from, to });
                }
            }
        }
        self.schedule_roll();
        Ok(())
    }

    fn in_a_roll(&mut self, rate: Rate) -> bool {
        let per_second = self.rates.get(&rate).copied().unwrap_or(0);
        self.streams.faults.chance(per_second / 10)
    }

    fn roll_node(&mut self, node: NodeId, health: Health) {
        match health {
            Health::Down => {
                if self.in_a_roll(Rate::Recover) {
                    self.pending.push_back(Action::Start(node));
                }
            }
            Health::Paused => {
                if self.in_a_roll(Rate::Recover) {
                    self.pending.push_back(Action::Resume(node));
                }
            }
            Health::Up if self.in_a_roll(Rate::Crash) => {
                self.pending.push_back(Action::Crash(node, Loss::Nothing));
            }
            Health::Up if self.in_a_roll(Rate::LossyCrash) => {
                self.pending.push_back(Action::Crash(node, Loss::Unflushed));
            }
            Health::Up if self.in_a_roll(Rate::Pause) => self.pending.push_back(Action::Pause(node)),
            Health::Up if node.kind() == NodeKind::Broker && self.in_a_roll(Rate::Fence) => {
                if let Some(controller) = self.world.active_controller() {
                    self.pending.push_back(Action::Call(controller, Command::FenceBroker(node)));
                }
            }
            Health::Up => self.roll_slow(node),
        }
    }

    fn roll_slow(&mut self, node: NodeId) {
        if self.net.slow.contains_key(&node) {
            if self.in_a_roll(Rate::Recover) {
                self.pending.push_back(Action::Configure(Change::Slow(node, Span::ZERO)));
            }
        } else if self.in_a_roll(Rate::Slow) {
            let by = self.streams.faults.within(&(Span::millis(10)..=Span::secs(2)));
            self.pending.push_back(Action::Configure(Change::Slow(node, by)));
        }
    }

    fn roll_link(&mut self, link: Link) {
        if self.net.is_cut(link) {
            if self.in_a_roll(Rate::Recover) {
                self.pending.push_back(Action::Heal(link));
            }
        } else if self.in_a_roll(Rate::Cut) {
            self.pending.push_back(Action::Cut(link));
        }
    }
}

/// Whether this breaks something.
const fn is_fault(action: &Action) -> bool {
    matches!(
        action,
        Action::Crash(..)
            | Action::ReplaceDisk(_)
            | Action::Pause(_)
            | Action::Cut(_)
            | Action::Configure(_)
            | Action::Call(_, Command::FenceBroker(_))
    )
}

/// Whether two nodes ever exchange messages: clients talk to brokers only, members of a ZooKeeper ensemble to brokers and
/// among themselves.
fn talks(a: NodeId, b: NodeId) -> bool {
    let client = |id: NodeId| matches!(id.kind(), NodeKind::Producer | NodeKind::Consumer);
    let broker = |id: NodeId| id.kind() == NodeKind::Broker;
    (!client(a) || broker(b)) && (!client(b) || broker(a))
}
