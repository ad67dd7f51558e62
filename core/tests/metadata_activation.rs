//! When a controller acts, what it may tell, and what happens when it loses the quorum: `QuorumController`.

use expect_test::expect;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{LeaderEpoch, Offset};
use kraftscope_core::metadata::heartbeat::Session;
use kraftscope_core::node::{Effect, Outcome, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, ErrorCode, Message};
use metadata_support::{
    Harness, b, beat, broker, epoch, ms, new_topic, p, partition, proposal, refused, registration, topic,
};

mod metadata_support;

fn three_brokers() -> Vec<kraftscope_core::record::MetadataRecord> {
    vec![broker(1, false), broker(2, false), broker(3, true), topic("t"), partition(0, &[1, 2, 3], &[1, 2])]
}

/// QuorumController.CompleteActivationEvent; KafkaRaftClient tells a new leader only after `epochStartOffset`.
#[test]
fn a_leader_is_active_once_everything_up_to_its_epoch_start_is_replayed() {
    let mut harness = Harness::standby(Settings::default(), &three_brokers());
    assert!(!harness.controller.is_active());
    harness.progress();
    assert!(harness.controller.is_active());
    assert_eq!(harness.controller.image().brokers.len(), 3);
    assert_eq!(harness.notes(), [Note::ControllerActivated { epoch: LeaderEpoch(1), offset: Offset(6) }]);
}

/// PeriodicTaskControlManager.activate, with Kafka's default periods.
#[test]
fn activation_starts_the_periodic_tasks() {
    let mut harness = Harness::standby(Settings::default(), &[]);
    harness.progress();
    assert_eq!(
        harness.armed(),
        [
            (Timer::FenceStaleBrokers, ms(1125)),
            (Timer::LeaderBalance, Span::secs(300)),
            (Timer::UncleanElection, Span::secs(300)),
            (Timer::NoOp, ms(500)),
        ]
    );
}

/// `auto.leader.rebalance.enable` = false, `metadata.max.idle.interval.ms` = 0.
#[test]
fn tasks_that_are_switched_off_are_not_started() {
    let settings = Settings {
        auto_leader_rebalance_enable: false,
        metadata_max_idle_interval: Span::ZERO,
        ..Settings::default()
    };
    let mut harness = Harness::standby(settings, &[]);
    harness.progress();
    assert_eq!(
        harness.armed(),
        [(Timer::FenceStaleBrokers, ms(1125)), (Timer::UncleanElection, Span::secs(300))]
    );
}

/// ClusterControlManager.activate (KAFKA-19130: fenced brokers get no session).
#[test]
fn sessions_of_unfenced_brokers_restart_at_activation() {
    let mut harness = Harness::standby(Settings::default(), &three_brokers());
    harness.wait(Span::secs(100)).progress();
    let last_contact = Time::ZERO + Span::secs(100);
    assert_eq!(
        harness.controller.sessions(),
        [
            Session { broker: b(1), broker_epoch: epoch(1), last_contact },
            Session { broker: b(2), broker_epoch: epoch(2), last_contact },
        ]
    );
}

/// ControllerWriteEvent, DeferredEventQueue: the future completes when the high watermark passes the record.
#[test]
fn an_answer_waits_until_what_it_promises_is_committed() {
    let mut harness = Harness::new(&three_brokers());
    harness.deliver(b(4), registration(4, 40));
    assert_eq!(harness.messages(), []);
    assert!(harness.controller.image().brokers.contains_key(&b(4)));
    assert!(!harness.controller.stable().image().brokers.contains_key(&b(4)));
    harness.commit();
    assert_eq!(harness.messages().len(), 1);
    assert!(harness.controller.stable().image().brokers.contains_key(&b(4)));
}

/// ControllerWriteEvent.run: "this read was done from the latest in-memory state, which might contain uncommitted
/// data", so it follows the highest pending offset.
#[test]
fn an_answer_that_writes_nothing_waits_behind_one_that_does() {
    let mut harness = Harness::new(&three_brokers());
    harness.deliver(b(1), Message::BrokerHeartbeatRequest(beat(1)));
    assert_eq!(harness.messages().len(), 1);
    harness.deliver(b(4), registration(4, 40));
    harness.deliver(b(1), Message::BrokerHeartbeatRequest(beat(1)));
    assert_eq!(harness.messages().len(), 1);
    harness.commit();
    assert_eq!(harness.messages().len(), 3);
}

/// QuorumController.handleEventException: errors do not wait.
#[test]
fn an_error_is_answered_at_once() {
    let mut harness = Harness::new(&three_brokers());
    harness.deliver(b(4), registration(4, 40));
    let stale = BrokerHeartbeatRequest { broker_epoch: epoch(9), ..beat(1) };
    harness.deliver(b(1), Message::BrokerHeartbeatRequest(stale));
    assert_eq!(
        harness.messages(),
        [Message::BrokerHeartbeatResponse(BrokerHeartbeatResponse {
            error: ErrorCode::StaleBrokerEpoch,
            is_caught_up: false,
            is_fenced: true,
            should_shut_down: false,
        })]
    );
    assert_eq!(
        harness.notes(),
        [
            Note::BrokerRegistered { broker: b(4), broker_epoch: kraftscope_core::id::BrokerEpoch(7) },
            Note::HeartbeatRefused { broker: b(1), error: ErrorCode::StaleBrokerEpoch },
        ]
    );
}

/// QuorumController.renounce: back to the last stable snapshot, deferred events fail with the wrong controller.
#[test]
fn a_controller_that_loses_the_quorum_forgets_what_was_not_committed() {
    let mut harness = Harness::new(&three_brokers());
    harness.deliver(b(4), registration(4, 40));
    harness.out.effects.clear();
    harness.resign();
    assert!(!harness.controller.is_active());
    assert_eq!(harness.controller.image(), harness.controller.stable().image());
    assert!(!harness.controller.image().brokers.contains_key(&b(4)));
    assert!(harness.notes().contains(&Note::ControllerRenounced { epoch: LeaderEpoch(1) }));
    expect![[r#"
        [
            BrokerRegistrationResponse(
                BrokerRegistrationResponse {
                    error: NotController,
                    broker_epoch: BrokerEpoch(
                        0,
                    ),
                },
            ),
        ]
    "#]]
    .assert_debug_eq(&harness.messages());
}

/// QuorumController.renounce cancels the periodic tasks.
#[test]
fn a_controller_that_loses_the_quorum_stops_its_tasks() {
    let mut harness = Harness::new(&three_brokers());
    harness.resign();
    let disarmed = |timer| harness.out.effects.contains(&Effect::Disarm(timer));
    assert!(disarmed(Timer::FenceStaleBrokers) && disarmed(Timer::LeaderBalance));
    assert!(disarmed(Timer::UncleanElection) && disarmed(Timer::NoOp));
    harness.out.effects.clear();
    harness.fire(Timer::NoOp);
    assert_eq!(harness.out.effects, []);
}

/// A person's call is owed an outcome like any other.
#[test]
fn a_call_that_was_not_committed_fails_with_not_controller() {
    let mut harness = Harness::new(&three_brokers());
    harness.controller.on_command(
        harness.now,
        &mut harness.quorum,
        kraftscope_core::id::CallId(7),
        new_topic("u", 1, 1),
        &mut harness.out,
    );
    harness.resign();
    assert_eq!(harness.outcomes(), [refused(ErrorCode::NotController)]);
}

/// ControllerExceptions.newWrongControllerException.
#[test]
fn a_controller_that_is_not_active_refuses_everything_with_not_controller() {
    let mut harness = Harness::new(&three_brokers());
    harness.resign();
    assert_eq!(harness.heartbeat(beat(1)).error, ErrorCode::NotController);
    assert_eq!(harness.notes(), [Note::HeartbeatRefused { broker: b(1), error: ErrorCode::NotController }]);
    assert_eq!(harness.register(4, 40).error, ErrorCode::NotController);
    assert_eq!(
        harness.notes(),
        [Note::RegistrationRefused { broker: b(4), error: ErrorCode::NotController }]
    );
    assert_eq!(harness.alter(proposal(1, &[1])).error, ErrorCode::NotController);
    assert_eq!(
        harness.notes(),
        [Note::AlterPartitionRefused { partition: p(0), broker: b(1), error: ErrorCode::NotController }]
    );
    assert_eq!(harness.call(new_topic("u", 1, 1)), refused(ErrorCode::NotController));
}

/// `metadata.max.idle.interval.ms`: one NoOpRecord every 500 ms.
#[test]
fn an_active_controller_writes_a_no_op_every_interval() {
    let mut harness = Harness::new(&[]);
    harness.fire(Timer::NoOp);
    assert_eq!(harness.written(), "no-op\n");
    assert_eq!(harness.armed(), [(Timer::NoOp, ms(500))]);
}

/// Records that enter the log without the controller (a benchmark of the bare quorum) do not confuse it.
#[test]
fn appends_of_others_do_not_disturb_the_controller() {
    let mut harness = Harness::new(&three_brokers());
    harness.quorum.append(harness.now, &[kraftscope_core::record::MetadataRecord::NoOp; 3], &mut harness.out);
    assert_eq!(harness.register(4, 40).broker_epoch.0, 10);
    assert_eq!(harness.call(kraftscope_core::node::Command::Append(2)), Outcome::Done);
    assert_eq!(harness.register(5, 50).broker_epoch.0, 13);
}
