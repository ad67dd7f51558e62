//! Which requests go out: whatever has become possible after an input.
//!
//! A nominee asks every voter that has not answered, a resigned leader tells every voter that has not confirmed,
//! a follower fetches from its leader, and whoever knows no leader asks one other voter at random.
//! At most one request is outstanding per destination, and at most one fetch altogether.
//!
//! Source: `KafkaRaftClient.poll*`, `maybeSendFetchToBestNode`, `RequestManager.findReadyBootstrapServer`.
//!
//! Left out: a replica that would ask itself for the leader.

use super::Quorum;
use super::role::Role;
use crate::id::NodeId;
use crate::node::Out;
use crate::quorum::Tally;
use crate::time::Span;
use crate::wire::{EndQuorumEpochRequest, Message, MetadataFetchRequest, VoteRequest};

/// `MAX_FETCH_WAIT_MS`: how long a leader may hold a fetch back.
pub const MAX_FETCH_WAIT: Span = Span::millis(500);

impl Quorum {
    /// Sends what is due in the present role.
    pub(super) fn send_what_is_due(&mut self, out: &mut Out) {
        if self.halted.is_some() {
            return;
        }
        self.maybe_resign(out);
        match self.role {
            Role::Leader(_) | Role::Candidate { backing_off: true, .. } => {}
            Role::Follower { .. } | Role::Unattached {} if self.shutting_down => {}
            Role::Follower { leader, .. } => self.fetch_from(leader, out),
            Role::Unattached {} => self.ask_for_the_leader(out),
            Role::Prospective { .. } | Role::Candidate { .. } => self.ask_for_votes(out),
            Role::Resigned { .. } => self.tell_resignation(out),
        }
    }

    /// Fetches from the leader, or looks for a newer one while the leader cannot be reached.
    fn fetch_from(&mut self, leader: NodeId, out: &mut Out) {
        if self.maybe_change_voters(leader, out) || self.connections.has_request_in_flight() {
            return;
        }
        if self.connections.is_ready(leader) {
            if self.download().is_some() {
                self.send_fetch_snapshot(leader, out);
            } else {
                self.send_fetch(leader, out);
            }
        } else {
            self.ask_for_the_leader(out);
        }
    }

    fn send_fetch(&mut self, to: NodeId, out: &mut Out) {
        let request = MetadataFetchRequest {
            replica: self.me,
            current_leader_epoch: self.epoch(),
            fetch_offset: self.disk.log.end(),
            last_fetched_epoch: self.disk.last_epoch(),
            max_wait: MAX_FETCH_WAIT,
            high_watermark: self.hw.filter(|_| self.settings.features.fetch_carries_hw),
        };
        let timeout = self.settings.controller_quorum_request_timeout;
        self.connections.send(to, timeout, Message::MetadataFetchRequest(request), out);
    }

    /// Sends a fetch to a bootstrap server taken at random, in the hope that it knows the leader; not while another
    /// one's answer that taught nothing is still fresh. Before 4.0 only observers do.
    pub(super) fn ask_for_the_leader(&mut self, out: &mut Out) {
        let may = self.is_observer() || self.settings.features.unattached_voter_fetches;
        if !may || self.connections.has_request_in_flight() || self.connections.has_pause(self.leader()) {
            return;
        }
        let others = self.bootstrap.without(self.me.id);
        let ready = |&id: &NodeId| self.connections.is_ready(id);
        if !others.as_slice().iter().any(ready) {
            return;
        }
        let (first, all) = (out.pick(others.len()) as usize, others.len() as usize);
        let chosen = others.as_slice().iter().cycle().skip(first).take(all).copied().find(ready);
        if let Some(server) = chosen {
            self.send_fetch(server, out);
        }
    }

    fn ask_for_votes(&mut self, out: &mut Out) {
        let Some(&ballots) = self.role.ballots() else { return };
        if ballots.tally(self.voters()) == Tally::Lost {
            return;
        }
        let pre_vote = matches!(self.role, Role::Prospective { .. });
        for position in 0..self.voters().len() {
            let voter = self.voters().get(position);
            if ballots.has_answered(voter.id) || !self.connections.is_ready(voter.id) {
                continue;
            }
            let request = VoteRequest {
                replica_epoch: self.epoch(),
                replica: self.me,
                voter,
                last_offset_epoch: self.disk.last_epoch(),
                last_offset: self.disk.log.end(),
                pre_vote,
            };
            let timeout = self.settings.controller_quorum_request_timeout;
            self.connections.send(voter.id, timeout, Message::VoteRequest(request), out);
        }
    }

    fn tell_resignation(&mut self, out: &mut Out) {
        let Role::Resigned { unacknowledged, preferred_successors } = self.role else { return };
        for voter in unacknowledged.iter().filter(|&id| id != self.me.id) {
            if self.connections.is_ready(voter) {
                let request = EndQuorumEpochRequest {
                    leader: self.me.id,
                    leader_epoch: self.disk.election.leader_epoch,
                    preferred_candidates: preferred_successors,
                };
                let timeout = self.settings.controller_quorum_request_timeout;
                self.connections.send(voter, timeout, Message::EndQuorumEpochRequest(request), out);
            }
        }
    }

    /// A request got no answer in time. A follower whose leader is silent asks somebody else once.
    pub(super) fn on_request_timeout(&mut self, node: NodeId, out: &mut Out) {
        self.connections.make_ready(node);
        if matches!(self.role, Role::Follower { leader, .. } if leader == node) {
            self.ask_for_the_leader(out);
        }
        self.send_what_is_due(out);
    }
}
