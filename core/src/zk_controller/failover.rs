//! What only a new controller does: loads everything from ZooKeeper, and starts its state machines.
//!
//! Loading takes time in proportion to the partitions: a read of each znode, and the thread's work on each answer. Until
//! it is over nobody elects a leader, whoever has died meanwhile.
//! Source: `KafkaController.onControllerFailover`, `initializeControllerContext`, `ReplicaStateMachine.startup`,
//! `PartitionStateMachine.startup`.

use super::KafkaController;
use super::context::PartitionStatus;
use super::thread::{Answers, Io, ReplicaTarget, Step, Then};
use super::znodes::{read_states, state_of};
use crate::id::{NodeId, TopicPartition};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::time::Span;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// How long after its election a controller first looks for leaders that are not the preferred ones.
const FIRST_REBALANCE: Span = Span::secs(5);

impl KafkaController {
    /// `updateLeaderAndIsrCache` for all partitions.
    pub(super) fn read_all_states(&mut self, io: &mut Io<'_>) {
        let partitions: Vec<TopicPartition> = self.context.partitions.keys().copied().collect();
        self.refresh(partitions, io);
    }

    /// `updateLeaderAndIsrCache`.
    pub(super) fn refresh(&mut self, partitions: Vec<TopicPartition>, io: &mut Io<'_>) {
        self.ask(read_states(&partitions, false), Then::StatesRead(partitions), io);
    }

    pub(super) fn on_states_read(&mut self, partitions: &[TopicPartition], answers: &Answers) {
        for (&id, answer) in partitions.iter().zip(answers) {
            if let Some(read) = state_of(id, answer) {
                self.context.put_leadership(id, read.known.state, read.known.version.0);
            }
        }
    }

    /// `ControllerChannelManager.startup`: the context is complete.
    pub(super) fn start_channels(&mut self, io: &mut Io<'_>) {
        for broker in self.context.live_or_shutting_down() {
            self.channels.add_broker(broker);
        }
        io.out.note(Note::ControllerContextLoaded {
            epoch: self.context.epoch,
            brokers: self.context.live_brokers.len() as u32,
            partitions: self.context.partitions.len() as u32,
            took: io.now.since(self.thread.elected_at),
        });
    }

    /// Brokers must know who lives before they are told to follow somebody.
    pub(super) fn tell_everybody(&mut self, out: &mut Out) {
        let brokers = self.context.live_or_shutting_down();
        self.batch.add_update_metadata(&self.context, brokers, []);
        self.send_batch(out);
    }

    /// `ReplicaStateMachine.startup`.
    pub(super) fn start_replicas(&mut self) {
        let mut online: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        let mut offline: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        let context = &mut self.context;
        for (&id, partition) in &mut context.partitions {
            let replicas = partition.assignment.replicas;
            for replica in replicas.iter() {
                let is_live =
                    context.live_brokers.contains_key(&replica) && !context.shutting_down.contains(&replica);
                if is_live {
                    partition.set_online(replica);
                    online.entry(replica).or_default().push(id);
                } else {
                    partition.set_offline(replica);
                    offline.entry(replica).or_default().push(id);
                }
            }
        }
        self.thread.push([
            Step::SetFull,
            Step::Replicas(online.into_iter().collect(), ReplicaTarget::Online),
            Step::Replicas(offline.into_iter().collect(), ReplicaTarget::Offline),
        ]);
    }

    /// `PartitionStateMachine.startup`.
    pub(super) fn start_partitions(&mut self) {
        let context = &mut self.context;
        for partition in context.partitions.values_mut() {
            let leads = |leader: NodeId| {
                context.live_brokers.contains_key(&leader) && !context.shutting_down.contains(&leader)
            };
            partition.status = match partition.leadership {
                None => PartitionStatus::New,
                Some(known) if known.state.leader.is_some_and(leads) => PartitionStatus::Online,
                Some(_) => PartitionStatus::Offline,
            };
        }
        self.thread.push([Step::TriggerOnline(None)]);
    }

    /// From time to time it looks whether leaders should move back.
    pub(super) fn start_scheduler(&mut self, out: &mut Out) {
        if self.settings.auto_leader_rebalance_enable {
            out.arm(Timer::LeaderBalance, FIRST_REBALANCE);
        }
    }

    /// Sends what the event has to say so far (`sendRequestsToBrokers`).
    pub(super) fn send_batch(&mut self, out: &mut Out) {
        for (broker, request) in self.batch.take(self.me, &self.context, &self.settings.features) {
            self.channels.send_request(broker, request, out);
        }
    }
}
