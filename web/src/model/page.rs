//! The page itself: what is selected, what is open, and how it looks.

use super::filter::FilterMsg;
use super::{Effect, Model, Overlay, Room, Sheet, Tab, Theme};
use crate::i18n::Lang;
use crate::select::{Ask, Selection, Spot};
use kraftscope_core::id::NodeId;
use kraftscope_core::note::Lane;
use kraftscope_core::time::Time;

/// What can happen to the page.
#[derive(Clone, Debug, PartialEq)]
pub enum PageMsg {
    /// Another language.
    SetLang(Lang),
    /// Other colours.
    SetTheme(Theme),
    /// Presentation on or off.
    TogglePresent,
    /// Show this tab of the dock.
    ShowTab(Tab),
    /// Show or hide the dock's panel.
    ToggleDock,
    /// Show or hide the left panel.
    ToggleLeft,
    /// Show or hide the right panel.
    ToggleRight,
    /// The window has this much room.
    Room(Room),
    /// Select this.
    Select(Option<Selection>),
    /// Select broker number n, as far as there is one.
    SelectBroker(u8),
    /// Open the menu for what is selected.
    MenuOfSelected,
    /// The pointer rests on this.
    Hover(Option<Selection>),
    /// The stage or the inspector asks for this.
    Ask(Ask),
    /// Open this over the page.
    Open(Overlay),
    /// Close what lies over the page, or else the sheet, or else select nothing.
    Close,
    /// Show why the latest notable thing happened.
    Why,
    /// The news were read.
    Dismiss,
    /// No invitation, thank you.
    DismissCallout,
    /// The Events tab shows or hides this lane (`None`: notes of no lane).
    FilterLane(Option<Lane>),
    /// The Events tab shows notes with this text.
    FilterText(String),
    /// The Events tab shows something else.
    Filter(FilterMsg),
    /// The timeline shows this stretch; everything without.
    Zoom(Option<(Time, Time)>),
}

impl Model {
    pub(super) fn update_page(&mut self, msg: PageMsg) -> Vec<Effect> {
        match msg {
            PageMsg::SetLang(lang) => {
                self.lang = lang;
                self.filter.restart();
                self.translate_lesson();
                self.translate_claim();
                return vec![Effect::Look];
            }
            PageMsg::SetTheme(theme) => {
                self.theme = theme;
                return vec![Effect::Look];
            }
            PageMsg::TogglePresent => {
                self.present = !self.present;
                return vec![Effect::Look];
            }
            PageMsg::Open(overlay) => return self.open(overlay),
            PageMsg::Ask(ask) => return self.asked(ask),
            PageMsg::ShowTab(tab) => {
                self.dock_open = !(self.dock_open && self.tab == tab);
                self.tab = tab;
            }
            PageMsg::ToggleDock => self.dock_open = !self.dock_open,
            PageMsg::ToggleLeft => self.show_left(!self.shows_left()),
            PageMsg::ToggleRight => self.show_right(!self.shows_right()),
            PageMsg::Room(room) => {
                self.room = room;
                self.sheet = None;
            }
            PageMsg::Select(selected) => self.selected = selected,
            PageMsg::SelectBroker(number) => {
                if number <= self.session.genesis().brokers {
                    self.selected = Some(Selection::Node(NodeId::broker(number)));
                }
            }
            PageMsg::MenuOfSelected => {
                if let Some(selected) = self.selected {
                    self.open_menu(selected, Spot::default());
                }
            }
            PageMsg::Hover(hovered) => self.hovered = hovered,
            PageMsg::Close => self.close(),
            PageMsg::Why => {
                self.selected = None;
                self.show_right(true);
            }
            PageMsg::Dismiss => self.notice = None,
            PageMsg::DismissCallout => self.callout = false,
            PageMsg::FilterLane(lane) => self.filter.toggle(lane),
            PageMsg::FilterText(text) => self.filter.search(&text),
            PageMsg::Filter(msg) => self.filter.change(msg),
            PageMsg::Zoom(zoom) => self.zoom = zoom,
        }
        Vec::new()
    }

    fn open(&mut self, overlay: Overlay) -> Vec<Effect> {
        let focus = match overlay {
            Overlay::Palette => Some(Effect::Focus("palette-input")),
            Overlay::Until => Some(Effect::Focus("until-input")),
            Overlay::Menu(target, at) => {
                self.open_menu(target, at);
                return vec![Effect::Focus("menu-first")];
            }
            Overlay::Help | Overlay::More | Overlay::Claims | Overlay::Share(_) => {
                Some(Effect::Focus("overlay-close"))
            }
        };
        self.overlay = if self.overlay.as_ref() == Some(&overlay) { None } else { Some(overlay) };
        focus.into_iter().filter(|_| self.overlay.is_some()).collect()
    }

    pub(super) fn asked(&mut self, ask: Ask) -> Vec<Effect> {
        match ask {
            Ask::Select(selected) => {
                self.selected = selected;
                Vec::new()
            }
            Ask::Menu(target, at) => {
                self.open_menu(target, at);
                vec![Effect::Focus("menu-first")]
            }
            Ask::Hover(hovered) => {
                self.hovered = hovered;
                Vec::new()
            }
            Ask::Act(action) => self.update(super::ActMsg::Do(vec![action]).into()),
            Ask::Seek(event) => self.update(super::TimeMsg::Seek(event).into()),
        }
    }

    /// Shows or hides the left panel, beside the stage or over it.
    pub(super) fn show_left(&mut self, show: bool) {
        match self.room {
            Room::Narrow => self.sheet = show.then_some(Sheet::Left),
            Room::Middle | Room::Wide => self.left_open = show,
        }
    }

    /// Shows or hides the right panel, beside the stage or over it.
    fn show_right(&mut self, show: bool) {
        match self.room {
            Room::Wide => self.right_open = show,
            Room::Middle | Room::Narrow => self.sheet = show.then_some(Sheet::Right),
        }
    }

    fn close(&mut self) {
        if self.overlay.take().is_some() {
            return;
        }
        if self.sheet.take().is_none() && self.player.circle.take().is_none() {
            self.selected = None;
            self.notice = None;
        }
    }
}
