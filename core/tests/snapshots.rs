//! Snapshots in whole clusters: who makes them, who reads them, and what a broker does with what it reads.

use kraftscope_core::config::Settings;
use kraftscope_core::history::{History, NoteLog};
use kraftscope_core::id::{NodeId, Offset, TopicId, TopicPartition};
use kraftscope_core::kraft::Quorum;
use kraftscope_core::note::Note;
use kraftscope_core::scenario::{Line, play_line};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};

const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

/// The default cluster with a snapshot after every `records` records.
fn genesis(records: u32, retained: u32) -> Genesis {
    let settings = Settings {
        metadata_log_max_records_between_snapshots: records,
        metadata_max_retention_records: retained,
        controller_quorum_fetch_snapshot_max_records: 4,
        ..Settings::default()
    };
    Genesis { settings, ..Genesis::default() }
}

/// Plays lines after the first ten seconds; every promise is looked at on the way.
fn play(genesis: Genesis, lines: &[&str]) -> History {
    let mut history = History::new(genesis).expect("a valid genesis");
    history.seek_time(Time(10_000_000), 100_000);
    for text in lines {
        let line = Line::parse(text, &history.names()).expect("a line");
        play_line(&mut history, &line).expect("it can be done");
    }
    assert_eq!(history.sim().checker().map(|checker| checker.broken_count()), Some(0));
    history
}

fn quorum(sim: &Sim, node: NodeId) -> &Quorum {
    sim.world().process(node).and_then(|process| process.quorum()).expect("it runs")
}

fn servers() -> [NodeId; 6] {
    let (b, c) = (NodeId::broker, NodeId::controller);
    [b(1), b(2), b(3), c(1), c(2), c(3)]
}

#[test]
fn a_picture_shows_where_snapshots_end() {
    let history = play(
        Genesis::default(),
        &["run 1s", "snapshot controller-2 keep-log", "run 1s", "snapshot controller-2"],
    );
    let view = history.sim().view(4);
    let log = &view.controllers[1].log;
    assert_eq!(log.snapshots, [log.start]);
    assert!(view.controllers[0].log.snapshots.is_empty());
}

/// Source: `SnapshotGenerator`: every node makes its own, of what it has replayed.
#[test]
fn brokers_and_controllers_make_snapshots_by_themselves() {
    let history = play(genesis(50, 120), &["run 60s"]);
    for node in servers() {
        let quorum = quorum(history.sim(), node);
        let latest = quorum.snapshots().latest_id().expect("there is one");
        assert!(quorum.log().end().saturating_sub(latest.end) <= 60, "{node}: {latest:?}");
        assert!(quorum.log().start() > Offset(0), "{node}");
    }
}

/// Source: `MetadataLogConfig`: after an hour, or 20 MiB.
#[test]
fn an_ordinary_run_makes_no_snapshot() {
    let history = play(Genesis::default(), &["run 60s"]);
    assert!(servers().iter().all(|&node| quorum(history.sim(), node).snapshots().latest().is_none()));
}

/// Source: `metadata.log.max.snapshot.interval.ms`.
#[test]
fn a_snapshot_is_made_when_enough_time_has_passed() {
    let mut genesis = Genesis::default();
    genesis.settings.metadata_log_max_snapshot_interval = Span::secs(20);
    let history = play(genesis, &["run 25s"]);
    for node in servers() {
        assert_eq!(quorum(history.sim(), node).snapshots().iter().count(), 1, "{node}");
    }
}

/// Source: `metadata.max.retention.bytes`: the log does not grow with the length of a run.
#[test]
fn a_long_run_needs_no_more_memory_than_a_short_one() {
    let mut quiet = genesis(100, 500);
    quiet.producers.clear();
    quiet.consumers.clear();
    let mut sim = Sim::new(quiet).expect("a valid genesis");
    let (mut step, mut longest) = (Step::default(), 0);
    for minute in 1..=20 {
        while sim.now() < Time(minute * 60_000_000) && sim.step_into(&mut step) {}
        for node in servers() {
            let log = quorum(&sim, node).log();
            longest = longest.max(log.end().saturating_sub(log.start()));
        }
    }
    assert!(quorum(&sim, NodeId::controller(1)).log().end() > Offset(2000));
    assert!(longest <= 600, "{longest} records in one log");
    assert_eq!(sim.checker().map(|checker| checker.broken_count()), Some(0));
}

/// Source: KIP-630, `MetadataLoader.loadSnapshot`.
#[test]
fn a_broker_that_was_down_for_long_begins_with_a_snapshot() {
    let lines = [
        "crash broker-1",
        "run 20s",
        "snapshot controller-1",
        "snapshot controller-2",
        "snapshot controller-3",
        "start broker-1",
        "run 10s",
    ];
    let history = play(Genesis::default(), &lines);
    let broker = quorum(history.sim(), NodeId::broker(1));
    assert!(broker.log().start() > Offset(0) && broker.snapshots().latest().is_some());
    let view = history.sim().view(4);
    assert!(view.brokers.iter().all(|broker| !broker.fenced));
    assert!(view.partitions.iter().all(|partition| partition.isr.len() == 3));
}

/// Source: `ReplicaManager.applyDelta` on the delta of a snapshot: what a broker led, it follows.
#[test]
fn a_running_broker_gives_up_what_a_snapshot_has_given_to_others() {
    let lines = [
        "isolate broker-1",
        "run 30s",
        "snapshot controller-1",
        "snapshot controller-2",
        "snapshot controller-3",
        "rejoin broker-1",
        "run 10s",
    ];
    let mut genesis = Genesis::default();
    genesis.settings.auto_leader_rebalance_enable = false;
    let history = play(genesis, &lines);
    let process = history.sim().world().process(NodeId::broker(1)).and_then(|process| process.broker());
    let broker = process.expect("it runs");
    assert!(broker.quorum().expect("in KRaft").log().start() > Offset(0), "it has read a snapshot");
    assert!(!broker.replicas.partition(ORDERS).expect("hosted").is_leader());
    assert_ne!(broker.image.partitions[&ORDERS].leader, Some(NodeId::broker(1)));
    let view = history.sim().view(4);
    assert!(view.partitions.iter().all(|partition| partition.isr.len() == 3));
}

/// Source: `KafkaRaftClient.updateListenersProgress`: a listener that has read nothing begins with the snapshot.
#[test]
fn a_restart_reads_its_own_snapshot_even_after_a_power_loss() {
    let lines = ["snapshot broker-2", "run 5s", "crash broker-2 unflushed", "run 1s"];
    let mut history = play(Genesis::default(), &lines);
    let down = &history.sim().world().slot(NodeId::broker(2)).expect("it exists").disk.quorum;
    let at = down.snapshots.latest_id().expect("it survives").end;
    assert_eq!((down.log.start(), down.log.end()), (at, at));
    for text in ["start broker-2", "run 10s"] {
        let line = Line::parse(text, &history.names()).expect("a line");
        play_line(&mut history, &line).expect("it can be done");
    }
    let loaded = |log: &&NoteLog| matches!(log.note, Note::SnapshotLoaded { end, .. } if end == at);
    assert_eq!(history.notes(0..u64::MAX).filter(loaded).count(), 1);
    assert!(history.sim().view(4).partitions.iter().all(|partition| partition.isr.len() == 3));
}

/// Source: KIP-631: a controller that begins with a snapshot decides as one that has replayed everything.
#[test]
fn a_controller_that_read_a_snapshot_takes_over() {
    let lines = [
        "snapshot controller-1",
        "snapshot controller-2",
        "snapshot controller-3",
        "crash controller-1",
        "crash controller-2",
        "crash controller-3",
        "run 2s",
        "start controller-1",
        "start controller-2",
        "start controller-3",
        "run 15s",
        "crash broker-3",
        "run 20s",
    ];
    let history = play(Genesis::default(), &lines);
    let view = history.sim().view(4);
    assert!(view.brokers.iter().all(|broker| broker.fenced == (broker.id == NodeId::broker(3))));
    assert!(view.partitions.iter().all(|partition| partition.isr.len() == 2));
}
