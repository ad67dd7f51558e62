//! New topics, and their settings.
//!
//! Source: `ReplicationControlManager.createTopic`, `ConfigurationControlManager`. It reads the image and makes
//! a decision. Keeps: a new partition's ISR is its active replicas, its leader the first of them, both epochs 0;
//! a partition is never created without an active replica.
//!
//! Left out: policies, quotas, name checks beyond "not empty", deletion, more partitions for an old topic.

use crate::id::{NODE_LIST_CAPACITY, NodeId, NodeList, Text, TopicId, TopicPartition};
use crate::metadata::decision::Decision;
use crate::metadata::heartbeat::HeartbeatTable;
use crate::metadata::image::Image;
use crate::metadata::placement::StripedReplicaPlacer;
use crate::node::Out;
use crate::note::Note;
use crate::record::{MetadataRecord, PartitionRegistration, TopicConfig};
use crate::switches::Features;
use crate::wire::ErrorCode;
use alloc::vec::Vec;

/// Most records of one request (`MAX_RECORDS_PER_USER_OP`).
const PARTITIONS_MAX: u16 = 10_000;

/// What a person wants of a new topic.
#[derive(Clone, Copy, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: Text,
    /// How many partitions.
    pub partitions: u16,
    /// How many replicas of each.
    pub replication_factor: u16,
    /// `None`: the striped placer decides. `Some(b)`: manual, partition `p` starts `p` places after `b` in the
    /// ring of registered brokers.
    pub first_broker: Option<NodeId>,
}

/// Decides the creation of a topic.
///
/// # Errors
/// In Kafka's order: `TOPIC_ALREADY_EXISTS`; for a manual assignment `INVALID_REPLICA_ASSIGNMENT` (unknown or
/// repeated broker, no active replica); else `INVALID_REPLICATION_FACTOR` and `INVALID_PARTITIONS`.
/// `INVALID_REQUEST` when the name is empty or every topic id is taken.
pub fn create_topic(
    image: &Image,
    heartbeats: &HeartbeatTable,
    new: NewTopic,
    out: &mut Out,
) -> Result<Decision, ErrorCode> {
    if image.topic_named(new.name.as_str()).is_some() {
        return Err(ErrorCode::TopicAlreadyExists);
    }
    let last = image.topics.last_key_value().map(|(id, _)| id.0);
    let topic = TopicId(last.map_or(Some(0), |last| last.checked_add(1)).ok_or(ErrorCode::InvalidRequest)?);
    if new.name.is_empty() {
        return Err(ErrorCode::InvalidRequest);
    }
    let (assignments, error) = match new.first_broker {
        Some(first) => (manual_assignment(image, new, first)?, ErrorCode::InvalidReplicaAssignment),
        None => (placed(heartbeats, new, out)?, ErrorCode::InvalidReplicationFactor),
    };
    let mut decision = Decision::new();
    decision.record(MetadataRecord::Topic { topic, name: new.name });
    for (index, replicas) in (0..).zip(assignments) {
        let isr: NodeList = replicas.iter().filter(|&id| image.is_active(id)).collect();
        if isr.is_empty() {
            return Err(error);
        }
        let partition = TopicPartition { topic, partition: index };
        let registration = PartitionRegistration::new(replicas, isr);
        decision.record(MetadataRecord::Partition { partition, registration });
    }
    decision.note(Note::TopicCreated {
        topic,
        partitions: u32::from(new.partitions),
        replication_factor: u32::from(new.replication_factor),
    });
    Ok(decision)
}

fn placed(heartbeats: &HeartbeatTable, new: NewTopic, out: &mut Out) -> Result<Vec<NodeList>, ErrorCode> {
    if new.replication_factor == 0 {
        return Err(ErrorCode::InvalidReplicationFactor);
    }
    if new.partitions == 0 || new.partitions > PARTITIONS_MAX {
        return Err(ErrorCode::InvalidPartitions);
    }
    let (unfenced, fenced) = heartbeats.usable();
    StripedReplicaPlacer::new(unfenced, fenced, out).place(new.partitions, new.replication_factor, out)
}

fn manual_assignment(image: &Image, new: NewTopic, first: NodeId) -> Result<Vec<NodeList>, ErrorCode> {
    let ring: Vec<NodeId> = image.brokers.keys().copied().collect();
    let start = ring.iter().position(|&id| id == first).ok_or(ErrorCode::InvalidReplicaAssignment)?;
    let most = ring.len().min(NODE_LIST_CAPACITY as usize);
    let factor = usize::from(new.replication_factor);
    if factor == 0 || factor > most {
        return Err(ErrorCode::InvalidReplicaAssignment);
    }
    if new.partitions == 0 || new.partitions > PARTITIONS_MAX {
        return Err(ErrorCode::InvalidPartitions);
    }
    let rotated = |from: usize| ring.iter().cycle().skip(from % ring.len()).take(factor).copied().collect();
    Ok((0..usize::from(new.partitions)).map(|partition| rotated(start + partition)).collect())
}

/// Decides a change of a topic's setting. For switches the value is 0 or 1. The value that the topic has already is
/// not written again (`ConfigurationControlManager.incrementalAlterConfigResource`); another min.insync.replicas
/// empties the ELR of the topic's partitions (`createClearElrRecordsAsNeeded`). Allowing unclean elections elects
/// nobody yet: a partition without a leader waits for the periodic check, or for a broker that comes back.
///
/// # Errors
/// `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_CONFIG` for a value out of bounds.
pub fn configure_topic(
    image: &Image,
    features: &Features,
    topic: TopicId,
    key: TopicConfig,
    value: u32,
) -> Result<Decision, ErrorCode> {
    let known = image.topics.get(&topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let (in_bounds, current) = match key {
        TopicConfig::MinInsyncReplicas => (value >= 1, known.min_insync_replicas),
        TopicConfig::UncleanLeaderElectionEnable => {
            (value <= 1, known.unclean_leader_election_enable.map(u32::from))
        }
    };
    if !in_bounds {
        return Err(ErrorCode::InvalidConfig);
    }
    let mut decision = Decision::new();
    if current == Some(value) {
        return Ok(decision);
    }
    decision.record(MetadataRecord::Config { topic: Some(topic), key, value });
    decision.note(Note::TopicConfigured { topic, key, value });
    if features.elr && key == TopicConfig::MinInsyncReplicas {
        decision.record(MetadataRecord::ClearElr { topic: Some(topic) });
        for partition in image.partitions_with_elr(Some(topic)) {
            let PartitionRegistration { elr, isr, .. } = image.partitions[&partition];
            decision.note(Note::ElrChanged { partition, old: elr, new: NodeList::EMPTY, isr });
        }
    }
    Ok(decision)
}
