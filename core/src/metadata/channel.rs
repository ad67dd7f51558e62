//! A broker's channel to the active controller: one request at a time, sent again until somebody answers it as
//! the controller.
//!
//! Source: `NodeToControllerChannelManager`, `NodeToControllerRequestThread`. It knows nothing of what it sends.
//! Keeps: at most one request is in flight; the address of the controller is looked up only when none is held,
//! and dropped when the connection breaks or the answer is `NOT_CONTROLLER`. So neither of these two ever
//! reaches the caller: it sees an answer of the active controller, or a timeout. A controller that is cut off
//! without a broken connection holds a request for the whole request timeout.
//!
//! Left out: Kafka looks for a controller every 100 ms while it knows none; here it learns of one at once.

use crate::id::{Correlation, NodeId};
use crate::node::{Out, Timer};
use crate::time::{Span, Time};
use crate::wire::{Envelope, Message};
use serde::{Deserialize, Serialize};

/// `controller.socket.timeout.ms`, 30000.
const CONTROLLER_SOCKET_TIMEOUT: Span = Span::secs(30);

/// `reconnect.backoff.ms` of this channel: 50, without growth.
const RECONNECT_BACKOFF: Span = Span::millis(50);

/// The channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControllerChannel {
    timer: Timer,
    retry_timeout: Span,
    /// `activeControllerAddress`: whom requests go to.
    controller: Option<NodeId>,
    request: Option<Request>,
    next_correlation: Correlation,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Request {
    created: Time,
    message: Message,
    place: Place,
}

/// Where the request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Place {
    /// It waits for a controller; not for the node that has just failed, unless the back-off is over.
    Queued { failed: Option<NodeId> },
    /// It waits for the answer.
    InFlight { to: NodeId, correlation: Correlation },
}

impl ControllerChannel {
    /// A channel that uses `timer` and gives a request up `retry_timeout` after it was made.
    pub const fn new(timer: Timer, retry_timeout: Span) -> ControllerChannel {
        ControllerChannel {
            timer,
            retry_timeout,
            controller: None,
            request: None,
            next_correlation: Correlation(0),
        }
    }

    /// The process starts. Requests are numbered from the present microsecond on, so that no answer to an earlier
    /// life of this broker is taken for one of this life's: TCP would have lost it with its connection.
    pub const fn open(&mut self, now: Time) {
        self.next_correlation = Correlation(now.0 as u32);
    }

    /// Whether a request waits for its answer, or to be sent.
    pub const fn is_busy(&self) -> bool {
        self.request.is_some()
    }

    /// Whom requests go to, as far as this channel knows.
    pub const fn controller(&self) -> Option<NodeId> {
        self.controller
    }

    /// Sends `message` to the controller, now or when there is one. `known` is the leader of the metadata quorum
    /// as this broker knows it.
    ///
    /// # Panics
    /// When the channel is busy.
    pub fn send(&mut self, now: Time, known: Option<NodeId>, message: Message, out: &mut Out) {
        assert!(!self.is_busy(), "the request before has no answer yet: {:?}", self.request);
        self.request = Some(Request { created: now, message, place: Place::Queued { failed: None } });
        self.maybe_send(now, known, out);
    }

    /// This broker learned of a leader of the metadata quorum, or of its loss.
    pub fn on_controller(&mut self, now: Time, known: Option<NodeId>, out: &mut Out) {
        self.maybe_send(now, known, out);
    }

    /// The channel's timer ran out. Returns whether the request was given up.
    pub fn on_timer(&mut self, now: Time, known: Option<NodeId>, out: &mut Out) -> bool {
        let Some(request) = &mut self.request else {
            return false;
        };
        if matches!(request.place, Place::InFlight { .. }) {
            self.controller = None;
        }
        if now.since(request.created) >= self.retry_timeout {
            self.request = None;
            return true;
        }
        request.place = Place::Queued { failed: None };
        self.maybe_send(now, known, out);
        false
    }

    /// A response arrived. Returns whether it answers the request, and does so as the active controller.
    pub fn on_response(
        &mut self,
        now: Time,
        envelope: &Envelope,
        not_controller: bool,
        out: &mut Out,
    ) -> bool {
        let answered = Place::InFlight { to: envelope.from, correlation: envelope.correlation };
        if self.request.as_ref().is_none_or(|request| request.place != answered) {
            return false;
        }
        if not_controller {
            self.requeue(now, envelope.from, out);
            return false;
        }
        self.request = None;
        out.disarm(self.timer);
        true
    }

    /// The connection to `node` broke.
    pub fn on_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        let in_flight = self.request.as_ref().map(|request| request.place);
        if matches!(in_flight, Some(Place::InFlight { to, .. }) if to == node) {
            self.requeue(now, node, out);
        }
    }

    /// Forgets the request.
    pub fn close(&mut self, out: &mut Out) {
        if self.request.take().is_some() {
            out.disarm(self.timer);
        }
    }

    fn requeue(&mut self, now: Time, failed: NodeId, out: &mut Out) {
        self.controller = None;
        if let Some(request) = &mut self.request {
            request.place = Place::Queued { failed: Some(failed) };
            let left = self.retry_timeout - now.since(request.created);
            out.arm(self.timer, left.min(RECONNECT_BACKOFF));
        }
    }

    fn maybe_send(&mut self, now: Time, known: Option<NodeId>, out: &mut Out) {
        let Some(request) = &mut self.request else {
            return;
        };
        let Place::Queued { failed } = request.place else {
            return;
        };
        let Some(to) = self.controller.or(known) else {
            if failed.is_none() {
                out.arm(self.timer, self.retry_timeout - now.since(request.created));
            }
            return;
        };
        if failed == Some(to) {
            return;
        }
        let correlation = self.next_correlation;
        self.next_correlation = Correlation(correlation.0.wrapping_add(1));
        self.controller = Some(to);
        request.place = Place::InFlight { to, correlation };
        out.send(to, correlation, request.message.clone());
        out.arm(self.timer, self.retry_timeout.min(CONTROLLER_SOCKET_TIMEOUT));
    }
}
