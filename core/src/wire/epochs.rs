//! `OffsetForLeaderEpoch`: where an epoch ends in the leader's log.
//!
//! Followers of releases before 2.7 ask it before they fetch from a new leader (KIP-101, KIP-279, KIP-320);
//! consumers ask it to find out whether the log was cut below their position (KIP-320).

use super::{ErrorCode, Fetcher};
use crate::id::{LeaderEpoch, Offset, TopicPartition};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `OffsetForLeaderEpoch`, request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetForLeaderEpochRequest {
    /// Follower or consumer.
    pub fetcher: Fetcher,
    /// What is asked.
    pub partitions: Vec<EpochAsked>,
}

/// One partition of an `OffsetForLeaderEpoch` request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochAsked {
    /// Which partition.
    pub partition: TopicPartition,
    /// The sender's leader epoch (KIP-320); `None` is -1 (not checked).
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The epoch whose end is asked for.
    pub leader_epoch: LeaderEpoch,
}

/// `OffsetForLeaderEpoch`, response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetForLeaderEpochResponse {
    /// One answer per partition asked about.
    pub partitions: Vec<EpochEndAnswer>,
}

/// One partition of an `OffsetForLeaderEpoch` response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochEndAnswer {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The largest epoch in the leader's log that is not above the one asked for; `None` is -1: undefined, or a
    /// leader of a release before 2.0, whose answer has no epoch.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Where that epoch ends; `None` is -1: the leader knows nothing of it.
    pub end_offset: Option<Offset>,
}
