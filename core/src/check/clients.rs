//! What clients were told, and what they read.
//!
//! P10 AckImpliesAppend: acknowledged records are in the log of the leader that answered. Source: Jepsen.
//! P11 NeverAckAndNack: a batch has one fate. Source: Jepsen.
//! C2 NoAbortedRead: nobody reads what was certainly not written. Source: Jepsen, G1a.
//! C3 OneValuePerOffset, C7 NoReadAboveHw: what is read is what was committed there. Source: Jepsen.
//! C5 ConsumerOrder: a consumer goes from offset to offset, and back only by a reset that it tells of.
//! S14 AppliedHwMonotone, the consumer's half: no consumer is sent back.

use super::findings::{Findings, Subject};
use super::partition::{Acknowledged, PartitionGhost, replica_log};
use super::replicas::Partitions;
use super::s_leader::holds;
use super::s_loss;
use super::table::Rule;
use super::truth::Truth;
use crate::client::Consumer;
use crate::client::subscription::Consumed;
use crate::config::Acks;
use crate::id::{Incarnation, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::note::Note;
use crate::record::Entry;
use crate::sim::Step;
use crate::sim::world::{Slot, World};
use crate::wire::ErrorCode;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

/// How many acknowledged batches are remembered, to tell that one has two fates.
const REMEMBERED: usize = 64;

/// A batch is known by its producer and its first record.
type BatchKey = (NodeId, u32);

/// A batch that has no fate yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    acks: Acks,
    /// The reign that it was sent to last: of the broker that the producer takes for the leader.
    reign: Option<Reign>,
    /// An earlier attempt may have been appended.
    tried: bool,
}

/// One broker leading one partition, in one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reign {
    leader: NodeId,
    life: Incarnation,
    epoch: LeaderEpoch,
}

impl Reign {
    /// The present reign of this broker over the partition, if it leads.
    fn of(world: &World, leader: NodeId, partition: TopicPartition) -> Option<Reign> {
        let slot = world.slot(leader)?;
        let broker = slot.process.as_ref()?.broker()?;
        let partition = broker.replicas.partition(partition).filter(|partition| partition.is_leader())?;
        Some(Reign { leader, life: slot.incarnation, epoch: partition.leader_epoch })
    }
}

/// The place of a consumer that has just been given a partition.
const ANYWHERE: Offset = Offset(u64::MAX);

/// Where a consumer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    consumer: NodeId,
    partition: TopicPartition,
    life: Incarnation,
    next: Offset,
}

/// The checker's knowledge of clients.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientGhost {
    /// Batches without a fate.
    sent: BTreeMap<BatchKey, Sent>,
    /// The batches that were acknowledged last.
    acknowledged: VecDeque<BatchKey>,
    /// Batches that were refused at their only attempt, before anything was appended; where a message may be doubled, another
    /// copy of it may be appended later.
    unwritten: BTreeSet<BatchKey>,
    places: Vec<Place>,
    pub(super) any_acks_all: bool,
}

impl ClientGhost {
    /// A producer handled an input.
    pub(super) fn observe_producer(
        &mut self,
        world: &World,
        truth: &Truth,
        partitions: &mut Partitions,
        producer: NodeId,
        step: &Step,
        findings: &mut Findings,
    ) {
        for note in &step.notes {
            match *note {
                Note::BatchSent { partition, first, acks, attempt, leader, .. } if acks != Acks::Zero => {
                    let reign = Reign::of(world, leader, partition);
                    self.sent.insert((producer, first), Sent { acks, reign, tried: attempt > 1 });
                }
                Note::ProduceAcknowledged { partition, base, first, count } => {
                    let from = step.delivered.map(|delivered| delivered.from);
                    let batch = Batch { producer, partition, base, first, count, from };
                    let ghost = partitions.ghost(partition, world.genesis.brokers);
                    self.on_acknowledged(world, truth, ghost, &batch, findings);
                }
                Note::ProduceFailed { error, first, .. } => {
                    self.on_failed(producer, first, Some(error), findings)
                }
                Note::DeliveryTimedOut { first, .. } => self.on_failed(producer, first, None, findings),
                _ => {}
            }
        }
    }

    fn on_acknowledged(
        &mut self,
        world: &World,
        truth: &Truth,
        ghost: &mut PartitionGhost,
        batch: &Batch,
        findings: &mut Findings,
    ) {
        let key = (batch.producer, batch.first);
        let sent = self.sent.remove(&key);
        let subject =
            Subject { partition: Some(ghost.id), node: Some(batch.producer), offset: Some(batch.base) };
        findings.check(Rule::P11, sent.is_some(), subject);
        if self.acknowledged.len() == REMEMBERED {
            self.acknowledged.pop_front();
        }
        self.acknowledged.push_back(key);
        let by_all = sent.is_some_and(|sent| sent.acks == Acks::All);
        self.any_acks_all |= by_all;
        let entries = batch.entries(world, ghost, by_all);
        // An acknowledgement by one replica may be outlived by its reign: it may have cut its log since.
        let reign = sent.and_then(|sent| sent.reign);
        let leads_on = reign.is_some_and(|reign| Reign::of(world, reign.leader, ghost.id) == Some(reign));
        let answered = reign.map(|reign| reign.leader) == batch.from;
        if (by_all && ghost.void.is_none()) || (leads_on && answered) {
            findings.check(Rule::P10, entries.len() as u32 == batch.count, subject);
        }
        for (offset, entry) in entries {
            let acknowledged = Acknowledged { offset, record: entry.body, by_all };
            ghost.acknowledged.append(Entry { epoch: entry.epoch, body: acknowledged });
            ghost.note_if_lost(world, truth, acknowledged);
            s_loss::check_acknowledged(ghost, world, &acknowledged, findings);
        }
    }

    fn on_failed(&mut self, producer: NodeId, first: u32, error: Option<ErrorCode>, findings: &mut Findings) {
        let key = (producer, first);
        let sent = self.sent.remove(&key);
        findings.check(Rule::P11, !self.acknowledged.contains(&key), Subject::node(producer));
        let once = sent.is_some_and(|sent| !sent.tried) && findings.is_orderly();
        if error == Some(ErrorCode::NotEnoughReplicas) && once {
            self.unwritten.insert(key);
        }
    }

    /// A consumer handled an input.
    pub(super) fn observe_consumer(
        &mut self,
        world: &World,
        partitions: &mut Partitions,
        slot: &Slot,
        consumer: &Consumer,
        notes: &[Note],
        findings: &mut Findings,
    ) {
        for note in notes {
            if let Note::PositionReset { partition, from, to } = *note {
                let ghost = partitions.ghost(partition, world.genesis.brokers);
                if ghost.void.is_none() {
                    let subject = Subject::copy(partition, slot.id).at(to);
                    findings.check(Rule::S14, to >= from, subject);
                }
                self.place(slot, partition).next = to;
            }
            // A member begins where its group has read to, which is told by its first record.
            if let Note::PartitionAssigned { partition, .. } = *note {
                self.place(slot, partition).next = ANYWHERE;
            }
        }
        // What the last input brought is still there when this step brought nothing: a message that was dropped.
        let got_some = notes.iter().any(|note| matches!(note, Note::RecordsConsumed { .. }));
        for consumed in consumer.last_step.iter().filter(|_| got_some) {
            let ghost = partitions.ghost(consumed.partition, world.genesis.brokers);
            self.on_consumed(ghost, slot, consumed, findings);
        }
    }

    fn on_consumed(
        &mut self,
        ghost: &mut PartitionGhost,
        slot: &Slot,
        consumed: &Consumed,
        findings: &mut Findings,
    ) {
        let subject = Subject::copy(ghost.id, slot.id).at(consumed.offset);
        let place = self.place(slot, ghost.id);
        let expected = core::mem::replace(&mut place.next, consumed.offset.next());
        ghost.consumed = ghost.consumed.max(consumed.offset.next());
        if ghost.void.is_some() {
            return;
        }
        // What was deleted from the front of the log cannot be read any more.
        let deleted = || expected < consumed.offset && consumed.offset <= ghost.log_start();
        let begins = expected == ANYWHERE;
        // The first entry of a Raft leader is for nobody.
        let is_no_op = |offset| ghost.committed.get(Offset(offset)).is_some_and(|it| it.body.is_no_op());
        let passed = || expected < consumed.offset && (expected.0..consumed.offset.0).all(is_no_op);
        let in_order = begins || consumed.offset == expected || deleted() || passed();
        findings.check(Rule::C5, in_order, subject);
        let committed = ghost.committed.get(consumed.offset);
        findings.check(Rule::C7, committed.is_some(), subject);
        if let Some(committed) = committed {
            let same = committed.epoch == consumed.epoch && committed.body == consumed.record;
            findings.check(Rule::C3, same, subject);
        }
        let key = (consumed.record.producer, consumed.record.value);
        findings.check(Rule::C2, !self.unwritten.contains(&key), subject);
    }

    /// Where a consumer stands; from the beginning of the log in every life.
    fn place(&mut self, slot: &Slot, partition: TopicPartition) -> &mut Place {
        let (consumer, life) = (slot.id, slot.incarnation);
        let fresh = Place { consumer, partition, life, next: Offset(0) };
        let found = self.places.iter().position(|p| p.consumer == consumer && p.partition == partition);
        let at = found.unwrap_or_else(|| {
            self.places.push(fresh);
            self.places.len() - 1
        });
        if self.places[at].life != life {
            self.places[at] = fresh;
        }
        &mut self.places[at]
    }
}

/// A batch whose acknowledgement has arrived.
struct Batch {
    producer: NodeId,
    partition: TopicPartition,
    base: Offset,
    first: u32,
    count: u32,
    /// The broker that answered.
    from: Option<NodeId>,
}

impl Batch {
    /// Its records in the log: with acks=all they are committed, else they are where the answer came from. None
    /// when they are not there.
    fn entries(
        &self,
        world: &World,
        ghost: &PartitionGhost,
        by_all: bool,
    ) -> Vec<(Offset, Entry<crate::record::Record>)> {
        let answered =
            self.from.and_then(|from| world.slot(from)).and_then(|slot| replica_log(slot, self.partition));
        let log = if by_all && ghost.void.is_none() {
            &ghost.committed
        } else {
            match answered {
                Some(replica) => &replica.log,
                None => return Vec::new(),
            }
        };
        let first = log.get(self.base).map(|entry| entry.body);
        if first.is_none_or(|record| record.producer != self.producer || record.value != self.first) {
            return Vec::new();
        }
        let entries = log.iter(self.base, self.base.plus(u64::from(self.count)));
        entries.map(|(offset, entry)| (offset, *entry)).collect()
    }
}

impl PartitionGhost {
    /// The acknowledgement arrives when a leader without the record is at work already.
    fn note_if_lost(&mut self, world: &World, truth: &Truth, acknowledged: Acknowledged) {
        let Some(registration) = truth.image.partitions.get(&self.id) else { return };
        let (leader, epoch) = match world.raft_leader(self.id) {
            Some((leader, epoch)) => (Some(leader), epoch),
            None => (registration.leader, registration.leader_epoch),
        };
        let Some(slot) = leader.and_then(|leader| world.slot(leader)) else { return };
        let broker = slot.process.as_ref().and_then(|process| process.broker());
        let partition = broker.and_then(|broker| broker.replicas.partition(self.id));
        let leads = partition.is_some_and(|p| p.is_leader() && p.leader_epoch == epoch);
        let log = replica_log(slot, self.id);
        if leads && log.is_some_and(|replica| !holds(&replica.log, &acknowledged)) {
            self.lost.push(acknowledged);
        }
    }
}
