//! A claim beside its run: what is said, the verdict, what to look at, and why.

use super::super::props::Send;
use super::super::prose::{blocks, runs};
use crate::i18n::{Lang, t, tr};
use crate::model::claims::OpenClaim;
use crate::model::{ClaimMsg, Overlay, PageMsg};
use kraftscope_tutorials::Shown;
use yew::prelude::*;

/// The claim that is shown.
pub(super) fn claim(lang: Lang, open: &OpenClaim, send: &Send) -> Html {
    let claim = &open.claim;
    let verdict = claim.verdict.name();
    let run = |(i, shown): (usize, &Shown)| {
        html! {
            <li key={i}>
                <button class="claim-run" data-testid={format!("claim-run-{}", shown.name)} aria-pressed={(i == open.run).to_string()}
                    onclick={send.on_click(ClaimMsg::Open(shown.name.clone()))}>{ runs(&shown.title) }</button>
            </li>
        }
    };
    html! {
        <article class="lesson claim" data-testid="claim" data-claim={claim.number.to_string()} data-run={open.shown().map(|shown| shown.name.clone())}>
            <p class="caps">{ t(lang, "claims.number", &[("n", claim.number.to_string())]) }</p>
            <h2>{ runs(&claim.said) }</h2>
            <p><span class="verdict" data-verdict={verdict} data-testid="verdict">{ tr(lang, &format!("claims.{verdict}")) }</span></p>
            if let Some(shown) = open.shown() {
                <section class="look" aria-live="polite">
                    <h3 class="caps">{ tr(lang, "claims.look") }</h3>
                    <p data-testid="look">{ runs(&shown.look) }</p>
                    <div class="row">
                        <button class="button small" data-testid="claim-again" title={tr(lang, "claims.again.title")}
                            onclick={send.on_click(ClaimMsg::Open(shown.name.clone()))}>{ tr(lang, "claims.again") }</button>
                    </div>
                </section>
            }
            if claim.runs.len() > 1 { <ul class="claim-runs" aria-label={tr(lang, "claims.runs")}>{ for claim.runs.iter().enumerate().map(run) }</ul> }
            <div class="prose">{ blocks(&claim.why) }</div>
            { turn(lang, open, send) }
        </article>
    }
}

fn turn(lang: Lang, open: &OpenClaim, send: &Send) -> Html {
    let to = |id: &'static str, key: &str, number: Option<u32>| {
        let msg = ClaimMsg::Open(number.map(|number| number.to_string()).unwrap_or_default());
        html! {
            <button class="button" data-testid={id} disabled={number.is_none()} onclick={send.on_click(msg)}>{ tr(lang, key) }</button>
        }
    };
    html! {
        <div class="turn">
            { to("claim-previous", "claims.previous", open.before) }
            { to("claim-next", "claims.next", open.after) }
            <span class="spring" />
            <button class="button quiet" data-testid="claim-leave" onclick={send.on_click(ClaimMsg::Open(String::new()))}>{ tr(lang, "claims.leave") }</button>
            <button class="button primary" data-testid="claim-all" onclick={send.on_click(PageMsg::Open(Overlay::Claims))}>{ tr(lang, "claims.all") }</button>
        </div>
    }
}
