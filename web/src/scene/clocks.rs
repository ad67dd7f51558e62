//! Clocks on the canvas: timers as rings, sessions as bars and rings.

use super::paint::{Shot, tag};
use super::ring::{Ring, ring_of, ring_of_replica, session_left};
use super::surface::Surface;
use crate::i18n::t;
use crate::layout::{Point, Rect, width_of};
use kraftscope_core::id::NodeId;
use kraftscope_core::time::Span;
use kraftscope_core::view::Health;
use std::f64::consts::{FRAC_PI_2, TAU};

/// Below this share of its time a timer draws the eye.
const LOW: f64 = 0.25;

impl Shot<'_> {
    pub(super) fn rings(&self, surface: &Surface) {
        for place in &self.staging.layout.controllers {
            let controllers = self.view.controllers.iter().map(|shown| (shown.id, shown.health));
            let mut servers =
                controllers.chain(self.view.zookeepers.iter().map(|shown| (shown.id, shown.health)));
            let alive = servers.any(|(id, health)| id == place.id && health != Health::Down);
            if let Some(ring) = ring_of(self.view, place.id).filter(|_| alive) {
                let drag = self.drag.filter(|drag| drag.node == place.id);
                let ring = drag.map_or(ring, |drag| Ring { due: drag.due, ..ring });
                self.ring(surface, &ring, place.ring, place.radius - 2.0);
                if drag.is_some() {
                    self.set_to(surface, &ring, place.ring);
                }
            }
        }
    }

    /// Election timeouts of Raft groups: a small ring around the sign of each replica that waits.
    pub(super) fn replica_rings(&self, surface: &Surface) {
        let layout = &self.staging.layout;
        for (partition, copy) in
            self.view.partitions.iter().flat_map(|it| it.copies.iter().map(move |copy| (it, copy)))
        {
            let Some(ring) = ring_of_replica(copy) else { continue };
            let Some(card) = layout.card(partition.partition, copy.broker) else { continue };
            let sign = layout.role_sign(card, &layout.log(card, partition).0);
            self.small_ring(surface, &ring, sign.middle(), sign.w * 0.56);
        }
    }

    fn small_ring(&self, surface: &Surface, ring: &Ring, middle: Point, radius: f64) {
        let (ctx, theme) = (&surface.ctx, &surface.theme);
        let low = ring.left(self.time) < LOW;
        ctx.set_line_cap("butt");
        ctx.set_global_alpha(if self.is_dim(ring.node) { 0.25 } else { 1.0 });
        ctx.set_line_width(if low { 3.0 } else { 2.0 });
        ctx.set_stroke_style_str(if low { &theme.timer_low } else { &theme.timer });
        ctx.begin_path();
        let _ = ctx.arc(middle.x, middle.y, radius, ring.angle(self.time) - FRAC_PI_2, TAU - FRAC_PI_2);
        ctx.stroke();
    }

    fn ring(&self, surface: &Surface, ring: &Ring, middle: Point, radius: f64) {
        let (ctx, theme) = (&surface.ctx, &surface.theme);
        let low = ring.left(self.time) < LOW;
        let top = |moment| ring.angle(moment) - FRAC_PI_2;
        ctx.set_line_cap("butt");
        ctx.set_global_alpha(if self.is_dim(ring.node) { 0.25 } else { 1.0 });
        let arc = |from: f64, to: f64, width: f64, colour: &str| {
            ctx.begin_path();
            ctx.set_line_width(width);
            ctx.set_stroke_style_str(colour);
            let _ = ctx.arc(middle.x, middle.y, radius, from, to);
            ctx.stroke();
        };
        if ring.earliest < ring.armed + ring.turn {
            arc(top(ring.earliest), TAU - FRAC_PI_2, 4.0, &theme.timer_range);
        }
        let colour = if low { &theme.timer_low } else { &theme.timer };
        arc(top(self.time), top(ring.due), if low { 6.0 } else { 4.0 }, colour);
        let angle = top(ring.due);
        let (x, y) = (middle.x + radius * angle.cos(), middle.y + radius * angle.sin());
        ctx.begin_path();
        ctx.set_fill_style_str(colour);
        let _ = ctx.arc(x, y, if low { 4.5 } else { 3.5 }, 0.0, TAU);
        ctx.fill();
    }

    /// The time to which a dragged timer would be set.
    fn set_to(&self, surface: &Surface, ring: &Ring, middle: Point) {
        let size = self.staging.layout.metrics.small;
        let text = Span::millis(ring.due.since(self.time).as_millis()).to_string();
        let width = width_of(&text, size) + 10.0;
        let place = Rect::new(middle.x - width / 2.0, middle.y + size * 0.5, width, size + 5.0);
        tag(surface, place, &text, &surface.theme.accent, size);
    }

    fn is_dim(&self, node: NodeId) -> bool {
        !self.staging.lit.is_empty() && !self.staging.lit.contains(&node)
    }

    /// Its session runs out: the broker stands still or is gone.
    fn is_silent(&self, broker: NodeId) -> bool {
        self.view.brokers.iter().any(|shown| shown.id == broker && shown.health != Health::Up)
    }

    /// How much is left of each broker's session: a bar in its head, and the time in numbers.
    pub(super) fn sessions(&self, surface: &Surface) {
        let (ctx, theme, layout) = (&surface.ctx, &surface.theme, &self.staging.layout);
        let small = layout.metrics.small;
        ctx.set_font(&format!("400 {small}px {}", theme.font));
        ctx.set_text_align("right");
        for place in &layout.brokers {
            let broker = self.view.brokers.iter().find(|broker| broker.id == place.id);
            let Some(session) = broker.and_then(|broker| broker.session) else { continue };
            let left = session_left(&session, self.time);
            let low = left < LOW || self.is_silent(place.id);
            let bar = place.session;
            ctx.set_global_alpha(if self.is_dim(place.id) { 0.25 } else { 1.0 });
            ctx.set_fill_style_str(if low { &theme.timer_low } else { &theme.timer });
            ctx.begin_path();
            let _ = ctx.round_rect_with_f64(bar.x, bar.y, bar.w * left, bar.h, 2.0);
            ctx.fill();
            if place.session_words > 0.0 {
                let span = seconds(session.expires.since(self.time));
                let words = t(self.staging.lang, "stage.session", &[("span", span.clone())]);
                let fits = width_of(&words, small) <= place.session_words;
                ctx.set_fill_style_str(&theme.quiet);
                let text = if fits { &words } else { &span };
                let _ =
                    ctx.fill_text(text, place.head.right() - layout.metrics.pad, bar.y + 2.0 + small * 0.36);
            }
        }
        ctx.set_text_align("left");
    }

    /// How much is left of each broker's session with ZooKeeper: the ring around its znode.
    pub(super) fn tree_sessions(&self, surface: &Surface) {
        let (Some(tree), Some(kept)) = (&self.staging.layout.tree, &self.view.ensemble) else { return };
        let (ctx, theme) = (&surface.ctx, &surface.theme);
        ctx.set_line_cap("butt");
        for (broker, middle) in &tree.sessions {
            let Some(session) = kept.sessions.iter().find(|session| session.client == *broker) else {
                continue;
            };
            let whole = session.expires.since(session.last_heard).0.max(1) as f64;
            let left = (session.expires.since(self.time).0 as f64 / whole).clamp(0.0, 1.0);
            let low = left < LOW || self.is_silent(*broker);
            ctx.set_global_alpha(if self.is_dim(*broker) { 0.25 } else { 1.0 });
            ctx.set_stroke_style_str(if low { &theme.timer_low } else { &theme.timer });
            ctx.set_line_width(if low { 4.5 } else { 3.0 });
            ctx.begin_path();
            let from = TAU * (1.0 - left) - FRAC_PI_2;
            let _ = ctx.arc(middle.x, middle.y, tree.radius - 1.5, from, TAU - FRAC_PI_2);
            ctx.stroke();
        }
    }
}

/// `6.6 s`: a number that does not jump in width.
fn seconds(span: Span) -> String {
    format!("{:.1} s", span.0 as f64 / 1e6)
}
