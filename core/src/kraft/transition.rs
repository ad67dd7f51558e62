//! How a replica changes its role: the only writer of `Quorum::role` and of the election state on disk.
//!
//! Keeps: the epoch never goes back; a vote is given once per epoch; disk first, then memory. Resigned and
//! Prospective are states of memory only. Entering any role forgets all requests in flight.
//! The election timer is kept running where Kafka keeps its remaining time, so that a flood of higher epochs
//! cannot postpone an election for ever.
//!
//! Source: `QuorumState`, `KafkaRaftClient.transitionTo*`, `KafkaRaftClient.maybeTransition`.
//!
//! Left out: an unattached replica that knows its leader's id but no address of it. A leader that becomes unattached
//! answers parked fetches at once; Kafka lets these run into their 500 ms unless it follows a leader before.

use super::Quorum;
use super::leader::LeaderState;
use super::role::{Ballots, Role, UpdatePeriod};
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset, ReplicaKey};
use crate::node::{ElectionState, Out, Timer};
use crate::note::{HaltReason, Note, ResignReason};
use crate::quorum::Tally;
use crate::record::{Entry, MetadataRecord};
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, Message};
use core::mem;

/// What becomes of the election timer when a voter becomes unattached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ElectionTimer {
    /// It is still running, and goes on.
    Keep,
    /// It has run out: nothing remains.
    Expired,
    /// Drawn anew.
    Redraw,
}

impl Quorum {
    /// The process starts (`QuorumState.initialize`).
    pub fn boot(&mut self, now: Time, out: &mut Out) {
        self.connections.begin_life(now);
        let ElectionState { leader_epoch, leader, voted } = self.disk.election;
        let log_epoch = self.disk.last_epoch().unwrap_or_default();
        let known = leader.filter(|&id| self.voters().voter(id).is_some());
        // Since KIP-996 a follower keeps its vote beside the leader; before, following a leader dropped it.
        let vote_is_kept = self.settings.features.pre_vote;
        if leader_epoch < log_epoch {
            self.become_unattached(log_epoch, ElectionTimer::Redraw, out);
        } else if leader == Some(self.me.id) {
            self.become_resigned(NodeList::EMPTY, ResignReason::Restarted, out);
        } else if voted == Some(self.me) && (leader.is_none() || vote_is_kept) && !self.is_observer() {
            self.disk.election.leader = None;
            self.stand_as_candidate(1, out);
            self.maybe_win(now, out);
        } else if let Some(leader) = known {
            self.become_follower(leader_epoch, leader, out);
        } else {
            self.become_unattached(leader_epoch, ElectionTimer::Redraw, out);
        }
        if self.voters().is_only(self.me) && !self.is_leader() {
            self.start_election(1, now, out);
        }
        self.send_what_is_due(out);
    }

    /// A message names `leader` and `epoch`: follows it when that is news. False when it contradicts what this
    /// replica knows; then it has stopped for good.
    pub(super) fn maybe_transition(
        &mut self,
        leader: Option<NodeId>,
        epoch: LeaderEpoch,
        out: &mut Out,
    ) -> bool {
        let news = epoch > self.epoch();
        let me_without_leading = leader == Some(self.me.id) && (news || self.leader() != leader);
        let other = leader.is_some() && self.leader().is_some() && leader != self.leader();
        if me_without_leading || (epoch == self.epoch() && other) {
            self.halt(HaltReason::InconsistentLeader, self.disk.log.end(), out);
            return false;
        }
        match leader {
            Some(leader) if news || (epoch == self.epoch() && self.leader().is_none()) => {
                self.become_follower(epoch, leader, out);
            }
            None if news => {
                let timer = self.election_timer_of_unattached();
                self.become_unattached(epoch, timer, out);
            }
            Some(_) | None => {}
        }
        true
    }

    /// What Kafka does with the election timer of this role when it becomes unattached.
    pub(super) fn election_timer_of_unattached(&self) -> ElectionTimer {
        match &self.role {
            Role::Candidate { timed_out: true, .. } => ElectionTimer::Expired,
            Role::Unattached {} | Role::Candidate { .. } | Role::Resigned { .. } => ElectionTimer::Keep,
            Role::Prospective { ballots, .. } if ballots.tally(self.voters()) == Tally::Lost => {
                ElectionTimer::Redraw
            }
            Role::Prospective { .. } => ElectionTimer::Keep,
            Role::Follower { .. } | Role::Leader(_) => ElectionTimer::Redraw,
        }
    }

    pub(super) fn become_unattached(&mut self, epoch: LeaderEpoch, timer: ElectionTimer, out: &mut Out) {
        let resigned = matches!(self.role, Role::Resigned { .. });
        let voted = self.voted().filter(|_| epoch == self.epoch());
        self.persist(ElectionState { leader_epoch: epoch, leader: None, voted });
        self.enter(Role::Unattached {}, out);
        out.note(Note::BecameUnattached { epoch });
        if !self.is_observer() {
            match timer {
                ElectionTimer::Keep => {}
                ElectionTimer::Expired => out.arm(Timer::Election, Span::ZERO),
                ElectionTimer::Redraw => self.draw_election_timer(out),
            }
        } else if resigned && timer == ElectionTimer::Keep {
            out.disarm(Timer::Election);
        }
    }

    pub(super) fn become_follower(&mut self, epoch: LeaderEpoch, leader: NodeId, out: &mut Out) {
        let voted = self.voted().filter(|_| epoch == self.epoch());
        self.persist(ElectionState { leader_epoch: epoch, leader: Some(leader), voted });
        let (has_fetched_from_leader, succeeds_after, fetching_snapshot) = (false, None, None);
        let update = UpdatePeriod::Idle;
        self.enter(
            Role::Follower { leader, has_fetched_from_leader, succeeds_after, fetching_snapshot, update },
            out,
        );
        out.note(Note::BecameQuorumFollower { epoch, leader });
        if !self.is_observer() {
            out.arm(Timer::QuorumFetch, self.settings.controller_quorum_fetch_timeout);
        }
        self.await_update_period(out);
    }

    /// Stands for election: with PreVote first asks whether it would win, before that at once in a new epoch.
    /// `retries` counts the elections in a row.
    pub(super) fn start_election(&mut self, retries: u32, now: Time, out: &mut Out) {
        if self.settings.features.pre_vote {
            self.become_prospective(retries, now, out);
        } else {
            self.become_candidate(retries, now, out);
        }
    }

    fn become_prospective(&mut self, retries: u32, now: Time, out: &mut Out) {
        self.enter(Role::Prospective { retries, ballots: Ballots::of(self.me.id) }, out);
        out.note(Note::BecameProspective { epoch: self.epoch() });
        self.draw_election_timer(out);
        self.maybe_win(now, out);
    }

    /// Bumps the epoch, votes for itself, asks for votes.
    pub(super) fn become_candidate(&mut self, retries: u32, now: Time, out: &mut Out) {
        let leader_epoch = self.epoch().next();
        self.persist(ElectionState { leader_epoch, leader: None, voted: Some(self.me) });
        self.stand_as_candidate(retries, out);
        self.maybe_win(now, out);
    }

    fn stand_as_candidate(&mut self, retries: u32, out: &mut Out) {
        let ballots = Ballots::of(self.me.id);
        self.enter(Role::Candidate { retries, ballots, backing_off: false, timed_out: false }, out);
        out.note(Note::BecameCandidate { epoch: self.epoch() });
        self.draw_election_timer(out);
    }

    /// Goes on when a majority has granted: prospective to candidate, candidate to leader.
    pub(super) fn maybe_win(&mut self, now: Time, out: &mut Out) -> bool {
        match self.role {
            Role::Prospective { retries, ballots } if ballots.tally(self.voters()) == Tally::Won => {
                self.become_candidate(retries, now, out);
                true
            }
            Role::Candidate { ballots, .. } if ballots.tally(self.voters()) == Tally::Won => {
                self.become_leader(ballots.granted, now, out);
                true
            }
            _ => false,
        }
    }

    fn become_leader(&mut self, granting: NodeList, now: Time, out: &mut Out) {
        let (epoch, epoch_start) = (self.epoch(), self.disk.log.end());
        self.persist(ElectionState { leader_epoch: epoch, leader: Some(self.me.id), voted: None });
        let counts_itself = !self.settings.features.removed_leader_not_counted;
        let state = LeaderState::new(self.me, self.voters(), epoch_start, granting, counts_itself, now);
        self.enter(Role::Leader(state), out);
        self.hw = None;
        out.note(Note::BecameQuorumLeader { epoch, epoch_start, granting });
        self.disk.epochs.assign(epoch, epoch_start);
        if self.shutting_down {
            return self.become_resigned(self.voters().ids().without(self.me.id), ResignReason::Asked, out);
        }
        if self.voters().len() > 1 {
            self.arm_check_quorum(self.check_quorum_timeout(), out);
        }
        let voters = self.voters().ids();
        let body = MetadataRecord::LeaderChange { leader: self.me.id, voters, granting };
        self.disk.log.append(Entry { epoch, body });
        self.begin_with_voters(now, out);
        self.after_append(now, out);
        self.announce_leadership(now, out);
    }

    /// Leads no more in this epoch, and will tell the other voters.
    pub(super) fn become_resigned(&mut self, successors: NodeList, reason: ResignReason, out: &mut Out) {
        let unacknowledged = self.voters().ids().without(self.me.id);
        self.enter(Role::Resigned { unacknowledged, preferred_successors: successors }, out);
        self.hw = None;
        out.note(Note::BecameResigned { epoch: self.epoch(), reason });
        self.draw_election_timer(out);
    }

    /// Gives a binding vote: written down at once, and the election timer is drawn anew. A prospective starts its
    /// round of pre-votes over.
    pub(super) fn vote_for(&mut self, candidate: ReplicaKey, out: &mut Out) {
        self.disk.election.voted = Some(candidate);
        if let Role::Prospective { ballots, .. } = &mut self.role {
            *ballots = Ballots::of(self.me.id);
        }
        if !self.is_observer() {
            self.draw_election_timer(out);
        }
    }

    /// A majority has so long to fetch. Without check quorum a leader waits for ever.
    pub(super) fn arm_check_quorum(&self, left: Span, out: &mut Out) {
        if self.settings.features.check_quorum {
            out.arm(Timer::CheckQuorum, left);
        }
    }

    /// 1.5 times the fetch timeout.
    pub(super) fn check_quorum_timeout(&self) -> Span {
        let fetch = self.settings.controller_quorum_fetch_timeout;
        fetch + fetch / 2
    }

    /// `base ..= 2 * base - 1 ms`; zero stays zero.
    pub(super) fn draw_election_timer(&self, out: &mut Out) {
        let base = self.settings.controller_quorum_election_timeout;
        let jitter = base - Span::millis(1);
        out.arm_within(Timer::Election, base..=base + jitter);
    }

    fn persist(&mut self, election: ElectionState) {
        let old = self.disk.election.leader_epoch;
        assert!(election.leader_epoch >= old, "epoch would go back from {old} to {}", election.leader_epoch);
        self.disk.election = election;
    }

    /// Takes the new role, forgets requests in flight, stops the timers of the old role.
    fn enter(&mut self, role: Role, out: &mut Out) {
        self.connections.reset(out);
        let stands = |role: &Role| !matches!(role, Role::Leader(_) | Role::Follower { .. });
        // A leader that is no voter any more resigns with an election timer all the same.
        let timed = !self.is_observer() || matches!(self.role, Role::Resigned { .. });
        if stands(&self.role) && !stands(&role) && timed {
            out.disarm(Timer::Election);
        }
        if matches!(self.role, Role::Follower { update: UpdatePeriod::Running, .. }) {
            out.disarm(Timer::UpdateVoterSet);
        }
        match mem::replace(&mut self.role, role) {
            Role::Leader(leader) => self.leave_leadership(leader, out),
            Role::Follower { .. } if !self.is_observer() => out.disarm(Timer::QuorumFetch),
            Role::Candidate { backing_off: true, .. } => out.disarm(Timer::CandidateBackoff),
            Role::Unattached {}
            | Role::Prospective { .. }
            | Role::Candidate { .. }
            | Role::Follower { .. }
            | Role::Resigned { .. } => {}
        }
    }

    /// Parked fetches and the change of the voter set fail, collected records are dropped.
    fn leave_leadership(&self, leader: LeaderState, out: &mut Out) {
        if !self.voters().is_only(self.me) {
            out.disarm(Timer::CheckQuorum);
            out.disarm(Timer::BeginQuorumEpoch);
        }
        if !leader.pending().is_empty() {
            out.disarm(Timer::AppendLinger);
        }
        for parked in leader.parked() {
            let response = self.empty_fetch_response(ErrorCode::NotLeaderOrFollower, None);
            out.disarm(Timer::ParkedFetch(parked.from));
            out.respond(parked.from, parked.correlation, Message::MetadataFetchResponse(response));
        }
        if let Some(change) = leader.change {
            out.disarm(Timer::VoterChange);
            change.answer(ErrorCode::NotLeaderOrFollower, out);
        }
    }

    /// The high watermark of a leader or follower moves.
    pub(super) fn set_high_watermark(&mut self, hw: Offset) {
        self.hw = Some(hw);
        self.log_hw = self.log_hw.max(hw);
    }
}
