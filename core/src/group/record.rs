//! What a coordinator writes into `__consumer_offsets`, as records of an ordinary log.
//!
//! A fact is small: a record's key is `GROUP:KIND` and a member or partition, its value is a number. Facts that belong
//! together are one batch, which replication never tears. Keys, so that a person can read them in a log:
//!
//! | key | value | says |
//! |---|---|---|
//! | `g:o1.0` | offset | committed: partition 0 of topic 1 |
//! | `g:g` | generation | classic: the group; forgets what was said before |
//! | `g:l1-7` | protocol | classic: the leader, and how it deals out |
//! | `g:e`, `g:t` | epoch | KIP-848: the group's and its target assignment's |
//! | `g:m1-7` | epoch | a member; forgets what was said of it before |
//! | `g:q1-7` | epoch | its epoch before |
//! | `g:w1-7` | state | it has something to give up, or waits for others |
//! | `g:s1-7` | topic | it subscribed to this |
//! | `g:a1-7`, `g:r1-7` | partition | it has this; it must give this up |
//! | `g:y1-7`, `g:T1-7` | partition | its target begins; this is in it |
//! | `g:x1-7` | | it is gone |
//!
//! Source: `GroupCoordinatorRecordSerde`, `GroupCoordinatorRecordHelpers`; one record there is several here.
//!
//! Left out: compaction, tombstones of offsets, instance ids; topics by id.

use crate::id::{NodeId, Offset, Text, TopicId, TopicPartition};
use crate::record::Record;
use alloc::format;
use alloc::string::ToString;
use serde::{Deserialize, Serialize};

/// The most letters of a group's name: it has to fit into a key with a member's id.
pub const MOST_GROUP_LETTERS: usize = 10;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the table above says it")]
pub enum Kind {
    Offset(TopicPartition),
    Generation,
    Leader(Text),
    Epoch,
    TargetEpoch,
    Member(Text),
    Previous(Text),
    State(Text),
    Subscribed(Text),
    Assigned(Text),
    Revoking(Text),
    TargetOf(Text),
    Target(Text),
    Gone(Text),
}

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub kind: Kind,
    /// The number: an offset, an epoch, a topic, a partition.
    pub value: u32,
}

impl Fact {
    /// That `kind` has this value.
    pub const fn new(kind: Kind, value: u32) -> Fact {
        Fact { kind, value }
    }

    /// A fact about a partition.
    pub const fn of(kind: Kind, at: TopicPartition) -> Fact {
        Fact { kind, value: pack(at) }
    }

    /// A committed offset.
    pub fn offset(at: TopicPartition, offset: Offset) -> Fact {
        Fact { kind: Kind::Offset(at), value: u32::try_from(offset.0).unwrap_or(u32::MAX) }
    }

    /// The partition that the value names.
    pub const fn partition(self) -> TopicPartition {
        TopicPartition { topic: TopicId((self.value >> 16) as u8), partition: self.value as u16 }
    }

    /// The record, written by this coordinator for this group.
    pub fn encode(self, group: Text, coordinator: NodeId) -> Record {
        let (letter, member) = match self.kind {
            Kind::Offset(at) => {
                let key = format!("{group}:o{}.{}", at.topic.0, at.partition);
                return Record::new(short(&key), coordinator, self.value);
            }
            Kind::Generation => ('g', None),
            Kind::Epoch => ('e', None),
            Kind::TargetEpoch => ('t', None),
            Kind::Leader(member) => ('l', Some(member)),
            Kind::Member(member) => ('m', Some(member)),
            Kind::Previous(member) => ('q', Some(member)),
            Kind::State(member) => ('w', Some(member)),
            Kind::Subscribed(member) => ('s', Some(member)),
            Kind::Assigned(member) => ('a', Some(member)),
            Kind::Revoking(member) => ('r', Some(member)),
            Kind::TargetOf(member) => ('y', Some(member)),
            Kind::Target(member) => ('T', Some(member)),
            Kind::Gone(member) => ('x', Some(member)),
        };
        let member = member.map_or(alloc::string::String::new(), |id| id.to_string());
        let member = member.strip_prefix(MEMBER).unwrap_or(&member);
        Record::new(short(&format!("{group}:{letter}{member}")), coordinator, self.value)
    }

    /// The group and the fact that a record tells, if it is one of a coordinator.
    pub fn decode(record: &Record) -> Option<(Text, Fact)> {
        let (group, rest) = record.key.as_str().rsplit_once(':')?;
        let mut letters = rest.chars();
        let letter = letters.next()?;
        let rest = letters.as_str();
        let member = short(&format!("{MEMBER}{rest}"));
        let kind = match letter {
            'o' => {
                let (topic, partition) = rest.split_once('.')?;
                let topic = TopicId(topic.parse().ok()?);
                Kind::Offset(TopicPartition { topic, partition: partition.parse().ok()? })
            }
            'g' => Kind::Generation,
            'e' => Kind::Epoch,
            't' => Kind::TargetEpoch,
            'l' => Kind::Leader(member),
            'm' => Kind::Member(member),
            'q' => Kind::Previous(member),
            'w' => Kind::State(member),
            's' => Kind::Subscribed(member),
            'a' => Kind::Assigned(member),
            'r' => Kind::Revoking(member),
            'y' => Kind::TargetOf(member),
            'T' => Kind::Target(member),
            'x' => Kind::Gone(member),
            _ => return None,
        };
        Some((Text::new(group)?, Fact { kind, value: record.value }))
    }
}

/// What every member's id begins with; keys leave it out.
const MEMBER: &str = "consumer-";

/// The id of a member: Kafka appends a random UUID to the client's id, here it is a number.
pub fn member_id(consumer: NodeId, number: u32) -> Text {
    short(&format!("{MEMBER}{}-{}", consumer.number(), number % 100_000))
}

/// Keys are made to fit: names of groups are short ([`MOST_GROUP_LETTERS`]), so are members' ids.
fn short(text: &str) -> Text {
    Text::new(text).expect("a group's name has at most ten letters")
}

const fn pack(at: TopicPartition) -> u32 {
    (at.topic.0 as u32) << 16 | at.partition as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(kind: Kind, value: u32) -> Option<(Text, Fact)> {
        let group = Text::new("ten-lettrs").expect("short");
        Fact::decode(&Fact { kind, value }.encode(group, NodeId::broker(1)))
    }

    /// Source: GroupCoordinatorRecordSerdeTest.testDeserialize.
    #[test]
    fn a_fact_is_read_back_from_its_record() {
        let (group, member) = (Text::new("ten-lettrs"), member_id(NodeId::consumer(12), 98_765));
        let at = TopicPartition { topic: TopicId(19), partition: 199 };
        let assigned = Fact::of(Kind::Assigned(member), at);
        assert_eq!(group.zip(Some(assigned)), round(assigned.kind, assigned.value));
        assert_eq!(assigned.partition(), at);
        let offset = Fact::offset(at, Offset(5));
        assert_eq!(group.zip(Some(offset)), round(offset.kind, 5));
        assert_eq!(group.zip(Some(Fact::new(Kind::Generation, 3))), round(Kind::Generation, 3));
    }

    #[test]
    fn a_produced_record_tells_no_fact() {
        let record = |key| Record::new(Text::new(key).expect("short"), NodeId::producer(1), 1);
        assert_eq!(Fact::decode(&record("")), None);
        assert_eq!(Fact::decode(&record("user:42")), None);
    }
}
