//! What the ZooKeeper ensemble has committed: the truth of a cluster on ZooKeeper, which no single process need know.
//!
//! Keeps: every transaction that some member knows to be committed is carried out here once, in order, so that the
//! image is as of the last one. What it changed is told for the length of the step in which it became known.
//!
//! It is no process and nobody asks it: conditions, checks and the picture do.

use crate::id::{BrokerEpoch, Incarnation, NodeId, Offset, PartitionEpoch, TopicId, TopicPartition};
use crate::metadata::image::{BrokerRegistration, Image, TopicImage};
use crate::record::{PartitionRegistration, TopicConfig};
use crate::wire::{PartitionInfo, Proposal};
use crate::znode::{Data, EventType, Op, PartitionState, Path, ReplicaAssignment, Stat, Zxid};
use crate::zookeeper::tree::Change;
use crate::zookeeper::{Database, Tree, ZooKeeperServer};
use alloc::vec::Vec;

/// What a committed write means.
#[allow(clippy::large_enum_variant, reason = "few live at a time, and it stays `Copy`")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A partition has another state or other replicas.
    Partition {
        /// Which.
        partition: TopicPartition,
        /// What it was; `None` for a new one.
        before: Option<PartitionRegistration>,
        /// What it is.
        after: PartitionRegistration,
        /// Who wrote its state, and how; `None` when only the replicas are others.
        write: Option<StateWrite>,
    },
    /// A partition is no more.
    PartitionGone(TopicPartition),
    /// A topic was created or configured.
    Topic(TopicId),
    /// A broker's znode was created.
    Registered(NodeId, BrokerEpoch),
    /// It is gone.
    Unregistered(NodeId),
    /// The controller epoch was written; the controller, if there is one at that moment.
    Controller(u32, Option<NodeId>),
}

/// How a state znode was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StateWrite {
    /// What it says.
    pub state: PartitionState,
    /// The version that the writer named.
    pub version: Option<u32>,
    /// The controller epoch at that moment.
    pub controller_epoch: u32,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ensemble {
    database: Database,
    next: Offset,
    image: Image,
    events: Vec<Event>,
}

impl Ensemble {
    /// The metadata as the tree has them.
    pub const fn image(&self) -> &Image {
        &self.image
    }

    /// The tree and the sessions.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// What this step has shown to be committed.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Whom `/controller` names.
    pub fn controller(&self) -> Option<NodeId> {
        node_of(self.database.tree(), Path::Controller)
    }

    /// The epoch that `/controller_epoch` says; 0 before the first controller.
    pub fn controller_epoch(&self) -> u32 {
        controller_epoch(self.database.tree())
    }

    /// A step begins.
    pub(super) fn begin(&mut self) {
        self.events.clear();
    }

    /// A member has handled something: takes over what it knows to be committed.
    pub(super) fn follow(&mut self, server: &ZooKeeperServer) {
        let committed = server.raft().high_watermark();
        if committed <= self.next {
            return;
        }
        let mut changes = Vec::new();
        for (offset, entry) in server.disk.log.iter(self.next, committed) {
            changes.clear();
            let proposal = entry.body.proposal.as_ref();
            self.database.apply(Zxid(offset.0 + 1), proposal, &mut changes);
            for change in &changes {
                self.on_change(change, proposal);
            }
        }
        self.next = committed;
    }

    fn on_change(&mut self, change: &Change, proposal: Option<&Proposal>) {
        match change.path {
            Path::PartitionState(partition) => self.on_state(partition, proposal),
            Path::Topic(topic) => self.on_topic(topic),
            Path::TopicConfig(topic) => self.on_config(topic),
            Path::Broker(broker) => self.on_broker(broker, change.event),
            Path::ControllerEpoch => {
                let controller = node_of(self.database.tree(), Path::Controller);
                let epoch = self.controller_epoch();
                self.events.push(Event::Controller(epoch, controller));
            }
            _ => {}
        }
    }

    fn on_state(&mut self, partition: TopicPartition, proposal: Option<&Proposal>) {
        let tree = self.database.tree();
        let before = self.image.partitions.get(&partition).copied();
        let Some((state, version)) = tree.partition_state(partition) else {
            self.image.partitions.remove(&partition);
            return self.events.push(Event::PartitionGone(partition));
        };
        let after = registration(partition, state, version, assignment(tree, partition));
        let write = StateWrite {
            state,
            version: named_version(partition, proposal),
            controller_epoch: controller_epoch(tree),
        };
        self.image.partitions.insert(partition, after);
        self.events.push(Event::Partition { partition, before, after, write: Some(write) });
    }

    /// A topic is there, is gone, or its partitions have other replicas.
    fn on_topic(&mut self, topic: TopicId) {
        let tree = self.database.tree();
        let Some(Data::Topic(assigned)) = tree.get(Path::Topic(topic)).map(|node| &node.data) else {
            self.image.topics.remove(&topic);
            return self.events.push(Event::Topic(topic));
        };
        topic_of(&mut self.image, topic).name = assigned.name;
        self.events.push(Event::Topic(topic));
        for (number, assignment) in assigned.partitions.iter().enumerate() {
            let partition = TopicPartition { topic, partition: number as u16 };
            let Some((state, version)) = tree.partition_state(partition) else { continue };
            let after = registration(partition, state, version, *assignment);
            let before = self.image.partitions.insert(partition, after);
            if before != Some(after) {
                self.events.push(Event::Partition { partition, before, after, write: None });
            }
        }
    }

    fn on_config(&mut self, topic: TopicId) {
        let config = self.database.tree().get(Path::TopicConfig(topic)).map(|node| &node.data);
        let known = topic_of(&mut self.image, topic);
        (known.min_insync_replicas, known.unclean_leader_election_enable) = (None, None);
        if let Some(Data::Config(settings)) = config {
            for &(key, value) in settings.iter() {
                match key {
                    TopicConfig::MinInsyncReplicas => known.min_insync_replicas = Some(value),
                    TopicConfig::UncleanLeaderElectionEnable => {
                        known.unclean_leader_election_enable = Some(value != 0);
                    }
                }
            }
        }
        self.events.push(Event::Topic(topic));
    }

    fn on_broker(&mut self, broker: NodeId, event: EventType) {
        let stat: Option<Stat> = self.database.tree().get(Path::Broker(broker)).map(|node| node.stat);
        match stat.filter(|_| event != EventType::NodeDeleted) {
            Some(stat) => {
                let broker_epoch = BrokerEpoch(stat.czxid.0);
                let registration = BrokerRegistration {
                    incarnation: Incarnation(0),
                    broker_epoch,
                    fenced: false,
                    in_controlled_shutdown: false,
                };
                self.image.brokers.insert(broker, registration);
                self.events.push(Event::Registered(broker, broker_epoch));
            }
            None => {
                self.image.brokers.remove(&broker);
                self.events.push(Event::Unregistered(broker));
            }
        }
    }
}

/// A topic without a name is not there yet for clients: its settings are written first.
fn topic_of(image: &mut Image, topic: TopicId) -> &mut TopicImage {
    let unknown = TopicImage {
        name: crate::id::Text::EMPTY,
        min_insync_replicas: None,
        unclean_leader_election_enable: None,
    };
    image.topics.entry(topic).or_insert(unknown)
}

fn controller_epoch(tree: &Tree) -> u32 {
    match tree.get(Path::ControllerEpoch).map(|node| &node.data) {
        Some(Data::Epoch(epoch)) => *epoch,
        _ => 0,
    }
}

fn node_of(tree: &Tree, path: Path) -> Option<NodeId> {
    match tree.get(path).map(|node| &node.data) {
        Some(Data::Node(id)) => Some(*id),
        _ => None,
    }
}

fn assignment(tree: &Tree, partition: TopicPartition) -> ReplicaAssignment {
    match tree.get(Path::Topic(partition.topic)).map(|node| &node.data) {
        Some(Data::Topic(assigned)) => {
            assigned.partitions.get(usize::from(partition.partition)).copied().unwrap_or_default()
        }
        _ => ReplicaAssignment::default(),
    }
}

fn registration(
    partition: TopicPartition,
    state: PartitionState,
    version: u32,
    assignment: ReplicaAssignment,
) -> PartitionRegistration {
    let partition_epoch = PartitionEpoch(version);
    PartitionInfo { partition, state, partition_epoch, assignment, is_new: false }.registration()
}

fn named_version(partition: TopicPartition, proposal: Option<&Proposal>) -> Option<u32> {
    let Some(Proposal::Write { ops, .. }) = proposal else { return None };
    ops.iter().find_map(|op| match op {
        Op::SetData(path, _, version) if *path == Path::PartitionState(partition) => *version,
        _ => None,
    })
}
