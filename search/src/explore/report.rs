//! What a search came to: figures, broken promises with the runs that break them, and what it was worth.

use super::board::Board;
use super::replay::Played;
use super::walk::{Move, Walk};
use super::world::World;
use kraftscope_core::check::Rule;
use kraftscope_models::explore::{Cut, Explorer};

/// A world whose paths the simulator can play.
pub trait Playable: World + Sized {
    /// The promises that are looked at.
    const PROMISES: &'static [Rule];
    /// What should happen sometimes: bit `i` is witness `i`.
    const WITNESSES: &'static [&'static str];

    /// Which witnesses can be seen at all within the bounds: bits.
    fn must_show(&self) -> u64;
    /// A path, as a run of the simulator; `None` when it cannot follow.
    fn play(walk: &Walk<Self>, path: &[(Option<Move>, Board)]) -> Option<Played>;
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which promise.
    pub rule: Rule,
    /// The length of the shortest path to it, in states, the first included.
    pub length: u32,
    /// The moves of that path, in a few words each.
    pub path: Vec<String>,
    /// The run of the simulator that breaks it.
    pub played: Option<Played>,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Distinct states.
    pub states: u64,
    /// Successors that were looked at.
    pub generated: u64,
    /// The length of the longest of all shortest paths, in states.
    pub depth: u32,
    /// Distinct states of single nodes.
    pub local_states: u64,
    /// Why the search ended early.
    pub cut: Option<Cut>,
    /// Some states had more messages on their way than a state holds, and what lies behind was not seen.
    pub overflowed: bool,
    /// Some steps led out of the bounds of the world (epochs above the highest): what lies there belongs to a larger one.
    pub bounded: bool,
    /// The broken promises, nearest first.
    pub breaches: Vec<Breach>,
    /// What happened sometimes.
    pub seen: Vec<&'static str>,
    /// What should have happened sometimes, and never did.
    pub missed: Vec<&'static str>,
}

impl Report {
    /// What is known of a search, at its end or on its way. Replays what was broken.
    pub fn of<W: Playable>(search: &Explorer<Walk<W>>) -> Report {
        let walk = search.model();
        let is_complete = search.cut().is_none() && !walk.has_overflowed();
        let (shown, expected) = (walk.shown(), walk.world().must_show());
        let witnesses = |bits: u64| {
            let names = W::WITNESSES.iter().enumerate();
            names.filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, &name)| name).collect()
        };
        let breach = |finding: &kraftscope_models::explore::Finding| {
            let rule = W::PROMISES.iter().copied().find(|&rule| rule as u32 == finding.promise)?;
            let path = search.path(finding.index);
            let played = W::play(walk, &path);
            let path = path.iter().filter_map(|(made, _)| made.map(|made| walk.describe(made))).collect();
            Some(Breach { rule, length: finding.length, path, played })
        };
        Report {
            states: search.states(),
            generated: search.generated(),
            depth: search.depth(),
            local_states: walk.local_states(),
            cut: search.cut(),
            overflowed: walk.has_overflowed(),
            bounded: walk.is_bounded(),
            breaches: search.findings().iter().filter_map(breach).collect(),
            seen: witnesses(shown),
            // A search that was cut short might have come to it.
            missed: if is_complete { witnesses(expected & !shown) } else { Vec::new() },
        }
    }

    /// Whether every state within the bounds was seen.
    pub fn is_complete(&self) -> bool {
        self.cut.is_none() && !self.overflowed
    }
}
