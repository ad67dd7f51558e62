//! What happens at a member when a transaction is committed: database, watches, sessions, the client that waits.
//!
//! Keeps: the events of watches leave before the answer to the write that they tell of.
//! Source: `FinalRequestProcessor.processRequest`.

use super::database::Outcome;
use super::server::{Office, ZooKeeperServer};
use super::tree::Change;
use crate::id::NodeId;
use crate::node::Out;
use crate::note::Note;
use crate::time::Time;
use crate::wire::{Proposal, Txn, ZooKeeperMessage};
use crate::znode::{EventType, Op, Path, SessionId, Zxid};
use alloc::vec::Vec;

impl ZooKeeperServer {
    pub(super) fn apply_committed(&mut self, now: Time, out: &mut Out) {
        while self.applied < self.raft.high_watermark() {
            let Some(entry) = self.disk.log.get(self.applied).cloned() else { return };
            self.applied = self.applied.next();
            self.apply(now, Zxid(self.applied.0), &entry.body, out);
        }
    }

    fn apply(&mut self, now: Time, zxid: Zxid, txn: &Txn, out: &mut Out) {
        let before = self.database.zxid();
        let mut changes = Vec::new();
        let outcome = self.database.apply(zxid, txn.proposal.as_ref(), &mut changes);
        if self.raft.is_leader() {
            self.tell(txn, &outcome, &changes, out);
        }
        let mut fired = Vec::new();
        changes.iter().for_each(|change| self.watches.fire(change, &mut fired));
        self.tell_watchers(before, fired, out);
        let asker = txn.asked.map(|(member, _)| member);
        self.track(now, &outcome, asker);
        let mine = txn.asked.filter(|(member, _)| *member == self.me);
        let client = mine.and_then(|(_, number)| self.awaiting.remove(&number));
        let ended = if let Outcome::Ended(session, _) = outcome { Some(session) } else { None };
        if let Some(client) = client {
            self.answer(client, outcome, out);
        }
        if let Some(session) = ended {
            self.close_session(session, out);
        }
    }

    /// The leader counts a session from its beginning to its end.
    fn track(&mut self, now: Time, outcome: &Outcome, owner: Option<NodeId>) {
        let Office::Leading { tracker, .. } = &mut self.office else { return };
        match outcome {
            Outcome::Opened(session) => {
                if let Some(is) = self.database.sessions().get(session) {
                    tracker.add(now, *session, is.timeout, owner);
                }
            }
            Outcome::Ended(session, _) => tracker.remove(*session),
            Outcome::Nothing | Outcome::Written(_) | Outcome::Moved(_) => {}
        }
    }

    fn answer(&mut self, client: NodeId, outcome: Outcome, out: &mut Out) {
        match outcome {
            Outcome::Written(written) => self.on_written(client, written, out),
            Outcome::Opened(session) => {
                let timeout = self.database.sessions().get(&session).map(|is| is.timeout);
                self.accept(client, session, timeout.unwrap_or_default(), out);
            }
            Outcome::Ended(..) => {
                self.send(client, ZooKeeperMessage::SessionClosed, out);
                self.forget_client(client);
            }
            Outcome::Moved(_) => self.close_client(client, out),
            Outcome::Nothing => {}
        }
    }

    /// Nobody may go on with a session that is over.
    fn close_session(&mut self, session: SessionId, out: &mut Out) {
        let holders: Vec<NodeId> =
            self.clients().filter(|(_, of)| *of == session).map(|(client, _)| client).collect();
        for client in holders {
            self.close_client(client, out);
        }
    }

    /// The leader tells what was written.
    fn tell(&self, txn: &Txn, outcome: &Outcome, changes: &[Change], out: &mut Out) {
        match (outcome, &txn.proposal) {
            (Outcome::Opened(session), Some(Proposal::CreateSession { client, timeout })) => {
                out.note(Note::SessionCreated { client: *client, session: *session, timeout: *timeout });
            }
            (Outcome::Ended(session, Some(is)), Some(Proposal::CloseSession { expired, .. })) => {
                let (client, session) = (is.client, *session);
                out.note(if *expired {
                    Note::SessionExpired { client, session, timeout: is.timeout }
                } else {
                    Note::SessionClosed { client, session }
                });
            }
            (Outcome::Written(Err((op, error))), Some(Proposal::Write { session, ops })) => {
                let client = self.database.sessions().get(session).map(|is| is.client);
                if let (Some(client), Some(path)) = (client, ops.get(*op as usize).map(path_of)) {
                    out.note(Note::ZnodeWriteRefused { client, path, error: *error });
                }
            }
            _ => {}
        }
        for &Change { path, event, version, owner } in changes {
            match event {
                EventType::NodeCreated => out.note(Note::ZnodeCreated { path, owner }),
                EventType::NodeDataChanged => out.note(Note::ZnodeChanged { path, version }),
                EventType::NodeDeleted => out.note(Note::ZnodeDeleted { path }),
                EventType::NodeChildrenChanged => {}
            }
        }
    }
}

const fn path_of(op: &Op) -> Path {
    match op {
        Op::Create(path, ..) | Op::Delete(path, _) | Op::SetData(path, ..) | Op::Check(path, _) => *path,
    }
}
