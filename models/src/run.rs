//! One search, from its parameters to what a person wants to know: for the command line and the page.
//!
//! [`Search`] is advanced in slices, so that a caller can show progress, stop, or keep drawing.

use crate::async_isr::{AsyncIsr, VALID_HIGH_WATERMARK};
use crate::explore::{Cut, Explorer, Limits, Model};
use crate::partition::{LargePartition, MiddlePartition, SmallPartition};
use crate::promise::{STRONG, WEAK};
use crate::replicas::Replicas;
use crate::rules::{Action, Rules};
use crate::spec::Size;
use crate::words;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Which model to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One of the five models of a partition.
    Partition(Rules),
    /// How an ISR change travels; the log is the highest offset, the highest epoch the highest version.
    AsyncIsr {
        /// Do replicas count that the leader only asked for? Only the mutant says no.
        pending_counts: bool,
    },
}

/// A promise of a model, and the shortest way to break it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its name: `weak_isr`, `strong_isr`, `valid_high_watermark`.
    pub promise: &'static str,
    /// The length of the shortest counterexample, in states, the first included; `None` if there is none.
    pub length: Option<u32>,
    /// The counterexample: what happened, and the state after it. The first thing is the start.
    pub steps: Vec<(String, String)>,
}

/// A search under way. The variants are the sizes of a state.
#[derive(Clone, Debug)]
pub enum Search {
    /// The sizes of the published tables.
    Small(Box<Explorer<SmallPartition>>),
    /// Larger ones.
    Middle(Box<Explorer<MiddlePartition>>),
    /// Whatever a state can hold.
    Large(Box<Explorer<LargePartition>>),
    /// Not a partition.
    AsyncIsr(Box<Explorer<AsyncIsr>>, u32),
}

/// Does the same with the explorer of every variant.
macro_rules! each {
    ($search:expr, $explorer:ident => $what:expr) => {
        match $search {
            Search::Small($explorer) => $what,
            Search::Middle($explorer) => $what,
            Search::Large($explorer) => $what,
            Search::AsyncIsr($explorer, _) => $what,
        }
    };
}

impl Search {
    /// Prepares a search. An error says in words what is wrong with the size.
    pub fn new(subject: Subject, size: Size, limits: Limits) -> Result<Self, String> {
        let rules = match subject {
            Subject::Partition(rules) => rules,
            Subject::AsyncIsr { pending_counts } => {
                let model = AsyncIsr::new(size.replicas, size.log, size.max_epoch)?;
                let model = if pending_counts { model } else { model.without_pending() };
                return Ok(Self::AsyncIsr(Box::new(Explorer::new(model, limits)), size.replicas));
            }
        };
        size.check()?;
        if let Some(model) = SmallPartition::new(rules, size) {
            return Ok(Self::Small(Box::new(Explorer::new(model, limits))));
        }
        if let Some(model) = MiddlePartition::new(rules, size) {
            return Ok(Self::Middle(Box::new(Explorer::new(model, limits))));
        }
        let model = LargePartition::new(rules, size).ok_or("no state is large enough")?;
        Ok(Self::Large(Box::new(Explorer::new(model, limits))))
    }

    /// Expands up to `budget` states; `false` when the search is over.
    pub fn advance(&mut self, budget: u32) -> bool {
        each!(self, explorer => explorer.advance(budget))
    }

    /// How many distinct states were found.
    pub fn states(&self) -> u64 {
        each!(self, explorer => explorer.states())
    }

    /// How many successors were looked at.
    pub fn generated(&self) -> u64 {
        each!(self, explorer => explorer.generated())
    }

    /// The length of the longest of all shortest paths, in states.
    pub fn depth(&self) -> u32 {
        each!(self, explorer => explorer.depth())
    }

    /// Why the search ended early.
    pub fn cut(&self) -> Option<Cut> {
        each!(self, explorer => explorer.cut())
    }

    /// What the letters in [`Verdict::steps`] mean.
    pub fn legend(&self) -> &'static str {
        if matches!(self, Self::AsyncIsr(..)) { words::ASYNC_LEGEND } else { words::LEGEND }
    }

    /// What is known of each promise.
    pub fn verdicts(&self) -> Vec<Verdict> {
        match self {
            Self::Small(explorer) => isr_verdicts(explorer),
            Self::Middle(explorer) => isr_verdicts(explorer),
            Self::Large(explorer) => isr_verdicts(explorer),
            Self::AsyncIsr(explorer, replicas) => {
                let action = |action, _: &_| words::async_action(action);
                let state = |state: &_| words::async_state(state, *replicas);
                alloc::vec![verdict(explorer, "valid_high_watermark", VALID_HIGH_WATERMARK, action, state)]
            }
        }
    }
}

fn isr_verdicts<M: Model<Action = Action>>(explorer: &Explorer<M>) -> Vec<Verdict>
where
    M::State: Replicas,
{
    [("weak_isr", WEAK), ("strong_isr", STRONG)]
        .map(|(name, bit)| verdict(explorer, name, bit, words::action, words::state))
        .into()
}

fn verdict<M: Model>(
    explorer: &Explorer<M>,
    promise: &'static str,
    bit: u32,
    action: impl Fn(M::Action, &M::State) -> String,
    state: impl Fn(&M::State) -> String,
) -> Verdict {
    let Some(finding) = explorer.finding(bit) else {
        return Verdict { promise, length: None, steps: Vec::new() };
    };
    let step = |(done, after): (Option<M::Action>, M::State)| {
        (done.map_or_else(|| "the start".to_string(), |done| action(done, &after)), state(&after))
    };
    let steps = explorer.path(finding.index).into_iter().map(step).collect();
    Verdict { promise, length: Some(finding.length), steps }
}
