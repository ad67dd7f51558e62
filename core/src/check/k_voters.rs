//! Voter sets of the metadata quorum.
//!
//! K11 OneChange: a leader changes the voters only after it has committed in its own epoch and when the set before is
//! committed, by one voter more and one less at the most. Source: KIP-853, the single-server bug of the Raft thesis.
//! K12 VoterSetFromLog: the set that a replica goes by is the last one in its log. Source: KIP-853.
//!
//! A set that differs only in addresses is no change: a new leader that has moved writes one at the start of its epoch.

use super::findings::Findings;
use super::logs::Growth;
use super::quorum::{Look, RoleSeen};
use super::table::Rule;
use crate::id::{Incarnation, Offset};
use crate::kraft::QuorumDisk;
use crate::record::MetadataRecord;
use crate::voters::VoterSet;
use alloc::vec::Vec;

/// The voter sets in one log, with their offsets.
#[derive(Clone, Debug, Default)]
pub(super) struct VotersSeen {
    sets: Vec<(Offset, VoterSet)>,
    /// What the replica and its log were found to agree on: its life, where its set stands, where the log's last does.
    agreed: Option<(Incarnation, Option<Offset>, Option<Offset>)>,
}

impl VotersSeen {
    /// Reads what is new in the log of this look; checks each set that its leader has just written (K11). `first` holds
    /// while the log names none.
    pub(super) fn follow(
        &mut self,
        look: &Look<'_>,
        growth: Growth,
        first: &VoterSet,
        findings: &mut Findings,
    ) {
        if growth.cut {
            self.agreed = None;
            self.sets.clear();
            self.sets.extend(set_before_start(look.disk));
        }
        for (offset, entry) in look.disk.log.iter(growth.from, growth.to) {
            let MetadataRecord::Voters { voters } = entry.body else { continue };
            if look.now.role == RoleSeen::Leader && entry.epoch == look.now.epoch() && !growth.cut {
                let before = self.sets.last().copied();
                self.check_change(look, before, (offset, voters), first, findings);
            }
            self.agreed = None;
            self.sets.push((offset, voters));
        }
    }

    fn check_change(
        &self,
        look: &Look<'_>,
        before: Option<(Offset, VoterSet)>,
        (offset, voters): (Offset, VoterSet),
        first: &VoterSet,
        findings: &mut Findings,
    ) {
        let old = before.map_or(*first, |(_, voters)| voters);
        if old.keys().eq(voters.keys()) {
            return;
        }
        let led_on = look.before.role == RoleSeen::Leader && look.before.epoch() == look.now.epoch();
        let has_committed = led_on && look.before.hw.is_some();
        let is_committed = |at: Offset| look.before.hw.is_some_and(|hw| at < hw);
        let one_at_a_time = before.is_none_or(|(at, _)| is_committed(at));
        let legal = has_committed && one_at_a_time && old.has_overlapping_majority(&voters);
        findings.check(Rule::K11, legal, look.subject().at(offset));
    }

    /// K12.
    pub(super) fn check(&mut self, look: &Look<'_>, first: &VoterSet, findings: &mut Findings) {
        let Some(quorum) = look.quorum else { return };
        let now = (look.now.incarnation, quorum.voters_offset(), self.sets.last().map(|&(offset, _)| offset));
        if self.agreed == Some(now) {
            return;
        }
        let last = self.sets.last().map_or(first, |(_, voters)| voters);
        let agrees = quorum.voters() == last;
        self.agreed = agrees.then_some(now);
        findings.check(Rule::K12, agrees, look.subject());
    }
}

/// What the snapshot says that this log begins with.
fn set_before_start(disk: &QuorumDisk) -> Option<(Offset, VoterSet)> {
    let start = disk.log.start();
    let snapshot = disk.snapshots.iter().find(|snapshot| snapshot.id.end == start)?;
    let voters = snapshot.records.iter().find_map(|record| match *record {
        MetadataRecord::Voters { voters } => Some(voters),
        _ => None,
    });
    voters.map(|voters| (Offset(start.0.saturating_sub(1)), voters))
}
