//! Flags on the timeline where a person interfered: a click goes there, a drag moves it to another time, the delete
//! key takes it back.

use super::super::props::Send;
use crate::i18n::words::Words;
use crate::i18n::{Lang, doings, t};
use crate::marks::Scale;
use crate::model::{ActMsg, TimeMsg};
use crate::platform::dom;
use kraftscope_core::history::Intervention;
use std::rc::Rc;
use yew::prelude::*;

/// Pixels that a pointer must move before a click is a drag.
const SLACK: f64 = 4.0;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct FlagsProps {
    pub(super) lang: Lang,
    pub(super) interventions: Rc<Vec<Intervention>>,
    pub(super) scale: Scale,
    pub(super) send: Send,
}

/// All flags.
#[component]
pub(super) fn Flags(props: &FlagsProps) -> Html {
    let names = props.send.store().model().session.names();
    let words = Words { lang: props.lang, topics: &names };
    let flags = props.interventions.iter().enumerate().map(|(i, done)| {
        let title = doings::did(&words, &done.action);
        html! { <Flag key={i} number={i as u32} x={props.scale.x(done.time)} done={*done} {title} lang={props.lang}
            scale={props.scale} send={props.send.clone()} /> }
    });
    html! { <div class="flags">{ for flags }</div> }
}

#[derive(Clone, Debug, PartialEq, Properties)]
struct FlagProps {
    number: u32,
    x: f64,
    done: Intervention,
    title: String,
    lang: Lang,
    scale: Scale,
    send: Send,
}

/// One flag.
#[component]
fn Flag(props: &FlagProps) -> Html {
    let FlagProps { number, x, done, title, lang, scale, send } = props.clone();
    let node = use_node_ref();
    let from = use_mut_ref(|| None::<f64>);
    let down = {
        let (from, node) = (Rc::clone(&from), node.clone());
        Callback::from(move |event: PointerEvent| {
            event.stop_propagation();
            dom::capture(&node, event.pointer_id());
            *from.borrow_mut() = Some(f64::from(event.client_x()));
        })
    };
    let moved = {
        let (from, node) = (Rc::clone(&from), node.clone());
        Callback::from(move |event: PointerEvent| {
            event.stop_propagation();
            if let Some(from) = *from.borrow() {
                let by = f64::from(event.client_x()) - from;
                dom::set_style(&node, "transform", &format!("translateX({by}px)"));
            }
        })
    };
    let up = {
        let (node, send) = (node.clone(), send.clone());
        Callback::from(move |event: PointerEvent| {
            event.stop_propagation();
            let held = from.borrow_mut().take();
            let Some(from) = held else { return };
            let by = f64::from(event.client_x()) - from;
            dom::set_style(&node, "transform", "");
            if by.abs() > SLACK {
                send.now(ActMsg::Move(number, scale.time(x + by)));
            } else {
                send.now(TimeMsg::Seek(done.event));
            }
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
        "Delete" | "Backspace" => send.now(ActMsg::Remove(number)),
        "Enter" => send.now(TimeMsg::Seek(done.event)),
        _ => {}
    });
    let label = t(lang, "timeline.flag", &[("what", title), ("time", done.time.to_string())]);
    html! {
        <button class="flag" ref={node} data-testid={format!("flag-{number}")} style={format!("left:{x}px")} title={label.clone()}
            aria-label={label} onpointerdown={down} onpointermove={moved} onpointerup={up} {onkeydown} />
    }
}
