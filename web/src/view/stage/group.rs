//! A consumer group: what holds its members together, its state, its generation and its coordinator, and whom a
//! rebalance waits for.
//!
//! The words are the coordinator's: while the partition that keeps the group has no leader, or a leader that has not
//! read it yet, the group has no coordinator, and that is said.

use super::mark::Mark;
use super::sheet::{Sheet, halo};
use super::svg::{at, centred, frame, n, sign, words};
use super::{describe, icon};
use crate::i18n::t;
use crate::layout::{GroupBox, Point, fit, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::{NodeId, Text, TopicPartition};
use kraftscope_core::view::{ClusterView, ConsumerView, GroupMemberView, GroupView};
use yew::prelude::*;

/// Which group.
#[derive(Clone, Debug, Properties)]
pub(super) struct GroupProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) place: GroupBox,
    pub(super) mark: Mark,
}

impl PartialEq for GroupProps {
    fn eq(&self, other: &GroupProps) -> bool {
        let drawn = |props: &GroupProps| of(&props.view, props.place.group).map(drawn);
        self.place == other.place
            && self.mark == other.mark
            && self.sheet == other.sheet
            && drawn(self) == drawn(other)
    }
}

/// What is drawn of a group: not what it has committed, which moves all the time.
fn drawn(group: &GroupView) -> impl PartialEq + use<> {
    let epochs = (group.epoch, group.target_epoch);
    (group.coordinator, group.protocol, group.state, epochs, group.members.clone())
}

/// The group as the broker has it that answers for it now.
pub(super) fn of(view: &ClusterView, group: Text) -> Option<&GroupView> {
    view.groups.iter().find(|shown| shown.group == group && leads(view, shown.partition, shown.coordinator))
}

fn leads(view: &ClusterView, partition: TopicPartition, broker: NodeId) -> bool {
    view.partitions.iter().any(|shown| shown.partition == partition && shown.leader == Some(broker))
}

/// The names of the groups that a broker answers for.
pub(super) fn coordinated(view: &ClusterView, broker: NodeId) -> Vec<Text> {
    let own = view.groups.iter().filter(|group| group.coordinator == broker);
    own.filter(|group| leads(view, group.partition, broker)).map(|group| group.group).collect()
}

/// The names of the groups that a partition keeps.
pub(super) fn kept(view: &ClusterView, partition: TopicPartition) -> Vec<Text> {
    let mut names: Vec<Text> =
        view.groups.iter().filter(|group| group.partition == partition).map(|group| group.group).collect();
    names.dedup();
    names
}

/// A group's ground and its line of words.
#[component]
pub(super) fn Group(props: &GroupProps) -> Html {
    let (sheet, m, place) = (&props.sheet, &props.sheet.layout.metrics, &props.place);
    let shown = of(&props.view, place.group);
    let what = Selection::Group(place.group);
    let (state, tone) = standing(sheet, shown);
    let baseline = place.title.y + place.title.h / 2.0 + m.small * 0.36;
    let name = sheet.tell("group", &[("group", place.group.to_string())]);
    let room = place.title.w;
    let name = fit(&name, room, m.small);
    let chip_x = place.title.x + m.small + 6.0 + width_of(&name, m.small) + 8.0;
    let chip_w = width_of(&state, m.small) + 14.0;
    let has_chip = chip_x + chip_w <= place.title.right();
    let rest_x = if has_chip { chip_x + chip_w + 8.0 } else { chip_x };
    let rest = said(sheet, &props.view, shown, place.title.right() - rest_x);
    html! {
        <g class={classes!(props.mark.classes("st-group"), tone)} tabindex="0" role="button"
           aria-label={describe::group(sheet, &props.view, place.group)} onkeydown={sheet.keys(what)} onclick={sheet.press(what)}>
            { frame(place.area, 12.0, "st-group-frame") }
            { halo(place.area, 12.0, props.mark.changed) }
            { sign(icon::GROUP, Point::new(place.title.x, baseline - m.small * 0.88), m.small / 16.0, "st-group-sign") }
            { words(Point::new(place.title.x + m.small + 6.0, baseline), m.small, "st-name", name) }
            if has_chip { { chip(Point::new(chip_x, baseline), m.small, state, chip_w, tone) } }
            { words(Point::new(rest_x, baseline), m.small, "st-quiet", rest) }
        </g>
    }
}

fn chip(place: Point, size: f64, text: String, width: f64, tone: &'static str) -> Html {
    let height = size + 6.0;
    html! {
        <g class={classes!("st-chip", tone)} transform={at(Point::new(place.x, place.y - size * 0.36 - height / 2.0))}>
            <rect width={n(width)} height={n(height)} rx={n(height / 2.0)} />
            { centred(Point::new(width / 2.0, height / 2.0 + size * 0.36), size, "", text) }
        </g>
    }
}

/// Kafka's name of its state, and a tone.
fn standing(sheet: &Sheet, shown: Option<&GroupView>) -> (String, &'static str) {
    let Some(shown) = shown else { return (sheet.say("group.homeless"), "is-bad") };
    let tone = match shown.state {
        "Stable" => "is-ok",
        "Empty" => "is-grey",
        _ => "is-warn",
    };
    (shown.state.to_owned(), tone)
}

/// Generation, coordinator, and what it waits for: as much of it as there is room for, the news first.
fn said(sheet: &Sheet, view: &ClusterView, shown: Option<&GroupView>, room: f64) -> String {
    let Some(shown) = shown else { return String::new() };
    let size = sheet.layout.metrics.small;
    let parts = [Some(epoch(sheet, shown)), waits(sheet, view, shown), Some(coordinator(sheet, shown))];
    let mut line = String::new();
    for part in parts.into_iter().flatten() {
        let longer = if line.is_empty() { part } else { format!("{line} · {part}") };
        if width_of(&longer, size) > room {
            break;
        }
        line = longer;
    }
    line
}

/// `generation 3`, `epoch 3`, `epoch 3 → 4`.
pub(super) fn epoch(sheet: &Sheet, shown: &GroupView) -> String {
    let classic = shown.protocol == "classic";
    let number = match shown.target_epoch.filter(|&target| target != shown.epoch) {
        Some(target) => format!("{target} → {}", shown.epoch),
        None => shown.epoch.to_string(),
    };
    sheet.tell(if classic { "group.generation" } else { "group.epoch" }, &[("n", number)])
}

pub(super) fn coordinator(sheet: &Sheet, shown: &GroupView) -> String {
    sheet.tell("group.coordinator", &[("n", shown.coordinator.number().to_string())])
}

/// Whom or what a rebalance waits for; nothing in a stable group.
pub(super) fn waits(sheet: &Sheet, view: &ClusterView, shown: &GroupView) -> Option<String> {
    let list = |wanted: &dyn Fn(&GroupMemberView) -> bool| {
        let wanted = shown.members.iter().filter(|one| wanted(one));
        let names: Vec<String> = wanted.map(|one| member(sheet, view, one.member)).collect();
        names.join(", ")
    };
    let (key, members) = match (shown.state, shown.protocol) {
        ("PreparingRebalance", _) => match list(&|one| one.state != "joins") {
            nobody if nobody.is_empty() => ("group.waits.more", nobody),
            some => ("group.waits.join", some),
        },
        ("CompletingRebalance", _) => match list(&|one| one.leader && one.state != "syncs") {
            nobody if nobody.is_empty() => ("group.waits.log", nobody),
            leader => ("group.waits.share", leader),
        },
        (_, "consumer") => match list(&|one| one.state == "UNREVOKED_PARTITIONS") {
            nobody if nobody.is_empty() => match list(&|one| one.state == "UNRELEASED_PARTITIONS") {
                nobody if nobody.is_empty() => match list(&|one| one.epoch != Some(shown.epoch)) {
                    nobody if nobody.is_empty() => return None,
                    late => ("group.waits.epoch", late),
                },
                some => ("group.waits.release", some),
            },
            some => ("group.waits.revoke", some),
        },
        _ => return None,
    };
    Some(sheet.tell(key, &[("members", members), ("n", shown.epoch.to_string())]))
}

/// `consumer 2` for the consumer whose id in the group this is, or was.
fn member(sheet: &Sheet, view: &ClusterView, id: Text) -> String {
    let has = |shown: &&ConsumerView| shown.membership.as_ref().is_some_and(|own| own.member == id);
    let known = view.consumers.iter().find(has).map(|shown| shown.id.number().to_string());
    let named = || id.as_str().strip_prefix("consumer-")?.split('-').next().map(str::to_owned);
    let name = |n: String| t(sheet.lang, "word.consumer", &[("n", n)]);
    known.or_else(named).map_or_else(|| id.to_string(), name)
}
