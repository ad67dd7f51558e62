//! The timeline: a lane for each kind of note, flags where a person interfered, and the caret.
//!
//! Drag to seek, shift-drag to play a stretch again and again, scroll to zoom, double-click to see all. Marks are bars
//! on a canvas, one per pixel at the most, drawn at most a few times a second; the caret moves each frame.

use super::super::props::Send;
use super::flags::Flags;
use crate::i18n::{Lang, tr};
use crate::marks::{Column, LANES, Scale, lane_name};
use crate::model::{Model, PageMsg, TimeMsg};
use crate::platform::canvas::{self, Bar};
use crate::platform::dom;
use kraftscope_core::history::Intervention;
use kraftscope_core::time::Time;
use std::cell::Cell;
use std::rc::Rc;
use yew::prelude::*;

/// Height of a lane in CSS pixels; the style sheet says the same.
const LANE: f64 = 20.0;
/// Milliseconds between two drawings of the marks.
const REDRAW: f64 = 120.0;
/// The colours of the lanes, in their order.
const COLOURS: [&str; 5] = ["--lead", "--ok", "--accent", "--family-consume", "--bad"];

/// Props of [`Timeline`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TimelineProps {
    pub lang: Lang,
    pub interventions: Rc<Vec<Intervention>>,
    pub zoom: Option<(Time, Time)>,
    pub circle: Option<(Time, Time)>,
    pub end: Time,
    pub send: Send,
}

/// What the marks look like depends on these alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Drawn {
    past: u64,
    end: u64,
    zoom: Option<(Time, Time)>,
    width: f64,
    dark: bool,
}

/// The scale of a timeline that is so wide.
fn scale(zoom: Option<(Time, Time)>, end: Time, width: f64) -> Scale {
    let (from, to) = zoom.unwrap_or((Time::ZERO, end));
    Scale::new(from, to, width)
}

/// The panel.
#[component]
pub fn Timeline(props: &TimelineProps) -> Html {
    let TimelineProps { lang, interventions, zoom, circle, end, send } = props.clone();
    let (track, bars, caret) = (use_node_ref(), use_node_ref(), use_node_ref());
    let width = use_state(|| 600.0);
    use_marks(&send, &track, &bars, &caret, width.setter());
    let drag = use_mut_ref(|| None::<(f64, bool)>);
    let scale = scale(zoom, end, *width);
    let down = {
        let (track, drag, send) = (track.clone(), Rc::clone(&drag), send.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                let x = dom::x_within(&track, &event);
                dom::capture(&track, event.pointer_id());
                *drag.borrow_mut() = Some((x, event.shift_key()));
                if !event.shift_key() {
                    send.now(TimeMsg::Pause);
                    send.now(TimeMsg::SeekTime(scale.time(x)));
                }
            }
        })
    };
    let moved = {
        let (track, drag, send) = (track.clone(), Rc::clone(&drag), send.clone());
        Callback::from(move |event: PointerEvent| {
            let held = *drag.borrow();
            if let Some((_, false)) = held {
                send.now(TimeMsg::SeekTime(scale.time(dom::x_within(&track, &event))));
            }
        })
    };
    let up = {
        let (track, drag, send) = (track.clone(), drag, send.clone());
        Callback::from(move |event: PointerEvent| {
            let held = drag.borrow_mut().take();
            if let Some((from, true)) = held {
                let to = dom::x_within(&track, &event);
                let stretch = (scale.time(from.min(to)), scale.time(from.max(to)));
                let long = (to - from).abs() > 4.0;
                send.now(TimeMsg::Circle(long.then_some(stretch)));
            }
        })
    };
    let onwheel = {
        let (track, send) = (track.clone(), send.clone());
        Callback::from(move |event: WheelEvent| {
            event.prevent_default();
            let next =
                scale.zoomed(dom::x_within(&track, &event), 1.2_f64.powf(event.delta_y().signum()), end);
            let whole = next.from == Time::ZERO && next.to >= end;
            send.now(PageMsg::Zoom((!whole).then_some((next.from, next.to))));
        })
    };
    let circled = circle.map(|(from, to)| {
        let (left, right) = (scale.x(from), scale.x(to));
        html! { <div class="circled" style={format!("left:{left}px;width:{}px", (right - left).max(1.0))} /> }
    });
    html! {
        <div class="timeline">
            <div class="lanes" aria-hidden="true">
                { for LANES.map(|lane| html! { <span key={lane_name(lane)}>{ tr(lang, &format!("lane.{}", lane_name(lane))) }</span> }) }
                <span>{ tr(lang, "lane.you") }</span>
            </div>
            <div class="track" ref={track} data-testid="track" role="slider" aria-label={tr(lang, "timeline.label")} tabindex="0"
                aria-valuemin="0" aria-valuemax={(end.0 / 1000).to_string()} aria-valuenow={(send.store().model().session.now().0 / 1000).to_string()}
                title={tr(lang, "timeline.title")} onpointerdown={down} onpointermove={moved} onpointerup={up} {onwheel}
                ondblclick={send.on_click(PageMsg::Zoom(None))}>
                <canvas class="bars" ref={bars} aria-hidden="true" />
                { for circled }
                <div class="caret" ref={caret} />
                <Flags {lang} {interventions} {scale} send={send.clone()} />
            </div>
        </div>
    }
}

/// Draws the marks when they changed, and moves the caret each frame.
#[hook]
fn use_marks(send: &Send, track: &NodeRef, bars: &NodeRef, caret: &NodeRef, width: UseStateSetter<f64>) {
    let (send, track, bars, caret) = (send.clone(), track.clone(), bars.clone(), caret.clone());
    use_effect_with((), move |()| {
        let store = Rc::clone(send.store());
        let frames = store.frames.clone();
        let drawn = Cell::new((Drawn::default(), 0.0));
        let guard = frames.subscribe(move |tick| {
            let model = store.model();
            let wide = dom::width(&track);
            let end = model.session.end_time();
            let scale = scale(model.zoom, end, wide);
            let x = scale.x(tick.time);
            dom::set_style(&caret, "transform", &format!("translateX({x:.1}px)"));
            let now = Drawn {
                past: model.session.past(),
                end: model.session.end().0,
                zoom: model.zoom,
                width: wide,
                dark: dom::is_dark(),
            };
            let (before, at) = drawn.get();
            if now != before && (tick.wall - at > REDRAW || now.end == before.end) {
                drawn.set((now, tick.wall));
                canvas::paint(&bars, wide, LANE * LANES.len() as f64, &COLOURS, &columns(&model, &scale));
                drop(model);
                if (wide - before.width).abs() > 0.5 {
                    width.set(wide);
                }
            }
        });
        move || drop(guard)
    });
}

/// The bars of all lanes.
fn columns(model: &Model, scale: &Scale) -> Vec<Bar> {
    let bar = |lane: usize, column: Column| {
        let height = (6.0 + 3.0 * f64::from(column.count).log2()).min(LANE - 4.0);
        Bar {
            x: f64::from(column.x),
            y: LANE * lane as f64 + (LANE - height) / 2.0,
            width: if column.notable { 2.5 } else { 1.5 },
            height,
            colour: lane,
            strength: if column.notable { 1.0 } else { 0.45 },
        }
    };
    let lanes = LANES.iter().enumerate();
    lanes
        .flat_map(|(number, lane)| {
            model.session.marks().columns(*lane, scale).into_iter().map(move |column| bar(number, column))
        })
        .collect()
}
