//! The question before the first fetch: where does my last epoch end in your log? Releases before 2.7 ask it in
//! a request of its own (`OffsetForLeaderEpoch`), later ones with every fetch.
//!
//! Keeps: a follower in [`FetchState::Truncating`] fetches nothing. An answer is applied only if leader, leader
//! epoch and log end are what they were when it was asked for. Each round that is not the last moves back at
//! least one epoch.
//! Source: KIP-101, KIP-279, KIP-320; `AbstractFetcherThread.maybeTruncate`, `truncateToEpochEndOffsets`,
//! `Partition.lastOffsetForLeaderEpoch` (branches 1.1 to 2.6).

use super::fetch::not_hosted;
use super::fetcher::Busy;
use super::follower::Next;
use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Role};
use super::read::check_leader;
use super::truncation;
use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::switches::Truncation;
use crate::time::Time;
use crate::wire::{
    EpochAsked, EpochEndAnswer, ErrorCode, Fetcher as FetcherKind, Message, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};
use alloc::vec::Vec;

impl ReplicaManager {
    /// Asks for the ends of the last epochs of all partitions that are to be cut. Returns whether a request went
    /// out: nothing is fetched before its answer.
    pub(super) fn ask_epoch_ends(&mut self, now: Time, leader: NodeId, ctx: Ctx, out: &mut Out) -> bool {
        let Some(fetcher) = self.fetchers.get(&leader) else { return false };
        let mut partitions = Vec::new();
        for &id in fetcher.partitions() {
            let Some(partition) = self.partitions.get_mut(&id) else { continue };
            let Some(replica) = self.disk.replicas.get(&id) else { continue };
            let (leader_epoch, leo) = (partition.leader_epoch, replica.leo());
            let Role::Follower(following) = &mut partition.role else { continue };
            let Some(epoch) = replica.latest_epoch().filter(|_| following.fetch.asks_at(now)) else {
                continue;
            };
            following.asked = Some((leader_epoch, leo));
            let current_leader_epoch = Some(leader_epoch);
            partitions.push(EpochAsked { partition: id, current_leader_epoch, leader_epoch: epoch });
        }
        if partitions.is_empty() {
            return false;
        }
        let fetcher = FetcherKind::Replica(self.me, self.epoch_in_fetches(ctx));
        let correlation = self.take_correlation();
        self.wait_for(leader, Busy::EpochEnds(correlation), out);
        let request = OffsetForLeaderEpochRequest { fetcher, partitions };
        out.send(leader, correlation, Message::OffsetForLeaderEpochRequest(request));
        true
    }

    /// The leader said where epochs end.
    pub(super) fn on_epoch_ends(
        &mut self,
        now: Time,
        ctx: Ctx,
        (leader, correlation): (NodeId, Correlation),
        response: &OffsetForLeaderEpochResponse,
        out: &mut Out,
    ) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if fetcher.busy != Some(Busy::EpochEnds(correlation)) {
            return;
        }
        fetcher.busy = None;
        let mut delayed: Vec<TopicPartition> = Vec::new();
        let mut first_error = ErrorCode::None;
        for answer in &response.partitions {
            match self.on_epoch_end(leader, answer, out) {
                Next::Delay(error) => {
                    first_error = if first_error.is_none() { error } else { first_error };
                    delayed.push(answer.partition);
                }
                Next::Fail(error) => self.fail_partition(leader, answer.partition, error, out),
                Next::Go | Next::AskOffset(_) | Next::Halt => {}
            }
        }
        if !delayed.is_empty() {
            self.delay(now, leader, &delayed, first_error, out);
        }
        self.advance_fetcher(now, leader, ctx, out);
    }

    /// Cuts the log as the answer for one partition says; asks again if the leader has never seen the epoch
    /// that is the last one now.
    fn on_epoch_end(&mut self, leader: NodeId, answer: &EpochEndAnswer, out: &mut Out) -> Next {
        let id = answer.partition;
        let features = &self.settings.features;
        let (Some(partition), Some(replica)) =
            (self.partitions.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return Next::Go;
        };
        let epoch = partition.leader_epoch;
        let Role::Follower(following) = &mut partition.role else { return Next::Go };
        let truncating = matches!(following.fetch, FetchState::Truncating(_));
        let asked = following.asked.take();
        // Before KIP-320 nobody compared the epoch.
        let any_epoch = !features.fetch_checks_leader_epoch;
        let unchanged = asked.is_some_and(|(then, leo)| leo == replica.leo() && (any_epoch || then == epoch));
        if !truncating || !unchanged || following.leader != Some(leader) {
            return Next::Go;
        }
        match answer.error {
            ErrorCode::None => {}
            error @ ErrorCode::FencedLeaderEpoch => return Next::Fail(error),
            error => return Next::Delay(error),
        }
        let (to, done) = truncation::target_of(replica, partition.hw, answer);
        if done {
            following.fetch = FetchState::Fetching;
        }
        partition.cut(id, replica, to, features, out);
        // A log without any epoch line cannot be compared by epoch.
        if !done && replica.epochs.is_empty() {
            partition.cut(id, replica, partition.hw, features, out);
            partition.begin_to_fetch();
        }
        Next::Go
    }

    /// Answers where epochs end in the logs that are led here.
    pub(super) fn epoch_ends(
        &self,
        image: &Image,
        request: &OffsetForLeaderEpochRequest,
    ) -> OffsetForLeaderEpochResponse {
        let answer = |asked: &EpochAsked| self.epoch_end(image, asked);
        OffsetForLeaderEpochResponse { partitions: request.partitions.iter().map(answer).collect() }
    }

    fn epoch_end(&self, image: &Image, asked: &EpochAsked) -> EpochEndAnswer {
        let (id, features) = (asked.partition, &self.settings.features);
        let mut answer =
            EpochEndAnswer { partition: id, error: ErrorCode::None, leader_epoch: None, end_offset: None };
        let (Some(partition), Some(replica)) = (self.partitions.get(&id), self.disk.replicas.get(&id)) else {
            answer.error = not_hosted(image, id);
            return answer;
        };
        let known = asked.current_leader_epoch.filter(|_| features.truncation_needs_same_epoch);
        let checked = check_leader(partition, known)
            .and_then(|()| self.check_confirmable(id))
            .and_then(|()| self.check_complete(id, Offset(0), Some(asked.leader_epoch)));
        if let Err(error) = checked {
            answer.error = error;
            return answer;
        }
        let end = replica.end_offset_for(asked.leader_epoch);
        if features.truncation == Truncation::LeaderEpoch {
            // Before KIP-279 an epoch below the earliest known one had no end.
            let first = replica.epochs.entries().first();
            let known = first.is_some_and(|first| first.epoch <= asked.leader_epoch);
            answer.end_offset = end.filter(|_| known).map(|end| end.end);
        } else if let Some(end) = end {
            (answer.leader_epoch, answer.end_offset) = (Some(end.epoch), Some(end.end));
        }
        answer
    }
}
