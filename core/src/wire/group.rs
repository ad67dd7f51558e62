//! Messages of consumer groups: finding the coordinator, the classic protocol, KIP-848, committed offsets.
//!
//! The coordinator of a classic group never looks into the metadata that members send each other; here it is a
//! [`Subscription`], not bytes. Topics and partitions go by id.
//!
//! Left out: protocol types other than `consumer`, subscriptions by regular expression, racks, batched versions
//! (several groups, several leaving members), metadata strings and timestamps of offsets.

use super::ErrorCode;
use crate::id::{NodeId, Offset, Text, TopicId, TopicPartition};
use crate::time::Span;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A group's messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupMessage {
    /// Asks any broker for the coordinator of this group.
    FindCoordinatorRequest(Text),
    /// Answer to it.
    FindCoordinatorResponse(FindCoordinatorResponse),
    /// Classic: a member joins, or joins again.
    JoinGroupRequest(JoinGroupRequest),
    /// Answer to it.
    JoinGroupResponse(JoinGroupResponse),
    /// Classic: a member asks for its assignment; the leader brings everybody's.
    SyncGroupRequest(SyncGroupRequest),
    /// Answer to it.
    SyncGroupResponse(SyncGroupResponse),
    /// Classic: a member lives.
    HeartbeatRequest(HeartbeatRequest),
    /// Answer to it.
    HeartbeatResponse(ErrorCode),
    /// Classic: a member leaves.
    LeaveGroupRequest(LeaveGroupRequest),
    /// Answer to it.
    LeaveGroupResponse(ErrorCode),
    /// KIP-848: everything that a member says and is told.
    ConsumerGroupHeartbeatRequest(ConsumerGroupHeartbeatRequest),
    /// Answer to it.
    ConsumerGroupHeartbeatResponse(ConsumerGroupHeartbeatResponse),
    /// A member commits where it stands.
    OffsetCommitRequest(OffsetCommitRequest),
    /// Answer to it.
    OffsetCommitResponse(ErrorCode),
    /// A member asks where the group stands.
    OffsetFetchRequest(OffsetFetchRequest),
    /// Answer to it.
    OffsetFetchResponse(OffsetFetchResponse),
}

impl GroupMessage {
    /// Kafka's API name.
    pub const fn api(&self) -> &'static str {
        match self {
            GroupMessage::FindCoordinatorRequest(_) | GroupMessage::FindCoordinatorResponse(_) => {
                "FindCoordinator"
            }
            GroupMessage::JoinGroupRequest(_) | GroupMessage::JoinGroupResponse(_) => "JoinGroup",
            GroupMessage::SyncGroupRequest(_) | GroupMessage::SyncGroupResponse(_) => "SyncGroup",
            GroupMessage::HeartbeatRequest(_) | GroupMessage::HeartbeatResponse(_) => "Heartbeat",
            GroupMessage::LeaveGroupRequest(_) | GroupMessage::LeaveGroupResponse(_) => "LeaveGroup",
            GroupMessage::ConsumerGroupHeartbeatRequest(_)
            | GroupMessage::ConsumerGroupHeartbeatResponse(_) => "ConsumerGroupHeartbeat",
            GroupMessage::OffsetCommitRequest(_) | GroupMessage::OffsetCommitResponse(_) => "OffsetCommit",
            GroupMessage::OffsetFetchRequest(_) | GroupMessage::OffsetFetchResponse(_) => "OffsetFetch",
        }
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        matches!(
            self,
            GroupMessage::FindCoordinatorRequest(_)
                | GroupMessage::JoinGroupRequest(_)
                | GroupMessage::SyncGroupRequest(_)
                | GroupMessage::HeartbeatRequest(_)
                | GroupMessage::LeaveGroupRequest(_)
                | GroupMessage::ConsumerGroupHeartbeatRequest(_)
                | GroupMessage::OffsetCommitRequest(_)
                | GroupMessage::OffsetFetchRequest(_)
        )
    }
}

/// How the leader of a classic group deals out partitions (`partition.assignment.strategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// `RangeAssignor`.
    #[default]
    Range,
    /// `RoundRobinAssignor`.
    RoundRobin,
    /// `StickyAssignor`.
    Sticky,
    /// `CooperativeStickyAssignor`.
    CooperativeSticky,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Strategy; 4] =
        [Strategy::Range, Strategy::RoundRobin, Strategy::Sticky, Strategy::CooperativeSticky];

    /// Kafka's name of the protocol: `range`, `roundrobin`, `sticky`, `cooperative-sticky`.
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::Range => "range",
            Strategy::RoundRobin => "roundrobin",
            Strategy::Sticky => "sticky",
            Strategy::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// Whether its members keep what they own while they join again (KIP-429).
    pub const fn is_cooperative(self) -> bool {
        matches!(self, Strategy::CooperativeSticky)
    }
}

/// How the coordinator deals out partitions (`group.consumer.assignors`, `group.remote.assignor`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServerAssignor {
    /// `UniformAssignor`: evenly, moving little.
    #[default]
    Uniform,
    /// `RangeAssignor`: contiguous ranges of every topic.
    Range,
}

/// What a classic member tells the leader (`ConsumerProtocolSubscription`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subscription {
    /// `Topics`.
    pub topics: Vec<TopicId>,
    /// `OwnedPartitions`: what it has, when the protocol is cooperative or sticky.
    pub owned: Vec<TopicPartition>,
    /// `GenerationId` in which it got them.
    pub generation: u32,
}

/// `FindCoordinator`, response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FindCoordinatorResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader of the group's partition of `__consumer_offsets`.
    pub coordinator: Option<NodeId>,
}

/// `JoinGroup`, request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinGroupRequest {
    /// `GroupId`.
    pub group: Text,
    /// `MemberId`; empty the first time.
    pub member: Text,
    /// `GroupInstanceId` of a static member.
    pub instance: Option<Text>,
    /// `SessionTimeoutMs`.
    pub session_timeout: Span,
    /// `RebalanceTimeoutMs`.
    pub rebalance_timeout: Span,
    /// `Protocols`: what it supports, preferred first, each with its metadata.
    pub protocols: Vec<(Strategy, Subscription)>,
    /// Whether the answer may be `MEMBER_ID_REQUIRED` (version 4 and later, KIP-394).
    pub requires_known_member: bool,
}

/// `JoinGroup`, response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinGroupResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// `GenerationId`.
    pub generation: u32,
    /// `ProtocolName`.
    pub protocol: Option<Strategy>,
    /// `Leader`.
    pub leader: Text,
    /// `MemberId`.
    pub member: Text,
    /// `Members` with their instance ids and metadata; only the leader gets them.
    pub members: Vec<(Text, Option<Text>, Subscription)>,
}

/// `SyncGroup`, request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SyncGroupRequest {
    /// `GroupId`.
    pub group: Text,
    /// `GenerationId`.
    pub generation: u32,
    /// `MemberId`.
    pub member: Text,
    /// `GroupInstanceId`.
    pub instance: Option<Text>,
    /// `Assignments`: who gets what; only the leader knows.
    pub assignments: Vec<(Text, Vec<TopicPartition>)>,
}

/// `SyncGroup`, response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SyncGroupResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// `Assignment`.
    pub assignment: Vec<TopicPartition>,
}

/// `Heartbeat`, request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    /// `GroupId`.
    pub group: Text,
    /// `GenerationId`.
    pub generation: u32,
    /// `MemberId`.
    pub member: Text,
    /// `GroupInstanceId`.
    pub instance: Option<Text>,
}

/// `LeaveGroup`, request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaveGroupRequest {
    /// `GroupId`.
    pub group: Text,
    /// `MemberId`.
    pub member: Text,
    /// `GroupInstanceId`.
    pub instance: Option<Text>,
}

/// The epoch of a member of a KIP-848 group, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MemberEpoch {
    /// 0 joins; anything above is the epoch that the member was given.
    At(u32),
    /// -1: it leaves.
    Leave,
    /// -2: a static member leaves for a moment.
    LeaveStatic,
}

/// `ConsumerGroupHeartbeat`, request. What is `None` has not changed since the last one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsumerGroupHeartbeatRequest {
    /// `GroupId`.
    pub group: Text,
    /// `MemberId`, chosen by the member.
    pub member: Text,
    /// `MemberEpoch`.
    pub epoch: MemberEpoch,
    /// `InstanceId` of a static member.
    pub instance: Option<Text>,
    /// `RebalanceTimeoutMs`.
    pub rebalance_timeout: Option<Span>,
    /// `SubscribedTopicNames`.
    pub topics: Option<Vec<TopicId>>,
    /// `ServerAssignor`.
    pub assignor: Option<ServerAssignor>,
    /// `TopicPartitions`: what it owns.
    pub owned: Option<Vec<TopicPartition>>,
}

/// `ConsumerGroupHeartbeat`, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsumerGroupHeartbeatResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// `MemberId`.
    pub member: Text,
    /// `MemberEpoch`.
    pub epoch: MemberEpoch,
    /// `HeartbeatIntervalMs`.
    pub heartbeat_interval: Span,
    /// `Assignment`, when it changed or everything was told.
    pub assignment: Option<Vec<TopicPartition>>,
}

/// `OffsetCommit`, request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetCommitRequest {
    /// `GroupId`.
    pub group: Text,
    /// `GenerationIdOrMemberEpoch`; `None` is -1: a client that is no member.
    pub generation: Option<u32>,
    /// `MemberId`.
    pub member: Text,
    /// `GroupInstanceId`.
    pub instance: Option<Text>,
    /// Partitions and the next offset to read in each.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

/// `OffsetFetch`, request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetFetchRequest {
    /// `GroupId`.
    pub group: Text,
    /// `MemberId` and `MemberEpoch`; checked in KIP-848 groups only.
    pub member: Option<(Text, u32)>,
    /// Which partitions.
    pub partitions: Vec<TopicPartition>,
}

/// `OffsetFetch`, response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetFetchResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// Partitions and what was committed; `None` is -1.
    pub offsets: Vec<(TopicPartition, Option<Offset>)>,
}
