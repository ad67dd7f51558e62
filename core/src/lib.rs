//! kraftscope-core: Kafka's replication as a pure state machine.

#![no_std]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod check;
pub mod client;
pub mod compare;
pub mod config;
pub mod dice;
pub mod digest;
pub mod epochs;
pub mod explain;
pub mod group;
pub mod history;
pub mod id;
pub mod kraft;
pub mod log;
pub mod metadata;
pub mod mode;
pub mod net;
pub mod node;
pub mod note;
pub mod process;
pub mod quorum;
pub mod raft;
pub mod record;
pub mod release;
pub mod replication;
pub mod scenario;
pub mod sequence;
pub mod sim;
pub mod switches;
pub mod time;
pub mod view;
pub mod voters;
pub mod wire;
pub mod zk_controller;
pub mod znode;
pub mod zookeeper;
