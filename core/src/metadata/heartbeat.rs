//! Who is alive, and what a heartbeat does to a broker: the active controller's soft state.
//!
//! Source: `BrokerHeartbeatManager` (states), `BrokerHeartbeatTracker` (sessions). Nothing of it is in the log:
//! a new active controller starts with fresh sessions, so nobody is fenced during its first session timeout.
//! It knows no partitions and writes no records. Keeps: a session belongs to one life of a broker (id and
//! epoch); a fenced broker is in no controlled shutdown.
//!
//! Left out: log directories.

use crate::id::{BrokerEpoch, NodeId, Offset};
use crate::time::{Span, Time};
use crate::wire::BrokerHeartbeatRequest;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How the controller sees a broker (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BrokerControlState {
    /// Leads nothing, is in no ISR (but the last one).
    Fenced,
    /// Works.
    Unfenced,
    /// Its leaderships are moved away; it waits for the others to learn that.
    ControlledShutdown,
    /// May stop now.
    ShutdownNow,
}

impl BrokerControlState {
    /// Whether its registration is fenced in this state.
    pub const fn is_fenced(self) -> bool {
        matches!(self, BrokerControlState::Fenced | BrokerControlState::ShutdownNow)
    }
}

/// What the next state depends on, apart from the heartbeat itself.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The state before.
    pub current: BrokerControlState,
    /// The offset of the broker's `RegisterBrokerRecord`.
    pub registered_at: Offset,
    /// It leads at least one partition.
    pub leads: bool,
    /// Every active broker has applied the records of its controlled shutdown.
    pub others_caught_up: bool,
}

impl Circumstances {
    /// The state that this heartbeat leads to (`calculateNextBrokerState`).
    pub fn next(&self, request: &BrokerHeartbeatRequest) -> BrokerControlState {
        use BrokerControlState::{ControlledShutdown, Fenced, ShutdownNow, Unfenced};
        match self.current {
            Fenced if request.want_shut_down => ShutdownNow,
            Fenced if !request.want_fence && self.is_caught_up(request) => Unfenced,
            Fenced => Fenced,
            Unfenced if request.want_fence && request.want_shut_down => ShutdownNow,
            Unfenced if request.want_fence => Fenced,
            Unfenced if request.want_shut_down && self.leads => ControlledShutdown,
            Unfenced if request.want_shut_down => ShutdownNow,
            Unfenced => Unfenced,
            ControlledShutdown if !self.leads && self.others_caught_up => ShutdownNow,
            ControlledShutdown => ControlledShutdown,
            ShutdownNow => ShutdownNow,
        }
    }

    /// The broker has applied its own registration.
    pub fn is_caught_up(&self, request: &BrokerHeartbeatRequest) -> bool {
        request.current_metadata_offset >= Some(self.registered_at)
    }
}

/// One broker's soft state (`BrokerHeartbeatState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct BrokerHeartbeat {
    fenced: bool,
    /// The last metadata offset it reported; `None` before its first heartbeat to this controller.
    metadata_offset: Option<Offset>,
    /// Last offset of the records that began its controlled shutdown.
    controlled_shutdown_offset: Option<Offset>,
}

impl BrokerHeartbeat {
    fn is_active(&self) -> bool {
        !self.fenced && self.controlled_shutdown_offset.is_none()
    }
}

/// One life of a broker, and when it was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    /// Which broker.
    pub broker: NodeId,
    /// Which of its lives.
    pub broker_epoch: BrokerEpoch,
    /// When its last heartbeat arrived.
    pub last_contact: Time,
}

/// Sessions and heartbeat states of all brokers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeartbeatTable {
    /// In the order of broker and epoch, each pair once.
    sessions: Vec<Session>,
    brokers: BTreeMap<NodeId, BrokerHeartbeat>,
}

impl HeartbeatTable {
    /// A heartbeat arrived: its session is renewed, whatever comes of it (`updateContactTime`).
    pub fn contact(&mut self, now: Time, broker: NodeId, broker_epoch: BrokerEpoch) {
        let key = (broker, broker_epoch);
        let session = Session { broker, broker_epoch, last_contact: now };
        match self.sessions.binary_search_by_key(&key, |s| (s.broker, s.broker_epoch)) {
            Ok(at) => self.sessions[at] = session,
            Err(at) => self.sessions.insert(at, session),
        }
    }

    /// Whether this life of the broker has a session that has not run out. A session runs out only when more
    /// than `timeout` has passed: the comparison is strict.
    pub fn has_valid_session(
        &self,
        now: Time,
        broker: NodeId,
        broker_epoch: BrokerEpoch,
        timeout: Span,
    ) -> bool {
        self.sessions.iter().any(|s| {
            s.broker == broker && s.broker_epoch == broker_epoch && now.since(s.last_contact) <= timeout
        })
    }

    /// Takes out one session that has run out (`maybeRemoveExpired`): one at a time, so that the effect of
    /// fencing one broker is seen before the next is fenced.
    pub fn remove_expired(&mut self, now: Time, timeout: Span) -> Option<Session> {
        let at = self.sessions.iter().position(|s| now.since(s.last_contact) > timeout)?;
        Some(self.sessions.remove(at))
    }

    /// Forgets the session of this life of the broker.
    pub fn remove_session(&mut self, broker: NodeId, broker_epoch: BrokerEpoch) {
        self.sessions.retain(|s| s.broker != broker || s.broker_epoch != broker_epoch);
    }

    /// Every session.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// A registration was replayed (`register`). The reported offset is kept only when the fencing changes
    /// here; a heartbeat that asks for the change has recorded it already, and then it is unknown until the
    /// broker's next heartbeat.
    pub fn register(&mut self, broker: NodeId, fenced: bool) {
        let known = self.brokers.get(&broker).filter(|b| b.fenced != fenced);
        self.touch(broker, fenced, known.and_then(|b| b.metadata_offset));
    }

    /// A heartbeat was handled, or a registration replayed (`touch`). A fenced broker leaves controlled shutdown;
    /// its next heartbeat lets it stop.
    pub fn touch(&mut self, broker: NodeId, fenced: bool, metadata_offset: Option<Offset>) {
        let state = self.brokers.entry(broker).or_default();
        state.fenced = fenced;
        state.metadata_offset = metadata_offset;
        if fenced {
            state.controlled_shutdown_offset = None;
        }
    }

    /// Forgets what was known of an earlier life of the broker (`remove`).
    pub fn remove(&mut self, broker: NodeId) {
        self.brokers.remove(&broker);
    }

    /// The broker is in controlled shutdown; `offset` is the last of the records that said so. Only the first
    /// offset counts. A fenced broker cannot be in controlled shutdown.
    pub fn begin_controlled_shutdown(&mut self, broker: NodeId, offset: Offset) {
        if let Some(state) = self.brokers.get_mut(&broker).filter(|state| !state.fenced) {
            state.controlled_shutdown_offset.get_or_insert(offset);
        }
    }

    /// The broker's state before its next heartbeat; unknown brokers count as fenced.
    pub fn current_state(&self, broker: NodeId) -> BrokerControlState {
        match self.brokers.get(&broker) {
            Some(state) if state.controlled_shutdown_offset.is_some() => {
                BrokerControlState::ControlledShutdown
            }
            Some(state) if !state.fenced => BrokerControlState::Unfenced,
            _ => BrokerControlState::Fenced,
        }
    }

    /// Whether every active broker (unfenced, not shutting down) has reported the last offset of the records
    /// that began this broker's controlled shutdown (`controlledShutdownOffset <= lowestActiveOffset`). With no
    /// active broker left there is nobody to wait for.
    pub fn others_caught_up(&self, broker: NodeId) -> bool {
        let needed = self.brokers.get(&broker).and_then(|state| state.controlled_shutdown_offset);
        self.brokers.values().filter(|state| state.is_active()).all(|state| state.metadata_offset >= needed)
    }

    /// Brokers that replicas may be placed on, unfenced and fenced (`usableBrokers`): all but those that shut
    /// down.
    pub fn usable(&self) -> (Vec<NodeId>, Vec<NodeId>) {
        let usable = self.brokers.iter().filter(|(_, state)| state.controlled_shutdown_offset.is_none());
        let (fenced, unfenced): (Vec<_>, Vec<_>) = usable.partition(|(_, state)| state.fenced);
        let ids = |list: Vec<(&NodeId, &BrokerHeartbeat)>| list.into_iter().map(|(&id, _)| id).collect();
        (ids(unfenced), ids(fenced))
    }
}
