//! Rules that tie settings together: what Kafka refuses, and what it accepts although nobody wants it.
//!
//! Sources: `KafkaConfig.validateValues`, `KafkaProducer.configureDeliveryTimeout`,
//! `CommonClientConfigs.warnDisablingExponentialBackoff`, `ProducerConfig`. Kafka raises a delivery timeout that nobody has set;
//! here all settings but `enable.idempotence` count as set.

use super::error::{ConfigError, Rule};
use super::table::settings;
use super::{Acks, EnableIdempotence, Settings};
use crate::release::Release;
use crate::time::Span;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `KafkaRaftClient.MAX_FETCH_WAIT_MS`: how long a metadata fetch may be parked.
const MAX_FETCH_WAIT: Span = Span::millis(500);

/// `MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION_FOR_IDEMPOTENCE`: so many batches of a producer a broker remembers.
const MOST_IN_FLIGHT: u32 = 5;

/// A legal but foolish choice. The words live in the page's language files, under [`Warning::key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "warning")]
pub enum Warning {
    /// Only one replica: the first crash takes the partition away.
    SingleReplica,
    /// `min.insync.replicas` = replication factor: with one replica gone, acks=all writes nothing.
    NoFaultTolerance {
        /// Both of them.
        replicas: u32,
    },
    /// `min.insync.replicas` > replication factor: capped at it since 3.7, so there is no fault tolerance.
    MinIsrAboveReplicationFactor {
        /// `min.insync.replicas`.
        min_isr: u32,
        /// The replication factor.
        replicas: u32,
    },
    /// A heartbeat comes no sooner than the session ends: brokers are fenced again and again.
    HeartbeatNotBelowSession {
        /// `broker.heartbeat.interval.ms`.
        heartbeat: Span,
        /// `broker.session.timeout.ms`.
        session: Span,
    },
    /// More than half the session between heartbeats: one lost heartbeat fences (Kafka logs an error).
    HeartbeatAboveHalfSession {
        /// `broker.heartbeat.interval.ms`.
        heartbeat: Span,
        /// `broker.session.timeout.ms`.
        session: Span,
    },
    /// Followers of an idle quorum wait for an answer longer than they trust the leader.
    QuorumFetchTimeoutBelowWait {
        /// `controller.quorum.fetch.timeout.ms`.
        timeout: Span,
        /// How long a metadata fetch of an idle quorum waits.
        wait: Span,
    },
    /// Unclean leader election may lose acknowledged records.
    UncleanElection,
    /// `acks` is not `all`: acknowledged records may be lost with the leader.
    AcksNotAll {
        /// The setting.
        acks: Acks,
    },
    /// `acks` is not `all`: `min.insync.replicas` above 1 does not protect.
    MinIsrWithoutAcksAll {
        /// `min.insync.replicas`.
        min_isr: u32,
    },
    /// `retries` = 0: the first passing fault reaches the application.
    NoRetries,
    /// `retry.backoff.ms` > `retry.backoff.max.ms`: always the latter, no growth (Kafka logs a warning).
    StaticRetryBackoff {
        /// `retry.backoff.ms`.
        backoff: Span,
        /// `retry.backoff.max.ms`.
        max: Span,
    },
    /// The consumer's long poll outlasts its request timeout: every fetch of an idle partition fails.
    FetchWaitNotBelowRequestTimeout {
        /// `fetch.max.wait.ms`.
        wait: Span,
        /// `request.timeout.ms`.
        timeout: Span,
    },
}

impl Warning {
    /// Name of the sentence in the page's language files.
    pub const fn key(&self) -> &'static str {
        match self {
            Warning::SingleReplica => "warning-single-replica",
            Warning::NoFaultTolerance { .. } => "warning-no-fault-tolerance",
            Warning::MinIsrAboveReplicationFactor { .. } => "warning-min-isr-above-replication-factor",
            Warning::HeartbeatNotBelowSession { .. } => "warning-heartbeat-not-below-session",
            Warning::HeartbeatAboveHalfSession { .. } => "warning-heartbeat-above-half-session",
            Warning::QuorumFetchTimeoutBelowWait { .. } => "warning-quorum-fetch-timeout-below-wait",
            Warning::UncleanElection => "warning-unclean-election",
            Warning::AcksNotAll { .. } => "warning-acks-not-all",
            Warning::MinIsrWithoutAcksAll { .. } => "warning-min-isr-without-acks-all",
            Warning::NoRetries => "warning-no-retries",
            Warning::StaticRetryBackoff { .. } => "warning-static-retry-backoff",
            Warning::FetchWaitNotBelowRequestTimeout { .. } => "warning-fetch-wait-not-below-request-timeout",
        }
    }
}

impl Settings {
    /// Whether Kafka would start with these settings, and the simulator can play them.
    ///
    /// # Errors
    /// The first setting out of bounds, in the order of the table, then the first broken rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for setting in settings() {
            setting.check((setting.read)(self))?;
        }
        let rules = [
            (Rule::ReplicaSocketTimeout, self.replica_fetch_wait_max <= self.replica_socket_timeout),
            (Rule::ReplicaFetchWait, self.replica_fetch_wait_max <= self.replica_lag_time_max),
            (Rule::RaftHeartbeat, self.kafkaraft_heartbeat_interval < self.kafkaraft_election_timeout),
            (Rule::DeliveryTimeout, self.delivery_timeout >= self.linger + self.request_timeout),
        ];
        match rules.iter().chain(&self.idempotence_rules(self.acks)).find(|(_, holds)| !holds) {
            Some(&(rule, _)) => Err(ConfigError::Rule(rule)),
            None => Ok(()),
        }
    }

    /// `ProducerConfig.postProcessAndValidateIdempotenceConfigs` for a producer with these `acks`.
    fn idempotence_rules(&self, acks: Acks) -> [(Rule, bool); 3] {
        let is_set = self.enable_idempotence == EnableIdempotence::Explicit(true);
        let must_fit = is_set || (self.enable_idempotence.is_on() && !self.release.is_before(Release::V4_0));
        let in_flight = self.max_in_flight_requests_per_connection;
        [
            (Rule::IdempotenceRetries, !is_set || self.retries > 0),
            (Rule::IdempotenceAcks, !is_set || acks == Acks::All),
            (Rule::IdempotenceInFlight, !must_fit || in_flight <= MOST_IN_FLIGHT),
        ]
    }

    /// Whether Kafka would start a producer that has `acks` of its own.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate_acks(&self, acks: Acks) -> Result<(), ConfigError> {
        match self.idempotence_rules(acks).iter().find(|(_, holds)| !holds) {
            Some(&(rule, _)) => Err(ConfigError::Rule(rule)),
            None => Ok(()),
        }
    }

    /// Whether a producer with these `acks` is idempotent. A default that does not fit is turned off without a word;
    /// 0.10 knows no idempotence.
    pub fn is_idempotent(&self, acks: Acks) -> bool {
        self.enable_idempotence.is_on()
            && acks == Acks::All
            && self.retries > 0
            && self.max_in_flight_requests_per_connection <= MOST_IN_FLIGHT
            && !self.release.is_before(Release::V1_1)
    }

    /// What is foolish though legal, for topics with this many replicas.
    pub fn warnings(&self, replication_factor: u32) -> Vec<Warning> {
        let mut warnings = Vec::new();
        self.warn_of_replicas(replication_factor, &mut warnings);
        self.warn_of_sessions(&mut warnings);
        self.warn_of_clients(&mut warnings);
        warnings
    }

    fn warn_of_replicas(&self, replicas: u32, warnings: &mut Vec<Warning>) {
        let min_isr = self.min_insync_replicas;
        if min_isr > replicas {
            warnings.push(Warning::MinIsrAboveReplicationFactor { min_isr, replicas });
        } else if replicas == 1 {
            warnings.push(Warning::SingleReplica);
        } else if min_isr == replicas {
            warnings.push(Warning::NoFaultTolerance { replicas });
        }
        if self.unclean_leader_election_enable {
            warnings.push(Warning::UncleanElection);
        }
    }

    fn warn_of_sessions(&self, warnings: &mut Vec<Warning>) {
        let (heartbeat, session) = (self.broker_heartbeat_interval, self.broker_session_timeout);
        if heartbeat >= session {
            warnings.push(Warning::HeartbeatNotBelowSession { heartbeat, session });
        } else if heartbeat * 2 > session {
            warnings.push(Warning::HeartbeatAboveHalfSession { heartbeat, session });
        }
        // An idle quorum answers a parked fetch with the next NoOpRecord, or when its wait is over.
        let idle = self.metadata_max_idle_interval;
        let wait = if idle == Span::ZERO { MAX_FETCH_WAIT } else { MAX_FETCH_WAIT.min(idle) };
        let timeout = self.controller_quorum_fetch_timeout;
        if timeout <= wait {
            warnings.push(Warning::QuorumFetchTimeoutBelowWait { timeout, wait });
        }
    }

    fn warn_of_clients(&self, warnings: &mut Vec<Warning>) {
        if self.acks != Acks::All {
            warnings.push(Warning::AcksNotAll { acks: self.acks });
            if self.min_insync_replicas > 1 {
                warnings.push(Warning::MinIsrWithoutAcksAll { min_isr: self.min_insync_replicas });
            }
        }
        if self.retries == 0 && self.acks != Acks::Zero {
            warnings.push(Warning::NoRetries);
        }
        if self.retry_backoff > self.retry_backoff_max {
            let (backoff, max) = (self.retry_backoff, self.retry_backoff_max);
            warnings.push(Warning::StaticRetryBackoff { backoff, max });
        }
        if self.fetch_max_wait >= self.request_timeout {
            let (wait, timeout) = (self.fetch_max_wait, self.request_timeout);
            warnings.push(Warning::FetchWaitNotBelowRequestTimeout { wait, timeout });
        }
    }
}
