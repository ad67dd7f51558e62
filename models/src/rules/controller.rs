//! The controller: it shrinks the ISR when a broker fails, and elects leaders. Both begin an epoch.
//!
//! There is no crash. A replica that the controller takes out may be dead, or may go on as a zombie: both are
//! covered, since it may do anything or nothing afterwards.
//!
//! A quirk kept as published (in the version of January 2020): without a leader, the last member can leave too,
//! and with an empty ISR nothing can ever be elected again. The version before did not allow it.
//!
//! Source: KafkaReplication.tla, `ControllerShrinkIsr`, `ControllerElectLeader`.

use crate::replicas::{Replica, Replicas, contains};

/// A leader can always lose its office; another member can always leave.
#[inline]
pub(super) fn can_shrink_isr(state: &impl Replicas, replica: Replica) -> bool {
    let quorum = state.quorum();
    state.has_epoch_left() && (quorum.leader == Some(replica) || contains(quorum.isr, replica))
}

#[inline]
pub(super) fn shrink_isr(state: &mut impl Replicas, replica: Replica) {
    let quorum = state.quorum();
    let leads = quorum.leader == Some(replica);
    let alone = quorum.isr == 1 << replica;
    let leader = quorum.leader.filter(|_| !leads);
    let isr = if leads && alone { quorum.isr } else { quorum.isr & !(1 << replica) };
    state.begin_epoch(leader, isr);
}

/// Any member of the ISR that does not lead already: an election may follow a failure, or a wish for balance.
#[inline]
pub(super) fn can_elect(state: &impl Replicas, leader: Replica) -> bool {
    let quorum = state.quorum();
    state.has_epoch_left() && contains(quorum.isr, leader) && quorum.leader != Some(leader)
}

#[inline]
pub(super) fn elect(state: &mut impl Replicas, leader: Replica) {
    state.begin_epoch(Some(leader), state.quorum().isr);
}
