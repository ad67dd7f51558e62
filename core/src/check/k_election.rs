//! Elections of the metadata quorum.
//!
//! K1 ElectionSafety: at most one node ever leads an epoch. Source: Raft.
//! K2 BeliefAgreement: no two nodes in one epoch believe in different leaders. Source: pull-raft.tla.
//! K3 VoteOnce: at most one vote per voter and epoch, also across restarts. A voter is an id and a disk.
//! Source: Raft, KIP-595, KIP-853.
//! K17 NoLeadAfterRestart: who led an epoch and was restarted leads it no more. Source: KIP-595 (Resigned).
//! L5 EpochOwner: all entries of one epoch were first written by its leader. Source: raft.tla.
//! L6 StoredEpochMonotone: the stored epoch never goes back. Source: RaftEventSimulationTest.

use super::findings::{Findings, Subject};
use super::logs::Growth;
use super::quorum::{Look, RoleSeen};
use super::table::Rule;
use crate::id::{Incarnation, LeaderEpoch, NodeId, ReplicaKey};
use crate::note::Note;
use alloc::vec::Vec;

/// Who led an epoch, and in which life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reign {
    epoch: LeaderEpoch,
    leader: ReplicaKey,
    life: Incarnation,
}

/// The last vote of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Vote {
    voter: ReplicaKey,
    epoch: LeaderEpoch,
    candidate: NodeId,
}

/// Everything that was ever decided, in the order of epochs.
#[derive(Clone, Debug, Default)]
pub(super) struct Elections {
    reigns: Vec<Reign>,
    named: Vec<(LeaderEpoch, NodeId)>,
    votes: Vec<Vote>,
}

impl Elections {
    /// Whether no later epoch has had a leader.
    pub(super) fn is_newest(&self, epoch: LeaderEpoch) -> bool {
        self.reigns.last().is_none_or(|reign| reign.epoch <= epoch)
    }

    pub(super) fn check(&mut self, look: &Look<'_>, findings: &mut Findings) {
        let (before, now) = (&look.before, &look.now);
        if before.election == now.election && before.role == now.role && look.notes.is_empty() {
            return;
        }
        findings.check(Rule::L6, now.epoch() >= before.epoch(), look.subject());
        if let Some(leader) = now.election.leader
            && before.election != now.election
        {
            self.name_leader(now.epoch(), leader, look.subject(), findings);
        }
        if look.begins_to_lead() {
            self.begin_reign(look, findings);
        }
        self.count_votes(look, findings);
    }

    fn name_leader(&mut self, epoch: LeaderEpoch, leader: NodeId, subject: Subject, findings: &mut Findings) {
        match self.named.binary_search_by_key(&epoch, |&(epoch, _)| epoch) {
            Ok(place) => findings.check(Rule::K2, self.named[place].1 == leader, subject),
            Err(place) => self.named.insert(place, (epoch, leader)),
        }
    }

    fn begin_reign(&mut self, look: &Look<'_>, findings: &mut Findings) {
        let reign = Reign { epoch: look.now.epoch(), leader: look.key, life: look.now.incarnation };
        match self.reigns.binary_search_by_key(&reign.epoch, |reign| reign.epoch) {
            Ok(place) => {
                let known = self.reigns[place];
                findings.check(Rule::K1, known.leader == reign.leader, look.subject());
                let new_life = known.leader == reign.leader && known.life != reign.life;
                findings.check(Rule::K17, !new_life, look.subject());
            }
            Err(place) => {
                self.reigns.insert(place, reign);
                findings.check(Rule::K1, true, look.subject());
                findings.check(Rule::K17, true, look.subject());
            }
        }
    }

    /// Votes are what was granted, and the own vote of a candidate.
    fn count_votes(&mut self, look: &Look<'_>, findings: &mut Findings) {
        for note in look.notes {
            let (epoch, candidate) = match *note {
                Note::VoteGranted { candidate, epoch, pre_vote: false } => (epoch, candidate),
                Note::BecameCandidate { epoch } => (epoch, look.key.id),
                _ => continue,
            };
            let vote = Vote { voter: look.key, epoch, candidate };
            let Some(last) = self.votes.iter_mut().find(|last| last.voter == look.key) else {
                self.votes.push(vote);
                continue;
            };
            let once = epoch > last.epoch || (epoch == last.epoch && candidate == last.candidate);
            findings.check(Rule::K3, once, look.subject());
            *last = vote;
        }
    }

    /// L5 for new entries of the metadata log: a leader writes in its own epoch, and everybody else copies what
    /// some leader of that epoch wrote.
    pub(super) fn check_owners(&self, look: &Look<'_>, growth: Growth, findings: &mut Findings) {
        let leads = look.now.role == RoleSeen::Leader && !growth.cut;
        let mut last = None;
        for (offset, entry) in look.disk.log.iter(growth.from, growth.to) {
            if last == Some(entry.epoch) {
                continue;
            }
            last = Some(entry.epoch);
            let owned = if leads && !look.begins_to_lead() {
                entry.epoch == look.now.epoch()
            } else {
                self.reigns.binary_search_by_key(&entry.epoch, |reign| reign.epoch).is_ok()
            };
            findings.check(Rule::L5, owned, look.subject().at(offset));
        }
    }
}
