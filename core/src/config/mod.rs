//! Settings that the core honours, under Kafka's keys, with Kafka's defaults, units and bounds.
//!
//! [`Settings`] is what protocol modules read; [`settings`] is the table that a person, a scenario and the page
//! read and write by key; [`Settings::validate`] refuses what Kafka refuses, [`Settings::warnings`] names what
//! Kafka starts with although nobody wants it.
//!
//! Invariant: what [`Settings::validate`] accepts, no node may panic on or spin at one instant with.
//!
//! Sources: `QuorumConfig`, `MetadataLogConfig`, `KRaftConfigs`, `ReplicationConfigs`, `ServerConfigs`,
//! `ServerLogConfigs`, `ProducerConfig`, `ConsumerConfig`, `ConfigDef`, and `KafkaConfig.validateValues`.
//!
//! Left out: everything in bytes (records are counted instead, see [`Kind::Records`]), files, security, quotas.

mod error;
mod racks;
mod rules;
mod table;
mod value;

pub use error::{ConfigError, Rule};
pub use racks::{Rack, Racks};
pub use rules::Warning;
pub use table::{Bound, Group, Kind, Scope, Setting, Type, find, settings};
pub use value::Value;

use crate::mode::ReplicationPlane;
use crate::release::Release;
use crate::switches::Features;
use crate::time::Span;
use crate::wire::Strategy;
use serde::{Deserialize, Serialize};

/// Producer acknowledgement mode (`acks`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Acks {
    /// `0`: no response at all.
    Zero,
    /// `1`: after the leader's append.
    One,
    /// `all` (-1): after the high watermark has passed the record.
    #[default]
    All,
}

/// `enable.idempotence`: Kafka turns a default off without a word where it does not fit, and refuses what was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EnableIdempotence {
    /// Nobody has set it; this is the release's default.
    Default(bool),
    /// Somebody has set it.
    Explicit(bool),
}

impl EnableIdempotence {
    /// Whether it says `true`.
    pub const fn is_on(self) -> bool {
        matches!(self, EnableIdempotence::Default(true) | EnableIdempotence::Explicit(true))
    }

    /// Whether somebody has set it.
    pub const fn is_explicit(self) -> bool {
        matches!(self, EnableIdempotence::Explicit(_))
    }
}

/// `auto.offset.reset`: where a consumer goes on when its position is not in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OffsetReset {
    /// `earliest`: to the log start offset.
    Earliest,
    /// `latest`: to the high watermark; what lies between is not read.
    #[default]
    Latest,
    /// `none`: nowhere; the application gets an exception.
    None,
}

/// `replica.selector.class`: who decides from which replica a consumer reads (KIP-392).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplicaSelector {
    /// Nobody: consumers read from the leader.
    #[default]
    None,
    /// `RackAwareReplicaSelector`: a replica in the rack of the consumer.
    RackAware,
}

/// `group.protocol`: how a consumer and the coordinator of its group speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupProtocol {
    /// `classic`: members join and one of them deals out.
    #[default]
    Classic,
    /// `consumer`: the coordinator deals out (KIP-848).
    Consumer,
}

/// `kafkaraft.read.mode`: what the leader of a partition's Raft group does before it answers a consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReadMode {
    /// `leader-local`: nothing.
    LeaderLocal,
    /// `read-index`: a majority confirms that it leads.
    #[default]
    ReadIndex,
    /// `lease`: nothing while its lease holds, else as `read-index`.
    Lease,
    /// `ask-followers`: what it does not find it asks of every follower.
    AskFollowers,
}

/// Every setting of a run. Fields carry Kafka's key with dots turned into underscores and the unit dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Settings {
    /// Which release's behaviour is played.
    pub release: Release,
    /// The switches of that release.
    pub features: Features,
    /// How partitions are replicated: no key, it comes with the mode of the cluster.
    pub replication: ReplicationPlane,

    // The quorum (QuorumConfig).
    /// `controller.quorum.election.timeout.ms`, 1000; drawn in `[base, 2 * base)`.
    pub controller_quorum_election_timeout: Span,
    /// `controller.quorum.fetch.timeout.ms`, 2000; no jitter.
    pub controller_quorum_fetch_timeout: Span,
    /// `controller.quorum.election.backoff.max.ms`, 1000.
    pub controller_quorum_election_backoff_max: Span,
    /// `controller.quorum.append.linger.ms`, 25.
    pub controller_quorum_append_linger: Span,
    /// `controller.quorum.request.timeout.ms`, 2000.
    pub controller_quorum_request_timeout: Span,
    /// `controller.quorum.retry.backoff.ms`, 20.
    pub controller_quorum_retry_backoff: Span,
    /// `controller.quorum.auto.join.enable`, false; from 4.2 (KIP-853).
    pub controller_quorum_auto_join_enable: bool,
    /// `metadata.max.idle.interval.ms`, 500; 0 writes no NoOpRecord.
    pub metadata_max_idle_interval: Span,
    /// `controller.quorum.fetch.snapshot.max.bytes` stand-in, 1000: most records of one part of a snapshot.
    pub controller_quorum_fetch_snapshot_max_records: u32,
    /// `metadata.log.max.record.bytes.between.snapshots` stand-in, 4000: so many committed records make a snapshot.
    pub metadata_log_max_records_between_snapshots: u32,
    /// `metadata.log.max.snapshot.interval.ms`, 3600000; 0 makes none by time.
    pub metadata_log_max_snapshot_interval: Span,
    /// `metadata.max.retention.bytes` stand-in, 20000: log and snapshots together keep so many records.
    pub metadata_max_retention_records: u32,

    // Brokers and controller.
    /// `broker.heartbeat.interval.ms`, 2000.
    pub broker_heartbeat_interval: Span,
    /// `broker.session.timeout.ms`, 9000.
    pub broker_session_timeout: Span,
    /// `initial.broker.registration.timeout.ms`, 60000.
    pub initial_broker_registration_timeout: Span,
    /// `controlled.shutdown.enable`, true.
    pub controlled_shutdown_enable: bool,
    /// `broker.rack`, none: in which rack each broker stands.
    pub broker_rack: Racks,
    /// `auto.leader.rebalance.enable`, true.
    pub auto_leader_rebalance_enable: bool,
    /// `leader.imbalance.check.interval.seconds`, 300.
    pub leader_imbalance_check_interval: Span,
    /// `leader.imbalance.per.broker.percentage`, 10: ZooKeeper mode leaves a broker alone that misses no larger share
    /// of the partitions that prefer it.
    pub leader_imbalance_per_broker_percentage: u32,
    /// `kraftscope.controller.partition.us`, 10: how long the one thread of a controller works on each answer of
    /// ZooKeeper, which is one for each partition; in KRaft on each partition that an event changes.
    pub controller_partition: Span,
    /// `kraftscope.broker.partition.us`, 10: how long a broker works on each partition that it is told of: a record of
    /// the metadata log in KRaft, an entry of LeaderAndIsr, UpdateMetadata or StopReplica with ZooKeeper.
    pub broker_partition: Span,
    /// `unclean.leader.election.enable`, false, true before 0.11 (topics may override it).
    pub unclean_leader_election_enable: bool,
    /// `unclean.leader.election.interval.ms` (internal), 300000.
    pub unclean_leader_election_interval: Span,
    /// `min.insync.replicas`, 1 (topics may override it).
    pub min_insync_replicas: u32,

    // Replication.
    /// `replica.lag.time.max.ms`, 30000; 10000 before 2.5 (KIP-537).
    pub replica_lag_time_max: Span,
    /// `replica.fetch.wait.max.ms`, 500.
    pub replica_fetch_wait_max: Span,
    /// `replica.fetch.min.bytes`, 1 (counted in records here).
    pub replica_fetch_min_bytes: u32,
    /// `replica.fetch.backoff.ms`, 1000.
    pub replica_fetch_backoff: Span,
    /// `replica.socket.timeout.ms`, 30000.
    pub replica_socket_timeout: Span,
    /// `replica.high.watermark.checkpoint.interval.ms`, 5000.
    pub replica_high_watermark_checkpoint_interval: Span,
    /// `replica.fetch.max.bytes` stand-in: most records per partition and fetch.
    pub replica_fetch_max_records: u32,
    /// `replica.selector.class`, none; from 2.4.
    pub replica_selector: ReplicaSelector,
    /// `log.retention.bytes` stand-in: most committed records that a log keeps; 0 (Kafka: -1) keeps all.
    pub log_retention_records: u32,

    // Replication by a Raft group per partition (kafkaraft); no keys of Kafka's.
    /// `kafkaraft.election.timeout.ms`, 1000; drawn in `[base, 2 * base]`.
    pub kafkaraft_election_timeout: Span,
    /// `kafkaraft.heartbeat.interval.ms`, 200.
    pub kafkaraft_heartbeat_interval: Span,
    /// `kafkaraft.append.max.entries`, 64.
    pub kafkaraft_append_max_entries: u32,
    /// `kafkaraft.read.mode`, read-index.
    pub kafkaraft_read_mode: ReadMode,
    /// `kafkaraft.prevote`, false.
    pub kafkaraft_prevote: bool,

    /// `producer.id.expiration.ms`, 86400000: how long a broker remembers a silent producer id.
    pub producer_id_expiration: Span,
    /// `producer.id.expiration.check.interval.ms` (internal), 600000.
    pub producer_id_expiration_check_interval: Span,

    // Producer.
    /// `acks`, all; 1 before 3.0 (KIP-679).
    pub acks: Acks,
    /// `enable.idempotence`, true; false before 3.0 (KIP-679).
    pub enable_idempotence: EnableIdempotence,
    /// `retries`, 2147483647; 0 before 2.1 (KIP-91).
    pub retries: u32,
    /// `max.in.flight.requests.per.connection`, 5.
    pub max_in_flight_requests_per_connection: u32,
    /// `linger.ms`, 5 (0 before 4.0).
    pub linger: Span,
    /// `batch.size` stand-in: most records per batch.
    pub batch_records: u32,
    /// `partitioner.adaptive.partitioning.enable`, true: shorter queues get more records (KIP-794).
    pub partitioner_adaptive_partitioning_enable: bool,
    /// `partitioner.ignore.keys`, false.
    pub partitioner_ignore_keys: bool,
    /// `request.timeout.ms`, 30000 (producer and consumer).
    pub request_timeout: Span,
    /// `delivery.timeout.ms`, 120000.
    pub delivery_timeout: Span,
    /// `retry.backoff.ms`, 100.
    pub retry_backoff: Span,
    /// `retry.backoff.max.ms`, 1000.
    pub retry_backoff_max: Span,
    /// `reconnect.backoff.ms`, 50.
    pub reconnect_backoff: Span,
    /// `reconnect.backoff.max.ms`, 1000.
    pub reconnect_backoff_max: Span,
    /// `socket.connection.setup.timeout.ms`, 10000.
    pub socket_connection_setup_timeout: Span,
    /// `socket.connection.setup.timeout.max.ms`, 30000.
    pub socket_connection_setup_timeout_max: Span,
    /// `metadata.max.age.ms`, 300000.
    pub metadata_max_age: Span,
    /// `max.block.ms`, 60000: how long a send waits for a topic's metadata.
    pub max_block: Span,

    // Consumer.
    /// `fetch.max.wait.ms`, 500.
    pub fetch_max_wait: Span,
    /// `fetch.min.bytes`, 1 (counted in records here).
    pub fetch_min_bytes: u32,
    /// `max.poll.records`, 500.
    pub max_poll_records: u32,
    /// `max.partition.fetch.bytes` stand-in: most records per partition and fetch of a consumer.
    pub max_partition_fetch_records: u32,
    /// `auto.offset.reset`, latest.
    pub auto_offset_reset: OffsetReset,
    /// `client.rack`, none: in which rack each consumer stands.
    pub client_rack: Racks,

    // Consumer groups.
    /// `group.protocol`, classic.
    pub group_protocol: GroupProtocol,
    /// `partition.assignment.strategy`, range; Kafka's default names cooperative-sticky second.
    pub partition_assignment_strategy: Strategy,
    /// `session.timeout.ms`, 45000; 10000 before 3.0 (KIP-735).
    pub session_timeout: Span,
    /// `heartbeat.interval.ms`, 3000.
    pub heartbeat_interval: Span,
    /// `max.poll.interval.ms`, 300000: how long a member may take to join again.
    pub max_poll_interval: Span,
    /// `enable.auto.commit`, true.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`, 5000.
    pub auto_commit_interval: Span,
    /// `offsets.topic.num.partitions`: 3 partitions of `__consumer_offsets`, for the eye; Kafka makes 50.
    pub offsets_topic_num_partitions: u32,
    /// `offsets.topic.replication.factor`, 3; a smaller cluster makes as many as it has brokers.
    pub offsets_topic_replication_factor: u32,
    /// `offsets.commit.timeout.ms`, 5000: how long a coordinator waits for its log.
    pub offsets_commit_timeout: Span,
    /// `group.initial.rebalance.delay.ms`, 3000: how long an empty group waits for more members.
    pub group_initial_rebalance_delay: Span,
    /// `group.min.session.timeout.ms`, 6000.
    pub group_min_session_timeout: Span,
    /// `group.max.session.timeout.ms`, 1800000.
    pub group_max_session_timeout: Span,
    /// `group.max.size`, 2147483647: the most members of a classic group.
    pub group_max_size: u32,
    /// `group.consumer.session.timeout.ms`, 45000 (KIP-848).
    pub group_consumer_session_timeout: Span,
    /// `group.consumer.heartbeat.interval.ms`, 5000 (KIP-848).
    pub group_consumer_heartbeat_interval: Span,

    // ZooKeeper.
    /// `zookeeper.session.timeout.ms`, 18000; 6000 before 2.5 (KIP-537).
    pub zookeeper_session_timeout: Span,
    /// `zookeeper.max.in.flight.requests`, 10; before 1.1 a broker waited for each answer (KAFKA-5642).
    pub zookeeper_max_in_flight_requests: u32,
    /// `kraftscope.zookeeper.read.us`, 20: what a read costs the member of the ensemble that answers it.
    pub zookeeper_read: Span,
    /// `kraftscope.zookeeper.write.us`, 50: what a transaction costs the leader of the ensemble.
    pub zookeeper_write: Span,
}

/// Work that takes no longer than a hop is done at once.
const SHORTEST_WORK: Span = Span::millis(1);

impl Settings {
    /// How long a KRaft controller thinks about an event that changes so many partitions; nothing for a few of them.
    pub fn controller_work(&self, partitions: u64) -> Span {
        work(self.controller_partition, partitions)
    }

    /// How long a broker works on so many partitions that it is told of; nothing for a few of them.
    pub fn broker_work(&self, partitions: u64) -> Span {
        work(self.broker_partition, partitions)
    }

    /// The same settings and switches in this release, when theirs is a later one: what nobody has set is as it is there.
    #[must_use]
    pub fn up_to(&self, last: Release) -> Settings {
        if !last.is_before(self.release) {
            return *self;
        }
        let mut settings = Settings::of(last);
        for (key, value) in self.changed() {
            // A value that was legal stays legal: bounds do not depend on the release.
            let _ = settings.set(key, &value);
        }
        for (name, value) in self.features.changed_from(self.release) {
            let _ = settings.features.set(name, &value);
        }
        settings
    }

    /// Kafka's defaults of that release.
    pub const fn of(release: Release) -> Settings {
        Settings {
            release,
            features: release.features(),
            replica_lag_time_max: Span::millis(if release.is_before(Release::V2_6) {
                10_000
            } else {
                30_000
            }),
            unclean_leader_election_enable: release.is_before(Release::V1_1),
            acks: if release.is_before(Release::V3_0) { Acks::One } else { Acks::All },
            enable_idempotence: EnableIdempotence::Default(!release.is_before(Release::V3_0)),
            retries: if release.is_before(Release::V2_3) { 0 } else { i32::MAX as u32 },
            linger: Span::millis(if release.is_before(Release::V4_0) { 0 } else { 5 }),
            session_timeout: Span::millis(if release.is_before(Release::V3_0) { 10_000 } else { 45_000 }),
            zookeeper_session_timeout: Span::millis(if release.is_before(Release::V2_6) {
                6_000
            } else {
                18_000
            }),
            zookeeper_max_in_flight_requests: if release.is_before(Release::V1_1) { 1 } else { 10 },
            ..NEWEST
        }
    }
}

/// Kafka's defaults of the newest release.
const NEWEST: Settings = Settings {
    release: Release::V4_2,
    features: Release::V4_2.features(),
    replication: ReplicationPlane::Isr,
    controller_quorum_election_timeout: Span::millis(1000),
    controller_quorum_fetch_timeout: Span::millis(2000),
    controller_quorum_election_backoff_max: Span::millis(1000),
    controller_quorum_append_linger: Span::millis(25),
    controller_quorum_request_timeout: Span::millis(2000),
    controller_quorum_retry_backoff: Span::millis(20),
    controller_quorum_auto_join_enable: false,
    metadata_max_idle_interval: Span::millis(500),
    controller_quorum_fetch_snapshot_max_records: 1000,
    metadata_log_max_records_between_snapshots: 4000,
    metadata_log_max_snapshot_interval: Span::secs(3600),
    metadata_max_retention_records: 20_000,
    broker_heartbeat_interval: Span::millis(2000),
    broker_session_timeout: Span::millis(9000),
    initial_broker_registration_timeout: Span::millis(60_000),
    controlled_shutdown_enable: true,
    broker_rack: Racks::NONE,
    auto_leader_rebalance_enable: true,
    leader_imbalance_check_interval: Span::secs(300),
    leader_imbalance_per_broker_percentage: 10,
    controller_partition: Span::micros(10),
    broker_partition: Span::micros(10),
    unclean_leader_election_enable: false,
    unclean_leader_election_interval: Span::secs(300),
    min_insync_replicas: 1,
    replica_lag_time_max: Span::millis(30_000),
    replica_fetch_wait_max: Span::millis(500),
    replica_fetch_min_bytes: 1,
    replica_fetch_backoff: Span::millis(1000),
    replica_socket_timeout: Span::millis(30_000),
    replica_high_watermark_checkpoint_interval: Span::millis(5000),
    replica_fetch_max_records: 100,
    replica_selector: ReplicaSelector::None,
    log_retention_records: 0,
    kafkaraft_election_timeout: Span::millis(1000),
    kafkaraft_heartbeat_interval: Span::millis(200),
    kafkaraft_append_max_entries: 64,
    kafkaraft_read_mode: ReadMode::ReadIndex,
    kafkaraft_prevote: false,
    producer_id_expiration: Span::millis(86_400_000),
    producer_id_expiration_check_interval: Span::millis(600_000),
    acks: Acks::All,
    enable_idempotence: EnableIdempotence::Default(true),
    retries: i32::MAX as u32,
    max_in_flight_requests_per_connection: 5,
    linger: Span::millis(5),
    batch_records: 16,
    partitioner_adaptive_partitioning_enable: true,
    partitioner_ignore_keys: false,
    request_timeout: Span::millis(30_000),
    delivery_timeout: Span::millis(120_000),
    retry_backoff: Span::millis(100),
    retry_backoff_max: Span::millis(1000),
    reconnect_backoff: Span::millis(50),
    reconnect_backoff_max: Span::millis(1000),
    socket_connection_setup_timeout: Span::millis(10_000),
    socket_connection_setup_timeout_max: Span::millis(30_000),
    metadata_max_age: Span::millis(300_000),
    max_block: Span::millis(60_000),
    fetch_max_wait: Span::millis(500),
    fetch_min_bytes: 1,
    max_poll_records: 500,
    max_partition_fetch_records: 100,
    auto_offset_reset: OffsetReset::Latest,
    client_rack: Racks::NONE,
    group_protocol: GroupProtocol::Classic,
    partition_assignment_strategy: Strategy::Range,
    session_timeout: Span::millis(45_000),
    heartbeat_interval: Span::millis(3000),
    max_poll_interval: Span::millis(300_000),
    enable_auto_commit: true,
    auto_commit_interval: Span::millis(5000),
    offsets_topic_num_partitions: 3,
    offsets_topic_replication_factor: 3,
    offsets_commit_timeout: Span::millis(5000),
    group_initial_rebalance_delay: Span::millis(3000),
    group_min_session_timeout: Span::millis(6000),
    group_max_session_timeout: Span::millis(1_800_000),
    group_max_size: i32::MAX as u32,
    group_consumer_session_timeout: Span::millis(45_000),
    group_consumer_heartbeat_interval: Span::millis(5000),
    zookeeper_session_timeout: Span::millis(18_000),
    zookeeper_max_in_flight_requests: 10,
    zookeeper_read: Span::micros(20),
    zookeeper_write: Span::micros(50),
};

impl Default for Settings {
    fn default() -> Settings {
        Settings::of(Release::default())
    }
}

fn work(each: Span, partitions: u64) -> Span {
    let all = Span(each.0.saturating_mul(partitions));
    if all > SHORTEST_WORK { all } else { Span::ZERO }
}
