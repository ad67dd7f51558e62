//! Messages and bytes: of each API, in the background, and for records.
//!
//! A message is *for records* when it carries some, or answers one that did: Produce and its answer, a Fetch answer
//! with records and the Fetch that follows it, AppendEntries with entries and its answer. Everything else is
//! *background*: heartbeats, empty fetches, metadata, elections. What the metadata log or ZooKeeper's log carries is
//! background, too: no client wrote it.

use super::size::{self, Sessions};
use crate::id::{NodeId, TopicPartition};
use crate::wire::{AppendOutcome, Fetched, Message, PartitionRaftBody, RaftMessage};
use alloc::collections::{BTreeMap, BTreeSet};
use serde::Serialize;

/// Messages and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many.
    pub messages: u64,
    /// Their bytes, see [`size`].
    pub bytes: u64,
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
    }
}

/// What went over the network.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    apis: BTreeMap<&'static str, Tally>,
    background: Tally,
    records: Tally,
    sessions: Sessions,
    /// Who has to answer whom for records, and in which group.
    owed: BTreeSet<(NodeId, NodeId, Option<TopicPartition>)>,
}

impl Traffic {
    /// Forgets what was counted, not what was said.
    pub(super) fn restart(&mut self) {
        self.apis.clear();
        (self.background, self.records) = (Tally::default(), Tally::default());
    }

    /// A message is sent.
    pub(super) fn sent(&mut self, from: NodeId, to: NodeId, message: &Message) {
        let bytes = size::bytes(from, to, message, &mut self.sessions);
        self.apis.entry(message.api()).or_default().add(bytes);
        let tally =
            if self.is_for_records(from, to, message) { &mut self.records } else { &mut self.background };
        tally.add(bytes);
    }

    fn is_for_records(&mut self, from: NodeId, to: NodeId, message: &Message) -> bool {
        match message {
            Message::ProduceRequest(_) | Message::ProduceResponse(_) => true,
            Message::FetchRequest(_) => self.owed.remove(&(from, to, None)),
            Message::FetchResponse(response) => {
                let carries = response
                    .partitions
                    .iter()
                    .any(|found| matches!(&found.data, Fetched::Records(records) if !records.is_empty()));
                if carries {
                    self.owed.insert((to, from, None));
                }
                carries
            }
            Message::PartitionRaft(inner) => match &inner.body {
                PartitionRaftBody::Raft(RaftMessage::Append(append)) => {
                    let carries = append.entries.iter().any(|entry| !entry.body.is_no_op());
                    if carries {
                        self.owed.insert((to, from, Some(inner.partition)));
                    }
                    carries
                }
                PartitionRaftBody::Raft(RaftMessage::Appended(answer)) => {
                    matches!(answer.outcome, AppendOutcome::Matched(_))
                        && self.owed.remove(&(from, to, Some(inner.partition)))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// By Kafka's API name.
    pub fn apis(&self) -> impl Iterator<Item = (&'static str, Tally)> + '_ {
        self.apis.iter().map(|(&api, &tally)| (api, tally))
    }

    /// What is sent whether somebody produces or not.
    pub const fn background(&self) -> Tally {
        self.background
    }

    /// What is sent for records.
    pub const fn records(&self) -> Tally {
        self.records
    }
}
