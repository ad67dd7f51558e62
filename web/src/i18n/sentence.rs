//! A note as one plain sentence with its numbers, why it must be so, and the source of the rule.
//!
//! The table below names every variant with its fields; the words stand in the language files under
//! `note.<Variant>` and `why.<Variant>`. A test reads the variants of the core's `note.rs` and misses none.

use super::words::{Word, Words};
use super::{capital, t, tr};
use kraftscope_core::check::INVARIANTS;
use kraftscope_core::id::NodeId;
use kraftscope_core::note::{LeaderChoice, Note};

/// What a note says: its variant's name, and its arguments by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The variant.
    pub name: &'static str,
    /// Field and value in words.
    pub args: Vec<(&'static str, String)>,
}

macro_rules! notes {
    ($($name:ident { $($field:ident),* })*) => {
        /// The names of all notes.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Takes a note apart.
        #[allow(unreachable_patterns, reason = "a note without a line below says its name, and a test fails")]
        pub fn said(words: &Words<'_>, note: &Note) -> Said {
            match note {
                $(Note::$name { $($field,)* .. } => Said {
                    name: stringify!($name),
                    args: vec![$((stringify!($field), $field.word(words))),*],
                },)*
                _ => Said { name: "Unknown", args: vec![("note", format!("{note:?}"))] },
            }
        }
    };
}

notes! {
    ElectionTimedOut { epoch }
    FetchTimedOut { epoch, leader, timeout }
    BecameUnattached { epoch }
    BecameProspective { epoch }
    BecameCandidate { epoch }
    BecameQuorumLeader { epoch, epoch_start, granting }
    BecameQuorumFollower { epoch, leader }
    BecameResigned { epoch, reason }
    VoteGranted { candidate, epoch, pre_vote }
    VoteRefused { candidate, epoch, pre_vote, reason }
    ElectionLost { epoch, pre_vote }
    SuccessorChosen { leader, epoch, position, backoff }
    MetadataCommitted { epoch, from, to }
    MetadataLogTruncated { from, to, epoch }
    MetadataLogDiverged { replica, fetch_offset, epoch, end }
    SnapshotCreated { end, epoch, records }
    MetadataLogCleaned { from, to }
    SnapshotOffered { replica, fetch_offset, end, epoch }
    SnapshotDownloaded { leader, from, end, epoch, records }
    SnapshotAbandoned { end, epoch, records }
    SnapshotLoaded { end, epoch }
    QuorumRequestRefused { from, error, epoch }
    QuorumHalted { reason, epoch, offset, hw }
    VotersChanged { old, voters, offset }
    VotersCommitted { voters, epoch }
    VoterChangeRefused { voter, adds, error }
    BecameVoter { epoch }
    BecameObserver { epoch }
    ControllerActivated { epoch, offset }
    ControllerFailed { epoch }
    ControllerRenounced { epoch }
    BrokerRegistered { broker, broker_epoch }
    RegistrationRefused { broker, error }
    BrokerFenced { broker, silent, session_timeout }
    BrokerUnregistered { broker }
    BrokerUnfenced { broker }
    ControlledShutdownBegan { broker }
    ShutdownAllowed { broker }
    HeartbeatRefused { broker, error }
    TopicCreated { topic, partitions, replication_factor }
    TopicConfigured { topic, key, value }
    LeaderElected { partition, leader, leader_epoch, replicas, isr, choice, reason }
    PartitionLeaderless { partition, leader_epoch, isr, reason }
    IsrChanged { partition, old, new, partition_epoch, reason }
    ElrChanged { partition, old, new, isr }
    ControllerElected { epoch }
    ControllerElectionLost { controller }
    ControllerContextLoaded { epoch, brokers, partitions, took }
    ControllerResigned { epoch }
    ControllerMoved { epoch }
    BrokerStarted { broker, broker_epoch }
    BrokerBounced { broker, old, broker_epoch }
    BrokerFailed { broker }
    IsrChangesNotified { partitions }
    StateWriteRefused { partition, version }
    StateOfLaterController { partition, controller_epoch }
    ControlRequestRefused { broker, error }
    ReassignmentBegan { partition, replicas, adding, removing }
    ReassignmentCompleted { partition, replicas, isr }
    ReassignmentCancelled { partition, replicas }
    ReassignmentRefused { partition, error }
    AlterPartitionRefused { partition, broker, error }
    ElectionRefused { partition, error }
    BrokerRunning { broker_epoch }
    BrokerNodeCreated { broker_epoch }
    BrokerNodeExists { retry }
    ControllerRefused { controller, epoch, known }
    EarlierLifeRefused { controller, broker_epoch, known }
    MetadataCacheUpdated { controller, partitions, brokers }
    IsrChangesPublished { partitions }
    ReplicaStopped { partition, deleted }
    ControlledShutdownRetried { remaining, tries, backoff }
    ControlledShutdownFailed { tries }
    RegistrationTimedOut { timeout }
    BrokerStopped { }
    ControlledShutdownTimedOut { timeout }
    BecameLeader { partition, epoch, epoch_start, hw }
    BecameFollower { partition, epoch, leader, leo }
    RecordsAppended { partition, base, count, epoch }
    RecordsReplicated { partition, base, count, leader }
    HighWatermarkAdvanced { partition, from, to, isr }
    HighWatermarkFrozen { partition, isr, min_isr }
    LogTruncated { partition, from, to, leader_epoch, hw }
    LogDiverged { partition, follower, fetch_offset, epoch, end }
    IsrShrinkProposed { partition, out, isr, silent, limit }
    IsrExpandProposed { partition, joining, isr, leo, hw }
    IsrChangeAccepted { partition, isr, partition_epoch }
    IsrChangeRejected { partition, error }
    FetchRefused { partition, from, error }
    FetcherBackedOff { leader, error, backoff }
    ReplicaFetchFailed { partition, leader, error }
    ProduceRefused { partition, producer, error }
    ProducerIdsAllocated { broker, start, len }
    ProducerIdsRefused { error }
    DuplicateBatch { partition, producer_id, epoch, sequence, count, base }
    OutOfOrderSequence { partition, producer_id, epoch, sequence, expected }
    ProducerEpochRefused { partition, producer_id, epoch, known }
    ProduceTimedOut { partition, producer, waiting_for, hw }
    FetchOffsetOutOfRange { partition, fetch_offset, start, end }
    ReplicaHalted { partition, leo, leader_end }
    LogStartMoved { partition, from, to }
    AppendFailed { partition, offset }
    LogDirFailed { }
    RaftElectionStarted { partition, epoch, pre_vote }
    RaftVoteGranted { partition, epoch, candidate }
    RaftVoteRefused { partition, epoch, candidate, reason }
    RaftLeaderElected { partition, epoch, votes }
    RaftLeaderResigned { partition, epoch }
    RaftCommitted { partition, from, to, holders }
    ReadConfirmed { partition, reader, waited }
    ReadUnconfirmed { partition, reader, waited }
    ReadUnderLease { partition, reader, left }
    FollowersAsked { partition, offset, followers }
    UncommittedReturned { partition, offset, hw, from }
    StaleRead { partition, reader, hw, committed }
    ProducerIdAssigned { broker, producer_id, epoch }
    ProducerEpochBumped { partition, producer_id, epoch }
    BatchSent { partition, first, count, leader, attempt, acks }
    ProduceAcknowledged { partition, base, first, count }
    ProduceRetried { partition, error, attempt, backoff }
    ProduceFailed { partition, error, first, count }
    DeliveryTimedOut { partition, first, count, timeout }
    MetadataUpdated { partition, leader, leader_epoch }
    RecordsConsumed { partition, from, to }
    TruncationDetected { partition, position, epoch, end }
    OutOfRangeRaised { partition, position }
    PositionReset { partition, from, to }
    ReadReplicaChosen { partition, replica }
    ReadReplicaDropped { partition, replica, error }
    CoordinatorLoaded { partition, epoch, groups, records }
    CoordinatorUnloaded { partition, groups }
    GroupMemberJoined { group, member, members }
    GroupMemberLeft { group, member }
    GroupMemberExpired { group, member }
    RebalanceBegan { group, generation }
    GenerationBegan { group, generation, leader, members }
    TargetAssigned { group, epoch, members }
    RebalanceCompleted { group, generation, members }
    GroupEmptied { group, generation }
    CoordinatorFound { group, coordinator }
    PartitionAssigned { group, partition, epoch }
    PartitionRevoked { group, partition }
    OffsetCommitted { group, partition, offset }
    MemberFenced { group, member, error }
    Crashed { node, lost }
    Started { node }
    MemberSilent { member }
    SessionExpiryLearned { session }
    SessionCreated { client, session, timeout }
    SessionExpired { client, session, timeout }
    SessionClosed { client, session }
    SessionMoved { client, session }
    WatchFired { client, path, event }
    ZnodeCreated { path, owner }
    ZnodeChanged { path, version }
    ZnodeDeleted { path }
    ZnodeWriteRefused { client, path, error }
    EnsembleLeaderElected { epoch, members }
    EnsembleLeaderLost { epoch }
    EnsembleMajorityLost { epoch }
    ClientDeclined { client, behind }
    DiskReplaced { node, directory }
    Paused { node }
    Resumed { node }
    LinkCut { from, to }
    LinkHealed { from, to }
    MessageDropped { from, to }
    ConnectionRefused { from, to }
    MessageBlocked { from, to }
    MessageDuplicated { from, to }
    MessageDelayed { from, to, by }
    NetworkChanged { }
    Slowed { node, by }
    ClockSet { node, percent }
    CommandRefused { node, error }
    InvariantBroken { invariant, partition, node, offset }
}

/// What happened, as a sentence. `at` is the process at which it happened.
pub fn note(words: &Words<'_>, at: Option<NodeId>, note: &Note) -> String {
    tell(words, at, note, "note")
}

/// Why it must be so.
pub fn why(words: &Words<'_>, at: Option<NodeId>, note: &Note) -> String {
    tell(words, at, note, "why")
}

/// Under which name the words stand: an election that gives records up has a reason of its own.
fn key(kind: &str, note: &Note, name: &'static str) -> &'static str {
    match note {
        Note::LeaderElected { choice: LeaderChoice::Unclean | LeaderChoice::LastKnown, .. }
            if kind == "why" =>
        {
            "LeaderElected.unclean"
        }
        _ => name,
    }
}

fn tell(words: &Words<'_>, at: Option<NodeId>, note: &Note, kind: &str) -> String {
    let mut said = said(words, note);
    said.args.push(("at", at.word(words)));
    if let Note::InvariantBroken { invariant, partition, node, offset } = note
        && let Some(row) = INVARIANTS.get(usize::from(*invariant))
    {
        let offset = offset.map(|offset| t(words.lang, "dock.checks.offset", &[("n", offset.to_string())]));
        let places = [partition.map(|it| words.partition(it)), node.map(|it| words.node(it)), offset];
        let places: Vec<String> = places.into_iter().flatten().collect();
        let place = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
        said.args.push(("place", place));
        said.args.push(("rule", row.id.to_owned()));
        said.args.push(("name", tr(words.lang, &format!("check.{}.name", row.id))));
        said.args.push(("statement", tr(words.lang, &format!("check.{}.statement", row.id))));
    }
    let text = words.tell(&format!("{kind}.{}", key(kind, note, said.name)), &said.args);
    // A topic's name is spelled as it is, even where a sentence begins.
    let is_name = |(name, value): &(&str, String)| {
        matches!(*name, "partition" | "topic" | "key" | "member") && text.starts_with(value.as_str())
    };
    if said.args.iter().any(is_name) { text } else { capital(&text) }
}
