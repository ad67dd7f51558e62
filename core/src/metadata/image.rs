//! The replayed view of the metadata log (`MetadataImage`): what a reader of the log knows at an offset.
//!
//! Brokers replay committed records, the active controller replays everything that it appended; both use this.
//! It decides nothing.

use crate::config::Settings;
use crate::id::{BrokerEpoch, Incarnation, NodeId, NodeList, Text, TopicId, TopicPartition};
use crate::record::{MetadataRecord, PartitionChange, PartitionRegistration, TopicConfig};
use crate::sequence::ProducerId;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A registered broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerRegistration {
    /// The process's own random id.
    pub incarnation: Incarnation,
    /// The offset of its registration.
    pub broker_epoch: BrokerEpoch,
    /// Fenced brokers lead nothing and join no ISR.
    pub fenced: bool,
    /// Its controlled shutdown has begun.
    pub in_controlled_shutdown: bool,
}

impl BrokerRegistration {
    /// Unfenced and not shutting down: may lead and may be in an ISR.
    pub const fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicImage {
    /// Its name.
    pub name: Text,
    /// `min.insync.replicas`, when the topic sets it.
    pub min_insync_replicas: Option<u32>,
    /// `unclean.leader.election.enable`, when the topic sets it.
    pub unclean_leader_election_enable: Option<bool>,
}

/// Everything that the metadata log says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Image {
    /// Registered brokers.
    pub brokers: BTreeMap<NodeId, BrokerRegistration>,
    /// Topics.
    pub topics: BTreeMap<TopicId, TopicImage>,
    /// Partitions.
    pub partitions: BTreeMap<TopicPartition, PartitionRegistration>,
    /// Where the next block of producer ids begins (KIP-730).
    pub next_producer_id: ProducerId,
    /// Cluster-wide `min.insync.replicas`, when it was set dynamically.
    pub min_insync_replicas: Option<u32>,
    /// Cluster-wide `unclean.leader.election.enable`, when it was set dynamically.
    pub unclean_leader_election_enable: Option<bool>,
}

/// What one record touched, so that a publisher looks at that alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Nothing that brokers act upon.
    Nothing,
    /// This partition's registration.
    Partition(TopicPartition),
    /// This broker's registration.
    Broker(NodeId),
    /// A topic or a setting.
    Topics,
}

impl Image {
    /// Replays one record.
    pub fn apply(&mut self, record: &MetadataRecord) -> Touched {
        match *record {
            MetadataRecord::LeaderChange { .. }
            | MetadataRecord::KRaftVersion { .. }
            | MetadataRecord::Voters { .. }
            | MetadataRecord::NoOp
            | MetadataRecord::SnapshotHeader
            | MetadataRecord::SnapshotFooter => Touched::Nothing,
            MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced } => {
                let registration =
                    BrokerRegistration { incarnation, broker_epoch, fenced, in_controlled_shutdown: false };
                self.brokers.insert(broker, registration);
                Touched::Broker(broker)
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                self.brokers.remove(&broker);
                Touched::Broker(broker)
            }
            MetadataRecord::BrokerRegistrationChange { broker, fenced, in_controlled_shutdown, .. } => {
                if let Some(registration) = self.brokers.get_mut(&broker) {
                    registration.fenced = fenced.unwrap_or(registration.fenced);
                    registration.in_controlled_shutdown |= in_controlled_shutdown;
                }
                Touched::Broker(broker)
            }
            MetadataRecord::Topic { topic, name } => {
                let image =
                    TopicImage { name, min_insync_replicas: None, unclean_leader_election_enable: None };
                self.topics.insert(topic, image);
                Touched::Topics
            }
            MetadataRecord::Partition { partition, registration } => {
                self.partitions.insert(partition, registration);
                Touched::Partition(partition)
            }
            MetadataRecord::PartitionChange { partition, ref change } => {
                if let Some(registration) = self.partitions.get_mut(&partition) {
                    *registration = registration.merge(change);
                }
                Touched::Partition(partition)
            }
            MetadataRecord::ProducerIds { next_producer_id, .. } => {
                self.next_producer_id = next_producer_id;
                Touched::Nothing
            }
            MetadataRecord::ClearElr { topic } => {
                let nobody = Some(NodeList::EMPTY);
                let change = PartitionChange { elr: nobody, last_known_elr: nobody, ..Default::default() };
                for partition in self.partitions_with_elr(topic) {
                    if let Some(registration) = self.partitions.get_mut(&partition) {
                        *registration = registration.merge(&change);
                    }
                }
                Touched::Topics
            }
            MetadataRecord::Config { topic, key, value } => {
                self.configure(topic, key, value);
                Touched::Topics
            }
        }
    }

    /// Partitions of this topic (`None`: of all) that have an ELR or a last known one: those that a
    /// `ClearElrRecord` changes.
    pub fn partitions_with_elr(&self, topic: Option<TopicId>) -> Vec<TopicPartition> {
        let has_elr = |p: &PartitionRegistration| !p.elr.is_empty() || !p.last_known_elr.is_empty();
        let of_topic = |id: &TopicPartition| topic.is_none_or(|topic| topic == id.topic);
        self.partitions.iter().filter(|(id, p)| of_topic(id) && has_elr(p)).map(|(&id, _)| id).collect()
    }

    fn configure(&mut self, topic: Option<TopicId>, key: TopicConfig, value: u32) {
        let (min_isr, unclean) = match topic.map(|id| self.topics.get_mut(&id)) {
            None => (&mut self.min_insync_replicas, &mut self.unclean_leader_election_enable),
            Some(Some(topic)) => (&mut topic.min_insync_replicas, &mut topic.unclean_leader_election_enable),
            Some(None) => return,
        };
        match key {
            TopicConfig::MinInsyncReplicas => *min_isr = Some(value),
            TopicConfig::UncleanLeaderElectionEnable => *unclean = Some(value != 0),
        }
    }

    /// `min(min.insync.replicas, replication factor)` of a partition, as its leader counts
    /// (`Partition.effectiveMinIsr`, since 3.7; before, min.insync.replicas itself).
    pub fn effective_min_isr(&self, partition: TopicPartition, settings: &Settings) -> u32 {
        let configured = self.min_isr(partition.topic, settings);
        match self.partitions.get(&partition) {
            Some(found) if settings.features.effective_min_isr => configured.min(found.replicas.len()).max(1),
            _ => configured,
        }
    }

    /// The same as the controller counts, for every partition of a topic: with the replication factor of the first
    /// one (`ReplicationControlManager.getTopicEffectiveMinIsr`).
    pub fn topic_min_isr(&self, topic: TopicId, settings: &Settings) -> u32 {
        self.effective_min_isr(TopicPartition { topic, partition: 0 }, settings)
    }

    /// `min.insync.replicas` of a topic: its own, else the cluster's, else the static setting.
    fn min_isr(&self, topic: TopicId, settings: &Settings) -> u32 {
        let own = self.topics.get(&topic).and_then(|topic| topic.min_insync_replicas);
        own.or(self.min_insync_replicas).unwrap_or(settings.min_insync_replicas).max(1)
    }

    /// Whether unclean leader election is on for a topic. `default` is the controller's static setting.
    pub fn unclean_election_enabled(&self, topic: TopicId, default: bool) -> bool {
        let of_topic = self.topics.get(&topic).and_then(|topic| topic.unclean_leader_election_enable);
        of_topic.or(self.unclean_leader_election_enable).unwrap_or(default)
    }

    /// Whether a broker is registered, unfenced and not shutting down.
    pub fn is_active(&self, broker: NodeId) -> bool {
        self.brokers.get(&broker).is_some_and(BrokerRegistration::is_active)
    }

    /// Registered and unfenced brokers: those that clients see.
    pub fn alive_brokers(&self) -> NodeList {
        self.brokers.iter().filter(|(_, b)| !b.fenced).map(|(&id, _)| id).collect()
    }

    /// The topic of this name.
    pub fn topic_named(&self, name: &str) -> Option<TopicId> {
        self.topics.iter().find(|(_, topic)| topic.name.as_str() == name).map(|(&id, _)| id)
    }
}
