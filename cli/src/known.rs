//! `kraftscope known`: how long things take in the simulator, beside what Kafka's defaults let expect.
//!
//! Each thing is done to a fresh cluster for each seed, at a moment that differs from seed to seed: heartbeats, pings and
//! ticks are then at any point of their periods, as they are in a cluster that has run for long.

mod figure;

use crate::arguments::{number, word};
use crate::compare::show;
use kraftscope_core::compare::{Unit, Variant};
use kraftscope_core::id::NodeId;
use kraftscope_core::mode::Mode;
use kraftscope_core::net::Link;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::note::Note;
use kraftscope_core::release::Release;
use kraftscope_core::scenario::Scenario;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};
use serde::Serialize;

pub(crate) const USAGE: &str = "\
kraftscope known [--seeds N] [--json | --markdown] [--svg FILE]
    How long a crash, a hanging follower and a controlled shutdown take, in 40 seeds unless said, beside the range that
    follows from Kafka's defaults. --svg draws every run as a dot over that range.
";

const CLUSTER: &str = "\
brokers 3
topic orders partitions 12 replicas 3 min.insync.replicas 2
producer topics orders interval 20ms keys 256
checks off
----
";

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Fault {
    /// A broker that is not the controller dies: until its partitions are led.
    Broker,
    /// The active controller dies: until the next one acts.
    Controller,
    /// A follower hears its leader and is not heard: until it leaves the ISR.
    Follower,
    /// A broker shuts down in order: the longest time that one of its partitions is not led.
    Shutdown,
}

/// One thing, with what is known of it, in microseconds.
struct Known {
    mode: Mode,
    release: Option<Release>,
    fault: Fault,
    what: &'static str,
    from: u64,
    to: u64,
    why: &'static str,
}

const SECOND: u64 = 1_000_000;

/// The ranges follow from the defaults (`broker.session.timeout.ms` and so on); none was measured.
const KNOWN: [Known; 8] = [
    Known {
        mode: Mode::KRaft,
        release: None,
        fault: Fault::Broker,
        what: "broker crash, KRaft",
        from: 7 * SECOND,
        to: 11 * SECOND,
        why: "session of 9 s since the last heartbeat (every 2 s), looked for every 1.1 s; then a commit and its way",
    },
    Known {
        mode: Mode::ZooKeeper,
        release: None,
        fault: Fault::Broker,
        what: "broker crash, ZooKeeper",
        from: 12 * SECOND,
        to: 21 * SECOND,
        why: "session of 18 s since the last ping (every 6 s), ends with a tick of 2 s; then elections, less than 1 s",
    },
    Known {
        mode: Mode::ZooKeeper,
        release: Some(Release::V2_3),
        fault: Fault::Broker,
        what: "broker crash, ZooKeeper, before 2.5",
        from: 4 * SECOND,
        to: 9 * SECOND,
        why: "session of 6 s, pings every 2 s, ticks of 2 s; then elections, less than 1 s",
    },
    Known {
        mode: Mode::KRaft,
        release: None,
        fault: Fault::Controller,
        what: "controller crash, KRaft",
        from: 15 * SECOND / 10,
        to: 42 * SECOND / 10,
        why: "a fetch timeout of 2 s since the last answer; one election timeout of 1 to 2 s more when candidates clash",
    },
    Known {
        mode: Mode::ZooKeeper,
        release: None,
        fault: Fault::Controller,
        what: "controller crash, ZooKeeper",
        from: 12 * SECOND,
        to: 21 * SECOND,
        why: "the session, as for any broker; then an election, and everything is read anew",
    },
    Known {
        mode: Mode::KRaft,
        release: None,
        fault: Fault::Follower,
        what: "follower hangs, until it leaves the ISR",
        from: 30 * SECOND,
        to: 46 * SECOND,
        why: "replica.lag.time.max.ms of 30 s, looked for every 15 s; then the controller is asked",
    },
    Known {
        mode: Mode::KRaft,
        release: None,
        fault: Fault::Shutdown,
        what: "controlled shutdown, KRaft: gap",
        from: 0,
        to: SECOND / 10,
        why: "one commit, and its way to the brokers",
    },
    Known {
        mode: Mode::ZooKeeper,
        release: None,
        fault: Fault::Shutdown,
        what: "controlled shutdown, ZooKeeper: gap",
        from: 0,
        to: SECOND / 10,
        why: "LeaderAndIsr reaches the next leader and the one that stops at different moments",
    },
];

/// What came out.
#[derive(Clone, Debug, Serialize)]
struct Measured {
    what: &'static str,
    mode: Mode,
    /// The range that is known.
    from: u64,
    to: u64,
    why: &'static str,
    /// Of each seed, in rising order.
    runs: Vec<u64>,
    /// Seeds in which it did not come.
    never: u64,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let (mut seeds, mut json, mut markdown, mut svg) = (40u64, false, false, None);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("seeds") => seeds = number(arguments, "seeds")?,
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("markdown") => markdown = true,
            lexopt::Arg::Long("svg") => svg = Some(word(arguments)?),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let all = KNOWN.iter().map(|known| measure(known, seeds.max(1))).collect::<Result<Vec<_>, _>>()?;
    if json {
        println!("{}", serde_json::to_string(&all).map_err(|error| error.to_string())?);
    } else if markdown {
        println!("| | expected | simulated | within | because |\n|---|---|---|---|---|");
        all.iter().for_each(|measured| println!("{}", row(measured)));
    } else {
        all.iter().for_each(|measured| println!("{}", line(measured)));
    }
    if let Some(path) = svg {
        std::fs::write(&path, figure::draw(&all)).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

fn row(measured: &Measured) -> String {
    let Measured { what, from, to, runs, why, .. } = measured;
    let time = |value: &u64| if *value == 0 { String::from("0") } else { show(*value, Unit::Time) };
    let at = |place: usize| runs.get(place).map_or_else(|| "–".into(), time);
    let inside = runs.iter().filter(|run| (from..=to).contains(run)).count();
    let (least, middle, most) = (at(0), at(runs.len() / 2), at(runs.len().saturating_sub(1)));
    let (from, to) = (time(from), time(to));
    format!("| {what} | {from} to {to} | {middle} ({least} to {most}) | {inside} of {} | {why} |", runs.len())
}

fn line(measured: &Measured) -> String {
    let Measured { what, from, to, runs, never, .. } = measured;
    let time = |value: Option<&u64>| value.map_or_else(|| "-".into(), |&value| show(value, Unit::Time));
    let inside = runs.iter().filter(|run| (from..=to).contains(run)).count();
    format!(
        "{what:<40} known {:>8} to {:>8}   simulated {:>8} ({} .. {}), {inside} of {} within{}",
        show(*from, Unit::Time),
        show(*to, Unit::Time),
        time(runs.get(runs.len() / 2)),
        time(runs.first()),
        time(runs.last()),
        runs.len(),
        if *never > 0 { format!(", never in {never}") } else { String::new() },
    )
}

fn measure(known: &Known, seeds: u64) -> Result<Measured, String> {
    let mut runs = Vec::new();
    for seed in 1..=seeds {
        runs.extend(Run::begin(known, seed)?.fault(known.fault)?);
    }
    let never = seeds - runs.len() as u64;
    runs.sort_unstable();
    let &Known { what, mode, from, to, why, .. } = known;
    Ok(Measured { what, mode, from, to, why, runs, never })
}

/// A cluster on its way.
struct Run {
    sim: Sim,
    step: Step,
}

impl Run {
    /// A cluster that has run for 20 to 40 seconds.
    fn begin(known: &Known, seed: u64) -> Result<Run, String> {
        let mut base = Scenario::parse(CLUSTER).map_err(|error| error.to_string())?.genesis;
        base.seed = seed;
        let variant = Variant { mode: Some(known.mode), release: known.release, ..Variant::default() };
        let mut sim = Sim::new(variant.of(&base)?).map_err(|error| error.0)?;
        sim.measure();
        let mut run = Run { sim, step: Step::default() };
        while !run.sim.is_set_up_for_good() {
            if run.sim.now() > Time::ZERO + Span::secs(300) || !run.sim.step_into(&mut run.step) {
                return Err(format!("{}: the cluster does not come up", known.what));
            }
        }
        let moment = Span::millis(20_000 + seed.wrapping_mul(12_361) % 20_000);
        run.until(moment, |_, _| false);
        Ok(run)
    }

    /// Goes on until this holds, at most for so long. Returns when it did.
    fn until(&mut self, most: Span, holds: impl Fn(&Sim, &Step) -> bool) -> Option<Time> {
        let end = self.sim.now() + most;
        while self.sim.next_due().is_some_and(|due| due <= end) && self.sim.step_into(&mut self.step) {
            if holds(&self.sim, &self.step) {
                return Some(self.sim.now());
            }
        }
        None
    }

    fn act(&mut self, action: Action) -> Result<Time, String> {
        self.sim.apply_into(action, &mut self.step).map_err(|refusal| refusal.to_string())?;
        Ok(self.sim.now())
    }

    /// How long it takes, in microseconds.
    fn fault(&mut self, fault: Fault) -> Result<Option<u64>, String> {
        let patience = Span::secs(90);
        let controller = self.sim.world().active_controller().ok_or("there is no controller")?;
        let victim = self.other(controller);
        let missing = |sim: &Sim| sim.meter().map_or(0, |meter| meter.leaders.missing());
        let failovers = |sim: &Sim| sim.meter().map_or(0, |meter| meter.office.failovers().len());
        let since = |at: Time| move |then: Time| then.since(at).0;
        Ok(match fault {
            Fault::Broker => {
                let at = self.act(Action::Crash(victim, Loss::Nothing))?;
                self.until(patience, |sim, _| missing(sim) == 0).map(since(at))
            }
            Fault::Controller => {
                let before = failovers(&self.sim);
                let at = self.act(Action::Crash(controller, Loss::Nothing))?;
                self.until(patience, |sim, _| failovers(sim) > before).map(since(at))
            }
            Fault::Follower => {
                let leader = self.other(victim);
                let at = self.act(Action::Cut(Link { from: victim, to: leader }))?;
                self.until(patience, |_, step| step.notes.iter().any(|note| leaves(note, victim)))
                    .map(since(at))
            }
            Fault::Shutdown => {
                self.act(Action::Call(victim, Command::ShutDown))?;
                self.until(Span::secs(30), |_, _| false);
                let now = self.sim.now();
                self.sim.meter().filter(|_| missing(&self.sim) == 0).map(|meter| meter.leaders.longest(now).0)
            }
        })
    }

    /// A broker that is not this node.
    fn other(&self, victim: NodeId) -> NodeId {
        let mut brokers = self.sim.world().genesis.broker_ids();
        brokers.find(|&id| id != victim).unwrap_or(victim)
    }
}

fn leaves(note: &Note, follower: NodeId) -> bool {
    matches!(note, Note::IsrChanged { old, new, .. } if old.contains(follower) && !new.contains(follower))
}
