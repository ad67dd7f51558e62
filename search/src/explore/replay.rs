//! What is common to replaying a path of any world in the simulator: the run that it becomes, move by move.
//!
//! A path has no times. Its moves are made one after the other at an even pace, in a cluster whose links are so slow
//! that nothing happens by itself meanwhile; timers that would are put off. Luck is the only thing that is left to chance: seeds are tried until the
//! nodes of the simulator are where those of the world are.

use kraftscope_core::check::Rule;
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, PacketId};
use kraftscope_core::note::Note;
use kraftscope_core::sim::action::{Action, Change};
use kraftscope_core::sim::queue::Parcel;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::Message;

/// Between two moves, unless a world says otherwise.
const PACE: Span = Span::micros(100);
/// How slow everybody is to hear, and how far timers are put off.
const STANDSTILL: Span = Span::secs(1_000_000);

/// A run that the simulator plays to the same end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The scenario, for `kraftscope run`.
    pub scenario: String,
    /// What the simulator's own checker finds broken, in the order in which it finds it.
    pub broken: Vec<Rule>,
    /// It excuses what it finds: the guarantees did not stand any more.
    pub excused: bool,
}

/// The simulator cannot follow: its luck was another, or a rule of the world is not one of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Astray;

/// A path on its way into a run.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) history: History,
    pace: Span,
}

impl Replay {
    /// A cluster that stands still, before anything has started.
    pub(super) fn new(mut history: History) -> Result<Replay, Astray> {
        let ids: Vec<NodeId> = history.sim().world().slots.iter().map(|slot| slot.id).collect();
        let now = history.now();
        for id in ids {
            let slow = Action::Configure(Change::Slow(id, STANDSTILL));
            history.act(now, slow).map_err(|_| Astray)?;
        }
        Ok(Replay { history, pace: PACE })
    }

    /// From now on moves are made so much apart.
    pub(super) fn set_pace(&mut self, pace: Span) {
        self.pace = pace;
    }

    /// Makes a move of the simulator.
    pub(super) fn act(&mut self, action: Action) -> Result<(), Astray> {
        self.catch_up()?;
        let at = self.history.now() + self.pace;
        self.put_off(at)?;
        self.history.act(at, action).map(|_| ()).map_err(|_| Astray)
    }

    /// Timers that would run out before `at` do not.
    fn put_off(&mut self, at: Time) -> Result<(), Astray> {
        let (now, sim) = (self.history.now(), self.history.sim());
        let nodes = sim.world().slots.iter().map(|slot| slot.id);
        let early = |node| sim.queue().armed(node).iter().filter(|armed| armed.due < at);
        let timers: Vec<Action> = nodes
            .flat_map(|node| early(node).map(move |armed| Action::SetTimer(node, armed.timer, STANDSTILL)))
            .collect();
        timers.into_iter().try_for_each(|off| self.history.act(now, off).map(|_| ()).map_err(|_| Astray))
    }

    /// Lets happen what is due at once: what the simulator does at the start, and timers that were armed for no time.
    pub(super) fn catch_up(&mut self) -> Result<(), Astray> {
        while self.history.sim().next_due().is_some_and(|due| due <= self.history.now()) {
            self.history.step().ok_or(Astray)?;
        }
        Ok(())
    }

    /// Delivers the only message of that kind from one to another.
    pub(super) fn deliver(
        &mut self,
        link: (NodeId, NodeId),
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<(), Astray> {
        let packet = self.packet(link, true, is_it).ok_or(Astray)?;
        self.act(Action::Deliver(packet))
    }

    /// The message on its way from `from` to `to` that is the one meant: the latest, or the earliest.
    pub(super) fn packet(
        &self,
        (from, to): (NodeId, NodeId),
        latest: bool,
        is_it: impl Fn(&Message) -> bool,
    ) -> Option<PacketId> {
        let packets = self.history.sim().queue().packets();
        let meant = packets.filter(|(_, _, packet)| {
            let parcel = matches!(&packet.parcel, Parcel::Message(_, message) if is_it(message));
            (packet.from, packet.to) == (from, to) && parcel
        });
        let ids = meant.map(|(_, id, _)| id);
        if latest { ids.max() } else { ids.min() }
    }

    /// Everybody learns that the connection to `node` broke, those first that come first among `peers`.
    pub(super) fn part(&mut self, node: NodeId, peers: impl Iterator<Item = NodeId>) -> Result<(), Astray> {
        for peer in peers.filter(|&peer| peer != node) {
            let packets = self.history.sim().queue().packets();
            let news = packets.filter(|(_, _, packet)| {
                (packet.from, packet.to) == (node, peer) && packet.parcel == Parcel::Disconnect
            });
            if let Some(id) = news.map(|(_, id, _)| id).max() {
                self.act(Action::Deliver(id))?;
            }
        }
        Ok(())
    }

    /// What came of it: the scenario, and the promises that the simulator's own checker found broken, in the order in
    /// which it found them.
    pub(super) fn played(&self) -> Played {
        let end = self.history.first_note(self.history.event().next());
        let mut broken: Vec<Rule> = Vec::new();
        for log in self.history.notes(0..end) {
            if let Note::InvariantBroken { invariant, .. } = log.note
                && let Some(&rule) = Rule::ALL.get(usize::from(invariant))
                && !broken.contains(&rule)
            {
                broken.push(rule);
            }
        }
        let excused = self.history.sim().checker().is_some_and(|checker| checker.void().next().is_some());
        Played { scenario: self.history.to_text(), broken, excused }
    }
}
