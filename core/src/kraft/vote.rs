//! Elections: who grants a vote to whom, what the answers lead to, what a lost election leads to.
//!
//! A pre-vote of the present epoch changes nothing on the voter (K14). A binding vote is written down before it
//! is sent (K3, K10). An observer may vote: the receiver does not ask whether it is a voter (KIP-853).
//!
//! Source: `KafkaRaftClient.handleVoteRequest`, `handleVoteResponse`, `EpochState.canGrantVote`, KIP-996;
//! back-off: `binaryExponentialElectionBackoffMs` (3.9), `RaftUtil.binaryExponentialElectionBackoffMs` (4.0).

use super::Quorum;
use super::role::Role;
use super::transition::ElectionTimer;
use crate::id::{Correlation, LeaderEpoch, NodeId};
use crate::node::{Out, Timer};
use crate::note::{Note, VoteRefusal};
use crate::quorum::Tally;
use crate::switches::CandidateBackoff;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, Message, VoteRequest, VoteResponse};

impl Quorum {
    pub(super) fn on_vote_request(
        &mut self,
        from: NodeId,
        correlation: Correlation,
        request: &VoteRequest,
        out: &mut Out,
    ) {
        let (error, refusal) = match self.decide_vote(request, out) {
            Ok(()) => (ErrorCode::None, None),
            Err((error, refusal)) => (error, Some(refusal)),
        };
        let (candidate, pre_vote) = (request.replica.id, request.pre_vote);
        let epoch = request.replica_epoch;
        out.note(match refusal {
            None => Note::VoteGranted { candidate, epoch, pre_vote },
            Some(reason) => Note::VoteRefused { candidate, epoch, pre_vote, reason },
        });
        let response = VoteResponse {
            error,
            leader: self.leader(),
            epoch: self.epoch(),
            vote_granted: refusal.is_none(),
        };
        out.respond(from, correlation, Message::VoteResponse(response));
    }

    /// The order of the checks is Kafka's: the epoch is taken over before the voter's key is checked.
    fn decide_vote(&mut self, request: &VoteRequest, out: &mut Out) -> Result<(), (ErrorCode, VoteRefusal)> {
        if request.pre_vote && !self.settings.features.pre_vote {
            return Err((ErrorCode::UnsupportedVersion, VoteRefusal::Invalid));
        }
        let last_epoch = request.last_offset_epoch.unwrap_or_default();
        let impossible = if request.pre_vote {
            last_epoch > request.replica_epoch
        } else {
            last_epoch >= request.replica_epoch
        };
        if impossible {
            return Err((ErrorCode::InvalidRequest, VoteRefusal::Invalid));
        }
        if request.replica_epoch < self.epoch() {
            return Err((ErrorCode::FencedLeaderEpoch, VoteRefusal::OldEpoch));
        }
        if request.replica_epoch > self.epoch() {
            let timer = self.election_timer_of_unattached();
            self.become_unattached(request.replica_epoch, timer, out);
        }
        if request.voter != self.me {
            return Err((ErrorCode::InvalidVoterKey, VoteRefusal::Invalid));
        }
        self.can_grant(request).map_err(|refusal| (ErrorCode::None, refusal))?;
        if !request.pre_vote && self.voted().is_none() {
            self.vote_for(request.replica, out);
        }
        Ok(())
    }

    /// Whether this role grants that vote (`canGrantVote` of each state).
    fn can_grant(&self, request: &VoteRequest) -> Result<(), VoteRefusal> {
        let mine = (self.disk.last_epoch().unwrap_or_default(), self.disk.log.end());
        let theirs = (request.last_offset_epoch.unwrap_or_default(), request.last_offset);
        let up_to_date = if theirs >= mine { Ok(()) } else { Err(VoteRefusal::LogBehind) };
        let trusts_any_leader = !self.settings.features.pre_vote_until_fetched;
        match &self.role {
            Role::Leader(_) => Err(VoteRefusal::IsLeader),
            Role::Follower { has_fetched_from_leader, .. }
                if request.pre_vote && (*has_fetched_from_leader || trusts_any_leader) =>
            {
                Err(VoteRefusal::LeaderAlive)
            }
            _ if request.pre_vote => up_to_date,
            Role::Follower { .. } => Err(VoteRefusal::LeaderKnown),
            Role::Candidate { .. } | Role::Resigned { .. } => Err(VoteRefusal::OwnCandidacy),
            Role::Unattached {} | Role::Prospective { .. } => match (self.voted(), self.leader()) {
                (Some(voted), _) if voted == request.replica => Ok(()),
                (Some(_), _) => Err(VoteRefusal::VotedForOther),
                (None, Some(_)) => Err(VoteRefusal::LeaderKnown),
                (None, None) => up_to_date,
            },
        }
    }

    pub(super) fn on_vote_response(
        &mut self,
        now: Time,
        from: NodeId,
        response: &VoteResponse,
        out: &mut Out,
    ) -> ErrorCode {
        if let (ErrorCode::UnsupportedVersion, Role::Prospective { retries, .. }) =
            (response.error, &self.role)
        {
            self.become_candidate(*retries, now, out);
            return response.error;
        }
        if let Some(error) = self.reconcile(response.error, response.leader, response.epoch, out) {
            return error;
        }
        if let Role::Prospective { ballots, .. } | Role::Candidate { ballots, .. } = &mut self.role {
            let voters = self.voters.last();
            let was_open = ballots.tally(voters) == Tally::Open;
            ballots.record(from, response.vote_granted);
            let is_lost = ballots.tally(voters) == Tally::Lost;
            if !self.maybe_win(now, out) && was_open && is_lost {
                self.on_election_lost(out);
            }
        }
        ErrorCode::None
    }

    /// A majority can be reached no more.
    fn on_election_lost(&mut self, out: &mut Out) {
        let pre_vote = matches!(self.role, Role::Prospective { .. });
        out.note(Note::ElectionLost { epoch: self.epoch(), pre_vote });
        if pre_vote {
            self.leave_prospective(ElectionTimer::Redraw, out);
        } else {
            self.back_off_candidate(out);
        }
    }

    /// A pre-vote that was lost, or ran out of time, leads back to the leader that was known, if any.
    fn leave_prospective(&mut self, timer: ElectionTimer, out: &mut Out) {
        match self.leader() {
            Some(leader) => self.become_follower(self.epoch(), leader, out),
            None => self.become_unattached(self.epoch(), timer, out),
        }
    }

    /// The election timer ran out.
    pub(super) fn on_election_timeout(&mut self, now: Time, out: &mut Out) {
        let epoch = self.epoch();
        match &mut self.role {
            Role::Leader(_) | Role::Follower { .. } => {}
            _ if self.shutting_down => {}
            Role::Unattached {} => {
                out.note(Note::ElectionTimedOut { epoch });
                self.start_election(1, now, out);
            }
            Role::Prospective { .. } => {
                out.note(Note::ElectionTimedOut { epoch });
                self.leave_prospective(ElectionTimer::Expired, out);
            }
            Role::Candidate { backing_off: true, timed_out, .. } => *timed_out = true,
            Role::Candidate { timed_out, .. } => {
                *timed_out = true;
                out.note(Note::ElectionTimedOut { epoch });
                self.on_candidate_timeout(now, out);
            }
            Role::Resigned { .. } if self.votes && self.settings.features.resigned_becomes_candidate => {
                self.become_candidate(1, now, out);
            }
            Role::Resigned { .. } => self.become_unattached(epoch.next(), ElectionTimer::Expired, out),
        }
    }

    /// Up to 3.9 a candidate whose time is up backs off as if it had lost; later it asks again whether it would win.
    fn on_candidate_timeout(&mut self, now: Time, out: &mut Out) {
        match self.settings.features.candidate_backoff {
            CandidateBackoff::Base100 => self.back_off_candidate(out),
            CandidateBackoff::Base50 | CandidateBackoff::None => {
                self.start_election(self.next_retry(), now, out)
            }
        }
    }

    /// Number of the election after this candidacy. From 4.1 nobody counts.
    fn next_retry(&self) -> u32 {
        match (&self.role, self.settings.features.candidate_backoff) {
            (Role::Candidate { retries, .. }, CandidateBackoff::Base100 | CandidateBackoff::Base50) => {
                retries.saturating_add(1)
            }
            _ => 1,
        }
    }

    /// A candidate that lost waits a random while (3.9, 4.0), or for the rest of its election timeout (4.1).
    fn back_off_candidate(&mut self, out: &mut Out) {
        let Role::Candidate { retries, backing_off, .. } = &mut self.role else { return };
        let max = self.settings.controller_quorum_election_backoff_max;
        let wait = match self.settings.features.candidate_backoff {
            CandidateBackoff::None => return,
            CandidateBackoff::Base100 => {
                let slots = 1 << (*retries).min(21);
                (Span::millis(100) * u64::from(out.pick(slots))).min(max)
            }
            CandidateBackoff::Base50 => {
                let slots = 1 << (*retries).min(11);
                let wait = Span::millis(50) * (1 + u64::from(out.pick(slots)));
                wait.min(max + Span::millis(u64::from(out.pick(50))))
            }
        };
        *backing_off = true;
        out.arm(Timer::CandidateBackoff, wait);
    }

    /// The candidate tries again.
    pub(super) fn on_candidate_backoff_over(&mut self, now: Time, out: &mut Out) {
        if matches!(self.role, Role::Candidate { backing_off: true, .. }) && !self.shutting_down {
            self.start_election(self.next_retry(), now, out);
        }
    }

    /// What every response has in common (`maybeHandleCommonResponse`). `Some` when there is nothing left to do
    /// with it: the error to treat the request with, which is "none" when the answer was merely out of date.
    pub(super) fn reconcile(
        &mut self,
        error: ErrorCode,
        leader: Option<NodeId>,
        epoch: LeaderEpoch,
        out: &mut Out,
    ) -> Option<ErrorCode> {
        let stale = matches!(error, ErrorCode::FencedLeaderEpoch | ErrorCode::NotLeaderOrFollower);
        if epoch < self.epoch() || error == ErrorCode::UnknownLeaderEpoch {
            return Some(error);
        }
        let learned = leader.is_some() && self.leader().is_none() && leader != Some(self.me.id);
        if epoch > self.epoch() || stale || learned {
            let epoch_was = self.epoch();
            self.maybe_transition(leader, epoch, out);
            let payload_counts = error.is_none() && epoch == epoch_was && self.halted.is_none();
            return if payload_counts { None } else { Some(error) };
        }
        if error.is_none() { None } else { Some(error) }
    }
}
