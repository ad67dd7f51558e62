//! What a controller of the ZooKeeper era says, in one line for each partition.

use crate::id::NodeId;
use crate::scenario::command::show_broker;
use crate::scenario::words::Names;
use crate::wire::{ControlMessage, ControllerStamp, ErrorCode, Message, PartitionInfo};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The lines of one message.
pub(super) fn show(to: NodeId, message: &Message, names: &Names) -> Vec<String> {
    match message {
        Message::Control(message) => control(to, message, names),
        Message::AlterPartitionResponse(response) if !response.error.is_none() => {
            Vec::from([format!("AlterPartition {}", response.error.name())])
        }
        Message::AlterPartitionResponse(response) => {
            let line = |answer: &crate::wire::IsrAnswer| {
                let (partition, error) = (names.show(answer.partition), answer.error.name());
                match answer.error {
                    ErrorCode::None => format!(
                        "AlterPartition {partition} {error} leader={} isr={} leader-epoch={} version={}",
                        show_broker(answer.leader),
                        answer.isr,
                        answer.leader_epoch,
                        answer.partition_epoch
                    ),
                    _ => format!("AlterPartition {partition} {error}"),
                }
            };
            response.partitions.iter().map(line).collect()
        }
        Message::AllocateProducerIdsResponse(response) => Vec::from([format!(
            "AllocateProducerIds {} start={} len={}",
            response.error.name(),
            response.start.0,
            response.len
        )]),
        _ => Vec::new(),
    }
}

fn control(to: NodeId, message: &ControlMessage, names: &Names) -> Vec<String> {
    let to = to.number();
    match message {
        ControlMessage::LeaderAndIsrRequest(request) => {
            let head = format!("LeaderAndIsr -> {to}{}", stamp(&request.stamp));
            let full = if request.full { " full" } else { "" };
            lines(&format!("{head}{full}"), request.partitions.iter().map(|it| partition(it, names)))
        }
        ControlMessage::UpdateMetadataRequest(request) => {
            let live: Vec<String> =
                request.live_brokers.iter().map(|(id, ..)| id.number().to_string()).collect();
            let head = format!("UpdateMetadata -> {to}{} live=[{}]", stamp(&request.stamp), live.join(", "));
            lines(&head, request.partitions.iter().map(|it| partition(it, names)))
        }
        ControlMessage::StopReplicaRequest(request) => {
            let one = |(id, epoch, deletes): &(_, Option<crate::id::LeaderEpoch>, bool)| {
                let epoch = epoch.map_or(String::new(), |epoch| format!(" leader-epoch={epoch}"));
                format!("{}{epoch}{}", names.show(*id), if *deletes { " delete" } else { "" })
            };
            let head = format!("StopReplica -> {to}{}", stamp(&request.stamp));
            lines(&head, request.partitions.iter().map(one))
        }
        ControlMessage::ControlledShutdownResponse(error, remaining) => {
            let remaining: Vec<String> = remaining.iter().map(|id| names.show(*id)).collect();
            Vec::from([format!("ControlledShutdown {} remaining=[{}]", error.name(), remaining.join(", "))])
        }
        _ => Vec::new(),
    }
}

fn stamp(stamp: &ControllerStamp) -> String {
    let life = stamp.broker_epoch.map_or(String::new(), |epoch| format!(" broker-epoch={epoch}"));
    format!(" controller-epoch={}{life}", stamp.controller_epoch)
}

fn lines(head: &str, partitions: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines = Vec::from([String::from(head)]);
    lines.extend(partitions.map(|partition| format!("  {partition}")));
    lines
}

fn partition(info: &PartitionInfo, names: &Names) -> String {
    let PartitionInfo { state, assignment, .. } = info;
    let mut line = format!(
        "{} leader={} isr={} leader-epoch={} version={} replicas={}",
        names.show(info.partition),
        show_broker(state.leader),
        state.isr,
        state.leader_epoch,
        info.partition_epoch,
        assignment.replicas
    );
    if assignment.is_being_reassigned() {
        line += &format!(" adding={} removing={}", assignment.adding, assignment.removing);
    }
    if info.is_new {
        line += " new";
    }
    line
}
