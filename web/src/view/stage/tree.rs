//! The part of ZooKeeper's tree that Kafka's control plane lives in: who is the controller, which brokers are
//! registered, and what tells the controller to look.
//!
//! The arc of a session's ring moves each frame: the scene draws it on top of the ring drawn here. Partition states
//! stand with their rows.

use super::mark::Mark;
use super::sheet::{Sheet, halo};
use super::svg::{centred, ending, frame, n, sign, two_tones, words};
use super::{describe, icon};
use crate::layout::{Point, Rect, TreeBox, fit, fit_mono, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::{NodeId, NodeList, TopicPartition};
use kraftscope_core::view::{ClusterView, EnsembleView, Health, ZnodeView};
use kraftscope_core::znode::{Data, Path};
use yew::prelude::*;

/// The tree and what is looked at in it.
#[derive(Clone, Debug, Properties)]
pub(super) struct TreeProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) place: TreeBox,
    /// The znodes that are marked.
    pub(super) marks: Vec<(Path, Mark)>,
}

impl TreeProps {
    fn znodes(&self) -> Option<&[ZnodeView]> {
        self.view.ensemble.as_ref().map(|kept| kept.znodes.as_slice())
    }

    /// Brokers that stand still or are gone: their znodes go with their sessions.
    fn silent(&self) -> NodeList {
        let brokers = self.view.brokers.iter();
        brokers.filter(|broker| broker.health != Health::Up).map(|broker| broker.id).collect()
    }

    fn mark(&self, path: Path) -> Mark {
        self.marks.iter().find(|(known, _)| *known == path).map(|(_, mark)| *mark).unwrap_or_default()
    }
}

impl PartialEq for TreeProps {
    fn eq(&self, other: &TreeProps) -> bool {
        self.place == other.place
            && self.sheet == other.sheet
            && self.marks == other.marks
            && self.znodes() == other.znodes()
            && self.silent() == other.silent()
    }
}

/// The branches side by side.
#[component]
pub(super) fn Tree(props: &TreeProps) -> Html {
    let Some(kept) = &props.view.ensemble else { return Html::default() };
    html! {
        <g class="st-tree">
            { controller(props, kept) }
            { ids(props, kept) }
            { notices(props, kept) }
        </g>
    }
}

/// A branch: its ground, its path, and whatever stands in it.
fn branch(props: &TreeProps, area: Rect, path: Path, name: &str, count: String, body: Html) -> Html {
    let (sheet, m) = (&props.sheet, &props.sheet.layout.metrics);
    let what = Selection::Znode(path);
    let mark = props.mark(path);
    let first = area.y + m.small + 3.0;
    let right = area.right() - m.pad;
    let room = area.w - 2.0 * m.pad - width_of(&count, m.small) - 6.0;
    html! {
        <g class={mark.classes("st-branch")} tabindex="0" role="button" data-testid={format!("znode-{name}")}
           aria-label={describe::znode(sheet, &props.view, path)} onkeydown={sheet.keys(what)} onclick={sheet.press(what)}>
            { frame(area, 8.0, "st-branch-frame") }
            { halo(area, 8.0, mark.changed) }
            { words(Point::new(area.x + m.pad, first), m.small, "st-path", fit_mono(name, room, m.small)) }
            { ending(Point::new(right, first), m.small, "st-quiet", count) }
            { body }
        </g>
    }
}

/// `/controller` and `/controller_epoch`: who is the controller, and which one it is.
fn controller(props: &TreeProps, kept: &EnsembleView) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.controller);
    let baseline = area.bottom() - 8.0 - m.body * 0.1;
    let epoch = kept.controller_epoch().map(|epoch| sheet.tell("epoch", &[("n", epoch.to_string())]));
    let epoch = epoch.unwrap_or_default();
    let start = Point::new(area.x + m.pad + m.body + 6.0, baseline);
    let place = Point::new(area.x + m.pad, baseline - m.body * 0.92);
    let room = area.right() - m.pad - start.x;
    let body = match kept.controller() {
        Some(id) => {
            let name = fit(&sheet.tell("broker", &[("n", id.number().to_string())]), room, m.body);
            let silent = props.silent().contains(id);
            let epoch = if silent { sheet.tell("tree.silent", &[("epoch", epoch)]) } else { epoch };
            let crown = if silent { "st-crown is-former" } else { "st-crown" };
            let epoch = fit(&epoch, room - width_of(&name, m.body) - m.body * 0.5, m.small);
            html! {
                <g class={if silent { "is-silent" } else { "is-leader" }}>
                    { sign(icon::CROWN, place, m.body / 16.0, crown) }
                    { two_tones(start, m.body, ("st-name", name), (m.small, epoch)) }
                </g>
            }
        }
        None => html! {
            <>
                { sign(icon::NOTHING, place, m.body / 16.0, "st-sign is-bad") }
                { words(start, m.small, "st-tag is-bad", fit(&sheet.say("tree.no-controller"), room, m.small)) }
            </>
        },
    };
    let version = kept.znode(Path::Controller).map(|znode| format!("czxid {}", znode.stat.czxid.0));
    branch(props, area, Path::Controller, "/controller", version.unwrap_or_default(), body)
}

/// `/brokers/ids`: a ring per broker, dashed where its znode is not there.
fn ids(props: &TreeProps, kept: &EnsembleView) -> Html {
    let (m, place) = (&props.sheet.layout.metrics, &props.place);
    let silent = props.silent();
    let registered = |id: NodeId| kept.znode(Path::Broker(id)).is_some();
    let ring = |(id, at): &(NodeId, Point)| {
        let mark = props.mark(Path::Broker(*id));
        let inside = registered(*id);
        let area = Rect::new(at.x, at.y, 0.0, 0.0).grow(place.radius);
        let wanes = inside && silent.contains(*id);
        let standing = if inside { "is-in" } else { "is-out" };
        let class = classes!(mark.classes("st-zsession"), standing, wanes.then_some("is-silent"));
        html! {
            <g key={id.0} {class}>
                { halo(area, place.radius, mark.changed) }
                <circle class="st-zring" cx={n(at.x)} cy={n(at.y)} r={n(place.radius - 1.5)} />
                { centred(Point::new(at.x, at.y + m.small * 0.36), m.small, "", id.number().to_string()) }
            </g>
        }
    };
    let count = place.sessions.iter().filter(|(id, _)| registered(*id)).count();
    let count = format!("{count}/{}", place.sessions.len());
    let rings = html! { <>{ for place.sessions.iter().map(ring) }</> };
    branch(props, place.ids, Path::BrokerIds, "/brokers/ids", count, rings)
}

/// `/isr_change_notification`, and what an administrator asked for through `/admin`.
fn notices(props: &TreeProps, kept: &EnsembleView) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.notices);
    let isr: Vec<&ZnodeView> =
        kept.znodes.iter().filter(|znode| matches!(znode.path, Path::IsrChange(_))).collect();
    let asked = |path: Path, key: &str| kept.znode(path).map(|_| sheet.say(key));
    let mut parts: Vec<String> = Vec::new();
    if !isr.is_empty() {
        let partitions = isr.iter().flat_map(|znode| partitions_of(&znode.data));
        let mut names: Vec<String> =
            partitions.map(|at| super::client::partition_name(&props.view, *at)).collect();
        names.dedup();
        parts.push(names.join(", "));
    }
    parts.extend(asked(Path::Reassignment, "tree.reassign"));
    parts.extend(asked(Path::PreferredElection, "tree.preferred"));
    let quiet = parts.is_empty();
    let text = if quiet { sheet.say("tree.nothing") } else { parts.join(" · ") };
    let place = Point::new(area.x + m.pad, area.bottom() - 8.0);
    let class = if quiet { "st-quiet" } else { "st-tag is-asked" };
    let body = words(place, m.small, class, fit(&text, area.w - 2.0 * m.pad, m.small));
    let count = if isr.is_empty() { String::new() } else { isr.len().to_string() };
    branch(props, area, Path::IsrChanges, "/isr_change_notification", count, body)
}

/// The partitions that a notification names.
pub(crate) fn partitions_of(data: &Data) -> &[TopicPartition] {
    match data {
        Data::Partitions(list) => list,
        _ => &[],
    }
}
