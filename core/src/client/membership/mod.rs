//! A consumer's membership in a group: it finds the coordinator, keeps its place, and commits where it stands.
//!
//! It fetches nothing: it says which partitions the consumer reads, and where it begins. Invariants: without a
//! generation (a member epoch) nothing is read; a partition is given up only after what was read of it has been
//! committed, if commits are automatic and the coordinator answers.
//!
//! Reading order: here what both protocols share; [`classic`]; [`heartbeat`] (KIP-848); [`offsets`].
//! Source: `AbstractCoordinator`, `ConsumerCoordinator`, `ConsumerMembershipManager`, `CommitRequestManager`.
//!
//! Left out: static membership; several strategies at once; manual commits; `max.poll.interval.ms` of an application
//! that hangs; regular expressions. A consumer joins when it knows its topics.

mod classic;
mod heartbeat;
mod offsets;

use super::backoff::backoff;
use super::consumer::Consumer;
use crate::config::{GroupProtocol, Settings};
use crate::group::assign::Catalogue;
use crate::id::{CallId, Correlation, NodeId, Offset, Text, TopicId, TopicPartition};
use crate::node::{Effect, Out, Outcome};
use crate::note::Note;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, GroupMessage, Message};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How far a member has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// It has to join, or to join again.
    #[default]
    Unjoined,
    /// Its JoinGroup waits for an answer.
    Joining,
    /// Its SyncGroup waits for an answer.
    Syncing,
    /// It is in.
    Stable,
}

/// What a request was about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Question {
    Find,
    Join,
    Sync,
    Heartbeat,
    /// These offsets.
    Commit(Vec<(TopicPartition, Offset)>),
    /// These partitions.
    Offsets(Vec<TopicPartition>),
    Leave,
}

/// A membership.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Membership {
    /// `group.id`.
    pub group: Text,
    /// Its id in the group; empty before it has one.
    pub member: Text,
    /// The generation that it is in, or its member epoch.
    pub epoch: u32,
    /// How far it has come.
    pub phase: Phase,
    /// The coordinator, as far as it knows.
    pub coordinator: Option<NodeId>,
    /// The coordinator that was told of last.
    told: Option<NodeId>,
    /// The partitions that it reads.
    pub owned: Vec<TopicPartition>,
    /// What the coordinator has heard of where it stands.
    pub committed: BTreeMap<TopicPartition, Offset>,
    /// The partitions that it was told to have.
    pub target: Vec<TopicPartition>,
    /// KIP-848: the next heartbeat says everything; it says what it owns.
    tells_all: bool,
    tells_owned: bool,
    /// What waits for an answer.
    asked: Vec<(Correlation, Question)>,
    /// It has committed before it gives something up.
    has_committed: bool,
    /// Attempts since the last success.
    failures: u32,
    retry_at: Time,
    heartbeat_at: Time,
    commit_at: Time,
    /// It was asked to stop.
    leaving: Option<CallId>,
}

impl Membership {
    /// A member to be.
    pub const fn new(group: Text) -> Membership {
        Membership {
            group,
            member: Text::EMPTY,
            epoch: 0,
            phase: Phase::Unjoined,
            coordinator: None,
            told: None,
            owned: Vec::new(),
            committed: BTreeMap::new(),
            target: Vec::new(),
            tells_all: true,
            tells_owned: true,
            asked: Vec::new(),
            has_committed: false,
            failures: 0,
            retry_at: Time::ZERO,
            heartbeat_at: Time::ZERO,
            commit_at: Time::ZERO,
            leaving: None,
        }
    }

    fn waits_for(&self, is: impl Fn(&Question) -> bool) -> bool {
        self.asked.iter().any(|(_, question)| is(question))
    }

    /// Something went wrong: not again before a back-off.
    fn back_off(&mut self, settings: &Settings, now: Time, out: &mut Out) {
        let wait = backoff(settings.retry_backoff, settings.retry_backoff_max, self.failures, out);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now + wait;
    }

    /// Who coordinates must be found anew. A classic member breaks the connection with it, so that what was asked there
    /// has failed (`AbstractCoordinator.markCoordinatorUnknown`).
    fn lose_coordinator(&mut self, settings: &Settings, now: Time, out: &mut Out) {
        self.coordinator = None;
        if settings.group_protocol == GroupProtocol::Classic {
            let gone = self.asked.extract_if(.., |(_, question)| *question != Question::Find);
            self.has_committed |=
                gone.filter(|(_, question)| matches!(question, Question::Commit(_))).count() > 0;
        }
        self.tells_all = true;
        if self.phase != Phase::Stable {
            self.phase = Phase::Unjoined;
        }
        self.back_off(settings, now, out);
    }

    /// When there is something to do again.
    fn next_turn(&self, now: Time, settings: &Settings) -> Option<Time> {
        let mut next = Vec::from([self.retry_at]);
        if self.phase == Phase::Stable {
            next.push(self.heartbeat_at);
        }
        if settings.enable_auto_commit && !self.owned.is_empty() {
            next.push(self.commit_at);
        }
        next.into_iter().filter(|&at| at > now).min()
    }
}

impl Consumer {
    /// The turn of the group in the poll loop: whatever is due is asked.
    pub(super) fn poll_group(&mut self, now: Time, out: &mut Out) {
        let Some(mut membership) = self.membership.take() else { return };
        let settings = Arc::clone(&self.settings);
        if self.group_is_ready(&mut membership, &settings, now, out) {
            match settings.group_protocol {
                GroupProtocol::Classic => self.poll_classic(&mut membership, &settings, now, out),
                GroupProtocol::Consumer => self.poll_consumer(&mut membership, &settings, now, out),
            }
            self.poll_offsets(&mut membership, &settings, now, out);
        }
        self.membership = Some(membership);
    }

    /// When the group wants its next turn.
    pub(super) fn next_group_turn(&self, now: Time) -> Option<Time> {
        self.membership.as_ref()?.next_turn(now, &self.settings)
    }

    /// Whether the coordinator can be asked; what is missing for that is set going.
    fn group_is_ready(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> bool {
        let known = |name: &Text| self.network.metadata.topic_named(*name).is_some();
        if !self.spec.topics.iter().all(known) || now < membership.retry_at {
            return false;
        }
        let Some(coordinator) = membership.coordinator else {
            self.find_coordinator(membership, settings, now, out);
            return false;
        };
        if self.network.ready(coordinator, settings, now, out) {
            return true;
        }
        if self.network.backs_off(coordinator, now) {
            membership.lose_coordinator(settings, now, out);
        }
        false
    }

    fn find_coordinator(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if membership.waits_for(|question| *question == Question::Find) {
            return;
        }
        let Some(node) = self.network.least_loaded_node(settings, now, out) else { return };
        if self.network.ready(node, settings, now, out) {
            let request = Message::Group(GroupMessage::FindCoordinatorRequest(membership.group).into());
            let correlation = self.network.send(node, request, settings, now, out);
            membership.asked.push((correlation, Question::Find));
        }
    }

    /// Asks the coordinator; the answer may take `within`.
    fn ask_group(
        &mut self,
        membership: &mut Membership,
        (question, message): (Question, GroupMessage),
        within: Span,
        now: Time,
        out: &mut Out,
    ) {
        let Some(coordinator) = membership.coordinator else { return };
        let correlation =
            self.network.send_within(coordinator, Message::Group(message.into()), within, now, out);
        membership.asked.push((correlation, question));
    }

    /// An answer of the coordinator.
    pub(super) fn on_group_answer(
        &mut self,
        correlation: Correlation,
        message: GroupMessage,
        now: Time,
        out: &mut Out,
    ) {
        let Some(mut membership) = self.membership.take() else { return };
        let place = membership.asked.iter().position(|(number, _)| *number == correlation);
        if let Some(place) = place {
            let (_, question) = membership.asked.remove(place);
            let settings = Arc::clone(&self.settings);
            self.on_group_response(&mut membership, question, message, &settings, now, out);
        }
        self.membership = Some(membership);
    }

    fn on_group_response(
        &mut self,
        membership: &mut Membership,
        question: Question,
        message: GroupMessage,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        match (question, message) {
            (Question::Find, GroupMessage::FindCoordinatorResponse(found)) => match found.coordinator {
                Some(coordinator) => {
                    membership.coordinator = Some(coordinator);
                    // Until the metadata changes every broker names one that is gone: that is told once.
                    if membership.told != Some(coordinator) {
                        membership.told = Some(coordinator);
                        out.note(Note::CoordinatorFound { group: membership.group, coordinator });
                    }
                }
                None => membership.back_off(settings, now, out),
            },
            (Question::Join, GroupMessage::JoinGroupResponse(joined)) => {
                self.on_joined(membership, joined, settings, now, out);
            }
            (Question::Sync, GroupMessage::SyncGroupResponse(synced)) => {
                self.on_synced(membership, synced, settings, now, out);
            }
            (Question::Heartbeat, GroupMessage::HeartbeatResponse(error)) => {
                if error.is_none() {
                    membership.failures = 0;
                } else {
                    self.on_group_error(membership, error, settings, now, out);
                }
            }
            (Question::Heartbeat, GroupMessage::ConsumerGroupHeartbeatResponse(told)) => {
                self.on_told(membership, told, settings, now, out);
            }
            (Question::Commit(offsets), GroupMessage::OffsetCommitResponse(error)) => {
                self.on_committed(membership, offsets, error, settings, now, out);
            }
            (Question::Offsets(_), GroupMessage::OffsetFetchResponse(fetched)) => {
                self.on_offsets(membership, fetched, settings, now, out);
            }
            (Question::Leave, _) => self.leave_done(membership, out),
            _ => {}
        }
    }

    /// What an error means for a membership.
    fn on_group_error(
        &mut self,
        membership: &mut Membership,
        error: ErrorCode,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        self.last_error = error;
        match error {
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => {
                membership.lose_coordinator(settings, now, out);
            }
            ErrorCode::RebalanceInProgress => membership.phase = Phase::Unjoined,
            ErrorCode::UnknownMemberId
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedMemberEpoch
            | ErrorCode::GroupIdNotFound => {
                out.note(Note::MemberFenced { group: membership.group, member: membership.member, error });
                // What else was asked under the old identity says nothing any more.
                membership.asked.retain(|(_, question)| *question == Question::Find);
                // A classic member that nobody knows needs a new id; a KIP-848 member keeps its own.
                if error == ErrorCode::UnknownMemberId && settings.group_protocol == GroupProtocol::Classic {
                    membership.member = Text::EMPTY;
                }
                self.give_up(membership, |_| true, out);
                membership.epoch = 0;
                membership.phase = Phase::Unjoined;
                membership.tells_all = true;
                membership.target.clear();
            }
            _ => {
                if membership.phase != Phase::Stable {
                    membership.phase = Phase::Unjoined;
                }
                membership.back_off(settings, now, out);
            }
        }
    }

    /// Requests failed with their connection, or were not answered in time.
    pub(super) fn fail_group_questions(&mut self, failed: &[Correlation], now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        let Some(membership) = &mut self.membership else { return };
        let mut lost = false;
        for (_, question) in membership.asked.extract_if(.., |(number, _)| failed.contains(number)) {
            lost = true;
            if matches!(question, Question::Commit(_)) {
                membership.has_committed = true;
            }
        }
        if lost {
            membership.lose_coordinator(&settings, now, out);
        }
    }

    /// Reads these partitions no more.
    fn give_up(
        &mut self,
        membership: &mut Membership,
        which: impl Fn(TopicPartition) -> bool,
        out: &mut Out,
    ) {
        let group = membership.group;
        for partition in membership.owned.extract_if(.., |at| which(*at)) {
            self.positions.remove(&partition);
            out.note(Note::PartitionRevoked { group, partition });
        }
    }

    /// Reads these partitions from now on; where it begins is asked first.
    fn take_on(&mut self, membership: &mut Membership, partitions: &[TopicPartition], out: &mut Out) {
        let group = membership.group;
        for &partition in partitions {
            if !membership.owned.contains(&partition) {
                membership.owned.push(partition);
                out.note(Note::PartitionAssigned { group, partition, epoch: membership.epoch });
            }
        }
        membership.owned.sort_unstable();
    }

    fn subscribed(&self) -> Vec<TopicId> {
        let metadata = &self.network.metadata;
        self.spec.topics.iter().filter_map(|&name| metadata.topic_named(name)).collect()
    }

    fn catalogue(&self) -> Catalogue {
        let metadata = &self.network.metadata;
        metadata.topics.iter().map(|(&id, &name)| (id, (name, metadata.partition_count(id)))).collect()
    }

    /// The application closes the consumer: it commits, leaves, and ends (`Consumer.close`).
    pub(super) fn begin_leaving(&mut self, call: CallId, out: &mut Out) {
        match &mut self.membership {
            Some(membership) => {
                membership.leaving = Some(call);
                membership.has_committed = false;
                out.reply(call, Outcome::Done);
                if membership.phase == Phase::Unjoined && membership.owned.is_empty() {
                    out.effects.push(Effect::Exit { clean: true });
                }
            }
            None => out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest)),
        }
    }

    fn leave_done(&mut self, membership: &mut Membership, out: &mut Out) {
        self.give_up(membership, |_| true, out);
        out.effects.push(Effect::Exit { clean: true });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joining() -> Membership {
        let asked = [Question::Join, Question::Commit(Vec::new()), Question::Find];
        let asked = (1..).map(Correlation).zip(asked).collect();
        Membership { phase: Phase::Joining, asked, ..Membership::new(Text::EMPTY) }
    }

    /// Source: `AbstractCoordinator.markCoordinatorUnknown`: a JoinGroup whose answer came all the same would be
    /// followed by a SyncGroup that nobody can be sent.
    #[test]
    fn a_classic_member_that_loses_its_coordinator_waits_for_nothing_there() {
        let mut membership = joining();
        membership.lose_coordinator(&Settings::default(), Time(1), &mut Out::default());
        assert_eq!(membership.asked, [(Correlation(3), Question::Find)]);
        assert_eq!((membership.phase, membership.has_committed), (Phase::Unjoined, true));
    }

    /// Source: `CoordinatorRequestManager.markCoordinatorUnknown`.
    #[test]
    fn a_member_of_kip_848_that_loses_its_coordinator_still_hears_its_answers() {
        let mut membership = joining();
        let settings = Settings { group_protocol: GroupProtocol::Consumer, ..Settings::default() };
        membership.lose_coordinator(&settings, Time(1), &mut Out::default());
        assert_eq!(membership.asked.len(), 3);
    }
}
