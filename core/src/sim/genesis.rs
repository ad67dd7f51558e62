//! How a run begins: the cluster's shape, its settings and its seed. Genesis and script are the whole of a run.

use crate::client::{Consumer, ConsumerSpec, Producer, ProducerSpec};
use crate::config::Settings;
use crate::group::coordinator::{MOST_OFFSETS_PARTITIONS, OFFSETS_TOPIC};
use crate::group::record::MOST_GROUP_LETTERS;
use crate::id::{DirectoryId, NodeId, NodeList, ReplicaKey, Text};
use crate::kraft::{Quorum, QuorumDisk};
use crate::mode::{MetadataPlane, Mode, ReplicationPlane};
use crate::net::Latency;
use crate::release::Release;
use crate::sim::action::Rate;
use crate::time::Span;
use crate::voters::VoterSet;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The largest cluster that a page can show and a list of nodes can hold.
pub const MOST_BROKERS: u8 = 15;
/// The largest quorum.
pub const MOST_CONTROLLERS: u8 = 9;
/// The largest ZooKeeper ensemble.
pub const MOST_ZOOKEEPERS: u8 = 7;
/// The most partitions over all topics that a text or the page may ask for; code may build more.
pub const MOST_PARTITIONS: u32 = 200;
/// The most producers, and the most consumers.
pub const MOST_CLIENTS: u8 = 8;
/// The most topics.
pub const MOST_TOPICS: u8 = 20;

/// A topic that is created as soon as all brokers are unfenced.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicSpec {
    /// Its name.
    pub name: Text,
    /// Number of partitions, from 1.
    pub partitions: u16,
    /// Replication factor, from 1.
    pub replicas: u16,
    /// `min.insync.replicas` of the topic.
    pub min_insync_replicas: Option<u32>,
    /// `unclean.leader.election.enable` of the topic.
    pub unclean_leader_election_enable: Option<bool>,
    /// Number of the broker that is preferred leader of partition 0; the others follow in ring order. `None`
    /// leaves it to the striped placer.
    pub first_broker: Option<u8>,
}

/// Everything that a run starts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Genesis {
    /// Decides all chance.
    pub seed: u64,
    /// All settings, the release included.
    pub settings: Settings,
    /// Who keeps the metadata, and how partitions are replicated.
    pub mode: Mode,
    /// Number of controllers that are voters of the metadata quorum from the beginning; none with ZooKeeper.
    pub controllers: u8,
    /// Number of further controllers, without a vote and not started; they follow the voters in number.
    pub spare_controllers: u8,
    /// Number of members of the ZooKeeper ensemble; none without ZooKeeper.
    pub zookeepers: u8,
    /// Number of brokers.
    pub brokers: u8,
    /// Topics.
    pub topics: Vec<TopicSpec>,
    /// Producers.
    pub producers: Vec<ProducerSpec>,
    /// Consumers.
    pub consumers: Vec<ConsumerSpec>,
    /// The network.
    pub latency: Latency,
    /// Faults by chance, in a million.
    pub rates: BTreeMap<Rate, u32>,
    /// Whether invariants are checked after every step.
    pub checks: bool,
}

/// Why a genesis makes no cluster. The text names the place and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisError(pub String);

impl fmt::Display for GenesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The cluster that the page opens with: 3 controllers, 3 brokers, `orders` with three partitions and `payments`
/// with one, replication factor 3, min.insync.replicas 2, a producer and a consumer.
impl Default for Genesis {
    fn default() -> Genesis {
        let name = |text| Text::new(text).unwrap_or_default();
        let topic = |text, partitions, first| TopicSpec {
            name: name(text),
            partitions,
            replicas: 3,
            min_insync_replicas: Some(2),
            unclean_leader_election_enable: None,
            first_broker: Some(first),
        };
        let topics = vec![name("orders"), name("payments")];
        Genesis {
            seed: 7,
            settings: Settings::default(),
            mode: Mode::KRaft,
            controllers: 3,
            spare_controllers: 0,
            zookeepers: 0,
            brokers: 3,
            topics: vec![topic("orders", 3, 1), topic("payments", 1, 2)],
            producers: vec![ProducerSpec {
                topics: topics.clone(),
                interval: Span::millis(400),
                keys: 6,
                acks: None,
            }],
            consumers: vec![ConsumerSpec { topics, group: None }],
            latency: Latency::Datacenter,
            rates: BTreeMap::new(),
            checks: true,
        }
    }
}

impl Genesis {
    /// The same cluster in another mode: the control plane has as many servers as before, 3 when it had none. With
    /// ZooKeeper a later release becomes 3.9, the last one that knows it; what was set stays set.
    #[must_use]
    pub fn in_mode(mut self, mode: Mode) -> Genesis {
        let servers = match self.controllers.max(self.zookeepers) {
            0 => 3,
            servers => servers,
        };
        (self.controllers, self.zookeepers) = match mode.metadata() {
            MetadataPlane::ZooKeeper => (0, servers.min(MOST_ZOOKEEPERS)),
            MetadataPlane::KRaft => (servers, 0),
        };
        if mode.metadata() == MetadataPlane::ZooKeeper {
            self.spare_controllers = 0;
            self.settings = self.settings.up_to(Release::V3_9);
        }
        self.mode = mode;
        self
    }

    /// Ids of the controllers that are voters from the beginning.
    pub fn controller_ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        (1..=self.controllers).map(NodeId::controller)
    }

    /// Ids of all controllers, the spare ones last.
    pub fn all_controller_ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        (1..=self.controllers + self.spare_controllers).map(NodeId::controller)
    }

    /// Ids of the members of the ZooKeeper ensemble.
    pub fn zookeeper_ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        (1..=self.zookeepers).map(NodeId::zookeeper)
    }

    /// Ids of the brokers.
    pub fn broker_ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        (1..=self.brokers).map(NodeId::broker)
    }

    /// The first voters of the metadata quorum, each on its first disk.
    pub fn voters(&self) -> VoterSet {
        self.controller_ids().map(|id| ReplicaKey { id, directory: DirectoryId::first_of(id) }).collect()
    }

    /// The replica of the metadata log of this node, on this disk: `controller.quorum.bootstrap.servers` names every
    /// controller, the spare ones too.
    pub(super) fn quorum(&self, me: ReplicaKey, settings: Arc<Settings>, disk: QuorumDisk) -> Quorum {
        Quorum::new(me, self.voters(), settings, disk).with_bootstrap(self.all_controller_ids().collect())
    }

    /// The topics that are made at the start: those of the genesis, and `__consumer_offsets` when there is a group. In
    /// Kafka a broker asks for it when the first FindCoordinator comes.
    pub fn all_topics(&self) -> Vec<TopicSpec> {
        let mut topics = self.topics.clone();
        let has_group = self.consumers.iter().any(|consumer| consumer.group.is_some());
        let name = Text::new(OFFSETS_TOPIC).unwrap_or_default();
        if has_group && self.topics.iter().all(|topic| topic.name != name) {
            let most = self.settings.offsets_topic_replication_factor;
            topics.push(TopicSpec {
                name,
                partitions: self.settings.offsets_topic_num_partitions.min(MOST_OFFSETS_PARTITIONS) as u16,
                replicas: most.min(u32::from(self.brokers)).max(1) as u16,
                min_insync_replicas: None,
                unclean_leader_election_enable: None,
                first_broker: Some(1),
            });
        }
        topics
    }

    fn bootstrap(&self) -> NodeList {
        self.broker_ids().collect()
    }

    /// The producer of that number (from 0); one without a workload when there is no such spec.
    pub(super) fn producer(&self, id: NodeId, number: usize, settings: Arc<Settings>) -> Producer {
        let idle = || ProducerSpec { topics: Vec::new(), interval: Span::ZERO, keys: 0, acks: None };
        let spec = self.producers.get(number).cloned().unwrap_or_else(idle);
        Producer::new(id, settings, spec, self.bootstrap())
    }

    /// The consumer of that number (from 0); one of nothing when there is no such spec.
    pub(super) fn consumer(&self, id: NodeId, number: usize, settings: Arc<Settings>) -> Consumer {
        let spec = self.consumers.get(number).cloned().unwrap_or_default();
        Consumer::new(id, settings, spec, self.bootstrap())
    }

    /// Refuses what a page or a text may not ask for, although a machine can play it.
    pub fn validate_size(&self) -> Result<(), GenesisError> {
        let all: u32 = self.topics.iter().map(|topic| u32::from(topic.partitions)).sum();
        if all > MOST_PARTITIONS {
            return Err(GenesisError(format!("{all} partitions in all: at most {MOST_PARTITIONS}")));
        }
        Ok(())
    }

    /// Refuses what makes no cluster. The error names the field and what to write instead.
    pub fn validate(&self) -> Result<(), GenesisError> {
        let refuse = |text: String| Err(GenesisError(text));
        self.validate_plane()?;
        let kraft = self.mode.metadata() == MetadataPlane::KRaft;
        if kraft && !(1..=MOST_CONTROLLERS).contains(&self.controllers) {
            return refuse(format!(
                "controllers {}: write a number from 1 to {MOST_CONTROLLERS}",
                self.controllers
            ));
        }
        if self.spare_controllers > MOST_CONTROLLERS - self.controllers {
            return refuse(format!(
                "controllers {} spare {}: together at most {MOST_CONTROLLERS}",
                self.controllers, self.spare_controllers
            ));
        }
        if self.brokers > MOST_BROKERS {
            return refuse(format!("brokers {}: write a number from 0 to {MOST_BROKERS}", self.brokers));
        }
        self.validate_topics()?;
        if self.producers.len() > usize::from(MOST_CLIENTS)
            || self.consumers.len() > usize::from(MOST_CLIENTS)
        {
            return refuse(format!(
                "at most {MOST_CLIENTS} producers and {MOST_CLIENTS} consumers: remove some"
            ));
        }
        for producer in &self.producers {
            self.topics_exist("producer", &producer.topics)?;
            let acks = producer.acks.unwrap_or(self.settings.acks);
            self.settings.validate_acks(acks).map_err(|error| GenesisError(format!("{error}")))?;
            if producer.interval != Span::ZERO && producer.interval < Span::millis(1) {
                return refuse(format!("producer interval {}: write at least 1ms, or 0", producer.interval));
            }
            if producer.keys > 10_000 {
                return refuse(format!("producer keys {}: write at most 10000", producer.keys));
            }
        }
        for consumer in &self.consumers {
            self.topics_exist("consumer", &consumer.topics)?;
            if let Some(group) = consumer.group {
                validate_group(group)?;
            }
        }
        if let Some((rate, parts)) = self.rates.iter().find(|(_, parts)| **parts > 1_000_000) {
            return refuse(format!(
                "rate {} {parts}: write at most 1000000 (parts in a million)",
                rate.name()
            ));
        }
        self.settings.validate().map_err(|error| GenesisError(format!("{error}")))
    }

    /// Whether the mode has the servers that it needs, and no others.
    fn validate_plane(&self) -> Result<(), GenesisError> {
        let refuse = |text: String| Err(GenesisError(text));
        match self.mode.metadata() {
            MetadataPlane::ZooKeeper => {
                if !(1..=MOST_ZOOKEEPERS).contains(&self.zookeepers) {
                    let most = MOST_ZOOKEEPERS;
                    return refuse(format!(
                        "zookeepers {}: write a number from 1 to {most}",
                        self.zookeepers
                    ));
                }
                if self.controllers + self.spare_controllers > 0 {
                    return refuse(String::from(
                        "controllers: there are none with 'mode zookeeper', a broker is the controller; remove the line",
                    ));
                }
            }
            MetadataPlane::KRaft if self.zookeepers > 0 => {
                let mode = self.mode;
                return refuse(format!("zookeepers: there are none with 'mode {mode}'; remove the line"));
            }
            MetadataPlane::KRaft => {}
        }
        if self.mode.replication() == ReplicationPlane::Raft
            && let Some(group) = self.consumers.iter().find_map(|consumer| consumer.group)
        {
            return refuse(format!(
                "consumer group {group}: 'mode kafkaraft' has no group coordinator; remove 'group {group}'"
            ));
        }
        Ok(())
    }

    fn validate_topics(&self) -> Result<(), GenesisError> {
        let refuse = |text: String| Err(GenesisError(text));
        if self.topics.len() > usize::from(MOST_TOPICS) {
            return refuse(format!("{} topics: at most {MOST_TOPICS}", self.topics.len()));
        }
        for (i, topic) in self.topics.iter().enumerate() {
            let name = topic.name;
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if name.is_empty() || !name.as_str().chars().all(legal) {
                return refuse(format!("topic '{name}': a name has letters, digits, '.', '_' and '-'"));
            }
            if self.topics[..i].iter().any(|other| other.name == name) {
                return refuse(format!("topic {name} stands there twice: rename one"));
            }
            if topic.partitions == 0 {
                return refuse(format!("topic {name} partitions 0: write at least 1"));
            }
            if topic.replicas == 0 || topic.replicas > u16::from(self.brokers) {
                let most = self.brokers;
                return refuse(format!(
                    "topic {name} replicas {}: write 1 to {most} (the brokers)",
                    topic.replicas
                ));
            }
            if topic.min_insync_replicas == Some(0) {
                return refuse(format!("topic {name} min.insync.replicas 0: write at least 1"));
            }
            if topic.first_broker.is_some_and(|broker| broker == 0 || broker > self.brokers) {
                return refuse(format!(
                    "topic {name}: its first broker must be one of 1 to {}",
                    self.brokers
                ));
            }
        }
        Ok(())
    }

    fn topics_exist(&self, who: &str, topics: &[Text]) -> Result<(), GenesisError> {
        match topics.iter().find(|name| !self.topics.iter().any(|topic| topic.name == **name)) {
            Some(name) => {
                Err(GenesisError(format!("{who}: there is no topic '{name}'; add a line 'topic {name} …'")))
            }
            None => Ok(()),
        }
    }
}

fn validate_group(group: Text) -> Result<(), GenesisError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let text = group.as_str();
    if text.is_empty() || text.len() > MOST_GROUP_LETTERS || !text.chars().all(legal) {
        return Err(GenesisError(format!(
            "group '{text}': a name has 1 to {MOST_GROUP_LETTERS} letters, digits, '.', '_' and '-'"
        )));
    }
    Ok(())
}
