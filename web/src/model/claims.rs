//! A claim whose run is shown: it opens paused at the moment that matters, with what comes later already recorded.

use super::lesson::language;
use super::{Effect, Model, Notice};
use crate::i18n::Lang;
use crate::session::Session;
use kraftscope_tutorials::{CLAIMS, Claim, ClaimRun, Shown, claims};
use std::rc::Rc;

/// What can happen to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimMsg {
    /// Show the run of this name, or the first of the claim with this number; an empty name closes the claim.
    Open(String),
}

/// A claim and which of its runs is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenClaim {
    /// The claim in the page's language.
    pub claim: Rc<Claim>,
    /// Which of its runs, from 0.
    pub run: usize,
    /// The claim before it, by its number.
    pub before: Option<u32>,
    /// The claim after it, by its number.
    pub after: Option<u32>,
}

impl OpenClaim {
    fn find(name: &str, lang: Lang) -> Option<OpenClaim> {
        let (_, all) = claims(language(lang)).ok()?;
        let run_of = |claim: &Claim| claim.runs.iter().position(|shown| shown.name == name);
        let by_run = all.iter().enumerate().find_map(|(i, claim)| Some((i, run_of(claim)?)));
        let by_number = || Some((all.iter().position(|claim| claim.number.to_string() == name)?, 0));
        let (i, run) = by_run.or_else(by_number)?;
        let number = |i: usize| all.get(i).map(|claim| claim.number);
        let (before, after) = (i.checked_sub(1).and_then(number), number(i + 1));
        Some(OpenClaim { claim: Rc::new(all.get(i)?.clone()), run, before, after })
    }

    /// The run that is shown.
    pub fn shown(&self) -> Option<&Shown> {
        self.claim.runs.get(self.run)
    }
}

impl Model {
    pub(super) fn update_claim(&mut self, msg: ClaimMsg) -> Vec<Effect> {
        let ClaimMsg::Open(name) = msg;
        if name.is_empty() {
            self.claim = None;
        } else if let Err(what) = self.open_claim(&name) {
            self.tell(Notice::refusal(what));
            return Vec::new();
        }
        vec![Effect::Save]
    }

    fn open_claim(&mut self, name: &str) -> Result<(), String> {
        let unknown = || {
            let names: Vec<&str> = CLAIMS.iter().map(|run| run.name).collect();
            format!("'{name}': {}", names.join(", "))
        };
        let open = OpenClaim::find(name, self.lang).ok_or_else(unknown)?;
        let run = open.shown().and_then(|shown| ClaimRun::named(&shown.name)).ok_or_else(unknown)?;
        let history = run.history()?;
        self.class = None;
        self.claim = Some(open);
        self.replace_session(Session::of(history));
        self.player.playing = false;
        self.overlay = None;
        self.notice = None;
        self.show_left(true);
        self.follow();
        Ok(())
    }

    /// Takes up a claim again that was open with the run that is shown.
    pub(super) fn resume_claim(&mut self, name: &str) {
        self.claim = OpenClaim::find(name, self.lang);
        self.callout = false;
        self.show_left(self.claim.is_some());
    }

    /// The page's language changed.
    pub(super) fn translate_claim(&mut self) {
        let name = self.claim.as_ref().and_then(OpenClaim::shown).map(|shown| shown.name.clone());
        self.claim = name.and_then(|name| OpenClaim::find(&name, self.lang));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LessonMsg, Msg, PageMsg, Theme};

    fn page() -> Model {
        Model::opening(Lang::En, Theme::Auto)
    }

    fn open(model: &mut Model, name: &str) {
        model.update(Msg::from(ClaimMsg::Open(name.into())));
    }

    fn shown(model: &Model) -> Option<&str> {
        model.claim.as_ref().and_then(OpenClaim::shown).map(|shown| shown.name.as_str())
    }

    #[test]
    fn every_run_of_every_claim_opens_paused() {
        for run in CLAIMS {
            let mut model = page();
            open(&mut model, run.name);
            assert_eq!(shown(&model), Some(run.name));
            assert!(!model.player.playing && model.shows_left(), "{}", run.name);
        }
    }

    #[test]
    fn a_run_opens_before_its_end_so_that_it_can_be_played_on() {
        let mut model = page();
        open(&mut model, "05-stale-reads");
        assert!(model.session.event() < model.session.end());
    }

    #[test]
    fn a_claim_opens_by_its_number_and_closes() {
        let mut model = page();
        open(&mut model, "5");
        assert_eq!(shown(&model), Some("05-below-the-high-watermark"));
        open(&mut model, "");
        assert_eq!(shown(&model), None);
    }

    #[test]
    fn a_claim_that_is_not_there_is_refused() {
        let mut model = page();
        open(&mut model, "99");
        assert!(model.claim.is_none() && model.refusal().is_some());
    }

    #[test]
    fn a_lesson_takes_the_place_of_a_claim_and_the_other_way_round() {
        let mut model = page();
        open(&mut model, "4");
        model.update(LessonMsg::Open("01".into()).into());
        assert!(model.claim.is_none() && model.class.is_some());
        open(&mut model, "4");
        assert!(model.claim.is_some() && model.class.is_none());
    }

    #[test]
    fn another_language_keeps_the_claim_and_its_run() {
        let mut model = page();
        open(&mut model, "05-stale-reads");
        model.update(PageMsg::SetLang(Lang::Zh).into());
        assert_eq!(shown(&model), Some("05-stale-reads"));
    }

    #[test]
    fn a_page_that_is_loaded_anew_has_the_claim_open() {
        let mut model = page();
        open(&mut model, "05-stale-reads");
        let session = Session::load(&model.session.text()).expect("a run that was saved");
        let mut later = Model::new(session, Lang::En, Theme::Auto);
        later.resume(&model.bookmark().expect("a claim is open"));
        assert_eq!(shown(&later), Some("05-stale-reads"));
        assert_eq!(later.session.history().digest(), model.session.history().digest());
    }
}
