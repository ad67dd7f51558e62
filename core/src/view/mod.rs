//! Plain data for learners: what a picture of the cluster shows.
//!
//! Built from the simulator's state once per step; a picture is a pure function of (view, time). Everything that
//! moves carries the moments between which it moves, so that slow motion, pause and reverse need nothing else.
//! Knows nothing of pixels or words.

mod build;
mod ensemble;
mod flights;
mod group_flights;
mod groups;
mod logs;
mod mode_flights;
mod partitions;
mod rafts;

pub use ensemble::{EnsembleView, ZnodeView, ZooKeeperView, ZooSessionView};
pub use groups::{GroupMemberView, GroupView, MembershipView};
pub use mode_flights::show_path;
pub use rafts::{ProgressView, RaftRoleView, RaftView};

use crate::config::Acks;
use crate::epochs::EpochEntry;
use crate::id::{
    BrokerEpoch, CallId, LeaderEpoch, NodeId, NodeList, Offset, PacketId, PartitionEpoch, StepId, Text,
    TopicId, TopicPartition,
};
use crate::mode::Mode;
use crate::node::{Outcome, Timer};
use crate::record::Record;
use crate::release::Release;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, Family};
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// The whole picture at one event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterView {
    /// Virtual time of the last event.
    pub now: Time,
    /// Number of the last event; 0 before the first.
    pub event: StepId,
    /// Which release is played.
    pub release: Release,
    /// In which mode.
    pub mode: Mode,
    /// Controllers in order of their id.
    pub controllers: Vec<ControllerView>,
    /// Members of the ZooKeeper ensemble in order of their id.
    pub zookeepers: Vec<ZooKeeperView>,
    /// What they keep, with ZooKeeper.
    pub ensemble: Option<EnsembleView>,
    /// Brokers in order of their id.
    pub brokers: Vec<BrokerView>,
    /// Partitions in order of topic and index.
    pub partitions: Vec<PartitionView>,
    /// Producers, then consumers.
    pub producers: Vec<ProducerView>,
    /// See `producers`.
    pub consumers: Vec<ConsumerView>,
    /// Consumer groups, by name.
    pub groups: Vec<GroupView>,
    /// Messages in flight, in the order in which they will arrive.
    pub flights: Vec<FlightView>,
    /// Armed timers that a picture shows as rings.
    pub timers: Vec<TimerView>,
    /// Links that are not as usual: cut, slow, lossy.
    pub links: Vec<LinkView>,
}

impl ClusterView {
    /// The log of a server of the control plane.
    pub fn log_of(&self, server: NodeId) -> Option<&LogView> {
        let controllers = self.controllers.iter().map(|found| (found.id, &found.log));
        let mut all = controllers.chain(self.zookeepers.iter().map(|found| (found.id, &found.log)));
        all.find(|(id, _)| *id == server).map(|(_, log)| log)
    }
}

/// How a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Health {
    /// It runs.
    Up,
    /// It stands still: messages and timers wait.
    Paused,
    /// It is dead; what is shown is what it last was (its disk).
    Down,
}

/// A role in the metadata quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum QuorumRole {
    Unattached,
    Prospective,
    Candidate,
    Leader,
    Follower,
    Resigned,
    /// Follows without a vote.
    Observer,
    /// It would have to cut committed records and stopped instead.
    Halted,
}

/// A log as far as a picture shows it: the last few entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogView {
    /// Log start offset.
    pub start: Offset,
    /// Log end offset: the next slot.
    pub end: Offset,
    /// High watermark as this replica knows it; exclusive. `None` while unknown.
    pub hw: Option<Offset>,
    /// Everything below survives a power loss.
    pub flushed: Offset,
    /// The shown cells, without gaps, ending at `end`.
    pub cells: Vec<CellView>,
    /// The leader-epoch cache.
    pub epochs: Vec<EpochEntry>,
    /// From here on the log differs from the log of the present leader: the suffix that will be truncated.
    pub diverges_at: Option<Offset>,
    /// Where its snapshots end, oldest first; only the metadata log has any.
    pub snapshots: Vec<Offset>,
}

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellView {
    /// Its offset.
    pub offset: Offset,
    /// Epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
    /// Below this replica's high watermark.
    pub committed: bool,
    /// A data record, or `None` for a metadata record.
    pub record: Option<Record>,
    /// Kind of a metadata record, under Kafka's name (`PartitionChangeRecord`).
    pub metadata: Option<&'static str>,
    /// The producer was told that this record is safe.
    pub acknowledged: bool,
}

/// One controller.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ControllerView {
    /// Who.
    pub id: NodeId,
    /// How it is.
    pub health: Health,
    /// Its role in the quorum.
    pub role: QuorumRole,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The leader it believes in.
    pub leader: Option<NodeId>,
    /// Whom it voted for in this epoch.
    pub voted: Option<NodeId>,
    /// Candidate or prospective: who granted so far (itself included).
    pub granted: NodeList,
    /// Candidate or prospective: who refused.
    pub refused: NodeList,
    /// It is in the voter set that it knows; one that is down, in that of the leader.
    pub voter: bool,
    /// It acts as the active controller.
    pub active: bool,
    /// The metadata log.
    pub log: LogView,
    /// Leader only: the log end that it knows of each other voter.
    pub follower_ends: Vec<(NodeId, Option<Offset>)>,
    /// Leader only: the first offset of its epoch.
    pub epoch_start: Option<Offset>,
    /// Active only: when each broker was last heard of.
    pub sessions: Vec<SessionView>,
}

/// One broker's session at the active controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Which broker.
    pub broker: NodeId,
    /// Last heartbeat that arrived.
    pub last_contact: Time,
    /// When it expires unless another one arrives.
    pub expires: Time,
}

/// How far a broker's life has come (`BrokerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum BrokerPhase {
    NotRunning,
    Starting,
    Recovery,
    Running,
    PendingControlledShutdown,
    ShuttingDown,
}

/// One broker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BrokerView {
    /// Who.
    pub id: NodeId,
    /// How it is.
    pub health: Health,
    /// How far its life has come, in its own view.
    pub phase: BrokerPhase,
    /// Where it stands, of `broker.rack`.
    pub rack: Option<char>,
    /// In the controller's eyes: fenced, or not registered.
    pub fenced: bool,
    /// In the controller's eyes: shutting down.
    pub in_controlled_shutdown: bool,
    /// Which life it is.
    pub broker_epoch: Option<BrokerEpoch>,
    /// The active controller that it knows.
    pub controller: Option<NodeId>,
    /// With ZooKeeper: it takes itself for the controller, in this controller epoch. More than one may.
    pub controller_epoch: Option<u32>,
    /// Up to where it has applied metadata (exclusive).
    pub metadata_offset: Offset,
    /// Partitions that it leads, in the controller's eyes.
    pub leads: u32,
    /// Partitions that it holds a replica of.
    pub replicas: u32,
    /// Its session at the active controller.
    pub session: Option<SessionView>,
    /// It handles everything this much later.
    pub slowed: Span,
}

/// One partition: the controller's truth, and its replicas.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartitionView {
    /// Which.
    pub partition: TopicPartition,
    /// Its topic's name.
    pub topic: Text,
    /// Assigned replicas, preferred leader first.
    pub replicas: NodeList,
    /// In-sync replicas, in the controller's eyes.
    pub isr: NodeList,
    /// Eligible leader replicas (KIP-966): not in sync any more, and known to hold all that is committed.
    pub elr: NodeList,
    /// Replicas that a reassignment brings in (KIP-455).
    pub adding: NodeList,
    /// Replicas that a reassignment will take away.
    pub removing: NodeList,
    /// An unclean election has happened, and its leader has not answered for it yet (KIP-704).
    pub recovering: bool,
    /// The leader, in the controller's eyes.
    pub leader: Option<NodeId>,
    /// The leader epoch.
    pub leader_epoch: LeaderEpoch,
    /// The registration's version.
    pub partition_epoch: PartitionEpoch,
    /// `min(min.insync.replicas, replication factor)`.
    pub min_isr: u32,
    /// acks=all passes now: a living leader with an ISR of at least min ISR.
    pub accepts_acks_all: bool,
    /// Whether unclean election is on for it.
    pub unclean_election: bool,
    /// One per assigned replica, in the order of the brokers' ids.
    pub copies: Vec<ReplicaView>,
}

/// What a replica does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ReplicaRole {
    /// It believes that it leads.
    Leader,
    /// It follows.
    Follower,
    /// It knows of no leader, or has not heard of the partition in this life.
    Offline,
}

/// An ISR change that a leader has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PendingIsrView {
    /// The ISR that it asks for.
    pub proposed: NodeList,
    /// True when somebody joins, false when somebody leaves.
    pub expands: bool,
}

/// One replica: its own view of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicaView {
    /// On which broker.
    pub broker: NodeId,
    /// How that broker is.
    pub health: Health,
    /// What it believes to be.
    pub role: ReplicaRole,
    /// The controller names it as leader.
    pub is_true_leader: bool,
    /// It is in the ISR, in the controller's eyes.
    pub in_isr: bool,
    /// The leader epoch it knows.
    pub leader_epoch: LeaderEpoch,
    /// The registration version it knows.
    pub partition_epoch: PartitionEpoch,
    /// The leader it fetches from.
    pub leader: Option<NodeId>,
    /// Its log.
    pub log: LogView,
    /// Leader only: what it knows of its followers.
    pub followers: Vec<FollowerView>,
    /// Leader only: first offset of its epoch.
    pub epoch_start: Option<Offset>,
    /// Leader only: the ISR that it counts with (committed).
    pub isr: NodeList,
    /// Leader only: an ISR change in flight.
    pub pending_isr: Option<PendingIsrView>,
    /// Leader only: produce requests that wait for the ISR.
    pub waiting_produces: u32,
    /// Its fetcher met an error and stands still until metadata changes.
    pub failed: bool,
    /// What it is in its Raft group; only in a mode where the partition has one, and while the broker runs.
    pub raft: Option<RaftView>,
}

/// What a leader knows of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FollowerView {
    /// Which broker.
    pub broker: NodeId,
    /// The log end that the leader knows; one fetch late.
    pub leo: Option<Offset>,
    /// When it was last caught up.
    pub last_caught_up: Time,
    /// Whether it counts for the high watermark now.
    pub counts: bool,
}

/// A producer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProducerView {
    /// Who.
    pub id: NodeId,
    /// How it is.
    pub health: Health,
    /// Its acks.
    pub acks: Acks,
    /// Time between records of its workload; zero when it only sends on command.
    pub interval: Span,
    /// Records that wait to be sent, per partition.
    pub queued: u32,
    /// Batches that were sent and not answered.
    pub in_flight: Vec<BatchView>,
    /// Records whose acknowledgement arrived.
    pub acknowledged: u32,
    /// Records that the application was told have failed.
    pub failed: u32,
    /// The error of the last refusal, if the last answer was one.
    pub last_error: ErrorCode,
}

/// A batch on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BatchView {
    /// Where to.
    pub partition: TopicPartition,
    /// Serial number of its first record.
    pub first: u32,
    /// How many records.
    pub count: u32,
    /// How often it was sent.
    pub attempts: u32,
    /// The broker it was sent to; `None` while it waits for its next try.
    pub leader: Option<NodeId>,
    /// When delivery.timeout.ms is over.
    pub deadline: Time,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumerView {
    /// Who.
    pub id: NodeId,
    /// How it is.
    pub health: Health,
    /// Where it stands, of `client.rack`.
    pub rack: Option<char>,
    /// Next offset to read, per partition.
    pub positions: Vec<(TopicPartition, Offset)>,
    /// The broker that it reads each of them from: the leader, or a replica in its rack.
    pub read_replicas: Vec<(TopicPartition, NodeId)>,
    /// Records read.
    pub consumed: u64,
    /// `group.id`, whether it runs or not.
    pub group: Option<Text>,
    /// Its place in its group, if it has one.
    pub membership: Option<MembershipView>,
}

/// A message in flight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlightView {
    /// Its number.
    pub id: PacketId,
    /// From where.
    pub from: NodeId,
    /// To where.
    pub to: NodeId,
    /// When it was sent.
    pub sent_at: Time,
    /// When it will arrive.
    pub deliver_at: Time,
    /// What it is about.
    pub family: Family,
    /// Kafka's API name.
    pub api: &'static str,
    /// Request or response.
    pub request: bool,
    /// A short English-free summary: `offset 7`, `orders-0 [1, 2]`, an error's name.
    pub summary: String,
    /// Heartbeats and fetches that carry nothing: a picture may fade them.
    pub routine: bool,
    /// It carries an error.
    pub error: ErrorCode,
    /// Chance has decided that it will be lost.
    pub lost: bool,
    /// The link is cut: it will not arrive.
    pub blocked: bool,
    /// Data partitions that it is about (the first few).
    pub partitions: Vec<TopicPartition>,
    /// The event that sent it.
    pub cause: StepId,
}

/// An armed timer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TimerView {
    /// Whose.
    pub node: NodeId,
    /// Which.
    pub timer: Timer,
    /// When it was armed.
    pub armed_at: Time,
    /// When it runs out.
    pub due: Time,
    /// The earliest moment that could have been drawn.
    pub earliest: Time,
    /// The latest moment that could have been drawn.
    pub latest: Time,
}

/// A direction between two nodes that is not as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// From where.
    pub from: NodeId,
    /// To where.
    pub to: NodeId,
    /// Nothing passes.
    pub cut: bool,
    /// Additional delay.
    pub delay: Span,
    /// Lost messages in a million.
    pub loss: u32,
}

/// What became of a person's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CallView {
    /// Which call.
    pub call: CallId,
    /// Who answered.
    pub node: NodeId,
    /// What.
    pub outcome: Outcome,
}

/// A topic's name by id, for sentences.
pub type TopicNames = Vec<(TopicId, Text)>;
