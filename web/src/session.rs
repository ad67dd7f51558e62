//! The run that the page shows: the only part of the page that drives the core's history.
//!
//! Keeps the picture of the cursor, the names of topics and the index of the timeline in step with the history.
//! Invariant: after every public call the picture is that of the cursor.

use crate::conditions;
use crate::marks::Marks;
use crate::player::Outlook;
use crate::view::props::Same;
use kraftscope_core::compare::Nowhere;
use kraftscope_core::compare::target::here;
use kraftscope_core::explain;
use kraftscope_core::history::{BranchInfo, History, Intervention, NoteLog, StepLog};
use kraftscope_core::id::{NodeId, StepId};
use kraftscope_core::note::{Lane, Note};
use kraftscope_core::scenario::words::Names;
use kraftscope_core::scenario::{self, Condition, MOST_EVENTS};
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::adapt::administrator;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::ClusterView;
use kraftscope_tutorials::Lesson;
use std::rc::Rc;

/// Events that one press of a button may compute at most.
pub const PATIENCE: u64 = 20_000;
/// Notes that are looked at when the latest of a kind is wanted.
const BACK: usize = 3000;
/// Log cells of each replica that the picture shows.
const CELLS: u32 = 12;
/// A run stops growing here, so that a page that plays for days does not fill the memory.
pub const LONGEST: u64 = 2_000_000;

/// What an action led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The branch that keeps the old future, when the action was in the past.
    pub kept: Option<u32>,
}

/// A run and a cursor in it.
#[derive(Debug)]
pub struct Session {
    history: History,
    view: Same<ClusterView>,
    names: Rc<Names>,
    marks: Marks,
    /// What one wish made: event of its last intervention, and how many there were.
    wishes: Vec<(StepId, u32)>,
    /// Rises whenever the past is another one than before.
    past: u64,
}

impl Session {
    /// A run of this cluster, nothing done yet. The error is a sentence.
    pub fn new(genesis: Genesis) -> Result<Session, String> {
        History::new(genesis).map(Session::of).map_err(|error| error.to_string())
    }

    /// The same, and what runs are compared by is counted in it.
    pub fn measured(genesis: Genesis) -> Result<Session, String> {
        History::measured(genesis).map(Session::of).map_err(|error| error.to_string())
    }

    /// The run that this text describes. The error is a sentence.
    pub fn load(text: &str) -> Result<Session, String> {
        History::from_text(text).map(Session::of).map_err(|error| error.to_string())
    }

    /// The cluster on which the page opens, at the moment from which it runs by itself.
    pub fn opening(genesis: Genesis) -> Result<Session, String> {
        let mut session = Session::new(genesis)?;
        session.until("ready", PATIENCE)?;
        if session.genesis().producers.iter().any(|producer| producer.interval != Span::ZERO) {
            session.until("acked >= 12", PATIENCE)?;
        }
        Ok(session)
    }

    /// This run.
    pub fn of(history: History) -> Session {
        let mut session = Session {
            view: Same::new(history.sim().view(CELLS)),
            names: Rc::new(history.names()),
            history,
            marks: Marks::default(),
            wishes: Vec::new(),
            past: 0,
        };
        session.marks.extend(&session.history);
        session
    }

    /// The run as a text: genesis, interventions, cursor.
    pub fn text(&self) -> String {
        self.history.to_text()
    }

    /// Brings what is derived into step with the cursor.
    fn settle(&mut self) {
        if self.view.event != self.history.event() {
            self.refresh();
        }
    }

    fn refresh(&mut self) {
        self.view = Same::new(self.history.sim().view(CELLS));
        let names = self.history.names();
        if *self.names != names {
            self.names = Rc::new(names);
        }
        self.marks.extend(&self.history);
    }

    /// The picture at the cursor.
    pub fn view(&self) -> Same<ClusterView> {
        self.view.clone()
    }

    /// Topic names.
    pub fn names(&self) -> Rc<Names> {
        Rc::clone(&self.names)
    }

    /// What the timeline shows.
    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The history, to read.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// A number that differs whenever the past is another one than before.
    pub const fn past(&self) -> u64 {
        self.past
    }

    /// The same plan on another genesis: the same interventions at the same times, up to the time of the cursor.
    /// In another mode an action is what it means there. Returns with it those that were impossible there, and why.
    pub fn again(&self, genesis: Genesis) -> Result<(Session, Vec<(Action, Nowhere)>), String> {
        let mut session = Session::new(genesis)?;
        let other_mode = session.genesis().mode != self.genesis().mode;
        let mut impossible = Vec::new();
        for done in self.interventions() {
            session.history.seek_time(done.time, MOST_EVENTS);
            let world = session.history.sim().world();
            let meant = if other_mode { here(done.action, world) } else { Ok(done.action) };
            let at = done.time.max(session.now());
            let acted = meant.and_then(|action| {
                let done = session.history.act(at, action);
                done.map(drop).map_err(|refused| Nowhere::NotNow(refused.to_string()))
            });
            if let Err(why) = acted {
                impossible.push((done.action, why));
            }
        }
        session.history.seek_time(self.now(), MOST_EVENTS);
        session.rebuild();
        Ok((session, impossible))
    }

    /// How it began.
    pub fn genesis(&self) -> &Genesis {
        self.history.genesis()
    }

    /// Events applied up to the cursor.
    pub const fn event(&self) -> StepId {
        self.history.event()
    }

    /// The furthest event that was ever computed.
    pub const fn end(&self) -> StepId {
        self.history.end()
    }

    /// Time of the last event.
    pub fn now(&self) -> Time {
        self.history.now()
    }

    /// Time of the furthest event.
    pub fn end_time(&self) -> Time {
        self.history.step_log(self.end()).map_or(Time::ZERO, |step| step.time)
    }

    /// When the next event happens.
    pub fn next_due(&self) -> Option<Time> {
        if self.event().0 >= LONGEST { None } else { self.history.next_due() }
    }

    /// What lies ahead, for the clock. Without `air` the flights are left out; with it they are those of the last
    /// picture, which within one frame is near enough.
    pub fn outlook(&self, air: bool) -> Outlook {
        let mut outlook = Outlook { now: self.now(), next: self.next_due(), flight: None, routine: None };
        if air {
            for flight in self.view.flights.iter().filter(|flight| !flight.blocked) {
                let span = flight.deliver_at.since(flight.sent_at);
                let shortest = if flight.routine { &mut outlook.routine } else { &mut outlook.flight };
                *shortest = Some(shortest.map_or(span, |known| known.min(span)));
            }
        }
        outlook
    }

    /// Forward by one event without bringing the picture along; call [`Session::arrive`] afterwards.
    pub fn roll(&mut self) -> bool {
        self.next_due().is_some() && self.history.step().is_some()
    }

    /// Brings the picture along after [`Session::roll`].
    pub fn arrive(&mut self) {
        self.settle();
    }

    /// Forward by one event.
    pub fn step(&mut self) -> bool {
        let stepped = self.roll();
        self.settle();
        stepped
    }

    /// Forward to the next event for which `stop` holds. Returns whether there is one near enough.
    fn step_until(&mut self, stop: impl Fn(&Session) -> bool) -> bool {
        for _ in 0..PATIENCE {
            if !self.roll() {
                break;
            }
            if stop(self) {
                self.settle();
                return true;
            }
        }
        self.settle();
        false
    }

    /// Forward to the next message that arrives.
    pub fn step_message(&mut self) -> bool {
        self.step_until(|session| session.log().is_some_and(|log| log.delivered.is_some()))
    }

    /// Forward to the next notable note.
    pub fn step_notable(&mut self) -> bool {
        self.step_until(|session| session.history.notes_of(session.event()).any(explain::is_notable))
    }

    /// Back by one event.
    pub fn back(&mut self) -> bool {
        let moved = self.history.back();
        self.settle();
        moved
    }

    /// Back to the latest event before the cursor that has a notable note; to the start when there is none.
    pub fn back_notable(&mut self) {
        let before = self.history.first_note(self.event());
        let event = self
            .history
            .notes(0..before)
            .rev()
            .find(|log| explain::is_notable(&log.note))
            .map_or(StepId(0), |log| log.event);
        self.seek(event);
    }

    /// Moves the cursor to this event, but computes at most [`MOST_EVENTS`] new ones.
    pub fn seek(&mut self, event: StepId) {
        let most = StepId(self.end().0.saturating_add(MOST_EVENTS).min(LONGEST));
        self.history.seek(event.min(most));
        self.settle();
    }

    /// Moves the cursor behind the last event that is not after `time`.
    pub fn seek_time(&mut self, time: Time) {
        self.history.seek_time(time, MOST_EVENTS);
        self.settle();
    }

    /// Steps forward until the condition holds. The error says what is wrong with the condition.
    pub fn until(&mut self, condition: &str, limit: u64) -> Result<bool, String> {
        let condition = self.condition(condition)?;
        let found = self.history.until(&condition, limit);
        self.settle();
        Ok(found)
    }

    /// Reads a condition, or the name of one that is often waited for.
    pub fn condition(&self, text: &str) -> Result<Condition, String> {
        let text = text.trim();
        let known = conditions::of(self.genesis().mode).into_iter().find(|(name, _)| *name == text);
        Condition::parse(known.map_or(text, |(_, condition)| condition), &self.names)
    }

    /// Whether a condition holds now; `false` when it makes no sense.
    pub fn holds(&self, condition: &str) -> bool {
        self.condition(condition).is_ok_and(|condition| self.history.holds(&condition))
    }

    /// Interferes at the cursor, at `at`. The error is a sentence; what was done before it stays done.
    pub fn act(&mut self, at: Time, actions: &[Action]) -> Result<Done, String> {
        let mut done = Done { kept: None };
        let mut count = 0;
        for &action in actions {
            let latest = self.next_due().unwrap_or(at);
            let at = at.max(self.now()).min(latest.max(self.now()));
            match self.history.act(at, action) {
                Ok(acted) => {
                    count += 1;
                    done.kept = done.kept.or(acted.kept);
                    let notes = self.history.first_note(acted.event);
                    self.marks.truncate(StepId(acted.event.0.saturating_sub(1)), notes);
                }
                Err(refusal) if count == 0 => return Err(refusal.to_string()),
                // The second half of a pair that was half done already, such as a link cut in one direction.
                Err(_) => {}
            }
        }
        self.wishes.push((self.event(), count));
        self.past += 1;
        self.refresh();
        Ok(done)
    }

    /// Reads actions from a line of scenario text.
    pub fn read(&self, line: &str) -> Result<Vec<Action>, String> {
        let controller = administrator(self.history.sim().world()).unwrap_or(NodeId::controller(1));
        scenario::actions::parse(line.trim(), &self.names, controller)
    }

    /// An action as a line of scenario text.
    pub fn line(&self, action: &Action) -> String {
        scenario::actions::show(action, &self.names)
    }

    /// Carries out lines of a script. The error names the line.
    pub fn play(&mut self, lines: &[String]) -> Result<(), String> {
        let played = Lesson::play(&mut self.history, lines);
        self.rebuild();
        played
    }

    /// Takes back the last wish before the cursor and goes there. Returns whether there was one.
    pub fn undo(&mut self) -> bool {
        let cursor = self.event();
        let last = self.interventions().iter().rev().find(|done| done.event <= cursor).map(|done| done.event);
        let wish = last.and_then(|last| self.wishes.iter().rev().find(|(event, _)| *event == last).copied());
        let count = wish.map_or(1, |(_, count)| count);
        let mut undone = false;
        for _ in 0..count {
            undone |= self.history.undo();
        }
        self.wishes.retain(|(event, _)| Some(*event) != last);
        self.marks.truncate(self.event(), self.history.note_count());
        self.past += 1;
        self.refresh();
        undone
    }

    /// Where somebody interfered.
    pub fn interventions(&self) -> &[Intervention] {
        self.history.interventions()
    }

    /// Takes back one intervention. Returns how many later ones became impossible.
    pub fn remove(&mut self, number: u32) -> u32 {
        let impossible = self.history.remove(number);
        self.rebuild();
        impossible
    }

    /// Moves one intervention to another time. Returns how many became impossible.
    pub fn move_to(&mut self, number: u32, time: Time) -> u32 {
        let impossible = self.history.move_to(number, time);
        self.rebuild();
        impossible
    }

    fn rebuild(&mut self) {
        self.marks = Marks::default();
        self.past += 1;
        self.refresh();
    }

    /// All courses of events.
    pub fn branches(&self) -> Vec<BranchInfo> {
        self.history.branches()
    }

    /// Shows another course of events, at its end.
    pub fn switch(&mut self, number: u32) -> bool {
        let switched = self.history.switch(number);
        self.rebuild();
        switched
    }

    /// What is remembered of the event at the cursor.
    pub fn log(&self) -> Option<&StepLog> {
        self.history.step_log(self.event())
    }

    /// The note that says most about the event at the cursor: a notable one before any other.
    pub fn moment(&self) -> Option<(Option<NodeId>, Note)> {
        let node = self.log().and_then(|log| log.node);
        let notes = || self.history.notes_of(self.event());
        // The first of those that tell most.
        let best = notes().map(weight).max()?;
        notes().find(|note| weight(note) == best).map(|note| (node, *note))
    }

    /// The latest notable note at or before the cursor: of its event, the one that tells most.
    pub fn latest_notable(&self) -> Option<(StepId, Option<NodeId>, Note)> {
        let until = self.history.first_note(self.event().next());
        let log = self.history.notes(0..until).rev().take(BACK).find(|log| explain::is_notable(&log.note))?;
        let (event, node) = (log.event, log.node);
        let notes = || self.history.notes_of(event);
        let best = notes().map(weight).max()?;
        notes().find(|note| weight(note) == best).map(|note| (event, node, *note))
    }

    /// The notes with numbers in this range.
    pub fn notes(&self, range: std::ops::Range<u64>) -> impl DoubleEndedIterator<Item = &NoteLog> + '_ {
        self.history.notes(range)
    }

    /// Whether an event changed who leads, who is in sync, or what is broken.
    pub fn is_news(&self) -> bool {
        self.history.notes_of(self.event()).any(|note| {
            explain::is_notable(note)
                && explain::lane(note)
                    .is_some_and(|lane| matches!(lane, Lane::Elections | Lane::Isr | Lane::Faults))
        })
    }
}

/// How much a note tells, when one event has several: a broken promise more than what broke it.
pub fn weight(note: &Note) -> (bool, u8) {
    if matches!(note, Note::InvariantBroken { .. }) {
        return (true, 6);
    }
    let lane = match explain::lane(note) {
        Some(Lane::Faults) => 5,
        Some(Lane::Elections) => 4,
        Some(Lane::Isr) => 3,
        Some(Lane::Commits) => 2,
        Some(Lane::Clients) => 1,
        None => 0,
    };
    (explain::is_notable(note), lane)
}
