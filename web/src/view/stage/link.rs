//! Links that are not as usual, and a handle between neighbouring brokers.
//!
//! A node whose every link is cut gets a fence instead of a dozen scissors.

use super::icon;
use super::sheet::Sheet;
use super::svg::{at, centred, frame, n, sign};
use crate::layout::{Layout, Point, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::{NodeId, NodeKind};
use kraftscope_core::view::{ClusterView, LinkView};
use std::collections::{BTreeMap, BTreeSet};
use yew::prelude::*;

/// All links.
#[derive(Clone, Debug, Properties)]
pub(super) struct LinksProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) selected: Option<Selection>,
}

impl PartialEq for LinksProps {
    fn eq(&self, other: &LinksProps) -> bool {
        self.sheet == other.sheet && self.selected == other.selected && self.view.links == other.view.links
    }
}

/// What is wrong between two nodes, each direction.
type Pairs = BTreeMap<(NodeId, NodeId), [Option<LinkView>; 2]>;

fn pairs(view: &ClusterView) -> Pairs {
    let mut pairs = Pairs::new();
    for link in &view.links {
        let forward = link.from < link.to;
        let pair = if forward { (link.from, link.to) } else { (link.to, link.from) };
        pairs.entry(pair).or_default()[usize::from(!forward)] = Some(*link);
    }
    pairs
}

fn is_cut(directions: &[Option<LinkView>; 2]) -> bool {
    directions.iter().all(|direction| direction.is_some_and(|link| link.cut))
}

/// Nodes with every link cut, both ways.
fn isolated(view: &ClusterView, pairs: &Pairs) -> BTreeSet<NodeId> {
    let keepers = view.controllers.iter().map(|c| c.id).chain(view.zookeepers.iter().map(|z| z.id));
    let servers = keepers.chain(view.brokers.iter().map(|b| b.id));
    let servers: Vec<NodeId> = servers.collect();
    let alone = |node: &NodeId| {
        servers.iter().filter(|other| *other != node).all(|other| {
            let pair = if node < other { (*node, *other) } else { (*other, *node) };
            pairs.get(&pair).is_some_and(is_cut)
        })
    };
    servers.iter().copied().filter(alone).collect()
}

/// Cuts, delays and losses.
#[component]
pub(super) fn Links(props: &LinksProps) -> Html {
    let pairs = pairs(&props.view);
    let alone = isolated(&props.view, &pairs);
    let wrong =
        pairs.iter().filter(|((a, b), cut)| !(is_cut(cut) && (alone.contains(a) || alone.contains(b))));
    html! {
        <g class="st-links">
            { for props.sheet.layout.brokers.windows(2).map(|pair| handle(props, pair[0].id, pair[1].id)) }
            { for alone.iter().map(|id| fence(&props.sheet.layout, *id)) }
            { for wrong.map(|(pair, directions)| broken(props, *pair, directions)) }
        </g>
    }
}

/// Between two neighbouring columns: the place to click in order to cut.
fn handle(props: &LinksProps, from: NodeId, to: NodeId) -> Html {
    let sheet = &props.sheet;
    let Some(gap) = sheet.layout.gap(from, to) else { return Html::default() };
    let what = Selection::Link { from, to };
    let args = [("a", from.number().to_string()), ("b", to.number().to_string())];
    let class = classes!("st-handle", (props.selected == Some(what)).then_some("is-selected"));
    let size = gap.w.min(20.0);
    let middle = gap.middle();
    html! {
        <g {class} tabindex="0" role="button" aria-label={sheet.tell("link.label", &args)}
           onkeydown={sheet.keys(what)} onclick={sheet.press(what)}>
            { frame(gap, 6.0, "st-handle-ground") }
            { sign(icon::LINK, Point::new(middle.x - size * 0.4, middle.y - size * 0.4), size * 0.05, "st-handle-sign") }
        </g>
    }
}

fn fence(layout: &Layout, id: NodeId) -> Html {
    let area = match (layout.broker(id), layout.controller(id)) {
        (Some(broker), _) => broker.column.grow(6.0),
        (_, Some(controller)) => controller.area.grow(8.0),
        _ => return Html::default(),
    };
    html! {
        <g key={format!("fence-{}", id.0)} class="st-fence">
            { frame(area, 16.0, "st-fence-line") }
            { badge(Point::new(area.right() - 18.0, area.y), None) }
        </g>
    }
}

/// Scissors, with words beside them if there are any.
fn badge(place: Point, words: Option<String>) -> Html {
    let text = words.unwrap_or_default();
    let wide = badge_width(&text) - 22.0;
    html! {
        <g transform={at(Point::new(place.x - 11.0 - wide / 2.0, place.y - 10.0))}>
            <rect class="st-badge" width={n(22.0 + wide)} height="20" rx="10" />
            { sign(icon::SCISSORS, Point::new(4.5, 3.5), 0.8, "st-cut-sign") }
            if wide > 0.0 { { centred(Point::new(20.0 + wide / 2.0, 14.0), 12.0, "st-cut-words", text) } }
        </g>
    }
}

fn badge_width(text: &str) -> f64 {
    22.0 + if text.is_empty() { 0.0 } else { width_of(text, 12.0) + 4.0 }
}

fn broken(props: &LinksProps, (a, b): (NodeId, NodeId), directions: &[Option<LinkView>; 2]) -> Html {
    let layout = &props.sheet.layout;
    let (Some(from), Some(to)) = (layout.ending(a, None), layout.ending(b, None)) else {
        return Html::default();
    };
    // Beside the columns' heads only where it covers no words.
    let wide = badge_width(&one_way(a, b, directions).unwrap_or_default());
    let neighbours = layout.gap(a, b).filter(|gap| gap.w < layout.column_gap * 1.5 && wide <= gap.w + 8.0);
    let route = layout.route(from, to, true);
    let place = neighbours.map_or(route.at(0.5), |gap| gap.middle());
    let line: String = route
        .points()
        .iter()
        .enumerate()
        .map(|(i, point)| format!("{}{} {}", if i == 0 { 'M' } else { 'L' }, n(point.x), n(point.y)))
        .collect();
    let cut = directions.iter().any(|direction| direction.is_some_and(|link| link.cut));
    let class = classes!("st-broken", if cut { "is-cut" } else { "is-slow" });
    html! {
        <g key={format!("{}-{}", a.0, b.0)} {class}>
            <path class="st-broken-line" d={line} />
            if cut { { badge(place, one_way(a, b, directions)) } } else { { worse(props, place, directions) } }
        </g>
    }
}

/// `1 → 2` when only that direction is cut.
fn one_way(a: NodeId, b: NodeId, directions: &[Option<LinkView>; 2]) -> Option<String> {
    let cut = directions.map(|direction| direction.is_some_and(|link| link.cut));
    match cut {
        [true, false] => Some(format!("{} → {}", short(a), short(b))),
        [false, true] => Some(format!("{} → {}", short(b), short(a))),
        _ => None,
    }
}

/// `C1` of a controller, `1` of a broker: both may have the same number.
fn short(id: NodeId) -> String {
    match id.kind() {
        NodeKind::Controller => format!("C{}", id.number()),
        NodeKind::ZooKeeper => format!("Z{}", id.number()),
        NodeKind::Broker | NodeKind::Producer | NodeKind::Consumer => id.number().to_string(),
    }
}

/// Delay and loss, in words.
fn worse(props: &LinksProps, place: Point, directions: &[Option<LinkView>; 2]) -> Html {
    let links = directions.iter().flatten();
    let (delay, loss) =
        links.fold((0, 0), |(delay, loss), link| (delay.max(link.delay.0), loss.max(link.loss)));
    let mut words = Vec::new();
    if delay > 0 {
        words.push(format!("+{}", kraftscope_core::time::Span(delay)));
    }
    if loss > 0 {
        let percent = f64::from(loss) / 10_000.0;
        words.push(props.sheet.tell("link.loss", &[("percent", percent.to_string())]));
    }
    let text = words.join(" · ");
    let wide = width_of(&text, 12.0) + 14.0;
    html! {
        <g transform={at(Point::new(place.x - wide / 2.0, place.y - 10.0))}>
            <rect class="st-badge" width={n(wide)} height="20" rx="10" />
            { centred(Point::new(wide / 2.0, 14.0), 12.0, "st-slow-words", text) }
        </g>
    }
}
