//! What the configuration tolerates, where no promise may break.
//!
//! A power loss may take the unflushed tail of a broker only while another member of each of its ISRs (or ELRs)
//! is up and holds everything; until the broker has registered its next life, nothing else that could take that
//! other member away may happen. Without this the last in-sync copy could be lost, which no setting survives.
//!
//! Raft groups write to disk before they answer (the paper, figure 2): power may be lost at any moment, by all at once.
//! Only a replaced disk forgets.

use crate::preset::Demand;
use kraftscope_core::id::{BrokerEpoch, NodeId, NodeKind};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::mode::ReplicationPlane;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::Sim;
use kraftscope_core::view::Health;

/// Remembers who has lost records and has not come back.
#[derive(Clone, Debug)]
pub(super) struct Tolerance {
    demand: Demand,
    lossy: Vec<(NodeId, BrokerEpoch)>,
}

fn epoch(image: &Image, broker: NodeId) -> BrokerEpoch {
    image.brokers.get(&broker).map_or(BrokerEpoch(0), |registered| registered.broker_epoch)
}

impl Tolerance {
    pub(super) const fn new(demand: Demand) -> Tolerance {
        Tolerance { demand, lossy: Vec::new() }
    }

    /// Whether something may take a server away now.
    pub(super) fn allows_outage(&mut self, sim: &Sim) -> bool {
        if self.demand == Demand::ShowMe || self.lossy.is_empty() {
            return true;
        }
        let Some(image) = truth(sim) else { return false };
        self.lossy.retain(|(broker, before)| epoch(image, *broker) <= *before);
        self.lossy.is_empty()
    }

    /// Whether these machines may lose their power; remembers it if so.
    pub(super) fn allows_loss(&mut self, sim: &Sim, machines: &[NodeId]) -> bool {
        if self.demand == Demand::ShowMe || machines.iter().all(|node| node.kind() != NodeKind::Broker) {
            return true;
        }
        if !self.allows_outage(sim) {
            return false;
        }
        if sim.world().genesis.mode.replication() == ReplicationPlane::Raft {
            return true;
        }
        let (Some(image), Some(_)) = (truth(sim), sim.world().active_controller()) else { return false };
        let survives = image.partitions.values().all(|partition| {
            let eligible = |id: &NodeId| partition.isr.contains(*id) || partition.elr.contains(*id);
            let mut hit = machines.iter().filter(|id| eligible(id));
            hit.next().is_none()
                || partition
                    .isr
                    .iter()
                    .any(|id| !machines.contains(&id) && sim.world().health(id) == Health::Up)
        });
        if survives {
            let brokers = machines.iter().filter(|node| node.kind() == NodeKind::Broker);
            self.lossy.extend(brokers.map(|&broker| (broker, epoch(image, broker))));
        }
        survives
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::mode::Mode;
    use kraftscope_core::sim::genesis::Genesis;
    use kraftscope_core::time::Time;

    fn settled(mode: Mode) -> Sim {
        let mut sim = Sim::new(Genesis::default().in_mode(mode)).expect("the genesis is valid");
        while sim.now() < Time(10_000_000) && sim.step().is_some() {}
        sim
    }

    /// Source: the Raft paper, figure 2: on stable storage before anything is answered.
    #[test]
    fn all_members_of_a_group_may_lose_their_power_and_all_of_an_isr_may_not() {
        let all: Vec<NodeId> = (1..=3).map(NodeId::broker).collect();
        let allows = |mode| Tolerance::new(Demand::MustBeSafe).allows_loss(&settled(mode), &all);
        assert!(allows(Mode::KafkaRaft));
        assert!(!allows(Mode::KRaft));
    }
}
