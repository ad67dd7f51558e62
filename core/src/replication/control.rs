//! What a controller of the ZooKeeper era tells replicas directly: lead, follow, stop.
//!
//! A broker on ZooKeeper has two views: its replicas do what LeaderAndIsr says, clients are told what UpdateMetadata
//! said last. Here is the first; the image is the second.
//!
//! Keeps: a request of an older controller is refused whole; a partition takes only a leader epoch above the one that
//! it knows. So a request that is late or doubled does no harm.
//! Source: `ReplicaManager.becomeLeaderOrFollower`, `makeLeaders`, `makeFollowers`, `stopReplicas` (3.9); KAFKA-1188,
//! KIP-570.
//!
//! Left out: topic ids in the request, `KAFKA_STORAGE_ERROR` for replicas on a broken log directory; strays, which 3.9
//! removes only when a controller of KRaft asks with a full request.

use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Role};
use crate::id::{LeaderEpoch, NodeId, NodeList, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::record::PartitionRegistration;
use crate::time::Time;
use crate::wire::{ControlMessage, ErrorCode, LeaderAndIsrRequest, PartitionInfo, StopReplicaRequest};
use alloc::vec::Vec;

impl PartitionInfo {
    /// The same as a registration: the version of the znode is the partition epoch, and there is no ELR.
    pub const fn registration(&self) -> PartitionRegistration {
        PartitionRegistration {
            replicas: self.assignment.replicas,
            isr: self.state.isr,
            removing: self.assignment.removing,
            adding: self.assignment.adding,
            elr: NodeList::EMPTY,
            last_known_elr: NodeList::EMPTY,
            leader: self.state.leader,
            recovery: self.state.recovery,
            leader_epoch: self.state.leader_epoch,
            partition_epoch: self.partition_epoch,
        }
    }
}

impl ReplicaManager {
    /// The highest epoch of a controller that it has obeyed.
    pub const fn controller_epoch(&self) -> u32 {
        self.controller_epoch
    }

    /// Whether a controller of this epoch is obeyed: not when a later one has spoken (KAFKA-1188).
    pub fn accepts_controller(&mut self, from: NodeId, epoch: u32, out: &mut Out) -> bool {
        if epoch < self.controller_epoch && self.settings.features.controller_epoch_in_requests {
            out.note(Note::ControllerRefused { controller: from, epoch, known: self.controller_epoch });
            return false;
        }
        self.controller_epoch = epoch;
        true
    }

    /// Leads and follows as the controller says. Returns the answer, and which partitions changed.
    pub fn become_leader_or_follower(
        &mut self,
        now: Time,
        image: &Image,
        ctx: Ctx,
        request: &LeaderAndIsrRequest,
        out: &mut Out,
    ) -> (ControlMessage, Vec<TopicPartition>) {
        let stamp = request.stamp;
        if !self.accepts_controller(stamp.controller, stamp.controller_epoch, out) {
            let refused = ControlMessage::LeaderAndIsrResponse(ErrorCode::StaleControllerEpoch, Vec::new());
            return (refused, Vec::new());
        }
        let mut answers = Vec::with_capacity(request.partitions.len());
        let (mut lead, mut follow) = (Vec::new(), Vec::new());
        for info in &request.partitions {
            let error = self.refuses(info);
            answers.push((info.partition, error));
            match info.state.leader {
                _ if !error.is_none() => {}
                Some(leader) if leader == self.me => lead.push(info),
                _ => follow.push(info),
            }
        }
        for info in &lead {
            self.make_leader(now, image, info.partition, &info.registration(), out);
            self.remember_controller(info);
        }
        for info in &follow {
            // Only when the leader is known to live: else the replica goes on with what it did.
            if info.state.leader.is_some_and(|leader| image.brokers.contains_key(&leader)) {
                self.make_follower(image, info.partition, &info.registration(), out);
                self.remember_controller(info);
            } else {
                self.disk.replicas.entry(info.partition).or_default();
            }
        }
        self.complete_deletes(image, out);
        self.settle_fetchers(now, ctx, out);
        self.serve_held_back(now, image, out);
        let changed = lead.into_iter().chain(follow).map(|info| info.partition).collect();
        (ControlMessage::LeaderAndIsrResponse(ErrorCode::None, answers), changed)
    }

    /// Why it does not act upon what it is told of a partition, if it does not.
    fn refuses(&self, info: &PartitionInfo) -> ErrorCode {
        let known = self.partitions.get(&info.partition).map(|partition| partition.leader_epoch);
        if known.is_some_and(|known| info.state.leader_epoch <= known) {
            ErrorCode::StaleControllerEpoch
        } else if !info.assignment.replicas.contains(self.me) {
            ErrorCode::UnknownTopicOrPartition
        } else {
            ErrorCode::None
        }
    }

    fn remember_controller(&mut self, info: &PartitionInfo) {
        if let Some(partition) = self.partitions.get_mut(&info.partition) {
            partition.controller_epoch = info.state.controller_epoch;
        }
    }

    /// Follows no more, and deletes the log where the controller says so. Returns the answer, and which partitions it
    /// has let go.
    pub fn stop_replicas(
        &mut self,
        now: Time,
        image: &Image,
        ctx: Ctx,
        request: &StopReplicaRequest,
        out: &mut Out,
    ) -> (ControlMessage, Vec<TopicPartition>) {
        let stamp = request.stamp;
        if !self.accepts_controller(stamp.controller, stamp.controller_epoch, out) {
            let refused = ControlMessage::StopReplicaResponse(ErrorCode::StaleControllerEpoch, Vec::new());
            return (refused, Vec::new());
        }
        let mut answers = Vec::with_capacity(request.partitions.len());
        let mut stopped = Vec::new();
        for &(id, epoch, deletes) in &request.partitions {
            if self.knows_later_epoch(id, epoch) {
                answers.push((id, ErrorCode::FencedLeaderEpoch));
                continue;
            }
            answers.push((id, ErrorCode::None));
            stopped.push(id);
            let deleted = deletes && self.disk.replicas.contains_key(&id);
            if deleted || self.fetches(id) {
                out.note(Note::ReplicaStopped { partition: id, deleted });
            }
            self.leave_fetcher(id);
            if deletes {
                self.delete(image, id, out);
            }
        }
        self.complete_deletes(image, out);
        self.settle_fetchers(now, ctx, out);
        self.serve_held_back(now, image, out);
        (ControlMessage::StopReplicaResponse(ErrorCode::None, answers), stopped)
    }

    fn fetches(&self, id: TopicPartition) -> bool {
        let role = self.partitions.get(&id).map(|partition| &partition.role);
        matches!(role, Some(Role::Follower(following)) if following.fetch != FetchState::Idle)
    }

    /// Whether the request is about an epoch that is over (KIP-570); one that names none is obeyed.
    fn knows_later_epoch(&self, id: TopicPartition, epoch: Option<LeaderEpoch>) -> bool {
        let known = self.partitions.get(&id).map(|partition| partition.leader_epoch);
        epoch.is_some_and(|epoch| known.is_some_and(|known| epoch < known))
    }
}
