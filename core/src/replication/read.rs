//! What a leader checks, and in which order, before it answers a fetch of one partition.
//!
//! Knows nothing of requests that wait. Changes nothing.
//! Source: `Partition.fetchRecords`, `localLogWithEpochOrThrow`, `followerReplicaOrThrow`, `readRecords`.

use super::disk::ReplicaLog;
use super::isr::Standing;
use super::partition::Partition;
use crate::epochs::EpochEnd;
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, Offset};
use crate::switches::Features;
use crate::wire::{ErrorCode, FetchPartition};

/// What may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readable {
    /// Records from the fetch offset up to here; none when it is the fetch offset or less.
    Until(Offset),
    /// The logs part: no record, and no progress of the follower.
    Diverging(EpochEnd),
    /// The consumer should read from this replica: no record.
    Elsewhere(NodeId),
}

/// A fetching follower, as its request and the leader's image describe it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchingReplica {
    pub(super) id: NodeId,
    pub(super) broker_epoch: Option<BrokerEpoch>,
    /// `None` when a parked request is read again: its broker epoch was checked on arrival.
    pub(super) standing: Option<Standing>,
}

/// Checks that `partition` is led here in the very epoch that the sender knows; `None` (-1) is not checked.
pub(super) fn check_leader(partition: &Partition, epoch: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
    check_epoch(partition, epoch)?;
    if partition.is_leader() { Ok(()) } else { Err(ErrorCode::NotLeaderOrFollower) }
}

/// Checks that the sender knows the very leader epoch that is known here.
fn check_epoch(partition: &Partition, epoch: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
    match epoch {
        Some(epoch) if epoch < partition.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
        Some(epoch) if epoch > partition.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
        Some(_) | None => Ok(()),
    }
}

/// All checks of one fetched partition. `replica` is `None` for a consumer, which reads below the high
/// watermark only, from any replica (KIP-392); a follower reads up to the log end of the leader.
pub(super) fn check_fetch(
    partition: &Partition,
    log: &ReplicaLog,
    asked: &FetchPartition,
    replica: Option<&FetchingReplica>,
    features: &Features,
) -> Result<Readable, ErrorCode> {
    let epoch = asked.current_leader_epoch.filter(|_| features.fetch_checks_leader_epoch);
    if replica.is_none() && features.fetch_from_follower {
        check_epoch(partition, epoch)?;
    } else {
        check_leader(partition, epoch)?;
    }
    if let Some(replica) = replica
        && partition.as_leader().is_none_or(|leader| leader.follower(replica.id).is_none())
    {
        let known = asked.current_leader_epoch.is_some();
        return Err(if known { ErrorCode::UnknownLeaderEpoch } else { ErrorCode::NotLeaderOrFollower });
    }
    if let Some(last_epoch) = asked.last_fetched_epoch {
        let end = log.end_offset_for(last_epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
        if asked.fetch_offset < log.log.start() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if end.epoch < last_epoch || end.end < asked.fetch_offset {
            return Ok(Readable::Diverging(end));
        }
    }
    if asked.fetch_offset < log.log.start() || asked.fetch_offset > log.leo() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let Some(replica) = replica else { return Ok(Readable::Until(partition.hw)) };
    let outdated = |standing: Standing| standing.outdates(replica.broker_epoch);
    if features.broker_epoch_read_once && replica.standing.is_some_and(outdated) {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    Ok(Readable::Until(log.leo()))
}
