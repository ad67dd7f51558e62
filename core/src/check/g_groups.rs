//! What a group's members may rely on.
//!
//! G1 OneReaderPerPartition: within a group no partition is assigned to two members. Source: KIP-62, KIP-848.

use super::findings::{Findings, Subject};
use super::table::Rule;
use crate::group::classic::State;
use crate::group::coordinator::groups::Members;
use crate::id::{NodeId, TopicPartition};
use crate::process::Broker;
use alloc::collections::BTreeSet;

/// A broker handled an input: the groups that it answers for.
pub(super) fn check(node: NodeId, broker: &Broker, findings: &mut Findings) {
    for group in broker.groups.shards.values().flat_map(|shard| shard.groups.values()) {
        let mut seen: BTreeSet<TopicPartition> = BTreeSet::new();
        let mut once = |at: &TopicPartition| {
            findings.check(Rule::G1, seen.insert(*at), Subject::copy(*at, node));
        };
        match &group.members {
            // Between generations the members of the old one still have their shares written beside their names.
            Members::Classic(group) if group.state == State::Stable => {
                group.members.values().flat_map(|member| &member.assignment).for_each(&mut once);
            }
            Members::Classic(_) | Members::Nobody => {}
            Members::Consumer(group) => {
                let held = |member: &crate::group::reconcile::Member| {
                    let all = member.assigned.iter().chain(&member.revoking);
                    all.copied().collect::<BTreeSet<_>>()
                };
                group.members.values().for_each(|member| held(member).iter().for_each(&mut once));
            }
        }
    }
}
