//! Snapshots beside the log: which may be made, what goes when the log start moves, what fetches are told.
use crate::driver::{Replica, count, disk, elected, epoch, offer, parts_at, settings, snapshot_id};
use kraftscope_core::config::Settings;
use kraftscope_core::id::Offset;
use kraftscope_core::kraft::{Quorum, QuorumDisk, Snapshots, Validity};
use kraftscope_core::node::Loss;
use kraftscope_core::note::Note;
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::release::Release;
use std::sync::Arc;

/// A leader of epoch 5 over these runs whose high watermark is its log end.
fn committed_leader(runs: &[(u32, u64)]) -> Replica {
    let mut leader = Replica::leader(3, 5, runs);
    let end = leader.leo();
    leader.fetch(2, end, 5);
    assert_eq!(leader.hw(), Some(end));
    leader.sent.clear();
    leader.told();
    leader
}

fn ids(snapshots: &Snapshots) -> Vec<(u64, u32)> {
    snapshots.iter().map(|snapshot| (snapshot.id.end.0, snapshot.id.epoch.0)).collect()
}

/// A disk with this log that starts at the snapshot `(end, epoch)`, which is clean.
fn disk_from(end: u64, runs: &[(u32, u64)]) -> QuorumDisk {
    let mut leader = committed_leader(runs);
    leader.snapshot(end, true).expect("it is committed");
    leader.q.disk
}

/// Source: `KafkaMetadataLogTest.testCreateSnapshot`, `SnapshotWriterReaderTest`: header, data, footer.
#[test]
fn a_snapshot_is_named_by_its_end_and_the_epoch_of_the_record_before_it() {
    let mut leader = committed_leader(&[(2, 3), (4, 3)]);
    assert_eq!(leader.snapshot_of(4, 2, false), Some((4, 4)));
    assert_eq!(leader.snapshot(3, false), Some((3, 2)));
    assert_eq!(ids(leader.q.snapshots()), [(3, 2), (4, 4)]);
    let frozen = leader.q.snapshots().latest().expect("there is one");
    let (header, footer) = (MetadataRecord::SnapshotHeader, MetadataRecord::SnapshotFooter);
    assert_eq!(frozen.records, [header, MetadataRecord::NoOp, MetadataRecord::NoOp, footer]);
    let created = |end: u64, e, records| Note::SnapshotCreated { end: Offset(end), epoch: epoch(e), records };
    assert_eq!(leader.told(), [created(4, 4, 4), created(3, 2, 2)]);
}

/// Source: `KafkaMetadataLogTest.testCreateSnapshotLaterThanHighWatermark`, `testCreateSnapshotBeforeLogStartOffset`,
/// `testCreateExistingSnapshot`.
#[test]
fn a_snapshot_lies_between_log_start_and_high_watermark_and_is_made_once() {
    let mut leader = committed_leader(&[(2, 3), (4, 3)]);
    leader.append(2);
    assert_eq!(leader.snapshot(8, false), None);
    assert_eq!(leader.snapshot(0, false), None);
    assert_eq!(leader.snapshot(5, true), Some((5, 4)));
    assert_eq!(leader.snapshot(5, false), None);
    assert_eq!(leader.snapshot(4, false), None);
    assert_eq!(leader.snapshot(7, false), Some((7, 5)));
}

/// Source: `KafkaMetadataLogTest.testUpdateLogStartOffset`, `testUpdateLogStartOffsetWillRemoveOlderSnapshot`.
#[test]
fn cleaning_moves_the_log_start_to_the_snapshot_and_forgets_older_ones() {
    let mut leader = committed_leader(&[(2, 3), (4, 3)]);
    leader.snapshot(3, false);
    assert_eq!(leader.snapshot(5, true), Some((5, 4)));
    assert_eq!(ids(leader.q.snapshots()), [(5, 4)]);
    let log = leader.q.log();
    assert_eq!((log.start(), log.end(), log.get(Offset(4))), (Offset(5), Offset(7), None));
    let lines: Vec<_> = leader.q.disk.epochs.entries().iter().map(|l| (l.epoch.0, l.start.0)).collect();
    assert_eq!(lines, [(4, 5), (5, 6)]);
    assert_eq!(leader.told().last(), Some(&Note::MetadataLogCleaned { from: Offset(0), to: Offset(5) }));
    assert_eq!(leader.hw(), Some(7));
}

/// Source: `KafkaMetadataLogTest.testDeleteSnapshots`, `testSoftRetentionLimit`: the oldest go first, the latest stays.
#[test]
fn the_retention_limit_is_soft_and_the_latest_snapshot_stays() {
    let limits = Settings { metadata_max_retention_records: 12, ..settings(Release::V4_2) };
    let mut leader = Replica::leader_with(1, 1, &[], limits);
    let mut starts = vec![];
    for _ in 0..4 {
        leader.append(5);
        let end = leader.leo();
        leader.snapshot(end, false);
        leader.clean();
        starts.push((leader.q.log().start().0, ids(leader.q.snapshots()).len()));
    }
    // They hold 8, 15, 9 and 16 records together before each cleaning.
    assert_eq!(starts, [(0, 1), (11, 1), (11, 2), (16, 2)]);
}

/// Source: `KafkaMetadataLogTest.testCreateReplicatedLogTruncatesFully`: a snapshot that was downloaded, and a crash
/// before the log could begin anew.
#[test]
fn a_log_that_ends_before_its_snapshot_begins_anew_there_at_the_start() {
    let later = disk_from(5, &[(2, 3), (4, 3)]);
    let disk = QuorumDisk { snapshots: later.snapshots, ..disk(elected(5, 2), &[(2, 3)]) };
    let replica = Replica::boot(3, disk);
    let log = replica.q.log();
    assert_eq!((log.start(), log.end()), (Offset(5), Offset(5)));
    assert_eq!(replica.q.committed(), Offset(5));
    assert!(replica.q.disk.epochs.is_empty());
    let fetch = replica.asked_to_fetch(2);
    assert_eq!((fetch.fetch_offset, fetch.last_fetched_epoch), (Offset(5), Some(epoch(4))));
}

/// Source: `KafkaMetadataLogTest.testDoesntTruncateFully`; `LogLoader.load` drops a line of the epoch cache that
/// starts at the end of an empty log, whose last epoch is then that of the snapshot.
#[test]
fn a_log_that_reaches_its_snapshot_stays_as_it_is() {
    for (end, clean) in [(5, false), (5, true), (7, true)] {
        let mut leader = committed_leader(&[(2, 3), (4, 3)]);
        leader.snapshot(end, clean);
        let before = leader.q.disk.clone();
        let replica = Replica::boot(3, leader.q.disk);
        let lines = if end == 7 { &[] } else { before.epochs.entries() };
        assert_eq!((&replica.q.disk.log, replica.q.disk.epochs.entries()), (&before.log, lines));
        assert_eq!(replica.q.disk.last_epoch(), before.last_epoch());
    }
}

/// Source: a broker's metadata log is never flushed (`followersAlwaysFlush`), its snapshots are on disk when frozen.
#[test]
fn a_power_loss_leaves_the_snapshot_and_a_log_that_begins_there() {
    let mut lost = committed_leader(&[(2, 3), (4, 3)]);
    lost.snapshot(5, false);
    let mut disk = QuorumDisk { log: Default::default(), ..lost.q.disk.clone() };
    lost.q.disk.log.iter(Offset(0), Offset(7)).for_each(|(_, entry)| {
        disk.log.append(*entry);
    });
    assert_eq!(disk.crash(Loss::Unflushed), 2);
    assert_eq!((disk.log.start(), disk.log.end(), disk.last_epoch()), (Offset(5), Offset(5), Some(epoch(4))));
    assert_eq!(ids(&disk.snapshots), [(5, 4)]);
}

/// Source: `KafkaMetadataLogTest.testValidateOffsetLessThanOldestSnapshotOffset`,
/// `testValidateOffsetEqualToOldestSnapshotOffset`, `testValidateOffsetAndEpochLessThanOldestSnapshotAndEpoch`,
/// `testValidateEpochLessThanFirstEpochInLog`, `testValidateOffsetGreatThanEndOffset`, `testValidateValidEpochAndOffset`.
#[test]
fn a_log_is_valid_diverges_or_needs_a_snapshot() {
    let disk = disk_from(5, &[(2, 3), (4, 3)]);
    let validate = |offset, e| disk.validate(Offset(offset), epoch(e));
    let snapshot = Validity::Snapshot(snapshot_id(5, 4));
    assert_eq!(validate(4, 4), snapshot);
    assert_eq!(validate(5, 5), snapshot);
    assert_eq!(validate(6, 3), snapshot);
    assert_eq!(validate(0, 0), snapshot);
    for valid in [(5, 4), (6, 4), (7, 5)] {
        assert_eq!(validate(valid.0, valid.1), Validity::Valid);
    }
    let diverging =
        |e, end| Validity::Diverging(kraftscope_core::epochs::EpochEnd { epoch: epoch(e), end: Offset(end) });
    assert_eq!(validate(7, 4), diverging(4, 6));
    assert_eq!(validate(8, 5), diverging(5, 7));
    assert_eq!(validate(7, 9), diverging(5, 7));
}

/// Source: `KafkaMetadataLogTest.testValidateEpochLessThanFirstEpochInLog`: what parts before the log start parts at
/// the oldest snapshot, under its epoch.
#[test]
fn an_epoch_below_the_log_ends_at_the_oldest_snapshot() {
    let mut full = disk(elected(5, 2), &[]);
    full.snapshots = disk_from(5, &[(1, 6)]).snapshots;
    let mut replica = Replica::boot(3, full);
    replica.answer(2, replica.fetched(&[(3, 2)], None));
    let end = replica.q.disk.end_offset_for_epoch(epoch(2));
    assert_eq!((end.epoch, end.end), (epoch(1), Offset(5)));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchRequestOffsetLessThanLogStart` (S-31).
#[test]
fn a_fetch_from_before_the_log_start_is_told_of_the_snapshot() {
    let mut leader = committed_leader(&[(4, 6)]);
    leader.snapshot(7, true);
    leader.told();
    let answer = leader.fetch(2, 5, 4).expect("not parked");
    assert_eq!((offer(&answer), count(&answer), answer.high_watermark), (Some((7, 5)), 0, Some(Offset(7))));
    let (replica, fetch_offset) = (crate::driver::c(2), Offset(5));
    let offered = Note::SnapshotOffered { replica, fetch_offset, end: Offset(7), epoch: epoch(5) };
    assert_eq!(leader.told(), [offered]);
}

/// Source: `KafkaRaftClient.tryCompleteFetchRequest`, `testFetchRequestOffsetAtZero`: always cheaper than the log.
#[test]
fn an_empty_replica_is_told_of_the_snapshot_although_the_log_reaches_back() {
    let mut leader = committed_leader(&[(4, 6)]);
    leader.snapshot(5, false);
    let answer = leader.fetch(2, 0, 0).expect("not parked");
    assert_eq!(offer(&answer), Some((5, 4)));
    assert_eq!(leader.q.log().start(), Offset(0));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchRequestTruncateToLogStart` (S-32).
#[test]
fn a_log_that_parts_after_the_snapshot_is_told_where() {
    let mut leader = committed_leader(&[(2, 3), (4, 3)]);
    leader.snapshot(3, false);
    let answer = leader.fetch(2, 4, 3).expect("not parked");
    assert_eq!((offer(&answer), parts_at(&answer)), (None, (2, 3)));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchRequestAtLogStartOffsetWithValidEpoch`, `…WithInvalidEpoch`.
#[test]
fn a_fetch_at_the_log_start_is_valid_only_with_the_epoch_of_the_snapshot() {
    let mut leader = committed_leader(&[(2, 3), (4, 3)]);
    leader.snapshot(4, true);
    assert_eq!(offer(&leader.fetch(2, 4, 3).expect("not parked")), Some((4, 4)));
    let answer = leader.fetch(2, 4, 4).expect("not parked");
    assert_eq!((offer(&answer), count(&answer)), (None, 3));
}

/// Source: `KafkaRaftClientSnapshotTest.testFetchRequestWithLastFetchedEpochLessThanOldestSnapshot` (S-34).
#[test]
fn an_epoch_older_than_the_oldest_snapshot_is_told_of_the_snapshot() {
    let mut leader = committed_leader(&[(2, 3), (4, 3)]);
    leader.snapshot(3, false);
    let end = leader.leo();
    assert_eq!(offer(&leader.fetch(2, end, 1).expect("not parked")), Some((3, 2)));
}

/// Source: `KafkaRaftClientTest`, `LeaderState.updateReplicaState`: only valid fetches count.
#[test]
fn a_fetch_that_needs_a_snapshot_is_neither_progress_nor_a_sign_of_life() {
    let mut leader = committed_leader(&[(4, 6)]);
    leader.snapshot(7, true);
    let before = (leader.state().voters().to_vec(), leader.state().fetched_voters());
    leader.fetch(3, 5, 4);
    assert_eq!((leader.state().voters().to_vec(), leader.state().fetched_voters()), before);
}

/// Source: `KafkaMetadataLog.lastFetchedEpoch`: an empty log has the epoch of its snapshot.
#[test]
fn a_log_that_is_nothing_but_a_snapshot_votes_with_the_epoch_of_the_snapshot() {
    let disk = disk_from(7, &[(4, 6)]);
    let mut replica = Replica::boot(3, QuorumDisk { election: elected(6, 2), ..disk });
    replica.fire(kraftscope_core::node::Timer::QuorumFetch);
    let vote = replica.asked_for_vote(2);
    assert_eq!((vote.last_offset, vote.last_offset_epoch), (Offset(7), Some(epoch(5))));
    assert!(!replica.vote(crate::driver::vote_request(3, 7, 4, 9, true)).vote_granted);
    assert!(replica.vote(crate::driver::vote_request(3, 7, 5, 7, true)).vote_granted);
}

/// Source: `UnifiedLog`: the high watermark of a log that is opened is its start.
#[test]
fn a_replica_that_starts_knows_its_log_start_to_be_committed() {
    let (me, voters) = (crate::driver::key(1), crate::driver::keys(3));
    let quorum = Quorum::new(me, voters, Arc::new(settings(Release::V4_2)), disk_from(5, &[(2, 3), (4, 3)]));
    assert_eq!((quorum.committed(), quorum.high_watermark()), (Offset(5), None));
}
