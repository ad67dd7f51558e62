//! What clients of a healed cluster must come to: V10, V18, C14.
//!
//! Who cannot be served is excused: a group whose coordinator is not in the core, may not write, or waits for a high
//! watermark that stands still until something is written, which nobody does; and a consumer that asks where to begin at a leader whose high watermark cannot reach its own epoch.

use super::{Goal, Missing, broker, takes_writes};
use crate::heal::Core;
use crate::patience::Patience;
use kraftscope_core::client::Consumer;
use kraftscope_core::client::membership::{Membership, Phase};
use kraftscope_core::client::subscription::Position;
use kraftscope_core::config::OffsetReset;
use kraftscope_core::group::coordinator::OFFSETS_TOPIC;
use kraftscope_core::group::partition_for;
use kraftscope_core::id::{NodeId, NodeKind, Offset, TopicPartition};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::process::Process;
use kraftscope_core::record::PartitionRegistration;
use kraftscope_core::replication::Partition;
use kraftscope_core::sim::world::World;

/// The first goal of a client that is not reached.
pub(super) fn missing(world: &World, core: &Core, patience: &Patience, image: &Image) -> Option<Missing> {
    for slot in &world.slots {
        let missing = match &slot.process {
            Some(Process::Producer(producer)) => {
                let rests = producer.batches().is_empty() && producer.blocked.is_empty();
                (!rests).then(|| Missing::at(Goal::V10, slot.id))
            }
            Some(Process::Consumer(consumer)) => {
                let answered = consumer
                    .membership
                    .as_ref()
                    .is_none_or(|group| is_answered(world, core, patience, image, group));
                shares(world, image, consumer, answered)
                    .or_else(|| reads(world, core, image, consumer, answered))
            }
            _ => None,
        };
        if missing.is_some() {
            return missing;
        }
    }
    (world.slots.iter().any(|slot| slot.id.kind() == NodeKind::Consumer && slot.process.is_none()))
        .then(|| Missing::of(Goal::C14))
}

/// Whether this member is in its group, and the partitions of its topics each belong to one member.
fn shares(world: &World, image: &Image, consumer: &Consumer, answered: bool) -> Option<Missing> {
    let group = consumer.membership.as_ref().filter(|_| answered)?;
    if group.phase != Phase::Stable {
        return Some(Missing::at(Goal::V18, consumer.id));
    }
    let owners = |id: TopicPartition| {
        let others = world.of_kind(NodeKind::Consumer).filter_map(|slot| match &slot.process {
            Some(Process::Consumer(other)) => other.membership.as_ref(),
            _ => None,
        });
        others.filter(|other| other.group == group.group && other.owned.contains(&id)).count()
    };
    let mine = image.partitions.keys().copied().filter(|id| subscribes(consumer, image, *id));
    mine.into_iter().find(|id| owners(*id) != 1).map(|id| Missing {
        goal: Goal::V18,
        partition: Some(id),
        node: Some(consumer.id),
    })
}

fn subscribes(consumer: &Consumer, image: &Image, id: TopicPartition) -> bool {
    image.topics.get(&id.topic).is_some_and(|topic| consumer.spec.topics.contains(&topic.name))
}

/// Whether it has read everything that it reads.
fn reads(world: &World, core: &Core, image: &Image, consumer: &Consumer, answered: bool) -> Option<Missing> {
    for (&id, found) in &image.partitions {
        let reads = match &consumer.membership {
            // Without a coordinator nobody learns where to begin; who has begun reads on.
            Some(group) => group.owned.contains(&id) && (answered || consumer.positions.contains_key(&id)),
            None => subscribes(consumer, image, id),
        };
        let Some(leader) = found.leader.filter(|leader| reads && core.has(*leader)) else { continue };
        let hw = broker(world, leader)?.replicas.partition(id)?.hw;
        let position = consumer.positions.get(&id);
        let wants = position.is_none_or(|position| position.offset < Some(hw));
        let asks_for_end =
            |position: &Position| position.awaits_reset() && position.reset_to == Some(OffsetReset::Latest);
        let asks_in_vain =
            position.is_some_and(asks_for_end) && tells_no_end(world, core, image, (id, found), leader);
        if wants && !asks_in_vain {
            return Some(Missing { goal: Goal::C14, partition: Some(id), node: Some(consumer.id) });
        }
    }
    None
}

/// Whether this leader answers `OFFSET_NOT_AVAILABLE` to who asks for the end, for good: it has not committed anything
/// since it leads, and has too few replicas to do so (KIP-207).
fn tells_no_end(
    world: &World,
    core: &Core,
    image: &Image,
    (id, found): (TopicPartition, &PartitionRegistration),
    leader: NodeId,
) -> bool {
    let partition = broker(world, leader).and_then(|broker| broker.replicas.partition(id));
    let lags = partition
        .is_some_and(|partition| partition.as_leader().is_some_and(|state| partition.hw < state.epoch_start));
    lags && !takes_writes(world, core, image, id, found)
}

/// Whether the coordinator of a group lives and may write: else nobody joins, or learns where to begin. Answers wait for
/// what was written before them, also those that write nothing: they never come while that high watermark stands still.
fn is_answered(
    world: &World,
    core: &Core,
    patience: &Patience,
    image: &Image,
    membership: &Membership,
) -> bool {
    let Some(topic) = image.topic_named(OFFSETS_TOPIC) else { return false };
    let count = image.partitions.keys().filter(|id| id.topic == topic).count() as u16;
    let id = TopicPartition { topic, partition: partition_for(membership.group, count) };
    image.partitions.get(&id).is_some_and(|found| {
        let min_isr = image.effective_min_isr(id, &world.genesis.settings);
        let writes = found.leader.is_some_and(|leader| core.has(leader)) && found.isr.len() >= min_isr;
        writes && !found.leader.is_some_and(|leader| commits_nothing(world, patience, id, leader))
    })
}

/// Whether the high watermark of this leader may stay below its log end for good.
pub(super) fn commits_nothing(
    world: &World,
    patience: &Patience,
    id: TopicPartition,
    leader: NodeId,
) -> bool {
    let Some(replicas) = broker(world, leader).map(|broker| &broker.replicas) else { return false };
    let end = replicas.disk.replicas.get(&id).map_or(Offset(0), |replica| replica.leo());
    let max_lag = world.genesis.settings.replica_lag_time_max;
    let stands = |partition: &Partition| {
        partition.hw < end
            && partition.as_leader().is_some_and(|state| patience.stands_still(id, state, end, max_lag))
    };
    replicas.partition(id).is_some_and(stands)
}
