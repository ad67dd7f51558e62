//! Brokers register: `ClusterControlManager.registerBroker`.

use expect_test::expect;
use kraftscope_core::id::{BrokerEpoch, Offset};
use kraftscope_core::metadata::heartbeat::Session;
use kraftscope_core::node::Command;
use kraftscope_core::note::{ChangeReason, Note};
use kraftscope_core::wire::{BrokerHeartbeatRequest, ErrorCode};
use metadata_support::{Harness, b, beat, beat_to_shut_down, broker, list, ms, p, partition, topic};

mod metadata_support;

/// ClusterControlManager.registerBroker: the epoch is the next write offset; RegisterBrokerRecord.Fenced = true.
#[test]
fn a_new_broker_starts_fenced_with_the_offset_of_its_records_as_epoch() {
    let mut harness = Harness::new(&[]);
    let response = harness.register(1, 10);
    assert_eq!((response.error, response.broker_epoch), (ErrorCode::None, BrokerEpoch(2)));
    expect![[r#"
        register broker 1 incarnation 10 epoch 2 fenced true
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.notes(), [Note::BrokerRegistered { broker: b(1), broker_epoch: BrokerEpoch(2) }]);
}

/// OffsetControlManager.nextWriteOffset counts what is scheduled but not written yet.
#[test]
fn registrations_in_one_batch_get_different_epochs() {
    let mut harness = Harness::new(&[]);
    harness.deliver(b(1), metadata_support::registration(1, 10));
    assert_eq!(harness.register(2, 20).broker_epoch, BrokerEpoch(3));
    expect![[r#"
        register broker 1 incarnation 10 epoch 2 fenced true
        register broker 2 incarnation 20 epoch 3 fenced true
    "#]]
    .assert_eq(&harness.written());
}

/// Two brokers, both in sync; sessions began at activation.
fn pair() -> Harness {
    Harness::new(&[broker(1, false), broker(2, false), topic("foo"), partition(0, &[1, 2], &[1, 2])])
}

/// ClusterControlManagerTest.testRegistrationWithDuplicateIncarnation: DUPLICATE_BROKER_REGISTRATION while the old
/// session is valid.
#[test]
fn a_broker_that_restarts_quickly_waits_until_its_old_session_expires() {
    let mut harness = pair();
    assert_eq!(harness.wait(ms(9000)).register(1, 99).error, ErrorCode::DuplicateBrokerRegistration);
    assert_eq!(
        harness.notes(),
        [Note::RegistrationRefused { broker: b(1), error: ErrorCode::DuplicateBrokerRegistration }]
    );
    assert_eq!(harness.written(), "");
    assert_eq!(harness.wait(ms(1)).register(1, 99).error, ErrorCode::None);
}

/// ReplicationControlManager.handleBrokerShutdown: the old life is cleaned up before the RegisterBrokerRecord; the
/// epoch is where the batch begins.
#[test]
fn the_old_life_leaves_isr_and_leadership_before_the_new_one_is_registered() {
    let mut harness = pair();
    assert_eq!(harness.wait(ms(9001)).register(1, 99).broker_epoch, BrokerEpoch(6));
    expect![[r#"
        0-0: isr [2] leader 2
        register broker 1 incarnation 99 epoch 6 fenced true
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(
        harness.notes()[1],
        Note::IsrChanged {
            partition: p(0),
            old: list(&[1, 2]),
            new: list(&[2]),
            partition_epoch: kraftscope_core::id::PartitionEpoch(1),
            reason: ChangeReason::Restarted,
        }
    );
}

/// QuorumController.processBrokerHeartbeat: caught up means past the RegisterBrokerRecord itself, not past the epoch.
#[test]
fn a_new_life_is_caught_up_at_the_offset_of_its_register_record() {
    let mut harness = pair();
    let broker_epoch = harness.wait(ms(9001)).register(1, 99).broker_epoch;
    let at = |offset| BrokerHeartbeatRequest {
        broker_epoch,
        current_metadata_offset: Some(Offset(offset)),
        want_fence: true,
        ..beat(1)
    };
    assert!(!harness.heartbeat(at(6)).is_caught_up);
    assert!(harness.heartbeat(at(7)).is_caught_up);
}

/// ClusterControlManager.registerBroker: "Amending registration"; epoch and fencing stay.
#[test]
fn the_same_incarnation_keeps_its_epoch_and_its_standing() {
    let mut harness = pair();
    let response = harness.register(1, 1);
    assert_eq!((response.error, response.broker_epoch), (ErrorCode::None, metadata_support::epoch(1)));
    expect![[r#"
        register broker 1 incarnation 1 epoch 1001 fenced false
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.notes(), []);
    assert!(!harness.controller.image().brokers[&b(1)].fenced);
}

/// ClusterControlManager.registerBroker: `record.setInControlledShutdown(existing.inControlledShutdown())`.
#[test]
fn a_registration_that_arrives_twice_does_not_end_a_controlled_shutdown() {
    let mut harness = pair();
    harness.heartbeat(beat_to_shut_down(1));
    assert_eq!(harness.register(1, 1).error, ErrorCode::None);
    assert!(harness.controller.image().brokers[&b(1)].in_controlled_shutdown);
}

/// ClusterControlManager.checkBrokerEpoch.
#[test]
fn heartbeats_of_the_old_life_are_stale_after_the_new_one_registered() {
    let mut harness = pair();
    harness.wait(ms(9001)).register(1, 99);
    assert_eq!(harness.heartbeat(beat(1)).error, ErrorCode::StaleBrokerEpoch);
    assert_eq!(
        harness.notes(),
        [Note::HeartbeatRefused { broker: b(1), error: ErrorCode::StaleBrokerEpoch }]
    );
}

/// QuorumController.processBrokerHeartbeat: "Receive a heartbeat from broker before registration".
#[test]
fn heartbeats_of_a_broker_that_never_registered_are_stale() {
    assert_eq!(pair().heartbeat(beat(7)).error, ErrorCode::StaleBrokerEpoch);
}

/// ClusterControlManager.registerBroker: a registration is no heartbeat, it begins no session.
#[test]
fn a_session_begins_with_the_first_heartbeat() {
    let mut harness = Harness::new(&[]);
    let broker_epoch = harness.register(1, 10).broker_epoch;
    assert_eq!(harness.controller.sessions(), []);
    harness.wait(ms(5)).heartbeat(BrokerHeartbeatRequest { broker_epoch, ..beat(1) });
    let last_contact = harness.now;
    assert_eq!(harness.controller.sessions(), [Session { broker: b(1), broker_epoch, last_contact }]);
}

/// ClusterControlManager.registerBroker: only the session counts, and a controlled shutdown does not end it, neither
/// while it goes on nor when it is allowed (KAFKA-19047 is about that).
#[test]
fn a_broker_that_shut_down_in_order_waits_for_its_old_session_too() {
    let duplicate = ErrorCode::DuplicateBrokerRegistration;
    let mut harness = pair();
    assert!(!harness.heartbeat(beat_to_shut_down(1)).should_shut_down);
    assert_eq!(harness.register(1, 99).error, duplicate);
    let mut harness = pair();
    assert!(harness.heartbeat(beat_to_shut_down(2)).should_shut_down);
    assert_eq!(harness.wait(ms(9000)).register(2, 99).error, duplicate);
    assert_eq!(harness.wait(ms(1)).register(2, 99).error, ErrorCode::None);
}

/// `ClusterControlManager.registerBroker`: a fenced registration whose session is still valid is refused too: the
/// session counts, not the fencing.
#[test]
fn a_fenced_broker_with_a_live_session_is_still_taken() {
    let mut harness = pair();
    harness.call(Command::FenceBroker(b(1)));
    harness.heartbeat(BrokerHeartbeatRequest { want_fence: true, ..beat(1) });
    assert_eq!(harness.register(1, 99).error, ErrorCode::DuplicateBrokerRegistration);
}
