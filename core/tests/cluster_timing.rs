//! What a person at the page measures: how long each failure is felt, on whole clusters and with Kafka's defaults.
//!
//! Source: the defaults of `BrokerHeartbeatTracker`, `QuorumConfig`, `ReplicaManager`; each test names its own.

use kraftscope_core::history::History;
use kraftscope_core::id::NodeId;
use kraftscope_core::scenario::{Count, Line, play_line};

const SEEDS: core::ops::RangeInclusive<u64> = 1..=8;

/// The opening cluster's shape; `payments` has one partition that broker 2 leads.
fn cluster(seed: u64, more: &str) -> History {
    let text = format!(
        "release 4.2\nseed {seed}\n\
         topic orders partitions 3 replicas 3 min.insync.replicas 2 first-broker 1\n\
         topic payments partitions 1 replicas 3 min.insync.replicas 2 first-broker 2\n\
         {more}\n----\nuntil ready\nrun 20s\n"
    );
    History::from_text(&text).expect("it opens")
}

const PRODUCER: &str = "producer topics orders interval 200ms keys 6 acks all";

fn play(history: &mut History, lines: &[&str]) {
    for text in lines {
        let line = Line::parse(text, &history.names()).expect(text);
        play_line(history, &line).unwrap_or_else(|error| panic!("{text}: {error} at {}", history.now()));
    }
}

/// Milliseconds that these lines take.
fn took(history: &mut History, lines: &[&str]) -> u64 {
    let before = history.now();
    play(history, lines);
    history.now().since(before).as_millis()
}

fn within(what: &str, seed: u64, range: core::ops::RangeInclusive<u64>, found: u64) {
    assert!(range.contains(&found), "{what}: seed {seed}: {found} ms, not {range:?}");
}

fn controller(history: &History) -> NodeId {
    history.sim().world().active_controller().expect("there is one")
}

/// Source: broker.session.timeout.ms 9000, looked at every 1125 ms, after a heartbeat up to 2000 ms ago.
#[test]
fn a_crashed_broker_is_fenced_and_replaced_after_7_to_10_seconds() {
    for seed in SEEDS {
        let mut history = cluster(seed, PRODUCER);
        let fenced = took(&mut history, &["crash broker-1", "until fenced broker-1"]);
        within("fenced", seed, 7_000..=10_200, fenced);
        let elected = took(&mut history, &["until leader orders-0 = broker-2 and isr orders-0 = 2,3"]);
        within("elected", seed, 0..=20, elected);
        let acked = Count::Acked.of(history.sim()).expect("a count");
        play(&mut history, &[&format!("until acked >= {}", acked + 30), "expect failed = 0"]);
        assert_eq!(Count::Broken.of(history.sim()), Some(0));
    }
}

/// Source: `ReplicationControlManager.handleBrokerFenced`; the high watermark waits for every ISR member.
#[test]
fn a_crashed_follower_stops_acks_all_until_it_is_fenced() {
    for seed in SEEDS {
        let mut history = cluster(seed, PRODUCER);
        play(&mut history, &["crash broker-3", "run 1s"]);
        let hw = Count::HighWatermark(history.names().partition("orders-0").expect("it exists"));
        let before = hw.of(history.sim()).expect("it leads");
        play(&mut history, &["run 5s", &format!("expect hw orders-0 = {before}"), "until fenced broker-3"]);
        let again = took(&mut history, &[&format!("until hw orders-0 > {before}")]);
        within("committed again", seed, 0..=50, again);
    }
}

/// Source: controller.quorum.fetch.timeout.ms 2000 after a fetch up to 500 ms ago, then PreVote and Vote.
#[test]
fn a_crashed_controller_is_replaced_in_about_two_seconds_without_moving_a_partition() {
    for seed in SEEDS {
        let mut history = cluster(seed, PRODUCER);
        let old = controller(&history);
        play(&mut history, &[&format!("crash {old}")]);
        // Two controllers that stand at once cost another election timeout of 1 to 2 s.
        let replaced = took(&mut history, &["until controller exists"]);
        within("replaced", seed, 1_400..=4_300, replaced);
        play(&mut history, &["run 15s", "expect epoch orders-0 = 0", "expect isr orders-0 = 1,2,3"]);
        play(&mut history, &["expect unfenced broker-1 and unfenced broker-2 and unfenced broker-3"]);
    }
}

/// Source: `ClusterControlManager.activate`: all sessions restart with the new controller.
#[test]
fn a_broker_that_died_with_the_controller_is_fenced_a_session_after_the_next_one_is_active() {
    for seed in SEEDS {
        let mut history = cluster(seed, PRODUCER);
        let old = controller(&history);
        play(&mut history, &["crash broker-1", &format!("crash {old}")]);
        play(&mut history, &["until controller exists"]);
        let fenced = took(&mut history, &["until fenced broker-1"]);
        within("fenced after activation", seed, 9_000..=10_200, fenced);
        play(&mut history, &["until leader orders-0 = broker-2"]);
    }
}

/// Source: `ClusterControlManager.registerBroker`, DUPLICATE_BROKER_REGISTRATION.
#[test]
fn a_broker_that_restarts_at_once_waits_for_its_own_old_session() {
    for seed in SEEDS {
        let mut history = cluster(seed, PRODUCER);
        let lines = ["crash broker-1", "run 1s", "start broker-1", "until note RegistrationRefused"];
        play(&mut history, &lines);
        play(&mut history, &["expect leader orders-0 = broker-1 and isr orders-0 = 1,2,3"]);
        let let_in = took(&mut history, &["until note BrokerRegistered"]);
        within("let in", seed, 4_000..=10_500, let_in);
        play(
            &mut history,
            &["until isr orders-0 size = 3", "until isr orders-1 size = 3", "expect failed = 0"],
        );
    }
}

/// Source: `BrokerLifecycleManager.beginControlledShutdown`, `ReplicationControlManager.handleBrokerInControlledShutdown`.
#[test]
fn a_controlled_shutdown_moves_leaders_in_milliseconds() {
    for seed in SEEDS {
        let mut history = cluster(seed, PRODUCER);
        let moved = took(&mut history, &["shutdown broker-1", "until leader orders-0 = broker-2"]);
        within("moved", seed, 0..=60, moved);
        let acked = Count::Acked.of(history.sim()).expect("a count");
        let gap = took(&mut history, &[&format!("until acked >= {}", acked + 6)]);
        within("a gap of the producer", seed, 0..=1_700, gap);
        let stopped = took(&mut history, &["until down broker-1"]);
        within("stopped", seed, 0..=4_500, stopped);
        play(&mut history, &["expect isr orders-0 = 2,3", "expect failed = 0", "start broker-1"]);
        // Its own session holds it up, although it ended in order.
        let back = took(&mut history, &["until unfenced broker-1"]);
        within("back", seed, 4_000..=11_500, back);
        play(&mut history, &["until isr orders-0 size = 3"]);
    }
}

/// Source: replica.lag.time.max.ms 30000, looked at every 15 s.
#[test]
fn a_follower_that_does_not_fetch_but_lives_leaves_the_isr_after_30_to_45_seconds() {
    for seed in SEEDS {
        let mut history = cluster(seed, "producer topics orders interval 1s keys 6 acks 1");
        let cut = ["cut broker-3 broker-1", "until isr orders-0 lacks broker-3"];
        let removed = took(&mut history, &cut);
        within("removed", seed, 28_000..=46_500, removed);
        play(&mut history, &["expect unfenced broker-3", "heal all", "until isr orders-0 has broker-3"]);
    }
}

/// Source: `ReplicaState.isCaughtUp`: a follower at the leader's log end never lags.
#[test]
fn a_silent_follower_of_an_idle_partition_stays_in_the_isr() {
    let mut history = cluster(3, "");
    play(&mut history, &["cut broker-3 broker-1", "run 120s", "expect isr orders-0 = 1,2,3"]);
}

/// Source: `DelayedFetch`: a high watermark that advances completes no parked fetch of a follower.
#[test]
fn a_follower_learns_the_last_high_watermark_up_to_500_ms_late() {
    for seed in SEEDS {
        let mut history = cluster(seed, "producer topics payments acks all");
        play(&mut history, &["send producer-1 payments-0 key 1", "until hw payments-0 = 1"]);
        play(&mut history, &["expect hw payments-0 broker-1 = 0 and hw payments-0 broker-3 = 0"]);
        let late = ["until hw payments-0 broker-1 = 1 and hw payments-0 broker-3 = 1"];
        within("late", seed, 300..=520, took(&mut history, &late));
    }
}

/// Source: TCP: the machine of a killed process resets its connections, one without power says nothing, and the
/// producer waits for request.timeout.ms 30000.
#[test]
fn a_killed_process_is_noticed_at_once_and_a_powerless_machine_after_the_request_timeout() {
    let in_flight = [
        "send producer-1 payments-0 key 1",
        "run 1s",
        "slow broker-2 300ms",
        "send producer-1 payments-0 key 1",
        "run 100ms",
    ];
    for seed in SEEDS {
        let mut killed = cluster(seed, "producer topics payments acks all");
        play(&mut killed, &in_flight);
        let noticed = took(&mut killed, &["crash broker-2", "until note ProduceRetried"]);
        within("killed", seed, 0..=5, noticed);
        let mut powerless = cluster(seed, "producer topics payments acks all");
        play(&mut powerless, &in_flight);
        let noticed = took(&mut powerless, &["crash broker-2 unflushed", "until note ProduceRetried"]);
        within("powerless", seed, 29_800..=30_000, noticed);
    }
}
