//! Eligible leader replicas and reassignments in one change of a partition: `PartitionChangeBuilder`, KIP-966, KIP-455.

use expect_test::{Expect, expect};
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeList, PartitionEpoch};
use kraftscope_core::metadata::change::{Built, Election, PartitionChangeBuilder};
use kraftscope_core::metadata::reassignment::{Reassignment, Revert};
use kraftscope_core::record::{MetadataRecord, PartitionRegistration};
use kraftscope_core::release::Release;
use kraftscope_core::switches::Features;
use metadata_support::{describe, list, p};

mod metadata_support;

type Builder = PartitionChangeBuilder<'static>;

const TODAY: Features = Features::of(Release::V4_2);
const V4_1: Features = Features::of(Release::V4_1);
const V3_7: Features = Features::of(Release::V3_7);
const V3_5: Features = Features::of(Release::V3_5);
const V3_1: Features = Features::of(Release::V3_1);

/// Leader epoch 100, partition epoch 200.
fn partition(replicas: &[u8], isr: &[u8], leader: Option<u8>) -> PartitionRegistration {
    let mut registration = PartitionRegistration::new(list(replicas), list(isr));
    registration.leader = leader.map(NodeId::broker);
    registration.leader_epoch = LeaderEpoch(100);
    registration.partition_epoch = PartitionEpoch(200);
    registration
}

fn with_elr(registration: PartitionRegistration, elr: &[u8], last_known: &[u8]) -> PartitionRegistration {
    PartitionRegistration { elr: list(elr), last_known_elr: list(last_known), ..registration }
}

fn builder(registration: PartitionRegistration, acceptable: &[u8], min_isr: u32) -> Builder {
    PartitionChangeBuilder::new(registration, list(acceptable), min_isr, &TODAY)
}

/// Replicas and ISR [1, 2, 3, 4], led by 1; everybody is acceptable; min.insync.replicas 3.
fn four() -> Builder {
    builder(partition(&[1, 2, 3, 4], &[1, 2, 3, 4], Some(1)), &[1, 2, 3, 4], 3)
}

/// FOO: replicas and ISR [2, 1, 3], led by 1; 3 is not acceptable.
fn foo(features: &'static Features) -> Builder {
    PartitionChangeBuilder::new(partition(&[2, 1, 3], &[2, 1, 3], Some(1)), list(&[1, 2]), 2, features)
}

/// BAR: 1 is being replaced by 4; replicas [1, 2, 3, 4], ISR [1, 2, 3], led by 1; 3 is not acceptable.
fn bar() -> PartitionRegistration {
    let registration = partition(&[1, 2, 3, 4], &[1, 2, 3], Some(1));
    PartitionRegistration { removing: list(&[1]), adding: list(&[4]), ..registration }
}

/// OFFLINE with ELR: replicas [2, 1, 3], nobody in sync, 3 eligible, 2 led last; only 1 is acceptable.
fn offline() -> Builder {
    builder(with_elr(partition(&[2, 1, 3], &[], None), &[3], &[2]), &[1], 2)
}

fn set(mut builder: Builder, change: impl FnOnce(&mut Builder)) -> Builder {
    change(&mut builder);
    builder
}

fn isr(builder: Builder, target: &[u8]) -> Builder {
    set(builder, |it| it.target_isr = list(target))
}

fn election(builder: Builder, election: Election) -> Builder {
    set(builder, |it| it.election = election)
}

fn reassign(builder: Builder, to: Reassignment) -> Builder {
    let Reassignment { removing, adding, replicas } = to;
    set(builder, |it| {
        (it.target_replicas, it.target_removing, it.target_adding) = (replicas, removing, adding);
    })
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

/// S-47: PartitionChangeBuilderTest.testEligibleLeaderReplicas_IsrShrinkBelowMinISR.
#[test]
fn who_leaves_an_isr_that_falls_below_the_minimum_is_eligible() {
    check(isr(four(), &[1, 2]), expect!["0-0: isr [1, 2] elr [3, 4]"]);
    check(isr(four(), &[1, 2, 3]), expect!["0-0: isr [1, 2, 3]"]);
}

/// PartitionChangeBuilderTest.testEligibleLeaderReplicas_IsrExpandAboveMinISR.
#[test]
fn nobody_is_eligible_when_the_isr_suffices_again() {
    let low = with_elr(partition(&[1, 2, 3, 4], &[1, 2], Some(1)), &[3], &[4]);
    let enough = isr(builder(low, &[1, 2, 4], 3), &[1, 2, 3]);
    let without_balance = set(enough, |it| it.use_last_known_leader = false);
    check(without_balance, expect!["0-0: isr [1, 2, 3] elr [] last known elr []"]);
    check(enough, expect!["0-0: isr [1, 2, 3] elr []"]);
}

/// S-49: PartitionChangeBuilderTest.testEligibleLeaderReplicas_IsrAddNewMemberNotInELR, both settings of
/// `useLastKnownLeaderInBalancedRecovery`.
#[test]
fn a_replica_that_joins_the_isr_makes_nobody_else_less_eligible() {
    let low = with_elr(partition(&[1, 2, 3, 4], &[1], Some(1)), &[3], &[2]);
    let joined = isr(builder(low, &[1, 2, 4], 3), &[1, 4]);
    check(set(joined, |it| it.use_last_known_leader = false), expect!["0-0: isr [1, 4]"]);
    check(joined, expect!["0-0: isr [1, 4]"]);
}

/// PartitionChangeBuilderTest.testEligibleLeaderReplicas_RemoveUncleanShutdownReplicasFromElr.
#[test]
fn a_replica_that_did_not_shut_down_cleanly_is_not_eligible_any_more() {
    let low = with_elr(partition(&[1, 2, 3, 4], &[1], Some(1)), &[2, 3], &[]);
    let restarted = set(builder(low, &[1, 2, 4], 3), |it| it.unclean_shutdown = list(&[3]));
    check(set(restarted, |it| it.use_last_known_leader = false), expect!["0-0: elr [2] last known elr [3]"]);
    check(restarted, expect!["0-0: elr [2]"]);
}

/// S-51: PartitionChangeBuilderTest.testEligibleLeaderReplicas_ElrCanBeElected.
#[test]
fn an_eligible_replica_leads_when_the_isr_is_lost_and_that_is_clean() {
    let low = with_elr(partition(&[1, 2, 3, 4], &[1], Some(1)), &[3], &[]);
    check(isr(builder(low, &[3], 3), &[]), expect!["0-0: isr [3] leader 3 elr [1] (Eligible)"]);
}

/// S-52: PartitionChangeBuilderTest.testEligibleLeaderReplicas_IsrCanShrinkToZero.
#[test]
fn with_elr_the_isr_may_become_empty_and_the_last_leader_is_remembered() {
    let nobody = builder(partition(&[1, 2, 3, 4], &[1, 2, 3, 4], Some(1)), &[], 3);
    check(isr(nobody, &[]), expect!["0-0: isr [] leader none elr [1, 2, 3, 4] last known elr [1]"]);
}

/// PartitionChangeBuilderTest.testEligibleLeaderReplicas_ElectLastKnownLeader;
/// `PartitionChangeBuilder.canElectLastKnownLeader`.
#[test]
fn the_last_known_leader_leads_again_when_isr_and_elr_are_lost() {
    let lost = with_elr(partition(&[1, 2, 3], &[], None), &[], &[1]);
    check(
        builder(lost, &[1, 2], 2),
        expect!["0-0: isr [1] leader 1 Recovering last known elr [] (LastKnown)"],
    );
    check(
        election(builder(lost, &[1, 2], 2), Election::Preferred),
        expect!["0-0: isr [1] leader 1 Recovering last known elr [] (LastKnown)"],
    );
    check(builder(lost, &[2], 2), expect!["no record"]);
    let eligible = with_elr(partition(&[1, 2, 3], &[], None), &[3], &[1]);
    check(builder(eligible, &[1, 2], 2), expect!["no record"]);
}

/// `PartitionChangeBuilder.electAnyLeader`: the last known leader comes before any other replica outside ISR and ELR.
#[test]
fn an_unclean_election_prefers_the_last_known_leader() {
    let lost = with_elr(partition(&[1, 2, 3], &[], None), &[], &[3]);
    check(
        election(builder(lost, &[1, 2, 3], 2), Election::Unclean),
        expect!["0-0: isr [3] leader 3 Recovering last known elr [] (LastKnown)"],
    );
    check(
        election(builder(lost, &[1, 2], 2), Election::Unclean),
        expect!["0-0: isr [1] leader 1 Recovering last known elr [] (Unclean)"],
    );
}

/// S-46: PartitionChangeBuilderTest.testUncleanLeaderElection, OFFLINE with ELR.
#[test]
fn after_an_unclean_election_nobody_else_is_eligible() {
    check(
        election(offline(), Election::Unclean),
        expect!["0-0: isr [1] leader 1 Recovering elr [] last known elr [] (Unclean)"],
    );
    check(offline(), expect!["no record"]);
}

/// PartitionChangeBuilderTest.testChangeInLeadershipDoesNotChangeRecoveryState, `isLeaderRecoverySupported` false;
/// KIP-704.
#[test]
fn before_kip_704_an_unclean_leader_was_not_marked() {
    let lost = PartitionChangeBuilder::new(partition(&[1, 2, 3], &[2, 3], None), list(&[1]), 2, &V3_1);
    check(election(lost, Election::Unclean), expect!["0-0: isr [1] leader 1 (Unclean)"]);
}

/// S-39: PartitionChangeBuilderTest.testLeaderEpochBumpOnIsrShrink (3.5-IV2), KAFKA-15021.
#[test]
fn before_3_6_a_shrinking_isr_began_a_leader_epoch() {
    check(isr(foo(&V3_5), &[2, 1]), expect!["0-0: isr [2, 1] leader 1"]);
    check(isr(foo(&TODAY), &[2, 1]), expect!["0-0: isr [2, 1]"]);
    let narrow =
        PartitionChangeBuilder::new(partition(&[2, 1, 3], &[2, 1], Some(1)), list(&[1, 2]), 2, &V3_5);
    check(isr(narrow, &[2, 1, 3]), expect!["0-0: isr [2, 1, 3]"]);
}

/// S-39: PartitionChangeBuilderTest.testTriggerLeaderEpochBumpIfNeeded.
#[test]
fn replicas_that_are_dropped_begin_a_leader_epoch_added_ones_do_not() {
    let with = |replicas: &[u8]| set(foo(&TODAY), |it| it.target_replicas = list(replicas));
    check(with(&[2, 1, 4]), expect!["0-0: leader 1 replicas [2, 1, 4]"]);
    check(with(&[2, 1, 3, 4]), expect!["0-0: replicas [2, 1, 3, 4]"]);
}

/// S-41: PartitionChangeBuilderTest.testReassignmentRearrangesReplicas.
#[test]
fn another_order_of_replicas_is_written_at_once() {
    let to = Reassignment::between(&list(&[2, 1, 3]), &list(&[3, 2, 1]));
    check(reassign(foo(&TODAY), to), expect!["0-0: replicas [3, 2, 1]"]);
}

/// S-42: PartitionChangeBuilderTest.testIsrEnlargementCompletesReassignment.
#[test]
fn a_reassignment_completes_when_its_last_replica_joins_the_isr() {
    let bar = builder(bar(), &[1, 2, 4], 2);
    check(bar, expect!["no record"]);
    check(
        isr(bar, &[1, 2, 3, 4]),
        expect!["0-0: isr [2, 3, 4] leader 2 replicas [2, 3, 4] removing [] adding [] (InSync)"],
    );
}

/// PartitionChangeBuilderTest.testRevertReassignment.
#[test]
fn a_reassignment_is_undone_with_another_leader_epoch() {
    let revert = Revert::of(&bar()).unwrap();
    assert_eq!((revert.replicas, revert.isr), (list(&[1, 2, 3]), list(&[1, 2, 3])));
    assert!(!revert.unclean);
    let undone =
        Reassignment { removing: NodeList::EMPTY, adding: NodeList::EMPTY, replicas: revert.replicas };
    check(
        reassign(builder(bar(), &[1, 2, 4], 2), undone),
        expect!["0-0: leader 1 replicas [1, 2, 3] removing [] adding []"],
    );
}

/// `PartitionReassignmentRevert`: the case that its callers must refuse without unclean election.
#[test]
fn undoing_a_reassignment_whose_isr_is_all_new_falls_back_on_the_first_replica() {
    let new_only = PartitionRegistration { isr: list(&[4]), leader: Some(NodeId::broker(4)), ..bar() };
    let revert = Revert::of(&new_only).unwrap();
    assert_eq!((revert.isr, revert.unclean), (list(&[1]), true));
}

/// S-44: PartitionChangeBuilderTest.testRemovingReplicaReassignment.
#[test]
fn a_reassignment_that_only_removes_completes_in_its_first_record() {
    let to = Reassignment::between(&list(&[2, 1, 3]), &list(&[1, 2]));
    assert_eq!((to.removing, to.adding, to.replicas), (list(&[3]), list(&[]), list(&[1, 2, 3])));
    check(reassign(foo(&TODAY), to), expect!["0-0: isr [2, 1] leader 1 replicas [1, 2]"]);
}

/// S-45: PartitionChangeBuilderTest.testAddingReplicaReassignment.
#[test]
fn a_reassignment_that_adds_waits_and_keeps_the_leader_epoch() {
    let to = Reassignment::between(&list(&[2, 1, 3]), &list(&[1, 2, 3, 4]));
    assert_eq!((to.removing, to.adding, to.replicas), (list(&[]), list(&[4]), list(&[1, 2, 3, 4])));
    check(reassign(foo(&TODAY), to), expect!["0-0: replicas [1, 2, 3, 4] adding [4]"]);
}

/// PartitionChangeBuilderTest.testStoppedLeaderIsDemotedAfterReassignmentCompletesEvenIfNoNewEligibleLeaders.
#[test]
fn a_leader_that_a_reassignment_removes_does_not_lead_on() {
    let registration = partition(&[2, 3, 4, 1], &[4, 1], Some(4));
    let moving = PartitionRegistration { removing: list(&[1, 4]), adding: list(&[2, 3]), ..registration };
    check(
        isr(builder(moving, &[], 2), &[4, 1, 2, 3]),
        expect!["0-0: isr [2, 3] leader none replicas [2, 3] removing [] adding [] last known elr [4]"],
    );
}

/// KAFKA-15665 (3.8) and KAFKA-19975 (4.2): replica 3 stays and is out of sync.
#[test]
fn whether_a_reassignment_waits_for_who_stays_depends_on_the_release() {
    let lagging = PartitionRegistration { isr: list(&[1, 2]), ..bar() };
    let completed = |features| {
        let builder = PartitionChangeBuilder::new(lagging, list(&[1, 2, 4]), 2, features);
        isr(builder, &[1, 2, 4]).build().is_some_and(|built| built.change.replicas.is_some())
    };
    assert_eq!([completed(&V3_7), completed(&V4_1), completed(&TODAY)], [true, false, true]);
    let shrinking = Reassignment::between(&list(&[1, 2, 3, 4]), &list(&[2, 3]));
    let may = |features| shrinking.maybe_complete(&list(&[1, 2, 4]), features).is_some();
    assert_eq!([may(&V3_7), may(&V4_1), may(&TODAY)], [true, false, false]);
}
