//! Roles of the metadata quorum.
//!
//! K13 RoleTable: roles change only along the transitions of `QuorumState`; an observer never stands for election.
//! K14 PreVotePure: a pre-vote of the present epoch changes nothing that is stored; becoming prospective does not
//! raise the epoch. Source: KIP-996.
//!
//! A step may pass through several roles; each is told by a note, so the notes are walked in order and the last
//! one must be what the replica is now.

use super::findings::Findings;
use super::quorum::{Look, RoleSeen};
use super::table::Rule;
use crate::id::LeaderEpoch;
use crate::note::Note;

/// Whether a note is about votes or roles of the quorum.
pub(super) fn concerns(note: &Note) -> bool {
    matches!(note, Note::VoteGranted { .. } | Note::VoteRefused { pre_vote: true, .. })
        || role_of(note).is_some()
}

pub(super) fn check(look: &Look<'_>, findings: &mut Findings) {
    let changed = look.before.role != look.now.role;
    if !changed && !look.notes.iter().any(concerns) {
        return;
    }
    let began = !look.before.same_life(&look.now);
    let mut role = if began { RoleSeen::Down } else { look.before.role };
    let mut epoch = look.before.epoch();
    for note in look.notes {
        let Some((next, next_epoch)) = role_of(note) else { continue };
        let legal = is_legal(role, next, look) && next_epoch >= epoch;
        findings.check(Rule::K13, legal, look.subject());
        if next == RoleSeen::Prospective {
            findings.check(Rule::K14, next_epoch == epoch, look.subject());
        }
        (role, epoch) = (next, next_epoch);
    }
    let told = look.now.role == RoleSeen::Down || role == look.now.role;
    // A leader that was removed leads on without a vote until that is committed.
    let stands = stands(look.now.role) && (look.now.role != RoleSeen::Leader || look.begins_to_lead());
    findings.check(Rule::K13, told && (look.votes || !stands), look.subject());
    check_pre_votes(look, findings);
}

fn check_pre_votes(look: &Look<'_>, findings: &mut Findings) {
    for note in look.notes {
        let (Note::VoteGranted { epoch, pre_vote: true, .. }
        | Note::VoteRefused { epoch, pre_vote: true, .. }) = *note
        else {
            continue;
        };
        if epoch == look.before.epoch() {
            let pure = look.before.election == look.now.election && look.before.role == look.now.role;
            findings.check(Rule::K14, pure, look.subject());
        }
    }
}

fn role_of(note: &Note) -> Option<(RoleSeen, LeaderEpoch)> {
    match *note {
        Note::BecameUnattached { epoch } => Some((RoleSeen::Unattached, epoch)),
        Note::BecameProspective { epoch } => Some((RoleSeen::Prospective, epoch)),
        Note::BecameCandidate { epoch } => Some((RoleSeen::Candidate, epoch)),
        Note::BecameQuorumLeader { epoch, .. } => Some((RoleSeen::Leader, epoch)),
        Note::BecameQuorumFollower { epoch, .. } => Some((RoleSeen::Follower, epoch)),
        Note::BecameResigned { epoch, .. } => Some((RoleSeen::Resigned, epoch)),
        _ => None,
    }
}

const fn stands(role: RoleSeen) -> bool {
    matches!(role, RoleSeen::Prospective | RoleSeen::Candidate | RoleSeen::Leader)
}

/// The transitions of `QuorumState`; before PreVote (KIP-996) a timer leads straight to Candidate.
fn is_legal(from: RoleSeen, to: RoleSeen, look: &Look<'_>) -> bool {
    use RoleSeen::{Candidate, Down, Follower, Leader, Prospective, Resigned, Unattached};
    let v3_9 = !look.pre_vote;
    match (from, to) {
        (_, Down) => true,
        (Down, Unattached | Follower | Resigned | Candidate) => true,
        (Unattached, Unattached | Follower) => true,
        (Unattached | Follower, Prospective) => !v3_9,
        (Unattached | Follower | Candidate, Candidate) => v3_9,
        (Prospective, Unattached | Follower | Candidate) => !v3_9,
        (Prospective, Prospective) | (Candidate, Prospective) => !v3_9,
        (Candidate, Leader | Unattached | Follower) => true,
        (Follower, Follower | Unattached) => true,
        (Leader, Resigned | Unattached | Follower) => true,
        (Resigned, Unattached | Follower) => true,
        // A lone voter that was restarted need not ask anybody.
        (Resigned, Prospective) => look.alone,
        (Resigned, Candidate) => v3_9,
        _ => false,
    }
}
