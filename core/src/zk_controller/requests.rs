//! What brokers and administrators ask of the controller.
//!
//! Source: `KafkaController.processAlterPartition`, `doControlledShutdown`, `processReplicaLeaderElection`,
//! `processAllocateProducerIds`, `ZkProducerIdManager`.
//!
//! Left out: the broker epochs of an ISR's members (KIP-903) are not compared; elections through znodes.

use super::KafkaController;
use super::context::Leadership;
use super::election::Strategy;
use super::thread::{Answers, Asker, Io, PartitionTarget, Read, ReplicaTarget, Step, Then, refuse};
use super::znodes::{Outcome, outcome};
use crate::id::{BrokerEpoch, NodeId, NodeList, Offset, TopicPartition};
use crate::metadata::alter_partition::refusal;
use crate::metadata::producer_ids::PRODUCER_ID_BLOCK_SIZE;
use crate::node::{self, Out};
use crate::note::{ChangeReason, Note};
use crate::record::LeaderRecoveryState;
use crate::sequence::ProducerId;
use crate::wire::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterPartitionRequest, AlterPartitionResponse,
    ControlMessage, ControlledShutdownRequest, ErrorCode, IsrAnswer, IsrProposal, Message, ZkReply,
    ZkRequest,
};
use crate::znode::{CreateMode, Data, Op, PartitionState, Path, ZooKeeperError};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What an `AlterPartition` asks of one partition comes to.
enum Verdict {
    /// It stands so already.
    Already(Leadership),
    /// It is written.
    Write(Read, PartitionState),
    Refuse(ErrorCode),
}

impl KafkaController {
    /// The event ends without effect.
    fn refuse_asker(&mut self, error: ErrorCode, out: &mut Out) {
        if let Some(asker) = self.thread.asker.take() {
            refuse(asker, error, out);
        }
    }

    /// `tryProcessAlterPartition`.
    pub(super) fn begin_alter_partition(&mut self, request: &AlterPartitionRequest, io: &mut Io<'_>) {
        self.thread.reason = ChangeReason::AlterPartition;
        if !self.is_current_life(request.broker, request.broker_epoch) {
            return self.refuse_asker(ErrorCode::StaleBrokerEpoch, io.out);
        }
        let (mut asked, mut written, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for proposal in &request.partitions {
            let partition = proposal.partition;
            asked.push(partition);
            match self.judge(request.broker, proposal) {
                Verdict::Already(known) => answers.push(accepted(partition, &known)),
                Verdict::Write(read, state) => written.push((read, state)),
                Verdict::Refuse(error) => {
                    let broker = request.broker;
                    io.out.note(Note::AlterPartitionRefused { partition, broker, error });
                    answers.push(refusal(proposal, error));
                }
            }
        }
        let requests = written.iter().map(|(read, state)| self.write_state(read, *state)).collect();
        self.ask(requests, Then::IsrsWritten { asked, written, answers }, io);
    }

    fn is_current_life(&self, broker: NodeId, epoch: BrokerEpoch) -> bool {
        self.context.live_brokers.get(&broker).is_some_and(|known| known.epoch == epoch)
    }

    fn judge(&self, broker: NodeId, proposal: &IsrProposal) -> Verdict {
        let known = self.context.partitions.get(&proposal.partition);
        let Some(known) = known.and_then(|partition| partition.leadership) else {
            return Verdict::Refuse(ErrorCode::UnknownTopicOrPartition);
        };
        let Leadership { state, version } = known;
        let isr: NodeList = proposal.new_isr.iter().map(|&(id, _)| id).collect();
        let (epoch, recovery) = (proposal.leader_epoch, proposal.leader_recovery_state);
        let ahead = proposal.partition_epoch > version || epoch > state.leader_epoch;
        if ahead && self.settings.features.not_controller_when_behind {
            return Verdict::Refuse(ErrorCode::NotController);
        }
        let wanted = PartitionState { leader: Some(broker), isr, recovery, ..state };
        let recovers_with_others = recovery == LeaderRecoveryState::Recovering
            && (isr.len() > 1 || state.recovery == LeaderRecoveryState::Recovered);
        if epoch != state.leader_epoch {
            Verdict::Refuse(ErrorCode::FencedLeaderEpoch)
        } else if wanted == state && proposal.partition_epoch <= version {
            Verdict::Already(known)
        } else if proposal.partition_epoch != version {
            Verdict::Refuse(ErrorCode::InvalidUpdateVersion)
        } else if recovers_with_others {
            Verdict::Refuse(ErrorCode::InvalidRequest)
        } else if self.settings.features.ineligible_replicas_refused
            && !isr.iter().all(|id| self.context.is_live(id))
        {
            Verdict::Refuse(ErrorCode::IneligibleReplica)
        } else {
            let state = PartitionState { controller_epoch: self.context.epoch, ..wanted };
            Verdict::Write(Read { partition: proposal.partition, known }, state)
        }
    }

    pub(super) fn on_isrs_written(
        &mut self,
        asked: Vec<TopicPartition>,
        written: &[(Read, PartitionState)],
        mut given: Vec<IsrAnswer>,
        answers: &Answers,
        out: &mut Out,
    ) {
        let mut done = Vec::new();
        for ((read, state), answer) in written.iter().zip(answers) {
            let partition = read.partition;
            match outcome(answer) {
                Outcome::Done(stat) => {
                    self.context.put_leadership(partition, *state, stat.version);
                    done.push(partition);
                    let version = crate::id::PartitionEpoch(stat.version);
                    given.push(accepted(partition, &Leadership { state: *state, version }));
                    out.note(Note::IsrChanged {
                        partition,
                        old: read.known.state.isr,
                        new: state.isr,
                        partition_epoch: version,
                        reason: self.thread.reason,
                    });
                }
                Outcome::Refused(error) => {
                    let error = match self.is_conflict(read, error, out) {
                        true => ErrorCode::InvalidUpdateVersion,
                        false => ErrorCode::UnknownServerError,
                    };
                    let refused = accepted(partition, &Leadership { ..read.known });
                    given.push(IsrAnswer { error, ..refused });
                }
                Outcome::Moved => return self.controller_moved(out),
            }
        }
        given.sort_by_key(|answer| answer.partition);
        let moving = done.iter().filter(|id| self.context.reassigning.contains(id));
        let complete: Vec<Step> = moving.map(|&id| Step::MaybeCompleteReassignment(id)).collect();
        let brokers = self.context.live_or_shutting_down();
        let answer = [
            Step::RefreshIsrs(done),
            Step::UpdateMetadata(brokers, asked),
            Step::AnswerAlterPartition(given),
        ];
        self.thread.push(answer.into_iter().chain(complete).collect::<Vec<Step>>());
    }

    pub(super) fn answer_alter_partition(&mut self, partitions: Vec<IsrAnswer>, out: &mut Out) {
        if let Some(Asker::AlterPartition(node, correlation)) = self.thread.asker.take() {
            let response = AlterPartitionResponse { error: ErrorCode::None, partitions };
            out.respond(node, correlation, Message::AlterPartitionResponse(response));
        }
        self.thread.reason = ChangeReason::Reassignment;
    }

    /// `doControlledShutdown`: its leaders move, it stops following, it leaves the ISRs.
    pub(super) fn begin_controlled_shutdown(&mut self, request: ControlledShutdownRequest, io: &mut Io<'_>) {
        let broker = request.broker;
        let Some(known) = self.context.live_brokers.get(&broker).map(|known| known.epoch) else {
            return self.refuse_asker(ErrorCode::BrokerNotAvailable, io.out);
        };
        if request.broker_epoch.is_some_and(|epoch| epoch < known) {
            return self.refuse_asker(ErrorCode::StaleBrokerEpoch, io.out);
        }
        self.thread.reason = ChangeReason::ControlledShutdown;
        if self.context.shutting_down.insert(broker) {
            io.out.note(Note::ControlledShutdownBegan { broker });
        }
        let (mut led, mut followed) = (Vec::new(), Vec::new());
        for (&id, partition) in &self.context.partitions {
            let replicas = partition.assignment.replicas;
            if replicas.contains(broker) && replicas.len() > 1 && partition.leadership.is_some() {
                let role = if partition.leader() == Some(broker) { &mut led } else { &mut followed };
                role.push(id);
            }
        }
        let target = PartitionTarget::Online(Strategy::ControlledShutdown);
        self.thread.push([
            Step::Partitions(led, target),
            Step::StopReplicas(broker, followed.clone()),
            Step::Replicas([(broker, followed)].into(), ReplicaTarget::Offline),
            Step::AnswerShutdown(broker),
        ]);
    }

    pub(super) fn stop_replicas(&mut self, broker: NodeId, partitions: &[TopicPartition]) {
        for &id in partitions {
            self.batch.add_stop_replica(&self.context, broker, id, false);
        }
        self.thread.push([Step::SendBatch]);
    }

    /// The broker hears what it still leads.
    pub(super) fn answer_shutdown(&mut self, broker: NodeId, out: &mut Out) {
        let remaining = self.context.led_by(broker);
        if remaining.is_empty() {
            out.note(Note::ShutdownAllowed { broker });
        }
        if let Some(Asker::ControlledShutdown(node, correlation)) = self.thread.asker.take() {
            let response = ControlMessage::ControlledShutdownResponse(ErrorCode::None, remaining);
            out.respond(node, correlation, Message::Control(Box::new(response)));
        }
    }

    /// `processReplicaLeaderElection`, asked for by an administrator.
    pub(super) fn begin_replica_election(&mut self, id: TopicPartition, unclean: bool, io: &mut Io<'_>) {
        self.thread.reason = match unclean {
            true => ChangeReason::UncleanElection,
            false => ChangeReason::PreferredElection,
        };
        let Some(partition) = self.context.partitions.get(&id) else {
            return self.refuse_election(id, ErrorCode::UnknownTopicOrPartition, io.out);
        };
        let needed = match unclean {
            true => !self.has_live_leader(id),
            false => partition.leader() != partition.assignment.replicas.first(),
        };
        if !needed {
            return self.refuse_election(id, ErrorCode::ElectionNotNeeded, io.out);
        }
        let strategy = match unclean {
            true => Strategy::OfflinePartition { allow_unclean: true },
            false => Strategy::PreferredReplica,
        };
        let target = PartitionTarget::Online(strategy);
        self.thread.push([Step::Partitions([id].into(), target), Step::AnswerElection(id, unclean)]);
    }

    pub(super) fn answer_election(&mut self, id: TopicPartition, unclean: bool, out: &mut Out) {
        if self.thread.elected == 0 {
            let error = match unclean {
                true => ErrorCode::EligibleLeadersNotAvailable,
                false => ErrorCode::PreferredLeaderNotAvailable,
            };
            return self.refuse_election(id, error, out);
        }
        if let Some(Asker::Call(call)) = self.thread.asker.take() {
            out.reply(call, node::Outcome::Done);
        }
    }

    fn refuse_election(&mut self, partition: TopicPartition, error: ErrorCode, out: &mut Out) {
        out.note(Note::ElectionRefused { partition, error });
        self.refuse_asker(error, out);
    }

    /// `processAllocateProducerIds`.
    pub(super) fn begin_producer_ids(&mut self, request: AllocateProducerIdsRequest, io: &mut Io<'_>) {
        if !self.context.live_brokers.contains_key(&request.broker) {
            self.refuse_asker(ErrorCode::BrokerIdNotRegistered, io.out);
        } else if self.is_current_life(request.broker, request.broker_epoch) {
            self.thread.push([Step::AllocateProducerIds(request.broker)]);
        } else {
            self.refuse_asker(ErrorCode::StaleBrokerEpoch, io.out);
        }
    }

    pub(super) fn read_producer_ids(&mut self, broker: NodeId, io: &mut Io<'_>) {
        let request = ZkRequest::GetData(Path::ProducerIdBlock, false);
        self.ask([request].into(), Then::ProducerIdsRead(broker), io);
    }

    /// The next block begins where the last one ends.
    pub(super) fn on_producer_ids_read(&mut self, broker: NodeId, answers: &Answers, io: &mut Io<'_>) {
        let data =
            |end: u64| Data::ProducerIds { broker, end: Offset(end + u64::from(PRODUCER_ID_BLOCK_SIZE)) };
        let (start, op) = match answers.first() {
            Some(Ok(ZkReply::Data(Data::ProducerIds { end, .. }, stat))) => {
                (end.0, Op::SetData(Path::ProducerIdBlock, data(end.0), Some(stat.version)))
            }
            Some(Ok(ZkReply::Data(_, stat))) => {
                (0, Op::SetData(Path::ProducerIdBlock, data(0), Some(stat.version)))
            }
            Some(Err(ZooKeeperError::NoNode)) => {
                (0, Op::Create(Path::ProducerIdBlock, data(0), CreateMode::Persistent))
            }
            _ => return self.refuse_asker(ErrorCode::UnknownServerError, io.out),
        };
        let next = u32::try_from(start).ok().and_then(|start| start.checked_add(PRODUCER_ID_BLOCK_SIZE));
        if next.is_none_or(|next| next == ProducerId::NONE.0) {
            return self.refuse_asker(ErrorCode::UnknownServerError, io.out);
        }
        self.ask([ZkRequest::Write(op)].into(), Then::ProducerIdsWritten(broker, start as u32), io);
    }

    pub(super) fn on_producer_ids_written(
        &mut self,
        broker: NodeId,
        start: u32,
        answers: &Answers,
        out: &mut Out,
    ) {
        match answers.first().map(outcome) {
            Some(Outcome::Done(_)) => {
                let (start, len) = (ProducerId(start), PRODUCER_ID_BLOCK_SIZE);
                out.note(Note::ProducerIdsAllocated { broker, start, len });
                if let Some(Asker::ProducerIds(node, correlation)) = self.thread.asker.take() {
                    let response = AllocateProducerIdsResponse { error: ErrorCode::None, start, len };
                    out.respond(node, correlation, Message::AllocateProducerIdsResponse(response));
                }
            }
            // Somebody else has taken it: the next one.
            Some(Outcome::Refused(ZooKeeperError::BadVersion | ZooKeeperError::NodeExists)) => {
                self.thread.push([Step::AllocateProducerIds(broker)]);
            }
            Some(Outcome::Refused(_) | Outcome::Moved) | None => {
                self.refuse_asker(ErrorCode::UnknownServerError, out);
            }
        }
    }
}

fn accepted(partition: TopicPartition, known: &Leadership) -> IsrAnswer {
    IsrAnswer {
        partition,
        error: ErrorCode::None,
        leader: known.state.leader,
        leader_epoch: known.state.leader_epoch,
        isr: known.state.isr,
        leader_recovery_state: known.state.recovery,
        partition_epoch: known.version,
    }
}
