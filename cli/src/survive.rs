//! `kraftscope survive`: how many replicas of a partition may fail, in each mode, counted from runs.
//!
//! Three questions, each with `acks=all` and a minimum of two in-sync replicas. Replicas die one after the other, the
//! leader first: how many, until no record is acknowledged any more, and until nobody leads? And so many disks are
//! destroyed at the worst moment, when a record has just been acknowledged: first those that hold most, while a minority
//! of the replicas is half a second slow; they come back empty a minute later. How many, until an acknowledged record is
//! lost?

use crate::arguments::{number, word};
use crate::compare::modes;
use kraftscope_core::compare::{Meter, Summary};
use kraftscope_core::id::{NodeId, Offset, TopicId, TopicPartition};
use kraftscope_core::mode::Mode;
use kraftscope_core::node::Loss;
use kraftscope_core::scenario::Scenario;
use kraftscope_core::sim::action::{Action, Change};
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;
use kraftscope_core::view::Health;
use serde::Serialize;
use std::cmp::Reverse;

pub(crate) const USAGE: &str = "\
kraftscope survive [--modes LIST] [--replicas LIST] [--seeds N] [--json]
    How many of a partition's replicas (3,5 by default) may die until no write is acknowledged and until nobody leads,
    and how many disks may be destroyed at once until an acknowledged record is lost: the least of all seeds.
";

/// How long a death is given to be got over: longer than any session and than the lag of a replica that is dropped.
const PATIENCE: Span = Span::secs(90);
/// For how long one looks whether records are acknowledged then.
const LOOK: Span = Span::secs(30);
/// How slow the slowest are when disks are destroyed: less than an election timeout of a Raft group.
const SLOW: Span = Span::millis(500);
/// After so long disks that were destroyed come back empty.
const AWAY: Span = Span::secs(60);

/// How many replicas may fail.
#[derive(Clone, Copy, Debug, Serialize)]
struct Survival {
    mode: Mode,
    replicas: u8,
    /// Dead replicas with which records are acknowledged.
    writes: u8,
    /// Dead replicas with which somebody leads.
    leads: u8,
    /// Disks destroyed at once that cost no acknowledged record.
    disks: u8,
    /// The most acknowledged records that one disk more cost.
    lost: u64,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let (mut chosen, mut sizes, mut seeds, mut json) = (Mode::ALL.to_vec(), vec![3u8, 5], 5u64, false);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("modes") => chosen = modes(&word(arguments)?)?,
            lexopt::Arg::Long("replicas") => {
                let list = word(arguments)?;
                let size = |text: &str| {
                    let size = text.parse().ok().filter(|size| (2..=9).contains(size));
                    size.ok_or_else(|| format!("--replicas: '{text}' is no number from 2 to 9"))
                };
                sizes = list.split(',').map(size).collect::<Result<_, String>>()?;
            }
            lexopt::Arg::Long("seeds") => seeds = number(arguments, "seeds")?,
            lexopt::Arg::Long("json") => json = true,
            other => return Err(other.unexpected().to_string()),
        }
    }
    let mut all = Vec::new();
    for replicas in sizes {
        for &mode in &chosen {
            let found = survival(mode, replicas, seeds.max(1))?;
            if !json {
                println!("{}", line(&found));
            }
            all.push(found);
        }
    }
    if json {
        println!("{}", serde_json::to_string(&all).map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn line(found: &Survival) -> String {
    format!(
        "{:<10} {} replicas   writes go on with {} dead   somebody leads with {} dead   \
         nothing is lost with {} disks destroyed{}",
        found.mode.name(),
        found.replicas,
        found.writes,
        found.leads,
        found.disks,
        if found.lost > 0 { format!(", up to {} records with one more", found.lost) } else { String::new() }
    )
}

fn survival(mode: Mode, replicas: u8, seeds: u64) -> Result<Survival, String> {
    let most = replicas - 1;
    let mut found = Survival { mode, replicas, writes: most, leads: most, disks: most, lost: 0 };
    for seed in 1..=seeds {
        let (writes, leads) = Run::new(mode, replicas, seed)?.one_after_the_other()?;
        found.writes = found.writes.min(writes);
        found.leads = found.leads.min(leads);
    }
    for destroyed in 1..=most {
        for seed in 1..=seeds {
            found.lost = found.lost.max(Run::new(mode, replicas, seed)?.disks(destroyed)?);
        }
        if found.lost > 0 {
            found.disks = destroyed - 1;
            break;
        }
    }
    Ok(found)
}

/// A cluster with one partition, that is written to.
struct Run {
    sim: Sim,
    step: Step,
    partition: TopicPartition,
}

impl Run {
    fn new(mode: Mode, replicas: u8, seed: u64) -> Result<Run, String> {
        let text = format!(
            "seed {seed}\nbrokers {replicas}\ntopic orders partitions 1 replicas {replicas} \
             min.insync.replicas 2\nproducer topics orders interval 100ms acks all\nchecks off\n----\n"
        );
        let genesis = Scenario::parse(&text).map_err(|error| error.to_string())?.genesis.in_mode(mode);
        let mut sim = Sim::new(genesis).map_err(|error| error.0)?;
        sim.measure();
        let partition = TopicPartition { topic: TopicId(0), partition: 0 };
        let mut run = Run { sim, step: Step::default(), partition };
        run.pass(AWAY)?;
        Ok(run)
    }

    fn pass(&mut self, span: Span) -> Result<(), String> {
        let until = self.sim.now() + span;
        while self.sim.now() < until {
            if !self.sim.step_into(&mut self.step) {
                return Err(String::from("nothing happens any more"));
            }
        }
        Ok(())
    }

    fn act(&mut self, action: Action) -> Result<(), String> {
        self.sim.apply_into(action, &mut self.step).map_err(|refusal| refusal.to_string())
    }

    fn meter(&self) -> Result<&Meter, String> {
        self.sim.meter().ok_or_else(|| String::from("nothing is measured"))
    }

    /// Who lives: the leader first.
    fn alive(&self) -> Result<Vec<NodeId>, String> {
        let leader = self.meter()?.leaders.leader(self.partition);
        let world = self.sim.world();
        let mut alive: Vec<NodeId> =
            world.genesis.broker_ids().filter(|&id| world.health(id) == Health::Up).collect();
        alive.sort_by_key(|&id| Some(id) != leader);
        Ok(alive)
    }

    /// With how many dead records are acknowledged, and with how many somebody leads.
    fn one_after_the_other(mut self) -> Result<(u8, u8), String> {
        let (mut writes, mut leads) = (None, None);
        let mut dead = 0;
        while let [victim, _, ..] = self.alive()?[..] {
            self.act(Action::Crash(victim, Loss::Nothing))?;
            self.pass(PATIENCE)?;
            let before = self.meter()?.answers.acknowledged;
            self.pass(LOOK)?;
            if self.meter()?.answers.acknowledged == before {
                writes = writes.or(Some(dead));
            }
            if self.meter()?.leaders.missing() > 0 {
                leads = leads.or(Some(dead));
            }
            dead += 1;
        }
        Ok((writes.unwrap_or(dead), leads.unwrap_or(dead)))
    }

    fn log_end(&self, id: NodeId) -> Option<Offset> {
        let broker = self.sim.world().process(id)?.broker()?;
        Some(broker.replicas.disk.replicas.get(&self.partition)?.log.end())
    }

    /// How many acknowledged records are lost when so many disks are destroyed at once.
    fn disks(mut self, destroyed: u8) -> Result<u64, String> {
        let replicas = self.alive()?;
        for &slow in replicas.iter().rev().take((replicas.len() - 1) / 2) {
            self.act(Action::Configure(Change::Slow(slow, SLOW)))?;
        }
        self.pass(LOOK)?;
        let before = self.meter()?.answers.acknowledged;
        while self.meter()?.answers.acknowledged == before && self.sim.step_into(&mut self.step) {}
        let mut victims = self.alive()?;
        victims.sort_by_key(|&id| Reverse(self.log_end(id)));
        victims.truncate(usize::from(destroyed));
        for &victim in &victims {
            self.act(Action::ReplaceDisk(victim))?;
        }
        self.pass(AWAY)?;
        for victim in victims {
            self.act(Action::Start(victim))?;
        }
        self.pass(PATIENCE)?;
        Ok(Summary::of(&self.sim).ok_or("nothing is measured")?.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, survival};

    /// Kafka documentation, "Replication": with f + 1 replicas in the ISR f may fail; Raft (extended version), section 5.1: a minority.
    #[test]
    fn an_isr_survives_all_but_one_and_raft_a_minority() {
        let [zookeeper, kraft, kafkaraft] = Mode::ALL.map(|mode| survival(mode, 3, 1).expect("it is played"));
        assert_eq!((zookeeper.writes, zookeeper.leads, zookeeper.disks), (1, 2, 2));
        assert_eq!((kraft.writes, kraft.leads, kraft.disks), (1, 2, 2));
        assert_eq!((kafkaraft.writes, kafkaraft.leads, kafkaraft.disks), (1, 1, 1));
    }
}
