//! Every invariant: its name, its statement, its source, how it stands.

use super::super::props::Send;
use crate::i18n::words::{Word, Words};
use crate::i18n::{Lang, t, tr};
use crate::model::TimeMsg;
use kraftscope_core::check::{INVARIANTS, Invariant, State, Why};
use kraftscope_core::id::StepId;
use kraftscope_core::scenario::words::Names;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Checks`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ChecksProps {
    pub lang: Lang,
    /// By row of the table; empty when checks are off.
    pub states: Rc<Vec<State>>,
    pub names: Rc<Names>,
    pub send: Send,
}

/// The table.
#[component]
pub fn Checks(props: &ChecksProps) -> Html {
    let ChecksProps { lang, states, names, send } = props.clone();
    if states.is_empty() {
        return html! { <p class="note pad">{ tr(lang, "checks.off") }</p> };
    }
    let words = Words { lang, topics: &names };
    let mut rows: Vec<(usize, &Invariant, State)> = INVARIANTS
        .iter()
        .zip(states.iter())
        .enumerate()
        .map(|(i, (known, state))| (i, known, *state))
        .collect();
    // What is broken comes first; the order of the table decides among the rest.
    rows.sort_by_key(|(i, _, state)| (!matches!(state, State::Broken { .. }), *i));
    html! {
        <div class="checks" data-testid="checks">
            <table>
                <thead><tr>
                    <th scope="col">{ tr(lang, "checks.state") }</th>
                    <th scope="col">{ tr(lang, "checks.promise") }</th>
                    <th scope="col" class="wide">{ tr(lang, "checks.source") }</th>
                </tr></thead>
                <tbody>{ for rows.into_iter().map(|(_, known, state)| row(&words, known, state, &send)) }</tbody>
            </table>
        </div>
    }
}

fn row(words: &Words<'_>, known: &Invariant, state: State, send: &Send) -> Html {
    let lang = words.lang;
    let (kind, verdict) = match state {
        State::Holds { checked } => ("holds", t(lang, "checks.holds", &[("n", checked.to_string())])),
        State::Broken { event, partition, node, offset } => {
            let place = [
                ("partition", partition.word(words)),
                ("node", node.word(words)),
                ("offset", offset.word(words)),
                ("event", event.0.to_string()),
            ];
            ("broken", t(lang, "checks.broken", &place))
        }
        State::NotApplicable { why } => ("void", given_away(words, why)),
    };
    let verdict = if let State::Broken { event, .. } = state {
        html! { <button class="link-like" onclick={send.on_click(TimeMsg::Seek(event))}>{ verdict }</button> }
    } else {
        html! { { verdict } }
    };
    html! {
        <tr key={known.id} data-state={kind} data-testid={format!("check-{}", known.id)}>
            <td class="check-state">{ verdict }</td>
            <td><b>{ known.id }{ " " }{ known.name }</b>{ " " }<span>{ tr(lang, &format!("check.{}", known.id)) }</span></td>
            <td class="wide note">{ known.source }</td>
        </tr>
    }
}

fn given_away(words: &Words<'_>, why: Why) -> String {
    let at = |event: StepId, leader: kraftscope_core::id::NodeId| {
        vec![("event", event.0.to_string()), ("leader", words.node(leader))]
    };
    let (key, args) = match why {
        Why::UncleanElection { event, leader } => ("checks.void.unclean", at(event, leader)),
        Why::LeaderLostRecords { event, leader } => ("checks.void.lost", at(event, leader)),
        Why::NoAcksAll => ("checks.void.acks", Vec::new()),
        Why::ElrOff => ("checks.void.elr", Vec::new()),
    };
    t(words.lang, key, &args)
}
