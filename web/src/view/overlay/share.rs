//! The link to this run at this moment, and the run as a file.

use super::super::props::Send;
use super::dialogue;
use crate::i18n::{Lang, tr};
use crate::model::{PageMsg, RunMsg};
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct ShareProps {
    pub(super) lang: Lang,
    pub(super) link: String,
    pub(super) send: Send,
}

#[component]
pub(super) fn Share(props: &ShareProps) -> Html {
    let ShareProps { lang, link, send } = props.clone();
    let body = html! {
        <>
            <p class="note">{ tr(lang, "share.what") }</p>
            <textarea class="field link" readonly=true rows="3" data-testid="share-link" aria-label={tr(lang, "share.link")} value={link} />
            <div class="row">
                <span class="note" data-testid="share-copied">{ tr(lang, "share.copied") }</span>
                <span class="spring" />
                <button class="button" data-testid="export" onclick={send.on_click(RunMsg::Export)}>{ tr(lang, "share.export") }</button>
                <button class="button" data-testid="import" onclick={send.on_click(RunMsg::Import)}>{ tr(lang, "share.import") }</button>
                <button class="button primary" onclick={send.on_click(PageMsg::Close)}>{ tr(lang, "close") }</button>
            </div>
        </>
    };
    dialogue(lang, "share-dialogue", tr(lang, "header.share"), &send, body)
}
