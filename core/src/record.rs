//! What logs hold. Everything is `Copy`: a replica that appends, a snapshot that is taken and a fetch that
//! is answered move plain values.
//!
//! Left out: bytes, compression, headers, timestamps; a batch is a run of records appended together, each with
//! what Kafka writes once into the batch's header ([`Stamp`]).

use crate::id::{
    BrokerEpoch, Incarnation, LeaderEpoch, NodeId, NodeList, PartitionEpoch, Text, TopicId, TopicPartition,
};
use crate::sequence::{ProducerId, Stamp};
use crate::voters::VoterSet;
use serde::{Deserialize, Serialize};

/// One place of a log: what was written, and the epoch of the leader that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry<R> {
    /// Epoch of the leader that appended it first.
    pub epoch: LeaderEpoch,
    /// What it says.
    pub body: R,
}

/// A record of a data partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// The key; empty means none.
    pub key: Text,
    /// Who produced it.
    pub producer: NodeId,
    /// Its serial number among all records of that producer, from 0: makes every record unique.
    pub value: u32,
    /// What the header of its batch says of it.
    pub stamp: Stamp,
}

impl Record {
    /// The first entry of a new leader of a Raft group (kafkaraft): says nothing, and takes an offset.
    pub const NO_OP: Record = Record::new(Text::EMPTY, NodeId(0), 0);

    /// Whether it is [`Record::NO_OP`], which clients skip.
    pub const fn is_no_op(&self) -> bool {
        self.producer.0 == 0
    }

    /// A record in a batch of its own, of a producer with idempotence off.
    pub const fn new(key: Text, producer: NodeId, value: u32) -> Record {
        Record { key, producer, value, stamp: Stamp::NONE }
    }
}

/// Whether a partition's leader was elected with data known to be complete (KIP-704).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LeaderRecoveryState {
    /// Normal.
    #[default]
    Recovered,
    /// The leader came from an unclean election and has not confirmed yet.
    Recovering,
}

/// A topic-level setting that can change while the cluster runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TopicConfig {
    /// `min.insync.replicas`; the value is a count.
    MinInsyncReplicas,
    /// `unclean.leader.election.enable`; 0 or 1.
    UncleanLeaderElectionEnable,
}

/// A record of the metadata log (`metadata/src/main/resources/common/metadata/*.json`), or one of the
/// quorum's own control records in the same log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetadataRecord {
    /// Control record: first of every epoch (`LeaderChangeMessage`).
    LeaderChange {
        /// The new leader.
        leader: NodeId,
        /// The voters of that moment.
        voters: NodeList,
        /// Those that voted for it.
        granting: NodeList,
    },
    /// Control record: the level of the feature `kraft.version` (`KRaftVersionRecord`). From 1 on the voter set is
    /// what the log says.
    KRaftVersion {
        /// The level.
        level: u16,
    },
    /// Control record: the voters from here on, committed or not (`VotersRecord`, KIP-853).
    Voters {
        /// Who votes.
        voters: VoterSet,
    },
    /// Written by an idle active controller, so that offsets keep moving.
    NoOp,
    /// Control record: first of every snapshot (`SnapshotHeaderRecord`).
    SnapshotHeader,
    /// Control record: last of every snapshot (`SnapshotFooterRecord`).
    SnapshotFooter,
    /// A broker's new life.
    RegisterBroker {
        /// Which broker.
        broker: NodeId,
        /// The process's own random id.
        incarnation: Incarnation,
        /// The offset of this very record.
        broker_epoch: BrokerEpoch,
        /// New registrations start fenced.
        fenced: bool,
    },
    /// A broker leaves for good.
    UnregisterBroker {
        /// Which broker.
        broker: NodeId,
        /// Its epoch.
        broker_epoch: BrokerEpoch,
    },
    /// A broker is fenced, unfenced, or starts its controlled shutdown.
    BrokerRegistrationChange {
        /// Which broker.
        broker: NodeId,
        /// Its epoch.
        broker_epoch: BrokerEpoch,
        /// `Some(true)` fences, `Some(false)` unfences, `None` leaves it.
        fenced: Option<bool>,
        /// True when controlled shutdown begins (it never ends within one registration).
        in_controlled_shutdown: bool,
    },
    /// A topic exists.
    Topic {
        /// Its id.
        topic: TopicId,
        /// Its name.
        name: Text,
    },
    /// A partition exists.
    Partition {
        /// Which one.
        partition: TopicPartition,
        /// Its first registration.
        registration: PartitionRegistration,
    },
    /// A partition's registration changes (`PartitionChangeRecord`).
    PartitionChange {
        /// Which one.
        partition: TopicPartition,
        /// What changes.
        change: PartitionChange,
    },
    /// Nobody is eligible or last known any more (`ClearElrRecord`): min.insync.replicas has changed, and who left
    /// the ISR under another minimum may lack committed records. It is an empty change of every partition that has
    /// somebody in these lists, and raises its partition epoch.
    ClearElr {
        /// Which topic; `None` is all.
        topic: Option<TopicId>,
    },
    /// A topic's setting changes.
    Config {
        /// Which topic; `None` is the cluster's default.
        topic: Option<TopicId>,
        /// Which setting.
        key: TopicConfig,
        /// The new value.
        value: u32,
    },
    /// A broker got a block of producer ids (KIP-730).
    ProducerIds {
        /// Which broker.
        broker: NodeId,
        /// Its epoch.
        broker_epoch: BrokerEpoch,
        /// Where the next block begins.
        next_producer_id: ProducerId,
    },
}

/// What the controller knows of a partition (`PartitionRegistration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionRegistration {
    /// Assigned replicas; the first is the preferred leader.
    pub replicas: NodeList,
    /// In-sync replicas.
    pub isr: NodeList,
    /// Replicas that a reassignment will remove.
    pub removing: NodeList,
    /// Replicas that a reassignment is adding.
    pub adding: NodeList,
    /// Eligible leader replicas (KIP-966); empty while ELR is off.
    pub elr: NodeList,
    /// Last known eligible leader replicas (KIP-966).
    pub last_known_elr: NodeList,
    /// The leader; `None` is Kafka's -1.
    pub leader: Option<NodeId>,
    /// See [`LeaderRecoveryState`].
    pub recovery: LeaderRecoveryState,
    /// +1 whenever a change record sets the leader field.
    pub leader_epoch: LeaderEpoch,
    /// +1 with every change record.
    pub partition_epoch: PartitionEpoch,
}

impl PartitionRegistration {
    /// A new partition led by the first of its in-sync replicas, epochs 0.
    pub fn new(replicas: NodeList, isr: NodeList) -> PartitionRegistration {
        PartitionRegistration {
            replicas,
            isr,
            removing: NodeList::EMPTY,
            adding: NodeList::EMPTY,
            elr: NodeList::EMPTY,
            last_known_elr: NodeList::EMPTY,
            leader: isr.first(),
            recovery: LeaderRecoveryState::Recovered,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        }
    }

    /// This registration after `change` (`PartitionRegistration.merge`): the partition epoch rises always,
    /// the leader epoch only when the leader field is set, even to the same id or to none.
    #[must_use]
    pub fn merge(&self, change: &PartitionChange) -> PartitionRegistration {
        PartitionRegistration {
            replicas: change.replicas.unwrap_or(self.replicas),
            isr: change.isr.unwrap_or(self.isr),
            removing: change.removing.unwrap_or(self.removing),
            adding: change.adding.unwrap_or(self.adding),
            elr: change.elr.unwrap_or(self.elr),
            last_known_elr: change.last_known_elr.unwrap_or(self.last_known_elr),
            leader: change.leader.unwrap_or(self.leader),
            recovery: change.recovery.unwrap_or(self.recovery),
            leader_epoch: if change.leader.is_some() { self.leader_epoch.next() } else { self.leader_epoch },
            partition_epoch: self.partition_epoch.next(),
        }
    }
}

/// The optional fields of a `PartitionChangeRecord`; `None` leaves the field as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionChange {
    /// New ISR.
    pub isr: Option<NodeList>,
    /// `Some(None)` sets "no leader".
    pub leader: Option<Option<NodeId>>,
    /// New replica list.
    pub replicas: Option<NodeList>,
    /// New list of replicas being removed.
    pub removing: Option<NodeList>,
    /// New list of replicas being added.
    pub adding: Option<NodeList>,
    /// New eligible leader replicas.
    pub elr: Option<NodeList>,
    /// New last known eligible leader replicas.
    pub last_known_elr: Option<NodeList>,
    /// New recovery state.
    pub recovery: Option<LeaderRecoveryState>,
}

impl PartitionChange {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == PartitionChange::default()
    }
}
