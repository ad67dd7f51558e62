//! A leader asks for another ISR: which proposals are accepted, and which error the others get.
//!
//! Source: `ReplicationControlManager.alterPartition`, `validateAlterPartitionData`; KIP-497, 841, 903. It reads
//! the image and adds to a decision. Keeps: the order of the checks. A request that is *ahead* of the image is
//! answered `NOT_CONTROLLER`, for it is this controller that is stale.
//!
//! An accepted change that completes a reassignment and takes the leadership from the sender is written *and* answered
//! with `NEW_LEADER_ELECTED`.
//!
//! Left out: versions below 3 of the request.

use crate::config::Settings;
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, NodeList, PartitionEpoch};
use crate::metadata::decision::Decision;
use crate::metadata::fencing::{Changing, builder};
use crate::metadata::image::Image;
use crate::note::{ChangeReason, Note};
use crate::record::{LeaderRecoveryState, PartitionRegistration};
use crate::switches::Features;
use crate::wire::{AlterPartitionRequest, ErrorCode, IsrAnswer, IsrProposal};
use alloc::vec::Vec;

/// Decides every proposal of a request whose sender's broker epoch is right.
pub fn alter_partitions(
    image: &Image,
    settings: &Settings,
    request: &AlterPartitionRequest,
    decision: &mut Decision,
) -> Vec<IsrAnswer> {
    let broker = request.broker;
    let mut answers = Vec::with_capacity(request.partitions.len());
    for proposal in &request.partitions {
        let partition = proposal.partition;
        answers.push(match validate(image, &settings.features, broker, proposal) {
            Ok(registration) => accept(image, settings, proposal, &registration, decision),
            Err(error) => {
                decision.note(Note::AlterPartitionRefused { partition, broker, error });
                refusal(proposal, error)
            }
        });
    }
    answers
}

/// The answer to a proposal that is refused with `error`.
pub fn refusal(proposal: &IsrProposal, error: ErrorCode) -> IsrAnswer {
    IsrAnswer {
        partition: proposal.partition,
        error,
        leader: None,
        leader_epoch: LeaderEpoch(0),
        isr: NodeList::EMPTY,
        leader_recovery_state: LeaderRecoveryState::Recovered,
        partition_epoch: PartitionEpoch(0),
    }
}

fn accept(
    image: &Image,
    settings: &Settings,
    proposal: &IsrProposal,
    registration: &PartitionRegistration,
    decision: &mut Decision,
) -> IsrAnswer {
    let partition = proposal.partition;
    let mut builder = builder(image, settings, partition, registration, Changing::Nobody);
    builder.target_isr = proposal.new_isr.iter().map(|&(id, _)| id).collect();
    builder.target_recovery = proposal.leader_recovery_state;
    let built = builder.build();
    let after = match built {
        Some(built) => decision.change(partition, registration, built, ChangeReason::AlterPartition),
        None => *registration,
    };
    // The change has completed a reassignment, and the sender leads no more: the record is written, and it must learn
    // from the metadata what has become of the partition.
    if built.is_some_and(|built| built.change.leader.is_some()) && after.leader != registration.leader {
        return refusal(proposal, ErrorCode::NewLeaderElected);
    }
    IsrAnswer {
        partition,
        error: ErrorCode::None,
        leader: after.leader,
        leader_epoch: after.leader_epoch,
        isr: after.isr,
        leader_recovery_state: after.recovery,
        partition_epoch: after.partition_epoch,
    }
}

/// The registration to change, or the first error in Kafka's order of checks.
fn validate(
    image: &Image,
    features: &Features,
    sender: NodeId,
    proposal: &IsrProposal,
) -> Result<PartitionRegistration, ErrorCode> {
    if !image.topics.contains_key(&proposal.partition.topic) {
        return Err(ErrorCode::UnknownTopicId);
    }
    let registration =
        *image.partitions.get(&proposal.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let ahead = proposal.leader_epoch > registration.leader_epoch
        || proposal.partition_epoch > registration.partition_epoch;
    if ahead && features.not_controller_when_behind {
        return Err(ErrorCode::NotController);
    }
    if proposal.leader_epoch != registration.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if registration.leader != Some(sender) {
        return Err(ErrorCode::InvalidRequest);
    }
    if proposal.partition_epoch != registration.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    if !is_valid_isr(&registration, sender, proposal) || !is_valid_recovery(&registration, proposal) {
        return Err(ErrorCode::InvalidRequest);
    }
    if !proposal.new_isr.iter().all(|&(id, epoch)| may_join(image, features, id, epoch)) {
        return Err(ErrorCode::IneligibleReplica);
    }
    Ok(registration)
}

/// Unfenced and not shutting down (KIP-841), and the life of the broker that the leader means (KIP-903); -1 is not
/// compared.
fn may_join(image: &Image, features: &Features, id: NodeId, epoch: Option<BrokerEpoch>) -> bool {
    let registered = image.brokers.get(&id);
    let active = registered.is_some_and(|broker| broker.is_active());
    let same_life = registered.is_none_or(|broker| epoch.is_none_or(|epoch| epoch == broker.broker_epoch));
    (active || !features.ineligible_replicas_refused) && (same_life || !features.broker_epoch_checked)
}

/// Not empty, every member a replica and named once, the leader among them.
fn is_valid_isr(registration: &PartitionRegistration, leader: NodeId, proposal: &IsrProposal) -> bool {
    let isr = &proposal.new_isr;
    let is_replica_named_once = |&(id, _): &(NodeId, _)| {
        registration.replicas.contains(id) && isr.iter().filter(|&&(other, _)| other == id).count() == 1
    };
    isr.iter().all(is_replica_named_once) && isr.iter().any(|&(id, _)| id == leader)
}

/// A leader that recovers stands alone, and a recovered one does not go back.
fn is_valid_recovery(registration: &PartitionRegistration, proposal: &IsrProposal) -> bool {
    proposal.leader_recovery_state == LeaderRecoveryState::Recovered
        || (proposal.new_isr.len() == 1 && registration.recovery == LeaderRecoveryState::Recovering)
}
