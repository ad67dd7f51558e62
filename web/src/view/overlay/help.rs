//! The keys.

use super::super::props::Send;
use super::dialogue;
use crate::i18n::{Lang, tr};
use crate::keys::HELP;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct HelpProps {
    pub(super) lang: Lang,
    pub(super) send: Send,
}

#[component]
pub(super) fn Help(props: &HelpProps) -> Html {
    let HelpProps { lang, send } = props.clone();
    let lines = HELP.iter().map(|(keys, text)| {
        html! {
            <div key={*text} class="help-line">
                <dt>{ for keys.split(' ').map(|key| html! { <kbd key={key}>{ key }</kbd> }) }</dt>
                <dd>{ tr(lang, text) }</dd>
            </div>
        }
    });
    let body = html! { <dl class="help">{ for lines }</dl> };
    dialogue(lang, "help", tr(lang, "help.title"), &send, body)
}
