//! What an administrator writes to ZooKeeper, at any broker: a new topic, a topic's setting, the end of a controller.
//!
//! The controller hears of it by its watches like everybody else. A topic is known by a number here, where Kafka's path
//! has its name; two administrators that take the same number at once read again.
//! Source: `AdminZkClient.createTopicWithAssignment`, `changeTopicConfig`, `AdminUtils.assignReplicasToBrokers`;
//! `zookeeper-shell` for deleting `/controller`.
//!
//! Left out: racks, policies, quotas, checks of names beyond "not empty", deletion, more partitions.

use super::KafkaController;
use super::thread::{Answers, Io};
use crate::id::{CallId, NODE_LIST_CAPACITY, NodeId, NodeList, Text, TopicId};
use crate::node::{Command, Out, Outcome};
use crate::note::Note;
use crate::record::TopicConfig;
use crate::wire::{ErrorCode, ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, Op, Path, ReplicaAssignment, TopicAssignment, ZooKeeperError};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A topic to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct NewTopic {
    name: Text,
    partitions: u16,
    replication_factor: u16,
    first_broker: Option<NodeId>,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Stage {
    /// Lists brokers and topics.
    List(NewTopic),
    /// Reads the names of the topics.
    ReadNames(NewTopic, Vec<NodeId>, Vec<TopicId>),
    /// Writes the topic.
    Create(NewTopic),
    /// Reads a topic's settings.
    ReadConfig(TopicId, TopicConfig, u32),
    /// Writes them.
    WriteConfig(TopicId, TopicConfig, u32),
    /// Deletes `/controller`.
    DeleteController,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Task {
    tag: u32,
    call: CallId,
    stage: Stage,
}

/// What administrators have asked for and is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Administrator {
    tasks: Vec<Task>,
}

impl KafkaController {
    /// Begins what an administrator asks for.
    pub(super) fn administrate(&mut self, call: CallId, command: Command, io: &mut Io<'_>) {
        match command {
            Command::CreateTopic { name, partitions, replication_factor, first_broker } => {
                let new = NewTopic { name, partitions, replication_factor, first_broker };
                match new.is_valid() {
                    Ok(()) => self.list(call, new, io),
                    Err(error) => io.out.reply(call, Outcome::Refused(error)),
                }
            }
            Command::ConfigureTopic { topic, key, value } => {
                let in_bounds = match key {
                    TopicConfig::MinInsyncReplicas => value >= 1,
                    TopicConfig::UncleanLeaderElectionEnable => value <= 1,
                };
                if !in_bounds {
                    return io.out.reply(call, Outcome::Refused(ErrorCode::InvalidConfig));
                }
                let requests = [
                    ZkRequest::GetData(Path::Topic(topic), false),
                    ZkRequest::GetData(Path::TopicConfig(topic), false),
                ];
                self.go_on(call, Stage::ReadConfig(topic, key, value), requests.into(), io);
            }
            _ => {
                let delete = Op::Delete(Path::Controller, None);
                self.go_on(call, Stage::DeleteController, [ZkRequest::Write(delete)].into(), io);
            }
        }
    }

    fn list(&mut self, call: CallId, new: NewTopic, io: &mut Io<'_>) {
        let requests =
            [ZkRequest::GetChildren(Path::BrokerIds, false), ZkRequest::GetChildren(Path::Topics, false)];
        self.go_on(call, Stage::List(new), requests.into(), io);
    }

    fn go_on(&mut self, call: CallId, stage: Stage, requests: Vec<ZkRequest>, io: &mut Io<'_>) {
        if requests.is_empty() {
            self.on_stage(call, stage, &Vec::new(), io);
            return;
        }
        let tag = self.thread.next_tag();
        self.admin.tasks.push(Task { tag, call, stage });
        io.zk.ask(io.now, tag, requests, io.out);
    }

    /// Answers to what an administrator has asked.
    pub(super) fn on_admin_answers(&mut self, tag: u32, answers: &Answers, io: &mut Io<'_>) {
        let Some(at) = self.admin.tasks.iter().position(|task| task.tag == tag) else { return };
        let Task { call, stage, .. } = self.admin.tasks.remove(at);
        self.on_stage(call, stage, answers, io);
    }

    fn on_stage(&mut self, call: CallId, stage: Stage, answers: &Answers, io: &mut Io<'_>) {
        match stage {
            Stage::List(new) => {
                let (Some(brokers), Some(topics)) = (children(answers, 0), children(answers, 1)) else {
                    return io.out.reply(call, Outcome::Refused(ErrorCode::UnknownServerError));
                };
                let brokers = brokers.iter().filter_map(|&path| broker_of(path)).collect();
                let topics: Vec<TopicId> = topics.iter().filter_map(|&path| topic_of(path)).collect();
                let requests = topics.iter().map(|&id| ZkRequest::GetData(Path::Topic(id), false)).collect();
                self.go_on(call, Stage::ReadNames(new, brokers, topics), requests, io);
            }
            Stage::ReadNames(new, brokers, topics) => match new.place(&brokers, &topics, answers, io.out) {
                Ok((topic, assignment)) => {
                    let config = Data::Config(Arc::new(Vec::new()));
                    let requests = [
                        create(Path::TopicConfig(topic), config),
                        create(Path::Topic(topic), Data::Topic(Arc::new(assignment))),
                    ];
                    self.go_on(call, Stage::Create(new), requests.into(), io);
                }
                Err(error) => io.out.reply(call, Outcome::Refused(error)),
            },
            Stage::Create(new) => match answers.last() {
                Some(Ok(_)) => io.out.reply(call, Outcome::Done),
                Some(Err(ZooKeeperError::NodeExists)) => self.list(call, new, io),
                _ => io.out.reply(call, Outcome::Refused(ErrorCode::UnknownServerError)),
            },
            Stage::ReadConfig(topic, key, value) => {
                self.configure(call, (topic, key, value), answers, io);
            }
            Stage::WriteConfig(topic, key, value) => {
                let done = answers.iter().all(Result::is_ok);
                if done {
                    io.out.note(Note::TopicConfigured { topic, key, value });
                }
                io.out.reply(call, done_or(done, ErrorCode::UnknownServerError));
            }
            Stage::DeleteController => {
                let done = answers.iter().all(Result::is_ok);
                io.out.reply(call, done_or(done, ErrorCode::InvalidRequest));
            }
        }
    }

    /// `changeTopicConfig`: the settings, then a notification for the brokers.
    fn configure(
        &mut self,
        call: CallId,
        (topic, key, value): (TopicId, TopicConfig, u32),
        answers: &Answers,
        io: &mut Io<'_>,
    ) {
        if !matches!(answers.first(), Some(Ok(_))) {
            return io.out.reply(call, Outcome::Refused(ErrorCode::UnknownTopicOrPartition));
        }
        let path = Path::TopicConfig(topic);
        let before = match answers.get(1) {
            Some(Ok(ZkReply::Data(Data::Config(config), _))) => Some(config.as_ref().clone()),
            Some(Ok(_)) => Some(Vec::new()),
            _ => None,
        };
        let exists = before.is_some();
        let mut config = before.unwrap_or_default();
        config.retain(|&(other, _)| other != key);
        config.push((key, value));
        config.sort_unstable();
        let data = Data::Config(Arc::new(config));
        let write = match exists {
            true => ZkRequest::Write(Op::SetData(path, data, None)),
            false => create(path, data),
        };
        let notify =
            Op::Create(Path::ConfigChange(0), Data::ChangedTopic(topic), CreateMode::PersistentSequential);
        let stage = Stage::WriteConfig(topic, key, value);
        self.go_on(call, stage, [write, ZkRequest::Write(notify)].into(), io);
    }
}

impl NewTopic {
    const fn is_valid(&self) -> Result<(), ErrorCode> {
        if self.name.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        if self.partitions == 0 {
            return Err(ErrorCode::InvalidPartitions);
        }
        if self.replication_factor == 0 {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        Ok(())
    }

    /// The next topic id, and where the replicas go.
    fn place(
        &self,
        brokers: &[NodeId],
        topics: &[TopicId],
        answers: &Answers,
        out: &mut Out,
    ) -> Result<(TopicId, TopicAssignment), ErrorCode> {
        let has_name = |answer: &Result<ZkReply, ZooKeeperError>| matches!(answer, Ok(ZkReply::Data(Data::Topic(topic), _)) if topic.name == self.name);
        if answers.iter().any(has_name) {
            return Err(ErrorCode::TopicAlreadyExists);
        }
        let factor = usize::from(self.replication_factor);
        if factor > brokers.len().min(NODE_LIST_CAPACITY as usize) {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        let next = topics.iter().max().map_or(Some(0), |last| last.0.checked_add(1));
        let topic = TopicId(next.ok_or(ErrorCode::InvalidRequest)?);
        let replicas = match self.first_broker {
            None => assign_replicas(brokers, self.partitions, self.replication_factor, out),
            Some(first) => {
                let start = brokers.iter().position(|&id| id == first);
                let start = start.ok_or(ErrorCode::InvalidReplicaAssignment)?;
                let from = |at: usize| {
                    brokers.iter().cycle().skip((start + at) % brokers.len()).take(factor).copied().collect()
                };
                (0..usize::from(self.partitions)).map(from).collect()
            }
        };
        let partitions = replicas.into_iter().map(ReplicaAssignment::of).collect();
        Ok((topic, TopicAssignment { name: self.name, partitions }))
    }
}

/// `assignReplicasToBrokersRackUnaware`: partition `p` begins at broker `start + p`; its other replicas stand `shift`
/// places further, and `shift` grows by one with each round over the brokers.
pub fn assign_replicas(
    brokers: &[NodeId],
    partitions: u16,
    replication_factor: u16,
    out: &mut Out,
) -> Vec<NodeList> {
    let count = brokers.len() as u32;
    let start = out.pick(count);
    let mut shift = out.pick(count);
    let mut assignments = Vec::with_capacity(usize::from(partitions));
    for partition in 0..u32::from(partitions) {
        if partition > 0 && partition % count == 0 {
            shift += 1;
        }
        let first = (partition + start) % count;
        let other = |j: u32| (first + 1 + (shift + j) % (count - 1)) % count;
        let others = (0..u32::from(replication_factor) - 1).map(other);
        assignments.push(core::iter::once(first).chain(others).map(|at| brokers[at as usize]).collect());
    }
    assignments
}

const fn done_or(done: bool, error: ErrorCode) -> Outcome {
    if done { Outcome::Done } else { Outcome::Refused(error) }
}

const fn create(path: Path, data: Data) -> ZkRequest {
    ZkRequest::Write(Op::Create(path, data, CreateMode::Persistent))
}

fn children(answers: &Answers, at: usize) -> Option<&Vec<Path>> {
    match answers.get(at) {
        Some(Ok(ZkReply::Children(paths, _))) => Some(paths),
        _ => None,
    }
}

const fn broker_of(path: Path) -> Option<NodeId> {
    if let Path::Broker(id) = path { Some(id) } else { None }
}

const fn topic_of(path: Path) -> Option<TopicId> {
    if let Path::Topic(id) = path { Some(id) } else { None }
}
