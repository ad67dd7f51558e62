//! One replica: its role, whether it is in sync, and its log.

use super::log::{Drawing, Tick};
use super::mark::Mark;
use super::sheet::{Sheet, halo};
use super::svg::{ending, frame, n, sign, two_tones};
use super::{describe, icon, raft};
use crate::layout::{LogWindow, Point, Rect, Strip, fit, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::{NodeId, Offset};
use kraftscope_core::view::{ClusterView, ConsumerView, Health, PartitionView, ReplicaRole, ReplicaView};
use yew::prelude::*;

/// Which replica; equal when nothing about it that is drawn has changed.
#[derive(Clone, Debug, Properties)]
pub(super) struct CardProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    /// Index of the partition.
    pub(super) partition: usize,
    /// Index of the replica.
    pub(super) copy: usize,
    pub(super) area: Rect,
    pub(super) mark: Mark,
}

impl CardProps {
    fn partition(&self) -> Option<&PartitionView> {
        self.view.partitions.get(self.partition)
    }

    fn copy(&self) -> Option<&ReplicaView> {
        self.partition()?.copies.get(self.copy)
    }

    /// Who reads this partition next at which offset; drawn on the log of the replica that is read.
    fn readers(&self) -> Vec<(NodeId, Offset)> {
        let (Some(partition), Some(copy)) = (self.partition(), self.copy()) else { return Vec::new() };
        let position = |consumer: &ConsumerView| {
            let here = (partition.partition, copy.broker);
            let found = consumer.positions.iter().find(|(of, _)| *of == partition.partition);
            found.filter(|_| consumer.read_replicas.contains(&here)).map(|(_, offset)| (consumer.id, *offset))
        };
        self.view.consumers.iter().filter_map(position).collect()
    }

    fn log(&self) -> Option<(Strip, LogWindow)> {
        self.partition().map(|partition| self.sheet.layout.log(self.area, partition))
    }

    /// What the leader asks for this replica: in, out, or nothing.
    fn asked(&self) -> Option<bool> {
        let (partition, copy) = (self.partition()?, self.copy()?);
        let pending = partition.copies.iter().find_map(|other| other.pending_isr)?;
        let proposed = pending.proposed.contains(copy.broker);
        (proposed != partition.isr.contains(copy.broker)).then_some(proposed)
    }
}

impl PartialEq for CardProps {
    fn eq(&self, other: &CardProps) -> bool {
        self.area == other.area
            && self.mark == other.mark
            && self.sheet == other.sheet
            && (self.view == other.view
                || (self.copy() == other.copy()
                    && self.asked() == other.asked()
                    && self.log() == other.log()
                    && self.readers() == other.readers()
                    && epoch(self) == epoch(other)))
    }
}

/// What is drawn of the partition as a whole: which it is, its epoch, and the tag of a member of a Raft group.
fn epoch(props: &CardProps) -> Option<(kraftscope_core::id::TopicPartition, u32, Option<String>)> {
    let (partition, copy) = (props.partition()?, props.copy()?);
    let tag = raft::is_raft(&props.view).then(|| raft::tag(&props.sheet, &props.view, partition, copy).0);
    Some((partition.partition, partition.leader_epoch.0, tag))
}

/// One replica.
#[component]
pub(super) fn Card(props: &CardProps) -> Html {
    let (Some(partition), Some(copy)) = (props.partition(), props.copy()) else { return Html::default() };
    let layout = &props.sheet.layout;
    let (strip, window) = layout.log(props.area, partition);
    let sign = layout.role_sign(props.area, &strip);
    let ticks = ticks(copy, &props.readers());
    let drawing = Drawing {
        log: &copy.log,
        window,
        strip,
        density: layout.density,
        metrics: layout.metrics,
        selected: props.mark.record,
        ticks: &ticks,
    };
    let what = Selection::Replica { partition: partition.partition, broker: copy.broker };
    let class = classes!(
        props.mark.classes("st-card"),
        match (raft::is_raft(&props.view), copy.in_isr) {
            (true, _) => raft::class(partition, copy),
            (false, true) => "is-in",
            (false, false) => "is-out",
        },
        (copy.role == ReplicaRole::Leader && copy.is_true_leader).then_some("is-leader"),
        props.asked().map(|joins| if joins { "is-joining" } else { "is-leaving" }),
        match copy.health {
            Health::Up => "is-up",
            Health::Paused => "is-paused",
            Health::Down => "is-down",
        }
    );
    html! {
        <g {class} tabindex="0" role="button" aria-label={describe::replica(&props.sheet, partition, copy)}
           onkeydown={props.sheet.keys(what)} onclick={props.sheet.press(what)}>
            { halo(props.area, 8.0, props.mark.changed) }
            { frame(props.area, 8.0, "st-card-frame") }
            if layout.density.has_words() {
                { head(props, partition, copy) }
            }
            { role_sign(partition, copy, Point::new(sign.x, sign.y), sign.w) }
            { drawing.draw() }
            if raft::is_raft(&props.view) && !layout.density.has_words() && layout.density.has_numbers() {
                { standing(props, partition, copy) }
            }
        </g>
    }
}

/// Where there is no line of words: what a member of a Raft group got or is known to have, below the log.
fn standing(props: &CardProps, partition: &PartitionView, copy: &ReplicaView) -> Html {
    let m = &props.sheet.layout.metrics;
    let (text, _, class) = raft::tag(&props.sheet, &props.view, partition, copy);
    let place = Point::new(props.area.right() - m.pad, props.area.bottom() - 5.0);
    ending(place, m.small, classes!("st-tag", class), fit(&text, props.area.w * 0.6, m.small))
}

/// The line of words above the log: role on the left, standing in the ISR on the right.
fn head(props: &CardProps, partition: &PartitionView, copy: &ReplicaView) -> Html {
    let m = &props.sheet.layout.metrics;
    let area = props.area;
    let baseline = area.y + 4.0 + m.body;
    let start = area.x + m.pad + m.body + 6.0;
    let right = area.right() - m.pad;
    let (tag, tag_sign, tag_class) = if raft::is_raft(&props.view) {
        raft::tag(&props.sheet, &props.view, partition, copy)
    } else {
        tag(props, copy)
    };
    let role = role_word(&props.sheet, partition, copy);
    let room = right - start - width_of(&role, m.body);
    let left_for_extra = room - m.body * 0.5 - m.small - 6.0;
    let extra = unusual(&props.sheet, partition, copy, left_for_extra);
    let extra_width = if extra.is_empty() { 0.0 } else { width_of(&extra, m.small) + m.body * 0.5 };
    let tag_width = m.small + 4.0 + width_of(&tag, m.small);
    let has_tag_words = extra_width + tag_width + 8.0 <= room;
    let extra = fit(&extra, left_for_extra, m.small);
    let role = fit(&role, right - start - m.small - 6.0, m.body);
    // Two letters of a word say less than the sign in front of it.
    let role = if role.ends_with('…') && role.chars().count() < 5 { String::new() } else { role };
    let sign_x = right - if has_tag_words { tag_width } else { m.small };
    html! {
        <>
            { two_tones(Point::new(start, baseline), m.body, ("st-role", role), (m.small, extra)) }
            { sign(tag_sign, Point::new(sign_x, baseline - m.small * 0.9), m.small / 16.0,
                   classes!("st-tag-sign", tag_class)) }
            if has_tag_words {
                { ending(Point::new(right, baseline), m.small, classes!("st-tag", tag_class), tag) }
            }
        </>
    }
}

/// The controller has made it the leader, and it has not learned of that yet.
pub(super) fn is_named(partition: &PartitionView, copy: &ReplicaView) -> bool {
    copy.raft.is_none()
        && partition.leader == Some(copy.broker)
        && copy.role != ReplicaRole::Leader
        && copy.health != Health::Down
}

/// `Leader`, `Follower`; of a dead process that it is dead.
pub(super) fn role_word(sheet: &Sheet, partition: &PartitionView, copy: &ReplicaView) -> String {
    if let Some(raft) = copy.raft.as_ref().filter(|_| copy.health != Health::Down) {
        return raft::role_word(sheet, copy, raft);
    }
    match (copy.health, copy.role) {
        (Health::Down, _) => sheet.say("health.Down"),
        _ if is_named(partition, copy) => sheet.say("role.named"),
        (_, role) => sheet.say(&format!("role.{role:?}")),
    }
}

/// What is unusual about a role: an old epoch, requests that wait.
fn unusual(sheet: &Sheet, partition: &PartitionView, copy: &ReplicaView, room: f64) -> String {
    let size = sheet.layout.metrics.small;
    if copy.role == ReplicaRole::Offline || copy.health == Health::Down || copy.raft.is_some() {
        return String::new();
    }
    if copy.leader_epoch < partition.leader_epoch {
        return sheet.tell("epoch", &[("n", copy.leader_epoch.to_string())]);
    }
    if copy.waiting_produces > 0 {
        let n = copy.waiting_produces.to_string();
        let words = sheet.tell("waiting", &[("n", n.clone())]);
        return if width_of(&words, size) <= room { words } else { format!("({n})") };
    }
    String::new()
}

/// In the ISR or not, or about to change: word, sign and class.
fn tag(props: &CardProps, copy: &ReplicaView) -> (String, &'static str, &'static str) {
    match (props.asked(), copy.in_isr) {
        (Some(true), _) => (props.sheet.say("isr.joining"), icon::CLOCK, "is-asked"),
        (Some(false), _) => (props.sheet.say("isr.leaving"), icon::CLOCK, "is-asked"),
        (None, true) => (props.sheet.say("isr.in"), icon::CHECK, "is-ok"),
        (None, false) => (props.sheet.say("isr.out"), icon::CROSS, "is-bad"),
    }
}

/// A crown for the leader, a hollow one for who is to lead and does not know it yet, a dashed one for who leads no
/// more and does not know that; a ring for a follower; a cross for the dead.
fn role_sign(partition: &PartitionView, copy: &ReplicaView, place: Point, size: f64) -> Html {
    let (path, class) = match copy.role {
        _ if copy.health == Health::Down => (icon::CROSS, "st-sign"),
        _ if copy.raft.is_some() => {
            copy.raft.as_ref().map_or((icon::NOTHING, "st-sign"), |raft| raft::role_sign(copy, raft))
        }
        _ if is_named(partition, copy) => (icon::CROWN, "st-crown is-named"),
        ReplicaRole::Leader if copy.is_true_leader => (icon::CROWN, "st-crown"),
        ReplicaRole::Leader => (icon::CROWN, "st-crown is-former"),
        ReplicaRole::Follower if copy.failed => (icon::ALERT, "st-sign is-bad"),
        ReplicaRole::Follower => (icon::RING, "st-sign"),
        ReplicaRole::Offline => (icon::NOTHING, "st-sign"),
    };
    html! {
        <path class={classes!(class)} d={path}
              transform={format!("translate({} {}) scale({})", n(place.x), n(place.y), size / 16.0)} />
    }
}

/// The log ends that the leader knows, and the positions of consumers, one mark per boundary.
fn ticks(copy: &ReplicaView, readers: &[(NodeId, Offset)]) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    let mut place_of = |offset: Offset| {
        ticks.iter().position(|tick| tick.offset == offset).unwrap_or_else(|| {
            ticks.push(Tick { offset, followers: String::new(), consumer: false });
            ticks.len() - 1
        })
    };
    let known = copy.followers.iter().filter_map(|follower| Some((follower.leo?, follower.broker)));
    let progress = copy.raft.iter().flat_map(|raft| &raft.progress);
    let known: Vec<(Offset, NodeId)> = match &copy.raft {
        Some(_) => progress.map(|follower| (follower.matched, follower.broker)).collect(),
        None => known.collect(),
    };
    let ends: Vec<(usize, NodeId)> = known.into_iter().map(|(leo, broker)| (place_of(leo), broker)).collect();
    let carets: Vec<usize> = readers.iter().map(|(_, offset)| place_of(*offset)).collect();
    for (place, broker) in ends {
        let separator = if ticks[place].followers.is_empty() { "" } else { "," };
        ticks[place].followers += &format!("{separator}{}", broker.number());
    }
    for place in carets {
        ticks[place].consumer = true;
    }
    ticks
}
