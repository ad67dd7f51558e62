//! kraftscope-search: looks for runs in which a promise breaks.
//!
//! It draws clusters and faults by chance, lets them run under the checker, heals them and demands that they come
//! together again; what it finds it makes as short as it can. It owns no clock and no thread: whoever drives it
//! (the command line, a web worker) asks for so many events at a time.
//!
//! Reading order: [`fault`], [`preset`], [`swarm`], [`plan`] (what a seed draws); [`script`], [`driver`], [`heal`], `by_hand`,
//! [`converge`], [`patience`], [`history`], [`violation`], [`run`] (how a run goes), [`refine`] (against the abstract model); [`hunt`], [`shrink`] (what a person drives), [`zoo`] (bugs of the past).
//! [`explore`] is another way to look: not at some runs of a whole cluster, but at all of a small part.

mod by_hand;
pub mod converge;
pub mod driver;
pub mod explore;
pub mod fault;
pub mod heal;
pub mod history;
pub mod hunt;
pub mod luck;
pub mod patience;
pub mod plan;
pub mod preset;
pub mod refine;
pub mod run;
pub mod script;
pub mod shrink;
pub mod swarm;
pub mod tally;
pub mod violation;
pub mod zoo;
