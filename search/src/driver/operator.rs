//! What people and clocks do: elections, settings, fencing, resignations, timers that run out early or late, the
//! order of messages, moves, clients (F11, F13, F15, F20, F22, F23).

use super::nodes::servers;
use super::{Driver, LATENESS, slowed};
use crate::fault::Fault;
use crate::script::Act;
use kraftscope_core::id::{NodeId, NodeKind, NodeList, TopicPartition};
use kraftscope_core::mode::MetadataPlane;
use kraftscope_core::net::Link;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::record::TopicConfig;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::{Action, Change};
use kraftscope_core::time::Span;
use kraftscope_core::view::Health;

impl Driver {
    pub(super) fn operator_fault(
        &mut self,
        fault: Fault,
        near: Option<NodeId>,
        sim: &Sim,
        acts: &mut Vec<Act>,
    ) {
        match fault {
            Fault::Reorder => {
                acts.push(Act::Do(Action::Configure(Change::Reorder(true))));
                self.recover(sim, Act::Do(Action::Configure(Change::Reorder(false))));
            }
            Fault::Clock => self.skew(near, sim, acts),
            Fault::Resign => acts.push(Act::Controller(Command::Resign)),
            Fault::Fence if self.tolerance.allows_outage(sim) => {
                let near = near.filter(|id| id.kind() == NodeKind::Broker);
                let broker = near.or_else(|| self.luck.pick(&servers(sim, Some(NodeKind::Broker))));
                acts.extend(broker.map(|broker| self.fence(broker, sim)));
            }
            Fault::Operator => self.command(false, sim, acts),
            Fault::Reassign if self.tolerance.allows_outage(sim) => self.reassign(sim, acts),
            Fault::Unclean => self.command(true, sim, acts),
            _ => {}
        }
    }

    /// The cluster takes a broker that lives for dead: the controller fences it, or ZooKeeper ends its session (F19).
    fn fence(&mut self, broker: NodeId, sim: &Sim) -> Act {
        match sim.world().genesis.mode.metadata() {
            MetadataPlane::KRaft => Act::Controller(Command::FenceBroker(broker)),
            MetadataPlane::ZooKeeper => {
                let member = self.luck.pick(&servers(sim, Some(NodeKind::ZooKeeper)));
                let member = member.unwrap_or(NodeId::zookeeper(1));
                Act::Do(Action::Call(member, Command::ExpireSession(broker)))
            }
        }
    }

    /// A timer runs out at once, or later than it should.
    fn skew(&mut self, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        let Some(node) = self.choose_server(near, sim) else { return };
        let armed: Vec<_> = sim.queue().armed(node).iter().map(|armed| (armed.timer, armed.due)).collect();
        let Some((timer, due)) = self.luck.pick(&armed) else { return };
        let left = due.since(sim.now());
        let to = if self.luck.percent(50) {
            Span(u64::from(self.luck.below(2)) * left.0 / 2)
        } else {
            slowed(left) + self.luck.span(Span::ZERO, LATENESS)
        };
        acts.push(Act::Do(Action::SetTimer(node, timer, to)));
    }

    fn command(&mut self, unclean: bool, sim: &Sim, acts: &mut Vec<Act>) {
        let Some(image) = truth(sim) else { return };
        let partitions: Vec<TopicPartition> = image.partitions.keys().copied().collect();
        let Some(partition) = self.luck.pick(&partitions) else { return };
        let command = if unclean || self.luck.percent(60) {
            Command::ElectLeader { partition, unclean }
        } else {
            let replicas = image.partitions.get(&partition).map_or(1, |found| found.replicas.len());
            Command::ConfigureTopic {
                topic: partition.topic,
                key: TopicConfig::MinInsyncReplicas,
                value: self.luck.between(1, replicas),
            }
        };
        acts.push(Act::Controller(command));
    }

    /// A partition moves to other brokers, or goes back.
    fn reassign(&mut self, sim: &Sim, acts: &mut Vec<Act>) {
        let Some(image) = truth(sim) else { return };
        let all: Vec<_> = image.partitions.iter().map(|(&id, found)| (id, found.replicas.len())).collect();
        let Some((partition, len)) = self.luck.pick(&all) else { return };
        let mut brokers: Vec<NodeId> = sim.world().genesis.broker_ids().collect();
        let len = if self.luck.percent(80) { len } else { self.luck.between(1, brokers.len() as u32) };
        let mut target = NodeList::EMPTY;
        while target.len() < len && !brokers.is_empty() {
            let next = brokers.swap_remove(self.luck.below(brokers.len() as u32) as usize);
            target = target.with(next);
        }
        let target = if self.luck.percent(15) { None } else { Some(target) };
        acts.push(Act::Controller(Command::Reassign { partition, target }));
    }

    pub(super) fn client_fault(&mut self, sim: &Sim, acts: &mut Vec<Act>) {
        let kind = if self.luck.percent(60) { NodeKind::Producer } else { NodeKind::Consumer };
        let clients: Vec<NodeId> =
            sim.world().of_kind(kind).filter(|slot| slot.health == Health::Up).map(|slot| slot.id).collect();
        let Some(client) = self.luck.pick(&clients) else { return };
        match self.luck.below(4) {
            0 => {
                acts.push(Act::Do(Action::Crash(client, Loss::Nothing)));
                self.recover(sim, Act::Do(Action::Start(client)));
            }
            1 => {
                acts.push(Act::Do(Action::Pause(client)));
                self.recover(sim, Act::Do(Action::Resume(client)));
            }
            2 if kind == NodeKind::Producer => {
                let interval = Span::millis(self.luck.pick(&[2, 10, 50, 500]).unwrap_or(50));
                acts.push(Act::Do(Action::Call(client, Command::SetRate { interval })));
            }
            _ => {
                let Some(leader) = self.choose_leader(sim) else { return };
                let link = if self.luck.percent(50) {
                    Link { from: client, to: leader }
                } else {
                    Link { from: leader, to: client }
                };
                acts.push(Act::Do(Action::Cut(link)));
                self.recover(sim, Act::Do(Action::Heal(link)));
            }
        }
    }
}
