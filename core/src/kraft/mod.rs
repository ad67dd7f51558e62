//! The metadata quorum: elections, the replicated metadata log, its high watermark (KIP-595, KIP-996).
//!
//! A [`Quorum`] is one replica: a voter, or an observer when it is not among the voters. Raft's rules hold, but
//! replication is pulled: followers fetch, the leader answers, and a leader that nobody fetches from steps down.
//! The layers above read [`Quorum::high_watermark`] and [`Quorum::log`] after each input; nothing calls back.
//!
//! How to read it: [`role`] says what a replica can be, `transition` how it changes, `vote` how elections are
//! decided, `announce` how leaders come and go, `fetch` the leader's side of replication and `follow` the other,
//! `append` how records enter, [`snapshot`] what lets the log lose its beginning and `fetch_snapshot` how one
//! travels, `send` which requests go out when, [`connection`] the one request per destination, [`voters`] which voter
//! set holds, [`reconfig`] how the leader changes it and `join` how a replica gets into it.
//!
//! Knows nothing of what records mean but its own. Keeps K1-K15 and K17 of the checker's table.
//! Everything durable is in [`QuorumDisk`]. Voters flush before they answer or fetch again, and so do
//! controllers that observe (`followersAlwaysFlush` of a controller); a broker that observes does not flush, as
//! in Kafka: a power loss empties its metadata log, and it fetches again from the start.
//!
//! Where Kafka polls, this sends what became possible after each input.
//! A broken promise (a cut below the high watermark, two leaders of one epoch) is fatal in Kafka and ends the
//! process; here the replica notes it, asks to exit, and does nothing any more.
//!
//! Source: `KafkaRaftClient`, `QuorumState`.
//!
//! Left out: cluster ids and endpoints; record batches (every record is its own batch, so divergence is found to
//! the record).

pub mod connection;
pub mod leader;
pub mod reconfig;
pub mod role;
pub mod snapshot;
pub mod voters;

mod announce;
mod append;
mod fetch;
mod fetch_snapshot;
mod follow;
mod join;
mod send;
mod transition;
mod vote;

pub use announce::successor_backoff;
pub use fetch::MAX_FETCH_RECORDS;
pub use fetch_snapshot::Download;
pub use leader::{LeaderState, ParkedFetch, ReplicaState};
pub use reconfig::{Asker, VoterChange};
pub use role::{Ballots, Role, UpdatePeriod};
pub use send::MAX_FETCH_WAIT;
pub use snapshot::{Snapshot, Snapshots, Validity};

use crate::config::Settings;
use crate::epochs::LeaderEpochCache;
use crate::id::{Address, Correlation, LeaderEpoch, NodeId, NodeKind, NodeList, Offset, ReplicaKey};
use crate::log::Log;
use crate::node::{Effect, ElectionState, Loss, Out, Timer};
use crate::note::{HaltReason, Note};
use crate::record::MetadataRecord;
use crate::time::Time;
use crate::voters::VoterSet;
use crate::wire::{ApiVersionsResponse, Envelope, ErrorCode, Message};
use alloc::sync::Arc;
use connection::{Connections, USELESS_ANSWER_PAUSE};
use serde::{Deserialize, Serialize};
use voters::VoterHistory;

/// What survives a crash: the `quorum-state` file and the log directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuorumDisk {
    /// Epoch, leader and vote. Written before the role changes.
    pub election: ElectionState,
    /// The metadata log.
    pub log: Log<MetadataRecord>,
    /// Where each epoch begins in it.
    pub epochs: LeaderEpochCache,
    /// Its frozen snapshots.
    pub snapshots: Snapshots,
}

impl QuorumDisk {
    /// Takes from the log what this loss takes, and the lines of the epoch cache with it. Returns how many records
    /// are gone.
    pub fn crash(&mut self, loss: Loss) -> u64 {
        let (before, end) = (self.log.end(), loss.new_end(self.log.flushed(), self.log.end()));
        if self.log.truncate_to(end) {
            self.epochs.truncate_from_end(end);
        }
        self.truncate_to_latest_snapshot();
        before.saturating_sub(self.log.end())
    }
}

/// One replica of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quorum {
    /// What survives a crash.
    pub disk: QuorumDisk,
    me: ReplicaKey,
    /// Where it listens, in this life.
    address: Address,
    voters: VoterHistory,
    /// Whether it is in the voter set that holds.
    votes: bool,
    /// Whom it asks for the leader.
    bootstrap: NodeList,
    settings: Arc<Settings>,
    role: Role,
    /// The high watermark of the present role; a new leader starts without one.
    hw: Option<Offset>,
    /// See [`Quorum::committed`].
    log_hw: Offset,
    connections: Connections,
    shutting_down: bool,
    halted: Option<HaltReason>,
}

impl Quorum {
    /// A replica that starts from this disk. `voters` hold until the log or a snapshot names others; they are the
    /// bootstrap servers as well. It observes when `me` is not a voter. Call [`Quorum::boot`] before anything else.
    pub fn new(me: ReplicaKey, voters: VoterSet, settings: Arc<Settings>, mut disk: QuorumDisk) -> Quorum {
        // Lines of epochs without a record go when a log is loaded (`LogLoader.load`).
        let end = disk.log.end();
        disk.epochs.truncate_from_end(end);
        disk.truncate_to_latest_snapshot();
        let history = VoterHistory::read(voters, &disk);
        Quorum {
            log_hw: disk.log.start(),
            disk,
            me,
            address: Address(0),
            votes: history.last().contains(me),
            voters: history,
            bootstrap: voters.ids(),
            settings,
            role: Role::Unattached {},
            hw: None,
            connections: Connections::default(),
            shutting_down: false,
            halted: None,
        }
    }

    /// The same replica with these `controller.quorum.bootstrap.servers`.
    #[must_use]
    pub fn with_bootstrap(self, bootstrap: NodeList) -> Quorum {
        Quorum { bootstrap, ..self }
    }

    /// The same replica, listening at this address.
    #[must_use]
    pub fn at(self, address: Address) -> Quorum {
        Quorum { address, ..self }
    }

    /// The present role.
    pub const fn role(&self) -> &Role {
        &self.role
    }

    /// The epoch that this replica is in.
    pub const fn epoch(&self) -> LeaderEpoch {
        self.disk.election.leader_epoch
    }

    /// The leader of this epoch, if known. A resigned leader still names itself.
    pub const fn leader(&self) -> Option<NodeId> {
        self.disk.election.leader
    }

    /// Whom it voted for in this epoch.
    pub const fn voted(&self) -> Option<ReplicaKey> {
        self.disk.election.voted
    }

    /// Whether it leads the quorum.
    pub const fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Records below it are committed, as far as this replica knows; exclusive. A new leader knows none until a
    /// record of its epoch is committed.
    pub const fn high_watermark(&self) -> Option<Offset> {
        self.hw
    }

    /// The highest high watermark that this replica has known in this life, its log start at first; it never goes
    /// back, whatever the role, and the log is never cut below it. Kafka's log keeps the same number.
    pub const fn committed(&self) -> Offset {
        self.log_hw
    }

    /// Those that vote: the last set in its log, committed or not.
    pub fn voters(&self) -> &VoterSet {
        self.voters.last()
    }

    /// Where that set stands in the log; `None` when it is what the replica was started with.
    pub fn voters_offset(&self) -> Option<Offset> {
        self.voters.last_offset()
    }

    /// This replica.
    pub const fn me(&self) -> ReplicaKey {
        self.me
    }

    /// Whether it has no vote.
    pub const fn is_observer(&self) -> bool {
        !self.votes
    }

    /// The metadata log.
    pub const fn log(&self) -> &Log<MetadataRecord> {
        &self.disk.log
    }

    /// Its connections to the others.
    pub const fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Why it stopped for good, if it did.
    pub const fn halted(&self) -> Option<HaltReason> {
        self.halted
    }

    /// Whether a graceful shutdown was asked for and nothing is left to hand over: another leader is known, or
    /// there is nobody to tell.
    pub fn is_shut_down(&self) -> bool {
        let other_leads = self.leader().is_some_and(|leader| leader != self.me.id);
        self.shutting_down && (self.is_observer() || self.voters().is_only(self.me) || other_leads)
    }

    /// Whether this message is the quorum's.
    pub const fn handles_message(message: &Message) -> bool {
        matches!(
            message,
            Message::VoteRequest(_)
                | Message::VoteResponse(_)
                | Message::BeginQuorumEpochRequest(_)
                | Message::BeginQuorumEpochResponse(_)
                | Message::EndQuorumEpochRequest(_)
                | Message::EndQuorumEpochResponse(_)
                | Message::MetadataFetchRequest(_)
                | Message::MetadataFetchResponse(_)
                | Message::FetchSnapshotRequest(_)
                | Message::FetchSnapshotResponse(_)
                | Message::AddRaftVoterRequest(_)
                | Message::AddRaftVoterResponse(_)
                | Message::RemoveRaftVoterRequest(_)
                | Message::RemoveRaftVoterResponse(_)
                | Message::UpdateRaftVoterRequest(_)
                | Message::UpdateRaftVoterResponse(_)
                | Message::ApiVersionsRequest
                | Message::ApiVersionsResponse(_)
        )
    }

    /// Whether this timer is the quorum's.
    pub const fn handles(timer: Timer) -> bool {
        matches!(
            timer,
            Timer::Election
                | Timer::QuorumFetch
                | Timer::CheckQuorum
                | Timer::BeginQuorumEpoch
                | Timer::AppendLinger
                | Timer::CandidateBackoff
                | Timer::QuorumRequest(_)
                | Timer::QuorumBackoff(_)
                | Timer::ParkedFetch(_)
                | Timer::VoterChange
                | Timer::UpdateVoterSet
        )
    }

    /// A message of the quorum arrives; others are ignored.
    pub fn on_message(&mut self, now: Time, envelope: Envelope, out: &mut Out) {
        if self.halted.is_some() {
            return;
        }
        let Envelope { from, correlation, message, .. } = envelope;
        match message {
            Message::MetadataFetchRequest(request) => {
                self.on_fetch_request(now, from, correlation, &request, out)
            }
            Message::FetchSnapshotRequest(request) => {
                self.on_fetch_snapshot_request(now, from, correlation, &request, out);
            }
            Message::VoteRequest(request) => self.on_vote_request(from, correlation, &request, out),
            Message::BeginQuorumEpochRequest(request) => {
                self.on_begin_quorum_epoch(from, correlation, &request, out);
            }
            Message::EndQuorumEpochRequest(request) => {
                self.on_end_quorum_epoch(from, correlation, &request, out);
            }
            Message::AddRaftVoterRequest(request) => {
                self.on_add_voter(Asker::Node(from, correlation), &request, out);
            }
            Message::RemoveRaftVoterRequest(request) => {
                self.on_remove_voter(now, Asker::Node(from, correlation), &request, out);
            }
            Message::UpdateRaftVoterRequest(request) => {
                self.on_update_voter(now, from, correlation, &request, out);
            }
            Message::ApiVersionsRequest => {
                let (error, kraft_version) = (ErrorCode::None, (0, self.kraft_version()));
                let response = ApiVersionsResponse { error, kraft_version };
                out.respond(from, correlation, Message::ApiVersionsResponse(response));
            }
            response => return self.on_response(now, from, correlation, response, out),
        }
        self.send_what_is_due(out);
    }

    fn on_response(
        &mut self,
        now: Time,
        from: NodeId,
        correlation: Correlation,
        response: Message,
        out: &mut Out,
    ) {
        if !self.connections.expects(from, correlation) {
            return;
        }
        let error = match response {
            Message::MetadataFetchResponse(response) => self.on_fetch_response(response, out),
            Message::FetchSnapshotResponse(response) => self.on_fetch_snapshot_response(response, out),
            Message::VoteResponse(response) => self.on_vote_response(now, from, &response, out),
            Message::BeginQuorumEpochResponse(response) => {
                self.on_begin_quorum_epoch_response(from, &response, out)
            }
            Message::EndQuorumEpochResponse(response) => {
                self.on_end_quorum_epoch_response(from, &response, out)
            }
            Message::ApiVersionsResponse(response) => {
                self.on_api_versions_response(now, from, &response, out)
            }
            Message::AddRaftVoterResponse(response) => {
                self.on_voter_response(&response, ErrorCode::DuplicateVoter, out)
            }
            Message::RemoveRaftVoterResponse(response) => {
                self.on_voter_response(&response, ErrorCode::VoterNotFound, out)
            }
            Message::UpdateRaftVoterResponse(response) => self.on_update_voter_response(&response, out),
            _ => return,
        };
        // A change of role has already forgotten this request.
        if self.connections.expects(from, correlation) {
            match error {
                ErrorCode::None => self.connections.succeed(from),
                ErrorCode::FencedLeaderEpoch
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::UnknownLeaderEpoch
                | ErrorCode::InvalidVoterKey => self.connections.pause(from, USELESS_ANSWER_PAUSE, out),
                _ => self.connections.pause(from, self.settings.controller_quorum_retry_backoff, out),
            }
        }
        self.send_what_is_due(out);
        self.connections.settle(from, out);
    }

    /// The connection to `node` broke: the request that was in flight to it has failed, and nobody waits for the
    /// fetch of its that is parked here.
    pub fn on_disconnected(&mut self, _now: Time, node: NodeId, out: &mut Out) {
        if self.halted.is_some() {
            return;
        }
        if let Role::Leader(leader) = &mut self.role
            && !leader.unpark(|parked| parked.from == node).is_empty()
        {
            out.disarm(Timer::ParkedFetch(node));
        }
        if self.connections.awaits(node) {
            self.connections.disconnect(node, self.settings.controller_quorum_retry_backoff, out);
            self.on_new_voter_unreachable(node, out);
            self.send_what_is_due(out);
        }
    }

    /// A timer of the quorum runs out; others are ignored.
    pub fn on_timer(&mut self, now: Time, timer: Timer, out: &mut Out) {
        if self.halted.is_some() {
            return;
        }
        match timer {
            Timer::Election => self.on_election_timeout(now, out),
            Timer::QuorumFetch => self.on_fetch_timeout(now, out),
            Timer::CheckQuorum => self.on_check_quorum_timeout(out),
            Timer::BeginQuorumEpoch => self.announce_leadership(now, out),
            Timer::AppendLinger => self.append_pending(now, out),
            Timer::CandidateBackoff => self.on_candidate_backoff_over(now, out),
            Timer::QuorumRequest(node) => return self.on_request_timeout(node, out),
            Timer::QuorumBackoff(node) => self.connections.make_ready(node),
            Timer::ParkedFetch(node) => self.on_parked_fetch_timeout(node, out),
            Timer::VoterChange => self.on_voter_change_timeout(out),
            Timer::UpdateVoterSet => self.on_update_period_over(),
            _ => return,
        }
        self.send_what_is_due(out);
    }

    /// Stops for good.
    fn halt(&mut self, reason: HaltReason, offset: Offset, out: &mut Out) {
        self.halted = Some(reason);
        out.note(Note::QuorumHalted { reason, epoch: self.epoch(), offset, hw: self.log_hw });
        out.effects.push(Effect::Exit { clean: false });
    }

    /// Whether fetched records are flushed before they are confirmed.
    fn flushes(&self) -> bool {
        let may_vote = !self.is_observer() || self.me.id.kind() == NodeKind::Controller;
        may_vote && self.settings.features.flush_before_ack
    }

    /// Tells why a request was refused.
    fn note_refusal(&self, from: NodeId, error: ErrorCode, out: &mut Out) {
        out.note(Note::QuorumRequestRefused { from, error, epoch: self.epoch() });
    }
}
