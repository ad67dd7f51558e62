//! Everything that can break breaks by chance; then all is healed, and the cluster must come together again.
//!
//! Source: the two phases of TigerBeetle's and openraft's simulators, safety first and liveness after.

use kraftscope_core::check::INVARIANTS;
use kraftscope_core::id::{NodeId, NodeKind, Offset};
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::note::Note;
use kraftscope_core::record::PartitionRegistration;
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

/// The lines of the faults that this seed switches on.
pub(crate) fn rates(seed: u64) -> String {
    let drawn = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let on = (0..RATES.len()).filter(|bit| (drawn >> bit) & 1 == 1);
    on.map(|bit| format!("rate {}\n", RATES[bit])).collect()
}

/// What is asked of a storm.
pub(crate) struct Storm {
    /// How many events it has.
    pub(crate) events: u64,
    /// How long the healed cluster may take.
    pub(crate) calm: Span,
    /// When somebody restarts all brokers by hand, once, if it has not come together by itself.
    pub(crate) restart: Option<Span>,
    /// Why the cluster has not come together.
    pub(crate) apart: fn(&Sim) -> Option<String>,
}

/// Faults for so many events, then peace. Returns the cluster, and what went wrong.
pub(crate) fn storm_and_calm(mut sim: Sim, storm: &Storm) -> (Sim, Vec<String>) {
    let (mut step, mut wrong) = (Step::default(), Vec::new());
    for _ in 0..storm.events {
        assert!(sim.step_into(&mut step), "something always happens");
        note_broken(&sim, &step, &mut wrong);
    }
    sim.apply(Action::HealAll).expect("always possible");
    let healed = sim.now();
    let (mut looked_at, mut quiet, mut restart) = (healed, false, storm.restart);
    raise(&mut sim);
    while sim.now().since(healed) < storm.calm {
        assert!(sim.step_into(&mut step), "something always happens");
        note_broken(&sim, &step, &mut wrong);
        if sim.now().since(looked_at) < Span::millis(500) {
            continue;
        }
        looked_at = sim.now();
        // A broker that could not register for a minute has stopped by itself.
        raise(&mut sim);
        if !quiet && sim.now().since(healed) > Span::secs(30) {
            quiet = true;
            silence(&mut sim);
        }
        if quiet && (storm.apart)(&sim).is_none() {
            return (sim, wrong);
        }
        if restart.is_some_and(|after| sim.now().since(healed) > after) {
            restart = None;
            for broker in sim.world().genesis.broker_ids().collect::<Vec<NodeId>>() {
                drop(sim.apply(Action::Crash(broker, Loss::Nothing)));
            }
        }
    }
    wrong.extend((storm.apart)(&sim));
    (sim, wrong)
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

/// Producers write no more.
fn silence(sim: &mut Sim) {
    let producers: Vec<NodeId> = sim.world().of_kind(NodeKind::Producer).map(|slot| slot.id).collect();
    for producer in producers {
        let rest = Command::SetRate { interval: Span::ZERO };
        sim.apply(Action::Call(producer, rest)).expect("it runs");
    }
}

/// Whether all replicas of a partition have everything, and all of it is committed; else what they have.
pub(crate) fn differing_copies(
    sim: &Sim,
    id: kraftscope_core::id::TopicPartition,
    registration: &PartitionRegistration,
) -> Option<String> {
    let copy = |broker| -> Option<(Offset, Offset)> {
        let replicas = &sim.world().process(broker)?.broker()?.replicas;
        Some((replicas.partition(id)?.hw, replicas.disk.replicas.get(&id)?.log.end()))
    };
    let copies: Vec<_> = registration.replicas.iter().map(copy).collect();
    let differ = copies.iter().any(|found| found.is_none_or(|(hw, leo)| hw != leo) || *found != copies[0]);
    differ.then(|| format!("{id:?}: high watermarks and log ends {copies:?}"))
}
