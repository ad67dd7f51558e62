//! The heartbeat's state table and the sessions: `BrokerHeartbeatManager`, `BrokerHeartbeatTracker`.

use kraftscope_core::id::{BrokerEpoch, NodeId, Offset};
use kraftscope_core::metadata::heartbeat::BrokerControlState::{
    self, ControlledShutdown, Fenced, ShutdownNow, Unfenced,
};
use kraftscope_core::metadata::heartbeat::{Circumstances, HeartbeatTable};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::BrokerHeartbeatRequest;
use metadata_support::{b, beat, epoch, ms};

mod metadata_support;

/// A broker that is registered at offset 50, leads something and waits for others.
fn next(current: BrokerControlState, request: BrokerHeartbeatRequest) -> BrokerControlState {
    Circumstances { current, registered_at: Offset(50), leads: true, others_caught_up: false }.next(&request)
}

/// The same broker when it leads nothing.
fn next_without_leaderships(
    current: BrokerControlState,
    request: BrokerHeartbeatRequest,
    others_caught_up: bool,
) -> BrokerControlState {
    Circumstances { current, registered_at: Offset(50), leads: false, others_caught_up }.next(&request)
}

fn wants(fence: bool, shut_down: bool) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest { want_fence: fence, want_shut_down: shut_down, ..beat(1) }
}

fn at(offset: Option<u64>) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest { current_metadata_offset: offset.map(Offset), ..beat(1) }
}

/// BrokerHeartbeatManager.calculateNextBrokerState, FENCED.
#[test]
fn a_fenced_broker_that_wants_to_shut_down_may_do_so_at_once() {
    assert_eq!(next(Fenced, wants(false, true)), ShutdownNow);
    assert_eq!(next(Fenced, wants(true, true)), ShutdownNow);
}

/// BrokerHeartbeatManager.calculateNextBrokerState, FENCED.
#[test]
fn a_fenced_broker_is_unfenced_once_it_has_applied_its_own_registration() {
    assert_eq!(next(Fenced, at(Some(50))), Unfenced);
    assert_eq!(next(Fenced, at(Some(49))), Fenced);
    assert_eq!(next(Fenced, at(None)), Fenced);
}

/// BrokerHeartbeatManager.calculateNextBrokerState, FENCED.
#[test]
fn a_fenced_broker_that_wants_to_stay_fenced_stays_so() {
    assert_eq!(next(Fenced, wants(true, false)), Fenced);
}

/// BrokerHeartbeatManager.calculateNextBrokerState, UNFENCED.
#[test]
fn an_unfenced_broker_gets_what_it_wants() {
    assert_eq!(next(Unfenced, wants(true, true)), ShutdownNow);
    assert_eq!(next(Unfenced, wants(true, false)), Fenced);
    assert_eq!(next(Unfenced, wants(false, false)), Unfenced);
}

/// BrokerHeartbeatManager.calculateNextBrokerState, UNFENCED.
#[test]
fn an_unfenced_broker_that_leads_something_shuts_down_in_a_controlled_way() {
    assert_eq!(next(Unfenced, wants(false, true)), ControlledShutdown);
    assert_eq!(next_without_leaderships(Unfenced, wants(false, true), false), ShutdownNow);
}

/// BrokerHeartbeatManager.calculateNextBrokerState, CONTROLLED_SHUTDOWN.
#[test]
fn a_controlled_shutdown_ends_when_nothing_is_led_and_the_others_know() {
    assert_eq!(next(ControlledShutdown, wants(false, true)), ControlledShutdown);
    assert_eq!(next_without_leaderships(ControlledShutdown, wants(false, true), false), ControlledShutdown);
    assert_eq!(next_without_leaderships(ControlledShutdown, wants(false, true), true), ShutdownNow);
}

/// BrokerControlState.fenced.
#[test]
fn a_broker_that_may_stop_counts_as_fenced() {
    assert!(Fenced.is_fenced() && ShutdownNow.is_fenced());
    assert!(!Unfenced.is_fenced() && !ControlledShutdown.is_fenced());
}

const TIMEOUT: Span = Span::millis(9000);

fn alive_at(millis: u64) -> bool {
    let mut table = HeartbeatTable::default();
    table.contact(Time::ZERO, b(1), epoch(1));
    table.has_valid_session(Time::ZERO + ms(millis), b(1), epoch(1), TIMEOUT)
}

/// BrokerHeartbeatTracker.isExpired: `contact + timeout < now`, strictly.
#[test]
fn a_session_lives_up_to_and_including_its_timeout() {
    assert!(alive_at(8999));
    assert!(alive_at(9000));
    assert!(!alive_at(9001));
}

/// BrokerHeartbeatTracker: sessions are keyed by broker and epoch.
#[test]
fn the_session_of_one_life_is_not_that_of_the_next() {
    let mut table = HeartbeatTable::default();
    table.contact(Time::ZERO, b(1), BrokerEpoch(7));
    assert!(table.has_valid_session(Time::ZERO, b(1), BrokerEpoch(7), TIMEOUT));
    assert!(!table.has_valid_session(Time::ZERO, b(1), BrokerEpoch(8), TIMEOUT));
}

fn expired(table: &mut HeartbeatTable, millis: u64) -> Option<NodeId> {
    table.remove_expired(Time::ZERO + ms(millis), TIMEOUT).map(|session| session.broker)
}

/// BrokerHeartbeatTrackerTest.testMaybeRemoveExpiredWithAllExpired.
#[test]
fn expired_sessions_are_taken_out_one_at_a_time() {
    let mut table = HeartbeatTable::default();
    table.contact(Time::ZERO, b(1), epoch(1));
    table.contact(Time::ZERO + ms(500), b(2), epoch(2));
    table.contact(Time::ZERO + ms(2000), b(3), epoch(3));
    assert_eq!(expired(&mut table, 9000), None);
    assert_eq!(expired(&mut table, 9600), Some(b(1)));
    assert_eq!(expired(&mut table, 9600), Some(b(2)));
    assert_eq!(expired(&mut table, 9600), None);
}

/// BrokerHeartbeatManager.lowestActiveOffset: brokers 1 and 2 are active, 3 shuts down.
fn table(first: Option<u64>, second: Option<u64>) -> HeartbeatTable {
    let mut table = HeartbeatTable::default();
    table.touch(b(1), false, first.map(Offset));
    table.touch(b(2), false, second.map(Offset));
    table.touch(b(3), false, None);
    table.begin_controlled_shutdown(b(3), Offset(100));
    table
}

/// BrokerHeartbeatManager.calculateNextBrokerState: `controlledShutdownOffset <= lowestActiveOffset`.
#[test]
fn a_stopping_broker_waits_for_the_slowest_active_broker() {
    assert!(!table(Some(100), Some(99)).others_caught_up(b(3)));
    assert!(!table(Some(100), None).others_caught_up(b(3)));
    assert!(table(Some(100), Some(101)).others_caught_up(b(3)));
}

/// BrokerHeartbeatManager.lowestActiveOffset without active brokers is `Long.MAX_VALUE`.
#[test]
fn a_stopping_broker_waits_for_nobody_when_nobody_is_active() {
    let mut table = table(None, None);
    table.touch(b(1), true, None);
    table.begin_controlled_shutdown(b(2), Offset(100));
    assert!(table.others_caught_up(b(3)));
}

/// BrokerHeartbeatManagerTest.testControlledShutdownOffsetIsOnlyUpdatedOnce.
#[test]
fn the_first_offset_of_a_controlled_shutdown_counts() {
    let mut table = table(Some(100), Some(100));
    table.begin_controlled_shutdown(b(3), Offset(200));
    assert!(table.others_caught_up(b(3)));
}

/// BrokerHeartbeatManager.touch.
#[test]
fn a_broker_that_is_fenced_leaves_controlled_shutdown() {
    let mut table = table(Some(100), Some(100));
    assert_eq!(table.current_state(b(3)), ControlledShutdown);
    table.register(b(3), true);
    assert_eq!(table.current_state(b(3)), Fenced);
}

/// BrokerHeartbeatManager.maybeUpdateControlledShutdownOffset throws for a fenced broker; here nothing happens.
#[test]
fn a_fenced_broker_cannot_enter_controlled_shutdown() {
    let mut table = HeartbeatTable::default();
    table.register(b(1), true);
    table.begin_controlled_shutdown(b(1), Offset(5));
    assert_eq!(table.current_state(b(1)), Fenced);
}

/// BrokerHeartbeatManager.register: the offset survives only a change of the fenced flag.
#[test]
fn a_registration_that_changes_nothing_forgets_the_reported_offset() {
    let mut table = table(Some(100), Some(100));
    table.register(b(1), false);
    assert!(!table.others_caught_up(b(3)));
    table.touch(b(1), true, Some(Offset(100)));
    table.register(b(1), false);
    assert!(table.others_caught_up(b(3)));
}

/// BrokerHeartbeatManagerTest.testUsableBrokerIterator.
#[test]
fn brokers_that_shut_down_get_no_new_replicas() {
    let mut table = table(Some(1), None);
    table.touch(b(4), true, None);
    assert_eq!(table.usable(), (vec![b(1), b(2)], vec![b(4)]));
}
