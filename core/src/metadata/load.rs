//! How many partitions an event changes: what the active controller's thread takes time for.
//!
//! Source: `ReplicationControlManager.generateLeaderAndIsrUpdates`, which looks at the partitions that have a broker in
//! their ISR (`BrokersToIsrs`), and writes a record for each.
//!
//! Left out: events that change few partitions at a time (preferred leaders, unclean elections, reassignments).

use crate::id::NodeId;
use crate::metadata::controller::QuorumController;
use crate::metadata::heartbeat::BrokerControlState;
use crate::metadata::image::Image;
use crate::mode::ReplicationPlane;
use crate::node::{Command, Input, Timer};
use crate::time::Time;
use crate::wire::{BrokerHeartbeatRequest, Message};

impl QuorumController {
    /// How many partitions this event will change, if it is handled now.
    pub fn partitions_of(&self, now: Time, input: &Input) -> u64 {
        let Some(active) = &self.active else { return 0 };
        let image = active.current.image();
        match input {
            Input::Call(_, Command::CreateTopic { partitions, .. }) => u64::from(*partitions),
            _ if self.settings.replication == ReplicationPlane::Raft => 0,
            Input::Fire(Timer::FenceStaleBrokers) => {
                let timeout = self.settings.broker_session_timeout;
                let stale =
                    active.heartbeats.sessions().iter().find(|is| now.since(is.last_contact) > timeout);
                stale.map_or(0, |session| in_sync(image, session.broker))
            }
            Input::Call(_, Command::FenceBroker(broker) | Command::UnregisterBroker(broker)) => {
                in_sync(image, *broker)
            }
            Input::Deliver(envelope) => match &envelope.message {
                Message::BrokerHeartbeatRequest(request) => {
                    changed_by(image, active.heartbeats.current_state(request.broker), request)
                }
                Message::BrokerRegistrationRequest(request)
                    if image.brokers.contains_key(&request.broker) =>
                {
                    in_sync(image, request.broker)
                }
                Message::AlterPartitionRequest(request) => request.partitions.len() as u64,
                _ => 0,
            },
            _ => 0,
        }
    }
}

/// What becomes of the partitions of a broker that wants to be something else.
fn changed_by(image: &Image, current: BrokerControlState, request: &BrokerHeartbeatRequest) -> u64 {
    match current {
        BrokerControlState::Unfenced if request.want_shut_down || request.want_fence => {
            in_sync(image, request.broker)
        }
        BrokerControlState::Fenced if !request.want_shut_down && !request.want_fence => {
            image.partitions.values().filter(|partition| partition.leader.is_none()).count() as u64
        }
        _ => 0,
    }
}

/// Partitions that have this broker in their ISR.
fn in_sync(image: &Image, broker: NodeId) -> u64 {
    image.partitions.values().filter(|partition| partition.isr.contains(broker)).count() as u64
}
