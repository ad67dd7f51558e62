//! A broker in KRaft: an observer of the metadata log, registration and heartbeats.
//!
//! Source: `BrokerServer`, `BrokerMetadataPublisher`, `MetadataLoader`.

use super::broker::{Broker, Plane};
use crate::config::Settings;
use crate::group::coordinator::Host;
use crate::id::{BrokerEpoch, Incarnation, NodeId, Offset, SnapshotId, TopicPartition};
use crate::kraft::{Quorum, Snapshot};
use crate::metadata::image::{Image, Touched};
use crate::metadata::lifecycle::{BrokerState, Lifecycle};
use crate::metadata::snapshot_generator::{SnapshotGenerator, snapshot_to_load};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::record::MetadataRecord;
use crate::time::{Span, Time};
use crate::wire::{Envelope, Message};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use serde::{Deserialize, Serialize};

/// What binds a broker to the quorum of the controllers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KRaftPlane {
    /// Observer of the metadata log.
    pub quorum: Quorum,
    /// Up to where it is replayed (exclusive).
    pub applied: Offset,
    /// Registration, heartbeats, shutdown.
    pub lifecycle: Lifecycle,
    /// Its replicas act upon the metadata.
    published: bool,
    settings: Arc<Settings>,
    /// Up to here it has worked through the log.
    worked: Offset,
    /// Up to here it is working through it.
    working: Option<Offset>,
    snapshots: SnapshotGenerator,
    known_controller: Option<NodeId>,
    known_epoch: Option<BrokerEpoch>,
}

/// What a replay of the metadata log has changed.
#[derive(Default)]
struct Changes {
    partitions: Vec<TopicPartition>,
    brokers: bool,
}

impl KRaftPlane {
    pub(super) fn new(
        quorum: Quorum,
        incarnation: Incarnation,
        clean_shutdown_epoch: Option<BrokerEpoch>,
        settings: &Arc<Settings>,
    ) -> KRaftPlane {
        let id = quorum.me().id;
        KRaftPlane {
            quorum,
            applied: Offset(0),
            lifecycle: Lifecycle::new(id, incarnation, clean_shutdown_epoch, settings.clone()),
            published: false,
            settings: settings.clone(),
            worked: Offset(0),
            working: None,
            snapshots: SnapshotGenerator::new(settings),
            known_controller: None,
            known_epoch: None,
        }
    }

    /// Last applied metadata offset, as heartbeats report it.
    fn current_metadata_offset(&self) -> Option<Offset> {
        self.applied.0.checked_sub(1).map(Offset)
    }

    pub(super) fn boot(&mut self, now: Time, out: &mut Out) {
        self.quorum.boot(now, out);
        self.snapshots.reset(now);
        self.lifecycle.boot(now, out);
    }

    pub(super) fn on_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        self.quorum.on_disconnected(now, node, out);
        self.lifecycle.on_disconnected(now, node, out);
    }

    pub(super) fn on_message(&mut self, now: Time, envelope: Envelope, out: &mut Out) -> Option<Envelope> {
        let of_lifecycle = matches!(
            envelope.message,
            Message::BrokerRegistrationResponse(_) | Message::BrokerHeartbeatResponse(_)
        );
        if Quorum::handles_message(&envelope.message) {
            self.quorum.on_message(now, envelope, out);
        } else if of_lifecycle {
            self.lifecycle.on_message(now, &envelope, out);
        } else {
            return Some(envelope);
        }
        None
    }

    pub(super) fn on_timer(&mut self, now: Time, timer: Timer, out: &mut Out) {
        if timer == Timer::MetadataWork {
            self.worked = self.working.take().unwrap_or(self.worked);
            return;
        }
        if Quorum::handles(timer) {
            self.quorum.on_timer(now, timer, out);
        } else {
            let (controller, applied) = (self.quorum.leader(), self.current_metadata_offset());
            self.lifecycle.on_timer(now, controller, applied, timer, out);
        }
    }

    /// Makes a snapshot now; `clean` deletes the log before it. Returns whether there was anything to do.
    pub(super) fn snapshot(&mut self, image: &Image, clean: bool, out: &mut Out) -> bool {
        let made = self.make_snapshot(image, out).is_some();
        let cleaned = clean && self.quorum.delete_before_latest_snapshot(out);
        made || cleaned
    }

    /// Makes a snapshot of the committed metadata; `None` when there is one, or nothing to tell.
    fn make_snapshot(&mut self, image: &Image, out: &mut Out) -> Option<SnapshotId> {
        self.quorum.create_snapshot(self.applied, image.records(), out)
    }

    /// How far it may replay what is committed: many partitions take their time, and meanwhile nothing else is replayed.
    ///
    /// Source: `MetadataLoader`, one event after the other: `MetadataDelta.replay`, then `ReplicaManager.applyDelta`.
    fn work_through(&mut self, committed: Offset, out: &mut Out) -> Offset {
        let from = self.applied.max(self.worked);
        let most = committed.saturating_sub(from);
        if self.working.is_none() && self.settings.broker_work(most) > Span::ZERO {
            let is_partition = |record: &MetadataRecord| {
                matches!(record, MetadataRecord::Partition { .. } | MetadataRecord::PartitionChange { .. })
            };
            let records = self.quorum.log().iter(from, committed);
            let partitions = records.filter(|(_, entry)| is_partition(&entry.body)).count() as u64;
            let work = self.settings.broker_work(partitions);
            if work > Span::ZERO {
                self.working = Some(committed);
                out.arm(Timer::MetadataWork, work);
            }
        }
        if self.working.is_some() { from.min(committed) } else { committed }
    }

    /// Replays what became committed into `image`.
    fn replay_log(&mut self, now: Time, image: &mut Image, committed: Offset, out: &mut Out) -> Changes {
        let mut changes = Changes::default();
        if let Some(Snapshot { id, records }) = snapshot_to_load(&self.quorum, self.applied, committed) {
            let before = mem::replace(image, Image::of(records));
            changes.partitions = image.partitions_unlike(&before);
            changes.brokers = image.brokers != before.brokers;
            self.applied = id.end;
            self.snapshots.reset(now);
            out.note(Note::SnapshotLoaded { end: id.end, epoch: id.epoch });
        }
        let count = committed.saturating_sub(self.applied);
        let mut seen: BTreeSet<TopicPartition> = changes.partitions.iter().copied().collect();
        for (_, entry) in self.quorum.log().iter(self.applied, committed) {
            if let MetadataRecord::ClearElr { topic } = entry.body {
                let touched = image.partitions_with_elr(topic);
                changes.partitions.retain(|partition| !touched.contains(partition));
                seen.extend(&touched);
                changes.partitions.extend(touched);
            }
            match image.apply(&entry.body) {
                Touched::Partition(partition) if seen.insert(partition) => {
                    changes.partitions.push(partition);
                }
                Touched::Broker(_) => changes.brokers = true,
                Touched::Partition(_) | Touched::Nothing | Touched::Topics => {}
            }
        }
        self.applied = self.applied.max(committed);
        if self.snapshots.on_replayed(now, count) {
            self.quorum.clean_log(out);
            self.make_snapshot(image, out);
        }
        changes
    }

    /// Nothing is led or followed before the controller has said that this life of the broker caught up
    /// (`initialCatchUpFuture`): by then its earlier life has left every ISR. Else it could go on leading in an epoch
    /// whose records it has lost.
    const fn may_publish(&self) -> bool {
        !matches!(
            self.lifecycle.state(),
            BrokerState::NotRunning | BrokerState::Starting | BrokerState::ShuttingDown
        )
    }
}

impl Broker {
    /// Replays what became committed, tells the parts that act upon it, and notices another controller.
    pub(super) fn replay(&mut self, now: Time, out: &mut Out) {
        self.publish(now, out);
        self.notice_controller(now, out);
    }

    fn publish(&mut self, now: Time, out: &mut Out) {
        let Plane::KRaft(plane) = &mut self.plane else { return };
        let committed = plane.quorum.high_watermark().unwrap_or(Offset(0));
        let committed = plane.work_through(committed, out);
        if committed <= plane.applied && plane.published {
            return;
        }
        let mut changes = plane.replay_log(now, &mut self.image, committed, out);
        if !plane.may_publish() {
            return;
        }
        if !plane.published {
            plane.published = true;
            changes.partitions = self.image.partitions.keys().copied().collect();
        }
        if !changes.partitions.is_empty() || changes.brokers {
            let ctx = self.ctx();
            self.replicas.apply(now, &self.image, &changes.partitions, ctx, out);
            let host = Host { image: &self.image, replicas: &mut self.replicas };
            self.groups.on_metadata(now, &host, &changes.partitions, out);
        }
        let Plane::KRaft(plane) = &mut self.plane else { return };
        plane.lifecycle.on_metadata(out);
    }

    fn notice_controller(&mut self, now: Time, out: &mut Out) {
        let Plane::KRaft(plane) = &mut self.plane else { return };
        let (controller, epoch) = (plane.quorum.leader(), plane.lifecycle.broker_epoch());
        if controller != plane.known_controller {
            plane.known_controller = controller;
            plane.lifecycle.on_controller(now, controller, out);
            self.producer_ids.on_controller(now, controller, out);
        } else if epoch == plane.known_epoch {
            return;
        }
        plane.known_epoch = plane.lifecycle.broker_epoch();
        let ctx = self.ctx();
        self.replicas.on_controller(now, ctx, out);
    }
}
