//! The state of one partition, as the rules see it: what each replica believes, what its log holds, what the
//! quorum knows. The packed state of the explorer and the state that is read off a running cluster both offer
//! this, so that both are held against the very same rules.
//!
//! Source: KafkaReplication.tla, its variables; FiniteReplicatedLog.tla, IdSequence.tla.

/// Which replica, counted from 0.
pub type Replica = u8;

/// A set of replicas: bit `r` for replica `r`.
pub type ReplicaSet = u32;

/// One record of a log: which write made it, and in which leader epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Every write has an id of its own, so records are told apart.
    pub id: u32,
    /// The leader epoch of the replica that took the write.
    pub epoch: u32,
}

/// Who leads, since which epoch, with whom in sync. What the quorum holds, a request carries and a replica
/// believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LeaderAndIsr {
    /// `None` before the first election or request.
    pub epoch: Option<u32>,
    /// `None` when there is no leader.
    pub leader: Option<Replica>,
    /// The in-sync replicas.
    pub isr: ReplicaSet,
}

/// The state that the rules read and change.
pub trait Replicas {
    /// How many replicas there are.
    fn count(&self) -> u8;
    /// The log end offset of `replica`.
    fn end(&self, replica: Replica) -> u32;
    /// The record at `offset`; `None` at and beyond the log's end.
    fn entry(&self, replica: Replica, offset: u32) -> Option<Entry>;
    /// The high watermark that `replica` knows.
    fn hw(&self, replica: Replica) -> u32;
    /// What `replica` believes about the partition.
    fn believed(&self, replica: Replica) -> LeaderAndIsr;
    /// What is true: the controller's state.
    fn quorum(&self) -> LeaderAndIsr;
    /// The request that was sent for `epoch`, if there was one.
    fn request(&self, epoch: u32) -> Option<LeaderAndIsr>;
    /// The epoch of the next election; every earlier one has its request.
    fn next_epoch(&self) -> u32;

    /// Adds a record to the end of a log.
    fn append(&mut self, replica: Replica, entry: Entry);
    /// Cuts a log so that it ends at `end`, which is not beyond its end.
    fn truncate(&mut self, replica: Replica, end: u32);
    /// Sets the high watermark of `replica`.
    fn set_hw(&mut self, replica: Replica, hw: u32);
    /// Sets what `replica` believes.
    fn believe(&mut self, replica: Replica, belief: LeaderAndIsr);
    /// Sets only the ISR that `replica` believes in.
    fn believe_isr(&mut self, replica: Replica, isr: ReplicaSet);
    /// Changes the ISR of the quorum, within the present epoch.
    fn set_quorum_isr(&mut self, isr: ReplicaSet);
    /// Begins the next epoch, and sends its request.
    fn begin_epoch(&mut self, leader: Option<Replica>, isr: ReplicaSet);
    /// The id of the next record, which is then taken.
    fn take_record_id(&mut self) -> u32;

    /// Whether a log of `end` records is full. A model has a limit, a cluster has none.
    fn is_full(&self, end: u32) -> bool;
    /// Whether there may be another record.
    fn has_record_left(&self) -> bool;
    /// Whether there may be another epoch.
    fn has_epoch_left(&self) -> bool;

    /// Does `replica` have a record at `offset`?
    #[inline]
    fn has_offset(&self, replica: Replica, offset: u32) -> bool {
        offset < self.end(replica)
    }

    /// The last record of a log.
    #[inline]
    fn last_entry(&self, replica: Replica) -> Option<Entry> {
        self.end(replica).checked_sub(1).and_then(|offset| self.entry(replica, offset))
    }

    /// Does `replica` believe that it leads? It takes writes then, rightly or not.
    #[inline]
    fn presumes_leadership(&self, replica: Replica) -> bool {
        self.believed(replica).leader == Some(replica)
    }

    /// Does `follower` believe that `leader` leads?
    #[inline]
    fn is_following(&self, follower: Replica, leader: Replica) -> bool {
        self.believed(follower).leader == Some(leader)
    }

    /// Does `follower` follow `leader`, in the epoch in which `leader` believes that it leads?
    #[inline]
    fn is_following_epoch(&self, follower: Replica, leader: Replica) -> bool {
        self.presumes_leadership(leader)
            && self.is_following(follower, leader)
            && self.believed(follower).epoch == self.believed(leader).epoch
    }

    /// Is `leader` the leader that the quorum knows, in the quorum's epoch? Only then it may change the ISR.
    #[inline]
    fn is_true_leader(&self, leader: Replica) -> bool {
        let quorum = self.quorum();
        quorum.leader == Some(leader)
            && self.presumes_leadership(leader)
            && self.believed(leader).epoch == quorum.epoch
    }
}

/// The members of a set, ascending.
#[inline]
pub fn members(set: ReplicaSet) -> impl Iterator<Item = Replica> {
    (0..ReplicaSet::BITS as u8).filter(move |&replica| contains(set, replica))
}

/// Is `replica` in `set`?
#[inline]
pub const fn contains(set: ReplicaSet, replica: Replica) -> bool {
    set & (1 << replica) != 0
}
