//! Comparing: what differs, the panes, and the table that counts.
//!
//! Everything here is drawn from a [`CompareLook`], which the root makes of the model.

mod chart;
mod figures;
mod pane;
mod setup;
mod table;

pub use figures::{Course, Figures, Row, figures};
pub use pane::PaneLook;

use super::props::{Same, Send};
use super::stage::Actor;
use crate::i18n::words::Words;
use crate::i18n::{Lang, sentence, t, tr};
use crate::model::compare::{Pane, Unmet};
use crate::model::{CompareMsg, Model};
use crate::select::{Ask, Selection};
use kraftscope_core::compare::{Differ, Nowhere, Variant};
use pane::PaneView;
use setup::Setup;
use std::collections::BTreeSet;
use std::rc::Rc;
use table::Table;
use yew::prelude::*;

/// What is compared, as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareLook {
    /// What differs.
    pub differ: Differ,
    /// The name of the script.
    pub script: String,
    /// The pane in focus.
    pub focus: usize,
    /// Only that one is drawn.
    pub alone: bool,
    /// The panes.
    pub panes: Vec<PaneLook>,
    /// The partition that the buttons mean.
    pub partition: String,
    /// What was counted.
    pub figures: Same<Figures>,
    /// What is selected in the pane in focus.
    pub selected: Option<Selection>,
    /// Time stands.
    pub paused: bool,
}

/// What the model's comparison looks like; nothing while nothing is compared.
pub fn of(model: &Model, figures: Same<Figures>) -> Option<CompareLook> {
    let compare = model.compare.as_ref()?;
    let panes = compare.panes.iter().enumerate().map(|(number, pane)| look_of(model, number, pane)).collect();
    let partition = model.selected.and_then(Selection::partition).unwrap_or_default();
    Some(CompareLook {
        differ: compare.differ.clone(),
        script: compare.name.clone(),
        focus: compare.focus,
        alone: compare.alone,
        panes,
        partition: model.session.names().show(partition),
        figures,
        selected: model.selected,
        paused: !model.player.playing,
    })
}

fn look_of(model: &Model, number: usize, pane: &Pane) -> PaneLook {
    let session = model.pane_session(number);
    let names = session.names();
    let words = Words { lang: model.lang, mode: session.genesis().mode, topics: &names };
    let said = session.latest_notable().map(|(_, node, note)| sentence::note(&words, node, &note));
    let shown = pane.unmet.iter().filter(|unmet| unmet.at <= model.player.time());
    PaneLook {
        title: title(
            model.lang,
            &pane.variant,
            &model
                .compare
                .as_ref()
                .map_or_else(String::new, |compare| pane.variant.name(&compare.script.base)),
        ),
        view: session.view(),
        sentence: said.unwrap_or_default(),
        unmet: shown.map(|unmet| without(model.lang, unmet)).collect(),
    }
}

/// What a variant is called on the page; `name` is what it is called in a text.
fn title(lang: Lang, variant: &Variant, name: &str) -> String {
    match variant.mode {
        Some(mode) => {
            let release = name.strip_prefix(mode.name()).unwrap_or_default();
            format!("{}{release}", tr(lang, &format!("mode.{}", mode.name())))
        }
        None => name.replace('=', " = "),
    }
}

fn without(lang: Lang, unmet: &Unmet) -> String {
    let why = match &unmet.why {
        Nowhere::NotNow(why) if lang == Lang::En => why.clone(),
        why => tr(lang, &format!("compare.why.{}", why.key())),
    };
    t(lang, "compare.without", &[("action", unmet.line.clone()), ("why", why)])
}

/// Props of [`Comparison`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ComparisonProps {
    pub lang: Lang,
    pub look: CompareLook,
    /// Where the wishes of each pane's stage go.
    pub asks: Rc<Vec<Callback<Ask>>>,
    pub send: Send,
}

/// The whole comparison, in the place of stage and panels.
#[component]
pub fn Comparison(props: &ComparisonProps) -> Html {
    let ComparisonProps { lang, look, asks, send } = props.clone();
    let focus = use_memo((), |()| BTreeSet::<Actor>::new());
    html! {
        <section class="compare" aria-label={tr(lang, "compare.title")} data-testid="comparison">
            <Setup {lang} differ={look.differ.clone()} script={look.script.clone()} send={send.clone()} />
            { deeds(lang, &look, &send) }
            <div class="cmp-panes" data-panes={if look.alone { 1 } else { look.panes.len() }.to_string()} data-alone={look.alone.to_string()}>
                { for look.panes.iter().enumerate().filter(|(number, _)| !look.alone || *number == look.focus).map(|(number, pane)| html! {
                    <PaneView key={number} {lang} {number} look={pane.clone()} focused={number == look.focus} alone={look.alone}
                        selected={look.selected.filter(|_| number == look.focus)} paused={look.paused}
                        lit={focus.clone()} on={asks.get(number).cloned().unwrap_or_default()} send={send.clone()} />
                }) }
            </div>
            <Table {lang} titles={look.panes.iter().map(|pane| pane.title.clone()).collect::<Vec<_>>()} figures={look.figures.clone()} />
        </section>
    }
}

/// What is done in every pane.
fn deeds(lang: Lang, look: &CompareLook, send: &Send) -> Html {
    let partition = &look.partition;
    let deeds = [
        ("leader", format!("crash leader:{partition}")),
        ("controller", "crash controller".to_owned()),
        ("majority", format!("crash majority:{partition}")),
        ("metadata", "crash majority:metadata".to_owned()),
        ("slow", format!("slow follower:{partition} 2s")),
        ("start", "start down".to_owned()),
        ("heal", "heal all".to_owned()),
    ];
    html! {
        <div class="cmp-deeds" role="toolbar" aria-label={tr(lang, "compare.deeds")}>
            <span class="note">{ t(lang, "compare.deeds.on", &[("partition", partition.clone())]) }</span>
            { for deeds.into_iter().map(|(name, line)| html! {
                <button key={name} class="button small" data-testid={format!("deed-{name}")} title={line.clone()}
                    onclick={send.on_click(CompareMsg::Do(line))}>
                    { tr(lang, &format!("compare.deed.{name}")) }
                </button>
            }) }
        </div>
    }
}
