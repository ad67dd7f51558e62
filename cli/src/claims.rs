//! `kraftscope claims`: plays the runs of every claim and says whether they show what the verdict says.

use kraftscope_tutorials::{Claim, ClaimRun, Language, Run, claims};

pub(crate) const USAGE: &str = "\
kraftscope claims [NUMBER] [--json] [--zh]
    Claims about Kafka that one reads often: plays the runs of each, or of one, and prints its verdict and
    whether the runs show it. tutorials/claims/en.md has the words. Exit status 1 if one does not.
";

#[derive(Debug)]
struct Checked {
    number: u32,
    claim: String,
    verdict: &'static str,
    passed: bool,
    runs: Vec<Played>,
}

#[derive(Debug)]
struct Played {
    run: String,
    differs: Option<String>,
}

/// Returns whether every run showed what it should.
pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<bool, String> {
    let (mut number, mut json, mut language) = (None, false, Language::English);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("zh") => language = Language::Chinese,
            lexopt::Arg::Value(text) if number.is_none() => {
                let text = text.to_string_lossy().into_owned();
                let wanted: u32 = text.parse().map_err(|_| format!("'{text}' is no claim's number"))?;
                number = Some(wanted);
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    let (_, mut all) = claims(language).map_err(|error| error.to_string())?;
    all.retain(|claim| number.is_none_or(|number| claim.number == number));
    if all.is_empty() {
        return Err("there is no claim of this number".to_string());
    }
    let checked: Vec<Checked> = all.iter().map(play).collect();
    let failed = checked.iter().filter(|claim| !claim.passed).count();
    if json {
        let list: Vec<serde_json::Value> = checked.iter().map(data).collect();
        println!("{}", serde_json::to_string_pretty(&list).map_err(|error| error.to_string())?);
    } else {
        checked.iter().for_each(print);
        println!("{} passed, {failed} failed", checked.len() - failed);
    }
    Ok(failed == 0)
}

fn play(claim: &Claim) -> Checked {
    let run = |name: &String| {
        let found = ClaimRun::named(name).map_or_else(|| Err("there is no such run".into()), ClaimRun::check);
        Played { run: name.clone(), differs: found.err() }
    };
    let runs: Vec<Played> = claim.runs.iter().map(|shown| run(&shown.name)).collect();
    let passed = !runs.is_empty() && runs.iter().all(|run| run.differs.is_none());
    let (claim, verdict, number) = (plain(&claim.said), claim.verdict.name(), claim.number);
    Checked { number, claim, verdict, passed, runs }
}

fn plain(runs: &[Run]) -> String {
    runs.iter().map(Run::text).collect()
}

fn data(claim: &Checked) -> serde_json::Value {
    let run = |run: &Played| serde_json::json!({ "run": run.run, "passed": run.differs.is_none(), "differs": run.differs });
    serde_json::json!({
        "number": claim.number,
        "claim": claim.claim,
        "verdict": claim.verdict,
        "passed": claim.passed,
        "runs": claim.runs.iter().map(run).collect::<Vec<_>>(),
    })
}

fn print(claim: &Checked) {
    let passed = if claim.passed { "passed" } else { "FAILED" };
    println!("{:>2}  {passed}  {:<10}  {}", claim.number, claim.verdict, claim.claim);
    for run in &claim.runs {
        if let Some(differs) = &run.differs {
            println!("    {}\n{differs}", run.run);
        }
    }
}
