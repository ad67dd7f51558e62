//! Why nothing happens: what a cluster is waiting for, as data with numbers.
//!
//! Looks at the present world only, and tells what will not pass by itself within a moment: a leader that is one
//! fetch ahead of its followers is not stuck. Most important first: quorum, controller, brokers, partitions.

use crate::id::{NodeId, NodeKind, NodeList, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::mode::ReplicationPlane;
use crate::net::{Link, Net};
use crate::process::{Broker, Controller, Process};
use crate::quorum::majority;
use crate::record::PartitionRegistration;
use crate::replication::LeaderState;
use crate::sim::world::{Slot, World};
use crate::time::{Span, Time};
use crate::view::Health;
use alloc::vec::Vec;
use serde::Serialize;

/// One reason why something does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "stuck")]
pub enum Stuck {
    /// Too few controllers can talk to each other: nobody can be elected, nothing can be committed.
    NoQuorum {
        /// The most that run and reach each other.
        up: u32,
        /// A majority.
        needed: u32,
    },
    /// Too few members of the ZooKeeper ensemble can talk to each other: nothing can be written, no session expires.
    NoEnsemble {
        /// The most that run and reach each other.
        up: u32,
        /// A majority.
        needed: u32,
    },
    /// With ZooKeeper: the controller does not run or reaches no member of the ensemble, and /controller still names it.
    ControllerSilent {
        /// The controller.
        controller: NodeId,
        /// When its session runs out, and with it the znode.
        session_until: Option<Time>,
    },
    /// A majority runs, but no controller is active yet.
    NoControllerYet,
    /// A broker runs and is not registered: its earlier life still has a session, or it reaches no controller.
    BrokerNotRegistered {
        /// Which broker.
        broker: NodeId,
        /// When the session of its earlier life runs out.
        session_until: Option<Time>,
    },
    /// A broker runs and is fenced.
    FencedBroker {
        /// Which broker.
        broker: NodeId,
        /// Whether it can talk to the active controller.
        reaches_controller: bool,
    },
    /// A partition has no leader, and nobody runs who may lead it: of its ISR, when that is empty of its ELR, when that
    /// is empty, too, its last known leader.
    NoLeaderOnlyIsrMemberDown {
        /// Which partition.
        partition: TopicPartition,
        /// The first of those who may.
        member: NodeId,
        /// Whether somebody else may be elected instead.
        unclean_election: bool,
    },
    /// A partition has no leader, and who may lead it runs but is not unfenced yet.
    NoLeaderIsrMemberFenced {
        /// Which partition.
        partition: TopicPartition,
        /// The one that may lead.
        member: NodeId,
    },
    /// Too few members of a partition's Raft group can talk to each other: nobody is elected, nothing is committed.
    NoGroupMajority {
        /// Which partition.
        partition: TopicPartition,
        /// The most that run and reach each other.
        up: u32,
        /// A majority.
        needed: u32,
    },
    /// A majority of a Raft group runs, and its members still wait for a leader that they do not hear.
    NoGroupLeaderYet {
        /// Which partition.
        partition: TopicPartition,
    },
    /// The leader does not run or cannot be reached, and the controller does not know it yet.
    LeaderSilent {
        /// Which partition.
        partition: TopicPartition,
        /// Its leader.
        leader: NodeId,
        /// When its session runs out.
        session_until: Option<Time>,
    },
    /// The controller has named a leader that has not heard of it.
    LeaderNotAware {
        /// Which partition.
        partition: TopicPartition,
        /// The new leader.
        leader: NodeId,
    },
    /// The ISR is below min.insync.replicas: acks=all is refused, and nothing is committed.
    UnderMinIsr {
        /// Which partition.
        partition: TopicPartition,
        /// The ISR.
        isr: NodeList,
        /// What is needed.
        min_isr: u32,
    },
    /// The leader asked for another ISR and the controller cannot be asked.
    IsrChangeWaitsForController {
        /// Which partition.
        partition: TopicPartition,
        /// The leader.
        leader: NodeId,
        /// The ISR that it wants.
        proposed: NodeList,
    },
    /// A produce with acks=all waits for a member of the ISR that does not fetch.
    ProduceWaitsForIsr {
        /// Which partition.
        partition: TopicPartition,
        /// The high watermark that it needs.
        waiting_for: Offset,
        /// Who holds it up.
        member: NodeId,
    },
    /// Records wait to be committed for a member of the ISR that does not fetch.
    HighWatermarkWaitsFor {
        /// Which partition.
        partition: TopicPartition,
        /// Who holds it up.
        member: NodeId,
        /// The member's log end, as the leader knows it.
        its_leo: Option<Offset>,
        /// The leader's log end.
        leo: Offset,
        /// When the leader will ask to drop it, unless it catches up: not before this moment.
        lagging_at: Option<Time>,
    },
}

impl Stuck {
    /// Its key in the language files, under `stuck.`.
    pub const fn key(&self) -> &'static str {
        match self {
            Stuck::NoQuorum { .. } => "NoQuorum",
            Stuck::NoEnsemble { .. } => "NoEnsemble",
            Stuck::ControllerSilent { .. } => "ControllerSilent",
            Stuck::NoControllerYet => "NoControllerYet",
            Stuck::BrokerNotRegistered { .. } => "BrokerNotRegistered",
            Stuck::FencedBroker { .. } => "FencedBroker",
            Stuck::NoLeaderOnlyIsrMemberDown { .. } => "NoLeaderOnlyIsrMemberDown",
            Stuck::NoLeaderIsrMemberFenced { .. } => "NoLeaderIsrMemberFenced",
            Stuck::NoGroupMajority { .. } => "NoGroupMajority",
            Stuck::NoGroupLeaderYet { .. } => "NoGroupLeaderYet",
            Stuck::LeaderSilent { .. } => "LeaderSilent",
            Stuck::LeaderNotAware { .. } => "LeaderNotAware",
            Stuck::UnderMinIsr { .. } => "UnderMinIsr",
            Stuck::IsrChangeWaitsForController { .. } => "IsrChangeWaitsForController",
            Stuck::ProduceWaitsForIsr { .. } => "ProduceWaitsForIsr",
            Stuck::HighWatermarkWaitsFor { .. } => "HighWatermarkWaitsFor",
        }
    }
}

/// The world with what the network is like.
struct Scene<'a> {
    world: &'a World,
    net: &'a Net,
    /// The active controller.
    controller: Option<NodeId>,
    /// What it knows, in KRaft.
    control: Option<&'a Controller>,
}

/// What the cluster waits for; empty when everything goes on.
pub fn stuck(world: &World, net: &Net) -> Vec<Stuck> {
    let mut found = Vec::new();
    let servers = if world.ensemble().is_some() { NodeKind::ZooKeeper } else { NodeKind::Controller };
    if !world.of_kind(servers).any(has_started) {
        return found;
    }
    let scene = Scene::new(world, net);
    scene.quorum(&mut found);
    if let Some(image) = scene.image() {
        for slot in world.of_kind(NodeKind::Broker).filter(|slot| has_started(slot)) {
            scene.broker(image, slot, &mut found);
        }
        for (&partition, registration) in &image.partitions {
            scene.partition(image, partition, registration, &mut found);
        }
    }
    found
}

fn has_started(slot: &Slot) -> bool {
    slot.incarnation.0 > 0
}

impl<'a> Scene<'a> {
    fn new(world: &'a World, net: &'a Net) -> Scene<'a> {
        let controller = match world.ensemble() {
            // One that was replaced may not know it yet: only the tree says who is the controller.
            Some(ensemble) => ensemble.controller(),
            None => world.active_controller(),
        };
        let control = controller.and_then(|id| match world.process(id)? {
            Process::Controller(controller) => Some(&**controller),
            Process::Broker(_) | Process::ZooKeeper(_) | Process::Producer(_) | Process::Consumer(_) => None,
        });
        Scene { world, net, controller, control }
    }

    /// The controller's truth; without an active controller the latest committed metadata that anybody knows. With
    /// ZooKeeper what its tree says.
    fn image(&self) -> Option<&'a Image> {
        if let Some(ensemble) = self.world.ensemble() {
            return Some(ensemble.image());
        }
        if let Some(controller) = self.control {
            return Some(controller.control.image());
        }
        let processes = self.world.slots.iter().filter_map(|slot| slot.process.as_ref());
        let images = processes.filter_map(|process| match process {
            Process::Controller(controller) => {
                let stable = controller.control.stable();
                Some((stable.next(), stable.image()))
            }
            Process::Broker(broker) => Some((broker.applied(), &broker.image)),
            Process::ZooKeeper(_) | Process::Producer(_) | Process::Consumer(_) => None,
        });
        images.max_by_key(|(next, _)| *next).map(|(_, image)| image)
    }

    /// Both run, and messages pass both ways.
    fn talk(&self, a: NodeId, b: NodeId) -> bool {
        let up = |id| self.world.health(id) == Health::Up;
        let passes = |from, to| !self.net.is_cut(Link { from, to });
        up(a) && up(b) && (a == b || (passes(a, b) && passes(b, a)))
    }

    fn quorum(&self, found: &mut Vec<Stuck>) {
        let zookeeper = self.world.ensemble().is_some();
        let members = || self.world.genesis.zookeeper_ids().collect();
        let ids: NodeList = if zookeeper { members() } else { self.world.voters().ids() };
        let reach = |id: NodeId| ids.iter().filter(|&other| self.talk(id, other)).count() as u32;
        let (up, needed) = (ids.iter().map(reach).max().unwrap_or(0), majority(ids.len()));
        if up < needed {
            found.push(if zookeeper {
                Stuck::NoEnsemble { up, needed }
            } else {
                Stuck::NoQuorum { up, needed }
            });
        } else if zookeeper {
            match self.controller {
                Some(controller) if self.is_silent(controller) => {
                    let session_until = self.session_until(controller);
                    found.push(Stuck::ControllerSilent { controller, session_until });
                }
                Some(_) => {}
                None => found.push(Stuck::NoControllerYet),
            }
        } else if self.controller.is_none_or(|id| reach(id) < needed) {
            found.push(Stuck::NoControllerYet);
        }
    }

    /// Nobody hears of this broker who decides whether it lives: the controller, or with ZooKeeper the ensemble.
    fn is_silent(&self, broker: NodeId) -> bool {
        if self.world.health(broker) != Health::Up {
            return true;
        }
        if self.world.ensemble().is_some() {
            return !self.world.genesis.zookeeper_ids().any(|member| self.talk(broker, member));
        }
        self.controller.is_some_and(|id| !self.talk(broker, id))
    }

    fn broker(&self, image: &Image, slot: &Slot, found: &mut Vec<Stuck>) {
        let Some(broker) = slot.process.as_ref().and_then(|process| process.broker()) else { return };
        if slot.health != Health::Up {
            return;
        }
        let gone = self.world.ensemble().is_some() && !image.brokers.contains_key(&slot.id);
        if broker.broker_epoch().is_none() || gone {
            let session_until = self.session_until(slot.id);
            found.push(Stuck::BrokerNotRegistered { broker: slot.id, session_until });
        } else if image.brokers.get(&slot.id).is_some_and(|registration| registration.fenced) {
            let reaches_controller = self.controller.is_some_and(|id| self.talk(slot.id, id));
            found.push(Stuck::FencedBroker { broker: slot.id, reaches_controller });
        }
    }

    /// When the session that the active controller, or the ensemble, has for this broker runs out.
    fn session_until(&self, broker: NodeId) -> Option<Time> {
        if self.world.ensemble().is_some() {
            return self.zookeeper_session_until(broker);
        }
        let controller = self.control?;
        let sessions = controller.control.sessions();
        let session = sessions.iter().find(|session| session.broker == broker)?;
        Some(session.last_contact + self.world.genesis.settings.broker_session_timeout)
    }

    /// The latest, as the ensemble's leader counts.
    fn zookeeper_session_until(&self, broker: NodeId) -> Option<Time> {
        let mut members = self.world.of_kind(NodeKind::ZooKeeper).filter_map(|slot| match &slot.process {
            Some(Process::ZooKeeper(server)) => Some((server.tracker()?, server.database())),
            _ => None,
        });
        let (tracker, database) = members.next()?;
        let of_it = database.sessions().iter().filter(|(_, session)| session.client == broker);
        of_it.filter_map(|(id, _)| Some(tracker.get(*id)?.expires)).max()
    }

    fn partition(
        &self,
        image: &Image,
        partition: TopicPartition,
        registration: &PartitionRegistration,
        found: &mut Vec<Stuck>,
    ) {
        if self.world.genesis.mode.replication() == ReplicationPlane::Raft {
            return self.group(partition, registration.replicas, found);
        }
        let Some(leader) = registration.leader else {
            return self.leaderless(image, partition, registration, found);
        };
        let silent = self.is_silent(leader);
        if silent {
            let session_until = self.session_until(leader);
            found.push(Stuck::LeaderSilent { partition, leader, session_until });
        }
        let Some(broker) = self.world.process(leader).and_then(|process| process.broker()) else { return };
        let known = broker.replicas.partition(partition);
        match known.and_then(|known| known.as_leader()) {
            Some(state) if known.is_some_and(|k| k.leader_epoch == registration.leader_epoch) => {
                self.commits(image, partition, (leader, broker), state, found);
            }
            _ if !silent => found.push(Stuck::LeaderNotAware { partition, leader }),
            _ => {}
        }
    }

    /// A Raft group: only its members count, and whom they reach.
    fn group(&self, partition: TopicPartition, members: NodeList, found: &mut Vec<Stuck>) {
        let reach = |id: NodeId| members.iter().filter(|&other| self.talk(id, other)).count() as u32;
        let (up, needed) = (members.iter().map(reach).max().unwrap_or(0), majority(members.len()));
        if up < needed {
            found.push(Stuck::NoGroupMajority { partition, up, needed });
        } else if self.world.raft_leader(partition).is_none_or(|(leader, _)| reach(leader) < needed) {
            found.push(Stuck::NoGroupLeaderYet { partition });
        }
    }

    fn leaderless(
        &self,
        image: &Image,
        partition: TopicPartition,
        registration: &PartitionRegistration,
        found: &mut Vec<Stuck>,
    ) {
        let default = self.world.genesis.settings.unclean_leader_election_enable;
        let unclean_election = image.unclean_election_enabled(partition.topic, default);
        let PartitionRegistration { isr, elr, last_known_elr, .. } = registration;
        let candidates = [isr, elr, last_known_elr].into_iter().find(|list| !list.is_empty()).unwrap_or(isr);
        let alive = candidates.iter().find(|&id| self.world.health(id) == Health::Up);
        match (alive, candidates.first()) {
            (Some(member), _) => found.push(Stuck::NoLeaderIsrMemberFenced { partition, member }),
            (None, Some(member)) => {
                found.push(Stuck::NoLeaderOnlyIsrMemberDown { partition, member, unclean_election });
            }
            (None, None) => {}
        }
    }

    /// What holds back the high watermark of a leader.
    fn commits(
        &self,
        image: &Image,
        partition: TopicPartition,
        (leader, broker): (NodeId, &Broker),
        state: &LeaderState,
        found: &mut Vec<Stuck>,
    ) {
        let settings = &self.world.genesis.settings;
        let min_isr = image.effective_min_isr(partition, settings);
        let isr = state.isr.committed();
        if isr.len() < min_isr {
            found.push(Stuck::UnderMinIsr { partition, isr, min_isr });
        }
        if state.isr.is_in_flight() && self.controller.is_none_or(|id| !self.talk(leader, id)) {
            let proposed = state.isr.proposed();
            found.push(Stuck::IsrChangeWaitsForController { partition, leader, proposed });
        }
        let Some(hw) = broker.replicas.partition(partition).map(|known| known.hw) else { return };
        let Some(member) = self.slowest(leader, state, hw) else { return };
        let waiting = broker.replicas.delayed_produces().iter().flat_map(|(_, produce)| &produce.batches);
        let of_this = waiting.filter(|batch| batch.result.partition == partition);
        if let Some(waiting_for) = of_this.filter_map(|batch| batch.required).min() {
            found.push(Stuck::ProduceWaitsForIsr { partition, waiting_for, member });
        }
        let Some(leo) = broker.replicas.disk.replicas.get(&partition).map(|replica| replica.leo()) else {
            return;
        };
        if hw < leo {
            let follower = state.follower(member);
            let its_leo = follower.and_then(|follower| follower.leo);
            let caught_up = follower.and_then(|follower| follower.last_caught_up);
            let lagging_at = caught_up.map(|then| then + settings.replica_lag_time_max);
            found.push(Stuck::HighWatermarkWaitsFor { partition, member, its_leo, leo, lagging_at });
        }
    }

    /// The member of the maximal ISR that is furthest behind, if it does not fetch as it should.
    fn slowest(&self, leader: NodeId, state: &LeaderState, hw: Offset) -> Option<NodeId> {
        let others = state.isr.maximal().without(leader);
        let end = |id: NodeId| state.follower(id).and_then(|follower| follower.leo);
        let member =
            others.iter().filter(|&id| end(id).is_none_or(|leo| leo <= hw)).min_by_key(|&id| end(id))?;
        let wait = self.world.genesis.settings.replica_fetch_wait_max;
        let last_fetch = state.follower(member).and_then(|follower| follower.last_fetch);
        let overdue = last_fetch.is_none_or(|then| self.world.now.since(then) > wait * 2 + Span::millis(100));
        (overdue || !self.talk(leader, member)).then_some(member)
    }
}
