//! Which records producers were told are safe: what a picture marks and a loss is measured against.

use crate::id::NodeId;
use crate::note::Note;
use crate::process::Process;
use crate::sim::Step;
use crate::sim::world::World;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Acknowledged serial numbers of each producer, as ranges in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Promises(Vec<(NodeId, Vec<(u32, u32)>)>);

impl Promises {
    /// Notes what the answer that arrived in this step promised. Which records it was about stands in the log of the
    /// broker that answered: a batch holds every so many of a producer's serial numbers.
    pub(super) fn observe(&mut self, world: &World, step: &Step) {
        for note in &step.notes {
            let Note::ProduceAcknowledged { partition, base, count, .. } = *note else { continue };
            let Some(slot) = step.delivered.and_then(|answer| world.slot(answer.from)) else { continue };
            let alive = slot.process.as_ref().and_then(Process::broker);
            let disk = alive.map_or(&slot.disk.replicas, |broker| &broker.replicas.disk);
            let Some(replica) = disk.replicas.get(&partition) else { continue };
            for (_, entry) in replica.log.iter(base, base.plus(u64::from(count))) {
                if Some(entry.body.producer) == step.node {
                    self.add(entry.body.producer, entry.body.value, entry.body.value + 1);
                }
            }
        }
    }

    fn add(&mut self, producer: NodeId, first: u32, end: u32) {
        let place = self.0.iter().position(|(id, _)| *id == producer).unwrap_or_else(|| {
            self.0.push((producer, Vec::new()));
            self.0.len() - 1
        });
        let ranges = &mut self.0[place].1;
        let at = ranges.partition_point(|range| range.0 <= first);
        if at > 0 && ranges[at - 1].1 >= end {
            return;
        }
        ranges.insert(at, (first, end));
        if ranges.get(at + 1).is_some_and(|next| next.0 == end) {
            ranges[at].1 = ranges[at + 1].1;
            ranges.remove(at + 1);
        }
        if at > 0 && ranges[at - 1].1 == first {
            ranges[at - 1].1 = ranges[at].1;
            ranges.remove(at);
        }
    }

    /// Every record that is promised, by its producer and serial number.
    pub fn all(&self) -> impl Iterator<Item = (NodeId, u32)> + '_ {
        let ranges = self.0.iter().flat_map(|(id, ranges)| ranges.iter().map(move |range| (*id, *range)));
        ranges.flat_map(|(id, (first, end))| (first..end).map(move |value| (id, value)))
    }

    /// Whether this producer was told that its record of that serial number is safe.
    pub fn holds(&self, producer: NodeId, value: u32) -> bool {
        let Some((_, ranges)) = self.0.iter().find(|(id, _)| *id == producer) else { return false };
        let after = ranges.partition_point(|range| range.0 <= value);
        after > 0 && value < ranges[after - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_together() {
        let mut promises = Promises::default();
        for (first, end) in [(0, 2), (5, 6), (2, 5), (9, 10), (3, 4)] {
            promises.add(NodeId::producer(1), first, end);
        }
        assert_eq!(promises.0[0].1, [(0, 6), (9, 10)]);
        let held: Vec<u32> = (0..12).filter(|&value| promises.holds(NodeId::producer(1), value)).collect();
        assert_eq!(held, [0, 1, 2, 3, 4, 5, 9]);
        assert!(!promises.holds(NodeId::producer(2), 0));
    }
}
