//! Where a follower cuts its log when the leader says that the logs part.
//!
//! Keeps: truncation goes by epoch, never by high watermark (KIP-101), and may go below the own high watermark.
//! Each answer moves back at least one epoch, so that the steps end.
//! Source: KIP-595 "truncation on fetch", `AbstractFetcherThread.getOffsetTruncationState` (KIP-279).
//!
//! The protocols of older releases (to the high watermark; OffsetForLeaderEpoch) would live beside
//! [`target`], each as one more function from (own log, answer) to an offset.

use super::disk::ReplicaLog;
use super::partition::Partition;
use crate::epochs::EpochEnd;
use crate::id::{Offset, TopicPartition};
use crate::node::Out;
use crate::note::Note;

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

impl Partition {
    /// Cuts the follower's log where it parts from the leader's. The high watermark never lies beyond the end.
    pub(super) fn cut(&mut self, id: TopicPartition, replica: &mut ReplicaLog, to: Offset, out: &mut Out) {
        let (from, hw) = (replica.leo(), self.hw);
        if replica.truncate_to(to) {
            let (to, leader_epoch) = (replica.leo(), self.leader_epoch);
            out.note(Note::LogTruncated { partition: id, from, to, leader_epoch, hw });
        }
        self.hw = hw.min(replica.leo());
    }
}
