//! Plays script lines on a history, and prints a history as a script.

use crate::compare::target;
use crate::history::History;
use crate::id::{NodeId, StepId};
use crate::scenario::{Line, Scenario, ScenarioError, actions, condition, print_genesis, words};
use alloc::format;
use alloc::string::{String, ToString};

/// The most events that one line, or one text, may compute: a broken or hostile text cannot hang the page.
pub const MOST_EVENTS: u64 = 300_000;

impl History {
    /// Reads a text and plays it. The cursor stands where the script ends.
    pub fn from_text(text: &str) -> Result<History, ScenarioError> {
        let scenario = Scenario::parse(text)?;
        let mut history =
            History::new(scenario.genesis).map_err(|error| ScenarioError { line: 0, message: error.0 })?;
        for (line, what) in &scenario.lines {
            play_line(&mut history, what).map_err(|message| ScenarioError { line: *line, message })?;
        }
        Ok(history)
    }

    /// The run as a text that [`History::from_text`] reads: every intervention, and the cursor.
    pub fn to_text(&self) -> String {
        print(self)
    }
}

/// Carries out one line at the cursor. The error says what went otherwise than the line wants.
pub fn play_line(history: &mut History, line: &Line) -> Result<(), String> {
    let left = MOST_EVENTS.saturating_sub(history.end().0);
    match line {
        Line::Run(span) => {
            let until = history.now() + *span;
            history.seek_time(until, left).then_some(()).ok_or_else(too_far)
        }
        Line::Step(events) => reach(history, StepId(history.event().0.saturating_add(*events))),
        Line::Seek(event) => reach(history, *event),
        Line::Until(condition, text) => {
            if history.holds(condition) || history.until(condition, left) {
                return Ok(());
            }
            Err(format!("'{text}' did not come true within {MOST_EVENTS} events"))
        }
        Line::Expect(condition, text) => {
            history.holds(condition).then_some(()).ok_or_else(|| format!("'{text}' does not hold"))
        }
        Line::Show => Ok(()),
        Line::Act(text) => {
            let controller = history.sim().world().active_controller().unwrap_or(NodeId::controller(1));
            let texts = target::resolve(&addressed(history, text)?, history.sim(), &history.names());
            for text in texts.map_err(|nobody| nobody.to_string())? {
                for action in actions::parse(&text, &history.names(), controller)? {
                    let now = history.now();
                    history.act(now, action).map_err(|refusal| format!("'{text}': {refusal}"))?;
                }
            }
            Ok(())
        }
        Line::At(event, time, text) => {
            reach(history, StepId(event.0.saturating_sub(1)))?;
            for action in actions::parse(text, &history.names(), NodeId::controller(1))? {
                history.act(*time, action).map_err(|refusal| format!("'{text}': {refusal}"))?;
            }
            Ok(())
        }
    }
}

/// `delete-records` goes to whoever leads the partition.
fn addressed(history: &History, text: &str) -> Result<String, String> {
    let Some(rest) = text.strip_prefix("delete-records ") else { return Ok(String::from(text)) };
    let partition = history.names().partition(rest.split_whitespace().next().unwrap_or_default())?;
    let leader = condition::leader_of(history.sim(), partition)
        .and_then(|(leader, _)| leader)
        .ok_or_else(|| format!("'{text}': the partition has no leader"))?;
    Ok(format!("call {leader} {text}"))
}

fn reach(history: &mut History, event: StepId) -> Result<(), String> {
    if event.0 > MOST_EVENTS {
        return Err(too_far());
    }
    history.seek(event);
    if history.event() == event {
        Ok(())
    } else {
        Err(format!("nothing happens any more before event {event}"))
    }
}

fn too_far() -> String {
    format!("this would need more than {MOST_EVENTS} events: use a shorter time")
}

/// The run as a text.
pub fn print(history: &History) -> String {
    let mut text = print_genesis(history.genesis());
    let names = history.names();
    text.push_str("----\n");
    for done in history.interventions() {
        let time = words::show_span(crate::time::Span(done.time.0));
        text.push_str(&format!("@{} {time} {}\n", done.event, actions::show(&done.action, &names)));
    }
    text.push_str(&format!("seek {}\n", history.event()));
    text
}
