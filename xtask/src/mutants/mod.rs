//! `cargo xtask mutants`: takes guards out of the core one by one and sees whether anything notices.
//!
//! Each mutant of [`list`] is one change of the source that removes a rule. It is made in a copy of the project
//! below the target folder; then the scenario files are checked, then random runs are played under the checker, and at
//! last, since they take longest, the core's tests run. What survives all is listed with the reason why that is right,
//! or it is a gap.
//!
//! Left out: mutants by machine. A list by hand asks the question that matters: is this *rule* held by a test?
mod list;

use crate::shell;
use anyhow::{Context, Result, bail, ensure};
use list::{MUTANTS, Mutant};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The share that must be caught, in per cent.
const TARGET: usize = 95;
/// The longest that one command may take; a mutant that hangs is caught.
const LONGEST: Duration = Duration::from_secs(600);
/// Random runs for a mutant that the tests did not notice.
const SEEDS: &str = "400";

/// How a mutant fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A scenario file printed something else.
    Scenarios,
    /// Random runs broke a promise.
    Fuzz,
    /// The core's tests failed.
    Tests,
    /// Nobody noticed.
    Survived,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Scenarios => "caught by scenarios",
            Self::Fuzz => "caught by fuzz",
            Self::Tests => "caught by tests",
            Self::Survived => "SURVIVED",
        }
    }
}

pub(crate) fn run(mut args: shell::Args) -> Result<()> {
    let as_json = args.flag("--json");
    let only_fuzz = args.flag("--fuzz-only");
    let minutes: Option<u64> = args.number("--minutes")?;
    let filter = args.word().unwrap_or_default();
    args.finish()?;
    let chosen: Vec<&Mutant> = MUTANTS.iter().filter(|mutant| mutant.name.contains(&filter)).collect();
    ensure!(
        !chosen.is_empty(),
        "no mutant's name has `{filter}` in it; they stand in xtask/src/mutants/list.rs"
    );
    check(&shell::root())?;
    let bench = Bench::new()?;
    let started = Instant::now();
    let mut fates = Vec::new();
    for mutant in &chosen {
        if minutes.is_some_and(|minutes| started.elapsed() > Duration::from_secs(60 * minutes)) {
            println!("-- out of time: {} of {} mutants tried", fates.len(), chosen.len());
            break;
        }
        let began = Instant::now();
        let fate = bench.judge(mutant, only_fuzz)?;
        println!("{:<48} {} ({})", mutant.name, fate.name(), shell::seconds(began));
        fates.push((*mutant, fate));
    }
    report(&fates, as_json)
}

fn report(fates: &[(&Mutant, Fate)], as_json: bool) -> Result<()> {
    let survivors: Vec<&Mutant> =
        fates.iter().filter(|(_, fate)| *fate == Fate::Survived).map(|(mutant, _)| *mutant).collect();
    let count = |wanted: Fate| fates.iter().filter(|(_, fate)| *fate == wanted).count();
    let caught = fates.len() - survivors.len();
    if as_json {
        let survivors: Vec<_> =
            survivors.iter().map(|mutant| json!({"name": mutant.name, "reason": mutant.survives})).collect();
        println!(
            "{}",
            json!({"mutants": fates.len(), "caught": caught, "by_scenarios": count(Fate::Scenarios),
                "by_fuzz": count(Fate::Fuzz), "by_tests": count(Fate::Tests), "survivors": survivors})
        );
    } else {
        for mutant in &survivors {
            println!("survivor {}: {}", mutant.name, mutant.survives.unwrap_or("no reason is given: a gap"));
        }
        println!("{caught} of {} mutants caught", fates.len());
    }
    ensure!(caught * 100 >= TARGET * fates.len(), "fewer than {TARGET} % of the mutants are caught");
    if let Some(gap) = survivors.iter().find(|mutant| mutant.survives.is_none()) {
        bail!("{} survived, and list.rs gives no reason", gap.name);
    }
    Ok(())
}

/// Every mutant must still fit the source: its text stands there exactly once.
pub(crate) fn check(root: &Path) -> Result<()> {
    for mutant in MUTANTS {
        let source = shell::read(&root.join(mutant.file))?;
        let found = source.matches(mutant.from).count();
        ensure!(
            found == 1,
            "xtask/src/mutants/list.rs: the text of `{}` stands {found} times in {}, not once: write it anew",
            mutant.name,
            mutant.file
        );
    }
    Ok(())
}

/// The copy that mutants are made in.
#[derive(Debug)]
struct Bench {
    tree: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn new() -> Result<Self> {
        let home = shell::target_dir()?.join("mutants");
        let bench = Self { tree: home.join("tree"), target: home.join("target") };
        if bench.tree.exists() {
            std::fs::remove_dir_all(&bench.tree).context("cannot empty the copy of an earlier run")?;
        }
        let files = shell::output(shell::command("git").args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        for file in files.lines() {
            let from = shell::root().join(file);
            if from.is_file() {
                shell::write(&bench.tree.join(file), shell::read_bytes(&from)?)?;
            }
        }
        println!("-- the source as it is must pass");
        ensure!(bench.passes(&BUILD)?, "the source does not compile without any mutant");
        ensure!(bench.passes(&SCENARIOS)?, "a scenario file fails without any mutant");
        ensure!(bench.passes(&FUZZ)?, "random runs break a promise without any mutant");
        Ok(bench)
    }

    fn judge(&self, mutant: &Mutant, only_fuzz: bool) -> Result<Fate> {
        let path = self.tree.join(mutant.file);
        let source = shell::read(&path)?;
        shell::write(&path, source.replacen(mutant.from, mutant.to, 1))?;
        let fate = self.fate(only_fuzz).with_context(|| format!("mutant {}", mutant.name));
        shell::write(&path, source)?;
        fate
    }

    fn fate(&self, only_fuzz: bool) -> Result<Fate> {
        ensure!(self.passes(&BUILD)?, "it does not compile");
        if !only_fuzz && !self.passes(&SCENARIOS)? {
            return Ok(Fate::Scenarios);
        }
        if !self.passes(&FUZZ)? {
            return Ok(Fate::Fuzz);
        }
        Ok(if only_fuzz || self.passes(&TESTS)? { Fate::Survived } else { Fate::Tests })
    }

    /// Whether cargo, with these words, ends well and in time.
    fn passes(&self, words: &[&str]) -> Result<bool> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut child = Command::new(cargo)
            .args(words)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cargo could not be started")?;
        let began = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            if began.elapsed() > LONGEST {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

const BUILD: [&str; 4] = ["build", "--quiet", "-p", "kraftscope-cli"];
const SCENARIOS: [&str; 7] =
    ["run", "--quiet", "-p", "kraftscope-cli", "--", "check", "core/tests/scenarios"];
const TESTS: [&str; 4] = ["test", "--quiet", "-p", "kraftscope-core"];

const FUZZ: [&str; 9] = ["run", "--quiet", "-p", "kraftscope-cli", "--", "fuzz", "--json", "--seeds", SEEDS];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_fits_the_source() {
        check(&shell::root()).unwrap();
    }

    #[test]
    fn a_mutant_changes_something_and_has_a_name_of_its_own() {
        let mut names: Vec<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), MUTANTS.len());
        assert!(MUTANTS.iter().all(|mutant| mutant.from != mutant.to));
    }
}
