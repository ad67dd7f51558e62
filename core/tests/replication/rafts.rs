//! One replica of two Raft groups (kafkaraft); the test plays the other members and the consumer.

use super::lab::*;
use kraftscope_core::config::{Acks, ReadMode, Settings};
use kraftscope_core::id::{CallId, LeaderEpoch, NodeId, NodeList, Offset, TopicPartition};
use kraftscope_core::mode::ReplicationPlane;
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::record::PartitionRegistration;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{
    AppendEntriesRequest, AppendEntriesResponse, AppendOutcome, EpochAsked, ErrorCode, FetchPartition,
    Fetcher, ListOffsetsRequest, Message, MetadataResponse, OffsetForLeaderEpochRequest, OffsetSpec,
    PartitionRaftBody, PartitionRaftMessage, RaftMessage,
};

const B4: NodeId = NodeId::broker(4);

/// Two partitions on brokers 1, 2 and 3; `running` run, and stand for election when a test lets them.
fn groups(running: &[u8], kafkaraft_read_mode: ReadMode) -> Lab {
    let replication = ReplicationPlane::Raft;
    let settings = Settings { replication, kafkaraft_read_mode, ..Settings::default() };
    let mut lab = Lab::with(settings, &[1, 2, 3], &[1], running);
    let list = NodeList::brokers(&[1, 2, 3]);
    lab.image.partitions.insert(TP1, PartitionRegistration::new(list, list));
    lab.publish();
    lab
}

fn raft(id: TopicPartition, message: RaftMessage<kraftscope_core::record::Record>) -> Message {
    let body = PartitionRaftBody::Raft(message);
    Message::PartitionRaft(Box::new(PartitionRaftMessage { partition: id, body }))
}

fn epoch(lab: &Lab, id: TopicPartition) -> LeaderEpoch {
    lab.brokers[&B1].disk.replicas[&id].vote.epoch
}

/// Broker 2 votes for broker 1, which stands for election.
fn vote(lab: &mut Lab, id: TopicPartition) {
    let vote = RaftMessage::Vote { epoch: epoch(lab, id), granted: true, pre_vote: false };
    lab.send(B2, B1, raft(id, vote));
}

/// What broker 1 has pushed to broker 2 since the last call.
fn pushed(lab: &mut Lab, id: TopicPartition) -> Vec<AppendEntriesRequest<kraftscope_core::record::Record>> {
    let mut pushed = Vec::new();
    for envelope in std::mem::take(&mut lab.outside) {
        match &envelope.message {
            Message::PartitionRaft(message) if message.partition == id && envelope.to == B2 => {
                if let PartitionRaftBody::Raft(RaftMessage::Append(request)) = &message.body {
                    pushed.push(request.clone());
                }
            }
            _ => lab.outside.push(envelope),
        }
    }
    pushed
}

/// Broker 2 has everything that it was sent.
fn follow(lab: &mut Lab, id: TopicPartition) {
    for request in pushed(lab, id) {
        let outcome = AppendOutcome::Matched(request.from.plus(request.entries.len() as u64));
        let response = AppendEntriesResponse { epoch: request.epoch, outcome, round: request.round };
        lab.send(B2, B1, raft(id, RaftMessage::Appended(response)));
    }
}

/// Broker 1 has stood for election in both groups, and leads the first, whose first entry is committed.
fn leading() -> Lab {
    let mut lab = groups(&[1], ReadMode::ReadIndex);
    lead(&mut lab);
    lab
}

fn lead(lab: &mut Lab) {
    lab.advance(Span::millis(2000));
    vote(lab, TP);
    follow(lab, TP);
    follow(lab, TP);
    lab.now += Span::millis(1);
}

fn fetch(lab: &mut Lab, ids: &[TopicPartition]) {
    fetch_at(lab, ids, 0);
}

fn fetch_at(lab: &mut Lab, ids: &[TopicPartition], offset: u64) {
    let asked = |&partition| FetchPartition {
        partition,
        current_leader_epoch: None,
        fetch_offset: Offset(offset),
        last_fetched_epoch: None,
        log_start_offset: Offset(0),
        max_records: 100,
    };
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, ids.iter().map(asked).collect());
}

fn described(lab: &mut Lab, by: NodeId) -> (Option<NodeId>, Option<LeaderEpoch>) {
    lab.send(CONSUMER, by, Message::MetadataRequest);
    let message = lab.outside.pop().unwrap().message;
    let Message::MetadataResponse(MetadataResponse { partitions, .. }) = message else {
        panic!("{message:?}")
    };
    (partitions[0].leader, partitions[0].leader_epoch)
}

/// Only replicas know whom their group has elected; the epoch is missing, so that the client believes the guess
/// (`Metadata.updateLatestMetadata`).
#[test]
fn a_broker_without_a_replica_names_one_that_lives_and_no_epoch() {
    let mut lab = groups(&[4], ReadMode::ReadIndex);
    lab.image.brokers.get_mut(&B1).unwrap().fenced = true;
    lab.image.brokers.get_mut(&B3).unwrap().fenced = true;
    lab.publish();
    assert_eq!(described(&mut lab, B4), (Some(B2), None));
}

/// The epochs in which a replica stands for election in vain are nobody's: a client that remembered one would believe
/// no leader that has been elected before it.
#[test]
fn a_replica_that_knows_no_leader_names_the_epoch_of_its_last_record() {
    let mut lab = groups(&[1], ReadMode::ReadIndex);
    lab.advance(Span::secs(20));
    assert!(epoch(&lab, TP) > LeaderEpoch(5));
    assert_eq!(described(&mut lab, B1), (None, Some(LeaderEpoch(0))));
    vote(&mut lab, TP);
    let led = epoch(&lab, TP);
    assert_eq!(described(&mut lab, B1), (Some(B1), Some(led)));
}

/// Source: the paper, section 8: who has just been elected does not know what is committed.
#[test]
fn a_partition_that_was_not_led_when_the_question_came_is_refused_although_it_is_led_now() {
    let mut lab = leading();
    fetch(&mut lab, &[TP, TP1]);
    assert_eq!(lab.answers(), [], "a round for the first is under way");
    vote(&mut lab, TP1);
    assert!(lab.brokers[&B1].partition(TP1).unwrap().is_leader());
    follow(&mut lab, TP);
    assert_eq!(lab.answers(), [Answer::Records(vec![0], 1), Answer::Error(ErrorCode::NotLeaderOrFollower)]);
}

/// Source: the paper, section 8; KIP-320: a leader that has been deposed does not know later epochs, and would send the
/// consumer back.
#[test]
fn where_epochs_end_and_where_the_log_ends_is_told_after_a_round() {
    let mut lab = leading();
    let asked = EpochAsked { partition: TP, current_leader_epoch: None, leader_epoch: LeaderEpoch(9) };
    let epoch_ends = OffsetForLeaderEpochRequest { fetcher: Fetcher::Consumer, partitions: vec![asked] };
    let (fetcher, offset) = (Fetcher::Consumer, OffsetSpec::Latest);
    let latest = ListOffsetsRequest { fetcher, partition: TP, current_leader_epoch: None, offset };
    lab.send(CONSUMER, B1, Message::OffsetForLeaderEpochRequest(epoch_ends));
    lab.send(CONSUMER, B1, Message::ListOffsetsRequest(latest));
    let answered = |lab: &Lab| lab.outside.iter().filter(|envelope| envelope.to == CONSUMER).count();
    assert_eq!(answered(&lab), 0);
    follow(&mut lab, TP);
    assert_eq!(answered(&lab), 2);
    lab.outside.clear();
    lab.now += Span::millis(1);
    lab.send(CONSUMER, B1, Message::ListOffsetsRequest(latest));
    lab.advance(Span::millis(1000));
    let refused = lab.outside.iter().find_map(|envelope| match envelope.message {
        Message::ListOffsetsResponse(response) => Some(response.error),
        _ => None,
    });
    assert_eq!(refused, Some(ErrorCode::NotLeaderOrFollower), "nobody has answered");
}

/// Source: the paper, figure 3 (leader completeness): a leader of the past must not send anybody back, whatever the read
/// mode.
#[test]
fn who_has_read_more_than_a_leader_has_is_not_told_that_the_log_was_cut() {
    let mut lab = groups(&[1], ReadMode::LeaderLocal);
    lead(&mut lab);
    let later = epoch(&lab, TP).next();
    let asked = EpochAsked { partition: TP, current_leader_epoch: None, leader_epoch: later };
    let epoch_ends = OffsetForLeaderEpochRequest { fetcher: Fetcher::Consumer, partitions: vec![asked] };
    lab.send(CONSUMER, B1, Message::OffsetForLeaderEpochRequest(epoch_ends));
    let answered = lab.outside.iter().find_map(|envelope| match &envelope.message {
        Message::OffsetForLeaderEpochResponse(response) => Some(response.partitions[0].error),
        _ => None,
    });
    assert_eq!(answered, Some(ErrorCode::UnknownLeaderEpoch));
    fetch_at(&mut lab, &[TP], 7);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::OffsetNotAvailable)]);
}

/// Source: the thesis, section 6.4: without a majority there is no round, and the fetch would wait in vain with all of
/// its partitions.
#[test]
fn a_leader_that_no_majority_has_answered_for_an_election_timeout_refuses_at_once() {
    let mut lab = leading();
    fetch(&mut lab, &[TP]);
    assert_eq!(lab.answers(), []);
    lab.advance(Span::millis(1000));
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::NotLeaderOrFollower)], "its wait is over");
    fetch(&mut lab, &[TP]);
    let refused = lab.fetched();
    assert_eq!(refused[0].error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(refused[0].current_leader, None, "it knows no other leader");
    lab.outside.clear();
    lab.advance(Span::millis(200));
    follow(&mut lab, TP);
    fetch(&mut lab, &[TP]);
    follow(&mut lab, TP);
    assert_eq!(lab.answers(), [Answer::Records(vec![0], 1)], "broker 2 is back");
}

/// Source: the paper, figure 2: everything is on stable storage before anything is answered.
#[test]
fn a_replica_whose_disk_has_failed_says_nothing_and_stands_for_no_election() {
    let mut lab = leading();
    lab.drive(B1, |manager, _, _, _, out| manager.fail_append(CallId(1), TP, out));
    lab.produce(B1, Acks::All, 1);
    assert_eq!(lab.acks(), [(ErrorCode::KafkaStorageError, None)]);
    lab.outside.clear();
    lab.advance(Span::millis(499));
    assert_eq!(pushed(&mut lab, TP), [], "not even a heartbeat");
    lab.advance(Span::millis(1));
    assert_eq!(lab.exited, [B1]);
}

/// Source: the same; KAFKA-10778: what is appended behind half a batch is gone when the log is loaded again.
#[test]
fn a_leader_whose_first_entry_cannot_be_written_leads_nothing() {
    let mut lab = leading();
    lab.drive(B1, |manager, _, _, _, out| manager.fail_append(CallId(1), TP1, out));
    vote(&mut lab, TP1);
    lab.assert_note(B1, Note::AppendFailed { partition: TP1, offset: Offset(0) });
    assert!(!lab.brokers[&B1].partition(TP1).unwrap().is_leader());
    assert_eq!(pushed(&mut lab, TP1), []);
    assert_eq!(lab.timer(B1, Timer::LogDirFailure), Some(Span::millis(500)));
    lab.advance(Span::millis(500));
    assert_eq!(lab.exited, [B1]);
}
