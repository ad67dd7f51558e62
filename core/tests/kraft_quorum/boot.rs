//! Which role a replica starts in.

use crate::driver::*;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{NodeId, Offset, ReplicaKey};
use kraftscope_core::kraft::{Quorum, QuorumDisk, Role};
use kraftscope_core::node::{ElectionState, Loss, Out, Timer};
use kraftscope_core::note::{Note, ResignReason};
use kraftscope_core::record::{Entry, MetadataRecord};
use kraftscope_core::release::Release;
use std::sync::Arc;

/// Source: `QuorumStateTest.testInitializePrimordialEpoch`.
#[test]
fn an_empty_disk_boots_unattached_in_epoch_0_with_the_election_timer_running() {
    let mut replica = Replica::boot(3, QuorumDisk::default());
    assert_eq!(replica.election(), ("Unattached", 0, None, None));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(1000)));
    assert_eq!(replica.told(), [Note::BecameUnattached { epoch: epoch(0) }]);
}

/// Source: `QuorumStateTest.testInitializeWithEmptyStateStoreAndNonZeroLogEpoch` and step 1 of
/// `QuorumState.initialize`.
#[test]
fn a_log_ahead_of_the_stored_epoch_boots_unattached_in_the_logs_epoch_and_forgets_the_vote() {
    let replica = Replica::boot(3, disk(voted(2, 3), &[(5, 1)]));
    assert_eq!(replica.election(), ("Unattached", 5, None, None));
}

/// Source: `KafkaRaftClientTest.testInitializeAsResignedLeaderFromStateStore` (S-16).
#[test]
fn a_restarted_leader_boots_resigned_and_leaves_its_epoch_before_it_stands_again() {
    let mut replica = Replica::boot(2, disk(elected(2, L), &[]));
    assert_eq!(replica.election(), ("Resigned", 2, Some(1), None));
    assert_eq!(replica.told(), [Note::BecameResigned { epoch: epoch(2), reason: ResignReason::Restarted }]);
    assert_eq!(replica.append(1), None);
    assert!(replica.awaits(2, "EndQuorumEpoch"));
    replica.answer(
        2,
        kraftscope_core::wire::Message::EndQuorumEpochResponse(
            replica.quorum_response(kraftscope_core::wire::ErrorCode::None),
        ),
    );
    assert!(!replica.awaits(2, "EndQuorumEpoch"));
    replica.fire(Timer::Election);
    assert_eq!(replica.election(), ("Unattached", 3, None, None));
    assert_eq!(replica.remaining(Timer::Election), Some(ms(0)));
    replica.fire(Timer::Election);
    assert_eq!(replica.election(), ("Prospective", 3, None, None));
    assert!(replica.asked_for_vote(2).pre_vote);
}

/// Source: `QuorumStateTest.testInitializeAsResignedCandidate`.
#[test]
fn a_replica_that_voted_for_itself_boots_as_candidate_of_the_same_epoch() {
    let replica = Replica::boot(3, disk(voted(5, L), &[]));
    assert_eq!(replica.election(), ("Candidate", 5, None, Some(1)));
    assert_eq!(replica.asked_for_vote(2), vote_request_to(2, 5));
}

/// Source: `QuorumState.initialize`: "is my vote" is asked before "has a leader". Before KIP-996 a follower stored no
/// vote beside its leader, so that case did not exist.
#[test]
fn a_follower_that_had_voted_for_itself_boots_as_candidate_since_4_0() {
    let lost = ElectionState { voted: Some(key(L)), ..elected(5, 2) };
    let replica = Replica::boot(3, disk(lost, &[]));
    assert_eq!(replica.election(), ("Candidate", 5, None, Some(1)));
    let v3_9 = Settings::of(Release::V3_9);
    let replica = Replica::boot_as(L, 3, disk(lost, &[]), v3_9);
    assert_eq!(replica.election().0, "Follower");
}

/// Source: `QuorumState.initialize`: the stored vote is mine only if the directory is mine too (KIP-853).
#[test]
fn a_vote_of_the_same_id_on_another_disk_is_not_my_candidacy() {
    let other_disk = ReplicaKey { directory: kraftscope_core::id::DirectoryId(99), ..key(L) };
    let election = ElectionState { voted: Some(other_disk), ..unknown_leader(5) };
    let replica = Replica::boot(3, disk(election, &[]));
    assert_eq!(replica.election(), ("Unattached", 5, None, Some(1)));
}

/// Source: `QuorumStateTest.testInitializeAsFollower`.
#[test]
fn a_stored_leader_is_followed() {
    let replica = Replica::boot(3, disk(elected(5, 2), &[]));
    assert_eq!(replica.election(), ("Follower", 5, Some(2), None));
    assert_eq!(replica.remaining(Timer::QuorumFetch), Some(ms(2000)));
    assert!(replica.awaits(2, "Fetch"));
}

/// Source: `QuorumStateTest.testInitializeAsVoted` and `testInitializeAsFollowerWithVote` (PreVote).
#[test]
fn a_stored_vote_is_kept() {
    let alone = Replica::boot(3, disk(voted(5, 2), &[]));
    assert_eq!(alone.election(), ("Unattached", 5, None, Some(2)));
    let both = ElectionState { voted: Some(key(3)), ..elected(5, 2) };
    assert_eq!(Replica::boot(3, disk(both, &[])).election(), ("Follower", 5, Some(2), Some(3)));
}

/// Source: `KafkaRaftClient.initialize` (`isOnlyVoter`), `KafkaRaftClientTest.testBecomeLeaderImmediatelyWithSingleVoter`.
#[test]
fn a_lone_voter_leads_at_boot_without_a_message() {
    let mut fresh = Replica::boot(1, QuorumDisk::default());
    assert_eq!(fresh.election(), ("Leader", 1, Some(1), None));
    assert_eq!(fresh.sent, []);
    assert_eq!(fresh.hw(), Some(1));
    assert_eq!(
        fresh.told(),
        [
            Note::BecameUnattached { epoch: epoch(0) },
            Note::BecameProspective { epoch: epoch(0) },
            Note::BecameCandidate { epoch: epoch(1) },
            Note::BecameQuorumLeader { epoch: epoch(1), epoch_start: Offset(0), granting: nodes(&[1]) },
            Note::MetadataCommitted { epoch: epoch(1), from: Offset(0), to: Offset(1) },
        ]
    );
    let restarted = Replica::boot(1, disk(elected(4, L), &[(4, 3)]));
    assert_eq!(restarted.election(), ("Leader", 5, Some(1), None));
    let v3_9 = Replica::boot_as(1, 1, QuorumDisk::default(), settings(Release::V3_9));
    assert_eq!(v3_9.election(), ("Leader", 1, Some(1), None));
}

/// Source: KRaft observers only alternate between Unattached and Follower (`QuorumState`).
#[test]
fn a_broker_boots_as_an_observer_without_any_election_timer() {
    let broker = ReplicaKey { id: NodeId::broker(1), directory: kraftscope_core::id::DirectoryId(11) };
    let settings = Arc::new(settings(Release::V4_2));
    let mut observer = Quorum::new(broker, keys(3), settings, QuorumDisk::default());
    let mut out = Out::new(1);
    observer.boot(kraftscope_core::time::Time(0), &mut out);
    assert!(observer.is_observer());
    assert!(matches!(observer.role(), Role::Unattached {}));
    assert!(!out.effects.iter().any(|e| matches!(e, kraftscope_core::node::Effect::Arm(Timer::Election, _))));
    assert!(out.effects.iter().any(|e| matches!(e, kraftscope_core::node::Effect::Send { .. })));
}

/// Source: invariant K10, `KafkaMetadataLog` epoch checkpoint; a crash cuts log and cache alike.
#[test]
fn a_lossy_crash_cuts_the_log_and_the_epoch_cache_together() {
    let mut disk = disk(elected(3, 2), &[(1, 2)]);
    disk.epochs.assign(epoch(3), Offset(2));
    disk.log.append(Entry { epoch: epoch(3), body: MetadataRecord::NoOp });
    assert_eq!(disk.clone().crash(Loss::Nothing), 0);
    assert_eq!(disk.crash(Loss::Unflushed), 1);
    assert_eq!(disk.log.end(), Offset(2));
    assert_eq!(disk.epochs.latest().map(|line| line.epoch), Some(epoch(1)));
    assert_eq!(disk.election, elected(3, 2));
}
