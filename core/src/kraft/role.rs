//! What a replica of the metadata log is at the moment, and what each role remembers.
//!
//! Epoch, known leader and vote are not repeated here: they live in the `quorum-state` file
//! ([`crate::node::ElectionState`]), which is written before a role changes, so memory and disk cannot differ.
//! Keeps: only the leader has leader state; only prospective and candidate hold ballots.
//!
//! Source: `QuorumState`, `UnattachedState`, `ProspectiveState`, `CandidateState`, `FollowerState`,
//! `ResignedState`, `EpochElection`.

use super::fetch_snapshot::Download;
use super::leader::LeaderState;
use crate::id::{NodeId, NodeList};
use crate::quorum::{Tally, tally};
use crate::time::Span;
use crate::voters::VoterSet;
use alloc::boxed::Box;
use serde::{Deserialize, Serialize};

/// The role of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Follows nobody. A voter waits for its election timer; both kinds may ask around for the leader.
    Unattached {},
    /// Asks whether it would win an election, in its present epoch (KIP-996).
    Prospective {
        /// Which election in a row this is, from 1; only the back-off of 3.9 and 4.0 reads it.
        retries: u32,
        /// Who has answered what.
        ballots: Ballots,
    },
    /// Asks for votes in an epoch of its own.
    Candidate {
        /// See `Prospective`.
        retries: u32,
        /// Who has answered what.
        ballots: Ballots,
        /// The election is lost and the back-off timer runs (3.9, 4.0).
        backing_off: bool,
        /// The election timer ran out during the back-off.
        timed_out: bool,
    },
    /// Leads the quorum.
    Leader(LeaderState),
    /// Fetches from the leader.
    Follower {
        /// Whom it follows.
        leader: NodeId,
        /// A fetch from this leader has succeeded; from then on pre-votes are refused.
        has_fetched_from_leader: bool,
        /// The leader resigned: so long this voter waits before it starts an election, instead of the fetch
        /// timeout.
        succeeds_after: Option<Span>,
        /// The snapshot that it fetches instead of records.
        fetching_snapshot: Option<Box<Download>>,
        /// See [`UpdatePeriod`].
        update: UpdatePeriod,
    },
    /// Led this epoch, and tells the voters that it does so no more.
    Resigned {
        /// Voters that have not confirmed EndQuorumEpoch.
        unacknowledged: NodeList,
        /// The other voters, furthest log first.
        preferred_successors: NodeList,
    },
}

impl Role {
    /// Kafka's name of the role.
    pub const fn name(&self) -> &'static str {
        match self {
            Role::Unattached {} => "Unattached",
            Role::Prospective { .. } => "Prospective",
            Role::Candidate { .. } => "Candidate",
            Role::Leader(_) => "Leader",
            Role::Follower { .. } => "Follower",
            Role::Resigned { .. } => "Resigned",
        }
    }

    /// The ballots of an election that this replica stands for.
    pub const fn ballots(&self) -> Option<&Ballots> {
        match self {
            Role::Prospective { ballots, .. } | Role::Candidate { ballots, .. } => Some(ballots),
            Role::Unattached {} | Role::Leader(_) | Role::Follower { .. } | Role::Resigned { .. } => None,
        }
    }

    /// The state of a leader.
    pub const fn as_leader(&self) -> Option<&LeaderState> {
        match self {
            Role::Leader(leader) => Some(leader),
            _ => None,
        }
    }
}

/// How long a follower waits before it asks the leader to change what the voter set says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UpdatePeriod {
    /// There is nothing to change.
    #[default]
    Idle,
    /// The `UpdateVoterSet` timer runs.
    Running,
    /// It asks as soon as its connection to the leader is free.
    Over,
}

/// The answers to one round of Vote requests (`EpochElection`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ballots {
    /// Voters that granted, the nominee itself first.
    pub granted: NodeList,
    /// Voters that refused.
    pub refused: NodeList,
}

impl Ballots {
    /// The nominee votes for itself.
    pub fn of(nominee: NodeId) -> Ballots {
        Ballots { granted: NodeList::of(&[nominee]), refused: NodeList::EMPTY }
    }

    /// Counts an answer. A second answer of the same voter replaces the first.
    pub fn record(&mut self, voter: NodeId, granted: bool) {
        let (into, from) = if granted {
            (&mut self.granted, &mut self.refused)
        } else {
            (&mut self.refused, &mut self.granted)
        };
        *into = into.with(voter);
        *from = from.without(voter);
    }

    /// Whether this voter has answered.
    pub fn has_answered(&self, voter: NodeId) -> bool {
        self.granted.contains(voter) || self.refused.contains(voter)
    }

    /// Where the election stands among these voters.
    pub fn tally(&self, voters: &VoterSet) -> Tally {
        let unanswered = voters.ids().iter().filter(|&id| !self.has_answered(id)).count();
        tally(voters.len(), self.granted.len(), unanswered as u32)
    }
}
