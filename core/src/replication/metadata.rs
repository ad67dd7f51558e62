//! How replayed metadata becomes leaders and followers, and what clients are told of it.
//!
//! Keeps Kafka's order: deletions, then leaders, then followers; the fetcher of a follower is restarted only
//! when the leader epoch is new.
//! Source: `TopicDelta.localChanges`, `ReplicaManager.applyDelta`, `applyLocalLeadersDelta`,
//! `applyLocalFollowersDelta`, `KafkaApis.handleTopicMetadataRequest`.

use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Partition, Role};
use crate::id::{NodeList, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::record::PartitionRegistration;
use crate::time::Time;
use crate::wire::{MetadataResponse, PartitionMetadata};
use alloc::vec::Vec;

impl ReplicaManager {
    /// Committed metadata was replayed into `image`; these partitions changed.
    ///
    /// Not before this life of the broker has replayed its own registration (`initialCatchUpFuture`): historic
    /// registrations would make it lead in epochs whose records it may have lost, and spoil the epoch cache.
    pub fn apply(&mut self, now: Time, image: &Image, changed: &[TopicPartition], ctx: Ctx, out: &mut Out) {
        if self.rafts.is_some() {
            self.apply_groups(now, image, changed, out);
            return self.serve_held_back(now, image, out);
        }
        let mine = |id: TopicPartition, me| image.partitions.get(&id).filter(|p| p.replicas.contains(me));
        for &id in changed {
            if mine(id, self.me).is_none() {
                self.delete(image, id, out);
            }
        }
        for &id in changed {
            if let Some(registration) = mine(id, self.me).filter(|p| p.leader == Some(self.me)) {
                self.make_leader(now, image, id, registration, out);
            }
        }
        for &id in changed {
            if let Some(registration) = mine(id, self.me).filter(|p| p.leader != Some(self.me)) {
                self.make_follower(image, id, registration, out);
            }
        }
        self.complete_deletes(image, out);
        self.settle_fetchers(now, ctx, out);
        self.serve_held_back(now, image, out);
    }

    /// This broker is no replica of `id` any more: the log goes, too.
    pub(super) fn delete(&mut self, image: &Image, id: TopicPartition, out: &mut Out) {
        self.leave_fetcher(id);
        self.partitions.remove(&id);
        if self.disk.replicas.remove(&id).is_some() {
            self.complete_delayed_requests(image, id, out);
        }
    }

    pub(super) fn make_leader(
        &mut self,
        now: Time,
        image: &Image,
        id: TopicPartition,
        registration: &PartitionRegistration,
        out: &mut Out,
    ) {
        let Some(new_epoch) = self.is_new_epoch(id, registration) else { return };
        self.leave_fetcher(id);
        let features = &self.settings.features;
        let replica = self.disk.replicas.entry(id).or_default();
        let partition =
            self.partitions.entry(id).or_insert_with(|| Partition::hosted(registration, replica, features));
        partition.make_leader(registration, new_epoch, features, self.me, replica, now);
        if new_epoch {
            out.note(Note::BecameLeader {
                partition: id,
                epoch: registration.leader_epoch,
                epoch_start: replica.leo(),
                hw: partition.hw,
            });
        }
        // The ISR may be this replica alone. Before KAFKA-13091 a smaller ISR alone was no reason to look.
        let looks = new_epoch || self.settings.features.hw_after_isr_change;
        if looks && partition.maybe_increment_hw(id, replica.leo(), now, image, &self.settings, out) {
            self.complete_delayed_requests(image, id, out);
        }
    }

    pub(super) fn make_follower(
        &mut self,
        image: &Image,
        id: TopicPartition,
        registration: &PartitionRegistration,
        out: &mut Out,
    ) {
        let Some(new_epoch) = self.is_new_epoch(id, registration) else { return };
        let stops =
            self.shutting_down && (registration.leader.is_none() || !registration.isr.contains(self.me));
        let restarts = new_epoch && self.must_restart_fetcher(id, registration);
        if restarts || stops {
            self.leave_fetcher(id);
        }
        let features = &self.settings.features;
        let replica = self.disk.replicas.entry(id).or_default();
        let partition =
            self.partitions.entry(id).or_insert_with(|| Partition::hosted(registration, replica, features));
        partition.make_follower(registration);
        if !new_epoch {
            return;
        }
        let (epoch, leader) = (registration.leader_epoch, registration.leader);
        out.note(Note::BecameFollower { partition: id, epoch, leader, leo: replica.leo() });
        if let Some(leader) = leader.filter(|leader| restarts && !stops && image.brokers.contains_key(leader))
        {
            self.join_fetcher(id, leader, out);
        }
        self.complete_delayed_requests(image, id, out);
    }

    /// Whether `registration` begins a leader epoch here; `None` when something newer was applied already.
    fn is_new_epoch(&self, id: TopicPartition, registration: &PartitionRegistration) -> Option<bool> {
        let Some(known) = self.partitions.get(&id) else { return Some(true) };
        (registration.partition_epoch >= known.partition_epoch)
            .then_some(registration.leader_epoch > known.leader_epoch)
    }

    /// Whether a follower begins anew, and truncates, in this leader epoch. Today it always does. Before KIP-320
    /// it went on undisturbed with the leader that it knew, before KAFKA-7164 even if it had missed an epoch.
    fn must_restart_fetcher(&self, id: TopicPartition, registration: &PartitionRegistration) -> bool {
        let features = &self.settings.features;
        let Some(known) = self.partitions.get(&id) else { return true };
        let Some(following) = known.as_follower() else { return true };
        let fetches = !matches!(following.fetch, FetchState::Idle | FetchState::Failed);
        let knows_leader = following.leader == registration.leader && fetches;
        if !knows_leader || (features.fetch_checks_leader_epoch && features.truncation_on_missed_epoch) {
            return true;
        }
        let missed = registration.leader_epoch > known.leader_epoch.next();
        missed && features.truncation_on_missed_epoch
    }

    /// Takes a partition out of its fetcher, if it is in one.
    pub(super) fn leave_fetcher(&mut self, id: TopicPartition) {
        let Some(Role::Follower(following)) = self.partitions.get_mut(&id).map(|p| &mut p.role) else {
            return;
        };
        following.asked = None;
        following.fetch = FetchState::Idle;
        if let Some(fetcher) = following.leader.and_then(|leader| self.fetchers.get_mut(&leader)) {
            fetcher.remove(id);
        }
    }

    /// What clients are told: brokers that live, and for each partition its leader if that one lives.
    pub(super) fn describe(&self, image: &Image, out: &mut Out) -> MetadataResponse {
        let brokers = image.alive_brokers();
        let partitions = match self.rafts {
            Some(_) => image.partitions.keys().map(|&id| self.describe_group(image, id, out)).collect(),
            None => describe_partitions(image, &brokers),
        };
        let named = image.topics.iter().filter(|(_, topic)| !topic.name.is_empty());
        let topics = named.map(|(&id, topic)| (id, topic.name)).collect();
        MetadataResponse { brokers, topics, partitions }
    }
}

fn describe_partitions(image: &Image, brokers: &NodeList) -> Vec<PartitionMetadata> {
    let describe =
        |(&partition, registration): (&TopicPartition, &PartitionRegistration)| PartitionMetadata {
            partition,
            leader: registration.leader.filter(|&leader| brokers.contains(leader)),
            leader_epoch: Some(registration.leader_epoch),
        };
    image.partitions.iter().map(describe).collect()
}
