//! Messages of the metadata quorum.

use super::{ErrorCode, Fetched};
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset, ReplicaKey, SnapshotId};
use crate::record::MetadataRecord;
use crate::time::Span;
use crate::voters::Voter;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `Vote` v2, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteRequest {
    /// `ReplicaEpoch`: a pre-vote carries the present epoch, a vote the next one.
    pub replica_epoch: LeaderEpoch,
    /// `ReplicaId`, `ReplicaDirectoryId`: who asks.
    pub replica: ReplicaKey,
    /// `VoterId`, `VoterDirectoryId`: whom it believes to ask.
    pub voter: ReplicaKey,
    /// `LastOffsetEpoch`: epoch of the last batch of the asker's log; `None` when the log is empty.
    pub last_offset_epoch: Option<LeaderEpoch>,
    /// `LastOffset`: its log end offset.
    pub last_offset: Offset,
    /// Whether it only asks whether it would win.
    pub pre_vote: bool,
}

/// `Vote` v2, response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader that the answering replica knows.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The vote.
    pub vote_granted: bool,
}

/// `BeginQuorumEpoch` v1, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BeginQuorumEpochRequest {
    /// The new leader.
    pub leader: NodeId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// Whom it believes to tell.
    pub voter: ReplicaKey,
}

/// `EndQuorumEpoch` v1, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EndQuorumEpochRequest {
    /// The leader that steps down.
    pub leader: NodeId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// `PreferredCandidates`: the other voters, furthest log first.
    pub preferred_candidates: NodeList,
}

/// Response of `BeginQuorumEpoch` and `EndQuorumEpoch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuorumResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader that the answering replica knows.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub epoch: LeaderEpoch,
}

/// `Fetch` of `__cluster_metadata-0`, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataFetchRequest {
    /// `ReplicaId`, `ReplicaDirectoryId`.
    pub replica: ReplicaKey,
    /// `CurrentLeaderEpoch`: the sender's epoch.
    pub current_leader_epoch: LeaderEpoch,
    /// `FetchOffset`: the sender's log end offset.
    pub fetch_offset: Offset,
    /// `LastFetchedEpoch`: epoch of its last entry; `None` when the log is empty.
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// `MaxWaitMs`.
    pub max_wait: Span,
    /// `HighWatermark` (v18, KIP-1166); `None`: not sent.
    pub high_watermark: Option<Offset>,
}

/// `Fetch` of `__cluster_metadata-0`, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataFetchResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader that the answering replica knows.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The leader's high watermark; `None` while unknown.
    pub high_watermark: Option<Offset>,
    /// Records, or where the logs part.
    pub data: Fetched<MetadataRecord>,
    /// `SnapshotId`: the log does not reach back so far; fetch this snapshot instead.
    pub snapshot: Option<SnapshotId>,
}

/// `FetchSnapshot`, request (KIP-630).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchSnapshotRequest {
    /// `ReplicaId`, `ReplicaDirectoryId`.
    pub replica: ReplicaKey,
    /// `CurrentLeaderEpoch`: the sender's epoch.
    pub current_leader_epoch: LeaderEpoch,
    /// `SnapshotId`: which one.
    pub snapshot: SnapshotId,
    /// `Position`: how much of it the sender has, counted in records.
    pub position: i64,
    /// `MaxBytes`, counted in records.
    pub max_records: u32,
}

/// `FetchSnapshot`, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchSnapshotResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader that the answering replica knows.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// `SnapshotId`: the one asked for.
    pub snapshot: SnapshotId,
    /// `Size`: of the whole snapshot, in records.
    pub size: u32,
    /// `Position`: where the part begins.
    pub position: i64,
    /// `UnalignedRecords`: the part.
    pub records: Vec<MetadataRecord>,
}

/// `AddRaftVoter` v1, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AddRaftVoterRequest {
    /// `VoterId`, `VoterDirectoryId`, `Listeners`: who wants to vote.
    pub voter: Voter,
    /// `AckWhenCommitted` (KIP-1186): whether the answer waits until the new set is committed.
    pub ack_when_committed: bool,
}

/// `RemoveRaftVoter` v0, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RemoveRaftVoterRequest {
    /// `VoterId`, `VoterDirectoryId`: who shall vote no more.
    pub voter: ReplicaKey,
}

/// `UpdateRaftVoter` v0, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UpdateRaftVoterRequest {
    /// `CurrentLeaderEpoch`: the sender's epoch.
    pub current_leader_epoch: LeaderEpoch,
    /// `VoterId`, `VoterDirectoryId`, `Listeners`: the sender as it is now.
    pub voter: Voter,
}

/// Response of `AddRaftVoter` and `RemoveRaftVoter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftVoterResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
}

/// `ApiVersions`, response: as much of it as a leader asks a new voter for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApiVersionsResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// `SupportedFeatures`: the lowest and the highest `kraft.version` that it knows.
    pub kraft_version: (u16, u16),
}
