//! What a follower does with the answers of its leader.
//!
//! Keeps: an answer is applied to a partition only if leader epoch, fetch offset and state are what they were
//! when the request was built. Records go to the own log end or nowhere. The high watermark is the leader's,
//! cut at the own log end, and may go down.
//! Source: `AbstractFetcherThread.processFetchRequest`, `onPartitionFenced`,
//! `ReplicaFetcherThread.processPartitionData`; KAFKA-18723.

use super::disk::ReplicaLog;
use super::fetcher::Busy;
use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Partition, Role};
use super::truncation;
use crate::id::{Correlation, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::record::{Entry, Record};
use crate::switches::Features;
use crate::time::Time;
use crate::wire::{ErrorCode, FetchResponse, Fetched, FetchedPartition, OffsetSpec};
use alloc::vec::Vec;

/// What is to be done with a partition after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Fetch on.
    Go,
    /// Ask the leader where its log begins and ends.
    AskOffset(OffsetSpec),
    /// Leave it out of requests for a while.
    Delay(ErrorCode),
    /// Stop until new metadata arrives.
    Fail(ErrorCode),
    /// The broker stops for good (before 2.1).
    Halt,
}

impl ReplicaManager {
    pub(super) fn on_fetch_response(
        &mut self,
        now: Time,
        image: &Image,
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
            // Consumers that read here wait for the high watermark.
            let hw = self.has_parked_fetches().then(|| self.high_watermark(id));
            let next = self.on_fetched(now, leader, answer, out);
            if hw.is_some_and(|before| before < self.high_watermark(id)) {
                self.complete_fetches(image, id, out);
            }
            match next {
                Next::Go | Next::Halt => {}
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

    fn has_parked_fetches(&self) -> bool {
        self.fetches.keys_end() > 0
    }

    fn high_watermark(&self, id: TopicPartition) -> Option<Offset> {
        self.partitions.get(&id).map(|partition| partition.hw)
    }

    /// Applies the answer for one partition.
    fn on_fetched(&mut self, now: Time, leader: NodeId, answer: FetchedPartition, out: &mut Out) -> Next {
        let id = answer.partition;
        let brings = matches!(&answer.data, Fetched::Records(records) if !records.is_empty());
        if brings && self.append_fails(id, out) {
            return Next::Fail(ErrorCode::KafkaStorageError);
        }
        let features = &self.settings.features;
        let (Some(partition), Some(replica)) =
            (self.partitions.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return Next::Go;
        };
        let epoch = partition.leader_epoch;
        let Role::Follower(following) = &mut partition.role else { return Next::Go };
        let Some(asked) = following.asked.take() else { return Next::Go };
        // Before KIP-320 nobody compared the epoch.
        let same_epoch = asked.0 == epoch || !features.fetch_checks_leader_epoch;
        let unchanged = same_epoch && asked.1 == replica.leo() && following.fetch == FetchState::Fetching;
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
                if !features.diverging_answer_hw_ignored {
                    partition.hw = answer.high_watermark.clamp(replica.log.start(), replica.leo());
                }
                let to = truncation::target(replica, end);
                partition.cut(id, replica, to, features, out);
            }
            Fetched::Records(records) => {
                partition.append_as_follower(now, id, replica, (leader, &records), features, out);
                partition.hw = answer.high_watermark.clamp(replica.log.start(), replica.leo());
                partition.advance_log_start(id, replica, answer.log_start_offset, out);
            }
        }
        Next::Go
    }

    /// Stops fetching a partition until new metadata arrives (`markPartitionFailed`).
    pub(super) fn fail_partition(
        &mut self,
        leader: NodeId,
        id: TopicPartition,
        error: ErrorCode,
        out: &mut Out,
    ) {
        self.leave_fetcher(id);
        if let Some(Role::Follower(following)) = self.partitions.get_mut(&id).map(|p| &mut p.role) {
            following.fetch = FetchState::Failed;
        }
        out.note(Note::ReplicaFetchFailed { partition: id, leader, error });
    }
}

impl Partition {
    /// Appends fetched records up to the first that is of a later epoch than the one known here: the leader
    /// may have changed between request and answer (KAFKA-18723).
    fn append_as_follower(
        &mut self,
        now: Time,
        id: TopicPartition,
        replica: &mut ReplicaLog,
        (leader, records): (NodeId, &[Entry<Record>]),
        features: &Features,
        out: &mut Out,
    ) {
        let (base, epoch): (Offset, LeaderEpoch) = (replica.leo(), self.leader_epoch);
        let takes_all = !features.follower_refuses_later_epochs;
        for &entry in records.iter().take_while(|entry| takes_all || entry.epoch <= epoch) {
            replica.append(entry, now);
        }
        let count = replica.leo().saturating_sub(base) as u32;
        if count > 0 {
            out.note(Note::RecordsReplicated { partition: id, base, count, leader });
        }
    }
}
