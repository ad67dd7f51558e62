//! The classic protocol, the member's side: JoinGroup, SyncGroup, Heartbeat, LeaveGroup.
//!
//! Eager strategies give everything up before they join again; the cooperative one keeps what it has, and joins once
//! more when it had to give something up (KIP-429).
//! Source: `AbstractCoordinator`, `ConsumerCoordinator.onJoinPrepare`, `onJoinComplete`.

use super::{Consumer, Membership, Phase, Question};
use crate::config::Settings;
use crate::group::assign::{Claim, by_leader};
use crate::id::{Text, TopicPartition};
use crate::node::Out;
use crate::time::{Span, Time};
use crate::wire::{
    ErrorCode, GroupMessage, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    Strategy, Subscription, SyncGroupRequest, SyncGroupResponse,
};
use alloc::vec::Vec;

/// So much longer than the rebalance timeout a JoinGroup may take (`JOIN_GROUP_TIMEOUT_LAPSE`).
const JOIN_TIMEOUT_LAPSE: Span = Span::secs(5);

impl Consumer {
    pub(super) fn poll_classic(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        let exclusive = |question: &Question| {
            matches!(question, Question::Join | Question::Sync | Question::Leave | Question::Commit(_))
        };
        if membership.leaving.is_some() && !membership.waits_for(exclusive) {
            return self.leave_classic(membership, settings, now, out);
        }
        match membership.phase {
            Phase::Unjoined if !membership.waits_for(exclusive) => {
                self.prepare_to_join(membership, settings, now, out)
            }
            Phase::Stable if now >= membership.heartbeat_at => {
                membership.heartbeat_at = now + settings.heartbeat_interval;
                if !membership.waits_for(|question| *question == Question::Heartbeat) {
                    let request = HeartbeatRequest {
                        group: membership.group,
                        generation: membership.epoch,
                        member: membership.member,
                        instance: None,
                    };
                    let message = GroupMessage::HeartbeatRequest(request);
                    let within = settings.request_timeout;
                    self.ask_group(membership, (Question::Heartbeat, message), within, now, out);
                }
            }
            Phase::Unjoined | Phase::Joining | Phase::Syncing | Phase::Stable => {}
        }
    }

    /// Commits, gives up what has to be given up, and joins (`onJoinPrepare`, `sendJoinGroupRequest`).
    fn prepare_to_join(
        &mut self,
        membership: &mut Membership,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if !membership.has_committed && self.commit_before_revoking(membership, settings, now, out) {
            return;
        }
        let strategy = settings.partition_assignment_strategy;
        if !strategy.is_cooperative() {
            self.give_up(membership, |_| true, out);
        }
        // Only sticky strategies want to know what a member had.
        let tells = matches!(strategy, Strategy::Sticky | Strategy::CooperativeSticky);
        let subscription = Subscription {
            topics: self.subscribed(),
            owned: if tells { membership.target.clone() } else { Vec::new() },
            generation: if tells { membership.epoch } else { 0 },
        };
        let request = JoinGroupRequest {
            group: membership.group,
            member: membership.member,
            instance: None,
            session_timeout: settings.session_timeout,
            rebalance_timeout: settings.max_poll_interval,
            protocols: Vec::from([(strategy, subscription)]),
            requires_known_member: true,
        };
        membership.phase = Phase::Joining;
        let within = settings.request_timeout.max(settings.max_poll_interval + JOIN_TIMEOUT_LAPSE);
        self.ask_group(
            membership,
            (Question::Join, GroupMessage::JoinGroupRequest(request)),
            within,
            now,
            out,
        );
    }

    pub(super) fn on_joined(
        &mut self,
        membership: &mut Membership,
        joined: JoinGroupResponse,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        match joined.error {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => {
                membership.member = joined.member;
                membership.phase = Phase::Unjoined;
                return;
            }
            error => {
                membership.phase = Phase::Unjoined;
                return self.on_group_error(membership, error, settings, now, out);
            }
        }
        membership.member = joined.member;
        membership.epoch = joined.generation;
        membership.failures = 0;
        membership.phase = Phase::Syncing;
        let assignments = if joined.leader == joined.member {
            self.deal_out(joined.protocol.unwrap_or_default(), &joined.members)
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest {
            group: membership.group,
            generation: membership.epoch,
            member: membership.member,
            instance: None,
            assignments,
        };
        let message = GroupMessage::SyncGroupRequest(request);
        self.ask_group(membership, (Question::Sync, message), settings.request_timeout, now, out);
    }

    /// The leader's work: who gets what.
    fn deal_out(
        &self,
        strategy: Strategy,
        members: &[(Text, Option<Text>, Subscription)],
    ) -> Vec<(Text, Vec<TopicPartition>)> {
        let claim = |(member, instance, subscription): &(Text, Option<Text>, Subscription)| Claim {
            member: *member,
            instance: *instance,
            subscription: subscription.clone(),
        };
        let claims: Vec<Claim> = members.iter().map(claim).collect();
        by_leader(strategy, &claims, &self.catalogue()).into_iter().collect()
    }

    pub(super) fn on_synced(
        &mut self,
        membership: &mut Membership,
        synced: SyncGroupResponse,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) {
        if !synced.error.is_none() {
            membership.phase = Phase::Unjoined;
            return self.on_group_error(membership, synced.error, settings, now, out);
        }
        membership.phase = Phase::Stable;
        membership.has_committed = false;
        membership.heartbeat_at = now + settings.heartbeat_interval;
        membership.commit_at = now + settings.auto_commit_interval;
        let mine = synced.assignment;
        let before = membership.owned.len();
        self.give_up(membership, |at| !mine.contains(&at), out);
        if membership.owned.len() < before {
            // What it gave up can be dealt out only when it has said so.
            membership.phase = Phase::Unjoined;
        }
        self.take_on(membership, &mine, out);
        membership.target = mine;
    }

    /// Commits, then says good-bye (`maybeLeaveGroup`).
    fn leave_classic(&mut self, membership: &mut Membership, settings: &Settings, now: Time, out: &mut Out) {
        if !membership.has_committed && self.commit_before_revoking(membership, settings, now, out) {
            return;
        }
        let (group, member) = (membership.group, membership.member);
        let request = LeaveGroupRequest { group, member, instance: None };
        let message = GroupMessage::LeaveGroupRequest(request);
        self.ask_group(membership, (Question::Leave, message), settings.request_timeout, now, out);
    }
}
