//! Which timers of a client are armed, and for when.
//!
//! A client works out after every input when it must wake up again; this turns that into the fewest effects.
//! Invariant: `armed` is what the driver has armed, as far as no process of this name was restarted.

use crate::node::{Out, Timer};
use crate::time::Time;
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// The armed timers and their due times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Alarms {
    armed: BTreeMap<Timer, Time>,
}

impl Alarms {
    /// Sees to it that `timer` runs out at `due`, or not at all. A due time that has passed means now.
    pub fn set(&mut self, timer: Timer, due: Option<Time>, now: Time, out: &mut Out) {
        if self.armed.get(&timer).copied() == due {
            return;
        }
        match due {
            Some(due) => {
                self.armed.insert(timer, due);
                out.arm(timer, due.since(now));
            }
            None => {
                self.armed.remove(&timer);
                out.disarm(timer);
            }
        }
    }

    /// `timer` ran out.
    pub fn fired(&mut self, timer: Timer) {
        self.armed.remove(&timer);
    }

    /// When `timer` is due.
    pub fn due(&self, timer: Timer) -> Option<Time> {
        self.armed.get(&timer).copied()
    }
}
