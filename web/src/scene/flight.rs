//! Where a message is at a moment.

use crate::layout::{Point, Route};
use kraftscope_core::id::PacketId;
use kraftscope_core::time::Time;
use kraftscope_core::view::FlightView;
use std::rc::Rc;

/// Where on its way a message that will be lost begins to fall.
const BREAKS_AT: f64 = 0.6;
/// How deep it falls, in pixels.
const DEPTH: f64 = 48.0;
/// Where on its way a message stops at a cut link.
const CUT_AT: f64 = 0.5;

/// A message and its path.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// Index in the view's list.
    pub(super) flight: usize,
    pub(super) id: PacketId,
    pub(super) route: Rc<Route>,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// It is on its way.
    Flies,
    /// It is lost and falls: from 0 (just now) to 1 (gone).
    Falls(f64),
    /// It stands at a cut link.
    Stuck,
}

/// A message at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Where.
    pub at: Point,
    /// How far along its path, 0 to 1.
    pub progress: f64,
    /// What becomes of it.
    pub fate: Fate,
}

/// The message at `time`; `None` before it was sent.
pub fn pose(flight: &FlightView, route: &Route, time: Time) -> Option<Pose> {
    if time < flight.sent_at {
        return None;
    }
    let whole = flight.deliver_at.since(flight.sent_at).0.max(1) as f64;
    let progress = (time.since(flight.sent_at).0 as f64 / whole).min(1.0);
    if flight.blocked {
        let progress = progress.min(CUT_AT);
        let fate = if progress < CUT_AT { Fate::Flies } else { Fate::Stuck };
        return Some(Pose { at: route.at(progress), progress, fate });
    }
    if flight.lost && progress > BREAKS_AT {
        let fallen = (progress - BREAKS_AT) / (1.0 - BREAKS_AT);
        let from = route.at(BREAKS_AT);
        let at = Point::new(from.x, from.y + DEPTH * fallen * fallen);
        return Some(Pose { at, progress: BREAKS_AT, fate: Fate::Falls(fallen) });
    }
    Some(Pose { at: route.at(progress), progress, fate: Fate::Flies })
}
