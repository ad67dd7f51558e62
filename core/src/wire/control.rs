//! What a controller of the ZooKeeper era tells brokers, and a broker that wants to leave tells it.
//!
//! Source: `LeaderAndIsrRequest.json`, `UpdateMetadataRequest.json`, `StopReplicaRequest.json`,
//! `ControlledShutdownRequest.json`.

use super::ErrorCode;
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, Text, TopicId, TopicPartition};
use crate::znode::{PartitionState, ReplicaAssignment};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Who speaks: on every request of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControllerStamp {
    /// The controller.
    pub controller: NodeId,
    /// Its epoch.
    pub controller_epoch: u32,
    /// The life of the receiver that it is meant for (KIP-380); `None` before 2.2.
    pub broker_epoch: Option<BrokerEpoch>,
}

/// What a partition is, as the controller tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionInfo {
    /// Which partition.
    pub partition: TopicPartition,
    /// Leader, epoch, ISR.
    pub state: PartitionState,
    /// The znode's version ("zkVersion").
    pub partition_epoch: PartitionEpoch,
    /// Its replicas.
    pub assignment: ReplicaAssignment,
    /// `IsNew`: it was just created.
    pub is_new: bool,
}

/// `LeaderAndIsr`: lead these, follow those.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaderAndIsrRequest {
    /// Who speaks.
    pub stamp: ControllerStamp,
    /// The first request to a broker that has just started names all its partitions (`Type` FULL): what it does not
    /// name is stray.
    pub full: bool,
    /// What they are.
    pub partitions: Vec<PartitionInfo>,
}

/// `UpdateMetadata`: what clients shall be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UpdateMetadataRequest {
    /// Who speaks.
    pub stamp: ControllerStamp,
    /// What has changed, or everything for a broker that has just started. A leader `None` with
    /// [`UpdateMetadataRequest::deleted`] is a partition that is being deleted.
    pub partitions: Arc<Vec<PartitionInfo>>,
    /// Partitions that are being deleted (`LEADER_DURING_DELETE`).
    pub deleted: Vec<TopicPartition>,
    /// Names of the topics.
    pub topics: Vec<(TopicId, Text)>,
    /// All live brokers, with their racks and epochs.
    pub live_brokers: Vec<(NodeId, Option<char>, BrokerEpoch)>,
}

/// `StopReplica`: follow no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StopReplicaRequest {
    /// Who speaks.
    pub stamp: ControllerStamp,
    /// Which partitions; the leader epoch (KIP-570, `None` before 2.6); whether the log goes, too.
    pub partitions: Vec<(TopicPartition, Option<LeaderEpoch>, bool)>,
}

/// `ControlledShutdown`: a broker wants to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControlledShutdownRequest {
    /// Which broker.
    pub broker: NodeId,
    /// Its epoch; `None` before 2.2.
    pub broker_epoch: Option<BrokerEpoch>,
}

/// A message between a controller of the ZooKeeper era and a broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ControlMessage {
    /// See [`LeaderAndIsrRequest`].
    LeaderAndIsrRequest(LeaderAndIsrRequest),
    /// Error of the whole, and of each partition.
    LeaderAndIsrResponse(ErrorCode, Vec<(TopicPartition, ErrorCode)>),
    /// See [`UpdateMetadataRequest`].
    UpdateMetadataRequest(UpdateMetadataRequest),
    /// Answer to it.
    UpdateMetadataResponse(ErrorCode),
    /// See [`StopReplicaRequest`].
    StopReplicaRequest(StopReplicaRequest),
    /// Error of the whole, and of each partition.
    StopReplicaResponse(ErrorCode, Vec<(TopicPartition, ErrorCode)>),
    /// See [`ControlledShutdownRequest`].
    ControlledShutdownRequest(ControlledShutdownRequest),
    /// What it still leads: none, and it may stop.
    ControlledShutdownResponse(ErrorCode, Vec<TopicPartition>),
}

impl ControlMessage {
    /// Kafka's API name.
    pub const fn api(&self) -> &'static str {
        match self {
            ControlMessage::LeaderAndIsrRequest(_) | ControlMessage::LeaderAndIsrResponse(..) => {
                "LeaderAndIsr"
            }
            ControlMessage::UpdateMetadataRequest(_) | ControlMessage::UpdateMetadataResponse(_) => {
                "UpdateMetadata"
            }
            ControlMessage::StopReplicaRequest(_) | ControlMessage::StopReplicaResponse(..) => "StopReplica",
            ControlMessage::ControlledShutdownRequest(_) | ControlMessage::ControlledShutdownResponse(..) => {
                "ControlledShutdown"
            }
        }
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        matches!(
            self,
            ControlMessage::LeaderAndIsrRequest(_)
                | ControlMessage::UpdateMetadataRequest(_)
                | ControlMessage::StopReplicaRequest(_)
                | ControlMessage::ControlledShutdownRequest(_)
        )
    }
}
