//! The text form of a run: one language for lessons, share links, bug reports and files.
//!
//! Genesis lines, a line `----`, then script lines that are carried out one after the other:
//! `run 10s`, `step 5`, `until CONDITION`, `expect CONDITION`, any action, and the exact form
//! `@EVENT TIME ACTION` that a recorded run is written in. Errors carry the line's number.
//!
//! A case file is the same text with expectations: after script lines another `----`, then what they must print, up
//! to a blank line. Its header (`scenario: title`, `component: name`) may name a single part instead of a cluster;
//! [`check`] runs it. `core/tests/scenarios/README.md` is the reference.

pub mod actions;
mod case;
mod check;
pub mod command;
mod condition;
mod genesis;
pub mod parts;
mod plain;
mod play;
pub mod words;

pub use check::{Checked, Report, check};
pub use condition::{Compare, Condition, Count, leader_of, truth};
pub use genesis::{print_genesis, setting_line};
pub use play::{MOST_EVENTS, play_line, print};

use crate::compare::target;
use crate::id::{NodeId, StepId};
use crate::sim::genesis::Genesis;
use crate::time::{Span, Time};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};
use words::Names;

/// A line that makes no sense, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioError {
    /// Its number, from 1; 0 when the whole text is meant.
    pub line: u32,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            f.write_str(&self.message)
        } else {
            write!(f, "line {}: {}", self.line, self.message)
        }
    }
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// Lets this much virtual time pass.
    Run(Span),
    /// Lets this many events happen.
    Step(u64),
    /// Lets events happen until the condition holds.
    Until(Condition, String),
    /// Fails unless the condition holds.
    Expect(Condition, String),
    /// Moves the cursor to that event.
    Seek(StepId),
    /// Prints something when the text is checked as a case; nothing otherwise.
    Show,
    /// Interferes: text of an action, read when it is its turn, since topics may appear later.
    Act(String),
    /// Interferes at exactly that event and time.
    At(StepId, Time, String),
}

/// A genesis and a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// How it begins.
    pub genesis: Genesis,
    /// What is done, each with its line number.
    pub lines: Vec<(u32, Line)>,
}

/// The longest text that is read.
pub const MOST_TEXT: u32 = 1_000_000;

impl Scenario {
    /// Reads a whole text.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let case = case::Case::parse(text)?;
        if case.component != case::CLUSTER {
            let message = format!(
                "this is a case about a part of Kafka ('{}'), not about a cluster: 'kraftscope check' runs it",
                case.component
            );
            return Err(ScenarioError { line: case.component_line, message });
        }
        let genesis = genesis::parse(&case.genesis)?;
        let names = Names(genesis.all_topics().iter().map(|topic| topic.name).collect());
        let mut lines = Vec::new();
        for (number, line) in case.blocks.iter().flat_map(|block| &block.commands) {
            let read =
                Line::parse(line, &names).map_err(|message| ScenarioError { line: *number, message })?;
            lines.push((*number, read));
        }
        Ok(Scenario { genesis, lines })
    }
}

fn uncomment(line: &str) -> &str {
    line.split('#').next().unwrap_or("").trim()
}

impl Line {
    /// Reads one script line. Topics that are created later are not known here; actions and conditions that name
    /// them are read again when it is their turn.
    pub fn parse(line: &str, names: &Names) -> Result<Line, String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match verb {
            "run" => words::span(rest).map(Line::Run),
            "step" if rest.is_empty() => Ok(Line::Step(1)),
            "step" => words::number(rest).map(Line::Step),
            "seek" => words::number(rest).map(|event| Line::Seek(StepId(event))),
            "until" => {
                Condition::parse(rest, names).map(|condition| Line::Until(condition, rest.to_string()))
            }
            "expect" => {
                Condition::parse(rest, names).map(|condition| Line::Expect(condition, rest.to_string()))
            }
            "show" => Ok(Line::Show),
            _ if line.starts_with('@') => exact(line),
            _ => {
                actions::parse(&target::placeholder(line, names)?, names, NodeId::controller(1))?;
                Ok(Line::Act(line.to_string()))
            }
        }
    }
}

fn exact(line: &str) -> Result<Line, String> {
    let wrong = || format!("'{line}': write @EVENT TIME ACTION, like '@120 3.02s crash broker-1'");
    let (event, rest) = line.strip_prefix('@').and_then(|rest| rest.split_once(' ')).ok_or_else(wrong)?;
    let (time, action) = rest.trim().split_once(' ').ok_or_else(wrong)?;
    Ok(Line::At(StepId(words::number(event)?), words::time(time)?, action.trim().to_string()))
}
