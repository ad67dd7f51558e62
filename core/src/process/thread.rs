//! The one thread of a KRaft controller: events wait for each other, and one that changes many partitions takes its time.
//!
//! It thinks first and writes then: what it writes rests on what it knows when it is done, and nothing has changed
//! meanwhile but by commits. The quorum does not wait, it has a thread of its own.
//! Source: `QuorumController`, whose `KafkaEventQueue` handles one event after the other: a record is made, replayed and
//! encoded for each partition (`ReplicationControlManager.generateLeaderAndIsrUpdates`).
//!
//! Left out: the time that the other controllers need to replay what is committed.

use crate::node::Input;
use alloc::collections::VecDeque;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct ControllerThread {
    /// What waits; the first is what it thinks about.
    queue: VecDeque<Input>,
}

impl ControllerThread {
    /// Whether it thinks about something.
    pub(super) fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// This has to wait, or to be thought about.
    pub(super) fn push(&mut self, input: Input) {
        self.queue.push_back(input);
    }

    /// What it was thinking about.
    pub(super) fn take(&mut self) -> Option<Input> {
        self.queue.pop_front()
    }

    /// What is next.
    pub(super) fn next(&self) -> Option<&Input> {
        self.queue.front()
    }
}
