//! Find a counterexample: what the page asks of its worker, and what the worker tells.
//!
//! The search runs beside the page, in a web worker that holds a WebAssembly module of its own: however hard it
//! works, the page draws every frame. Both sides speak JSON. To stop is to end the worker.

pub mod worker;

use kraftscope_core::config::Acks;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use serde::{Deserialize, Serialize};

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// In which mode the clusters run.
    pub mode: Mode,
    /// Whose behaviour is played.
    pub release: Release,
    /// `acks` of all producers.
    pub acks: Acks,
    /// `min.insync.replicas` of all topics.
    pub min_isr: u32,
    /// `unclean.leader.election.enable` of all topics.
    pub unclean: bool,
    /// Names of the faults that may happen.
    pub faults: Vec<String>,
    /// The one switch that is turned against the release, and how; none usually.
    pub switch: Option<(String, String)>,
    /// The first seed.
    pub seed: u64,
}

/// What the worker tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    /// It is loaded and waits to be asked.
    Ready,
    /// It looks for a run that breaks a promise.
    Searching {
        /// Runs that are done.
        seeds: u64,
        /// Events that were computed and checked.
        events: u64,
        /// Events in a second.
        rate: f64,
    },
    /// It has one, and makes it shorter.
    Shrinking {
        /// The promise that breaks.
        rule: String,
        /// Interventions that are left.
        left: u32,
        /// Shorter runs that were tried.
        tried: u32,
    },
    /// Done.
    Found(Finding),
    /// The question makes no sense; why.
    Refused(String),
}

/// A run that breaks a promise, as short as it could be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which promise: its id in the table.
    pub rule: String,
    /// The run, as scenario text.
    pub text: String,
    /// The event at which the promise breaks.
    pub event: u64,
    /// Interventions in it.
    pub steps: u32,
    /// The seed that led to it.
    pub seed: u64,
    /// Runs that were played before it was found.
    pub seeds: u64,
    /// Why the loss is no breach, when the configuration never promised more: `acks`, `unclean`, `lost`, `forgotten`, `unheard`.
    pub excuse: Option<String>,
}
