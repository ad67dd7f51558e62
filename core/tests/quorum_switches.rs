//! Bugs that the metadata quorum had, each with its switch: what happened then, and what happens now.

use kraftscope_core::check::{Rule, State};
use kraftscope_core::history::{History, NoteLog};
use kraftscope_core::id::NodeId;
use kraftscope_core::kraft::Quorum;
use kraftscope_core::note::{HaltReason, Note, ResignReason};
use kraftscope_core::scenario::{Line, play_line};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;

/// The default cluster with so many controllers and these switches off, after ten seconds.
fn cluster(controllers: u8, off: &[&str]) -> History {
    let mut genesis = Genesis { controllers, ..Genesis::default() };
    for switch in off {
        genesis.settings.features.set(switch, "off").expect("a switch");
    }
    let mut history = History::new(genesis).expect("a valid genesis");
    history.seek_time(Time(10_000_000), 100_000);
    history
}

fn play(history: &mut History, lines: &[&str]) {
    for text in lines {
        let line = Line::parse(text, &history.names()).expect("a line");
        play_line(history, &line).expect("it can be done");
    }
}

/// The controllers with the active one first.
fn controllers(history: &History) -> Vec<NodeId> {
    let active = history.sim().world().active_controller().expect("one is active");
    let all = history.sim().world().genesis.controller_ids();
    [active].into_iter().chain(all.filter(|&id| id != active)).collect()
}

fn quorum(history: &History, node: NodeId) -> &Quorum {
    history.sim().world().process(node).and_then(|process| process.quorum()).expect("it runs")
}

fn leaders(history: &History) -> Vec<NodeId> {
    let running = history.sim().world().slots.iter().filter(|slot| slot.process.is_some());
    let ids = running
        .map(|slot| slot.id)
        .filter(|id| history.sim().world().genesis.controller_ids().any(|c| c == *id));
    ids.filter(|&id| quorum(history, id).is_leader()).collect()
}

fn count(history: &History, matches: impl Fn(&Note) -> bool) -> usize {
    history.notes(0..u64::MAX).filter(|NoteLog { note, .. }| matches(note)).count()
}

fn broken(history: &History, rule: Rule) -> bool {
    let state = history.sim().checker().and_then(|checker| checker.state(rule as u32));
    matches!(state, Some(State::Broken { .. }))
}

fn all_kept(history: &History) -> bool {
    history.sim().checker().map(|checker| checker.broken_count()) == Some(0)
}

/// A leader that is cut off, seen twenty seconds later.
fn isolated_leader(off: &[&str]) -> (History, NodeId) {
    let mut history = cluster(3, off);
    let old = controllers(&history)[0];
    play(&mut history, &[&format!("isolate {old}"), "run 20s"]);
    (history, old)
}

/// Source: KAFKA-15489 (B32): safety holds, but clients of the old leader are served old metadata for ever (V14).
#[test]
fn without_check_quorum_an_isolated_leader_leads_on() {
    let (history, old) = isolated_leader(&["check_quorum"]);
    assert!(leaders(&history).contains(&old) && leaders(&history).len() == 2);
    assert!(all_kept(&history));
}

/// Source: KAFKA-15489, `LeaderState.timeUntilCheckQuorumExpires`.
#[test]
fn with_check_quorum_an_isolated_leader_resigns() {
    let (history, old) = isolated_leader(&[]);
    assert!(!leaders(&history).contains(&old) && leaders(&history).len() == 1);
    let resigned =
        |note: &Note| matches!(note, Note::BecameResigned { reason: ResignReason::CheckQuorum, .. });
    assert_eq!(count(&history, resigned), 1);
    assert!(all_kept(&history));
}

/// Five voters that lose their leader one after the other, so that their fetch timers run out one after the other; a
/// minute later.
fn dead_leader(off: &[&str]) -> History {
    let mut history = cluster(5, off);
    let all = controllers(&history);
    for follower in &all[1..] {
        play(&mut history, &[&format!("cut {} {follower}", all[0]), "run 600ms"]);
    }
    play(&mut history, &[&format!("crash {} unflushed", all[0]), "run 60s"]);
    history
}

/// Source: KIP-996 (B33), the ping-pong variant: each follower tells the others about the dead leader (V2).
#[test]
fn followers_that_trust_a_leader_for_ever_wait_for_a_dead_one() {
    let history = dead_leader(&["pre_vote_until_fetched"]);
    assert!(leaders(&history).is_empty());
    let asked = |note: &Note| matches!(note, Note::BecameProspective { .. });
    assert!(count(&history, asked) > 40, "round after round of pre-votes");
    assert!(all_kept(&history));
}

/// Source: `FollowerState.canGrantVote`: who has not fetched since it became a follower grants pre-votes.
#[test]
fn followers_that_trust_only_a_leader_that_answers_elect_another() {
    let history = dead_leader(&[]);
    assert_eq!(leaders(&history).len(), 1);
    assert!(all_kept(&history));
}

/// The leader and a follower lose their power with everything that the quorum has acknowledged, and elect one of
/// them before the third, which holds it all, can be heard.
fn double_power_loss(off: &[&str]) -> (History, NodeId) {
    let mut history = cluster(3, off);
    let all = controllers(&history);
    let (leader, follower, survivor) = (all[0], all[1], all[2]);
    let lines = [
        format!("isolate {survivor}"),
        format!("crash {leader} unflushed"),
        format!("crash {follower} unflushed"),
        "run 1s".to_owned(),
        format!("start {leader}"),
        format!("start {follower}"),
        "run 15s".to_owned(),
        format!("rejoin {survivor}"),
        "run 15s".to_owned(),
    ];
    play(&mut history, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    (history, survivor)
}

/// Source: KAFKA-10533, RaftFsync.tla (B36).
#[test]
fn records_acknowledged_before_the_flush_are_committed_and_lost() {
    let (history, _) = double_power_loss(&["flush_before_ack"]);
    for rule in [Rule::K5, Rule::K7, Rule::K10] {
        assert!(broken(&history, rule), "{rule:?}");
    }
}

/// Source: `KafkaRaftClient.appendAsFollower`, `flushLeaderLog`.
#[test]
fn records_flushed_before_they_are_acknowledged_survive_power_losses() {
    let (history, _) = double_power_loss(&[]);
    assert!(all_kept(&history));
    assert_eq!(leaders(&history).len(), 1);
}

/// Source: KAFKA-12460 (B13): possible only after data was lost, which takes another bug.
#[test]
fn without_the_guard_a_follower_cuts_committed_records_in_silence() {
    let (history, survivor) = double_power_loss(&["flush_before_ack", "metadata_truncation_guard"]);
    assert!(broken(&history, Rule::K9));
    assert!(quorum(&history, survivor).halted().is_none());
    let cut = |note: &Note| matches!(note, Note::MetadataLogTruncated { .. });
    assert!(count(&history, cut) > 0);
}

/// Source: KAFKA-12460: stopping is better than being wrong.
#[test]
fn with_the_guard_a_follower_stops_rather_than_cut_committed_records() {
    let (history, survivor) = double_power_loss(&["flush_before_ack"]);
    assert!(!broken(&history, Rule::K9));
    let halted =
        |note: &Note| matches!(note, Note::QuorumHalted { reason: HaltReason::TruncationBelowHw, .. });
    assert_eq!(count(&history, halted), 4, "the survivor and every broker");
    assert!(history.sim().world().process(survivor).is_none());
}

/// An exception in the active controller, and a broker that dies later.
fn failed_controller(off: &[&str]) -> (History, NodeId) {
    let mut history = cluster(3, off);
    let active = controllers(&history)[0];
    play(&mut history, &[&format!("fail {active}"), "run 10s", "crash broker-3", "run 30s"]);
    (history, active)
}

/// Source: KAFKA-13104 (B39): a leader without an active controller (V1, V6).
#[test]
fn a_controller_that_renounces_and_leads_on_leaves_nobody_in_charge() {
    let (history, failed) = failed_controller(&["renounce_resigns"]);
    assert_eq!((leaders(&history), history.sim().world().active_controller()), (vec![failed], None));
    assert_eq!(count(&history, |note| matches!(note, Note::BrokerFenced { .. })), 0);
    assert_eq!(count(&history, |note| matches!(note, Note::ControllerActivated { .. })), 1);
    assert!(all_kept(&history));
}

/// Source: KAFKA-13104, `QuorumController.renounce`.
#[test]
fn a_controller_that_renounces_resigns_and_another_takes_over() {
    let (history, failed) = failed_controller(&[]);
    let resigned =
        |note: &Note| matches!(note, Note::BecameResigned { reason: ResignReason::ControllerFailed, .. });
    assert_eq!(count(&history, resigned), 1);
    assert!(history.sim().world().active_controller().is_some_and(|active| active != failed));
    assert_eq!(count(&history, |note| matches!(note, Note::BrokerFenced { .. })), 1);
    assert!(all_kept(&history));
}

/// Source: `QuorumController.handleEventException`: only the active controller has anything to give up.
#[test]
fn a_controller_that_is_not_active_refuses_to_fail() {
    let mut history = cluster(3, &[]);
    let other = controllers(&history)[1];
    play(&mut history, &[&format!("fail {other}")]);
    assert_eq!(count(&history, |note| matches!(note, Note::ControllerFailed { .. })), 0);
    assert_eq!(count(&history, |note| matches!(note, Note::CommandRefused { .. })), 1);
}
