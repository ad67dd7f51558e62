//! The one `requestAnimationFrame` loop of the page, outside the virtual DOM.
//!
//! The page registers what decides about time (once); the stage subscribes to what it draws. The time that the
//! callbacks of one frame took is measured, for the frame statistics of the JavaScript handle.

use super::{clock, panic, window};
use kraftscope_core::time::Time;
use kraftscope_core::view::ClusterView;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// What a subscriber draws: the picture is a pure function of (view, time).
#[derive(Clone, Debug)]
pub struct Tick {
    /// Virtual time, between that of the last event and that of the next one.
    pub time: Time,
    /// The cluster after the last event.
    pub view: Rc<ClusterView>,
    /// Time runs.
    pub playing: bool,
    /// The person prefers stillness.
    pub reduced_motion: bool,
    /// Milliseconds since the page was opened.
    pub wall: f64,
}

type Subscriber = Rc<dyn Fn(&Tick)>;

/// The subscribers of the loop. Equal to itself only.
#[derive(Clone, Default)]
pub struct Frames(Rc<Subscribers>);

#[derive(Default)]
struct Subscribers {
    next: Cell<u32>,
    list: RefCell<Vec<(u32, Subscriber)>>,
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frames({})", self.0.list.borrow().len())
    }
}

impl PartialEq for Frames {
    fn eq(&self, other: &Frames) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Ends a subscription when it is dropped.
#[derive(Debug)]
pub struct FrameGuard {
    frames: Frames,
    id: u32,
}

impl Drop for FrameGuard {
    fn drop(&mut self) {
        self.frames.0.list.borrow_mut().retain(|(id, _)| *id != self.id);
    }
}

impl Frames {
    /// Calls `draw` once per animation frame until the guard is dropped.
    #[must_use]
    pub fn subscribe(&self, draw: impl Fn(&Tick) + 'static) -> FrameGuard {
        let id = self.0.next.replace(self.0.next.get() + 1);
        self.0.list.borrow_mut().push((id, Rc::new(draw)));
        FrameGuard { frames: self.clone(), id }
    }

    /// Shows one tick to every subscriber.
    pub fn show(&self, tick: &Tick) {
        let list: Vec<Subscriber> = self.0.list.borrow().iter().map(|(_, draw)| Rc::clone(draw)).collect();
        for draw in list {
            draw(tick);
        }
    }
}

/// How long the callbacks of the latest frames took, on the main thread, in milliseconds.
#[derive(Debug, Default)]
pub struct FrameTimes {
    count: Cell<u64>,
    latest: RefCell<Vec<f64>>,
}

/// What is known about the latest frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameReport {
    /// Frames since the last report.
    pub count: u64,
    /// Half of them took at most this long.
    pub p50: f64,
    /// All but one in a hundred took at most this long.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl FrameTimes {
    /// Frames that are remembered.
    const KEPT: usize = 3600;

    /// Notes that a frame took this long.
    pub fn add(&self, millis: f64) {
        let mut latest = self.latest.borrow_mut();
        if latest.len() == Self::KEPT {
            latest.drain(..Self::KEPT / 2);
        }
        latest.push(millis);
        self.count.set(self.count.get() + 1);
    }

    /// Everything since the last report.
    pub fn report(&self) -> FrameReport {
        let mut sorted = std::mem::take(&mut *self.latest.borrow_mut());
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (sorted.len() as f64 * share) as usize;
            sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
        };
        FrameReport { count: self.count.replace(0), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

type Again = Rc<RefCell<Option<Closure<dyn FnMut()>>>>;

/// Calls `tick` with the milliseconds since the page was opened, once per animation frame, until the
/// program panics.
pub fn run(tick: impl FnMut(f64) + 'static) {
    let tick = RefCell::new(tick);
    let again: Again = Rc::default();
    let next = Rc::clone(&again);
    *again.borrow_mut() = Some(Closure::new(move || {
        if panic::has_failed() {
            return;
        }
        request(&next);
        if let Ok(mut tick) = tick.try_borrow_mut() {
            tick(clock());
        }
    }));
    request(&again);
}

fn request(callback: &Again) {
    if let (Some(window), Some(callback)) = (window(), callback.borrow().as_ref()) {
        let _ = window.request_animation_frame(callback.as_ref().unchecked_ref());
    }
}
