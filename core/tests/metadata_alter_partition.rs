//! A leader asks for another ISR: `ReplicationControlManager.alterPartition`.

use expect_test::expect;
use kraftscope_core::id::{BrokerEpoch, LeaderEpoch, PartitionEpoch, TopicId, TopicPartition};
use kraftscope_core::node::Command;
use kraftscope_core::note::{ChangeReason, Note};
use kraftscope_core::record::{LeaderRecoveryState, MetadataRecord, PartitionRegistration};
use kraftscope_core::wire::{AlterPartitionRequest, ErrorCode, IsrAnswer, IsrProposal};
use metadata_support::{Harness, b, beat, beat_to_shut_down, broker, list, p, partition, proposal, topic};

mod metadata_support;

/// Brokers 0 to 3; partition 0 on [0, 1, 2], led by 0.
fn harness() -> Harness {
    let brokers = [0, 1, 2, 3].map(|n| broker(n, false));
    let mut seed = brokers.to_vec();
    seed.extend([topic("foo"), partition(0, &[0, 1, 2], &[0, 1, 2])]);
    Harness::new(&seed)
}

/// What the first partition of the request is answered.
fn error_of(harness: &mut Harness, request: AlterPartitionRequest) -> ErrorCode {
    let response = harness.alter(request);
    if response.error.is_none() { response.partitions[0].error } else { response.error }
}

fn with(change: impl FnOnce(&mut IsrProposal)) -> AlterPartitionRequest {
    let mut request = proposal(0, &[0, 1]);
    change(&mut request.partitions[0]);
    request
}

fn refusal_of(request: AlterPartitionRequest) -> ErrorCode {
    let mut harness = harness();
    let error = error_of(&mut harness, request);
    assert_eq!(harness.written(), "", "a refusal writes nothing");
    error
}

/// AlterPartitionRequest v3, the accepted case: the partition epoch rises, the leader epoch does not.
#[test]
fn an_accepted_proposal_is_written_and_answered_with_the_new_registration() {
    let mut harness = harness();
    let response = harness.alter(proposal(0, &[0, 1]));
    assert_eq!(
        response.partitions,
        [IsrAnswer {
            partition: p(0),
            error: ErrorCode::None,
            leader: Some(b(0)),
            leader_epoch: LeaderEpoch(0),
            isr: list(&[0, 1]),
            leader_recovery_state: LeaderRecoveryState::Recovered,
            partition_epoch: PartitionEpoch(1),
        }]
    );
    expect![[r#"
        0-0: isr [0, 1]
    "#]]
    .assert_eq(&harness.written());
    assert_eq!(
        harness.notes(),
        [Note::IsrChanged {
            partition: p(0),
            old: list(&[0, 1, 2]),
            new: list(&[0, 1]),
            partition_epoch: PartitionEpoch(1),
            reason: ChangeReason::AlterPartition,
        }]
    );
}

/// ReplicationControlManager.alterPartition: no record, but success with the current state.
#[test]
fn a_proposal_that_changes_nothing_succeeds_without_a_record() {
    let mut harness = harness();
    let answer = harness.alter(proposal(0, &[0, 1, 2])).partitions[0];
    assert_eq!((answer.error, answer.partition_epoch), (ErrorCode::None, PartitionEpoch(0)));
    assert_eq!((harness.written(), harness.notes()), (String::new(), vec![]));
}

/// S-59: ReplicationControlManagerTest.testAlterPartitionShouldRejectFencedBrokers.
#[test]
fn a_fenced_broker_may_not_join_an_isr_until_it_is_unfenced() {
    let mut seed = [1, 2, 3, 4].map(|n| broker(n, false)).to_vec();
    seed.extend([topic("foo"), partition(0, &[1, 2, 3, 4], &[1, 2, 3, 4])]);
    let mut harness = Harness::new(&seed);
    harness.call(Command::FenceBroker(b(3)));
    let PartitionRegistration { isr, leader, leader_epoch, partition_epoch, .. } = harness.registration(0);
    assert_eq!((isr, leader), (list(&[1, 2, 4]), Some(b(1))));
    assert_eq!((leader_epoch, partition_epoch), (LeaderEpoch(0), PartitionEpoch(1)));
    let mut request = proposal(1, &[1, 2, 3, 4]);
    request.partitions[0].partition_epoch = PartitionEpoch(1);
    assert_eq!(error_of(&mut harness, request.clone()), ErrorCode::IneligibleReplica);
    let error = ErrorCode::IneligibleReplica;
    assert_eq!(harness.notes(), [Note::AlterPartitionRefused { partition: p(0), broker: b(1), error }]);
    harness.heartbeat(beat(3));
    let answer = harness.alter(request).partitions[0];
    assert_eq!((answer.error, answer.isr), (ErrorCode::None, list(&[1, 2, 3, 4])));
    assert_eq!((answer.leader_epoch, answer.partition_epoch), (LeaderEpoch(0), PartitionEpoch(2)));
}

/// S-60: ReplicationControlManagerTest.testInvalidAlterPartitionRequests.
#[test]
fn only_the_leader_may_propose() {
    assert_eq!(refusal_of(proposal(1, &[0, 1])), ErrorCode::InvalidRequest);
}

/// S-60: ReplicationControlManagerTest.testInvalidAlterPartitionRequests.
#[test]
fn a_stale_broker_epoch_refuses_the_whole_request() {
    let stale = AlterPartitionRequest { broker_epoch: BrokerEpoch(999), ..proposal(0, &[0, 1]) };
    assert_eq!(refusal_of(stale), ErrorCode::StaleBrokerEpoch);
    let mut harness = harness();
    assert_eq!(harness.alter(proposal(9, &[9])).error, ErrorCode::StaleBrokerEpoch);
    assert_eq!(
        harness.notes(),
        [Note::AlterPartitionRefused { partition: p(0), broker: b(9), error: ErrorCode::StaleBrokerEpoch }]
    );
}

/// S-60; `ReplicationControlManager.validateAlterPartitionData`, KAFKA-14154: the one who is behind is this controller.
#[test]
fn epochs_from_the_future_say_that_this_is_not_the_controller() {
    assert_eq!(refusal_of(with(|it| it.leader_epoch = LeaderEpoch(500))), ErrorCode::NotController);
    assert_eq!(refusal_of(with(|it| it.partition_epoch = PartitionEpoch(500))), ErrorCode::NotController);
}

/// S-60: ReplicationControlManagerTest.testInvalidAlterPartitionRequests.
#[test]
fn an_isr_must_be_made_of_replicas_and_hold_the_leader() {
    assert_eq!(refusal_of(proposal(0, &[0, 1, 3])), ErrorCode::InvalidRequest);
    assert_eq!(refusal_of(proposal(0, &[1, 2])), ErrorCode::InvalidRequest);
    assert_eq!(refusal_of(proposal(0, &[])), ErrorCode::InvalidRequest);
    assert_eq!(refusal_of(proposal(0, &[0, 1, 1])), ErrorCode::InvalidRequest);
    assert_eq!(refusal_of(proposal(0, &[0; 40])), ErrorCode::InvalidRequest);
}

/// S-60: ReplicationControlManagerTest.testInvalidAlterPartitionRequests.
#[test]
fn a_recovered_leader_cannot_be_recovering_again() {
    let recovering = |isr: &[u8]| {
        let mut request = proposal(0, isr);
        request.partitions[0].leader_recovery_state = LeaderRecoveryState::Recovering;
        refusal_of(request)
    };
    assert_eq!(recovering(&[0, 1]), ErrorCode::InvalidRequest);
    assert_eq!(recovering(&[0]), ErrorCode::InvalidRequest);
}

/// ReplicationControlManager.validateAlterPartitionData, first checks.
#[test]
fn unknown_topics_and_partitions_have_their_own_errors() {
    let topic = TopicPartition { topic: TopicId(7), partition: 0 };
    assert_eq!(refusal_of(with(|it| it.partition = topic)), ErrorCode::UnknownTopicId);
    assert_eq!(refusal_of(with(|it| it.partition = p(7))), ErrorCode::UnknownTopicOrPartition);
}

/// A partition at leader epoch 1 and partition epoch 1, led by 1.
fn moved() -> Harness {
    let mut harness = harness();
    harness.call(Command::FenceBroker(b(0)));
    harness.heartbeat(beat(0));
    harness.written();
    harness
}

fn at(broker: u8, leader_epoch: u32, partition_epoch: u32) -> AlterPartitionRequest {
    let mut request = proposal(broker, &[1, 2]);
    request.partitions[0].leader_epoch = LeaderEpoch(leader_epoch);
    request.partitions[0].partition_epoch = PartitionEpoch(partition_epoch);
    request
}

/// ReplicationControlManager.validateAlterPartitionData: each check comes before the next one.
#[test]
fn the_checks_come_in_kafkas_order() {
    assert_eq!(error_of(&mut moved(), at(0, 0, 9)), ErrorCode::NotController, "ahead before fenced");
    assert_eq!(error_of(&mut moved(), at(0, 0, 0)), ErrorCode::FencedLeaderEpoch, "fenced before sender");
    assert_eq!(error_of(&mut moved(), at(0, 1, 0)), ErrorCode::InvalidRequest, "sender before version");
    assert_eq!(error_of(&mut moved(), at(1, 1, 0)), ErrorCode::InvalidUpdateVersion, "version before ISR");
    let mut bad_isr = at(1, 1, 1);
    bad_isr.partitions[0].new_isr = vec![(b(2), Some(BrokerEpoch(5)))];
    assert_eq!(error_of(&mut moved(), bad_isr), ErrorCode::InvalidRequest, "ISR before eligibility");
    assert_eq!(error_of(&mut moved(), at(1, 1, 1)), ErrorCode::None);
}

/// ReplicationControlManager.ineligibleReplicasForIsr; KIP-903.
#[test]
fn a_member_that_shuts_down_or_is_of_another_life_is_not_eligible() {
    let mut seed = [1, 2, 3].map(|n| broker(n, false)).to_vec();
    seed.extend([topic("foo"), partition(0, &[1, 2, 3], &[1]), partition(1, &[2, 1], &[2])]);
    let mut harness = Harness::new(&seed);
    let mut other_life = proposal(1, &[1]);
    other_life.partitions[0].new_isr.push((b(3), Some(BrokerEpoch(1))));
    assert_eq!(error_of(&mut harness, other_life), ErrorCode::IneligibleReplica);
    harness.heartbeat(beat_to_shut_down(2));
    assert_eq!(error_of(&mut harness, proposal(1, &[1, 2])), ErrorCode::IneligibleReplica);
    let mut unchecked = proposal(1, &[1]);
    unchecked.partitions[0].new_isr.push((b(3), None));
    assert_eq!(error_of(&mut harness, unchecked), ErrorCode::None);
}

/// ReplicationControlManager.ineligibleReplicasForIsr.
#[test]
fn a_member_that_is_not_registered_is_not_eligible() {
    let seed = [broker(1, false), topic("foo"), partition(0, &[1, 2], &[1])];
    assert_eq!(error_of(&mut Harness::new(&seed), proposal(1, &[1, 2])), ErrorCode::IneligibleReplica);
}

/// A partition that 1 leads after an unclean election.
fn recovering() -> Harness {
    let mut registration = PartitionRegistration::new(list(&[1, 2]), list(&[1]));
    registration.recovery = LeaderRecoveryState::Recovering;
    let seed = [
        broker(1, false),
        broker(2, false),
        topic("foo"),
        MetadataRecord::Partition { partition: p(0), registration },
    ];
    Harness::new(&seed)
}

/// KIP-704; ReplicationControlManager.validateAlterPartitionData.
#[test]
fn a_recovering_leader_stands_alone_until_it_says_that_it_recovered() {
    let mut too_many = proposal(1, &[1, 2]);
    too_many.partitions[0].leader_recovery_state = LeaderRecoveryState::Recovering;
    assert_eq!(error_of(&mut recovering(), too_many), ErrorCode::InvalidRequest);
    let mut harness = recovering();
    assert_eq!(error_of(&mut harness, proposal(1, &[1, 2])), ErrorCode::None);
    expect![[r#"
        0-0: isr [1, 2] Recovered
    "#]]
    .assert_eq(&harness.written());
}

/// One request, one batch: ReplicationControlManager.alterPartition answers each partition for itself.
#[test]
fn a_refused_partition_does_not_hold_back_the_others() {
    let mut seed = [1, 2].map(|n| broker(n, false)).to_vec();
    seed.extend([topic("foo"), partition(0, &[1, 2], &[1, 2]), partition(1, &[1, 2], &[1, 2])]);
    let mut harness = Harness::new(&seed);
    let mut request = proposal(1, &[1]);
    let mut second = request.partitions[0].clone();
    second.partition = p(1);
    request.partitions[0].leader_epoch = LeaderEpoch(3);
    request.partitions.push(second);
    let errors: Vec<ErrorCode> =
        harness.alter(request).partitions.iter().map(|answer| answer.error).collect();
    assert_eq!(errors, [ErrorCode::NotController, ErrorCode::None]);
    expect![[r#"
        0-1: isr [1]
    "#]]
    .assert_eq(&harness.written());
}
