//! One partition after the other, around the circle of members.

use super::{Assignment, Member, Topics, all_partitions, empty, give, sorted};

/// Each partition goes to the next member that subscribed to its topic (`RoundRobinAssignor.assign`).
pub fn round_robin(members: &[Member], topics: &Topics) -> Assignment {
    let (mut assignment, order) = (empty(members), sorted(members));
    let mut circle = order.iter().cycle().peekable();
    for (topic, partition) in all_partitions(members, topics) {
        while circle.next_if(|member| !member.subscribes(topic)).is_some() {}
        if let Some(member) = circle.next() {
            give(&mut assignment, member.id, (topic, partition));
        }
    }
    assignment
}
