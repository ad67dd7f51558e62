//! What the simulator tells of faults that a person makes to single messages.
#![allow(clippy::unwrap_used)]

use kraftscope_core::history::History;
use kraftscope_core::id::PacketId;
use kraftscope_core::note::Note;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;

/// A cluster that is at work, and the first message that is under way.
fn at_work() -> (Sim, PacketId) {
    let text = "controllers 1\nbrokers 2\ntopic orders partitions 1 replicas 2\n\
                producer topics orders interval 400ms\n----\nuntil note RecordsAppended\n";
    let sim = History::from_text(text).unwrap().sim().clone();
    let under_way = |action: &Action| if let Action::Drop(id) = action { Some(*id) } else { None };
    let id = sim.enabled().iter().find_map(under_way).unwrap();
    (sim, id)
}

fn told(step: &Step, is_it: fn(&Note) -> bool) -> bool {
    step.notes.iter().any(is_it)
}

/// Source: the actions of `sim::Action`.
#[test]
fn a_message_that_is_dropped_by_hand_is_gone_and_told() {
    let (mut sim, id) = at_work();
    let step = sim.apply(Action::Drop(id)).unwrap();
    assert!(told(&step, |note| matches!(note, Note::MessageDropped { .. })));
    assert!(sim.apply(Action::Deliver(id)).is_err());
}

/// Source: the actions of `sim::Action`.
#[test]
fn a_message_that_is_doubled_by_hand_is_under_way_twice_and_told() {
    let (mut sim, id) = at_work();
    let before = sim.enabled().len();
    let step = sim.apply(Action::Duplicate(id)).unwrap();
    assert!(told(&step, |note| matches!(note, Note::MessageDuplicated { .. })));
    assert_eq!(sim.enabled().len(), before + 3);
}

/// Source: the actions of `sim::Action`.
#[test]
fn a_message_that_is_held_back_by_hand_is_told() {
    let (mut sim, id) = at_work();
    let step = sim.apply(Action::Delay(id, Span::millis(50))).unwrap();
    assert!(told(&step, |note| matches!(note, Note::MessageDelayed { .. })));
}
