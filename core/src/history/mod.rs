//! A run that can be held still: genesis, script, snapshots, a cursor, and branches.
//!
//! Everything is replay. The script says at which event numbers somebody interfered; every other event is what
//! the simulator does next by itself. Seeking restores the nearest snapshot and replays the gap. Acting in the
//! past forks: the old future stays as a branch.
//!
//! Keeps: the event at number n of a branch is the same whenever it is replayed.

mod branch;
mod shared;

pub use branch::{BranchInfo, Intervention, NoteLog, StepLog};

use crate::id::StepId;
use crate::note::Note;
use crate::scenario::words::Names;
use crate::scenario::{Condition, truth};
use crate::sim::action::Action;
use crate::sim::genesis::{Genesis, GenesisError};
use crate::sim::{NotEnabled, Sim, Step};
use crate::time::Time;
use alloc::sync::Arc;
use alloc::vec::Vec;
use branch::Branch;
use core::ops::Range;
use serde::Serialize;

/// A snapshot is kept every so many events: what a seek replays at most.
const SPACING: u64 = 1000;
/// What an action led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// The event that it became.
    pub event: StepId,
    /// The branch that keeps the old future, when the action was in the past.
    pub kept: Option<u32>,
}

/// What came of playing interventions anew.
#[derive(Debug)]
struct Replay {
    /// The branch that keeps the old course of events.
    kept: Option<u32>,
    /// How many had become impossible.
    impossible: u32,
    /// The event that each became.
    done: Vec<Option<StepId>>,
}

/// A run with its past, its cursor and its branches.
#[derive(Clone, Debug)]
pub struct History {
    live: Sim,
    branch: Branch,
    others: Vec<Branch>,
    place: u32,
    /// The intervention that was moved last, while nothing else was done since.
    moved: Option<StepId>,
    scratch: Step,
}

impl History {
    /// A run of that cluster; nothing has happened yet.
    pub fn new(genesis: Genesis) -> Result<History, GenesisError> {
        Sim::new(genesis).map(History::of)
    }

    /// The same, and what runs are compared by is counted at every moment of it.
    pub fn measured(genesis: Genesis) -> Result<History, GenesisError> {
        let mut live = Sim::new(genesis)?;
        live.measure();
        Ok(History::of(live))
    }

    fn of(live: Sim) -> History {
        let mut branch = Branch::nothing();
        branch.snapshots.push(Arc::new(live.clone()));
        History { live, branch, others: Vec::new(), place: 0, moved: None, scratch: Step::default() }
    }

    /// How it began.
    pub fn genesis(&self) -> &Genesis {
        &self.live.world().genesis
    }

    /// The cluster at the cursor.
    pub const fn sim(&self) -> &Sim {
        &self.live
    }

    /// Events applied up to the cursor.
    pub const fn event(&self) -> StepId {
        self.live.event()
    }

    /// The furthest event of this branch that was ever computed.
    pub const fn end(&self) -> StepId {
        StepId(self.branch.steps.length)
    }

    /// Time of the last event at the cursor.
    pub fn now(&self) -> Time {
        self.live.now()
    }

    /// When the next event happens.
    pub fn next_due(&self) -> Option<Time> {
        match self.branch.steps.get(self.event().0) {
            Some(step) => Some(step.time),
            None => self.live.next_due(),
        }
    }

    /// Names of topics by id: those of the genesis, then those that were created later.
    pub fn names(&self) -> Names {
        names(&self.live)
    }

    /// Forward by one event. `None` when nothing is left to happen.
    pub fn step(&mut self) -> Option<StepId> {
        let next = self.event().next();
        let known = next.0 <= self.branch.steps.length;
        let scripted = self.branch.script.binary_search_by_key(&next, |intervention| intervention.event).ok();
        let mut step = core::mem::take(&mut self.scratch);
        let happened = match scripted.map(|at| self.branch.script[at]) {
            Some(Intervention { time, action, .. }) => match self.live.apply_at(time, action) {
                Ok(done) => {
                    step = done;
                    true
                }
                Err(_) => false,
            },
            None => self.live.step_into(&mut step),
        };
        if happened && !known {
            self.branch.record(&step);
        }
        if happened {
            self.keep_snapshot();
        }
        self.scratch = step;
        happened.then_some(next)
    }

    fn keep_snapshot(&mut self) {
        let event = self.event();
        let last = self.branch.snapshots.last().map_or(StepId(0), |snapshot| snapshot.event());
        if event.0 >= last.0 + SPACING {
            self.branch.snapshots.push(Arc::new(self.live.clone()));
        }
    }

    /// Back by one event. Returns whether there was one.
    pub fn back(&mut self) -> bool {
        let Some(before) = self.event().0.checked_sub(1) else { return false };
        self.seek(StepId(before));
        true
    }

    /// Moves the cursor to that event; beyond the end new events are computed.
    pub fn seek(&mut self, event: StepId) {
        let reachable = self.event() <= event && event.0 - self.event().0 <= SPACING;
        if !reachable {
            let after = self.branch.snapshots.partition_point(|snapshot| snapshot.event() <= event);
            let nearest = &self.branch.snapshots[after.saturating_sub(1)];
            if self.event() > event || nearest.event() > self.event() {
                self.live = Sim::clone(nearest);
            }
        }
        while self.event() < event && self.step().is_some() {}
    }

    /// Moves the cursor behind the last event that is not after `time`; beyond the end new events are computed,
    /// at most `limit` of them. Returns whether it got there.
    pub fn seek_time(&mut self, time: Time, limit: u64) -> bool {
        let known = self.branch.steps.partition_point(|step| step.time <= time);
        self.seek(StepId(known));
        if known < self.branch.steps.length {
            return true;
        }
        let mut left = limit;
        while self.next_due().is_some_and(|due| due <= time) {
            if left == 0 || self.step().is_none() {
                return false;
            }
            left -= 1;
        }
        true
    }

    /// Steps forward until `condition` holds, by at most `limit` events. Returns whether it holds.
    pub fn until(&mut self, condition: &Condition, limit: u64) -> bool {
        for _ in 0..limit {
            if self.step().is_none() {
                return false;
            }
            let notes = self.notes_of(self.event());
            if condition.holds(&self.live, notes) {
                return true;
            }
        }
        false
    }

    /// Whether `condition` holds at the cursor.
    pub fn holds(&self, condition: &Condition) -> bool {
        condition.holds(&self.live, self.notes_of(self.event()))
    }

    /// Interferes at the cursor, at `at` (between the last event and the next). In the past this forks, and the
    /// old future is kept as a branch.
    pub fn act(&mut self, at: Time, action: Action) -> Result<Acted, NotEnabled> {
        let mut trial = self.live.clone();
        let step = trial.apply_at(at, action)?;
        let kept = self.fork();
        self.moved = None;
        self.live = trial;
        self.branch.script.push(Intervention { event: step.event, time: at, action });
        self.branch.record(&step);
        self.keep_snapshot();
        Ok(Acted { event: step.event, kept })
    }

    /// Makes the cursor the end of the branch; keeps the old future, if there is one.
    fn fork(&mut self) -> Option<u32> {
        if self.event() == self.end() {
            return None;
        }
        let old = self.branch.clone();
        self.branch.truncate(self.event());
        self.branch.forked_at = self.event();
        self.others.insert(self.place as usize, old);
        let kept = self.place;
        self.place = self.others.len() as u32;
        Some(kept)
    }

    /// Takes back the last intervention before the cursor and goes there. What followed is kept as a branch.
    pub fn undo(&mut self) -> bool {
        let cursor = self.event();
        let Some(last) = self.branch.script.iter().rev().find(|done| done.event <= cursor).copied() else {
            return false;
        };
        self.seek(StepId(last.event.0 - 1));
        self.fork();
        self.moved = None;
        true
    }

    /// Where somebody interfered in this branch.
    pub fn interventions(&self) -> &[Intervention] {
        &self.branch.script
    }

    /// Plays the branch anew with that intervention removed. Returns how many later ones had become impossible.
    pub fn remove(&mut self, number: u32) -> u32 {
        let Some(removed) = self.branch.script.get(number as usize).copied() else { return 0 };
        let later = self.branch.script.iter().filter(|other| other.event > removed.event);
        let later = later.map(|other| (other.time, other.action)).collect();
        self.replay_from(removed.event, later).impossible
    }

    /// Plays the branch anew with that intervention at another time. Returns how many had become impossible.
    /// The old course of events is kept as a branch, unless it came from moving this same intervention: who looks for
    /// the right moment moves it many times, and only what was there before is worth going back to.
    pub fn move_to(&mut self, number: u32, time: Time) -> u32 {
        let Some(moved) = self.branch.script.get(number as usize).copied() else { return 0 };
        let at_time = self.branch.steps.partition_point(|step| step.time <= time) + 1;
        let from = moved.event.min(StepId(at_time));
        let others =
            self.branch.script.iter().filter(|other| other.event >= from && other.event != moved.event);
        let mut later: Vec<(Time, Action)> = others.map(|other| (other.time, other.action)).collect();
        let place = later.partition_point(|(other, _)| *other <= time);
        later.insert(place, (time, moved.action));
        let again = self.moved == Some(moved.event);
        let replay = self.replay_from(from, later);
        if let Some(old) = replay.kept.filter(|_| again) {
            self.others.remove(old as usize);
            self.place -= 1;
        }
        self.moved = replay.done.get(place).copied().flatten();
        replay.impossible
    }

    /// Goes back before event `from`, interferes with `later` at its times, and plays until the old end.
    fn replay_from(&mut self, from: StepId, later: Vec<(Time, Action)>) -> Replay {
        let end = self.branch.info(true).end_time;
        let (cursor, budget) = (self.now(), self.end().0 * 2 + SPACING);
        self.seek(StepId(from.0 - 1));
        let kept = self.fork();
        self.moved = None;
        let mut done = Vec::new();
        for (time, action) in later {
            self.seek_time(time, budget);
            done.push(self.act(time.max(self.now()), action).ok().map(|acted| acted.event));
        }
        self.seek_time(end, budget);
        self.seek_time(cursor, budget);
        Replay { kept, impossible: done.iter().filter(|done| done.is_none()).count() as u32, done }
    }

    /// All branches, in the order in which they came to be.
    pub fn branches(&self) -> Vec<BranchInfo> {
        let mut infos: Vec<BranchInfo> = self.others.iter().map(|branch| branch.info(false)).collect();
        infos.insert((self.place as usize).min(infos.len()), self.branch.info(true));
        infos
    }

    /// Shows another branch, at its end. Returns whether there is such a branch.
    pub fn switch(&mut self, number: u32) -> bool {
        let infos = self.others.len() as u32 + 1;
        if number >= infos || number == self.place {
            return false;
        }
        let mut all: Vec<Branch> = core::mem::take(&mut self.others);
        let current = core::mem::replace(&mut self.branch, Branch::nothing());
        all.insert((self.place as usize).min(all.len()), current);
        self.branch = all.remove(number as usize);
        (self.others, self.place, self.moved) = (all, number, None);
        if let Some(first) = self.branch.snapshots.first() {
            self.live = Sim::clone(first);
        }
        self.seek(self.end());
        true
    }

    /// What is remembered of one event.
    pub fn step_log(&self, event: StepId) -> Option<&StepLog> {
        self.branch.steps.get(event.0.checked_sub(1)?)
    }

    /// The events of that range of numbers, with what is remembered of them.
    pub fn steps(&self, range: Range<StepId>) -> impl DoubleEndedIterator<Item = (StepId, &StepLog)> + '_ {
        let first = range.start.0.max(1);
        let numbers = first..range.end.0.min(self.branch.steps.length + 1);
        numbers.filter_map(|event| Some((StepId(event), self.step_log(StepId(event))?)))
    }

    /// How many notes this branch has.
    pub const fn note_count(&self) -> u64 {
        self.branch.notes.length
    }

    /// Notes by their number.
    pub fn notes(&self, range: Range<u64>) -> impl DoubleEndedIterator<Item = &NoteLog> + '_ {
        self.branch.notes.range(range)
    }

    /// Number of the first note of that event or of the first event after it.
    pub fn first_note(&self, event: StepId) -> u64 {
        match self.step_log(event) {
            Some(step) => u64::from(step.first_note),
            None if event.0 == 0 => 0,
            None => self.branch.notes.length,
        }
    }

    /// The notes of one event.
    pub fn notes_of(&self, event: StepId) -> impl Iterator<Item = &Note> + Clone + '_ {
        let numbers = if event.0 == 0 { 0..0 } else { self.first_note(event)..self.first_note(event.next()) };
        numbers.filter_map(|number| self.branch.notes.get(number)).map(|log| &log.note)
    }

    /// Digest of the state at the cursor.
    pub fn digest(&self) -> u64 {
        self.live.digest()
    }
}

/// Names of topics by id, as far as the genesis and the metadata know them.
pub fn names(sim: &Sim) -> Names {
    let mut names: Vec<_> = sim.world().genesis.all_topics().iter().map(|topic| topic.name).collect();
    if let Some(image) = truth(sim) {
        for (id, topic) in &image.topics {
            let place = usize::from(id.0);
            if names.len() <= place {
                names.resize(place + 1, topic.name);
            }
            names[place] = topic.name;
        }
    }
    Names(names)
}
