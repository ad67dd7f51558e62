//! The stage: the picture of the cluster.
//!
//! What a step changes is SVG, in one component per thing, each of which is drawn anew only when what it shows has
//! changed. What moves each frame is the scene's canvas above it. The pointer is resolved by arithmetic on the
//! layout; the keyboard by focusing the SVG's groups.

mod broker;
mod card;
mod client;
#[cfg(test)]
mod colours;
mod control;
mod defs;
mod describe;
mod group;
mod icon;
mod link;
mod log;
mod mark;
mod pointer;
mod raft;
mod row;
mod sheet;
mod svg;
mod table;
mod tree;

pub use mark::Actor;

use crate::i18n::Lang;
use crate::layout::{Layout, Rect, Shape, Viewport, fit};
use crate::platform::frame::Frames;
use crate::scene::{Changes, Scene, SizeWatch, Staging};
use crate::select::{Ask, Selection};
use crate::view::props::Same;
use broker::Broker;
use card::Card;
use client::Client;
use control::Controller;
use defs::Defs;
use group::Group;
use kraftscope_core::id::NodeId;
use kraftscope_core::mode::{MetadataPlane, Mode, ReplicationPlane};
use kraftscope_core::view::ClusterView;
use link::Links;
use mark::Attention;
use row::Row;
use sheet::Sheet;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use table::Table;
use tree::Tree;
use yew::prelude::*;

/// What the stage shows.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct StageProps {
    /// The cluster after the last event.
    pub view: Same<ClusterView>,
    /// The frame loop.
    pub frames: Frames,
    /// What is selected.
    #[prop_or_default]
    pub selected: Option<Selection>,
    /// Who takes part in the step of the moment; all others are dimmed. Empty: nobody is.
    #[prop_or_default]
    pub focus: Rc<BTreeSet<Actor>>,
    /// Time stands: names of messages are shown, halos stay.
    #[prop_or_default]
    pub paused: bool,
    /// On a projector: larger type.
    #[prop_or_default]
    pub presenting: bool,
    /// The language.
    pub lang: Lang,
    /// Where wishes go.
    pub on: Callback<Ask>,
}

/// The picture of the cluster; fills its parent.
#[component]
pub fn Stage(props: &StageProps) -> Html {
    let scroller = use_node_ref();
    let canvas = use_node_ref();
    let size = use_state(|| (0.0, 0.0));
    let scene = use_mut_ref(Scene::default);
    use_size(&scroller, &size, &scene);
    let layout = use_layout(props, *size);
    use_frames(&props.frames, &canvas, &scene);
    use_staging(props, layout.as_ref(), &scene);
    let changes = use_changes(&props.view);
    let pointer = pointer::use_pointer(props, &scene, &scroller);
    let class =
        classes!("st", props.paused.then_some("is-still"), props.presenting.then_some("is-presenting"));
    html! {
        <div {class}>
            <div class="st-scroll" ref={scroller} onscroll={pointer.scroll} onpointermove={pointer.moved}
                 onpointerleave={pointer.left} onpointerdown={pointer.down} onpointerup={pointer.up} onpointercancel={pointer.cancelled}
                 onclick={pointer.click} ondblclick={pointer.double} oncontextmenu={pointer.menu}>
                if let Some(layout) = layout.clone() { { picture(props, layout, &changes) } }
            </div>
            <canvas class="st-canvas" ref={canvas} aria-hidden="true" />
            if let Some(layout) = layout.filter(|_| props.paused) {
                <Table sheet={Sheet { layout, lang: props.lang, on: props.on.clone() }} view={props.view.clone()} />
            }
        </div>
    }
}

/// Keeps the size of the part that is seen.
#[hook]
fn use_size(scroller: &NodeRef, size: &UseStateHandle<(f64, f64)>, scene: &Rc<RefCell<Scene>>) {
    let (scroller, size, scene) = (scroller.clone(), size.setter(), Rc::clone(scene));
    use_effect_with((), move |()| {
        let watch = SizeWatch::of(&scroller, move |width, height| {
            size.set((width, height));
            scene.borrow_mut().resized();
        });
        move || drop(watch)
    });
}

/// The layout, made anew only when the shape or the room is another one.
#[hook]
fn use_layout(props: &StageProps, size: (f64, f64)) -> Option<Same<Layout>> {
    let (width, height) = size;
    let shape = Shape::of(&props.view);
    let known = width > 0.0 && height > 0.0;
    let viewport = Viewport { width, height, presenting: props.presenting };
    let layout = use_memo((shape, viewport), |(shape, viewport)| Layout::of(shape, *viewport));
    known.then_some(Same(layout))
}

/// Lets the scene draw each frame.
#[hook]
fn use_frames(frames: &Frames, canvas: &NodeRef, scene: &Rc<RefCell<Scene>>) {
    let (canvas, scene) = (canvas.clone(), Rc::clone(scene));
    use_effect_with(frames.clone(), move |frames| {
        scene.borrow_mut().attach(&canvas);
        let guard = frames.subscribe(move |tick| scene.borrow_mut().frame(tick));
        move || drop(guard)
    });
}

/// Tells the scene where everything stands.
#[hook]
fn use_staging(props: &StageProps, layout: Option<&Same<Layout>>, scene: &Rc<RefCell<Scene>>) {
    let lit = props.focus.iter().filter_map(|actor| match actor {
        Actor::Node(id) => Some(*id),
        Actor::Partition(_) => None,
    });
    let staging = layout.map(|layout| Staging {
        layout: layout.clone(),
        selected: match props.selected {
            Some(Selection::Flight(id)) => Some(id),
            _ => None,
        },
        lit: lit.collect(),
        lang: props.lang,
    });
    let scene = Rc::clone(scene);
    use_effect_with(staging, move |staging| {
        if let Some(staging) = staging {
            scene.borrow_mut().stage(staging.clone());
        }
    });
}

/// What the latest event that changed anything has changed.
#[hook]
fn use_changes(view: &Same<ClusterView>) -> Rc<Changes> {
    let last = use_mut_ref(|| (view.clone(), Rc::<Changes>::default()));
    let mut last = last.borrow_mut();
    if last.0 != *view {
        let changes = Changes::between(&last.0, view);
        let back = view.event <= last.0.event;
        if back || !changes.is_empty() {
            last.1 = Rc::new(changes);
        }
        last.0 = view.clone();
    }
    Rc::clone(&last.1)
}

fn picture(props: &StageProps, layout: Same<Layout>, changes: &Changes) -> Html {
    let sheet = Sheet { layout: layout.clone(), lang: props.lang, on: props.on.clone() };
    let attention = Attention { selected: props.selected, focus: &props.focus, changes };
    html! {
        <svg class="st-svg" width={svg::n(layout.width)} height={svg::n(layout.height)} role="group"
             aria-label={sheet.say("picture")}>
            <Defs />
            { bands(&sheet, props.view.mode) }
            { for layout.brokers.iter().enumerate().map(|(index, place)| html! {
                <Broker key={place.id.0} sheet={sheet.clone()} view={props.view.clone()} {index} place={*place}
                        mark={attention.node(place.id)} />
            }) }
            if let Some(place) = layout.tree.clone() {
                <Tree sheet={sheet.clone()} view={props.view.clone()} marks={attention.znodes(&props.view)} {place} />
            }
            { for layout.controllers.iter().enumerate().map(|(index, place)| html! {
                <Controller key={place.id.0} sheet={sheet.clone()} view={props.view.clone()} {index} place={*place}
                            mark={attention.node(place.id)} />
            }) }
            { for layout.rows.iter().map(|place| html! {
                <Row key={format!("{:?}", place.partition)} sheet={sheet.clone()} view={props.view.clone()}
                     place={*place} mark={attention.partition(place.partition)} />
            }) }
            { cards(props, &sheet, &attention) }
            { for layout.groups.iter().map(|place| html! {
                <Group key={place.group.to_string()} sheet={sheet.clone()} view={props.view.clone()} place={*place}
                       mark={attention.group(place.group, &members(&props.view, place.group))} />
            }) }
            { for layout.clients.iter().map(|place| html! {
                <Client key={place.id.0} sheet={sheet.clone()} view={props.view.clone()} place={*place}
                        mark={attention.node(place.id)} />
            }) }
            <Links sheet={sheet.clone()} view={props.view.clone()} selected={props.selected} />
        </svg>
    }
}

/// The consumers of a group.
fn members(view: &ClusterView, group: kraftscope_core::id::Text) -> Vec<NodeId> {
    view.consumers.iter().filter(|consumer| consumer.group == Some(group)).map(|found| found.id).collect()
}

/// Every replica in its cell.
fn cards(props: &StageProps, sheet: &Sheet, attention: &Attention<'_>) -> Html {
    let mut cards = Vec::new();
    for (partition, shown) in props.view.partitions.iter().enumerate() {
        for (copy, replica) in shown.copies.iter().enumerate() {
            let Some(area) = sheet.layout.card(shown.partition, replica.broker) else { continue };
            cards.push(html! {
                <Card key={format!("{}-{}-{}", shown.partition.topic.0, shown.partition.partition, replica.broker.0)}
                      sheet={sheet.clone()} view={props.view.clone()} {partition} {copy} {area}
                      mark={attention.replica(shown.partition, replica.broker)} />
            });
        }
    }
    html! { <g class="st-cards">{ for cards }</g> }
}

/// The names of the three bands, beside them.
fn bands(sheet: &Sheet, mode: Mode) -> Html {
    let layout = &sheet.layout;
    if layout.narrow {
        return Html::default();
    }
    let m = &layout.metrics;
    let name = |area: &Rect, title: &str, below: &str| {
        let first = area.y + m.small + 2.0;
        let room = area.w - 8.0;
        html! {
            <>
                { svg::words(crate::layout::Point::new(area.x, first), m.small, "st-band", sheet.say(title)) }
                { svg::words(crate::layout::Point::new(area.x, first + m.line(m.small)), m.small, "st-quiet",
                             fit(&sheet.say(below), room, m.small)) }
            </>
        }
    };
    let [control, data, clients] = &layout.bands;
    let keeper = match mode.metadata() {
        MetadataPlane::ZooKeeper => "band.control.zookeeper",
        MetadataPlane::KRaft => "band.control.what",
    };
    let rows = match mode.replication() {
        ReplicationPlane::Isr => "band.data.what",
        ReplicationPlane::Raft => "band.data.raft",
    };
    html! {
        <g class="st-bands">
            if let Some(tree) = &layout.tree {
                { name(&Rect::new(control.x, tree.area.y, control.w, tree.area.h), "band.tree", "band.tree.what") }
            }
            if !layout.controllers.is_empty() { { name(control, "band.control", keeper) } }
            if !layout.brokers.is_empty() { { name(data, "band.data", rows) } }
            if !layout.clients.is_empty() { { name(clients, "band.clients", "band.clients.what") } }
        </g>
    }
}
