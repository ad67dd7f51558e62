//! The right panel: why things are as they are, what is in flight, other courses of events.

mod flights;
mod why;

use super::props::{Same, Send, WhyLink};
use crate::i18n::{Lang, t, tr};
use crate::model::{ActMsg, PageMsg, Sheet};
use crate::view::icon::icon;
use kraftscope_core::history::BranchInfo;
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
    pub chain: Rc<Vec<WhyLink>>,
    pub branches: Rc<Vec<BranchInfo>>,
    /// The inspector of what is selected.
    #[prop_or_default]
    pub children: Html,
    pub send: Send,
}

/// The panel.
#[component]
pub fn Right(props: &RightProps) -> Html {
    let RightProps { lang, view, paused, chain, branches, children, send } = props.clone();
    html! {
        <aside class="side right" data-testid="right" aria-label={tr(lang, "right.label")}>
            <button class="button quiet icon side-close" aria-label={tr(lang, "close")} onclick={send.on_click(PageMsg::ShowSheet(Some(Sheet::Right)))}>
                { icon("close") }
            </button>
            { children }
            <why::Why {lang} {chain} send={send.clone()} />
            if paused { <flights::Flights {lang} {view} send={send.clone()} /> }
            if branches.len() > 1 { { courses(lang, &branches, &send) } }
        </aside>
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
