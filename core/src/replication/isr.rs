//! The in-sync replicas as their leader sees them, and the change that it asks the controller for.
//!
//! Keeps (KIP-497): at most one change is on its way. A replica that is about to join counts already for the
//! high watermark, one that is about to leave counts still (`maximal ISR`), so that the leader is never less
//! strict than the controller, whichever way the request ends.
//! Source: `PartitionState`, `PendingExpandIsr`, `PendingShrinkIsr`, `Partition.isReplicaIsrEligible`
//! (KIP-841, KIP-903), `Partition.getOutOfSyncReplicas`.

use super::leader::{FollowerState, LeaderState};
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, NodeList, Offset};
use crate::metadata::image::Image;
use crate::switches::Features;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// The committed ISR, and what was proposed on top of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IsrState {
    /// Nothing is on its way.
    Committed {
        /// What the controller has.
        isr: NodeList,
    },
    /// A replica is about to join.
    PendingExpand {
        /// What the controller had last.
        isr: NodeList,
        /// Who joins.
        joining: NodeId,
    },
    /// Replicas are about to leave.
    PendingShrink {
        /// What the controller had last.
        isr: NodeList,
        /// Who leaves.
        out: NodeList,
    },
}

impl IsrState {
    /// The ISR that the controller confirmed last.
    pub const fn committed(&self) -> NodeList {
        match *self {
            IsrState::Committed { isr }
            | IsrState::PendingExpand { isr, .. }
            | IsrState::PendingShrink { isr, .. } => isr,
        }
    }

    /// Whom the high watermark must wait for: the committed ISR and a replica that is about to join.
    pub fn maximal(&self) -> NodeList {
        match *self {
            IsrState::Committed { isr } | IsrState::PendingShrink { isr, .. } => isr,
            IsrState::PendingExpand { isr, joining } => isr.with(joining),
        }
    }

    /// Whether `id` is in the maximal ISR.
    pub fn maximal_contains(&self, id: NodeId) -> bool {
        match *self {
            IsrState::Committed { isr } | IsrState::PendingShrink { isr, .. } => isr.contains(id),
            IsrState::PendingExpand { isr, joining } => joining == id || isr.contains(id),
        }
    }

    /// Whether the high watermark waits for `id`: a member of the maximal ISR. The two switches are the two ways
    /// of getting it wrong: not to wait for who joins, and not to wait any more for who leaves.
    pub(super) fn holds_hw(&self, id: NodeId, features: &Features) -> bool {
        match *self {
            IsrState::Committed { isr } => isr.contains(id),
            IsrState::PendingExpand { isr, joining } => {
                isr.contains(id) || (joining == id && features.maximal_isr)
            }
            IsrState::PendingShrink { isr, out } => {
                isr.contains(id) && (features.shrink_waits_for_answer || !out.contains(id))
            }
        }
    }

    /// The ISR that is being asked for; the committed one when nothing is.
    pub fn proposed(&self) -> NodeList {
        match *self {
            IsrState::Committed { isr } => isr,
            IsrState::PendingExpand { isr, joining } => isr.with(joining),
            IsrState::PendingShrink { isr, out } => isr.iter().filter(|&id| !out.contains(id)).collect(),
        }
    }

    /// Whether a change is on its way.
    pub const fn is_in_flight(&self) -> bool {
        matches!(self, IsrState::PendingExpand { .. } | IsrState::PendingShrink { .. })
    }
}

/// What the leader's image says of a broker, as far as the ISR is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Its epoch, if it is registered and unfenced (`getAliveBrokerEpoch`).
    alive_epoch: Option<BrokerEpoch>,
    shutting_down: bool,
}

impl Standing {
    pub(super) fn of(image: &Image, broker: NodeId) -> Standing {
        let registration = image.brokers.get(&broker);
        Standing {
            alive_epoch: registration.filter(|r| !r.fenced).map(|r| r.broker_epoch),
            shutting_down: registration.is_some_and(|r| r.in_controlled_shutdown),
        }
    }

    /// Whether a fetch with this broker epoch comes from an earlier life of the broker (KAFKA-15221).
    pub(super) fn outdates(&self, fetch_epoch: Option<BrokerEpoch>) -> bool {
        fetch_epoch.is_some_and(|epoch| self.alive_epoch.is_some_and(|alive| alive > epoch))
    }

    /// Whether the follower may be in an ISR: not fenced, not shutting down (KIP-841), and its last fetch came from
    /// the very life of the broker that is registered (KIP-903).
    pub(super) fn allows(&self, follower: &FollowerState, features: &Features) -> bool {
        let active = self.alive_epoch.is_some() && !self.shutting_down;
        let same_life = follower.leo.is_some()
            && follower.broker_epoch.is_none_or(|epoch| self.alive_epoch.is_none_or(|alive| epoch == alive));
        (active || !features.ineligible_replicas_refused) && (same_life || !features.broker_epoch_checked)
    }
}

impl LeaderState {
    /// Whether `id` should be proposed for the ISR: it is not in it, nothing else is on its way, it reached the
    /// high watermark and the start of this epoch (below it there may be committed records that it lacks),
    /// and its broker may join.
    pub(super) fn should_expand(
        &self,
        id: NodeId,
        (epoch, hw): (LeaderEpoch, Offset),
        standing: Standing,
        features: &Features,
    ) -> bool {
        if self.isr.is_in_flight() || self.isr.committed().contains(id) {
            return false;
        }
        let Some(follower) = self.follower(id) else { return false };
        if features.expansion_needs_current_epoch && follower.leader_epoch != epoch {
            return false;
        }
        let from = if features.expansion_waits_for_epoch_start { self.epoch_start.max(hw) } else { hw };
        follower.leo.is_some_and(|leo| leo >= from) && standing.allows(follower, features)
    }

    /// Members of the ISR that lag for longer than `max_lag`, and the longest silence among them. Nobody while
    /// a change is on its way. A member that is no assigned replica counts as lagging.
    pub(super) fn out_of_sync(&self, me: NodeId, leo: Offset, now: Time, max_lag: Span) -> (NodeList, Span) {
        let mut out = NodeList::EMPTY;
        let mut silent = Span::ZERO;
        if self.isr.is_in_flight() {
            return (out, silent);
        }
        for id in self.isr.committed().iter().filter(|&id| id != me) {
            let follower = self.follower(id);
            if follower.is_none_or(|f| !f.is_caught_up(leo, now, max_lag)) {
                out.push(id);
                let then = follower.and_then(|f| f.last_caught_up).unwrap_or_default();
                silent = silent.max(now.since(then));
            }
        }
        (out, silent)
    }
}
