//! How a run ended: the final logs, who still reads, and which partitions have lost their guarantees.

use super::Written;
use crate::converge::leader_for_clients;
use crate::heal::Core;
use kraftscope_core::group::coordinator::OFFSETS_TOPIC;
use kraftscope_core::id::{NodeId, Offset, StepId, TopicPartition};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::process::Process;
use kraftscope_core::record::{Entry, Record};
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::world::Slot;

/// What a leader's log holds when everything has come to rest. Not only below its high watermark: a leader that has
/// too few replicas for `min.insync.replicas` cannot move that, and holds what is committed all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FinalLog {
    /// Where it begins.
    pub start: Offset,
    /// Its records.
    pub records: Vec<Written>,
    /// Consumers can read what is below.
    pub hw: Offset,
}

impl FinalLog {
    /// The end.
    pub fn end(&self) -> Offset {
        self.start.plus(self.records.len() as u64)
    }

    /// The record at this offset.
    pub fn get(&self, offset: Offset) -> Option<Written> {
        let place = offset.0.checked_sub(self.start.0)?;
        self.records.get(place as usize).copied()
    }
}

/// What became of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionEnd {
    /// Which one.
    pub id: TopicPartition,
    /// At which event it lost its guarantees: no promise reaches beyond.
    pub void: Option<StepId>,
    /// Its final log; `None` when nobody leads it any more, or the run ended within the storm.
    pub log: Option<FinalLog>,
}

/// A consumer that is there at the end, and what it reads.
pub type Reader = (NodeId, TopicPartition);

/// The ends of all partitions; `core` is who was healed, once everything has come to rest.
pub fn ends(sim: &Sim, core: Option<&Core>) -> Vec<PartitionEnd> {
    let void = |id| sim.checker()?.void().find(|(void, _)| *void == id).map(|(_, why)| why.event());
    let nothing = Image::default();
    let image = truth(sim).unwrap_or(&nothing);
    image
        .partitions
        .iter()
        .filter(|(id, _)| !is_of_coordinators(image, **id))
        .map(|(&id, found)| PartitionEnd {
            id,
            void: void(id).map(|event| event.unwrap_or_default()),
            log: core.and_then(|core| final_log(sim, id, leader_for_clients(sim.world(), core, id, found)?)),
        })
        .chain(forgotten(sim, image))
        .collect()
}

/// Partitions that are void, and that nobody who runs knows of. Without an active controller only brokers know anything,
/// and one that has just started knows nothing.
fn forgotten<'a>(sim: &'a Sim, image: &'a Image) -> impl Iterator<Item = PartitionEnd> + 'a {
    let void = sim.checker().into_iter().flat_map(|checker| checker.void());
    void.filter(|(id, _)| !image.partitions.contains_key(id)).map(|(id, why)| PartitionEnd {
        id,
        void: Some(why.event().unwrap_or_default()),
        log: None,
    })
}

/// Whether brokers write to it themselves: no client was promised anything about what stands there.
pub(crate) fn is_of_coordinators(image: &Image, id: TopicPartition) -> bool {
    image.topics.get(&id.topic).is_some_and(|topic| topic.name.as_str() == OFFSETS_TOPIC)
}

/// Who reads what at the end. Who still asks where to begin reads nothing yet: a healed cluster has come to rest with it
/// only where nobody can tell ([`crate::converge`]).
pub fn readers(sim: &Sim) -> Vec<Reader> {
    let Some(image) = truth(sim) else { return Vec::new() };
    let reads = |slot: &Slot| match &slot.process {
        Some(Process::Consumer(consumer)) => {
            let wanted = image.topics.iter().filter(|(_, topic)| consumer.spec.topics.contains(&topic.name));
            let topics: Vec<_> = wanted.map(|(&id, _)| id).collect();
            // What a group shares out is read by whoever has it at the end.
            let has = |id: &TopicPartition| {
                consumer.membership.as_ref().is_none_or(|group| group.owned.contains(id))
            };
            let begun = |id: &TopicPartition| {
                consumer.positions.get(id).is_none_or(|position| !position.awaits_reset())
            };
            let reads = |id: &TopicPartition| topics.contains(&id.topic) && has(id) && begun(id);
            let partitions = image.partitions.keys().filter(|id| reads(id));
            partitions.map(|&id| (slot.id, id)).collect()
        }
        _ => Vec::new(),
    };
    sim.world().slots.iter().flat_map(reads).collect()
}

fn final_log(sim: &Sim, id: TopicPartition, leader: NodeId) -> Option<FinalLog> {
    let replicas = &sim.world().process(leader).and_then(Process::broker)?.replicas;
    let hw = replicas.partition(id).filter(|partition| partition.is_leader())?.hw;
    let log = &replicas.disk.replicas.get(&id)?.log;
    let written = |entry: &Entry<Record>| Written {
        epoch: entry.epoch,
        producer: entry.body.producer,
        value: entry.body.value,
    };
    let records = log.iter(log.start(), log.end()).map(|(_, entry)| written(entry)).collect();
    Some(FinalLog { start: log.start(), records, hw })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::mode::Mode;
    use kraftscope_core::node::Loss;
    use kraftscope_core::sim::action::Action;
    use kraftscope_core::sim::genesis::Genesis;
    use kraftscope_core::time::{Span, Time};

    #[test]
    fn what_is_void_is_void_when_nobody_runs_who_knows_the_partition() {
        let mut genesis = Genesis { controllers: 1, ..Genesis::default() };
        genesis.settings.features.elr = false;
        let mut sim = Sim::new(genesis).expect("the genesis is valid");
        let run = |sim: &mut Sim, span: u64| {
            let until = sim.now() + Span::secs(span);
            while sim.now() < until && sim.step().is_some() {}
        };
        run(&mut sim, 10);
        for number in 1..=3 {
            sim.apply(Action::ReplaceDisk(NodeId::broker(number))).expect("it runs");
        }
        for number in 1..=3 {
            sim.apply(Action::Start(NodeId::broker(number))).expect("it is down");
        }
        run(&mut sim, 60);
        let voided = |sim: &Sim| ends(sim, None).iter().filter(|end| end.void.is_some()).count();
        let before = voided(&sim);
        assert!(before > 0);
        for node in [NodeId::broker(1), NodeId::broker(2), NodeId::broker(3), NodeId::controller(1)] {
            sim.apply(Action::Crash(node, Loss::Nothing)).expect("it runs");
        }
        assert!(truth(&sim).is_none());
        assert_eq!(voided(&sim), before);
    }

    /// Source: the Raft paper, section 8: a leader without its majority goes on leading, and answers no reads.
    #[test]
    fn a_group_has_a_final_log_if_its_majority_is_healed() {
        let genesis = Genesis::default().in_mode(Mode::KafkaRaft);
        let mut sim = Sim::new(genesis).expect("the genesis is valid");
        while sim.now() < Time(10_000_000) && sim.step().is_some() {}
        let brokers = |numbers: &[u8]| Core {
            members: numbers.iter().map(|&number| NodeId::broker(number)).collect(),
            dead: Vec::new(),
        };
        let id = *truth(&sim).expect("a controller is active").partitions.keys().next().expect("a partition");
        let (leader, _) = sim.world().raft_leader(id).expect("it was elected");
        let logs = |core: &Core| ends(&sim, Some(core)).iter().filter(|end| end.log.is_some()).count();
        let all = ends(&sim, None).len();
        assert_eq!(logs(&brokers(&[1, 2, 3])), all);
        assert_eq!(logs(&brokers(&[leader.number()])), 0);
    }

    /// Source: `OffsetFetcher.resetPositionsIfNeeded`, KIP-207: the leader may answer `OFFSET_NOT_AVAILABLE` for good.
    #[test]
    fn a_consumer_reads_from_the_moment_when_it_knows_where_to_begin() {
        let mut sim = Sim::new(Genesis::default()).expect("the genesis is valid");
        let asking = |sim: &Sim| {
            let asks = |slot: &Slot| match &slot.process {
                Some(Process::Consumer(consumer)) => consumer.positions.values().any(|at| at.awaits_reset()),
                _ => false,
            };
            sim.world().slots.iter().find(|slot| asks(slot)).map(|slot| slot.id)
        };
        while asking(&sim).is_none() && sim.step().is_some() {}
        let consumer = asking(&sim).expect("it asks where to begin");
        assert!(readers(&sim).iter().all(|(reader, _)| *reader != consumer));
        while sim.now() < Time(10_000_000) && sim.step().is_some() {}
        assert!(readers(&sim).iter().any(|(reader, _)| *reader == consumer));
    }
}
