//! What one move did, why a move is refused, and what a message was about.

use crate::id::{CallId, NodeId, NodeKind, StepId};
use crate::node::Outcome;
use crate::note::Note;
use crate::sim::action::Action;
use crate::sim::queue::{InFlight, Parcel};
use crate::time::Time;
use crate::wire::Message;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a message was, when it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Delivered {
    /// Who sent it.
    pub from: NodeId,
    /// Kafka's API name; `Disconnect` for a broken connection.
    pub api: &'static str,
    /// Request or response.
    pub request: bool,
}

/// What one move did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Step {
    /// Its number, from 1.
    pub event: StepId,
    /// When.
    pub time: Time,
    /// The move; `None` only in a step that was never applied.
    pub action: Option<Action>,
    /// The node that handled an input, or to which something was done.
    pub node: Option<NodeId>,
    /// The event that sent the message or armed the timer.
    pub cause: Option<StepId>,
    /// The message that arrived.
    pub delivered: Option<Delivered>,
    /// What happened.
    pub notes: Vec<Note>,
    /// What became of calls.
    pub replies: Vec<(CallId, Outcome)>,
}

/// A move that is not legal now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NotEnabled {
    /// No such message is in flight.
    NoSuchPacket,
    /// No such timer is armed.
    NoSuchTimer,
    /// No such process.
    NoSuchNode,
    /// The process is not running.
    NotRunning,
    /// The process is running.
    AlreadyRunning,
    /// The process is paused.
    IsPaused,
    /// The process is not paused.
    NotPaused,
    /// It is a client: there is no disk to replace.
    HasNoDisk,
    /// The moment lies before the present or after the next event.
    WrongTime,
}

impl core::fmt::Display for NotEnabled {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            NotEnabled::NoSuchPacket => "no such message is in flight",
            NotEnabled::NoSuchTimer => "no such timer is armed",
            NotEnabled::NoSuchNode => "there is no such process",
            NotEnabled::NotRunning => "the process is not running",
            NotEnabled::AlreadyRunning => "the process is running already",
            NotEnabled::IsPaused => "the process is paused",
            NotEnabled::NotPaused => "the process is not paused",
            NotEnabled::HasNoDisk => "only brokers and controllers have a disk",
            NotEnabled::WrongTime => "the moment lies outside the gap before the next event",
        })
    }
}

impl Delivered {
    pub(super) fn of(packet: &InFlight) -> Delivered {
        match &packet.parcel {
            Parcel::Message(_, message) => {
                Delivered { from: packet.from, api: message.api(), request: message.is_request() }
            }
            Parcel::Disconnect => Delivered { from: packet.from, api: "Disconnect", request: false },
        }
    }
}

/// The family of a message between these two nodes.
pub fn family(from: NodeId, to: NodeId, message: &Message) -> crate::wire::Family {
    use crate::wire::Family;
    match message {
        Message::VoteRequest(_)
        | Message::VoteResponse(_)
        | Message::BeginQuorumEpochRequest(_)
        | Message::BeginQuorumEpochResponse(_)
        | Message::EndQuorumEpochRequest(_)
        | Message::EndQuorumEpochResponse(_)
        | Message::AddRaftVoterRequest(_)
        | Message::AddRaftVoterResponse(_)
        | Message::RemoveRaftVoterRequest(_)
        | Message::RemoveRaftVoterResponse(_)
        | Message::UpdateRaftVoterRequest(_)
        | Message::UpdateRaftVoterResponse(_)
        | Message::ApiVersionsRequest
        | Message::ApiVersionsResponse(_) => Family::Raft,
        Message::BrokerRegistrationRequest(_)
        | Message::BrokerRegistrationResponse(_)
        | Message::BrokerHeartbeatRequest(_)
        | Message::BrokerHeartbeatResponse(_) => Family::Heartbeat,
        Message::AlterPartitionRequest(_)
        | Message::AlterPartitionResponse(_)
        | Message::AllocateProducerIdsRequest(_)
        | Message::AllocateProducerIdsResponse(_) => Family::Admin,
        Message::ProduceRequest(_)
        | Message::ProduceResponse(_)
        | Message::InitProducerIdRequest
        | Message::InitProducerIdResponse(_) => Family::Produce,
        Message::MetadataFetchRequest(_)
        | Message::MetadataFetchResponse(_)
        | Message::FetchSnapshotRequest(_)
        | Message::FetchSnapshotResponse(_) => Family::Fetch,
        Message::FetchRequest(_)
        | Message::FetchResponse(_)
        | Message::MetadataRequest
        | Message::MetadataResponse(_)
        | Message::ListOffsetsRequest(_)
        | Message::ListOffsetsResponse(_)
        | Message::OffsetForLeaderEpochRequest(_)
        | Message::OffsetForLeaderEpochResponse(_) => match (from.kind(), to.kind()) {
            (NodeKind::Consumer, _) | (_, NodeKind::Consumer) => Family::Consume,
            (NodeKind::Producer, _) | (_, NodeKind::Producer) => Family::Produce,
            _ => Family::Fetch,
        },
        Message::Group(_) => Family::Consume,
        Message::Control(_) => Family::Admin,
        Message::ZooKeeper(_) => Family::ZooKeeper,
        Message::PartitionRaft(_) => Family::Fetch,
    }
}
