//! Facts about consumer groups: at their coordinator, and in a member's own view.

use super::Desk;
use super::facts::{Facts, Tone};
use kraftscope_core::id::{NodeId, TopicPartition};
use kraftscope_core::view::{GroupMemberView, MembershipView};

fn partitions(desk: &Desk<'_>, list: &[TopicPartition]) -> String {
    let names: Vec<String> = list.iter().map(|id| desk.words.partition(*id)).collect();
    if names.is_empty() { "·".to_owned() } else { names.join(", ") }
}

/// What a consumer knows of its place in its group.
pub(super) fn of_consumer(facts: &mut Facts<'_>, desk: &Desk<'_>, shown: &MembershipView) {
    facts.add("group", shown.group);
    facts.add("group-phase", desk.say(&format!("phase.{:?}", shown.phase)));
    if !shown.member.is_empty() {
        facts.add("member", shown.member);
    }
    facts.add("generation", shown.epoch);
    facts.some("coordinator", shown.coordinator.map(|id| desk.words.node(id)));
    facts.add("owned", partitions(desk, &shown.owned));
    for (partition, offset) in &shown.committed {
        facts.add("committed-offset", format!("{} → {offset}", desk.words.partition(*partition)));
    }
}

/// The groups that a broker answers for, and their members.
pub(super) fn of_broker(facts: &mut Facts<'_>, desk: &Desk<'_>, broker: NodeId) {
    for group in desk.view.groups.iter().filter(|group| group.coordinator == broker) {
        let args = [
            ("group", group.group.to_string()),
            ("state", group.state.to_owned()),
            ("epoch", group.epoch.to_string()),
            ("members", group.members.len().to_string()),
        ];
        facts.tone("coordinates", desk.tell("coordinates.what", &args), Tone::Lead);
        for member in &group.members {
            facts.add("group-member", one(desk, member));
        }
    }
}

fn one(desk: &Desk<'_>, member: &GroupMemberView) -> String {
    let mut text = format!("{}: {}", member.member, partitions(desk, &member.assigned));
    if !member.state.is_empty() {
        text.push_str(&format!(" ({})", member.state));
    }
    text
}
