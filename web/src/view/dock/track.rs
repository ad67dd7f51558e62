//! Hands on the timeline: drag to seek, shift-drag to choose what is played again and again, the wheel or two fingers
//! to zoom, keys for all of it, and the sentence under the pointer.

use super::axis;
use super::look::end_time;
use super::timeline::{TimelineProps, found};
use crate::i18n::{Lang, sentence, t};
use crate::marks::Scale;
use crate::model::{Model, PageMsg, TimeMsg};
use crate::platform::dom;
use crate::platform::paper::{Turn, WheelWatch, Within, within};
use crate::view::props::Send;
use kraftscope_core::explain;
use kraftscope_core::id::StepId;
use kraftscope_core::note::Lane;
use kraftscope_core::time::Time;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// A pointer that moved less than so many pixels has clicked.
const CLICK: f64 = 3.0;
/// What one turn of a mouse wheel (100 pixels) shows less or more.
const PER_TURN: f64 = 1.35;

/// What is said of the mark under the pointer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tip {
    /// Pixels from the left.
    pub(super) x: f64,
    /// `12.140 s`.
    pub(super) when: String,
    /// What happened.
    pub(super) sentence: String,
    /// How many others there are, in words.
    pub(super) more: String,
    /// The pointer is in the upper half: the words stand in the lower one.
    pub(super) low: bool,
    event: StepId,
}

/// The handlers of the track.
pub(super) struct Hand {
    pub(super) down: Callback<PointerEvent>,
    pub(super) moved: Callback<PointerEvent>,
    pub(super) up: Callback<PointerEvent>,
    pub(super) left: Callback<PointerEvent>,
    pub(super) key: Callback<KeyboardEvent>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Grip {
    #[default]
    None,
    Seek,
    Range(f64, Time),
    /// Two fingers: their distance and their middle at the last look.
    Pinch(f64, f64),
}

#[derive(Debug, Default)]
struct Doing {
    grip: Grip,
    pointers: Vec<(i32, f64)>,
}

#[derive(Clone)]
struct Context {
    lang: Lang,
    send: Send,
    track: NodeRef,
    canvas: NodeRef,
    tip: UseStateSetter<Option<Tip>>,
    range: UseStateHandle<Option<(Time, Time)>>,
    doing: Rc<RefCell<Doing>>,
}

/// The handlers, and the wheel.
#[hook]
pub(super) fn use_hand(
    props: &TimelineProps,
    track: &NodeRef,
    canvas: &NodeRef,
    tip: &UseStateHandle<Option<Tip>>,
    range: &UseStateHandle<Option<(Time, Time)>>,
) -> Hand {
    let hand = Context {
        lang: props.lang,
        send: props.send.clone(),
        track: track.clone(),
        canvas: canvas.clone(),
        tip: tip.setter(),
        range: range.clone(),
        doing: use_mut_ref(Doing::default),
    };
    let (turned, watched) = (hand.clone(), track.clone());
    use_effect_with((), move |()| {
        let watch = WheelWatch::of(&watched, move |turn| turned.turn(turn));
        move || drop(watch)
    });
    Hand {
        down: hand.on(Context::down),
        moved: hand.on(Context::moved),
        up: hand.on(Context::up),
        left: hand.on(|hand, _| hand.tip.set(None)),
        key: hand.on(Context::key),
    }
}

impl Context {
    fn on<E: 'static>(&self, handle: impl Fn(&Context, E) + 'static) -> Callback<E> {
        let hand = self.clone();
        Callback::from(move |event| handle(&hand, event))
    }

    /// The scale at this moment: drags and turns come faster than the page is drawn.
    fn scale(&self, width: f64) -> Scale {
        let model = self.send.store().model();
        let (from, to) = axis::stretch(model.zoom, end_time(&model));
        Scale::new(from, to, width)
    }

    fn now_circling(&self) -> Option<(Time, Time)> {
        self.send.store().model().player.circle
    }

    fn end(&self) -> Time {
        end_time(&self.send.store().model())
    }

    fn zoom(&self, zoom: Option<(Time, Time)>) {
        self.send.now(PageMsg::Zoom(zoom));
    }

    fn down(&self, event: PointerEvent) {
        if event.button() != 0 {
            return;
        }
        dom::capture(&self.track, event.pointer_id());
        let at = within(&self.canvas, &event);
        let scale = self.scale(at.width);
        let second = {
            let mut doing = self.doing.borrow_mut();
            doing.pointers.retain(|(id, _)| *id != event.pointer_id());
            doing.pointers.push((event.pointer_id(), at.x));
            let second = doing.pointers.len() == 2;
            doing.grip = match doing.pointers[..] {
                [(_, a), (_, b)] => Grip::Pinch((a - b).abs().max(1.0), (a + b) / 2.0),
                _ if event.shift_key() => Grip::Range(at.x, self.clamped(&scale, at.x)),
                _ => Grip::Seek,
            };
            second
        };
        if second || event.shift_key() {
            return;
        }
        self.send.now(TimeMsg::Pause);
        match self.look(at).filter(|_| event.pointer_type() == "mouse") {
            Some(tip) => self.send.now(TimeMsg::Seek(tip.event)),
            None => self.send.now(TimeMsg::SeekTime(self.clamped(&scale, at.x))),
        }
    }

    /// The time at a pixel, as far as the run was computed.
    fn clamped(&self, scale: &Scale, x: f64) -> Time {
        scale.time(x.clamp(0.0, scale.width)).min(self.end())
    }

    fn moved(&self, event: PointerEvent) {
        let at = within(&self.canvas, &event);
        let scale = self.scale(at.width);
        let grip = self.doing.borrow().grip;
        match grip {
            Grip::None => self.tip.set(self.look(at)),
            Grip::Seek => self.send.now(TimeMsg::SeekTime(self.clamped(&scale, at.x))),
            Grip::Range(_, from) => {
                let to = self.clamped(&scale, at.x);
                self.range.set(Some((from.min(to), from.max(to))));
            }
            Grip::Pinch(distance, middle) => self.pinch(event.pointer_id(), at.x, (distance, middle), &scale),
        }
    }

    fn pinch(&self, pointer: i32, x: f64, before: (f64, f64), scale: &Scale) {
        let now = {
            let mut doing = self.doing.borrow_mut();
            doing.pointers.iter_mut().filter(|(id, _)| *id == pointer).for_each(|(_, place)| *place = x);
            let [(_, a), (_, b)] = doing.pointers[..] else { return };
            let now = ((a - b).abs().max(1.0), (a + b) / 2.0);
            doing.grip = Grip::Pinch(now.0, now.1);
            now
        };
        self.zoom(axis::zoomed(scale, now.1, before.0 / now.0, self.end()));
    }

    fn up(&self, event: PointerEvent) {
        let grip = {
            let mut doing = self.doing.borrow_mut();
            doing.pointers.retain(|(id, _)| *id != event.pointer_id());
            std::mem::take(&mut doing.grip)
        };
        if let Grip::Range(began, from) = grip {
            let at = within(&self.canvas, &event);
            let to = self.clamped(&self.scale(at.width), at.x);
            let wide = (at.x - began).abs() > CLICK && from != to;
            self.range.set(None);
            self.send.now(TimeMsg::Circle(wide.then_some((from.min(to), from.max(to)))));
        }
    }

    fn turn(&self, turn: Turn) {
        let (scale, end) = (self.scale(turn.at.width), self.end());
        if turn.down.abs() >= turn.right.abs() {
            self.zoom(axis::zoomed(&scale, turn.at.x, PER_TURN.powf(turn.down / 100.0), end));
        } else {
            self.zoom(axis::moved(&scale, turn.right, end));
        }
    }

    fn key(&self, event: KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let cursor = self.send.store().model().player.time();
        let (end, scale) = (self.end(), self.scale(dom::width(&self.canvas)));
        let around = scale.x(cursor).clamp(0.0, scale.width);
        let key = event.key();
        match key.as_str() {
            "+" | "=" => self.zoom(axis::zoomed(&scale, around, 0.5, end)),
            "-" | "_" => self.zoom(axis::zoomed(&scale, around, 2.0, end)),
            "0" => self.zoom(None),
            "[" => self.circle(cursor, self.now_circling().map_or(end, |(_, to)| to)),
            "]" => self.circle(self.now_circling().map_or(Time::ZERO, |(from, _)| from), cursor),
            "Escape" if self.now_circling().is_some() => self.send.now(TimeMsg::Circle(None)),
            _ => return,
        }
        event.prevent_default();
    }

    fn circle(&self, from: Time, to: Time) {
        if from < to {
            self.send.now(TimeMsg::Circle(Some((from, to))));
        }
    }

    fn look(&self, at: Within) -> Option<Tip> {
        let store = self.send.store();
        let model = store.model();
        let (lane, hit) = found(&model, &self.scale(at.width), at.x, at.y, at.height)?;
        let more = if hit.others == 0 {
            String::new()
        } else {
            t(self.lang, "dock.timeline.more", &[("n", hit.others.to_string())])
        };
        Some(Tip {
            x: at.x,
            when: hit.mark.time.to_string(),
            sentence: said(&model, hit.mark.event, lane),
            more,
            low: at.y < at.height / 2.0,
            event: hit.mark.event,
        })
    }
}

/// The sentence of an event's note on that lane, a notable one before any other.
fn said(model: &Model, event: StepId, lane: Lane) -> String {
    let history = model.session.history();
    let node = history.step_log(event).and_then(|log| log.node);
    let notes = || history.notes_of(event).filter(|note| explain::lane(note) == Some(lane));
    let note = notes().find(|note| explain::is_notable(note)).or_else(|| notes().next());
    note.map(|note| model.words(|words| sentence::note(words, node, note))).unwrap_or_default()
}
