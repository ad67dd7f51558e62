//! From which replica a consumer should read: the leader's answer to a consumer in another rack (KIP-392).
//!
//! It changes nothing. Only members of the ISR that hold the offset come into question: another one could fall behind
//! further and further. Whoever is chosen is a better place, never a duty: a consumer may come back at any time.
//! Source: `ReplicaManager.findPreferredReadReplica`, `RackAwareReplicaSelector`, `ReplicaView.comparator`.

use super::leader::LeaderState;
use crate::config::{Rack, ReplicaSelector, Settings};
use crate::id::{NodeId, Offset};
use crate::metadata::image::Image;

/// The replica that a consumer of this rack is sent to; `None` is the leader `me`.
pub(super) fn preferred(
    me: NodeId,
    leader: &LeaderState,
    offset: Offset,
    rack: Option<Rack>,
    image: &Image,
    settings: &Settings,
) -> Option<NodeId> {
    let aware =
        settings.features.fetch_from_follower && settings.replica_selector == ReplicaSelector::RackAware;
    let rack = rack.filter(|_| aware)?;
    let stands_there = |id: NodeId| settings.broker_rack.get(id.number()) == Some(rack);
    if stands_there(me) {
        return None;
    }
    let isr = leader.isr.committed();
    let alive = |id| image.brokers.get(&id).is_some_and(|registration| !registration.fenced);
    leader
        .followers
        .iter()
        .filter(|follower| stands_there(follower.id) && isr.contains(follower.id) && alive(follower.id))
        .filter(|follower| follower.leo.is_some_and(|leo| leo >= offset))
        .filter(|follower| follower.log_start.is_none_or(|start| start <= offset))
        .max_by_key(|follower| (follower.leo, follower.last_caught_up, follower.id))
        .map(|follower| follower.id)
}
