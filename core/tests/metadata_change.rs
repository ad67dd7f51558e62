//! Which leader and which ISR a partition gets: `PartitionChangeBuilder`.

use expect_test::{Expect, expect};
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeList, PartitionEpoch};
use kraftscope_core::metadata::change::{Built, Election, PartitionChangeBuilder};
use kraftscope_core::note::LeaderChoice;
use kraftscope_core::record::{LeaderRecoveryState, MetadataRecord, PartitionChange, PartitionRegistration};
use kraftscope_core::release::Release;
use kraftscope_core::switches::Features;
use metadata_support::{describe, list, p};

mod metadata_support;

type Builder = PartitionChangeBuilder<'static>;

const WITHOUT_ELR: Features = Features { elr: false, ..Features::of(Release::V4_2) };

/// Without ELR; min.insync.replicas is 2.
fn builder(registration: PartitionRegistration, acceptable: NodeList) -> Builder {
    PartitionChangeBuilder::new(registration, acceptable, 2, &WITHOUT_ELR)
}

fn at_epochs(replicas: &[u8], isr: &[u8], leader: Option<u8>) -> PartitionRegistration {
    let mut registration = PartitionRegistration::new(list(replicas), list(isr));
    registration.leader = leader.map(NodeId::broker);
    registration.leader_epoch = LeaderEpoch(100);
    registration.partition_epoch = PartitionEpoch(200);
    registration
}

/// Replicas and ISR [2, 1, 3], led by 1; 3 is not acceptable.
fn foo() -> Builder {
    builder(at_epochs(&[2, 1, 3], &[2, 1, 3], Some(1)), list(&[1, 2]))
}

/// Replicas [2, 1, 3], ISR [1, 3], led by 3; everybody is acceptable.
fn baz() -> Builder {
    builder(at_epochs(&[2, 1, 3], &[1, 3], Some(3)), list(&[1, 2, 3]))
}

/// Replicas [2, 1, 3], ISR [3], no leader; only 1 is acceptable.
fn offline() -> Builder {
    builder(at_epochs(&[2, 1, 3], &[3], None), list(&[1]))
}

fn with(mut builder: Builder, election: Election, target_isr: NodeList) -> Builder {
    builder.election = election;
    builder.target_isr = target_isr;
    builder
}

fn check(builder: Builder, expected: Expect) {
    let line = match builder.build() {
        None => String::from("no record"),
        Some(Built { change, choice }) => {
            let line = describe(&MetadataRecord::PartitionChange { partition: p(0), change });
            line + &choice.map_or(String::new(), |choice| format!(" ({choice:?})"))
        }
    };
    expected.assert_eq(&line);
}

/// S-38: PartitionChangeBuilderTest.testElectLeader.
#[test]
fn a_preferred_election_takes_the_first_replica_when_it_is_in_sync() {
    check(with(foo(), Election::Preferred, list(&[2, 1, 3])), expect!["0-0: leader 2 (Preferred)"]);
}

/// S-38: PartitionChangeBuilderTest.testElectLeader.
#[test]
fn an_online_election_keeps_a_leader_that_is_valid() {
    check(with(foo(), Election::Online, list(&[2, 1, 3])), expect!["no record"]);
    check(with(foo(), Election::Unclean, list(&[2, 1, 3])), expect!["no record"]);
    check(with(foo(), Election::Online, list(&[1, 3])), expect!["0-0: isr [1, 3]"]);
}

/// S-38: PartitionChangeBuilderTest.testElectLeader.
#[test]
fn a_partition_whose_isr_holds_no_acceptable_replica_loses_its_leader() {
    check(with(foo(), Election::Online, list(&[3])), expect!["0-0: isr [3] leader none"]);
}

/// S-38: PartitionChangeBuilderTest.testElectLeader.
#[test]
fn an_unclean_election_goes_outside_the_isr_only_when_it_must() {
    check(with(foo(), Election::Unclean, list(&[3])), expect!["0-0: isr [2] leader 2 Recovering (Unclean)"]);
    let wider = at_epochs(&[2, 1, 3, 4], &[2, 1, 3], Some(1));
    let wider = builder(wider, list(&[1, 2, 4]));
    check(with(wider, Election::Unclean, list(&[4])), expect!["0-0: isr [4] leader 4 (InSync)"]);
}

/// S-38: PartitionChangeBuilderTest.testElectLeader.
#[test]
fn a_preferred_election_keeps_the_leader_while_the_first_replica_is_out_of_sync() {
    check(with(baz(), Election::Preferred, list(&[1, 3])), expect!["no record"]);
    check(with(baz(), Election::Online, list(&[1, 3])), expect!["no record"]);
}

/// `PartitionChangeBuilder.electPreferredLeader`: the remaining replicas are tried in list order.
#[test]
fn a_preferred_election_without_first_replica_and_leader_takes_the_next_in_order() {
    let lost = builder(at_epochs(&[2, 1, 3], &[2, 1, 3], None), list(&[1, 3]));
    check(with(lost, Election::Preferred, list(&[2, 1, 3])), expect!["0-0: leader 1 (InSync)"]);
}

/// `PartitionChangeBuilder.electAnyLeader`: assignment order, not the order of the ISR.
#[test]
fn an_online_election_follows_the_assignment_and_not_the_isr() {
    let lost = builder(at_epochs(&[2, 1, 3], &[3, 1, 2], None), list(&[1, 3]));
    check(lost, expect!["0-0: leader 1 (InSync)"]);
}

/// S-39: PartitionChangeBuilderTest.testNoLeaderEpochBumpOnIsrShrink (3.6-IV0 and later).
#[test]
fn another_isr_alone_names_no_leader_and_so_keeps_the_leader_epoch() {
    check(with(foo(), Election::Online, list(&[2, 1])), expect!["0-0: isr [2, 1]"]);
    let narrow = builder(at_epochs(&[2, 1, 3], &[2, 1], Some(1)), list(&[1, 2, 3]));
    check(with(narrow, Election::Online, list(&[2, 1, 3])), expect!["0-0: isr [2, 1, 3]"]);
}

/// `PartitionRegistration.merge`.
#[test]
fn the_partition_epoch_rises_with_every_record_the_leader_epoch_only_with_a_leader_field() {
    let registration = at_epochs(&[2, 1, 3], &[2, 1, 3], Some(1));
    let epochs = |change: PartitionChange| {
        let after = registration.merge(&change);
        (after.leader_epoch.0, after.partition_epoch.0)
    };
    assert_eq!(epochs(PartitionChange { isr: Some(list(&[2, 1])), ..Default::default() }), (100, 201));
    assert_eq!(
        epochs(PartitionChange { leader: Some(Some(NodeId::broker(1))), ..Default::default() }),
        (101, 201)
    );
    assert_eq!(epochs(PartitionChange { leader: Some(None), ..Default::default() }), (101, 201));
}

/// `PartitionChangeBuilder.build`, "the ISR is allowed to be empty" only with ELR.
#[test]
fn the_last_in_sync_replica_stays_in_the_isr_when_the_leader_is_lost() {
    let alone = builder(at_epochs(&[2, 1, 3], &[1], Some(1)), list(&[2, 3]));
    check(with(alone, Election::Online, NodeList::EMPTY), expect!["0-0: leader none"]);
}

/// S-46: PartitionChangeBuilderTest.testUncleanLeaderElection.
#[test]
fn an_unclean_leader_stands_alone_and_recovers() {
    check(with(foo(), Election::Unclean, list(&[3])), expect!["0-0: isr [2] leader 2 Recovering (Unclean)"]);
    check(
        with(offline(), Election::Unclean, list(&[3])),
        expect!["0-0: isr [1] leader 1 Recovering (Unclean)"],
    );
}

/// `PartitionChangeBuilder.tryElection`: the state is written only when it changes.
#[test]
fn a_second_unclean_election_does_not_say_again_that_the_leader_recovers() {
    let mut registration = at_epochs(&[2, 1, 3], &[3], None);
    registration.recovery = LeaderRecoveryState::Recovering;
    let again = builder(registration, list(&[1]));
    check(with(again, Election::Unclean, list(&[3])), expect!["0-0: isr [1] leader 1 (Unclean)"]);
}

/// S-46, OFFLINE with ONLINE: nobody in sync can lead, so nothing changes.
#[test]
fn an_offline_partition_stays_offline_without_unclean_election() {
    check(offline(), expect!["no record"]);
    check(with(offline(), Election::Preferred, list(&[3])), expect!["no record"]);
}

/// `PartitionChangeBuilder.build`, last step.
#[test]
fn a_leader_that_says_it_recovered_is_recorded_as_recovered() {
    let mut registration = at_epochs(&[2, 1, 3], &[1], Some(1));
    registration.recovery = LeaderRecoveryState::Recovering;
    let mut builder = builder(registration, list(&[1]));
    builder.target_recovery = LeaderRecoveryState::Recovered;
    check(builder, expect!["0-0: Recovered"]);
}

/// The note's word for an election: only a PREFERRED one that found the first replica is called preferred.
#[test]
fn an_online_election_that_lands_on_the_first_replica_is_called_in_sync() {
    let lost = builder(at_epochs(&[2, 1, 3], &[2, 1, 3], None), list(&[2]));
    assert_eq!(lost.build().and_then(|built| built.choice), Some(LeaderChoice::InSync));
}
