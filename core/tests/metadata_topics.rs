//! New topics and their settings: `ReplicationControlManager.createTopics`.

use expect_test::expect;
use kraftscope_core::id::{NodeId, TopicId};
use kraftscope_core::node::{Command, Outcome};
use kraftscope_core::note::Note;
use kraftscope_core::record::{MetadataRecord, TopicConfig};
use kraftscope_core::wire::ErrorCode;
use metadata_support::{Harness, b, broker, epoch, new_topic, refused, text, topic};

mod metadata_support;

fn three() -> Harness {
    Harness::new(&[broker(1, false), broker(2, false), broker(3, false)])
}

fn manual(partitions: u16, replication_factor: u16, first: u8) -> Command {
    let first_broker = Some(NodeId::broker(first));
    Command::CreateTopic { name: text("t"), partitions, replication_factor, first_broker }
}

/// S-54: ReplicationControlManagerTest.testCreateTopicsISRInvariants. Broker 0 is active, 1 shuts down, 2 is
/// fenced; the draw puts 1 first, as in Kafka's test.
#[test]
fn the_isr_of_a_new_partition_holds_active_replicas_only() {
    let mut harness = Harness::new(&[
        broker(0, false),
        broker(1, false),
        broker(2, true),
        MetadataRecord::BrokerRegistrationChange {
            broker: b(1),
            broker_epoch: epoch(1),
            fenced: None,
            in_controlled_shutdown: true,
        },
    ]);
    assert_eq!(harness.call(new_topic("foo", 1, 3)), Outcome::Done);
    expect![[r#"
        topic 0 foo
        0-0: new, replicas [1, 0, 2] isr [0] leader 0 epochs 0/0
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.createTopic: TopicRecord first, then the partitions, in one batch.
#[test]
fn a_topic_is_written_before_its_partitions() {
    let mut harness = three();
    assert_eq!(harness.call(new_topic("orders", 3, 2)), Outcome::Done);
    expect![[r#"
        topic 0 orders
        0-0: new, replicas [2, 3] isr [2, 3] leader 2 epochs 0/0
        0-1: new, replicas [3, 1] isr [3, 1] leader 3 epochs 0/0
        0-2: new, replicas [1, 2] isr [1, 2] leader 1 epochs 0/0
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(
        harness.notes(),
        [Note::TopicCreated { topic: TopicId(0), partitions: 3, replication_factor: 2 }]
    );
}

/// A second topic gets the next number.
#[test]
fn topics_are_numbered_in_the_order_of_creation() {
    let mut harness = three();
    harness.call(new_topic("a", 1, 1));
    harness.call(new_topic("b", 1, 1));
    assert_eq!(harness.controller.image().topic_named("b"), Some(TopicId(1)));
}

/// Manual assignment: partition p starts p places after the first broker, in the ring of ids.
#[test]
fn a_manual_assignment_follows_the_ring_of_brokers() {
    let mut harness = three();
    assert_eq!(harness.call(manual(4, 3, 2)), Outcome::Done);
    expect![[r#"
        topic 0 t
        0-0: new, replicas [2, 3, 1] isr [2, 3, 1] leader 2 epochs 0/0
        0-1: new, replicas [3, 1, 2] isr [3, 1, 2] leader 3 epochs 0/0
        0-2: new, replicas [1, 2, 3] isr [1, 2, 3] leader 1 epochs 0/0
        0-3: new, replicas [2, 3, 1] isr [2, 3, 1] leader 2 epochs 0/0
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.validateManualPartitionAssignment.
#[test]
fn a_manual_assignment_names_registered_brokers_once() {
    let mut harness = three();
    assert_eq!(harness.call(manual(1, 1, 9)), refused(ErrorCode::InvalidReplicaAssignment));
    assert_eq!(harness.call(manual(1, 4, 1)), refused(ErrorCode::InvalidReplicaAssignment));
    assert_eq!(harness.call(manual(1, 0, 1)), refused(ErrorCode::InvalidReplicaAssignment));
    assert_eq!(harness.call(manual(0, 1, 1)), refused(ErrorCode::InvalidPartitions));
    assert_eq!(harness.written(), "");
}

/// ReplicationControlManager.createTopic: "All brokers specified in the manual partition assignment are fenced".
#[test]
fn a_manual_assignment_needs_an_active_replica_in_each_partition() {
    let mut harness = Harness::new(&[broker(1, false), broker(2, true)]);
    assert_eq!(harness.call(manual(2, 1, 1)), refused(ErrorCode::InvalidReplicaAssignment));
    assert_eq!(harness.call(manual(2, 2, 1)), Outcome::Done);
    expect![[r#"
        topic 0 t
        0-0: new, replicas [1, 2] isr [1] leader 1 epochs 0/0
        0-1: new, replicas [2, 1] isr [1] leader 1 epochs 0/0
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.createTopics, in its order of checks.
#[test]
fn a_topic_that_cannot_be_created_is_refused() {
    let mut harness = three();
    assert_eq!(harness.call(new_topic("t", 1, 0)), refused(ErrorCode::InvalidReplicationFactor));
    assert_eq!(harness.call(new_topic("t", 1, 4)), refused(ErrorCode::InvalidReplicationFactor));
    assert_eq!(harness.call(new_topic("t", 0, 1)), refused(ErrorCode::InvalidPartitions));
    assert_eq!(harness.call(new_topic("t", 10_001, 1)), refused(ErrorCode::InvalidPartitions));
    assert_eq!(harness.call(new_topic("", 1, 1)), refused(ErrorCode::InvalidRequest));
    assert_eq!(harness.call(new_topic("t", 1, 1)), Outcome::Done);
    assert_eq!(harness.call(new_topic("t", 0, 9)), refused(ErrorCode::TopicAlreadyExists));
}

/// StripedReplicaPlacer: "All brokers are currently fenced".
#[test]
fn no_topic_is_created_while_every_broker_is_fenced() {
    let mut harness = Harness::new(&[broker(1, true), broker(2, true)]);
    assert_eq!(harness.call(new_topic("t", 1, 1)), refused(ErrorCode::InvalidReplicationFactor));
}

/// ReplicationControlManager.createTopic: unfenced but shutting down is not active, so the ISR would be empty.
#[test]
fn no_topic_is_created_on_a_broker_that_shuts_down() {
    let shuts_down = MetadataRecord::BrokerRegistrationChange {
        broker: b(1),
        broker_epoch: epoch(1),
        fenced: None,
        in_controlled_shutdown: true,
    };
    let mut harness = Harness::new(&[broker(1, false), shuts_down]);
    assert_eq!(harness.call(new_topic("t", 1, 1)), refused(ErrorCode::InvalidReplicationFactor));
}

/// A topic id is a byte: the 257th topic is refused, not wrapped.
#[test]
fn the_last_topic_id_is_not_reused() {
    let last = MetadataRecord::Topic { topic: TopicId(255), name: text("last") };
    let mut harness = Harness::new(&[broker(1, false), last]);
    assert_eq!(harness.call(new_topic("t", 1, 1)), refused(ErrorCode::InvalidRequest));
}

/// ConfigurationControlManager: unknown resources and values out of bounds.
#[test]
fn a_setting_needs_a_topic_and_a_value_within_bounds() {
    let mut harness = Harness::new(&[broker(1, false), topic("foo")]);
    let set = |topic, key, value| Command::ConfigureTopic { topic: TopicId(topic), key, value };
    let (min_isr, unclean) = (TopicConfig::MinInsyncReplicas, TopicConfig::UncleanLeaderElectionEnable);
    assert_eq!(harness.call(set(1, min_isr, 2)), refused(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(harness.call(set(0, min_isr, 0)), refused(ErrorCode::InvalidConfig));
    assert_eq!(harness.call(set(0, unclean, 2)), refused(ErrorCode::InvalidConfig));
    assert_eq!(harness.call(set(0, min_isr, 2)), Outcome::Done);
    assert_eq!(harness.written(), "config 0 MinInsyncReplicas 2\nclear elr 0\n");
    assert_eq!(harness.notes(), [Note::TopicConfigured { topic: TopicId(0), key: min_isr, value: 2 }]);
}

/// `ConfigurationControlManager.incrementalAlterConfigResource`: a topic's value is written when it is another one, so
/// the same min.insync.replicas leaves the ELR alone (`createClearElrRecordsAsNeeded`).
#[test]
fn a_setting_that_the_topic_has_already_is_not_written_again() {
    let mut harness = Harness::new(&[broker(1, false), topic("foo")]);
    let set = |key, value| Command::ConfigureTopic { topic: TopicId(0), key, value };
    let (min_isr, unclean) = (TopicConfig::MinInsyncReplicas, TopicConfig::UncleanLeaderElectionEnable);
    assert_eq!(harness.call(set(unclean, 0)), Outcome::Done);
    assert_eq!(harness.written(), "config 0 UncleanLeaderElectionEnable 0\n");
    assert_eq!(harness.call(set(min_isr, 2)), Outcome::Done);
    assert_eq!(harness.written(), "config 0 MinInsyncReplicas 2\nclear elr 0\n");
    assert_eq!(harness.call(set(min_isr, 2)), Outcome::Done);
    assert_eq!(harness.call(set(unclean, 0)), Outcome::Done);
    assert_eq!(harness.written(), "");
}
