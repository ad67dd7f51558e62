//! What must hold when a record of a partition is committed, and of what is committed.
//!
//! S1 WeakIsr: every member of the leader's own ISR holds what the leader has committed. Source: Kip320.tla.
//! S2 StrongIsr: every member of the controller's ISR holds it. Source: Kip320.tla.
//! S3 PairLogMatching: copies agree below their high watermarks; each is compared with the committed records.
//! S4 CandidateCompleteness: whoever may be elected holds all committed records; looked at when ISR or ELR change, and
//! when a record is committed (S2 covers the ISR then). Source: kip-966 TLA+.
//! S7 HwRule: the high watermark waits for the maximal ISR, and stands still below min.insync.replicas; what a
//! leader knows of a follower comes from a fetch in its own leader epoch. Each clause is promised by the releases
//! that have its rule: KIP-966, KIP-320.
//! S14 AppliedHwMonotone: a leader's high watermark never goes back within its reign.
//! S15 AckDurability: a committed record is on min.insync.replicas replicas at least.

use super::findings::{Findings, Subject, Why};
use super::logs::parts_at;
use super::partition::{PartitionGhost, replica_log};
use super::replicas::Look;
use super::table::Rule;
use super::truth::Changed;
use super::{c_producers, r_groups};
use crate::id::{LeaderEpoch, NodeId, NodeList, Offset};
use crate::replication::{FollowerState, Partition};
use crate::sim::world::World;

/// The leader's high watermark may have moved, or its ISR.
pub(super) fn check_leader(
    ghost: &mut PartitionGhost,
    place: usize,
    look: &Look<'_>,
    findings: &mut Findings,
) {
    let subject = Subject::copy(ghost.id, look.id);
    let hw = look.now.hw;
    if look.leads_on() {
        findings.check(Rule::S14, hw >= look.before.hw, subject.at(hw));
    }
    check_positions(look, subject, findings);
    let moved = hw > look.before.hw || look.begins_to_lead();
    if moved {
        note_unheard_of(ghost, look, findings);
        if hw > ghost.committed.end() {
            ghost.note_lost_before(look, hw, findings.event());
        }
        commit(ghost, look, hw, findings);
        check_own_prefix(ghost, place, look, findings);
    }
    if findings.has_groups() {
        if hw > look.before.hw {
            r_groups::check_commit(ghost, look, findings);
        }
        return;
    }
    if look.leads_on() && hw > look.before.hw {
        check_rule(ghost, look, subject, findings);
        check_members(ghost, look, look.before.hw, findings);
    } else if look.before.isr.map(|isr| isr.committed()) != look.now.isr.map(|isr| isr.committed()) {
        check_members(ghost, look, Offset(0), findings);
    }
}

/// S7: no position of a follower is one of another leader's reign.
fn check_positions(look: &Look<'_>, subject: Subject, findings: &mut Findings) {
    let Some(leader) = look.partition.as_leader() else { return };
    if look.world.genesis.settings.features.fetch_checks_leader_epoch {
        let own = |follower: &FollowerState| {
            follower.leo.is_none() || follower.leader_epoch == look.now.leader_epoch
        };
        findings.check(Rule::S7, leader.followers.iter().all(own), subject);
    }
}

/// It commits with an ISR that is too small since the controller raised the minimum, and the ELR counts on that, or who was
/// elected out of it since: a leader of an earlier epoch may commit late.
fn note_unheard_of(ghost: &mut PartitionGhost, look: &Look<'_>, findings: &Findings) {
    let Some(truth) = look.truth.image.partitions.get(&ghost.id) else { return };
    let is_later =
        |&(epoch, leader): &(LeaderEpoch, NodeId)| epoch > look.now.leader_epoch && leader != look.id;
    if truth.elr.without(look.id).is_empty() && !ghost.eligible_leader.as_ref().is_some_and(is_later) {
        return;
    }
    let settings = &look.world.genesis.settings;
    let raised = look.truth.image.effective_min_isr(ghost.id, settings);
    let isr = look.now.isr.map_or(0, |isr| isr.committed().len());
    if isr < raised && look.broker.image.effective_min_isr(ghost.id, settings) < raised {
        let (event, leader) = (findings.event(), look.id);
        ghost.void.get_or_insert(Why::MinIsrUnheardOf { event, leader });
    }
}

/// What this leader knows to be committed is committed.
fn commit(ghost: &mut PartitionGhost, look: &Look<'_>, hw: Offset, findings: &mut Findings) {
    let from = ghost.committed.end();
    if from < hw.min(look.replica.leo()) {
        ghost.note_committed(from, look.now.leader_epoch);
    }
    for (offset, entry) in look.replica.log.iter(from, hw) {
        c_producers::check_committed(ghost, offset, entry, findings);
        ghost.committed.append(*entry);
    }
    if findings.has_groups() && ghost.committed.end() > from {
        ghost.commits.push((look.world.now, ghost.committed.end()));
    }
}

/// S3 for one copy: what it newly knows to be committed.
pub(super) fn check_own_prefix(
    ghost: &mut PartitionGhost,
    place: usize,
    look: &Look<'_>,
    findings: &mut Findings,
) {
    if ghost.void.is_some() {
        return;
    }
    let (from, to) = (ghost.copies[place].log.agrees, look.now.hw.min(look.replica.leo()));
    let parts = parts_at(&look.replica.log, &ghost.committed, from, to);
    let unheard_of = (to > ghost.committed.end()).then_some(ghost.committed.end());
    findings.compare(Rule::S3, parts.or(unheard_of), Subject::copy(ghost.id, look.id));
    ghost.copies[place].log.agrees = from.max(to);
}

/// Those of these members whom the leader counts. With ZooKeeper it is told its new replicas before those that a
/// reassignment removes leave the ISR (`KafkaController.onPartitionReassignment`, B3 and B4), waits for replicas only
/// (`Partition.maybeIncrementLeaderHW`), and nobody else is elected (`Election.leaderForOffline`).
fn counted(world: &World, leader: (NodeId, &Partition), members: &NodeList) -> NodeList {
    match leader.1.as_leader() {
        Some(state) if world.ensemble().is_some() => {
            members.iter().filter(|&id| id == leader.0 || state.follower(id).is_some()).collect()
        }
        _ => *members,
    }
}

/// S7 and S15.
fn check_rule(ghost: &mut PartitionGhost, look: &Look<'_>, subject: Subject, findings: &mut Findings) {
    let Some(leader) = look.partition.as_leader() else { return };
    let (hw, settings) = (look.now.hw, &look.world.genesis.settings);
    let others = counted(look.world, (look.id, look.partition), &leader.isr.maximal()).without(look.id);
    let any_epoch = !settings.features.hw_counts_current_epoch_only;
    let waited = others.iter().all(|id| {
        leader.follower(id).is_some_and(|follower| {
            let counts = any_epoch || follower.leader_epoch == look.now.leader_epoch;
            counts && follower.leo.is_some_and(|leo| leo >= hw)
        })
    });
    let min_isr = look.broker.image.effective_min_isr(ghost.id, settings);
    let enough = !settings.features.strict_min_isr || leader.isr.committed().len() >= min_isr;
    findings.check(Rule::S7, waited && enough, subject.at(hw));
    let isr = counted(look.world, (look.id, look.partition), &leader.isr.committed());
    let all_count = isr.len() == leader.isr.committed().len();
    let is_strict = settings.features.strict_min_isr && all_count;
    ghost.promised = ghost.promised.min(if is_strict { min_isr } else { 1 });
    if !is_strict || ghost.void.is_some() {
        return;
    }
    let holds = |id: &NodeId| {
        let log = look.world.slot(*id).and_then(|slot| replica_log(slot, ghost.id));
        log.is_some_and(|replica| {
            parts_at(&replica.log, &look.replica.log, look.before.hw, hw).is_none() && replica.leo() >= hw
        })
    };
    let lost = |id: &NodeId| {
        ghost.lost_records(look.world, *id) || ghost.is_dropped(look.world, *id, look.now.partition_epoch)
    };
    let holders = isr.iter().filter(|id| holds(id) || lost(id)).count() as u32;
    findings.check(Rule::S15, holders >= min_isr, subject.at(hw));
}

/// S1 for the leader's ISR and S2 for the controller's, from `from` to the leader's high watermark.
fn check_members(ghost: &PartitionGhost, look: &Look<'_>, from: Offset, findings: &mut Findings) {
    if ghost.void.is_some() {
        return;
    }
    let by_leader = |members| counted(look.world, (look.id, look.partition), members);
    let mine = look.now.isr.map_or(NodeList::EMPTY, |isr| isr.committed());
    check_holders(ghost, look, Rule::S1, &by_leader(&mine), from, findings);
    if let Some(truth) = look.truth.image.partitions.get(&ghost.id) {
        check_holders(ghost, look, Rule::S2, &by_leader(&truth.isr), from, findings);
        let elr = truth.elr.iter().filter(|&id| truth.replicas.contains(id)).collect();
        check_holders(ghost, look, Rule::S4, &elr, from, findings);
    }
}

fn check_holders(
    ghost: &PartitionGhost,
    look: &Look<'_>,
    rule: Rule,
    members: &NodeList,
    from: Offset,
    findings: &mut Findings,
) {
    let known = look.now.partition_epoch;
    let has_log = |id| !ghost.lost_records(look.world, id) && !ghost.is_dropped(look.world, id, known);
    for id in members.iter().filter(|&id| id != look.id && has_log(id)) {
        let missing = ghost.missing(look.world, id, from, look.now.hw);
        findings.compare(rule, missing, Subject::copy(ghost.id, id));
    }
}

/// S4: the controller's ISR changed.
pub(super) fn check_candidates(
    ghost: &PartitionGhost,
    world: &World,
    change: &Changed,
    findings: &mut Findings,
) {
    if ghost.void.is_some() {
        return;
    }
    let after = &change.after;
    let eligible = after.elr.iter().filter(|&id| after.replicas.contains(id));
    let leader = after.leader.and_then(|id| {
        let broker = world.process(id)?.broker()?;
        Some((id, broker.replicas.partitions().get(&ghost.id)?))
    });
    let isr = leader.map_or(after.isr, |leader| counted(world, leader, &after.isr));
    for id in isr.iter().chain(eligible).filter(|&id| !ghost.lost_records(world, id)) {
        let missing = ghost.missing(world, id, Offset(0), ghost.committed.end());
        findings.compare(Rule::S4, missing, Subject::copy(ghost.id, id));
    }
}
