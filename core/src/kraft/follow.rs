//! The follower's side of replication: append what was fetched, or cut where the logs part.
//!
//! Keeps: only a successful fetch, of records or of a part of a snapshot, restarts the fetch timer; the high
//! watermark never goes back and never passes the own log end; committed records are never cut (K9): a replica that
//! would have to stops for good.
//!
//! Source: `KafkaRaftClient.handleFetchResponse`, `appendAsFollower`, `updateFollowerHighWatermark`,
//! `RaftLog.truncateToEndOffset`, `FollowerState`.

use super::Quorum;
use super::role::Role;
use crate::epochs::EpochEnd;
use crate::id::{LeaderEpoch, Offset};
use crate::node::{Out, Timer};
use crate::note::{HaltReason, Note};
use crate::record::{Entry, MetadataRecord};
use crate::time::Time;
use crate::wire::{ErrorCode, Fetched, MetadataFetchResponse};
use alloc::vec::Vec;

impl Quorum {
    pub(super) fn on_fetch_response(&mut self, response: MetadataFetchResponse, out: &mut Out) -> ErrorCode {
        if let Some(error) = self.reconcile(response.error, response.leader, response.epoch, out) {
            return error;
        }
        if !matches!(self.role, Role::Follower { .. }) {
            return ErrorCode::None;
        }
        let done = match (response.snapshot, response.data) {
            (Some(id), _) => {
                self.begin_download(id);
                true
            }
            (None, Fetched::Records(records)) => self.append_fetched(records, response.high_watermark, out),
            (None, Fetched::Diverging(at)) => self.truncate_to_divergence(at, out),
        };
        if done {
            self.count_successful_fetch(out);
        }
        ErrorCode::None
    }

    /// The leader has answered a fetch, of records or of a snapshot.
    pub(super) fn count_successful_fetch(&mut self, out: &mut Out) {
        let observes = self.is_observer();
        let Role::Follower { has_fetched_from_leader, succeeds_after, .. } = &mut self.role else { return };
        (*has_fetched_from_leader, *succeeds_after) = (true, None);
        if !observes {
            out.arm(Timer::QuorumFetch, self.settings.controller_quorum_fetch_timeout);
        }
    }

    fn append_fetched(
        &mut self,
        records: Vec<Entry<MetadataRecord>>,
        hw: Option<Offset>,
        out: &mut Out,
    ) -> bool {
        if !records.is_empty() {
            for entry in records {
                self.disk.epochs.assign(entry.epoch, self.disk.log.end());
                let offset = self.disk.log.append(entry);
                if let MetadataRecord::Voters { voters } = entry.body {
                    self.follow_voters(offset, voters, out);
                }
            }
            if self.flushes() {
                self.disk.log.flush();
            }
        }
        let Some(hw) = hw.map(|hw| hw.min(self.disk.log.end())) else { return true };
        if self.hw.is_some_and(|old| hw < old) {
            self.halt(HaltReason::HwWentBack, hw, out);
            return false;
        }
        if self.hw != Some(hw) {
            self.set_high_watermark(hw);
        }
        true
    }

    /// Cuts the log where it parts from the leader's. The next fetch goes on from there.
    fn truncate_to_divergence(&mut self, at: EpochEnd, out: &mut Out) -> bool {
        let end = self.disk.log.end();
        let mut to = if at.epoch == LeaderEpoch(0) {
            at.end.min(end)
        } else {
            let mine = self.disk.end_offset_for_epoch(at.epoch);
            if mine.epoch == at.epoch { mine.end.min(at.end) } else { mine.end }
        };
        if to < self.log_hw || self.hw.is_some_and(|hw| at.end < hw) {
            if self.settings.features.metadata_truncation_guard {
                self.halt(HaltReason::TruncationBelowHw, to, out);
                return false;
            }
            // Before KAFKA-12460 the log's high watermark went back with the log, and nobody was told.
            to = to.max(self.disk.log.start());
            (self.hw, self.log_hw) = (self.hw.map(|hw| hw.min(to)), self.log_hw.min(to));
        }
        self.disk.epochs.truncate_from_end(to);
        if self.disk.log.truncate_to(to) {
            out.note(Note::MetadataLogTruncated { from: end, to, epoch: self.epoch() });
            self.revert_voters(to, out);
        }
        true
    }

    /// Voter: no successful fetch for the fetch timeout, or its turn to succeed a leader that resigned.
    pub(super) fn on_fetch_timeout(&mut self, now: Time, out: &mut Out) {
        let Role::Follower { leader, succeeds_after, .. } = self.role else { return };
        if self.shutting_down || self.is_observer() {
            return;
        }
        if succeeds_after.is_none() {
            let timeout = self.settings.controller_quorum_fetch_timeout;
            out.note(Note::FetchTimedOut { epoch: self.epoch(), leader, timeout });
        }
        self.start_election(1, now, out);
    }
}
