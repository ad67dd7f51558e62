//! Holds the model: takes messages, runs what an update asks of the browser, and tells the page to draw.

use crate::i18n::Lang;
use crate::model::{Effect, Model, Msg, Theme};
use crate::platform::frame::{FrameTimes, Frames, Tick};
use crate::platform::{self, dom, storage};
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::rc::Rc;
use yew::Callback;

/// The one state of the page.
pub struct Store {
    model: RefCell<Model>,
    draw: RefCell<Callback<()>>,
    /// Who draws each frame.
    pub frames: Frames,
    /// How long frames took.
    pub times: FrameTimes,
    wall: Cell<f64>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// The page as this browser last left it.
    pub fn open() -> Store {
        let lang = storage::load("lang").unwrap_or_else(dom::language);
        let theme = storage::load("theme").unwrap_or_default();
        let store = Store {
            model: RefCell::new(Model::new(Lang::of_tag(&lang), Theme::of(&theme))),
            draw: RefCell::new(Callback::noop()),
            frames: Frames::default(),
            times: FrameTimes::default(),
            wall: Cell::new(0.0),
        };
        store.look();
        store
    }

    /// The state, to draw it.
    pub fn model(&self) -> Ref<'_, Model> {
        self.model.borrow()
    }

    /// Who is told that the page must be drawn anew.
    pub fn on_change(&self, draw: Callback<()>) {
        *self.draw.borrow_mut() = draw;
    }

    /// Lets something happen.
    pub fn dispatch(&self, msg: Msg) {
        let effects = self.model.borrow_mut().update(msg);
        for effect in effects {
            match effect {
                Effect::Look => {
                    self.look();
                    let model = self.model.borrow();
                    storage::save("lang", model.lang.tag());
                    storage::save("theme", model.theme.name());
                }
            }
        }
        self.redraw();
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

    /// Starts the frame loop.
    pub fn run(self: &Rc<Self>) {
        let store = Rc::clone(self);
        platform::frame::run(move |wall| store.frame(wall));
    }

    fn frame(&self, wall: f64) {
        self.wall.set(wall);
        let tick = {
            let model = self.model.borrow();
            Tick {
                time: model.player.time(),
                view: model.session.view(),
                playing: model.player.playing,
                reduced_motion: dom::media("(prefers-reduced-motion: reduce)"),
                wall,
            }
        };
        self.frames.show(&tick);
        self.times.add(platform::clock() - wall);
    }
}
