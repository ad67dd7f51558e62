//! Facts about consumer groups: at their coordinator, and in a member's own view.

use super::Desk;
use super::facts::{Fact, Facts, Tone};
use kraftscope_core::config::GroupProtocol;
use kraftscope_core::id::{NodeId, Offset, Text, TopicPartition};
use kraftscope_core::view::{GroupMemberView, GroupView, MembershipView};

fn partitions(desk: &Desk<'_>, list: &[TopicPartition]) -> String {
    let names: Vec<String> = list.iter().map(|id| desk.words.partition(*id)).collect();
    if names.is_empty() { desk.say("none") } else { names.join(", ") }
}

/// The name of its number in the group's protocol.
const fn epoch_of(classic: bool) -> &'static str {
    if classic { "generation" } else { "member-epoch" }
}

/// What a consumer knows of its place in its group.
pub(super) fn of_consumer(facts: &mut Facts<'_>, desk: &Desk<'_>, shown: &MembershipView) {
    facts.add("group", shown.group);
    facts.add("group-phase", desk.say(&format!("phase.{:?}", shown.phase)));
    if !shown.member.is_empty() {
        facts.add("member", shown.member);
    }
    facts.add(epoch_of(shown.protocol == GroupProtocol::Classic), shown.epoch);
    facts.some("coordinator", shown.coordinator.map(|id| desk.words.node(id)));
    facts.add("owned", partitions(desk, &shown.owned));
    let lost: Vec<TopicPartition> =
        shown.owned.iter().filter(|at| !shown.target.contains(at)).copied().collect();
    if !lost.is_empty() {
        facts.tone("revoking", partitions(desk, &lost), Tone::Bad);
    }
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

/// A group, as its coordinator has it: the one that leads its partition, or else the one that thinks it does.
pub(super) fn group(desk: &Desk<'_>, name: Text) -> Vec<Fact> {
    let leads = |group: &&GroupView| {
        let partition = desk.view.partitions.iter().find(|shown| shown.partition == group.partition);
        partition.is_some_and(|shown| shown.leader == Some(group.coordinator))
    };
    let all = || desk.view.groups.iter().filter(|group| group.group == name);
    let mut facts = Facts::new(desk);
    let Some(shown) = all().find(leads).or_else(|| all().next()) else {
        facts.tone("coordinator", desk.say("coordinator.none"), Tone::Bad);
        return facts.done();
    };
    let tone = if shown.state == "Stable" { Tone::Good } else { Tone::Bad };
    facts.tone("state", shown.state, tone);
    facts.add(
        "protocol",
        if shown.protocol.is_empty() { desk.say("none") } else { shown.protocol.to_owned() },
    );
    facts.add(if shown.protocol == "classic" { "generation" } else { "group-epoch" }, shown.epoch);
    facts.some("target-epoch", shown.target_epoch);
    facts.tone("coordinator", desk.words.node(shown.coordinator), Tone::Lead);
    facts.add("kept-in", desk.words.partition(shown.partition));
    for member in &shown.members {
        facts.add("group-member", one(desk, member));
    }
    for (partition, offset) in &shown.offsets {
        let args = [
            ("partition", desk.words.partition(*partition)),
            ("offset", offset.to_string()),
            ("lag", lag(desk, *partition, *offset)),
        ];
        facts.add("committed-offset", desk.tell("committed.what", &args));
    }
    facts.done()
}

/// How many records can be read that the group has not committed.
fn lag(desk: &Desk<'_>, partition: TopicPartition, offset: Offset) -> String {
    let shown = desk.view.partitions.iter().find(|shown| shown.partition == partition);
    let leader = shown.and_then(|shown| shown.copies.iter().find(|copy| Some(copy.broker) == shown.leader));
    let hw = leader.and_then(|copy| copy.log.hw);
    hw.map_or_else(|| "?".to_owned(), |hw| hw.0.saturating_sub(offset.0).to_string())
}

fn one(desk: &Desk<'_>, member: &GroupMemberView) -> String {
    let mut text = format!("{}: {}", member.member, partitions(desk, &member.assigned));
    let epoch = member.epoch.map(|epoch| desk.tell("at-epoch", &[("n", epoch.to_string())]));
    let leader = member.leader.then(|| desk.say("group-leader"));
    let state = (!member.state.is_empty()).then(|| member.state.to_owned());
    let gives = (!member.revoking.is_empty())
        .then(|| desk.tell("gives-up", &[("partitions", partitions(desk, &member.revoking))]));
    for part in [epoch, leader, state, gives].into_iter().flatten() {
        text.push_str(" · ");
        text.push_str(&part);
    }
    text
}
