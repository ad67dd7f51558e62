//! What must hold when replicas lose records, or come back without them.
//!
//! S9 UncleanExclusion: a broker that came back after losing records is in no ISR or ELR until a leader has found that
//! it caught up. Source: KIP-966. A broker that crashed and was not registered since may still be in them: it cannot
//! be elected, and its registration takes it out.
//! S11 NoGlobalLoss: every record that was acknowledged with acks=all is in some log. Source: kip-966 TLA+.
//! Promised while fewer copies have lost records at a time than held a record when it was committed.

use super::findings::{Findings, Subject, Why};
use super::partition::{Acknowledged, PartitionGhost, replica_log};
use super::s_leader::holds;
use super::table::Rule;
use super::truth::Lives;
use crate::id::{NodeId, Offset, StepId};
use crate::record::PartitionRegistration;
use crate::sim::world::World;

/// S9: who is in ISR and ELR after a change.
pub(super) fn check_members(
    ghost: &PartitionGhost,
    world: &World,
    lives: &Lives,
    after: &PartitionRegistration,
    findings: &mut Findings,
) {
    if ghost.void.is_some() {
        return;
    }
    for id in after.isr.iter().chain(after.elr.iter()) {
        findings.check(Rule::S9, !ghost.came_back(world, lives, id), Subject::copy(ghost.id, id));
    }
}

/// S9: this broker was registered; its old life may be in no ISR and no ELR any more.
pub(super) fn check_registered(
    ghosts: &[PartitionGhost],
    world: &World,
    lives: &Lives,
    broker: NodeId,
    findings: &mut Findings,
) {
    for ghost in ghosts.iter().filter(|ghost| ghost.void.is_none()) {
        let relied_on = ghost.isr.contains(broker) || ghost.elr.contains(broker);
        let holds = !relied_on || !ghost.came_back(world, lives, broker);
        findings.check(Rule::S9, holds, Subject::copy(ghost.id, broker));
    }
}

/// A copy has lost records: whether that is more than the partition survives.
pub(super) fn note_losses(ghost: &mut PartitionGhost, event: StepId) {
    let lost = ghost.copies.iter().filter(|copy| copy.lost_records).count() as u32;
    if lost >= ghost.promised {
        ghost.losses.get_or_insert(Why::TooManyLosses { event });
    }
}

/// S11 for the records that a copy does not hold any more.
pub(super) fn check_range(
    ghost: &PartitionGhost,
    world: &World,
    copy: NodeId,
    (from, to): (Offset, Offset),
    findings: &mut Findings,
) {
    if ghost.void.is_some() || ghost.losses.is_some() {
        return;
    }
    let acknowledged = ghost.acknowledged.iter(Offset(0), ghost.acknowledged.end());
    let gone = acknowledged
        .map(|(_, entry)| entry.body)
        .find(|it| it.by_all && from <= it.offset && it.offset < to && !is_somewhere(ghost, world, it));
    findings.compare(Rule::S11, gone.map(|it| it.offset), Subject::copy(ghost.id, copy));
}

/// S11 for a record whose acknowledgement has just arrived.
pub(super) fn check_acknowledged(
    ghost: &PartitionGhost,
    world: &World,
    acknowledged: &Acknowledged,
    findings: &mut Findings,
) {
    if acknowledged.by_all && ghost.void.is_none() && ghost.losses.is_none() {
        let subject = Subject::partition(ghost.id).at(acknowledged.offset);
        findings.check(Rule::S11, is_somewhere(ghost, world, acknowledged), subject);
    }
}

/// Whether some replica, alive or not, holds this record.
fn is_somewhere(ghost: &PartitionGhost, world: &World, acknowledged: &Acknowledged) -> bool {
    let logs = world.slots.iter().filter_map(|slot| replica_log(slot, ghost.id));
    logs.into_iter().any(|replica| holds(&replica.log, acknowledged))
}
