//! What holds of one copy of a data partition by itself, beyond its log.
//!
//! L1 OffsetOrder, strictly: the high watermark of a partition never lies below the start of the log.
//! L2 EpochOrder, the replica's half: no record is of an epoch above the leader epoch that the replica knows.
//! Source: KAFKA-18723.
//! L3 EpochCacheExact, the leader's half: its own epoch is in its cache, from the place where it began. Source:
//! KAFKA-7415.
//! L6 StoredEpochMonotone: within a life leader epoch and partition epoch never go back. Source:
//! `Partition.makeLeader`, `Partition.makeFollower`.
//!
//! L2 and L3 are promised by the releases that take care of them.

use super::findings::{Findings, Subject};
use super::partition::CopyRole;
use super::replicas::Look;
use super::table::Rule;

pub(super) fn check(look: &Look<'_>, subject: Subject, findings: &mut Findings) {
    let (before, now) = (&look.before, &look.now);
    if before.life == now.life && before.role != CopyRole::Idle {
        let forward =
            now.leader_epoch >= before.leader_epoch && now.partition_epoch >= before.partition_epoch;
        findings.check(Rule::L6, forward, subject);
    }
    findings.check(Rule::L1, look.replica.log.start() <= now.hw, subject.at(now.hw));
    let features = &look.world.genesis.settings.features;
    if features.follower_refuses_later_epochs {
        let last = look.replica.log.last_epoch();
        findings.check(Rule::L2, last <= Some(now.leader_epoch), subject);
    }
    if let Some(leader) = look.partition.as_leader()
        && features.leader_stores_epoch_start
    {
        let latest = look.replica.epochs.latest();
        let start = leader.epoch_start.max(look.replica.log.start());
        // With ZooKeeper a leader that was restarted may lead on in its epoch: no controller has looked meanwhile.
        let leads_again = look.world.ensemble().is_some();
        let exact = latest.is_some_and(|latest| {
            latest.epoch == now.leader_epoch
                && (latest.start == start || (leads_again && latest.start < start))
        });
        findings.check(Rule::L3, exact, subject);
    }
}
