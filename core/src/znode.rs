//! What ZooKeeper's tree holds when Kafka uses it: paths, data, versions.
//!
//! A path and its data are values, not text: what stands in JSON in a real ensemble is typed here, and [`Path`] prints
//! as the path that an administrator would type.
//! Source: `ZkData.scala`, `zookeeper/.../DataTree.java`, `StatPersisted`.
//!
//! Left out: access control, `/admin/delete_topics` data, delegation tokens, SCRAM, reserved broker ids.

use crate::id::{LeaderEpoch, NodeId, NodeList, Offset, Text, TopicId, TopicPartition};
use crate::record::{LeaderRecoveryState, TopicConfig};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A ZooKeeper session. Stands for the 64-bit id; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// A ZooKeeper transaction id: place in the ensemble's one order of writes. A broker's epoch is the one that created its
/// znode (KIP-380).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Zxid(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of a znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Path {
    /// `/controller`: ephemeral, who is the controller.
    Controller,
    /// `/controller_epoch`.
    ControllerEpoch,
    /// `/brokers/ids`.
    BrokerIds,
    /// `/brokers/ids/<id>`: ephemeral, a broker that lives.
    Broker(NodeId),
    /// `/brokers/topics`.
    Topics,
    /// `/brokers/topics/<name>`: the assignment of all partitions of a topic.
    Topic(TopicId),
    /// `/brokers/topics/<name>/partitions/<p>/state`: leader and ISR of a partition.
    PartitionState(TopicPartition),
    /// `/config/topics/<name>`.
    TopicConfig(TopicId),
    /// `/config/changes`.
    ConfigChanges,
    /// `/config/changes/config_change_<seq>`: sequential, tells brokers that a topic was configured.
    ConfigChange(u32),
    /// `/isr_change_notification`.
    IsrChanges,
    /// `/isr_change_notification/isr_change_<seq>`: sequential, partitions whose leader has written another ISR.
    IsrChange(u32),
    /// `/admin/reassign_partitions`.
    Reassignment,
    /// `/admin/preferred_replica_election`.
    PreferredElection,
    /// `/admin/delete_topics`.
    DeleteTopics,
    /// `/log_dir_event_notification`.
    LogDirEvents,
    /// `/log_dir_event_notification/log_dir_event_<seq>`: sequential, a broker with a broken log directory.
    LogDirEvent(u32),
    /// `/latest_producer_id_block`.
    ProducerIdBlock,
}

/// The beginning of a sequential path, and what makes one of a number.
type Sequential = (&'static str, fn(u32) -> Path);

impl Path {
    /// The znode above, when it is one that Kafka watches the children of.
    pub const fn parent(self) -> Option<Path> {
        match self {
            Path::Broker(_) => Some(Path::BrokerIds),
            Path::Topic(_) => Some(Path::Topics),
            Path::PartitionState(at) => Some(Path::Topic(at.topic)),
            Path::ConfigChange(_) => Some(Path::ConfigChanges),
            Path::IsrChange(_) => Some(Path::IsrChanges),
            Path::LogDirEvent(_) => Some(Path::LogDirEvents),
            _ => None,
        }
    }

    /// The same place with another number: what a sequential create names its znode.
    #[must_use]
    pub const fn with_sequence(self, sequence: u32) -> Path {
        match self {
            Path::ConfigChange(_) => Path::ConfigChange(sequence),
            Path::IsrChange(_) => Path::IsrChange(sequence),
            Path::LogDirEvent(_) => Path::LogDirEvent(sequence),
            path => path,
        }
    }
}

impl Path {
    /// The place that a text names in the way in which it prints.
    pub fn parse(text: &str) -> Option<Path> {
        const PLAIN: [Path; 11] = [
            Path::Controller,
            Path::ControllerEpoch,
            Path::BrokerIds,
            Path::Topics,
            Path::ConfigChanges,
            Path::IsrChanges,
            Path::Reassignment,
            Path::PreferredElection,
            Path::DeleteTopics,
            Path::LogDirEvents,
            Path::ProducerIdBlock,
        ];
        if let Some(path) = PLAIN.into_iter().find(|path| path.to_string() == text) {
            return Some(path);
        }
        let after = |prefix: &str| text.strip_prefix(prefix);
        if let Some(id) = after("/brokers/ids/") {
            return id.parse().ok().filter(|id| (1..100).contains(id)).map(|id| Path::Broker(NodeId(id)));
        }
        if let Some(rest) = after("/brokers/topics/") {
            let Some((topic, rest)) = rest.split_once("/partitions/") else {
                return rest.parse().ok().map(|topic| Path::Topic(TopicId(topic)));
            };
            let (topic, partition) = (topic.parse().ok()?, rest.strip_suffix("/state")?.parse().ok()?);
            return Some(Path::PartitionState(TopicPartition { topic: TopicId(topic), partition }));
        }
        if let Some(topic) = after("/config/topics/") {
            return topic.parse().ok().map(|topic| Path::TopicConfig(TopicId(topic)));
        }
        let sequential: [Sequential; 3] = [
            ("/config/changes/config_change_", Path::ConfigChange),
            ("/isr_change_notification/isr_change_", Path::IsrChange),
            ("/log_dir_event_notification/log_dir_event_", Path::LogDirEvent),
        ];
        // Who creates a sequential znode leaves the number out.
        let read = |number: &str| if number.is_empty() { Some(0) } else { number.parse().ok() };
        sequential.into_iter().find_map(|(prefix, path)| after(prefix).and_then(read).map(path))
    }
}

/// The path as ZooKeeper's shell would show it; a topic stands by its number.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Controller => f.write_str("/controller"),
            Path::ControllerEpoch => f.write_str("/controller_epoch"),
            Path::BrokerIds => f.write_str("/brokers/ids"),
            Path::Broker(id) => write!(f, "/brokers/ids/{}", id.number()),
            Path::Topics => f.write_str("/brokers/topics"),
            Path::Topic(topic) => write!(f, "/brokers/topics/{}", topic.0),
            Path::PartitionState(at) => {
                write!(f, "/brokers/topics/{}/partitions/{}/state", at.topic.0, at.partition)
            }
            Path::TopicConfig(topic) => write!(f, "/config/topics/{}", topic.0),
            Path::ConfigChanges => f.write_str("/config/changes"),
            Path::ConfigChange(n) => write!(f, "/config/changes/config_change_{n:010}"),
            Path::IsrChanges => f.write_str("/isr_change_notification"),
            Path::IsrChange(n) => write!(f, "/isr_change_notification/isr_change_{n:010}"),
            Path::Reassignment => f.write_str("/admin/reassign_partitions"),
            Path::PreferredElection => f.write_str("/admin/preferred_replica_election"),
            Path::DeleteTopics => f.write_str("/admin/delete_topics"),
            Path::LogDirEvents => f.write_str("/log_dir_event_notification"),
            Path::LogDirEvent(n) => write!(f, "/log_dir_event_notification/log_dir_event_{n:010}"),
            Path::ProducerIdBlock => f.write_str("/latest_producer_id_block"),
        }
    }
}

/// Leader and ISR of a partition, as its `state` znode says. The znode's version is the partition epoch ("zkVersion").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionState {
    /// The leader; `None` is -1.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// In-sync replicas.
    pub isr: NodeList,
    /// Epoch of the controller that wrote it last, or that the leader knew which did.
    pub controller_epoch: u32,
    /// See [`LeaderRecoveryState`].
    pub recovery: LeaderRecoveryState,
}

/// Replicas of one partition (`PartitionReplicaAssignment`, `ReplicaAssignment`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplicaAssignment {
    /// All of them, the preferred leader first; during a reassignment also those that come and go.
    pub replicas: NodeList,
    /// Those that a reassignment brings.
    pub adding: NodeList,
    /// Those that it will take away.
    pub removing: NodeList,
}

/// What a topic's znode says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicAssignment {
    /// The topic's name, which a real path has in it.
    pub name: Text,
    /// By partition, from 0.
    pub partitions: Vec<ReplicaAssignment>,
}

/// What a znode holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Data {
    /// Nothing.
    #[default]
    Empty,
    /// Who is the controller, or the broker whose log directory broke.
    Node(NodeId),
    /// The controller epoch.
    Epoch(u32),
    /// A broker's registration: its rack.
    Broker {
        /// `broker.rack`, `a` to `z`.
        rack: Option<char>,
    },
    /// The assignment of a topic.
    Topic(Arc<TopicAssignment>),
    /// Leader and ISR of a partition.
    State(PartitionState),
    /// Settings of a topic.
    Config(Arc<Vec<(TopicConfig, u32)>>),
    /// Partitions: of an ISR change, of a preferred election.
    Partitions(Arc<Vec<TopicPartition>>),
    /// Where the replicas of these partitions shall go.
    Reassignment(Arc<Vec<(TopicPartition, NodeList)>>),
    /// The topic whose settings have changed.
    ChangedTopic(TopicId),
    /// The last block of producer ids that was given out, by the broker that got it.
    ProducerIds {
        /// Who got it.
        broker: NodeId,
        /// The first id after it.
        end: Offset,
    },
}

/// What ZooKeeper knows of a znode besides its data (`Stat`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stat {
    /// The transaction that created it.
    pub czxid: Zxid,
    /// The one that last changed its data.
    pub mzxid: Zxid,
    /// Number of changes of its data.
    pub version: u32,
    /// Number of changes of its children.
    pub cversion: u32,
    /// The transaction that last changed its children.
    pub pzxid: Zxid,
    /// The session that it lives as long as; 0 for a persistent one.
    pub ephemeral_owner: SessionId,
}

/// What becomes of a znode that is created (`CreateMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CreateMode {
    /// It stays.
    #[default]
    Persistent,
    /// It goes with its session.
    Ephemeral,
    /// It stays, and ZooKeeper gives it the next number under its parent.
    PersistentSequential,
}

/// One operation that changes or checks the tree (`Op`). `version` `None` is -1: whatever it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Creates a znode.
    Create(Path, Data, CreateMode),
    /// Deletes one.
    Delete(Path, Option<u32>),
    /// Replaces its data.
    SetData(Path, Data, Option<u32>),
    /// Fails unless it has this version.
    Check(Path, u32),
}

impl Op {
    /// Where it works.
    pub const fn path(&self) -> Path {
        match self {
            Op::Create(path, ..) | Op::Delete(path, _) | Op::SetData(path, ..) | Op::Check(path, _) => *path,
        }
    }
}

/// Why ZooKeeper refuses (`KeeperException.Code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ZooKeeperError {
    /// There is no such znode.
    NoNode,
    /// There is one already.
    NodeExists,
    /// It has another version.
    BadVersion,
    /// It has children.
    NotEmpty,
    /// The session is over.
    SessionExpired,
    /// The connection broke: the request may have been carried out or not.
    ConnectionLoss,
}

impl ZooKeeperError {
    /// ZooKeeper's spelling: `NONODE`.
    pub const fn name(self) -> &'static str {
        match self {
            ZooKeeperError::NoNode => "NONODE",
            ZooKeeperError::NodeExists => "NODEEXISTS",
            ZooKeeperError::BadVersion => "BADVERSION",
            ZooKeeperError::NotEmpty => "NOTEMPTY",
            ZooKeeperError::SessionExpired => "SESSIONEXPIRED",
            ZooKeeperError::ConnectionLoss => "CONNECTIONLOSS",
        }
    }
}

/// What a watch tells (`Watcher.Event.EventType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// The znode was created.
    NodeCreated,
    /// It was deleted.
    NodeDeleted,
    /// It has other data.
    NodeDataChanged,
    /// It has other children.
    NodeChildrenChanged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_printed() {
        let at = TopicPartition { topic: TopicId(2), partition: 17 };
        for path in [
            Path::Controller,
            Path::Broker(NodeId::broker(3)),
            Path::Topic(TopicId(2)),
            Path::PartitionState(at),
            Path::TopicConfig(TopicId(2)),
            Path::IsrChange(4),
            Path::ConfigChange(0),
            Path::LogDirEvent(12),
        ] {
            assert_eq!(Path::parse(&path.to_string()), Some(path));
        }
        assert_eq!(Path::parse("/isr_change_notification/isr_change_"), Some(Path::IsrChange(0)));
        assert_eq!(Path::parse("/brokers/ids/0"), None);
        assert_eq!(Path::parse("/zookeeper"), None);
    }
}
