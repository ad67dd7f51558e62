//! The list of events: what happened, in sentences, oldest on top; the line of the cursor stays in view. Only the
//! lines that are seen are made, so that a run of any length costs the same.

use super::look::EventsLook;
use crate::i18n::words::Words;
use crate::i18n::{Lang, doings, sentence, t, tr};
use crate::marks::lane_name;
use crate::model::TimeMsg;
use crate::model::filter::Row;
use crate::platform::dom;
use crate::scene::SizeWatch;
use crate::session::Session;
use crate::view::props::Send;
use kraftscope_core::explain;
use kraftscope_core::id::StepId;
use kraftscope_core::note::Lane;
use std::ops::Range;
use yew::prelude::*;

/// What can be shown and hidden, in the order of the buttons; `None` for notes of no lane.
pub(super) const LANES: [Option<Lane>; 6] = [
    Some(Lane::Elections),
    Some(Lane::Isr),
    Some(Lane::Commits),
    Some(Lane::Clients),
    Some(Lane::Faults),
    None,
];

/// Height of a line in CSS pixels.
const ROW: f64 = 24.0;
/// Lines that are made above and below those that are seen.
const SPARE: usize = 4;
/// A browser cannot scroll through more than this.
const MOST: usize = 400_000;

/// Props of [`Events`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) struct EventsProps {
    pub lang: Lang,
    pub look: EventsLook,
    pub send: Send,
}

/// The list.
#[component]
pub(super) fn Events(props: &EventsProps) -> Html {
    let EventsProps { lang, look, send } = props;
    let list = use_node_ref();
    let place = use_state(|| (0.0, 0.0));
    let active = use_state(|| None::<usize>);
    use_height(&list, &place);
    let part = part(&look.rows, look.event);
    let rows = &look.rows[part.clone()];
    let cursor = at_cursor(rows, look.event);
    use_following(&list, &place, cursor, rows.len());
    let seen = seen(*place, rows.len());
    let onscroll = {
        let place = place.setter();
        Callback::from(move |event: Event| place.set(dom::scrolled(&event)))
    };
    let marked = active.filter(|row| *row < rows.len()).or(cursor);
    let onkeydown = keys(props, rows, marked, &active, &list, *place);
    html! {
        <div class="ev" ref={list} tabindex="0" role="listbox" data-testid="events" {onscroll} {onkeydown}
            aria-label={tr(*lang, "dock.events.label")}
            aria-activedescendant={marked.map(|row| format!("event-row-{row}"))}>
            if rows.is_empty() {
                <p class="ev-empty" data-testid="events-empty">{ nothing(*lang, look) }</p>
            }
            <div class="ev-space" style={format!("height:{}px", rows.len() as f64 * ROW)}>
                { lines(props, rows, seen, marked, cursor, send) }
            </div>
        </div>
    }
}

fn nothing(lang: Lang, look: &EventsLook) -> String {
    let key = match (look.event, look.complete) {
        (StepId(0), _) => "dock.events.start",
        (_, false) => "dock.events.searching",
        (_, true) => "dock.events.none",
    };
    tr(lang, key)
}

/// The rows that are listed: all, or as many as a browser can scroll through, around the cursor.
fn part(rows: &[Row], event: StepId) -> Range<usize> {
    if rows.len() <= MOST {
        return 0..rows.len();
    }
    let cursor = rows.partition_point(|row| row.event <= event);
    let first = cursor.saturating_sub(MOST / 2).min(rows.len() - MOST);
    first..first + MOST
}

/// The last row at or before the cursor.
fn at_cursor(rows: &[Row], event: StepId) -> Option<usize> {
    rows.partition_point(|row| row.event <= event).checked_sub(1)
}

/// The rows that must be made.
fn seen((top, height): (f64, f64), rows: usize) -> Range<usize> {
    let first = ((top / ROW) as usize).saturating_sub(SPARE);
    let last = ((top + height) / ROW) as usize + 1 + SPARE;
    first.min(rows)..last.min(rows)
}

/// How far the list must be scrolled so that this row is in view; `None` when it is.
fn into_view((top, height): (f64, f64), row: usize) -> Option<f64> {
    let at = row as f64 * ROW;
    let visible = at >= top && at + ROW <= top + height;
    (!visible).then(|| (at - (height - ROW) * 0.6).max(0.0))
}

#[hook]
fn use_height(list: &NodeRef, place: &UseStateHandle<(f64, f64)>) {
    let (list, place) = (list.clone(), place.setter());
    use_effect_with((), move |()| {
        let scroller = list.clone();
        let watch = SizeWatch::of(&list, move |_, height| place.set((dom::scroll_of(&scroller).1, height)));
        move || drop(watch)
    });
}

/// Keeps the row of the cursor in view whenever it becomes another one.
#[hook]
fn use_following(list: &NodeRef, place: &UseStateHandle<(f64, f64)>, cursor: Option<usize>, rows: usize) {
    let (list, height) = (list.clone(), place.1);
    use_effect_with((cursor, rows, height > 0.0), move |(cursor, ..)| {
        let now = (dom::scroll_of(&list).1, height);
        if let Some(top) = cursor.and_then(|row| into_view(now, row)) {
            dom::scroll_to(&list, top);
        }
    });
}

fn lines(
    props: &EventsProps,
    rows: &[Row],
    seen: Range<usize>,
    marked: Option<usize>,
    cursor: Option<usize>,
    send: &Send,
) -> Html {
    let model = send.store().model();
    let line = |number: usize| {
        let row = rows[number];
        let (node, sentence, lane, notable) = model.words(|words| say(words, &model.session, row));
        let time = model.session.history().step_log(row.event).map(|log| log.time.to_string());
        let now = row.event == props.look.event;
        let class = classes!(
            "ev-row",
            notable.then_some("is-notable"),
            (row.event > props.look.event).then_some("is-ahead"),
            (marked == Some(number)).then_some("is-marked"),
            (now || cursor == Some(number)).then_some("is-now"),
        );
        html! {
            <div key={number} id={format!("event-row-{number}")} {class} role="option" aria-selected={now.to_string()}
                data-testid="event-row" data-event={row.event.0.to_string()}
                style={format!("top:{}px", number as f64 * ROW)} onclick={send.on_click(TimeMsg::Seek(row.event))}>
                <span class="ev-time">{ time }</span>
                <span class="ev-number">{ row.event.0 }</span>
                <span class="ev-lane" data-lane={lane.map_or("other", lane_name)} />
                <span class="ev-node">{ node }</span>
                <span class="ev-text">{ sentence }</span>
            </div>
        }
    };
    seen.map(line).collect()
}

/// Who, what, on which lane, and whether it is notable.
fn say(words: &Words<'_>, session: &Session, row: Row) -> (String, String, Option<Lane>, bool) {
    let history = session.history();
    let noted = row.note.and_then(|number| history.notes(number..number + 1).next());
    match (noted, history.step_log(row.event)) {
        (Some(log), _) => (
            log.node.map(|node| words.node(node)).unwrap_or_default(),
            sentence::note(words, log.node, &log.note),
            explain::lane(&log.note),
            explain::is_notable(&log.note),
        ),
        (None, Some(log)) => (
            log.node.map(|node| words.node(node)).unwrap_or_default(),
            doings::event(words, log),
            None,
            false,
        ),
        (None, None) => (String::new(), String::new(), None, false),
    }
}

fn keys(
    props: &EventsProps,
    rows: &[Row],
    marked: Option<usize>,
    active: &UseStateHandle<Option<usize>>,
    list: &NodeRef,
    place: (f64, f64),
) -> Callback<KeyboardEvent> {
    let events: Option<StepId> = marked.map(|row| rows[row].event);
    let (active, list, send, last) =
        (active.setter(), list.clone(), props.send.clone(), rows.len().saturating_sub(1));
    Callback::from(move |event: KeyboardEvent| {
        let page = ((place.1 / ROW) as usize).max(1);
        let from = marked.unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowUp" => from.saturating_sub(1),
            "ArrowDown" => (from + 1).min(last),
            "PageUp" => from.saturating_sub(page),
            "PageDown" => (from + page).min(last),
            "Home" => 0,
            "End" => last,
            "Enter" => {
                event.prevent_default();
                active.set(None);
                events.into_iter().for_each(|event| send.now(TimeMsg::Seek(event)));
                return;
            }
            _ => return,
        };
        event.prevent_default();
        active.set(Some(to));
        if let Some(top) = into_view((dom::scroll_of(&list).1, place.1), to) {
            dom::scroll_to(&list, top);
        }
    })
}

/// How many lines the filter leaves, in words.
pub(super) fn count(lang: Lang, look: &EventsLook) -> String {
    let key = if look.complete { "dock.events.count" } else { "dock.events.counting" };
    t(lang, key, &[("n", look.rows.len().to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(events: &[u64]) -> Vec<Row> {
        events.iter().map(|event| Row { event: StepId(*event), note: None }).collect()
    }

    #[test]
    fn the_row_of_the_cursor_is_the_last_that_has_happened() {
        let rows = rows(&[2, 5, 5, 9]);
        assert_eq!(at_cursor(&rows, StepId(1)), None);
        assert_eq!(at_cursor(&rows, StepId(5)), Some(2));
        assert_eq!(at_cursor(&rows, StepId(8)), Some(2));
        assert_eq!(at_cursor(&rows, StepId(99)), Some(3));
    }

    #[test]
    fn only_the_rows_that_are_seen_are_made() {
        assert_eq!(seen((0.0, 120.0), 1_000_000), 0..10);
        assert_eq!(seen((2400.0, 120.0), 1_000_000), 96..110);
        assert_eq!(seen((2400.0, 120.0), 3), 3..3);
    }

    #[test]
    fn a_row_out_of_view_is_scrolled_to_and_one_in_view_is_left_alone() {
        assert_eq!(into_view((0.0, 120.0), 2), None);
        assert_eq!(into_view((0.0, 120.0), 100), Some(2342.4));
        assert_eq!(into_view((2400.0, 120.0), 0), Some(0.0));
    }

    #[test]
    fn more_rows_than_a_browser_can_scroll_are_cut_around_the_cursor() {
        let many = rows(&(1..=1_000_000).collect::<Vec<_>>());
        assert_eq!(part(&many, StepId(10)), 0..MOST);
        assert_eq!(part(&many, StepId(500_000)), 300_000..700_000);
        assert_eq!(part(&many, StepId(1_000_000)), 600_000..1_000_000);
    }
}
