//! Brokers and controllers of the opening cluster together: the windows that a user sees.

use kraftscope_core::id::{LeaderEpoch, NodeId};
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::note::Note;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::ErrorCode;
use metadata_support::{b, ms, p};

mod metadata_support;

/// The opening cluster after 20 quiet seconds.
fn settled() -> Sim {
    let mut sim = Sim::new(Genesis::default()).expect("the default genesis is valid");
    notes_until(&mut sim, Time::ZERO + Span::secs(20));
    sim
}

/// Everything that is said up to `end`, with its time.
fn notes_until(sim: &mut Sim, end: Time) -> Vec<(Time, Note)> {
    let mut notes = Vec::new();
    while sim.next_due().is_some_and(|due| due <= end) {
        let step = sim.step().expect("a step is due");
        notes.extend(step.notes.iter().map(|note| (step.time, *note)));
    }
    notes
}

/// Acts, lets the given time pass and returns what was said, with the time since then.
fn after(sim: &mut Sim, action: Action, span: Span) -> Vec<(Span, Note)> {
    let start = sim.now();
    sim.apply(action).expect("the action is possible");
    let notes = notes_until(sim, start + span);
    notes.into_iter().map(|(time, note)| (time.since(start), note)).collect()
}

fn first(notes: &[(Span, Note)], matches: impl Fn(&Note) -> bool) -> Span {
    notes.iter().find(|(_, note)| matches(note)).map(|(span, _)| *span).expect("the note is there")
}

fn active_controller(sim: &Sim) -> NodeId {
    sim.view(1).controllers.iter().find(|controller| controller.active).expect("one is active").id
}

fn fenced(notes: &[(Span, Note)]) -> bool {
    notes.iter().any(|(_, note)| matches!(note, Note::BrokerFenced { .. }))
}

/// `BrokerHeartbeatManager.calculateNextBrokerState`, `BrokerLifecycleManager`: one metadata batch moves the leaders;
/// the broker stops after the others' next heartbeats.
#[test]
fn a_controlled_shutdown_hands_over_in_tens_of_milliseconds_and_ends_in_seconds() {
    let mut sim = settled();
    let notes = after(&mut sim, Action::Call(b(1), Command::ShutDown), Span::secs(5));
    let took_over = first(
        &notes,
        |note| matches!(note, Note::BecameLeader { partition, epoch: LeaderEpoch(1), .. } if *partition == p(0)),
    );
    let stopped = first(&notes, |note| *note == Note::BrokerStopped);
    assert!(took_over < ms(100), "{took_over}");
    assert!(stopped < ms(4200), "{stopped}");
}

/// ClusterControlManager.registerBroker: an orderly stop ends no session, so that a quick restart waits for it; one
/// after more than a session is let in at once.
#[test]
fn a_broker_that_stopped_in_order_registers_again_when_its_session_is_over() {
    let mut sim = settled();
    after(&mut sim, Action::Call(b(1), Command::ShutDown), Span::secs(5));
    let notes = after(&mut sim, Action::Start(b(1)), Span::secs(12));
    let error = ErrorCode::DuplicateBrokerRegistration;
    assert!(first(&notes, |note| *note == Note::RegistrationRefused { broker: b(1), error }) < ms(10));
    let registered = first(&notes, |note| matches!(note, Note::BrokerRegistered { .. }));
    assert!((ms(4000)..ms(11_100)).contains(&registered), "{registered}");
    let mut sim = settled();
    after(&mut sim, Action::Call(b(1), Command::ShutDown), Span::secs(15));
    let notes = after(&mut sim, Action::Start(b(1)), Span::secs(1));
    assert!(first(&notes, |note| matches!(note, Note::BrokerRegistered { .. })) < ms(10));
    assert!(first(&notes, |note| matches!(note, Note::BrokerRunning { .. })) < ms(200));
}

/// `ClusterControlManager.registerBroker`: crash and fast restart.
#[test]
fn a_crashed_broker_that_restarts_fast_waits_for_its_old_session() {
    let mut sim = settled();
    sim.apply(Action::Crash(b(2), Loss::Nothing)).expect("broker 2 runs");
    let notes = after(&mut sim, Action::Start(b(2)), Span::secs(15));
    let error = ErrorCode::DuplicateBrokerRegistration;
    assert!(first(&notes, |note| *note == Note::RegistrationRefused { broker: b(2), error }) < ms(10));
    let registered = first(&notes, |note| matches!(note, Note::BrokerRegistered { .. }));
    assert!((ms(7000)..ms(11_100)).contains(&registered), "{registered}");
    let running = first(&notes, |note| matches!(note, Note::BrokerRunning { .. }));
    assert!(running - registered < ms(200));
}

/// `NodeToControllerRequestThread`, `ClusterControlManager.activate`: the data plane does not notice that a controller
/// is gone, and no broker loses its session.
#[test]
fn the_crash_of_the_active_controller_fences_nobody() {
    let mut sim = settled();
    let controller = active_controller(&sim);
    let notes = after(&mut sim, Action::Crash(controller, Loss::Nothing), Span::secs(30));
    assert!(first(&notes, |note| matches!(note, Note::ControllerActivated { .. })) < ms(6000));
    assert!(!fenced(&notes));
}

/// A graceful move of the active controller: brokers learn it from NOT_CONTROLLER and go on.
#[test]
fn the_resignation_of_the_active_controller_fences_nobody() {
    let mut sim = settled();
    let controller = active_controller(&sim);
    let notes = after(&mut sim, Action::Call(controller, Command::Resign), Span::secs(30));
    let refused =
        |note: &Note| matches!(note, Note::HeartbeatRefused { error: ErrorCode::NotController, .. });
    assert!(notes.iter().any(|(_, note)| refused(note)));
    assert!(!fenced(&notes));
    assert_ne!(active_controller(&sim), controller);
}
