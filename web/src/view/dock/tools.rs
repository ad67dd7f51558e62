//! The tools of the chosen tab, in the dock's head: zoom, loop and branches of the timeline, the filter of the events.

use super::axis;
use super::events::{self, LANES};
use super::look::{EventsLook, Panel, TimelineLook, end_time};
use crate::i18n::{Lang, t, tr};
use crate::marks::{Scale, lane_name};
use crate::model::filter::FilterMsg;
use crate::model::{ActMsg, PageMsg, TimeMsg};
use crate::view::props::Send;
use kraftscope_core::history::BranchInfo;
use kraftscope_core::id::{NodeId, TopicPartition};
use kraftscope_core::note::Lane;
use kraftscope_core::time::Time;
use yew::prelude::*;

/// The tools of a panel.
pub(super) fn of(lang: Lang, panel: &Panel, send: &Send) -> Html {
    let tools = match panel {
        Panel::Closed | Panel::Checks(_) | Panel::Hunt(_) => return html! { <div class="spring" /> },
        Panel::Timeline(look) => timeline(lang, look, send),
        Panel::Events(look) => filter(lang, look, send),
    };
    html! { <div class="dock-tools">{ tools }</div> }
}

fn timeline(lang: Lang, look: &TimelineLook, send: &Send) -> Html {
    html! {
        <>
            if look.branches.len() > 1 { { branches(lang, &look.branches, send) } }
            <div class="spring" />
            { for look.circle.map(|circle| circling(lang, circle, send)) }
            { zoom_button(lang, "zoom-out", "−", 2.0, send) }
            { zoom_button(lang, "zoom-in", "+", 0.5, send) }
            <button class="button" data-testid="zoom-all" title={tr(lang, "dock.zoom-all.title")} disabled={!look.zoomed}
                onclick={send.on_click(PageMsg::Zoom(None))}>{ tr(lang, "dock.zoom-all") }</button>
        </>
    }
}

/// Zooms around the cursor.
fn zoom_button(lang: Lang, id: &'static str, sign: &'static str, factor: f64, send: &Send) -> Html {
    let onclick = {
        let send = send.clone();
        Callback::from(move |_: MouseEvent| {
            let zoom = {
                let model = send.store().model();
                let end = end_time(&model);
                let (from, to) = axis::stretch(model.zoom, end);
                let scale = Scale::new(from, to, 1000.0);
                axis::zoomed(&scale, scale.x(model.player.time()).clamp(0.0, 1000.0), factor, end)
            };
            send.now(PageMsg::Zoom(zoom));
        })
    };
    let title = tr(lang, &format!("dock.{id}"));
    html! { <button class="button icon" data-testid={id} title={title.clone()} aria-label={title} {onclick}>{ sign }</button> }
}

fn circling(lang: Lang, (from, to): (Time, Time), send: &Send) -> Html {
    let words = t(lang, "dock.loop", &[("from", from.to_string()), ("to", to.to_string())]);
    html! {
        <button class="button" data-testid="loop-clear" title={tr(lang, "dock.loop.clear")}
            onclick={send.on_click(TimeMsg::Circle(None))}>{ words }{ " ×" }</button>
    }
}

fn branches(lang: Lang, branches: &[BranchInfo], send: &Send) -> Html {
    let button = |(place, branch): (usize, &BranchInfo)| {
        let number = (place + 1).to_string();
        let title = if branch.current {
            t(lang, "dock.branch.current", &[("n", number.clone())])
        } else {
            let args = [
                ("n", number.clone()),
                ("event", branch.forked_at.0.to_string()),
                ("end", branch.end_time.to_string()),
                ("acts", branch.interventions.to_string()),
            ];
            t(lang, "dock.branch.title", &args)
        };
        html! {
            <button key={place} class="button" data-testid={format!("branch-{place}")} aria-pressed={branch.current.to_string()}
                title={title.clone()} aria-label={title} onclick={send.on_click(ActMsg::Switch(place as u32))}>{ number }</button>
        }
    };
    html! {
        <div class="dock-branches" role="group" aria-label={tr(lang, "dock.branches")}>
            <span class="note">{ tr(lang, "dock.branches") }</span>
            { for branches.iter().enumerate().map(button) }
        </div>
    }
}

fn filter(lang: Lang, look: &EventsLook, send: &Send) -> Html {
    let every = {
        let send = send.clone();
        let every = !look.every;
        Callback::from(move |_: MouseEvent| send.now(PageMsg::Filter(FilterMsg::Every(every))))
    };
    html! {
        <>
            <div class="dock-lanes" role="group" aria-label={tr(lang, "dock.lanes")}>
                { for LANES.map(|lane| lane_button(lang, lane, look, send)) }
            </div>
            { nodes(lang, look, send) }
            { partitions(lang, look, send) }
            <input class="field" type="search" data-testid="events-search" value={look.query.clone()}
                placeholder={tr(lang, "dock.search")} aria-label={tr(lang, "dock.search")}
                oninput={send.on_input(PageMsg::FilterText)} />
            <button class="button" data-testid="events-every" aria-pressed={look.every.to_string()}
                title={tr(lang, "dock.every.title")} onclick={every}>{ tr(lang, "dock.every") }</button>
            <span class="note dock-count" data-testid="events-count">{ events::count(lang, look) }</span>
            <div class="spring" />
        </>
    }
}

fn lane_button(lang: Lang, lane: Option<Lane>, look: &EventsLook, send: &Send) -> Html {
    let name = lane.map_or("other", lane_name);
    let shown = look.lanes.contains(&lane);
    html! {
        <button key={name} class="button lane" data-testid={format!("lane-{name}")} data-lane={name}
            aria-pressed={shown.to_string()} onclick={send.on_click(PageMsg::FilterLane(lane))}>
            { tr(lang, &format!("dock.lane.{name}")) }
        </button>
    }
}

fn nodes(lang: Lang, look: &EventsLook, send: &Send) -> Html {
    let onchange = send.on_change(|text| PageMsg::Filter(FilterMsg::Node(NodeId::parse(&text).ok())));
    let model = send.store().model();
    let option = |node: NodeId| {
        html! {
            <option key={node.to_string()} value={node.to_string()} selected={look.node == Some(node)}>
                { model.words(|words| words.node(node)) }
            </option>
        }
    };
    html! {
        <select class="field" data-testid="events-node" aria-label={tr(lang, "dock.node")} {onchange}>
            <option value="" selected={look.node.is_none()}>{ tr(lang, "dock.node.all") }</option>
            { for look.nodes.iter().copied().map(option) }
        </select>
    }
}

fn partitions(lang: Lang, look: &EventsLook, send: &Send) -> Html {
    let all: Vec<(TopicPartition, String)> = look.partitions.clone();
    let onchange = send.on_change(move |text| {
        let found = all.iter().find(|(_, name)| *name == text).map(|(partition, _)| *partition);
        PageMsg::Filter(FilterMsg::Partition(found))
    });
    let option = |(partition, name): &(TopicPartition, String)| {
        html! {
            <option key={name.clone()} value={name.clone()} selected={look.partition == Some(*partition)}>{ name.clone() }</option>
        }
    };
    html! {
        <select class="field" data-testid="events-partition" aria-label={tr(lang, "dock.partition")} {onchange}>
            <option value="" selected={look.partition.is_none()}>{ tr(lang, "dock.partition.all") }</option>
            { for look.partitions.iter().map(option) }
        </select>
    }
}
