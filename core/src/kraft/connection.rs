//! One outstanding request per destination, and a pause after each failure.
//!
//! Knows nothing of what the requests say. Keeps: a response is taken only if it answers the request that is
//! outstanding; entering a new role forgets all of them, so that late answers to an earlier role are dropped.
//!
//! Three kinds of pause. A failure waits `controller.quorum.retry.backoff.ms`. A node that cannot be reached is
//! tried again after 50 ms, then twice as long each time, up to 500 ms and with a fifth of jitter: the
//! `NetworkClient` under Kafka's raft client fails requests without a packet in the meantime, and no change of
//! role shortens that. An answer that taught nothing waits [`USELESS_ANSWER_PAUSE`].
//!
//! Source: `RequestManager`; `KafkaRaftManager.buildNetworkClient` and `ClusterConnectionStates` for the second.
//!
//! Left out: bootstrap servers are the voters themselves, on the same connections. Kafka asks again at once after
//! an answer that taught nothing, thousands of times a second while there is no leader.

use crate::id::{Correlation, NodeId};
use crate::node::{Out, Timer};
use crate::time::{Span, Time};
use crate::wire::Message;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long a node is left alone that answered, but knew nothing new.
pub const USELESS_ANSWER_PAUSE: Span = Span::millis(100);

const RECONNECT_BACKOFF: Span = Span::millis(50);
const RECONNECT_BACKOFF_MAX: Span = Span::millis(500);

/// State of the connection to one node. A node that is not listed is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConnectionState {
    /// A request may be sent.
    Ready,
    /// A request is on its way; the answer must carry this number.
    AwaitingResponse(Correlation),
    /// The last request failed or taught nothing; the `QuorumBackoff` timer runs.
    BackingOff,
    /// The node could not be reached; the `QuorumBackoff` timer runs, through changes of role too.
    Disconnected,
}

/// The connections of one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connections {
    connections: Vec<Connection>,
    last: Correlation,
}

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Connection {
    node: NodeId,
    state: ConnectionState,
    /// How often in a row it could not be reached.
    failures: u32,
}

impl Connections {
    /// State of the connection to `node`.
    pub fn state(&self, node: NodeId) -> ConnectionState {
        self.connections.iter().find(|c| c.node == node).map_or(ConnectionState::Ready, |c| c.state)
    }

    /// Whether a request may be sent to `node` now.
    pub fn is_ready(&self, node: NodeId) -> bool {
        self.state(node) == ConnectionState::Ready
    }

    /// Whether a request to `node` waits for its answer.
    pub fn awaits(&self, node: NodeId) -> bool {
        matches!(self.state(node), ConnectionState::AwaitingResponse(_))
    }

    /// Whether an answer with this number is expected from `node`.
    pub fn expects(&self, node: NodeId, correlation: Correlation) -> bool {
        self.state(node) == ConnectionState::AwaitingResponse(correlation)
    }

    /// Whether any request waits for its answer.
    pub fn has_request_in_flight(&self) -> bool {
        self.connections.iter().any(|c| matches!(c.state, ConnectionState::AwaitingResponse(_)))
    }

    /// Whether anybody but `leader` is left alone for a while.
    pub fn has_pause(&self, leader: Option<NodeId>) -> bool {
        self.connections.iter().any(|c| c.state == ConnectionState::BackingOff && Some(c.node) != leader)
    }

    /// A life begins: its requests are numbered from the moment of its start on, so that an answer to an earlier
    /// life never carries a number of this one.
    pub(super) fn begin_life(&mut self, now: Time) {
        self.last = Correlation(now.0 as u32);
    }

    /// Sends a request on a ready connection and starts its timer.
    pub(super) fn send(&mut self, to: NodeId, timeout: Span, message: Message, out: &mut Out) {
        self.last = Correlation(self.last.0.wrapping_add(1));
        let correlation = self.last;
        self.of(to).state = ConnectionState::AwaitingResponse(correlation);
        out.send(to, correlation, message);
        out.arm(Timer::QuorumRequest(to), timeout);
    }

    /// `node` answered. The request's timer still runs: see [`Connections::settle`].
    pub(super) fn succeed(&mut self, node: NodeId) {
        let connection = self.of(node);
        (connection.state, connection.failures) = (ConnectionState::Ready, 0);
    }

    /// Stops the timer of an answered request, unless the next one was sent in the meantime and moved it.
    pub(super) fn settle(&self, node: NodeId, out: &mut Out) {
        if !self.awaits(node) {
            out.disarm(Timer::QuorumRequest(node));
        }
    }

    /// `node` answered, but it is left alone for `pause`.
    pub(super) fn pause(&mut self, node: NodeId, pause: Span, out: &mut Out) {
        let connection = self.of(node);
        (connection.state, connection.failures) = (ConnectionState::BackingOff, 0);
        out.arm(Timer::QuorumBackoff(node), pause);
    }

    /// The request to `node` failed because it could not be reached.
    pub(super) fn disconnect(&mut self, node: NodeId, at_least: Span, out: &mut Out) {
        let connection = self.of(node);
        connection.state = ConnectionState::Disconnected;
        connection.failures += 1;
        let factor = 1 << (connection.failures - 1).min(10);
        let wait = (RECONNECT_BACKOFF * factor).min(RECONNECT_BACKOFF_MAX).max(at_least);
        out.disarm(Timer::QuorumRequest(node));
        out.arm_within(Timer::QuorumBackoff(node), wait - wait / 5..=wait + wait / 5);
    }

    /// The request to `node` timed out, or its back-off is over.
    pub(super) fn make_ready(&mut self, node: NodeId) {
        self.of(node).state = ConnectionState::Ready;
    }

    /// Forgets every outstanding request and every pause.
    pub(super) fn reset(&mut self, out: &mut Out) {
        for connection in &mut self.connections {
            match connection.state {
                ConnectionState::Ready | ConnectionState::Disconnected => continue,
                ConnectionState::AwaitingResponse(_) => out.disarm(Timer::QuorumRequest(connection.node)),
                ConnectionState::BackingOff => out.disarm(Timer::QuorumBackoff(connection.node)),
            }
            connection.state = ConnectionState::Ready;
        }
    }

    fn of(&mut self, node: NodeId) -> &mut Connection {
        let known = self.connections.iter().position(|c| c.node == node);
        let index = known.unwrap_or_else(|| {
            self.connections.push(Connection { node, state: ConnectionState::Ready, failures: 0 });
            self.connections.len() - 1
        });
        &mut self.connections[index]
    }
}
