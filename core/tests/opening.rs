//! The opening cluster runs, is the same again, and can be held still.

use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, StepId};
use kraftscope_core::node::Loss;
use kraftscope_core::note::Note;
use kraftscope_core::scenario::Condition;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::{Span, Time};

fn opened() -> History {
    let mut history = History::new(Genesis::default()).expect("the default genesis is valid");
    let ready = Condition::parse("ready", &history.names()).expect("a condition");
    assert!(history.until(&ready, 20_000), "the opening cluster gets ready");
    history
}

fn until(history: &mut History, condition: &str) {
    let parsed = Condition::parse(condition, &history.names()).expect("a condition");
    assert!(history.until(&parsed, 50_000), "{condition}");
}

#[test]
fn the_opening_cluster_elects_a_controller_and_commits_records() {
    let mut history = opened();
    until(&mut history, "acked >= 20 and consumed >= 20");
    until(&mut history, "isr orders-0 = 1,2,3 and leader orders-0 = broker-1");
}

#[test]
fn one_genesis_and_script_have_one_digest() {
    let run = || {
        let mut history = opened();
        let now = history.now();
        history.act(now, Action::Crash(NodeId::broker(1), Loss::Nothing)).expect("broker 1 runs");
        until(&mut history, "leader orders-0 != broker-1");
        (history.event(), history.digest())
    };
    assert_eq!(run(), run());
}

#[test]
fn seeking_back_and_forth_leads_to_the_same_state() {
    let mut history = opened();
    history.seek(StepId(3000));
    let (time, digest) = (history.now(), history.digest());
    for event in [2999, 10, 0, 1500, 2500] {
        history.seek(StepId(event));
        assert_eq!(history.event(), StepId(event));
    }
    history.seek(StepId(3000));
    assert_eq!((history.now(), history.digest()), (time, digest));
}

#[test]
fn acting_in_the_past_keeps_the_old_future() {
    let mut history = opened();
    let fork = history.event();
    history.seek(StepId(fork.0 + 500));
    let old = history.digest();
    history.seek(fork);
    let acted = history.act(history.now(), Action::Pause(NodeId::broker(2))).expect("broker 2 runs");
    assert_eq!(acted.kept, Some(0));
    assert_eq!(history.branches().len(), 2);
    assert!(history.switch(0));
    assert_eq!((history.event(), history.digest()), (StepId(fork.0 + 500), old));
    assert!(history.switch(1));
    assert!(history.undo());
    assert_eq!(history.event(), fork);
}

/// Who looks for the right moment moves one intervention many times.
#[test]
fn moving_an_intervention_again_keeps_the_course_before_the_first_move_only() {
    let mut history = opened();
    let began = history.now();
    history.act(began, Action::Pause(NodeId::broker(2))).expect("broker 2 runs");
    history.seek(StepId(history.event().0 + 500));
    let first = history.digest();
    for millis in [20, 40, 10] {
        assert_eq!(history.move_to(0, began + Span::millis(millis)), 0);
    }
    let moved: Vec<Time> = history.interventions().iter().map(|done| done.time).collect();
    assert_eq!((history.branches().len(), moved), (2, vec![began + Span::millis(10)]));
    assert!(history.switch(0));
    assert_eq!(history.digest(), first);
    assert_eq!(history.move_to(0, began + Span::millis(30)), 0);
    assert_eq!(history.branches().len(), 3);
}

/// KIP-392: who reads where is no riddle when the racks are in the picture.
#[test]
fn the_picture_names_the_racks() {
    let text = "brokers 3\ntopic orders partitions 1 replicas 3\nconsumer topics orders\n\
                set broker.rack a,-,c\nset client.rack c\n----\n";
    let view = History::from_text(text).expect("a run").sim().view(1);
    let racks: Vec<_> = view.brokers.iter().map(|broker| broker.rack).collect();
    assert_eq!((racks, view.consumers[0].rack), (vec![Some('a'), None, Some('c')], Some('c')));
}

#[test]
fn a_run_reads_back_from_its_own_text() {
    let mut history = opened();
    let now = history.now();
    history.act(now, Action::Crash(NodeId::broker(1), Loss::Unflushed)).expect("broker 1 runs");
    until(&mut history, "leader orders-0 != broker-1");
    let text = history.to_text();
    let again = History::from_text(&text).expect("its own text");
    assert_eq!((again.event(), again.digest(), again.to_text()), (history.event(), history.digest(), text));
}

/// Source: `BrokerHeartbeatTracker`: `broker.session.timeout.ms` after the last heartbeat.
#[test]
fn when_a_leader_dies_another_isr_member_leads_after_the_session_timeout() {
    let mut history = opened();
    until(&mut history, "time >= 20s");
    let crash = history.now();
    history.act(crash, Action::Crash(NodeId::broker(1), Loss::Nothing)).expect("broker 1 runs");
    until(&mut history, "leader orders-0 != broker-1");
    let seconds = history.now().since(crash).as_millis();
    assert!((7000..=10_200).contains(&seconds), "fenced and elected after {seconds} ms");
    until(&mut history, "leader orders-0 = broker-2 and isr orders-0 = 2,3 and epoch orders-0 = 1");
    let acked = kraftscope_core::scenario::Count::Acked.of(history.sim()).expect("a count");
    until(&mut history, &format!("acked >= {}", acked + 5));
    until(&mut history, "failed = 0");
}

#[test]
fn a_picture_of_the_opening_cluster_shows_who_leads_and_who_is_in_sync() {
    let mut history = opened();
    until(&mut history, "hw orders-0 >= 1 and time >= 10s");
    let view = history.sim().view(8);
    assert_eq!((view.controllers.len(), view.brokers.len(), view.partitions.len()), (3, 3, 4));
    assert_eq!(view.controllers.iter().filter(|controller| controller.active).count(), 1);
    assert!(view.brokers.iter().all(|broker| !broker.fenced && broker.session.is_some()));
    for partition in &view.partitions {
        assert_eq!(partition.isr.len(), 3);
        assert!(partition.accepts_acks_all);
        let leaders: Vec<NodeId> =
            partition.copies.iter().filter(|copy| copy.is_true_leader).map(|copy| copy.broker).collect();
        assert_eq!(leaders, partition.leader.into_iter().collect::<Vec<_>>());
        assert!(partition.copies.iter().all(|copy| copy.log.diverges_at.is_none()));
    }
    assert!(!view.timers.is_empty());
    while history.sim().view(8).flights.is_empty() {
        history.step();
    }
    let flight = &history.sim().view(8).flights[0];
    assert!(flight.deliver_at > flight.sent_at);
}

/// A connection belongs to one life of a process.
#[test]
fn what_was_sent_to_an_earlier_life_does_not_reach_the_next() {
    let mut history = opened();
    until(&mut history, "time >= 10s");
    let to_broker_2 = |history: &History| {
        let flights = history.sim().view(1).flights;
        flights.iter().find(|flight| flight.to == NodeId::broker(2) && flight.request).cloned()
    };
    while to_broker_2(&history).is_none() {
        history.step();
    }
    let flight = to_broker_2(&history).expect("the request is on its way");
    let later = Time(flight.sent_at.0.max(history.now().0) + 1);
    history.act(later, Action::Crash(NodeId::broker(2), Loss::Nothing)).expect("broker 2 runs");
    history.act(later, Action::Start(NodeId::broker(2))).expect("broker 2 is down");
    let acted = history.act(later, Action::Deliver(flight.id)).expect("the request is in flight");
    let refused = Note::ConnectionRefused { from: flight.from, to: NodeId::broker(2) };
    assert_eq!(history.notes_of(acted.event).collect::<Vec<_>>(), [&refused]);
}

/// A batch of several records, interleaved with those of other partitions, is promised record by record.
#[test]
fn every_record_of_an_acknowledged_batch_is_marked() {
    let mut history = opened();
    let now = history.now();
    history.act(now, Action::Crash(NodeId::broker(1), Loss::Nothing)).expect("broker 1 runs");
    until(&mut history, "leader orders-0 != broker-1 and leader orders-0 exists");
    until(&mut history, "time >= 20s");
    let view = history.sim().view(64);
    let cells = view.partitions.iter().flat_map(|partition| {
        partition.copies.iter().filter(|copy| copy.is_true_leader).flat_map(|copy| &copy.log.cells)
    });
    let (marked, all) =
        cells.fold((0, 0), |(marked, all), cell| (marked + u32::from(cell.acknowledged), all + 1));
    assert_eq!(marked, view.producers[0].acknowledged);
    assert!(all - marked <= 1, "{marked} of {all} records are marked");
}
