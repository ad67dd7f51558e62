//! All replicas of one broker: routes inputs, keeps partitions, fetchers, purgatories and the way to the
//! controller together.
//!
//! Keeps: what survives a crash is in `disk` and nowhere else; a response counts only when it carries the
//! correlation that is waited for, so late and doubled ones fall to the ground.
//! Source: `ReplicaManager.scala`.

use super::alter::AlterPartitionManager;
use super::disk::ReplicaDisk;
use super::fetcher::Fetcher;
use super::log_start::DelayedDelete;
use super::partition::Partition;
use super::produce::HeldProduce;
use super::purgatory::{DelayedFetch, DelayedProduce, Purgatory};
use super::rafts::{Question, RaftReplicas};
use crate::config::Settings;
use crate::id::{BrokerEpoch, Correlation, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::mode::MetadataPlane;
use crate::node::{Out, Timer};
use crate::time::Time;
use crate::wire::{Envelope, Message};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What the rest of the broker knows and replication needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ctx {
    /// The active controller, as far as this broker knows.
    pub controller: Option<NodeId>,
    /// The epoch under which this broker is registered.
    pub broker_epoch: Option<BrokerEpoch>,
}

/// The replicas of one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplicaManager {
    pub(super) me: NodeId,
    pub(super) settings: Arc<Settings>,
    /// Who keeps the metadata.
    pub(super) plane: MetadataPlane,
    /// What survives a crash.
    pub disk: ReplicaDisk,
    pub(super) partitions: BTreeMap<TopicPartition, Partition>,
    /// One fetcher per leader (`num.replica.fetchers` is 1).
    pub(super) fetchers: BTreeMap<NodeId, Fetcher>,
    pub(super) fetches: Purgatory<DelayedFetch>,
    pub(super) produces: Purgatory<DelayedProduce>,
    pub(super) deletes: Purgatory<DelayedDelete>,
    /// Produces that wait until an earlier one of their producer is answered, in order of arrival.
    pub(super) held_back: VecDeque<HeldProduce>,
    pub(super) alter: AlterPartitionManager,
    /// The Raft groups, where partitions are replicated by them.
    pub(super) rafts: Option<Box<RaftReplicas>>,
    pub(super) shutting_down: bool,
    /// See [`ReplicaManager::controller_epoch`]; 0 in KRaft.
    pub(super) controller_epoch: u32,
    next_correlation: Correlation,
}

impl ReplicaManager {
    /// The replicas of broker `me`, with what its disk holds. Nothing is led or followed before metadata comes.
    pub fn new(me: NodeId, settings: Arc<Settings>, mut disk: ReplicaDisk) -> ReplicaManager {
        disk.load();
        ReplicaManager {
            rafts: RaftReplicas::new(&settings).map(Box::new),
            me,
            settings,
            plane: MetadataPlane::KRaft,
            disk,
            partitions: BTreeMap::new(),
            fetchers: BTreeMap::new(),
            fetches: Purgatory::default(),
            produces: Purgatory::default(),
            deletes: Purgatory::default(),
            held_back: VecDeque::new(),
            alter: AlterPartitionManager::default(),
            shutting_down: false,
            controller_epoch: 0,
            next_correlation: Correlation(0),
        }
    }

    /// The same replicas on a broker whose metadata are kept there.
    #[must_use]
    pub const fn on_plane(mut self, plane: MetadataPlane) -> ReplicaManager {
        self.plane = plane;
        self
    }

    /// Starts the periodic tasks. Requests are numbered from the present microsecond on, so that no answer to
    /// an earlier life of this broker is ever taken for one of this life's: TCP would have lost it with its
    /// connection.
    pub fn boot(&mut self, now: Time, out: &mut Out) {
        self.next_correlation = Correlation(now.0 as u32);
        if self.rafts.is_none() {
            out.arm(Timer::IsrCheck, self.settings.replica_lag_time_max / 2);
        }
        out.arm(Timer::HwCheckpoint, self.settings.replica_high_watermark_checkpoint_interval);
        out.arm(Timer::ProducerIdExpiration, self.settings.producer_id_expiration_check_interval);
    }

    /// The hosted partitions.
    pub const fn partitions(&self) -> &BTreeMap<TopicPartition, Partition> {
        &self.partitions
    }

    /// One hosted partition.
    pub fn partition(&self, partition: TopicPartition) -> Option<&Partition> {
        self.partitions.get(&partition)
    }

    /// One hosted partition, to be changed: only tests that make up a bad state do that from outside.
    pub fn partition_mut(&mut self, partition: TopicPartition) -> Option<&mut Partition> {
        self.partitions.get_mut(&partition)
    }

    /// The Raft groups, where partitions are replicated by them (kafkaraft).
    pub fn rafts(&self) -> Option<&RaftReplicas> {
        self.rafts.as_deref()
    }

    /// The Raft groups, to be changed: only tests that make up a bad state do that from outside.
    pub fn rafts_mut(&mut self) -> Option<&mut RaftReplicas> {
        self.rafts.as_deref_mut()
    }

    /// The fetchers by leader.
    pub const fn fetchers(&self) -> &BTreeMap<NodeId, Fetcher> {
        &self.fetchers
    }

    /// Fetches that wait for records, with the keys of their timers.
    pub const fn delayed_fetches(&self) -> &Purgatory<DelayedFetch> {
        &self.fetches
    }

    /// Produces that wait for the high watermark, with the keys of their timers.
    pub const fn delayed_produces(&self) -> &Purgatory<DelayedProduce> {
        &self.produces
    }

    /// Deletions that wait for followers, with the keys of their timers.
    pub const fn delayed_deletes(&self) -> &Purgatory<DelayedDelete> {
        &self.deletes
    }

    /// ISR changes on their way to the controller.
    pub const fn alter_partition(&self) -> &AlterPartitionManager {
        &self.alter
    }

    /// From now on a replica that is out of the ISR, or has no leader, stops fetching
    /// (`beginControlledShutdown`).
    pub fn begin_controlled_shutdown(&mut self) {
        self.shutting_down = true;
    }

    /// Flushes all logs and writes the high-watermark checkpoint: the end of a clean shutdown.
    pub fn shut_down_cleanly(&mut self) {
        let hws: Vec<(TopicPartition, Offset)> = self.partitions.iter().map(|(&tp, p)| (tp, p.hw)).collect();
        self.disk.shut_down_cleanly(hws);
    }

    /// Whether this timer is one of replication's.
    pub const fn handles(timer: Timer) -> bool {
        matches!(
            timer,
            Timer::IsrCheck
                | Timer::HwCheckpoint
                | Timer::ProducerIdExpiration
                | Timer::AlterPartitionRetry
                | Timer::AlterPartitionRequest
                | Timer::ReplicaFetchRequest(_)
                | Timer::ReplicaFetchBackoff(_)
                | Timer::DelayedFetch(_)
                | Timer::DelayedProduce(_)
                | Timer::DelayedDelete(_)
                | Timer::LogDirFailure
                | Timer::Rafts
        )
    }

    /// Whether this message is one of replication's.
    pub const fn handles_message(message: &Message) -> bool {
        matches!(
            message,
            Message::FetchRequest(_)
                | Message::FetchResponse(_)
                | Message::ProduceRequest(_)
                | Message::AlterPartitionResponse(_)
                | Message::ListOffsetsRequest(_)
                | Message::ListOffsetsResponse(_)
                | Message::OffsetForLeaderEpochRequest(_)
                | Message::OffsetForLeaderEpochResponse(_)
                | Message::MetadataRequest
                | Message::PartitionRaft(_)
        )
    }

    /// Handles one message; those that [`ReplicaManager::handles_message`] does not name are ignored.
    pub fn on_message(&mut self, now: Time, image: &Image, ctx: Ctx, envelope: Envelope, out: &mut Out) {
        self.forget_answers(now);
        let Envelope { from, correlation, message, .. } = envelope;
        match message {
            Message::FetchRequest(request) => {
                self.on_fetch(now, image, ctx, (from, correlation), request, out)
            }
            Message::FetchResponse(response) => {
                self.on_fetch_response(now, image, ctx, (from, correlation), response, out);
            }
            Message::ProduceRequest(request) => {
                self.on_produce(now, image, (from, correlation), request, out)
            }
            Message::AlterPartitionResponse(response) => {
                self.on_alter_partition_response(now, image, ctx, (from, correlation), response, out);
            }
            Message::ListOffsetsRequest(request) => {
                self.on_question(now, image, (from, correlation), Question::Offset(request), out);
            }
            Message::ListOffsetsResponse(response) => {
                self.on_list_offsets_response(now, image, ctx, (from, correlation), response, out);
            }
            Message::OffsetForLeaderEpochRequest(request) => {
                self.on_question(now, image, (from, correlation), Question::EpochEnds(request), out);
            }
            Message::OffsetForLeaderEpochResponse(response) => {
                self.on_epoch_ends(now, ctx, (from, correlation), &response, out);
            }
            Message::MetadataRequest => {
                let described = self.describe(image, out);
                out.respond(from, correlation, Message::MetadataResponse(described));
            }
            Message::PartitionRaft(message) => {
                self.on_raft_message(now, image, (from, correlation), *message, out);
            }
            _ => {}
        }
        self.serve_held_back(now, image, out);
    }

    /// Handles a timer; those that [`ReplicaManager::handles`] does not name are ignored.
    pub fn on_timer(&mut self, now: Time, image: &Image, ctx: Ctx, timer: Timer, out: &mut Out) {
        self.forget_answers(now);
        match timer {
            Timer::IsrCheck => self.on_isr_check(now, image, ctx, out),
            Timer::HwCheckpoint => self.on_hw_checkpoint(out),
            Timer::ProducerIdExpiration => self.on_producer_id_expiration(now, out),
            Timer::AlterPartitionRetry => self.propagate_isr_changes(ctx, out),
            Timer::AlterPartitionRequest => self.on_alter_partition_failed(out),
            Timer::ReplicaFetchRequest(leader) => self.on_fetch_timed_out(now, leader, ctx, out),
            Timer::ReplicaFetchBackoff(leader) => self.on_fetch_backoff_over(now, leader, ctx, out),
            Timer::DelayedFetch(key) => self.expire_fetch(image, key, out),
            Timer::DelayedProduce(key) => self.expire_produce(image, key, out),
            Timer::DelayedDelete(key) => self.expire_delete(key, out),
            Timer::LogDirFailure => self.on_log_dir_failure(out),
            Timer::Rafts => self.on_rafts_due(now, image, out),
            _ => {}
        }
        self.serve_held_back(now, image, out);
    }

    /// The connection to `node` broke: requests in flight to it have failed, those that it sent and that wait
    /// here have nobody to be answered to.
    pub fn on_disconnected(&mut self, now: Time, node: NodeId, ctx: Ctx, out: &mut Out) {
        self.drop_parked_requests_of(node, out);
        self.on_fetch_disconnected(now, node, ctx, out);
        if self.alter.waits_for(node) {
            self.on_alter_partition_failed(out);
        }
        self.alter.forget_controller(node);
    }

    /// Another controller is active, or this broker was registered anew: pending ISR changes may be sent.
    pub fn on_controller(&mut self, _now: Time, ctx: Ctx, out: &mut Out) {
        self.propagate_isr_changes(ctx, out);
    }

    pub(super) fn take_correlation(&mut self) -> Correlation {
        let correlation = self.next_correlation;
        self.next_correlation = Correlation(correlation.0.wrapping_add(1));
        correlation
    }

    /// Forgets producers that were silent for `producer.id.expiration.ms`.
    fn on_producer_id_expiration(&mut self, now: Time, out: &mut Out) {
        for replica in self.disk.replicas.values_mut() {
            replica.producers.remove_expired(now, self.settings.producer_id_expiration);
        }
        out.arm(Timer::ProducerIdExpiration, self.settings.producer_id_expiration_check_interval);
    }

    /// Writes the high-watermark checkpoint, and flushes the logs with it (see [`super::disk`]).
    fn on_hw_checkpoint(&mut self, out: &mut Out) {
        self.apply_retention(out);
        for (partition, state) in &self.partitions {
            if let Some(replica) = self.disk.replicas.get_mut(partition) {
                replica.checkpoint(state.hw);
            }
        }
        out.arm(Timer::HwCheckpoint, self.settings.replica_high_watermark_checkpoint_interval);
    }
}
