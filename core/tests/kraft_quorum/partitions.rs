//! Whole quorums whose network falls apart: the rest of `RaftEventSimulationTest`. The promises are looked at after every
//! event, by [`Sim`].
use crate::sim::Sim;
use kraftscope_core::config::Settings;
use kraftscope_core::id::LeaderEpoch;
use kraftscope_core::kraft::Quorum;
use kraftscope_core::node::Loss;
use kraftscope_core::release::Release;
use kraftscope_core::time::Span;

const LONG: Span = Span::secs(30);

fn sim(seed: u64, voters: u8, observers: u8) -> Sim {
    Sim::new(seed, voters, observers, Settings::of(Release::V4_2))
}

/// A cluster in which everybody has a high watermark of 10.
fn running(seed: u64, voters: u8, observers: u8) -> Sim {
    let mut sim = sim(seed, voters, observers);
    assert!(sim.run_until(LONG, |sim| lowest(sim, &everybody(sim)) >= 10), "seed {seed}");
    sim
}

fn everybody(sim: &Sim) -> Vec<usize> {
    (0..sim.nodes.len()).filter(|&n| sim.running(n).is_some()).collect()
}

fn watermark(sim: &Sim, n: usize) -> u64 {
    sim.running(n).and_then(Quorum::high_watermark).map_or(0, |hw| hw.0)
}

fn lowest(sim: &Sim, nodes: &[usize]) -> u64 {
    nodes.iter().map(|&n| watermark(sim, n)).min().unwrap_or(0)
}

fn highest(sim: &Sim, nodes: &[usize]) -> u64 {
    nodes.iter().map(|&n| watermark(sim, n)).max().unwrap_or(0)
}

fn longest(sim: &Sim) -> u64 {
    everybody(sim).iter().filter_map(|&n| sim.running(n)).map(|q| q.log().end().0).max().unwrap_or(0)
}

/// What `from` sends to any of `to` is lost.
fn cut(sim: &mut Sim, from: usize, to: &[usize]) {
    for &to in to {
        let link = (sim.nodes[from].key.id, sim.nodes[to].key.id);
        sim.cut.insert(link);
    }
}

/// KIP-996's picture: a and b hang on c and d, which see each other and e.
fn ping_pong(sim: &mut Sim, [a, b, c, d, e]: [usize; 5]) {
    cut(sim, a, &[b, d, e]);
    cut(sim, b, &[a, c, e]);
    cut(sim, c, &[b]);
    cut(sim, d, &[a]);
    cut(sim, e, &[a, b]);
}

fn leader_and_epoch(sim: &Sim) -> (Option<usize>, Option<LeaderEpoch>) {
    (sim.leader(), sim.leader().and_then(|n| sim.running(n)).map(Quorum::epoch))
}

/// Source: `RaftEventSimulationTest.canMakeProgressIfMajorityIsReachable` (S-05): five voters, 0 to 3 observers.
#[test]
fn of_a_split_quorum_the_larger_part_makes_progress_and_healing_brings_the_rest_along() {
    for seed in 0..12 {
        let mut sim = running(seed, 5, (seed % 4) as u8);
        let (minority, majority) = ([0, 1], [2, 3, 4]);
        minority.iter().for_each(|&n| cut(&mut sim, n, &majority));
        majority.iter().for_each(|&n| cut(&mut sim, n, &minority));
        let target = 2 * longest(&sim);
        assert!(sim.run_until(LONG, |sim| highest(sim, &everybody(sim)) >= target), "seed {seed}");
        assert!(highest(&sim, &majority) > highest(&sim, &minority), "seed {seed}");
        sim.cut.clear();
        let target = 2 * longest(&sim);
        assert!(sim.run_until(LONG, |sim| lowest(sim, &everybody(sim)) >= target), "seed {seed}");
    }
}

/// Source: `RaftEventSimulationTest.canMakeProgressAfterBackToBackLeaderFailures` (S-08): 3 to 5 voters, 0 to 5
/// observers.
#[test]
fn leaders_that_are_cut_off_one_after_the_other_stop_nothing() {
    for seed in 0..18 {
        let mut sim = running(seed, 3 + (seed % 3) as u8, (seed / 3) as u8);
        let first = sim.leader().expect("a leader");
        sim.isolate(first);
        assert!(sim.run_until(LONG, |sim| sim.leader().is_some_and(|n| n != first)), "seed {seed}");
        let second = sim.leader().expect("another leader");
        sim.cut.clear();
        sim.isolate(second);
        let target = highest(&sim, &everybody(&sim)) + 10;
        assert!(sim.run_until(LONG, |sim| highest(sim, &everybody(sim)) >= target), "seed {seed}");
    }
}

/// Source: `RaftEventSimulationTest.canRecoverAfterAllNodesKilled`: 1 to 5 voters, 0 to 5 observers.
#[test]
fn a_majority_that_returns_after_everybody_was_killed_goes_on() {
    for seed in 0..30 {
        let voters = 1 + (seed % 5) as u8;
        let mut sim = running(seed, voters, (seed % 6) as u8);
        let target = highest(&sim, &everybody(&sim)) + 10;
        (0..sim.nodes.len()).for_each(|n| sim.crash(n, Loss::Nothing));
        (0..usize::from(voters / 2 + 1)).for_each(|n| sim.start(n));
        assert!(sim.run_until(LONG, |sim| lowest(sim, &everybody(sim)) >= target), "seed {seed}");
    }
}

/// Source: `RaftEventSimulationTest.leadershipAssignedOnlyOnceWithNetworkPartitionIfThereExistsMajority` (KIP-996).
#[test]
fn in_a_network_that_cannot_see_all_of_itself_one_leader_is_elected_once() {
    for seed in 0..12 {
        let mut sim = sim(seed, 5, (seed % 4) as u8);
        // Kafka's nodes 0, 1, 2, 3, 4.
        ping_pong(&mut sim, [0, 1, 2, 3, 4]);
        assert!(sim.run_until(LONG, |sim| sim.leader().is_some()), "seed {seed}");
        let elected = leader_and_epoch(&sim);
        let majority: &[usize] = match elected.0 {
            Some(2) => &[0, 2, 3, 4],
            Some(3) => &[1, 2, 3, 4],
            Some(4) => &[2, 3, 4],
            leader => panic!("seed {seed}: {leader:?} cannot have been elected"),
        };
        assert!(sim.run_until(LONG, |sim| lowest(sim, majority) >= 20), "seed {seed}");
        assert_eq!(leader_and_epoch(&sim), elected, "seed {seed}");
    }
}

/// Source: `RaftEventSimulationTest.leadershipWillNotChangeDuringNetworkPartitionIfMajorityStillReachable` (S-07), whoever
/// was elected, with 0 to 3 observers.
#[test]
fn the_leader_of_such_a_network_stays() {
    for seed in 0..12 {
        let mut sim = running(seed, 5, (seed % 4) as u8);
        let elected = leader_and_epoch(&sim);
        let c = elected.0.expect("a leader");
        let [a, b, d, e] = [1, 2, 3, 4].map(|next| (c + next) % 5);
        ping_pong(&mut sim, [a, b, c, d, e]);
        let target = highest(&sim, &everybody(&sim)) + 20;
        assert!(sim.run_until(LONG, |sim| lowest(sim, &[a, c, d, e]) >= target), "seed {seed}");
        assert_eq!(leader_and_epoch(&sim), elected, "seed {seed}");
    }
}
