//! Where a consumer stands in each of its partitions (`SubscriptionState`).

use crate::id::{LeaderEpoch, Offset, TopicPartition};
use crate::record::Record;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A consumer's place in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Next offset to read; `None` while it is being looked up.
    pub offset: Option<Offset>,
    /// The position that was outside the log, while a new one is looked up.
    pub reset_from: Option<Offset>,
    /// An answer said that metadata is stale: no fetch before the next metadata update.
    pub awaits_update: bool,
    /// No look-up before this moment.
    pub retry_at: Time,
    /// The leader's high watermark as of the last fetch.
    pub high_watermark: Option<Offset>,
    /// Records read.
    pub consumed: u64,
}

/// A record that the application has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Consumed {
    /// From where.
    pub partition: TopicPartition,
    /// Its offset.
    pub offset: Offset,
    /// Epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
    /// What it says.
    pub record: Record,
}
