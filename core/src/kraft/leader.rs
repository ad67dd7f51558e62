//! What a leader of the metadata quorum knows of the others: how far each has come, who still fetches.
//!
//! Knows no messages and no timers. Keeps: the high watermark moves only to an offset that a majority of voters
//! has reached and that lies beyond the start of the leader's own epoch, so that a record of that epoch is committed
//! first; and never back. A leader that is no voter any more counts for nothing, in no majority.
//!
//! Source: `LeaderState`.
//!
//! Left out: forgetting observers that have not fetched for five minutes; only one whose disk was replaced is
//! forgotten, when it fetches under its new directory id.

use super::reconfig::VoterChange;
use crate::id::{Correlation, NodeId, NodeList, Offset, ReplicaKey};
use crate::quorum::{majority, offset_of_majority};
use crate::record::MetadataRecord;
use crate::time::{Span, Time};
use crate::voters::VoterSet;
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
    /// Where the leader itself stands among the replicas: beyond the voters once it was removed.
    me: u32,
    /// It counts itself towards the high watermark even when it is no voter (before KAFKA-16530).
    counts_itself: bool,
    /// Voters (by position) that fetched since the check-quorum timer started.
    fetched: u32,
    /// When the check-quorum timer started.
    pub check_quorum_since: Time,
    /// Fetches that wait for records, in the order in which they came.
    pub(super) parked: Vec<ParkedFetch>,
    /// Records that wait for the append linger.
    pub(super) pending: Vec<MetadataRecord>,
    /// The change of the voter set that is under way.
    pub(super) change: Option<VoterChange>,
    /// A voter set without this leader is committed: it steps down as soon as the present input is dealt with.
    pub(super) resign_requested: bool,
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
    /// When it last held all that the leader's log held at its fetch, or at the fetch before that one.
    pub last_caught_up: Option<Time>,
    /// Where the leader's log ended when it last fetched.
    leader_end: Offset,
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

/// A replica that has not fetched for an hour is not caught up, whatever it held then.
const CAUGHT_UP_WITHIN: Span = Span::secs(3600);

impl ReplicaState {
    const fn unheard_of(key: ReplicaKey, has_acknowledged: bool) -> ReplicaState {
        ReplicaState {
            key,
            end: None,
            last_fetch: None,
            last_caught_up: None,
            leader_end: Offset(0),
            has_acknowledged,
        }
    }
}

impl LeaderState {
    /// The state of a new leader; `voters` in their order. `counts_itself`: see the field.
    ///
    /// # Panics
    /// When `me` is not among the voters: observers never win elections.
    pub(super) fn new(
        me: ReplicaKey,
        voters: &VoterSet,
        epoch_start: Offset,
        granting: NodeList,
        counts_itself: bool,
        now: Time,
    ) -> LeaderState {
        let position = voters.keys().position(|key| key == me);
        let position = position.expect("only a voter becomes a candidate");
        LeaderState {
            epoch_start,
            granting,
            replicas: voters.keys().map(|key| ReplicaState::unheard_of(key, key == me)).collect(),
            voters: voters.len(),
            me: position as u32,
            counts_itself,
            fetched: 0,
            check_quorum_since: now,
            parked: Vec::new(),
            pending: Vec::new(),
            change: None,
            resign_requested: false,
        }
    }

    /// Another voter set holds (`updateVoterAndObserverStates`): what is known of a replica stays known, on
    /// whichever side it stands now.
    pub(super) fn set_voters(&mut self, voters: &VoterSet) {
        let old = core::mem::take(&mut self.replicas);
        let known = |key: ReplicaKey| old.iter().find(|replica| replica.key == key).copied();
        let voter = |key| known(key).unwrap_or(ReplicaState::unheard_of(key, false));
        self.replicas = voters.keys().map(voter).collect();
        self.replicas.extend(old.iter().filter(|replica| !voters.contains(replica.key)));
        let place = |position: u32| {
            let key = old[position as usize].key;
            self.replicas.iter().position(|replica| replica.key == key).map_or(position, |at| at as u32)
        };
        self.voters = voters.len();
        let fetched = (0..old.len() as u32).filter(|position| self.fetched & bit(*position) != 0);
        self.fetched = fetched.fold(0, |fetched, position| fetched | bit(place(position)));
        self.me = place(self.me);
        for parked in &mut self.parked {
            parked.position = place(parked.position);
        }
    }

    /// Whether this observer holds, or held within its last fetches, all that the leader's log holds
    /// (`isReplicaCaughtUp`).
    pub(super) fn is_caught_up(&self, key: ReplicaKey, now: Time) -> bool {
        let Some(replica) = self.observers().iter().find(|replica| replica.key == key) else { return false };
        let recent = replica.last_fetch.is_some_and(|last| now.since(last) < CAUGHT_UP_WITHIN);
        recent && replica.last_caught_up.is_some()
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
        let fetched = self.voters().iter().enumerate().filter(|(i, _)| self.fetched & bit(*i as u32) != 0);
        fetched.map(|(_, replica)| replica.key.id).collect()
    }

    /// Records that were handed to `append` and wait for the linger.
    pub fn pending(&self) -> &[MetadataRecord] {
        &self.pending
    }

    /// The change of the voter set that is under way.
    pub const fn change(&self) -> Option<&VoterChange> {
        self.change.as_ref()
    }

    /// Whether this leader is among the voters.
    pub const fn is_voter(&self) -> bool {
        self.me < self.voters
    }

    /// Where `key` is among the replicas; a replica that was never seen becomes an observer. A voter's id with
    /// another directory is not that voter (KIP-853).
    pub(super) fn position(&mut self, key: ReplicaKey) -> u32 {
        let known = self.replicas.iter().position(|replica| replica.key == key);
        known.unwrap_or_else(|| self.observe(key)) as u32
    }

    /// A new observer. It takes the place of one with the same id: that disk is gone.
    fn observe(&mut self, key: ReplicaKey) -> usize {
        let observer = ReplicaState::unheard_of(key, true);
        let gone = |(position, replica): (usize, &ReplicaState)| {
            let is_observer = position as u32 >= self.voters && position as u32 != self.me;
            (is_observer && replica.key.id == key.id).then_some(position)
        };
        if let Some(position) = self.replicas.iter().enumerate().find_map(gone) {
            self.replicas[position] = observer;
            return position;
        }
        self.replicas.push(observer);
        self.replicas.len() - 1
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
        if let Some(offset) = self.replicas[position as usize].end {
            self.record_fetch(position, now, offset);
        }
    }

    /// A replica fetches from `offset` (`updateFollowerState`). Returns whether its end has moved.
    fn record_fetch(&mut self, position: u32, now: Time, offset: Offset) -> bool {
        let leader_end = self.replicas[self.me as usize].end.unwrap_or_default();
        let replica = &mut self.replicas[position as usize];
        if offset >= leader_end {
            replica.last_caught_up = Some(now);
        } else if replica.leader_end > Offset(0) && offset >= replica.leader_end {
            replica.last_caught_up = replica.last_fetch;
        }
        let moved = replica.end != Some(offset);
        (replica.leader_end, replica.end) = (leader_end, Some(offset));
        (replica.last_fetch, replica.has_acknowledged) = (Some(now), true);
        moved
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
        let moved = self.record_fetch(position, now, offset);
        if moved && position < self.voters && hw.is_none_or(|hw| offset > hw) {
            return self.new_high_watermark(hw);
        }
        None
    }

    /// Counts a voter's fetch towards the check quorum. True when enough distinct voters have fetched: the window
    /// is cleared and starts anew at `now`. A leader that is the only voter needs nobody: any fetch will do.
    pub(super) fn count_fetch(&mut self, position: u32, now: Time) -> bool {
        let others = majority(self.voters) - u32::from(self.is_voter());
        if (position >= self.voters && others > 0) || position == self.me {
            return false;
        }
        self.fetched |= bit(position);
        if self.fetched.count_ones() < others {
            return false;
        }
        self.fetched = 0;
        self.check_quorum_since = now;
        true
    }

    /// The offset that a majority of voters has reached, if the high watermark may move there.
    fn new_high_watermark(&self, hw: Option<Offset>) -> Option<Offset> {
        let mut ends = [None; crate::id::NODE_LIST_CAPACITY as usize + 1];
        for (end, replica) in ends.iter_mut().zip(self.voters()) {
            *end = replica.end;
        }
        let mut counted = self.voters as usize;
        if self.counts_itself && !self.is_voter() {
            ends[counted] = self.replicas[self.me as usize].end;
            counted += 1;
        }
        let candidate = offset_of_majority(&mut ends[..counted], self.voters)?;
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
        let me = self.replicas[self.me as usize].key.id;
        let silent = move |replica: &&ReplicaState| match (silence, replica.last_fetch) {
            (Some(silence), Some(last)) => now.since(last) >= silence,
            (Some(_), None) | (None, _) => true,
        };
        self.voters().iter().filter(move |replica| replica.key.id != me).filter(silent).map(|r| r.key)
    }
}

/// The bit of a position; none beyond the thirty-second, where only observers stand.
const fn bit(position: u32) -> u32 {
    if position < u32::BITS { 1 << position } else { 0 }
}
