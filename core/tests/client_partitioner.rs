//! Which partition a record goes to.

use kraftscope_core::client::accumulator::{ProducerRecord, RecordAccumulator};
use kraftscope_core::client::metadata::Metadata;
use kraftscope_core::client::partitioner::{BuiltInPartitioner, LoadStats};
use kraftscope_core::config::Settings;
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeList, Text, TopicId, TopicPartition};
use kraftscope_core::node::Out;
use kraftscope_core::record::Record;
use kraftscope_core::time::Time;
use kraftscope_core::wire::{MetadataResponse, PartitionMetadata};
use std::collections::BTreeSet;

const TOPIC: TopicId = TopicId(0);

/// Metadata of one topic; a leader per partition, 0 for none.
fn metadata(leaders: &[u8]) -> Metadata {
    let mut metadata = Metadata::new(NodeList::brokers(&[1, 2, 3]), Vec::new());
    let partitions = leaders.iter().zip(0..).map(|(&leader, partition)| PartitionMetadata {
        partition: TopicPartition { topic: TOPIC, partition },
        leader: (leader > 0).then_some(NodeId::broker(leader)),
        leader_epoch: Some(LeaderEpoch(0)),
    });
    let response = MetadataResponse {
        brokers: NodeList::brokers(&[1, 2, 3]),
        topics: vec![(TOPIC, Text::new("orders").expect("short"))],
        partitions: partitions.collect(),
    };
    metadata.update(&response, &Settings::default(), Time::ZERO, &mut Out::new(1));
    metadata
}

fn record(key: &str) -> ProducerRecord {
    let key = Text::new(key).expect("short");
    let record = Record::new(key, NodeId::producer(1), 0);
    ProducerRecord { topic: TOPIC, partition: None, record }
}

/// Appends `count` records and returns the partitions that they went to.
fn append(
    accumulator: &mut RecordAccumulator,
    metadata: &Metadata,
    settings: &Settings,
    count: u32,
) -> Vec<u16> {
    let mut out = Out::new(3);
    (0..count)
        .map(|_| accumulator.append(record(""), metadata, settings, Time::ZERO, &mut out).partition)
        .collect()
}

/// How often each of three partitions is chosen in 8000 draws.
fn spread(partitioner: &BuiltInPartitioner, metadata: &Metadata) -> [u32; 3] {
    let mut out = Out::new(5);
    let mut counts = [0; 3];
    for _ in 0..8000 {
        let mut fresh = BuiltInPartitioner { sticky: None, produced: 0, load: partitioner.load.clone() };
        counts[usize::from(fresh.current(TOPIC, metadata, &mut out))] += 1;
    }
    counts
}

/// Source: `BuiltInPartitioner.updatePartitionLoadStats`, the example in its comment: queues 0, 3, 1.
#[test]
fn queues_0_3_1_weigh_4_1_3() {
    let load = LoadStats::of(&[(0, 0), (1, 3), (2, 1)], 3).expect("unequal queues");
    assert_eq!(load.cumulative, [4, 5, 8]);
    assert_eq!(load.range_end(), 8);
    let partitions: Vec<_> = (0..9).map(|number| load.partition_at(number)).collect();
    let expected = [0, 0, 0, 0, 1, 2, 2, 2].map(Some);
    assert_eq!(partitions[..8], expected);
    assert_eq!(partitions[8], None, "outside the range");
}

/// Source: `BuiltInPartitionerTest.adaptivePartitionsTest`: a partition left out (no leader) is never chosen.
#[test]
fn a_partition_without_a_leader_has_no_weight() {
    let load = LoadStats::of(&[(0, 2), (2, 2)], 3).expect("one is left out");
    assert_eq!((load.partitions, load.cumulative), (vec![0, 2], vec![1, 2]));
}

/// Source: `BuiltInPartitioner.updatePartitionLoadStats`.
#[test]
fn equal_queues_one_queue_and_no_queue_have_no_weights() {
    assert_eq!(LoadStats::of(&[(0, 2), (1, 2)], 2), None);
    assert_eq!(LoadStats::of(&[(0, 7)], 1), None);
    assert_eq!(LoadStats::of(&[], 3), None);
}

/// Source: `BuiltInPartitionerTest.adaptivePartitionsTest`.
#[test]
fn shorter_queues_get_more_records() {
    let load = LoadStats::of(&[(0, 0), (1, 3), (2, 1)], 3);
    let partitioner = BuiltInPartitioner { load, ..BuiltInPartitioner::default() };
    let [a, b, c] = spread(&partitioner, &metadata(&[1, 2, 3]));
    assert!(
        (3800..4200).contains(&a) && (900..1100).contains(&b) && (2800..3200).contains(&c),
        "{a} {b} {c}"
    );
}

/// Source: `BuiltInPartitionerTest.unavailablePartitionsTest`.
#[test]
fn without_weights_all_partitions_with_a_leader_are_alike() {
    let [a, b, c] = spread(&BuiltInPartitioner::default(), &metadata(&[1, 0, 3]));
    assert!((3800..4200).contains(&a) && b == 0 && (3800..4200).contains(&c), "{a} {b} {c}");
}

/// Source: `BuiltInPartitioner.nextPartition`.
#[test]
fn without_any_leader_all_partitions_are_alike() {
    let [a, b, c] = spread(&BuiltInPartitioner::default(), &metadata(&[0, 0, 0]));
    assert!(a > 2400 && b > 2400 && c > 2400, "{a} {b} {c}");
}

/// Source: KIP-794, `RecordAccumulatorTest.testUniformBuiltInPartitioner`: a partition keeps its batch's worth.
#[test]
fn records_without_a_key_stick_to_a_partition_until_its_batch_is_full() {
    let (metadata, settings) = (metadata(&[1, 2, 3]), Settings { batch_records: 4, ..Settings::default() });
    let partitions = append(&mut RecordAccumulator::default(), &metadata, &settings, 12);
    let runs: Vec<_> = partitions.chunks(4).map(|run| run.iter().collect::<BTreeSet<_>>().len()).collect();
    assert_eq!(runs, [1, 1, 1], "{partitions:?}");
}

/// Source: KIP-794: while the last batch may still grow, the switch waits, up to twice `batch.size`.
#[test]
fn a_switch_that_is_put_off_comes_at_twice_the_batch_size() {
    let metadata = metadata(&[1, 2, 3]);
    let mut out = Out::new(3);
    let mut partitioner = BuiltInPartitioner { sticky: Some(1), ..BuiltInPartitioner::default() };
    let switched: Vec<_> =
        (0..8).map(|_| partitioner.maybe_switch(1, false, 4, TOPIC, &metadata, &mut out)).collect();
    assert_eq!(switched, [false, false, false, false, false, false, false, true]);
}

/// Source: `RecordAccumulator.partitionChanged`: once the batch was sent, the next record finds no batch that
/// could grow.
#[test]
fn a_switch_that_was_put_off_happens_once_the_batch_is_gone() {
    let (metadata, settings) = (metadata(&[1, 0, 0]), Settings { batch_records: 4, ..Settings::default() });
    let mut accumulator = RecordAccumulator::default();
    append(&mut accumulator, &metadata, &settings, 3);
    accumulator.drain(NodeId::broker(1), &metadata, &BTreeSet::new(), None, Time::ZERO);
    append(&mut accumulator, &metadata, &settings, 3);
    let produced = |accumulator: &RecordAccumulator| accumulator.partitioners[&TOPIC].produced;
    assert_eq!(produced(&accumulator), 6, "a batch that grows keeps the partition");
    accumulator.drain(NodeId::broker(1), &metadata, &BTreeSet::new(), None, Time::ZERO);
    append(&mut accumulator, &metadata, &settings, 1);
    assert_eq!(produced(&accumulator), 1, "the switch began a new count");
}

/// Source: `RecordAccumulator.partitionReady`: no weights before every partition has a queue.
#[test]
fn queues_are_weighed_once_every_partition_has_one() {
    let metadata = metadata(&[1, 2, 3]);
    let settings = Settings { batch_records: 1, ..Settings::default() };
    let mut accumulator = RecordAccumulator::default();
    append(&mut accumulator, &metadata, &settings, 1);
    accumulator.ready(&metadata, &BTreeSet::new(), &settings, Time::ZERO);
    assert_eq!(accumulator.partitioners[&TOPIC].load, None);
    for partition in [0, 0, 1, 2, 2, 2] {
        let what = ProducerRecord { partition: Some(partition), ..record("") };
        accumulator.append(what, &metadata, &settings, Time::ZERO, &mut Out::new(1));
    }
    accumulator.ready(&metadata, &BTreeSet::new(), &settings, Time::ZERO);
    assert!(accumulator.partitioners[&TOPIC].load.is_some());
    let off = Settings { partitioner_adaptive_partitioning_enable: false, ..settings };
    accumulator.ready(&metadata, &BTreeSet::new(), &off, Time::ZERO);
    assert_eq!(accumulator.partitioners[&TOPIC].load, None, "partitioner.adaptive.partitioning.enable=false");
}

/// Source: `BuiltInPartitioner.partitionForKey`: leaderless partitions count.
#[test]
fn a_key_keeps_its_partition_even_without_a_leader() {
    let metadata = metadata(&[1, 0, 0]);
    let (mut accumulator, settings) = (RecordAccumulator::default(), Settings::default());
    let place = accumulator.append(record("key-2"), &metadata, &settings, Time::ZERO, &mut Out::new(1));
    assert_eq!(place.partition, 2);
}

/// Source: `ProducerConfig`, `partitioner.ignore.keys`.
#[test]
fn ignored_keys_stick_like_records_without_one() {
    let metadata = metadata(&[1, 0, 0]);
    let settings = Settings { partitioner_ignore_keys: true, ..Settings::default() };
    let place = RecordAccumulator::default().append(
        record("key-2"),
        &metadata,
        &settings,
        Time::ZERO,
        &mut Out::new(1),
    );
    assert_eq!(place.partition, 0, "the only one with a leader");
}

/// Source: `KafkaProducer.partition`: the application's choice comes first.
#[test]
fn the_applications_partition_beats_the_key() {
    let metadata = metadata(&[1, 2, 3]);
    let what = ProducerRecord { partition: Some(1), ..record("key-2") };
    let place = RecordAccumulator::default().append(
        what,
        &metadata,
        &Settings::default(),
        Time::ZERO,
        &mut Out::new(1),
    );
    assert_eq!(place.partition, 1);
}
