//! Clocks that are wrong: one runs slow or fast, one stands still, as that of a virtual machine that is suspended (F13).
//!
//! A process knows no other time than that of its clock, and its timers run by it. Everything else in the world goes by
//! virtual time, which is right. Keeps: no clock ever goes back.
//! Source: Ongaro's thesis, section 6.4.1 (leases assume a bound on clock drift); `clock_gettime`, `CLOCK_MONOTONIC`,
//! which "does not count time that the system is suspended".
//!
//! Left out: what is shown of a process by its own clock (since when it has heard of somebody) is not put right.

use super::world::World;
use super::{NotEnabled, Sim, Step};
use crate::id::NodeId;
use crate::note::Note;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// How fast a right clock runs.
pub const RIGHT: u32 = 100;
/// The fastest that there is.
pub const FASTEST: u32 = 1000;

/// A clock that is wrong, or has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clock {
    /// When it began to run as it does.
    pub since: Time,
    /// What it showed then.
    pub shown: Time,
    /// How much of a second it counts in a second, in percent; 0 stands still.
    pub percent: u32,
}

impl Clock {
    const fn show(self, now: Time) -> Time {
        Time(self.shown.0 + now.since(self.since).0 * self.percent as u64 / RIGHT as u64)
    }

    /// How long it takes in truth until it has counted `span`. One that stands still is taken for a right one, and its
    /// timers are put off when it goes on.
    fn takes(self, span: Span) -> Span {
        match u64::from(self.percent) {
            0 => span,
            percent => Span(span.0.saturating_mul(u64::from(RIGHT)).div_ceil(percent)),
        }
    }

    /// How much it counts from `armed` on until `due`.
    fn left(self, armed: Time, due: Time, now: Time) -> Span {
        match self.percent {
            0 => due.since(armed.max(self.since)),
            percent => Span((due.since(now).0 * u64::from(percent)).div_ceil(u64::from(RIGHT))),
        }
    }
}

impl World {
    /// The time that this node's clock shows.
    pub fn time_at(&self, node: NodeId) -> Time {
        self.clocks.get(&node).map_or(self.now, |clock| clock.show(self.now))
    }

    /// The earliest moment at which this node's clock can have shown `time`.
    pub fn true_time(&self, node: NodeId, time: Time) -> Time {
        let Some(clock) = self.clocks.get(&node) else { return time };
        if time <= clock.shown {
            return Time(clock.since.0.saturating_sub(clock.shown.since(time).0));
        }
        (clock.since + clock.takes(time.since(clock.shown))).min(self.now)
    }

    /// How long a timer of this node runs in truth.
    pub(super) fn true_span(&self, node: NodeId, span: Span) -> Span {
        self.clocks.get(&node).map_or(span, |clock| clock.takes(span))
    }

    pub(super) fn stands_still(&self, node: NodeId) -> bool {
        self.clocks.get(&node).is_some_and(|clock| clock.percent == 0)
    }
}

impl Sim {
    /// From now on the clock of this node counts so much of a second in a second.
    pub(super) fn set_clock(
        &mut self,
        node: NodeId,
        percent: u32,
        step: &mut Step,
    ) -> Result<(), NotEnabled> {
        self.must_exist(node)?;
        let now = self.world.now;
        let usual = Clock { since: now, shown: now, percent: RIGHT };
        let before = self.world.clocks.get(&node).copied().unwrap_or(usual);
        let after = Clock { since: now, shown: before.show(now), percent };
        self.queue.move_timers(node, |armed, time| now + after.takes(before.left(armed, time, now)));
        self.world.clocks.insert(node, after);
        step.node = Some(node);
        step.notes.push(Note::ClockSet { node, percent });
        Ok(())
    }

    /// All clocks run as they should from now on.
    pub(super) fn set_clocks_right(&mut self, step: &mut Step) {
        let wrong = self.world.clocks.iter().filter(|(_, clock)| clock.percent != RIGHT);
        let wrong: alloc::vec::Vec<NodeId> = wrong.map(|(&node, _)| node).collect();
        for node in wrong {
            let _ = self.set_clock(node, RIGHT, step);
        }
        step.node = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Time {
        Time(secs * 1_000_000)
    }

    #[test]
    fn a_slow_clock_counts_less_and_its_timers_take_longer() {
        let clock = Clock { since: at(10), shown: at(10), percent: 50 };
        assert_eq!(clock.show(at(14)), at(12));
        assert_eq!(clock.takes(Span::secs(2)), Span::secs(4));
        assert_eq!(clock.left(at(10), at(14), at(12)), Span::secs(1));
    }

    #[test]
    fn a_timer_of_a_clock_that_stood_still_has_left_what_it_had() {
        let clock = Clock { since: at(10), shown: at(10), percent: 0 };
        assert_eq!(clock.show(at(14)), at(10));
        assert_eq!(clock.left(at(9), at(13), at(20)), Span::secs(3), "armed before");
        assert_eq!(clock.left(at(12), at(13), at(20)), Span::secs(1), "armed meanwhile");
    }
}
