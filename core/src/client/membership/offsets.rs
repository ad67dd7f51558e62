//! Where a member begins to read, and what it commits.
//!
//! Source: `ConsumerCoordinator.refreshCommittedOffsetsIfNeeded`, `maybeAutoCommitOffsetsAsync`, `CommitRequestManager`.

use super::{Consumer, Membership, Question};
use crate::client::subscription::Position;
use crate::config::{GroupProtocol, OffsetReset, Settings};
use crate::id::{Offset, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::time::Time;
use crate::wire::{ErrorCode, GroupMessage, OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse};
use alloc::vec::Vec;

impl Consumer {
    /// Asks for the offsets of partitions without a position; commits what was read, every `auto.commit.interval.ms`.
    pub(super) fn poll_offsets(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if now < membership.retry_at || membership.coordinator.is_none() {
            return;
        }
        let asks = membership.waits_for(|question| matches!(question, Question::Offsets(_)));
        let missing: Vec<TopicPartition> =
            membership.owned.iter().copied().filter(|at| !self.positions.contains_key(at)).collect();
        if !asks && !missing.is_empty() {
            let checked = settings.group_protocol == GroupProtocol::Consumer;
            let member = checked.then_some((membership.member, membership.epoch));
            let request = OffsetFetchRequest { group: membership.group, member, partitions: missing.clone() };
            let message = GroupMessage::OffsetFetchRequest(request);
            let within = settings.request_timeout;
            self.ask_group(membership, (Question::Offsets(missing), message), within, now, out);
        }
        let commits = membership.waits_for(|question| matches!(question, Question::Commit(_)));
        if settings.enable_auto_commit && !commits && now >= membership.commit_at {
            membership.commit_at = now + settings.auto_commit_interval;
            self.commit(membership, settings, now, out);
        }
    }

    /// Commits what was read and is not committed yet; false when there is nothing.
    fn commit(&mut self, membership: &mut Membership, settings: &Settings, now: Time, out: &mut Out) -> bool {
        let read = |&at: &TopicPartition| {
            let offset = self.positions.get(&at)?.offset?;
            (membership.committed.get(&at) != Some(&offset)).then_some((at, offset))
        };
        let offsets: Vec<(TopicPartition, Offset)> = membership.owned.iter().filter_map(read).collect();
        if offsets.is_empty() {
            return false;
        }
        let request = OffsetCommitRequest {
            group: membership.group,
            generation: Some(membership.epoch),
            member: membership.member,
            instance: None,
            offsets: offsets.clone(),
        };
        let message = GroupMessage::OffsetCommitRequest(request);
        let within = settings.request_timeout;
        self.ask_group(membership, (Question::Commit(offsets), message), within, now, out);
        true
    }

    /// The commit before partitions are given up. Returns whether there is one to wait for.
    pub(super) fn commit_before_revoking(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> bool {
        membership.has_committed = true;
        settings.enable_auto_commit && self.commit(membership, settings, now, out)
    }

    pub(super) fn on_committed(
        &mut self,
        membership: &mut Membership,
        offsets: Vec<(TopicPartition, Offset)>,
        error: ErrorCode,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        match error {
            ErrorCode::None => {
                for (partition, offset) in offsets {
                    membership.committed.insert(partition, offset);
                    out.note(Note::OffsetCommitted { group: membership.group, partition, offset });
                }
            }
            // The next heartbeat brings the new epoch.
            ErrorCode::StaleMemberEpoch => membership.heartbeat_at = now,
            error => self.on_group_error(membership, error, settings, now, out),
        }
    }

    pub(super) fn on_offsets(
        &mut self,
        membership: &mut Membership,
        fetched: OffsetFetchResponse,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if fetched.error == ErrorCode::StaleMemberEpoch {
            membership.heartbeat_at = now;
            return membership.back_off(settings, now, out);
        }
        if !fetched.error.is_none() {
            return self.on_group_error(membership, fetched.error, settings, now, out);
        }
        for (partition, offset) in fetched.offsets {
            if !membership.owned.contains(&partition) || self.positions.contains_key(&partition) {
                continue;
            }
            let mut position = Position::default();
            match offset {
                Some(offset) => {
                    membership.committed.insert(partition, offset);
                    position.seek(offset, None);
                    position.current_leader = self.network.metadata.partitions.get(&partition).copied();
                }
                None => {
                    membership.committed.remove(&partition);
                    let policy = settings.auto_offset_reset;
                    position.reset(if policy == OffsetReset::None { OffsetReset::Earliest } else { policy });
                }
            }
            self.positions.insert(partition, position);
        }
    }
}
