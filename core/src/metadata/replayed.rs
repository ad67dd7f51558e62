//! How far the metadata log was replayed, and what it says up to there.
//!
//! Keeps: records are replayed in order, each once. Besides the image it remembers where each broker's
//! registration stands, which the image's broker epoch does not tell: the epoch is the offset at which the
//! batch began, and the cleaning up of an earlier life comes first in it.

use crate::id::{NodeId, Offset};
use crate::metadata::image::Image;
use crate::record::MetadataRecord;
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// A replay of the metadata log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replayed {
    image: Image,
    registered_at: BTreeMap<NodeId, Offset>,
    next: Offset,
}

impl Replayed {
    /// What the log says up to [`Replayed::next`].
    pub const fn image(&self) -> &Image {
        &self.image
    }

    /// The first offset that was not replayed.
    pub const fn next(&self) -> Offset {
        self.next
    }

    /// The offset of the broker's `RegisterBrokerRecord`; `None` when it is not registered.
    pub fn registered_at(&self, broker: NodeId) -> Option<Offset> {
        self.registered_at.get(&broker).copied()
    }

    /// Goes on at `offset`, which is not behind: what lies between means nothing.
    pub fn skip_to(&mut self, offset: Offset) {
        self.next = self.next.max(offset);
    }

    /// What a snapshot that ends at `end` says. It does not tell where registrations stood; each counts as its last
    /// record, as in Kafka.
    pub fn of_snapshot(end: Offset, records: &[MetadataRecord]) -> Replayed {
        let image = Image::of(records);
        let last = Offset(end.0.saturating_sub(1));
        let registered_at = image.brokers.keys().map(|&broker| (broker, last)).collect();
        Replayed { image, registered_at, next: end }
    }

    /// Replays the record at `offset`.
    ///
    /// # Panics
    /// When it is not the next one.
    pub fn replay(&mut self, offset: Offset, record: &MetadataRecord) {
        assert!(offset == self.next, "replaying {offset} where {} is due", self.next);
        self.next = offset.next();
        self.image.apply(record);
        match *record {
            MetadataRecord::RegisterBroker { broker, .. } => {
                self.registered_at.insert(broker, offset);
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                self.registered_at.remove(&broker);
            }
            MetadataRecord::LeaderChange { .. }
            | MetadataRecord::KRaftVersion { .. }
            | MetadataRecord::Voters { .. }
            | MetadataRecord::NoOp
            | MetadataRecord::SnapshotHeader
            | MetadataRecord::SnapshotFooter
            | MetadataRecord::BrokerRegistrationChange { .. }
            | MetadataRecord::Topic { .. }
            | MetadataRecord::Partition { .. }
            | MetadataRecord::PartitionChange { .. }
            | MetadataRecord::ClearElr { .. }
            | MetadataRecord::Config { .. }
            | MetadataRecord::ProducerIds { .. } => {}
        }
    }
}
