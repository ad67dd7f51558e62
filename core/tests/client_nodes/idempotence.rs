//! The idempotent producer: its id, its numbers, and what becomes of them when answers are lost or late.
//!
//! A request shows its records and, behind `#`, producer id, epoch and base sequence.

use crate::desk::{Desk, Waiting, cluster, hint, orders, producer_id, steady};
use crate::producer::{desk as desk_with, producer, send};
use expect_test::{Expect, expect};
use kraftscope_core::client::transaction::InitProducerId;
use kraftscope_core::client::{Producer, ProducerSpec};
use kraftscope_core::config::{Acks, EnableIdempotence, Settings};
use kraftscope_core::id::{NodeId, Offset};
use kraftscope_core::node::{Command, Input};
use kraftscope_core::sequence::{ProducerEpoch, Sequence};
use kraftscope_core::time::Span;
use kraftscope_core::wire::{
    Envelope, ErrorCode, InitProducerIdResponse, LeaderHint, Message, ProduceResponse, ProduceResult,
};

/// An idempotent producer of one record a batch, without linger; orders-0 is led by broker 1, orders-1 by broker 2.
fn settings() -> Settings {
    Settings {
        enable_idempotence: EnableIdempotence::Explicit(true),
        linger: Span::ZERO,
        batch_records: 1,
        ..steady()
    }
}

fn desk() -> Desk<Producer> {
    desk_with(settings())
}

fn check(desk: &mut Desk<Producer>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

/// Answers the `index`th of the waiting requests.
fn answer(desk: &mut Desk<Producer>, index: usize, error: ErrorCode, base: Option<u64>) {
    answer_with(desk, index, error, base, None);
}

fn answer_with(
    desk: &mut Desk<Producer>,
    index: usize,
    error: ErrorCode,
    base: Option<u64>,
    hint: Option<LeaderHint>,
) {
    let Some(Waiting { to, correlation, message: Message::ProduceRequest(request) }) =
        desk.outbox.remove(index)
    else {
        panic!("no produce request waits there")
    };
    let result =
        |partition| ProduceResult { partition, error, base_offset: base.map(Offset), current_leader: hint };
    let results = request.batches.iter().map(|batch| result(batch.partition)).collect();
    let message = Message::ProduceResponse(ProduceResponse { results });
    desk.input(Input::Deliver(Envelope { from: to, to: NodeId::producer(1), correlation, message }));
}

/// Epoch, next sequence, last acknowledged sequence, and batches without a fate.
fn numbers(desk: &Desk<Producer>, partition: u16) -> (u16, u32, Option<u32>, u32) {
    let transactions = desk.client.transactions.as_ref().expect("it is idempotent");
    let entry = &transactions.partitions()[&orders(partition)];
    let last = entry.last_acked_sequence.map(|sequence| sequence.0);
    (entry.producer.epoch.0, entry.next_sequence.0, last, entry.in_flight())
}

fn unresolved(desk: &Desk<Producer>) -> bool {
    desk.client.transactions.as_ref().is_some_and(|t| t.has_unresolved_sequence(orders(0)))
}

/// Source: `SenderTest.testInitProducerIdRequest`; `RPCProducerIdManager` while it has no block.
#[test]
fn nothing_is_sent_before_there_is_a_producer_id() {
    let mut desk = Desk::new(producer(settings(), ProducerSpec::default()), cluster(&[(1, 0), (2, 0)]));
    desk.gives_ids = false;
    desk.boot().call(send(0, 1));
    assert_eq!(desk.outbox.len(), 1, "the request for an id and no other");
    let refusal = InitProducerIdResponse {
        error: ErrorCode::CoordinatorLoadInProgress,
        producer: kraftscope_core::sequence::ProducerIdAndEpoch::NONE,
    };
    desk.answer(Message::InitProducerIdResponse(refusal));
    desk.wait_ms(99);
    assert_eq!(desk.outbox.len(), 0);
    desk.quiet().wait_ms(1);
    let id = InitProducerIdResponse { error: ErrorCode::None, producer: producer_id(5) };
    desk.answer(Message::InitProducerIdResponse(id));
    check(
        &mut desk,
        expect![[r#"
        0.100 s InitProducerId to broker-2
        0.100 s   ProducerIdAssigned, broker:2, producer_id:5, epoch:0
        0.100 s Metadata to broker-1
        0.100 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:1, acks:All
        0.100 s Produce acks=All orders-0=[0]#5:0:0 to broker-1
    "#]],
    );
}

/// Source: `TransactionManager.InitProducerIdHandler.handleResponse`: a broken connection is asked again.
#[test]
fn a_request_for_an_id_that_is_lost_is_made_again() {
    let mut desk = Desk::new(producer(settings(), ProducerSpec::default()), cluster(&[(1, 0), (2, 0)]));
    desk.gives_ids = false;
    desk.boot();
    let first = desk.outbox[0].to;
    desk.crash(first.number());
    desk.dead.clear();
    desk.gives_ids = true;
    desk.wait_ms(100);
    let transactions = desk.client.transactions.as_ref().expect("it is idempotent");
    assert_eq!((transactions.producer, transactions.init), (producer_id(1), InitProducerId::Idle));
}

/// Source: `SenderTest.testIdempotenceWithMultipleInflights`.
#[test]
fn up_to_five_batches_are_in_flight_with_rising_numbers() {
    let mut desk = desk();
    desk.call(send(0, 6));
    check(
        &mut desk,
        expect![[r#"
        1.000 s reply 1: Done
        1.000 s Metadata to broker-1
        1.000 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[0]#1:0:0 to broker-1
        1.000 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[1]#1:0:1 to broker-1
        1.000 s   BatchSent, partition:orders-0, first:2, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[2]#1:0:2 to broker-1
        1.000 s   BatchSent, partition:orders-0, first:3, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[3]#1:0:3 to broker-1
        1.000 s   BatchSent, partition:orders-0, first:4, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[4]#1:0:4 to broker-1
    "#]],
    );
    assert_eq!(numbers(&desk, 0), (0, 5, None, 5));
    desk.acknowledge(0).acknowledge(1);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
        1.000 s   BatchSent, partition:orders-0, first:5, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[5]#1:0:5 to broker-1
        1.000 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
    "#]],
    );
    assert_eq!(numbers(&desk, 0), (0, 6, Some(1), 4));
}

/// Source: `SenderTest.testIdempotenceWithMultipleInflightsRetriedInOrder`.
#[test]
fn batches_of_a_broken_connection_are_sent_again_in_order_and_one_by_one() {
    let mut desk = desk();
    desk.call(send(0, 3)).quiet();
    desk.crash(1);
    desk.dead.clear();
    desk.wait_ms(150);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s Metadata to broker-2
        1.100 s Metadata to broker-1
        1.100 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:2, acks:All
        1.100 s Produce acks=All orders-0=[0]#1:0:0 to broker-1
    "#]],
    );
    desk.acknowledge(0);
    desk.acknowledge(1);
    desk.acknowledge(2);
    check(
        &mut desk,
        expect![[r#"
        1.150 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
        1.150 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:2, acks:All
        1.150 s Produce acks=All orders-0=[1]#1:0:1 to broker-1
        1.150 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
        1.150 s   BatchSent, partition:orders-0, first:2, count:1, leader:1, attempt:2, acks:All
        1.150 s Produce acks=All orders-0=[2]#1:0:2 to broker-1
        1.150 s   ProduceAcknowledged, partition:orders-0, base:2, first:2, count:1
    "#]],
    );
    assert_eq!(numbers(&desk, 0), (0, 3, Some(2), 0));
}

/// Source: `SenderTest.testCorrectHandlingOfOutOfOrderResponses`.
#[test]
fn a_later_batch_whose_refusal_comes_first_waits_for_the_earlier_one() {
    let mut desk = desk();
    desk.call(send(0, 2)).quiet();
    // The first goes to the new leader, the second is still on its way to the old one.
    answer_with(&mut desk, 0, ErrorCode::NotLeaderOrFollower, None, hint(2, 1));
    answer(&mut desk, 0, ErrorCode::OutOfOrderSequenceNumber, None);
    desk.wait_ms(100);
    assert_eq!(desk.outbox.len(), 1, "the first is in flight, the second waits for it");
    answer(&mut desk, 0, ErrorCode::RequestTimedOut, None);
    desk.wait_ms(100);
    desk.acknowledge(0).acknowledge(1);
    check(
        &mut desk,
        expect![[r#"
            1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
            1.000 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:0
            1.000 s Metadata to broker-2
            1.000 s   BatchSent, partition:orders-0, first:0, count:1, leader:2, attempt:2, acks:All
            1.000 s Produce acks=All orders-0=[0]#1:0:0 to broker-2
            1.000 s   ProduceRetried, partition:orders-0, error:OUT_OF_ORDER_SEQUENCE_NUMBER, attempt:1, backoff:0
            1.100 s   ProduceRetried, partition:orders-0, error:REQUEST_TIMED_OUT, attempt:2, backoff:100000
            1.200 s   BatchSent, partition:orders-0, first:0, count:1, leader:2, attempt:3, acks:All
            1.200 s Produce acks=All orders-0=[0]#1:0:0 to broker-2
            1.200 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
            1.200 s   BatchSent, partition:orders-0, first:1, count:1, leader:2, attempt:2, acks:All
            1.200 s Produce acks=All orders-0=[1]#1:0:1 to broker-2
            1.200 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
        "#]],
    );
    assert_eq!(numbers(&desk, 0), (0, 2, Some(1), 0));
}

/// Source: `SenderTest.testCorrectHandlingOfOutOfOrderResponsesWhenSecondSucceeds`.
#[test]
fn a_later_batch_may_be_acknowledged_first() {
    let mut desk = desk();
    desk.call(send(0, 2)).quiet();
    answer_with(&mut desk, 0, ErrorCode::NotLeaderOrFollower, None, hint(2, 1));
    answer(&mut desk, 0, ErrorCode::None, Some(1000));
    assert_eq!(numbers(&desk, 0), (0, 2, Some(1), 1));
    answer(&mut desk, 0, ErrorCode::RequestTimedOut, None);
    desk.wait_ms(200);
    // The leader finds the first batch in its log and answers with its old offset.
    answer(&mut desk, 0, ErrorCode::None, Some(999));
    assert_eq!(numbers(&desk, 0), (0, 2, Some(1), 0));
    assert_eq!((desk.client.acknowledged, desk.client.failed), (2, 0));
}

/// Source: `SenderTest.testIdempotenceWithMultipleInflightsWhereFirstFailsFatallyAndSequenceOfFutureBatchesIsAdjusted`.
#[test]
fn after_a_fatal_error_the_batches_behind_it_are_numbered_anew() {
    let mut desk = desk();
    desk.call(send(0, 3)).quiet();
    answer(&mut desk, 0, ErrorCode::InvalidRequest, None);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceFailed, partition:orders-0, error:INVALID_REQUEST, first:0, count:1
        1.000 s   ProducerEpochBumped, partition:orders-0, producer_id:1, epoch:1
    "#]],
    );
    assert_eq!(numbers(&desk, 0), (1, 2, None, 2));
    answer(&mut desk, 0, ErrorCode::OutOfOrderSequenceNumber, None);
    answer(&mut desk, 0, ErrorCode::OutOfOrderSequenceNumber, None);
    desk.wait_ms(100);
    desk.acknowledge(7).acknowledge(8);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceRetried, partition:orders-0, error:OUT_OF_ORDER_SEQUENCE_NUMBER, attempt:1, backoff:100000
        1.000 s   ProduceRetried, partition:orders-0, error:OUT_OF_ORDER_SEQUENCE_NUMBER, attempt:1, backoff:100000
        1.100 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:2, acks:All
        1.100 s Produce acks=All orders-0=[1]#1:1:0 to broker-1
        1.100 s   ProduceAcknowledged, partition:orders-0, base:7, first:1, count:1
        1.100 s   BatchSent, partition:orders-0, first:2, count:1, leader:1, attempt:2, acks:All
        1.100 s Produce acks=All orders-0=[2]#1:1:1 to broker-1
        1.100 s   ProduceAcknowledged, partition:orders-0, base:8, first:2, count:1
    "#]],
    );
    assert_eq!(numbers(&desk, 0), (1, 2, Some(1), 0));
}

/// Source: `SenderTest.testEpochBumpOnOutOfOrderSequenceForNextBatch`.
#[test]
fn a_gap_in_the_log_begins_a_new_epoch() {
    let mut desk = desk();
    desk.call(send(0, 1)).acknowledge(0).call(send(0, 2)).quiet();
    answer(&mut desk, 0, ErrorCode::OutOfOrderSequenceNumber, None);
    assert_eq!(numbers(&desk, 0), (1, 2, None, 2));
    answer(&mut desk, 0, ErrorCode::OutOfOrderSequenceNumber, None);
    desk.wait_ms(100);
    desk.acknowledge(1).acknowledge(2);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceRetried, partition:orders-0, error:OUT_OF_ORDER_SEQUENCE_NUMBER, attempt:1, backoff:100000
        1.000 s   ProducerEpochBumped, partition:orders-0, producer_id:1, epoch:1
        1.000 s   ProduceRetried, partition:orders-0, error:OUT_OF_ORDER_SEQUENCE_NUMBER, attempt:1, backoff:100000
        1.100 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:2, acks:All
        1.100 s Produce acks=All orders-0=[1]#1:1:0 to broker-1
        1.100 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
        1.100 s   BatchSent, partition:orders-0, first:2, count:1, leader:1, attempt:2, acks:All
        1.100 s Produce acks=All orders-0=[2]#1:1:1 to broker-1
        1.100 s   ProduceAcknowledged, partition:orders-0, base:2, first:2, count:1
    "#]],
    );
    assert_eq!((desk.client.acknowledged, desk.client.failed), (3, 0));
}

/// Source: `SenderTest.testExpiryOfUnsentBatchesShouldNotCauseUnresolvedSequences`.
#[test]
fn batches_that_were_never_sent_expire_without_a_trace() {
    let mut desk = desk();
    desk.cluster = cluster(&[(0, 1), (2, 0)]);
    desk.wait(Span::secs(300));
    desk.call(send(0, 1)).wait(Span::secs(120));
    assert_eq!(desk.client.failed, 1);
    assert!(!unresolved(&desk));
}

/// Requests and deliveries that end soon: a request after 1 s, a batch after 1.5 s.
fn short() -> Desk<Producer> {
    let (request_timeout, delivery_timeout) = (Span::secs(1), Span::millis(1500));
    desk_with(Settings { request_timeout, delivery_timeout, ..settings() })
}

/// Source: `SenderTest.testExpiryOfFirstBatchShouldNotCauseUnresolvedSequencesIfFutureBatchesSucceed`.
#[test]
fn a_batch_that_was_given_up_was_appended_if_the_next_one_is_taken() {
    let mut desk = short();
    desk.call(send(0, 1)).wait_ms(1000).call(send(0, 1)).wait_ms(500);
    assert_eq!(desk.client.failed, 1);
    assert!(unresolved(&desk));
    let second = desk.outbox.len() - 1;
    answer(&mut desk, second, ErrorCode::None, Some(1));
    desk.call(send(0, 1)).wait_ms(100);
    assert!(!unresolved(&desk));
    assert_eq!(numbers(&desk, 0), (0, 3, Some(1), 1));
}

/// Source: `SenderTest.testExpiryOfFirstBatchShouldCauseEpochBumpIfFutureBatchesFail`.
#[test]
fn a_batch_that_was_given_up_was_lost_if_the_next_one_is_out_of_order() {
    let mut desk = short();
    desk.call(send(0, 1)).wait_ms(1000).call(send(0, 1)).wait_ms(500);
    assert!(unresolved(&desk));
    desk.quiet();
    let second = desk.outbox.len() - 1;
    answer(&mut desk, second, ErrorCode::OutOfOrderSequenceNumber, None);
    desk.wait_ms(100);
    check(
        &mut desk,
        expect![[r#"
            2.500 s   ProduceRetried, partition:orders-0, error:OUT_OF_ORDER_SEQUENCE_NUMBER, attempt:1, backoff:100000
            2.500 s   ProducerEpochBumped, partition:orders-0, producer_id:1, epoch:1
            2.500 s Metadata to broker-2
            2.600 s Metadata to broker-1
            2.600 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:2, acks:All
            2.600 s Produce acks=All orders-0=[1]#1:1:0 to broker-1
        "#]],
    );
    assert_eq!(numbers(&desk, 0), (1, 1, None, 1));
}

/// Source: `SenderTest.testExpiryOfAllSentBatchesShouldCauseUnresolvedSequences`.
#[test]
fn when_all_batches_were_given_up_a_new_epoch_begins() {
    let mut desk = short();
    desk.call(send(0, 1)).wait_ms(1500).quiet();
    assert_eq!(desk.client.failed, 1);
    desk.call(send(0, 1));
    check(
        &mut desk,
        expect![[r#"
        2.500 s reply 2: Done
        2.500 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:1, acks:All
        2.500 s Produce acks=All orders-0=[1]#1:1:0 to broker-1
    "#]],
    );
    assert_eq!(numbers(&desk, 0), (1, 1, None, 1));
}

/// Source: `RecordAccumulator.shouldStopDrainBatchesForPartition`, `TransactionManager.hasStaleProducerIdAndEpoch`.
#[test]
fn another_partition_keeps_its_epoch_until_its_batches_have_a_fate() {
    let mut desk = desk();
    desk.call(send(0, 1)).call(send(1, 1)).quiet();
    answer(&mut desk, 0, ErrorCode::InvalidRequest, None);
    desk.call(send(1, 1));
    assert_eq!(numbers(&desk, 1), (0, 1, None, 1), "the new batch waits");
    desk.acknowledge(0);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceFailed, partition:orders-0, error:INVALID_REQUEST, first:0, count:1
        1.000 s   ProducerEpochBumped, partition:orders-0, producer_id:1, epoch:1
        1.000 s reply 3: Done
        1.000 s   ProduceAcknowledged, partition:orders-1, base:0, first:1, count:1
        1.000 s   BatchSent, partition:orders-1, first:2, count:1, leader:2, attempt:1, acks:All
        1.000 s Produce acks=All orders-1=[2]#1:1:0 to broker-2
    "#]],
    );
    assert_eq!(numbers(&desk, 1), (1, 1, None, 1));
}

/// Source: `TransactionManager.bumpIdempotentProducerEpoch`.
#[test]
fn an_id_whose_epochs_are_used_up_is_replaced() {
    let mut desk = desk();
    let transactions = desk.client.transactions.as_mut().expect("it is idempotent");
    transactions.producer.epoch = ProducerEpoch::MAX;
    desk.call(send(0, 1)).quiet();
    answer(&mut desk, 0, ErrorCode::InvalidRequest, None);
    desk.call(send(0, 1));
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceFailed, partition:orders-0, error:INVALID_REQUEST, first:0, count:1
        1.000 s InitProducerId to broker-2
        1.000 s   ProducerIdAssigned, broker:2, producer_id:2, epoch:0
        1.000 s reply 2: Done
        1.000 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[1]#2:0:0 to broker-1
    "#]],
    );
}

/// Source: KIP-951: a new leader is sent to at once, in order.
#[test]
fn batches_follow_the_leader_in_order() {
    let mut desk = desk();
    desk.call(send(0, 2)).quiet();
    for _ in 0..2 {
        answer_with(&mut desk, 0, ErrorCode::NotLeaderOrFollower, None, hint(2, 1));
    }
    desk.acknowledge(0).acknowledge(1);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
        1.000 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:0
        1.000 s Metadata to broker-2
        1.000 s   BatchSent, partition:orders-0, first:0, count:1, leader:2, attempt:2, acks:All
        1.000 s Produce acks=All orders-0=[0]#1:0:0 to broker-2
        1.000 s   ProduceRetried, partition:orders-0, error:NOT_LEADER_OR_FOLLOWER, attempt:1, backoff:0
        1.000 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
        1.000 s   BatchSent, partition:orders-0, first:1, count:1, leader:2, attempt:2, acks:All
        1.000 s Produce acks=All orders-0=[1]#1:0:1 to broker-2
        1.000 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
    "#]],
    );
}

/// Source: `DefaultRecordBatch.incrementSequence`.
#[test]
fn numbers_wrap() {
    let mut desk = desk();
    desk.call(send(0, 1)).acknowledge(0);
    let transactions = desk.client.transactions.as_mut().expect("it is idempotent");
    transactions.set_next_sequence(orders(0), Sequence::MAX);
    desk.call(send(0, 2));
    assert_eq!(numbers(&desk, 0).1, 1);
}

/// Source: `ProducerConfig`: idempotence by default is turned off without a word where acks do not fit.
#[test]
fn with_other_acks_there_is_no_producer_id() {
    let mut desk = desk_with(Settings { enable_idempotence: EnableIdempotence::Default(true), ..settings() });
    desk.call(Command::SetAcks(Acks::One)).call(send(0, 1)).quiet();
    assert_eq!(desk.client.transactions, None);
    desk.call(Command::SetAcks(Acks::All)).acknowledge(0).call(send(0, 1));
    check(
        &mut desk,
        expect![[r#"
        1.000 s reply 3: Done
        1.000 s InitProducerId to broker-2
        1.000 s   ProducerIdAssigned, broker:2, producer_id:2, epoch:0
        1.000 s   ProduceAcknowledged, partition:orders-0, base:0, first:0, count:1
        1.000 s reply 4: Done
        1.000 s   BatchSent, partition:orders-0, first:1, count:1, leader:1, attempt:1, acks:All
        1.000 s Produce acks=All orders-0=[1]#2:0:0 to broker-1
    "#]],
    );
}

/// Source: `InFlightRequests.completeNext`: answers come in the order of requests. One that is lost breaks its
/// connection; else more than five batches could pass the one that nobody has an answer to.
#[test]
fn a_lost_answer_breaks_the_connection() {
    let mut desk = desk();
    desk.call(send(0, 3)).quiet();
    answer(&mut desk, 1, ErrorCode::None, Some(1));
    desk.wait_ms(150);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceAcknowledged, partition:orders-0, base:1, first:1, count:1
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s Metadata to broker-2
        1.100 s Metadata to broker-1
        1.100 s   BatchSent, partition:orders-0, first:0, count:1, leader:1, attempt:2, acks:All
        1.100 s Produce acks=All orders-0=[0]#1:0:0 to broker-1
    "#]],
    );
}
