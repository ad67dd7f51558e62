//! How one member of a KIP-848 group comes from what it has to what it should have.
//!
//! Keeps: a partition is never assigned to two members; who has to give something up stays at its old epoch until it
//! says that it no longer owns it; nobody waits for anybody but the owners of its own partitions.
//!
//! Source: `CurrentAssignmentBuilder`, KIP-848.

use crate::id::{Text, TopicId, TopicPartition};
use crate::time::{Span, Time};
use crate::wire::ServerAssignor;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Where a member stands on its way to its target (`MemberState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MemberState {
    /// It has all of its target.
    #[default]
    Stable,
    /// It must give up partitions first.
    UnrevokedPartitions,
    /// Partitions of its target are still owned by others.
    UnreleasedPartitions,
}

impl MemberState {
    /// Kafka's name.
    pub const fn name(self) -> &'static str {
        match self {
            MemberState::Stable => "STABLE",
            MemberState::UnrevokedPartitions => "UNREVOKED_PARTITIONS",
            MemberState::UnreleasedPartitions => "UNRELEASED_PARTITIONS",
        }
    }
}

/// A member (`ConsumerGroupMember`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Member {
    /// The epoch that it was told last; 0 before it was told any.
    pub epoch: u32,
    /// The one before: a heartbeat with it is believed when the answer with the newer one may be lost.
    pub previous_epoch: u32,
    /// See [`MemberState`].
    pub state: MemberState,
    /// `group.instance.id`, of a static member.
    pub instance: Option<Text>,
    /// A static member that left for a moment (epoch -2).
    pub away: bool,
    /// `max.poll.interval.ms` of the member: so long it may take to give up partitions.
    pub rebalance_timeout: Span,
    /// What it subscribed to.
    pub topics: Vec<TopicId>,
    /// The assignor that it prefers.
    pub assignor: Option<ServerAssignor>,
    /// What it may use, in order.
    pub assigned: Vec<TopicPartition>,
    /// What it must give up, in order.
    pub revoking: Vec<TopicPartition>,
    /// When it counts as gone.
    pub session_ends: Time,
    /// Until when it must have given up what it must give up.
    pub revoke_by: Option<Time>,
}

impl Member {
    /// Whether it owns this partition, be it only until it has given it up.
    pub fn holds(&self, partition: TopicPartition) -> bool {
        self.assigned.contains(&partition) || self.revoking.contains(&partition)
    }

    /// Whether nothing is left to do for this target (`isReconciledTo`). Who is away is at epoch -2, in no target's.
    pub fn is_reconciled_to(&self, target_epoch: u32) -> bool {
        self.state == MemberState::Stable && self.epoch == target_epoch && !self.away
    }

    /// One step towards `target`, of that epoch. `owned` is what the member says it owns, if it says anything;
    /// `is_held` whether another member holds a partition.
    pub fn reconcile(
        &mut self,
        (target_epoch, target): (u32, &[TopicPartition]),
        owned: Option<&[TopicPartition]>,
        is_held: impl Fn(TopicPartition) -> bool,
    ) {
        match self.state {
            MemberState::Stable if self.epoch == target_epoch => {}
            MemberState::UnrevokedPartitions if still_owns(owned, &self.revoking) => {}
            MemberState::Stable | MemberState::UnrevokedPartitions | MemberState::UnreleasedPartitions => {
                self.next_assignment((target_epoch, target), owned, is_held);
            }
        }
    }

    fn next_assignment(
        &mut self,
        (target_epoch, target): (u32, &[TopicPartition]),
        owned: Option<&[TopicPartition]>,
        is_held: impl Fn(TopicPartition) -> bool,
    ) {
        let kept = |partition: &TopicPartition| target.contains(partition);
        let (keeps, revokes): (Vec<_>, Vec<_>) = self.assigned.iter().copied().partition(kept);
        if !revokes.is_empty() && still_owns(owned, &revokes) {
            self.state = MemberState::UnrevokedPartitions;
            (self.assigned, self.revoking) = (keeps, revokes);
            self.previous_epoch = self.epoch;
            return;
        }
        let missing = target.iter().copied().filter(|partition| !keeps.contains(partition));
        let (unreleased, free): (Vec<_>, Vec<_>) = missing.partition(|&partition| is_held(partition));
        let waits = !unreleased.is_empty();
        self.state = if waits { MemberState::UnreleasedPartitions } else { MemberState::Stable };
        self.assigned = keeps;
        self.assigned.extend(free);
        self.assigned.sort_unstable();
        self.revoking.clear();
        (self.previous_epoch, self.epoch) = (self.epoch, target_epoch);
    }
}

/// Whether the member may still own one of these: it says so, or says nothing.
fn still_owns(owned: Option<&[TopicPartition]>, revoked: &[TopicPartition]) -> bool {
    owned.is_none_or(|owned| owned.iter().any(|partition| revoked.contains(partition)))
}
