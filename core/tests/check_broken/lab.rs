//! A cluster that ran for a while, held still, so that a test can break it and let the checker look.

use kraftscope_core::check::{Checker, INVARIANTS};
use kraftscope_core::config::Acks;
use kraftscope_core::id::{NodeId, Offset, StepId, TopicId, TopicPartition};
use kraftscope_core::kraft::Quorum;
use kraftscope_core::node::{Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::process::{Broker, Controller, Process};
use kraftscope_core::record::{Entry, MetadataRecord, PartitionChange, Record};
use kraftscope_core::replication::{LeaderState, Partition, ReplicaLog, Role};
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::world::World;
use kraftscope_core::sim::{Delivered, Sim, Step};
use kraftscope_core::switches::Features;
use kraftscope_core::time::Time;
use kraftscope_core::wire::{Envelope, Message, MetadataFetchRequest};

/// The partition that tests break: replicas 1, 2, 3, led by broker 1.
pub(crate) const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) checker: Checker,
    event: StepId,
}

pub(crate) fn broker(number: u8) -> NodeId {
    NodeId::broker(number)
}

impl Lab {
    /// The default cluster after ten seconds: everything in sync, every partition with records.
    pub(crate) fn new() -> Lab {
        Lab::of(Genesis::default())
    }

    /// The same without eligible leader replicas.
    pub(crate) fn without_elr() -> Lab {
        Lab::with(|features| features.elr = false)
    }

    /// The same with other switches.
    pub(crate) fn with(change: impl FnOnce(&mut Features)) -> Lab {
        let mut genesis = Genesis::default();
        change(&mut genesis.settings.features);
        Lab::of(genesis)
    }

    /// The same with a producer that is not idempotent.
    pub(crate) fn with_acks_one() -> Lab {
        let mut genesis = Genesis::default();
        genesis.producers[0].acks = Some(Acks::One);
        Lab::of(genesis)
    }

    /// The end of the metadata log.
    pub(crate) fn checker_end(&mut self) -> u64 {
        let active = self.active();
        self.quorum(active).log().end().0
    }

    pub(crate) fn of(genesis: Genesis) -> Lab {
        let mut sim = Sim::new(genesis).expect("the genesis is valid");
        let mut step = Step::default();
        // Stops between two produces, when all that was written is committed and known to everybody.
        while sim.now() < Time(10_300_000) && sim.step_into(&mut step) {}
        let checker = sim.checker().expect("checks are on").clone();
        assert_eq!(checker.broken_count(), 0);
        Lab { world: sim.world().clone(), checker, event: sim.event() }
    }

    pub(crate) fn process(&mut self, node: NodeId) -> &mut Process {
        self.world.slot_mut(node).and_then(|slot| slot.process.as_mut()).expect("it runs")
    }

    pub(crate) fn broker(&mut self, number: u8) -> &mut Broker {
        match self.process(broker(number)) {
            Process::Broker(broker) => broker,
            other => panic!("not a broker: {other:?}"),
        }
    }

    pub(crate) fn controller(&mut self, node: NodeId) -> &mut Controller {
        match self.process(node) {
            Process::Controller(controller) => controller,
            other => panic!("not a controller: {other:?}"),
        }
    }

    /// The leader of the quorum.
    pub(crate) fn active(&self) -> NodeId {
        self.world.active_controller().expect("a controller is active")
    }

    /// A controller that follows; the first or the second of the two.
    pub(crate) fn follower(&self, number: u32) -> NodeId {
        let others = self.world.genesis.controller_ids().filter(|&id| id != self.active());
        others.collect::<Vec<_>>()[number as usize]
    }

    pub(crate) fn quorum(&mut self, node: NodeId) -> &mut Quorum {
        &mut self.controller(node).quorum
    }

    /// The copy of [`ORDERS`] on a broker.
    pub(crate) fn copy(&mut self, number: u8) -> &mut Partition {
        self.broker(number).replicas.partition_mut(ORDERS).expect("hosted")
    }

    pub(crate) fn log(&mut self, number: u8) -> &mut ReplicaLog {
        self.broker(number).replicas.disk.replicas.get_mut(&ORDERS).expect("hosted")
    }

    pub(crate) fn leader(&mut self) -> &mut LeaderState {
        match &mut self.copy(1).role {
            Role::Leader(leader) => leader,
            Role::Follower(_) => panic!("broker 1 leads"),
        }
    }

    /// The process of a broker dies, and `records` of the end of its copy of [`ORDERS`] with it. Returns what is broken.
    pub(crate) fn power_loss(&mut self, number: u8, records: u64) -> Vec<&'static str> {
        let slot = self.world.slot_mut(broker(number)).expect("a broker");
        let mut disk = slot.process.take().expect("it runs").into_disk(false);
        let replica = disk.replicas.replicas.get_mut(&ORDERS).expect("hosted");
        replica.truncate_to(Offset(replica.leo().0 - records));
        slot.disk = disk;
        self.look(broker(number), Vec::new())
    }

    /// A record that nobody has sent.
    pub(crate) fn record(value: u32) -> Record {
        Record::new(Default::default(), NodeId::producer(7), value)
    }

    /// Appends a record to the copy on a broker, in the epoch of its leader.
    pub(crate) fn append(&mut self, number: u8, value: u32) -> Offset {
        let epoch = self.copy(number).leader_epoch;
        self.log(number).append(Entry { epoch, body: Lab::record(value) }, Time::ZERO)
    }

    /// Lets the checker look at a node; returns what it found broken, as ids.
    pub(crate) fn look(&mut self, node: NodeId, notes: Vec<Note>) -> Vec<&'static str> {
        self.look_at(node, notes, None)
    }

    pub(crate) fn look_at(
        &mut self,
        node: NodeId,
        notes: Vec<Note>,
        delivered: Option<Delivered>,
    ) -> Vec<&'static str> {
        self.event = self.event.next();
        let mut step = Step {
            event: self.event,
            time: self.world.now,
            node: Some(node),
            notes,
            delivered,
            ..Step::default()
        };
        self.checker.observe(&self.world, &mut step);
        let broken = step.notes.iter().filter_map(|note| match *note {
            Note::InvariantBroken { invariant, .. } => Some(INVARIANTS[usize::from(invariant)].id),
            _ => None,
        });
        let mut ids: Vec<_> = broken.collect();
        ids.dedup();
        ids
    }

    /// The network doubles a message, as TCP never does.
    pub(crate) fn double_a_message(&mut self) {
        self.event = self.event.next();
        let action = Some(Action::Duplicate(Default::default()));
        let mut step = Step { event: self.event, time: self.world.now, action, ..Step::default() };
        self.checker.observe(&self.world, &mut step);
    }

    /// Commits a metadata record through the real quorum, and lets the checker look at the leader.
    pub(crate) fn commit(&mut self, record: MetadataRecord) -> Vec<&'static str> {
        let (active, now, mut out) = (self.active(), self.world.now, Out::default());
        let follower = self.follower(0);
        let quorum = self.quorum(active);
        quorum.append(now, &[record], &mut out).expect("it leads");
        quorum.on_timer(now, Timer::AppendLinger, &mut out);
        let entries: Vec<_> =
            quorum.log().iter(Offset(0), quorum.log().end()).map(|(_, entry)| *entry).collect();
        let copy = &mut self.quorum(follower).disk;
        for entry in &entries[copy.log.end().0 as usize..] {
            copy.epochs.assign(entry.epoch, copy.log.end());
            copy.log.append(*entry);
        }
        copy.log.flush();
        self.fake_fetch(follower);
        self.look(active, Vec::new())
    }

    /// A follower claims to hold everything that the leader of the quorum holds.
    pub(crate) fn fake_fetch(&mut self, follower: NodeId) {
        let (active, now, mut out) = (self.active(), self.world.now, Out::default());
        let replica = self.quorum(follower).me();
        let quorum = self.quorum(active);
        let request = MetadataFetchRequest {
            replica,
            current_leader_epoch: quorum.epoch(),
            fetch_offset: quorum.log().end(),
            last_fetched_epoch: quorum.log().last_epoch(),
            max_wait: Default::default(),
            high_watermark: None,
        };
        let message = Message::MetadataFetchRequest(request);
        let envelope = Envelope { from: follower, to: active, correlation: Default::default(), message };
        quorum.on_message(now, envelope, &mut out);
    }

    /// Commits a change of [`ORDERS`].
    pub(crate) fn change(&mut self, change: PartitionChange) -> Vec<&'static str> {
        self.commit(MetadataRecord::PartitionChange { partition: ORDERS, change })
    }
}
