//! One data partition as the checker sees it: its committed records, its copies as last seen, and whether its
//! guarantees still stand.
//!
//! A record is committed when the high watermark of any leader passes it. A copy that lost records in a crash is
//! marked until a leader has found that it caught up; while it is marked, nobody relies on it. When a marked copy
//! is elected, or one from outside the ISR, what was promised is void: that is what was agreed to.

use super::c_producers::Newest;
use super::findings::{Findings, Subject, Why};
use super::logs::{LogSeen, parts_at};
use super::replicas::Look;
use super::s_loss;
use super::table::Rule;
use super::truth::{Changed, Lives};
use crate::epochs::EpochEntry;
use crate::id::{Incarnation, LeaderEpoch, NodeId, NodeList, Offset, PartitionEpoch, StepId, TopicPartition};
use crate::log::Log;
use crate::note::Note;
use crate::record::Record;
use crate::replication::rafts::RaftVote;
use crate::replication::{IsrState, ReplicaLog};
use crate::sim::world::{Slot, World};
use crate::time::Time;
use alloc::vec::Vec;

/// What a replica is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CopyRole {
    /// Not hosted in this life, or the process is down.
    #[default]
    Idle,
    Follower,
    Leader,
}

/// A copy's state without its log; compared after every step of its broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) life: Incarnation,
    pub(super) role: CopyRole,
    pub(super) hw: Offset,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) partition_epoch: PartitionEpoch,
    pub(super) isr: Option<IsrState>,
    pub(super) vote: RaftVote,
}

/// One copy as last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct CopySeen {
    pub(super) glance: Glance,
    pub(super) log: LogSeen,
    /// It lost records in a crash and no leader has found it caught up since.
    pub(super) lost_records: bool,
    /// The life in which it lost them.
    pub(super) lost_in: Incarnation,
    /// The partition epoch with which the controller took it out of the replicas; 0 if it never did.
    pub(super) dropped: PartitionEpoch,
    /// The last epoch in which it was seen to begin to lead, in whichever life.
    pub(super) led: Option<LeaderEpoch>,
    /// As a leader: what it asked for in this partition epoch and does not wait for any more.
    pub(super) forgotten: Option<IsrState>,
}

/// A record that a producer was told is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Where.
    pub offset: Offset,
    /// What.
    pub record: Record,
    /// With acks=all.
    pub by_all: bool,
}

/// The checker's knowledge of one partition.
#[derive(Clone, Debug)]
pub(super) struct PartitionGhost {
    pub(super) id: TopicPartition,
    pub(super) committed: Log<Record>,
    /// The leader epochs in which they were committed, each from its first offset on: in the order of commits, so an
    /// epoch may come after a later one.
    pub(super) committed_in: Vec<EpochEntry>,
    /// Why its guarantees do not stand any more.
    pub(super) void: Option<Why>,
    /// A leader led on in an epoch of which it had lost records: two entries of that epoch may share an offset.
    pub(super) leads_again: bool,
    /// Why it does not survive losses of disks any more.
    pub(super) losses: Option<Why>,
    /// The smallest number of replicas on which a record was when it was committed.
    pub(super) promised: u32,
    /// The ISR as of the last change that was handled.
    pub(super) isr: NodeList,
    /// The ELR as of the last change that was handled.
    pub(super) elr: NodeList,
    /// Who was elected out of the ELR last, and in which epoch.
    pub(super) eligible_leader: Option<(LeaderEpoch, NodeId)>,
    /// By the place of the broker.
    pub(super) copies: Vec<CopySeen>,
    /// When records were committed, and up to where by then; only where partitions are Raft groups.
    pub(super) commits: Vec<(Time, Offset)>,
    /// Who was told what is old last, and up to where.
    pub(super) stale: Option<(NodeId, Offset)>,
    /// The last ISR that was written in each leader epoch.
    pub(super) isrs: Vec<(LeaderEpoch, NodeList)>,
    /// Who the controller made leader, or the group elected, by epoch.
    pub(super) leaders: Vec<(LeaderEpoch, NodeId)>,
    /// Consumers have read up to here.
    pub(super) consumed: Offset,
    /// In the order of acknowledgement; the epoch is that of the entry.
    pub(super) acknowledged: Log<Acknowledged>,
    /// Acknowledged records that a later leader does not hold.
    pub(super) lost: Vec<Acknowledged>,
    /// By producer id, in the order of their first records.
    pub(super) newest: Vec<Newest>,
}

/// Whether this was proposed.
fn is_of(proposal: Option<IsrState>, isr: &NodeList) -> bool {
    proposal.is_some_and(|proposal| proposal.proposed().same_members(isr))
}

/// The log of this partition at a broker, alive or not.
pub(super) fn replica_log(slot: &Slot, partition: TopicPartition) -> Option<&ReplicaLog> {
    let broker = slot.process.as_ref().and_then(|process| process.broker());
    let disk = broker.map_or(&slot.disk.replicas, |broker| &broker.replicas.disk);
    disk.replicas.get(&partition)
}

impl PartitionGhost {
    pub(super) fn new(id: TopicPartition, brokers: u8) -> PartitionGhost {
        let mut copies = Vec::new();
        copies.resize_with(usize::from(brokers), CopySeen::default);
        PartitionGhost {
            id,
            committed: Log::new(),
            committed_in: Vec::new(),
            void: None,
            leads_again: false,
            losses: None,
            promised: u32::MAX,
            isr: NodeList::EMPTY,
            elr: NodeList::EMPTY,
            eligible_leader: None,
            copies,
            commits: Vec::new(),
            stale: None,
            isrs: Vec::new(),
            leaders: Vec::new(),
            consumed: Offset(0),
            acknowledged: Log::new(),
            lost: Vec::new(),
            newest: Vec::new(),
        }
    }

    /// A leader of this epoch commits the records from `from` on.
    pub(super) fn note_committed(&mut self, from: Offset, epoch: LeaderEpoch) {
        if self.committed_in.last().is_none_or(|run| run.epoch != epoch) {
            self.committed_in.push(EpochEntry { epoch, start: from });
        }
    }

    /// The leader epoch in which this committed record was committed.
    pub(super) fn committing_epoch(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.committed_in.partition_point(|run| run.start <= offset);
        self.committed_in[..after].last().map(|run| run.epoch)
    }

    /// The furthest start of any copy's log: records below may be deleted anywhere.
    pub(super) fn log_start(&self) -> Offset {
        self.copies.iter().map(|copy| copy.log.start).max().unwrap_or_default()
    }

    /// Whether the controller took this replica out in a partition epoch that a leader of epoch `known` has not heard of:
    /// its log is gone, or goes.
    pub(super) fn is_dropped(&self, world: &World, broker: NodeId, known: PartitionEpoch) -> bool {
        self.copies.get(world.place(broker)).is_some_and(|copy| copy.dropped > known)
    }

    /// Whether the copy at this broker lost records and has not caught up since.
    pub(super) fn lost_records(&self, world: &World, broker: NodeId) -> bool {
        self.copies.get(world.place(broker)).is_some_and(|copy| copy.lost_records)
    }

    /// The first committed record of `from .. to` that the copy at `broker` does not hold.
    pub(super) fn missing(&self, world: &World, broker: NodeId, from: Offset, to: Offset) -> Option<Offset> {
        let log = world.slot(broker).and_then(|slot| replica_log(slot, self.id));
        match log {
            Some(replica) => parts_at(&replica.log, &self.committed, from, to),
            None => (from < to.min(self.committed.end())).then_some(from),
        }
    }

    /// As a leader, remembers a proposal that was given up without an answer. One that was refused is remembered too when
    /// connections double or delay messages, as TCP never does: another copy of it may be accepted later. One that is
    /// made again is not forgotten any more.
    pub(super) fn note_forgotten(&mut self, place: usize, look: &Look<'_>, findings: &Findings) {
        let copy = &mut self.copies[place];
        if !look.leads_on() || look.before.partition_epoch != look.now.partition_epoch {
            copy.forgotten = None;
            return;
        }
        if look.now.isr.is_some_and(|isr| isr.is_in_flight() && is_of(copy.forgotten, &isr.proposed())) {
            copy.forgotten = None;
        }
        let rejected =
            |note: &Note| matches!(note, Note::IsrChangeRejected { partition, .. } if *partition == self.id);
        let given_up = look.before.isr.filter(|isr| isr.is_in_flight() && look.now.isr != Some(*isr));
        if given_up.is_none() {
            return;
        }
        if look.world.ensemble().is_some() && !look.world.genesis.settings.features.alter_isr {
            self.note_written(look, given_up, findings.event());
        } else if findings.is_orderly() && look.notes.iter().any(rejected) {
            return;
        }
        let copy = &mut self.copies[place];
        copy.forgotten = given_up;
        let truth = look.truth.image.partitions.get(&self.id);
        if truth
            .is_some_and(|truth| truth.leader_epoch == look.now.leader_epoch && is_of(given_up, &truth.isr))
        {
            self.void.get_or_insert(Why::ForgottenProposal { event: findings.event(), leader: look.id });
        }
    }

    /// As a leader that writes ISRs into ZooKeeper itself, gives up one: it may be written all the same.
    fn note_written(&mut self, look: &Look<'_>, given_up: Option<IsrState>, event: StepId) {
        let epoch = look.now.leader_epoch;
        let written = self.isrs.binary_search_by_key(&epoch, |&(epoch, _)| epoch);
        if written.is_ok_and(|at| is_of(given_up, &self.isrs[at].1)) {
            self.void.get_or_insert(Why::ForgottenProposal { event, leader: look.id });
        }
    }

    /// The controller changed the registration: who leads by now, and whether the guarantees still stand.
    pub(super) fn on_change(
        &mut self,
        world: &World,
        lives: &Lives,
        change: &Changed,
        findings: &mut Findings,
    ) {
        let (event, after) = (findings.event(), &change.after);
        let before = change.before;
        (self.isr, self.elr) = (after.isr, after.elr);
        match self.isrs.binary_search_by_key(&after.leader_epoch, |&(epoch, _)| epoch) {
            Ok(at) => self.isrs[at].1 = after.isr,
            Err(at) => self.isrs.insert(at, (after.leader_epoch, after.isr)),
        }
        self.note_dropped(world, change, event);
        if let Some(leader) = after.leader
            && let Some(copy) = self.copies.get(world.place(leader))
            && copy.glance.leader_epoch == after.leader_epoch
            && is_of(copy.forgotten, &after.isr)
        {
            self.void.get_or_insert(Why::ForgottenProposal { event, leader });
        }
        let Some(leader) =
            after.leader.filter(|_| before.is_none_or(|b| b.leader_epoch != after.leader_epoch))
        else {
            return;
        };
        if let Err(place) = self.leaders.binary_search_by_key(&after.leader_epoch, |&(epoch, _)| epoch) {
            self.leaders.insert(place, (after.leader_epoch, leader));
        }
        if before.is_some_and(|before| before.elr.contains(leader)) {
            self.eligible_leader = Some((after.leader_epoch, leader));
        }
        if change.unclean_leader().is_some() {
            self.void.get_or_insert(Why::UncleanElection { event, leader });
        } else if self.lost_records(world, leader) && !self.note_caught_up(world, leader) {
            if !world.genesis.settings.features.elr {
                self.void.get_or_insert(Why::LeaderLostRecords { event, leader });
            } else if self.came_back(world, lives, leader) && self.void.is_none() {
                findings.check(Rule::S9, false, Subject::copy(self.id, leader));
            }
        }
    }

    /// A reassignment drops replicas: their copies go. One that brings a replica back while it is still in the ELR
    /// makes it eligible, whatever it holds.
    fn note_dropped(&mut self, world: &World, change: &Changed, event: StepId) {
        let (Some(before), after) = (&change.before, &change.after) else { return };
        let back = |id: &NodeId| after.replicas.contains(*id) && !before.replicas.contains(*id);
        if let Some(replica) = after.elr.iter().find(back)
            && world.genesis.settings.features.dropped_replicas_stay_in_elr
        {
            self.void.get_or_insert(Why::DroppedReplicaEligible { event, replica });
        }
        if !before.replicas.is_subset_of(&after.replicas) {
            self.promised = self.promised.min(after.isr.len().max(1));
            // Who loses records and is not registered anew yet still counts for the controller.
            if !after.isr.is_empty() && after.isr.iter().all(|id| self.lost_records(world, id)) {
                self.losses.get_or_insert(Why::TooManyLosses { event });
            }
        }
        for id in before.replicas.iter().filter(|&id| !after.replicas.contains(id)) {
            if let Some(copy) = self.copies.get_mut(world.place(id)) {
                copy.dropped = after.partition_epoch;
            }
        }
        if let Some(leader) = change.unclean_revert() {
            self.void.get_or_insert(Why::UncleanElection { event, leader });
        }
    }

    /// Whether the copy at this broker lost records, and the broker has been registered as another process since.
    pub(super) fn came_back(&self, world: &World, lives: &Lives, broker: NodeId) -> bool {
        let copy = self.copies.get(world.place(broker)).filter(|copy| copy.lost_records);
        copy.zip(lives.of(broker)).is_some_and(|(copy, registered)| registered > copy.lost_in)
    }

    /// Whether a copy that lost records holds everything that is committed by now. Takes the mark off if so, unless a
    /// leader still believes that it holds more.
    pub(super) fn note_caught_up(&mut self, world: &World, broker: NodeId) -> bool {
        let complete = self.missing(world, broker, Offset(0), self.committed.end()).is_none();
        let relied_on = complete && self.is_relied_on(world, broker);
        if complete
            && !relied_on
            && let Some(copy) = self.copies.get_mut(world.place(broker))
        {
            copy.lost_records = false;
        }
        complete
    }

    /// Whether somebody leads, of an earlier epoch maybe, who may commit records with this copy that the copy has lost.
    fn is_relied_on(&self, world: &World, broker: NodeId) -> bool {
        let end = world.slot(broker).and_then(|slot| replica_log(slot, self.id)).map(ReplicaLog::leo);
        let claimed = |slot: &Slot| {
            let partition = slot.process.as_ref()?.broker()?.replicas.partition(self.id)?;
            partition.as_leader()?.follower(broker)?.leo
        };
        world.slots.iter().filter_map(claimed).any(|claimed| claimed > end.unwrap_or_default())
    }

    /// A leader commits. When the controller has made somebody else leader by now, who lost what is committed here, it
    /// will be missed: without an ELR nobody asks whether a replica has lost its disk.
    pub(super) fn note_lost_before(&mut self, look: &Look<'_>, hw: Offset, event: StepId) {
        let Some(&(_, leader)) = self.leaders.last().filter(|&&(_, leader)| leader != look.id) else {
            return;
        };
        if look.world.genesis.settings.features.elr || !self.lost_records(look.world, leader) {
            return;
        }
        let log = look.world.slot(leader).and_then(|slot| replica_log(slot, self.id));
        if log.is_none_or(|replica| replica.leo() < hw) {
            self.void.get_or_insert(Why::LeaderLostRecords { event, leader });
        }
    }

    /// A leader wants a copy that lost records back in the ISR: takes the mark off if the copy holds what the leader
    /// believes it to hold. A fetch from before the crash may say more than is true; one of an empty log is true also when
    /// the disk was replaced once more.
    pub(super) fn note_fetched(&mut self, look: &Look<'_>, joining: NodeId) {
        let leader = look.partition.as_leader();
        let follower = leader.and_then(|leader| leader.follower(joining));
        let Some(claimed) = follower.and_then(|follower| follower.leo) else { return };
        let log = look.world.slot(joining).and_then(|slot| replica_log(slot, self.id));
        let holds = log.map_or(claimed == Offset(0), |replica| {
            parts_at(&replica.log, &look.replica.log, Offset(0), claimed).is_none()
                && replica.leo() >= claimed
        });
        if holds && let Some(copy) = self.copies.get_mut(look.world.place(joining)) {
            copy.lost_records = false;
        }
    }

    /// The broker's process ended: a log that is shorter than it was has lost records.
    pub(super) fn on_down(&mut self, world: &World, place: usize, slot: &Slot, findings: &mut Findings) {
        let Some(copy) = self.copies.get_mut(place) else { return };
        let replica = slot.disk.replicas.replicas.get(&self.id);
        let vote = replica.map(|replica| replica.vote).unwrap_or_default();
        copy.glance = Glance { life: slot.incarnation, vote, ..Glance::default() };
        let before = copy.log.end;
        // Without a log the disk was replaced.
        let after = match slot.disk.replicas.replicas.get(&self.id) {
            Some(replica) => {
                copy.log.follow(&replica.log, Subject::copy(self.id, slot.id), findings);
                replica.log.end()
            }
            None => {
                copy.log = LogSeen::default();
                Offset(0)
            }
        };
        if after < before {
            if findings.has_groups() {
                self.void.get_or_insert(Why::MemberForgot { event: findings.event(), replica: slot.id });
            }
            copy.lost_records = true;
            copy.lost_in = slot.incarnation;
            s_loss::note_losses(self, findings.event());
            s_loss::check_range(self, world, slot.id, (after, before), findings);
        }
    }

    /// The broker does not host the partition any more: its copy is gone.
    pub(super) fn on_deleted(
        &mut self,
        world: &World,
        place: usize,
        broker: NodeId,
        findings: &mut Findings,
    ) {
        let end = self.copies[place].log.end;
        let dropped = self.copies[place].dropped;
        self.copies[place] = CopySeen { dropped, ..CopySeen::default() };
        s_loss::check_range(self, world, broker, (Offset(0), end), findings);
    }
}
