//! Timers, with what is left of them.

use super::Desk;
use super::facts::{Fact, Facts, Tone};
use crate::select::Selection;
use kraftscope_core::id::NodeId;
use kraftscope_core::node::Timer;
use kraftscope_core::scenario::words::show_timer;
use kraftscope_core::time::Time;

/// The armed timers of the process that the selected thing belongs to, the next one first.
pub(super) fn of(desk: &Desk<'_>, selected: Selection) -> Vec<Fact> {
    let node = match selected {
        Selection::Node(node) | Selection::Timer(node, _) => node,
        _ => return Vec::new(),
    };
    let mut own: Vec<_> = desk.view.timers.iter().filter(|timer| timer.node == node).collect();
    own.sort_by_key(|timer| timer.due);
    let fact = |timer: &&kraftscope_core::view::TimerView| Fact {
        name: show_timer(timer.timer),
        value: left(desk, timer.due),
        tone: Tone::Plain,
    };
    own.iter().map(fact).collect()
}

fn left(desk: &Desk<'_>, due: Time) -> String {
    desk.tell("in", &[("span", desk.words.span(due.since(desk.view.now)))])
}

/// Facts about one timer.
pub(super) fn one(desk: &Desk<'_>, node: NodeId, timer: Timer) -> Vec<Fact> {
    let found = desk.view.timers.iter().find(|shown| shown.node == node && shown.timer == timer);
    let Some(shown) = found else { return Vec::new() };
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    facts
        .add("due", left(desk, shown.due))
        .add("armed", super::process::ago(desk, desk.view.now.since(shown.armed_at)));
    let (low, high) = (shown.earliest.since(shown.armed_at), shown.latest.since(shown.armed_at));
    let range =
        if low == high { words.span(low) } else { format!("{} – {}", words.span(low), words.span(high)) };
    facts.add("range", range);
    facts.done()
}
