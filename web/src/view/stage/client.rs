//! One client: a producer with its batches and promises, or a consumer with its positions.

use super::control::health_class;
use super::mark::Mark;
use super::sheet::Sheet;
use super::svg::{at, centred, ending, frame, n, sign, words};
use super::{describe, icon};
use crate::layout::{ClientBox, Metrics, Point, Rect, fit, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::config::Acks;
use kraftscope_core::id::TopicPartition;
use kraftscope_core::view::{BatchView, ClusterView, ConsumerView, ProducerView};
use yew::prelude::*;

/// Which client; the index counts producers first.
#[derive(Clone, Debug, Properties)]
pub(super) struct ClientProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) index: usize,
    pub(super) place: ClientBox,
    pub(super) mark: Mark,
}

impl ClientProps {
    fn producer(&self) -> Option<&ProducerView> {
        self.view.producers.get(self.index)
    }

    fn consumer(&self) -> Option<&ConsumerView> {
        self.view.consumers.get(self.index.checked_sub(self.view.producers.len())?)
    }
}

impl PartialEq for ClientProps {
    fn eq(&self, other: &ClientProps) -> bool {
        self.place == other.place
            && self.mark == other.mark
            && self.sheet == other.sheet
            && self.producer() == other.producer()
            && self.consumer() == other.consumer()
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
    right: String,
) -> Html {
    let y = area.y + 5.0 + m.body * 0.9;
    let x = area.x + m.pad + m.body + 5.0;
    let room = area.right() - m.pad - x;
    let both = width_of(name, m.body) + width_of(&right, m.small) + 8.0 <= room;
    html! {
        <>
            { sign(path, Point::new(area.x + m.pad, y - m.body * 0.9), m.body / 16.0, classes!("st-client-sign", class)) }
            { words(Point::new(x, y), m.body, "st-client-name", fit(name, room, m.body)) }
            if both { { ending(Point::new(area.right() - m.pad, y), m.small, "st-quiet", right) } }
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
            { title(m, area, icon::UP, "is-produce", &name, acks.to_owned()) }
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
    let rack = shown.rack.map(|rack| sheet.tell("rack", &[("rack", rack.to_string())]));
    let read = rack.map_or_else(|| read.clone(), |rack| format!("{rack} · {read}"));
    let line = fit(&positions(&props.view, shown), area.w - 2.0 * m.pad, m.small);
    html! {
        <>
            { title(m, area, icon::DOWN, "is-consume", &name, read) }
            { words(Point::new(area.x + m.pad, second(area)), m.small, "st-quiet", line) }
        </>
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
