//! The messages, under Kafka's API names, and Kafka's error codes.
//!
//! A request and its response are separate structs of one enum. Fields carry the schema's names; fields that
//! one process of a simulated cluster cannot get wrong (cluster id, endpoints, throttle time) are left out.

mod broker;
mod control;
mod epochs;
mod error;
mod group;
mod producer_id;
mod quorum;
mod raft;
mod zookeeper;

pub use broker::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
};
pub use control::*;

pub use epochs::{EpochAsked, EpochEndAnswer, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
pub use error::ErrorCode;
pub use group::*;
pub use producer_id::{AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdResponse};
pub use raft::*;
pub use zookeeper::*;

pub use quorum::{
    AddRaftVoterRequest, ApiVersionsResponse, BeginQuorumEpochRequest, EndQuorumEpochRequest,
    FetchSnapshotRequest, FetchSnapshotResponse, MetadataFetchRequest, MetadataFetchResponse, QuorumResponse,
    RaftVoterResponse, RemoveRaftVoterRequest, UpdateRaftVoterRequest, VoteRequest, VoteResponse,
};

use crate::config::{Acks, Rack};
use crate::epochs::EpochEnd;
use crate::id::{
    BrokerEpoch, Correlation, LeaderEpoch, NodeId, NodeList, Offset, PartitionEpoch, Text, TopicId,
    TopicPartition,
};
use crate::record::{Entry, LeaderRecoveryState, Record};
use crate::time::Span;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A message with its addresses. `correlation` is the sender's for a request, and is echoed in the response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// Who sent it.
    pub from: NodeId,
    /// Who gets it.
    pub to: NodeId,
    /// Ties request and response together.
    pub correlation: Correlation,
    /// What it says.
    pub message: Message,
}

/// Every message of the simulated network.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Message {
    /// Raft: asks for a vote or a pre-vote.
    VoteRequest(VoteRequest),
    /// Answer to it.
    VoteResponse(VoteResponse),
    /// Raft: a new leader announces itself.
    BeginQuorumEpochRequest(BeginQuorumEpochRequest),
    /// Answer to it.
    BeginQuorumEpochResponse(QuorumResponse),
    /// Raft: a leader steps down and names successors.
    EndQuorumEpochRequest(EndQuorumEpochRequest),
    /// Answer to it.
    EndQuorumEpochResponse(QuorumResponse),
    /// Raft: `Fetch` of the metadata log.
    MetadataFetchRequest(MetadataFetchRequest),
    /// Answer to it.
    MetadataFetchResponse(MetadataFetchResponse),
    /// Raft: a part of a snapshot of the metadata log.
    FetchSnapshotRequest(FetchSnapshotRequest),
    /// Answer to it.
    FetchSnapshotResponse(FetchSnapshotResponse),
    /// Raft: a controller, or an administrator for it, asks for a vote in the quorum.
    AddRaftVoterRequest(AddRaftVoterRequest),
    /// Answer to it.
    AddRaftVoterResponse(RaftVoterResponse),
    /// Raft: asks to take a voter out of the quorum.
    RemoveRaftVoterRequest(RemoveRaftVoterRequest),
    /// Answer to it.
    RemoveRaftVoterResponse(RaftVoterResponse),
    /// Raft: a voter tells its new address.
    UpdateRaftVoterRequest(UpdateRaftVoterRequest),
    /// Answer to it.
    UpdateRaftVoterResponse(QuorumResponse),
    /// Raft: the leader asks a new voter what it supports.
    ApiVersionsRequest,
    /// Answer to it.
    ApiVersionsResponse(ApiVersionsResponse),
    /// A broker registers with the active controller.
    BrokerRegistrationRequest(BrokerRegistrationRequest),
    /// Answer to it.
    BrokerRegistrationResponse(BrokerRegistrationResponse),
    /// A broker tells the active controller that it lives.
    BrokerHeartbeatRequest(BrokerHeartbeatRequest),
    /// Answer to it.
    BrokerHeartbeatResponse(BrokerHeartbeatResponse),
    /// A partition leader asks the controller for another ISR.
    AlterPartitionRequest(AlterPartitionRequest),
    /// Answer to it.
    AlterPartitionResponse(AlterPartitionResponse),
    /// `Fetch` of data partitions, by a follower or a consumer.
    FetchRequest(FetchRequest),
    /// Answer to it.
    FetchResponse(FetchResponse),
    /// A producer's batches.
    ProduceRequest(ProduceRequest),
    /// Answer to it (none with acks=0).
    ProduceResponse(ProduceResponse),
    /// A producer asks any broker for a producer id.
    InitProducerIdRequest,
    /// Answer to it.
    InitProducerIdResponse(InitProducerIdResponse),
    /// A broker asks the active controller for a block of producer ids.
    AllocateProducerIdsRequest(AllocateProducerIdsRequest),
    /// Answer to it.
    AllocateProducerIdsResponse(AllocateProducerIdsResponse),
    /// A client asks who leads what.
    MetadataRequest,
    /// Answer to it.
    MetadataResponse(MetadataResponse),
    /// Asks for the earliest or latest offset.
    ListOffsetsRequest(ListOffsetsRequest),
    /// Answer to it.
    ListOffsetsResponse(ListOffsetsResponse),
    /// Asks where an epoch ends in the leader's log.
    OffsetForLeaderEpochRequest(OffsetForLeaderEpochRequest),
    /// Answer to it.
    OffsetForLeaderEpochResponse(OffsetForLeaderEpochResponse),
    /// Between a consumer and the coordinator of its group.
    Group(Box<GroupMessage>),
    /// Between a controller of the ZooKeeper era and a broker.
    Control(Box<ControlMessage>),
    /// Between a client of ZooKeeper and a member, and between members.
    ZooKeeper(Box<ZooKeeperMessage>),
    /// Between replicas of a partition (kafkaraft).
    PartitionRaft(Box<PartitionRaftMessage>),
}

/// What a message is about; the page gives each family one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// Elections of the metadata quorum.
    Raft,
    /// Broker registration and heartbeats.
    Heartbeat,
    /// Replication, of metadata or data.
    Fetch,
    /// Producing.
    Produce,
    /// Consuming.
    Consume,
    /// AlterPartition and other administration.
    Admin,
    /// ZooKeeper: sessions, reads, writes, watches.
    ZooKeeper,
}

impl Message {
    /// Kafka's API name: `Fetch`, `Vote`, `AlterPartition`.
    pub const fn api(&self) -> &'static str {
        match self {
            Message::VoteRequest(_) | Message::VoteResponse(_) => "Vote",
            Message::BeginQuorumEpochRequest(_) | Message::BeginQuorumEpochResponse(_) => "BeginQuorumEpoch",
            Message::EndQuorumEpochRequest(_) | Message::EndQuorumEpochResponse(_) => "EndQuorumEpoch",
            Message::MetadataFetchRequest(_)
            | Message::MetadataFetchResponse(_)
            | Message::FetchRequest(_)
            | Message::FetchResponse(_) => "Fetch",
            Message::FetchSnapshotRequest(_) | Message::FetchSnapshotResponse(_) => "FetchSnapshot",
            Message::AddRaftVoterRequest(_) | Message::AddRaftVoterResponse(_) => "AddRaftVoter",
            Message::RemoveRaftVoterRequest(_) | Message::RemoveRaftVoterResponse(_) => "RemoveRaftVoter",
            Message::UpdateRaftVoterRequest(_) | Message::UpdateRaftVoterResponse(_) => "UpdateRaftVoter",
            Message::ApiVersionsRequest | Message::ApiVersionsResponse(_) => "ApiVersions",
            Message::BrokerRegistrationRequest(_) | Message::BrokerRegistrationResponse(_) => {
                "BrokerRegistration"
            }
            Message::BrokerHeartbeatRequest(_) | Message::BrokerHeartbeatResponse(_) => "BrokerHeartbeat",
            Message::AlterPartitionRequest(_) | Message::AlterPartitionResponse(_) => "AlterPartition",
            Message::ProduceRequest(_) | Message::ProduceResponse(_) => "Produce",
            Message::InitProducerIdRequest | Message::InitProducerIdResponse(_) => "InitProducerId",
            Message::AllocateProducerIdsRequest(_) | Message::AllocateProducerIdsResponse(_) => {
                "AllocateProducerIds"
            }
            Message::MetadataRequest | Message::MetadataResponse(_) => "Metadata",
            Message::ListOffsetsRequest(_) | Message::ListOffsetsResponse(_) => "ListOffsets",
            Message::OffsetForLeaderEpochRequest(_) | Message::OffsetForLeaderEpochResponse(_) => {
                "OffsetForLeaderEpoch"
            }
            Message::Group(message) => message.api(),
            Message::Control(message) => message.api(),
            Message::ZooKeeper(message) => message.api(),
            Message::PartitionRaft(message) => message.api(),
        }
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        match self {
            Message::Group(message) => return message.is_request(),
            Message::Control(message) => return message.is_request(),
            Message::ZooKeeper(message) => return message.is_request(),
            Message::PartitionRaft(message) => return message.is_request(),
            _ => {}
        }
        matches!(
            self,
            Message::VoteRequest(_)
                | Message::BeginQuorumEpochRequest(_)
                | Message::EndQuorumEpochRequest(_)
                | Message::MetadataFetchRequest(_)
                | Message::FetchSnapshotRequest(_)
                | Message::AddRaftVoterRequest(_)
                | Message::RemoveRaftVoterRequest(_)
                | Message::UpdateRaftVoterRequest(_)
                | Message::ApiVersionsRequest
                | Message::BrokerRegistrationRequest(_)
                | Message::BrokerHeartbeatRequest(_)
                | Message::AlterPartitionRequest(_)
                | Message::FetchRequest(_)
                | Message::ProduceRequest(_)
                | Message::InitProducerIdRequest
                | Message::AllocateProducerIdsRequest(_)
                | Message::MetadataRequest
                | Message::ListOffsetsRequest(_)
                | Message::OffsetForLeaderEpochRequest(_)
        )
    }
}

/// What a fetch brings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fetched<R> {
    /// Entries from the fetch offset on; may be none.
    Records(Vec<Entry<R>>),
    /// `DivergingEpoch`: the logs part; truncate and ask again.
    Diverging(EpochEnd),
}

/// `AlterPartition` v3, request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionRequest {
    /// The asking leader.
    pub broker: NodeId,
    /// Its epoch.
    pub broker_epoch: BrokerEpoch,
    /// One proposal per partition.
    pub partitions: Vec<IsrProposal>,
}

/// One partition of an `AlterPartition` request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IsrProposal {
    /// Which partition.
    pub partition: TopicPartition,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// `NewIsrWithEpochs`: the wanted ISR with each member's broker epoch (`None` is -1).
    pub new_isr: Vec<(NodeId, Option<BrokerEpoch>)>,
    /// See [`LeaderRecoveryState`].
    pub leader_recovery_state: LeaderRecoveryState,
    /// The registration version that the leader builds on.
    pub partition_epoch: PartitionEpoch,
}

/// `AlterPartition` v3, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionResponse {
    /// Error of the whole request.
    pub error: ErrorCode,
    /// One answer per partition.
    pub partitions: Vec<IsrAnswer>,
}

/// One partition of an `AlterPartition` response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IsrAnswer {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader after the change.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// The ISR after the change.
    pub isr: NodeList,
    /// See [`LeaderRecoveryState`].
    pub leader_recovery_state: LeaderRecoveryState,
    /// The registration's version after the change.
    pub partition_epoch: PartitionEpoch,
}

/// Who fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fetcher {
    /// A follower: `ReplicaState{replicaId, replicaEpoch}`; epoch `None` is -1.
    Replica(NodeId, Option<BrokerEpoch>),
    /// A consumer.
    Consumer,
}

/// `Fetch` of data partitions, request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchRequest {
    /// Follower or consumer.
    pub fetcher: Fetcher,
    /// `MaxWaitMs`.
    pub max_wait: Span,
    /// `MinBytes`, counted in records.
    pub min_records: u32,
    /// `RackId` of a consumer (KIP-392).
    pub rack: Option<Rack>,
    /// What to fetch.
    pub partitions: Vec<FetchPartition>,
}

/// One partition of a `Fetch` request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchPartition {
    /// Which partition.
    pub partition: TopicPartition,
    /// The sender's leader epoch; `None` is -1 (not checked).
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// Where to read from; for a follower its log end offset.
    pub fetch_offset: Offset,
    /// Epoch of its last entry; `None` is -1 (not checked).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// The follower's log start offset.
    pub log_start_offset: Offset,
    /// `PartitionMaxBytes`, counted in records.
    pub max_records: u32,
}

/// `Fetch` of data partitions, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchResponse {
    /// One answer per partition asked for.
    pub partitions: Vec<FetchedPartition>,
}

/// One partition of a `Fetch` response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchedPartition {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader's high watermark, taken before the read.
    pub high_watermark: Offset,
    /// The leader's log start offset.
    pub log_start_offset: Offset,
    /// `CurrentLeader` hint (KIP-951), with `NOT_LEADER_OR_FOLLOWER` and `FENCED_LEADER_EPOCH`.
    pub current_leader: Option<LeaderHint>,
    /// `PreferredReadReplica`: the consumer should read there; then there are no records (KIP-392).
    pub preferred_read_replica: Option<NodeId>,
    /// Records, or where the logs part.
    pub data: Fetched<Record>,
}

/// Who leads, as far as the answering broker knows (KIP-951).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaderHint {
    /// The leader.
    pub leader: NodeId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
}

/// `Produce`, request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceRequest {
    /// When to answer.
    pub acks: Acks,
    /// `TimeoutMs`: how long the leader may wait for the ISR.
    pub timeout: Span,
    /// At most one batch per partition.
    pub batches: Vec<ProduceBatch>,
}

/// One partition's batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceBatch {
    /// Which partition.
    pub partition: TopicPartition,
    /// Its records, appended together; each bears producer id, epoch and sequence number of the batch's header.
    pub records: Vec<Record>,
}

/// `Produce`, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceResponse {
    /// One answer per batch.
    pub results: Vec<ProduceResult>,
}

/// One batch's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceResult {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// Offset of its first record, when appended.
    pub base_offset: Option<Offset>,
    /// Who leads instead (KIP-951).
    pub current_leader: Option<LeaderHint>,
}

/// `Metadata`, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataResponse {
    /// Brokers that are alive (unfenced).
    pub brokers: NodeList,
    /// Topics by id, with their names.
    pub topics: Vec<(TopicId, Text)>,
    /// Every partition.
    pub partitions: Vec<PartitionMetadata>,
}

/// One partition as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionMetadata {
    /// Which partition.
    pub partition: TopicPartition,
    /// Its leader, if it has one that is alive.
    pub leader: Option<NodeId>,
    /// The leader epoch; `None` is -1 on the wire: not known.
    pub leader_epoch: Option<LeaderEpoch>,
}

/// Which end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OffsetSpec {
    /// `EARLIEST`: the log start offset.
    Earliest,
    /// `LATEST`: the high watermark for a consumer, the log end offset for a follower.
    Latest,
}

/// `ListOffsets`, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetsRequest {
    /// Follower or consumer.
    pub fetcher: Fetcher,
    /// Which partition.
    pub partition: TopicPartition,
    /// The sender's leader epoch; `None` is -1 (not checked).
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// Which end.
    pub offset: OffsetSpec,
}

/// `ListOffsets`, response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetsResponse {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The offset asked for.
    pub offset: Offset,
    /// Which end it is.
    pub which: OffsetSpec,
}
