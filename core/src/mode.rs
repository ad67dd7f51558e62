//! The two axes: who keeps the metadata, and how a partition is replicated. Three of their combinations have names.

use core::fmt;
use serde::{Deserialize, Serialize};

/// Who keeps the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetadataPlane {
    /// ZooKeeper, and a controller that the brokers elect among themselves.
    ZooKeeper,
    /// The quorum of the controllers.
    KRaft,
}

/// How a partition is replicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplicationPlane {
    /// A leader that the controller chooses, and in-sync replicas that pull.
    Isr,
    /// A Raft group of its own, whose leader pushes.
    Raft,
}

/// A way to run the same cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Kafka up to 3.9: ZooKeeper keeps the metadata.
    ZooKeeper,
    /// Kafka today: KRaft keeps the metadata.
    #[default]
    KRaft,
    /// What some take KRaft for: a Raft group per partition.
    KafkaRaft,
}

impl Mode {
    /// All of them, oldest first.
    pub const ALL: [Mode; 3] = [Mode::ZooKeeper, Mode::KRaft, Mode::KafkaRaft];

    /// `zookeeper`, `kraft`, `kafkaraft`.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::ZooKeeper => "zookeeper",
            Mode::KRaft => "kraft",
            Mode::KafkaRaft => "kafkaraft",
        }
    }

    /// The mode of that name.
    pub fn parse(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Who keeps the metadata in it.
    pub const fn metadata(self) -> MetadataPlane {
        match self {
            Mode::ZooKeeper => MetadataPlane::ZooKeeper,
            Mode::KRaft | Mode::KafkaRaft => MetadataPlane::KRaft,
        }
    }

    /// How it replicates partitions.
    pub const fn replication(self) -> ReplicationPlane {
        match self {
            Mode::ZooKeeper | Mode::KRaft => ReplicationPlane::Isr,
            Mode::KafkaRaft => ReplicationPlane::Raft,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
