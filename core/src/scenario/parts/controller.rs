//! `component: controller`: the active controller's decisions.
//!
//! Broker 3 has broker epoch 1003 until it registers anew. The first command that is no seed starts the controller.

use super::active::Active;
use super::partition_change::{RECOVERY, registration, show_registration};
use super::{Component, Part, setup};
use crate::config::Settings;
use crate::id::{
    BrokerEpoch, Incarnation, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicId, TopicPartition,
};
use crate::node;
use crate::record::{LeaderRecoveryState, MetadataRecord, TopicConfig};
use crate::scenario::command::{
    Command, Verb, at_most, broker, list, number, one_of, or_none, small, span, truth,
};
use crate::scenario::words::{self, Names};
use crate::sim::genesis::MOST_PARTITIONS;
use crate::wire::{
    AlterPartitionRequest, BrokerHeartbeatRequest, BrokerRegistrationRequest, IsrProposal, Message,
};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "controller",
    about: "the active controller's decisions (QuorumController, ReplicationControlManager)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "broker ID... [fenced] [in-controlled-shutdown]",
            about: "Seed: registered brokers, unfenced unless said; broker 3 has broker epoch 1003.",
        },
        Verb {
            usage: "partition PARTITION replicas=LIST isr=LIST [leader=ID|none] [leader-epoch=N] \
                    [partition-epoch=N] [recovery=RECOVERED|RECOVERING] [removing=LIST] [adding=LIST] \
                    [elr=LIST] [last-known-elr=LIST]",
            about: "Seed: a partition, led by the first of its ISR unless said, epochs 0.",
        },
        Verb {
            usage: "config TOPIC KEY VALUE",
            about: "min.insync.replicas or unclean.leader.election.enable of a topic; a seed before the controller starts.",
        },
        Verb {
            usage: "create-topic NAME partitions=N replicas=N [first-broker=ID]",
            about: "Creates a topic; replicas are placed by the striped placer, or in ring order from that broker.",
        },
        Verb {
            usage: "register BROKER incarnation=N [previous-epoch=N]",
            about: "A BrokerRegistration request arrives.",
        },
        Verb {
            usage: "heartbeat BROKER [offset=N] [broker-epoch=N] [want-fence] [want-shut-down]",
            about: "A BrokerHeartbeat request arrives, of a broker that has applied everything unless said.",
        },
        Verb {
            usage: "alter-partition PARTITION from=BROKER isr=LIST [leader-epoch=N] [partition-epoch=N] \
                    [broker-epoch=N] [member-epochs=LIST] [recovery=RECOVERED|RECOVERING]",
            about: "An AlterPartition request arrives, with the present epochs unless said; a member epoch of -1 is not checked.",
        },
        Verb { usage: "elect PARTITION... [unclean]", about: "ElectLeaders, PREFERRED unless said." },
        Verb {
            usage: "reassign PARTITION LIST",
            about: "AlterPartitionReassignments: moves the partition to these brokers.",
        },
        Verb {
            usage: "cancel-reassignment PARTITION...",
            about: "AlterPartitionReassignments without a target.",
        },
        Verb { usage: "unregister BROKER...", about: "UnregisterBroker requests." },
        Verb {
            usage: "fence BROKER...",
            about: "Fences brokers, one after the other, as if their sessions had run out.",
        },
        Verb { usage: "advance SPAN", about: "Lets time pass; periodic tasks run." },
        Verb { usage: "fire TIMER", about: "Runs a periodic task now." },
        Verb { usage: "brokers", about: "Prints each registered broker: epoch, fenced, shutting down." },
        Verb { usage: "show [PARTITION...]", about: "Prints registrations." },
    ],
    new: || {
        Box::new(ControllerPart {
            settings: super::quorum_node::settings(),
            seeds: Vec::new(),
            names: Names::default(),
            active: None,
        })
    },
};

#[derive(Debug)]
struct ControllerPart {
    settings: Settings,
    seeds: Vec<MetadataRecord>,
    names: Names,
    active: Option<Active>,
}

/// The most records that a case may seed.
const MOST_SEEDS: usize = 2000;

impl Part for ControllerPart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        let is_setup = matches!(command.verb, "release" | "set" | "switch" | "broker" | "partition");
        if is_setup && self.active.is_some() {
            return Err(format!("'{}' comes too late: the controller has started", command.verb));
        }
        if self.seeds.len() > MOST_SEEDS {
            return Err(format!("more than {MOST_SEEDS} seeds"));
        }
        if setup::run(&mut self.settings, command)? {
            return Ok(String::new());
        }
        match (command.verb, self.active.is_some()) {
            ("broker", _) => self.seed_brokers(command)?,
            ("partition", _) => self.seed_partition(command)?,
            ("config", false) => {
                let (topic, key, value) = config(command, &self.names)?;
                self.seeds.push(MetadataRecord::Config { topic: Some(topic), key, value });
            }
            _ => {
                let seeds = &self.seeds;
                let active = self.active.get_or_insert_with(|| Active::new(self.settings, seeds));
                return run(active, &mut self.names, command);
            }
        }
        Ok(String::new())
    }
}

impl ControllerPart {
    fn seed_brokers(&mut self, command: &Command<'_>) -> Result<(), String> {
        let ids =
            command.positional().iter().filter(|word| !matches!(**word, "fenced" | "in-controlled-shutdown"));
        for id in ids {
            let broker = broker(id)?;
            let (incarnation, broker_epoch) = (Incarnation(u32::from(broker.0)), first_epoch(broker));
            let fenced = command.has("fenced");
            self.seeds.push(MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced });
            if command.has("in-controlled-shutdown") {
                self.seeds.push(MetadataRecord::BrokerRegistrationChange {
                    broker,
                    broker_epoch,
                    fenced: None,
                    in_controlled_shutdown: true,
                });
            }
        }
        Ok(())
    }

    fn seed_partition(&mut self, command: &Command<'_>) -> Result<(), String> {
        let text = command.at(0).unwrap_or_default();
        let name = words::short(text.rsplit_once('-').map_or(text, |(name, _)| name))?;
        if !self.names.0.contains(&name) {
            let topic = TopicId(at_most(u64::from(u8::MAX))(&self.names.0.len().to_string())? as u8);
            self.seeds.push(MetadataRecord::Topic { topic, name });
            self.names.0.push(name);
        }
        let partition = self.names.partition(text)?;
        let mut registration = registration(command)?;
        registration.leader_epoch = LeaderEpoch(command.or("leader-epoch", 0, small)?);
        registration.partition_epoch = PartitionEpoch(command.or("partition-epoch", 0, small)?);
        self.seeds.push(MetadataRecord::Partition { partition, registration });
        Ok(())
    }
}

/// The broker epoch that a seeded broker has.
const fn first_epoch(broker: NodeId) -> BrokerEpoch {
    BrokerEpoch(1000 + broker.0 as u64)
}

fn run(active: &mut Active, names: &mut Names, command: &Command<'_>) -> Result<String, String> {
    match command.verb {
        "show" => return show(active, names, command),
        "brokers" => return Ok(show_brokers(active)),
        "create-topic" => create_topic(active, names, command)?,
        "config" => {
            let (topic, key, value) = config(command, names)?;
            active.call(names, node::Command::ConfigureTopic { topic, key, value });
        }
        "register" => register(active, names, command)?,
        "heartbeat" => heartbeat(active, names, command)?,
        "alter-partition" => alter_partition(active, names, command)?,
        "elect" => {
            let unclean = command.has("unclean");
            for text in command.positional().iter().filter(|word| **word != "unclean") {
                let partition = any_partition(names, text)?;
                active.call(names, node::Command::ElectLeader { partition, unclean });
            }
        }
        "reassign" => {
            let partition = command.read(0, |text| any_partition(names, text))?;
            let target = Some(command.read(1, crate::scenario::command::brokers)?);
            active.call(names, node::Command::Reassign { partition, target });
        }
        "cancel-reassignment" => {
            for text in command.positional() {
                let partition = any_partition(names, text)?;
                active.call(names, node::Command::Reassign { partition, target: None });
            }
        }
        "unregister" => {
            for text in command.positional() {
                active.call(names, node::Command::UnregisterBroker(broker(text)?));
            }
        }
        "fence" => {
            for text in command.positional() {
                active.call(names, node::Command::FenceBroker(broker(text)?));
            }
        }
        "advance" => active.advance(names, command.read(0, span)?)?,
        _ => active.fire(names, command.read(0, words::timer)?),
    }
    Ok(active.told(names))
}

/// A partition that may not exist; its topic may be unknown too.
fn any_partition(names: &Names, text: &str) -> Result<TopicPartition, String> {
    names.partition(text).or_else(|wrong| {
        let (_, number) = text.rsplit_once('-').ok_or(wrong.clone())?;
        Ok(TopicPartition { topic: TopicId(u8::MAX), partition: number.parse().map_err(|_| wrong)? })
    })
}

fn config(command: &Command<'_>, names: &Names) -> Result<(TopicId, TopicConfig, u32), String> {
    let topic = command.read(0, |name| names.topic(name))?;
    match command.at(1) {
        Some("min.insync.replicas") => Ok((topic, TopicConfig::MinInsyncReplicas, command.read(2, small)?)),
        Some("unclean.leader.election.enable") => {
            Ok((topic, TopicConfig::UncleanLeaderElectionEnable, u32::from(command.read(2, truth)?)))
        }
        other => Err(format!(
            "'{}': write min.insync.replicas or unclean.leader.election.enable",
            other.unwrap_or_default()
        )),
    }
}

fn create_topic(active: &mut Active, names: &mut Names, command: &Command<'_>) -> Result<(), String> {
    let name = command.read(0, words::short)?;
    let create = node::Command::CreateTopic {
        name,
        partitions: command.need("partitions", at_most(u64::from(MOST_PARTITIONS)))? as u16,
        replication_factor: command.need("replicas", at_most(u64::from(u16::MAX)))? as u16,
        first_broker: command.maybe("first-broker", broker)?,
    };
    let is_new = !names.0.contains(&name);
    if is_new {
        names.0.push(name);
    }
    active.call(names, create);
    if is_new && active.controller.image().topic_named(name.as_str()).is_none() {
        names.0.pop();
    }
    Ok(())
}

fn register(active: &mut Active, names: &Names, command: &Command<'_>) -> Result<(), String> {
    let broker = command.read(0, broker)?;
    let request = BrokerRegistrationRequest {
        broker,
        incarnation: Incarnation(command.need("incarnation", small)?),
        previous_broker_epoch: command.maybe("previous-epoch", number)?.map(BrokerEpoch),
    };
    active.deliver(names, broker, Message::BrokerRegistrationRequest(request));
    Ok(())
}

fn epoch_of(active: &Active, broker: NodeId) -> BrokerEpoch {
    let known = active.controller.image().brokers.get(&broker);
    known.map_or(first_epoch(broker), |registration| registration.broker_epoch)
}

fn heartbeat(active: &mut Active, names: &Names, command: &Command<'_>) -> Result<(), String> {
    let broker = command.read(0, broker)?;
    let request = BrokerHeartbeatRequest {
        broker,
        broker_epoch: command.maybe("broker-epoch", number)?.map_or(epoch_of(active, broker), BrokerEpoch),
        current_metadata_offset: Some(Offset(command.or("offset", 1_000_000, number)?)),
        want_fence: command.has("want-fence"),
        want_shut_down: command.has("want-shut-down"),
    };
    active.deliver(names, broker, Message::BrokerHeartbeatRequest(request));
    Ok(())
}

fn alter_partition(active: &mut Active, names: &Names, command: &Command<'_>) -> Result<(), String> {
    let partition = command.read(0, |text| any_partition(names, text))?;
    let broker = command.need("from", broker)?;
    let now = active.controller.image().partitions.get(&partition).copied();
    let isr = command.need("isr", list(crate::scenario::command::broker))?;
    let epochs = command.maybe("member-epochs", list(or_none(number)))?;
    let member = |(place, id): (usize, &NodeId)| match &epochs {
        Some(epochs) => (*id, epochs.get(place).copied().flatten().map(BrokerEpoch)),
        None => (*id, Some(epoch_of(active, *id))),
    };
    let proposal = IsrProposal {
        partition,
        leader_epoch: command
            .maybe("leader-epoch", small)?
            .map_or(now.map(|now| now.leader_epoch).unwrap_or_default(), LeaderEpoch),
        new_isr: isr.iter().enumerate().map(member).collect(),
        leader_recovery_state: command.or("recovery", LeaderRecoveryState::Recovered, one_of(RECOVERY))?,
        partition_epoch: command
            .maybe("partition-epoch", small)?
            .map_or(now.map(|now| now.partition_epoch).unwrap_or_default(), PartitionEpoch),
    };
    let request = AlterPartitionRequest {
        broker,
        broker_epoch: command.maybe("broker-epoch", number)?.map_or(epoch_of(active, broker), BrokerEpoch),
        partitions: alloc::vec![proposal],
    };
    active.deliver(names, broker, Message::AlterPartitionRequest(request));
    Ok(())
}

fn show(active: &Active, names: &Names, command: &Command<'_>) -> Result<String, String> {
    let wanted: Result<Vec<TopicPartition>, String> =
        command.positional().iter().map(|text| names.partition(text)).collect();
    let wanted = wanted?;
    let shown = active.controller.image().partitions.iter();
    let shown = shown.filter(|(id, _)| wanted.is_empty() || wanted.contains(id)).map(|(id, registration)| {
        let fields = show_registration(registration);
        format!("{} {}", names.show(*id), fields.trim_start_matches("partition "))
    });
    Ok(shown.collect::<Vec<_>>().join("\n"))
}

fn show_brokers(active: &Active) -> String {
    let shown = active.controller.image().brokers.iter().map(|(id, registration)| {
        let fenced = if registration.fenced { "fenced" } else { "unfenced" };
        let stopping = if registration.in_controlled_shutdown { " in-controlled-shutdown" } else { "" };
        format!("{} broker-epoch={} {fenced}{stopping}", id.number(), registration.broker_epoch)
    });
    shown.collect::<Vec<_>>().join("\n")
}
