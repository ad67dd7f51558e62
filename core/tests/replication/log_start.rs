//! Where logs begin: DeleteRecords, retention, and followers that follow.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{LeaderEpoch, Offset};
use kraftscope_core::node::{Loss, Outcome, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::release::Release;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, Fetcher};

/// Two replicas with five committed records that both know to be committed.
fn five() -> Lab {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B1, Acks::All, 5);
    lab.advance(Span::secs(1));
    assert_eq!((lab.hw(B1), lab.hw(B2)), (5, 5));
    lab
}

/// Source: Partition.deleteRecordsOnLeader, DelayedDeleteRecords: done when every living follower has followed.
#[test]
fn a_deletion_is_done_when_the_followers_begin_there_too() {
    let mut lab = five();
    assert_eq!(lab.delete_records(B1, Some(3)), []);
    lab.assert_note(B1, Note::LogStartMoved { partition: TP, from: Offset(0), to: Offset(3) });
    assert_eq!((lab.start_of(B1), lab.start_of(B2)), (3, 0));
    assert_eq!(lab.timer(B1, Timer::DelayedDelete(0)), Some(Span::secs(30)));
    lab.advance(Span::secs(1));
    assert_eq!(lab.start_of(B2), 3);
    assert_eq!(lab.replies, [Outcome::Done]);
    assert_eq!(lab.timer(B1, Timer::DelayedDelete(0)), None);
}

/// Source: Partition.lowWatermarkIfLeader: brokers that are not alive do not count.
#[test]
fn a_fenced_follower_does_not_hold_a_deletion_back() {
    let mut lab = five();
    lab.crash(B2, Loss::Nothing);
    assert_eq!(lab.delete_records(B1, Some(3)), []);
    lab.image.brokers.get_mut(&B2).unwrap().fenced = true;
    lab.publish();
    assert_eq!(lab.replies, [Outcome::Done]);
}

/// Source: DelayedDeleteRecords.onExpiration.
#[test]
fn a_deletion_that_a_follower_does_not_follow_times_out() {
    let mut lab = five();
    lab.crash(B2, Loss::Nothing);
    lab.delete_records(B1, Some(3));
    lab.advance(Span::secs(30));
    assert_eq!(lab.replies, [Outcome::Refused(ErrorCode::RequestTimedOut)]);
    assert_eq!(lab.start_of(B1), 3);
}

/// Source: UnifiedLog.maybeIncrementLogStartOffset; DeleteRecordsRequest.HIGH_WATERMARK.
#[test]
fn only_committed_records_can_be_deleted() {
    let mut lab = five();
    lab.crash(B2, Loss::Nothing);
    lab.produce(B1, Acks::One, 1);
    let refused = Outcome::Refused(ErrorCode::OffsetOutOfRange);
    assert_eq!(lab.delete_records(B1, Some(6)), [refused]);
    assert_eq!(lab.start_of(B1), 0);
    lab.delete_records(B1, None);
    assert_eq!(lab.start_of(B1), 5);
}

/// Source: Partition.deleteRecordsOnLeader, DelayedDeleteRecords.tryComplete.
#[test]
fn only_a_leader_deletes() {
    let mut lab = five();
    let refused = Outcome::Refused(ErrorCode::NotLeaderOrFollower);
    assert_eq!(lab.delete_records(B2, Some(3)), [refused]);
    assert_eq!(lab.delete_records(B1, Some(3)), []);
    lab.elect(Some(B2), &[1, 2]);
    assert_eq!(lab.replies, [refused]);
}

/// Source: UnifiedLog.maybeIncrementLogStartOffset: what is deleted stays deleted, and a smaller offset is no error.
#[test]
fn a_log_start_never_goes_back() {
    let mut lab = five();
    lab.delete_records(B1, Some(3));
    lab.advance(Span::secs(1));
    lab.replies.clear();
    assert_eq!(lab.delete_records(B1, Some(2)), [Outcome::Done]);
    assert_eq!(lab.start_of(B1), 3);
    lab.crash(B1, Loss::Nothing);
    lab.restart(B1);
    assert_eq!((lab.start_of(B1), lab.leo(B1)), (3, 5));
}

/// Source: LeaderEpochFileCache.truncateFromStart; Partition.readRecords.
#[test]
fn the_epoch_cache_begins_with_the_log_and_readers_below_are_refused() {
    let mut lab = Lab::new(&[1, 2], &[]);
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch = LeaderEpoch(5);
    lab.start(B1, disk_with(&[(0, 3), (2, 3)], 6));
    lab.publish();
    assert_eq!(lab.delete_records(B1, Some(4)), []);
    assert_eq!(lab.cache(B1), [(2, 4), (5, 6)]);
    let below = lab.ask(TP, 3, None);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![below]);
    assert_eq!(lab.answers(), [Answer::Error(ErrorCode::OffsetOutOfRange)]);
    let at = lab.ask(TP, 4, None);
    lab.fetch_from(Fetcher::Consumer, CONSUMER, B1, vec![at]);
    assert_eq!(lab.answers(), [Answer::Records(vec![4, 5], 6)]);
}

/// Source: AbstractFetcherThread.fetchOffsetAndTruncate (3.11): the whole log goes.
#[test]
fn a_follower_that_ends_before_the_leader_begins_starts_anew_there() {
    let mut lab = five();
    lab.crash(B2, Loss::Nothing);
    lab.elect(Some(B1), &[1]);
    lab.produce(B1, Acks::All, 5);
    lab.delete_records(B1, Some(8));
    lab.restart(B2);
    lab.advance(Span::secs(3));
    assert_eq!((lab.start_of(B2), lab.leo(B2)), (8, 10));
    assert_eq!(lab.log(B2), lab.log(B1));
    assert_eq!(lab.cache(B2), [(1, 8)]);
}

/// Source: LogManager.cleanupLogs, deleteRetentionSizeBreachedSegments: only below the high watermark.
#[test]
fn retention_keeps_so_many_committed_records() {
    let mut settings = Settings::of(Release::V4_2);
    settings.log_retention_records = 3;
    let mut lab = Lab::with(settings, &[1, 2], &[1, 2], &[1, 2]);
    lab.produce(B1, Acks::All, 5);
    lab.advance(Span::secs(6));
    assert_eq!((lab.start_of(B1), lab.start_of(B2)), (2, 2));
    lab.crash(B2, Loss::Nothing);
    lab.produce(B1, Acks::One, 9);
    lab.advance(Span::secs(6));
    assert_eq!((lab.start_of(B1), lab.leo(B1)), (2, 14));
}
