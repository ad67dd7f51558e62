//! What just happened, as data.
//!
//! One enum serves as event log, explanation, scenario output, timeline lane and coverage mark. Notes are past
//! tense, carry the numbers that a sentence needs, and are `Copy`. The words live in the page's language files,
//! under the key of [`Note::key`].

mod reason;

pub use reason::*;

use crate::config::Acks;
use crate::id::{
    BrokerEpoch, DirectoryId, LeaderEpoch, NodeId, NodeList, Offset, PartitionEpoch, Text, TopicId,
    TopicPartition,
};
use crate::record::TopicConfig;
use crate::sequence::{ProducerEpoch, ProducerId, Sequence};
use crate::time::Span;
use crate::wire::ErrorCode;
use crate::znode::{EventType, Path, SessionId, ZooKeeperError};
use serde::{Deserialize, Serialize};

/// Everything that can be said about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "note")]
pub enum Note {
    // The metadata quorum.
    /// The election timer ran out without a leader.
    ElectionTimedOut { epoch: LeaderEpoch },
    /// No successful fetch from the leader for the fetch timeout.
    FetchTimedOut { epoch: LeaderEpoch, leader: NodeId, timeout: Span },
    /// Role change: knows no leader of this epoch.
    BecameUnattached { epoch: LeaderEpoch },
    /// Role change: asks whether it would win (KIP-996).
    BecameProspective { epoch: LeaderEpoch },
    /// Role change: asks for votes in a new epoch.
    BecameCandidate { epoch: LeaderEpoch },
    /// Role change: leads the quorum.
    BecameQuorumLeader { epoch: LeaderEpoch, epoch_start: Offset, granting: NodeList },
    /// Role change: follows this leader.
    BecameQuorumFollower { epoch: LeaderEpoch, leader: NodeId },
    /// Role change: leads no more, and tells the others.
    BecameResigned { epoch: LeaderEpoch, reason: ResignReason },
    /// A vote or pre-vote was given.
    VoteGranted { candidate: NodeId, epoch: LeaderEpoch, pre_vote: bool },
    /// A vote or pre-vote was refused.
    VoteRefused { candidate: NodeId, epoch: LeaderEpoch, pre_vote: bool, reason: VoteRefusal },
    /// A majority refused.
    ElectionLost { epoch: LeaderEpoch, pre_vote: bool },
    /// A resigned leader named this node a successor; it waits so long before it starts an election.
    SuccessorChosen { leader: NodeId, epoch: LeaderEpoch, position: u32, backoff: Span },
    /// The quorum leader's high watermark passed these metadata records.
    MetadataCommitted { epoch: LeaderEpoch, from: Offset, to: Offset },
    /// A metadata log was cut because it parted from the leader's.
    MetadataLogTruncated { from: Offset, to: Offset, epoch: LeaderEpoch },
    /// The leader told a replica where their metadata logs part.
    MetadataLogDiverged { replica: NodeId, fetch_offset: Offset, epoch: LeaderEpoch, end: Offset },
    /// A snapshot of the metadata was made: it says all that the records before `end` say.
    SnapshotCreated { end: Offset, epoch: LeaderEpoch, records: u32 },
    /// Records of the metadata log that a snapshot covers were deleted: its start moved.
    MetadataLogCleaned { from: Offset, to: Offset },
    /// The leader's metadata log does not reach back to where a replica's ends: it names a snapshot.
    SnapshotOffered { replica: NodeId, fetch_offset: Offset, end: Offset, epoch: LeaderEpoch },
    /// A replica fetched a whole snapshot, and its metadata log begins anew there.
    SnapshotDownloaded { leader: NodeId, from: Offset, end: Offset, epoch: LeaderEpoch, records: u32 },
    /// The leader has deleted the snapshot that a replica was fetching.
    SnapshotAbandoned { end: Offset, epoch: LeaderEpoch, records: u32 },
    /// What a node knows of the cluster was read from a snapshot instead of from the records before `end`.
    SnapshotLoaded { end: Offset, epoch: LeaderEpoch },
    /// A quorum request was refused.
    QuorumRequestRefused { from: NodeId, error: ErrorCode, epoch: LeaderEpoch },
    /// A replica of the metadata log found a promise broken and stopped, as Kafka's fault handler does.
    QuorumHalted { reason: HaltReason, epoch: LeaderEpoch, offset: Offset, hw: Offset },
    /// The leader appended another voter set, which holds from now on.
    VotersChanged { old: NodeList, voters: NodeList, offset: Offset },
    /// The voter set that was asked for is committed by its own majority.
    VotersCommitted { voters: NodeList, epoch: LeaderEpoch },
    /// The leader did not add (`adds`) or remove this voter, or does not know whether it will be committed.
    VoterChangeRefused { voter: NodeId, adds: bool, error: ErrorCode },
    /// This controller is in the voter set that it read last.
    BecameVoter { epoch: LeaderEpoch },
    /// This controller is in no voter set any more: it follows without a vote.
    BecameObserver { epoch: LeaderEpoch },

    // The controller.
    /// It replayed everything up to its own epoch and acts as the active controller.
    ControllerActivated { epoch: LeaderEpoch, offset: Offset },
    /// An event of the active controller failed with an exception that nobody expected.
    ControllerFailed { epoch: LeaderEpoch },
    /// It stopped acting as the controller and dropped what was not committed.
    ControllerRenounced { epoch: LeaderEpoch },
    /// A broker's new life was registered (still fenced).
    BrokerRegistered { broker: NodeId, broker_epoch: BrokerEpoch },
    /// A registration was refused.
    RegistrationRefused { broker: NodeId, error: ErrorCode },
    /// A broker was fenced: no heartbeat for this long (`silent` is zero when it was asked for).
    BrokerFenced { broker: NodeId, silent: Span, session_timeout: Span },
    /// A broker was unregistered: the controller knows nothing of it any more.
    BrokerUnregistered { broker: NodeId },
    /// A broker was unfenced.
    BrokerUnfenced { broker: NodeId },
    /// A broker's controlled shutdown began.
    ControlledShutdownBegan { broker: NodeId },
    /// The controller told a broker that it may stop.
    ShutdownAllowed { broker: NodeId },
    /// A heartbeat was refused.
    HeartbeatRefused { broker: NodeId, error: ErrorCode },
    /// A broker got a block of producer ids.
    ProducerIdsAllocated { broker: NodeId, start: ProducerId, len: u32 },
    /// A topic was created.
    TopicCreated { topic: TopicId, partitions: u32, replication_factor: u32 },
    /// A topic's setting changed.
    TopicConfigured { topic: TopicId, key: TopicConfig, value: u32 },
    /// The controller chose a partition's leader.
    LeaderElected {
        partition: TopicPartition,
        leader: NodeId,
        leader_epoch: LeaderEpoch,
        replicas: NodeList,
        isr: NodeList,
        choice: LeaderChoice,
        reason: ChangeReason,
    },
    /// The controller found nobody to lead a partition.
    PartitionLeaderless {
        partition: TopicPartition,
        leader_epoch: LeaderEpoch,
        isr: NodeList,
        reason: ChangeReason,
    },
    /// The controller wrote another ISR.
    IsrChanged {
        partition: TopicPartition,
        old: NodeList,
        new: NodeList,
        partition_epoch: PartitionEpoch,
        reason: ChangeReason,
    },
    /// The controller wrote another ELR: who may lead although out of sync, for it holds every committed record.
    ElrChanged { partition: TopicPartition, old: NodeList, new: NodeList, isr: NodeList },
    /// The controller refused an ISR change.
    AlterPartitionRefused { partition: TopicPartition, broker: NodeId, error: ErrorCode },
    /// A partition begins to move: these replicas come, these will leave.
    ReassignmentBegan { partition: TopicPartition, replicas: NodeList, adding: NodeList, removing: NodeList },
    /// A partition has the replicas that were asked for.
    ReassignmentCompleted { partition: TopicPartition, replicas: NodeList, isr: NodeList },
    /// A partition has the replicas from before again.
    ReassignmentCancelled { partition: TopicPartition, replicas: NodeList },
    /// A reassignment that was asked for did not begin, or could not be cancelled.
    ReassignmentRefused { partition: TopicPartition, error: ErrorCode },
    /// An election that was asked for did not happen.
    ElectionRefused { partition: TopicPartition, error: ErrorCode },

    // The controller of ZooKeeper mode.
    /// A broker created `/controller`: it is the controller.
    ControllerElected { epoch: u32 },
    /// A broker wanted to be the controller, and another was faster.
    ControllerElectionLost { controller: NodeId },
    /// A new controller has read everything that stands in ZooKeeper.
    ControllerContextLoaded { epoch: u32, brokers: u32, partitions: u32, took: Span },
    /// A broker is the controller no more: it forgot what it knew.
    ControllerResigned { epoch: u32 },
    /// ZooKeeper refused a write of a controller: another was elected meanwhile.
    ControllerMoved { epoch: u32 },
    /// The controller saw a broker's znode for the first time.
    BrokerStarted { broker: NodeId, broker_epoch: BrokerEpoch },
    /// The controller saw that a broker's znode is another one: it was gone for a moment.
    BrokerBounced { broker: NodeId, old: BrokerEpoch, broker_epoch: BrokerEpoch },
    /// The controller saw that a broker's znode is gone.
    BrokerFailed { broker: NodeId },
    /// The controller read in notifications of leaders which ISRs they have changed.
    IsrChangesNotified { partitions: u32 },
    /// A decision was not written: somebody else has written the partition's znode since it was read.
    StateWriteRefused { partition: TopicPartition, version: PartitionEpoch },
    /// A controller found that a later one has decided about a partition already.
    StateOfLaterController { partition: TopicPartition, controller_epoch: u32 },
    /// A broker refused a request of the controller.
    ControlRequestRefused { broker: NodeId, error: ErrorCode },

    // Brokers and replicas.
    /// A broker is up, caught up and unfenced.
    BrokerRunning { broker_epoch: BrokerEpoch },
    /// A broker could not register for this long, and gave up.
    RegistrationTimedOut { timeout: Span },
    /// A broker finished its controlled shutdown.
    BrokerStopped,
    /// A broker waited this long for the controller to let it stop, and stops all the same.
    ControlledShutdownTimedOut { timeout: Span },
    /// A broker is registered in ZooKeeper: its znode was created.
    BrokerNodeCreated { broker_epoch: BrokerEpoch },
    /// A broker cannot register in ZooKeeper: the znode of its earlier life is still there.
    BrokerNodeExists { retry: Span },
    /// A broker obeys no controller whose epoch is over.
    ControllerRefused { controller: NodeId, epoch: u32, known: u32 },
    /// A broker refuses what a controller meant for its earlier life.
    EarlierLifeRefused { controller: NodeId, broker_epoch: BrokerEpoch, known: BrokerEpoch },
    /// A broker learned from the controller what it tells clients.
    MetadataCacheUpdated { controller: NodeId, partitions: u32, brokers: u32 },
    /// A leader told the controller, through ZooKeeper, which ISRs it has written.
    IsrChangesPublished { partitions: u32 },
    /// A replica follows no more, because the controller said so.
    ReplicaStopped { partition: TopicPartition, deleted: bool },
    /// The controller did not let a broker stop, or did not answer: the broker asks again.
    ControlledShutdownRetried { remaining: u32, tries: u32, backoff: Span },
    /// A broker was not allowed to stop, and stops all the same.
    ControlledShutdownFailed { tries: u32 },
    /// A replica began to lead.
    BecameLeader { partition: TopicPartition, epoch: LeaderEpoch, epoch_start: Offset, hw: Offset },
    /// A replica began to follow.
    BecameFollower { partition: TopicPartition, epoch: LeaderEpoch, leader: Option<NodeId>, leo: Offset },
    /// The leader appended produced records.
    RecordsAppended { partition: TopicPartition, base: Offset, count: u32, epoch: LeaderEpoch },
    /// A follower appended fetched records.
    RecordsReplicated { partition: TopicPartition, base: Offset, count: u32, leader: NodeId },
    /// The leader's high watermark moved: records are committed.
    HighWatermarkAdvanced { partition: TopicPartition, from: Offset, to: Offset, isr: NodeList },
    /// The high watermark may not move: the ISR is below min.insync.replicas.
    HighWatermarkFrozen { partition: TopicPartition, isr: NodeList, min_isr: u32 },
    /// A follower's log was cut where it parted from the leader's.
    LogTruncated {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
        leader_epoch: LeaderEpoch,
        hw: Offset,
    },
    /// The leader told a follower where their logs part.
    LogDiverged {
        partition: TopicPartition,
        follower: NodeId,
        fetch_offset: Offset,
        epoch: LeaderEpoch,
        end: Offset,
    },
    /// The leader asks to drop a replica that lags.
    IsrShrinkProposed { partition: TopicPartition, out: NodeList, isr: NodeList, silent: Span, limit: Span },
    /// The leader asks to add a replica that caught up.
    IsrExpandProposed { partition: TopicPartition, joining: NodeId, isr: NodeList, leo: Offset, hw: Offset },
    /// The leader learned that its ISR change was accepted.
    IsrChangeAccepted { partition: TopicPartition, isr: NodeList, partition_epoch: PartitionEpoch },
    /// The leader learned that its ISR change was refused.
    IsrChangeRejected { partition: TopicPartition, error: ErrorCode },
    /// A fetch was refused.
    FetchRefused { partition: TopicPartition, from: NodeId, error: ErrorCode },
    /// A follower waits before it fetches again.
    FetcherBackedOff { leader: NodeId, error: ErrorCode, backoff: Span },
    /// A follower stopped fetching a partition until new metadata arrives.
    ReplicaFetchFailed { partition: TopicPartition, leader: NodeId, error: ErrorCode },
    /// A broker stopped: its log is longer than the leader's, and unclean election is not allowed (before 2.1).
    ReplicaHalted { partition: TopicPartition, leo: Offset, leader_end: Offset },
    /// An append failed: the disk gave an error.
    AppendFailed { partition: TopicPartition, offset: Offset },
    /// A broker's only log directory has failed: it stops.
    LogDirFailed,
    /// A log begins later: what lay before was deleted.
    LogStartMoved { partition: TopicPartition, from: Offset, to: Offset },
    /// A produce was refused before anything was appended.
    ProduceRefused { partition: TopicPartition, producer: NodeId, error: ErrorCode },
    /// A broker was refused a block of producer ids.
    ProducerIdsRefused { error: ErrorCode },
    /// An idempotent producer sent a batch that the leader has already: nothing is appended, the answer is the first one.
    DuplicateBatch {
        partition: TopicPartition,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        sequence: Sequence,
        count: u32,
        base: Offset,
    },
    /// A batch of an idempotent producer was refused: another had to come before it.
    OutOfOrderSequence {
        partition: TopicPartition,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        sequence: Sequence,
        expected: Sequence,
    },
    /// A batch of an idempotent producer was refused: its epoch is over.
    ProducerEpochRefused {
        partition: TopicPartition,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        known: ProducerEpoch,
    },
    /// A produce waited for the ISR until its time was up.
    ProduceTimedOut { partition: TopicPartition, producer: NodeId, waiting_for: Offset, hw: Offset },
    /// A fetch offset outside the leader's log; the follower started anew.
    FetchOffsetOutOfRange { partition: TopicPartition, fetch_offset: Offset, start: Offset, end: Offset },

    // A Raft group per partition (kafkaraft).
    /// A replica heard of no leader for its election timeout and stands for election, or asks whether it would win.
    RaftElectionStarted { partition: TopicPartition, epoch: LeaderEpoch, pre_vote: bool },
    /// A replica voted.
    RaftVoteGranted { partition: TopicPartition, epoch: LeaderEpoch, candidate: NodeId },
    /// A replica refused its vote.
    RaftVoteRefused { partition: TopicPartition, epoch: LeaderEpoch, candidate: NodeId, reason: VoteRefusal },
    /// A replica won the election of its partition.
    RaftLeaderElected { partition: TopicPartition, epoch: LeaderEpoch, votes: NodeList },
    /// A leader resigned: no majority of the replicas has answered for an election timeout.
    RaftLeaderResigned { partition: TopicPartition, epoch: LeaderEpoch },
    /// The leader's high watermark moved: these replicas, a majority, have the records.
    RaftCommitted { partition: TopicPartition, from: Offset, to: Offset, holders: NodeList },
    /// A majority confirmed that the leader still leads: a consumer's read that waited for it may be answered.
    ReadConfirmed { partition: TopicPartition, reader: NodeId, waited: Span },
    /// No majority confirmed in time that this replica still leads: the read is refused.
    ReadUnconfirmed { partition: TopicPartition, reader: NodeId, waited: Span },
    /// The leader answered a consumer without asking: its lease holds so much longer.
    ReadUnderLease { partition: TopicPartition, reader: NodeId, left: Span },
    /// The leader has no committed record at this offset and asks every follower.
    FollowersAsked { partition: TopicPartition, offset: Offset, followers: u32 },
    /// A follower had a record that is not known to be committed, and the consumer gets it.
    UncommittedReturned { partition: TopicPartition, offset: Offset, hw: Offset, from: NodeId },
    /// A consumer was answered from below an older high watermark than what was committed when it asked.
    StaleRead { partition: TopicPartition, reader: NodeId, hw: Offset, committed: Offset },

    // Clients.
    /// The producer got its id.
    ProducerIdAssigned { broker: NodeId, producer_id: ProducerId, epoch: ProducerEpoch },
    /// The producer numbers the batches of a partition anew, in a new epoch.
    ProducerEpochBumped { partition: TopicPartition, producer_id: ProducerId, epoch: ProducerEpoch },
    /// The producer sent a batch.
    BatchSent { partition: TopicPartition, first: u32, count: u32, leader: NodeId, attempt: u32, acks: Acks },
    /// The producer got its acknowledgement.
    ProduceAcknowledged { partition: TopicPartition, base: Offset, first: u32, count: u32 },
    /// The producer got an error and tries again.
    ProduceRetried { partition: TopicPartition, error: ErrorCode, attempt: u32, backoff: Span },
    /// The producer gave up on a batch: the application sees an error.
    ProduceFailed { partition: TopicPartition, error: ErrorCode, first: u32, count: u32 },
    /// delivery.timeout.ms ran out; the outcome is unknown.
    DeliveryTimedOut { partition: TopicPartition, first: u32, count: u32, timeout: Span },
    /// A client learned another leader.
    MetadataUpdated { partition: TopicPartition, leader: Option<NodeId>, leader_epoch: Option<LeaderEpoch> },
    /// The consumer got records.
    RecordsConsumed { partition: TopicPartition, from: Offset, to: Offset },
    /// The consumer learned from a new leader that the epoch of its last record ends below its position: what it
    /// has read there was cut. `end` is where the logs part, if the leader knows.
    TruncationDetected {
        partition: TopicPartition,
        position: Offset,
        epoch: LeaderEpoch,
        end: Option<Offset>,
    },
    /// The consumer's position is not in the log, and nothing says where to go on: the application got an exception
    /// and has paused the partition.
    OutOfRangeRaised { partition: TopicPartition, position: Offset },
    /// The leader sent the consumer to a replica in its rack: it reads there from now on.
    ReadReplicaChosen { partition: TopicPartition, replica: NodeId },
    /// The consumer reads from the leader again.
    ReadReplicaDropped { partition: TopicPartition, replica: NodeId, error: ErrorCode },
    /// The consumer's position was outside the log and was set anew.
    PositionReset { partition: TopicPartition, from: Offset, to: Offset },

    // Consumer groups.
    /// A broker leads a partition of `__consumer_offsets` and has read its groups.
    CoordinatorLoaded { partition: TopicPartition, epoch: LeaderEpoch, groups: u32, records: u32 },
    /// A broker no longer answers for the groups of this partition.
    CoordinatorUnloaded { partition: TopicPartition, groups: u32 },
    /// A group has a new member.
    GroupMemberJoined { group: Text, member: Text, members: u32 },
    /// A member left.
    GroupMemberLeft { group: Text, member: Text },
    /// A member was silent for too long, or did not do in time what the group waited for.
    GroupMemberExpired { group: Text, member: Text },
    /// Classic: all members have to join again.
    RebalanceBegan { group: Text, generation: u32 },
    /// Classic: who has joined is the next generation, and its leader deals out the partitions.
    GenerationBegan { group: Text, generation: u32, leader: Text, members: u32 },
    /// KIP-848: the coordinator has worked out who should have what.
    TargetAssigned { group: Text, epoch: u32, members: u32 },
    /// Every member has its share.
    RebalanceCompleted { group: Text, generation: u32, members: u32 },
    /// The last member is gone.
    GroupEmptied { group: Text, generation: u32 },
    /// The consumer knows its coordinator.
    CoordinatorFound { group: Text, coordinator: NodeId },
    /// The consumer was given a partition.
    PartitionAssigned { group: Text, partition: TopicPartition, epoch: u32 },
    /// The consumer gave up a partition.
    PartitionRevoked { group: Text, partition: TopicPartition },
    /// The consumer's commit is safe.
    OffsetCommitted { group: Text, partition: TopicPartition, offset: Offset },
    /// The consumer was told that it is not in the group, or not in this generation: it gives up everything.
    MemberFenced { group: Text, member: Text, error: ErrorCode },

    // ZooKeeper.
    /// A client of ZooKeeper has heard nothing from its member for too long: it gives the connection up.
    MemberSilent { member: NodeId },
    /// A client learns, when it reaches a member again, that its session is over.
    SessionExpiryLearned { session: SessionId },
    /// The ensemble has opened a session.
    SessionCreated { client: NodeId, session: SessionId, timeout: Span },
    /// Nobody heard from a session for its timeout: it is over, its ephemeral znodes are gone.
    SessionExpired { client: NodeId, session: SessionId, timeout: Span },
    /// A client has closed its session in order.
    SessionClosed { client: NodeId, session: SessionId },
    /// A client goes on with its session at this member.
    SessionMoved { client: NodeId, session: SessionId },
    /// A member tells a client what its watch has seen; the watch is gone.
    WatchFired { client: NodeId, path: Path, event: EventType },
    /// A znode was created; session 0 owns a persistent one.
    ZnodeCreated { path: Path, owner: SessionId },
    /// A znode has other data.
    ZnodeChanged { path: Path, version: u32 },
    /// A znode was deleted.
    ZnodeDeleted { path: Path },
    /// A write failed.
    ZnodeWriteRefused { client: NodeId, path: Path, error: ZooKeeperError },
    /// A member of the ensemble leads, by the votes of these.
    EnsembleLeaderElected { epoch: LeaderEpoch, members: NodeList },
    /// A member of the ensemble has no leader any more: it drops its clients.
    EnsembleLeaderLost { epoch: LeaderEpoch },
    /// The leader of the ensemble has heard of no majority for too long: it leads no more.
    EnsembleMajorityLost { epoch: LeaderEpoch },
    /// A member takes no client: it has no leader, or the client has seen more than it.
    ClientDeclined { client: NodeId, behind: bool },

    // The world.
    /// A process crashed.
    Crashed { node: NodeId, lost: u64 },
    /// A process was started.
    Started { node: NodeId },
    /// A machine got an empty disk, which is known by this id.
    DiskReplaced { node: NodeId, directory: DirectoryId },
    /// A process stands still (SIGSTOP, a long GC).
    Paused { node: NodeId },
    /// It goes on.
    Resumed { node: NodeId },
    /// No message passes in this direction.
    LinkCut { from: NodeId, to: NodeId },
    /// Messages pass again.
    LinkHealed { from: NodeId, to: NodeId },
    /// A message was lost.
    MessageDropped { from: NodeId, to: NodeId },
    /// A message did not pass: the link is cut.
    MessageBlocked { from: NodeId, to: NodeId },
    /// A message was delivered to nobody: the process is down, the connection is refused.
    ConnectionRefused { from: NodeId, to: NodeId },
    /// A message was doubled.
    MessageDuplicated { from: NodeId, to: NodeId },
    /// A message was held back.
    MessageDelayed { from: NodeId, to: NodeId, by: Span },
    /// The network's conditions changed.
    NetworkChanged,
    /// The clock of a node counts so much of a second in a second, in percent.
    ClockSet { node: NodeId, percent: u32 },
    /// A node handles everything this much later.
    Slowed { node: NodeId, by: Span },
    /// A person's command was refused.
    CommandRefused { node: NodeId, error: ErrorCode },
    /// A promise was broken; `invariant` is the number of the invariant in the checker's table.
    InvariantBroken {
        invariant: u8,
        partition: Option<TopicPartition>,
        node: Option<NodeId>,
        offset: Option<Offset>,
    },
}

/// The timeline's lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// Elections, of the quorum and of partitions.
    Elections,
    /// ISR changes, and brokers fenced or unfenced.
    Isr,
    /// Commits.
    Commits,
    /// What clients were promised and told.
    Clients,
    /// What a person or chance did to the cluster.
    Faults,
}
