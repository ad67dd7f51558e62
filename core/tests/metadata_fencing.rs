//! What fencing, unfencing and controlled shutdown do: `ReplicationControlManager.handleBroker*`.

use expect_test::expect;
use kraftscope_core::id::{LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicId};
use kraftscope_core::node::{Command, Outcome, Timer};
use kraftscope_core::note::{ChangeReason, LeaderChoice, Note};
use kraftscope_core::record::{MetadataRecord, PartitionRegistration, TopicConfig};
use kraftscope_core::time::Span;
use kraftscope_core::wire::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, ErrorCode};
use metadata_support::{
    Harness, b, beat, beat_to_shut_down, broker, leaderless, list, ms, p, partition, refused, topic,
    without_elr,
};

mod metadata_support;

fn brokers(unfenced: &[u8], fenced: &[u8]) -> Vec<MetadataRecord> {
    let unfenced = unfenced.iter().map(|&n| broker(n, false));
    unfenced.chain(fenced.iter().map(|&n| broker(n, true))).chain([topic("foo")]).collect()
}

/// Brokers 1, 2, 3, all in the ISR of partition 0, which 1 leads.
fn trio() -> Vec<MetadataRecord> {
    let mut seed = brokers(&[1, 2, 3], &[]);
    seed.push(partition(0, &[1, 2, 3], &[1, 2, 3]));
    seed
}

fn answer(is_fenced: bool, should_shut_down: bool) -> BrokerHeartbeatResponse {
    BrokerHeartbeatResponse { error: ErrorCode::None, is_caught_up: true, is_fenced, should_shut_down }
}

/// S-55: ReplicationControlManagerTest.testFenceMultipleBrokers.
#[test]
fn fencing_several_brokers_takes_them_out_of_every_isr() {
    let mut seed = brokers(&[0, 1, 2, 3, 4], &[]);
    seed.push(partition(0, &[1, 2, 3], &[1, 2, 3]));
    seed.push(partition(1, &[2, 3, 4], &[2, 3, 4]));
    seed.push(partition(2, &[0, 2, 1], &[0, 2, 1]));
    let mut harness = Harness::new(&seed);
    harness.call(Command::FenceBroker(b(2)));
    harness.call(Command::FenceBroker(b(3)));
    let standing = |n| (harness.registration(n).isr, harness.registration(n).leader);
    assert_eq!(standing(0), (list(&[1]), Some(b(1))));
    assert_eq!(standing(1), (list(&[4]), Some(b(4))));
    assert_eq!(standing(2), (list(&[0, 1]), Some(b(0))));
}

/// ReplicationControlManager.handleBrokerFenced: the broker's record comes last.
#[test]
fn a_fenced_broker_leaves_isr_and_leadership_before_its_record() {
    let mut harness = Harness::new(&trio());
    harness.call(Command::FenceBroker(b(1)));
    expect![[r#"
        0-0: isr [2, 3] leader 2
        broker 1 fenced
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(
        harness.notes(),
        [
            Note::BrokerFenced { broker: b(1), silent: Span::ZERO, session_timeout: ms(9000) },
            Note::LeaderElected {
                partition: p(0),
                leader: b(2),
                leader_epoch: LeaderEpoch(1),
                replicas: list(&[1, 2, 3]),
                isr: list(&[2, 3]),
                choice: LeaderChoice::InSync,
                reason: ChangeReason::Fenced,
            },
            Note::IsrChanged {
                partition: p(0),
                old: list(&[1, 2, 3]),
                new: list(&[2, 3]),
                partition_epoch: PartitionEpoch(1),
                reason: ChangeReason::Fenced,
            },
        ]
    );
}

/// `ReplicationControlManager.handleBrokerFenced`, `PartitionChangeBuilder.build` without ELR: the last member stays,
/// the leader field is written, both epochs rise.
#[test]
fn fencing_the_last_in_sync_replica_leaves_the_partition_without_a_leader() {
    let mut seed = brokers(&[1, 2], &[]);
    seed.push(partition(0, &[1, 2], &[1]));
    let mut harness = Harness::with(without_elr(), &seed);
    harness.call(Command::FenceBroker(b(1)));
    expect![[r#"
        0-0: leader none
        broker 1 fenced
    "#]]
    .assert_eq(&harness.written());
    let registration = harness.registration(0);
    assert_eq!((registration.isr, registration.leader), (list(&[1]), None));
    assert_eq!(
        (registration.leader_epoch, registration.partition_epoch),
        (LeaderEpoch(1), PartitionEpoch(1))
    );
    assert!(harness.notes().contains(&Note::PartitionLeaderless {
        partition: p(0),
        leader_epoch: LeaderEpoch(1),
        isr: list(&[1]),
        reason: ChangeReason::Fenced,
    }));
}

/// ReplicationControlManager.generateLeaderAndIsrUpdates with unclean election enabled.
#[test]
fn fencing_the_last_in_sync_replica_elects_another_where_unclean_election_is_on() {
    let mut seed = brokers(&[1, 2], &[]);
    seed.push(partition(0, &[1, 2], &[1]));
    let key = TopicConfig::UncleanLeaderElectionEnable;
    seed.push(MetadataRecord::Config { topic: Some(TopicId(0)), key, value: 1 });
    let mut harness = Harness::new(&seed);
    harness.call(Command::FenceBroker(b(1)));
    expect![[r#"
        0-0: isr [2] leader 2 Recovering
        broker 1 fenced
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.handleBrokerUnfenced: only partitions without a leader.
#[test]
fn unfencing_restores_no_isr_and_elects_only_where_nobody_leads() {
    let mut seed = brokers(&[2, 3], &[1]);
    seed.push(partition(0, &[1, 2, 3], &[2, 3]));
    seed.push(leaderless(1, &[1, 2], &[1]));
    seed.push(leaderless(2, &[3, 4], &[4]));
    let mut harness = Harness::new(&seed);
    assert_eq!(harness.heartbeat(beat(1)), answer(false, false));
    expect![[r#"
        broker 1 unfenced
        0-1: leader 1
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.registration(0).isr, list(&[2, 3]));
    assert!(harness.notes().contains(&Note::BrokerUnfenced { broker: b(1) }));
    assert!(harness.notes().contains(&Note::LeaderElected {
        partition: p(1),
        leader: b(1),
        leader_epoch: LeaderEpoch(1),
        replicas: list(&[1, 2]),
        isr: list(&[1]),
        choice: LeaderChoice::InSync,
        reason: ChangeReason::Unfenced,
    }));
}

/// BrokerHeartbeatManager: a heartbeat below the offset of the registration does not unfence.
#[test]
fn a_broker_behind_its_registration_is_not_caught_up_and_stays_fenced() {
    let mut harness = Harness::new(&brokers(&[], &[1]));
    let behind = BrokerHeartbeatRequest { current_metadata_offset: Some(Offset(0)), ..beat(1) };
    let response = harness.heartbeat(behind);
    assert_eq!((response.is_caught_up, response.is_fenced), (false, true));
    assert_eq!(harness.written(), "");
}

/// ReplicationControlManager.processBrokerHeartbeat, UNFENCED to FENCED.
#[test]
fn an_unfenced_broker_that_wants_to_be_fenced_is_fenced() {
    let mut harness = Harness::new(&trio());
    let wish = BrokerHeartbeatRequest { want_fence: true, ..beat(3) };
    assert_eq!(harness.heartbeat(wish), answer(true, false));
    expect![[r#"
        0-0: isr [1, 2]
        broker 3 fenced
    "#]]
    .assert_eq(&harness.written());
}

/// S-61: ReplicationControlManagerTest.testProcessBrokerHeartbeatInControlledShutdown.
#[test]
fn a_controlled_shutdown_is_recorded_before_the_partitions_move() {
    let mut seed = brokers(&[0, 1, 2], &[]);
    seed.push(partition(0, &[0, 1, 2], &[0, 1, 2]));
    let mut harness = Harness::new(&seed);
    assert_eq!(harness.heartbeat(beat_to_shut_down(0)), answer(false, false));
    expect![[r#"
        broker 0 in controlled shutdown
        0-0: isr [1, 2] leader 1
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.notes()[0], Note::ControlledShutdownBegan { broker: b(0) });
}

fn reached(n: u8, offset: u64) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest { current_metadata_offset: Some(Offset(offset)), ..beat(n) }
}

/// BrokerHeartbeatManager.calculateNextBrokerState: every active broker must have applied the last record (offset
/// 8) of the batch that began the shutdown.
#[test]
fn a_stopping_broker_may_stop_when_all_others_have_applied_its_records() {
    let mut harness = Harness::new(&trio());
    harness.heartbeat(reached(2, 5));
    harness.heartbeat(reached(3, 5));
    assert_eq!(harness.heartbeat(beat_to_shut_down(1)), answer(false, false));
    assert_eq!(harness.quorum.log().end(), Offset(9));
    harness.heartbeat(reached(2, 8));
    harness.heartbeat(reached(3, 7));
    assert_eq!(harness.heartbeat(beat_to_shut_down(1)), answer(false, false));
    harness.heartbeat(reached(3, 8));
    harness.written();
    assert_eq!(harness.heartbeat(beat_to_shut_down(1)), answer(true, true));
    expect![[r#"
        broker 1 fenced
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(
        harness.notes(),
        [
            Note::ShutdownAllowed { broker: b(1) },
            Note::BrokerFenced { broker: b(1), silent: Span::ZERO, session_timeout: ms(9000) },
        ]
    );
}

/// ReplicationControlManager.processBrokerHeartbeat: UNFENCED without leaderships goes to SHUTDOWN_NOW.
#[test]
fn a_broker_that_leads_nothing_may_stop_at_once() {
    let mut harness = Harness::new(&trio());
    assert_eq!(harness.heartbeat(beat_to_shut_down(3)), answer(true, true));
    expect![[r#"
        0-0: isr [1, 2]
        broker 3 fenced
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.generateLeaderAndIsrUpdates: a broker in controlled shutdown is not active.
#[test]
fn a_broker_that_shuts_down_gets_no_leadership() {
    let mut harness = Harness::new(&trio());
    harness.heartbeat(beat_to_shut_down(1));
    harness.call(Command::FenceBroker(b(2)));
    harness.call(Command::FenceBroker(b(3)));
    let PartitionRegistration { leader, isr, elr, .. } = harness.registration(0);
    assert_eq!((leader, isr, elr), (None, list(&[]), list(&[3])));
}

/// BrokerHeartbeatManager.touch: "if a broker is fenced, it leaves controlled shutdown".
#[test]
fn a_broker_fenced_while_it_shuts_down_may_stop_at_its_next_heartbeat() {
    let mut harness = Harness::new(&trio());
    harness.heartbeat(beat_to_shut_down(1));
    harness.call(Command::FenceBroker(b(1)));
    assert_eq!(harness.heartbeat(beat_to_shut_down(1)), answer(true, true));
    assert_eq!(harness.notes(), [Note::ShutdownAllowed { broker: b(1) }]);
}

/// ReplicationControlManager.maybeFenceOneStaleBroker; PeriodicTask's immediate period of 10 ms.
#[test]
fn one_stale_broker_is_fenced_in_a_run_and_the_next_run_follows_after_10_ms() {
    let mut harness = Harness::new(&trio());
    harness.wait(ms(9000)).fire(Timer::FenceStaleBrokers);
    assert_eq!(
        (harness.written(), harness.armed()),
        (String::new(), vec![(Timer::FenceStaleBrokers, ms(1125))])
    );
    harness.wait(ms(1)).fire(Timer::FenceStaleBrokers);
    expect![[r#"
        0-0: isr [2, 3] leader 2
        broker 1 fenced
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.armed(), [(Timer::FenceStaleBrokers, ms(10))]);
    assert_eq!(
        harness.notes()[0],
        Note::BrokerFenced { broker: b(1), silent: ms(9001), session_timeout: ms(9000) }
    );
    harness.wait(ms(10)).fire(Timer::FenceStaleBrokers);
    expect![[r#"
        0-0: isr [3] leader 3
        broker 2 fenced
    "#]]
    .assert_eq(&harness.written());
}

/// BrokerHeartbeatTracker.updateContactTime.
#[test]
fn a_broker_that_heartbeats_in_time_is_not_fenced() {
    let mut harness = Harness::new(&trio());
    harness.wait(ms(8000)).heartbeat(beat(1));
    harness.heartbeat(beat(2));
    harness.heartbeat(beat(3));
    harness.written();
    harness.wait(ms(9000)).fire(Timer::FenceStaleBrokers);
    assert_eq!(harness.written(), "");
}

/// QuorumController.processBrokerHeartbeat: a session left by an earlier life expires without consequence.
#[test]
fn the_expired_session_of_an_earlier_life_fences_nobody() {
    let mut harness = Harness::new(&brokers(&[], &[1]));
    let old = BrokerHeartbeatRequest { broker_epoch: kraftscope_core::id::BrokerEpoch(3), ..beat(1) };
    assert_eq!(harness.heartbeat(old).error, ErrorCode::StaleBrokerEpoch);
    assert_eq!(harness.controller.sessions(), []);
    harness.wait(ms(9001)).fire(Timer::FenceStaleBrokers);
    assert_eq!(
        (harness.written(), harness.armed()),
        (String::new(), vec![(Timer::FenceStaleBrokers, ms(10))])
    );
}

/// BrokerLifecycleManager and BrokerHeartbeatManager: a fenced broker that still lives is unfenced by its next
/// heartbeat, with the same epoch.
#[test]
fn a_running_broker_that_was_fenced_comes_back_with_its_next_heartbeat() {
    let mut harness = Harness::new(&trio());
    harness.call(Command::FenceBroker(b(3)));
    harness.written();
    assert_eq!(harness.heartbeat(beat(3)), answer(false, false));
    expect![[r#"
        broker 3 unfenced
    "#]]
    .assert_eq(&harness.written());
}

/// A person's fencing of a broker that is unknown, or fenced already.
#[test]
fn fencing_needs_a_registered_broker_and_happens_once() {
    let mut harness = Harness::new(&trio());
    assert_eq!(
        harness.call(Command::FenceBroker(NodeId::broker(9))),
        refused(ErrorCode::BrokerIdNotRegistered)
    );
    assert_eq!(harness.call(Command::FenceBroker(b(2))), Outcome::Done);
    harness.written();
    assert_eq!(harness.call(Command::FenceBroker(b(2))), Outcome::Done);
    assert_eq!((harness.written(), harness.notes()), (String::new(), vec![]));
}
