//! Faults of whole processes and their disks: crashes, power losses, replaced and failing disks, orderly shutdowns,
//! pauses (F1 to F9).

use super::Driver;
use crate::fault::Fault;
use crate::script::Act;
use kraftscope_core::id::{NodeId, NodeKind, TopicPartition};
use kraftscope_core::mode::ReplicationPlane;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::process::Process;
use kraftscope_core::scenario::{leader_of, truth};
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::view::Health;

/// Brokers, controllers and members of the ensemble.
const fn is_server(id: NodeId) -> bool {
    matches!(id.kind(), NodeKind::Broker | NodeKind::Controller | NodeKind::ZooKeeper)
}

/// Servers that are up.
pub(super) fn servers(sim: &Sim, kind: Option<NodeKind>) -> Vec<NodeId> {
    let wanted = |id: NodeId| match kind {
        Some(kind) => id.kind() == kind,
        None => is_server(id),
    };
    let up = sim.world().slots.iter().filter(|slot| slot.health == Health::Up && wanted(slot.id));
    up.map(|slot| slot.id).collect()
}

/// Servers that are down or stand still.
fn broken(sim: &Sim) -> u32 {
    sim.world().slots.iter().filter(|slot| is_server(slot.id) && slot.health != Health::Up).count() as u32
}

impl Driver {
    /// A server: `near` if it is one, else a leader, an ISR member, the active controller, or anyone that is up.
    pub(super) fn choose_server(&mut self, near: Option<NodeId>, sim: &Sim) -> Option<NodeId> {
        let up = |id: &NodeId| sim.world().health(*id) == Health::Up;
        if let Some(node) = near.filter(|id| is_server(*id)).filter(up)
            && self.luck.percent(60)
        {
            return Some(node);
        }
        let chosen = match self.luck.below(4) {
            0 => self.choose_leader(sim),
            1 => self.choose_in_sync(sim),
            2 => sim.world().active_controller(),
            _ => None,
        };
        chosen.filter(up).or_else(|| self.luck.pick(&servers(sim, None)))
    }

    /// The leader of a random partition.
    pub(super) fn choose_leader(&mut self, sim: &Sim) -> Option<NodeId> {
        let ids = truth(sim)?.partitions.keys();
        let leaders: Vec<NodeId> = ids.filter_map(|&id| leader_of(sim, id)?.0).collect();
        self.luck.pick(&leaders)
    }

    /// A member of an ISR, or of a Raft group, which knows no ISR.
    fn choose_in_sync(&mut self, sim: &Sim) -> Option<NodeId> {
        let groups = sim.world().genesis.mode.replication() == ReplicationPlane::Raft;
        let partitions = truth(sim)?.partitions.values();
        let members: Vec<_> = partitions.map(|p| if groups { p.replicas } else { p.isr }).collect();
        let members = self.luck.pick(&members)?;
        self.luck.pick(members.as_slice())
    }

    /// A process that is down without anybody who would start it is started some time.
    pub(super) fn revive(&mut self, sim: &Sim) {
        for slot in &sim.world().slots {
            let start = Act::Do(Action::Start(slot.id));
            let down = slot.health == Health::Down && sim.is_set_up();
            if down && !self.recoveries.iter().any(|(_, act)| *act == start) {
                self.recover(sim, start);
            }
        }
    }

    fn loss(&mut self) -> Loss {
        if self.luck.percent(60) { Loss::Unflushed } else { Loss::AtMost(self.luck.between(1, 4)) }
    }

    pub(super) fn node_fault(&mut self, fault: Fault, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        if broken(sim) >= self.plan.most_broken || !self.tolerance.allows_outage(sim) {
            return;
        }
        let Some(node) = self.choose_server(near, sim) else { return };
        match fault {
            Fault::PowerLoss if self.tolerance.allows_loss(sim, &[node]) => {
                let loss = self.loss();
                self.crash(node, loss, sim, acts);
            }
            Fault::Blackout => {
                let others = servers(sim, None).into_iter().filter(|_| self.luck.percent(50));
                let all: Vec<NodeId> = others.collect();
                if self.tolerance.allows_loss(sim, &all) {
                    for node in all {
                        self.crash(node, Loss::Unflushed, sim, acts);
                    }
                }
            }
            Fault::ReplaceDisk if node.kind() == NodeKind::Broker => {
                if self.tolerance.allows_loss(sim, &[node]) {
                    acts.push(Act::Do(Action::ReplaceDisk(node)));
                    self.recover(sim, Act::Do(Action::Start(node)));
                }
            }
            Fault::DiskError if node.kind() == NodeKind::Broker => self.disk_error(node, sim, acts),
            Fault::ReplaceDisk | Fault::DiskError => {}
            Fault::Shutdown => {
                acts.push(Act::Do(Action::Call(node, Command::ShutDown)));
            }
            Fault::Pause => {
                acts.push(Act::Do(Action::Pause(node)));
                self.recover(sim, Act::Do(Action::Resume(node)));
            }
            _ => self.crash(node, Loss::Nothing, sim, acts),
        }
    }

    /// The next append to one of its logs fails.
    fn disk_error(&mut self, node: NodeId, sim: &Sim, acts: &mut Vec<Act>) {
        let broker = sim.world().process(node).and_then(Process::broker);
        let hosted: Vec<TopicPartition> =
            broker.map(|broker| broker.replicas.partitions().keys().copied().collect()).unwrap_or_default();
        let failing = self.luck.pick(&hosted).map(|id| Action::Call(node, Command::FailAppend(id)));
        acts.extend(failing.map(Act::Do));
    }

    fn crash(&mut self, node: NodeId, loss: Loss, sim: &Sim, acts: &mut Vec<Act>) {
        acts.push(Act::Do(Action::Crash(node, loss)));
        self.recover(sim, Act::Do(Action::Start(node)));
    }
}
