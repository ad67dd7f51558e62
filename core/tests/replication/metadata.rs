//! How metadata makes leaders and followers, and what clients are told.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{LeaderEpoch, NodeList, Offset, PartitionEpoch, Text};
use kraftscope_core::node::{Effect, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{PartitionChange, PartitionRegistration};
use kraftscope_core::replication::FetchState;
use kraftscope_core::wire::{Message, PartitionMetadata};

fn list(brokers: &[u8]) -> NodeList {
    NodeList::brokers(brokers)
}

/// Source: Partition.makeLeader, makeFollower: partitionEpoch guard (2.12, 3.3).
#[test]
fn metadata_older_than_what_is_known_is_skipped() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 1);
    lab.fetch_as(B2, B1, 1, Some(0));
    let (correlation, _) = lab.proposals()[0].clone();
    lab.accept(B1, correlation, &[1, 2], 5);
    let isr = Some(list(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.isr(B1), list(&[1, 2]));
    assert_eq!(lab.partition(B1).partition_epoch, PartitionEpoch(5));
}

/// Source: 2.12: a change that the AlterPartition answer brought already is applied once more without harm.
#[test]
fn the_record_of_an_accepted_change_is_applied_again_without_harm() {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.fetch_as(B2, B1, 0, None);
    let (correlation, _) = lab.proposals()[0].clone();
    lab.accept(B1, correlation, &[1, 2], 1);
    let before = lab.partition(B1).clone();
    let isr = Some(list(&[1, 2]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.partition(B1), &before);
}

/// Source: Partition.makeLeader: an equal partition epoch is applied, and a proposal made since is forgotten.
#[test]
fn the_record_of_an_accepted_change_ends_a_proposal_that_was_made_since() {
    let mut lab = Lab::with(Settings::default(), &[1, 2, 3], &[1], &[1]);
    lab.fetch_as(B2, B1, 0, None);
    let (correlation, _) = lab.proposals()[0].clone();
    lab.accept(B1, correlation, &[1, 2], 1);
    lab.fetch_as(B3, B1, 0, None);
    assert_eq!(lab.maximal_isr(B1), list(&[1, 2, 3]));
    let isr = Some(list(&[1, 2]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.maximal_isr(B1), list(&[1, 2]));
}

/// Source: ReplicaManager.applyDelta: deletions, leaders, followers (2.12).
#[test]
fn leaders_come_before_followers() {
    let mut lab = Lab::empty(Settings::default(), &[1, 2]);
    lab.image.partitions.insert(TP, PartitionRegistration::new(list(&[2, 1]), list(&[2, 1])));
    lab.image.partitions.insert(TP1, PartitionRegistration::new(list(&[1, 2]), list(&[1, 2])));
    lab.start(B1, Default::default());
    lab.publish();
    let epoch = LeaderEpoch(0);
    let leads = Note::BecameLeader { partition: TP1, epoch, epoch_start: Offset(0), hw: Offset(0) };
    let follows = Note::BecameFollower { partition: TP, epoch, leader: Some(B2), leo: Offset(0) };
    assert_eq!(lab.notes, [(B1, leads), (B1, follows)]);
}

/// Source: TopicDelta.localChanges, deletes: a replica that is not assigned any more loses its log.
#[test]
fn a_replica_that_is_not_assigned_any_more_is_deleted() {
    let mut lab = Lab::new(&[1, 2], &[2]);
    assert_eq!(lab.brokers[&B2].fetchers().len(), 1);
    let replicas = Some(list(&[1]));
    lab.change(PartitionChange { replicas, ..PartitionChange::default() });
    assert!(lab.brokers[&B2].partitions().is_empty());
    assert!(lab.brokers[&B2].disk.replicas.is_empty());
    assert!(lab.brokers[&B2].fetchers().is_empty());
}

/// Source: ReplicaManager.applyLocalFollowersDelta: the fetcher goes on while the leader epoch stays (2.12).
#[test]
fn an_isr_change_does_not_disturb_a_follower() {
    let mut lab = Lab::new(&[1, 2], &[2]);
    let before = lab.brokers[&B2].fetchers().clone();
    let isr = Some(list(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.brokers[&B2].fetchers(), &before);
    assert_eq!(lab.count_notes(B2, |note| matches!(note, Note::BecameFollower { .. })), 1);
}

/// Source: ReplicaManager.applyLocalFollowersDelta: isInControlledShutdown (2.12).
#[test]
fn a_stopping_broker_stops_fetching_what_it_is_out_of_sync_with() {
    let mut lab = Lab::new(&[1, 2], &[2]);
    lab.brokers.get_mut(&B2).unwrap().begin_controlled_shutdown();
    lab.change(PartitionChange::default());
    assert_eq!(lab.partition(B2).as_follower().unwrap().fetch, FetchState::Fetching);
    let isr = Some(list(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert_eq!(lab.partition(B2).as_follower().unwrap().fetch, FetchState::Idle);
    assert!(lab.brokers[&B2].fetchers().is_empty());
}

/// Source: ReplicaManager.applyLocalFollowersDelta: the leader's broker is not in the cluster image.
#[test]
fn an_unregistered_leader_is_not_fetched_from() {
    let mut lab = Lab::empty(Settings::default(), &[2]);
    lab.image.partitions.insert(TP, PartitionRegistration::new(list(&[1, 2]), list(&[1, 2])));
    lab.start(B2, Default::default());
    lab.publish();
    assert_eq!(lab.partition(B2).as_follower().unwrap().fetch, FetchState::Idle);
    assert_eq!(lab.partition(B2).as_follower().unwrap().leader, Some(B1));
}

/// Source: ReplicaManager.startup, startHighWatermarkCheckPointThread.
#[test]
fn a_booting_broker_starts_its_periodic_tasks() {
    let mut out = Out::new(0);
    let settings = std::sync::Arc::new(Settings::default());
    let disk = Default::default();
    let mut manager = kraftscope_core::replication::ReplicaManager::new(B1, settings, disk);
    manager.boot(kraftscope_core::time::Time::ZERO, &mut out);
    let armed: Vec<Timer> = out
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Arm(timer, _) => Some(*timer),
            _ => None,
        })
        .collect();
    assert_eq!(armed, [Timer::IsrCheck, Timer::HwCheckpoint]);
}

/// Source: KafkaApis.handleTopicMetadataRequest, MetadataCache.getAliveBrokers.
#[test]
fn clients_see_living_brokers_and_living_leaders() {
    let mut lab = Lab::new(&[1, 2], &[2]);
    lab.image.partitions.insert(TP1, PartitionRegistration::new(list(&[2, 1]), list(&[2])));
    lab.image.brokers.get_mut(&B1).unwrap().fenced = true;
    lab.publish();
    lab.outside.clear();
    lab.send(PRODUCER, B2, Message::MetadataRequest);
    let message = lab.outside.pop().unwrap().message;
    let Message::MetadataResponse(metadata) = message else { panic!("{message:?}") };
    assert_eq!(metadata.brokers, list(&[2, 3, 4]));
    assert_eq!(metadata.topics, [(TP.topic, Text::new("t").unwrap())]);
    let (leader_epoch, leader) = (LeaderEpoch(0), Some(B2));
    let first = PartitionMetadata { partition: TP, leader: None, leader_epoch };
    let second = PartitionMetadata { partition: TP1, leader, leader_epoch };
    assert_eq!(metadata.partitions, [first, second]);
}
