//! The times that a user sees, from the defaults: how late a dead broker is fenced, how long a stop takes.

use kraftscope_core::config::Settings;
use kraftscope_core::id::Offset;
use kraftscope_core::node::Timer;
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::time::Time;
use kraftscope_core::wire::{BrokerHeartbeatRequest, ErrorCode};
use metadata_support::{Harness, beat, beat_to_shut_down, broker, ms, partition, topic};

mod metadata_support;

fn seed() -> Vec<MetadataRecord> {
    vec![broker(1, false), broker(2, false), topic("foo"), partition(0, &[1, 2], &[1, 2])]
}

/// When broker 1 is fenced (ms) if the controller became active at 0 and heard of it last at `contact` (ms).
/// Broker 2 heartbeats whenever the controller looks.
fn fenced_at(contact: u64) -> u64 {
    let mut harness = Harness::new(&seed());
    harness.wait(ms(contact)).heartbeat(beat(1));
    for run in 1..100 {
        harness.now = Time::ZERO + ms(1125 * run);
        if harness.now > Time::ZERO + ms(contact) {
            harness.heartbeat(beat(2));
            harness.fire(Timer::FenceStaleBrokers);
        }
        if harness.controller.image().brokers[&metadata_support::b(1)].fenced {
            return harness.now.as_millis();
        }
    }
    panic!("never fenced");
}

/// `BrokerHeartbeatTracker.isExpired`, `QuorumController.maybeFenceStaleBroker`: expiry is strict, and looked for every
/// session timeout / 8.
#[test]
fn a_dead_broker_is_fenced_9_to_10_125_seconds_after_its_last_heartbeat() {
    let delays = [0, 1, 500, 1124, 1125, 1126, 4321].map(|contact| fenced_at(contact) - contact);
    assert_eq!(delays, [10_125, 10_124, 9625, 9001, 10_125, 10_124, 9179]);
    assert!(delays.iter().all(|delay| (9001..=10_125).contains(delay)));
}

/// `ClusterControlManager.activate`: a broker that died with the controller is noticed a session timeout after
/// activation.
#[test]
fn a_broker_that_died_before_the_failover_is_fenced_a_session_timeout_after_it() {
    let mut harness = Harness::standby(Settings::default(), &seed());
    harness.wait(ms(60_000)).progress();
    harness.wait(ms(9000)).fire(Timer::FenceStaleBrokers);
    assert!(!harness.controller.image().brokers[&metadata_support::b(1)].fenced);
    harness.wait(ms(1125)).fire(Timer::FenceStaleBrokers);
    assert!(harness.controller.image().brokers[&metadata_support::b(1)].fenced);
}

/// `ClusterControlManager.registerBroker`, `BrokerLifecycleManager.scheduleNextCommunicationAfterFailure`: a crashed
/// broker that comes back asks every 2 seconds until its old session has expired.
#[test]
fn a_quick_restart_is_let_in_after_9_to_11_seconds() {
    let mut harness = Harness::new(&seed());
    let tries: Vec<(u64, ErrorCode)> = (0..7)
        .map(|n| {
            harness.now = Time::ZERO + ms(1000 + 2000 * n);
            (harness.now.as_millis(), harness.register(1, 99).error)
        })
        .take_while(|(_, error)| *error == ErrorCode::DuplicateBrokerRegistration)
        .collect();
    assert_eq!(tries.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1000, 3000, 5000, 7000, 9000]);
    assert_eq!(harness.now.as_millis(), 11_000);
}

/// `BrokerHeartbeatManager.calculateNextBrokerState`: leaderships are gone with the first heartbeat; the broker stops
/// at the first heartbeat after every other active broker reported the offset of that.
#[test]
fn a_controlled_shutdown_moves_leaders_at_once_and_ends_when_the_others_know() {
    let mut harness = Harness::new(&seed());
    let behind = BrokerHeartbeatRequest { current_metadata_offset: Some(Offset(4)), ..beat(2) };
    harness.heartbeat(behind);
    assert!(!harness.heartbeat(beat_to_shut_down(1)).should_shut_down);
    assert_eq!(harness.registration(0).leader, Some(metadata_support::b(2)));
    assert!(!harness.wait(ms(50)).heartbeat(beat_to_shut_down(1)).should_shut_down);
    harness.wait(ms(1500)).heartbeat(beat(2));
    assert!(harness.wait(ms(500)).heartbeat(beat_to_shut_down(1)).should_shut_down);
}
