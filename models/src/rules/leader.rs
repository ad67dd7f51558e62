//! What a replica does that believes it leads: take office, write, change the ISR, move the high watermark.
//!
//! Writes and the high watermark need only the belief; a change of the ISR goes to the quorum at once and is
//! refused to everyone but the true leader.
//!
//! Source: KafkaReplication.tla; Kip320FirstTry.tla (`...BetterFencing`, `Improved...`); Kip320.tla (`Fenced...`).

use super::Rules;
use crate::replicas::{Entry, Replica, Replicas, contains, members};
use crate::spec::{Rule, Spec};

/// The replica that the request of `epoch` names has not heard of that epoch.
#[inline]
pub(super) fn can_become(state: &impl Replicas, epoch: u32) -> bool {
    let leader = state.request(epoch).and_then(|request| request.leader);
    leader.is_some_and(|leader| Some(epoch) > state.believed(leader).epoch)
}

/// The high watermark stays: it is typically behind that of the leader before.
#[inline]
pub(super) fn become_leader(state: &mut impl Replicas, epoch: u32) {
    let request = state.request(epoch);
    if let Some((request, leader)) = request.and_then(|request| Some((request, request.leader?))) {
        state.believe(leader, request);
    }
}

/// Whoever believes that it leads takes writes.
#[inline]
pub(super) fn can_write(state: &impl Replicas, leader: Replica) -> bool {
    state.presumes_leadership(leader) && state.has_record_left() && !state.is_full(state.end(leader))
}

#[inline]
pub(super) fn write(state: &mut impl Replicas, leader: Replica) {
    let id = state.take_record_id();
    if let Some(epoch) = state.believed(leader).epoch {
        state.append(leader, Entry { id, epoch });
    }
}

/// Drops a follower that lags; when that is, each model says for itself.
#[inline]
pub(super) fn can_shrink_isr(rules: Rules, state: &impl Replicas, leader: Replica, replica: Replica) -> bool {
    let end = state.end(leader);
    contains(state.believed(leader).isr, replica)
        && leader != replica
        && state.is_true_leader(leader)
        && match rules.spec {
            Spec::HighWatermark | Spec::Kip101 | Spec::Kip279 => !is_caught_up(state, leader, replica, end),
            Spec::Kip320FirstTry => !is_caught_up_by_epoch(state, leader, replica, end),
            Spec::Kip320 => !state.is_following_epoch(replica, leader) || state.end(replica) < end,
        }
}

#[inline]
pub(super) fn shrink_isr(state: &mut impl Replicas, leader: Replica, replica: Replica) {
    update_isr(state, leader, state.believed(leader).isr & !(1 << replica));
}

/// Takes a follower in that has caught up with the high watermark.
#[inline]
pub(super) fn can_expand_isr(rules: Rules, state: &impl Replicas, leader: Replica, replica: Replica) -> bool {
    let hw = state.hw(leader);
    !contains(state.believed(leader).isr, replica)
        && state.is_true_leader(leader)
        && match rules.spec {
            Spec::HighWatermark | Spec::Kip101 | Spec::Kip279 => is_caught_up(state, leader, replica, hw),
            Spec::Kip320FirstTry => {
                is_caught_up_by_epoch(state, leader, replica, hw) && has_reached_epoch_start(state, leader)
            }
            Spec::Kip320 => {
                follows(rules.keep(Rule::ExpandEpoch), state, leader, replica)
                    && (hw == 0 || state.has_offset(replica, hw - 1))
                    && (!rules.keep(Rule::EpochStart) || has_reached_epoch_start(state, leader))
            }
        }
}

#[inline]
pub(super) fn expand_isr(state: &mut impl Replicas, leader: Replica, replica: Replica) {
    update_isr(state, leader, state.believed(leader).isr | 1 << replica);
}

/// Every member of the leader's own ISR has the record at the high watermark.
#[inline]
pub(super) fn can_inc_high_watermark(rules: Rules, state: &impl Replicas, leader: Replica) -> bool {
    let hw = state.hw(leader);
    let mut isr = members(state.believed(leader).isr);
    state.presumes_leadership(leader)
        && !state.is_full(hw)
        && match rules.spec {
            Spec::HighWatermark | Spec::Kip101 | Spec::Kip279 => {
                isr.all(|member| state.is_following(member, leader) && state.has_offset(member, hw))
            }
            Spec::Kip320FirstTry => {
                state.has_offset(leader, hw)
                    && isr.all(|member| is_caught_up_by_epoch(state, leader, member, hw + 1))
            }
            Spec::Kip320 => {
                state.has_offset(leader, hw)
                    && isr.all(|member| {
                        follows(rules.keep(Rule::HwEpoch), state, leader, member)
                            && state.has_offset(member, hw)
                    })
            }
        }
}

#[inline]
pub(super) fn inc_high_watermark(state: &mut impl Replicas, leader: Replica) {
    state.set_hw(leader, state.hw(leader) + 1);
}

/// The quorum and the leader change together: the model has no request on its way.
#[inline]
fn update_isr(state: &mut impl Replicas, leader: Replica, isr: u32) {
    state.set_quorum_isr(isr);
    state.believe_isr(leader, isr);
}

/// Does `follower` follow `leader`, and, if `in_epoch`, in the leader's epoch?
#[inline]
fn follows(in_epoch: bool, state: &impl Replicas, leader: Replica, follower: Replica) -> bool {
    if in_epoch {
        state.is_following_epoch(follower, leader)
    } else {
        state.presumes_leadership(leader) && state.is_following(follower, leader)
    }
}

/// Up to `end`, by offsets alone.
#[inline]
fn is_caught_up(state: &impl Replicas, leader: Replica, follower: Replica, end: u32) -> bool {
    state.is_following(follower, leader)
        && (end == 0 || (state.has_offset(leader, end - 1) && state.has_offset(follower, end - 1)))
}

/// Up to `end`, and with the leader's epoch in the record before it.
#[inline]
pub(super) fn is_caught_up_by_epoch(
    state: &impl Replicas,
    leader: Replica,
    follower: Replica,
    end: u32,
) -> bool {
    let epoch_before = |replica| state.entry(replica, end - 1).map(|entry| entry.epoch);
    state.presumes_leadership(leader)
        && state.is_following(follower, leader)
        && (end == 0 || (epoch_before(leader).is_some() && epoch_before(leader) == epoch_before(follower)))
}

/// Is everything before the leader's own epoch below its high watermark?
#[inline]
fn has_reached_epoch_start(state: &impl Replicas, leader: Replica) -> bool {
    let hw = state.hw(leader);
    let at_hw = state.entry(leader, hw).map(|entry| entry.epoch);
    hw == state.end(leader) || (at_hw.is_some() && at_hw == state.believed(leader).epoch)
}
