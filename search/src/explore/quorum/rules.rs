//! What must hold in a quorum, and what must happen sometimes.
//!
//! Promises carry the numbers of the checker's table; the statements stand there. They are written down here a
//! second time, over whole states instead of steps. What nobody knows any more is a [`Ghost`]: who was ever named as
//! leader, who led in which life, what was ever committed.

use super::Bounds;
use super::voter::Voter;
use kraftscope_core::check::Rule;
use kraftscope_core::id::{LeaderEpoch, NodeId, Offset};
use kraftscope_core::kraft::{Quorum, Role};
use kraftscope_core::log::Log;
use kraftscope_core::note::{Note, ResignReason};
use kraftscope_core::quorum::majority;
use kraftscope_core::record::{Entry, MetadataRecord};
use serde::Serialize;

/// The promises that are looked at.
pub(super) const PROMISES: &[Rule] = &[
    Rule::L2,
    Rule::L3,
    Rule::L6,
    Rule::L7,
    Rule::K1,
    Rule::K2,
    Rule::K3,
    Rule::K4,
    Rule::K5,
    Rule::K6,
    Rule::K7,
    Rule::K8,
    Rule::K9,
    Rule::K10,
    Rule::K14,
    Rule::K17,
];

/// What must happen sometimes, or the search was worth little: bit `i` is witness `i`.
pub(super) const WITNESSES: &[&str] = &[
    "a leader is elected",
    "another leader is elected in a later epoch",
    "a record is committed that somebody appended",
    "an election is lost",
    "a vote is refused because the log is behind",
    "a leader resigns because nobody fetches",
    "a metadata log is truncated",
    "a voter that was restarted votes for another",
    "a voter that was restarted leads",
];

/// Which witnesses these bounds leave room for.
pub(super) fn expected(bounds: &Bounds) -> u64 {
    let unrest = bounds.crashes > 0 || bounds.haste > 0;
    let again = bounds.max_epoch > 1 && unrest && bounds.voters > 1;
    let restarts = bounds.crashes > 0 && bounds.max_epoch > 1 && bounds.voters > 1;
    u64::from(bounds.max_epoch > 0)
        | u64::from(again) << 1
        | u64::from(bounds.records > 0) << 2
        | u64::from(restarts) << 7
        | u64::from(restarts) << 8
}

const fn broken_if(broken: bool, rule: Rule) -> u64 {
    (broken as u64) << rule as u64
}

/// What of an entry tells it from others: its epoch, and what kind of record it is.
fn same(one: &Entry<MetadataRecord>, other: &Entry<MetadataRecord>) -> bool {
    let leader = |entry: &Entry<MetadataRecord>| match entry.body {
        MetadataRecord::LeaderChange { leader, .. } => Some(leader),
        _ => None,
    };
    one.epoch == other.epoch && leader(one) == leader(other)
}

fn get(log: &Log<MetadataRecord>, offset: u64) -> Option<&Entry<MetadataRecord>> {
    log.get(Offset(offset))
}

/// Whether two logs are equal below `end`.
fn agree(one: &Log<MetadataRecord>, other: &Log<MetadataRecord>, end: u64) -> bool {
    (0..end).all(|offset| match (get(one, offset), get(other, offset)) {
        (Some(one), Some(other)) => same(one, other),
        _ => false,
    })
}

/// What one step of one voter breaks.
pub(super) fn of_step(before: &Voter, after: &Voter, notes: &[Note]) -> u64 {
    let (old, new) = (before.disk(), after.disk());
    // An empty disk with a name of its own has stored nothing before.
    let same_disk = before.key() == after.key();
    let went_back = same_disk && new.election.leader_epoch < old.election.leader_epoch;
    let mut broken = broken_if(went_back, Rule::L6) | broken_if(after.voted_twice, Rule::K3) | of_log(after);
    let (Some(was), Some(is)) = (before.quorum(), after.quorum()) else { return broken };
    let leads_on = was.is_leader() && is.is_leader() && was.epoch() == is.epoch();
    broken |= broken_if(leads_on && !agree(&old.log, &new.log, old.log.end().0), Rule::L7);
    let went_back = leads_on && is.high_watermark() < was.high_watermark();
    broken |= broken_if(went_back || new.log.end() < was.committed(), Rule::K9);
    broken | of_pre_votes(was, is, notes)
}

fn of_pre_votes(was: &Quorum, is: &Quorum, notes: &[Note]) -> u64 {
    let pre_vote = notes.iter().any(|note| match *note {
        Note::VoteGranted { epoch, pre_vote: true, .. } | Note::VoteRefused { epoch, pre_vote: true, .. } => {
            epoch == was.epoch()
        }
        _ => false,
    });
    broken_if(pre_vote && was.disk.election != is.disk.election, Rule::K14)
}

fn of_log(voter: &Voter) -> u64 {
    let disk = voter.disk();
    let epochs = (0..disk.log.end().0).filter_map(|offset| get(&disk.log, offset)).map(|entry| entry.epoch);
    let epochs: Vec<LeaderEpoch> = epochs.collect();
    let cached = |offset: usize| {
        let line = disk.epochs.entries().iter().rfind(|line| line.start.0 <= offset as u64);
        line.map(|line| line.epoch)
    };
    let exact = epochs.iter().enumerate().all(|(offset, &epoch)| cached(offset) == Some(epoch));
    let unflushed = voter.quorum().is_some() && disk.log.flushed() != disk.log.end();
    broken_if(!epochs.is_sorted(), Rule::L2) | broken_if(!exact, Rule::L3) | broken_if(unflushed, Rule::K10)
}

/// What two voters break together.
pub(super) fn of_pair(one: &Voter, other: &Voter) -> u64 {
    let (a, b) = (one.disk(), other.disk());
    let (named_a, named_b) = (a.election.leader, b.election.leader);
    let same_epoch = a.election.leader_epoch == b.election.leader_epoch;
    let disagree = same_epoch && named_a.is_some() && named_b.is_some() && named_a != named_b;
    let shared = a.log.end().0.min(b.log.end().0);
    let last = (0..shared).rev().find(|&offset| {
        get(&a.log, offset).map(|entry| entry.epoch) == get(&b.log, offset).map(|entry| entry.epoch)
    });
    let matches = last.is_none_or(|last| agree(&a.log, &b.log, last + 1));
    broken_if(disagree, Rule::K2) | broken_if(!matches, Rule::K4)
}

/// What all voters break together: the newest leader's high watermark lies where a majority has flushed. A majority
/// that held it once need not hold it any more when a disk was lost.
pub(super) fn of_all(voters: &[&Voter]) -> u64 {
    if voters.iter().any(|voter| voter.lost_disk) {
        return 0;
    }
    let leaders = voters.iter().filter_map(|voter| voter.quorum()).filter(|quorum| quorum.is_leader());
    let Some(leader) = leaders.max_by_key(|leader| leader.epoch()) else { return 0 };
    let Some(hw) = leader.high_watermark() else { return 0 };
    let holds = |voter: &&&Voter| {
        let log = &voter.disk().log;
        log.flushed() >= hw && agree(log, &leader.disk.log, hw.0)
    };
    let holders = voters.iter().filter(holds).count() as u32;
    let too_early = leader.role().as_leader().is_some_and(|state| hw <= state.epoch_start);
    broken_if(holders < majority(voters.len() as u32), Rule::K7) | broken_if(too_early, Rule::K8)
}

/// What a step shows.
pub(super) fn shown(after: &Voter, notes: &[Note]) -> u64 {
    let restarted = after.restarted;
    let mut shown = 0;
    for note in notes {
        shown |= match *note {
            Note::BecameQuorumLeader { epoch, .. } => {
                1 | u64::from(epoch > LeaderEpoch(1)) << 1 | u64::from(restarted) << 8
            }
            Note::ElectionLost { .. } => 1 << 3,
            Note::VoteRefused { reason: kraftscope_core::note::VoteRefusal::LogBehind, .. } => 1 << 4,
            Note::BecameResigned { reason: ResignReason::CheckQuorum, .. } => 1 << 5,
            Note::MetadataLogTruncated { .. } => 1 << 6,
            Note::VoteGranted { pre_vote: false, .. } if restarted => 1 << 7,
            _ => 0,
        };
    }
    let committed = after.quorum().filter(|quorum| quorum.is_leader()).and_then(|quorum| {
        let hw = quorum.high_watermark()?;
        let appended =
            |offset| get(&quorum.disk.log, offset).map(|entry| entry.body) == Some(MetadataRecord::NoOp);
        (0..hw.0).any(appended).then_some(1 << 2)
    });
    shown | committed.unwrap_or(0)
}

/// What no voter need remember.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ghost {
    /// Who was named as leader of an epoch, by anybody.
    named: Vec<(LeaderEpoch, NodeId)>,
    /// Who led an epoch, and whether that life of the leader is over.
    reigns: Vec<(LeaderEpoch, NodeId, bool)>,
    /// What was ever committed.
    committed: Vec<Entry<MetadataRecord>>,
}

impl Ghost {
    /// Notes what a step of one voter shows, and finds what it breaks.
    pub(super) fn learn(&mut self, before: &Voter, after: &Voter) -> u64 {
        let Some(quorum) = after.quorum() else {
            self.reigns.iter_mut().filter(|reign| reign.1 == after.id()).for_each(|reign| reign.2 = true);
            return 0;
        };
        let mut broken = 0;
        if let Some(leader) = quorum.leader() {
            broken |= self.name(quorum.epoch(), leader);
        }
        if let Role::Leader(state) = quorum.role() {
            let led = before.quorum().is_some_and(|was| was.is_leader() && was.epoch() == quorum.epoch());
            if !led {
                broken |= self.begin_reign(quorum, after);
            }
            broken |= broken_if(quorum.high_watermark().is_some_and(|hw| hw <= state.epoch_start), Rule::K8);
        }
        broken | self.commit(quorum)
    }

    fn name(&mut self, epoch: LeaderEpoch, leader: NodeId) -> u64 {
        match self.named.binary_search_by_key(&epoch, |&(epoch, _)| epoch) {
            Ok(place) => broken_if(self.named[place].1 != leader, Rule::K2),
            Err(place) => {
                self.named.insert(place, (epoch, leader));
                0
            }
        }
    }

    fn begin_reign(&mut self, quorum: &Quorum, voter: &Voter) -> u64 {
        let (epoch, me) = (quorum.epoch(), voter.id());
        let newest = self.reigns.last().is_none_or(|&(last, ..)| last <= epoch);
        let committed = self.committed.iter().enumerate();
        let complete = committed.clone().all(|(offset, entry)| {
            get(&quorum.disk.log, offset as u64).is_some_and(|mine| same(mine, entry))
        });
        let broken = broken_if(newest && !complete, Rule::K5);
        match self.reigns.binary_search_by_key(&epoch, |&(epoch, ..)| epoch) {
            Ok(place) => {
                let (_, leader, over) = self.reigns[place];
                broken | broken_if(leader != me, Rule::K1) | broken_if(leader == me && over, Rule::K17)
            }
            Err(place) => {
                self.reigns.insert(place, (epoch, me, false));
                broken
            }
        }
    }

    /// Only a leader commits; everybody else must agree with what was committed.
    fn commit(&mut self, quorum: &Quorum) -> u64 {
        let hw = quorum.high_watermark().unwrap_or_default().min(quorum.disk.log.end());
        let mut broken = 0;
        for offset in 0..hw.0 {
            let Some(entry) = get(&quorum.disk.log, offset) else { continue };
            match self.committed.get(offset as usize) {
                Some(known) => broken |= broken_if(!same(known, entry), Rule::K6),
                None if quorum.is_leader() => self.committed.push(*entry),
                None => broken |= broken_if(true, Rule::K6),
            }
        }
        broken
    }
}
