//! A replica's log: append at the end, cut at the end, remember what is flushed.
//!
//! Entries live in fixed chunks behind `Arc`, so that a snapshot of a whole cluster shares them instead of
//! copying: cloning a log costs one pointer per 64 entries.
//! Keeps: offsets are dense, `start <= flushed <= end`, epochs are the caller's business (checked as invariant L2).
//!
//! Left out: segments, indexes, compaction.

use crate::id::{LeaderEpoch, Offset};
use crate::record::Entry;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

const CHUNK: u64 = 64;

/// A log of entries with body `R`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Log<R> {
    /// Chunk `i` holds offsets `CHUNK * (dropped + i) ..`; every chunk but the last is full.
    chunks: Vec<Arc<Vec<Entry<R>>>>,
    dropped: u64,
    /// The first offset of chunk 0, which begins late after a reset.
    origin: Offset,
    start: Offset,
    end: Offset,
    flushed: Offset,
    truncations: u32,
}

impl<R> Default for Log<R> {
    fn default() -> Log<R> {
        Log {
            chunks: Vec::new(),
            dropped: 0,
            origin: Offset(0),
            start: Offset(0),
            end: Offset(0),
            flushed: Offset(0),
            truncations: 0,
        }
    }
}

impl<R: Clone> Log<R> {
    /// An empty log.
    pub fn new() -> Log<R> {
        Log::default()
    }

    /// Log start offset: the first entry that is still there.
    pub const fn start(&self) -> Offset {
        self.start
    }

    /// Log end offset (LEO): where the next entry goes.
    pub const fn end(&self) -> Offset {
        self.end
    }

    /// Everything below is on disk and survives a power loss.
    pub const fn flushed(&self) -> Offset {
        self.flushed
    }

    /// How often the end was cut: tells "cut and refilled" from "untouched".
    pub const fn truncations(&self) -> u32 {
        self.truncations
    }

    /// The entry at `offset`, if the log holds it.
    pub fn get(&self, offset: Offset) -> Option<&Entry<R>> {
        if offset < self.start || offset >= self.end {
            return None;
        }
        let index = offset.0 / CHUNK - self.dropped;
        let chunk = self.chunks.get(index as usize)?;
        chunk.get((offset.0 - self.chunk_start(index)) as usize)
    }

    /// The first offset of the chunk with this index.
    fn chunk_start(&self, index: u64) -> u64 {
        (CHUNK * (self.dropped + index)).max(self.origin.0)
    }

    /// Epoch of the last entry; `None` when the log is empty.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        self.end.0.checked_sub(1).and_then(|last| self.get(Offset(last))).map(|entry| entry.epoch)
    }

    /// Appends one entry and returns its offset.
    pub fn append(&mut self, entry: Entry<R>) -> Offset {
        let offset = self.end;
        if offset.0.is_multiple_of(CHUNK) || self.chunks.is_empty() {
            self.chunks.push(Arc::new(Vec::with_capacity(4)));
        }
        if let Some(tail) = self.chunks.last_mut() {
            Arc::make_mut(tail).push(entry);
        }
        self.end = offset.next();
        offset
    }

    /// Cuts the log so that it ends at `to`. Returns whether an entry was removed.
    pub fn truncate_to(&mut self, to: Offset) -> bool {
        if to >= self.end {
            return false;
        }
        assert!(to >= self.start, "truncating to {to} would cut below the log start {}", self.start);
        let keep = to.0.div_ceil(CHUNK) - self.dropped;
        self.chunks.truncate(keep as usize);
        let rest = to.0 - self.chunk_start(keep.saturating_sub(1)).min(to.0);
        if !to.0.is_multiple_of(CHUNK)
            && let Some(tail) = self.chunks.last_mut()
        {
            Arc::make_mut(tail).truncate(rest as usize);
        }
        self.end = to;
        self.flushed = self.flushed.min(to);
        self.truncations += 1;
        true
    }

    /// Drops everything and starts anew at `start` (out-of-range handling of a follower).
    pub fn reset_to(&mut self, start: Offset) {
        self.truncate_to(self.start);
        self.chunks.clear();
        self.dropped = start.0 / CHUNK;
        (self.origin, self.start, self.end, self.flushed) = (start, start, start, start);
    }

    /// Drops the entries before `start`, which lies within the log. Returns whether the log start moved.
    ///
    /// # Panics
    /// When the log ends before `start`.
    pub fn drop_before(&mut self, start: Offset) -> bool {
        if start <= self.start {
            return false;
        }
        assert!(start <= self.end, "dropping entries before {start} of a log that ends at {}", self.end);
        let gone = (start.0 / CHUNK - self.dropped).min(self.chunks.len() as u64);
        self.chunks.drain(..gone as usize);
        self.dropped += gone;
        self.start = start;
        self.flushed = self.flushed.max(start);
        true
    }

    /// Marks everything appended so far as flushed.
    pub fn flush(&mut self) {
        self.flushed = self.end;
    }

    /// Up to `most` entries from `from` on, ending before `until`.
    pub fn read(&self, from: Offset, until: Offset, most: u64) -> Vec<Entry<R>> {
        let until = until.min(self.end).min(from.plus(most));
        self.iter(from, until).map(|(_, entry)| entry.clone()).collect()
    }

    /// The entries of `from .. until` with their offsets.
    pub fn iter(&self, from: Offset, until: Offset) -> impl Iterator<Item = (Offset, &Entry<R>)> + '_ {
        let range = from.max(self.start).0..until.min(self.end).0;
        range.filter_map(|offset| self.get(Offset(offset)).map(|entry| (Offset(offset), entry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(n: u32) -> Log<u32> {
        let mut log = Log::new();
        for body in 0..n {
            log.append(Entry { epoch: LeaderEpoch(body / 100), body });
        }
        log
    }

    #[test]
    fn what_was_appended_is_read_back_across_chunks() {
        let log = log(200);
        assert_eq!(log.end(), Offset(200));
        assert_eq!(log.get(Offset(130)).map(|e| e.body), Some(130));
        assert_eq!(
            log.read(Offset(62), Offset(500), 4).iter().map(|e| e.body).collect::<Vec<_>>(),
            [62, 63, 64, 65]
        );
        assert_eq!(log.get(Offset(200)), None);
    }

    #[test]
    fn a_cut_removes_the_suffix_and_the_log_goes_on_from_there() {
        for cut in [0, 1, 63, 64, 65, 128, 199] {
            let mut log = log(200);
            assert!(log.truncate_to(Offset(cut)));
            assert_eq!(log.append(Entry { epoch: LeaderEpoch(9), body: 777 }), Offset(cut));
            assert_eq!(log.get(Offset(cut)).map(|e| e.body), Some(777));
            assert_eq!(log.end(), Offset(cut + 1));
            assert_eq!(log.truncations(), 1);
        }
    }

    #[test]
    fn a_cut_at_the_end_removes_nothing() {
        let mut log = log(5);
        assert!(!log.truncate_to(Offset(5)));
        assert_eq!(log.truncations(), 0);
    }

    #[test]
    fn a_log_that_starts_anew_anywhere_goes_on_from_there() {
        for start in [0, 5, 64, 70, 150, 1000] {
            let mut log = log(150);
            log.reset_to(Offset(start));
            assert_eq!(
                (log.start(), log.end(), log.flushed()),
                (Offset(start), Offset(start), Offset(start))
            );
            for body in 0..130 {
                assert_eq!(
                    log.append(Entry { epoch: LeaderEpoch(7), body }),
                    Offset(start + u64::from(body))
                );
            }
            assert_eq!(log.get(Offset(start + 129)).map(|e| e.body), Some(129));
            assert!(log.truncate_to(Offset(start + 3)));
            assert_eq!(log.append(Entry { epoch: LeaderEpoch(8), body: 777 }), Offset(start + 3));
            assert_eq!(
                log.read(Offset(start), Offset(start + 9), 9).iter().map(|e| e.body).collect::<Vec<_>>(),
                [0, 1, 2, 777]
            );
            assert!(log.truncate_to(Offset(start)));
            assert_eq!(log.append(Entry { epoch: LeaderEpoch(8), body: 778 }), Offset(start));
            assert_eq!(log.get(Offset(start)).map(|e| e.body), Some(778));
        }
    }

    #[test]
    fn a_log_without_its_oldest_entries_goes_on_as_before() {
        for start in [1, 63, 64, 65, 127, 128, 150, 199, 200] {
            let mut log = log(200);
            assert!(log.drop_before(Offset(start)));
            assert!(!log.drop_before(Offset(start)));
            assert_eq!((log.start(), log.end(), log.truncations()), (Offset(start), Offset(200), 0));
            assert!(log.flushed() >= log.start());
            assert_eq!(log.get(Offset(start - 1)), None);
            assert_eq!(log.get(Offset(199)).map(|e| e.body), (start < 200).then_some(199));
            for body in 200..300 {
                assert_eq!(log.append(Entry { epoch: LeaderEpoch(7), body }), Offset(u64::from(body)));
            }
            assert_eq!(log.get(Offset(299)).map(|e| e.body), Some(299));
            assert!(log.drop_before(Offset(250)));
            assert!(log.truncate_to(Offset(250)));
            assert_eq!(log.append(Entry { epoch: LeaderEpoch(8), body: 777 }), Offset(250));
            assert_eq!(log.get(Offset(250)).map(|e| e.body), Some(777));
        }
    }

    #[test]
    fn a_clone_does_not_see_later_appends() {
        let mut original = log(70);
        let copy = original.clone();
        original.append(Entry { epoch: LeaderEpoch(1), body: 70 });
        assert_eq!(copy.end(), Offset(70));
        assert_eq!(copy.get(Offset(70)), None);
    }
}
