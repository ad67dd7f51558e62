//! What a leader sets up when its epoch begins, what it learns from fetches, and what it checks before it
//! answers one.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{BrokerEpoch, LeaderEpoch, NodeList, Offset};
use kraftscope_core::note::Note;
use kraftscope_core::record::PartitionChange;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, FetchPartition, Fetcher, LeaderHint};

fn no_epoch(asked: FetchPartition) -> FetchPartition {
    FetchPartition { current_leader_epoch: None, ..asked }
}

fn in_epoch(epoch: u32, asked: FetchPartition) -> FetchPartition {
    FetchPartition { current_leader_epoch: Some(LeaderEpoch(epoch)), ..asked }
}

/// A leader (1) with ten records of epoch 0 and a played follower (2), both in sync.
fn leader_with_ten() -> Lab {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab
}

/// Broker 1 leads in epoch 8 over a log of two records of epoch 0 and two of epoch 5.
fn leader_of_epoch_8() -> Lab {
    let mut lab = Lab::new(&[1, 2], &[]);
    let registration = lab.image.partitions.get_mut(&TP).unwrap();
    registration.leader_epoch = LeaderEpoch(8);
    lab.start(B1, disk_with(&[(0, 2), (5, 2)], 3));
    lab.publish();
    lab
}

/// Source: S-68, PartitionTest.testMakeLeaderUpdatesEpochCache.
#[test]
fn a_new_leaders_epoch_is_in_the_cache_before_any_record_of_it() {
    let lab = leader_of_epoch_8();
    let end = lab.disk(B1).end_offset_for(LeaderEpoch(8)).unwrap();
    assert_eq!((end.epoch, end.end), (LeaderEpoch(8), Offset(4)));
    assert_eq!(lab.cache(B1), [(0, 0), (5, 2), (8, 4)]);
}

/// Source: Partition.makeLeader (3.3).
#[test]
fn a_new_leader_starts_from_its_own_high_watermark_and_knows_nobodys_log_end() {
    let lab = leader_of_epoch_8();
    assert_eq!(lab.hw(B1), 3);
    assert_eq!(lab.leader(B1).epoch_start, Offset(4));
    assert_eq!(lab.follower(B1, B2).leo, None);
    assert_eq!(lab.follower(B1, B2).last_caught_up, Some(lab.now));
    let (epoch, epoch_start) = (LeaderEpoch(8), Offset(4));
    lab.assert_note(B1, Note::BecameLeader { partition: TP, epoch, epoch_start, hw: Offset(3) });
}

/// Source: Replica.resetReplicaState (3.3).
#[test]
fn members_outside_the_isr_get_no_benefit_of_the_doubt() {
    let lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    assert_eq!(lab.follower(B1, B2).last_caught_up, None);
}

/// Source: Replica.resetReplicaState: isNewLeader is false (3.3).
#[test]
fn a_leader_that_is_elected_again_keeps_what_it_knows_of_its_followers() {
    let mut lab = leader_with_ten();
    lab.fetch_as(B2, B1, 7, Some(0));
    lab.elect(Some(B1), &[1, 2]);
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(7)));
    assert_eq!(lab.leader(B1).epoch_start, Offset(10));
    assert_eq!(lab.cache(B1), [(0, 0), (1, 10)]);
}

/// Source: PartitionTest.testDoNotUpdateEpochStartOffsetIfLeaderEpochIsNotBumped.
#[test]
fn the_epoch_start_stays_while_the_leader_epoch_stays() {
    let mut lab = leader_with_ten();
    let isr = Some(NodeList::brokers(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.leader(B1).epoch_start, Offset(0));
    assert_eq!(lab.cache(B1), [(0, 0)]);
    assert_eq!(lab.isr(B1), NodeList::brokers(&[1]));
    assert_eq!(lab.count_notes(B1, |note| matches!(note, Note::BecameLeader { .. })), 1);
}

/// Source: Partition.makeLeader, updateAssignmentAndIsr: a replica that a reassignment adds starts unknown.
#[test]
fn an_added_replica_is_followed_from_then_on() {
    let mut lab = leader_with_ten();
    let replicas = Some(NodeList::brokers(&[1, 2, 3]));
    lab.change(PartitionChange { replicas, ..PartitionChange::default() });
    assert_eq!(lab.follower(B1, B3).leo, None);
    lab.fetch_as(B3, B1, 0, None);
    assert_eq!(lab.follower(B1, B3).leo, Some(Offset(0)));
}

/// Source: S-70, PartitionTest.testUpdateFollowerFetchState.
#[test]
fn a_fetch_tells_the_followers_log_end_and_when_it_was_caught_up() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 6);
    let start = lab.now;
    lab.advance(Span::millis(500));
    lab.fetch_as(B2, B1, 3, Some(0));
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(3)));
    assert_eq!(lab.follower(B1, B2).last_caught_up, Some(start));
    lab.advance(Span::millis(500));
    lab.fetch_as(B2, B1, 6, Some(0));
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(6)));
    assert_eq!(lab.follower(B1, B2).last_caught_up, Some(lab.now));
}

/// Source: Replica.updateFetchStateOrThrow (3.5, rule 1).
#[test]
fn a_follower_that_always_lags_by_one_fetch_counts_as_caught_up_at_the_fetch_before() {
    let mut lab = leader_with_ten();
    lab.fetch_as(B2, B1, 9, Some(0));
    let first = lab.now;
    lab.advance(Span::millis(700));
    lab.produce(B1, Acks::One, 5);
    lab.fetch_as(B2, B1, 10, Some(0));
    assert_eq!(lab.follower(B1, B2).last_caught_up, Some(first));
    assert_eq!(lab.follower(B1, B2).last_fetch_leader_leo, Some(Offset(15)));
}

/// Source: Partition.getLocalLog: the epoch is checked before leadership (3.8).
#[test]
fn the_leader_epoch_is_checked_before_leadership() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.elect(Some(B1), &[1, 2]);
    let asked = lab.ask(TP, 0, None);
    assert_eq!(lab.refusal(B3, B2, in_epoch(0, asked)), ErrorCode::FencedLeaderEpoch);
    assert_eq!(lab.refusal(B3, B2, in_epoch(2, asked)), ErrorCode::UnknownLeaderEpoch);
    assert_eq!(lab.refusal(B3, B2, in_epoch(1, asked)), ErrorCode::NotLeaderOrFollower);
    assert_eq!(lab.refusal(B3, B2, no_epoch(asked)), ErrorCode::NotLeaderOrFollower);
    assert_eq!(lab.refusal(B3, B1, in_epoch(0, asked)), ErrorCode::FencedLeaderEpoch);
    assert_eq!(lab.refusal(B3, B1, in_epoch(2, asked)), ErrorCode::UnknownLeaderEpoch);
    lab.assert_note(B1, Note::FetchRefused { partition: TP, from: B3, error: ErrorCode::FencedLeaderEpoch });
}

/// Source: Partition.followerReplicaOrThrow (3.5, rule 5).
#[test]
fn a_fetch_of_a_broker_that_is_no_replica_is_told_to_try_later() {
    let mut lab = leader_with_ten();
    let asked = lab.ask(TP, 0, None);
    assert_eq!(lab.refusal(B3, B1, asked), ErrorCode::UnknownLeaderEpoch);
    assert_eq!(lab.refusal(B3, B1, no_epoch(asked)), ErrorCode::NotLeaderOrFollower);
}

/// Source: Partition.readRecords (3.8): each check stands before the next.
#[test]
fn last_fetched_epoch_comes_before_the_offset_range() {
    let mut lab = leader_of_epoch_8();
    let undefined = lab.ask(TP, 2, Some(9));
    assert_eq!(lab.refusal(B2, B1, undefined), ErrorCode::OffsetOutOfRange);
    let beyond = lab.ask(TP, 5, Some(8));
    lab.fetch_with(B2, B1, beyond);
    assert_eq!(lab.answers(), [Answer::Diverging(8, 4)]);
    let no_last_epoch = lab.ask(TP, 5, None);
    assert_eq!(lab.refusal(B2, B1, no_last_epoch), ErrorCode::OffsetOutOfRange);
}

/// Source: Partition.readRecords, KIP-595 (3.8).
#[test]
fn a_follower_whose_last_epoch_ends_earlier_here_is_told_where() {
    let mut lab = leader_of_epoch_8();
    lab.fetch_as(B2, B1, 3, Some(0));
    assert_eq!(lab.answers(), [Answer::Diverging(0, 2)]);
    lab.fetch_as(B2, B1, 3, Some(4));
    assert_eq!(lab.answers(), [Answer::Diverging(0, 2)]);
    lab.fetch_as(B2, B1, 4, Some(5));
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(4)));
    lab.assert_note(
        B1,
        Note::LogDiverged {
            partition: TP,
            follower: B2,
            fetch_offset: Offset(3),
            epoch: LeaderEpoch(0),
            end: Offset(2),
        },
    );
}

/// Source: Partition.fetchRecords: updateFetchState only without a diverging epoch.
#[test]
fn a_diverging_fetch_is_no_progress() {
    let mut lab = leader_of_epoch_8();
    lab.fetch_as(B2, B1, 3, Some(0));
    assert_eq!(lab.follower(B1, B2).leo, None);
    assert_eq!(lab.follower(B1, B2).last_fetch, None);
    assert_eq!(lab.hw(B1), 3);
}

/// Source: Partition.readRecords: below the log start is out of range whatever the epochs say.
#[test]
fn an_offset_below_the_log_start_is_out_of_range() {
    let mut lab = Lab::new(&[1, 2], &[]);
    let mut disk = disk_with(&[(0, 4)], 4);
    disk.replicas.get_mut(&TP).unwrap().restart_at(Offset(40));
    lab.start(B1, disk);
    lab.publish();
    lab.produce(B1, Acks::One, 3);
    let asked = lab.ask(TP, 39, None);
    assert_eq!(lab.refusal(B2, B1, asked), ErrorCode::OffsetOutOfRange);
    let asked = lab.ask(TP, 39, Some(0));
    assert_eq!(lab.refusal(B2, B1, asked), ErrorCode::OffsetOutOfRange);
    lab.fetch_as(B2, B1, 40, None);
    assert_eq!(lab.answers(), [Answer::Records(vec![0, 1, 2], 40)]);
}

/// Source: Replica.updateFetchStateOrThrow, KIP-903; PartitionTest.testFenceFollowerFetchWithStaleBrokerEpoch.
#[test]
fn a_fetch_of_an_earlier_life_of_the_broker_is_refused_and_changes_nothing() {
    let mut lab = leader_with_ten();
    let asked = lab.ask(TP, 10, Some(0));
    lab.fetch_from(Fetcher::Replica(B2, Some(BrokerEpoch(11))), B2, B1, vec![asked]);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::NotLeaderOrFollower)]);
    assert_eq!(lab.follower(B1, B2).leo, None);
    lab.fetch_from(Fetcher::Replica(B2, Some(BrokerEpoch(12))), B2, B1, vec![asked]);
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(10)));
}

/// Source: KafkaApis.handleFetchRequest, ReplicaManager.getPartitionOrError.
#[test]
fn unknown_topics_unknown_partitions_and_foreign_partitions_have_their_own_errors() {
    let mut lab = leader_with_ten();
    let mut asked = lab.ask(TP, 0, None);
    asked.partition.topic.0 = 9;
    assert_eq!(lab.refusal(B2, B1, asked), ErrorCode::UnknownTopicId);
    let asked = lab.ask(TP1, 0, None);
    assert_eq!(lab.refusal(B2, B1, asked), ErrorCode::UnknownTopicOrPartition);
    let elsewhere =
        kraftscope_core::record::PartitionRegistration::new(NodeList::brokers(&[3]), NodeList::brokers(&[3]));
    lab.image.partitions.insert(TP1, elsewhere);
    lab.publish();
    lab.fetch_with(B2, B1, asked);
    let answer = lab.fetched().remove(0);
    assert_eq!(answer.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(answer.current_leader, Some(LeaderHint { leader: B3, leader_epoch: LeaderEpoch(0) }));
}

/// Source: KIP-951.
#[test]
fn whoever_asks_the_wrong_broker_or_in_an_old_epoch_is_told_the_leader() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.elect(Some(B1), &[1, 2]);
    let hint = Some(LeaderHint { leader: B1, leader_epoch: LeaderEpoch(1) });
    let asked = lab.ask(TP, 0, None);
    lab.fetch_with(B3, B2, asked);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![in_epoch(0, asked)]);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![in_epoch(2, asked)]);
    let hints: Vec<_> = lab.fetched().iter().map(|answer| (answer.error, answer.current_leader)).collect();
    assert_eq!(
        hints,
        [
            (ErrorCode::NotLeaderOrFollower, hint),
            (ErrorCode::FencedLeaderEpoch, hint),
            (ErrorCode::UnknownLeaderEpoch, None),
        ]
    );
}

/// Source: Partition.readRecords: initialHighWatermark (3.8).
#[test]
fn an_answer_carries_the_high_watermark_from_before_the_fetch() {
    let mut lab = leader_with_ten();
    lab.fetch_as(B2, B1, 5, Some(0));
    assert_eq!(lab.hw(B1), 5);
    assert_eq!(lab.answers(), [Answer::Records(vec![5, 6, 7, 8, 9], 0)]);
    lab.fetch_as(B2, B1, 8, Some(0));
    assert_eq!(lab.answers(), [Answer::Records(vec![8, 9], 5)]);
}

/// Source: FetchIsolation.HIGH_WATERMARK, LocalLog.read.
#[test]
fn a_consumer_reads_below_the_high_watermark_and_nothing_between_it_and_the_log_end() {
    let mut lab = leader_with_ten();
    lab.fetch_as(B2, B1, 5, Some(0));
    lab.fetched();
    let asked = lab.ask(TP, 3, None);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![asked]);
    assert_eq!(lab.answers(), [Answer::Records(vec![3, 4], 5)]);
    let asked = lab.ask(TP, 8, None);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![asked]);
    assert_eq!(lab.answers(), []);
    lab.advance(Span::millis(500));
    assert_eq!(lab.answers(), [Answer::Records(vec![], 5)]);
    let asked = lab.ask(TP, 11, None);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![asked]);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::OffsetOutOfRange)]);
}

/// Source: `replica.fetch.max.bytes`, `max.partition.fetch.bytes`, counted in records here.
#[test]
fn no_more_records_are_read_than_were_asked_for() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    for count in [2, 3, 4] {
        lab.produce(B1, Acks::One, count);
    }
    lab.acks();
    let asked = FetchPartition { max_records: 7, ..lab.ask(TP, 2, Some(0)) };
    lab.fetch_with(B2, B1, asked);
    assert_eq!(lab.answers(), [Answer::Records(vec![2, 3, 4, 5, 6, 7, 8], 0)]);
    let asked = FetchPartition { max_records: 6, ..lab.ask(TP, 2, Some(0)) };
    lab.fetch_with(B2, B1, asked);
    assert_eq!(lab.answers(), [Answer::Records(vec![2, 3, 4], 2)]);
}

/// Source: KIP-74: whole batches are read, and the first one even when it is larger than what was asked for.
#[test]
fn a_batch_that_is_too_large_is_read_all_the_same() {
    let mut lab = leader_with_ten();
    let asked = FetchPartition { max_records: 3, ..lab.ask(TP, 0, None) };
    lab.fetch_with(B2, B1, asked);
    assert_eq!(lab.answers(), [Answer::Records(vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 0)]);
}
