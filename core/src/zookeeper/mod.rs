//! ZooKeeper: an ensemble of members with one order of writes, sessions, watches; and its clients.
//!
//! A client's side is [`client`]; [`stream`] is the connection between it and a member.

mod asks;
pub mod client;
pub mod stream;

pub use client::{Asker, ClientEvent, ZooKeeperClient};

use crate::config::Settings;
use crate::id::{LeaderEpoch, NodeId, NodeList};
use crate::log::Log;
use crate::node::{Input, Loss, Out};
use crate::time::Time;
use crate::wire::Txn;
use alloc::sync::Arc;
use serde::{Deserialize, Serialize};

/// What a member of the ensemble keeps over a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ZooKeeperDisk {
    /// The writes in their order.
    pub log: Log<Txn>,
    /// The epoch that it is in.
    pub epoch: LeaderEpoch,
    /// Whom it voted for in it.
    pub voted: Option<NodeId>,
}

impl ZooKeeperDisk {
    /// What a crash leaves. Returns how many entries it took.
    pub fn crash(&mut self, loss: Loss) -> u64 {
        let end = self.log.end();
        let new_end = loss.new_end(self.log.flushed(), end);
        self.log.truncate_to(new_end);
        end.saturating_sub(new_end)
    }
}

/// A member of the ensemble.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ZooKeeperServer {
    /// Who it is.
    pub me: NodeId,
    /// All members.
    pub members: NodeList,
    settings: Arc<Settings>,
    /// What survives a crash.
    pub disk: ZooKeeperDisk,
}

impl ZooKeeperServer {
    /// A member's next life.
    pub const fn new(
        me: NodeId,
        members: NodeList,
        settings: Arc<Settings>,
        disk: ZooKeeperDisk,
    ) -> ZooKeeperServer {
        ZooKeeperServer { me, members, settings, disk }
    }

    /// Handles one input.
    pub fn on(&mut self, _now: Time, _input: Input, _out: &mut Out) {}
}
