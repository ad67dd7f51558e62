//! The state of the model that a check looks at: a handful of borrowed logs, and what the checked actions change.

use kraftscope_models::replicas::{Entry, LeaderAndIsr, Replica, ReplicaSet, Replicas};

/// One replica as the model sees it.
#[derive(Clone, Debug)]
pub(super) struct Held<'a> {
    log: &'a [Entry],
    /// How much of that log it has.
    end: u32,
    /// Appended by the actions.
    more: Vec<Entry>,
    hw: u32,
    belief: LeaderAndIsr,
}

impl<'a> Held<'a> {
    /// A replica that has the first `end` records of `log`.
    pub(super) const fn new(log: &'a [Entry], end: u32, hw: u32, belief: LeaderAndIsr) -> Held<'a> {
        Held { log, end, more: Vec::new(), hw, belief }
    }
}

/// All replicas, who was asked to lead when, and what is written next.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    pub(super) replicas: Vec<Held<'a>>,
    pub(super) quorum: LeaderAndIsr,
    /// Who leads which epoch.
    pub(super) requests: &'a [(u32, Replica)],
    /// The id of the next record.
    pub(super) next_id: u32,
}

impl<'a> View<'a> {
    fn held(&self, replica: Replica) -> &Held<'a> {
        &self.replicas[usize::from(replica)]
    }

    fn held_mut(&mut self, replica: Replica) -> &mut Held<'a> {
        &mut self.replicas[usize::from(replica)]
    }
}

impl Replicas for View<'_> {
    fn count(&self) -> u8 {
        self.replicas.len() as u8
    }

    fn end(&self, replica: Replica) -> u32 {
        let held = self.held(replica);
        held.end + held.more.len() as u32
    }

    fn entry(&self, replica: Replica, offset: u32) -> Option<Entry> {
        let held = self.held(replica);
        if offset < held.end {
            held.log.get(offset as usize).copied()
        } else {
            held.more.get((offset - held.end) as usize).copied()
        }
    }

    fn hw(&self, replica: Replica) -> u32 {
        self.held(replica).hw
    }

    fn believed(&self, replica: Replica) -> LeaderAndIsr {
        self.held(replica).belief
    }

    fn quorum(&self) -> LeaderAndIsr {
        self.quorum
    }

    fn request(&self, epoch: u32) -> Option<LeaderAndIsr> {
        let (_, leader) = self.requests.iter().rev().find(|(of, _)| *of == epoch)?;
        Some(LeaderAndIsr { epoch: Some(epoch), leader: Some(*leader), isr: 0 })
    }

    fn next_epoch(&self) -> u32 {
        self.requests.iter().map(|(epoch, _)| epoch + 1).max().unwrap_or(0)
    }

    fn append(&mut self, replica: Replica, entry: Entry) {
        self.held_mut(replica).more.push(entry);
    }

    fn truncate(&mut self, replica: Replica, end: u32) {
        let held = self.held_mut(replica);
        held.more.truncate(end.saturating_sub(held.end) as usize);
        held.end = held.end.min(end);
    }

    fn set_hw(&mut self, replica: Replica, hw: u32) {
        self.held_mut(replica).hw = hw;
    }

    fn believe(&mut self, replica: Replica, belief: LeaderAndIsr) {
        self.held_mut(replica).belief = belief;
    }

    fn believe_isr(&mut self, replica: Replica, isr: ReplicaSet) {
        self.held_mut(replica).belief.isr = isr;
    }

    fn set_quorum_isr(&mut self, isr: ReplicaSet) {
        self.quorum.isr = isr;
    }

    /// The controller is checked elsewhere: its epochs come from outside.
    fn begin_epoch(&mut self, leader: Option<Replica>, isr: ReplicaSet) {
        self.quorum = LeaderAndIsr { epoch: Some(self.next_epoch()), leader, isr };
    }

    fn take_record_id(&mut self) -> u32 {
        self.next_id
    }

    fn is_full(&self, _end: u32) -> bool {
        false
    }

    fn has_record_left(&self) -> bool {
        true
    }

    fn has_epoch_left(&self) -> bool {
        true
    }
}
