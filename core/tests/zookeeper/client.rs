//! A client's side: its connection, its pings, what it asks again, its watches.

use kraftscope_core::config::Settings;
use kraftscope_core::id::{Correlation, NodeId, NodeList};
use kraftscope_core::node::{Effect, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{Envelope, Message, WatchKind, ZkReply, ZkRequest, ZooKeeperMessage};
use kraftscope_core::znode::{Data, EventType, Path, SessionId, Stat, ZooKeeperError, Zxid};
use kraftscope_core::zookeeper::client::{Asker, ClientEvent, ZooKeeperClient};
use kraftscope_core::zookeeper::stream::Stream;
use std::collections::BTreeMap;
use std::sync::Arc;

const ME: NodeId = NodeId::broker(1);
const SESSION: SessionId = SessionId(42);
const TIMEOUT: Span = Span::secs(18);
const GET: ZkRequest = ZkRequest::GetData(Path::Controller, true);
const LIST: ZkRequest = ZkRequest::GetChildren(Path::BrokerIds, true);
const EXISTS: ZkRequest = ZkRequest::Exists(Path::ControllerEpoch, true);

/// A client, and members that do what the test says.
struct Desk {
    client: ZooKeeperClient,
    now: Time,
    out: Out,
    /// The member's end of the connection that the client asked for last.
    member: (NodeId, Stream),
    events: Vec<ClientEvent>,
    timers: BTreeMap<Timer, Time>,
    notes: Vec<Note>,
}

impl Desk {
    /// A client of three members that has just asked one of them for a session.
    fn new() -> Desk {
        Desk::with(Settings::default())
    }

    fn with(settings: Settings) -> Desk {
        let members: NodeList = (1..=3).map(NodeId::zookeeper).collect();
        let mut desk = Desk {
            client: ZooKeeperClient::new(members, Arc::new(settings)),
            now: Time::ZERO,
            out: Out::new(1),
            member: (NodeId::zookeeper(1), Stream::default()),
            events: Vec::new(),
            timers: BTreeMap::new(),
            notes: Vec::new(),
        };
        desk.client.boot(desk.now, &mut desk.out);
        desk
    }

    /// The same with a session.
    fn connected() -> Desk {
        let mut desk = Desk::new();
        desk.sent();
        desk.say(ZooKeeperMessage::ConnectResponse { session: SESSION, timeout: TIMEOUT });
        desk.events.clear();
        desk
    }

    /// What the client has sent since the last call.
    fn sent(&mut self) -> Vec<ZooKeeperMessage> {
        let mut sent = Vec::new();
        for effect in std::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, message: Message::ZooKeeper(message) } => {
                    if matches!(*message, ZooKeeperMessage::ConnectRequest { .. }) {
                        self.member = (to, Stream::opened_by(correlation).unwrap());
                    }
                    sent.push(*message);
                }
                Effect::Arm(timer, span) => {
                    self.timers.insert(timer, self.now + *span.start());
                }
                Effect::Disarm(timer) => {
                    self.timers.remove(&timer);
                }
                Effect::Note(note) => self.notes.push(note),
                other => panic!("a client does not {other:?}"),
            }
        }
        sent
    }

    /// The member says this, in its turn.
    fn say(&mut self, message: ZooKeeperMessage) {
        let mut out = Out::new(1);
        self.member.1.send(ME, message, &mut out);
        let Some(Effect::Send { correlation, message, .. }) = out.effects.pop() else { panic!() };
        self.deliver(correlation, message);
    }

    fn deliver(&mut self, correlation: Correlation, message: Message) {
        let envelope = Envelope { from: self.member.0, to: ME, correlation, message };
        self.events.extend(self.client.on_message(self.now, envelope, &mut self.out));
    }

    fn answer(&mut self, answers: Vec<Result<ZkReply, ZooKeeperError>>, zxid: u64) {
        self.say(ZooKeeperMessage::Responses(answers, Zxid(zxid)));
    }

    fn ask(&mut self, asker: Asker, tag: u32, requests: &[ZkRequest]) {
        self.client.ask(self.now, asker, tag, requests.to_vec(), &mut self.out);
    }

    fn disconnect(&mut self) {
        self.events.extend(self.client.on_disconnected(self.now, self.member.0, &mut self.out));
    }

    /// Lets time pass; timers run out when they are due.
    fn wait(&mut self, span: Span) -> Vec<ZooKeeperMessage> {
        let until = self.now + span;
        let mut sent = self.sent();
        while let Some((&timer, &due)) =
            self.timers.iter().min_by_key(|(_, due)| **due).filter(|(_, due)| **due <= until)
        {
            self.timers.remove(&timer);
            self.now = due;
            self.events.extend(self.client.on_timer(due, timer, &mut self.out));
            sent.extend(self.sent());
        }
        self.now = until;
        sent
    }

    /// The connection breaks, the client waits and asks again.
    fn reconnect(&mut self) -> Vec<ZooKeeperMessage> {
        self.disconnect();
        let sent = self.wait(Span::secs(1));
        self.say(ZooKeeperMessage::ConnectResponse { session: SESSION, timeout: TIMEOUT });
        sent
    }

    fn events(&mut self) -> Vec<ClientEvent> {
        std::mem::take(&mut self.events)
    }
}

fn connect(session: SessionId, last_zxid: u64) -> ZooKeeperMessage {
    ZooKeeperMessage::ConnectRequest { session, timeout: TIMEOUT, last_zxid: Zxid(last_zxid) }
}

fn requests(requests: &[ZkRequest]) -> ZooKeeperMessage {
    ZooKeeperMessage::Requests(SESSION, requests.to_vec())
}

fn data() -> Result<ZkReply, ZooKeeperError> {
    Ok(ZkReply::Data(Data::Empty, Stat::default()))
}

fn none() -> Result<ZkReply, ZooKeeperError> {
    Err(ZooKeeperError::NoNode)
}

fn children() -> Result<ZkReply, ZooKeeperError> {
    Ok(ZkReply::Children(Vec::new(), Stat::default()))
}

/// Source: `ClientCnxn.SendThread.primeConnection`, `onConnected`.
#[test]
fn a_client_without_a_session_asks_for_a_new_one_and_sends_nothing_before_it_has_it() {
    let mut desk = Desk::new();
    desk.ask(Asker::Broker, 1, &[GET]);
    assert_eq!(desk.sent(), [connect(SessionId(0), 0)]);
    desk.say(ZooKeeperMessage::ConnectResponse { session: SESSION, timeout: TIMEOUT });
    assert_eq!(desk.events(), [ClientEvent::Connected { session: SESSION, is_new: true }]);
    assert_eq!(desk.sent(), [requests(&[GET])]);
}

/// Source: `ClientCnxn.SendThread.run`: readTimeout is two thirds of the timeout, a ping is due after half of that.
#[test]
fn a_client_that_has_nothing_to_say_pings_after_a_third_of_the_timeout() {
    let mut desk = Desk::connected();
    assert!(desk.wait(Span::millis(5_999)).is_empty());
    assert_eq!(desk.wait(Span::millis(1)), [ZooKeeperMessage::Ping(SESSION)]);
    desk.say(ZooKeeperMessage::Pong);
    assert_eq!(desk.wait(Span::secs(6)), [ZooKeeperMessage::Ping(SESSION)]);
}

/// Source: `ClientCnxn.SendThread.run`: `getIdleSend` counts from whatever was sent last.
#[test]
fn a_request_is_as_good_as_a_ping() {
    let mut desk = Desk::connected();
    desk.wait(Span::secs(4));
    desk.ask(Asker::Broker, 1, &[GET]);
    assert_eq!(desk.sent(), [requests(&[GET])]);
    desk.answer(vec![data()], 1);
    assert!(desk.wait(Span::millis(5_999)).is_empty());
    assert_eq!(desk.wait(Span::millis(1)), [ZooKeeperMessage::Ping(SESSION)]);
}

/// Source: `ClientCnxn.SendThread.run`, `readTimeout`; `StaticHostProvider.next`.
#[test]
fn a_member_that_is_silent_for_two_thirds_of_the_timeout_is_left_for_another() {
    let mut desk = Desk::connected();
    let silent = desk.member.0;
    assert_eq!(desk.wait(Span::millis(11_999)), [ZooKeeperMessage::Ping(SESSION)]);
    assert!(desk.events().is_empty());
    let sent = desk.wait(Span::secs(2));
    assert_eq!(sent, [ZooKeeperMessage::Closed, connect(SESSION, 0)]);
    assert_eq!(desk.events(), [ClientEvent::Disconnected]);
    assert_eq!(desk.notes, [Note::MemberSilent { member: silent }]);
    assert_ne!(desk.member.0, silent);
}

/// Source: `ClientCnxn`, `connectTimeout`: the session's timeout divided by the number of members.
#[test]
fn a_member_that_does_not_take_the_session_is_given_its_share_of_the_timeout() {
    let mut desk = Desk::new();
    desk.sent();
    let first = desk.member.0;
    assert!(desk.wait(Span::millis(5_999)).is_empty());
    desk.wait(Span::millis(1));
    assert_ne!(desk.member.0, first);
}

/// Source: `ClientCnxn.SendThread.startConnect`, `StaticHostProvider.next(1000)`: up to a second, and a second more
/// when every member was tried.
#[test]
fn a_client_that_finds_nobody_tries_all_members_before_it_pauses() {
    let mut desk = Desk::new();
    desk.sent();
    let mut tried = vec![desk.member.0];
    desk.wait(Span::secs(6));
    tried.push(desk.member.0);
    desk.wait(Span::secs(6));
    tried.push(desk.member.0);
    tried.sort_unstable();
    assert_eq!(tried, [1, 2, 3].map(NodeId::zookeeper));
    assert_eq!(desk.wait(Span::millis(6_999)), [ZooKeeperMessage::Closed]);
    assert_eq!(desk.wait(Span::millis(1)), [connect(SessionId(0), 0)]);
}

/// Source: `ZKWatchManager`, `SetWatches`: with the last transaction that an answer showed, before any request.
#[test]
fn a_client_that_reconnects_sets_its_watches_again_first() {
    let mut desk = Desk::connected();
    desk.ask(Asker::Broker, 1, &[GET, LIST, EXISTS]);
    desk.answer(vec![data(), children(), none()], 17);
    desk.sent();
    desk.ask(Asker::Broker, 2, &[GET]);
    desk.sent();
    assert_eq!(desk.reconnect(), [connect(SESSION, 17)]);
    let watches = vec![
        (Path::Controller, WatchKind::Data),
        (Path::ControllerEpoch, WatchKind::Exists),
        (Path::BrokerIds, WatchKind::Children),
    ];
    assert_eq!(desk.sent(), [ZooKeeperMessage::SetWatches(watches, Zxid(17)), requests(&[GET])]);
}

/// Source: `DataWatchRegistration.shouldAddWatch`, `ZKWatchManager.materialize`.
#[test]
fn a_watch_that_has_fired_or_was_never_set_is_not_set_again() {
    let mut desk = Desk::connected();
    desk.ask(Asker::Broker, 1, &[GET, LIST]);
    desk.answer(vec![none(), children()], 17);
    desk.say(ZooKeeperMessage::WatchEvent(Path::BrokerIds, EventType::NodeChildrenChanged));
    let fired = ClientEvent::Watch(Path::BrokerIds, EventType::NodeChildrenChanged);
    assert_eq!(desk.events().last(), Some(&fired));
    desk.sent();
    desk.reconnect();
    assert!(desk.sent().is_empty());
}

/// Source: `KafkaZkClient.retryRequestsUntilConnected`: CONNECTIONLOSS is asked again.
#[test]
fn what_a_broken_connection_left_without_an_answer_is_asked_again() {
    let mut desk = Desk::connected();
    desk.ask(Asker::Broker, 1, &[GET, LIST]);
    desk.ask(Asker::Controller, 2, &[EXISTS]);
    assert_eq!(desk.sent(), [requests(&[GET, LIST]), requests(&[EXISTS])]);
    desk.answer(vec![data()], 3);
    desk.reconnect();
    assert_eq!(
        desk.events(),
        [ClientEvent::Disconnected, ClientEvent::Connected { session: SESSION, is_new: false }]
    );
    let watch = vec![(Path::Controller, WatchKind::Data)];
    let again = desk.sent();
    assert_eq!(again[0], ZooKeeperMessage::SetWatches(watch, Zxid(3)));
    let ZooKeeperMessage::Requests(_, asked) = &again[1] else { panic!("{again:?}") };
    assert_eq!(asked.len(), 2);
    assert_eq!(desk.client.waiting(), 2);
}

/// Source: `ZooKeeperClient.handleRequests`: one batch is answered as one.
#[test]
fn the_answers_to_one_question_come_together_and_those_of_one_asker_in_their_order() {
    let mut desk = Desk::connected();
    desk.ask(Asker::Broker, 1, &[GET, LIST]);
    desk.ask(Asker::Broker, 2, &[EXISTS]);
    desk.answer(vec![data()], 3);
    assert!(desk.events().is_empty());
    desk.answer(vec![children(), none()], 3);
    let first = ClientEvent::Answer(Asker::Broker, 1, vec![data(), children()]);
    assert_eq!(desk.events(), [first, ClientEvent::Answer(Asker::Broker, 2, vec![none()])]);
}

/// Source: `ZooKeeperClient`, `maxInFlightRequests`; KAFKA-5642: 1 before 1.1.
#[test]
fn no_more_requests_are_under_way_than_the_setting_allows() {
    let mut desk = Desk::with(Settings { zookeeper_max_in_flight_requests: 2, ..Settings::default() });
    desk.sent();
    desk.say(ZooKeeperMessage::ConnectResponse { session: SESSION, timeout: TIMEOUT });
    desk.ask(Asker::Broker, 1, &[GET, LIST, EXISTS]);
    assert_eq!(desk.sent(), [requests(&[GET, LIST])]);
    desk.answer(vec![data()], 3);
    assert_eq!(desk.sent(), [requests(&[EXISTS])]);
}

/// Source: `ZooKeeperClient.ZooKeeperClientWatcher`, `reinitialize`: Expired comes first, then SESSIONEXPIRED for what
/// waits, then another session without a pause.
#[test]
fn a_session_that_is_over_is_followed_by_another_and_nothing_of_it_is_asked_again() {
    let mut desk = Desk::connected();
    desk.ask(Asker::Controller, 1, &[GET]);
    desk.answer(vec![data()], 3);
    desk.ask(Asker::Controller, 2, &[LIST]);
    desk.events();
    desk.disconnect();
    desk.wait(Span::secs(1));
    desk.say(ZooKeeperMessage::ConnectResponse { session: SessionId(0), timeout: Span::ZERO });
    let failed = ClientEvent::Answer(Asker::Controller, 2, vec![Err(ZooKeeperError::SessionExpired)]);
    assert_eq!(desk.events(), [ClientEvent::Disconnected, ClientEvent::Expired, failed]);
    assert_eq!(desk.client.session(), None);
    assert_eq!(desk.sent(), [ZooKeeperMessage::Closed, connect(SessionId(0), 0)]);
    desk.say(ZooKeeperMessage::ConnectResponse { session: SessionId(43), timeout: TIMEOUT });
    assert_eq!(desk.events(), [ClientEvent::Connected { session: SessionId(43), is_new: true }]);
    assert!(desk.sent().is_empty());
    assert_eq!(desk.notes, [Note::SessionExpiryLearned { session: SESSION }]);
}

/// Source: `ClientCnxn.onConnected`: the timeout that was agreed on counts, not the one that was asked for.
#[test]
fn a_client_pings_by_the_timeout_that_was_agreed_on() {
    let mut desk = Desk::new();
    desk.sent();
    desk.say(ZooKeeperMessage::ConnectResponse { session: SESSION, timeout: Span::secs(6) });
    assert!(desk.wait(Span::millis(1_999)).is_empty());
    assert_eq!(desk.wait(Span::millis(1)), [ZooKeeperMessage::Ping(SESSION)]);
}

/// Source: `ZooKeeper.close`: the session ends at once, whoever waits gets nothing.
#[test]
fn a_client_that_closes_its_session_asks_for_no_other() {
    let mut desk = Desk::connected();
    assert!(desk.client.close(desk.now, &mut desk.out).is_empty());
    assert_eq!(desk.sent(), [ZooKeeperMessage::CloseSession(SESSION)]);
    desk.say(ZooKeeperMessage::SessionClosed);
    assert_eq!(desk.events(), [ClientEvent::Closed]);
    assert!(desk.wait(Span::secs(60)).is_empty());
}

/// Source: TCP: what belongs to an earlier connection does not reach the next one.
#[test]
fn an_answer_of_an_earlier_connection_is_not_heard() {
    let mut desk = Desk::connected();
    desk.ask(Asker::Broker, 1, &[GET]);
    let earlier = desk.member.clone();
    desk.reconnect();
    desk.events();
    let now = std::mem::replace(&mut desk.member, earlier);
    desk.answer(vec![data()], 3);
    assert!(desk.events().is_empty());
    desk.member = now;
    desk.answer(vec![none()], 3);
    assert_eq!(desk.events(), [ClientEvent::Answer(Asker::Broker, 1, vec![none()])]);
}
