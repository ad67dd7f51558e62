//! Logs as pictures show them: the last few entries, markers, and where a log parts from the leader's.

use super::{CellView, LogView};
use crate::epochs::LeaderEpochCache;
use crate::id::{NodeId, Offset};
use crate::kraft::QuorumDisk;
use crate::log::Log;
use crate::process::Process;
use crate::record::{Entry, MetadataRecord, Record};
use crate::replication::ReplicaLog;
use crate::sim::Sim;
use alloc::vec::Vec;

pub(super) fn window<R: Clone>(
    log: &Log<R>,
    epochs: &LeaderEpochCache,
    hw: Option<Offset>,
    cells: u32,
    cell: impl Fn(&Entry<R>) -> (Option<Record>, Option<&'static str>, bool),
) -> LogView {
    let first = Offset(log.end().saturating_sub(Offset(u64::from(cells)))).max(log.start());
    let shown = log.iter(first, log.end()).map(|(offset, entry)| {
        let (record, metadata, acknowledged) = cell(entry);
        let committed = hw.is_some_and(|hw| offset < hw);
        CellView { offset, epoch: entry.epoch, committed, record, metadata, acknowledged }
    });
    LogView {
        start: log.start(),
        end: log.end(),
        hw,
        flushed: log.flushed(),
        cells: shown.collect(),
        epochs: epochs.entries().to_vec(),
        diverges_at: None,
        snapshots: Vec::new(),
    }
}

/// The first shown offset at which `log` holds something else than `leader`, or something beyond its end.
pub(super) fn parts_from<R: Clone>(view: &LogView, log: &Log<R>, leader: &Log<R>) -> Option<Offset> {
    let differs = |offset: Offset| {
        let here = log.get(offset).map(|entry| entry.epoch);
        let there = leader.get(offset).map(|entry| entry.epoch);
        offset >= leader.start() && here != there
    };
    view.cells.iter().map(|cell| cell.offset).find(|&offset| differs(offset))
}

/// A controller's copy of the metadata log.
pub(super) fn metadata(sim: &Sim, me: NodeId, disk: &QuorumDisk, hw: Option<Offset>, cells: u32) -> LogView {
    let mut view = window(&disk.log, &disk.epochs, hw, cells, |entry| (None, Some(kind(&entry.body)), false));
    view.snapshots = disk.snapshots.iter().map(|snapshot| snapshot.id.end).collect();
    let quorums = sim.world().slots.iter().filter_map(|slot| slot.process.as_ref().and_then(Process::quorum));
    let leader = quorums.filter(|quorum| quorum.is_leader()).max_by_key(|quorum| quorum.epoch());
    if let Some(leader) = leader.filter(|leader| leader.me().id != me) {
        view.diverges_at = parts_from(&view, &disk.log, leader.log());
    }
    view
}

/// A replica's log; `leader` is the log of the broker that leads in the controller's eyes, unless it is this one.
pub(super) fn replica(
    sim: &Sim,
    replica: &ReplicaLog,
    leader: Option<&ReplicaLog>,
    hw: Offset,
    cells: u32,
) -> LogView {
    let mut view = window(&replica.log, &replica.epochs, Some(hw), cells, |entry| {
        let record = entry.body;
        (Some(record), None, sim.promises().holds(record.producer, record.value))
    });
    if let Some(leader) = leader {
        view.diverges_at = parts_from(&view, &replica.log, &leader.log);
    }
    view
}

/// Kafka's name of a metadata record.
const fn kind(record: &MetadataRecord) -> &'static str {
    match record {
        MetadataRecord::LeaderChange { .. } => "LeaderChangeMessage",
        MetadataRecord::KRaftVersion { .. } => "KRaftVersionRecord",
        MetadataRecord::Voters { .. } => "VotersRecord",
        MetadataRecord::NoOp => "NoOpRecord",
        MetadataRecord::SnapshotHeader => "SnapshotHeaderRecord",
        MetadataRecord::SnapshotFooter => "SnapshotFooterRecord",
        MetadataRecord::RegisterBroker { .. } => "RegisterBrokerRecord",
        MetadataRecord::UnregisterBroker { .. } => "UnregisterBrokerRecord",
        MetadataRecord::BrokerRegistrationChange { .. } => "BrokerRegistrationChangeRecord",
        MetadataRecord::Topic { .. } => "TopicRecord",
        MetadataRecord::Partition { .. } => "PartitionRecord",
        MetadataRecord::PartitionChange { .. } => "PartitionChangeRecord",
        MetadataRecord::ClearElr { .. } => "ClearElrRecord",
        MetadataRecord::Config { .. } => "ConfigRecord",
        MetadataRecord::ProducerIds { .. } => "ProducerIdsRecord",
    }
}

/// The replica logs that a slot holds, alive or not.
pub(super) fn disk(sim: &Sim, node: NodeId) -> Option<&crate::replication::ReplicaDisk> {
    let slot = sim.world().slot(node)?;
    let broker = slot.process.as_ref().and_then(Process::broker);
    Some(broker.map_or(&slot.disk.replicas, |broker| &broker.replicas.disk))
}

/// Nothing yet.
pub(super) fn empty() -> LogView {
    LogView { cells: Vec::new(), hw: Some(Offset(0)), ..LogView::default() }
}
