//! What a broker knows of one partition that it hosts, leader or follower.
//!
//! Keeps: leader-only state lives inside the leader's variant; a change of metadata is applied only when its
//! partition epoch is not older than the one known, so that a record which repeats an AlterPartition answer
//! does no harm.
//! Source: `Partition.makeLeader`, `Partition.makeFollower`.

use super::disk::ReplicaLog;
use super::isr::IsrState;
use super::leader::LeaderState;
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset, PartitionEpoch};
use crate::record::PartitionRegistration;
use crate::switches::Features;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// One hosted partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Partition {
    /// The leader epoch of the latest applied registration.
    pub leader_epoch: LeaderEpoch,
    /// The partition epoch of the latest applied registration or AlterPartition answer.
    pub partition_epoch: PartitionEpoch,
    /// Epoch of the controller of the ZooKeeper era that decided that registration; 0 in KRaft.
    pub controller_epoch: u32,
    /// High watermark; on a follower what the leader said last, cut at the own log end.
    pub hw: Offset,
    /// Leader or follower.
    pub role: Role,
}

/// A replica's role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Takes produced records and serves fetches.
    Leader(LeaderState),
    /// Fetches from the leader, if there is one.
    Follower(Following),
}

/// What only a follower keeps (`PartitionFetchState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Following {
    /// The leader; `None` while the partition has none.
    pub leader: Option<NodeId>,
    /// Whether it fetches.
    pub fetch: FetchState,
    /// Leader epoch and fetch offset of the request in flight. An answer to anything else is ignored.
    pub asked: Option<(LeaderEpoch, Offset)>,
}

/// Where a follower's fetching stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FetchState {
    /// It belongs to no fetcher: no leader, or the broker shuts down.
    Idle,
    /// It is part of the next request.
    Fetching,
    /// It asks where its last epoch ends in the leader's log, from then on, and fetches when it has cut its own
    /// log (releases before 2.7).
    Truncating(Time),
    /// It is left out of requests until then.
    Delayed(Time),
    /// Its offset was out of the leader's range and ListOffsets has to say where the leader's log lies.
    OutOfRange {
        /// Where it ends, once that answer is there.
        leader_end: Option<Offset>,
    },
    /// It stopped until new metadata arrives (`failedPartitions`).
    Failed,
}

impl FetchState {
    /// Whether it asks for the end of its last epoch now.
    pub(super) fn asks_at(&self, now: Time) -> bool {
        matches!(*self, FetchState::Truncating(from) if from <= now)
    }

    /// When it may ask or fetch again, if that is later than now.
    pub(super) fn waits_until(&self, now: Time) -> Option<Time> {
        match *self {
            FetchState::Delayed(until) | FetchState::Truncating(until) => Some(until).filter(|&it| it > now),
            FetchState::Idle | FetchState::Fetching | FetchState::OutOfRange { .. } | FetchState::Failed => {
                None
            }
        }
    }
}

impl Partition {
    /// A partition that this broker begins to host; nothing is applied yet. The high watermark starts at the
    /// checkpointed one.
    pub(super) fn hosted(
        registration: &PartitionRegistration,
        replica: &ReplicaLog,
        features: &Features,
    ) -> Partition {
        let hw = if features.hw_checkpoint_is_read { replica.checkpointed_hw } else { Offset(0) };
        Partition {
            leader_epoch: registration.leader_epoch,
            partition_epoch: registration.partition_epoch,
            controller_epoch: 0,
            hw: hw.clamp(replica.log.start(), replica.leo()),
            role: Role::Follower(Following { leader: None, fetch: FetchState::Idle, asked: None }),
        }
    }

    /// The leader's state, if this replica leads.
    pub const fn as_leader(&self) -> Option<&LeaderState> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            Role::Follower(_) => None,
        }
    }

    /// The follower's state, if this replica follows.
    pub const fn as_follower(&self) -> Option<&Following> {
        match &self.role {
            Role::Leader(_) => None,
            Role::Follower(following) => Some(following),
        }
    }

    /// Whether this replica leads.
    pub const fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// The committed ISR that the leader knows; empty on a follower, which keeps none.
    pub fn isr(&self) -> NodeList {
        self.as_leader().map_or(NodeList::EMPTY, |leader| leader.isr.committed())
    }

    /// The committed ISR plus a pending expansion (KIP-497); empty on a follower.
    pub fn maximal_isr(&self) -> NodeList {
        self.as_leader().map_or(NodeList::EMPTY, |leader| leader.isr.maximal())
    }

    /// Leads as `registration` says. With a new leader epoch the epoch begins at the log end and its line in
    /// the epoch cache is written before any record of it exists. A pending ISR change is forgotten, unless
    /// the registration says nothing new and `features` let it go on.
    pub(super) fn make_leader(
        &mut self,
        registration: &PartitionRegistration,
        new_epoch: bool,
        features: &Features,
        me: NodeId,
        replica: &mut ReplicaLog,
        now: Time,
    ) {
        let repeats = registration.partition_epoch == self.partition_epoch
            && registration.isr == self.isr()
            && !new_epoch;
        self.partition_epoch = registration.partition_epoch;
        let next_epoch = registration.leader_epoch <= self.leader_epoch.next();
        let was_leader = self.is_leader() && (next_epoch || features.leader_across_epochs_keeps_log_ends);
        if !self.is_leader() {
            self.role = Role::Leader(LeaderState::new(replica.leo()));
        }
        let Role::Leader(leader) = &mut self.role else { return };
        if !repeats || features.repeated_metadata_ends_proposal {
            leader.isr = IsrState::Committed { isr: registration.isr };
        }
        leader.assign(&registration.replicas, me);
        if new_epoch {
            self.leader_epoch = registration.leader_epoch;
            if features.leader_stores_epoch_start {
                replica.epochs.assign(registration.leader_epoch, replica.leo());
            }
            leader.begin_epoch(registration.leader_epoch, replica.leo(), !was_leader, now);
        }
    }

    /// Follows as `registration` says. The ISR is the leader's business and is forgotten; the fetcher goes on
    /// undisturbed unless the leader epoch is new.
    pub(super) fn make_follower(&mut self, registration: &PartitionRegistration) {
        self.leader_epoch = registration.leader_epoch;
        self.partition_epoch = registration.partition_epoch;
        match &mut self.role {
            Role::Leader(_) => {
                let leader = registration.leader;
                self.role = Role::Follower(Following { leader, fetch: FetchState::Idle, asked: None });
            }
            Role::Follower(following) => following.leader = registration.leader,
        }
    }
}
