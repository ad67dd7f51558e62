//! A disk that fails an append.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{CallId, Offset};
use kraftscope_core::node::{Outcome, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::time::Span;
use kraftscope_core::wire::ErrorCode;

/// One broker, two records, then an append that fails, then another one.
fn failing(fences: bool) -> Lab {
    let mut settings = Settings::default();
    settings.features.io_error_fences_log = fences;
    let mut lab = Lab::with(settings, &[1], &[1], &[1]);
    lab.produce(B1, Acks::All, 2);
    lab.drive(B1, |manager, _, _, _, out| manager.fail_append(CallId(1), TP, out));
    assert_eq!(std::mem::take(&mut lab.replies), [Outcome::Done]);
    lab.acks();
    lab.produce(B1, Acks::All, 1);
    lab.produce(B1, Acks::All, 1);
    lab
}

/// Source: KAFKA-10778: the log is fenced at the first error.
#[test]
fn after_a_failed_append_nothing_is_appended() {
    let mut lab = failing(true);
    let failed = (ErrorCode::KafkaStorageError, None);
    assert_eq!(lab.acks(), [failed, failed]);
    lab.assert_note(B1, Note::AppendFailed { partition: TP, offset: Offset(2) });
    assert_eq!(lab.timer(B1, Timer::LogDirFailure), Some(Span::millis(500)));
    lab.advance(Span::millis(500));
    assert_eq!(lab.exited, [B1]);
    lab.restart(B1);
    assert_eq!(lab.leo(B1), 2);
}

/// Source: KAFKA-10778: an append that is accepted behind half a batch cannot be read back.
#[test]
fn without_the_fence_an_acknowledged_record_is_gone_with_the_next_start() {
    let mut lab = failing(false);
    assert_eq!(lab.acks(), [(ErrorCode::KafkaStorageError, None), (ErrorCode::None, Some(2))]);
    assert_eq!((lab.leo(B1), lab.hw(B1)), (3, 3));
    lab.advance(Span::millis(500));
    lab.restart(B1);
    assert_eq!(lab.leo(B1), 2);
}

/// Source: ReplicaFetcherThread.processPartitionData, KafkaStorageException: the partition is marked failed.
#[test]
fn a_follower_whose_disk_fails_stops_fetching() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.settle();
    lab.drive(B2, |manager, _, _, _, out| manager.fail_append(CallId(1), TP, out));
    lab.produce(B1, Acks::One, 1);
    lab.settle();
    assert_eq!(lab.leo(B2), 0);
    let error = ErrorCode::KafkaStorageError;
    lab.assert_note(B2, Note::ReplicaFetchFailed { partition: TP, leader: B1, error });
    lab.advance(Span::millis(500));
    assert_eq!(lab.exited, [B2]);
}
