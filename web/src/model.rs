//! The page's state and how it changes: `Model`, `Msg`, and the pure `update`.
//!
//! Knows nothing of the browser: what is to be done there comes back as [`Effect`]s.

use crate::i18n::Lang;
use crate::player::{Pace, Player};
use crate::select::Selection;
use crate::session::Session;

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
}

impl Tab {
    /// All of them, from left to right.
    pub const ALL: [Tab; 3] = [Tab::Timeline, Tab::Events, Tab::Checks];

    /// Its name in keys and test ids.
    pub const fn name(self) -> &'static str {
        match self {
            Tab::Timeline => "timeline",
            Tab::Events => "events",
            Tab::Checks => "checks",
        }
    }
}

/// Everything the page knows.
#[derive(Debug)]
pub struct Model {
    /// The run.
    pub session: Session,
    /// The clock.
    pub player: Player,
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
}

/// What can happen to the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Play or pause.
    TogglePlay,
    /// Another pace.
    SetPace(Pace),
    /// Another language.
    SetLang(Lang),
    /// Other colours.
    SetTheme(Theme),
    /// Presentation on or off.
    TogglePresent,
    /// Show this tab of the dock.
    ShowTab(Tab),
    /// Show or hide the dock.
    ToggleDock,
    /// Select this.
    Select(Option<Selection>),
    /// The pointer rests on this.
    Hover(Option<Selection>),
}

/// What the browser has to do after an update.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Language, theme or presentation changed: show and keep it.
    Look,
}

impl Model {
    /// The page as it opens.
    pub fn new(lang: Lang, theme: Theme) -> Model {
        Model {
            session: Session::opening(),
            player: Player::default(),
            lang,
            theme,
            present: false,
            selected: None,
            hovered: None,
            tab: Tab::Timeline,
            dock_open: true,
        }
    }

    /// Changes the state; returns what the browser has to do.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::TogglePlay => self.player.playing = !self.player.playing,
            Msg::SetPace(pace) => self.player.pace = pace,
            Msg::SetLang(lang) => {
                self.lang = lang;
                return vec![Effect::Look];
            }
            Msg::SetTheme(theme) => {
                self.theme = theme;
                return vec![Effect::Look];
            }
            Msg::TogglePresent => {
                self.present = !self.present;
                return vec![Effect::Look];
            }
            Msg::ShowTab(tab) => {
                self.tab = tab;
                self.dock_open = true;
            }
            Msg::ToggleDock => self.dock_open = !self.dock_open,
            Msg::Select(selected) => self.selected = selected,
            Msg::Hover(hovered) => self.hovered = hovered,
        }
        Vec::new()
    }
}
