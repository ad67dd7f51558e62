//! What a leader does: it pushes, counts, commits, and learns whether it still leads.
//!
//! Keeps: it never changes an entry that it has; it commits by counting only entries of its own epoch (figure 8).
//! Per follower at most one AppendEntries with entries is on its way; what is appended meanwhile goes with the next. A
//! heartbeat behind it speaks of its end: where messages keep their order, what it says of commits holds up to there.
//! A round is the leader's clock at the moment of sending: an answer proves that it led at that moment.

use super::group::{RaftGroup, RaftRole};
use super::out::{RaftEvent, RaftOut};
use super::storage::{RaftRecord, RaftStorage};
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset};
use crate::quorum::majority_offset;
use crate::record::Entry;
use crate::time::{Span, Time};
use crate::wire::{AppendEntriesResponse, AppendOutcome, RaftMessage};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What only a leader keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftLeader {
    /// One line per follower.
    pub progress: Vec<Progress>,
    /// The offset of its no-op: nothing is known to be committed before that is.
    pub epoch_start: Offset,
    /// When it was elected.
    pub since: Time,
}

/// What a leader knows of one follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Progress {
    /// Which follower.
    pub id: NodeId,
    /// Raft's `nextIndex`: what it is sent next begins here.
    pub next: Offset,
    /// Raft's `matchIndex` + 1: its log equals the leader's below this.
    pub matched: Offset,
    /// When the entries were sent that it has not answered yet.
    pub in_flight: Option<Time>,
    /// Where those entries end.
    pub sent: Offset,
    /// The latest round that it has answered.
    pub acked: Option<Time>,
    /// Whether the connection to it has not broken since.
    pub connected: bool,
}

impl RaftGroup {
    pub(super) fn become_leader<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        votes: NodeList,
        out: &mut RaftOut<R>,
    ) {
        let epoch_start = disk.log().end();
        let progress = |id| Progress {
            id,
            next: epoch_start,
            matched: disk.log().start(),
            in_flight: None,
            sent: epoch_start,
            acked: None,
            connected: true,
        };
        let progress = self.others().iter().map(progress).collect();
        self.role = RaftRole::Leader(RaftLeader { progress, epoch_start, since: now });
        self.leader = Some(self.me);
        self.heard = None;
        self.deadline = now + self.options.heartbeat;
        out.tell(RaftEvent::BecameLeader { epoch: disk.epoch(), votes, epoch_start });
        self.append(disk, now, [R::NO_OP], out);
    }

    /// Appends in this leader's epoch and pushes. Returns the first offset; `None` from a member that does not lead.
    pub fn append<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        bodies: impl IntoIterator<Item = R>,
        out: &mut RaftOut<R>,
    ) -> Option<Offset> {
        if !self.is_leader() {
            return None;
        }
        let (epoch, base) = (disk.epoch(), disk.log().end());
        bodies.into_iter().for_each(|body| disk.append(Entry { epoch, body }));
        disk.flush();
        self.push_entries(disk, now, out);
        self.maybe_commit(disk, out);
        Some(base)
    }

    /// Asks all followers whether it still leads. Once a majority has answered, [`RaftGroup::confirmed`] is `now` or
    /// later.
    pub fn begin_round<R: RaftRecord>(
        &mut self,
        disk: &impl RaftStorage<R>,
        now: Time,
        out: &mut RaftOut<R>,
    ) {
        for id in self.others().iter() {
            self.push_to(disk, now, id, true, out);
        }
    }

    /// The latest moment at which a majority is known to have taken it for the leader; `None` before there is one.
    pub fn confirmed(&self, now: Time) -> Option<Time> {
        let leader = self.as_leader()?;
        let mut acked: Vec<Option<Offset>> =
            leader.progress.iter().map(|follower| follower.acked.map(|at| Offset(at.0))).collect();
        acked.push(Some(Offset(now.0)));
        majority_offset(&mut acked).map(|at| Time(at.0))
    }

    /// Until when it may answer reads without asking; `None` without a lease.
    pub fn lease_until(&self, now: Time) -> Option<Time> {
        let length = self.options.silence() - self.options.clock_drift;
        self.confirmed(now).filter(|_| self.options.check_quorum).map(|at| at + length)
    }

    /// Whether it has committed an entry of its own epoch: before that it does not know what is committed (section 8).
    pub fn knows_commits(&self) -> bool {
        self.as_leader().is_some_and(|leader| self.hw > leader.epoch_start)
    }

    pub(super) fn on_heartbeat_due<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        out: &mut RaftOut<R>,
    ) {
        if self.has_lost_majority(now) {
            out.tell(RaftEvent::Resigned { epoch: disk.epoch() });
            return self.become_follower(now, disk.epoch(), None, out);
        }
        self.deadline = now + self.options.heartbeat;
        self.begin_round(disk, now, out);
    }

    /// The connection to this follower is gone: it does not count among those that were heard from, until it answers
    /// again.
    pub fn lose_follower(&mut self, id: NodeId) {
        if let RaftRole::Leader(leader) = &mut self.role
            && let Some(follower) = leader.progress.iter_mut().find(|follower| follower.id == id)
        {
            (follower.connected, follower.in_flight) = (false, None);
        }
    }

    /// Check quorum: no majority has answered for an election timeout, or the connections to too many are gone.
    fn has_lost_majority(&self, now: Time) -> bool {
        let Some(leader) = self.as_leader().filter(|_| self.options.check_quorum) else { return false };
        let connected = leader.progress.iter().filter(|follower| follower.connected).count() as u32;
        connected + 1 < self.majority() || self.is_in_doubt(now)
    }

    /// Whether it leads and no majority has answered it for as long as a leader may be silent: by now another one may lead.
    pub fn is_in_doubt(&self, now: Time) -> bool {
        let Some(leader) = self.as_leader() else { return false };
        let last = self.confirmed(now).unwrap_or(leader.since).max(leader.since);
        now.since(last) >= self.options.silence().max(Span(1))
    }

    /// Sends what was appended to every follower that waits for nothing.
    fn push_entries<R: RaftRecord>(&mut self, disk: &impl RaftStorage<R>, now: Time, out: &mut RaftOut<R>) {
        for id in self.others().iter() {
            self.push_to(disk, now, id, false, out);
        }
    }

    /// Sends AppendEntries to one follower: what it misses, unless it owes an answer; a heartbeat if there is nothing.
    fn push_to<R: RaftRecord>(
        &mut self,
        disk: &impl RaftStorage<R>,
        now: Time,
        id: NodeId,
        heartbeat: bool,
        out: &mut RaftOut<R>,
    ) {
        let most = self.options.max_entries;
        let RaftRole::Leader(leader) = &mut self.role else { return };
        let Some(follower) = leader.progress.iter_mut().find(|follower| follower.id == id) else { return };
        let sends = follower.in_flight.is_none() && follower.next < disk.log().end();
        if !sends && !heartbeat {
            return;
        }
        let from = if follower.in_flight.is_some() { follower.sent } else { follower.next };
        let request = self.append_request(disk, now, from, if sends { most } else { 0 });
        if sends && let RaftRole::Leader(leader) = &mut self.role {
            let end = from.plus(request.entries.len() as u64);
            let follower = leader.progress.iter_mut().find(|follower| follower.id == id);
            follower.into_iter().for_each(|follower| (follower.in_flight, follower.sent) = (Some(now), end));
        }
        self.send(id, RaftMessage::Append(request), out);
    }

    pub(super) fn on_appended<R: RaftRecord>(
        &mut self,
        disk: &mut impl RaftStorage<R>,
        now: Time,
        from: NodeId,
        response: AppendEntriesResponse,
        out: &mut RaftOut<R>,
    ) {
        if response.epoch != disk.epoch() {
            return;
        }
        let end = disk.log().end();
        let RaftRole::Leader(leader) = &mut self.role else { return };
        let Some(follower) = leader.progress.iter_mut().find(|follower| follower.id == from) else { return };
        let round = Time(response.round);
        // An answer to something older than what is on its way says nothing about that.
        let is_latest = follower.in_flight.is_none_or(|sent| round >= sent);
        follower.acked = follower.acked.max(Some(round));
        follower.connected = true;
        match response.outcome {
            AppendOutcome::Matched(to) if to <= end => {
                follower.matched = follower.matched.max(to);
                follower.next = follower.next.max(to);
            }
            AppendOutcome::Conflict { epoch, first } if is_latest => {
                if let Some(next) = back_up(disk, follower.next, epoch, first) {
                    follower.next = next;
                    // A follower whose disk was replaced has less than it once had.
                    follower.matched = follower.matched.min(next);
                }
            }
            AppendOutcome::Matched(_) | AppendOutcome::Conflict { .. } | AppendOutcome::Stale => {}
        }
        if is_latest {
            follower.in_flight = None;
        }
        self.maybe_commit(disk, out);
        self.push_to(disk, now, from, false, out);
    }

    /// Moves the high watermark to what a majority has, if that ends with an entry of this leader's epoch (figure 8).
    fn maybe_commit<R: RaftRecord>(&mut self, disk: &impl RaftStorage<R>, out: &mut RaftOut<R>) {
        let Some(leader) = self.as_leader() else { return };
        let mut ends: Vec<Option<Offset>> =
            leader.progress.iter().map(|follower| Some(follower.matched)).collect();
        ends.push(Some(disk.log().flushed()));
        let Some(to) = majority_offset(&mut ends) else { return };
        if !self.options.counts_own_epoch_only || disk.epoch_before(to) == Some(disk.epoch()) {
            self.maybe_advance_hw(to, out);
        }
    }
}

/// Where to try next when a follower has an entry of `epoch` before `next`, or ends at `first`: the end of that epoch
/// here, or its beginning there. One round per epoch (section 5.3). `None` for an answer to an earlier try.
fn back_up<R: RaftRecord>(
    disk: &impl RaftStorage<R>,
    next: Offset,
    epoch: Option<LeaderEpoch>,
    first: Offset,
) -> Option<Offset> {
    let end_here = epoch.filter(|&epoch| disk.epoch_at(disk.start_of(epoch)) == Some(epoch));
    let end_here = end_here.map(|epoch| disk.start_of(epoch.next()));
    end_here.into_iter().chain([first]).find(|&offset| offset < next)
}
