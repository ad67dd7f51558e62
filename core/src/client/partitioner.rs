//! Which partition a record goes to: the application's choice, the key's hash, or the sticky built-in choice.
//!
//! Invariant: a key always goes to the same partition while the number of partitions stays.
//! Sources: `BuiltInPartitioner` (KIP-794), `KafkaProducer.partition`.
//!
//! Left out: `partitioner.class`, `partitioner.availability.timeout.ms`.

use super::metadata::Metadata;
use crate::id::TopicId;
use crate::node::Out;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How likely each partition is to be the next sticky one: shorter queues are likelier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoadStats {
    /// Partitions with a leader.
    pub partitions: Vec<u16>,
    /// Running sum of `longest queue + 1 - queue`, one per partition.
    pub cumulative: Vec<u32>,
}

impl LoadStats {
    /// From the queue of every partition that has a leader: index and number of batches. `all` counts the
    /// partitions with a queue, led or not. `None` when choosing evenly does as well
    /// (`updatePartitionLoadStats`).
    pub fn of(queues: &[(u16, u32)], all: u32) -> Option<LoadStats> {
        let longest = queues.iter().map(|&(_, length)| length).max()?;
        let all_equal = queues.iter().all(|&(_, length)| length == longest);
        if all < 2 || (all_equal && queues.len() as u32 == all) {
            return None;
        }
        let mut sum = 0;
        let mut cumulative = Vec::new();
        for &(_, length) in queues {
            sum += longest + 1 - length;
            cumulative.push(sum);
        }
        Some(LoadStats { partitions: queues.iter().map(|&(partition, _)| partition).collect(), cumulative })
    }

    /// The end of the range from which a number is drawn.
    pub fn range_end(&self) -> u32 {
        self.cumulative.last().copied().unwrap_or(0)
    }

    /// The partition whose share holds `number`.
    pub fn partition_at(&self, number: u32) -> Option<u16> {
        let index = self.cumulative.partition_point(|&sum| sum <= number);
        self.partitions.get(index).copied()
    }
}

/// The sticky choice for records without a key, of one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BuiltInPartitioner {
    /// The partition that it sticks to.
    pub sticky: Option<u16>,
    /// Records that went to it since it was chosen.
    pub produced: u32,
    /// Weights of the next choice; `None`: all available partitions alike.
    pub load: Option<LoadStats>,
}

impl BuiltInPartitioner {
    /// The partition that it sticks to; chooses one first if need be (`peekCurrentPartitionInfo`).
    pub fn current(&mut self, topic: TopicId, metadata: &Metadata, out: &mut Out) -> u16 {
        match self.sticky {
            Some(partition) => partition,
            None => self.switch(topic, metadata, out),
        }
    }

    /// Counts what was appended, and switches once a batch's worth is reached; while the last batch may still
    /// grow (`may_switch` false) only at twice that (`updatePartitionInfo`). Returns whether it switched.
    pub fn maybe_switch(
        &mut self,
        appended: u32,
        may_switch: bool,
        batch_records: u32,
        topic: TopicId,
        metadata: &Metadata,
        out: &mut Out,
    ) -> bool {
        self.produced = self.produced.saturating_add(appended);
        let twice = batch_records.saturating_mul(2);
        let due = (self.produced >= batch_records && may_switch) || self.produced >= twice;
        if due {
            self.switch(topic, metadata, out);
        }
        due
    }

    fn switch(&mut self, topic: TopicId, metadata: &Metadata, out: &mut Out) -> u16 {
        let next = self.next_partition(topic, metadata, out);
        self.sticky = Some(next);
        self.produced = 0;
        next
    }

    /// Weighted by load; without load evenly among partitions with a leader; if there are none, among all.
    fn next_partition(&self, topic: TopicId, metadata: &Metadata, out: &mut Out) -> u16 {
        if let Some(load) = &self.load
            && let Some(partition) = load.partition_at(out.pick(load.range_end()))
        {
            return partition;
        }
        let available: Vec<u16> = metadata
            .partitions_of(topic)
            .filter(|(_, known)| known.leader.is_some())
            .map(|(partition, _)| partition.partition)
            .collect();
        let pick = out.pick(available.len() as u32) as usize;
        match available.get(pick) {
            Some(&partition) => partition,
            None => out.pick(u32::from(metadata.partition_count(topic))) as u16,
        }
    }
}
