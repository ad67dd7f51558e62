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
use crate::id::{LeaderEpoch, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::time::Time;

/// The smallest log end among the leader, the maximal ISR, and replicas that are caught up in time and may join
/// (else a busy leader would outrun them for ever). `None` while an ISR member's log end is unknown.
fn lowest_log_end(
    leader: &LeaderState,
    (epoch, leo): (LeaderEpoch, Offset),
    now: Time,
    image: &Image,
    settings: &Settings,
) -> Option<Offset> {
    let features = &settings.features;
    let mut lowest = leo;
    for follower in &leader.followers {
        let counts = follower.leader_epoch == epoch || !features.hw_counts_current_epoch_only;
        let known = follower.leo.filter(|_| counts);
        if known.is_some_and(|leo| leo >= lowest) {
            continue;
        }
        let waits_for_it = leader.isr.holds_hw(follower.id, features)
            || (follower.is_caught_up(leo, now, settings.replica_lag_time_max)
                && (!features.ineligible_replicas_ignored_by_hw
                    || Standing::of(image, follower.id).allows(follower, features)));
        if waits_for_it {
            lowest = known?;
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
        let Some(hw) = lowest_log_end(leader, (self.leader_epoch, leo), now, image, settings) else {
            return false;
        };
        if hw <= self.hw {
            return false;
        }
        let isr = leader.isr.committed();
        let min_isr = image.effective_min_isr(partition, settings);
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
