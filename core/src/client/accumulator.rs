//! Batches that wait to be sent, a queue per partition.
//!
//! It does not send: it says which brokers could be sent to, hands over what goes to one of them, and takes back
//! what failed. Invariants: at most one batch per partition goes into a request; a retried batch goes to the front
//! of its queue, behind those with lower sequence numbers; a queue, once there, stays.
//! Source: `RecordAccumulator`.
//!
//! Left out: `buffer.memory` (never exhausted), `max.request.size`, splitting of batches, flush and close.

use super::batch::Batch;
use super::metadata::Metadata;
use super::murmur2::partition_for_key;
use super::partitioner::{BuiltInPartitioner, LoadStats};
use super::transaction::TransactionManager;
use crate::config::Settings;
use crate::id::{NodeId, TopicId, TopicPartition};
use crate::node::Out;
use crate::record::Record;
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::ops::Bound::{Excluded, Included, Unbounded};
use serde::{Deserialize, Serialize};

/// The queues, and the sticky choice of each topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordAccumulator {
    /// Batches per partition, next one first.
    pub queues: BTreeMap<TopicPartition, VecDeque<Batch>>,
    /// Sticky choices.
    pub partitioners: BTreeMap<TopicId, BuiltInPartitioner>,
    /// Per broker, the partition with a batch that was looked at last: the next look begins there
    /// (`nodesDrainIndex`).
    drained_last: BTreeMap<NodeId, TopicPartition>,
}

/// A record on its way to its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerRecord {
    /// Where to.
    pub topic: TopicId,
    /// The partition, if the application chose it.
    pub partition: Option<u16>,
    /// What.
    pub record: Record,
}

/// What could be sent now (`ReadyCheckResult`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Brokers with something to send to.
    pub nodes: BTreeSet<NodeId>,
    /// When the next batch will be ready, if one waits for the clock.
    pub next: Option<Time>,
    /// Some batch has no leader to go to.
    pub unknown_leader: bool,
}

impl RecordAccumulator {
    /// Appends a record to the partition that it belongs to: the one that the application chose, the key's, or the
    /// sticky one. The topic's partitions must be known. Returns the partition.
    pub fn append(
        &mut self,
        what: ProducerRecord,
        metadata: &Metadata,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> TopicPartition {
        let ProducerRecord { topic, partition, record } = what;
        let keyed = !record.key.is_empty() && !settings.partitioner_ignore_keys;
        let chosen = match partition {
            None if keyed => Some(partition_for_key(record.key.as_bytes(), metadata.partition_count(topic))),
            chosen => chosen,
        };
        if let Some(partition) = chosen {
            let partition = TopicPartition { topic, partition };
            self.push(partition, record, settings, now);
            return partition;
        }
        self.append_sticky(what, metadata, settings, now, out)
    }

    fn append_sticky(
        &mut self,
        what: ProducerRecord,
        metadata: &Metadata,
        settings: &Settings,
        now: Time,
        out: &mut Out,
    ) -> TopicPartition {
        let (topic, most) = (what.topic, settings.batch_records);
        let sticky = self.partitioners.entry(topic).or_default();
        let mut partition = TopicPartition { topic, partition: sticky.current(topic, metadata, out) };
        // A switch that was put off while the last batch could grow happens once it cannot (`partitionChanged`).
        if all_full(self.queues.get(&partition), most)
            && sticky.maybe_switch(0, true, most, topic, metadata, out)
        {
            partition.partition = sticky.current(topic, metadata, out);
        }
        self.push(partition, what.record, settings, now);
        let may_switch = all_full(self.queues.get(&partition), most);
        let sticky = self.partitioners.entry(topic).or_default();
        sticky.maybe_switch(1, may_switch, most, topic, metadata, out);
        partition
    }

    fn push(&mut self, partition: TopicPartition, record: Record, settings: &Settings, now: Time) {
        let queue = self.queues.entry(partition).or_default();
        match queue.back_mut() {
            Some(batch) if !batch.is_full(settings.batch_records) => batch.records.push(record),
            _ => queue.push_back(Batch::new(partition, record, now)),
        }
    }

    /// Which brokers could be sent to now; `muted` partitions wait for an answer (`ready`). Also weighs the queues
    /// for the next sticky choice.
    pub fn ready(
        &mut self,
        metadata: &Metadata,
        muted: &BTreeSet<TopicPartition>,
        settings: &Settings,
        now: Time,
    ) -> Ready {
        self.weigh(metadata, settings);
        let mut ready = Ready::default();
        for (&partition, queue) in &mut self.queues {
            let waiting = queue.len();
            let Some(batch) = queue.front_mut() else { continue };
            batch.maybe_update_leader_epoch(metadata.leader_epoch(partition));
            let Some(leader) = metadata.leader(partition) else {
                ready.unknown_leader = true;
                continue;
            };
            if muted.contains(&partition) {
                continue;
            }
            let full = waiting > 1 || batch.is_full(settings.batch_records);
            let due = batch.backs_off_until(now).or_else(|| {
                let lingers_until = batch.last_attempt + settings.linger;
                (!full && lingers_until > now).then_some(lingers_until)
            });
            match due {
                None => {
                    ready.nodes.insert(leader);
                }
                Some(due) => ready.next = Some(ready.next.map_or(due, |next| next.min(due))),
            }
        }
        ready
    }

    /// Weighs the queues of every topic whose partitions all have one (KIP-794).
    fn weigh(&mut self, metadata: &Metadata, settings: &Settings) {
        for (&topic, sticky) in &mut self.partitioners {
            let first = TopicPartition { topic, partition: 0 };
            let last = TopicPartition { topic, partition: u16::MAX };
            let queues: Vec<_> = self.queues.range(first..=last).collect();
            let weighs = settings.partitioner_adaptive_partitioning_enable
                && queues.len() as u32 >= u32::from(metadata.partition_count(topic));
            let led: Vec<_> = queues
                .iter()
                .filter(|&&(&partition, _)| metadata.leader(partition).is_some())
                .map(|&(partition, queue)| (partition.partition, queue.len() as u32))
                .collect();
            sticky.load = if weighs { LoadStats::of(&led, queues.len() as u32) } else { None };
        }
    }

    /// Takes the first batch of every partition that `node` leads, as long as it need not wait after a failure;
    /// batches that still linger travel along. The first partition whose batch an idempotent producer has to hold
    /// back ends the round for the broker, as in Kafka (`drainBatchesForOneNode`).
    pub fn drain(
        &mut self,
        node: NodeId,
        metadata: &Metadata,
        muted: &BTreeSet<TopicPartition>,
        mut transactions: Option<&mut TransactionManager>,
        now: Time,
    ) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut last = None;
        let start = self.drained_last.get(&node).copied().unwrap_or_default();
        let (first_half, second_half) = ((Included(start), Unbounded), (Unbounded, Excluded(start)));
        'round: for half in [first_half, second_half] {
            for (&partition, queue) in self.queues.range_mut::<TopicPartition, _>(half) {
                let Some(first) = queue.front_mut() else { continue };
                if metadata.leader(partition) != Some(node) || muted.contains(&partition) {
                    continue;
                }
                last = Some(partition);
                if first.backs_off_until(now).is_some() {
                    continue;
                }
                if transactions.as_deref_mut().is_some_and(|transactions| !transactions.admit(first)) {
                    break 'round;
                }
                let Some(mut batch) = queue.pop_front() else { continue };
                (batch.closed, batch.was_renumbered) = (true, false);
                batches.push(batch);
            }
        }
        if transactions.is_some()
            && let Some(last) = last
        {
            self.drained_last.insert(node, last);
        }
        batches
    }

    /// Puts a batch that failed back to the front of its queue, behind those with lower numbers (`reenqueue`,
    /// `insertInSequenceOrder`).
    pub fn reenqueue(&mut self, batch: Batch) {
        let queue = self.queues.entry(batch.partition).or_default();
        let comes_before = |other: &&Batch| other.has_sequence() && other.base_sequence < batch.base_sequence;
        let place = if batch.has_sequence() { queue.iter().take_while(comes_before).count() } else { 0 };
        queue.insert(place, batch);
    }

    /// Takes out the batches whose `delivery.timeout.ms` is over (`expiredBatches`).
    pub fn take_expired(&mut self, settings: &Settings, now: Time) -> Vec<Batch> {
        let mut expired = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.front().is_some_and(|batch| batch.deadline(settings) <= now) {
                expired.extend(queue.pop_front());
            }
        }
        expired
    }

    /// When the next waiting batch expires.
    pub fn next_expiry(&self, settings: &Settings) -> Option<Time> {
        self.queues.values().filter_map(|queue| queue.front()).map(|batch| batch.deadline(settings)).min()
    }

    /// Records that wait.
    pub fn queued(&self) -> u32 {
        self.queues.values().flatten().map(Batch::count).sum()
    }
}

/// Whether the last batch of `queue` takes no further record (`allBatchesFull`).
fn all_full(queue: Option<&VecDeque<Batch>>, batch_records: u32) -> bool {
    queue.and_then(VecDeque::back).is_none_or(|batch| batch.is_full(batch_records))
}
