//! What clients are promised, C1 to C14, and in which words.

use kraftscope_core::wire::ErrorCode;

/// A promise to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// NoLostAckedWrite.
    C1,
    /// NoAbortedRead.
    C2,
    /// OneValuePerOffset.
    C3,
    /// NoDuplicates.
    C4,
    /// ConsumerOrder.
    C5,
    /// ProducerOrder.
    C6,
    /// NoReadAboveHw.
    C7,
    /// ReadYourWrites.
    C8,
    /// AckNamesPlace.
    C9,
    /// LinearizableAppend.
    C10,
    /// TruncationNoticed.
    C11,
    /// ShutdownLosesNothing.
    C12,
    /// UnknownAtMostOnce.
    C13,
    /// NothingUnseen.
    C14,
}

impl Promise {
    /// Its short name: `C1`.
    pub const fn id(self) -> &'static str {
        match self {
            Promise::C1 => "C1",
            Promise::C2 => "C2",
            Promise::C3 => "C3",
            Promise::C4 => "C4",
            Promise::C5 => "C5",
            Promise::C6 => "C6",
            Promise::C7 => "C7",
            Promise::C8 => "C8",
            Promise::C9 => "C9",
            Promise::C10 => "C10",
            Promise::C11 => "C11",
            Promise::C12 => "C12",
            Promise::C13 => "C13",
            Promise::C14 => "C14",
        }
    }

    /// What should have held.
    pub const fn statement(self) -> &'static str {
        match self {
            Promise::C1 => "Every record that was acknowledged with acks=all is in the final log.",
            Promise::C2 => {
                "No consumer reads a record whose producer was told for certain that it was not written."
            }
            Promise::C3 => "Whoever reads an offset reads the same record.",
            Promise::C4 => {
                "A record of an idempotent producer is in the log once, unless it was numbered anew while it had no answer."
            }
            Promise::C5 => "A consumer reads every partition in the order of offsets and leaves none out.",
            Promise::C6 => {
                "Of two batches of one producer, the one that was acknowledged before the other was sent comes first."
            }
            Promise::C7 => "Consumers read committed records only, and none of them disappears later.",
            Promise::C8 => "Where a record was acknowledged with acks=all, every consumer reads that record.",
            Promise::C9 => {
                "A record that was acknowledged with acks=all is in the final log at the offset that the acknowledgement named."
            }
            Promise::C10 => {
                "Appends are linearizable: nothing is read that was not sent, and what is sent after something was acknowledged or read comes after it."
            }
            Promise::C11 => "A consumer does not read on across a truncation as if nothing had happened.",
            Promise::C12 => "Controlled shutdowns alone lose no record that was acknowledged with acks=all.",
            Promise::C13 => {
                "A batch that was sent once, whatever its producer was told, is in the log at most once."
            }
            Promise::C14 => "After the healing every acknowledged record has been read by every consumer.",
        }
    }
}

/// Whether a leader that answers so has not written anything.
pub(super) fn is_before_append(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::NotEnoughReplicas
            | ErrorCode::OutOfOrderSequenceNumber
            | ErrorCode::InvalidProducerEpoch
            | ErrorCode::InvalidRequiredAcks
    )
}
