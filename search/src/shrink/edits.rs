//! What may be taken away from a candidate, in rounds, largest pieces first.

use super::Candidate;
use crate::script::{Act, Deed};
use kraftscope_core::config::Settings;
use kraftscope_core::net::Latency;
use kraftscope_core::node::Loss;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::{Span, Time};

/// Rounds, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Deeds, in pieces of this many.
    Deeds(usize),
    /// Nodes, clients, topics, settings.
    Genesis,
    /// Simpler deeds.
    Simpler,
    /// Gaps between deeds.
    Gaps,
}

/// Walks through all edits again and again, until a whole walk brings nothing.
#[derive(Clone, Debug)]
pub(super) struct Edits {
    round: Option<Round>,
    at: usize,
    /// Something was taken away in this walk.
    improved: bool,
    /// The last candidate was taken: what stood at `at` is gone.
    taken: bool,
    walks: u32,
}

/// Walks at the most.
const MOST_WALKS: u32 = 8;

impl Edits {
    pub(super) const fn new() -> Edits {
        Edits { round: None, at: 0, improved: false, taken: false, walks: 0 }
    }

    /// The last candidate is the best now.
    pub(super) const fn accepted(&mut self) {
        self.improved = true;
        self.taken = true;
    }

    /// The next candidate; `None` when a whole walk brought nothing.
    pub(super) fn next(&mut self, best: &Candidate) -> Option<Candidate> {
        let mut candidate = None;
        while candidate.is_none() {
            let taken = core::mem::take(&mut self.taken);
            match self.round {
                None => self.enter(Round::Deeds(best.deeds.len().div_ceil(2).max(1))),
                Some(Round::Deeds(size)) => {
                    // What was behind a piece that was taken away has moved to its place.
                    self.at += if taken { 0 } else { size };
                    if self.at < best.deeds.len() + size {
                        candidate = without(best, self.at - size.min(self.at), size);
                    } else if size > 1 {
                        self.enter(Round::Deeds(size.div_ceil(2).min(best.deeds.len().max(1))));
                    } else {
                        self.enter(Round::Genesis);
                    }
                }
                Some(Round::Genesis) => {
                    let edits = genesis_edits(&best.genesis);
                    self.at += usize::from(!taken);
                    match edits.into_iter().nth(self.at - 1) {
                        Some(genesis) => candidate = Some(Candidate { genesis, ..best.clone() }),
                        None => self.enter(Round::Simpler),
                    }
                }
                Some(Round::Simpler) => {
                    self.at += 1;
                    match simpler(best).into_iter().nth(self.at - 1) {
                        Some(deeds) => candidate = Some(Candidate { deeds, ..best.clone() }),
                        None => self.enter(Round::Gaps),
                    }
                }
                Some(Round::Gaps) => {
                    self.at += 1;
                    match gaps(best).into_iter().nth(self.at - 1) {
                        Some(shorter) => candidate = Some(shorter),
                        None => {
                            self.walks += 1;
                            if !core::mem::take(&mut self.improved) || self.walks >= MOST_WALKS {
                                return None;
                            }
                            self.round = None;
                        }
                    }
                }
            }
        }
        candidate
    }

    fn enter(&mut self, round: Round) {
        self.round = Some(round);
        self.at = 0;
        self.taken = false;
    }
}

fn without(best: &Candidate, from: usize, size: usize) -> Option<Candidate> {
    let to = (from + size).min(best.deeds.len());
    if from >= to {
        return None;
    }
    let mut deeds = best.deeds.clone();
    deeds.drain(from..to);
    Some(Candidate { deeds, ..best.clone() })
}

/// Every smaller or plainer cluster that differs in one thing.
fn genesis_edits(genesis: &Genesis) -> Vec<Genesis> {
    let mut edits = Vec::new();
    let mut add = |change: &dyn Fn(&mut Genesis)| {
        let mut changed = genesis.clone();
        change(&mut changed);
        if changed != *genesis && changed.validate().is_ok() && (lives(&changed) || !lives(genesis)) {
            edits.push(changed);
        }
    };
    for i in 0..genesis.consumers.len() {
        add(&|g| drop(g.consumers.remove(i)));
    }
    for i in 0..genesis.producers.len() {
        add(&|g| drop(g.producers.remove(i)));
    }
    for i in 0..genesis.topics.len() {
        add(&|g| remove_topic(g, i));
        add(&|g| g.topics[i].partitions = 1);
        add(&|g| g.topics[i].replicas = g.topics[i].replicas.saturating_sub(1));
    }
    add(&|g| g.controllers = 1);
    add(&|g| g.controllers = g.controllers.min(3));
    add(&|g| g.brokers = g.brokers.saturating_sub(1));
    add(&|g| g.latency = Latency::Fixed);
    for i in 0..genesis.producers.len() {
        add(&|g| g.producers[i].keys = 0);
    }
    add(&|g| {
        let (release, features) = (g.settings.release, g.settings.features);
        g.settings = Settings { features, ..Settings::of(release) };
    });
    for (key, _) in genesis.settings.changed() {
        let default = kraftscope_core::config::find(key).map(|s| s.default_of(genesis.settings.release));
        if let Some(default) = default {
            add(&|g| drop(g.settings.set(key, &default.to_string())));
        }
    }
    edits
}

/// Whether brokers send heartbeats before their sessions are over: else they are fenced for ever, and every other goal is
/// missed for that.
fn lives(genesis: &Genesis) -> bool {
    genesis.settings.broker_heartbeat_interval < genesis.settings.broker_session_timeout
}

fn remove_topic(genesis: &mut Genesis, at: usize) {
    let name = genesis.topics.remove(at).name;
    for topics in genesis.producers.iter_mut().map(|p| &mut p.topics) {
        topics.retain(|topic| *topic != name);
    }
    for topics in genesis.consumers.iter_mut().map(|c| &mut c.topics) {
        topics.retain(|topic| *topic != name);
    }
}

/// Scripts in which one deed is plainer: a whole loss for a partial one, a round time for an odd one.
fn simpler(best: &Candidate) -> Vec<Vec<Deed>> {
    let mut scripts = Vec::new();
    for (i, deed) in best.deeds.iter().enumerate() {
        let mut add = |changed: Deed| {
            if changed != *deed {
                let mut deeds = best.deeds.clone();
                deeds[i] = changed;
                scripts.push(deeds);
            }
        };
        if let Act::Do(Action::Crash(node, Loss::AtMost(_))) = deed.act {
            add(Deed { act: Act::Do(Action::Crash(node, Loss::Unflushed)), ..*deed });
        }
        let before = i.checked_sub(1).map_or(Time::ZERO, |before| best.deeds[before].time);
        for unit in [1_000_000, 100_000, 1000] {
            let round = Time(deed.time.0 / unit * unit);
            if round > before {
                add(Deed { time: round, nth: 0, ..*deed });
            }
        }
    }
    scripts
}

/// Scripts in which everything from one deed on comes earlier.
fn gaps(best: &Candidate) -> Vec<Candidate> {
    let mut shorter = Vec::new();
    for i in 0..=best.deeds.len() {
        let before = i.checked_sub(1).map_or(Time::ZERO, |before| best.deeds[before].time);
        let here = best.deeds.get(i).map_or(best.ending.time, |deed| deed.time);
        let gap = here.since(before);
        for part in [gap.0 * 9 / 10, gap.0 / 2, gap.0 / 4] {
            if part < Span::millis(100).0 {
                continue;
            }
            let mut candidate = best.clone();
            let earlier = |time: Time| Time(time.0.saturating_sub(part));
            for deed in &mut candidate.deeds[i..] {
                deed.time = earlier(deed.time);
            }
            candidate.ending.time = earlier(candidate.ending.time);
            shorter.push(candidate);
        }
    }
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: `Warning::HeartbeatNotBelowSession`.
    #[test]
    fn a_smaller_cluster_still_sends_heartbeats_in_time() {
        let mut genesis = Genesis::default();
        genesis.settings.broker_session_timeout = Span::millis(1000);
        genesis.settings.broker_heartbeat_interval = Span::millis(250);
        assert!(genesis_edits(&genesis).iter().all(lives));
        genesis.settings.broker_heartbeat_interval = Span::millis(1500);
        assert!(genesis_edits(&genesis).iter().any(|edit| !lives(edit)), "it was asked for");
    }
}
