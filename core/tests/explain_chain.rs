//! Chains of causes: from a note back to a person's click or a timer.

use expect_test::{Expect, expect};
use kraftscope_core::explain::{self, Link};
use kraftscope_core::history::History;
use kraftscope_core::scenario::{Condition, Line, play_line};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;

/// A running cluster.
fn cluster() -> History {
    let mut history = History::new(Genesis { seed: 12, ..Genesis::default() }).expect("the default is valid");
    history.seek_time(Time(10_000_000), 100_000);
    history
}

fn act(history: &mut History, text: &str) {
    let line = Line::parse(text, &history.names()).expect("a line");
    play_line(history, &line).expect("a legal action");
}

/// Runs until the note, and tells the chain behind it.
fn check(history: &mut History, note: &str, expected: &Expect) {
    let is_here = history.notes_of(history.event()).any(|found| explain::key(found) == note);
    let condition = Condition::parse(&format!("note {note}"), &history.names()).expect("a condition");
    assert!(is_here || history.until(&condition, 200_000), "{note} never came");
    let number = history.notes_of(history.event()).position(|found| explain::key(found) == note);
    let chain = explain::why(history, history.event(), number.map(|number| number as u32));
    expected.assert_eq(&chain.iter().map(line).collect::<String>());
}

fn line(link: &Link) -> String {
    let what = link.note.as_ref().map_or("-", explain::key);
    let node = link.node.map_or(String::from("nobody"), |node| node.to_string());
    let action = link.action.map_or(String::from("-"), |action| format!("{action:?}"));
    format!("{what} at {node} by {}\n", action.split('(').next().unwrap_or_default())
}

#[test]
fn a_new_leader_goes_back_to_the_crash_of_the_old_one() {
    let mut history = cluster();
    act(&mut history, "crash broker-1");
    check(
        &mut history,
        "LeaderElected",
        &expect![[r#"
        LeaderElected at controller-3 by Fire
        BrokerFenced at controller-3 by Fire
        Crashed at broker-1 by Crash
    "#]],
    );
    check(
        &mut history,
        "IsrChanged",
        &expect![[r#"
        IsrChanged at controller-3 by Fire
        BrokerFenced at controller-3 by Fire
        Crashed at broker-1 by Crash
    "#]],
    );
    check(
        &mut history,
        "BecameLeader",
        &expect![[r#"
        BecameLeader at broker-2 by Deliver
        LeaderElected at controller-3 by Fire
        BrokerFenced at controller-3 by Fire
        Crashed at broker-1 by Crash
    "#]],
    );
}

#[test]
fn an_election_of_the_quorum_goes_back_to_the_leader_that_was_paused() {
    let mut history = cluster();
    let leader = history.sim().world().active_controller().expect("a controller");
    act(&mut history, &format!("pause {leader}"));
    check(
        &mut history,
        "FetchTimedOut",
        &expect![[r#"
        FetchTimedOut at controller-2 by Fire
        Paused at controller-3 by Pause
    "#]],
    );
    check(
        &mut history,
        "BecameQuorumLeader",
        &expect![[r#"
        BecameQuorumLeader at controller-1 by Deliver
        BecameUnattached at controller-2 by Deliver
        BecameCandidate at controller-1 by Deliver
        VoteGranted at controller-2 by Deliver
        FetchTimedOut at controller-1 by Fire
        Paused at controller-3 by Pause
    "#]],
    );
    check(
        &mut history,
        "ControllerActivated",
        &expect![[r#"
        ControllerActivated at controller-1 by Deliver
        BecameQuorumFollower at controller-2 by Deliver
        BecameQuorumLeader at controller-1 by Deliver
        BecameUnattached at controller-2 by Deliver
        BecameCandidate at controller-1 by Deliver
        VoteGranted at controller-2 by Deliver
        FetchTimedOut at controller-1 by Fire
        Paused at controller-3 by Pause
    "#]],
    );
}

#[test]
fn a_shrunk_isr_goes_back_to_the_link_that_was_cut() {
    let mut history = cluster();
    act(&mut history, "cut broker-3 broker-1");
    check(
        &mut history,
        "IsrShrinkProposed",
        &expect![[r#"
        IsrShrinkProposed at broker-1 by Fire
        LinkCut at nobody by Cut
    "#]],
    );
    check(
        &mut history,
        "IsrChanged",
        &expect![[r#"
            IsrChanged at controller-3 by Deliver
            IsrShrinkProposed at broker-1 by Fire
            LinkCut at nobody by Cut
        "#]],
    );
    check(
        &mut history,
        "IsrChangeAccepted",
        &expect![[r#"
            IsrChangeAccepted at broker-1 by Deliver
            IsrChanged at controller-3 by Deliver
            IsrShrinkProposed at broker-1 by Fire
            LinkCut at nobody by Cut
        "#]],
    );
}

#[test]
fn a_commit_goes_back_to_the_record_that_was_sent() {
    let mut history = cluster();
    check(
        &mut history,
        "HighWatermarkAdvanced",
        &expect![[r#"
            HighWatermarkAdvanced at broker-1 by Deliver
            RecordsReplicated at broker-3 by Deliver
            RecordsAppended at broker-1 by Deliver
            BatchSent at producer-1 by Fire
            - at producer-1 by Fire
        "#]],
    );
    check(
        &mut history,
        "ProduceAcknowledged",
        &expect![[r#"
            ProduceAcknowledged at producer-1 by Deliver
            HighWatermarkAdvanced at broker-1 by Deliver
            RecordsReplicated at broker-3 by Deliver
            RecordsAppended at broker-1 by Deliver
            BatchSent at producer-1 by Fire
            - at producer-1 by Fire
        "#]],
    );
    check(
        &mut history,
        "RecordsConsumed",
        &expect![[r#"
            RecordsConsumed at consumer-1 by Deliver
            HighWatermarkAdvanced at broker-1 by Deliver
            RecordsReplicated at broker-3 by Deliver
            RecordsAppended at broker-1 by Deliver
            BatchSent at producer-1 by Fire
            - at producer-1 by Fire
        "#]],
    );
}

#[test]
fn a_broker_that_comes_back_goes_back_to_its_start() {
    let mut history = cluster();
    act(&mut history, "crash broker-2");
    history.seek_time(Time(30_000_000), 100_000);
    act(&mut history, "start broker-2");
    check(
        &mut history,
        "BrokerRegistered",
        &expect![[r#"
        BrokerRegistered at controller-3 by Deliver
        Started at broker-2 by Start
    "#]],
    );
    check(
        &mut history,
        "BrokerUnfenced",
        &expect![[r#"
        BrokerUnfenced at controller-3 by Deliver
        BrokerRegistered at controller-3 by Deliver
        Started at broker-2 by Start
    "#]],
    );
    check(
        &mut history,
        "IsrExpandProposed",
        &expect![[r#"
        IsrExpandProposed at broker-3 by Deliver
        BrokerUnfenced at controller-3 by Deliver
        BrokerRegistered at controller-3 by Deliver
        Started at broker-2 by Start
    "#]],
    );
}
