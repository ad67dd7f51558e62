//! What the messages of ZooKeeper, of its controller and of Raft groups say in a few words.

use super::FlightView;
use super::ensemble::kind_of_ops;
use crate::id::{TopicId, TopicPartition};
use crate::scenario::words::Names;
use crate::wire::{
    AppendOutcome, ControlMessage, ControllerStamp, ErrorCode, Message, PartitionRaftBody,
    PartitionRaftMessage, Proposal, RaftMessage, ZkReply, ZkRequest, ZooKeeperMessage,
};
use crate::znode::{EventType, Path, ZooKeeperError};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// At most so many partitions are named.
const NAMED: usize = 4;

/// A path as an administrator would type it, with the names of topics.
pub fn show_path(path: Path, names: &Names) -> String {
    let name = |id: TopicId| names.0.get(usize::from(id.0)).map(ToString::to_string);
    let shown = match path {
        Path::PartitionState(at) => {
            name(at.topic).map(|name| format!("/brokers/topics/{name}/partitions/{}/state", at.partition))
        }
        Path::Topic(id) => name(id).map(|name| format!("/brokers/topics/{name}")),
        Path::TopicConfig(id) => name(id).map(|name| format!("/config/topics/{name}")),
        _ => None,
    };
    shown.unwrap_or_else(|| path.to_string())
}

/// Fills in summary, error, partitions and whether a message is one of many alike.
pub(super) fn describe(view: &mut FlightView, message: &Message, names: &Names) {
    match message {
        Message::Control(message) => of_control(view, message, names),
        Message::ZooKeeper(message) => of_zookeeper(view, message, names),
        Message::PartitionRaft(message) => of_partition_raft(view, message),
        _ => {}
    }
}

/// A message between a controller of the ZooKeeper era and a broker.
fn of_control(view: &mut FlightView, message: &ControlMessage, names: &Names) {
    let epoch = |stamp: &ControllerStamp| format!("controller epoch {}", stamp.controller_epoch);
    match message {
        ControlMessage::LeaderAndIsrRequest(asked) => {
            name(view, asked.partitions.iter().map(|info| info.partition));
            let told = asked.partitions.iter().take(NAMED).map(|info| {
                let leader =
                    info.state.leader.map_or_else(|| String::from("-1"), |id| id.number().to_string());
                format!("{} leader {leader}", names.show(info.partition))
            });
            view.summary = format!("{}; {}", epoch(&asked.stamp), told.collect::<Vec<String>>().join(", "));
        }
        ControlMessage::UpdateMetadataRequest(asked) => {
            name(view, asked.partitions.iter().map(|info| info.partition));
            view.summary = format!("{}; {} partitions", epoch(&asked.stamp), asked.partitions.len());
        }
        ControlMessage::StopReplicaRequest(asked) => {
            name(view, asked.partitions.iter().map(|(at, ..)| *at));
            view.summary = epoch(&asked.stamp);
        }
        ControlMessage::ControlledShutdownRequest(asked) => view.summary = asked.broker.to_string(),
        ControlMessage::LeaderAndIsrResponse(error, each)
        | ControlMessage::StopReplicaResponse(error, each) => {
            name(view, each.iter().map(|(at, _)| *at));
            view.error = first_of(*error, each.iter().map(|(_, error)| *error));
        }
        ControlMessage::UpdateMetadataResponse(error) => view.error = *error,
        ControlMessage::ControlledShutdownResponse(error, left) => {
            view.error = *error;
            name(view, left.iter().copied());
        }
    }
}

/// The first error there is.
fn first_of(whole: ErrorCode, mut each: impl Iterator<Item = ErrorCode>) -> ErrorCode {
    if whole.is_none() { each.find(|error| !error.is_none()).unwrap_or_default() } else { whole }
}

/// A message of ZooKeeper. What keeps sessions and members alive is routine; a watch that fires never is.
fn of_zookeeper(view: &mut FlightView, message: &ZooKeeperMessage, names: &Names) {
    match message {
        ZooKeeperMessage::ConnectRequest { session, .. }
        | ZooKeeperMessage::ConnectResponse { session, .. } => {
            view.summary = format!("session 0x{:x}", session.0);
        }
        ZooKeeperMessage::Ping(_) | ZooKeeperMessage::Pong | ZooKeeperMessage::Touch(_) => {
            view.routine = true
        }
        ZooKeeperMessage::Requests(_, asked) => {
            let shown: Vec<String> = asked.iter().take(NAMED).map(|one| request(one, names)).collect();
            view.summary = shorten(shown, asked.len());
        }
        ZooKeeperMessage::Responses(told, zxid) => {
            let error = told.iter().find_map(refusal);
            view.summary = match error {
                Some(error) => format!("{error:?}, zxid {}", zxid.0),
                None => format!("zxid {}", zxid.0),
            };
        }
        ZooKeeperMessage::SetWatches(watches, _) => view.summary = format!("{} watches", watches.len()),
        ZooKeeperMessage::WatchEvent(path, event) => {
            view.summary = format!("{} {}", show_path(*path, names), event_name(*event));
        }
        ZooKeeperMessage::Peer(message) => of_raft(view, message),
        ZooKeeperMessage::Forward(writes) => {
            let shown: Vec<String> =
                writes.iter().take(NAMED).map(|(_, write)| String::from(proposal(write))).collect();
            view.summary = shorten(shown, writes.len());
        }
        ZooKeeperMessage::Revalidate(session) | ZooKeeperMessage::Revalidated(session, _) => {
            view.routine = true;
            view.summary = format!("session 0x{:x}", session.0);
        }
        ZooKeeperMessage::CloseSession(_) | ZooKeeperMessage::SessionClosed | ZooKeeperMessage::Closed => {}
    }
}

fn refusal(told: &Result<ZkReply, ZooKeeperError>) -> Option<ZooKeeperError> {
    match told {
        Ok(ZkReply::MultiRefused(_, error)) | Err(error) => Some(*error),
        Ok(_) => None,
    }
}

fn request(asked: &ZkRequest, names: &Names) -> String {
    match asked {
        ZkRequest::GetData(path, watch) => format!("get {}{}", show_path(*path, names), watched(*watch)),
        ZkRequest::GetChildren(path, watch) => format!("ls {}{}", show_path(*path, names), watched(*watch)),
        ZkRequest::Exists(path, watch) => format!("exists {}{}", show_path(*path, names), watched(*watch)),
        ZkRequest::Write(op) => {
            format!("{} {}", kind_of_ops(core::slice::from_ref(op)), show_path(op.path(), names))
        }
        ZkRequest::Multi(ops) => {
            let first = ops.last().map(|op| show_path(op.path(), names)).unwrap_or_default();
            format!("multi {first}")
        }
    }
}

const fn watched(watch: bool) -> &'static str {
    if watch { " (watch)" } else { "" }
}

const fn proposal(write: &Proposal) -> &'static str {
    super::ensemble::kind_of(write)
}

const fn event_name(event: EventType) -> &'static str {
    match event {
        EventType::NodeCreated => "NodeCreated",
        EventType::NodeDeleted => "NodeDeleted",
        EventType::NodeDataChanged => "NodeDataChanged",
        EventType::NodeChildrenChanged => "NodeChildrenChanged",
    }
}

fn shorten(shown: Vec<String>, all: usize) -> String {
    let more = if all > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// A message of a partition's Raft group.
fn of_partition_raft(view: &mut FlightView, message: &PartitionRaftMessage) {
    name(view, [message.partition]);
    match &message.body {
        PartitionRaftBody::Raft(message) => of_raft(view, message),
        PartitionRaftBody::AskRecord(offset) => view.summary = format!("@{offset}?"),
        PartitionRaftBody::RecordAnswer(offset, record) => {
            view.summary = format!("@{offset}: {}", if record.is_some() { "+1" } else { "-" });
        }
    }
}

/// A message of Raft: an AppendEntries without entries is a heartbeat.
fn of_raft<R>(view: &mut FlightView, message: &RaftMessage<R>) {
    match message {
        RaftMessage::RequestVote { epoch, pre_vote, .. } => {
            view.summary = format!("{}epoch {epoch}", if *pre_vote { "pre-vote, " } else { "" });
        }
        RaftMessage::Vote { epoch, granted, .. } => {
            view.summary = format!("{} epoch {epoch}", if *granted { "+" } else { "-" });
        }
        RaftMessage::Append(append) => {
            view.routine = append.entries.is_empty();
            view.summary = match append.entries.len() {
                0 => format!("heartbeat, epoch {}, HW {}", append.epoch, append.high_watermark),
                more => {
                    format!("@{} +{more}, epoch {}, HW {}", append.from, append.epoch, append.high_watermark)
                }
            };
        }
        RaftMessage::Appended(answer) => {
            view.summary = match answer.outcome {
                AppendOutcome::Matched(offset) => format!("match {offset}"),
                AppendOutcome::Stale => format!("epoch {}", answer.epoch),
                AppendOutcome::Conflict { first, .. } => format!("conflict from {first}"),
            };
            view.routine = matches!(answer.outcome, AppendOutcome::Matched(_));
        }
    }
}

fn name(view: &mut FlightView, partitions: impl IntoIterator<Item = TopicPartition>) {
    view.partitions = partitions.into_iter().take(NAMED).collect();
}
