//! Why: the chain of causes from what last happened back to a person or a timer; each link goes to its event.

use crate::i18n::{Lang, tr};
use crate::select::Ask;
use crate::view::props::WhyLink;
use std::rc::Rc;
use yew::prelude::*;

/// A chain of causes.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct WhyProps {
    /// The language.
    pub lang: Lang,
    /// The links, the latest first.
    pub links: Rc<Vec<WhyLink>>,
    /// Where wishes go: `Ask::Seek`.
    pub on: Callback<Ask>,
}

/// The chain; nothing when there is none.
#[component]
pub fn Why(props: &WhyProps) -> Html {
    if props.links.is_empty() {
        return Html::default();
    }
    let link = |link: &WhyLink| {
        let (on, event) = (props.on.clone(), link.event);
        let onclick = Callback::from(move |_: MouseEvent| on.emit(Ask::Seek(event)));
        html! {
            <li key={link.event.0} class="why-link">
                <button type="button" class="why-event" {onclick}>
                    <span class="why-sentence">{ &link.sentence }</span>
                    <span class="why-time">{ link.time.to_string() }</span>
                </button>
                if !link.why.is_empty() { <p class="why-because">{ &link.why }</p> }
                if !link.source.is_empty() { <p class="why-source">{ link.source }</p> }
            </li>
        }
    };
    html! {
        <section class="causes" data-testid="why">
            <h3 class="caps">{ tr(props.lang, "inspector.why") }</h3>
            <ol class="why-chain">{ for props.links.iter().map(link) }</ol>
        </section>
    }
}
