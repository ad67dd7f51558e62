//! KIP-848, the member's side: one kind of request, which says and brings everything.
//!
//! Source: `AbstractHeartbeatRequestManager`, `ConsumerMembershipManager`, `AbstractMembershipManager.reconcile`.

use super::{Consumer, Membership, Phase, Question};
use crate::config::Settings;
use crate::group::record::member_id;
use crate::node::Out;
use crate::time::Time;
use crate::wire::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, GroupMessage, MemberEpoch};

impl Consumer {
    pub(super) fn poll_consumer(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if membership.member.is_empty() {
            membership.member = member_id(self.id, out.pick(100_000));
        }
        if membership.waits_for(|question| !matches!(question, Question::Offsets(_) | Question::Find)) {
            return;
        }
        if membership.leaving.is_some() {
            if membership.has_committed || !self.commit_before_revoking(membership, settings, now, out) {
                self.send_heartbeat(membership, MemberEpoch::Leave, settings, now, out);
            }
            return;
        }
        self.move_to_target(membership, settings, now, out);
        let due = membership.phase == Phase::Unjoined || now >= membership.heartbeat_at;
        if due && !membership.waits_for(|question| matches!(question, Question::Commit(_))) {
            let epoch = MemberEpoch::At(membership.epoch);
            self.send_heartbeat(membership, epoch, settings, now, out);
        }
    }

    /// Gives up what it should not have, after a commit; then takes on what is new, and says so at once.
    fn move_to_target(&mut self, membership: &mut Membership, settings: &Settings, now: Time, out: &mut Out) {
        if membership.phase != Phase::Stable || membership.owned == membership.target {
            return;
        }
        let target = membership.target.clone();
        let revokes = membership.owned.iter().any(|at| !target.contains(at));
        if revokes && !membership.has_committed && self.commit_before_revoking(membership, settings, now, out)
        {
            return;
        }
        membership.has_committed = false;
        self.give_up(membership, |at| !target.contains(&at), out);
        self.take_on(membership, &target, out);
        membership.tells_owned = true;
        membership.heartbeat_at = now;
    }

    fn send_heartbeat(
        &mut self,
        membership: &mut Membership,
        epoch: MemberEpoch,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        let all = membership.tells_all;
        let request = ConsumerGroupHeartbeatRequest {
            group: membership.group,
            member: membership.member,
            epoch,
            instance: None,
            rebalance_timeout: all.then_some(settings.max_poll_interval),
            topics: all.then(|| self.subscribed()),
            assignor: None,
            owned: (all || membership.tells_owned).then(|| membership.owned.clone()),
        };
        (membership.tells_all, membership.tells_owned) = (false, false);
        membership.heartbeat_at = now + settings.group_consumer_heartbeat_interval;
        let leaves = epoch == MemberEpoch::Leave;
        let question = if leaves { Question::Leave } else { Question::Heartbeat };
        let message = GroupMessage::ConsumerGroupHeartbeatRequest(request);
        self.ask_group(membership, (question, message), settings.request_timeout, now, out);
    }

    pub(super) fn on_told(
        &mut self,
        membership: &mut Membership,
        told: ConsumerGroupHeartbeatResponse,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if !told.error.is_none() {
            membership.tells_all = true;
            return self.on_group_error(membership, told.error, settings, now, out);
        }
        let MemberEpoch::At(epoch) = told.epoch else { return };
        if membership.phase == Phase::Unjoined {
            membership.commit_at = now + settings.auto_commit_interval;
        }
        membership.phase = Phase::Stable;
        membership.epoch = epoch;
        membership.failures = 0;
        membership.heartbeat_at = now + told.heartbeat_interval;
        if let Some(assignment) = told.assignment {
            membership.target = assignment;
        }
    }
}
