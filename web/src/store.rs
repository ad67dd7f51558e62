//! Holds the model: takes messages, runs what an update asks of the browser, and tells the page to draw.
//!
//! One animation frame: the player lets virtual time pass and the session step, the subscribers draw what moves, and
//! the page is drawn anew only when the session's event changed.

use crate::hunt::Tell;
use crate::i18n::Lang;
use crate::keys;
use crate::model::compare::MOST;
use crate::model::{
    ClaimMsg, CompareMsg, Effect, HuntMsg, Model, Msg, Overlay, PageMsg, Room, RunMsg, Tab, Theme,
};
use crate::platform::frame::{FrameTimes, Frames, Tick};
use crate::platform::worker::Worker;
use crate::platform::{self, clock, dom, files, storage};
use crate::session::Session;
use crate::share;
use kraftscope_core::compare::Differ;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::rc::Rc;
use yew::Callback;

/// Milliseconds of a frame that may be spent on events.
const EVENTS_PER_FRAME: f64 = 7.0;
/// Milliseconds between two savings.
const SAVE_EVERY: f64 = 1500.0;
/// The longest fragment that is written into the address by itself; Firefox cuts at about 65,000 letters.
const ADDRESS_MOST: usize = 30_000;

/// The one state of the page.
pub struct Store {
    model: RefCell<Model>,
    draw: RefCell<Callback<()>>,
    /// Who draws each frame.
    pub frames: Frames,
    /// The same for each pane of a comparison.
    pub panes: [Frames; MOST],
    /// How long frames took.
    pub times: FrameTimes,
    wall: Cell<f64>,
    frame_began: Cell<f64>,
    frame_ended: Cell<f64>,
    opened: Cell<f64>,
    unsaved: Cell<bool>,
    saved_at: Cell<f64>,
    worker: RefCell<Option<Worker>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// The page as the address says, or as this browser last left it.
    pub fn open() -> Store {
        let lang = storage::load("lang").unwrap_or_else(dom::language);
        let theme = storage::load("theme").unwrap_or_default();
        let store = Store {
            model: RefCell::new(open(Lang::of_tag(&lang), Theme::of(&theme))),
            draw: RefCell::new(Callback::noop()),
            frames: Frames::default(),
            panes: std::array::from_fn(|_| Frames::default()),
            times: FrameTimes::default(),
            wall: Cell::new(clock()),
            frame_began: Cell::new(0.0),
            frame_ended: Cell::new(0.0),
            opened: Cell::new(0.0),
            unsaved: Cell::new(false),
            saved_at: Cell::new(0.0),
            worker: RefCell::new(None),
        };
        let records = storage::load("progress").unwrap_or_default();
        store.model.borrow_mut().records = records.lines().map(str::to_owned).collect();
        store.model.borrow_mut().room = room();
        // A phone shows the stage first.
        store.model.borrow_mut().dock_open &= !dom::media("(max-width: 640px), (max-height: 800px)");
        // What was kept belongs to the lesson only if this is the run that was kept with it.
        if let Some(bookmark) = storage::load(LESSON)
            && storage::load("session").as_ref() == Some(&store.model().text())
        {
            store.model.borrow_mut().resume(&bookmark);
        }
        store.look();
        store
    }

    /// The state, to draw it.
    pub fn model(&self) -> Ref<'_, Model> {
        self.model.borrow()
    }

    /// Lets `work` change the state, and draws.
    pub fn with<T>(&self, work: impl FnOnce(&mut Model) -> T) -> T {
        let result = work(&mut self.model.borrow_mut());
        self.redraw();
        result
    }

    /// Who is told that the page must be drawn anew.
    pub fn on_change(&self, draw: Callback<()>) {
        *self.draw.borrow_mut() = draw;
    }

    /// The page was drawn: the frame took until now.
    pub fn drawn(&self) {
        self.frame_ended.set(clock());
        if self.opened.get() == 0.0 {
            self.opened.set(clock());
            platform::handle::ready();
        }
    }

    /// Milliseconds from navigation to the first picture.
    pub const fn opened(&self) -> f64 {
        self.opened.get()
    }

    /// Lets something happen.
    pub fn dispatch(self: &Rc<Self>, msg: Msg) {
        let effects = self.model.borrow_mut().update(msg);
        for effect in effects {
            self.perform(effect);
        }
        self.redraw();
    }

    fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Look => {
                self.look();
                let model = self.model.borrow();
                storage::save("lang", model.lang.tag());
                storage::save("theme", model.theme.name());
            }
            Effect::Save => self.unsaved.set(true),
            Effect::Copy(text) => files::copy(&text),
            Effect::Download(name, text) => files::download(name, &text),
            Effect::PickFile => {
                let store = Rc::clone(self);
                files::pick(move |text| store.dispatch(RunMsg::Load(text).into()));
            }
            Effect::Progress(record) => {
                let model = &mut *self.model.borrow_mut();
                let name = record.split(' ').next().unwrap_or_default().to_owned();
                model.records.retain(|other| other.split(' ').next() != Some(name.as_str()));
                model.records.push(record);
                storage::save("progress", &model.records.join("\n"));
            }
            Effect::Link => {
                let link = self.link();
                files::copy(&link);
                self.dispatch(PageMsg::Open(Overlay::Share(link)).into());
            }
            Effect::Focus(id) => dom::focus_soon(id),
            Effect::StartWorker => self.start_worker(),
            Effect::TellWorker(text) => {
                if let Some(worker) = &*self.worker.borrow() {
                    worker.tell(&text);
                }
            }
            Effect::EndWorker => drop(self.worker.take()),
        }
    }

    /// Starts the worker anew; what it says becomes a message.
    fn start_worker(self: &Rc<Self>) {
        let store = Rc::clone(self);
        let started = Worker::start(move |said| {
            let msg = match said.map(|text| serde_json::from_str::<Tell>(&text)) {
                Ok(Ok(tell)) => HuntMsg::Told(tell),
                Ok(Err(error)) => HuntMsg::Lost(error.to_string()),
                Err(why) => HuntMsg::Lost(why),
            };
            store.dispatch(msg.into());
        });
        match started {
            Ok(worker) => drop(self.worker.replace(Some(worker))),
            Err(why) => self.dispatch(HuntMsg::Lost(why).into()),
        }
    }

    /// The link to the run at its cursor.
    pub fn link(&self) -> String {
        files::link(&share::pack(&self.model.borrow().text()))
    }

    fn redraw(&self) {
        let draw = self.draw.borrow().clone();
        draw.emit(());
    }

    /// Shows language, theme and presentation.
    fn look(&self) {
        let model = self.model.borrow();
        dom::set_root("lang", model.lang.tag());
        dom::set_root("data-theme", if model.theme == Theme::Auto { "" } else { model.theme.name() });
        dom::set_root("data-present", if model.present { "true" } else { "" });
    }

    /// Starts the frame loop, and listens to keys and to the address.
    pub fn run(self: &Rc<Self>) {
        platform::handle::install(self);
        let store = Rc::clone(self);
        platform::frame::run(move |wall| store.frame(wall));
        let store = Rc::clone(self);
        dom::on_key(move |press| {
            let msg = keys::message(*press);
            let taken = msg.is_some();
            msg.into_iter().for_each(|msg| store.dispatch(msg));
            taken
        });
        let store = Rc::clone(self);
        dom::on_resize(move || {
            let room = room();
            if store.model().room != room {
                store.dispatch(PageMsg::Room(room).into());
            }
        });
        let store = Rc::clone(self);
        files::on_fragment(move |fragment| {
            if let Some(run) = share::unpack(&fragment) {
                store.dispatch(load(run).into());
            }
            if let Some(msg) = claim_of(&fragment) {
                store.dispatch(msg);
            }
        });
        let store = Rc::clone(self);
        files::on_leave(move || store.save_on_leave());
    }

    fn frame(&self, wall: f64) {
        if self.frame_began.get() > 0.0 {
            self.times.add((self.frame_ended.get() - self.frame_began.get()).max(0.0));
        }
        self.frame_began.set(wall);
        let passed = wall - self.wall.replace(wall);
        let changed = {
            let mut model = self.model.borrow_mut();
            let happened = model.pass(passed, || clock() - wall < EVENTS_PER_FRAME);
            let found = model.tab == Tab::Events && model.dock_open && model.search_events();
            let faded = model.fade(passed);
            happened || found || faded
        };
        let tick = {
            let model = self.model.borrow();
            Tick {
                time: model.player.time(),
                view: model.session.view().0,
                playing: model.player.moves(),
                reduced_motion: dom::media("(prefers-reduced-motion: reduce)"),
                wall,
            }
        };
        self.frames.show(&tick);
        self.show_panes(&tick);
        self.frame_ended.set(clock());
        if changed {
            self.unsaved.set(true);
            self.redraw();
        }
        self.save_if_due(wall);
    }

    /// Lets each pane of a comparison draw its own cluster.
    fn show_panes(&self, tick: &Tick) {
        for (number, frames) in self.panes.iter().enumerate() {
            let view = {
                let model = self.model.borrow();
                let Some(compare) = &model.compare else { return };
                compare.panes.get(number).map(|_| model.pane_session(number).view().0)
            };
            if let Some(view) = view {
                frames.show(&Tick { view, ..tick.clone() });
            }
        }
    }

    /// Keeps the run in the browser and in the address, not too often, and never while time runs fast.
    fn save_if_due(&self, wall: f64) {
        let pause = if self.model.borrow().player.playing { SAVE_EVERY * 4.0 } else { SAVE_EVERY };
        if !self.unsaved.get() || wall - self.saved_at.get() < pause {
            return;
        }
        self.unsaved.set(false);
        self.saved_at.set(wall);
        let text = self.model.borrow().text();
        storage::save("session", &text);
        self.keep_lesson();
        let fragment = share::pack(&text);
        files::set_fragment(if fragment.len() <= ADDRESS_MOST { &fragment } else { "" });
        storage::forget(LEFT);
    }

    /// Keeps which lesson is open, and forgets it when none is.
    fn keep_lesson(&self) {
        match self.model.borrow().bookmark() {
            Some(bookmark) => drop(storage::save(LESSON, &bookmark)),
            None => storage::forget(LESSON),
        }
    }

    /// Keeps what is not kept yet when the page goes away. The address cannot be changed any more: it is noted, so
    /// that the same address leads to what was kept.
    fn save_on_leave(&self) {
        self.keep_lesson();
        let text = self.model.borrow().text();
        if storage::load("session").as_ref() != Some(&text) {
            storage::save("session", &text);
            storage::save(LEFT, &files::fragment());
        }
    }
}

/// Under this name stands the address that the page was left at with something newer than the address says.
const LEFT: &str = "left";
/// Under this name stands the lesson that is open.
const LESSON: &str = "lesson";

/// How much room the window has; the style sheets draw the same lines.
fn room() -> Room {
    if dom::media("(max-width: 759px)") {
        Room::Narrow
    } else if dom::media("(max-width: 1199px)") {
        Room::Middle
    } else {
        Room::Wide
    }
}

/// The model for this address: a link, or what was kept, or the opening cluster.
fn open(lang: Lang, theme: Theme) -> Model {
    let fresh = files::query() == "new";
    let newer = storage::load(LEFT).is_some_and(|left| left == files::fragment());
    let linked = if fresh || newer { None } else { share::unpack(&files::fragment()) };
    if let Some(msg) = claim_of(&files::fragment()) {
        let mut model = Model::opening(lang, theme);
        model.callout = false;
        let _ = model.update(msg);
        return model;
    }
    if let Some(run) = linked {
        return match run
            .map_err(RunError::Link)
            .and_then(|text| load_model(text, lang, theme).map_err(RunError::Text))
        {
            Ok(model) => model,
            Err(error) => {
                let mut model = Model::opening(lang, theme);
                let _ = model.update(error.message());
                model
            }
        };
    }
    let kept =
        storage::load("session").filter(|_| !fresh).and_then(|text| load_model(text, lang, theme).ok());
    kept.unwrap_or_else(|| Model::opening(lang, theme))
}

/// The page with the run, or the comparison, of this text.
fn load_model(text: String, lang: Lang, theme: Theme) -> Result<Model, String> {
    if Differ::of_text(&text).is_none() {
        return Session::load(&text).map(|session| Model::new(session, lang, theme));
    }
    let mut model = Model::opening(lang, theme);
    model.update(CompareMsg::Load(text).into());
    Ok(model)
}

/// What a link to the claims asks for: `claims` for all of them, `claim=05-stale-reads` or `claim=5` for a run.
fn claim_of(fragment: &str) -> Option<Msg> {
    match (fragment, fragment.strip_prefix("claim=")) {
        ("claims", _) => Some(PageMsg::Open(Overlay::Claims).into()),
        (_, Some(name)) => Some(ClaimMsg::Open(name.to_owned()).into()),
        _ => None,
    }
}

enum RunError {
    Link(share::Broken),
    Text(String),
}

impl RunError {
    fn message(self) -> Msg {
        match self {
            RunError::Link(broken) => RunMsg::Broken(broken).into(),
            RunError::Text(what) => RunMsg::Refused(what).into(),
        }
    }
}

/// The message for what a link held.
fn load(run: Result<String, share::Broken>) -> RunMsg {
    run.map_or_else(RunMsg::Broken, RunMsg::Load)
}
