//! A group, its members and what they are told, as text.

use crate::group::classic::{self, Awaiting};
use crate::group::offsets::Offsets;
use crate::group::{ClassicGroup, ConsumerGroup};
use crate::id::{Text, TopicPartition};
use crate::scenario::words::Names;
use crate::wire::{GroupMessage, MemberEpoch};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub(super) fn list(names: &Names, partitions: &[TopicPartition]) -> String {
    let shown: Vec<String> = partitions.iter().map(|at| names.show(*at)).collect();
    format!("[{}]", shown.join(", "))
}

fn or_none(text: Option<&str>) -> &str {
    text.unwrap_or("none")
}

/// An answer of the coordinator; requests have no text.
pub(super) fn answer(names: &Names, message: &GroupMessage) -> String {
    let api = message.api();
    match message {
        GroupMessage::JoinGroupResponse(joined) if !joined.error.is_none() => {
            format!("{api} {} member={}", joined.error.name(), joined.member)
        }
        GroupMessage::JoinGroupResponse(joined) => {
            let members: Vec<String> = joined.members.iter().map(|(id, ..)| id.to_string()).collect();
            let told =
                if members.is_empty() { String::new() } else { format!(" members=[{}]", members.join(", ")) };
            let protocol = or_none(joined.protocol.map(|one| one.name()));
            format!(
                "{api} NONE generation={} protocol={protocol} leader={}{told}",
                joined.generation, joined.leader
            )
        }
        GroupMessage::SyncGroupResponse(synced) if synced.error.is_none() => {
            format!("{api} NONE assignment={}", list(names, &synced.assignment))
        }
        GroupMessage::SyncGroupResponse(synced) => format!("{api} {}", synced.error.name()),
        GroupMessage::HeartbeatResponse(error)
        | GroupMessage::LeaveGroupResponse(error)
        | GroupMessage::OffsetCommitResponse(error) => format!("{api} {}", error.name()),
        GroupMessage::ConsumerGroupHeartbeatResponse(told) if !told.error.is_none() => {
            format!("{api} {}", told.error.name())
        }
        GroupMessage::ConsumerGroupHeartbeatResponse(told) => {
            let epoch = match told.epoch {
                MemberEpoch::At(epoch) => epoch.to_string(),
                MemberEpoch::Leave => String::from("-1"),
                MemberEpoch::LeaveStatic => String::from("-2"),
            };
            let assignment = told.assignment.as_ref().map_or(String::from("unchanged"), |it| list(names, it));
            format!("{api} NONE epoch={epoch} assignment={assignment}")
        }
        GroupMessage::FindCoordinatorRequest(_)
        | GroupMessage::FindCoordinatorResponse(_)
        | GroupMessage::JoinGroupRequest(_)
        | GroupMessage::SyncGroupRequest(_)
        | GroupMessage::HeartbeatRequest(_)
        | GroupMessage::LeaveGroupRequest(_)
        | GroupMessage::ConsumerGroupHeartbeatRequest(_)
        | GroupMessage::OffsetCommitRequest(_)
        | GroupMessage::OffsetFetchRequest(_)
        | GroupMessage::OffsetFetchResponse(_) => String::from(api),
    }
}

/// The state of a classic group, then a member a line.
pub(super) fn classic(names: &Names, group: &ClassicGroup) -> String {
    let mut lines = Vec::from([format!(
        "{} generation={} protocol={} leader={}",
        group.state.name(),
        group.generation,
        or_none(group.protocol.map(|one| one.name())),
        or_none(group.leader.as_ref().map(Text::as_str)),
    )]);
    let awaits = |member: &classic::Member| match member.awaiting {
        Some(Awaiting::Join(_)) => " awaits=JoinGroup",
        Some(Awaiting::Sync(_)) => " awaits=SyncGroup",
        None => "",
    };
    lines.extend(
        group.members.iter().map(|(id, member)| {
            format!("{id} assigned={}{}", list(names, &member.assignment), awaits(member))
        }),
    );
    lines.extend(group.pending.keys().map(|id| format!("{id} pending")));
    lines.join("\n")
}

/// The state of a KIP-848 group, then a member a line.
pub(super) fn consumer(names: &Names, group: &ConsumerGroup) -> String {
    let mut lines = Vec::from([format!(
        "{} epoch={} target-epoch={}",
        group.state().name(),
        group.epoch,
        group.target_epoch
    )]);
    lines.extend(group.members.iter().map(|(id, member)| {
        let target = group.target.get(id).map(Vec::as_slice).unwrap_or_default();
        let revoking = if member.revoking.is_empty() {
            String::new()
        } else {
            format!(" revoking={}", list(names, &member.revoking))
        };
        format!(
            "{id} epoch={} {} assigned={}{revoking} target={}",
            member.epoch,
            member.state.name(),
            list(names, &member.assigned),
            list(names, target)
        )
    }));
    lines.join("\n")
}

/// `foo-0@5`, by partition.
pub(super) fn offsets(names: &Names, offsets: &Offsets) -> String {
    let shown: Vec<String> = offsets.iter().map(|(at, to)| format!("{}@{to}", names.show(*at))).collect();
    if shown.is_empty() { String::from("none") } else { shown.join(" ") }
}
