//! Which settings act on the selected thing.

use super::facts::{Fact, Tone};
use crate::select::Selection;
use kraftscope_core::config::Settings;
use kraftscope_core::id::NodeKind;
use kraftscope_core::mode::{Mode, ReplicationPlane};
use kraftscope_core::node::Timer;

const QUORUM: &[&str] = &[
    "controller.quorum.election.timeout.ms",
    "controller.quorum.fetch.timeout.ms",
    "controller.quorum.election.backoff.max.ms",
    "controller.quorum.append.linger.ms",
    "broker.session.timeout.ms",
    "metadata.max.idle.interval.ms",
];
const ENSEMBLE: &[&str] =
    &["zookeeper.session.timeout.ms", "kraftscope.zookeeper.read.us", "kraftscope.zookeeper.write.us"];
const BROKER_ON_ZOOKEEPER: &[&str] = &[
    "zookeeper.session.timeout.ms",
    "zookeeper.max.in.flight.requests",
    "kraftscope.controller.partition.us",
    "kraftscope.broker.partition.us",
    "replica.lag.time.max.ms",
    "replica.fetch.wait.max.ms",
    "controlled.shutdown.enable",
];
const RAFT_GROUP: &[&str] = &[
    "kafkaraft.election.timeout.ms",
    "kafkaraft.heartbeat.interval.ms",
    "kafkaraft.append.max.entries",
    "kafkaraft.read.mode",
    "kafkaraft.prevote",
];
const BROKER: &[&str] = &[
    "broker.heartbeat.interval.ms",
    "broker.session.timeout.ms",
    "replica.lag.time.max.ms",
    "replica.fetch.wait.max.ms",
    "replica.fetch.backoff.ms",
    "controlled.shutdown.enable",
];
const PARTITION: &[&str] = &[
    "min.insync.replicas",
    "unclean.leader.election.enable",
    "replica.lag.time.max.ms",
    "replica.fetch.wait.max.ms",
    "auto.leader.rebalance.enable",
];
const PRODUCER: &[&str] = &[
    "acks",
    "linger.ms",
    "max.in.flight.requests.per.connection",
    "request.timeout.ms",
    "delivery.timeout.ms",
    "retry.backoff.ms",
    "retries",
];
const CONSUMER: &[&str] = &[
    "auto.offset.reset",
    "client.rack",
    "fetch.max.wait.ms",
    "fetch.min.bytes",
    "max.poll.records",
    "request.timeout.ms",
];

const GROUP: &[&str] = &[
    "group.protocol",
    "partition.assignment.strategy",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "group.initial.rebalance.delay.ms",
    "group.consumer.session.timeout.ms",
    "group.consumer.heartbeat.interval.ms",
    "auto.commit.interval.ms",
];

/// The keys of the settings that act on it.
pub(super) const fn keys(selected: Selection, mode: Mode) -> &'static [&'static str] {
    match selected {
        Selection::Node(node) => of_kind(node.kind(), mode),
        Selection::MetadataRecord { controller, .. } => of_kind(controller.kind(), mode),
        Selection::Timer(node, timer) => of_timer(node.kind(), timer, mode),
        Selection::Partition(_) | Selection::Replica { .. } | Selection::Record { .. }
            if matches!(mode.replication(), ReplicationPlane::Raft) =>
        {
            RAFT_GROUP
        }
        Selection::Partition(_) | Selection::Replica { .. } | Selection::Record { .. } => PARTITION,
        Selection::Group(_) => GROUP,
        Selection::Znode(_) => ENSEMBLE,
        Selection::Flight(_) | Selection::Link { .. } => &[],
    }
}

const fn of_kind(kind: NodeKind, mode: Mode) -> &'static [&'static str] {
    match kind {
        NodeKind::Broker if matches!(mode, Mode::ZooKeeper) => BROKER_ON_ZOOKEEPER,
        NodeKind::Controller => QUORUM,
        NodeKind::ZooKeeper => ENSEMBLE,
        NodeKind::Broker => BROKER,
        NodeKind::Producer => PRODUCER,
        NodeKind::Consumer => CONSUMER,
    }
}

/// The setting that a timer is drawn from; all of the process's where there is no single one.
const fn of_timer(kind: NodeKind, timer: Timer, mode: Mode) -> &'static [&'static str] {
    match timer {
        Timer::Election => &["controller.quorum.election.timeout.ms"],
        Timer::QuorumFetch | Timer::CheckQuorum => &["controller.quorum.fetch.timeout.ms"],
        Timer::CandidateBackoff => &["controller.quorum.election.backoff.max.ms"],
        Timer::AppendLinger => &["controller.quorum.append.linger.ms"],
        Timer::QuorumRequest(_) => &["controller.quorum.request.timeout.ms"],
        Timer::FenceStaleBrokers => &["broker.session.timeout.ms"],
        Timer::NoOp => &["metadata.max.idle.interval.ms"],
        Timer::Heartbeat => &["broker.heartbeat.interval.ms"],
        Timer::IsrCheck => &["replica.lag.time.max.ms"],
        Timer::ReplicaFetchBackoff(_) => &["replica.fetch.backoff.ms"],
        Timer::DelayedFetch(_) => &["replica.fetch.wait.max.ms"],
        Timer::Rafts => &["kafkaraft.election.timeout.ms", "kafkaraft.heartbeat.interval.ms"],
        Timer::ProducerDelivery => &["delivery.timeout.ms"],
        Timer::ZooKeeperTimeout | Timer::ZooKeeperPing | Timer::ZooKeeperTick => {
            &["zookeeper.session.timeout.ms"]
        }
        _ => of_kind(kind, mode),
    }
}

/// Those settings with their values.
pub(super) fn settings(selected: Selection, mode: Mode, settings: &Settings) -> Vec<Fact> {
    let fact = |key: &&str| {
        let value = settings.get(key)?;
        Some(Fact { name: (*key).to_owned(), value: value.to_string(), tone: Tone::Plain })
    };
    keys(selected, mode).iter().filter_map(fact).collect()
}
