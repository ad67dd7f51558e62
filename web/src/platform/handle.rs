//! `window.kraftscope`: the page by JavaScript, for tests, for the console and for embedding pages.
//!
//! Everything goes the same way as a person's wish, and synchronously: when a call returns, the page has changed.
//! Numbers are JavaScript numbers, spans are milliseconds, errors are sentences.
//!
//! | call | does | returns |
//! |---|---|---|
//! | `ready` | | true once the first picture is drawn |
//! | `version` | | the version of the page |
//! | `load(text)` | shows the run of a scenario text | null, or why not |
//! | `mode(name)` | the same cluster and plan in another mode | null, or why not |
//! | `text()` | | the run as scenario text |
//! | `share()` | | a link to the run at its cursor |
//! | `step(n = 1)`, `back(n = 1)` | moves by events | the event at the cursor |
//! | `seek(event)`, `seekTime(ms)` | moves the cursor | the event at the cursor |
//! | `until(condition)` | runs until it holds | the event, or -1 |
//! | `act(line)` | does what a line of scenario text says | null, or why not |
//! | `digest()` | | 16 hexadecimal digits of the state |
//! | `view()` | | what the picture shows, as an object |
//! | `notes(from, to)` | | `{event, time, node, note, text}` of the events in that range |
//! | `lesson(name)` | opens a lesson; an empty name closes it | null, or why not |
//! | `claim(name)` | shows the run of a claim, by its name or the claim's number; an empty name closes it | null, or why not |
//! | `play()`, `pause()`, `playing()` | | whether time runs |
//! | `frames()` | | `{count, p50, p99, max}`: main-thread milliseconds of the frames since the last call |
//! | `bench(name)` | measures `seek`, `big-stage` or `quorum` | an object of numbers |
//! | `memory()` | | bytes of memory that the module holds |
//! | `panic()` | fails on purpose, to see what a person would see | |
//! | `opened()` | | milliseconds from navigation to the first picture of a running cluster |

use super::{bench, window};
use crate::i18n::sentence;
use crate::model::{ActMsg, ClaimMsg, LessonMsg, Model, Msg, RunMsg, TimeMsg};
use crate::store::Store;
use js_sys::{Array, JSON, Object, Reflect};
use kraftscope_core::explain;
use kraftscope_core::id::StepId;
use kraftscope_core::mode::Mode;
use kraftscope_core::time::Time;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

type Call = dyn Fn(JsValue, JsValue) -> JsValue;

/// Puts the handle on the window.
pub fn install(store: &Rc<Store>) {
    let object = Object::new();
    set(&object, "ready", &JsValue::FALSE);
    set(&object, "version", &env!("CARGO_PKG_VERSION").into());
    run(&object, store);
    travel(&object, store);
    look(&object, store);
    measure(&object, store);
    if let Some(window) = window() {
        set(&window, "kraftscope", &object);
    }
}

/// Tells that the first picture is drawn.
pub fn ready() {
    let object = window().and_then(|window| Reflect::get(&window, &"kraftscope".into()).ok());
    if let Some(object) = object {
        set(&object, "ready", &JsValue::TRUE);
    }
}

/// Writes a property.
pub(super) fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

fn define(
    object: &Object,
    name: &str,
    store: &Rc<Store>,
    call: impl Fn(&Rc<Store>, JsValue, JsValue) -> JsValue + 'static,
) {
    let store = Rc::clone(store);
    let closure = Closure::<Call>::new(move |a, b| call(&store, a, b));
    set(object, name, closure.as_ref().unchecked_ref());
    closure.forget();
}

fn text(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

fn number(value: &JsValue, default: f64) -> f64 {
    value.as_f64().filter(|number| number.is_finite()).unwrap_or(default).max(0.0)
}

/// Sends a message; the answer is null, or the refusal that it led to.
fn wish(store: &Rc<Store>, msg: impl Into<Msg>) -> JsValue {
    store.with(|model| model.notice = None);
    store.dispatch(msg.into());
    store.with(|model| model.refusal().map_or(JsValue::NULL, JsValue::from))
}

fn event(store: &Store) -> JsValue {
    JsValue::from_f64(store.model().session.event().0 as f64)
}

fn run(object: &Object, store: &Rc<Store>) {
    define(object, "load", store, |store, a, _| wish(store, RunMsg::Load(text(&a))));
    define(object, "mode", store, |store, a, _| match Mode::parse(&text(&a)) {
        Some(mode) => wish(store, RunMsg::Mode(mode)),
        None => format!("{}?", text(&a)).into(),
    });
    define(object, "text", store, |store, _, _| store.model().text().into());
    define(object, "share", store, |store, _, _| store.link().into());
    define(object, "act", store, |store, a, _| wish(store, ActMsg::Line(text(&a))));
    define(object, "lesson", store, |store, a, _| wish(store, LessonMsg::Open(text(&a))));
    define(object, "claim", store, |store, a, _| wish(store, ClaimMsg::Open(text(&a))));
    define(object, "play", store, |store, _, _| wish(store, TimeMsg::Play));
    define(object, "pause", store, |store, _, _| wish(store, TimeMsg::Pause));
    define(object, "playing", store, |store, _, _| store.model().player.playing.into());
}

fn travel(object: &Object, store: &Rc<Store>) {
    let times = |store: &Rc<Store>, n: JsValue, go: fn(&mut Model) -> bool| {
        store.with(|model| {
            model.player.playing = false;
            for _ in 0..number(&n, 1.0) as u64 {
                if !go(model) {
                    break;
                }
            }
            model.follow();
        });
        event(store)
    };
    define(object, "step", store, move |store, n, _| times(store, n, |model| model.session.step()));
    define(object, "back", store, move |store, n, _| times(store, n, |model| model.session.back()));
    define(object, "seek", store, |store, a, _| {
        store.dispatch(TimeMsg::Seek(StepId(number(&a, 0.0) as u64)).into());
        event(store)
    });
    define(object, "seekTime", store, |store, a, _| {
        store.dispatch(TimeMsg::Pause.into());
        store.dispatch(TimeMsg::SeekTime(Time((number(&a, 0.0) * 1000.0) as u64)).into());
        event(store)
    });
    define(object, "until", store, |store, a, _| {
        let refused = wish(store, TimeMsg::Until(text(&a)));
        if refused.is_null() { event(store) } else { JsValue::from_f64(-1.0) }
    });
}

fn look(object: &Object, store: &Rc<Store>) {
    define(object, "digest", store, |store, _, _| {
        format!("{:016x}", store.model().session.history().digest()).into()
    });
    define(object, "view", store, |store, _, _| {
        let json = serde_json::to_string(&*store.model().session.view()).unwrap_or_default();
        JSON::parse(&json).unwrap_or(JsValue::NULL)
    });
    define(object, "notes", store, |store, from, to| {
        let model = store.model();
        let history = model.session.history();
        let first = history.first_note(StepId(number(&from, 1.0) as u64));
        let last = history.first_note(StepId((number(&to, 1e15) as u64).saturating_add(1)));
        let notes = Array::new();
        model.words(|words| {
            for log in history.notes(first..last) {
                let entry = Object::new();
                set(&entry, "event", &JsValue::from_f64(log.event.0 as f64));
                set(&entry, "time", &JsValue::from_f64(log.time.0 as f64 / 1000.0));
                set(&entry, "node", &log.node.map_or(JsValue::NULL, |node| node.to_string().into()));
                set(&entry, "note", &explain::key(&log.note).into());
                set(&entry, "text", &sentence::note(words, log.node, &log.note).into());
                notes.push(&entry);
            }
        });
        notes.into()
    });
}

fn measure(object: &Object, store: &Rc<Store>) {
    define(object, "frames", store, |store, _, _| {
        let report = store.times.report();
        bench::object(&[
            ("count", report.count as f64),
            ("p50", report.p50),
            ("p99", report.p99),
            ("max", report.max),
        ])
    });
    define(object, "bench", store, |store, name, _| bench::run(store, &text(&name)));
    define(object, "memory", store, |_, _, _| {
        let buffer = Reflect::get(&wasm_bindgen::memory(), &"buffer".into());
        buffer.and_then(|buffer| Reflect::get(&buffer, &"byteLength".into())).unwrap_or(JsValue::NULL)
    });
    define(object, "opened", store, |store, _, _| JsValue::from_f64(store.opened()));
    define(object, "panic", store, |_, why, _| panic!("on purpose: {}", text(&why)));
}
