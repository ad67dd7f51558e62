//! Faults of links: cuts of all shapes, slow links and nodes, leaders and followers that the controller cannot
//! reach (F10, F14, F16, F17).

use super::Driver;
use super::nodes::servers;
use crate::fault::Fault;
use crate::script::Act;
use kraftscope_core::id::{NodeId, NodeKind};
use kraftscope_core::mode::MetadataPlane;
use kraftscope_core::net::Link;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::{Action, Change};
use kraftscope_core::time::Span;

/// Where a broker hears of the metadata.
fn keeper_of_metadata(sim: &Sim) -> NodeKind {
    match sim.world().genesis.mode.metadata() {
        MetadataPlane::ZooKeeper => NodeKind::ZooKeeper,
        MetadataPlane::KRaft => NodeKind::Controller,
    }
}

impl Driver {
    pub(super) fn link_fault(&mut self, fault: Fault, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        match fault {
            Fault::Slow => self.slow(near, sim, acts),
            Fault::Zombie if self.tolerance.allows_outage(sim) => self.zombie(near, sim, acts),
            Fault::Cut if self.tolerance.allows_outage(sim) => self.cut_shape(near, sim, acts),
            _ => {}
        }
    }

    fn slow(&mut self, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        let Some(node) = self.choose_server(near, sim) else { return };
        let by = self.luck.span(Span::millis(5), Span::secs(2));
        if self.luck.percent(50) {
            acts.push(Act::Do(Action::Configure(Change::Slow(node, by))));
            self.recover(sim, Act::Do(Action::Configure(Change::Slow(node, Span::ZERO))));
        } else if let Some(to) = self.other(node, sim) {
            let link = Link { from: node, to };
            acts.push(Act::Do(Action::Configure(Change::LinkDelay(link, by))));
            self.recover(sim, Act::Do(Action::Configure(Change::LinkDelay(link, Span::ZERO))));
        }
    }

    fn other(&mut self, node: NodeId, sim: &Sim) -> Option<NodeId> {
        let others: Vec<NodeId> = servers(sim, None).into_iter().filter(|&id| id != node).collect();
        self.luck.pick(&others)
    }

    fn cut_shape(&mut self, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        let Some(node) = self.choose_server(near, sim) else { return };
        match self.luck.below(8) {
            0..=2 => {
                let Some(to) = self.other(node, sim) else { return };
                let link = Link { from: node, to };
                let back = Link { from: to, to: node };
                let both = self.luck.percent(60);
                self.cut_links(&[link, back][..1 + usize::from(both)], sim, acts);
            }
            3 | 4 => {
                acts.push(Act::Do(Action::Isolate(node)));
                self.recover(sim, Act::Do(Action::Rejoin(node)));
            }
            5 => self.cut_all(node, NodeKind::Broker, sim, acts),
            6 => self.cut_all(node, NodeKind::Controller, sim, acts),
            _ => self.split(sim, acts),
        }
    }

    fn cut_links(&mut self, links: &[Link], sim: &Sim, acts: &mut Vec<Act>) {
        for &link in links {
            acts.push(Act::Do(Action::Cut(link)));
        }
        let before = self.luck;
        for &link in links {
            // All heal at one moment more often than not.
            if self.luck.percent(70) {
                self.luck = before;
            }
            self.recover(sim, Act::Do(Action::Heal(link)));
        }
    }

    /// Cuts a node from all of one kind, one way or both.
    fn cut_all(&mut self, node: NodeId, kind: NodeKind, sim: &Sim, acts: &mut Vec<Act>) {
        let shape = self.luck.below(3);
        let others = servers(sim, Some(kind)).into_iter().filter(|&id| id != node);
        let links: Vec<Link> = others
            .flat_map(|other| [Link { from: node, to: other }, Link { from: other, to: node }])
            .enumerate()
            .filter(|(i, _)| shape == 2 || i % 2 == shape as usize)
            .map(|(_, link)| link)
            .collect();
        self.cut_links(&links, sim, acts);
    }

    /// Two groups that do not hear each other.
    fn split(&mut self, sim: &Sim, acts: &mut Vec<Act>) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for node in servers(sim, None) {
            if self.luck.percent(50) { left.push(node) } else { right.push(node) }
        }
        let pairs = left.iter().flat_map(|&a| right.iter().map(move |&b| (a, b)));
        let links: Vec<Link> =
            pairs.flat_map(|(a, b)| [Link { from: a, to: b }, Link { from: b, to: a }]).collect();
        self.cut_links(&links, sim, acts);
    }

    /// The controllers cannot reach a broker, or it cannot reach them; the others and the clients can.
    fn zombie(&mut self, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        let broker = near.filter(|id| id.kind() == NodeKind::Broker);
        let broker = broker.or_else(|| self.choose_leader(sim));
        if let Some(broker) = broker {
            self.cut_all(broker, keeper_of_metadata(sim), sim, acts);
        }
    }
}
