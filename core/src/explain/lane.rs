//! One line per note: its key, its lane on the timeline, whether "one notable step" stops at it, and the source of
//! the rule that it shows.
//!
//! A note that is not in the table does not compile, so that nothing can happen without an explanation.
//! Notable is what changes who leads, who is in sync, what is committed, what a client did not get, or
//! what is broken; routine (a vote, an answer, a retry) is not.

use crate::note::{Lane, Note};

macro_rules! about {
    ($($lane:ident $weight:ident { $($name:ident: $source:literal,)+ })+) => {
        /// The name of the variant: the key of its sentence in the language files.
        pub const fn key(note: &Note) -> &'static str {
            match note { $($(Note::$name { .. } => stringify!($name),)+)+ }
        }

        /// The KIP or Kafka class whose rule it shows; the simulator itself for what was done to the cluster.
        pub(super) const fn source(note: &Note) -> &'static str {
            match note { $($(Note::$name { .. } => $source,)+)+ }
        }

        /// Where the timeline shows it, if at all.
        pub const fn lane(note: &Note) -> Option<Lane> {
            match note { $($(Note::$name { .. } => about!(@lane $lane),)+)+ }
        }

        /// Whether "one notable step" stops here.
        pub const fn is_notable(note: &Note) -> bool {
            match note { $($(Note::$name { .. } => about!(@weight $weight),)+)+ }
        }

        /// The keys of all notes.
        pub const KEYS: &[&str] = &[$($(stringify!($name),)+)+];
    };
    (@lane none) => { None };
    (@lane $lane:ident) => { Some(Lane::$lane) };
    (@weight notable) => { true };
    (@weight routine) => { false };
}

about! {
    Elections notable {
        ElectionTimedOut: "KIP-595, KafkaRaftClient",
        FetchTimedOut: "KIP-595, FollowerState",
        BecameUnattached: "KIP-595, UnattachedState",
        BecameProspective: "KIP-996, ProspectiveState",
        BecameCandidate: "KIP-595, CandidateState",
        BecameQuorumLeader: "KIP-595, LeaderState",
        BecameQuorumFollower: "KIP-595, FollowerState",
        BecameResigned: "KIP-595, ResignedState",
        ElectionLost: "KIP-595, EpochElection",
        VotersChanged: "KIP-853, VotersRecord",
        VotersCommitted: "KIP-853, AddVoterHandler, RemoveVoterHandler",
        VoterChangeRefused: "KIP-853, AddVoterHandler, RemoveVoterHandler",
        BecameVoter: "KIP-853, VoterSet",
        BecameObserver: "KIP-853, VoterSet",
        QuorumHalted: "KIP-595, KafkaRaftClient",
        ControllerActivated: "KIP-631, QuorumController",
        ControllerFailed: "QuorumController.handleEventException",
        ControllerRenounced: "KIP-631, QuorumController",
        ControllerElected: "KafkaZkClient.registerControllerAndIncrementControllerEpoch",
        ControllerContextLoaded: "KafkaController.initializeControllerContext",
        ControllerResigned: "KafkaController.onControllerResignation",
        ControllerMoved: "KAFKA-6082, ControllerMovedException",
        StateOfLaterController: "PartitionStateMachine, StateChangeFailedException",
        LeaderElected: "PartitionChangeBuilder",
        PartitionLeaderless: "PartitionChangeBuilder",
        ElectionRefused: "KIP-460, ReplicationControlManager",
        BecameLeader: "Partition.makeLeader",
        RaftElectionStarted: "Raft paper, section 5.2; thesis, section 9.6",
        RaftLeaderElected: "Raft paper, sections 5.2 and 8",
        RaftLeaderResigned: "Raft thesis, section 6.2",
    }
    Elections routine {
        ControllerElectionLost: "KafkaController.elect",
        StateWriteRefused: "KafkaZkClient.updateLeaderAndIsr",
        VoteGranted: "KIP-595, QuorumState",
        VoteRefused: "KIP-595, KIP-996, QuorumState",
        SuccessorChosen: "KIP-595, KafkaRaftClient.endEpochElectionBackoff",
        BecameFollower: "Partition.makeFollower",
        RaftVoteGranted: "Raft paper, section 5.2",
        RaftVoteRefused: "Raft paper, sections 5.2, 5.4.1 and 6",
    }
    Isr notable {
        BrokerRegistered: "KIP-631, ClusterControlManager",
        BrokerFenced: "KIP-631, BrokerHeartbeatManager",
        BrokerUnregistered: "KIP-631, ReplicationControlManager.unregisterBroker",
        BrokerUnfenced: "KIP-631, BrokerHeartbeatManager",
        ControlledShutdownBegan: "KIP-631, KIP-841",
        BrokerStarted: "KafkaController.onBrokerStartup",
        BrokerBounced: "KIP-380, KafkaController.processBrokerChange",
        BrokerFailed: "KafkaController.onBrokerFailure",
        IsrChanged: "KIP-497, ReplicationControlManager",
        ElrChanged: "KIP-966, PartitionChangeBuilder",
        ReassignmentBegan: "KIP-455, ReplicationControlManager",
        ReassignmentCompleted: "KIP-455, PartitionReassignmentReplicas",
        ReassignmentCancelled: "KIP-455, PartitionReassignmentRevert",
        ReassignmentRefused: "KIP-455, ReplicationControlManager",
        AlterPartitionRefused: "KIP-497, KIP-841, KIP-903",
        IsrShrinkProposed: "Partition.maybeShrinkIsr, replica.lag.time.max.ms",
        IsrExpandProposed: "KIP-497, KIP-320, Partition.maybeExpandIsr",
        IsrChangeRejected: "KIP-497, Partition.handleAlterPartitionError",
        BrokerRunning: "KIP-631, BrokerLifecycleManager",
        BrokerNodeCreated: "KafkaZkClient.registerBroker, KIP-380",
        BrokerNodeExists: "KafkaZkClient.CheckedEphemeral",
        ControllerRefused: "KAFKA-1188, ReplicaManager.becomeLeaderOrFollower",
        EarlierLifeRefused: "KIP-380, KafkaApis.isBrokerEpochStale",
        ControlledShutdownRetried: "KafkaServer.controlledShutdown",
        ControlledShutdownFailed: "KafkaServer.controlledShutdown",
        BrokerStopped: "KIP-631, BrokerLifecycleManager",
        RegistrationTimedOut: "KIP-631, initial.broker.registration.timeout.ms",
        ControlledShutdownTimedOut: "KIP-631, BrokerServer.shutdown",
    }
    Isr routine {
        IsrChangesNotified: "KafkaController.processIsrChangeNotification",
        ControlRequestRefused: "KAFKA-1188, KIP-380, ControllerChannelManager",
        RegistrationRefused: "KIP-631, ClusterControlManager",
        HeartbeatRefused: "KIP-631, BrokerHeartbeatManager",
        ShutdownAllowed: "KIP-631, BrokerHeartbeatManager",
        IsrChangeAccepted: "KIP-497, Partition.handleAlterPartitionUpdate",
    }
    Commits notable {
        HighWatermarkAdvanced: "Partition.maybeIncrementLeaderHW, KIP-497",
        HighWatermarkFrozen: "KIP-966, Partition.maybeIncrementLeaderHW",
        LogTruncated: "KIP-101, KIP-279, AbstractFetcherThread",
        MetadataLogTruncated: "KIP-595, RaftLog.truncateToEndOffset",
        SnapshotDownloaded: "KIP-630, KafkaRaftClient.handleFetchSnapshotResponse",
        FetchOffsetOutOfRange: "AbstractFetcherThread.fetchOffsetAndTruncate",
        ReplicaFetchFailed: "AbstractFetcherThread.markPartitionFailed",
        ReplicaHalted: "ReplicaFetcherThread.handleOffsetOutOfRange",
        RaftCommitted: "Raft paper, sections 5.3 and 5.4.2",
    }
    Commits routine {
        LogStartMoved: "KIP-107, UnifiedLog.maybeIncrementLogStartOffset",
        MetadataCommitted: "KIP-595, LeaderState.maybeUpdateHighWatermark",
        MetadataLogDiverged: "KIP-595, RaftLog.validateOffsetAndEpoch",
        SnapshotCreated: "KIP-630, SnapshotGenerator",
        MetadataLogCleaned: "KIP-630, RaftLog.deleteBeforeSnapshot",
        SnapshotOffered: "KIP-630, RaftLog.validateOffsetAndEpoch",
        SnapshotAbandoned: "KIP-630, KafkaRaftClient.handleFetchSnapshotResponse",
        SnapshotLoaded: "KIP-630, MetadataLoader.loadSnapshot",
        LogDiverged: "KIP-595, Partition.readRecords",
    }
    Clients notable {
        ProduceRefused: "ReplicaManager.appendRecords, min.insync.replicas",
        DuplicateBatch: "KIP-98, ProducerStateEntry.findDuplicateBatch",
        OutOfOrderSequence: "KIP-98, ProducerAppendInfo.checkSequence",
        ProducerEpochRefused: "KIP-98, KIP-360, ProducerAppendInfo.checkProducerEpoch",
        ProduceTimedOut: "DelayedProduce",
        ProducerEpochBumped: "KIP-360, TransactionManager.bumpIdempotentProducerEpoch",
        ProduceFailed: "Sender.failBatch",
        DeliveryTimedOut: "KIP-91, RecordAccumulator.expiredBatches",
        PositionReset: "Fetcher, auto.offset.reset",
        CoordinatorLoaded: "CoordinatorRuntime.scheduleLoadOperation, CoordinatorLoaderImpl",
        CoordinatorUnloaded: "CoordinatorRuntime.scheduleUnloadOperation",
        GroupMemberJoined: "GroupMetadataManager, KIP-394, KIP-848",
        GroupMemberLeft: "GroupMetadataManager, LeaveGroup",
        GroupMemberExpired: "GroupMetadataManager, session.timeout.ms, KIP-62",
        RebalanceBegan: "GroupMetadataManager.prepareRebalance",
        GenerationBegan: "GroupMetadataManager.completeClassicGroupJoin",
        TargetAssigned: "KIP-848, TargetAssignmentBuilder",
        RebalanceCompleted: "GroupMetadataManager, SyncGroup, KIP-848",
        GroupEmptied: "ClassicGroup, ConsumerGroup",
        PartitionAssigned: "ConsumerRebalanceListener.onPartitionsAssigned",
        PartitionRevoked: "ConsumerRebalanceListener.onPartitionsRevoked, KIP-429",
        MemberFenced: "KIP-848, AbstractCoordinator.resetStateAndRejoin",
        TruncationDetected: "KIP-320, SubscriptionState.maybeCompleteValidation",
        OutOfRangeRaised: "KIP-320, LogTruncationException, OffsetOutOfRangeException",
        ReadUnconfirmed: "Raft paper, section 8; thesis, section 6.4",
        UncommittedReturned: "kafkaraft, kafkaraft.read.mode ask-followers",
        StaleRead: "Raft paper, section 8",
    }
    Clients routine {
        CoordinatorFound: "FindCoordinator, AbstractCoordinator",
        OffsetCommitted: "OffsetCommit, enable.auto.commit",
        ProducerIdAssigned: "KIP-98, TransactionManager.InitProducerIdHandler",
        BatchSent: "Sender.sendProduceRequest",
        ProduceAcknowledged: "Sender.completeBatch, acks",
        ProduceRetried: "Sender.reenqueueBatch, KIP-580",
        ReadReplicaChosen: "KIP-392, RackAwareReplicaSelector",
        ReadReplicaDropped: "KIP-392, SubscriptionState.clearPreferredReadReplica",
        RecordsConsumed: "Fetcher, isolation at the high watermark",
        MetadataUpdated: "Metadata.update, KIP-951",
        ReadConfirmed: "Raft paper, section 8; thesis, section 6.4",
        ReadUnderLease: "Raft thesis, section 6.4.1",
        FollowersAsked: "kafkaraft, kafkaraft.read.mode ask-followers",
    }
    Elections notable {
        EnsembleLeaderElected: "ZAB, Leader.lead",
        EnsembleMajorityLost: "Leader.lead, syncLimit",
        EnsembleLeaderLost: "Learner, LearnerZooKeeperServer",
    }
    Isr notable {
        SessionExpired: "SessionTrackerImpl, ExpiryQueue",
        SessionExpiryLearned: "ClientCnxn.onConnected, KafkaServer",
    }
    Isr routine {
        SessionCreated: "SessionTrackerImpl",
        SessionClosed: "PrepRequestProcessor, closeSession",
        SessionMoved: "Learner.validateSession, SessionTrackerImpl.setOwner",
    }
    Faults notable {
        AppendFailed: "KAFKA-10778, LocalLog.maybeHandleIOException",
        LogDirFailed: "ReplicaManager.handleLogDirFailure",
        Crashed: "simulator",
        Started: "simulator",
        DiskReplaced: "simulator",
        Paused: "simulator",
        Resumed: "simulator",
        LinkCut: "simulator",
        LinkHealed: "simulator",
        NetworkChanged: "simulator",
        Slowed: "simulator",
        ClockSet: "simulator",
        MessageDelayed: "simulator",
        InvariantBroken: "checker",
    }
    Faults routine {
        MessageDropped: "simulator",
        MessageDuplicated: "simulator",
    }
    none notable {
        TopicCreated: "ReplicationControlManager.createTopics, StripedReplicaPlacer",
        TopicConfigured: "KIP-339, ConfigurationControlManager",
        CommandRefused: "simulator",
    }
    none routine {
        MemberSilent: "ClientCnxn.SendThread",
        ClientDeclined: "ZooKeeperServer.processConnectRequest",
        WatchFired: "WatchManager.triggerWatch",
        ZnodeCreated: "DataTree.createNode",
        ZnodeChanged: "DataTree.setData",
        ZnodeDeleted: "DataTree.deleteNode",
        ZnodeWriteRefused: "PrepRequestProcessor.pRequest2Txn",
        ProducerIdsAllocated: "KIP-730, ProducerIdControlManager",
        ProducerIdsRefused: "KIP-730, RPCProducerIdManager",
        QuorumRequestRefused: "KIP-595, KafkaRaftClient",
        RecordsAppended: "Partition.appendRecordsToLeader",
        RecordsReplicated: "ReplicaFetcherThread.processPartitionData",
        FetchRefused: "KIP-320, Partition.fetchRecords",
        MetadataCacheUpdated: "ZkMetadataCache.updateMetadata",
        IsrChangesPublished: "ReplicaManager.maybePropagateIsrChanges",
        ReplicaStopped: "ReplicaManager.stopReplicas, KIP-570",
        FetcherBackedOff: "AbstractFetcherThread.delayPartitions, replica.fetch.backoff.ms",
        MessageBlocked: "simulator",
        ConnectionRefused: "TCP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{LeaderEpoch, NodeId};
    use crate::time::Span;

    #[test]
    fn a_note_is_known_by_the_name_of_its_variant() {
        let fenced = Note::BrokerFenced {
            broker: NodeId::broker(2),
            silent: Span::secs(9),
            session_timeout: Span::secs(9),
        };
        assert_eq!(key(&fenced), "BrokerFenced");
        assert_eq!(lane(&fenced), Some(Lane::Isr));
        assert!(is_notable(&fenced));
    }

    #[test]
    fn a_vote_is_on_the_timeline_but_does_not_stop_it() {
        let (candidate, epoch) = (NodeId::controller(1), LeaderEpoch(1));
        let vote = Note::VoteGranted { candidate, epoch, pre_vote: false };
        assert_eq!(lane(&vote), Some(Lane::Elections));
        assert!(!is_notable(&vote));
    }
}
