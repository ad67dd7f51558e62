//! The page's state and how it changes: `Model`, `Msg`, and the pure `update`.
//!
//! Knows nothing of the browser: what is to be done there comes back as [`Effect`]s. Messages fall into eight kinds,
//! each with a file of its own: [`time`] (the transport), [`act`] (what is done to the cluster), [`run`] (which run
//! it is), [`page`] (what is open, and how it looks), [`lesson`], [`claims`], [`compare`], [`hunt`] (the search for a
//! counterexample).

pub mod act;
pub mod claims;
pub mod compare;
pub mod draft;
pub mod filter;
pub mod hunt;
pub mod lesson;
pub mod mode;
pub mod msg;
pub mod page;
pub mod run;
pub mod time;

pub use act::ActMsg;
pub use claims::ClaimMsg;
pub use compare::CompareMsg;
pub use hunt::HuntMsg;
pub use lesson::LessonMsg;
pub use msg::{Effect, Msg, Notice, Overlay, Room, Sheet, StepSize, Tab, Theme};
pub use page::PageMsg;
pub use run::RunMsg;
pub use time::TimeMsg;

use crate::i18n::words::Words;
use crate::i18n::{Lang, t};
use crate::player::Player;
use crate::select::Selection;
use crate::session::Session;
use claims::OpenClaim;
use compare::Compare;
use draft::Draft;
use filter::Filter;
use hunt::Hunt;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;
use lesson::Class;
use mode::Origin;
use std::rc::Rc;

/// Milliseconds for which a line of news is shown.
const NEWS: f64 = 9000.0;

/// Everything the page knows.
#[derive(Debug)]
pub struct Model {
    /// The run.
    pub session: Session,
    /// The run before this one.
    previous: Option<Session>,
    /// The clock.
    pub player: Player,
    /// How far one step goes.
    pub step: StepSize,
    /// The language.
    pub lang: Lang,
    /// The colours.
    pub theme: Theme,
    /// Presentation: large type, no side panels.
    pub present: bool,
    /// What is selected.
    pub selected: Option<Selection>,
    /// What the pointer rests on.
    pub hovered: Option<Selection>,
    /// The dock's tab.
    pub tab: Tab,
    /// The dock shows more than the transport.
    pub dock_open: bool,
    /// The left panel is open.
    pub left_open: bool,
    /// The right panel is open.
    pub right_open: bool,
    /// How much room the window has.
    pub room: Room,
    /// The panel that lies over the stage, where there is no room beside it.
    pub sheet: Option<Sheet>,
    /// What lies over the page.
    pub overlay: Option<Overlay>,
    /// A line of news, with a way back.
    pub notice: Option<Notice>,
    /// Milliseconds for which the news are still shown.
    news_left: f64,
    /// The invitation to do something.
    pub callout: bool,
    /// The shape of the next run.
    pub draft: Rc<Draft>,
    /// Which notes the Events tab shows.
    pub filter: Filter,
    /// The lesson under way.
    pub class: Option<Class>,
    /// The comparison under way; its pane in focus is the session.
    pub compare: Option<Box<Compare>>,
    /// The claim whose run is shown.
    pub claim: Option<OpenClaim>,
    /// How far earlier lessons came, as the browser keeps it: one line for each.
    pub records: Vec<String>,
    /// The stretch that the timeline shows; everything without.
    pub zoom: Option<(Time, Time)>,
    /// The search for a counterexample.
    pub hunt: Hunt,
    /// The cluster before its mode was changed, and what was made of it.
    origin: Option<Rc<Origin>>,
}

impl Model {
    /// The page with the run on which it opens.
    pub fn new(session: Session, lang: Lang, theme: Theme) -> Model {
        let draft = Rc::new(Draft::of(session.genesis()));
        let mut model = Model {
            session,
            previous: None,
            player: Player::default(),
            step: StepSize::Action,
            lang,
            theme,
            present: false,
            selected: None,
            hovered: None,
            tab: Tab::Timeline,
            dock_open: true,
            left_open: false,
            right_open: true,
            room: Room::Wide,
            sheet: None,
            overlay: None,
            notice: None,
            news_left: 0.0,
            callout: false,
            draft,
            filter: Filter::default(),
            class: None,
            compare: None,
            claim: None,
            records: Vec::new(),
            zoom: None,
            hunt: Hunt::default(),
            origin: None,
        };
        model.player.jump(model.session.now());
        model
    }

    /// The opening cluster.
    ///
    /// # Panics
    /// When the default genesis makes no cluster, which a test of the core excludes.
    pub fn opening(lang: Lang, theme: Theme) -> Model {
        let session = Session::opening(Genesis::default()).expect("the default genesis makes a cluster");
        let mut model = Model::new(session, lang, theme);
        model.callout = true;
        model.player.playing = true;
        model
    }

    /// Changes the state; returns what the browser has to do.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = match msg {
            Msg::Time(msg) => self.update_time(msg),
            Msg::Act(msg) => self.update_act(msg),
            Msg::Run(msg) => self.update_run(msg),
            Msg::Page(msg) => self.update_page(msg),
            Msg::Lesson(msg) => self.update_lesson(msg),
            Msg::Claim(msg) => self.update_claim(msg),
            Msg::Compare(msg) => self.update_compare(msg),
            Msg::Hunt(msg) => self.update_hunt(msg),
        };
        self.check_goal();
        effects
    }

    /// Whether the left panel is seen.
    pub fn shows_left(&self) -> bool {
        !self.present
            && if self.room == Room::Narrow { self.sheet == Some(Sheet::Left) } else { self.left_open }
    }

    /// Whether the right panel is seen.
    pub fn shows_right(&self) -> bool {
        !self.present
            && if self.room == Room::Wide { self.right_open } else { self.sheet == Some(Sheet::Right) }
    }

    /// Calls `say` with the words of this run.
    pub fn words<T>(&self, say: impl FnOnce(&Words<'_>) -> T) -> T {
        let names = self.session.names();
        say(&Words { lang: self.lang, mode: self.session.genesis().mode, topics: &names })
    }

    /// Lets the news grow old by so many milliseconds; returns whether they went.
    pub fn fade(&mut self, passed: f64) -> bool {
        self.news_left -= passed.min(200.0);
        self.news_left <= 0.0 && self.notice.take().is_some()
    }

    /// The refusal that is shown, in words.
    pub fn refusal(&self) -> Option<String> {
        let notice = self.notice.as_ref().filter(|notice| notice.bad)?;
        Some(t(self.lang, notice.key, &notice.args))
    }

    /// Searches some more notes for the Events tab; returns whether there were any.
    pub fn search_events(&mut self) -> bool {
        let names = self.session.names();
        self.filter.look(
            &self.session,
            &Words { lang: self.lang, mode: self.session.genesis().mode, topics: &names },
        )
    }

    /// Shows a line of news.
    fn tell(&mut self, notice: Notice) {
        self.news_left = if notice.bad { 3.0 * NEWS } else { NEWS };
        self.notice = Some(notice);
    }

    /// After the cursor was moved by hand: the clock follows, and what is gone is no longer selected.
    pub fn follow(&mut self) {
        self.player.jump(self.session.now());
        self.filter.reset_if_cut(&self.session);
    }
}
