//! Groups of a cluster as `show groups` prints them.

use super::group_text::list;
use crate::scenario::words::Names;
use crate::view::{ClusterView, GroupView};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A line a group, a line a member.
pub(super) fn groups(view: &ClusterView, names: &Names) -> String {
    let shown: Vec<String> = view.groups.iter().map(|one| group(one, names)).collect();
    shown.join("\n")
}

fn group(view: &GroupView, names: &Names) -> String {
    let (partition, coordinator) = (names.show(view.partition), view.coordinator);
    let mut text = format!(
        "{} {} at {coordinator} ({partition}) protocol={} epoch={}",
        view.group, view.state, view.protocol, view.epoch
    );
    if let Some(epoch) = view.target_epoch {
        text.push_str(&format!(" target-epoch={epoch}"));
    }
    let offsets: Vec<String> =
        view.offsets.iter().map(|(at, to)| format!("{}@{to}", names.show(*at))).collect();
    text.push_str(&format!(" committed=[{}]", offsets.join(", ")));
    for member in &view.members {
        text.push_str(&format!("\n  {} assigned={}", member.member, list(names, &member.assigned)));
        if let Some(epoch) = member.epoch {
            text.push_str(&format!(" epoch={epoch}"));
        }
        if !member.revoking.is_empty() {
            text.push_str(&format!(" revoking={}", list(names, &member.revoking)));
        }
        if !member.state.is_empty() {
            text.push_str(&format!(" {}", member.state));
        }
        if member.leader {
            text.push_str(" leader");
        }
    }
    text
}
