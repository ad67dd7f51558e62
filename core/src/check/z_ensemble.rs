//! What must hold of the members of ZooKeeper's ensemble.
//!
//! Z5 EphemeralTruth: an ephemeral znode is there as long as its session is, unless somebody deletes it; one that is made
//! anew has a higher czxid. Source: `DataTree.killSession`, KIP-380.
//! Z6 OneOrder: one member leads an epoch; what a member has applied is the same at the same place on every member, for
//! ever. Source: ZAB (total order, agreement), as Raft promises it.
//!
//! Ghosts: a digest of every transaction that was ever applied, the leader of each epoch, the ephemeral znodes as of the
//! last transaction.
//!
//! Left out: a member whose disk was replaced votes under its old name, with ZooKeeper as here. What was written may be
//! lost with it, so that nothing is compared from then on.

use super::findings::{Findings, Subject};
use super::table::Rule;
use crate::digest::Digest;
use crate::id::{Incarnation, LeaderEpoch, NodeId, Offset};
use crate::log::Log;
use crate::note::Note;
use crate::record::Entry;
use crate::sim::world::Slot;
use crate::wire::{Proposal, Txn};
use crate::znode::{Op, Path, SessionId, Zxid};
use crate::zookeeper::ZooKeeperServer;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// What was seen of the ensemble.
#[derive(Clone, Debug, Default)]
pub(super) struct EnsembleGhost {
    /// The transactions that were ever applied, as digests.
    applied: Log<u64>,
    leaders: Vec<(LeaderEpoch, NodeId)>,
    /// By place of the member: its life, and how far it was compared in it.
    seen: BTreeMap<NodeId, (Incarnation, Offset)>,
    /// As of the last transaction: whose, and created by which.
    ephemerals: BTreeMap<Path, (SessionId, Zxid)>,
    /// The highest czxid that each path ever had.
    created: BTreeMap<Path, Zxid>,
    void: bool,
}

impl EnsembleGhost {
    pub(super) fn observe(&mut self, slot: &Slot, server: &ZooKeeperServer, findings: &mut Findings) {
        let subject = Subject::node(slot.id);
        if self.void {
            return;
        }
        if server.raft().is_leader() {
            let epoch = server.disk.epoch;
            match self.leaders.binary_search_by_key(&epoch, |&(epoch, _)| epoch) {
                Ok(at) => findings.check(Rule::Z6, self.leaders[at].1 == slot.id, subject),
                Err(at) => self.leaders.insert(at, (epoch, slot.id)),
            }
        }
        let end = Offset(server.zxid().0);
        let (life, from) = self.seen.get(&slot.id).copied().unwrap_or_default();
        let from = if life == slot.incarnation { from } else { Offset(0) };
        if from == end && life == slot.incarnation {
            return;
        }
        self.seen.insert(slot.id, (slot.incarnation, end));
        let mut deleted = Vec::new();
        let newest = self.applied.end();
        for (offset, entry) in server.disk.log.iter(from, end) {
            let digest = digest(entry);
            match self.applied.get(offset) {
                Some(known) => findings.check(Rule::Z6, known.body == digest, subject.at(offset)),
                None => {
                    findings.check(Rule::Z6, offset == self.applied.end(), subject.at(offset));
                    self.applied.append(Entry { epoch: entry.epoch, body: digest });
                    note_deletions(&entry.body, &mut deleted);
                }
            }
        }
        if end > newest {
            self.check_ephemerals(server, &deleted, subject, findings);
        }
    }

    /// A disk was replaced.
    pub(super) fn on_step(&mut self, slot: &Slot, notes: &[Note]) {
        self.void |= slot.id.kind() == crate::id::NodeKind::ZooKeeper
            && notes.iter().any(|note| matches!(note, Note::DiskReplaced { .. }));
    }

    /// Z5 on a member that has applied more than any other before.
    fn check_ephemerals(
        &mut self,
        server: &ZooKeeperServer,
        deleted: &[Path],
        subject: Subject,
        findings: &mut Findings,
    ) {
        let (tree, sessions) = (server.tree(), server.database().sessions());
        let before = core::mem::take(&mut self.ephemerals);
        for (session, path) in tree.ephemerals() {
            let czxid = tree.get(path).map(|node| node.stat.czxid);
            findings.check(Rule::Z5, sessions.contains_key(&session) && czxid.is_some(), subject);
            let czxid = czxid.unwrap_or_default();
            self.ephemerals.insert(path, (session, czxid));
            let highest = self.created.entry(path).or_default();
            let is_same = before.get(&path) == Some(&(session, czxid));
            findings.check(Rule::Z5, is_same || czxid > *highest, subject);
            *highest = czxid.max(*highest);
        }
        for (path, was) in before {
            let stays = self.ephemerals.get(&path) == Some(&was);
            let may_go = deleted.contains(&path) || !sessions.contains_key(&was.0);
            findings.check(Rule::Z5, stays || may_go, subject);
        }
    }
}

fn note_deletions(txn: &Txn, deleted: &mut Vec<Path>) {
    if let Some(Proposal::Write { ops, .. }) = &txn.proposal {
        deleted.extend(ops.iter().filter_map(|op| match op {
            Op::Delete(path, _) => Some(*path),
            Op::Create(..) | Op::SetData(..) | Op::Check(..) => None,
        }));
    }
}

fn digest(entry: &Entry<Txn>) -> u64 {
    let mut hasher = Digest::default();
    entry.hash(&mut hasher);
    hasher.finish()
}
