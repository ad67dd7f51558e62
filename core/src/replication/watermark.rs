//! The leader's high watermark: how far the records are committed.
//!
//! Keeps: it never exceeds the log end of any member of the maximal ISR, and on a leader it never goes back.
//! It stands still while the committed ISR is smaller than min.insync.replicas (KIP-966, from 3.7 on).
//! There is no "first commit something of the own epoch" as in Raft: safety comes from every ISR member having
//! all committed records.
//! Source: `Partition.maybeIncrementLeaderHW`.

use super::isr::Standing;
use super::leader::LeaderState;
use super::partition::{Partition, Role};
use crate::config::Settings;
use crate::id::{Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::time::{Span, Time};

/// The smallest log end among the leader, the maximal ISR, and replicas that are caught up in time and may join
/// (else a busy leader would outrun them for ever). `None` while an ISR member's log end is unknown.
fn lowest_log_end(
    leader: &LeaderState,
    leo: Offset,
    now: Time,
    max_lag: Span,
    image: &Image,
) -> Option<Offset> {
    let mut lowest = leo;
    for follower in &leader.followers {
        if follower.leo.is_some_and(|leo| leo >= lowest) {
            continue;
        }
        let waits_for_it = leader.isr.maximal_contains(follower.id)
            || (follower.is_caught_up(leo, now, max_lag)
                && Standing::of(image, follower.id).allows(follower));
        if waits_for_it {
            lowest = follower.leo?;
        }
    }
    Some(lowest)
}

impl Partition {
    /// Moves the high watermark of a leader as far as it may. Returns whether it moved.
    pub(super) fn maybe_increment_hw(
        &mut self,
        partition: TopicPartition,
        leo: Offset,
        now: Time,
        image: &Image,
        settings: &Settings,
        out: &mut Out,
    ) -> bool {
        let Role::Leader(leader) = &mut self.role else { return false };
        let Some(hw) = lowest_log_end(leader, leo, now, settings.replica_lag_time_max, image) else {
            return false;
        };
        if hw <= self.hw {
            return false;
        }
        let isr = leader.isr.committed();
        let min_isr = image.effective_min_isr(partition, settings.min_insync_replicas);
        if settings.features.strict_min_isr && isr.len() < min_isr {
            if !leader.frozen {
                leader.frozen = true;
                out.note(Note::HighWatermarkFrozen { partition, isr, min_isr });
            }
            return false;
        }
        leader.frozen = false;
        out.note(Note::HighWatermarkAdvanced { partition, from: self.hw, to: hw, isr });
        self.hw = hw;
        true
    }
}
