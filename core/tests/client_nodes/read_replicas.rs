//! Reading from the replica that the leader names (KIP-392).

use crate::consumer::reading_of;
use crate::desk::{Desk, broker, cluster, entry, hint, orders, steady};
use expect_test::{Expect, expect};
use kraftscope_core::client::Consumer;
use kraftscope_core::config::{Racks, Settings};
use kraftscope_core::id::NodeList;
use kraftscope_core::node::Input;
use kraftscope_core::time::Time;
use kraftscope_core::wire::{ErrorCode, Message};

fn check(desk: &mut Desk<Consumer>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

/// A consumer in rack b at offset 2 of orders-0; the leader, broker 1, has just sent it to broker 2.
fn sent_to_broker_2() -> Desk<Consumer> {
    let client_rack = Racks::parse("b").unwrap_or_default();
    let mut desk = reading_of(Settings { client_rack, ..steady() });
    desk.preferred = Some(broker(2));
    desk.fetched(ErrorCode::None, None, &[]);
    desk.preferred = None;
    desk
}

/// Source: `FetcherTest.testPreferredReadReplica`.
#[test]
fn a_consumer_goes_on_at_the_replica_that_the_leader_names() {
    let mut desk = sent_to_broker_2();
    desk.fetched(ErrorCode::None, None, &[entry(0, 2)]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ReadReplicaChosen, partition:orders-0, replica:2
        1.000 s Fetch orders-0@2 epoch 0 to broker-2
        1.000 s   RecordsConsumed, partition:orders-0, from:2, to:3
        1.000 s Fetch orders-0@3 epoch 0 to broker-2
    "#]],
    );
}

/// Source: `FetchRequest.rackId`.
#[test]
fn a_fetch_names_the_rack_of_the_consumer() {
    let desk = sent_to_broker_2();
    let racks = desk.outbox.iter().map(|waiting| match &waiting.message {
        Message::FetchRequest(request) => request.rack,
        _ => None,
    });
    assert_eq!(racks.collect::<Vec<_>>(), [Racks::parse("b").unwrap_or_default().get(1)]);
}

/// Source: `FetcherTest.testPreferredReadReplica`: the choice is over after `metadata.max.age.ms`.
#[test]
fn after_metadata_max_age_the_leader_is_asked_again() {
    let mut desk = sent_to_broker_2();
    desk.client.positions.values_mut().for_each(|position| {
        position.preferred = position.preferred.map(|(replica, _)| (replica, Time::ZERO));
    });
    desk.quiet().fetched(ErrorCode::None, None, &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s Fetch orders-0@2 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `FetcherTest.testPreferredReadReplicaOffsetError`: the position stays.
#[test]
fn an_offset_out_of_range_at_a_follower_sends_a_consumer_back_to_the_leader() {
    let mut desk = sent_to_broker_2();
    desk.quiet().fetched(ErrorCode::OffsetOutOfRange, None, &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ReadReplicaDropped, partition:orders-0, replica:2, error:OFFSET_OUT_OF_RANGE
        1.000 s Fetch orders-0@2 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `FetcherTest.testFetchDisconnectedShouldClearPreferredReadReplica`.
#[test]
fn a_broken_connection_sends_a_consumer_back_to_the_leader() {
    let mut desk = sent_to_broker_2();
    desk.quiet().crash(2);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ReadReplicaDropped, partition:orders-0, replica:2, error:NETWORK_EXCEPTION
        1.000 s Fetch orders-0@2 epoch 0 to broker-1
        1.000 s Metadata to broker-1
    "#]],
    );
}

/// Source: `FetcherTest.testFetchErrorShouldClearPreferredReadReplica`.
#[test]
fn an_error_sends_a_consumer_back_to_the_leader() {
    let mut desk = sent_to_broker_2();
    desk.quiet().fetched(ErrorCode::KafkaStorageError, None, &[]).wait_ms(200);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ReadReplicaDropped, partition:orders-0, replica:2, error:KAFKA_STORAGE_ERROR
        1.000 s Metadata to broker-1
        1.000 s Fetch orders-0@2 epoch 0 to broker-1
    "#]],
    );
}

/// Source: `SubscriptionState.maybeValidatePosition`.
#[test]
fn a_new_leader_ends_the_choice() {
    let mut desk = sent_to_broker_2();
    desk.quiet().fetched(ErrorCode::FencedLeaderEpoch, hint(3, 1), &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   MetadataUpdated, partition:orders-0, leader:3, leader_epoch:1
        1.000 s   ReadReplicaDropped, partition:orders-0, replica:2, error:FENCED_LEADER_EPOCH
        1.000 s Metadata to broker-3
        1.000 s Metadata to broker-1
        1.000 s OffsetForLeaderEpoch orders-0 end of epoch 0, current 1 to broker-3
    "#]],
    );
    assert_eq!(desk.client.positions[&orders(0)].preferred, None);
}

/// Source: `AbstractFetch.selectReadReplica`.
#[test]
fn a_replica_that_the_metadata_does_not_know_is_not_read_from() {
    let mut desk = sent_to_broker_2();
    desk.cluster = cluster(&[(1, 0)]);
    desk.cluster.brokers = NodeList::brokers(&[1, 3]);
    desk.client.network.metadata.request_update();
    desk.input(Input::Disconnected(broker(3)));
    desk.fetched(ErrorCode::None, None, &[]);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ReadReplicaChosen, partition:orders-0, replica:2
        1.000 s Fetch orders-0@2 epoch 0 to broker-2
        1.000 s Metadata to broker-1
        1.000 s   ReadReplicaDropped, partition:orders-0, replica:2, error:BROKER_NOT_AVAILABLE
        1.000 s Fetch orders-0@2 epoch 0 to broker-1
    "#]],
    );
}
