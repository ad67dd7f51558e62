//! High watermark and check quorum while voters change.
use crate::driver::*;
use crate::reconfig::{add, committed, remove, versions};
use kraftscope_core::node::Timer;
use kraftscope_core::release::Release;
use kraftscope_core::wire::ErrorCode;

/// A leader of epoch 5 whose own records begin at 5 and end at `end`; voters 1 to `voters`.
fn leader(voters: u8, end: u64) -> Replica {
    let mut leader = Replica::leader_with(voters, 5, &[(4, 5)], dynamic(Release::V4_2));
    leader.append((end - leader.leo()) as usize);
    leader
}

fn add_voter(leader: &mut Replica, n: u8) {
    leader.ask(c(30), add(key(n), true));
    leader.answer(n, versions(ErrorCode::None, 1));
}

/// Source: `LeaderStateTest.testHighWatermarkDoesIncreaseFromNewVoter` (S-12).
#[test]
fn a_new_voter_that_is_ahead_raises_the_high_watermark() {
    let mut leader = leader(2, 15);
    leader.fetch(2, 10, 5);
    leader.fetch(3, 15, 5);
    assert_eq!(leader.hw(), Some(10));
    add_voter(&mut leader, 3);
    assert_eq!((leader.leo(), leader.hw()), (16, Some(15)));
    leader.fetch(3, 16, 5);
    assert_eq!(leader.hw(), Some(16));
}

/// Source: `LeaderStateTest.testHighWatermarkDoesNotDecreaseFromNewVoter`.
#[test]
fn a_new_voter_that_lags_does_not_take_the_high_watermark_back() {
    let mut leader = leader(3, 15);
    leader.fetch(4, 15, 5);
    leader.fetch(2, 15, 5);
    leader.fetch(3, 10, 5);
    leader.fetch(4, 10, 5);
    add_voter(&mut leader, 4);
    assert_eq!((leader.leo(), leader.hw()), (16, Some(15)));
    for (n, offset) in [(3, 13), (4, 13), (2, 16)] {
        leader.fetch(n, offset, 5);
        assert_eq!(leader.hw(), Some(15));
    }
    leader.fetch(4, 16, 5);
    assert_eq!(leader.hw(), Some(16));
}

/// Source: `LeaderStateTest.testUpdateHighWatermarkRemovingFollowerFromVoterStates`.
#[test]
fn without_the_voter_that_was_ahead_the_high_watermark_waits_for_the_others() {
    let mut leader = leader(3, 15);
    leader.fetch(2, 15, 5);
    leader.fetch(3, 10, 5);
    leader.ask(c(30), remove(key(2)));
    assert_eq!((leader.leo(), leader.hw()), (16, Some(15)));
    for (n, offset) in [(3, 14), (2, 16), (3, 15)] {
        leader.fetch(n, offset, 5);
        assert_eq!(leader.hw(), Some(15));
    }
    leader.fetch(3, 16, 5);
    assert_eq!(leader.hw(), Some(16));
}

/// Source: `LeaderStateTest.testUpdateHighWatermarkQuorumRemovingLeaderFromVoterStates`.
#[test]
fn a_removed_leader_does_not_count_itself() {
    let mut leader = leader(3, 15);
    leader.fetch(2, 15, 5);
    leader.fetch(3, 10, 5);
    leader.ask(c(30), remove(key(1)));
    for (n, offset) in [(2, 16), (3, 14), (3, 15)] {
        leader.fetch(n, offset, 5);
        assert_eq!(leader.hw(), Some(15));
    }
    leader.fetch(3, 16, 5);
    assert_eq!(leader.role(), "Resigned", "the removal is committed");
}

/// Source: KAFKA-16530; switch `removed_leader_not_counted` off: one of the two voters was enough.
#[test]
fn before_kafka_16530_a_removed_leader_counted_itself() {
    let mut settings = dynamic(Release::V4_2);
    settings.features.removed_leader_not_counted = false;
    let mut leader = Replica::leader_with(3, 5, &[], settings);
    leader.fetch(2, 3, 5);
    leader.fetch(3, 3, 5);
    leader.ask(c(30), remove(key(1)));
    leader.fetch(2, 4, 5);
    assert_eq!((leader.q.committed().0, leader.role()), (4, "Resigned"), "3 has not fetched it");
}

/// Source: `LeaderStateTest.testCheckQuorumAfterVoterSetChanges`.
#[test]
fn check_quorum_follows_the_voter_set() {
    let mut leader = leader(3, 8);
    for n in [2, 3, 4] {
        leader.fetch_now(n, 8, 5);
    }
    let window = ms(3000);
    leader.advance(ms(1500));
    leader.fetch_now(2, 8, 5);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(window));
    add_voter(&mut leader, 4);
    leader.advance(ms(1500));
    leader.fetch_now(2, 9, 5);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(1500)), "two others of four are needed");
    leader.fetch_now(3, 9, 5);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(window));
    leader.ask(c(30), remove(key(1)));
    leader.advance(ms(1500));
    leader.fetch_now(3, 9, 5);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(ms(1500)), "two of three, and not itself");
    leader.fetch_now(2, 9, 5);
    assert_eq!(leader.remaining(Timer::CheckQuorum), Some(window));
}

/// Source: `LeaderState.timeUntilCheckQuorumExpires`: a single voter never runs out of time; the observers' fetches
/// restart the window that holds when there are two.
#[test]
fn a_lone_leader_that_gets_a_second_voter_has_to_be_fetched_from() {
    let mut lone = Replica::boot_as(1, 1, disk(unknown_leader(0), &[]), dynamic(Release::V4_2));
    lone.advance(ms(60_000));
    assert_eq!((lone.remaining(Timer::CheckQuorum), lone.remaining(Timer::BeginQuorumEpoch)), (None, None));
    lone.fetch_now(2, 3, 1);
    lone.advance(ms(100));
    add_voter(&mut lone, 2);
    assert_eq!(lone.remaining(Timer::CheckQuorum), Some(ms(2900)));
    assert_eq!(lone.remaining(Timer::BeginQuorumEpoch), Some(ms(1000)));
    assert_eq!(lone.hw(), Some(3), "both voters count now");
    lone.advance(ms(2900));
    assert_eq!(lone.role(), "Resigned");
}

/// Source: `LeaderState.maybeUpdateHighWatermark`: with one voter left the removal is committed by the append.
#[test]
fn the_last_but_one_voter_leaves_at_once() {
    let mut leader = committed(2, &[]);
    leader.ask(c(30), remove(key(2)));
    assert_eq!((leader.hw(), leader.q.voters()), (Some(4), &keys(1)));
    assert_eq!(leader.remaining(Timer::CheckQuorum), None);
}
