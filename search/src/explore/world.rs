//! What a world is: a few nodes of the real protocol code, and what may be done to them besides messages and timers.
//!
//! The explorer ([`super::board`]) owns the network, the timers and the budgets; a world says what its nodes are,
//! how one of them takes an input, and what must hold. Nodes are stepped without time: every input comes at a
//! moment that the world chooses, so no state tells one moment from another.

use super::essence::{Names, Rules};
use kraftscope_core::id::{Correlation, NodeId};
use kraftscope_core::node::{Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::wire::Message;
use std::fmt::Debug;
use std::hash::Hash;

/// Which node, by its place in [`World::ids`].
pub type Place = u8;

/// The most nodes of a world.
pub const MOST_NODES: usize = 5;
/// How many kinds of budget there are.
pub const BUDGETS: usize = 8;
/// A node has at most one request to each other on its way for each of so many purposes.
pub const CHANNELS: usize = 3;

/// One of the purposes of requests between two nodes.
pub type Channel = u8;

/// Something that may happen only so often: its place among the budgets.
pub type Budget = usize;
/// Messages that are lost.
pub const LOSSES: Budget = 0;
/// Timers that run out while messages are on their way.
pub const HASTE: Budget = 1;

/// What reaches a node.
#[derive(Clone, Debug)]
pub enum Input<A> {
    /// The process starts, for the first time.
    Boot,
    /// A message. A request carries the number that its answer must carry.
    Message {
        /// Who sent it.
        from: NodeId,
        /// See above; of an answer, what the node expects.
        correlation: Correlation,
        /// What it says.
        message: Message,
    },
    /// A timer runs out.
    Fire(Timer),
    /// The connection to this node broke.
    Gone(NodeId),
    /// Something that the world does to it.
    Act(A),
}

/// When a timer may run out. Whenever messages are on their way it costs [`HASTE`]: timers are slower than they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayFire {
    /// When it is armed.
    Always,
    /// Only against all odds: it costs [`HASTE`].
    Hastily,
    /// Never: nothing would come of it, or what would is left out of this world.
    Never,
    /// Only when the request to this node, or its answer, is lost for good.
    WhenLost(NodeId, Channel),
    /// While this node holds a request back, and so shows that it lives, it costs [`HASTE`].
    UnlessParked(NodeId, Channel),
    /// Whatever is on its way: what it waits for takes no longer than a message.
    Soon,
    /// The same, when it has something to tell this node ([`World::has_news`]).
    WithNews(NodeId),
    /// The same, but only so often.
    AtCost(Budget),
}

/// What the network must know of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// It takes messages.
    pub up: bool,
    /// But no requests yet: whoever sends one learns that nobody listens.
    pub closed: bool,
    /// While it is down: nobody is told that nobody listens.
    pub silent: bool,
    /// By channel, bit `p`: it waits for an answer of the node at place `p`.
    pub awaits: [u8; CHANNELS],
    /// By channel and place, bit `n`: request number `n` of that node is parked here.
    pub parked: [[u16; MOST_NODES]; CHANNELS],
}

/// What may be done to a node, at which price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<A> {
    /// To whom.
    pub place: Place,
    /// What.
    pub act: A,
    /// Which budget pays for it.
    pub budget: Option<Budget>,
    /// It takes longer than messages: while some are on their way, it costs [`HASTE`].
    pub slow: bool,
    /// All connections of the node break, and the others learn it at once.
    pub breaks_connections: bool,
}

/// A step of a world's set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prelude<A> {
    /// This timer runs out.
    Fire(Place, Timer),
    /// This is done.
    Act(Place, A),
}

/// A few nodes of the real protocol code.
pub trait World {
    /// One node, up or down.
    type Node: Clone + Debug;
    /// What may be done to it.
    type Act: Clone + Debug + PartialEq + Eq + Hash;
    /// What no node knows: what was ever committed, who ever led.
    type Ghost: Clone + Debug;

    /// The nodes.
    fn ids(&self) -> &[NodeId];
    /// The renamings under which the world stays the same world, the identity first.
    fn symmetries(&self) -> Vec<Names>;
    /// How often each budget may be used.
    fn budgets(&self) -> [u8; BUDGETS];
    /// The nodes at the start, each to be given [`Input::Boot`].
    fn nodes(&self) -> Vec<Self::Node>;
    /// What is known at the start.
    fn ghost(&self) -> Self::Ghost;

    /// One number for what counts of a node.
    fn essence(&self, node: &Self::Node, names: &Names) -> u64;
    /// One number for what counts of a ghost.
    fn ghost_essence(&self, ghost: &Self::Ghost, names: &Names) -> u64;
    /// What does not count in a message.
    fn message_rules(&self) -> Rules;

    /// What the network must know of a node.
    fn facts(&self, node: &Self::Node) -> Facts;
    /// Which purpose a message has.
    fn channel(&self, _message: &Message) -> Channel {
        0
    }
    /// The message arrives before anything else happens: whether it waits makes no difference worth looking at.
    fn is_eager(&self, _message: &Message) -> bool {
        false
    }
    /// A request that nobody waits for any more will change nothing, whenever it arrives.
    fn is_dead(&self, node: &Self::Node, request: &Message) -> bool;
    /// Whether `node` knows something that `peer` does not ([`MayFire::WithNews`]).
    fn has_news(&self, _node: &Self::Node, _peer: &Self::Node) -> bool {
        true
    }
    /// When `timer` may run out.
    fn may_fire(&self, node: &Self::Node, timer: Timer) -> MayFire;
    /// Which timer of `node` ends the waiting of the requests of `from` that are parked there.
    fn parking_timer(&self, node: &Self::Node, from: NodeId, channel: Channel) -> Option<Timer>;
    /// What may be done.
    fn choices(&self, nodes: &[&Self::Node], spent: &[u8; BUDGETS], visit: &mut dyn FnMut(Choice<Self::Act>));
    /// What happens before the search begins, once nothing is on its way; `None` when it may begin.
    fn prelude(&self, _nodes: &[&Self::Node]) -> Option<Prelude<Self::Act>> {
        None
    }

    /// Gives a node an input. `false` when that leads out of the bounds of this world.
    fn step(&self, node: &mut Self::Node, input: Input<Self::Act>, out: &mut Out) -> bool;
    /// The process ended by itself.
    fn exit(&self, node: &mut Self::Node);

    /// What this step of one node broke, and what it showed: bits of promises and of witnesses.
    fn judge_step(&self, before: &Self::Node, after: &Self::Node, notes: &[Note]) -> (u64, u64);
    /// What the ghost learns from it, and what it finds broken.
    fn learn(&self, ghost: &mut Self::Ghost, before: &Self::Node, after: &Self::Node) -> u64;
    /// What these two nodes break together.
    fn judge_pair(&self, one: &Self::Node, other: &Self::Node) -> u64;
    /// What all nodes break together, given what was.
    fn judge_all(&self, ghost: &Self::Ghost, nodes: &[&Self::Node]) -> u64;
}
