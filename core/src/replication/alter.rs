//! ISR changes on their way to the controller, or into ZooKeeper ([`super::isr_write`]).
//!
//! Keeps: one request of this broker in flight for all partitions, one item per partition; an item leaves only
//! when the controller answered it, or a request-level error is retried for ever. Only an answer to the very
//! state that is still pending counts.
//! Source: `DefaultAlterPartitionManager`, `Partition.submitAlterPartition`, `handleAlterPartitionError`,
//! `handleAlterPartitionUpdate` (KIP-497).

use super::isr::IsrState;
use super::leader::LeaderState;
use super::manager::{Ctx, ReplicaManager};
use super::partition::{Partition, Role};
use crate::id::{BrokerEpoch, Correlation, NodeId, TopicPartition};
use crate::metadata::image::Image;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::record::LeaderRecoveryState;
use crate::switches::Features;
use crate::time::{Span, Time};
use crate::wire::{
    AlterPartitionRequest, AlterPartitionResponse, ErrorCode, IsrAnswer, IsrProposal, Message,
};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Wait before a request is sent again after a request-level error.
pub const RETRY_BACKOFF: Span = Span::millis(50);
/// `controller.socket.timeout.ms`: how long a broker waits for an answer of the controller.
pub const REQUEST_TIMEOUT: Span = Span::millis(30_000);

/// What waits to be sent or answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionManager {
    pub(super) items: BTreeMap<TopicPartition, Item>,
    in_flight: Option<(NodeId, Correlation)>,
    /// Whom requests go to until it breaks off or says that it is not the controller, whatever the broker has learned
    /// from the metadata meanwhile (`NodeToControllerChannelManager`, a channel of its own).
    controller: Option<NodeId>,
}

/// One partition's proposal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Item {
    /// The pending state for which it was made.
    pub(super) state: IsrState,
    pub(super) proposal: IsrProposal,
    /// Whether it is part of the request in flight.
    pub(super) sent: bool,
}

impl AlterPartitionManager {
    /// The proposals that the controller has not answered.
    pub fn proposals(&self) -> impl Iterator<Item = &IsrProposal> + '_ {
        self.items.values().map(|item| &item.proposal)
    }

    /// The controller that a request is in flight to.
    pub fn in_flight_to(&self) -> Option<NodeId> {
        self.in_flight.map(|(controller, _)| controller)
    }

    pub(super) fn waits_for(&self, node: NodeId) -> bool {
        self.in_flight_to() == Some(node)
    }

    /// The connection to `node` broke.
    pub(super) fn forget_controller(&mut self, node: NodeId) {
        self.controller.take_if(|controller| *controller == node);
    }
}

impl ReplicaManager {
    /// Proposes that `joining` enters the ISR. Not while an earlier item of the partition is unanswered: Kafka
    /// refuses such a second one with `OPERATION_NOT_ATTEMPTED` and rolls back at once.
    pub(super) fn propose_expand(
        &mut self,
        id: TopicPartition,
        joining: NodeId,
        ctx: Ctx,
        out: &mut Out,
    ) -> bool {
        let Some(partition) = self.partitions.get_mut(&id) else { return false };
        let hw = partition.hw;
        let Role::Leader(leader) = &mut partition.role else { return false };
        if self.alter.items.contains_key(&id) {
            return false;
        }
        let isr = leader.isr.committed();
        let leo = leader.follower(joining).and_then(|follower| follower.leo).unwrap_or_default();
        leader.isr = IsrState::PendingExpand { isr, joining };
        out.note(Note::IsrExpandProposed { partition: id, joining, isr, leo, hw });
        self.submit(id, ctx);
        true
    }

    /// Looks for lagging members of the ISR of every partition that is led here.
    pub(super) fn on_isr_check(&mut self, now: Time, image: &Image, ctx: Ctx, out: &mut Out) {
        let limit = self.settings.replica_lag_time_max;
        let ids: Vec<TopicPartition> = self.partitions.keys().copied().collect();
        for id in ids {
            self.maybe_shrink(now, id, limit, ctx, out);
            if !self.settings.features.shrink_waits_for_answer {
                self.reconsider_hw(now, image, id, out);
            }
        }
        self.propagate_isr_changes(ctx, out);
        out.arm(Timer::IsrCheck, limit / 2);
    }

    fn maybe_shrink(&mut self, now: Time, id: TopicPartition, limit: Span, ctx: Ctx, out: &mut Out) {
        let Some(leo) = self.disk.replicas.get(&id).map(|log| log.leo()) else { return };
        let Some(Role::Leader(leader)) = self.partitions.get_mut(&id).map(|p| &mut p.role) else { return };
        let (lagging, silent) = leader.out_of_sync(self.me, leo, now, limit);
        if lagging.is_empty() || self.alter.items.contains_key(&id) {
            return;
        }
        let isr = leader.isr.committed();
        leader.isr = IsrState::PendingShrink { isr, out: lagging };
        out.note(Note::IsrShrinkProposed { partition: id, out: lagging, isr, silent, limit });
        self.submit(id, ctx);
    }

    /// Moves the high watermark if it may move, and answers who waited for it.
    pub(super) fn reconsider_hw(&mut self, now: Time, image: &Image, id: TopicPartition, out: &mut Out) {
        let Some(leo) = self.disk.replicas.get(&id).map(|log| log.leo()) else { return };
        let Some(partition) = self.partitions.get_mut(&id) else { return };
        if partition.maybe_increment_hw(id, leo, now, image, &self.settings, out) {
            self.complete_delayed_requests(image, id, out);
        }
    }

    /// Queues the pending state of a partition.
    fn submit(&mut self, id: TopicPartition, ctx: Ctx) {
        let Some(partition) = self.partitions.get(&id) else { return };
        let Role::Leader(leader) = &partition.role else { return };
        let mut proposal = IsrProposal {
            partition: id,
            leader_epoch: partition.leader_epoch,
            new_isr: leader.isr.proposed().iter().map(|member| (member, None)).collect(),
            // A leader that came from an unclean election counts itself as recovered from the start.
            leader_recovery_state: LeaderRecoveryState::Recovered,
            partition_epoch: partition.partition_epoch,
        };
        read_epochs(&mut proposal, (self.me, ctx.broker_epoch), leader, &self.settings.features);
        self.alter.items.insert(id, Item { state: leader.isr, proposal, sent: false });
    }

    /// Sends everything that waits, unless a request is in flight or there is nobody to send it to.
    pub(super) fn propagate_isr_changes(&mut self, ctx: Ctx, out: &mut Out) {
        let controller = self.alter.controller.or(ctx.controller);
        let (Some(controller), Some(broker_epoch)) = (controller, ctx.broker_epoch) else { return };
        let waits = self.alter.items.is_empty() || self.alter.in_flight.is_some();
        if waits || self.writes_isr() {
            return;
        }
        self.alter.controller = Some(controller);
        let correlation = self.take_correlation();
        let mut partitions = Vec::with_capacity(self.alter.items.len());
        for (id, item) in &mut self.alter.items {
            item.sent = true;
            if !self.settings.features.broker_epoch_read_once
                && let Some(leader) = self.partitions.get(id).and_then(Partition::as_leader)
            {
                let me = (self.me, ctx.broker_epoch);
                read_epochs(&mut item.proposal, me, leader, &self.settings.features);
            }
            partitions.push(item.proposal.clone());
        }
        self.alter.in_flight = Some((controller, correlation));
        let request = AlterPartitionRequest { broker: self.me, broker_epoch, partitions };
        out.send(controller, correlation, Message::AlterPartitionRequest(request));
        out.disarm(Timer::AlterPartitionRetry);
        out.arm(Timer::AlterPartitionRequest, REQUEST_TIMEOUT);
    }

    /// The request got no answer, or not from the active controller: it will be sent again, to whoever that is then.
    pub(super) fn on_alter_partition_failed(&mut self, out: &mut Out) {
        self.alter.controller = None;
        self.send_again_later(out);
    }

    fn send_again_later(&mut self, out: &mut Out) {
        if self.alter.in_flight.take().is_none() {
            return;
        }
        for item in self.alter.items.values_mut() {
            item.sent = false;
        }
        out.disarm(Timer::AlterPartitionRequest);
        out.arm(Timer::AlterPartitionRetry, RETRY_BACKOFF);
    }

    pub(super) fn on_alter_partition_response(
        &mut self,
        now: Time,
        image: &Image,
        ctx: Ctx,
        (from, correlation): (NodeId, Correlation),
        response: AlterPartitionResponse,
        out: &mut Out,
    ) {
        if self.alter.in_flight != Some((from, correlation)) {
            return;
        }
        // One partition with NOT_CONTROLLER is enough for the channel to look for another controller.
        let astray = |answer: &IsrAnswer| answer.error == ErrorCode::NotController;
        if response.error == ErrorCode::NotController || response.partitions.iter().any(astray) {
            return self.on_alter_partition_failed(out);
        }
        if !response.error.is_none() {
            return self.send_again_later(out);
        }
        self.alter.in_flight = None;
        out.disarm(Timer::AlterPartitionRequest);
        for answer in &response.partitions {
            if self.alter.items.get(&answer.partition).is_some_and(|item| item.sent)
                && let Some(item) = self.alter.items.remove(&answer.partition)
            {
                self.on_isr_answer(now, image, item, answer, out);
            }
        }
        // A partition that the answer left out stays and is sent again.
        for item in self.alter.items.values_mut() {
            item.sent = false;
        }
        self.propagate_isr_changes(ctx, out);
    }

    /// The controller answered one proposal.
    fn on_isr_answer(&mut self, now: Time, image: &Image, item: Item, answer: &IsrAnswer, out: &mut Out) {
        let id = answer.partition;
        let Some(partition) = self.partitions.get_mut(&id) else { return };
        if !is_still_pending(partition, &item) {
            return;
        }
        if answer.error.is_none() {
            if partition.accept_isr(answer, out) && self.settings.features.hw_after_isr_change {
                self.reconsider_hw(now, image, id, out);
            }
            return;
        }
        out.note(Note::IsrChangeRejected { partition: id, error: answer.error });
        match Rejection::of(answer.error) {
            Rejection::RollBack => partition.roll_back_isr(),
            Rejection::AwaitMetadata => {}
            Rejection::Retry => {
                self.alter.items.insert(id, Item { sent: false, ..item });
            }
        }
    }
}

/// Names the broker epoch of each member as the leader knows it, if it names any (KIP-903). When that is done twice, a
/// fetch in between can make an old decision look new (KAFKA-15221).
fn read_epochs(
    proposal: &mut IsrProposal,
    (me, mine): (NodeId, Option<BrokerEpoch>),
    leader: &LeaderState,
    features: &Features,
) {
    for (member, epoch) in proposal.new_isr.iter_mut().filter(|_| features.broker_epoch_checked) {
        let known = leader.follower(*member).and_then(|follower| follower.broker_epoch);
        *epoch = if *member == me { mine } else { known };
    }
}

/// What a leader does when the controller refused its proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rejection {
    /// The controller says that nothing was changed and that the partition epoch was right.
    RollBack,
    /// The own view is outdated, or the change may have happened: metadata will tell.
    AwaitMetadata,
    /// Nobody knows what happened.
    Retry,
}

impl Rejection {
    const fn of(error: ErrorCode) -> Rejection {
        match error {
            ErrorCode::OperationNotAttempted | ErrorCode::IneligibleReplica => Rejection::RollBack,
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::NewLeaderElected => Rejection::AwaitMetadata,
            _ => Rejection::Retry,
        }
    }
}

pub(super) fn is_still_pending(partition: &Partition, item: &Item) -> bool {
    let pending = partition.as_leader().is_some_and(|leader| leader.isr == item.state);
    pending
        && partition.leader_epoch == item.proposal.leader_epoch
        && partition.partition_epoch == item.proposal.partition_epoch
}

impl Partition {
    /// Takes over the ISR of a positive answer, unless this replica knows something newer.
    pub(super) fn accept_isr(&mut self, answer: &IsrAnswer, out: &mut Out) -> bool {
        if answer.leader_epoch != self.leader_epoch || answer.partition_epoch < self.partition_epoch {
            return false;
        }
        let Role::Leader(leader) = &mut self.role else { return false };
        leader.isr = IsrState::Committed { isr: answer.isr };
        self.partition_epoch = answer.partition_epoch;
        out.note(Note::IsrChangeAccepted {
            partition: answer.partition,
            isr: answer.isr,
            partition_epoch: answer.partition_epoch,
        });
        true
    }

    pub(super) fn roll_back_isr(&mut self) {
        if let Role::Leader(leader) = &mut self.role {
            leader.isr = IsrState::Committed { isr: leader.isr.committed() };
        }
    }
}
