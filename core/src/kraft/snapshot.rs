//! Snapshots of the metadata log, and what of the log they make superfluous (KIP-630).
//!
//! A snapshot holds everything that the records below its end say, in few records. It is made by the layer that
//! replays the log; here it is a list of records with a name. Keeps K15: a log that starts beyond 0 has a snapshot
//! that ends exactly there, and no snapshot reaches beyond the high watermark.
//!
//! A snapshot is on disk as soon as it is frozen; what was not flushed of the log beside it is not. A replica that
//! starts with a snapshot beyond its log end therefore begins anew at the snapshot.
//!
//! Source: `KafkaRaftLog` (`createNewSnapshot`, `validateOffsetAndEpoch`, `endOffsetForEpoch`, `lastFetchedEpoch`,
//! `truncateToLatestSnapshot`, `deleteBeforeSnapshot`, `cleanSnapshots`), `Snapshots`.
//!
//! Left out: the cleaner's round once a minute (it cleans before a snapshot is made, so a record goes at the earliest
//! one snapshot after it was covered) and `metadata.max.retention.ms`; segments (the log loses its records to the record); the bootstrap snapshot.

use super::{Quorum, QuorumDisk};
use crate::epochs::EpochEnd;
use crate::id::{LeaderEpoch, Offset, SnapshotId};
use crate::node::Out;
use crate::note::Note;
use crate::record::MetadataRecord;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One frozen snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its name.
    pub id: SnapshotId,
    /// Header, kraft.version and voters if the log names them, data, footer.
    pub records: Vec<MetadataRecord>,
}

/// The snapshots beside a log, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Snapshots(Vec<Arc<Snapshot>>);

impl Snapshots {
    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Snapshot> + '_ {
        self.0.iter().map(Arc::as_ref)
    }

    /// The name of the oldest.
    pub fn earliest_id(&self) -> Option<SnapshotId> {
        self.0.first().map(|snapshot| snapshot.id)
    }

    /// The newest.
    pub fn latest(&self) -> Option<&Snapshot> {
        self.0.last().map(Arc::as_ref)
    }

    /// The name of the newest.
    pub fn latest_id(&self) -> Option<SnapshotId> {
        self.latest().map(|snapshot| snapshot.id)
    }

    /// The snapshot of this name.
    pub fn get(&self, id: SnapshotId) -> Option<&Snapshot> {
        let place = self.0.binary_search_by_key(&id, |snapshot| snapshot.id).ok()?;
        self.0.get(place).map(Arc::as_ref)
    }

    /// The snapshot is complete and cannot change any more. One of the same name stays as it is.
    pub(super) fn freeze(&mut self, snapshot: Snapshot) {
        if let Err(place) = self.0.binary_search_by_key(&snapshot.id, |known| known.id) {
            self.0.insert(place, Arc::new(snapshot));
        }
    }

    fn forget_before(&mut self, id: SnapshotId) {
        self.0.retain(|snapshot| snapshot.id >= id);
    }

    fn records(&self) -> u64 {
        self.0.iter().map(|snapshot| snapshot.records.len() as u64).sum()
    }
}

/// Whether a log that ends at an offset with an epoch is a beginning of mine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It is.
    Valid,
    /// They part here at the latest.
    Diverging(EpochEnd),
    /// Mine does not reach back so far; this snapshot does.
    Snapshot(SnapshotId),
}

impl QuorumDisk {
    /// The latest epoch that the log knows of, or that of the snapshot that it begins with; `None` when there was
    /// never any (`lastFetchedEpoch`). The epoch cache decides: a leader that never wrote has left its line there,
    /// and only an answer that says where the logs part removes it.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        let of_log = self.epochs.latest().map(|line| line.epoch);
        of_log.or_else(|| self.snapshots.latest_id().filter(|id| id.end == self.log.end()).map(|id| id.epoch))
    }

    /// Epoch of the record before `offset`, if the log or a snapshot tells.
    pub fn epoch_before(&self, offset: Offset) -> Option<LeaderEpoch> {
        let last = offset.0.checked_sub(1).map(Offset)?;
        let of_log = self.log.get(last).map(|entry| entry.epoch);
        of_log.or_else(|| {
            self.snapshots.iter().find(|snapshot| snapshot.id.end == offset).map(|snapshot| snapshot.id.epoch)
        })
    }

    /// The largest epoch of this log not above `epoch`, and where it ends. Below everything that the log still
    /// holds, that is the oldest snapshot.
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> EpochEnd {
        let end = self.log.end();
        let Some(found) = self.epochs.end_offset_for(Some(epoch), end) else {
            return EpochEnd { epoch: self.last_epoch().unwrap_or_default(), end };
        };
        match self.snapshots.earliest_id() {
            Some(oldest) if oldest.end == found.end && found.epoch == epoch => {
                EpochEnd { epoch: oldest.epoch, end: oldest.end }
            }
            _ => found,
        }
    }

    /// What a log that ends at `offset` with this last epoch is to this one.
    pub fn validate(&self, offset: Offset, last_epoch: LeaderEpoch) -> Validity {
        let start = self.log.start();
        if offset == Offset(0) && start == Offset(0) {
            return Validity::Valid;
        }
        if let Some((oldest, latest)) = self.snapshots.earliest_id().zip(self.snapshots.latest_id()) {
            let before_start = offset < start || (offset == start && last_epoch != oldest.epoch);
            if before_start || last_epoch < oldest.epoch {
                return Validity::Snapshot(latest);
            }
        }
        let mine = self.end_offset_for_epoch(last_epoch);
        if mine.epoch != last_epoch || mine.end < offset {
            Validity::Diverging(mine)
        } else {
            Validity::Valid
        }
    }

    /// Begins anew at the latest snapshot if the log does not reach it, and forgets older snapshots. Returns
    /// whether it did.
    pub(super) fn truncate_to_latest_snapshot(&mut self) -> bool {
        let Some(latest) = self.snapshots.latest_id() else { return false };
        let epoch = self.epochs.latest().map(|line| line.epoch).unwrap_or_default();
        let mine = SnapshotId { epoch, end: self.log.end() };
        let begins_there = self.log.start() == latest.end && self.log.end() == latest.end;
        if latest <= mine || begins_there {
            return false;
        }
        self.log.reset_to(latest.end);
        self.epochs.clear();
        self.snapshots.forget_before(latest);
        true
    }

    /// Moves the log start to this snapshot's end and forgets older snapshots. Returns whether the start moved.
    fn delete_before(&mut self, id: SnapshotId) -> bool {
        if self.snapshots.get(id).is_none() || id.end > self.log.end() || !self.log.drop_before(id.end) {
            return false;
        }
        self.epochs.truncate_from_start(id.end);
        self.snapshots.forget_before(id);
        true
    }
}

impl Quorum {
    /// The snapshots beside the log.
    pub const fn snapshots(&self) -> &Snapshots {
        &self.disk.snapshots
    }

    /// The layer above has replayed everything below `end`, and `state` says all that it knows by then: freezes it
    /// between a header, with the voters of that moment, and a footer. Refused, with `None`, beyond the high watermark and before the log start; a
    /// snapshot of that name stays as it is (`RaftClient.createSnapshot`).
    pub fn create_snapshot(
        &mut self,
        end: Offset,
        state: Vec<MetadataRecord>,
        out: &mut Out,
    ) -> Option<SnapshotId> {
        if end < self.disk.log.start() || end > self.committed() {
            return None;
        }
        let id = SnapshotId { epoch: self.disk.epoch_before(end)?, end };
        if self.disk.snapshots.get(id).is_some() {
            return None;
        }
        let mut records = Vec::with_capacity(state.len() + 4);
        records.push(MetadataRecord::SnapshotHeader);
        if let Some(voters) = self.voters.at(end) {
            records.push(MetadataRecord::KRaftVersion { level: self.kraft_version() });
            records.push(MetadataRecord::Voters { voters });
        }
        records.extend(state);
        records.push(MetadataRecord::SnapshotFooter);
        out.note(Note::SnapshotCreated { end, epoch: id.epoch, records: records.len() as u32 });
        self.disk.snapshots.freeze(Snapshot { id, records });
        Some(id)
    }

    /// Forgets the oldest snapshots, and the log before the next one, while log and snapshots together are larger
    /// than `metadata.max.retention.bytes`. The latest snapshot stays.
    pub fn clean_log(&mut self, out: &mut Out) {
        let retained = u64::from(self.settings.metadata_max_retention_records);
        while self.disk.log.end().saturating_sub(self.disk.log.start()) + self.disk.snapshots.records()
            > retained
        {
            let Some(next) = self.disk.snapshots.iter().nth(1).map(|snapshot| snapshot.id) else { return };
            if !self.delete_before(next, out) {
                return;
            }
        }
    }

    /// Forgets everything that the latest snapshot makes superfluous. Returns whether the log start moved.
    pub fn delete_before_latest_snapshot(&mut self, out: &mut Out) -> bool {
        self.disk.snapshots.latest_id().is_some_and(|latest| self.delete_before(latest, out))
    }

    fn delete_before(&mut self, id: SnapshotId, out: &mut Out) -> bool {
        let from = self.disk.log.start();
        if id.end > self.committed() || !self.disk.delete_before(id) {
            return false;
        }
        out.note(Note::MetadataLogCleaned { from, to: id.end });
        true
    }
}
