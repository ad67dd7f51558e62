//! The broker's own even assignment, for members that subscribe to the same topics (KIP-848).

use super::{Assignment, Member, NamedPartition, Topics, all_partitions};
use alloc::vec::Vec;

/// Everybody keeps up to its quota of what it has; what is over goes to those below theirs: first what nobody had,
/// then what was taken (`UniformHomogeneousAssignmentBuilder`).
pub fn uniform(members: &[Member], topics: &Topics) -> Assignment {
    let all = all_partitions(members, topics);
    let number = members.len().max(1);
    let (quota, mut extra) = (all.len() / number, all.len() % number);
    let mut assignment: Assignment = Vec::new();
    let mut revoked: Vec<NamedPartition> = Vec::new();
    let mut quotas: Vec<usize> = Vec::new();
    for member in members {
        let mut had: Vec<NamedPartition> =
            member.owned.iter().copied().filter(|it| all.contains(it)).collect();
        let mine = quota + usize::from(had.len() > quota && extra > 0);
        extra -= mine - quota;
        if had.len() > mine {
            revoked.extend(had.drain(mine..));
        }
        quotas.push(mine);
        assignment.push((member.id, had));
    }
    for mine in quotas.iter_mut().filter(|mine| **mine == quota) {
        if extra == 0 {
            break;
        }
        (*mine, extra) = (quota + 1, extra - 1);
    }
    let owned = |it: &NamedPartition| members.iter().any(|member| member.owned.contains(it));
    let mut left: Vec<NamedPartition> = all.into_iter().filter(|it| !owned(it)).chain(revoked).collect();
    left.reverse();
    for ((_, partitions), mine) in assignment.iter_mut().zip(quotas) {
        while partitions.len() < mine {
            let Some(next) = left.pop() else { break };
            partitions.push(next);
        }
    }
    assignment
}
