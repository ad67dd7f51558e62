//! "This happened just now": a message arrived, a role or an ISR changed. Lives in wall time.

use super::changes::Changes;
use super::flight::Track;
use crate::layout::{Layout, Point, Rect};
use crate::select::Selection;
use kraftscope_core::view::ClusterView;

/// How long a pulse lasts, in wall milliseconds.
const LIFE: f64 = 700.0;
/// More events than this at once are a jump, not something that happened.
const JUMP: u64 = 8;

/// What pulses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// A message arrived here.
    Arrival(Point),
    /// Something changed here.
    Change(Rect),
}

/// A pulse and its age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pulse {
    pub(super) shape: Shape,
    started: f64,
}

impl Pulse {
    pub(super) fn is_alive(&self, wall: f64) -> bool {
        (0.0..LIFE).contains(&(wall - self.started))
    }

    /// From 0 (just now) to 1 (over).
    pub(super) fn age(&self, wall: f64) -> f64 {
        ((wall - self.started) / LIFE).clamp(0.0, 1.0)
    }
}

fn is_jump(old: &ClusterView, new: &ClusterView) -> bool {
    new.event <= old.event || new.event.0 - old.event.0 > JUMP
}

/// Messages that arrived between the two pictures, at the ends of their paths.
pub(super) fn arrivals(old: &ClusterView, new: &ClusterView, tracks: &[Track], wall: f64) -> Vec<Pulse> {
    if is_jump(old, new) {
        return Vec::new();
    }
    let arrived = |track: &&Track| {
        let flight = old.flights.get(track.flight);
        flight.is_some_and(|f| f.deliver_at <= new.now && !f.lost && !f.blocked && !f.routine)
            && new.flights.iter().all(|flight| flight.id != track.id)
    };
    let pulse = |track: &Track| Pulse { shape: Shape::Arrival(track.route.at(1.0)), started: wall };
    tracks.iter().filter(arrived).map(pulse).collect()
}

/// Roles, standings and ISRs that changed.
pub(super) fn changes(old: &ClusterView, new: &ClusterView, layout: &Layout, wall: f64) -> Vec<Pulse> {
    if is_jump(old, new) {
        return Vec::new();
    }
    let changes = Changes::between(old, new);
    let nodes = changes.nodes.iter().map(|id| Selection::Node(*id));
    let replicas = changes
        .replicas
        .iter()
        .map(|(partition, broker)| Selection::Replica { partition: *partition, broker: *broker });
    let groups = changes.groups.iter().map(|name| Selection::Group(*name));
    let znodes = changes.znodes.iter().map(|path| Selection::Znode(*path));
    let areas = nodes.chain(replicas).chain(groups).chain(znodes).filter_map(|what| layout.area(what));
    areas.map(|area| Pulse { shape: Shape::Change(area), started: wall }).collect()
}
