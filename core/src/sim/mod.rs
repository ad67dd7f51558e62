//! The simulator: the world, what is on its way, and the only function that changes them.
//!
//! [`Sim::next`] is the timed scheduler, [`Sim::enabled`] is every legal move; both read one state.
//! [`Sim::apply`] makes a move and says what it caused. Chance comes from four streams (latency, timers, faults,
//! choices), so that turning one knob does not reshuffle another.

pub mod action;
pub mod adapt;
pub mod clock;
mod effects;
pub mod ensemble;
mod faults;
pub mod genesis;
pub mod promises;
pub mod queue;
mod setup;
mod step;
pub mod world;

pub use step::{Delivered, NotEnabled, Step, family};

use crate::check::Checker;
use crate::compare::Meter;
use crate::dice::Dice;
use crate::id::{CallId, DirectoryId, NodeId, PacketId, StepId};
use crate::net::Net;
use crate::node::{Command, Input, Out, Timer};
use crate::note::Note;
use crate::sim::action::{Action, Rate};
use crate::sim::genesis::{Genesis, GenesisError};
use crate::sim::queue::{Due, InFlight, Parcel, Queue};
use crate::sim::world::World;
use crate::time::Time;
use crate::view::Health;
use crate::wire::{Envelope, Message};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A message that stands at a cut: TCP sends it again when the link heals.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// Its number.
    pub id: PacketId,
    /// When it would have arrived.
    pub due: Time,
    /// What it is.
    pub packet: InFlight,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Streams {
    latency: Dice,
    timers: Dice,
    faults: Dice,
    choices: Dice,
}

/// A running cluster.
#[derive(Clone, Debug)]
pub struct Sim {
    world: World,
    queue: Queue,
    net: Net,
    rates: BTreeMap<Rate, u32>,
    streams: Streams,
    /// Moves that the simulator itself wants next: starting processes, creating topics, faults by chance.
    pending: VecDeque<Action>,
    setup: setup::Setup,
    next_roll: Option<Time>,
    /// Arrival of the last message per direction: what keeps them in order.
    last_arrival: Vec<Time>,
    /// Messages that stand at a cut, until it heals.
    held: Vec<Held>,
    next_call: CallId,
    event: StepId,
    handled: u64,
    messages: u64,
    promises: promises::Promises,
    checker: Option<Checker>,
    meter: Option<Box<Meter>>,
    out: Out,
}

impl Sim {
    /// The cluster of that genesis, with nothing started. Errors name the field and the remedy.
    pub fn new(genesis: Genesis) -> Result<Sim, GenesisError> {
        genesis.validate()?;
        let genesis = Arc::new(genesis);
        let seed = genesis.seed;
        let mut pending: VecDeque<Action> =
            genesis.controller_ids().chain(genesis.zookeeper_ids()).map(Action::Start).collect();
        pending.extend(genesis.broker_ids().map(Action::Start));
        let mut sim = Sim {
            world: World::new(genesis.clone()),
            queue: Queue::default(),
            net: Net { latency: genesis.latency, ..Net::default() },
            rates: genesis.rates.clone(),
            streams: Streams {
                latency: Dice::stream(seed, 1),
                timers: Dice::stream(seed, 2),
                faults: Dice::stream(seed, 3),
                choices: Dice::stream(seed, 4),
            },
            pending,
            setup: setup::Setup::default(),
            next_roll: None,
            last_arrival: Vec::new(),
            held: Vec::new(),
            next_call: CallId(1),
            event: StepId(0),
            handled: 0,
            messages: 0,
            promises: promises::Promises::default(),
            checker: genesis.checks.then(|| Checker::new(&genesis)),
            meter: None,
            out: Out::default(),
        };
        sim.schedule_roll();
        Ok(sim)
    }

    /// The processes.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Messages in flight and armed timers.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Messages that stand at a cut.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// The network's conditions.
    pub const fn net(&self) -> &Net {
        &self.net
    }

    /// Faults by chance.
    pub const fn rates(&self) -> &BTreeMap<Rate, u32> {
        &self.rates
    }

    /// The checker, when checks are on.
    pub const fn checker(&self) -> Option<&Checker> {
        self.checker.as_ref()
    }

    /// Counts from now on what runs are compared by. Changes nothing else: digests stay the same.
    pub fn measure(&mut self) {
        self.meter.get_or_insert_default();
    }

    /// What was counted, if anything is.
    pub fn meter(&self) -> Option<&Meter> {
        self.meter.as_deref()
    }

    /// What producers were promised.
    pub const fn promises(&self) -> &promises::Promises {
        &self.promises
    }

    /// Virtual time.
    pub const fn now(&self) -> Time {
        self.world.now
    }

    /// Number of the last event.
    pub const fn event(&self) -> StepId {
        self.event
    }

    /// Inputs that nodes have handled so far.
    pub const fn handled(&self) -> u64 {
        self.handled
    }

    /// Messages that were sent so far.
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    fn upcoming(&self) -> Option<(Time, Action)> {
        if let Some(&action) = self.pending.front() {
            return Some((self.world.now, action));
        }
        let paused = |node| self.world.health(node) == Health::Paused;
        let due = self.queue.earliest(paused, |node| self.world.stands_still(node));
        match (due, self.next_roll) {
            (due, Some(roll)) if due.is_none_or(|due| roll < due.time()) => Some((roll, Action::Roll)),
            (Some(Due::Packet(time, id)), _) => Some((time, Action::Deliver(id))),
            (Some(Due::Timer(time, node, timer)), _) => Some((time, Action::Fire(node, timer))),
            (None, _) => None,
        }
    }

    /// What happens next if nobody interferes.
    pub fn next(&self) -> Option<Action> {
        self.upcoming().map(|(_, action)| action)
    }

    /// When it happens.
    pub fn next_due(&self) -> Option<Time> {
        self.upcoming().map(|(time, _)| time.max(self.world.now))
    }

    /// Lets the next thing happen. `None` when nothing is left to happen.
    pub fn step(&mut self) -> Option<Step> {
        let mut step = Step::default();
        self.step_into(&mut step).then_some(step)
    }

    /// [`Sim::step`] into a step whose memory is used again. Returns whether anything happened.
    pub fn step_into(&mut self, step: &mut Step) -> bool {
        while let Some((time, action)) = self.upcoming() {
            self.world.now = self.world.now.max(time);
            if self.apply_into(action, step).is_ok() {
                return true;
            }
            // What the simulator wanted itself may have become impossible meanwhile (a person started the process
            // already): it is forgotten. Everything else that is upcoming is possible.
            if self.pending.pop_front().is_none() {
                return false;
            }
        }
        false
    }

    /// Every legal move: what an explorer branches over and a right click offers.
    pub fn enabled(&self) -> Vec<Action> {
        let mut actions: Vec<Action> = self.pending.front().copied().into_iter().collect();
        for (_, id, packet) in self.queue.packets() {
            if self.world.health(packet.to) != Health::Paused {
                actions.push(Action::Deliver(id));
            }
            actions.extend([Action::Drop(id), Action::Duplicate(id)]);
        }
        for slot in &self.world.slots {
            match slot.health {
                Health::Up => {
                    actions.extend(
                        self.queue.armed(slot.id).iter().map(|armed| Action::Fire(slot.id, armed.timer)),
                    );
                    actions.push(Action::Crash(slot.id, crate::node::Loss::Nothing));
                    actions.push(Action::Pause(slot.id));
                }
                Health::Paused => actions.push(Action::Resume(slot.id)),
                Health::Down => actions.push(Action::Start(slot.id)),
            }
        }
        actions
    }

    /// Makes a move at the present moment.
    pub fn apply(&mut self, action: Action) -> Result<Step, NotEnabled> {
        let mut step = Step::default();
        self.apply_into(action, &mut step).map(|()| step)
    }

    /// Makes a move at `time`, which lies between the last and the next event.
    pub fn apply_at(&mut self, time: Time, action: Action) -> Result<Step, NotEnabled> {
        let too_late = self.next_due().is_some_and(|due| time > due);
        if time < self.world.now || too_late {
            return Err(NotEnabled::WrongTime);
        }
        let before = core::mem::replace(&mut self.world.now, time);
        let done = self.apply(action);
        if done.is_err() {
            self.world.now = before;
        }
        done
    }

    /// [`Sim::apply`] into a step whose memory is used again. A move that is refused changes nothing.
    pub fn apply_into(&mut self, action: Action, step: &mut Step) -> Result<(), NotEnabled> {
        step.event = self.event.next();
        step.time = self.world.now;
        step.action = Some(action);
        (step.node, step.cause, step.delivered) = (None, None, None);
        step.notes.clear();
        step.replies.clear();
        self.event = step.event;
        self.world.begin_step();
        if let Err(refusal) = self.perform(action, step) {
            self.event = StepId(step.event.0 - 1);
            return Err(refusal);
        }
        if self.pending.front() == Some(&action) {
            self.pending.pop_front();
        }
        if let Some(node) = step.node {
            self.world.follow_ensemble(node);
        }
        self.setup_progress(step);
        self.promises.observe(&self.world, step);
        if let Some(checker) = &mut self.checker {
            checker.observe(&self.world, step);
        }
        let ready = self.is_set_up();
        if let Some(meter) = &mut self.meter {
            meter.observe(&self.world, step, ready);
        }
        Ok(())
    }

    fn perform(&mut self, action: Action, step: &mut Step) -> Result<(), NotEnabled> {
        match action {
            Action::Deliver(id) => self.deliver(id, step),
            Action::Fire(node, timer) => self.fire(node, timer, step),
            Action::Call(node, command) => self.call(node, command, step),
            Action::Drop(id) => self.drop_packet(id, step),
            Action::Duplicate(id) => self.duplicate(id, step),
            Action::Delay(id, by) => self.delay(id, by, step),
            Action::SetTimer(node, timer, span) => self.set_timer(node, timer, span, step),
            Action::Crash(node, loss) => self.crash(node, loss, step),
            Action::Start(node) => self.start(node, step),
            Action::ReplaceDisk(node) => self.replace_disk(node, step),
            Action::Pause(node) => self.pause(node, step),
            Action::Resume(node) => self.resume(node, step),
            Action::Cut(link) => self.set_cut(link, true, step),
            Action::Heal(link) => self.set_cut(link, false, step),
            Action::Isolate(node) => self.isolate(node, true, step),
            Action::Rejoin(node) => self.isolate(node, false, step),
            Action::HealAll => self.heal_all(step),
            Action::Configure(change) => self.configure(change, step),
            Action::Roll => self.roll(step),
        }
    }

    fn running(&self, node: NodeId) -> Result<(), NotEnabled> {
        match self.world.slot(node).map(|slot| slot.health) {
            None => Err(NotEnabled::NoSuchNode),
            Some(Health::Up) => Ok(()),
            Some(Health::Paused) => Err(NotEnabled::IsPaused),
            Some(Health::Down) => Err(NotEnabled::NotRunning),
        }
    }

    fn deliver(&mut self, id: PacketId, step: &mut Step) -> Result<(), NotEnabled> {
        let (due, packet) = self.queue.take(id).ok_or(NotEnabled::NoSuchPacket)?;
        let (from, to) = (packet.from, packet.to);
        step.cause = Some(packet.cause);
        step.node = Some(to);
        step.delivered = Some(Delivered::of(&packet));
        if packet.lost {
            step.notes.push(Note::MessageDropped { from, to });
            return Ok(());
        }
        if self.net.is_cut(crate::net::Link { from, to }) {
            step.notes.push(Note::MessageBlocked { from, to });
            self.hold(Held { id, due, packet });
            return Ok(());
        }
        match self.world.health(to) {
            Health::Paused => {
                self.queue.put_back(due, id, packet);
                return Err(NotEnabled::IsPaused);
            }
            Health::Down => self.refuse_connection(packet, step),
            // It was sent to the life before this one: that connection is gone.
            Health::Up if self.world.slot(to).is_some_and(|slot| packet.sent_at < slot.started_at) => {
                self.refuse_connection(packet, step);
            }
            Health::Up if self.is_closed(to, &packet) => self.refuse_connection(packet, step),
            Health::Up => {
                let input = match packet.parcel {
                    Parcel::Message(correlation, message) => {
                        Input::Deliver(Envelope { from, to, correlation, message })
                    }
                    Parcel::Disconnect => Input::Disconnected(from),
                };
                self.handle(to, input, step);
            }
        }
        Ok(())
    }

    /// Whether nobody listens there yet: a starting broker asks, but does not let anybody ask it.
    fn is_closed(&self, to: NodeId, packet: &InFlight) -> bool {
        let request = matches!(&packet.parcel, Parcel::Message(_, message) if message.is_request());
        let broker = self.world.process(to).and_then(|process| process.broker());
        // What a broker gets from ZooKeeper comes over a connection that it has opened itself.
        let incoming = !matches!(&packet.parcel, Parcel::Message(_, Message::ZooKeeper(_)));
        request && incoming && broker.is_some_and(|broker| !broker.accepts_connections())
    }

    fn fire(&mut self, node: NodeId, timer: Timer, step: &mut Step) -> Result<(), NotEnabled> {
        self.running(node)?;
        let armed = self.queue.disarm(node, timer).ok_or(NotEnabled::NoSuchTimer)?;
        step.cause = Some(armed.cause);
        step.node = Some(node);
        self.handle(node, Input::Fire(timer), step);
        Ok(())
    }

    fn call(&mut self, node: NodeId, mut command: Command, step: &mut Step) -> Result<(), NotEnabled> {
        self.running(node)?;
        if let Command::AddVoter(key) = &mut command
            && key.directory == DirectoryId(0)
        {
            key.directory = self.world.slot(key.id).map_or(key.directory, |slot| slot.directory);
        }
        let call = self.next_call;
        self.next_call = call.next();
        step.node = Some(node);
        self.handle(node, Input::Call(call, command), step);
        Ok(())
    }

    /// The one place where a process runs.
    fn handle(&mut self, node: NodeId, input: Input, step: &mut Step) {
        let mut out = core::mem::take(&mut self.out);
        out.dice = self.streams.choices;
        let now = self.world.time_at(node);
        if let Some(process) = self.world.slot_mut(node).and_then(|slot| slot.process.as_mut()) {
            process.on(now, input, &mut out);
            self.handled += 1;
        }
        self.streams.choices = out.dice;
        self.carry_out(node, &mut out, step);
        self.out = out;
    }

    /// One number for the whole state: equal runs have equal digests, natively and in WebAssembly.
    pub fn digest(&self) -> u64 {
        let mut hasher = crate::digest::Digest::default();
        use core::hash::{Hash, Hasher};
        self.world.hash(&mut hasher);
        self.queue.hash(&mut hasher);
        self.net.hash(&mut hasher);
        self.rates.hash(&mut hasher);
        self.streams.hash(&mut hasher);
        self.pending.hash(&mut hasher);
        self.held.hash(&mut hasher);
        self.next_roll.hash(&mut hasher);
        (self.event, self.handled, self.messages).hash(&mut hasher);
        hasher.finish()
    }
}
