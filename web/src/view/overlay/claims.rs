//! All claims: what is said, the verdict, why, and the runs, each one click away.

use super::super::props::Send;
use super::super::prose::{blocks, runs};
use super::dialogue;
use crate::i18n::{Lang, t, tr};
use crate::model::ClaimMsg;
use crate::model::lesson::language;
use kraftscope_tutorials::{Claim, Shown, claims};
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct ClaimsProps {
    pub(super) lang: Lang,
    pub(super) send: Send,
}

#[component]
pub(super) fn Claims(props: &ClaimsProps) -> Html {
    let ClaimsProps { lang, send } = props.clone();
    let (intro, all) = claims(language(lang)).unwrap_or_default();
    let body = html! {
        <div class="claims">
            <div class="prose">{ blocks(&intro) }</div>
            <ol>{ for all.iter().map(|claim| entry(lang, claim, &send)) }</ol>
        </div>
    };
    dialogue(lang, "claims", tr(lang, "claims.title"), &send, body)
}

fn entry(lang: Lang, claim: &Claim, send: &Send) -> Html {
    let verdict = claim.verdict.name();
    let run = |shown: &Shown| {
        html! {
            <button key={shown.name.clone()} class="button" data-testid={format!("run-{}", shown.name)} title={tr(lang, "claims.open.title")}
                onclick={send.on_click(ClaimMsg::Open(shown.name.clone()))}>{ runs(&shown.title) }</button>
        }
    };
    html! {
        <li key={claim.number} class="claims-entry" data-testid={format!("claim-{}", claim.number)} aria-label={t(lang, "claims.number", &[("n", claim.number.to_string())])}>
            <span class="claims-number" aria-hidden="true">{ claim.number }</span>
            <h3>{ runs(&claim.said) }</h3>
            <span class="verdict" data-verdict={verdict}>{ tr(lang, &format!("claims.{verdict}")) }</span>
            <div class="prose">{ blocks(&claim.why) }</div>
            <div class="row">{ for claim.runs.iter().map(run) }</div>
        </li>
    }
}
