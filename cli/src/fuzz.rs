//! `kraftscope fuzz`: random clusters under random faults, until a promise breaks.
//!
//! Seeds are handed to threads one by one; a seed's run depends on nothing but its number and the swarm, and results
//! are put in order, so the outcome is the same with any number of threads.

use crate::arguments::{number, word};
use cpu_time::ProcessTime;
use kraftscope_search::hunt::Found;
use kraftscope_search::preset::{PRESETS, Preset};
use kraftscope_search::refine::Mismatch;
use kraftscope_search::run::Run;
use kraftscope_search::shrink::Shrink;
use kraftscope_search::swarm::Swarm;
use kraftscope_search::tally::Tally;
use kraftscope_search::violation::Violation;
use kraftscope_search::zoo::Bug;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

struct Options {
    seeds: u64,
    from: u64,
    jobs: usize,
    presets: Vec<&'static Preset>,
    switches: Vec<(String, String)>,
    bug: Option<&'static Bug>,
    json: bool,
}

/// Findings that are shrunk and printed as scripts; of the others only the line to replay is.
const SHRUNK: usize = 5;
/// Most events that the shrinking of one finding may take.
const SHRINK_EVENTS: u64 = 50_000_000;

/// What was found: by seed, the preset and the run.
type Findings = BTreeMap<u64, (&'static str, Found)>;

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<bool, String> {
    let options = parse(arguments)?;
    let start = ProcessTime::now();
    let (tally, found) = search(&options)?;
    report(&options, &tally, &found, start.elapsed().as_secs_f64())?;
    Ok(found.is_empty())
}

fn parse(arguments: &mut lexopt::Parser) -> Result<Options, String> {
    let mut options = Options {
        seeds: 0,
        from: 0,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        presets: Vec::new(),
        switches: Vec::new(),
        bug: None,
        json: false,
    };
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("seeds") => options.seeds = number(arguments, "seeds")?,
            lexopt::Arg::Long("seed") => {
                options.from = number(arguments, "seed")?;
                options.seeds = 1;
            }
            lexopt::Arg::Long("from") => options.from = number(arguments, "from")?,
            lexopt::Arg::Long("jobs") => options.jobs = number::<usize>(arguments, "jobs")?.clamp(1, 256),
            lexopt::Arg::Long("preset") => options.presets.push(Preset::find(&word(arguments)?)?),
            lexopt::Arg::Long("switch") => {
                let pair = word(arguments)?;
                let (name, value) = pair
                    .split_once('=')
                    .ok_or_else(|| format!("--switch {pair}: write NAME=VALUE, like --switch elr=off"))?;
                options.switches.push((name.to_string(), value.to_string()));
            }
            lexopt::Arg::Long("bug") => options.bug = Some(Bug::find(&word(arguments)?)?),
            lexopt::Arg::Long("json") => options.json = true,
            other => return Err(other.unexpected().to_string()),
        }
    }
    if options.seeds == 0 {
        return Err("how many seeds? write --seeds N, or --seed N for one".into());
    }
    if options.bug.is_some() && options.presets.is_empty() {
        // It is looked for on its own ground.
        if !options.switches.is_empty() {
            return Err("--bug NAME with --switch: say on which --preset".into());
        }
        return Ok(options);
    }
    if options.presets.is_empty() {
        options.presets = PRESETS.iter().collect();
    }
    swarm(&options, options.presets[0]).check()?;
    Ok(options)
}

fn swarm(options: &Options, preset: &Preset) -> Swarm {
    let mut swarm = Swarm::from(preset);
    if let Some(bug) = options.bug {
        swarm.releases = vec![bug.release];
        let own = bug.switches.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string()));
        swarm.switches.extend(own);
    }
    swarm.switches.extend(options.switches.iter().cloned());
    swarm
}

/// Plays all seeds; each preset in turn.
fn search(options: &Options) -> Result<(Tally, Findings), String> {
    let next = AtomicU64::new(0);
    let shared = Mutex::new((Tally::default(), Findings::new(), None::<String>));
    let swarms: Vec<(&'static str, Swarm)> =
        options.presets.iter().map(|&preset| (preset.name, swarm(options, preset))).collect();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= options.seeds {
                return;
            }
            let seed = options.from.wrapping_add(number);
            let place = seed.checked_rem(swarms.len() as u64).unwrap_or_default() as usize;
            let (preset, outcome) = match (swarms.get(place), options.bug) {
                (Some((preset, swarm)), _) => (*preset, play(swarm, seed)),
                (None, Some(bug)) => ("", bug.play(seed).map(|run| (run.tally(), Found::of(seed, &run)))),
                (None, None) => return,
            };
            let Ok(mut all) = shared.lock() else { return };
            match outcome {
                Ok((tally, found)) => {
                    all.0.add(&tally);
                    if let Some(found) = found {
                        // A long search tells at once what is repeated with its script at the end.
                        if options.seeds > 1000 {
                            eprintln!("seed {seed}{}: {}", of_preset(preset), found.violation.rule);
                        }
                        all.1.insert(seed, (preset, found));
                    }
                    if all.0.seeds.is_multiple_of(1000) {
                        let (done, found) = (all.0.seeds, all.1.len());
                        eprintln!("{done} of {} seeds, {found} violations", options.seeds);
                    }
                }
                Err(error) => all.2 = Some(format!("seed {seed}: {error}")),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.jobs {
            scope.spawn(work);
        }
        work();
    });
    let (tally, found, error) = shared.into_inner().map_err(|_| "a search thread has panicked")?;
    error.map_or(Ok((tally, found)), Err)
}

fn play(swarm: &Swarm, seed: u64) -> Result<(Tally, Option<Found>), String> {
    let (genesis, plan) = swarm.draw(seed);
    let mut run = Run::new(genesis, plan).map_err(|error| error.to_string())?;
    while !run.advance(10_000) {}
    Ok((run.tally(), Found::of(seed, &run)))
}

/// The option that names this preset; nothing on a bug's own ground.
fn of_preset(preset: &str) -> String {
    if preset.is_empty() { String::new() } else { format!(" --preset {preset}") }
}

fn report(options: &Options, tally: &Tally, found: &Findings, cpu_seconds: f64) -> Result<(), String> {
    let bug: String = options.bug.map(|bug| format!(" --bug {}", bug.name)).unwrap_or_default();
    let switches: String =
        options.switches.iter().map(|(name, value)| format!(" --switch {name}={value}")).collect();
    for (number, (seed, (preset, found))) in found.iter().enumerate() {
        let headline = format!("seed {seed}: {}", show(&found.violation));
        let again = format!("kraftscope fuzz --seed {seed}{}{bug}{switches}", of_preset(preset));
        if let Some(mismatch) = &found.mismatch {
            let Mismatch { node, did, model, cluster, .. } = mismatch;
            eprintln!("{node} {did}\n  model   {model}\n  cluster {cluster}");
        }
        if options.json {
            eprintln!("{headline}\n  {again}");
        } else {
            println!("# {headline}\n# {again}");
            if number < SHRUNK {
                println!("{}", shrunk(found));
            }
        }
    }
    let mut value = serde_json::to_value(tally).map_err(|error| error.to_string())?;
    value["cpu_seconds"] = json!((cpu_seconds * 1000.0).round() / 1000.0);
    if let Some(bug) = options.bug {
        // How many seeds it took to find the bug; null when it was not found.
        let shows = |(_, found): &&(&str, Found)| bug.promises.contains(&found.violation.rule);
        let first = found.values().find(shows).map(|(_, found)| found.seed.wrapping_sub(options.from) + 1);
        value["seeds_needed"] = json!(first);
    }
    if options.json {
        println!("{value}");
        return Ok(());
    }
    let rate = tally.handled as f64 / cpu_seconds.max(1e-9);
    println!(
        "# {} seeds, {} steps, {} handled inputs, {} elections, {} commits, {} crashes, {} cut links: \
         {} violations; {rate:.0} inputs per CPU-second",
        tally.seeds,
        tally.steps,
        tally.handled,
        tally.elections,
        tally.commits,
        tally.crashes,
        tally.partitions,
        tally.violations
    );
    Ok(())
}

fn shrunk(found: &Found) -> String {
    let mut shrink = Shrink::new(found);
    let mut events = 0;
    while events < SHRINK_EVENTS && !shrink.advance(1_000_000) {
        events += 1_000_000;
    }
    let finding = shrink.finding();
    eprintln!("shrunk to {} steps, {} candidates tried", finding.steps, finding.tried);
    finding.scenario_text.clone()
}

/// `S2 broken at event 123 (4.5 s), topic 0 partition 1, broker-2, offset 7: statement`.
fn show(violation: &Violation) -> String {
    let mut text = format!("{} broken at event {} ({})", violation.rule, violation.event, violation.time);
    if let Some(id) = violation.partition {
        text.push_str(&format!(", topic {} partition {}", id.topic.0, id.partition));
    }
    if let Some(node) = violation.node {
        text.push_str(&format!(", {node}"));
    }
    if let Some(offset) = violation.offset {
        text.push_str(&format!(", offset {offset}"));
    }
    format!("{text}: {}", violation.statement)
}
