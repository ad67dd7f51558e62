//! Records that were acknowledged and are in no log that counts.
//!
//! What counts is the log of the partition's leader, up to its end: what it holds has not been lost yet. A partition
//! without a leader is judged by all its replicas, those on the disks of dead brokers too: any of them may lead next.
//!
//! Left out: records that an administrator deleted count as lost.

use super::Meter;
use crate::id::{NodeId, TopicPartition};
use crate::log::Log;
use crate::process::Process;
use crate::record::Record;
use crate::sim::Sim;
use crate::sim::world::Slot;
use alloc::collections::{BTreeMap, BTreeSet};

/// How many there are now. Looks at every record: for the end of a run, or a person who waits.
pub fn lost(sim: &Sim, meter: &Meter) -> u64 {
    let mut kept: BTreeMap<NodeId, BTreeSet<u32>> = BTreeMap::new();
    for slot in &sim.world().slots {
        for (partition, log) in logs(slot) {
            if meter.leaders.leader(partition).is_some_and(|leader| leader != slot.id) {
                continue;
            }
            for (_, entry) in log.iter(log.start(), log.end()) {
                kept.entry(entry.body.producer).or_default().insert(entry.body.value);
            }
        }
    }
    let promised = sim.promises().all();
    let is_kept = |&(producer, value): &(NodeId, u32)| {
        kept.get(&producer).is_some_and(|values| values.contains(&value))
    };
    promised.filter(|promise| !is_kept(promise)).count() as u64
}

/// The data logs of a broker, alive or not.
fn logs(slot: &Slot) -> impl Iterator<Item = (TopicPartition, &Log<Record>)> {
    let alive = slot.process.as_ref().and_then(Process::broker);
    let disk = alive.map_or(&slot.disk.replicas, |broker| &broker.replicas.disk);
    disk.replicas.iter().map(|(&partition, replica)| (partition, &replica.log))
}
