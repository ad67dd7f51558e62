//! Replies that wait until what they promise is committed.
//!
//! Source: `DeferredEventQueue`, `ControllerWriteEvent`. Keeps: replies leave in the order in which they were
//! made. A reply that wrote nothing waits as well while anything is pending, for it may tell of records that are
//! not committed yet.

use crate::id::{CallId, Correlation, NodeId, Offset};
use crate::node::{Out, Outcome};
use crate::wire::{
    AllocateProducerIdsResponse, AlterPartitionResponse, BrokerHeartbeatResponse, BrokerRegistrationResponse,
    ErrorCode, Message,
};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What to tell whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reply {
    /// Nobody asked: the controller acted by itself.
    Nobody,
    /// A response to a broker's request.
    Broker {
        /// Who asked.
        to: NodeId,
        /// The request's number.
        correlation: Correlation,
        /// The response.
        message: Message,
    },
    /// The outcome of a person's call.
    Caller(CallId, Outcome),
}

impl Reply {
    /// Says it.
    pub fn tell(self, out: &mut Out) {
        match self {
            Reply::Nobody => {}
            Reply::Broker { to, correlation, message } => out.respond(to, correlation, message),
            Reply::Caller(call, outcome) => out.reply(call, outcome),
        }
    }

    /// The same reply as it goes out when this node leads no more: nobody can tell whether the records survive.
    #[must_use]
    pub fn not_controller(self) -> Reply {
        match self {
            Reply::Nobody => Reply::Nobody,
            Reply::Caller(call, _) => Reply::Caller(call, Outcome::Refused(ErrorCode::NotController)),
            Reply::Broker { to, correlation, message } => {
                Reply::Broker { to, correlation, message: error_response(&message, ErrorCode::NotController) }
            }
        }
    }
}

/// The response to this request (or instead of this response) that says nothing but `error`.
pub fn error_response(message: &Message, error: ErrorCode) -> Message {
    match message {
        Message::BrokerRegistrationRequest(_) | Message::BrokerRegistrationResponse(_) => {
            let response = BrokerRegistrationResponse { error, broker_epoch: Default::default() };
            Message::BrokerRegistrationResponse(response)
        }
        Message::AllocateProducerIdsRequest(_) | Message::AllocateProducerIdsResponse(_) => {
            let response = AllocateProducerIdsResponse { error, start: Default::default(), len: 0 };
            Message::AllocateProducerIdsResponse(response)
        }
        Message::AlterPartitionRequest(_) | Message::AlterPartitionResponse(_) => {
            Message::AlterPartitionResponse(AlterPartitionResponse { error, partitions: Vec::new() })
        }
        _ => Message::BrokerHeartbeatResponse(BrokerHeartbeatResponse {
            error,
            is_caught_up: false,
            is_fenced: true,
            should_shut_down: false,
        }),
    }
}

/// The queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeferredReplies {
    /// The last offset of what each reply waits for, never falling.
    queue: VecDeque<(Offset, Reply)>,
}

impl DeferredReplies {
    /// Tells `reply` when the record at `last` is committed.
    pub fn defer(&mut self, last: Offset, reply: Reply) {
        self.queue.push_back((last, reply));
    }

    /// Tells `reply`, which wrote nothing: at once, or after everything that is pending.
    pub fn follow(&mut self, reply: Reply, out: &mut Out) {
        match self.queue.back() {
            Some(&(last, _)) => self.defer(last, reply),
            None => reply.tell(out),
        }
    }

    /// Records below `high_watermark` are committed.
    pub fn complete(&mut self, high_watermark: Offset, out: &mut Out) {
        while self.queue.front().is_some_and(|&(last, _)| last < high_watermark) {
            if let Some((_, reply)) = self.queue.pop_front() {
                reply.tell(out);
            }
        }
    }

    /// Fails everything that is pending with `NOT_CONTROLLER`.
    pub fn fail(self, out: &mut Out) {
        for (_, reply) in self.queue {
            reply.not_controller().tell(out);
        }
    }
}
