//! `kraftscope bench`: how fast the simulator is on this machine.
//!
//! Rates are per CPU-second of this process. Every figure is the median of five rounds.

use cpu_time::ProcessTime;
use kraftscope_core::client::{ConsumerSpec, ProducerSpec};
use kraftscope_core::dice::Dice;
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, Offset, StepId, Text};
use kraftscope_core::net::Latency;
use kraftscope_core::node::Command;
use kraftscope_core::process::Process;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::{Genesis, TopicSpec};
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;
use serde_json::{Value, json};
use std::time::Duration;

const ROUNDS: usize = 5;

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let (mut as_json, mut seconds) = (false, 1.0);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("json") => as_json = true,
            lexopt::Arg::Long("seconds") => {
                let value = arguments.value().map_err(|error| error.to_string())?;
                let text = value.to_string_lossy().into_owned();
                seconds = text.parse().map_err(|_| format!("--seconds {text}: write a number"))?;
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    let round = Duration::from_secs_f64(seconds);
    let (snapshot, seek) = history_figures()?;
    let report = json!({
        "quorum_5": quorum(round, false)?,
        "quorum_5_checked": quorum(round, true)?,
        "cluster_3x12": cluster(round, false)?,
        "cluster_3x12_checked": cluster(round, true)?,
        "snapshot_us": snapshot,
        "seek_us_p99": seek,
    });
    if as_json {
        println!("{report}");
    } else {
        println!("{}", serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn rates(rounds: &[(f64, u64, u64)]) -> Value {
    let per_second = |count: fn(&(f64, u64, u64)) -> u64| {
        median(rounds.iter().map(|round| count(round) as f64 / round.0).collect()).round()
    };
    json!({
        "handled_per_cpu_s": per_second(|round| round.1),
        "commits_per_cpu_s": per_second(|round| round.2),
    })
}

fn genesis(controllers: u8, checks: bool) -> Genesis {
    let mut genesis = Genesis {
        controllers,
        brokers: 0,
        topics: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        latency: Latency::Fixed,
        checks,
        ..Genesis::default()
    };
    genesis.settings.controller_quorum_append_linger = Span::ZERO;
    genesis
}

fn quorum_leader(sim: &Sim) -> Option<(NodeId, Offset)> {
    sim.world().slots.iter().find_map(|slot| {
        let quorum = slot.process.as_ref().and_then(Process::quorum)?;
        if quorum.is_leader() { Some((slot.id, quorum.high_watermark()?)) } else { None }
    })
}

/// Five voters; a record is appended when the last one is committed and nothing else happens at that moment, so
/// that every follower fetches every record by itself.
fn quorum(round: Duration, checks: bool) -> Result<Value, String> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut sim = Sim::new(genesis(5, checks)).map_err(|error| error.to_string())?;
        let mut step = Step::default();
        while quorum_leader(&sim).is_none() {
            sim.step_into(&mut step);
        }
        let (handled, start) = (sim.handled(), ProcessTime::now());
        let mut commits = 0;
        while start.elapsed() < round {
            for _ in 0..200 {
                let Some((leader, committed)) = quorum_leader(&sim) else {
                    return Err("the leader is gone".into());
                };
                sim.apply_into(Action::Call(leader, Command::Append(1)), &mut step)
                    .map_err(|refusal| refusal.to_string())?;
                let place = sim.world().place(leader);
                while hw_at(&sim, place) <= committed || sim.next_due() == Some(sim.now()) {
                    sim.step_into(&mut step);
                }
                commits += 1;
            }
        }
        rounds.push((start.elapsed().as_secs_f64(), sim.handled() - handled, commits));
    }
    Ok(rates(&rounds))
}

fn hw_at(sim: &Sim, place: usize) -> Offset {
    let quorum = sim.world().slots[place].process.as_ref().and_then(Process::quorum);
    quorum.and_then(|quorum| quorum.high_watermark()).unwrap_or_default()
}

/// Three brokers, twelve partitions, a producer with a record every millisecond, a consumer.
fn busy_cluster(checks: bool) -> Result<Genesis, String> {
    let name = Text::new("events").ok_or("a short name")?;
    Ok(Genesis {
        controllers: 3,
        brokers: 3,
        topics: vec![TopicSpec {
            name,
            partitions: 12,
            replicas: 3,
            min_insync_replicas: Some(2),
            unclean_leader_election_enable: None,
            first_broker: Some(1),
        }],
        producers: vec![ProducerSpec { topics: vec![name], interval: Span::millis(1), keys: 64, acks: None }],
        consumers: vec![ConsumerSpec { topics: vec![name], group: None }],
        checks,
        ..Genesis::default()
    })
}

fn committed(sim: &Sim) -> u64 {
    let brokers = sim.world().slots.iter().filter_map(|slot| slot.process.as_ref()?.broker());
    let leading = brokers.flat_map(|broker| broker.replicas.partitions().values());
    leading.filter(|partition| partition.is_leader()).map(|partition| partition.hw.0).sum()
}

fn cluster(round: Duration, checks: bool) -> Result<Value, String> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut sim = Sim::new(busy_cluster(checks)?).map_err(|error| error.to_string())?;
        let mut step = Step::default();
        while committed(&sim) < 100 {
            sim.step_into(&mut step);
        }
        let (handled, records, start) = (sim.handled(), committed(&sim), ProcessTime::now());
        while start.elapsed() < round {
            for _ in 0..5000 {
                sim.step_into(&mut step);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        rounds.push((seconds, sim.handled() - handled, committed(&sim) - records));
    }
    Ok(rates(&rounds))
}

/// Microseconds of one snapshot, and the 99th percentile of seeks anywhere in 100,000 events.
fn history_figures() -> Result<(f64, f64), String> {
    const EVENTS: u64 = 100_000;
    let mut history = History::new(Genesis::default()).map_err(|error| error.to_string())?;
    history.seek(StepId(EVENTS));
    let micros = |start: ProcessTime| start.elapsed().as_secs_f64() * 1e6;
    let snapshots = (0..ROUNDS * 20).map(|_| {
        let start = ProcessTime::now();
        std::hint::black_box(history.sim().clone());
        micros(start)
    });
    let snapshot = median(snapshots.collect());
    let mut dice = Dice::new(1);
    let mut seeks: Vec<f64> = (0..200)
        .map(|_| {
            let event = StepId(u64::from(dice.below(EVENTS as u32)));
            let start = ProcessTime::now();
            history.seek(event);
            micros(start)
        })
        .collect();
    seeks.sort_by(f64::total_cmp);
    Ok((snapshot, seeks[seeks.len() * 99 / 100]))
}
