//! One partition on whole processes, all of it, within small bounds.
use kraftscope_core::check::Rule;
use kraftscope_core::config::Settings;
use kraftscope_core::history::History;
use kraftscope_models::explore::{Explorer, Limits};
use kraftscope_search::explore::cluster::{Bounds, ClusterWorld};
use kraftscope_search::explore::depths::{DEPTHS, Depth};
use kraftscope_search::explore::report::{Breach, Playable, Report};
use kraftscope_search::explore::walk::Walk;
use kraftscope_search::zoo::Bug;

fn explore(bounds: Bounds, settings: &Settings) -> Explorer<Walk<ClusterWorld>> {
    let walk = Walk::new(ClusterWorld::new(bounds, settings));
    Explorer::new(walk, Limits { stop_when_broken: true, ..Limits::default() }).run()
}

fn search(bounds: Bounds, settings: &Settings) -> Report {
    Report::of(&explore(bounds, settings))
}

/// The numbers of states, spread over a search, whose paths the simulator cannot follow.
fn astray(search: &Explorer<Walk<ClusterWorld>>) -> Vec<u32> {
    let last = search.states() as u32 - 1;
    let spread = (1..=12).map(|part| last / 12 * part);
    spread.filter(|&index| ClusterWorld::play(search.model(), &search.path(index)).is_none()).collect()
}

/// Looks for a bug where it is known to be met.
fn finds(name: &str) -> Report {
    let depth = Depth::of(name).expect("a bug that is met");
    let mut bounds = if depth.world == "cluster" { Bounds::CLUSTER } else { Bounds::PARTITION };
    depth.bounds.iter().for_each(|(name, value)| bounds.set(name, *value).expect("a bound"));
    let report = search(bounds, &Bug::find(name).expect("a bug of the zoo").settings());
    let nearest = &report.breaches[0];
    assert_eq!((nearest.rule, nearest.length), (depth.promise, depth.length));
    assert_eq!(report.states, u64::from(depth.states));
    report
}

/// The promises that a search found broken, each with the length of the path, and what the simulator's own checker says.
fn found(report: &Report) -> Vec<(Rule, u32, Vec<Rule>)> {
    let played = |breach: &Breach| breach.played.as_ref().expect("the simulator follows").broken.clone();
    report.breaches.iter().map(|breach| (breach.rule, breach.length, played(breach))).collect()
}

/// Source: the S group of the checker's table; a replica that lives is fenced, comes back, and may have led.
#[test]
fn no_order_of_messages_breaks_a_promise_of_a_partition() {
    let bounds = Bounds { records: 1, max_leader_epoch: 1, elections: 0, lags: 0, ..Bounds::PARTITION };
    let report = search(bounds, &Settings::default());
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
    assert_eq!(report.missed, Vec::<&str>::new());
}

/// Source: KIP-320; nobody relies on a replica outside the ISR that follows the leader of an epoch that is over, so it may
/// cut what was committed since (the checker's S10).
#[test]
fn an_outsider_of_an_old_epoch_may_cut_its_log() {
    let bounds = Bounds { fences: 2, elections: 0, lags: 0, records: 1, ..Bounds::PARTITION };
    let walk = Walk::new(ClusterWorld::new(bounds, &Settings::default()));
    let limits = Limits { stop_when_broken: true, states: 30_000, ..Limits::default() };
    assert_eq!(Report::of(&Explorer::new(walk, limits).run()).breaches, []);
}

/// Source: KIP-966; one replica loses its log.
#[test]
fn no_power_loss_of_one_broker_loses_what_two_had() {
    let report = search(Bounds { fences: 0, ..Bounds::CLUSTER }, &Settings::default());
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
    assert_eq!(report.missed, Vec::<&str>::new());
}

/// Source: KIP-101 (KAFKA-1211). The scenario that is written plays to the same end.
#[test]
fn truncation_to_the_high_watermark_is_found_and_replayed() {
    let report = finds("b01");
    let expected = [Rule::S1, Rule::S2, Rule::S10].map(|rule| (rule, 6, vec![Rule::S10]));
    assert_eq!(found(&report), expected);
    let scenario = &report.breaches[0].played.as_ref().expect("the simulator follows").scenario;
    let history = History::from_text(scenario).expect("the scenario plays");
    assert_eq!(history.sim().checker().map(|checker| checker.broken_count()), Some(1));
}

/// Source: KAFKA-14704.
#[test]
fn a_follower_that_shows_what_it_then_cuts_is_found() {
    assert_eq!(found(&finds("b11")), [(Rule::S3, 9, vec![Rule::S3])]);
}

/// Source: KAFKA-13141.
#[test]
fn a_diverging_fetch_that_counts_is_found() {
    let expected = [Rule::S1, Rule::S2].map(|rule| (rule, 7, vec![Rule::S1, Rule::S2]));
    assert_eq!(found(&finds("b12")), expected);
}

/// Source: KIP-497; the mutant of the abstract model AsyncIsr is found in 7 states.
#[test]
fn a_high_watermark_that_does_not_wait_for_a_pending_member_is_found() {
    let expected = [Rule::S7, Rule::S2].map(|rule| (rule, 6, vec![Rule::S7, Rule::S2]));
    assert_eq!(found(&finds("b15")), expected);
}

/// Source: KIP-497.
#[test]
fn a_shrink_that_counts_before_it_is_accepted_is_found() {
    let expected = [Rule::S7, Rule::S1].map(|rule| (rule, 3, vec![Rule::S7, Rule::S1, Rule::S2]));
    assert_eq!(found(&finds("b16")), expected);
}

/// Source: KIP-966. Whoever leads after a power loss has lost what two replicas had; without ELR that was agreed to, and
/// so the checker excuses it.
#[test]
fn the_last_replica_standing_is_found() {
    let report = finds("b18");
    assert_eq!(found(&report), [(Rule::C1, 11, vec![])]);
    assert!(report.breaches[0].played.as_ref().is_some_and(|played| played.excused));
}

/// Source: KIP-966.
#[test]
fn a_high_watermark_below_min_isr_is_found() {
    assert_eq!(found(&finds("b19")), [(Rule::S4, 7, vec![Rule::S4])]);
}

/// Source: the definition.
#[test]
fn every_bug_that_is_met_is_in_the_zoo() {
    assert!(DEPTHS.iter().all(|depth| Bug::find(depth.bug).is_ok()));
    assert!(DEPTHS.is_sorted_by_key(|depth| depth.bug));
}

/// Source: the simulator. Step by step its processes are where those of the world are, so what the search leaves out of a
/// state makes no difference.
#[test]
fn the_simulator_follows_whatever_happens_to_a_partition() {
    let bounds = Bounds { records: 1, max_leader_epoch: 1, elections: 0, lags: 0, ..Bounds::PARTITION };
    assert_eq!(astray(&explore(bounds, &Settings::default())), Vec::<u32>::new());
}
/// Source: the simulator.
#[test]
fn the_simulator_follows_brokers_that_crash() {
    let search = explore(Bounds { brokers: 2, crashes: 1, ..Bounds::CLUSTER }, &Settings::default());
    assert_eq!(astray(&search), Vec::<u32>::new());
}
