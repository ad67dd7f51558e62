//! A broker's life as it sees it itself: register, catch up, become unfenced, run, shut down.
//!
//! Source: `BrokerLifecycleManager`, and `BrokerServer.startup` for the order. It replays nothing and holds no
//! partition: it is told how far metadata has been applied. Keeps: at most one request is in flight; a broker
//! asks to be fenced until it is ready, and never again; it is not told to stop when the controller fences it,
//! its next heartbeat unfences it with the same broker epoch.
//! "At once" is a timer of zero length, as Kafka's is an event at the end of the queue.
//!
//! A request is given up after `broker.heartbeat.interval.ms`, and the next one follows an interval later
//! (KAFKA-19294, 4.1). Earlier releases waited up to half a session and backed off exponentially after failures,
//! and could lose their sessions by that.
//!
//! Left out: that older pace; log directories, and the recovery of logs, which takes no time here: a broker is ready as soon as
//! it has caught up and published an image.

use crate::config::Settings;
use crate::id::{BrokerEpoch, Incarnation, NodeId, Offset};
use crate::metadata::channel::ControllerChannel;
use crate::node::{Effect, Out, Timer};
use crate::note::Note;
use crate::time::{Span, Time};
use crate::wire::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
    Envelope, ErrorCode, Message,
};
use alloc::sync::Arc;
use serde::{Deserialize, Serialize};

/// Until the broker has caught up, and right after: so that a start with nothing to recover is quick.
const CATCH_UP_PACE: Span = Span::millis(10);

/// After the first answer to a request to shut down: most are allowed soon.
const SHUTDOWN_PACE: Span = Span::millis(50);

/// How long `BrokerServer.shutdown` waits for the controller before it stops all the same.
const CONTROLLED_SHUTDOWN_TIMEOUT: Span = Span::secs(300);

/// How far a broker's life has come (`BrokerState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BrokerState {
    /// Not started.
    #[default]
    NotRunning,
    /// Registers, and catches up with the metadata.
    Starting,
    /// Caught up; still fenced.
    Recovery,
    /// Was unfenced once. A fencing later does not change that.
    Running,
    /// Asked the controller to move its leaderships away.
    PendingControlledShutdown,
    /// Over.
    ShuttingDown,
}

/// The lifecycle of one process of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lifecycle {
    me: NodeId,
    incarnation: Incarnation,
    previous_broker_epoch: Option<BrokerEpoch>,
    settings: Arc<Settings>,
    state: BrokerState,
    /// Set by the controller's answer to the registration, and never again in this life.
    broker_epoch: Option<BrokerEpoch>,
    /// Committed metadata has been replayed at least once.
    metadata_published: bool,
    ready_to_unfence: bool,
    got_shutdown_response: bool,
    /// The next request was due while one was in flight.
    next_is_immediate: bool,
    channel: ControllerChannel,
}

impl Lifecycle {
    /// The life of a process that has not started. `previous_broker_epoch` is what the clean-shutdown file says.
    pub fn new(
        me: NodeId,
        incarnation: Incarnation,
        previous_broker_epoch: Option<BrokerEpoch>,
        settings: Arc<Settings>,
    ) -> Lifecycle {
        // A request that hangs must not cost the session: one interval to give it up, one until the next.
        let channel = ControllerChannel::new(Timer::HeartbeatRequest, settings.broker_heartbeat_interval);
        Lifecycle {
            me,
            incarnation,
            previous_broker_epoch,
            settings,
            state: BrokerState::NotRunning,
            broker_epoch: None,
            metadata_published: false,
            ready_to_unfence: false,
            got_shutdown_response: false,
            next_is_immediate: false,
            channel,
        }
    }

    /// How far it has come.
    pub const fn state(&self) -> BrokerState {
        self.state
    }

    /// Which life it is; `None` before registration.
    pub const fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    /// Whom it takes for the active controller, by its own connection.
    pub const fn controller(&self) -> Option<NodeId> {
        self.channel.controller()
    }

    /// Whether other brokers and clients can connect: not before the controller has confirmed that this broker is
    /// caught up (`BrokerServer.startup` opens its acceptors only then). Until then it may act upon an old image.
    pub const fn accepts_connections(&self) -> bool {
        match self.state {
            BrokerState::NotRunning | BrokerState::Starting | BrokerState::ShuttingDown => false,
            BrokerState::Recovery | BrokerState::Running | BrokerState::PendingControlledShutdown => true,
        }
    }

    /// The process starts: registers as soon as a controller is known.
    pub fn boot(&mut self, now: Time, out: &mut Out) {
        self.state = BrokerState::Starting;
        self.channel.open(now);
        out.arm(Timer::RegistrationTimeout, self.settings.initial_broker_registration_timeout);
        self.register(now, None, out);
    }

    /// The leader of the metadata quorum that this broker knows may have changed.
    pub fn on_controller(&mut self, now: Time, controller: Option<NodeId>, out: &mut Out) {
        self.channel.on_controller(now, controller, out);
    }

    /// Committed metadata was replayed and published.
    pub fn on_metadata(&mut self, out: &mut Out) {
        self.metadata_published = true;
        self.maybe_ready(out);
    }

    /// The connection to `node` broke.
    pub fn on_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        self.channel.on_disconnected(now, node, out);
    }

    /// A registration or heartbeat response; others are none of its business.
    pub fn on_message(&mut self, now: Time, envelope: &Envelope, out: &mut Out) {
        let error = match &envelope.message {
            Message::BrokerRegistrationResponse(response) => response.error,
            Message::BrokerHeartbeatResponse(response) => response.error,
            _ => return,
        };
        if !self.channel.on_response(now, envelope, error == ErrorCode::NotController, out) {
            return;
        }
        match &envelope.message {
            _ if !error.is_none() => self.schedule_after_failure(out),
            Message::BrokerRegistrationResponse(response) => self.on_registered(*response, out),
            Message::BrokerHeartbeatResponse(response) => self.on_heartbeat(*response, out),
            _ => {}
        }
    }

    /// One of its timers ran out. `controller` is the leader of the metadata quorum that this broker knows,
    /// `applied` the last metadata offset that it has applied.
    pub fn on_timer(
        &mut self,
        now: Time,
        controller: Option<NodeId>,
        applied: Option<Offset>,
        timer: Timer,
        out: &mut Out,
    ) {
        if matches!(self.state, BrokerState::NotRunning | BrokerState::ShuttingDown) {
            return;
        }
        match timer {
            Timer::Heartbeat => self.communicate(now, controller, applied, out),
            Timer::HeartbeatRequest => self.on_request_timer(now, controller, out),
            Timer::RegistrationTimeout if self.broker_epoch.is_none() => {
                let timeout = self.settings.initial_broker_registration_timeout;
                out.note(Note::RegistrationTimedOut { timeout });
                self.stop(false, out);
            }
            Timer::ControlledShutdown => {
                out.note(Note::ControlledShutdownTimedOut { timeout: CONTROLLED_SHUTDOWN_TIMEOUT });
                self.stop(true, out);
            }
            _ => {}
        }
    }

    /// A person stops the process. A running broker asks the controller first; any other stops at once.
    pub fn begin_shutdown(&mut self, out: &mut Out) {
        match self.state {
            BrokerState::PendingControlledShutdown | BrokerState::ShuttingDown => {}
            BrokerState::Running if self.settings.controlled_shutdown_enable => {
                self.state = BrokerState::PendingControlledShutdown;
                out.arm(Timer::ControlledShutdown, CONTROLLED_SHUTDOWN_TIMEOUT);
                self.schedule(Span::ZERO, out);
            }
            BrokerState::NotRunning
            | BrokerState::Starting
            | BrokerState::Recovery
            | BrokerState::Running => self.stop(true, out),
        }
    }

    fn on_request_timer(&mut self, now: Time, controller: Option<NodeId>, out: &mut Out) {
        if self.channel.on_timer(now, controller, out) {
            self.schedule_after_failure(out);
        }
    }

    fn communicate(&mut self, now: Time, controller: Option<NodeId>, applied: Option<Offset>, out: &mut Out) {
        if self.channel.is_busy() {
            self.next_is_immediate = true;
            return;
        }
        let Some(broker_epoch) = self.broker_epoch else {
            return self.register(now, controller, out);
        };
        let request = BrokerHeartbeatRequest {
            broker: self.me,
            broker_epoch,
            current_metadata_offset: applied,
            want_fence: !self.ready_to_unfence,
            want_shut_down: self.state == BrokerState::PendingControlledShutdown,
        };
        self.channel.send(now, controller, Message::BrokerHeartbeatRequest(request), out);
    }

    fn register(&mut self, now: Time, controller: Option<NodeId>, out: &mut Out) {
        let request = BrokerRegistrationRequest {
            broker: self.me,
            incarnation: self.incarnation,
            previous_broker_epoch: self.previous_broker_epoch,
        };
        self.channel.send(now, controller, Message::BrokerRegistrationRequest(request), out);
    }

    fn on_registered(&mut self, response: BrokerRegistrationResponse, out: &mut Out) {
        self.broker_epoch = Some(response.broker_epoch);
        out.disarm(Timer::RegistrationTimeout);
        self.schedule(Span::ZERO, out);
    }

    fn on_heartbeat(&mut self, response: BrokerHeartbeatResponse, out: &mut Out) {
        match self.state {
            BrokerState::Starting => {
                if response.is_caught_up {
                    self.state = BrokerState::Recovery;
                }
                self.schedule(CATCH_UP_PACE, out);
                self.maybe_ready(out);
            }
            BrokerState::Recovery => {
                if !response.is_fenced {
                    self.state = BrokerState::Running;
                    out.note(Note::BrokerRunning { broker_epoch: self.broker_epoch.unwrap_or_default() });
                }
                self.schedule(self.settings.broker_heartbeat_interval, out);
            }
            BrokerState::Running => self.schedule(self.settings.broker_heartbeat_interval, out),
            BrokerState::PendingControlledShutdown => self.on_shutdown_answer(response, out),
            BrokerState::NotRunning | BrokerState::ShuttingDown => {}
        }
    }

    fn on_shutdown_answer(&mut self, response: BrokerHeartbeatResponse, out: &mut Out) {
        if response.should_shut_down {
            out.note(Note::BrokerStopped);
            return self.stop(true, out);
        }
        let interval = self.settings.broker_heartbeat_interval;
        let pace = if self.got_shutdown_response { interval } else { SHUTDOWN_PACE };
        self.got_shutdown_response = true;
        self.schedule(pace, out);
    }

    /// Caught up and published: asks to be unfenced from now on, and does not wait for the next heartbeat.
    fn maybe_ready(&mut self, out: &mut Out) {
        if self.state == BrokerState::Recovery && self.metadata_published && !self.ready_to_unfence {
            self.ready_to_unfence = true;
            self.schedule(Span::ZERO, out);
        }
    }

    fn stop(&mut self, clean: bool, out: &mut Out) {
        self.state = BrokerState::ShuttingDown;
        self.channel.close(out);
        for timer in [Timer::Heartbeat, Timer::RegistrationTimeout, Timer::ControlledShutdown] {
            out.disarm(timer);
        }
        out.effects.push(Effect::Exit { clean });
    }

    /// After a failure nothing is immediate: a broker must not flood a controller that refuses it.
    fn schedule_after_failure(&mut self, out: &mut Out) {
        self.next_is_immediate = false;
        self.schedule(self.settings.broker_heartbeat_interval, out);
    }

    fn schedule(&mut self, span: Span, out: &mut Out) {
        let span = if self.next_is_immediate { Span::ZERO } else { span };
        self.next_is_immediate = false;
        out.arm(Timer::Heartbeat, span);
    }
}
