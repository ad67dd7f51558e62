//! What a healed Raft group of a partition must come to: a leader, everything committed, the same log everywhere.

use super::{Goal, Missing, broker, members, same_records};
use crate::heal::Core;
use kraftscope_core::id::{NodeId, TopicPartition};
use kraftscope_core::quorum::majority;
use kraftscope_core::record::PartitionRegistration;
use kraftscope_core::sim::world::World;

/// Whether a majority of its replicas is healed: without one it elects nobody and commits nothing.
pub(super) fn has_majority(core: &Core, found: &PartitionRegistration) -> bool {
    members(&found.replicas, core).len() >= majority(found.replicas.len())
}

/// The first goal of this partition that is not reached; none without a majority of its replicas in the core.
pub(super) fn partition(
    world: &World,
    core: &Core,
    id: TopicPartition,
    found: &PartitionRegistration,
) -> Option<Missing> {
    let lacks = |goal, node| Some(Missing { goal, partition: Some(id), node });
    if !has_majority(core, found) {
        return None;
    }
    let replicas = members(&found.replicas, core);
    let Some((leader, _)) = world.raft_leader(id).filter(|(leader, _)| core.has(*leader)) else {
        return lacks(Goal::V15, None);
    };
    let copy = |of: NodeId| {
        let replicas = &broker(world, of)?.replicas;
        Some((replicas.partition(id)?.hw, &replicas.disk.replicas.get(&id)?.log))
    };
    let Some((hw, log)) = copy(leader) else { return lacks(Goal::V15, Some(leader)) };
    if hw != log.end() {
        return lacks(Goal::V9, Some(leader));
    }
    let same = |of: NodeId| copy(of).is_some_and(|(mine, copy)| mine == hw && same_records(log, copy));
    replicas.iter().find(|of| !same(*of)).and_then(|of| lacks(Goal::V12, Some(of)))
}
