//! Each kind of fault does what it says: a run that may use nothing else does it, and does it to whom it should.
//!
//! Notes tell what happened; the seeds are ones that draw the fault.

use kraftscope_core::id::{NodeId, NodeKind};
use kraftscope_core::note::Note;
use kraftscope_core::release::Release;
use kraftscope_core::sim::Sim;
use kraftscope_search::driver::Driver;
use kraftscope_search::fault::Fault;
use kraftscope_search::preset::{Demand, Size};
use kraftscope_search::script::Act;
use kraftscope_search::swarm::Swarm;

/// What happens within the storm of a run that knows this fault only, and nothing else breaks.
fn notes_of(fault: Fault, seed: u64) -> Vec<Note> {
    let swarm = Swarm {
        mode: kraftscope_core::mode::Mode::KRaft,
        releases: vec![Release::V4_2],
        demand: Demand::MustBeSafe,
        refines: false,
        size: Size::Any,
        faults: vec![fault],
        acks: None,
        min_isr: None,
        unclean: None,
        consumers: false,
        switches: Vec::new(),
    };
    let (genesis, mut plan) = swarm.draw(seed);
    (plan.faults, plan.quiet, plan.moments, plan.messages) = (vec![(fault, 1)], 0, 0, 20_000);
    let mut sim = Sim::new(genesis).expect("a valid genesis");
    let mut driver = Driver::new(plan);
    let (mut notes, mut acts) = (Vec::new(), Vec::new());
    while sim.event().0 < 4000 {
        let Some(step) = sim.step() else { break };
        notes.extend(step.notes.iter().copied());
        driver.after(&sim, &step, &mut acts);
        for action in acts.drain(..).filter_map(|act: Act| act.resolve(&sim)).collect::<Vec<_>>() {
            notes.extend(sim.apply(action).map(|step| step.notes).unwrap_or_default());
        }
    }
    assert!(!notes.iter().any(|note| matches!(note, Note::InvariantBroken { .. })));
    notes
}

/// How many of these notes there were.
fn count(notes: &[Note], wanted: impl Fn(&Note) -> bool) -> usize {
    notes.iter().filter(|note| wanted(note)).count()
}

#[test]
fn f1_a_process_dies_and_keeps_its_page_cache() {
    let notes = notes_of(Fault::Crash, 4);
    assert!(count(&notes, |note| matches!(note, Note::Crashed { lost: 0, .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::Started { .. })) > 0);
}

#[test]
fn f2_a_machine_loses_its_power_and_records() {
    let notes = notes_of(Fault::PowerLoss, 4);
    assert!(count(&notes, |note| matches!(note, Note::Crashed { lost: 1.., .. })) > 0);
}

#[test]
fn f3_several_machines_lose_their_power() {
    let notes = notes_of(Fault::Blackout, 4);
    assert!(count(&notes, |note| matches!(note, Note::Crashed { .. })) > 0);
}

#[test]
fn f4_a_broker_is_shut_down_in_order() {
    let notes = notes_of(Fault::Shutdown, 9);
    assert!(count(&notes, |note| matches!(note, Note::ControlledShutdownBegan { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::BrokerStopped)) > 0);
}

#[test]
fn f7_a_broker_gets_an_empty_disk() {
    let notes = notes_of(Fault::ReplaceDisk, 4);
    assert!(count(&notes, |note| matches!(note, Note::DiskReplaced { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::Started { .. })) > 0);
}

#[test]
fn f8_an_append_fails_and_the_broker_stops() {
    let notes = notes_of(Fault::DiskError, 4);
    assert!(count(&notes, |note| matches!(note, Note::AppendFailed { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::LogDirFailed)) > 0);
}

#[test]
fn f9_a_process_stands_still_and_goes_on() {
    let notes = notes_of(Fault::Pause, 4);
    assert!(count(&notes, |note| matches!(note, Note::Paused { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::Resumed { .. })) > 0);
}

#[test]
fn f10_links_are_cut_and_heal() {
    let notes = notes_of(Fault::Cut, 4);
    assert!(count(&notes, |note| matches!(note, Note::LinkCut { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::LinkHealed { .. })) > 0);
}

#[test]
fn f11_messages_are_lost() {
    let notes = notes_of(Fault::Loss, 4);
    assert!(count(&notes, |note| matches!(note, Note::MessageDropped { .. })) > 0);
}

#[test]
fn f11_messages_arrive_twice() {
    let notes = notes_of(Fault::Duplicate, 4);
    assert!(count(&notes, |note| matches!(note, Note::MessageDuplicated { .. })) > 0);
}

#[test]
fn f11_messages_arrive_late() {
    let notes = notes_of(Fault::Delay, 4);
    assert!(count(&notes, |note| matches!(note, Note::MessageDelayed { .. })) > 0);
}

#[test]
fn f11_messages_of_one_link_overtake_each_other() {
    let notes = notes_of(Fault::Reorder, 4);
    assert!(count(&notes, |note| matches!(note, Note::NetworkChanged)) > 0);
}

#[test]
fn f12_answers_are_lost() {
    let notes = notes_of(Fault::ResponseLoss, 4);
    assert!(count(&notes, |note| matches!(note, Note::MessageDropped { .. })) > 0);
}

#[test]
fn f14_a_node_is_slow() {
    let notes = notes_of(Fault::Slow, 4);
    assert!(count(&notes, |note| matches!(note, Note::Slowed { .. })) > 0);
}

#[test]
fn f15_the_leader_of_the_quorum_resigns() {
    let notes = notes_of(Fault::Resign, 4);
    assert!(count(&notes, |note| matches!(note, Note::BecameResigned { .. })) > 0);
}

#[test]
fn f16_a_broker_does_not_hear_of_the_controllers() {
    let notes = notes_of(Fault::Zombie, 4);
    assert!(count(&notes, |note| matches!(note, Note::LinkCut { .. })) > 0);
}

#[test]
fn f18_control_messages_arrive_late() {
    let notes = notes_of(Fault::StaleControl, 4);
    assert!(count(&notes, |note| matches!(note, Note::MessageDelayed { .. })) > 0);
}

#[test]
fn f20_a_living_broker_is_fenced() {
    let notes = notes_of(Fault::Fence, 4);
    assert!(count(&notes, |note| matches!(note, Note::BrokerFenced { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::BrokerUnfenced { .. })) > 0);
}

#[test]
fn f21_voters_come_and_go() {
    let notes = notes_of(Fault::Voters, 4);
    assert!(count(&notes, |note| matches!(note, Note::VotersChanged { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::VotersCommitted { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::BecameObserver { .. })) > 0);
}

#[test]
fn f22_an_operator_changes_the_minimum() {
    let notes = notes_of(Fault::Operator, 4);
    assert!(count(&notes, |note| matches!(note, Note::TopicConfigured { .. })) > 0);
}

#[test]
fn f22_partitions_move() {
    let notes = notes_of(Fault::Reassign, 4);
    assert!(count(&notes, |note| matches!(note, Note::ReassignmentBegan { .. })) > 0);
    assert!(count(&notes, |note| matches!(note, Note::ReassignmentCompleted { .. })) > 0);
}

/// Only brokers get an empty disk by this fault; those of voters are the business of voter changes.
#[test]
fn f7_leaves_the_disks_of_controllers_alone() {
    let notes = notes_of(Fault::ReplaceDisk, 4);
    let of_controller =
        |note: &Note| matches!(note, Note::DiskReplaced { node, .. } if node.kind() != NodeKind::Broker);
    assert_eq!(count(&notes, of_controller), 0);
}

#[test]
fn f23_clients_crash_or_stand_still() {
    let notes = notes_of(Fault::Client, 4);
    let is_client = |id: NodeId| matches!(id.kind(), NodeKind::Producer | NodeKind::Consumer);
    let of_client =
        |note: &Note| matches!(note, Note::Crashed { node, .. } | Note::Paused { node } if is_client(*node));
    assert!(count(&notes, of_client) > 0);
}
