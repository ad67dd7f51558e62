//! Moving a partition to other brokers.
//!
//! The assignment in ZooKeeper says what is under way, so that the next controller can go on: target first, then who
//! will go. First all replicas, old and new, are told (phase A); when every replica of the target is in the ISR the
//! leader moves if it must, the others go, and the assignment is the target (phase B).
//! Source: `KafkaController.onPartitionReassignment` and what it calls, KIP-455.
//!
//! Left out: `/admin/reassign_partitions`, throttles.

use super::KafkaController;
use super::context::Leadership;
use super::election::Strategy;
use super::thread::{Answers, Io, PartitionTarget, Read, ReplicaTarget, Step, Then, refuse};
use super::znodes::{Outcome, outcome, read_states, state_of};
use crate::id::{NODE_LIST_CAPACITY, NodeId, NodeList, TopicPartition};
use crate::node::Out;
use crate::note::{ChangeReason, Note};
use crate::wire::ErrorCode;
use crate::znode::{Data, Op, PartitionState, Path, ReplicaAssignment, TopicAssignment};
use alloc::sync::Arc;
use alloc::vec::Vec;

impl KafkaController {
    /// `processApiPartitionReassignment` for one partition; without a target the one under way is cancelled.
    pub(super) fn begin_reassignment(
        &mut self,
        partition: TopicPartition,
        target: Option<NodeList>,
        io: &mut Io<'_>,
    ) {
        self.thread.reason = ChangeReason::Reassignment;
        match self.next_assignment(partition, target) {
            Ok(assignment) => {
                if target.is_none() {
                    let replicas = assignment.target();
                    io.out.note(Note::ReassignmentCancelled { partition, replicas });
                } else {
                    let ReplicaAssignment { replicas, adding, removing } = assignment;
                    io.out.note(Note::ReassignmentBegan { partition, replicas, adding, removing });
                }
                self.thread.push([Step::OnReassignment(partition, assignment), Step::AnswerCall]);
            }
            Err(error) => {
                io.out.note(Note::ReassignmentRefused { partition, error });
                if let Some(asker) = self.thread.asker.take() {
                    refuse(asker, error, io.out);
                }
            }
        }
    }

    /// `validateReplicas`, `maybeBuildReassignment`.
    fn next_assignment(
        &self,
        partition: TopicPartition,
        target: Option<NodeList>,
    ) -> Result<ReplicaAssignment, ErrorCode> {
        let known =
            self.context.partitions.get(&partition).ok_or(ErrorCode::UnknownTopicOrPartition)?.assignment;
        let Some(target) = target else {
            return match known.is_being_reassigned() {
                true => Ok(known.reassign_to(known.origin())),
                false => Err(ErrorCode::NoReassignmentInProgress),
            };
        };
        let named_once = |id: NodeId| target.iter().filter(|&other| other == id).count() == 1;
        let leaving = known.origin().iter().filter(|&id| !target.contains(id)).count() as u32;
        if target.is_empty() || !target.iter().all(named_once) || target.len() + leaving > NODE_LIST_CAPACITY
        {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        let next = known.reassign_to(target);
        match next.adding.iter().all(|id| self.context.is_live(id)) {
            true => Ok(next),
            false => Err(ErrorCode::InvalidReplicaAssignment),
        }
    }

    /// Those under way go on; with `brokers` only those that lead to one of them.
    pub(super) fn resume_reassignments(&mut self, brokers: Option<&[NodeId]>) {
        let concerns = |assignment: &ReplicaAssignment| {
            brokers.is_none_or(|brokers| brokers.iter().any(|&id| assignment.target().contains(id)))
        };
        let mut steps = Vec::new();
        for &id in &self.context.reassigning {
            let Some(assignment) = self.context.partitions.get(&id).map(|known| known.assignment) else {
                continue;
            };
            if concerns(&assignment) {
                steps.push(Step::OnReassignment(id, assignment));
            }
        }
        self.thread.push(steps);
    }

    /// `onPartitionReassignment`: the assignment is written if it is another (U), then it is looked how far it is.
    pub(super) fn on_reassignment(&mut self, id: TopicPartition, assignment: ReplicaAssignment) {
        let Some(known) = self.context.partitions.get(&id).map(|known| known.assignment) else { return };
        self.context.reassigning.insert(id);
        self.thread.push([Step::CheckReassignment(id)]);
        if known != assignment {
            self.thread.push([Step::WriteAssignment(id, assignment)]);
        }
    }

    /// U1, B6: the topic's znode names the replicas of all its partitions.
    pub(super) fn write_assignment(
        &mut self,
        id: TopicPartition,
        assignment: ReplicaAssignment,
        io: &mut Io<'_>,
    ) {
        let topic = id.topic;
        let Some(&name) = self.context.topics.get(&topic) else { return };
        let first = TopicPartition { topic, partition: 0 };
        let last = TopicPartition { topic, partition: u16::MAX };
        let of_topic = self.context.partitions.range(first..=last);
        let partitions =
            of_topic.map(|(&other, known)| if other == id { assignment } else { known.assignment }).collect();
        let data = Data::Topic(Arc::new(TopicAssignment { name, partitions }));
        let request = self.guarded(Op::SetData(Path::Topic(topic), data, None));
        self.ask([request].into(), Then::AssignmentWritten(id, assignment), io);
    }

    /// U2, U3: replicas that an earlier reassignment was adding, and this one does not want, go.
    pub(super) fn on_assignment_written(
        &mut self,
        id: TopicPartition,
        assignment: ReplicaAssignment,
        answers: &Answers,
        out: &mut Out,
    ) {
        match answers.first().map(outcome) {
            Some(Outcome::Done(_)) => {}
            Some(Outcome::Moved) => return self.controller_moved(out),
            Some(Outcome::Refused(_)) | None => return,
        }
        let Some(partition) = self.context.partitions.get_mut(&id) else { return };
        let before = partition.assignment.replicas;
        partition.assignment = assignment;
        let unneeded: NodeList =
            before.iter().filter(|&replica| !assignment.replicas.contains(replica)).collect();
        self.stop_removed(id, &unneeded);
    }

    /// Reads how far it is; `begins` tells everybody when it is not complete yet.
    pub(super) fn check_reassignment(&mut self, id: TopicPartition, begins: bool, io: &mut Io<'_>) {
        // Where leaders write ISRs themselves, the controller watches the partitions that move.
        let requests = read_states(&[id], !self.settings.features.alter_isr);
        let then = match begins {
            true => Then::ReassignmentChecked(id),
            false => Then::ReassignmentMaybeComplete(id),
        };
        self.ask(requests, then, io);
    }

    pub(super) fn on_reassignment_checked(&mut self, id: TopicPartition, begins: bool, answers: &Answers) {
        let Some(assignment) = self.context.partitions.get(&id).map(|known| known.assignment) else { return };
        let read = answers.first().and_then(|answer| state_of(id, answer));
        let isr = read.map_or(NodeList::EMPTY, |read| read.known.state.isr);
        if assignment.is_being_reassigned() && !assignment.target().is_subset_of(&isr) {
            if begins {
                let new = of_each(id, &assignment.adding);
                self.thread.push([Step::UpdateLeaderEpoch(id), Step::Replicas(new, ReplicaTarget::New)]);
            }
            return;
        }
        self.complete(id, assignment);
    }

    /// Phase B.
    fn complete(&mut self, id: TopicPartition, assignment: ReplicaAssignment) {
        let completed = ReplicaAssignment::of(assignment.target());
        self.thread.push([
            Step::Replicas(of_each(id, &assignment.adding), ReplicaTarget::Online),
            Step::MoveLeaderIfRequired(id),
            Step::StopRemoved(id, assignment.removing),
            Step::WriteAssignment(id, completed),
            Step::FinishReassignment(id),
        ]);
    }

    /// B2, B3: the assignment is the target; the leader moves if it is not in it.
    pub(super) fn move_leader_if_required(&mut self, id: TopicPartition) {
        let Some(partition) = self.context.partitions.get_mut(&id) else { return };
        partition.assignment = ReplicaAssignment::of(partition.assignment.target());
        let stays = partition.leader().is_some_and(|leader| partition.assignment.replicas.contains(leader));
        if stays && self.has_live_leader(id) {
            self.thread.push([Step::UpdateLeaderEpoch(id)]);
        } else {
            let target = PartitionTarget::Online(Strategy::ReassignPartition);
            self.thread.push([Step::Partitions([id].into(), target)]);
        }
    }

    /// B4, B5.
    pub(super) fn stop_removed(&mut self, id: TopicPartition, removed: &NodeList) {
        if !removed.is_empty() {
            self.thread.push([
                Step::Replicas(of_each(id, removed), ReplicaTarget::Offline),
                Step::Replicas(of_each(id, removed), ReplicaTarget::NonExistent),
            ]);
        }
    }

    /// B7, B8.
    pub(super) fn finish_reassignment(&mut self, id: TopicPartition, out: &mut Out) {
        self.context.reassigning.remove(&id);
        let Some(partition) = self.context.partitions.get(&id) else { return };
        let (replicas, isr) = (partition.assignment.replicas, partition.isr());
        out.note(Note::ReassignmentCompleted { partition: id, replicas, isr });
        let brokers = self.context.live_or_shutting_down();
        self.batch.add_update_metadata(&self.context, brokers, [id]);
        self.send_batch(out);
    }

    /// A1, B3: nothing changes but the leader epoch, so that everybody takes the new assignment.
    pub(super) fn update_leader_epoch(&mut self, id: TopicPartition, io: &mut Io<'_>) {
        self.ask(read_states(&[id], false), Then::StateForEpoch(id), io);
    }

    pub(super) fn on_state_for_epoch(&mut self, id: TopicPartition, answers: &Answers, io: &mut Io<'_>) {
        let Some(&read) = self.valid_reads(&[id], answers, io.out).first() else { return };
        let Leadership { state, .. } = read.known;
        let mut next = state.with_leader_and_isr(state.leader, state.isr);
        next.controller_epoch = self.context.epoch;
        let request = self.write_state(&read, next);
        self.ask([request].into(), Then::EpochWritten(read, next), io);
    }

    pub(super) fn on_epoch_written(
        &mut self,
        read: &Read,
        state: PartitionState,
        answers: &Answers,
        out: &mut Out,
    ) {
        let id = read.partition;
        match answers.first().map(outcome) {
            Some(Outcome::Done(stat)) => {
                self.context.put_leadership(id, state, stat.version);
                let Some(assignment) = self.context.partitions.get(&id).map(|known| known.assignment) else {
                    return;
                };
                self.batch.add_leader_and_isr(&self.context, assignment.origin().iter(), id, false);
                self.batch.add_leader_and_isr(&self.context, assignment.adding.iter(), id, true);
                self.send_batch(out);
            }
            Some(Outcome::Moved) => self.controller_moved(out),
            Some(Outcome::Refused(error)) if self.is_conflict(read, error, out) => {
                self.thread.push([Step::UpdateLeaderEpoch(id)]);
            }
            Some(Outcome::Refused(_)) | None => {}
        }
    }
}

/// One partition's replicas, one by one.
fn of_each(id: TopicPartition, replicas: &NodeList) -> Vec<(NodeId, Vec<TopicPartition>)> {
    replicas.iter().map(|replica| (replica, Vec::from([id]))).collect()
}
