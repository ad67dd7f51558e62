//! Timers as clocks: the hand runs clockwise from the top to the moment at which the timer fires.
//!
//! A full turn is the longest time that could have been drawn. What is left is a solid arc from the hand to the due
//! moment; the range from which the moment was drawn is a lighter wedge behind it.

use crate::layout::Point;
use kraftscope_core::id::NodeId;
use kraftscope_core::node::Timer;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::{ClusterView, Health, RaftRoleView, ReplicaView, SessionView, TimerView};
use std::f64::consts::TAU;

/// A timer as angles: clockwise from the top, in radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    /// Whose.
    pub node: NodeId,
    /// Which.
    pub timer: Timer,
    /// When it was armed: the top.
    pub armed: Time,
    /// When it fires.
    pub due: Time,
    /// The earliest moment that could have been drawn.
    pub earliest: Time,
    /// A full turn.
    pub turn: Span,
}

impl Ring {
    /// The angle of a moment.
    pub fn angle(&self, moment: Time) -> f64 {
        (moment.since(self.armed).0 as f64 / self.turn.0.max(1) as f64).clamp(0.0, 1.0) * TAU
    }

    /// The moment for which a place around the middle stands.
    pub fn moment(&self, middle: Point, at: Point) -> Time {
        let angle = (at.x - middle.x).atan2(middle.y - at.y).rem_euclid(TAU);
        self.armed + Span((angle / TAU * self.turn.0 as f64) as u64)
    }

    /// How much is left, of what there was when it was armed: 1 to 0.
    pub fn left(&self, now: Time) -> f64 {
        self.due.since(now).0 as f64 / self.due.since(self.armed).0.max(1) as f64
    }
}

/// How much a timer matters to whoever watches a node: the lower, the more; `None` is never a ring.
const fn rank(timer: Timer) -> Option<u32> {
    match timer {
        Timer::Election | Timer::ZooKeeperElection => Some(0),
        Timer::CandidateBackoff => Some(1),
        Timer::QuorumFetch => Some(2),
        Timer::CheckQuorum => Some(3),
        _ => None,
    }
}

/// The ring around a node: its most telling armed timer.
pub fn ring_of(view: &ClusterView, node: NodeId) -> Option<Ring> {
    let own = view.timers.iter().filter(|timer| timer.node == node);
    let ranked = own.filter_map(|timer| rank(timer.timer).map(|rank| (rank, timer)));
    let (_, timer) = ranked.min_by_key(|(rank, _)| *rank)?;
    Some(ring(timer))
}

fn ring(timer: &TimerView) -> Ring {
    Ring {
        node: timer.node,
        timer: timer.timer,
        armed: timer.armed_at,
        due: timer.due,
        earliest: timer.earliest,
        turn: timer.latest.max(timer.due).since(timer.armed_at),
    }
}

/// The election timeout of a replica in the Raft group of its partition; none for who leads or does not run. It was
/// drawn anew whenever the leader was heard from: what is seen is how much is left of the longest that could have been.
pub(super) fn ring_of_replica(copy: &ReplicaView) -> Option<Ring> {
    let raft =
        copy.raft.as_ref().filter(|raft| raft.role != RaftRoleView::Leader && copy.health != Health::Down)?;
    let turn = raft.wait_max;
    Some(Ring {
        node: copy.broker,
        timer: Timer::Rafts,
        armed: Time(raft.deadline.0.saturating_sub(turn.0)),
        due: raft.deadline,
        earliest: raft.deadline,
        turn,
    })
}

/// How much of a broker's session is left, 1 to 0.
pub fn session_left(session: &SessionView, now: Time) -> f64 {
    let whole = session.expires.since(session.last_contact).0.max(1) as f64;
    (session.expires.since(now).0 as f64 / whole).min(1.0)
}
