//! Settings of topics: a broker reads them from ZooKeeper itself, when it first hosts a topic, and again whenever
//! `/config/changes` says that they have changed.
//!
//! Keeps: no replica leads before the settings of its topic are known here; `min.insync.replicas` decides what it may
//! commit.
//! Source: `ZkNodeChangeNotificationListener`, `ZkConfigManager`, `ReplicaManager.fetchLogConfig` (3.9).
//!
//! Left out: the purging of notifications that are older than 15 minutes.

use super::ZooKeeperPlane;
use super::asked::{Answer, Asked};
use super::cache;
use crate::id::TopicId;
use crate::metadata::image::Image;
use crate::node::Out;
use crate::record::TopicConfig;
use crate::replication::ReplicaManager;
use crate::time::Time;
use crate::wire::{LeaderAndIsrRequest, ZkReply, ZkRequest};
use crate::znode::{Data, Path, ZooKeeperError};
use crate::zookeeper::Tree;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct TopicConfigs {
    /// The topics whose settings were read.
    known: BTreeSet<TopicId>,
    /// The number of the first notification that was not read.
    next_change: u32,
}

impl ZooKeeperPlane {
    /// Reads the settings of every topic that has a log on the disk.
    pub(super) fn read_configs_of_logs(&mut self, now: Time, replicas: &ReplicaManager, out: &mut Out) {
        let topics: BTreeSet<TopicId> = replicas.disk.replicas.keys().map(|id| id.topic).collect();
        self.read_configs(now, topics.into_iter().collect(), Asked::Configs, out);
    }

    /// The topics of a request whose settings have to be read before.
    pub(super) fn topics_to_read(&self, request: &LeaderAndIsrRequest) -> Vec<TopicId> {
        let mut topics: Vec<TopicId> = request.partitions.iter().map(|info| info.partition.topic).collect();
        topics.dedup();
        topics.retain(|topic| !self.configs.known.contains(topic));
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    pub(super) fn read_configs(
        &mut self,
        now: Time,
        topics: Vec<TopicId>,
        asked: impl FnOnce(Vec<TopicId>) -> Asked,
        out: &mut Out,
    ) {
        if topics.is_empty() {
            return;
        }
        let read = |&topic: &TopicId| ZkRequest::GetData(Path::TopicConfig(topic), false);
        let requests = topics.iter().map(read).collect();
        self.ask(now, asked(topics), requests, out);
    }

    pub(super) fn on_configs(
        &mut self,
        now: Time,
        (topics, answers): (&[TopicId], &[Answer]),
        image: &mut Image,
        out: &mut Out,
    ) {
        let mut unread = Vec::new();
        for (&topic, answer) in topics.iter().zip(answers) {
            if *answer == Err(ZooKeeperError::SessionExpired) {
                unread.push(topic);
                continue;
            }
            self.configs.known.insert(topic);
            let known = cache::topic_of(image, topic);
            (known.min_insync_replicas, known.unclean_leader_election_enable) = (None, None);
            let Ok(ZkReply::Data(Data::Config(settings), _)) = answer else { continue };
            for &(key, value) in settings.iter() {
                match key {
                    TopicConfig::MinInsyncReplicas => known.min_insync_replicas = Some(value),
                    TopicConfig::UncleanLeaderElectionEnable => {
                        known.unclean_leader_election_enable = Some(value != 0);
                    }
                }
            }
            if known.unclean_leader_election_enable == Some(true) {
                self.controller.on_unclean_election_enabled(now, &mut self.client, topic, out);
            }
        }
        // They are read in the next session.
        self.read_configs(now, unread, Asked::Configs, out);
    }

    /// A setting that ZooKeeper holds and this broker does not know, although it has read every notification: who changed
    /// it died before it wrote one. It learns of it by the next change, or when it starts.
    pub fn missed_setting(&self, tree: &Tree, image: &Image) -> Option<(TopicId, TopicConfig, u32)> {
        let reads = |asked: &Asked| {
            matches!(
                asked,
                Asked::ConfigChanges | Asked::ChangedTopics(_) | Asked::Configs(_) | Asked::ConfigsBefore(..)
            )
        };
        let is_unread = |path| matches!(path, Path::ConfigChange(n) if n >= self.configs.next_change);
        let unread = tree.children(Path::ConfigChanges).any(|(path, _)| is_unread(path));
        if unread || self.asked.values().any(reads) {
            return None;
        }
        self.configs.known.iter().find_map(|&topic| {
            let Data::Config(settings) = &tree.get(Path::TopicConfig(topic))?.data else { return None };
            let known = image.topics.get(&topic)?;
            let is_known = |&&(key, value): &&(TopicConfig, u32)| match key {
                TopicConfig::MinInsyncReplicas => known.min_insync_replicas == Some(value),
                TopicConfig::UncleanLeaderElectionEnable => {
                    known.unclean_leader_election_enable == Some(value != 0)
                }
            };
            let &(key, value) = settings.iter().find(|setting| !is_known(setting))?;
            Some((topic, key, value))
        })
    }

    /// Reads the notifications, and wants to be told of the next one.
    pub(super) fn watch_configs(&mut self, now: Time, out: &mut Out) {
        let read = ZkRequest::GetChildren(Path::ConfigChanges, true);
        self.ask(now, Asked::ConfigChanges, vec![read], out);
    }

    pub(super) fn on_config_watch(&mut self, now: Time, path: Path, out: &mut Out) {
        if path == Path::ConfigChanges {
            self.watch_configs(now, out);
        }
    }

    pub(super) fn on_config_changes(&mut self, now: Time, answer: Option<&Answer>, out: &mut Out) {
        let Some(Ok(ZkReply::Children(children, _))) = answer else { return };
        let number = |path: &Path| match *path {
            Path::ConfigChange(number) => Some(number),
            _ => None,
        };
        let unread = |number: &u32| *number >= self.configs.next_change;
        let numbers: Vec<u32> = children.iter().filter_map(number).filter(unread).collect();
        let Some(&last) = numbers.iter().max() else { return };
        self.configs.next_change = last + 1;
        let read = |&number: &u32| ZkRequest::GetData(Path::ConfigChange(number), false);
        let requests = numbers.iter().map(read).collect();
        self.ask(now, Asked::ChangedTopics(numbers), requests, out);
    }

    pub(super) fn on_changed_topics(
        &mut self,
        now: Time,
        numbers: &[u32],
        answers: &[Answer],
        out: &mut Out,
    ) {
        let mut topics = BTreeSet::new();
        for (number, answer) in numbers.iter().zip(answers) {
            match answer {
                Ok(ZkReply::Data(Data::ChangedTopic(topic), _)) => {
                    topics.insert(*topic);
                }
                // It was not read before the session ended: the next one begins with it.
                Err(ZooKeeperError::SessionExpired) => {
                    self.configs.next_change = self.configs.next_change.min(*number);
                }
                _ => {}
            }
        }
        self.read_configs(now, topics.into_iter().collect(), Asked::Configs, out);
    }
}
