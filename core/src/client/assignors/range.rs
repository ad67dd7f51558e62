//! Contiguous ranges, topic by topic.

use super::{Assignment, Member, Topics, empty, give, sorted};

/// Of each topic the first members get one partition more than the others when it does not come out even
/// (`RangeAssignor.assignPartitions`).
pub fn range(members: &[Member], topics: &Topics) -> Assignment {
    let (mut assignment, order) = (empty(members), sorted(members));
    for (&topic, &count) in topics {
        let takers = order.iter().filter(|member| member.subscribes(topic));
        let number = takers.clone().count() as u16;
        let mut next = 0;
        for (place, member) in takers.enumerate() {
            let share = count / number + u16::from((place as u16) < count % number);
            for partition in next..next + share {
                give(&mut assignment, member.id, (topic, partition));
            }
            next += share;
        }
    }
    assignment
}
