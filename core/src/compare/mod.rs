//! Comparing runs: what is counted while one goes on, and how one script is played in several variants.
//!
//! [`Meter`] is a ghost like the checker: the simulator shows it every step, it changes nothing, and it is cloned with
//! the simulator, so that the page's rewinding shows the counts of the moment and the command line those of the end.
//! Reading order: [`size`] (bytes of a message), [`traffic`], [`leaders`], [`office`] and [`answers`] (what is counted),
//! [`Meter`], [`Summary`] (the figures), [`target`] (places of a script that mean the same in every mode), [`variant`]
//! and [`play`] (the same script elsewhere).
//!
//! Invariant: a step costs what it touches; only a node that goes down or comes back costs a look at every partition.

pub mod answers;
pub mod leaders;
mod lost;
mod meter;
pub mod office;
pub mod play;
pub mod size;
mod summary;
pub mod target;
pub mod traffic;
pub mod variant;

pub use lost::lost;
pub use meter::Meter;
pub use play::{Outcome, Unmet, play};
pub use summary::{Figure, Summary, Unit};
pub use target::Nowhere;
pub use variant::{Differ, Variant};
