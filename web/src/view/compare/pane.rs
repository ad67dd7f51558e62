//! One variant: its name, its cluster, what happened last, and what had no meaning in it.

use super::super::props::{Same, Send};
use super::super::stage::{Actor, Stage};
use crate::i18n::{Lang, t, tr};
use crate::model::CompareMsg;
use crate::select::{Ask, Selection};
use kraftscope_core::view::ClusterView;
use std::collections::BTreeSet;
use std::rc::Rc;
use yew::prelude::*;

/// A pane as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct PaneLook {
    /// In what it differs.
    pub title: String,
    /// Its cluster.
    pub view: Same<ClusterView>,
    /// The latest notable thing.
    pub sentence: String,
    /// What had no meaning, and why.
    pub unmet: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct PaneProps {
    pub(super) lang: Lang,
    pub(super) number: usize,
    pub(super) look: PaneLook,
    pub(super) focused: bool,
    /// No other pane is drawn.
    pub(super) alone: bool,
    pub(super) selected: Option<Selection>,
    pub(super) paused: bool,
    pub(super) lit: Rc<BTreeSet<Actor>>,
    pub(super) on: Callback<Ask>,
    pub(super) send: Send,
}

#[component]
pub(super) fn PaneView(props: &PaneProps) -> Html {
    let PaneProps { lang, number, look, focused, alone, selected, paused, lit, on, send } = props.clone();
    let frames = send.store().panes.get(number).cloned().unwrap_or_default();
    let unmet = look.unmet.len();
    html! {
        <section class="cmp-pane" data-focused={focused.to_string()} aria-label={look.title.clone()} data-testid={format!("pane-{number}")}>
            <div class="cmp-head">
                <button class="button small" data-testid={format!("pane-focus-{number}")} aria-pressed={focused.to_string()}
                    title={tr(lang, "compare.focus")} onclick={send.on_click(CompareMsg::Focus(number))}>{ look.title.clone() }</button>
                <span class="note cmp-said" title={look.sentence.clone()} data-testid={format!("pane-said-{number}")}>{ look.sentence.clone() }</span>
                <button class="button quiet small" data-testid={format!("pane-alone-{number}")} aria-pressed={alone.to_string()}
                    title={tr(lang, if alone { "compare.all.what" } else { "compare.alone.what" })}
                    onclick={send.on_click(CompareMsg::Alone(number))}>{ tr(lang, if alone { "compare.all" } else { "compare.alone" }) }</button>
            </div>
            <div class="cmp-stage">
                <Stage view={look.view.clone()} {frames} {selected} focus={lit} {paused} {lang} {on} />
            </div>
            if let Some(last) = look.unmet.last() {
                <p class="warning cmp-without" data-testid={format!("pane-without-{number}")} title={look.unmet.join("\n")}>
                    { last.clone() }
                    if unmet > 1 { { " " }{ t(lang, "compare.without.more", &[("n", (unmet - 1).to_string())]) } }
                </p>
            }
        </section>
    }
}
