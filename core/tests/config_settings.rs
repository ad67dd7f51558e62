//! The table of settings: keys, defaults, bounds, rules, warnings.

use expect_test::{Expect, expect};
use kraftscope_core::config::{
    Acks, Bound, ConfigError, EnableIdempotence, Rule, Settings, Value, Warning, find, settings,
};
use kraftscope_core::release::Release;
use kraftscope_core::time::Span;

fn with(pairs: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    pairs.iter().for_each(|(key, value)| settings.set(key, value).expect("a legal value"));
    settings
}

fn refused(key: &str, value: &str, expected: Expect) {
    let mut settings = Settings::default();
    let error = settings.set(key, value).expect_err("an illegal value");
    expected.assert_eq(&error.to_string());
    assert_eq!(settings, Settings::default(), "a refused value changes nothing");
}

fn warned(pairs: &[(&str, &str)], replication_factor: u32) -> Vec<Warning> {
    with(pairs).warnings(replication_factor)
}

/// Source: `QuorumConfig`, `KRaftConfigs`, `ReplicationConfigs`, `ProducerConfig`, `ConsumerConfig` of 4.2.
#[test]
fn every_setting_has_the_default_of_4_2() {
    let table: String = settings()
        .iter()
        .map(|s| format!("{:?} {} = {} ({})\n", s.group, s.key, s.default_of(Release::V4_2), s.source))
        .collect();
    expect![[r#"
        Quorum controller.quorum.election.timeout.ms = 1000 (QuorumConfig)
        Quorum controller.quorum.fetch.timeout.ms = 2000 (QuorumConfig)
        Quorum controller.quorum.election.backoff.max.ms = 1000 (QuorumConfig)
        Quorum controller.quorum.append.linger.ms = 25 (QuorumConfig)
        Quorum controller.quorum.request.timeout.ms = 2000 (QuorumConfig)
        Quorum controller.quorum.retry.backoff.ms = 20 (QuorumConfig)
        Quorum controller.quorum.auto.join.enable = false (QuorumConfig)
        Quorum metadata.max.idle.interval.ms = 500 (MetadataLogConfig)
        Quorum controller.quorum.fetch.snapshot.max.bytes = 1000 (QuorumConfig)
        Quorum metadata.log.max.record.bytes.between.snapshots = 4000 (MetadataLogConfig)
        Quorum metadata.log.max.snapshot.interval.ms = 3600000 (MetadataLogConfig)
        Quorum metadata.max.retention.bytes = 20000 (MetadataLogConfig)
        Controller broker.session.timeout.ms = 9000 (KRaftConfigs)
        Controller auto.leader.rebalance.enable = true (ReplicationConfigs)
        Controller leader.imbalance.check.interval.seconds = 300 (ReplicationConfigs)
        Controller leader.imbalance.per.broker.percentage = 10 (ReplicationConfigs)
        Controller kraftscope.controller.partition.us = 10 (kraftscope)
        Controller unclean.leader.election.enable = false (ReplicationConfigs)
        Controller unclean.leader.election.interval.ms = 300000 (ReplicationConfigs)
        Broker broker.heartbeat.interval.ms = 2000 (KRaftConfigs)
        Broker initial.broker.registration.timeout.ms = 60000 (KRaftConfigs)
        Broker controlled.shutdown.enable = true (ServerConfigs)
        Broker kraftscope.broker.partition.us = 10 (kraftscope)
        Broker broker.rack = - (ServerConfigs)
        Replication min.insync.replicas = 1 (ServerLogConfigs)
        Replication replica.lag.time.max.ms = 30000 (ReplicationConfigs)
        Replication replica.fetch.wait.max.ms = 500 (ReplicationConfigs)
        Replication replica.fetch.min.bytes = 1 (ReplicationConfigs)
        Replication replica.fetch.max.bytes = 100 (ReplicationConfigs)
        Replication replica.selector.class = none (ReplicationConfigs)
        Replication log.retention.bytes = 0 (LogConfig)
        Replication replica.fetch.backoff.ms = 1000 (ReplicationConfigs)
        Replication replica.socket.timeout.ms = 30000 (ReplicationConfigs)
        Replication replica.high.watermark.checkpoint.interval.ms = 5000 (ReplicationConfigs)
        Replication kafkaraft.election.timeout.ms = 1000 (kafkaraft)
        Replication kafkaraft.heartbeat.interval.ms = 200 (kafkaraft)
        Replication kafkaraft.append.max.entries = 64 (kafkaraft)
        Replication kafkaraft.read.mode = read-index (kafkaraft)
        Replication kafkaraft.prevote = false (kafkaraft)
        Replication producer.id.expiration.ms = 86400000 (TransactionLogConfig)
        Replication producer.id.expiration.check.interval.ms = 600000 (TransactionLogConfig)
        Producer acks = all (ProducerConfig)
        Producer enable.idempotence = true (ProducerConfig)
        Producer retries = 2147483647 (ProducerConfig)
        Producer max.in.flight.requests.per.connection = 5 (ProducerConfig)
        Producer linger.ms = 5 (ProducerConfig)
        Producer batch.size = 16 (ProducerConfig)
        Producer partitioner.adaptive.partitioning.enable = true (ProducerConfig)
        Producer partitioner.ignore.keys = false (ProducerConfig)
        Producer request.timeout.ms = 30000 (CommonClientConfigs)
        Producer delivery.timeout.ms = 120000 (ProducerConfig)
        Producer retry.backoff.ms = 100 (CommonClientConfigs)
        Producer retry.backoff.max.ms = 1000 (CommonClientConfigs)
        Producer reconnect.backoff.ms = 50 (CommonClientConfigs)
        Producer reconnect.backoff.max.ms = 1000 (CommonClientConfigs)
        Producer socket.connection.setup.timeout.ms = 10000 (CommonClientConfigs)
        Producer socket.connection.setup.timeout.max.ms = 30000 (CommonClientConfigs)
        Producer max.block.ms = 60000 (ProducerConfig)
        Producer metadata.max.age.ms = 300000 (CommonClientConfigs)
        Consumer fetch.max.wait.ms = 500 (ConsumerConfig)
        Consumer fetch.min.bytes = 1 (ConsumerConfig)
        Consumer max.partition.fetch.bytes = 100 (ConsumerConfig)
        Consumer max.poll.records = 500 (ConsumerConfig)
        Consumer auto.offset.reset = latest (ConsumerConfig)
        Consumer client.rack = - (CommonClientConfigs)
        Coordinator group.protocol = classic (ConsumerConfig)
        Coordinator partition.assignment.strategy = range (ConsumerConfig)
        Coordinator session.timeout.ms = 45000 (ConsumerConfig)
        Coordinator heartbeat.interval.ms = 3000 (ConsumerConfig)
        Coordinator max.poll.interval.ms = 300000 (ConsumerConfig)
        Coordinator enable.auto.commit = true (ConsumerConfig)
        Coordinator auto.commit.interval.ms = 5000 (ConsumerConfig)
        Coordinator offsets.topic.num.partitions = 3 (GroupCoordinatorConfig)
        Coordinator offsets.topic.replication.factor = 3 (GroupCoordinatorConfig)
        Coordinator offsets.commit.timeout.ms = 5000 (GroupCoordinatorConfig)
        Coordinator group.initial.rebalance.delay.ms = 3000 (GroupCoordinatorConfig)
        Coordinator group.min.session.timeout.ms = 6000 (GroupCoordinatorConfig)
        Coordinator group.max.session.timeout.ms = 1800000 (GroupCoordinatorConfig)
        Coordinator group.max.size = 2147483647 (GroupCoordinatorConfig)
        Coordinator group.consumer.session.timeout.ms = 45000 (GroupCoordinatorConfig)
        Coordinator group.consumer.heartbeat.interval.ms = 5000 (GroupCoordinatorConfig)
        ZooKeeper zookeeper.session.timeout.ms = 18000 (ZkConfigs)
        ZooKeeper zookeeper.max.in.flight.requests = 10 (ZkConfigs)
        ZooKeeper kraftscope.zookeeper.read.us = 20 (kraftscope)
        ZooKeeper kraftscope.zookeeper.write.us = 50 (kraftscope)
    "#]]
    .assert_eq(&table);
}

/// Source: KIP-1030 raised the default of `linger.ms` from 0 to 5 in 4.0.
#[test]
fn linger_is_zero_in_3_9_and_five_from_4_0_on() {
    let linger = find("linger.ms").expect("in the table");
    let defaults = Release::KRAFT.map(|release| linger.default_of(release));
    assert_eq!(defaults, [Value::Number(0), Value::Number(5), Value::Number(5), Value::Number(5)]);
}

/// Source: `KafkaConfig.validateValues`: Kafka starts with its own defaults.
#[test]
fn the_defaults_of_every_release_are_valid() {
    assert_eq!(Release::ALL.map(|release| Settings::of(release).validate()), [const { Ok(()) }; 17]);
}

/// Source: `ConfigDef.parseType`.
#[test]
fn every_default_is_read_back_as_it_is_written() {
    let mut copy = Settings::default();
    for setting in settings() {
        let text = setting.default_of(Release::V4_2).to_string();
        copy.set(setting.key, &text).expect("a default is legal");
    }
    // Writing a default down sets it, and that one matters.
    let enable_idempotence = EnableIdempotence::Explicit(true);
    assert_eq!(copy, Settings { enable_idempotence, ..Settings::default() });
}

/// Source: KIP-679.
#[test]
fn idempotence_is_on_by_default_since_3_0() {
    let on = |release| Settings::of(release).is_idempotent(Acks::All);
    assert!(!on(Release::V2_8) && on(Release::V3_0) && on(Release::V4_2));
    assert!(
        with(&[("enable.idempotence", "false")]).enable_idempotence == EnableIdempotence::Explicit(false)
    );
}

/// Source: `KafkaProducerTest.testRetriesAndIdempotenceForIdempotentProducers`, `testAcksAndIdempotenceForIdempotentProducers`:
/// a default that does not fit is turned off without a word.
#[test]
fn default_idempotence_gives_way_to_acks_and_retries() {
    for other in [("acks", "1"), ("acks", "0"), ("retries", "0")] {
        let settings = with(&[other]);
        assert_eq!(settings.validate(), Ok(()), "{other:?}");
        assert!(!settings.is_idempotent(settings.acks), "{other:?}");
    }
}

/// Source: `ProducerConfig.postProcessAndValidateIdempotenceConfigs`: what was set is refused if it does not fit.
#[test]
fn idempotence_that_was_set_must_fit() {
    let refused = |other: (&'static str, &'static str)| {
        let settings = with(&[("enable.idempotence", "true"), other]);
        settings.validate().expect_err("refused").to_string()
    };
    expect!["Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."]
        .assert_eq(&refused(("acks", "1")));
    expect!["Must set retries to non-zero when using the idempotent producer."]
        .assert_eq(&refused(("retries", "0")));
    expect![
        "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5."
    ]
    .assert_eq(&refused(("max.in.flight.requests.per.connection", "6")));
}

/// Source: `ProducerConfig` of 4.0: too many requests in flight are refused even when nobody has set idempotence.
#[test]
fn since_4_0_more_than_five_requests_in_flight_need_idempotence_turned_off() {
    let six = |release| {
        let max_in_flight_requests_per_connection = 6;
        Settings { max_in_flight_requests_per_connection, ..Settings::of(release) }
    };
    assert_eq!(six(Release::V3_9).validate(), Ok(()));
    assert!(!six(Release::V3_9).is_idempotent(Acks::All));
    assert_eq!(six(Release::V4_0).validate(), Err(ConfigError::Rule(Rule::IdempotenceInFlight)));
    let enable_idempotence = EnableIdempotence::Explicit(false);
    assert_eq!(Settings { enable_idempotence, ..six(Release::V4_0) }.validate(), Ok(()));
}

/// A scenario that sets idempotence must still say so when it is printed.
#[test]
fn idempotence_that_was_set_is_told_even_if_it_is_the_default() {
    assert_eq!(with(&[]).changed(), []);
    let changed = with(&[("enable.idempotence", "true")]).changed();
    assert_eq!(changed, [("enable.idempotence", String::from("true"))]);
}

/// Source: `ConfigDef.Range.ensureValid`.
#[test]
fn the_lower_bound_itself_is_legal_and_one_below_is_not() {
    for setting in settings().iter().filter(|s| matches!(s.default_of(Release::V4_2), Value::Number(_))) {
        assert_eq!(
            setting.parse(&setting.min.to_string()),
            Ok(Value::Number(setting.min)),
            "{}",
            setting.key
        );
        let below = i128::from(setting.min) - 1;
        let error = ConfigError::TooSmall { key: setting.key, value: below, min: setting.min };
        assert_eq!(setting.parse(&below.to_string()), Err(error));
        assert_eq!(
            setting.parse(&setting.max.to_string()),
            Ok(Value::Number(setting.max)),
            "{}",
            setting.key
        );
    }
}

/// Source: `ReplicationConfigs` and `KRaftConfigs` define most timeouts without a validator; at zero the
/// simulated cluster would act for ever at one instant.
#[test]
fn a_bound_that_kafka_does_not_check_is_marked_as_the_simulators() {
    let bound = |key| find(key).expect("in the table").bound;
    assert_eq!(bound("replica.lag.time.max.ms"), Bound::Simulator);
    assert_eq!(bound("broker.heartbeat.interval.ms"), Bound::Simulator);
    assert_eq!(bound("max.in.flight.requests.per.connection"), Bound::Kafka);
    assert_eq!(bound("min.insync.replicas"), Bound::Kafka);
}

/// Source: `ConfigException`, `ConfigDef.Range`.
#[test]
fn a_value_below_the_bound_is_refused_in_kafkas_words() {
    refused(
        "replica.lag.time.max.ms",
        "-5",
        expect!["Invalid value -5 for configuration replica.lag.time.max.ms: Value must be at least 1"],
    );
}

/// Source: `ConfigDef.Range`; the simulator's line for keys of type LONG.
#[test]
fn a_value_above_the_bound_is_refused_in_kafkas_words() {
    refused(
        "linger.ms",
        "9999999999",
        expect![
            "Invalid value 9999999999 for configuration linger.ms: Value must be no more than 2147483647"
        ],
    );
}

/// Source: `ConfigDef.parseType`, `INT`.
#[test]
fn a_number_too_large_for_an_int_is_no_number() {
    refused(
        "retries",
        "2147483648",
        expect!["Invalid value 2147483648 for configuration retries: Not a number of type INT"],
    );
}

/// Source: `ConfigDef.parseType`, `LONG`.
#[test]
fn a_word_is_no_number() {
    refused(
        "linger.ms",
        "soon",
        expect!["Invalid value soon for configuration linger.ms: Not a number of type LONG"],
    );
}

/// Source: `ConfigDef.parseType`, `BOOLEAN`.
#[test]
fn a_boolean_is_true_or_false_in_any_case() {
    assert_eq!(
        with(&[("unclean.leader.election.enable", "TRUE")]).get("unclean.leader.election.enable"),
        Some(Value::Bool(true))
    );
    refused(
        "unclean.leader.election.enable",
        "yes",
        expect![
            "Invalid value yes for configuration unclean.leader.election.enable: Expected value to be either true or false"
        ],
    );
}

/// Source: `ProducerConfig`, `ValidString.in("all", "-1", "0", "1")`.
#[test]
fn acks_is_all_minus_one_zero_or_one() {
    assert_eq!(with(&[("acks", "-1")]), Settings::default());
    assert_eq!(with(&[("acks", "0")]).get("acks").expect("a key").to_string(), "0");
    refused(
        "acks",
        "2",
        expect!["Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1"],
    );
}

/// Source: `ConfigDef.parseType` trims.
#[test]
fn blanks_around_a_value_do_not_matter() {
    assert_eq!(with(&[("linger.ms", " 20 ")]).linger, Span::millis(20));
}

/// Source: `leader.imbalance.check.interval.seconds` is the one key here in seconds.
#[test]
fn a_key_in_seconds_is_written_in_seconds() {
    let settings = with(&[("leader.imbalance.check.interval.seconds", "60")]);
    assert_eq!(settings.leader_imbalance_check_interval, Span::secs(60));
    assert_eq!(settings.get("leader.imbalance.check.interval.seconds"), Some(Value::Number(60)));
}

#[test]
fn an_unknown_key_gets_the_nearest_one_as_a_hint() {
    refused(
        "replica.lag.time.max",
        "1",
        expect!["Unknown configuration 'replica.lag.time.max'; did you mean replica.lag.time.max.ms?"],
    );
    refused("min.isr", "1", expect!["Unknown configuration 'min.isr'"]);
    refused("linger", "1", expect!["Unknown configuration 'linger'; did you mean linger.ms?"]);
    refused(
        "broker.session.timeout",
        "1",
        expect!["Unknown configuration 'broker.session.timeout'; did you mean broker.session.timeout.ms?"],
    );
    assert_eq!(Settings::default().get("zookeeper.connect"), None);
}

#[test]
fn only_what_differs_from_the_releases_default_counts_as_changed() {
    let settings = with(&[("min.insync.replicas", "2"), ("acks", "1"), ("linger.ms", "5")]);
    let changed = settings.changed();
    assert_eq!(changed, [("min.insync.replicas", "2".to_string()), ("acks", "1".to_string())]);
    assert_eq!(Settings::of(Release::V3_9).changed(), []);
}

/// Source: `KafkaConfig.validateValues`.
#[test]
fn the_replica_socket_must_outlast_the_fetch_wait() {
    let error = with(&[("replica.socket.timeout.ms", "499")]).validate().expect_err("refused");
    assert_eq!(error, ConfigError::Rule(Rule::ReplicaSocketTimeout));
    expect!["replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts"]
        .assert_eq(&error.to_string());
    assert_eq!(with(&[("replica.socket.timeout.ms", "500")]).validate(), Ok(()));
}

/// Source: `KafkaConfig.validateValues`.
#[test]
fn the_fetch_wait_must_not_outlast_the_lag_limit() {
    let error = with(&[("replica.lag.time.max.ms", "499")]).validate().expect_err("refused");
    assert_eq!(error, ConfigError::Rule(Rule::ReplicaFetchWait));
    expect!["replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR"]
        .assert_eq(&error.to_string());
    assert_eq!(with(&[("replica.lag.time.max.ms", "500")]).validate(), Ok(()));
}

/// Source: `KafkaProducer.configureDeliveryTimeout`, `KafkaProducerTest.testDeliveryTimeoutAndLingerMsConfig`.
#[test]
fn the_delivery_timeout_must_hold_linger_and_one_request() {
    let error = with(&[("delivery.timeout.ms", "30004")]).validate().expect_err("refused");
    assert_eq!(error, ConfigError::Rule(Rule::DeliveryTimeout));
    expect!["delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms"]
        .assert_eq(&error.to_string());
    assert_eq!(with(&[("delivery.timeout.ms", "30005")]).validate(), Ok(()));
}

/// Two settings may pass through a combination that is refused, as long as the end is legal.
#[test]
fn rules_between_settings_wait_for_validate() {
    let settings = with(&[("request.timeout.ms", "200000"), ("delivery.timeout.ms", "300000")]);
    assert_eq!(settings.validate(), Ok(()));
}

/// A field that was written past the table is checked all the same.
#[test]
fn validate_checks_every_bound_as_well() {
    let settings = Settings { min_insync_replicas: 0, ..Settings::default() };
    let error = ConfigError::TooSmall { key: "min.insync.replicas", value: 0, min: 1 };
    assert_eq!(settings.validate(), Err(error));
}

#[test]
fn kafkas_defaults_with_three_replicas_raise_no_warning() {
    assert_eq!(warned(&[], 3), []);
}

/// Source: KIP-966, Kafka documentation of `min.insync.replicas`.
#[test]
fn min_isr_equal_to_the_replication_factor_leaves_no_fault_tolerance() {
    assert_eq!(warned(&[("min.insync.replicas", "3")], 3), [Warning::NoFaultTolerance { replicas: 3 }]);
}

/// Source: `PartitionRegistration`, `effectiveMinIsr = min(min.insync.replicas, replicas)` since 3.7.
#[test]
fn min_isr_above_the_replication_factor_is_named() {
    let warning = Warning::MinIsrAboveReplicationFactor { min_isr: 3, replicas: 2 };
    assert_eq!(warned(&[("min.insync.replicas", "3")], 2), [warning]);
}

#[test]
fn a_single_replica_is_named() {
    assert_eq!(warned(&[], 1), [Warning::SingleReplica]);
}

/// Source: `KafkaConfig.validateValues` logs an error when two heartbeats do not fit into a session.
#[test]
fn a_heartbeat_above_half_the_session_is_named() {
    let (heartbeat, session) = (Span::millis(4501), Span::millis(9000));
    let warnings = warned(&[("broker.heartbeat.interval.ms", "4501")], 3);
    assert_eq!(warnings, [Warning::HeartbeatAboveHalfSession { heartbeat, session }]);
    assert_eq!(warned(&[("broker.heartbeat.interval.ms", "4500")], 3), []);
}

/// Source: `BrokerHeartbeatManager`: a session without a heartbeat is stale.
#[test]
fn a_heartbeat_not_below_the_session_is_named() {
    let (heartbeat, session) = (Span::millis(9000), Span::millis(9000));
    let warnings = warned(&[("broker.heartbeat.interval.ms", "9000")], 3);
    assert_eq!(warnings, [Warning::HeartbeatNotBelowSession { heartbeat, session }]);
}

/// Source: `KafkaRaftClient.MAX_FETCH_WAIT_MS`.
#[test]
fn a_quorum_fetch_timeout_within_the_idle_wait_is_named() {
    let (timeout, wait) = (Span::millis(500), Span::millis(500));
    let warnings = warned(&[("controller.quorum.fetch.timeout.ms", "500")], 3);
    assert_eq!(warnings, [Warning::QuorumFetchTimeoutBelowWait { timeout, wait }]);
}

#[test]
fn unclean_election_is_named() {
    assert_eq!(warned(&[("unclean.leader.election.enable", "true")], 3), [Warning::UncleanElection]);
}

/// Source: `ReplicaManager.appendRecords`: min.insync.replicas is asked for acks=all alone.
#[test]
fn acks_below_all_is_named_and_so_is_a_min_isr_that_it_makes_idle() {
    let warnings = warned(&[("acks", "1"), ("min.insync.replicas", "2")], 3);
    let acks = kraftscope_core::config::Acks::One;
    assert_eq!(warnings, [Warning::AcksNotAll { acks }, Warning::MinIsrWithoutAcksAll { min_isr: 2 }]);
}

/// Source: `ProducerConfig`, `retries`.
#[test]
fn no_retries_is_named() {
    assert_eq!(warned(&[("retries", "0")], 3), [Warning::NoRetries]);
}

/// Source: `CommonClientConfigs.warnDisablingExponentialBackoff` (KIP-580).
#[test]
fn a_back_off_above_its_maximum_is_named() {
    let (backoff, max) = (Span::millis(2000), Span::millis(1000));
    assert_eq!(warned(&[("retry.backoff.ms", "2000")], 3), [Warning::StaticRetryBackoff { backoff, max }]);
}

/// Source: `NetworkClient.handleTimedOutRequests`.
#[test]
fn a_long_poll_that_outlasts_the_request_is_named() {
    let (wait, timeout) = (Span::millis(30_000), Span::millis(30_000));
    let warnings = warned(&[("fetch.max.wait.ms", "30000")], 3);
    assert_eq!(warnings, [Warning::FetchWaitNotBelowRequestTimeout { wait, timeout }]);
}

/// The page has one sentence per key.
#[test]
fn a_warning_names_its_sentence() {
    assert_eq!(Warning::SingleReplica.key(), "warning-single-replica");
    assert_eq!(Warning::NoFaultTolerance { replicas: 3 }.key(), "warning-no-fault-tolerance");
}

/// Source: KIP-537 (2.5): 6 s became 18 s. KAFKA-5642 (1.1): before it a broker waited for each answer of ZooKeeper.
#[test]
fn old_releases_give_zookeeper_sessions_six_seconds_and_ask_one_thing_at_a_time() {
    let (oldest, middle) = (Settings::of(Release::V0_10), Settings::of(Release::V2_3));
    assert_eq!(
        (oldest.zookeeper_session_timeout, oldest.zookeeper_max_in_flight_requests),
        (Span::secs(6), 1)
    );
    assert_eq!(
        (middle.zookeeper_session_timeout, middle.zookeeper_max_in_flight_requests),
        (Span::secs(6), 10)
    );
    assert_eq!(Settings::of(Release::V3_9).zookeeper_session_timeout, Span::secs(18));
}
