//! Requests that wait for an event or for their time to run out.
//!
//! Slots are numbered, and the number is the name of the timer; a free number is used again, so that equal
//! situations look equal. Whoever takes a request out disarms its timer.
//! Source: `DelayedOperationPurgatory`, `DelayedFetch`, `DelayedProduce`.

use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::time::Time;
use crate::wire::{FetchRequest, ProduceResult};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A container of waiting requests of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Purgatory<T> {
    slots: Vec<Option<T>>,
}

impl<T> Default for Purgatory<T> {
    fn default() -> Purgatory<T> {
        Purgatory { slots: Vec::new() }
    }
}

impl<T> Purgatory<T> {
    /// Parks a request and returns its key.
    pub fn park(&mut self, request: T) -> u32 {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[free] = Some(request);
        free as u32
    }

    /// Takes a request out.
    pub fn take(&mut self, key: u32) -> Option<T> {
        let taken = self.slots.get_mut(key as usize)?.take();
        while self.slots.last().is_some_and(Option::is_none) {
            self.slots.pop();
        }
        taken
    }

    /// Puts a request that was just taken back under its key.
    pub(super) fn put_back(&mut self, key: u32, request: T) {
        let end = self.slots.len().max(key as usize + 1);
        self.slots.resize_with(end, || None);
        self.slots[key as usize] = Some(request);
    }

    /// One more than the largest key in use.
    pub fn keys_end(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The request under this key.
    pub fn get(&self, key: u32) -> Option<&T> {
        self.slots.get(key as usize)?.as_ref()
    }

    /// The request under this key, to be changed.
    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        self.slots.get_mut(key as usize)?.as_mut()
    }

    /// All waiting requests with their keys.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> + '_ {
        self.slots.iter().enumerate().filter_map(|(key, slot)| slot.as_ref().map(|it| (key as u32, it)))
    }
}

/// A fetch that found less than it wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DelayedFetch {
    /// Who fetches.
    pub from: NodeId,
    /// Its correlation.
    pub correlation: Correlation,
    /// What it asked.
    pub request: FetchRequest,
    /// When it arrived.
    pub asked: Time,
}

/// A produce with acks=all that waits for the high watermark.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DelayedProduce {
    /// Who produced.
    pub from: NodeId,
    /// Its correlation.
    pub correlation: Correlation,
    /// The answers so far.
    pub batches: Vec<DelayedBatch>,
}

/// One batch of a waiting produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DelayedBatch {
    /// Its answer, final once nothing is required any more.
    pub result: ProduceResult,
    /// The high watermark that it waits for; `None` when it is decided.
    pub required: Option<Offset>,
}

impl DelayedFetch {
    /// Whether it asks for this partition.
    pub fn wants(&self, partition: TopicPartition) -> bool {
        self.request.partitions.iter().any(|asked| asked.partition == partition)
    }
}

impl DelayedProduce {
    /// Whether it waits for this partition.
    pub fn waits_for(&self, partition: TopicPartition) -> bool {
        self.batches.iter().any(|batch| batch.required.is_some() && batch.result.partition == partition)
    }

    /// Whether every batch is decided.
    pub fn is_decided(&self) -> bool {
        self.batches.iter().all(|batch| batch.required.is_none())
    }
}
