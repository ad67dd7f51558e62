//! The state of the explorer: small, without pointers, and quick to fingerprint.
//!
//! `R` replicas, `L` records a log, `E` epochs are upper bounds fixed at compile time; the actual size travels in
//! the state. A record is a byte: its id plus one above, its epoch below. An epoch is stored plus one, so that
//! zero says "none". Every epoch begins with exactly one request, so the set of requests is an array, and the
//! quorum's epoch and leader are those of its last entry.

use crate::replicas::{Entry, LeaderAndIsr, Replica, ReplicaSet, Replicas};
use crate::seen::fold;
use crate::spec::Size;

/// "No leader" in a byte.
const NOBODY: u8 = 0xf;

/// One replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell<const L: usize> {
    /// Zero beyond the end, so that equal logs are equal bytes.
    log: [u8; L],
    /// The log end offset.
    end: u8,
    hw: u8,
    epoch: u8,
    leader: u8,
    isr: u8,
}

/// What began an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Request {
    leader: u8,
    isr: u8,
}

/// A whole state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed<const R: usize, const L: usize, const E: usize> {
    replicas: [Cell<L>; R],
    /// By epoch; zero from `next_epoch` on.
    requests: [Request; E],
    next_epoch: u8,
    next_record: u8,
    isr: u8,
    /// The bounds: replicas, log, records, epochs.
    size: [u8; 4],
}

impl<const R: usize, const L: usize, const E: usize> Packed<R, L, E> {
    /// Empty logs, no leader, everybody in the ISR.
    pub fn initial(size: Size) -> Self {
        let nothing = Cell { log: [0; L], end: 0, hw: 0, epoch: 0, leader: NOBODY, isr: 0 };
        Self {
            replicas: [nothing; R],
            requests: [Request { leader: 0, isr: 0 }; E],
            next_epoch: 0,
            next_record: 0,
            isr: ((1u32 << size.replicas) - 1) as u8,
            size: [size.replicas as u8, size.log as u8, size.records as u8, size.max_epoch as u8 + 1],
        }
    }

    /// Equal states have equal fingerprints; different ones differ but for chance.
    #[inline]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = fold(0, word(&[self.next_epoch, self.next_record, self.isr]));
        for replica in &self.replicas[..usize::from(self.size[0])] {
            if L <= 4 {
                let control = word(&[replica.hw, replica.epoch, replica.leader, replica.isr]);
                hash = fold(hash, word(&replica.log) << 32 | control);
            } else {
                for bytes in replica.log.chunks(8) {
                    hash = fold(hash, word(bytes));
                }
                hash = fold(hash, word(&[replica.hw, replica.epoch, replica.leader, replica.isr]));
            }
        }
        for four in self.requests[..usize::from(self.next_epoch)].chunks(4) {
            let bytes = |word, request: &Request| {
                word << 16 | u64::from(request.leader) << 8 | u64::from(request.isr)
            };
            hash = fold(hash, four.iter().fold(0, bytes));
        }
        hash
    }

    #[inline]
    fn cell(&self, replica: Replica) -> &Cell<L> {
        &self.replicas[usize::from(replica)]
    }

    #[inline]
    fn cell_mut(&mut self, replica: Replica) -> &mut Cell<L> {
        &mut self.replicas[usize::from(replica)]
    }
}

#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[inline]
fn unpack_epoch(epoch: u8) -> Option<u32> {
    u32::from(epoch).checked_sub(1)
}

#[inline]
fn unpack_leader(leader: u8) -> Option<Replica> {
    (leader != NOBODY).then_some(leader)
}

impl<const R: usize, const L: usize, const E: usize> Replicas for Packed<R, L, E> {
    #[inline]
    fn count(&self) -> u8 {
        self.size[0]
    }

    #[inline]
    fn end(&self, replica: Replica) -> u32 {
        u32::from(self.cell(replica).end)
    }

    #[inline]
    fn entry(&self, replica: Replica, offset: u32) -> Option<Entry> {
        let byte = *self.cell(replica).log.get(offset as usize)?;
        let id = u32::from(byte >> 4).checked_sub(1)?;
        Some(Entry { id, epoch: u32::from(byte & 0xf) })
    }

    #[inline]
    fn hw(&self, replica: Replica) -> u32 {
        u32::from(self.cell(replica).hw)
    }

    #[inline]
    fn believed(&self, replica: Replica) -> LeaderAndIsr {
        let cell = self.cell(replica);
        LeaderAndIsr {
            epoch: unpack_epoch(cell.epoch),
            leader: unpack_leader(cell.leader),
            isr: u32::from(cell.isr),
        }
    }

    #[inline]
    fn quorum(&self) -> LeaderAndIsr {
        let epoch = unpack_epoch(self.next_epoch);
        let leader = epoch.and_then(|epoch| unpack_leader(self.requests[epoch as usize].leader));
        LeaderAndIsr { epoch, leader, isr: u32::from(self.isr) }
    }

    #[inline]
    fn request(&self, epoch: u32) -> Option<LeaderAndIsr> {
        let request = self.requests[..usize::from(self.next_epoch)].get(epoch as usize)?;
        let leader = unpack_leader(request.leader);
        Some(LeaderAndIsr { epoch: Some(epoch), leader, isr: u32::from(request.isr) })
    }

    #[inline]
    fn next_epoch(&self) -> u32 {
        u32::from(self.next_epoch)
    }

    #[inline]
    fn append(&mut self, replica: Replica, entry: Entry) {
        let cell = self.cell_mut(replica);
        cell.log[usize::from(cell.end)] = (entry.id as u8 + 1) << 4 | entry.epoch as u8;
        cell.end += 1;
    }

    #[inline]
    fn truncate(&mut self, replica: Replica, end: u32) {
        let cell = self.cell_mut(replica);
        cell.log[end as usize..].fill(0);
        cell.end = end as u8;
    }

    #[inline]
    fn set_hw(&mut self, replica: Replica, hw: u32) {
        self.cell_mut(replica).hw = hw as u8;
    }

    #[inline]
    fn believe(&mut self, replica: Replica, belief: LeaderAndIsr) {
        let cell = self.cell_mut(replica);
        cell.epoch = belief.epoch.map_or(0, |epoch| epoch as u8 + 1);
        cell.leader = belief.leader.unwrap_or(NOBODY);
        cell.isr = belief.isr as u8;
    }

    #[inline]
    fn believe_isr(&mut self, replica: Replica, isr: ReplicaSet) {
        self.cell_mut(replica).isr = isr as u8;
    }

    #[inline]
    fn set_quorum_isr(&mut self, isr: ReplicaSet) {
        self.isr = isr as u8;
    }

    #[inline]
    fn begin_epoch(&mut self, leader: Option<Replica>, isr: ReplicaSet) {
        let request = Request { leader: leader.unwrap_or(NOBODY), isr: isr as u8 };
        self.requests[usize::from(self.next_epoch)] = request;
        self.next_epoch += 1;
        self.isr = isr as u8;
    }

    #[inline]
    fn take_record_id(&mut self) -> u32 {
        self.next_record += 1;
        u32::from(self.next_record - 1)
    }

    #[inline]
    fn is_full(&self, end: u32) -> bool {
        end >= u32::from(self.size[1])
    }

    #[inline]
    fn has_record_left(&self) -> bool {
        self.next_record < self.size[2]
    }

    #[inline]
    fn has_epoch_left(&self) -> bool {
        self.next_epoch < self.size[3]
    }
}
