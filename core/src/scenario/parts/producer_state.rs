//! `component: producer-state`: what one replica remembers of idempotent producers.

use super::raft::MOST_RECORDS;
use super::{Component, Part};
use crate::id::{LeaderEpoch, NodeId, Offset, Text, TopicId, TopicPartition};
use crate::record::{Entry, Record};
use crate::replication::producer_state::{ProducerStateEntry, Verdict};
use crate::replication::{ReplicaDisk, ReplicaLog};
use crate::scenario::command::{Command, Verb, at_most, number, small, span};
use crate::sequence::{ProducerEpoch, ProducerId, ProducerIdAndEpoch, Sequence, Stamp};
use crate::time::Time;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "producer-state",
    about: "what a replica remembers of idempotent producers (ProducerStateManager)",
    verbs: &[
        Verb { usage: "log", about: "Starts anew with an empty log." },
        Verb {
            usage: "append producer=ID epoch=N sequence=N [count=N] [replicated]",
            about: "A batch whose first record has that sequence number: a leader judges it and appends it if it is new; a \
                    follower appends what is `replicated`. Prints the error, the offset of the first record, and \
                    `duplicate` if it was there already.",
        },
        Verb {
            usage: "truncate OFFSET",
            about: "The log is cut, and the state made anew from what is left.",
        },
        Verb {
            usage: "restart [clean]",
            about: "The broker starts again; after a clean shutdown from a snapshot.",
        },
        Verb { usage: "advance SPAN", about: "Lets time pass." },
        Verb { usage: "expire SPAN", about: "Forgets producers that have been silent for so long." },
        Verb {
            usage: "show",
            about: "Prints each producer: epoch, and its last batches as `FIRST-LAST@OFFSET` (sequence numbers, first offset).",
        },
    ],
    new: || Box::new(ProducerStatePart::new()),
};

const TP: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
/// The most records that one case may append.
const MOST: u64 = 20 * MOST_RECORDS;

#[derive(Debug)]
struct ProducerStatePart {
    disk: ReplicaDisk,
    now: Time,
}

impl Part for ProducerStatePart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        match command.verb {
            "log" => *self = ProducerStatePart::new(),
            "append" => return self.append(command),
            "truncate" => {
                let to = Offset(command.read(0, number)?);
                self.replica().truncate_to(to);
            }
            "restart" => {
                if command.has("clean") {
                    let end = self.replica().leo();
                    self.disk.shut_down_cleanly([(TP, end)]);
                }
                self.disk.load();
            }
            "advance" => self.now += command.read(0, span)?,
            "expire" => {
                let (now, limit) = (self.now, command.read(0, span)?);
                self.replica().producers.remove_expired(now, limit);
            }
            _ => return Ok(self.show()),
        }
        Ok(String::new())
    }
}

impl ProducerStatePart {
    fn new() -> ProducerStatePart {
        let disk = ReplicaDisk { replicas: BTreeMap::from([(TP, ReplicaLog::default())]) };
        ProducerStatePart { disk, now: Time(1_000_000) }
    }

    fn replica(&mut self) -> &mut ReplicaLog {
        self.disk.replicas.entry(TP).or_default()
    }

    fn append(&mut self, command: &Command<'_>) -> Result<String, String> {
        let producer = ProducerIdAndEpoch {
            producer_id: ProducerId(command.need("producer", small)?),
            epoch: ProducerEpoch(command.need("epoch", at_most(u64::from(ProducerEpoch::MAX.0)))? as u16),
        };
        let base = Sequence(command.need("sequence", at_most(u64::from(Sequence::MAX.0)))? as u32);
        let count = command.or("count", 1, at_most(MOST_RECORDS))?.max(1) as u32;
        let now = self.now;
        let replica = self.replica();
        if replica.leo().0 > MOST {
            return Err(format!("more than {MOST} records"));
        }
        if !command.has("replicated") {
            match replica.producers.check(producer, base, count) {
                Verdict::New => {}
                Verdict::Duplicate(batch) => {
                    return Ok(format!("NONE offset={} duplicate", batch.first_offset()));
                }
                Verdict::Refused { error, expected, epoch } => {
                    return Ok(format!("{} expected={} epoch={}", error.name(), expected.0, epoch.0));
                }
            }
        }
        let first = replica.leo();
        for index in 0..count {
            let mut body = Record::new(Text::default(), NodeId::producer(1), index);
            body.stamp = Stamp::of(producer, base, index as u16);
            replica.append(Entry { epoch: LeaderEpoch(0), body }, now);
        }
        Ok(format!("NONE offset={first}"))
    }

    fn show(&mut self) -> String {
        let line = |(id, entry): (&ProducerId, &ProducerStateEntry)| {
            let batches: Vec<String> = entry
                .batches()
                .iter()
                .map(|batch| {
                    format!("{}-{}@{}", batch.first_sequence().0, batch.last_sequence.0, batch.first_offset())
                })
                .collect();
            format!("producer={} epoch={} batches=[{}]", id.0, entry.epoch.0, batches.join(", "))
        };
        let lines: Vec<String> = self.replica().producers.producers().iter().map(line).collect();
        if lines.is_empty() { String::from("none") } else { lines.join("\n") }
    }
}
