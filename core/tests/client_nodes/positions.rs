//! What a consumer does when another leader may have cut the log below its position (KIP-320), and where it goes on
//! when its position is not in the log.

use crate::consumer::{reading_of, reading_with};
use crate::desk::{Desk, broker, cluster, entry, hint, orders, steady};
use expect_test::{Expect, expect};
use kraftscope_core::client::Consumer;
use kraftscope_core::config::OffsetReset;
use kraftscope_core::id::{LeaderEpoch, Offset};
use kraftscope_core::node::Input;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, MetadataResponse};

fn check(desk: &mut Desk<Consumer>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

/// A consumer that stands at offset 2, after a record of epoch 0; broker 2 leads epoch 1 and is asked where epoch 0
/// ends.
fn validating(reset: OffsetReset) -> Desk<Consumer> {
    let mut desk = reading_with(reset);
    desk.fetched(ErrorCode::NotLeaderOrFollower, hint(2, 1), &[]);
    desk
}

/// New metadata arrives at once.
fn refresh(desk: &mut Desk<Consumer>, news: MetadataResponse) {
    desk.cluster = news;
    desk.client.network.metadata.request_update();
    desk.input(Input::Disconnected(broker(3)));
}

/// Source: `OffsetFetcherTest.testOffsetValidationRequestGrouping`, `SubscriptionState.maybeValidatePosition`.
#[test]
fn a_new_leader_is_asked_where_the_epoch_of_the_last_record_ends() {
    let mut desk = validating(OffsetReset::Latest);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
        1.000 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-2
        1.000 s Metadata to broker-1
    "#]],
    );
    assert!(desk.client.positions[&orders(0)].awaits_validation);
    desk.epoch_ends(ErrorCode::None, Some((0, 2)));
    check(
        &mut desk,
        expect![[r#"
        1.000 s Fetch orders-0@2 epoch 1 to broker-2
    "#]],
    );
    assert!(!desk.client.positions[&orders(0)].awaits_validation);
}

/// Source: `SubscriptionState.TopicPartitionState.validatePosition`: a leader whose epoch is not known is fetched from.
#[test]
fn a_leader_whose_epoch_is_unknown_is_not_asked_where_epochs_end() {
    let mut desk = reading_with(OffsetReset::Latest);
    let mut guess = cluster(&[(2, 0)]);
    guess.partitions[0].leader_epoch = None;
    refresh(&mut desk, guess);
    desk.fetched(ErrorCode::NotLeaderOrFollower, None, &[]);
    desk.wait_ms(200);
    let position = desk.client.positions[&orders(0)];
    assert_eq!(position.current_leader.and_then(|known| known.leader), Some(broker(2)));
    assert!(!position.awaits_validation);
}

/// Source: `FetcherTest.testTruncationDetected`, `SubscriptionStateTest.testTruncationDetectionWithResetPolicy`.
#[test]
fn a_truncated_position_moves_to_where_the_logs_part() {
    let mut desk = validating(OffsetReset::Latest);
    desk.quiet().epoch_ends(ErrorCode::None, Some((0, 1)));
    check(
        &mut desk,
        expect![[r#"
        1.000 s   TruncationDetected, partition:orders-0, position:2, epoch:0, end:1
        1.000 s   PositionReset, partition:orders-0, from:2, to:1
        1.000 s Fetch orders-0@1 epoch 1 to broker-2
    "#]],
    );
    let position = desk.client.positions[&orders(0)];
    assert_eq!((position.offset, position.offset_epoch), (Some(Offset(1)), Some(LeaderEpoch(0))));
}

/// Source: `SubscriptionStateTest.testTruncationDetectionUnknownDivergentOffsetWithResetPolicy`.
#[test]
fn a_leader_that_knows_nothing_of_the_epoch_makes_a_consumer_look_up_an_offset() {
    let mut desk = validating(OffsetReset::Earliest);
    desk.quiet().epoch_ends(ErrorCode::None, None).looked_up(ErrorCode::None, 0);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   TruncationDetected, partition:orders-0, position:2, epoch:0, end:null
        1.000 s ListOffsets Earliest orders-0 to broker-2
        1.000 s   PositionReset, partition:orders-0, from:2, to:0
        1.000 s Fetch orders-0@0 epoch 1 to broker-2
    "#]],
    );
}

/// Source: `SubscriptionStateTest.testTruncationDetectionWithoutResetPolicy`, `LogTruncationException`.
#[test]
fn without_a_reset_policy_the_application_is_told_and_the_position_stays() {
    let mut desk = validating(OffsetReset::None);
    desk.quiet().epoch_ends(ErrorCode::None, Some((0, 1))).wait(Span::secs(60));
    check(
        &mut desk,
        expect![[r#"
        1.000 s   TruncationDetected, partition:orders-0, position:2, epoch:0, end:1
        1.000 s   OutOfRangeRaised, partition:orders-0, position:2
    "#]],
    );
    let position = desk.client.positions[&orders(0)];
    assert_eq!((position.offset, position.paused, desk.outbox.len()), (Some(Offset(2)), true, 0));
}

/// Source: `OffsetFetcherTest.testOffsetValidationFencing`, `OffsetsForLeaderEpochUtils.handleResponse`.
#[test]
fn a_validation_that_is_refused_is_repeated_after_the_back_off() {
    let mut desk = validating(OffsetReset::Latest);
    desk.quiet().wait_ms(500).epoch_ends(ErrorCode::UnknownLeaderEpoch, None).wait_ms(100);
    check(
        &mut desk,
        expect![[r#"
        1.500 s Metadata to broker-1
        1.600 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-2
    "#]],
    );
}

/// Source: `OffsetFetcherUtils.onFailedResponseForValidatingPositions`.
#[test]
fn a_validation_is_lost_with_its_connection_and_asked_again() {
    let mut desk = validating(OffsetReset::Latest);
    desk.quiet().crash(2).dead.clear();
    desk.wait_ms(200);
    check(
        &mut desk,
        expect![[r#"
        1.100 s Metadata to broker-2
        1.100 s Metadata to broker-1
        1.100 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-2
    "#]],
    );
}

/// Source: `SubscriptionStateTest.testMaybeCompleteValidationAfterPositionChange`,
/// `OffsetFetcherTest.testOffsetValidationFencing`: the answer is about an earlier leader.
#[test]
fn an_answer_about_an_earlier_leader_validates_nothing() {
    let mut desk = validating(OffsetReset::Latest);
    desk.wait_ms(200).quiet();
    refresh(&mut desk, cluster(&[(3, 2)]));
    desk.quiet().epoch_ends(ErrorCode::None, Some((0, 1)));
    check(&mut desk, expect![[""]]);
    assert!(desk.client.positions[&orders(0)].awaits_validation);
    desk.epoch_ends(ErrorCode::None, Some((0, 2)));
    assert_eq!(desk.client.positions[&orders(0)].fetchable(), Some(Offset(2)));
}

/// Source: `SubscriptionState.validatePosition`: without an epoch there is nothing to compare.
#[test]
fn a_position_without_a_record_read_needs_no_validation() {
    let mut desk = reading_with(OffsetReset::Latest);
    desk.fetched(ErrorCode::OffsetOutOfRange, None, &[]).looked_up(ErrorCode::None, 7).quiet();
    desk.fetched(ErrorCode::NotLeaderOrFollower, hint(2, 1), &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
        1.000 s Fetch orders-0@7 epoch 1 to broker-2
        1.000 s Metadata to broker-1
    "#]],
    );
}

/// Source: `SubscriptionState.maybeValidatePosition`: without a leader the position stays with the old one.
#[test]
fn while_nobody_leads_the_old_leader_is_asked_on() {
    let mut desk = reading_with(OffsetReset::Latest);
    refresh(&mut desk, cluster(&[(0, 1)]));
    desk.quiet().fetched(ErrorCode::None, None, &[entry(0, 2)]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   RecordsConsumed, partition:orders-0, from:2, to:3
        1.000 s Fetch orders-0@3 epoch 0 to broker-1
    "#]],
    );
    assert_eq!(desk.outbox.back().map(|waiting| waiting.to), Some(broker(1)));
}

/// Source: `auto.offset.reset` = `latest`, `FetcherTest.testFetchOffsetOutOfRange`.
#[test]
fn an_offset_out_of_range_is_reset_to_the_latest() {
    let mut desk = reading_with(OffsetReset::Latest);
    desk.fetched(ErrorCode::OffsetOutOfRange, None, &[]).looked_up(ErrorCode::None, 9);
    check(
        &mut desk,
        expect![[r#"
        1.000 s ListOffsets Latest orders-0 to broker-1
        1.000 s   PositionReset, partition:orders-0, from:2, to:9
        1.000 s Fetch orders-0@9 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `FetcherTest.testFetchedRecordsRaisesOnOffsetOutOfRange...`, `OffsetOutOfRangeException`.
#[test]
fn an_offset_out_of_range_without_a_reset_policy_is_told_to_the_application() {
    let mut desk = reading_with(OffsetReset::None);
    desk.fetched(ErrorCode::OffsetOutOfRange, None, &[]).wait(Span::secs(60));
    check(
        &mut desk,
        expect![[r#"
        1.000 s   OutOfRangeRaised, partition:orders-0, position:2
    "#]],
    );
}

/// Source: KIP-320; before 2.3 a consumer did not ask.
#[test]
fn before_2_3_a_consumer_reads_on_at_the_same_offset() {
    let mut settings = steady();
    settings.features.consumer_detects_truncation = false;
    let mut desk = reading_of(settings);
    desk.fetched(ErrorCode::NotLeaderOrFollower, hint(2, 1), &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
        1.000 s Fetch orders-0@2 epoch 1 to broker-2
        1.000 s Metadata to broker-1
    "#]],
    );
}
