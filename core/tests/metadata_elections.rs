//! Elections on request and in the background: `ReplicationControlManager.electLeader` and its tasks.

use expect_test::expect;
use kraftscope_core::id::{LeaderEpoch, PartitionEpoch, TopicId};
use kraftscope_core::node::{Command, Outcome, Timer};
use kraftscope_core::note::{ChangeReason, LeaderChoice, Note};
use kraftscope_core::record::{MetadataRecord, TopicConfig};
use kraftscope_core::time::Span;
use kraftscope_core::wire::ErrorCode;
use metadata_support::{
    Harness, b, beat, broker, elect, leaderless, list, ms, p, partition, proposal, refused, topic,
};

mod metadata_support;

const UNCLEAN: TopicConfig = TopicConfig::UncleanLeaderElectionEnable;

fn unclean_topic() -> MetadataRecord {
    MetadataRecord::Config { topic: Some(TopicId(0)), key: UNCLEAN, value: 1 }
}

/// S-57: ReplicationControlManagerTest.testPreferredElectionDoesNotTriggerUncleanElection.
#[test]
fn a_preferred_election_never_goes_outside_the_isr() {
    let mut seed = vec![broker(1, true), broker(2, false), broker(3, true), topic("foo"), unclean_topic()];
    seed.push(leaderless(0, &[1, 2, 3], &[1]));
    let mut harness = Harness::new(&seed);
    assert_eq!(harness.call(elect(0, false)), refused(ErrorCode::PreferredLeaderNotAvailable));
    assert_eq!(harness.written(), "");
    assert_eq!(
        harness.notes(),
        [Note::ElectionRefused { partition: p(0), error: ErrorCode::PreferredLeaderNotAvailable }]
    );
}

/// S-58: broker 0 is fenced, 1 shuts down, 2, 3 and 4 are active.
fn half_up() -> Harness {
    let mut seed =
        vec![broker(0, true), broker(1, false), broker(2, false), broker(3, false), broker(4, false)];
    seed.push(MetadataRecord::BrokerRegistrationChange {
        broker: b(1),
        broker_epoch: metadata_support::epoch(1),
        fenced: None,
        in_controlled_shutdown: true,
    });
    seed.extend([topic("foo"), partition(0, &[1, 2, 3], &[2, 3])]);
    seed.extend([partition(1, &[2, 3, 4], &[2, 3, 4]), partition(2, &[0, 2, 1], &[2])]);
    Harness::new(&seed)
}

/// S-58: ReplicationControlManagerTest.testElectPreferredLeaders, first half.
#[test]
fn a_preferred_leader_that_is_not_active_is_not_available() {
    let mut harness = half_up();
    assert_eq!(harness.call(elect(0, false)), refused(ErrorCode::PreferredLeaderNotAvailable));
    assert_eq!(harness.call(elect(1, false)), refused(ErrorCode::ElectionNotNeeded));
    assert_eq!(harness.call(elect(2, false)), refused(ErrorCode::PreferredLeaderNotAvailable));
    assert_eq!(harness.call(elect(3, false)), refused(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(harness.written(), "");
}

/// S-58: ReplicationControlManagerTest.testElectPreferredLeaders, second half. Broker 1 comes back as a new life, when
/// its old session is over.
#[test]
fn a_preferred_leader_that_is_back_in_the_isr_is_elected() {
    let mut harness = half_up();
    let life = harness.wait(ms(9001)).register(1, 77).broker_epoch;
    harness.heartbeat(kraftscope_core::wire::BrokerHeartbeatRequest { broker_epoch: life, ..beat(1) });
    harness.heartbeat(beat(0));
    let mut first = proposal(2, &[]);
    first.partitions[0].new_isr = vec![(b(1), Some(life)), (b(2), None), (b(3), None)];
    harness.alter(first);
    let mut third = proposal(2, &[]);
    third.partitions[0].partition = p(2);
    third.partitions[0].new_isr = vec![(b(0), None), (b(2), None), (b(1), Some(life))];
    harness.alter(third);
    assert_eq!(harness.registration(2).partition_epoch, PartitionEpoch(1));
    harness.written();
    assert_eq!(harness.call(elect(0, false)), Outcome::Done);
    assert_eq!(
        harness.notes(),
        [Note::LeaderElected {
            partition: p(0),
            leader: b(1),
            leader_epoch: LeaderEpoch(1),
            replicas: list(&[1, 2, 3]),
            isr: list(&[1, 2, 3]),
            choice: LeaderChoice::Preferred,
            reason: ChangeReason::PreferredElection,
        }]
    );
    assert_eq!(harness.call(elect(2, false)), Outcome::Done);
    expect![[r#"
        0-0: leader 1
        0-2: leader 0
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.electLeader, UNCLEAN.
#[test]
fn an_unclean_election_is_for_partitions_without_a_leader() {
    let mut seed = vec![broker(1, true), broker(2, false), topic("foo")];
    seed.extend([partition(0, &[2, 1], &[2]), leaderless(1, &[1, 2], &[1]), leaderless(2, &[1, 3], &[1])]);
    let mut harness = Harness::new(&seed);
    assert_eq!(harness.call(elect(0, true)), refused(ErrorCode::ElectionNotNeeded));
    assert_eq!(harness.call(elect(2, true)), refused(ErrorCode::EligibleLeadersNotAvailable));
    assert_eq!(harness.call(elect(1, true)), Outcome::Done);
    assert_eq!(
        harness.notes(),
        [
            Note::LeaderElected {
                partition: p(1),
                leader: b(2),
                leader_epoch: LeaderEpoch(1),
                replicas: list(&[1, 2]),
                isr: list(&[2]),
                choice: LeaderChoice::Unclean,
                reason: ChangeReason::UncleanElection,
            },
            Note::IsrChanged {
                partition: p(1),
                old: list(&[1]),
                new: list(&[2]),
                partition_epoch: PartitionEpoch(1),
                reason: ChangeReason::UncleanElection,
            },
        ]
    );
    expect![[r#"
        0-1: isr [2] leader 2 Recovering
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.electLeader: an unclean election of a leaderless partition whose preferred replica
/// would do is still an election.
#[test]
fn an_unclean_election_prefers_a_replica_in_sync() {
    let mut seed = vec![broker(1, false), broker(2, false), topic("foo")];
    seed.push(leaderless(0, &[1, 2], &[2]));
    let mut harness = Harness::new(&seed);
    assert_eq!(harness.call(elect(0, true)), Outcome::Done);
    expect![[r#"
        0-0: leader 2
    "#]]
    .assert_eq(&harness.written());
}

/// ReplicationControlManager.maybeBalancePartitionLeaders: every partition whose leader is not the preferred one.
#[test]
fn balancing_moves_leadership_back_wherever_it_can() {
    let mut seed = vec![broker(1, false), broker(2, false), broker(3, true), topic("foo")];
    seed.extend([partition(0, &[1, 2], &[2, 1]), partition(1, &[3, 2], &[2]), partition(2, &[1, 2], &[2])]);
    let mut harness = Harness::new(&seed);
    harness.fire(Timer::LeaderBalance);
    expect![[r#"
        0-0: leader 1
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.armed(), [(Timer::LeaderBalance, Span::secs(300))]);
}

/// ReplicationControlManager.maybeBalancePartitionLeaders: at most 1000 elections, then again at once.
#[test]
fn balancing_does_a_thousand_elections_in_a_round() {
    let mut seed = vec![broker(1, false), broker(2, false), topic("foo")];
    seed.extend((0..1001).map(|n| partition(n, &[1, 2], &[2, 1])));
    let mut harness = Harness::new(&seed);
    harness.fire(Timer::LeaderBalance);
    assert_eq!(
        (harness.written().lines().count(), harness.armed()),
        (1000, vec![(Timer::LeaderBalance, ms(10))])
    );
    harness.fire(Timer::LeaderBalance);
    assert_eq!(harness.written().lines().count(), 1);
    assert_eq!(harness.armed(), [(Timer::LeaderBalance, Span::secs(300))]);
}

/// ReplicationControlManager.maybeElectUncleanLeaders, every 5 minutes.
#[test]
fn the_background_election_serves_topics_that_allow_it() {
    let mut seed = vec![broker(1, true), broker(2, false), topic("foo"), leaderless(0, &[1, 2], &[1])];
    let mut harness = Harness::new(&seed);
    harness.fire(Timer::UncleanElection);
    assert_eq!(harness.written(), "");
    seed.push(unclean_topic());
    let mut harness = Harness::new(&seed);
    harness.fire(Timer::UncleanElection);
    expect![[r#"
        0-0: isr [2] leader 2 Recovering
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(harness.armed(), [(Timer::UncleanElection, Span::secs(300))]);
}

/// ReplicationConfigs.UNCLEAN_LEADER_ELECTION_ENABLE_DOC, KAFKA-12670: in KRaft, allowing it elects nobody before the
/// periodic check.
#[test]
fn switching_unclean_election_on_waits_for_the_background_election() {
    let seed = [broker(1, true), broker(2, false), topic("foo"), leaderless(0, &[1, 2], &[1])];
    let mut harness = Harness::new(&seed);
    let command = Command::ConfigureTopic { topic: TopicId(0), key: UNCLEAN, value: 1 };
    assert_eq!(harness.call(command), Outcome::Done);
    assert_eq!(harness.written(), "config 0 UncleanLeaderElectionEnable 1\n");
    assert_eq!(harness.notes(), [Note::TopicConfigured { topic: TopicId(0), key: UNCLEAN, value: 1 }]);
    harness.fire(Timer::UncleanElection);
    assert_eq!(harness.written(), "0-0: isr [2] leader 2 Recovering\n");
}
