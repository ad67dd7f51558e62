//! What a batch says of its producer: producer id, producer epoch, sequence numbers (KIP-98).
//!
//! It knows arithmetic only; what a leader makes of it is in [`crate::replication::producer_state`], how a producer
//! numbers its batches in [`crate::client::transaction`].
//! Source: `RecordBatch`, `DefaultRecordBatch.incrementSequence`, `decrementSequence`, `ProducerIdAndEpoch`.
//!
//! Left out: transactional and control batches. A producer id has 64 bits in Kafka; 32 hold a million blocks here.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A producer's id, given out by a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProducerId(pub u32);

/// An id's epoch: raised when sequence numbers have to begin anew, so that older batches are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProducerEpoch(pub u16);

/// The place of a record among all records of one producer id and epoch in one partition; wraps after 2^31 - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sequence(pub u32);

/// A producer id with its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProducerIdAndEpoch {
    /// The id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// What the header of its batch says of one record. Flat, so that it takes twelve bytes of every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// See [`ProducerId`].
    pub producer_id: ProducerId,
    /// The record's own sequence number: the batch's base sequence plus `index`.
    pub sequence: Sequence,
    /// See [`ProducerEpoch`].
    pub epoch: ProducerEpoch,
    /// The record's place in its batch, from 0: a batch begins where it is 0.
    pub index: u16,
}

impl ProducerId {
    /// `NO_PRODUCER_ID` (-1).
    pub const NONE: ProducerId = ProducerId(u32::MAX);
}

impl ProducerEpoch {
    /// `NO_PRODUCER_EPOCH` (-1).
    pub const NONE: ProducerEpoch = ProducerEpoch(u16::MAX);
    /// `Short.MAX_VALUE`: an id with this epoch is used up.
    pub const MAX: ProducerEpoch = ProducerEpoch(i16::MAX as u16);

    /// The epoch after this one.
    #[must_use]
    pub const fn next(self) -> ProducerEpoch {
        ProducerEpoch(self.0 + 1)
    }
}

/// How many sequence numbers there are.
const SEQUENCES: u32 = 1 << 31;

impl Sequence {
    /// `NO_SEQUENCE` (-1).
    pub const NONE: Sequence = Sequence(u32::MAX);
    /// Where every producer epoch begins.
    pub const FIRST: Sequence = Sequence(0);
    /// `Integer.MAX_VALUE`: 0 comes after it.
    pub const MAX: Sequence = Sequence(SEQUENCES - 1);

    /// The number `count` places on (`incrementSequence`).
    #[must_use]
    pub const fn plus(self, count: u32) -> Sequence {
        Sequence(self.0.wrapping_add(count) % SEQUENCES)
    }

    /// The number `count` places before (`decrementSequence`).
    #[must_use]
    pub const fn minus(self, count: u32) -> Sequence {
        Sequence(self.0.wrapping_add(SEQUENCES).wrapping_sub(count) % SEQUENCES)
    }

    /// Whether this is a number at all.
    pub const fn is_some(self) -> bool {
        self.0 < SEQUENCES
    }
}

impl ProducerIdAndEpoch {
    /// No id: the batches of a producer with idempotence off.
    pub const NONE: ProducerIdAndEpoch =
        ProducerIdAndEpoch { producer_id: ProducerId::NONE, epoch: ProducerEpoch::NONE };

    /// Whether this is an id at all (`isValid`).
    pub const fn is_some(self) -> bool {
        self.producer_id.0 != ProducerId::NONE.0
    }
}

impl Default for ProducerIdAndEpoch {
    fn default() -> ProducerIdAndEpoch {
        ProducerIdAndEpoch::NONE
    }
}

impl Stamp {
    /// A batch of one record of a producer with idempotence off.
    pub const NONE: Stamp = Stamp::of(ProducerIdAndEpoch::NONE, Sequence::NONE, 0);

    /// The stamp of record `index` of a batch of this producer that begins with `base`.
    pub const fn of(producer: ProducerIdAndEpoch, base: Sequence, index: u16) -> Stamp {
        let sequence = if base.is_some() { base.plus(index as u32) } else { base };
        Stamp { producer_id: producer.producer_id, sequence, epoch: producer.epoch, index }
    }

    /// Producer id and epoch.
    pub const fn producer(&self) -> ProducerIdAndEpoch {
        ProducerIdAndEpoch { producer_id: self.producer_id, epoch: self.epoch }
    }

    /// Whether the batch has a producer id (`hasProducerId`).
    pub const fn has_producer_id(&self) -> bool {
        self.producer().is_some()
    }
}

impl Default for Stamp {
    fn default() -> Stamp {
        Stamp::NONE
    }
}

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == ProducerId::NONE { f.write_str("-1") } else { self.0.fmt(f) }
    }
}

impl fmt::Display for ProducerEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == ProducerEpoch::NONE { f.write_str("-1") } else { self.0.fmt(f) }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_some() { self.0.fmt(f) } else { f.write_str("-1") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: DefaultRecordBatchTest.testIncrementSequence.
    #[test]
    fn sequences_wrap_from_the_largest_int_to_zero() {
        assert_eq!(Sequence(0).plus(10), Sequence(10));
        assert_eq!(Sequence::MAX.plus(1), Sequence(0));
        assert_eq!(Sequence(SEQUENCES - 5).plus(10), Sequence(5));
    }

    /// Source: DefaultRecordBatchTest.testDecrementSequence.
    #[test]
    fn sequences_wrap_back_from_zero_to_the_largest_int() {
        assert_eq!(Sequence(5).minus(5), Sequence(0));
        assert_eq!(Sequence(0).minus(1), Sequence::MAX);
        assert_eq!(Sequence(5).minus(10), Sequence(SEQUENCES - 5));
    }

    #[test]
    fn a_stamp_takes_twelve_bytes() {
        assert_eq!(size_of::<Stamp>(), 12);
        assert!(!Stamp::NONE.has_producer_id() && !Stamp::NONE.sequence.is_some());
    }
}
