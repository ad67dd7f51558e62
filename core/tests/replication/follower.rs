//! The follower's loop: one request per leader, what it does with each answer, and when it waits.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::epochs::EpochEnd;
use kraftscope_core::id::{BrokerEpoch, Correlation, LeaderEpoch, NodeList, Offset, TopicPartition};
use kraftscope_core::node::{Loss, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{Entry, PartitionRegistration, Record};
use kraftscope_core::replication::FetchState;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{
    Envelope, ErrorCode, FetchPartition, FetchRequest, FetchResponse, Fetched, FetchedPartition, Fetcher,
    ListOffsetsRequest, ListOffsetsResponse, Message, OffsetSpec,
};

const BACKOFF: Span = Span::millis(1000);

/// Follower 2 over this log; the test plays the leader, broker 1.
fn follower_over(epochs: &[(u32, u32)], hw: u64, leader_epoch: u32) -> Lab {
    let mut lab = Lab::new(&[1, 2], &[]);
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch = LeaderEpoch(leader_epoch);
    lab.start(B2, disk_with(epochs, hw));
    lab.publish();
    lab
}

/// The fetches that broker 2 sent to the played leader since the last call.
fn requests(lab: &mut Lab) -> Vec<(Correlation, FetchRequest)> {
    let sent = std::mem::take(&mut lab.outside);
    sent.into_iter()
        .filter_map(|envelope| match envelope.message {
            Message::FetchRequest(request) => Some((envelope.correlation, request)),
            _ => None,
        })
        .collect()
}

/// Offset and last fetched epoch of the one fetch of partition 0 that was sent.
fn asked(lab: &mut Lab) -> Option<(Correlation, u64, Option<u32>)> {
    let (correlation, request) = requests(lab).pop()?;
    let partition = request.partitions[0];
    Some((correlation, partition.fetch_offset.0, partition.last_fetched_epoch.map(|epoch| epoch.0)))
}

fn offsets_asked(lab: &mut Lab) -> Vec<(Correlation, ListOffsetsRequest)> {
    let sent = std::mem::take(&mut lab.outside);
    sent.into_iter()
        .filter_map(|envelope| match envelope.message {
            Message::ListOffsetsRequest(request) => Some((envelope.correlation, request)),
            _ => None,
        })
        .collect()
}

fn fetched(error: ErrorCode, hw: u64, data: Fetched<Record>) -> FetchedPartition {
    FetchedPartition {
        partition: TP,
        error,
        high_watermark: Offset(hw),
        log_start_offset: Offset(0),
        current_leader: None,
        preferred_read_replica: None,
        data,
    }
}

fn entries(epochs: &[u32]) -> Fetched<Record> {
    let entry = |&epoch: &u32| {
        let body = Record::new(Default::default(), PRODUCER, 100 + epoch);
        Entry { epoch: LeaderEpoch(epoch), body }
    };
    Fetched::Records(epochs.iter().map(entry).collect())
}

fn answer(lab: &mut Lab, correlation: Correlation, partition: FetchedPartition) {
    let message = Message::FetchResponse(FetchResponse { partitions: vec![partition] });
    lab.deliver(Envelope { from: B1, to: B2, correlation, message });
}

/// The played leader answers the fetch in flight with an error.
fn refuse(lab: &mut Lab, error: ErrorCode) {
    let (correlation, ..) = asked(lab).unwrap();
    answer(lab, correlation, fetched(error, 0, entries(&[])));
}

fn answer_offset(lab: &mut Lab, correlation: Correlation, error: ErrorCode, offset: u64, which: OffsetSpec) {
    let response = ListOffsetsResponse { partition: TP, error, offset: Offset(offset), which };
    let message = Message::ListOffsetsResponse(response);
    lab.deliver(Envelope { from: B1, to: B2, correlation, message });
}

fn state(lab: &Lab) -> FetchState {
    lab.partition(B2).as_follower().unwrap().fetch
}

/// Source: ReplicaManager.initialFetchOffset, ReplicaFetcherThread.buildFetch (3.8).
#[test]
fn a_follower_fetches_from_its_log_end_with_its_latest_epoch() {
    let mut lab = follower_over(&[(0, 2), (3, 3)], 4, 7);
    let (_, request) = requests(&mut lab).pop().unwrap();
    assert_eq!(request.fetcher, Fetcher::Replica(B2, Some(BrokerEpoch(12))));
    assert_eq!((request.max_wait, request.min_records), (Span::millis(500), 1));
    let partition = request.partitions[0];
    assert_eq!(partition.current_leader_epoch, Some(LeaderEpoch(7)));
    assert_eq!(partition.fetch_offset, Offset(5));
    assert_eq!(partition.last_fetched_epoch, Some(LeaderEpoch(3)));
    let (epoch, leader) = (LeaderEpoch(7), Some(B1));
    lab.assert_note(B2, Note::BecameFollower { partition: TP, epoch, leader, leo: Offset(5) });
}

/// Source: AbstractFetcherThread.processFetchRequest (3.8).
#[test]
fn records_are_appended_and_the_next_fetch_goes_on_behind_them() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    let (correlation, ..) = asked(&mut lab).unwrap();
    answer(&mut lab, correlation, fetched(ErrorCode::None, 3, entries(&[0, 1, 1])));
    assert_eq!((lab.leo(B2), lab.hw(B2)), (5, 3));
    assert_eq!(lab.cache(B2), [(0, 0), (1, 3)]);
    let (_, offset, epoch) = asked(&mut lab).unwrap();
    assert_eq!((offset, epoch), (5, Some(1)));
    lab.assert_note(B2, Note::RecordsReplicated { partition: TP, base: Offset(2), count: 3, leader: B1 });
}

/// Source: KAFKA-18723.
#[test]
fn records_of_an_epoch_beyond_the_known_one_are_left_out() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    let (correlation, ..) = asked(&mut lab).unwrap();
    answer(&mut lab, correlation, fetched(ErrorCode::None, 9, entries(&[1, 2, 2])));
    assert_eq!((lab.leo(B2), lab.hw(B2)), (3, 3));
    assert_eq!(lab.cache(B2), [(0, 0), (1, 2)]);
}

/// Source: ReplicaFetcherManager: num.replica.fetchers 1; partitions of one leader share the request.
#[test]
fn all_partitions_of_a_leader_share_one_request_in_flight() {
    let mut lab = Lab::new(&[1, 2], &[]);
    let second = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, second);
    let elsewhere = PartitionRegistration::new(NodeList::brokers(&[3, 2]), NodeList::brokers(&[3]));
    let third = TopicPartition { partition: 2, ..TP };
    lab.image.partitions.insert(third, elsewhere);
    lab.start(B2, Default::default());
    lab.publish();
    let sent: Vec<Vec<u16>> = requests(&mut lab)
        .iter()
        .map(|(_, request)| request.partitions.iter().map(|p| p.partition.partition).collect())
        .collect();
    assert_eq!(sent, [vec![0, 1], vec![2]]);
    lab.publish();
    assert!(requests(&mut lab).is_empty());
}

/// Source: AbstractFetcherThread: the thread is in one request; a new partition waits for its answer.
#[test]
fn a_partition_that_joins_goes_with_the_next_request() {
    let mut lab = follower_over(&[(0, 2)], 2, 0);
    let (correlation, ..) = asked(&mut lab).unwrap();
    let second = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, second);
    lab.publish();
    assert!(requests(&mut lab).is_empty());
    answer(&mut lab, correlation, fetched(ErrorCode::None, 2, entries(&[])));
    let (_, request) = requests(&mut lab).pop().unwrap();
    assert_eq!(request.partitions.len(), 2);
}

/// Source: AbstractFetcherThread.processFetchRequest: offset and epoch must be those of the request.
#[test]
fn an_answer_to_a_request_of_an_earlier_epoch_is_not_applied() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    let (correlation, ..) = asked(&mut lab).unwrap();
    lab.elect(Some(B1), &[1, 2]);
    answer(&mut lab, correlation, fetched(ErrorCode::None, 3, entries(&[1])));
    assert_eq!(lab.leo(B2), 2);
    let (_, request) = requests(&mut lab).pop().unwrap();
    assert_eq!(request.partitions[0].current_leader_epoch, Some(LeaderEpoch(2)));
}

/// Source: one connection per fetcher; answers that nobody waits for.
#[test]
fn late_doubled_and_foreign_answers_are_dropped() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    let (correlation, ..) = asked(&mut lab).unwrap();
    answer(&mut lab, Correlation(999), fetched(ErrorCode::None, 3, entries(&[1])));
    let message = Message::FetchResponse(FetchResponse {
        partitions: vec![fetched(ErrorCode::None, 3, entries(&[1]))],
    });
    lab.deliver(Envelope { from: B3, to: B2, correlation, message });
    assert_eq!(lab.leo(B2), 2);
    answer(&mut lab, correlation, fetched(ErrorCode::None, 3, entries(&[1])));
    answer(&mut lab, correlation, fetched(ErrorCode::None, 3, entries(&[1])));
    assert_eq!(lab.leo(B2), 3);
}

/// Source: TCP: an answer cannot outlive its connection. Here it can be held back for as long as one likes.
#[test]
fn an_answer_to_an_earlier_life_is_dropped() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    let (old, ..) = asked(&mut lab).unwrap();
    lab.crash(B2, Loss::Nothing);
    lab.restart(B2);
    let (new, offset, _) = asked(&mut lab).unwrap();
    assert_eq!(offset, 2);
    answer(&mut lab, old, fetched(ErrorCode::None, 3, entries(&[1])));
    assert_eq!(lab.leo(B2), 2);
    answer(&mut lab, new, fetched(ErrorCode::None, 3, entries(&[1])));
    assert_eq!(lab.leo(B2), 3);
}

/// What an error leaves: the state of the fetch, and whether it is tried again after the back-off.
fn after(error: ErrorCode) -> (FetchState, bool) {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    refuse(&mut lab, error);
    let state = state(&lab);
    lab.advance(BACKOFF);
    (state, asked(&mut lab).is_some())
}

/// Source: AbstractFetcherThread.processFetchRequest, onPartitionFenced (3.8).
#[test]
fn errors_wait_a_second_but_a_fenced_epoch_stops_the_partition() {
    let start = Lab::new(&[1], &[]).now;
    let waits = (FetchState::Delayed(start + BACKOFF), true);
    assert_eq!(after(ErrorCode::UnknownLeaderEpoch), waits);
    assert_eq!(after(ErrorCode::NotLeaderOrFollower), waits);
    assert_eq!(after(ErrorCode::UnknownTopicOrPartition), waits);
    assert_eq!(after(ErrorCode::UnknownTopicId), waits);
    assert_eq!(after(ErrorCode::UnknownServerError), waits);
    assert_eq!(after(ErrorCode::FencedLeaderEpoch), (FetchState::Failed, false));
}

/// Source: AbstractFetcherThread.delayPartitions, `replica.fetch.backoff.ms`.
#[test]
fn a_delayed_partition_is_fetched_again_after_exactly_the_backoff() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    refuse(&mut lab, ErrorCode::UnknownLeaderEpoch);
    lab.advance(Span::millis(999));
    assert!(asked(&mut lab).is_none());
    lab.advance(Span::millis(1));
    assert!(asked(&mut lab).is_some());
    let error = ErrorCode::UnknownLeaderEpoch;
    lab.assert_note(B2, Note::FetcherBackedOff { leader: B1, error, backoff: BACKOFF });
}

/// The played leader answers the fetch in flight: an error for this partition, nothing new for the others.
fn refuse_one(lab: &mut Lab, partition: u16) {
    let (correlation, request) = requests(lab).pop().unwrap();
    let nothing = |asked: &FetchPartition| FetchedPartition {
        partition: asked.partition,
        error: if asked.partition.partition == partition {
            ErrorCode::UnknownServerError
        } else {
            ErrorCode::None
        },
        ..fetched(ErrorCode::None, 0, entries(&[]))
    };
    let partitions = request.partitions.iter().map(nothing).collect();
    let message = Message::FetchResponse(FetchResponse { partitions });
    lab.deliver(Envelope { from: B1, to: B2, correlation, message });
}

/// Source: PartitionFetchState.dueMs: each partition has its own delay.
#[test]
fn partitions_that_are_delayed_at_different_times_come_back_one_by_one() {
    let mut lab = Lab::new(&[1, 2], &[]);
    let same = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, same);
    lab.image.partitions.insert(TopicPartition { partition: 2, ..TP }, same);
    lab.start(B2, Default::default());
    lab.publish();
    refuse_one(&mut lab, 0);
    lab.advance(Span::millis(300));
    refuse_one(&mut lab, 1);
    lab.advance(Span::millis(300));
    refuse_one(&mut lab, 2);
    assert!(requests(&mut lab).is_empty());
    lab.advance(Span::millis(400));
    assert_eq!(lab.timer(B2, Timer::ReplicaFetchBackoff(B1)), Some(Span::millis(300)));
    let (_, request) = requests(&mut lab).pop().unwrap();
    assert_eq!(request.partitions.iter().map(|p| p.partition.partition).collect::<Vec<_>>(), [0]);
    lab.advance(Span::millis(600));
    assert_eq!(lab.timer(B2, Timer::ReplicaFetchBackoff(B1)), None);
}

/// Source: AbstractFetcherThread.onPartitionFenced, failedPartitions: until the next leader epoch.
#[test]
fn a_stopped_partition_goes_on_with_the_next_leader_epoch() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    refuse(&mut lab, ErrorCode::FencedLeaderEpoch);
    assert!(lab.brokers[&B2].fetchers().is_empty());
    let error = ErrorCode::FencedLeaderEpoch;
    lab.assert_note(B2, Note::ReplicaFetchFailed { partition: TP, leader: B1, error });
    lab.change(Default::default());
    assert!(asked(&mut lab).is_none());
    lab.elect(Some(B1), &[1, 2]);
    assert!(asked(&mut lab).is_some());
}

/// Source: AbstractFetcherThread.processFetchRequest: an exception delays every partition of the thread.
#[test]
fn a_broken_connection_delays_the_fetcher_and_is_tried_again() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    requests(&mut lab);
    lab.disconnect(B2, B1);
    assert_eq!(lab.timer(B2, Timer::ReplicaFetchRequest(B1)), None);
    let error = ErrorCode::NetworkException;
    lab.assert_note(B2, Note::FetcherBackedOff { leader: B1, error, backoff: BACKOFF });
    lab.advance(Span::millis(999));
    assert!(asked(&mut lab).is_none());
    lab.advance(Span::millis(1));
    assert!(asked(&mut lab).is_some());
}

/// Source: ReplicaFetcherBlockingSend, `replica.socket.timeout.ms`: a cut link says nothing.
#[test]
fn without_any_answer_the_fetcher_waits_for_the_socket_timeout() {
    let mut lab = follower_over(&[(0, 2)], 2, 1);
    let (late, ..) = asked(&mut lab).unwrap();
    lab.advance(Span::secs(30));
    let error = ErrorCode::RequestTimedOut;
    lab.assert_note(B2, Note::FetcherBackedOff { leader: B1, error, backoff: BACKOFF });
    assert!(asked(&mut lab).is_none());
    lab.advance(BACKOFF);
    let (correlation, ..) = asked(&mut lab).unwrap();
    answer(&mut lab, late, fetched(ErrorCode::None, 3, entries(&[1])));
    assert_eq!(lab.leo(B2), 2);
    answer(&mut lab, correlation, fetched(ErrorCode::None, 3, entries(&[1])));
    assert_eq!(lab.leo(B2), 3);
}

/// Source: AbstractFetcherThread.fetchOffsetAndTruncate: the leader has less (3.11).
#[test]
fn a_follower_beyond_the_leaders_end_is_cut_to_it() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    refuse(&mut lab, ErrorCode::OffsetOutOfRange);
    let (correlation, request) = offsets_asked(&mut lab).pop().unwrap();
    assert_eq!(request.offset, OffsetSpec::Latest);
    assert_eq!(request.fetcher, Fetcher::Replica(B2, Some(BrokerEpoch(12))));
    assert_eq!(request.current_leader_epoch, Some(LeaderEpoch(1)));
    answer_offset(&mut lab, correlation, ErrorCode::None, 5, OffsetSpec::Latest);
    assert_eq!((lab.leo(B2), lab.hw(B2)), (5, 5));
    assert_eq!(asked(&mut lab).map(|(_, offset, epoch)| (offset, epoch)), Some((5, Some(0))));
    let (start, end) = (Offset(0), Offset(5));
    lab.assert_note(B2, Note::FetchOffsetOutOfRange { partition: TP, fetch_offset: Offset(8), start, end });
}

/// Source: AbstractFetcherThread.fetchOffsetAndTruncate: the leader dropped what this follower needs (3.11).
#[test]
fn a_follower_before_the_leaders_start_begins_anew_there() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    refuse(&mut lab, ErrorCode::OffsetOutOfRange);
    let (correlation, _) = offsets_asked(&mut lab).pop().unwrap();
    answer_offset(&mut lab, correlation, ErrorCode::None, 90, OffsetSpec::Latest);
    let (correlation, request) = offsets_asked(&mut lab).pop().unwrap();
    assert_eq!(request.offset, OffsetSpec::Earliest);
    answer_offset(&mut lab, correlation, ErrorCode::None, 70, OffsetSpec::Earliest);
    assert_eq!((lab.disk(B2).log.start(), lab.leo(B2), lab.hw(B2)), (Offset(70), 70, 70));
    let (correlation, offset, epoch) = asked(&mut lab).unwrap();
    assert_eq!((offset, epoch), (70, None));
    answer(&mut lab, correlation, fetched(ErrorCode::None, 71, entries(&[1, 1])));
    assert_eq!((lab.leo(B2), lab.hw(B2)), (72, 71));
    let (start, end) = (Offset(70), Offset(90));
    lab.assert_note(B2, Note::FetchOffsetOutOfRange { partition: TP, fetch_offset: Offset(8), start, end });
}

/// Source: AbstractFetcherThread.fetchOffsetAndTruncate: the leader grew meanwhile (3.11).
#[test]
fn a_follower_within_the_leaders_log_just_goes_on() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    refuse(&mut lab, ErrorCode::OffsetOutOfRange);
    let (correlation, _) = offsets_asked(&mut lab).pop().unwrap();
    answer_offset(&mut lab, correlation, ErrorCode::None, 8, OffsetSpec::Latest);
    let (correlation, _) = offsets_asked(&mut lab).pop().unwrap();
    answer_offset(&mut lab, correlation, ErrorCode::None, 0, OffsetSpec::Earliest);
    assert_eq!((lab.leo(B2), lab.hw(B2)), (8, 6));
    assert_eq!(asked(&mut lab).map(|(_, offset, _)| offset), Some(8));
}

/// What an error of ListOffsets leaves.
fn after_offset(error: ErrorCode) -> FetchState {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    refuse(&mut lab, ErrorCode::OffsetOutOfRange);
    let (correlation, _) = offsets_asked(&mut lab).pop().unwrap();
    answer_offset(&mut lab, correlation, error, 0, OffsetSpec::Latest);
    state(&lab)
}

/// Source: AbstractFetcherThread.handleOutOfRangeError.
#[test]
fn a_refused_offset_question_waits_or_stops_like_a_fetch() {
    let delayed = FetchState::Delayed(Lab::new(&[1], &[]).now + BACKOFF);
    assert_eq!(after_offset(ErrorCode::NotLeaderOrFollower), delayed);
    assert_eq!(after_offset(ErrorCode::UnknownLeaderEpoch), delayed);
    assert_eq!(after_offset(ErrorCode::FencedLeaderEpoch), FetchState::Failed);
}

/// Source: AbstractFetcherThread: the same thread asks for offsets and fetches.
#[test]
fn a_connection_that_breaks_during_the_offset_question_delays_that_partition_alone() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    let second = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, second);
    lab.publish();
    refuse(&mut lab, ErrorCode::OffsetOutOfRange);
    assert_eq!(offsets_asked(&mut lab).len(), 1);
    lab.disconnect(B2, B1);
    let (_, request) = requests(&mut lab).pop().unwrap();
    assert_eq!(request.partitions.iter().map(|p| p.partition).collect::<Vec<_>>(), [TP1]);
    lab.advance(BACKOFF);
    assert_eq!(lab.timer(B2, Timer::ReplicaFetchBackoff(B1)), None);
}

/// Source: AbstractFetcherManager.removeFetcherForPartitions, shutdownIdleFetcherThreads.
#[test]
fn a_fetcher_without_partitions_ends_with_its_timers() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    let (late, ..) = asked(&mut lab).unwrap();
    lab.elect(Some(B2), &[2]);
    assert!(lab.brokers[&B2].fetchers().is_empty());
    assert_eq!(lab.timer(B2, Timer::ReplicaFetchRequest(B1)), None);
    answer(&mut lab, late, fetched(ErrorCode::None, 9, entries(&[1])));
    assert_eq!(lab.leo(B2), 8);
}

/// Source: AbstractFetcherThread.truncateOnFetchResponse: records and watermarks are left for the next fetch.
#[test]
fn a_diverging_answer_only_truncates() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    let (correlation, ..) = asked(&mut lab).unwrap();
    let end = EpochEnd { epoch: LeaderEpoch(0), end: Offset(7) };
    answer(&mut lab, correlation, fetched(ErrorCode::None, 3, Fetched::Diverging(end)));
    assert_eq!((lab.leo(B2), lab.hw(B2)), (7, 6));
    assert_eq!(asked(&mut lab).map(|(_, offset, _)| offset), Some(7));
}

/// Source: a follower whose leader was restarted: the whole loop with real brokers.
#[test]
fn a_follower_finds_its_leader_again_after_a_crash() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1, 2], &[1, 2]);
    lab.produce(B1, Acks::One, 3);
    lab.advance(Span::secs(1));
    lab.crash(B1, Loss::Nothing);
    lab.advance(Span::secs(3));
    assert_eq!(lab.count_notes(B2, |note| matches!(note, Note::FetcherBackedOff { .. })), 4);
    lab.elect(Some(B1), &[1, 2]);
    lab.restart(B1);
    lab.produce(B1, Acks::All, 2);
    lab.advance(Span::secs(2));
    assert_eq!(lab.log(B1), lab.log(B2));
    assert_eq!(lab.leo(B2), 5);
}

/// Source: ReplicaManager.makeFollowers: no leader, nothing to fetch from.
#[test]
fn without_a_leader_nothing_is_fetched() {
    let mut lab = follower_over(&[(0, 8)], 6, 1);
    lab.elect(None, &[1]);
    assert_eq!(state(&lab), FetchState::Idle);
    assert!(lab.brokers[&B2].fetchers().is_empty());
    let (epoch, leo) = (LeaderEpoch(2), Offset(8));
    lab.assert_note(B2, Note::BecameFollower { partition: TP, epoch, leader: None, leo });
}
