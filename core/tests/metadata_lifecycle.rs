//! A broker's life as it sees it itself: `BrokerLifecycleManager`, `NodeToControllerChannelManager`.

use kraftscope_core::config::Settings;
use kraftscope_core::id::{BrokerEpoch, Correlation, Incarnation, NodeId, Offset};
use kraftscope_core::metadata::lifecycle::{BrokerState, Lifecycle};
use kraftscope_core::node::{Effect, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
    Envelope, ErrorCode, Message,
};
use metadata_support::{armed, b, ms};
use std::sync::Arc;

mod metadata_support;

const C1: NodeId = NodeId::controller(1);
const C2: NodeId = NodeId::controller(2);

/// Broker 1, and what its process would tell it.
struct Broker {
    now: Time,
    life: Lifecycle,
    out: Out,
    controller: Option<NodeId>,
    applied: Option<Offset>,
    last: Correlation,
}

impl Broker {
    fn with(settings: Settings) -> Broker {
        let life = Lifecycle::new(b(1), Incarnation(5), Some(BrokerEpoch(3)), Arc::new(settings));
        let (now, out) = (Time::ZERO, Out::new(1));
        Broker { now, life, out, controller: None, applied: None, last: Correlation(0) }
    }

    /// Started, and it knows controller 1.
    fn starting() -> Broker {
        let mut broker = Broker::with(Settings::default());
        broker.life.boot(broker.now, &mut broker.out);
        broker.learn(Some(C1));
        broker
    }

    /// Registered with epoch 7.
    fn registered() -> Broker {
        let mut broker = Broker::starting();
        broker.answer_registration(ErrorCode::None);
        broker.fire(Timer::Heartbeat);
        broker
    }

    /// Caught up, and its image is published.
    fn recovering() -> Broker {
        let mut broker = Broker::registered();
        broker.life.on_metadata(&mut broker.out);
        broker.answer_heartbeat(true, true, false);
        broker.fire(Timer::Heartbeat);
        broker
    }

    /// Unfenced, with no heartbeat in flight.
    fn running() -> Broker {
        let mut broker = Broker::recovering();
        broker.answer_heartbeat(true, false, false);
        broker
    }

    /// Asked to shut down, with the heartbeat that says so in flight.
    fn stopping() -> Broker {
        let mut broker = Broker::running();
        broker.life.begin_shutdown(&mut broker.out);
        broker.fire(Timer::Heartbeat);
        broker
    }

    fn learn(&mut self, controller: Option<NodeId>) {
        self.controller = controller;
        self.out.effects.clear();
        self.life.on_controller(self.now, controller, &mut self.out);
        self.remember();
    }

    fn fire(&mut self, timer: Timer) {
        self.out.effects.clear();
        self.life.on_timer(self.now, self.controller, self.applied, timer, &mut self.out);
        self.remember();
    }

    fn remember(&mut self) {
        if let Some((_, correlation, _)) = self.sent() {
            self.last = correlation;
        }
    }

    fn disconnect(&mut self, node: NodeId) {
        self.out.effects.clear();
        self.life.on_disconnected(self.now, node, &mut self.out);
    }

    fn answer(&mut self, from: NodeId, message: Message) {
        self.out.effects.clear();
        let envelope = Envelope { from, to: b(1), correlation: self.last, message };
        self.life.on_message(self.now, &envelope, &mut self.out);
    }

    fn answer_registration(&mut self, error: ErrorCode) {
        let response = BrokerRegistrationResponse { error, broker_epoch: BrokerEpoch(7) };
        self.answer(C1, Message::BrokerRegistrationResponse(response));
    }

    fn answer_heartbeat(&mut self, is_caught_up: bool, is_fenced: bool, should_shut_down: bool) {
        let error = ErrorCode::None;
        let response = BrokerHeartbeatResponse { error, is_caught_up, is_fenced, should_shut_down };
        self.answer(C1, Message::BrokerHeartbeatResponse(response));
    }

    fn refuse_heartbeat(&mut self, error: ErrorCode) {
        let (is_caught_up, is_fenced, should_shut_down) = (false, true, false);
        let response = BrokerHeartbeatResponse { error, is_caught_up, is_fenced, should_shut_down };
        self.answer(C1, Message::BrokerHeartbeatResponse(response));
    }

    fn sent(&self) -> Option<(NodeId, Correlation, Message)> {
        self.out.effects.iter().find_map(|effect| match effect {
            Effect::Send { to, correlation, message } => Some((*to, *correlation, message.clone())),
            _ => None,
        })
    }

    fn sent_to(&self) -> Option<NodeId> {
        self.sent().map(|(to, _, _)| to)
    }

    /// The heartbeat that was just sent.
    fn heartbeat(&self) -> BrokerHeartbeatRequest {
        match self.sent() {
            Some((_, _, Message::BrokerHeartbeatRequest(request))) => request,
            other => panic!("no heartbeat: {other:?}"),
        }
    }

    fn exit(&self) -> Option<bool> {
        self.out.effects.iter().find_map(|effect| match effect {
            Effect::Exit { clean } => Some(*clean),
            _ => None,
        })
    }

    fn notes(&self) -> Vec<Note> {
        let notes = self.out.effects.iter().filter_map(|effect| match effect {
            Effect::Note(note) => Some(*note),
            _ => None,
        });
        notes.collect()
    }

    /// How long until its next heartbeat or registration, by the last time that the timer was armed.
    fn next_in(&self) -> Option<Span> {
        armed(&self.out).iter().rfind(|(timer, _)| *timer == Timer::Heartbeat).map(|(_, span)| *span)
    }
}

/// BrokerLifecycleManager.StartupEvent.
#[test]
fn a_broker_registers_as_soon_as_it_knows_a_controller() {
    let mut broker = Broker::with(Settings::default());
    broker.life.boot(broker.now, &mut broker.out);
    assert_eq!(broker.life.state(), BrokerState::Starting);
    assert_eq!(broker.sent(), None);
    assert!(armed(&broker.out).contains(&(Timer::RegistrationTimeout, ms(60_000))));
    broker.learn(Some(C1));
    let request = BrokerRegistrationRequest {
        broker: b(1),
        incarnation: Incarnation(5),
        previous_broker_epoch: Some(BrokerEpoch(3)),
    };
    assert_eq!(broker.sent(), Some((C1, Correlation(0), Message::BrokerRegistrationRequest(request))));
}

/// BrokerLifecycleManager.BrokerRegistrationResponseEvent: "Immediately send a heartbeat".
#[test]
fn the_first_heartbeat_follows_the_registration_at_once() {
    let mut broker = Broker::starting();
    broker.answer_registration(ErrorCode::None);
    assert_eq!(broker.life.broker_epoch(), Some(BrokerEpoch(7)));
    assert_eq!(broker.next_in(), Some(Span::ZERO));
    broker.applied = Some(Offset(12));
    broker.fire(Timer::Heartbeat);
    assert_eq!(
        broker.heartbeat(),
        BrokerHeartbeatRequest {
            broker: b(1),
            broker_epoch: BrokerEpoch(7),
            current_metadata_offset: Some(Offset(12)),
            want_fence: true,
            want_shut_down: false,
        }
    );
}

/// BrokerLifecycleManager.scheduleNextCommunicationAfterFailure.
#[test]
fn a_refused_registration_is_tried_again_after_the_heartbeat_interval() {
    let mut broker = Broker::starting();
    broker.answer_registration(ErrorCode::DuplicateBrokerRegistration);
    assert_eq!((broker.life.broker_epoch(), broker.next_in()), (None, Some(ms(2000))));
    broker.fire(Timer::Heartbeat);
    assert!(matches!(broker.sent(), Some((C1, Correlation(1), Message::BrokerRegistrationRequest(_)))));
}

/// BrokerLifecycleManager.RegistrationTimeoutEvent; `initial.broker.registration.timeout.ms`.
#[test]
fn a_broker_that_cannot_register_gives_up() {
    let mut broker = Broker::starting();
    broker.fire(Timer::RegistrationTimeout);
    assert_eq!((broker.life.state(), broker.exit()), (BrokerState::ShuttingDown, Some(false)));
    assert_eq!(broker.notes(), [Note::RegistrationTimedOut { timeout: ms(60_000) }]);
}

/// BrokerLifecycleManager.RegistrationTimeoutEvent: `if (!initialRegistrationSucceeded)`.
#[test]
fn the_registration_timeout_means_nothing_once_registered() {
    let mut broker = Broker::registered();
    broker.fire(Timer::RegistrationTimeout);
    assert_eq!((broker.life.state(), broker.out.effects.len()), (BrokerState::Starting, 0));
}

/// BrokerLifecycleManager.BrokerHeartbeatResponseEvent, STARTING: every 10 ms until caught up.
#[test]
fn a_broker_that_is_not_caught_up_asks_again_after_10_ms() {
    let mut broker = Broker::registered();
    broker.answer_heartbeat(false, true, false);
    assert_eq!((broker.life.state(), broker.next_in()), (BrokerState::Starting, Some(ms(10))));
}

/// BrokerLifecycleManager.BrokerHeartbeatResponseEvent, STARTING to RECOVERY; nothing is published yet.
#[test]
fn a_broker_that_is_caught_up_but_has_published_nothing_stays_fenced() {
    let mut broker = Broker::registered();
    broker.answer_heartbeat(true, true, false);
    assert_eq!((broker.life.state(), broker.next_in()), (BrokerState::Recovery, Some(ms(10))));
    broker.fire(Timer::Heartbeat);
    assert!(broker.heartbeat().want_fence);
}

/// BrokerServer.startup: acceptors are opened after `initialCatchUpFuture`.
#[test]
fn nobody_can_connect_to_a_broker_before_it_has_caught_up() {
    assert!(!Broker::starting().life.accepts_connections());
    assert!(!Broker::registered().life.accepts_connections());
    assert!(Broker::recovering().life.accepts_connections());
    assert!(Broker::stopping().life.accepts_connections());
}

/// BrokerLifecycleManager.SetReadyToUnfenceEvent.
#[test]
fn a_broker_that_is_ready_asks_to_be_unfenced_at_once() {
    let mut broker = Broker::registered();
    broker.answer_heartbeat(true, true, false);
    broker.out.effects.clear();
    broker.life.on_metadata(&mut broker.out);
    assert_eq!(broker.next_in(), Some(Span::ZERO));
    broker.fire(Timer::Heartbeat);
    assert!(!broker.heartbeat().want_fence);
}

/// BrokerLifecycleManager.scheduleNextCommunication: `nextSchedulingShouldBeImmediate`.
#[test]
fn readiness_during_a_request_makes_the_next_one_immediate() {
    let mut broker = Broker::registered();
    broker.answer_heartbeat(true, true, false);
    broker.fire(Timer::Heartbeat);
    broker.life.on_metadata(&mut broker.out);
    broker.fire(Timer::Heartbeat);
    assert_eq!(broker.sent(), None, "one request at a time");
    broker.answer_heartbeat(true, true, false);
    assert_eq!(broker.next_in(), Some(Span::ZERO));
}

/// BrokerLifecycleManager.BrokerHeartbeatResponseEvent, RECOVERY to RUNNING.
#[test]
fn a_broker_runs_when_a_response_says_that_it_is_not_fenced() {
    let mut broker = Broker::recovering();
    assert!(!broker.heartbeat().want_fence);
    broker.answer_heartbeat(true, false, false);
    assert_eq!((broker.life.state(), broker.next_in()), (BrokerState::Running, Some(ms(2000))));
    assert_eq!(broker.notes(), [Note::BrokerRunning { broker_epoch: BrokerEpoch(7) }]);
}

/// BrokerLifecycleManager.BrokerHeartbeatResponseEvent, RECOVERY.
#[test]
fn a_broker_that_is_still_fenced_waits_for_its_next_heartbeat() {
    let mut broker = Broker::recovering();
    broker.answer_heartbeat(true, true, false);
    assert_eq!((broker.life.state(), broker.next_in()), (BrokerState::Recovery, Some(ms(2000))));
}

/// BrokerLifecycleManager, RUNNING: the response's IsFenced is not looked at.
#[test]
fn a_running_broker_that_the_controller_fenced_goes_on_and_does_not_ask_for_it() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    broker.answer_heartbeat(true, true, false);
    assert_eq!((broker.life.state(), broker.next_in()), (BrokerState::Running, Some(ms(2000))));
    broker.fire(Timer::Heartbeat);
    assert_eq!((broker.heartbeat().want_fence, broker.heartbeat().broker_epoch), (false, BrokerEpoch(7)));
}

/// BrokerLifecycleManager.scheduleNextCommunicationAfterFailure.
#[test]
fn a_refused_heartbeat_is_followed_by_another_after_the_interval() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    broker.refuse_heartbeat(ErrorCode::StaleBrokerEpoch);
    assert_eq!((broker.life.state(), broker.next_in()), (BrokerState::Running, Some(ms(2000))));
}

/// BrokerLifecycleManager.BeginControlledShutdownEvent; KAFKA-13167: the heartbeat does not wait.
#[test]
fn a_controlled_shutdown_is_asked_for_at_once() {
    let mut broker = Broker::running();
    broker.out.effects.clear();
    broker.life.begin_shutdown(&mut broker.out);
    assert_eq!(broker.life.state(), BrokerState::PendingControlledShutdown);
    assert_eq!(broker.next_in(), Some(Span::ZERO));
    broker.fire(Timer::Heartbeat);
    assert_eq!((broker.heartbeat().want_shut_down, broker.heartbeat().want_fence), (true, false));
}

/// BrokerLifecycleManager.BrokerHeartbeatResponseEvent, PENDING_CONTROLLED_SHUTDOWN.
#[test]
fn the_second_request_to_stop_follows_after_50_ms_and_later_ones_after_the_interval() {
    let mut broker = Broker::stopping();
    broker.answer_heartbeat(true, false, false);
    assert_eq!((broker.next_in(), broker.exit()), (Some(ms(50)), None));
    broker.fire(Timer::Heartbeat);
    broker.answer_heartbeat(true, false, false);
    assert_eq!(broker.next_in(), Some(ms(2000)));
}

/// BrokerLifecycleManager: "The controller has asked us to exit controlled shutdown."
#[test]
fn a_broker_stops_when_the_controller_lets_it() {
    let mut broker = Broker::stopping();
    broker.answer_heartbeat(true, true, true);
    assert_eq!((broker.life.state(), broker.exit()), (BrokerState::ShuttingDown, Some(true)));
    assert_eq!(broker.notes(), [Note::BrokerStopped]);
    broker.fire(Timer::Heartbeat);
    assert_eq!(broker.out.effects, []);
}

/// BrokerServer.shutdown: `controlledShutdownFuture.get(5, MINUTES)`, then it shuts down all the same.
#[test]
fn a_broker_stops_by_itself_when_the_controller_does_not_let_it_for_five_minutes() {
    let mut broker = Broker::running();
    broker.out.effects.clear();
    broker.life.begin_shutdown(&mut broker.out);
    assert!(armed(&broker.out).contains(&(Timer::ControlledShutdown, Span::secs(300))));
    broker.fire(Timer::ControlledShutdown);
    assert_eq!((broker.life.state(), broker.exit()), (BrokerState::ShuttingDown, Some(true)));
    assert_eq!(broker.notes(), [Note::ControlledShutdownTimedOut { timeout: Span::secs(300) }]);
}

/// BrokerLifecycleManager.BeginControlledShutdownEvent: only a RUNNING broker asks.
#[test]
fn a_broker_that_does_not_run_stops_at_once() {
    let mut broker = Broker::registered();
    broker.life.begin_shutdown(&mut broker.out);
    assert_eq!((broker.life.state(), broker.exit()), (BrokerState::ShuttingDown, Some(true)));
}

/// `controlled.shutdown.enable` = false.
#[test]
fn without_controlled_shutdown_a_running_broker_stops_at_once() {
    let settings = Settings { controlled_shutdown_enable: false, ..Settings::default() };
    let mut broker = Broker::with(settings);
    broker.life.boot(broker.now, &mut broker.out);
    broker.learn(Some(C1));
    broker.answer_registration(ErrorCode::None);
    broker.life.on_metadata(&mut broker.out);
    broker.fire(Timer::Heartbeat);
    broker.answer_heartbeat(true, true, false);
    broker.fire(Timer::Heartbeat);
    broker.answer_heartbeat(true, false, false);
    assert_eq!(broker.life.state(), BrokerState::Running);
    broker.life.begin_shutdown(&mut broker.out);
    assert_eq!(broker.exit(), Some(true));
}

/// BrokerLifecycleManager: "we are already in that state".
#[test]
fn asking_twice_to_shut_down_changes_nothing() {
    let mut broker = Broker::stopping();
    broker.out.effects.clear();
    broker.life.begin_shutdown(&mut broker.out);
    assert_eq!(broker.out.effects, []);
}

/// NodeToControllerRequestThread.handleResponse: NOT_CONTROLLER never reaches the caller; the same request goes to
/// the controller that is known next.
#[test]
fn a_request_answered_not_controller_goes_to_the_next_controller() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    let request = broker.heartbeat();
    broker.refuse_heartbeat(ErrorCode::NotController);
    assert_eq!((broker.sent(), broker.life.controller()), (None, None));
    assert_eq!(armed(&broker.out), [(Timer::HeartbeatRequest, ms(50))]);
    broker.learn(Some(C2));
    assert_eq!((broker.sent_to(), broker.heartbeat()), (Some(C2), request));
}

/// NetworkClient: a node that has just failed is not asked again before the reconnect back-off of 50 ms.
#[test]
fn a_request_goes_back_to_the_same_controller_only_after_the_back_off() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    broker.disconnect(C1);
    assert_eq!(armed(&broker.out), [(Timer::HeartbeatRequest, ms(50))]);
    broker.learn(Some(C1));
    assert_eq!(broker.sent(), None);
    broker.now += ms(50);
    broker.fire(Timer::HeartbeatRequest);
    assert_eq!(broker.sent_to(), Some(C1));
}

/// NodeToControllerRequestThread.generateRequests; BrokerServer (KAFKA-19294): the retry timeout of the heartbeat
/// channel is the heartbeat interval.
#[test]
fn a_request_without_a_controller_is_given_up_after_the_heartbeat_interval() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    broker.disconnect(C1);
    broker.controller = None;
    broker.now += ms(50);
    broker.fire(Timer::HeartbeatRequest);
    assert_eq!((broker.sent(), armed(&broker.out)), (None, vec![(Timer::HeartbeatRequest, ms(1950))]));
    broker.now += ms(1950);
    broker.fire(Timer::HeartbeatRequest);
    assert_eq!(broker.next_in(), Some(ms(2000)));
}

/// NetworkClient's request timeout: min(`controller.socket.timeout.ms`, retry timeout); KAFKA-19294.
#[test]
fn a_request_that_nobody_answers_is_given_up_after_the_heartbeat_interval() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    assert_eq!(armed(&broker.out), [(Timer::HeartbeatRequest, ms(2000))]);
    broker.now += ms(2000);
    broker.fire(Timer::HeartbeatRequest);
    assert_eq!((broker.sent(), broker.next_in()), (None, Some(ms(2000))));
}

/// NodeToControllerRequestThread.doWork: the address is looked up only when none is held.
#[test]
fn a_new_leader_does_not_take_a_request_from_the_old_one() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    broker.learn(Some(C2));
    assert_eq!(broker.sent(), None);
    broker.answer_heartbeat(true, false, false);
    broker.fire(Timer::Heartbeat);
    assert_eq!(broker.sent_to(), Some(C1));
}

/// NetworkClient matches responses to requests by correlation id.
#[test]
fn an_answer_that_nobody_waits_for_is_ignored() {
    let mut broker = Broker::running();
    broker.fire(Timer::Heartbeat);
    broker.answer_heartbeat(true, false, false);
    broker.answer_heartbeat(true, false, false);
    assert_eq!(broker.out.effects, []);
    broker.disconnect(C1);
    assert_eq!(broker.out.effects, []);
}

/// A TCP connection does not outlive its process, and an answer on it neither.
#[test]
fn an_answer_to_an_earlier_life_is_ignored() {
    let mut broker = Broker::with(Settings::default());
    broker.life.boot(Time(107_000_000), &mut broker.out);
    broker.learn(Some(C1));
    broker.last = Correlation(0);
    broker.answer_registration(ErrorCode::None);
    assert_eq!(broker.life.broker_epoch(), None);
    assert_eq!(broker.out.effects, []);
}
