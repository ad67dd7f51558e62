//! What a replica does that follows: read a request, find the truncation point, fetch.
//!
//! Quirks kept as published: before KIP-320 a follower truncates against the log of a replica that need not lead
//! yet; KIP-101's truncation is impossible, not clamped, when the answer lies above the follower's log end.
//!
//! Source: KafkaReplication.tla, KafkaTruncateToHighWatermark.tla, Kip101.tla, Kip279.tla, Kip320FirstTry.tla,
//! Kip320.tla.

use super::Rules;
use super::leader::is_caught_up_by_epoch;
use crate::replicas::{Replica, Replicas};
use crate::spec::{Rule, Spec};

/// The request of `epoch` names another leader, and is news to `replica`.
#[inline]
pub(super) fn can_become(rules: Rules, state: &impl Replicas, replica: Replica, epoch: u32) -> bool {
    let Some(leader) = state.request(epoch).and_then(|request| request.leader) else { return false };
    leader != replica
        && Some(epoch) > state.believed(replica).epoch
        && match rules.spec {
            Spec::HighWatermark | Spec::Kip101 | Spec::Kip279 => true,
            Spec::Kip320FirstTry => true,
            Spec::Kip320 => {
                !rules.keep(Rule::TruncateEpoch)
                    || (state.presumes_leadership(leader) && state.believed(leader).epoch == Some(epoch))
            }
        }
        && truncation_point(rules, state, replica, leader) <= state.end(replica)
}

#[inline]
pub(super) fn become_follower(rules: Rules, state: &mut impl Replicas, replica: Replica, epoch: u32) {
    let Some(request) = state.request(epoch) else { return };
    let Some(leader) = request.leader else { return };
    if rules.spec != Spec::Kip320FirstTry {
        cut_log(state, replica, truncation_point(rules, state, replica, leader));
    }
    state.believe(replica, request);
}

/// Where the log of a new follower is cut.
#[inline]
fn truncation_point(rules: Rules, state: &impl Replicas, replica: Replica, leader: Replica) -> u32 {
    match rules.spec {
        Spec::HighWatermark => state.hw(replica),
        Spec::Kip101 => end_offset_for_epoch(state, replica, leader),
        Spec::Kip279 | Spec::Kip320 => first_difference(state, replica, leader),
        Spec::Kip320FirstTry => state.end(replica),
    }
}

/// KIP-101: the first offset of the leader with a larger epoch than the follower's last; its log end if that is
/// the follower's epoch; the follower's own high watermark when the leader does not know.
#[inline]
fn end_offset_for_epoch(state: &impl Replicas, replica: Replica, leader: Replica) -> u32 {
    let Some(last) = state.last_entry(replica) else { return 0 };
    match state.last_entry(leader) {
        None => state.hw(replica),
        Some(latest) if latest.epoch == last.epoch => state.end(leader),
        Some(_) => (0..state.end(leader))
            .find(|&offset| state.entry(leader, offset).is_some_and(|entry| entry.epoch > last.epoch))
            .unwrap_or_else(|| state.hw(replica)),
    }
}

/// KIP-279: the offset after the last record that both logs have at the same place.
#[inline]
fn first_difference(state: &impl Replicas, replica: Replica, leader: Replica) -> u32 {
    let same = |offset: &u32| state.entry(replica, *offset) == state.entry(leader, *offset);
    let shared = state.end(replica).min(state.end(leader));
    (0..shared).rev().find(same).map_or(0, |offset| offset + 1)
}

/// The leader has a record more, and the model's fence lets the follower have it.
#[inline]
pub(super) fn can_fetch(rules: Rules, state: &impl Replicas, follower: Replica, leader: Replica) -> bool {
    let end = state.end(follower);
    state.has_offset(leader, end)
        && state.presumes_leadership(leader)
        && state.is_following(follower, leader)
        && match rules.spec {
            Spec::HighWatermark | Spec::Kip101 | Spec::Kip279 => true,
            Spec::Kip320FirstTry => is_caught_up_by_epoch(state, leader, follower, end),
            Spec::Kip320 => !rules.keep(Rule::FetchEpoch) || state.is_following_epoch(follower, leader),
        }
}

#[inline]
pub(super) fn fetch(state: &mut impl Replicas, follower: Replica, leader: Replica) {
    let end = state.end(follower);
    if let Some(entry) = state.entry(leader, end) {
        state.append(follower, entry);
    }
    state.set_hw(follower, state.hw(leader).min(end + 1));
}

/// The follower's log is longer, or its last record has another epoch than the leader's there.
#[inline]
pub(super) fn can_truncate(rules: Rules, state: &impl Replicas, follower: Replica, leader: Replica) -> bool {
    rules.spec == Spec::Kip320FirstTry
        && state.presumes_leadership(leader)
        && state.is_following(follower, leader)
        && needs_truncation(state, follower, leader)
}

#[inline]
fn needs_truncation(state: &impl Replicas, follower: Replica, leader: Replica) -> bool {
    let end = state.end(follower);
    let Some(last) = state.last_entry(follower) else { return false };
    end > state.end(leader) || state.entry(leader, end - 1).is_some_and(|entry| entry.epoch != last.epoch)
}

#[inline]
pub(super) fn truncate(state: &mut impl Replicas, follower: Replica, leader: Replica) {
    cut_log(state, follower, first_difference(state, follower, leader));
}

#[inline]
fn cut_log(state: &mut impl Replicas, replica: Replica, end: u32) {
    state.set_hw(replica, state.hw(replica).min(end));
    state.truncate(replica, end);
}
