//! `kraftscope scale`: how long a failover takes with ten to a hundred thousand partitions.
//!
//! Each cluster has replication factor 3 and no clients. Two things are done to it: its active controller is killed, or
//! a broker that is not the controller.

mod figure;

use crate::arguments::{number, word};
use crate::compare::markdown::grouped;
use crate::compare::{modes, show};
use kraftscope_core::compare::{Meter, Unit, Variant};
use kraftscope_core::id::{NodeId, Text};
use kraftscope_core::mode::Mode;
use kraftscope_core::node::Loss;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::{Genesis, TopicSpec};
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) const USAGE: &str = "\
kraftscope scale [--modes LIST] [--release NAME] [--partitions LIST] [--brokers N] [--seeds N]
                 [--read FILE]... [--json | --markdown] [--svg FILE]
    Kills the active controller, and a broker, of clusters with so many partitions (10,100,1000,10000,100000 by default;
    replication factor 3) and measures how long they are without one: the median over seeds. --svg draws the curves; --read takes
    what an earlier --json printed instead of measuring.
";

/// The most partitions of one topic: what Kafka creates at once (`MAX_RECORDS_PER_USER_OP`).
const MOST_OF_A_TOPIC: u32 = 10_000;
/// When nothing is expected any more, after a fault.
const PATIENCE: Span = Span::secs(300);

/// What was measured with so many partitions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) mode: Mode,
    pub(crate) partitions: u32,
    /// The controller is killed: until the next one acts.
    pub(crate) controller: Option<u64>,
    /// A broker is killed: until the first of its partitions has another leader.
    pub(crate) first: Option<u64>,
    /// And until the last one has.
    pub(crate) last: Option<u64>,
    /// Partitions that it led.
    pub(crate) led: u32,
    /// Events that one seed took, both faults and twice the set-up.
    pub(crate) events: u64,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let (mut chosen, mut sizes) = (Mode::ALL.to_vec(), vec![10, 100, 1000, 10_000, 100_000]);
    let (mut brokers, mut seeds, mut json, mut svg) = (6, 1u64, false, None);
    let mut points = Vec::new();
    let (mut measures, mut markdown, mut release) = (true, false, None);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("modes") => chosen = modes(&word(arguments)?)?,
            lexopt::Arg::Long("release") => release = Some(crate::compare::release(&word(arguments)?)?),
            lexopt::Arg::Long("partitions") => {
                let list = word(arguments)?;
                let size =
                    |text: &str| text.parse().map_err(|_| format!("--partitions: '{text}' is no number"));
                sizes = list.split(',').map(size).collect::<Result<_, String>>()?;
            }
            lexopt::Arg::Long("brokers") => brokers = number(arguments, "brokers")?,
            lexopt::Arg::Long("seeds") => seeds = number(arguments, "seeds")?,
            lexopt::Arg::Long("read") => {
                points.extend(read(&word(arguments)?)?);
                measures = false;
            }
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("markdown") => markdown = true,
            lexopt::Arg::Long("svg") => svg = Some(word(arguments)?),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let says = !json && !markdown;
    if says {
        points.iter().for_each(|point| println!("{}", line(point)));
    }
    for mode in chosen.into_iter().filter(|_| measures) {
        for &partitions in &sizes {
            let point = measure(
                &Variant { mode: Some(mode), release, ..Variant::default() },
                partitions,
                brokers,
                seeds.max(1),
            )?;
            if says {
                println!("{}", line(&point));
            }
            points.push(point);
        }
    }
    if json {
        println!("{}", serde_json::to_string(&points).map_err(|error| error.to_string())?);
    }
    if markdown {
        print!("{}", table(&points));
    }
    if let Some(path) = svg {
        std::fs::write(&path, figure::draw(&points)).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

/// Points that were measured earlier.
fn read(path: &str) -> Result<Vec<Point>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))
}

fn line(point: &Point) -> String {
    let time = |span: Option<u64>| span.map_or_else(|| "-".into(), |span| show(span, Unit::Time));
    format!(
        "{:<10} {:>7} partitions   controller {:>9}   broker: first {:>9}, last of {:>6} {:>9}   {} events",
        point.mode.name(),
        point.partitions,
        time(point.controller),
        time(point.first),
        point.led,
        time(point.last),
        point.events
    )
}

/// A line for each number of partitions, two columns for each mode.
fn table(points: &[Point]) -> String {
    let mut sizes: Vec<u32> = points.iter().map(|point| point.partitions).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let of = |mode, size| points.iter().find(|point| point.mode == mode && point.partitions == size);
    let mut text = String::from("| partitions |");
    Mode::ALL
        .iter()
        .for_each(|mode| text += &format!(" {mode}: controller | {mode}: broker | {mode}: events |"));
    text += &format!("\n|---|{}\n", "---|".repeat(3 * Mode::ALL.len()));
    let time = |span: Option<u64>| span.map_or_else(|| "–".into(), |span| show(span, Unit::Time));
    for size in sizes {
        text += &format!("| {} |", grouped(u64::from(size)));
        for mode in Mode::ALL {
            text += &match of(mode, size) {
                Some(point) => {
                    let (controller, last) = (time(point.controller), time(point.last));
                    format!(" {controller} | {last} | {} |", grouped(point.events))
                }
                None => String::from(" | | |"),
            };
        }
        text.push('\n');
    }
    text
}

fn genesis(variant: &Variant, partitions: u32, brokers: u8, seed: u64) -> Result<Genesis, String> {
    let mut left = partitions;
    let mut topics = Vec::new();
    while left > 0 {
        let some = left.min(MOST_OF_A_TOPIC);
        left -= some;
        topics.push(TopicSpec {
            name: Text::new(&format!("topic-{}", topics.len())).ok_or("a short name")?,
            partitions: some as u16,
            replicas: 3,
            min_insync_replicas: Some(2),
            unclean_leader_election_enable: None,
            first_broker: None,
        });
    }
    let (producers, consumers) = (Vec::new(), Vec::new());
    let base = Genesis { seed, brokers, topics, producers, consumers, checks: false, ..Genesis::default() };
    variant.of(&base)
}

/// A cluster that stands.
fn cluster(variant: &Variant, partitions: u32, brokers: u8, seed: u64) -> Result<(Sim, Step), String> {
    let mut sim = Sim::new(genesis(variant, partitions, brokers, seed)?).map_err(|error| error.0)?;
    sim.measure();
    let mut step = Step::default();
    let led = |sim: &Sim| sim.meter().is_some_and(|meter| meter.leaders.partitions() >= partitions);
    let late = Time::ZERO + PATIENCE;
    while !(sim.is_set_up_for_good() && led(&sim)) {
        if sim.now() > late || !sim.step_into(&mut step) {
            return Err(format!("{partitions} partitions: the cluster does not come up"));
        }
    }
    // Pings and heartbeats are at any point of their periods.
    let settled = sim.now() + Span::millis(20_000 + seed.wrapping_mul(2_361) % 6_000);
    while sim.now() < settled && sim.step_into(&mut step) {}
    Ok((sim, step))
}

fn measure(variant: &Variant, partitions: u32, brokers: u8, seeds: u64) -> Result<Point, String> {
    let (mut controllers, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut led, mut events) = (0, 0);
    for seed in 1..=seeds {
        let (mut sim, mut step) = cluster(variant, partitions, brokers, seed)?;
        let mut other = sim.clone();
        controllers.push(kill_controller(&mut sim, &mut step)?);
        let (first, last, lost) = kill_broker(&mut other, &mut step)?;
        firsts.push(first);
        lasts.push(last);
        led = led.max(lost);
        events += sim.event().0 + other.event().0;
    }
    let [controller, first, last] = [controllers, firsts, lasts].map(median);
    let events = events / seeds;
    let mode = variant.mode.unwrap_or_default();
    Ok(Point { mode, partitions, controller, first, last, led, events })
}

/// In the middle; nothing when it never came in half of the runs.
fn median(mut times: Vec<Option<Span>>) -> Option<u64> {
    times.sort_by_key(|time| time.map_or(u64::MAX, |span| span.0));
    times[times.len() / 2].map(|span| span.0)
}

fn crash(sim: &mut Sim, node: NodeId, step: &mut Step) -> Result<Time, String> {
    sim.apply_into(Action::Crash(node, Loss::Nothing), step).map_err(|refusal| refusal.to_string())?;
    Ok(sim.now())
}

fn meter(sim: &Sim) -> Result<&Meter, String> {
    sim.meter().ok_or_else(|| String::from("nothing is measured"))
}

fn kill_controller(sim: &mut Sim, step: &mut Step) -> Result<Option<Span>, String> {
    let controller = sim.world().active_controller().ok_or("there is no controller")?;
    let before = meter(sim)?.office.failovers().len();
    let at = crash(sim, controller, step)?;
    while sim.now() < at + PATIENCE && sim.step_into(step) {
        if let Some(&span) = meter(sim)?.office.failovers().get(before) {
            return Ok(Some(span));
        }
    }
    Ok(None)
}

/// The broker that leads most of all that are not the controller.
fn busiest(sim: &Sim) -> Result<NodeId, String> {
    let (leaders, now) = (&meter(sim)?.leaders, sim.now());
    let mut led: BTreeMap<NodeId, u32> = BTreeMap::new();
    for leader in leaders.each(now).filter_map(|(partition, _)| leaders.leader(partition)) {
        *led.entry(leader).or_default() += 1;
    }
    led.retain(|&id, _| Some(id) != sim.world().active_controller());
    let most = led.into_iter().max_by_key(|&(id, partitions)| (partitions, std::cmp::Reverse(id)));
    most.map(|(id, _)| id).ok_or_else(|| "there is no other broker that leads".into())
}

/// Until the first and the last of its partitions have another leader, and how many it led.
fn kill_broker(sim: &mut Sim, step: &mut Step) -> Result<(Option<Span>, Option<Span>, u32), String> {
    let victim = busiest(sim)?;
    let at = crash(sim, victim, step)?;
    let lost = meter(sim)?.leaders.missing();
    let mut first = None;
    while sim.now() < at + PATIENCE && sim.step_into(step) {
        let missing = meter(sim)?.leaders.missing();
        if missing < lost && first.is_none() {
            first = Some(sim.now().since(at));
        }
        if missing == 0 {
            return Ok((first, Some(sim.now().since(at)), lost));
        }
    }
    Ok((first, None, lost))
}
