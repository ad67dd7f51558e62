//! Interpreters of single parts: a rule is pinned without a cluster around it.
//!
//! One file a component, one line in [`COMPONENTS`]. Reached only from [`check`](super::check): what never checks
//! a case file does not carry them.

mod active;
mod assignor;
mod clock;
pub(super) mod cluster;
mod controller;
mod data_messages;
mod ensemble;
mod epoch_cache;
mod group;
mod group_text;
mod groups_shown;
mod hosted;
mod leader_state;
mod murmur2;
mod partition;
mod partition_change;
mod partitioner;
mod producer_state;
mod quorum_node;
mod raft;
mod setup;
mod zk_controller;
mod zk_messages;
mod zookeeper;
mod zookeeper_lab;
mod zookeeper_text;

pub use cluster::SHOWS;

use super::command::{Command, Verb};
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// Drives one part of the core by commands.
pub trait Part: fmt::Debug {
    /// Carries out one command, whose arguments fit its usage line, and returns what can be observed: lines, or
    /// nothing. What Kafka would refuse is an observation; an error means that the file makes no sense.
    fn run(&mut self, command: &Command<'_>) -> Result<String, String>;
}

/// A component that a case file can name.
#[derive(Clone, Copy)]
pub struct Component {
    /// Its name in the header.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// The commands that it knows.
    pub verbs: &'static [Verb],
    /// A fresh one.
    pub new: fn() -> Box<dyn Part>,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All components but `cluster`, which begins with a genesis.
pub const COMPONENTS: &[Component] = &[
    epoch_cache::COMPONENT,
    leader_state::COMPONENT,
    quorum_node::COMPONENT,
    partition_change::COMPONENT,
    controller::COMPONENT,
    partition::LEADER,
    partition::FOLLOWER,
    producer_state::COMPONENT,
    partitioner::COMPONENT,
    assignor::COMPONENT,
    group::COMPONENT,
    murmur2::COMPONENT,
    zookeeper::COMPONENT,
    zk_controller::COMPONENT,
];

/// The component of this name.
pub fn find(name: &str) -> Option<&'static Component> {
    COMPONENTS.iter().find(|component| component.name == name)
}
