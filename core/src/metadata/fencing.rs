//! What fencing, unfencing and the shutdown of a broker do to partitions.
//!
//! Source: `ReplicationControlManager.handleBrokerFenced`, `handleBrokerUnfenced`,
//! `handleBrokerInControlledShutdown`, `handleBrokerShutdown`, `generateLeaderAndIsrUpdates`. It reads the image
//! and adds to a decision. Keeps: a fenced broker's record comes after the changes of its partitions, an
//! unfenced or stopping broker's before them; unfencing brings a broker into no ISR, it only looks at partitions
//! without a leader. With eligible leader replicas a broker that came back without having shut down cleanly leaves the
//! ELR as well: it may have lost committed records (KIP-966). Where partitions are Raft groups (kafkaraft) nobody leads
//! or follows by the controller's word, and nothing changes but the registration.

use crate::config::Settings;
use crate::id::{NodeId, NodeList, TopicPartition};
use crate::metadata::change::{Election, PartitionChangeBuilder};
use crate::metadata::decision::Decision;
use crate::metadata::image::Image;
use crate::mode::ReplicationPlane;
use crate::note::ChangeReason;
use crate::record::{MetadataRecord, PartitionRegistration};

/// The broker whose standing changes with this very decision, so that the image does not show it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changing {
    /// Nobody.
    Nobody,
    /// Not acceptable as a leader, and leaves the ISR.
    Leaves(NodeId),
    /// The same, and it is not eligible either: it did not shut down cleanly.
    LostRecords(NodeId),
    /// Acceptable as a leader, although the image still has it fenced.
    Joins(NodeId),
}

/// Fences `broker`: out of every ISR and leadership first, then its registration.
pub fn fence(
    image: &Image,
    settings: &Settings,
    broker: NodeId,
    reason: ChangeReason,
    decision: &mut Decision,
) {
    leave_isrs(image, settings, broker, reason, decision);
    registration_change(image, broker, Some(true), false, decision);
}

/// Unfences `broker`; partitions without a leader may get it as theirs.
pub fn unfence(image: &Image, settings: &Settings, broker: NodeId, decision: &mut Decision) {
    registration_change(image, broker, Some(false), false, decision);
    if settings.replication == ReplicationPlane::Raft {
        return;
    }
    for (&partition, registration) in image.partitions.iter().filter(|(_, p)| p.leader.is_none()) {
        let changing = Changing::Joins(broker);
        let builder = builder(image, settings, partition, registration, changing);
        if let Some(built) = builder.build() {
            decision.change(partition, registration, built, ChangeReason::Unfenced);
        }
    }
}

/// Begins the controlled shutdown of `broker`: its registration first, then out of every ISR and leadership.
pub fn begin_controlled_shutdown(
    image: &Image,
    settings: &Settings,
    broker: NodeId,
    decision: &mut Decision,
) {
    if image.brokers.get(&broker).is_some_and(|registration| !registration.in_controlled_shutdown) {
        registration_change(image, broker, None, true, decision);
    }
    leave_isrs(image, settings, broker, ChangeReason::ControlledShutdown, decision);
}

/// Another life of `broker` registers; what the one before leaves behind depends on how it ended.
pub fn clean_up(image: &Image, settings: &Settings, broker: NodeId, clean: bool, decision: &mut Decision) {
    let changing = if settings.features.elr && !clean {
        Changing::LostRecords(broker)
    } else {
        Changing::Leaves(broker)
    };
    leave(image, settings, changing, |p| p.isr.contains(broker), ChangeReason::Restarted, decision);
    if changing == Changing::LostRecords(broker) {
        leave(image, settings, changing, |p| p.elr.contains(broker), ChangeReason::Restarted, decision);
    }
}

/// Forgets `broker`: out of every ISR, then out of every ELR, then its registration (`handleBrokerUnregistered`).
/// A replica in the ELR stays there, as in Kafka: nothing is asked for but a valid leader.
pub fn unregister(image: &Image, settings: &Settings, broker: NodeId, decision: &mut Decision) {
    let (changing, reason) = (Changing::Leaves(broker), ChangeReason::Unregistered);
    leave(image, settings, changing, |p| p.isr.contains(broker), reason, decision);
    leave(image, settings, changing, |p| p.elr.contains(broker), reason, decision);
    if let Some(registration) = image.brokers.get(&broker) {
        let broker_epoch = registration.broker_epoch;
        decision.record(MetadataRecord::UnregisterBroker { broker, broker_epoch });
    }
}

/// Takes `broker` out of every ISR and every leadership. Without ELR the last member stays in its ISR.
fn leave_isrs(
    image: &Image,
    settings: &Settings,
    broker: NodeId,
    reason: ChangeReason,
    decision: &mut Decision,
) {
    leave(image, settings, Changing::Leaves(broker), |p| p.isr.contains(broker), reason, decision);
}

/// `generateLeaderAndIsrUpdates` for the partitions that `concerns` names.
fn leave(
    image: &Image,
    settings: &Settings,
    changing: Changing,
    concerns: impl Fn(&PartitionRegistration) -> bool,
    reason: ChangeReason,
    decision: &mut Decision,
) {
    if settings.replication == ReplicationPlane::Raft {
        return;
    }
    for (&partition, registration) in image.partitions.iter().filter(|(_, p)| concerns(p)) {
        if let Some(built) = builder(image, settings, partition, registration, changing).build() {
            decision.change(partition, registration, built, reason);
        }
    }
}

/// A builder whose acceptable leaders are the active replicas, whose election is unclean where the topic allows that,
/// and whose target ISR lacks who leaves.
pub fn builder<'a>(
    image: &Image,
    settings: &'a Settings,
    partition: TopicPartition,
    registration: &PartitionRegistration,
    changing: Changing,
) -> PartitionChangeBuilder<'a> {
    let acceptable = |&replica: &NodeId| match changing {
        Changing::Leaves(broker) | Changing::LostRecords(broker) if broker == replica => false,
        Changing::Joins(broker) if broker == replica => true,
        _ => image.is_active(replica),
    };
    let acceptable: NodeList = registration.replicas.iter().filter(acceptable).collect();
    let min_isr = image.topic_min_isr(partition.topic, settings);
    let mut builder = PartitionChangeBuilder::new(*registration, acceptable, min_isr, &settings.features);
    if image.unclean_election_enabled(partition.topic, settings.unclean_leader_election_enable) {
        builder.election = Election::Unclean;
    }
    match changing {
        Changing::Nobody | Changing::Joins(_) => {}
        Changing::Leaves(broker) => builder.target_isr = registration.isr.without(broker),
        Changing::LostRecords(broker) => {
            builder.target_isr = registration.isr.without(broker);
            builder.unclean_shutdown = NodeList::of(&[broker]);
        }
    }
    builder
}

/// Whether `broker` leads a partition by the controller's word (`BrokersToIsrs.hasLeaderships`).
pub fn has_leaderships(image: &Image, settings: &Settings, broker: NodeId) -> bool {
    settings.replication == ReplicationPlane::Isr
        && image.partitions.values().any(|registration| registration.leader == Some(broker))
}

fn registration_change(
    image: &Image,
    broker: NodeId,
    fenced: Option<bool>,
    in_controlled_shutdown: bool,
    decision: &mut Decision,
) {
    if let Some(registration) = image.brokers.get(&broker) {
        let broker_epoch = registration.broker_epoch;
        decision.record(MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced,
            in_controlled_shutdown,
        });
    }
}
