//! The leader's side of replication.
use crate::driver::*;
use kraftscope_core::id::Offset;
use kraftscope_core::kraft::MAX_FETCH_RECORDS;
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::release::Release;
use kraftscope_core::wire::{ErrorCode, Message, MetadataFetchRequest};

/// Records of epochs 1, 3, 5 and the leader change of epoch 6 at offset 9.
fn leader() -> Replica {
    Replica::leader(3, 6, &[(1, 3), (3, 3), (5, 3)])
}

/// Source: `KafkaRaftClientTest.testLeaderImmediatelySendsDivergingEpoch` (S-22).
#[test]
fn a_fetch_of_an_epoch_the_leader_never_saw_is_told_at_once_where_the_logs_part() {
    let mut leader = leader();
    let response = leader.fetch(2, 6, 2).expect("not parked");
    assert_eq!((response.error, parts_at(&response)), (ErrorCode::None, (1, 3)));
    assert_eq!(
        leader.told(),
        [Note::MetadataLogDiverged {
            replica: c(2),
            fetch_offset: Offset(6),
            epoch: epoch(1),
            end: Offset(3)
        }]
    );
}

/// Source: `RaftLog.validateOffsetAndEpoch`, `KafkaMetadataLogTest.testValidateOffset*`.
#[test]
fn offset_and_epoch_of_a_fetch_are_checked_against_the_leaders_log() {
    let mut leader = leader();
    let mut parts = |offset, epoch| leader.fetch(2, offset, epoch).map(|r| parts_at(&r));
    assert_eq!(parts(5, 1), Some((1, 3)), "beyond the end of that epoch");
    assert_eq!(parts(10, 5), Some((5, 9)));
    assert_eq!(parts(11, 6), Some((6, 10)), "beyond the log end");
    assert_eq!(parts(7, 4), Some((3, 6)));
    assert_eq!(parts(4, 0), Some((0, 0)), "below the first epoch");
    let mut valid = |offset, epoch| leader.fetch(2, offset, epoch).map(|r| count(&r));
    assert_eq!(valid(0, 0), Some(10));
    assert_eq!(valid(0, 5), Some(10), "offset 0 is always valid");
    assert_eq!(valid(3, 1), Some(7));
    assert_eq!(valid(2, 1), Some(8));
    assert_eq!(valid(9, 5), Some(1));
}

/// Source: `KafkaRaftClientTest.testFetchRequestWithLargerLastFetchedEpoch` (S-35).
#[test]
fn a_last_fetched_epoch_beyond_the_requests_epoch_is_invalid() {
    let mut leader = leader();
    let response = leader.fetch(2, 10, 7).expect("an answer");
    assert_eq!(response.error, ErrorCode::InvalidRequest);
    assert_eq!(
        leader.told(),
        [Note::QuorumRequestRefused { from: c(2), error: ErrorCode::InvalidRequest, epoch: epoch(6) }]
    );
}

/// Source: `validateLeaderOnlyRequest`; a leader does not step down because a fetch has a higher epoch.
#[test]
fn fetches_of_other_epochs_are_refused_and_change_nothing() {
    let mut leader = leader();
    let mut error = |e: u32| {
        let request =
            MetadataFetchRequest { current_leader_epoch: epoch(e), ..leader.fetch_request(2, 10, 5) };
        leader.fetch_with(2, request).map(|r| (r.error, r.leader, r.epoch))
    };
    assert_eq!(error(5), Some((ErrorCode::FencedLeaderEpoch, Some(c(1)), epoch(6))));
    assert_eq!(error(7), Some((ErrorCode::UnknownLeaderEpoch, Some(c(1)), epoch(6))));
    assert_eq!(leader.election(), ("Leader", 6, Some(1), None));
    let mut follower = Replica::follower(3, 6, 3, &[]);
    assert_eq!(
        follower.fetch(2, 0, 0).map(|r| (r.error, r.leader)),
        Some((ErrorCode::NotLeaderOrFollower, Some(c(3))))
    );
}

/// Source: `KafkaRaftClientTest.testPurgatoryFetchTimeout` (S-30).
#[test]
fn a_fetch_with_nothing_to_bring_waits_and_is_answered_empty_after_max_wait() {
    let mut leader = Replica::leader(2, 1, &[]);
    leader.fetch(2, 1, 1);
    leader.sent.clear();
    assert_eq!(leader.fetch(2, 1, 1), None);
    assert_eq!(leader.state().parked().len(), 1);
    leader.advance(ms(499));
    assert_eq!(leader.sent, []);
    leader.advance(ms(1));
    let answer = leader.sent.pop();
    assert!(
        matches!(answer, Some((_, _, Message::MetadataFetchResponse(r))) if r.error.is_none() && count(&r) == 0)
    );
    assert_eq!(leader.state().parked(), []);
}

/// Source: `KafkaRaftClientTest.testPurgatoryFetchSatisfiedByWrite`.
#[test]
fn a_parked_fetch_is_answered_by_the_next_append() {
    let mut leader = Replica::leader(3, 1, &[]);
    leader.fetch(2, 1, 1);
    assert_eq!(leader.fetch(2, 1, 1), None);
    leader.sent.clear();
    leader.advance(ms(100));
    leader.append(3);
    assert!(
        matches!(&leader.sent[..], [(to, _, Message::MetadataFetchResponse(r))] if *to == c(2) && count(r) == 3)
    );
    assert_eq!(leader.remaining(Timer::ParkedFetch(c(2))), None);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(3000)), "the answer counts as a fetch");
}

/// Source: KIP-1166, `isHighWatermarkUpdated`, `fetchPurgatory.completeAll` in `onUpdateLeaderHighWatermark`.
#[test]
fn from_4_1_everybody_who_waits_is_told_of_a_new_high_watermark() {
    let told = |release| {
        let mut leader = Replica::leader_with(5, 1, &[], settings(release));
        for n in [9, 3] {
            assert_eq!(leader.fetch(n, 1, 1), None, "no high watermark yet");
        }
        leader.sent.clear();
        leader.fetch(2, 1, 1);
        assert_eq!(leader.hw(), Some(1));
        let high_watermarks = leader.sent.iter().map(|(to, _, m)| match m {
            Message::MetadataFetchResponse(r) => (*to, r.high_watermark),
            other => panic!("{other:?}"),
        });
        high_watermarks.collect::<Vec<_>>()
    };
    assert_eq!(told(Release::V4_1), [(c(9), Some(Offset(1))), (c(3), Some(Offset(1)))]);
    assert_eq!(told(Release::V4_0), []);
}

/// Source: KIP-1166: a fetch that carries an older high watermark is answered at once.
#[test]
fn from_4_1_a_fetch_that_does_not_know_the_high_watermark_is_not_kept_waiting() {
    let answered = |release| {
        let mut leader = Replica::leader_with(3, 1, &[], settings(release));
        leader.fetch(2, 1, 1);
        let request = MetadataFetchRequest { high_watermark: None, ..leader.fetch_request(3, 1, 1) };
        leader.fetch_with(3, request).map(|r| r.high_watermark)
    };
    assert_eq!(answered(Release::V4_1), Some(Some(Offset(1))));
    assert_eq!(answered(Release::V4_0), None);
}

/// Source: `handleFetchRequest`: "just return the original fetch response"; before 4.1 that may be an old high
/// watermark.
#[test]
fn before_4_1_a_fetch_that_times_out_brings_the_high_watermark_of_its_arrival() {
    let mut leader = Replica::leader_with(5, 1, &[], settings(Release::V4_0));
    assert_eq!(leader.fetch(9, 1, 1), None);
    leader.fetch(2, 1, 1);
    leader.fetch(3, 1, 1);
    assert_eq!(leader.hw(), Some(1));
    leader.sent.clear();
    leader.fire(Timer::ParkedFetch(c(9)));
    assert!(
        matches!(&leader.sent[..], [(_, _, Message::MetadataFetchResponse(r))] if r.high_watermark.is_none())
    );
}

/// Source: KafkaRaftClient constant `MAX_FETCH_SIZE_BYTES`, in records here.
#[test]
fn a_fetch_brings_at_most_so_many_records() {
    let mut leader = Replica::leader(3, 2, &[(1, MAX_FETCH_RECORDS + 5)]);
    let response = leader.fetch(2, 0, 0).expect("an answer");
    assert_eq!(count(&response) as u64, MAX_FETCH_RECORDS);
}

/// Source: TCP repeats nothing, but a simulated network may: a copy does not push out the fetch that is waited for.
#[test]
fn a_late_copy_of_an_older_fetch_does_not_replace_the_parked_one() {
    let mut leader = Replica::leader(3, 1, &[]);
    leader.fetch(2, 1, 1);
    assert_eq!(leader.fetch(2, 1, 1), None);
    leader.fetch(2, 0, 0);
    leader.sent.clear();
    leader.append(1);
    assert_eq!(leader.sent.len(), 1);
}

/// Source: the connection is gone, and with it whoever waited for the answer.
#[test]
fn a_broken_connection_forgets_the_parked_fetch() {
    let mut leader = Replica::leader(3, 1, &[]);
    leader.fetch(2, 1, 1);
    assert_eq!(leader.fetch(2, 1, 1), None);
    leader.disconnect(2);
    assert_eq!((leader.state().parked(), leader.remaining(Timer::ParkedFetch(c(2)))), (&[][..], None));
}
