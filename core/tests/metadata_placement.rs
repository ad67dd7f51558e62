//! Where replicas go: `StripedReplicaPlacer`.

use expect_test::{Expect, expect};
use kraftscope_core::id::NodeId;
use kraftscope_core::metadata::placement::StripedReplicaPlacer;
use kraftscope_core::node::Out;
use kraftscope_core::wire::ErrorCode;
use metadata_support::b;

mod metadata_support;

fn place(
    unfenced: &[u8],
    fenced: &[u8],
    partitions: u16,
    factor: u16,
    seed: u64,
) -> Result<String, ErrorCode> {
    let mut out = Out::new(seed);
    let brokers = |numbers: &[u8]| numbers.iter().map(|&n| b(n)).collect::<Vec<NodeId>>();
    let placer = StripedReplicaPlacer::new(brokers(unfenced), brokers(fenced), &mut out);
    let placed = placer.place(partitions, factor, &mut out)?;
    Ok(placed.iter().map(|replicas| replicas.to_string()).collect::<Vec<_>>().join(" "))
}

fn check(unfenced: &[u8], fenced: &[u8], partitions: u16, factor: u16, expected: Expect) {
    expected.assert_eq(&place(unfenced, fenced, partitions, factor, 1).unwrap_or_else(|e| e.name().into()));
}

/// The formula of StripedReplicaPlacer with one rack: `[(o+p) mod N, (o+p+1) mod N, ...]`.
#[test]
fn each_partition_starts_one_broker_further() {
    check(&[0, 1, 2, 3, 4], &[], 5, 3, expect!["[2, 3, 4] [3, 4, 0] [4, 0, 1] [0, 1, 2] [1, 2, 3]"]);
}

/// StripedReplicaPlacer: the first offset is drawn.
#[test]
fn the_first_broker_depends_on_the_luck_of_the_draw() {
    let firsts = [1, 2, 3, 4, 5, 6].map(|seed| place(&[1, 2, 3], &[], 1, 3, seed));
    expect!["[2, 3, 1] [2, 3, 1] [1, 2, 3] [2, 3, 1] [2, 3, 1] [3, 1, 2]"]
        .assert_eq(&firsts.map(|placed| placed.unwrap_or_default()).join(" "));
}

/// StripedReplicaPlacerTest.testMultiPartitionTopicPlacementOnFencedBrokers and siblings.
#[test]
fn fenced_brokers_come_last_and_never_first() {
    check(&[1, 2], &[3], 4, 3, expect!["[2, 1, 3] [1, 2, 3] [2, 1, 3] [1, 2, 3]"]);
    check(&[2], &[1, 3], 3, 2, expect!["[2, 3] [2, 1] [2, 3]"]);
}

/// StripedReplicaPlacer.RackList.place: the lists are shuffled after as many partitions as unfenced brokers.
#[test]
fn after_a_full_round_the_brokers_are_shuffled() {
    check(
        &[1, 2, 3],
        &[],
        9,
        3,
        expect!["[2, 3, 1] [3, 1, 2] [1, 2, 3] [2, 3, 1] [3, 1, 2] [1, 2, 3] [1, 2, 3] [2, 3, 1] [3, 1, 2]"],
    );
}

/// StripedReplicaPlacer: with a single unfenced broker there is nothing to shuffle.
#[test]
fn one_broker_leads_everything() {
    check(&[1], &[], 3, 1, expect!["[1] [1] [1]"]);
}

/// StripedReplicaPlacerTest.testNotEnoughBrokers, testNonPositiveReplicationFactor, testAllBrokersFenced.
#[test]
fn a_replication_factor_that_cannot_be_met_is_refused() {
    let refused = Err(ErrorCode::InvalidReplicationFactor);
    assert_eq!(place(&[1, 2, 3], &[], 1, 0, 1), refused);
    assert_eq!(place(&[1, 2, 3], &[], 1, 4, 1), refused);
    assert_eq!(place(&[], &[1, 2, 3], 1, 1, 1), refused);
    assert_eq!(place(&[], &[], 1, 1, 1), refused);
    assert!(place(&[1, 2], &[3], 1, 3, 1).is_ok());
}
