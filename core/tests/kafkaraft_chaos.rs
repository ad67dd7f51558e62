//! Mode kafkaraft under everything that can break by chance; then all is healed, and every group must come together.
//!
//! Source: the Raft paper, figure 3 (safety); section 5.2 (a leader is elected once messages pass).

use kraftscope_core::check::INVARIANTS;
use kraftscope_core::id::NodeId;
use kraftscope_core::node::Command;
use kraftscope_core::note::Note;
use kraftscope_core::scenario::{Scenario, truth};
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;
use kraftscope_core::view::Health;

const RATES: [&str; 10] = [
    "loss 5000",
    "response-loss 20000",
    "duplicate 5000",
    "delay 10000",
    "crash 10000",
    "lossy-crash 10000",
    "pause 10000",
    "cut 5000",
    "slow 5000",
    "fence 5000",
];

/// A cluster of which the seed decides shape, read mode and faults.
fn swarm(seed: u64) -> Sim {
    let drawn = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let rates: String = (0..RATES.len())
        .filter(|bit| (drawn >> bit) & 1 == 1)
        .map(|bit| format!("rate {}\n", RATES[bit]))
        .collect();
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

fn note_broken(sim: &Sim, step: &Step, broken: &mut Vec<String>) {
    for note in &step.notes {
        if let Note::InvariantBroken { invariant, partition, node, offset } = note {
            let id = INVARIANTS[usize::from(*invariant)].id;
            broken.push(format!("{id} {partition:?} {node:?} {offset:?} at event {}", sim.event()));
        }
    }
}

/// Starts what is down and wakes what is paused.
fn raise(sim: &mut Sim) {
    let slots: Vec<(NodeId, Health)> = sim.world().slots.iter().map(|slot| (slot.id, slot.health)).collect();
    for (id, health) in slots {
        match health {
            Health::Down => drop(sim.apply(Action::Start(id)).expect("it is down")),
            Health::Paused => drop(sim.apply(Action::Resume(id)).expect("it is paused")),
            Health::Up => {}
        }
    }
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
        let copy = |broker| {
            let replicas = &sim.world().process(broker)?.broker()?.replicas;
            Some((replicas.partition(id)?.hw, replicas.disk.replicas.get(&id)?.log.end()))
        };
        let copies: Vec<_> = registration.replicas.iter().map(copy).collect();
        if copies.iter().any(|found| found.is_none_or(|(hw, leo)| hw != leo) || *found != copies[0]) {
            return Some(format!("{id:?}: high watermarks and log ends {copies:?}"));
        }
    }
    None
}

/// Faults for so many events, then peace. Returns what went wrong.
fn storm_and_calm(seed: u64, events: u64) -> Vec<String> {
    let (mut sim, mut step, mut wrong) = (swarm(seed), Step::default(), Vec::new());
    for _ in 0..events {
        assert!(sim.step_into(&mut step), "something always happens");
        note_broken(&sim, &step, &mut wrong);
    }
    sim.apply(Action::HealAll).expect("always possible");
    let healed = sim.now();
    let (mut looked_at, mut quiet) = (healed, false);
    raise(&mut sim);
    while sim.now().since(healed) < Span::secs(90) {
        assert!(sim.step_into(&mut step), "something always happens");
        note_broken(&sim, &step, &mut wrong);
        if sim.now().since(looked_at) < Span::millis(500) {
            continue;
        }
        looked_at = sim.now();
        raise(&mut sim);
        if !quiet && sim.now().since(healed) > Span::secs(30) {
            quiet = true;
            for producer in (1..=2).map(NodeId::producer) {
                let rest = Command::SetRate { interval: Span::ZERO };
                sim.apply(Action::Call(producer, rest)).expect("it runs");
            }
        }
        if quiet && apart(&sim).is_none() {
            return wrong;
        }
    }
    wrong.extend(apart(&sim));
    wrong
}

fn check(seeds: core::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let wrong = storm_and_calm(seed, 10_000);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
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
