//! ZooKeeper: an ensemble of members with one order of writes, sessions and watches; and its clients.
//!
//! Reading order: [`tree`] and [`database`] are what the members agree on; [`sessions`] and [`watches`] what the leader
//! and each member know besides; `server` is a member, with what it does for its clients (`clients`, `connection`), what it
//! works on (`work`), what follows from a commit (`apply`) and what it says to its leader (`link`). [`client`] is the other
//! side, with what it has asked (`asks`); [`stream`] is the connection between them.
//! Source: Apache ZooKeeper 3.6 and later, as Kafka up to 3.9 uses it.

mod apply;
mod asks;
pub mod client;
mod clients;
mod connection;
pub mod database;
mod link;
mod server;
pub mod sessions;
pub mod stream;
pub mod tree;
pub mod watches;
mod work;

pub use client::{Asker, ClientEvent, ZooKeeperClient};
pub use database::{Database, Session};
pub use server::ZooKeeperServer;
pub use tree::{Tree, Znode};

use crate::raft::{RaftDisk, RaftRecord};
use crate::wire::Txn;

/// What a member of the ensemble keeps over a crash: the transactions in their order, and its vote.
pub type ZooKeeperDisk = RaftDisk<Txn>;

impl RaftRecord for Txn {
    const NO_OP: Txn = Txn { proposal: None, asked: None };
}
