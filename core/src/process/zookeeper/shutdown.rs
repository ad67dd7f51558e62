//! An orderly end: the controller moves the broker's leaderships away, then the session is closed.
//!
//! Keeps: three tries, five seconds apart; then it stops all the same.
//! Source: `KafkaServer.controlledShutdown`, `KafkaServer.shutdown` (3.9).
//!
//! Left out: a broker that does not reach ZooKeeper hangs in its shutdown; here each try ends after
//! `controller.socket.timeout.ms`. Later releases ask the controller that the metadata cache names; here ZooKeeper is
//! asked in every release.

use super::ZooKeeperPlane;
use super::asked::{Answer, Asked};
use crate::id::{Correlation, NodeId};
use crate::metadata::lifecycle::BrokerState;
use crate::node::{Effect, Out, Timer};
use crate::note::Note;
use crate::replication::alter::REQUEST_TIMEOUT;
use crate::time::{Span, Time};
use crate::wire::{
    ControlMessage, ControlledShutdownRequest, Envelope, ErrorCode, Message, ZkReply, ZkRequest,
};
use crate::znode::{Data, Path};
use crate::zookeeper::client::ClientEvent;
use alloc::boxed::Box;
use alloc::vec;
use serde::{Deserialize, Serialize};

/// `controlled.shutdown.max.retries`: tries in all.
const MAX_RETRIES: u32 = 3;
/// `controlled.shutdown.retry.backoff.ms`.
const RETRY_BACKOFF: Span = Span::millis(5000);

/// Where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct ControlledShutdown {
    tries: u32,
    /// The request that waits for its answer.
    in_flight: Option<(NodeId, Correlation)>,
    /// Waits before the next try.
    pauses: bool,
}

impl ZooKeeperPlane {
    /// A person stops the process.
    pub(in crate::process) fn begin_shutdown(&mut self, now: Time, out: &mut Out) {
        match self.state {
            BrokerState::PendingControlledShutdown | BrokerState::ShuttingDown => {}
            BrokerState::Running if self.settings.controlled_shutdown_enable => {
                self.state = BrokerState::PendingControlledShutdown;
                self.try_to_stop(now, out);
            }
            BrokerState::NotRunning
            | BrokerState::Starting
            | BrokerState::Recovery
            | BrokerState::Running => self.stop(now, out),
        }
    }

    /// Asks ZooKeeper who the controller is.
    fn try_to_stop(&mut self, now: Time, out: &mut Out) {
        self.shutdown.tries += 1;
        self.shutdown.pauses = false;
        out.arm(Timer::ControlledShutdown, REQUEST_TIMEOUT);
        self.ask(now, Asked::ControllerToStop, vec![ZkRequest::GetData(Path::Controller, false)], out);
    }

    fn waits_for_controller(&self) -> bool {
        let asks = self.state == BrokerState::PendingControlledShutdown;
        asks && !self.shutdown.pauses && self.shutdown.in_flight.is_none()
    }

    pub(super) fn on_controller_to_stop(&mut self, now: Time, answer: Option<&Answer>, out: &mut Out) {
        if !self.waits_for_controller() {
            return;
        }
        let Some(Ok(ZkReply::Data(Data::Node(controller), _))) = answer else {
            return self.on_try_failed(now, 0, out);
        };
        let correlation = Correlation(self.shutdown.tries);
        self.shutdown.in_flight = Some((*controller, correlation));
        let request = ControlledShutdownRequest {
            broker: self.me,
            broker_epoch: self.broker_epoch.filter(|_| self.settings.features.broker_epoch_in_requests),
        };
        let request = ControlMessage::ControlledShutdownRequest(request);
        out.send(*controller, correlation, Message::Control(Box::new(request)));
    }

    pub(super) fn on_shutdown_response(&mut self, now: Time, envelope: &Envelope, out: &mut Out) {
        let Message::Control(message) = &envelope.message else { return };
        let ControlMessage::ControlledShutdownResponse(error, remaining) = &**message else { return };
        if self.shutdown.in_flight != Some((envelope.from, envelope.correlation)) {
            return;
        }
        self.shutdown.in_flight = None;
        if *error == ErrorCode::None && remaining.is_empty() {
            return self.stop(now, out);
        }
        self.on_try_failed(now, remaining.len() as u32, out);
    }

    /// The time for an answer, or the pause before the next try, is over.
    pub(super) fn on_shutdown_timer(&mut self, now: Time, out: &mut Out) {
        if self.shutdown.pauses {
            self.try_to_stop(now, out);
        } else {
            self.on_try_failed(now, 0, out);
        }
    }

    /// The connection to `node` broke.
    pub(super) fn on_controller_lost(&mut self, now: Time, node: NodeId, out: &mut Out) {
        if self.shutdown.in_flight.is_some_and(|(controller, _)| controller == node) {
            self.on_try_failed(now, 0, out);
        }
    }

    fn on_try_failed(&mut self, now: Time, remaining: u32, out: &mut Out) {
        self.shutdown.in_flight = None;
        let tries = MAX_RETRIES.saturating_sub(self.shutdown.tries);
        if tries == 0 {
            out.note(Note::ControlledShutdownFailed { tries: self.shutdown.tries });
            return self.stop(now, out);
        }
        out.note(Note::ControlledShutdownRetried { remaining, tries, backoff: RETRY_BACKOFF });
        self.shutdown.pauses = true;
        out.arm(Timer::ControlledShutdown, RETRY_BACKOFF);
    }

    /// Closes the session, then ends.
    fn stop(&mut self, now: Time, out: &mut Out) {
        self.state = BrokerState::ShuttingDown;
        self.shutdown = ControlledShutdown::default();
        out.disarm(Timer::ControlledShutdown);
        let events = self.client.close(now, out);
        if events.contains(&ClientEvent::Closed) {
            self.on_closed(out);
        }
    }

    pub(super) fn on_closed(&mut self, out: &mut Out) {
        if self.state == BrokerState::ShuttingDown {
            out.note(Note::BrokerStopped);
            out.effects.push(Effect::Exit { clean: true });
        }
    }
}
