//! The inspector: everything about the selected thing, under Kafka's names.
//!
//! State first, then timers with what is left of them, then the settings that act on it, then why (the chain of
//! causes that the page hands in), then what can be done to it. Knows nothing of how any of it came about.

mod ensemble;
mod facts;
mod group;
mod heading;
mod knobs;
mod process;
mod raft;
mod replica;
mod timers;
mod why;

pub use why::Why;

use crate::i18n::words::Words;
use crate::i18n::{Lang, t, tr};
use crate::menu::{self, Item};
use crate::select::{Ask, Selection};
use crate::view::props::{Same, WhyLink};
use facts::{Fact, Tone};
use kraftscope_core::config::Settings;
use kraftscope_core::scenario::words::Names;
use kraftscope_core::view::ClusterView;
use std::rc::Rc;
use yew::prelude::*;

/// What the inspector shows.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct InspectorProps {
    /// The cluster after the last event.
    pub view: Same<ClusterView>,
    /// What is selected; nothing shows what to do.
    pub selected: Option<Selection>,
    /// The settings of the run.
    pub settings: Settings,
    /// Names of topics.
    pub names: Rc<Names>,
    /// The chain of causes of what last happened to the selected thing, the latest first.
    #[prop_or_default]
    pub why: Rc<Vec<WhyLink>>,
    /// The language.
    pub lang: Lang,
    /// Where wishes go.
    pub on: Callback<Ask>,
}

/// What every list of facts is made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desk<'a> {
    pub(super) words: Words<'a>,
    pub(super) view: &'a ClusterView,
}

impl Desk<'_> {
    /// The text under `inspector.key`.
    pub(super) fn say(&self, key: &str) -> String {
        tr(self.words.lang, &format!("inspector.{key}"))
    }

    /// The text under `inspector.key` with its placeholders filled.
    pub(super) fn tell(&self, key: &str, args: &[(&str, String)]) -> String {
        t(self.words.lang, &format!("inspector.{key}"), args)
    }
}

/// The selected thing.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let words = Words { lang: props.lang, mode: props.view.mode, topics: &props.names };
    let desk = Desk { words, view: &props.view };
    let Some(selected) = props.selected else { return nothing(&desk) };
    let facts = facts_of(&desk, selected);
    let settings = knobs::settings(selected, props.view.mode, &props.settings);
    let timers = timers::of(&desk, selected);
    html! {
        <div class="inspector" data-testid="inspector">
            <p class="caps">{ heading::kind(&desk, selected) }</p>
            <h2 class="inspector-title">{ heading::title(&desk, selected) }</h2>
            if facts.is_empty() {
                <p class="note">{ desk.say("gone") }</p>
            } else {
                { list(&facts, "inspector-facts") }
            }
            { section(&desk, "timers", &timers) }
            <Why lang={props.lang} links={Rc::clone(&props.why)} on={props.on.clone()} />
            { actions(&desk, props, menu::items(selected, &props.view, &words)) }
            { section(&desk, "settings", &settings) }
        </div>
    }
}

/// Nothing is selected: says how to select.
fn nothing(desk: &Desk<'_>) -> Html {
    html! {
        <div class="inspector" data-testid="inspector">
            <p class="caps">{ desk.say("nothing") }</p>
            <p class="note">{ desk.say("nothing.what") }</p>
        </div>
    }
}

fn facts_of(desk: &Desk<'_>, selected: Selection) -> Vec<Fact> {
    match selected {
        Selection::Node(node) => process::node(desk, node),
        Selection::Partition(partition) => replica::partition(desk, partition),
        Selection::Replica { partition, broker } => replica::replica(desk, partition, broker),
        Selection::Record { partition, broker, offset } => replica::record(desk, partition, broker, offset),
        Selection::MetadataRecord { controller, offset } => {
            process::metadata_record(desk, controller, offset)
        }
        Selection::Group(name) => group::group(desk, name),
        Selection::Znode(path) => ensemble::znode(desk, path),
        Selection::Flight(packet) => process::flight(desk, packet),
        Selection::Timer(node, timer) => timers::one(desk, node, timer),
        Selection::Link { from, to } => process::link(desk, from, to),
    }
}

fn section(desk: &Desk<'_>, name: &str, facts: &[Fact]) -> Html {
    if facts.is_empty() {
        return Html::default();
    }
    let class = if name == "settings" { "inspector-facts is-keys" } else { "inspector-facts" };
    html! {
        <section>
            <h3 class="caps">{ desk.say(name) }</h3>
            { list(facts, class) }
        </section>
    }
}

/// A definition list.
fn list(facts: &[Fact], class: &'static str) -> Html {
    let fact = |fact: &Fact| {
        let tone = match fact.tone {
            Tone::Plain => None,
            Tone::Good => Some("is-ok"),
            Tone::Bad => Some("is-bad"),
            Tone::Lead => Some("is-lead"),
        };
        html! {
            <>
                <dt>{ &fact.name }</dt>
                <dd class={classes!(tone)}>{ &fact.value }</dd>
            </>
        }
    };
    html! { <dl {class}>{ for facts.iter().map(fact) }</dl> }
}

/// Buttons for what can be done now.
fn actions(desk: &Desk<'_>, props: &InspectorProps, items: Vec<Item>) -> Html {
    if items.is_empty() {
        return Html::default();
    }
    let button = |(index, item): (usize, Item)| {
        let args: Vec<(&str, String)> = item.args.clone();
        let text = t(props.lang, &format!("do.{}", item.name), &args);
        let on = props.on.clone();
        let actions = item.actions.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            for action in &actions {
                on.emit(Ask::Act(*action));
            }
        });
        let class = classes!("button", "inspector-do", item.harm.then_some("is-harm"));
        html! { <li><button key={index} type="button" {class} {onclick}>{ text }</button></li> }
    };
    html! {
        <section>
            <h3 class="caps">{ desk.say("actions") }</h3>
            <ul class="inspector-actions">{ for items.into_iter().enumerate().map(button) }</ul>
        </section>
    }
}

#[cfg(test)]
mod tests;
