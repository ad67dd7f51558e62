//! What a cluster that stands still is waiting for.

use expect_test::{Expect, expect};
use kraftscope_core::explain::stuck;
use kraftscope_core::history::History;
use kraftscope_core::mode::Mode;
use kraftscope_core::scenario::{Line, play_line};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;

fn cluster(genesis: Genesis) -> History {
    let mut history = History::new(genesis).expect("the default is valid");
    history.seek_time(Time(10_000_000), 100_000);
    history
}

fn play(history: &mut History, lines: &[&str]) {
    for text in lines {
        let line = Line::parse(text, &history.names()).expect("a line");
        play_line(history, &line).expect("it can be done");
    }
}

fn check(lines: &[&str], expected: &Expect) {
    check_in(Genesis::default(), lines, expected);
}

fn check_in(genesis: Genesis, lines: &[&str], expected: &Expect) {
    let mut history = cluster(genesis);
    play(&mut history, lines);
    let found = stuck(history.sim().world(), history.sim().net());
    expected.assert_eq(&found.iter().map(|one| format!("{one:?}\n")).collect::<String>());
}

#[test]
fn a_cluster_that_works_waits_for_nothing() {
    check(&["run 5s"], &expect![[""]]);
}

#[test]
fn two_of_three_controllers_down_are_no_quorum() {
    check(
        &["crash controller-1", "crash controller-2"],
        &expect![[r#"
        NoQuorum { up: 1, needed: 2 }
    "#]],
    );
}

#[test]
fn two_of_three_members_down_are_no_ensemble() {
    check_in(
        Genesis::default().in_mode(Mode::ZooKeeper),
        &["crash zookeeper-1", "crash zookeeper-2"],
        &expect![[r#"
        NoEnsemble { up: 1, needed: 2 }
    "#]],
    );
}

#[test]
fn controllers_that_cannot_talk_are_no_quorum() {
    check(
        &["isolate controller-1", "cut controller-2 controller-3", "run 10s"],
        &expect![[r#"
        NoQuorum { up: 1, needed: 2 }
    "#]],
    );
}

#[test]
fn after_the_active_controller_died_there_is_none_yet() {
    check(
        &["crash controller-3", "run 100ms"],
        &expect![[r#"
        NoControllerYet
    "#]],
    );
}

#[test]
fn a_leader_that_died_is_not_missed_before_its_session_ends() {
    check(
        &["crash broker-1", "run 1s"],
        &expect![[r#"
            LeaderSilent { partition: TopicPartition { topic: TopicId(0), partition: 0 }, leader: NodeId(1), session_until: Some(Time(18402582)) }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(1), partition: 0 }, waiting_for: Offset(11), member: NodeId(1) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(1), partition: 0 }, member: NodeId(1), its_leo: Some(Offset(10)), leo: Offset(11), lagging_at: Some(Time(39879184)) }
        "#]],
    );
}

#[test]
fn a_broker_that_restarts_too_soon_waits_for_its_own_old_session() {
    check(
        &["crash broker-1", "start broker-1", "run 1s"],
        &expect![[r#"
            BrokerNotRegistered { broker: NodeId(1), session_until: Some(Time(18402582)) }
            LeaderNotAware { partition: TopicPartition { topic: TopicId(0), partition: 0 }, leader: NodeId(1) }
        "#]],
    );
}

#[test]
fn with_all_in_sync_replicas_down_only_the_last_one_can_help() {
    check(
        &["crash broker-1", "crash broker-3", "run 20s", "crash broker-2", "run 20s"],
        &expect![[r#"
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(2), unclean_election: false }
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(0), partition: 1 }, member: NodeId(2), unclean_election: false }
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(0), partition: 2 }, member: NodeId(2), unclean_election: false }
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(1), partition: 0 }, member: NodeId(2), unclean_election: false }
    "#]],
    );
}

/// Source: KIP-966; broker 2 was killed, so its new life is not eligible any more.
#[test]
fn with_elr_a_killed_replica_cannot_help_while_an_eligible_one_is_down() {
    let down = ["crash broker-1", "crash broker-3", "run 20s", "crash broker-2", "run 20s"];
    check(
        &[&down[..], &["start broker-2", "run 20s"]].concat(),
        &expect![[r#"
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(3), unclean_election: false }
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(0), partition: 1 }, member: NodeId(3), unclean_election: false }
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(0), partition: 2 }, member: NodeId(3), unclean_election: false }
        NoLeaderOnlyIsrMemberDown { partition: TopicPartition { topic: TopicId(1), partition: 0 }, member: NodeId(3), unclean_election: false }
    "#]],
    );
}

#[test]
fn the_last_in_sync_replica_must_be_unfenced_before_it_leads() {
    let down = ["crash broker-1", "crash broker-3", "run 20s", "crash broker-2", "run 20s"];
    let mut genesis = Genesis::default();
    genesis.settings.features.elr = false;
    check_in(
        genesis,
        &[&down[..], &["start broker-2", "run 10ms"]].concat(),
        &expect![[r#"
            BrokerNotRegistered { broker: NodeId(2), session_until: None }
            NoLeaderIsrMemberFenced { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(2) }
            NoLeaderIsrMemberFenced { partition: TopicPartition { topic: TopicId(0), partition: 1 }, member: NodeId(2) }
            NoLeaderIsrMemberFenced { partition: TopicPartition { topic: TopicId(0), partition: 2 }, member: NodeId(2) }
            NoLeaderIsrMemberFenced { partition: TopicPartition { topic: TopicId(1), partition: 0 }, member: NodeId(2) }
        "#]],
    );
}

#[test]
fn a_broker_that_cannot_reach_the_controller_stays_fenced() {
    check(
        &["isolate broker-2", "run 20s"],
        &expect![[r#"
        FencedBroker { broker: NodeId(2), reaches_controller: false }
    "#]],
    );
}

#[test]
fn below_min_insync_replicas_nothing_is_committed() {
    check(
        &["crash broker-1", "crash broker-3", "run 20s"],
        &expect![[r#"
        UnderMinIsr { partition: TopicPartition { topic: TopicId(0), partition: 0 }, isr: [2], min_isr: 2 }
        UnderMinIsr { partition: TopicPartition { topic: TopicId(0), partition: 1 }, isr: [2], min_isr: 2 }
        UnderMinIsr { partition: TopicPartition { topic: TopicId(0), partition: 2 }, isr: [2], min_isr: 2 }
        UnderMinIsr { partition: TopicPartition { topic: TopicId(1), partition: 0 }, isr: [2], min_isr: 2 }
    "#]],
    );
}

#[test]
fn a_follower_that_stands_still_holds_up_commits() {
    check(
        &["pause broker-3", "run 5s"],
        &expect![[r#"
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(0), partition: 0 }, waiting_for: Offset(4), member: NodeId(3) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(3), its_leo: Some(Offset(3)), leo: Offset(4), lagging_at: Some(Time(39683947)) }
            LeaderSilent { partition: TopicPartition { topic: TopicId(0), partition: 2 }, leader: NodeId(3), session_until: Some(Time(18402305)) }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(1), partition: 0 }, waiting_for: Offset(11), member: NodeId(3) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(1), partition: 0 }, member: NodeId(3), its_leo: Some(Offset(10)), leo: Offset(11), lagging_at: Some(Time(39879066)) }
        "#]],
    );
}

#[test]
fn an_isr_change_needs_a_controller() {
    check(
        &[
            "pause broker-3",
            "run 9s",
            "crash controller-1",
            "crash controller-2",
            "crash controller-3",
            "run 40s",
        ],
        &expect![[r#"
            NoQuorum { up: 0, needed: 2 }
            IsrChangeWaitsForController { partition: TopicPartition { topic: TopicId(0), partition: 0 }, leader: NodeId(1), proposed: [1, 2] }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(0), partition: 0 }, waiting_for: Offset(5), member: NodeId(3) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(3), its_leo: Some(Offset(3)), leo: Offset(5), lagging_at: Some(Time(39683947)) }
            LeaderSilent { partition: TopicPartition { topic: TopicId(0), partition: 2 }, leader: NodeId(3), session_until: None }
            IsrChangeWaitsForController { partition: TopicPartition { topic: TopicId(1), partition: 0 }, leader: NodeId(2), proposed: [2, 1] }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(1), partition: 0 }, waiting_for: Offset(12), member: NodeId(3) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(1), partition: 0 }, member: NodeId(3), its_leo: Some(Offset(10)), leo: Offset(12), lagging_at: Some(Time(39879066)) }
        "#]],
    );
}

/// Source: Raft: neither a controller nor an ISR can help a group that has no majority.
#[test]
fn a_raft_group_without_a_majority_waits_for_it_and_for_nothing_else() {
    check_in(
        Genesis::default().in_mode(Mode::KafkaRaft),
        &["crash broker-1", "crash broker-2", "run 20s"],
        &expect![[r#"
            NoGroupMajority { partition: TopicPartition { topic: TopicId(0), partition: 0 }, up: 1, needed: 2 }
            NoGroupMajority { partition: TopicPartition { topic: TopicId(0), partition: 1 }, up: 1, needed: 2 }
            NoGroupMajority { partition: TopicPartition { topic: TopicId(0), partition: 2 }, up: 1, needed: 2 }
            NoGroupMajority { partition: TopicPartition { topic: TopicId(1), partition: 0 }, up: 1, needed: 2 }
        "#]],
    );
}

/// Source: KIP-500, "motivation": with ZooKeeper nobody takes the office before the session of the old controller ends.
#[test]
fn a_controller_that_died_keeps_its_znode_until_its_session_ends() {
    check_in(
        Genesis::default().in_mode(Mode::ZooKeeper),
        &["crash controller", "run 1s"],
        &expect![[r#"
            ControllerSilent { controller: NodeId(2), session_until: Some(Time(26000000)) }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(0), partition: 0 }, waiting_for: Offset(4), member: NodeId(2) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(2), its_leo: Some(Offset(3)), leo: Offset(4), lagging_at: Some(Time(39959373)) }
            LeaderSilent { partition: TopicPartition { topic: TopicId(0), partition: 1 }, leader: NodeId(2), session_until: Some(Time(26000000)) }
            LeaderSilent { partition: TopicPartition { topic: TopicId(1), partition: 0 }, leader: NodeId(2), session_until: Some(Time(26000000)) }
        "#]],
    );
}

/// Source: a controller that was replaced and does not know it (KAFKA-6082) says nothing about who is silent.
#[test]
fn who_reaches_zookeeper_is_not_silent_because_a_zombie_cannot_hear_it() {
    check_in(
        Genesis::default().in_mode(Mode::ZooKeeper),
        &["isolate controller", "until note SessionExpired"],
        &expect![[r#"
            NoControllerYet
            BrokerNotRegistered { broker: NodeId(2), session_until: None }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(0), partition: 0 }, waiting_for: Offset(4), member: NodeId(2) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(0), partition: 0 }, member: NodeId(2), its_leo: Some(Offset(3)), leo: Offset(4), lagging_at: Some(Time(39959373)) }
            LeaderSilent { partition: TopicPartition { topic: TopicId(0), partition: 1 }, leader: NodeId(2), session_until: None }
            ProduceWaitsForIsr { partition: TopicPartition { topic: TopicId(0), partition: 2 }, waiting_for: Offset(5), member: NodeId(2) }
            HighWatermarkWaitsFor { partition: TopicPartition { topic: TopicId(0), partition: 2 }, member: NodeId(2), its_leo: Some(Offset(4)), leo: Offset(5), lagging_at: Some(Time(39551619)) }
            LeaderSilent { partition: TopicPartition { topic: TopicId(1), partition: 0 }, leader: NodeId(2), session_until: None }
        "#]],
    );
}
