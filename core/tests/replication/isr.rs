//! ISR: who joins, who leaves, and how the controller's answer is taken.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{BrokerEpoch, NodeId, NodeList, Offset, PartitionEpoch};
use kraftscope_core::metadata::image::BrokerRegistration;
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::record::{LeaderRecoveryState, PartitionChange, PartitionRegistration};
use kraftscope_core::release::Release;
use kraftscope_core::replication::IsrState;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, Fetcher};

const LAG: Span = Span::millis(30_000);
const MS: Span = Span::millis(1);

fn list(brokers: &[u8]) -> NodeList {
    NodeList::brokers(brokers)
}

/// Leader 1 with ten records, ISR {1}, follower 2 outside; both epochs of the registration are 1.
fn follower_outside() -> Lab {
    let mut lab = Lab::with(Settings::default(), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab
}

/// Leader 1 of {1, 2, 3}, all in sync, ten records.
fn three_in_sync() -> Lab {
    let mut lab = Lab::new(&[1, 2, 3], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab
}

/// Follower 2 is outside and has caught up: an expansion is on its way to the controller.
fn expanding() -> Lab {
    let mut lab = follower_outside();
    lab.fetch_as(B2, B1, 10, Some(0));
    lab
}

fn with_broker(mut lab: Lab, change: impl FnOnce(&mut BrokerRegistration)) -> Lab {
    change(lab.image.brokers.get_mut(&B2).unwrap());
    lab.publish();
    lab
}

/// Source: S-71, PartitionTest.testIsrExpansion.
#[test]
fn a_follower_that_catches_up_is_proposed_and_counts_before_it_is_accepted() {
    let mut lab = follower_outside();
    lab.fetch_as(B2, B1, 3, Some(0));
    assert_eq!(lab.follower(B1, B2).leo, Some(Offset(3)));
    assert_eq!(lab.follower(B1, B2).last_caught_up, None);
    assert!(lab.proposals().is_empty());
    lab.fetch_as(B2, B1, 10, Some(0));
    let proposals = lab.proposals();
    let (correlation, request) = &proposals[0];
    assert_eq!(proposals.len(), 1);
    assert_eq!(request.partitions[0].new_isr, [(B1, Some(BrokerEpoch(11))), (B2, Some(BrokerEpoch(12)))]);
    assert_eq!(request.partitions[0].leader_recovery_state, LeaderRecoveryState::Recovered);
    assert_eq!((request.broker, request.broker_epoch), (B1, BrokerEpoch(11)));
    assert_eq!((lab.isr(B1), lab.maximal_isr(B1)), (list(&[1]), list(&[1, 2])));
    assert_eq!(lab.follower(B1, B2).last_caught_up, Some(lab.now));
    lab.accept(B1, *correlation, &[1, 2], 2);
    assert_eq!((lab.isr(B1), lab.maximal_isr(B1)), (list(&[1, 2]), list(&[1, 2])));
    assert_eq!(lab.partition(B1).partition_epoch, PartitionEpoch(2));
    lab.assert_note(
        B1,
        Note::IsrExpandProposed {
            partition: TP,
            joining: B2,
            isr: list(&[1]),
            leo: Offset(10),
            hw: Offset(10),
        },
    );
    lab.assert_note(
        B1,
        Note::IsrChangeAccepted { partition: TP, isr: list(&[1, 2]), partition_epoch: PartitionEpoch(2) },
    );
}

/// Source: S-72, PartitionTest.testIsrNotExpandedIfUpdateFails; handleAlterPartitionError.
#[test]
fn after_an_invalid_update_version_the_proposal_stays_pending_without_retry() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, correlation, ErrorCode::InvalidUpdateVersion);
    assert_eq!((lab.isr(B1), lab.maximal_isr(B1)), (list(&[1]), list(&[1, 2])));
    lab.advance(Span::secs(20));
    lab.fetch_as(B2, B1, 10, Some(0));
    assert!(lab.proposals().is_empty());
    lab.assert_note(B1, Note::IsrChangeRejected { partition: TP, error: ErrorCode::InvalidUpdateVersion });
}

/// What an error leaves behind: committed, pending without retry, or sent once more.
fn fate(error: ErrorCode) -> (bool, usize) {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, correlation, error);
    (lab.leader(B1).isr.is_in_flight(), lab.proposals().len())
}

/// Source: Partition.handleAlterPartitionError (3.6).
#[test]
fn each_error_of_the_controller_has_its_fate() {
    assert_eq!(fate(ErrorCode::OperationNotAttempted), (false, 0));
    assert_eq!(fate(ErrorCode::IneligibleReplica), (false, 0));
    assert_eq!(fate(ErrorCode::UnknownTopicOrPartition), (true, 0));
    assert_eq!(fate(ErrorCode::UnknownTopicId), (true, 0));
    assert_eq!(fate(ErrorCode::FencedLeaderEpoch), (true, 0));
    assert_eq!(fate(ErrorCode::InvalidUpdateVersion), (true, 0));
    assert_eq!(fate(ErrorCode::InvalidRequest), (true, 0));
    assert_eq!(fate(ErrorCode::NewLeaderElected), (true, 0));
    assert_eq!(fate(ErrorCode::RequestTimedOut), (true, 1));
    assert_eq!(fate(ErrorCode::UnknownServerError), (true, 1));
}

/// Under which broker epoch a leader of that release proposes follower 2, which caught up in one life and fetched
/// with an empty log in the next, while the request could not be sent.
fn proposed_epoch(release: Release) -> Option<BrokerEpoch> {
    let mut lab = Lab::with(Settings::of(release), &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 10);
    lab.fetch_as(B2, B1, 10, Some(0));
    let (correlation, _) = lab.proposals()[0].clone();
    lab.answer_isr(B1, correlation, ErrorCode::UnknownServerError, vec![]);
    let asked = lab.ask(TP, 0, None);
    lab.fetch_from(Fetcher::Replica(B2, Some(BrokerEpoch(99))), B2, B1, vec![asked]);
    lab.advance(Span::millis(50));
    lab.proposals()[0].1.partitions[0].new_isr[1].1
}

/// Source: KAFKA-15221; Partition.addBrokerEpochToIsr before it.
#[test]
fn a_decision_about_an_earlier_life_is_proposed_under_its_broker_epoch_from_3_7() {
    assert_eq!(proposed_epoch(Release::V3_4), None);
    assert_eq!(proposed_epoch(Release::V3_6), Some(BrokerEpoch(99)));
    assert_eq!(proposed_epoch(Release::V3_7), Some(BrokerEpoch(12)));
}

/// Source: NodeToControllerRequestThread: the channel keeps its controller until that breaks off or says it is none.
#[test]
fn isr_changes_go_to_the_controller_of_the_channel_until_it_says_that_it_is_none() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    lab.controller = Some(NodeId::controller(2));
    lab.answer_isr(B1, correlation, ErrorCode::UnknownServerError, vec![]);
    lab.advance(Span::millis(50));
    assert_eq!(lab.asked_controllers(), [CONTROLLER]);
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, correlation, ErrorCode::NotController);
    lab.advance(Span::millis(50));
    assert_eq!(lab.asked_controllers(), [NodeId::controller(2)]);
}

/// Source: PartitionTest.testRetryShrinkIsr, handleAlterPartitionError.
#[test]
fn metadata_ends_a_proposal_that_was_left_pending() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, correlation, ErrorCode::InvalidUpdateVersion);
    let isr = Some(list(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    assert!(!lab.leader(B1).isr.is_in_flight());
    lab.fetch_as(B2, B1, 10, Some(0));
    assert_eq!(lab.proposed(), [[1, 2]]);
}

/// Source: S-73, PartitionTest.testMaybeShrinkIsr.
#[test]
fn a_lagging_follower_is_proposed_out_and_holds_the_high_watermark_until_that_is_accepted() {
    let mut lab = three_in_sync();
    lab.fetch_as(B2, B1, 10, Some(0));
    lab.drive(B1, |manager, now, image, ctx, out| manager.on_timer(now, image, ctx, Timer::IsrCheck, out));
    assert!(lab.proposals().is_empty());
    lab.now += LAG + MS;
    lab.drive(B1, |manager, now, image, ctx, out| manager.on_timer(now, image, ctx, Timer::IsrCheck, out));
    let (correlation, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions[0].new_isr, [(B1, Some(BrokerEpoch(11))), (B2, Some(BrokerEpoch(12)))]);
    assert_eq!((lab.isr(B1), lab.maximal_isr(B1)), (list(&[1, 2, 3]), list(&[1, 2, 3])));
    assert_eq!(lab.hw(B1), 0);
    lab.accept(B1, correlation, &[1, 2], 2);
    assert_eq!((lab.isr(B1), lab.hw(B1)), (list(&[1, 2]), 10));
    lab.assert_note(
        B1,
        Note::IsrShrinkProposed {
            partition: TP,
            out: list(&[3]),
            isr: list(&[1, 2, 3]),
            silent: LAG + MS,
            limit: LAG,
        },
    );
}

/// Source: S-75, PartitionTest.testShouldNotShrinkIsrIfFollowerCaughtUpToLogEnd.
#[test]
fn a_silent_follower_at_the_leaders_log_end_never_lags() {
    let mut lab = three_in_sync();
    lab.fetch_as(B2, B1, 10, Some(0));
    lab.fetch_as(B3, B1, 10, Some(0));
    lab.advance(Span::secs(3600));
    assert!(lab.proposals().is_empty());
}

/// The followers that are out of sync after a pause, when `replica.lag.time.max.ms` is 100 ms.
fn expiration(fetches: &[(u64, u64)], pause: u64) -> Vec<Vec<u8>> {
    let settings = Settings { replica_lag_time_max: Span::millis(100), ..Settings::default() };
    let mut lab = Lab::with(settings, &[1, 2], &[1, 2], &[1]);
    lab.produce(B1, Acks::One, 20);
    for &(offset, wait) in fetches {
        lab.fetch_as(B2, B1, offset, Some(0));
        lab.now += Span::millis(wait);
    }
    lab.now += Span::millis(pause);
    lab.drive(B1, |manager, now, image, ctx, out| manager.on_timer(now, image, ctx, Timer::IsrCheck, out));
    lab.proposed()
}

/// Source: S-77, IsrExpirationTest.
#[test]
fn stuck_absent_and_slow_followers_expire_and_caught_up_ones_do_not() {
    let stays: Vec<Vec<u8>> = Vec::new();
    assert_eq!(expiration(&[(19, 0)], 150), [[1]]);
    assert_eq!(expiration(&[], 150), [[1]]);
    assert_eq!(expiration(&[(18, 75), (19, 0)], 0), stays);
    assert_eq!(expiration(&[(18, 75), (19, 75)], 0), [[1]]);
    assert_eq!(expiration(&[(18, 75), (19, 75), (20, 0)], 0), stays);
    assert_eq!(expiration(&[(20, 0)], 150), stays);
}

/// Source: ReplicaManager: "isr-expiration" runs every `replica.lag.time.max.ms` / 2 (3.5, rule 2).
#[test]
fn a_dead_follower_leaves_between_one_and_one_and_a_half_lag_times() {
    let mut lab = Lab::new(&[1, 2], &[1]);
    lab.advance(Span::secs(1));
    lab.produce(B1, Acks::One, 1);
    lab.fetch_as(B2, B1, 0, None);
    lab.advance(Span::secs(30));
    assert!(lab.proposed().is_empty());
    lab.advance(Span::secs(15));
    assert_eq!(lab.proposed(), [[1]]);
}

/// Source: PartitionTest.testFollowerDoesNotJoinISRUntilCaughtUpToOffsetWithinCurrentLeaderEpoch.
#[test]
fn a_follower_at_the_high_watermark_but_below_the_epoch_start_may_not_join() {
    let mut lab = Lab::with(Settings::default(), &[1, 2, 3], &[1, 2], &[]);
    lab.start(B1, disk_with(&[(0, 6)], 3));
    lab.publish();
    lab.fetch_as(B3, B1, 4, Some(0));
    assert!(lab.proposals().is_empty());
    lab.fetch_as(B3, B1, 6, Some(0));
    assert_eq!(lab.proposed(), [[1, 2, 3]]);
}

/// Source: PartitionTest.testIsrNotExpandedIfReplicaIsFencedOrShutdown, KIP-841.
#[test]
fn fenced_and_stopping_brokers_may_not_join() {
    let mut fenced = with_broker(follower_outside(), |broker| broker.fenced = true);
    fenced.fetch_as(B2, B1, 10, Some(0));
    assert!(fenced.proposals().is_empty());
    let mut stopping = with_broker(follower_outside(), |broker| broker.in_controlled_shutdown = true);
    stopping.fetch_as(B2, B1, 10, Some(0));
    assert!(stopping.proposals().is_empty());
}

/// Source: Partition.isBrokerEpochIsrEligible, KIP-903.
#[test]
fn a_fetch_under_a_broker_epoch_that_the_leader_has_not_replayed_may_not_join_yet() {
    let mut lab = follower_outside();
    let asked = lab.ask(TP, 10, Some(0));
    lab.fetch_from(Fetcher::Replica(B2, Some(BrokerEpoch(99))), B2, B1, vec![asked]);
    assert!(lab.proposals().is_empty());
    lab.fetch_from(Fetcher::Replica(B2, None), B2, B1, vec![asked]);
    let (_, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions[0].new_isr[1], (B2, None));
}

/// Source: Partition.addBrokerEpochToIsr: a member that has not fetched yet goes as -1.
#[test]
fn a_member_that_has_not_fetched_in_this_reign_is_proposed_without_broker_epoch() {
    let mut lab = Lab::with(Settings::default(), &[1, 2, 3], &[1, 2], &[1]);
    lab.fetch_as(B3, B1, 0, None);
    let (_, request) = lab.proposals()[0].clone();
    let expected = [(B1, Some(BrokerEpoch(11))), (B2, None), (B3, Some(BrokerEpoch(13)))];
    assert_eq!(request.partitions[0].new_isr, expected);
}

/// Source: PartitionTest.testSingleInFlightAlterIsr (P7).
#[test]
fn one_change_of_a_partition_is_in_flight_at_a_time() {
    let mut lab = Lab::with(Settings::default(), &[1, 2, 3], &[1], &[1]);
    lab.fetch_as(B2, B1, 0, None);
    lab.fetch_as(B3, B1, 0, None);
    lab.fetch_as(B2, B1, 0, None);
    lab.advance(Span::secs(20));
    assert_eq!(lab.proposed(), [[1, 2]]);
}

/// Source: Partition.submitAlterPartition: partitionState is not the proposed one any more.
#[test]
fn an_answer_that_comes_after_newer_metadata_is_ignored() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    let isr = Some(list(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    lab.accept(B1, correlation, &[1, 2], 7);
    assert_eq!(lab.leader(B1).isr, IsrState::Committed { isr: list(&[1]) });
    assert_eq!(lab.partition(B1).partition_epoch, PartitionEpoch(1));
}

/// Source: Partition.handleAlterPartitionUpdate: equal partition epoch means that nothing had to change.
#[test]
fn an_accepted_no_op_ends_the_proposal() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    lab.accept(B1, correlation, &[1, 2], 0);
    assert_eq!(lab.leader(B1).isr, IsrState::Committed { isr: list(&[1, 2]) });
}

/// Source: DefaultAlterPartitionManager: unsentIsrUpdates holds the first item until it is answered.
#[test]
fn no_second_proposal_is_made_while_the_first_one_of_the_partition_is_unanswered() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    let isr = Some(list(&[1]));
    lab.change(PartitionChange { isr, ..PartitionChange::default() });
    lab.fetch_as(B2, B1, 10, Some(0));
    assert!(!lab.leader(B1).isr.is_in_flight());
    lab.refuse(B1, correlation, ErrorCode::InvalidUpdateVersion);
    lab.fetch_as(B2, B1, 10, Some(0));
    assert_eq!(lab.proposed(), [[1, 2]]);
}

/// Source: DefaultAlterPartitionManager.handleAlterPartitionResponse: any request-level error.
#[test]
fn a_request_level_error_is_retried_after_50_ms() {
    let mut lab = expanding();
    let (correlation, request) = lab.proposals()[0].clone();
    lab.answer_isr(B1, correlation, ErrorCode::StaleBrokerEpoch, vec![]);
    assert_eq!(lab.timer(B1, Timer::AlterPartitionRequest), None);
    lab.advance(Span::millis(49));
    assert!(lab.proposals().is_empty());
    lab.advance(MS);
    let again = lab.proposals();
    assert_ne!(again[0].0, correlation);
    assert_eq!(again[0].1, request);
}

/// Source: NodeToControllerChannelManager: a broken connection, no answer.
#[test]
fn a_lost_request_is_sent_again() {
    let mut lab = expanding();
    assert_eq!(lab.proposed(), [[1, 2]]);
    lab.disconnect(B1, CONTROLLER);
    lab.advance(Span::millis(50));
    assert_eq!(lab.proposed(), [[1, 2]]);
    assert_eq!(lab.timer(B1, Timer::AlterPartitionRequest), Some(Span::secs(30)));
    lab.advance(Span::millis(30_050));
    assert_eq!(lab.proposed(), [[1, 2]]);
}

/// Source: DefaultAlterPartitionManager: one inflightRequest at a time.
#[test]
fn a_late_or_doubled_answer_is_dropped() {
    let mut lab = expanding();
    let (late, _) = lab.proposals()[0].clone();
    lab.disconnect(B1, CONTROLLER);
    lab.advance(Span::millis(50));
    let (correlation, _) = lab.proposals()[0].clone();
    lab.refuse(B1, late, ErrorCode::IneligibleReplica);
    assert!(lab.leader(B1).isr.is_in_flight());
    lab.accept(B1, correlation, &[1, 2], 2);
    lab.accept(B1, correlation, &[1], 3);
    assert_eq!(lab.isr(B1), list(&[1, 2]));
}

/// Source: NodeToControllerChannelManager: requests wait until a controller is known.
#[test]
fn a_proposal_waits_for_a_controller() {
    let mut lab = follower_outside();
    lab.controller = None;
    lab.fetch_as(B2, B1, 10, Some(0));
    assert!(lab.leader(B1).isr.is_in_flight());
    assert!(lab.proposals().is_empty());
    lab.controller = Some(CONTROLLER);
    lab.drive(B1, |manager, now, _, ctx, out| manager.on_controller(now, ctx, out));
    lab.drive(B1, |manager, now, _, ctx, out| manager.on_controller(now, ctx, out));
    assert_eq!(lab.proposed(), [[1, 2]]);
}

/// Source: DefaultAlterPartitionManager.maybePropagateIsrChanges.
#[test]
fn what_comes_up_while_a_request_is_in_flight_goes_with_the_next_one() {
    let mut lab = follower_outside();
    let second = PartitionRegistration::new(list(&[1, 2]), list(&[1]));
    lab.image.partitions.insert(TP1, second);
    lab.publish();
    lab.fetch_as(B2, B1, 10, Some(0));
    let (correlation, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions.len(), 1);
    let asked = lab.ask(TP1, 0, None);
    lab.fetch_with(B2, B1, asked);
    assert!(lab.proposals().is_empty());
    lab.accept(B1, correlation, &[1, 2], 1);
    let (_, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions.iter().map(|p| p.partition).collect::<Vec<_>>(), [TP1]);
}

/// Source: DefaultAlterPartitionManager: "was sent but not included in the response".
#[test]
fn a_partition_that_the_answer_forgot_is_sent_again() {
    let mut lab = expanding();
    let (correlation, _) = lab.proposals()[0].clone();
    lab.answer_isr(B1, correlation, ErrorCode::None, vec![]);
    assert_eq!(lab.proposed(), [[1, 2]]);
}

/// Source: Partition.makeLeader: the leader counts itself as recovered at once (KIP-704).
#[test]
fn an_uncleanly_elected_leader_proposes_itself_as_recovered() {
    let mut lab = follower_outside();
    lab.change(PartitionChange {
        leader: Some(Some(B1)),
        recovery: Some(LeaderRecoveryState::Recovering),
        ..PartitionChange::default()
    });
    lab.fetch_as(B2, B1, 10, Some(1));
    let (_, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions[0].leader_recovery_state, LeaderRecoveryState::Recovered);
}
