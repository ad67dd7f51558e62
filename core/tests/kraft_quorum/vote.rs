//! Who grants a vote to whom, and what elections lead to.
use crate::driver::*;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{LeaderEpoch, ReplicaKey};
use kraftscope_core::kraft::QuorumDisk;
use kraftscope_core::node::{ElectionState, Timer};
use kraftscope_core::note::{Note, VoteRefusal};
use kraftscope_core::release::Release;
use kraftscope_core::wire::{ErrorCode, Fetched, Message, MetadataFetchResponse, VoteRequest, VoteResponse};

const STANDARD: bool = false;
const PRE: bool = true;

/// What a voter in epoch 5 with one record of epoch 3 answers: `Ok`, or the reason of its refusal.
fn answer(replica: &mut Replica, request: VoteRequest) -> Result<(), VoteRefusal> {
    replica.told();
    let response = replica.vote(request);
    assert_eq!(response.error, ErrorCode::None);
    match replica.told()[..] {
        [.., Note::VoteGranted { .. }] if response.vote_granted => Ok(()),
        [.., Note::VoteRefused { reason, .. }] if !response.vote_granted => Err(reason),
        ref other => panic!("{other:?}"),
    }
}

fn voter(election: ElectionState) -> Replica {
    Replica::boot(3, disk(election, &[(3, 1)]))
}

fn fresh(n: u8, pre_vote: bool) -> VoteRequest {
    vote_request(n, 5, 3, 1, pre_vote)
}

fn stale(n: u8, pre_vote: bool) -> VoteRequest {
    vote_request(n, 5, 3, 0, pre_vote)
}

/// Source: `UnattachedStateTest.testGrantVote`, `KafkaRaftClientPreVoteTest.testHandlePreVoteRequestAsUnattached*`.
#[test]
fn an_unattached_voter_without_vote_and_leader_grants_whoever_is_up_to_date() {
    let unattached = || voter(unknown_leader(5));
    assert_eq!(answer(&mut unattached(), fresh(2, STANDARD)), Ok(()));
    assert_eq!(answer(&mut unattached(), stale(2, STANDARD)), Err(VoteRefusal::LogBehind));
    assert_eq!(answer(&mut unattached(), fresh(2, PRE)), Ok(()));
    assert_eq!(answer(&mut unattached(), stale(2, PRE)), Err(VoteRefusal::LogBehind));
}

/// Source: `UnattachedStateWithVoteTest.testCanGrantVoteWithDirectoryId`.
#[test]
fn an_unattached_voter_that_voted_repeats_that_vote_whatever_the_log_and_grants_pre_votes_to_anybody() {
    let has_voted = || voter(voted(5, 2));
    assert_eq!(answer(&mut has_voted(), fresh(2, STANDARD)), Ok(()));
    assert_eq!(answer(&mut has_voted(), stale(2, STANDARD)), Ok(()));
    assert_eq!(answer(&mut has_voted(), fresh(3, STANDARD)), Err(VoteRefusal::VotedForOther));
    let other_disk = ReplicaKey { directory: kraftscope_core::id::DirectoryId(99), ..key(2) };
    let request = VoteRequest { replica: other_disk, ..fresh(2, STANDARD) };
    assert_eq!(answer(&mut has_voted(), request), Err(VoteRefusal::VotedForOther));
    assert_eq!(answer(&mut has_voted(), fresh(3, PRE)), Ok(()));
    assert_eq!(answer(&mut has_voted(), stale(3, PRE)), Err(VoteRefusal::LogBehind));
}

/// Source: `ProspectiveStateTest.testGrantVote`, `testCanGrantVoteWithLeader`.
#[test]
fn a_prospective_votes_like_an_unattached_voter() {
    let prospective = |election| {
        let mut replica = voter(election);
        let timer = if election.leader.is_some() { Timer::QuorumFetch } else { Timer::Election };
        replica.fire(timer);
        assert_eq!(replica.role(), "Prospective");
        replica
    };
    assert_eq!(answer(&mut prospective(unknown_leader(5)), fresh(2, STANDARD)), Ok(()));
    assert_eq!(answer(&mut prospective(unknown_leader(5)), stale(2, STANDARD)), Err(VoteRefusal::LogBehind));
    assert_eq!(answer(&mut prospective(voted(5, 3)), fresh(2, STANDARD)), Err(VoteRefusal::VotedForOther));
    assert_eq!(answer(&mut prospective(voted(5, 3)), stale(3, STANDARD)), Ok(()));
    assert_eq!(answer(&mut prospective(elected(5, 3)), fresh(2, STANDARD)), Err(VoteRefusal::LeaderKnown));
    assert_eq!(answer(&mut prospective(elected(5, 3)), fresh(2, PRE)), Ok(()));
    assert_eq!(answer(&mut prospective(elected(5, 3)), stale(2, PRE)), Err(VoteRefusal::LogBehind));
}

/// Source: `FollowerStateTest.testPreVoteIfNotSuccessfullyFetchedYet`, `testGrantVoteAfterSuccessfulFetchFromLeader`.
#[test]
fn a_follower_refuses_votes_and_grants_pre_votes_only_until_its_first_successful_fetch() {
    let mut follower = voter(elected(5, 3));
    assert_eq!(answer(&mut follower, fresh(2, STANDARD)), Err(VoteRefusal::LeaderKnown));
    assert_eq!(answer(&mut follower, fresh(2, PRE)), Ok(()));
    assert_eq!(answer(&mut follower, stale(2, PRE)), Err(VoteRefusal::LogBehind));
    follower.answer(3, follower.fetched(&[], None));
    assert_eq!(answer(&mut follower, fresh(2, PRE)), Err(VoteRefusal::LeaderAlive));
}

/// Source: `CandidateStateTest.testGrantVote`.
#[test]
fn a_candidate_refuses_votes_even_to_itself_and_grants_pre_votes() {
    let mut candidate = voter(voted(5, 1));
    assert_eq!(candidate.role(), "Candidate");
    assert_eq!(answer(&mut candidate, fresh(2, STANDARD)), Err(VoteRefusal::OwnCandidacy));
    assert_eq!(answer(&mut candidate, fresh(1, STANDARD)), Err(VoteRefusal::OwnCandidacy));
    assert_eq!(answer(&mut candidate, fresh(2, PRE)), Ok(()));
    assert_eq!(answer(&mut candidate, stale(2, PRE)), Err(VoteRefusal::LogBehind));
}

/// Source: `ResignedStateTest.testGrantVote`.
#[test]
fn a_resigned_leader_refuses_votes_and_grants_pre_votes() {
    let mut resigned = voter(elected(5, 1));
    assert_eq!(resigned.role(), "Resigned");
    assert_eq!(answer(&mut resigned, fresh(2, STANDARD)), Err(VoteRefusal::OwnCandidacy));
    assert_eq!(answer(&mut resigned, fresh(2, PRE)), Ok(()));
    assert_eq!(answer(&mut resigned, stale(2, PRE)), Err(VoteRefusal::LogBehind));
}

/// Source: `LeaderStateTest.testGrantVote`.
#[test]
fn a_leader_refuses_votes_and_pre_votes() {
    let mut leader = Replica::leader(3, 5, &[(3, 1)]);
    let ahead = |pre_vote| vote_request(2, 5, 4, 100, pre_vote);
    assert_eq!(answer(&mut leader, ahead(STANDARD)), Err(VoteRefusal::IsLeader));
    assert_eq!(answer(&mut leader, ahead(PRE)), Err(VoteRefusal::IsLeader));
}

/// Source: `OffsetAndEpoch.compareTo`: the epoch of the last record counts first.
#[test]
fn a_longer_log_of_an_older_epoch_is_behind() {
    let request = vote_request(2, 5, 2, 100, STANDARD);
    assert_eq!(answer(&mut voter(unknown_leader(5)), request), Err(VoteRefusal::LogBehind));
    let request = vote_request(2, 5, 4, 0, STANDARD);
    assert_eq!(answer(&mut voter(unknown_leader(5)), request), Ok(()));
}

/// Source: `KafkaRaftClientTest.testHandleVoteRequestAsFollowerWithElectedLeader` and `unattachedAddVotedState`.
#[test]
fn a_granted_vote_is_on_disk_and_draws_the_election_timer_anew() {
    let mut replica = voter(unknown_leader(5));
    replica.advance(ms(400));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(600)));
    replica.vote(fresh(2, PRE));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(600)), "a pre-vote changes nothing");
    assert_eq!(replica.q.disk.election, unknown_leader(5));
    replica.vote(fresh(2, STANDARD));
    assert_eq!(replica.q.disk.election, voted(5, 2));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(1000)));
}

/// Source: `QuorumState.prospectiveAddVotedState`.
#[test]
fn a_prospective_that_votes_starts_its_round_of_pre_votes_over() {
    let mut replica = Replica::boot(5, disk(unknown_leader(5), &[(3, 1)]));
    replica.fire(Timer::Election);
    replica.answer(2, replica.vote_response(true));
    assert_eq!(replica.q.role().ballots().map(|b| b.granted), Some(nodes(&[1, 2])));
    replica.vote(fresh(3, STANDARD));
    assert_eq!(replica.election(), ("Prospective", 5, None, Some(3)));
    assert_eq!(replica.q.role().ballots().map(|b| b.granted), Some(nodes(&[1])));
    assert!(replica.asked_for_vote(2).pre_vote, "asked again");
}

/// Source: `KafkaRaftClientTest.testVoteRequestInvalid*`, `handleVoteRequest` steps 2, 3, 5.
#[test]
fn impossible_and_outdated_vote_requests_get_kafkas_errors() {
    let error = |request| voter(unknown_leader(5)).vote(request).error;
    assert_eq!(error(vote_request(2, 5, 5, 9, STANDARD)), ErrorCode::InvalidRequest);
    assert_eq!(error(vote_request(2, 5, 5, 9, PRE)), ErrorCode::None);
    assert_eq!(error(vote_request(2, 5, 6, 9, PRE)), ErrorCode::InvalidRequest);
    assert_eq!(error(vote_request(2, 4, 3, 1, STANDARD)), ErrorCode::FencedLeaderEpoch);
    assert_eq!(error(vote_request(2, 4, 3, 1, PRE)), ErrorCode::FencedLeaderEpoch);
    assert_eq!(error(VoteRequest { voter: key(3), ..fresh(2, STANDARD) }), ErrorCode::InvalidVoterKey);
    let other_disk = ReplicaKey { directory: kraftscope_core::id::DirectoryId(99), ..key(1) };
    assert_eq!(error(VoteRequest { voter: other_disk, ..fresh(2, PRE) }), ErrorCode::InvalidVoterKey);
}

/// Source: `KafkaRaftClientTest.testInvalidVoterReplicaVoteRequest`: the epoch is taken over before the key fails.
#[test]
fn a_vote_request_for_somebody_else_still_bumps_the_epoch() {
    let mut replica = voter(unknown_leader(5));
    let response = replica.vote(VoteRequest { voter: key(3), ..vote_request(2, 7, 3, 1, STANDARD) });
    assert_eq!((response.error, response.epoch), (ErrorCode::InvalidVoterKey, epoch(7)));
    assert_eq!(replica.election(), ("Unattached", 7, None, None));
}

/// Source: `KafkaRaftClientPreVoteTest.testHandlePreVoteRequestAsFollower` (S-25).
#[test]
fn a_pre_vote_of_a_higher_epoch_moves_a_follower_to_that_epoch_without_a_vote() {
    let mut replica = Replica::follower(3, 2, 3, &[]);
    replica.answer(3, replica.fetched(&[], None));
    let response = replica.vote(vote_request(2, 3, 2, 1, PRE));
    assert_eq!(
        response,
        VoteResponse { error: ErrorCode::None, leader: None, epoch: epoch(3), vote_granted: true }
    );
    assert_eq!(replica.election(), ("Unattached", 3, None, None));
}

/// Source: `KafkaRaftClientPreVoteTest.testHandlePreVoteRequestAsFollowerObserver` (S-25): a requester need not be a
/// voter, and an observer may grant (KIP-853).
#[test]
fn votes_are_granted_to_and_by_replicas_outside_the_voter_set() {
    let mut observer = Replica::boot_as(9, 3, QuorumDisk::default(), settings(Release::V4_2));
    let request = VoteRequest { voter: key(9), ..vote_request(7, 1, 0, 0, STANDARD) };
    assert!(observer.vote(request).vote_granted);
    assert_eq!(observer.election(), ("Unattached", 1, None, Some(7)));
    assert_eq!(observer.remaining(Timer::Election), None);
}

/// Source: `KafkaRaftClientPreVoteTest.testRejectPreVoteIfRemoteLogIsNotUpToDate` (S-28).
#[test]
fn a_pre_vote_with_a_log_behind_is_refused_without_an_error() {
    let mut replica = Replica::boot(3, disk(unknown_leader(2), &[(2, 3)]));
    let old = replica.vote(vote_request(2, 1, 1, 2, PRE));
    assert_eq!((old.error, old.vote_granted), (ErrorCode::FencedLeaderEpoch, false));
    let behind = replica.vote(vote_request(2, 2, 1, 2, PRE));
    assert_eq!((behind.error, behind.vote_granted), (ErrorCode::None, false));
}

/// Source: `KafkaRaftClientTest.testVoteRequestTimeout` (S-20).
#[test]
fn a_vote_request_that_timed_out_is_sent_again_and_its_late_answer_ignored() {
    let mut replica = Replica::boot(2, disk(voted(1, 1), &[]));
    let first = replica.correlation(2);
    replica.latest = true;
    replica.timers.remove(&Timer::Election);
    replica.fire(Timer::QuorumRequest(c(2)));
    assert!(replica.correlation(2) > first);
    replica.answer_late(2, first, replica.vote_response(true));
    assert_eq!(replica.role(), "Candidate");
    replica.answer(2, replica.vote_response(true));
    assert_eq!(replica.election(), ("Leader", 1, Some(1), None));
}

/// Source: `KafkaRaftClientTest.testCandidateWaitsRestOfElectionTimeoutAfterElectionLoss` (S-21), 4.1 and later.
#[test]
fn a_candidate_that_lost_waits_for_the_rest_of_its_election_timeout() {
    let mut replica = Replica::boot(2, disk(voted(1, 1), &[]));
    replica.told();
    replica.advance(ms(10));
    replica.answer(2, replica.vote_response(false));
    assert_eq!(replica.told(), [Note::ElectionLost { epoch: epoch(1), pre_vote: false }]);
    replica.advance(ms(989));
    assert_eq!(replica.election(), ("Candidate", 1, None, Some(1)));
    assert_eq!(replica.asked(2), None, "the election cannot be won any more");
    replica.advance(ms(1));
    assert_eq!(replica.election(), ("Prospective", 1, None, Some(1)));
    assert_eq!(
        replica.told(),
        [Note::ElectionTimedOut { epoch: epoch(1) }, Note::BecameProspective { epoch: epoch(1) }]
    );
    let request = replica.asked_for_vote(2);
    assert_eq!((request.pre_vote, request.replica_epoch), (true, epoch(1)));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(1000)));
}

/// Source: `KafkaRaftClientPreVoteTest.testPreVoteNotSupportedByRemote` (S-26).
#[test]
fn a_voter_that_does_not_know_pre_votes_turns_the_prospective_into_a_candidate() {
    let mut replica = Replica::boot(3, disk(unknown_leader(5), &[]));
    replica.fire(Timer::Election);
    assert_eq!(replica.election(), ("Prospective", 5, None, None));
    let pre_vote_to_3 = replica.correlation(3);
    let unsupported = VoteResponse {
        error: ErrorCode::UnsupportedVersion,
        leader: None,
        epoch: epoch(0),
        vote_granted: false,
    };
    replica.answer(2, Message::VoteResponse(unsupported));
    assert_eq!(replica.election(), ("Candidate", 6, None, Some(1)));
    let grant = VoteResponse { error: ErrorCode::None, leader: None, epoch: epoch(5), vote_granted: true };
    replica.answer_late(3, pre_vote_to_3, Message::VoteResponse(grant));
    assert_eq!(replica.role(), "Candidate");
    replica.fire(Timer::Election);
    assert_eq!(replica.election(), ("Prospective", 6, None, Some(1)));
    replica.answer(3, replica.vote_response(true));
    assert_eq!(replica.election(), ("Candidate", 7, None, Some(1)));
}

/// Source: KIP-996: a voter of 3.9 answers Vote v2 with UNSUPPORTED_VERSION.
#[test]
fn before_4_0_a_pre_vote_is_an_unsupported_version() {
    let mut old = Replica::boot_as(1, 3, disk(unknown_leader(5), &[]), settings(Release::V3_9));
    assert_eq!(old.vote(vote_request(2, 5, 0, 0, PRE)).error, ErrorCode::UnsupportedVersion);
}

/// Source: `KafkaRaftClientTest.testElectionTimeoutAfterUserInitiatedResign` of 3.9; no Prospective before 4.0.
#[test]
fn before_4_0_an_election_timeout_leads_straight_to_a_new_epoch() {
    let mut old = Replica::boot_as(1, 3, disk(unknown_leader(5), &[]), settings(Release::V3_9));
    assert_eq!(old.asked(2), None, "only observers look for the leader");
    old.fire(Timer::Election);
    assert_eq!(old.election(), ("Candidate", 6, None, Some(1)));
}

/// Source: `prospectiveTransitionAfterElectionLoss`, `ProspectiveStateTest`.
#[test]
fn a_lost_pre_vote_leads_back_to_the_known_leader_or_to_unattached() {
    let mut follower = Replica::follower(3, 5, 3, &[]);
    follower.fire(Timer::QuorumFetch);
    assert_eq!(follower.election(), ("Prospective", 5, Some(3), None));
    assert!(follower.told().contains(&Note::FetchTimedOut {
        epoch: epoch(5),
        leader: c(3),
        timeout: ms(2000)
    }));
    follower.answer(2, follower.vote_response(false));
    follower.answer(3, follower.vote_response(false));
    assert_eq!(follower.election(), ("Follower", 5, Some(3), None));
    assert_eq!(follower.remaining(Timer::QuorumFetch), Some(ms(2000)));

    let mut alone = Replica::boot(3, disk(voted(5, 2), &[]));
    alone.fire(Timer::Election);
    alone.answer(2, alone.vote_response(false));
    alone.advance(ms(300));
    alone.answer(3, alone.vote_response(false));
    assert_eq!(alone.election(), ("Unattached", 5, None, Some(2)));
    assert_eq!(alone.remaining(Timer::Election), Some(ms(1000)), "rejected: drawn anew");
    assert!(alone.told().contains(&Note::ElectionLost { epoch: epoch(5), pre_vote: true }));
}

/// Source: `QuorumState.transitionToUnattached`: the remaining time of a prospective that was not rejected is kept.
#[test]
fn a_prospective_that_timed_out_goes_through_unattached_into_the_next_round() {
    let mut replica = Replica::boot(3, disk(unknown_leader(5), &[]));
    replica.fire(Timer::Election);
    replica.fire(Timer::Election);
    assert_eq!(replica.election(), ("Unattached", 5, None, None));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(0)));
    let mut known = Replica::follower(3, 5, 3, &[]);
    known.fire(Timer::QuorumFetch);
    known.fire(Timer::Election);
    assert_eq!(known.election(), ("Follower", 5, Some(3), None));
}

/// Source: `QuorumState.transitionToUnattached`, timer rule: a flood of higher epochs cannot postpone an election.
#[test]
fn higher_epochs_do_not_postpone_the_election_of_a_replica_without_leader() {
    let bumped = |mut replica: Replica| {
        replica.advance(ms(400));
        replica.vote(VoteRequest { voter: key(3), ..vote_request(2, 50, 0, 0, PRE) });
        assert_eq!(replica.election(), ("Unattached", 50, None, None));
        replica.remaining(Timer::Election)
    };
    assert_eq!(bumped(Replica::boot(3, disk(unknown_leader(5), &[]))), Some(ms(600)));
    assert_eq!(bumped(Replica::boot(3, disk(voted(5, 1), &[]))), Some(ms(600)));
    assert_eq!(bumped(Replica::boot(3, disk(elected(5, 1), &[]))), Some(ms(600)));
    assert_eq!(bumped(Replica::follower(3, 5, 3, &[])), Some(ms(1000)));
    assert_eq!(bumped(Replica::leader(3, 5, &[])), Some(ms(1000)));
}

/// Source: `KafkaRaftClient.binaryExponentialElectionBackoffMs` of 3.9: `min(100 * nextInt(2^retries), max)`.
#[test]
fn the_backoff_of_3_9_doubles_its_range_with_every_retry() {
    assert_eq!(backoffs(Release::V3_9, 1), [0, 100]);
    assert_eq!(backoffs(Release::V3_9, 2), [0, 100, 200, 300]);
    assert_eq!(backoffs(Release::V3_9, 4), [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
}

/// Source: `RaftUtilTest` of 4.0: `min(50 * (1 + nextInt(2^retries)), max + nextInt(50))`; Prospective carries the count.
#[test]
fn the_backoff_of_4_0_starts_at_50_ms_and_jitters_its_cap() {
    assert_eq!(backoffs(Release::V4_0, 1), [50, 100]);
    assert_eq!(backoffs(Release::V4_0, 2), [50, 100, 150, 200]);
    let sixth = backoffs(Release::V4_0, 6);
    assert_eq!(sixth.first(), Some(&50));
    assert!(sixth.iter().all(|&ms| ms % 50 == 0 || ms > 1000) && sixth.last().is_some_and(|&ms| ms < 1050));
}

/// All back-offs that a candidate draws when it loses for the `times`-th time in a row, in ms.
fn backoffs(release: Release, times: u32) -> Vec<u64> {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let mut replica = Replica::boot_as(1, 2, disk(voted(1, 1), &[]), settings(release));
        replica.reseed(seed);
        for _ in 1..times {
            replica.answer(2, replica.vote_response(false));
            replica.fire(Timer::CandidateBackoff);
            if replica.role() == "Prospective" {
                replica.answer(2, replica.vote_response(true));
            }
        }
        replica.answer(2, replica.vote_response(false));
        seen.extend(replica.remaining(Timer::CandidateBackoff).map(|span| span.as_millis()));
    }
    seen.into_iter().collect()
}

/// Source: `KafkaRaftClient.pollCandidate` of 3.9 and 4.0.
#[test]
fn after_the_backoff_3_9_takes_a_new_epoch_and_4_0_asks_first() {
    let lost = |release| {
        let mut replica = Replica::boot_as(1, 2, disk(voted(1, 1), &[]), settings(release));
        replica.answer(2, replica.vote_response(false));
        assert_eq!(replica.asked(2), None);
        replica.fire(Timer::CandidateBackoff);
        replica.election()
    };
    assert_eq!(lost(Release::V3_9), ("Candidate", 2, None, Some(1)));
    assert_eq!(lost(Release::V4_0), ("Prospective", 1, None, Some(1)));
}

/// Source: `pollCandidate` of 3.9: an election that times out is followed by the same back-off; of 4.0: Prospective.
#[test]
fn a_candidate_whose_time_is_up_backs_off_in_3_9_and_asks_again_in_4_0() {
    let timed_out = |release| {
        let mut replica = Replica::boot_as(1, 2, disk(voted(1, 1), &[]), settings(release));
        replica.fire(Timer::Election);
        (replica.role(), replica.timers.contains_key(&Timer::CandidateBackoff))
    };
    assert_eq!(timed_out(Release::V3_9), ("Candidate", true));
    assert_eq!(timed_out(Release::V4_0), ("Prospective", false));
}

/// Source: `handleVoteResponse` of 3.9: answers count while the candidate backs off, too.
#[test]
fn a_late_grant_makes_a_leader_of_a_candidate_that_backs_off() {
    let mut replica = Replica::boot_as(1, 3, disk(voted(1, 1), &[]), settings(Release::V3_9));
    replica.latest = true;
    replica.timers.retain(|timer, _| *timer == Timer::Election);
    replica.fire(Timer::Election);
    assert_eq!(replica.role(), "Candidate");
    replica.answer(3, replica.vote_response(true));
    assert_eq!(replica.election(), ("Leader", 1, Some(1), None));
    assert!(!replica.timers.contains_key(&Timer::CandidateBackoff));
}

/// Source: `handleVoteResponse`: "if our vote is rejected" is said once.
#[test]
fn an_election_is_lost_only_once() {
    let mut replica = Replica::boot(5, disk(voted(1, 1), &[]));
    for n in 2..=5 {
        replica.answer(n, replica.vote_response(false));
    }
    let lost = replica.told().into_iter().filter(|note| matches!(note, Note::ElectionLost { .. }));
    assert_eq!(lost.count(), 1);
}

/// Source: `QuorumState.randomElectionTimeoutMs`: the effective timeout is `base + nextInt(base)`.
#[test]
fn the_election_timeout_is_drawn_from_base_to_just_below_twice_base() {
    let mut replica = Replica::boot(3, QuorumDisk::default());
    replica.latest = true;
    replica.vote(vote_request(2, 1, 0, 0, STANDARD));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(1999)));
    let zero = Settings { controller_quorum_election_timeout: ms(0), ..settings(Release::V4_2) };
    let mut replica = Replica::boot_as(1, 3, QuorumDisk::default(), zero);
    replica.latest = true;
    replica.vote(vote_request(2, 1, 0, 0, STANDARD));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(0)));
}

/// Source: `maybeHandleCommonResponse` case 3, `KafkaRaftClientTest.testCandidateIgnoreVoteRequestOnSameEpoch` family.
#[test]
fn a_candidate_that_learns_of_the_leader_of_its_epoch_follows_it() {
    let mut replica = Replica::boot(3, disk(voted(5, 1), &[]));
    let response =
        VoteResponse { error: ErrorCode::None, leader: Some(c(3)), epoch: epoch(5), vote_granted: false };
    replica.answer(2, Message::VoteResponse(response));
    assert_eq!(replica.election(), ("Follower", 5, Some(3), Some(1)));
}

/// Source: `maybeHandleCommonResponse` case 2.
#[test]
fn an_answer_of_a_higher_epoch_ends_the_candidacy() {
    let mut replica = Replica::boot(3, disk(voted(5, 1), &[]));
    let response = VoteResponse {
        error: ErrorCode::FencedLeaderEpoch,
        leader: None,
        epoch: epoch(8),
        vote_granted: false,
    };
    replica.answer(2, Message::VoteResponse(response));
    assert_eq!(replica.election(), ("Unattached", 8, None, None));
    let mut replica = Replica::boot(3, disk(voted(5, 1), &[]));
    let response = VoteResponse { leader: Some(c(2)), ..response };
    replica.answer(2, Message::VoteResponse(response));
    assert_eq!(replica.election(), ("Follower", 8, Some(2), None));
}

/// Source: `KafkaRaftClientTest.testLeaderIgnoreVoteRequestOnSameEpoch`, and its higher-epoch sibling.
#[test]
fn a_leader_leaves_for_a_higher_epoch_and_keeps_nothing_of_its_reign() {
    let mut leader = Replica::leader(3, 5, &[(3, 1)]);
    leader.fetch(2, 2, 5);
    assert_eq!(leader.fetch(2, 2, 5), None);
    leader.sent.clear();
    let response = leader.vote(vote_request(3, 6, 5, 2, STANDARD));
    assert!(response.vote_granted);
    assert_eq!(leader.election(), ("Unattached", 6, None, Some(3)));
    let reign = [Timer::CheckQuorum, Timer::BeginQuorumEpoch, Timer::ParkedFetch(c(2))];
    assert!(!leader.timers.keys().any(|timer| reign.contains(timer)));
    let (to, _, answer) = &leader.sent[0];
    assert_eq!((*to, answer), (c(2), &Message::MetadataFetchResponse(NOT_LEADER_ANY_MORE)));
    assert_eq!(leader.append(1), None);
}

/// To a parked fetch, when the leader of epoch 5 saw epoch 6.
const NOT_LEADER_ANY_MORE: MetadataFetchResponse = MetadataFetchResponse {
    error: ErrorCode::NotLeaderOrFollower,
    leader: None,
    epoch: LeaderEpoch(6),
    high_watermark: None,
    data: Fetched::Records(Vec::new()),
    snapshot: None,
};
