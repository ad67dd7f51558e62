//! The script of a comparison: a cluster, and what is done to it when.

use crate::session::Session;
use kraftscope_core::scenario::words::show_span;
use kraftscope_core::scenario::{Line, Scenario};
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::{Span, Time};

/// The scripts that stand in the documentation, by name.
pub const SCRIPTS: &[(&str, &str)] = &[
    ("leader-crash", include_str!("../../../../docs/compare/leader-crash.txt")),
    ("controller-crash", include_str!("../../../../docs/compare/controller-crash.txt")),
    ("both-crash", include_str!("../../../../docs/compare/both-crash.txt")),
    ("follower-slow", include_str!("../../../../docs/compare/follower-slow.txt")),
    ("majority-lost", include_str!("../../../../docs/compare/majority-lost.txt")),
    ("metadata-majority-lost", include_str!("../../../../docs/compare/metadata-majority-lost.txt")),
    ("kip-101", include_str!("../../../../docs/compare/kip-101.txt")),
];

/// Partitions of a topic that a pane can show.
const SHOWN: u16 = 3;
/// The shortest time between two records of a producer that a person can follow.
const READABLE: Span = Span::millis(400);
/// How long before its first action a script is shown.
const LEAD: Span = Span::millis(300);
/// How long after the last action the end of a run is, when nobody says.
const AFTER: Span = Span::secs(30);

/// A step of a script. The moments are known once it was played.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When it is its turn.
    pub at: Time,
    /// When it is over.
    pub then: Time,
    /// How long after the step before.
    pub after: Span,
    /// What it says: an action, or `until …`.
    pub line: String,
}

/// A cluster and what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// How it begins.
    pub base: Genesis,
    /// What is done.
    pub steps: Vec<Step>,
    /// How long it goes on after the last step.
    pub rest: Span,
    /// Where a person begins to look.
    pub start: Time,
}

/// The text of that name.
pub(super) fn find(name: &str) -> Option<&'static str> {
    SCRIPTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

impl Script {
    /// The run that is shown, as far as its cursor: its cluster and what was done to it.
    pub fn of_run(session: &Session) -> Script {
        let mut before = Time::ZERO;
        let mut steps = Vec::new();
        for done in session.interventions().iter().filter(|done| done.time <= session.now()) {
            let in_one_run = matches!(
                done.action,
                Action::Deliver(_) | Action::Drop(_) | Action::Duplicate(_) | Action::Delay(..)
            );
            if !in_one_run {
                let after = done.time.since(before);
                before = done.time;
                steps.push(Step { at: done.time, then: done.time, after, line: session.line(&done.action) });
            }
        }
        let start = session.now();
        Script { base: session.genesis().clone(), steps, rest: AFTER, start }
    }

    /// The script of a text. What a pane cannot show is made smaller: partitions, and records in a second.
    pub fn of_text(text: &str) -> Result<Script, String> {
        let scenario = Scenario::parse(text).map_err(|error| error.to_string())?;
        let mut base = scenario.genesis;
        base.checks = true;
        for topic in &mut base.topics {
            topic.partitions = topic.partitions.min(SHOWN);
        }
        for producer in base.producers.iter_mut().filter(|producer| producer.interval != Span::ZERO) {
            producer.interval = producer.interval.max(READABLE);
        }
        let mut steps = Vec::new();
        let mut after = Span::ZERO;
        for (_, line) in scenario.lines {
            let line = match line {
                Line::Run(span) => {
                    after = after + span;
                    continue;
                }
                Line::Until(_, text) => format!("until {text}"),
                Line::Act(text) => text,
                Line::At(..) | Line::Step(_) | Line::Expect(..) | Line::Seek(_) | Line::Show => continue,
            };
            steps.push(Step { at: Time::ZERO, then: Time::ZERO, after, line });
            after = Span::ZERO;
        }
        Ok(Script { base, steps, rest: after, start: Time::ZERO })
    }

    /// Notes when each step was, after it was played: from the moment on that they begin to end.
    pub(super) fn settle(&mut self) {
        let mut waits = self.steps.iter().skip_while(|step| step.line.starts_with("until ready"));
        self.start = match waits.next() {
            Some(first) => Time(first.at.0.saturating_sub(LEAD.0)),
            None => self.start.max(self.steps.last().map_or(Time::ZERO, |step| step.then)),
        };
    }

    /// Where the script ends.
    pub fn end(&self) -> Time {
        self.steps.last().map_or(Time::ZERO, |step| step.then) + self.rest
    }

    /// Something is done now: what came later does not come.
    pub(super) fn add(&mut self, at: Time, line: &str) {
        self.steps.retain(|step| step.at <= at);
        let before = self.steps.last().map_or(Time::ZERO, |step| step.then);
        self.steps.push(Step { at, then: at, after: at.since(before), line: line.to_owned() });
        self.rest = AFTER;
    }

    /// Takes back the last action that is not after `now`, and what follows it. Returns when it was.
    pub(super) fn remove_last(&mut self, now: Time) -> Option<Time> {
        let is_deed = |step: &Step| step.at <= now && !step.line.starts_with("until ");
        let place = self.steps.iter().rposition(is_deed)?;
        let at = self.steps[place].at;
        self.steps.truncate(place);
        self.rest = AFTER;
        Some(at)
    }

    /// The lines behind the genesis.
    pub(super) fn lines(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            if step.after != Span::ZERO {
                text.push_str(&format!("run {}\n", show_span(step.after)));
            }
            text.push_str(&step.line);
            text.push('\n');
        }
        text + &format!("run {}\n", show_span(self.rest))
    }
}
