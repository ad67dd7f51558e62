//! Reading on, following leaders, resetting positions.

use crate::desk::{Desk, broker, cluster, entry, hint, orders, steady, text};
use expect_test::{Expect, expect};
use kraftscope_core::client::{Consumer, ConsumerSpec};
use kraftscope_core::config::{OffsetReset, Settings};
use kraftscope_core::id::{NodeId, NodeList, Offset};
use kraftscope_core::node::Command;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, MetadataResponse};
use std::sync::Arc;

pub(crate) fn consumer(settings: Settings) -> Consumer {
    let spec = ConsumerSpec { topics: vec![text("orders")], group: None };
    Consumer::new(NodeId::consumer(1), Arc::new(settings), spec, NodeList::brokers(&[1, 2, 3]))
}

fn check(desk: &mut Desk<Consumer>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

fn booted(settings: Settings, cluster: MetadataResponse) -> Desk<Consumer> {
    let mut desk = Desk::new(consumer(settings), cluster);
    desk.boot();
    desk
}

/// A consumer of orders-0 (leader broker 1, epoch 0) that has read two records; a fetch at offset 2 waits.
fn reading() -> Desk<Consumer> {
    reading_with(OffsetReset::Latest)
}

/// The same with this `auto.offset.reset`.
pub(crate) fn reading_with(auto_offset_reset: OffsetReset) -> Desk<Consumer> {
    reading_of(Settings { auto_offset_reset, ..steady() })
}

/// The same with these settings.
pub(crate) fn reading_of(settings: Settings) -> Desk<Consumer> {
    let mut desk = booted(settings, cluster(&[(1, 0)]));
    desk.looked_up(ErrorCode::None, 0);
    desk.fetched(ErrorCode::None, None, &[entry(0, 0), entry(0, 1)]).wait_ms(1000).quiet();
    desk
}

/// Source: `OffsetFetcher.resetPositionsIfNeeded`, `AbstractFetch.prepareFetchRequests`.
#[test]
fn a_consumer_looks_up_the_earliest_offset_and_reads_on_from_there() {
    let mut desk = booted(steady(), cluster(&[(1, 0)]));
    desk.looked_up(ErrorCode::None, 3).fetched(ErrorCode::None, None, &[entry(0, 0), entry(0, 1)]);
    check(
        &mut desk,
        expect![[r#"
        0.000 s Metadata to broker-2
        0.000 s Metadata to broker-1
        0.000 s ListOffsets Earliest orders-0 to broker-1
        0.000 s Fetch orders-0@3 epoch 0 to broker-1
        0.000 s   RecordsConsumed, partition:orders-0, from:3, to:5
        0.000 s Fetch orders-0@5 epoch 0 to broker-1
    "#]],
    );
    let consumer = &desk.client;
    assert_eq!((consumer.consumed, consumer.positions[&orders(0)].offset), (2, Some(Offset(5))));
    assert_eq!(consumer.positions[&orders(0)].high_watermark, Some(Offset(5)));
}

/// The checker compares what was read with the committed log: offset, epoch and record.
#[test]
fn what_was_read_in_the_last_step_can_be_checked() {
    let mut desk = booted(steady(), cluster(&[(1, 0)]));
    desk.looked_up(ErrorCode::None, 3).fetched(ErrorCode::None, None, &[entry(0, 7), entry(1, 8)]);
    let read: Vec<_> =
        desk.client.last_step.iter().map(|c| (c.offset.0, c.epoch.0, c.record.value)).collect();
    assert_eq!(read, [(3, 0, 7), (4, 1, 8)]);
    assert_eq!(desk.client.last_records, desk.client.last_step);
    desk.fetched(ErrorCode::None, None, &[]);
    assert_eq!((desk.client.last_step.len(), desk.client.last_records.len()), (0, 2));
}

/// Source: `nodesWithPendingFetchRequests`: one fetch in flight per broker, with all its partitions.
#[test]
fn one_fetch_per_leader_waits_for_records() {
    let mut desk = booted(steady(), cluster(&[(1, 0), (1, 4), (2, 0)]));
    (0..3).for_each(|_| {
        desk.looked_up(ErrorCode::None, 0);
    });
    check(
        &mut desk,
        expect![[r#"
        0.000 s Metadata to broker-2
        0.000 s Metadata to broker-1
        0.000 s ListOffsets Earliest orders-2 to broker-2
        0.000 s ListOffsets Earliest orders-0 to broker-1
        0.000 s ListOffsets Earliest orders-1 to broker-1
        0.000 s Fetch orders-2@0 epoch 0 to broker-2
        0.000 s Fetch orders-0@0 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `FetchConfig.maxPollRecords`.
#[test]
fn records_are_handed_over_max_poll_records_at_a_time() {
    let mut desk = booted(Settings { max_poll_records: 2, ..steady() }, cluster(&[(1, 0)]));
    desk.looked_up(ErrorCode::None, 0).quiet();
    desk.fetched(ErrorCode::None, None, &[entry(0, 0), entry(0, 1), entry(0, 2)]);
    check(
        &mut desk,
        expect![[r#"
        0.000 s   RecordsConsumed, partition:orders-0, from:0, to:2
        0.000 s   RecordsConsumed, partition:orders-0, from:2, to:3
        0.000 s Fetch orders-0@3 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `FetcherTest.testFetchNotLeaderOrFollower...` and KIP-951: the hint is used at once.
#[test]
fn a_consumer_follows_the_leader_that_a_refusal_names() {
    let mut desk = reading();
    desk.fetched(ErrorCode::NotLeaderOrFollower, hint(2, 1), &[]);
    check(
        &mut desk,
        expect![[r#"
            1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
            1.000 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-2
            1.000 s Metadata to broker-1
        "#]],
    );
}

/// Source: `FetchCollector.handleInitializeErrors`: without a hint it waits for metadata.
#[test]
fn without_a_hint_a_consumer_waits_for_metadata() {
    let mut desk = reading();
    desk.cut.insert(broker(1));
    desk.fetched(ErrorCode::NotLeaderOrFollower, None, &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s Metadata to broker-1
    "#]],
    );
    assert!(desk.client.positions[&orders(0)].awaits_update);
    desk.cluster = cluster(&[(2, 1)]);
    desk.wait(Span::secs(31));
    assert!(!desk.client.positions[&orders(0)].awaits_update);
    assert_eq!(desk.outbox.back().map(|waiting| waiting.to), Some(broker(2)));
}

/// Source: `FetchCollector.handleInitializeErrors`: metadata is asked for, and the fetch goes to the new leader.
#[test]
fn a_fenced_epoch_makes_a_consumer_refresh_and_follow() {
    let mut desk = reading();
    desk.cluster = cluster(&[(2, 1)]);
    desk.fetched(ErrorCode::FencedLeaderEpoch, None, &[]);
    check(
        &mut desk,
        expect![[r#"
            1.000 s Metadata to broker-1
            1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
            1.000 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-2
        "#]],
    );
}

/// Source: `FetchCollector.handleInitializeErrors`: the broker is behind; the same fetch goes out again, and no
/// metadata is asked for.
#[test]
fn an_unknown_leader_epoch_is_fetched_again() {
    let mut desk = reading();
    desk.fetched(ErrorCode::UnknownLeaderEpoch, None, &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s Fetch orders-0@2 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `FetchCollector.handleInitializeErrors`, `OffsetFetcher`, `auto.offset.reset=earliest`.
#[test]
fn an_offset_out_of_range_is_reset_to_the_earliest() {
    let mut desk = reading_with(OffsetReset::Earliest);
    desk.fetched(ErrorCode::OffsetOutOfRange, None, &[]).wait_ms(2).looked_up(ErrorCode::None, 1);
    check(
        &mut desk,
        expect![[r#"
        1.000 s ListOffsets Earliest orders-0 to broker-1
        1.002 s   PositionReset, partition:orders-0, from:2, to:1
        1.002 s Fetch orders-0@1 epoch 0 to broker-1
    "#]],
    );
    assert_eq!(desk.client.positions[&orders(0)].reset_from, None);
}

/// Source: `OffsetFetcherUtils`: a look-up that failed is repeated after retry.backoff.ms.
#[test]
fn a_look_up_that_is_refused_is_repeated_after_the_back_off() {
    let mut desk = booted(steady(), cluster(&[(1, 0)]));
    desk.wait_ms(500).quiet();
    desk.cluster = cluster(&[(2, 1)]);
    desk.looked_up(ErrorCode::NotLeaderOrFollower, 0).wait_ms(100).looked_up(ErrorCode::None, 0);
    check(
        &mut desk,
        expect![[r#"
        0.500 s Metadata to broker-1
        0.500 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
        0.600 s ListOffsets Earliest orders-0 to broker-2
        0.600 s Fetch orders-0@0 epoch 1 to broker-2
    "#]],
    );
}

/// Source: `FetchCollector.handleInitializeSuccess`: an answer for an offset other than the position is stale.
#[test]
fn an_answer_that_does_not_continue_the_position_is_dropped() {
    let mut desk = reading();
    desk.cluster = cluster(&[(2, 1)]);
    desk.client.network.metadata.request_update();
    desk.input(kraftscope_core::node::Input::Disconnected(broker(3)));
    check(
        &mut desk,
        expect![[r#"
            1.000 s Metadata to broker-2
            1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
            1.000 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-2
        "#]],
    );
    desk.outbox.swap(0, 1);
    desk.epoch_ends(ErrorCode::None, Some((0, 2)));
    desk.outbox.swap(0, 1);
    desk.fetched(ErrorCode::None, None, &[entry(1, 2)]).quiet();
    desk.fetched(ErrorCode::None, None, &[entry(0, 2)]);
    assert_eq!(desk.client.positions[&orders(0)].offset, Some(Offset(3)), "read once, from the new leader");
    assert_eq!(desk.client.consumed, 3);
}

/// Source: `NetworkClient.processDisconnection`: the fetch is lost with the connection, and made anew.
#[test]
fn a_crashed_leader_is_left_for_the_next_one() {
    let mut desk = reading();
    desk.cluster = cluster(&[(0, 1)]);
    desk.crash(1).wait_ms(300).quiet();
    desk.cluster = cluster(&[(3, 2)]);
    desk.wait_ms(100);
    check(
        &mut desk,
        expect![[r#"
            1.350 s Metadata to broker-1
            1.400 s Metadata to broker-1
            1.400 s Metadata to broker-2
            1.400 s   MetadataUpdated, partition:orders-0, leader:3, leader_epoch:2
            1.400 s Metadata to broker-3
            1.400 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 2 to broker-3
        "#]],
    );
}

/// Source: `request.timeout.ms`: a silent link is noticed after thirty seconds.
#[test]
fn a_silent_leader_is_asked_again_after_the_request_timeout() {
    let mut desk = reading();
    desk.outbox.clear();
    desk.wait_ms(28_999);
    assert_eq!((desk.client.fetches.len(), desk.outbox.len()), (1, 0));
    desk.wait_ms(1);
    assert_eq!((desk.client.fetches.len(), desk.client.last_error), (0, ErrorCode::RequestTimedOut));
    desk.wait_ms(50);
    assert_eq!((desk.client.fetches.len(), desk.outbox.len()), (1, 1));
}

/// Source: `Metadata.requestUpdate(false)` for UNKNOWN_TOPIC_OR_PARTITION in a metadata answer.
#[test]
fn a_topic_that_appears_later_is_read() {
    let mut desk = booted(Settings::default(), cluster(&[]));
    desk.cluster.topics.clear();
    desk.wait_ms(3000);
    assert_eq!(desk.client.positions.len(), 0);
    desk.cluster = cluster(&[(1, 0), (2, 0)]);
    desk.wait_ms(1000);
    assert_eq!((desk.client.positions.len(), desk.outbox.len()), (2, 2));
}

/// Source: `SubscriptionState`: partitions that are added are read from the earliest offset too.
#[test]
fn a_partition_that_is_added_is_found_with_the_next_refresh() {
    let mut desk = reading();
    desk.cluster = cluster(&[(1, 0), (2, 0)]);
    desk.wait(Span::secs(300));
    assert_eq!(desk.client.positions.len(), 2);
}

/// A consumer takes no commands.
#[test]
fn a_command_is_refused() {
    let mut desk = reading();
    desk.call(Command::ShutDown);
    check(&mut desk, expect![["1.000 s reply 1: Refused(InvalidRequest)\n"]]);
}

/// Without groups nothing remembers its positions.
#[test]
fn after_a_restart_it_starts_from_the_earliest_offset_again() {
    let restarted = reading().client.restarted();
    assert_eq!((restarted.positions.len(), restarted.consumed), (0, 0));
}
