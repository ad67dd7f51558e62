//! What a replica remembers of idempotent producers, read off its log.

use kraftscope_core::id::{LeaderEpoch, NodeId, Offset, Text};
use kraftscope_core::node::Loss;
use kraftscope_core::record::{Entry, Record};
use kraftscope_core::replication::producer_state::Verdict;
use kraftscope_core::replication::{ReplicaDisk, ReplicaLog};
use kraftscope_core::sequence::{ProducerEpoch, ProducerId, ProducerIdAndEpoch, Sequence, Stamp};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::ErrorCode;

const OUT_OF_ORDER: Result<(), ErrorCode> = Err(ErrorCode::OutOfOrderSequenceNumber);

fn producer(id: u32, epoch: u16) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch { producer_id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

/// Appends a batch without asking, as a follower does.
fn replicate(log: &mut ReplicaLog, producer: ProducerIdAndEpoch, base: u32, count: u16) {
    for index in 0..count {
        let stamp = Stamp::of(producer, Sequence(base), index);
        let record = Record { stamp, ..Record::new(Text::default(), NodeId::producer(1), 0) };
        log.append(Entry { epoch: LeaderEpoch(0), body: record }, Time::ZERO);
    }
}

/// Appends a batch as a leader does: new ones only.
fn produce(
    log: &mut ReplicaLog,
    producer: ProducerIdAndEpoch,
    base: u32,
    count: u16,
) -> Result<(), ErrorCode> {
    match log.producers.check(producer, Sequence(base), u32::from(count)) {
        Verdict::New => replicate(log, producer, base, count),
        Verdict::Duplicate(_) => return Err(ErrorCode::InvalidRequest),
        Verdict::Refused { error, .. } => return Err(error),
    }
    Ok(())
}

/// The offset that a batch is answered with when it is in the log already.
fn found(log: &ReplicaLog, producer: ProducerIdAndEpoch, base: u32, count: u32) -> Option<u64> {
    match log.producers.check(producer, Sequence(base), count) {
        Verdict::Duplicate(batch) => Some(batch.first_offset().0),
        Verdict::New | Verdict::Refused { .. } => None,
    }
}

/// First and last sequence of the batches that are remembered.
fn remembered(log: &ReplicaLog, id: u32) -> Vec<(u32, u32)> {
    let entry = log.producers.producers().get(&ProducerId(id));
    let batches = entry.map_or(&[][..], |entry| entry.batches());
    batches.iter().map(|batch| (batch.first_sequence().0, batch.last_sequence.0)).collect()
}

/// Source: ProducerStateManagerTest.testBasicIdMapping.
#[test]
fn the_next_sequence_is_taken_and_every_other_is_out_of_order() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 0), 0, 1), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 0), 1, 1), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 0), 5, 1), OUT_OF_ORDER);
    assert_eq!(produce(&mut log, producer(1, 1), 0, 1), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 0), 2, 1), Err(ErrorCode::InvalidProducerEpoch));
}

/// Source: ProducerAppendInfo.checkSequence.
#[test]
fn a_new_epoch_begins_with_sequence_0() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 0), 0, 3), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 1), 3, 1), OUT_OF_ORDER);
    assert_eq!(produce(&mut log, producer(1, 1), 0, 1), Ok(()));
}

/// Source: ProducerStateManagerTest.testNoValidationOnFirstEntryWhenLoadingLog, ProducerAppendInfo.checkSequence.
#[test]
fn an_unknown_producer_may_begin_with_any_sequence() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 5), 16, 1), Ok(()));
    assert_eq!(remembered(&log, 1), [(16, 16)]);
    assert_eq!(produce(&mut log, producer(1, 5), 17, 1), Ok(()));
}

/// Source: ProducerStateManagerTest.testProducerSequenceWrapAround.
#[test]
fn after_the_largest_sequence_comes_0() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 15), Sequence::MAX.0, 1), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 15), 0, 1), Ok(()));
    assert_eq!(remembered(&log, 1), [(Sequence::MAX.0, Sequence::MAX.0), (0, 0)]);
}

/// Source: ProducerStateManagerTest.testProducerSequenceWithWrapAroundBatchRecord.
#[test]
fn a_batch_may_reach_over_the_largest_sequence() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 15), Sequence::MAX.0 - 10, 21), Ok(()));
    assert_eq!(remembered(&log, 1), [(Sequence::MAX.0 - 10, 9)]);
    assert_eq!(found(&log, producer(1, 15), Sequence::MAX.0 - 10, 21), Some(0));
    assert_eq!(produce(&mut log, producer(1, 15), 10, 1), Ok(()));
}

/// Source: ProducerStateManagerTest.testProducerSequenceInvalidWrapAround.
#[test]
fn after_the_largest_sequence_1_is_out_of_order() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 15), Sequence::MAX.0, 1), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 15), 1, 1), OUT_OF_ORDER);
}

/// Source: ProducerStateManagerTest.testAcceptAppendWithSequenceGapsOnReplica.
#[test]
fn a_follower_takes_over_a_gap_without_a_word() {
    let mut log = ReplicaLog::default();
    replicate(&mut log, producer(1, 5), 0, 1);
    assert_eq!(produce(&mut log, producer(1, 5), 3, 1), OUT_OF_ORDER);
    replicate(&mut log, producer(1, 5), 3, 1);
    assert_eq!(remembered(&log, 1), [(0, 0), (3, 3)]);
}

/// Source: UnifiedLogTest.testDuplicateAppends.
#[test]
fn a_batch_of_the_last_five_is_recognised_and_answered_with_its_offset() {
    let mut log = ReplicaLog::default();
    for batch in 0..6 {
        assert_eq!(produce(&mut log, producer(1, 0), 3 * batch, 3), Ok(()));
    }
    assert_eq!(remembered(&log, 1), [(3, 5), (6, 8), (9, 11), (12, 14), (15, 17)]);
    assert_eq!(found(&log, producer(1, 0), 15, 3), Some(15));
    assert_eq!(found(&log, producer(1, 0), 3, 3), Some(3));
    assert_eq!(produce(&mut log, producer(1, 0), 0, 3), OUT_OF_ORDER);
}

/// Source: UnifiedLogTest.testDuplicateAppends: a batch with other borders is no duplicate.
#[test]
fn a_part_of_a_batch_is_out_of_order() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 0), 0, 3), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 0), 0, 2), OUT_OF_ORDER);
    assert_eq!(produce(&mut log, producer(1, 0), 1, 2), OUT_OF_ORDER);
}

/// Source: ProducerStateEntry.findDuplicateBatch: the epochs must be equal.
#[test]
fn a_new_epoch_forgets_the_batches_of_the_old_one() {
    let mut log = ReplicaLog::default();
    assert_eq!(produce(&mut log, producer(1, 0), 0, 1), Ok(()));
    assert_eq!(produce(&mut log, producer(1, 1), 0, 1), Ok(()));
    assert_eq!(remembered(&log, 1), [(0, 0)]);
    assert_eq!(found(&log, producer(1, 1), 0, 1), Some(1));
    assert_eq!(produce(&mut log, producer(1, 0), 0, 1), Err(ErrorCode::InvalidProducerEpoch));
}

/// Source: ProducerStateManager.truncateAndReload, UnifiedLog.rebuildProducerState.
#[test]
fn after_a_cut_the_state_is_what_the_rest_of_the_log_says() {
    let mut log = ReplicaLog::default();
    for batch in 0..8 {
        replicate(&mut log, producer(1, 0), 2 * batch, 2);
        replicate(&mut log, producer(2, 0), batch, 1);
    }
    log.truncate_to(Offset(18));
    assert_eq!(remembered(&log, 1), [(2, 3), (4, 5), (6, 7), (8, 9), (10, 11)]);
    assert_eq!(remembered(&log, 2), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
    assert_eq!(produce(&mut log, producer(1, 0), 12, 2), Ok(()));
}

/// Source: ProducerStateManager.truncateAndReload.
#[test]
fn a_cut_brings_an_older_epoch_back() {
    let mut log = ReplicaLog::default();
    replicate(&mut log, producer(1, 0), 0, 1);
    replicate(&mut log, producer(1, 0), 1, 1);
    replicate(&mut log, producer(1, 1), 0, 1);
    log.truncate_to(Offset(2));
    assert_eq!(remembered(&log, 1), [(0, 0), (1, 1)]);
    assert_eq!(produce(&mut log, producer(1, 0), 2, 1), Ok(()));
}

/// Source: ProducerStateManagerTest.testTruncateFullyAndStartAt.
#[test]
fn a_log_that_begins_anew_knows_no_producer() {
    let mut log = ReplicaLog::default();
    replicate(&mut log, producer(1, 0), 0, 3);
    log.restart_at(Offset(40));
    assert_eq!(remembered(&log, 1), []);
    replicate(&mut log, producer(2, 0), 0, 1);
    log.truncate_to(Offset(40));
    assert_eq!(remembered(&log, 2), []);
}

/// Source: ProducerStateManager.writeSnapshot: a snapshot holds the last batch of each producer.
#[test]
fn a_clean_restart_leaves_the_last_batch_only() {
    let disk = restarted(true);
    let log = &disk.replicas[&Default::default()];
    assert_eq!(remembered(log, 1), [(2, 2)]);
    assert_eq!(found(log, producer(1, 0), 2, 1), Some(2));
    assert_eq!(found(log, producer(1, 0), 1, 1), None);
}

/// Source: UnifiedLog.rebuildProducerState: without a snapshot the log is replayed.
#[test]
fn a_restart_after_a_crash_replays_the_log() {
    let disk = restarted(false);
    assert_eq!(remembered(&disk.replicas[&Default::default()], 1), [(0, 0), (1, 1), (2, 2)]);
}

fn restarted(clean: bool) -> ReplicaDisk {
    let mut disk = ReplicaDisk::default();
    let log = disk.replicas.entry(Default::default()).or_default();
    for batch in 0..3 {
        replicate(log, producer(1, 0), batch, 1);
    }
    if clean {
        disk.shut_down_cleanly([(Default::default(), Offset(3))]);
    } else {
        disk.crash(Loss::Nothing);
    }
    disk.load();
    disk
}

/// Source: ProducerStateManagerTest.testProducerExpirationCheck, testPidExpirationTimeout.
#[test]
fn a_producer_that_was_silent_for_too_long_is_forgotten() {
    let mut log = ReplicaLog::default();
    replicate(&mut log, producer(1, 5), 0, 1);
    log.producers.remove_expired(Time::ZERO + Span::millis(999), Span::millis(1000));
    assert_eq!(remembered(&log, 1), [(0, 0)]);
    log.producers.remove_expired(Time::ZERO + Span::millis(1000), Span::millis(1000));
    assert_eq!(produce(&mut log, producer(1, 5), 7, 1), Ok(()));
}

/// Source: LogSegment.recover: a log ends with a whole batch.
#[test]
fn a_power_loss_takes_whole_batches() {
    let mut disk = ReplicaDisk::default();
    let log = disk.replicas.entry(Default::default()).or_default();
    replicate(log, producer(1, 0), 0, 4);
    replicate(log, producer(1, 0), 4, 4);
    assert_eq!(disk.crash(Loss::AtMost(1)), 4);
    assert_eq!(remembered(&disk.replicas[&Default::default()], 1), [(0, 3)]);
}
