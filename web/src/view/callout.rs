//! The invitation on the first page: one obvious thing to press.

use super::props::Send;
use crate::i18n::words::Words;
use crate::i18n::{Lang, t, tr};
use crate::model::{ActMsg, LessonMsg, Model, PageMsg};
use crate::view::icon::icon;
use kraftscope_core::id::NodeId;
use kraftscope_core::node::Loss;
use kraftscope_core::sim::action::Action;
use yew::prelude::*;

/// Who leads, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    /// The leader.
    pub node: NodeId,
    /// Its name in words.
    pub name: String,
    /// What it leads.
    pub partition: String,
}

/// The leader of the first partition, as long as nothing was done yet.
pub fn victim(model: &Model, words: &Words<'_>) -> Option<Victim> {
    let view = model.session.view();
    let first = view.partitions.first().filter(|_| model.callout && model.class.is_none())?;
    let node = first.leader?;
    Some(Victim { node, name: words.node(node), partition: words.partition(first.partition) })
}

/// Props of [`Callout`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct CalloutProps {
    pub lang: Lang,
    pub victim: Victim,
    pub send: Send,
}

/// The strip below the stage.
#[component]
pub fn Callout(props: &CalloutProps) -> Html {
    let CalloutProps { lang, victim, send } = props.clone();
    let args = [("node", victim.name), ("partition", victim.partition)];
    let crash = ActMsg::Do(vec![Action::Crash(victim.node, Loss::Nothing)]);
    html! {
        <aside class="callout" data-testid="callout">
            <p>{ t(lang, "callout.text", &args) }</p>
            <div class="row">
                <button class="button primary" data-testid="callout-go" onclick={send.on_click(crash)}>{ t(lang, "callout.go", &args) }</button>
                <button class="button" data-testid="callout-lesson" onclick={send.on_click(LessonMsg::Open("01".into()))}>{ tr(lang, "callout.lesson") }</button>
            </div>
            <button class="button quiet icon" aria-label={tr(lang, "close")} data-testid="callout-close"
                onclick={send.on_click(PageMsg::DismissCallout)}>{ icon("close") }</button>
        </aside>
    }
}
