//! Each goal of a healed cluster is missed while it is not reached: a cluster at rest has reached all of them, and
//! every test takes one away.

use kraftscope_core::id::{NodeId, PacketId, Text, TopicId, TopicPartition};
use kraftscope_core::net::Link;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::process::Process;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::queue::Parcel;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::Message;
use kraftscope_search::converge::{Goal, missing};
use kraftscope_search::heal::Core;
use kraftscope_search::patience::Patience;
use kraftscope_search::script::Act;

const LEADER: NodeId = NodeId::broker(1);
const FOLLOWER: NodeId = NodeId::broker(3);
const PRODUCER: NodeId = NodeId::producer(1);
const CONSUMER: NodeId = NodeId::consumer(1);

/// Everything but these was healed.
fn core_without(sim: &Sim, left_out: &[NodeId]) -> Core {
    let servers = sim.world().genesis.broker_ids().chain(sim.world().genesis.controller_ids());
    let mut members: Vec<NodeId> = servers.filter(|id| !left_out.contains(id)).collect();
    members.sort_unstable();
    Core { members, dead: Vec::new() }
}

fn run_until(sim: &mut Sim, time: Time) {
    while sim.next_due().is_some_and(|due| due <= time) && sim.step().is_some() {}
}

fn act(sim: &mut Sim, action: Action) {
    sim.apply(action).expect("it can be done");
}

/// A cluster of three brokers and three controllers in which nothing is left to do.
fn at_rest() -> Sim {
    let mut sim = Sim::new(Genesis::default()).expect("a valid genesis");
    run_until(&mut sim, Time(10_000_000));
    act(&mut sim, Action::Call(PRODUCER, Command::SetRate { interval: Span::ZERO }));
    run_until(&mut sim, Time(15_000_000));
    assert_eq!(missing(&sim, &core_without(&sim, &[]), &Patience::default()), None);
    sim
}

fn goal(sim: &Sim, left_out: &[NodeId]) -> Option<Goal> {
    missing(sim, &core_without(sim, left_out), &Patience::default()).map(|missing| missing.goal)
}

/// Whether `wanted` is what is missing at some moment of the next `span`.
fn comes_to(sim: &mut Sim, left_out: &[NodeId], wanted: Goal, span: Span) -> bool {
    let until = sim.now() + span;
    while goal(sim, left_out) != Some(wanted) {
        if sim.now() > until || sim.step().is_none() {
            return false;
        }
    }
    true
}

/// The latest registration of broker 3 that is on its way.
fn registration(sim: &mut Sim) -> PacketId {
    loop {
        let found = sim.queue().packets().filter(|(_, _, packet)| {
            let Parcel::Message(_, message) = &packet.parcel else { return false };
            packet.from == FOLLOWER && matches!(message, Message::BrokerRegistrationRequest(_))
        });
        if let Some((_, packet, _)) = found.max_by_key(|(_, id, _)| *id) {
            return packet;
        }
        assert!(sim.step().is_some());
    }
}

fn send(sim: &mut Sim) {
    let (topic, partition) = (TopicId(0), Some(0));
    act(sim, Action::Call(PRODUCER, Command::Send { topic, partition, key: Default::default(), count: 1 }));
}

#[test]
fn v1_a_quorum_without_a_leader() {
    let sim = Sim::new(Genesis::default()).expect("a valid genesis");
    assert_eq!(goal(&sim, &[]), Some(Goal::V1));
}

/// Source: KAFKA-15489.
#[test]
fn v14_a_leader_that_is_cut_off_and_does_not_know_yet() {
    let mut sim = at_rest();
    let leader = sim.world().active_controller().expect("there is one");
    act(&mut sim, Action::Isolate(leader));
    assert!(comes_to(&mut sim, &[leader], Goal::V14, Span::secs(5)));
}

#[test]
fn v5_a_broker_that_is_down() {
    let mut sim = at_rest();
    act(&mut sim, Action::Crash(FOLLOWER, Loss::Nothing));
    assert_eq!(goal(&sim, &[]), Some(Goal::V5));
}

#[test]
fn v6_a_broker_that_has_not_heard_the_news() {
    let mut sim = at_rest();
    let controller = sim.world().active_controller().expect("there is one");
    act(&mut sim, Action::Call(controller, Command::FenceBroker(FOLLOWER)));
    assert!(comes_to(&mut sim, &[], Goal::V6, Span::secs(1)));
}

#[test]
fn v15_a_partition_whose_leader_is_gone() {
    let mut sim = at_rest();
    act(&mut sim, Action::Crash(LEADER, Loss::Nothing));
    assert_eq!(goal(&sim, &[LEADER]), Some(Goal::V15));
}

#[test]
fn v7_v8_a_follower_that_cannot_fetch_leaves_the_isr() {
    let mut sim = at_rest();
    act(&mut sim, Action::Cut(Link { from: FOLLOWER, to: LEADER }));
    send(&mut sim);
    assert!(comes_to(&mut sim, &[], Goal::V7, Span::secs(60)));
    assert!(comes_to(&mut sim, &[], Goal::V8, Span::secs(1)));
}

#[test]
fn v9_v12_a_record_on_its_way_to_the_followers() {
    let mut sim = at_rest();
    send(&mut sim);
    assert!(comes_to(&mut sim, &[], Goal::V9, Span::secs(1)));
    assert!(comes_to(&mut sim, &[], Goal::V12, Span::secs(1)));
}

/// Source: `Sender.runOnce`, `TransactionManager.InitProducerIdHandler`.
#[test]
fn v10_a_producer_without_a_producer_id_is_excused_while_a_broker_that_is_not_healed_listens_to_it() {
    let mut sim = at_rest();
    act(&mut sim, Action::Crash(PRODUCER, Loss::Nothing));
    act(&mut sim, Action::Start(PRODUCER));
    send(&mut sim);
    while !is_connected(&sim) {
        assert!(sim.step().is_some());
    }
    let brokers = [1, 2, 3].map(NodeId::broker);
    assert_eq!(goal(&sim, &[]), Some(Goal::V10), "all are healed");
    assert_eq!(goal(&sim, &brokers), None, "none is");
    for broker in brokers {
        act(&mut sim, Action::Crash(broker, Loss::Nothing));
    }
    assert_eq!(goal(&sim, &brokers), Some(Goal::V10), "nobody listens");
}

fn is_connected(sim: &Sim) -> bool {
    let Some(Process::Producer(producer)) = sim.world().process(PRODUCER) else { return false };
    sim.world().genesis.broker_ids().any(|id| producer.network.can_send(id, &sim.world().genesis.settings))
}

/// The same with its producer id.
#[test]
fn v10_a_producer_with_a_producer_id_gives_up() {
    let mut sim = at_rest();
    let brokers = [1, 2, 3].map(NodeId::broker);
    send(&mut sim);
    for broker in brokers {
        act(&mut sim, Action::Crash(broker, Loss::Nothing));
    }
    assert_eq!(goal(&sim, &brokers), Some(Goal::V10));
}

#[test]
fn v10_a_record_that_waits_in_its_producer() {
    let mut sim = at_rest();
    act(&mut sim, Action::Cut(Link { from: PRODUCER, to: LEADER }));
    send(&mut sim);
    assert_eq!(goal(&sim, &[]), Some(Goal::V10));
}

#[test]
fn c14_a_consumer_that_is_down_or_behind() {
    let mut sim = at_rest();
    let mut dead = sim.clone();
    act(&mut dead, Action::Crash(CONSUMER, Loss::Nothing));
    assert_eq!(goal(&dead, &[]), Some(Goal::C14));
    act(&mut sim, Action::Cut(Link { from: LEADER, to: CONSUMER }));
    send(&mut sim);
    assert!(comes_to(&mut sim, &[], Goal::C14, Span::secs(1)));
}

/// A cluster of which consumers share the default topic in a group.
fn in_group(consumers: usize, change: impl Fn(&mut Genesis)) -> Sim {
    let mut genesis = Genesis::default();
    genesis.consumers[0].group = Text::new("readers");
    genesis.consumers = vec![genesis.consumers[0].clone(); consumers];
    genesis.settings.session_timeout = Span::secs(6);
    change(&mut genesis);
    let mut sim = Sim::new(genesis).expect("a valid genesis");
    run_until(&mut sim, Time(10_000_000));
    sim
}

/// Source: KIP-62: who is gone is found out by its session.
#[test]
fn v18_a_partition_of_a_member_that_is_gone() {
    let mut sim = in_group(2, |_| {});
    act(&mut sim, Action::Call(PRODUCER, Command::SetRate { interval: Span::ZERO }));
    run_until(&mut sim, Time(15_000_000));
    assert_eq!(goal(&sim, &[]), None);
    act(&mut sim, Action::Crash(CONSUMER, Loss::Nothing));
    assert_eq!(goal(&sim, &[]), Some(Goal::V18));
    act(&mut sim, Action::Start(CONSUMER));
    run_until(&mut sim, Time(40_000_000));
    assert_eq!(goal(&sim, &[]), None);
}

/// Source: KIP-207; `Partition.fetchOffsetForTimestamp`, `OFFSET_NOT_AVAILABLE`.
#[test]
fn a_member_waits_in_vain_for_the_end_of_a_log_that_cannot_be_committed() {
    let mut sim = in_group(1, |genesis| {
        genesis.topics[0].min_insync_replicas = Some(3);
        genesis.topics[0].partitions = 1;
        genesis.settings.enable_auto_commit = false;
    });
    act(&mut sim, Action::Crash(FOLLOWER, Loss::Nothing));
    run_until(&mut sim, Time(40_000_000));
    act(&mut sim, Action::Crash(LEADER, Loss::Nothing));
    act(&mut sim, Action::Crash(CONSUMER, Loss::Nothing));
    run_until(&mut sim, Time(60_000_000));
    act(&mut sim, Action::Start(LEADER));
    act(&mut sim, Action::Start(CONSUMER));
    act(&mut sim, Action::Call(PRODUCER, Command::SetRate { interval: Span::ZERO }));
    run_until(&mut sim, Time(400_000_000));
    let Some(Process::Consumer(consumer)) = sim.world().process(CONSUMER) else { panic!("it runs") };
    let asks = consumer.positions.get(&TopicPartition::default()).is_some_and(|at| at.awaits_reset());
    assert_eq!((asks, goal(&sim, &[FOLLOWER])), (true, None));
}

/// Source: `ClusterControlManager.registerBroker`, `BrokerLifecycleManager`: an earlier life takes the registration over,
/// a doubled request of the present one takes it back under another broker epoch, and the broker never hears of that.
#[test]
fn a_broker_that_was_registered_behind_its_back_is_started_again() {
    let mut sim = at_rest();
    act(&mut sim, Action::Crash(FOLLOWER, Loss::Nothing));
    run_until(&mut sim, Time(30_000_000));
    act(&mut sim, Action::Start(FOLLOWER));
    let early = registration(&mut sim);
    act(&mut sim, Action::Delay(early, Span::secs(60)));
    act(&mut sim, Action::Crash(FOLLOWER, Loss::Nothing));
    act(&mut sim, Action::Start(FOLLOWER));
    while registration(&mut sim) == early {
        assert!(sim.step().is_some());
    }
    let present = registration(&mut sim);
    act(&mut sim, Action::Duplicate(present));
    act(&mut sim, Action::Deliver(present));
    act(&mut sim, Action::Deliver(early));
    let until = sim.now() + Span::secs(5);
    run_until(&mut sim, until);
    assert_eq!(goal(&sim, &[]), Some(Goal::V5));
    let registered = truth(&sim).expect("a controller is active").brokers[&FOLLOWER].incarnation;
    assert_eq!(sim.world().slot(FOLLOWER).map(|slot| slot.incarnation), Some(registered));
    let mut acts = Vec::new();
    core_without(&sim, &[]).raise(&sim, &mut acts);
    assert!(acts.contains(&Act::Do(Action::Crash(FOLLOWER, Loss::Nothing))), "{acts:?}");
}
