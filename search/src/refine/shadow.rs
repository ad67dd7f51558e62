//! What the model knows of the replicas: their logs as far as its own actions have made them, and of each epoch the
//! log of its leader.

use kraftscope_core::id::Incarnation;
use kraftscope_models::replicas::{Entry, Replica, ReplicaSet};

/// A replica in the model.
#[derive(Clone, Debug, Default)]
pub(super) struct Shadow {
    pub(super) log: Vec<Entry>,
    pub(super) hw: u32,
    /// The furthest that its high watermark ever was: a follower takes that of a leader that knows less, and a restart
    /// brings back what was written down before.
    pub(super) furthest_hw: u32,
    pub(super) life: Incarnation,
    /// The epoch that it has heard of, and who leads it.
    pub(super) epoch: Option<u32>,
    pub(super) leader: Option<Replica>,
    /// The epoch that it has taken up in the model: a leader at once, a follower when its log was found to be, or was
    /// made, one with the leader's.
    pub(super) taken_up: Option<u32>,
    /// As a leader: the maximal ISR.
    pub(super) isr: ReplicaSet,
    pub(super) truncations: u32,
    /// Where its log ended, and with what, when it left an epoch.
    pub(super) left: Vec<(u32, Tip)>,
}

/// The end of a log, and the record before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) end: u32,
    pub(super) last: Option<Entry>,
}

impl Shadow {
    pub(super) fn end(&self) -> u32 {
        self.log.len() as u32
    }

    pub(super) fn tip(&self) -> Tip {
        Tip { end: self.end(), last: self.log.last().copied() }
    }

    /// Where its log ended while it was in this epoch: now, or when it left.
    pub(super) fn tip_in(&self, epoch: u32) -> Option<Tip> {
        if self.epoch == Some(epoch) {
            return Some(self.tip());
        }
        self.left.iter().rev().find(|(of, _)| *of == epoch).map(|&(_, tip)| tip)
    }
}

/// One replica leading one epoch.
#[derive(Clone, Debug)]
pub(super) struct Reign {
    pub(super) epoch: u32,
    pub(super) leader: Replica,
    /// It goes on: the log is that of the replica.
    pub(super) lasts: bool,
    /// The log at its end.
    pub(super) log: Vec<Entry>,
    /// The furthest high watermark.
    pub(super) hw: u32,
}

impl Tip {
    /// Whether a log that ends so is the beginning of this one.
    pub(super) fn is_in(self, log: &[Entry]) -> bool {
        let before = self.end.checked_sub(1);
        before.is_none_or(|last| log.get(last as usize).copied() == self.last)
    }
}
