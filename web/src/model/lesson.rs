//! A lesson under way: one step at a time, a prediction before each revelation, goals that are reached by acting.
//!
//! A step begins where the steps before it end. Its script is computed as a whole, then played from the step's
//! beginning, so that what was predicted is seen happening. A step that is gone back to is played anew.
//! Invariant: a script runs only when its prediction was answered.

use super::claims::OpenClaim;
use super::{Effect, Model, Notice};
use crate::i18n::Lang;
use crate::session::Session;
use crate::view::stage::Actor;
use kraftscope_core::id::{NodeId, StepId};
use kraftscope_core::scenario::words::Names;
use kraftscope_tutorials::{CHAPTERS, Chapter, Language, Lesson, Predict};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What can happen to a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LessonMsg {
    /// Open the lesson of this name (or part of a name); an empty name closes it.
    Open(String),
    /// This answer of the step's prediction.
    Answer(usize),
    /// Play the step's script.
    Run,
    /// See the end of the script at once.
    Skip,
    /// To the next step.
    Next,
    /// What a remote's key means: watch, then to the end, then to the next step.
    Onward,
    /// To the step before.
    Previous,
    /// The step again from its beginning.
    Again,
    /// The lesson again from its first step, all answers forgotten.
    Restart,
    /// Show how the goal is reached.
    Solve,
    /// Show the hint.
    Hint,
}

/// How far a person is in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The answer that was given.
    pub answer: Option<usize>,
    /// The script was started.
    pub ran: bool,
    /// The goal was reached.
    pub reached: bool,
    /// The hint was asked for.
    pub hint: bool,
}

/// A lesson under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Which chapter.
    pub chapter: &'static Chapter,
    /// Its text in the page's language.
    pub lesson: Rc<Lesson>,
    /// The step that is shown, from 0.
    pub step: usize,
    /// How far each step is.
    pub steps: Vec<Progress>,
    /// Who is in the light.
    pub focus: Rc<BTreeSet<Actor>>,
    /// Where the script ends that is being played.
    ends: StepId,
}

/// What a bookmark of a claim begins with; no chapter has this name.
const CLAIM: &str = "claim";

/// The tutorials' name of a language.
pub(crate) const fn language(lang: Lang) -> Language {
    match lang {
        Lang::En => Language::English,
        Lang::Zh => Language::Chinese,
    }
}

/// The chapter of this name, or the first that has it as a part.
fn find(name: &str) -> Option<&'static Chapter> {
    Chapter::named(name).or_else(|| CHAPTERS.iter().find(|chapter| chapter.name.contains(name)))
}

/// Titles of all chapters with their names.
pub fn titles(lang: Lang) -> Vec<(&'static str, String)> {
    let title = |chapter: &'static Chapter| {
        let lesson = chapter.lesson(language(lang)).ok();
        (chapter.name, lesson.map_or_else(|| chapter.name.to_owned(), |lesson| lesson.title))
    };
    CHAPTERS.iter().map(title).collect()
}

impl Class {
    fn open(chapter: &'static Chapter, lang: Lang) -> Result<Class, String> {
        let lesson = chapter.lesson(language(lang)).map_err(|error| error.to_string())?;
        let steps = vec![Progress::default(); lesson.steps.len()];
        let lesson = Rc::new(lesson);
        Ok(Class { chapter, lesson, step: 0, steps, focus: Rc::default(), ends: StepId(0) })
    }

    /// The step that is shown.
    pub fn now(&self) -> &kraftscope_tutorials::Step {
        &self.lesson.steps[self.step]
    }

    /// How far it is.
    pub fn progress(&self) -> &Progress {
        &self.steps[self.step]
    }

    /// The prediction of the step, while it waits for an answer.
    pub fn open_question(&self) -> Option<&Predict> {
        self.now().predict.as_ref().filter(|_| self.progress().answer.is_none())
    }

    /// Whether the step has nothing left that must be done.
    pub fn is_done(&self) -> bool {
        let (step, progress) = (self.now(), self.progress());
        self.open_question().is_none()
            && (progress.ran || step.script.is_empty())
            && (progress.reached || step.goal.is_none())
    }

    /// Whether there is a step after this one.
    pub fn has_next(&self) -> bool {
        self.step + 1 < self.steps.len()
    }

    /// The same in another language.
    fn translate(&mut self, lang: Lang) {
        if let Ok(lesson) = self.chapter.lesson(language(lang))
            && lesson.steps.len() == self.steps.len()
        {
            self.lesson = Rc::new(lesson);
        }
    }

    /// What the browser keeps: name, step, and the answers so far.
    pub fn record(&self) -> String {
        let answer = |progress: &Progress| progress.answer.map_or_else(|| "-".to_owned(), |a| a.to_string());
        let answers: Vec<String> = self.steps.iter().map(answer).collect();
        format!("{} {} {}", self.chapter.name, self.step, answers.join(","))
    }

    /// Takes up what was kept, as far as it fits.
    fn recall(&mut self, record: &str) {
        let mut parts = record.split(' ').skip(1);
        let step: usize = parts.next().and_then(|step| step.parse().ok()).unwrap_or(0);
        self.step = step.min(self.steps.len().saturating_sub(1));
        let answers = parts.next().unwrap_or_default().split(',');
        for (progress, answer) in self.steps.iter_mut().zip(answers) {
            progress.answer = answer.parse().ok();
        }
    }

    /// Puts the actors of the step in the light.
    fn light(&mut self, names: &Names) {
        let actor = |word: &String| {
            let node = NodeId::parse(word).ok().map(Actor::Node);
            node.or_else(|| names.partition(word).ok().map(Actor::Partition))
        };
        self.focus = Rc::new(self.now().focus.iter().filter_map(actor).collect());
    }
}

impl Model {
    pub(super) fn update_lesson(&mut self, msg: LessonMsg) -> Vec<Effect> {
        match msg {
            LessonMsg::Open(name) if name.is_empty() => self.leave_lesson(),
            LessonMsg::Open(name) => {
                if let Err(what) = self.open_lesson(&name) {
                    self.tell(Notice::refusal(what));
                    return Vec::new();
                }
            }
            LessonMsg::Answer(number) => self.answer(number),
            LessonMsg::Run => self.run_script(),
            LessonMsg::Skip => self.skip(),
            LessonMsg::Next => self.turn_page(1),
            LessonMsg::Onward => {
                if let Some(msg) = self.onward() {
                    return self.update_lesson(msg);
                }
            }
            LessonMsg::Previous => self.turn_page(-1),
            LessonMsg::Again => self.turn_page(0),
            LessonMsg::Restart => {
                if let Some(class) = &mut self.class {
                    class.steps.fill(Progress::default());
                    class.step = 0;
                }
                self.turn_page(0);
            }
            LessonMsg::Solve => self.solve(),
            LessonMsg::Hint => {
                if let Some(class) = &mut self.class {
                    let step = class.step;
                    class.steps[step].hint = true;
                }
            }
        }
        let progress = self.class.as_ref().map(|class| Effect::Progress(class.record()));
        progress.into_iter().chain([Effect::Save]).collect()
    }

    fn open_lesson(&mut self, name: &str) -> Result<(), String> {
        let chapter = find(name).ok_or_else(|| {
            let names: Vec<&str> = CHAPTERS.iter().map(|chapter| chapter.name).collect();
            format!("'{name}': {}", names.join(", "))
        })?;
        let mut class = Class::open(chapter, self.lang)?;
        self.recall(&mut class);
        self.class = Some(class);
        self.claim = None;
        self.show_left(true);
        self.turn_page(0);
        self.notice = None;
        Ok(())
    }

    /// The open lesson and how far its step is, or the open claim, for a page that is loaded anew.
    pub fn bookmark(&self) -> Option<String> {
        if let Some(shown) = self.claim.as_ref().and_then(OpenClaim::shown) {
            return Some(format!("{CLAIM} {}", shown.name));
        }
        let class = self.class.as_ref()?;
        let state = match self.player.stop_at {
            Some(_) => "watched",
            None if class.progress().ran => "ran",
            None => "open",
        };
        Some(format!("{} {state}", class.chapter.name))
    }

    /// Takes up a lesson again that was open with the run that is shown. A script that was being watched is not in
    /// that run, so its step begins anew.
    pub fn resume(&mut self, bookmark: &str) {
        let (name, state) = bookmark.split_once(' ').unwrap_or_default();
        if name == CLAIM {
            return self.resume_claim(state);
        }
        let Some(chapter) = Chapter::named(name) else { return };
        let Ok(mut class) = Class::open(chapter, self.lang) else { return };
        self.recall(&mut class);
        let step = class.step;
        class.steps[step].ran = state == "ran";
        class.light(&self.session.names());
        self.class = Some(class);
        self.callout = false;
        self.show_left(true);
        if state == "watched" {
            self.turn_page(0);
        }
        self.check_goal();
    }

    /// Takes up what the browser kept of a lesson.
    fn recall(&self, class: &mut Class) {
        let name = class.chapter.name;
        let kept = self.records.iter().find(|record| record.split(' ').next() == Some(name));
        if let Some(record) = kept {
            class.recall(record);
        }
    }

    fn leave_lesson(&mut self) {
        self.class = None;
        self.player.stop_at = None;
    }

    /// The page's language changed.
    pub(super) fn translate_lesson(&mut self) {
        let lang = self.lang;
        if let Some(class) = &mut self.class {
            class.translate(lang);
        }
    }

    /// Turns so many pages, and plays the run to where that step begins.
    fn turn_page(&mut self, by: isize) {
        let Some(class) = &mut self.class else { return };
        let last = class.steps.len().saturating_sub(1);
        // The next step begins where this one ended, unless the student went their own way.
        let straight = class.now().goal.is_none() && self.session.event() == class.ends;
        let onward = by > 0 && straight && class.progress().ran && self.player.stop_at.is_none();
        class.step = class.step.saturating_add_signed(by).min(last);
        let onward = onward && class.now().genesis.is_empty();
        let step = class.step;
        class.steps[step] = Progress { answer: class.steps[step].answer, ..Progress::default() };
        let lesson = Rc::clone(&class.lesson);
        self.player.stop_at = None;
        if !onward {
            match lesson.history(step) {
                Ok(history) => self.replace_session(Session::of(history)),
                Err(what) => self.tell(Notice::refusal(what)),
            }
        }
        self.player.playing = false;
        let names = self.session.names();
        if let Some(class) = &mut self.class {
            class.light(&names);
        }
        self.selected = None;
        self.follow();
    }

    /// What comes next in the lesson; nothing while a prediction or a goal is open, and none without a lesson.
    pub(super) fn onward(&self) -> Option<LessonMsg> {
        let class = self.class.as_ref().filter(|class| class.open_question().is_none())?;
        if self.player.stop_at.is_some() {
            Some(LessonMsg::Skip)
        } else if !class.progress().ran && !class.now().script.is_empty() {
            Some(LessonMsg::Run)
        } else {
            Some(LessonMsg::Next).filter(|_| class.is_done() && class.has_next())
        }
    }

    fn answer(&mut self, number: usize) {
        let Some(class) = &mut self.class else { return };
        let step = class.step;
        if class.open_question().is_some_and(|predict| number < predict.answers.len()) {
            class.steps[step].answer = Some(number);
            self.run_script();
        }
    }

    fn run_script(&mut self) {
        let Some(class) = &mut self.class else { return };
        if class.open_question().is_some() || class.progress().ran {
            return;
        }
        let step = class.step;
        class.steps[step].ran = true;
        let script = class.now().script.clone();
        self.watch(&script);
    }

    fn solve(&mut self) {
        let solution = self.class.as_ref().and_then(|class| class.now().goal.as_ref());
        let Some(solution) = solution.map(|goal| goal.solution.clone()) else { return };
        self.turn_page(0);
        if let Some(class) = &mut self.class {
            let step = class.step;
            class.steps[step].ran = true;
        }
        let script = self.class.as_ref().map(|class| class.now().script.clone()).unwrap_or_default();
        self.watch(&[script, solution].concat());
    }

    /// Computes these lines, goes back, and plays to where they end.
    fn watch(&mut self, lines: &[String]) {
        let began = self.session.event();
        if let Err(what) = self.session.play(lines) {
            self.tell(Notice::refusal(what));
        }
        let ends = self.session.event();
        if let Some(class) = &mut self.class {
            class.ends = ends;
        }
        if ends > began {
            self.session.seek(began);
            self.player.stop_at = Some(ends);
            self.player.playing = true;
        }
        self.follow();
        self.check_goal();
    }

    fn skip(&mut self) {
        if let Some(ends) = self.player.stop_at.take() {
            self.session.seek(ends);
            self.player.playing = false;
            self.follow();
            self.check_goal();
        }
    }

    /// Looks whether the goal of the step is reached now.
    pub(super) fn check_goal(&mut self) {
        let Some(class) = &mut self.class else { return };
        let step = class.step;
        let (progress, now) = (&class.steps[step], &class.lesson.steps[step]);
        let open = (progress.ran || now.script.is_empty()) && !progress.reached;
        let reached = |goal: &kraftscope_tutorials::Goal| goal.is_reached(self.session.history());
        if open
            && self.player.stop_at.is_none_or(|end| self.session.event() >= end)
            && now.goal.as_ref().is_some_and(reached)
        {
            class.steps[step].reached = true;
            self.player.playing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Msg, Theme};

    fn class(name: &str) -> Model {
        let mut model = Model::opening(Lang::En, Theme::Auto);
        model.update(LessonMsg::Open(name.into()).into());
        model
    }

    fn step(model: &Model) -> (usize, bool, bool) {
        let class = model.class.as_ref().expect("a lesson is open");
        (class.step, class.open_question().is_some(), class.is_done())
    }

    fn say(model: &mut Model, msgs: impl IntoIterator<Item = LessonMsg>) {
        msgs.into_iter().for_each(|msg| {
            model.update(Msg::from(msg));
        });
    }

    #[test]
    fn nothing_is_revealed_before_it_was_predicted() {
        let mut model = class("leader-dies");
        say(&mut model, [LessonMsg::Next, LessonMsg::Run, LessonMsg::Skip, LessonMsg::Next]);
        assert_eq!(step(&model), (2, true, false));
        let before = model.session.end();
        say(&mut model, [LessonMsg::Run]);
        assert_eq!(model.session.end(), before);
        say(&mut model, [LessonMsg::Answer(0), LessonMsg::Skip]);
        assert!(model.session.end() > before);
        assert_eq!(step(&model), (2, false, true));
    }

    #[test]
    fn what_was_answered_is_kept_and_taken_up_again() {
        let mut model = class("leader-dies");
        say(&mut model, [LessonMsg::Next, LessonMsg::Next, LessonMsg::Answer(2)]);
        let record = model.class.as_ref().expect("a lesson is open").record();
        let mut later = Model::opening(Lang::Zh, Theme::Auto);
        later.records = vec![record];
        say(&mut later, [LessonMsg::Open("leader-dies".into())]);
        let class = later.class.as_ref().expect("a lesson is open");
        assert_eq!((class.step, class.progress().answer), (2, Some(2)));
    }

    /// A page that is loaded anew has the run, the bookmark and the records, and nothing else.
    fn reloaded(model: &Model) -> Model {
        let session = Session::load(&model.session.text()).expect("a run that was saved");
        let mut later = Model::new(session, Lang::En, Theme::Auto);
        later.records = model.class.iter().map(Class::record).collect();
        later.resume(&model.bookmark().expect("a lesson is open"));
        later
    }

    #[test]
    fn a_page_that_is_loaded_anew_has_the_lesson_open_at_its_step() {
        let mut model = class("leader-dies");
        say(&mut model, [LessonMsg::Next, LessonMsg::Next]);
        assert_eq!(step(&reloaded(&model)), (2, true, false));
        say(&mut model, [LessonMsg::Answer(0), LessonMsg::Skip]);
        let later = reloaded(&model);
        assert_eq!(step(&later), (2, false, true));
        assert_eq!(later.session.history().digest(), model.session.history().digest());
    }

    #[test]
    fn a_script_that_was_half_watched_begins_anew_when_the_page_is_loaded() {
        let mut model = class("leader-dies");
        say(&mut model, [LessonMsg::Next, LessonMsg::Next]);
        let (event, digest) = (model.session.event(), model.session.history().digest());
        say(&mut model, [LessonMsg::Answer(0)]);
        model.session.step_notable();
        let later = reloaded(&model);
        assert_eq!((later.session.event(), later.session.history().digest()), (event, digest));
        assert_eq!(step(&later), (2, false, false));
    }

    #[test]
    fn going_back_a_step_plays_the_run_to_its_beginning() {
        let mut model = class("leader-dies");
        say(&mut model, [LessonMsg::Next]);
        let (event, digest) = (model.session.event(), model.session.history().digest());
        say(&mut model, [LessonMsg::Run, LessonMsg::Skip, LessonMsg::Next, LessonMsg::Previous]);
        assert_eq!((model.session.event(), model.session.history().digest()), (event, digest));
    }

    #[test]
    fn every_step_of_every_lesson_can_be_done() {
        for chapter in CHAPTERS {
            let mut model = class(chapter.name);
            loop {
                say(&mut model, [LessonMsg::Answer(0), LessonMsg::Run, LessonMsg::Skip]);
                if !step(&model).2 {
                    say(&mut model, [LessonMsg::Solve, LessonMsg::Skip]);
                }
                assert!(step(&model).2, "{} step {}", chapter.name, step(&model).0);
                if !model.class.as_ref().is_some_and(Class::has_next) {
                    break;
                }
                say(&mut model, [LessonMsg::Next]);
            }
        }
    }
}
