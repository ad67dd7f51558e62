//! What an idempotent producer may rely on: its records are in the log once, and in the order in which it made them.
//!
//! C4 NoDuplicates: no record is committed twice in one producer epoch. Source: Jepsen, duplicate; KIP-98.
//! C6 ProducerOrder: records of one producer epoch are committed in the order of their serial numbers. Source: Jepsen,
//! nonmonotonic-send; KAFKA-5494 (five requests in flight).
//!
//! Looks at every record once, when it is committed. Records without a producer id are not looked at: nobody promises
//! anything for them. A leader that knows nothing of a producer takes any sequence number, so both promises rest on
//! connections that keep the order of messages. A leader that was restarted remembers one batch of each producer: a
//! retry of an earlier one makes the producer begin a new epoch and number its batches anew, and what was written may be
//! written again (`TransactionManager.bumpIdempotentProducerEpoch`). So both hold within an epoch.

use super::findings::{Findings, Subject};
use super::partition::PartitionGhost;
use super::table::Rule;
use crate::id::Offset;
use crate::record::{Entry, Record};
use crate::sequence::{ProducerEpoch, ProducerId};

/// The newest committed record of one producer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newest {
    producer_id: ProducerId,
    epoch: ProducerEpoch,
    value: u32,
}

/// A record was committed at `offset`, above everything that is in `ghost.committed`.
pub(super) fn check_committed(
    ghost: &mut PartitionGhost,
    offset: Offset,
    entry: &Entry<Record>,
    findings: &mut Findings,
) {
    let Record { producer, value, stamp, .. } = entry.body;
    if !stamp.has_producer_id() || ghost.void.is_some() || !findings.is_orderly() {
        return;
    }
    let found = ghost.newest.iter().position(|newest| newest.producer_id == stamp.producer_id);
    let this = Newest { producer_id: stamp.producer_id, epoch: stamp.epoch, value };
    let Some(newest) = found.map(|place| &mut ghost.newest[place]) else {
        ghost.newest.push(this);
        return;
    };
    if newest.epoch != stamp.epoch {
        *newest = this;
        return;
    }
    let in_order = newest.value < value;
    newest.value = newest.value.max(value);
    let same = |(_, other): &(Offset, &Entry<Record>)| {
        let Record { stamp: known, .. } = other.body;
        other.body.value == value && (known.producer_id, known.epoch) == (stamp.producer_id, stamp.epoch)
    };
    let is_twice = !in_order && ghost.committed.iter(Offset(0), offset).any(|other| same(&other));
    let subject = Subject { partition: Some(ghost.id), node: Some(producer), offset: Some(offset) };
    findings.check(Rule::C4, !is_twice, subject);
    findings.check(Rule::C6, in_order || is_twice, subject);
}
