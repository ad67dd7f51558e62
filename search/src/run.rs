//! One run: a storm under the checker, then a healed core that must come together.
//!
//! Reading order of a run: it is set up, disturbed by a driver for as many events as planned, or by a script until
//! its end; then a core is healed, every goal of [`crate::converge`] must be reached within its limit, a probe is
//! written to every partition, and all goals must be reached again. Every act is kept, so that the run can be played
//! again without the driver. At the end the history of what clients saw is judged.

use crate::converge;
use crate::driver::Driver;
use crate::heal::Core;
use crate::history::{self, History};
use crate::luck::Luck;
use crate::patience::Patience;
use crate::plan::FaultPlan;
use crate::refine::{self, Mismatch, Refinement};
use crate::script::{self, Act, Deed, Done};
use crate::tally::Tally;
use crate::violation::{Excuse, Violation};
use kraftscope_core::id::{NodeKind, Text};
use kraftscope_core::mode::ReplicationPlane;
use kraftscope_core::node::Command;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::{Genesis, GenesisError};
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::Health;

/// How often a healed cluster is looked at.
const LOOK: Span = Span::millis(250);

/// When a storm ended, and what was healed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub time: Time,
    /// After how many events of that instant.
    pub nth: u32,
    /// Who was healed; `None` ends the run with the storm.
    pub core: Option<Core>,
}

/// Who disturbs a run.
#[derive(Clone, Debug)]
enum Source {
    Chance(Driver),
    Script { deeds: Vec<Deed>, next: usize, ending: Ending },
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Storm,
    Calm { looked: Time, probed: bool },
    Over,
}

/// A run in progress.
#[derive(Clone, Debug)]
pub struct Run {
    sim: Sim,
    source: Source,
    phase: Phase,
    core: Core,
    patience: Patience,
    luck: Luck,
    /// What the storm did.
    script: Vec<Deed>,
    /// Everything that was done, with its event.
    done: Vec<Done>,
    ending: Option<Ending>,
    /// The present instant, and how many events it has had.
    instant: (Time, u32),
    acts: Vec<Act>,
    step: Step,
    broken: u64,
    counts_losses: bool,
    /// The promises that it looks for; all when empty.
    sought: &'static [&'static str],
    violation: Option<Violation>,
    tally: Tally,
    /// What clients saw.
    history: History,
    /// All goals were reached after the healing.
    settled: bool,
    judged: bool,
    /// The abstract model, when the run is held against it.
    refinement: Option<Refinement>,
    mismatch: Option<Mismatch>,
}

impl Run {
    /// A run of that cluster under that plan.
    ///
    /// # Errors
    /// When the genesis makes no cluster.
    pub fn new(genesis: Genesis, plan: FaultPlan) -> Result<Run, GenesisError> {
        let (luck, refines) = (Luck::stream(plan.seed, 103), plan.refines);
        Run::from(genesis, luck, Source::Chance(Driver::new(plan))).map(|run| run.refining(refines))
    }

    /// A run of that cluster under that script.
    ///
    /// # Errors
    /// When the genesis makes no cluster.
    pub fn replay(genesis: Genesis, deeds: Vec<Deed>, ending: Ending) -> Result<Run, GenesisError> {
        Run::from(genesis, Luck::stream(0, 103), Source::Script { deeds, next: 0, ending })
    }

    fn from(genesis: Genesis, luck: Luck, source: Source) -> Result<Run, GenesisError> {
        let groups = genesis.mode.replication() == ReplicationPlane::Raft;
        let validates = genesis.settings.features.consumer_detects_truncation;
        Ok(Run {
            sim: Sim::new(genesis)?,
            source,
            phase: Phase::Storm,
            core: Core::default(),
            patience: Patience::default(),
            luck,
            script: Vec::new(),
            done: Vec::new(),
            ending: None,
            instant: (Time::ZERO, 0),
            acts: Vec::new(),
            step: Step::default(),
            broken: 0,
            counts_losses: false,
            sought: &[],
            violation: None,
            tally: Tally::default(),
            history: History::of_clients(validates).with_groups(groups),
            settled: false,
            judged: false,
            refinement: None,
            mismatch: None,
        })
    }

    /// A lost record that was acknowledged counts as well when the configuration does not promise to keep it.
    #[must_use]
    pub const fn counting_losses(mut self, on: bool) -> Run {
        self.counts_losses = on;
        self
    }

    /// Every step is held against the abstract model of KIP-320.
    #[must_use]
    pub fn refining(mut self, on: bool) -> Run {
        self.refinement = on.then(Refinement::default);
        self
    }

    /// Whether every step is held against the abstract model.
    pub const fn refines(&self) -> bool {
        self.refinement.is_some()
    }

    /// The abstract model that follows the run.
    pub const fn refinement(&self) -> Option<&Refinement> {
        self.refinement.as_ref()
    }

    /// Where the run has parted from the abstract model.
    pub const fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_ref()
    }

    /// Whether it looks for losses that the configuration allows.
    pub const fn counts_losses(&self) -> bool {
        self.counts_losses
    }

    /// Goes on when another promise than these breaks; an empty list is all promises.
    #[must_use]
    pub const fn seeking(mut self, promises: &'static [&'static str]) -> Run {
        self.sought = promises;
        self
    }

    /// The promises that it looks for; all when empty.
    pub const fn sought(&self) -> &'static [&'static str] {
        self.sought
    }

    /// The cluster.
    pub const fn sim(&self) -> &Sim {
        &self.sim
    }

    /// What the storm did.
    pub fn script(&self) -> &[Deed] {
        &self.script
    }

    /// Everything that was done, the healing included.
    pub fn done(&self) -> &[Done] {
        &self.done
    }

    /// When the storm ended and what was healed; the moment of the violation when it never ended.
    pub fn ending(&self) -> Ending {
        let (time, nth) = self.instant;
        self.ending.clone().unwrap_or(Ending { time, nth, core: None })
    }

    /// The run as scenario text that plays to its present moment.
    pub fn text(&self) -> String {
        script::text(&self.sim, &self.done, self.sim.event())
    }

    /// What clients saw.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// What was broken.
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Goes on for at most so many events. Returns whether the run is over.
    pub fn advance(&mut self, events: u64) -> bool {
        let end = self.sim.event().0.saturating_add(events);
        while self.phase != Phase::Over && self.sim.event().0 < end {
            self.follow_script();
            if self.phase == Phase::Over {
                break;
            }
            if !self.sim.step_into(&mut self.step) {
                self.phase = Phase::Over;
                break;
            }
            self.look();
            match self.phase {
                Phase::Storm => self.storm(),
                Phase::Calm { looked, probed } => self.calm(looked, probed),
                Phase::Over => {}
            }
        }
        if self.phase == Phase::Over && !self.judged {
            self.judge();
        }
        self.phase == Phase::Over
    }

    /// Looks at the history of a run that is over.
    fn judge(&mut self) {
        self.judged = true;
        if self.violation.is_none() {
            let ends = history::ends(&self.sim, self.settled.then_some(&self.core));
            let broken = history::judge(&self.history, &ends, &history::readers(&self.sim));
            self.violation = broken.map(|broken| Violation::of_history(&self.sim, &broken));
        }
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
        self.refine();
        if self.step.notes.is_empty() {
            return;
        }
        self.tally.note(&self.step.notes);
        self.patience.hear(&self.step.notes, now);
        self.history.see(&self.sim, &self.step);
        let Some(checker) = self.sim.checker() else { return };
        if checker.broken_count() > self.broken {
            self.broken = checker.broken_count();
            let sought =
                |violation: &Violation| self.sought.is_empty() || self.sought.contains(&violation.rule);
            if let Some(violation) = Violation::all_of_step(&self.step).find(sought) {
                self.violation = self.violation.or(Some(violation));
                self.phase = Phase::Over;
            }
        } else if self.counts_losses
            && let Some((partition, lost)) = checker.lost().next()
        {
            let excuse = checker.void().find(|(id, _)| *id == partition).map(|(_, why)| Excuse::Void(why));
            let excuse = excuse.or((!lost.by_all).then_some(Excuse::AcksOne));
            self.violation =
                self.violation.or(Some(Violation::of_loss(&self.step, partition, lost.offset, excuse)));
            self.phase = Phase::Over;
        }
    }

    fn refine(&mut self) {
        let Some(refinement) = &mut self.refinement else { return };
        if let Err(mismatch) = refinement.see(&self.sim, &self.step)
            && self.violation.is_none()
        {
            self.violation = Some(Violation::of_mismatch(&self.step, &mismatch, refine::PARTITION));
            self.mismatch = Some(mismatch);
            self.phase = Phase::Over;
        }
    }

    /// What the script has to do before the next event.
    fn follow_script(&mut self) {
        if self.phase != Phase::Storm {
            return;
        }
        loop {
            let Source::Script { deeds, next, ending } = &mut self.source else { return };
            let deed = deeds.get(*next).copied();
            let moment = deed.map_or((ending.time, ending.nth), |deed| (deed.time, deed.nth));
            let here = moment <= self.instant;
            if !here && self.sim.next_due().is_some_and(|due| due <= moment.0) {
                return;
            }
            match deed {
                Some(Deed { act, .. }) => {
                    *next += 1;
                    self.do_at(moment.0, act);
                }
                None => {
                    let core = ending.core.clone();
                    self.end_storm(core);
                }
            }
            if self.phase != Phase::Storm {
                return;
            }
        }
    }

    fn storm(&mut self) {
        let Source::Chance(driver) = &mut self.source else { return };
        driver.after(&self.sim, &self.step, &mut self.acts);
        let over = self.sim.event().0 >= driver.plan().events;
        self.perform();
        if over && self.phase == Phase::Storm {
            let core = Core::draw(&self.sim, &mut self.luck);
            self.end_storm(Some(core));
        }
    }

    fn end_storm(&mut self, core: Option<Core>) {
        let (time, nth) = self.instant;
        self.ending = Some(Ending { time, nth, core: core.clone() });
        let Some(core) = core else {
            self.phase = Phase::Over;
            return;
        };
        let core = if self.sim.is_set_up_for_good() { core } else { Core::whole(&self.sim) };
        core.heal(&self.sim, &mut self.acts);
        self.core = core;
        let now = self.sim.now();
        self.patience.begin(now);
        self.phase = Phase::Calm { looked: now, probed: false };
        self.perform();
    }

    fn calm(&mut self, looked: Time, probed: bool) {
        let now = self.sim.now();
        if now.since(looked) < LOOK {
            return;
        }
        self.phase = Phase::Calm { looked: now, probed };
        // A broker that could not register for too long has stopped by itself.
        self.core.raise(&self.sim, &mut self.acts);
        self.patience.look(&self.sim, &self.core);
        match converge::missing(&self.sim, &self.core, &self.patience) {
            None if probed => {
                self.settled = true;
                self.phase = Phase::Over;
            }
            None => {
                self.probe();
                self.patience.begin(now);
                self.phase = Phase::Calm { looked: now, probed: true };
            }
            Some(missing) if self.patience.is_late(missing.goal, &self.sim) => {
                self.violation = self.violation.or(Some(Violation::of_goal(&self.sim, &missing)));
                self.phase = Phase::Over;
            }
            Some(_) => {}
        }
        self.perform();
    }

    /// A record for every partition that clients write to.
    fn probe(&mut self) {
        let producers = self.sim.world().of_kind(NodeKind::Producer).find(|slot| slot.health == Health::Up);
        let (Some(producer), Some(image)) = (producers, truth(&self.sim)) else { return };
        for id in image.partitions.keys().filter(|id| !history::is_of_coordinators(image, **id)) {
            let (topic, partition) = (id.topic, Some(id.partition));
            let send = Command::Send { topic, partition, key: Text::default(), count: 1 };
            self.acts.push(Act::Do(Action::Call(producer.id, send)));
        }
    }

    fn perform(&mut self) {
        let mut acts = core::mem::take(&mut self.acts);
        for act in acts.drain(..) {
            if self.phase != Phase::Over {
                self.do_at(self.sim.now(), act);
            }
        }
        self.acts = acts;
    }

    fn do_at(&mut self, time: Time, act: Act) {
        let Some(action) = act.resolve(&self.sim) else { return };
        let (at, nth) = self.instant;
        let moment = if time > at { (time, 0) } else { (at, nth) };
        let Ok(step) = self.sim.apply_at(moment.0.max(self.sim.now()), action) else { return };
        self.step = step;
        if self.phase == Phase::Storm {
            self.script.push(Deed { time: moment.0, nth: moment.1, act });
        }
        self.done.push(Done { event: self.step.event, time: self.step.time, action });
        self.look();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::{PRESETS, Preset};
    use crate::swarm::draw;
    use kraftscope_core::history::History;

    fn finished(seed: u64, preset: &Preset) -> Run {
        let (genesis, plan) = draw(seed, preset);
        let mut run = Run::new(genesis, plan).expect("a valid genesis");
        while !run.advance(1000) {}
        run
    }

    /// A run, its script and its text are the same run.
    #[test]
    fn a_run_is_played_again_from_its_script_and_from_its_text() {
        for preset in PRESETS {
            let run = finished(3, preset);
            let genesis = run.sim().world().genesis.as_ref().clone();
            let mut again =
                Run::replay(genesis, run.script().to_vec(), run.ending()).expect("a valid genesis");
            while !again.advance(1000) {}
            assert_eq!(again.sim().digest(), run.sim().digest(), "{}", preset.name);
            let history = History::from_text(&run.text()).expect("valid scenario text");
            assert_eq!(history.digest(), run.sim().digest(), "{}", preset.name);
        }
    }

    #[test]
    fn the_size_of_slices_does_not_matter() {
        let (genesis, plan) = draw(5, &PRESETS[0]);
        let mut run = Run::new(genesis, plan).expect("a valid genesis");
        while !run.advance(7) {}
        assert_eq!(run.sim().digest(), finished(5, &PRESETS[0]).sim().digest());
    }
}
