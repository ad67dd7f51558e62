//! The table of settings: key, type, unit, bounds, where it belongs and which Kafka class defines it.
//!
//! It knows no rule that ties two settings together ([`super::rules`]).
//! Where Kafka checks no bound of its own (most broker timeouts have no validator) the simulator refuses values
//! that would let virtual time stand still; [`Setting::bound`] says whose bound it is.

use super::value::{Field, Value};
use super::{Settings, error::ConfigError};
use crate::release::Release;

/// How a value is counted and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A length of time, written in milliseconds.
    Millis,
    /// A length of time, written in seconds.
    Seconds,
    /// A length of time, written in microseconds.
    Micros,
    /// A number of things.
    Count,
    /// A number of records, a stand-in: Kafka's key of this name counts bytes.
    Records,
    /// `true` or `false`.
    Bool,
    /// `all` (or `-1`), `1`, `0`.
    Acks,
    /// `earliest`, `latest` or `none`.
    OffsetReset,
    /// `none` or `RackAwareReplicaSelector`.
    ReplicaSelector,
    /// A rack for each process of a kind, in order: `a,b,-`.
    Racks,
    /// `classic` or `consumer`.
    GroupProtocol,
    /// `range`, `roundrobin`, `sticky` or `cooperative-sticky`.
    Strategy,
    /// `leader-local`, `read-index`, `lease` or `ask-followers`.
    ReadMode,
}

/// Kafka's type of a setting (`ConfigDef.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum Type {
    Boolean,
    Int,
    Long,
    String,
}

/// Who refuses a value outside the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Kafka itself: a validator in the class that defines the setting, or the type.
    Kafka,
    /// The simulator; Kafka would start, and spin or stand still.
    Simulator,
}

/// Which part of the system reads a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The metadata quorum.
    Quorum,
    /// The active controller.
    Controller,
    /// A broker's life.
    Broker,
    /// Replication of partitions.
    Replication,
    /// Producers; `request.timeout.ms`, back-offs and metadata age hold for consumers as well.
    Producer,
    /// Consumers.
    Consumer,
    /// Consumer groups and their coordinators.
    Coordinator,
    /// ZooKeeper, and what a broker is to it.
    ZooKeeper,
}

/// For whom, and when, a value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read once, when the process starts.
    Static,
    /// May change while the cluster runs, as the cluster's default or for one topic.
    Topic,
    /// Read once, when the client is made; every client may have its own.
    Client,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Kafka's key.
    pub key: &'static str,
    /// How it is counted and written.
    pub kind: Kind,
    /// Kafka's type.
    pub kafka_type: Type,
    /// Smallest value, in the unit of [`Setting::kind`].
    pub min: u64,
    /// Largest value, in the unit of [`Setting::kind`].
    pub max: u64,
    /// Whose lower bound it is.
    pub bound: Bound,
    /// Which part reads it.
    pub group: Group,
    /// When it holds.
    pub scope: Scope,
    /// The Kafka class that defines it.
    pub source: &'static str,
    pub(super) read: fn(&Settings) -> Value,
    pub(super) write: fn(&mut Settings, Value),
}

impl Setting {
    /// Its default in `release`.
    pub fn default_of(&self, release: Release) -> Value {
        (self.read)(&Settings::of(release))
    }

    /// Whether it counts records where Kafka counts bytes.
    pub const fn is_stand_in(&self) -> bool {
        matches!(self.kind, Kind::Records)
    }

    /// Whether `value` lies within the bounds.
    ///
    /// # Errors
    /// [`ConfigError::TooSmall`] and [`ConfigError::TooLarge`].
    pub fn check(&self, value: Value) -> Result<(), ConfigError> {
        let Value::Number(number) = value else { return Ok(()) };
        if number < self.min {
            return Err(ConfigError::TooSmall { key: self.key, value: i128::from(number), min: self.min });
        }
        if number > self.max {
            return Err(ConfigError::TooLarge { key: self.key, value: i128::from(number), max: self.max });
        }
        Ok(())
    }
}

/// Every setting, in the order in which the page shows them.
pub fn settings() -> &'static [Setting] {
    TABLE
}

/// The setting with this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.key == key)
}

/// Largest `INT`. The simulator draws the same line for `LONG` keys: 24.8 days, or two thousand million things.
const MOST: u64 = i32::MAX as u64;

macro_rules! table {
    ($($group:ident { $(
        $key:literal $field:ident: $kafka_type:ident $kind:ident $min:literal.. $bound:ident $scope:ident $source:literal,
    )* })*) => {
        &[$($(
            Setting {
                key: $key,
                kind: Kind::$kind,
                kafka_type: Type::$kafka_type,
                min: $min,
                max: MOST,
                bound: Bound::$bound,
                group: Group::$group,
                scope: Scope::$scope,
                source: $source,
                read: |settings| settings.$field.read(Kind::$kind),
                write: |settings, value| settings.$field.write(Kind::$kind, value),
            },
        )*)*]
    };
}

#[rustfmt::skip]
static TABLE: &[Setting] = table! {
    Quorum {
        "controller.quorum.election.timeout.ms" controller_quorum_election_timeout: Int Millis 1.. Simulator Static "QuorumConfig",
        "controller.quorum.fetch.timeout.ms" controller_quorum_fetch_timeout: Int Millis 1.. Simulator Static "QuorumConfig",
        "controller.quorum.election.backoff.max.ms" controller_quorum_election_backoff_max: Int Millis 0.. Kafka Static "QuorumConfig",
        "controller.quorum.append.linger.ms" controller_quorum_append_linger: Int Millis 0.. Kafka Static "QuorumConfig",
        "controller.quorum.request.timeout.ms" controller_quorum_request_timeout: Int Millis 1.. Simulator Static "QuorumConfig",
        "controller.quorum.retry.backoff.ms" controller_quorum_retry_backoff: Int Millis 0.. Kafka Static "QuorumConfig",
        "controller.quorum.auto.join.enable" controller_quorum_auto_join_enable: Boolean Bool 0.. Kafka Static "QuorumConfig",
        "metadata.max.idle.interval.ms" metadata_max_idle_interval: Int Millis 0.. Kafka Static "MetadataLogConfig",
        "controller.quorum.fetch.snapshot.max.bytes" controller_quorum_fetch_snapshot_max_records: Int Records 1.. Kafka Static "QuorumConfig",
        "metadata.log.max.record.bytes.between.snapshots" metadata_log_max_records_between_snapshots: Long Records 1.. Kafka Static "MetadataLogConfig",
        "metadata.log.max.snapshot.interval.ms" metadata_log_max_snapshot_interval: Long Millis 0.. Kafka Static "MetadataLogConfig",
        "metadata.max.retention.bytes" metadata_max_retention_records: Long Records 0.. Simulator Static "MetadataLogConfig",
    }
    Controller {
        "broker.session.timeout.ms" broker_session_timeout: Int Millis 1.. Simulator Static "KRaftConfigs",
        "auto.leader.rebalance.enable" auto_leader_rebalance_enable: Boolean Bool 0.. Kafka Static "ReplicationConfigs",
        "leader.imbalance.check.interval.seconds" leader_imbalance_check_interval: Long Seconds 1.. Kafka Static "ReplicationConfigs",
        "leader.imbalance.per.broker.percentage" leader_imbalance_per_broker_percentage: Int Count 0.. Simulator Static "ReplicationConfigs",
        "kraftscope.controller.partition.us" controller_partition: Long Micros 0.. Simulator Static "kraftscope",
        "unclean.leader.election.enable" unclean_leader_election_enable: Boolean Bool 0.. Kafka Topic "ReplicationConfigs",
        "unclean.leader.election.interval.ms" unclean_leader_election_interval: Long Millis 1.. Kafka Static "ReplicationConfigs",
    }
    Broker {
        "broker.heartbeat.interval.ms" broker_heartbeat_interval: Int Millis 1.. Simulator Static "KRaftConfigs",
        "initial.broker.registration.timeout.ms" initial_broker_registration_timeout: Int Millis 1.. Simulator Static "KRaftConfigs",
        "controlled.shutdown.enable" controlled_shutdown_enable: Boolean Bool 0.. Kafka Static "ServerConfigs",
        "kraftscope.broker.partition.us" broker_partition: Long Micros 0.. Simulator Static "kraftscope",
        "broker.rack" broker_rack: String Racks 0.. Simulator Static "ServerConfigs",
    }
    Replication {
        "min.insync.replicas" min_insync_replicas: Int Count 1.. Kafka Topic "ServerLogConfigs",
        "replica.lag.time.max.ms" replica_lag_time_max: Long Millis 1.. Simulator Static "ReplicationConfigs",
        "replica.fetch.wait.max.ms" replica_fetch_wait_max: Int Millis 1.. Simulator Static "ReplicationConfigs",
        "replica.fetch.min.bytes" replica_fetch_min_bytes: Int Records 0.. Simulator Static "ReplicationConfigs",
        "replica.fetch.max.bytes" replica_fetch_max_records: Int Records 1.. Simulator Static "ReplicationConfigs",
        "replica.selector.class" replica_selector: String ReplicaSelector 0.. Kafka Static "ReplicationConfigs",
        "log.retention.bytes" log_retention_records: Long Records 0.. Simulator Static "LogConfig",
        "replica.fetch.backoff.ms" replica_fetch_backoff: Int Millis 0.. Kafka Static "ReplicationConfigs",
        "replica.socket.timeout.ms" replica_socket_timeout: Int Millis 1.. Simulator Static "ReplicationConfigs",
        "replica.high.watermark.checkpoint.interval.ms" replica_high_watermark_checkpoint_interval: Long Millis 1.. Simulator Static "ReplicationConfigs",
        "kafkaraft.election.timeout.ms" kafkaraft_election_timeout: Int Millis 1.. Simulator Static "kafkaraft",
        "kafkaraft.heartbeat.interval.ms" kafkaraft_heartbeat_interval: Int Millis 1.. Simulator Static "kafkaraft",
        "kafkaraft.append.max.entries" kafkaraft_append_max_entries: Int Count 1.. Simulator Static "kafkaraft",
        "kafkaraft.read.mode" kafkaraft_read_mode: String ReadMode 0.. Simulator Static "kafkaraft",
        "kafkaraft.prevote" kafkaraft_prevote: Boolean Bool 0.. Simulator Static "kafkaraft",
        "producer.id.expiration.ms" producer_id_expiration: Int Millis 1.. Kafka Static "TransactionLogConfig",
        "producer.id.expiration.check.interval.ms" producer_id_expiration_check_interval: Int Millis 1.. Kafka Static "TransactionLogConfig",
    }
    Producer {
        "acks" acks: String Acks 0.. Kafka Client "ProducerConfig",
        "enable.idempotence" enable_idempotence: Boolean Bool 0.. Kafka Client "ProducerConfig",
        "retries" retries: Int Count 0.. Kafka Client "ProducerConfig",
        "max.in.flight.requests.per.connection" max_in_flight_requests_per_connection: Int Count 1.. Kafka Client "ProducerConfig",
        "linger.ms" linger: Long Millis 0.. Kafka Client "ProducerConfig",
        "batch.size" batch_records: Int Records 1.. Simulator Client "ProducerConfig",
        "partitioner.adaptive.partitioning.enable" partitioner_adaptive_partitioning_enable: Boolean Bool 0.. Kafka Client "ProducerConfig",
        "partitioner.ignore.keys" partitioner_ignore_keys: Boolean Bool 0.. Kafka Client "ProducerConfig",
        "request.timeout.ms" request_timeout: Int Millis 1.. Simulator Client "CommonClientConfigs",
        "delivery.timeout.ms" delivery_timeout: Int Millis 1.. Simulator Client "ProducerConfig",
        "retry.backoff.ms" retry_backoff: Long Millis 0.. Kafka Client "CommonClientConfigs",
        "retry.backoff.max.ms" retry_backoff_max: Long Millis 0.. Kafka Client "CommonClientConfigs",
        "reconnect.backoff.ms" reconnect_backoff: Long Millis 0.. Kafka Client "CommonClientConfigs",
        "reconnect.backoff.max.ms" reconnect_backoff_max: Long Millis 0.. Kafka Client "CommonClientConfigs",
        "socket.connection.setup.timeout.ms" socket_connection_setup_timeout: Long Millis 1.. Simulator Client "CommonClientConfigs",
        "socket.connection.setup.timeout.max.ms" socket_connection_setup_timeout_max: Long Millis 1.. Simulator Client "CommonClientConfigs",
        "max.block.ms" max_block: Long Millis 0.. Kafka Client "ProducerConfig",
        "metadata.max.age.ms" metadata_max_age: Long Millis 1.. Simulator Client "CommonClientConfigs",
    }
    Consumer {
        "fetch.max.wait.ms" fetch_max_wait: Int Millis 0.. Kafka Client "ConsumerConfig",
        "fetch.min.bytes" fetch_min_bytes: Int Records 0.. Kafka Client "ConsumerConfig",
        "max.partition.fetch.bytes" max_partition_fetch_records: Int Records 1.. Simulator Client "ConsumerConfig",
        "max.poll.records" max_poll_records: Int Count 1.. Kafka Client "ConsumerConfig",
        "auto.offset.reset" auto_offset_reset: String OffsetReset 0.. Kafka Client "ConsumerConfig",
        "client.rack" client_rack: String Racks 0.. Simulator Client "CommonClientConfigs",
    }
    Coordinator {
        "group.protocol" group_protocol: String GroupProtocol 0.. Kafka Client "ConsumerConfig",
        "partition.assignment.strategy" partition_assignment_strategy: String Strategy 0.. Kafka Client "ConsumerConfig",
        "session.timeout.ms" session_timeout: Int Millis 1.. Simulator Client "ConsumerConfig",
        "heartbeat.interval.ms" heartbeat_interval: Int Millis 1.. Simulator Client "ConsumerConfig",
        "max.poll.interval.ms" max_poll_interval: Int Millis 1.. Kafka Client "ConsumerConfig",
        "enable.auto.commit" enable_auto_commit: Boolean Bool 0.. Kafka Client "ConsumerConfig",
        "auto.commit.interval.ms" auto_commit_interval: Int Millis 1.. Simulator Client "ConsumerConfig",
        "offsets.topic.num.partitions" offsets_topic_num_partitions: Int Count 1.. Kafka Static "GroupCoordinatorConfig",
        "offsets.topic.replication.factor" offsets_topic_replication_factor: Int Count 1.. Kafka Static "GroupCoordinatorConfig",
        "offsets.commit.timeout.ms" offsets_commit_timeout: Int Millis 1.. Kafka Static "GroupCoordinatorConfig",
        "group.initial.rebalance.delay.ms" group_initial_rebalance_delay: Int Millis 0.. Kafka Static "GroupCoordinatorConfig",
        "group.min.session.timeout.ms" group_min_session_timeout: Int Millis 1.. Simulator Static "GroupCoordinatorConfig",
        "group.max.session.timeout.ms" group_max_session_timeout: Int Millis 1.. Simulator Static "GroupCoordinatorConfig",
        "group.max.size" group_max_size: Int Count 1.. Kafka Static "GroupCoordinatorConfig",
        "group.consumer.session.timeout.ms" group_consumer_session_timeout: Int Millis 1.. Kafka Static "GroupCoordinatorConfig",
        "group.consumer.heartbeat.interval.ms" group_consumer_heartbeat_interval: Int Millis 1.. Kafka Static "GroupCoordinatorConfig",
    }
    ZooKeeper {
        "zookeeper.session.timeout.ms" zookeeper_session_timeout: Int Millis 1.. Simulator Static "ZkConfigs",
        "zookeeper.max.in.flight.requests" zookeeper_max_in_flight_requests: Int Count 1.. Kafka Static "ZkConfigs",
        "kraftscope.zookeeper.read.us" zookeeper_read: Int Micros 0.. Simulator Static "kraftscope",
        "kraftscope.zookeeper.write.us" zookeeper_write: Int Micros 0.. Simulator Static "kraftscope",
    }
};
