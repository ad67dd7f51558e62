//! Adding and removing voters at the leader: Kafka's checks, answers and moments.
use crate::driver::*;
use kraftscope_core::id::{Address, CallId, Correlation, DirectoryId, NodeId, Offset, ReplicaKey};
use kraftscope_core::node::{Outcome, Timer};
use kraftscope_core::note::{Note, ResignReason};
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::release::Release;
use kraftscope_core::voters::{Voter, VoterSet};
use kraftscope_core::wire::{
    AddRaftVoterRequest, ApiVersionsResponse, ErrorCode, Message, RaftVoterResponse, RemoveRaftVoterRequest,
    UpdateRaftVoterRequest,
};

/// A leader of `voters` voters whose log is LeaderChange, KRaftVersion, Voters: it ends at 3.
pub fn leader(voters: u8) -> Replica {
    Replica::leader_with(voters, 5, &[], dynamic(Release::V4_2))
}

/// The same when a majority has fetched everything, and observer `caught_up` too.
pub fn committed(voters: u8, caught_up: &[u8]) -> Replica {
    let mut leader = leader(voters);
    for n in (2..=voters).chain(caught_up.iter().copied()) {
        leader.fetch(n, 3, 5);
    }
    leader.sent.clear();
    leader.told();
    leader
}

pub fn add(replica: ReplicaKey, ack_when_committed: bool) -> Message {
    let voter = Voter { key: replica, address: Address(0) };
    Message::AddRaftVoterRequest(AddRaftVoterRequest { voter, ack_when_committed })
}

pub fn remove(voter: ReplicaKey) -> Message {
    Message::RemoveRaftVoterRequest(RemoveRaftVoterRequest { voter })
}

fn added(error: ErrorCode) -> Option<Message> {
    Some(Message::AddRaftVoterResponse(RaftVoterResponse { error }))
}

fn removed(error: ErrorCode) -> Option<Message> {
    Some(Message::RemoveRaftVoterResponse(RaftVoterResponse { error }))
}

pub fn versions(error: ErrorCode, highest: u16) -> Message {
    Message::ApiVersionsResponse(ApiVersionsResponse { error, kraft_version: (0, highest) })
}

const ADMIN: u8 = 30;

fn other_disk(n: u8) -> ReplicaKey {
    ReplicaKey { directory: DirectoryId(999), ..key(n) }
}

impl Replica {
    fn ask_to_add(&mut self, n: u8) -> Correlation {
        self.ask(c(ADMIN), add(key(n), true))
    }

    /// The new voter is asked what it supports, and supports kraft.version 1.
    fn add_with_versions(&mut self, n: u8) -> Correlation {
        let asked = self.ask_to_add(n);
        self.answer(n, versions(ErrorCode::None, 1));
        asked
    }
}

fn bodies(leader: &Replica) -> Vec<MetadataRecord> {
    leader.q.log().iter(Offset(0), leader.q.log().end()).map(|(_, entry)| entry.body).collect()
}

/// Source: `KafkaRaftClientReconfigTest.testLeaderWritesBootstrapRecords`.
#[test]
fn the_first_leader_writes_kraft_version_and_voters_behind_its_leader_change() {
    let leader = leader(2);
    let change =
        MetadataRecord::LeaderChange { leader: c(1), voters: nodes(&[1, 2]), granting: nodes(&[1, 2]) };
    let version = MetadataRecord::KRaftVersion { level: 1 };
    assert_eq!(bodies(&leader), [change, version, MetadataRecord::Voters { voters: keys(2) }]);
    assert_eq!((leader.q.voters(), leader.q.voters_offset()), (&keys(2), Some(Offset(2))));
}

/// Source: `LeaderState.appendStartOfEpochControlRecords`.
#[test]
fn a_later_leader_writes_only_its_leader_change() {
    let first = leader(2);
    let mut disk = first.q.disk.clone();
    disk.election = unknown_leader(7);
    let mut second = Replica::boot_as(1, 2, disk, dynamic(Release::V4_2));
    second.win(2);
    assert_eq!((second.leo(), second.q.voters_offset()), (4, Some(Offset(2))));
}

/// Source: `KafkaRaftClientReconfigTest.testLeaderDoesNotBootstrapRecordsWithKraftVersion0`; switch
/// `kraft_version_1` (KIP-853).
#[test]
fn with_kraft_version_0_the_log_says_nothing_of_voters_and_they_cannot_change() {
    let mut leader = Replica::leader(2, 5, &[]);
    assert_eq!((leader.leo(), leader.q.voters_offset()), (1, None));
    leader.fetch(2, 1, 5);
    leader.fetch(3, 1, 5);
    assert_eq!(leader.request(c(ADMIN), add(key(3), true)), added(ErrorCode::UnsupportedVersion));
    assert_eq!(leader.request(c(ADMIN), remove(key(2))), removed(ErrorCode::UnsupportedVersion));
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoter`.
#[test]
fn a_caught_up_observer_votes_from_the_append_and_the_answer_waits_for_the_commit() {
    let mut leader = committed(2, &[3]);
    let asked = leader.add_with_versions(3);
    assert_eq!(leader.q.voters(), &keys(3));
    assert_eq!((leader.leo(), leader.hw(), leader.answered(asked)), (4, Some(3), None));
    let told = leader.told();
    assert!(told.contains(&Note::VotersChanged {
        old: nodes(&[1, 2]),
        voters: nodes(&[1, 2, 3]),
        offset: Offset(3)
    }));
    leader.fetch(2, 4, 5);
    assert_eq!((leader.hw(), leader.answered(asked)), (Some(4), added(ErrorCode::None)));
    assert!(leader.told().contains(&Note::VotersCommitted { voters: nodes(&[1, 2, 3]), epoch: epoch(5) }));
    assert_eq!(leader.remaining(Timer::VoterChange), None);
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterCompletesEarlyWithAckWhenCommittedFalse` (KIP-1186).
#[test]
fn who_does_not_want_to_wait_is_answered_at_the_append() {
    let mut leader = committed(2, &[3]);
    let asked = leader.ask(c(3), add(key(3), false));
    leader.answer(3, versions(ErrorCode::None, 1));
    assert_eq!((leader.hw(), leader.answered(asked)), (Some(3), added(ErrorCode::None)));
    assert_eq!(
        leader.request(c(ADMIN), add(key(4), true)),
        added(ErrorCode::RequestTimedOut),
        "still pending"
    );
    leader.fetch(2, 4, 5);
    assert!(leader.state().change().is_none());
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterToNotLeader`, `testRemoveVoterToNotLeader`.
#[test]
fn only_the_leader_changes_voters() {
    let mut follower = Replica::boot_as(1, 2, disk(elected(5, 2), &[]), dynamic(Release::V4_2));
    assert_eq!(follower.request(c(ADMIN), add(key(3), true)), added(ErrorCode::NotLeaderOrFollower));
    assert_eq!(follower.request(c(ADMIN), remove(key(2))), removed(ErrorCode::NotLeaderOrFollower));
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterWithMissingDefaultListener`: a broker has no listener for
/// controllers.
#[test]
fn a_broker_gets_no_vote() {
    let mut leader = committed(2, &[]);
    let broker = ReplicaKey { id: NodeId::broker(1), directory: DirectoryId(1) };
    assert_eq!(leader.request(c(ADMIN), add(broker, true)), added(ErrorCode::InvalidRequest));
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterWithPendingAddVoter`, `testRemoveVoterWithPendingAddVoter`,
/// `testAddVoterWithPendingRemoveVoter`, `testRemoveVoterWithPendingRemoveVoter`.
#[test]
fn one_change_at_a_time() {
    let mut leader = committed(3, &[4]);
    leader.ask_to_add(4);
    assert_eq!(leader.request(c(ADMIN), add(key(5), true)), added(ErrorCode::RequestTimedOut));
    assert_eq!(leader.request(c(ADMIN), remove(key(2))), removed(ErrorCode::RequestTimedOut));
    let mut leader = committed(3, &[4]);
    leader.ask(c(ADMIN), remove(key(3)));
    assert_eq!(leader.request(c(ADMIN), add(key(4), true)), added(ErrorCode::RequestTimedOut));
    assert_eq!(leader.request(c(ADMIN), remove(key(2))), removed(ErrorCode::RequestTimedOut));
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterWithoutFencedPreviousLeaders`,
/// `testRemoveVoterWithoutFencedPreviousLeaders`.
#[test]
fn no_change_before_the_leader_has_committed_in_its_epoch() {
    let mut leader = leader(3);
    leader.fetch(4, 3, 5);
    assert_eq!(leader.request(c(ADMIN), add(key(4), true)), added(ErrorCode::RequestTimedOut));
    assert_eq!(leader.request(c(ADMIN), remove(key(2))), removed(ErrorCode::RequestTimedOut));
}

/// Source: `AddVoterHandler`: the latest VotersRecord must be below the high watermark, also when nobody waits for
/// it any more.
#[test]
fn a_change_that_timed_out_blocks_the_next_until_it_is_committed() {
    let mut leader = committed(3, &[4]);
    let asked = leader.add_with_versions(4);
    leader.advance(ms(2000));
    assert_eq!(leader.answered(asked), added(ErrorCode::RequestTimedOut));
    assert!(leader.q.voters().contains(key(4)), "what was appended stays");
    assert_eq!(leader.request(c(ADMIN), remove(key(2))), removed(ErrorCode::RequestTimedOut));
    for n in [2, 3] {
        leader.fetch(n, 4, 5);
    }
    let asked = leader.ask(c(ADMIN), remove(key(2)));
    assert_eq!((leader.leo(), leader.answered(asked)), (5, None));
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterWithExistingVoter`.
#[test]
fn an_id_that_votes_gets_no_second_vote_on_another_disk() {
    let mut leader = committed(2, &[]);
    let mut request = leader.fetch_request(2, 3, 5);
    request.replica = other_disk(2);
    leader.fetch_with(2, request);
    assert_eq!(leader.request(c(ADMIN), add(other_disk(2), true)), added(ErrorCode::DuplicateVoter));
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterWithApiVersionsFromIncorrectNode`,
/// `testAddVoterInvalidFeatureVersion`, `testAddVoterWithLaggingNewVoter`.
#[test]
fn a_new_voter_must_answer_support_kraft_version_1_and_have_caught_up() {
    let case = |caught_up: &[u8], answer: Message| {
        let mut leader = committed(2, caught_up);
        let asked = leader.ask_to_add(3);
        leader.answer(3, answer);
        assert_eq!((leader.leo(), leader.state().change()), (3, None));
        leader.answered(asked)
    };
    assert_eq!(case(&[3], versions(ErrorCode::InvalidRequest, 1)), added(ErrorCode::RequestTimedOut));
    assert_eq!(case(&[3], versions(ErrorCode::None, 0)), added(ErrorCode::InvalidRequest));
    assert_eq!(case(&[], versions(ErrorCode::None, 1)), added(ErrorCode::RequestTimedOut));
}

/// Source: `LeaderState.isReplicaCaughtUp`: within the last hour.
#[test]
fn an_observer_that_has_not_fetched_for_an_hour_is_not_caught_up() {
    let mut leader = committed(1, &[2]);
    leader.now += ms(3_600_000);
    let asked = leader.add_with_versions(2);
    assert_eq!(leader.answered(asked), added(ErrorCode::RequestTimedOut));
}

/// Source: `DefaultRequestSender`, `RequestManager`: the request to the new voter fails.
#[test]
fn a_new_voter_that_cannot_be_reached_is_not_added() {
    let mut leader = committed(2, &[3]);
    let asked = leader.ask_to_add(3);
    leader.disconnect(3);
    assert_eq!(leader.answered(asked), added(ErrorCode::RequestTimedOut));
    assert_eq!(leader.request(c(ADMIN), add(key(3), true)), added(ErrorCode::RequestTimedOut), "backing off");
}

/// Source: `KafkaRaftClientReconfigTest.testAddVoterFailsWhenLosingLeadership`,
/// `testRemoveVoterFailsWhenLosingLeadership`.
#[test]
fn a_leader_that_resigns_fails_the_change() {
    let mut leader = committed(2, &[3]);
    let asked = leader.ask_to_add(3);
    leader.resign();
    assert_eq!(leader.answered(asked), added(ErrorCode::NotLeaderOrFollower));
    let mut leader = committed(3, &[]);
    let asked = leader.ask(c(ADMIN), remove(key(3)));
    leader.resign();
    assert_eq!(leader.answered(asked), removed(ErrorCode::NotLeaderOrFollower));
    assert!(!leader.q.voters().contains(key(3)));
}

/// Source: `KafkaRaftClientReconfigTest.testRemoveVoter`.
#[test]
fn a_removed_voter_counts_no_more_from_the_append() {
    let mut leader = committed(3, &[]);
    let asked = leader.ask(c(ADMIN), remove(key(3)));
    assert_eq!((leader.q.voters(), leader.hw()), (&keys(2), Some(3)));
    assert_eq!(leader.state().observers().iter().map(|o| o.key).collect::<Vec<_>>(), [key(3)]);
    leader.fetch(3, 4, 5);
    assert_eq!((leader.hw(), leader.answered(asked)), (Some(3), None));
    leader.fetch(2, 4, 5);
    assert_eq!((leader.hw(), leader.answered(asked)), (Some(4), removed(ErrorCode::None)));
}

/// Source: `KafkaRaftClientReconfigTest.testRemoveVoterIsLeader`.
#[test]
fn a_leader_that_was_removed_leads_without_counting_itself_until_the_commit_and_then_resigns() {
    let mut leader = committed(3, &[]);
    let asked = leader.ask(c(ADMIN), remove(key(1)));
    assert!(leader.q.is_leader() && leader.q.is_observer());
    leader.fetch(2, 4, 5);
    assert_eq!((leader.hw(), leader.answered(asked)), (Some(3), None), "1 of the 2 voters");
    leader.fetch(3, 4, 5);
    assert_eq!(leader.answered(asked), removed(ErrorCode::None));
    assert!(leader.told().contains(&Note::BecameResigned { epoch: epoch(5), reason: ResignReason::Removed }));
    assert!(leader.awaits(2, "EndQuorumEpoch") && leader.awaits(3, "EndQuorumEpoch"));
    leader.fire(Timer::Election);
    assert_eq!((leader.role(), leader.q.is_observer(), leader.q.epoch()), ("Unattached", true, epoch(6)));
    assert_eq!(leader.remaining(Timer::Election), None, "an observer never stands for election");
}

/// Source: `LeaderState.maybeExpirePendingOperation`, `RemoveVoterHandler.highWatermarkUpdated`.
#[test]
fn a_leader_whose_removal_timed_out_leads_on_as_in_kafka() {
    let mut leader = committed(3, &[]);
    leader.ask(c(ADMIN), remove(key(1)));
    leader.advance(ms(2000));
    leader.fetch(2, 4, 5);
    leader.fetch(3, 4, 5);
    assert_eq!((leader.hw(), leader.role()), (Some(4), "Leader"));
}

/// Source: `KafkaRaftClientReconfigTest.testRemoveVoterWithNoneVoter`, `testRemoveVoterWithNoneVoterId`,
/// `testRemoveVoterToEmptyVoterSet`.
#[test]
fn who_is_no_voter_or_the_last_one_cannot_be_removed() {
    let mut leader = committed(3, &[]);
    assert_eq!(leader.request(c(ADMIN), remove(other_disk(3))), removed(ErrorCode::VoterNotFound));
    assert_eq!(leader.request(c(ADMIN), remove(key(4))), removed(ErrorCode::VoterNotFound));
    let mut lone = Replica::boot_as(1, 1, disk(unknown_leader(0), &[]), dynamic(Release::V4_2));
    assert_eq!(lone.request(c(ADMIN), remove(key(1))), removed(ErrorCode::VoterNotFound));
}

/// Source: `KafkaRaftClientReconfigTest.testUpdateVoter` and the refusals beside it.
#[test]
fn a_voter_that_has_moved_is_written_down_and_answered_at_once() {
    let update = |e, replica| {
        let voter = Voter { key: replica, address: Address(1) };
        Message::UpdateRaftVoterRequest(UpdateRaftVoterRequest { current_leader_epoch: epoch(e), voter })
    };
    let error = |answer: Option<Message>| match answer {
        Some(Message::UpdateRaftVoterResponse(response)) => response.error,
        other => panic!("{other:?}"),
    };
    let mut leader = committed(2, &[]);
    assert_eq!(error(leader.request(c(2), update(4, key(2)))), ErrorCode::FencedLeaderEpoch);
    assert_eq!(error(leader.request(c(2), update(6, key(2)))), ErrorCode::UnknownLeaderEpoch);
    assert_eq!(error(leader.request(c(2), update(5, other_disk(2)))), ErrorCode::VoterNotFound);
    assert_eq!(error(leader.request(c(2), update(5, key(2)))), ErrorCode::None);
    assert_eq!((leader.leo(), leader.hw()), (4, Some(3)));
    assert_eq!(leader.q.voters().voter(c(2)).map(|voter| voter.address), Some(Address(1)));
    assert_eq!(error(leader.request(c(2), update(5, key(2)))), ErrorCode::RequestTimedOut, "not committed");
}

/// Source: `KafkaRaftClientReconfigTest.testLeaderUpdatesVoter`.
#[test]
fn a_leader_that_has_moved_says_so_at_the_start_of_its_epoch() {
    let before = leader(2);
    let mut disk = before.q.disk.clone();
    disk.election = unknown_leader(7);
    let mut moved = Replica::boot_as(1, 2, disk, dynamic(Release::V4_2));
    moved.q = moved.q.clone().at(Address(4));
    moved.win(2);
    assert_eq!(moved.leo(), 6);
    assert_eq!(moved.q.voters().voter(c(1)).map(|voter| voter.address), Some(Address(4)));
}

/// A person's call is answered like a request.
#[test]
fn a_call_adds_a_disk_and_removes_by_id() {
    let mut leader = committed(2, &[]);
    for replica in [key(3), other_disk(3)] {
        let mut request = leader.fetch_request(3, 3, 5);
        request.replica = replica;
        leader.fetch_with(3, request);
    }
    leader.call(|q, _, out| q.add_voter(CallId(1), other_disk(3), out));
    leader.answer(3, versions(ErrorCode::None, 1));
    assert_eq!(leader.q.voters().voter(c(3)).map(|voter| voter.key), Some(other_disk(3)));
    leader.fetch(2, 4, 5);
    leader.call(|q, now, out| q.remove_voter(now, CallId(2), c(4), out));
    assert_eq!(leader.replies, [Outcome::Done, Outcome::Refused(ErrorCode::VoterNotFound)]);
    let set: VoterSet = [key(1), key(2), other_disk(3)].into_iter().collect();
    assert_eq!(leader.q.voters(), &set);
}
