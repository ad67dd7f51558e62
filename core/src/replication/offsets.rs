//! Where a log begins and ends: ListOffsets, asked by a follower whose fetch offset the leader refused, and
//! answered by the leader.
//!
//! Keeps: a consumer's end of the log is the high watermark and never goes back (S14).
//! Source: `AbstractFetcherThread.fetchOffsetAndTruncate`, `handleOutOfRangeError`,
//! `Partition.fetchOffsetForTimestamp` (KIP-207).

use super::fetch::not_hosted;
use super::fetcher::Busy;
use super::follower::Next;
use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Partition, Role};
use super::read::check_leader;
use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::{Effect, Out};
use crate::note::Note;
use crate::time::Time;
use crate::wire::{ErrorCode, Fetcher, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec};

impl ReplicaManager {
    /// The leader said where its log ends or begins: finds a place to fetch from.
    pub(super) fn on_list_offsets_response(
        &mut self,
        now: Time,
        image: &Image,
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
        match self.on_offset(image, id, spec, response, out) {
            Next::Go => {}
            Next::AskOffset(spec) => {
                self.ask_offset(leader, id, spec, ctx, out);
                return;
            }
            Next::Delay(error) => self.delay(now, leader, &[id], error, out),
            Next::Fail(error) => self.fail_partition(leader, id, error, out),
            Next::Halt => {
                out.effects.push(Effect::Exit { clean: false });
                return;
            }
        }
        self.advance_fetcher(now, leader, ctx, out);
    }

    /// Goes on from where the leader's log lies: first its end is looked at, then its beginning.
    fn on_offset(
        &mut self,
        image: &Image,
        id: TopicPartition,
        spec: OffsetSpec,
        response: ListOffsetsResponse,
        out: &mut Out,
    ) -> Next {
        let default = self.settings.unclean_leader_election_enable;
        let unclean = image.unclean_election_enabled(id.topic, default);
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
            OffsetSpec::Latest => {
                let features = &self.settings.features;
                if features.out_of_range_halts && !unclean {
                    out.note(Note::ReplicaHalted { partition: id, leo, leader_end: end });
                    return Next::Halt;
                }
                partition.cut(id, replica, end, features, out);
            }
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
        let checked = self.settings.features.fetch_checks_leader_epoch;
        let found = match (self.partitions.get(&id), self.disk.replicas.get(&id)) {
            (Some(partition), Some(replica)) => {
                check_leader(partition, current_leader_epoch.filter(|_| checked))
                    .and_then(|()| self.check_confirmable(id))
                    .and_then(|()| partition.offset_for(fetcher, which, (replica.log.start(), replica.leo())))
            }
            _ => Err(not_hosted(image, id)),
        };
        let error = found.err().unwrap_or_default();
        ListOffsetsResponse { partition: id, error, offset: found.unwrap_or_default(), which }
    }
}

impl Partition {
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
