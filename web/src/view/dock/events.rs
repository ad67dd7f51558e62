//! All notes of the run: filtered, searched, and only those drawn that are seen. A click goes there.

use super::super::props::Send;
use crate::i18n::words::Words;
use crate::i18n::{Lang, sentence, t, tr};
use crate::marks::{LANES, lane_name};
use crate::model::{PageMsg, TimeMsg};
use crate::platform::dom;
use kraftscope_core::explain;
use kraftscope_core::history::NoteLog;
use kraftscope_core::id::StepId;
use kraftscope_core::note::Lane;
use std::rc::Rc;
use yew::prelude::*;

/// Height of a row in CSS pixels; the style sheet says the same.
const ROW: f64 = 24.0;
/// Rows above and below what is seen that are drawn as well.
const MARGIN: usize = 6;

/// Props of [`Events`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct EventsProps {
    pub lang: Lang,
    /// Numbers of the notes that match.
    pub found: Rc<Vec<u64>>,
    pub count: usize,
    pub query: String,
    pub shown: Rc<Vec<Option<Lane>>>,
    /// The event at the cursor.
    pub event: StepId,
    pub send: Send,
}

/// The list with its filter.
#[component]
pub fn Events(props: &EventsProps) -> Html {
    let list = use_node_ref();
    let seen = use_state(|| (0.0, 200.0));
    let onscroll = {
        let seen = seen.setter();
        Callback::from(move |event: Event| seen.set(dom::scrolled(&event)))
    };
    let store = Rc::clone(props.send.store());
    // The last row that is not after the cursor.
    let current = {
        let model = store.model();
        let end = model.session.history().first_note(props.event.next());
        props.found.partition_point(|number| *number < end).saturating_sub(1)
    };
    {
        let list = list.clone();
        let (top, high) = *seen;
        use_effect_with(current, move |current| {
            let at = *current as f64 * ROW;
            if at < top || at + ROW > top + high {
                dom::scroll_to(&list, (at - high / 2.0).max(0.0));
            }
        });
    }
    let (top, high) = *seen;
    let first = ((top / ROW) as usize).saturating_sub(MARGIN);
    let last = ((top + high) / ROW) as usize + MARGIN;
    let rows = {
        let model = store.model();
        let names = model.session.names();
        let words = Words { lang: props.lang, topics: &names };
        let numbers = props.found.iter().enumerate().skip(first).take(last - first);
        let row = |(place, number): (usize, &u64)| {
            let log = model.session.notes(*number..number + 1).next()?;
            Some(line(&words, place, *number, log, place == current, &props.send))
        };
        numbers.filter_map(row).collect::<Html>()
    };
    let height = format!("height:{}px", props.found.len() as f64 * ROW);
    html! {
        <div class="events">
            { filter(props) }
            <div class="events-list" ref={list} {onscroll} tabindex="0" role="list" aria-label={tr(props.lang, "dock.events")} data-testid="events-list">
                <div class="events-all" style={height}>{ rows }</div>
                if props.found.is_empty() { <p class="note pad">{ tr(props.lang, "events.none") }</p> }
            </div>
        </div>
    }
}

fn filter(props: &EventsProps) -> Html {
    let lanes = LANES.map(Some).into_iter().chain([None]).map(|lane| {
        let name = lane.map_or("other", lane_name);
        html! {
            <button key={name} class="chip" aria-pressed={props.shown.contains(&lane).to_string()} data-testid={format!("filter-{name}")}
                onclick={props.send.on_click(PageMsg::FilterLane(lane))}>{ tr(props.lang, &format!("lane.{name}")) }</button>
        }
    });
    html! {
        <div class="events-filter">
            <input class="field" type="search" data-testid="events-search" value={props.query.clone()}
                oninput={props.send.on_input(PageMsg::FilterText)} placeholder={tr(props.lang, "events.search")} aria-label={tr(props.lang, "events.search")} />
            { for lanes }
            <span class="note" data-testid="events-count">{ t(props.lang, "events.count", &[("n", props.found.len().to_string())]) }</span>
        </div>
    }
}

fn line(words: &Words<'_>, place: usize, number: u64, log: &NoteLog, current: bool, send: &Send) -> Html {
    let lane = explain::lane(&log.note).map_or("other", lane_name);
    html! {
        <button key={number} class="event" role="listitem" style={format!("top:{}px", place as f64 * ROW)} data-testid="event-row"
            data-lane={lane} data-notable={explain::is_notable(&log.note).to_string()} aria-current={current.to_string()}
            onclick={send.on_click(TimeMsg::Seek(log.event))}>
            <span class="event-time">{ log.time.to_string() }</span>
            <span class="event-lane" aria-hidden="true" />
            <span class="event-text">{ sentence::note(words, log.node, &log.note) }</span>
        </button>
    }
}
