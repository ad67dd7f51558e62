//! Small words for chance, on top of the core's seeded stream.
//!
//! Keeps: the same seed gives the same choices natively and in WebAssembly (integers only).

use kraftscope_core::dice::Dice;
use kraftscope_core::time::Span;

/// One stream of choices.
#[derive(Clone, Copy, Debug)]
pub struct Luck(Dice);

impl Luck {
    /// A stream of its own for `purpose`, derived from `seed`.
    pub fn stream(seed: u64, purpose: u64) -> Luck {
        Luck(Dice::stream(seed, purpose))
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0.next()
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        self.0.below(n)
    }

    /// A number of `low..=high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.0.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, parts: u32) -> bool {
        self.0.below(100) < parts
    }

    /// True so many times in a million.
    pub fn in_a_million(&mut self, parts: u32) -> bool {
        self.0.chance(parts)
    }

    /// One of these; `None` of nothing.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.0.below(from.len() as u32) as usize).copied()
    }

    /// One of these by weight; `None` when all weights are zero.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> Option<T> {
        let sum: u32 = from.iter().map(|(_, weight)| weight).sum();
        let mut left = self.0.below(sum);
        from.iter()
            .find(|(_, weight)| {
                let found = left < *weight;
                left = left.saturating_sub(*weight);
                found
            })
            .map(|(one, _)| *one)
    }

    /// A span of `low..=high`.
    pub fn span(&mut self, low: Span, high: Span) -> Span {
        self.0.within(&(low..=high))
    }

    /// How long something stays broken: mostly short, sometimes beyond every time-out.
    pub fn outage(&mut self) -> Span {
        match self.below(10) {
            0..=2 => self.span(Span::millis(1), Span::millis(200)),
            3..=6 => self.span(Span::millis(200), Span::secs(3)),
            7..=8 => self.span(Span::secs(3), Span::secs(12)),
            _ => self.span(Span::secs(12), Span::secs(40)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut luck = Luck::stream(1, 1);
        assert!((0..200).all(|_| luck.weighted(&[('a', 0), ('b', 3), ('c', 0)]) == Some('b')));
        assert_eq!(luck.weighted::<char>(&[('a', 0)]), None);
        assert_eq!(luck.pick::<char>(&[]), None);
    }
}
