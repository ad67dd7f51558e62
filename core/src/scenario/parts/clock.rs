//! A bench's clock: what time it is there, and which timers run out when.

use crate::node::Timer;
use crate::scenario::words;
use crate::time::{Span, Time};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The most timers that may run out within one command.
const MOST_TIMERS: u32 = 100_000;

#[derive(Debug)]
pub(super) struct Clock {
    pub(super) now: Time,
    armed: BTreeMap<Timer, Time>,
}

/// Time that passes, and how many timers may run out meanwhile.
#[derive(Debug)]
pub(super) struct Passing {
    until: Time,
    left: u32,
}

impl Clock {
    pub(super) fn new(now: Time) -> Clock {
        Clock { now, armed: BTreeMap::new() }
    }

    pub(super) fn arm(&mut self, timer: Timer, after: Span) {
        self.armed.insert(timer, self.now + after);
    }

    pub(super) fn disarm(&mut self, timer: Timer) {
        self.armed.remove(&timer);
    }

    pub(super) fn disarm_all(&mut self) {
        self.armed.clear();
    }

    pub(super) fn is_armed(&self, timer: Timer) -> bool {
        self.armed.contains_key(&timer)
    }

    /// How long until this timer runs out.
    pub(super) fn remaining(&self, timer: Timer) -> Option<Span> {
        self.armed.get(&timer).map(|at| at.since(self.now))
    }

    /// Lets so much time pass: [`Clock::next`] tells what runs out meanwhile.
    pub(super) fn pass(&self, span: Span) -> Passing {
        Passing { until: self.now + span, left: MOST_TIMERS }
    }

    /// The next timer that runs out, at its moment; when there is none the time has passed.
    ///
    /// # Errors
    /// When more run out than a bench plays.
    pub(super) fn next(&mut self, passing: &mut Passing) -> Result<Option<Timer>, String> {
        let due = self.armed.iter().filter(|(_, at)| **at <= passing.until);
        let Some((&timer, _)) = due.min_by_key(|(timer, at)| (**at, **timer)) else {
            self.now = passing.until;
            return Ok(None);
        };
        passing.left = passing
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("more than {MOST_TIMERS} timers run out: write a shorter time"))?;
        self.run_out(timer);
        Ok(Some(timer))
    }

    /// The clock moves to where this timer runs out.
    ///
    /// # Errors
    /// Names the timers that are armed, when this one is not.
    pub(super) fn wait_for(&mut self, timer: Timer) -> Result<(), String> {
        if self.run_out(timer) {
            return Ok(());
        }
        let armed: Vec<String> = self.armed.keys().map(|timer| words::show_timer(*timer)).collect();
        Err(format!("this timer is not armed; armed are: {}", armed.join(", ")))
    }

    fn run_out(&mut self, timer: Timer) -> bool {
        let due = self.armed.remove(&timer);
        self.now = due.map_or(self.now, |at| self.now.max(at));
        due.is_some()
    }

    /// Armed timers and how long each has left.
    pub(super) fn show(&self) -> String {
        let line = |(timer, at): (&Timer, &Time)| {
            format!("{} {}", words::show_timer(*timer), words::show_span(at.since(self.now)))
        };
        self.armed.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
