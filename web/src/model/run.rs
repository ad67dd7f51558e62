//! Which run it is: the opening one, one from a link or a file, one with another shape, release or seed.

use super::draft::Draft;
use super::{CompareMsg, Effect, Model, Notice, Overlay};
use crate::i18n::tr;
use crate::session::Session;
use crate::share::Broken;
use kraftscope_core::compare::Differ;
use kraftscope_core::config::Settings;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use kraftscope_core::sim::genesis::Genesis;
use std::rc::Rc;

/// What can happen to the run as a whole.
#[derive(Clone, Debug, PartialEq)]
pub enum RunMsg {
    /// The run of this text.
    Load(String),
    /// A link that held no run.
    Broken(Broken),
    /// A link or a file with a run that makes no sense; the reason.
    Refused(String),
    /// The opening cluster again.
    Fresh,
    /// The same shape and plan with another release.
    Release(Release),
    /// The same cluster and plan in another mode.
    Mode(Mode),
    /// The same plan with other luck.
    Luck,
    /// The form of the cluster's shape: this field now holds this text.
    Set(String, String),
    /// The form: one more topic.
    AddTopic,
    /// The form: without this topic.
    RemoveTopic(usize),
    /// The form: as the run is.
    ResetDraft,
    /// A new run of the shape in the form.
    Apply,
    /// Back to the run before this one.
    Swap,
    /// Make the link.
    Share,
    /// Save as a file.
    Export,
    /// Open a file.
    Import,
}

impl Model {
    pub(super) fn update_run(&mut self, msg: RunMsg) -> Vec<Effect> {
        match msg {
            RunMsg::Load(text) if Differ::of_text(&text).is_some() => {
                return self.update_compare(CompareMsg::Load(text));
            }
            RunMsg::Load(text) => match Session::load(&text) {
                Ok(session) => self.show(session, "notice.loaded"),
                Err(what) => return self.not_loaded(what),
            },
            RunMsg::Broken(broken) => {
                let what = tr(self.lang, broken.key());
                return self.not_loaded(what);
            }
            RunMsg::Refused(what) => return self.not_loaded(what),
            RunMsg::Fresh => self.begin(Genesis::default()),
            RunMsg::Release(release) => {
                let settings = of_release(&self.session.genesis().settings, release);
                self.again(Genesis { settings, ..self.session.genesis().clone() });
            }
            RunMsg::Mode(mode) => self.change_mode(mode),
            RunMsg::Luck => {
                let seed = self.session.genesis().seed.wrapping_add(1);
                self.again(Genesis { seed, ..self.session.genesis().clone() });
            }
            RunMsg::Set(field, text) => return self.edit(|draft| draft.set(&field, &text)),
            RunMsg::AddTopic => return self.edit(Draft::add_topic),
            RunMsg::RemoveTopic(number) => return self.edit(|draft| draft.remove_topic(number)),
            RunMsg::ResetDraft => {
                self.draft = Rc::new(Draft::of(self.session.genesis()));
                return Vec::new();
            }
            RunMsg::Apply => match self.draft.genesis() {
                Ok(genesis) => self.begin(genesis),
                Err(what) => {
                    self.tell(Notice::refusal(what));
                    return Vec::new();
                }
            },
            RunMsg::Swap => {
                if let Some(previous) = self.previous.take() {
                    self.show(previous, "notice.previous");
                }
            }
            RunMsg::Share => return vec![Effect::Link],
            RunMsg::Export => return vec![Effect::Download("kraftscope.txt", self.text())],
            RunMsg::Import => return vec![Effect::PickFile],
        }
        vec![Effect::Save]
    }

    fn not_loaded(&mut self, what: String) -> Vec<Effect> {
        self.tell(Notice { bad: true, ..Notice::good("notice.not-loaded", vec![("what", what)]) });
        Vec::new()
    }

    fn edit(&mut self, change: impl FnOnce(&mut Draft)) -> Vec<Effect> {
        change(Rc::make_mut(&mut self.draft));
        Vec::new()
    }

    /// Starts a run of that genesis, as far as the moment from which it runs by itself.
    fn begin(&mut self, genesis: Genesis) {
        match Session::opening(genesis) {
            Ok(session) => {
                self.show(session, "notice.new-run");
                self.player.playing = true;
            }
            Err(what) => self.tell(Notice::refusal(what)),
        }
    }

    /// Plays the same plan on another genesis.
    fn again(&mut self, genesis: Genesis) {
        match self.session.again(genesis) {
            Ok((session, impossible)) => {
                let news =
                    if impossible.is_empty() { "notice.same-plan" } else { "notice.same-plan.impossible" };
                self.show(session, news);
                if let Some(notice) = &mut self.notice {
                    notice.args.push(("n", impossible.len().to_string()));
                }
            }
            Err(what) => self.tell(Notice::refusal(what)),
        }
    }

    /// Shows another run; the one before is kept.
    pub(super) fn show(&mut self, session: Session, news: &'static str) {
        let args = vec![("seed", session.genesis().seed.to_string())];
        self.class = None;
        self.claim = None;
        self.replace_session(session);
        self.player.playing = false;
        self.player.circle = None;
        self.overlay = self.overlay.take().filter(|overlay| matches!(overlay, Overlay::Palette));
        self.tell(Notice::good(news, args).with_way_back("notice.previous.back", RunMsg::Swap));
        self.follow();
    }

    /// Puts another run in the place of this one, which is kept.
    pub(super) fn replace_session(&mut self, session: Session) {
        if let Some(compare) = self.compare.take() {
            (self.left_open, self.right_open) = compare.panels;
        }
        let old = std::mem::replace(&mut self.session, session);
        self.previous = Some(old);
        self.draft = Rc::new(Draft::of(self.session.genesis()));
        self.filter.restart();
        self.selected = None;
        self.hovered = None;
        self.zoom = None;
        self.callout = false;
        self.player.stop_at = None;
    }
}

/// The same settings on another release: what was changed stays changed, the rest takes the new defaults.
pub(super) fn of_release(settings: &Settings, release: Release) -> Settings {
    let mut next = Settings::of(release);
    for (key, value) in settings.changed() {
        // A value that was legal in one release is legal in all: the bounds are the same table.
        let _ = next.set(key, &value);
    }
    for (name, value) in settings.features.changed_from(settings.release) {
        let _ = next.features.set(name, &value);
    }
    next
}
