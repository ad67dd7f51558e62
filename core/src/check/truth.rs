//! The controller's truth: the replay of what is committed in the metadata log.
//!
//! Every committed record goes through here once, in order; what it does to partitions is checked against the
//! rules of [`super::p_registration`] and handed on to the copies of those partitions.

use super::findings::{Findings, Subject};
use super::p_registration as registration;
use super::table::Rule;
use crate::config::Settings;
use crate::id::{BrokerEpoch, Incarnation, NodeId, Offset, TopicPartition};
use crate::log::Log;
use crate::metadata::image::Image;
use crate::process::Broker;
use crate::record::{MetadataRecord, PartitionRegistration};
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
}

impl Truth {
    /// Replays what was committed since; returns what changed, in order.
    pub(super) fn replay(
        &mut self,
        committed: &Log<MetadataRecord>,
        settings: &Settings,
        findings: &mut Findings,
    ) -> Vec<Event> {
        let mut changed = Vec::new();
        for (offset, entry) in committed.iter(self.next, committed.end()) {
            match entry.body {
                MetadataRecord::RegisterBroker { broker, broker_epoch, incarnation, .. } => {
                    self.check_broker_epoch(offset, broker, broker_epoch, &entry.body, findings);
                    self.image.apply(&entry.body);
                    changed.push(Event::Registered(broker, incarnation));
                }
                MetadataRecord::Partition { partition, .. }
                | MetadataRecord::PartitionChange { partition, .. } => {
                    let before = self.image.partitions.get(&partition).copied();
                    let min_isr = self.image.topic_min_isr(partition.topic, settings);
                    self.image.apply(&entry.body);
                    let Some(&after) = self.image.partitions.get(&partition) else { continue };
                    let change = Changed { partition, before, after };
                    registration::check(&change, &self.image, settings, min_isr, findings);
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
                        registration::check(&change, &self.image, settings, min_isr, findings);
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
        let subject = Subject::node(id).at(broker.applied);
        findings.check(Rule::K16, broker.applied <= self.next, subject);
        if broker.applied == self.next {
            findings.check(Rule::K16, broker.image == self.image, subject);
        }
    }
}
