//! What acks 0, 1 and all promise under each fault, on whole clusters.
//!
//! Source: the documentation of `acks` and `min.insync.replicas`; each test names its own.

use kraftscope_core::history::History;
use kraftscope_core::note::{LeaderChoice, Note};
use kraftscope_core::scenario::{Count, Line, play_line};

/// One partition on three brokers, broker 1 leads; a record every 200 ms.
fn cluster(acks: &str) -> History {
    let text = format!(
        "release 4.2\nseed 11\ntopic events partitions 1 replicas 3 min.insync.replicas 2 first-broker 1\n\
         producer topics events interval 200ms acks {acks}\nconsumer topics events\n----\nuntil ready\nrun 10s\n"
    );
    History::from_text(&text).expect("it opens")
}

fn play(history: &mut History, lines: &[&str]) {
    for text in lines {
        let line = Line::parse(text, &history.names()).expect(text);
        play_line(history, &line).unwrap_or_else(|error| panic!("{text}: {error} at {}", history.now()));
    }
}

fn count(history: &History, count: Count) -> u64 {
    count.of(history.sim()).expect("there is something to count")
}

/// Acknowledged records that are gone. No promise may be broken.
fn lost(history: &History) -> u64 {
    assert_eq!(count(history, Count::Broken), 0);
    history.sim().checker().expect("checks are on").lost().count() as u64
}

/// Broker 1 reaches clients only.
const CUT_OFF: [&str; 5] = [
    "cut broker-1 broker-2",
    "cut broker-1 broker-3",
    "cut broker-1 controller-1",
    "cut broker-1 controller-2",
    "cut broker-1 controller-3",
];

const TOGETHER: &str = "until isr events-0 size = 3";

/// Source: F10, F16; a leader has no lease, and acks=1 asks nobody else.
#[test]
fn a_cut_off_leader_goes_on_acknowledging_acks_1_and_loses_it_all() {
    let mut history = cluster("1");
    play(&mut history, &CUT_OFF);
    play(&mut history, &["until leader events-0 = broker-2"]);
    let before = count(&history, Count::Acked);
    play(&mut history, &["run 5s"]);
    assert!(count(&history, Count::Acked) >= before + 20);
    play(&mut history, &["heal all", "until note LogTruncated", TOGETHER, "run 5s"]);
    assert!(lost(&history) >= 60, "{}", lost(&history));
}

/// Source: F10, F16; the leader cannot shrink its ISR, for the controller does not hear it.
#[test]
fn a_cut_off_leader_acknowledges_nothing_with_acks_all() {
    let mut history = cluster("all");
    play(&mut history, &CUT_OFF);
    play(&mut history, &["run 100ms"]);
    let before = count(&history, Count::Acked);
    play(&mut history, &["until leader events-0 = broker-2", "run 5s"]);
    assert_eq!(count(&history, Count::Acked), before);
    play(&mut history, &["heal all", TOGETHER, "run 60s", "expect failed = 0"]);
    assert!(count(&history, Count::Acked) > before + 200);
    assert_eq!(lost(&history), 0);
}

/// Source: F10, one direction only: the leader hears nobody, but its heartbeats arrive.
#[test]
fn a_leader_that_only_hears_nothing_is_not_fenced_by_it() {
    let mut history = cluster("all");
    let deaf = ["cut broker-2 -> broker-1", "cut broker-3 -> broker-1"];
    play(&mut history, &deaf);
    play(&mut history, &["run 60s", "expect unfenced broker-1", "expect leader events-0 = broker-1"]);
    play(&mut history, &["expect isr events-0 = 1", "heal all", TOGETHER, "run 40s"]);
    assert_eq!(lost(&history), 0);
}

/// Source: KAFKA-7128, min.insync.replicas: above it one replica may be missing.
#[test]
fn with_one_replica_gone_acks_all_goes_on_after_the_fencing() {
    let mut history = cluster("all");
    play(&mut history, &["crash broker-3", "until fenced broker-3", "run 1s"]);
    let before = count(&history, Count::Acked);
    play(&mut history, &["run 10s"]);
    assert!(count(&history, Count::Acked) >= before + 45);
    assert_eq!(lost(&history), 0);
}

/// Source: `Partition.appendRecordsToLeader`: NOT_ENOUGH_REPLICAS before anything is appended.
#[test]
fn below_min_insync_replicas_acks_all_is_refused_and_nothing_appended() {
    let mut history = cluster("all");
    play(&mut history, &["crash broker-2", "crash broker-3", "until isr events-0 = 1"]);
    play(&mut history, &["until note ProduceRefused"]);
    let partition = history.names().partition("events-0").expect("it exists");
    let end = count(&history, Count::LogEnd(partition, kraftscope_core::id::NodeId::broker(1)));
    play(&mut history, &["run 5s", &format!("expect leo events-0 broker-1 = {end}")]);
    play(&mut history, &["start broker-2", "until isr events-0 = 1,2", "run 5s", "expect failed = 0"]);
    assert_eq!(lost(&history), 0);
}

/// Source: KIP-966, from 3.7 on: the high watermark stands still below min.insync.replicas.
#[test]
fn below_min_insync_replicas_acks_1_is_acknowledged_but_not_visible() {
    let mut history = cluster("1");
    play(&mut history, &["crash broker-2", "crash broker-3", "until isr events-0 = 1", "run 1s"]);
    let (acked, consumed) = (count(&history, Count::Acked), count(&history, Count::Consumed));
    play(&mut history, &["run 5s", &format!("expect consumed = {consumed}")]);
    assert!(count(&history, Count::Acked) >= acked + 20);
    play(&mut history, &["start broker-2", &format!("until consumed > {}", consumed + 25)]);
    assert_eq!(lost(&history), 0);
}

/// Source: the documentation of acks=0.
#[test]
fn with_acks_0_nothing_is_promised_and_nothing_reported() {
    let mut history = cluster("0");
    play(
        &mut history,
        &["crash broker-1", "run 30s", "expect failed = 0", "expect leader events-0 = broker-2"],
    );
    let consumed = count(&history, Count::Consumed);
    play(&mut history, &["run 5s", &format!("expect consumed > {consumed}")]);
    assert_eq!(lost(&history), 0);
}

/// Source: F9: a leader that stood still for longer than its session wakes as a leader that was replaced.
#[test]
fn a_leader_that_stood_still_for_20_seconds_loses_nothing_of_acks_all() {
    let mut history = cluster("all");
    play(
        &mut history,
        &["pause broker-1", "run 20s", "expect leader events-0 = broker-2", "resume broker-1"],
    );
    play(&mut history, &[TOGETHER, "run 40s", "expect failed = 0"]);
    assert_eq!(lost(&history), 0);
}

/// Source: F12: the request was carried out, the response is gone; without idempotence a retry doubles.
#[test]
fn lost_responses_cost_no_acknowledged_record() {
    let mut history = cluster("all");
    play(
        &mut history,
        &["rate response-loss 20000", "run 120s", "heal all", "run 60s", "expect failed = 0", TOGETHER],
    );
    assert_eq!(lost(&history), 0);
}

/// Source: F14 and `ReplicaState.isCaughtUp`: always behind by one fetch is still in sync.
#[test]
fn a_follower_that_is_slow_by_two_seconds_stays_in_the_isr_and_slows_acks_all_down() {
    let mut history = cluster("all");
    play(&mut history, &["slow broker-3 2s", "run 10s"]);
    let before = count(&history, Count::Acked);
    play(&mut history, &["run 60s", "expect isr events-0 has broker-3", "expect failed = 0"]);
    assert!(count(&history, Count::Acked) > before + 250);
    assert_eq!(lost(&history), 0);
}

/// Source: F20; a fenced broker that lives is unfenced by its next heartbeat, with the same broker epoch.
#[test]
fn a_broker_that_was_fenced_by_hand_is_back_with_its_next_heartbeat() {
    let mut history = cluster("all");
    play(&mut history, &["fence broker-1", "expect leader events-0 = broker-2"]);
    let fenced = history.now();
    play(&mut history, &["until unfenced broker-1"]);
    assert!(history.now().since(fenced).as_millis() <= 2_010);
    play(&mut history, &[TOGETHER, "run 10s", "expect failed = 0"]);
    assert_eq!(lost(&history), 0);
}

/// Source: KIP-500: the data plane goes on without a controller; only changes have to wait.
#[test]
fn without_any_controller_records_are_acknowledged_all_the_same() {
    let mut history = cluster("all");
    play(&mut history, &["crash controller-1", "crash controller-2", "crash controller-3"]);
    let before = count(&history, Count::Acked);
    play(&mut history, &["run 60s", "expect failed = 0"]);
    assert!(count(&history, Count::Acked) >= before + 290);
    play(&mut history, &["start controller-1", "start controller-2", "until controller exists", "run 20s"]);
    play(&mut history, &["expect isr events-0 = 1,2,3", "expect epoch events-0 = 0"]);
    assert_eq!(lost(&history), 0);
}

/// Source: F3: the page caches of all replicas are lost together; acks=all does not wait for the disk.
#[test]
fn a_power_loss_of_all_brokers_may_take_acknowledged_records_and_says_so() {
    let mut history = cluster("all");
    // The page cache is written back every five seconds.
    play(
        &mut history,
        &["run 4s", "crash broker-1 unflushed", "crash broker-2 unflushed", "crash broker-3 unflushed"],
    );
    play(
        &mut history,
        &["run 1s", "start broker-1", "start broker-2", "start broker-3", TOGETHER, "run 60s"],
    );
    assert!(lost(&history) > 0);
    let checker = history.sim().checker().expect("checks are on");
    // Whoever is the last to be registered anew leads with what it has, in its ISR or as the last known leader.
    assert_eq!(checker.void().count(), 1);
}

/// Two replicas: broker 2 misses what broker 1 took alone, and broker 1 dies.
fn leader_dies_alone(release: &str, unclean: bool) -> History {
    let text = format!(
        "release {release}\nseed 5\ntopic events partitions 1 replicas 2 unclean.leader.election.enable {unclean} \
         first-broker 1\nproducer topics events acks all\nconsumer topics events\n----\nuntil ready\nrun 10s\n\
         send producer-1 events first\nuntil acked = 1 and consumed = 1\ncrash broker-2\nuntil isr events-0 = 1\n\
         send producer-1 events second\nuntil acked = 2\ncrash broker-1\nuntil leader events-0 = none\n\
         start broker-2\nuntil unfenced broker-2\n"
    );
    History::from_text(&text).expect("it plays")
}

/// Source: `UncleanLeaderElectionTest.testUncleanLeaderElectionEnabled` (S-95).
#[test]
fn an_unclean_election_gives_up_what_only_the_dead_leader_had() {
    let mut history = leader_dies_alone("4.2", true);
    play(&mut history, &["until leader events-0 = broker-2", "expect isr events-0 = 2"]);
    play(&mut history, &["send producer-1 events third", "until acked = 3", "start broker-1"]);
    play(&mut history, &["until note LogTruncated", "until isr events-0 = 1,2"]);
    play(&mut history, &["expect leo events-0 broker-1 = 2 and leo events-0 broker-2 = 2"]);
    assert_eq!(lost(&history), 1);
}

/// Source: `UncleanLeaderElectionTest.testUncleanLeaderElectionDisabled` (S-96).
#[test]
fn without_unclean_elections_the_partition_waits_for_its_last_in_sync_replica() {
    let mut history = leader_dies_alone("4.0", false);
    play(&mut history, &["run 60s", "expect leader events-0 = none and isr events-0 = 1"]);
    play(&mut history, &["send producer-1 events third", "run 10s", "expect acked = 2", "start broker-1"]);
    play(&mut history, &["until leader events-0 = broker-1", "until acked = 3", "until isr events-0 = 1,2"]);
    play(&mut history, &["until consumed = 3", "expect leo events-0 broker-2 = 3"]);
    assert_eq!(lost(&history), 0);
}

/// Source: KIP-966, balanced recovery: a killed leader did not shut down cleanly, so it is not eligible; as the last
/// known leader it leads again all the same, marked as recovering.
#[test]
fn with_elr_a_killed_last_leader_leads_again_as_the_last_known_one() {
    let mut history = leader_dies_alone("4.2", false);
    play(&mut history, &["run 60s", "expect leader events-0 = none and isr events-0 size = 0"]);
    play(&mut history, &["start broker-1", "until leader events-0 = broker-1"]);
    let elected = |note: &Note| matches!(note, Note::LeaderElected { choice: LeaderChoice::LastKnown, .. });
    assert!(history.notes_of(history.event()).any(elected));
    play(&mut history, &["until isr events-0 = 1,2", "until consumed = 2"]);
    assert_eq!(lost(&history), 0);
}

/// Source: KIP-966, PreviousBrokerEpoch: who shut down cleanly stays eligible.
#[test]
fn with_elr_a_last_leader_that_shut_down_cleanly_is_eligible() {
    let mut history = cluster("all");
    play(&mut history, &["crash broker-2", "crash broker-3", "until isr events-0 = 1"]);
    play(&mut history, &["shutdown broker-1", "until down broker-1", "start broker-1"]);
    play(&mut history, &["until leader events-0 = broker-1"]);
    let elected = |note: &Note| matches!(note, Note::LeaderElected { choice: LeaderChoice::Eligible, .. });
    assert!(history.notes_of(history.event()).any(elected));
    play(&mut history, &["start broker-2", "until isr events-0 size = 2", "run 40s"]);
    assert_eq!(lost(&history), 0);
}

/// Source: `maybeElectUncleanLeaders`, the documentation of `unclean.leader.election.enable` (KAFKA-12670): allowed while
/// the partition has no leader, it takes effect when the controller looks for such partitions, every 5 minutes.
#[test]
fn switching_unclean_elections_on_elects_at_the_next_check() {
    let mut history = leader_dies_alone("4.2", false);
    play(&mut history, &["unclean events on", "run 5s", "expect leader events-0 = none"]);
    play(&mut history, &["run 280s", "expect leader events-0 = broker-2 and isr events-0 = 2"]);
}

/// Source: `BrokerServer.startup`: acceptors open once the controller says that the broker has caught up.
#[test]
fn a_broker_that_waits_for_its_old_session_leads_nothing_and_answers_nobody() {
    let mut history = cluster("all");
    play(&mut history, &["crash broker-1", "start broker-1", "until note ConnectionRefused"]);
    play(&mut history, &["run 3s", "expect leader events-0 = broker-1"]);
    let before = count(&history, Count::Acked);
    play(&mut history, &["run 2s", &format!("expect acked = {before}")]);
    let process = history.sim().world().process(kraftscope_core::id::NodeId::broker(1)).expect("it runs");
    assert!(process.broker().expect("a broker").replicas.partitions().is_empty());
    play(&mut history, &["until leader events-0 = broker-2", TOGETHER, "run 40s", "expect failed = 0"]);
    assert_eq!(lost(&history), 0);
}
