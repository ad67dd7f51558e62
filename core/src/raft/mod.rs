//! Classic, push-based Raft: one group as a pure state machine, over any log.
//!
//! Read in this order: `storage` (what survives a crash), `group` (state, deadlines, epochs), `vote` (elections),
//! `follow` (what a follower does with AppendEntries), `lead` (what a leader sends, counts and commits).
//! It knows neither timers nor addresses: a deadline is a moment that the owner of the group watches, a member is a
//! node id, and what has happened is told as values.
//! Keeps: the five properties of the paper's figure 3.
//! Source: Ongaro, Ousterhout, "In Search of an Understandable Consensus Algorithm", figure 2 and sections 5, 6 and 8;
//! Ongaro's thesis, sections 4.2.3 (disruptive servers), 6.2 (a leader that hears of no majority), 6.4 (reads) and 9.6
//! (pre-vote).
//!
//! Left out: changes of membership (section 6 of the paper), snapshots (7), leadership transfer.

mod follow;
mod group;
mod lead;
mod out;
mod storage;
mod vote;

pub use group::{RaftGroup, RaftOptions, RaftRole};
pub use lead::{Progress, RaftLeader};
pub use out::{RaftEvent, RaftOut};
pub use storage::{RaftDisk, RaftRecord, RaftStorage};
