//! The dock below the transport: tabs, the tools of the chosen tab, and its panel.
//!
//! The panel's height is the person's: a handle on the upper edge changes it, and the browser keeps it. Nothing here
//! knows of the model but [`look`]; what a tab needs of a long run beyond that (sentences, marks) it reads from the
//! store when it draws.

mod axis;
mod checks;
mod events;
mod flag;
mod hunt;
mod look;
mod strip;
mod timeline;
mod tools;
mod track;

pub use look::{Look, of};

use super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::model::{PageMsg, Tab};
use crate::platform::{dom, storage};
use checks::Checks;
use events::Events;
use hunt::HuntPanel;
use look::Panel;
use timeline::Timeline;
use yew::prelude::*;

/// Height of the panel in CSS pixels, unless somebody chose another one.
const HEIGHT: i32 = 132;
/// The least and the greatest.
const BOUNDS: (i32, i32) = (88, 560);

/// Props of [`Dock`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DockProps {
    pub lang: Lang,
    pub look: Look,
    pub send: Send,
}

/// The tabs and the panel of the chosen one.
#[component]
pub fn Dock(props: &DockProps) -> Html {
    let DockProps { lang, look, send } = props;
    let (lang, height) = (*lang, use_state(kept_height));
    let panel = match &look.panel {
        Panel::Closed => None,
        Panel::Timeline(look) => Some(html! { <Timeline {lang} look={look.clone()} send={send.clone()} /> }),
        Panel::Events(look) => Some(html! { <Events {lang} look={look.clone()} send={send.clone()} /> }),
        Panel::Checks(states) => Some(
            html! { <Checks {lang} mode={props.look.mode} states={states.clone()} send={send.clone()} /> },
        ),
        Panel::Hunt(hunt) => Some(html! { <HuntPanel {lang} hunt={hunt.clone()} send={send.clone()} /> }),
    };
    let toggle = tr(lang, if look.open { "dock.collapse" } else { "dock.expand" });
    html! {
        <section class="dock" data-open={look.open.to_string()} aria-label={tr(lang, "dock.label")}>
            if look.open { <Handle {lang} height={*height} set={height.setter()} /> }
            <div class="dock-head">
                <div class="tabs" role="tablist" aria-label={tr(lang, "dock.label")}>
                    { for Tab::ALL.map(|tab| tab_button(props, tab)) }
                </div>
                { tools::of(lang, &look.panel, send) }
                <button class="button quiet dock-toggle" data-testid="dock-toggle" aria-expanded={look.open.to_string()}
                    title={toggle.clone()} aria-label={toggle} onclick={send.on_click(PageMsg::ToggleDock)}>
                    { if look.open { "▾" } else { "▴" } }
                </button>
            </div>
            { panel.map_or_else(Html::default, |panel| html! {
                <div class={classes!("panel", (look.tab != Tab::Timeline).then_some("is-list"))} role="tabpanel" id="dock-panel" aria-labelledby={format!("tab-{}", look.tab.name())}
                    data-testid={format!("panel-{}", look.tab.name())} style={format!("--dock-height:{}px", *height)}>
                    { panel }
                </div>
            }) }
        </section>
    }
}

fn tab_button(props: &DockProps, tab: Tab) -> Html {
    let DockProps { lang, look, send } = props;
    let chosen = tab == look.tab && look.open;
    let broken = tab == Tab::Checks && look.broken.is_some_and(|broken| broken > 0);
    html! {
        <button key={tab.name()} role="tab" id={format!("tab-{}", tab.name())} aria-selected={chosen.to_string()}
            class={classes!("tab", broken.then_some("is-broken"))} aria-controls={chosen.then_some("dock-panel")}
            data-testid={format!("tab-{}", tab.name())} onclick={send.on_click(PageMsg::ShowTab(tab))}>
            { label(*lang, tab, look) }
        </button>
    }
}

fn label(lang: Lang, tab: Tab, look: &Look) -> String {
    let name = tr(lang, &format!("dock.{}", tab.name()));
    match (tab, look.broken) {
        (Tab::Timeline | Tab::Events | Tab::Hunt, _) | (Tab::Checks, None) => name,
        (Tab::Checks, Some(0)) => format!("{name} {} ✓", checks::of_mode(look.mode).count()),
        (Tab::Checks, Some(n)) => format!("⚠ {}", t(lang, "dock.checks.sum", &[("n", n.to_string())])),
    }
}

/// A number with a thin space between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

fn kept_height() -> i32 {
    bounded(storage::load("dock").and_then(|text| text.parse().ok()).unwrap_or(HEIGHT))
}

fn bounded(height: i32) -> i32 {
    height.clamp(BOUNDS.0, BOUNDS.1)
}

#[derive(Clone, Debug, PartialEq, Properties)]
struct HandleProps {
    lang: Lang,
    height: i32,
    set: UseStateSetter<i32>,
}

/// The upper edge: drag it, or use the arrow keys; a double click sets the usual height.
#[component]
fn Handle(props: &HandleProps) -> Html {
    let own = use_node_ref();
    let began = use_mut_ref(|| None::<(i32, i32)>);
    let set = {
        let setter = props.set.clone();
        move |height: i32| {
            let height = bounded(height);
            storage::save("dock", &height.to_string());
            setter.set(height);
        }
    };
    let down = {
        let (began, own, height) = (began.clone(), own.clone(), props.height);
        Callback::from(move |event: PointerEvent| {
            dom::capture(&own, event.pointer_id());
            *began.borrow_mut() = Some((event.client_y(), height));
        })
    };
    let moved = {
        let (began, set) = (began.clone(), set.clone());
        Callback::from(move |event: PointerEvent| {
            let from = *began.borrow();
            if let Some((y, height)) = from {
                set(height + y - event.client_y());
            }
        })
    };
    let up = Callback::from(move |_: PointerEvent| *began.borrow_mut() = None);
    let usual = {
        let set = set.clone();
        Callback::from(move |_: MouseEvent| set(HEIGHT))
    };
    let height = props.height;
    let key = Callback::from(move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowUp" => set(height + 16),
            "ArrowDown" => set(height - 16),
            "Home" => set(BOUNDS.0),
            "End" => set(BOUNDS.1),
            _ => return,
        }
        event.prevent_default();
    });
    html! {
        <div class="dock-handle" ref={own} role="separator" aria-orientation="horizontal" tabindex="0"
            data-testid="dock-handle" aria-label={tr(props.lang, "dock.resize")} title={tr(props.lang, "dock.resize")}
            aria-valuemin={BOUNDS.0.to_string()} aria-valuemax={BOUNDS.1.to_string()} aria-valuenow={height.to_string()}
            onpointerdown={down} onpointermove={moved} onpointerup={up} ondblclick={usual} onkeydown={key} />
    }
}
