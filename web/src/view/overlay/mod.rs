//! What lies over the page: menu, palette, conditions, claims, keys, link. Escape or a click beside it closes it.

mod claims;
mod help;
mod menu;
mod more;
mod palette;
mod share;
mod until;

pub use palette::{Entry, entries};

use super::props::Send;
use crate::i18n::{Lang, tr};
use crate::menu::Item;
use crate::model::{Overlay, PageMsg};
use crate::view::icon::icon;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Over`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct OverProps {
    pub lang: Lang,
    pub overlay: Overlay,
    /// What the menu offers.
    pub items: Rc<Vec<Item>>,
    /// What the menu is about.
    pub subject: String,
    pub send: Send,
}

/// The open overlay.
#[component]
pub fn Over(props: &OverProps) -> Html {
    let OverProps { lang, overlay, items, subject, send } = props.clone();
    match overlay {
        Overlay::Menu(_, at) => html! { <menu::Menu {lang} {at} {items} {subject} {send} /> },
        Overlay::Palette => html! { <palette::Palette {lang} {send} /> },
        Overlay::Until => html! { <until::Until {lang} {send} /> },
        Overlay::More => html! { <more::More {lang} {send} /> },
        Overlay::Claims => html! { <claims::Claims {lang} {send} /> },
        Overlay::Help => html! { <help::Help {lang} {send} /> },
        Overlay::Share(link) => html! { <share::Share {lang} {link} {send} /> },
    }
}

/// A box in the middle of the page.
fn dialogue(lang: Lang, id: &'static str, title: String, send: &Send, body: Html) -> Html {
    html! {
        <div class="veil" onclick={send.on_click(PageMsg::Close)}>
            <section class="dialogue" role="dialog" aria-modal="true" aria-label={title.clone()} data-testid={id}
                onclick={|event: MouseEvent| event.stop_propagation()}>
                <div class="dialogue-head">
                    <h2>{ title }</h2>
                    <button class="button quiet icon" id="overlay-close" data-testid="overlay-close" aria-label={tr(lang, "close")}
                        onclick={send.on_click(PageMsg::Close)}>{ icon("close") }</button>
                </div>
                { body }
            </section>
        </div>
    }
}
