//! Virtual time: microseconds since the start of the run.
//!
//! Nothing here reads a clock. Nodes are told the time with every input; the simulator owns it.

use core::fmt;
use core::ops::{Add, AddAssign, Div, Mul, Sub};
use serde::{Deserialize, Serialize};

/// A moment, in microseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub u64);

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(pub u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);

    /// The time that has passed since `earlier`; zero when `earlier` lies ahead.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Milliseconds since the start, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// `n` microseconds.
    pub const fn micros(n: u64) -> Span {
        Span(n)
    }

    /// `n` milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n * 1000)
    }

    /// `n` seconds.
    pub const fn secs(n: u64) -> Span {
        Span(n * 1_000_000)
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }
}

impl Div<u64> for Span {
    type Output = Span;
    fn div(self, n: u64) -> Span {
        Span(self.0 / n.max(1))
    }
}

/// Seconds with three decimals: `12.140 s`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1000 % 1000)
    }
}

/// The shortest of `250 us`, `1.5 ms`, `9 s`, `31.2 s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest, unit) = match self.0 {
            0..1_000 => return write!(f, "{} us", self.0),
            1_000..1_000_000 => (self.0 / 1000, self.0 / 100 % 10, "ms"),
            _ => (self.0 / 1_000_000, self.0 / 100_000 % 10, "s"),
        };
        if rest == 0 { write!(f, "{whole} {unit}") } else { write!(f, "{whole}.{rest} {unit}") }
    }
}
