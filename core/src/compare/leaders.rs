//! For how long partitions had no leader.
//!
//! A partition has a leader while the broker that was told the highest leader epoch of all lives, stands not still, and
//! has not been told otherwise since. Where a Raft group replicates the partition, a majority of its replicas has to be
//! up as well: a leader alone commits nothing. It is counted from a partition's first leader on.
//!
//! It knows what brokers know (`BecameLeader`, `BecameFollower`): between a controller's decision and the first broker
//! that hears of it lies a hop that is not counted.
//!
//! Left out: a leader whom nobody can reach still leads; what that costs shows in the answers that do not come.

use crate::id::{LeaderEpoch, NodeId, NodeList, TopicPartition};
use crate::time::{Span, Time};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One partition.
#[derive(Clone, Debug)]
struct Lead {
    epoch: LeaderEpoch,
    leader: Option<NodeId>,
    /// All of them, where a majority has to be up; empty elsewhere.
    group: NodeList,
    /// Since when there is none.
    missing: Option<Time>,
    /// The sum of the times before.
    without: Span,
    /// The last fault after which it had none.
    fault: u32,
}

/// Who leads what.
#[derive(Clone, Debug, Default)]
pub struct Leaders {
    partitions: BTreeMap<TopicPartition, Lead>,
    down: NodeList,
    missing: u32,
    /// Sum over partitions of the times without a leader up to `at`.
    total: Span,
    at: Time,
    longest: Span,
    hit: u32,
    faults: u32,
    /// Partitions that lost their leader since the last fault.
    hit_now: u32,
    /// How many were without one from when on.
    course: Vec<(Time, u32)>,
}

impl Leaders {
    /// Time goes on.
    pub(super) fn pass(&mut self, now: Time) {
        self.total = self.total + now.since(self.at) * u64::from(self.missing);
        self.at = now;
    }

    /// Another fault: partitions are hit anew.
    pub(super) fn fault(&mut self) {
        self.faults += 1;
        self.hit_now = 0;
    }

    /// A replica was told to lead. `group` are the replicas of a Raft group, and empty for leader and ISR.
    pub(super) fn leads(
        &mut self,
        partition: TopicPartition,
        node: NodeId,
        epoch: LeaderEpoch,
        group: NodeList,
    ) {
        let lead = self.partitions.entry(partition).or_insert(Lead {
            epoch,
            leader: None,
            group,
            missing: None,
            without: Span::ZERO,
            fault: 0,
        });
        if epoch >= lead.epoch {
            (lead.epoch, lead.leader, lead.group) = (epoch, Some(node), group);
        }
        self.weigh(partition);
    }

    /// A replica was told to follow `leader` in this epoch. Who leads already and goes on in a later epoch leads, though
    /// it may hear of it later.
    pub(super) fn follows(
        &mut self,
        partition: TopicPartition,
        node: NodeId,
        epoch: LeaderEpoch,
        leader: Option<NodeId>,
    ) {
        let Some(lead) = self.partitions.get_mut(&partition) else { return };
        if epoch > lead.epoch {
            lead.epoch = epoch;
            lead.leader = lead.leader.filter(|known| leader == Some(*known));
        } else if lead.leader == Some(node) {
            lead.leader = None;
        }
        self.weigh(partition);
    }

    /// A node is down or up; `died` says that it will not remember.
    pub(super) fn health(&mut self, node: NodeId, up: bool, died: bool) {
        if up != self.down.contains(node) && !died {
            return;
        }
        self.down = if up { self.down.without(node) } else { self.down.without(node).with(node) };
        let touched: Vec<TopicPartition> = self
            .partitions
            .iter_mut()
            .filter(|(_, lead)| lead.leader == Some(node) || lead.group.contains(node))
            .map(|(&partition, lead)| {
                if died && lead.leader == Some(node) {
                    lead.leader = None;
                }
                partition
            })
            .collect();
        touched.into_iter().for_each(|partition| self.weigh(partition));
    }

    /// Looks whether the partition has a leader now.
    fn weigh(&mut self, partition: TopicPartition) {
        let down = self.down;
        let Some(lead) = self.partitions.get_mut(&partition) else { return };
        let up = lead.group.iter().filter(|id| !down.contains(*id)).count() as u32;
        let commits = lead.group.is_empty() || up > lead.group.len() / 2;
        let led = commits && lead.leader.is_some_and(|leader| !down.contains(leader));
        let before = self.missing;
        match lead.missing {
            None if !led => {
                lead.missing = Some(self.at);
                self.missing += 1;
                self.hit += u32::from(lead.without == Span::ZERO);
                if lead.fault != self.faults {
                    lead.fault = self.faults;
                    self.hit_now += 1;
                }
            }
            Some(since) if led => {
                let span = self.at.since(since);
                lead.without = lead.without + span;
                self.longest = self.longest.max(span);
                lead.missing = None;
                self.missing -= 1;
            }
            _ => {}
        }
        if self.missing != before {
            match self.course.last_mut() {
                Some((at, missing)) if *at == self.at => *missing = self.missing,
                _ => self.course.push((self.at, self.missing)),
            }
        }
    }

    /// From when on how many partitions were without a leader, in order; none before the first.
    pub fn course(&self) -> &[(Time, u32)] {
        &self.course
    }

    /// Partitions that ever had a leader.
    pub fn partitions(&self) -> u32 {
        self.partitions.len() as u32
    }

    /// Partitions without a leader now.
    pub const fn missing(&self) -> u32 {
        self.missing
    }

    /// Partitions that were without one at some time.
    pub const fn hit(&self) -> u32 {
        self.hit
    }

    /// Whether this partition lost its leader since the last fault.
    pub(super) fn is_hit(&self, partition: TopicPartition) -> bool {
        self.faults > 0 && self.partitions.get(&partition).is_some_and(|lead| lead.fault == self.faults)
    }

    /// Whether any did.
    pub(super) const fn any_hit(&self) -> bool {
        self.hit_now > 0
    }

    /// The times without a leader, summed over partitions, up to `now`.
    pub fn total(&self, now: Time) -> Span {
        self.total + now.since(self.at) * u64::from(self.missing)
    }

    /// The longest of them in one piece, up to `now`.
    pub fn longest(&self, now: Time) -> Span {
        let open = self.partitions.values().filter_map(|lead| lead.missing).min();
        self.longest.max(open.map_or(Span::ZERO, |since| now.since(since)))
    }

    /// Who leads the partition, if somebody does.
    pub fn leader(&self, partition: TopicPartition) -> Option<NodeId> {
        let lead = self.partitions.get(&partition)?;
        lead.leader.filter(|_| lead.missing.is_none())
    }

    /// The time of each partition without a leader up to `now`, in order.
    pub fn each(&self, now: Time) -> impl Iterator<Item = (TopicPartition, Span)> + '_ {
        self.partitions.iter().map(move |(&partition, lead)| {
            let open = lead.missing.map_or(Span::ZERO, |since| now.since(since));
            (partition, lead.without + open)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TopicId;

    const ONE: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
    const TWO: TopicPartition = TopicPartition { topic: TopicId(0), partition: 1 };
    const NONE: NodeList = NodeList::EMPTY;

    fn second(n: u64) -> Time {
        Time(n * 1_000_000)
    }

    fn broker(n: u8) -> NodeId {
        NodeId::broker(n)
    }

    /// Broker 1 leads partition 0, broker 2 partition 1; broker 1 dies after 2 s, broker 2 is told to lead after 9 s.
    #[test]
    fn a_partition_is_without_a_leader_from_the_death_of_one_until_another_was_told() {
        let mut leaders = Leaders::default();
        leaders.leads(ONE, broker(1), LeaderEpoch(0), NONE);
        leaders.leads(TWO, broker(2), LeaderEpoch(0), NONE);
        leaders.pass(second(2));
        leaders.health(broker(1), false, true);
        assert_eq!((leaders.missing(), leaders.leader(ONE)), (1, None));
        assert_eq!(leaders.longest(second(5)), Span::secs(3), "while it lasts");
        leaders.pass(second(9));
        leaders.leads(ONE, broker(2), LeaderEpoch(1), NONE);
        assert_eq!(leaders.total(second(20)), Span::secs(7));
        assert_eq!((leaders.hit(), leaders.missing(), leaders.leader(ONE)), (1, 0, Some(broker(2))));
        let each: Vec<Span> = leaders.each(second(20)).map(|(_, span)| span).collect();
        assert_eq!(each, [Span::secs(7), Span::ZERO]);
        assert_eq!(leaders.course(), [(second(2), 1), (second(9), 0)]);
    }

    #[test]
    fn a_leader_that_stands_still_leads_again_when_it_goes_on_but_a_dead_one_has_forgotten() {
        let mut leaders = Leaders::default();
        leaders.leads(ONE, broker(1), LeaderEpoch(0), NONE);
        leaders.health(broker(1), false, false);
        leaders.pass(second(1));
        leaders.health(broker(1), true, false);
        assert_eq!((leaders.missing(), leaders.total(second(1))), (0, Span::secs(1)));
        leaders.health(broker(1), false, true);
        leaders.pass(second(2));
        leaders.health(broker(1), true, false);
        assert_eq!(leaders.missing(), 1);
    }

    #[test]
    fn who_was_told_a_lower_epoch_leads_nothing() {
        let mut leaders = Leaders::default();
        leaders.leads(ONE, broker(1), LeaderEpoch(0), NONE);
        leaders.follows(ONE, broker(3), LeaderEpoch(1), Some(broker(2)));
        assert_eq!(leaders.leader(ONE), None, "a follower knows of a later epoch");
        leaders.leads(ONE, broker(2), LeaderEpoch(1), NONE);
        leaders.leads(ONE, broker(1), LeaderEpoch(0), NONE);
        assert_eq!(leaders.leader(ONE), Some(broker(2)));
    }

    /// Source: in ZooKeeper mode the controller takes a dead follower out of the ISR in a new leader epoch
    /// (`ReplicaStateMachine`, `removeReplicasFromIsr`).
    #[test]
    fn who_goes_on_leading_in_a_later_epoch_was_never_missed() {
        let mut leaders = Leaders::default();
        leaders.leads(ONE, broker(1), LeaderEpoch(0), NONE);
        leaders.follows(ONE, broker(3), LeaderEpoch(1), Some(broker(1)));
        leaders.leads(ONE, broker(1), LeaderEpoch(1), NONE);
        assert_eq!((leaders.leader(ONE), leaders.hit()), (Some(broker(1)), 0));
    }

    #[test]
    fn the_leader_of_a_raft_group_needs_a_majority_of_it() {
        let mut leaders = Leaders::default();
        leaders.leads(ONE, broker(1), LeaderEpoch(1), NodeList::brokers(&[1, 2, 3]));
        leaders.health(broker(2), false, true);
        assert_eq!(leaders.leader(ONE), Some(broker(1)));
        leaders.health(broker(3), false, true);
        assert_eq!(leaders.leader(ONE), None);
        leaders.health(broker(3), true, false);
        assert_eq!(leaders.leader(ONE), Some(broker(1)));
    }
}
