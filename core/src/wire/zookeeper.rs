//! Messages of ZooKeeper: between a client and the member that it is connected to, and between the members.
//!
//! A client sends its requests on one connection without waiting (`KafkaZkClient.retryRequestsUntilConnected` pipelines
//! them); those that are sent together travel in one message here.
//! Source: `zookeeper/src/zookeeper.jute`.

use super::raft::RaftMessage;
use crate::id::NodeId;
use crate::time::Span;
use crate::znode::{Data, EventType, Op, Path, SessionId, Stat, ZooKeeperError, Zxid};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One request of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ZkRequest {
    /// `GetData`, with a watch on it if asked.
    GetData(Path, bool),
    /// `GetChildren`, with a watch on them if asked.
    GetChildren(Path, bool),
    /// `Exists`, with a watch if asked.
    Exists(Path, bool),
    /// One operation that writes.
    Write(Op),
    /// `Multi`: all of them or none.
    Multi(Vec<Op>),
}

/// What a request brought.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ZkReply {
    /// Of `GetData`.
    Data(Data, Stat),
    /// Of `GetChildren`, in the order of their paths.
    Children(Vec<Path>, Stat),
    /// Of `Exists` and of a write: the stat afterwards, and the path, which a sequential create has chosen.
    Done(Path, Stat),
    /// Of `Multi`: one for each operation (`Check` and `Delete` have an empty stat).
    Multi(Vec<(Path, Stat)>),
    /// Of `Multi` when nothing was done: which operation failed, from 0, and why (`OpResult.ErrorResult`). A
    /// `ZooKeeperError` instead says that the multi as a whole was not tried.
    MultiRefused(u32, ZooKeeperError),
}

/// What a watch is set on (`WatcherType`, `ZKWatchManager`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WatchKind {
    /// The data of a znode, or that it goes.
    Data,
    /// That a znode comes.
    Exists,
    /// The children of a znode, or that it goes.
    Children,
}

/// Between a client and a member, and between members.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ZooKeeperMessage {
    /// A client wants a session, or the one that it had.
    ConnectRequest {
        /// The session to go on with; 0 asks for a new one.
        session: SessionId,
        /// `zookeeper.session.timeout.ms`, for a new one.
        timeout: Span,
        /// The last transaction that it has seen: a member that is behind refuses it.
        last_zxid: Zxid,
    },
    /// The session; 0 when the one that was asked for has expired.
    ConnectResponse {
        /// Which one.
        session: SessionId,
        /// The timeout that was agreed on.
        timeout: Span,
    },
    /// The client lives.
    Ping(SessionId),
    /// So does the member.
    Pong,
    /// Requests that were sent together, in their order.
    Requests(SessionId, Vec<ZkRequest>),
    /// Their answers, and the last transaction that they show.
    Responses(Vec<Result<ZkReply, ZooKeeperError>>, Zxid),
    /// The watches that a client still had when its last connection broke, and the last transaction that it had seen:
    /// what has changed since then is told at once.
    SetWatches(Vec<(Path, WatchKind)>, Zxid),
    /// The client ends its session in order.
    CloseSession(SessionId),
    /// It is over.
    SessionClosed,
    /// A watch fires. Arrives before the answer to any request that shows the change.
    WatchEvent(Path, EventType),
    /// One side has closed the connection.
    Closed,
    /// Between members: elections, proposals, commits.
    Peer(RaftMessage<Txn>),
    /// A member passes writes of its clients on to the leader; each with its number at this member (`Leader.REQUEST`).
    Forward(Vec<(u64, Proposal)>),
    /// A member tells the leader which sessions it has heard from since the last time (learner pings).
    Touch(Vec<SessionId>),
    /// A member asks the leader whether the session of a client that comes to it still lives (`Leader.REVALIDATE`).
    Revalidate(SessionId),
    /// Whether it does.
    Revalidated(SessionId, bool),
}

/// Something that shall be ordered among all writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Proposal {
    /// A client's write; more than one operation is a multi.
    Write {
        /// Whose.
        session: SessionId,
        /// What.
        ops: Vec<Op>,
    },
    /// A client connects with a new session.
    CreateSession {
        /// Who it is.
        client: NodeId,
        /// Its timeout.
        timeout: Span,
    },
    /// A session ends: in order, or because nobody heard from it.
    CloseSession {
        /// Which one.
        session: SessionId,
        /// Nobody heard from it.
        expired: bool,
    },
    /// A write that the leader refuses, in its place among the others: the session has moved to another member
    /// (`ErrorTxn`).
    SessionMoved(SessionId),
}

/// An entry of the ensemble's log: a proposal, and who waits for its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Txn {
    /// What is written; `None` for the first entry of a new leader.
    pub proposal: Option<Proposal>,
    /// The member that asked and its number there, if anybody waits.
    pub asked: Option<(NodeId, u64)>,
}

impl ZooKeeperMessage {
    /// A name for the picture.
    pub const fn api(&self) -> &'static str {
        match self {
            ZooKeeperMessage::ConnectRequest { .. } | ZooKeeperMessage::ConnectResponse { .. } => {
                "zk connect"
            }
            ZooKeeperMessage::Ping(_) | ZooKeeperMessage::Pong => "zk ping",
            ZooKeeperMessage::Requests(..) | ZooKeeperMessage::Responses(..) => "zk request",
            ZooKeeperMessage::CloseSession(_)
            | ZooKeeperMessage::SessionClosed
            | ZooKeeperMessage::Closed => "zk close",
            ZooKeeperMessage::SetWatches(..) => "zk set watches",
            ZooKeeperMessage::WatchEvent(..) => "zk watch",
            ZooKeeperMessage::Peer(message) => match message {
                RaftMessage::RequestVote { .. } | RaftMessage::Vote { .. } => "zab vote",
                RaftMessage::Append(_) | RaftMessage::Appended(_) => "zab append",
            },
            ZooKeeperMessage::Forward(_) => "zab forward",
            ZooKeeperMessage::Touch(_) => "zab touch",
            ZooKeeperMessage::Revalidate(_) | ZooKeeperMessage::Revalidated(..) => "zab revalidate",
        }
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        if let ZooKeeperMessage::Peer(message) = self {
            return message.is_request();
        }
        !matches!(
            self,
            ZooKeeperMessage::ConnectResponse { .. }
                | ZooKeeperMessage::Pong
                | ZooKeeperMessage::Responses(..)
                | ZooKeeperMessage::SessionClosed
                | ZooKeeperMessage::Closed
                | ZooKeeperMessage::Revalidated(..)
        )
    }
}
