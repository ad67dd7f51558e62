//! The pure rules of the controller of the ZooKeeper era: elections, assignments, placement.

use expect_test::{Expect, expect};
use kraftscope_core::id::{BrokerEpoch, LeaderEpoch, NodeId, NodeList};
use kraftscope_core::node::Out;
use kraftscope_core::record::LeaderRecoveryState;
use kraftscope_core::release::Release;
use kraftscope_core::zk_controller::ControllerContext;
use kraftscope_core::zk_controller::admin::assign_replicas;
use kraftscope_core::zk_controller::context::{ControlledPartition, LiveBroker};
use kraftscope_core::zk_controller::election::{
    Elected, Strategy, elect, first_live_in_sync, offline_partition_leader, preferred_leader,
};
use kraftscope_core::znode::{PartitionState, ReplicaAssignment};

const CLEAN: Strategy = Strategy::OfflinePartition { allow_unclean: false };

fn nodes(ids: &[u8]) -> NodeList {
    NodeList::brokers(ids)
}

fn b(id: u8) -> Option<NodeId> {
    Some(NodeId::broker(id))
}

/// Replicas 1, 2, 3; these live, these shut down, these are in sync; broker 1 led.
fn decide(
    strategy: Strategy,
    live: &[u8],
    shutting_down: &[u8],
    isr: &[u8],
    unclean: bool,
) -> Option<Elected> {
    let broker = |&id: &u8| (NodeId::broker(id), LiveBroker { epoch: BrokerEpoch(1), rack: None });
    let context = ControllerContext {
        live_brokers: live.iter().map(broker).collect(),
        shutting_down: shutting_down.iter().map(|&id| NodeId::broker(id)).collect(),
        ..ControllerContext::default()
    };
    let partition = ControlledPartition::new(ReplicaAssignment::of(nodes(&[1, 2, 3])));
    let old = PartitionState {
        leader: b(1),
        leader_epoch: LeaderEpoch(4),
        isr: nodes(isr),
        controller_epoch: 1,
        recovery: LeaderRecoveryState::Recovered,
    };
    elect(strategy, &context, &Release::V3_9.features(), &partition, &old, unclean)
}

fn check(elected: Option<Elected>, expected: Expect) {
    let text = elected.map_or(String::from("nobody"), |Elected { state, recipients, choice }| {
        format!(
            "leader={:?} isr={} epoch={} {:?} {choice:?} told={recipients}",
            state.leader.map(NodeId::number),
            state.isr,
            state.leader_epoch,
            state.recovery
        )
    });
    expected.assert_eq(&text);
}

/// Source: `PartitionLeaderElectionAlgorithmsTest.testOfflinePartitionLeaderElection`.
#[test]
fn of_an_offline_partition_the_first_live_replica_in_the_isr_leads() {
    assert_eq!(offline_partition_leader(&nodes(&[2, 4]), &nodes(&[2, 4]), &nodes(&[4]), false), b(4));
}

/// Source: `testOfflinePartitionLeaderElectionLastIsrOfflineUncleanLeaderElectionDisabled`.
#[test]
fn nobody_leads_when_the_isr_is_dead_and_unclean_election_is_not_allowed() {
    assert_eq!(offline_partition_leader(&nodes(&[2, 4]), &nodes(&[2]), &nodes(&[4]), false), None);
}

/// Source: `testOfflinePartitionLeaderElectionLastIsrOfflineUncleanLeaderElectionEnabled`.
#[test]
fn the_first_live_replica_leads_when_the_isr_is_dead_and_unclean_election_is_allowed() {
    assert_eq!(offline_partition_leader(&nodes(&[2, 4]), &nodes(&[2]), &nodes(&[4]), true), b(4));
}

/// Source: `testReassignPartitionLeaderElection`, `…WithNoLiveIsr`, `…WithEmptyIsr`.
#[test]
fn of_a_target_the_first_that_lives_and_is_in_sync_leads() {
    assert_eq!(first_live_in_sync(&nodes(&[2, 4]), &nodes(&[2, 4]), &nodes(&[4])), b(4));
    assert_eq!(first_live_in_sync(&nodes(&[2, 4]), &nodes(&[2]), &nodes(&[4])), None);
    assert_eq!(first_live_in_sync(&nodes(&[2, 4]), &nodes(&[]), &nodes(&[2])), None);
}

/// Source: `testPreferredReplicaPartitionLeaderElection`, `…PreferredReplicaInIsrNotLive`,
/// `…PreferredReplicaNotInIsrLive`, `…PreferredReplicaNotInIsrNotLive`.
#[test]
fn only_the_first_replica_is_preferred() {
    assert_eq!(preferred_leader(&nodes(&[2, 4]), &nodes(&[2, 4]), &nodes(&[2, 4])), b(2));
    assert_eq!(preferred_leader(&nodes(&[2, 4]), &nodes(&[2]), &nodes(&[])), None);
    assert_eq!(preferred_leader(&nodes(&[2, 4]), &nodes(&[4]), &nodes(&[2, 4])), None);
    assert_eq!(preferred_leader(&nodes(&[2, 4]), &nodes(&[]), &nodes(&[])), None);
}

/// Source: `Election.leaderForOffline`: the ISR is restricted to live replicas, the epoch rises by one.
#[test]
fn a_clean_election_keeps_of_the_isr_who_lives() {
    check(
        decide(CLEAN, &[2, 3], &[], &[1, 3], false),
        expect!["leader=Some(3) isr=[3] epoch=5 Recovered InSync told=[2, 3]"],
    );
}

/// Source: `Election.leaderForOffline`, KIP-704.
#[test]
fn after_an_unclean_election_the_leader_stands_alone_and_recovers() {
    check(
        decide(CLEAN, &[2, 3], &[], &[1], true),
        expect!["leader=Some(2) isr=[2] epoch=5 Recovering Unclean told=[2, 3]"],
    );
    check(decide(CLEAN, &[2, 3], &[], &[1], false), expect!["nobody"]);
}

/// Source: `testControlledShutdownPartitionLeaderElection`, `…LastIsrShuttingDown`,
/// `…AllIsrSimultaneouslyShutdown`; `Election.leaderForControlledShutdown`.
#[test]
fn who_shuts_down_leaves_the_isr_unless_nobody_would_be_left() {
    check(
        decide(Strategy::ControlledShutdown, &[1, 2, 3], &[1], &[1, 2], false),
        expect!["leader=Some(2) isr=[2] epoch=5 Recovered InSync told=[1, 2, 3]"],
    );
    check(decide(Strategy::ControlledShutdown, &[1, 2, 3], &[1], &[1], false), expect!["nobody"]);
    check(decide(Strategy::ControlledShutdown, &[1, 2], &[1, 2], &[1, 2], false), expect!["nobody"]);
}

/// Source: `Election.leaderForPreferredReplica`: a shutting-down broker is not live.
#[test]
fn a_preferred_election_leaves_the_isr_as_it_is() {
    check(
        decide(Strategy::PreferredReplica, &[1, 2], &[], &[2, 1], false),
        expect!["leader=Some(1) isr=[2, 1] epoch=5 Recovered Preferred told=[1, 2, 3]"],
    );
    check(decide(Strategy::PreferredReplica, &[1, 2], &[1], &[2, 1], false), expect!["nobody"]);
}

/// Source: `ControllerContextTest.testReassignTo`, `testReassignToIdempotence`; KIP-455.
#[test]
fn a_reassignment_names_its_target_first_and_then_who_will_go() {
    let begun = ReplicaAssignment::of(nodes(&[1, 2, 3])).reassign_to(nodes(&[3, 5, 6]));
    assert_eq!(begun.replicas, nodes(&[3, 5, 6, 1, 2]));
    assert_eq!((begun.adding, begun.removing), (nodes(&[5, 6]), nodes(&[1, 2])));
    assert_eq!((begun.target(), begun.origin()), (nodes(&[3, 5, 6]), nodes(&[3, 1, 2])));
    assert_eq!(begun.reassign_to(nodes(&[3, 5, 6])), begun);
    let back = begun.reassign_to(nodes(&[1, 2, 3]));
    assert_eq!(back, ReplicaAssignment::of(nodes(&[1, 2, 3])));
}

/// Source: `AdminUtils.assignReplicasToBrokersRackUnaware`.
#[test]
fn replicas_are_dealt_round_the_brokers_and_the_others_stand_further_off_each_round() {
    let brokers = [1, 2, 3, 4, 5].map(NodeId::broker);
    let assigned = assign_replicas(&brokers, 10, 3, &mut Out::new(4));
    let text: Vec<String> = assigned.iter().map(NodeList::to_string).collect();
    expect![
        "[3, 4, 5] [4, 5, 1] [5, 1, 2] [1, 2, 3] [2, 3, 4] [3, 5, 1] [4, 1, 2] [5, 2, 3] [1, 3, 4] [2, 4, 5]"
    ]
    .assert_eq(&text.join(" "));
}

/// Source: `AdminUtils.assignReplicasToBrokers` with one broker.
#[test]
fn one_broker_gets_everything() {
    let assigned = assign_replicas(&[NodeId::broker(1)], 2, 1, &mut Out::new(1));
    assert_eq!(assigned, [nodes(&[1]), nodes(&[1])]);
}
