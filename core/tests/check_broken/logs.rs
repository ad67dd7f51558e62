//! L1 to L7.

use crate::lab::{Lab, broker};
use kraftscope_core::id::{LeaderEpoch, Offset};
use kraftscope_core::record::{Entry, MetadataRecord};
use kraftscope_core::time::Time;

/// Source: KafkaReplication.tla, TypeOk.
#[test]
fn l1_a_high_watermark_beyond_the_log_end() {
    let mut lab = Lab::new();
    let leo = lab.log(2).leo();
    lab.copy(2).hw = leo.plus(5);
    assert_eq!(lab.look(broker(2), vec![]), ["L1"]);
}

/// Source: KIP-101.
#[test]
fn l2_an_epoch_that_goes_down() {
    let mut lab = Lab::new();
    let (node, body) = (lab.follower(0), MetadataRecord::NoOp);
    let disk = &mut lab.quorum(node).disk;
    disk.log.append(Entry { epoch: LeaderEpoch(0), body });
    disk.log.flush();
    assert!(lab.look(node, vec![]).contains(&"L2"));
}

/// Source: KAFKA-18723.
#[test]
fn l2_a_record_of_an_epoch_that_the_replica_does_not_know_yet() {
    let mut lab = Lab::new();
    let entry = Entry { epoch: LeaderEpoch(3), body: Lab::record(0) };
    lab.log(2).append(entry, Time::ZERO);
    assert_eq!(lab.look(broker(2), vec![]), ["L5", "L2"]);
}

/// Source: KAFKA-7415.
#[test]
fn l3_a_leader_that_did_not_store_where_its_epoch_begins() {
    let mut lab = Lab::new();
    lab.copy(1).leader_epoch = LeaderEpoch(1);
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"L3"), "{broken:?}");
}

/// Source: Partition.makeFollower.
#[test]
fn l6_a_replica_whose_partition_epoch_goes_back() {
    let mut lab = Lab::new();
    let known = lab.copy(3).partition_epoch;
    lab.copy(3).partition_epoch = known.next();
    assert_eq!(lab.look(broker(3), vec![]), Vec::<&str>::new());
    lab.copy(3).partition_epoch = known;
    assert_eq!(lab.look(broker(3), vec![]), ["L6"]);
}

/// Source: LeaderEpochFileCache.
#[test]
fn l3_an_epoch_cache_that_lacks_an_epoch() {
    let mut lab = Lab::new();
    let entry = Entry { epoch: LeaderEpoch(3), body: Lab::record(0) };
    lab.log(2).log.append(entry);
    assert_eq!(lab.look(broker(2), vec![]), ["L5", "L3", "L2"]);
}

/// Source: Raft, Log Matching.
#[test]
fn l4_two_records_of_one_offset_and_epoch() {
    let mut lab = Lab::new();
    lab.append(1, 0);
    lab.append(2, 1);
    assert!(lab.look(broker(1), vec![]).contains(&"L4"));
}

/// Source: raft.tla.
#[test]
fn l5_an_entry_of_an_epoch_that_nobody_led() {
    let mut lab = Lab::new();
    lab.log(3).append(Entry { epoch: LeaderEpoch(8), body: Lab::record(0) }, Time::ZERO);
    assert_eq!(lab.look(broker(3), vec![]), ["L5", "L2"]);
}

/// Source: raft.tla.
#[test]
fn l5_a_metadata_record_that_a_leader_writes_in_another_epoch() {
    let mut lab = Lab::new();
    let node = lab.active();
    let disk = &mut lab.quorum(node).disk;
    let epoch = LeaderEpoch(99);
    disk.epochs.assign(epoch, disk.log.end());
    disk.log.append(Entry { epoch, body: MetadataRecord::NoOp });
    disk.log.flush();
    assert_eq!(lab.look(node, vec![]), ["L5"]);
}

/// Source: RaftEventSimulationTest, MonotonicEpoch.
#[test]
fn l6_a_stored_epoch_that_goes_back() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    lab.quorum(node).disk.election.leader_epoch = LeaderEpoch(0);
    assert!(lab.look(node, vec![]).contains(&"L6"));
}

/// Source: Raft, Leader Append-Only.
#[test]
fn l7_a_leader_that_cuts_its_log() {
    let mut lab = Lab::new();
    let leo = lab.log(1).leo();
    lab.log(1).truncate_to(Offset(leo.0 - 1));
    assert!(lab.look(broker(1), vec![]).contains(&"L7"));
}

/// Source: `UnifiedLog`: the high watermark never lies below the log start offset.
#[test]
fn l1_a_log_that_begins_above_its_high_watermark() {
    let mut lab = Lab::new();
    let end = lab.log(3).leo();
    lab.log(3).log.drop_before(end);
    lab.copy(3).hw = Offset(1);
    let broken = lab.look(broker(3), vec![]);
    assert!(broken.contains(&"L1"), "{broken:?}");
}

/// Source: LeaderEpochFileCache: one line per epoch, and one more at the end at the most.
#[test]
fn l3_an_epoch_cache_with_a_line_in_the_middle() {
    let mut lab = Lab::new();
    lab.log(2).epochs.assign(LeaderEpoch(4), Offset(2));
    lab.append(2, 0);
    let broken = lab.look(broker(2), vec![]);
    assert!(broken.contains(&"L3"), "{broken:?}");
}
