//! `component: zk-controller`: the controller of the ZooKeeper era.
//!
//! Brokers have sessions and znodes as the case says, and answer every request. The controller's own broker is the one
//! that `controller` names. Time does not pass but by `advance`.

use super::ensemble::Bench;
use super::{Component, Part, setup};
use crate::config::Settings;
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, NodeList, PartitionEpoch, TopicId, TopicPartition};
use crate::node;
use crate::record::{LeaderRecoveryState, TopicConfig};
use crate::scenario::command::{
    Command, Verb, at_most, broker, brokers, list, number, or_none, show_broker, small, span,
};
use crate::scenario::words::{self, Names};
use crate::sim::genesis::MOST_PARTITIONS;
use crate::wire::{
    AllocateProducerIdsRequest, AlterPartitionRequest, ControlMessage, ControlledShutdownRequest,
    IsrProposal, Message,
};
use crate::znode::{CreateMode, Data, Op, PartitionState, Path, ReplicaAssignment, TopicAssignment};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "zk-controller",
    about: "the controller of the ZooKeeper era (KafkaController and its state machines)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "controller BROKER",
            about: "Seed: on which broker this controller is; 1 unless said.",
        },
        Verb { usage: "start BROKER...", about: "Brokers create their znodes under /brokers/ids." },
        Verb { usage: "stop BROKER...", about: "Sessions end, and the znodes of these brokers go." },
        Verb { usage: "bounce BROKER...", about: "The same and back again before anybody has looked." },
        Verb {
            usage: "partition PARTITION replicas=LIST [isr=LIST] [leader=ID|none] [leader-epoch=N] \
                    [controller-epoch=N] [removing=LIST] [adding=LIST]",
            about: "Writes a partition's assignment and, with an ISR, its state; led by the first of its ISR unless said.",
        },
        Verb {
            usage: "run [quietly]",
            about: "The controller's broker has registered itself: it looks who is the controller. Quietly prints nothing.",
        },
        Verb {
            usage: "unclean TOPIC",
            about: "Writes that the topic allows unclean elections; the broker of the controller reads it.",
        },
        Verb {
            usage: "write-isr PARTITION isr=LIST [notify]",
            about: "The leader writes another ISR into the znode, and leaves a notification if asked.",
        },
        Verb {
            usage: "usurp BROKER",
            about: "`/controller` is deleted, and that broker creates it and raises the epoch.",
        },
        Verb {
            usage: "expire",
            about: "The session of the controller's broker is over, and it hears of it.",
        },
        Verb { usage: "hold", about: "ZooKeeper carries out and answers nothing more." },
        Verb { usage: "step", about: "It carries out and answers what was asked first." },
        Verb { usage: "go", about: "It does everything that has piled up, and goes on." },
        Verb { usage: "silence BROKER...", about: "These brokers do not answer." },
        Verb {
            usage: "disconnect BROKER...",
            about: "The connections to these brokers break; they answer again.",
        },
        Verb {
            usage: "alter-partition PARTITION from=BROKER isr=LIST [leader-epoch=N] [version=N] [broker-epoch=N]",
            about: "An AlterPartition request arrives, with the present epochs unless said.",
        },
        Verb { usage: "shut-down BROKER [broker-epoch=N]", about: "A ControlledShutdown request arrives." },
        Verb { usage: "allocate-ids BROKER", about: "An AllocateProducerIds request arrives." },
        Verb { usage: "elect PARTITION... [unclean]", about: "ElectLeaders, PREFERRED unless said." },
        Verb { usage: "reassign PARTITION LIST", about: "Moves the partition to these brokers." },
        Verb { usage: "cancel-reassignment PARTITION...", about: "Takes it back." },
        Verb {
            usage: "create-topic NAME partitions=N replicas=N [first-broker=ID]",
            about: "An administrator creates a topic.",
        },
        Verb { usage: "delete-controller", about: "An administrator deletes `/controller`." },
        Verb { usage: "advance SPAN", about: "Lets time pass." },
        Verb { usage: "show [PARTITION...]", about: "Prints what stands in the znodes of partitions." },
        Verb {
            usage: "who",
            about: "Prints `/controller`, `/controller_epoch`, and what this controller takes itself for.",
        },
    ],
    new: || {
        Box::new(ZkControllerPart {
            settings: Settings::of(crate::release::Release::V3_9),
            me: NodeId::broker(1),
            names: Names::default(),
            bench: None,
        })
    },
};

#[derive(Debug)]
struct ZkControllerPart {
    settings: Settings,
    me: NodeId,
    names: Names,
    bench: Option<Bench>,
}

impl Part for ZkControllerPart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        let is_setup = matches!(command.verb, "release" | "set" | "switch" | "controller");
        if is_setup && self.bench.is_some() {
            return Err(format!("'{}' comes too late: there is a cluster already", command.verb));
        }
        if setup::run(&mut self.settings, command)? {
            return Ok(String::new());
        }
        if command.verb == "controller" {
            self.me = command.read(0, broker)?;
            return Ok(String::new());
        }
        let bench = self.bench.get_or_insert_with(|| Bench::new(self.me, self.settings));
        act(bench, &mut self.names, command)?;
        match command.verb {
            "show" => show(bench, &self.names, command),
            "who" => Ok(who(bench)),
            _ => {
                bench.run(&self.names);
                let told = bench.told();
                Ok(if command.has("quietly") { String::new() } else { told })
            }
        }
    }
}

fn act(bench: &mut Bench, names: &mut Names, command: &Command<'_>) -> Result<(), String> {
    match command.verb {
        "start" | "stop" | "bounce" => sessions(bench, command)?,
        "partition" => partition(bench, names, command)?,
        "run" => bench.register(names),
        "unclean" => unclean(bench, names, command)?,
        "write-isr" => write_isr(bench, names, command)?,
        "usurp" => usurp(bench, command.read(0, broker)?)?,
        "expire" => bench.expire(names),
        "hold" => bench.held = true,
        "step" => bench.step(names),
        "go" => bench.held = false,
        "silence" => bench.silent = node_list(command)?,
        "disconnect" => {
            for id in node_list(command)?.iter() {
                bench.silent = bench.silent.without(id);
                bench.disconnect(id, names);
            }
        }
        "alter-partition" => alter_partition(bench, names, command)?,
        "shut-down" => {
            let broker = command.read(0, broker)?;
            let broker_epoch = command.maybe("broker-epoch", number)?.map(BrokerEpoch);
            let request = ControlledShutdownRequest { broker, broker_epoch };
            let message = ControlMessage::ControlledShutdownRequest(request);
            bench.deliver(broker, Message::Control(Box::new(message)), names);
        }
        "allocate-ids" => {
            let broker = command.read(0, broker)?;
            let request = AllocateProducerIdsRequest { broker, broker_epoch: epoch_of(bench, broker) };
            bench.deliver(broker, Message::AllocateProducerIdsRequest(request), names);
        }
        "elect" | "reassign" | "cancel-reassignment" | "create-topic" | "delete-controller" => {
            administrate(bench, names, command)?;
        }
        "advance" => bench.advance(command.read(0, span)?, names)?,
        _ => {}
    }
    Ok(())
}

fn node_list(command: &Command<'_>) -> Result<NodeList, String> {
    brokers(&command.positional().join(","))
}

/// The transaction that created a broker's znode.
fn epoch_of(bench: &Bench, broker: NodeId) -> BrokerEpoch {
    let node = bench.zk.tree().get(Path::Broker(broker));
    node.map_or(BrokerEpoch(0), |node| BrokerEpoch(node.stat.czxid.0))
}

fn sessions(bench: &mut Bench, command: &Command<'_>) -> Result<(), String> {
    for id in node_list(command)?.iter() {
        if command.verb != "start" {
            bench.zk.end_session(id);
        }
        if command.verb != "stop" {
            let data = Data::Broker { rack: None };
            bench.zk.write(id, Vec::from([Op::Create(Path::Broker(id), data, CreateMode::Ephemeral)]))?;
        }
    }
    Ok(())
}

fn partition(bench: &mut Bench, names: &mut Names, command: &Command<'_>) -> Result<(), String> {
    let text = command.at(0).unwrap_or_default();
    let name = words::short(text.rsplit_once('-').map_or(text, |(name, _)| name))?;
    let me = bench.me;
    if !names.0.contains(&name) {
        names.0.push(name);
    }
    let id = names.partition(text)?;
    let lists = |key| command.or(key, NodeList::EMPTY, brokers);
    let replicas = command.need("replicas", brokers)?;
    let assignment = ReplicaAssignment { replicas, adding: lists("adding")?, removing: lists("removing")? };
    let path = Path::Topic(id.topic);
    let known = match bench.zk.tree().get(path).map(|node| &node.data) {
        Some(Data::Topic(topic)) => Some(topic.partitions.clone()),
        _ => None,
    };
    let is_new = known.is_none();
    let mut partitions = known.unwrap_or_default();
    if partitions.len() != usize::from(id.partition) {
        return Err(format!("the next partition of {name} is number {}", partitions.len()));
    }
    partitions.push(assignment);
    let topic = Data::Topic(Arc::new(TopicAssignment { name, partitions }));
    let mut ops = Vec::from([match is_new {
        true => Op::Create(path, topic, CreateMode::Persistent),
        false => Op::SetData(path, topic, None),
    }]);
    if let Some(isr) = command.maybe("isr", brokers)? {
        let state = PartitionState {
            leader: command.or("leader", isr.first(), or_none(broker))?,
            leader_epoch: LeaderEpoch(command.or("leader-epoch", 0, small)?),
            isr,
            controller_epoch: command.or("controller-epoch", 0, small)?,
            recovery: LeaderRecoveryState::Recovered,
        };
        ops.push(Op::Create(Path::PartitionState(id), Data::State(state), CreateMode::Persistent));
    }
    bench.zk.write(me, ops)
}

fn unclean(bench: &mut Bench, names: &Names, command: &Command<'_>) -> Result<(), String> {
    let topic = command.read(0, |name| names.topic(name))?;
    let config = Data::Config(Arc::new(Vec::from([(TopicConfig::UncleanLeaderElectionEnable, 1)])));
    let me = bench.me;
    bench.zk.write(me, Vec::from([Op::Create(Path::TopicConfig(topic), config, CreateMode::Persistent)]))?;
    bench.unclean_enabled(topic, names);
    Ok(())
}

fn state_of(bench: &Bench, id: TopicPartition) -> Result<(PartitionState, u32), String> {
    bench.zk.tree().partition_state(id).ok_or_else(|| String::from("this partition has no znode yet"))
}

fn write_isr(bench: &mut Bench, names: &Names, command: &Command<'_>) -> Result<(), String> {
    let id = command.read(0, |text| names.partition(text))?;
    let (state, version) = state_of(bench, id)?;
    let leader = state.leader.ok_or("nobody leads this partition")?;
    let state = PartitionState { isr: command.need("isr", brokers)?, ..state };
    let path = Path::PartitionState(id);
    bench.zk.write(leader, Vec::from([Op::SetData(path, Data::State(state), Some(version))]))?;
    if command.has("notify") {
        let data = Data::Partitions(Arc::new(Vec::from([id])));
        let notice = Op::Create(Path::IsrChange(0), data, CreateMode::PersistentSequential);
        bench.zk.write(leader, Vec::from([notice]))?;
    }
    Ok(())
}

fn controller_epoch(bench: &Bench) -> u32 {
    match bench.zk.tree().get(Path::ControllerEpoch).map(|node| &node.data) {
        Some(Data::Epoch(epoch)) => *epoch,
        _ => 0,
    }
}

fn usurp(bench: &mut Bench, broker: NodeId) -> Result<(), String> {
    let epoch = Data::Epoch(controller_epoch(bench) + 1);
    bench.zk.write(broker, Vec::from([Op::Delete(Path::Controller, None)]))?;
    let create = Op::Create(Path::Controller, Data::Node(broker), CreateMode::Ephemeral);
    bench.zk.write(broker, Vec::from([create, Op::SetData(Path::ControllerEpoch, epoch, None)]))
}

/// A partition that may not exist.
fn any_partition(names: &Names, text: &str) -> Result<TopicPartition, String> {
    names.partition(text).or_else(|wrong| {
        let (_, number) = text.rsplit_once('-').ok_or(wrong.clone())?;
        Ok(TopicPartition { topic: TopicId(u8::MAX), partition: number.parse().map_err(|_| wrong)? })
    })
}

fn alter_partition(bench: &mut Bench, names: &Names, command: &Command<'_>) -> Result<(), String> {
    let partition = command.read(0, |text| any_partition(names, text))?;
    let from = command.need("from", broker)?;
    let now = bench.zk.tree().partition_state(partition);
    let present = |epoch: fn(&(PartitionState, u32)) -> u32| now.as_ref().map_or(0, epoch);
    let leader_epoch = command.or("leader-epoch", present(|(state, _)| state.leader_epoch.0), small)?;
    let isr = command.need("isr", list(broker))?;
    let proposal = IsrProposal {
        partition,
        leader_epoch: LeaderEpoch(leader_epoch),
        new_isr: isr.into_iter().map(|id| (id, None)).collect(),
        leader_recovery_state: LeaderRecoveryState::Recovered,
        partition_epoch: PartitionEpoch(command.or("version", present(|(_, version)| *version), small)?),
    };
    let epoch = command.maybe("broker-epoch", number)?.map(BrokerEpoch);
    let request = AlterPartitionRequest {
        broker: from,
        broker_epoch: epoch.unwrap_or_else(|| epoch_of(bench, from)),
        partitions: Vec::from([proposal]),
    };
    bench.deliver(from, Message::AlterPartitionRequest(request), names);
    Ok(())
}

fn administrate(bench: &mut Bench, names: &mut Names, command: &Command<'_>) -> Result<(), String> {
    match command.verb {
        "elect" => {
            let unclean = command.has("unclean");
            for text in command.positional().iter().filter(|word| **word != "unclean") {
                let partition = any_partition(names, text)?;
                bench.call(node::Command::ElectLeader { partition, unclean }, names);
            }
        }
        "reassign" => {
            let partition = command.read(0, |text| any_partition(names, text))?;
            let target = Some(command.read(1, brokers)?);
            bench.call(node::Command::Reassign { partition, target }, names);
        }
        "cancel-reassignment" => {
            for text in command.positional() {
                let partition = any_partition(names, text)?;
                bench.call(node::Command::Reassign { partition, target: None }, names);
            }
        }
        "create-topic" => {
            let name = command.read(0, words::short)?;
            if !names.0.contains(&name) {
                names.0.push(name);
            }
            let partitions = command.need("partitions", at_most(u64::from(MOST_PARTITIONS)))? as u16;
            let replication_factor = command.need("replicas", at_most(u64::from(u16::MAX)))? as u16;
            let first_broker = command.maybe("first-broker", broker)?;
            let create = node::Command::CreateTopic { name, partitions, replication_factor, first_broker };
            bench.call(create, names);
        }
        _ => bench.call(node::Command::Resign, names),
    }
    Ok(())
}

fn show(bench: &Bench, names: &Names, command: &Command<'_>) -> Result<String, String> {
    let wanted: Result<Vec<TopicPartition>, String> =
        command.positional().iter().map(|text| names.partition(text)).collect();
    let wanted = wanted?;
    let states = bench.zk.tree().partition_states();
    let shown =
        states.filter(|(id, ..)| wanted.is_empty() || wanted.contains(id)).map(|(id, state, version)| {
            format!(
                "{} leader={} isr={} leader-epoch={} version={version} controller-epoch={}",
                names.show(id),
                show_broker(state.leader),
                state.isr,
                state.leader_epoch,
                state.controller_epoch
            )
        });
    Ok(shown.collect::<Vec<_>>().join("\n"))
}

fn who(bench: &Bench) -> String {
    let named = match bench.zk.tree().get(Path::Controller).map(|node| &node.data) {
        Some(Data::Node(node)) => Some(*node),
        _ => None,
    };
    let epoch = controller_epoch(bench);
    let mine = if bench.controller.is_active() { "active" } else { "not active" };
    let mine_epoch = bench.controller.epoch();
    format!(
        "controller={} epoch={epoch}; {} is {mine} epoch={mine_epoch}",
        show_broker(named),
        bench.me.number()
    )
}
