//! A consumer's positions: looked up when there is none, validated when the leader changes.
//!
//! It reads no records. Invariants: one look-up per partition waits for an answer; an answer to a question about a
//! position that has moved since changes nothing; a position is given up only with a note.
//! Sources: `OffsetFetcher`, `OffsetFetcherUtils`, `OffsetsForLeaderEpochUtils`, KIP-320.
//!
//! Left out: `by_duration`. With `auto.offset.reset` = `none` the application seeks to the
//! beginning when it starts, and pauses a partition for which it gets an exception.

use super::consumer::Consumer;
use super::subscription::{FetchPosition, Position, Validated};
use crate::config::OffsetReset;
use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::time::Time;
use crate::wire::{
    EpochAsked, EpochEndAnswer, Fetcher, ListOffsetsRequest, ListOffsetsResponse, Message,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetSpec,
};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A look-up of an offset that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LookupInFlight {
    /// Its number.
    pub correlation: Correlation,
    /// Of which partition.
    pub partition: TopicPartition,
}

/// A question where epochs end that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ValidationInFlight {
    /// Its number.
    pub correlation: Correlation,
    /// The positions asked about.
    pub positions: Vec<(TopicPartition, FetchPosition)>,
}

impl Consumer {
    /// New metadata, or a hint: positions whose leader has changed wait for validation
    /// (`validatePositionsOnMetadataChange`).
    pub(super) fn follow_leaders(&mut self) {
        let metadata = &self.network.metadata;
        if self.metadata_seen == metadata.version {
            return;
        }
        self.metadata_seen = metadata.version;
        let detects = self.settings.features.consumer_detects_truncation;
        for (partition, position) in &mut self.positions {
            if let Some(&known) = metadata.partitions.get(partition) {
                position.maybe_validate(known, detects);
            }
        }
    }

    /// When the first look-up or validation that failed, or was not answered, may be repeated.
    pub(super) fn next_question(&self, now: Time) -> Option<Time> {
        let waits = |position: &Position| position.awaits_reset() || position.awaits_validation;
        let waiting = self.positions.values().filter(|position| waits(position) && position.retry_at > now);
        waiting.map(|position| position.retry_at).min()
    }

    /// Asks the leaders for the offset where partitions without a position begin or end (`resetPositionsIfNeeded`).
    pub(super) fn look_up(&mut self, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        let asked = |partition| self.lookups.iter().any(|lookup| lookup.partition == partition);
        let due = |(&partition, position): (&TopicPartition, &Position)| {
            let due = position.awaits_reset() && position.retry_at <= now && !asked(partition);
            due.then_some((partition, position.reset_to.unwrap_or(OffsetReset::Earliest)))
        };
        let waiting: Vec<(TopicPartition, OffsetReset)> = self.positions.iter().filter_map(due).collect();
        for (partition, to) in waiting {
            let Some(leader) = self.network.metadata.leader(partition) else {
                self.network.metadata.request_update();
                continue;
            };
            if self.network.ready(leader, &settings, now, out) {
                let latest = to == OffsetReset::Latest;
                let request = Message::ListOffsetsRequest(ListOffsetsRequest {
                    fetcher: Fetcher::Consumer,
                    partition,
                    current_leader_epoch: self.network.metadata.leader_epoch(partition),
                    offset: if latest { OffsetSpec::Latest } else { OffsetSpec::Earliest },
                });
                let correlation = self.network.send(leader, request, &settings, now, out);
                self.lookups.push(LookupInFlight { correlation, partition });
            }
        }
    }

    pub(super) fn on_looked_up(
        &mut self,
        correlation: Correlation,
        response: ListOffsetsResponse,
        now: Time,
        out: &mut Out,
    ) {
        let Some(index) = self.lookups.iter().position(|lookup| lookup.correlation == correlation) else {
            return;
        };
        let partition = self.lookups.remove(index).partition;
        self.last_error = response.error;
        let Some(position) = self.positions.get_mut(&partition) else { return };
        if !response.error.is_none() {
            position.retry_at = now + self.settings.retry_backoff;
            self.network.metadata.request_update();
            return;
        }
        // No epoch: an offset that was just looked up needs no validation.
        position.seek(response.offset, None);
        position.current_leader = self.network.metadata.partitions.get(&partition).copied();
        if let Some(from) = position.reset_from.take() {
            out.note(Note::PositionReset { partition, from, to: response.offset });
        }
    }

    /// Asks new leaders where the epochs of the last records read end (`validatePositionsIfNeeded`).
    pub(super) fn validate(&mut self, now: Time, out: &mut Out) {
        let mut by_leader: BTreeMap<NodeId, Vec<(TopicPartition, FetchPosition)>> = BTreeMap::new();
        for (&partition, position) in &self.positions {
            if position.awaits_validation
                && position.retry_at <= now
                && let Some(asked) = position.fetch_position()
                && let Some(leader) = asked.leader.leader
            {
                by_leader.entry(leader).or_default().push((partition, asked));
            }
        }
        let settings = Arc::clone(&self.settings);
        for (leader, positions) in by_leader {
            if !self.network.ready(leader, &settings, now, out) {
                continue;
            }
            for (partition, _) in &positions {
                if let Some(position) = self.positions.get_mut(partition) {
                    position.retry_at = now + settings.request_timeout;
                }
            }
            let asked = positions.iter().map(|&(partition, asked)| EpochAsked {
                partition,
                current_leader_epoch: asked.leader.epoch,
                leader_epoch: asked.epoch,
            });
            let request =
                OffsetForLeaderEpochRequest { fetcher: Fetcher::Consumer, partitions: asked.collect() };
            let message = Message::OffsetForLeaderEpochRequest(request);
            let correlation = self.network.send(leader, message, &settings, now, out);
            self.validations.push(ValidationInFlight { correlation, positions });
        }
    }

    pub(super) fn on_epoch_ends(
        &mut self,
        correlation: Correlation,
        response: &OffsetForLeaderEpochResponse,
        now: Time,
        out: &mut Out,
    ) {
        let Some(index) = self.validations.iter().position(|asked| asked.correlation == correlation) else {
            return;
        };
        let asked = self.validations.remove(index);
        for answer in &response.partitions {
            let about = asked.positions.iter().find(|(partition, _)| *partition == answer.partition);
            if let Some((_, position)) = about {
                self.on_epoch_end(position, answer, now, out);
            }
        }
    }

    fn on_epoch_end(&mut self, asked: &FetchPosition, answer: &EpochEndAnswer, now: Time, out: &mut Out) {
        let partition = answer.partition;
        self.last_error = answer.error;
        let Some(position) = self.positions.get_mut(&partition) else { return };
        if !answer.error.is_none() {
            position.retry_at = now + self.settings.retry_backoff;
            self.network.metadata.request_update();
            return;
        }
        let end = answer.leader_epoch.zip(answer.end_offset);
        let Validated::Truncated(at, to) = position.complete_validation(asked, end) else { return };
        out.note(Note::TruncationDetected { partition, position: at, epoch: asked.epoch, end: to });
        match (self.settings.auto_offset_reset, end) {
            (OffsetReset::None, _) => Consumer::raise(partition, position, at, out),
            (_, Some((epoch, to))) => {
                position.seek(to, Some(epoch));
                out.note(Note::PositionReset { partition, from: at, to });
            }
            (policy, None) => position.reset(policy),
        }
    }

    /// A fetch offset is not in the leader's log (`FetchCollector.handleInitializeErrors`).
    pub(super) fn on_out_of_range(&mut self, partition: TopicPartition, out: &mut Out) {
        let Some(position) = self.positions.get_mut(&partition) else { return };
        match (self.settings.auto_offset_reset, position.offset) {
            (OffsetReset::None, Some(at)) => Consumer::raise(partition, position, at, out),
            (policy, _) => position.reset(policy),
        }
    }

    /// `poll()` throws, and the application pauses the partition.
    fn raise(partition: TopicPartition, position: &mut Position, at: Offset, out: &mut Out) {
        position.paused = true;
        position.awaits_validation = false;
        out.note(Note::OutOfRangeRaised { partition, position: at });
    }

    /// Questions whose connection broke, or that timed out, are asked again.
    pub(super) fn fail_questions(&mut self, failed: &[Correlation], now: Time) {
        let retry_at = now + self.settings.retry_backoff;
        let mut repeat = |partition: TopicPartition| {
            if let Some(position) = self.positions.get_mut(&partition) {
                position.retry_at = retry_at;
            }
        };
        for lookup in self.lookups.extract_if(.., |lookup| failed.contains(&lookup.correlation)) {
            repeat(lookup.partition);
        }
        for asked in self.validations.extract_if(.., |asked| failed.contains(&asked.correlation)) {
            asked.positions.into_iter().for_each(|(partition, _)| repeat(partition));
        }
    }
}
