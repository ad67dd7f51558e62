//! Judges a history: one pass over its entries, then one over the final logs.
//!
//! What the client was told is compared with what clients were told before; the checks are linear in the length of
//! the history, since every record has a number of its own and every answer names an offset (Jepsen has to search).
//!
//! A promise with a precondition is judged only while that holds: none beyond the event at which a partition lost its
//! guarantees, but C11 where consumers validate their positions (KIP-320); C1, C6, C8, C9, C12, C14 and the order in
//! C10 only for acks=all; C4 only for idempotent producers whose connections kept the order of messages, and of them
//! not for the batches that were sent and not yet acknowledged when the producer began a new epoch: those behind a
//! gap, and a retry of which a restarted leader has forgotten the number (its snapshot keeps one batch of each
//! producer), are numbered anew and may be written twice (`TransactionManager.bumpIdempotentProducerEpoch`). What was
//! acknowledged before, and what is sent for the first time in the new epoch, is in the log once. C2 only when the
//! batch was refused before anything was written, at its only attempt.

use super::ends::{FinalLog, PartitionEnd, Reader};
use super::promise::is_before_append;
use super::{BatchKey, Entry, History, Promise, What, Written};
use kraftscope_core::config::Acks;
use kraftscope_core::id::{LeaderEpoch, NodeId, Offset, StepId, TopicPartition};
use kraftscope_core::wire::ErrorCode;
use std::ops::Range;

/// A promise that a history breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which promise.
    pub promise: Promise,
    /// Of which partition.
    pub partition: Option<TopicPartition>,
    /// To whom.
    pub client: Option<NodeId>,
    /// Where.
    pub offset: Option<Offset>,
}

/// The first promise that this history breaks.
pub fn judge(history: &History, ends: &[PartitionEnd], readers: &[Reader]) -> Option<Broken> {
    let mut judge = Judge { history, tables: Vec::new(), ..Judge::new(history) };
    for end in ends {
        judge.table(end.id).void = end.void;
    }
    judge.entries().and_then(|()| ends.iter().try_for_each(|end| judge.end(end, readers))).err()
}

/// A batch and its fate.
#[derive(Clone, Debug)]
struct Operation {
    batch: BatchKey,
    partition: TopicPartition,
    acks: Acks,
    idempotent: bool,
    values: Range<u32>,
    sends: u32,
    /// It may have arrived twice.
    doubled: bool,
    /// Its producer numbered it anew when it might have been written.
    renumbered: bool,
    acked: Option<Offset>,
    /// The producer was told that it was not written, and knows.
    refused: bool,
    read: bool,
    /// Where the records of the same producer that were acknowledged before it was sent end.
    own_floor: Offset,
    /// The same of all that anybody knew of.
    floor: Offset,
}

/// What a producer did.
#[derive(Clone, Debug)]
struct Sender {
    id: NodeId,
    /// Operation by serial number; [`NONE`] where it is not known.
    owners: Vec<u32>,
    unanswered: bool,
    /// Its connections did not keep the order of messages.
    disordered: bool,
    /// Where what was acknowledged ends.
    acked: Vec<(TopicPartition, Offset)>,
}

const NONE: u32 = u32::MAX;

/// What is known of a partition.
#[derive(Clone, Debug, Default)]
struct Table {
    id: TopicPartition,
    void: Option<StepId>,
    committed: Offset,
    deleted: Offset,
    /// Where what was acknowledged (acks=all) or read ends.
    known: Offset,
    /// By offset: what was read there.
    read: Vec<Option<Written>>,
    /// By offset: what was acknowledged with acks=all, as producer and serial number.
    acked: Vec<Option<(NodeId, u32)>>,
    /// Where each epoch begins.
    starts: Vec<(LeaderEpoch, Offset)>,
}

/// The place of a consumer that a group has just given a partition.
const ANYWHERE: Offset = Offset(u64::MAX);

/// Where a consumer stands in a partition.
#[derive(Clone, Copy, Debug)]
struct Place {
    consumer: NodeId,
    partition: TopicPartition,
    next: Offset,
    /// Epoch of the record before, if it has read that.
    last: Option<LeaderEpoch>,
}

struct Judge<'a> {
    history: &'a History,
    operations: Vec<Operation>,
    senders: Vec<Sender>,
    tables: Vec<Table>,
    places: Vec<Place>,
    shut_down: bool,
    crashed: bool,
}

type Verdict = Result<(), Broken>;

fn slot<T: Copy>(row: &mut Vec<Option<T>>, offset: Offset) -> &mut Option<T> {
    let place = offset.0 as usize;
    if row.len() <= place {
        row.resize(place + 1, None);
    }
    &mut row[place]
}

impl Table {
    fn breaks(&self, promise: Promise, client: NodeId, offset: Offset) -> Broken {
        Broken { promise, partition: Some(self.id), client: Some(client), offset: Some(offset) }
    }

    fn holds(&self, holds: bool, promise: Promise, client: NodeId, offset: Offset) -> Verdict {
        if holds { Ok(()) } else { Err(self.breaks(promise, client, offset)) }
    }

    /// Whether records of these epochs can stand one behind the other.
    fn follows(&self, last: LeaderEpoch, offset: Offset, epoch: LeaderEpoch) -> bool {
        let start = self.starts.iter().rev().find(|(of, _)| *of == epoch).map(|&(_, start)| start);
        last == epoch || (last < epoch && start.is_none_or(|start| offset <= start))
    }
}

impl<'a> Judge<'a> {
    fn new(history: &'a History) -> Judge<'a> {
        Judge {
            history,
            operations: Vec::new(),
            senders: Vec::new(),
            tables: Vec::new(),
            places: Vec::new(),
            shut_down: false,
            crashed: false,
        }
    }

    fn table(&mut self, id: TopicPartition) -> &mut Table {
        let found = self.tables.iter().position(|table| table.id == id).unwrap_or_else(|| {
            self.tables.push(Table { id, ..Table::default() });
            self.tables.len() - 1
        });
        &mut self.tables[found]
    }

    fn sender(&mut self, id: NodeId) -> &mut Sender {
        let found = self.senders.iter().position(|sender| sender.id == id).unwrap_or_else(|| {
            let (owners, acked) = (Vec::new(), Vec::new());
            self.senders.push(Sender { id, owners, unanswered: false, disordered: false, acked });
            self.senders.len() - 1
        });
        &mut self.senders[found]
    }

    fn owner(&self, producer: NodeId, value: u32) -> Option<usize> {
        let sender = self.senders.iter().find(|sender| sender.id == producer)?;
        sender.owners.get(value as usize).filter(|&&owner| owner != NONE).map(|&owner| owner as usize)
    }

    fn entries(&mut self) -> Verdict {
        let history = self.history;
        history.entries().iter().try_for_each(|entry| self.entry(entry))
    }

    fn entry(&mut self, Entry { event, what }: &Entry) -> Verdict {
        match what {
            What::Invoked { batch, partition, acks, idempotent, values } => {
                self.on_invoked(*batch, *partition, (*acks, *idempotent), values);
            }
            What::SentAgain(batch) => {
                if let Some(owner) = self.owner(batch.producer, batch.first) {
                    self.operations[owner].sends += 1;
                }
            }
            What::Doubled(producer) => {
                // A batch that was given up may still be on its way.
                let theirs = self.operations.iter_mut().filter(|op| op.batch.producer == *producer);
                theirs.filter(|op| op.acked.is_none()).for_each(|op| op.doubled = true);
            }
            What::Renumbered(producer, partition) => {
                let theirs = self.operations.iter_mut().filter(|op| op.batch.producer == *producer);
                let open = theirs.filter(|op| op.partition == *partition && op.acked.is_none());
                open.for_each(|op| op.renumbered = true);
            }
            What::Disordered(producer) => self.sender(*producer).disordered = true,
            What::Unanswered(producer) => self.sender(*producer).unanswered = true,
            What::Acknowledged { batch, base } => return self.on_acknowledged(*event, *batch, *base),
            What::Failed { batch, error } => return self.on_failed(*event, *batch, *error),
            What::Read { consumer, partition, offset, record } => {
                return self.on_read(*event, *consumer, *partition, *offset, *record);
            }
            What::Assigned { consumer, partition } => {
                let place = self.place(*consumer, *partition);
                (place.next, place.last) = (ANYWHERE, None);
            }
            What::Reset { consumer, partition, from, to } => {
                let void = self.is_void(*partition, *event);
                let place = self.place(*consumer, *partition);
                let told = (place.next == *from || place.next == ANYWHERE) && to >= from;
                (place.next, place.last) = (*to, None);
                return self.table(*partition).holds(void || told, Promise::C5, *consumer, *to);
            }
            What::Began(client) => {
                let mine = self.places.iter_mut().filter(|place| place.consumer == *client);
                mine.for_each(|place| (place.next, place.last) = (Offset(0), None));
            }
            What::Committed(partition, to) => {
                let table = self.table(*partition);
                table.committed = table.committed.max(*to);
            }
            What::Deleted(partition, to) => {
                let table = self.table(*partition);
                table.deleted = table.deleted.max(*to);
            }
            What::Led(partition, epoch, start) => self.table(*partition).starts.push((*epoch, *start)),
            What::ShutDown => self.shut_down = true,
            What::Crashed => self.crashed = true,
        }
        Ok(())
    }

    fn is_void(&mut self, partition: TopicPartition, event: StepId) -> bool {
        self.table(partition).void.is_some_and(|void| event >= void)
    }

    fn place(&mut self, consumer: NodeId, partition: TopicPartition) -> &mut Place {
        let mine = |place: &Place| place.consumer == consumer && place.partition == partition;
        let found = self.places.iter().position(mine).unwrap_or_else(|| {
            self.places.push(Place { consumer, partition, next: Offset(0), last: None });
            self.places.len() - 1
        });
        &mut self.places[found]
    }

    fn on_invoked(
        &mut self,
        batch: BatchKey,
        partition: TopicPartition,
        (acks, idempotent): (Acks, bool),
        values: &Range<u32>,
    ) {
        let (history, number) = (self.history, self.operations.len() as u32);
        let floor = self.table(partition).known;
        let sender = self.sender(batch.producer);
        for &value in history.values(values) {
            let place = value as usize;
            if sender.owners.len() <= place {
                sender.owners.resize(place + 1, NONE);
            }
            sender.owners[place] = number;
        }
        let own = sender.acked.iter().find(|(id, _)| *id == partition);
        let own_floor = own.map_or(Offset(0), |&(_, end)| end);
        self.operations.push(Operation {
            batch,
            partition,
            acks,
            idempotent,
            values: values.clone(),
            sends: 1,
            doubled: false,
            renumbered: false,
            acked: None,
            refused: false,
            read: false,
            own_floor,
            floor,
        });
    }

    /// C6, C8, C10.
    fn on_acknowledged(&mut self, event: StepId, batch: BatchKey, base: Offset) -> Verdict {
        let Some(owner) = self.owner(batch.producer, batch.first) else { return Ok(()) };
        let operation = &mut self.operations[owner];
        let (partition, values) = (operation.partition, operation.values.clone());
        let (own_floor, floor) = (operation.own_floor, operation.floor);
        let by_all = operation.acks == Acks::All;
        if !by_all || self.is_void(partition, event) {
            return Ok(());
        }
        self.operations[owner].acked = Some(base);
        let (producer, history) = (batch.producer, self.history);
        let end = base.plus(values.len() as u64);
        let sender = self.sender(producer);
        match sender.acked.iter_mut().find(|(id, _)| *id == partition) {
            Some((_, acked)) => *acked = end.max(*acked),
            None => sender.acked.push((partition, end)),
        }
        let table = self.table(partition);
        table.holds(base >= own_floor, Promise::C6, producer, base)?;
        table.holds(base >= floor, Promise::C10, producer, base)?;
        table.known = table.known.max(end);
        for (offset, &value) in (base.0..).map(Offset).zip(history.values(&values)) {
            let read = table.read.get(offset.0 as usize).copied().flatten();
            let same = read.is_none_or(|read| (read.producer, read.value) == (producer, value));
            table.holds(same, Promise::C8, producer, offset)?;
            let other = slot(&mut table.acked, offset).replace((producer, value));
            table.holds(
                other.is_none_or(|other| other == (producer, value)),
                Promise::C10,
                producer,
                offset,
            )?;
        }
        Ok(())
    }

    /// C2, when it was read before.
    fn on_failed(&mut self, event: StepId, batch: BatchKey, error: Option<ErrorCode>) -> Verdict {
        let Some(owner) = self.owner(batch.producer, batch.first) else { return Ok(()) };
        let operation = &mut self.operations[owner];
        let once = operation.sends == 1 && !operation.doubled;
        operation.refused = once && error.is_some_and(is_before_append);
        let (partition, aborted) = (operation.partition, operation.refused && operation.read);
        let void = self.is_void(partition, event);
        if aborted && !void {
            let (promise, client) = (Promise::C2, Some(batch.producer));
            return Err(Broken { promise, partition: Some(partition), client, offset: None });
        }
        Ok(())
    }

    /// C2, C3, C5, C7, C8, C10, C11.
    fn on_read(
        &mut self,
        event: StepId,
        consumer: NodeId,
        partition: TopicPartition,
        offset: Offset,
        record: Written,
    ) -> Verdict {
        let place = self.place(consumer, partition);
        let (expected, last) = (place.next, place.last);
        (place.next, place.last) = (offset.next(), Some(record.epoch));
        let (void, validates) = (self.is_void(partition, event), self.history.validates);
        if let Some(last) = last.filter(|_| offset == expected && (validates || !void)) {
            // A longer log of an older epoch passes: the answer's epoch is not compared (`maybeCompleteValidation`).
            let (table, passes) = (self.table(partition), void && record.epoch < last);
            let follows = passes || table.follows(last, offset, record.epoch);
            table.holds(follows, Promise::C11, consumer, offset)?;
        }
        if void {
            return Ok(());
        }
        let aborted = self.on_owner_read(consumer, partition, offset, record)?;
        let groups = self.history.groups;
        let table = self.table(partition);
        table.holds(!aborted, Promise::C2, consumer, offset)?;
        let skips_deleted = expected < offset && offset <= table.deleted;
        let begins = expected == ANYWHERE;
        let is_start = |skipped: u64| table.starts.iter().any(|&(_, start)| start.0 == skipped);
        let skips_starts = groups && expected < offset && (expected.0..offset.0).all(is_start);
        let in_order = begins || offset == expected || skips_deleted || skips_starts;
        table.holds(in_order, Promise::C5, consumer, offset)?;
        table.holds(offset < table.committed, Promise::C7, consumer, offset)?;
        let before = slot(&mut table.read, offset).replace(record);
        table.holds(before.is_none_or(|before| before == record), Promise::C3, consumer, offset)?;
        let acked = table.acked.get(offset.0 as usize).copied().flatten();
        let same = acked.is_none_or(|acked| acked == (record.producer, record.value));
        table.holds(same, Promise::C8, consumer, offset)?;
        table.known = table.known.max(offset.next());
        Ok(())
    }

    /// Whether the record that was read was refused for certain; C10 when it was never sent there.
    fn on_owner_read(
        &mut self,
        consumer: NodeId,
        partition: TopicPartition,
        offset: Offset,
        record: Written,
    ) -> Result<bool, Broken> {
        let owner = self.owner(record.producer, record.value);
        let known = owner.is_some_and(|owner| self.operations[owner].partition == partition);
        let unanswered = self.sender(record.producer).unanswered;
        self.table(partition).holds(known || unanswered, Promise::C10, consumer, offset)?;
        let Some(owner) = owner else { return Ok(false) };
        self.operations[owner].read = true;
        Ok(self.operations[owner].refused)
    }

    /// What the final log of a partition tells.
    fn end(&mut self, end: &PartitionEnd, readers: &[Reader]) -> Verdict {
        let (Some(log), None) = (&end.log, end.void) else { return Ok(()) };
        let counts = self.count(end.id, log)?;
        self.end_of_reads(end.id, log)?;
        let mut acked_end = Offset(0);
        for number in 0..self.operations.len() {
            let operation = &self.operations[number];
            if operation.partition == end.id {
                acked_end = acked_end.max(self.end_of_operation(operation, &counts, log)?);
            }
        }
        let acked_end = acked_end.min(log.hw);
        for &(consumer, partition) in readers.iter().filter(|(_, partition)| *partition == end.id) {
            let next = self.place(consumer, partition).next;
            let read_all = next >= acked_end || acked_end <= log.start;
            self.table(partition).holds(read_all, Promise::C14, consumer, next)?;
        }
        Ok(())
    }

    /// How often the log holds each record, by sender and serial number; C10 for what was never sent.
    fn count(&mut self, id: TopicPartition, log: &FinalLog) -> Result<Vec<Vec<u8>>, Broken> {
        let mut counts: Vec<Vec<u8>> =
            self.senders.iter().map(|sender| vec![0; sender.owners.len()]).collect();
        let nobodys = |written: &Written| self.history.groups && written.producer == NodeId(0);
        let sent: Vec<_> =
            (log.start.0..).map(Offset).zip(&log.records).filter(|it| !nobodys(it.1)).collect();
        for (offset, written) in sent {
            let sender = self.senders.iter().position(|sender| sender.id == written.producer);
            let count = sender.and_then(|sender| counts[sender].get_mut(written.value as usize));
            let owner = self.owner(written.producer, written.value);
            let known = owner.is_some_and(|owner| self.operations[owner].partition == id);
            let unanswered = sender.is_some_and(|sender| self.senders[sender].unanswered);
            let producer = written.producer;
            self.table(id).holds(known || unanswered, Promise::C10, producer, offset)?;
            if let Some(count) = count {
                *count = count.saturating_add(1);
            }
        }
        Ok(counts)
    }

    /// C7: what was read is still there.
    fn end_of_reads(&mut self, id: TopicPartition, log: &FinalLog) -> Verdict {
        let table = self.table(id);
        for (offset, read) in (0..).map(Offset).zip(&table.read).skip(log.start.0 as usize) {
            if let Some(read) = read {
                table.holds(log.get(offset) == Some(*read), Promise::C7, read.producer, offset)?;
            }
        }
        Ok(())
    }

    /// C1, C2, C4, C9, C12, C13. Returns where what was acknowledged ends.
    fn end_of_operation(
        &self,
        operation: &Operation,
        counts: &[Vec<u8>],
        log: &FinalLog,
    ) -> Result<Offset, Broken> {
        let producer = operation.batch.producer;
        let values = self.history.values(&operation.values);
        let place = self.senders.iter().position(|sender| sender.id == producer);
        let Some((sender, counts)) = place.map(|place| (&self.senders[place], &counts[place])) else {
            return Ok(Offset(0));
        };
        let table = Table { id: operation.partition, ..Table::default() };
        let numbered = operation.idempotent && !sender.disordered && !operation.renumbered;
        for (index, &value) in (0..).zip(values) {
            let count = counts[value as usize];
            let offset = operation.acked.map(|base| base.plus(index));
            let at = offset.unwrap_or_default();
            table.holds(!operation.refused || count == 0, Promise::C2, producer, at)?;
            let once = operation.sends == 1 && !operation.doubled;
            table.holds(!once || count < 2, Promise::C13, producer, at)?;
            table.holds(!numbered || count < 2, Promise::C4, producer, at)?;
            let Some(offset) = offset.filter(|offset| *offset >= log.start) else { continue };
            let there = log.get(offset).is_some_and(|w| (w.producer, w.value) == (producer, value));
            let lost = if self.shut_down && !self.crashed { Promise::C12 } else { Promise::C1 };
            table.holds(there || count > 0, lost, producer, offset)?;
            table.holds(there, Promise::C9, producer, offset)?;
        }
        Ok(operation.acked.map_or(Offset(0), |base| base.plus(values.len() as u64)))
    }
}
