//! The grid: how the room is shared out between bands, columns and rows.

use super::metrics::NARROW;
use super::tree;
use super::{
    BrokerBox, ClientBox, ControllerBox, Density, GroupBox, Layout, Metrics, Point, Rect, RowBox, Shape,
    Strip, Viewport,
};
use kraftscope_core::id::Offset;

/// Between two columns, where there is room.
const WIDE_GAP: f64 = 32.0;

/// Where things begin and how far apart they are, before boxes are made of it.
struct Frame {
    narrow: bool,
    scale: f64,
    density: Density,
    metrics: Metrics,
    /// Left edge of columns; row labels stand left of it.
    left: f64,
    width: f64,
    column_gap: f64,
    heights: Heights,
}

/// The picture from top to bottom.
#[derive(Clone, Copy)]
struct Heights {
    /// ZooKeeper's tree, with the room above it.
    tree: f64,
    quorum_gap: f64,
    controllers: f64,
    control_gap: f64,
    head: f64,
    row_gap: f64,
    /// Line for a row's label, when it stands above the row.
    title: f64,
    card: f64,
    client_gap: f64,
    clients: f64,
    /// The line of words below the members of a group.
    group: f64,
    bottom: f64,
}

impl Heights {
    fn total(&self, rows: f64) -> f64 {
        self.tree
            + self.quorum_gap
            + self.controllers
            + self.control_gap
            + self.head
            + rows * (self.row_gap + self.title + self.card)
            + self.client_gap
            + self.clients
            + self.group
            + self.bottom
    }
}

/// Places everything.
pub(super) fn place(shape: &Shape, viewport: Viewport) -> Layout {
    let frame = frame(shape, viewport);
    let heights = frame.heights;
    let controllers_top = heights.tree + heights.quorum_gap;
    let heads_top = controllers_top + heights.controllers + heights.control_gap;
    let rows_top = heads_top + heights.head;
    let rows = rows(shape, &frame, rows_top);
    let rows_bottom = rows.last().map_or(rows_top, |row| row.y + row.height);
    let clients_top = rows_bottom + heights.client_gap;
    let brokers = brokers(shape, &frame, heads_top, rows_bottom);
    let clients = clients(shape, &frame, clients_top);
    let label = |y: f64, h: f64| Rect::new(frame.metrics.margin, y, frame.left - frame.metrics.margin, h);
    Layout {
        width: frame.width,
        height: heights.total(shape.partitions.len() as f64).max(viewport.height.min(clients_top)),
        metrics: frame.metrics,
        density: frame.density,
        narrow: frame.narrow,
        controllers: controllers(shape, &frame, controllers_top),
        tree: shape.has_tree.then(|| {
            let across = (frame.left, frame.width - frame.metrics.margin);
            tree::place(shape, &frame.metrics, across, frame.narrow)
        }),
        brokers,
        rows,
        groups: groups(shape, &frame, &clients),
        clients,
        bands: [
            label(controllers_top, heights.controllers),
            label(heads_top, heights.head),
            label(clients_top, heights.clients),
        ],
        column_gap: frame.column_gap,
        row_gap: heights.row_gap,
    }
}

/// The largest type at which rows keep their words; else the roomiest rows at the smallest type.
fn frame(shape: &Shape, viewport: Viewport) -> Frame {
    let at = |scale: f64, density: Density| sized(shape, viewport, scale, density);
    let rows = shape.partitions.len() as f64;
    let fits = |frame: &Frame| {
        let columns = shape.brokers.len().max(1) as f64;
        let column = (frame.width - frame.left - frame.metrics.margin) / columns - frame.column_gap;
        frame.heights.total(rows) <= viewport.height
            && frame.width <= viewport.width
            && (frame.scale <= 1.0 || column >= frame.metrics.body * 16.0)
    };
    let worded = Metrics::SCALES
        .iter()
        .flat_map(|&scale| [at(scale, Density::Roomy), at(scale, Density::Regular)])
        .find(fits);
    let found = worded.or_else(|| Density::ALL.into_iter().map(|density| at(1.0, density)).find(fits));
    let mut frame = found.unwrap_or_else(|| {
        let few = rows <= 3.0;
        at(1.0, if few { Density::Regular } else { Density::Compact })
    });
    share_out(&mut frame.heights, viewport.height, rows);
    frame
}

/// The frame in which everything is as small as it may be.
fn sized(shape: &Shape, viewport: Viewport, scale: f64, density: Density) -> Frame {
    let columns = shape.brokers.len().max(1) as f64;
    let narrow = viewport.width < NARROW;
    let easy = Metrics::of(viewport, scale, false);
    let crowded =
        viewport.width < easy.body * 10.0 + 2.0 * easy.margin + columns * (easy.column_min + WIDE_GAP);
    let metrics = if crowded { Metrics::of(viewport, scale, true) } else { easy };
    let label = match (narrow, crowded) {
        (true, _) => 0.0,
        (false, true) => (metrics.body * 8.5).round(),
        (false, false) => (metrics.body * 10.0).round(),
    };
    let left = metrics.margin + label;
    let column_gap = match (narrow, crowded) {
        (true, _) => 12.0,
        (false, true) => 16.0,
        (false, false) => WIDE_GAP,
    };
    let least_width = left + columns * (metrics.column_min + column_gap) + metrics.margin;
    let width = viewport.width.max(least_width);
    let heights = least(shape, &metrics, narrow, density, width - left - metrics.margin);
    Frame { narrow, scale, density, metrics, left, width, column_gap, heights }
}

/// Gives the height that is left over to the gaps, those of messages first.
fn share_out(heights: &mut Heights, height: f64, rows: f64) {
    let mut spare = (height - heights.total(rows)).max(0.0);
    let mut take = |gap: &mut f64, most: f64, times: f64| {
        let more = (most - *gap).max(0.0).min((spare / times.max(1.0)).floor());
        *gap += more;
        spare -= more * times;
    };
    take(&mut heights.control_gap, 64.0, 1.0);
    take(&mut heights.row_gap, 28.0, rows);
    take(&mut heights.client_gap, 40.0, 1.0);
    take(&mut heights.control_gap, 88.0, 1.0);
    take(&mut heights.quorum_gap, 40.0, 1.0);
    take(&mut heights.row_gap, 40.0, rows);
    take(&mut heights.client_gap, 64.0, 1.0);
    take(&mut heights.control_gap, 120.0, 1.0);
    heights.quorum_gap += (spare / 2.0).min(48.0).floor();
}

fn least(shape: &Shape, metrics: &Metrics, narrow: bool, density: Density, room: f64) -> Heights {
    let tall = is_tall(room / shape.controllers.len().max(1) as f64, metrics);
    let lanes = shape.controllers.len().saturating_sub(1).min(4) as f64;
    let ring = 2.0 * metrics.radius(narrow);
    Heights {
        tree: if shape.has_tree { tree::height(metrics, narrow) } else { 0.0 },
        quorum_gap: 10.0 + 6.0 * lanes,
        controllers: if shape.controllers.is_empty() {
            0.0
        } else if tall {
            ring + 2.0 * metrics.line(metrics.small) + 4.0
        } else {
            ring.max(metrics.line(metrics.body) + metrics.line(metrics.small) + metrics.small * 1.2 + 8.0)
        },
        control_gap: if density == Density::Snug { 34.0 } else { 40.0 },
        head: metrics.head(density),
        row_gap: metrics.row_gap(density),
        title: if narrow { metrics.line(metrics.body) } else { 0.0 },
        card: metrics.card(density),
        client_gap: if density == Density::Snug { 22.0 } else { 28.0 },
        clients: metrics.line(metrics.body) + metrics.line(metrics.small) + 16.0,
        group: if shape.groups.is_empty() { 0.0 } else { metrics.line(metrics.small) + 12.0 },
        bottom: 8.0,
    }
}

/// Whether a controller's words go below its ring.
fn is_tall(slot: f64, metrics: &Metrics) -> bool {
    slot < metrics.body * 12.0
}

fn controllers(shape: &Shape, frame: &Frame, top: f64) -> Vec<ControllerBox> {
    let m = &frame.metrics;
    let slot = (frame.width - frame.left - m.margin) / shape.controllers.len().max(1) as f64;
    let tall = is_tall(slot, m);
    let wide = if tall { slot - 8.0 } else { (slot - 24.0).min(m.body * 20.0) };
    let r = m.radius(frame.narrow).min(slot / 2.0 - 4.0);
    let place = |(i, &id): (usize, &_)| {
        let x = frame.left + slot * i as f64 + (slot - wide) / 2.0;
        let area = Rect::new(x, top, wide, frame.heights.controllers);
        let (ring, words) = if tall {
            let middle = Point::new(area.middle().x, top + r);
            (middle, Rect::new(x, top + 2.0 * r + 4.0, wide, area.h - 2.0 * r - 4.0))
        } else {
            let middle = Point::new(x + r, top + area.h / 2.0);
            let from = x + 2.0 * r + 12.0;
            (middle, Rect::new(from, top, area.right() - from, area.h))
        };
        let log = if tall { Strip::default() } else { metadata_strip(words, m) };
        ControllerBox { id, area, ring, radius: r, words, tall, log }
    };
    shape.controllers.iter().enumerate().map(place).collect()
}

fn metadata_strip(words: Rect, m: &Metrics) -> Strip {
    let height = (m.small * 1.2).round();
    let pitch = (m.small * 0.95).round();
    Strip {
        x: words.x,
        y: words.bottom() - height - 3.0,
        pitch,
        cell: pitch - 2.0,
        height,
        slots: (words.w / pitch).floor().clamp(4.0, 12.0) as u32,
    }
}

fn brokers(shape: &Shape, frame: &Frame, top: f64, bottom: f64) -> Vec<BrokerBox> {
    let m = &frame.metrics;
    let pitch = (frame.width - frame.left - m.margin) / shape.brokers.len().max(1) as f64;
    let place = |(i, &id): (usize, &_)| {
        let x = frame.left + pitch * i as f64 + frame.column_gap / 2.0;
        let column = Rect::new(x, top, pitch - frame.column_gap, bottom - top + 8.0);
        let head = Rect::new(x, top, column.w, frame.heights.head);
        let session_words = session_words(column.w, m);
        let bar = column.w - 2.0 * m.pad - if session_words > 0.0 { session_words + 8.0 } else { 0.0 };
        let session = Rect::new(x + m.pad, head.bottom() - m.line(m.small) / 2.0 - 5.0, bar, 4.0);
        BrokerBox { id, column, head, session, session_words }
    };
    shape.brokers.iter().enumerate().map(place).collect()
}

/// Room for `session 8.9 s`, for `8.9 s`, or for nothing.
fn session_words(column: f64, m: &Metrics) -> f64 {
    match column / m.small {
        15.0.. => m.small * 6.5,
        10.0.. => m.small * 2.8,
        _ => 0.0,
    }
}

fn rows(shape: &Shape, frame: &Frame, top: f64) -> Vec<RowBox> {
    let m = &frame.metrics;
    let h = frame.heights;
    let place = |(i, &partition): (usize, &_)| {
        let above = top + i as f64 * (h.row_gap + h.title + h.card) + h.row_gap;
        let y = above + h.title;
        let label = if frame.narrow {
            // A line of its own: with many columns one would be too narrow for a name.
            let columns = shape.brokers.len().max(1) as f64;
            let pitch = (frame.width - frame.left - m.margin) / columns;
            let wide = pitch * if columns > 2.0 { 2.0 } else { 1.0 };
            Rect::new(m.margin, above - h.row_gap * 0.4, wide - frame.column_gap, m.body + 5.0)
        } else {
            Rect::new(m.margin, y, frame.left - m.margin, h.card)
        };
        RowBox { partition, label, y, height: h.card }
    };
    shape.partitions.iter().enumerate().map(place).collect()
}

fn clients(shape: &Shape, frame: &Frame, top: f64) -> Vec<ClientBox> {
    let m = &frame.metrics;
    let slot = (frame.width - frame.left - m.margin) / shape.clients.len().max(1) as f64;
    let wide = (slot - 12.0).min(m.body * 18.0);
    let place = |(i, &id): (usize, &_)| {
        let x = frame.left + slot * i as f64 + (slot - wide) / 2.0;
        ClientBox { id, area: Rect::new(x, top, wide, frame.heights.clients) }
    };
    shape.clients.iter().enumerate().map(place).collect()
}

/// Each group's ground: its members' boxes and the line below them.
fn groups(shape: &Shape, frame: &Frame, clients: &[ClientBox]) -> Vec<GroupBox> {
    let mut rest = clients.get(first_grouped(shape)..).unwrap_or_default();
    let mut boxes = Vec::with_capacity(shape.groups.len());
    for &(group, count) in &shape.groups {
        let (own, others) = rest.split_at(count.min(rest.len()));
        rest = others;
        let (Some(first), Some(last)) = (own.first(), own.last()) else { break };
        let (x, right) = (first.area.x - 4.0, last.area.right() + 4.0);
        let bottom = first.area.bottom();
        let area = Rect::new(x, first.area.y - 4.0, right - x, first.area.h + 4.0 + frame.heights.group);
        let title = Rect::new(
            x + frame.metrics.pad,
            bottom,
            right - x - 2.0 * frame.metrics.pad,
            frame.heights.group,
        );
        boxes.push(GroupBox { group, area, title });
    }
    boxes
}

/// Which client is the first that has a group.
fn first_grouped(shape: &Shape) -> usize {
    let members: usize = shape.groups.iter().map(|(_, count)| count).sum();
    shape.clients.len().saturating_sub(members)
}

/// The cell of a row in a column.
pub(super) fn card(column: Rect, row: &RowBox) -> Rect {
    let inset = if column.w < 112.0 { 2.0 } else { 4.0 };
    Rect::new(column.x + inset, row.y, column.w - 2.0 * inset, row.height)
}

/// The log within a card: behind the role's sign when there are no words, below the words otherwise. Places are
/// wide enough for the digits of `longest`.
pub(super) fn strip(card: Rect, density: Density, m: &Metrics, longest: Offset) -> Strip {
    let sign = match (density.has_words(), m.tight) {
        (true, _) => m.pad + 2.0,
        (false, false) => m.body + 14.0,
        (false, true) => m.body + 10.0,
    };
    let (x, room) = (card.x + sign, card.w - sign - m.pad);
    let digits = f64::from(longest.0.max(1).ilog10() + 1);
    let least = m.pitch_min.max(digits * m.cell * 0.6 + 4.0);
    let slots = (room / least).floor().clamp(2.0, 12.0);
    let pitch = (room / slots).min(least * 1.35);
    let height = m.cell_height(density);
    let below = m.tick_lane(density) + if density == Density::Roomy { 4.0 } else { 2.0 };
    Strip { x, y: card.bottom() - below - height, pitch, cell: pitch - 2.0, height, slots: slots as u32 }
}
