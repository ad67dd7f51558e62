//! A partition's label: its name, its in-sync replicas, its epochs, and whether acks=all passes.

use super::mark::Mark;
use super::sheet::{Sheet, halo};
use super::svg::{centred, n, sign, two_tones, words};
use super::{describe, icon, raft};
use crate::layout::{Point, RowBox, fit, fit_partition, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::{NodeList, Text};
use kraftscope_core::mode::Mode;
use kraftscope_core::view::{ClusterView, PartitionView};
use yew::prelude::*;

/// Which partition.
#[derive(Clone, Debug, Properties)]
pub(super) struct RowProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) place: RowBox,
    pub(super) mark: Mark,
}

impl RowProps {
    fn shown(&self) -> Option<&PartitionView> {
        self.view.partitions.iter().find(|shown| shown.partition == self.place.partition)
    }
}

impl RowProps {
    /// The groups that the partition keeps.
    fn kept(&self) -> Vec<Text> {
        super::group::kept(&self.view, self.place.partition)
    }
}

/// The registration, without the replicas' logs.
fn drawn(partition: &PartitionView) -> impl PartialEq + use<> {
    let leader = (partition.leader, partition.leader_epoch, partition.partition_epoch);
    let promise = (partition.min_isr, partition.accepts_acks_all, partition.elr, partition.recovering);
    let moves = (partition.replicas, partition.adding, partition.removing);
    (partition.partition, moves, partition.isr, leader, promise, proposed(partition))
}

impl PartialEq for RowProps {
    fn eq(&self, other: &RowProps) -> bool {
        self.place == other.place
            && self.mark == other.mark
            && self.sheet == other.sheet
            && self.shown().map(drawn) == other.shown().map(drawn)
            && self.kept() == other.kept()
            && self.shown().map(|shown| members(self, shown))
                == other.shown().map(|shown| members(other, shown))
    }
}

/// The ISR that a leader has asked for.
pub(super) fn proposed(partition: &PartitionView) -> Option<NodeList> {
    partition.copies.iter().find_map(|copy| copy.pending_isr).map(|pending| pending.proposed)
}

/// The label of a row.
#[component]
pub(super) fn Row(props: &RowProps) -> Html {
    let Some(shown) = props.shown() else { return Html::default() };
    let (sheet, layout) = (&props.sheet, &props.sheet.layout);
    let what = Selection::Partition(shown.partition);
    let area = props.place.label;
    let body = if layout.narrow {
        in_one_line(props, shown)
    } else if layout.density.has_words() {
        in_full(props, shown)
    } else {
        in_two_lines(props, shown)
    };
    html! {
        <g class={props.mark.classes("st-row")} tabindex="0" role="button"
           aria-label={describe::partition(sheet, shown)} onkeydown={sheet.keys(what)} onclick={sheet.press(what)}>
            { super::svg::frame(area.grow(5.0), 6.0, "st-row-ground") }
            { halo(area.grow(1.0), 6.0, props.mark.changed) }
            { body }
        </g>
    }
}

fn name(shown: &PartitionView) -> String {
    format!("{}-{}", shown.topic, shown.partition.partition)
}

/// Name, ISR, leader epoch, partition epoch, acks: one below the other.
fn in_full(props: &RowProps, shown: &PartitionView) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.label);
    let radius = m.small * 0.68;
    let name_y = area.y + m.body;
    let members_y = name_y + 5.0 + radius + 1.0;
    let line = ((area.bottom() - 1.0 - members_y - radius) / 3.0).min(m.line(m.small) + 2.0);
    let y = |number: f64| members_y + radius + 1.0 + line * number - line * 0.15;
    let room = area.w - 16.0;
    let is_raft = raft::is_raft(&props.view);
    let epoch_key = if is_raft { "raft.epoch" } else { "epoch.leader" };
    let leader = sheet.tell(epoch_key, &[("n", shown.leader_epoch.to_string())]);
    let special = state(props, shown);
    let tone = match special {
        None => "st-quiet",
        Some(_) if is_moving(shown) => "st-tag is-asked",
        Some(_) if is_usual(shown) => "st-quiet",
        Some(_) => "st-tag is-bad",
    };
    let version = special
        .unwrap_or_else(|| sheet.tell(version_key(props), &[("n", shown.partition_epoch.to_string())]));
    let size = m.body + 1.0;
    html! {
        <>
            { words(Point::new(area.x, name_y), size, "st-partition", fit_partition(&name(shown), room, size)) }
            { isr(props, shown, Point::new(area.x, members_y), radius) }
            { words(Point::new(area.x, y(1.0)), m.small, "st-quiet", fit(&leader, room, m.small)) }
            { words(Point::new(area.x, y(2.0)), m.small, tone, fit(&version, room, m.small)) }
            { acks(props, shown, Point::new(area.x, y(3.0)), room) }
        </>
    }
}

/// What the registration's version is called: with ZooKeeper it is the version of the partition's znode. A Raft group
/// has none that matters, and has no ISR: that is said instead.
fn version_key(props: &RowProps) -> &'static str {
    match props.view.mode {
        Mode::ZooKeeper => "epoch.zk-version",
        Mode::KRaft => "epoch.partition",
        Mode::KafkaRaft => "raft.no-isr",
    }
}

/// Name, then how many are in sync and whether acks=all passes.
fn in_two_lines(props: &RowProps, shown: &PartitionView) -> Html {
    let (m, area) = (&props.sheet.layout.metrics, props.place.label);
    let first = area.middle().y - 3.0;
    let second = first + m.line(m.small);
    let room = area.w - 16.0;
    let count = counted(props, shown, room - m.small - 6.0);
    html! {
        <>
            { words(Point::new(area.x, first), m.body, "st-partition", fit_partition(&name(shown), room, m.body)) }
            { words(Point::new(area.x, second), m.small, "st-quiet", count.clone()) }
            { passes(shown, Point::new(area.x + width_of(&count, m.small) + 6.0, second), m.small) }
        </>
    }
}

/// Name, how many are in sync, whether acks=all passes: above a row on a phone.
fn in_one_line(props: &RowProps, shown: &PartitionView) -> Html {
    let (m, area) = (&props.sheet.layout.metrics, props.place.label);
    let y = area.y + m.body;
    let count = format!("{}/{}", members(props, shown).len(), shown.replicas.len());
    let start = area.x + m.small + 4.0;
    let room = area.right() - start - 1.5 * m.small;
    let name = fit_partition(&name(shown), room - width_of(&count, m.small), m.small);
    let left = room - width_of(&name, m.small) - width_of(&count, m.small);
    let count = state(props, shown)
        .map(|state| format!("{count} · {state}"))
        .filter(|both| width_of(both, m.small) <= left + width_of(&count, m.small))
        .unwrap_or(count);
    html! {
        <>
            { passes(shown, Point::new(area.x, y), m.small) }
            { two_tones(Point::new(start, y), m.small, ("st-partition", name), (m.small, count)) }
        </>
    }
}

/// The in-sync replicas; of a Raft group who takes part.
fn members(props: &RowProps, shown: &PartitionView) -> NodeList {
    if !raft::is_raft(&props.view) {
        return shown.isr;
    }
    shown.copies.iter().filter(|copy| raft::takes_part(shown, copy)).map(|copy| copy.broker).collect()
}

fn counted(props: &RowProps, shown: &PartitionView, room: f64) -> String {
    let args = [
        ("n", members(props, shown).len().to_string()),
        ("of", shown.replicas.len().to_string()),
        ("epoch", shown.leader_epoch.to_string()),
    ];
    let key = if raft::is_raft(&props.view) { "raft.count" } else { "isr.count" };
    let count = props.sheet.tell(key, &args);
    let Some(state) = state(props, shown) else { return count };
    let both = format!("{count} · {state}");
    let fits = width_of(&both, props.sheet.layout.metrics.small) <= room;
    if fits || !is_usual(shown) { both } else { count }
}

/// What is special about the partition: who may lead though not in sync, that an unclean election has happened, or
/// where it moves.
fn state(props: &RowProps, shown: &PartitionView) -> Option<String> {
    if !shown.elr.is_empty() {
        let numbers: Vec<String> = shown.elr.iter().map(|id| id.number().to_string()).collect();
        return Some(props.sheet.tell("elr", &[("nodes", numbers.join(", "))]));
    }
    if shown.recovering {
        return Some(props.sheet.say("recovering"));
    }
    let kept: Vec<String> = props.kept().iter().map(ToString::to_string).collect();
    if !is_moving(shown) && !kept.is_empty() {
        return Some(props.sheet.tell("keeps", &[("groups", kept.join(", "))]));
    }
    is_moving(shown).then(|| {
        let target = shown.replicas.iter().filter(|&id| !shown.removing.contains(id));
        let numbers: Vec<String> = target.map(|id| id.number().to_string()).collect();
        props.sheet.tell("moving", &[("nodes", numbers.join(", "))])
    })
}

/// Nothing is wrong with it, and it does not move.
fn is_usual(shown: &PartitionView) -> bool {
    shown.elr.is_empty() && !shown.recovering && !is_moving(shown)
}

/// A reassignment is under way, and it is the only thing that is special.
fn is_moving(shown: &PartitionView) -> bool {
    let moves = !shown.adding.is_empty() || !shown.removing.is_empty();
    moves && shown.elr.is_empty() && !shown.recovering
}

/// One round per replica in assignment order: solid when in sync, dashed when not, doubled when about to change.
fn isr(props: &RowProps, shown: &PartitionView, place: Point, radius: f64) -> Html {
    let m = &props.sheet.layout.metrics;
    let asked = proposed(shown);
    let members = members(props, shown);
    let label = props.sheet.say(if raft::is_raft(&props.view) { "raft.group" } else { "isr" });
    // Many replicas stand closer together, and when that is not enough without the word in front of them.
    let (room, word) = (props.place.label.w - 12.0, width_of(&label, m.small) + 6.0);
    let gaps = f64::from(shown.replicas.len().max(2)) - 1.0;
    let pitch_in = |room: f64| ((room - 2.0 * radius) / gaps).min(2.0 * radius + 6.0);
    let has_word = pitch_in(room - word) >= 2.0 * radius + 1.5;
    let pitch = pitch_in(if has_word { room - word } else { room });
    let label = if has_word { label } else { String::new() };
    let start = place.x + if has_word { word } else { 0.0 } + radius;
    let round = |(i, id): (usize, kraftscope_core::id::NodeId)| {
        let x = start + pitch * i as f64;
        let inside = members.contains(id);
        let changes = asked.is_some_and(|asked| asked.contains(id) != inside);
        let class = classes!(
            "st-member",
            if inside { "is-in" } else { "is-out" },
            (shown.leader == Some(id)).then_some("is-leader"),
            changes.then_some("is-asked"),
        );
        let size = m.small - 0.5;
        html! {
            <g key={id.0} {class}>
                if changes { <circle class="st-member-asked" cx={n(x)} cy={n(place.y)} r={n(radius + 2.5)} /> }
                <circle class="st-member-ring" cx={n(x)} cy={n(place.y)} r={n(radius)} />
                { centred(Point::new(x, place.y + size * 0.36), size, "", id.number().to_string()) }
            </g>
        }
    };
    html! {
        <>
            { words(Point::new(place.x, place.y + m.small * 0.36), m.small, "st-quiet", label) }
            { for shown.replicas.iter().enumerate().map(round) }
        </>
    }
}

/// Whether a produce with acks=all is accepted now, and why not.
fn acks(props: &RowProps, shown: &PartitionView, place: Point, room: f64) -> Html {
    let (sheet, m) = (&props.sheet, &props.sheet.layout.metrics);
    let text = if raft::is_raft(&props.view) {
        raft::commits(sheet, shown).0
    } else if shown.accepts_acks_all {
        sheet.say("acks.passes")
    } else if shown.isr.len() < shown.min_isr {
        sheet.tell("acks.blocked", &[("n", shown.isr.len().to_string()), ("min", shown.min_isr.to_string())])
    } else if shown.leader.is_some() {
        sheet.say("acks.not-ready")
    } else {
        sheet.say("acks.leaderless")
    };
    let class = if shown.accepts_acks_all { "is-ok" } else { "is-bad" };
    html! {
        <>
            { passes(shown, place, m.small) }
            { words(Point::new(place.x + m.small + 4.0, place.y), m.small, classes!("st-tag", class),
                    fit(&text, room - m.small - 4.0, m.small)) }
        </>
    }
}

fn passes(shown: &PartitionView, place: Point, size: f64) -> Html {
    let (path, class) = if shown.accepts_acks_all { (icon::CHECK, "is-ok") } else { (icon::CROSS, "is-bad") };
    sign(path, Point::new(place.x, place.y - size * 0.88), size / 16.0, classes!("st-tag-sign", class))
}
