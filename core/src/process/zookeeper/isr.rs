//! ISRs that leaders write into ZooKeeper, and how the controller hears of it.
//!
//! Source: `ReplicationUtils.updateLeaderAndIsr`, `checkLeaderAndIsrZkData`, `ReplicaManager.recordIsrChange`,
//! `maybePropagateIsrChanges` (2.3).

use super::ZooKeeperPlane;
use super::asked::{Answer, Asked};
use crate::id::{PartitionEpoch, TopicPartition};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::process::broker::{Broker, Plane};
use crate::replication::IsrWrite;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, Op, Path, Stat, ZooKeeperError};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How often it is looked at whether there is something to publish.
const PERIOD: Span = Span::millis(2500);
/// `IsrChangePropagationBlackOut`: no change for so long, and all of them are published.
const QUIET: Span = Span::millis(5000);
/// `IsrChangePropagationInterval`: nothing published for so long, and they are published all the same.
const AT_LAST: Span = Span::millis(60_000);

/// What was written and not published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct IsrChanges {
    partitions: BTreeSet<TopicPartition>,
    booted: Time,
    last_change: Time,
    last_published: Time,
}

impl IsrChanges {
    pub(super) const fn boot(&mut self, now: Time) {
        self.booted = now;
        self.last_published = now;
    }

    fn record(&mut self, now: Time, partition: TopicPartition, out: &mut Out) {
        self.last_change = now;
        if self.partitions.is_empty() {
            self.look_again(now, out);
        }
        self.partitions.insert(partition);
    }

    /// At the next beat of a clock that started with the broker.
    fn look_again(&self, now: Time, out: &mut Out) {
        let since_beat = now.since(self.booted).0 % PERIOD.0;
        out.arm(Timer::IsrChangePropagation, Span(PERIOD.0 - since_beat));
    }

    fn is_due(&self, now: Time) -> bool {
        now.since(self.last_change) > QUIET || now.since(self.last_published) > AT_LAST
    }
}

/// The version that a write has left, or why it wrote nothing.
fn version_of(stat: &Stat) -> Result<PartitionEpoch, ErrorCode> {
    Ok(PartitionEpoch(stat.version))
}

impl ZooKeeperPlane {
    pub(super) fn write_isrs(&mut self, now: Time, writes: Vec<IsrWrite>, out: &mut Out) {
        if writes.is_empty() {
            return;
        }
        let write = |write: &IsrWrite| {
            let path = Path::PartitionState(write.partition);
            ZkRequest::Write(Op::SetData(path, Data::State(write.state), Some(write.version.0)))
        };
        let requests = writes.iter().map(write).collect();
        self.ask(now, Asked::IsrWrites(writes), requests, out);
    }

    pub(super) fn publish_isr_changes(&mut self, now: Time, out: &mut Out) {
        if !self.isr.is_due(now) {
            return self.isr.look_again(now, out);
        }
        let partitions: Vec<TopicPartition> = core::mem::take(&mut self.isr.partitions).into_iter().collect();
        self.isr.last_published = now;
        out.note(Note::IsrChangesPublished { partitions: partitions.len() as u32 });
        let data = Data::Partitions(Arc::new(partitions));
        let create = Op::Create(Path::IsrChange(0), data, CreateMode::PersistentSequential);
        self.ask(now, Asked::IsrPublication, vec![ZkRequest::Write(create)], out);
    }
}

impl Broker {
    pub(super) fn on_isr_writes(
        &mut self,
        now: Time,
        writes: &[IsrWrite],
        answers: &[Answer],
        out: &mut Out,
    ) {
        for (write, answer) in writes.iter().zip(answers) {
            let version = match answer {
                Ok(ZkReply::Done(_, stat)) => version_of(stat),
                // The write may have been carried out, and only its answer lost.
                Err(ZooKeeperError::BadVersion) => {
                    let Plane::ZooKeeper(plane) = &mut self.plane else { return };
                    let read = ZkRequest::GetData(Path::PartitionState(write.partition), false);
                    plane.ask(now, Asked::IsrCheck(*write), vec![read], out);
                    continue;
                }
                _ => Err(ErrorCode::UnknownServerError),
            };
            self.on_isr_outcome(now, write, version, out);
        }
    }

    pub(super) fn on_isr_check_answer(
        &mut self,
        now: Time,
        write: &IsrWrite,
        answer: Option<&Answer>,
        out: &mut Out,
    ) {
        let version = match answer {
            Some(Ok(ZkReply::Data(Data::State(state), stat))) if *state == write.state => version_of(stat),
            Some(Ok(_)) => Err(ErrorCode::InvalidUpdateVersion),
            _ => Err(ErrorCode::UnknownServerError),
        };
        self.on_isr_outcome(now, write, version, out);
    }

    fn on_isr_outcome(
        &mut self,
        now: Time,
        write: &IsrWrite,
        version: Result<PartitionEpoch, ErrorCode>,
        out: &mut Out,
    ) {
        let changed = self.replicas.on_isr_written(now, &self.image, write, version, out);
        if let Plane::ZooKeeper(plane) = &mut self.plane
            && changed
        {
            plane.isr.record(now, write.partition, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether changes are published at this second, when the last one was, and the last publication.
    fn is_due(now: u64, last_change: u64, last_published: u64) -> bool {
        let at = |seconds: u64| Time(seconds * 1_000_000);
        let (last_change, last_published) = (at(last_change), at(last_published));
        IsrChanges { last_change, last_published, ..IsrChanges::default() }.is_due(at(now))
    }

    /// Source: `ReplicaManager.maybePropagateIsrChanges`: more than `IsrChangePropagationBlackOut`.
    #[test]
    fn isr_changes_are_published_when_nothing_has_changed_for_more_than_five_seconds() {
        assert!(!is_due(105, 100, 90));
        assert!(is_due(106, 100, 90));
    }

    /// Source: `ReplicaManager.maybePropagateIsrChanges`: more than `IsrChangePropagationInterval`.
    #[test]
    fn isr_changes_that_do_not_end_are_published_after_more_than_a_minute() {
        assert!(!is_due(160, 159, 100));
        assert!(is_due(161, 160, 100));
    }
}
