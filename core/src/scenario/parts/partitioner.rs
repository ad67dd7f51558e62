//! `component: partitioner`: which partition a record goes to, through a producer's accumulator.

use super::raft::MOST_RECORDS;
use super::{Component, Part, setup};
use crate::client::accumulator::{ProducerRecord, RecordAccumulator};
use crate::client::metadata::Metadata;
use crate::client::partitioner::LoadStats;
use crate::config::Settings;
use crate::id::{LeaderEpoch, NodeId, NodeList, Text, TopicId, TopicPartition};
use crate::node::Out;
use crate::record::Record;
use crate::scenario::command::{Command, Verb, at_most, broker, list, number, or_none, small};
use crate::scenario::words;
use crate::time::Time;
use crate::wire::{MetadataResponse, PartitionMetadata};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "partitioner",
    about: "which partition a record goes to (KafkaProducer.partition, BuiltInPartitioner)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "topic leaders=LIST [seed=N]",
            about: "A topic with one partition per entry and its leader, `-1` for none; nothing is queued.",
        },
        Verb {
            usage: "send [N] [key=KEY] [partition=N]",
            about: "The application sends so many records; prints the partition of each.",
        },
        Verb { usage: "drain BROKER", about: "The sender takes what is queued for this broker." },
        Verb { usage: "queues", about: "Prints how many batches are queued for each partition." },
        Verb {
            usage: "weights LENGTH... [of=N]",
            about: "Prints the running sum of weights for queues of these lengths (-1: no leader), and nothing when all \
                    partitions are alike.",
        },
        Verb {
            usage: "weighed NUMBER...",
            about: "Prints the partition whose share of those weights holds each number.",
        },
    ],
    new: || Box::new(PartitionerPart { settings: Settings::default(), producer: None, load: None }),
};

const TOPIC: TopicId = TopicId(0);

#[derive(Debug)]
struct PartitionerPart {
    settings: Settings,
    producer: Option<Producer>,
    load: Option<LoadStats>,
}

#[derive(Debug)]
struct Producer {
    metadata: Metadata,
    accumulator: RecordAccumulator,
    out: Out,
    partitions: u16,
}

impl Part for PartitionerPart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        if setup::run(&mut self.settings, command)? {
            return Ok(String::new());
        }
        match command.verb {
            "topic" => {
                self.producer = Some(topic(&self.settings, command)?);
                return Ok(String::new());
            }
            "weights" => return self.weights(command),
            "weighed" => return self.weighed(command),
            _ => {}
        }
        let missing = || String::from("there is no topic yet: write 'topic leaders=…' first");
        let producer = self.producer.as_mut().ok_or_else(missing)?;
        match command.verb {
            "send" => send(producer, &self.settings, command),
            "drain" => {
                let node = command.read(0, broker)?;
                producer.accumulator.drain(node, &producer.metadata, &BTreeSet::new(), None, Time::ZERO);
                Ok(String::new())
            }
            _ => Ok(queues(producer)),
        }
    }
}

impl PartitionerPart {
    fn weights(&mut self, command: &Command<'_>) -> Result<String, String> {
        let mut queues = Vec::new();
        for (partition, text) in command.positional().iter().enumerate() {
            if let Some(length) = or_none(at_most(MOST_RECORDS))(text)? {
                queues.push((partition as u16, length as u32));
            }
        }
        let all = command.or("of", command.positional().len() as u32, small)?;
        self.load = LoadStats::of(&queues, all);
        Ok(self.load.as_ref().map_or(String::from("all alike"), |load| {
            format!("partitions={:?} cumulative={:?}", load.partitions, load.cumulative)
        }))
    }

    fn weighed(&self, command: &Command<'_>) -> Result<String, String> {
        let load = self.load.as_ref().ok_or("there are no weights: write 'weights …' first")?;
        let at = |text: &&str| {
            let number = small(text)?;
            Ok(load.partition_at(number).map_or(String::from("none"), |partition| partition.to_string()))
        };
        let found: Result<Vec<String>, String> = command.positional().iter().map(at).collect();
        Ok(found?.join(" "))
    }
}

fn topic(settings: &Settings, command: &Command<'_>) -> Result<Producer, String> {
    let leaders = command.need("leaders", list(or_none(broker)))?;
    if leaders.is_empty() || leaders.len() > 200 {
        return Err(String::from("leaders: write between 1 and 200"));
    }
    let brokers: NodeList = leaders.iter().flatten().fold(NodeList::EMPTY, |list, &id| {
        if list.len() < crate::id::NODE_LIST_CAPACITY { list.with(id) } else { list }
    });
    let mut metadata = Metadata::new(brokers, Vec::new());
    let partitions = leaders.iter().zip(0..).map(|(&leader, partition)| PartitionMetadata {
        partition: TopicPartition { topic: TOPIC, partition },
        leader,
        leader_epoch: Some(LeaderEpoch(0)),
    });
    let response = MetadataResponse {
        brokers,
        topics: alloc::vec![(TOPIC, Text::new("t").unwrap_or_default())],
        partitions: partitions.collect(),
    };
    let mut out = Out::new(command.or("seed", 1, number)?);
    metadata.update(&response, settings, Time::ZERO, &mut out);
    Ok(Producer {
        metadata,
        accumulator: RecordAccumulator::default(),
        out,
        partitions: leaders.len() as u16,
    })
}

fn send(producer: &mut Producer, settings: &Settings, command: &Command<'_>) -> Result<String, String> {
    let count = command.at(0).map_or(Ok(1), at_most(MOST_RECORDS))?;
    let key = command.or("key", Text::default(), words::short)?;
    let partition = command.maybe("partition", at_most(u64::from(producer.partitions) - 1))?;
    let mut went = Vec::new();
    for value in 0..count {
        let record = Record::new(key, NodeId::producer(1), value as u32);
        let what = ProducerRecord { topic: TOPIC, partition: partition.map(|n| n as u16), record };
        let place =
            producer.accumulator.append(what, &producer.metadata, settings, Time::ZERO, &mut producer.out);
        went.push(place.partition.to_string());
    }
    Ok(went.join(" "))
}

fn queues(producer: &Producer) -> String {
    let length = |partition| {
        let id = TopicPartition { topic: TOPIC, partition };
        producer.accumulator.queues.get(&id).map_or(0, |queue| queue.len())
    };
    let lengths: Vec<String> =
        (0..producer.partitions).map(|partition| length(partition).to_string()).collect();
    lengths.join(" ")
}
