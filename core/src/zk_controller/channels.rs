//! A controller's connection to each broker: a queue, and one request at a time.
//!
//! A request that fails is sent again, 100 ms later, until the broker answers or is gone. So a slow broker holds up
//! nobody else, and may be told old news for long.
//! Source: `ControllerChannelManager`, `RequestSendThread`.
//!
//! Left out: the time to connect, metrics.

use crate::id::{Correlation, NodeId};
use crate::node::{Out, Timer};
use crate::time::Span;
use crate::wire::{ControlMessage, Message};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `RequestSendThread.backoff`.
const BACKOFF: Span = Span::millis(100);

/// `controller.socket.timeout.ms`.
const SOCKET_TIMEOUT: Span = Span::secs(30);

/// One broker's queue; the first request is the one under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Channel {
    queue: VecDeque<ControlMessage>,
    /// The request under way; none while it backs off.
    in_flight: Option<Correlation>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControllerChannelManager {
    channels: BTreeMap<NodeId, Channel>,
    /// Never goes back, so that an answer to a channel that was closed fits no request.
    last: Correlation,
}

impl ControllerChannelManager {
    /// Opens a channel, unless there is one.
    pub fn add_broker(&mut self, broker: NodeId) {
        self.channels.entry(broker).or_default();
    }

    /// Closes a channel: what it has not delivered is gone.
    pub fn remove_broker(&mut self, broker: NodeId, out: &mut Out) {
        if self.channels.remove(&broker).is_some() {
            out.disarm(Timer::ControlRequest(broker));
            out.disarm(Timer::ControlBackoff(broker));
        }
    }

    /// Closes all.
    pub fn shut_down(&mut self, out: &mut Out) {
        let brokers: Vec<NodeId> = self.channels.keys().copied().collect();
        for broker in brokers {
            self.remove_broker(broker, out);
        }
    }

    /// How many requests wait for this broker, the one under way among them.
    pub fn queued(&self, broker: NodeId) -> u32 {
        self.channels.get(&broker).map_or(0, |channel| channel.queue.len() as u32)
    }

    /// Sends when it is its turn; drops what is for nobody.
    pub fn send_request(&mut self, broker: NodeId, request: ControlMessage, out: &mut Out) {
        let Some(channel) = self.channels.get_mut(&broker) else { return };
        channel.queue.push_back(request);
        if channel.queue.len() == 1 {
            self.transmit(broker, out);
        }
    }

    /// Whether this answers the request under way, which is over then.
    pub fn on_response(&mut self, from: NodeId, correlation: Correlation, out: &mut Out) -> bool {
        let Some(channel) = self.channels.get_mut(&from) else { return false };
        if channel.in_flight != Some(correlation) {
            return false;
        }
        channel.queue.pop_front();
        channel.in_flight = None;
        out.disarm(Timer::ControlRequest(from));
        self.transmit(from, out);
        true
    }

    /// The connection broke, or nobody answered in time: the request waits and is sent again.
    pub fn on_failure(&mut self, broker: NodeId, out: &mut Out) {
        let Some(channel) = self.channels.get_mut(&broker) else { return };
        if channel.in_flight.take().is_some() {
            out.disarm(Timer::ControlRequest(broker));
            out.arm(Timer::ControlBackoff(broker), BACKOFF);
        }
    }

    /// The request may be sent again.
    pub fn on_backoff_over(&mut self, broker: NodeId, out: &mut Out) {
        self.transmit(broker, out);
    }

    fn transmit(&mut self, broker: NodeId, out: &mut Out) {
        let Some(channel) = self.channels.get_mut(&broker) else { return };
        let Some(request) = channel.queue.front() else { return };
        self.last = self.last.next();
        channel.in_flight = Some(self.last);
        out.arm(Timer::ControlRequest(broker), SOCKET_TIMEOUT);
        out.send(broker, self.last, Message::Control(Box::new(request.clone())));
    }
}
