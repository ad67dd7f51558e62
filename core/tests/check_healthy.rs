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
    for release in Release::ALL {
        let found = broken(with_faults(release, 7, &[]), 60);
        assert!(found.is_empty(), "{release}: {found:#?}");
    }
}

#[test]
fn crashes_that_keep_the_page_cache_break_no_promise() {
    for release in Release::ALL {
        for seed in 0..4 {
            let rates = [(Rate::Crash, 40_000), (Rate::Recover, 200_000)];
            let found = broken(with_faults(release, seed, &rates), 120);
            assert!(found.is_empty(), "{release} seed {seed}: {found:#?}");
        }
    }
}
