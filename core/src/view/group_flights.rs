//! What the messages of consumer groups say in a few words.

use super::FlightView;
use crate::id::TopicPartition;
use crate::scenario::words::Names;
use crate::wire::{GroupMessage, MemberEpoch};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// At most so many partitions are named.
const NAMED: usize = 4;

/// Fills in summary, error and whether a message is one of many alike.
pub(super) fn of_group(view: &mut FlightView, message: &GroupMessage, names: &Names) {
    match message {
        GroupMessage::FindCoordinatorRequest(group) => view.summary = format!("{group}"),
        GroupMessage::FindCoordinatorResponse(found) => {
            view.error = found.error;
            view.summary = found.coordinator.map(|id| format!("{id}")).unwrap_or_default();
        }
        GroupMessage::JoinGroupRequest(join) => view.summary = format!("{} {}", join.group, join.member),
        GroupMessage::JoinGroupResponse(joined) => {
            view.error = joined.error;
            view.summary = format!("generation {}", joined.generation);
            if !joined.members.is_empty() {
                view.summary.push_str(&format!(", {} members", joined.members.len()));
            }
        }
        GroupMessage::SyncGroupRequest(sync) => {
            view.summary = format!("{} generation {}", sync.group, sync.generation);
        }
        GroupMessage::SyncGroupResponse(synced) => {
            view.error = synced.error;
            view.summary = partitions(&synced.assignment, names);
        }
        GroupMessage::HeartbeatRequest(beat) => {
            view.routine = true;
            view.summary = format!("{} generation {}", beat.group, beat.generation);
        }
        GroupMessage::HeartbeatResponse(error) => (view.routine, view.error) = (true, *error),
        GroupMessage::LeaveGroupRequest(leave) => view.summary = format!("{} {}", leave.group, leave.member),
        GroupMessage::LeaveGroupResponse(error) | GroupMessage::OffsetCommitResponse(error) => {
            view.error = *error;
        }
        GroupMessage::ConsumerGroupHeartbeatRequest(beat) => {
            view.routine = beat.owned.is_none();
            view.summary = format!("{} {}", beat.group, epoch(beat.epoch));
        }
        GroupMessage::ConsumerGroupHeartbeatResponse(answer) => {
            view.error = answer.error;
            view.routine = answer.assignment.is_none();
            let assigned = answer.assignment.as_deref().map(|it| format!(": {}", partitions(it, names)));
            view.summary = format!("{}{}", epoch(answer.epoch), assigned.unwrap_or_default());
        }
        GroupMessage::OffsetCommitRequest(commit) => {
            let shown = commit.offsets.iter().take(NAMED);
            let shown: Vec<String> = shown.map(|(at, to)| format!("{} @{to}", names.show(*at))).collect();
            view.summary = shown.join(", ");
        }
        GroupMessage::OffsetFetchRequest(fetch) => view.summary = partitions(&fetch.partitions, names),
        GroupMessage::OffsetFetchResponse(fetched) => {
            view.error = fetched.error;
            let known = fetched.offsets.iter().filter_map(|(at, offset)| Some((at, (*offset)?)));
            let shown: Vec<String> =
                known.take(NAMED).map(|(at, to)| format!("{} @{to}", names.show(*at))).collect();
            view.summary = shown.join(", ");
        }
    }
}

fn epoch(epoch: MemberEpoch) -> String {
    match epoch {
        MemberEpoch::At(epoch) => format!("epoch {epoch}"),
        MemberEpoch::Leave => String::from("epoch -1"),
        MemberEpoch::LeaveStatic => String::from("epoch -2"),
    }
}

fn partitions(list: &[TopicPartition], names: &Names) -> String {
    let shown: Vec<String> = list.iter().take(NAMED).map(|at| names.show(*at)).collect();
    let more = if list.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
