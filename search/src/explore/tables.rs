//! Every state of a node, every message and every ghost, once, under a number; and what inputs do to nodes.
//!
//! Equal essences get equal numbers ([`super::essence`]); of the states that share one, the first stands for all.

use super::essence::{Names, essence};
use super::world::{CHANNELS, Channel, Facts, Input, MOST_NODES, Place, World};
use kraftscope_core::dice::Dice;
use kraftscope_core::id::{Correlation, NodeId};
use kraftscope_core::node::{Effect, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::wire::Message;
use kraftscope_models::seen::fold;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

/// Seeds under which a node's luck takes every value, for up to four things to choose from.
const LUCK: core::ops::Range<u64> = 1..65;

/// A hasher for keys that are well mixed once they are folded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Folder(u64);

impl Hasher for Folder {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = fold(self.0, n);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Folder>>;

/// A state of a node with the timers that are armed.
#[derive(Clone, Debug)]
pub(super) struct Local<N> {
    pub(super) node: N,
    /// Ascending.
    pub(super) armed: Vec<Timer>,
    /// Their numbers.
    pub(super) timers: Vec<u32>,
    pub(super) facts: Facts,
    /// By place and channel: the number that it gave its last request, in its own count.
    last_sent: [[Correlation; CHANNELS]; MOST_NODES],
    /// By renaming.
    pub(super) hashes: Vec<u64>,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) from: Place,
    pub(super) to: Place,
    /// See [`super::board`].
    pub(super) number: u8,
    pub(super) channel: Channel,
    pub(super) eager: bool,
    pub(super) request: bool,
    pub(super) message: Rc<Message>,
    /// What it says, by renaming.
    texts: Vec<u64>,
    /// All of it, by renaming.
    pub(super) hashes: Vec<u64>,
}

/// A message that a node sends, before the network has numbered it.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) to: Place,
    pub(super) channel: Channel,
    pub(super) eager: bool,
    /// Of an answer: the number of the request.
    pub(super) answers: Option<u8>,
    pub(super) message: Rc<Message>,
    /// By renaming.
    pub(super) hashes: Vec<u64>,
}

/// What an input did to a node.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) local: u32,
    pub(super) sends: Vec<Sending>,
    pub(super) broken: u64,
    pub(super) shown: u64,
}

/// An input, as a key: what kind it is and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Boot,
    Sent(u32),
    Fire(u32),
    Gone(Place),
    Act(u32),
}

impl Key {
    /// Together with the state that takes the input: one number.
    fn with(self, local: u32) -> u64 {
        let (kind, number) = match self {
            Key::Boot => (0, 0),
            Key::Sent(message) => (1, message),
            Key::Fire(timer) => (2, timer),
            Key::Gone(place) => (3, u32::from(place)),
            Key::Act(act) => (4, act),
        };
        u64::from(local) << 32 | kind << 29 | u64::from(number)
    }
}

/// The tables of one search.
#[derive(Debug)]
pub(super) struct Tables<W: World> {
    ids: Vec<NodeId>,
    pub(super) names: Vec<Names>,
    pub(super) locals: Vec<Local<W::Node>>,
    local_of: Map<u64, u32>,
    pub(super) messages: Vec<Sent>,
    message_of: Map<(u64, u8, u8, u8), u32>,
    pub(super) ghosts: Vec<(W::Ghost, Vec<u64>)>,
    ghost_of: Map<u64, u32>,
    pub(super) acts: Vec<W::Act>,
    act_of: Map<W::Act, u32>,
    pub(super) timers: Vec<Timer>,
    /// Some step led out of the bounds of the world.
    pub(super) bounded: bool,
    outcomes: Map<u64, Rc<[Outcome]>>,
    learned: Map<(u32, u32, u32), (u32, u64)>,
    pairs: Map<u64, u64>,
    dead: Map<u64, bool>,
    /// By asker, asked and renaming: what awaited answers add to a fingerprint.
    waiting: Vec<u64>,
}

impl<W: World> Tables<W> {
    pub(super) fn new(world: &W) -> Tables<W> {
        let mut tables = Tables {
            ids: world.ids().to_vec(),
            names: world.symmetries(),
            locals: Vec::new(),
            local_of: Map::default(),
            messages: Vec::new(),
            message_of: Map::default(),
            ghosts: Vec::new(),
            ghost_of: Map::default(),
            acts: Vec::new(),
            act_of: Map::default(),
            timers: Vec::new(),
            bounded: false,
            outcomes: Map::default(),
            waiting: Vec::new(),
            learned: Map::default(),
            pairs: Map::default(),
            dead: Map::default(),
        };
        tables.weigh_waiting();
        tables
    }

    /// Fills the table of what awaited answers add to fingerprints.
    fn weigh_waiting(&mut self) {
        for from in 0..MOST_NODES {
            for to in 0..MOST_NODES {
                for names in &self.names {
                    let name = |place: usize| self.ids.get(place).map_or(0, |&id| names.of(id).0);
                    self.waiting.push(fold(21, u64::from(name(from)) << 8 | u64::from(name(to))));
                }
            }
        }
    }

    /// What it adds to a fingerprint that `from` waits for `to` to answer these requests.
    #[inline]
    pub(super) fn waiting(&self, (from, to): (usize, usize), awaited: u16, renaming: usize) -> u64 {
        let pair = self.waiting[(from * MOST_NODES + to) * self.names.len() + renaming];
        pair.wrapping_mul(u64::from(awaited))
    }

    /// The number of this state of a node.
    pub(super) fn local(
        &mut self,
        world: &W,
        node: W::Node,
        armed: Vec<Timer>,
        last_sent: [[Correlation; CHANNELS]; MOST_NODES],
    ) -> u32 {
        let hash = |names: &Names| {
            let timers = armed.iter().map(|timer| essence(timer, world.message_rules(), names));
            timers.fold(world.essence(&node, names), |hash, timer| hash.wrapping_add(fold(1, timer)))
        };
        let hashes: Vec<u64> = self.names.iter().map(hash).collect();
        let next = self.locals.len() as u32;
        let number = *self.local_of.entry(hashes[0]).or_insert(next);
        if number == next {
            let facts = world.facts(&node);
            let timers = armed.iter().map(|&timer| self.timer(timer)).collect();
            self.locals.push(Local { node, armed, timers, facts, last_sent, hashes });
        }
        number
    }

    /// The number of this message.
    pub(super) fn message(&mut self, from: Place, sending: &Sending, number: u8) -> u32 {
        let next = self.messages.len() as u32;
        let key = (sending.hashes[0], from, sending.to, number);
        let found = *self.message_of.entry(key).or_insert(next);
        if found == next {
            let renamed = |names: &Names| {
                let name = |place: Place| u64::from(names.of(self.ids[usize::from(place)]).0);
                name(from) << 16 | name(sending.to) << 8 | u64::from(number)
            };
            let links = self.names.iter().map(renamed);
            self.messages.push(Sent {
                from,
                to: sending.to,
                number,
                channel: sending.channel,
                eager: sending.eager,
                request: sending.answers.is_none(),
                message: sending.message.clone(),
                texts: sending.hashes.clone(),
                hashes: links.zip(&sending.hashes).map(|(link, &text)| fold(fold(22, link), text)).collect(),
            });
        }
        found
    }

    /// The same message under number 0.
    pub(super) fn forgotten(&mut self, message: u32) -> u32 {
        let Sent { from, to, channel, eager, message, texts, .. } = self.messages[message as usize].clone();
        self.message(from, &Sending { to, channel, eager, answers: None, message, hashes: texts }, 0)
    }

    /// The number of this ghost.
    pub(super) fn ghost(&mut self, world: &W, ghost: W::Ghost) -> u32 {
        let hashes: Vec<u64> = self.names.iter().map(|names| world.ghost_essence(&ghost, names)).collect();
        let next = self.ghosts.len() as u32;
        let number = *self.ghost_of.entry(hashes[0]).or_insert(next);
        if number == next {
            self.ghosts.push((ghost, hashes));
        }
        number
    }

    /// The number of this timer.
    pub(super) fn timer(&mut self, timer: Timer) -> u32 {
        let known = self.timers.iter().position(|&other| other == timer);
        let number = known.unwrap_or_else(|| {
            self.timers.push(timer);
            self.timers.len() - 1
        });
        number as u32
    }

    /// The number of this act.
    pub(super) fn act(&mut self, act: W::Act) -> u32 {
        let next = self.acts.len() as u32;
        let number = *self.act_of.entry(act.clone()).or_insert(next);
        if number == next {
            self.acts.push(act);
        }
        number
    }

    /// What the ghost becomes when a node goes from one state to another, and what that breaks.
    pub(super) fn learn(&mut self, world: &W, ghost: u32, before: u32, after: u32) -> (u32, u64) {
        if let Some(&known) = self.learned.get(&(ghost, before, after)) {
            return known;
        }
        let mut next = self.ghosts[ghost as usize].0.clone();
        let (old, new) = (&self.locals[before as usize].node, &self.locals[after as usize].node);
        let broken = world.learn(&mut next, old, new);
        let learned = (self.ghost(world, next), broken);
        self.learned.insert((ghost, before, after), learned);
        learned
    }

    /// What these two states break together.
    pub(super) fn pair(&mut self, world: &W, one: u32, other: u32) -> u64 {
        let Tables { pairs, locals, .. } = self;
        let judge = || world.judge_pair(&locals[one as usize].node, &locals[other as usize].node);
        *pairs.entry(u64::from(one) << 32 | u64::from(other)).or_insert_with(judge)
    }

    /// Whether this request can change nothing any more at a node in this state.
    pub(super) fn is_dead(&mut self, world: &W, local: u32, message: u32) -> bool {
        let Tables { dead, locals, messages, .. } = self;
        let ask = || world.is_dead(&locals[local as usize].node, &messages[message as usize].message);
        *dead.entry(u64::from(local) << 32 | u64::from(message)).or_insert_with(ask)
    }

    /// What an input does to a node, under every luck.
    pub(super) fn outcomes(&mut self, world: &W, local: u32, key: Key) -> Rc<[Outcome]> {
        if let Some(known) = self.outcomes.get(&key.with(local)) {
            return known.clone();
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        for seed in LUCK {
            let (outcome, lucky) = self.try_out(world, local, key, seed);
            let Some(outcome) = outcome else { if lucky { continue } else { break } };
            let same = |known: &Outcome| {
                let hashes =
                    |outcome: &Outcome| outcome.sends.iter().map(|s| (s.to, s.hashes[0])).collect::<Vec<_>>();
                known.local == outcome.local && hashes(known) == hashes(&outcome)
            };
            if !outcomes.iter().any(same) {
                outcomes.push(outcome);
            }
            if !lucky {
                break;
            }
        }
        let outcomes: Rc<[Outcome]> = outcomes.into();
        self.outcomes.insert(key.with(local), outcomes.clone());
        outcomes
    }

    fn input(&self, world: &W, local: u32, key: Key) -> Input<W::Act> {
        let id = |place: Place| world.ids()[usize::from(place)];
        match key {
            Key::Boot => Input::Boot,
            Key::Fire(timer) => Input::Fire(self.timers[timer as usize]),
            Key::Gone(place) => Input::Gone(id(place)),
            Key::Act(act) => Input::Act(self.acts[act as usize].clone()),
            Key::Sent(message) => {
                let sent = &self.messages[message as usize];
                let from = id(sent.from);
                let correlation = if sent.request {
                    Correlation(u32::from(sent.number))
                } else {
                    let last_sent = &self.locals[local as usize].last_sent;
                    last_sent[usize::from(sent.from)][usize::from(sent.channel)]
                };
                Input::Message { from, correlation, message: Message::clone(&sent.message) }
            }
        }
    }

    /// One run of the node. `None` when that leads out of the world's bounds. Also says whether luck decided.
    fn try_out(&mut self, world: &W, local: u32, key: Key, seed: u64) -> (Option<Outcome>, bool) {
        let input = self.input(world, local, key);
        let before = &self.locals[local as usize];
        let (mut node, mut armed) = (before.node.clone(), before.armed.clone());
        if let Key::Fire(timer) = key {
            armed.retain(|&other| other != self.timers[timer as usize]);
        }
        let mut out = Out::new(seed);
        let inside = world.step(&mut node, input, &mut out);
        let lucky = out.dice != Dice::new(seed);
        if !inside {
            self.bounded = true;
            return (None, lucky);
        }
        let (mut sends, mut last_sent) = (Vec::new(), before.last_sent);
        let mut notes: Vec<Note> = Vec::new();
        for effect in out.effects {
            match effect {
                Effect::Send { to, correlation, message } => {
                    let Some(sending) = self.sending(world, to, correlation, message) else { continue };
                    if sending.answers.is_none() {
                        last_sent[usize::from(sending.to)][usize::from(sending.channel)] = correlation;
                    }
                    sends.push(sending);
                }
                Effect::Arm(timer, _) => {
                    if let Err(place) = armed.binary_search(&timer) {
                        armed.insert(place, timer);
                    }
                }
                Effect::Disarm(timer) => armed.retain(|&other| other != timer),
                Effect::Note(note) => notes.push(note),
                Effect::Reply(..) => {}
                Effect::Exit { .. } => world.exit(&mut node),
            }
        }
        if !world.facts(&node).up {
            armed.clear();
        }
        let (broken, shown) = world.judge_step(&self.locals[local as usize].node, &node, &notes);
        let local = self.local(world, node, armed, last_sent);
        (Some(Outcome { local, sends, broken, shown }), lucky)
    }

    /// The message as the network sees it; `None` when it leaves the world.
    fn sending(&self, world: &W, to: NodeId, correlation: Correlation, message: Message) -> Option<Sending> {
        let place = world.ids().iter().position(|&id| id == to)? as Place;
        let hashes = self.names.iter().map(|names| essence(&message, world.message_rules(), names)).collect();
        let answers = (!message.is_request()).then_some(correlation.0 as u8);
        let (channel, eager) = (world.channel(&message), world.is_eager(&message));
        Some(Sending { to: place, channel, eager, answers, message: Rc::new(message), hashes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the definition; a node of a world chooses among three others at the most.
    #[test]
    fn the_seeds_of_luck_lead_to_every_choice() {
        for choices in 2..=4 {
            let mut seen: Vec<u32> = LUCK.map(|seed| Dice::new(seed).below(choices)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), choices as usize);
        }
    }
}
