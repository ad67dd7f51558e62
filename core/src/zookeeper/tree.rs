//! The tree of znodes: what every member of an ensemble has, and what one transaction does to it.
//!
//! A transaction is all or nothing. Children are found by their place in the order of paths, so that a tree with a
//! hundred thousand partition states costs no more per operation than a small one.
//! Keeps: a znode's version counts the changes of its data; an ephemeral znode is listed under its session and goes
//! with it; a znode with children stays.
//! Source: `DataTree`, `PrepRequestProcessor.pRequest2Txn`, `DataTree.processTxn` (multi).
//!
//! Left out: access control, quotas, containers and time-to-live. Parents that Kafka neither watches nor reads
//! (`/brokers`, `partitions`) are not there. Nothing is refused with `NOCHILDRENFOREPHEMERALS`: no path lies below one
//! that Kafka makes ephemeral.

use crate::id::{NodeId, TopicId, TopicPartition};
use crate::znode::{
    CreateMode, Data, EventType, Op, PartitionState, Path, SessionId, Stat, ZooKeeperError, Zxid,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// Kafka makes these when it starts (`ZkData.PersistentZkPaths`).
const ROOTS: [Path; 7] = [
    Path::BrokerIds,
    Path::Topics,
    Path::ConfigChanges,
    Path::IsrChanges,
    Path::DeleteTopics,
    Path::LogDirEvents,
    Path::ProducerIdBlock,
];

/// One znode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Znode {
    /// What it holds.
    pub data: Data,
    /// What ZooKeeper knows of it.
    pub stat: Stat,
    /// How many children were ever created: the number of the next sequential one.
    created: u32,
    /// How many children it has.
    children: u32,
}

/// What a transaction did to one znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// Which one.
    pub path: Path,
    /// Created, deleted or new data.
    pub event: EventType,
    /// Its version afterwards.
    pub version: u32,
    /// The session that owns it, if it is ephemeral.
    pub owner: SessionId,
}

/// What the operations of a transaction brought, or the first that failed, from 0, and why.
pub type Written = Result<Vec<(Path, Stat)>, (u32, ZooKeeperError)>;

/// All znodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tree {
    nodes: BTreeMap<Path, Znode>,
    ephemerals: BTreeMap<SessionId, BTreeSet<Path>>,
}

impl Default for Tree {
    fn default() -> Tree {
        let nodes = ROOTS.into_iter().map(|path| (path, Znode::default())).collect();
        Tree { nodes, ephemerals: BTreeMap::new() }
    }
}

impl Tree {
    /// The znode there.
    pub fn get(&self, path: Path) -> Option<&Znode> {
        self.nodes.get(&path)
    }

    /// All znodes, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (Path, &Znode)> + '_ {
        self.nodes.iter().map(|(path, node)| (*path, node))
    }

    /// How many znodes there are.
    pub fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Whether there is none; a tree has roots, so never.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The children of `path`, in order.
    pub fn children(&self, path: Path) -> impl Iterator<Item = (Path, &Znode)> + '_ {
        let range = children_of(path).map(|range| self.nodes.range(range));
        range.into_iter().flatten().map(|(path, node)| (*path, node))
    }

    /// Leader and ISR of a partition, and the version of that znode.
    pub fn partition_state(&self, partition: TopicPartition) -> Option<(PartitionState, u32)> {
        let node = self.get(Path::PartitionState(partition))?;
        if let Data::State(state) = node.data { Some((state, node.stat.version)) } else { None }
    }

    /// All of them, in order.
    pub fn partition_states(&self) -> impl Iterator<Item = (TopicPartition, PartitionState, u32)> + '_ {
        let last = TopicPartition { topic: TopicId(u8::MAX), partition: u16::MAX };
        let range = Path::PartitionState(TopicPartition::default())..=Path::PartitionState(last);
        self.nodes.range(range).filter_map(|(path, node)| match (path, &node.data) {
            (Path::PartitionState(at), Data::State(state)) => Some((*at, *state, node.stat.version)),
            _ => None,
        })
    }

    /// All ephemeral znodes with the session that each lives as long as.
    pub fn ephemerals(&self) -> impl Iterator<Item = (SessionId, Path)> + '_ {
        self.ephemerals.iter().flat_map(|(session, paths)| paths.iter().map(|path| (*session, *path)))
    }

    /// Carries out a transaction of `session`: all operations or none. What has changed is added to `changes`.
    pub fn write(
        &mut self,
        zxid: Zxid,
        session: SessionId,
        ops: &[Op],
        changes: &mut Vec<Change>,
    ) -> Written {
        let mut undo = Vec::new();
        let (mut done, before) = (Vec::with_capacity(ops.len()), changes.len());
        for (index, op) in ops.iter().enumerate() {
            match self.carry_out(zxid, session, op, &mut undo, changes) {
                Ok(result) => done.push(result),
                Err(error) => {
                    for (path, node) in undo.into_iter().rev() {
                        self.replace(path, node);
                    }
                    changes.truncate(before);
                    return Err((index as u32, error));
                }
            }
        }
        Ok(done)
    }

    /// The session is over: all its ephemeral znodes go, in one transaction.
    pub fn end_session(&mut self, zxid: Zxid, session: SessionId, changes: &mut Vec<Change>) {
        let paths = self.ephemerals.get(&session).cloned().unwrap_or_default();
        let ops: Vec<Op> = paths.into_iter().map(|path| Op::Delete(path, None)).collect();
        // Nothing can hold up a deletion: an ephemeral znode has no children.
        let _ = self.write(zxid, session, &ops, changes);
    }

    fn carry_out(
        &mut self,
        zxid: Zxid,
        session: SessionId,
        op: &Op,
        undo: &mut Vec<(Path, Option<Znode>)>,
        changes: &mut Vec<Change>,
    ) -> Result<(Path, Stat), ZooKeeperError> {
        match op {
            Op::Check(path, version) => {
                self.check(*path, Some(*version))?;
                Ok((*path, Stat::default()))
            }
            Op::Create(path, data, mode) => {
                let (path, node) = self.created(zxid, session, *path, data, *mode)?;
                let stat = node.stat;
                changes.push(change(path, EventType::NodeCreated, &stat));
                self.count_child(path, zxid, true, undo);
                undo.push((path, self.replace(path, Some(node))));
                Ok((path, stat))
            }
            Op::SetData(path, data, version) => {
                let mut node = self.check(*path, *version)?.clone();
                node.data = data.clone();
                node.stat.mzxid = zxid;
                node.stat.version += 1;
                let stat = node.stat;
                changes.push(change(*path, EventType::NodeDataChanged, &stat));
                undo.push((*path, self.replace(*path, Some(node))));
                Ok((*path, stat))
            }
            Op::Delete(path, version) => {
                let node = self.check(*path, *version)?;
                if node.children > 0 {
                    return Err(ZooKeeperError::NotEmpty);
                }
                changes.push(change(*path, EventType::NodeDeleted, &node.stat));
                self.count_child(*path, zxid, false, undo);
                undo.push((*path, self.replace(*path, None)));
                Ok((*path, Stat::default()))
            }
        }
    }

    /// The znode, if it is there and has this version.
    fn check(&self, path: Path, version: Option<u32>) -> Result<&Znode, ZooKeeperError> {
        let node = self.get(path).ok_or(ZooKeeperError::NoNode)?;
        if version.is_some_and(|version| version != node.stat.version) {
            return Err(ZooKeeperError::BadVersion);
        }
        Ok(node)
    }

    fn created(
        &self,
        zxid: Zxid,
        session: SessionId,
        path: Path,
        data: &Data,
        mode: CreateMode,
    ) -> Result<(Path, Znode), ZooKeeperError> {
        let parent = match path.parent() {
            Some(parent) => Some(self.get(parent).ok_or(ZooKeeperError::NoNode)?),
            None => None,
        };
        let path = match (mode, parent) {
            (CreateMode::PersistentSequential, Some(parent)) => path.with_sequence(parent.created),
            _ => path,
        };
        if self.nodes.contains_key(&path) {
            return Err(ZooKeeperError::NodeExists);
        }
        let ephemeral_owner = if mode == CreateMode::Ephemeral { session } else { SessionId(0) };
        let stat = Stat { czxid: zxid, mzxid: zxid, pzxid: zxid, ephemeral_owner, ..Stat::default() };
        Ok((path, Znode { data: data.clone(), stat, created: 0, children: 0 }))
    }

    /// The parent of `path` gets or loses a child.
    fn count_child(&mut self, path: Path, zxid: Zxid, more: bool, undo: &mut Vec<(Path, Option<Znode>)>) {
        let Some(parent) = path.parent() else { return };
        let Some(node) = self.nodes.get_mut(&parent) else { return };
        undo.push((parent, Some(node.clone())));
        node.stat.cversion += 1;
        node.stat.pzxid = zxid;
        if more {
            node.created += 1;
            node.children += 1;
        } else {
            node.children = node.children.saturating_sub(1);
        }
    }

    /// Puts `node` in the place of what is there. Returns that.
    fn replace(&mut self, path: Path, node: Option<Znode>) -> Option<Znode> {
        let owner = node.as_ref().map_or(SessionId(0), |node| node.stat.ephemeral_owner);
        let before = match node {
            Some(node) => self.nodes.insert(path, node),
            None => self.nodes.remove(&path),
        };
        let owner_before = before.as_ref().map_or(SessionId(0), |node| node.stat.ephemeral_owner);
        if owner_before != owner {
            if let Some(paths) = self.ephemerals.get_mut(&owner_before) {
                paths.remove(&path);
                if paths.is_empty() {
                    self.ephemerals.remove(&owner_before);
                }
            }
            if owner != SessionId(0) {
                self.ephemerals.entry(owner).or_default().insert(path);
            }
        }
        before
    }
}

const fn change(path: Path, event: EventType, stat: &Stat) -> Change {
    Change { path, event, version: stat.version, owner: stat.ephemeral_owner }
}

/// Where the children of a path stand among all paths; `None` for a path that has none.
fn children_of(path: Path) -> Option<RangeInclusive<Path>> {
    Some(match path {
        Path::BrokerIds => Path::Broker(NodeId(0))..=Path::Broker(NodeId(u8::MAX)),
        Path::Topics => Path::Topic(TopicId(0))..=Path::Topic(TopicId(u8::MAX)),
        Path::Topic(topic) => {
            let at = |partition| Path::PartitionState(TopicPartition { topic, partition });
            at(0)..=at(u16::MAX)
        }
        Path::ConfigChanges => Path::ConfigChange(0)..=Path::ConfigChange(u32::MAX),
        Path::IsrChanges => Path::IsrChange(0)..=Path::IsrChange(u32::MAX),
        Path::LogDirEvents => Path::LogDirEvent(0)..=Path::LogDirEvent(u32::MAX),
        _ => return None,
    })
}
