//! Whole quorums: elections, failures, partitions, and chaos with every promise looked at after every event.
use crate::driver::settings;
use crate::sim::{Sim, Weather};
use kraftscope_core::config::Settings;
use kraftscope_core::id::Offset;
use kraftscope_core::kraft::Quorum;
use kraftscope_core::node::Loss;
use kraftscope_core::release::Release;
use kraftscope_core::time::Span;
use std::collections::BTreeMap;

fn defaults(release: Release) -> Settings {
    Settings::of(release)
}

/// All running nodes have a high watermark of at least `hw`.
fn all_reached(sim: &Sim, hw: u64) -> bool {
    let mut running = (0..sim.nodes.len()).filter_map(|n| sim.running(n));
    running.all(|q| q.high_watermark().is_some_and(|own| own >= Offset(hw)))
}

fn highest(sim: &Sim) -> u64 {
    (0..sim.nodes.len())
        .filter_map(|n| sim.running(n))
        .filter_map(Quorum::high_watermark)
        .map(|hw| hw.0)
        .max()
        .unwrap_or(0)
}

/// Source: `RaftEventSimulationTest.canElectInitialLeader` (S-01).
#[test]
fn any_quorum_elects_a_leader_and_everybody_follows_it() {
    for release in Release::KRAFT {
        // Every number of voters with every number of observers.
        for seed in 0..30 {
            let (voters, observers) = (1 + (seed % 5) as u8, (seed % 6) as u8);
            let mut sim = Sim::new(seed, voters, observers, defaults(release));
            assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, 10)), "{release} seed {seed}");
        }
    }
}

/// Source: `RaftEventSimulationTest.canElectNewLeaderAfterOldLeaderFailure` (S-02).
#[test]
fn a_dead_leader_is_replaced_and_catches_up_when_it_returns() {
    for release in Release::KRAFT {
        for seed in 0..10 {
            let mut sim = Sim::new(seed, 3 + (seed % 3) as u8, (seed % 6) as u8, defaults(release));
            assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, 10)));
            let old = sim.leader().expect("a leader");
            match seed % 4 {
                0 => sim.crash(old, Loss::Nothing),
                1 => sim.crash(old, Loss::Unflushed),
                _ => sim.shut_down(old),
            }
            let hw = highest(&sim) + 10;
            assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, hw)), "{release} seed {seed}");
            sim.start(old);
            assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, hw + 10)), "{release} seed {seed}");
        }
    }
}

/// Source: `RaftEventSimulationTest.canElectNewLeaderAfterOldLeaderPartitionedAway` (S-04), check quorum.
#[test]
fn a_leader_that_is_cut_off_is_replaced_and_resigns_by_itself() {
    for seed in 0..18 {
        let (voters, observers) = (3 + (seed % 3) as u8, (seed / 3) as u8);
        let mut sim = Sim::new(seed, voters, observers, defaults(Release::V4_2));
        assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, 10)));
        let old = sim.leader().expect("a leader");
        sim.isolate(old);
        let hw = highest(&sim) + 20;
        assert!(sim.run_until(Span::secs(20), |sim| highest(sim) >= hw), "seed {seed}");
        sim.run(Span::secs(3));
        assert!(!sim.running(old).is_some_and(Quorum::is_leader), "seed {seed}");
        sim.cut.clear();
        assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, hw + 10)), "seed {seed}");
    }
}

/// Source: `RaftEventSimulationTest.leadershipWillNotChangeDuringNetworkPartitionIfMajorityStillReachable` (S-07): with
/// PreVote a leader that a majority can reach stays.
#[test]
fn pre_votes_keep_a_leader_that_a_majority_reaches() {
    for seed in 0..10 {
        let mut sim = Sim::new(seed, 5, 0, defaults(Release::V4_2));
        assert!(sim.run_until(Span::secs(20), |sim| all_reached(sim, 10)));
        let leader = sim.leader().expect("a leader");
        let epoch = sim.running(leader).map(Quorum::epoch);
        let id = |n: usize| sim.nodes[(leader + n) % 5].key.id;
        // Kafka's picture, with its leader c first: c, a, b, d, e.
        let [c, a, b, d, e] = [0, 1, 2, 3, 4].map(id);
        for (from, to) in [(a, b), (a, d), (a, e), (b, a), (b, c), (b, e), (c, b), (d, a), (e, a), (e, b)] {
            sim.cut.insert((from, to));
        }
        let hw = highest(&sim) + 20;
        let reached = |sim: &Sim| {
            let all = [0, 1, 3, 4].map(|n| sim.running((leader + n) % 5).and_then(Quorum::high_watermark));
            all.into_iter().flatten().filter(|own| own.0 >= hw).count() == 4
        };
        assert!(sim.run_until(Span::secs(60), reached), "seed {seed}");
        assert_eq!(sim.leader(), Some(leader));
        assert_eq!(sim.running(leader).map(Quorum::epoch), epoch);
    }
}

/// Source: the checker's table, K1-K10, L2, L3; weather and faults at random, then everything heals.
#[test]
fn no_promise_breaks_in_any_weather_and_the_quorum_recovers() {
    let mut seen = BTreeMap::new();
    for release in Release::KRAFT {
        for seed in 0..25 {
            for (note, times) in chaos(release, seed) {
                *seen.entry(note).or_insert(0) += times;
            }
        }
    }
    assert_eq!(seen.len(), 16, "every note of the quorum but QuorumHalted: {seen:?}");
}

/// Source: `RaftEventSimulationTest`, whose state machine makes snapshots all the time: SnapshotAtLogStart.
#[test]
fn no_promise_breaks_in_any_weather_while_logs_lose_their_beginnings() {
    let mut seen = BTreeMap::new();
    for seed in 0..60 {
        let settings = Settings {
            metadata_max_retention_records: 20,
            controller_quorum_fetch_snapshot_max_records: 1,
            ..defaults(Release::V4_2)
        };
        let mut sim = Sim::new(seed, 3 + (seed % 3) as u8, 1 + (seed % 3) as u8, settings);
        sim.snapshot_every = 5 + seed % 20;
        for (note, times) in weather(sim, "snapshots", seed) {
            *seen.entry(note).or_insert(0) += times;
        }
    }
    for note in ["SnapshotCreated", "MetadataLogCleaned", "SnapshotOffered", "SnapshotDownloaded"] {
        assert!(seen[note] > 100, "{note}: {seen:?}");
    }
}

fn chaos(release: Release, seed: u64) -> BTreeMap<&'static str, u64> {
    let voters = if seed.is_multiple_of(3) { 5 } else { 3 };
    let sim = Sim::new(seed, voters, (seed % 3) as u8, defaults(release));
    weather(sim, release.name(), seed)
}

fn weather(mut sim: Sim, release: &str, seed: u64) -> BTreeMap<&'static str, u64> {
    let rates = [0, 10_000, 100_000, 300_000];
    for _ in 0..120 {
        let nodes = sim.nodes.len() as u32;
        let n = sim.dice.below(nodes) as usize;
        match sim.dice.below(8) {
            0 => sim.crash(n, Loss::Nothing),
            1 => sim.crash(n, Loss::Unflushed),
            2 | 3 => sim.start(n),
            4 => sim.isolate(n),
            5 => sim.cut.clear(),
            6 => {
                let [lost, doubled, delayed] = [0; 3].map(|_: u32| rates[sim.dice.below(4) as usize]);
                sim.weather = Weather { lost: lost / 2, doubled, delayed };
            }
            _ => {
                let (a, b) = (sim.nodes[n].key.id, sim.nodes[sim.dice.below(nodes) as usize].key.id);
                sim.cut.insert((a, b));
            }
        }
        let rest = sim.dice.within(&(Span::millis(1)..=Span::millis(1500)));
        sim.append();
        sim.run(rest);
    }
    sim.cut.clear();
    sim.weather = Weather::default();
    for n in 0..sim.nodes.len() {
        sim.start(n);
    }
    let hw = highest(&sim) + 10;
    assert!(sim.run_until(Span::secs(60), |sim| all_reached(sim, hw)), "{release} seed {seed}");
    sim.seen
}

/// Source: `metadata.max.idle.interval.ms` aside, an idle quorum only fetches: two answers a second per follower.
#[test]
fn an_idle_quorum_is_quiet() {
    let mut sim = Sim::new(1, 3, 3, settings(Release::V4_2));
    sim.run(Span::secs(10));
    let before = sim.handled;
    sim.run(Span::secs(10));
    let per_second = (sim.handled - before) / 10;
    assert!(per_second <= 5 * 2 * 3 + 1, "{per_second} inputs a second");
}

/// Source: `KafkaRaftClient` asks as fast as answers come; here the search for a leader is slow enough to watch.
#[test]
fn a_cold_start_takes_few_messages() {
    let mut sim = Sim::new(1, 3, 3, settings(Release::V4_2));
    while sim.leader().is_none() {
        sim.run(Span::millis(10));
    }
    assert!(sim.handled < 300, "{} inputs until there is a leader", sim.handled);
}
