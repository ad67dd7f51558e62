//! Who leads a partition: the four strategies.
//!
//! Pure: it is told what stands in the partition's znode, and says what shall stand there. Every decision raises the
//! leader epoch by one, also one that leaves the leader (`LeaderAndIsr.newLeaderAndIsr`).
//! Source: `Election`, `PartitionLeaderElectionAlgorithms`, `LeaderAndIsr`.

use super::context::{ControlledPartition, ControllerContext};
use crate::id::{NodeId, NodeList};
use crate::note::LeaderChoice;
use crate::record::LeaderRecoveryState;
use crate::switches::Features;
use crate::znode::PartitionState;
use serde::{Deserialize, Serialize};

/// Why a leader is chosen, and so among whom (`PartitionLeaderElectionStrategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// The leader is gone; `allow_unclean` whatever the topic's setting says.
    OfflinePartition {
        /// An administrator has asked for an unclean election.
        allow_unclean: bool,
    },
    /// The leader is not among the replicas that a reassignment leads to.
    ReassignPartition,
    /// The first replica shall lead again.
    PreferredReplica,
    /// The leader is shutting down.
    ControlledShutdown,
}

/// A decision about one partition (`ElectionResult`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Elected {
    /// What shall be written.
    pub state: PartitionState,
    /// Who is told: `LeaderAndIsr` goes to these.
    pub recipients: NodeList,
    /// Among whom the leader was found.
    pub choice: LeaderChoice,
}

/// The decision, if anybody can lead. `unclean` allows a leader from outside the ISR.
pub fn elect(
    strategy: Strategy,
    context: &ControllerContext,
    features: &Features,
    partition: &ControlledPartition,
    old: &PartitionState,
    unclean: bool,
) -> Option<Elected> {
    let replicas = partition.assignment.replicas;
    let live = context.live_of(&replicas);
    match strategy {
        Strategy::OfflinePartition { .. } => {
            let leader = offline_partition_leader(&replicas, &old.isr, &live, unclean)?;
            let is_clean = old.isr.contains(leader);
            let isr = if is_clean { context.live_of(&old.isr) } else { NodeList::of(&[leader]) };
            let mut state = old.with_leader_and_isr(Some(leader), isr);
            if !is_clean && features.leader_recovery_state {
                state.recovery = LeaderRecoveryState::Recovering;
            }
            let choice = if is_clean { LeaderChoice::InSync } else { LeaderChoice::Unclean };
            Some(Elected { state, recipients: live, choice })
        }
        Strategy::ReassignPartition => {
            let target = partition.assignment.target();
            let leader = first_live_in_sync(&target, &old.isr, &context.live_of(&target))?;
            let state = old.with_leader_and_isr(Some(leader), old.isr);
            Some(Elected { state, recipients: target, choice: LeaderChoice::InSync })
        }
        Strategy::PreferredReplica => {
            let leader = preferred_leader(&replicas, &old.isr, &live)?;
            let state = old.with_leader_and_isr(Some(leader), old.isr);
            Some(Elected { state, recipients: replicas, choice: LeaderChoice::Preferred })
        }
        Strategy::ControlledShutdown => {
            let up: NodeList = replicas.iter().filter(|id| context.live_brokers.contains_key(id)).collect();
            let stays = |id: &NodeId| !context.shutting_down.contains(id);
            let leader = up.iter().find(|id| old.isr.contains(*id) && stays(id))?;
            let isr = old.isr.iter().filter(stays).collect();
            let state = old.with_leader_and_isr(Some(leader), isr);
            Some(Elected { state, recipients: up, choice: LeaderChoice::InSync })
        }
    }
}

/// `offlinePartitionLeaderElection`: the first live replica of the assignment that is in the ISR, else, if allowed, the
/// first live one.
pub fn offline_partition_leader(
    assignment: &NodeList,
    isr: &NodeList,
    live: &NodeList,
    unclean: bool,
) -> Option<NodeId> {
    let anybody = || assignment.iter().find(|&id| live.contains(id));
    first_live_in_sync(assignment, isr, live).or_else(|| if unclean { anybody() } else { None })
}

/// `reassignPartitionLeaderElection`: the first of these that lives and is in the ISR.
pub fn first_live_in_sync(replicas: &NodeList, isr: &NodeList, live: &NodeList) -> Option<NodeId> {
    replicas.iter().find(|&id| live.contains(id) && isr.contains(id))
}

/// `preferredReplicaPartitionLeaderElection`: the first of the assignment, if it lives and is in the ISR.
pub fn preferred_leader(assignment: &NodeList, isr: &NodeList, live: &NodeList) -> Option<NodeId> {
    assignment.first().filter(|&id| live.contains(id) && isr.contains(id))
}

impl PartitionState {
    /// The next decision: this leader and ISR, one leader epoch later.
    #[must_use]
    pub const fn with_leader_and_isr(self, leader: Option<NodeId>, isr: NodeList) -> PartitionState {
        PartitionState { leader, isr, leader_epoch: self.leader_epoch.next(), ..self }
    }
}
