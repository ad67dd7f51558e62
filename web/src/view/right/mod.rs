//! The right panel: why things are as they are, what is in flight, other courses of events.

mod flights;

use super::props::{Same, Send, WhyLink};
use crate::i18n::{Lang, t, tr};
use crate::model::{ActMsg, PageMsg};
use crate::select::Selection;
use crate::view::icon::icon;
use crate::view::inspector::{Inspector, Why};
use kraftscope_core::config::Settings;
use kraftscope_core::history::BranchInfo;
use kraftscope_core::scenario::words::Names;
use kraftscope_core::view::ClusterView;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Right`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RightProps {
    pub lang: Lang,
    pub view: Same<ClusterView>,
    pub paused: bool,
    pub selected: Option<Selection>,
    pub settings: Settings,
    pub names: Rc<Names>,
    /// Why things are as they are.
    pub chain: Rc<Vec<WhyLink>>,
    /// Why nothing happens.
    pub stuck: Rc<Vec<String>>,
    pub branches: Rc<Vec<BranchInfo>>,
    pub send: Send,
}

/// The panel.
#[component]
pub fn Right(props: &RightProps) -> Html {
    let RightProps { lang, view, paused, selected, settings, names, chain, stuck, branches, send } =
        props.clone();
    let on = {
        let send = send.clone();
        Callback::from(move |ask| send.now(PageMsg::Ask(ask)))
    };
    html! {
        <aside class="side right" data-testid="right" aria-label={tr(lang, "right.label")}>
            <button class="button quiet icon side-close" aria-label={tr(lang, "close")} onclick={send.on_click(PageMsg::ToggleRight)}>
                { icon("close") }
            </button>
            if selected.is_some() {
                <Inspector {lang} view={view.clone()} {selected} {settings} {names} why={chain} {on} />
            } else {
                <Why {lang} links={chain} {on} />
            }
            if !stuck.is_empty() { { waits(lang, &stuck) } }
            if paused { <flights::Flights {lang} {view} send={send.clone()} /> }
            if branches.len() > 1 { { courses(lang, &branches, &send) } }
        </aside>
    }
}

fn waits(lang: Lang, stuck: &[String]) -> Html {
    html! {
        <section class="group" data-testid="stuck">
            <h3 class="caps">{ tr(lang, "right.stuck") }</h3>
            <ul class="waits">{ for stuck.iter().map(|line| html! { <li key={line.clone()} class="stuck">{ line }</li> }) }</ul>
        </section>
    }
}

fn courses(lang: Lang, branches: &[BranchInfo], send: &Send) -> Html {
    let lines = branches.iter().enumerate().map(|(i, branch)| {
        let args = [
            ("n", (i + 1).to_string()),
            ("from", branch.forked_at.0.to_string()),
            ("end", branch.end_time.to_string()),
            ("actions", branch.interventions.to_string()),
        ];
        html! {
            <li key={i}>
                <button class="course" data-testid={format!("branch-{i}")} aria-current={branch.current.to_string()} disabled={branch.current}
                    onclick={send.on_click(ActMsg::Switch(i as u32))}>{ t(lang, "right.branch", &args) }</button>
            </li>
        }
    });
    html! {
        <section class="group" data-testid="branches">
            <h3 class="caps">{ tr(lang, "right.branches") }</h3>
            <ul>{ for lines }</ul>
        </section>
    }
}
