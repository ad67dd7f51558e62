//! When a promise is not given: what the checker says instead of calling it broken.

use kraftscope_core::check::{Rule, State, Why};
use kraftscope_core::history::History;
use kraftscope_core::id::NodeId;
use kraftscope_core::scenario::{Line, play_line};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;

fn play(genesis: Genesis, lines: &[&str]) -> History {
    let mut history = History::new(genesis).expect("a valid genesis");
    history.seek_time(Time(10_000_000), 100_000);
    for text in lines {
        let line = Line::parse(text, &history.names()).expect("a line");
        play_line(&mut history, &line).expect("it can be done");
    }
    history
}

/// The state of a rule at the end, and how many acknowledged records are gone.
fn outcome(history: &History, rule: Rule) -> (State, u32) {
    let checker = history.sim().checker().expect("checks are on");
    assert_eq!(checker.broken_count(), 0);
    (checker.state(rule as u32).expect("it is in the table"), checker.lost().count() as u32)
}

/// Source: KIP-966 motivation, "last replica standing".
#[test]
fn a_last_in_sync_replica_that_lost_records_voids_the_promise() {
    // The page cache is written back every five seconds: three seconds of records are gone.
    let lines = [
        "min-isr orders 1",
        "min-isr payments 1",
        "crash broker-1",
        "crash broker-3",
        "run 23s",
        "crash broker-2 unflushed",
        "run 20s",
        "start broker-2",
        "run 20s",
    ];
    let history = play(Genesis::default(), &lines);
    let (_, lost) = outcome(&history, Rule::S5);
    assert!(lost > 0);
    let checker = history.sim().checker().expect("checks are on");
    let voided = |why| matches!(why, Why::LeaderLostRecords { leader, .. } if leader == NodeId::broker(2));
    assert!(checker.void().count() > 0 && checker.void().all(|(_, why)| voided(why)));
}

/// Source: KIP-106, unclean.leader.election.enable.
#[test]
fn an_unclean_election_voids_the_promise() {
    let lines = [
        "crash broker-3",
        "run 20s",
        "crash broker-1",
        "crash broker-2",
        "run 20s",
        "start broker-3",
        "run 5s",
        "unclean orders on",
        "unclean payments on",
        "run 5s",
    ];
    let history = play(Genesis::default(), &lines);
    let (state, lost) = outcome(&history, Rule::C1);
    assert!(matches!(
        state,
        State::NotApplicable { why: Why::UncleanElection { leader, .. } } if leader == NodeId::broker(3)
    ));
    assert!(lost > 0);
}

/// Source: the documentation of `acks`.
#[test]
fn with_acks_1_a_lost_record_is_counted_and_breaks_nothing() {
    let mut genesis = Genesis::default();
    genesis.producers[0].acks = Some(kraftscope_core::config::Acks::One);
    let history = play(
        genesis,
        &[
            "isolate broker-1",
            "rejoin broker-1",
            "pause broker-2",
            "pause broker-3",
            "run 2s",
            "crash broker-1",
            "resume broker-2",
            "resume broker-3",
            "run 20s",
        ],
    );
    let (state, lost) = outcome(&history, Rule::C1);
    assert_eq!(state, State::NotApplicable { why: Why::NoAcksAll });
    assert!(lost > 0);
}

/// Source: KIP-101: a power loss of one replica costs nothing while others are in sync.
#[test]
fn a_power_loss_of_one_leader_voids_nothing() {
    let history =
        play(Genesis::default(), &["crash broker-1 unflushed", "run 3s", "start broker-1", "run 60s"]);
    let (state, lost) = outcome(&history, Rule::S5);
    assert!(matches!(state, State::Holds { checked } if checked > 0));
    assert_eq!(lost, 0);
}
