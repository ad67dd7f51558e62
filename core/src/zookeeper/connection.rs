//! A client's connection at a member: what it asked, in order, and what is not answered yet.
//!
//! Keeps: everything is answered in the order of asking, and an answer before the event of a watch that it has set. A read waits for the writes before it on the same connection,
//! writes that follow each other are on their way together (`CommitProcessor`).

use super::stream::Stream;
use crate::wire::{WatchKind, ZkReply, ZkRequest};
use crate::znode::{Path, SessionId, ZooKeeperError, Zxid};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a request comes to.
pub(super) type Answer = Result<ZkReply, ZooKeeperError>;

/// One thing that a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Item {
    /// An answer, to show that the member lives.
    Ping,
    /// The watches that it had elsewhere.
    SetWatches(Vec<(Path, WatchKind)>, Zxid),
    /// Requests that came together.
    Requests(Batch),
    /// The end of its session; whether the leader has been asked.
    Close(bool),
}

/// Requests that came together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) requests: Vec<ZkRequest>,
    /// How many of them are answered or on their way.
    pub(super) next: u32,
    /// How many writes are on their way.
    pub(super) writing: u32,
    /// How many answers were sent already.
    pub(super) told: u32,
    /// Those that follow.
    pub(super) answers: Vec<Answer>,
}

impl Batch {
    pub(super) fn new(requests: Vec<ZkRequest>) -> Batch {
        let answers = Vec::with_capacity(requests.len());
        Batch { requests, next: 0, writing: 0, told: 0, answers }
    }

    fn answered(&self) -> usize {
        self.told as usize + self.answers.len()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered() == self.requests.len()
    }

    /// The request whose answer is due next.
    pub(super) fn answering(&self) -> Option<&ZkRequest> {
        self.requests.get(self.answered())
    }

    /// The answers that were not sent yet, to be sent now.
    pub(super) fn tell(&mut self) -> Option<Vec<Answer>> {
        self.told += self.answers.len() as u32;
        Some(core::mem::take(&mut self.answers)).filter(|answers| !answers.is_empty())
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    /// Its session, once the ensemble has said so; 0 before.
    pub(super) session: SessionId,
    /// The session that it asks to go on with.
    pub(super) wanted: SessionId,
    pub(super) items: VecDeque<Item>,
}

impl Connection {
    pub(super) const fn new(stream: Stream, wanted: SessionId) -> Connection {
        Connection { stream, session: SessionId(0), wanted, items: VecDeque::new() }
    }
}
