//! Produce: acks, errors, and the purgatory of those that wait for the ISR.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{LeaderEpoch, NodeList, Offset, TopicId, TopicPartition};
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::record::{PartitionChange, PartitionRegistration, Record};
use kraftscope_core::sequence::{ProducerEpoch, ProducerId, ProducerIdAndEpoch, Sequence, Stamp};
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, LeaderHint, Message, ProduceBatch, ProduceRequest};

const NONE: ErrorCode = ErrorCode::None;

fn min_isr(min_insync_replicas: u32, strict: bool) -> Settings {
    let mut settings = Settings { min_insync_replicas, ..Settings::default() };
    settings.features.strict_min_isr = strict;
    settings
}

/// Source: ReplicaManager.appendRecords (3.7).
#[test]
fn acks_0_gets_no_answer_but_is_appended() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::Zero, 2);
    assert!(lab.outside.is_empty());
    assert_eq!(lab.log(B1), [(0, 0), (0, 1)]);
}

/// Source: ReplicaManager.appendRecords (3.7).
#[test]
fn acks_1_is_answered_after_the_leaders_append() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::One, 2);
    lab.produce(B1, Acks::One, 3);
    assert_eq!(lab.acks(), [(NONE, Some(0)), (NONE, Some(2))]);
    assert_eq!(lab.hw(B1), 0);
    let note = Note::RecordsAppended { partition: TP, base: Offset(2), count: 3, epoch: LeaderEpoch(0) };
    lab.assert_note(B1, note);
}

/// Source: DelayedProduce, checkEnoughReplicasReachOffset (3.7).
#[test]
fn acks_all_is_answered_when_the_high_watermark_has_passed_the_batch() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::All, 3);
    assert_eq!(lab.timer(B1, Timer::DelayedProduce(0)), Some(Span::secs(30)));
    lab.fetch_as(B2, B1, 2, Some(0));
    assert!(lab.acks().is_empty());
    lab.fetch_as(B2, B1, 3, Some(0));
    assert_eq!(lab.acks(), [(NONE, Some(0))]);
    assert_eq!(lab.timer(B1, Timer::DelayedProduce(0)), None);
}

/// Source: ReplicaManager.appendRecords: tryCompleteElseWatch.
#[test]
fn acks_all_with_an_isr_of_one_is_answered_at_once() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::All, 3);
    assert_eq!(lab.acks(), [(NONE, Some(0))]);
    assert_eq!(lab.timer(B1, Timer::DelayedProduce(0)), None);
}

/// Source: Partition.appendRecordsToLeader: the committed ISR counts, nothing is appended.
#[test]
fn acks_all_below_min_isr_is_refused_before_the_append() {
    let mut lab = Lab::with(min_isr(2, true), &[1, 2], &[1], &[1]);
    lab.fetch_as(B2, B1, 0, None);
    assert_eq!(lab.maximal_isr(B1), NodeList::brokers(&[1, 2]));
    lab.produce(B1, Acks::All, 3);
    assert_eq!(lab.acks(), [(ErrorCode::NotEnoughReplicas, None)]);
    assert_eq!(lab.leo(B1), 0);
    let note =
        Note::ProduceRefused { partition: TP, producer: PRODUCER, error: ErrorCode::NotEnoughReplicas };
    lab.assert_note(B1, note);
}

/// Source: 3.7: acks 0 and 1 do not ask for min.insync.replicas, but consumers do not see the records.
#[test]
fn acks_1_below_min_isr_is_appended_and_stays_invisible() {
    let mut lab = Lab::with(min_isr(2, true), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 3);
    assert_eq!(lab.acks(), [(NONE, Some(0))]);
    assert_eq!((lab.leo(B1), lab.hw(B1)), (3, 0));
}

/// Source: checkEnoughReplicasReachOffset before 3.7; the data stays and is committed.
#[test]
fn an_isr_that_shrinks_below_min_isr_meanwhile_is_told_after_the_append() {
    let mut lab = Lab::with(min_isr(2, false), &[1, 2], &[1, 2], &[1]);
    lab.produce(B1, Acks::All, 3);
    let isr = Some(NodeList::brokers(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.acks(), [(ErrorCode::NotEnoughReplicasAfterAppend, Some(0))]);
    assert_eq!((lab.leo(B1), lab.hw(B1)), (3, 3));
}

/// Source: 3.7, KIP-966: with the strict rule the high watermark waits, so the producer waits until its timeout.
#[test]
fn with_the_strict_rule_such_a_produce_times_out_and_its_records_stay() {
    let mut lab = Lab::with(min_isr(2, true), &[1, 2], &[1, 2], &[1]);
    lab.produce(B1, Acks::All, 3);
    let isr = Some(NodeList::brokers(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    lab.advance(Span::millis(29_999));
    assert!(lab.acks().is_empty());
    lab.advance(Span::millis(1));
    assert_eq!(lab.acks(), [(ErrorCode::RequestTimedOut, Some(0))]);
    assert_eq!(lab.leo(B1), 3);
    lab.assert_note(
        B1,
        Note::ProduceTimedOut { partition: TP, producer: PRODUCER, waiting_for: Offset(3), hw: Offset(0) },
    );
}

/// Source: checkEnoughReplicasReachOffset: the maximal ISR counts here.
#[test]
fn a_member_that_is_about_to_join_counts_as_enough_after_the_append() {
    let mut lab = Lab::with(min_isr(2, false), &[1, 2, 3], &[1, 2], &[1]);
    lab.fetch_as(B3, B1, 0, None);
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, correlation, ErrorCode::IneligibleReplica);
    lab.produce(B1, Acks::All, 1);
    let isr = Some(NodeList::brokers(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!((lab.hw(B1), lab.acks().len()), (0, 0));
    lab.fetch_as(B3, B1, 1, Some(0));
    assert_eq!((lab.isr(B1).len(), lab.maximal_isr(B1).len()), (1, 2));
    assert_eq!(lab.acks(), [(NONE, Some(0))]);
}

/// Source: DelayedProduce, completeDelayedOperationsWhenNotPartitionLeader (3.7), KIP-951.
#[test]
fn a_leader_that_steps_down_fails_what_waits_and_names_the_new_leader() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::All, 1);
    lab.elect(Some(B2), &[1, 2]);
    let result = lab.results()[0];
    assert_eq!(result.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(result.current_leader, Some(LeaderHint { leader: B2, leader_epoch: LeaderEpoch(1) }));
    assert_eq!(lab.timer(B1, Timer::DelayedProduce(0)), None);
    assert_eq!(lab.leo(B1), 1);
}

/// Source: Partition.appendRecordsToLeader; KafkaApis.handleProduceRequest.
#[test]
fn a_produce_to_the_wrong_place_is_refused_with_kafkas_error() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B2, Acks::One, 1);
    let result = lab.results()[0];
    assert_eq!(result.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(result.current_leader, Some(LeaderHint { leader: B1, leader_epoch: LeaderEpoch(0) }));
    let unknown = TopicPartition { topic: TopicId(9), partition: 0 };
    let batches = vec![lab.batch(TP1, 1), lab.batch(unknown, 1)];
    let request = ProduceRequest { acks: Acks::All, timeout: Span::secs(30), batches };
    lab.send(PRODUCER, B1, Message::ProduceRequest(request));
    let unknown = [(ErrorCode::UnknownTopicOrPartition, None), (ErrorCode::UnknownTopicId, None)];
    assert_eq!(lab.acks(), unknown);
}

/// Source: DelayedProduce: one response when every partition of the request is decided.
#[test]
fn a_request_of_several_partitions_is_answered_once_when_all_are_decided() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    let second = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, second);
    lab.publish();
    let batches = vec![lab.batch(TP, 1), lab.batch(TP1, 2)];
    let request = ProduceRequest { acks: Acks::All, timeout: Span::secs(30), batches };
    lab.send(PRODUCER, B1, Message::ProduceRequest(request));
    assert!(lab.acks().is_empty());
    lab.fetch_as(B2, B1, 1, Some(0));
    assert_eq!(lab.acks(), [(NONE, Some(0)), (NONE, Some(0))]);
}

/// Source: DelayedProduce: partitions that are decided keep their answer when the rest times out.
#[test]
fn a_timeout_concerns_only_the_partitions_that_still_wait() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    let second = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, second);
    lab.publish();
    let batches = vec![lab.batch(TP, 1), lab.batch(TP1, 2)];
    let request = ProduceRequest { acks: Acks::All, timeout: Span::secs(3), batches };
    lab.send(PRODUCER, B1, Message::ProduceRequest(request));
    lab.advance(Span::secs(3));
    assert_eq!(lab.acks(), [(ErrorCode::RequestTimedOut, Some(0)), (NONE, Some(0))]);
}

/// Source: the broker's side of a closed connection.
#[test]
fn who_hangs_up_is_not_answered() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.produce(B1, Acks::All, 1);
    lab.disconnect(B1, PRODUCER);
    assert_eq!(lab.timer(B1, Timer::DelayedProduce(0)), None);
    lab.fetch_as(B2, B1, 1, Some(0));
    assert!(lab.acks().is_empty());
    assert_eq!(lab.hw(B1), 1);
}

/// Source: S-94, EpochDrivenReplicationProtocolAcceptanceTest.shouldAddCurrentLeaderEpochToMessages…
#[test]
fn records_carry_the_leader_epoch_under_which_they_were_appended() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B1, Acks::One, 4);
    lab.settle();
    lab.elect(Some(B2), &[1, 2]);
    lab.settle();
    lab.produce(B2, Acks::One, 1);
    lab.settle();
    let log = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 4)];
    assert_eq!((lab.log(B1), lab.log(B2)), (log.to_vec(), log.to_vec()));
    assert_eq!((lab.cache(B1), lab.cache(B2)), (vec![(0, 0), (1, 4)], vec![(0, 0), (1, 4)]));
}

/// Produces one record of producer 7 with this epoch and sequence number.
fn produce_in_epoch(lab: &mut Lab, epoch: u16, sequence: u32) -> ErrorCode {
    let producer = ProducerIdAndEpoch { producer_id: ProducerId(7), epoch: ProducerEpoch(epoch) };
    let ProduceBatch { partition, records } = lab.batch(TP, 1);
    let stamp = Stamp::of(producer, Sequence(sequence), 0);
    let records = records.into_iter().map(|record| Record { stamp, ..record }).collect();
    let (acks, timeout) = (Acks::One, Span::millis(30_000));
    let request = ProduceRequest { acks, timeout, batches: vec![ProduceBatch { partition, records }] };
    lab.send(PRODUCER, B1, Message::ProduceRequest(request));
    lab.acks()[0].0
}

/// Source: `ProducerAppendInfo.checkProducerEpoch`.
#[test]
fn a_producer_whose_epoch_is_over_is_refused() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    assert_eq!(produce_in_epoch(&mut lab, 1, 0), NONE);
    assert_eq!(produce_in_epoch(&mut lab, 0, 1), ErrorCode::InvalidProducerEpoch);
    let (epoch, known) = (ProducerEpoch(0), ProducerEpoch(1));
    let refused = Note::ProducerEpochRefused { partition: TP, producer_id: ProducerId(7), epoch, known };
    lab.assert_note(B1, refused);
    assert_eq!(lab.leo(B1), 1);
}

/// Source: `ProducerAppendInfo.checkSequence`.
#[test]
fn a_batch_that_leaves_a_gap_is_refused() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    assert_eq!(produce_in_epoch(&mut lab, 0, 0), NONE);
    assert_eq!(produce_in_epoch(&mut lab, 0, 2), ErrorCode::OutOfOrderSequenceNumber);
    let refused = Note::OutOfOrderSequence {
        partition: TP,
        producer_id: ProducerId(7),
        epoch: ProducerEpoch(0),
        sequence: Sequence(2),
        expected: Sequence(1),
    };
    lab.assert_note(B1, refused);
}
