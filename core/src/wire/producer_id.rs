//! Messages that give out producer ids.

use super::ErrorCode;
use crate::id::{BrokerEpoch, NodeId};
use crate::sequence::{ProducerId, ProducerIdAndEpoch};
use serde::{Deserialize, Serialize};

/// `InitProducerId`, response. The request of an idempotent producer says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InitProducerIdResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The new id, epoch 0.
    pub producer: ProducerIdAndEpoch,
}

/// `AllocateProducerIds`, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AllocateProducerIdsRequest {
    /// The broker that needs ids.
    pub broker: NodeId,
    /// Its epoch.
    pub broker_epoch: BrokerEpoch,
}

/// `AllocateProducerIds`, response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AllocateProducerIdsResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// `ProducerIdStart`: the block's first id.
    pub start: ProducerId,
    /// `ProducerIdLen`: how many ids it has.
    pub len: u32,
}
