//! Where a follower cuts its log when the leader says that the logs part.
//!
//! Keeps: from 0.11 on, truncation goes by epoch, not by high watermark (KIP-101), and may go below the own high
//! watermark. Each answer moves back at least one epoch, so that the steps end.
//! Source: KIP-595 "truncation on fetch", `AbstractFetcherThread.getOffsetTruncationState` (KIP-279),
//! `ReplicaFetcherThread.maybeTruncate` (KIP-101), `ReplicaManager.makeFollowers` (0.10.2).

use super::disk::ReplicaLog;
use super::partition::{FetchState, Partition, Role};
use crate::epochs::EpochEnd;
use crate::id::{Offset, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::switches::{Features, Truncation};
use crate::time::Time;
use crate::wire::EpochEndAnswer;

/// The new log end after the answer "`diverging.epoch` ends at `diverging.end` here".
pub(super) fn target(own: &ReplicaLog, diverging: EpochEnd) -> Offset {
    let leo = own.leo();
    match own.end_offset_for(diverging.epoch) {
        Some(mine) if mine.epoch == diverging.epoch => mine.end.min(diverging.end).min(leo),
        // The leader named an epoch that this log never had: fall back to the end of the epoch below, and the
        // next fetch asks about that one.
        Some(mine) => mine.end.min(leo),
        None => diverging.end.min(leo),
    }
}

/// The new log end after the answer to an OffsetForLeaderEpoch, and whether the logs agree from there on. A
/// leader that knows nothing of the epoch leaves the follower with its high watermark; an answer without an
/// epoch (before 2.0) is taken as it is.
pub(super) fn target_of(own: &ReplicaLog, hw: Offset, answer: &EpochEndAnswer) -> (Offset, bool) {
    let Some(end) = answer.end_offset else { return (hw, true) };
    let Some(epoch) = answer.leader_epoch else { return (end.min(own.leo()), true) };
    let mine = own.end_offset_for(epoch);
    (target(own, EpochEnd { epoch, end }), mine.is_none_or(|mine| mine.epoch == epoch))
}

impl Partition {
    /// Before the first fetch from a leader, in the way of the release: 0.10.2 cuts to the high watermark; from
    /// 0.11 to 2.6 the leader is asked first; later the first fetch asks. A log without any epoch line cannot
    /// be compared by epoch and is cut to its high watermark in every release.
    pub(super) fn prepare_to_fetch(
        &mut self,
        id: TopicPartition,
        replica: &mut ReplicaLog,
        features: &Features,
        out: &mut Out,
    ) {
        let fetch = match features.truncation {
            Truncation::HighWatermark => {
                self.cut(id, replica, self.hw, features, out);
                FetchState::Fetching
            }
            _ if replica.epochs.is_empty() => {
                self.cut(id, replica, self.hw, features, out);
                FetchState::Fetching
            }
            Truncation::LeaderEpoch | Truncation::EpochAndEndOffset => FetchState::Truncating(Time::ZERO),
            Truncation::OnFetch => FetchState::Fetching,
        };
        if let Role::Follower(following) = &mut self.role {
            following.fetch = fetch;
        }
    }

    /// The log is cut where it has to be.
    pub(super) fn begin_to_fetch(&mut self) {
        if let Role::Follower(following) = &mut self.role {
            following.fetch = FetchState::Fetching;
        }
    }

    /// Cuts the follower's log where it parts from the leader's. The high watermark never lies beyond the end.
    pub(super) fn cut(
        &mut self,
        id: TopicPartition,
        replica: &mut ReplicaLog,
        to: Offset,
        features: &Features,
        out: &mut Out,
    ) {
        let (from, hw) = (replica.leo(), self.hw);
        // Before KAFKA-10706 a cut at the log end did nothing at all, not even to the epoch cache.
        if to >= from && !features.truncation_cleans_epoch_cache {
            return;
        }
        if replica.truncate_to(to) {
            let (to, leader_epoch) = (replica.leo(), self.leader_epoch);
            out.note(Note::LogTruncated { partition: id, from, to, leader_epoch, hw });
        }
        self.hw = hw.min(replica.leo());
    }
}
