//! How leaders come and go: BeginQuorumEpoch, EndQuorumEpoch, check quorum, resignation, shutdown.
//!
//! Source: `KafkaRaftClient.handleBeginQuorumEpochRequest`, `handleEndQuorumEpochRequest`, `pollResigned`,
//! `endEpochElectionBackoff`, `LeaderState.timeUntilCheckQuorumExpires`, `GracefulShutdown`.

use super::Quorum;
use super::role::Role;
use crate::id::{Correlation, NodeId};
use crate::node::{Out, Timer};
use crate::note::{Note, ResignReason};
use crate::time::{Span, Time};
use crate::wire::{BeginQuorumEpochRequest, EndQuorumEpochRequest, ErrorCode, Message, QuorumResponse};

impl Quorum {
    /// Leader: tells the voters (from 4.2 only the silent ones) who leads, and will do so again after half a
    /// fetch timeout. Voters whose connection is not ready are left for the next time.
    pub(super) fn announce_leadership(&mut self, now: Time, out: &mut Out) {
        let Role::Leader(leader) = &self.role else { return };
        if self.voters().is_only(self.me) {
            return;
        }
        let period = self.settings.controller_quorum_fetch_timeout / 2;
        let silence = self.settings.features.begin_quorum_to_silent_voters_only.then_some(period);
        let (me, leader_epoch) = (self.me.id, self.disk.election.leader_epoch);
        for voter in leader.to_be_told(now, silence) {
            if self.connections.is_ready(voter.id) {
                let request = BeginQuorumEpochRequest { leader: me, leader_epoch, voter };
                let timeout = self.settings.controller_quorum_request_timeout;
                self.connections.send(voter.id, timeout, Message::BeginQuorumEpochRequest(request), out);
            }
        }
        out.arm(Timer::BeginQuorumEpoch, period);
    }

    pub(super) fn on_begin_quorum_epoch(
        &mut self,
        from: NodeId,
        correlation: Correlation,
        request: &BeginQuorumEpochRequest,
        out: &mut Out,
    ) {
        let error = if request.leader_epoch < self.epoch() {
            ErrorCode::FencedLeaderEpoch
        } else {
            if !self.maybe_transition(Some(request.leader), request.leader_epoch, out) {
                return;
            }
            if request.voter == self.me { ErrorCode::None } else { ErrorCode::InvalidVoterKey }
        };
        let response = self.quorum_response(from, error, out);
        out.respond(from, correlation, Message::BeginQuorumEpochResponse(response));
    }

    pub(super) fn on_begin_quorum_epoch_response(
        &mut self,
        from: NodeId,
        response: &QuorumResponse,
        out: &mut Out,
    ) -> ErrorCode {
        if let Some(error) = self.reconcile(response.error, response.leader, response.epoch, out) {
            return error;
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.acknowledge(from);
        }
        ErrorCode::None
    }

    /// A leader steps down: follows its wish about who should try first.
    pub(super) fn on_end_quorum_epoch(
        &mut self,
        from: NodeId,
        correlation: Correlation,
        request: &EndQuorumEpochRequest,
        out: &mut Out,
    ) {
        let error = if request.leader_epoch < self.epoch() {
            ErrorCode::FencedLeaderEpoch
        } else {
            if !self.maybe_transition(Some(request.leader), request.leader_epoch, out) {
                return;
            }
            self.succeed_in_turn(request, out);
            ErrorCode::None
        };
        let response = self.quorum_response(from, error, out);
        out.respond(from, correlation, Message::EndQuorumEpochResponse(response));
    }

    /// Replaces the fetch timer by the successor's back-off.
    fn succeed_in_turn(&mut self, request: &EndQuorumEpochRequest, out: &mut Out) {
        if self.is_observer() || self.leader() != Some(request.leader) {
            return;
        }
        let Role::Follower { leader, succeeds_after, .. } = &mut self.role else { return };
        let successors = &request.preferred_candidates;
        let position = successors.iter().position(|id| id == self.me.id);
        let position = position.map_or(successors.len(), |position| position as u32);
        let max = self.settings.controller_quorum_election_backoff_max;
        let backoff = successor_backoff(position, successors.len(), max);
        *succeeds_after = Some(backoff);
        let (leader, epoch) = (*leader, request.leader_epoch);
        out.note(Note::SuccessorChosen { leader, epoch, position, backoff });
        out.arm(Timer::QuorumFetch, backoff);
    }

    pub(super) fn on_end_quorum_epoch_response(
        &mut self,
        from: NodeId,
        response: &QuorumResponse,
        out: &mut Out,
    ) -> ErrorCode {
        if let Some(error) = self.reconcile(response.error, response.leader, response.epoch, out) {
            return error;
        }
        if let Role::Resigned { unacknowledged, .. } = &mut self.role {
            *unacknowledged = unacknowledged.without(from);
        }
        ErrorCode::None
    }

    /// Too few voters have fetched: a leader that a majority does not listen to steps down (KIP-595, check quorum).
    pub(super) fn on_check_quorum_timeout(&mut self, out: &mut Out) {
        if let Role::Leader(leader) = &self.role {
            self.become_resigned(leader.successors(), ResignReason::CheckQuorum, out);
        }
    }

    /// Leader: steps down because it was asked to. False when it does not lead.
    pub fn resign(&mut self, _now: Time, out: &mut Out) -> bool {
        self.resign_because(ResignReason::Asked, out)
    }

    /// Leader: steps down (`KafkaRaftClient.resign`). False when it does not lead.
    pub fn resign_because(&mut self, reason: ResignReason, out: &mut Out) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        if self.halted.is_some() {
            return false;
        }
        self.become_resigned(leader.successors(), reason, out);
        self.send_what_is_due(out);
        true
    }

    /// Graceful shutdown: a leader resigns, a follower starts no election any more, an election that is under way
    /// goes on. See [`Quorum::is_shut_down`].
    pub fn shut_down(&mut self, now: Time, out: &mut Out) {
        self.shutting_down = true;
        self.resign(now, out);
    }

    fn quorum_response(&self, from: NodeId, error: ErrorCode, out: &mut Out) -> QuorumResponse {
        if !error.is_none() {
            self.note_refusal(from, error, out);
        }
        QuorumResponse { error, leader: self.leader(), epoch: self.epoch() }
    }
}

/// How long the successor at `position` among `n` waits before it starts an election
/// (`KafkaRaftClient.strictExponentialElectionBackoffMs`): the first not at all, the second `max / 2^(n-1)`, each
/// further one twice as long. One that is not listed has position `n` and waits `max`; but when the list is empty
/// (the leader resigned because it restarted), that is position 0.
pub fn successor_backoff(position: u32, n: u32, max: Span) -> Span {
    if position == 0 {
        return Span::ZERO;
    }
    if position >= n {
        return max;
    }
    let first = max.as_millis() >> (n - 1).min(63);
    max.min(Span::millis(first << (position - 1).min(63)))
}
