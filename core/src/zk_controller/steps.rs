//! Which function does what: events into steps, steps and answers into calls.

use super::KafkaController;
use super::thread::{Answers, Asker, Event, Io, PartitionTarget, Step, Then, refuse};
use crate::node::Timer;
use crate::note::ChangeReason;
use crate::wire::ErrorCode;

impl KafkaController {
    /// An event's turn has come. Only a change of the controller means anything while this one is not active.
    pub(super) fn begin(&mut self, event: Event, io: &mut Io<'_>) {
        match event {
            Event::ControllerChange => self.thread.push([Step::MaybeResign]),
            Event::Reelect => self.thread.push([Step::MaybeResign, Step::Elect]),
            _ if !self.is_active() => {
                if let Some(asker) = self.thread.asker.take() {
                    refuse(asker, ErrorCode::NotController, io.out);
                }
            }
            Event::BrokerChange => self.thread.push([Step::ListBrokers { load: false }]),
            Event::TopicChange => self.thread.push([Step::ListTopics { load: false }]),
            Event::IsrChangeNotification => self.thread.push([Step::ListIsrChanges { handle: true }]),
            Event::ReassignmentIsrChange(id) => {
                self.thread.reason = ChangeReason::Reassignment;
                if self.context.reassigning.contains(&id) {
                    self.thread.push([Step::MaybeCompleteReassignment(id)]);
                }
            }
            Event::AutoPreferredElection => self.balance_leaders(),
            Event::TopicUncleanElectionEnable(topic) => {
                self.thread.reason = ChangeReason::UncleanElection;
                self.thread.push([Step::TriggerOnline(Some(topic))]);
            }
            Event::ControlledShutdown(_, request) => self.begin_controlled_shutdown(request, io),
            Event::AlterPartition(_, request) => self.begin_alter_partition(&request, io),
            Event::AllocateProducerIds(_, request) => self.begin_producer_ids(request, io),
            Event::ElectLeader(_, id, unclean) => self.begin_replica_election(id, unclean, io),
            Event::Reassign(_, id, target) => self.begin_reassignment(id, target, io),
        }
    }

    /// Does the next thing of an event.
    pub(super) fn perform(&mut self, step: Step, io: &mut Io<'_>) {
        match step {
            Step::MaybeResign => self.read_controller(io),
            Step::Elect => self.begin_election(io),
            Step::ListIsrChanges { handle } => self.list_isr_changes(handle, io),
            Step::ListBrokers { load } => self.list_brokers(load, io),
            Step::ListTopics { load } => self.list_topics(load, io),
            Step::ReadStates => self.read_all_states(io),
            Step::StartChannels => self.start_channels(io),
            Step::TellEverybody => self.tell_everybody(io.out),
            Step::StartReplicas => self.start_replicas(),
            Step::StartPartitions => self.start_partitions(),
            Step::ResumeReassignments(brokers) => self.resume_reassignments(brokers.as_deref()),
            Step::StartScheduler => self.start_scheduler(io.out),
            Step::Partitions(partitions, target) => match target {
                PartitionTarget::New => self.make_new(&partitions),
                PartitionTarget::Offline => self.make_offline(&partitions),
                PartitionTarget::Online(strategy) => self.make_online(&partitions, strategy, io),
            },
            Step::ElectLeaders(partitions, strategy) => self.elect_leaders(partitions, strategy, io),
            Step::TriggerOnline(topic) => self.trigger_online(topic),
            Step::Replicas(replicas, target) => self.handle_replicas(replicas, target),
            Step::ReplicasOf(broker, partitions, target) => {
                self.handle_replicas_of(broker, &partitions, target);
            }
            Step::RemoveFromIsr(broker, partitions) => self.remove_from_isr(broker, partitions, io),
            Step::StopReplicas(broker, partitions) => self.stop_replicas(broker, &partitions),
            Step::SetFull => self.batch.set_full(),
            Step::SendBatch => self.send_batch(io.out),
            Step::UpdateMetadata(brokers, partitions) => {
                self.batch.add_update_metadata(&self.context, brokers, partitions);
                self.send_batch(io.out);
            }
            Step::AddBrokers(brokers) => self.context.live_brokers.extend(brokers),
            Step::RemoveBrokers(brokers) => {
                self.context.live_brokers.retain(|id, _| !brokers.contains(id));
            }
            Step::BrokerStartup(brokers) => self.on_broker_startup(brokers, io.out),
            Step::BrokerFailure(brokers) => self.on_broker_failure(brokers, io.out),
            Step::OnReassignment(id, assignment) => self.on_reassignment(id, assignment),
            Step::CheckReassignment(id) => self.check_reassignment(id, true, io),
            Step::MaybeCompleteReassignment(id) => self.check_reassignment(id, false, io),
            Step::MoveLeaderIfRequired(id) => self.move_leader_if_required(id),
            Step::UpdateLeaderEpoch(id) => self.update_leader_epoch(id, io),
            Step::WriteAssignment(id, assignment) => self.write_assignment(id, assignment, io),
            Step::FinishReassignment(id) => self.finish_reassignment(id, io.out),
            Step::StopRemoved(id, removed) => self.stop_removed(id, &removed),
            Step::ScheduleBalance => {
                io.out.arm(Timer::LeaderBalance, self.settings.leader_imbalance_check_interval);
            }
            Step::DeleteIsrChanges(paths) => self.delete(&paths, io),
            Step::RefreshIsrs(partitions) => self.refresh(partitions, io),
            Step::AnswerShutdown(broker) => self.answer_shutdown(broker, io.out),
            Step::AnswerAlterPartition(answers) => self.answer_alter_partition(answers, io.out),
            Step::AnswerElection(id, unclean) => self.answer_election(id, unclean, io.out),
            Step::AnswerCall => {
                if let Some(Asker::Call(call)) = self.thread.asker.take() {
                    io.out.reply(call, crate::node::Outcome::Done);
                }
            }
            Step::AllocateProducerIds(broker) => self.read_producer_ids(broker, io),
        }
    }

    /// Goes on where an event had to wait for ZooKeeper.
    pub(super) fn answered(&mut self, then: Then, answers: Answers, io: &mut Io<'_>) {
        match then {
            Then::MaybeResign => self.maybe_resign(&answers, io.out),
            Then::Elect => self.go_on_with_election(&answers, io),
            Then::EpochRead => self.on_epoch_read(&answers, io),
            Then::EpochCreated => self.on_epoch_created(&answers, io),
            Then::Registered { epoch } => self.on_registered_as_controller(epoch, &answers, io),
            Then::CheckWon { epoch } => self.check_won(epoch, &answers, io),
            Then::IsrChangesListed { handle } => self.on_isr_changes_listed(handle, &answers, io),
            Then::IsrChangesRead(paths) => self.on_isr_changes_read(&paths, &answers, io.out),
            Then::BrokersListed { load } => self.on_brokers_listed(load, &answers, io),
            Then::BrokersRead { ids, load } => self.on_brokers_read(&ids, load, &answers, io.out),
            Then::TopicsListed { load } => self.on_topics_listed(load, &answers, io),
            Then::TopicsRead { ids, load } => self.on_topics_read(&ids, load, &answers, io.out),
            Then::StatesRead(partitions) => self.on_states_read(&partitions, &answers),
            Then::Deleted => self.on_deleted(&answers, io.out),
            Then::Initialized(states) => self.on_initialized(&states, &answers, io.out),
            Then::StatesForElection(partitions, strategy) => {
                self.on_states_for_election(&partitions, strategy, &answers, io);
            }
            Then::ConfigsForElection(reads, topics, strategy) => {
                self.on_configs_for_election(reads, &topics, strategy, &answers, io);
            }
            Then::ElectionWritten(written, strategy) => {
                self.on_election_written(written, strategy, &answers, io.out);
            }
            Then::StatesToShrink(broker, partitions) => {
                self.on_states_to_shrink(broker, &partitions, &answers, io);
            }
            Then::Shrunk(broker, written) => self.on_shrunk(broker, written, &answers, io.out),
            Then::ReassignmentChecked(id) => self.on_reassignment_checked(id, true, &answers),
            Then::ReassignmentMaybeComplete(id) => {
                self.on_reassignment_checked(id, false, &answers);
            }
            Then::StateForEpoch(id) => self.on_state_for_epoch(id, &answers, io),
            Then::EpochWritten(read, state) => self.on_epoch_written(&read, state, &answers, io.out),
            Then::AssignmentWritten(id, assignment) => {
                self.on_assignment_written(id, assignment, &answers, io.out);
            }
            Then::IsrsWritten { asked, written, answers: given } => {
                self.on_isrs_written(asked, &written, given, &answers, io.out);
            }
            Then::ProducerIdsRead(broker) => self.on_producer_ids_read(broker, &answers, io),
            Then::ProducerIdsWritten(broker, start) => {
                self.on_producer_ids_written(broker, start, &answers, io.out);
            }
        }
    }
}
