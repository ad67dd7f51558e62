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

impl ClassicGroup {
    /// A SyncGroup request arrives (`classicGroupSyncToClassicGroup`). Returns whether it brought the assignment of
    /// this generation: then the group has to be written down before anybody is answered.
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
                self.state = State::Stable;
                for member in self.members.values_mut() {
                    member.finish_sync(now, ErrorCode::None, out);
                }
                self.forget_sync_deadline();
                Ok(true)
            }
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
