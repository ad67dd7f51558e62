//! Batching, acknowledgement, retries, time-outs, commands, workload.

use crate::desk::{Desk, ORDERS, broker, cluster, hint, orders, plain, steady, text};
use expect_test::{Expect, expect};
use kraftscope_core::client::sender::Fate;
use kraftscope_core::client::{Producer, ProducerSpec};
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{NodeId, NodeList, Offset, TopicId};
use kraftscope_core::node::Command;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::ErrorCode;
use std::sync::Arc;

pub(crate) fn producer(settings: Settings, spec: ProducerSpec) -> Producer {
    Producer::new(NodeId::producer(1), Arc::new(settings), spec, NodeList::brokers(&[1, 2, 3]))
}

/// A producer without a workload, booted; orders-0 is led by broker 1, orders-1 by broker 2.
pub(crate) fn desk(settings: Settings) -> Desk<Producer> {
    let mut desk = Desk::new(producer(settings, ProducerSpec::default()), cluster(&[(1, 0), (2, 0)]));
    desk.boot().wait_ms(1000).quiet();
    desk
}

/// A command to send `count` records to this partition of orders.
pub(crate) fn send(partition: u16, count: u32) -> Command {
    Command::Send { topic: ORDERS, partition: Some(partition), key: text(""), count }
}

fn check<C: crate::desk::Client>(desk: &mut Desk<C>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

/// Source: `RecordAccumulatorTest.testLinger`, `SenderTest.testSimple`.
#[test]
fn a_record_lingers_then_goes_out_and_is_acknowledged() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(4).wait_ms(1).wait_ms(2).acknowledge(41);
    check(
        &mut desk,
        expect![[r#"
            1.000 s reply 1: Done
            1.005 s Metadata to broker-1
            1.005 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:1, acks:All
            1.005 s Produce acks=All orders-0=[0] to broker-1
            1.007 s   ProduceAcknowledged, partition:orders-0, base:41, first:0, count:1
        "#]],
    );
    assert_eq!(
        (desk.client.acknowledged, desk.client.failed, desk.client.last_error),
        (1, 0, ErrorCode::None)
    );
    assert_eq!(desk.client.history.last().map(|d| d.fate), Some(Fate::Acknowledged(Offset(41))));
}

/// Source: `RecordAccumulatorTest.testFull`.
#[test]
fn a_full_batch_does_not_linger() {
    let mut desk = desk(Settings { batch_records: 2, linger: Span::secs(1), ..steady() });
    desk.call(send(0, 5));
    check(
        &mut desk,
        expect![[r#"
            1.000 s reply 1: Done
            1.000 s Metadata to broker-1
            1.000 s   BatchSent, partition:orders-0, first:0, count:2, leader:1, attempt:1, acks:All
            1.000 s Produce acks=All orders-0=[0 1] to broker-1
            1.000 s   BatchSent, partition:orders-0, first:2, count:2, leader:1, attempt:1, acks:All
            1.000 s Produce acks=All orders-0=[2 3] to broker-1
        "#]],
    );
    desk.wait(Span::secs(1));
    check(
        &mut desk,
        expect![[r#"
            2.000 s   BatchSent, partition:orders-0, first:4, count:1, leader:1, attempt:1, acks:All
            2.000 s Produce acks=All orders-0=[4] to broker-1
        "#]],
    );
}

/// Source: `RecordAccumulator.drainBatchesForOneNode`: once a broker is sent to, what lingers for it goes along.
#[test]
fn one_request_carries_one_batch_of_each_partition_of_a_leader() {
    let mut desk = desk(steady());
    desk.cluster = cluster(&[(1, 0), (1, 0)]);
    desk.wait(Span::secs(300)).quiet();
    desk.call(send(0, 1)).wait_ms(3).call(send(1, 2)).wait_ms(2);
    check(
        &mut desk,
        expect![[r#"
            301.000 s reply 1: Done
            301.003 s reply 2: Done
            301.005 s Metadata to broker-1
            301.005 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:1, acks:All
            301.005 s   BatchSent, partition:orders-1, first:1, count:2, leader:1, attempt:1, acks:All
            301.005 s Produce acks=All orders-0=[0] orders-1=[1 2] to broker-1
        "#]],
    );
}

/// Source: `InFlightRequests.canSendMore`, `max.in.flight.requests.per.connection`.
#[test]
fn no_more_than_max_in_flight_requests_wait_on_one_connection() {
    let mut desk = desk(Settings { batch_records: 1, ..steady() });
    desk.call(send(0, 8));
    assert_eq!(desk.outbox.len(), 5);
    desk.acknowledge(0);
    assert_eq!(desk.outbox.len(), 5, "an answer makes room for one more");
    assert_eq!(desk.client.accumulator.queued(), 2);
}

/// Source: `SenderTest.testAcks0`-like behaviour of `Sender.handleProduceResponse`: no answer is expected.
#[test]
fn with_acks_0_nothing_is_in_flight_and_nothing_is_promised() {
    let mut desk = desk(Settings { acks: Acks::Zero, ..steady() });
    desk.call(send(0, 2)).wait_ms(5);
    check(
        &mut desk,
        expect![[r#"
            1.000 s reply 1: Done
            1.005 s Metadata to broker-1
            1.005 s   BatchSent, partition:orders-0, first:0, count:2, leader:1, attempt:1, acks:Zero
            1.005 s Produce acks=Zero orders-0=[0 1] to broker-1
        "#]],
    );
    let producer = &desk.client;
    assert_eq!((producer.unanswered, producer.acknowledged, producer.in_flight.len()), (2, 0, 0));
    assert_eq!(producer.history.last().map(|d| d.fate), Some(Fate::Unanswered));
}

/// Source: `RetriableException` and its subclasses, `Sender.canRetry`.
#[test]
fn every_retriable_error_is_tried_again() {
    let errors = [
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::FencedLeaderEpoch,
        ErrorCode::UnknownLeaderEpoch,
        ErrorCode::LeaderNotAvailable,
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::UnknownTopicId,
        ErrorCode::NotEnoughReplicas,
        ErrorCode::NotEnoughReplicasAfterAppend,
        ErrorCode::RequestTimedOut,
        ErrorCode::NetworkException,
    ];
    for error in errors {
        let mut desk = desk(steady());
        desk.call(send(0, 1)).wait_ms(5).quiet().refuse(error, None);
        let expected = format!(
            "1.005 s   ProduceRetried, partition:orders-0, error:{}, attempt:1, backoff:100000\n",
            error.name()
        );
        assert!(desk.log().starts_with(&expected), "{error:?}");
        desk.wait_ms(99);
        assert_eq!(desk.outbox.len(), 0, "{error:?} waits for its back-off");
        desk.wait_ms(1).acknowledge(0);
        assert_eq!(desk.client.acknowledged, 1, "{error:?}");
    }
}

/// Source: `Errors`: these are no `RetriableException`.
#[test]
fn every_fatal_error_reaches_the_application_at_once() {
    let errors = [
        ErrorCode::UnknownServerError,
        ErrorCode::InvalidRequiredAcks,
        ErrorCode::InvalidRequest,
        ErrorCode::UnsupportedVersion,
        ErrorCode::OffsetOutOfRange,
        ErrorCode::StaleBrokerEpoch,
    ];
    for error in errors {
        let mut desk = desk(steady());
        desk.call(send(0, 3)).wait_ms(5).quiet().refuse(error, None);
        let expected = format!(
            "1.005 s   ProduceFailed, partition:orders-0, error:{}, first:0, count:3\n",
            error.name()
        );
        assert_eq!(desk.log(), expected);
        assert_eq!((desk.client.failed, desk.client.last_error), (3, error));
        assert_eq!(desk.client.batches(), []);
    }
}

/// Source: `Sender.completeBatch`: `InvalidMetadataException` asks for metadata, NOT_ENOUGH_REPLICAS does not.
#[test]
fn only_stale_metadata_errors_ask_for_metadata() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5).quiet().refuse(ErrorCode::NotEnoughReplicas, None).wait_ms(50);
    check(
        &mut desk,
        expect![[r#"
            1.005 s   ProduceRetried, partition:orders-0, error:NOT_ENOUGH_REPLICAS, attempt:1, backoff:100000
        "#]],
    );
    desk.wait_ms(50).quiet().refuse(ErrorCode::NotLeaderOrFollower, None);
    check(
        &mut desk,
        expect![[r#"
            1.105 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:2, backoff:100000
            1.105 s Metadata to broker-1
        "#]],
    );
}

/// Source: `SenderTest.testWhenProduceResponseReturnsWithALeaderShipChangeErrorAndNewLeaderInfo` (KIP-951).
#[test]
fn a_newer_leader_in_the_refusal_is_used_at_once_without_back_off() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5).quiet().refuse(ErrorCode::NotLeaderOrFollower, hint(3, 1));
    check(
        &mut desk,
        expect![[r#"
            1.005 s   MetadataUpdated, partition:orders-0, leader:3, leader_epoch:1
            1.005 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:0
            1.005 s Metadata to broker-1
            1.005 s Metadata to broker-3
            1.005 s   BatchSent, partition:orders-0, first:0, count:1, leader:3, attempt:2, acks:All
            1.005 s Produce acks=All orders-0=[0] to broker-3
        "#]],
    );
}

/// Source: `Metadata.updatePartitionLeadership`: a hint with an epoch that is not newer is ignored.
#[test]
fn an_old_hint_is_ignored() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5).quiet().refuse(ErrorCode::NotLeaderOrFollower, hint(3, 0));
    check(
        &mut desk,
        expect![[r#"
            1.005 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:100000
            1.005 s Metadata to broker-1
        "#]],
    );
    assert_eq!(desk.client.batches()[0].retry_at, Some(Time(1_105_000)));
}

/// Source: `ProducerBatch.hasLeaderChangedForTheOngoingRetry`: newer metadata ends the back-off as well.
#[test]
fn metadata_that_names_a_new_leader_ends_the_back_off() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5).quiet();
    desk.cluster = cluster(&[(2, 1), (2, 0)]);
    desk.refuse(ErrorCode::NotLeaderOrFollower, None);
    check(
        &mut desk,
        expect![[r#"
            1.005 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:100000
            1.005 s Metadata to broker-1
            1.005 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
            1.005 s   BatchSent, partition:orders-0, first:0, count:1, leader:2, attempt:2, acks:All
            1.005 s Produce acks=All orders-0=[0] to broker-2
        "#]],
    );
}

/// Source: `ExponentialBackoff`, KIP-580: 100, 200, 400, 800 ms with 20 % jitter, never above 1000 ms.
#[test]
fn the_back_off_of_a_batch_doubles_up_to_its_maximum() {
    let mut desk = desk(plain());
    desk.call(send(0, 1)).wait_ms(5);
    let waits: Vec<u64> = (0..6)
        .map(|_| {
            desk.refuse(ErrorCode::NotEnoughReplicas, None);
            let wait = desk.client.accumulator.queues[&orders(0)][0].backoff;
            desk.wait(wait);
            wait.as_millis()
        })
        .collect();
    let bounds = [80..=120, 160..=240, 320..=480, 640..=960, 800..=1000, 800..=1000];
    assert!(waits.iter().zip(&bounds).all(|(wait, bound)| bound.contains(wait)), "{waits:?}");
}

/// Source: `Sender.canRetry`, `retries`.
#[test]
fn after_so_many_retries_the_application_gets_the_error() {
    let mut desk = desk(Settings { retries: 1, ..steady() });
    desk.call(send(0, 1)).wait_ms(5).quiet().refuse(ErrorCode::NotEnoughReplicas, None).wait_ms(100);
    desk.refuse(ErrorCode::NotEnoughReplicas, None);
    check(
        &mut desk,
        expect![[r#"
            1.005 s   ProduceRetried, partition:orders-0, error:NOT_ENOUGH_REPLICAS, attempt:1, backoff:100000
            1.105 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:2, acks:All
            1.105 s Produce acks=All orders-0=[0] to broker-1
            1.105 s   ProduceFailed, partition:orders-0, error:NOT_ENOUGH_REPLICAS, first:0, count:1
        "#]],
    );
}

/// Source: KIP-91, `SenderTest.testInflightBatchesExpireOnDeliveryTimeout`.
#[test]
fn a_batch_in_flight_expires_and_its_late_answer_is_ignored() {
    let settings =
        Settings { delivery_timeout: Span::millis(1000), request_timeout: Span::millis(900), ..steady() };
    let mut desk = desk(Settings { request_timeout: Span::secs(30), ..settings });
    desk.call(send(0, 2)).wait_ms(999).quiet().wait_ms(1).acknowledge(7);
    check(
        &mut desk,
        expect![[r#"
            2.000 s   DeliveryTimedOut, partition:orders-0, first:0, count:2, timeout:1000000
        "#]],
    );
    assert_eq!((desk.client.acknowledged, desk.client.failed), (0, 2));
    assert_eq!(desk.client.history.last().map(|d| d.fate), Some(Fate::TimedOut));
}

/// Source: `SenderTest.testExpiryOfUnsentBatchesShouldNotCauseUnresolvedSequences`: no leader, nothing sent.
#[test]
fn a_batch_without_a_leader_expires_in_its_queue() {
    let mut desk = desk(steady());
    desk.cluster = cluster(&[(0, 1), (2, 0)]);
    desk.wait(Span::secs(300)).call(send(0, 1)).wait_ms(119_999).quiet().wait_ms(1);
    let log = desk.log();
    assert!(
        log.contains("DeliveryTimedOut, partition:orders-0, first:0, count:1, timeout:120000000"),
        "{log}"
    );
    assert_eq!((desk.client.failed, desk.client.last_error), (1, ErrorCode::RequestTimedOut));
}

/// Source: `Sender.canRetry`: an error after the delivery timeout is final.
#[test]
fn an_error_at_the_delivery_timeout_is_not_tried_again() {
    let mut desk = desk(Settings { delivery_timeout: Span::millis(30_005), ..steady() });
    desk.call(send(0, 1)).wait_ms(29_000).quiet();
    desk.now = Time(1_000_000) + Span::millis(30_005);
    desk.refuse(ErrorCode::NotEnoughReplicas, None);
    check(
        &mut desk,
        expect![[r#"
            31.005 s   ProduceFailed, partition:orders-0, error:NOT_ENOUGH_REPLICAS, first:0, count:1
        "#]],
    );
}

/// Source: `Sender.guaranteeMessageOrder`: a partition with a batch in flight is muted.
#[test]
fn with_one_request_in_flight_a_retry_keeps_the_order() {
    let mut desk = desk(Settings { max_in_flight_requests_per_connection: 1, batch_records: 1, ..steady() });
    desk.call(send(0, 2)).quiet().refuse(ErrorCode::NotLeaderOrFollower, hint(3, 1));
    desk.acknowledge(0).acknowledge(1);
    check(
        &mut desk,
        expect![[r#"
            1.000 s   MetadataUpdated, partition:orders-0, leader:3, leader_epoch:1
            1.000 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:0
            1.000 s Metadata to broker-1
            1.000 s Metadata to broker-3
            1.000 s   BatchSent, partition:orders-0, first:0, count:1, leader:3, attempt:2, acks:All
            1.000 s Produce acks=All orders-0=[0] to broker-3
            1.000 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
            1.000 s   BatchSent, partition:orders-0, first:1, count:1, leader:3, attempt:1, acks:All
            1.000 s Produce acks=All orders-0=[1] to broker-3
            1.000 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
        "#]],
    );
}

/// Source: `ProducerConfig`, `retries`: without idempotence and with more in flight the order may change.
#[test]
fn with_more_requests_in_flight_a_retry_may_overtake() {
    let mut desk = desk(Settings { batch_records: 1, ..steady() });
    desk.call(send(0, 2)).quiet().refuse(ErrorCode::NotEnoughReplicas, None).acknowledge(0);
    desk.wait_ms(100).acknowledge(1);
    check(
        &mut desk,
        expect![[r#"
            1.000 s   ProduceRetried, partition:orders-0, error:NOT_ENOUGH_REPLICAS, attempt:1, backoff:100000
            1.000 s   ProduceAcknowledged, partition:orders-0, base:0, first:1, count:1
            1.100 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:2, acks:All
            1.100 s Produce acks=All orders-0=[0] to broker-1
            1.100 s   ProduceAcknowledged, partition:orders-0, base:1, first:0, count:1
        "#]],
    );
}

/// Source: `RecordAccumulator.append`: a batch that was sent once takes no more records.
#[test]
fn a_retried_batch_takes_no_new_records() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5).refuse(ErrorCode::NotEnoughReplicas, None).call(send(0, 1));
    let counts: Vec<_> = desk.client.batches().iter().map(|batch| (batch.first, batch.count)).collect();
    assert_eq!(counts, [(0, 1), (1, 1)]);
}

/// What the page shows of batches: in flight first, with deadlines.
#[test]
fn batches_tell_how_often_and_where_they_were_sent() {
    let mut desk = desk(Settings { batch_records: 1, ..steady() });
    desk.call(send(0, 2)).refuse(ErrorCode::NotEnoughReplicas, None);
    let [in_flight, queued] = desk.client.batches()[..] else { panic!("two batches") };
    let deadline = Time(1_000_000) + Span::secs(120);
    assert_eq!((in_flight.first, in_flight.sent, in_flight.leader), (1, 1, Some(broker(1))));
    assert_eq!((queued.first, queued.sent, queued.leader), (0, 1, None));
    assert_eq!((queued.retry_at, queued.deadline), (Some(Time(1_100_000)), deadline));
}

/// Source: `ProduceResponse` names every partition of its request; one that does not is treated as a fatal error.
#[test]
fn a_batch_that_the_answer_forgets_fails() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5).quiet();
    let empty = kraftscope_core::wire::ProduceResponse { results: Vec::new() };
    desk.answer(kraftscope_core::wire::Message::ProduceResponse(empty));
    check(
        &mut desk,
        expect![[r#"
            1.005 s   ProduceFailed, partition:orders-0, error:UNKNOWN_SERVER_ERROR, first:0, count:1
        "#]],
    );
}

/// Source: `KafkaProducer.waitOnMetadata`, `max.block.ms`.
#[test]
fn a_send_to_an_unknown_topic_blocks_and_fails_after_max_block() {
    let mut desk = desk(steady());
    desk.call(Command::Send { topic: TopicId(9), partition: None, key: text(""), count: 2 });
    desk.wait_ms(59_999).quiet().wait_ms(1);
    let log = desk.log();
    assert!(log.contains("61.000 s reply 1: Refused(RequestTimedOut)"), "{log}");
    assert_eq!((desk.client.failed, desk.client.blocked.len()), (2, 0));
}

/// Source: `KafkaProducer.waitOnMetadata`: a partition that does not exist is waited for.
#[test]
fn a_send_to_a_partition_that_appears_later_goes_through() {
    let mut desk = desk(steady());
    desk.call(send(2, 1)).wait_ms(1000);
    assert_eq!(desk.client.blocked.len(), 1);
    desk.cluster = cluster(&[(1, 0), (2, 0), (3, 0)]);
    desk.wait_ms(200).acknowledge(0);
    assert_eq!((desk.client.acknowledged, desk.client.blocked.len()), (1, 0));
}

/// A person may send much, but not so much that the page stands still.
#[test]
fn a_send_of_too_many_records_is_refused() {
    let mut desk = desk(steady());
    desk.call(send(0, 10_001));
    check(&mut desk, expect![["1.000 s reply 1: Refused(InvalidRequest)\n"]]);
}

/// A producer does not resign, create topics or shut brokers down.
#[test]
fn a_command_for_somebody_else_is_refused() {
    let mut desk = desk(steady());
    desk.call(Command::Resign).call(Command::ShutDown).call(Command::FenceBroker(broker(1)));
    check(
        &mut desk,
        expect![[r#"
            1.000 s reply 1: Refused(InvalidRequest)
            1.000 s reply 2: Refused(InvalidRequest)
            1.000 s reply 3: Refused(InvalidRequest)
        "#]],
    );
}

/// The next request carries the new acks; what was sent keeps its own.
#[test]
fn acks_can_be_changed_while_it_runs() {
    let mut desk = desk(steady());
    desk.call(Command::SetAcks(Acks::One)).call(send(0, 1)).wait_ms(5).acknowledge(0);
    check(
        &mut desk,
        expect![[r#"
            1.000 s reply 1: Done
            1.000 s reply 2: Done
            1.005 s Metadata to broker-1
            1.005 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:1, acks:One
            1.005 s Produce acks=One orders-0=[0] to broker-1
            1.005 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
        "#]],
    );
}

fn workload(interval: u64, keys: u32) -> ProducerSpec {
    ProducerSpec { topics: vec![text("orders")], interval: Span::millis(interval), keys, acks: None }
}

/// Source: `BuiltInPartitioner.partitionForKey`: key-0 and key-1 of two partitions.
#[test]
fn the_workload_sends_a_record_every_interval_with_keys_in_turn() {
    let mut desk = Desk::new(producer(steady(), workload(200, 2)), cluster(&[(1, 0), (2, 0)]));
    desk.boot().quiet().wait_ms(410);
    check(
        &mut desk,
        expect![[r#"
            0.205 s   BatchSent, partition:orders-1, first:0, count:1, leader:2, attempt:1, acks:All
            0.205 s Produce acks=All orders-1=[0] to broker-2
            0.405 s Metadata to broker-1
            0.405 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:1, acks:All
            0.405 s Produce acks=All orders-0=[1] to broker-1
        "#]],
    );
}

/// An interval of zero stops the workload; another one starts it anew.
#[test]
fn the_rate_of_the_workload_can_be_changed() {
    let mut desk = Desk::new(producer(steady(), workload(200, 0)), cluster(&[(1, 0), (2, 0)]));
    desk.boot().wait_ms(250).call(Command::SetRate { interval: Span::ZERO }).wait_ms(1000);
    assert_eq!(desk.client.next_value, 1);
    desk.call(Command::SetRate { interval: Span::millis(10) }).wait_ms(100);
    assert_eq!(desk.client.next_value, 11);
}

/// Source: `KafkaProducer.send` blocks its caller: records do not pile up while the topic is unknown.
#[test]
fn the_workload_waits_while_its_topic_is_unknown() {
    let mut desk = Desk::new(producer(steady(), workload(200, 0)), cluster(&[]));
    desk.cluster.topics.clear();
    desk.boot().wait_ms(5000);
    assert_eq!((desk.client.blocked.len(), desk.client.next_value), (1, 0));
    desk.cluster = cluster(&[(1, 0)]);
    desk.wait_ms(105);
    assert_eq!((desk.client.blocked.len(), desk.client.next_value), (0, 1));
}

/// A second rate command while a record is blocked must not start a second workload.
#[test]
fn a_blocked_workload_stays_one_workload() {
    let mut desk = Desk::new(producer(steady(), workload(200, 0)), cluster(&[]));
    desk.cluster.topics.clear();
    desk.boot().wait_ms(300).call(Command::SetRate { interval: Span::millis(50) }).wait_ms(1000);
    assert_eq!(desk.client.blocked.len(), 1);
    desk.cluster = cluster(&[(1, 0)]);
    desk.wait_ms(100);
    assert!(desk.client.next_record.is_some(), "it goes on");
}

/// Records of a run stay unique across a crash.
#[test]
fn after_a_restart_serial_numbers_go_on() {
    let mut desk = desk(steady());
    desk.call(send(0, 3)).call(Command::SetAcks(Acks::One));
    let restarted = desk.client.restarted();
    assert_eq!((restarted.next_value, restarted.acks), (3, Acks::One));
    assert_eq!((restarted.accumulator.queued(), restarted.acknowledged), (0, 0));
}

/// Everything that a snapshot keeps can be written and read.
#[test]
fn the_state_is_plain_data() {
    fn plain<T>(_: &T)
    where
        T: Clone
            + std::fmt::Debug
            + PartialEq
            + Eq
            + std::hash::Hash
            + serde::Serialize
            + for<'a> serde::Deserialize<'a>,
    {
    }
    plain(&desk(steady()).client);
}
