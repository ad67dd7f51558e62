//! Where the branches of ZooKeeper's tree stand: side by side above the ensemble, on a phone in two lines.

use super::{Metrics, Point, Rect, Shape, TreeBox};
use kraftscope_core::znode::Path;

/// Above the tree.
const TOP: f64 = 10.0;
/// Between two branches.
const GAP: f64 = 12.0;

/// Height of one branch: its path, and what it holds.
fn branch(m: &Metrics) -> f64 {
    m.line(m.small) + 2.0 * radius(m) + 12.0
}

/// Radius of a session's ring.
fn radius(m: &Metrics) -> f64 {
    (m.small * 0.9).round()
}

/// Height of the whole band, with the room above it.
pub(super) fn height(m: &Metrics, narrow: bool) -> f64 {
    TOP + if narrow { 2.0 * branch(m) + GAP * 0.5 } else { branch(m) }
}

/// The branches between `across.0` and `across.1`.
pub(super) fn place(shape: &Shape, m: &Metrics, across: (f64, f64), narrow: bool) -> TreeBox {
    let (left, right) = across;
    let (wide, high, radius) = (right - left, branch(m), radius(m));
    let (controller, ids, notices) = if narrow {
        let half = (wide - GAP) / 2.0;
        let second = TOP + high + GAP * 0.5;
        (
            Rect::new(left, TOP, half, high),
            Rect::new(left, second, wide, high),
            Rect::new(left + half + GAP, TOP, half, high),
        )
    } else {
        let share = (wide - 2.0 * GAP) / 10.0;
        (
            Rect::new(left, TOP, 3.2 * share, high),
            Rect::new(left + 3.2 * share + GAP, TOP, 3.6 * share, high),
            Rect::new(left + 6.8 * share + 2.0 * GAP, TOP, 3.2 * share, high),
        )
    };
    let room = ids.w - 2.0 * m.pad - 2.0 * radius;
    let pitch = (room / (shape.brokers.len().max(2) - 1) as f64).min(2.0 * radius + m.small * 3.4);
    let y = ids.bottom() - radius - 6.0;
    let ring = |(i, &id): (usize, &_)| (id, Point::new(ids.x + m.pad + radius + pitch * i as f64, y));
    TreeBox {
        area: Rect::new(left, TOP, wide, notices.bottom().max(ids.bottom()) - TOP),
        controller,
        ids,
        sessions: shape.brokers.iter().enumerate().map(ring).collect(),
        radius,
        notices,
    }
}

impl TreeBox {
    /// Where a znode stands: its ring, or its branch.
    pub fn place_of(&self, path: Path) -> Rect {
        match path {
            Path::Controller | Path::ControllerEpoch => self.controller,
            Path::Broker(broker) => {
                let ring = self.sessions.iter().find(|(id, _)| *id == broker);
                ring.map_or(self.ids, |(_, at)| Rect::new(at.x, at.y, 0.0, 0.0).grow(self.radius))
            }
            Path::BrokerIds => self.ids,
            _ => self.notices,
        }
    }
}
