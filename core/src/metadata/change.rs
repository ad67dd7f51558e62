//! One partition's next registration: who leads, who is in sync, as one `PartitionChangeRecord`.
//!
//! Source: `PartitionChangeBuilder`. It knows one registration and which replicas may lead; it knows neither
//! brokers nor why a change is wanted. Keeps: a leader is always an acceptable replica; without an unclean
//! election it is in the target ISR; the ISR never becomes empty, so the last in-sync replica stays in it when
//! the partition loses its leader.
//! The leader field is set only when the leader changes: since metadata.version 3.6-IV0 (KAFKA-15021) another
//! ISR alone never raises the leader epoch.
//!
//! Left out: step 1 (completing a reassignment), steps 2, 5 and 8 (eligible leader replicas) and step 4 (a new
//! leader epoch when replicas are dropped). They belong where the comments in [`PartitionChangeBuilder::build`]
//! name them; until then nothing sets those fields.

use crate::id::{NodeId, NodeList};
use crate::note::LeaderChoice;
use crate::record::{LeaderRecoveryState, PartitionChange, PartitionRegistration};

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
pub struct PartitionChangeBuilder {
    registration: PartitionRegistration,
    acceptable: NodeList,
    /// Which kind of election.
    pub election: Election,
    /// The ISR to reach.
    pub target_isr: NodeList,
    /// The recovery state to reach.
    pub target_recovery: LeaderRecoveryState,
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
    unclean: bool,
}

impl PartitionChangeBuilder {
    /// A change of `registration` of which only `acceptable` replicas may lead; nothing is wanted yet but a
    /// valid leader.
    pub fn new(registration: PartitionRegistration, acceptable: NodeList) -> PartitionChangeBuilder {
        PartitionChangeBuilder {
            registration,
            acceptable,
            election: Election::Online,
            target_isr: registration.isr,
            target_recovery: registration.recovery,
        }
    }

    /// The record to write; `None` when nothing would change.
    pub fn build(self) -> Option<Built> {
        // 1 complete reassignment, 2 target ELR.
        let mut change = PartitionChange::default();
        // 3 election.
        let choice = self.elect_into(&mut change);
        // 4 leader epoch for dropped replicas, 5 ELR.
        // 6 ISR: an unclean election has set it already; an empty one is never written.
        if change.isr.is_none() && !self.target_isr.is_empty() && self.target_isr != self.registration.isr {
            change.isr = Some(self.target_isr);
        }
        // 7 leader epoch for a shrunk ISR: only before 3.6-IV0. 8 last known leader. 9 the other fields.
        if self.target_recovery != self.registration.recovery {
            change.recovery = Some(self.target_recovery);
        }
        (!change.is_empty()).then_some(Built { change, choice })
    }

    fn elect_into(&self, change: &mut PartitionChange) -> Option<LeaderChoice> {
        let Elected { leader, unclean } = self.elect();
        if leader == self.registration.leader {
            return None;
        }
        change.leader = Some(leader);
        let leader = leader?;
        if !unclean {
            let preferred = self.election == Election::Preferred && self.preferred() == Some(leader);
            return Some(if preferred { LeaderChoice::Preferred } else { LeaderChoice::InSync });
        }
        // Nobody who is left may have every committed record: only the new leader's log counts from here on.
        change.isr = Some(NodeList::of(&[leader]));
        if self.registration.recovery == LeaderRecoveryState::Recovered {
            change.recovery = Some(LeaderRecoveryState::Recovering);
        }
        Some(LeaderChoice::Unclean)
    }

    fn elect(&self) -> Elected {
        if self.election == Election::Preferred
            && let Some(preferred) = self.preferred().filter(|&id| self.is_valid(id))
        {
            return Elected { leader: Some(preferred), unclean: false };
        }
        let current = self.registration.leader.filter(|&id| self.is_valid(id));
        let valid = current.or_else(|| self.registration.replicas.iter().find(|&id| self.is_valid(id)));
        if valid.is_some() || self.election != Election::Unclean {
            return Elected { leader: valid, unclean: false };
        }
        let anybody = self.registration.replicas.iter().find(|&id| self.acceptable.contains(id));
        Elected { leader: anybody, unclean: anybody.is_some() }
    }

    fn preferred(&self) -> Option<NodeId> {
        self.registration.replicas.first()
    }

    fn is_valid(&self, replica: NodeId) -> bool {
        self.target_isr.contains(replica) && self.acceptable.contains(replica)
    }
}
