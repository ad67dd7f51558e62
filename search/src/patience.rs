//! How long a healed cluster may take: the clocks of the goals, and what they need to remember.
//!
//! A clock starts with the healing and with the probe, again whenever everything up to its goal was reached, and
//! again whenever fewer records are left to copy or to read than at any time since the last write: a follower that
//! fetches one record per round trip round the world is slow, not stuck.
//!
//! Keeps: a cluster that goes round in circles is late all the same. Writes come to an end, after the last one what
//! is left reaches a new minimum only finitely often, and the clock of the last stage in the circle runs on.

use crate::converge::{Goal, broker, leader_for_clients};
use crate::heal::Core;
use kraftscope_core::id::{NodeId, NodeList, Offset, TopicId, TopicPartition};
use kraftscope_core::note::{ChangeReason, Note};
use kraftscope_core::process::Process;
use kraftscope_core::record::{PartitionRegistration, TopicConfig};
use kraftscope_core::replication::LeaderState;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::world::World;
use kraftscope_core::time::{Span, Time};
use std::collections::{BTreeMap, VecDeque};

/// Goals in the order in which they are reached: quorum, brokers, partitions, clients.
const STAGES: usize = 4;
const PARTITIONS: usize = 2;
const CLIENTS: usize = 3;

const fn stage(goal: Goal) -> usize {
    match goal {
        Goal::V1 | Goal::V3 | Goal::V14 => 0,
        Goal::V5 | Goal::V6 | Goal::V16 => 1,
        Goal::V7 | Goal::V8 | Goal::V9 | Goal::V12 | Goal::V13 | Goal::V15 => PARTITIONS,
        Goal::V10 | Goal::V18 | Goal::C14 => CLIENTS,
    }
}

/// How long committed metadata may be on its way to a broker, round the world and with the high watermark that follows
/// an append by up to a fetch.
const ON_ITS_WAY: Span = Span::secs(2);

/// The clocks of one healed cluster.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    /// Since when each stage is waited for.
    since: [Time; STAGES],
    /// What there is to do in each partition, as last seen with a leader.
    work: BTreeMap<TopicPartition, ToDo>,
    isrs: BTreeMap<TopicPartition, IsrSeen>,
    /// Where the committed metadata ended, at each look of the last moments.
    ends: VecDeque<(Time, Offset)>,
    /// When `min.insync.replicas` of a topic was last set.
    minimums: BTreeMap<TopicId, Time>,
}

/// Records that somebody has to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    /// The most that there ever were.
    all: u64,
    /// The fewest that were left since there are so many.
    left: u64,
}

/// What followers have to copy from the leader of a partition, and consumers to read from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ToDo {
    copy: Work,
    read: Work,
}

/// The ISR of a partition as last seen.
#[derive(Clone, Debug, Default)]
struct IsrSeen {
    isr: NodeList,
    /// When it was first seen.
    since: Time,
    /// Who was put out of it by the controller, and when: fenced, shutting down or moved away. Leaders wait for them
    /// no more, until they are unfenced.
    expelled: Vec<(NodeId, Time)>,
}

impl Patience {
    /// From now on everything is waited for anew.
    pub fn begin(&mut self, now: Time) {
        self.since = [now; STAGES];
        self.ends.clear();
        self.work.clear();
    }

    /// What a step said, in the storm too.
    pub fn hear(&mut self, notes: &[Note], now: Time) {
        for note in notes {
            match *note {
                Note::IsrChanged { partition, old, new, reason, .. } => {
                    self.isrs.entry(partition).or_default().change(old, new, reason, now);
                }
                // Who is unfenced may join again, and a leader that was not there meanwhile still waits for it.
                Note::BrokerUnfenced { broker } => {
                    self.isrs.values_mut().for_each(|seen| seen.expelled.retain(|(id, _)| *id != broker));
                }
                Note::TopicConfigured { topic, key: TopicConfig::MinInsyncReplicas, .. } => {
                    self.minimums.insert(topic, now);
                }
                _ => {}
            }
        }
    }

    /// Looks at the cluster, before its goals are.
    pub fn look(&mut self, sim: &Sim, core: &Core) {
        let Some(image) = truth(sim) else { return };
        self.hear_end(sim);
        for (&id, found) in &image.partitions {
            let seen =
                self.isrs.entry(id).or_insert_with(|| IsrSeen { isr: found.isr, ..IsrSeen::default() });
            if seen.isr != found.isr {
                (seen.isr, seen.since) = (found.isr, sim.now());
            }
        }
        for (id, found) in &image.partitions {
            // While its leader is away, nothing is known to be left, which is not the same as nothing.
            if let Some(now) = to_do(sim.world(), core, *id, found) {
                let seen = self.work.entry(*id).or_default();
                if seen.copy.gets_better(now.copy) {
                    self.since[PARTITIONS..].fill(sim.now());
                }
                if seen.read.gets_better(now.read) {
                    self.since[CLIENTS] = sim.now();
                }
            }
        }
    }

    fn hear_end(&mut self, sim: &Sim) {
        let controller = sim.world().active_controller().and_then(|id| sim.world().process(id)?.quorum());
        let end = controller.and_then(|quorum| quorum.high_watermark()).unwrap_or_default();
        self.ends.push_back((sim.now(), end));
        while self.ends.get(1).is_some_and(|&(then, _)| then + ON_ITS_WAY <= sim.now()) {
            self.ends.pop_front();
        }
    }

    /// Where the metadata ended that a broker must know by now. While partitions change all the time (a follower that
    /// copies one record per round trip joins and leaves the ISR again), nobody ever has all of it.
    pub fn known_by_now(&self, now: Time) -> Option<Offset> {
        self.ends.front().filter(|&&(then, _)| then + ON_ITS_WAY <= now).map(|&(_, end)| end)
    }

    /// Whether the first goal that is missing has been waited for too long.
    pub fn is_late(&mut self, goal: Goal, sim: &Sim) -> bool {
        self.since[..stage(goal)].fill(sim.now());
        sim.now().since(self.since[stage(goal)]) > goal.limit(sim)
    }

    /// Whether the high watermark of this leader may stand below its log end for good. Kafka looks at it again only
    /// when something is appended, when a follower has more than before or when the ISR changes
    /// (`Partition.maybeIncrementLeaderHW`), and two things that held it back may end otherwise, so that nothing moves
    /// until the next write:
    ///
    /// - It waited for a replica outside the ISR that held everything a moment ago, and that replica died. It is so if
    ///   such a replica was in time when the ISR was last changed, and was not put out of it by the controller since:
    ///   who is fenced is not waited for. A proposal to put out who is late may be decided when it is in time again.
    /// - The ISR was too small (KIP-966), and `min.insync.replicas` was lowered.
    pub fn stands_still(&self, id: TopicPartition, leader: &LeaderState, end: Offset, max_lag: Span) -> bool {
        let Some(seen) = self.isrs.get(&id) else { return false };
        let eased = self.minimums.get(&id.topic).is_some_and(|&when| when >= seen.since);
        let waits = leader.followers.iter().any(|follower| {
            let in_time = |then: Time| then + max_lag >= seen.since && then >= seen.expelled_at(follower.id);
            !leader.isr.maximal_contains(follower.id)
                && follower.leo.is_some_and(|leo| leo < end)
                && follower.last_caught_up.is_some_and(in_time)
        });
        waits || (leader.frozen && eased)
    }
}

impl IsrSeen {
    fn change(&mut self, old: NodeList, new: NodeList, reason: ChangeReason, now: Time) {
        if reason != ChangeReason::AlterPartition {
            self.expelled.extend(old.iter().filter(|&id| !new.contains(id)).map(|id| (id, now)));
        }
        (self.isr, self.since) = (new, now);
    }

    /// When this broker was last put out of it; the beginning when it never was.
    fn expelled_at(&self, broker: NodeId) -> Time {
        self.expelled.iter().rev().find(|(id, _)| *id == broker).map_or(Time::ZERO, |&(_, when)| when)
    }
}

impl Work {
    /// Takes over how much there is now. Returns whether there is more than ever, or less left than before.
    fn gets_better(&mut self, now: Work) -> bool {
        let better = now.all > self.all || now.left < self.left;
        if better {
            *self = Work { all: self.all.max(now.all), left: now.left };
        }
        better
    }
}

/// What the followers of the core have to copy, and its consumers to read; nothing is known without a leader that runs.
fn to_do(world: &World, core: &Core, id: TopicPartition, found: &PartitionRegistration) -> Option<ToDo> {
    let mut todo = ToDo::default();
    let leader = leader_for_clients(world, core, id, found)?;
    let replicas = &broker(world, leader)?.replicas;
    let hw = replicas.partition(id)?.hw;
    let end = replicas.disk.replicas.get(&id).map_or(Offset(0), |replica| replica.leo());
    for follower in found.replicas.iter().filter(|&id| id != leader && core.has(id)) {
        let its = broker(world, follower).and_then(|broker| broker.replicas.disk.replicas.get(&id));
        todo.copy.all += end.0;
        todo.copy.left += end.0.saturating_sub(its.map_or(0, |replica| replica.leo().0));
    }
    for slot in &world.slots {
        let Some(Process::Consumer(consumer)) = &slot.process else { continue };
        if consumer.membership.as_ref().is_some_and(|group| !group.owned.contains(&id)) {
            continue;
        }
        let position = consumer.positions.get(&id).and_then(|position| position.offset);
        todo.read.all += hw.0;
        todo.read.left += hw.0.saturating_sub(position.unwrap_or_default().0);
    }
    Some(todo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::node::Loss;
    use kraftscope_core::replication::FollowerState;
    use kraftscope_core::sim::action::Action;
    use kraftscope_core::sim::genesis::Genesis;

    /// A settled cluster of the default genesis, ten seconds old, in which the ISR of the first partition was 1 to 3.
    fn settled() -> (Sim, TopicPartition, Patience) {
        let mut sim = Sim::new(Genesis::default()).expect("the genesis is valid");
        let mut step = kraftscope_core::sim::Step::default();
        while sim.now() < Time(10_000_000) && sim.step_into(&mut step) {}
        let mut patience = Patience::default();
        patience.begin(sim.now());
        patience.look(&sim, &Core::default());
        let id = *truth(&sim).expect("a controller is active").partitions.keys().next().expect("a partition");
        (sim, id, patience)
    }

    fn everybody(sim: &Sim) -> Core {
        Core { members: sim.world().genesis.broker_ids().collect(), dead: Vec::new() }
    }

    #[test]
    fn a_goal_is_late_when_its_limit_is_over_and_nothing_got_better() {
        let (sim, id, mut patience) = settled();
        assert!(!patience.is_late(Goal::V8, &sim));
        patience.since[PARTITIONS] = Time::ZERO;
        assert!(!patience.is_late(Goal::V8, &sim), "ten seconds are not too long");
        let mut later = sim.clone();
        let mut step = kraftscope_core::sim::Step::default();
        while later.now() < Time(400_000_000) && later.step_into(&mut step) {}
        assert!(patience.clone().is_late(Goal::V8, &later));
        assert!(patience.clone().is_late(Goal::V1, &later));
        patience.work.entry(id).or_default().copy = Work { all: u64::MAX, left: u64::MAX };
        patience.look(&later, &everybody(&later));
        assert!(!patience.is_late(Goal::V8, &later), "there was less to copy than before");
    }

    /// A follower that copies one record per round trip round the world: what is left while nobody leads is no measure
    /// of what is left when the leader has come back.
    #[test]
    fn a_partition_whose_leader_is_away_is_not_all_copied() {
        let (sim, id, mut patience) = settled();
        let core = everybody(&sim);
        let leader = truth(&sim).and_then(|image| image.partitions[&id].leader).expect("it leads");
        let slow = Work { all: u64::MAX, left: 5 };
        patience.work.entry(id).or_default().copy = slow;
        let mut away = sim.clone();
        away.apply(Action::Crash(leader, Loss::Nothing)).expect("it runs");
        patience.look(&away, &core);
        assert_eq!(patience.work[&id].copy, slow, "its leader is down");
        patience.look(&sim, &core);
        assert_eq!(patience.work[&id].copy, Work { left: 0, ..slow }, "its followers have everything");
    }

    #[test]
    fn a_broker_must_know_what_was_committed_two_seconds_ago() {
        let (sim, _, mut patience) = settled();
        let end = patience.ends[0].1;
        assert_eq!(patience.known_by_now(sim.now()), None, "it was committed just now");
        let mut later = sim.clone();
        let mut step = kraftscope_core::sim::Step::default();
        while later.now() < sim.now() + ON_ITS_WAY && later.step_into(&mut step) {}
        patience.look(&later, &Core::default());
        assert_eq!(patience.known_by_now(later.now()), Some(end));
        patience.begin(later.now());
        assert_eq!(patience.known_by_now(later.now()), None);
    }

    #[test]
    fn what_was_reached_is_waited_for_anew() {
        let (sim, _, mut patience) = settled();
        patience.since = [Time::ZERO; STAGES];
        let _ = patience.is_late(Goal::C14, &sim);
        assert_eq!(patience.since, [sim.now(), sim.now(), sim.now(), Time::ZERO]);
    }

    /// Source: `Partition.maybeIncrementLeaderHW`, KAFKA-13091.
    #[test]
    fn a_high_watermark_may_wait_for_a_dead_replica_only_outside_the_isr() {
        let (sim, id, mut patience) = settled();
        let leader = truth(&sim).and_then(|image| image.partitions[&id].leader).expect("it leads");
        let found = broker(sim.world(), leader).and_then(|broker| broker.replicas.partition(id));
        let mut state = found.and_then(|partition| partition.as_leader()).expect("it leads").clone();
        let (end, lag) = (Offset(u64::MAX), Span::secs(30));
        assert!(!patience.stands_still(id, &state, end, lag), "all are in the ISR");
        let alone: NodeList = [leader].into_iter().collect();
        state.isr = kraftscope_core::replication::IsrState::Committed { isr: alone };
        assert!(patience.stands_still(id, &state, end, lag), "it was outside before anybody looked");
        let before = state.followers.iter().map(|follower| follower.id).chain([leader]).collect();
        let seen = patience.isrs.get_mut(&id).expect("it was seen");
        let mut fenced = seen.clone();
        seen.change(before, alone, ChangeReason::AlterPartition, Time(11_000_000));
        fenced.change(before, alone, ChangeReason::Fenced, Time(11_000_000));
        assert!(patience.stands_still(id, &state, end, lag), "it was in time when the leader got its way");
        assert!(!patience.stands_still(id, &state, end, Span::millis(100)), "it was late");
        patience.isrs.insert(id, fenced);
        assert!(!patience.stands_still(id, &state, end, lag), "nobody waits for who is fenced");
        let unfenced = |follower: &FollowerState| Note::BrokerUnfenced { broker: follower.id };
        let back: Vec<Note> = state.followers.iter().map(unfenced).collect();
        patience.hear(&back, Time(12_000_000));
        assert!(patience.stands_still(id, &state, end, lag), "it came back, and was in time not long ago");
    }

    /// Source: `Partition.maybeIncrementLeaderHW` (KIP-966); nothing calls it when a topic is configured anew.
    #[test]
    fn a_high_watermark_may_stay_frozen_only_when_the_minimum_was_lowered() {
        let (sim, id, mut patience) = settled();
        let leader = truth(&sim).and_then(|image| image.partitions[&id].leader).expect("it leads");
        let found = broker(sim.world(), leader).and_then(|broker| broker.replicas.partition(id));
        let mut state = found.and_then(|partition| partition.as_leader()).expect("it leads").clone();
        state.frozen = true;
        let (end, lag) = (Offset(u64::MAX), Span::secs(30));
        let isr = patience.isrs[&id].isr;
        let seen = patience.isrs.get_mut(&id).expect("it was seen");
        seen.change(isr, isr, ChangeReason::AlterPartition, Time(11_000_000));
        assert!(!patience.stands_still(id, &state, end, lag), "the ISR has changed since");
        let key = TopicConfig::MinInsyncReplicas;
        patience.hear(&[Note::TopicConfigured { topic: id.topic, key, value: 1 }], Time(12_000_000));
        assert!(patience.stands_still(id, &state, end, lag));
        state.frozen = false;
        assert!(!patience.stands_still(id, &state, end, lag), "nothing holds it back");
    }
}
