//! The chain of causes behind the latest notable thing; each link goes to its event.

use super::super::props::{Send, WhyLink};
use crate::i18n::{Lang, tr};
use crate::model::TimeMsg;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct WhyProps {
    pub(super) lang: Lang,
    pub(super) chain: Rc<Vec<WhyLink>>,
    pub(super) send: Send,
}

#[component]
pub(super) fn Why(props: &WhyProps) -> Html {
    let WhyProps { lang, chain, send } = props.clone();
    let links = chain.iter().enumerate().map(|(i, link)| {
        html! {
            <li key={link.event.0} class="cause">
                <button class="cause-link" data-testid="cause" onclick={send.on_click(TimeMsg::Seek(link.event))}>{ &link.sentence }</button>
                <span class="note">{ link.time.to_string() }
                    if !link.source.is_empty() { { " · " }{ link.source } }
                </span>
                if i == 0 && !link.why.is_empty() { <p class="because" data-testid="because">{ &link.why }</p> }
            </li>
        }
    });
    html! {
        <section class="group" data-testid="why">
            <h3 class="caps">{ tr(lang, "right.why") }</h3>
            if chain.is_empty() {
                <p class="note">{ tr(lang, "right.why.empty") }</p>
            } else {
                <ol class="chain">{ for links }</ol>
            }
        </section>
    }
}
