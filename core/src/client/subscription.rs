//! Where a consumer stands in each of its partitions, and whether it may fetch there.
//!
//! It sends nothing. Invariants: a position that is reset or validated is not fetched from; a position moves only over
//! records that were read, by a reset, or to where the logs part.
//! Source: `SubscriptionState` (`TopicPartitionState`, `FetchPosition`, `FetchStates`), KIP-320.
//!
//! Left out: pausing by hand, pending revocation.

use super::metadata::LeaderAndEpoch;
use crate::config::OffsetReset;
use crate::id::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::record::Record;
use crate::time::Time;
use crate::wire::ErrorCode;
use serde::{Deserialize, Serialize};

/// A consumer's place in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Next offset to read; `None` while it is being looked up.
    pub offset: Option<Offset>,
    /// Epoch of the last record read; `None` after a look-up: then there is nothing to validate.
    pub offset_epoch: Option<LeaderEpoch>,
    /// The leader that it fetches from, and for which it is valid.
    pub current_leader: Option<LeaderAndEpoch>,
    /// Another leader may have cut the log: no fetch before it has said where `offset_epoch` ends (`AWAIT_VALIDATION`).
    pub awaits_validation: bool,
    /// Where the look-up goes; `None` is the beginning of the log, which the application asks for at its start.
    pub reset_to: Option<OffsetReset>,
    /// The position that was outside the log, while a new one is looked up.
    pub reset_from: Option<Offset>,
    /// The application got an exception and reads no further.
    pub paused: bool,
    /// An answer said that metadata is stale: no fetch before the next metadata update.
    pub awaits_update: bool,
    /// No look-up and no validation before this moment.
    pub retry_at: Time,
    /// The replica that the leader sent it to, and until when it reads there (KIP-392).
    pub preferred: Option<(NodeId, Time)>,
    /// The leader's high watermark as of the last fetch.
    pub high_watermark: Option<Offset>,
    /// Records read.
    pub consumed: u64,
}

/// What a validation showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validated {
    /// The position moved on since, or waits for another answer.
    Outdated,
    /// The leader's log holds what was read.
    Valid,
    /// The log was cut below this position; where the logs part, if the leader knows.
    Truncated(Offset, Option<Offset>),
}

impl Position {
    /// The offset to fetch from; `None` while it may not be fetched (`isFetchable`).
    pub fn fetchable(&self) -> Option<Offset> {
        self.offset.filter(|_| !self.awaits_update && !self.awaits_validation && !self.paused)
    }

    /// Whether it waits for a new offset (`AWAIT_RESET`).
    pub const fn awaits_reset(&self) -> bool {
        self.offset.is_none() && !self.paused
    }

    /// Metadata names this leader. If it is another leader or epoch, the position has to be validated before the next
    /// fetch: when `detects`, when a record was read that could have been cut, and when the epoch is known
    /// (`maybeValidatePosition`, `validatePosition`). Without a leader the old one is still asked.
    pub fn maybe_validate(&mut self, known: LeaderAndEpoch, detects: bool) {
        if self.offset.is_none() || known.leader.is_none() || self.current_leader == Some(known) {
            return;
        }
        self.current_leader = Some(known);
        self.preferred = None;
        self.awaits_validation = detects && self.offset_epoch.is_some() && known.epoch.is_some();
        self.retry_at = Time::ZERO;
    }

    /// Where it is to be fetched: from the preferred replica until that time is over, else from the leader
    /// (`preferredReadReplica`).
    pub fn read_replica(&self, now: Time) -> Option<NodeId> {
        let preferred = self.preferred.filter(|&(_, until)| now <= until).map(|(replica, _)| replica);
        preferred.or_else(|| self.current_leader?.leader)
    }

    /// The leader sent it to this replica (`updatePreferredReadReplica`).
    pub fn prefer(&mut self, partition: TopicPartition, replica: NodeId, until: Time, out: &mut Out) {
        if self.preferred.is_none_or(|(known, _)| known != replica) {
            out.note(Note::ReadReplicaChosen { partition, replica });
        }
        self.preferred = Some((replica, until));
    }

    /// Back to the leader, if it read elsewhere (`clearPreferredReadReplica`); returns whether it did.
    pub fn drop_preferred(&mut self, partition: TopicPartition, error: ErrorCode, out: &mut Out) -> bool {
        let Some((replica, _)) = self.preferred.take() else { return false };
        out.note(Note::ReadReplicaDropped { partition, replica, error });
        true
    }

    /// The leader says where `offset_epoch` ends (`maybeCompleteValidation`). `asked` is the position at the time of
    /// the question, `end` is undefined when the leader knows no such epoch.
    pub fn complete_validation(
        &mut self,
        asked: &FetchPosition,
        end: Option<(LeaderEpoch, Offset)>,
    ) -> Validated {
        let Some(position) = self.fetch_position().filter(|position| position == asked) else {
            return Validated::Outdated;
        };
        if !self.awaits_validation {
            return Validated::Outdated;
        }
        match end {
            Some((_, end)) if end >= position.offset => {
                self.awaits_validation = false;
                self.retry_at = Time::ZERO;
                Validated::Valid
            }
            _ => Validated::Truncated(position.offset, end.map(|(_, end)| end)),
        }
    }

    /// Goes on at another offset, which needs no validation (`seekValidated`).
    pub fn seek(&mut self, to: Offset, epoch: Option<LeaderEpoch>) {
        self.offset = Some(to);
        self.offset_epoch = epoch;
        self.awaits_validation = false;
        self.reset_to = None;
        self.retry_at = Time::ZERO;
    }

    /// The position is given up, and a new one looked up (`requestOffsetReset`).
    pub fn reset(&mut self, to: OffsetReset) {
        self.reset_from = self.offset.take();
        self.offset_epoch = None;
        self.awaits_validation = false;
        self.reset_to = Some(to);
        self.retry_at = Time::ZERO;
    }

    /// What a question about this position is about; `None` without a record read or a leader.
    pub fn fetch_position(&self) -> Option<FetchPosition> {
        let (offset, epoch, leader) = (self.offset?, self.offset_epoch?, self.current_leader?);
        Some(FetchPosition { offset, epoch, leader })
    }
}

/// A position with the epoch of the record before it, and the leader that is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchPosition {
    /// Next offset to read.
    pub offset: Offset,
    /// Epoch of the last record read.
    pub epoch: LeaderEpoch,
    /// The leader that it is to be valid for.
    pub leader: LeaderAndEpoch,
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
