//! What a replica is in the Raft group of its partition, as pictures show it (kafkaraft).

use crate::id::{LeaderEpoch, NodeId, NodeList, Offset, TopicPartition};
use crate::process::Broker;
use crate::raft::RaftRole;
use crate::sim::Sim;
use crate::time::{Span, Time};
use alloc::vec::Vec;
use serde::Serialize;

/// A member of a Raft group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RaftView {
    /// What it is in its epoch.
    pub role: RaftRoleView,
    /// Its epoch, which is on disk.
    pub epoch: LeaderEpoch,
    /// Whom it voted for in it.
    pub voted: Option<NodeId>,
    /// Candidate or prospective only: who voted for it so far, itself included.
    pub votes: NodeList,
    /// When it does something by itself: stands for election, or sends heartbeats if it leads.
    pub deadline: Time,
    /// How long it may wait at the most when it begins to wait anew.
    pub wait_max: Span,
    /// Leader only: one line per follower.
    pub progress: Vec<ProgressView>,
    /// Leader only: until when it answers reads without asking; only with the read mode `lease`.
    pub lease_until: Option<Time>,
    /// Leader only: consumers' fetches that wait for a round or for the answers of followers.
    pub waiting_reads: u32,
}

/// The role of a member of a Raft group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RaftRoleView {
    /// Follows, or waits for a leader.
    Follower,
    /// Asks whether it would win (pre-vote).
    Prospective,
    /// Stands for election.
    Candidate,
    /// Leads.
    Leader,
}

/// What a leader knows of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProgressView {
    /// Which broker.
    pub broker: NodeId,
    /// What it is sent next begins here (Raft's nextIndex).
    pub next: Offset,
    /// Its log equals the leader's below this (Raft's matchIndex + 1).
    pub matched: Offset,
    /// Entries are on their way to it.
    pub in_flight: bool,
    /// The latest moment at which it is known to have taken the leader for one.
    pub acked: Option<Time>,
}

pub(super) fn one(sim: &Sim, broker: &Broker, partition: TopicPartition) -> Option<RaftView> {
    let rafts = broker.replicas.rafts()?;
    let group = rafts.group(partition)?;
    let vote = broker.replicas.disk.replicas.get(&partition)?.vote;
    let (role, votes) = match group.role() {
        RaftRole::Follower => (RaftRoleView::Follower, NodeList::EMPTY),
        RaftRole::Prospective(votes) => (RaftRoleView::Prospective, *votes),
        RaftRole::Candidate(votes) => (RaftRoleView::Candidate, *votes),
        RaftRole::Leader(_) => (RaftRoleView::Leader, NodeList::EMPTY),
    };
    let progress = group.as_leader().map(|leader| leader.progress.as_slice()).unwrap_or_default();
    let waits = rafts.reads().iter().filter(|(_, read)| read.waits.contains_key(&partition));
    Some(RaftView {
        role,
        epoch: vote.epoch,
        voted: vote.voted,
        votes,
        deadline: group.deadline(),
        wait_max: group.wait_max(),
        progress: progress
            .iter()
            .map(|follower| ProgressView {
                broker: follower.id,
                next: follower.next,
                matched: follower.matched,
                in_flight: follower.in_flight.is_some(),
                acked: follower.acked,
            })
            .collect(),
        lease_until: group.lease_until(sim.now()),
        waiting_reads: waits.count() as u32,
    })
}
