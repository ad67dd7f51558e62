//! A note as one plain sentence with its numbers, why it must be so, and the source of the rule.
//!
//! The table below names every variant with its fields, so the compiler refuses a note without words; the words
//! stand in the language files under `note.<Variant>` and `why.<Variant>`.

use super::words::{Word, Words};
use super::{capital, t};
use kraftscope_core::id::NodeId;
use kraftscope_core::note::Note;

/// What a note says: its variant's name, its arguments by field, and the source of its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The variant.
    pub name: &'static str,
    /// Field and value in words.
    pub args: Vec<(&'static str, String)>,
    /// KIP or Kafka class.
    pub source: &'static str,
}

macro_rules! notes {
    ($($name:ident { $($field:ident),* } $source:literal)*) => {
        /// The names of all notes.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Takes a note apart.
        pub fn said(words: &Words<'_>, note: &Note) -> Said {
            match note {
                $(Note::$name { $($field),* } => Said {
                    name: stringify!($name),
                    args: vec![$((stringify!($field), $field.word(words))),*],
                    source: $source,
                },)*
            }
        }
    };
}

notes! {
    ElectionTimedOut { epoch } "KIP-595, QuorumState"
    FetchTimedOut { epoch, leader, timeout } "KIP-595, FollowerState"
    BecameUnattached { epoch } "KIP-595, UnattachedState"
    BecameProspective { epoch } "KIP-996, ProspectiveState"
    BecameCandidate { epoch } "KIP-595, CandidateState"
    BecameQuorumLeader { epoch, epoch_start, granting } "KIP-595, LeaderState"
    BecameQuorumFollower { epoch, leader } "KIP-595, FollowerState"
    BecameResigned { epoch, reason } "KIP-595, ResignedState"
    VoteGranted { candidate, epoch, pre_vote } "KIP-595, KIP-996, KafkaRaftClient"
    VoteRefused { candidate, epoch, pre_vote, reason } "KIP-595, KIP-996, KafkaRaftClient"
    ElectionLost { epoch, pre_vote } "KIP-996, KafkaRaftClient"
    SuccessorChosen { leader, epoch, position, backoff } "KIP-595, EndQuorumEpoch"
    MetadataCommitted { epoch, from, to } "KIP-595, LeaderState"
    MetadataLogTruncated { from, to, epoch } "KIP-595, KafkaRaftClient"
    MetadataLogDiverged { replica, fetch_offset, epoch, end } "KIP-595, ValidOffsetAndEpoch"
    QuorumRequestRefused { from, error, epoch } "KIP-595, KafkaRaftClient"
    ControllerActivated { epoch, offset } "KIP-631, QuorumController"
    ControllerRenounced { epoch } "KIP-631, QuorumController"
    BrokerRegistered { broker, broker_epoch } "KIP-631, ClusterControlManager"
    RegistrationRefused { broker, error } "KIP-631, ClusterControlManager"
    BrokerFenced { broker, silent, session_timeout } "KIP-631, BrokerHeartbeatManager"
    BrokerUnfenced { broker } "KIP-631, BrokerHeartbeatManager"
    ControlledShutdownBegan { broker } "KIP-631, BrokerHeartbeatManager"
    ShutdownAllowed { broker } "KIP-631, BrokerHeartbeatManager"
    HeartbeatRefused { broker, error } "KIP-631, ReplicationControlManager"
    TopicCreated { topic, partitions, replication_factor } "ReplicationControlManager, StripedReplicaPlacer"
    TopicConfigured { topic, value } "ConfigurationControlManager"
    LeaderElected { partition, leader, leader_epoch, replicas, isr, choice, reason } "PartitionChangeBuilder"
    PartitionLeaderless { partition, leader_epoch, isr, reason } "PartitionChangeBuilder"
    IsrChanged { partition, old, new, partition_epoch, reason } "KIP-497, PartitionChangeBuilder"
    AlterPartitionRefused { partition, broker, error } "KIP-497, KIP-903, ReplicationControlManager"
    ElectionRefused { partition, error } "KIP-460, ReplicationControlManager"
    BrokerRunning { broker_epoch } "KIP-631, BrokerLifecycleManager"
    BrokerStopped { } "KIP-631, BrokerLifecycleManager"
    BecameLeader { partition, epoch, epoch_start, hw } "Partition.makeLeader"
    BecameFollower { partition, epoch, leader, leo } "Partition.makeFollower"
    RecordsAppended { partition, base, count, epoch } "Partition.appendRecordsToLeader"
    RecordsReplicated { partition, base, count, leader } "ReplicaFetcherThread"
    HighWatermarkAdvanced { partition, from, to, isr } "Partition.maybeIncrementLeaderHW"
    HighWatermarkFrozen { partition, isr, min_isr } "KIP-966, Partition.maybeIncrementLeaderHW"
    LogTruncated { partition, from, to, leader_epoch, hw } "KIP-101, KIP-279, AbstractFetcherThread"
    LogDiverged { partition, follower, fetch_offset, epoch, end } "KIP-320, UnifiedLog"
    IsrShrinkProposed { partition, out, isr, silent, limit } "Partition.maybeShrinkIsr"
    IsrExpandProposed { partition, joining, isr, leo, hw } "Partition.maybeExpandIsr"
    IsrChangeAccepted { partition, isr, partition_epoch } "KIP-497, AlterPartitionManager"
    IsrChangeRejected { partition, error } "KIP-497, AlterPartitionManager"
    FetchRefused { partition, from, error } "KIP-320, ReplicaManager"
    FetcherBackedOff { leader, error, backoff } "AbstractFetcherThread"
    ProduceRefused { partition, producer, error } "Partition.appendRecordsToLeader"
    ProduceTimedOut { partition, producer, waiting_for, hw } "DelayedProduce"
    FetchOffsetOutOfRange { partition, fetch_offset, start, end } "AbstractFetcherThread"
    BatchSent { partition, first, count, leader, attempt, acks } "Sender"
    ProduceAcknowledged { partition, base, first, count } "Sender.completeBatch"
    ProduceRetried { partition, error, attempt, backoff } "Sender.reenqueueBatch"
    ProduceFailed { partition, error, first, count } "Sender.failBatch"
    DeliveryTimedOut { partition, first, count, timeout } "KIP-91, RecordAccumulator"
    MetadataUpdated { partition, leader, leader_epoch } "Metadata.updateLatestMetadata"
    RecordsConsumed { partition, from, to } "FetchCollector"
    PositionReset { partition, from, to } "KIP-320, SubscriptionState"
    Crashed { node, lost } "the page cache outlives a process, not a machine"
    Started { node } "a start is a new incarnation"
    Paused { node } "SIGSTOP, a long collection of garbage"
    Resumed { node } "SIGCONT"
    LinkCut { from, to } "the network"
    LinkHealed { from, to } "the network"
    MessageDropped { from, to } "the network"
    ConnectionRefused { from, to } "the network"
    MessageDuplicated { from, to } "the network"
    MessageDelayed { from, to, by } "the network"
    NetworkChanged { } "the network"
    Slowed { node, by } "a slow disk, a busy machine"
    CommandRefused { node, error } "KafkaApis, ControllerApis"
    InvariantBroken { invariant, partition, node, offset } "the checks of this page"
}

/// What happened, as a sentence. `at` is the process at which it happened.
pub fn note(words: &Words<'_>, at: Option<NodeId>, note: &Note) -> String {
    let mut said = said(words, note);
    said.args.push(("at", at.word(words)));
    capital(&t(words.lang, &format!("note.{}", said.name), &said.args))
}

/// Why it must be so.
pub fn why(words: &Words<'_>, at: Option<NodeId>, note: &Note) -> String {
    let mut said = said(words, note);
    said.args.push(("at", at.word(words)));
    capital(&t(words.lang, &format!("why.{}", said.name), &said.args))
}

/// The KIP or the Kafka class of the rule.
pub fn source(note: &Note) -> &'static str {
    said(&Words { lang: super::Lang::En, topics: &Vec::new() }, note).source
}
