//! One partition's next registration: who leads, who is in sync, who is eligible, as one `PartitionChangeRecord`.
//!
//! Source: `PartitionChangeBuilder`, KIP-966, KIP-455. It knows one registration and which replicas may lead; it knows
//! neither brokers nor why a change is wanted. Keeps: a leader is always an acceptable replica; without an unclean
//! election it is in the target ISR, or in the ELR when that ISR is empty; without ELR the ISR never becomes empty, so
//! the last in-sync replica stays in it when the partition loses its leader.
//! The leader field is set only when the leader changes, or when the leader epoch must rise: because replicas are
//! dropped, or, before metadata.version 3.6-IV0 (KAFKA-15021), because the ISR shrinks.
//!
//! Left out: directories; that 4.0 and 4.1 remember the last leader when the ISR becomes empty and not when the leader
//! goes, which differs only if an ISR outlives its leader; the last known leader -1, nobody, that Kafka writes when the
//! leader epoch of a partition rises that has had no leader since its ELR was cleared.

use crate::id::{NodeId, NodeList};
use crate::metadata::reassignment::{Completed, Reassignment};
use crate::note::LeaderChoice;
use crate::record::{LeaderRecoveryState, PartitionChange, PartitionRegistration};
use crate::switches::Features;

/// What kind of election a change may hold (`PartitionChangeBuilder.Election`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// Moves leadership to the first replica if that one is in sync.
    Preferred,
    /// Keeps a valid leader; else the first valid replica in assignment order.
    Online,
    /// The same, and if there is none, the first acceptable replica outside the ISR: records may be lost.
    Unclean,
}

/// What is wanted of a partition. Fields start as the registration has them.
#[derive(Clone, Copy, Debug)]
pub struct PartitionChangeBuilder<'a> {
    registration: PartitionRegistration,
    acceptable: NodeList,
    /// The effective `min.insync.replicas`.
    min_isr: u32,
    features: &'a Features,
    /// Which kind of election.
    pub election: Election,
    /// The ISR to reach.
    pub target_isr: NodeList,
    /// The replica list to reach.
    pub target_replicas: NodeList,
    /// The replicas that a reassignment removes.
    pub target_removing: NodeList,
    /// The replicas that a reassignment adds.
    pub target_adding: NodeList,
    /// The recovery state to reach.
    pub target_recovery: LeaderRecoveryState,
    /// Replicas that came back without having shut down cleanly: they may have lost records, and leave the ELR.
    pub unclean_shutdown: NodeList,
    /// The last known ELR holds the last leader and nobody else, and that one may be elected when ISR and ELR are lost
    /// (`useLastKnownLeaderInBalancedRecovery`); Kafka never turns this off outside its tests.
    pub use_last_known_leader: bool,
    target_elr: NodeList,
    target_last_known_elr: NodeList,
}

/// A change that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// The record's fields.
    pub change: PartitionChange,
    /// How the new leader was chosen; `None` when the record names no new leader.
    pub choice: Option<LeaderChoice>,
}

/// Who should lead.
#[derive(Clone, Copy)]
struct Elected {
    leader: Option<NodeId>,
    choice: LeaderChoice,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// A change of `registration` of which only `acceptable` replicas may lead; nothing is wanted yet but a
    /// valid leader.
    pub fn new(
        registration: PartitionRegistration,
        acceptable: NodeList,
        min_isr: u32,
        features: &'a Features,
    ) -> PartitionChangeBuilder<'a> {
        PartitionChangeBuilder {
            registration,
            acceptable,
            min_isr,
            features,
            election: Election::Online,
            target_isr: registration.isr,
            target_replicas: registration.replicas,
            target_removing: registration.removing,
            target_adding: registration.adding,
            target_recovery: registration.recovery,
            unclean_shutdown: NodeList::EMPTY,
            use_last_known_leader: true,
            target_elr: registration.elr,
            target_last_known_elr: registration.last_known_elr,
        }
    }

    /// The record to write; `None` when nothing would change.
    pub fn build(mut self) -> Option<Built> {
        self.maybe_complete_reassignment();
        self.populate_elr();
        let mut change = PartitionChange::default();
        let choice = self.elect_into(&mut change);
        self.bump_for_dropped_replicas(&mut change);
        self.write_elr(&mut change);
        // An unclean election has set the ISR already. Only with ELR may it become empty: then it is known who else
        // holds every committed record.
        if change.isr.is_none()
            && (!self.target_isr.is_empty() || self.features.elr)
            && self.target_isr != self.registration.isr
        {
            change.isr = Some(self.target_isr);
        }
        self.bump_for_shrunk_isr(&mut change);
        self.write_last_known_leader(&mut change);
        self.write_assignment(&mut change);
        if self.target_recovery != self.registration.recovery {
            change.recovery = Some(self.target_recovery);
        }
        (!change.is_empty()).then_some(Built { change, choice })
    }

    fn maybe_complete_reassignment(&mut self) {
        let under_way = Reassignment {
            removing: self.target_removing,
            adding: self.target_adding,
            replicas: self.target_replicas,
        };
        let Some(Completed { replicas, isr }) = under_way.maybe_complete(&self.target_isr, self.features)
        else {
            return;
        };
        (self.target_isr, self.target_replicas) = (isr, replicas);
        (self.target_removing, self.target_adding) = (NodeList::EMPTY, NodeList::EMPTY);
    }

    /// While the ISR is below min.insync.replicas the high watermark stands still, so whoever leaves it from then on
    /// holds every committed record, unless it loses records.
    fn populate_elr(&mut self) {
        if !self.features.elr {
            return;
        }
        if self.target_isr.len() >= self.min_isr {
            (self.target_elr, self.target_last_known_elr) = (NodeList::EMPTY, NodeList::EMPTY);
            return;
        }
        let candidates = self.registration.isr.iter().fold(self.target_elr, NodeList::with);
        let outside = |id: &NodeId| !self.target_isr.contains(*id);
        let intact = |id: &NodeId| !self.unclean_shutdown.contains(*id);
        let stays =
            |id: &NodeId| self.features.dropped_replicas_stay_in_elr || self.target_replicas.contains(*id);
        let eligible = candidates.iter().filter(outside).filter(intact).filter(stays);
        self.target_elr = eligible.collect::<NodeList>().sorted();
        let known = self.target_last_known_elr.iter().fold(candidates, NodeList::with);
        let lost = known.iter().filter(outside).filter(|id| !self.target_elr.contains(*id));
        self.target_last_known_elr = lost.collect::<NodeList>().sorted();
    }

    fn elect_into(&mut self, change: &mut PartitionChange) -> Option<LeaderChoice> {
        let Elected { leader, choice } = self.elect();
        if leader == self.registration.leader {
            return None;
        }
        change.leader = Some(leader);
        let leader = leader?;
        let eligible = self.target_elr.contains(leader);
        if eligible {
            self.target_isr = NodeList::of(&[leader]);
            self.target_elr = self.target_elr.without(leader);
        }
        if !matches!(choice, LeaderChoice::LastKnown | LeaderChoice::Unclean) {
            return Some(if eligible { LeaderChoice::Eligible } else { choice });
        }
        // Nobody who is left may have every committed record: only the new leader's log counts from here on.
        change.isr = Some(NodeList::of(&[leader]));
        if self.features.leader_recovery_state && self.registration.recovery == LeaderRecoveryState::Recovered
        {
            change.recovery = Some(LeaderRecoveryState::Recovering);
        }
        Some(choice)
    }

    fn elect(&self) -> Elected {
        let elected = |leader, choice| Elected { leader: Some(leader), choice };
        if self.election == Election::Preferred
            && let Some(preferred) = self.target_replicas.first().filter(|&id| self.is_valid(id))
        {
            return elected(preferred, LeaderChoice::Preferred);
        }
        let current = self.registration.leader.filter(|&id| self.is_valid(id));
        let first_valid = || self.target_replicas.iter().find(|&id| self.is_valid(id));
        if let Some(valid) = current.or_else(first_valid) {
            return elected(valid, LeaderChoice::InSync);
        }
        if let Some(last_known) = self.last_known_leader() {
            return elected(last_known, LeaderChoice::LastKnown);
        }
        if self.election == Election::Unclean
            && let Some(anybody) = self.target_replicas.iter().find(|&id| self.acceptable.contains(id))
        {
            return elected(anybody, LeaderChoice::Unclean);
        }
        Elected { leader: None, choice: LeaderChoice::InSync }
    }

    /// In the ISR, or in the ELR when there is no ISR.
    fn is_valid(&self, replica: NodeId) -> bool {
        let eligible = self.target_isr.is_empty() && self.target_elr.contains(replica);
        (eligible || self.target_isr.contains(replica)) && self.acceptable.contains(replica)
    }

    /// Balanced recovery: with ISR and ELR lost, the leader from before most likely has the longest log. It may have
    /// lost records all the same.
    fn last_known_leader(&self) -> Option<NodeId> {
        let enabled = self.features.elr && self.use_last_known_leader;
        if !enabled || !self.target_elr.is_empty() || !self.target_isr.is_empty() {
            return None;
        }
        let anybody = !self.features.last_known_leader_must_be_active;
        match *self.registration.last_known_elr.as_slice() {
            [leader] if anybody || self.acceptable.contains(leader) => Some(leader),
            _ => None,
        }
    }

    /// A replica that is dropped must stop fetching before another leader epoch, or it could come back into the ISR.
    fn bump_for_dropped_replicas(&self, change: &mut PartitionChange) {
        if change.leader.is_none() && !self.registration.replicas.is_subset_of(&self.target_replicas) {
            change.leader = Some(self.registration.leader);
        }
    }

    fn bump_for_shrunk_isr(&self, change: &mut PartitionChange) {
        let shrinks = change.isr.is_some_and(|isr| !self.registration.isr.is_subset_of(&isr));
        if self.features.leader_epoch_bump_on_shrink && change.leader.is_none() && shrinks {
            change.leader = Some(self.registration.leader);
        }
    }

    /// After an unclean election nobody is eligible: the committed records are what the new leader has.
    fn write_elr(&mut self, change: &mut PartitionChange) {
        if change.isr.is_some() || !self.features.elr {
            (self.target_elr, self.target_last_known_elr) = (NodeList::EMPTY, NodeList::EMPTY);
        }
        if self.target_elr != self.registration.elr {
            change.elr = Some(self.target_elr);
        }
        if !self.use_last_known_leader && self.target_last_known_elr != self.registration.last_known_elr {
            change.last_known_elr = Some(self.target_last_known_elr);
        }
    }

    /// The last known ELR holds the last leader from when the partition becomes leaderless until somebody leads,
    /// whether its ISR becomes empty or not (`maybeUpdateLastKnownLeader`).
    fn write_last_known_leader(&self, change: &mut PartitionChange) {
        if !self.features.elr || !self.use_last_known_leader {
            return;
        }
        let before = &self.registration;
        match (change.leader, before.leader) {
            (Some(None), Some(last)) if before.last_known_elr.is_empty() => {
                change.last_known_elr = Some(NodeList::of(&[last]));
            }
            (Some(Some(_)), _) if !before.last_known_elr.is_empty() => {
                change.last_known_elr = Some(NodeList::EMPTY);
            }
            _ => {}
        }
    }

    fn write_assignment(&self, change: &mut PartitionChange) {
        let before = &self.registration;
        let differs = |target: NodeList, before: NodeList| (target != before).then_some(target);
        if !self.target_replicas.is_empty() {
            change.replicas = differs(self.target_replicas, before.replicas);
        }
        change.removing = differs(self.target_removing, before.removing);
        change.adding = differs(self.target_adding, before.adding);
    }
}
