//! What a leader of the metadata quorum knows of the others: how far each has come, who still fetches.
//!
//! Knows no messages and no timers. Keeps: the high watermark moves only to an offset that a majority of voters
//! has reached and that lies beyond the start of the leader's own epoch, so that a record of that epoch is committed
//! first; and never back.
//!
//! Source: `LeaderState`.
//!
//! Left out: forgetting observers that have not fetched for five minutes.

use crate::id::{Correlation, NodeId, NodeList, Offset, ReplicaKey};
use crate::quorum::{majority, majority_offset};
use crate::record::MetadataRecord;
use crate::time::{Span, Time};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// State of the leader of one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaderState {
    /// Log end offset at the moment of election: the offset of the LeaderChange record.
    pub epoch_start: Offset,
    /// Who elected it.
    pub granting: NodeList,
    /// The voters in their order, then observers in the order of their first fetch.
    replicas: Vec<ReplicaState>,
    /// How many of `replicas` are voters.
    voters: u32,
    /// Where the leader itself stands among the voters.
    me: u32,
    /// Voters (by position) that fetched since the check-quorum timer started.
    fetched: u16,
    /// When the check-quorum timer started.
    pub check_quorum_since: Time,
    /// Fetches that wait for records, in the order in which they came.
    pub(super) parked: Vec<ParkedFetch>,
    /// Records that wait for the append linger.
    pub(super) pending: Vec<MetadataRecord>,
}

/// What the leader knows of one replica (`LeaderState.ReplicaState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplicaState {
    /// Which replica.
    pub key: ReplicaKey,
    /// Its log end offset, as of its last valid fetch; `None` before the first.
    pub end: Option<Offset>,
    /// When it last fetched.
    pub last_fetch: Option<Time>,
    /// It answered BeginQuorumEpoch, or fetched.
    pub has_acknowledged: bool,
}

/// A fetch that the leader holds back until there is something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParkedFetch {
    /// Who waits.
    pub from: NodeId,
    /// Where it stands among the replicas.
    pub(super) position: u32,
    /// Number of the request.
    pub correlation: Correlation,
    /// What it asks for.
    pub fetch_offset: Offset,
    /// The leader's high watermark when it was parked: a fetch that times out is answered with it.
    pub high_watermark: Option<Offset>,
}

impl LeaderState {
    /// The state of a new leader; `voters` in their order.
    ///
    /// # Panics
    /// When `me` is not among the voters: observers never win elections.
    pub(super) fn new(
        me: NodeId,
        voters: &[ReplicaKey],
        epoch_start: Offset,
        granting: NodeList,
        now: Time,
    ) -> LeaderState {
        let position = voters.iter().position(|key| key.id == me);
        let position = position.expect("only a voter becomes a candidate");
        let new = |&key: &ReplicaKey| ReplicaState {
            key,
            end: None,
            last_fetch: None,
            has_acknowledged: key.id == me,
        };
        LeaderState {
            epoch_start,
            granting,
            replicas: voters.iter().map(new).collect(),
            voters: voters.len() as u32,
            me: position as u32,
            fetched: 0,
            check_quorum_since: now,
            parked: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// The voters in their order, the leader among them.
    pub fn voters(&self) -> &[ReplicaState] {
        &self.replicas[..self.voters as usize]
    }

    /// Replicas without a vote that have fetched.
    pub fn observers(&self) -> &[ReplicaState] {
        &self.replicas[self.voters as usize..]
    }

    /// Voters first, then observers.
    pub fn replicas(&self) -> &[ReplicaState] {
        &self.replicas
    }

    /// The voters that fetched since the check-quorum timer started.
    pub fn fetched_voters(&self) -> NodeList {
        let fetched = self.voters().iter().enumerate().filter(|(i, _)| self.fetched & (1 << i) != 0);
        fetched.map(|(_, replica)| replica.key.id).collect()
    }

    /// Records that were handed to `append` and wait for the linger.
    pub fn pending(&self) -> &[MetadataRecord] {
        &self.pending
    }

    /// Where `key` is among the replicas; a replica that was never seen becomes an observer. A voter's id with
    /// another directory is not that voter (KIP-853).
    pub(super) fn position(&mut self, key: ReplicaKey) -> u32 {
        let known = self.replicas.iter().position(|replica| replica.key == key);
        known.unwrap_or_else(|| {
            self.replicas.push(ReplicaState { key, end: None, last_fetch: None, has_acknowledged: true });
            self.replicas.len() - 1
        }) as u32
    }

    /// Fetches that wait for records, in the order in which they came.
    pub fn parked(&self) -> &[ParkedFetch] {
        &self.parked
    }

    /// Takes out the parked fetches that are `due`.
    pub(super) fn unpark(&mut self, due: impl Fn(&ParkedFetch) -> bool) -> Vec<ParkedFetch> {
        if self.parked.iter().all(&due) {
            return core::mem::take(&mut self.parked);
        }
        self.parked.extract_if(.., |parked| due(parked)).collect()
    }

    /// A parked fetch is answered: counts as a fetch of that replica at this moment, as in Kafka, which evaluates
    /// the request anew.
    pub(super) fn touch(&mut self, position: u32, now: Time) {
        self.replicas[position as usize].last_fetch = Some(now);
    }

    pub(super) fn acknowledge(&mut self, node: NodeId) {
        if let Some(replica) = self.replicas.iter_mut().find(|replica| replica.key.id == node) {
            replica.has_acknowledged = true;
        }
    }

    /// The leader's own log ends here now. Returns the new high watermark if it moves.
    ///
    /// # Panics
    /// When the log end went back: a leader's log only grows.
    pub(super) fn update_local_end(&mut self, end: Offset, hw: Option<Offset>) -> Option<Offset> {
        let mine = &mut self.replicas[self.me as usize];
        assert!(mine.end.is_none_or(|old| old <= end), "leader's log end moved from {:?} to {end}", mine.end);
        mine.end = Some(end);
        self.new_high_watermark(hw)
    }

    /// A replica fetched validly from `offset`, so that is where its log ends. Returns the new high watermark if
    /// it moves.
    pub(super) fn update_replica(
        &mut self,
        position: u32,
        now: Time,
        offset: Offset,
        hw: Option<Offset>,
    ) -> Option<Offset> {
        let replica = &mut self.replicas[position as usize];
        let moved = replica.end != Some(offset);
        (replica.end, replica.last_fetch, replica.has_acknowledged) = (Some(offset), Some(now), true);
        if moved && position < self.voters && hw.is_none_or(|hw| offset > hw) {
            return self.new_high_watermark(hw);
        }
        None
    }

    /// Counts a voter's fetch towards the check quorum. True when enough distinct voters have fetched: the window
    /// is cleared and starts anew at `now`.
    pub(super) fn count_fetch(&mut self, position: u32, now: Time) -> bool {
        if position >= self.voters || position == self.me {
            return false;
        }
        self.fetched |= 1 << position;
        if self.fetched.count_ones() < majority(self.voters) - 1 {
            return false;
        }
        self.fetched = 0;
        self.check_quorum_since = now;
        true
    }

    /// The offset that a majority of voters has reached, if the high watermark may move there.
    fn new_high_watermark(&self, hw: Option<Offset>) -> Option<Offset> {
        let mut ends = [None; crate::id::NODE_LIST_CAPACITY as usize];
        for (end, replica) in ends.iter_mut().zip(self.voters()) {
            *end = replica.end;
        }
        let candidate = majority_offset(&mut ends[..self.voters as usize])?;
        let moves = candidate > self.epoch_start && hw.is_none_or(|hw| candidate > hw);
        moves.then_some(candidate)
    }

    /// The other voters, furthest log first; unknown ends last, ties by key.
    pub(super) fn successors(&self) -> NodeList {
        let mut others: Vec<&ReplicaState> =
            self.voters().iter().enumerate().filter(|(i, _)| *i as u32 != self.me).map(|(_, r)| r).collect();
        others.sort_by(|a, b| b.end.cmp(&a.end).then(a.key.cmp(&b.key)));
        others.iter().map(|replica| replica.key.id).collect()
    }

    /// The other voters that should be told of this leader now: with `silence`, only those that have not fetched
    /// for so long.
    pub(super) fn to_be_told(
        &self,
        now: Time,
        silence: Option<Span>,
    ) -> impl Iterator<Item = ReplicaKey> + '_ {
        let me = self.voters()[self.me as usize].key.id;
        let silent = move |replica: &&ReplicaState| match (silence, replica.last_fetch) {
            (Some(silence), Some(last)) => now.since(last) >= silence,
            (Some(_), None) | (None, _) => true,
        };
        self.voters().iter().filter(move |replica| replica.key.id != me).filter(silent).map(|r| r.key)
    }
}
