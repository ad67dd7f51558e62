//! Why things are as they are: the chain of causes behind a note, the source of its rule, and what a cluster that
//! stands still is waiting for.
//!
//! It only reads: notes, steps, the world. It answers with data; the words live in the page's language files,
//! under the key of each note ([`key`]) and of each reason to wait ([`Stuck::key`]).

pub mod chain;
pub mod lane;
pub mod source;
pub mod stuck;

pub use chain::{Link, StepRef, chain, chain_of};
pub use lane::{KEYS, is_notable, key, lane};
pub use source::source;
pub use stuck::{Stuck, stuck};

use crate::history::History;
use crate::id::StepId;
use alloc::vec::Vec;

/// A step of a run, as a chain needs it.
pub fn step_of(history: &History, event: StepId) -> Option<StepRef> {
    let log = history.step_log(event)?;
    Some(StepRef {
        event,
        time: log.time,
        action: Some(log.action),
        node: log.node,
        cause: log.cause,
        delivered: log.delivered,
        notes: history.notes_of(event).copied().collect(),
    })
}

/// The chain behind one note of an event of a run; without a number, behind its most telling one.
pub fn why(history: &History, event: StepId, note: Option<u32>) -> Vec<Link> {
    let lookup = |event| step_of(history, event);
    match note {
        Some(note) => chain_of(event, note, lookup),
        None => chain(event, lookup),
    }
}
