//! What moves: messages, timers, pulses. Drawn once per frame on one canvas above the stage's SVG.
//!
//! The picture is a pure function of (view, virtual time), except for pulses, which say "this happened just now" in
//! wall time. Nothing here changes the cluster. A frame in which nothing can have moved is not drawn at all.
//!
//! `flight`, `ring`, `label` and `changes` are plain arithmetic and are tested without a browser; only `surface`,
//! `paint` and `theme` know the canvas.

mod changes;
mod clocks;
mod flight;
mod label;
mod paint;
mod pulse;
mod ring;
mod surface;
mod theme;

pub use changes::Changes;
pub use flight::{Fate, Pose, pose};
pub use ring::{Ring, ring_of, session_left};
pub use surface::SizeWatch;

use crate::i18n::Lang;
use crate::layout::{Ending, Layout, Point, Route};
use crate::platform::frame::Tick;
use crate::view::props::Same;
use flight::Track;
use kraftscope_core::id::{NodeId, PacketId};
use kraftscope_core::node::Timer;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::ClusterView;
use pulse::Pulse;
use std::collections::BTreeMap;
use std::rc::Rc;
use surface::Surface;

/// How the page wants the moving things to look.
#[derive(Clone, Debug, PartialEq)]
pub struct Staging {
    /// Where everything stands.
    pub layout: Same<Layout>,
    /// The message that is selected.
    pub selected: Option<PacketId>,
    /// The nodes that the spotlight leaves bright; empty when there is none.
    pub lit: Vec<NodeId>,
    /// For the few words on the canvas.
    pub lang: Lang,
}

/// A timer that a person is dragging.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    /// Whose.
    pub node: NodeId,
    /// Which.
    pub timer: Timer,
    /// When it would run out.
    pub due: Time,
}

/// The moving part of the stage.
#[derive(Debug, Default)]
pub struct Scene {
    surface: Option<Surface>,
    staging: Option<Staging>,
    view: Option<Rc<ClusterView>>,
    tracks: Vec<Track>,
    routes: BTreeMap<(Ending, Ending, bool), Rc<Route>>,
    pulses: Vec<Pulse>,
    hovered: Option<PacketId>,
    drag: Option<Drag>,
    /// What the last drawn frame showed.
    drawn: Option<Moment>,
    /// Something besides time has changed since then.
    dirty: bool,
}

/// What a frame depends on besides what marks it dirty.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    time: Time,
    playing: bool,
    still: bool,
}

impl Scene {
    /// Draws on this canvas from now on.
    pub fn attach(&mut self, canvas: &yew::NodeRef) {
        self.surface = Surface::of(canvas);
        self.dirty = true;
    }

    /// Places and marks have changed.
    pub fn stage(&mut self, staging: Staging) {
        if self.staging.as_ref() == Some(&staging) {
            return;
        }
        if self.staging.as_ref().map(|old| &old.layout) != Some(&staging.layout) {
            self.routes.clear();
            self.pulses.clear();
        }
        self.staging = Some(staging);
        self.track();
        self.dirty = true;
    }

    /// The part of the content that is seen begins here.
    pub fn scroll_to(&mut self, from: Point) {
        if let Some(surface) = &mut self.surface {
            surface.scroll = from;
            self.dirty = true;
        }
    }

    /// The canvas must be measured again.
    pub fn resized(&mut self) {
        if let Some(surface) = &mut self.surface {
            surface.fit();
            self.dirty = true;
        }
    }

    /// The message under the pointer.
    pub fn hover(&mut self, flight: Option<PacketId>) {
        self.dirty |= self.hovered != flight;
        self.hovered = flight;
    }

    /// The timer that is being dragged.
    pub fn drag(&mut self, drag: Option<Drag>) {
        self.drag = drag;
        self.dirty = true;
    }

    /// Where everything stands.
    pub fn layout(&self) -> Option<&Layout> {
        self.staging.as_ref().map(|staging| &*staging.layout)
    }

    /// A place in the window as a place on the stage.
    pub fn locate(&self, x: i32, y: i32) -> Option<Point> {
        self.surface.as_ref().map(|surface| surface.locate(f64::from(x), f64::from(y)))
    }

    /// The message at this place of the stage: the nearest one within reach.
    pub fn hit(&self, at: Point, time: Time) -> Option<PacketId> {
        let (view, staging) = (self.view.as_ref()?, self.staging.as_ref()?);
        let reach = staging.layout.metrics.reach;
        let near = self.tracks.iter().filter_map(|track| {
            let flight = view.flights.get(track.flight)?;
            let distance = pose(flight, &track.route, time)?.at.distance(at);
            (distance <= reach).then_some((flight.id, distance))
        });
        near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(id, _)| id)
    }

    /// The ring of a timer at this place of the stage, and the moment for which the place stands.
    pub fn ring_at(&self, at: Point) -> Option<(Ring, Time)> {
        let (view, staging) = (self.view.as_ref()?, self.staging.as_ref()?);
        staging.layout.controllers.iter().find_map(|place| {
            let off = at.distance(place.ring) - place.radius;
            if off.abs() > 7.0 {
                return None;
            }
            let ring = ring_of(view, place.id)?;
            Some((ring, ring.moment(place.ring, at)))
        })
    }

    /// The moment for which a place stands on the ring that is being dragged, and how far away that is.
    pub fn moment_on(&self, drag: &Drag, at: Point) -> Option<(Time, Span)> {
        let (view, staging) = (self.view.as_ref()?, self.staging.as_ref()?);
        let place = staging.layout.controller(drag.node)?;
        let due = ring_of(view, drag.node)?.moment(place.ring, at).max(view.now);
        Some((due, due.since(view.now)))
    }

    /// Virtual time of the last drawn frame.
    pub fn time(&self) -> Time {
        self.drawn.map_or(Time::ZERO, |moment| moment.time)
    }

    /// Draws one frame, unless it would be the same as the last one.
    pub fn frame(&mut self, tick: &Tick) {
        if self.view.as_ref().is_none_or(|view| !Rc::ptr_eq(view, &tick.view)) {
            self.show(&tick.view, tick.wall, tick.reduced_motion);
        }
        self.pulses.retain(|pulse| pulse.is_alive(tick.wall));
        let moment = Moment {
            time: if tick.reduced_motion { tick.view.now } else { tick.time },
            playing: tick.playing,
            still: tick.reduced_motion,
        };
        self.dirty |= self.theme_changed();
        if !self.dirty && self.pulses.is_empty() && self.drawn == Some(moment) {
            return;
        }
        self.dirty = !self.pulses.is_empty();
        self.drawn = Some(moment);
        if let (Some(surface), Some(staging), Some(view)) = (&self.surface, &self.staging, &self.view) {
            let shot = paint::Shot {
                view,
                staging,
                tracks: &self.tracks,
                pulses: &self.pulses,
                hovered: self.hovered,
                drag: self.drag,
                time: moment.time,
                wall: tick.wall,
                playing: moment.playing,
                still: moment.still,
            };
            shot.paint(surface);
        }
    }

    fn theme_changed(&mut self) -> bool {
        self.surface.as_mut().is_some_and(Surface::theme_changed)
    }

    /// Another event: other messages, and pulses for what it did.
    fn show(&mut self, view: &Rc<ClusterView>, wall: f64, still: bool) {
        if let (Some(old), Some(staging), false) = (&self.view, &self.staging, still) {
            self.pulses.extend(pulse::arrivals(old, view, &self.tracks, wall));
            self.pulses.extend(pulse::changes(old, view, &staging.layout, wall));
        }
        self.view = Some(Rc::clone(view));
        self.track();
        self.dirty = true;
    }

    /// Finds the path of every message; paths are kept.
    fn track(&mut self) {
        let (Some(view), Some(staging)) = (&self.view, &self.staging) else { return };
        let layout = &staging.layout;
        self.tracks.clear();
        for (index, flight) in view.flights.iter().enumerate() {
            let Some((from, to)) = layout.endings(flight) else { continue };
            let make = || Rc::new(layout.route(from, to, flight.request));
            let route = self.routes.entry((from, to, flight.request)).or_insert_with(make);
            self.tracks.push(Track { flight: index, id: flight.id, route: Rc::clone(route) });
        }
    }
}

#[cfg(test)]
mod tests;
