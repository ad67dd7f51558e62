//! Reads a chapter.
//!
//! `# Title`, a summary, a fenced block `genesis`, then steps: `## Heading`, prose, and fenced blocks
//! `genesis` (the step begins on a new cluster: the same again with another release or setting),
//! `focus` (who is in the light), `predict` (a question, answers `- [x] answer :: explanation`), `scenario`
//! (script lines that move the run on; after the answer when there is a question), prose for afterwards,
//! and `goal` (a condition, a hint, and a solution).

use crate::prose::{self, Block, Run};
use kraftscope_core::history::History;
use kraftscope_core::scenario::{Condition, Line, Scenario, words::Names};
use std::fmt;

/// What is wrong in a chapter's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonError {
    /// Number of the line, from 1.
    pub line: u32,
    /// What is wrong and what to write.
    pub message: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A chapter in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its title.
    pub title: String,
    /// What it is about, in a sentence or two.
    pub summary: Vec<Block>,
    /// The cluster that it plays on, as scenario text.
    pub genesis: String,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// The cluster on which this step begins anew, as scenario text; empty: the step goes on where the last one ended.
    pub genesis: String,
    /// What is said before anything happens.
    pub before: Vec<Block>,
    /// Who is in the light: nodes and partitions, as in scenario text.
    pub focus: Vec<String>,
    /// A question to be answered before the script runs.
    pub predict: Option<Predict>,
    /// Script lines that move the run on.
    pub script: Vec<String>,
    /// What is said when the script has run.
    pub after: Vec<Block>,
    /// Something to reach by acting.
    pub goal: Option<Goal>,
}

/// A Predict card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predict {
    /// The question.
    pub question: Vec<Run>,
    /// The answers; exactly one is right.
    pub answers: Vec<Answer>,
}

/// One answer of a Predict card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub text: Vec<Run>,
    /// Whether it is right.
    pub right: bool,
    /// Why it is right, or what it misunderstands.
    pub explanation: Vec<Run>,
}

/// Something that the student reaches by acting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// What to do, in words.
    pub text: Vec<Run>,
    /// When it is reached, as scenario text.
    pub condition: String,
    /// Help for those who are stuck.
    pub hint: Vec<Run>,
    /// Script lines that reach it: what the test plays.
    pub solution: Vec<String>,
}

struct Fence<'a> {
    kind: &'a str,
    line: u32,
    lines: Vec<(u32, &'a str)>,
}

enum Piece<'a> {
    Heading(&'a str),
    Prose(String),
    Fence(Fence<'a>),
}

fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut prose = String::new();
    let mut fence: Option<Fence<'_>> = None;
    for (number, line) in source.lines().enumerate() {
        let number = number as u32 + 1;
        if let Some(open) = &mut fence {
            if line.trim() == "```" {
                pieces.extend(fence.take().map(Piece::Fence));
            } else {
                open.lines.push((number, line));
            }
        } else if let Some(kind) = line.strip_prefix("```") {
            flush(&mut prose, &mut pieces);
            fence = Some(Fence { kind: kind.trim(), line: number, lines: Vec::new() });
        } else if let Some(heading) = line.strip_prefix("## ") {
            flush(&mut prose, &mut pieces);
            pieces.push(Piece::Heading(heading.trim()));
        } else {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    flush(&mut prose, &mut pieces);
    pieces
}

fn flush<'a>(prose: &mut String, pieces: &mut Vec<Piece<'a>>) {
    if !prose.trim().is_empty() {
        pieces.push(Piece::Prose(std::mem::take(prose)));
    }
    prose.clear();
}

/// Reads a chapter.
pub(crate) fn lesson(source: &str) -> Result<Lesson, LessonError> {
    let refuse = |line: u32, message: &str| LessonError { line, message: message.to_string() };
    let title = source.lines().next().and_then(|line| line.strip_prefix("# "));
    let title = title.ok_or_else(|| refuse(1, "the first line is '# ' and the title"))?.trim().to_string();
    let body = source.split_once('\n').map_or("", |(_, body)| body);
    let mut lesson = Lesson { title, summary: Vec::new(), genesis: String::new(), steps: Vec::new() };
    for piece in pieces(body) {
        match (piece, lesson.steps.last_mut()) {
            (Piece::Heading(heading), _) => {
                lesson.steps.push(Step { title: heading.to_string(), ..Step::default() });
            }
            (Piece::Prose(text), None) => lesson.summary.extend(prose::read(&text)),
            (Piece::Prose(text), Some(step)) => {
                let place = if step.script.is_empty() && step.predict.is_none() {
                    &mut step.before
                } else {
                    &mut step.after
                };
                place.extend(prose::read(&text));
            }
            (Piece::Fence(fence), None) if fence.kind == "genesis" => {
                lesson.genesis = text(&fence);
            }
            (Piece::Fence(fence), None) => {
                return Err(refuse(fence.line + 1, "before the first step only a block 'genesis' may stand"));
            }
            (Piece::Fence(fence), Some(step)) => read_fence(&fence, step)?,
        }
    }
    check(&lesson).map_err(|message| LessonError { line: 1, message })?;
    Ok(lesson)
}

fn read_fence(fence: &Fence<'_>, step: &mut Step) -> Result<(), LessonError> {
    let lines = || fence.lines.iter().map(|(_, line)| line.trim()).filter(|line| !line.is_empty());
    match fence.kind {
        "genesis" => step.genesis = text(fence),
        "focus" => step.focus = lines().flat_map(str::split_whitespace).map(str::to_string).collect(),
        "scenario" => step.script.extend(lines().map(str::to_string)),
        "predict" => step.predict = Some(predict(fence)?),
        "goal" => step.goal = Some(goal(fence)?),
        other => {
            let message = format!("'{other}' is no block: write genesis, focus, predict, scenario or goal");
            return Err(LessonError { line: fence.line + 1, message });
        }
    }
    Ok(())
}

fn text(fence: &Fence<'_>) -> String {
    fence.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
}

fn predict(fence: &Fence<'_>) -> Result<Predict, LessonError> {
    let mut predict = Predict { question: Vec::new(), answers: Vec::new() };
    for (number, line) in fence.lines.iter().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = LessonError {
            line: number + 1,
            message:
                "write '? question', then '- [x] right answer :: why' and '- [ ] wrong answer :: why not'"
                    .into(),
        };
        if let Some(question) = line.strip_prefix("? ") {
            predict.question = prose::line(question);
            continue;
        }
        let (right, rest) = match (line.strip_prefix("- [x] "), line.strip_prefix("- [ ] ")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(wrong),
        };
        let (text, explanation) = rest.split_once(" :: ").ok_or(wrong)?;
        predict.answers.push(Answer {
            text: prose::line(text),
            right,
            explanation: prose::line(explanation),
        });
    }
    Ok(predict)
}

fn goal(fence: &Fence<'_>) -> Result<Goal, LessonError> {
    let mut goal =
        Goal { text: Vec::new(), condition: String::new(), hint: Vec::new(), solution: Vec::new() };
    for (number, line) in fence.lines.iter().filter(|(_, line)| !line.trim().is_empty()) {
        match line.split_once(": ") {
            Some(("text", rest)) => goal.text = prose::line(rest),
            Some(("reached", rest)) => goal.condition = rest.trim().to_string(),
            Some(("hint", rest)) => goal.hint = prose::line(rest),
            Some(("solution", rest)) => goal.solution.push(rest.trim().to_string()),
            _ => {
                let message = "write 'text: …', 'reached: CONDITION', 'hint: …' and 'solution: LINE'".into();
                return Err(LessonError { line: number + 1, message });
            }
        }
    }
    Ok(goal)
}

/// Whether everything that runs is readable: genesis, script lines, conditions.
fn check(lesson: &Lesson) -> Result<(), String> {
    let scenario = Scenario::parse(&lesson.genesis).map_err(|error| format!("genesis: {error}"))?;
    let mut names = Names(scenario.genesis.topics.iter().map(|topic| topic.name).collect());
    for step in &lesson.steps {
        let place = |message: String| format!("step '{}': {message}", step.title);
        if !step.genesis.is_empty() {
            let scenario =
                Scenario::parse(&step.genesis).map_err(|error| place(format!("genesis: {error}")))?;
            names = Names(scenario.genesis.topics.iter().map(|topic| topic.name).collect());
        }
        let solution = step.goal.iter().flat_map(|goal| &goal.solution);
        for line in step.script.iter().chain(solution) {
            Line::parse(line, &names).map_err(place)?;
        }
        if let Some(goal) = &step.goal {
            Condition::parse(&goal.condition, &names).map_err(place)?;
        }
        if let Some(predict) = &step.predict
            && predict.answers.iter().filter(|answer| answer.right).count() != 1
        {
            return Err(place("exactly one answer is right".into()));
        }
    }
    Ok(())
}

impl Lesson {
    /// The run at the beginning of that step: the last new cluster, and all that the steps since have done. The error
    /// names the line.
    pub fn history(&self, step: usize) -> Result<History, String> {
        let steps = &self.steps[..self.steps.len().min(step + 1)];
        let anew = steps.iter().rposition(|step| !step.genesis.is_empty());
        let genesis = anew.map_or(&self.genesis, |anew| &steps[anew].genesis);
        let mut history = History::from_text(genesis).map_err(|error| error.to_string())?;
        for before in &steps[anew.unwrap_or(0)..step.min(steps.len())] {
            Lesson::play(&mut history, &before.script)?;
            if let Some(goal) = &before.goal {
                Lesson::play(&mut history, &goal.solution)?;
            }
        }
        Ok(history)
    }

    /// Whether the lesson shows how a promise breaks: some step waits for it, or expects it.
    pub fn breaks_a_promise(&self) -> bool {
        let lines = self.steps.iter().flat_map(|step| &step.script);
        lines.into_iter().any(|line| line.split_whitespace().any(|word| word == "broken"))
    }

    /// Carries out script lines on `history`. The error names the line.
    pub fn play(history: &mut History, lines: &[String]) -> Result<(), String> {
        for line in lines {
            let read = Line::parse(line, &history.names()).map_err(|error| format!("'{line}': {error}"))?;
            kraftscope_core::scenario::play_line(history, &read)
                .map_err(|error| format!("'{line}': {error}"))?;
        }
        Ok(())
    }
}

impl Goal {
    /// Whether the goal is reached at the cursor of `history`.
    pub fn is_reached(&self, history: &History) -> bool {
        Condition::parse(&self.condition, &history.names()).is_ok_and(|condition| history.holds(&condition))
    }
}
