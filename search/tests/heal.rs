//! Who is healed, and what a healed cluster cannot do without a hand.

use kraftscope_core::config::Settings;
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, TopicId};
use kraftscope_core::kraft::Role;
use kraftscope_core::net::{Latency, Link};
use kraftscope_core::node::{Command, Loss, Timer};
use kraftscope_core::process::Process;
use kraftscope_core::record::TopicConfig;
use kraftscope_core::release::Release;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Span;
use kraftscope_search::heal::Core;
use kraftscope_search::luck::Luck;
use kraftscope_search::script::Act;

const FIRST: NodeId = NodeId::controller(1);
const SECOND: NodeId = NodeId::controller(2);
const THIRD: NodeId = NodeId::controller(3);

fn act(sim: &mut Sim, action: Action) {
    sim.apply(action).expect("it can be done");
}

fn run_for(sim: &mut Sim, span: Span) {
    let until = sim.now() + span;
    while sim.next_due().is_some_and(|due| due <= until) && sim.step().is_some() {}
}

/// Controllers without brokers, five seconds old.
fn quorum(controllers: u8, settings: Settings) -> Sim {
    let mut sim = Sim::new(Genesis {
        settings,
        controllers,
        brokers: 0,
        topics: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        latency: Latency::Fixed,
        ..Genesis::default()
    })
    .expect("a valid genesis");
    run_for(&mut sim, Span::secs(5));
    assert!(sim.world().active_controller().is_some());
    sim
}

fn backs_off(sim: &Sim, id: NodeId) -> bool {
    let quorum = sim.world().process(id).and_then(Process::quorum);
    quorum.is_some_and(|quorum| matches!(quorum.role(), Role::Candidate { backing_off: true, .. }))
}

fn restarts(sim: &Sim, members: &[NodeId]) -> Vec<Act> {
    let mut acts = Vec::new();
    Core { members: members.to_vec(), dead: Vec::new() }.raise(sim, &mut acts);
    acts
}

/// Two controllers that have lost more than twenty elections, see each other again and stand in the same moment.
fn rivals() -> Sim {
    let mut sim = quorum(2, Settings::of(Release::V3_9));
    act(&mut sim, Action::Isolate(FIRST));
    run_for(&mut sim, Span::secs(120));
    while !(backs_off(&sim, FIRST) && backs_off(&sim, SECOND)) {
        assert!(sim.step().is_some());
    }
    assert_eq!(restarts(&sim, &[FIRST]), [], "it stands alone");
    act(&mut sim, Action::HealAll);
    act(&mut sim, Action::SetTimer(FIRST, Timer::CandidateBackoff, Span::millis(1)));
    act(&mut sim, Action::SetTimer(SECOND, Timer::CandidateBackoff, Span::millis(1)));
    sim
}

/// Source: `KafkaRaftClient.binaryExponentialElectionBackoffMs` (3.9): the wait is cut off at
/// `controller.quorum.election.backoff.max.ms`, so that after many elections all candidates wait equally long.
#[test]
fn candidates_that_wait_equally_long_for_ever_are_parted_by_a_restart() {
    let mut sim = rivals();
    run_for(&mut sim, Span::secs(300));
    assert_eq!(sim.world().active_controller(), None);
    while !(backs_off(&sim, FIRST) && backs_off(&sim, SECOND)) {
        assert!(sim.step().is_some());
    }
    assert_eq!(restarts(&sim, &[FIRST, SECOND]), [Act::Do(Action::Crash(FIRST, Loss::Nothing))]);
    act(&mut sim, Action::Crash(FIRST, Loss::Nothing));
    assert_eq!(restarts(&sim, &[FIRST, SECOND]), [Act::Do(Action::Start(FIRST))]);
    act(&mut sim, Action::Start(FIRST));
    run_for(&mut sim, Span::secs(10));
    assert!(sim.world().active_controller().is_some());
}

fn heals_all(sim: &Sim) -> bool {
    let all =
        |seed| [FIRST, SECOND, THIRD].iter().all(|id| Core::draw(sim, &mut Luck::stream(seed, 103)).has(*id));
    (0..50).all(all)
}

/// Source: KIP-853: the voters of the log count; who has heard of the removal may be down.
#[test]
fn a_quorum_whose_voters_changed_is_healed_whole_also_when_only_disks_know() {
    let mut sim = quorum(3, Settings::default());
    assert!(!heals_all(&sim), "any two of three will do");
    let leader = sim.world().active_controller().expect("there is one");
    let removed = [FIRST, SECOND, THIRD].into_iter().find(|id| *id != leader).expect("it is another");
    act(&mut sim, Action::Isolate(removed));
    act(&mut sim, Action::Call(leader, Command::RemoveVoter(removed)));
    run_for(&mut sim, Span::secs(1));
    for id in [FIRST, SECOND, THIRD].into_iter().filter(|id| *id != removed) {
        act(&mut sim, Action::Crash(id, Loss::Nothing));
    }
    assert_eq!(sim.world().voters().len(), 3, "who is up has not heard of it");
    assert!(heals_all(&sim));
}

/// A broker that waits for an answer of its leader that is lost, the timer that ends its waiting, and what is left of it.
fn lost_fetch() -> (Sim, NodeId, Timer, Span) {
    let mut sim = Sim::new(Genesis::default()).expect("a valid genesis");
    run_for(&mut sim, Span::secs(10));
    let follower = NodeId::broker(2);
    let fetch = sim.queue().armed(follower).iter().find_map(|armed| match armed.timer {
        Timer::ReplicaFetchRequest(leader) => Some((leader, armed.timer, armed.due.since(sim.now()))),
        _ => None,
    });
    let (leader, timer, left) = fetch.expect("it follows");
    act(&mut sim, Action::Cut(Link { from: leader, to: follower }));
    (sim, follower, timer, left)
}

fn clocks_set(sim: &Sim, members: &[NodeId]) -> Vec<Act> {
    let mut acts = Vec::new();
    Core { members: members.to_vec(), dead: Vec::new() }.heal(sim, &mut acts);
    acts.retain(|act| matches!(act, Act::Do(Action::SetTimer(..))));
    acts
}

/// Source: `NetworkClient.handleTimedOutRequests`: a timeout counts from when the request was sent.
#[test]
fn a_timer_that_was_put_off_again_and_again_runs_out_in_time_after_the_healing() {
    let (mut sim, follower, timer, left) = lost_fetch();
    act(&mut sim, Action::SetTimer(follower, timer, Span::secs(100)));
    assert_eq!(clocks_set(&sim, &[follower]), [Act::Do(Action::SetTimer(follower, timer, left))]);
    assert_eq!(clocks_set(&sim, &[NodeId::broker(1)]), [], "it is not healed");
    let mut later = sim.clone();
    run_for(&mut later, Span::secs(40));
    let at_once = Act::Do(Action::SetTimer(follower, timer, Span::ZERO));
    assert_eq!(clocks_set(&later, &[follower]), [at_once], "its time was over");
    act(&mut sim, Action::Pause(follower));
    assert_eq!(clocks_set(&sim, &[follower]).len(), 1, "it is resumed before");
}

/// The clock may be wrong when the storm ends: the limits of the goals leave room for that.
#[test]
fn a_timer_that_was_put_off_once_or_never_is_left_as_it_is() {
    let (mut sim, follower, timer, left) = lost_fetch();
    let everybody: Vec<NodeId> = sim.world().slots.iter().map(|slot| slot.id).collect();
    assert_eq!(clocks_set(&sim, &everybody), []);
    act(&mut sim, Action::SetTimer(follower, timer, Span(left.0 + left.0 / 2)));
    assert_eq!(clocks_set(&sim, &everybody), []);
}

/// A controller on broker 1 whose writes are carried out, and whose answers are lost until its connection is given up.
fn after_a_lost_answer(before: &str, moment: &str) -> Sim {
    let text = format!(
        "release 3.9\nmode zookeeper\nzookeepers 1\nbrokers 3\n\
         topic orders partitions 1 replicas 3 first-broker 2\nproducer topics orders\nset replica.lag.time.max.ms 3000\n----\n\
         until ready\nuntil time >= 30s\nexpect controller = broker-1\n{before}\nuntil note {moment}\n\
         cut zookeeper-1 -> broker-1\nuntil note MemberSilent\nheal all\n"
    );
    History::from_text(&text).expect("everything comes as expected").sim().clone()
}

const BROKERS: [NodeId; 3] = [NodeId::broker(1), NodeId::broker(2), NodeId::broker(3)];

/// Source: `KafkaZkClient.updateLeaderAndIsr`, `Partition.handleAlterPartitionError` (3.9), KAFKA-14144.
#[test]
fn a_leader_that_waits_in_vain_for_its_isr_is_started_again() {
    let before = "cut broker-2 broker-3\nsend producer-1 orders-0";
    let mut sim = after_a_lost_answer(before, "IsrShrinkProposed");
    assert_eq!(restarts(&sim, &BROKERS), [], "the controller has not answered");
    run_for(&mut sim, Span::secs(5));
    let again = [Act::Do(Action::Crash(BROKERS[1], Loss::Nothing))];
    assert_eq!(restarts(&sim, &BROKERS), again);
    act(&mut sim, Action::Crash(BROKERS[1], Loss::Nothing));
    act(&mut sim, Action::Start(BROKERS[1]));
    run_for(&mut sim, Span::secs(30));
    assert_eq!(restarts(&sim, &BROKERS), [], "it got another leader epoch");
}

/// Source: `ZkPartitionStateMachine.initializeLeaderAndIsrForPartitions` (3.x).
#[test]
fn a_controller_that_takes_its_own_state_for_a_failure_is_replaced() {
    let mut sim = after_a_lost_answer("create-topic late 1 3 2", "TopicCreated");
    assert_eq!(restarts(&sim, &BROKERS), [], "it has no answer yet");
    run_for(&mut sim, Span::secs(5));
    assert_eq!(restarts(&sim, &BROKERS), [Act::Controller(Command::Resign)]);
    act(&mut sim, Action::Call(BROKERS[0], Command::Resign));
    run_for(&mut sim, Span::secs(5));
    assert_eq!(restarts(&sim, &BROKERS), [], "another one has read it");
}

/// Source: `AdminZkClient.changeTopicConfig`: the settings and the notification are two writes.
#[test]
fn a_setting_whose_notification_was_never_written_is_changed_again() {
    let text = "release 3.9\nmode zookeeper\nzookeepers 1\nbrokers 3\ntopic orders partitions 1 replicas 3 first-broker 2\n\
                set zookeeper.max.in.flight.requests 1\n----\nuntil ready\nuntil time >= 30s\n\
                call broker-1 min-isr orders 2\nuntil note ZnodeChanged\ncrash broker-1\n";
    let mut sim = History::from_text(text).expect("everything comes as expected").sim().clone();
    let others = &BROKERS[1..];
    let setting =
        Command::ConfigureTopic { topic: TopicId(0), key: TopicConfig::MinInsyncReplicas, value: 2 };
    let again = Action::Call(BROKERS[1], setting);
    assert_eq!(restarts(&sim, others), [Act::Do(again)]);
    act(&mut sim, again);
    run_for(&mut sim, Span::secs(5));
    assert_eq!(restarts(&sim, others), [], "everybody has read it");
}

/// Source: `ControllerChangeHandler`, `KafkaController.processControllerChange`, `maybeResign`: the watch that has told of its
/// creation is set again when the thread comes to it, and then it is gone.
#[test]
fn a_broker_is_started_again_when_nobody_has_seen_the_controller_go() {
    let text = "release 3.9\nmode zookeeper\nzookeepers 1\nbrokers 1\ntopic orders\n\
                set kraftscope.controller.partition.us 1000000\n----\nuntil note ControllerElected\n\
                call broker-1 resign\nuntil note ControllerResigned\nrun 60s\n";
    let mut sim = History::from_text(text).expect("everything comes as expected").sim().clone();
    assert_eq!(restarts(&sim, &BROKERS[..1]), [Act::Do(Action::Crash(BROKERS[0], Loss::Nothing))]);
    act(&mut sim, Action::Crash(BROKERS[0], Loss::Nothing));
    act(&mut sim, Action::Start(BROKERS[0]));
    run_for(&mut sim, Span::secs(60));
    assert_eq!(restarts(&sim, &BROKERS[..1]), [], "it stands for election");
    assert!(sim.world().active_controller().is_some());
}
