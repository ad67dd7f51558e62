//! The messages in flight as a list: what a keyboard and a screen reader need, and easier to hit than a dot.

use super::super::props::{Same, Send};
use crate::i18n::words::Words;
use crate::i18n::{Lang, t, tr};
use crate::menu;
use crate::model::{ActMsg, PageMsg};
use crate::select::Selection;
use kraftscope_core::scenario::words::Names;
use kraftscope_core::view::{ClusterView, FlightView};
use yew::prelude::*;

/// Messages that are listed at most.
const SHOWN: usize = 40;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct FlightsProps {
    pub(super) lang: Lang,
    pub(super) view: Same<ClusterView>,
    pub(super) send: Send,
}

#[component]
pub(super) fn Flights(props: &FlightsProps) -> Html {
    let FlightsProps { lang, view, send } = props.clone();
    let count = view.flights.len();
    html! {
        <section class="group" data-testid="flights">
            <h3 class="caps">{ t(lang, "right.flights", &[("n", count.to_string())]) }</h3>
            if count == 0 { <p class="note">{ tr(lang, "right.flights.none") }</p> }
            <ul>{ for view.flights.iter().take(SHOWN).map(|flight| line(lang, &view, flight, &send)) }</ul>
        </section>
    }
}

fn line(lang: Lang, view: &ClusterView, flight: &FlightView, send: &Send) -> Html {
    let names = Names::default();
    let words = Words { lang, mode: view.mode, topics: &names };
    let due = flight.deliver_at.since(view.now);
    let args = [
        ("due", words.span(due)),
        ("api", flight.api.to_owned()),
        ("from", words.node(flight.from)),
        ("to", words.node(flight.to)),
        ("what", flight.summary.clone()),
    ];
    let key = match (flight.blocked, flight.request) {
        (true, _) => "right.flight.blocked",
        _ if flight.api == "Disconnect" => "right.flight.disconnect",
        (false, true) => "right.flight.request",
        (false, false) => "right.flight.response",
    };
    let target = Selection::Flight(flight.id);
    let deeds = menu::of_flight(flight.id).into_iter().enumerate().map(|(i, item)| {
        let label = t(lang, &format!("do.{}", item.name), &item.args);
        html! {
            <button key={i} class="button quiet small" data-testid={format!("flight-{}", item.name)}
                onclick={send.on_click(ActMsg::Do(item.actions))}>{ label }</button>
        }
    });
    html! {
        <li key={flight.id.0} class="flight" data-testid="flight" data-routine={flight.routine.to_string()}>
            <button class="flight-name" onclick={send.on_click(PageMsg::Select(Some(target)))}>{ t(lang, key, &args) }</button>
            <span class="deeds">{ for deeds }</span>
        </li>
    }
}
