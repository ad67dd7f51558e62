//! The follower's side of replication, and how replicas look for a leader.
use crate::driver::*;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{DirectoryId, NodeId, Offset, ReplicaKey};
use kraftscope_core::kraft::connection::USELESS_ANSWER_PAUSE;
use kraftscope_core::kraft::{Quorum, QuorumDisk};
use kraftscope_core::node::{Out, Timer};
use kraftscope_core::note::{HaltReason, Note};
use kraftscope_core::release::Release;
use kraftscope_core::time::Time;
use kraftscope_core::wire::{Envelope, ErrorCode, Fetched, Message, MetadataFetchResponse};
use std::sync::Arc;

/// Source: `KafkaRaftClientTest.testFollowerLogReconciliation` (S-23).
#[test]
fn a_follower_cuts_its_log_where_the_leader_says_and_asks_again_from_there() {
    let mut follower = Replica::follower(3, 5, 3, &[(3, 3)]);
    let request = follower.asked_to_fetch(3);
    assert_eq!((request.fetch_offset, request.last_fetched_epoch), (Offset(3), Some(epoch(3))));
    follower.told();
    follower.answer(3, follower.diverging(3, 2, Some(1)));
    assert_eq!((follower.leo(), follower.q.log().flushed()), (2, Offset(2)));
    assert_eq!(
        follower.told(),
        [Note::MetadataLogTruncated { from: Offset(3), to: Offset(2), epoch: epoch(5) }]
    );
    let request = follower.asked_to_fetch(3);
    assert_eq!((request.fetch_offset, request.last_fetched_epoch), (Offset(2), Some(epoch(3))));
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(2000)));
}

/// Source: `RaftLog.truncateToEndOffset`, `KafkaMetadataLogTest.testTruncate*`.
#[test]
fn the_cut_is_found_in_the_own_epochs() {
    let cut = |at: (u32, u64)| {
        let mut follower = Replica::follower(3, 9, 3, &[(1, 3), (3, 3), (5, 3)]);
        follower.answer(3, follower.diverging(at.0, at.1, None));
        follower.leo()
    };
    assert_eq!(cut((5, 7)), 7, "the epoch is known: the smaller end");
    assert_eq!(cut((3, 8)), 6);
    assert_eq!(cut((4, 8)), 6, "unknown: the end of the largest known epoch below");
    assert_eq!(cut((2, 8)), 3);
    assert_eq!(cut((0, 4)), 4, "epoch 0 has no entry of its own");
    assert_eq!(cut((0, 50)), 9);
}

/// Source: `LeaderEpochFileCache.truncateFromEnd`: an epoch's line goes with its records.
#[test]
fn a_cut_takes_the_lines_of_the_epoch_cache_along() {
    let mut follower = Replica::follower(3, 9, 3, &[(1, 3), (3, 3)]);
    follower.answer(3, follower.diverging(1, 3, None));
    assert_eq!(follower.q.disk.epochs.entries().len(), 1);
    follower.answer(3, follower.fetched(&[(9, 1)], None));
    assert_eq!(follower.q.disk.epochs.latest().map(|l| (l.epoch, l.start)), Some((epoch(9), Offset(3))));
}

/// Source: `handleFetchResponse`, `updateFollowerHighWatermark`.
#[test]
fn fetched_records_are_appended_and_flushed_and_the_high_watermark_stays_within_the_own_log() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.answer(3, follower.fetched(&[(5, 2)], Some(9)));
    assert_eq!((follower.leo(), follower.hw(), follower.q.log().flushed()), (2, Some(2), Offset(2)));
    assert_eq!(follower.asked_to_fetch(3).high_watermark, Some(Offset(2)));
    follower.answer(3, follower.fetched(&[], None));
    assert_eq!(follower.hw(), Some(2), "an unknown high watermark changes nothing");
}

/// Source: KIP-1166: Fetch v18 since 4.1.
#[test]
fn before_4_1_a_fetch_carries_no_high_watermark() {
    let mut follower = Replica::boot_as(1, 3, disk(elected(5, 3), &[]), settings(Release::V4_0));
    follower.answer(3, follower.fetched(&[(5, 2)], Some(2)));
    assert_eq!(follower.asked_to_fetch(3).high_watermark, None);
}

/// Source: `FollowerState.updateHighWatermark`: a smaller value is an exception.
#[test]
fn a_high_watermark_that_goes_back_stops_the_follower() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.answer(3, follower.fetched(&[(5, 2)], Some(2)));
    follower.answer(3, follower.fetched(&[], Some(1)));
    assert_eq!(follower.q.halted(), Some(HaltReason::HwWentBack));
    assert!(follower.exited);
    assert_eq!(follower.hw(), Some(2));
}

/// Source: `handleFetchResponse`, `KafkaRaftLog.truncateTo`: truncation below the high watermark is fatal
#[test]
fn a_follower_stops_for_good_rather_than_cut_committed_records() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.answer(3, follower.fetched(&[(5, 4)], Some(3)));
    follower.told();
    follower.answer(3, follower.diverging(5, 2, None));
    assert_eq!(
        follower.told(),
        [Note::QuorumHalted {
            reason: HaltReason::TruncationBelowHw,
            epoch: epoch(5),
            offset: Offset(2),
            hw: Offset(3)
        }]
    );
    assert!(follower.exited);
    assert_eq!(follower.leo(), 4);
    assert_eq!(follower.fetch(2, 0, 0), None, "it answers nobody");
}

/// Source: `KafkaRaftLog`: its high watermark is kept over changes of role, so the check holds for an ex-leader too.
#[test]
fn an_ex_leader_does_not_cut_what_it_had_committed() {
    let mut leader = Replica::leader(3, 5, &[]);
    leader.append(2);
    leader.fetch(2, 3, 5);
    assert_eq!(leader.hw(), Some(3));
    leader.resign();
    leader.sent.clear();
    leader.begin_quorum_epoch(3, 6);
    assert_eq!((leader.role(), leader.hw()), ("Follower", None));
    leader.answer(3, leader.diverging(5, 2, None));
    assert_eq!(leader.q.halted(), Some(HaltReason::TruncationBelowHw));
}

/// Source: `FollowerState.resetFetchTimeoutForSuccessfulFetch`.
#[test]
fn only_a_successful_fetch_restarts_the_fetch_timer() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.advance(ms(100));
    follower.answer(3, follower.fetch_error(ErrorCode::BrokerNotAvailable));
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(1900)));
    follower.vote(vote_request(2, 5, 0, 0, true));
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(1900)));
    follower.advance(ms(20));
    follower.sent.retain(|(to, _, _)| *to == c(3));
    follower.fire(Timer::QuorumFetch);
    assert_eq!(follower.role(), "Prospective");
}

/// Source: `RequestManager`, `ConnectionState.onResponseError`: 20 ms after a failure.
#[test]
fn after_a_failure_the_leader_is_left_alone_for_the_retry_backoff_and_another_voter_is_asked() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.answer(3, follower.fetch_error(ErrorCode::BrokerNotAvailable));
    assert_eq!(follower.remaining(Timer::QuorumBackoff(c(3))), Some(ms(20)));
    assert!(follower.awaits(2, "Fetch"));
    follower.advance(ms(20));
    assert!(!follower.awaits(3, "Fetch"), "one fetch at a time");
    follower.answer(2, follower.fetch_error(ErrorCode::NotLeaderOrFollower));
    assert!(follower.awaits(3, "Fetch"));
}

/// Source: `maybeSendFetchToBestNode` of 3.9: only observers ask others.
#[test]
fn before_4_0_a_voter_whose_leader_fails_asks_nobody_else() {
    let mut follower = Replica::boot_as(1, 3, disk(elected(5, 3), &[]), settings(Release::V3_9));
    follower.answer(3, follower.fetch_error(ErrorCode::BrokerNotAvailable));
    assert_eq!(follower.asked(2), None);
    follower.advance(ms(20));
    assert!(follower.awaits(3, "Fetch"));
}

/// Source: `RequestManager.hasRequestTimedOut` in `maybeSendFetchToBestNode`.
#[test]
fn when_the_leader_does_not_answer_in_time_another_voter_is_asked_once() {
    let patient = Settings { controller_quorum_fetch_timeout: ms(60_000), ..settings(Release::V4_2) };
    let mut follower = Replica::boot_as(1, 2, disk(elected(5, 3), &[]), patient);
    assert_eq!(follower.role(), "Unattached", "the leader is not among the voters");
    let mut follower2 = Replica::boot_as(1, 3, disk(elected(5, 3), &[]), patient);
    follower.sent.clear();
    let late = follower2.correlation(3);
    follower2.advance(ms(2000));
    let asked = [follower2.awaits(2, "Fetch"), follower2.awaits(3, "Fetch")];
    assert_eq!(asked.iter().filter(|a| **a).count(), 1);
    follower2.answer_late(3, late, follower2.fetched(&[(5, 1)], None));
    assert_eq!(follower2.leo(), 0, "the late answer is ignored");
}

/// Source: `NetworkClient` under the raft client: `reconnect.backoff` 50 ms, doubling up to 500 ms, 20 % jitter.
#[test]
fn an_unreachable_node_is_tried_less_and_less_often() {
    let patient = Settings { controller_quorum_fetch_timeout: ms(60_000), ..settings(Release::V3_9) };
    let mut follower = Replica::boot_as(1, 3, disk(elected(5, 3), &[]), patient);
    let mut waits = Vec::new();
    for _ in 0..6 {
        follower.disconnect(3);
        waits.extend(follower.remaining(Timer::QuorumBackoff(c(3))).map(|s| s.as_millis()));
        follower.fire(Timer::QuorumBackoff(c(3)));
    }
    assert_eq!(waits, [40, 80, 160, 320, 400, 400]);
    follower.answer(3, follower.fetched(&[], None));
    follower.disconnect(3);
    assert_eq!(follower.remaining(Timer::QuorumBackoff(c(3))), Some(ms(40)), "an answer starts it over");
}

/// Source: `KafkaRaftClient.pollUnattached`, `findReadyBootstrapServer`.
#[test]
fn whoever_knows_no_leader_asks_one_voter_and_rests_after_a_useless_answer() {
    let mut replica = Replica::boot(3, QuorumDisk::default());
    let asked: Vec<u8> = [2, 3].into_iter().filter(|&n| replica.awaits(n, "Fetch")).collect();
    let [n] = asked[..] else { panic!("asked {asked:?}") };
    replica.answer(n, replica.fetch_error(ErrorCode::NotLeaderOrFollower));
    assert_eq!((replica.asked(2), replica.asked(3)), (None, None));
    replica.advance(USELESS_ANSWER_PAUSE);
    assert_eq!([2, 3].into_iter().filter(|&n| replica.awaits(n, "Fetch")).count(), 1);
}

/// Source: `maybeHandleCommonResponse` case 3: an observer learns the leader and appends in one response.
#[test]
fn an_observer_finds_the_leader_and_appends_in_the_same_response_without_flushing_if_it_is_a_broker() {
    let appended = |me: NodeId| {
        let me = ReplicaKey { id: me, directory: DirectoryId(77) };
        let mut observer =
            Quorum::new(me, keys(1), Arc::new(settings(Release::V4_2)), disk(unknown_leader(5), &[]));
        let mut out = Out::new(1);
        observer.boot(Time(0), &mut out);
        let data = Fetched::Records(vec![kraftscope_core::record::Entry {
            epoch: epoch(5),
            body: kraftscope_core::record::MetadataRecord::NoOp,
        }]);
        let (error, leader, high_watermark) = (ErrorCode::None, Some(c(1)), Some(Offset(1)));
        let (epoch, snapshot) = (epoch(5), None);
        let response = MetadataFetchResponse { error, leader, epoch, high_watermark, data, snapshot };
        let message = Message::MetadataFetchResponse(response);
        let correlation = kraftscope_core::id::Correlation(1);
        observer.on_message(Time(0), Envelope { from: c(1), to: me.id, correlation, message }, &mut out);
        assert_eq!(observer.leader(), Some(c(1)));
        assert_eq!(observer.high_watermark(), Some(Offset(1)));
        (observer.log().end(), observer.log().flushed())
    };
    assert_eq!(appended(NodeId::broker(1)), (Offset(1), Offset(0)));
    assert_eq!(appended(c(9)), (Offset(1), Offset(1)));
}

/// Source: observers never leave for an election; `pollFollowerAsObserver`.
#[test]
fn an_observer_has_no_election_timers_in_any_role() {
    let mut observer = Replica::boot_as(9, 3, disk(elected(5, 3), &[]), settings(Release::V4_2));
    assert_eq!(observer.election(), ("Follower", 5, Some(3), None));
    observer.end_quorum_epoch(3, 5, &[1, 2]);
    assert_eq!(observer.timers.keys().copied().collect::<Vec<_>>(), [Timer::QuorumRequest(c(3))]);
    observer.begin_quorum_epoch(2, 6);
    assert_eq!(observer.election(), ("Follower", 6, Some(2), None));
    let request = kraftscope_core::wire::VoteRequest { voter: key(9), ..vote_request(1, 7, 0, 0, true) };
    observer.vote(request);
    assert_eq!(observer.election(), ("Unattached", 7, None, None));
    assert_eq!(observer.remaining(Timer::Election), None);
}

/// Source: `RequestManager.resetAll` on every change of role.
#[test]
fn a_new_role_forgets_the_requests_of_the_old_one() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    let old = follower.correlation(3);
    follower.begin_quorum_epoch(2, 6);
    assert!(follower.awaits(2, "Fetch"), "the new leader at once");
    follower.answer_late(3, old, follower.fetched(&[(5, 1)], None));
    assert_eq!(follower.leo(), 0);
}

/// Source: `KafkaRaftLog.lastFetchedEpoch`, `UnifiedLog.latestEpoch`: the epoch cache decides. A replica that led an
/// epoch and wrote nothing names that epoch; the answer says where the logs part, and the line goes (KAFKA-10706).
#[test]
fn a_replica_that_led_and_never_wrote_names_that_epoch_until_it_is_told_where_the_logs_part() {
    let mut follower = Replica::follower(3, 9, 3, &[(1, 3)]);
    follower.q.disk.epochs.assign(epoch(5), Offset(3));
    follower.answer(3, follower.fetched(&[], None));
    let request = follower.asked_to_fetch(3);
    assert_eq!((request.fetch_offset, request.last_fetched_epoch), (Offset(3), Some(epoch(5))));
    follower.answer(3, follower.diverging(1, 4, None));
    let request = follower.asked_to_fetch(3);
    assert_eq!((request.fetch_offset, request.last_fetched_epoch), (Offset(3), Some(epoch(1))));
    follower.answer(3, follower.fetched(&[(1, 1)], None));
    let lines: Vec<_> = follower.q.disk.epochs.entries().iter().map(|l| (l.epoch.0, l.start.0)).collect();
    assert_eq!(lines, [(1, 0)]);
}

/// Source: `LogLoader.load`, which drops lines at or beyond the log end.
#[test]
fn a_restart_forgets_epochs_in_which_nothing_was_written() {
    let mut disk = disk(elected(9, 1), &[(1, 3)]);
    disk.epochs.assign(epoch(5), Offset(3));
    let replica = Replica::boot(3, disk);
    assert_eq!(replica.q.disk.last_epoch(), Some(epoch(1)));
}
