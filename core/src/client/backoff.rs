//! Waiting times that double with every failure (`ExponentialBackoff`, KIP-580).
//!
//! Kafka draws the jitter anew whenever it looks at the clock; here it is drawn once per failure, so that a wait
//! that was announced is the wait that happens. Invariant: no wait is shorter than a millisecond, Kafka's finest
//! time; with a wait of zero a client could try for ever at one instant.

use crate::node::Out;
use crate::time::Span;

const SHORTEST: Span = Span::millis(1);

/// `min(initial * 2^attempts * in[0.8, 1.2], max)`; `max`, without jitter, when it is not above `initial`.
/// `attempts` counts from 0.
pub fn backoff(initial: Span, max: Span, attempts: u32, out: &mut Out) -> Span {
    if max <= initial {
        return max.max(SHORTEST);
    }
    let parts_per_million = 800_000 + u64::from(out.pick(400_001));
    Span(doubled(initial, max, attempts).0.saturating_mul(parts_per_million) / 1_000_000)
        .min(max)
        .max(SHORTEST)
}

/// `min(initial * 2^attempts, max)`: the wait before jitter.
pub fn doubled(initial: Span, max: Span, attempts: u32) -> Span {
    let factor = 1u64.checked_shl(attempts).unwrap_or(u64::MAX);
    Span(initial.0.saturating_mul(factor)).min(max)
}
