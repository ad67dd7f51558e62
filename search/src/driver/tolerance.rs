//! What the configuration tolerates, where no promise may break.
//!
//! A power loss may take the unflushed tail of a broker only while another member of each of its ISRs (or ELRs)
//! is up and holds everything; until the broker has registered its next life, nothing else that could take that
//! other member away may happen. Without this the last in-sync copy could be lost, which no setting survives.

use crate::preset::Demand;
use kraftscope_core::id::{BrokerEpoch, NodeId, NodeKind};
use kraftscope_core::metadata::image::Image;
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
