//! Consumer groups as pictures show them: in the coordinator's eyes, and in a member's own.

use crate::client::Consumer;
use crate::client::membership::{Membership, Phase};
use crate::config::GroupProtocol;
use crate::group::coordinator::Shard;
use crate::group::coordinator::groups::{Group, Members};
use crate::id::{NodeId, Offset, Text, TopicPartition};
use crate::sim::Sim;
use alloc::vec::Vec;
use serde::Serialize;

/// A group, as its coordinator has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupView {
    /// Its name.
    pub group: Text,
    /// The partition of `__consumer_offsets` that keeps it.
    pub partition: TopicPartition,
    /// The broker that answers for it.
    pub coordinator: NodeId,
    /// `classic` or `consumer`; empty while nobody has joined.
    pub protocol: &'static str,
    /// Kafka's name of its state.
    pub state: &'static str,
    /// Classic: the generation. KIP-848: the group epoch.
    pub epoch: u32,
    /// KIP-848: the epoch of the target assignment.
    pub target_epoch: Option<u32>,
    /// Its members by id.
    pub members: Vec<GroupMemberView>,
    /// What it has committed.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

/// A member, as the coordinator has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupMemberView {
    /// Its id.
    pub member: Text,
    /// Classic: it deals out the partitions.
    pub leader: bool,
    /// KIP-848: its epoch.
    pub epoch: Option<u32>,
    /// Classic: `joins`, `syncs` or nothing, for what it waits. KIP-848: Kafka's name of its state.
    pub state: &'static str,
    /// What it may read.
    pub assigned: Vec<TopicPartition>,
    /// KIP-848: what it is to have in the end; classic: the same as `assigned`.
    pub target: Vec<TopicPartition>,
    /// What it has to give up.
    pub revoking: Vec<TopicPartition>,
}

/// A consumer's own view of its group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MembershipView {
    /// `group.id`.
    pub group: Text,
    /// `group.protocol`.
    pub protocol: GroupProtocol,
    /// Its id; empty before it has one.
    pub member: Text,
    /// The generation, or its member epoch.
    pub epoch: u32,
    /// How far it has come.
    pub phase: Phase,
    /// The coordinator that it knows.
    pub coordinator: Option<NodeId>,
    /// What it reads.
    pub owned: Vec<TopicPartition>,
    /// What it was told to have.
    pub target: Vec<TopicPartition>,
    /// What it knows to be committed.
    pub committed: Vec<(TopicPartition, Offset)>,
}

/// The groups of all coordinators that run, by name.
pub(super) fn all(sim: &Sim) -> Vec<GroupView> {
    let brokers =
        sim.world().slots.iter().filter_map(|slot| Some((slot.id, slot.process.as_ref()?.broker()?)));
    let mut found = Vec::new();
    for (id, broker) in brokers {
        for (&partition, shard) in &broker.groups.shards {
            of_shard(id, partition, shard, &mut found);
        }
    }
    found.sort_by_key(|view| (view.group, view.coordinator));
    found
}

fn of_shard(coordinator: NodeId, partition: TopicPartition, shard: &Shard, found: &mut Vec<GroupView>) {
    for (&name, group) in &shard.groups {
        found.push(of_group(coordinator, partition, name, group));
    }
}

fn of_group(coordinator: NodeId, partition: TopicPartition, name: Text, group: &Group) -> GroupView {
    let mut view = GroupView {
        group: name,
        partition,
        coordinator,
        protocol: "",
        state: "Empty",
        epoch: 0,
        target_epoch: None,
        members: Vec::new(),
        offsets: group.offsets.iter().map(|(&at, &to)| (at, to)).collect(),
    };
    match &group.members {
        Members::Nobody => {}
        Members::Classic(classic) => {
            (view.protocol, view.state, view.epoch) = ("classic", classic.state.name(), classic.generation);
            let member = |(&id, member): (&Text, &crate::group::classic::Member)| GroupMemberView {
                member: id,
                leader: classic.leader == Some(id),
                epoch: None,
                state: member.waits_for(),
                assigned: member.assignment.clone(),
                target: member.assignment.clone(),
                revoking: Vec::new(),
            };
            view.members = classic.members.iter().map(member).collect();
        }
        Members::Consumer(consumer) => {
            (view.protocol, view.state, view.epoch) = ("consumer", consumer.state().name(), consumer.epoch);
            view.target_epoch = Some(consumer.target_epoch);
            let member = |(&id, member): (&Text, &crate::group::reconcile::Member)| GroupMemberView {
                member: id,
                leader: false,
                epoch: Some(member.epoch),
                state: member.state.name(),
                assigned: member.assigned.clone(),
                target: consumer.target.get(&id).cloned().unwrap_or_default(),
                revoking: member.revoking.clone(),
            };
            view.members = consumer.members.iter().map(member).collect();
        }
    }
    view
}

/// The membership of a consumer, if it has one.
pub(super) fn membership(consumer: &Consumer, protocol: GroupProtocol) -> Option<MembershipView> {
    let of = |membership: &Membership| MembershipView {
        group: membership.group,
        protocol,
        member: membership.member,
        epoch: membership.epoch,
        phase: membership.phase,
        coordinator: membership.coordinator,
        owned: membership.owned.clone(),
        target: membership.target.clone(),
        committed: membership.committed.iter().map(|(&at, &to)| (at, to)).collect(),
    };
    consumer.membership.as_ref().map(of)
}
