//! How a snapshot travels: part by part, from the leader to a replica whose log ends before the leader's begins.
//!
//! Keeps: parts come in order; a complete snapshot replaces the whole log of the replica, which then starts, ends
//! and is committed at the snapshot's end; a download that is not complete lives in memory and is lost with the
//! role. Each part counts as a sign of life on both sides: it restarts the follower's fetch timer and counts towards
//! the leader's check quorum.
//!
//! Source: KIP-630, `KafkaRaftClient.handleFetchSnapshotRequest`, `handleFetchSnapshotResponse`,
//! `FollowerState.fetchingSnapshot`.
//!
//! Left out: bytes; positions and `MaxBytes` count records.

use super::role::Role;
use super::snapshot::Snapshot;
use super::{Quorum, QuorumDisk};
use crate::id::{Correlation, NodeId, Offset, SnapshotId};
use crate::node::Out;
use crate::note::{HaltReason, Note};
use crate::record::MetadataRecord;
use crate::time::Time;
use crate::wire::{ErrorCode, FetchSnapshotRequest, FetchSnapshotResponse, Message};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A snapshot that is being fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Download {
    /// Its name.
    pub id: SnapshotId,
    /// What has come so far, in order.
    pub records: Vec<MetadataRecord>,
}

impl Quorum {
    /// The snapshot that this follower is fetching.
    pub const fn download(&self) -> Option<&Download> {
        match &self.role {
            Role::Follower { fetching_snapshot: Some(download), .. } => Some(download),
            _ => None,
        }
    }

    /// Leader: hands out a part of a snapshot.
    pub(super) fn on_fetch_snapshot_request(
        &mut self,
        now: Time,
        from: NodeId,
        correlation: Correlation,
        request: &FetchSnapshotRequest,
        out: &mut Out,
    ) {
        let response = match self.part_of_snapshot(request) {
            Ok((size, records)) => {
                if let Role::Leader(leader) = &mut self.role {
                    let position = leader.position(request.replica);
                    self.count_towards_quorum(position, now, out);
                }
                self.snapshot_response(request, ErrorCode::None, size, records)
            }
            Err(error) => {
                self.note_refusal(from, error, out);
                self.snapshot_response(request, error, 0, Vec::new())
            }
        };
        out.respond(from, correlation, Message::FetchSnapshotResponse(response));
    }

    /// Size of the snapshot, and the part that was asked for.
    fn part_of_snapshot(
        &self,
        request: &FetchSnapshotRequest,
    ) -> Result<(u32, Vec<MetadataRecord>), ErrorCode> {
        match self.leader_only_error(request.current_leader_epoch) {
            ErrorCode::None => {}
            error => return Err(error),
        }
        let snapshot = self.disk.snapshots.get(request.snapshot).ok_or(ErrorCode::SnapshotNotFound)?;
        let rest =
            usize::try_from(request.position).ok().and_then(|position| snapshot.records.get(position..));
        let rest = rest.filter(|rest| !rest.is_empty()).ok_or(ErrorCode::PositionOutOfRange)?;
        let part = rest.iter().take(request.max_records as usize).copied().collect();
        Ok((snapshot.records.len() as u32, part))
    }

    fn snapshot_response(
        &self,
        request: &FetchSnapshotRequest,
        error: ErrorCode,
        size: u32,
        records: Vec<MetadataRecord>,
    ) -> FetchSnapshotResponse {
        let FetchSnapshotRequest { snapshot, position, .. } = *request;
        let (leader, epoch) = (self.leader(), self.epoch());
        FetchSnapshotResponse { error, leader, epoch, snapshot, size, position, records }
    }

    /// Follower: the leader names a snapshot to begin with. One that is stored already is not fetched again.
    pub(super) fn begin_download(&mut self, id: SnapshotId) {
        let is_stored = self.disk.snapshots.get(id).is_some();
        if let Role::Follower { fetching_snapshot, .. } = &mut self.role {
            *fetching_snapshot = (!is_stored).then(|| Box::new(Download { id, records: Vec::new() }));
        }
    }

    /// Follower: asks for the next part.
    pub(super) fn send_fetch_snapshot(&mut self, to: NodeId, out: &mut Out) {
        let Some(download) = self.download() else { return };
        let request = FetchSnapshotRequest {
            replica: self.me,
            current_leader_epoch: self.epoch(),
            snapshot: download.id,
            position: download.records.len() as i64,
            max_records: self.settings.controller_quorum_fetch_snapshot_max_records,
        };
        let timeout = self.settings.controller_quorum_request_timeout;
        self.connections.send(to, timeout, Message::FetchSnapshotRequest(request), out);
    }

    /// Follower: a part has come.
    pub(super) fn on_fetch_snapshot_response(
        &mut self,
        response: FetchSnapshotResponse,
        out: &mut Out,
    ) -> ErrorCode {
        match self.reconcile(response.error, response.leader, response.epoch, out) {
            Some(ErrorCode::SnapshotNotFound) => self.abandon_download(out),
            Some(error) => return error,
            None => {}
        }
        let Role::Follower { fetching_snapshot, .. } = &mut self.role else { return ErrorCode::None };
        if let Some(download) = fetching_snapshot {
            if download.id != response.snapshot || download.records.len() as i64 != response.position {
                return ErrorCode::InvalidRequest;
            }
            download.records.extend(response.records);
            if download.records.len() >= response.size as usize && !self.finish_download(out) {
                return ErrorCode::None;
            }
        }
        self.count_successful_fetch(out);
        ErrorCode::None
    }

    /// The leader has deleted the snapshot meanwhile: back to ordinary fetches, which will name another one.
    fn abandon_download(&mut self, out: &mut Out) {
        let Role::Follower { fetching_snapshot, .. } = &mut self.role else { return };
        if let Some(Download { id, records }) = fetching_snapshot.take().map(|download| *download) {
            let (end, epoch) = (id.end, id.epoch);
            out.note(Note::SnapshotAbandoned { end, epoch, records: records.len() as u32 });
        }
    }

    /// Everything is there: the log begins anew at the snapshot. False when it does not; then this replica has
    /// stopped for good, as Kafka's does ("Full log truncation expected but didn't happen").
    fn finish_download(&mut self, out: &mut Out) -> bool {
        let Role::Follower { fetching_snapshot, leader, .. } = &mut self.role else { return false };
        let leader = *leader;
        let Some(Download { id, records }) = fetching_snapshot.take().map(|download| *download) else {
            return false;
        };
        let (from, count) = (self.disk.log.end(), records.len() as u32);
        if !self.disk.install(Snapshot { id, records }) {
            self.halt(HaltReason::SnapshotBehindLog, id.end, out);
            return false;
        }
        self.read_voters(out);
        self.set_high_watermark(id.end);
        out.note(Note::SnapshotDownloaded { leader, from, end: id.end, epoch: id.epoch, records: count });
        true
    }
}

impl QuorumDisk {
    /// Stores a snapshot of the leader and begins anew there. Returns whether the log did.
    fn install(&mut self, snapshot: Snapshot) -> bool {
        let end: Offset = snapshot.id.end;
        self.snapshots.freeze(snapshot);
        self.truncate_to_latest_snapshot() && self.log.start() == end
    }
}
