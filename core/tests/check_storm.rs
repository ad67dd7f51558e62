//! Random clusters, random settings, random weather, random commands of a person: no promise is broken.

use kraftscope_core::check::INVARIANTS;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::dice::Dice;
use kraftscope_core::id::{NodeId, TopicId, TopicPartition};
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::note::Note;
use kraftscope_core::record::TopicConfig;
use kraftscope_core::release::Release;
use kraftscope_core::sim::action::{Action, Change, Rate};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};

/// A cluster of one to five brokers and one to five controllers, in any release.
fn cluster(seed: u64) -> Genesis {
    let mut dice = Dice::stream(seed, 77);
    let mut genesis = Genesis { seed, ..Genesis::default() };
    genesis.settings = Settings::of(Release::KRAFT[dice.below(4) as usize]);
    genesis.brokers = 1 + dice.below(5) as u8;
    genesis.controllers = [1, 3, 3, 5][dice.below(4) as usize];
    for topic in &mut genesis.topics {
        topic.replicas = 1 + dice.below(u32::from(genesis.brokers).min(4)) as u16;
        topic.min_insync_replicas = Some(1 + dice.below(u32::from(topic.replicas)));
        topic.unclean_leader_election_enable = (dice.below(6) == 0).then_some(true);
        topic.first_broker = None;
    }
    let producer = &mut genesis.producers[0];
    producer.acks = [None, Some(Acks::All), Some(Acks::One), Some(Acks::Zero)][dice.below(4) as usize];
    producer.interval = Span::millis([20, 100, 400][dice.below(3) as usize]);
    if dice.below(2) == 0 {
        genesis.settings.replica_lag_time_max = Span::secs(3);
    }
    if dice.below(2) == 0 {
        genesis.settings.metadata_log_max_records_between_snapshots = 10 + dice.below(50);
        genesis.settings.metadata_max_retention_records = dice.below(150);
        genesis.settings.controller_quorum_fetch_snapshot_max_records = 1 + dice.below(10);
    }
    for rate in Rate::ALL.into_iter().filter(|_| dice.below(3) == 0).collect::<Vec<_>>() {
        let most = if rate == Rate::Cut { 10_000 } else { 20_000 };
        genesis.rates.insert(rate, dice.below(most));
    }
    genesis.rates.insert(Rate::Recover, 100_000 + dice.below(400_000));
    genesis
}

/// Something that a person might do.
fn whim(sim: &Sim, dice: &mut Dice) -> Action {
    let broker = NodeId::broker(1 + dice.below(u32::from(sim.world().genesis.brokers)) as u8);
    let controller = sim.world().active_controller().unwrap_or(NodeId::controller(1));
    let partition = TopicPartition { topic: TopicId(dice.below(2) as u8), partition: dice.below(3) as u16 };
    let min_isr = Command::ConfigureTopic {
        topic: partition.topic,
        key: TopicConfig::MinInsyncReplicas,
        value: 1 + dice.below(3),
    };
    let server = if dice.below(2) == 0 { broker } else { controller };
    match dice.below(9) {
        8 => Action::Call(server, Command::Snapshot { clean: dice.below(2) == 0 }),
        0 => Action::Call(broker, Command::ShutDown),
        1 => Action::Call(controller, Command::Resign),
        2 => Action::Call(controller, Command::ElectLeader { partition, unclean: false }),
        3 => Action::Call(controller, Command::ElectLeader { partition, unclean: dice.below(8) == 0 }),
        4 => Action::Start(broker),
        5 => Action::Crash(NodeId::consumer(1), Loss::Nothing),
        6 => Action::Start(NodeId::consumer(1)),
        _ => Action::Call(controller, min_isr),
    }
}

/// What was broken within `seconds`, as text.
fn broken(seed: u64, seconds: u64) -> Vec<String> {
    let mut dice = Dice::stream(seed, 99);
    let mut sim = Sim::new(cluster(seed)).expect("a valid genesis");
    let reorder = Action::Configure(Change::Reorder(dice.below(2) == 0));
    sim.apply(reorder).expect("always possible");
    let (mut step, mut found) = (Step::default(), Vec::new());
    let mut next = Time(8_000_000);
    while sim.now() < Time(seconds * 1_000_000) && sim.step_into(&mut step) {
        let mut notes = step.notes.clone();
        if sim.now() >= next {
            next = sim.now() + Span::millis(200 + u64::from(dice.below(8_000)));
            let action = whim(&sim, &mut dice);
            notes.extend(sim.apply(action).map(|step| step.notes).unwrap_or_default());
        }
        found.extend(notes.iter().filter_map(|note| match *note {
            Note::InvariantBroken { invariant, partition, node, .. } => {
                let id = INVARIANTS[usize::from(invariant)].id;
                Some(format!("seed {seed}, event {}: {id} {partition:?} {node:?}", sim.event()))
            }
            _ => None,
        }));
    }
    found
}

#[test]
fn random_clusters_in_random_weather_break_no_promise() {
    let found: Vec<String> = (0..60).flat_map(|seed| broken(seed, 60)).collect();
    assert!(found.is_empty(), "{found:#?}");
}
