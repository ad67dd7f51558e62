//! Elections: who stands, who votes, who wins.
//!
//! Keeps: one vote per epoch; a vote only for a log that is at least as complete as the voter's.
//! Source: the paper, sections 5.2, 5.4.1 and 6 (servers that disturb); the thesis, section 9.6 (pre-vote).

use super::group::{RaftGroup, RaftRole};
use super::out::{RaftEvent, RaftOut};
use super::storage::{RaftRecord, RaftStorage};
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset};
use crate::note::VoteRefusal;
use crate::time::Time;
use crate::wire::RaftMessage;

/// Epoch of the last entry and log end: the later one is the more complete log.
type LogEnd = (Option<LeaderEpoch>, Offset);

impl RaftGroup {
    /// No leader for an election timeout.
    pub(super) fn on_election_timeout<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        out: &mut RaftOut<R>,
    ) {
        self.leader = None;
        self.heard = None;
        self.wait_for_election(now, out);
        if self.options.pre_vote {
            self.role = RaftRole::Prospective(NodeList::of(&[self.me]));
            let epoch = disk.epoch().next();
            out.tell(RaftEvent::ElectionStarted { epoch, pre_vote: true });
            self.request_votes(disk, epoch, true, out);
            self.maybe_win(disk, now, out);
        } else {
            self.become_candidate(disk, now, out);
        }
    }

    fn become_candidate<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        out: &mut RaftOut<R>,
    ) {
        let epoch = disk.epoch().next();
        disk.set_vote(epoch, Some(self.me));
        self.role = RaftRole::Candidate(NodeList::of(&[self.me]));
        out.tell(RaftEvent::ElectionStarted { epoch, pre_vote: false });
        self.request_votes(disk, epoch, false, out);
        self.maybe_win(disk, now, out);
    }

    fn request_votes<R: RaftRecord>(
        &self,
        disk: &impl RaftStorage<R>,
        epoch: LeaderEpoch,
        pre_vote: bool,
        out: &mut RaftOut<R>,
    ) {
        let (last_epoch, last_offset) = log_end(disk);
        for to in self.others().iter() {
            self.send(to, RaftMessage::RequestVote { epoch, last_offset, last_epoch, pre_vote }, out);
        }
    }

    /// Would it vote for this one? Nothing changes by being asked.
    pub(super) fn on_pre_vote_request<R: RaftRecord>(
        &self,
        disk: &impl RaftStorage<R>,
        now: Time,
        (candidate, epoch): (NodeId, LeaderEpoch),
        end: LogEnd,
        out: &mut RaftOut<R>,
    ) {
        let granted = epoch > disk.epoch() && end >= log_end(disk) && !self.has_live_leader(now);
        self.send(candidate, RaftMessage::Vote { epoch: disk.epoch(), granted, pre_vote: true }, out);
    }

    pub(super) fn on_vote_request<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        (candidate, epoch): (NodeId, LeaderEpoch),
        end: LogEnd,
        out: &mut RaftOut<R>,
    ) {
        let verdict = if self.options.check_quorum && self.has_live_leader(now) {
            Err(VoteRefusal::LeaderAlive)
        } else {
            self.maybe_follow_epoch(disk, now, epoch, out);
            may_vote(disk, candidate, epoch, end)
        };
        match verdict {
            Ok(()) => {
                if disk.voted().is_none() {
                    disk.set_vote(epoch, Some(candidate));
                    out.tell(RaftEvent::Voted { epoch, candidate });
                }
                self.wait_for_election(now, out);
            }
            Err(why) => out.tell(RaftEvent::VoteRefused { epoch, candidate, why }),
        }
        let granted = verdict.is_ok();
        self.send(candidate, RaftMessage::Vote { epoch: disk.epoch(), granted, pre_vote: false }, out);
    }

    pub(super) fn on_vote<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        from: NodeId,
        (epoch, granted, pre_vote): (LeaderEpoch, bool, bool),
        out: &mut RaftOut<R>,
    ) {
        if !granted {
            return;
        }
        match &mut self.role {
            RaftRole::Prospective(votes) if pre_vote => *votes = votes.with(from),
            RaftRole::Candidate(votes) if !pre_vote && epoch == disk.epoch() => *votes = votes.with(from),
            _ => return,
        }
        self.maybe_win(disk, now, out);
    }

    fn maybe_win<R: RaftRecord>(&mut self, disk: &mut impl RaftStorage<R>, now: Time, out: &mut RaftOut<R>) {
        match self.role {
            RaftRole::Prospective(votes) if votes.len() >= self.majority() => {
                self.become_candidate(disk, now, out);
            }
            RaftRole::Candidate(votes) if votes.len() >= self.majority() => {
                self.become_leader(disk, now, votes, out);
            }
            _ => {}
        }
    }
}

/// Where a log ends, as votes compare it.
fn log_end<R: RaftRecord>(disk: &impl RaftStorage<R>) -> LogEnd {
    (disk.epoch_before(disk.log().end()), disk.log().end())
}

/// Whether a vote may go to `candidate` in `epoch`.
fn may_vote<R: RaftRecord>(
    disk: &impl RaftStorage<R>,
    candidate: NodeId,
    epoch: LeaderEpoch,
    end: LogEnd,
) -> Result<(), VoteRefusal> {
    if epoch < disk.epoch() {
        return Err(VoteRefusal::OldEpoch);
    }
    if disk.voted().is_some_and(|voted| voted != candidate) {
        return Err(VoteRefusal::VotedForOther);
    }
    if end < log_end(disk) { Err(VoteRefusal::LogBehind) } else { Ok(()) }
}
