//! What may happen, and what it changes: guards and effects, one action at a time.
//!
//! [`enabled`] is the guard, [`apply`] the effect of an enabled action, [`every_action`] all that could be tried.
//! The controller is in [`controller`], the leader's part in [`leader`], the follower's in [`follower`].
//!
//! Source: KafkaReplication.tla for what all models share, and the module of each [`Spec`] for the rest.

pub mod controller;
pub mod follower;
pub mod leader;

use crate::replicas::{Replica, Replicas};
use crate::spec::{Rule, Spec};

/// Which rules hold: a model, less the rules of KIP-320 that were switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The model.
    pub spec: Spec,
    /// Bit `i`: rule `i` of [`Rule::ALL`] is off. Only KIP-320 has these rules.
    without: u8,
}

impl Rules {
    /// The rules of a model as published.
    pub const fn of(spec: Spec) -> Self {
        Self { spec, without: 0 }
    }

    /// The same rules but for `rule`.
    pub const fn without(self, rule: Rule) -> Self {
        Self { without: self.without | 1 << rule as u8, ..self }
    }

    /// Does `rule` hold?
    #[inline]
    pub const fn keep(self, rule: Rule) -> bool {
        self.without & 1 << rule as u8 == 0
    }
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The controller takes a replica out of the ISR; a leader loses its office.
    ControllerShrinkIsr {
        /// Who is taken out.
        replica: Replica,
    },
    /// The controller elects a member of the ISR.
    ControllerElectLeader {
        /// Who will lead.
        leader: Replica,
    },
    /// The replica that the request of `epoch` names takes office.
    BecomeLeader {
        /// Which request.
        epoch: u32,
    },
    /// A presumed leader takes a record from a producer.
    LeaderWrite {
        /// Who writes.
        leader: Replica,
    },
    /// The true leader drops a follower that lags.
    LeaderShrinkIsr {
        /// Who leads.
        leader: Replica,
        /// Who is dropped.
        replica: Replica,
    },
    /// The true leader takes a follower into the ISR.
    LeaderExpandIsr {
        /// Who leads.
        leader: Replica,
        /// Who is taken in.
        replica: Replica,
    },
    /// A presumed leader moves its high watermark over one record.
    LeaderIncHighWatermark {
        /// Who leads.
        leader: Replica,
    },
    /// A replica reads the request of `epoch`, which names another leader.
    BecomeFollower {
        /// Who follows.
        replica: Replica,
        /// Which request.
        epoch: u32,
    },
    /// A follower copies the next record, and learns the leader's high watermark.
    FollowerFetch {
        /// Who fetches.
        follower: Replica,
        /// From whom.
        leader: Replica,
    },
    /// A follower finds that its log left the leader's, and truncates (KIP-320 first try only).
    FollowerTruncate {
        /// Who truncates.
        follower: Replica,
        /// Against whom.
        leader: Replica,
    },
}

/// May `action` happen?
#[inline]
pub fn enabled(rules: Rules, state: &impl Replicas, action: Action) -> bool {
    match action {
        Action::ControllerShrinkIsr { replica } => controller::can_shrink_isr(state, replica),
        Action::ControllerElectLeader { leader } => controller::can_elect(state, leader),
        Action::BecomeLeader { epoch } => leader::can_become(state, epoch),
        Action::LeaderWrite { leader } => leader::can_write(state, leader),
        Action::LeaderShrinkIsr { leader, replica } => leader::can_shrink_isr(rules, state, leader, replica),
        Action::LeaderExpandIsr { leader, replica } => leader::can_expand_isr(rules, state, leader, replica),
        Action::LeaderIncHighWatermark { leader } => leader::can_inc_high_watermark(rules, state, leader),
        Action::BecomeFollower { replica, epoch } => follower::can_become(rules, state, replica, epoch),
        Action::FollowerFetch { follower, leader } => follower::can_fetch(rules, state, follower, leader),
        Action::FollowerTruncate { follower, leader } => {
            follower::can_truncate(rules, state, follower, leader)
        }
    }
}

/// Does an enabled action.
#[inline]
pub fn apply(rules: Rules, state: &mut impl Replicas, action: Action) {
    match action {
        Action::ControllerShrinkIsr { replica } => controller::shrink_isr(state, replica),
        Action::ControllerElectLeader { leader } => controller::elect(state, leader),
        Action::BecomeLeader { epoch } => leader::become_leader(state, epoch),
        Action::LeaderWrite { leader } => leader::write(state, leader),
        Action::LeaderShrinkIsr { leader, replica } => leader::shrink_isr(state, leader, replica),
        Action::LeaderExpandIsr { leader, replica } => leader::expand_isr(state, leader, replica),
        Action::LeaderIncHighWatermark { leader } => leader::inc_high_watermark(state, leader),
        Action::BecomeFollower { replica, epoch } => follower::become_follower(rules, state, replica, epoch),
        Action::FollowerFetch { follower, leader } => follower::fetch(state, follower, leader),
        Action::FollowerTruncate { follower, leader } => follower::truncate(state, follower, leader),
    }
}

/// Hands every action that makes sense for this many replicas and epochs to `visit`, enabled or not.
#[inline]
pub fn every_action(state: &impl Replicas, mut visit: impl FnMut(Action)) {
    let epochs = state.next_epoch();
    for replica in 0..state.count() {
        visit(Action::ControllerElectLeader { leader: replica });
        visit(Action::ControllerShrinkIsr { replica });
        visit(Action::LeaderWrite { leader: replica });
        visit(Action::LeaderIncHighWatermark { leader: replica });
        (0..epochs).for_each(|epoch| visit(Action::BecomeFollower { replica, epoch }));
        for other in (0..state.count()).filter(|&other| other != replica) {
            visit(Action::LeaderExpandIsr { leader: replica, replica: other });
            visit(Action::LeaderShrinkIsr { leader: replica, replica: other });
            visit(Action::FollowerFetch { follower: replica, leader: other });
            visit(Action::FollowerTruncate { follower: replica, leader: other });
        }
    }
    (0..epochs).for_each(|epoch| visit(Action::BecomeLeader { epoch }));
}
