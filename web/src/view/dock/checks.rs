//! The promises: each with its statement, its source, and how it stands at the cursor. Broken ones come first.
//!
//! What says nothing in the mode that is played is folded away: it is there for whoever wants to see what the other
//! modes promise.

use super::grouped;
use crate::i18n::{Lang, t, tr};
use crate::model::TimeMsg;
use crate::view::props::Send;
use kraftscope_core::check::{INVARIANTS, Precondition, Rule, State, Why};
use kraftscope_core::id::StepId;
use kraftscope_core::mode::Mode;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Checks`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) struct ChecksProps {
    pub lang: Lang,
    pub mode: Mode,
    /// In the order of the table; empty when nobody looks.
    pub states: Rc<Vec<State>>,
    pub send: Send,
}

/// The table of promises.
#[component]
pub(super) fn Checks(props: &ChecksProps) -> Html {
    let (lang, mode) = (props.lang, props.mode);
    let unfolded = use_state(|| false);
    if props.states.is_empty() {
        return html! { <p class="ev-empty" data-testid="checks-off">{ tr(lang, "dock.checks.off") }</p> };
    }
    let head = ["state", "id", "name", "statement", "needs", "source"].map(|column| {
        html! { <th key={column} scope="col" class={column}>{ tr(lang, &format!("dock.checks.{column}")) }</th> }
    });
    let (own, others): (Vec<usize>, Vec<usize>) =
        order(&props.states).into_iter().partition(|&row| is_shown(row, &props.states[row], mode));
    let row = |own: bool| {
        let (states, send) = (Rc::clone(&props.states), props.send.clone());
        move |row: usize| {
            let send = send.clone();
            html! { <Check key={row} {lang} row={row as u32} {own} state={states[row]} {send} /> }
        }
    };
    let fold = {
        let unfolded = unfolded.clone();
        Callback::from(move |_: MouseEvent| unfolded.set(!*unfolded))
    };
    let key = if *unfolded { "dock.checks.fold" } else { "dock.checks.unfold" };
    let more = t(lang, key, &[("n", others.len().to_string())]);
    html! {
        <div class="ck" tabindex="0" role="region" aria-label={tr(lang, "dock.checks")} data-testid="checks">
            <table>
                <thead><tr>{ for head }</tr></thead>
                <tbody>{ for own.into_iter().map(row(true)) }</tbody>
                if *unfolded { <tbody class="ck-others">{ for others.into_iter().map(row(false)) }</tbody> }
            </table>
            <button class="button quiet ck-more" data-testid="checks-more" aria-expanded={unfolded.to_string()} onclick={fold}>{ more }</button>
        </div>
    }
}

/// The rows of the rules that say something in this mode.
pub(super) fn of_mode(mode: Mode) -> impl Iterator<Item = usize> {
    let rules = Rule::ALL.iter().enumerate();
    rules.filter(move |(_, rule)| rule.concerns(mode)).map(|(row, _)| row)
}

/// What concerns the mode, and whatever is broken.
fn is_shown(row: usize, state: &State, mode: Mode) -> bool {
    let concerns = Rule::ALL.get(row).is_some_and(|rule| rule.concerns(mode));
    concerns || matches!(state, State::Broken { .. })
}

/// Broken promises first, then those that do not apply, then the rest, each in the order of the table.
fn order(states: &[State]) -> Vec<usize> {
    let rank = |row: &usize| match states[*row] {
        State::Broken { .. } => 0,
        State::NotApplicable { .. } | State::Holds { .. } => 1,
    };
    let mut rows: Vec<usize> = (0..states.len().min(INVARIANTS.len())).collect();
    rows.sort_by_key(rank);
    rows
}

#[derive(Clone, Debug, PartialEq, Properties)]
struct CheckProps {
    lang: Lang,
    row: u32,
    /// It concerns the mode.
    own: bool,
    state: State,
    send: Send,
}

/// One promise; drawn anew only when its state changed.
#[component]
fn Check(props: &CheckProps) -> Html {
    let CheckProps { lang, row, own, state, send } = props;
    let rule = &INVARIANTS[*row as usize];
    let (kind, sign) = match state {
        _ if !own => ("void", "–"),
        State::Holds { .. } => ("holds", "✓"),
        State::Broken { .. } => ("broken", "✗"),
        State::NotApplicable { .. } => ("void", "–"),
    };
    let stands = match own {
        true => standing(*lang, state, rule.needs, send),
        false => html! { tr(*lang, "dock.checks.void.mode") },
    };
    html! {
        <tr data-testid={format!("check-{}", rule.id)} data-state={kind}>
            <td class="state"><span class="ck-sign" aria-hidden="true">{ sign }</span>{ stands }</td>
            <td class="id">{ rule.id }</td>
            <th class="name" scope="row">{ tr(*lang, &format!("check.{}.name", rule.id)) }</th>
            <td class="statement">{ tr(*lang, &format!("check.{}.statement", rule.id)) }</td>
            { needs(*lang, *own, state, rule.needs) }
            <td class="source">{ rule.source }</td>
        </tr>
    }
}

/// Under what the promise is given, and whether that is so under the present settings and after what has happened.
fn needs(lang: Lang, own: bool, state: &State, needs: Precondition) -> Html {
    let holds = own && !matches!(state, State::NotApplicable { .. });
    let sign = if holds { "✓" } else { "–" };
    let title = tr(lang, &format!("dock.checks.needs.{needs:?}"));
    html! {
        <td class="needs" data-holds={holds.to_string()} {title}>
            <span class="ck-sign" aria-hidden="true">{ sign }</span>{ tr(lang, &format!("dock.checks.given.{needs:?}")) }
        </td>
    }
}

/// How a promise stands, in words, with a link to where that was decided.
fn standing(lang: Lang, state: &State, needs: Precondition, send: &Send) -> Html {
    match *state {
        State::Holds { checked: 0 } => html! { tr(lang, "dock.checks.unseen") },
        State::Holds { checked } => html! { t(lang, "dock.checks.holds", &[("n", grouped(checked))]) },
        State::Broken { event, partition, node, offset } => {
            let model = send.store().model();
            let place = model.words(|words| {
                let parts = [
                    partition.map(|partition| words.partition(partition)),
                    node.map(|node| words.node(node)),
                    offset.map(|offset| t(lang, "dock.checks.offset", &[("n", offset.to_string())])),
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
            });
            html! { <>{ tr(lang, "dock.checks.broken") }{ " " }{ link(lang, event, send) }{ " " }{ place }</> }
        }
        State::NotApplicable { why } => {
            let title = tr(lang, &format!("dock.checks.needs.{needs:?}"));
            let (key, event) = match why {
                Why::UncleanElection { event, .. } => ("dock.checks.void.unclean", Some(event)),
                Why::LeaderLostRecords { event, .. } => ("dock.checks.void.lost", Some(event)),
                Why::ForgottenProposal { event, .. } => ("dock.checks.void.forgotten", Some(event)),
                Why::MinIsrUnheardOf { event, .. } => ("dock.checks.void.unheard", Some(event)),
                Why::DroppedReplicaEligible { event, .. } => ("dock.checks.void.dropped", Some(event)),
                Why::TooManyLosses { event } => ("dock.checks.void.losses", Some(event)),
                Why::MinIsrNotEnforced => ("dock.checks.void.min-isr", None),
                Why::Disordered { event } => ("dock.checks.void.disordered", Some(event)),
                Why::NoIdempotence => ("dock.checks.void.idempotence", None),
                Why::NoAcksAll => ("dock.checks.void.acks", None),
                Why::ElrOff => ("dock.checks.void.elr", None),
                Why::MemberForgot { event, .. } => ("dock.checks.void.groups", Some(event)),
                Why::NoIsr => ("dock.checks.void.no-isr", None),
                Why::NoGroups => ("dock.checks.void.no-groups", None),
                Why::ReadsUnconfirmed => ("dock.checks.void.reads", None),
            };
            html! {
                <span {title}>{ tr(lang, key) }{ for event.map(|event| html! { <>{ " " }{ link(lang, event, send) }</> }) }</span>
            }
        }
    }
}

fn link(lang: Lang, event: StepId, send: &Send) -> Html {
    html! {
        <button class="ck-link" data-testid="check-seek" onclick={send.on_click(TimeMsg::Seek(event))}>
            { t(lang, "dock.checks.event", &[("n", event.0.to_string())]) }
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invariant_has_a_name_and_a_statement_in_every_language() {
        let keys = INVARIANTS
            .iter()
            .flat_map(|rule| [format!("check.{}.name", rule.id), format!("check.{}.statement", rule.id)])
            .chain(INVARIANTS.iter().flat_map(|rule| {
                ["given", "needs"].map(|kind| format!("dock.checks.{kind}.{:?}", rule.needs))
            }));
        let missing: Vec<String> = keys.filter(|key| !Lang::ALL.iter().all(|lang| lang.has(key))).collect();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn the_english_statement_is_that_of_the_core() {
        let other: Vec<&str> = INVARIANTS
            .iter()
            .filter(|rule| tr(Lang::En, &format!("check.{}.statement", rule.id)) != rule.statement)
            .map(|rule| rule.id)
            .collect();
        assert_eq!(other, Vec::<&str>::new());
    }

    #[test]
    fn a_broken_promise_is_shown_even_where_the_mode_gives_none() {
        let broken = State::Broken { event: StepId(7), partition: None, node: None, offset: None };
        let row = Rule::Z1 as usize;
        assert!(
            is_shown(row, &broken, Mode::KRaft) && !is_shown(row, &State::Holds { checked: 1 }, Mode::KRaft)
        );
    }

    #[test]
    fn broken_promises_come_first() {
        let holds = State::Holds { checked: 1 };
        let broken = State::Broken { event: StepId(7), partition: None, node: None, offset: None };
        assert_eq!(order(&[holds, holds, broken, holds]), [2, 0, 1, 3]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 1234, 1_234_567].map(grouped), ["7", "1\u{202f}234", "1\u{202f}234\u{202f}567"]);
    }
}
