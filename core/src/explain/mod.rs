//! Why things are as they are: the chain of causes behind a note, the source of its rule, and what a cluster that
//! stands still is waiting for.
//!
//! It only reads: notes, steps, the world. It answers with data; the words live in the page's language files,
//! under the key of each note.

pub mod lane;

pub use lane::{KEYS, is_notable, key, lane, source};
