//! How the leader of an ensemble counts sessions.

use kraftscope_core::id::NodeId;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::znode::SessionId;
use kraftscope_core::zookeeper::sessions::{SessionTracker, TICK, negotiated};

const S1: SessionId = SessionId(1);
const S2: SessionId = SessionId(2);
const M1: NodeId = NodeId::zookeeper(1);
const M2: NodeId = NodeId::zookeeper(2);

fn at(millis: u64) -> Time {
    Time(millis * 1000)
}

/// A session with this timeout that was heard of at this time.
fn heard(millis: u64, timeout: u64) -> SessionTracker {
    let mut tracker = SessionTracker::default();
    tracker.add(at(millis), S1, Span::millis(timeout), Some(M1));
    tracker
}

fn expires(tracker: &SessionTracker) -> u64 {
    tracker.get(S1).unwrap().expires.as_millis()
}

/// Source: `ExpiryQueue.roundToNextInterval`: (time / interval + 1) * interval.
#[test]
fn a_session_ends_at_the_next_whole_tick_after_its_timeout() {
    assert_eq!(TICK, Span::secs(2));
    assert_eq!(expires(&heard(0, 18_000)), 20_000);
    assert_eq!(expires(&heard(1, 18_000)), 20_000);
    assert_eq!(expires(&heard(1_999, 18_000)), 20_000);
    assert_eq!(expires(&heard(2_000, 18_000)), 22_000);
    assert_eq!(expires(&heard(500, 6_300)), 8_000);
}

/// Source: `ExpiryQueue.poll`.
#[test]
fn nothing_ends_before_its_bucket_and_everything_in_it_ends_together() {
    let mut tracker = heard(0, 18_000);
    tracker.add(at(1_500), S2, Span::millis(17_000), Some(M2));
    assert_eq!(tracker.next(), Some(at(20_000)));
    assert!(tracker.take_expired(at(19_999)).is_empty());
    assert_eq!(tracker.take_expired(at(20_000)), [S1, S2]);
    assert_eq!((tracker.next(), tracker.get(S1)), (None, None));
}

/// Source: `ExpiryQueue.update`.
#[test]
fn who_is_heard_of_moves_to_a_later_bucket() {
    let mut tracker = heard(0, 18_000);
    assert!(tracker.touch(at(1_000), S1));
    assert_eq!(expires(&tracker), 20_000);
    assert!(tracker.touch(at(6_000), S1));
    assert_eq!(expires(&tracker), 26_000);
    assert_eq!(tracker.next(), Some(at(26_000)));
    assert!(tracker.take_expired(at(25_999)).is_empty());
}

/// Source: `SessionTrackerImpl.touchSession` of a session that is closing.
#[test]
fn a_session_that_is_over_is_not_brought_back() {
    let mut tracker = heard(0, 18_000);
    tracker.take_expired(at(20_000));
    assert!(!tracker.touch(at(20_001), S1));
    assert!(!tracker.move_to(at(20_001), S1, M2));
    assert_eq!(tracker.next(), None);
}

/// Source: `LearnerHandler`, REVALIDATE: within its timeout a client may go on anywhere.
#[test]
fn a_client_that_comes_to_another_member_in_time_keeps_its_session() {
    let mut tracker = heard(0, 18_000);
    assert!(tracker.move_to(at(17_000), S1, M2));
    assert_eq!(expires(&tracker), 36_000);
    assert_eq!(tracker.get(S1).unwrap().owner, Some(M2));
}

/// Source: `SessionTrackerImpl.checkSession`: SESSIONMOVED.
#[test]
fn writes_of_a_session_count_only_by_the_member_that_it_is_at() {
    let mut tracker = heard(0, 18_000);
    assert!(tracker.is_owned(S1, M1));
    tracker.move_to(at(1_000), S1, M2);
    assert!(!tracker.is_owned(S1, M1));
    assert!(tracker.is_owned(S1, M2));
}

/// Source: `SessionTrackerImpl.checkSession`: an owner that is not known is whoever asks first.
#[test]
fn after_a_change_of_the_leader_the_first_that_asks_is_the_owner() {
    let mut tracker = SessionTracker::default();
    tracker.add(at(0), S1, Span::secs(18), None);
    assert!(tracker.is_owned(S1, M2));
    assert!(!tracker.is_owned(S1, M1));
}

/// Source: `ZooKeeperServer.getMinSessionTimeout`, `getMaxSessionTimeout`: 2 and 20 ticks.
#[test]
fn a_timeout_is_at_least_two_and_at_most_twenty_ticks() {
    assert_eq!(negotiated(Span::secs(1)), Span::secs(4));
    assert_eq!(negotiated(Span::secs(18)), Span::secs(18));
    assert_eq!(negotiated(Span::secs(60)), Span::secs(40));
}

/// Source: `ExpiryQueue.remove`.
#[test]
fn a_session_that_is_closed_leaves_its_bucket() {
    let mut tracker = heard(0, 18_000);
    tracker.remove(S1);
    assert_eq!(tracker.next(), None);
    assert!(tracker.take_expired(at(30_000)).is_empty());
}
