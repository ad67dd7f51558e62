//! FetchSnapshot: what a leader hands out, what a follower does with it.
use crate::driver::{Replica, c, epoch, ms, offer};
use kraftscope_core::id::Offset;
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::wire::{ErrorCode, FetchSnapshotResponse, Message};

/// A leader of epoch 5 with a snapshot `(3, 2)` of four records.
fn leader() -> Replica {
    let mut leader = Replica::leader(3, 5, &[(2, 3), (4, 3)]);
    leader.fetch(2, 7, 5);
    assert_eq!(leader.snapshot_of(3, 2, false), Some((3, 2)));
    leader.sent.clear();
    leader.told();
    leader
}

/// A follower of epoch 5 that was told to fetch the snapshot `(9, 4)`.
fn downloading() -> Replica {
    let mut follower = Replica::follower(3, 5, 2, &[(2, 3)]);
    follower.answer(2, follower.offered(9, 4));
    follower.told();
    follower
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotRequestAsLeader`, `testPartialFetchSnapshotRequestAsLeader`.
#[test]
fn a_leader_hands_out_a_snapshot_in_parts() {
    let mut leader = leader();
    let part = |r: &FetchSnapshotResponse| (r.error, r.size, r.position, r.records.len());
    assert_eq!(part(&leader.fetch_snapshot(2, 3, 2, 0)), (ErrorCode::None, 4, 0, 2));
    assert_eq!(part(&leader.fetch_snapshot(2, 3, 2, 2)), (ErrorCode::None, 4, 2, 2));
    assert_eq!(part(&leader.fetch_snapshot(2, 3, 2, 3)), (ErrorCode::None, 4, 3, 1));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotRequestMissingSnapshot`.
#[test]
fn an_unknown_snapshot_is_not_found() {
    let mut leader = leader();
    assert_eq!(leader.fetch_snapshot(2, 3, 1, 0).error, ErrorCode::SnapshotNotFound);
    assert_eq!(leader.fetch_snapshot(2, 4, 4, 0).error, ErrorCode::SnapshotNotFound);
    let refused = leader.told();
    let error = ErrorCode::SnapshotNotFound;
    assert_eq!(refused, [Note::QuorumRequestRefused { from: c(2), error, epoch: epoch(5) }; 2]);
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotRequestWithInvalidPosition` (S-36).
#[test]
fn a_position_outside_the_snapshot_is_refused() {
    let mut leader = leader();
    for position in [-1, 4, 5] {
        assert_eq!(leader.fetch_snapshot(2, 3, 2, position).error, ErrorCode::PositionOutOfRange);
    }
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotRequestWithOlderEpoch`, `…WithNewerEpoch`.
#[test]
fn a_request_of_another_epoch_is_refused() {
    let mut leader = leader();
    assert_eq!(leader.fetch_snapshot_in(2, 4, (3, 2), 0).error, ErrorCode::FencedLeaderEpoch);
    assert_eq!(leader.fetch_snapshot_in(2, 6, (3, 2), 0).error, ErrorCode::UnknownLeaderEpoch);
    assert_eq!(leader.q.epoch(), epoch(5));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotRequestAsFollower`.
#[test]
fn a_follower_hands_out_nothing() {
    let mut follower = Replica::follower(3, 5, 2, &[(2, 3)]);
    let refused = follower.fetch_snapshot(3, 3, 2, 0);
    assert_eq!((refused.error, refused.leader), (ErrorCode::NotLeaderOrFollower, Some(c(2))));
}

/// Source: `KafkaRaftClientSnapshotTest.
/// testLeaderShouldResignLeadershipIfNotGetFetchSnapshotRequestFromMajorityVoters`.
#[test]
fn fetching_a_snapshot_keeps_a_leader_in_office() {
    let mut leader = leader();
    for _ in 0..4 {
        leader.advance(ms(2000));
        leader.fetch_snapshot(2, 3, 2, 0);
        assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(3000)));
    }
    leader.advance(ms(2000));
    leader.fetch_snapshot(2, 3, 2, 9);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(1000)));
    leader.advance(ms(1000));
    assert_eq!(leader.role(), "Resigned");
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchResponseWithSnapshotId`.
#[test]
fn a_follower_fetches_the_snapshot_and_begins_anew_there() {
    let mut follower = downloading();
    assert_eq!(follower.asked_for_part(2), (9, 4, 0));
    follower.receive_part(follower.part(9, 4, 0, 3, 3));
    let log = follower.q.log();
    assert_eq!((log.start(), log.end(), log.flushed()), (Offset(9), Offset(9), Offset(9)));
    assert_eq!((follower.hw(), follower.q.committed()), (Some(9), Offset(9)));
    assert!(follower.q.disk.epochs.is_empty());
    assert_eq!(follower.q.snapshots().latest_id(), Some(crate::driver::snapshot_id(9, 4)));
    let (leader, from, end) = (c(2), Offset(3), Offset(9));
    let done = Note::SnapshotDownloaded { leader, from, end, epoch: epoch(4), records: 3 };
    assert_eq!(follower.told(), [done]);
    let fetch = follower.asked_to_fetch(2);
    assert_eq!((fetch.fetch_offset, fetch.last_fetched_epoch), (Offset(9), Some(epoch(4))));
    follower.answer(2, follower.fetched(&[(4, 1), (5, 1)], Some(10)));
    assert_eq!((follower.leo(), follower.hw()), (11, Some(10)));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotResponsePartialData`.
#[test]
fn parts_are_asked_for_in_order() {
    let mut follower = downloading();
    follower.receive_part(follower.part(9, 4, 0, 2, 5));
    assert_eq!(follower.asked_for_part(2), (9, 4, 2));
    follower.receive_part(follower.part(9, 4, 2, 2, 5));
    assert_eq!(follower.asked_for_part(2), (9, 4, 4));
    assert_eq!((follower.leo(), follower.hw()), (3, None));
    follower.receive_part(follower.part(9, 4, 4, 1, 5));
    assert_eq!((follower.leo(), follower.hw()), (9, Some(9)));
}

/// Source: `FollowerState.resetFetchTimeoutForSuccessfulFetch`.
#[test]
fn each_part_restarts_the_fetch_timer() {
    let mut follower = downloading();
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(2000)));
    follower.advance(ms(1500));
    follower.receive_part(follower.part(9, 4, 0, 2, 5));
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(2000)));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotResponseMissingSnapshot`.
#[test]
fn a_snapshot_that_the_leader_has_deleted_is_given_up() {
    let mut follower = downloading();
    follower.receive_part(follower.part(9, 4, 0, 2, 5));
    follower.advance(ms(1500));
    let error = ErrorCode::SnapshotNotFound;
    follower.receive_part(FetchSnapshotResponse { error, ..follower.part(9, 4, 2, 0, 0) });
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(2000)));
    assert_eq!(follower.asked_to_fetch(2).fetch_offset, Offset(3));
    let abandoned = Note::SnapshotAbandoned { end: Offset(9), epoch: epoch(4), records: 2 };
    assert_eq!(follower.told(), [abandoned]);
}

/// Source: `KafkaRaftClient.handleUnexpectedError`, `RequestManager`: the connection backs off.
#[test]
fn a_refused_position_is_a_failure_and_does_not_restart_the_fetch_timer() {
    let mut follower = downloading();
    follower.advance(ms(1500));
    let error = ErrorCode::PositionOutOfRange;
    follower.receive_part(FetchSnapshotResponse { error, ..follower.part(9, 4, 0, 0, 0) });
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(500)));
    assert_eq!(follower.remaining(Timer::QuorumBackoff(c(2))), Some(ms(20)));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotResponseWithInvalidId`.
#[test]
fn a_part_of_another_snapshot_or_place_is_not_taken() {
    for wrong in [(8, 4, 0), (9, 3, 0), (9, 4, 1)] {
        let mut follower = downloading();
        follower.receive_part(follower.part(wrong.0, wrong.1, wrong.2, 2, 2));
        assert_eq!((follower.leo(), follower.q.download().map(|d| d.records.len())), (3, Some(0)));
    }
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotResponseFromNewerEpochLeader`, `…FromNewerEpochNotLeader`.
#[test]
fn a_newer_epoch_ends_the_download() {
    for leader in [Some(c(3)), None] {
        let mut follower = downloading();
        let (error, epoch) = (ErrorCode::FencedLeaderEpoch, epoch(6));
        follower.receive_part(FetchSnapshotResponse { error, leader, epoch, ..follower.part(9, 4, 0, 0, 0) });
        assert_eq!((follower.q.epoch(), follower.q.leader()), (epoch, leader));
        assert_eq!(follower.q.download(), None);
    }
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchSnapshotResponseFromOlderEpoch`.
#[test]
fn an_answer_of_an_older_epoch_is_ignored() {
    let mut follower = downloading();
    follower.receive_part(FetchSnapshotResponse { epoch: epoch(4), ..follower.part(9, 4, 0, 3, 3) });
    assert_eq!((follower.leo(), follower.q.epoch()), (3, epoch(5)));
    assert!(follower.q.download().is_some());
}

/// Source: `FollowerState`: what is fetched is not on disk before it is frozen.
#[test]
fn a_restart_loses_a_download_in_progress() {
    let mut follower = downloading();
    follower.receive_part(follower.part(9, 4, 0, 2, 5));
    let again = Replica::boot(3, follower.q.disk);
    assert_eq!((again.q.download(), again.leo()), (None, 3));
    assert_eq!(again.asked_to_fetch(2).fetch_offset, Offset(3));
}

/// Source: `RaftLog.createNewSnapshotUnchecked`: one that is stored already is not fetched again.
#[test]
fn a_snapshot_that_is_there_is_not_fetched() {
    let mut follower = Replica::follower(3, 5, 2, &[(2, 3)]);
    follower.answer(2, follower.fetched(&[(4, 3)], Some(6)));
    assert_eq!(follower.snapshot(4, false), Some((4, 4)));
    follower.answer(2, follower.offered(4, 4));
    assert_eq!(follower.asked_to_fetch(2).fetch_offset, Offset(6));
}

/// Source: `KafkaRaftClient.handleFetchSnapshotResponse` ("Full log truncation expected but didn't happen").
#[test]
fn a_snapshot_that_does_not_replace_the_log_stops_the_replica() {
    let mut follower = Replica::follower(3, 7, 2, &[(2, 3), (6, 1)]);
    follower.answer(2, follower.offered(9, 4));
    follower.receive_part(follower.part(9, 4, 0, 3, 3));
    assert!(follower.exited && follower.q.halted().is_some());
}

/// Source: KIP-630: from the offer to the last record.
#[test]
fn a_replica_that_was_away_for_long_catches_up_from_a_snapshot() {
    let mut leader = leader();
    leader.append(4);
    leader.fetch(2, 11, 5);
    leader.snapshot_of(10, 3, true);
    let mut follower = Replica::boot_as(
        3,
        3,
        crate::driver::disk(crate::driver::elected(5, 1), &[(2, 2)]),
        crate::driver::settings(kraftscope_core::release::Release::V4_2),
    );
    let mut parts = 0;
    while follower.leo() < leader.leo() {
        let request = follower.asked(1).cloned().expect("it fetches");
        parts += u32::from(matches!(request, Message::FetchSnapshotRequest(_)));
        let response = leader.request(c(3), request).expect("answered at once");
        follower.answer(1, response);
    }
    assert_eq!((parts, follower.q.log().start(), follower.leo()), (1, Offset(10), leader.leo()));
    assert_eq!(follower.q.snapshots().latest(), leader.q.snapshots().latest());
    assert_eq!(offer(&leader.fetch(3, 1, 2).expect("not parked")), Some((10, 5)));
}
