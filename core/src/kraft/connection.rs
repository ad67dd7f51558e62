//! One outstanding request per destination, and a pause after each failure.
//!
//! Knows nothing of what the requests say. Keeps: a response is taken only if it answers the request that is
//! outstanding; entering a new role forgets all of them, so that late answers to an earlier role are dropped.
//!
//! Source: `RequestManager`.
//!
//! Left out: bootstrap servers are the voters themselves, on the same connections.

use crate::id::{Correlation, NodeId};
use crate::node::{Out, Timer};
use crate::time::Span;
use crate::wire::Message;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// State of the connection to one node. A node that is not listed is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConnectionState {
    /// A request may be sent.
    Ready,
    /// A request is on its way; the answer must carry this number.
    AwaitingResponse(Correlation),
    /// The last request failed; the `QuorumBackoff` timer runs.
    BackingOff,
}

/// The connections of one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connections {
    states: Vec<(NodeId, ConnectionState)>,
    last: Correlation,
}

impl Connections {
    /// State of the connection to `node`.
    pub fn state(&self, node: NodeId) -> ConnectionState {
        self.states.iter().find(|(id, _)| *id == node).map_or(ConnectionState::Ready, |(_, state)| *state)
    }

    /// Whether a request may be sent to `node` now.
    pub fn is_ready(&self, node: NodeId) -> bool {
        self.state(node) == ConnectionState::Ready
    }

    /// Whether an answer with this number is expected from `node`.
    pub fn expects(&self, node: NodeId, correlation: Correlation) -> bool {
        self.state(node) == ConnectionState::AwaitingResponse(correlation)
    }

    /// Whether any request waits for its answer.
    pub fn has_request_in_flight(&self) -> bool {
        self.states.iter().any(|(_, state)| matches!(state, ConnectionState::AwaitingResponse(_)))
    }

    /// Sends a request on a ready connection and starts its timer.
    pub(super) fn send(&mut self, to: NodeId, timeout: Span, message: Message, out: &mut Out) {
        self.last = Correlation(self.last.0.wrapping_add(1));
        let correlation = self.last;
        self.set(to, ConnectionState::AwaitingResponse(correlation));
        out.send(to, correlation, message);
        out.arm(Timer::QuorumRequest(to), timeout);
    }

    /// The request to `node` was answered well. Its timer still runs: see [`Connections::settle`].
    pub(super) fn succeed(&mut self, node: NodeId) {
        self.set(node, ConnectionState::Ready);
    }

    /// Stops the timer of an answered request, unless the next one was sent in the meantime and moved it.
    pub(super) fn settle(&self, node: NodeId, out: &mut Out) {
        if !matches!(self.state(node), ConnectionState::AwaitingResponse(_)) {
            out.disarm(Timer::QuorumRequest(node));
        }
    }

    /// The request to `node` failed: waits for `backoff`.
    pub(super) fn fail(&mut self, node: NodeId, backoff: Span, out: &mut Out) {
        self.set(node, ConnectionState::BackingOff);
        out.arm(Timer::QuorumBackoff(node), backoff);
    }

    /// The request to `node` timed out, or its back-off is over.
    pub(super) fn make_ready(&mut self, node: NodeId) {
        self.set(node, ConnectionState::Ready);
    }

    /// Forgets every outstanding request and every back-off.
    pub(super) fn reset(&mut self, out: &mut Out) {
        for (node, state) in self.states.drain(..) {
            match state {
                ConnectionState::Ready => {}
                ConnectionState::AwaitingResponse(_) => out.disarm(Timer::QuorumRequest(node)),
                ConnectionState::BackingOff => out.disarm(Timer::QuorumBackoff(node)),
            }
        }
    }

    fn set(&mut self, node: NodeId, state: ConnectionState) {
        match self.states.iter_mut().find(|(id, _)| *id == node) {
            Some((_, slot)) => *slot = state,
            None => self.states.push((node, state)),
        }
    }
}
