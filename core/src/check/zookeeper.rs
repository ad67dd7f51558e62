//! What must hold of what is written into ZooKeeper, and of who obeys whom.
//!
//! Z1 ControllerEpoch: `/controller_epoch` rises by one with each election, and in one epoch one broker is the controller.
//! Z2 FencedWrites: whoever decides about a partition does so in the present controller epoch. A decision
//! raises the leader epoch; a leader that writes another ISR does not.
//! Z3 FencedRequests: a broker that has obeyed a controller obeys no earlier one. Source: KAFKA-1188.
//! Z4 CasIsr: a leader that writes another ISR names the version of the znode that it has read. Source: KIP-497.
//! P9 in ZooKeeper: each znode of a broker has a higher epoch than all before. Source: KIP-380.
//!
//! Left out: the broker epoch in requests (KIP-380), which shows in what replicas do (L6, S10).

use super::findings::{Findings, Subject};
use super::p_registration;
use super::table::Rule;
use super::truth::{Changed, Truth};
use crate::config::Settings;
use crate::id::{BrokerEpoch, Incarnation, NodeId, TopicPartition};
use crate::process::Broker;
use crate::record::PartitionRegistration;
use crate::sim::ensemble::{Event, StateWrite};
use crate::sim::world::World;
use alloc::vec::Vec;

/// What was seen of controllers.
#[derive(Clone, Debug, Default)]
pub(super) struct Controllers {
    /// Who was elected in which epoch, in order.
    elected: Vec<(u32, NodeId)>,
    /// By place: in which life of a broker it has obeyed up to which controller epoch.
    obeyed: Vec<(Incarnation, u32)>,
    /// The highest epoch that each broker was ever registered under.
    registered: Vec<(NodeId, BrokerEpoch)>,
}

impl Controllers {
    /// A controller epoch was written.
    fn on_elected(&mut self, epoch: u32, controller: Option<NodeId>, findings: &mut Findings) {
        let last = self.elected.last().map_or(0, |&(epoch, _)| epoch);
        let Some(id) = controller else { return };
        // The first controller writes the znode and then raises it in the multi of its election.
        findings.check(Rule::Z1, last == 0 || epoch == last + 1, Subject::node(id));
        self.elected.push((epoch, id));
    }

    /// Z1 and Z3 on a broker.
    pub(super) fn check_broker(
        &mut self,
        world: &World,
        id: NodeId,
        broker: &Broker,
        findings: &mut Findings,
    ) {
        let Some(slot) = world.slot(id) else { return };
        let (place, subject) = (world.place(id), Subject::node(id));
        if self.obeyed.len() <= place {
            self.obeyed.resize(place + 1, (Incarnation(0), 0));
        }
        let epoch = broker.replicas.controller_epoch();
        let (life, known) = core::mem::replace(&mut self.obeyed[place], (slot.incarnation, epoch));
        if life == slot.incarnation {
            findings.check(Rule::Z3, epoch >= known, subject);
        }
        let Some(plane) = broker.zookeeper().filter(|plane| plane.controller.is_active()) else { return };
        let epoch = plane.controller.epoch();
        let elected = self.elected.binary_search_by_key(&epoch, |&(epoch, _)| epoch);
        let is_it = elected.is_ok_and(|at| self.elected[at].1 == id);
        findings.check(Rule::Z1, is_it, subject);
    }

    /// P9.
    fn on_registered(&mut self, broker: NodeId, epoch: BrokerEpoch, findings: &mut Findings) {
        match self.registered.iter_mut().find(|(id, _)| *id == broker) {
            Some((_, highest)) => {
                findings.check(Rule::P9, epoch > *highest, Subject::node(broker));
                *highest = epoch.max(*highest);
            }
            None => self.registered.push((broker, epoch)),
        }
    }

    /// One committed write. Returns the change of a partition that it was, or who was registered.
    pub(super) fn follow(
        &mut self,
        event: &Event,
        truth: &mut Truth,
        settings: &Settings,
        findings: &mut Findings,
    ) -> Option<Changed> {
        match *event {
            Event::Partition { partition, before, after, write } => {
                truth.image.partitions.insert(partition, after);
                let change = Changed { partition, before, after };
                p_registration::check_in_zookeeper(&change, settings, findings);
                if let Some((before, write)) = before.zip(write) {
                    check_write(partition, &before, &write, findings);
                }
                return Some(change);
            }
            Event::Controller(epoch, controller) => self.on_elected(epoch, controller, findings),
            Event::Registered(broker, epoch) => self.on_registered(broker, epoch, findings),
            Event::PartitionGone(partition) => {
                truth.image.partitions.remove(&partition);
            }
            Event::Topic(_) | Event::Unregistered(_) => {}
        }
        None
    }
}

/// Z2 and Z4.
fn check_write(
    partition: TopicPartition,
    before: &PartitionRegistration,
    write: &StateWrite,
    findings: &mut Findings,
) {
    let subject = Subject::partition(partition);
    let decided = write.state.leader_epoch != before.leader_epoch;
    if !decided {
        let by_leader = write.state.leader == before.leader;
        return findings.check(Rule::Z4, write.version.is_some() && by_leader, subject);
    }
    findings.check(Rule::Z2, write.state.controller_epoch == write.controller_epoch, subject);
}
