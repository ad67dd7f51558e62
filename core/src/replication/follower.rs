//! What a follower does with the answers of its leader.
//!
//! Keeps: an answer is applied to a partition only if leader epoch, fetch offset and state are what they were
//! when the request was built. Records go to the own log end or nowhere. The high watermark is the leader's,
//! cut at the own log end, and may go down.
//! Source: `AbstractFetcherThread.processFetchRequest`, `fetchOffsetAndTruncate`, `onPartitionFenced`,
//! `ReplicaFetcherThread.processPartitionData`; KAFKA-18723.

use super::fetch::not_hosted;
use super::fetcher::Busy;
use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Partition, Role};
use super::read::check_leader;
use super::truncation;
use crate::id::{Correlation, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::record::{Entry, Record};
use crate::time::Time;
use crate::wire::{
    ErrorCode, FetchResponse, Fetched, FetchedPartition, Fetcher, ListOffsetsRequest, ListOffsetsResponse,
    OffsetSpec,
};
use alloc::vec::Vec;

/// What is to be done with a partition after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Fetch on.
    Go,
    /// Ask the leader where its log begins and ends.
    AskOffset(OffsetSpec),
    /// Leave it out of requests for a while.
    Delay(ErrorCode),
    /// Stop until new metadata arrives.
    Fail(ErrorCode),
}

impl ReplicaManager {
    pub(super) fn on_fetch_response(
        &mut self,
        now: Time,
        ctx: Ctx,
        (leader, correlation): (NodeId, Correlation),
        response: FetchResponse,
        out: &mut Out,
    ) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if fetcher.busy != Some(Busy::Fetch(correlation)) {
            return;
        }
        fetcher.busy = None;
        let mut delayed = Vec::new();
        let mut first_error = ErrorCode::None;
        for answer in response.partitions {
            let id = answer.partition;
            match self.on_fetched(leader, answer, out) {
                Next::Go => {}
                Next::AskOffset(_) => {
                    if let Some(fetcher) = self.fetchers.get_mut(&leader) {
                        fetcher.out_of_range.push(id);
                    }
                }
                Next::Delay(error) => {
                    first_error = if first_error.is_none() { error } else { first_error };
                    delayed.push(id);
                }
                Next::Fail(error) => self.fail_partition(leader, id, error, out),
            }
        }
        if !delayed.is_empty() {
            self.delay(now, leader, &delayed, first_error, out);
        }
        self.advance_fetcher(now, leader, ctx, out);
    }

    /// Applies the answer for one partition.
    fn on_fetched(&mut self, leader: NodeId, answer: FetchedPartition, out: &mut Out) -> Next {
        let id = answer.partition;
        let (Some(partition), Some(replica)) =
            (self.partitions.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return Next::Go;
        };
        let epoch = partition.leader_epoch;
        let Role::Follower(following) = &mut partition.role else { return Next::Go };
        let Some(asked) = following.asked.take() else { return Next::Go };
        let unchanged = asked == (epoch, replica.leo()) && following.fetch == FetchState::Fetching;
        if !unchanged || following.leader != Some(leader) {
            return Next::Go;
        }
        match answer.error {
            ErrorCode::None => {}
            ErrorCode::OffsetOutOfRange => {
                following.fetch = FetchState::OutOfRange { leader_end: None };
                return Next::AskOffset(OffsetSpec::Latest);
            }
            // The epoch that was asked with is still the latest known here: only metadata can help.
            error @ ErrorCode::FencedLeaderEpoch => return Next::Fail(error),
            error => return Next::Delay(error),
        }
        match answer.data {
            Fetched::Diverging(end) => {
                let to = truncation::target(replica, end);
                partition.cut(id, replica, to, out);
            }
            Fetched::Records(records) => {
                partition.append_as_follower(id, replica, leader, &records, out);
                partition.hw = answer.high_watermark.clamp(replica.log.start(), replica.leo());
            }
        }
        Next::Go
    }

    /// Stops fetching a partition until new metadata arrives (`markPartitionFailed`).
    fn fail_partition(&mut self, leader: NodeId, id: TopicPartition, error: ErrorCode, out: &mut Out) {
        self.leave_fetcher(id);
        if let Some(Role::Follower(following)) = self.partitions.get_mut(&id).map(|p| &mut p.role) {
            following.fetch = FetchState::Failed;
        }
        out.note(Note::ReplicaFetchFailed { partition: id, leader, error });
    }

    /// The leader said where its log ends or begins: finds a place to fetch from.
    pub(super) fn on_list_offsets_response(
        &mut self,
        now: Time,
        ctx: Ctx,
        (leader, correlation): (NodeId, Correlation),
        response: ListOffsetsResponse,
        out: &mut Out,
    ) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        let Some(Busy::ListOffsets(expected, id, spec)) = fetcher.busy else { return };
        if expected != correlation {
            return;
        }
        fetcher.busy = None;
        fetcher.out_of_range.retain(|&other| other != id);
        match self.on_offset(id, spec, response, out) {
            Next::Go => {}
            Next::AskOffset(spec) => {
                self.ask_offset(leader, id, spec, ctx, out);
                return;
            }
            Next::Delay(error) => self.delay(now, leader, &[id], error, out),
            Next::Fail(error) => self.fail_partition(leader, id, error, out),
        }
        self.advance_fetcher(now, leader, ctx, out);
    }

    /// Goes on from where the leader's log lies: first its end is looked at, then its beginning.
    fn on_offset(
        &mut self,
        id: TopicPartition,
        spec: OffsetSpec,
        response: ListOffsetsResponse,
        out: &mut Out,
    ) -> Next {
        let (Some(partition), Some(replica)) =
            (self.partitions.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return Next::Go;
        };
        let Role::Follower(following) = &mut partition.role else { return Next::Go };
        let FetchState::OutOfRange { leader_end } = following.fetch else { return Next::Go };
        match response.error {
            ErrorCode::None => {}
            error @ ErrorCode::FencedLeaderEpoch => return Next::Fail(error),
            error => return Next::Delay(error),
        }
        let leo = replica.leo();
        if spec == OffsetSpec::Latest && response.offset >= leo {
            following.fetch = FetchState::OutOfRange { leader_end: Some(response.offset) };
            return Next::AskOffset(OffsetSpec::Earliest);
        }
        following.fetch = FetchState::Fetching;
        let (start, end) = match spec {
            OffsetSpec::Latest => (replica.log.start(), response.offset),
            OffsetSpec::Earliest => (response.offset, leader_end.unwrap_or(leo)),
        };
        out.note(Note::FetchOffsetOutOfRange { partition: id, fetch_offset: leo, start, end });
        match spec {
            // The leader has less than this follower: only an unclean election does that.
            OffsetSpec::Latest => partition.cut(id, replica, response.offset, out),
            OffsetSpec::Earliest if response.offset > leo => {
                replica.restart_at(response.offset);
                partition.hw = response.offset;
            }
            OffsetSpec::Earliest => {}
        }
        Next::Go
    }

    /// Answers ListOffsets: a follower sees the log end, a consumer the high watermark.
    pub(super) fn list_offsets(&self, image: &Image, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let ListOffsetsRequest { fetcher, partition: id, current_leader_epoch, offset: which } = request;
        let found = match (self.partitions.get(&id), self.disk.replicas.get(&id)) {
            (Some(partition), Some(replica)) => check_leader(partition, current_leader_epoch)
                .and_then(|()| partition.offset_for(fetcher, which, (replica.log.start(), replica.leo()))),
            _ => Err(not_hosted(image, id)),
        };
        let error = found.err().unwrap_or_default();
        ListOffsetsResponse { partition: id, error, offset: found.unwrap_or_default(), which }
    }
}

impl Partition {
    /// Cuts the follower's log where it parts from the leader's. The high watermark never lies beyond the end.
    fn cut(&mut self, id: TopicPartition, replica: &mut super::disk::ReplicaLog, to: Offset, out: &mut Out) {
        let (from, hw) = (replica.leo(), self.hw);
        if replica.truncate_to(to) {
            let (to, leader_epoch) = (replica.leo(), self.leader_epoch);
            out.note(Note::LogTruncated { partition: id, from, to, leader_epoch, hw });
        }
        self.hw = hw.min(replica.leo());
    }

    /// Appends fetched records up to the first that is of a later epoch than the one known here: the leader
    /// may have changed between request and answer (KAFKA-18723).
    fn append_as_follower(
        &mut self,
        id: TopicPartition,
        replica: &mut super::disk::ReplicaLog,
        leader: NodeId,
        records: &[Entry<Record>],
        out: &mut Out,
    ) {
        let (base, epoch): (Offset, LeaderEpoch) = (replica.leo(), self.leader_epoch);
        for &entry in records.iter().take_while(|entry| entry.epoch <= epoch) {
            replica.append(entry);
        }
        let count = replica.leo().saturating_sub(base) as u32;
        if count > 0 {
            out.note(Note::RecordsReplicated { partition: id, base, count, leader });
        }
    }

    /// The offset that a ListOffsets asks for. A consumer is not told the end while the high watermark has not
    /// reached the start of this leader's epoch: it could seem to go back (KIP-207).
    fn offset_for(
        &self,
        fetcher: Fetcher,
        which: OffsetSpec,
        (start, leo): (Offset, Offset),
    ) -> Result<Offset, ErrorCode> {
        let lags = self.as_leader().is_some_and(|leader| leader.epoch_start > self.hw);
        match (which, fetcher) {
            (OffsetSpec::Earliest, _) => Ok(start),
            (OffsetSpec::Latest, Fetcher::Replica(..)) => Ok(leo),
            (OffsetSpec::Latest, Fetcher::Consumer) if lags => Err(ErrorCode::OffsetNotAvailable),
            (OffsetSpec::Latest, Fetcher::Consumer) => Ok(self.hw),
        }
    }
}
