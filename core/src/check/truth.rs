//! The controller's truth: the replay of what is committed in the metadata log.
//!
//! Every committed record goes through here once, in order; what it does to partitions is checked against the
//! rules of [`super::p_registration`] and handed on to the copies of those partitions.

use super::batches::Batches;
use super::findings::{Findings, Subject};
use super::p_registration::{self as registration, Known};
use super::table::Rule;
use crate::config::Settings;
use crate::id::{BrokerEpoch, Incarnation, NodeId, Offset, TopicId, TopicPartition};
use crate::log::Log;
use crate::metadata::image::Image;
use crate::process::Broker;
use crate::record::{MetadataRecord, PartitionRegistration};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// A partition whose registration changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    pub(super) partition: TopicPartition,
    pub(super) before: Option<PartitionRegistration>,
    pub(super) after: PartitionRegistration,
}

/// What a committed record says that other checks need to know, at the moment of that record.
#[allow(clippy::large_enum_variant, reason = "one lives at a time, and it stays `Copy`")]
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Changed(Changed),
    Registered(NodeId, Incarnation),
}

/// Which process of each broker was registered last, as far as events were handled.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives(Vec<(NodeId, Incarnation)>);

impl Lives {
    pub(super) fn set(&mut self, broker: NodeId, incarnation: Incarnation) {
        match self.0.iter_mut().find(|(id, _)| *id == broker) {
            Some((_, known)) => *known = incarnation,
            None => self.0.push((broker, incarnation)),
        }
    }

    pub(super) fn of(&self, broker: NodeId) -> Option<Incarnation> {
        self.0.iter().find(|(id, _)| *id == broker).map(|&(_, incarnation)| incarnation)
    }
}

/// Committed metadata.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) image: Image,
    /// The first offset that was not replayed.
    pub(super) next: Offset,
    /// The highest epoch that each broker was ever registered under.
    epochs: Vec<(NodeId, BrokerEpoch)>,
    /// The minimum in-sync replicas that the decision counts with whose records are being replayed: as it was before
    /// the first of them, also when a reassignment of partition 0 is among them.
    minimums: Vec<(TopicId, u32)>,
    /// Partitions without a leader whose ISR is the one replica to which a cancelled reassignment went back.
    gone_back: BTreeSet<TopicPartition>,
}

impl Truth {
    /// Replays what was committed since; returns what changed, in order.
    pub(super) fn replay(
        &mut self,
        committed: &Log<MetadataRecord>,
        batches: &Batches,
        settings: &Settings,
        findings: &mut Findings,
    ) -> Vec<Event> {
        let mut changed = Vec::new();
        for (offset, entry) in committed.iter(self.next, committed.end()) {
            if batches.begin_at(entry.epoch, offset) {
                self.minimums.clear();
            }
            match entry.body {
                MetadataRecord::RegisterBroker { broker, broker_epoch, incarnation, .. } => {
                    self.check_broker_epoch(offset, broker, broker_epoch, &entry.body, findings);
                    self.image.apply(&entry.body);
                    changed.push(Event::Registered(broker, incarnation));
                }
                MetadataRecord::Partition { partition, .. }
                | MetadataRecord::PartitionChange { partition, .. } => {
                    let before = self.image.partitions.get(&partition).copied();
                    let min_isr = self.min_isr(partition.topic, settings);
                    self.image.apply(&entry.body);
                    let Some(&after) = self.image.partitions.get(&partition) else { continue };
                    let change = Changed { partition, before, after };
                    self.check_registration(&change, min_isr, settings, findings);
                    changed.push(Event::Changed(change));
                }
                MetadataRecord::ClearElr { topic } => {
                    let partitions = self.image.partitions_with_elr(topic);
                    let min_isr = 1;
                    let before: Vec<PartitionRegistration> =
                        partitions.iter().map(|id| self.image.partitions[id]).collect();
                    self.image.apply(&entry.body);
                    for (partition, before) in partitions.into_iter().zip(before) {
                        let after = self.image.partitions[&partition];
                        let change = Changed { partition, before: Some(before), after };
                        self.check_registration(&change, min_isr, settings, findings);
                        changed.push(Event::Changed(change));
                    }
                }
                MetadataRecord::LeaderChange { .. }
                | MetadataRecord::KRaftVersion { .. }
                | MetadataRecord::Voters { .. }
                | MetadataRecord::NoOp
                | MetadataRecord::SnapshotHeader
                | MetadataRecord::SnapshotFooter
                | MetadataRecord::UnregisterBroker { .. }
                | MetadataRecord::BrokerRegistrationChange { .. }
                | MetadataRecord::Topic { .. }
                | MetadataRecord::Config { .. }
                | MetadataRecord::ProducerIds { .. } => {
                    self.image.apply(&entry.body);
                }
            }
        }
        self.next = committed.end();
        changed
    }

    /// The rules of [`super::p_registration`]. `min_isr` is the minimum that the controller counted with.
    fn check_registration(
        &mut self,
        change: &Changed,
        min_isr: u32,
        settings: &Settings,
        findings: &mut Findings,
    ) {
        let Changed { partition, .. } = *change;
        let unclean = settings.unclean_leader_election_enable;
        let unclean_elections = self.image.unclean_election_enabled(partition.topic, unclean);
        let had_gone_back = self.gone_back.remove(&partition);
        let goes_back = change.goes_back(had_gone_back, unclean_elections);
        if goes_back {
            self.gone_back.insert(partition);
        }
        let known = Known { min_isr, goes_back };
        registration::check(change, &self.image, settings, known, findings);
    }

    /// What the controller counts with in the decision whose records are being replayed.
    fn min_isr(&mut self, topic: TopicId, settings: &Settings) -> u32 {
        if let Some(&(_, min_isr)) = self.minimums.iter().find(|(of, _)| *of == topic) {
            return min_isr;
        }
        let min_isr = self.image.topic_min_isr(topic, settings);
        self.minimums.push((topic, min_isr));
        min_isr
    }

    /// P9.
    fn check_broker_epoch(
        &mut self,
        offset: Offset,
        broker: NodeId,
        epoch: BrokerEpoch,
        record: &MetadataRecord,
        findings: &mut Findings,
    ) {
        let MetadataRecord::RegisterBroker { incarnation, .. } = *record else { return };
        let known = self.image.brokers.get(&broker);
        let amends =
            known.is_some_and(|known| known.incarnation == incarnation && known.broker_epoch == epoch);
        let highest = match self.epochs.iter_mut().find(|(id, _)| *id == broker) {
            Some((_, highest)) => core::mem::replace(highest, epoch.max(*highest)),
            None => {
                self.epochs.push((broker, epoch));
                return findings.check(Rule::P9, epoch.0 <= offset.0, Subject::node(broker).at(offset));
            }
        };
        let fresh = epoch > highest && epoch.0 <= offset.0;
        findings.check(Rule::P9, amends || fresh, Subject::node(broker).at(offset));
    }

    /// K16 on the broker's side: it has applied a prefix of what is committed, and what it made of it is right.
    pub(super) fn check_broker(&self, id: NodeId, broker: &Broker, findings: &mut Findings) {
        let subject = Subject::node(id).at(broker.applied());
        findings.check(Rule::K16, broker.applied() <= self.next, subject);
        if broker.applied() == self.next {
            findings.check(Rule::K16, broker.image == self.image, subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{LeaderEpoch, NodeList};
    use crate::note::Note;
    use crate::record::{Entry, PartitionChange};

    const EPOCH: LeaderEpoch = LeaderEpoch(1);

    fn partition(partition: u16) -> TopicPartition {
        TopicPartition { topic: TopicId(0), partition }
    }

    fn change(of: u16, change: PartitionChange) -> MetadataRecord {
        MetadataRecord::PartitionChange { partition: partition(of), change }
    }

    /// Partition 0 moves to one replica, and the ELR of partition 1 gets a member for the minimum of two: in two
    /// decisions, of which the second begins at `second`.
    fn p4_is_broken(second: Offset) -> bool {
        let (all, one) = (NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
        let registration = PartitionRegistration::new(all, all);
        let created = |of| MetadataRecord::Partition { partition: partition(of), registration };
        let moves = PartitionChange { isr: Some(one), replicas: Some(one), ..PartitionChange::default() };
        let elr = Some(NodeList::brokers(&[2]));
        let shrinks = PartitionChange { isr: Some(one), elr, ..PartitionChange::default() };
        let mut log = Log::new();
        for body in [created(0), created(1), change(0, moves), change(1, shrinks)] {
            log.append(Entry { epoch: EPOCH, body });
        }
        let mut batches = Batches::default();
        [Offset(0), Offset(2), second].into_iter().for_each(|offset| batches.begins(EPOCH, offset));
        let settings = Settings { min_insync_replicas: 2, ..Settings::default() };
        let (mut findings, mut notes) = (Findings::default(), Vec::new());
        Truth::default().replay(&log, &batches, &settings, &mut findings);
        findings.take(&mut notes);
        let p4 = |note: &Note| matches!(note, Note::InvariantBroken { invariant, .. } if *invariant == Rule::P4 as u8);
        notes.iter().any(p4)
    }

    /// Source: `ReplicationControlManager.getTopicEffectiveMinIsr`, which reads the state before the records of the
    /// same event are replayed (`QuorumController.ControllerWriteEvent.run`).
    #[test]
    fn p4_counts_with_the_replicas_of_partition_0_as_they_were_before_the_decision() {
        assert!(!p4_is_broken(Offset(4)), "both in one decision");
        assert!(p4_is_broken(Offset(3)), "the second decision knows the first");
    }
}
