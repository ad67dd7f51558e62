//! The state machine of partitions: New, Online, Offline, and the elections on the way to Online.
//!
//! Keeps: a leader is elected by what stands in the partition's znode at this moment, and written only over that very
//! version; who was written first is read again. A znode that a later controller has written is left alone.
//! Source: `ZkPartitionStateMachine`.
//!
//! Left out: `NonExistentPartition` again, which only deletion leads to. A new partition's znode is one create here;
//! Kafka creates its parents first.

use super::KafkaController;
use super::context::PartitionStatus;
use super::election::{Elected, Strategy, elect};
use super::thread::{Answers, Io, PartitionTarget, Read, Step, Then, Written};
use super::znodes::{Outcome, outcome, read_states, state_of};
use crate::id::{LeaderEpoch, TopicId, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::record::{LeaderRecoveryState, TopicConfig};
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, Op, PartitionState, Path};
use alloc::vec::Vec;

impl KafkaController {
    pub(super) fn make_new(&mut self, partitions: &[TopicPartition]) {
        for id in partitions {
            if let Some(partition) = self.context.partitions.get_mut(id)
                && partition.status == PartitionStatus::NonExistent
            {
                partition.status = PartitionStatus::New;
            }
        }
    }

    pub(super) fn make_offline(&mut self, partitions: &[TopicPartition]) {
        for id in partitions {
            if let Some(partition) = self.context.partitions.get_mut(id)
                && partition.status != PartitionStatus::NonExistent
            {
                partition.status = PartitionStatus::Offline;
            }
        }
    }

    /// New partitions get their first leader and ISR, the others are elected; then everybody is told.
    pub(super) fn make_online(&mut self, partitions: &[TopicPartition], strategy: Strategy, io: &mut Io<'_>) {
        let status = |id: &TopicPartition| self.context.partitions.get(id).map(|known| known.status);
        let (new, elect): (Vec<TopicPartition>, Vec<TopicPartition>) = partitions
            .iter()
            .filter(|id| !matches!(status(id), None | Some(PartitionStatus::NonExistent)))
            .partition(|id| status(id) == Some(PartitionStatus::New));
        self.thread.push([Step::ElectLeaders(elect, strategy), Step::SendBatch]);
        self.initialize(&new, io);
    }

    /// All that wait for a leader, of one topic or of all (`triggerOnlinePartitionStateChange`).
    pub(super) fn trigger_online(&mut self, topic: Option<TopicId>) {
        let mut partitions = self.context.without_leader();
        partitions.retain(|id| topic.is_none_or(|topic| id.topic == topic));
        let strategy = Strategy::OfflinePartition { allow_unclean: false };
        self.thread.push([Step::Partitions(partitions, PartitionTarget::Online(strategy))]);
    }

    /// `initializeLeaderAndIsrForPartitions`: the first live replica leads, the live ones are in sync.
    fn initialize(&mut self, partitions: &[TopicPartition], io: &mut Io<'_>) {
        let first_state = |id: &TopicPartition| {
            let isr = self.context.live_of(&self.context.partitions.get(id)?.assignment.replicas);
            let state = PartitionState {
                leader: Some(isr.first()?),
                leader_epoch: LeaderEpoch(0),
                isr,
                controller_epoch: self.context.epoch,
                recovery: LeaderRecoveryState::Recovered,
            };
            Some((*id, state))
        };
        let states: Vec<(TopicPartition, PartitionState)> =
            partitions.iter().filter_map(first_state).collect();
        let create = |&(id, state): &(TopicPartition, PartitionState)| {
            let path = Path::PartitionState(id);
            self.guarded(Op::Create(path, Data::State(state), CreateMode::Persistent))
        };
        let requests = states.iter().map(create).collect();
        self.ask(requests, Then::Initialized(states), io);
    }

    pub(super) fn on_initialized(
        &mut self,
        states: &[(TopicPartition, PartitionState)],
        answers: &Answers,
        out: &mut Out,
    ) {
        for (&(id, state), answer) in states.iter().zip(answers) {
            match outcome(answer) {
                Outcome::Done(stat) => {
                    self.context.put_leadership(id, state, stat.version);
                    self.set_online(id);
                    self.batch.add_leader_and_isr(&self.context, state.isr.iter(), id, true);
                }
                Outcome::Refused(_) => {}
                Outcome::Moved => return self.controller_moved(out),
            }
        }
    }

    /// `doElectLeaderForPartitions`.
    pub(super) fn elect_leaders(
        &mut self,
        partitions: Vec<TopicPartition>,
        strategy: Strategy,
        io: &mut Io<'_>,
    ) {
        let requests = read_states(&partitions, false);
        self.ask(requests, Then::StatesForElection(partitions, strategy), io);
    }

    pub(super) fn on_states_for_election(
        &mut self,
        partitions: &[TopicPartition],
        strategy: Strategy,
        answers: &Answers,
        io: &mut Io<'_>,
    ) {
        let reads = self.valid_reads(partitions, answers, io.out);
        let topics = match strategy {
            Strategy::OfflinePartition { allow_unclean: false } => self.topics_without_isr(&reads),
            Strategy::OfflinePartition { allow_unclean: true }
            | Strategy::ReassignPartition
            | Strategy::PreferredReplica
            | Strategy::ControlledShutdown => Vec::new(),
        };
        let requests =
            topics.iter().map(|&topic| ZkRequest::GetData(Path::TopicConfig(topic), false)).collect();
        self.ask(requests, Then::ConfigsForElection(reads, topics, strategy), io);
    }

    /// What was read, without what is not there and what a later controller has written.
    pub(super) fn valid_reads(
        &self,
        partitions: &[TopicPartition],
        answers: &Answers,
        out: &mut Out,
    ) -> Vec<Read> {
        let mut reads = Vec::with_capacity(partitions.len());
        for (&partition, answer) in partitions.iter().zip(answers) {
            let Some(read) = state_of(partition, answer) else { continue };
            let controller_epoch = read.known.state.controller_epoch;
            if controller_epoch > self.context.epoch {
                out.note(Note::StateOfLaterController { partition, controller_epoch });
            } else {
                reads.push(read);
            }
        }
        reads
    }

    /// Topics whose setting decides, for nobody of an ISR lives (`collectUncleanLeaderElectionState`).
    fn topics_without_isr(&self, reads: &[Read]) -> Vec<TopicId> {
        let nobody = |read: &&Read| self.context.live_of(&read.known.state.isr).is_empty();
        let mut topics: Vec<TopicId> = reads.iter().filter(nobody).map(|read| read.partition.topic).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    pub(super) fn on_configs_for_election(
        &mut self,
        reads: Vec<Read>,
        topics: &[TopicId],
        strategy: Strategy,
        answers: &Answers,
        io: &mut Io<'_>,
    ) {
        let allowed: Vec<TopicId> = topics
            .iter()
            .zip(answers)
            .filter(|(_, answer)| self.allows_unclean(answer))
            .map(|(&topic, _)| topic)
            .collect();
        let asked_for = strategy == Strategy::OfflinePartition { allow_unclean: true };
        let mut written = Vec::with_capacity(reads.len());
        for read in reads {
            let nobody_in_sync = self.context.live_of(&read.known.state.isr).is_empty();
            let unclean = nobody_in_sync && (asked_for || allowed.contains(&read.partition.topic));
            let Some(partition) = self.context.partitions.get(&read.partition) else { continue };
            let features = &self.settings.features;
            let old = &read.known.state;
            let Some(mut elected) = elect(strategy, &self.context, features, partition, old, unclean) else {
                continue;
            };
            elected.state.controller_epoch = self.context.epoch;
            written.push(Written { read, elected });
        }
        let requests =
            written.iter().map(|Written { read, elected }| self.write_state(read, elected.state)).collect();
        self.ask(requests, Then::ElectionWritten(written, strategy), io);
    }

    fn allows_unclean(&self, answer: &Result<ZkReply, crate::znode::ZooKeeperError>) -> bool {
        let of_topic = match answer {
            Ok(ZkReply::Data(Data::Config(config), _)) => {
                config.iter().find(|(key, _)| *key == TopicConfig::UncleanLeaderElectionEnable)
            }
            _ => None,
        };
        of_topic.map_or(self.settings.unclean_leader_election_enable, |&(_, value)| value == 1)
    }

    pub(super) fn on_election_written(
        &mut self,
        written: Vec<Written>,
        strategy: Strategy,
        answers: &Answers,
        out: &mut Out,
    ) {
        let mut again = Vec::new();
        for (Written { read, elected }, answer) in written.into_iter().zip(answers) {
            match outcome(answer) {
                Outcome::Done(stat) => self.on_elected(&read, &elected, stat.version, out),
                Outcome::Refused(error) => {
                    if self.is_conflict(&read, error, out) {
                        again.push(read.partition);
                    }
                }
                Outcome::Moved => return self.controller_moved(out),
            }
        }
        if !again.is_empty() {
            self.thread.push([Step::ElectLeaders(again, strategy)]);
        }
    }

    fn on_elected(&mut self, read: &Read, elected: &Elected, version: u32, out: &mut Out) {
        let Elected { state, recipients, choice } = *elected;
        let partition = read.partition;
        self.context.put_leadership(partition, state, version);
        self.set_online(partition);
        self.thread.elected += 1;
        self.batch.add_leader_and_isr(&self.context, recipients.iter(), partition, false);
        let Some(leader) = state.leader else { return };
        let replicas = self.context.partitions.get(&partition).map(|known| known.assignment.replicas);
        out.note(Note::LeaderElected {
            partition,
            leader,
            leader_epoch: state.leader_epoch,
            replicas: replicas.unwrap_or_default(),
            isr: state.isr,
            choice,
            reason: self.thread.reason,
        });
    }

    fn set_online(&mut self, id: TopicPartition) {
        if let Some(partition) = self.context.partitions.get_mut(&id) {
            partition.status = PartitionStatus::Online;
        }
    }
}
