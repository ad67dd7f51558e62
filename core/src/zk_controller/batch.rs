//! What one event has to say to each broker, collected and sent at its end.
//!
//! Keeps: a broker is told whom to lead and follow before it is told what clients shall know. A broker that is not
//! live any more is told nothing.
//! Source: `AbstractControllerBrokerRequestBatch`.
//!
//! `full` marks a request that names all partitions of its receiver, which is so when a broker has started and when a
//! controller has; controllers of the ZooKeeper era send the same without saying so.

use super::context::ControllerContext;
use crate::id::{LeaderEpoch, NodeId, Text, TopicId, TopicPartition};
use crate::switches::Features;
use crate::wire::{
    ControlMessage, ControllerStamp, LeaderAndIsrRequest, PartitionInfo, StopReplicaRequest,
    UpdateMetadataRequest,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControllerBrokerRequestBatch {
    leader_and_isr: BTreeMap<NodeId, BTreeMap<TopicPartition, PartitionInfo>>,
    stop_replica: BTreeMap<NodeId, BTreeMap<TopicPartition, (Option<LeaderEpoch>, bool)>>,
    update_brokers: BTreeSet<NodeId>,
    update_partitions: BTreeMap<TopicPartition, PartitionInfo>,
    full: bool,
}

impl ControllerBrokerRequestBatch {
    /// Tells `brokers` to lead or follow a partition, and everybody to tell clients.
    pub fn add_leader_and_isr(
        &mut self,
        context: &ControllerContext,
        brokers: impl IntoIterator<Item = NodeId>,
        partition: TopicPartition,
        is_new: bool,
    ) {
        let Some(info) = context.info(partition) else { return };
        for broker in brokers {
            let of_broker = self.leader_and_isr.entry(broker).or_default();
            let already_new = of_broker.get(&partition).is_some_and(|known| known.is_new);
            of_broker.insert(partition, PartitionInfo { is_new: is_new || already_new, ..info });
        }
        self.add_update_metadata(context, context.live_or_shutting_down(), [partition]);
    }

    /// Tells a broker to follow a partition no more.
    pub fn add_stop_replica(
        &mut self,
        context: &ControllerContext,
        broker: NodeId,
        partition: TopicPartition,
        deletes: bool,
    ) {
        let epoch = context.info(partition).map(|info| info.state.leader_epoch);
        let of_broker = self.stop_replica.entry(broker).or_default();
        let already = of_broker.get(&partition).is_some_and(|&(_, deletes)| deletes);
        of_broker.insert(partition, (epoch, deletes || already));
    }

    /// Tells `brokers` what clients shall know of these partitions, and who lives.
    pub fn add_update_metadata(
        &mut self,
        context: &ControllerContext,
        brokers: impl IntoIterator<Item = NodeId>,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) {
        self.update_brokers.extend(brokers);
        let known = partitions.into_iter().filter_map(|id| context.info(id).map(|info| (id, info)));
        self.update_partitions.extend(known);
    }

    /// The requests to come name all partitions of their receivers.
    pub const fn set_full(&mut self) {
        self.full = true;
    }

    /// The requests in the order in which each broker gets them; nothing is left.
    pub fn take(
        &mut self,
        me: NodeId,
        context: &ControllerContext,
        features: &Features,
    ) -> Vec<(NodeId, ControlMessage)> {
        let batch = mem::take(self);
        let stamp = |broker: NodeId| {
            let epoch = context.live_brokers.get(&broker)?.epoch;
            let broker_epoch = features.broker_epoch_in_requests.then_some(epoch);
            Some(ControllerStamp { controller: me, controller_epoch: context.epoch, broker_epoch })
        };
        let mut requests = Vec::new();
        for (broker, partitions) in batch.leader_and_isr {
            let Some(stamp) = stamp(broker) else { continue };
            let partitions = partitions.into_values().collect();
            let request = LeaderAndIsrRequest { stamp, full: batch.full, partitions };
            requests.push((broker, ControlMessage::LeaderAndIsrRequest(request)));
        }
        let partitions: Arc<Vec<PartitionInfo>> = Arc::new(batch.update_partitions.into_values().collect());
        let topics = topics_of(context, &partitions);
        let live_brokers: Vec<_> =
            context.live_brokers.iter().map(|(&id, broker)| (id, broker.rack, broker.epoch)).collect();
        for broker in batch.update_brokers {
            let Some(stamp) = stamp(broker) else { continue };
            requests.push((
                broker,
                ControlMessage::UpdateMetadataRequest(UpdateMetadataRequest {
                    stamp,
                    partitions: partitions.clone(),
                    deleted: Vec::new(),
                    topics: topics.clone(),
                    live_brokers: live_brokers.clone(),
                }),
            ));
        }
        for (broker, partitions) in batch.stop_replica {
            let Some(stamp) = stamp(broker) else { continue };
            let epoch_of = |epoch: Option<LeaderEpoch>| epoch.filter(|_| features.stop_replica_epoch);
            let partitions =
                partitions.into_iter().map(|(id, (epoch, deletes))| (id, epoch_of(epoch), deletes)).collect();
            let request = StopReplicaRequest { stamp, partitions };
            requests.push((broker, ControlMessage::StopReplicaRequest(request)));
        }
        requests
    }
}

/// Names of the topics of these partitions, which stand in order.
fn topics_of(context: &ControllerContext, partitions: &[PartitionInfo]) -> Vec<(TopicId, Text)> {
    let mut topics: Vec<TopicId> = partitions.iter().map(|info| info.partition.topic).collect();
    topics.dedup();
    topics.into_iter().filter_map(|id| context.topics.get(&id).map(|&name| (id, name))).collect()
}
