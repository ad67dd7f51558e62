//! What only a partition's leader keeps: where its epoch began, how far each follower is, the ISR.
//!
//! Keeps: a follower's log end is unknown until its first fetch in this leader's reign, and an unknown log end
//! of an ISR member holds the high watermark.
//! Source: `Replica.java` (`updateFetchStateOrThrow`, `resetReplicaState`), `ReplicaState.isCaughtUp`.

use super::isr::IsrState;
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, NodeList, Offset};
use crate::time::{Span, Time};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A leader's own state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaderState {
    /// `leaderEpochStartOffset`: the log end when this epoch began. Nobody joins the ISR below it.
    pub epoch_start: Offset,
    /// The other assigned replicas, in assignment order.
    pub followers: Vec<FollowerState>,
    /// The ISR and the change that is on its way.
    pub isr: IsrState,
    /// The high watermark wanted to move and was held because the ISR is below min.insync.replicas.
    pub frozen: bool,
}

/// What a leader knows of one follower (`ReplicaState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FollowerState {
    /// The follower.
    pub id: NodeId,
    /// Its log end, as of the offset of its last fetch; `None` before the first.
    pub leo: Option<Offset>,
    /// The leader's own log end at the follower's last fetch.
    pub last_fetch_leader_leo: Option<Offset>,
    /// When it fetched last.
    pub last_fetch: Option<Time>,
    /// When it last held everything that the leader held; `None`: not in this leader's reign.
    pub last_caught_up: Option<Time>,
    /// The broker epoch of its last fetch (KIP-903); `None` is -1, or unknown while `leo` is.
    pub broker_epoch: Option<BrokerEpoch>,
    /// Where its log begins, as of its last fetch; `None` before the first.
    pub log_start: Option<Offset>,
    /// The leader epoch for which `leo` counts: that of its last fetch, or a later one that the same leader began
    /// without any other leader in between.
    pub leader_epoch: LeaderEpoch,
}

impl LeaderState {
    /// A leader that knows nothing of anybody yet.
    pub(super) fn new(epoch_start: Offset) -> LeaderState {
        LeaderState {
            epoch_start,
            followers: Vec::new(),
            isr: IsrState::Committed { isr: NodeList::EMPTY },
            frozen: false,
        }
    }

    /// Takes over the assignment: who stays keeps its state.
    pub(super) fn assign(&mut self, replicas: &NodeList, me: NodeId) {
        let old = core::mem::take(&mut self.followers);
        let known = |id| old.iter().find(|follower| follower.id == id).copied();
        let others = replicas.iter().filter(|&id| id != me);
        self.followers = others.map(|id| known(id).unwrap_or_else(|| FollowerState::unknown(id))).collect();
    }

    /// Begins a leader epoch at `leo`. Members of the ISR get the benefit of the doubt until now; a broker that
    /// did not lead before knows nobody's log end.
    pub(super) fn begin_epoch(&mut self, epoch: LeaderEpoch, leo: Offset, new_leader: bool, now: Time) {
        self.epoch_start = leo;
        self.frozen = false;
        let isr = self.isr.committed();
        for follower in &mut self.followers {
            let in_sync = isr.contains(follower.id).then_some(now);
            if new_leader {
                *follower = FollowerState { last_caught_up: in_sync, ..FollowerState::unknown(follower.id) };
            } else {
                follower.last_fetch_leader_leo = Some(leo);
                follower.last_fetch = in_sync;
                follower.last_caught_up = in_sync;
                follower.leader_epoch = epoch;
            }
        }
    }

    /// The state of one follower.
    pub fn follower(&self, id: NodeId) -> Option<&FollowerState> {
        self.followers.iter().find(|follower| follower.id == id)
    }

    pub(super) fn follower_mut(&mut self, id: NodeId) -> Option<&mut FollowerState> {
        self.followers.iter_mut().find(|follower| follower.id == id)
    }
}

impl FollowerState {
    fn unknown(id: NodeId) -> FollowerState {
        FollowerState {
            id,
            leo: None,
            last_fetch_leader_leo: None,
            last_fetch: None,
            last_caught_up: None,
            broker_epoch: None,
            log_start: None,
            leader_epoch: LeaderEpoch(0),
        }
    }

    /// Notes a fetch at `offset`, made while the leader's log ended at `leader_leo`. A follower that asks for
    /// the leader's end is caught up now; one that asks for what was the end at its previous fetch was caught
    /// up then, so that always lagging by one fetch counts as in sync. Returns whether its log end changed.
    pub(super) fn on_fetch(
        &mut self,
        offset: Offset,
        (broker_epoch, leader_epoch): (Option<BrokerEpoch>, LeaderEpoch),
        leader_leo: Offset,
        now: Time,
    ) -> bool {
        if offset >= leader_leo {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if self.last_fetch_leader_leo.is_none_or(|leo| offset >= leo) {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        let moved = self.leo != Some(offset) || self.leader_epoch != leader_epoch;
        self.leo = Some(offset);
        self.last_fetch_leader_leo = self.last_fetch_leader_leo.max(Some(leader_leo));
        self.last_fetch = Some(now);
        (self.broker_epoch, self.leader_epoch) = (broker_epoch, leader_epoch);
        moved
    }

    /// Whether it holds everything, or did so within `max_lag`. One that is at the leader's end never lags,
    /// however long it has been silent.
    pub fn is_caught_up(&self, leader_leo: Offset, now: Time, max_lag: Span) -> bool {
        self.leo == Some(leader_leo) || self.last_caught_up.is_some_and(|then| now.since(then) <= max_lag)
    }
}
