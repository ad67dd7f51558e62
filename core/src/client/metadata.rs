//! What a client knows of the cluster: brokers, topics, who leads what; and when to ask again.
//!
//! It does not know connections; it says when an update is due, [`super::network::NetworkClient`] asks for it.
//! Invariant: the leader epoch of a partition never goes back, unless a broker answers that it knows none.
//! Sources: `Metadata`, KIP-320 (epochs), KIP-580 (back-off), KIP-951 (leader hints).
//!
//! Left out: topics are never forgotten (nothing deletes them); every request asks for all topics.

use super::backoff::backoff;
use crate::config::Settings;
use crate::id::{LeaderEpoch, NodeId, NodeList, Text, TopicId, TopicPartition};
use crate::node::Out;
use crate::note::Note;
use crate::time::Time;
use crate::wire::{LeaderHint, MetadataResponse, PartitionMetadata};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Who leads a partition, and since which epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaderAndEpoch {
    /// The leader, if there is one.
    pub leader: Option<NodeId>,
    /// Its epoch; `None` when the broker that named the leader does not know it.
    pub epoch: Option<LeaderEpoch>,
}

/// A client's view of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metadata {
    /// Brokers of the latest answer; the bootstrap servers before the first.
    pub brokers: NodeList,
    /// Topics by id.
    pub topics: BTreeMap<TopicId, Text>,
    /// Leaders.
    pub partitions: BTreeMap<TopicPartition, LeaderAndEpoch>,
    /// Names of the topics that this client uses: while one is missing or leaderless, it asks again.
    pub wanted: Vec<Text>,
    /// How often a leader or a leader epoch changed (`updateVersion`).
    pub version: u32,
    need_update: bool,
    last_success: Option<Time>,
    /// Failed requests since the last answer.
    attempts: u32,
    /// Answers in a row that brought nothing new.
    equivalent: u32,
    /// No request before this moment: back-off of failures.
    allowed_at: Time,
    /// No request before this moment: back-off of answers that brought nothing new.
    allowed_at_equivalent: Time,
}

impl Metadata {
    /// Knows the bootstrap servers and nothing else.
    pub fn new(bootstrap: NodeList, wanted: Vec<Text>) -> Metadata {
        Metadata {
            brokers: bootstrap,
            topics: BTreeMap::new(),
            partitions: BTreeMap::new(),
            wanted,
            version: 0,
            need_update: true,
            last_success: None,
            attempts: 0,
            equivalent: 0,
            allowed_at: Time::ZERO,
            allowed_at_equivalent: Time::ZERO,
        }
    }

    /// Who leads `partition`, if anybody.
    pub fn leader(&self, partition: TopicPartition) -> Option<NodeId> {
        self.partitions.get(&partition).and_then(|known| known.leader)
    }

    /// The latest leader epoch of `partition`.
    pub fn leader_epoch(&self, partition: TopicPartition) -> Option<LeaderEpoch> {
        self.partitions.get(&partition).and_then(|known| known.epoch)
    }

    /// How many partitions `topic` has; 0 while unknown.
    pub fn partition_count(&self, topic: TopicId) -> u16 {
        self.partitions_of(topic).count() as u16
    }

    /// The partitions of `topic`, led or not.
    pub fn partitions_of(
        &self,
        topic: TopicId,
    ) -> impl Iterator<Item = (TopicPartition, LeaderAndEpoch)> + '_ {
        let first = TopicPartition { topic, partition: 0 };
        let last = TopicPartition { topic, partition: u16::MAX };
        self.partitions.range(first..=last).map(|(&partition, &known)| (partition, known))
    }

    /// The topic of this name.
    pub fn topic_named(&self, name: Text) -> Option<TopicId> {
        self.topics.iter().find(|&(_, &known)| known == name).map(|(&id, _)| id)
    }

    /// Asks for an update as soon as the back-off allows (`requestUpdate(false)`).
    pub fn request_update(&mut self) {
        self.need_update = true;
    }

    /// Asks for an update at once, because something new is wanted (`requestUpdateForNewTopics`).
    pub fn request_update_now(&mut self) {
        self.need_update = true;
        self.equivalent = 0;
        self.allowed_at = Time::ZERO;
        self.allowed_at_equivalent = Time::ZERO;
    }

    /// Knows only the bootstrap servers and the latest epochs, and asks for an update (`rebootstrap`).
    pub fn begin_anew(&mut self, bootstrap: NodeList) {
        self.brokers = bootstrap;
        self.partitions.values_mut().for_each(|known| known.leader = None);
        self.version = self.version.wrapping_add(1);
        self.need_update = true;
    }

    /// When the next update is due (`timeToNextUpdate`).
    pub fn next_update(&self, settings: &Settings) -> Time {
        let expires = match self.last_success {
            Some(time) if !self.need_update => time + settings.metadata_max_age,
            _ => Time::ZERO,
        };
        expires.max(self.allowed_at).max(self.allowed_at_equivalent)
    }

    /// A request failed, or was answered by a broker that knows no brokers yet (`failedUpdate`).
    pub fn failed_update(&mut self, settings: &Settings, now: Time, out: &mut Out) {
        self.equivalent = 0;
        self.allowed_at_equivalent = Time::ZERO;
        self.allowed_at =
            now + backoff(settings.retry_backoff, settings.retry_backoff_max, self.attempts, out);
        self.attempts = self.attempts.saturating_add(1);
    }

    /// An answer arrived (`update`).
    pub fn update(&mut self, response: &MetadataResponse, settings: &Settings, now: Time, out: &mut Out) {
        if response.brokers.is_empty() {
            return self.failed_update(settings, now, out);
        }
        // An update because of age starts the growth anew.
        let aged = self.last_success.is_some_and(|time| now.since(time) >= settings.metadata_max_age);
        self.equivalent = if aged { 1 } else { self.equivalent.saturating_add(1) };
        self.need_update = false;
        self.last_success = Some(now);
        self.attempts = 0;
        self.brokers = response.brokers;
        if self.merge(response, out) {
            self.equivalent = 0;
        }
        self.need_update |= self.is_incomplete(response);
        let (initial, max) = (settings.retry_backoff, settings.retry_backoff_max);
        self.allowed_at = now + backoff(initial, max, 0, out);
        self.allowed_at_equivalent = match self.equivalent.checked_sub(1) {
            Some(count) => now + backoff(initial, max, count, out),
            None => Time::ZERO,
        };
    }

    /// Takes over what is not older than what is known; returns whether there was anything new. An answer without an
    /// epoch is believed, and what was known of epochs is forgotten (`updateLatestMetadata`).
    pub fn merge(&mut self, response: &MetadataResponse, out: &mut Out) -> bool {
        self.topics.extend(response.topics.iter().copied());
        let mut anything_new = false;
        for &PartitionMetadata { partition, leader, leader_epoch } in &response.partitions {
            let known = self.partitions.get(&partition).copied();
            let known = known.and_then(|known| known.epoch);
            if leader_epoch.is_some() && known > leader_epoch {
                continue;
            }
            anything_new |= leader_epoch.is_none() || known < leader_epoch;
            self.learn(partition, LeaderAndEpoch { leader, epoch: leader_epoch }, out);
        }
        anything_new
    }

    /// A refusal named the leader (`updatePartitionLeadership`, KIP-951): believed when its epoch is newer.
    /// Returns whether it was.
    pub fn maybe_use_hint(&mut self, partition: TopicPartition, hint: LeaderHint, out: &mut Out) -> bool {
        let epoch = Some(hint.leader_epoch);
        let newer = self.partitions.get(&partition).is_some_and(|known| known.epoch < epoch);
        if newer {
            let news = LeaderAndEpoch { leader: Some(hint.leader), epoch };
            self.learn(partition, news, out);
        }
        newer
    }

    fn learn(&mut self, partition: TopicPartition, news: LeaderAndEpoch, out: &mut Out) {
        let old = self.partitions.insert(partition, news);
        if old != Some(news) {
            self.version = self.version.wrapping_add(1);
        }
        if old.is_some_and(|old| old.leader != news.leader) {
            let LeaderAndEpoch { leader, epoch: leader_epoch } = news;
            out.note(Note::MetadataUpdated { partition, leader, leader_epoch });
        }
    }

    /// A topic in use is missing, or one of its partitions has no leader (`LEADER_NOT_AVAILABLE`).
    fn is_incomplete(&self, response: &MetadataResponse) -> bool {
        let is_led = |topic| {
            let mut partitions = self.partitions_of(topic).peekable();
            partitions.peek().is_some() && partitions.all(|(_, known)| known.leader.is_some())
        };
        let complete =
            |wanted: &Text| response.topics.iter().any(|&(id, name)| name == *wanted && is_led(id));
        !self.wanted.iter().all(complete)
    }
}
