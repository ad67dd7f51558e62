//! What the simulator does by itself at the beginning: topics as soon as all brokers are unfenced, clients as soon
//! as the topics exist. Like an administrator with a script; every move is an ordinary [`Action`].

use crate::id::{NodeId, TopicId};
use crate::metadata::image::Image;
use crate::node::Command;
use crate::record::TopicConfig;
use crate::sim::action::Action;
use crate::sim::{Sim, Step};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How far the beginning has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Setup {
    /// Brokers are not all unfenced yet.
    #[default]
    WaitingForBrokers,
    /// Topics were asked of this controller.
    CreatingTopics(NodeId),
    /// Everything runs.
    Done,
}

impl Sim {
    /// Whether topics exist and clients were started.
    pub fn is_set_up(&self) -> bool {
        self.setup == Setup::Done
    }

    pub(super) fn setup_progress(&mut self, step: &Step) {
        if self.setup == Setup::Done || step.node.is_none() || !self.pending.is_empty() {
            return;
        }
        let Some(controller) = self.world.active_controller() else { return };
        let Some(control) = self.world.process(controller).and_then(|process| process.control()) else {
            return;
        };
        let image = control.image();
        match self.setup {
            Setup::WaitingForBrokers => {
                if self.world.genesis.broker_ids().all(|broker| image.is_active(broker)) {
                    self.ask_for_topics(controller);
                }
            }
            Setup::CreatingTopics(asked) => {
                if self.missing_topics(image).is_empty() {
                    let configs = self.topic_settings(image);
                    self.pending.extend(configs.into_iter().map(|command| Action::Call(controller, command)));
                    let genesis = self.world.genesis.clone();
                    let producers = (1..=genesis.producers.len() as u8).map(NodeId::producer);
                    let consumers = (1..=genesis.consumers.len() as u8).map(NodeId::consumer);
                    self.pending.extend(producers.chain(consumers).map(Action::Start));
                    self.setup = Setup::Done;
                } else if asked != controller {
                    self.ask_for_topics(controller);
                }
            }
            Setup::Done => {}
        }
    }

    fn ask_for_topics(&mut self, controller: NodeId) {
        let Some(control) = self.world.process(controller).and_then(|process| process.control()) else {
            return;
        };
        let missing = self.missing_topics(control.image());
        self.pending.extend(missing.into_iter().map(|command| Action::Call(controller, command)));
        self.setup = Setup::CreatingTopics(controller);
    }

    fn missing_topics(&self, image: &Image) -> Vec<Command> {
        let missing =
            self.world.genesis.topics.iter().filter(|topic| image.topic_named(topic.name.as_str()).is_none());
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
