//! Makes a finding as short as it can be, in slices.
//!
//! Delta debugging (Zeller 2002): take something away (deeds in halves, quarters, … one by one; nodes, clients,
//! topics, settings; time), play the rest, and keep the change if the same promise still breaks. Chance is not in
//! the way: every deed of a finding is explicit. Since a removed deed shifts all later chance, each candidate may
//! be tried with a few seeds.
//!
//! Keeps: [`Finding`] plays to the very same promise. Left out: a proof that no shorter script exists.

mod edits;

use crate::hunt::Found;
use crate::run::{Ending, Run};
use crate::script::Deed;
use crate::violation::Violation;
use edits::Edits;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Span;
use serde::Serialize;

/// How much later than in the original a promise may break in a candidate.
const SLACK: Span = Span::secs(2);

/// A run to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) genesis: Genesis,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) ending: Ending,
}

/// A finding that can be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A scenario file that plays to the violation.
    pub scenario_text: String,
    /// What breaks.
    pub violation: Violation,
    /// How many interventions the script has.
    pub steps: u32,
    /// Candidates that were tried.
    pub tried: u64,
}

/// A shrinking in progress.
#[derive(Clone, Debug)]
pub struct Shrink {
    rule: &'static str,
    counts_losses: bool,
    refines: bool,
    sought: &'static [&'static str],
    best: Candidate,
    finding: Finding,
    edits: Edits,
    trial: Option<Trial>,
    tried: u64,
    over: bool,
}

/// A candidate that is being played.
#[derive(Clone, Debug)]
struct Trial {
    candidate: Candidate,
    run: Run,
    /// Seeds that may still be tried.
    luck: u32,
    limit: u64,
}

impl Shrink {
    /// Starts to shrink what was found.
    pub fn new(found: &Found) -> Shrink {
        let best = Candidate {
            genesis: found.genesis.clone(),
            deeds: found.script.clone(),
            ending: found.ending.clone(),
        };
        let finding =
            Finding { scenario_text: String::new(), violation: found.violation, steps: 0, tried: 0 };
        let mut shrink = Shrink {
            rule: found.violation.rule,
            counts_losses: found.counts_losses,
            refines: found.refines,
            sought: found.sought,
            edits: Edits::new(),
            best,
            finding,
            trial: None,
            tried: 0,
            over: false,
        };
        shrink.trial = shrink.begin(shrink.best.clone(), 1, found.violation.event.0 + 1000);
        shrink
    }

    /// The shortest so far; its text is empty until the original has been played once.
    pub const fn finding(&self) -> &Finding {
        &self.finding
    }

    /// Goes on for about so many events. Returns whether nothing is left to try.
    pub fn advance(&mut self, budget: u64) -> bool {
        let mut left = budget;
        while left > 0 && !self.over {
            let Some(mut trial) = self.trial.take().or_else(|| self.next_trial()) else {
                self.over = true;
                break;
            };
            let before = trial.run.sim().event().0;
            let done = trial.run.advance(left.min(trial.limit.saturating_sub(before)));
            let now = trial.run.sim().event().0;
            left = left.saturating_sub((now - before).max(1));
            if done || now >= trial.limit {
                self.judge(trial);
            } else {
                self.trial = Some(trial);
            }
        }
        self.over
    }

    fn begin(&self, candidate: Candidate, luck: u32, limit: u64) -> Option<Trial> {
        let ending = candidate.ending.clone();
        let run = Run::replay(candidate.genesis.clone(), candidate.deeds.clone(), ending).ok()?;
        let run = run.counting_losses(self.counts_losses).refining(self.refines).seeking(self.sought);
        Some(Trial { candidate, run, luck, limit })
    }

    fn next_trial(&mut self) -> Option<Trial> {
        loop {
            let candidate = self.edits.next(&self.best)?;
            let luck = if candidate.deeds.len() < 40 { 4 } else { 1 };
            let limit = self.finding.violation.event.0 * 2 + 2000;
            if let Some(trial) = self.begin(candidate, luck, limit) {
                return Some(trial);
            }
        }
    }

    fn judge(&mut self, trial: Trial) {
        self.tried += 1;
        let same = trial.run.violation().is_some_and(|violation| violation.rule == self.rule);
        if same {
            return self.accept(&trial);
        }
        if trial.luck > 1 {
            let mut candidate = trial.candidate;
            candidate.genesis.seed = candidate.genesis.seed.wrapping_add(1);
            self.trial = self.begin(candidate, trial.luck - 1, trial.limit);
        }
    }

    fn accept(&mut self, trial: &Trial) {
        let run = &trial.run;
        let Some(violation) = run.violation() else { return };
        let ending = match run.ending() {
            // It broke within the storm.
            Ending { core: None, time, nth } => Ending { time: time + SLACK, nth, core: None },
            calm => calm,
        };
        self.best = Candidate {
            genesis: trial.candidate.genesis.clone(),
            // Deeds that were impossible, or came too late, are not among them.
            deeds: run.script().to_vec(),
            ending,
        };
        self.finding = Finding {
            scenario_text: heading(violation) + &run.text(),
            violation: *violation,
            steps: run.done().len() as u32,
            tried: self.tried,
        };
        self.edits.accepted();
    }
}

fn heading(violation: &Violation) -> String {
    format!("# {}: {}\n", violation.rule, violation.statement)
}
