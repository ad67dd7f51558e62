//! The sentence of the moment: what just happened, in one plain sentence, for eyes and for screen readers; and the
//! line of news with a way back.

use super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::model::{Notice, PageMsg};
use yew::prelude::*;

/// What is said of the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The latest notable thing.
    pub sentence: String,
    /// Why it must be so.
    pub why: String,
    /// KIP or Kafka class.
    pub source: &'static str,
    /// The event at the cursor, when it is routine.
    pub routine: String,
    /// Why nothing happens, if so: the gravest reason.
    pub stuck: Option<String>,
}

/// Props of [`Moment`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MomentProps {
    pub lang: Lang,
    pub said: Said,
    pub notice: Option<Notice>,
    pub send: Send,
}

/// The strip between stage and transport.
#[component]
pub fn Moment(props: &MomentProps) -> Html {
    let MomentProps { lang, said, notice, send } = props.clone();
    let whole = format!("{} {} ({})", said.sentence, said.why, said.source);
    html! {
        <div class="moment">
            <p class="sentence" title={whole}>
                <span data-testid="sentence" aria-live="polite">{ said.sentence }</span>
                if !said.why.is_empty() { <span class="why" data-testid="why-line">{ " " }{ said.why }</span> }
            </p>
            if !said.routine.is_empty() { <p class="routine" data-testid="routine">{ said.routine }</p> }
            { for said.stuck.map(|line| html! { <p class="stuck" data-testid="stuck-line">{ line }</p> }) }
            { for notice.map(|notice| news(lang, notice, &send)) }
        </div>
    }
}

fn news(lang: Lang, notice: Notice, send: &Send) -> Html {
    let role = if notice.bad { "alert" } else { "status" };
    html! {
        <div class="notice" data-testid="notice" data-bad={notice.bad.to_string()} {role}>
            <span>{ t(lang, notice.key, &notice.args) }</span>
            if let Some((key, msg)) = notice.back {
                <button class="button small" data-testid="notice-back" onclick={send.on_click(*msg)}>{ tr(lang, key) }</button>
            }
            <button class="button quiet small" data-testid="notice-dismiss" aria-label={tr(lang, "close")}
                onclick={send.on_click(PageMsg::Dismiss)}>{ "×" }</button>
        </div>
    }
}
