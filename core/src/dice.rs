//! The seeded generator. One stream per purpose, so that turning one knob never reshuffles another.
//!
//! The algorithm is `SplitMix64` (Steele, Lea, Flood 2014): 64 bits of state, integer arithmetic only, the same
//! on every platform.

use crate::time::Span;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// One stream of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dice(u64);

impl Dice {
    /// The stream of this seed.
    pub const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A stream of its own for `purpose`, derived from `seed`.
    pub fn stream(seed: u64, purpose: u64) -> Dice {
        let mut dice = Dice(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.next();
        dice
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u32
    }

    /// A span within `range`, both ends included.
    pub fn within(&mut self, range: &RangeInclusive<Span>) -> Span {
        let (low, high) = (range.start().0, range.end().0);
        if high <= low {
            return Span(low);
        }
        Span(low + ((u128::from(self.next()) * u128::from(high - low + 1)) >> 64) as u64)
    }

    /// True `parts` times in a million.
    pub fn chance(&mut self, parts_per_million: u32) -> bool {
        parts_per_million > 0 && self.below(1_000_000) < parts_per_million
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            [dice.next(), dice.next(), dice.next()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(Dice::new(0).next(), 0xe220_a839_7b1d_cdaf, "first output of SplitMix64 for seed 0");
    }

    #[test]
    fn a_span_stays_within_its_range() {
        let mut dice = Dice::new(1);
        let range = Span::millis(1000)..=Span::millis(1999);
        assert!((0..1000).all(|_| range.contains(&dice.within(&range))));
        assert_eq!(dice.within(&(Span(5)..=Span(5))), Span(5));
    }
}
