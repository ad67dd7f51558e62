//! A member's requests: which partition answers for its group, and which of the group's rules they go to.

use super::changes::{self, Cause};
use super::groups::{Group, Members, Section};
use super::{GroupCoordinator, Host, OFFSETS_TOPIC, catalogue};
use crate::config::Settings;
use crate::group::record::member_id;
use crate::group::{Asker, ClassicGroup, ConsumerGroup, partition_for};
use crate::id::{NodeId, Text, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::time::Time;
use crate::wire::{
    ConsumerGroupHeartbeatResponse, Envelope, ErrorCode, FindCoordinatorResponse, GroupMessage,
    JoinGroupResponse, MemberEpoch, Message, OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse,
    SyncGroupResponse,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

impl GroupCoordinator {
    /// A request arrives; answers are nobody's here.
    pub fn on_message(&mut self, now: Time, host: &mut Host<'_>, envelope: Envelope, out: &mut Out) {
        let Message::Group(message) = envelope.message else { return };
        let message = *message;
        let asker = Asker { node: envelope.from, correlation: envelope.correlation };
        if let GroupMessage::FindCoordinatorRequest(group) = message {
            let response = self.find(host.image, group);
            asker.answer(GroupMessage::FindCoordinatorResponse(response), out);
            return;
        }
        let Some(name) = group_of(&message) else { return };
        let id = match self.shard_of(host.image, name) {
            Ok(id) => id,
            Err(error) => return asker.answer(refusal(&message, error), out),
        };
        let settings = Arc::clone(&self.settings);
        let Some(shard) = self.shards.get_mut(&id) else { return };
        let group = shard.groups.entry(name).or_default();
        let before = group.clone();
        let mut inner = Out { effects: Vec::new(), dice: mem::take(&mut out.dice) };
        group.handle(now, asker, name, &message, (host.image, &settings), &mut inner);
        out.dice = mem::take(&mut inner.dice);
        if *group == Group::default() {
            shard.groups.remove(&name);
            self.defer(now, id, None, inner, out);
            return;
        }
        let after = group.clone();
        match self.write(now, id, name, host, out) {
            Ok(end) => {
                changes::tell(name, &before, &after, Cause::Request, out);
                let deadline = now + settings.offsets_commit_timeout;
                if let Some(group) = self.group(id, name) {
                    group.store(end.unwrap_or_default(), deadline);
                }
                self.defer(now, id, end, inner, out);
            }
            Err(error) => {
                if let Some(group) = self.group(id, name) {
                    *group = before;
                }
                asker.answer(refusal(&message, append_error(error)), out);
            }
        }
    }

    /// The partition that keeps this group, if this broker answers for it.
    fn shard_of(&self, image: &Image, group: Text) -> Result<TopicPartition, ErrorCode> {
        let id = self.partition_of(image, group).ok_or(ErrorCode::NotCoordinator)?;
        match self.shards.get(&id) {
            None => Err(ErrorCode::NotCoordinator),
            Some(shard) if shard.loading.is_some() => Err(ErrorCode::CoordinatorLoadInProgress),
            Some(_) => Ok(id),
        }
    }

    fn partition_of(&self, image: &Image, group: Text) -> Option<TopicPartition> {
        match self.partitions {
            None => partition_of(image, group),
            Some(count) => {
                let topic = image.topic_named(OFFSETS_TOPIC)?;
                Some(TopicPartition { topic, partition: partition_for(group, count) })
            }
        }
    }

    /// Who coordinates this group: whoever leads its partition, if that broker lives.
    fn find(&self, image: &Image, group: Text) -> FindCoordinatorResponse {
        let leader = self.partition_of(image, group).and_then(|id| image.partitions.get(&id)?.leader);
        match leader.filter(|leader| image.alive_brokers().contains(*leader)) {
            Some(leader) => FindCoordinatorResponse { error: ErrorCode::None, coordinator: Some(leader) },
            None => FindCoordinatorResponse { error: ErrorCode::CoordinatorNotAvailable, coordinator: None },
        }
    }
}

/// The partition of `__consumer_offsets` that keeps this group; `None` when there is no such topic.
pub fn partition_of(image: &Image, group: Text) -> Option<TopicPartition> {
    let topic = image.topic_named(OFFSETS_TOPIC)?;
    let first = TopicPartition { topic, partition: 0 };
    let last = TopicPartition { topic, partition: u16::MAX };
    let count = image.partitions.range(first..=last).count() as u16;
    Some(TopicPartition { topic, partition: partition_for(group, count) })
}

const fn group_of(message: &GroupMessage) -> Option<Text> {
    match message {
        GroupMessage::JoinGroupRequest(request) => Some(request.group),
        GroupMessage::SyncGroupRequest(request) => Some(request.group),
        GroupMessage::HeartbeatRequest(request) => Some(request.group),
        GroupMessage::LeaveGroupRequest(request) => Some(request.group),
        GroupMessage::ConsumerGroupHeartbeatRequest(request) => Some(request.group),
        GroupMessage::OffsetCommitRequest(request) => Some(request.group),
        GroupMessage::OffsetFetchRequest(request) => Some(request.group),
        GroupMessage::FindCoordinatorRequest(group) => Some(*group),
        GroupMessage::FindCoordinatorResponse(_)
        | GroupMessage::JoinGroupResponse(_)
        | GroupMessage::SyncGroupResponse(_)
        | GroupMessage::HeartbeatResponse(_)
        | GroupMessage::LeaveGroupResponse(_)
        | GroupMessage::ConsumerGroupHeartbeatResponse(_)
        | GroupMessage::OffsetCommitResponse(_)
        | GroupMessage::OffsetFetchResponse(_) => None,
    }
}

/// The refusal of a request, or an answer of the same kind as this one.
pub(super) fn refusal(message: &GroupMessage, error: ErrorCode) -> GroupMessage {
    match message {
        GroupMessage::FindCoordinatorRequest(_) | GroupMessage::FindCoordinatorResponse(_) => {
            GroupMessage::FindCoordinatorResponse(FindCoordinatorResponse { error, coordinator: None })
        }
        GroupMessage::JoinGroupRequest(_) | GroupMessage::JoinGroupResponse(_) => {
            GroupMessage::JoinGroupResponse(JoinGroupResponse { error, ..JoinGroupResponse::default() })
        }
        GroupMessage::SyncGroupRequest(_) | GroupMessage::SyncGroupResponse(_) => {
            GroupMessage::SyncGroupResponse(SyncGroupResponse { error, assignment: Vec::new() })
        }
        GroupMessage::HeartbeatRequest(_) | GroupMessage::HeartbeatResponse(_) => {
            GroupMessage::HeartbeatResponse(error)
        }
        GroupMessage::LeaveGroupRequest(_) | GroupMessage::LeaveGroupResponse(_) => {
            GroupMessage::LeaveGroupResponse(error)
        }
        GroupMessage::ConsumerGroupHeartbeatRequest(_) | GroupMessage::ConsumerGroupHeartbeatResponse(_) => {
            GroupMessage::ConsumerGroupHeartbeatResponse(ConsumerGroupHeartbeatResponse {
                error,
                member: Text::default(),
                epoch: MemberEpoch::At(0),
                heartbeat_interval: crate::time::Span::ZERO,
                assignment: None,
            })
        }
        GroupMessage::OffsetCommitRequest(_) | GroupMessage::OffsetCommitResponse(_) => {
            GroupMessage::OffsetCommitResponse(error)
        }
        GroupMessage::OffsetFetchRequest(_) | GroupMessage::OffsetFetchResponse(_) => {
            GroupMessage::OffsetFetchResponse(OffsetFetchResponse { error, offsets: Vec::new() })
        }
    }
}

/// What a member is told when the log took nothing (`appendGroupMetadataErrorToResponseError`).
const fn append_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        other => other,
    }
}

impl Group {
    fn handle(
        &mut self,
        now: Time,
        asker: Asker,
        name: Text,
        message: &GroupMessage,
        (image, settings): (&Image, &Settings),
        out: &mut Out,
    ) {
        match message {
            GroupMessage::OffsetCommitRequest(request) => {
                let error = self.commit(request).err().unwrap_or(ErrorCode::None);
                asker.answer(GroupMessage::OffsetCommitResponse(error), out);
            }
            GroupMessage::OffsetFetchRequest(request) => {
                asker.answer(GroupMessage::OffsetFetchResponse(self.fetch(request)), out);
            }
            GroupMessage::ConsumerGroupHeartbeatRequest(request) => {
                let joins = request.epoch == MemberEpoch::At(0);
                match self.as_consumer(name, joins) {
                    Ok(group) => {
                        group.on_heartbeat(now, asker, request, &catalogue(image), settings, out);
                    }
                    Err(error) => asker.answer(refusal(message, error), out),
                }
            }
            _ => self.handle_classic(now, asker, name, message, settings, out),
        }
    }

    fn handle_classic(
        &mut self,
        now: Time,
        asker: Asker,
        name: Text,
        message: &GroupMessage,
        settings: &Settings,
        out: &mut Out,
    ) {
        let joins = matches!(message, GroupMessage::JoinGroupRequest(request) if request.member.is_empty());
        let group = match self.as_classic(name, joins) {
            Ok(group) => group,
            Err(error) => return asker.answer(refusal(message, error), out),
        };
        match message {
            GroupMessage::JoinGroupRequest(request) => {
                let fresh = fresh_id(group, asker.node, out);
                group.on_join(now, asker, request.clone(), fresh, settings, out);
            }
            GroupMessage::SyncGroupRequest(request) => {
                group.on_sync(now, asker, request.clone(), out);
            }
            GroupMessage::HeartbeatRequest(request) => group.on_heartbeat(now, asker, *request, out),
            GroupMessage::LeaveGroupRequest(request) => {
                group.on_leave(now, asker, *request, settings, out);
            }
            _ => {}
        }
    }

    /// The classic group, made when somebody joins.
    fn as_classic(&mut self, name: Text, joins: bool) -> Result<&mut ClassicGroup, ErrorCode> {
        let free = match &self.members {
            Members::Nobody => true,
            Members::Consumer(group) => group.members.is_empty(),
            Members::Classic(_) => false,
        };
        if free && joins {
            self.members = Members::Classic(ClassicGroup::new(name));
        }
        match &mut self.members {
            Members::Classic(group) => Ok(group),
            Members::Consumer(_) if joins => Err(ErrorCode::InconsistentGroupProtocol),
            Members::Consumer(_) | Members::Nobody => Err(ErrorCode::UnknownMemberId),
        }
    }

    /// The KIP-848 group, made when somebody joins.
    fn as_consumer(&mut self, name: Text, joins: bool) -> Result<&mut ConsumerGroup, ErrorCode> {
        let free = match &self.members {
            Members::Nobody => true,
            Members::Classic(group) => group.members.is_empty() && group.pending.is_empty(),
            Members::Consumer(_) => false,
        };
        if free && joins {
            self.members = Members::Consumer(ConsumerGroup::new(name));
        }
        match &mut self.members {
            Members::Consumer(group) => Ok(group),
            Members::Classic(_) | Members::Nobody => Err(ErrorCode::GroupIdNotFound),
        }
    }

    fn commit(&mut self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        match &self.members {
            Members::Nobody if request.generation.is_some() => return Err(ErrorCode::IllegalGeneration),
            Members::Nobody => {}
            Members::Classic(group) => group.check_commit(request)?,
            Members::Consumer(group) => group.check_commit(request)?,
        }
        for &(at, offset) in &request.offsets {
            self.offsets.insert(at, offset);
            // Written again also when it says the same as before (`OffsetMetadataManager.commitOffset`).
            self.written.remove(&Section::Offset(at));
        }
        Ok(())
    }

    fn fetch(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        let checked = match &self.members {
            Members::Consumer(group) => group.check_fetch(request),
            Members::Classic(_) | Members::Nobody => Ok(()),
        };
        match checked {
            Err(error) => OffsetFetchResponse { error, offsets: Vec::new() },
            Ok(()) => {
                let known = |&at: &TopicPartition| (at, self.offsets.get(&at).copied());
                let offsets = request.partitions.iter().map(known).collect();
                OffsetFetchResponse { error: ErrorCode::None, offsets }
            }
        }
    }
}

/// An id that nobody in the group has.
fn fresh_id(group: &ClassicGroup, consumer: NodeId, out: &mut Out) -> Text {
    let mut number = out.pick(10_000);
    loop {
        let id = member_id(consumer, number);
        if !group.members.contains_key(&id) && !group.pending.contains_key(&id) {
            return id;
        }
        number = (number + 1) % 100_000;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{BrokerEpoch, Incarnation, NodeList, Offset, TopicId};
    use crate::metadata::image::{BrokerRegistration, TopicImage};
    use crate::record::PartitionRegistration;
    use alloc::vec;

    /// Source: `OffsetMetadataManager.commitOffset`: every offset of the request becomes a record.
    #[test]
    fn an_offset_that_is_committed_again_is_written_again() {
        let at = TopicPartition { topic: TopicId(1), partition: 0 };
        let request =
            OffsetCommitRequest { offsets: vec![(at, Offset(7))], ..OffsetCommitRequest::default() };
        let mut group = Group::default();
        assert_eq!(group.commit(&request), Ok(()));
        let (first, written) = group.unwritten();
        group.written = written;
        assert_eq!((first.len(), group.unwritten().0.len()), (1, 0), "nothing is written twice by itself");
        assert_eq!(group.commit(&request), Ok(()));
        assert_eq!(group.unwritten().0, first);
    }

    /// `__consumer_offsets` as a broker knows it that was told of the first partition only.
    fn first_partition_only() -> Image {
        let (topic, broker) = (TopicId(0), NodeId::broker(1));
        let named = TopicImage {
            name: Text::new(OFFSETS_TOPIC).expect("a name"),
            min_insync_replicas: None,
            unclean_leader_election_enable: None,
        };
        let registered = BrokerRegistration {
            incarnation: Incarnation(0),
            broker_epoch: BrokerEpoch(1),
            fenced: false,
            in_controlled_shutdown: false,
        };
        let replicas: NodeList = [broker].into_iter().collect();
        let mut image = Image::default();
        image.topics.insert(topic, named);
        image.brokers.insert(broker, registered);
        let id = TopicPartition { topic, partition: 0 };
        image.partitions.insert(id, PartitionRegistration::new(replicas, replicas));
        image
    }

    /// Source: `GroupMetadataManager.groupMetadataTopicPartitionCount`, read once at the start.
    #[test]
    fn a_broker_on_zookeeper_looks_for_no_group_in_another_partition() {
        let image = first_partition_only();
        let settings = Arc::new(Settings { offsets_topic_num_partitions: 2, ..Settings::default() });
        let group = Text::new("billing").expect("a name");
        let in_kraft = GroupCoordinator::new(NodeId::broker(1), settings.clone());
        assert_eq!(in_kraft.find(&image, group).coordinator, Some(NodeId::broker(1)));
        let on_zookeeper = GroupCoordinator::new(NodeId::broker(1), settings).on_zookeeper();
        assert_eq!(on_zookeeper.find(&image, group).error, ErrorCode::CoordinatorNotAvailable);
    }
}
