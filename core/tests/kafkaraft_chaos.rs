//! Mode kafkaraft under everything that can break by chance; then all is healed, and every group must come together.
//!
//! Source: the Raft paper, figure 3 (safety); section 5.2 (a leader is elected once messages pass).

mod storm_support;

use kraftscope_core::id::NodeKind;
use kraftscope_core::process::Process;
use kraftscope_core::scenario::{Count, Scenario, truth};
use kraftscope_core::sim::Sim;
use kraftscope_core::time::Span;
use storm_support::{Storm, differing_copies, rates, storm_and_calm};

/// A cluster of which the seed decides shape, read mode and faults.
fn swarm(seed: u64) -> Sim {
    let rates = rates(seed);
    let brokers = [3, 5, 4][(seed % 3) as usize];
    let latency = ["datacenter", "zones", "rack"][(seed % 3) as usize];
    let reads = ["read-index", "lease", "read-index", "leader-local"][(seed % 4) as usize];
    let prevote = seed % 2 == 1;
    let text = format!(
        "mode kafkaraft\nseed {seed}\ncontrollers 1\nbrokers {brokers}\nlatency {latency}\n\
         topic orders partitions 3 replicas 3\ntopic logs partitions 2 replicas {brokers}\n\
         producer topics orders interval 200ms keys 6 acks all\n\
         producer topics logs interval 300ms keys 3 acks 1\n\
         consumer topics orders\nconsumer topics logs\n\
         set kafkaraft.read.mode {reads}\nset kafkaraft.prevote {prevote}\n{rates}rate recover 150000\n----\n"
    );
    Sim::new(Scenario::parse(&text).expect("a scenario").genesis).expect("a valid genesis")
}

/// Why the groups have not come together: one without a leader, or a copy that differs.
fn apart(sim: &Sim) -> Option<String> {
    let Some(image) = truth(sim).filter(|image| !image.partitions.is_empty()) else {
        return Some(String::from("no topics"));
    };
    for (&id, registration) in &image.partitions {
        if sim.world().raft_leader(id).is_none() {
            return Some(format!("{id:?}: no leader"));
        }
        if let Some(differ) = differing_copies(sim, id, registration) {
            return Some(differ);
        }
    }
    None
}

/// Records that every consumer has read, by what each of them was told.
fn read(sim: &Sim) -> u64 {
    let consumers = sim.world().of_kind(NodeKind::Consumer).filter_map(|slot| match &slot.process {
        Some(Process::Consumer(consumer)) => Some(consumer.consumed),
        _ => None,
    });
    consumers.min().unwrap_or(0)
}

fn check(seeds: core::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let storm = Storm { events: 10_000, calm: Span::secs(90), restart: None, apart };
        let (sim, wrong) = storm_and_calm(swarm(seed), &storm);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        assert!(Count::Acked.of(&sim) > Some(100), "seed {seed}: hardly anything was acknowledged");
        assert!(read(&sim) > 50, "seed {seed}: hardly anything was read");
        let lost = sim.checker().expect("it is on").lost().filter(|(_, lost)| lost.by_all);
        assert_eq!(lost.count(), 0, "seed {seed}: acknowledged with acks=all, and lost");
    }
}

#[test]
fn after_a_storm_every_group_comes_together_and_broke_no_promise() {
    check(1..=4);
}

#[test]
fn after_a_storm_with_pre_vote_or_a_lease_it_is_the_same() {
    check(5..=8);
}
