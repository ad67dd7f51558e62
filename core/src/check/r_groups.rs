//! What Raft promises of a partition that is replicated by a group of its own (kafkaraft).
//!
//! R1 ElectionSafety, R7 VoteOnce: looked at when a replica begins to lead, and when its vote changes.
//! R2 LeaderAppendOnly, R3 LogMatching, R4 LeaderCompleteness, R5 StateMachineSafety: looked at where the other modes
//! look at L7, prefixes of the metadata log, S5 and S3 ([`super::table::Rule::of_groups`]).
//! R6 MajorityHolds: looked at when a leader's high watermark moves.
//! R8 LinearizableRead: looked at when a consumer is answered. Source: the Raft paper, figures 2 and 3, section 8.

use super::findings::{Findings, Subject};
use super::logs::parts_at;
use super::partition::{CopyRole, PartitionGhost, replica_log};
use super::replicas::{Look, Partitions};
use super::table::Rule;
use crate::id::{NodeId, Offset};
use crate::note::Note;
use crate::process::Broker;
use crate::quorum::majority;
use crate::sim::world::World;

/// R1 and R7 for one copy that changed.
pub(super) fn check_member(ghost: &mut PartitionGhost, look: &Look<'_>, findings: &mut Findings) {
    let subject = Subject::copy(ghost.id, look.id);
    let (before, now) = (look.before.vote, look.now.vote);
    if before != now && ghost.void.is_none() {
        let once = before.epoch < now.epoch || (before.epoch == now.epoch && before.voted.is_none());
        findings.check(Rule::R7, once, subject);
    }
    if !look.begins_to_lead() || look.now.role != CopyRole::Leader {
        return;
    }
    let epoch = look.now.leader_epoch;
    match ghost.leaders.binary_search_by_key(&epoch, |&(epoch, _)| epoch) {
        Ok(place) => {
            let same = ghost.leaders[place].1 == look.id || ghost.void.is_some();
            findings.check(Rule::R1, same, subject);
        }
        Err(place) => {
            ghost.leaders.insert(place, (epoch, look.id));
            findings.check(Rule::R1, true, subject);
        }
    }
}

/// R6: the leader's high watermark moved.
pub(super) fn check_commit(ghost: &mut PartitionGhost, look: &Look<'_>, findings: &mut Findings) {
    let Some(registration) = look.truth.image.partitions.get(&ghost.id) else { return };
    let (from, hw) = (look.before.hw, look.now.hw);
    let needed = majority(registration.replicas.len());
    ghost.promised = ghost.promised.min(needed);
    if ghost.void.is_some() {
        return;
    }
    let holds = |id: &NodeId| {
        let log = look.world.slot(*id).and_then(|slot| replica_log(slot, ghost.id));
        log.is_some_and(|replica| {
            replica.log.flushed() >= hw && parts_at(&replica.log, &look.replica.log, from, hw).is_none()
        })
    };
    let holders = registration.replicas.iter().filter(holds).count() as u32;
    let last = hw.0.checked_sub(1).and_then(|last| look.replica.log.get(Offset(last)));
    let own = last.is_some_and(|entry| entry.epoch == look.now.leader_epoch);
    findings.check(Rule::R6, holders >= needed && own, Subject::copy(ghost.id, look.id).at(hw));
}

/// R8: what consumers were answered just now.
pub(super) fn check_reads(
    world: &World,
    partitions: &mut Partitions,
    leader: NodeId,
    broker: &Broker,
    findings: &mut Findings,
) {
    let Some(rafts) = broker.replicas.rafts() else { return };
    let now = world.time_at(leader);
    for answer in rafts.answered().iter().filter(|answer| answer.at == now) {
        let found = partitions.ghosts.binary_search_by_key(&answer.partition, |ghost| ghost.id);
        let Some(ghost) = found.ok().map(|place| &mut partitions.ghosts[place]) else { continue };
        let asked = world.true_time(leader, answer.asked);
        let before = ghost.commits.partition_point(|&(time, _)| time < asked);
        let committed = ghost.commits[..before].last().map_or(Offset(0), |&(_, end)| end);
        let stale = answer.hw < committed && ghost.void.is_none();
        if stale && ghost.stale != Some((answer.reader, answer.hw)) {
            ghost.stale = Some((answer.reader, answer.hw));
            let (partition, reader, hw) = (answer.partition, answer.reader, answer.hw);
            findings.tell(Note::StaleRead { partition, reader, hw, committed });
        }
        if findings.confirms_reads() {
            findings.check(Rule::R8, !stale, Subject::copy(answer.partition, leader).at(answer.hw));
        }
    }
}
