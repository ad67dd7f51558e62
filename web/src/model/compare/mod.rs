//! Comparing: the same script in two or three variants of a cluster, under one transport.
//!
//! The pane in focus is the page's own session, so that selection, menus, inspector and transport are those of every
//! other run; the other panes follow its clock. What a person does is done in every pane where it has a meaning. The
//! script is kept as lines and moments, and everything that changes the past plays it anew.
//!
//! Keeps: a moment of the script is the same in all panes; a wait is over when it is over in all of them.

mod link;
mod pane;
mod script;

pub use pane::{MOST, Pane, Unmet};
pub use script::{SCRIPTS, Script};

use super::{Effect, Model, Notice};
use crate::select::Ask;
use crate::session::Session;
use kraftscope_core::compare::Differ;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use kraftscope_core::time::{Span, Time};

/// What can happen to a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareMsg {
    /// Compare the run that is shown in the three modes, or stop comparing.
    Toggle,
    /// Stop comparing.
    Close,
    /// What is compared: `modes`, `releases`, `set`.
    Kind(String),
    /// With or without this mode.
    Mode(Mode),
    /// The release of this place.
    Release(usize, String),
    /// The setting that differs.
    Setting(String),
    /// Its value at this place.
    Value(usize, String),
    /// Another script, by its name; the empty name is the run that was shown.
    Script(String),
    /// This line, in every pane where it has a meaning.
    Do(String),
    /// The pane that the keyboard and the transport count with.
    Focus(usize),
    /// This pane alone, or all of them again.
    Alone(usize),
    /// What the stage of a pane asks for.
    Ask(usize, Ask),
    /// A text with a comparison.
    Load(String),
}

/// What can differ besides modes and releases, with the two values that are offered first.
pub const SETTINGS: &[(&str, [&str; 2])] = &[
    ("min.insync.replicas", ["1", "2"]),
    ("acks", ["1", "all"]),
    ("unclean.leader.election.enable", ["false", "true"]),
    ("replica.lag.time.max.ms", ["10000", "30000"]),
    ("broker.session.timeout.ms", ["3000", "9000"]),
    ("zookeeper.session.timeout.ms", ["6000", "18000"]),
];

/// A comparison.
#[derive(Debug)]
pub struct Compare {
    /// What differs.
    pub differ: Differ,
    /// The script's name; empty for the run that was shown.
    pub name: String,
    /// The script.
    pub script: Script,
    /// The panes, from left to right.
    pub panes: Vec<Pane>,
    /// Which of them is the page's session.
    pub focus: usize,
    /// Only the pane in focus is drawn; the others go on and are counted.
    pub alone: bool,
    /// The run that was shown before.
    before: Session,
    /// Whether the panels on the left and on the right were open then.
    pub(super) panels: (bool, bool),
}

impl Compare {
    /// The session of a pane; `None` for the one in focus, which the page has.
    pub fn session(&self, pane: usize) -> Option<&Session> {
        self.panes.get(pane)?.session.as_ref()
    }
}

impl Model {
    pub(super) fn update_compare(&mut self, msg: CompareMsg) -> Vec<Effect> {
        match msg {
            CompareMsg::Toggle if self.compare.is_some() => self.close_compare(),
            CompareMsg::Toggle => {
                let script = Script::of_run(&self.session);
                self.compare(String::new(), script, Differ::Modes(Mode::ALL.to_vec()));
            }
            CompareMsg::Close => self.close_compare(),
            CompareMsg::Load(text) => self.load_compare(&text),
            CompareMsg::Script(name) => self.change_script(name),
            CompareMsg::Kind(_)
            | CompareMsg::Mode(_)
            | CompareMsg::Release(..)
            | CompareMsg::Setting(_)
            | CompareMsg::Value(..) => self.change_differ(msg),
            CompareMsg::Do(line) => self.do_everywhere(&line),
            CompareMsg::Focus(pane) => self.focus_pane(pane),
            CompareMsg::Alone(pane) => {
                self.focus_pane(pane);
                if let Some(compare) = &mut self.compare {
                    compare.alone = !compare.alone;
                }
            }
            CompareMsg::Ask(pane, ask) => {
                self.focus_pane(pane);
                return self.asked(ask);
            }
        }
        vec![Effect::Save]
    }

    /// The session of a pane.
    pub fn pane_session(&self, pane: usize) -> &Session {
        self.compare.as_ref().and_then(|compare| compare.session(pane)).unwrap_or(&self.session)
    }

    /// The run, or the comparison, as a text.
    pub fn text(&self) -> String {
        match &self.compare {
            Some(compare) => link::text(compare, self.session.now()),
            None => self.session.text(),
        }
    }

    /// Shows the script in all variants of `differ`.
    fn compare(&mut self, name: String, script: Script, differ: Differ) {
        match pane::play(&script, &differ) {
            Ok((script, mut panes)) => {
                let start = script.start;
                let Some(first) = panes.first_mut().and_then(|pane| pane.session.take()) else { return };
                let shown = std::mem::replace(&mut self.session, first);
                let (before, panels) = match self.compare.take() {
                    Some(old) => (old.before, old.panels),
                    None => (shown, (self.left_open, self.right_open)),
                };
                let compare = Compare { differ, name, script, panes, focus: 0, alone: false, before, panels };
                self.compare = Some(Box::new(compare));
                (self.left_open, self.right_open) = (false, false);
                self.overlay = None;
                self.class = None;
                self.claim = None;
                self.callout = false;
                self.sheet = None;
                self.player.circle = None;
                self.player.stop_at = None;
                self.look_at_pane();
                self.seek_all(start);
            }
            Err(what) => self.tell(Notice::refusal(what)),
        }
    }

    /// Shows the run from before again; the comparison is a click away as long as the news stand.
    fn close_compare(&mut self) {
        let text = self.text();
        if let Some(compare) = self.compare.take() {
            self.session = compare.before;
            (self.left_open, self.right_open) = compare.panels;
            self.player.playing = false;
            self.look_at_pane();
            self.follow();
            let news = Notice::good("compare.closed", Vec::new());
            self.tell(news.with_way_back("compare.reopen", CompareMsg::Load(text)));
        }
    }

    /// What belongs to the session that was shown.
    fn look_at_pane(&mut self) {
        self.filter.restart();
        self.selected = None;
        self.hovered = None;
        self.zoom = None;
    }

    fn focus_pane(&mut self, pane: usize) {
        let Some(compare) = self.compare.as_mut().filter(|compare| compare.focus != pane) else { return };
        let Some(next) = compare.panes.get_mut(pane).and_then(|pane| pane.session.take()) else { return };
        let old = std::mem::replace(&mut self.session, next);
        if let Some(left) = compare.panes.get_mut(compare.focus) {
            left.session = Some(old);
        }
        compare.focus = pane;
        self.look_at_pane();
    }

    /// Brings every pane to this moment.
    pub(super) fn seek_all(&mut self, time: Time) {
        self.session.seek_time(time);
        self.align(time);
        self.follow();
        self.player.jump(time);
    }

    /// Brings the panes that are not in focus to this moment.
    pub(super) fn align(&mut self, time: Time) {
        let Some(compare) = &mut self.compare else { return };
        for session in compare.panes.iter_mut().filter_map(|pane| pane.session.as_mut()) {
            session.seek_time(time);
        }
    }

    /// Does this now in every pane, and says where it has no meaning.
    pub(super) fn do_everywhere(&mut self, line: &str) {
        let at = self.player.time().max(self.session.now());
        let Some(compare) = &mut self.compare else { return };
        compare.script.add(at, line);
        let mut done = 0;
        for (number, pane) in compare.panes.iter_mut().enumerate() {
            let session = if number == compare.focus {
                &mut self.session
            } else {
                let Some(session) = pane.session.as_mut() else { continue };
                session
            };
            session.seek_time(at);
            let unmet = pane::act(session, at, line);
            done += u32::from(unmet.is_empty());
            pane.unmet.retain(|known| known.at < at);
            pane.unmet.extend(unmet);
        }
        self.player.notice();
        self.callout = false;
        let key = if done > 0 { "notice.done" } else { "compare.nowhere" };
        let news = Notice::good(key, vec![("action", line.to_owned())]);
        self.tell(news.with_way_back("notice.undo", super::ActMsg::Undo));
        self.follow();
    }

    /// Takes the last line of the script back.
    pub(super) fn undo_everywhere(&mut self) {
        let now = self.session.now().max(self.player.time());
        let Some(compare) = &mut self.compare else { return };
        let mut script = compare.script.clone();
        match script.remove_last(now) {
            Some(at) => {
                let (name, differ) = (compare.name.clone(), compare.differ.clone());
                let (focus, alone) = (compare.focus, compare.alone);
                self.compare(name, script, differ);
                self.focus_pane(focus);
                if let Some(compare) = &mut self.compare {
                    compare.alone = alone;
                }
                self.seek_all(at);
                self.tell(Notice::good("notice.undone", Vec::new()));
            }
            None => self.tell(Notice::good("notice.nothing-to-undo", Vec::new())),
        }
    }

    fn change_script(&mut self, name: String) {
        let Some(compare) = &self.compare else { return };
        let (script, differ) = match script::find(&name) {
            Some(text) => match Script::of_text(text) {
                Ok(found) => {
                    let asked = Differ::of_text(text).unwrap_or_else(|| compare.differ.clone());
                    (found, asked)
                }
                Err(what) => return self.tell(Notice::refusal(what)),
            },
            None => (Script::of_run(&compare.before), compare.differ.clone()),
        };
        self.compare(name, script, differ);
        self.player.playing = self.compare.is_some();
    }

    fn change_differ(&mut self, msg: CompareMsg) {
        let Some(compare) = &self.compare else { return };
        let Some(differ) = changed(&compare.differ, msg) else { return };
        let at = self.session.now();
        let (name, script) = (compare.name.clone(), compare.script.clone());
        self.compare(name, script, differ.clone());
        if self.compare.as_ref().is_some_and(|compare| compare.differ == differ) {
            self.seek_all(at);
        }
    }

    fn load_compare(&mut self, text: &str) {
        let differ = Differ::of_text(text).unwrap_or_else(|| Differ::Modes(Mode::ALL.to_vec()));
        match Script::of_text(text) {
            Ok(script) => {
                self.compare(String::new(), script, differ);
                if let Some(at) = link::cursor(text) {
                    self.seek_all(at);
                }
            }
            Err(what) => self.tell(Notice::refusal(what)),
        }
    }

    /// Lets `wall` milliseconds pass in all panes; whichever has the next event takes the next step.
    pub(super) fn pass_all(&mut self, wall: f64, go_on: impl Fn() -> bool) -> bool {
        let adaptive = matches!(self.player.pace, crate::player::Pace::Adaptive(_));
        let (mut left, mut happened) = (Some(wall), false);
        while let Some(wall) = left {
            let mut ahead = self.session.outlook(adaptive);
            let mut first = None;
            let Some(compare) = &mut self.compare else { break };
            for (number, pane) in compare.panes.iter().enumerate() {
                let Some(session) = &pane.session else { continue };
                let other = session.outlook(adaptive);
                if other.next.is_some_and(|next| ahead.next.is_none_or(|known| next < known)) {
                    (ahead.next, first) = (other.next, Some(number));
                }
                ahead.now = ahead.now.max(other.now);
                ahead.flight = shortest(ahead.flight, other.flight);
                ahead.routine = shortest(ahead.routine, other.routine);
            }
            left = self.player.advance(wall, &ahead);
            if left.is_some() {
                let session = match first {
                    Some(number) => compare.panes[number].session.as_mut().unwrap_or(&mut self.session),
                    None => &mut self.session,
                };
                if !session.roll() {
                    break;
                }
                happened = true;
                if session.is_news() {
                    self.player.notice();
                }
                left = left.filter(|_| go_on() && self.player.moves());
            }
        }
        self.session.arrive();
        if let Some(compare) = &mut self.compare {
            compare.panes.iter_mut().filter_map(|pane| pane.session.as_mut()).for_each(Session::arrive);
        }
        happened
    }
}

fn shortest(one: Option<Span>, other: Option<Span>) -> Option<Span> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What is compared after this choice; `None` when it changes nothing.
fn changed(differ: &Differ, msg: CompareMsg) -> Option<Differ> {
    let next = match (differ, msg) {
        (_, CompareMsg::Kind(kind)) => match kind.as_str() {
            "releases" => Differ::Releases(vec![Release::V0_10, Release::V4_1]),
            "set" => {
                let (key, values) = SETTINGS.first()?;
                Differ::Setting((*key).to_owned(), values.map(str::to_owned).to_vec())
            }
            _ => Differ::Modes(Mode::ALL.to_vec()),
        },
        (Differ::Modes(modes), CompareMsg::Mode(mode)) => {
            let with = !modes.contains(&mode);
            let keeps = |other: &Mode| if *other == mode { with } else { modes.contains(other) };
            let chosen: Vec<Mode> = Mode::ALL.into_iter().filter(keeps).collect();
            (chosen.len() >= 2).then_some(Differ::Modes(chosen))?
        }
        (Differ::Releases(releases), CompareMsg::Release(place, name)) => {
            let mut releases = releases.clone();
            *releases.get_mut(place)? = Release::parse(&name)?;
            Differ::Releases(releases)
        }
        (Differ::Setting(..), CompareMsg::Setting(key)) => {
            let known = SETTINGS.iter().find(|(other, _)| *other == key)?;
            Differ::Setting(key, known.1.map(str::to_owned).to_vec())
        }
        (Differ::Setting(key, values), CompareMsg::Value(place, text)) => {
            let mut values = values.clone();
            *values.get_mut(place)? = text.trim().to_owned();
            Differ::Setting(key.clone(), values)
        }
        _ => return None,
    };
    (next != *differ).then_some(next)
}

#[cfg(test)]
mod tests;
