//! Plays a script on a cluster that is measured, without keeping its past: as far as the machine can, not only as far as
//! a page can show.
//!
//! What has no meaning in a mode is left out and named. An expectation that does not hold is named, and the run goes on:
//! that modes differ is what is asked about.

use super::target::{self, Nowhere};
use super::{Summary, Variant};
use crate::history::names;
use crate::id::NodeId;
use crate::note::Note;
use crate::scenario::{Condition, Line, Scenario, actions};
use crate::sim::{Sim, Step};
use crate::time::Time;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;

/// A line of the script that was not carried out as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// Its number in the text.
    pub line: u32,
    /// What it says.
    pub text: String,
    /// Why not.
    pub why: Nowhere,
}

/// What came of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What it is called.
    pub variant: String,
    /// The figures at the end.
    pub summary: Summary,
    /// What was left out, and why.
    pub unmet: Vec<Unmet>,
    /// Virtual time at the end.
    pub end: Time,
    /// How many events that were.
    pub events: u64,
}

/// Plays the script in a variant. `most` is how many events it may take.
///
/// # Errors
/// When the cluster cannot be in that variant, or more events were needed.
pub fn play(scenario: &Scenario, variant: &Variant, most: u64) -> Result<Outcome, String> {
    let genesis = variant.of(&scenario.genesis)?;
    let mut sim = Sim::new(genesis).map_err(|error| error.0)?;
    sim.measure();
    let mut player = Player { sim, step: Step::default(), unmet: Vec::new(), most };
    for (number, line) in &scenario.lines {
        player.line(*number, line)?;
    }
    Ok(Outcome {
        variant: variant.name(&scenario.genesis),
        summary: Summary::of(&player.sim).unwrap_or_default(),
        unmet: player.unmet,
        end: player.sim.now(),
        events: player.sim.event().0,
    })
}

struct Player {
    sim: Sim,
    step: Step,
    unmet: Vec<Unmet>,
    most: u64,
}

impl Player {
    fn line(&mut self, number: u32, line: &Line) -> Result<(), String> {
        match line {
            Line::Run(span) => self.run_to(self.sim.now() + *span)?,
            Line::Step(events) => {
                for _ in 0..*events {
                    self.forward()?;
                }
            }
            Line::Until(condition, text) => self.until(number, condition, text)?,
            Line::Expect(condition, text) => {
                if !condition.holds(&self.sim, self.notes()) {
                    self.leave(number, text, Nowhere::NotNow(format!("'{text}' does not hold")));
                }
            }
            Line::Act(text) => self.act(number, text)?,
            // An exact line belongs to one run: its event numbers mean nothing in another.
            Line::At(_, time, text) => {
                self.run_to(*time)?;
                self.act(number, text)?;
            }
            Line::Seek(_) | Line::Show => {}
        }
        Ok(())
    }

    fn notes(&self) -> impl Iterator<Item = &Note> + Clone {
        self.step.notes.iter()
    }

    fn leave(&mut self, line: u32, text: &str, why: Nowhere) {
        self.unmet.push(Unmet { line, text: text.to_string(), why });
    }

    fn forward(&mut self) -> Result<bool, String> {
        if self.sim.event().0 >= self.most {
            return Err(format!("this needs more than {} events: use a shorter time", self.most));
        }
        Ok(self.sim.step_into(&mut self.step))
    }

    /// Events up to this moment; the clock stands there afterwards only if one happens then, as in a history.
    fn run_to(&mut self, until: Time) -> Result<(), String> {
        while self.sim.next_due().is_some_and(|due| due <= until) {
            if !self.forward()? {
                break;
            }
        }
        Ok(())
    }

    /// What never comes true in this variant is named.
    fn until(&mut self, line: u32, condition: &Condition, text: &str) -> Result<(), String> {
        /// An hour: nothing that a script waits for takes longer.
        const LONG: u64 = 3_600_000_000;
        let end = Time(self.sim.now().0 + LONG);
        while !condition.holds(&self.sim, self.notes()) {
            let over = self.sim.now() >= end || self.sim.event().0 >= self.most;
            if over || !self.sim.step_into(&mut self.step) {
                self.leave(line, text, Nowhere::NotNow(format!("'{text}' did not come true")));
                break;
            }
        }
        Ok(())
    }

    fn act(&mut self, line: u32, text: &str) -> Result<(), String> {
        let names = names(&self.sim);
        let texts = match target::resolve(text, &self.sim, &names) {
            Ok(texts) => texts,
            Err(why) => {
                self.leave(line, text, why);
                return Ok(());
            }
        };
        let controller = self.sim.world().active_controller().unwrap_or(NodeId::controller(1));
        for concrete in texts {
            for action in actions::parse(&concrete, &names, controller)? {
                let done = target::here(action, self.sim.world()).and_then(|action| {
                    let mut step = core::mem::take(&mut self.step);
                    let done = self.sim.apply_into(action, &mut step);
                    self.step = step;
                    done.map_err(|refusal| Nowhere::NotNow(refusal.to_string()))
                });
                if let Err(why) = done {
                    self.leave(line, &concrete, why);
                }
            }
        }
        Ok(())
    }
}
