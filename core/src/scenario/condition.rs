//! Conditions on a cluster, as text and as data: what "until …" waits for, what a lesson's goal asks, what a
//! scenario expects. `leader orders-0 = broker-2 and isr orders-0 lacks broker-1`.

use crate::client::ProducerSpec;
use crate::config::Acks;
use crate::explain;
use crate::id::{LeaderEpoch, NODE_LIST_CAPACITY, NodeId, NodeList, TopicPartition};
use crate::metadata::image::Image;
use crate::mode::ReplicationPlane;
use crate::note::Note;
use crate::process::{Broker, Process};
use crate::record::PartitionRegistration;
use crate::scenario::words::{self, Names};
use crate::sim::Sim;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// All of these hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition(Vec<Clause>);

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
}

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Count {
    /// High watermark of a partition at its leader.
    HighWatermark(TopicPartition),
    /// Log end offset of a replica.
    LogEnd(TopicPartition, NodeId),
    /// High watermark of a replica.
    ReplicaHw(TopicPartition, NodeId),
    /// Leader epoch of a partition, in the controller's eyes or by the election of its Raft group.
    LeaderEpoch(TopicPartition),
    /// Epoch of a controller or broker in the quorum.
    QuorumEpoch(NodeId),
    /// High watermark of the metadata log, as far as a controller or broker knows.
    MetadataHw(NodeId),
    /// Log end offset of a controller's or broker's metadata log.
    MetadataEnd(NodeId),
    /// Size of a partition's ISR, in the controller's eyes.
    IsrSize(TopicPartition),
    /// Records whose acknowledgement arrived.
    Acked,
    /// Records that the application was told have failed.
    Failed,
    /// Records that consumers have read.
    Consumed,
    /// Microseconds since the start.
    Time,
    /// Event number.
    Event,
    /// Broken invariants.
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Clause {
    Leader(TopicPartition, Compare, Option<NodeId>),
    IsrIs(TopicPartition, Compare, NodeList),
    IsrHas(TopicPartition, NodeId, bool),
    ElrIs(TopicPartition, Compare, NodeList),
    ElrHas(TopicPartition, NodeId, bool),
    Controller(Compare, Option<NodeId>),
    Role(NodeId, String),
    Fenced(NodeId, bool),
    Up(NodeId, bool),
    Counted(Count, Compare, u64),
    Noted(String),
    Ready,
}

impl Compare {
    fn parse(text: &str) -> Result<Compare, String> {
        Ok(match text {
            "=" | "==" | "is" => Compare::Equal,
            "!=" => Compare::NotEqual,
            ">=" => Compare::AtLeast,
            "<=" => Compare::AtMost,
            ">" => Compare::Above,
            "<" => Compare::Below,
            _ => return Err(format!("'{text}' compares nothing: write =, !=, >=, <=, > or <")),
        })
    }

    fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Compare::Equal => left == right,
            Compare::NotEqual => left != right,
            Compare::AtLeast => left >= right,
            Compare::AtMost => left <= right,
            Compare::Above => left > right,
            Compare::Below => left < right,
        }
    }
}

impl Condition {
    /// Reads a condition. Errors say what was expected.
    pub fn parse(text: &str, names: &Names) -> Result<Condition, String> {
        let clauses: Result<Vec<Clause>, String> =
            text.split(" and ").map(|part| clause(part, names)).collect();
        clauses.map(Condition)
    }

    /// Whether it holds now; `notes` are those of the last event.
    pub fn holds<'a>(&self, sim: &Sim, notes: impl Iterator<Item = &'a Note> + Clone) -> bool {
        self.0.iter().all(|clause| clause.holds(sim, notes.clone()))
    }
}

fn clause(text: &str, names: &Names) -> Result<Clause, String> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    match parts.as_slice() {
        ["leader", partition, "exists"] => {
            Ok(Clause::Leader(names.partition(partition)?, Compare::NotEqual, None))
        }
        ["leader", partition, compare, who] => {
            Ok(Clause::Leader(names.partition(partition)?, Compare::parse(compare)?, maybe_node(who)?))
        }
        ["isr", partition, "has", node] => {
            Ok(Clause::IsrHas(names.partition(partition)?, NodeId::parse(node)?, true))
        }
        ["isr", partition, "lacks", node] => {
            Ok(Clause::IsrHas(names.partition(partition)?, NodeId::parse(node)?, false))
        }
        ["elr", partition, rest @ ..] => elr(names.partition(partition)?, rest),
        ["isr", partition, "size", compare, n] => {
            counted(Count::IsrSize(names.partition(partition)?), compare, n)
        }
        ["isr", partition, compare, list] => {
            Ok(Clause::IsrIs(names.partition(partition)?, Compare::parse(compare)?, members(list)?))
        }
        ["controller", "exists"] => Ok(Clause::Controller(Compare::NotEqual, None)),
        ["controller", compare, who] => Ok(Clause::Controller(Compare::parse(compare)?, maybe_node(who)?)),
        ["role", node, _, role] => Ok(Clause::Role(NodeId::parse(node)?, role.to_lowercase())),
        ["fenced", node] => Ok(Clause::Fenced(NodeId::parse(node)?, true)),
        ["unfenced", node] => Ok(Clause::Fenced(NodeId::parse(node)?, false)),
        ["running", node] => Ok(Clause::Up(NodeId::parse(node)?, true)),
        ["down", node] => Ok(Clause::Up(NodeId::parse(node)?, false)),
        ["note", name] => noted(name),
        ["ready"] => Ok(Clause::Ready),
        ["broken"] => Ok(Clause::Counted(Count::Broken, Compare::AtLeast, 1)),
        ["time", compare, moment] => {
            Ok(Clause::Counted(Count::Time, Compare::parse(compare)?, words::time(moment)?.0))
        }
        ["hw", what, compare, n] => match NodeId::parse(what) {
            Ok(node) => counted(Count::MetadataHw(node), compare, n),
            Err(_) => counted(Count::HighWatermark(names.partition(what)?), compare, n),
        },
        ["leo", node, compare, n] => counted(Count::MetadataEnd(NodeId::parse(node)?), compare, n),
        ["epoch", what, compare, n] => match NodeId::parse(what) {
            Ok(node) => counted(Count::QuorumEpoch(node), compare, n),
            Err(_) => counted(Count::LeaderEpoch(names.partition(what)?), compare, n),
        },
        ["leo", partition, node, compare, n] => {
            counted(Count::LogEnd(names.partition(partition)?, NodeId::parse(node)?), compare, n)
        }
        ["hw", partition, node, compare, n] => {
            counted(Count::ReplicaHw(names.partition(partition)?, NodeId::parse(node)?), compare, n)
        }
        ["acked", compare, n] => counted(Count::Acked, compare, n),
        ["failed", compare, n] => counted(Count::Failed, compare, n),
        ["consumed", compare, n] => counted(Count::Consumed, compare, n),
        ["event", compare, n] => counted(Count::Event, compare, n),
        _ => Err(format!(
            "'{text}' is no condition: write one like 'leader orders-0 != broker-1', 'isr orders-0 has broker-3', \
             'hw orders-0 >= 5', 'controller exists', 'note LeaderElected' or 'time >= 12s'"
        )),
    }
}

fn elr(partition: TopicPartition, rest: &[&str]) -> Result<Clause, String> {
    match rest {
        ["has", node] => Ok(Clause::ElrHas(partition, NodeId::parse(node)?, true)),
        ["lacks", node] => Ok(Clause::ElrHas(partition, NodeId::parse(node)?, false)),
        [compare, "none"] => Ok(Clause::ElrIs(partition, Compare::parse(compare)?, NodeList::EMPTY)),
        [compare, list] => Ok(Clause::ElrIs(partition, Compare::parse(compare)?, members(list)?)),
        _ => Err(String::from(
            "write 'elr orders-0 has broker-3', 'elr orders-0 = 2,3' or 'elr orders-0 = none'",
        )),
    }
}

fn members(text: &str) -> Result<NodeList, String> {
    let ids: Result<Vec<NodeId>, String> = text.split(',').map(NodeId::parse).collect();
    match ids? {
        ids if ids.len() <= NODE_LIST_CAPACITY as usize => Ok(NodeList::of(&ids)),
        ids => Err(format!("'{text}' has {} members: write at most {NODE_LIST_CAPACITY}", ids.len())),
    }
}

fn counted(count: Count, compare: &str, n: &str) -> Result<Clause, String> {
    Ok(Clause::Counted(count, Compare::parse(compare)?, words::number(n)?))
}

fn noted(name: &str) -> Result<Clause, String> {
    if explain::KEYS.contains(&name) {
        Ok(Clause::Noted(name.to_string()))
    } else {
        Err(format!("'{name}' is no note: write one like LeaderElected, IsrChanged or HighWatermarkAdvanced"))
    }
}

fn maybe_node(text: &str) -> Result<Option<NodeId>, String> {
    if text == "none" { Ok(None) } else { NodeId::parse(text).map(Some) }
}

impl Clause {
    fn holds<'a>(&self, sim: &Sim, mut notes: impl Iterator<Item = &'a Note>) -> bool {
        match self {
            Clause::Leader(partition, compare, who) => {
                leader_of(sim, *partition).is_some_and(|(leader, _)| compare.holds(&leader, who))
            }
            Clause::IsrIs(partition, compare, members) => registration(sim, *partition)
                .is_some_and(|found| compare.holds(&found.isr.same_members(members), &true)),
            Clause::ElrIs(partition, compare, members) => registration(sim, *partition)
                .is_some_and(|found| compare.holds(&found.elr.same_members(members), &true)),
            Clause::ElrHas(partition, node, has) => {
                registration(sim, *partition).is_some_and(|found| found.elr.contains(*node) == *has)
            }
            Clause::IsrHas(partition, node, has) => {
                registration(sim, *partition).is_some_and(|found| found.isr.contains(*node) == *has)
            }
            Clause::Controller(compare, who) => compare.holds(&sim.world().active_controller(), who),
            Clause::Role(node, role) => sim
                .world()
                .process(*node)
                .and_then(Process::quorum)
                .is_some_and(|quorum| quorum.role().name().to_lowercase() == *role),
            Clause::Fenced(node, fenced) => truth(sim)
                .is_some_and(|image| image.brokers.get(node).is_none_or(|broker| broker.fenced) == *fenced),
            Clause::Up(node, up) => sim.world().process(*node).is_some() == *up,
            Clause::Counted(count, compare, n) => count.of(sim).is_some_and(|found| compare.holds(&found, n)),
            Clause::Noted(name) => notes.any(|note| explain::key(note) == name),
            Clause::Ready => {
                sim.is_set_up() && Count::Acked.of(sim).is_none_or(|acked| acked > 0 || !awaits_acks(sim))
            }
        }
    }
}

/// Whether some producer sends records by itself and will be answered.
fn awaits_acks(sim: &Sim) -> bool {
    let genesis = &sim.world().genesis;
    let acks = |producer: &ProducerSpec| producer.acks.unwrap_or(genesis.settings.acks);
    genesis.producers.iter().any(|producer| producer.interval.0 > 0 && acks(producer) != Acks::Zero)
}

/// What the active controller knows; while there is none, what the furthest broker has replayed. With ZooKeeper what its
/// tree says.
pub fn truth(sim: &Sim) -> Option<&Image> {
    let world = sim.world();
    if let Some(ensemble) = world.ensemble() {
        return Some(ensemble.image());
    }
    let active = world.active_controller().and_then(|id| world.process(id)?.control());
    let furthest = || world.slots.iter().filter_map(broker_of).max_by_key(|broker| broker.applied());
    active.map(|control| control.image()).or_else(|| furthest().map(|broker| &broker.image))
}

fn broker_of(slot: &crate::sim::world::Slot) -> Option<&Broker> {
    slot.process.as_ref()?.broker()
}

/// Who leads a partition, and its leader epoch: in the controller's eyes, or by the election of its Raft group. `None`
/// when there is no such partition.
pub fn leader_of(sim: &Sim, partition: TopicPartition) -> Option<(Option<NodeId>, LeaderEpoch)> {
    let found = registration(sim, partition)?;
    let world = sim.world();
    Some(match world.genesis.mode.replication() {
        ReplicationPlane::Isr => (found.leader, found.leader_epoch),
        ReplicationPlane::Raft => match world.raft_leader(partition) {
            Some((leader, epoch)) => (Some(leader), epoch),
            None => (None, world.raft_epoch(partition)),
        },
    })
}

fn registration(sim: &Sim, partition: TopicPartition) -> Option<&PartitionRegistration> {
    truth(sim)?.partitions.get(&partition)
}

impl Count {
    /// What it is now; `None` when there is nothing to count.
    pub fn of(self, sim: &Sim) -> Option<u64> {
        let world = sim.world();
        let broker = |id: NodeId| world.process(id).and_then(Process::broker);
        match self {
            Count::HighWatermark(partition) => {
                let leader = leader_of(sim, partition)?.0?;
                broker(leader)?.replicas.partition(partition).map(|found| found.hw.0)
            }
            Count::ReplicaHw(partition, id) => {
                broker(id)?.replicas.partition(partition).map(|found| found.hw.0)
            }
            Count::LogEnd(partition, id) => {
                let slot = world.slot(id)?;
                let disk =
                    slot.process.as_ref().and_then(Process::broker).map(|broker| &broker.replicas.disk);
                let replica = disk.unwrap_or(&slot.disk.replicas).replicas.get(&partition)?;
                Some(replica.log.end().0)
            }
            Count::LeaderEpoch(partition) => leader_of(sim, partition).map(|(_, epoch)| u64::from(epoch.0)),
            Count::QuorumEpoch(id) => {
                world.process(id).and_then(Process::quorum).map(|quorum| u64::from(quorum.epoch().0))
            }
            Count::MetadataHw(id) => {
                let quorum = world.process(id).and_then(Process::quorum)?;
                quorum.high_watermark().map(|hw| hw.0)
            }
            Count::MetadataEnd(id) => {
                world.process(id).and_then(Process::quorum).map(|quorum| quorum.log().end().0)
            }
            Count::IsrSize(partition) => registration(sim, partition).map(|found| u64::from(found.isr.len())),
            Count::Acked => Some(clients(sim, |process| match process {
                Process::Producer(producer) => u64::from(producer.acknowledged),
                _ => 0,
            })),
            Count::Failed => Some(clients(sim, |process| match process {
                Process::Producer(producer) => u64::from(producer.failed),
                _ => 0,
            })),
            Count::Consumed => Some(clients(sim, |process| match process {
                Process::Consumer(consumer) => consumer.consumed,
                _ => 0,
            })),
            Count::Time => Some(sim.now().0),
            Count::Event => Some(sim.event().0),
            Count::Broken => Some(sim.checker().map_or(0, |checker| checker.broken_count())),
        }
    }
}

fn clients(sim: &Sim, count: impl Fn(&Process) -> u64) -> u64 {
    sim.world().slots.iter().filter_map(|slot| slot.process.as_ref()).map(count).sum()
}
