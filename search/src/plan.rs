//! What a seed has drawn besides the cluster: which faults, how often, for how long.

use crate::fault::Fault;
use crate::preset::Demand;
use kraftscope_core::time::Span;

/// How a run is disturbed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// Decides all choices of the driver.
    pub seed: u64,
    /// What is asked of the run.
    pub demand: Demand,
    /// Whether every step is held against the abstract model of KIP-320.
    pub refines: bool,
    /// The faults that this seed may use, with their weights.
    pub faults: Vec<(Fault, u32)>,
    /// Events before everything is healed.
    pub events: u64,
    /// Disturb the very beginning too, before topics exist.
    pub from_start: bool,
    /// Time between two faults of a stormy period: shortest and longest.
    pub pace: (Span, Span),
    /// Length of a period: shortest and longest.
    pub period: (Span, Span),
    /// Quiet periods, in a hundred.
    pub quiet: u32,
    /// How often a moment of interest is followed by a fault, in a hundred.
    pub moments: u32,
    /// Messages that a stormy period loses, doubles or delays, in a million.
    pub messages: u32,
    /// Most processes that are broken at one time.
    pub most_broken: u32,
}
