//! Changes of the voter set, at the leader (KIP-853): one voter at a time, each committed by the new set.
//!
//! Keeps K11: a change is taken only when none is under way, when the leader has committed in its own epoch, and when
//! the set before it is committed. A new set holds as soon as it is appended; what a change waits for is that the
//! new set commits it. A leader that was removed leads on, without counting itself, until that moment.
//!
//! Source: `AddVoterHandler`, `RemoveVoterHandler`, `UpdateVoterHandler`, `KafkaRaftClient.handleAddVoterRequest`,
//! `LeaderState.maybeExpirePendingOperation`, `appendStartOfEpochControlRecords`; KIP-1186 for the early answer.
//! As in Kafka, a leader whose removal was answered with a time-out before it was committed does not step down.
//!
//! Left out: raising `kraft.version` while the cluster runs; voters of different releases.

use super::Quorum;
use super::role::Role;
use crate::id::{CallId, Correlation, DirectoryId, NodeId, NodeKind, Offset, ReplicaKey};
use crate::node::{Out, Outcome, Timer};
use crate::note::{Note, ResignReason};
use crate::record::{Entry, MetadataRecord};
use crate::time::{Span, Time};
use crate::voters::{Voter, VoterSet};
use crate::wire::{
    AddRaftVoterRequest, ApiVersionsResponse, ErrorCode, Message, QuorumResponse, RaftVoterResponse,
    RemoveRaftVoterRequest, UpdateRaftVoterRequest,
};
use serde::{Deserialize, Serialize};

/// Who waits to hear what became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Asker {
    /// A person.
    Call(CallId),
    /// The request of this number of this node.
    Node(NodeId, Correlation),
}

/// A change that is under way (`AddVoterHandlerState`, `RemoveVoterHandlerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoterChange {
    /// Who is added or removed.
    pub voter: Voter,
    /// Added, else removed.
    pub adds: bool,
    /// Where the new set stands in the log; `None` while the leader still asks the new voter what it supports.
    pub offset: Option<Offset>,
    /// Whether the answer waits until the new set is committed.
    ack_when_committed: bool,
    /// Who has not been answered yet.
    asker: Option<Asker>,
}

impl VoterChange {
    /// Tells whoever still waits.
    pub(super) fn answer(&self, error: ErrorCode, out: &mut Out) {
        if let Some(asker) = self.asker {
            answer(asker, self.adds, error, out);
        }
    }

    /// Whether the leader waits to hear from this node what it supports.
    fn expects_versions_of(&self, node: NodeId) -> bool {
        self.adds && self.offset.is_none() && self.voter.key.id == node
    }
}

fn answer(asker: Asker, adds: bool, error: ErrorCode, out: &mut Out) {
    let response = RaftVoterResponse { error };
    match asker {
        Asker::Call(call) if error.is_none() => out.reply(call, Outcome::Done),
        Asker::Call(call) => out.reply(call, Outcome::Refused(error)),
        Asker::Node(to, correlation) if adds => {
            out.respond(to, correlation, Message::AddRaftVoterResponse(response));
        }
        Asker::Node(to, correlation) => {
            out.respond(to, correlation, Message::RemoveRaftVoterResponse(response));
        }
    }
}

impl Quorum {
    /// A person asks for a vote for this controller on this disk.
    pub fn add_voter(&mut self, call: CallId, key: ReplicaKey, out: &mut Out) {
        let request =
            AddRaftVoterRequest { voter: Voter { key, ..Voter::default() }, ack_when_committed: true };
        self.on_add_voter(Asker::Call(call), &request, out);
    }

    /// A person asks to take the vote from the controller with this id.
    pub fn remove_voter(&mut self, now: Time, call: CallId, id: NodeId, out: &mut Out) {
        let known = self.voters().voter(id).map(|voter| voter.key);
        let voter = known.unwrap_or(ReplicaKey { id, directory: DirectoryId(0) });
        self.on_remove_voter(now, Asker::Call(call), &RemoveRaftVoterRequest { voter }, out);
        self.send_what_is_due(out);
    }

    pub(super) fn on_add_voter(&mut self, asker: Asker, request: &AddRaftVoterRequest, out: &mut Out) {
        let voter = request.voter;
        let error = self.add_voter_error(voter.key);
        if !error.is_none() {
            return self.refuse_change(asker, voter.key.id, true, error, out);
        }
        let timeout = self.settings.controller_quorum_request_timeout;
        self.connections.send(voter.key.id, timeout, Message::ApiVersionsRequest, out);
        let ack_when_committed = request.ack_when_committed;
        self.begin_change(
            VoterChange { voter, adds: true, offset: None, ack_when_committed, asker: Some(asker) },
            out,
        );
    }

    /// The checks of a new voter before anything is sent, in Kafka's order.
    fn add_voter_error(&self, key: ReplicaKey) -> ErrorCode {
        let error = self.leader_error();
        if !error.is_none() {
            error
        } else if key.id.kind() != NodeKind::Controller {
            ErrorCode::InvalidRequest
        } else {
            match self.change_error() {
                ErrorCode::None if self.voters().voter(key.id).is_some() => ErrorCode::DuplicateVoter,
                ErrorCode::None if !self.connections.is_ready(key.id) => ErrorCode::RequestTimedOut,
                error => error,
            }
        }
    }

    /// The new voter says what it supports: it gets its vote when it is caught up.
    pub(super) fn on_api_versions_response(
        &mut self,
        now: Time,
        from: NodeId,
        response: &ApiVersionsResponse,
        out: &mut Out,
    ) -> ErrorCode {
        let Role::Leader(leader) = &self.role else { return ErrorCode::None };
        let Some(change) = leader.change.filter(|change| change.expects_versions_of(from)) else {
            return ErrorCode::None;
        };
        let level = self.kraft_version();
        let (lowest, highest) = response.kraft_version;
        let error = if !response.error.is_none() {
            ErrorCode::RequestTimedOut
        } else if !(lowest..=highest).contains(&level) {
            ErrorCode::InvalidRequest
        } else if !leader.is_caught_up(change.voter.key, now) {
            ErrorCode::RequestTimedOut
        } else {
            ErrorCode::None
        };
        match self.voters().with(change.voter).filter(|_| error.is_none()) {
            Some(voters) => self.append_change(now, change, voters, out),
            None => self.abort_change(error, out),
        }
        response.error
    }

    /// Nobody answers at the new voter.
    pub(super) fn on_new_voter_unreachable(&mut self, node: NodeId, out: &mut Out) {
        let change = self.role.as_leader().and_then(|leader| leader.change);
        if change.is_some_and(|change| change.expects_versions_of(node)) {
            self.abort_change(ErrorCode::RequestTimedOut, out);
        }
    }

    pub(super) fn on_remove_voter(
        &mut self,
        now: Time,
        asker: Asker,
        request: &RemoveRaftVoterRequest,
        out: &mut Out,
    ) {
        let key = request.voter;
        let error = match self.leader_error() {
            ErrorCode::None => self.change_error(),
            error => error,
        };
        let voters = if error.is_none() { self.voters().without(key) } else { None };
        let Some(voters) = voters else {
            let error = if error.is_none() { ErrorCode::VoterNotFound } else { error };
            return self.refuse_change(asker, key.id, false, error, out);
        };
        let voter = self.voters().voter(key.id).unwrap_or_default();
        let change =
            VoterChange { voter, adds: false, offset: None, ack_when_committed: true, asker: Some(asker) };
        self.begin_change(change, out);
        self.append_change(now, change, voters, out);
    }

    /// A voter listens elsewhere now. The answer does not wait for the new set to be committed.
    pub(super) fn on_update_voter(
        &mut self,
        now: Time,
        from: NodeId,
        correlation: Correlation,
        request: &UpdateRaftVoterRequest,
        out: &mut Out,
    ) {
        let voters = self.voters().updated(request.voter);
        let error = match self.leader_only_error(request.current_leader_epoch) {
            ErrorCode::None => match self.change_error() {
                ErrorCode::None if voters.is_none() => ErrorCode::VoterNotFound,
                error => error,
            },
            error => error,
        };
        if let (ErrorCode::None, Some(voters)) = (error, voters) {
            self.append_voters(now, voters, out);
            self.count_sign_of_life(now, request.voter.key, out);
        } else {
            self.note_refusal(from, error, out);
        }
        let response = QuorumResponse { error, leader: self.leader(), epoch: self.epoch() };
        out.respond(from, correlation, Message::UpdateRaftVoterResponse(response));
    }

    /// What every change waits for: no other under way, a commit in the own epoch, the set before it committed.
    fn change_error(&self) -> ErrorCode {
        let Role::Leader(leader) = &self.role else { return ErrorCode::NotLeaderOrFollower };
        let unguarded = !self.settings.features.reconfig_guard;
        let committed = self.hw.unwrap_or(self.log_hw);
        if leader.change.is_some() || (self.hw.is_none() && !unguarded) {
            ErrorCode::RequestTimedOut
        } else if self.kraft_version() < 1 {
            ErrorCode::UnsupportedVersion
        } else if self.voters.last_offset().is_none_or(|offset| offset >= committed) {
            ErrorCode::RequestTimedOut
        } else {
            ErrorCode::None
        }
    }

    fn leader_error(&self) -> ErrorCode {
        self.leader_only_error(self.epoch())
    }

    fn refuse_change(&self, asker: Asker, voter: NodeId, adds: bool, error: ErrorCode, out: &mut Out) {
        out.note(Note::VoterChangeRefused { voter, adds, error });
        answer(asker, adds, error, out);
    }

    fn begin_change(&mut self, change: VoterChange, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        leader.change = Some(change);
        out.arm(Timer::VoterChange, self.settings.controller_quorum_request_timeout);
    }

    fn append_change(&mut self, now: Time, change: VoterChange, voters: VoterSet, out: &mut Out) {
        let offset = self.next_append_offset();
        let early = change.adds && !change.ack_when_committed;
        let asker = change.asker.filter(|_| !early);
        let Role::Leader(leader) = &mut self.role else { return };
        leader.change = Some(VoterChange { offset: Some(offset), asker, ..change });
        self.append_voters(now, voters, out);
        if early {
            change.answer(ErrorCode::None, out);
        }
    }

    /// Gives the change up. What was appended stays, and may be committed all the same.
    fn abort_change(&mut self, error: ErrorCode, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(change) = leader.change.take() else { return };
        out.disarm(Timer::VoterChange);
        out.note(Note::VoterChangeRefused { voter: change.voter.key.id, adds: change.adds, error });
        change.answer(error, out);
    }

    pub(super) fn on_voter_change_timeout(&mut self, out: &mut Out) {
        self.abort_change(ErrorCode::RequestTimedOut, out);
    }

    /// Leader: everything below `hw` is committed, by the set that holds.
    pub(super) fn on_voters_committed(&mut self, hw: Offset, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        let is_committed = |change: &mut VoterChange| change.offset.is_some_and(|offset| offset < hw);
        let Some(change) = leader.change.take_if(is_committed) else { return };
        let (voters, removed) = (self.voters.last().ids(), !change.adds);
        leader.resign_requested |= removed && !leader.is_voter();
        out.disarm(Timer::VoterChange);
        out.note(Note::VotersCommitted { voters, epoch: self.epoch() });
        change.answer(ErrorCode::None, out);
    }

    /// Leader: a set without it is committed.
    pub(super) fn maybe_resign(&mut self, out: &mut Out) {
        if let Role::Leader(leader) = &self.role
            && leader.resign_requested
        {
            self.become_resigned(leader.successors(), ResignReason::Removed, out);
        }
    }

    /// New leader: the log gets to know the voters if it does not, or if this one has moved.
    pub(super) fn begin_with_voters(&mut self, now: Time, out: &mut Out) {
        let me = self.described();
        let known = self.voters.last_offset().is_some() && !self.voters().needs_update(me);
        let Some(voters) = self.voters().updated(me).filter(|_| !known && self.kraft_version() >= 1) else {
            return;
        };
        let (epoch, level) = (self.epoch(), self.kraft_version());
        self.disk.log.append(Entry { epoch, body: MetadataRecord::KRaftVersion { level } });
        let offset = self.disk.log.append(Entry { epoch, body: MetadataRecord::Voters { voters } });
        self.adopt_voters(offset, voters, now, out);
    }

    /// Leader: the record at `offset` names other voters, who count from now on.
    pub(super) fn adopt_voters(&mut self, offset: Offset, voters: VoterSet, now: Time, out: &mut Out) {
        let before = *self.voters();
        self.voters.append(offset, voters, self.disk.log.start());
        let Role::Leader(leader) = &mut self.role else { return };
        leader.set_voters(&voters);
        let window = leader.check_quorum_since;
        if before != voters {
            out.note(Note::VotersChanged { voters: voters.ids(), old: before.ids(), offset });
        }
        match (before.len() > 1, voters.len() > 1) {
            (false, true) => {
                let left = self.check_quorum_timeout().0.saturating_sub(now.since(window).0);
                self.arm_check_quorum(Span(left), out);
            }
            (true, false) => out.disarm(Timer::CheckQuorum),
            (false, false) | (true, true) => {}
        }
        match (before.is_only(self.me), voters.is_only(self.me)) {
            (true, false) => {
                out.arm(Timer::BeginQuorumEpoch, self.settings.controller_quorum_fetch_timeout / 2);
            }
            (false, true) => out.disarm(Timer::BeginQuorumEpoch),
            (false, false) | (true, true) => {}
        }
        self.notice_vote(out);
    }
}
