//! A client's connections and its metadata updates, shared by producers and consumers.
//!
//! It knows neither batches nor positions: it sends what it is given and says which requests have failed.
//! Invariants: a request is in flight on exactly one connection until it is answered, times out or its connection
//! breaks; an answer to anything else is ignored; a request that times out takes its connection with it.
//! Sources: `NetworkClient` and its `DefaultMetadataUpdater`, KIP-899 and KIP-1102 (rebootstrap).
//!
//! Left out: bootstrap addresses are brokers' ids, though connections to them are others than those to leaders;
//! `metadata.recovery.strategy` is `rebootstrap` in every release.

use super::alarms::Alarms;
use super::backoff::backoff;
use super::connection::{Connection, ConnectionState, InFlightRequest, Purpose};
use super::metadata::Metadata;
use crate::config::Settings;
use crate::id::{Correlation, NodeId, NodeList, Text};
use crate::node::{Out, Timer};
use crate::time::{Span, Time};
use crate::wire::{Envelope, Message};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody waits for it: late, doubled, or from a connection that broke.
    Unexpected,
    /// It opened a connection.
    Connected,
    /// The awaited metadata update.
    Metadata,
    /// The client's own business.
    Data,
}

/// The network side of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NetworkClient {
    /// What it knows of the cluster.
    pub metadata: Metadata,
    /// A connection per broker that it has ever talked to.
    pub connections: BTreeMap<NodeId, Connection>,
    /// The timers that are armed.
    pub alarms: Alarms,
    bootstrap: NodeList,
    next_correlation: Correlation,
    /// Since when it tries to get metadata.
    update_since: Option<Time>,
    /// It has begun anew and knows the bootstrap servers only.
    anew: bool,
}

/// `metadata.recovery.rebootstrap.trigger.ms`: so long without metadata from the brokers that it knows of, and it
/// begins anew with the bootstrap servers (KIP-1102).
const REBOOTSTRAP_TRIGGER: Span = Span::secs(300);

impl NetworkClient {
    /// The process starts. Requests are numbered from the present microsecond on, so that no answer to an earlier
    /// life is taken for one of this life's: TCP would have lost it with its connection.
    pub const fn open(&mut self, now: Time) {
        self.next_correlation = Correlation((now.0 as u32).wrapping_add(1));
    }

    /// Knows the bootstrap servers; wants the topics of these names.
    pub fn new(bootstrap: NodeList, wanted: Vec<Text>) -> NetworkClient {
        NetworkClient {
            metadata: Metadata::new(bootstrap, wanted),
            connections: BTreeMap::new(),
            alarms: Alarms::default(),
            bootstrap,
            next_correlation: Correlation(1),
            update_since: None,
            anew: false,
        }
    }

    /// Whether a request may be sent to `node` now; if it is not connected, opens the connection as soon as the
    /// back-off allows (`ready`).
    pub fn ready(&mut self, node: NodeId, settings: &Settings, now: Time, out: &mut Out) -> bool {
        if self.can_send(node, settings) {
            return true;
        }
        if self.connection(node).can_connect(now) {
            self.connect(node, false, settings, now, out);
        }
        false
    }

    /// Whether a request may be sent to `node` now.
    pub fn can_send(&self, node: NodeId, settings: &Settings) -> bool {
        let most = settings.max_in_flight_requests_per_connection;
        self.connections.get(&node).is_some_and(|connection| connection.can_send(most))
    }

    /// Whether the connection to `node` broke and may not be opened again yet.
    pub fn backs_off(&self, node: NodeId, now: Time) -> bool {
        self.connections.get(&node).is_some_and(|connection| connection.backs_off_until(now).is_some())
    }

    /// Sends a request of the client; it is answered, or comes back from [`NetworkClient::disconnect`].
    pub fn send(
        &mut self,
        node: NodeId,
        message: Message,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> Correlation {
        self.request(node, message, Purpose::Data, settings.request_timeout, now, out)
    }

    /// The same for a request whose answer may take longer than `request.timeout.ms`.
    pub fn send_within(
        &mut self,
        node: NodeId,
        message: Message,
        timeout: Span,
        now: Time,
        out: &mut Out,
    ) -> Correlation {
        self.request(node, message, Purpose::Data, timeout, now, out)
    }

    /// Sends a request that gets no answer (`acks=0`).
    pub fn send_one_way(&mut self, node: NodeId, message: Message, out: &mut Out) {
        let correlation = self.take_correlation();
        out.send(node, correlation, message);
    }

    fn request(
        &mut self,
        node: NodeId,
        message: Message,
        purpose: Purpose,
        timeout: Span,
        now: Time,
        out: &mut Out,
    ) -> Correlation {
        let correlation = self.take_correlation();
        let deadline = now + timeout;
        self.connection(node).in_flight.push(InFlightRequest { correlation, purpose, deadline });
        out.send(node, correlation, message);
        correlation
    }

    fn take_correlation(&mut self) -> Correlation {
        let correlation = self.next_correlation;
        self.next_correlation = Correlation(correlation.0.wrapping_add(1));
        correlation
    }

    fn connection(&mut self, node: NodeId) -> &mut Connection {
        self.connections.entry(node).or_insert(Connection::NEW)
    }

    fn connect(&mut self, node: NodeId, update: bool, settings: &Settings, now: Time, out: &mut Out) {
        let (initial, max) =
            (settings.socket_connection_setup_timeout, settings.socket_connection_setup_timeout_max);
        let timeout = backoff(initial, max, self.connection(node).setup_failures, out);
        let connection = self.connection(node);
        connection.state = ConnectionState::Connecting;
        connection.last_attempt = now;
        self.request(node, Message::MetadataRequest, Purpose::Connect { update }, timeout, now, out);
    }

    /// Whether an earlier request of the client on this connection is still without an answer. Answers come in the
    /// order of requests, so the earlier answer is lost; TCP loses nothing without its connection.
    pub fn overtakes(&self, envelope: &Envelope) -> bool {
        let Some(connection) = self.connections.get(&envelope.from) else { return false };
        let mut data = connection.in_flight.iter().filter(|request| request.purpose == Purpose::Data);
        data.position(|request| request.correlation == envelope.correlation).is_some_and(|place| place > 0)
    }

    /// An answer arrived. Metadata is dealt with here.
    pub fn on_response(
        &mut self,
        envelope: &Envelope,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> Answer {
        let Some(connection) = self.connections.get_mut(&envelope.from) else { return Answer::Unexpected };
        let in_flight = &mut connection.in_flight;
        let Some(index) = in_flight.iter().position(|r| r.correlation == envelope.correlation) else {
            return Answer::Unexpected;
        };
        let request = in_flight.remove(index);
        let Message::MetadataResponse(response) = &envelope.message else {
            return if request.purpose == Purpose::Data { Answer::Data } else { Answer::Unexpected };
        };
        match request.purpose {
            Purpose::Connect { update: false } => {
                connection.become_ready();
                self.metadata.merge(response, out);
                return Answer::Connected;
            }
            Purpose::Connect { update: true } => connection.become_ready(),
            Purpose::Metadata | Purpose::Data => {}
        }
        self.metadata.update(response, settings, now, out);
        self.update_since = None;
        self.anew = false;
        Answer::Metadata
    }

    /// The connection to `node` broke (`processDisconnection`). Returns the client's requests that have failed.
    pub fn disconnect(
        &mut self,
        node: NodeId,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> Vec<Correlation> {
        let Some(connection) = self.connections.get_mut(&node) else { return Vec::new() };
        if matches!(connection.state, ConnectionState::Disconnected { .. }) {
            return Vec::new();
        }
        let failed = connection.become_disconnected(settings, now, out);
        let was_update =
            failed.iter().any(|r| matches!(r.purpose, Purpose::Metadata | Purpose::Connect { update: true }));
        let is_due = !self.is_updating() && self.metadata.next_update(settings) <= now;
        if was_update || is_due {
            self.metadata.failed_update(settings, now, out);
        }
        // The break may be the result of stale metadata.
        self.metadata.request_update();
        failed.iter().filter(|r| r.purpose == Purpose::Data).map(|r| r.correlation).collect()
    }

    /// A request to `node` has waited too long (`handleTimedOutRequests`): the connection is closed. Returns the
    /// client's requests that have failed.
    pub fn on_request_timeout(
        &mut self,
        node: NodeId,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> Vec<Correlation> {
        self.alarms.fired(Timer::ClientRequest(node));
        let deadline = self.connections.get(&node).and_then(Connection::deadline);
        if deadline.is_some_and(|deadline| deadline <= now) {
            return self.disconnect(node, settings, now, out);
        }
        Vec::new()
    }

    /// Whether a metadata update is on its way.
    fn is_updating(&self) -> bool {
        self.connections.values().any(Connection::awaits_update)
    }

    /// When it has tried to get metadata for too long, it begins anew: it closes every connection, forgets who leads,
    /// and knows the bootstrap servers only (`handleRebootstrap`). Attempts to reach leaders that are cut off, which a
    /// consumer goes on with, do not keep it from asking bootstrap servers any more. Returns the client's requests that have failed.
    pub fn maybe_begin_anew(&mut self, now: Time, out: &mut Out) -> Vec<Correlation> {
        if self.update_since.is_none_or(|since| now.since(since) <= REBOOTSTRAP_TRIGGER) {
            return Vec::new();
        }
        self.update_since = Some(now);
        self.anew = true;
        self.metadata.begin_anew(self.bootstrap);
        let closed = core::mem::take(&mut self.connections);
        for &node in closed.keys() {
            self.alarms.set(Timer::ClientRequest(node), None, now, out);
            self.alarms.set(Timer::Reconnect(node), None, now, out);
        }
        let failed = closed.into_values().flat_map(|connection| connection.in_flight);
        failed.filter(|request| request.purpose == Purpose::Data).map(|request| request.correlation).collect()
    }

    /// Asks for metadata if an update is due and a broker can be asked (`maybeUpdate`).
    pub fn maybe_update(&mut self, settings: &Settings, now: Time, out: &mut Out) {
        if self.is_updating() || self.metadata.next_update(settings) > now {
            return;
        }
        self.update_since.get_or_insert(now);
        let Some(node) = self.least_loaded_node(settings, now, out) else { return };
        if self.can_send(node, settings) {
            let timeout = settings.request_timeout;
            self.request(node, Message::MetadataRequest, Purpose::Metadata, timeout, now, out);
        } else if self.connection(node).can_connect(now) {
            self.connect(node, true, settings, now, out);
        }
    }

    /// A broker to ask: of those that the latest answer named, or a bootstrap server when none of them can be
    /// asked.
    pub(super) fn least_loaded_node(&self, settings: &Settings, now: Time, out: &mut Out) -> Option<NodeId> {
        let known = self.least_loaded_of(&self.metadata.brokers, settings, now, out);
        known.or_else(|| self.least_loaded_of(&self.bootstrap, settings, now, out))
    }

    /// The ready one with the fewest requests in flight, else one that connects, else the one that was tried
    /// longest ago; ties go to the first from a random place on (`leastLoadedNode`).
    fn least_loaded_of(
        &self,
        nodes: &NodeList,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> Option<NodeId> {
        let offset = out.pick(nodes.len());
        let most = settings.max_in_flight_requests_per_connection;
        let never_used = Connection::NEW;
        let rank = |node: NodeId| {
            let connection = self.connections.get(&node).unwrap_or(&never_used);
            if connection.can_send(most) {
                return Some((0, connection.in_flight.len() as u64));
            }
            match connection.state {
                ConnectionState::Connecting if self.anew && !connection.awaits_update() => None,
                ConnectionState::Connecting => Some((1, 0)),
                ConnectionState::Disconnected { until } if until <= now => {
                    Some((2, connection.last_attempt.0))
                }
                ConnectionState::Disconnected { .. } | ConnectionState::Ready => None,
            }
        };
        let turned = (0..nodes.len()).map(|i| (i + offset) % nodes.len());
        let turned = turned.map(|i| nodes.as_slice()[i as usize]);
        turned
            .filter_map(|node| Some((rank(node)?, node)))
            .min_by_key(|&(rank, _)| rank)
            .map(|(_, node)| node)
    }

    /// Arms what this half of a client needs: request timeouts, reconnects, the next metadata update.
    pub fn arm(&mut self, settings: &Settings, now: Time, out: &mut Out) {
        for (&node, connection) in &self.connections {
            self.alarms.set(Timer::ClientRequest(node), connection.deadline(), now, out);
            self.alarms.set(Timer::Reconnect(node), connection.backs_off_until(now), now, out);
        }
        // An update that is due already waits for a connection, not for the clock.
        let next = Some(self.metadata.next_update(settings)).filter(|&next| next > now);
        let next = next.filter(|_| !self.is_updating());
        self.alarms.set(Timer::MetadataRefresh, next, now, out);
    }
}
