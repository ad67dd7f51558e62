//! The paths of messages: through the gaps, never through words.
//!
//! A request bows one way and its response the other: between replicas above and below the row, between
//! controllers above and below the ring, between clients and brokers on the left and on the right of the column,
//! between brokers and controllers side by side. So the two never cover each other, and the side alone says which
//! it is. A route is a chain of short straight pieces with their lengths, so that a message moves at one speed.

use super::{BrokerBox, Layout, Point, Rect};
use kraftscope_core::id::{NodeId, NodeKind, TopicPartition};
use kraftscope_core::view::FlightView;

/// Where a message starts or ends: indexes into the layout's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// A controller.
    Controller(u32),
    /// A broker as a whole: the head of its column.
    Head(u32),
    /// One replica.
    Card {
        /// Its row.
        row: u32,
        /// Its column.
        column: u32,
    },
    /// A client.
    Client(u32),
}

/// A path that is walked at one speed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    points: Vec<Point>,
    /// How far each point is from the start.
    reached: Vec<f64>,
}

impl Route {
    fn of(points: Vec<Point>) -> Route {
        let mut reached = Vec::with_capacity(points.len());
        let mut total = 0.0;
        for (i, point) in points.iter().enumerate() {
            total += points[i.saturating_sub(1)].distance(*point);
            reached.push(total);
        }
        Route { points, reached }
    }

    /// The points of the chain.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How long it is, in pixels.
    pub fn length(&self) -> f64 {
        self.reached.last().copied().unwrap_or(0.0)
    }

    /// The place at `t`, from 0 at the start to 1 at the end.
    pub fn at(&self, t: f64) -> Point {
        let wanted = self.length() * t.clamp(0.0, 1.0);
        let next = self.reached.partition_point(|&reached| reached < wanted);
        let (Some(&to), Some(&reached)) = (self.points.get(next), self.reached.get(next)) else {
            return self.points.last().copied().unwrap_or_default();
        };
        if next == 0 {
            return to;
        }
        let (from, before) = (self.points[next - 1], self.reached[next - 1]);
        from.towards(to, (wanted - before) / (reached - before).max(f64::EPSILON))
    }

    /// The points between `from` and `to` (0 to 1), both ends included.
    pub fn piece(&self, from: f64, to: f64) -> impl Iterator<Item = Point> + '_ {
        let (low, high) = (self.length() * from.clamp(0.0, 1.0), self.length() * to.clamp(0.0, 1.0));
        let first = self.reached.partition_point(|&reached| reached <= low);
        let last = self.reached.partition_point(|&reached| reached < high).max(first);
        let inner = self.points.get(first..last).unwrap_or_default().iter().copied();
        std::iter::once(self.at(from)).chain(inner).chain(std::iter::once(self.at(to)))
    }

    fn reversed(mut self) -> Route {
        self.points.reverse();
        Route::of(self.points)
    }
}

impl Layout {
    /// Where a message starts and ends; `None` when an end is not on the stage. A message about one or two
    /// partitions goes to the first one's replicas, one about more of them to the broker as a whole.
    pub fn endings(&self, flight: &FlightView) -> Option<(Ending, Ending)> {
        let partition = match flight.partitions.as_slice() {
            [one] | [one, _] => Some(*one),
            _ => None,
        };
        Some((self.ending(flight.from, partition)?, self.ending(flight.to, partition)?))
    }

    /// Where messages of `node` about `partition` start and end.
    pub fn ending(&self, node: NodeId, partition: Option<TopicPartition>) -> Option<Ending> {
        match node.kind() {
            NodeKind::Controller | NodeKind::ZooKeeper => {
                index(&self.controllers, |c| c.id == node).map(Ending::Controller)
            }
            NodeKind::Producer | NodeKind::Consumer => {
                index(&self.clients, |c| c.id == node).map(Ending::Client)
            }
            NodeKind::Broker => {
                let column = index(&self.brokers, |b| b.id == node)?;
                let row = partition.and_then(|wanted| index(&self.rows, |row| row.partition == wanted));
                Some(row.map_or(Ending::Head(column), |row| Ending::Card { row, column }))
            }
        }
    }

    /// The path between two endings. A response takes the other side of the way on which its request came.
    pub fn route(&self, from: Ending, to: Ending, request: bool) -> Route {
        if request { self.way(from, to, true) } else { self.way(to, from, false).reversed() }
    }

    /// The path from the asker to the asked, on the request's or on the response's side.
    fn way(&self, asker: Ending, asked: Ending, request: bool) -> Route {
        match (asker, asked) {
            (Ending::Controller(a), Ending::Controller(b)) => self.between_controllers(a, b, request),
            (Ending::Card { row, column: a }, Ending::Card { row: other, column: b }) if row == other => {
                self.within_row(row, a, b, request)
            }
            (Ending::Head(a) | Ending::Card { column: a, .. }, Ending::Controller(c)) => {
                self.to_controller(a, c, request)
            }
            (Ending::Controller(c), Ending::Head(b) | Ending::Card { column: b, .. }) => {
                self.to_controller(b, c, !request).reversed()
            }
            (Ending::Head(a) | Ending::Card { column: a, .. }, Ending::Head(b)) => {
                self.between_heads(a, b, request)
            }
            (Ending::Head(a) | Ending::Card { column: a, .. }, Ending::Card { column: b, .. }) => {
                self.between_heads(a, b, request)
            }
            (Ending::Client(c), Ending::Head(b)) => {
                let head = self.brokers[b as usize].head;
                self.of_client(c, b, head, request)
            }
            (Ending::Client(c), Ending::Card { row, column }) => {
                let row = &self.rows[row as usize];
                let card = super::grid::card(self.brokers[column as usize].column, row);
                self.of_client(c, column, card, request)
            }
            (other, Ending::Client(c)) => self.way(Ending::Client(c), other, !request).reversed(),
            (Ending::Client(a), Ending::Controller(b)) => {
                let from = self.clients[a as usize].area;
                let to = self.controllers[b as usize].area;
                Route::of(vec![Point::new(from.middle().x, from.y), Point::new(to.middle().x, to.bottom())])
            }
        }
    }

    fn between_controllers(&self, a: u32, b: u32, request: bool) -> Route {
        let (from, to) = (&self.controllers[a as usize], &self.controllers[b as usize]);
        let apart = f64::from(a.abs_diff(b)).min(5.0);
        let shift = if from.ring.x < to.ring.x { 7.0 } else { -7.0 };
        let side = if request { -1.0 } else { 1.0 };
        let edge = if request || !from.tall { from.radius } else { from.area.bottom() - from.ring.y };
        let start = Point::new(from.ring.x + shift, from.ring.y + side * (edge + 2.0));
        let end = Point::new(to.ring.x - shift, to.ring.y + side * (edge + 2.0));
        let lane = from.ring.y + side * (edge + 4.0 + 6.0 * apart);
        rounded(&[start, Point::new(start.x, lane), Point::new(end.x, lane), end], 14.0)
    }

    /// Along the gap above the row (requests) or below it (responses).
    fn within_row(&self, row: u32, a: u32, b: u32, request: bool) -> Route {
        let row = &self.rows[row as usize];
        let (from, to) = (self.brokers[a as usize].column, self.brokers[b as usize].column);
        let apart = f64::from(a.abs_diff(b).saturating_sub(1)).min(3.0);
        let reach = (self.row_gap * 0.3 + 2.0 * apart).min(self.row_gap * 0.46);
        let (edge, lane) = if request {
            (row.y - 1.0, row.y - reach)
        } else {
            (row.y + row.height + 1.0, row.y + row.height + reach)
        };
        let (start, end) = ports(from, to);
        let points =
            [Point::new(start, edge), Point::new(start, lane), Point::new(end, lane), Point::new(end, edge)];
        rounded(&points, 10.0)
    }

    fn between_heads(&self, a: u32, b: u32, request: bool) -> Route {
        let (from, to) = (&self.brokers[a as usize], &self.brokers[b as usize]);
        let apart = f64::from(a.abs_diff(b).saturating_sub(1)).min(3.0);
        let (start, end) = ports(from.column, to.column);
        let (edge, lane) = if request {
            (from.head.y - 1.0, from.head.y - 10.0 - 4.0 * apart)
        } else {
            (from.head.bottom(), from.head.bottom() + (self.row_gap * 0.3).min(8.0))
        };
        let points =
            [Point::new(start, edge), Point::new(start, lane), Point::new(end, lane), Point::new(end, edge)];
        rounded(&points, 10.0)
    }

    /// A curve that leaves the head upwards and meets the controller from below.
    fn to_controller(&self, broker: u32, controller: u32, request: bool) -> Route {
        let (head, to) = (self.brokers[broker as usize].head, &self.controllers[controller as usize]);
        let side = if request { -1.0 } else { 1.0 };
        let middle = (self.brokers.len() as f64 - 1.0) / 2.0;
        let fan = ((f64::from(broker) - middle) * 7.0).clamp(-to.radius, to.radius);
        let start = Point::new(head.middle().x + side * 9.0, head.y - 1.0);
        let bottom = if to.tall { to.area.bottom() } else { to.ring.y + to.radius };
        let end = Point::new(to.ring.x + fan + side * 4.0, bottom + 3.0);
        let bend = (start.y - end.y) * 0.55;
        cubic(start, Point::new(start.x, start.y - bend), Point::new(end.x, end.y + bend), end)
    }

    /// Up the gap on the left of the column, back down the gap on its right.
    fn of_client(&self, client: u32, broker: u32, target: Rect, request: bool) -> Route {
        let BrokerBox { column, .. } = self.brokers[broker as usize];
        let from = self.clients[client as usize].area;
        let side = if request { -1.0 } else { 1.0 };
        let spread = f64::from(client % 4) * (self.column_gap / 12.0);
        let gap = if request {
            column.x - self.column_gap * 0.18 - spread
        } else {
            column.right() + self.column_gap * 0.18 + spread
        };
        let edge = if request { target.x } else { target.right() };
        let below = column.bottom() + 8.0;
        let lanes = (from.y - below - 6.0).max(4.0);
        let lane = from.y - 6.0 - lanes * f64::from(client % 5) / 5.0 * 0.8 - if request { 0.0 } else { 4.0 };
        let start = Point::new(from.middle().x + side * (from.w / 6.0).min(14.0), from.y - 1.0);
        let height = target.middle().y + side * -4.0;
        let points = [
            start,
            Point::new(start.x, lane),
            Point::new(gap, lane),
            Point::new(gap, height),
            Point::new(edge, height),
        ];
        rounded(&points, 9.0)
    }
}

fn index<T>(list: &[T], wanted: impl Fn(&T) -> bool) -> Option<u32> {
    list.iter().position(wanted).map(|place| place as u32)
}

/// Where a message leaves one column and enters another: each at a third of its width, facing the other.
fn ports(from: Rect, to: Rect) -> (f64, f64) {
    if from.x < to.x {
        (from.x + from.w * 0.62, to.x + to.w * 0.38)
    } else {
        (from.x + from.w * 0.38, to.x + to.w * 0.62)
    }
}

/// Straight pieces with rounded corners.
fn rounded(points: &[Point], radius: f64) -> Route {
    let mut chain = Vec::with_capacity(points.len() * 6);
    chain.extend(points.first());
    for corner in points.windows(3) {
        let [before, at, after] = [corner[0], corner[1], corner[2]];
        let (first, second) = (before.distance(at), at.distance(after));
        let r = radius.min(first / 2.0).min(second / 2.0);
        if r < 0.5 {
            chain.push(at);
            continue;
        }
        let (enter, leave) = (at.towards(before, r / first), at.towards(after, r / second));
        chain.extend((0..=4).map(|i| {
            let t = f64::from(i) / 4.0;
            enter.towards(at, t).towards(at.towards(leave, t), t)
        }));
    }
    chain.extend(points.last());
    Route::of(chain)
}

/// A Bézier curve.
fn cubic(a: Point, b: Point, c: Point, d: Point) -> Route {
    const PIECES: u32 = 24;
    let point = |i| {
        let t = f64::from(i) / f64::from(PIECES);
        let (ab, bc, cd) = (a.towards(b, t), b.towards(c, t), c.towards(d, t));
        ab.towards(bc, t).towards(bc.towards(cd, t), t)
    };
    Route::of((0..=PIECES).map(point).collect())
}
