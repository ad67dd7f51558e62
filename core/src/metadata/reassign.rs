//! A person moves a partition to other brokers, or takes that back.
//!
//! Source: `ReplicationControlManager.alterPartitionReassignment`, `changePartitionReassignment`,
//! `cancelPartitionReassignment` (KIP-455, KIP-860). It reads the image and adds to a decision. Keeps: what is asked
//! for becomes one record, which completes at once when nobody has to be waited for; the rest is done by whichever
//! change of the partition comes later.
//!
//! As in Kafka, a second reassignment that removes nobody, or adds nobody, keeps the list of the first one.
//!
//! Left out: throttles, directories, `allowReplicationFactorChange=false`.

use crate::config::Settings;
use crate::id::{NODE_LIST_CAPACITY, NodeId, NodeList, TopicPartition};
use crate::metadata::change::Election;
use crate::metadata::decision::Decision;
use crate::metadata::fencing::{Changing, builder};
use crate::metadata::image::Image;
use crate::metadata::reassignment::{Reassignment, Revert};
use crate::note::ChangeReason;
use crate::wire::ErrorCode;

/// `AlterPartitionReassignments` for one partition; without a `target` the one under way is cancelled.
///
/// # Errors
/// `UNKNOWN_TOPIC_OR_PARTITION`; `INVALID_REPLICA_ASSIGNMENT` when the target is empty, names a broker twice or one
/// that is not registered, or when cancelling would need an unclean election that is not allowed;
/// `NO_REASSIGNMENT_IN_PROGRESS`.
pub fn reassign(
    image: &Image,
    settings: &Settings,
    partition: TopicPartition,
    target: Option<&NodeList>,
    decision: &mut Decision,
) -> Result<(), ErrorCode> {
    let registration = image.partitions.get(&partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let mut builder = builder(image, settings, partition, registration, Changing::Nobody);
    let under_way = Reassignment::of(registration);
    if let Some(target) = target {
        validate(image, target)?;
        let members = registration.replicas.iter().filter(|&id| !target.contains(id)).count() as u32;
        if members + target.len() > NODE_LIST_CAPACITY {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        let to = Reassignment::between(&under_way.replicas, target);
        builder.election = Election::Online;
        builder.target_replicas = to.replicas;
        if !to.removing.is_empty() {
            builder.target_removing = to.removing;
        }
        if !to.adding.is_empty() {
            builder.target_adding = to.adding;
        }
    } else {
        if !under_way.is_in_progress() {
            return Err(ErrorCode::NoReassignmentInProgress);
        }
        let revert = Revert::of(registration).ok_or(ErrorCode::InvalidReplicaAssignment)?;
        if revert.unclean && builder.election != Election::Unclean {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        (builder.target_isr, builder.target_replicas) = (revert.isr, revert.replicas);
        (builder.target_removing, builder.target_adding) = (NodeList::EMPTY, NodeList::EMPTY);
    }
    if let Some(built) = builder.build() {
        decision.change(partition, registration, built, ChangeReason::Reassignment);
    }
    Ok(())
}

/// `validateManualPartitionAssignment`.
fn validate(image: &Image, target: &NodeList) -> Result<(), ErrorCode> {
    let named_once = |&id: &NodeId| target.iter().filter(|&other| other == id).count() == 1;
    let good = |id: NodeId| image.brokers.contains_key(&id) && named_once(&id);
    if target.is_empty() || !target.iter().all(good) {
        return Err(ErrorCode::InvalidReplicaAssignment);
    }
    Ok(())
}
