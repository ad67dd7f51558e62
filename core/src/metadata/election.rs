//! Elections that somebody asks for, or that the controller runs from time to time.
//!
//! Source: `ReplicationControlManager.electLeader`, `maybeBalancePartitionLeaders`,
//! `maybeElectUncleanLeaders`. It reads the image and adds to a decision. Keeps: a preferred election never
//! touches the ISR.
//!
//! In KRaft every partition that is not led by its first replica is moved back if it can be; the share of
//! imbalance that the ZooKeeper-era controller tolerated does not exist.

use crate::config::Settings;
use crate::id::TopicPartition;
use crate::metadata::change::Election;
use crate::metadata::decision::Decision;
use crate::metadata::fencing::{Changing, builder};
use crate::metadata::image::Image;
use crate::note::ChangeReason;
use crate::wire::ErrorCode;

/// Most elections of one round of balancing; the next round follows soon.
const ELECTIONS_PER_ROUND_MAX: usize = 1000;

/// `ElectLeaders` for one partition.
///
/// # Errors
/// `UNKNOWN_TOPIC_OR_PARTITION`; `ELECTION_NOT_NEEDED` when the preferred replica (or, unclean, anybody) leads;
/// `PREFERRED_LEADER_NOT_AVAILABLE` or `ELIGIBLE_LEADERS_NOT_AVAILABLE` when nothing would change.
pub fn elect_leader(
    image: &Image,
    settings: &Settings,
    partition: TopicPartition,
    unclean: bool,
    decision: &mut Decision,
) -> Result<(), ErrorCode> {
    let registration = image.partitions.get(&partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let preferred_leads =
        registration.leader.is_some() && registration.leader == registration.replicas.first();
    if preferred_leads || (unclean && registration.leader.is_some()) {
        return Err(ErrorCode::ElectionNotNeeded);
    }
    let (election, reason, error) = if unclean {
        (Election::Unclean, ChangeReason::UncleanElection, ErrorCode::EligibleLeadersNotAvailable)
    } else {
        (Election::Preferred, ChangeReason::PreferredElection, ErrorCode::PreferredLeaderNotAvailable)
    };
    let mut builder = builder(image, settings, partition, registration, Changing::Nobody);
    builder.election = election;
    decision.change(partition, registration, builder.build().ok_or(error)?, reason);
    Ok(())
}

/// One round of preferred-leader balancing. Returns whether the next one should follow at once.
pub fn balance_leaders(image: &Image, settings: &Settings, decision: &mut Decision) -> bool {
    for (&partition, registration) in &image.partitions {
        if registration.leader == registration.replicas.first() {
            continue;
        }
        if decision.records.len() >= ELECTIONS_PER_ROUND_MAX {
            return true;
        }
        let mut builder = builder(image, settings, partition, registration, Changing::Nobody);
        builder.election = Election::Preferred;
        if let Some(built) = builder.build() {
            decision.change(partition, registration, built, ChangeReason::PreferredElection);
        }
    }
    false
}

/// Elects a leader for every partition that has none, where its topic allows an unclean election.
pub fn elect_unclean_leaders(image: &Image, settings: &Settings, decision: &mut Decision) {
    for (&partition, registration) in image.partitions.iter().filter(|(_, p)| p.leader.is_none()) {
        let builder = builder(image, settings, partition, registration, Changing::Nobody);
        if builder.election == Election::Unclean
            && let Some(built) = builder.build()
        {
            decision.change(partition, registration, built, ChangeReason::UncleanElection);
        }
    }
}
