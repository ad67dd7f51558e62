//! A flag on the timeline: somebody interfered here. It can be dragged to another time and taken away, with the
//! pointer and with the keyboard; everything after it is played anew.

use crate::i18n::{Lang, doings, t};
use crate::marks::Scale;
use crate::model::{ActMsg, TimeMsg};
use crate::platform::dom;
use crate::view::props::Send;
use kraftscope_core::history::Intervention;
use kraftscope_core::time::Time;
use yew::prelude::*;

/// A flag that was dragged by less was clicked.
const CLICK: f64 = 3.0;
/// Pixels by which an arrow key moves a flag; with shift ten times as many.
const STEP: f64 = 4.0;

/// Props of [`Flag`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) struct FlagProps {
    pub lang: Lang,
    pub number: u32,
    pub done: Intervention,
    pub scale: Scale,
    /// The element in which the flag's place is measured.
    pub track: NodeRef,
    pub send: Send,
}

/// One flag.
#[component]
pub(super) fn Flag(props: &FlagProps) -> Html {
    let moving = use_state(|| None::<Time>);
    let began = use_mut_ref(|| None::<f64>);
    let own = use_node_ref();
    let at = (*moving).unwrap_or(props.done.time);
    let x = props.scale.x(at);
    if x < -1.0 || x > props.scale.width + 1.0 {
        return html! {};
    }
    let down = {
        let (began, track, own) = (began.clone(), props.track.clone(), own.clone());
        Callback::from(move |event: PointerEvent| {
            event.stop_propagation();
            dom::capture(&own, event.pointer_id());
            *began.borrow_mut() = Some(dom::x_within(&track, &event));
        })
    };
    let moved = {
        let (began, props, moving) = (began.clone(), props.clone(), moving.setter());
        Callback::from(move |event: PointerEvent| {
            let Some(from) = *began.borrow() else { return };
            event.stop_propagation();
            let x = dom::x_within(&props.track, &event);
            moving.set(((x - from).abs() > CLICK).then(|| props.scale.time(x.clamp(0.0, props.scale.width))));
        })
    };
    let up = {
        let (props, moving) = (props.clone(), moving.clone());
        Callback::from(move |event: PointerEvent| {
            event.stop_propagation();
            if began.borrow_mut().take().is_some() {
                settle(&props, &moving);
            }
        })
    };
    let blur = {
        let moving = moving.setter();
        Callback::from(move |_: FocusEvent| moving.set(None))
    };
    let words = say(props, *moving);
    html! {
        <button class={classes!("tl-flag", moving.is_some().then_some("is-moving"))} ref={own}
            data-testid={format!("flag-{}", props.number)} style={format!("transform:translateX({x:.1}px)")}
            title={words.clone()} aria-label={words} onpointerdown={down} onpointermove={moved} onpointerup={up}
            onkeydown={keys(props, &moving)} onblur={blur} />
    }
}

/// Moves it to where it was put, or goes to it.
fn settle(props: &FlagProps, moving: &UseStateHandle<Option<Time>>) {
    match **moving {
        Some(time) => props.send.now(ActMsg::Move(props.number, time)),
        None => props.send.now(TimeMsg::Seek(props.done.event)),
    }
    moving.set(None);
}

fn keys(props: &FlagProps, moving: &UseStateHandle<Option<Time>>) -> Callback<KeyboardEvent> {
    let (props, moving) = (props.clone(), moving.clone());
    Callback::from(move |event: KeyboardEvent| {
        let nudge = |pixels: f64| {
            let pixels = if event.shift_key() { pixels * 10.0 } else { pixels };
            let x = props.scale.x((*moving).unwrap_or(props.done.time));
            moving.set(Some(props.scale.time((x + pixels).clamp(0.0, props.scale.width))));
        };
        match event.key().as_str() {
            "ArrowLeft" => nudge(-STEP),
            "ArrowRight" => nudge(STEP),
            "Enter" | " " => settle(&props, &moving),
            "Delete" | "Backspace" => props.send.now(ActMsg::Remove(props.number)),
            "Escape" if moving.is_some() => moving.set(None),
            _ => return,
        }
        event.stop_propagation();
        event.prevent_default();
    })
}

fn say(props: &FlagProps, moving: Option<Time>) -> String {
    let model = props.send.store().model();
    let what = model.words(|words| doings::did(words, &props.done.action));
    let (key, time) = match moving {
        Some(time) => ("dock.flag.moving", time),
        None => ("dock.flag", props.done.time),
    };
    t(props.lang, key, &[("what", what), ("time", time.to_string())])
}
