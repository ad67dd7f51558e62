//! The assignors by their names, over ids: the leader of a classic group and the coordinator of a KIP-848 group call
//! the same pure functions.

use crate::client::assignors::{
    self, Assignment, Member, NamedPartition, Topics, cooperative_sticky, range, round_robin, sticky, uniform,
};
use crate::id::{Text, TopicId, TopicPartition};
use crate::wire::{ServerAssignor, Strategy, Subscription};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Topics with their names and numbers of partitions: assignors sort by name.
pub type Catalogue = BTreeMap<TopicId, (Text, u16)>;

/// Who gets what, by member.
pub type Shares = BTreeMap<Text, Vec<TopicPartition>>;

/// A member as an assignor sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub member: Text,
    /// `group.instance.id`.
    pub instance: Option<Text>,
    /// What it subscribed to and owns.
    pub subscription: Subscription,
}

/// What the leader of a classic group works out (`ConsumerPartitionAssignor.assign`).
pub fn by_leader(strategy: Strategy, claims: &[Claim], topics: &Catalogue) -> Shares {
    let assignor = match strategy {
        Strategy::Range => range,
        Strategy::RoundRobin => round_robin,
        Strategy::Sticky => sticky,
        Strategy::CooperativeSticky => cooperative_sticky,
    };
    shares(assignor, claims, topics)
}

/// What the coordinator works out.
pub fn by_coordinator(assignor: ServerAssignor, claims: &[Claim], topics: &Catalogue) -> Shares {
    // The uniform assignor has two builders: one where all subscribe to the same topics, a general one.
    let alike = claims.windows(2).all(|pair| pair[0].subscription.topics == pair[1].subscription.topics);
    let assignor = match assignor {
        ServerAssignor::Uniform if alike => uniform,
        ServerAssignor::Uniform => sticky,
        ServerAssignor::Range => range,
    };
    shares(assignor, claims, topics)
}

fn shares(
    assignor: fn(&[Member], &Topics) -> assignors::Assignment,
    claims: &[Claim],
    topics: &Catalogue,
) -> Shares {
    let named = |at: TopicPartition| -> Option<NamedPartition> {
        topics.get(&at.topic).map(|(name, _)| (*name, at.partition))
    };
    let member = |claim: &Claim| Member {
        id: claim.member,
        instance: claim.instance,
        topics: claim
            .subscription
            .topics
            .iter()
            .filter_map(|id| topics.get(id).map(|(name, _)| *name))
            .collect(),
        owned: claim.subscription.owned.iter().copied().filter_map(named).collect(),
        generation: claim.subscription.generation,
    };
    let members: Vec<Member> = claims.iter().map(member).collect();
    let counts: Topics = topics.values().copied().collect();
    let ids: BTreeMap<Text, TopicId> = topics.iter().map(|(id, (name, _))| (*name, *id)).collect();
    let assignment: Assignment = assignor(&members, &counts);
    let numbered =
        |(name, partition): NamedPartition| ids.get(&name).map(|&topic| TopicPartition { topic, partition });
    let share = |(member, partitions): (Text, Vec<NamedPartition>)| {
        let mut mine: Vec<TopicPartition> = partitions.into_iter().filter_map(numbered).collect();
        mine.sort_unstable();
        (member, mine)
    };
    assignment.into_iter().map(share).collect()
}
