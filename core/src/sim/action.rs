//! The one verb set: a person's click, a lesson's line, a search's choice and the scheduler's next event are the
//! same value. Nothing else changes the world.

use crate::id::{NodeId, PacketId};
use crate::net::{Latency, Link};
use crate::node::{Command, Loss, Timer};
use crate::time::Span;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Something that happens to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// The message arrives now.
    Deliver(PacketId),
    /// The message is lost (F11, F12).
    Drop(PacketId),
    /// The message will arrive twice (F11).
    Duplicate(PacketId),
    /// The message arrives so much later (F11).
    Delay(PacketId, Span),
    /// The timer runs out now.
    Fire(NodeId, Timer),
    /// The timer is set to run out after this span.
    SetTimer(NodeId, Timer, Span),
    /// The process dies (F1, F2, F3).
    Crash(NodeId, Loss),
    /// The process starts, or starts again as a new incarnation (F6).
    Start(NodeId),
    /// The process dies and its disk is gone: the next life starts with an empty one, known by another directory
    /// id (F7).
    ReplaceDisk(NodeId),
    /// The process stands still (F9).
    Pause(NodeId),
    /// It goes on; timers that ran out meanwhile fire at once (F9).
    Resume(NodeId),
    /// Nothing passes in this direction (F10).
    Cut(Link),
    /// Messages pass again.
    Heal(Link),
    /// Cuts every link of this node, both ways (F10).
    Isolate(NodeId),
    /// Heals every link of this node, both ways.
    Rejoin(NodeId),
    /// Heals everything: links, delays, losses, slow nodes, clocks, rates.
    HealAll,
    /// Changes the network's conditions or the rates of faults.
    Configure(Change),
    /// A person, or the test, asks a node for something.
    Call(NodeId, Command),
    /// Chance decides what breaks or recovers next (only while rates of faults are set).
    Roll,
}

/// A change of the world's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    /// Another latency preset.
    Latency(Latency),
    /// Additional delay on one direction (F11).
    LinkDelay(Link, Span),
    /// Loss on one direction, in a million (F11).
    LinkLoss(Link, u32),
    /// The node handles every message this much later (F14).
    Slow(NodeId, Span),
    /// The clock of the node counts so much of a second in a second, in percent; at 0 it stands still (F13).
    Clock(NodeId, u32),
    /// Faults by chance.
    Rate(Rate, u32),
    /// Messages of one link may overtake each other (F11, the stricter mode).
    Reorder(bool),
}

/// Faults that happen by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rate {
    /// Messages lost, in a million (F11).
    Loss,
    /// Responses lost, in a million: the request was applied (F12).
    ResponseLoss,
    /// Messages doubled, in a million (F11).
    Duplicate,
    /// Messages delayed by up to a second, in a million (F11).
    Delay,
    /// Crashes that keep the page cache, in a million per second and process (F1).
    Crash,
    /// Crashes that lose what was not flushed (F2).
    LossyCrash,
    /// Pauses (F9).
    Pause,
    /// Cut links (F10).
    Cut,
    /// Links slowed down (F14).
    Slow,
    /// Brokers fenced by the controller (F20).
    Fence,
    /// How fast crashed, paused, cut and slow things recover, in a million per second and thing.
    Recover,
}

impl Rate {
    /// All of them.
    pub const ALL: [Rate; 11] = [
        Rate::Loss,
        Rate::ResponseLoss,
        Rate::Duplicate,
        Rate::Delay,
        Rate::Crash,
        Rate::LossyCrash,
        Rate::Pause,
        Rate::Cut,
        Rate::Slow,
        Rate::Fence,
        Rate::Recover,
    ];

    /// Its name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Rate::Loss => "loss",
            Rate::ResponseLoss => "response-loss",
            Rate::Duplicate => "duplicate",
            Rate::Delay => "delay",
            Rate::Crash => "crash",
            Rate::LossyCrash => "lossy-crash",
            Rate::Pause => "pause",
            Rate::Cut => "cut",
            Rate::Slow => "slow",
            Rate::Fence => "fence",
            Rate::Recover => "recover",
        }
    }
}

impl Action {
    /// The nodes that it names; a message in flight names none.
    pub fn nodes(&self) -> Vec<NodeId> {
        match *self {
            Action::Fire(node, _)
            | Action::SetTimer(node, ..)
            | Action::Crash(node, _)
            | Action::Start(node)
            | Action::ReplaceDisk(node)
            | Action::Pause(node)
            | Action::Resume(node)
            | Action::Isolate(node)
            | Action::Rejoin(node)
            | Action::Call(node, _) => vec![node],
            Action::Cut(link) | Action::Heal(link) => vec![link.from, link.to],
            Action::Configure(change) => match change {
                Change::LinkDelay(link, _) | Change::LinkLoss(link, _) => vec![link.from, link.to],
                Change::Slow(node, _) | Change::Clock(node, _) => vec![node],
                Change::Latency(_) | Change::Rate(..) | Change::Reorder(_) => Vec::new(),
            },
            Action::Deliver(_)
            | Action::Drop(_)
            | Action::Duplicate(_)
            | Action::Delay(..)
            | Action::HealAll
            | Action::Roll => Vec::new(),
        }
    }
}
