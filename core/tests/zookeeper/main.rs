//! ZooKeeper part by part: the tree, sessions, watches, and the client's side of a connection.
//!
//! The case files of `tests/scenarios/zookeeper` play the ensemble as a whole; here every rule stands alone.
#![allow(clippy::unwrap_used)]

mod client;
mod sessions;
mod tree;
mod watches;
