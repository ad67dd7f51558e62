//! Checks a case file: runs its commands, and compares what they print with what the file says.
//!
//! Keeps: the result depends on the text alone; whatever the text says, checking ends, within bounds on its
//! size, on events, and on what is printed.

use super::ScenarioError;
use super::case::{CLUSTER, Case};
use super::command::Command;
use super::parts::{COMPONENTS, Part, cluster::Cluster, find};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What stands for no output, so that a block never looks forgotten.
const NOTHING: &str = "ok";
/// The most that one block may print, in bytes.
const MOST_OUTPUT: u32 = 200_000;
/// The most commands that one file may have.
const MOST_COMMANDS: usize = 5000;
/// Unchanged lines around a difference.
const CONTEXT: usize = 3;

/// What a case file came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the file shows, in its own words.
    pub title: String,
    /// Which component it drives.
    pub component: String,
    /// Each `----` of the file, in order.
    pub blocks: Vec<Checked>,
}

/// One block: what it should print and what it printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Number of the line `----`, from 1.
    pub rule: u32,
    /// What the file says.
    pub expected: Vec<String>,
    /// What was printed.
    pub actual: Vec<String>,
}

/// Runs a case file. The error names a line that makes no sense, or an expectation of a cluster that is not met.
pub fn check(text: &str) -> Result<Report, ScenarioError> {
    let case = Case::parse(text)?;
    if let Some((line, _)) = case.blocks.iter().flat_map(|block| &block.commands).nth(MOST_COMMANDS) {
        let message = format!("more than {MOST_COMMANDS} commands: write another file");
        return Err(ScenarioError { line: *line, message });
    }
    let mut part = open(&case)?;
    let mut report =
        Report { title: case.title.to_string(), component: case.component.to_string(), blocks: Vec::new() };
    for block in &case.blocks {
        let mut printed = String::new();
        for (line, text) in &block.commands {
            let said = run(case.component, part.as_mut(), *line, text)
                .map_err(|message| ScenarioError { line: *line, message })?;
            printed.push_str(&said);
            printed.push('\n');
            if printed.len() > MOST_OUTPUT as usize {
                let message = format!("this prints more than {MOST_OUTPUT} bytes");
                return Err(ScenarioError { line: *line, message });
            }
        }
        if let Some(rule) = block.rule {
            let expected = block.output.iter().map(|line| (*line).to_string()).collect();
            report.blocks.push(Checked { rule, expected, actual: lines_of(&printed) });
        }
    }
    Ok(report)
}

fn open(case: &Case<'_>) -> Result<Box<dyn Part>, ScenarioError> {
    if case.component == CLUSTER {
        return Ok(Box::new(Cluster::new(&case.genesis)?));
    }
    let component = find(case.component).ok_or_else(|| {
        let known: Vec<&str> = COMPONENTS.iter().map(|component| component.name).collect();
        let message =
            format!("'{}' is no component: write one of {CLUSTER}, {}", case.component, known.join(", "));
        ScenarioError { line: case.component_line, message }
    })?;
    Ok((component.new)())
}

fn run(component: &str, part: &mut dyn Part, line: u32, text: &str) -> Result<String, String> {
    let Some(component) = find(component) else {
        return part.run(&Command::verbatim(line, text));
    };
    let command = Command::parse(line, text)?;
    command.fits(component.verbs)?;
    part.run(&command)
}

fn lines_of(printed: &str) -> Vec<String> {
    let lines = printed.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(ToString::to_string).collect();
    if lines.is_empty() { alloc::vec![NOTHING.to_string()] } else { lines }
}

impl Report {
    /// Whether everything was printed as the file says.
    pub fn passed(&self) -> bool {
        self.blocks.iter().all(|block| block.expected == block.actual)
    }

    /// The text with what was really printed in place of what it expected.
    pub fn blessed(&self, text: &str) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        for block in self.blocks.iter().rev() {
            let first = block.rule as usize;
            let last = (first + block.expected.len()).min(lines.len());
            lines.splice(first..last, block.actual.iter().map(String::as_str));
        }
        let mut blessed = lines.join("\n");
        blessed.push('\n');
        blessed
    }

    /// What differs, as a unified diff whose lines carry their numbers in the file; empty when nothing does.
    pub fn diff(&self, text: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let mut out = String::new();
        for block in self.blocks.iter().filter(|block| block.expected != block.actual) {
            hunk(&lines, block, &mut out);
        }
        out
    }
}

fn hunk(lines: &[&str], block: &Checked, out: &mut String) {
    let first = block.rule as usize;
    let from = first.saturating_sub(CONTEXT);
    let last = (first + block.expected.len()).min(lines.len());
    out.push_str(&format!("@@ line {} @@\n", first + 1));
    for (number, line) in lines.iter().enumerate().take(first).skip(from) {
        out.push_str(&format!("{:>5}   {line}\n", number + 1));
    }
    let mut number = first;
    for (sign, line) in changes(&block.expected, &block.actual) {
        match sign {
            '+' => out.push_str(&format!("{:>5} + {line}\n", "")),
            _ => {
                number += 1;
                out.push_str(&format!("{number:>5} {sign} {line}\n"));
            }
        }
    }
    for (number, line) in lines.iter().enumerate().skip(last).take(CONTEXT) {
        out.push_str(&format!("{:>5}   {line}\n", number + 1));
    }
}

/// The longest table that is compared line by line; beyond it everything is shown as replaced.
const MOST_COMPARED: usize = 1_000_000;

/// Both texts as one list: ` ` in both, `-` only expected, `+` only printed (longest common subsequence).
fn changes<'a>(expected: &'a [String], actual: &'a [String]) -> Vec<(char, &'a str)> {
    let (rows, columns) = (expected.len(), actual.len());
    let mut found = Vec::with_capacity(rows + columns);
    if rows.saturating_mul(columns) > MOST_COMPARED {
        found.extend(expected.iter().map(|line| ('-', line.as_str())));
        found.extend(actual.iter().map(|line| ('+', line.as_str())));
        return found;
    }
    let width = columns + 1;
    let mut common = alloc::vec![0u32; (rows + 1) * width];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row * width + column] = if expected[row] == actual[column] {
                common[(row + 1) * width + column + 1] + 1
            } else {
                common[(row + 1) * width + column].max(common[row * width + column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    while row < rows || column < columns {
        if row < rows && column < columns && expected[row] == actual[column] {
            found.push((' ', expected[row].as_str()));
            (row, column) = (row + 1, column + 1);
        } else if row < rows
            && (column == columns || common[(row + 1) * width + column] >= common[row * width + column + 1])
        {
            found.push(('-', expected[row].as_str()));
            row += 1;
        } else {
            found.push(('+', actual[column].as_str()));
            column += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "\
# LeaderEpochFileCacheTest
scenario: epochs
component: epoch-cache

assign 2@10 4@15   # two at once
  10@20
show
----
[2@10, 4@15]

# kept
truncate-from-end 18
----
ok
";

    fn error(text: &str) -> (u32, String) {
        let error = check(text).expect_err("is refused");
        (error.line, error.message)
    }

    #[test]
    fn what_differs_is_shown_with_the_numbers_of_the_file() {
        let report = check(CASE).expect("runs");
        assert!(!report.passed());
        assert_eq!((report.title.as_str(), report.component.as_str()), ("epochs", "epoch-cache"));
        let wanted = "\
@@ line 9 @@
    6     10@20
    7   show
    8   ----
    9 - [2@10, 4@15]
      + [2@10, 4@15, 10@20]
   10   
   11   # kept
   12   truncate-from-end 18
";
        assert_eq!(report.diff(CASE), wanted);
    }

    #[test]
    fn blessing_replaces_the_output_and_keeps_everything_else() {
        let blessed = check(CASE).expect("runs").blessed(CASE);
        assert_eq!(blessed, CASE.replace("[2@10, 4@15]", "[2@10, 4@15, 10@20]"));
        let again = check(&blessed).expect("runs");
        assert!(again.passed() && again.diff(&blessed).is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_named_with_its_line() {
        let (line, message) = error("component: toaster\nheat\n----\n");
        assert_eq!(line, 1);
        assert!(message.starts_with("'toaster' is no component: write one of cluster, epoch-cache"));
        let (line, message) = error("component: epoch-cache\n\nshow\n\nshow\n----\n[]\n");
        assert_eq!(line, 3);
        assert!(message.starts_with("a line '----' is missing after this command"));
        assert_eq!(error("component: epoch-cache\n----\n").1, "no command stands before this '----'");
        assert_eq!(error("component: epoch-cache\n").0, 0);
        assert_eq!(error("component: epoch-cache\nassign 2\n----\n").1, "'2': write EPOCH@START, like 2@10");
        assert!(error("component: epoch-cache\nboil\n----\n").1.contains("is no command here"));
    }

    #[test]
    fn a_difference_keeps_the_lines_that_are_common() {
        let text = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (expected, actual) = (text(&["a", "b", "c"]), text(&["b", "x", "c", "d"]));
        let found = changes(&expected, &actual);
        assert_eq!(found, [('-', "a"), (' ', "b"), ('+', "x"), (' ', "c"), ('+', "d")]);
    }
}
