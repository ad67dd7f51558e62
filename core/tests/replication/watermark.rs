//! High watermark: who holds it, when it moves, when it must not.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{BrokerEpoch, NodeList, Offset};
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::record::{MetadataRecord, PartitionChange, TopicConfig};
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, Fetcher};

fn list(brokers: &[u8]) -> NodeList {
    NodeList::brokers(brokers)
}

fn min_isr(min_insync_replicas: u32) -> Settings {
    Settings { min_insync_replicas, ..Settings::default() }
}

fn before_3_7(min_insync_replicas: u32) -> Settings {
    let mut settings = min_isr(min_insync_replicas);
    settings.features.strict_min_isr = false;
    settings
}

/// Source: Partition.maybeIncrementLeaderHW (3.4, rule 2).
#[test]
fn the_high_watermark_is_the_lowest_log_end_in_the_isr() {
    let mut lab = Lab::new(&[1, 2, 3], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab.fetch_as(B2, B1, 8, Some(0));
    assert_eq!(lab.hw(B1), 0);
    lab.fetch_as(B3, B1, 6, Some(0));
    assert_eq!(lab.hw(B1), 6);
    lab.fetch_as(B3, B1, 10, Some(0));
    assert_eq!(lab.hw(B1), 8);
    let note =
        Note::HighWatermarkAdvanced { partition: TP, from: Offset(6), to: Offset(8), isr: list(&[1, 2, 3]) };
    lab.assert_note(B1, note);
}

/// Source: 3.4, rule 3: an unknown log end holds it.
#[test]
fn a_member_that_has_not_fetched_holds_the_high_watermark() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 3);
    assert_eq!(lab.hw(B1), 0);
}

/// Source: Partition.appendRecordsToLeader: "we may need to increment high watermark since ISR could be down to 1".
#[test]
fn a_lone_leader_commits_at_once() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 3);
    assert_eq!(lab.hw(B1), 3);
}

/// Source: UnifiedLog.maybeIncrementHighWatermark: only if larger.
#[test]
fn a_leaders_high_watermark_never_goes_back() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab.fetch_as(B2, B1, 10, Some(0));
    lab.fetch_as(B2, B1, 4, Some(0));
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(4)));
    assert_eq!(lab.hw(B1), 10);
}

/// Source: Partition.makeLeader: there is no "own epoch first" rule as in Raft.
#[test]
fn a_new_leader_commits_records_of_earlier_epochs() {
    let mut lab = Lab::new(&[1, 2], &[]);
    lab.start(B1, disk_with(&[(0, 6)], 3));
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch.0 = 1;
    lab.publish();
    lab.fetch_as(B2, B1, 6, Some(0));
    assert_eq!(lab.hw(B1), 6);
}

/// Source: PendingExpandIsr, KIP-497.
#[test]
fn a_follower_that_is_about_to_join_holds_the_high_watermark_already() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab.fetch_as(B2, B1, 10, Some(0));
    assert_eq!(lab.maximal_isr(B1), list(&[1, 2]));
    lab.advance(Span::secs(40));
    lab.produce(B1, Acks::One, 5);
    assert_eq!(lab.hw(B1), 10);
    lab.fetch_as(B2, B1, 15, Some(0));
    assert_eq!(lab.hw(B1), 15);
}

/// Source: PendingShrinkIsr, PartitionTest.testMaybeShrinkIsr.
#[test]
fn a_shrink_that_is_not_confirmed_releases_nothing() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 1);
    lab.advance(Span::secs(46));
    let (correlation, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions[0].new_isr, [(B1, Some(BrokerEpoch(11)))]);
    lab.produce(B1, Acks::One, 1);
    assert_eq!(lab.hw(B1), 0);
    lab.refuse(B1, correlation, ErrorCode::IneligibleReplica);
    assert_eq!(lab.hw(B1), 0);
    lab.advance(Span::secs(15));
    let (correlation, _) = lab.proposals()[0].clone();
    lab.accept(B1, correlation, &[1], 1);
    assert_eq!(lab.hw(B1), 2);
}

/// Source: shouldWaitForReplicaToJoinIsr (3.4, rule 2).
#[test]
fn a_busy_leader_waits_for_a_replica_that_caught_up_lately_and_may_join() {
    let mut lab = Lab::with(Settings::default(), &[1, 2, 3], &[1, 3], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab.fetch_as(B2, B1, 10, Some(0));
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, correlation, ErrorCode::IneligibleReplica);
    lab.produce(B1, Acks::One, 5);
    lab.fetch_as(B3, B1, 15, Some(0));
    assert_eq!(lab.hw(B1), 10);
    lab.now += Span::millis(30_001);
    lab.produce(B1, Acks::One, 1);
    assert_eq!(lab.hw(B1), 15);
}

/// Source: shouldWaitForReplicaToJoinIsr: caught up and eligible.
#[test]
fn a_replica_that_may_not_join_is_not_waited_for() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.image.brokers.get_mut(&B2).unwrap().fenced = true;
    lab.publish();
    lab.fetch_as(B2, B1, 0, None);
    lab.produce(B1, Acks::One, 5);
    assert_eq!(lab.hw(B1), 5);
}

/// Source: PartitionTest.testHighWatermarkAdvanceShouldNotAdvanceWhenUnderMinISR, KIP-966.
#[test]
fn below_min_isr_the_high_watermark_stands_still_and_says_so_once() {
    let mut lab = Lab::with(min_isr(2), &[1, 2, 3], &[1], &[1]);
    lab.produce(B1, Acks::One, 3);
    lab.produce(B1, Acks::One, 3);
    assert_eq!(lab.hw(B1), 0);
    let note = Note::HighWatermarkFrozen { partition: TP, isr: list(&[1]), min_isr: 2 };
    lab.assert_note(B1, note);
    assert_eq!(lab.count_notes(B1, |note| matches!(note, Note::HighWatermarkFrozen { .. })), 1);
}

/// Source: Partition.handleAlterPartitionUpdate: the high watermark is looked at again.
#[test]
fn the_high_watermark_thaws_when_the_isr_is_large_enough_and_can_freeze_again() {
    let mut lab = Lab::with(min_isr(2), &[1, 2, 3], &[1], &[1]);
    lab.produce(B1, Acks::One, 3);
    lab.fetch_as(B2, B1, 3, Some(0));
    let (correlation, _) = lab.proposals()[0].clone();
    assert_eq!(lab.hw(B1), 0);
    lab.accept(B1, correlation, &[1, 2], 1);
    assert_eq!(lab.hw(B1), 3);
    let isr = Some(list(&[1]));
    lab.decide(PartitionChange::default());
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    lab.now += Span::secs(60);
    lab.produce(B1, Acks::One, 1);
    assert_eq!(lab.hw(B1), 3);
    assert_eq!(lab.count_notes(B1, |note| matches!(note, Note::HighWatermarkFrozen { .. })), 2);
}

/// Source: releases before 3.7 (features.strict_min_isr off).
#[test]
fn before_3_7_the_high_watermark_moves_below_min_isr() {
    let mut lab = Lab::with(before_3_7(2), &[1, 2, 3], &[1], &[1]);
    lab.produce(B1, Acks::One, 3);
    assert_eq!(lab.hw(B1), 3);
}

/// Source: Partition.effectiveMinIsr (3.7): capped by the replication factor; the topic's value goes first.
#[test]
fn min_isr_is_the_topics_and_never_more_than_there_are_replicas() {
    let mut capped = Lab::with(min_isr(3), &[1], &[1], &[1]);
    capped.produce(B1, Acks::One, 1);
    assert_eq!(capped.hw(B1), 1);
    let mut of_topic = Lab::with(min_isr(1), &[1, 2], &[1], &[1]);
    of_topic.image.apply(&MetadataRecord::Config {
        topic: Some(TP.topic),
        key: TopicConfig::MinInsyncReplicas,
        value: 2,
    });
    of_topic.publish();
    of_topic.produce(B1, Acks::One, 1);
    assert_eq!(of_topic.hw(B1), 0);
}

/// Source: ReplicaFetcherThread.processPartitionData: updateHighWatermark.
#[test]
fn a_follower_learns_the_high_watermark_with_a_later_fetch() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.settle();
    lab.produce(B1, Acks::One, 1);
    lab.settle();
    assert_eq!((lab.leo(B2), lab.hw(B1), lab.hw(B2)), (1, 1, 0));
    lab.advance(Span::millis(499));
    assert_eq!(lab.hw(B2), 0);
    lab.advance(Span::millis(1));
    assert_eq!(lab.hw(B2), 1);
}

/// Source: UnifiedLog.updateHighWatermark: within the own log; not monotone on a follower (3.8).
#[test]
fn a_followers_high_watermark_stays_within_its_log_and_may_go_down() {
    let mut lab = Lab::new(&[1, 2], &[]);
    lab.start(B1, disk_with(&[(0, 8)], 5));
    lab.start(B2, disk_with(&[(0, 8)], 7));
    lab.publish();
    assert_eq!((lab.hw(B1), lab.hw(B2)), (5, 7));
    lab.produce(B1, Acks::One, 1);
    lab.settle();
    assert_eq!(lab.hw(B1), 9);
    lab.advance(Span::millis(500));
    assert_eq!(lab.hw(B2), 9);
    let mut down = Lab::new(&[1, 2, 3], &[]);
    down.start(B1, disk_with(&[(0, 8)], 5));
    down.start(B2, disk_with(&[(0, 8)], 7));
    down.publish();
    down.advance(Span::millis(500));
    assert_eq!((down.hw(B1), down.hw(B2)), (5, 5));
}

/// Source: ReplicaManager.checkpointHighWatermarks; a crash keeps only the checkpoint.
#[test]
fn after_a_crash_a_replica_has_the_checkpointed_high_watermark() {
    let mut lab = Lab::with(Settings::default(), &[1], &[1], &[1]);
    lab.produce(B1, Acks::One, 3);
    lab.advance(Span::secs(5));
    assert_eq!(lab.timer(B1, Timer::HwCheckpoint), Some(Span::secs(5)));
    lab.produce(B1, Acks::One, 3);
    lab.crash(B1, kraftscope_core::node::Loss::Nothing);
    assert_eq!(lab.disk(B1).checkpointed_hw, Offset(3));
    lab.elect(None, &[1]);
    lab.restart(B1);
    assert_eq!((lab.hw(B1), lab.leo(B1)), (3, 6));
}

/// Source: Partition.fetchOffsetForTimestamp, KIP-207 (S14).
#[test]
fn consumers_are_not_told_the_end_while_the_high_watermark_is_below_the_epoch_start() {
    use kraftscope_core::wire::{ListOffsetsRequest, Message, OffsetSpec};
    let mut lab = Lab::new(&[1, 2], &[]);
    lab.start(B1, disk_with(&[(0, 6)], 3));
    lab.publish();
    let ask = |lab: &mut Lab, fetcher, offset| {
        let request = ListOffsetsRequest { fetcher, partition: TP, current_leader_epoch: None, offset };
        lab.send(CONSUMER, B1, Message::ListOffsetsRequest(request));
        match lab.outside.pop().unwrap().message {
            Message::ListOffsetsResponse(response) => (response.error, response.offset.0),
            other => panic!("{other:?}"),
        }
    };
    let (none, latest) = (ErrorCode::None, OffsetSpec::Latest);
    assert_eq!(ask(&mut lab, Fetcher::Consumer, latest), (ErrorCode::OffsetNotAvailable, 0));
    assert_eq!(ask(&mut lab, Fetcher::Consumer, OffsetSpec::Earliest), (none, 0));
    assert_eq!(ask(&mut lab, Fetcher::Replica(B2, None), latest), (none, 6));
    lab.produce(B1, Acks::One, 2);
    lab.fetch_as(B2, B1, 7, Some(0));
    assert_eq!(ask(&mut lab, Fetcher::Consumer, latest), (none, 7));
}
