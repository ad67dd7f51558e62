//! The leader-epoch cache: for each leader epoch, the offset at which it began.
//!
//! Source: `LeaderEpochFileCache`. Entries rise strictly in epoch and in start offset. Truncation by epoch,
//! diverging fetches and KIP-101/279/320 all ask this one table.

use crate::id::{LeaderEpoch, Offset};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Epoch and start offset, in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaderEpochCache {
    entries: Vec<EpochEntry>,
}

/// One line of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Its first offset.
    pub start: Offset,
}

/// An epoch and the (exclusive) offset where it ends in some log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochEnd {
    /// The largest epoch not above the one asked for.
    pub epoch: LeaderEpoch,
    /// Where it ends.
    pub end: Offset,
}

impl LeaderEpochCache {
    /// The lines in rising order.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The latest epoch.
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Notes that `epoch` starts at `start`. Lines that contradict it (a later epoch, or a start at or beyond)
    /// go; nothing happens when the epoch is already the latest and began no later. Returns whether it changed.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if let Some(last) = self.latest()
            && last.epoch == epoch
            && last.start <= start
        {
            return false;
        }
        while self.latest().is_some_and(|last| last.epoch >= epoch || last.start >= start) {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start });
        true
    }

    /// Where `epoch` ends in a log that ends at `leo`: the largest known epoch not above it, and the start of
    /// the next one. Below the earliest line: `(epoch, start of the first line)`. `None` is Kafka's undefined
    /// (-1, -1): no epoch asked for, an empty cache, or an epoch above the latest.
    pub fn end_offset_for(&self, epoch: Option<LeaderEpoch>, leo: Offset) -> Option<EpochEnd> {
        let epoch = epoch?;
        let latest = self.latest()?;
        if epoch == latest.epoch {
            return Some(EpochEnd { epoch, end: leo });
        }
        if epoch > latest.epoch {
            return None;
        }
        let above = self.entries.iter().position(|line| line.epoch > epoch)?;
        let end = self.entries[above].start;
        let epoch = if above == 0 { epoch } else { self.entries[above - 1].epoch };
        Some(EpochEnd { epoch, end })
    }

    /// Drops every line that starts at or beyond `end`.
    pub fn truncate_from_end(&mut self, end: Offset) {
        while self.latest().is_some_and(|last| last.start >= end) {
            self.entries.pop();
        }
    }

    /// Drops what lies wholly below `start`: the last line that starts at or before it stays, moved to `start`.
    pub fn truncate_from_start(&mut self, start: Offset) {
        let below = self.entries.iter().take_while(|line| line.start <= start).count();
        if below > 0 {
            self.entries.drain(..below - 1);
            self.entries[0].start = start;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(lines: &[(u32, u64)]) -> LeaderEpochCache {
        let mut cache = LeaderEpochCache::default();
        for &(epoch, start) in lines {
            cache.assign(LeaderEpoch(epoch), Offset(start));
        }
        cache
    }

    fn lines(cache: &LeaderEpochCache) -> Vec<(u32, u64)> {
        cache.entries().iter().map(|line| (line.epoch.0, line.start.0)).collect()
    }

    fn end(cache: &LeaderEpochCache, epoch: u32, leo: u64) -> Option<(u32, u64)> {
        cache.end_offset_for(Some(LeaderEpoch(epoch)), Offset(leo)).map(|e| (e.epoch.0, e.end.0))
    }

    /// Source: LeaderEpochFileCacheTest (S-79, S-80, S-82, S-83, empty cache).
    #[test]
    fn the_end_of_an_epoch_is_the_start_of_the_next_or_the_log_end() {
        assert_eq!(end(&cache(&[(2, 11), (2, 12)]), 2, 14), Some((2, 14)));
        assert_eq!(end(&cache(&[(5, 11), (6, 12), (7, 13)]), 4, 20), Some((4, 11)));
        let gaps = cache(&[(0, 10), (2, 13), (4, 17)]);
        assert_eq!(end(&gaps, 1, 20), Some((0, 13)));
        assert_eq!(end(&gaps, 2, 20), Some((2, 17)));
        assert_eq!(end(&gaps, 3, 20), Some((2, 17)));
        assert_eq!(end(&cache(&[(2, 100)]), 3, 120), None);
        assert_eq!(end(&cache(&[]), 7, 0), None);
        assert_eq!(gaps.end_offset_for(None, Offset(20)), None);
    }

    /// Source: LeaderEpochFileCacheTest (S-85, S-86).
    #[test]
    fn a_later_truth_removes_the_lines_that_contradict_it() {
        assert_eq!(lines(&cache(&[(2, 6), (3, 5)])), [(3, 5)]);
        assert_eq!(lines(&cache(&[(2, 9), (3, 9)])), [(3, 9)]);
        let mut empty_epoch = cache(&[(0, 0), (1, 0)]);
        assert_eq!(end(&empty_epoch, 0, 0), Some((0, 0)));
        assert_eq!(end(&empty_epoch, 1, 5), Some((1, 5)));
        empty_epoch.assign(LeaderEpoch(2), Offset(5));
        assert_eq!(end(&empty_epoch, 2, 10), Some((2, 10)));
        assert_eq!(end(&empty_epoch, 1, 10), Some((1, 5)));
        assert_eq!(end(&empty_epoch, 0, 10), Some((0, 0)));
    }

    /// Source: LeaderEpochFileCacheTest (S-78, S-87, S-88).
    #[test]
    fn truncation_drops_lines_at_either_end() {
        let mut cache_78 = cache(&[(2, 10), (4, 15), (10, 20)]);
        cache_78.truncate_from_end(Offset(18));
        assert_eq!(cache_78.latest().map(|l| l.epoch.0), Some(4));
        let three = cache(&[(2, 6), (3, 8), (4, 11)]);
        let from_end = |to| {
            let mut cut = three.clone();
            cut.truncate_from_end(Offset(to));
            lines(&cut)
        };
        assert_eq!(from_end(8), [(2, 6)]);
        assert_eq!(from_end(9), [(2, 6), (3, 8)]);
        let from_start = |to| {
            let mut cut = three.clone();
            cut.truncate_from_start(Offset(to));
            lines(&cut)
        };
        assert_eq!(from_start(8), [(3, 8), (4, 11)]);
        assert_eq!(from_start(9), [(3, 9), (4, 11)]);
        assert_eq!(from_start(1), [(2, 6), (3, 8), (4, 11)]);
        assert_eq!(from_start(6), [(2, 6), (3, 8), (4, 11)]);
        assert_eq!(from_start(11), [(4, 11)]);
        assert_eq!(from_start(15), [(4, 15)]);
        let mut cache_88 = cache(&[(0, 0), (1, 7), (2, 10)]);
        cache_88.truncate_from_start(Offset(5));
        assert_eq!(lines(&cache_88), [(0, 5), (1, 7), (2, 10)]);
    }
}
