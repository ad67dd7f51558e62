//! Healthy protocols break no promise, whatever happens to the machines.

use kraftscope_core::check::INVARIANTS;
use kraftscope_core::note::Note;
use kraftscope_core::release::Release;
use kraftscope_core::sim::action::Rate;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Time;

/// Runs until `seconds` of virtual time have passed; returns what was broken, as text.
fn broken(genesis: Genesis, seconds: u64) -> Vec<String> {
    let mut sim = Sim::new(genesis).expect("the genesis is valid");
    let mut step = Step::default();
    let mut found = Vec::new();
    while sim.now() < Time(seconds * 1_000_000) && sim.step_into(&mut step) {
        for note in &step.notes {
            if let Note::InvariantBroken { invariant, partition, node, offset } = *note {
                let row = &INVARIANTS[usize::from(invariant)];
                found.push(format!(
                    "{} {} at event {} ({}): {partition:?} {node:?} {offset:?} {:?} {:?}",
                    row.id, row.name, step.event, step.time, step.action, step.notes
                ));
            }
        }
    }
    found
}

fn with_faults(release: Release, seed: u64, rates: &[(Rate, u32)]) -> Genesis {
    let mut genesis = Genesis { seed, ..Genesis::default() };
    genesis.settings.release = release;
    genesis.settings.features = release.features();
    genesis.rates = rates.iter().copied().collect();
    genesis
}

#[test]
fn an_undisturbed_cluster_breaks_no_promise() {
    for release in Release::KRAFT {
        let found = broken(with_faults(release, 7, &[]), 60);
        assert!(found.is_empty(), "{release}: {found:#?}");
    }
}

/// A few seeds in every release under these faults.
fn check(seeds: u64, seconds: u64, rates: &[(Rate, u32)]) {
    for release in Release::KRAFT {
        for seed in 0..seeds {
            let found = broken(with_faults(release, seed, rates), seconds);
            assert!(found.is_empty(), "{release} seed {seed}: {found:#?}");
        }
    }
}

const RECOVER: (Rate, u32) = (Rate::Recover, 150_000);

#[test]
fn crashes_that_keep_the_page_cache_break_no_promise() {
    check(4, 120, &[(Rate::Crash, 40_000), RECOVER]);
}

/// A broker that lost its tail must not lead on in its old epoch; and no replica may rely on it.
#[test]
fn power_losses_break_no_promise() {
    check(6, 120, &[(Rate::LossyCrash, 30_000), RECOVER]);
}

#[test]
fn pauses_and_slow_machines_break_no_promise() {
    check(3, 120, &[(Rate::Pause, 30_000), (Rate::Slow, 30_000), RECOVER]);
}

#[test]
fn cut_links_break_no_promise() {
    check(4, 120, &[(Rate::Cut, 10_000), (Rate::Fence, 10_000), RECOVER]);
}

#[test]
fn a_network_that_loses_doubles_and_delays_breaks_no_promise() {
    let each = 20_000;
    check(
        3,
        120,
        &[(Rate::Loss, each), (Rate::ResponseLoss, each), (Rate::Duplicate, each), (Rate::Delay, each)],
    );
}

#[test]
fn everything_at_once_breaks_no_promise() {
    let rates = [
        (Rate::Crash, 10_000),
        (Rate::LossyCrash, 10_000),
        (Rate::Pause, 10_000),
        (Rate::Cut, 3_000),
        (Rate::Slow, 10_000),
        (Rate::Fence, 10_000),
        (Rate::Loss, 3_000),
        (Rate::Duplicate, 3_000),
        (Rate::Delay, 3_000),
        RECOVER,
    ];
    check(6, 180, &rates);
}
