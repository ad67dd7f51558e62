//! What a leader may believe of its ISR, and what it may ask for.
//!
//! P6 MaximalIsr: for one partition epoch, leader and controller have the same ISR; the leader never knows of a
//! change before it is committed. Source: KIP-497.
//! P7 OneInFlight: a second proposal only after the first was decided. Source: PartitionTest.
//! P8 FetcherExclusive: a leader is in no fetcher, a follower that fetches in exactly one, that of its leader.
//! S6 QuorumSuperset: the newest leader waits for every member of the controller's ISR: it is in the maximal ISR, or
//! caught up and welcome. Kafka has a gap here: a metadata record that repeats the leader's partition epoch makes it
//! forget a proposal which the controller may still accept ([`super::findings::Why::ForgottenProposal`]).
//! S8 ExpandRule, the leader's half: who is proposed reached the high watermark and the start of the epoch with a
//! fetch of this leader epoch, and its broker may join as far as the leader's metadata says. Each clause is promised
//! by the releases that have its rule. Source: KAFKA-7128, KIP-320, KIP-841, KIP-903.

use super::findings::{Findings, Subject};
use super::partition::CopyRole;
use super::replicas::Look;
use super::table::Rule;
use super::truth::Truth;
use crate::id::{NodeId, NodeList, TopicPartition};
use crate::metadata::image::Image;
use crate::note::Note;
use crate::process::Broker;
use crate::replication::{FetchState, IsrState, LeaderState};
use crate::sim::world::World;
use crate::switches::Features;

pub(super) fn check(id: TopicPartition, void: bool, look: &Look<'_>, findings: &mut Findings) {
    let subject = Subject::copy(id, look.id);
    let moved = look.before.role != look.now.role || look.before.leader_epoch != look.now.leader_epoch;
    if moved {
        check_fetchers(id, look, subject, findings);
    }
    if let Some(leader) = look.partition.as_leader()
        && (look.before.isr != look.now.isr || look.before.partition_epoch != look.now.partition_epoch)
    {
        check_belief(id, void, look, leader, subject, findings);
        check_proposal(id, look, leader, subject, findings);
    }
}

fn check_fetchers(id: TopicPartition, look: &Look<'_>, subject: Subject, findings: &mut Findings) {
    let leader = look.partition.as_follower().and_then(|following| following.leader);
    let mut fetchers = look.broker.replicas.fetchers().iter().filter(|(_, f)| f.partitions().contains(&id));
    let fetches = look
        .partition
        .as_follower()
        .is_some_and(|following| !matches!(following.fetch, FetchState::Idle | FetchState::Failed));
    let exclusive = match (fetchers.next(), look.now.role) {
        (None, _) => !fetches,
        (Some(_), CopyRole::Leader | CopyRole::Idle) => false,
        (Some((from, _)), CopyRole::Follower) => {
            fetches && leader == Some(*from) && fetchers.next().is_none()
        }
    };
    findings.check(Rule::P8, exclusive, subject);
}

/// P6 and S6.
fn check_belief(
    id: TopicPartition,
    void: bool,
    look: &Look<'_>,
    leader: &LeaderState,
    subject: Subject,
    findings: &mut Findings,
) {
    let Some(truth) = look.truth.image.partitions.get(&id) else { return };
    let same =
        look.now.partition_epoch != truth.partition_epoch || leader.isr.committed().same_members(&truth.isr);
    findings.check(Rule::P6, same && look.now.partition_epoch <= truth.partition_epoch, subject);
    if look.leads_newest(id) && !void {
        check_superset(look.world, look.truth, id, (look.id, look.broker), findings);
    }
}

/// S6 for `leader`, which is the newest one.
pub(super) fn check_superset(
    world: &World,
    truth: &Truth,
    id: TopicPartition,
    (me, broker): (NodeId, &Broker),
    findings: &mut Findings,
) {
    let Some(registration) = truth.image.partitions.get(&id) else { return };
    let Some(leader) = broker.replicas.partition(id).and_then(|partition| partition.as_leader()) else {
        return;
    };
    let Some(leo) = broker.replicas.disk.replicas.get(&id).map(|replica| replica.leo()) else { return };
    let max_lag = world.genesis.settings.replica_lag_time_max;
    let features = &world.genesis.settings.features;
    let waits_for = |member: NodeId| {
        let follower = leader.follower(member);
        leader.isr.maximal_contains(member)
            || (follower.is_some_and(|follower| follower.is_caught_up(leo, world.now, max_lag))
                && (!features.ineligible_replicas_ignored_by_hw
                    || is_welcome(&broker.image, leader, member, features)))
    };
    // A leader that has not heard of a larger minimum may commit too early: that voids the promise when it does.
    let settings = &world.genesis.settings;
    let min_isr =
        broker.image.effective_min_isr(id, settings).max(truth.image.effective_min_isr(id, settings));
    let suffices = leader.isr.committed().len() >= min_isr;
    let elr = if suffices { registration.elr } else { NodeList::EMPTY };
    let mut members =
        registration.isr.iter().chain(elr.iter().filter(|&member| registration.replicas.contains(member)));
    let all = members.all(waits_for);
    findings.check(Rule::S6, all, Subject::copy(id, me));
}

/// P7 and S8.
fn check_proposal(
    id: TopicPartition,
    look: &Look<'_>,
    leader: &LeaderState,
    subject: Subject,
    findings: &mut Findings,
) {
    if !leader.isr.is_in_flight() || look.before.isr == look.now.isr {
        return;
    }
    let undecided = look.leads_on()
        && look.before.isr.is_some_and(|isr| isr.is_in_flight())
        && look.before.partition_epoch == look.now.partition_epoch;
    let rejected =
        |note: &Note| matches!(note, Note::IsrChangeRejected { partition, .. } if *partition == id);
    findings.check(Rule::P7, !undecided || look.notes.iter().any(rejected), subject);
    if let IsrState::PendingExpand { joining, .. } = leader.isr {
        findings.check(Rule::S8, may_join(look, leader, joining), Subject::copy(id, joining));
    }
}

fn may_join(look: &Look<'_>, leader: &LeaderState, joining: NodeId) -> bool {
    let leo = leader.follower(joining).and_then(|follower| follower.leo);
    // The proposal comes first, and may then move the high watermark.
    let hw = if look.leads_on() { look.before.hw } else { look.now.hw };
    let features = &look.world.genesis.settings.features;
    let from = if features.expansion_waits_for_epoch_start { hw.max(leader.epoch_start) } else { hw };
    let counts = !features.expansion_needs_current_epoch
        || leader.follower(joining).is_some_and(|follower| follower.leader_epoch == look.now.leader_epoch);
    counts && leo.is_some_and(|leo| leo >= from) && is_welcome(&look.broker.image, leader, joining, features)
}

/// As far as the leader's metadata says, the broker may be in an ISR (KIP-841), and it is the life that fetched
/// (KIP-903).
fn is_welcome(image: &Image, leader: &LeaderState, member: NodeId, features: &Features) -> bool {
    let Some(follower) = leader.follower(member) else { return false };
    let registered = image.brokers.get(&member);
    let active = registered.is_some_and(|registered| registered.is_active());
    let same_life = registered
        .is_none_or(|registered| follower.broker_epoch.is_none_or(|epoch| epoch == registered.broker_epoch));
    (active || !features.ineligible_replicas_refused) && (same_life || !features.broker_epoch_checked)
}
