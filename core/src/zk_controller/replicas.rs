//! The state machine of replicas: New, Online, Offline, gone.
//!
//! Keeps: a replica that goes offline leaves the ISR, but the last member stays in it; the leader epoch rises, and
//! with the leader itself gone there is none (-1).
//! Source: `ZkReplicaStateMachine`.
//!
//! Left out: the stages of deletion, which Kafka passes through here without waiting for answers.

use super::KafkaController;
use super::thread::{Answers, Io, Read, ReplicaTarget, Step, Then};
use super::znodes::{Outcome, outcome, read_states};
use crate::id::{NodeId, PartitionEpoch, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::znode::{PartitionState, ZooKeeperError};
use alloc::vec::Vec;

impl KafkaController {
    /// One broker after the other; then everybody is told.
    pub(super) fn handle_replicas(
        &mut self,
        replicas: Vec<(NodeId, Vec<TopicPartition>)>,
        target: ReplicaTarget,
    ) {
        self.thread.push([Step::SendBatch]);
        let of_brokers = replicas
            .into_iter()
            .map(|(broker, partitions)| Step::ReplicasOf(broker, partitions, target))
            .collect::<Vec<Step>>();
        self.thread.push(of_brokers);
    }

    pub(super) fn handle_replicas_of(
        &mut self,
        broker: NodeId,
        partitions: &[TopicPartition],
        target: ReplicaTarget,
    ) {
        match target {
            ReplicaTarget::New => {
                for &id in partitions {
                    self.make_replica_new(broker, id);
                }
            }
            ReplicaTarget::Online => {
                for &id in partitions {
                    self.make_replica_online(broker, id);
                }
            }
            ReplicaTarget::Offline => self.make_replicas_offline(broker, partitions),
            ReplicaTarget::NonExistent => {
                for &id in partitions {
                    self.batch.add_stop_replica(&self.context, broker, id, true);
                    if let Some(partition) = self.context.partitions.get_mut(&id) {
                        partition.assignment = partition.assignment.without(broker);
                        partition.forget(broker);
                    }
                }
            }
        }
    }

    fn make_replica_new(&mut self, broker: NodeId, id: TopicPartition) {
        let Some(partition) = self.context.partitions.get_mut(&id) else { return };
        // A leader cannot begin empty.
        if partition.knows(broker) || partition.leader() == Some(broker) {
            return;
        }
        partition.set_new(broker);
        self.batch.add_leader_and_isr(&self.context, [broker], id, true);
    }

    fn make_replica_online(&mut self, broker: NodeId, id: TopicPartition) {
        let Some(partition) = self.context.partitions.get_mut(&id) else { return };
        let was_new = partition.new.contains(broker);
        partition.set_online(broker);
        if !was_new {
            self.batch.add_leader_and_isr(&self.context, [broker], id, false);
        }
    }

    fn make_replicas_offline(&mut self, broker: NodeId, partitions: &[TopicPartition]) {
        let mut with_znode = Vec::with_capacity(partitions.len());
        for &id in partitions {
            let Some(partition) = self.context.partitions.get_mut(&id).filter(|known| known.knows(broker))
            else {
                continue;
            };
            if partition.leadership.is_some() {
                with_znode.push(id);
            } else {
                partition.set_offline(broker);
            }
            self.batch.add_stop_replica(&self.context, broker, id, false);
        }
        self.thread.push([Step::RemoveFromIsr(broker, with_znode)]);
    }

    /// `doRemoveReplicasFromIsr`.
    pub(super) fn remove_from_isr(
        &mut self,
        broker: NodeId,
        partitions: Vec<TopicPartition>,
        io: &mut Io<'_>,
    ) {
        self.ask(read_states(&partitions, false), Then::StatesToShrink(broker, partitions), io);
    }

    pub(super) fn on_states_to_shrink(
        &mut self,
        broker: NodeId,
        partitions: &[TopicPartition],
        answers: &Answers,
        io: &mut Io<'_>,
    ) {
        let reads = self.valid_reads(partitions, answers, io.out);
        let mut shrinking = Vec::with_capacity(reads.len());
        for read in reads {
            let mut state = read.known.state;
            if state.isr.contains(broker) {
                let leader = state.leader.filter(|&leader| leader != broker);
                let isr = if state.isr.len() == 1 { state.isr } else { state.isr.without(broker) };
                state = state.with_leader_and_isr(leader, isr);
                state.controller_epoch = self.context.epoch;
                shrinking.push((read, state));
            } else {
                state.controller_epoch = self.context.epoch;
                self.context.put_leadership(read.partition, state, read.known.version.0);
                self.tell_remaining(broker, read.partition);
            }
        }
        let requests = shrinking.iter().map(|(read, state)| self.write_state(read, *state)).collect();
        self.ask(requests, Then::Shrunk(broker, shrinking), io);
    }

    pub(super) fn on_shrunk(
        &mut self,
        broker: NodeId,
        written: Vec<(Read, PartitionState)>,
        answers: &Answers,
        out: &mut Out,
    ) {
        let mut again = Vec::new();
        for ((read, state), answer) in written.into_iter().zip(answers) {
            match outcome(answer) {
                Outcome::Done(stat) => {
                    self.context.put_leadership(read.partition, state, stat.version);
                    self.tell_remaining(broker, read.partition);
                    self.say_shrunk(&read, &state, stat.version, out);
                }
                Outcome::Refused(error) => {
                    if self.is_conflict(&read, error, out) {
                        again.push(read.partition);
                    }
                }
                Outcome::Moved => return self.controller_moved(out),
            }
        }
        if !again.is_empty() {
            self.thread.push([Step::RemoveFromIsr(broker, again)]);
        }
    }

    /// Its replica is offline, and the others hear of the ISR without it.
    fn tell_remaining(&mut self, broker: NodeId, id: TopicPartition) {
        let Some(partition) = self.context.partitions.get_mut(&id) else { return };
        partition.set_offline(broker);
        let remaining = partition.assignment.replicas.without(broker);
        self.batch.add_leader_and_isr(&self.context, remaining.iter(), id, false);
    }

    fn say_shrunk(&self, read: &Read, state: &PartitionState, version: u32, out: &mut Out) {
        let (partition, old, reason) = (read.partition, read.known.state, self.thread.reason);
        if old.isr != state.isr {
            let partition_epoch = PartitionEpoch(version);
            let (old, new) = (old.isr, state.isr);
            out.note(Note::IsrChanged { partition, old, new, partition_epoch, reason });
        }
        if old.leader.is_some() && state.leader.is_none() {
            let (leader_epoch, isr) = (state.leader_epoch, state.isr);
            out.note(Note::PartitionLeaderless { partition, leader_epoch, isr, reason });
        }
    }

    /// Whether a write was refused because somebody else has written since: it is read and decided again.
    pub(super) fn is_conflict(&self, read: &Read, error: ZooKeeperError, out: &mut Out) -> bool {
        let is_conflict = error == ZooKeeperError::BadVersion;
        if is_conflict {
            let (partition, version) = (read.partition, read.known.version);
            out.note(Note::StateWriteRefused { partition, version });
        }
        is_conflict
    }
}
