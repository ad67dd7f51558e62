//! Where the rule behind a note comes from, in the mode that is played: the same thing happens by other code where
//! ZooKeeper keeps the metadata, and by another algorithm where partitions are Raft groups.
//!
//! What is not named here has one source in every mode: that of [`super::lane`].

use super::lane;
use crate::mode::{MetadataPlane, Mode, ReplicationPlane};
use crate::note::Note;

/// The KIP, Kafka class or paper whose rule a note shows in this mode.
pub const fn source(note: &Note, mode: Mode) -> &'static str {
    let own = match (mode.metadata(), mode.replication()) {
        (MetadataPlane::ZooKeeper, _) => with_zookeeper(note),
        (MetadataPlane::KRaft, ReplicationPlane::Raft) => in_a_group(note),
        (MetadataPlane::KRaft, ReplicationPlane::Isr) => None,
    };
    match own {
        Some(own) => own,
        None => lane::source(note),
    }
}

const fn with_zookeeper(note: &Note) -> Option<&'static str> {
    Some(match note {
        Note::LeaderElected { .. } => "ZkPartitionStateMachine.doElectLeaderForPartitions, Election",
        Note::PartitionLeaderless { .. } => "ZkReplicaStateMachine.doRemoveReplicasFromIsr",
        Note::ElectionRefused { .. } => "KIP-460, KafkaController.processReplicaLeaderElection",
        Note::IsrChanged { .. } => {
            "ZkReplicaStateMachine.doRemoveReplicasFromIsr, KafkaController.processAlterPartition"
        }
        Note::AlterPartitionRefused { .. } => "KIP-497, KafkaController.tryProcessAlterPartition",
        Note::IsrChangeRejected { .. } => {
            "Partition.maybeUpdateIsrAndVersion; since 2.7 KIP-497, Partition.handleAlterPartitionError"
        }
        Note::ControlledShutdownBegan { .. } | Note::ShutdownAllowed { .. } => {
            "KafkaController.doControlledShutdown"
        }
        Note::BrokerStopped => "KafkaServer.shutdown",
        Note::ReassignmentBegan { .. }
        | Note::ReassignmentCompleted { .. }
        | Note::ReassignmentCancelled { .. } => "KIP-455, KafkaController.onPartitionReassignment",
        Note::ReassignmentRefused { .. } => "KIP-455, KafkaController.processApiPartitionReassignment",
        Note::ProducerIdsAllocated { .. } => "KIP-730, KafkaController.processAllocateProducerIds",
        Note::TopicCreated { .. } => "AdminZkClient.createTopic, KafkaController.processTopicChange",
        Note::TopicConfigured { .. } => "AdminZkClient.changeTopicConfig, ZkConfigManager",
        Note::CoordinatorLoaded { .. } => "GroupMetadataManager.scheduleLoadGroupAndOffsets",
        Note::CoordinatorUnloaded { .. } => "GroupMetadataManager.removeGroupsAndOffsets",
        Note::RebalanceBegan { .. } => "GroupCoordinator.prepareRebalance",
        Note::GenerationBegan { .. } => "GroupCoordinator.onCompleteJoin",
        _ => return None,
    })
}

const fn in_a_group(note: &Note) -> Option<&'static str> {
    Some(match note {
        Note::BecameLeader { .. } | Note::BecameFollower { .. } => "Raft paper, section 5.2",
        Note::RecordsAppended { .. } | Note::RecordsReplicated { .. } | Note::LogTruncated { .. } => {
            "Raft paper, section 5.3"
        }
        Note::ProduceRefused { .. } | Note::RecordsConsumed { .. } => "Raft paper, section 8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{LeaderEpoch, NodeId, Offset, TopicPartition};

    /// Source: a replica of a Raft group was made leader by nobody but the votes of its group.
    #[test]
    fn a_leader_has_another_source_where_its_group_elects_it() {
        let (partition, epoch) = (TopicPartition::default(), LeaderEpoch(1));
        let led = Note::BecameLeader { partition, epoch, epoch_start: Offset(0), hw: Offset(0) };
        assert_eq!(source(&led, Mode::KRaft), "Partition.makeLeader");
        assert_eq!(source(&led, Mode::KafkaRaft), "Raft paper, section 5.2");
    }

    /// Source: `ConfigurationControlManager` belongs to the quorum's controllers; before, `AdminZkClient` wrote znodes.
    #[test]
    fn the_controller_of_the_zookeeper_era_has_its_own_classes() {
        let allowed = Note::ShutdownAllowed { broker: NodeId::broker(1) };
        assert_eq!(source(&allowed, Mode::ZooKeeper), "KafkaController.doControlledShutdown");
        assert_eq!(source(&allowed, Mode::KRaft), "KIP-631, BrokerHeartbeatManager");
    }
}
