//! Crashed brokers, refused connections, silent links.

use crate::desk::{Desk, broker, cluster, orders, plain, steady};
use crate::producer::{desk, send};
use expect_test::{Expect, expect};
use kraftscope_core::client::Producer;
use kraftscope_core::client::connection::ConnectionState;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::ErrorCode;

fn check(desk: &mut Desk<Producer>, expected: Expect) {
    expected.assert_eq(&desk.log());
}

/// Source: `Sender.handleProduceResponse`, `wasDisconnected`: NETWORK_EXCEPTION at once. The oldest request fails
/// first and each batch goes to the front, so without idempotence the order changes (`RecordAccumulator.reenqueue`).
#[test]
fn a_broken_connection_fails_what_was_in_flight_at_once() {
    let mut desk = desk(Settings { batch_records: 1, ..steady() });
    desk.call(send(0, 2)).quiet();
    desk.cluster = cluster(&[(2, 1), (2, 0)]);
    desk.crash(1);
    check(
        &mut desk,
        expect![[r#"
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s   ProduceRetried, partition:orders-0, error:NETWORK_EXCEPTION, attempt:1, backoff:100000
        1.000 s Metadata to broker-2
        1.000 s   MetadataUpdated, partition:orders-0, leader:2, leader_epoch:1
        1.000 s   BatchSent, partition:orders-0, first:1, count:1, leader:2, attempt:2, acks:All
        1.000 s Produce acks=All orders-0=[1] to broker-2
        1.000 s   BatchSent, partition:orders-0, first:0, count:1, leader:2, attempt:2, acks:All
        1.000 s Produce acks=All orders-0=[0] to broker-2
    "#]],
    );
}

/// Source: `NetworkClient.ready`: a request is sent over a standing connection only, so a refused connection costs
/// no attempt; `ClusterConnectionStates`: 50 ms until the next try.
#[test]
fn a_refused_connection_costs_no_attempt() {
    let mut desk = desk(steady());
    desk.dead.insert(broker(1));
    desk.call(send(0, 1)).wait_ms(60);
    check(
        &mut desk,
        expect![[r#"
        1.000 s reply 1: Done
        1.005 s Metadata to broker-1
        1.005 s Metadata to broker-2
        1.055 s Metadata to broker-1
    "#]],
    );
    let [batch] = desk.client.batches()[..] else { panic!("one batch") };
    assert_eq!((batch.sent, batch.retry_at), (0, None));
    desk.dead.clear();
    desk.wait_ms(50).acknowledge(0);
    assert_eq!(desk.client.acknowledged, 1);
}

/// Source: `ClusterConnectionStates.updateReconnectBackoff`: 50, 100, 200, 400, 800, 1000 ms, 20 % jitter.
#[test]
fn the_wait_before_a_reconnect_doubles_up_to_its_maximum() {
    let mut desk = desk(plain());
    desk.dead.insert(broker(1));
    desk.call(send(0, 1)).wait_ms(5);
    let waits: Vec<u64> = (0..7)
        .map(|_| {
            let ConnectionState::Disconnected { until } = desk.client.network.connections[&broker(1)].state
            else {
                panic!("broker 1 is dead")
            };
            let wait = until.since(desk.now);
            desk.wait(wait);
            wait.as_millis()
        })
        .collect();
    let bounds = [40..=60, 80..=120, 160..=240, 320..=480, 640..=960, 800..=1000, 800..=1000];
    assert!(waits.iter().zip(&bounds).all(|(wait, bound)| bound.contains(wait)), "{waits:?}");
}

/// Source: `ClusterConnectionStates.ready` forgets failures.
#[test]
fn a_connection_that_stood_waits_the_shortest_time_again() {
    let mut desk = desk(plain());
    desk.dead.insert(broker(1));
    desk.call(send(0, 1)).wait_ms(1000);
    desk.dead.clear();
    desk.wait_ms(1000).acknowledge(0).crash(1);
    assert_eq!(desk.client.network.connections[&broker(1)].failures, 1);
}

/// Source: `NetworkClient.handleTimedOutRequests`, `Sender.handleProduceResponse`, `wasTimedOut`: a cut link is
/// noticed after request.timeout.ms, and takes everything on the connection with it.
#[test]
fn a_silent_link_is_noticed_after_the_request_timeout() {
    let mut desk = desk(Settings { batch_records: 1, ..steady() });
    desk.call(send(0, 1)).wait_ms(5).acknowledge(0);
    desk.cut.insert(broker(1));
    desk.call(send(0, 1)).wait_ms(10_000).call(send(0, 1)).wait_ms(19_999).quiet();
    assert_eq!(desk.client.in_flight.len(), 2);
    desk.wait_ms(1);
    check(
        &mut desk,
        expect![[r#"
        31.005 s   ProduceRetried, partition:orders-0, error:REQUEST_TIMED_OUT, attempt:1, backoff:100000
        31.005 s   ProduceRetried, partition:orders-0, error:REQUEST_TIMED_OUT, attempt:1, backoff:100000
        31.005 s Metadata to broker-2
    "#]],
    );
    assert_eq!(desk.client.last_error, ErrorCode::RequestTimedOut);
}

/// Source: `ClusterConnectionStates.connectionSetupTimeoutMs`, `socket.connection.setup.timeout.ms`.
#[test]
fn a_connection_that_does_not_open_is_given_up_after_the_setup_timeout() {
    let mut desk = desk(steady());
    desk.cut.insert(broker(1));
    desk.call(send(0, 1)).wait_ms(10_004).quiet();
    assert_eq!(desk.client.network.connections[&broker(1)].state, ConnectionState::Connecting);
    desk.wait_ms(1);
    let until = desk.now + Span::millis(50);
    assert_eq!(desk.client.network.connections[&broker(1)].state, ConnectionState::Disconnected { until });
}

/// A connection that nobody uses may break without consequences; one that is broken already cannot break again.
#[test]
fn a_break_without_requests_loses_nothing() {
    let mut desk = desk(steady());
    desk.crash(3);
    check(&mut desk, expect![[""]]);
    desk.crash(1).crash(1).crash(2);
    assert_eq!(desk.client.failed, 0);
}

/// Source: `NetworkClient.send`: with acks=0 only what was on the wire is lost; what waits for the connection is
/// kept.
#[test]
fn with_acks_0_records_wait_for_a_connection() {
    let mut desk = desk(Settings { acks: Acks::Zero, ..steady() });
    desk.call(send(0, 1)).wait_ms(5).crash(1).call(send(0, 1)).wait_ms(30);
    assert_eq!((desk.client.unanswered, desk.client.accumulator.queued()), (1, 1));
    desk.cluster = cluster(&[(2, 1), (2, 0)]);
    desk.wait_ms(200);
    assert_eq!((desk.client.unanswered, desk.client.accumulator.queued()), (2, 0));
}

/// Source: `NetworkClient.processDisconnection`, `Metadata.requestUpdate`: the producer is disconnected at once and
/// finds the new leader within a second of the election.
#[test]
fn a_producer_finds_the_new_leader_within_a_second_of_the_election() {
    let mut desk = desk(plain());
    desk.call(send(0, 1)).wait_ms(5).acknowledge(0).call(send(0, 1)).wait_ms(5);
    desk.cluster = cluster(&[(0, 1), (2, 0)]);
    desk.crash(1).wait_ms(8000).quiet();
    desk.cluster = cluster(&[(2, 2), (2, 0)]);
    let elected = desk.now;
    desk.wait_ms(1000);
    let [sent] = &desk.client.in_flight[..] else { panic!("sent to the new leader: {}", desk.log()) };
    assert_eq!(sent.node, broker(2));
    desk.acknowledge(1);
    let [.., last] = desk.client.history[..] else { panic!("acknowledged") };
    assert_eq!((last.partition, last.first), (orders(0), 1));
    assert!(last.at <= elected + Span::secs(1) && last.at > Time::ZERO);
}

/// A doubled or late answer belongs to nobody.
#[test]
fn an_answer_nobody_waits_for_is_ignored() {
    let mut desk = desk(steady());
    desk.call(send(0, 1)).wait_ms(5);
    let waiting = desk.outbox[0].clone();
    desk.acknowledge(0).quiet();
    desk.outbox.push_back(waiting);
    desk.acknowledge(5);
    check(&mut desk, expect![[""]]);
    assert_eq!(desk.client.acknowledged, 1);
}
