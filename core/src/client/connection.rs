//! One connection of a client: whether it stands, when it may be opened again, what waits for an answer.
//!
//! Sources: `ClusterConnectionStates`, `InFlightRequests`.
//!
//! Left out: TCP's handshake and `ApiVersions` (a Metadata request stands in for both), idle connections that are
//! closed, throttling.

use super::backoff::backoff;
use crate::config::Settings;
use crate::id::Correlation;
use crate::node::Out;
use crate::time::Time;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConnectionState {
    /// Not open; it may be opened from this moment on.
    Disconnected {
        /// End of the back-off.
        until: Time,
    },
    /// Opened, and nothing has come back yet.
    Connecting,
    /// The broker has answered.
    Ready,
}

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Opens the connection; `update` when it is the awaited metadata update as well.
    Connect {
        /// Whether the client waits for this very answer.
        update: bool,
    },
    /// The awaited metadata update.
    Metadata,
    /// The client's own business.
    Data,
}

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InFlightRequest {
    /// Its number.
    pub correlation: Correlation,
    /// What it was for.
    pub purpose: Purpose,
    /// When it counts as lost, and the connection with it.
    pub deadline: Time,
}

/// A connection to one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connection {
    /// How it is.
    pub state: ConnectionState,
    /// What waits for an answer, oldest first.
    pub in_flight: Vec<InFlightRequest>,
    /// Disconnections since it was last ready.
    pub failures: u32,
    /// Failed attempts to open it since it was last ready.
    pub setup_failures: u32,
    /// Last attempt to open it, or its end.
    pub last_attempt: Time,
}

impl Connection {
    /// Never opened.
    pub const NEW: Connection = Connection {
        state: ConnectionState::Disconnected { until: Time::ZERO },
        in_flight: Vec::new(),
        failures: 0,
        setup_failures: 0,
        last_attempt: Time::ZERO,
    };

    /// Whether another request may be sent.
    pub fn can_send(&self, max_in_flight: u32) -> bool {
        self.state == ConnectionState::Ready && (self.in_flight.len() as u32) < max_in_flight
    }

    /// Whether it may be opened.
    pub fn can_connect(&self, now: Time) -> bool {
        matches!(self.state, ConnectionState::Disconnected { until } if until <= now)
    }

    /// End of a back-off that still runs.
    pub fn backs_off_until(&self, now: Time) -> Option<Time> {
        match self.state {
            ConnectionState::Disconnected { until } if until > now => Some(until),
            ConnectionState::Disconnected { .. } | ConnectionState::Connecting | ConnectionState::Ready => {
                None
            }
        }
    }

    /// Whether a metadata update is on its way here.
    pub fn awaits_update(&self) -> bool {
        let is_update = |purpose| matches!(purpose, Purpose::Metadata | Purpose::Connect { update: true });
        self.in_flight.iter().any(|request| is_update(request.purpose))
    }

    /// When the oldest request counts as lost.
    pub fn deadline(&self) -> Option<Time> {
        self.in_flight.iter().map(|request| request.deadline).min()
    }

    /// The broker has answered: failures are forgotten.
    pub fn become_ready(&mut self) {
        self.state = ConnectionState::Ready;
        self.failures = 0;
        self.setup_failures = 0;
    }

    /// It broke: waits `reconnect.backoff.ms`, doubled with every failure. Returns what was in flight.
    pub fn become_disconnected(
        &mut self,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> Vec<InFlightRequest> {
        if self.state == ConnectionState::Connecting {
            self.setup_failures = self.setup_failures.saturating_add(1);
        }
        let wait = backoff(settings.reconnect_backoff, settings.reconnect_backoff_max, self.failures, out);
        self.failures = self.failures.saturating_add(1);
        self.last_attempt = now;
        self.state = ConnectionState::Disconnected { until: now + wait };
        core::mem::take(&mut self.in_flight)
    }
}
