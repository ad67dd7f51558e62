//! The high watermark, check quorum, and how a leader makes itself known.
use crate::driver::*;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{Offset, ReplicaKey};
use kraftscope_core::node::Timer;
use kraftscope_core::note::{Note, ResignReason};
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::release::Release;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{BeginQuorumEpochRequest, ErrorCode, Message};

/// Source: `LeaderStateTest.testUpdateHighWatermarkQuorumSizeThree` (S-10).
#[test]
fn the_high_watermark_of_three_voters_is_the_second_largest_end_beyond_the_epoch_start() {
    let mut leader = Replica::leader(3, 5, &[(4, 10)]);
    leader.append(4);
    assert_eq!((leader.state().epoch_start, leader.leo(), leader.hw()), (Offset(10), 15, None));
    leader.fetch(2, 10, 4);
    assert_eq!(leader.hw(), None);
    leader.fetch(3, 10, 4);
    assert_eq!(leader.hw(), None, "10 is not beyond the epoch start");
    leader.fetch(3, 15, 5);
    assert_eq!(leader.hw(), Some(15));
    leader.append(5);
    assert_eq!(leader.hw(), Some(15));
    leader.fetch(2, 20, 5);
    assert_eq!(leader.hw(), Some(20));
    leader.fetch(3, 20, 5);
    assert_eq!(leader.hw(), Some(20));
}

/// Source: `LeaderStateTest.testUpdateHighWatermarkQuorumSizeTwo`.
#[test]
fn of_two_voters_both_must_have_a_record() {
    let mut leader = Replica::leader(2, 5, &[(4, 10)]);
    assert_eq!(leader.hw(), None);
    leader.fetch(2, 10, 4);
    assert_eq!(leader.hw(), None);
    leader.fetch(2, 11, 5);
    assert_eq!(leader.hw(), Some(11));
}

/// Source: `LeaderState.maybeUpdateHighWatermark`, index n/2 of the descending order.
#[test]
fn of_five_voters_three_must_have_a_record() {
    let mut leader = Replica::leader(5, 5, &[]);
    leader.fetch(2, 1, 5);
    assert_eq!(leader.hw(), None);
    leader.fetch(5, 1, 5);
    assert_eq!(leader.hw(), Some(1));
}

/// Source: `LeaderStateTest.testIdempotentEndOffsetUpdate` (S-11), `KafkaRaftClientTest.testLeaderAppendSingleMemberQuorum`
/// (S-29).
#[test]
fn a_lone_voter_commits_what_it_appends_at_once() {
    let mut lone = Replica::boot(1, disk(unknown_leader(0), &[]));
    assert_eq!((lone.leo(), lone.hw()), (1, Some(1)));
    lone.told();
    assert_eq!(lone.append(3), Some(Offset(1)));
    assert_eq!((lone.leo(), lone.hw()), (4, Some(4)));
    assert_eq!(lone.told(), [Note::MetadataCommitted { epoch: epoch(1), from: Offset(1), to: Offset(4) }]);
    assert_eq!(lone.q.log().flushed(), Offset(4));
    assert!(matches!(
        lone.q.log().get(Offset(0)).map(|entry| entry.body),
        Some(MetadataRecord::LeaderChange { leader, voters, granting })
            if leader == c(1) && voters == nodes(&[1]) && granting == nodes(&[1])
    ));
}

/// Source: Raft 5.4.2, `LeaderState`: records of older epochs are committed only along with one of the
/// leader's own.
#[test]
fn records_of_an_older_epoch_on_a_majority_are_not_committed_by_that_alone() {
    let mut leader = Replica::leader(3, 5, &[(4, 10)]);
    for n in [2, 3] {
        leader.fetch(n, 10, 4);
    }
    assert_eq!(leader.hw(), None);
    leader.told();
    leader.fetch(2, 11, 5);
    assert_eq!(leader.told(), [Note::MetadataCommitted { epoch: epoch(5), from: Offset(0), to: Offset(11) }]);
}

/// Source: `LeaderStateTest.testNonMonotonicLocalEndOffsetUpdate` sibling for followers: `updateReplicaState` warns, the
/// high watermark stays.
#[test]
fn a_follower_whose_end_goes_back_does_not_take_the_high_watermark_back() {
    let mut leader = Replica::leader(3, 5, &[(4, 10)]);
    leader.fetch(2, 11, 5);
    assert_eq!(leader.hw(), Some(11));
    leader.fetch(2, 10, 4);
    assert_eq!(leader.hw(), Some(11));
    assert_eq!(leader.state().voters()[1].end, Some(Offset(10)));
}

/// Source: `LeaderStateTest.testUpdateHighWatermarkRemovingFollowerFromVoterStates` family, KIP-853: a replica is its
/// id and its directory.
#[test]
fn an_observer_and_a_voters_id_on_another_disk_do_not_move_the_high_watermark() {
    let mut leader = Replica::leader(3, 5, &[]);
    leader.fetch(7, 1, 5);
    let other_disk = ReplicaKey { directory: kraftscope_core::id::DirectoryId(99), ..key(2) };
    let mut request = leader.fetch_request(2, 1, 5);
    request.replica = other_disk;
    leader.fetch_with(2, request);
    assert_eq!(leader.hw(), None);
    assert_eq!(leader.state().observers().iter().map(|o| o.key).collect::<Vec<_>>(), [key(7), other_disk]);
}

/// Source: `LeaderStateTest.testCheckQuorum` (S-14).
#[test]
fn the_check_quorum_timer_of_five_voters_restarts_only_after_two_distinct_voters_fetched() {
    let mut leader = Replica::leader(5, 5, &[]);
    let window = ms(3000);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(window));
    leader.advance(ms(1500));
    leader.fetch(2, 0, 0);
    leader.fetch(2, 1, 5);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(1500)), "the same voter twice");
    assert_eq!(leader.state().fetched_voters(), nodes(&[2]));
    leader.fetch(3, 0, 0);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(window));
    assert_eq!(leader.state().fetched_voters(), nodes(&[]));
    leader.advance(ms(1500));
    leader.fetch(4, 0, 0);
    leader.fetch(9, 0, 0);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(1500)), "observers do not count");
    leader.told();
    leader.advance(ms(1500));
    assert_eq!(leader.election(), ("Resigned", 5, Some(1), None));
    assert!(
        leader.told().contains(&Note::BecameResigned { epoch: epoch(5), reason: ResignReason::CheckQuorum })
    );
}

/// Source: `LeaderStateTest.testCheckQuorum` with 3 voters: one other voter is enough.
#[test]
fn the_check_quorum_timer_of_three_voters_restarts_with_every_voters_fetch() {
    let mut leader = Replica::leader(3, 5, &[]);
    for _ in 0..4 {
        leader.advance(ms(2000));
        leader.fetch(3, 0, 0);
        assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(3000)));
    }
    leader.advance(ms(3000));
    assert_eq!(leader.role(), "Resigned");
}

/// Source: `LeaderStateTest.testCheckQuorumWithOneVoter`.
#[test]
fn a_lone_voter_never_resigns_for_lack_of_fetches() {
    let mut lone = Replica::boot(1, disk(unknown_leader(0), &[]));
    assert_eq!(lone.timers.len(), 0);
    lone.advance(Span::secs(60));
    assert_eq!(lone.role(), "Leader");
}

/// Source: `KafkaRaftClientTest.testLeaderShouldResignLeadershipIfNotGetFetchRequestFromMajorityVoters`: diverging
/// fetches update nothing.
#[test]
fn a_diverging_fetch_is_neither_progress_nor_a_sign_of_life() {
    let mut leader = Replica::leader(3, 5, &[(1, 3), (3, 3)]);
    leader.advance(ms(1000));
    assert_eq!(leader.fetch(2, 6, 2).map(|r| parts_at(&r)), Some((1, 3)));
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(2000)));
    assert_eq!(leader.state().voters()[1].end, None);
    assert_eq!(leader.state().voters()[1].last_fetch, None);
}

/// Source: `KafkaRaftClient.onBecomeLeader`, `maybeSendBeginQuorumEpochRequests`.
#[test]
fn a_new_leader_announces_itself_to_every_other_voter_at_once() {
    let mut leader = Replica::boot(3, disk(voted(5, 1), &[]));
    leader.answer(2, leader.vote_response(true));
    for n in [2, 3] {
        let request = BeginQuorumEpochRequest { leader: c(1), leader_epoch: epoch(5), voter: key(n) };
        assert_eq!(leader.asked(n), Some(&Message::BeginQuorumEpochRequest(request)));
    }
    assert_eq!(leader.remaining(Timer::BeginQuorumEpoch), Some(ms(1000)));
    leader.answer(2, Message::BeginQuorumEpochResponse(leader.quorum_response(ErrorCode::None)));
    assert!(leader.state().voters()[1].has_acknowledged && !leader.state().voters()[2].has_acknowledged);
    assert_eq!(
        leader.told()[1..],
        [Note::BecameQuorumLeader { epoch: epoch(5), epoch_start: Offset(0), granting: nodes(&[1, 2]) }]
    );
}

/// Source: `LeaderState` of 4.2 (`voters that have not fetched within the begin quorum period`), and of 4.1.
#[test]
fn from_4_2_only_silent_voters_are_told_again() {
    let told_again = |release| {
        let mut leader = Replica::leader_with(3, 5, &[], settings(release));
        for n in [2, 3] {
            leader.answer(n, Message::BeginQuorumEpochResponse(leader.quorum_response(ErrorCode::None)));
        }
        leader.advance(ms(500));
        leader.fetch(2, 0, 0);
        leader.advance(ms(500));
        [leader.awaits(2, "BeginQuorumEpoch"), leader.awaits(3, "BeginQuorumEpoch")]
    };
    assert_eq!(told_again(Release::V4_2), [false, true]);
    assert_eq!(told_again(Release::V4_1), [true, true]);
    assert_eq!(told_again(Release::V3_9), [true, true]);
}

/// Source: `KafkaRaftClient.append`, `BatchAccumulator` linger of 25 ms.
#[test]
fn appends_are_collected_for_the_linger_and_know_their_offset_before() {
    let lingering = Settings { controller_quorum_append_linger: ms(25), ..settings(Release::V4_2) };
    let mut leader = Replica::leader_with(3, 5, &[], lingering);
    assert_eq!(leader.append(2), Some(Offset(1)));
    leader.advance(ms(10));
    assert_eq!(leader.append(1), Some(Offset(3)));
    assert_eq!((leader.leo(), leader.q.next_append_offset()), (1, Offset(4)));
    assert_eq!(leader.state().pending().len(), 3);
    assert_eq!(leader.remaining(Timer::AppendLinger), Some(ms(15)), "the first append starts the timer");
    leader.advance(ms(15));
    assert_eq!((leader.leo(), leader.q.next_append_offset()), (4, Offset(4)));
    assert_eq!(leader.q.log().flushed(), Offset(4));
}

/// Source: `BatchAccumulator.close` on a change of role; `KafkaRaftClientTest.testAppendFailedWithNotLeaderException`.
#[test]
fn collected_records_are_dropped_with_the_leadership_and_followers_append_nothing() {
    let lingering = Settings { controller_quorum_append_linger: ms(25), ..settings(Release::V4_2) };
    let mut leader = Replica::leader_with(3, 5, &[], lingering);
    leader.append(2);
    assert!(leader.resign());
    assert_eq!((leader.leo(), leader.q.next_append_offset()), (1, Offset(1)));
    assert_eq!(leader.remaining(Timer::AppendLinger), None);
    assert_eq!(leader.append(1), None);
}

/// Source: `LeaderState`: "the leader does not retain the high watermark that was known in the previous state".
#[test]
fn a_new_leader_knows_no_high_watermark_but_will_not_cut_what_it_knew() {
    let mut replica = Replica::follower(3, 4, 3, &[(4, 5)]);
    replica.answer(3, replica.fetched(&[], Some(5)));
    replica.fire(Timer::QuorumFetch);
    replica.sent.retain(|(_, _, message)| message.api() == "Vote");
    replica.win(3);
    assert_eq!((replica.hw(), replica.q.committed()), (None, Offset(5)));
    replica.fetch(2, 6, 5);
    assert_eq!(replica.told(), [Note::MetadataCommitted { epoch: epoch(5), from: Offset(5), to: Offset(6) }]);
}

/// Source: `ReplicaState.updateFollowerState`: the page shows when a voter was last heard of.
#[test]
fn the_leader_remembers_when_each_voter_fetched_last() {
    let mut leader = Replica::leader(3, 5, &[]);
    leader.advance(ms(70));
    let at: Time = leader.now;
    leader.fetch(2, 1, 5);
    assert_eq!(leader.state().voters()[1].last_fetch, Some(at));
    assert_eq!(leader.state().voters()[2].last_fetch, None);
}
