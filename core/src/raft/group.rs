//! One member of a Raft group: its role, and what it does when its time is up.
//!
//! Keeps: the epoch never falls; at most one vote per epoch; a leader never cuts its own log.

use super::lead::RaftLeader;
use super::out::{RaftEvent, RaftOut};
use super::storage::{RaftRecord, RaftStorage};
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset};
use crate::quorum::majority;
use crate::time::{Span, Time};
use crate::wire::{AppendEntriesRequest, RaftMessage};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How a group behaves; the same for all of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftOptions {
    /// A follower waits this long for a leader; drawn anew each time between the two, both included.
    pub election: (Span, Span),
    /// How long a leader may be silent before its followers give it up; the spread of `election` comes on top. `None`:
    /// the shortest election timeout, as in the paper.
    pub silence: Option<Span>,
    /// A leader sends at least this often.
    pub heartbeat: Span,
    /// How many entries one AppendEntries carries at the most.
    pub max_entries: u32,
    /// Whether a member asks first whether it would win.
    pub pre_vote: bool,
    /// Whether a leader resigns when no majority answers, and nobody votes within the shortest election timeout after a
    /// leader was heard from: without it there is no lease.
    pub check_quorum: bool,
    /// Whether only entries of the leader's own epoch are committed by counting. Without it what is committed may be
    /// overwritten (figure 8).
    pub counts_own_epoch_only: bool,
    /// What a lease is shorter than an election timeout, for clocks that differ.
    pub clock_drift: Span,
}

impl RaftOptions {
    /// How long a leader may be silent.
    pub fn silence(&self) -> Span {
        self.silence.unwrap_or(self.election.0)
    }
}

impl Default for RaftOptions {
    fn default() -> RaftOptions {
        RaftOptions {
            election: (Span::millis(1000), Span::millis(2000)),
            silence: None,
            heartbeat: Span::millis(200),
            max_entries: 64,
            pre_vote: false,
            check_quorum: false,
            counts_own_epoch_only: true,
            clock_drift: Span::millis(200),
        }
    }
}

/// What a member is in its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RaftRole {
    /// Waits for a leader.
    Follower,
    /// Asks whether it would win (pre-vote); who said yes.
    Prospective(NodeList),
    /// Stands for election; who voted for it.
    Candidate(NodeList),
    /// Leads.
    Leader(RaftLeader),
}

/// One member of a group: what a crash takes. The rest is in its [`RaftStorage`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftGroup {
    pub(super) me: NodeId,
    pub(super) members: NodeList,
    pub(super) options: RaftOptions,
    pub(super) role: RaftRole,
    /// The leader of this epoch, if it is known.
    pub(super) leader: Option<NodeId>,
    /// When the leader was heard from.
    pub(super) heard: Option<Time>,
    pub(super) hw: Offset,
    /// The end of the election timeout; while it leads, the next heartbeat.
    pub(super) deadline: Time,
}

impl RaftGroup {
    /// A member that has not started yet.
    pub const fn new(me: NodeId, members: NodeList, options: RaftOptions) -> RaftGroup {
        RaftGroup {
            me,
            members,
            options,
            role: RaftRole::Follower,
            leader: None,
            heard: None,
            hw: Offset(0),
            deadline: Time(u64::MAX),
        }
    }

    /// Its life begins: it follows nobody, and waits.
    pub fn boot<R: RaftRecord>(&mut self, disk: &impl RaftStorage<R>, now: Time, out: &mut RaftOut<R>) {
        self.hw = disk.log().start();
        self.wait_for_election(now, out);
    }

    /// Handles a message of another member.
    pub fn on_message<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        from: NodeId,
        message: RaftMessage<R>,
        out: &mut RaftOut<R>,
    ) {
        match message {
            RaftMessage::RequestVote { epoch, last_offset, last_epoch, pre_vote: true } => {
                self.on_pre_vote_request(disk, now, (from, epoch), (last_epoch, last_offset), out);
            }
            RaftMessage::RequestVote { epoch, last_offset, last_epoch, pre_vote: false } => {
                self.on_vote_request(disk, now, (from, epoch), (last_epoch, last_offset), out);
            }
            RaftMessage::Vote { epoch, granted, pre_vote } => {
                self.maybe_follow_epoch(disk, now, epoch, out);
                self.on_vote(disk, now, from, (epoch, granted, pre_vote), out);
            }
            RaftMessage::Append(request) => self.on_append(disk, now, from, request, out),
            RaftMessage::Appended(response) => {
                self.maybe_follow_epoch(disk, now, response.epoch, out);
                self.on_appended(disk, now, from, response, out);
            }
        }
    }

    /// Its time is up: an election, or heartbeats. A clock that runs fast calls this early.
    pub fn on_deadline<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        out: &mut RaftOut<R>,
    ) {
        match self.role {
            RaftRole::Leader(_) => self.on_heartbeat_due(disk, now, out),
            RaftRole::Follower | RaftRole::Prospective(_) | RaftRole::Candidate(_) => {
                self.on_election_timeout(disk, now, out);
            }
        }
    }

    /// The longest time between now and the deadline that is ever drawn for a member that waits for a leader.
    pub fn wait_max(&self) -> Span {
        let (shortest, longest) = self.options.election;
        longest.max(self.options.silence() + (longest - shortest))
    }

    /// When [`RaftGroup::on_deadline`] is due: the end of the election timeout, or the next heartbeat.
    pub const fn deadline(&self) -> Time {
        self.deadline
    }

    /// The leader of this epoch, as far as it knows.
    pub const fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Whether it leads.
    pub const fn is_leader(&self) -> bool {
        matches!(self.role, RaftRole::Leader(_))
    }

    /// What it is.
    pub const fn role(&self) -> &RaftRole {
        &self.role
    }

    /// What only a leader keeps.
    pub const fn as_leader(&self) -> Option<&RaftLeader> {
        match &self.role {
            RaftRole::Leader(leader) => Some(leader),
            RaftRole::Follower | RaftRole::Prospective(_) | RaftRole::Candidate(_) => None,
        }
    }

    /// Everything below is committed, as far as it knows: Raft's commit index + 1.
    pub const fn high_watermark(&self) -> Offset {
        self.hw
    }

    /// All members.
    pub const fn members(&self) -> NodeList {
        self.members
    }

    pub(super) const fn majority(&self) -> u32 {
        majority(self.members.len())
    }

    pub(super) fn others(&self) -> NodeList {
        self.members.without(self.me)
    }

    /// A later epoch: whatever it was, it follows now.
    pub(super) fn maybe_follow_epoch<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        epoch: LeaderEpoch,
        out: &mut RaftOut<R>,
    ) -> bool {
        if epoch <= disk.epoch() {
            return false;
        }
        disk.set_vote(epoch, None);
        self.become_follower(now, epoch, None, out);
        true
    }

    /// Follows `leader`, or nobody yet. Only one that led or stood for election waits a new election timeout: a
    /// follower that merely hears of a later epoch keeps its own.
    pub(super) fn become_follower<R: RaftRecord>(
        &mut self,
        now: Time,
        epoch: LeaderEpoch,
        leader: Option<NodeId>,
        out: &mut RaftOut<R>,
    ) {
        let waits_already = matches!(self.role, RaftRole::Follower);
        self.role = RaftRole::Follower;
        self.leader = leader;
        self.heard = None;
        if !waits_already {
            self.wait_for_election(now, out);
        }
        out.tell(RaftEvent::BecameFollower { epoch, leader });
    }

    /// Draws the next election timeout.
    pub(super) fn wait_for_election<R>(&mut self, now: Time, out: &mut RaftOut<R>) {
        let (shortest, longest) = self.options.election;
        self.deadline = now + out.draw(&(shortest..=longest));
    }

    /// Draws until when the leader that it has just heard from may be silent.
    pub(super) fn wait_for_leader<R>(&mut self, now: Time, out: &mut RaftOut<R>) {
        let (shortest, longest) = self.options.election;
        let silence = self.options.silence();
        self.deadline = now + out.draw(&(silence..=silence + (longest - shortest)));
    }

    /// The connection to the leader is gone: it is given up at once, and nobody's vote waits for it.
    pub fn lose_leader<R>(&mut self, now: Time, out: &mut RaftOut<R>) {
        if matches!(self.role, RaftRole::Follower) {
            self.leader = None;
            self.heard = None;
            self.wait_for_election(now, out);
        }
    }

    /// Whether a current leader was heard from within the time that it may be silent, or it leads and a majority was.
    pub(super) fn has_live_leader(&self, now: Time) -> bool {
        let heard = match &self.role {
            RaftRole::Leader(_) => self.confirmed(now),
            RaftRole::Follower | RaftRole::Prospective(_) | RaftRole::Candidate(_) => self.heard,
        };
        heard.is_some_and(|heard| now < heard + self.options.silence())
    }

    pub(super) fn send<R>(&self, to: NodeId, message: RaftMessage<R>, out: &mut RaftOut<R>) {
        debug_assert!(to != self.me, "a member sends to itself");
        out.send.push((to, message));
    }

    /// An AppendEntries of this leader for the entries from `from` on.
    pub(super) fn append_request<R: RaftRecord>(
        &self,
        disk: &impl RaftStorage<R>,
        now: Time,
        from: Offset,
        most: u32,
    ) -> AppendEntriesRequest<R> {
        AppendEntriesRequest {
            epoch: disk.epoch(),
            from,
            prev_epoch: disk.epoch_before(from),
            entries: if most == 0 { Vec::new() } else { disk.read(from, most) },
            high_watermark: self.hw,
            round: now.0,
        }
    }
}
