//! How a leader steps down, and who follows it.
use crate::driver::*;
use kraftscope_core::kraft::successor_backoff;
use kraftscope_core::node::Timer;
use kraftscope_core::note::{HaltReason, Note, ResignReason};
use kraftscope_core::release::Release;
use kraftscope_core::wire::{
    BeginQuorumEpochRequest, EndQuorumEpochRequest, ErrorCode, Message, QuorumResponse,
};

fn acknowledged(replica: &Replica) -> Message {
    Message::EndQuorumEpochResponse(replica.quorum_response(ErrorCode::None))
}

/// Source: `KafkaRaftClientTest.testElectionTimeoutAfterUserInitiatedResign` (S-17).
#[test]
fn a_leader_that_was_asked_to_resign_tells_the_voters_once_and_names_itself_until_it_leaves_the_epoch() {
    let mut leader = Replica::leader(2, 5, &[]);
    leader.fetch(2, 1, 5);
    assert!(leader.resign());
    assert_eq!(
        leader.told().last(),
        Some(&Note::BecameResigned { epoch: epoch(5), reason: ResignReason::Asked })
    );
    assert_eq!(leader.hw(), None);
    leader.answer(2, acknowledged(&leader));
    leader.advance(ms(900));
    assert_eq!(leader.asked(2), None);
    let refused = leader.fetch(2, 1, 5).map(|r| (r.error, r.leader, r.epoch));
    assert_eq!(refused, Some((ErrorCode::NotLeaderOrFollower, Some(c(1)), epoch(5))));
    leader.advance(ms(99));
    assert_eq!(leader.role(), "Resigned");
    leader.fire(Timer::Election);
    assert_eq!(leader.election(), ("Unattached", 6, None, None));
    assert_eq!(leader.remaining(Timer::Election), Some(ms(0)));
    leader.fire(Timer::Election);
    assert_eq!(leader.role(), "Prospective");
    assert!(!leader.resign(), "nothing to resign from");
}

/// Source: `KafkaRaftClient.pollResigned` of 3.9.
#[test]
fn before_4_0_a_resigned_leader_stands_again_in_the_next_epoch() {
    let mut leader = Replica::leader_with(2, 5, &[], settings(Release::V3_9));
    leader.resign();
    leader.fire(Timer::Election);
    assert_eq!(leader.election(), ("Candidate", 6, None, Some(1)));
}

/// Source: `KafkaRaftClientTest.testEndQuorumEpochSentBasedOnFetchOffset` (S-18).
#[test]
fn successors_are_named_by_how_far_they_have_come() {
    let mut leader = Replica::leader(4, 5, &[(4, 3)]);
    leader.fetch(2, 1, 4);
    leader.fetch(3, 3, 4);
    leader.sent.clear();
    leader.disconnect(2);
    leader.resign();
    let expected = EndQuorumEpochRequest {
        leader: c(1),
        leader_epoch: epoch(5),
        preferred_candidates: nodes(&[3, 2, 4]),
    };
    assert_eq!(leader.asked(3), Some(&Message::EndQuorumEpochRequest(expected)));
}

/// Source: `KafkaRaftClient.maybeSendRequests` in `pollResigned`: an unanswered EndQuorumEpoch is sent again.
#[test]
fn a_resigned_leader_repeats_itself_to_voters_that_do_not_answer() {
    let mut leader = Replica::leader(3, 5, &[]);
    leader.latest = true;
    leader.resign();
    let first = leader.correlation(2);
    leader.answer(3, acknowledged(&leader));
    leader.timers.remove(&Timer::Election);
    leader.fire(Timer::QuorumRequest(c(2)));
    assert!(leader.correlation(2) > first);
    assert_eq!(leader.asked(3), None);
}

/// Source: `KafkaRaftClient.transitionToResigned`.
#[test]
fn parked_fetches_fail_when_the_leader_resigns() {
    let mut leader = Replica::leader(3, 5, &[]);
    leader.fetch(2, 1, 5);
    assert_eq!(leader.fetch(2, 1, 5), None);
    leader.sent.clear();
    leader.resign();
    assert!(matches!(
        &leader.sent[0],
        (to, _, Message::MetadataFetchResponse(r)) if *to == c(2) && r.error == ErrorCode::NotLeaderOrFollower
            && r.leader == Some(c(1)) && r.epoch == epoch(5)
    ));
    assert_eq!(leader.remaining(Timer::ParkedFetch(c(2))), None);
}

/// Source: `KafkaRaftClientTest.testHandleEndQuorumEpochRequest`, `strictExponentialElectionBackoffMs`.
#[test]
fn the_first_successor_starts_its_election_at_once_the_others_in_turn() {
    let backoff = |successors: &[u8]| {
        let mut follower = Replica::follower(3, 5, 3, &[]);
        assert_eq!(follower.end_quorum_epoch(3, 5, successors).error, ErrorCode::None);
        (follower.remaining(Timer::QuorumFetch), follower.told().pop())
    };
    let chosen = |position, after| {
        let (leader, epoch, backoff) = (c(3), epoch(5), ms(after));
        (Some(backoff), Some(Note::SuccessorChosen { leader, epoch, position, backoff }))
    };
    assert_eq!(backoff(&[1, 2]), chosen(0, 0));
    assert_eq!(backoff(&[2, 1]), chosen(1, 500));
    assert_eq!(backoff(&[2, 4, 1]), chosen(2, 500));
    assert_eq!(backoff(&[2, 1, 4]), chosen(1, 250));
    assert_eq!(backoff(&[2, 4]), chosen(2, 1000));
    assert_eq!(backoff(&[]), chosen(0, 0));
}

/// Source: `KafkaRaftClient.strictExponentialElectionBackoffMs`, max 1000.
#[test]
fn successor_backoffs_double_from_position_to_position() {
    let of = |n: u32| (0..=n).map(|p| successor_backoff(p, n, ms(1000)).as_millis()).collect::<Vec<_>>();
    assert_eq!(of(0), [0]);
    assert_eq!(of(1), [0, 1000]);
    assert_eq!(of(2), [0, 500, 1000]);
    assert_eq!(of(3), [0, 250, 500, 1000]);
    assert_eq!(of(4), [0, 125, 250, 500, 1000]);
}

/// Source: `FollowerState.overrideFetchTimeout`; the fetch timeout is not what ended the wait.
#[test]
fn a_successor_whose_turn_it_is_stands_for_election_without_a_fetch_timeout() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.end_quorum_epoch(3, 5, &[1, 2]);
    follower.told();
    follower.fire(Timer::QuorumFetch);
    assert_eq!(follower.told(), [Note::BecameProspective { epoch: epoch(5) }]);
    assert_eq!(follower.election(), ("Prospective", 5, Some(3), None));
}

/// Source: `KafkaRaftClientTest.testEndQuorumEpochRetriesWhileResigned` siblings; old epochs are fenced.
#[test]
fn an_end_quorum_epoch_of_an_older_epoch_is_fenced() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.told();
    let answer = follower.end_quorum_epoch(2, 4, &[1]);
    assert_eq!(
        answer,
        QuorumResponse { error: ErrorCode::FencedLeaderEpoch, leader: Some(c(3)), epoch: epoch(5) }
    );
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(2000)));
    assert_eq!(
        follower.told(),
        [Note::QuorumRequestRefused { from: c(2), error: ErrorCode::FencedLeaderEpoch, epoch: epoch(5) }]
    );
}

/// Source: `handleEndQuorumEpochRequest`: a higher epoch is entered first, then the successor's wait applies.
#[test]
fn an_end_quorum_epoch_of_a_higher_epoch_makes_a_follower_of_it_first() {
    let mut replica = Replica::boot(3, disk(unknown_leader(4), &[]));
    replica.end_quorum_epoch(3, 5, &[2, 1]);
    assert_eq!(replica.election(), ("Follower", 5, Some(3), None));
    assert_eq!(replica.remaining(Timer::QuorumFetch), Some(ms(500)));
}

/// Source: `KafkaRaftClientTest.testHandleBeginQuorumRequest*`.
#[test]
fn a_begin_quorum_epoch_is_followed_fenced_or_meant_for_somebody_else() {
    let mut replica = Replica::boot(3, disk(voted(5, 2), &[]));
    assert_eq!(replica.begin_quorum_epoch(2, 5).error, ErrorCode::None);
    assert_eq!(replica.election(), ("Follower", 5, Some(2), Some(2)));
    assert_eq!(replica.begin_quorum_epoch(3, 4).error, ErrorCode::FencedLeaderEpoch);
    let request = BeginQuorumEpochRequest { leader: c(3), leader_epoch: epoch(6), voter: key(2) };
    let answer = replica.request(c(3), Message::BeginQuorumEpochRequest(request));
    let expected = QuorumResponse { error: ErrorCode::InvalidVoterKey, leader: Some(c(3)), epoch: epoch(6) };
    assert_eq!(answer, Some(Message::BeginQuorumEpochResponse(expected)));
}

/// Source: `KafkaRaftClient.maybeTransition`: BeginQuorumEpoch does not restart the fetch timer.
#[test]
fn a_repeated_begin_quorum_epoch_leaves_the_fetch_timer_alone() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.advance(ms(700));
    follower.begin_quorum_epoch(3, 5);
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(1300)));
}

/// Source: `KafkaRaftClient.hasConsistentLeader`: an IllegalStateException there ends the process.
#[test]
fn two_leaders_of_one_epoch_stop_the_replica() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.told();
    let request = BeginQuorumEpochRequest { leader: c(2), leader_epoch: epoch(5), voter: key(1) };
    assert_eq!(follower.request(c(2), Message::BeginQuorumEpochRequest(request)), None);
    assert!(follower.exited);
    assert_eq!(follower.q.halted(), Some(HaltReason::InconsistentLeader));
    assert!(matches!(
        follower.told()[..],
        [Note::QuorumHalted { reason: HaltReason::InconsistentLeader, .. }]
    ));
    follower.advance(ms(60_000));
    assert_eq!(follower.role(), "Follower", "it does nothing any more");
}

/// Source: `hasConsistentLeader`: a message that names me as a leader that I am not.
#[test]
fn being_called_the_leader_of_an_epoch_that_one_does_not_lead_stops_the_replica() {
    let mut replica = Replica::boot(3, disk(unknown_leader(4), &[]));
    let request = BeginQuorumEpochRequest { leader: c(1), leader_epoch: epoch(5), voter: key(1) };
    replica.request(c(2), Message::BeginQuorumEpochRequest(request));
    assert_eq!(replica.q.halted(), Some(HaltReason::InconsistentLeader));
}

/// Source: `KafkaRaftClientTest.testLeaderGracefulShutdown`.
#[test]
fn a_leader_that_shuts_down_resigns_and_is_done_when_another_leads() {
    let mut leader = Replica::leader(3, 5, &[]);
    leader.shut_down();
    assert_eq!(leader.role(), "Resigned");
    assert!(!leader.q.is_shut_down());
    leader.fire(Timer::Election);
    assert_eq!(leader.role(), "Resigned", "it waits for a successor");
    leader.begin_quorum_epoch(2, 6);
    assert!(leader.q.is_shut_down());
}

/// Source: `KafkaRaftClientTest.testFollowerGracefulShutdown`, `pollFollowerAsVoter`.
#[test]
fn a_follower_that_shuts_down_is_done_at_once_and_starts_no_election() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.shut_down();
    assert!(follower.q.is_shut_down());
    follower.fire(Timer::QuorumFetch);
    assert_eq!(follower.role(), "Follower");
}

/// Source: `validateLeaderOnlyRequest`; a candidate that wins while it shuts down resigns at the next poll.
#[test]
fn a_candidate_that_shuts_down_goes_on_and_resigns_when_it_wins() {
    let mut candidate = Replica::boot(3, disk(voted(5, 1), &[]));
    candidate.shut_down();
    assert_eq!(candidate.role(), "Candidate");
    candidate.answer(2, candidate.vote_response(true));
    assert_eq!(candidate.election(), ("Resigned", 5, Some(1), None));
}
