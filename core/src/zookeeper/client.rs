//! A client of ZooKeeper: one session, one connection at a time, to whichever member takes it.
//!
//! It asks on behalf of two who do not wait for each other, the broker and its controller. Requests leave in the order
//! in which each of them asked, at most `zookeeper.max.in.flight.requests` at once, and wait while there is no
//! connection. Those that a broken connection leaves without an answer are sent again over the next one, as
//! `KafkaZkClient.retryRequestsUntilConnected` does: a create may find the znode that it has itself created
//! (`NODEEXISTS`, the owner is this session), a conditional write its own new version (`BADVERSION`).
//! It learns that its session has expired only when it reaches a member again; then everything that waits is answered
//! with `SESSIONEXPIRED` and it asks for a new session at once, as Kafka does.
//!
//! Source: ZooKeeper's `ClientCnxn.SendThread`, `StaticHostProvider`; Kafka's `ZooKeeperClient`, `KafkaZkClient`.
//!
//! Left out: read-only mode, authentication, chroot, `zookeeper.connection.timeout.ms`.

use super::asks::{Asks, WatchSet};
use super::stream::Stream;
use crate::client::alarms::Alarms;
use crate::config::Settings;
use crate::id::{NodeId, NodeList};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::time::{Span, Time};
use crate::wire::{Envelope, Message, WatchKind, ZkReply, ZkRequest, ZooKeeperMessage};
use crate::znode::{EventType, Path, SessionId, ZooKeeperError, Zxid};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A client that was connected once waits up to this long before it connects again (`ClientCnxn.startConnect`).
const RECONNECT_PAUSE: Span = Span::secs(1);
/// What it waits in addition when it has tried all members in vain (`HostProvider.next`).
const ROUND_PAUSE: Span = Span::secs(1);

/// On whose behalf something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Asker {
    /// The broker.
    Broker,
    /// The controller that it may be.
    Controller,
}

/// What a client tells its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClientEvent {
    /// A member has taken the session.
    Connected {
        /// Which session.
        session: SessionId,
        /// It has only just begun: ephemeral znodes and watches are to be made.
        is_new: bool,
    },
    /// The connection broke. The session may live on.
    Disconnected,
    /// The session is over, with its ephemeral znodes and watches. Comes before the answers (`SessionExpired`) to what
    /// waited, and before the `Connected` of the next session.
    Expired,
    /// A watch has fired; it is gone now.
    Watch(Path, EventType),
    /// Every request of one [`ZooKeeperClient::ask`] has its answer.
    Answer(Asker, u32, Vec<Result<ZkReply, ZooKeeperError>>),
    /// The session was closed in order, or nobody could be told.
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Connection {
    /// Nobody wants one: before the start, and after the end.
    None,
    /// Waits before it tries again.
    Pausing,
    /// Asks a member.
    Connecting { to: NodeId, since: Time, stream: Stream },
    /// A member has taken the session.
    Connected { to: NodeId, heard: Time, said: Time, stream: Stream },
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ZooKeeperClient {
    /// In the order in which it tries them.
    members: NodeList,
    /// Place of the next member to try.
    next: u32,
    /// Members tried since the last connection, the one that it was to among them.
    tried: u32,
    settings: Arc<Settings>,
    connection: Connection,
    connections: u32,
    was_connected: bool,
    closing: bool,
    session: Option<SessionId>,
    /// What was agreed on.
    timeout: Span,
    last_zxid: Zxid,
    asks: Asks,
    watches: WatchSet,
    alarms: Alarms,
}

impl ZooKeeperClient {
    /// A client that has not been started.
    pub fn new(members: NodeList, settings: Arc<Settings>) -> ZooKeeperClient {
        ZooKeeperClient {
            members,
            next: 0,
            tried: 0,
            timeout: settings.zookeeper_session_timeout,
            settings,
            connection: Connection::None,
            connections: 0,
            was_connected: false,
            closing: false,
            session: None,
            last_zxid: Zxid(0),
            asks: Asks::default(),
            watches: WatchSet::default(),
            alarms: Alarms::default(),
        }
    }

    /// Starts: asks a member, any of them, for a session.
    pub fn boot(&mut self, now: Time, out: &mut Out) {
        // A clock tells the connections of this life from those of an earlier one, as TCP's first sequence numbers do.
        // Else a member that stood still takes this life's first message for a copy, or answers the earlier one.
        self.connections = now.as_millis() as u32;
        self.begin(now, out);
        self.set_alarms(now, out);
    }

    /// Whether this message is for the client.
    pub fn handles_message(message: &Message) -> bool {
        matches!(message, Message::ZooKeeper(_))
    }

    /// Whether this timer is the client's.
    pub const fn handles(timer: Timer) -> bool {
        matches!(timer, Timer::ZooKeeperTimeout | Timer::ZooKeeperPing | Timer::ZooKeeperReconnect)
    }

    /// The session, from its first connection until the client knows that it has expired.
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The timeout of the session.
    pub const fn timeout(&self) -> Span {
        self.timeout
    }

    /// Whether a member has its session.
    pub const fn is_connected(&self) -> bool {
        matches!(self.connection, Connection::Connected { .. })
    }

    /// The member that it is connected to or tries to reach.
    pub const fn member(&self) -> Option<NodeId> {
        match self.connection {
            Connection::None | Connection::Pausing => None,
            Connection::Connecting { to, .. } | Connection::Connected { to, .. } => Some(to),
        }
    }

    /// When it last heard from its member.
    pub const fn heard(&self) -> Option<Time> {
        match self.connection {
            Connection::Connected { heard, .. } => Some(heard),
            Connection::None | Connection::Pausing | Connection::Connecting { .. } => None,
        }
    }

    /// Whether it found no such znode, and will be told when there is one.
    pub fn awaits_creation(&self, path: Path) -> bool {
        self.watches.contains(path, WatchKind::Exists)
    }

    /// How many requests have no answer yet.
    pub fn waiting(&self) -> u32 {
        self.asks.waiting()
    }

    /// Asks. The answers come together, as [`ClientEvent::Answer`] with this `tag`, when the last one is there; those
    /// of one asker come in the order of asking. An empty list is answered at the next event.
    pub fn ask(&mut self, now: Time, asker: Asker, tag: u32, requests: Vec<ZkRequest>, out: &mut Out) {
        self.asks.push(asker, tag, requests);
        self.send_asks(now, out);
        self.set_alarms(now, out);
    }

    /// Ends the session in order: its ephemeral znodes go at once. [`ClientEvent::Closed`] follows.
    pub fn close(&mut self, now: Time, out: &mut Out) -> Vec<ClientEvent> {
        self.closing = true;
        let mut events = Vec::new();
        match (&mut self.connection, self.session) {
            (Connection::Connected { to, said, stream, .. }, Some(session)) => {
                *said = now;
                stream.send(*to, ZooKeeperMessage::CloseSession(session), out);
            }
            _ => self.end(&mut events),
        }
        self.set_alarms(now, out);
        events
    }

    /// A message from a member.
    pub fn on_message(&mut self, now: Time, envelope: Envelope, out: &mut Out) -> Vec<ClientEvent> {
        let mut events = Vec::new();
        let Message::ZooKeeper(message) = envelope.message else { return events };
        let Some(stream) = self.stream_of(envelope.from) else { return events };
        if !stream.is_of(envelope.correlation) {
            return events;
        }
        if *message == ZooKeeperMessage::Closed {
            self.was_connected = true;
            self.lose(now, false, out, &mut events);
        } else {
            stream.arrived(envelope.correlation, *message);
        }
        while let Some(message) = self.stream_of(envelope.from).and_then(Stream::take) {
            self.on_ordered(now, envelope.from, message, out, &mut events);
        }
        self.send_asks(now, out);
        self.asks.drain_empty(&mut events);
        self.set_alarms(now, out);
        events
    }

    /// The connection to this node broke.
    pub fn on_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) -> Vec<ClientEvent> {
        let mut events = Vec::new();
        if self.member() == Some(node) {
            self.lose(now, false, out, &mut events);
            self.set_alarms(now, out);
        }
        events
    }

    /// One of its timers ran out.
    pub fn on_timer(&mut self, now: Time, timer: Timer, out: &mut Out) -> Vec<ClientEvent> {
        let mut events = Vec::new();
        self.alarms.fired(timer);
        match timer {
            Timer::ZooKeeperReconnect => self.connect(now, out),
            Timer::ZooKeeperPing => self.ping(now, out),
            _ => {
                if let Some(member) = self.member() {
                    out.note(Note::MemberSilent { member });
                }
                self.lose(now, true, out, &mut events);
            }
        }
        self.set_alarms(now, out);
        events
    }

    fn stream_of(&mut self, from: NodeId) -> Option<&mut Stream> {
        match &mut self.connection {
            Connection::Connecting { to, stream, .. } | Connection::Connected { to, stream, .. } => {
                (*to == from).then_some(stream)
            }
            Connection::None | Connection::Pausing => None,
        }
    }

    fn on_ordered(
        &mut self,
        now: Time,
        from: NodeId,
        message: ZooKeeperMessage,
        out: &mut Out,
        events: &mut Vec<ClientEvent>,
    ) {
        self.was_connected = true;
        if let Connection::Connected { heard, .. } = &mut self.connection {
            *heard = now;
        }
        match message {
            ZooKeeperMessage::ConnectResponse { session, timeout } => {
                self.on_connect_response(now, from, session, timeout, out, events);
            }
            ZooKeeperMessage::Responses(answers, zxid) => {
                self.last_zxid = self.last_zxid.max(zxid);
                self.asks.answered(answers, &mut self.watches, events);
            }
            ZooKeeperMessage::WatchEvent(path, event) => {
                self.watches.fired(path, event);
                events.push(ClientEvent::Watch(path, event));
            }
            ZooKeeperMessage::SessionClosed => self.end(events),
            // A pong says only that the member is there; nothing else is sent to a client.
            ZooKeeperMessage::Pong
            | ZooKeeperMessage::ConnectRequest { .. }
            | ZooKeeperMessage::Ping(_)
            | ZooKeeperMessage::Requests(..)
            | ZooKeeperMessage::SetWatches(..)
            | ZooKeeperMessage::CloseSession(_)
            | ZooKeeperMessage::Closed
            | ZooKeeperMessage::Peer(_)
            | ZooKeeperMessage::Forward(_)
            | ZooKeeperMessage::Touch(_)
            | ZooKeeperMessage::Revalidate(_)
            | ZooKeeperMessage::Revalidated(..) => {}
        }
    }

    fn on_connect_response(
        &mut self,
        now: Time,
        from: NodeId,
        session: SessionId,
        timeout: Span,
        out: &mut Out,
        events: &mut Vec<ClientEvent>,
    ) {
        let Connection::Connecting { stream, .. } = &mut self.connection else { return };
        if session == SessionId(0) {
            self.expire(now, out, events);
            return;
        }
        let mut stream = core::mem::take(stream);
        let is_new = self.session != Some(session);
        if !self.watches.is_empty() {
            let lost = ZooKeeperMessage::SetWatches(self.watches.all(), self.last_zxid);
            stream.send(from, lost, out);
        }
        (self.session, self.timeout, self.tried) = (Some(session), timeout, 1);
        self.connection = Connection::Connected { to: from, heard: now, said: now, stream };
        events.push(ClientEvent::Connected { session, is_new });
    }

    /// The session is over: a new one is asked for at once (`ZooKeeperClient.reinitialize`).
    fn expire(&mut self, now: Time, out: &mut Out, events: &mut Vec<ClientEvent>) {
        if let Some(session) = self.session.take() {
            out.note(Note::SessionExpiryLearned { session });
        }
        self.watches = WatchSet::default();
        self.last_zxid = Zxid(0);
        events.push(ClientEvent::Expired);
        self.asks.fail_all(ZooKeeperError::SessionExpired, events);
        self.close_connection(out);
        if self.closing {
            self.end(events);
        } else {
            self.begin(now, out);
        }
    }

    /// Nothing is left to do.
    fn end(&mut self, events: &mut Vec<ClientEvent>) {
        self.connection = Connection::None;
        self.session = None;
        self.closing = true;
        self.watches = WatchSet::default();
        self.asks.fail_all(ZooKeeperError::SessionExpired, events);
        events.push(ClientEvent::Closed);
    }

    /// A new `ZooKeeper` object: its list of members is shuffled, and it does not wait.
    fn begin(&mut self, now: Time, out: &mut Out) {
        let mut rest = self.members;
        let mut shuffled = NodeList::EMPTY;
        while let Some(&id) = rest.as_slice().get(out.pick(rest.len()) as usize) {
            shuffled.push(id);
            rest = rest.without(id);
        }
        (self.members, self.next, self.tried, self.was_connected) = (shuffled, 0, 0, false);
        self.timeout = self.settings.zookeeper_session_timeout;
        self.connect(now, out);
    }

    fn connect(&mut self, now: Time, out: &mut Out) {
        let Some(&to) = self.members.as_slice().get(self.next as usize) else { return };
        self.next = (self.next + 1) % self.members.len();
        self.tried += 1;
        self.connections = self.connections.wrapping_add(1);
        let mut stream = Stream::new(self.connections);
        let request = ZooKeeperMessage::ConnectRequest {
            session: self.session.unwrap_or_default(),
            timeout: self.settings.zookeeper_session_timeout,
            last_zxid: self.last_zxid,
        };
        stream.send(to, request, out);
        self.connection = Connection::Connecting { to, since: now, stream };
    }

    /// The connection is gone, or given up; the session may live on.
    fn lose(&mut self, now: Time, tell: bool, out: &mut Out, events: &mut Vec<ClientEvent>) {
        if tell {
            self.close_connection(out);
        }
        if self.is_connected() {
            events.push(ClientEvent::Disconnected);
        }
        self.asks.connection_lost();
        if self.closing {
            return self.end(events);
        }
        self.connection = Connection::Pausing;
        let most = if self.was_connected { RECONNECT_PAUSE } else { Span::ZERO };
        let round = self.tried > 0 && self.tried.is_multiple_of(self.members.len());
        let pause = if round { ROUND_PAUSE } else { Span::ZERO };
        if most == Span::ZERO && pause == Span::ZERO {
            return self.connect(now, out);
        }
        let drawn = Span::micros(u64::from(out.pick(most.0 as u32 + 1)));
        self.alarms.set(Timer::ZooKeeperReconnect, Some(now + pause + drawn), now, out);
    }

    fn close_connection(&mut self, out: &mut Out) {
        match &self.connection {
            Connection::Connecting { to, stream, .. } | Connection::Connected { to, stream, .. } => {
                stream.close(*to, out);
            }
            Connection::None | Connection::Pausing => {}
        }
    }

    fn ping(&mut self, now: Time, out: &mut Out) {
        let session = self.session.unwrap_or_default();
        if let Connection::Connected { to, said, stream, .. } = &mut self.connection {
            *said = now;
            stream.send(*to, ZooKeeperMessage::Ping(session), out);
        }
    }

    fn send_asks(&mut self, now: Time, out: &mut Out) {
        let most = self.settings.zookeeper_max_in_flight_requests;
        let session = self.session.unwrap_or_default();
        let Connection::Connected { to, said, stream, .. } = &mut self.connection else { return };
        if self.closing {
            return;
        }
        if let Some(requests) = self.asks.next_batch(most) {
            *said = now;
            stream.send(*to, ZooKeeperMessage::Requests(session, requests), out);
        }
    }

    /// Source: `ClientCnxn`: readTimeout is two thirds of the session's timeout, a ping is due after half of that, and
    /// connecting may take the share of one member.
    fn set_alarms(&mut self, now: Time, out: &mut Out) {
        let (timeout, ping) = match &self.connection {
            Connection::None | Connection::Pausing => (None, None),
            Connection::Connecting { since, .. } => {
                (Some(*since + self.timeout / u64::from(self.members.len())), None)
            }
            Connection::Connected { heard, said, .. } => {
                (Some(*heard + self.timeout * 2 / 3), Some(*said + self.timeout / 3))
            }
        };
        self.alarms.set(Timer::ZooKeeperTimeout, timeout, now, out);
        self.alarms.set(Timer::ZooKeeperPing, ping, now, out);
        if !matches!(self.connection, Connection::Pausing) {
            self.alarms.set(Timer::ZooKeeperReconnect, None, now, out);
        }
    }
}
