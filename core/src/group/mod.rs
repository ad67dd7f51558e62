//! Consumer groups as their coordinator sees them: who is in, who gets what, how far everybody has read.
//!
//! Reading order: [`classic`] (JoinGroup, SyncGroup, Heartbeat), [`consumer`] and [`reconcile`] (KIP-848), [`assign`]
//! (which assignor deals out), [`offsets`] (what may be committed by whom), [`coordinator`] (groups as part of a broker),
//! [`record`] (how they are written down).
//!
//! A group knows neither partitions of a log nor brokers: it answers its members through [`Out`] and says when it
//! wants to be woken. It owns no timers; every member and every phase carries its deadline.
//!
//! Source: `GroupMetadataManager`, `ClassicGroup`, `ConsumerGroup`, `OffsetMetadataManager`; KIP-62, 134, 345, 394,
//! 429, 848.
//!
//! Left out: share and streams groups, regular expressions, the conversion of a group from one protocol to the other,
//! offsets that expire.

pub mod assign;
pub mod classic;
pub mod consumer;
pub mod coordinator;
pub mod offsets;
pub mod reconcile;
pub mod record;

pub use classic::ClassicGroup;
pub use consumer::ConsumerGroup;

use crate::id::{Correlation, NodeId, Text};
use crate::node::Out;
use crate::wire::{GroupMessage, Message};
use serde::{Deserialize, Serialize};

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asker {
    /// The process.
    pub node: NodeId,
    /// The number of its request.
    pub correlation: Correlation,
}

impl Asker {
    pub(crate) fn answer(self, message: GroupMessage, out: &mut Out) {
        out.respond(self.node, self.correlation, Message::Group(message.into()));
    }
}

/// The partition of `__consumer_offsets` that keeps this group, of so many (`GroupCoordinatorService.partitionFor`):
/// Java's hash of the string, without its sign.
pub fn partition_for(group: Text, partitions: u16) -> u16 {
    let hash =
        group.as_bytes().iter().fold(0i32, |hash, &byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)));
    // The least of all has no positive counterpart: Kafka takes 0.
    let positive = hash.checked_abs().unwrap_or(0) as u32;
    (positive % u32::from(partitions.max(1))) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_fifty(group: &str) -> u16 {
        partition_for(Text::new(group).expect("short"), 50)
    }

    /// Source: GroupCoordinatorService.partitionFor, `Utils.abs(groupId.hashCode()) % numPartitions`.
    #[test]
    fn a_group_is_kept_by_the_partition_of_its_hash() {
        assert_eq!((of_fifty("group"), of_fifty("my-group"), of_fifty("test-group")), (47, 12, 12));
        assert_eq!((of_fifty("console-consumer"), of_fifty("g1"), of_fifty("g2")), (40, 42, 43));
        assert_eq!((of_fifty("orders"), of_fifty("payments")), (31, 13));
    }

    /// Source: Utils.abs. "polygenelubricants" is the known word whose hash is the least integer.
    #[test]
    fn the_least_hash_counts_as_zero() {
        assert_eq!(of_fifty("polygenelubricants"), 0);
    }
}
