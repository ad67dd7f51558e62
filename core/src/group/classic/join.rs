//! JoinGroup: who is let in, and what that does to the others (`classicGroupJoinToClassicGroup`).

use super::{Awaiting, ClassicGroup, Member, NEW_MEMBER_JOIN_TIMEOUT, State};
use crate::config::Settings;
use crate::group::Asker;
use crate::id::Text;
use crate::node::Out;
use crate::time::Time;
use crate::wire::{ErrorCode, GroupMessage, JoinGroupRequest, JoinGroupResponse};
use alloc::vec::Vec;

impl ClassicGroup {
    /// A JoinGroup request arrives. `fresh` is the id that a member gets which has none.
    pub fn on_join(
        &mut self,
        now: Time,
        asker: Asker,
        request: JoinGroupRequest,
        fresh: Text,
        settings: &Settings,
        out: &mut Out,
    ) {
        let member = request.member;
        if let Err(error) = self.join(now, asker, request, fresh, settings, out) {
            let response = JoinGroupResponse { error, member, ..JoinGroupResponse::default() };
            asker.answer(GroupMessage::JoinGroupResponse(response), out);
        }
    }

    fn join(
        &mut self,
        now: Time,
        asker: Asker,
        request: JoinGroupRequest,
        fresh: Text,
        settings: &Settings,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let allowed = settings.group_min_session_timeout..=settings.group_max_session_timeout;
        if !allowed.contains(&request.session_timeout) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        if !self.accepts(request.member, settings) {
            self.members.remove(&request.member);
            self.pending.remove(&request.member);
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if !self.supports(&request.protocols) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if request.member.is_empty() {
            return self.join_new(now, asker, request, fresh, settings, out);
        }
        if self.pending.contains_key(&request.member) {
            if request.instance.is_some() {
                return Err(ErrorCode::UnknownMemberId);
            }
            self.add(now, asker, request.member, request, settings, out);
            return Ok(());
        }
        self.check_member(request.member, request.instance)?;
        self.join_known(now, asker, request, settings, out)
    }

    /// Somebody without an id: gets one and has to come back with it, if it can (KIP-394), else is in at once.
    fn join_new(
        &mut self,
        now: Time,
        asker: Asker,
        request: JoinGroupRequest,
        fresh: Text,
        settings: &Settings,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        if let Some(instance) = request.instance {
            if let Some(old) = self.static_member(instance) {
                self.replace_static(now, asker, (old, fresh), request, settings, out);
                return Ok(());
            }
        } else if request.requires_known_member {
            self.pending.insert(fresh, now + request.session_timeout);
            let error = ErrorCode::MemberIdRequired;
            let response = JoinGroupResponse { error, member: fresh, ..JoinGroupResponse::default() };
            asker.answer(GroupMessage::JoinGroupResponse(response), out);
            return Ok(());
        }
        self.add(now, asker, fresh, request, settings, out);
        Ok(())
    }

    /// A new member comes in, and a rebalance with it (`addMemberThenRebalanceOrCompleteJoin`).
    fn add(
        &mut self,
        now: Time,
        asker: Asker,
        id: Text,
        request: JoinGroupRequest,
        settings: &Settings,
        out: &mut Out,
    ) {
        self.pending.remove(&id);
        if let State::PreparingRebalance(preparing) = &mut self.state
            && let Some(initial) = &mut preparing.initial
        {
            initial.new_member = true;
        }
        let member = Member {
            instance: request.instance,
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: request.protocols,
            assignment: Vec::new(),
            awaiting: Some(Awaiting::Join(asker)),
            is_new: true,
            pending_sync: false,
            session_ends: Some(now + NEW_MEMBER_JOIN_TIMEOUT),
        };
        self.members.insert(id, member);
        self.leader = self.leader.or(Some(id));
        self.prepare_or_complete(now, settings, out);
    }

    /// A member that is known joins (`classicGroupJoinExistingMember`).
    fn join_known(
        &mut self,
        now: Time,
        asker: Asker,
        request: JoinGroupRequest,
        settings: &Settings,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let id = request.member;
        let Some(member) = self.members.get(&id) else { return Err(ErrorCode::UnknownMemberId) };
        let same = member.protocols == request.protocols;
        match self.state {
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            // It has joined already; its answer was lost.
            State::CompletingRebalance if same => self.tell_generation(asker, id, out),
            // A follower that asks for what it is told anyway disturbs nobody.
            State::Stable if same && self.leader != Some(id) => self.tell_generation(asker, id, out),
            State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {
                self.update(asker, request, now);
                self.prepare_or_complete(now, settings, out);
            }
        }
        Ok(())
    }

    fn update(&mut self, asker: Asker, request: JoinGroupRequest, now: Time) {
        let Some(member) = self.members.get_mut(&request.member) else { return };
        member.protocols = request.protocols;
        member.session_timeout = request.session_timeout;
        member.rebalance_timeout = request.rebalance_timeout;
        member.awaiting = Some(Awaiting::Join(asker));
        // While it waits its heartbeat counts as given; only a new member is not waited for forever.
        member.session_ends = member.is_new.then_some(now + NEW_MEMBER_JOIN_TIMEOUT);
    }

    /// The process of a static member was started again and comes under another id: it takes the place of its earlier
    /// self, and nobody else notices if the group is stable and would choose the same protocol
    /// (`updateStaticMemberThenRebalanceOrCompleteJoin`, KIP-345).
    fn replace_static(
        &mut self,
        now: Time,
        asker: Asker,
        (old, new): (Text, Text),
        request: JoinGroupRequest,
        settings: &Settings,
        out: &mut Out,
    ) {
        let Some(mut member) = self.members.remove(&old) else { return };
        member.refuse(ErrorCode::FencedInstanceId, out);
        self.members.insert(new, member);
        if self.leader == Some(old) {
            self.leader = Some(new);
        }
        self.update(asker, JoinGroupRequest { member: new, ..request }, now);
        if self.state == State::Stable && self.select_protocol() == self.protocol {
            if let Some(member) = self.members.get_mut(&new) {
                member.awaiting = None;
                member.touch(now);
            }
            self.tell_generation(asker, new, out);
            return;
        }
        self.prepare_or_complete(now, settings, out);
    }

    /// The answer to a JoinGroup in the present generation. The leader, and only the leader, is told everybody's
    /// subscription.
    pub(super) fn tell_generation(&self, asker: Asker, id: Text, out: &mut Out) {
        let is_leader = self.leader == Some(id);
        let told = |(&other, member): (&Text, &Member)| {
            let subscription = self.protocol.and_then(|one| member.subscription(one)).cloned();
            (other, member.instance, subscription.unwrap_or_default())
        };
        let response = JoinGroupResponse {
            error: ErrorCode::None,
            generation: self.generation,
            protocol: self.protocol,
            leader: self.leader.unwrap_or_default(),
            member: id,
            members: if is_leader { self.members.iter().map(told).collect() } else { Vec::new() },
        };
        asker.answer(GroupMessage::JoinGroupResponse(response), out);
    }
}
