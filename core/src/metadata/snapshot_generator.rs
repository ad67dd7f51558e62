//! When a snapshot is due, and which one to begin with.
//!
//! Knows neither what is in a snapshot nor where it goes. Every controller and every broker has one of these: each
//! makes its own snapshots.
//!
//! Source: `SnapshotGenerator`, `MetadataLogConfig`; `KafkaRaftClient.updateListenersProgress` for loading.

use crate::config::Settings;
use crate::id::Offset;
use crate::kraft::{Quorum, Snapshot};
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Counts since the last snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotGenerator {
    most: u32,
    interval: Span,
    records: u64,
    since: Time,
}

impl SnapshotGenerator {
    /// Of a process that has not started.
    pub const fn new(settings: &Settings) -> SnapshotGenerator {
        SnapshotGenerator {
            most: settings.metadata_log_max_records_between_snapshots,
            interval: settings.metadata_log_max_snapshot_interval,
            records: 0,
            since: Time::ZERO,
        }
    }

    /// The process starts, or a snapshot was just read or made.
    pub fn reset(&mut self, now: Time) {
        (self.records, self.since) = (0, now);
    }

    /// So many more committed records were replayed; returns whether a snapshot is due, and counts anew if so.
    pub fn on_replayed(&mut self, now: Time, count: u64) -> bool {
        self.records += count;
        let enough = self.records >= u64::from(self.most);
        let late = self.interval > Span::ZERO && now.since(self.since) >= self.interval;
        let is_due = count > 0 && (enough || late);
        if is_due {
            self.reset(now);
        }
        is_due
    }
}

/// The snapshot that a layer which has replayed up to `next` has to read before it can go on to `committed`: the
/// latest one when it has read nothing yet, or when the log starts beyond.
pub fn snapshot_to_load(quorum: &Quorum, next: Offset, committed: Offset) -> Option<&Snapshot> {
    let begins = next == Offset(0) || next < quorum.log().start();
    if begins && next < committed { quorum.snapshots().latest() } else { None }
}
