//! The reasons that notes give.

use serde::{Deserialize, Serialize};

/// Why a vote was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum VoteRefusal {
    /// The asker's epoch is older (`FENCED_LEADER_EPOCH`).
    OldEpoch,
    /// The asker's log is behind.
    LogBehind,
    /// The vote of this epoch went to somebody else.
    VotedForOther,
    /// A leader of this epoch is known.
    LeaderKnown,
    /// A pre-vote while the leader still answers fetches (KIP-996).
    LeaderAlive,
    /// It is a candidate itself, or resigned from this very epoch.
    OwnCandidacy,
    /// It leads this epoch.
    IsLeader,
    /// The request was malformed or meant for another voter.
    Invalid,
}

/// Why a leader of the metadata quorum resigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResignReason {
    /// No majority fetched within the check-quorum timeout.
    CheckQuorum,
    /// It was asked to (a person, a graceful shutdown).
    Asked,
    /// It had led this epoch before a restart.
    Restarted,
    /// A voter set without it is committed.
    Removed,
    /// The controller on top of it could not go on.
    ControllerFailed,
}

/// Why a replica of the metadata log stopped for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HaltReason {
    /// A snapshot was fetched that does not reach beyond the log that it should replace.
    SnapshotBehindLog,
    /// The leader's log lacks records that this replica knows to be committed: it would have to cut them.
    TruncationBelowHw,
    /// The leader's high watermark went back.
    HwWentBack,
    /// Two leaders of one epoch, or this replica named as a leader that it is not.
    InconsistentLeader,
}

/// Why a partition's registration changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChangeReason {
    /// A broker was fenced.
    Fenced,
    /// A broker was unfenced.
    Unfenced,
    /// A broker shuts down in a controlled way.
    ControlledShutdown,
    /// A broker came back as a new process and its old life was cleaned up.
    Restarted,
    /// The leader asked for it (AlterPartition).
    AlterPartition,
    /// Preferred leader election.
    PreferredElection,
    /// Unclean leader election.
    UncleanElection,
    /// A broker was unregistered.
    Unregistered,
    /// A reassignment.
    Reassignment,
    /// A broker's znode is gone (ZooKeeper mode).
    BrokerFailed,
    /// A broker's znode is there again (ZooKeeper mode).
    BrokerStarted,
    /// A controller was elected, and looked at every partition (ZooKeeper mode).
    ControllerElected,
}

/// How a partition's leader was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LeaderChoice {
    /// The first of the replica list.
    Preferred,
    /// The first eligible replica in assignment order that is in the ISR.
    InSync,
    /// From the ELR, the ISR being empty (KIP-966): it holds every committed record.
    Eligible,
    /// The leader from before, ISR and ELR being lost (KIP-966): records may be lost.
    LastKnown,
    /// Outside the ISR: records may be lost.
    Unclean,
}
