//! The controller: replays the metadata log, and while it is active decides everything that is written to it.
//!
//! Source: `QuorumController`. It knows the quorum only as a log that it may append to, with a high watermark
//! and a role; it sends nothing but answers. Keeps: only the active controller decides; its state is the replay
//! of all that it appended, committed or not; nobody hears of a decision before it is committed. When it loses
//! the quorum's leadership it goes back to what is committed and fails every answer that is still owed.
//! It becomes active when it has replayed beyond the start of its own epoch: then everything that earlier
//! controllers committed is in its image.
//!
//! Left out: the feature levels that a first controller writes, transactions of metadata, the queue of
//! events and its overload.

use crate::config::Settings;
use crate::id::{LeaderEpoch, Offset, SnapshotId};
use crate::kraft::{Quorum, Snapshot};
use crate::metadata::decision::Decision;
use crate::metadata::deferred::{DeferredReplies, Reply};
use crate::metadata::heartbeat::{HeartbeatTable, Session};
use crate::metadata::image::Image;
use crate::metadata::replayed::Replayed;
use crate::metadata::snapshot_generator::{SnapshotGenerator, snapshot_to_load};
use crate::node::{Out, Timer};
use crate::note::{Note, ResignReason};
use crate::record::{MetadataRecord, TopicConfig};
use crate::time::Time;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A controller, active or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuorumController {
    pub(super) settings: Arc<Settings>,
    /// The replay of committed records.
    stable: Replayed,
    snapshots: SnapshotGenerator,
    pub(super) active: Option<Active>,
    /// The epoch in which it failed, and does not become active again.
    given_up: Option<LeaderEpoch>,
}

/// What only an active controller has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Active {
    epoch: LeaderEpoch,
    /// The replay of everything in the log and of what waits to be written.
    pub(super) current: Replayed,
    pub(super) heartbeats: HeartbeatTable,
    deferred: DeferredReplies,
}

impl Active {
    /// The new active controller of `epoch`. Sessions start anew: nobody is fenced for a heartbeat that went to
    /// another controller. Fenced brokers get none, they have nothing to lose.
    fn new(now: Time, epoch: LeaderEpoch, current: Replayed) -> Active {
        let mut heartbeats = HeartbeatTable::default();
        for (&broker, registration) in &current.image().brokers {
            heartbeats.register(broker, registration.fenced);
            if !registration.fenced {
                heartbeats.contact(now, broker, registration.broker_epoch);
            }
        }
        Active { epoch, current, heartbeats, deferred: DeferredReplies::default() }
    }

    fn replay(&mut self, offset: Offset, record: &MetadataRecord) {
        self.current.replay(offset, record);
        match *record {
            MetadataRecord::RegisterBroker { broker, fenced, .. } => {
                self.heartbeats.remove(broker);
                self.heartbeats.register(broker, fenced);
            }
            MetadataRecord::BrokerRegistrationChange { broker, .. } => {
                if let Some(registration) = self.current.image().brokers.get(&broker) {
                    self.heartbeats.register(broker, registration.fenced);
                }
            }
            MetadataRecord::UnregisterBroker { broker, .. } => self.heartbeats.remove(broker),
            MetadataRecord::LeaderChange { .. }
            | MetadataRecord::KRaftVersion { .. }
            | MetadataRecord::Voters { .. }
            | MetadataRecord::NoOp
            | MetadataRecord::SnapshotHeader
            | MetadataRecord::SnapshotFooter
            | MetadataRecord::Topic { .. }
            | MetadataRecord::Partition { .. }
            | MetadataRecord::PartitionChange { .. }
            | MetadataRecord::ClearElr { .. }
            | MetadataRecord::Config { .. }
            | MetadataRecord::ProducerIds { .. } => {}
        }
    }
}

impl QuorumController {
    /// A controller that has replayed nothing.
    pub fn new(settings: Arc<Settings>) -> QuorumController {
        let (stable, snapshots) = (Replayed::default(), SnapshotGenerator::new(&settings));
        QuorumController { settings, stable, snapshots, active: None, given_up: None }
    }

    /// Whether it is the active controller.
    pub const fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// What it decides upon: everything it appended while it is active, else what is committed.
    pub const fn image(&self) -> &Image {
        match &self.active {
            Some(active) => active.current.image(),
            None => self.stable.image(),
        }
    }

    /// What is committed, as far as it knows.
    pub const fn stable(&self) -> &Replayed {
        &self.stable
    }

    /// Active only: the sessions of registered brokers' present lives.
    pub fn sessions(&self) -> Vec<Session> {
        let Some(active) = &self.active else {
            return Vec::new();
        };
        let is_present = |session: &&Session| {
            let registration = active.current.image().brokers.get(&session.broker);
            registration.is_some_and(|registration| registration.broker_epoch == session.broker_epoch)
        };
        active.heartbeats.sessions().iter().filter(is_present).copied().collect()
    }

    /// The process starts: counts the time until its first snapshot.
    pub fn boot(&mut self, now: Time) {
        self.snapshots.reset(now);
    }

    /// The quorum has handled an input: replays what was committed, tells what was waiting for that, and notices
    /// leadership lost or won.
    pub fn on_progress(&mut self, now: Time, quorum: &mut Quorum, out: &mut Out) {
        let committed = quorum.high_watermark().unwrap_or(self.stable.next());
        if let Some(Snapshot { id, records }) = snapshot_to_load(quorum, self.stable.next(), committed) {
            self.stable = Replayed::of_snapshot(id.end, records);
            self.snapshots.reset(now);
            out.note(Note::SnapshotLoaded { end: id.end, epoch: id.epoch });
        }
        let before = self.stable.next();
        for (offset, entry) in quorum.log().iter(before, committed) {
            self.stable.replay(offset, &entry.body);
        }
        let count = self.stable.next().saturating_sub(before);
        if self.snapshots.on_replayed(now, count) {
            quorum.clean_log(out);
            self.make_snapshot(quorum, out);
        }
        if let Some(active) = &mut self.active {
            active.deferred.complete(self.stable.next(), out);
        }
        self.maybe_renounce(quorum, out);
        self.maybe_activate(now, quorum, out);
    }

    /// Makes a snapshot of all that it knows to be committed; `None` when there is one, or nothing to tell.
    pub fn make_snapshot(&self, quorum: &mut Quorum, out: &mut Out) -> Option<SnapshotId> {
        quorum.create_snapshot(self.stable.next(), self.stable.image().records(), out)
    }

    /// Appends what was decided, replays it, says what it means, and tells `reply` once it is committed. Returns
    /// the last offset written so far; `None` when this node does not lead the quorum any more.
    pub(super) fn write(
        &mut self,
        now: Time,
        quorum: &mut Quorum,
        decision: Decision,
        reply: Reply,
        out: &mut Out,
    ) -> Option<Offset> {
        let appended = match (&mut self.active, decision.records.is_empty()) {
            (None, _) => None,
            (Some(active), true) => Some((active, quorum.next_append_offset())),
            (Some(active), false) => quorum.append(now, &decision.records, out).map(|base| (active, base)),
        };
        let Some((active, base)) = appended else {
            reply.not_controller().tell(out);
            return None;
        };
        // Records that the quorum took without being told by this controller mean nothing to it.
        active.current.skip_to(base);
        let mut next = base;
        for record in &decision.records {
            active.replay(next, record);
            next = next.next();
        }
        for note in decision.notes {
            out.note(note);
        }
        let last = Offset(next.0.saturating_sub(1));
        if decision.records.is_empty() {
            active.deferred.follow(reply, out);
        } else {
            active.deferred.defer(last, reply);
        }
        Some(last)
    }

    /// Leadership is gone, or is another one: what was not committed never happened, as far as it knows.
    fn maybe_renounce(&mut self, quorum: &Quorum, out: &mut Out) {
        let lost = |active: &mut Active| !quorum.is_leader() || quorum.epoch() != active.epoch;
        if let Some(active) = self.active.take_if(lost) {
            self.renounce(active, out);
        }
    }

    /// An event failed: an active controller trusts its own state no more and renounces. It resigns from leading
    /// the quorum as well; before KAFKA-13104 it did not, and the quorum had a leader and no controller. False when
    /// it is not active.
    pub fn fail(&mut self, quorum: &mut Quorum, out: &mut Out) -> bool {
        let Some(active) = self.active.take() else { return false };
        self.given_up = Some(active.epoch);
        out.note(Note::ControllerFailed { epoch: active.epoch });
        if self.settings.features.renounce_resigns {
            quorum.resign_because(ResignReason::ControllerFailed, out);
        }
        self.renounce(active, out);
        true
    }

    fn renounce(&self, active: Active, out: &mut Out) {
        for timer in [Timer::FenceStaleBrokers, Timer::LeaderBalance, Timer::UncleanElection, Timer::NoOp] {
            out.disarm(timer);
        }
        out.note(Note::ControllerRenounced { epoch: active.epoch });
        active.deferred.fail(out);
    }

    /// It leads the quorum and has replayed beyond the start of its epoch.
    fn maybe_activate(&mut self, now: Time, quorum: &mut Quorum, out: &mut Out) {
        let Some(leader) = quorum.role().as_leader() else {
            return;
        };
        let given_up = self.given_up == Some(quorum.epoch());
        if self.active.is_some() || given_up || self.stable.next() <= leader.epoch_start {
            return;
        }
        self.active = Some(Active::new(now, quorum.epoch(), self.stable.clone()));
        out.note(Note::ControllerActivated { epoch: quorum.epoch(), offset: self.stable.next() });
        self.write_activation_records(now, quorum, out);
        self.arm_tasks(out);
    }

    /// With eligible leader replicas, min.insync.replicas must be the same for everybody who counts with it: the first
    /// controller writes it down for the cluster, and static values count no more
    /// (`ConfigurationControlManager.maybeGenerateElrSafetyRecords`).
    fn write_activation_records(&mut self, now: Time, quorum: &mut Quorum, out: &mut Out) {
        if !self.settings.features.elr || self.image().min_insync_replicas.is_some() {
            return;
        }
        let value = self.settings.min_insync_replicas;
        let mut decision = Decision::new();
        decision.record(MetadataRecord::Config { topic: None, key: TopicConfig::MinInsyncReplicas, value });
        self.write(now, quorum, decision, Reply::Nobody, out);
    }
}
