//! Claims about Kafka that one reads often, each with a verdict and the runs that show it.
//!
//! `claims/{en,zh}.md` hold the words, one section a claim: `## 4. the claim`, a verdict in bold letters, why, and a
//! list of runs, `- [title](file): what to look at`. A run is a case file beside them: it says itself what must come
//! out, and the comment [`MARK`] stands where one should look. Invariant: both languages have the same claims,
//! verdicts and runs.

use crate::parse::LessonError;
use crate::prose::{self, Block, Run};
use crate::{CLAIMS, Language};
use kraftscope_core::history::History;
use kraftscope_core::scenario::{Scenario, check, play_line};

/// The comment in a run at whose place it opens.
pub const MARK: &str = "# Look here.";

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not so.
    Wrong,
    /// It is so under a condition, or in part.
    HalfRight,
    /// It was so in an older release.
    NoLonger,
}

/// A verdict, its name in data, and how it stands in the files of each language.
const VERDICTS: [(Verdict, &str, &str, &str); 3] = [
    (Verdict::Wrong, "wrong", "Wrong.", "不对。"),
    (Verdict::HalfRight, "half-right", "Half right.", "对一半。"),
    (Verdict::NoLonger, "no-longer", "No longer.", "不再如此。"),
];

impl Verdict {
    /// Its name in data: `half-right`.
    pub fn name(self) -> &'static str {
        VERDICTS.iter().find(|(verdict, ..)| *verdict == self).map_or("", |(_, name, ..)| name)
    }

    fn parse(words: &str) -> Option<Verdict> {
        let found = VERDICTS.iter().find(|(_, _, english, chinese)| words == *english || words == *chinese);
        found.map(|(verdict, ..)| *verdict)
    }
}

/// One claim in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its number, from 1.
    pub number: u32,
    /// What is claimed.
    pub said: Vec<Run>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why.
    pub why: Vec<Block>,
    /// The runs that show it.
    pub runs: Vec<Shown>,
}

/// A run as a claim shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The file, without its ending: `05-stale-reads`.
    pub name: String,
    /// What it plays, in a few words.
    pub title: Vec<Run>,
    /// What to look at when it opens.
    pub look: Vec<Run>,
}

/// The file of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRun {
    /// Its name: `05-stale-reads`.
    pub name: &'static str,
    /// The case.
    pub text: &'static str,
}

/// The claims in a language, what is said before them first. Errors name the line.
pub fn claims(language: Language) -> Result<(Vec<Block>, Vec<Claim>), LessonError> {
    let source = match language {
        Language::English => include_str!("../claims/en.md"),
        Language::Chinese => include_str!("../claims/zh.md"),
    };
    let mut sections = source.split("\n## ");
    let head = sections.next().unwrap_or_default();
    let mut line = 1 + head.lines().count() as u32;
    let mut all = Vec::new();
    for section in sections {
        all.push(claim(section).map_err(|message| LessonError { line, message })?);
        line += section.lines().count() as u32 + 1;
    }
    let intro = head.split_once('\n').map_or("", |(_, intro)| intro);
    Ok((prose::read(intro), all))
}

fn claim(section: &str) -> Result<Claim, String> {
    let (title, body) = section.split_once('\n').unwrap_or((section, ""));
    let (number, said) = title.split_once(". ").ok_or("write '## 4. the claim'")?;
    let number = number.parse().map_err(|_| format!("'{number}' is no number"))?;
    let is_run = |line: &&str| line.starts_with("- [");
    let text: String = body.lines().filter(|line| !is_run(line)).map(|line| format!("{line}\n")).collect();
    let opened = text.trim().strip_prefix("**").and_then(|rest| rest.split_once("**"));
    let (verdict, why) = opened.ok_or("a claim begins with its verdict: '**Wrong.** …'")?;
    let known = || VERDICTS.map(|(_, _, english, chinese)| format!("{english} {chinese}")).join(", ");
    let verdict = Verdict::parse(verdict)
        .ok_or_else(|| format!("'{verdict}' is no verdict: write one of {}", known()))?;
    let runs: Result<Vec<Shown>, String> = body.lines().filter(is_run).map(shown).collect();
    Ok(Claim { number, said: prose::line(said.trim()), verdict, why: prose::read(why), runs: runs? })
}

fn shown(line: &str) -> Result<Shown, String> {
    let wrong = || format!("'{line}': write '- [title](file.txt): what to look at'");
    let (title, rest) = line.strip_prefix("- [").and_then(|rest| rest.split_once("](")).ok_or_else(wrong)?;
    let (file, look) = rest.split_once(')').ok_or_else(wrong)?;
    let name = file.strip_suffix(".txt").ok_or_else(wrong)?.to_string();
    let look = look.trim_start_matches([':', '：', ' ']);
    ClaimRun::named(&name).ok_or_else(|| format!("there is no run '{name}'"))?;
    Ok(Shown { name, title: prose::line(title), look: prose::line(look) })
}

impl ClaimRun {
    /// The run of this name.
    pub fn named(name: &str) -> Option<&'static ClaimRun> {
        CLAIMS.iter().find(|run| run.name == name)
    }

    /// Whether the run shows what its file says. The error is what differs.
    pub fn check(&self) -> Result<(), String> {
        let report = check(self.text).map_err(|error| error.to_string())?;
        if report.passed() { Ok(()) } else { Err(report.diff(self.text)) }
    }

    /// The whole run, with the cursor at the moment to look at.
    pub fn history(&self) -> Result<History, String> {
        let scenario = Scenario::parse(self.text).map_err(|error| error.to_string())?;
        let mark = self.text.lines().position(|line| line == MARK).map_or(u32::MAX, |line| line as u32 + 1);
        let mut history = History::new(scenario.genesis).map_err(|error| error.0)?;
        let mut moment = None;
        for (number, line) in &scenario.lines {
            if *number > mark && moment.is_none() {
                moment = Some(history.event());
            }
            play_line(&mut history, line).map_err(|message| format!("line {number}: {message}"))?;
        }
        if let Some(moment) = moment {
            history.seek(moment);
        }
        Ok(history)
    }
}
