//! When a client asks for metadata, whom, and what it believes.

use crate::desk::{Desk, broker, cluster, hint, orders, plain, steady, text};
use crate::producer::{desk, producer, send};
use expect_test::{Expect, expect};
use kraftscope_core::client::metadata::Metadata;
use kraftscope_core::client::{Producer, ProducerSpec};
use kraftscope_core::config::Settings;
use kraftscope_core::id::{LeaderEpoch, NodeList};
use kraftscope_core::node::Out;
use kraftscope_core::time::{Span, Time};

fn check(desk: &mut Desk<Producer>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

/// Metadata that knows `leaders`, updated at time zero.
fn knows(leaders: &[(u8, u32)], settings: &Settings) -> Metadata {
    let mut metadata = Metadata::new(NodeList::brokers(&[1, 2, 3]), vec![text("orders")]);
    metadata.update(&cluster(leaders), settings, Time::ZERO, &mut Out::new(1));
    metadata
}

/// Source: `Metadata.bootstrap`: the first thing a client does is to ask.
#[test]
fn a_client_asks_a_bootstrap_server_first() {
    let mut desk = Desk::new(producer(steady(), ProducerSpec::default()), cluster(&[(1, 0)]));
    desk.boot();
    check(
        &mut desk,
        expect![[r#"
        0.000 s Metadata to broker-2
    "#]],
    );
}

/// Source: `metadata.max.age.ms`.
#[test]
fn metadata_is_refreshed_when_it_is_too_old() {
    let mut desk = desk(steady());
    desk.wait(Span::secs(298)).quiet().wait(Span::secs(300));
    check(
        &mut desk,
        expect![[r#"
        300.000 s Metadata to broker-2
    "#]],
    );
}

/// Source: `Metadata.timeToAllowUpdate`, KIP-580: answers that bring nothing new double the wait.
#[test]
fn while_a_leader_is_missing_metadata_is_asked_for_less_and_less_often() {
    let mut desk = desk(plain());
    desk.call(send(0, 1)).wait_ms(5);
    desk.cluster = cluster(&[(0, 1), (2, 0)]);
    desk.crash(1).quiet().wait_ms(4000);
    check(
        &mut desk,
        expect![[r#"
        1.098 s Metadata to broker-2
        1.194 s Metadata to broker-2
        1.424 s Metadata to broker-2
        1.885 s Metadata to broker-2
        2.767 s Metadata to broker-2
        3.705 s Metadata to broker-2
        4.705 s Metadata to broker-2
    "#]],
    );
}

/// Source: `NetworkClient.DefaultMetadataUpdater.handleSuccessfulResponse`: a broker that just starts knows no
/// brokers.
#[test]
fn an_answer_without_brokers_counts_as_a_failure() {
    let mut desk = Desk::new(producer(steady(), ProducerSpec::default()), cluster(&[(1, 0)]));
    desk.cluster.brokers = NodeList::EMPTY;
    desk.boot().wait_ms(250);
    check(
        &mut desk,
        expect![[r#"
        0.000 s Metadata to broker-2
        0.100 s Metadata to broker-2
        0.200 s Metadata to broker-2
    "#]],
    );
    assert_eq!(desk.client.network.metadata.brokers, NodeList::brokers(&[1, 2, 3]));
}

/// Source: KIP-899: when no known broker can be asked, the bootstrap servers are.
#[test]
fn a_client_falls_back_to_its_bootstrap_servers() {
    let mut desk = desk(steady());
    desk.cluster.brokers = NodeList::brokers(&[1]);
    desk.call(send(0, 1)).wait_ms(5).acknowledge(0).wait(Span::secs(300)).quiet();
    desk.dead.insert(broker(2));
    desk.crash(1).wait_ms(100);
    check(
        &mut desk,
        expect![[r#"
        301.005 s Metadata to broker-2
        301.105 s Metadata to broker-1
    "#]],
    );
}

/// Source: `Metadata.updateLatestMetadata` (KIP-320).
#[test]
fn metadata_of_an_older_epoch_is_not_believed() {
    let settings = steady();
    let mut metadata = knows(&[(1, 5)], &settings);
    metadata.update(&cluster(&[(2, 4)]), &settings, Time::ZERO, &mut Out::new(1));
    assert_eq!(metadata.leader(orders(0)), Some(broker(1)));
    assert_eq!(metadata.leader_epoch(orders(0)), Some(LeaderEpoch(5)));
}

/// Source: `Metadata.updateLatestMetadata`, `updatePartitionLeadership`: without an epoch there is nothing to compare,
/// and what was known is forgotten. Any hint is news then.
#[test]
fn metadata_without_an_epoch_is_believed_and_any_hint_corrects_it() {
    let settings = steady();
    let mut metadata = knows(&[(1, 5)], &settings);
    let mut guess = cluster(&[(2, 0)]);
    guess.partitions[0].leader_epoch = None;
    metadata.update(&guess, &settings, Time::ZERO, &mut Out::new(1));
    assert_eq!(metadata.leader(orders(0)), Some(broker(2)));
    assert_eq!(metadata.leader_epoch(orders(0)), None);
    assert!(metadata.maybe_use_hint(orders(0), hint(3, 1).expect("a hint"), &mut Out::new(1)));
    assert_eq!(metadata.leader(orders(0)), Some(broker(3)));
    assert_eq!(metadata.leader_epoch(orders(0)), Some(LeaderEpoch(1)));
}

/// Source: `Metadata.updateLatestMetadata`: the same epoch may say that the leader is gone.
#[test]
fn metadata_of_the_same_epoch_is_believed() {
    let settings = steady();
    let mut metadata = knows(&[(1, 5)], &settings);
    let mut out = Out::new(1);
    metadata.update(&cluster(&[(0, 5)]), &settings, Time::ZERO, &mut out);
    assert_eq!(metadata.leader(orders(0)), None);
    assert_eq!(out.effects.len(), 1, "MetadataUpdated");
}

/// The timeline shows changes of leaders, not epochs alone, and not what was learned first.
#[test]
fn only_another_leader_is_worth_a_note() {
    let settings = steady();
    let mut out = Out::new(1);
    let mut metadata = Metadata::new(NodeList::brokers(&[1]), Vec::new());
    metadata.update(&cluster(&[(1, 0), (0, 0)]), &settings, Time::ZERO, &mut out);
    metadata.update(&cluster(&[(1, 1), (0, 1)]), &settings, Time::ZERO, &mut out);
    assert_eq!(out.effects, []);
}

/// Source: `Metadata.updatePartitionLeadership` (KIP-951).
#[test]
fn a_hint_is_believed_for_a_known_partition_and_a_newer_epoch_only() {
    let settings = steady();
    let mut metadata = knows(&[(1, 5)], &settings);
    let mut out = Out::new(1);
    let mut believes = |partition, leader, epoch| {
        metadata.maybe_use_hint(orders(partition), hint(leader, epoch).expect("some"), &mut out)
    };
    assert!(!believes(0, 2, 4));
    assert!(!believes(0, 2, 5));
    assert!(believes(0, 2, 6));
    assert!(!believes(7, 2, 9), "an unknown partition");
}

/// Source: `Metadata.timeToNextUpdate`.
#[test]
fn a_request_waits_for_the_back_off_of_the_last_answer() {
    let settings = steady();
    let mut metadata = knows(&[(1, 5)], &settings);
    assert_eq!(metadata.next_update(&settings), Time::ZERO + settings.metadata_max_age);
    metadata.request_update();
    assert_eq!(metadata.next_update(&settings), Time(100_000));
    metadata.request_update_now();
    assert_eq!(metadata.next_update(&settings), Time::ZERO);
}

/// Source: `Metadata.failedUpdate`.
#[test]
fn failures_double_the_wait_and_a_success_ends_it() {
    let settings = Settings { retry_backoff_max: Span::millis(1000), ..steady() };
    let mut metadata = Metadata::new(NodeList::brokers(&[1]), Vec::new());
    let mut out = Out::new(1);
    let waits: Vec<u64> = (0..5)
        .map(|_| {
            metadata.failed_update(&settings, Time::ZERO, &mut out);
            metadata.next_update(&settings).as_millis()
        })
        .collect();
    let bounds = [80..=120, 160..=240, 320..=480, 640..=960, 800..=1000];
    assert!(waits.iter().zip(&bounds).all(|(wait, bound)| bound.contains(wait)), "{waits:?}");
    metadata.update(&cluster(&[(1, 0)]), &settings, Time::ZERO, &mut out);
    metadata.failed_update(&settings, Time::ZERO, &mut out);
    metadata.request_update();
    assert!((80..=120).contains(&metadata.next_update(&settings).as_millis()));
}

/// Source: `NetworkClient.leastLoadedNode`: a connection that stands is preferred to opening another one.
#[test]
fn a_standing_connection_is_asked_first() {
    let mut desk = desk(steady());
    desk.wait(Span::secs(300)).wait(Span::secs(300)).wait(Span::secs(300));
    assert_eq!(desk.client.network.connections.len(), 1);
}
