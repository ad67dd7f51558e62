//! What a Raft group asks of its owner, and tells it.

use crate::dice::Dice;
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset};
use crate::note::VoteRefusal;
use crate::time::Span;
use crate::wire::RaftMessage;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

/// Collects what comes of one input.
#[derive(Clone, Debug)]
pub struct RaftOut<R> {
    /// Messages to send, in order.
    pub send: Vec<(NodeId, RaftMessage<R>)>,
    /// What happened, in order.
    pub happened: Vec<RaftEvent>,
    /// The member's luck: the owner hands it in and takes it back.
    pub dice: Dice,
}

impl<R> RaftOut<R> {
    /// Nothing yet.
    pub const fn new(dice: Dice) -> RaftOut<R> {
        RaftOut { send: Vec::new(), happened: Vec::new(), dice }
    }

    pub(super) fn tell(&mut self, event: RaftEvent) {
        self.happened.push(event);
    }

    pub(super) fn draw(&mut self, range: &RangeInclusive<Span>) -> Span {
        self.dice.within(range)
    }
}

/// Something that happened in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaftEvent {
    /// It stands for election, or asks whether it would win.
    ElectionStarted {
        /// The epoch that it wants to lead.
        epoch: LeaderEpoch,
        /// Whether it only asks.
        pre_vote: bool,
    },
    /// It voted for another member.
    Voted {
        /// In this epoch.
        epoch: LeaderEpoch,
        /// For this one.
        candidate: NodeId,
    },
    /// It refused its vote.
    VoteRefused {
        /// In this epoch.
        epoch: LeaderEpoch,
        /// To this one.
        candidate: NodeId,
        /// Why.
        why: VoteRefusal,
    },
    /// It won.
    BecameLeader {
        /// The epoch.
        epoch: LeaderEpoch,
        /// Who voted for it, itself included.
        votes: NodeList,
        /// The offset of its no-op.
        epoch_start: Offset,
    },
    /// It follows in another epoch, or another leader.
    BecameFollower {
        /// The epoch.
        epoch: LeaderEpoch,
        /// The leader, if it is known.
        leader: Option<NodeId>,
    },
    /// It led, and no majority has answered for an election timeout: it leads no more.
    Resigned {
        /// The epoch that it led.
        epoch: LeaderEpoch,
    },
    /// It appended what the leader pushed.
    Replicated {
        /// The first new offset.
        from: Offset,
        /// Where the new entries end, exclusive.
        to: Offset,
        /// The leader.
        leader: NodeId,
    },
    /// It cut its log, which had parted from the leader's.
    Truncated {
        /// Where the log ended.
        from: Offset,
        /// Where it ends now.
        to: Offset,
        /// The leader.
        leader: NodeId,
    },
    /// Its high watermark moved.
    Committed {
        /// From here.
        from: Offset,
        /// To here, exclusive.
        to: Offset,
    },
}
