//! What clients saw of a run: what was sent, what became of it, what was read; and whether that keeps their promises.
//!
//! A history is flat and in order, as Jepsen's are: an entry's place is its time, so that "before" needs no clock.
//! The judge ([`judge()`]) reads nothing else but it and the final logs of the healed partitions, and shares no code
//! with the checker in the core: what both overlook is overlooked twice. Only when a partition lost its guarantees is
//! taken from there, for the promises end where the guarantees do.
//!
//! Source: `jepsen.tests.kafka`; Kafka's `replication_test.py` (acked is a subset of consumed).
//! Left out: transactions, groups; what producers with acks=0 sent, which nobody was promised.

mod ends;
mod judge;
mod promise;
mod recorder;

pub(crate) use ends::is_of_coordinators;
pub use ends::{FinalLog, PartitionEnd, Reader, ends, readers};
pub use judge::{Broken, judge};
pub use promise::Promise;

use kraftscope_core::config::Acks;
use kraftscope_core::id::{LeaderEpoch, NodeId, Offset, StepId, TopicPartition};
use kraftscope_core::wire::ErrorCode;
use std::ops::Range;

/// A batch is known by its producer and the serial number of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchKey {
    /// Who produced it.
    pub producer: NodeId,
    /// Serial number of its first record.
    pub first: u32,
}

/// A record as it was written, without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
    /// Who produced it.
    pub producer: NodeId,
    /// Its serial number.
    pub value: u32,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A batch was sent for the first time: the earliest moment at which it can take effect.
    Invoked {
        /// Which batch.
        batch: BatchKey,
        /// Where to.
        partition: TopicPartition,
        /// Its acks; never zero.
        acks: Acks,
        /// Its producer is idempotent.
        idempotent: bool,
        /// Its serial numbers, as a range of [`History::values`].
        values: Range<u32>,
    },
    /// A batch was sent again.
    SentAgain(BatchKey),
    /// A message of this producer was doubled on its way: what it has in flight may arrive twice.
    Doubled(NodeId),
    /// A message from or to this producer was lost, doubled or late by itself, which no TCP connection does.
    Disordered(NodeId),
    /// An idempotent producer numbered a partition's batches anew: those in flight may have been written before.
    Renumbered(NodeId, TopicPartition),
    /// This producer sends with acks=0: nobody knows which of its records exist.
    Unanswered(NodeId),
    /// A batch was acknowledged.
    Acknowledged {
        /// Which batch.
        batch: BatchKey,
        /// Offset of its first record.
        base: Offset,
    },
    /// The application was told that a batch failed; without an error, that its time was over.
    Failed {
        /// Which batch.
        batch: BatchKey,
        /// The last answer.
        error: Option<ErrorCode>,
    },
    /// A consumer read a record.
    Read {
        /// Who.
        consumer: NodeId,
        /// Where.
        partition: TopicPartition,
        /// Where in it.
        offset: Offset,
        /// What.
        record: Written,
    },
    /// A group gave a consumer this partition: it begins where the group has read to.
    Assigned {
        /// Who.
        consumer: NodeId,
        /// What.
        partition: TopicPartition,
    },
    /// A consumer was told that its position is not in the log, and stands elsewhere now.
    Reset {
        /// Who.
        consumer: NodeId,
        /// Where.
        partition: TopicPartition,
        /// Its position before.
        from: Offset,
        /// Its position now.
        to: Offset,
    },
    /// A client began a new life: a consumer reads from the beginning again.
    Began(NodeId),
    /// Some leader has committed everything below.
    Committed(TopicPartition, Offset),
    /// Records below may have been deleted.
    Deleted(TopicPartition, Offset),
    /// A replica began to lead an epoch whose records begin here.
    Led(TopicPartition, LeaderEpoch, Offset),
    /// A broker has finished its controlled shutdown.
    ShutDown,
    /// A broker died, or lost its disk.
    Crashed,
}

/// An entry of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The event that it belongs to.
    pub event: StepId,
    /// What happened.
    pub what: What,
}

/// Everything that happened, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<Entry>,
    values: Vec<u32>,
    /// Consumers ask a new leader whether their log was cut (KIP-320).
    validates: bool,
    /// Partitions are Raft groups: a leader's first entry is for nobody (kafkaraft).
    groups: bool,
}

impl History {
    /// An empty history of consumers that notice truncation, or of those of before KIP-320.
    pub fn of_clients(validates: bool) -> History {
        History { validates, ..History::default() }
    }

    /// The same, of a cluster whose partitions are Raft groups or are not.
    #[must_use]
    pub fn with_groups(self, groups: bool) -> History {
        History { groups, ..self }
    }

    /// Its entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The serial numbers of a batch.
    pub fn values(&self, range: &Range<u32>) -> &[u32] {
        self.values.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Adds an entry.
    pub fn push(&mut self, event: StepId, what: What) {
        self.entries.push(Entry { event, what });
    }

    /// Adds the first sending of a batch with these serial numbers.
    pub fn invoke(
        &mut self,
        event: StepId,
        batch: BatchKey,
        partition: TopicPartition,
        (acks, idempotent): (Acks, bool),
        values: impl IntoIterator<Item = u32>,
    ) {
        let start = self.values.len() as u32;
        self.values.extend(values);
        let values = start..self.values.len() as u32;
        self.push(event, What::Invoked { batch, partition, acks, idempotent, values });
    }
}
