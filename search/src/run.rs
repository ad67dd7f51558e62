//! One run: a storm under the checker, then a healed core that must come together.
//!
//! Reading order of a run: it is set up, the driver disturbs it for as many events as planned, a core is healed,
//! every goal of [`crate::converge`] must be reached within its limit, then a probe is written to every partition and
//! all goals must be reached again. Every act is kept, so that the run can be played again without the driver.

use crate::converge::{self, Goal};
use crate::driver::Driver;
use crate::heal::Core;
use crate::luck::Luck;
use crate::plan::FaultPlan;
use crate::script::{Act, Deed};
use crate::tally::Tally;
use kraftscope_core::check::INVARIANTS;
use kraftscope_core::id::{NodeId, NodeKind, Offset, StepId, Text, TopicPartition};
use kraftscope_core::node::Command;
use kraftscope_core::note::Note;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::{Genesis, GenesisError};
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::Health;
use serde::Serialize;

/// How often a healed cluster is looked at.
const LOOK: Span = Span::millis(250);

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its short name: `S2`, `V8`.
    pub rule: &'static str,
    /// What should have held.
    pub statement: &'static str,
    /// At this event.
    pub event: StepId,
    /// At this time.
    pub time: Time,
    /// Which partition.
    pub partition: Option<TopicPartition>,
    /// Where.
    pub node: Option<NodeId>,
    /// At which offset.
    pub offset: Option<Offset>,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Storm,
    Calm { since: Time, looked: Time, probed: bool },
    Over,
}

/// A run in progress.
#[derive(Clone, Debug)]
pub struct Run {
    sim: Sim,
    driver: Driver,
    phase: Phase,
    core: Core,
    luck: Luck,
    script: Vec<Deed>,
    /// The present instant, and how many events it has had.
    instant: (Time, u32),
    acts: Vec<Act>,
    step: Step,
    broken: u64,
    violation: Option<Violation>,
    tally: Tally,
}

impl Run {
    /// A run of that cluster under that plan.
    ///
    /// # Errors
    /// When the genesis makes no cluster.
    pub fn new(genesis: Genesis, plan: FaultPlan) -> Result<Run, GenesisError> {
        Ok(Run {
            sim: Sim::new(genesis)?,
            luck: Luck::stream(plan.seed, 103),
            driver: Driver::new(plan),
            phase: Phase::Storm,
            core: Core::default(),
            script: Vec::new(),
            instant: (Time::ZERO, 0),
            acts: Vec::new(),
            step: Step::default(),
            broken: 0,
            violation: None,
            tally: Tally::default(),
        })
    }

    /// The cluster.
    pub const fn sim(&self) -> &Sim {
        &self.sim
    }

    /// What was done so far.
    pub fn script(&self) -> &[Deed] {
        &self.script
    }

    /// What was broken.
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Goes on for at most so many events. Returns whether the run is over.
    pub fn advance(&mut self, events: u64) -> bool {
        let end = self.sim.event().0.saturating_add(events);
        while self.phase != Phase::Over && self.sim.event().0 < end {
            if !self.sim.step_into(&mut self.step) {
                self.phase = Phase::Over;
                break;
            }
            self.look();
            match self.phase {
                Phase::Storm => self.storm(),
                Phase::Calm { since, looked, probed } => self.calm(since, looked, probed),
                Phase::Over => {}
            }
        }
        self.phase == Phase::Over
    }

    /// What happened, once it is over.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        tally.finish(&self.sim);
        tally.violations += u64::from(self.violation.is_some());
        tally
    }

    /// Looks at the step that was just made.
    fn look(&mut self) {
        let now = self.sim.now();
        self.instant = if self.instant.0 == now { (now, self.instant.1 + 1) } else { (now, 1) };
        if self.step.notes.is_empty() {
            return;
        }
        self.tally.note(&self.step.notes);
        let broken = self.sim.checker().map_or(0, |checker| checker.broken_count());
        if broken > self.broken {
            self.broken = broken;
            if let Some(violation) = broken_by(&self.step) {
                self.violation.get_or_insert(violation);
            }
            self.phase = Phase::Over;
        }
    }

    fn storm(&mut self) {
        let mut acts = core::mem::take(&mut self.acts);
        self.driver.after(&self.sim, &self.step, &mut acts);
        self.perform(&mut acts);
        if self.phase == Phase::Storm && self.sim.event().0 >= self.driver.plan().events {
            self.core = Core::draw(&self.sim, &mut self.luck);
            self.core.heal(&self.sim, &mut self.luck, &mut acts);
            let now = self.sim.now();
            self.phase = Phase::Calm { since: now, looked: now, probed: false };
            self.perform(&mut acts);
        }
        self.acts = acts;
    }

    fn calm(&mut self, since: Time, looked: Time, probed: bool) {
        let now = self.sim.now();
        if now.since(looked) < LOOK {
            return;
        }
        let mut acts = core::mem::take(&mut self.acts);
        self.phase = Phase::Calm { since, looked: now, probed };
        // A broker that could not register for too long has stopped by itself.
        self.core.raise(&self.sim, &mut acts);
        match converge::missing(&self.sim, &self.core) {
            None if probed => self.phase = Phase::Over,
            None => {
                self.probe(&mut acts);
                self.phase = Phase::Calm { since: now, looked: now, probed: true };
            }
            Some(missing) if now.since(since) > missing.goal.limit(&self.sim) => {
                self.violation.get_or_insert(Violation {
                    rule: goal_name(missing.goal),
                    statement: missing.goal.statement(),
                    event: self.sim.event(),
                    time: now,
                    partition: missing.partition,
                    node: missing.node,
                    offset: None,
                });
                self.phase = Phase::Over;
            }
            Some(_) => {}
        }
        self.perform(&mut acts);
        self.acts = acts;
    }

    /// A record for every partition.
    fn probe(&self, acts: &mut Vec<Act>) {
        let producers = self.sim.world().of_kind(NodeKind::Producer).find(|slot| slot.health == Health::Up);
        let (Some(producer), Some(image)) = (producers, truth(&self.sim)) else { return };
        for id in image.partitions.keys() {
            let (topic, partition) = (id.topic, Some(id.partition));
            let send = Command::Send { topic, partition, key: Text::default(), count: 1 };
            acts.push(Act::Do(Action::Call(producer.id, send)));
        }
    }

    fn perform(&mut self, acts: &mut Vec<Act>) {
        for act in acts.drain(..) {
            let Some(action) = act.resolve(&self.sim) else { continue };
            let (time, nth) = self.instant;
            let done = self.sim.apply_into(action, &mut self.step).is_ok();
            if done {
                self.script.push(Deed { time, nth, act });
                self.look();
            }
        }
    }
}

/// The name of a goal.
pub const fn goal_name(goal: Goal) -> &'static str {
    match goal {
        Goal::V1 => "V1",
        Goal::V5 => "V5",
        Goal::V6 => "V6",
        Goal::V7 => "V7",
        Goal::V8 => "V8",
        Goal::V9 => "V9",
        Goal::V10 => "V10",
        Goal::V12 => "V12",
        Goal::V14 => "V14",
        Goal::V15 => "V15",
        Goal::C14 => "C14",
    }
}

/// The first promise that this step broke.
fn broken_by(step: &Step) -> Option<Violation> {
    step.notes.iter().find_map(|note| match *note {
        Note::InvariantBroken { invariant, partition, node, offset } => {
            let row = INVARIANTS.get(usize::from(invariant))?;
            let (event, time) = (step.event, step.time);
            Some(Violation { rule: row.id, statement: row.statement, event, time, partition, node, offset })
        }
        _ => None,
    })
}
