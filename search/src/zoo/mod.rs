//! The bug zoo: what Kafka once got wrong, each by the switches that bring it back.
//!
//! Every entry has a pair of scenario files, `core/tests/scenarios/bugs/NAME-…-before.txt` and `-after.txt`: with the
//! old behaviour the named promise breaks or the cluster stands still, with the new one it does not. A search with an
//! entry draws its clusters and faults on the entry's [`Ground`], and has found the bug when one of the promises
//! breaks that the entry names; how many seeds that takes is recorded, and a test holds it to that.
//!
//! Keeps: a seed of an entry is the same run wherever it is played. What a ground asks for changes nothing in the
//! draw of presets.

mod bugs;
mod ground;

pub use bugs::BUGS;
pub use ground::Ground;

use crate::hunt::Found;
use crate::plan::FaultPlan;
use crate::run::Run;
use crate::swarm::Swarm;
use kraftscope_core::config::Settings;
use kraftscope_core::release::Release;
use kraftscope_core::sim::genesis::Genesis;

/// A bug of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bug {
    /// `b06`.
    pub name: &'static str,
    /// In one line.
    pub about: &'static str,
    /// Kafka issue or KIP.
    pub source: &'static str,
    /// The release that is played.
    pub release: Release,
    /// The switches that stand otherwise than in that release.
    pub switches: &'static [(&'static str, &'static str)],
    /// The promises by which it shows: rules of the checker, goals of a healed cluster, promises to clients.
    pub promises: &'static [&'static str],
    /// Where to look for it.
    pub ground: Ground,
    /// How it stands with a random search.
    pub reach: Reach,
}

/// How it stands with a random search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is found within so many seeds, counted from seed 0, with a margin.
    Seeds(u64),
    /// It is not looked for, and why.
    Not(&'static str),
}

/// A bug that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Seeds that it took, the last one counted.
    pub seeds: u64,
    /// The run.
    pub found: Found,
}

impl Bug {
    /// The settings of its release, with its switches.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::of(self.release);
        for (name, value) in self.switches {
            let known = settings.features.set(name, value);
            debug_assert_eq!(known, Ok(()), "a test looks at every switch");
        }
        settings
    }

    /// The bug of this name.
    ///
    /// # Errors
    /// Names all that there are.
    pub fn find(name: &str) -> Result<&'static Bug, String> {
        BUGS.iter().find(|bug| bug.name == name).ok_or_else(|| {
            let known: Vec<String> = BUGS.iter().map(|bug| format!("{} ({})", bug.name, bug.about)).collect();
            format!("'{name}' is no bug of the zoo: write one of\n  {}", known.join("\n  "))
        })
    }

    /// What seeds of it draw from.
    pub fn swarm(&self) -> Swarm {
        let own = self.switches.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string()));
        Swarm {
            mode: self.ground.mode,
            releases: vec![self.release],
            demand: self.ground.demand,
            size: self.ground.size,
            faults: self.ground.faults.to_vec(),
            acks: self.ground.acks,
            min_isr: self.ground.min_isr,
            unclean: None,
            consumers: false,
            switches: own.collect(),
            refines: false,
        }
    }

    /// The run of that seed.
    pub fn draw(&self, seed: u64) -> (Genesis, FaultPlan) {
        let (mut genesis, mut plan) = self.swarm().draw(seed);
        self.ground.shape(&mut genesis, &mut plan);
        (genesis, plan)
    }

    /// Plays that seed, and says what was broken in it.
    ///
    /// # Errors
    /// When the ground makes no cluster.
    pub fn play(&self, seed: u64) -> Result<Run, String> {
        let (genesis, plan) = self.draw(seed);
        let run = Run::new(genesis, plan).map_err(|error| error.to_string())?;
        let mut run = run.counting_losses(self.ground.losses).seeking(self.promises);
        while !run.advance(10_000) {}
        Ok(run)
    }

    /// Whether this run shows it.
    pub fn shows_in(&self, run: &Run) -> bool {
        let few = |run: &Run| run.sim().checker().is_some_and(|checker| checker.losses().next().is_none());
        run.violation().is_some_and(|violation| {
            self.promises.contains(&violation.rule) && (violation.excuse.is_none() || few(run))
        })
    }

    /// Looks for it from `from` on, for at most `most` seeds.
    ///
    /// # Errors
    /// When the ground makes no cluster.
    pub fn search(&self, from: u64, most: u64) -> Result<Option<Caught>, String> {
        for number in 0..most {
            let seed = from.wrapping_add(number);
            let run = self.play(seed)?;
            if self.shows_in(&run)
                && let Some(found) = Found::of(seed, &run)
            {
                return Ok(Some(Caught { seeds: number + 1, found }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::kraft::MAX_FETCH_WAIT;
    use kraftscope_core::time::Span;

    /// Otherwise every idle fetch fails, nobody leads for long, and that is the ground's fault, not the bug's.
    /// Source: KafkaRaftClient.MAX_FETCH_WAIT_MS.
    #[test]
    fn controllers_of_every_ground_wait_longer_than_a_leader_holds_a_fetch() {
        let longest = Span(MAX_FETCH_WAIT.0 + 50_000);
        for bug in BUGS {
            let settings = bug.draw(0).0.settings;
            assert!(settings.controller_quorum_request_timeout > longest, "{}", bug.name);
            assert!(settings.controller_quorum_fetch_timeout > longest, "{}", bug.name);
        }
    }

    #[test]
    fn every_bug_has_switches_that_exist_and_a_ground_that_makes_clusters() {
        for bug in BUGS {
            let mut features = bug.release.features();
            for (name, value) in bug.switches {
                assert_eq!(features.set(name, value), Ok(()), "{}", bug.name);
            }
            for seed in 0..20 {
                assert_eq!(bug.draw(seed).0.validate(), Ok(()), "{} seed {seed}", bug.name);
            }
            assert!(Bug::find(bug.name).is_ok());
        }
        assert!(Bug::find("b99").is_err_and(|error| error.contains("b06")));
    }
}
