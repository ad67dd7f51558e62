//! What the voter set means to a replica that does not lead: whether it votes, and how it asks to be in the set.
//!
//! A record with voters holds as soon as it is appended and no longer than it stands in the log. A controller that
//! is only an observer asks for a vote by itself when `controller.quorum.auto.join.enable` is set; when its id has a
//! vote on another disk, it has that one removed first. A voter that has moved tells the leader its new address.
//! Each of these is asked at most once in a fetch timeout, on the connection that else carries the fetches.
//!
//! Source: `KafkaRaftClient.pollFollowerAsObserver`, `pollFollowerAsVoter`, `handleAddVoterResponse`,
//! `handleRemoveVoterResponse`, `handleUpdateVoterResponse`, `FollowerState.updateVoterSetPeriodTimer`; KIP-853,
//! KIP-1186.
//!
//! Left out: voters of a cluster with kraft.version 0 tell every new leader about themselves, to no effect until the
//! level is raised.

use super::Quorum;
use super::role::{Role, UpdatePeriod};
use crate::id::{NodeId, NodeKind, Offset};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::voters::{Voter, VoterSet};
use crate::wire::{
    AddRaftVoterRequest, ErrorCode, Message, QuorumResponse, RaftVoterResponse, RemoveRaftVoterRequest,
    UpdateRaftVoterRequest,
};

impl Quorum {
    /// This replica as the voter set should know it.
    pub(super) const fn described(&self) -> Voter {
        Voter { key: self.me, address: self.address }
    }

    /// The level of the feature `kraft.version`: from 1 on voters can be added and removed.
    pub(super) fn kraft_version(&self) -> u16 {
        u16::from(self.settings.features.kraft_version_1)
    }

    /// Follower: fetched the record at `offset`, which names the voters.
    pub(super) fn follow_voters(&mut self, offset: Offset, voters: VoterSet, out: &mut Out) {
        self.voters.append(offset, voters, self.disk.log.start());
        self.notice_vote(out);
    }

    /// Follower: its log was cut to end at `end`.
    pub(super) fn revert_voters(&mut self, end: Offset, out: &mut Out) {
        if self.voters.truncate(end) {
            self.notice_vote(out);
        }
    }

    /// Follower: a snapshot has replaced the log.
    pub(super) fn read_voters(&mut self, out: &mut Out) {
        self.voters = self.voters.read_anew(&self.disk);
        self.notice_vote(out);
    }

    /// Another voter set holds: is this replica in it?
    pub(super) fn notice_vote(&mut self, out: &mut Out) {
        let votes = self.voters.last().contains(self.me);
        if votes != self.votes {
            self.votes = votes;
            let epoch = self.epoch();
            out.note(if votes { Note::BecameVoter { epoch } } else { Note::BecameObserver { epoch } });
            if let (Role::Follower { .. }, false) = (&self.role, votes) {
                out.disarm(Timer::QuorumFetch);
            }
        }
        self.await_update_period(out);
    }

    /// What this replica would ask of its leader.
    fn wanted_change(&self) -> Option<Message> {
        if self.kraft_version() < 1 || self.me.id.kind() != NodeKind::Controller {
            return None;
        }
        let voter = self.described();
        if self.votes {
            let request = UpdateRaftVoterRequest { current_leader_epoch: self.epoch(), voter };
            let moved = self.voters().needs_update(voter);
            return moved.then_some(Message::UpdateRaftVoterRequest(request));
        }
        if !self.settings.controller_quorum_auto_join_enable {
            return None;
        }
        Some(match self.voters().voter(self.me.id) {
            Some(old) => Message::RemoveRaftVoterRequest(RemoveRaftVoterRequest { voter: old.key }),
            None => {
                let ack_when_committed = !self.settings.features.add_voter_answers_early;
                Message::AddRaftVoterRequest(AddRaftVoterRequest { voter, ack_when_committed })
            }
        })
    }

    /// Follower: begins to wait if there is something to ask.
    pub(super) fn await_update_period(&mut self, out: &mut Out) {
        let wants = matches!(self.role, Role::Follower { update: UpdatePeriod::Idle, .. })
            && self.wanted_change().is_some();
        if wants {
            self.restart_update_period(out);
        }
    }

    fn restart_update_period(&mut self, out: &mut Out) {
        if let Role::Follower { update, .. } = &mut self.role {
            *update = UpdatePeriod::Running;
            out.arm(Timer::UpdateVoterSet, self.settings.controller_quorum_fetch_timeout);
        }
    }

    pub(super) fn on_update_period_over(&mut self) {
        if let Role::Follower { update, .. } = &mut self.role {
            *update = UpdatePeriod::Over;
        }
    }

    /// Follower: asks the leader for what it wants when it is time and the connection is free. True when that comes
    /// before fetching.
    pub(super) fn maybe_change_voters(&mut self, leader: NodeId, out: &mut Out) -> bool {
        let Role::Follower { update: update @ UpdatePeriod::Over, .. } = &mut self.role else { return false };
        *update = UpdatePeriod::Idle;
        let Some(request) = self.wanted_change() else { return false };
        if self.connections.is_ready(leader) {
            let timeout = self.settings.controller_quorum_request_timeout;
            self.connections.send(leader, timeout, request, out);
            self.restart_update_period(out);
        } else {
            self.on_update_period_over();
        }
        true
    }

    /// The leader's word on adding or removing; `settled` is the error that says that there was nothing to do.
    pub(super) fn on_voter_response(
        &mut self,
        response: &RaftVoterResponse,
        settled: ErrorCode,
        out: &mut Out,
    ) -> ErrorCode {
        let error = response.error;
        if error.is_none() || error == ErrorCode::RequestTimedOut || error == settled {
            self.restart_update_period(out);
            return ErrorCode::None;
        }
        error
    }

    pub(super) fn on_update_voter_response(&mut self, response: &QuorumResponse, out: &mut Out) -> ErrorCode {
        if matches!(response.error, ErrorCode::None | ErrorCode::UnsupportedVersion)
            && response.epoch == self.epoch()
        {
            if let Role::Follower { has_fetched_from_leader, succeeds_after, .. } = &mut self.role {
                (*has_fetched_from_leader, *succeeds_after) = (true, None);
                out.arm(Timer::QuorumFetch, self.settings.controller_quorum_fetch_timeout);
            }
            return ErrorCode::None;
        }
        self.reconcile(response.error, response.leader, response.epoch, out).unwrap_or(response.error)
    }
}
