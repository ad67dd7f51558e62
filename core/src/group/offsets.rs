//! Who may commit and read a group's offsets.
//!
//! Source: `ClassicGroup.validateOffsetCommit`, `ConsumerGroup.validateOffsetCommit`, `validateOffsetFetch`; KIP-848.
//!
//! Left out: transactional commits, expiration.

use super::classic::{ClassicGroup, State};
use super::consumer::ConsumerGroup;
use crate::id::{Offset, TopicPartition};
use crate::wire::{ErrorCode, OffsetCommitRequest, OffsetFetchRequest};
use alloc::collections::BTreeMap;

/// What a group has committed: the next offset to read of each partition.
pub type Offsets = BTreeMap<TopicPartition, Offset>;

impl ClassicGroup {
    /// Whether this commit counts. It does while the group prepares a rebalance: members commit before they give up
    /// what they read.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`, `ILLEGAL_GENERATION`, `REBALANCE_IN_PROGRESS`.
    pub fn check_commit(&self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let Some(generation) = request.generation else {
            // A client that assigns its partitions itself; nobody else may be there.
            let alone = self.state == State::Empty && request.member.is_empty();
            return if alone { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        };
        self.check_member(request.member, request.instance)?;
        if generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        match self.state {
            State::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            State::Empty | State::PreparingRebalance(_) | State::Stable => Ok(()),
        }
    }
}

impl ConsumerGroup {
    /// Whether this commit counts: the member has to know its own epoch.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `STALE_MEMBER_EPOCH`.
    pub fn check_commit(&self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        match request.generation {
            None if self.members.is_empty() => Ok(()),
            None => Err(ErrorCode::UnknownMemberId),
            Some(epoch) => self.check_epoch(request.member, epoch),
        }
    }

    /// Whether this member may read what the group has committed.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `STALE_MEMBER_EPOCH`.
    pub fn check_fetch(&self, request: &OffsetFetchRequest) -> Result<(), ErrorCode> {
        match request.member {
            None => Ok(()),
            Some((member, epoch)) => self.check_epoch(member, epoch),
        }
    }

    fn check_epoch(&self, member: crate::id::Text, epoch: u32) -> Result<(), ErrorCode> {
        match self.members.get(&member) {
            None => Err(ErrorCode::UnknownMemberId),
            Some(known) if known.away || known.epoch != epoch => Err(ErrorCode::StaleMemberEpoch),
            Some(_) => Ok(()),
        }
    }
}
