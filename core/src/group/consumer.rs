//! A group of KIP-848: the coordinator deals out the partitions, and each member moves towards its share by heartbeats.
//!
//! Three epochs: the group's rises when members, subscriptions or topics change; the target assignment has the group's
//! epoch for which it was worked out; a member has the epoch of the target that it has reached. There is no barrier:
//! who has nothing to give up and nothing to wait for notices nothing.
//!
//! Source: `ConsumerGroup`, `GroupMetadataManager.consumerGroupHeartbeat`, `TargetAssignmentBuilder`.
//!
//! Left out: `group.consumer.assignment.interval.ms` (the target is worked out at once), `group.consumer.max.size`,
//! members of the classic protocol in such a group.

use super::Asker;
use super::assign::{Catalogue, Claim, Shares, by_coordinator};
use super::reconcile::{Member, MemberState};
use crate::config::Settings;
use crate::id::{Text, TopicId, TopicPartition};
use crate::node::Out;
use crate::time::Time;
use crate::wire::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, ErrorCode, GroupMessage, MemberEpoch,
    ServerAssignor, Subscription,
};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a group is doing (`ConsumerGroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupState {
    /// No members.
    Empty,
    /// The target assignment is older than the group.
    Assigning,
    /// A member has not reached its target.
    Reconciling,
    /// Everybody has what it should have.
    Stable,
}

impl GroupState {
    /// Kafka's name.
    pub const fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::Assigning => "Assigning",
            GroupState::Reconciling => "Reconciling",
            GroupState::Stable => "Stable",
        }
    }
}

/// A group of KIP-848.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsumerGroup {
    /// Its name.
    pub id: Text,
    /// The group epoch.
    pub epoch: u32,
    /// The group epoch for which the target assignment was worked out.
    pub target_epoch: u32,
    /// The target assignment.
    pub target: Shares,
    /// The members by id.
    pub members: BTreeMap<Text, Member>,
    /// The topics that members subscribed to, with as many partitions as the target assignment knows.
    pub topics: BTreeMap<TopicId, u16>,
}

impl ConsumerGroup {
    /// An empty group.
    pub fn new(id: Text) -> ConsumerGroup {
        ConsumerGroup { id, ..ConsumerGroup::default() }
    }

    /// See [`GroupState`].
    pub fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(self.target_epoch)) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// A ConsumerGroupHeartbeat request arrives.
    pub fn on_heartbeat(
        &mut self,
        now: Time,
        asker: Asker,
        request: &ConsumerGroupHeartbeatRequest,
        topics: &Catalogue,
        settings: &Settings,
        out: &mut Out,
    ) {
        let response = match self.admit(now, request, topics, settings) {
            Ok(true) => {
                if self.epoch > self.target_epoch {
                    self.set_target(self.work_out(topics));
                }
                self.reconcile(now, request, settings)
            }
            Ok(false) => response(ErrorCode::None, request, request.epoch),
            Err(error) => response(error, request, MemberEpoch::At(0)),
        };
        asker.answer(GroupMessage::ConsumerGroupHeartbeatResponse(response), out);
    }

    /// The membership part of a heartbeat: who it is, what changed, whether the group's epoch rises. Returns whether
    /// the member is (still) in the group.
    ///
    /// # Errors
    /// What Kafka refuses: unknown, fenced and replaced members.
    pub fn admit(
        &mut self,
        now: Time,
        request: &ConsumerGroupHeartbeatRequest,
        topics: &Catalogue,
        settings: &Settings,
    ) -> Result<bool, ErrorCode> {
        let epoch = match request.epoch {
            MemberEpoch::At(epoch) => epoch,
            MemberEpoch::Leave | MemberEpoch::LeaveStatic => {
                self.leave(request)?;
                return Ok(false);
            }
        };
        let members = self.members.len();
        if epoch == 0 {
            self.join(request)?
        } else {
            self.check(request, epoch)?
        }
        let mut changed = self.members.len() > members;
        let Some(member) = self.members.get_mut(&request.member) else {
            return Err(ErrorCode::UnknownMemberId);
        };
        member.session_ends = now + settings.group_consumer_session_timeout;
        member.rebalance_timeout = request.rebalance_timeout.unwrap_or(member.rebalance_timeout);
        if let Some(topics) = &request.topics
            && *topics != member.topics
        {
            member.topics.clone_from(topics);
            changed = true;
        }
        // Another preferred assignor changes nothing before the next target (`hasMemberSubscriptionChanged`).
        member.assignor = request.assignor.or(member.assignor);
        if self.refresh(topics) || changed {
            self.epoch += 1;
        }
        Ok(true)
    }

    /// Takes note of the subscribed topics' partitions; whether they changed.
    pub(super) fn refresh(&mut self, topics: &Catalogue) -> bool {
        let subscribed = |id: &TopicId| self.members.values().any(|member| member.topics.contains(id));
        let known: BTreeMap<TopicId, u16> = topics
            .iter()
            .filter(|(id, _)| subscribed(id))
            .map(|(&id, &(_, partitions))| (id, partitions))
            .collect();
        let changed = known != self.topics;
        self.topics = known;
        changed
    }

    /// A member joins, or joins again with epoch 0 (KAFKA-19233). A static one only when it said that it goes for a
    /// moment.
    fn join(&mut self, request: &ConsumerGroupHeartbeatRequest) -> Result<(), ErrorCode> {
        let id = request.member;
        let Some(old) = request.instance.and_then(|instance| self.static_member(instance)) else {
            let instance = request.instance;
            self.members.entry(id).or_insert_with(|| Member { instance, ..Member::default() });
            return Ok(());
        };
        if !self.members.get(&old).is_some_and(|member| member.away) {
            return Err(ErrorCode::UnreleasedInstanceId);
        }
        if let Some(member) = self.members.remove(&old) {
            self.members.insert(id, Member { epoch: 0, previous_epoch: 0, away: false, ..member });
        }
        if let Some(share) = self.target.remove(&old) {
            self.target.insert(id, share);
        }
        Ok(())
    }

    fn static_member(&self, instance: Text) -> Option<Text> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance == Some(instance)).map(|(&id, _)| id)
    }

    /// Whether a member that says it is in the group is, in that epoch
    /// (`throwIfConsumerGroupMemberEpochIsInvalid`).
    fn check(&self, request: &ConsumerGroupHeartbeatRequest, epoch: u32) -> Result<(), ErrorCode> {
        if let Some(instance) = request.instance {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if known != request.member => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        let Some(member) = self.members.get(&request.member) else { return Err(ErrorCode::UnknownMemberId) };
        let lost_answer = epoch == member.previous_epoch
            && request
                .owned
                .as_ref()
                .is_some_and(|owned| owned.iter().all(|partition| member.assigned.contains(partition)));
        if !member.away && (epoch == member.epoch || (epoch < member.epoch && lost_answer)) {
            Ok(())
        } else {
            Err(ErrorCode::FencedMemberEpoch)
        }
    }

    fn leave(&mut self, request: &ConsumerGroupHeartbeatRequest) -> Result<(), ErrorCode> {
        let id = match request.instance {
            Some(instance) => self.static_member(instance).ok_or(ErrorCode::UnknownMemberId)?,
            None => request.member,
        };
        if id != request.member {
            return Err(ErrorCode::FencedInstanceId);
        }
        let Some(member) = self.members.get_mut(&id) else { return Err(ErrorCode::UnknownMemberId) };
        if request.epoch == MemberEpoch::LeaveStatic {
            member.away = true;
            member.revoking.clear();
        } else {
            self.remove(id);
        }
        Ok(())
    }

    /// A member is out: left or fenced (`consumerGroupFenceMember`). What it had is free at once.
    pub fn remove(&mut self, id: Text) {
        if self.members.remove(&id).is_some() {
            self.target.remove(&id);
            let members = &self.members;
            self.topics.retain(|topic, _| members.values().any(|member| member.topics.contains(topic)));
            self.epoch += 1;
        }
    }

    /// The target assignment for the present members and topics (`TargetAssignmentBuilder`). What the assignor takes for
    /// a member's own is its share of the target before.
    fn work_out(&self, topics: &Catalogue) -> Shares {
        let mut votes: BTreeMap<ServerAssignor, u32> = BTreeMap::new();
        for assignor in self.members.values().filter_map(|member| member.assignor) {
            *votes.entry(assignor).or_default() += 1;
        }
        let preferred = votes.iter().rev().max_by_key(|(_, count)| **count).map(|(&assignor, _)| assignor);
        let claim = |(&id, member): (&Text, &Member)| Claim {
            member: id,
            instance: member.instance,
            subscription: Subscription {
                topics: member.topics.clone(),
                owned: self.target.get(&id).cloned().unwrap_or_default(),
                generation: 1,
            },
        };
        let claims: Vec<Claim> = self.members.iter().map(claim).collect();
        by_coordinator(preferred.unwrap_or_default(), &claims, topics)
    }

    /// The target assignment of the group's present epoch.
    pub fn set_target(&mut self, target: Shares) {
        (self.target, self.target_epoch) = (target, self.epoch);
    }

    /// The member of a heartbeat takes its next step, and is told of it.
    pub fn reconcile(
        &mut self,
        now: Time,
        request: &ConsumerGroupHeartbeatRequest,
        settings: &Settings,
    ) -> ConsumerGroupHeartbeatResponse {
        let id = request.member;
        let Some(before) = self.members.get(&id).cloned() else {
            return response(ErrorCode::UnknownMemberId, request, MemberEpoch::At(0));
        };
        let mut after = before.clone();
        let nothing: &[TopicPartition] = &[];
        let target = self.target.get(&id).map_or(nothing, Vec::as_slice);
        let held =
            |partition| self.members.iter().any(|(&other, member)| other != id && member.holds(partition));
        after.reconcile((self.target_epoch, target), request.owned.as_deref(), held);
        if after != before {
            let revokes = after.state == MemberState::UnrevokedPartitions;
            after.revoke_by = revokes.then_some(now + after.rebalance_timeout);
        }
        let is_full =
            request.rebalance_timeout.is_some() && request.topics.is_some() && request.owned.is_some();
        let joins = request.epoch == MemberEpoch::At(0);
        let told = joins || is_full || after.assigned != before.assigned;
        let answer = ConsumerGroupHeartbeatResponse {
            heartbeat_interval: settings.group_consumer_heartbeat_interval,
            assignment: told.then(|| after.assigned.clone()),
            ..response(ErrorCode::None, request, MemberEpoch::At(after.epoch))
        };
        self.members.insert(id, after);
        answer
    }

    /// When it wants to be woken next.
    pub fn next_deadline(&self) -> Option<Time> {
        let sessions = self.members.values().map(|member| member.session_ends);
        sessions.chain(self.members.values().filter_map(|member| member.revoke_by)).min()
    }

    /// Time has passed: who was silent for too long, or took too long to give up partitions, is out. Returns who.
    pub fn on_time(&mut self, now: Time) -> Vec<Text> {
        let late = |member: &Member| {
            member.session_ends <= now || member.revoke_by.is_some_and(|deadline| deadline <= now)
        };
        let out: Vec<Text> =
            self.members.iter().filter(|(_, member)| late(member)).map(|(&id, _)| id).collect();
        for &id in &out {
            self.remove(id);
        }
        out
    }
}

fn response(
    error: ErrorCode,
    request: &ConsumerGroupHeartbeatRequest,
    epoch: MemberEpoch,
) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse {
        error,
        member: request.member,
        epoch,
        heartbeat_interval: crate::time::Span::ZERO,
        assignment: None,
    }
}
