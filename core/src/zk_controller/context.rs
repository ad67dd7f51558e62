//! What a controller knows of the cluster: its copy of what stands in ZooKeeper, and the state of its state machines.
//!
//! It is a copy: a leader may have written another ISR, a broker may be gone, and the controller learns it from a watch
//! later. So every decision reads the partition's znode again first.
//! Keeps: what is known of a partition's replicas is known of replicas of its assignment only.
//! Source: `ControllerContext`.
//!
//! Left out: topics that are being deleted, replicas on broken log directories (a broker here has one, and stops with
//! it), metrics.

use crate::id::{BrokerEpoch, NodeId, NodeList, PartitionEpoch, Text, TopicId, TopicPartition};
use crate::wire::PartitionInfo;
use crate::znode::{PartitionState, ReplicaAssignment};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A broker whose znode is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LiveBroker {
    /// The transaction that created its znode.
    pub epoch: BrokerEpoch,
    /// `broker.rack`.
    pub rack: Option<char>,
}

/// Where a partition stands in its state machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartitionStatus {
    /// Unknown, or gone.
    #[default]
    NonExistent,
    /// It has replicas, and never had a leader.
    New,
    /// It has a leader.
    Online,
    /// Its leader is gone.
    Offline,
}

/// What stands in a partition's znode, as the controller read or wrote it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leadership {
    /// The data.
    pub state: PartitionState,
    /// The version that the data had.
    pub version: PartitionEpoch,
}

/// A partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlledPartition {
    /// Its replicas.
    pub assignment: ReplicaAssignment,
    /// Its leader and ISR, once it has a znode.
    pub leadership: Option<Leadership>,
    /// See [`PartitionStatus`].
    pub status: PartitionStatus,
    /// Replicas that begin empty (`NewReplica`).
    pub new: NodeList,
    /// Replicas that were told whom to follow (`OnlineReplica`).
    pub online: NodeList,
    /// Replicas that are gone (`OfflineReplica`).
    pub offline: NodeList,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControllerContext {
    /// The epoch that it was elected with; 0 before.
    pub epoch: u32,
    /// The version of `/controller_epoch` since then.
    pub epoch_version: u32,
    /// Brokers whose znode is there, also those that are shutting down.
    pub live_brokers: BTreeMap<NodeId, LiveBroker>,
    /// Brokers in a controlled shutdown.
    pub shutting_down: BTreeSet<NodeId>,
    /// Names of the topics.
    pub topics: BTreeMap<TopicId, Text>,
    /// All partitions.
    pub partitions: BTreeMap<TopicPartition, ControlledPartition>,
    /// Partitions that move.
    pub reassigning: BTreeSet<TopicPartition>,
}

impl ReplicaAssignment {
    /// These replicas, none coming or going.
    pub const fn of(replicas: NodeList) -> ReplicaAssignment {
        ReplicaAssignment { replicas, adding: NodeList::EMPTY, removing: NodeList::EMPTY }
    }

    /// Whether a reassignment is under way.
    pub const fn is_being_reassigned(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// Who shall be there in the end.
    pub fn target(&self) -> NodeList {
        self.replicas.iter().filter(|&id| !self.removing.contains(id)).collect()
    }

    /// Who was there in the beginning.
    pub fn origin(&self) -> NodeList {
        self.replicas.iter().filter(|&id| !self.adding.contains(id)).collect()
    }

    /// The same partition on its way to `target`: those first, then those that will go.
    #[must_use]
    pub fn reassign_to(&self, target: NodeList) -> ReplicaAssignment {
        let origin = self.origin();
        let removing: NodeList = origin.iter().filter(|&id| !target.contains(id)).collect();
        ReplicaAssignment {
            replicas: target.iter().chain(removing.iter()).collect(),
            adding: target.iter().filter(|&id| !origin.contains(id)).collect(),
            removing,
        }
    }

    /// The same without `id`.
    #[must_use]
    pub fn without(&self, id: NodeId) -> ReplicaAssignment {
        ReplicaAssignment {
            replicas: self.replicas.without(id),
            adding: self.adding.without(id),
            removing: self.removing.without(id),
        }
    }
}

impl ControlledPartition {
    /// A partition with this assignment, of which nothing else is known.
    pub fn new(assignment: ReplicaAssignment) -> ControlledPartition {
        ControlledPartition { assignment, ..ControlledPartition::default() }
    }

    /// Who leads.
    pub fn leader(&self) -> Option<NodeId> {
        self.leadership.and_then(|known| known.state.leader)
    }

    /// Who is in sync.
    pub fn isr(&self) -> NodeList {
        self.leadership.map_or(NodeList::EMPTY, |known| known.state.isr)
    }

    /// Whether the state machine knows this replica.
    pub fn knows(&self, replica: NodeId) -> bool {
        self.new.contains(replica) || self.online.contains(replica) || self.offline.contains(replica)
    }

    /// `NewReplica`.
    pub fn set_new(&mut self, replica: NodeId) {
        self.forget(replica);
        self.new.push(replica);
    }

    /// `OnlineReplica`.
    pub fn set_online(&mut self, replica: NodeId) {
        self.forget(replica);
        self.online.push(replica);
    }

    /// `OfflineReplica`.
    pub fn set_offline(&mut self, replica: NodeId) {
        self.forget(replica);
        self.offline.push(replica);
    }

    /// `NonExistentReplica`.
    pub fn forget(&mut self, replica: NodeId) {
        self.new = self.new.without(replica);
        self.online = self.online.without(replica);
        self.offline = self.offline.without(replica);
    }
}

impl ControllerContext {
    /// Whether this broker's znode is there and it is not shutting down.
    pub fn is_live(&self, broker: NodeId) -> bool {
        self.live_brokers.contains_key(&broker) && !self.shutting_down.contains(&broker)
    }

    /// Brokers that live, also those that are shutting down.
    pub fn live_or_shutting_down(&self) -> Vec<NodeId> {
        self.live_brokers.keys().copied().collect()
    }

    /// Those of `replicas` that live and are not shutting down.
    pub fn live_of(&self, replicas: &NodeList) -> NodeList {
        replicas.iter().filter(|&id| self.is_live(id)).collect()
    }

    /// What brokers are told of a partition, if it has a znode.
    pub fn info(&self, partition: TopicPartition) -> Option<PartitionInfo> {
        let known = self.partitions.get(&partition)?;
        let Leadership { state, version } = known.leadership?;
        let assignment = known.assignment;
        Some(PartitionInfo { partition, state, partition_epoch: version, assignment, is_new: false })
    }

    /// Keeps what was read or written.
    pub fn put_leadership(&mut self, partition: TopicPartition, state: PartitionState, version: u32) {
        if let Some(known) = self.partitions.get_mut(&partition) {
            known.leadership = Some(Leadership { state, version: PartitionEpoch(version) });
        }
    }

    /// Partitions that have a replica on one of `brokers`, for each of these brokers.
    pub fn replicas_on(&self, brokers: &[NodeId]) -> Vec<(NodeId, Vec<TopicPartition>)> {
        let mut found: Vec<(NodeId, Vec<TopicPartition>)> =
            brokers.iter().map(|&broker| (broker, Vec::new())).collect();
        for (&id, partition) in &self.partitions {
            for (broker, partitions) in &mut found {
                if partition.assignment.replicas.contains(*broker) {
                    partitions.push(id);
                }
            }
        }
        found.retain(|(_, partitions)| !partitions.is_empty());
        found
    }

    /// Partitions for which this holds.
    pub fn partitions_where(&self, holds: impl Fn(&ControlledPartition) -> bool) -> Vec<TopicPartition> {
        self.partitions.iter().filter(|(_, partition)| holds(partition)).map(|(&id, _)| id).collect()
    }

    /// Partitions whose leader is not there, or that have none.
    pub fn with_offline_leader(&self) -> Vec<TopicPartition> {
        self.partitions_where(|partition| {
            partition.leadership.is_some() && !partition.leader().is_some_and(|leader| self.is_live(leader))
        })
    }

    /// Partitions that wait for a leader: new or offline.
    pub fn without_leader(&self) -> Vec<TopicPartition> {
        self.partitions_where(|partition| {
            matches!(partition.status, PartitionStatus::New | PartitionStatus::Offline)
        })
    }

    /// Partitions with more than one replica that this broker leads.
    pub fn led_by(&self, broker: NodeId) -> Vec<TopicPartition> {
        self.partitions_where(|partition| {
            partition.leader() == Some(broker) && partition.assignment.replicas.len() > 1
        })
    }
}
