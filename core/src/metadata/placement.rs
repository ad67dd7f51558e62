//! Where the replicas of a new topic go.
//!
//! Source: `StripedReplicaPlacer`. It sees brokers only as "usable and unfenced" or "usable and fenced". Keeps:
//! a replica list names a broker once, its first broker is unfenced, and fenced brokers come only after every
//! unfenced one is used. Each partition starts one broker further than the one before: the stripes.
//! With brokers 0..N-1 and first offset `o`, partition `p` gets `(o+p) mod N, (o+p+1) mod N, ...` until N
//! partitions are placed; then the lists are shuffled so that the same assignments do not repeat.
//!
//! Left out: racks. Kafka treats brokers without a rack as one rack, and so every broker is in it here.

use crate::id::{NODE_LIST_CAPACITY, NodeId, NodeList};
use crate::node::Out;
use crate::wire::ErrorCode;
use alloc::vec::Vec;

/// Places one topic.
#[derive(Clone, Debug)]
pub struct StripedReplicaPlacer {
    unfenced: BrokerList,
    fenced: BrokerList,
    /// Partitions placed since the last shuffle (`RackList.epoch`).
    epoch: u32,
}

/// Brokers to hand out one after the other, starting one further with each partition (`BrokerList`).
#[derive(Clone, Debug)]
struct BrokerList {
    brokers: Vec<NodeId>,
    offset: u32,
    index: u32,
    epoch: u32,
}

impl StripedReplicaPlacer {
    /// A placer for these brokers (usable ones: registered and not shutting down), with offsets drawn from `out`.
    pub fn new(unfenced: Vec<NodeId>, fenced: Vec<NodeId>, out: &mut Out) -> StripedReplicaPlacer {
        let fenced = BrokerList::new(fenced, out);
        let unfenced = BrokerList::new(unfenced, out);
        StripedReplicaPlacer { unfenced, fenced, epoch: 0 }
    }

    /// The replica lists of `partitions` new partitions.
    ///
    /// # Errors
    /// `INVALID_REPLICATION_FACTOR` when it is zero or above the number of usable brokers, or when every broker
    /// is fenced.
    pub fn place(
        mut self,
        partitions: u16,
        replication_factor: u16,
        out: &mut Out,
    ) -> Result<Vec<NodeList>, ErrorCode> {
        let usable = self.unfenced.len() + self.fenced.len();
        let most = usable.min(NODE_LIST_CAPACITY);
        if replication_factor == 0 || u32::from(replication_factor) > most || self.unfenced.len() == 0 {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        Ok((0..partitions).map(|_| self.place_one(replication_factor, out)).collect())
    }

    fn place_one(&mut self, replication_factor: u16, out: &mut Out) -> NodeList {
        if self.epoch == self.unfenced.len() && self.epoch > 1 {
            self.fenced.shuffle(out);
            self.unfenced.shuffle(out);
            self.epoch = 0;
        }
        let epoch = self.epoch;
        let mut replicas = NodeList::EMPTY;
        for _ in 0..replication_factor {
            if let Some(broker) = self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch)) {
                replicas.push(broker);
            }
        }
        self.epoch += 1;
        replicas
    }
}

impl BrokerList {
    fn new(mut brokers: Vec<NodeId>, out: &mut Out) -> BrokerList {
        brokers.sort_unstable();
        let offset = if brokers.is_empty() { 0 } else { out.pick(brokers.len() as u32) };
        BrokerList { brokers, offset, index: 0, epoch: 0 }
    }

    fn len(&self) -> u32 {
        self.brokers.len() as u32
    }

    /// The next broker of this partition; `None` when all were handed out.
    fn next(&mut self, epoch: u32) -> Option<NodeId> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % self.len();
        }
        if self.index >= self.len() {
            return None;
        }
        let broker = self.brokers[((self.index + self.offset) % self.len()) as usize];
        self.index += 1;
        Some(broker)
    }

    /// `Collections.shuffle`.
    fn shuffle(&mut self, out: &mut Out) {
        for length in (2..=self.len()).rev() {
            self.brokers.swap(length as usize - 1, out.pick(length) as usize);
        }
    }
}
