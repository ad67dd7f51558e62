//! A long list whose clones share what they have in common.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// Items per shared chunk.
const CHUNK: u64 = 512;

/// A long list whose clones share what they have in common.
#[derive(Clone, Debug)]
pub(super) struct Shared<T> {
    chunks: Vec<Arc<Vec<T>>>,
    pub(super) length: u64,
}

impl<T: Clone> Shared<T> {
    pub(super) const fn new() -> Shared<T> {
        Shared { chunks: Vec::new(), length: 0 }
    }

    pub(super) fn push(&mut self, item: T) {
        if self.length.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::new()));
        }
        if let Some(tail) = self.chunks.last_mut() {
            Arc::make_mut(tail).push(item);
        }
        self.length += 1;
    }

    pub(super) fn get(&self, at: u64) -> Option<&T> {
        self.chunks.get((at / CHUNK) as usize)?.get((at % CHUNK) as usize)
    }

    pub(super) fn truncate(&mut self, length: u64) {
        if length >= self.length {
            return;
        }
        self.chunks.truncate(length.div_ceil(CHUNK) as usize);
        let rest = length % CHUNK;
        if rest != 0
            && let Some(tail) = self.chunks.last_mut()
        {
            Arc::make_mut(tail).truncate(rest as usize);
        }
        self.length = length;
    }

    pub(super) fn range(&self, range: Range<u64>) -> impl DoubleEndedIterator<Item = &T> + '_ {
        (range.start..range.end.min(self.length)).filter_map(|at| self.get(at))
    }

    /// The first place for which `before` does not hold.
    pub(super) fn partition_point(&self, before: impl Fn(&T) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = (low + high) / 2;
            if self.get(middle).is_some_and(&before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
