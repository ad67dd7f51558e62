//! The set of states already seen, as 64-bit fingerprints: 8 bytes a slot, no pointers.
//!
//! Two states with one fingerprint are taken for one. With `n` states the odds of that are about n² / 2⁶⁵:
//! three in a million for ten million states.

use alloc::vec::Vec;

/// Folds one word into a fingerprint. Every bit of both reaches every bit of the result: with less mixing, two
/// words that differ a little can make up for each other, and states get lost in numbers that nobody notices but
/// an exact count (splitmix64's finalizer).
#[inline]
pub const fn fold(fingerprint: u64, word: u64) -> u64 {
    let mixed = fingerprint.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word;
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// There is no memory for a larger table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// A set of fingerprints: open addressing, at most three quarters full.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Zero is an empty slot. The length is a power of two.
    slots: Vec<u64>,
    /// How many slots are taken.
    len: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { slots: alloc::vec![0; 1 << 10], len: 0 }
    }
}

impl Seen {
    /// Adds a fingerprint; `true` if it is new.
    #[inline]
    pub fn insert(&mut self, fingerprint: u64) -> Result<bool, OutOfMemory> {
        let key = fingerprint.max(1);
        let slot = self.find(key);
        if self.slots[slot] == key {
            return Ok(false);
        }
        self.slots[slot] = key;
        self.len += 1;
        if self.len * 4 > self.slots.len() as u64 * 3 {
            self.grow()?;
        }
        Ok(true)
    }

    /// How many fingerprints are in the set.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where `key` is, or where it would go.
    #[inline]
    fn find(&self, key: u64) -> usize {
        let last = self.slots.len() - 1;
        let mut slot = (key >> 20) as usize & last;
        while self.slots[slot] != 0 && self.slots[slot] != key {
            slot = (slot + 1) & last;
        }
        slot
    }

    fn grow(&mut self) -> Result<(), OutOfMemory> {
        let wanted = self.slots.len() * 2;
        let mut slots = Vec::new();
        slots.try_reserve_exact(wanted).map_err(|_| OutOfMemory)?;
        slots.resize(wanted, 0);
        let old = core::mem::replace(&mut self.slots, slots);
        for key in old.into_iter().filter(|&key| key != 0) {
            let slot = self.find(key);
            self.slots[slot] = key;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the definition of a set.
    #[test]
    fn a_fingerprint_is_new_once_also_after_the_table_grew() {
        let mut seen = Seen::default();
        let keys: Vec<u64> = (0..10_000).map(|n| fold(7, n)).collect();
        assert!(keys.iter().all(|&key| seen.insert(key) == Ok(true)));
        assert!(keys.iter().all(|&key| seen.insert(key) == Ok(false)));
        assert_eq!(seen.len(), 10_000);
    }
}
