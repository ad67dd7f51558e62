//! The timeline: a lane for each kind of news, over true virtual time.
//!
//! Marks are painted on a canvas, a column per pixel, and only when they or the scale changed; caret and veil (what
//! the run knows but the cursor has not reached) are moved each frame without the virtual DOM. Flags, axis and the
//! loop are ordinary elements. Those that come and go have a place of their own among their siblings: the elements
//! that are painted past the virtual DOM must stay the same ones.

use super::axis;
use super::flag::Flag;
use super::look::{TimelineLook, end_time};
use super::strip::{self, Strip};
use super::track::{Hand, Tip, use_hand};
use crate::i18n::{Lang, tr};
use crate::marks::{LANES, Scale, lane_name};
use crate::model::{Model, PageMsg};
use crate::platform::dom;
use crate::platform::frame::Tick;
use crate::platform::paper::{Paper, set_attribute};
use crate::scene::SizeWatch;
use crate::view::props::Send;
use kraftscope_core::note::Lane;
use kraftscope_core::time::Time;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Width and height of the canvas, shared with what paints it.
type Room = Rc<RefCell<(f64, f64)>>;

/// Milliseconds between two looks at the theme.
const THEME_EVERY: f64 = 400.0;
/// While time runs the lanes are painted so many milliseconds apart.
const PAINT_EVERY: f64 = 120.0;

/// Props of [`Timeline`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) struct TimelineProps {
    pub lang: Lang,
    pub look: TimelineLook,
    pub send: Send,
}

/// The lanes.
#[component]
pub(super) fn Timeline(props: &TimelineProps) -> Html {
    let parts =
        Parts { track: use_node_ref(), canvas: use_node_ref(), caret: use_node_ref(), veil: use_node_ref() };
    let size = use_state(|| (0.0, 0.0));
    let room = use_mut_ref(|| (0.0, 0.0));
    use_size(&parts, &size, &room);
    use_painting(props, &parts, &room);
    let tip = use_state(|| None::<Tip>);
    let range = use_state(|| None::<(Time, Time)>);
    let hand = use_hand(props, &parts.track, &parts.canvas, &tip, &range);
    let (from, to) = props.look.shown;
    let scale = Scale::new(from, to, size.0);
    let lang = props.lang;
    html! {
        <div class="tl">
            <div class="tl-names" aria-hidden="true">
                { for LANES.map(|lane| html! {
                    <span key={lane_name(lane)} class={lane_name(lane)}>{ tr(lang, &format!("dock.lane.{}", lane_name(lane))) }</span>
                }) }
            </div>
            { track(props, &parts, &scale, hand, (*range).or(props.look.circle), (*tip).clone()) }
        </div>
    }
}

fn track(
    props: &TimelineProps,
    parts: &Parts,
    scale: &Scale,
    hand: Hand,
    circle: Option<(Time, Time)>,
    tip: Option<Tip>,
) -> Html {
    let lang = props.lang;
    html! {
        <div class="tl-track" ref={&parts.track} data-testid="timeline" tabindex="0" role="slider"
            aria-label={tr(lang, "dock.timeline.label")} aria-valuemin="0" aria-valuenow="0"
            onpointerdown={hand.down} onpointermove={hand.moved} onpointerup={hand.up.clone()}
            onpointercancel={hand.up} onpointerleave={hand.left} onkeydown={hand.key}>
            <div class="tl-flags">{ flags(props, parts, scale) }</div>
            <canvas class="tl-canvas" ref={&parts.canvas} aria-hidden="true" />
            <div class="tl-axis" aria-hidden="true">
                { for axis::ticks(scale).into_iter().map(|tick| html! {
                    <span key={tick.label.clone()} style={format!("left:{:.1}px", tick.x)}>{ tick.label.clone() }</span>
                }) }
            </div>
            { circle.map_or_else(Html::default, |(from, to)| band(scale, from, to)) }
            <div class="tl-veil" ref={&parts.veil} />
            <div class="tl-caret" ref={&parts.caret} data-testid="caret" />
            if props.look.empty { <p class="tl-empty">{ tr(lang, "dock.timeline.empty") }</p> }
            { tip.map_or_else(Html::default, |tip| tooltip(scale, tip)) }
        </div>
    }
}

fn flags(props: &TimelineProps, parts: &Parts, scale: &Scale) -> Html {
    let flag = |(number, done): (usize, &kraftscope_core::history::Intervention)| {
        html! {
            <Flag key={number} lang={props.lang} number={number as u32} done={*done} scale={*scale}
                track={parts.track.clone()} send={props.send.clone()} />
        }
    };
    props.look.done.iter().enumerate().map(flag).collect()
}

fn band(scale: &Scale, from: Time, to: Time) -> Html {
    let (left, right) = (scale.x(from).max(0.0), scale.x(to).min(scale.width));
    let style = format!("left:{left:.1}px;width:{:.1}px", (right - left).max(0.0));
    html! { <div class="tl-loop" data-testid="loop" {style} /> }
}

fn tooltip(scale: &Scale, tip: Tip) -> Html {
    let side = if tip.x > scale.width / 2.0 {
        format!("right:{:.0}px", scale.width - tip.x + 8.0)
    } else {
        format!("left:{:.0}px", tip.x + 8.0)
    };
    let class = classes!("tl-tip", tip.low.then_some("is-low"));
    html! {
        <div {class} role="tooltip" data-testid="timeline-tip" style={side}>
            <b>{ tip.when }</b>{ " " }{ tip.sentence }
            if !tip.more.is_empty() { <span class="note">{ " " }{ tip.more }</span> }
        </div>
    }
}

/// The elements that are moved or painted past the virtual DOM.
#[derive(Clone)]
struct Parts {
    track: NodeRef,
    canvas: NodeRef,
    caret: NodeRef,
    veil: NodeRef,
}

/// Keeps the size of the canvas.
#[hook]
fn use_size(parts: &Parts, size: &UseStateHandle<(f64, f64)>, room: &Room) {
    let (canvas, size, room) = (parts.canvas.clone(), size.setter(), Rc::clone(room));
    use_effect_with((), move |()| {
        let watch = SizeWatch::of(&canvas, move |width, height| {
            *room.borrow_mut() = (width, height);
            size.set((width, height));
        });
        move || drop(watch)
    });
}

/// Paints lanes and caret each frame, as far as they changed.
#[hook]
fn use_painting(props: &TimelineProps, parts: &Parts, room: &Room) {
    let (parts, send, room) = (parts.clone(), props.send.clone(), Rc::clone(room));
    use_effect_with((), move |()| {
        let painter = RefCell::new(Painter::new(parts, send.clone(), room));
        let guard = send.store().frames.subscribe(move |tick| painter.borrow_mut().frame(tick));
        move || drop(guard)
    });
}

/// Draws what moves.
struct Painter {
    parts: Parts,
    send: Send,
    room: Room,
    paper: Option<Paper>,
    strip: Strip,
    size: (f64, f64),
    painted: f64,
    themed: f64,
    caret: f64,
}

impl Painter {
    fn new(parts: Parts, send: Send, room: Room) -> Painter {
        Painter {
            paper: Paper::of(&parts.canvas),
            parts,
            send,
            room,
            strip: Strip::default(),
            size: (0.0, 0.0),
            painted: f64::MIN,
            themed: f64::MIN,
            caret: f64::MIN,
        }
    }

    fn frame(&mut self, tick: &Tick) {
        let store = Rc::clone(self.send.store());
        let zoom = {
            let model = store.model();
            let shown = axis::stretch(model.zoom, end_time(&model));
            self.paint(tick, &model, shown);
            model.zoom.filter(|_| tick.playing).and_then(|zoom| axis::followed(zoom, tick.time))
        };
        if zoom.is_some() {
            store.dispatch(PageMsg::Zoom(zoom).into());
        }
    }

    fn paint(&mut self, tick: &Tick, model: &Model, shown: (Time, Time)) {
        let room = *self.room.borrow();
        let scale = Scale::new(shown.0, shown.1, room.0);
        self.place_caret(tick, &scale);
        let Some(paper) = &mut self.paper else { return };
        let mut due = self.size != room;
        if due {
            self.size = paper.fit();
        }
        if tick.wall - self.themed > THEME_EVERY {
            self.themed = tick.wall;
            due |= paper.theme_changed();
        }
        let rests = due || !tick.playing || tick.wall - self.painted > PAINT_EVERY;
        if rests && (self.strip.update(model.session.marks(), scale, model.session.past()) || due) {
            self.painted = tick.wall;
            lanes(paper, &self.strip, self.size);
        }
    }

    fn place_caret(&mut self, tick: &Tick, scale: &Scale) {
        let x = scale.x(tick.time).clamp(-2.0, scale.width + 2.0);
        if (x - self.caret).abs() < 0.05 {
            return;
        }
        self.caret = x;
        dom::set_style(&self.parts.caret, "transform", &format!("translateX({x:.1}px)"));
        dom::set_style(&self.parts.veil, "left", &format!("{:.1}px", x.max(0.0)));
        set_attribute(&self.parts.track, "aria-valuenow", &(tick.time.0 / 1000).to_string());
        set_attribute(&self.parts.track, "aria-valuetext", &tick.time.to_string());
    }
}

/// The colour of a lane's notable marks.
const fn ink_of(lane: Lane) -> &'static str {
    match lane {
        Lane::Elections => "--lead",
        Lane::Isr => "--ok",
        Lane::Commits | Lane::Clients => "--ink-2",
        Lane::Faults => "--bad",
    }
}

/// Paints the columns: a notable one is as high as its lane, any other the higher the more there are.
fn lanes(paper: &mut Paper, strip: &Strip, size: (f64, f64)) {
    paper.clear();
    let row = size.1 / LANES.len() as f64;
    paper.ink("--line");
    for place in 1..LANES.len() {
        paper.fill(0.0, (row * place as f64).round() - 0.5, size.0, 0.5);
    }
    for (place, lane) in LANES.into_iter().enumerate() {
        let bottom = (row * (place + 1) as f64).round() - 2.0;
        let height = row - 5.0;
        let columns = strip.lane(place);
        paper.ink("--line-2");
        for column in columns.iter().filter(|column| !column.notable) {
            let part = height * (0.35 + 0.1 * f64::from(column.count.min(4) - 1));
            paper.fill(f64::from(column.x), bottom - part, 1.0, part);
        }
        paper.ink(ink_of(lane));
        for column in columns.iter().filter(|column| column.notable) {
            paper.fill(f64::from(column.x), bottom - height, 1.5, height);
        }
    }
}

/// What the pointer finds at this place of the canvas.
pub(super) fn found(model: &Model, scale: &Scale, x: f64, y: f64, height: f64) -> Option<(Lane, strip::Hit)> {
    let place = (y / height.max(1.0) * LANES.len() as f64).floor();
    let lane = *LANES.get((place >= 0.0).then_some(place as usize)?)?;
    Some((lane, strip::hit(model.session.marks(), lane, scale, x)?))
}
