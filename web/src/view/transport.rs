//! The transport: how time goes.

use super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::model::{ActMsg, Msg, Overlay, PageMsg, Room, StepSize, TimeMsg};
use crate::platform::dom;
use crate::player::Pace;
use crate::view::icon::icon;
use kraftscope_core::id::StepId;
use yew::prelude::*;

/// Props of [`Transport`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TransportProps {
    pub lang: Lang,
    pub room: Room,
    pub playing: bool,
    pub step: StepSize,
    pub pace: Pace,
    pub event: StepId,
    pub end: StepId,
    pub seed: u64,
    /// Nothing is left to happen.
    pub finished: bool,
    /// There is something to take back.
    pub can_undo: bool,
    pub send: Send,
}

/// The bar of buttons below the stage.
#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let TransportProps { lang, room, playing, step, pace, event, end, seed, finished, can_undo, send } =
        props.clone();
    let button = |id: &'static str, msg: Msg, off: bool| {
        let title = tr(lang, &format!("transport.{id}"));
        html! {
            <button class="button icon" data-testid={id} title={title.clone()} aria-label={title} disabled={off}
                onclick={send.on_click(msg)}>{ icon(id) }</button>
        }
    };
    let id = if playing { "pause" } else { "play" };
    let at_start = event.0 == 0;
    html! {
        <div class="transport" role="toolbar" aria-label={tr(lang, "transport.label")}>
            { button("to-start", TimeMsg::ToStart.into(), at_start) }
            { button("back", TimeMsg::Back.into(), at_start) }
            <button class="button primary icon play" data-testid="play" data-playing={playing.to_string()}
                title={tr(lang, &format!("transport.{id}"))} aria-label={tr(lang, &format!("transport.{id}"))}
                onclick={send.on_click(TimeMsg::Toggle)}>{ icon(id) }</button>
            { button("forward", TimeMsg::Forward.into(), finished) }
            { button("notable", TimeMsg::ForwardNotable.into(), finished) }
            <button class="button" data-testid="until" title={tr(lang, "transport.until.title")}
                onclick={send.on_click(PageMsg::Open(Overlay::Until))}>{ tr(lang, "transport.until") }</button>
            { button("undo", ActMsg::Undo.into(), !can_undo) }
            if room != Room::Narrow {
                { steps(lang, step, &send) }
                { paces(lang, pace, &send) }
            }
            <div class="where">
                <Clock send={send.clone()} />
                <span class="note" data-testid="event">
                    { t(lang, "transport.event", &[("n", event.0.to_string()), ("end", end.0.to_string())]) }
                </span>
                <span class="note wide" data-testid="seed">{ t(lang, "transport.seed", &[("n", seed.to_string())]) }</span>
            </div>
        </div>
    }
}

/// How far one step goes.
pub(super) fn steps(lang: Lang, chosen: StepSize, send: &Send) -> Html {
    let onchange = send.on_change(|name| {
        let size = StepSize::ALL.into_iter().find(|size| size.name() == name);
        TimeMsg::SetStep(size.unwrap_or_default())
    });
    html! {
        <label class="inline">
            <span class="note wide">{ tr(lang, "transport.step") }</span>
            <select class="field" data-testid="step-size" aria-label={tr(lang, "transport.step")} {onchange}>
                { for StepSize::ALL.map(|size| html! {
                    <option key={size.name()} value={size.name()} selected={size == chosen}>
                        { tr(lang, &format!("transport.step.{}", size.name())) }
                    </option>
                }) }
            </select>
        </label>
    }
}

/// `a 2` or `c 0.1`: what an option of the clock stands for.
fn pace_value(pace: Pace) -> String {
    let kind = if matches!(pace, Pace::Adaptive(_)) { 'a' } else { 'c' };
    format!("{kind} {}", pace.factor())
}

fn pace_of(value: &str) -> Pace {
    let (kind, factor) = value.split_once(' ').unwrap_or(("a", "1"));
    let factor = factor.parse().unwrap_or(1.0);
    if kind == "a" { Pace::Adaptive(factor) } else { Pace::Constant(factor) }
}

/// How time runs.
pub(super) fn paces(lang: Lang, chosen: Pace, send: &Send) -> Html {
    let onchange = send.on_change(|value| TimeMsg::SetPace(pace_of(&value)));
    let group = |key: &str, paces: Vec<Pace>| {
        let label = tr(lang, key);
        html! {
            <optgroup label={label.clone()}>
                { for paces.into_iter().map(|pace| html! {
                    <option key={pace_value(pace)} value={pace_value(pace)} selected={pace == chosen}>
                        { format!("{label} × {}", pace.factor()) }
                    </option>
                }) }
            </optgroup>
        }
    };
    html! {
        <select class="field" data-testid="pace" aria-label={tr(lang, "transport.pace")} title={tr(lang, "transport.pace.title")} {onchange}>
            { group("transport.adaptive", Pace::ADAPTIVE.map(Pace::Adaptive).to_vec()) }
            { group("transport.constant", Pace::CONSTANT.map(Pace::Constant).to_vec()) }
        </select>
    }
}

/// Props of [`Clock`].
#[derive(Clone, Debug, PartialEq, Properties)]
struct ClockProps {
    send: Send,
}

/// The virtual time, written each frame without the virtual DOM.
#[component]
fn Clock(props: &ClockProps) -> Html {
    let node = use_node_ref();
    {
        let (node, frames) = (node.clone(), props.send.store().frames.clone());
        use_effect_with((), move |()| {
            let guard = frames.subscribe(move |tick| dom::set_text(&node, &tick.time.to_string()));
            move || drop(guard)
        });
    }
    html! { <span class="clock" data-testid="time" ref={node} /> }
}
