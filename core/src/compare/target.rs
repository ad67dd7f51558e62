//! Places of a script that mean the same in every mode: `crash controller`, `slow follower:orders-0 2s`.
//!
//! | word | who that is |
//! |---|---|
//! | `controller` | the active controller: with ZooKeeper the broker that has the office |
//! | `leader:orders` | who leads the topic's first partition that the controller does not lead |
//! | `leader:orders-0`, `follower:orders-0` | who leads the partition; the first of its other replicas |
//! | `majority:orders-0` | the smallest majority of its replicas, the leader among them |
//! | `majority:metadata` | the smallest majority of those who keep the metadata: controllers, or members of ZooKeeper |
//! | `down` | everybody who was running once and is not now |
//!
//! Also says where an action has no meaning: a mode lacks the node, or what it is asked for.

use crate::id::{NodeId, NodeKind, TopicPartition};
use crate::mode::{MetadataPlane, Mode, ReplicationPlane};
use crate::node::Command;
use crate::process::{Broker, Process};
use crate::scenario::words::Names;
use crate::sim::Sim;
use crate::sim::action::Action;
use crate::sim::adapt::adapt;
use crate::sim::world::{Slot, World};
use crate::view::Health;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use serde::Serialize;

/// Why an action has no meaning here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Nowhere {
    /// With ZooKeeper a broker is the controller.
    NoControllers,
    /// The mode has no ZooKeeper.
    NoZooKeeper,
    /// What is asked for exists only where controllers keep the metadata.
    NoQuorum,
    /// A Raft group elects its leader itself, and has no ISR.
    GroupsElect,
    /// Nobody is that at the moment, or it cannot be done now.
    NotNow(String),
}

impl Nowhere {
    /// A key for the page's words.
    pub const fn key(&self) -> &'static str {
        match self {
            Nowhere::NoControllers => "no-controllers",
            Nowhere::NoZooKeeper => "no-zookeeper",
            Nowhere::NoQuorum => "no-quorum",
            Nowhere::GroupsElect => "groups-elect",
            Nowhere::NotNow(_) => "not-now",
        }
    }
}

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Nowhere::NoControllers => "this mode has no controllers of their own: a broker is the controller",
            Nowhere::NoZooKeeper => "this mode has no ZooKeeper: controllers keep the metadata",
            Nowhere::NoQuorum => "this mode has no quorum of controllers that could be asked for it",
            Nowhere::GroupsElect => {
                "in this mode each partition's group elects its leader, and there is no ISR"
            }
            Nowhere::NotNow(why) => why,
        })
    }
}

/// Whether an action means something in this mode.
fn meaning(action: &Action, mode: Mode) -> Result<(), Nowhere> {
    let (with_zookeeper, by_groups) =
        (mode.metadata() == MetadataPlane::ZooKeeper, mode.replication() == ReplicationPlane::Raft);
    for node in action.nodes() {
        match node.kind() {
            NodeKind::Controller if with_zookeeper => return Err(Nowhere::NoControllers),
            NodeKind::ZooKeeper if !with_zookeeper => return Err(Nowhere::NoZooKeeper),
            _ => {}
        }
    }
    match action {
        Action::Call(
            _,
            Command::Resign
            | Command::FailController
            | Command::Append(_)
            | Command::Snapshot { .. }
            | Command::FenceBroker(_)
            | Command::UnregisterBroker(_)
            | Command::AddVoter(_)
            | Command::RemoveVoter(_),
        ) if with_zookeeper => Err(Nowhere::NoQuorum),
        Action::Call(
            _,
            Command::ElectLeader { .. } | Command::ConfigureTopic { .. } | Command::Reassign { .. },
        ) if by_groups => Err(Nowhere::GroupsElect),
        _ => Ok(()),
    }
}

/// The action as it is carried out in this world, whatever run it comes from.
///
/// # Errors
/// Why it has no meaning there.
pub fn here(action: Action, world: &World) -> Result<Action, Nowhere> {
    let adapted = adapt(action, world).ok_or_else(|| {
        let nobody = || Nowhere::NotNow(String::from("what it names does not exist here"));
        meaning(&action, world.genesis.mode).err().unwrap_or_else(nobody)
    })?;
    meaning(&adapted, world.genesis.mode).map(|()| adapted)
}

/// A word that stands for nodes.
enum Place<'a> {
    Controller,
    Leader(&'a str),
    Follower(&'a str),
    Majority(&'a str),
    MetadataMajority,
    Down,
}

impl Place<'_> {
    fn of(word: &str) -> Option<Place<'_>> {
        match word {
            "controller" => return Some(Place::Controller),
            "down" => return Some(Place::Down),
            "majority:metadata" => return Some(Place::MetadataMajority),
            _ => {}
        }
        match word.split_once(':')? {
            ("leader", partition) => Some(Place::Leader(partition)),
            ("follower", partition) => Some(Place::Follower(partition)),
            ("majority", partition) => Some(Place::Majority(partition)),
            _ => None,
        }
    }
}

/// The word of a line that stands for nodes, if there is one: never the verb.
fn symbolic(line: &str) -> Option<(&str, Place<'_>)> {
    let mut words = line.split_whitespace();
    let verb = words.next()?;
    // In a condition `controller` is a subject, and a topic or key may bear any name.
    if matches!(verb, "send" | "call" | "create-topic") {
        return None;
    }
    words.find_map(|word| Place::of(word).map(|place| (word, place)))
}

/// The line as it would read with a node in the place of the word, so that it can be looked at before it is its turn.
///
/// # Errors
/// When the word names no partition.
pub fn placeholder(line: &str, names: &Names) -> Result<String, String> {
    let Some((word, place)) = symbolic(line) else { return Ok(line.to_string()) };
    match place {
        Place::Leader(topic) if names.topic(topic).is_ok() => {}
        Place::Leader(partition) | Place::Follower(partition) | Place::Majority(partition) => {
            names.partition(partition)?;
        }
        Place::Controller | Place::MetadataMajority | Place::Down => {}
    }
    Ok(replaced(line, word, NodeId::broker(1)))
}

fn replaced(line: &str, word: &str, node: NodeId) -> String {
    let node = node.to_string();
    let words: Vec<&str> =
        line.split_whitespace().map(|one| if one == word { node.as_str() } else { one }).collect();
    words.join(" ")
}

/// The line with nodes in the place of the word: one line for each of them.
///
/// # Errors
/// [`Nowhere::NotNow`] when nobody is that at the moment.
pub fn resolve(line: &str, sim: &Sim, names: &Names) -> Result<Vec<String>, Nowhere> {
    let Some((word, place)) = symbolic(line) else { return Ok(vec![line.to_string()]) };
    let nodes = place_of(place, sim, names)?;
    if nodes.is_empty() {
        return Err(Nowhere::NotNow(format!("nobody is '{word}' at the moment")));
    }
    Ok(nodes.into_iter().map(|node| replaced(line, word, node)).collect())
}

fn place_of(place: Place<'_>, sim: &Sim, names: &Names) -> Result<Vec<NodeId>, Nowhere> {
    let world = sim.world();
    let partition = |text: &str| names.partition(text).map_err(Nowhere::NotNow);
    Ok(match place {
        Place::Controller => world.active_controller().into_iter().collect(),
        Place::Leader(text) => match names.topic(text) {
            Ok(topic) => {
                let controller = world.active_controller();
                let partitions = (0..=u16::MAX).map(|partition| TopicPartition { topic, partition });
                let known = partitions.take_while(|&partition| !replicas(sim, partition).is_empty());
                let mut leaders = known.filter_map(|partition| leader(sim, partition));
                leaders.find(|&leader| Some(leader) != controller).into_iter().collect()
            }
            Err(_) => leader(sim, partition(text)?).into_iter().collect(),
        },
        Place::Follower(text) => {
            let partition = partition(text)?;
            let leader = leader(sim, partition);
            let up = |node: &NodeId| Some(*node) != leader && world.health(*node) == Health::Up;
            replicas(sim, partition).into_iter().find(up).into_iter().collect()
        }
        Place::Majority(text) => {
            let partition = partition(text)?;
            let mut members = replicas(sim, partition);
            let leader = leader(sim, partition);
            members.sort_by_key(|node| Some(*node) != leader);
            smallest_majority(sim, members)
        }
        Place::MetadataMajority => {
            let genesis = &world.genesis;
            let members = match genesis.mode.metadata() {
                MetadataPlane::ZooKeeper => genesis.zookeeper_ids().collect(),
                MetadataPlane::KRaft => world.voters().ids().iter().collect(),
            };
            smallest_majority(sim, members)
        }
        Place::Down => {
            let ran = |slot: &&Slot| slot.health == Health::Down && slot.incarnation.0 > 0;
            world.slots.iter().filter(ran).map(|slot| slot.id).collect()
        }
    })
}

/// So many of the members, the first that are up, that the others are no majority.
fn smallest_majority(sim: &Sim, mut members: Vec<NodeId>) -> Vec<NodeId> {
    let enough = members.len() / 2 + 1;
    members.retain(|&node| sim.world().health(node) == Health::Up);
    members.truncate(enough);
    members
}

fn brokers(sim: &Sim) -> impl Iterator<Item = (NodeId, &Broker)> {
    let slots = sim.world().slots.iter();
    slots.filter_map(|slot| Some((slot.id, slot.process.as_ref().and_then(Process::broker)?)))
}

/// Who leads a partition in the highest epoch, as the brokers that run see themselves.
fn leader(sim: &Sim, partition: TopicPartition) -> Option<NodeId> {
    if sim.world().genesis.mode.replication() == ReplicationPlane::Raft {
        return sim.world().raft_leader(partition).map(|(leader, _)| leader);
    }
    let leading = brokers(sim).filter_map(|(id, broker)| {
        let found = broker.replicas.partition(partition)?;
        found.is_leader().then_some((found.leader_epoch, id))
    });
    leading.max().map(|(_, id)| id)
}

fn replicas(sim: &Sim, partition: TopicPartition) -> Vec<NodeId> {
    let known = brokers(sim).filter_map(|(_, broker)| broker.image.partitions.get(&partition));
    let latest = known.max_by_key(|registration| registration.partition_epoch);
    latest.map_or_else(Vec::new, |registration| registration.replicas.iter().collect())
}
