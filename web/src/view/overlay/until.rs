//! Run until a condition holds: those that are often waited for, and any other as scenario text.

use super::super::props::Send;
use super::dialogue;
use crate::conditions;
use crate::i18n::{Lang, tr};
use crate::model::TimeMsg;
use crate::platform::dom;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct UntilProps {
    pub(super) lang: Lang,
    pub(super) send: Send,
}

#[component]
pub(super) fn Until(props: &UntilProps) -> Html {
    let UntilProps { lang, send } = props.clone();
    let text = use_state(String::new);
    let oninput = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(dom::typed(&event)))
    };
    let onsubmit = {
        let (text, send) = (text.clone(), send.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.now(TimeMsg::Until((*text).clone()));
        })
    };
    let mode = send.store().model().session.genesis().mode;
    let choices = conditions::of(mode).into_iter().map(|(name, _)| {
        let key = name.replace(' ', "-");
        html! {
            <button key={key.clone()} class="button" data-testid={format!("until-{key}")}
                onclick={send.on_click(TimeMsg::Until(name.to_owned()))}>{ tr(lang, &format!("until.{key}")) }</button>
        }
    });
    let examples = conditions::examples(mode).into_iter().map(|example| {
        let text = text.clone();
        let onclick = Callback::from(move |_| text.set(example.to_owned()));
        html! { <button key={example} class="button quiet small mono" {onclick}>{ example }</button> }
    });
    let body = html! {
        <>
            <div class="choices">{ for choices }</div>
            <form class="row" {onsubmit}>
                <input class="field wide-field mono" id="until-input" data-testid="until-input" value={(*text).clone()} {oninput}
                    placeholder={tr(lang, "until.placeholder")} aria-label={tr(lang, "until.free")} autocomplete="off" spellcheck="false" />
                <button class="button primary" data-testid="until-go">{ tr(lang, "until.go") }</button>
            </form>
            <div class="examples">{ for examples }</div>
        </>
    };
    dialogue(lang, "until-dialogue", tr(lang, "until.title"), &send, body)
}
