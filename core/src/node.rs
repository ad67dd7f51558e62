//! The contract between a node and whoever drives it.
//!
//! A node is a function of (state, now, input) to effects. It owns no clock, no luck and no I/O: it asks for a
//! timer within a range and the driver draws it; it asks [`Out::pick`] when Kafka would call `Random`.
//! Effects are an ordered list of plain values.
//!
//! What survives a crash is a field called `disk` in each process, of a type of its own: a crash takes the disk
//! out of the process, cuts what was not flushed, and a restart builds a new process from it. So durability is
//! a matter of types, and no effect has to say "persist".

use crate::dice::Dice;
use crate::id::{
    CallId, Correlation, LeaderEpoch, NodeId, NodeList, Offset, ReplicaKey, Text, TopicId, TopicPartition,
};
use crate::note::Note;
use crate::record::TopicConfig;
use crate::time::Span;
use crate::wire::{Envelope, ErrorCode, Message};
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// What reaches a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Input {
    /// The process starts. Always the first input of a life.
    Boot,
    /// A message arrives.
    Deliver(Envelope),
    /// The connection to this node broke: every request that waits for its answer has failed.
    Disconnected(NodeId),
    /// A timer that was armed runs out.
    Fire(Timer),
    /// A person, or the test, asks for something.
    Call(CallId, Command),
}

/// Timers by purpose. Arming one that is armed moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// Quorum: no leader for this long starts an election (Unattached, Prospective, Candidate, Resigned).
    Election,
    /// Quorum: no successful fetch for this long starts an election (Follower).
    QuorumFetch,
    /// Quorum leader: a majority must fetch within this time.
    CheckQuorum,
    /// Quorum leader: announce itself again.
    BeginQuorumEpoch,
    /// Quorum leader: append what was collected.
    AppendLinger,
    /// Quorum: candidate's back-off after a lost election (up to 4.0).
    CandidateBackoff,
    /// Quorum: a request to this node got no answer.
    QuorumRequest(NodeId),
    /// Quorum: this connection may be used again.
    QuorumBackoff(NodeId),
    /// Quorum leader: a parked metadata fetch of this node has waited long enough.
    ParkedFetch(NodeId),
    /// Quorum leader: the change of the voter set that was asked for takes too long.
    VoterChange,
    /// Quorum follower: look whether the voter set should know something else of this replica.
    UpdateVoterSet,
    /// Controller: look for brokers whose session ran out.
    FenceStaleBrokers,
    /// Controller: preferred-leader balancing.
    LeaderBalance,
    /// Controller: unclean elections for leaderless partitions.
    UncleanElection,
    /// Controller: its thread has worked through the answers of ZooKeeper, or thought about an event (KRaft).
    ControllerThread,
    /// Broker: it has worked through the partitions that it was told of.
    MetadataWork,
    /// Controller of ZooKeeper mode: this broker did not answer.
    ControlRequest(NodeId),
    /// Controller of ZooKeeper mode: this broker may be asked again.
    ControlBackoff(NodeId),
    /// Controller: write a NoOpRecord.
    NoOp,
    /// Broker: next heartbeat (or registration attempt).
    Heartbeat,
    /// Broker: the controller did not answer a registration or heartbeat.
    HeartbeatRequest,
    /// Broker: registration took too long, the process exits.
    RegistrationTimeout,
    /// Broker or controller: its orderly shutdown has taken too long, it stops all the same.
    ControlledShutdown,
    /// Broker: look for lagging followers, every `replica.lag.time.max.ms` / 2.
    IsrCheck,
    /// Broker: write the high-watermark checkpoint.
    HwCheckpoint,
    /// Broker: send AlterPartition again after an error.
    AlterPartitionRetry,
    /// Broker: AlterPartition got no answer.
    AlterPartitionRequest,
    /// Broker on ZooKeeper: look whether ISR changes are to be published.
    IsrChangePropagation,
    /// Broker: AllocateProducerIds got no answer.
    ProducerIdsRequest,
    /// Broker: forget idempotent producers that were silent for too long.
    ProducerIdExpiration,
    /// Broker: a fetch from this leader got no answer.
    ReplicaFetchRequest(NodeId),
    /// Broker: this leader's fetcher may try again.
    ReplicaFetchBackoff(NodeId),
    /// Broker: a parked fetch of data partitions has waited long enough.
    DelayedFetch(u32),
    /// Broker: a produce that waits for the ISR has waited long enough.
    DelayedProduce(u32),
    /// Broker: a deletion of records that waits for followers has waited long enough.
    DelayedDelete(u32),
    /// Broker: the earliest deadline of its Raft groups, an election or a heartbeat (kafkaraft).
    Rafts,
    /// Broker: something is due for the groups that it coordinates.
    GroupCoordinator,
    /// Broker: a failure of the log directory is handled.
    LogDirFailure,
    /// Producer: the next record of its workload.
    Workload,
    /// Producer: a batch has lingered long enough, or a retry's back-off is over.
    ProducerSend,
    /// Producer: a batch's delivery.timeout.ms is over.
    ProducerDelivery,
    /// Client: a request to this broker got no answer.
    ClientRequest(NodeId),
    /// Client: this broker may be connected to again.
    Reconnect(NodeId),
    /// Client: ask for metadata (again).
    MetadataRefresh,
    /// Consumer: next fetch.
    ConsumerPoll,
    /// ZooKeeper client: nothing was heard from its member for too long.
    ZooKeeperTimeout,
    /// ZooKeeper client: tell the member that it lives.
    ZooKeeperPing,
    /// ZooKeeper client: try the next member.
    ZooKeeperReconnect,
    /// ZooKeeper member: elections and heartbeats of the ensemble.
    ZooKeeperElection,
    /// ZooKeeper leader: look for sessions that nobody has heard from.
    ZooKeeperTick,
    /// ZooKeeper member: tell the leader which sessions it has heard from.
    ZooKeeperLearnerPing,
    /// ZooKeeper member: what it works on is done.
    ZooKeeperWork,
}

/// What a person, a lesson or a search asks of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Broker: controlled shutdown. Controller: resign if it leads.
    ShutDown,
    /// Controller: resign from leading the quorum (`KafkaRaftClient.resign`).
    Resign,
    /// Active controller: create a topic; replicas are placed by the striped placer.
    CreateTopic {
        /// Its name.
        name: Text,
        /// Number of partitions.
        partitions: u16,
        /// Replication factor.
        replication_factor: u16,
        /// `None`: the striped placer decides. `Some(b)`: a manual assignment in ring order of the registered
        /// brokers' ids, partition `p` starting `p` places after `b`.
        first_broker: Option<NodeId>,
    },
    /// Active controller: set a topic's configuration.
    ConfigureTopic {
        /// Which topic.
        topic: TopicId,
        /// Which setting.
        key: TopicConfig,
        /// The value.
        value: u32,
    },
    /// Active controller: `ElectLeaders` PREFERRED or UNCLEAN.
    ElectLeader {
        /// Which partition.
        partition: TopicPartition,
        /// Unclean election instead of preferred.
        unclean: bool,
    },
    /// Active controller: fence this broker as if its session had run out.
    FenceBroker(NodeId),
    /// ZooKeeper: expire the session of this client, although it lives (F19).
    ExpireSession(NodeId),
    /// Active controller: an event fails with an exception that nobody expected.
    FailController,
    /// Controller, broker: make a snapshot of the committed metadata now.
    Snapshot {
        /// Delete the log before it at once, without waiting for the retention limit.
        clean: bool,
    },
    /// Active controller: `AlterPartitionReassignments` for one partition.
    Reassign {
        /// Which partition.
        partition: TopicPartition,
        /// The replicas to reach, the preferred leader first; `None` cancels the reassignment under way.
        target: Option<NodeList>,
    },
    /// Active controller: `UnregisterBroker`, forget this broker.
    UnregisterBroker(NodeId),
    /// Broker: the next append to its log of this partition fails (F8).
    FailAppend(TopicPartition),
    /// Broker that leads the partition: `DeleteRecords` below this offset; `None` (-1) means the high watermark.
    DeleteRecords {
        /// Which partition.
        partition: TopicPartition,
        /// The first offset that stays.
        offset: Option<Offset>,
    },
    /// Quorum leader: append records that mean nothing (benchmarks of the bare quorum).
    Append(u32),
    /// Quorum leader: `AddRaftVoter` for this controller on this disk; directory 0 means the disk that it has at this
    /// moment, since an administrator runs the tool on that very machine.
    AddVoter(ReplicaKey),
    /// Quorum leader: `RemoveRaftVoter` for the voter with this id.
    RemoveVoter(NodeId),
    /// Producer: send `count` records with this key (empty: no key) to this topic.
    Send {
        /// Where to.
        topic: TopicId,
        /// The partition, if the application chooses it.
        partition: Option<u16>,
        /// The key; empty for none.
        key: Text,
        /// How many records.
        count: u32,
    },
    /// Producer: change the workload: one record every `interval`; zero stops it.
    SetRate {
        /// Time between records.
        interval: Span,
    },
    /// Producer: change `acks` (a new producer in truth; 0, 1, or 2 for all).
    SetAcks(crate::config::Acks),
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Done, as far as this node is concerned.
    Done,
    /// Refused.
    Refused(ErrorCode),
}

/// What a node asks of its driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// Send a message.
    Send {
        /// Where to.
        to: NodeId,
        /// See [`Envelope::correlation`].
        correlation: Correlation,
        /// What.
        message: Message,
    },
    /// Arm a timer; the driver draws the moment within the range.
    Arm(Timer, RangeInclusive<Span>),
    /// Forget a timer.
    Disarm(Timer),
    /// Answer a call.
    Reply(CallId, Outcome),
    /// Something happened that is worth telling.
    Note(Note),
    /// The process ends by itself (clean shutdown finished, registration timed out).
    Exit {
        /// Whether the clean-shutdown file was written.
        clean: bool,
    },
}

/// Collects a node's effects for one input, and holds the node's luck.
#[derive(Clone, Debug, Default)]
pub struct Out {
    /// In the order in which the node asked.
    pub effects: Vec<Effect>,
    /// Where [`Out::pick`] draws from.
    pub dice: Dice,
}

impl Out {
    /// Nothing asked yet; luck from `seed`.
    pub fn new(seed: u64) -> Out {
        Out { effects: Vec::new(), dice: Dice::new(seed) }
    }

    /// Sends a message.
    pub fn send(&mut self, to: NodeId, correlation: Correlation, message: Message) {
        self.effects.push(Effect::Send { to, correlation, message });
    }

    /// Answers `request` with `message`.
    pub fn respond(&mut self, to: NodeId, correlation: Correlation, message: Message) {
        self.send(to, correlation, message);
    }

    /// Arms `timer` to run out after exactly `span`.
    pub fn arm(&mut self, timer: Timer, span: Span) {
        self.arm_within(timer, span..=span);
    }

    /// Arms `timer` to run out somewhere in `range`.
    pub fn arm_within(&mut self, timer: Timer, range: RangeInclusive<Span>) {
        self.effects.push(Effect::Arm(timer, range));
    }

    /// Forgets `timer`.
    pub fn disarm(&mut self, timer: Timer) {
        self.effects.push(Effect::Disarm(timer));
    }

    /// Says what happened.
    pub fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    /// Answers a call.
    pub fn reply(&mut self, call: CallId, outcome: Outcome) {
        self.effects.push(Effect::Reply(call, outcome));
    }

    /// A number below `n` (0 when `n` is 0), where Kafka would call `Random.nextInt`.
    pub fn pick(&mut self, n: u32) -> u32 {
        self.dice.below(n)
    }
}

/// What survives a crash of a voter or observer of the metadata quorum: the `quorum-state` file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ElectionState {
    /// `leaderEpoch`.
    pub leader_epoch: LeaderEpoch,
    /// `leaderId`, if a leader of that epoch is known.
    pub leader: Option<NodeId>,
    /// `votedId`, `votedDirectoryId`.
    pub voted: Option<crate::id::ReplicaKey>,
}

/// How much of the unflushed tail a crash takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loss {
    /// The process dies, the machine lives: the page cache is kept (F1).
    #[default]
    Nothing,
    /// Power loss: everything that was not flushed is gone (F2).
    Unflushed,
    /// Power loss that takes at most this many of the unflushed records of each log.
    AtMost(u32),
}

impl Loss {
    /// Where a log that ends at `end` and is flushed to `flushed` ends after this loss.
    pub fn new_end(self, flushed: Offset, end: Offset) -> Offset {
        match self {
            Loss::Nothing => end,
            Loss::Unflushed => flushed.min(end),
            Loss::AtMost(most) => flushed.min(end).max(Offset(end.saturating_sub(Offset(u64::from(most))))),
        }
    }
}
