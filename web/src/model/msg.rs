//! What can happen to the page, and what the browser has to do about it.

use super::{ActMsg, ClaimMsg, CompareMsg, HuntMsg, LessonMsg, PageMsg, RunMsg, TimeMsg};
use crate::select::{Selection, Spot};

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Paper.
    Light,
    /// Night.
    Dark,
}

impl Theme {
    /// All of them, in the order of the button.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// `auto`, `light`, `dark`.
    pub const fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of this name; `Auto` for any other.
    pub fn of(name: &str) -> Theme {
        Theme::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }

    /// The next one.
    pub const fn next(self) -> Theme {
        match self {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Auto,
        }
    }
}

/// A tab of the dock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Lanes over time.
    #[default]
    Timeline,
    /// The list of notes.
    Events,
    /// The invariants.
    Checks,
    /// The search for a run that breaks one of them.
    Hunt,
}

impl Tab {
    /// All of them, from left to right.
    pub const ALL: [Tab; 4] = [Tab::Timeline, Tab::Events, Tab::Checks, Tab::Hunt];

    /// Its name in keys and test ids.
    pub const fn name(self) -> &'static str {
        match self {
            Tab::Timeline => "timeline",
            Tab::Events => "events",
            Tab::Checks => "checks",
            Tab::Hunt => "hunt",
        }
    }
}

/// How far one step goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepSize {
    /// One event: a message arrives, a timer runs out, somebody interferes.
    #[default]
    Action,
    /// Until the next message arrives.
    Message,
    /// Until something notable happens.
    Notable,
}

impl StepSize {
    /// All of them.
    pub const ALL: [StepSize; 3] = [StepSize::Action, StepSize::Message, StepSize::Notable];

    /// Its name in keys and test ids.
    pub const fn name(self) -> &'static str {
        match self {
            StepSize::Action => "action",
            StepSize::Message => "message",
            StepSize::Notable => "notable",
        }
    }
}

/// How much room the window has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// For both panels beside the stage.
    #[default]
    Wide,
    /// For the left one; the right one lies over the stage.
    Middle,
    /// For neither: a phone.
    Narrow,
}

/// A panel that a phone shows over the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// The left panel: the lesson, or the cluster's shape.
    Left,
    /// The inspector.
    Right,
}

/// What lies over the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// The list of all commands.
    Palette,
    /// The keys.
    Help,
    /// On a phone: what has no room in the header and the transport.
    More,
    /// The conditions to wait for.
    Until,
    /// All claims.
    Claims,
    /// The link.
    Share(String),
    /// What can be done to this.
    Menu(Selection, Spot),
}

/// A line of news.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its text in the language files.
    pub key: &'static str,
    /// What fills it.
    pub args: Vec<(&'static str, String)>,
    /// The way back: its text and what it does.
    pub back: Option<(&'static str, Box<Msg>)>,
    /// Something was refused.
    pub bad: bool,
}

impl Notice {
    /// News without a way back.
    pub fn good(key: &'static str, args: Vec<(&'static str, String)>) -> Notice {
        Notice { key, args, back: None, bad: false }
    }

    /// A refusal, in the words of whoever refused.
    pub fn refusal(what: String) -> Notice {
        Notice { key: "notice.refused", args: vec![("what", what)], back: None, bad: true }
    }

    /// The same with a way back.
    #[must_use]
    pub fn with_way_back(mut self, key: &'static str, msg: impl Into<Msg>) -> Notice {
        self.back = Some((key, Box::new(msg.into())));
        self
    }
}

/// What can happen to the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// The transport.
    Time(TimeMsg),
    /// Something is done to the cluster.
    Act(ActMsg),
    /// Another run.
    Run(RunMsg),
    /// The page itself.
    Page(PageMsg),
    /// The lesson.
    Lesson(LessonMsg),
    /// The claim.
    Claim(ClaimMsg),
    /// The search for a counterexample.
    Hunt(HuntMsg),
    /// A comparison.
    Compare(CompareMsg),
}

impl From<CompareMsg> for Msg {
    fn from(msg: CompareMsg) -> Msg {
        Msg::Compare(msg)
    }
}

impl From<HuntMsg> for Msg {
    fn from(msg: HuntMsg) -> Msg {
        Msg::Hunt(msg)
    }
}

impl From<ClaimMsg> for Msg {
    fn from(msg: ClaimMsg) -> Msg {
        Msg::Claim(msg)
    }
}

impl From<LessonMsg> for Msg {
    fn from(msg: LessonMsg) -> Msg {
        Msg::Lesson(msg)
    }
}

impl From<TimeMsg> for Msg {
    fn from(msg: TimeMsg) -> Msg {
        Msg::Time(msg)
    }
}

impl From<ActMsg> for Msg {
    fn from(msg: ActMsg) -> Msg {
        Msg::Act(msg)
    }
}

impl From<RunMsg> for Msg {
    fn from(msg: RunMsg) -> Msg {
        Msg::Run(msg)
    }
}

impl From<PageMsg> for Msg {
    fn from(msg: PageMsg) -> Msg {
        Msg::Page(msg)
    }
}

/// What the browser has to do after an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Language, theme or presentation changed: show and keep it.
    Look,
    /// The run changed: keep it.
    Save,
    /// Put this text on the clipboard.
    Copy(String),
    /// Offer this text as a file of that name.
    Download(&'static str, String),
    /// Ask for a file with a run.
    PickFile,
    /// Keep how far the lesson came.
    Progress(String),
    /// Make the link to this run and show it.
    Link,
    /// Move the focus to the element with this id.
    Focus(&'static str),
    /// Start the worker.
    StartWorker,
    /// Tell the worker this.
    TellWorker(String),
    /// End the worker.
    EndWorker,
}
