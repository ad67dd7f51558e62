//! The layout of a case file: header, commands, `----`, and what they must print.
//!
//! A block is one or more commands, a line `----`, and the expected output up to a blank line. In a file about a
//! cluster the first `----` closes the genesis, and commands that print nothing need no block of their own.

use super::{MOST_TEXT, ScenarioError, uncomment};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The line between commands and their output.
pub(super) const RULE: &str = "----";
/// The component that a file is about when it names none.
pub(super) const CLUSTER: &str = "cluster";

/// A case file taken apart. Line numbers count from 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Case<'a> {
    /// What it shows, in words.
    pub(super) title: &'a str,
    /// Which component it drives.
    pub(super) component: &'a str,
    /// The line that names the component; 0 when none does.
    pub(super) component_line: u32,
    /// The genesis lines of a cluster.
    pub(super) genesis: Vec<(u32, &'a str)>,
    pub(super) blocks: Vec<Block<'a>>,
}

/// Commands and what they must print.
#[derive(Clone, Debug, Default)]
pub(super) struct Block<'a> {
    /// Line number and text of each command.
    pub(super) commands: Vec<(u32, String)>,
    /// The line of `----`, if there is one.
    pub(super) rule: Option<u32>,
    /// The lines after it.
    pub(super) output: Vec<&'a str>,
}

/// The header entries that a line may be: `scenario: title`, `component: name`.
pub(super) fn header(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    matches!(key, "scenario" | "component").then(|| (key, value.trim()))
}

fn error(line: u32, message: impl Into<String>) -> ScenarioError {
    ScenarioError { line, message: message.into() }
}

impl<'a> Case<'a> {
    /// Takes a text apart.
    pub(super) fn parse(text: &'a str) -> Result<Case<'a>, ScenarioError> {
        if text.len() > MOST_TEXT as usize {
            return Err(error(0, format!("the text has {} bytes; at most {MOST_TEXT} are read", text.len())));
        }
        let mut case = Case { component: CLUSTER, ..Case::default() };
        let mut lines = text.lines().zip(1u32..).peekable();
        while let Some((line, number)) = lines.peek().copied() {
            let bare = uncomment(line);
            match header(bare) {
                Some(("scenario", title)) => case.title = title,
                Some((_, name)) => (case.component, case.component_line) = (name, number),
                None if bare.is_empty() => {}
                None => break,
            }
            lines.next();
        }
        if case.component == CLUSTER {
            for (line, number) in lines.by_ref() {
                match uncomment(line) {
                    RULE => break,
                    "" => {}
                    bare => case.genesis.push((number, bare)),
                }
            }
        }
        let mut block = Block::default();
        for (line, number) in lines {
            case.take(line, number, &mut block)?;
        }
        case.close(&mut block)?;
        if case.blocks.is_empty() && case.component != CLUSTER {
            return Err(error(0, "there is no command here: write one, then a line '----', then its output"));
        }
        Ok(case)
    }

    fn take(&mut self, line: &'a str, number: u32, block: &mut Block<'a>) -> Result<(), ScenarioError> {
        if line.trim().is_empty() {
            return self.close(block);
        }
        if block.rule.is_some() {
            block.output.push(line.trim_end());
            return Ok(());
        }
        let is_cluster = self.component == CLUSTER;
        let bare = if is_cluster { uncomment(line) } else { uncomment_words(line) };
        if bare == RULE {
            if block.commands.is_empty() {
                return Err(error(number, "no command stands before this '----'"));
            }
            block.rule = Some(number);
        } else if !bare.is_empty() {
            match block.commands.last_mut() {
                Some((_, command)) if !is_cluster && line.starts_with(char::is_whitespace) => {
                    command.push(' ');
                    command.push_str(bare);
                }
                _ => block.commands.push((number, bare.to_string())),
            }
        }
        Ok(())
    }

    fn close(&mut self, block: &mut Block<'a>) -> Result<(), ScenarioError> {
        let done = core::mem::take(block);
        let Some((first, _)) = done.commands.first() else { return Ok(()) };
        if done.rule.is_none() && (self.component != CLUSTER || done.prints()) {
            return Err(error(
                *first,
                "a line '----' is missing after this command; below it, what the command prints, or 'ok'",
            ));
        }
        self.blocks.push(done);
        Ok(())
    }
}

impl Block<'_> {
    /// Whether a cluster prints something for it.
    fn prints(&self) -> bool {
        self.commands.iter().any(|(_, command)| command.starts_with("show"))
    }
}

/// A line without its comment: from a `#` that begins a word on, outside quotes.
fn uncomment_words(line: &str) -> &str {
    let (mut quoted, mut before) = (false, ' ');
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted && before.is_whitespace() => return line[..at].trim(),
            _ => {}
        }
        before = c;
    }
    line.trim()
}
