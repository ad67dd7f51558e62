//! The canvas: one frame.

use super::flight::{Fate, Pose, Track, pose};
use super::label::{self, Wish};
use super::pulse::{Pulse, Shape};
use super::surface::Surface;
use super::{Drag, Staging};
use crate::layout::{Point, Rect, Route, width_of};
use kraftscope_core::id::PacketId;
use kraftscope_core::time::Time;
use kraftscope_core::view::{ClusterView, FlightView};
use kraftscope_core::wire::Family;
use std::f64::consts::{FRAC_PI_2, TAU};

/// Messages of one name that are closer than this share a label.
const NEAR: f64 = 44.0;
/// More labels than this are a wall of words.
const LABELS_MOST: usize = 14;

/// Everything a frame shows.
pub(super) struct Shot<'a> {
    pub(super) view: &'a ClusterView,
    pub(super) staging: &'a Staging,
    pub(super) tracks: &'a [Track],
    pub(super) pulses: &'a [Pulse],
    pub(super) hovered: Option<PacketId>,
    pub(super) drag: Option<Drag>,
    pub(super) time: Time,
    pub(super) wall: f64,
    pub(super) playing: bool,
    /// Nothing may move: arrows instead of dots.
    pub(super) still: bool,
}

/// A message with everything that is needed to draw it.
struct Shown<'a> {
    flight: &'a FlightView,
    route: &'a Route,
    pose: Pose,
    /// Drawn with its path, in full colour.
    full: bool,
    dim: bool,
}

/// A name beside one or more messages.
struct Sign {
    at: Point,
    family: Family,
    name: String,
    text: String,
    count: u32,
}

impl Shot<'_> {
    /// Draws the frame.
    pub(super) fn paint(&self, surface: &Surface) {
        surface.begin();
        self.rings(surface);
        self.replica_rings(surface);
        self.sessions(surface);
        self.tree_sessions(surface);
        self.pulses(surface);
        let shown: Vec<Shown<'_>> = self.tracks.iter().filter_map(|track| self.shown(track)).collect();
        self.paths(surface, &shown);
        for one in &shown {
            if self.still {
                arrow(surface, one);
            } else {
                dot(surface, one);
            }
        }
        self.labels(surface, &shown);
        surface.ctx.set_global_alpha(1.0);
    }

    fn shown<'a>(&'a self, track: &'a Track) -> Option<Shown<'a>> {
        let flight = self.view.flights.get(track.flight)?;
        let pose = pose(flight, &track.route, self.time)?;
        let chosen = self.is_chosen(flight.id);
        let lit = &self.staging.lit;
        let bright = lit.is_empty() || (lit.contains(&flight.from) && lit.contains(&flight.to));
        let of_this_step = flight.cause == self.view.event && !self.playing;
        let full = chosen || (bright && (!flight.routine || of_this_step));
        (full || !self.still).then_some(Shown { flight, route: &track.route, pose, full, dim: !bright })
    }

    fn is_chosen(&self, id: PacketId) -> bool {
        self.hovered == Some(id) || self.staging.selected == Some(id)
    }

    /// The way ahead of each message that matters, dotted.
    fn paths(&self, surface: &Surface, shown: &[Shown<'_>]) {
        let ctx = &surface.ctx;
        ctx.set_line_width(1.5);
        ctx.set_line_cap("round");
        let _ = ctx.set_line_dash(&js_sys::Array::of2(&0.1.into(), &5.0.into()));
        for one in shown.iter().filter(|one| one.full && one.pose.fate == Fate::Flies) {
            ctx.set_global_alpha(if self.is_chosen(one.flight.id) { 0.95 } else { 0.6 });
            ctx.set_stroke_style_str(surface.theme.family(one.flight.family));
            trace(surface, one.route.piece(one.pose.progress, 1.0));
        }
        let _ = ctx.set_line_dash(&js_sys::Array::new());
    }

    fn pulses(&self, surface: &Surface) {
        let ctx = &surface.ctx;
        ctx.set_stroke_style_str(&surface.theme.accent);
        for pulse in self.pulses {
            let age = pulse.age(self.wall);
            ctx.set_global_alpha((1.0 - age) * 0.8);
            ctx.set_line_width(3.0 * (1.0 - age) + 0.5);
            ctx.begin_path();
            match pulse.shape {
                Shape::Arrival(at) => {
                    let _ = ctx.arc(at.x, at.y, 4.0 + 12.0 * age, 0.0, TAU);
                }
                Shape::Change(area) => {
                    let area = area.grow(3.0 + 9.0 * age);
                    let _ = ctx.round_rect_with_f64(area.x, area.y, area.w, area.h, 12.0);
                }
            }
            ctx.stroke();
        }
    }

    /// Names of messages: of all that matter when time stands, else of the ones pointed at.
    fn labels(&self, surface: &Surface, shown: &[Shown<'_>]) {
        let wanted = |one: &&Shown<'_>| {
            let chosen = self.is_chosen(one.flight.id);
            chosen || (one.full && !self.playing && !matches!(one.pose.fate, Fate::Falls(_)))
        };
        let mut named: Vec<&Shown<'_>> = shown.iter().filter(wanted).collect();
        named.sort_by_key(|one| (!self.is_chosen(one.flight.id), one.flight.routine, one.flight.id));
        named.truncate(LABELS_MOST);
        if named.is_empty() {
            return;
        }
        let size = self.staging.layout.metrics.small;
        let signs = self.gathered(&named);
        let wish =
            |sign: &Sign| Wish { dot: sign.at, width: width_of(&sign.text, size) + 10.0, height: size + 5.0 };
        let wishes: Vec<Wish> = signs.iter().map(wish).collect();
        let bounds = Rect::new(surface.scroll.x, surface.scroll.y, surface.width, surface.height);
        let places = label::place(&wishes, &self.words(), bounds);
        for (sign, place) in signs.iter().zip(places) {
            if let Some(place) = place {
                tag(surface, place, &sign.text, surface.theme.family(sign.family), size);
            }
        }
    }

    /// One sign for messages of one name that are close together: `Produce ×3`.
    fn gathered(&self, named: &[&Shown<'_>]) -> Vec<Sign> {
        let mut signs: Vec<Sign> = Vec::new();
        for one in named {
            // An arrow is named at its middle: its message does not stand anywhere.
            let at = if self.still { one.route.at(0.5) } else { one.pose.at };
            let name = self.label(one.flight);
            let near = |sign: &&mut Sign| sign.name == name && sign.at.distance(at) < NEAR;
            if let Some(sign) = signs.iter_mut().find(near) {
                sign.count += 1;
                sign.text = format!("{name} ×{}", sign.count);
            } else {
                let text = name.clone();
                signs.push(Sign { at, family: one.flight.family, name, text, count: 1 });
            }
        }
        signs
    }

    /// A message's API name; with what it says when it is pointed at; always with its error.
    fn label(&self, flight: &FlightView) -> String {
        let mut text = flight.api.to_owned();
        if !flight.error.is_none() {
            text = format!("{text} {}", flight.error.name());
        } else if self.is_chosen(flight.id) && !flight.summary.is_empty() {
            text = format!("{text} {}", flight.summary);
        }
        text
    }

    /// Areas with words.
    fn words(&self) -> Vec<Rect> {
        let layout = &self.staging.layout;
        let mut areas: Vec<Rect> = layout.controllers.iter().map(|place| place.area).collect();
        areas.extend(layout.tree.iter().map(|tree| tree.area));
        areas.extend(layout.brokers.iter().map(|place| place.head));
        areas.extend(layout.clients.iter().map(|place| place.area));
        areas.extend(layout.groups.iter().map(|place| place.title));
        areas.extend(layout.rows.iter().map(|row| row.label));
        for partition in &self.view.partitions {
            for copy in &partition.copies {
                let Some(card) = layout.card(partition.partition, copy.broker) else { continue };
                let (strip, window) = layout.log(card, partition);
                let used = strip.pitch * f64::from(window.boundary(copy.log.end) + 1);
                areas.push(Rect::new(strip.x, strip.y - 4.0, used, strip.height + 8.0));
                areas.push(Rect::new(card.x, card.y, card.w, strip.y - card.y));
            }
        }
        areas
    }
}

fn trace(surface: &Surface, points: impl Iterator<Item = Point>) {
    surface.ctx.begin_path();
    for (i, point) in points.enumerate() {
        if i == 0 {
            surface.ctx.move_to(point.x, point.y);
        } else {
            surface.ctx.line_to(point.x, point.y);
        }
    }
    surface.ctx.stroke();
}

/// A message on its way: a tail, and a sign for its family, solid for a request and hollow for a response.
fn dot(surface: &Surface, one: &Shown<'_>) {
    let ctx = &surface.ctx;
    let colour = surface.theme.family(one.flight.family);
    let alpha = match (one.pose.fate, one.dim) {
        (Fate::Falls(fallen), _) => 1.0 - fallen,
        (_, true) => 0.25,
        _ => 1.0,
    };
    if !one.full {
        ctx.set_global_alpha(0.5 * alpha);
        ctx.set_fill_style_str(colour);
        ctx.begin_path();
        let _ = ctx.arc(one.pose.at.x, one.pose.at.y, 2.5, 0.0, TAU);
        ctx.fill();
        return;
    }
    let length = one.route.length().max(1.0);
    if one.pose.fate == Fate::Flies {
        ctx.set_global_alpha(0.35 * alpha);
        ctx.set_line_width(3.0);
        ctx.set_line_cap("round");
        ctx.set_stroke_style_str(colour);
        trace(surface, one.route.piece(one.pose.progress - 18.0 / length, one.pose.progress));
    }
    ctx.set_global_alpha(alpha);
    body(surface, one.flight, one.pose.at, colour);
    match one.pose.fate {
        Fate::Stuck => wall(surface, one),
        Fate::Falls(_) => cross(surface, one.pose.at, 9.0),
        Fate::Flies if !one.flight.error.is_none() => cross(surface, one.pose.at, 3.0),
        Fate::Flies => {}
    }
}

/// The sign of a family, with a rim of paper so that it stands off what is behind it.
fn body(surface: &Surface, flight: &FlightView, at: Point, colour: &str) {
    let (ctx, theme) = (&surface.ctx, &surface.theme);
    for (grow, rim) in [(2.0, true), (0.0, false)] {
        shape(surface, flight.family, at, 5.0 + grow);
        let hollow = !flight.request && !rim;
        ctx.set_fill_style_str(if rim || hollow { &theme.paper } else { colour });
        ctx.fill();
        if hollow {
            ctx.set_line_width(2.2);
            ctx.set_stroke_style_str(colour);
            ctx.stroke();
        }
    }
}

/// Circle: fetch. Triangle: raft. Small circle: heartbeat. Square: produce. Diamond: consume. Hexagon: admin. Pentagon: ZooKeeper.
fn shape(surface: &Surface, family: Family, at: Point, r: f64) {
    let ctx = &surface.ctx;
    ctx.begin_path();
    let (corners, turn, r) = match family {
        Family::Fetch => (0, 0.0, r),
        Family::Heartbeat => (0, 0.0, r * 0.75),
        Family::Raft => (3, -FRAC_PI_2, r * 1.3),
        Family::Produce => (4, FRAC_PI_2 / 2.0, r * 1.2),
        Family::Consume => (4, 0.0, r * 1.25),
        Family::Admin => (6, 0.0, r * 1.1),
        Family::ZooKeeper => (5, -FRAC_PI_2, r * 1.15),
    };
    if corners == 0 {
        let _ = ctx.arc(at.x, at.y, r, 0.0, TAU);
        return;
    }
    for corner in 0..corners {
        let angle = turn + TAU * f64::from(corner) / f64::from(corners);
        ctx.line_to(at.x + r * angle.cos(), at.y + r * angle.sin());
    }
    ctx.close_path();
}

/// The cut at which a message stands: a bar across its way.
fn wall(surface: &Surface, one: &Shown<'_>) {
    let (here, next) = (one.pose.at, one.route.at(one.pose.progress + 10.0 / one.route.length().max(1.0)));
    let (dx, dy) = (next.x - here.x, next.y - here.y);
    let long = dx.hypot(dy).max(0.1);
    let (x, y) = (here.x + dx / long * 9.0, here.y + dy / long * 9.0);
    let (nx, ny) = (-dy / long * 8.0, dx / long * 8.0);
    let ctx = &surface.ctx;
    ctx.begin_path();
    ctx.set_line_width(3.0);
    ctx.set_line_cap("round");
    ctx.set_stroke_style_str(&surface.theme.bad);
    ctx.move_to(x - nx, y - ny);
    ctx.line_to(x + nx, y + ny);
    ctx.stroke();
}

fn cross(surface: &Surface, at: Point, r: f64) {
    let ctx = &surface.ctx;
    ctx.begin_path();
    ctx.set_line_width(2.0);
    ctx.set_line_cap("round");
    ctx.set_stroke_style_str(&surface.theme.bad);
    for (x, y) in [(r, r), (r, -r)] {
        ctx.move_to(at.x - x, at.y - y);
        ctx.line_to(at.x + x, at.y + y);
    }
    ctx.stroke();
}

/// A message that may not move: its whole path, with a head at the end.
fn arrow(surface: &Surface, one: &Shown<'_>) {
    let ctx = &surface.ctx;
    let colour = surface.theme.family(one.flight.family);
    let end = match (one.flight.blocked, one.flight.lost) {
        (true, _) => 0.5,
        (_, true) => 0.6,
        _ => 1.0,
    };
    ctx.set_global_alpha(if one.dim { 0.25 } else { 1.0 });
    ctx.set_line_width(2.5);
    ctx.set_stroke_style_str(colour);
    let hollow = !one.flight.request;
    let dash = if hollow { js_sys::Array::of2(&6.0.into(), &4.0.into()) } else { js_sys::Array::new() };
    let _ = ctx.set_line_dash(&dash);
    trace(surface, one.route.piece(0.0, end));
    let _ = ctx.set_line_dash(&js_sys::Array::new());
    let (tip, before) = (one.route.at(end), one.route.at(end - 10.0 / one.route.length().max(1.0)));
    if end < 1.0 {
        cross(surface, tip, 6.0);
        return;
    }
    let angle = (tip.y - before.y).atan2(tip.x - before.x);
    ctx.begin_path();
    ctx.move_to(tip.x, tip.y);
    for side in [2.6, -2.6] {
        ctx.line_to(tip.x + 11.0 * (angle + side).cos(), tip.y + 11.0 * (angle + side).sin());
    }
    ctx.close_path();
    ctx.set_fill_style_str(colour);
    ctx.fill();
}

/// Words on a slip of paper.
pub(super) fn tag(surface: &Surface, place: Rect, text: &str, colour: &str, size: f64) {
    let (ctx, theme) = (&surface.ctx, &surface.theme);
    ctx.set_global_alpha(0.94);
    ctx.begin_path();
    let _ = ctx.round_rect_with_f64(place.x, place.y, place.w, place.h, 4.0);
    ctx.set_fill_style_str(&theme.paper);
    ctx.fill();
    ctx.set_global_alpha(1.0);
    ctx.set_font(&format!("600 {}px {}", size - 0.5, theme.font));
    ctx.set_fill_style_str(colour);
    let _ = ctx.fill_text(text, place.x + 5.0, place.y + place.h / 2.0 + size * 0.35);
}
