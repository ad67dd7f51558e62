//! A broker's membership: registration and heartbeats.

use super::ErrorCode;
use crate::id::{BrokerEpoch, Incarnation, NodeId, Offset};
use serde::{Deserialize, Serialize};

/// `BrokerRegistration`, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerRegistrationRequest {
    /// Which broker.
    pub broker: NodeId,
    /// `IncarnationId`: this life of the process.
    pub incarnation: Incarnation,
    /// `PreviousBrokerEpoch` (v3): from the clean-shutdown file, if there is one.
    pub previous_broker_epoch: Option<BrokerEpoch>,
}

/// `BrokerRegistration`, response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerRegistrationResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The broker's new epoch.
    pub broker_epoch: BrokerEpoch,
}

/// `BrokerHeartbeat`, request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerHeartbeatRequest {
    /// Which broker.
    pub broker: NodeId,
    /// Its epoch.
    pub broker_epoch: BrokerEpoch,
    /// `CurrentMetadataOffset`: the last metadata offset that it has applied; `None` before the first.
    pub current_metadata_offset: Option<Offset>,
    /// It wants to be, or stay, fenced.
    pub want_fence: bool,
    /// It wants to shut down.
    pub want_shut_down: bool,
}

/// `BrokerHeartbeat`, response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerHeartbeatResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// It has replayed past its own registration.
    pub is_caught_up: bool,
    /// The controller has it fenced.
    pub is_fenced: bool,
    /// It may stop now.
    pub should_shut_down: bool,
}
