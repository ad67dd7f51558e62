//! One client: a producer with its batches and promises, or a consumer with its positions; a member of a group shows
//! the partitions that it owns, has to give up, or waits for.

use super::control::health_class;
use super::mark::Mark;
use super::sheet::Sheet;
use super::svg::{at, centred, ending, frame, n, sign, words};
use super::{describe, icon};
use crate::layout::{ClientBox, Metrics, Point, Rect, fit, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::client::membership::Phase;
use kraftscope_core::config::{Acks, GroupProtocol};
use kraftscope_core::id::TopicPartition;
use kraftscope_core::view::{BatchView, ClusterView, ConsumerView, Health, MembershipView, ProducerView};
use yew::prelude::*;

/// Which client.
#[derive(Clone, Debug, Properties)]
pub(super) struct ClientProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) place: ClientBox,
    pub(super) mark: Mark,
}

impl ClientProps {
    fn producer(&self) -> Option<&ProducerView> {
        self.view.producers.iter().find(|shown| shown.id == self.place.id)
    }

    /// What the coordinator has for a member of a group.
    fn promised(&self) -> Vec<(TopicPartition, Hold)> {
        let own = self.consumer().and_then(|shown| shown.membership.as_ref());
        own.map(|own| holds(&self.view, own)).unwrap_or_default()
    }

    fn consumer(&self) -> Option<&ConsumerView> {
        self.view.consumers.iter().find(|shown| shown.id == self.place.id)
    }
}

impl PartialEq for ClientProps {
    fn eq(&self, other: &ClientProps) -> bool {
        self.place == other.place
            && self.mark == other.mark
            && self.sheet == other.sheet
            && self.producer() == other.producer()
            && self.consumer() == other.consumer()
            && self.promised() == other.promised()
    }
}

/// One client.
#[component]
pub(super) fn Client(props: &ClientProps) -> Html {
    let (sheet, area) = (&props.sheet, props.place.area);
    let what = Selection::Node(props.place.id);
    let (health, label, body) = match (props.producer(), props.consumer()) {
        (Some(shown), _) => (shown.health, describe::producer(sheet, shown), producer(props, shown)),
        (_, Some(shown)) => {
            (shown.health, describe::consumer(sheet, &props.view, shown), consumer(props, shown))
        }
        _ => return Html::default(),
    };
    html! {
        <g class={classes!(props.mark.classes("st-client"), health_class(health))} tabindex="0" role="button"
           aria-label={label} onkeydown={sheet.keys(what)} onclick={sheet.press(what)}>
            { frame(area, 10.0, "st-client-frame") }
            { body }
        </g>
    }
}

/// First line: a sign and a name on the left, a word on the right where there is room.
fn title(
    m: &Metrics,
    area: Rect,
    path: &'static str,
    class: &'static str,
    name: &str,
    (tone, right): (&'static str, String),
) -> Html {
    let y = area.y + 5.0 + m.body * 0.9;
    let x = area.x + m.pad + m.body + 5.0;
    let room = area.right() - m.pad - x;
    let both = width_of(name, m.body) + width_of(&right, m.small) + 8.0 <= room;
    html! {
        <>
            { sign(path, Point::new(area.x + m.pad, y - m.body * 0.9), m.body / 16.0, classes!("st-client-sign", class)) }
            { words(Point::new(x, y), m.body, "st-client-name", fit(name, room, m.body)) }
            if both { { ending(Point::new(area.right() - m.pad, y), m.small, tone, right) } }
        </>
    }
}

/// Baseline of the second line.
fn second(area: Rect) -> f64 {
    area.bottom() - 7.0
}

fn producer(props: &ClientProps, shown: &ProducerView) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.area);
    let name = sheet.tell("producer", &[("n", shown.id.number().to_string())]);
    let acks = match shown.acks {
        Acks::Zero => "acks=0",
        Acks::One => "acks=1",
        Acks::All => "acks=all",
    };
    let y = second(area);
    let told = format!("{}", shown.acknowledged);
    let failed = format!("{}", shown.failed);
    let x = area.x + m.pad;
    let after_told = x + m.small + 4.0 + width_of(&told, m.small) + 10.0;
    let after_failed = after_told + m.small + 4.0 + width_of(&failed, m.small) + 12.0;
    html! {
        <>
            { title(m, area, icon::UP, "is-produce", &name, ("st-quiet", acks.to_owned())) }
            { sign(icon::CHECK, Point::new(x, y - m.small * 0.88), m.small / 16.0, "st-tag-sign is-ok") }
            { words(Point::new(x + m.small + 4.0, y), m.small, "st-quiet", told) }
            { sign(icon::CROSS, Point::new(after_told, y - m.small * 0.88), m.small / 16.0,
                   classes!("st-tag-sign", if shown.failed > 0 { "is-bad" } else { "is-grey" })) }
            { words(Point::new(after_told + m.small + 4.0, y), m.small, "st-quiet", failed) }
            { batches(props, shown, Point::new(after_failed, y)) }
        </>
    }
}

/// Batches without an answer: a square each with its partition, dashed while it waits for the next try.
fn batches(props: &ClientProps, shown: &ProducerView, place: Point) -> Html {
    let m = &props.sheet.layout.metrics;
    let area = props.place.area;
    let height = m.small + 4.0;
    let mut x = place.x;
    let mut drawn = Vec::new();
    for (i, batch) in shown.in_flight.iter().enumerate() {
        let label = batch_label(props, batch, shown.in_flight.len());
        let width = (width_of(&label, m.small) + 8.0).max(height);
        let left = shown.in_flight.len() - i;
        let more_follow = left > 1;
        let needed = width + if more_follow { m.small * 2.0 } else { 0.0 };
        if x + needed > area.right() - m.pad {
            drawn.push(words(Point::new(x, place.y), m.small, "st-quiet", format!("+{left}")));
            break;
        }
        let class = classes!("st-batch", batch.leader.is_none().then_some("is-waiting"));
        drawn.push(html! {
            <g key={format!("{}", batch.first)} {class} transform={at(Point::new(x, place.y - m.small + 0.5))}>
                <rect width={n(width)} height={n(height)} rx="3" y="-2" />
                { centred(Point::new(width / 2.0, height / 2.0 - 2.0 + m.small * 0.36), m.small, "", label) }
            </g>
        });
        x += width + 4.0;
    }
    html! { <>{ for drawn }</> }
}

fn batch_label(props: &ClientProps, batch: &BatchView, count: usize) -> String {
    let name = partition_name(&props.view, batch.partition);
    let times = if batch.attempts > 1 { format!(" ×{}", batch.attempts) } else { String::new() };
    if count < 3 {
        return name + &times;
    }
    let short: String = name.chars().take(1).collect();
    let index = batch.partition.partition;
    format!("{short}{index}{times}")
}

/// `orders-0`.
pub(super) fn partition_name(view: &ClusterView, partition: TopicPartition) -> String {
    let found = view.partitions.iter().find(|shown| shown.partition == partition);
    let topic = found.map(|shown| shown.topic.to_string()).unwrap_or_default();
    format!("{topic}-{}", partition.partition)
}

fn consumer(props: &ClientProps, shown: &ConsumerView) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.area);
    let name = sheet.tell("consumer", &[("n", shown.id.number().to_string())]);
    let read = sheet.tell("consumed", &[("n", shown.consumed.to_string())]);
    if shown.health == Health::Down {
        return title(m, area, icon::DOWN, "is-consume", &name, ("st-quiet", sheet.say("health.Down")));
    }
    if let Some(own) = &shown.membership {
        return member(props, shown, own);
    }
    let rack = shown.rack.map(|rack| sheet.tell("rack", &[("rack", rack.to_string())]));
    let read = rack.map_or_else(|| read.clone(), |rack| format!("{rack} · {read}"));
    let line = fit(&positions(&props.view, shown), area.w - 2.0 * m.pad, m.small);
    html! {
        <>
            { title(m, area, icon::DOWN, "is-consume", &name, ("st-quiet", read)) }
            { words(Point::new(area.x + m.pad, second(area)), m.small, "st-quiet", line) }
        </>
    }
}

/// A member of a group: how far it has come on the right of its name, its partitions below.
fn member(props: &ClientProps, shown: &ConsumerView, own: &MembershipView) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.area);
    let name = sheet.tell("consumer", &[("n", shown.id.number().to_string())]);
    let read = sheet.tell("consumed", &[("n", shown.consumed.to_string())]);
    let is_in = own.phase == Phase::Stable;
    let right = if is_in {
        let key = match own.protocol {
            GroupProtocol::Classic => "group.generation",
            GroupProtocol::Consumer => "group.epoch",
        };
        let epoch = sheet.tell(key, &[("n", own.epoch.to_string())]);
        let both = format!("{epoch} · {read}");
        let room = area.w - 2.0 * m.pad - m.body - width_of(&name, m.body) - 18.0;
        if width_of(&both, m.small) <= room { both } else { epoch }
    } else {
        sheet.say(&format!("group.phase.{:?}", own.phase))
    };
    let tone = if is_in { "st-quiet" } else { "st-tag is-asked" };
    html! {
        <>
            { title(m, area, icon::DOWN, "is-consume", &name, (tone, right)) }
            { tiles(props, shown, own) }
        </>
    }
}

/// What a member has to do with a partition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It reads it.
    Owned,
    /// It reads it still, and has to give it up.
    Revoked,
    /// It will get it when whoever has it has let go of it.
    Promised,
}

/// Every partition that concerns the member, by name.
fn holds(view: &ClusterView, own: &MembershipView) -> Vec<(TopicPartition, Hold)> {
    let said = super::group::of(view, own.group);
    let said = said.and_then(|group| group.members.iter().find(|member| member.member == own.member));
    let gives_up =
        |at: &TopicPartition| !own.target.contains(at) || said.is_some_and(|said| said.revoking.contains(at));
    let mut all: Vec<(TopicPartition, Hold)> = Vec::new();
    for at in &own.owned {
        all.push((*at, if gives_up(at) { Hold::Revoked } else { Hold::Owned }));
    }
    let promised = said.map(|said| said.target.as_slice()).unwrap_or_default();
    for at in own.target.iter().chain(promised) {
        if all.iter().all(|(known, _)| known != at) {
            all.push((*at, Hold::Promised));
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

/// A tile for each partition: with the next offset where there is room, by one letter where there is little.
fn tiles(props: &ClientProps, shown: &ConsumerView, own: &MembershipView) -> Html {
    let (m, area) = (&props.sheet.layout.metrics, props.place.area);
    let place = Point::new(area.x + m.pad, second(area));
    let all = holds(&props.view, own);
    if all.is_empty() {
        return words(
            place,
            m.small,
            "st-quiet",
            fit(&props.sheet.say("group.nothing"), area.w - 2.0 * m.pad, m.small),
        );
    }
    let room = area.w - 2.0 * m.pad;
    let forms = [Form::Offset, Form::Name, Form::Letter];
    let labels =
        |form: Form| -> Vec<String> { all.iter().map(|(at, _)| label(props, shown, *at, form)).collect() };
    let wide = |labels: &[String]| labels.iter().map(|text| width_of(text, m.small) + 12.0).sum::<f64>();
    let labels = forms.map(labels).into_iter().find(|labels| wide(labels) <= room + 4.0);
    let labels = labels.unwrap_or_else(|| all.iter().map(|(at, _)| at.partition.to_string()).collect());
    let height = m.small + 4.0;
    let mut x = place.x;
    let mut drawn = Vec::new();
    for (i, ((at_, hold), label)) in all.iter().zip(labels).enumerate() {
        let width = width_of(&label, m.small) + 8.0;
        let left = all.len() - i;
        let needed = width + if left > 1 { m.small * 2.0 } else { 0.0 };
        if x + needed > area.right() - m.pad + 4.0 {
            drawn.push(words(Point::new(x, place.y), m.small, "st-quiet", format!("+{left}")));
            break;
        }
        let class = classes!(
            "st-owned",
            match hold {
                Hold::Owned => None,
                Hold::Revoked => Some("is-revoked"),
                Hold::Promised => Some("is-promised"),
            }
        );
        drawn.push(html! {
            <g key={format!("{}-{}", at_.topic.0, at_.partition)} {class} transform={at(Point::new(x, place.y - m.small + 0.5))}>
                <rect width={n(width)} height={n(height)} rx="3" y="-2" />
                { centred(Point::new(width / 2.0, height / 2.0 - 2.0 + m.small * 0.36), m.small, "", label) }
            </g>
        });
        x += width + 4.0;
    }
    html! { <>{ for drawn }</> }
}

/// How much a tile says.
#[derive(Clone, Copy)]
enum Form {
    /// `orders-0 @4`
    Offset,
    /// `orders-0`
    Name,
    /// `o0`
    Letter,
}

fn label(props: &ClientProps, shown: &ConsumerView, partition: TopicPartition, form: Form) -> String {
    let name = partition_name(&props.view, partition);
    let next = shown.positions.iter().find(|(of, _)| *of == partition).map(|(_, offset)| *offset);
    match (form, next) {
        (Form::Offset, Some(offset)) => format!("{name} @{offset}"),
        (Form::Offset, None) | (Form::Name, _) => name,
        (Form::Letter, _) => format!("{}{}", name.chars().next().unwrap_or_default(), partition.partition),
    }
}

/// `orders 4, 5, 4 · payments 13`: the next offsets of each topic's partitions in order.
fn positions(view: &ClusterView, shown: &ConsumerView) -> String {
    let mut line = String::new();
    let mut last = None;
    for (partition, offset) in &shown.positions {
        if last.replace(partition.topic) == Some(partition.topic) {
            line += &format!(", {offset}");
        } else {
            let separator = if line.is_empty() { "" } else { " · " };
            let found = view.partitions.iter().find(|other| other.partition == *partition);
            let topic = found.map(|found| found.topic.to_string()).unwrap_or_default();
            line += &format!("{separator}{topic} {offset}");
        }
    }
    line
}
