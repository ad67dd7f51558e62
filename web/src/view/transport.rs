//! The transport: how time goes.

use crate::i18n::{Lang, tr};
use crate::model::Msg;
use yew::prelude::*;

/// Props of [`Transport`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TransportProps {
    pub lang: Lang,
    pub playing: bool,
    pub send: Callback<Msg>,
}

/// The bar of buttons below the stage.
#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let lang = props.lang;
    let says = |msg: Msg| props.send.reform(move |_: MouseEvent| msg.clone());
    let play = if props.playing { "transport.pause" } else { "transport.play" };
    html! {
        <div class="transport" role="toolbar" aria-label={tr(lang, "transport.label")}>
            <button class="button primary" data-testid="play" title={tr(lang, play)} aria-label={tr(lang, play)}
                onclick={says(Msg::TogglePlay)}>
                { if props.playing { "❚❚" } else { "▶" } }
            </button>
        </div>
    }
}
