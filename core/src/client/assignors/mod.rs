//! How the partitions of a group's topics are dealt out among its members: pure functions from subscriptions to an
//! assignment.
//!
//! They know names and numbers of partitions, neither groups nor rebalances. Keep: every partition of a subscribed
//! topic goes to exactly one member that subscribed to it, except that a cooperative round leaves out what another
//! member must give up first.
//!
//! Source: `RangeAssignor`, `RoundRobinAssignor`, `AbstractStickyAssignor`, `CooperativeStickyAssignor`,
//! `UniformHomogeneousAssignmentBuilder`; KIP-54, KIP-429, KIP-848.
//!
//! Left out: racks.

mod range;
mod round_robin;
mod sticky;
mod uniform;

pub use range::range;
pub use round_robin::round_robin;
pub use sticky::{cooperative_sticky, sticky};
pub use uniform::uniform;

use crate::id::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One partition of one topic, by name.
pub type NamedPartition = (Text, u16);

/// Topics and how many partitions each has.
pub type Topics = BTreeMap<Text, u16>;

/// What a member asks for and what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// `memberId`.
    pub id: Text,
    /// `group.instance.id`, of a static member.
    pub instance: Option<Text>,
    /// The topics that it subscribed to.
    pub topics: Vec<Text>,
    /// The partitions that it says it owns.
    pub owned: Vec<NamedPartition>,
    /// The generation in which it got them.
    pub generation: u32,
}

/// Who gets what; members in the order in which they were given, partitions in the order in which they were dealt.
pub type Assignment = Vec<(Text, Vec<NamedPartition>)>;

impl Member {
    fn subscribes(&self, topic: Text) -> bool {
        self.topics.contains(&topic)
    }
}

/// Static members first, by instance id, then the others by member id (`MemberInfo.compareTo`).
fn sorted(members: &[Member]) -> Vec<&Member> {
    let mut order: Vec<&Member> = members.iter().collect();
    order.sort_by_key(|member| (member.instance.is_none(), member.instance, member.id));
    order
}

/// Nobody has anything yet.
fn empty(members: &[Member]) -> Assignment {
    members.iter().map(|member| (member.id, Vec::new())).collect()
}

fn give(assignment: &mut Assignment, member: Text, partition: NamedPartition) {
    if let Some((_, partitions)) = assignment.iter_mut().find(|(id, _)| *id == member) {
        partitions.push(partition);
    }
}

/// The partitions of every topic that somebody subscribed to, by topic and number.
fn all_partitions(members: &[Member], topics: &Topics) -> Vec<NamedPartition> {
    let wanted = topics.iter().filter(|(topic, _)| members.iter().any(|member| member.subscribes(**topic)));
    wanted.flat_map(|(topic, count)| (0..*count).map(|partition| (*topic, partition))).collect()
}
