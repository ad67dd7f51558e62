//! What must hold of a partition's registration, looked at with every committed record.
//!
//! P1 EpochsRise: partition epoch +1 with every change, leader epoch +1 with every change of the leader.
//! P2 SetShapes: ISR and ELR are subsets of the replicas, without doubles, and disjoint.
//! P3 LeaderInIsr: the leader is in the ISR and unfenced. Source: LeaderInIsr of Kip320.tla, with "or none".
//! P4 ElrEmptyWhenEnough: no ELR while the ISR suffices, nor while ELR is off. Source: KIP-966.
//! P5 LastIsrKept: without ELR the ISR is never empty; with it no fenced broker is in an ISR. Source:
//! PartitionChangeBuilder, KIP-966.
//! S16 UncleanMarked: an election outside the ISR leaves the leader alone in it, recovering. Source: KIP-704.
//! S17 ReassignSafe: what a reassignment leaves when it completes. Source: KIP-455, KAFKA-15665, KAFKA-19975.
//! S8 ExpandRule, the controller's half: who joins is unfenced and not shutting down. Source: KIP-841. Who is elected
//! from the ELR joins as the leader: a late heartbeat may unfence a broker that was shutting down, and whoever is
//! unfenced may be elected (`ReplicationControlManager.generateLeaderAndIsrUpdates`).

use super::findings::{Findings, Subject};
use super::table::Rule;
use super::truth::Changed;
use crate::config::Settings;
use crate::id::{NodeId, NodeList};
use crate::metadata::image::Image;
use crate::metadata::reassignment::{Reassignment, Revert};
use crate::record::{LeaderRecoveryState, PartitionRegistration};

impl Changed {
    /// The leader that this change elects from outside the ISR.
    pub(super) fn unclean_leader(&self) -> Option<NodeId> {
        let before = self.before?;
        let leader = self.after.leader.filter(|&leader| before.leader != Some(leader))?;
        (!before.isr.contains(leader) && !before.elr.contains(leader)).then_some(leader)
    }

    /// The replica that going back from a reassignment leaves alone in the ISR, though it was not in it: the first of
    /// the old replicas, when nobody of the ISR is one of them (`PartitionReassignmentRevert`).
    pub(super) fn unclean_revert(&self) -> Option<NodeId> {
        let (before, after) = (self.before?, &self.after);
        let reverts = Reassignment::of(&before).is_in_progress() && !Reassignment::of(after).is_in_progress();
        let Revert { replicas, isr, unclean } = Revert::of(&before).filter(|_| reverts)?;
        (unclean && replicas == after.replicas && isr == after.isr).then_some(isr.first()?)
    }

    /// P5. A reassignment that is cancelled when none of the ISR is left goes back to the first of the old replicas,
    /// alive or not, where unclean elections are allowed. It stays there until somebody leads: `had_gone_back` tells
    /// that it was there before this change.
    pub(super) fn goes_back(&self, had_gone_back: bool, unclean_elections: bool) -> bool {
        let stays = had_gone_back && self.before.is_some_and(|before| before.isr == self.after.isr);
        self.after.leader.is_none() && (stays || (unclean_elections && self.unclean_revert().is_some()))
    }

    /// Whether it elects the leader from the ELR: nobody was left in the ISR, and the leader is alone in it now.
    fn elects_from_elr(&self) -> bool {
        let after = &self.after;
        let (Some(before), Some(leader)) = (self.before, after.leader) else { return false };
        let was_eligible = |id: NodeId| before.elr.contains(id) || before.isr.contains(id);
        before.leader != Some(leader)
            && before.elr.contains(leader)
            && before.isr.len() <= 1
            && after.isr.as_slice() == [leader]
            && after.elr.iter().all(was_eligible)
    }

    /// Who joins the ISR with it, without having been elected.
    pub(super) fn joining(&self) -> NodeList {
        let Some(before) = self.before else { return NodeList::EMPTY };
        let elected = self.after.leader.filter(|&leader| before.leader != Some(leader));
        let reverted = self.unclean_revert();
        let joins = |&id: &NodeId| !before.isr.contains(id) && Some(id) != elected && Some(id) != reverted;
        self.after.isr.iter().filter(joins).collect()
    }
}

/// What the change alone does not tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The minimum that the controller counted with: a change of replicas may change it.
    pub(super) min_isr: u32,
    /// [`Changed::goes_back`].
    pub(super) goes_back: bool,
}

pub(super) fn check(
    change: &Changed,
    image: &Image,
    settings: &Settings,
    known: Known,
    findings: &mut Findings,
) {
    let subject = Subject::partition(change.partition);
    let after = &change.after;
    if let Some(before) = &change.before {
        findings.check(Rule::P1, epochs_rise(before, after), subject);
    }
    findings.check(Rule::P2, has_shape(after, settings), subject);
    findings.check(Rule::P3, leader_is_eligible(after, image), subject);
    findings.check(Rule::P4, elr_is_needed(change, known.min_isr, settings), subject);
    let kept = if settings.features.elr {
        after.isr.iter().all(|id| image.brokers.get(&id).is_some_and(|broker| !broker.fenced))
    } else {
        !after.isr.is_empty()
    };
    findings.check(Rule::P5, kept || known.goes_back, subject);
    // Going back from a reassignment may be unclean, too; Kafka does not mark that.
    let moves = change.before.is_some_and(|before| before.replicas != after.replicas);
    let reverts = moves || change.unclean_revert().is_some();
    if let Some(leader) = change.unclean_leader().filter(|_| !reverts) {
        let alone = after.isr.as_slice() == [leader];
        let marked = after.recovery == LeaderRecoveryState::Recovering;
        let marks = settings.features.leader_recovery_state;
        findings.check(Rule::S16, alone && (marked || !marks), subject);
    }
    if let Some(before) = change.before.as_ref().filter(|before| reassigns(before, after)) {
        let min_isr = image.effective_min_isr(change.partition, settings);
        findings.check(Rule::S17, is_safe_reassignment(before, after, min_isr), subject);
    }
    if settings.features.ineligible_replicas_refused {
        for id in change.joining().iter() {
            findings.check(Rule::S8, image.is_active(id), Subject::copy(change.partition, id));
        }
    }
}

/// The same with ZooKeeper, where the controller bumps the leader epoch with everything that it decides, and a
/// reassignment changes the replicas in another znode than the ISR: an ISR may have members beyond them (KAFKA-9672).
/// A broker's znode may go at any moment, also between a decision and its write, so that who leads or joins need not be
/// registered when that is committed. There is no ELR.
pub(super) fn check_in_zookeeper(change: &Changed, settings: &Settings, findings: &mut Findings) {
    let subject = Subject::partition(change.partition);
    let after = &change.after;
    let state = change.before.filter(|before| before.partition_epoch != after.partition_epoch);
    if let Some(before) = state {
        findings.check(Rule::P1, epochs_rise(&before, after), subject);
    }
    let moves = !after.adding.is_empty() || !after.removing.is_empty() || state.is_none();
    findings.check(
        Rule::P2,
        is_set(&after.isr) && (moves || after.isr.is_subset_of(&after.replicas)),
        subject,
    );
    findings.check(Rule::P3, after.leader.is_none_or(|leader| after.isr.contains(leader)), subject);
    findings.check(Rule::P5, !after.isr.is_empty(), subject);
    if let Some(leader) = change.unclean_leader() {
        let alone = after.isr.as_slice() == [leader];
        let marked = after.recovery == LeaderRecoveryState::Recovering;
        findings.check(Rule::S16, alone && (marked || !settings.features.leader_recovery_state), subject);
    }
}

/// P4. Kafka works the ELR out before the election that puts the leader into the empty ISR, and not again after it
/// (`PartitionChangeBuilder.build`): a minimum that sank to one leaves the rest of the ELR until the next change. The
/// last leader stays known until somebody leads (`maybeUpdateRecordElr`).
fn elr_is_needed(change: &Changed, min_isr: u32, settings: &Settings) -> bool {
    let PartitionRegistration { isr, elr, last_known_elr, leader, .. } = &change.after;
    if !settings.features.elr {
        return elr.is_empty() && last_known_elr.is_empty();
    }
    let last_leader = leader.is_none() && last_known_elr.len() == 1;
    isr.len() < min_isr
        || ((elr.is_empty() || change.elects_from_elr()) && (last_known_elr.is_empty() || last_leader))
}

/// P1.
pub(super) fn epochs_rise(before: &PartitionRegistration, after: &PartitionRegistration) -> bool {
    let leader_epoch_rises = after.leader_epoch == before.leader_epoch.next();
    after.partition_epoch == before.partition_epoch.next()
        && (leader_epoch_rises
            || (after.leader_epoch == before.leader_epoch && after.leader == before.leader))
}

/// Whether a reassignment completes with this change; one that is cancelled drops only who was being added.
fn reassigns(before: &PartitionRegistration, after: &PartitionRegistration) -> bool {
    let mut dropped = before.replicas.iter().filter(|&id| !after.replicas.contains(id));
    let drops = dropped.any(|id| !before.adding.contains(id));
    let arrived = !before.adding.is_empty() && after.adding.is_empty();
    drops || (arrived && before.adding.is_subset_of(&after.replicas))
}

/// S17. `min_isr` is that of the new replica list. Another reassignment may have taken its place meanwhile: who was
/// being added and is no replica any more need not have arrived.
fn is_safe_reassignment(before: &PartitionRegistration, after: &PartitionRegistration, min_isr: u32) -> bool {
    let old = before.isr.iter().filter(|&id| !before.adding.contains(id)).count() as u32;
    let arrived = |id: NodeId| !after.replicas.contains(id) || after.isr.contains(id);
    before.adding.iter().all(arrived) && after.isr.len() >= old.min(min_isr)
}

fn has_shape(registration: &PartitionRegistration, settings: &Settings) -> bool {
    let PartitionRegistration { replicas, isr, elr, .. } = registration;
    is_set(isr)
        && is_set(elr)
        && isr.is_subset_of(replicas)
        && (elr.is_subset_of(replicas) || settings.features.dropped_replicas_stay_in_elr)
        && isr.iter().all(|id| !elr.contains(id))
}

fn is_set(list: &NodeList) -> bool {
    list.as_slice().iter().enumerate().all(|(i, id)| !list.as_slice()[..i].contains(id))
}

fn leader_is_eligible(registration: &PartitionRegistration, image: &Image) -> bool {
    let Some(leader) = registration.leader else { return true };
    registration.isr.contains(leader) && image.brokers.get(&leader).is_some_and(|broker| !broker.fenced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{LeaderEpoch, NodeId, PartitionEpoch};

    /// Source: `PartitionRegistration.merge`.
    #[test]
    fn p1_a_change_raises_the_partition_epoch_and_a_new_leader_the_leader_epoch() {
        let isr = NodeList::brokers(&[1, 2]);
        let before = PartitionRegistration::new(isr, isr);
        let shrunk = PartitionRegistration { partition_epoch: PartitionEpoch(1), ..before };
        let leader = Some(NodeId::broker(2));
        assert!(epochs_rise(&before, &shrunk));
        assert!(!epochs_rise(&before, &before));
        assert!(!epochs_rise(&before, &PartitionRegistration { leader, ..shrunk }));
        let elected = PartitionRegistration { leader, leader_epoch: LeaderEpoch(1), ..shrunk };
        assert!(epochs_rise(&before, &elected));
        assert!(!epochs_rise(
            &elected,
            &PartitionRegistration { partition_epoch: PartitionEpoch(2), ..before }
        ));
    }
}
