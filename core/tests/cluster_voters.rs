//! Voters come and go in whole clusters: by hand, by themselves, on replaced disks; and what the old rules broke.

use kraftscope_core::check::INVARIANTS;
use kraftscope_core::history::History;
use kraftscope_core::id::{LeaderEpoch, NodeId, ReplicaKey};
use kraftscope_core::net::Link;
use kraftscope_core::node::Command;
use kraftscope_core::note::{Note, ResignReason};
use kraftscope_core::process::Process;
use kraftscope_core::scenario::Scenario;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;

const fn c(n: u8) -> NodeId {
    NodeId::controller(n)
}

/// The controller on the disk that it has.
fn present(n: u8) -> ReplicaKey {
    ReplicaKey { id: c(n), ..ReplicaKey::default() }
}

/// A cluster, and what was said since the last look.
struct Run {
    sim: Sim,
    notes: Vec<Note>,
    broken: Vec<&'static str>,
}

impl Run {
    fn new(genesis: &str) -> Run {
        let genesis = Scenario::parse(&format!("{genesis}\n----\n")).expect("a scenario").genesis;
        Run { sim: Sim::new(genesis).expect("valid"), notes: Vec::new(), broken: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        for note in &step.notes {
            if let Note::InvariantBroken { invariant, .. } = note {
                self.broken.push(INVARIANTS[usize::from(*invariant)].id);
            }
        }
        self.notes.extend(&step.notes);
    }

    fn act(&mut self, action: Action) {
        let step = self.sim.apply(action).expect("possible");
        self.take(&step);
    }

    fn run(&mut self, span: Span) {
        let until = self.sim.now() + span;
        self.until(|sim| sim.now() >= until);
    }

    /// Lets things happen until that holds; false after two minutes.
    fn until(&mut self, holds: impl Fn(&Sim) -> bool) -> bool {
        let (end, mut step) = (self.sim.now() + Span::secs(120), Step::default());
        while !holds(&self.sim) {
            if self.sim.now() >= end || !self.sim.step_into(&mut step) {
                return false;
            }
            self.take(&step);
        }
        true
    }

    fn cut(&mut self, a: u8, b: u8) {
        for link in [Link { from: c(a), to: c(b) }, Link { from: c(b), to: c(a) }] {
            self.act(Action::Cut(link));
        }
    }

    fn heal(&mut self, a: u8, b: u8) {
        for link in [Link { from: c(a), to: c(b) }, Link { from: c(b), to: c(a) }] {
            self.act(Action::Heal(link));
        }
    }

    /// Number of the active controller, as soon as there is one and it has written to its log for a while.
    fn settle(&mut self) -> u8 {
        assert!(self.until(|sim| sim.world().active_controller().is_some()));
        self.run(Span::secs(2));
        self.sim.world().active_controller().expect("still there").number()
    }

    fn call(&mut self, leader: u8, command: Command) {
        self.act(Action::Call(c(leader), command));
    }

    fn has_broken(&self, id: &str) -> bool {
        self.broken.contains(&id)
    }
}

fn leads(n: u8) -> impl Fn(&Sim) -> bool {
    move |sim| epoch_led(sim, n).is_some()
}

fn epoch_led(sim: &Sim, n: u8) -> Option<LeaderEpoch> {
    let quorum = sim.world().process(c(n)).and_then(Process::quorum)?;
    quorum.is_leader().then(|| quorum.epoch())
}

fn voters(sim: &Sim) -> Vec<u8> {
    sim.world().voters().ids().iter().map(NodeId::number).collect()
}

const DATA: &str = "topic orders partitions 2 replicas 3 min.insync.replicas 2\n\
                    producer topics orders interval 100ms\nconsumer topics orders";

/// Source: quorum_reconfiguration_test (ducktape), KIP-853.
#[test]
fn a_cluster_moves_to_other_controllers_one_by_one_and_goes_on() {
    let text = format!("controllers 3 spare 3\nbrokers 3\n{DATA}");
    let mut run = Run::new(&text);
    assert!(run.until(Sim::is_set_up));
    for n in 1..=3 {
        run.act(Action::Start(c(3 + n)));
        run.run(Span::secs(2));
        let leader = run.settle();
        run.call(leader, Command::AddVoter(present(3 + n)));
        run.run(Span::secs(1));
        let leader = run.settle();
        run.call(leader, Command::RemoveVoter(c(n)));
        run.run(Span::secs(4));
        if run.sim.world().process(c(n)).is_some() {
            run.act(Action::Crash(c(n), Default::default()));
        }
    }
    let leader = run.settle();
    assert!(leader > 3);
    assert_eq!((voters(&run.sim), run.broken), (vec![4, 5, 6], vec![]));
    assert!(
        !run.notes.iter().any(|note| matches!(note, Note::BrokerFenced { .. } | Note::ProduceFailed { .. }))
    );
}

/// Source: KIP-853, `controller.quorum.auto.join.enable`; fault F7.
#[test]
fn a_controller_with_a_new_disk_joins_again_by_itself() {
    let mut run = Run::new("controllers 3\nbrokers 1\nset controller.quorum.auto.join.enable true");
    let leader = run.settle();
    let other = leader % 3 + 1;
    run.act(Action::ReplaceDisk(c(other)));
    run.run(Span::secs(1));
    run.act(Action::Start(c(other)));
    run.run(Span::secs(2));
    assert!(run.sim.world().process(c(other)).and_then(Process::quorum).is_some_and(|q| q.is_observer()));
    let joined = |sim: &Sim| {
        let quorum = sim.world().process(c(other)).and_then(Process::quorum);
        quorum.is_some_and(|q| !q.is_observer() && q.me().directory.number() == 2)
    };
    assert!(run.until(joined));
    run.run(Span::secs(5));
    assert_eq!((voters(&run.sim), run.broken), (vec![1, 2, 3], vec![]));
}

/// Source: fault F7; `KIP-858`: a broker's new disk has another directory id too, and everything is fetched again.
#[test]
fn a_broker_with_a_new_disk_fetches_everything_again() {
    let mut run = Run::new(&format!("controllers 3\nbrokers 3\n{DATA}"));
    assert!(run.until(Sim::is_set_up));
    run.run(Span::secs(10));
    run.act(Action::ReplaceDisk(NodeId::broker(2)));
    run.act(Action::Start(NodeId::broker(2)));
    run.run(Span::secs(60));
    let image = kraftscope_core::scenario::truth(&run.sim).expect("metadata");
    assert!(image.partitions.values().all(|partition| partition.isr.len() == 3));
    assert_eq!(run.broken, Vec::<&str>::new());
}

/// A shared text of a run with voter changes reads back to the same run.
#[test]
fn a_run_with_voter_changes_is_replayed_from_its_text() {
    let text = "controllers 3 spare 1\nbrokers 1\n----\nrun 5s\nstart controller-4\nrun 3s\n\
                add-voter controller-4\nrun 2s\nreplace-disk controller-2\nstart controller-2\nrun 5s\n";
    let history = History::from_text(text).expect("it plays");
    let again = History::from_text(&history.to_text()).expect("it plays");
    assert!(history.to_text().starts_with("release 4.2\nseed 1\ncontrollers 3 spare 1\n"));
    assert_eq!(history.sim().digest(), again.sim().digest());
}

/// B34: node A appends +5 and is cut off; the next leader X removes A before it has committed in its own epoch, with
/// a majority that A's set does not need.
fn thesis_bug(guard: &str) -> Run {
    let mut run =
        Run::new(&format!("controllers 4 spare 1\nbrokers 0\nseed 3\nswitch reconfig_guard {guard}"));
    let a = run.settle();
    run.act(Action::Start(c(5)));
    run.run(Span::secs(5));
    let others: Vec<u8> = (1..=4).filter(|&n| n != a).collect();
    for &n in &others {
        run.cut(a, n);
        run.cut(5, n);
    }
    run.call(a, Command::AddVoter(present(5)));
    assert!(run.until(|sim| others.iter().any(|&n| epoch_led(sim, n).is_some())));
    let x = others.iter().copied().find(|&n| epoch_led(&run.sim, n).is_some()).expect("one leads");
    let z = others.iter().copied().rfind(|&n| n != x).expect("two follow");
    for &n in others.iter().filter(|&&n| n != z) {
        run.cut(z, n);
    }
    run.call(x, Command::RemoveVoter(c(a)));
    run.run(Span::millis(500));
    run.heal(a, z);
    run.heal(5, z);
    run.until(leads(a));
    run.run(Span::secs(10));
    run
}

/// Source: Raft thesis, KIP-853; switch `reconfig_guard`, invariants K5 and K11 (B34).
#[test]
fn b34_a_change_before_a_commit_in_the_own_epoch_makes_two_disjoint_majorities() {
    let old = thesis_bug("off");
    assert!(old.has_broken("K11") && old.has_broken("K5"), "{:?}", old.broken);
    let new = thesis_bug("on");
    assert_eq!(new.broken, Vec::<&str>::new());
    let refused = |note: &&Note| matches!(note, Note::VoterChangeRefused { adds: false, .. });
    assert!(new.notes.iter().any(|note| refused(&note)));
}

/// B35: two voters are replaced one after the other; the first, that heard nothing of it, asks the second, whose disk
/// is empty, for its vote.
fn same_id_empty_disk(directory: &str) -> Run {
    let text = format!("controllers 3 spare 2\nbrokers 0\nseed 3\nswitch voter_directory_id {directory}");
    let mut run = Run::new(&text);
    let leader = run.settle();
    let (one, two) = (leader % 3 + 1, (leader + 1) % 3 + 1);
    run.act(Action::Start(c(4)));
    run.act(Action::Start(c(5)));
    run.run(Span::secs(3));
    run.act(Action::Pause(c(one)));
    for command in [Command::AddVoter(present(4)), Command::RemoveVoter(c(one))] {
        run.call(leader, command);
        run.run(Span::secs(1));
    }
    run.act(Action::ReplaceDisk(c(two)));
    for command in [Command::AddVoter(present(5)), Command::RemoveVoter(c(two))] {
        run.call(leader, command);
        run.run(Span::secs(1));
    }
    assert_eq!(voters(&run.sim), [leader, 4, 5]);
    for n in [leader, 4, 5] {
        run.cut(one, n);
        run.cut(two, n);
    }
    run.act(Action::Start(c(two)));
    run.act(Action::Resume(c(one)));
    run.until(leads(one));
    run.call(leader, Command::Resign);
    run.run(Span::secs(20));
    run
}

/// Source: raft-tlaplus, KIP-853; switch `voter_directory_id`, invariants K1 and K5 (B35).
#[test]
fn b35_an_empty_disk_under_an_old_id_votes_for_who_lacks_everything() {
    let old = same_id_empty_disk("off");
    assert!(old.has_broken("K1") && old.has_broken("K5"), "{:?}", old.broken);
    assert_eq!(same_id_empty_disk("on").broken, Vec::<&str>::new());
}

/// B37: the leader removes itself; one of the two voters that are left cannot fetch.
fn removed_leader(not_counted: &str) -> Run {
    let text = format!("controllers 3\nbrokers 0\nseed 3\nswitch removed_leader_not_counted {not_counted}");
    let mut run = Run::new(&text);
    let leader = run.settle();
    run.cut(leader, leader % 3 + 1);
    run.call(leader, Command::RemoveVoter(c(leader)));
    run.run(Span::secs(1));
    run
}

/// Source: KAFKA-16530; switch `removed_leader_not_counted`, invariant K7 (B37).
#[test]
fn b37_a_removed_leader_that_counts_itself_commits_what_no_majority_holds() {
    assert_eq!(removed_leader("off").broken, ["K7"]);
    let new = removed_leader("on");
    let committed = |note: &Note| matches!(note, Note::VotersCommitted { .. });
    assert!(new.broken.is_empty() && !new.notes.iter().any(committed));
}

/// B38: a lone voter gets a second one that asks by itself; its only request waits for an answer that waits for its
/// next fetch.
fn second_voter(early: &str) -> Run {
    let mut run = Run::new(&format!(
        "controllers 1 spare 1\nbrokers 0\nseed 3\nset controller.quorum.auto.join.enable true\n\
         set controller.quorum.request.timeout.ms 5000\nswitch add_voter_answers_early {early}"
    ));
    run.settle();
    run.act(Action::Start(c(2)));
    let changed = |note: &Note| matches!(note, Note::VotersChanged { .. });
    while !run.notes.iter().any(changed) {
        run.run(Span::millis(100));
    }
    run.run(Span::secs(4));
    run
}

/// Source: KIP-1186; switch `add_voter_answers_early`, V3 (B38).
#[test]
fn b38_a_new_voter_that_waits_for_its_answer_keeps_its_own_vote_from_being_committed() {
    let committed = |run: &Run| run.notes.iter().any(|note| matches!(note, Note::VotersCommitted { .. }));
    let resigned = |run: &Run| {
        let reason = ResignReason::CheckQuorum;
        run.notes
            .iter()
            .any(|note| matches!(note, Note::BecameResigned { reason: found, .. } if *found == reason))
    };
    let (old, new) = (second_voter("off"), second_voter("on"));
    assert!(!committed(&old) && resigned(&old));
    assert!(committed(&new) && !resigned(&new));
    assert!(old.broken.is_empty() && new.broken.is_empty());
}

/// Source: Raft thesis 4.2.2, where a server that is not in its own newest configuration still stands for election;
/// `QuorumState.transitionToProspective`, where an observer must not. The record is in the removed leader's log alone:
/// it does not stand, and the other voter, whose log is shorter, does not get its vote.
#[test]
fn a_leader_that_removed_itself_unheard_blocks_the_quorum_as_in_kafka() {
    let mut run = Run::new("controllers 2 spare 1\nbrokers 0\nseed 3");
    let leader = run.settle();
    let other = 3 - leader;
    run.cut(leader, other);
    run.call(leader, Command::RemoveVoter(c(leader)));
    run.run(Span::secs(1));
    run.act(Action::Crash(c(leader), Default::default()));
    run.heal(leader, other);
    run.act(Action::Start(c(leader)));
    run.run(Span::secs(60));
    let quorum = |n| run.sim.world().process(c(n)).and_then(Process::quorum).expect("it runs");
    assert!(quorum(leader).is_observer() && !quorum(other).is_observer());
    assert!(quorum(leader).log().end() > quorum(other).log().end());
    assert_eq!(run.sim.world().active_controller(), None);
    assert!(run.broken.is_empty());
}
