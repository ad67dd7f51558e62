//! What the simulator does by itself at the beginning: topics as soon as all brokers that run are unfenced, clients
//! as soon as the topics exist; and once more when a controller loses topics before they are committed, or refuses
//! them and a broker comes back. Like an administrator with a script; every move is an ordinary [`Action`].

use crate::id::{LeaderEpoch, NodeId, NodeKind, TopicId, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Command;
use crate::note::Note;
use crate::record::TopicConfig;
use crate::sim::action::Action;
use crate::sim::{Sim, Step};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How far the beginning has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Setup {
    /// Brokers that run are not all unfenced yet.
    #[default]
    WaitingForBrokers,
    /// Topics were asked of this controller, in this epoch of its, when so many were missing.
    CreatingTopics(NodeId, LeaderEpoch, u8),
    /// Everything runs, and what this controller was asked for in this epoch is not known to be committed.
    Settling(NodeId, LeaderEpoch),
    /// Everything runs.
    Done,
    /// ZooKeeper: as `CreatingTopics`, and it was refused: the member that was asked did not know all brokers yet.
    Refused(NodeId, LeaderEpoch, u8),
}

/// Whether somebody came who was missing when topics were refused.
fn unfences(step: &Step) -> bool {
    let comes = |note: &Note| matches!(note, Note::BrokerUnfenced { .. } | Note::BrokerNodeCreated { .. });
    step.notes.iter().any(comes)
}

/// Whether what was asked for was refused.
fn refuses(step: &Step) -> bool {
    step.notes.iter().any(|note| matches!(note, Note::CommandRefused { .. }))
}

/// Whether the controller of ZooKeeper mode learned of a broker: so has the member that it asks.
fn sees_broker(step: &Step) -> bool {
    step.notes.iter().any(|note| matches!(note, Note::BrokerStarted { .. }))
}

impl Sim {
    /// Whether topics exist and clients were started.
    pub fn is_set_up(&self) -> bool {
        matches!(self.setup, Setup::Settling(..) | Setup::Done)
    }

    /// The same, and what was created is committed: no election takes it back.
    pub fn is_set_up_for_good(&self) -> bool {
        self.setup == Setup::Done
    }

    pub(super) fn setup_progress(&mut self, step: &Step) {
        if self.setup == Setup::Done || step.node.is_none() || !self.pending.is_empty() {
            return;
        }
        let Some((controller, now, image)) = self.world.controller_and_image() else { return };
        match self.setup {
            Setup::WaitingForBrokers => {
                if self.brokers_are_ready(image) {
                    self.ask_for_topics(controller, now);
                }
            }
            Setup::CreatingTopics(asked, epoch, before) | Setup::Refused(asked, epoch, before) => {
                let missing = self.missing_topics(image).len();
                if missing == 0 && self.caches_are_filled() {
                    let configs = self.topic_settings(image);
                    self.pending.extend(configs.into_iter().map(|command| Action::Call(controller, command)));
                    let genesis = self.world.genesis.clone();
                    let producers = (1..=genesis.producers.len() as u8).map(NodeId::producer);
                    let consumers = (1..=genesis.consumers.len() as u8).map(NodeId::consumer);
                    self.pending.extend(producers.chain(consumers).map(Action::Start));
                    self.setup = Setup::Settling(controller, now);
                } else if (asked, epoch) != (controller, now)
                    || unfences(step)
                    || self.asks_for_next(missing, before)
                    || (matches!(self.setup, Setup::Refused(..)) && sees_broker(step))
                {
                    self.setup = Setup::WaitingForBrokers;
                } else if self.world.ensemble().is_some() && refuses(step) {
                    self.setup = Setup::Refused(asked, epoch, before);
                }
            }
            Setup::Settling(asked, epoch) => {
                if self.is_settled() {
                    self.setup = Setup::Done;
                } else if (asked, epoch) != (controller, now) {
                    self.setup = Setup::WaitingForBrokers;
                }
            }
            Setup::Done => {}
        }
    }

    /// Every broker that runs is unfenced, and there are enough for every topic.
    fn brokers_are_ready(&self, image: &Image) -> bool {
        let genesis = &self.world.genesis;
        let active = genesis.broker_ids().filter(|broker| image.is_active(*broker)).count();
        let topics = genesis.all_topics();
        let wanted = topics.iter().map(|topic| usize::from(topic.replicas)).max().unwrap_or(0);
        let all = self.world.of_kind(NodeKind::Broker).filter(|slot| slot.process.is_some()).count();
        active >= all.max(wanted) && self.controller_knows(image)
    }

    /// Every live broker on ZooKeeper can tell clients of all partitions: a topic is there before its partitions are, and
    /// those before UpdateMetadata. Clients that come sooner find a leader later, and groups may deal out nothing.
    fn caches_are_filled(&self) -> bool {
        let Some(ensemble) = self.world.ensemble() else { return true };
        let topics = self.world.genesis.all_topics();
        let fills = |image: &Image| {
            topics.iter().all(|spec| {
                let last = spec.partitions.saturating_sub(1);
                let id = image.topic_named(spec.name.as_str());
                let last = id.map(|topic| TopicPartition { topic, partition: last });
                last.is_some_and(|last| image.partitions.contains_key(&last))
            })
        };
        let mut live = ensemble.image().brokers.keys().filter_map(|id| self.world.process(*id)?.broker());
        live.all(|broker| fills(&broker.image))
    }

    /// The controller on ZooKeeper has heard of every broker that is registered: its member has, and an administrator
    /// who asks there finds them all.
    fn controller_knows(&self, image: &Image) -> bool {
        let controller = self.world.active_controller().and_then(|id| self.world.process(id)?.broker());
        let Some(plane) = controller.and_then(|broker| broker.zookeeper()) else { return true };
        let known = &plane.controller.context().live_brokers;
        image.brokers.keys().all(|broker| known.contains_key(broker))
    }

    fn ask_for_topics(&mut self, controller: NodeId, epoch: LeaderEpoch) {
        let Some((_, _, image)) = self.world.controller_and_image() else { return };
        let missing = self.missing_topics(image);
        let (count, at_once) = (missing.len(), self.topics_at_once());
        let wanted = missing.into_iter().take(at_once);
        self.pending.extend(wanted.map(|command| Action::Call(controller, command)));
        self.setup = Setup::CreatingTopics(controller, epoch, count as u8);
    }

    /// In ZooKeeper each topic is a race of writes of its own: one is asked for when the one before is there, so that
    /// topics have the numbers of their places.
    const fn topics_at_once(&self) -> usize {
        if self.world.ensemble().is_some() { 1 } else { usize::MAX }
    }

    fn asks_for_next(&self, missing: usize, before: u8) -> bool {
        self.world.ensemble().is_some() && missing < usize::from(before)
    }

    /// Some broker has replayed all topics with their settings, or ZooKeeper has them: they are committed.
    fn is_settled(&self) -> bool {
        let topics = self.world.genesis.all_topics();
        let knows_all = |image: &Image| {
            topics.iter().all(|spec| {
                let known = image.topic_named(spec.name.as_str()).and_then(|id| image.topics.get(&id));
                known.is_some_and(|known| {
                    known.min_insync_replicas.is_some() >= spec.min_insync_replicas.is_some()
                        && known.unclean_leader_election_enable.is_some()
                            >= spec.unclean_leader_election_enable.is_some()
                })
            })
        };
        if let Some(ensemble) = self.world.ensemble() {
            return knows_all(ensemble.image());
        }
        let mut brokers =
            self.world.of_kind(NodeKind::Broker).filter_map(|slot| slot.process.as_ref()?.broker());
        topics.is_empty() || brokers.any(|broker| knows_all(&broker.image))
    }

    fn missing_topics(&self, image: &Image) -> Vec<Command> {
        let topics = self.world.genesis.all_topics();
        let missing = topics.iter().filter(|topic| image.topic_named(topic.name.as_str()).is_none());
        missing
            .map(|topic| Command::CreateTopic {
                name: topic.name,
                partitions: topic.partitions,
                replication_factor: topic.replicas,
                first_broker: topic.first_broker.map(NodeId::broker),
            })
            .collect()
    }

    fn topic_settings(&self, image: &Image) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut set = |topic: TopicId, key, value: Option<u32>| {
            commands.extend(value.map(|value| Command::ConfigureTopic { topic, key, value }));
        };
        for spec in &self.world.genesis.topics {
            let Some(topic) = image.topic_named(spec.name.as_str()) else { continue };
            set(topic, TopicConfig::MinInsyncReplicas, spec.min_insync_replicas);
            let unclean = spec.unclean_leader_election_enable.map(u32::from);
            set(topic, TopicConfig::UncleanLeaderElectionEnable, unclean);
        }
        commands
    }
}
