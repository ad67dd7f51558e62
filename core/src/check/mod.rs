//! The checker: what must always hold, looked at after every step, at what the step touched.
//!
//! It keeps ghosts (what was ever committed, who ever led which epoch, what was acknowledged and read) that no
//! process could know. It never changes the world; what is broken becomes a note of the step.
//!
//! Reading order: [`table`] (the promises), [`findings`] (the results), then the observers: `quorum` with the rules
//! `k_*`, `batches`, `truth` with `p_registration`, `zookeeper` and `z_ensemble`, `replicas` and `partition` with `logs`, `l_copies`, `p_isr` and `s_*`, `clients`, `g_*`.
//! The statement and the source of each rule stand on top of the file that checks it.
//!
//! Only the node of a step is looked at, and of a broker only the copies that changed; entries are compared when
//! they are new, when a high watermark passes them, when a replica begins to lead and after a cut.

pub mod findings;
pub mod table;

mod batches;
mod c_producers;
mod clients;
mod g_groups;
mod g_members;
mod k_commit;
mod k_election;
mod k_roles;
mod k_snapshot;
mod k_voters;
mod l_copies;
mod logs;
mod p_isr;
mod p_registration;
mod partition;
mod quorum;
mod r_groups;
mod replicas;
mod s_commit;
mod s_leader;
mod s_loss;
mod truth;
mod z_ensemble;
mod zookeeper;

pub use findings::{State, Subject, Why};
pub use partition::Acknowledged;
pub use table::{INVARIANTS, Invariant, Precondition, Rule};

use crate::config::ReadMode;
use crate::id::{LeaderEpoch, NodeId, TopicPartition};
use crate::mode::ReplicationPlane;
use crate::note::Note;
use crate::process::{Controller, Process};
use crate::sim::Step;
use crate::sim::action::{Action, Change};
use crate::sim::ensemble::Event;
use crate::sim::genesis::Genesis;
use crate::sim::world::{Slot, World};
use alloc::vec::Vec;
use clients::ClientGhost;
use findings::{Findings, Given};
use g_members::GroupGhost;
use partition::PartitionGhost;
use quorum::QuorumGhost;
use replicas::Partitions;
use truth::{Changed, Event as MetadataEvent, Lives, Truth};

/// Watches a run.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    findings: Findings,
    quorum: QuorumGhost,
    truth: Truth,
    partitions: Partitions,
    clients: ClientGhost,
    groups: GroupGhost,
    /// Who was the active controller of each epoch.
    active: Vec<(LeaderEpoch, NodeId)>,
    /// By place: how far a broker's image was compared.
    applied: Vec<crate::id::Offset>,
    /// By place: the process was running when last seen.
    running: Vec<bool>,
    lives: Lives,
    controllers: zookeeper::Controllers,
    ensemble: z_ensemble::EnsembleGhost,
    /// Eligible leader replicas are on.
    elr: bool,
    /// The high watermark waits for min.insync.replicas.
    min_isr_enforced: bool,
}

/// What no TCP connection does to the messages that it carries.
const fn breaks_order(action: Option<Action>) -> bool {
    matches!(
        action,
        Some(
            Action::Drop(_)
                | Action::Duplicate(_)
                | Action::Delay(..)
                | Action::Configure(Change::Reorder(true))
        )
    )
}

fn findings_of(genesis: &Genesis) -> Findings {
    match genesis.mode.replication() {
        ReplicationPlane::Isr => Findings::default(),
        ReplicationPlane::Raft => {
            let mode = genesis.settings.kafkaraft_read_mode;
            Findings::of_groups(matches!(mode, ReadMode::ReadIndex | ReadMode::Lease))
        }
    }
}

impl Checker {
    /// A checker for the cluster of that genesis.
    pub fn new(genesis: &Genesis) -> Checker {
        let servers = genesis.all_controller_ids().chain(genesis.zookeeper_ids());
        let nodes = usize::from(genesis.brokers) + servers.count();
        let nodes =
            nodes + usize::from(genesis.zookeepers) + genesis.producers.len() + genesis.consumers.len();
        Checker {
            applied: alloc::vec![crate::id::Offset(0); nodes],
            running: alloc::vec![false; nodes],
            elr: genesis.settings.features.elr,
            min_isr_enforced: genesis.settings.features.strict_min_isr,
            quorum: QuorumGhost::new(genesis.voters()),
            findings: findings_of(genesis),
            ..Checker::default()
        }
    }

    /// How many promises were broken so far.
    pub fn broken_count(&self) -> u64 {
        self.findings.broken_count()
    }

    /// How the invariant in this row of [`INVARIANTS`] stands; `None` beyond the table.
    pub fn state(&self, row: u32) -> Option<State> {
        let rule = *Rule::ALL.get(row as usize)?;
        let ghosts = &self.partitions.ghosts;
        let all = |why: fn(&PartitionGhost) -> Option<Why>| {
            let first = ghosts.first().and_then(why);
            first.filter(|_| ghosts.iter().all(|ghost| why(ghost).is_some()))
        };
        let given = Given {
            void: all(|ghost| ghost.void),
            losses: all(|ghost| ghost.losses),
            acks_all: self.clients.any_acks_all,
            idempotence: ghosts.iter().any(|ghost| !ghost.newest.is_empty()),
            elr: self.elr,
            min_isr_enforced: self.min_isr_enforced,
        };
        Some(self.findings.state(rule, &given))
    }

    /// Partitions that have lost their guarantees, and why.
    pub fn void(&self) -> impl Iterator<Item = (TopicPartition, Why)> + '_ {
        self.partitions.ghosts.iter().filter_map(|ghost| Some((ghost.id, ghost.void?)))
    }

    /// Partitions that do not survive losses of disks any more, and why.
    pub fn losses(&self) -> impl Iterator<Item = (TopicPartition, Why)> + '_ {
        self.partitions.ghosts.iter().filter_map(|ghost| Some((ghost.id, ghost.losses?)))
    }

    /// Acknowledged records that a later leader does not hold, in the order of partitions.
    pub fn lost(&self) -> impl Iterator<Item = (TopicPartition, &Acknowledged)> + '_ {
        self.partitions.ghosts.iter().flat_map(|ghost| ghost.lost.iter().map(move |lost| (ghost.id, lost)))
    }

    /// Looks at what `step` touched.
    pub fn observe(&mut self, world: &World, step: &mut Step) {
        self.findings.begin(step.event);
        if breaks_order(step.action) {
            self.findings.disorder();
        }
        let Some(slot) = step.node.and_then(|node| world.slot(node)) else { return };
        let place = world.place(slot.id);
        let was_running = core::mem::replace(&mut self.running[place], slot.process.is_some());
        let lost_its_disk = |note: &Note| matches!(note, Note::DiskReplaced { .. });
        if slot.process.is_none() && (was_running || step.notes.iter().any(lost_its_disk)) {
            self.applied[place] = crate::id::Offset(0);
            self.partitions.on_down(world, place, slot, &mut self.findings);
        }
        match &slot.process {
            Some(Process::Producer(_)) => {
                let Checker { findings, truth, partitions, clients, .. } = self;
                clients.observe_producer(world, truth, partitions, slot.id, step, findings);
            }
            Some(Process::Consumer(consumer)) => {
                let Checker { findings, truth, partitions, clients, groups, .. } = self;
                clients.observe_consumer(world, partitions, slot, consumer, &step.notes, findings);
                groups.observe((world, truth), partitions, (slot.id, consumer), &step.notes, findings);
            }
            Some(Process::Broker(_) | Process::Controller(_) | Process::ZooKeeper(_)) | None => {
                self.observe_server(world, slot, step)
            }
        }
        self.findings.take(&mut step.notes);
    }

    fn observe_server(&mut self, world: &World, slot: &Slot, step: &Step) {
        self.observe_ensemble(world);
        self.ensemble.on_step(slot, &step.notes);
        if self.quorum.observe(world, slot, &step.notes, &mut self.findings) {
            let settings = &world.genesis.settings;
            let Checker { quorum, truth, findings, .. } = self;
            let changed = truth.replay(&quorum.committed, &quorum.batches, settings, findings);
            quorum.forget_batches();
            for event in &changed {
                match *event {
                    MetadataEvent::Changed(change) => self.on_change(world, &change),
                    MetadataEvent::Registered(broker, incarnation) => {
                        self.lives.set(broker, incarnation);
                        if self.elr {
                            let Checker { findings, partitions, lives, .. } = self;
                            s_loss::check_registered(&partitions.ghosts, world, lives, broker, findings);
                        }
                    }
                }
            }
        }
        match &slot.process {
            Some(Process::Controller(controller)) => self.check_active(slot.id, controller),
            Some(Process::Broker(broker)) => {
                let place = world.place(slot.id);
                if self.applied[place] != broker.applied() {
                    self.applied[place] = broker.applied();
                    self.truth.check_broker(slot.id, broker, &mut self.findings);
                }
                let Checker { findings, truth, partitions, .. } = self;
                partitions.observe(world, truth, slot, broker, &step.notes, findings);
                r_groups::check_reads(world, partitions, slot.id, broker, findings);
                g_groups::check(slot.id, broker, findings);
                if broker.zookeeper().is_some() {
                    self.controllers.check_broker(world, slot.id, broker, &mut self.findings);
                }
            }
            Some(Process::ZooKeeper(server)) => self.ensemble.observe(slot, server, &mut self.findings),
            Some(Process::Producer(_) | Process::Consumer(_)) | None => {}
        }
    }

    /// What ZooKeeper's members have committed with this step.
    fn observe_ensemble(&mut self, world: &World) {
        let Some(ensemble) = world.ensemble() else { return };
        let settings = &world.genesis.settings;
        for event in ensemble.events() {
            let Checker { controllers, truth, findings, .. } = self;
            let change = controllers.follow(event, truth, settings, findings);
            if let Some(change) = change {
                self.on_change(world, &change);
            }
            match *event {
                Event::Registered(broker, _) => {
                    if let Some(slot) = world.slot(broker) {
                        self.lives.set(broker, slot.incarnation);
                    }
                    self.truth.image.brokers.clone_from(&ensemble.image().brokers);
                }
                Event::Unregistered(_) => self.truth.image.brokers.clone_from(&ensemble.image().brokers),
                Event::Topic(_) => self.truth.image.topics.clone_from(&ensemble.image().topics),
                Event::Partition { .. } | Event::PartitionGone(_) | Event::Controller(..) => {}
            }
        }
    }

    /// The controller changed a partition.
    fn on_change(&mut self, world: &World, change: &Changed) {
        if self.findings.has_groups() {
            return;
        }
        let Checker { findings, truth, partitions, lives, .. } = self;
        let ghost = partitions.ghost(change.partition, world.genesis.brokers);
        ghost.on_change(world, lives, change, findings);
        if self.elr {
            s_loss::check_members(ghost, world, lives, &change.after, findings);
        }
        if change.before.is_some_and(|b| b.isr == change.after.isr && b.elr == change.after.elr) {
            return;
        }
        s_commit::check_candidates(ghost, world, change, findings);
        if truth.image.partitions.get(&change.partition) != Some(&change.after) {
            return; // A later record of the same commit has changed it again.
        }
        let leader = change.after.leader.and_then(|leader| world.slot(leader));
        let broker = leader.and_then(|slot| slot.process.as_ref()).and_then(|process| process.broker());
        let Some((broker, slot)) = broker.zip(leader) else { return };
        let partition = broker.replicas.partition(change.partition);
        let newest = partition.is_some_and(|p| p.is_leader() && p.leader_epoch == change.after.leader_epoch);
        if newest && ghost.void.is_none() {
            p_isr::check_superset(world, truth, change.partition, (slot.id, broker), findings);
        }
    }

    /// K16 on the controllers' side.
    fn check_active(&mut self, id: NodeId, controller: &Controller) {
        if !controller.control.is_active() {
            return;
        }
        let epoch = controller.quorum.epoch();
        if self.active.last() == Some(&(epoch, id)) {
            return;
        }
        let subject = Subject::node(id);
        self.findings.check(Rule::K16, controller.quorum.is_leader(), subject);
        match self.active.binary_search_by_key(&epoch, |&(epoch, _)| epoch) {
            Ok(place) => self.findings.check(Rule::K16, self.active[place].1 == id, subject),
            Err(place) => self.active.insert(place, (epoch, id)),
        }
    }
}
