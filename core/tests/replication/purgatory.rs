//! Parked fetches: what wakes them and what does not.

use super::lab::*;
use kraftscope_core::config::Acks;
use kraftscope_core::id::{NodeList, TopicId, TopicPartition};
use kraftscope_core::node::Timer;
use kraftscope_core::record::{PartitionChange, PartitionRegistration};
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, FetchPartition, FetchRequest, Fetcher, Message};

/// Leader 1 with two committed records and a parked fetch of follower 2 at the log end.
fn parked() -> Lab {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 2);
    lab.fetch_as(B2, B1, 2, Some(0));
    assert_eq!(lab.answers(), []);
    lab
}

/// Source: DelayedFetch, case G (3.8).
#[test]
fn new_records_wake_a_parked_follower() {
    let mut lab = parked();
    assert_eq!(lab.timer(B1, Timer::DelayedFetch(0)), Some(Span::millis(500)));
    lab.produce(B1, Acks::One, 1);
    assert_eq!(lab.answers(), [Answer::Records(vec![2], 2)]);
    assert_eq!(lab.timer(B1, Timer::DelayedFetch(0)), None);
}

/// Source: DelayedOperation.onExpiration (3.8).
#[test]
fn a_parked_fetch_is_answered_after_its_wait() {
    let mut lab = parked();
    lab.advance(Span::millis(499));
    assert_eq!(lab.answers(), []);
    lab.advance(Span::millis(1));
    assert_eq!(lab.answers(), [Answer::Records(vec![], 2)]);
}

/// Source: DelayedFetch: there is no case for the high watermark.
#[test]
fn a_moved_high_watermark_alone_wakes_no_follower_but_consumers() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    let asked = lab.ask(TP, 0, None);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![asked]);
    lab.produce(B1, Acks::One, 2);
    assert_eq!(lab.answers(), []);
    lab.fetch_as(B2, B1, 2, Some(0));
    assert_eq!(lab.hw(B1), 2);
    assert_eq!(lab.answers(), [Answer::Records(vec![0, 1], 2)]);
    assert_eq!(lab.brokers[&B1].delayed_fetches().iter().count(), 1);
}

/// Source: DelayedFetch, case A (3.8).
#[test]
fn a_leader_that_steps_down_wakes_parked_fetches() {
    let mut lab = parked();
    lab.elect(Some(B2), &[1, 2]);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::FencedLeaderEpoch)]);
}

/// Source: DelayedFetch, case C.
#[test]
fn a_replica_that_is_taken_away_wakes_parked_fetches() {
    let mut lab = parked();
    let (replicas, isr) = (Some(NodeList::brokers(&[2])), Some(NodeList::brokers(&[2])));
    lab.change(PartitionChange { replicas, isr, leader: Some(Some(B2)), ..PartitionChange::default() });
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::NotLeaderOrFollower)]);
    assert!(lab.brokers[&B1].disk.replicas.is_empty());
}

/// Source: DelayedFetch, case E: looked at when something happens to the partition.
#[test]
fn a_fetch_of_an_old_epoch_is_fenced_when_it_is_looked_at() {
    let mut lab = parked();
    lab.elect(Some(B1), &[1, 2]);
    lab.produce(B1, Acks::One, 1);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::FencedLeaderEpoch)]);
}

/// Source: `fetch.min.bytes`, counted in records here.
#[test]
fn a_fetch_waits_for_as_many_records_as_it_wants() {
    let mut lab = parked();
    let request = FetchRequest {
        fetcher: Fetcher::Consumer,
        max_wait: Span::millis(500),
        min_records: 3,
        rack: None,
        partitions: vec![lab.ask(TP, 0, None)],
    };
    lab.send(CONSUMER, B1, Message::FetchRequest(request));
    assert_eq!(lab.answers(), []);
    lab.produce(B1, Acks::One, 1);
    lab.fetched();
    lab.fetch_as(B2, B1, 3, Some(0));
    assert_eq!(lab.answers(), [Answer::Records(vec![0, 1, 2], 3)]);
}

/// Source: ReplicaManager.fetchMessages: fetchMaxWait of zero.
#[test]
fn a_fetch_that_does_not_want_to_wait_is_answered_at_once() {
    let mut lab = parked();
    let request = FetchRequest {
        fetcher: Fetcher::Consumer,
        max_wait: Span::ZERO,
        min_records: 1,
        rack: None,
        partitions: vec![lab.ask(TP, 2, None)],
    };
    lab.send(CONSUMER, B1, Message::FetchRequest(request));
    assert_eq!(lab.answers(), [Answer::Records(vec![], 2)]);
}

/// Source: ReplicaManager.fetchMessages: errorReadingData; KafkaApis: unknown partitions do not count as one.
#[test]
fn one_refused_partition_answers_the_whole_request_but_an_unknown_one_waits_with_the_rest() {
    let mut lab = parked();
    let elsewhere = PartitionRegistration::new(NodeList::brokers(&[3]), NodeList::brokers(&[3]));
    lab.image.partitions.insert(TP1, elsewhere);
    lab.publish();
    let idle = lab.ask(TP, 2, Some(0));
    let foreign = lab.ask(TP1, 0, None);
    let unknown = FetchPartition { partition: TopicPartition { topic: TopicId(0), partition: 7 }, ..foreign };
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![idle, unknown]);
    assert_eq!(lab.answers(), []);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![idle, foreign]);
    let at_once = [Answer::Records(vec![], 2), Answer::Error(ErrorCode::NotLeaderOrFollower)];
    assert_eq!(lab.answers(), at_once);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![unknown]);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::UnknownTopicOrPartition)]);
}

/// Source: ReplicaManager.readFromLog(readFromPurgatory = true): the follower's state was noted on arrival.
#[test]
fn the_answer_from_the_purgatory_is_no_second_fetch() {
    let mut lab = parked();
    let arrived = lab.now;
    lab.advance(Span::millis(500));
    assert_eq!(lab.follower(B1, B2).last_fetch, Some(arrived));
    assert_eq!(lab.follower(B1, B2).last_caught_up, Some(arrived));
}

/// Source: the leader's side of a closed connection.
#[test]
fn who_hangs_up_is_forgotten_and_its_place_used_again() {
    let mut lab = parked();
    lab.disconnect(B1, B2);
    assert_eq!(lab.timer(B1, Timer::DelayedFetch(0)), None);
    lab.fetch_as(B2, B1, 2, Some(0));
    assert_eq!(lab.timer(B1, Timer::DelayedFetch(0)), Some(Span::millis(500)));
    assert_eq!(lab.brokers[&B1].delayed_fetches().iter().count(), 1);
}
