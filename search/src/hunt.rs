//! A hunt for a counterexample, in slices: what the page's worker drives.
//!
//! ```
//! use kraftscope_search::hunt::{Hunt, HuntSpec, HuntState};
//! use kraftscope_search::shrink::Shrink;
//!
//! let spec = HuntSpec { switches: vec![("truncation".into(), "high-watermark".into())], ..HuntSpec::default() };
//! let mut hunt = Hunt::new(spec)?;
//! for _ in 0..20 {
//!     if let HuntState::Found(found) = hunt.advance(10_000) {
//!         let mut shrink = Shrink::new(&found);
//!         while !shrink.advance(100_000) {}
//!         assert!(shrink.finding().steps > 0);
//!         break;
//!     }
//! }
//! # Ok::<(), String>(())
//! ```

use crate::fault::Fault;
use crate::preset::{Demand, Size};
use crate::refine::Mismatch;
use crate::run::{Ending, Run};
use crate::script::Deed;
use crate::swarm::Swarm;
use crate::tally::Tally;
use crate::violation::Violation;
use kraftscope_core::config::Acks;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use kraftscope_core::sim::genesis::Genesis;
use serde::{Deserialize, Serialize};

/// What is held fast while everything else is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntSpec {
    /// `acks` of all producers.
    pub acks: Acks,
    /// `min.insync.replicas` of all topics.
    pub min_isr: u32,
    /// `unclean.leader.election.enable` of all topics.
    pub unclean: bool,
    /// Who keeps the metadata, and how partitions are replicated.
    pub mode: Mode,
    /// Which Kafka.
    pub release: Release,
    /// Switches that stand otherwise than in that release: name and value (`on`, `off`, …).
    pub switches: Vec<(String, String)>,
    /// What may break.
    pub faults: Vec<Fault>,
    /// The first seed.
    pub seed: u64,
}

impl Default for HuntSpec {
    fn default() -> HuntSpec {
        HuntSpec {
            acks: Acks::All,
            min_isr: 2,
            unclean: false,
            mode: Mode::KRaft,
            release: Release::default(),
            switches: Vec::new(),
            faults: Fault::ALL.iter().copied().filter(|fault| *fault != Fault::Unclean).collect(),
            seed: 0,
        }
    }
}

/// How far a hunt has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Runs that are over.
    pub seeds: u64,
    /// Events in all.
    pub events: u64,
    /// What happened in the runs that are over.
    pub tally: Tally,
}

/// A run in which a promise broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its seed.
    pub seed: u64,
    /// What was broken.
    pub violation: Violation,
    /// The cluster.
    pub genesis: Genesis,
    /// What was done.
    pub script: Vec<Deed>,
    /// When that ended, and what was healed then.
    pub ending: Ending,
    /// Losses that the configuration allows were looked for too.
    pub counts_losses: bool,
    /// Where it parted from the abstract model, when that was looked at and is what was found.
    pub mismatch: Option<Mismatch>,
    /// Every step was held against the abstract model.
    pub refines: bool,
    /// The promises that were looked for; all when empty.
    pub sought: &'static [&'static str],
}

/// What a slice of a hunt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HuntState {
    /// Nothing yet.
    Searching(Progress),
    /// A broken promise. The next slice goes on behind it.
    Found(Box<Found>),
}

/// A hunt in progress.
#[derive(Clone, Debug)]
pub struct Hunt {
    swarm: Swarm,
    counts_losses: bool,
    next: u64,
    run: Option<(u64, Run)>,
    progress: Progress,
}

impl Found {
    /// What `run` of that seed has found, if it has.
    pub fn of(seed: u64, run: &Run) -> Option<Found> {
        run.violation().map(|violation| Found {
            seed,
            violation: *violation,
            genesis: run.sim().world().genesis.as_ref().clone(),
            script: run.script().to_vec(),
            ending: run.ending(),
            counts_losses: run.counts_losses(),
            mismatch: run.mismatch().cloned(),
            refines: run.refines(),
            sought: run.sought(),
        })
    }
}

impl Hunt {
    /// A hunt with these settings. Clusters are small: three brokers, one partition.
    ///
    /// # Errors
    /// When a switch has a wrong name or value, or the settings make no cluster: names the remedy.
    pub fn new(spec: HuntSpec) -> Result<Hunt, String> {
        let swarm = Swarm {
            mode: spec.mode,
            releases: vec![spec.release],
            demand: Demand::ShowMe,
            refines: false,
            size: Size::Small,
            faults: spec.faults,
            acks: Some(spec.acks),
            min_isr: Some(spec.min_isr),
            unclean: Some(spec.unclean),
            consumers: false,
            switches: spec.switches,
        };
        Hunt::of(swarm, spec.seed, true)
    }

    /// A hunt over any swarm, from this seed on.
    ///
    /// # Errors
    /// As [`Hunt::new`].
    pub fn of(swarm: Swarm, seed: u64, counts_losses: bool) -> Result<Hunt, String> {
        swarm.check()?;
        swarm.draw(seed).0.validate().map_err(|error| error.to_string())?;
        Ok(Hunt { swarm, counts_losses, next: seed, run: None, progress: Progress::default() })
    }

    /// How far it has come.
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Goes on for about so many events.
    pub fn advance(&mut self, budget: u64) -> HuntState {
        let mut left = budget.max(1);
        while left > 0 {
            let Some((seed, mut run)) = self.run.take().or_else(|| self.begin()) else { break };
            let before = run.sim().event().0;
            let over = run.advance(left);
            let events = run.sim().event().0 - before;
            self.progress.events += events;
            left = left.saturating_sub(events.max(1));
            if !over {
                self.run = Some((seed, run));
                continue;
            }
            self.progress.seeds += 1;
            self.progress.tally.add(&run.tally());
            if let Some(found) = Found::of(seed, &run) {
                return HuntState::Found(Box::new(found));
            }
        }
        HuntState::Searching(self.progress)
    }

    fn begin(&mut self) -> Option<(u64, Run)> {
        let seed = self.next;
        self.next = seed.wrapping_add(1);
        let (genesis, plan) = self.swarm.draw(seed);
        // What a seed draws is valid: `Hunt::of` has looked at what the caller chose.
        let run = Run::new(genesis, plan).ok()?;
        Some((seed, run.counting_losses(self.counts_losses)))
    }
}
