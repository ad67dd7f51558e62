//! A rebalance: when its join phase begins and ends, and what happens when time runs out.

use super::{Awaiting, ClassicGroup, InitialDelay, Member, Preparing, State};
use crate::config::Settings;
use crate::id::Text;
use crate::node::Out;
use crate::time::Time;
use crate::wire::{ErrorCode, GroupMessage, JoinGroupResponse};
use alloc::vec::Vec;
use core::mem;

impl ClassicGroup {
    /// Somebody came, went, or wants another share (`maybePrepareRebalanceOrCompleteJoin`).
    pub(super) fn prepare_or_complete(&mut self, now: Time, settings: &Settings, out: &mut Out) {
        match &self.state {
            State::PreparingRebalance(preparing) => {
                if preparing.initial.is_none() && self.all_have_joined() {
                    self.complete_join(now, out);
                }
            }
            State::Empty | State::CompletingRebalance | State::Stable => self.prepare(now, settings, out),
        }
    }

    /// The join phase begins (`prepareRebalance`). Who waits for its assignment has to join again.
    fn prepare(&mut self, now: Time, settings: &Settings, out: &mut Out) {
        if self.state == State::CompletingRebalance {
            for member in self.members.values_mut() {
                member.assignment.clear();
                member.finish_sync(now, ErrorCode::RebalanceInProgress, out);
            }
        }
        (self.sync_deadline, self.storing) = (None, false);
        self.members.values_mut().for_each(|member| member.pending_sync = false);
        let timeout = self.rebalance_timeout();
        if self.state == State::Empty {
            let delay = settings.group_initial_rebalance_delay;
            let remaining = (now + timeout).since(now + delay);
            let initial = InitialDelay { delay, remaining, new_member: false };
            self.state =
                State::PreparingRebalance(Preparing { deadline: now + delay, initial: Some(initial) });
            return;
        }
        self.state = State::PreparingRebalance(Preparing { deadline: now + timeout, initial: None });
        if self.all_have_joined() {
            self.complete_join(now, out);
        }
    }

    /// The join phase ends (`completeClassicGroupJoin`): who has not joined is out, static members excepted; the
    /// others are the next generation.
    fn complete_join(&mut self, now: Time, out: &mut Out) {
        self.members.retain(|_, member| member.awaits_join() || member.instance.is_some());
        if !self.members.is_empty() && !self.elect_leader() {
            // Only static members are left, and all are away: their sessions decide.
            let deadline = now + self.rebalance_timeout();
            self.state = State::PreparingRebalance(Preparing { deadline, initial: None });
            return;
        }
        self.generation += 1;
        if self.members.is_empty() {
            (self.state, self.protocol, self.leader) = (State::Empty, None, None);
            return;
        }
        self.protocol = self.select_protocol();
        self.state = State::CompletingRebalance;
        self.sync_deadline = Some(now + self.rebalance_timeout());
        let ids: Vec<Text> = self.members.keys().copied().collect();
        for id in ids {
            let asker = self.members.get_mut(&id).and_then(|member| member.finish_join(now));
            if let Some(asker) = asker {
                self.tell_generation(asker, id, out);
            }
        }
    }

    /// The leader stays if it has joined, else another member that has becomes leader; false when nobody has
    /// (`maybeElectNewJoinedLeader`).
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &Text| self.members.get(id).is_some_and(Member::awaits_join);
        if self.leader.is_some_and(|leader| joined(&leader)) {
            return true;
        }
        let next = self.members.keys().copied().find(joined);
        self.leader = next.or(self.leader);
        next.is_some()
    }

    /// A member's session ran out (`removeMemberAndUpdateClassicGroup`). Other than a member that leaves it ends the
    /// wait of an empty group for its first members, too, when nobody else is expected.
    fn remove(&mut self, id: Text, now: Time, settings: &Settings, out: &mut Out) {
        self.take_out(id, now, out);
        match self.state {
            State::CompletingRebalance | State::Stable => self.prepare(now, settings, out),
            State::PreparingRebalance(_) if self.all_have_joined() => self.complete_join(now, out),
            State::PreparingRebalance(_) | State::Empty => {}
        }
    }

    /// A member is gone; what it waits for is answered (`removeCurrentMemberFromClassicGroup`).
    pub(super) fn take_out(&mut self, id: Text, now: Time, out: &mut Out) {
        let Some(mut member) = self.members.remove(&id) else { return };
        if let Some(Awaiting::Join(asker)) = member.awaiting.take() {
            let error = ErrorCode::UnknownMemberId;
            let response = JoinGroupResponse { error, ..JoinGroupResponse::default() };
            asker.answer(GroupMessage::JoinGroupResponse(response), out);
        }
        member.finish_sync(now, ErrorCode::UnknownMemberId, out);
        if self.leader == Some(id) {
            self.leader = self.members.keys().next().copied();
        }
    }

    /// Time has passed: whatever is due happens.
    pub fn on_time(&mut self, now: Time, settings: &Settings, out: &mut Out) {
        let due = |at: &Time| *at <= now;
        let gone: Vec<Text> =
            self.pending.iter().filter(|(_, until)| due(until)).map(|(&id, _)| id).collect();
        for id in gone {
            self.pending.remove(&id);
            if self.is_preparing() && self.all_have_joined() {
                self.complete_join(now, out);
            }
        }
        // One at a time: an answer that the removal of one brings about begins the session of another anew.
        let silent = |group: &ClassicGroup| {
            let is_silent = |member: &Member| member.session_ends.as_ref().is_some_and(due);
            group.members.iter().find(|(_, member)| is_silent(member)).map(|(&id, _)| id)
        };
        while let Some(id) = silent(self) {
            self.remove(id, now, settings, out);
        }
        if self.sync_deadline.as_ref().is_some_and(due) {
            self.on_sync_expired(now, settings, out);
        }
        if let State::PreparingRebalance(preparing) = &mut self.state
            && due(&preparing.deadline)
            && !preparing.extend(now, settings)
        {
            self.complete_join(now, out);
        }
    }

    /// Who has not fetched its assignment in time is out, static or not (`expirePendingSync`).
    fn on_sync_expired(&mut self, now: Time, settings: &Settings, out: &mut Out) {
        self.sync_deadline = None;
        let before = self.members.len();
        self.members.retain(|_, member| !member.pending_sync);
        if self.leader.is_some_and(|leader| !self.members.contains_key(&leader)) {
            self.leader = self.members.keys().next().copied();
        }
        if self.members.len() < before {
            self.prepare(now, settings, out);
        }
    }
}

impl Preparing {
    /// Whether the first members get more time: somebody came, and there is some left
    /// (`tryCompleteInitialRebalanceElseSchedule`).
    fn extend(&mut self, now: Time, settings: &Settings) -> bool {
        let Some(initial) = &mut self.initial else { return false };
        if !mem::take(&mut initial.new_member) || initial.remaining.0 == 0 {
            return false;
        }
        let delay = settings.group_initial_rebalance_delay.min(initial.remaining);
        initial.remaining.0 = initial.remaining.0.saturating_sub(initial.delay.0);
        initial.delay = delay;
        self.deadline = now + delay;
        true
    }
}
