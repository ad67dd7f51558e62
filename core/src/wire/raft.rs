//! Messages of classic, push-based Raft: of a partition's group (kafkaraft), and among the members of ZooKeeper.
//!
//! Source: the Raft paper, figure 2; the thesis, section 9.6 (pre-vote).

use crate::id::{LeaderEpoch, Offset, TopicPartition};
use crate::record::{Entry, Record};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What one replica of a Raft group says to another. Raft's term is the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RaftMessage<R> {
    /// RequestVote.
    RequestVote {
        /// The candidate's epoch; a pre-vote names the one that it would have.
        epoch: LeaderEpoch,
        /// Its log end.
        last_offset: Offset,
        /// Epoch of its last entry; `None` for an empty log.
        last_epoch: Option<LeaderEpoch>,
        /// Whether it only asks whether it would win.
        pre_vote: bool,
    },
    /// Answer to it.
    Vote {
        /// The voter's epoch.
        epoch: LeaderEpoch,
        /// The vote.
        granted: bool,
        /// Of a pre-vote.
        pre_vote: bool,
    },
    /// AppendEntries: the leader pushes.
    Append(AppendEntriesRequest<R>),
    /// Answer to it.
    Appended(AppendEntriesResponse),
}

/// AppendEntries; without entries it is a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AppendEntriesRequest<R> {
    /// The leader's epoch.
    pub epoch: LeaderEpoch,
    /// The offset that the first entry has, or would have: Raft's prevLogIndex + 1.
    pub from: Offset,
    /// Epoch of the entry before `from`; `None` at the beginning of the log.
    pub prev_epoch: Option<LeaderEpoch>,
    /// What to append.
    pub entries: Vec<Entry<R>>,
    /// The leader's high watermark: Raft's leaderCommit + 1.
    pub high_watermark: Offset,
    /// Numbers the rounds of this leader: an answer confirms that it led then (read index, lease).
    pub round: u64,
}

/// Answer to AppendEntries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AppendEntriesResponse {
    /// The follower's epoch.
    pub epoch: LeaderEpoch,
    /// How far it agreed, or where it did not.
    pub outcome: AppendOutcome,
    /// The round that is answered.
    pub round: u64,
}

/// What became of an AppendEntries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AppendOutcome {
    /// The logs agree up to here (exclusive).
    Matched(Offset),
    /// The follower is in a later epoch.
    Stale,
    /// The logs part before the entries.
    Conflict {
        /// The epoch that the follower has there; `None` when its log is shorter.
        epoch: Option<LeaderEpoch>,
        /// The first offset of that epoch in its log, or its log end.
        first: Offset,
    },
}

/// A message of the Raft group of one partition (kafkaraft).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionRaftMessage {
    /// Of which partition.
    pub partition: TopicPartition,
    /// What.
    pub body: PartitionRaftBody,
}

/// What the replicas of a partition say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartitionRaftBody {
    /// Raft.
    Raft(RaftMessage<Record>),
    /// Read mode `ask-followers`: the leader has nothing at this offset and asks everybody.
    AskRecord(Offset),
    /// What a follower has there, committed or not.
    RecordAnswer(Offset, Option<Entry<Record>>),
}

impl<R> RaftMessage<R> {
    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        matches!(self, RaftMessage::RequestVote { .. } | RaftMessage::Append(_))
    }
}

impl PartitionRaftMessage {
    /// A name for the picture.
    pub const fn api(&self) -> &'static str {
        match &self.body {
            PartitionRaftBody::Raft(RaftMessage::RequestVote { .. } | RaftMessage::Vote { .. }) => {
                "RequestVote"
            }
            PartitionRaftBody::Raft(_) => "AppendEntries",
            PartitionRaftBody::AskRecord(_) | PartitionRaftBody::RecordAnswer(..) => "AskRecord",
        }
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        match &self.body {
            PartitionRaftBody::Raft(message) => message.is_request(),
            PartitionRaftBody::AskRecord(_) => true,
            PartitionRaftBody::RecordAnswer(..) => false,
        }
    }
}
