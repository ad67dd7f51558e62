//! Runs of today's Kafka are runs of the abstract model; with a rule of KIP-320 or KIP-497 switched off they are not.
//!
//! Source: Kip320.tla and what it demands of fetches, high watermark, expansion and truncation; AsyncIsr.tla.

use kraftscope_search::preset::Preset;
use kraftscope_search::run::Run;
use kraftscope_search::swarm::Swarm;

/// The run of this seed, held against the model, with switches otherwise than in its release.
fn run(seed: u64, switches: &[(&str, &str)]) -> Run {
    let mut swarm = Swarm::from(Preset::find("model").expect("a preset"));
    let named = switches.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    swarm.switches.extend(named);
    let (genesis, plan) = swarm.draw(seed);
    let mut run = Run::new(genesis, plan).expect("a valid genesis");
    while !run.advance(10_000) {}
    run
}

/// What the first mismatch of these seeds says that a broker did.
fn first_mismatch(switches: &[(&str, &str)], seeds: std::ops::Range<u64>) -> Option<&'static str> {
    seeds.filter_map(|seed| run(seed, switches).mismatch().map(|mismatch| mismatch.did)).next()
}

/// A leader of the time before KIP-320: it takes fetches of any leader epoch.
const ANY_EPOCH: (&str, &str) = ("fetch_checks_leader_epoch", "off");

#[test]
fn every_step_of_a_correct_run_is_one_of_the_model() {
    let runs: Vec<Run> = (0..40).map(|seed| run(seed, &[])).collect();
    assert!(runs.iter().all(|run| run.mismatch().is_none()));
    let steps: u64 = runs.iter().filter_map(Run::refinement).map(|model| model.steps()).sum();
    assert!(steps > 100_000, "{steps} steps of the model");
    let within = runs.iter().filter_map(Run::refinement).filter(|model| !model.is_outside()).count();
    assert!(within > 20, "{within} of 40 runs stayed within what the model knows");
}

/// Source: KIP-101: what a follower has in common with its leader stays.
#[test]
fn a_truncation_to_the_high_watermark_is_none() {
    let found = first_mismatch(&[("truncation", "high-watermark")], 0..10);
    assert_eq!(found, Some("truncates records that its leader has"));
}

/// Source: KIP-320, rule 1: a fetch is of the leader's epoch.
#[test]
fn a_fetch_of_another_epoch_is_none() {
    let found = first_mismatch(&[ANY_EPOCH], 35..60);
    assert_eq!(found, Some("appends a record to a log that has parted from its leader's"));
}

/// Source: KIP-320, rule 2: the high watermark counts what was fetched in this epoch. A follower of the time asks before
/// it fetches where its log parts from the leader's; today's would hear it with the fetch, which does not count then.
#[test]
fn a_commit_of_what_was_fetched_in_another_epoch_is_none() {
    let asks_before = ("truncation", "epoch-and-end-offset");
    assert_eq!(first_mismatch(&[ANY_EPOCH, asks_before], 560..570), None);
    let counts = ("hw_counts_current_epoch_only", "off");
    let found = first_mismatch(&[ANY_EPOCH, asks_before, counts], 560..570);
    assert_eq!(found, Some("commits a record that a member of the ISR has not, in this epoch"));
}

/// Source: KIP-320, rule 3: a replica joins the ISR after a fetch in this epoch.
#[test]
fn an_expansion_by_a_fetch_of_another_epoch_is_none() {
    assert_eq!(first_mismatch(&[ANY_EPOCH], 80..90), None);
    let found = first_mismatch(&[ANY_EPOCH, ("expansion_needs_current_epoch", "off")], 80..90);
    assert_eq!(found, Some("takes in a follower that has not caught up in this epoch"));
}

/// Source: KAFKA-7128.
#[test]
fn an_expansion_before_the_start_of_the_epoch_is_none() {
    let found = first_mismatch(&[("expansion_waits_for_epoch_start", "off")], 65..90);
    assert_eq!(found, Some("takes in a follower that has not caught up in this epoch"));
}

/// Source: KIP-497: who is about to leave counts still.
#[test]
fn a_commit_without_who_is_about_to_leave_is_none() {
    let found = first_mismatch(&[("shrink_waits_for_answer", "off")], 0..20);
    assert_eq!(found, Some("commits a record that a member of the ISR has not, in this epoch"));
}

/// Source: KIP-497: who is about to join counts already.
#[test]
fn a_commit_without_who_is_about_to_join_is_none() {
    let found = first_mismatch(&[("maximal_isr", "off")], 5..30);
    assert_eq!(found, Some("commits a record that a member of the ISR has not, in this epoch"));
}
