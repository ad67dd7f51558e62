//! SyncGroup, Heartbeat, LeaveGroup: how members of a generation get their partitions, stay, and go.

use super::{Awaiting, ClassicGroup, Member, State};
use crate::config::Settings;
use crate::group::Asker;
use crate::id::TopicPartition;
use crate::node::Out;
use crate::time::Time;
use crate::wire::{
    ErrorCode, GroupMessage, HeartbeatRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
    SyncGroupResponse,
};
use alloc::vec::Vec;
use core::mem;

impl ClassicGroup {
    /// A SyncGroup request arrives (`classicGroupSyncToClassicGroup`). Returns whether it brought the assignment of
    /// this generation: then the group has to be written down, and [`Self::on_stored`] answers everybody.
    pub fn on_sync(&mut self, now: Time, asker: Asker, request: SyncGroupRequest, out: &mut Out) -> bool {
        match self.sync(now, asker, request, out) {
            Ok(brought) => brought,
            Err(error) => {
                answer_sync(asker, error, Vec::new(), out);
                false
            }
        }
    }

    fn sync(
        &mut self,
        now: Time,
        asker: Asker,
        request: SyncGroupRequest,
        out: &mut Out,
    ) -> Result<bool, ErrorCode> {
        let id = request.member;
        self.check_member(id, request.instance)?;
        if request.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let is_leader = self.leader == Some(id);
        let Some(member) = self.members.get_mut(&id) else { return Err(ErrorCode::UnknownMemberId) };
        match self.state {
            State::Empty => Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance(_) => Err(ErrorCode::RebalanceInProgress),
            State::Stable => {
                member.pending_sync = false;
                member.touch(now);
                answer_sync(asker, ErrorCode::None, member.assignment.clone(), out);
                self.forget_sync_deadline();
                Ok(false)
            }
            State::CompletingRebalance => {
                member.awaiting = Some(Awaiting::Sync(asker));
                member.pending_sync = false;
                member.session_ends = None;
                if !is_leader {
                    self.forget_sync_deadline();
                    return Ok(false);
                }
                // Whom the leader forgot has nothing (`setAndPropagateAssignment`).
                self.members.values_mut().for_each(|member| member.assignment.clear());
                for (member, partitions) in request.assignments {
                    if let Some(member) = self.members.get_mut(&member) {
                        member.assignment = partitions;
                    }
                }
                self.storing = true;
                self.forget_sync_deadline();
                Ok(true)
            }
        }
    }

    /// What the leader brought is committed, or could not be: then everybody has to join again. Nothing happens when a
    /// rebalance has begun meanwhile (`classicGroupSyncToClassicGroup`, its `appendFuture`).
    pub fn on_stored(&mut self, now: Time, error: ErrorCode, settings: &Settings, out: &mut Out) {
        if !mem::take(&mut self.storing) {
            return;
        }
        if error.is_none() {
            self.state = State::Stable;
        } else {
            self.members.values_mut().for_each(|member| member.assignment.clear());
        }
        for member in self.members.values_mut() {
            member.finish_sync(now, error, out);
        }
        if !error.is_none() {
            self.prepare_or_complete(now, settings, out);
        }
    }

    fn forget_sync_deadline(&mut self) {
        if self.members.values().all(|member| !member.pending_sync) {
            self.sync_deadline = None;
        }
    }

    /// A Heartbeat request arrives (`classicGroupHeartbeatToClassicGroup`).
    pub fn on_heartbeat(&mut self, now: Time, asker: Asker, request: HeartbeatRequest, out: &mut Out) {
        let error = self.heartbeat(now, request);
        asker.answer(GroupMessage::HeartbeatResponse(error), out);
    }

    fn heartbeat(&mut self, now: Time, request: HeartbeatRequest) -> ErrorCode {
        if let Err(error) = self.check_member(request.member, request.instance) {
            return error;
        }
        if request.generation != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        let error = match self.state {
            State::Empty => return ErrorCode::UnknownMemberId,
            State::PreparingRebalance(_) => ErrorCode::RebalanceInProgress,
            State::CompletingRebalance | State::Stable => ErrorCode::None,
        };
        // Who waits for an answer counts as alive until it has it, unless it is new (`hasSatisfiedHeartbeat`).
        if let Some(member) = self.members.get_mut(&request.member)
            && (member.is_new || member.awaiting.is_none())
        {
            member.touch(now);
        }
        error
    }

    /// A LeaveGroup request arrives (`classicGroupLeaveToClassicGroup`).
    pub fn on_leave(
        &mut self,
        now: Time,
        asker: Asker,
        request: LeaveGroupRequest,
        settings: &Settings,
        out: &mut Out,
    ) {
        let error = self.leave(now, request, settings, out);
        asker.answer(GroupMessage::LeaveGroupResponse(error), out);
    }

    fn leave(
        &mut self,
        now: Time,
        request: LeaveGroupRequest,
        settings: &Settings,
        out: &mut Out,
    ) -> ErrorCode {
        if self.pending.remove(&request.member).is_none() {
            if let Err(error) = self.check_member(request.member, request.instance) {
                return error;
            }
            self.take_out(request.member, now, out);
        }
        if self.state != State::Empty {
            self.prepare_or_complete(now, settings, out);
        }
        ErrorCode::None
    }
}

impl Member {
    /// Its JoinGroup is answered: who waits for it. From now on it has to fetch its assignment.
    pub(super) fn finish_join(&mut self, now: Time) -> Option<Asker> {
        (self.is_new, self.pending_sync) = (false, true);
        self.touch(now);
        match self.awaiting.take() {
            Some(Awaiting::Join(asker)) => Some(asker),
            other => {
                self.awaiting = other;
                None
            }
        }
    }

    /// Answers its SyncGroup, if one waits.
    pub(super) fn finish_sync(&mut self, now: Time, error: ErrorCode, out: &mut Out) {
        if let Some(Awaiting::Sync(asker)) = self.awaiting {
            self.awaiting = None;
            self.touch(now);
            let assignment = if error.is_none() { self.assignment.clone() } else { Vec::new() };
            answer_sync(asker, error, assignment, out);
        }
    }
}

fn answer_sync(asker: Asker, error: ErrorCode, assignment: Vec<TopicPartition>, out: &mut Out) {
    asker.answer(GroupMessage::SyncGroupResponse(SyncGroupResponse { error, assignment }), out);
}

impl Member {
    /// What it waits for is refused.
    pub(in crate::group) fn refuse(&mut self, error: ErrorCode, out: &mut Out) {
        match self.awaiting.take() {
            Some(Awaiting::Join(asker)) => {
                let response = JoinGroupResponse { error, ..JoinGroupResponse::default() };
                asker.answer(GroupMessage::JoinGroupResponse(response), out);
            }
            Some(Awaiting::Sync(asker)) => answer_sync(asker, error, Vec::new(), out),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Correlation, NodeId, Text, TopicId};
    use crate::time::Span;
    use crate::wire::{Strategy, Subscription};
    use alloc::collections::BTreeMap;
    use alloc::vec;

    const ORDERS: TopicPartition = TopicPartition { topic: TopicId(1), partition: 0 };

    fn leader() -> Text {
        Text::new("m1").expect("it is short")
    }

    /// A group of one member, which has brought the assignment of generation 1.
    fn syncing(out: &mut Out) -> ClassicGroup {
        let member = Member {
            instance: None,
            session_timeout: Span::secs(10),
            rebalance_timeout: Span::secs(60),
            protocols: vec![(Strategy::default(), Subscription::default())],
            assignment: Vec::new(),
            awaiting: None,
            is_new: false,
            pending_sync: true,
            session_ends: None,
        };
        let mut group = ClassicGroup {
            state: State::CompletingRebalance,
            generation: 1,
            leader: Some(leader()),
            members: BTreeMap::from([(leader(), member)]),
            ..ClassicGroup::default()
        };
        let request = SyncGroupRequest {
            group: group.id,
            generation: 1,
            member: leader(),
            instance: None,
            assignments: vec![(leader(), vec![ORDERS])],
        };
        let asker = Asker { node: NodeId::consumer(1), correlation: Correlation(1) };
        assert!(group.on_sync(Time(1), asker, request, out));
        assert_eq!(group.state, State::CompletingRebalance);
        assert_eq!(out.effects.len(), 0, "nobody is answered yet");
        group
    }

    /// Source: `GroupMetadataManager.classicGroupSyncToClassicGroup`, `setAndPropagateAssignment` in its
    /// `appendFuture`; `GroupCoordinator.doSyncGroup` before 4.0.
    #[test]
    fn a_group_is_stable_when_its_assignment_is_committed_and_not_before() {
        let mut out = Out::default();
        let mut group = syncing(&mut out);
        group.on_stored(Time(2), ErrorCode::None, &Settings::default(), &mut out);
        assert_eq!(group.state, State::Stable);
        assert_eq!(group.members[&leader()].assignment, [ORDERS]);
        assert_eq!(out.effects.len(), 1);
    }

    /// Source: `GroupMetadataManager.classicGroupSyncToClassicGroup`, `resetAndPropagateAssignmentWithError` in its
    /// `appendFuture`.
    #[test]
    fn members_join_again_when_their_assignment_could_not_be_committed() {
        let mut out = Out::default();
        let mut group = syncing(&mut out);
        let error = ErrorCode::CoordinatorNotAvailable;
        group.on_stored(Time(2), error, &Settings::default(), &mut out);
        assert!(group.is_preparing());
        assert!(group.members[&leader()].assignment.is_empty());
        assert_eq!(out.effects.len(), 1);
        group.on_stored(Time(3), ErrorCode::None, &Settings::default(), &mut out);
        assert!(group.is_preparing(), "what comes late does nothing");
    }
}
