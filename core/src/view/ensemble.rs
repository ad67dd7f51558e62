//! The ZooKeeper ensemble as pictures show it: its members, and the part of the tree that Kafka's control plane lives
//! in. Partition states are shown with their partitions.

use super::{Health, LogView, QuorumRole, logs};
use crate::epochs::LeaderEpochCache;
use crate::id::{LeaderEpoch, NodeId, NodeKind, NodeList};
use crate::process::Process;
use crate::raft::RaftRole;
use crate::record::Entry;
use crate::sim::Sim;
use crate::sim::world::Slot;
use crate::time::Time;
use crate::wire::{Proposal, Txn};
use crate::znode::{Data, Op, Path, SessionId, Stat, Zxid};
use crate::zookeeper::{Session, ZooKeeperServer};
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
    /// Clients that watch it, its data or its children.
    pub watchers: NodeList,
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
    let leader =
        servers(sim).filter(|server| server.raft().is_leader()).max_by_key(|server| server.disk.epoch);
    sim.world().of_kind(NodeKind::ZooKeeper).map(|slot| member(slot, leader, cells)).collect()
}

/// The members that run.
fn servers(sim: &Sim) -> impl Iterator<Item = &ZooKeeperServer> + '_ {
    sim.world().of_kind(NodeKind::ZooKeeper).filter_map(server)
}

fn server(slot: &Slot) -> Option<&ZooKeeperServer> {
    match &slot.process {
        Some(Process::ZooKeeper(server)) => Some(server.as_ref()),
        _ => None,
    }
}

fn member(slot: &Slot, leader: Option<&ZooKeeperServer>, cells: u32) -> ZooKeeperView {
    let server = server(slot);
    let disk = server.map_or(&slot.disk.zookeeper, |server| &server.disk);
    let hw = server.map(|server| server.raft().high_watermark());
    let cell = |entry: &Entry<Txn>| (None, Some(kind(&entry.body)), false);
    let mut log = logs::window(&disk.log, &LeaderEpochCache::default(), hw, cells, cell);
    if let Some(leader) = leader.filter(|leader| leader.me != slot.id) {
        log.diverges_at = logs::parts_from(&log, &disk.log, &leader.disk.log);
    }
    let (role, granted) = server.map_or((QuorumRole::Unattached, NodeList::EMPTY), role);
    ZooKeeperView {
        id: slot.id,
        health: slot.health,
        role,
        epoch: disk.epoch,
        leader: server.and_then(|server| server.raft().leader()),
        voted: disk.voted,
        granted,
        log,
        clients: server
            .map(|server| server.clients().map(|(client, _)| client).collect())
            .unwrap_or(NodeList::EMPTY),
    }
}

fn role(server: &ZooKeeperServer) -> (QuorumRole, NodeList) {
    match server.raft().role() {
        RaftRole::Leader(_) => (QuorumRole::Leader, NodeList::EMPTY),
        RaftRole::Candidate(granted) => (QuorumRole::Candidate, *granted),
        RaftRole::Prospective(granted) => (QuorumRole::Prospective, *granted),
        RaftRole::Follower if server.raft().leader().is_some() => (QuorumRole::Follower, NodeList::EMPTY),
        RaftRole::Follower => (QuorumRole::Unattached, NodeList::EMPTY),
    }
}

/// What the ensemble keeps, as the member that has applied most has it; nothing without ZooKeeper.
pub(super) fn ensemble(sim: &Sim) -> Option<EnsembleView> {
    let furthest = servers(sim).max_by_key(|server| server.zxid())?;
    let (tree, sessions) = (furthest.tree(), furthest.database().sessions());
    let alone = [Path::Controller, Path::ControllerEpoch, Path::BrokerIds, Path::IsrChanges];
    let asked = [Path::Reassignment, Path::PreferredElection, Path::ProducerIdBlock];
    let mut paths: Vec<Path> =
        alone.into_iter().chain(asked).filter(|path| tree.get(*path).is_some()).collect();
    for parent in [Path::BrokerIds, Path::IsrChanges] {
        paths.extend(tree.children(parent).map(|(path, _)| path));
    }
    paths.sort_unstable();
    let znode = |path: Path| {
        let found = tree.get(path)?;
        let owner = sessions.get(&found.stat.ephemeral_owner).map(|session| session.client);
        Some(ZnodeView {
            path,
            data: found.data.clone(),
            stat: found.stat,
            owner,
            watchers: servers(sim).flat_map(|server| server.watches().of(path)).collect(),
        })
    };
    let tracker = servers(sim).find_map(ZooKeeperServer::tracker);
    let session = |(id, session): (&SessionId, &Session)| {
        let tracked = tracker?.get(*id)?;
        Some(ZooSessionView {
            session: *id,
            client: session.client,
            last_heard: tracked.heard,
            expires: tracked.expires,
        })
    };
    let mut shown: Vec<ZooSessionView> = sessions.iter().filter_map(session).collect();
    shown.sort_by_key(|session| (session.client, session.session));
    Some(EnsembleView {
        zxid: furthest.zxid(),
        znodes: paths.into_iter().filter_map(znode).collect(),
        sessions: shown,
    })
}

/// What a transaction does, in ZooKeeper's words.
const fn kind(txn: &Txn) -> &'static str {
    match &txn.proposal {
        None => "NoOp",
        Some(proposal) => kind_of(proposal),
    }
}

/// What a proposal is.
pub(super) const fn kind_of(proposal: &Proposal) -> &'static str {
    match proposal {
        Proposal::CreateSession { .. } => "createSession",
        Proposal::CloseSession { .. } => "closeSession",
        Proposal::SessionMoved(_) => "moveSession",
        Proposal::Write { ops, .. } => kind_of_ops(ops.as_slice()),
    }
}

/// What one operation is, or more of them.
pub(super) const fn kind_of_ops(ops: &[Op]) -> &'static str {
    match ops {
        [Op::Create(..)] => "create",
        [Op::Delete(..)] => "delete",
        [Op::SetData(..)] => "setData",
        [Op::Check(..)] => "check",
        _ => "multi",
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
