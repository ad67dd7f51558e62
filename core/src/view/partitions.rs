//! Partitions and replicas as pictures show them.

use super::{FollowerView, Health, LogView, PartitionView, PendingIsrView, ReplicaRole, ReplicaView, logs};
use crate::id::{NodeId, NodeList, TopicPartition};
use crate::metadata::image::Image;
use crate::mode::ReplicationPlane;
use crate::process::{Broker, Process};
use crate::quorum::majority;
use crate::record::{LeaderRecoveryState, PartitionRegistration};
use crate::replication::{FetchState, IsrState, LeaderState, Partition};
use crate::sim::Sim;
use alloc::vec::Vec;

pub(super) fn all(sim: &Sim, truth: &Image, cells: u32) -> Vec<PartitionView> {
    truth.partitions.iter().map(|(&id, registration)| one(sim, truth, id, registration, cells)).collect()
}

fn broker(sim: &Sim, id: NodeId) -> Option<&Broker> {
    sim.world().process(id).and_then(Process::broker)
}

fn one(
    sim: &Sim,
    truth: &Image,
    partition: TopicPartition,
    registration: &PartitionRegistration,
    cells: u32,
) -> PartitionView {
    let world = sim.world();
    let settings = &world.genesis.settings;
    let raft = world.genesis.mode.replication() == ReplicationPlane::Raft;
    let (true_leader, leader_epoch) = match world.raft_leader(partition) {
        Some((leader, epoch)) => (Some(leader), epoch),
        None if raft => (None, world.raft_epoch(partition)),
        None => (registration.leader, registration.leader_epoch),
    };
    let isr = if raft { NodeList::EMPTY } else { registration.isr };
    let min_isr = truth.effective_min_isr(partition, settings);
    let leader = true_leader.filter(|&leader| sim.world().health(leader) == Health::Up);
    let leads = leader
        .and_then(|id| broker(sim, id)?.replicas.partition(partition))
        .is_some_and(Partition::is_leader);
    let unclean = settings.unclean_leader_election_enable;
    PartitionView {
        partition,
        topic: truth.topics.get(&partition.topic).map(|topic| topic.name).unwrap_or_default(),
        replicas: registration.replicas,
        isr,
        elr: registration.elr,
        adding: registration.adding,
        removing: registration.removing,
        recovering: registration.recovery == LeaderRecoveryState::Recovering,
        leader: true_leader,
        leader_epoch,
        partition_epoch: registration.partition_epoch,
        min_isr: if raft { 0 } else { min_isr },
        accepts_acks_all: leads && if raft { has_majority(sim, registration) } else { isr.len() >= min_isr },
        unclean_election: truth.unclean_election_enabled(partition.topic, unclean),
        copies: registration
            .replicas
            .sorted()
            .iter()
            .map(|id| copy(sim, partition, (true_leader, isr), id, cells))
            .collect(),
    }
}

fn copy(
    sim: &Sim,
    partition: TopicPartition,
    (true_leader, true_isr): (Option<NodeId>, NodeList),
    id: NodeId,
    cells: u32,
) -> ReplicaView {
    let state = broker(sim, id).and_then(|broker| broker.replicas.partition(partition));
    let replica = logs::disk(sim, id).and_then(|disk| disk.replicas.get(&partition));
    let leader_log = true_leader.filter(|&leader| leader != id).and_then(|leader| {
        let alive = broker(sim, leader)?;
        alive.replicas.disk.replicas.get(&partition)
    });
    let leader = state.and_then(Partition::as_leader);
    let following = state.and_then(Partition::as_follower);
    let log: LogView = match replica {
        Some(replica) => {
            let hw = state.map_or(replica.checkpointed_hw, |state| state.hw);
            logs::replica(sim, replica, leader_log, hw, cells)
        }
        None => logs::empty(),
    };
    ReplicaView {
        broker: id,
        health: sim.world().health(id),
        role: match (leader, following) {
            (Some(_), _) => ReplicaRole::Leader,
            (None, Some(following)) if following.leader.is_some() => ReplicaRole::Follower,
            (None, _) => ReplicaRole::Offline,
        },
        is_true_leader: true_leader == Some(id),
        in_isr: true_isr.contains(id),
        leader_epoch: state.map(|state| state.leader_epoch).unwrap_or_default(),
        partition_epoch: state.map(|state| state.partition_epoch).unwrap_or_default(),
        leader: if leader.is_some() { Some(id) } else { following.and_then(|following| following.leader) },
        log,
        followers: leader.map(followers).unwrap_or_default(),
        epoch_start: leader.map(|leader| leader.epoch_start),
        isr: leader.map_or(NodeList::EMPTY, |leader| leader.isr.committed()),
        pending_isr: leader.and_then(|leader| pending(&leader.isr)),
        waiting_produces: leader.map_or(0, |_| waiting(sim, id, partition)),
        failed: following.is_some_and(|following| following.fetch == FetchState::Failed),
        raft: broker(sim, id).and_then(|broker| super::rafts::one(sim, broker, partition)),
    }
}

/// Whether a majority of the replicas stands on brokers that are up.
fn has_majority(sim: &Sim, registration: &PartitionRegistration) -> bool {
    let up = registration.replicas.iter().filter(|&id| sim.world().health(id) == Health::Up).count() as u32;
    up >= majority(registration.replicas.len())
}

fn followers(leader: &LeaderState) -> Vec<FollowerView> {
    let maximal = leader.isr.maximal();
    let all = leader.followers.iter().map(|follower| FollowerView {
        broker: follower.id,
        leo: follower.leo,
        last_caught_up: follower.last_caught_up.unwrap_or_default(),
        counts: maximal.contains(follower.id),
    });
    all.collect()
}

fn pending(isr: &IsrState) -> Option<PendingIsrView> {
    let expands = matches!(isr, IsrState::PendingExpand { .. });
    isr.is_in_flight().then(|| PendingIsrView { proposed: isr.proposed(), expands })
}

fn waiting(sim: &Sim, id: NodeId, partition: TopicPartition) -> u32 {
    let produces = broker(sim, id).map(|broker| broker.replicas.delayed_produces());
    produces.map_or(0, |produces| {
        produces.iter().filter(|(_, produce)| produce.waits_for(partition)).count() as u32
    })
}
