//! What must hold in every state.
//!
//! Source: KafkaReplication.tla, `WeakIsr` and `StrongIsr`.

use crate::replicas::{Replica, ReplicaSet, Replicas, members};

/// The bit of [`weak_isr`].
pub const WEAK: u32 = 0;
/// The bit of [`strong_isr`].
pub const STRONG: u32 = 1;

/// Whoever believes that it leads agrees with every member of the ISR *it believes in*, on every record below
/// its high watermark.
#[inline]
pub fn weak_isr(state: &impl Replicas) -> bool {
    leaders(state).all(|leader| agree(state, leader, state.believed(leader).isr))
}

/// Whoever believes that it leads agrees with every member of the *true* ISR, on every record below its high
/// watermark: whoever is elected next has all that a consumer ever saw.
#[inline]
pub fn strong_isr(state: &impl Replicas) -> bool {
    let isr = state.quorum().isr;
    leaders(state).all(|leader| agree(state, leader, isr))
}

#[inline]
fn leaders(state: &impl Replicas) -> impl Iterator<Item = Replica> {
    (0..state.count()).filter(|&replica| state.presumes_leadership(replica))
}

#[inline]
fn agree(state: &impl Replicas, leader: Replica, isr: ReplicaSet) -> bool {
    (0..state.hw(leader)).all(|offset| {
        let entry = state.entry(leader, offset);
        members(isr).all(|member| entry.is_some() && state.entry(member, offset) == entry)
    })
}
