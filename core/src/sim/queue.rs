//! What is going to happen: messages in flight and armed timers, each in the order of their due times.

use crate::id::{Correlation, NodeId, PacketId, StepId};
use crate::node::Timer;
use crate::time::Time;
use crate::wire::Message;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A message between two nodes, or the news that a connection broke.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Parcel {
    /// A message.
    Message(Correlation, Message),
    /// The connection to `from` broke (TCP reset): requests that wait for it have failed.
    Disconnect,
}

/// Something on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InFlight {
    /// From where.
    pub from: NodeId,
    /// To where.
    pub to: NodeId,
    /// When it was sent.
    pub sent_at: Time,
    /// The event that sent it.
    pub cause: StepId,
    /// Chance decided that it will be lost.
    pub lost: bool,
    /// What it is.
    pub parcel: Parcel,
}

/// An armed timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Armed {
    /// Which.
    pub timer: Timer,
    /// When it runs out.
    pub due: Time,
    /// When it was armed.
    pub armed_at: Time,
    /// The earliest moment that could have been drawn.
    pub earliest: Time,
    /// The latest moment that could have been drawn.
    pub latest: Time,
    /// The event that armed it.
    pub cause: StepId,
}

/// Messages in flight and due timers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Queue {
    packets: BTreeMap<(Time, PacketId), InFlight>,
    timers: BTreeSet<(Time, NodeId, Timer)>,
    /// Per node, indexed by its id; a handful each.
    armed: Vec<Vec<Armed>>,
    next_packet: PacketId,
}

/// The earliest thing to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A message arrives.
    Packet(Time, PacketId),
    /// A timer runs out.
    Timer(Time, NodeId, Timer),
}

impl Due {
    /// When.
    pub const fn time(self) -> Time {
        match self {
            Due::Packet(time, _) | Due::Timer(time, ..) => time,
        }
    }
}

impl Queue {
    /// Puts a packet on its way.
    pub fn send(&mut self, deliver_at: Time, packet: InFlight) -> PacketId {
        let id = self.next_packet;
        self.next_packet = id.next();
        self.packets.insert((deliver_at, id), packet);
        id
    }

    /// Takes a packet out.
    pub fn take(&mut self, id: PacketId) -> Option<(Time, InFlight)> {
        let key = match self.packets.first_key_value() {
            Some((&key, _)) if key.1 == id => key,
            _ => self.key_of(id)?,
        };
        self.packets.remove(&key).map(|packet| (key.0, packet))
    }

    /// The packet of this number and when it arrives.
    pub fn packet(&self, id: PacketId) -> Option<(Time, &InFlight)> {
        let key = self.key_of(id)?;
        self.packets.get(&key).map(|packet| (key.0, packet))
    }

    fn key_of(&self, id: PacketId) -> Option<(Time, PacketId)> {
        self.packets.keys().copied().find(|key| key.1 == id)
    }

    /// Puts a packet that was taken out back on its way.
    pub fn put_back(&mut self, deliver_at: Time, id: PacketId, packet: InFlight) {
        self.packets.insert((deliver_at, id), packet);
    }

    /// All packets in order of arrival.
    pub fn packets(&self) -> impl Iterator<Item = (Time, PacketId, &InFlight)> + '_ {
        self.packets.iter().map(|(&(time, id), packet)| (time, id, packet))
    }

    /// Arms a timer; one that is armed is moved.
    pub fn arm(&mut self, node: NodeId, armed: Armed) {
        let index = usize::from(node.0);
        if self.armed.len() <= index {
            self.armed.resize_with(index + 1, Vec::new);
        }
        let of_node = &mut self.armed[index];
        match of_node.iter_mut().find(|other| other.timer == armed.timer) {
            Some(other) => {
                self.timers.remove(&(other.due, node, other.timer));
                *other = armed;
            }
            None => of_node.push(armed),
        }
        self.timers.insert((armed.due, node, armed.timer));
    }

    /// Forgets a timer. Returns what it was.
    pub fn disarm(&mut self, node: NodeId, timer: Timer) -> Option<Armed> {
        let of_node = self.armed.get_mut(usize::from(node.0))?;
        let at = of_node.iter().position(|armed| armed.timer == timer)?;
        let armed = of_node.swap_remove(at);
        self.timers.remove(&(armed.due, node, timer));
        Some(armed)
    }

    /// Forgets all timers of a node.
    pub fn disarm_all(&mut self, node: NodeId) {
        let Some(of_node) = self.armed.get_mut(usize::from(node.0)) else { return };
        for armed in of_node.drain(..) {
            self.timers.remove(&(armed.due, node, armed.timer));
        }
    }

    /// The armed timers of a node.
    pub fn armed(&self, node: NodeId) -> &[Armed] {
        self.armed.get(usize::from(node.0)).map_or(&[], Vec::as_slice)
    }

    /// Moves all times of a node's timers, which are given with the moment of their arming.
    pub fn move_timers(&mut self, node: NodeId, to: impl Fn(Time, Time) -> Time) {
        let armed: Vec<Armed> = self.armed(node).to_vec();
        for armed in armed {
            let moved = |time| to(armed.armed_at, time);
            let (due, earliest, latest) = (moved(armed.due), moved(armed.earliest), moved(armed.latest));
            self.arm(node, Armed { due, earliest, latest, ..armed });
        }
    }

    /// The earliest thing that does not concern a node for which `waits` holds, nor a timer of one whose clock stands
    /// still. Packets before timers, lower packet numbers first.
    pub fn earliest(
        &self,
        waits: impl Fn(NodeId) -> bool,
        stands_still: impl Fn(NodeId) -> bool,
    ) -> Option<Due> {
        let packet = self.packets.iter().find(|(_, packet)| !waits(packet.to));
        let packet = packet.map(|(&(time, id), _)| Due::Packet(time, id));
        let timer = self.timers.iter().find(|(_, node, _)| !waits(*node) && !stands_still(*node));
        let timer = timer.map(|&(time, node, timer)| Due::Timer(time, node, timer));
        match (packet, timer) {
            (Some(packet), Some(timer)) => Some(if packet.time() <= timer.time() { packet } else { timer }),
            (packet, timer) => packet.or(timer),
        }
    }
}
