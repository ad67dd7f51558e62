//! A disk that fails: the append that meets it, what follows, and the end of the broker.
//!
//! Keeps (KAFKA-10778): after a failed append nothing is appended to that log any more. Without it, what is
//! appended until the failure is handled lies behind half a batch and is gone when the log is loaded again.
//! Source: `LocalLog.maybeHandleIOException`, `LogDirFailureChannel`, `ReplicaManager.handleLogDirFailure`.
//!
//! Left out: several log directories (JBOD). A broker has one, and stops when that has failed.

use super::disk::DiskFault;
use super::manager::ReplicaManager;
use crate::id::{CallId, TopicPartition};
use crate::node::{Effect, Out, Outcome, Timer};
use crate::note::Note;
use crate::time::Span;
use crate::wire::ErrorCode;

/// How long a failure of the log directory waits to be handled.
const FAILURE_HANDLED_AFTER: Span = Span::millis(500);

impl ReplicaManager {
    /// From now on the next append to this log fails (F8).
    pub fn fail_append(&mut self, call: CallId, id: TopicPartition, out: &mut Out) {
        let outcome = match self.disk.replicas.get_mut(&id) {
            Some(replica) => {
                replica.fault = DiskFault::FailsNext;
                Outcome::Done
            }
            None => Outcome::Refused(ErrorCode::UnknownTopicOrPartition),
        };
        out.reply(call, outcome);
    }

    /// Whether an append to this log fails now. The first that does brings the broker down after a while.
    pub(super) fn append_fails(&mut self, id: TopicPartition, out: &mut Out) -> bool {
        let fences = self.settings.features.io_error_fences_log;
        let Some(replica) = self.disk.replicas.get_mut(&id) else { return false };
        let Some(first) = replica.fails_to_append(fences) else { return false };
        if first {
            self.tell_failure(id, out);
        }
        true
    }

    /// An append has failed: the broker comes down after a while.
    pub(super) fn tell_failure(&self, id: TopicPartition, out: &mut Out) {
        let Some(replica) = self.disk.replicas.get(&id) else { return };
        out.note(Note::AppendFailed { partition: id, offset: replica.leo() });
        out.arm(Timer::LogDirFailure, FAILURE_HANDLED_AFTER);
    }

    /// The only log directory has failed.
    pub(super) fn on_log_dir_failure(&mut self, out: &mut Out) {
        out.note(Note::LogDirFailed);
        out.effects.push(Effect::Exit { clean: false });
    }
}
