//! Runs of today's Kafka are runs of the abstract model; with a rule of KIP-320 or KIP-497 switched off they are not.
//!
//! Source: Kip320.tla and what it demands of fetches, high watermark, expansion and truncation; AsyncIsr.tla.

use kraftscope_core::id::{NodeId, Offset};
use kraftscope_core::net::Link;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::scenario::Scenario;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};
use kraftscope_search::preset::Preset;
use kraftscope_search::refine::{self, Refinement};
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
    let found = first_mismatch(&[("maximal_isr", "off")], 40..60);
    assert_eq!(found, Some("commits a record that a member of the ISR has not, in this epoch"));
}

/// A leader of two has committed something and leaves; its successor, alone in the ISR, knows of nothing committed.
const LEFT: &str = "release 3.9
controllers 1
brokers 2
latency fixed
topic orders partitions 1 replicas 2 min.insync.replicas 2 first-broker 1
producer topics orders interval 50ms keys 0 acks 1
----
";

/// A run held against the model step by step.
struct Held {
    sim: Sim,
    model: Refinement,
}

impl Held {
    fn until(&mut self, time: Time) {
        let mut step = Step::default();
        while self.sim.next_due().is_some_and(|due| due <= time) && self.sim.step_into(&mut step) {
            self.model.see(&self.sim, &step).expect("a step of the model");
        }
    }

    /// Until broker 1 hosts the partition.
    fn until_hosted(&mut self) {
        while self.hw(1).is_none() {
            let next = self.sim.next_due().expect("time goes on");
            self.until(next);
        }
    }

    fn act(&mut self, action: Action) {
        let step = self.sim.apply(action).expect("it can be done");
        self.model.see(&self.sim, &step).expect("a step of the model");
    }

    fn hw(&self, number: u8) -> Option<Offset> {
        let process = self.sim.world().process(NodeId::broker(number));
        Some(process?.broker()?.replicas.partition(refine::PARTITION)?.hw)
    }
}

/// Source: `UnifiedLog.maybeUpdateHighWatermark`: a follower takes the high watermark of its leader, also a lower one;
/// `Partition.createLog`: a restart takes the one that was written down.
#[test]
fn a_restart_may_recall_a_high_watermark_that_the_leader_has_not_reached() {
    let genesis = Scenario::parse(LEFT).expect("a scenario").genesis;
    let mut held = Held { sim: Sim::new(genesis).expect("a cluster"), model: Refinement::default() };
    let left = NodeId::broker(1);
    held.until(Time(200_000));
    held.act(Action::Call(left, Command::ShutDown));
    held.until(Time(3_000_000));
    let disk = &held.sim.world().slot(left).expect("a broker").disk;
    let written = disk.replicas.replicas[&refine::PARTITION].checkpointed_hw;
    held.act(Action::Start(left));
    held.until_hosted();
    // The leader takes nobody in, so that its high watermark stays where it is.
    held.act(Action::Cut(Link { from: NodeId::broker(2), to: NodeId::controller(1) }));
    held.until(held.sim.now() + Span::secs(1));
    assert!(held.hw(1) < Some(written), "the leader knows less");
    held.act(Action::Crash(left, Loss::Nothing));
    held.act(Action::Start(left));
    held.until_hosted();
    assert_eq!(held.hw(1), Some(written));
    held.act(Action::HealAll);
    held.until(Time(40_000_000));
    assert!(!held.model.is_outside());
}
