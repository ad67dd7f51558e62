//! One broker's column: its ground, and its head with name and standing.
//!
//! The bar of its session moves each frame: the scene draws it.

use super::control::health_class;
use super::mark::Mark;
use super::sheet::{Sheet, halo};
use super::svg::{at, centred, ending, frame, n, sign, two_tones, words};
use super::{describe, icon};
use crate::layout::{BrokerBox, Point, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::Text;
use kraftscope_core::mode::{MetadataPlane, Mode};
use kraftscope_core::view::{BrokerPhase, BrokerView, ClusterView, EnsembleView, Health};
use yew::prelude::*;

/// Which broker.
#[derive(Clone, Debug, Properties)]
pub(super) struct BrokerProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) index: usize,
    pub(super) place: BrokerBox,
    pub(super) mark: Mark,
}

impl BrokerProps {
    fn shown(&self) -> Option<&BrokerView> {
        self.view.brokers.get(self.index)
    }
}

impl BrokerProps {
    /// It believes to be the controller, and ZooKeeper names another one, or none.
    fn is_zombie(&self) -> bool {
        let named = self.view.ensemble.as_ref().and_then(EnsembleView::controller);
        self.shown().is_some_and(|shown| shown.controller_epoch.is_some() && named != Some(shown.id))
    }

    /// The groups that it answers for.
    fn groups(&self) -> Vec<Text> {
        self.shown().map(|shown| super::group::coordinated(&self.view, shown.id)).unwrap_or_default()
    }
}

/// What is drawn of a broker: not its session or metadata offset, which change all the time.
fn drawn(broker: &BrokerView) -> impl PartialEq + use<> {
    let life = (broker.health, broker.phase, broker.fenced, broker.in_controlled_shutdown);
    let control = (broker.session.is_some(), broker.controller_epoch);
    (broker.id, broker.rack, life, broker.leads, broker.replicas, broker.slowed, control)
}

impl PartialEq for BrokerProps {
    fn eq(&self, other: &BrokerProps) -> bool {
        self.place == other.place
            && self.mark == other.mark
            && self.sheet == other.sheet
            && self.shown().map(drawn) == other.shown().map(drawn)
            && self.groups() == other.groups()
            && self.is_zombie() == other.is_zombie()
    }
}

/// One broker.
#[component]
pub(super) fn Broker(props: &BrokerProps) -> Html {
    let Some(shown) = props.shown() else { return Html::default() };
    let (sheet, m, place) = (&props.sheet, &props.sheet.layout.metrics, &props.place);
    let what = Selection::Node(shown.id);
    let class = classes!(
        props.mark.classes("st-broker"),
        health_class(shown.health),
        shown.fenced.then_some("is-fenced"),
    );
    let (layout, head) = (&sheet.layout, place.head);
    let baseline = head.y + 6.0 + m.name * 0.9;
    let name = sheet.tell("broker", &[("n", shown.id.number().to_string())]);
    let room = head.w - 2.0 * m.pad;
    let chip_room = room - width_of(&name, m.name) - 10.0;
    let (short, name) =
        if chip_room < m.small * 3.0 { (true, format!("B{}", shown.id.number())) } else { (false, name) };
    // Where it stands, if that leaves room for how it is.
    let rack = shown.rack.map(|rack| sheet.tell("rack", &[("rack", rack.to_string())])).unwrap_or_default();
    let fits = width_of(&rack, m.small) + m.small * 6.5 <= chip_room;
    let rack = if fits { rack } else { String::new() };
    let wide = if rack.is_empty() { 0.0 } else { width_of(&rack, m.small) + m.name * 0.5 };
    let chip_x = head.x + m.pad + width_of(&name, m.name) + wide + 10.0;
    // The controller's badge needs its place beside the word.
    let is_controller = shown.controller_epoch.is_some() && shown.health != Health::Down;
    let badge = if is_controller { m.small + 18.0 } else { 0.0 };
    html! {
        <g {class} tabindex="0" role="button" aria-label={describe::broker(sheet, shown, props.view.mode)}
           onkeydown={sheet.keys(what)} onclick={sheet.press(what)}>
            { frame(if layout.narrow { head } else { place.column }, 12.0, "st-column") }
            { halo(head, 12.0, props.mark.changed) }
            if props.mark.selected { { frame(head, 12.0, "st-head-frame") } }
            { two_tones(Point::new(head.x + m.pad, baseline), m.name, ("st-name", name), (m.small, rack)) }
            { chip(props, shown, Point::new(chip_x, baseline), head.right() - m.pad - chip_x - badge, short) }
            { coordinator(props, shown, chip_x, baseline) }
            { controls(props, shown, chip_x, baseline) }
            <rect class="st-session" x={n(place.session.x)} y={n(place.session.y)} width={n(place.session.w)}
                  height={n(place.session.h)} rx="2" />
        </g>
    }
}

/// What a broker is that the control plane does not count on: fenced, or with ZooKeeper without its znode.
pub(super) const fn out_of_it(mode: Mode) -> &'static str {
    match mode.metadata() {
        MetadataPlane::ZooKeeper => "phase.NoZnode",
        MetadataPlane::KRaft => "phase.Fenced",
    }
}

/// How it stands in the cluster, in one word and a tone.
fn standing(sheet: &Sheet, shown: &BrokerView, mode: Mode) -> (String, &'static str) {
    let (key, tone) = match (shown.health, shown.phase) {
        (Health::Down, _) => ("health.Down", "is-grey"),
        (Health::Paused, _) => ("health.Paused", "is-warn"),
        (Health::Up, BrokerPhase::PendingControlledShutdown | BrokerPhase::ShuttingDown) => {
            ("phase.ShuttingDown", "is-warn")
        }
        (Health::Up, BrokerPhase::Starting | BrokerPhase::Recovery | BrokerPhase::NotRunning) => {
            ("phase.Starting", "is-warn")
        }
        (Health::Up, BrokerPhase::Running) if shown.fenced => (out_of_it(mode), "is-bad"),
        (Health::Up, BrokerPhase::Running) => ("phase.Running", "is-ok"),
    };
    (sheet.say(key), tone)
}

/// At the right end of the head: the groups that it coordinates, or the sign alone.
fn coordinator(props: &BrokerProps, shown: &BrokerView, from: f64, baseline: f64) -> Html {
    let groups = props.groups();
    if groups.is_empty() || shown.controller_epoch.is_some() {
        return Html::default();
    }
    let (m, head) = (&props.sheet.layout.metrics, props.place.head);
    let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let text = props.sheet.tell("coordinates", &[("groups", names.join(", "))]);
    let standing = width_of(&standing(&props.sheet, shown, props.view.mode).0, m.small) + 14.0 + 12.0;
    let room = head.right() - m.pad - from - standing - m.small - 4.0;
    let forms = [text, names.join(", "), String::new()];
    let text = forms.into_iter().find(|text| width_of(text, m.small) <= room).unwrap_or_default();
    let width = if text.is_empty() { 0.0 } else { width_of(&text, m.small) * 1.06 + 5.0 };
    let right = head.right() - m.pad;
    html! {
        <g class="st-coordinates">
            { sign(icon::GROUP, Point::new(right - width - m.small, baseline - m.small * 0.95), m.small / 16.0, "st-group-sign") }
            { ending(Point::new(right, baseline), m.small, "st-quiet", text) }
        </g>
    }
}

/// At the right end of the head: it is the controller, or believes so.
fn controls(props: &BrokerProps, shown: &BrokerView, from: f64, baseline: f64) -> Html {
    let Some(epoch) = shown.controller_epoch.filter(|_| shown.health != Health::Down) else {
        return Html::default();
    };
    let (sheet, m, head) = (&props.sheet, &props.sheet.layout.metrics, props.place.head);
    let zombie = props.is_zombie();
    let args = [("n", epoch.to_string())];
    let forms = if zombie {
        [sheet.tell("controls.zombie", &args), sheet.tell("controls.zombie.short", &args)]
    } else {
        [sheet.tell("controls", &args), sheet.tell("controls.short", &args)]
    };
    let taken = width_of(&standing(sheet, shown, props.view.mode).0, m.small) + 14.0 + 8.0;
    let room = head.right() - m.pad - from - taken - m.small - 18.0;
    let text = forms.into_iter().find(|text| width_of(text, m.small) <= room).unwrap_or_default();
    let width = m.small + 12.0 + if text.is_empty() { 0.0 } else { width_of(&text, m.small) + 6.0 };
    let height = m.small + 6.0;
    let x = head.right() - m.pad - width;
    let tone = if zombie { "is-bad" } else { "is-lead" };
    let crown = if zombie { "st-crown is-former" } else { "st-crown" };
    html! {
        <g class={classes!("st-chip", "st-controls", tone)} transform={at(Point::new(x, baseline - m.name * 0.34 - height / 2.0))}>
            <title>{ sheet.tell(if zombie { "controls.zombie" } else { "controls" }, &args) }</title>
            <rect width={n(width)} height={n(height)} rx={n(height / 2.0)} />
            { sign(icon::CROWN, Point::new(6.0, (height - m.small) / 2.0), m.small / 16.0, crown) }
            if !text.is_empty() {
                { words(Point::new(m.small + 10.0, height / 2.0 + m.small * 0.36), m.small, "", text) }
            }
        </g>
    }
}

fn chip(props: &BrokerProps, shown: &BrokerView, place: Point, room: f64, short: bool) -> Html {
    let m = &props.sheet.layout.metrics;
    let (mut text, tone) = standing(&props.sheet, shown, props.view.mode);
    if shown.health == Health::Down && shown.fenced {
        let fenced = props.sheet.say(out_of_it(props.view.mode));
        let both = format!("{text} · {fenced}");
        if width_of(&both, m.small) + 14.0 <= room {
            text = both;
        }
    }
    if short || width_of(&text, m.small) + 14.0 > room {
        return html! {
            <circle class={classes!("st-dot", tone)} cx={n(place.x + 4.0)} cy={n(place.y - m.name * 0.34)} r="5" />
        };
    }
    let width = width_of(&text, m.small) + 14.0;
    let height = m.small + 6.0;
    html! {
        <g class={classes!("st-chip", tone)} transform={at(Point::new(place.x, place.y - m.name * 0.34 - height / 2.0))}>
            <rect width={n(width)} height={n(height)} rx={n(height / 2.0)} />
            { centred(Point::new(width / 2.0, height / 2.0 + m.small * 0.36), m.small, "", text) }
        </g>
    }
}
