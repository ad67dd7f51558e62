//! The copies of data partitions on one broker, looked at after every step of it.
//!
//! Only copies whose glance or log changed are looked at closely. The rules stand in [`super::logs`],
//! [`super::l_copies`], [`super::p_isr`], [`super::s_commit`] and [`super::s_leader`].

use super::findings::{Findings, Subject, Why};
use super::logs::{Growth, check_append_only, check_order, check_same};
use super::partition::{CopyRole, Glance, PartitionGhost, replica_log};
use super::table::Rule;
use super::truth::Truth;
use super::{l_copies, p_isr, r_groups, s_commit, s_leader};
use crate::id::{NodeId, Offset, TopicPartition};
use crate::note::Note;
use crate::process::Broker;
use crate::replication::{IsrState, Partition, ReplicaLog};
use crate::sim::world::{Slot, World};
use alloc::vec::Vec;

/// One copy in one step, as the rules need it.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) world: &'a World,
    pub(super) truth: &'a Truth,
    pub(super) id: NodeId,
    pub(super) broker: &'a Broker,
    pub(super) partition: &'a Partition,
    pub(super) replica: &'a ReplicaLog,
    pub(super) notes: &'a [Note],
    pub(super) before: Glance,
    pub(super) now: Glance,
}

impl Look<'_> {
    /// It leads the very epoch that the controller has.
    pub(super) fn leads_newest(&self, id: TopicPartition) -> bool {
        let truth = self.truth.image.partitions.get(&id);
        self.now.role == CopyRole::Leader
            && truth.is_some_and(|truth| truth.leader_epoch == self.now.leader_epoch)
    }

    /// It leads and did not lead this epoch, in this life, when last seen.
    pub(super) fn begins_to_lead(&self) -> bool {
        self.now.role == CopyRole::Leader && !self.leads_on()
    }

    /// It led this epoch when last seen and still does.
    pub(super) fn leads_on(&self) -> bool {
        let (before, now) = (&self.before, &self.now);
        let leads = before.role == CopyRole::Leader && now.role == CopyRole::Leader;
        leads && before.life == now.life && before.leader_epoch == now.leader_epoch
    }
}

/// The ghosts of all partitions, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Partitions {
    pub(super) ghosts: Vec<PartitionGhost>,
}

impl Partitions {
    /// The ghost of this partition, made when it is new.
    pub(super) fn ghost(&mut self, id: TopicPartition, brokers: u8) -> &mut PartitionGhost {
        let place = match self.ghosts.binary_search_by_key(&id, |ghost| ghost.id) {
            Ok(place) => place,
            Err(place) => {
                self.ghosts.insert(place, PartitionGhost::new(id, brokers));
                place
            }
        };
        &mut self.ghosts[place]
    }

    /// The process in `slot` ended.
    pub(super) fn on_down(&mut self, world: &World, place: usize, slot: &Slot, findings: &mut Findings) {
        for ghost in &mut self.ghosts {
            ghost.on_down(world, place, slot, findings);
        }
    }

    /// Looks at what changed on this broker.
    pub(super) fn observe(
        &mut self,
        world: &World,
        truth: &Truth,
        slot: &Slot,
        broker: &Broker,
        notes: &[Note],
        findings: &mut Findings,
    ) {
        let place = world.place(slot.id);
        let mut logs = broker.replicas.disk.replicas.iter();
        let mut at = 0;
        for (&id, partition) in broker.replicas.partitions() {
            let Some((_, replica)) = logs.find(|(log, _)| **log == id) else { continue };
            while self.ghosts.get(at).is_some_and(|ghost| ghost.id < id) {
                self.ghosts[at].maybe_deleted(world, place, slot, findings);
                at += 1;
            }
            if self.ghosts.get(at).is_none_or(|ghost| ghost.id != id) {
                self.ghosts.insert(at, PartitionGhost::new(id, world.genesis.brokers));
            }
            let ghost = &mut self.ghosts[at];
            at += 1;
            let copy = &mut ghost.copies[place];
            let now = glance(slot, partition, replica);
            if copy.glance == now && copy.log.is(&replica.log) {
                continue;
            }
            let before = core::mem::replace(&mut copy.glance, now);
            let look = Look { world, truth, id: slot.id, broker, partition, replica, notes, before, now };
            ghost.look_at(place, &look, findings);
        }
        for ghost in self.ghosts.iter_mut().skip(at) {
            ghost.maybe_deleted(world, place, slot, findings);
        }
    }
}

fn glance(slot: &Slot, partition: &Partition, replica: &ReplicaLog) -> Glance {
    let leader = partition.as_leader();
    Glance {
        life: slot.incarnation,
        role: if leader.is_some() { CopyRole::Leader } else { CopyRole::Follower },
        hw: partition.hw,
        leader_epoch: partition.leader_epoch,
        partition_epoch: partition.partition_epoch,
        isr: leader.map(|leader| leader.isr),
        vote: replica.vote,
    }
}

impl PartitionGhost {
    /// The broker does not host this partition at the moment: whether it did when last seen, or had its log and lost
    /// it while it caught up with what was decided without it.
    fn maybe_deleted(&mut self, world: &World, place: usize, slot: &Slot, findings: &mut Findings) {
        let copy = &self.copies[place];
        let is_gone = || copy.log.end > Offset(0) && replica_log(slot, self.id).is_none();
        if copy.glance.role != CopyRole::Idle || is_gone() {
            self.on_deleted(world, place, slot.id, findings);
        }
    }

    fn look_at(&mut self, place: usize, look: &Look<'_>, findings: &mut Findings) {
        let subject = Subject::copy(self.id, look.id);
        if findings.has_groups() {
            r_groups::check_member(self, look, findings);
        }
        if !self.copies[place].log.is(&look.replica.log) {
            self.follow_log(place, look, subject, findings);
        }
        self.copies[place].log.check_cache(&look.replica.epochs, subject, findings);
        check_order(&look.replica.log, Some(look.now.hw), subject, findings);
        l_copies::check(look, subject, findings);
        self.note_forgotten(place, look, findings);
        if !findings.has_groups() {
            p_isr::check(self.id, self.void.is_some(), look, findings);
        }
        if let Some(IsrState::PendingExpand { joining, .. }) = look.now.isr
            && look.before.isr != look.now.isr
            && self.lost_records(look.world, joining)
        {
            self.note_fetched(look, joining);
        }
        if look.begins_to_lead() {
            self.note_leads_again(place, look, findings);
            s_leader::check_new_leader(self, look, findings);
        }
        if look.now.role == CopyRole::Leader {
            s_commit::check_leader(self, place, look, findings);
        } else if look.before.hw < look.now.hw || self.copies[place].log.agrees < look.now.hw {
            s_commit::check_own_prefix(self, place, look, findings);
        }
    }

    /// With ZooKeeper a broker that lost records may lead on in the epoch in which it led: when no controller has seen
    /// it fall, nobody was elected. It writes others in their place, and no epoch tells them apart: from then on nothing
    /// is promised.
    fn note_leads_again(&mut self, place: usize, look: &Look<'_>, findings: &Findings) {
        let led = self.copies[place].led.replace(look.now.leader_epoch);
        let again = look.world.ensemble().is_some() && led == Some(look.now.leader_epoch);
        if again && self.lost_records(look.world, look.id) {
            self.leads_again = true;
            let event = findings.event();
            self.void.get_or_insert(Why::LeaderLostRecords { event, leader: look.id });
        }
    }

    fn follow_log(&mut self, place: usize, look: &Look<'_>, subject: Subject, findings: &mut Findings) {
        let log = &look.replica.log;
        let seen = &self.copies[place].log;
        if look.leads_on() {
            check_append_only(seen, (log.end(), log.truncations()), subject, findings);
        }
        if seen.truncations != log.truncations() {
            s_leader::check_cut(self, place, look, findings);
        }
        let growth = self.copies[place].log.follow(log, subject, findings);
        self.check_owners(look, growth, subject, findings);
        for other in look.world.slots.iter().filter(|other| other.id != look.id && !self.leads_again) {
            if let Some(theirs) = replica_log(other, self.id) {
                let prefixes = findings.has_groups().then_some(Rule::R3);
                check_same(log, &theirs.log, growth, prefixes, subject, findings);
            }
        }
    }

    /// L5: a leader writes in its own epoch, and a follower copies what the leader of that epoch wrote.
    fn check_owners(&self, look: &Look<'_>, growth: Growth, subject: Subject, findings: &mut Findings) {
        let mut last = None;
        for (offset, entry) in look.replica.log.iter(growth.from, growth.to) {
            if last == Some(entry.epoch) {
                continue;
            }
            last = Some(entry.epoch);
            let leader = self.leaders.binary_search_by_key(&entry.epoch, |&(epoch, _)| epoch);
            let wrote = look.leads_on() && !growth.cut;
            let owned = match leader {
                Ok(place) => {
                    !wrote || (self.leaders[place].1 == look.id && entry.epoch == look.now.leader_epoch)
                }
                Err(_) => false,
            };
            findings.check(Rule::L5, owned, subject.at(offset));
        }
    }
}
