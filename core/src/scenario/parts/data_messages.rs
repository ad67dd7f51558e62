//! Messages about data partitions, and a replica's state, in one line each.

use super::epoch_cache;
use crate::id::{NodeId, NodeKind, Offset};
use crate::record::{Entry, Record};
use crate::replication::{FetchState, Partition, ReplicaLog, Role};
use crate::scenario::command::show_broker;
use crate::wire::{Fetched, FetchedPartition, Message, OffsetSpec};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A broker by its number, anybody else by what it is.
pub(super) fn show_node(node: NodeId) -> String {
    match node.kind() {
        NodeKind::Broker => node.number().to_string(),
        NodeKind::Controller => String::from("controller"),
        NodeKind::ZooKeeper => String::from("zookeeper"),
        NodeKind::Producer => String::from("producer"),
        NodeKind::Consumer => String::from("consumer"),
    }
}

fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::from("none"), |value| value.to_string())
}

/// `0x3,1x1`; `-` for none.
pub(super) fn show_runs<'a>(records: impl Iterator<Item = &'a Entry<Record>>) -> String {
    let mut found: Vec<(u32, u64)> = Vec::new();
    for entry in records {
        match found.last_mut() {
            Some((epoch, count)) if *epoch == entry.epoch.0 => *count += 1,
            _ => found.push((entry.epoch.0, 1)),
        }
    }
    let shown: Vec<String> = found.iter().map(|(epoch, count)| format!("{epoch}x{count}")).collect();
    if shown.is_empty() { String::from("-") } else { shown.join(",") }
}

/// `leader epoch=8 partition-epoch=1 isr=[1] maximal-isr=[1, 2] end=10 hw=10`, `follower epoch=5 leader=2 end=3 hw=1`.
pub(super) fn show_state(partition: Option<&Partition>, log: Option<&ReplicaLog>) -> String {
    let end = log.map_or(Offset(0), ReplicaLog::leo);
    let Some(partition) = partition else { return format!("not hosted end={end}") };
    let (epoch, hw) = (partition.leader_epoch, partition.hw);
    match &partition.role {
        Role::Leader(_) => format!(
            "leader epoch={epoch} partition-epoch={} isr={} maximal-isr={} end={end} hw={hw}",
            partition.partition_epoch,
            partition.isr(),
            partition.maximal_isr()
        ),
        Role::Follower(following) => {
            let fetch = match following.fetch {
                FetchState::Idle => "idle",
                FetchState::Fetching => "fetching",
                FetchState::Truncating(_) => "truncating",
                FetchState::Delayed(_) => "delayed",
                FetchState::OutOfRange { .. } => "out-of-range",
                FetchState::Failed => "failed",
            };
            format!(
                "follower epoch={epoch} leader={} end={end} hw={hw} {fetch}",
                show_broker(following.leader)
            )
        }
    }
}

/// The log as runs of epochs, its start, what is flushed, and the leader-epoch cache.
pub(super) fn show_log(log: &ReplicaLog) -> String {
    let records = log.log.iter(log.log.start(), log.log.end()).map(|(_, entry)| entry);
    format!(
        "{} start={} end={} flushed={} cache={}",
        show_runs(records),
        log.log.start(),
        log.log.end(),
        log.log.flushed(),
        epoch_cache::show(&log.epochs)
    )
}

/// A message about one data partition.
pub(super) fn show(message: &Message) -> String {
    match message {
        Message::FetchRequest(request) => {
            let asked = request.partitions.iter().map(|asked| {
                let (epoch, last) = (or_none(asked.current_leader_epoch), or_none(asked.last_fetched_epoch));
                format!("epoch={epoch} offset={} last-epoch={last}", asked.fetch_offset)
            });
            format!("Fetch {}", join(asked))
        }
        Message::FetchResponse(response) => {
            format!("Fetch {}", join(response.partitions.iter().map(show_fetched)))
        }
        Message::ProduceResponse(response) => {
            let results = response.results.iter().map(|result| {
                let base = result.base_offset.map_or_else(String::new, |base| format!(" base={base}"));
                format!("{}{base}", result.error.name())
            });
            format!("Produce {}", join(results))
        }
        Message::AlterPartitionRequest(request) => {
            let proposals = request.partitions.iter().map(|proposal| {
                let members: Vec<String> =
                    proposal.new_isr.iter().map(|(id, _)| id.number().to_string()).collect();
                let (epoch, partition_epoch) = (proposal.leader_epoch, proposal.partition_epoch);
                format!("isr=[{}] epoch={epoch} partition-epoch={partition_epoch}", members.join(", "))
            });
            format!("AlterPartition {}", join(proposals))
        }
        Message::ListOffsetsRequest(request) => format!("ListOffsets {}", show_spec(request.offset)),
        Message::ListOffsetsResponse(response) => {
            format!("ListOffsets {} {}={}", response.error.name(), show_spec(response.which), response.offset)
        }
        Message::OffsetForLeaderEpochRequest(request) => {
            let asked = request.partitions.iter().map(|asked| {
                format!("current-epoch={} epoch={}", or_none(asked.current_leader_epoch), asked.leader_epoch)
            });
            format!("OffsetForLeaderEpoch {}", join(asked))
        }
        Message::OffsetForLeaderEpochResponse(response) => {
            let answers = response.partitions.iter().map(|answer| {
                let (epoch, end) = (or_none(answer.leader_epoch), or_none(answer.end_offset));
                format!("{} epoch={epoch} end={end}", answer.error.name())
            });
            format!("OffsetForLeaderEpoch {}", join(answers))
        }
        other => String::from(other.api()),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

const fn show_spec(spec: OffsetSpec) -> &'static str {
    match spec {
        OffsetSpec::Earliest => "earliest",
        OffsetSpec::Latest => "latest",
    }
}

fn show_fetched(fetched: &FetchedPartition) -> String {
    if !fetched.error.is_none() {
        return String::from(fetched.error.name());
    }
    if let Some(replica) = fetched.preferred_read_replica {
        return format!("NONE hw={} preferred-read-replica={}", fetched.high_watermark, replica.number());
    }
    let data = match &fetched.data {
        Fetched::Records(records) => format!("records={}", show_runs(records.iter())),
        Fetched::Diverging(at) => format!("diverging={}@{}", at.epoch, at.end),
    };
    let start = match fetched.log_start_offset {
        Offset(0) => String::new(),
        start => format!(" log-start={start}"),
    };
    format!("NONE hw={}{start} {data}", fetched.high_watermark)
}
