//! The selected thing in one line: on a phone and on small windows, where the inspector lies over the stage.

use super::props::Send;
use crate::i18n::{Lang, tr};
use crate::model::{Overlay, PageMsg};
use crate::select::{Selection, Spot};
use crate::view::icon::icon;
use yew::prelude::*;

/// Props of [`Chosen`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ChosenProps {
    pub lang: Lang,
    pub name: String,
    pub target: Selection,
    pub send: Send,
}

/// The line: its name, what can be done, what it is.
#[component]
pub fn Chosen(props: &ChosenProps) -> Html {
    let ChosenProps { lang, name, target, send } = props.clone();
    let menu = PageMsg::Open(Overlay::Menu(target, Spot::default()));
    html! {
        <div class="chosen" data-testid="chosen">
            <b>{ name }</b>
            <span class="spring" />
            <button class="button small" data-testid="chosen-menu" onclick={send.on_click(menu)}>{ tr(lang, "chosen.do") }</button>
            <button class="button small" data-testid="chosen-inspect" onclick={send.on_click(PageMsg::ToggleRight)}>{ tr(lang, "chosen.inspect") }</button>
            <button class="button quiet small" aria-label={tr(lang, "close")} onclick={send.on_click(PageMsg::Select(None))}>{ icon("close") }</button>
        </div>
    }
}
