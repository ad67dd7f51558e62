//! `kraftscope explore`: every state of a small world of the real protocol code, within bounds.
//!
//! Exit status 0 says that all of it was seen, that no promise broke, and that what should happen sometimes did.

use crate::arguments::{number, word};
use cpu_time::ProcessTime;
use kraftscope_core::config::Settings;
use kraftscope_core::release::Release;
use kraftscope_models::explore::{Cut, Explorer, Limits};
use kraftscope_search::explore::cluster::{self, ClusterWorld};
use kraftscope_search::explore::depths::Depth;
use kraftscope_search::explore::quorum::{self, QuorumWorld};
use kraftscope_search::explore::report::{Playable, Report};
use kraftscope_search::explore::walk::Walk;
use kraftscope_search::zoo::Bug;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How `kraftscope explore` is called.
pub(crate) const USAGE: &str = "\
kraftscope explore --world quorum|partition|cluster | --bug NAME [--BOUND N]... [--release R]
                   [--switch NAME=VALUE]... [--promise ID]... [--max-states N] [--max-depth N] [--go-on] [--out FILE] [--json]
    Looks at every state of a small world of the real protocol code: every order of messages, every timer that
    may run out, every crash. What is broken is replayed in the simulator and printed as a scenario for
    'kraftscope run' (--out writes it to a file). Bounds, with what they are by default:
    quorum (voters of the metadata quorum): voters 3, max-epoch 2, losses 1 (messages lost), haste 0 (timers that
      run out although all is well), crashes 1, lossy-crashes 0 (power losses), disks 0 (replaced by empty ones),
      records 0 (appended), symmetry 1.
    partition (brokers and controllers with one partition): brokers 3, controllers 1, min-isr 1,
      max-leader-epoch 2, max-partition-epoch 3, max-epoch 1 (of the metadata quorum), records 2, acks-all 0,
      fences 1 (brokers fenced although they live), elections 1 (preferred ones), lags 1 (looks for lagging
      followers), crashes 0, lossy-crashes 0, losses 0, haste 0, slow-requests 0 (1: not only
      their answers take time), known-holes 0 (1: what every release gets wrong).
    cluster: the same with other defaults: min-isr 2, max-partition-epoch 5, records 1, acks-all 1, elections 0,
      lags 0, lossy-crashes 1.
    --bug plays the release and the switches of a bug of the past, in the world and within the bounds that meet it
    unless others are named. --promise looks only at these promises; --go-on
    does not stop at the first one that breaks. The status is 0 only if all states were seen, no promise broke, and
    what should happen sometimes did.
";

#[derive(Debug)]
struct Options {
    world: Option<String>,
    bounds: Vec<(String, u32)>,
    settings: Settings,
    /// Where the bug that is looked for is met.
    depth: Option<&'static Depth>,
    promises: Vec<String>,
    limits: Limits,
    out: Option<String>,
    as_json: bool,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<bool, String> {
    let options = options(arguments)?;
    let known = options.depth.map(|depth| depth.world);
    match options.world.as_deref().or(known) {
        Some("quorum") => {
            let mut bounds = quorum::Bounds::default();
            set_bounds(&options, "quorum", &mut |name, value| bounds.set(name, value))?;
            run(QuorumWorld::new(bounds, &options.settings), &options)
        }
        Some("partition") => of_brokers("partition", cluster::Bounds::PARTITION, &options),
        Some("cluster") => of_brokers("cluster", cluster::Bounds::CLUSTER, &options),
        Some(other) => Err(format!("--world {other}: there are quorum, partition, cluster")),
        None => Err(format!("--world is missing\n\n{USAGE}")),
    }
}

fn of_brokers(world: &str, mut bounds: cluster::Bounds, options: &Options) -> Result<bool, String> {
    set_bounds(options, world, &mut |name, value| bounds.set(name, value))?;
    run(ClusterWorld::new(bounds, &options.settings), options)
}

/// The bounds within which a bug is met, if it is in this world, and then those of the command line.
fn set_bounds(
    options: &Options,
    world: &str,
    set: &mut dyn FnMut(&str, u32) -> Result<(), String>,
) -> Result<(), String> {
    let known = options.depth.filter(|depth| depth.world == world).map_or(&[][..], |depth| depth.bounds);
    known.iter().try_for_each(|&(name, value)| set(name, value))?;
    options.bounds.iter().try_for_each(|(name, value)| set(name, *value))
}

fn options(arguments: &mut lexopt::Parser) -> Result<Options, String> {
    let mut options = Options {
        world: None,
        bounds: Vec::new(),
        settings: Settings::default(),
        depth: None,
        promises: Vec::new(),
        limits: Limits { stop_when_broken: true, ..Limits::default() },
        out: None,
        as_json: false,
    };
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        let lexopt::Arg::Long(name) = argument else { return Err(argument.unexpected().to_string()) };
        let name = name.to_owned();
        match name.as_str() {
            "json" => options.as_json = true,
            "go-on" => options.limits.stop_when_broken = false,
            "world" => options.world = Some(word(arguments)?),
            "out" => options.out = Some(word(arguments)?),
            "promise" => options.promises.push(word(arguments)?),
            "max-states" => options.limits.states = u64::max(1, number(arguments, &name)?),
            "max-depth" => options.limits.depth = u32::max(1, number(arguments, &name)?),
            "release" => {
                let release = word(arguments)?;
                let known = || format!("--release {release}: one of {}", releases());
                let release = Release::parse(&release).ok_or_else(known)?;
                options.settings = Settings::of(release);
            }
            "bug" => {
                let bug = Bug::find(&word(arguments)?)?;
                (options.settings, options.depth) = (bug.settings(), Depth::of(bug.name));
            }
            "switch" => {
                let pair = word(arguments)?;
                let (name, value) = pair
                    .split_once('=')
                    .ok_or_else(|| format!("--switch {pair}: write NAME=VALUE, like --switch elr=off"))?;
                options.settings.features.set(name, value)?;
            }
            bound if quorum::Bounds::NAMES.contains(&bound) || cluster::Bounds::NAMES.contains(&bound) => {
                let value = number(arguments, &name)?;
                options.bounds.push((name, value));
            }
            _ => return Err(format!("--{name} is no option of 'explore'\n\n{USAGE}")),
        }
    }
    Ok(options)
}

fn releases() -> String {
    let names: Vec<&str> = Release::ALL.iter().map(|release| release.name()).collect();
    names.join(", ")
}

/// The bits of the promises that are named; when none is, that of a bug that another one hides, else all.
fn promises<W: Playable>(options: &Options) -> Result<u64, String> {
    if options.promises.is_empty() {
        let hidden = options.depth.filter(|depth| depth.alone);
        return Ok(hidden.map_or(u64::MAX, |depth| 1 << depth.promise as u64));
    }
    let mut bits = 0;
    for name in &options.promises {
        let rule = W::PROMISES.iter().find(|rule| rule.invariant().id == name);
        bits |= 1 << *rule.ok_or_else(|| format!("--promise {name}: one of {}", known::<W>()))? as u64;
    }
    Ok(bits)
}

fn known<W: Playable>() -> String {
    let ids: Vec<&str> = W::PROMISES.iter().map(|rule| rule.invariant().id).collect();
    ids.join(", ")
}

fn run<W: Playable>(world: W, options: &Options) -> Result<bool, String> {
    let walk = Walk::new(world).only(promises::<W>(options)?);
    let started = ProcessTime::now();
    let mut search = Explorer::new(walk, options.limits);
    advance(&mut search);
    let seconds = started.elapsed().as_secs_f64();
    let report = Report::of(&search);
    if options.as_json {
        println!("{}", as_json(&report, seconds));
    } else {
        print!("{}", as_text(&report, seconds));
    }
    let scenario = report.breaches.iter().find_map(|breach| breach.played.as_ref());
    if let (Some(file), Some(played)) = (&options.out, scenario) {
        std::fs::write(file, &played.scenario).map_err(|error| format!("{file}: {error}"))?;
    }
    if let Some(why) = cut_short(&report, options.limits) {
        eprintln!("kraftscope: {why}");
    }
    Ok(report.is_complete() && report.breaches.is_empty() && report.missed.is_empty())
}

/// Runs to the end, with a word now and then for someone who waits at a terminal.
fn advance<W: Playable>(search: &mut Explorer<Walk<W>>) {
    let talk = std::io::stderr().is_terminal();
    let mut spoken = Instant::now();
    while search.advance(1 << 14) {
        if talk && spoken.elapsed() > Duration::from_secs(2) {
            spoken = Instant::now();
            eprintln!("{} states, {} waiting, depth {}", search.states(), search.waiting(), search.depth());
        }
    }
}

fn cut_short(report: &Report, limits: Limits) -> Option<String> {
    let why = match report.cut {
        Some(Cut::States) => format!("--max-states {} was reached", limits.states),
        Some(Cut::Depth) => format!("--max-depth {} was reached", limits.depth),
        Some(Cut::Memory) => "the memory is used up".into(),
        None if report.overflowed => "in some states more messages are on their way than can be held".into(),
        Some(Cut::Broken) | None => return None,
    };
    Some(format!("THE SEARCH WAS CUT SHORT: {why}. There are more than these {} states", report.states))
}

fn as_json(report: &Report, seconds: f64) -> Value {
    let breach = |breach: &kraftscope_search::explore::report::Breach| {
        let replayed = breach
            .played
            .as_ref()
            .map(|played| played.broken.iter().map(|rule| rule.invariant().id).collect::<Vec<_>>());
        json!({
            "promise": breach.rule.invariant().id,
            "statement": breach.rule.invariant().statement,
            "length": breach.length,
            "path": breach.path,
            "replayed": replayed,
            "excused": breach.played.as_ref().map(|played| played.excused),
            "scenario": breach.played.as_ref().map(|played| played.scenario.as_str()),
        })
    };
    json!({
        "states": report.states,
        "generated": report.generated,
        "depth": report.depth,
        "local_states": report.local_states,
        "complete": report.is_complete(),
        "bounded": report.bounded,
        "violations": report.breaches.iter().map(breach).collect::<Vec<_>>(),
        "seen": report.seen,
        "missed": report.missed,
        "seconds": seconds,
        "states_per_cpu_s": (report.states as f64 / seconds).round(),
    })
}

fn listed(path: &[String]) -> String {
    path.iter().map(|made| format!("  {made}\n")).collect()
}

fn as_text(report: &Report, seconds: f64) -> String {
    let mut text = String::new();
    for breach in &report.breaches {
        let rule = breach.rule.invariant();
        text += &format!(
            "{} {} is broken after {} states: {}\n",
            rule.id, rule.name, breach.length, rule.statement
        );
        match &breach.played {
            Some(played) => {
                let ids: Vec<&str> = played.broken.iter().map(|rule| rule.invariant().id).collect();
                let found = if played.excused { "the checker excuses it".into() } else { ids.join(", ") };
                text +=
                    &format!("in the simulator: {found}\n{}\n{}\n", listed(&breach.path), played.scenario);
            }
            None => text += &format!("the simulator cannot follow the path\n{}\n", listed(&breach.path)),
        }
    }
    text += &report.seen.iter().map(|seen| format!("sometimes {seen}\n")).collect::<String>();
    text += &report.missed.iter().map(|missed| format!("NEVER {missed}\n")).collect::<String>();
    if report.bounded {
        text +=
            "BOUNDED: some epochs would have risen above the highest; what lies behind was not looked at\n";
    }
    let Report { states, depth, generated, local_states, .. } = report;
    let rate = (*states as f64 / seconds).round();
    let verdict = match (report.is_complete(), report.breaches.is_empty()) {
        (true, true) => "all seen, nothing broken",
        (false, true) => "not all seen, nothing broken so far",
        (_, false) => "broken",
    };
    text + &format!(
        "{verdict}: {states} states, depth {depth}, {generated} generated, {local_states} of single nodes, \
         {seconds:.1} CPU-seconds, {rate} states a CPU-second\n"
    )
}
