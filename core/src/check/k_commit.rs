//! What is committed in the metadata log.
//!
//! K5 LeaderCompleteness: a new leader of the newest epoch holds everything that is committed. Source: Raft.
//! K6 CommittedImmutable: committed entries never change; every log agrees with them below its own high watermark.
//! Source: RaftEventSimulationTest (there only looked at in the end).
//! K7 MajorityHolds: when the leader's high watermark moves, a majority has flushed everything below: of the last
//! voter set in its log, each voter on the disk that the set names. Source: KAFKA-16530.
//! K8 OwnEpochCommit: it moves only beyond the start of the leader's own epoch. Source: Raft paper, 5.4.2.
//! K10 AckAfterFlush: a voter confirms only what is flushed; since it may fetch again, or vote, with its next
//! message, its whole log is flushed after every input. Source: RaftFsync.tla, KAFKA-10533, KAFKA-17332.

use super::findings::{Findings, Subject};
use super::logs::parts_at;
use super::quorum::{Look, metadata_disk};
use super::table::Rule;
use crate::id::{Offset, ReplicaKey};
use crate::kraft::{Quorum, QuorumDisk};
use crate::log::Log;
use crate::quorum::majority;
use crate::record::MetadataRecord;
use crate::sim::world::World;

/// K5.
pub(super) fn check_new_leader(
    log: &Log<MetadataRecord>,
    committed: &Log<MetadataRecord>,
    subject: Subject,
    findings: &mut Findings,
) {
    findings.compare(Rule::K5, parts_at(log, committed, Offset(0), committed.end()), subject);
}

/// K6 for the entries from `from` on up to the high watermark of this log.
pub(super) fn check_committed(
    log: &Log<MetadataRecord>,
    committed: &Log<MetadataRecord>,
    from: Offset,
    hw: Offset,
    subject: Subject,
    findings: &mut Findings,
) {
    let parts = parts_at(log, committed, from, hw.min(log.end()));
    let unheard_of = (hw > committed.end()).then_some(committed.end());
    findings.compare(Rule::K6, parts.or(unheard_of), subject);
}

/// K7 and K8: the leader in `look` has moved its high watermark to `hw`. What a voter had flushed on a disk that is
/// `lost` since still counts: it never votes again under that name.
pub(super) fn check_leaders_hw(
    world: &World,
    look: &Look<'_>,
    lost: &[(ReplicaKey, Offset)],
    epoch_start: Offset,
    hw: Offset,
    findings: &mut Findings,
) {
    let subject = look.subject().at(hw);
    findings.check(Rule::K8, hw > epoch_start, subject);
    let epoch = look.disk.epoch_before(hw);
    // What lies before a log start is in a snapshot, and was committed.
    let holds = |disk: &QuorumDisk| {
        disk.log.flushed() >= hw && (disk.log.start() > hw || disk.epoch_before(hw) == epoch)
    };
    let Some(voters) = look.quorum.map(Quorum::voters) else { return };
    let on_its_disk = |key: ReplicaKey| world.slot(key.id).filter(|slot| slot.directory == key.directory);
    let holders = voters.keys().filter_map(on_its_disk);
    let holders = holders.filter(|slot| holds(metadata_disk(slot))).count();
    let held = lost.iter().filter(|(key, flushed)| *flushed >= hw && voters.contains(*key)).count();
    findings.check(Rule::K7, (holders + held) as u32 >= majority(voters.len()), subject);
}

/// K10.
pub(super) fn check_flushed(look: &Look<'_>, findings: &mut Findings) {
    if look.flushes && look.before.end != look.now.end {
        findings.check(Rule::K10, look.now.flushed == look.now.end, look.subject().at(look.now.flushed));
    }
}
