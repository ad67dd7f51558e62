//! As even as possible, and as little moved as possible: the sticky assignors.
//!
//! Members that subscribe to the same topics are dealt with by quotas (`constrainedAssign`); where the subscriptions
//! differ, what a member has stays, the rest goes to whoever has least, and then partitions move from the fullest to
//! the emptiest as long as that evens things out (`generalAssign`).
//!
//! Left out of the general case: moves that only give a partition back to its owner before the last.

use super::{Assignment, Member, NamedPartition, Topics, all_partitions, empty};
use crate::id::Text;
use alloc::vec::Vec;

/// `StickyAssignor`: everything is dealt out at once.
pub fn sticky(members: &[Member], topics: &Topics) -> Assignment {
    let owned = valid_claims(members, topics);
    let same = members.windows(2).all(|pair| same_topics(&pair[0], &pair[1]));
    if same { constrained(members, topics, owned) } else { general(members, topics, owned) }
}

/// `CooperativeStickyAssignor`: the same, but what another member still owns is given to nobody in this round
/// (KIP-429).
pub fn cooperative_sticky(members: &[Member], topics: &Topics) -> Assignment {
    let mut assignment = sticky(members, topics);
    for (id, partitions) in &mut assignment {
        let elsewhere = |partition: &NamedPartition| {
            members.iter().any(|member| member.id != *id && member.owned.contains(partition))
        };
        let mine = members.iter().find(|member| member.id == *id);
        let has = |partition: &NamedPartition| mine.is_some_and(|member| member.owned.contains(partition));
        partitions.retain(|partition| has(partition) || !elsewhere(partition));
    }
    assignment
}

fn same_topics(a: &Member, b: &Member) -> bool {
    a.topics.len() == b.topics.len() && a.topics.iter().all(|topic| b.topics.contains(topic))
}

/// What each member may keep: a later generation beats an earlier one, and a partition that two members claim in the
/// same generation belongs to neither.
fn valid_claims(members: &[Member], topics: &Topics) -> Assignment {
    let rivals = |member: &Member, partition: &NamedPartition| {
        let others = members.iter().filter(|other| other.id != member.id && other.owned.contains(partition));
        others.map(|other| other.generation).max()
    };
    let keeps = |member: &Member, partition: &NamedPartition| {
        let exists = topics.get(&partition.0).is_some_and(|count| partition.1 < *count);
        let beaten = rivals(member, partition).is_some_and(|rival| rival >= member.generation);
        exists && member.subscribes(partition.0) && !beaten
    };
    let kept = |member: &Member| member.owned.iter().copied().filter(|it| keeps(member, it)).collect();
    members.iter().map(|member| (member.id, kept(member))).collect()
}

fn constrained(members: &[Member], topics: &Topics, owned: Assignment) -> Assignment {
    if members.is_empty() {
        return empty(members);
    }
    let all = all_partitions(members, topics);
    let (min, extra) = (all.len() / members.len(), all.len() % members.len());
    let max = min + usize::from(extra > 0);
    let mut at_max = 0;
    let mut assignment = owned;
    for place in map_order(members) {
        let kept = &mut assignment[place].1;
        kept.sort_by_key(|&(topic, partition)| (partition, topic));
        if kept.len() >= max && at_max < extra {
            kept.truncate(max);
            at_max += 1;
        } else {
            kept.truncate(min);
        }
    }
    let mut left: Vec<NamedPartition> =
        all.into_iter().filter(|it| assignment.iter().all(|(_, had)| !had.contains(it))).collect();
    left.reverse();
    let mut order: Vec<usize> = (0..assignment.len()).collect();
    order.sort_by_key(|&place| assignment[place].0);
    // First everybody gets the smaller share, one each in turn; then the rest goes to the first ones.
    while order.iter().any(|&place| assignment[place].1.len() < min) {
        for &place in &order {
            if assignment[place].1.len() < min {
                assignment[place].1.extend(left.pop());
            }
        }
    }
    for &place in &order {
        if assignment[place].1.len() == min {
            assignment[place].1.extend(left.pop());
        }
    }
    assignment
}

/// The places of members in the order in which Java's `HashMap` walks their ids: it decides who keeps one more.
fn map_order(members: &[Member]) -> Vec<usize> {
    let mut size = 16;
    while members.len() * 4 > size * 3 {
        size *= 2;
    }
    let bucket = |id: Text| {
        let hash = id
            .as_bytes()
            .iter()
            .fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)));
        (hash ^ (hash >> 16)) as usize & (size - 1)
    };
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&place| bucket(members[place].id));
    order
}

fn general(members: &[Member], topics: &Topics, owned: Assignment) -> Assignment {
    let mut assignment = owned;
    let takers = |topic: Text| members.iter().filter(|member| member.subscribes(topic)).count();
    let mut left = all_partitions(members, topics);
    left.retain(|it| assignment.iter().all(|(_, had)| !had.contains(it)));
    left.sort_by_key(|&(topic, partition)| (takers(topic), topic, partition));
    for partition in left {
        if let Some(place) = emptiest(members, &assignment, partition.0) {
            assignment[place].1.push(partition);
        }
    }
    // Each move makes the difference of two members smaller, so this ends.
    while let Some((from, index, to)) = find_move(members, &assignment) {
        let moved = assignment[from].1.remove(index);
        assignment[to].1.push(moved);
    }
    assignment
}

/// The subscriber of this topic with the fewest partitions, the first by id among equals.
fn emptiest(members: &[Member], assignment: &Assignment, topic: Text) -> Option<usize> {
    let takers = (0..members.len()).filter(|&place| members[place].subscribes(topic));
    takers.min_by_key(|&place| (assignment[place].1.len(), assignment[place].0))
}

fn find_move(members: &[Member], assignment: &Assignment) -> Option<(usize, usize, usize)> {
    for (from, (_, partitions)) in assignment.iter().enumerate() {
        for (index, &(topic, _)) in partitions.iter().enumerate() {
            if let Some(to) = emptiest(members, assignment, topic)
                && partitions.len() > assignment[to].1.len() + 1
            {
                return Some((from, index, to));
            }
        }
    }
    None
}
