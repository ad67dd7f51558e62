//! What must hold when a replica begins to lead, and when a log is cut.
//!
//! S5 LeaderCompleteness: a new leader holds all committed records. Source: kip-966 TLA+.
//! S3 PairLogMatching, of what was shown and cut in one step. Source: KAFKA-14704.
//! S10 NoCommittedTruncation: truncation removes no committed record. Source: KIP-101, KIP-279, KIP-320.
//! S13 RepeatableRead: a new leader holds everything that was ever read. Source: v3.5 TLA+, ConsistentRead.
//! C1 NoLostAckedWrite: a new leader holds every record that was acknowledged with acks=all. Source: Jepsen.

use super::findings::{Findings, Subject};
use super::logs::parts_at;
use super::partition::{Acknowledged, PartitionGhost};
use super::replicas::Look;
use super::s_loss;
use super::table::Rule;
use crate::id::Offset;
use crate::log::Log;
use crate::note::Note;
use crate::record::Record;

/// S5, S13, C1: the replica begins to lead the newest epoch.
pub(super) fn check_new_leader(ghost: &mut PartitionGhost, look: &Look<'_>, findings: &mut Findings) {
    let elected_last = ghost.leaders.last().is_some_and(|&(epoch, _)| epoch == look.now.leader_epoch);
    let newest = if findings.has_groups() { elected_last } else { look.leads_newest(ghost.id) };
    if !newest {
        return;
    }
    let log = &look.replica.log;
    let lost = note_lost(ghost, log);
    if ghost.void.is_some() {
        return;
    }
    let subject = Subject::copy(ghost.id, look.id);
    findings.compare(Rule::S5, parts_at(log, &ghost.committed, Offset(0), ghost.committed.end()), subject);
    findings.compare(Rule::S13, parts_at(log, &ghost.committed, Offset(0), ghost.consumed), subject);
    findings.compare(Rule::C1, lost, subject);
}

/// Remembers which acknowledged records this log does not hold. Returns the first that was acknowledged by all.
fn note_lost(ghost: &mut PartitionGhost, log: &Log<Record>) -> Option<Offset> {
    let mut first = None;
    for (_, entry) in ghost.acknowledged.iter(Offset(0), ghost.acknowledged.end()) {
        let acknowledged = entry.body;
        if holds(log, &acknowledged) {
            continue;
        }
        if acknowledged.by_all {
            first.get_or_insert(acknowledged.offset);
        }
        if !ghost.lost.contains(&acknowledged) {
            ghost.lost.push(acknowledged);
        }
    }
    first
}

/// Whether the log holds this record where it was acknowledged, or it was deleted since.
pub(super) fn holds(log: &Log<Record>, acknowledged: &Acknowledged) -> bool {
    acknowledged.offset < log.start()
        || log.get(acknowledged.offset).is_some_and(|entry| entry.body == acknowledged.record)
}

/// S10: what was cut was not committed. Whoever still follows the leader of an epoch that is over may cut what a later
/// leader has committed without it: outside ISR and ELR, and only until it hears of the committing epoch. The entries are
/// gone; their epochs are remembered, and offset and epoch name an entry.
pub(super) fn check_cut(ghost: &PartitionGhost, place: usize, look: &Look<'_>, findings: &mut Findings) {
    if ghost.void.is_some() {
        return;
    }
    let seen = &ghost.copies[place].log;
    let told = look.notes.iter().filter_map(|note| match *note {
        Note::LogTruncated { partition, to, .. } if partition == ghost.id => Some(to),
        _ => None,
    });
    let to = told.min().unwrap_or(look.replica.leo()).min(look.replica.leo());
    let relied_on = ghost.isr.contains(look.id) || ghost.elr.contains(look.id);
    let counts = |offset| relied_on || ghost.committing_epoch(offset) <= Some(look.now.leader_epoch);
    let mut cut = ghost.committed.iter(to, seen.end);
    let first = cut.find(|&(offset, entry)| seen.epoch_at(offset) == Some(entry.epoch) && counts(offset));
    findings.compare(Rule::S10, first.map(|(offset, _)| offset), Subject::copy(ghost.id, look.id));
    check_exposed(ghost, place, look, findings);
    s_loss::check_range(ghost, look.world, look.id, (to, seen.end), findings);
}

/// S3 for what was shown before it was cut: a follower that takes over the high watermark and then truncates has
/// shown to readers what lay below it. Source: KAFKA-14704.
fn check_exposed(ghost: &PartitionGhost, place: usize, look: &Look<'_>, findings: &mut Findings) {
    let seen = &ghost.copies[place].log;
    for note in look.notes {
        let Note::LogTruncated { partition, hw, .. } = *note else { continue };
        if partition != ghost.id || hw <= look.before.hw {
            continue;
        }
        let differs = |offset: &u64| {
            let committed = ghost.committed.get(Offset(*offset)).map(|entry| entry.epoch);
            committed != seen.epoch_at(Offset(*offset))
        };
        let first = (look.before.hw.0..hw.min(seen.end).0).find(differs);
        findings.compare(Rule::S3, first.map(Offset), Subject::copy(ghost.id, look.id));
    }
}
