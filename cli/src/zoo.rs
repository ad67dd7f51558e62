//! `kraftscope zoo`: looks for every bug of the past, and says how many seeds that took.
//!
//! A bug is looked for from seed 0 on, so the figures are the same on every machine; threads take whole bugs.

use crate::arguments::number;
use cpu_time::ThreadTime;
use kraftscope_search::zoo::{BUGS, Bug, Reach};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) const USAGE: &str = "\
kraftscope zoo [NAME]... [--seeds N] [--jobs N] [--json]
    Looks for bugs of the past by random search: which promise broke, after how many seeds. --seeds says when
    to give up (unless said, at the number that is recorded for the bug). Exit status 1 if one was not found.
";

struct Options {
    bugs: Vec<&'static Bug>,
    seeds: Option<u64>,
    jobs: usize,
    json: bool,
}

/// What a search came to.
struct Outcome {
    /// The promise that broke and the seeds that it took, if it was found.
    caught: Option<(&'static str, u64)>,
    /// What else broke on the way, how often.
    other: BTreeMap<&'static str, u64>,
    cpu_seconds: f64,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<bool, String> {
    let options = parse(arguments)?;
    if !options.json {
        println!("{:<5} {:<7} {:>6} {:>7} {:>8}  about", "bug", "promise", "seeds", "at most", "CPU s");
    }
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Ok(true));
    let work = || {
        while let Some(bug) = options.bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = search(bug, &options);
            let Ok(mut all) = all.lock() else { return };
            match outcome {
                Ok(outcome) => {
                    report(bug, &outcome, &options);
                    let sought = matches!(bug.reach, Reach::Seeds(_));
                    *all = all.clone().map(|good| good && (outcome.caught.is_some() || !sought));
                }
                Err(error) => *all = Err(error),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.jobs {
            scope.spawn(work);
        }
        work();
    });
    all.into_inner().map_err(|_| "a search thread has panicked")?
}

fn parse(arguments: &mut lexopt::Parser) -> Result<Options, String> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options { bugs: Vec::new(), seeds: None, jobs, json: false };
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Value(name) => options.bugs.push(Bug::find(&name.to_string_lossy())?),
            lexopt::Arg::Long("seeds") => options.seeds = Some(number(arguments, "seeds")?),
            lexopt::Arg::Long("jobs") => options.jobs = number::<usize>(arguments, "jobs")?.clamp(1, 256),
            lexopt::Arg::Long("json") => options.json = true,
            other => return Err(other.unexpected().to_string()),
        }
    }
    if options.bugs.is_empty() {
        options.bugs = BUGS.iter().collect();
    }
    Ok(options)
}

fn search(bug: &Bug, options: &Options) -> Result<Outcome, String> {
    let start = ThreadTime::now();
    let most = options.seeds.unwrap_or(match bug.reach {
        Reach::Seeds(seeds) => seeds,
        Reach::Not(_) => 0,
    });
    let (mut caught, mut other) = (None, BTreeMap::new());
    for seed in 0..most {
        let run = bug.play(seed)?;
        let Some(violation) = run.violation() else { continue };
        if bug.shows_in(&run) {
            caught = Some((violation.rule, seed + 1));
            break;
        }
        *other.entry(violation.rule).or_default() += 1;
    }
    Ok(Outcome { caught, other, cpu_seconds: start.elapsed().as_secs_f64() })
}

fn report(bug: &Bug, outcome: &Outcome, options: &Options) {
    let recorded = match bug.reach {
        Reach::Seeds(seeds) => Some(seeds),
        Reach::Not(_) => None,
    };
    let (promise, seeds) = outcome.caught.unzip();
    if options.json {
        let line = json!({
            "bug": bug.name, "promise": promise, "seeds_needed": seeds, "recorded": recorded,
            "other": outcome.other, "cpu_seconds": (outcome.cpu_seconds * 1000.0).round() / 1000.0,
        });
        println!("{line}");
        return;
    }
    let show = |number: Option<u64>| number.map_or_else(|| "-".to_string(), |number| number.to_string());
    let Bug { name, about, .. } = bug;
    let (promise, cpu) = (promise.unwrap_or("-"), outcome.cpu_seconds);
    println!("{name:<5} {promise:<7} {:>6} {:>7} {cpu:>8.2}  {about}", show(seeds), show(recorded));
    if let Reach::Not(reason) = bug.reach {
        println!("      not looked for: {reason}");
    } else if outcome.caught.is_none() && !outcome.other.is_empty() {
        println!("      not found; broken besides: {:?}", outcome.other);
    }
}
