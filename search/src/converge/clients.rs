//! What clients of a healed cluster must come to: V10, V18, C14.
//!
//! Who cannot be served is excused: a producer that no broker can give a producer id; a group whose coordinator is not in the core, may not write, or waits for a high
//! watermark that stands still until something is written, which nobody does; and a consumer that asks where to begin at
//! a leader whose high watermark cannot reach its own epoch.

use super::{Goal, Missing, broker, leader_for_clients, takes_writes};
use crate::heal::Core;
use crate::patience::Patience;
use kraftscope_core::client::Consumer;
use kraftscope_core::client::membership::{Membership, Phase};
use kraftscope_core::client::producer::Producer;
use kraftscope_core::client::subscription::Position;
use kraftscope_core::client::transaction::TransactionManager;
use kraftscope_core::config::OffsetReset;
use kraftscope_core::group::coordinator::partition_of;
use kraftscope_core::id::{NodeId, NodeKind, Offset, TopicPartition};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::process::Process;
use kraftscope_core::record::PartitionRegistration;
use kraftscope_core::replication::Partition;
use kraftscope_core::sim::world::World;
use kraftscope_core::view::Health;

/// The first goal of a client that is not reached.
pub(super) fn missing(world: &World, core: &Core, patience: &Patience, image: &Image) -> Option<Missing> {
    for slot in &world.slots {
        let missing = match &slot.process {
            Some(Process::Producer(producer)) => {
                let rests = producer.batches().is_empty() && producer.blocked.is_empty();
                (!rests && !is_never_named(world, core, producer)).then(|| Missing::at(Goal::V10, slot.id))
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

/// Whether this producer asks in vain for a producer id: it has a good connection to a broker that hears nothing from
/// the controllers, and so gets no ids to hand out. A node that is connected and idle is asked before any other
/// (`NetworkClient.leastLoadedNode`). Its records do not even expire meanwhile: `Sender.runOnce` comes to that only
/// after `maybeSendAndPollTransactionalRequest` has nothing left to ask.
fn is_never_named(world: &World, core: &Core, producer: &Producer) -> bool {
    let named = producer.transactions.as_ref().is_none_or(TransactionManager::has_producer_id);
    let connected = |id: NodeId| producer.network.can_send(id, &world.genesis.settings);
    let vain = |id: NodeId| !core.has(id) && connected(id) && world.health(id) == Health::Up;
    !named && world.genesis.broker_ids().any(vain)
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
        let Some(leader) = leader_for_clients(world, core, id, found).filter(|_| reads) else { continue };
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
    let Some(id) = partition_of(image, membership.group) else { return false };
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

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::config::Settings;
    use kraftscope_core::id::{NodeList, Text};
    use kraftscope_core::node::{Command, Loss};
    use kraftscope_core::record::TopicConfig;
    use kraftscope_core::release::Release;
    use kraftscope_core::scenario::truth;
    use kraftscope_core::sim::action::Action;
    use kraftscope_core::sim::genesis::Genesis;
    use kraftscope_core::sim::{Sim, Step};
    use kraftscope_core::time::Span;

    /// A cluster with a group, and the partition that keeps it. Of a release without ELR: a new minimum empties that,
    /// and a leader whose partition changes looks at its high watermark.
    fn with_group() -> (Sim, TopicPartition) {
        let mut genesis = Genesis { settings: Settings::of(Release::V3_9), ..Genesis::default() };
        genesis.settings.min_insync_replicas = 2;
        genesis.consumers[0].group = Text::new("billing");
        let mut sim = Sim::new(genesis).expect("the genesis is valid");
        run(&mut sim, &mut Patience::default(), Span::secs(15));
        let image = truth(&sim).expect("a controller is active");
        let id = partition_of(image, Text::new("billing").expect("a name")).expect("there is such a topic");
        (sim, id)
    }

    fn run(sim: &mut Sim, patience: &mut Patience, span: Span) {
        let until = sim.now() + span;
        let mut step = Step::default();
        while sim.now() < until && sim.step_into(&mut step) {
            patience.hear(&step.notes, sim.now());
            patience.look(sim, &Core::default());
        }
    }

    /// Whether the only consumer's group is answered, with and without what was seen before.
    fn answers(sim: &Sim, patience: &Patience) -> [bool; 2] {
        let (world, everybody) = (sim.world(), Core::whole(sim));
        let Some(Process::Consumer(consumer)) = world.process(NodeId::consumer(1)) else { return [false; 2] };
        let group = consumer.membership.as_ref().expect("it has a group");
        let image = truth(sim).expect("a controller is active");
        [patience, &Patience::default()]
            .map(|patience| is_answered(world, &everybody, patience, image, group))
    }

    /// Source: `Partition.maybeIncrementLeaderHW` (KIP-966): nothing calls it when a topic is configured anew, and
    /// `CoordinatorRuntime` completes answers in the order of what was written.
    #[test]
    fn a_group_whose_coordinator_cannot_commit_is_not_answered() {
        let (mut sim, id) = with_group();
        let mut patience = Patience::default();
        let controller = sim.world().active_controller().expect("there is one");
        let leader = truth(&sim).and_then(|image| image.partitions[&id].leader).expect("it leads");
        assert_eq!(answers(&sim, &patience), [true; 2]);
        let others: NodeList = sim.world().genesis.broker_ids().filter(|broker| *broker != leader).collect();
        for broker in others.iter() {
            sim.apply(Action::Crash(broker, Loss::Nothing)).expect("it runs");
        }
        run(&mut sim, &mut patience, Span::secs(15));
        assert_eq!(answers(&sim, &patience), [false; 2], "the ISR is too small");
        let (topic, key) = (id.topic, TopicConfig::MinInsyncReplicas);
        let lower = Command::ConfigureTopic { topic, key, value: 1 };
        let asked = sim.apply(Action::Call(controller, lower)).expect("it is asked");
        patience.hear(&asked.notes, sim.now());
        run(&mut sim, &mut patience, Span::millis(50));
        assert_eq!(answers(&sim, &patience), [false, true], "what was written waits for the next write");
    }
}
