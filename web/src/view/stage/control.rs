//! One server of the control plane, a controller or a member of the ZooKeeper ensemble: ring, role, epoch, votes, log.
//!
//! The ring's arc is a timer and moves each frame: the scene draws it on top of the ring drawn here.

use super::log::epoch_class;
use super::mark::Mark;
use super::sheet::{Sheet, halo};
use super::svg::{at, centred, frame, n, sign, two_tones, words};
use super::{describe, icon};
use crate::layout::{ControllerBox, LogWindow, Point, Rect, fit, width_of};
use crate::select::Selection;
use crate::view::props::Same;
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeKind, NodeList};
use kraftscope_core::view::{ClusterView, Health, LogView, QuorumRole};
use yew::prelude::*;

/// Which server.
#[derive(Clone, Debug, Properties)]
pub(super) struct ControllerProps {
    pub(super) sheet: Sheet,
    pub(super) view: Same<ClusterView>,
    pub(super) index: usize,
    pub(super) place: ControllerBox,
    pub(super) mark: Mark,
}

/// What is drawn of a server, whichever kind it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Server<'a> {
    pub(super) id: NodeId,
    pub(super) health: Health,
    pub(super) role: QuorumRole,
    pub(super) epoch: LeaderEpoch,
    pub(super) granted: NodeList,
    pub(super) refused: NodeList,
    pub(super) voter: bool,
    pub(super) active: bool,
    pub(super) log: &'a LogView,
}

impl<'a> Server<'a> {
    /// The server in this place.
    fn of(view: &'a ClusterView, index: usize) -> Option<Server<'a>> {
        let controller = view.controllers.get(index).map(|c| Server {
            id: c.id,
            health: c.health,
            role: c.role,
            epoch: c.epoch,
            granted: c.granted,
            refused: c.refused,
            voter: c.voter,
            active: c.active,
            log: &c.log,
        });
        controller.or_else(|| {
            let member = view.zookeepers.get(index.checked_sub(view.controllers.len())?)?;
            Some(Server {
                id: member.id,
                health: member.health,
                role: member.role,
                epoch: member.epoch,
                granted: member.granted,
                refused: NodeList::EMPTY,
                voter: true,
                active: false,
                log: &member.log,
            })
        })
    }

    /// `C1`, `Z1`.
    pub(super) fn name(&self) -> String {
        let letter = if self.id.kind() == NodeKind::ZooKeeper { 'Z' } else { 'C' };
        format!("{letter}{}", self.id.number())
    }
}

impl ControllerProps {
    fn shown(&self) -> Option<Server<'_>> {
        Server::of(&self.view, self.index)
    }

    fn window(&self) -> LogWindow {
        LogWindow::of_servers(&self.view, self.place.log.slots)
    }
}

impl PartialEq for ControllerProps {
    fn eq(&self, other: &ControllerProps) -> bool {
        self.place == other.place
            && self.mark == other.mark
            && self.sheet == other.sheet
            && (self.view == other.view || (self.shown() == other.shown() && self.window() == other.window()))
    }
}

/// One server.
#[component]
pub(super) fn Controller(props: &ControllerProps) -> Html {
    let Some(shown) = &props.shown() else { return Html::default() };
    let place = &props.place;
    let m = &props.sheet.layout.metrics;
    let what = Selection::Node(shown.id);
    let class = classes!(
        props.mark.classes("st-controller"),
        (shown.role == QuorumRole::Leader).then_some("is-leader"),
        (!shown.voter).then_some("is-observer"),
        health_class(shown.health),
    );
    let name = Point::new(place.ring.x, place.ring.y + m.name * 0.36);
    html! {
        <g {class} tabindex="0" role="button" aria-label={describe::controller(&props.sheet, shown)}
           onkeydown={props.sheet.keys(what)} onclick={props.sheet.press(what)}>
            { halo(ring_area(place), place.radius, props.mark.changed) }
            <circle class="st-ring" cx={n(place.ring.x)} cy={n(place.ring.y)} r={n(place.radius - 2.0)} />
            { centred(name, m.name, "st-name", shown.name()) }
            if place.tall { { below(props, shown) } } else { { beside(props, shown) } }
        </g>
    }
}

pub(super) fn health_class(health: Health) -> &'static str {
    match health {
        Health::Up => "is-up",
        Health::Paused => "is-paused",
        Health::Down => "is-down",
    }
}

fn ring_area(place: &ControllerBox) -> Rect {
    Rect::new(place.ring.x, place.ring.y, 0.0, 0.0).grow(place.radius)
}

/// The word for its role: what it is, or that it is dead or stands still.
fn role_word(sheet: &Sheet, shown: &Server<'_>) -> String {
    match shown.health {
        Health::Up => sheet.say(&format!("role.{:?}", shown.role)),
        Health::Paused => sheet.say("health.Paused"),
        Health::Down => sheet.say("health.Down"),
    }
}

fn role_sign(shown: &Server<'_>) -> (&'static str, &'static str) {
    match (shown.health, shown.role) {
        (Health::Down, _) => (icon::CROSS, "st-sign"),
        (_, QuorumRole::Leader) => (icon::CROWN, "st-crown"),
        (_, QuorumRole::Candidate) => (icon::HAND, "st-sign is-asking"),
        (_, QuorumRole::Prospective) => (icon::HAND, "st-sign is-asking is-dashed"),
        (_, QuorumRole::Follower) => (icon::RING, "st-sign"),
        (_, QuorumRole::Observer) => (icon::RING, "st-sign is-dashed"),
        (_, QuorumRole::Unattached | QuorumRole::Resigned) => (icon::NOTHING, "st-sign"),
        (_, QuorumRole::Halted) => (icon::ALERT, "st-sign is-bad"),
    }
}

/// Words to the right of the ring: role and epoch, votes or offsets, log.
fn beside(props: &ControllerProps, shown: &Server<'_>) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.words);
    let (path, class) = role_sign(shown);
    let first = area.y + m.body;
    let second = first + m.line(m.body) * 0.95;
    let role = role_word(sheet, shown);
    let x = area.x + m.body + 6.0;
    let room = area.right() - x - width_of(&role, m.body) - m.body * 0.5;
    let epoch = sheet.tell("epoch", &[("n", shown.epoch.to_string())]);
    let epoch = if width_of(&epoch, m.small) <= room { epoch } else { format!("e{}", shown.epoch) };
    html! {
        <>
            { sign(path, Point::new(area.x, first - m.body * 0.92), (m.body + 1.0) / 16.0, class) }
            { two_tones(Point::new(x, first), m.body, ("st-role", role), (m.small, fit(&epoch, room, m.small))) }
            { second_line(props, shown, Point::new(area.x, second)) }
            { log(props, shown) }
        </>
    }
}

/// Votes of a candidate, else how far the metadata log is committed.
fn second_line(props: &ControllerProps, shown: &Server<'_>, place: Point) -> Html {
    let (sheet, m) = (&props.sheet, &props.sheet.layout.metrics);
    let asks = matches!(shown.role, QuorumRole::Candidate | QuorumRole::Prospective);
    if asks && shown.health != Health::Down {
        return votes(props, &shown.granted, &shown.refused, place);
    }
    let room = props.place.words.w;
    if shown.active && shown.health == Health::Up {
        let label = sheet.say("active");
        let fits = width_of(&label, m.small) <= room - 10.0;
        let label = if fits { label } else { sheet.say("active.short") };
        let width = (width_of(&label, m.small) + 14.0).min(room);
        let box_at = Point::new(place.x, place.y - m.small - 1.0);
        return html! {
            <g class="st-chip is-lead" transform={at(box_at)}>
                <rect width={n(width)} height={n(m.small + 5.0)} rx={n(m.small / 2.0 + 2.5)} />
                { centred(Point::new(width / 2.0, m.small), m.small, "", fit(&label, room - 10.0, m.small)) }
            </g>
        };
    }
    let offsets = match shown.log.hw {
        Some(hw) => sheet.tell("offsets", &[("hw", hw.to_string()), ("end", shown.log.end.to_string())]),
        None => sheet.tell("offsets.unknown", &[("end", shown.log.end.to_string())]),
    };
    let fits = width_of(&offsets, m.small) <= room;
    let hw = || shown.log.hw.map_or_else(|| "?".to_owned(), |hw| hw.to_string());
    let offsets = if fits { offsets } else { format!("HW {}", hw()) };
    words(place, m.small, "st-quiet", fit(&offsets, room, m.small))
}

/// Who granted, who refused: a sign and the controller's number.
fn votes(props: &ControllerProps, granted: &NodeList, refused: &NodeList, place: Point) -> Html {
    let m = &props.sheet.layout.metrics;
    let step = m.small * 2.3;
    let given = granted.iter().map(|id| (id, true));
    let all = given.chain(refused.iter().map(|id| (id, false)));
    let vote = |(i, (id, yes)): (usize, (NodeId, bool))| {
        let x = place.x + step * i as f64;
        let (path, class) = if yes { (icon::CHECK, "is-ok") } else { (icon::CROSS, "is-bad") };
        html! {
            <>
                { sign(path, Point::new(x, place.y - m.small * 0.85), m.small / 16.0, classes!("st-tag-sign", class)) }
                { words(Point::new(x + m.small + 1.0, place.y), m.small, "st-quiet", id.number().to_string()) }
            </>
        }
    };
    html! { <g class="st-votes">{ for all.enumerate().map(vote) }</g> }
}

/// Words below the ring, when there are many controllers.
fn below(props: &ControllerProps, shown: &Server<'_>) -> Html {
    let (sheet, m, area) = (&props.sheet, &props.sheet.layout.metrics, props.place.words);
    let (path, class) = role_sign(shown);
    let middle = area.middle().x;
    let room = area.w - m.small - 4.0;
    let role = fit(&role_word(sheet, shown), room, m.small);
    let half = width_of(&role, m.small) / 2.0;
    let asks = matches!(shown.role, QuorumRole::Candidate | QuorumRole::Prospective);
    let second = if asks {
        sheet.tell("votes", &[("n", shown.granted.len().to_string())])
    } else {
        sheet.tell("epoch", &[("n", shown.epoch.to_string())])
    };
    let first = area.y + m.small;
    html! {
        <>
            { sign(path, Point::new(middle - half - m.small * 0.55, first - m.small * 0.9), m.small / 16.0, class) }
            { words(Point::new(middle - half + m.small * 0.6, first), m.small, "st-role", role) }
            { centred(Point::new(middle, first + m.line(m.small)), m.small, "st-quiet", fit(&second, area.w, m.small)) }
        </>
    }
}

/// The metadata log: colour by epoch, hatched above the high watermark, low where nothing is said (NoOpRecord).
fn log(props: &ControllerProps, shown: &Server<'_>) -> Html {
    let (strip, window) = (props.place.log, props.window());
    let cell = |cell: &kraftscope_core::view::CellView| {
        let slot = window.slot(cell.offset)?;
        let full = strip.rect(slot);
        let idle = cell.metadata.is_none_or(|kind| kind.starts_with("NoOp"));
        let low = full.h * 0.5;
        let area = if idle { Rect::new(full.x, full.y + full.h - low, full.w, low) } else { full };
        let class = classes!(
            "st-cell",
            epoch_class(cell.epoch),
            (!cell.committed).then_some("is-open"),
            shown.log.diverges_at.is_some_and(|from| cell.offset >= from).then_some("is-doomed"),
            (props.mark.record == Some(cell.offset)).then_some("is-selected"),
        );
        let title = format!("{} {}", cell.offset, cell.metadata.unwrap_or_default());
        Some(html! {
            <g key={format!("{}-{}", cell.offset, cell.epoch)} {class}>
                <title>{ title }</title>
                { frame(area, 2.0, "st-cell-box") }
            </g>
        })
    };
    let flag = shown.log.hw.filter(|hw| *hw >= window.start).map(|hw| {
        let x = strip.boundary(window.boundary(hw));
        html! {
            <g class="st-flag" style={format!("transform:translate({}px,{}px)", n(x), n(strip.y))}>
                <path class="st-pole" d={format!("M0 -4v{}", n(strip.height + 6.0))} />
                <path class="st-banner" d="M0 -5h6l-1.8 2.5 1.8 2.5H0z" />
            </g>
        }
    });
    // A diamond where the latest snapshot ends; at the left edge when that is out of sight.
    let snapshot = shown.log.snapshots.last().map(|end| {
        let place = Point::new(strip.boundary(window.boundary(*end)), strip.y + strip.height + 1.0);
        html! {
            <g class="st-snapshot" transform={at(place)}>
                <title>{ props.sheet.tell("snapshot", &[("end", end.to_string())]) }</title>
                <path d="M0 -4l4 4-4 4-4-4z" />
            </g>
        }
    });
    let end = window.slot(shown.log.end).map(|slot| frame(strip.rect(slot).grow(-0.5), 2.0, "st-next"));
    html! { <g class="st-log">{ for shown.log.cells.iter().filter_map(cell) }{ end }{ flag }{ snapshot }</g> }
}
