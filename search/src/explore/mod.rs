//! Exhaustive search of small worlds made of the real protocol code.
//!
//! Where the fuzzer draws runs, this looks at all of them, within bounds: every order of messages, every timer that
//! may run out, every crash. A [`world`] is a few nodes and what may be done to them; [`quorum`] is that of the
//! metadata quorum, [`cluster`] that of one partition on whole processes; [`depths`] says which old bugs they meet. States are told apart by what still matters ([`essence`]), nodes that are alike may change their
//! names, and what an input does to a node is computed once ([`board`], [`walk`], [`post`]). The search itself is that of
//! `kraftscope_models`. What is found broken becomes a run of the simulator ([`report`]), so that the checker there
//! has the last word.
//!
//! There is no time: a timer may run out whenever that could be. Bounds keep a world finite, and a world says which
//! of its [`report::Playable::WITNESSES`] it must reach: a search in which no leader was ever elected proves nothing.

pub mod board;
pub mod cluster;
pub mod depths;
pub mod essence;
mod post;
pub mod quorum;
mod replay;
pub mod report;
mod tables;
pub mod walk;
pub mod world;

pub use replay::Played;
