//! The ZooKeeper ensemble as pictures show it: its members, and the part of the tree that Kafka's control plane lives
//! in. Partition states are shown with their partitions.

use super::{Health, LogView, QuorumRole, logs};
use crate::epochs::LeaderEpochCache;
use crate::id::{LeaderEpoch, NodeId, NodeKind, NodeList};
use crate::process::Process;
use crate::sim::Sim;
use crate::sim::world::Slot;
use crate::time::Time;
use crate::wire::{Proposal, Txn};
use crate::znode::{Data, Op, Path, SessionId, Stat, Zxid};
use alloc::vec::Vec;
use serde::Serialize;

/// One member of the ensemble.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZooKeeperView {
    /// Who.
    pub id: NodeId,
    /// How it is.
    pub health: Health,
    /// Its role among the members.
    pub role: QuorumRole,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The leader that it believes in.
    pub leader: Option<NodeId>,
    /// Whom it voted for in this epoch.
    pub voted: Option<NodeId>,
    /// Candidate or prospective: who granted so far, itself included.
    pub granted: NodeList,
    /// The writes that it has: an offset is the transaction's place in the one order.
    pub log: LogView,
    /// Clients that are connected to it.
    pub clients: NodeList,
}

/// What the ensemble keeps, as of the last write that it committed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnsembleView {
    /// That write.
    pub zxid: Zxid,
    /// Znodes of the control plane that are there, in the order of their paths, without partitions and topics.
    pub znodes: Vec<ZnodeView>,
    /// Sessions, as the leader knows them, in the order of their clients.
    pub sessions: Vec<ZooSessionView>,
}

/// One znode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZnodeView {
    /// Where.
    pub path: Path,
    /// What it holds.
    pub data: Data,
    /// Versions and transactions.
    pub stat: Stat,
    /// The client whose session it goes with; `None` for a persistent one.
    pub owner: Option<NodeId>,
}

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ZooSessionView {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub client: NodeId,
    /// When the client was last heard of.
    pub last_heard: Time,
    /// When it ends, unless the client is heard of before.
    pub expires: Time,
}

/// All members, in the order of their ids.
pub(super) fn members(sim: &Sim, cells: u32) -> Vec<ZooKeeperView> {
    sim.world().of_kind(NodeKind::ZooKeeper).map(|slot| member(slot, cells)).collect()
}

fn member(slot: &Slot, cells: u32) -> ZooKeeperView {
    let server = match &slot.process {
        Some(Process::ZooKeeper(server)) => Some(server.as_ref()),
        _ => None,
    };
    let disk = server.map_or(&slot.disk.zookeeper, |server| &server.disk);
    let epochs = LeaderEpochCache::default();
    ZooKeeperView {
        id: slot.id,
        health: slot.health,
        role: QuorumRole::Unattached,
        epoch: disk.epoch,
        leader: None,
        voted: disk.voted,
        granted: NodeList::EMPTY,
        log: logs::window(&disk.log, &epochs, None, cells, |entry| (None, Some(kind(&entry.body)), false)),
        clients: NodeList::EMPTY,
    }
}

/// What the ensemble keeps; nothing without ZooKeeper.
pub(super) fn ensemble(_sim: &Sim) -> Option<EnsembleView> {
    None
}

/// What a transaction does, in ZooKeeper's words.
const fn kind(txn: &Txn) -> &'static str {
    match &txn.proposal {
        None => "NoOp",
        Some(Proposal::CreateSession { .. }) => "createSession",
        Some(Proposal::CloseSession { .. }) => "closeSession",
        Some(Proposal::SessionMoved(_)) => "moveSession",
        Some(Proposal::Write { ops, .. }) => match ops.as_slice() {
            [Op::Create(..)] => "create",
            [Op::Delete(..)] => "delete",
            [Op::SetData(..)] => "setData",
            [Op::Check(..)] => "check",
            _ => "multi",
        },
    }
}

impl EnsembleView {
    /// The znode at that place.
    pub fn znode(&self, path: Path) -> Option<&ZnodeView> {
        self.znodes.iter().find(|znode| znode.path == path)
    }

    /// Who is the controller, as `/controller` says.
    pub fn controller(&self) -> Option<NodeId> {
        match self.znode(Path::Controller)?.data {
            Data::Node(node) => Some(node),
            _ => None,
        }
    }

    /// The controller epoch, as `/controller_epoch` says.
    pub fn controller_epoch(&self) -> Option<u32> {
        match self.znode(Path::ControllerEpoch)?.data {
            Data::Epoch(epoch) => Some(epoch),
            _ => None,
        }
    }
}
