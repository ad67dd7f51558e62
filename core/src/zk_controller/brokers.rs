//! Brokers that come and go.
//!
//! Source: `KafkaController.processBrokerChange`, `onBrokerStartup`, `onBrokerFailure`, `onReplicasBecomeOffline`.
//!
//! Left out: old releases (1.0) told all brokers of all partitions when one had started.

use super::KafkaController;
use super::context::LiveBroker;
use super::thread::{Answers, Io, PartitionTarget, ReplicaTarget, Step, Then};
use crate::id::{BrokerEpoch, NodeId};
use crate::node::Out;
use crate::note::{ChangeReason, Note};
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{Data, Path};
use alloc::vec::Vec;

impl KafkaController {
    pub(super) fn list_brokers(&mut self, load: bool, io: &mut Io<'_>) {
        let request = ZkRequest::GetChildren(Path::BrokerIds, true);
        self.ask([request].into(), Then::BrokersListed { load }, io);
    }

    pub(super) fn on_brokers_listed(&mut self, load: bool, answers: &Answers, io: &mut Io<'_>) {
        let Some(Ok(ZkReply::Children(paths, _))) = answers.first() else { return };
        let id_of = |path: &Path| if let Path::Broker(id) = path { Some(*id) } else { None };
        let ids: Vec<NodeId> = paths.iter().filter_map(id_of).collect();
        let requests = ids.iter().map(|&id| ZkRequest::GetData(Path::Broker(id), false)).collect();
        self.ask(requests, Then::BrokersRead { ids, load }, io);
    }

    pub(super) fn on_brokers_read(&mut self, ids: &[NodeId], load: bool, answers: &Answers, out: &mut Out) {
        let read = |(&id, answer): (&NodeId, &Result<ZkReply, _>)| match answer {
            Ok(ZkReply::Data(Data::Broker { rack }, stat)) => {
                Some((id, LiveBroker { epoch: BrokerEpoch(stat.czxid.0), rack: *rack }))
            }
            _ => None,
        };
        let current: Vec<(NodeId, LiveBroker)> = ids.iter().zip(answers).filter_map(read).collect();
        if load {
            self.context.live_brokers = current.into_iter().collect();
        } else {
            self.on_broker_change(&current, out);
        }
    }

    /// Who is new, who is gone, and who is there again under a larger epoch.
    fn on_broker_change(&mut self, current: &[(NodeId, LiveBroker)], out: &mut Out) {
        let known = &self.context.live_brokers;
        let has_bounced = |(id, broker): &(NodeId, LiveBroker)| {
            self.settings.features.broker_epoch_in_requests
                && known.get(id).is_some_and(|known| broker.epoch > known.epoch)
        };
        let those = |wanted: &dyn Fn(&(NodeId, LiveBroker)) -> bool| -> Vec<(NodeId, LiveBroker)> {
            current.iter().filter(|broker| wanted(broker)).copied().collect()
        };
        let new = those(&|(id, _)| !known.contains_key(id));
        let bounced = those(&has_bounced);
        let is_gone = |id: &NodeId| !current.iter().any(|(other, _)| other == id);
        let dead: Vec<NodeId> = known.keys().copied().filter(is_gone).collect();
        for &(broker, LiveBroker { epoch, .. }) in &bounced {
            let old = known.get(&broker).map_or(BrokerEpoch(0), |known| known.epoch);
            out.note(Note::BrokerBounced { broker, old, broker_epoch: epoch });
        }
        let ids = |brokers: &[(NodeId, LiveBroker)]| brokers.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let (new_ids, bounced_ids) = (ids(&new), ids(&bounced));
        for &id in bounced_ids.iter().chain(&dead) {
            self.channels.remove_broker(id, out);
        }
        for &id in new_ids.iter().chain(&bounced_ids) {
            self.channels.add_broker(id);
        }
        let mut steps = Vec::new();
        if !new.is_empty() {
            steps.extend([Step::AddBrokers(new), Step::BrokerStartup(new_ids)]);
        }
        if !bounced.is_empty() {
            steps.extend([
                Step::RemoveBrokers(bounced_ids.clone()),
                Step::BrokerFailure(bounced_ids.clone()),
                Step::AddBrokers(bounced),
                Step::BrokerStartup(bounced_ids),
            ]);
        }
        if !dead.is_empty() {
            steps.extend([Step::RemoveBrokers(dead.clone()), Step::BrokerFailure(dead)]);
        }
        self.thread.push(steps);
    }

    /// The new ones are told everything, and may lead what waits for a leader.
    pub(super) fn on_broker_startup(&mut self, brokers: Vec<NodeId>, out: &mut Out) {
        self.thread.reason = ChangeReason::BrokerStarted;
        for &broker in &brokers {
            let epoch = self.context.live_brokers.get(&broker).map(|known| known.epoch);
            out.note(Note::BrokerStarted { broker, broker_epoch: epoch.unwrap_or_default() });
        }
        let mut existing = self.context.live_or_shutting_down();
        existing.retain(|id| !brokers.contains(id));
        let with_leaders = self.context.partitions_where(|partition| partition.leadership.is_some());
        let replicas = self.context.replicas_on(&brokers);
        self.thread.push([
            Step::UpdateMetadata(existing, Vec::new()),
            Step::UpdateMetadata(brokers.clone(), with_leaders),
            Step::SetFull,
            Step::Replicas(replicas, ReplicaTarget::Online),
            Step::TriggerOnline(None),
            Step::ResumeReassignments(Some(brokers)),
        ]);
    }

    /// Partitions that have lost their leader get another, and the replicas leave their ISRs.
    pub(super) fn on_broker_failure(&mut self, brokers: Vec<NodeId>, out: &mut Out) {
        self.thread.reason = ChangeReason::BrokerFailed;
        for &broker in &brokers {
            self.context.shutting_down.remove(&broker);
            out.note(Note::BrokerFailed { broker });
        }
        let replicas = self.context.replicas_on(&brokers);
        let offline = self.context.with_offline_leader();
        // The election of leaders tells everybody who lives; without one it has to be said.
        let untold = offline.is_empty().then_some(Step::TellEverybody);
        self.thread.push(
            [
                Step::Partitions(offline, PartitionTarget::Offline),
                Step::TriggerOnline(None),
                Step::Replicas(replicas, ReplicaTarget::Offline),
            ]
            .into_iter()
            .chain(untold)
            .collect::<Vec<_>>(),
        );
    }
}
