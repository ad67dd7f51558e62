//! The leader's side of replication: a fetch says how far a replica has come, and brings it what is missing.
//!
//! Keeps: only a fetch whose offset and epoch agree with the leader's log counts as progress or as a sign of life;
//! one that diverges is answered at once with the place where the logs part, and one from before the log start with
//! the latest snapshot. A fetch that brings nothing new waits at most `MaxWaitMs`.
//!
//! Source: `KafkaRaftClient.handleFetchRequest`, `tryCompleteFetchRequest`, `validateLeaderOnlyRequest`,
//! `ThresholdPurgatory`, KIP-595, KIP-630, KIP-1166.
//!
//! Left out: `MaxBytes` counts records here ([`MAX_FETCH_RECORDS`]).

use super::Quorum;
use super::leader::ParkedFetch;
use super::role::Role;
use super::snapshot::Validity;
use crate::epochs::EpochEnd;
use crate::id::{Correlation, LeaderEpoch, NodeId, Offset, ReplicaKey, SnapshotId};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, Fetched, Message, MetadataFetchRequest, MetadataFetchResponse};
use alloc::vec::Vec;

/// Most records of one response: eight megabytes (`MAX_FETCH_SIZE_BYTES`) of records of some eighty bytes. What the
/// controller writes at once must not arrive in parts: a leader that hears that the ISR has shrunk before it hears that
/// the broker is fenced waits for that broker until it lags.
pub const MAX_FETCH_RECORDS: u64 = 100_000;

impl Quorum {
    pub(super) fn on_fetch_request(
        &mut self,
        now: Time,
        from: NodeId,
        correlation: Correlation,
        request: &MetadataFetchRequest,
        out: &mut Out,
    ) {
        let error = self.fetch_error(request);
        if !error.is_none() {
            self.note_refusal(from, error, out);
            let response = self.empty_fetch_response(error, None);
            return out.respond(from, correlation, Message::MetadataFetchResponse(response));
        }
        let (replica, fetch_offset) = (from, request.fetch_offset);
        match self.validate_fetch(request) {
            Validity::Valid => {}
            Validity::Diverging(EpochEnd { epoch, end }) => {
                out.note(Note::MetadataLogDiverged { replica, fetch_offset, epoch, end });
                let data = Fetched::Diverging(EpochEnd { epoch, end });
                let response = self.fetch_response(self.hw, data);
                return out.respond(from, correlation, Message::MetadataFetchResponse(response));
            }
            Validity::Snapshot(SnapshotId { epoch, end }) => {
                out.note(Note::SnapshotOffered { replica, fetch_offset, end, epoch });
                let nothing = self.fetch_response(self.hw, Fetched::Records(Vec::new()));
                let snapshot = Some(SnapshotId { epoch, end });
                let response = MetadataFetchResponse { snapshot, ..nothing };
                return out.respond(from, correlation, Message::MetadataFetchResponse(response));
            }
        }
        let Role::Leader(leader) = &mut self.role else { return };
        let position = leader.position(request.replica);
        self.count_valid_fetch(now, position, request.fetch_offset, out);
        let knows_hw = !self.settings.features.fetch_carries_hw || request.high_watermark >= self.hw;
        let waits = request.max_wait > Span::ZERO && knows_hw && request.fetch_offset >= self.disk.log.end();
        if waits && let Role::Leader(leader) = &mut self.role {
            let (fetch_offset, high_watermark) = (request.fetch_offset, self.hw);
            leader.parked.push(ParkedFetch { from, position, correlation, fetch_offset, high_watermark });
            return out.arm(Timer::ParkedFetch(from), request.max_wait);
        }
        self.respond_with_records(from, correlation, request.fetch_offset, out);
    }

    /// The checks before anything is read, in Kafka's order.
    fn fetch_error(&self, request: &MetadataFetchRequest) -> ErrorCode {
        if request.last_fetched_epoch.unwrap_or_default() > request.current_leader_epoch {
            ErrorCode::InvalidRequest
        } else {
            self.leader_only_error(request.current_leader_epoch)
        }
    }

    /// What a request that only a leader answers is refused with, when the sender is in `epoch`.
    pub(super) fn leader_only_error(&self, epoch: LeaderEpoch) -> ErrorCode {
        if epoch < self.epoch() {
            ErrorCode::FencedLeaderEpoch
        } else if epoch > self.epoch() {
            ErrorCode::UnknownLeaderEpoch
        } else if !self.is_leader() {
            ErrorCode::NotLeaderOrFollower
        } else if self.shutting_down {
            ErrorCode::BrokerNotAvailable
        } else {
            ErrorCode::None
        }
    }

    /// Whether the sender's log is a beginning of mine. An empty one is always sent the latest snapshot: that is
    /// less to read.
    fn validate_fetch(&self, request: &MetadataFetchRequest) -> Validity {
        match self.disk.snapshots.latest_id() {
            Some(latest) if request.fetch_offset == Offset(0) => Validity::Snapshot(latest),
            _ => self.disk.validate(request.fetch_offset, request.last_fetched_epoch.unwrap_or_default()),
        }
    }

    /// A replica's log ends at `offset` and agrees with mine: progress, and a sign of life.
    fn count_valid_fetch(&mut self, now: Time, position: u32, offset: Offset, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        let moved = leader.update_replica(position, now, offset, self.hw);
        self.count_towards_quorum(position, now, out);
        if let Some(hw) = moved {
            self.advance_leader_high_watermark(hw, out);
            if self.settings.features.fetch_carries_hw {
                self.answer_parked(now, |_| true, out);
            }
        }
    }

    /// Something else than a fetch shows that this replica lives.
    pub(super) fn count_sign_of_life(&mut self, now: Time, key: ReplicaKey, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        let position = leader.position(key);
        self.count_towards_quorum(position, now, out);
    }

    pub(super) fn count_towards_quorum(&mut self, position: u32, now: Time, out: &mut Out) {
        let timeout = self.check_quorum_timeout();
        let Role::Leader(leader) = &mut self.role else { return };
        let restarted_just_now = leader.check_quorum_since == now;
        if leader.count_fetch(position, now) && !restarted_just_now && leader.voters().len() > 1 {
            self.arm_check_quorum(timeout, out);
        }
    }

    /// Answers the parked fetches that the log has outgrown.
    pub(super) fn answer_outgrown_fetches(&mut self, now: Time, out: &mut Out) {
        let end = self.disk.log.end();
        self.answer_parked(now, |parked| parked.fetch_offset < end, out);
    }

    fn answer_parked(&mut self, now: Time, due: impl Fn(&ParkedFetch) -> bool, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        for parked in leader.unpark(due) {
            if let Role::Leader(leader) = &mut self.role {
                leader.touch(parked.position, now);
            }
            self.count_towards_quorum(parked.position, now, out);
            out.disarm(Timer::ParkedFetch(parked.from));
            self.respond_with_records(parked.from, parked.correlation, parked.fetch_offset, out);
        }
    }

    /// A parked fetch has waited long enough: answered as it would have been when it came.
    pub(super) fn on_parked_fetch_timeout(&mut self, node: NodeId, out: &mut Out) {
        let Role::Leader(leader) = &mut self.role else { return };
        for parked in leader.unpark(|parked| parked.from == node) {
            let response = self.fetch_response(parked.high_watermark, Fetched::Records(Vec::new()));
            out.respond(node, parked.correlation, Message::MetadataFetchResponse(response));
        }
    }

    fn respond_with_records(&self, to: NodeId, correlation: Correlation, from: Offset, out: &mut Out) {
        let records = self.disk.log.read(from, self.disk.log.end(), MAX_FETCH_RECORDS);
        let response = self.fetch_response(self.hw, Fetched::Records(records));
        out.respond(to, correlation, Message::MetadataFetchResponse(response));
    }

    fn fetch_response(
        &self,
        high_watermark: Option<Offset>,
        data: Fetched<crate::record::MetadataRecord>,
    ) -> MetadataFetchResponse {
        let (leader, epoch) = (self.leader(), self.epoch());
        MetadataFetchResponse { error: ErrorCode::None, leader, epoch, high_watermark, data, snapshot: None }
    }

    pub(super) fn empty_fetch_response(
        &self,
        error: ErrorCode,
        high_watermark: Option<Offset>,
    ) -> MetadataFetchResponse {
        MetadataFetchResponse { error, ..self.fetch_response(high_watermark, Fetched::Records(Vec::new())) }
    }
}
