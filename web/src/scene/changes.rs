//! What became different between two pictures: what a halo marks until something else changes.
//!
//! Only what a learner must not miss: who leads, who is in sync, who is fenced, who is dead. Moving watermarks and
//! growing logs are seen by themselves.

use kraftscope_core::id::{NodeId, StepId, Text, TopicPartition};
use kraftscope_core::view::{ClusterView, ConsumerView, EnsembleView, GroupView, PartitionView};
use kraftscope_core::znode::Path;
use std::collections::BTreeSet;

/// What became different, and by which event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The event.
    pub event: StepId,
    /// Processes whose role, health or standing changed.
    pub nodes: BTreeSet<NodeId>,
    /// Replicas that joined or left the ISR, or whose leadership changed.
    pub replicas: BTreeSet<(TopicPartition, NodeId)>,
    /// Partitions whose registration changed.
    pub partitions: BTreeSet<TopicPartition>,
    /// Consumer groups whose state, generation or coordinator changed.
    pub groups: BTreeSet<Text>,
    /// Znodes that came, went, or hold something else; a branch stands for what tells the controller to look.
    pub znodes: BTreeSet<Path>,
}

impl Changes {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && self.replicas.is_empty()
            && self.partitions.is_empty()
            && self.groups.is_empty()
            && self.znodes.is_empty()
    }

    /// What differs in `new`. Nothing when `new` is earlier or far ahead: a jump is not an event.
    pub fn between(old: &ClusterView, new: &ClusterView) -> Changes {
        let mut changes = Changes { event: new.event, ..Changes::default() };
        if new.event <= old.event || new.event.0 - old.event.0 > 64 {
            return changes;
        }
        for controller in &new.controllers {
            let before = old.controllers.iter().find(|before| before.id == controller.id);
            let standing = |c: &kraftscope_core::view::ControllerView| (c.health, c.role, c.active);
            if before.is_some_and(|before| standing(before) != standing(controller)) {
                changes.nodes.insert(controller.id);
            }
        }
        for broker in &new.brokers {
            let before = old.brokers.iter().find(|before| before.id == broker.id);
            let standing =
                |b: &kraftscope_core::view::BrokerView| (b.health, b.fenced, b.phase, b.controller_epoch);
            if before.is_some_and(|before| standing(before) != standing(broker)) {
                changes.nodes.insert(broker.id);
            }
        }
        for member in &new.zookeepers {
            let before = old.zookeepers.iter().find(|before| before.id == member.id);
            if before.is_some_and(|before| (before.health, before.role) != (member.health, member.role)) {
                changes.nodes.insert(member.id);
            }
        }
        if let (Some(before), Some(after)) = (&old.ensemble, &new.ensemble) {
            changes.tree(before, after);
        }
        changes.clients(old, new);
        for partition in &new.partitions {
            let before = old.partitions.iter().find(|before| before.partition == partition.partition);
            if let Some(before) = before {
                changes.partition(before, partition);
            }
        }
        changes
    }

    /// Znodes that came, went, or were written.
    fn tree(&mut self, old: &EnsembleView, new: &EnsembleView) {
        let differs =
            |one: &EnsembleView, path| one.znode(path).map(|znode| (znode.stat.czxid, znode.stat.mzxid));
        let paths = old.znodes.iter().chain(&new.znodes).map(|znode| znode.path);
        for path in paths.filter(|path| differs(old, *path) != differs(new, *path)) {
            self.znodes.insert(match path {
                Path::Controller | Path::ControllerEpoch => Path::Controller,
                Path::Broker(_) => path,
                _ => Path::IsrChanges,
            });
        }
    }

    /// Members whose place in their group is another one, and groups that are in another state.
    fn clients(&mut self, old: &ClusterView, new: &ClusterView) {
        for consumer in &new.consumers {
            let before = old.consumers.iter().find(|before| before.id == consumer.id);
            let place = |c: &ConsumerView| {
                let own = c.membership.as_ref().map(|own| (own.phase, own.epoch, own.owned.clone()));
                (c.health, own)
            };
            if before.is_some_and(|before| place(before) != place(consumer)) {
                self.nodes.insert(consumer.id);
            }
        }
        let standing = |group: &GroupView| (group.coordinator, group.state, group.epoch, group.target_epoch);
        for group in &new.groups {
            let before = old.groups.iter().find(|before| before.group == group.group);
            if before.map(standing) != Some(standing(group)) {
                self.groups.insert(group.group);
            }
        }
    }

    fn partition(&mut self, old: &PartitionView, new: &PartitionView) {
        if old.partition_epoch != new.partition_epoch {
            self.partitions.insert(new.partition);
        }
        for copy in &new.copies {
            let joined_or_left = old.isr.contains(copy.broker) != new.isr.contains(copy.broker);
            let before = old.copies.iter().find(|before| before.broker == copy.broker);
            let role = before.is_some_and(|before| before.role != copy.role);
            if joined_or_left || role || (old.leader != new.leader && new.leader == Some(copy.broker)) {
                self.replicas.insert((new.partition, copy.broker));
            }
        }
    }
}
