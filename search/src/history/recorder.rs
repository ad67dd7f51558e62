//! Writes the history of a run down, step by step.
//!
//! It knows what clients were told from the notes of their steps, and which records a batch or an answer holds from
//! the client itself.

use super::{BatchKey, History, What, Written};
use kraftscope_core::config::Acks;
use kraftscope_core::id::{NodeId, NodeKind, TopicPartition};
use kraftscope_core::note::Note;
use kraftscope_core::process::Process;
use kraftscope_core::sim::{Sim, Step};

impl History {
    /// Looks at the step that was just made.
    pub fn see(&mut self, sim: &Sim, step: &Step) {
        let mut consumed = false;
        for note in &step.notes {
            let what = match *note {
                Note::BatchSent { partition, first, attempt, acks, .. } => {
                    self.sent(sim, step, partition, first, (attempt, acks));
                    continue;
                }
                Note::ProduceAcknowledged { base, first, .. } => {
                    key(step, first).map(|batch| What::Acknowledged { batch, base })
                }
                Note::ProduceFailed { error, first, .. } => {
                    key(step, first).map(|batch| What::Failed { batch, error: Some(error) })
                }
                Note::DeliveryTimedOut { first, .. } => {
                    key(step, first).map(|batch| What::Failed { batch, error: None })
                }
                Note::ProducerEpochBumped { partition, .. } => {
                    step.node.map(|producer| What::Renumbered(producer, partition))
                }
                Note::RecordsConsumed { .. } => {
                    consumed = true;
                    continue;
                }
                Note::PartitionAssigned { partition, .. } => {
                    step.node.map(|consumer| What::Assigned { consumer, partition })
                }
                Note::PositionReset { partition, from, to } => {
                    step.node.map(|consumer| What::Reset { consumer, partition, from, to })
                }
                Note::MessageDuplicated { from, to } => {
                    if from.kind() == NodeKind::Producer {
                        self.push(step.event, What::Doubled(from));
                    }
                    disordered(from, to)
                }
                Note::MessageDelayed { from, to, .. } | Note::MessageDropped { from, to } => {
                    disordered(from, to)
                }
                Note::NetworkChanged if sim.net().reorder => {
                    for slot in sim.world().of_kind(NodeKind::Producer) {
                        self.push(step.event, What::Disordered(slot.id));
                    }
                    continue;
                }
                Note::Started { node } if is_client(node) => Some(What::Began(node)),
                Note::HighWatermarkAdvanced { partition, to, .. }
                | Note::RaftCommitted { partition, to, .. } => Some(What::Committed(partition, to)),
                Note::LogStartMoved { partition, to, .. } => Some(What::Deleted(partition, to)),
                Note::BecameLeader { partition, epoch, epoch_start, .. } => {
                    Some(What::Led(partition, epoch, epoch_start))
                }
                Note::BrokerStopped => Some(What::ShutDown),
                Note::Crashed { node, .. } | Note::DiskReplaced { node, .. }
                    if node.kind() == NodeKind::Broker =>
                {
                    Some(What::Crashed)
                }
                _ => continue,
            };
            if let Some(what) = what {
                self.push(step.event, what);
            }
        }
        if consumed {
            self.read(sim, step);
        }
    }

    fn sent(&mut self, sim: &Sim, step: &Step, to: TopicPartition, first: u32, (attempt, acks): (u32, Acks)) {
        let Some(producer) = step.node else { return };
        let batch = BatchKey { producer, first };
        if acks == Acks::Zero {
            return self.push(step.event, What::Unanswered(producer));
        }
        if attempt > 1 {
            return self.push(step.event, What::SentAgain(batch));
        }
        let Some(Process::Producer(process)) = sim.world().process(producer) else { return };
        let mut sent = process.in_flight.iter().rev().flat_map(|request| &request.batches);
        let found = sent.find_map(|sent| sent.batch.as_ref().filter(|batch| batch.first() == first));
        if let Some(found) = found {
            let kind = (acks, process.transactions.is_some());
            let values = found.records.iter().map(|record| record.value);
            self.invoke(step.event, batch, to, kind, values);
        }
    }

    fn read(&mut self, sim: &Sim, step: &Step) {
        let Some(consumer) = step.node else { return };
        let Some(Process::Consumer(process)) = sim.world().process(consumer) else { return };
        for read in &process.last_step {
            let record =
                Written { epoch: read.epoch, producer: read.record.producer, value: read.record.value };
            let (partition, offset) = (read.partition, read.offset);
            self.push(step.event, What::Read { consumer, partition, offset, record });
        }
    }
}

fn key(step: &Step, first: u32) -> Option<BatchKey> {
    step.node.map(|producer| BatchKey { producer, first })
}

fn disordered(from: NodeId, to: NodeId) -> Option<What> {
    [from, to].into_iter().find(|id| id.kind() == NodeKind::Producer).map(What::Disordered)
}

fn is_client(id: NodeId) -> bool {
    matches!(id.kind(), NodeKind::Producer | NodeKind::Consumer)
}
