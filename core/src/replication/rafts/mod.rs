//! All Raft groups of one broker (kafkaraft): a group per partition instead of a leader with an ISR.
//!
//! The group decides who leads and what is committed; the partition beside it ([`super::Partition`]) says the same to
//! everything that serves clients, so that produce, fetch and purgatories are those of every mode. What the metadata
//! say of leader and ISR is ignored here: only the assignment counts.
//! Keeps: one timer, armed for the earliest deadline of any group; nothing grows with the number of partitions but by
//! its logarithm.
//! Source: the Raft paper; the thesis, section 6.4 (reads).
//!
//! Left out: changes of a group's members (a reassignment is refused), snapshots and with them retention and
//! DeleteRecords, leadership transfer.

mod group;
mod reads;
mod storage;

pub use reads::{Question, RaftRead, ReadAnswer};
pub use storage::RaftVote;

use super::purgatory::Purgatory;
use crate::config::{ReadMode, Settings};
use crate::id::TopicPartition;
use crate::mode::ReplicationPlane;
use crate::node::{Out, Timer};
use crate::raft::{RaftGroup, RaftOptions};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The groups of one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftReplicas {
    options: RaftOptions,
    read_mode: ReadMode,
    groups: BTreeMap<TopicPartition, RaftGroup>,
    /// Consumers' fetches that wait for a round, or for the answers of followers.
    reads: Purgatory<RaftRead>,
    /// When the last input came.
    now: Time,
    /// What consumers were answered by the last input.
    answered: Vec<ReadAnswer>,
    /// Every deadline, earliest first.
    due: BTreeSet<(Time, Due)>,
    /// What the timer is armed for.
    armed: Option<Time>,
}

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Due {
    /// Election or heartbeat.
    Group(TopicPartition),
    /// A read has waited long enough.
    Read(u32),
}

/// How much shorter than an election timeout a lease is: clocks may differ by a fifth of it.
const CLOCK_DRIFT: u64 = 5;

impl RaftReplicas {
    /// None yet; `None` where partitions are not replicated by Raft.
    pub(super) fn new(settings: &Settings) -> Option<RaftReplicas> {
        let election = settings.kafkaraft_election_timeout;
        let options = RaftOptions {
            election: (election, election * 2),
            silence: None,
            heartbeat: settings.kafkaraft_heartbeat_interval,
            max_entries: settings.kafkaraft_append_max_entries,
            pre_vote: settings.kafkaraft_prevote,
            check_quorum: settings.kafkaraft_read_mode == ReadMode::Lease,
            counts_own_epoch_only: settings.features.raft_counts_own_epoch_only,
            clock_drift: election / CLOCK_DRIFT,
        };
        (settings.replication == ReplicationPlane::Raft).then(|| RaftReplicas {
            options,
            read_mode: settings.kafkaraft_read_mode,
            groups: BTreeMap::new(),
            reads: Purgatory::default(),
            now: Time::ZERO,
            answered: Vec::new(),
            due: BTreeSet::new(),
            armed: None,
        })
    }

    /// The groups.
    pub const fn groups(&self) -> &BTreeMap<TopicPartition, RaftGroup> {
        &self.groups
    }

    /// The group of one partition.
    pub fn group(&self, partition: TopicPartition) -> Option<&RaftGroup> {
        self.groups.get(&partition)
    }

    /// The group of one partition, to be changed: only tests that make up a bad state do that from outside.
    pub fn group_mut(&mut self, partition: TopicPartition) -> Option<&mut RaftGroup> {
        self.groups.get_mut(&partition)
    }

    /// Reads that wait for a round or for answers.
    pub const fn reads(&self) -> &Purgatory<RaftRead> {
        &self.reads
    }

    /// What consumers were answered by the last input.
    pub fn answered(&self) -> &[ReadAnswer] {
        &self.answered
    }

    /// What a leader does before it answers a consumer.
    pub const fn read_mode(&self) -> ReadMode {
        self.read_mode
    }

    /// A deadline has moved.
    fn moved(&mut self, whose: Due, before: Time, after: Time) {
        if before != after {
            self.due.remove(&(before, whose));
            self.due.insert((after, whose));
        }
    }

    /// Arms the one timer for the earliest deadline.
    fn arm(&mut self, now: Time, out: &mut Out) {
        let earliest = self.due.first().map(|&(time, _)| time);
        if earliest == self.armed {
            return;
        }
        self.armed = earliest;
        match earliest {
            Some(time) => out.arm(Timer::Rafts, time.since(now)),
            None => out.disarm(Timer::Rafts),
        }
    }

    /// Takes what is due now, or what the timer was armed for: one that runs out early, on a clock that is fast, is
    /// taken at its word.
    fn take_due(&mut self, now: Time) -> Vec<(Time, Due)> {
        let until = self.armed.take().map_or(now, |armed| now.max(armed));
        let mut taken = Vec::new();
        while let Some(&first) = self.due.first().filter(|&&(time, _)| time <= until) {
            self.due.remove(&first);
            taken.push(first);
        }
        taken
    }
}
