//! What all members of an ensemble agree on: the tree and the sessions, as of one transaction.
//!
//! Keeps: the same transactions in the same order make the same database on every member.
//! Source: `ZKDatabase`, `ZooKeeperServer.processTxn`.
//!
//! Left out: a leader of ZooKeeper decides what a transaction does before it is ordered, and logs that; here each member
//! works it out from the request when it is committed, which comes to the same. A zxid is a place in the log; in
//! ZooKeeper its upper half is the epoch. A session's id is the transaction that opened it.

use super::tree::{Change, Tree, Written};
use crate::id::NodeId;
use crate::time::Span;
use crate::wire::Proposal;
use crate::znode::{SessionId, ZooKeeperError, Zxid};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A session, as every member knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub client: NodeId,
    /// What was agreed on.
    pub timeout: Span,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Database {
    /// The znodes. Shared between snapshots of a run until one of them changes.
    tree: Arc<Tree>,
    sessions: BTreeMap<SessionId, Session>,
    zxid: Zxid,
}

/// What a transaction came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was the first of a new leader.
    Nothing,
    /// A write, carried out or refused.
    Written(Written),
    /// A session was opened.
    Opened(SessionId),
    /// A session is over; what it was, if it still was.
    Ended(SessionId, Option<Session>),
    /// A write came by a member that the session has left.
    Moved(SessionId),
}

impl Database {
    /// The znodes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The sessions that live.
    pub const fn sessions(&self) -> &BTreeMap<SessionId, Session> {
        &self.sessions
    }

    /// The last transaction.
    pub const fn zxid(&self) -> Zxid {
        self.zxid
    }

    /// Carries out the transaction `zxid`. What has changed in the tree is added to `changes`.
    pub fn apply(&mut self, zxid: Zxid, proposal: Option<&Proposal>, changes: &mut Vec<Change>) -> Outcome {
        self.zxid = zxid;
        match proposal {
            None => Outcome::Nothing,
            Some(Proposal::Write { session, ops }) => {
                if !self.sessions.contains_key(session) {
                    return Outcome::Written(Err((0, ZooKeeperError::SessionExpired)));
                }
                Outcome::Written(Arc::make_mut(&mut self.tree).write(zxid, *session, ops, changes))
            }
            Some(Proposal::CreateSession { client, timeout }) => {
                let session = SessionId(zxid.0);
                self.sessions.insert(session, Session { client: *client, timeout: *timeout });
                Outcome::Opened(session)
            }
            Some(Proposal::CloseSession { session, .. }) => {
                let ended = self.sessions.remove(session);
                Arc::make_mut(&mut self.tree).end_session(zxid, *session, changes);
                Outcome::Ended(*session, ended)
            }
            Some(Proposal::SessionMoved(session)) => Outcome::Moved(*session),
        }
    }
}
