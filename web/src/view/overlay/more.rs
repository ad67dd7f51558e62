//! On a phone: what has no room in the header and the transport.

use super::super::header::{compare, looks, modes, releases};
use super::super::props::Send;
use super::super::transport::{paces, steps};
use super::dialogue;
use crate::i18n::{Lang, tr};
use crate::model::{Overlay, PageMsg, RunMsg};
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct MoreProps {
    pub(super) lang: Lang,
    pub(super) send: Send,
}

#[component]
pub(super) fn More(props: &MoreProps) -> Html {
    let MoreProps { lang, send } = props.clone();
    let store = send.store();
    let model = store.model();
    let (mode, release) = (model.session.genesis().mode, model.session.genesis().settings.release);
    let body = html! {
        <div class="more">
            <div class="row">{ steps(lang, model.step, &send) }{ paces(lang, model.player.pace, &send) }</div>
            <div class="row">{ modes(lang, mode, false, &send) }{ releases(lang, mode, release, &send) }{ compare(lang, model.compare.is_some(), &send) }</div>
            <div class="row">
                <button class="button" data-testid="more-share" onclick={send.on_click(RunMsg::Share)}>{ tr(lang, "header.share") }</button>
                <button class="button" data-testid="more-commands" onclick={send.on_click(PageMsg::Open(Overlay::Palette))}>{ tr(lang, "header.commands") }</button>
                <button class="button" data-testid="more-help" onclick={send.on_click(PageMsg::Open(Overlay::Help))}>{ tr(lang, "help.title") }</button>
            </div>
            <div class="row">{ looks(lang, model.theme, model.present, &send) }</div>
        </div>
    };
    dialogue(lang, "more", tr(lang, "header.more"), &send, body)
}
