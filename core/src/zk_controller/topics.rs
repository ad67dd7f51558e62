//! New topics, and ISRs that leaders have changed.
//!
//! Source: `KafkaController.processTopicChange`, `onNewPartitionCreation`, `processIsrChangeNotification`.

use super::KafkaController;
use super::context::{ControlledPartition, PartitionStatus};
use super::election::Strategy;
use super::thread::{Answers, Io, PartitionTarget, ReplicaTarget, Step, Then};
use super::znodes::{Outcome, outcome};
use crate::id::{NodeId, TopicId, TopicPartition};
use crate::node::Out;
use crate::note::{ChangeReason, Note};
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{Data, Op, Path, TopicAssignment};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

impl KafkaController {
    pub(super) fn list_topics(&mut self, load: bool, io: &mut Io<'_>) {
        let request = ZkRequest::GetChildren(Path::Topics, true);
        self.ask([request].into(), Then::TopicsListed { load }, io);
    }

    pub(super) fn on_topics_listed(&mut self, load: bool, answers: &Answers, io: &mut Io<'_>) {
        let Some(Ok(ZkReply::Children(paths, _))) = answers.first() else { return };
        let id_of = |path: &Path| if let Path::Topic(id) = path { Some(*id) } else { None };
        let is_new = |id: &TopicId| !self.context.topics.contains_key(id);
        let ids: Vec<TopicId> = paths.iter().filter_map(id_of).filter(is_new).collect();
        let requests = ids.iter().map(|&id| ZkRequest::GetData(Path::Topic(id), false)).collect();
        self.ask(requests, Then::TopicsRead { ids, load }, io);
    }

    pub(super) fn on_topics_read(&mut self, ids: &[TopicId], load: bool, answers: &Answers, out: &mut Out) {
        let mut created = Vec::new();
        for (&topic, answer) in ids.iter().zip(answers) {
            let Ok(ZkReply::Data(Data::Topic(assignment), _)) = answer else { continue };
            self.add_topic(topic, assignment, &mut created);
            if !load {
                let factor = assignment.partitions.first().map_or(0, |first| first.replicas.len());
                let partitions = assignment.partitions.len() as u32;
                out.note(Note::TopicCreated { topic, partitions, replication_factor: factor });
            }
        }
        if !load {
            self.on_new_partitions(created);
        }
    }

    fn add_topic(&mut self, topic: TopicId, read: &TopicAssignment, added: &mut Vec<TopicPartition>) {
        self.context.topics.insert(topic, read.name);
        for (partition, &assignment) in (0..).zip(&read.partitions) {
            let id = TopicPartition { topic, partition };
            self.context.partitions.insert(id, ControlledPartition::new(assignment));
            if assignment.is_being_reassigned() {
                self.context.reassigning.insert(id);
            }
            added.push(id);
        }
    }

    /// `onNewPartitionCreation`.
    fn on_new_partitions(&mut self, partitions: Vec<TopicPartition>) {
        let mut replicas: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        for &id in &partitions {
            let assigned = self.context.partitions.get(&id).map(|known| known.assignment.replicas);
            for replica in assigned.unwrap_or_default().iter() {
                replicas.entry(replica).or_default().push(id);
            }
        }
        let replicas: Vec<(NodeId, Vec<TopicPartition>)> = replicas.into_iter().collect();
        let strategy = Strategy::OfflinePartition { allow_unclean: false };
        self.thread.push([
            Step::Partitions(partitions.clone(), PartitionTarget::New),
            Step::Replicas(replicas.clone(), ReplicaTarget::New),
            Step::Partitions(partitions, PartitionTarget::Online(strategy)),
            Step::Replicas(replicas, ReplicaTarget::Online),
        ]);
    }

    /// Notifications of leaders: a new controller only deletes them, for it reads everything anyway.
    pub(super) fn list_isr_changes(&mut self, handle: bool, io: &mut Io<'_>) {
        let request = ZkRequest::GetChildren(Path::IsrChanges, true);
        self.ask([request].into(), Then::IsrChangesListed { handle }, io);
    }

    pub(super) fn on_isr_changes_listed(&mut self, handle: bool, answers: &Answers, io: &mut Io<'_>) {
        let Some(Ok(ZkReply::Children(paths, _))) = answers.first() else { return };
        if handle {
            let requests = paths.iter().map(|&path| ZkRequest::GetData(path, false)).collect();
            self.ask(requests, Then::IsrChangesRead(paths.clone()), io);
        } else {
            self.delete(paths, io);
        }
    }

    /// The leaders' new ISRs are read, clients are told, and the notifications go.
    pub(super) fn on_isr_changes_read(&mut self, paths: &[Path], answers: &Answers, out: &mut Out) {
        self.thread.reason = ChangeReason::Reassignment;
        let mut changed: BTreeSet<TopicPartition> = BTreeSet::new();
        for answer in answers {
            if let Ok(ZkReply::Data(Data::Partitions(partitions), _)) = answer {
                changed.extend(partitions.iter().filter(|id| self.context.partitions.contains_key(id)));
            }
        }
        let changed: Vec<TopicPartition> = changed.into_iter().collect();
        let mut steps = Vec::new();
        if !changed.is_empty() {
            out.note(Note::IsrChangesNotified { partitions: changed.len() as u32 });
            let moving = changed.iter().filter(|id| self.context.reassigning.contains(id));
            let complete: Vec<Step> = moving.map(|&id| Step::MaybeCompleteReassignment(id)).collect();
            let brokers = self.context.live_or_shutting_down();
            steps.extend([Step::RefreshIsrs(changed.clone()), Step::UpdateMetadata(brokers, changed)]);
            steps.extend(complete);
        }
        steps.push(Step::DeleteIsrChanges(paths.to_vec()));
        self.thread.push(steps);
    }

    pub(super) fn delete(&mut self, paths: &[Path], io: &mut Io<'_>) {
        let requests = paths.iter().map(|&path| self.guarded(Op::Delete(path, None))).collect();
        self.ask(requests, Then::Deleted, io);
    }

    pub(super) fn on_deleted(&mut self, answers: &Answers, out: &mut Out) {
        if answers.iter().any(|answer| outcome(answer) == Outcome::Moved) {
            self.controller_moved(out);
        }
    }

    /// Leaders that should move back: those of brokers that miss too large a share of the partitions that prefer them
    /// (`checkAndTriggerAutoLeaderRebalance`); before 3.4 not while partitions are being moved. It looks again later.
    pub(super) fn balance_leaders(&mut self) {
        self.thread.reason = ChangeReason::PreferredElection;
        let mut of_brokers: BTreeMap<NodeId, (u64, Vec<TopicPartition>)> = BTreeMap::new();
        for (&id, partition) in &self.context.partitions {
            let Some(preferred) = partition.assignment.replicas.first() else { continue };
            let (count, elsewhere) = of_brokers.entry(preferred).or_default();
            *count += 1;
            if partition.leadership.is_some() && partition.leader() != Some(preferred) {
                elsewhere.push(id);
            }
        }
        let percentage = u64::from(self.settings.leader_imbalance_per_broker_percentage);
        let mut steps = Vec::new();
        for (preferred, (count, mut elsewhere)) in of_brokers {
            if (elsewhere.len() as u64) * 100 <= count * percentage {
                continue;
            }
            let in_sync = |id: &TopicPartition| {
                self.context.partitions.get(id).is_some_and(|known| known.isr().contains(preferred))
            };
            let may_move =
                self.context.reassigning.is_empty() || self.settings.features.rebalance_during_reassignment;
            elsewhere.retain(|id| may_move && self.context.is_live(preferred) && in_sync(id));
            steps.push(Step::Partitions(elsewhere, PartitionTarget::Online(Strategy::PreferredReplica)));
        }
        steps.push(Step::ScheduleBalance);
        self.thread.push(steps);
    }

    /// Whether this partition has a leader that lives, as far as is known.
    pub(super) fn has_live_leader(&self, id: TopicPartition) -> bool {
        self.context.partitions.get(&id).is_some_and(|partition| {
            partition.status != PartitionStatus::NonExistent
                && partition.leader().is_some_and(|leader| self.context.is_live(leader))
        })
    }
}
