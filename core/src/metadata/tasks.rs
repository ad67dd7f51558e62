//! What the active controller does by itself from time to time, and what a person asks of it.
//!
//! Source: `PeriodicTaskControlManager`, `QuorumController.registerMaybeFenceStaleBroker` and its siblings,
//! `createTopics`, `incrementalAlterConfigs`, `electLeaders`. Keeps: tasks run only while it is active, each one
//! period after the last run, or after 10 ms when that run left work. One broker is fenced in a run.
//!
//! Left out: the limit of 1000 elections for the unclean task, and the record without effect that Kafka writes when the
//! session of a fenced broker runs out.

use crate::id::{CallId, NodeId};
use crate::kraft::Quorum;
use crate::metadata::controller::QuorumController;
use crate::metadata::decision::Decision;
use crate::metadata::deferred::Reply;
use crate::metadata::election::{balance_leaders, elect_leader, elect_unclean_leaders};
use crate::metadata::fencing::{fence, unregister};
use crate::metadata::heartbeat::Session;
use crate::metadata::reassign::reassign;
use crate::metadata::topics::{NewTopic, configure_topic, create_topic};
use crate::mode::ReplicationPlane;
use crate::node::{Command, Out, Outcome, Timer};
use crate::note::{ChangeReason, Note};
use crate::record::MetadataRecord;
use crate::time::{Span, Time};
use crate::wire::ErrorCode;
use alloc::vec;

/// When a task left work undone.
const IMMEDIATE: Span = Span::millis(10);

/// Stale brokers are looked for so many times per session timeout.
const SESSION_SAMPLES: u64 = 8;

/// Most records of one request (`MAX_RECORDS_PER_USER_OP`).
const RECORDS_MAX: u32 = 10_000;

impl QuorumController {
    /// It became active: every task runs first after one period.
    pub(super) fn arm_tasks(&self, out: &mut Out) {
        let settings = &self.settings;
        out.arm(Timer::FenceStaleBrokers, settings.broker_session_timeout / SESSION_SAMPLES);
        let elects = settings.replication == ReplicationPlane::Isr;
        if elects && settings.auto_leader_rebalance_enable {
            out.arm(Timer::LeaderBalance, settings.leader_imbalance_check_interval);
        }
        if elects {
            out.arm(Timer::UncleanElection, settings.unclean_leader_election_interval);
        }
        if settings.metadata_max_idle_interval > Span::ZERO {
            out.arm(Timer::NoOp, settings.metadata_max_idle_interval);
        }
    }

    /// One of its timers ran out; others are none of its business.
    pub fn on_timer(&mut self, now: Time, quorum: &mut Quorum, timer: Timer, out: &mut Out) {
        if !self.is_active() {
            return;
        }
        match timer {
            Timer::FenceStaleBrokers => self.fence_stale_broker(now, quorum, out),
            Timer::LeaderBalance => self.balance(now, quorum, out),
            Timer::UncleanElection => {
                self.elect_unclean(now, quorum, out);
                out.arm(timer, self.settings.unclean_leader_election_interval);
            }
            Timer::NoOp => {
                let records = vec![MetadataRecord::NoOp];
                self.write(now, quorum, Decision { records, notes: vec![] }, Reply::Nobody, out);
                out.arm(timer, self.settings.metadata_max_idle_interval);
            }
            _ => return,
        }
        self.on_progress(now, quorum, out);
    }

    /// A person's command; those of other layers are refused with `INVALID_REQUEST`.
    pub fn on_command(
        &mut self,
        now: Time,
        quorum: &mut Quorum,
        call: CallId,
        command: Command,
        out: &mut Out,
    ) {
        match self.decide(command, out) {
            Ok(decision) => {
                self.write(now, quorum, decision, Reply::Caller(call, Outcome::Done), out);
            }
            Err(error) => {
                match command {
                    Command::ElectLeader { partition, .. } => {
                        out.note(Note::ElectionRefused { partition, error });
                    }
                    Command::Reassign { partition, .. } => {
                        out.note(Note::ReassignmentRefused { partition, error });
                    }
                    _ => {}
                }
                out.reply(call, Outcome::Refused(error));
            }
        }
        self.on_progress(now, quorum, out);
    }

    fn decide(&mut self, command: Command, out: &mut Out) -> Result<Decision, ErrorCode> {
        let active = self.active.as_mut().ok_or(ErrorCode::NotController)?;
        let image = active.current.image();
        let elects = self.settings.replication == ReplicationPlane::Isr;
        match command {
            Command::CreateTopic { name, partitions, replication_factor, first_broker } => {
                let new = NewTopic { name, partitions, replication_factor, first_broker };
                create_topic(image, &active.heartbeats, new, out)
            }
            Command::ConfigureTopic { topic, key, value } => {
                configure_topic(image, &self.settings.features, topic, key, value)
            }
            Command::ElectLeader { .. } | Command::Reassign { .. } if !elects => {
                Err(ErrorCode::InvalidRequest)
            }
            Command::ElectLeader { partition, unclean } => {
                let mut decision = Decision::new();
                elect_leader(image, &self.settings, partition, unclean, &mut decision)?;
                Ok(decision)
            }
            Command::Reassign { partition, ref target } => {
                let mut decision = Decision::new();
                reassign(image, &self.settings, partition, target.as_ref(), &mut decision)?;
                Ok(decision)
            }
            Command::FenceBroker(broker) => self.decide_to_fence(broker),
            Command::UnregisterBroker(broker) => {
                let mut decision = Decision::new();
                if !image.brokers.contains_key(&broker) {
                    return Err(ErrorCode::BrokerIdNotRegistered);
                }
                unregister(image, &self.settings, broker, &mut decision);
                decision.note(Note::BrokerUnregistered { broker });
                Ok(decision)
            }
            Command::Append(count) => {
                let records = vec![MetadataRecord::NoOp; count.min(RECORDS_MAX) as usize];
                Ok(Decision { records, notes: vec![] })
            }
            _ => Err(ErrorCode::InvalidRequest),
        }
    }

    /// As if the broker's session had run out.
    fn decide_to_fence(&mut self, broker: NodeId) -> Result<Decision, ErrorCode> {
        let active = self.active.as_mut().ok_or(ErrorCode::NotController)?;
        let registration = active.current.image().brokers.get(&broker).copied();
        let registration = registration.ok_or(ErrorCode::BrokerIdNotRegistered)?;
        active.heartbeats.remove_session(broker, registration.broker_epoch);
        Ok(self.fencing(broker, Span::ZERO))
    }

    /// What fencing this broker writes; nothing when it is fenced already or unknown.
    fn fencing(&self, broker: NodeId, silent: Span) -> Decision {
        let mut decision = Decision::new();
        let image = self.image();
        if image.brokers.get(&broker).is_some_and(|registration| !registration.fenced) {
            let session_timeout = self.settings.broker_session_timeout;
            decision.note(Note::BrokerFenced { broker, silent, session_timeout });
            fence(image, &self.settings, broker, ChangeReason::Fenced, &mut decision);
        }
        decision
    }

    fn fence_stale_broker(&mut self, now: Time, quorum: &mut Quorum, out: &mut Out) {
        let timeout = self.settings.broker_session_timeout;
        let expired = self.active.as_mut().and_then(|active| active.heartbeats.remove_expired(now, timeout));
        let Some(Session { broker, broker_epoch, last_contact }) = expired else {
            return out.arm(Timer::FenceStaleBrokers, timeout / SESSION_SAMPLES);
        };
        let present = self.image().brokers.get(&broker);
        if present.is_some_and(|registration| registration.broker_epoch == broker_epoch) {
            let decision = self.fencing(broker, now.since(last_contact));
            self.write(now, quorum, decision, Reply::Nobody, out);
        }
        out.arm(Timer::FenceStaleBrokers, IMMEDIATE);
    }

    fn balance(&mut self, now: Time, quorum: &mut Quorum, out: &mut Out) {
        let mut decision = Decision::new();
        let is_unfinished = balance_leaders(self.image(), &self.settings, &mut decision);
        self.write(now, quorum, decision, Reply::Nobody, out);
        let interval = self.settings.leader_imbalance_check_interval;
        out.arm(Timer::LeaderBalance, if is_unfinished { IMMEDIATE } else { interval });
    }

    fn elect_unclean(&mut self, now: Time, quorum: &mut Quorum, out: &mut Out) {
        let mut decision = Decision::new();
        elect_unclean_leaders(self.image(), &self.settings, &mut decision);
        self.write(now, quorum, decision, Reply::Nobody, out);
    }
}
