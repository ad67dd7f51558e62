//! P1 to P9, S1 to S16. P1 is proved beside its rule: no record can say anything else.

use crate::lab::{Lab, ORDERS, broker};
use kraftscope_core::check::{Rule, State, Why};
use kraftscope_core::id::{BrokerEpoch, Incarnation, LeaderEpoch, NodeList, Offset};
use kraftscope_core::note::Note;
use kraftscope_core::record::{MetadataRecord, PartitionChange};
use kraftscope_core::replication::{IsrState, Role};
use kraftscope_core::sim::genesis::Genesis;

fn isr(brokers: &[u8]) -> PartitionChange {
    PartitionChange { isr: Some(NodeList::brokers(brokers)), ..PartitionChange::default() }
}

/// Source: ValidControllerIsrAndElr.
#[test]
fn p2_an_isr_with_a_stranger() {
    let broken = Lab::new().change(isr(&[1, 2, 9]));
    assert!(broken.contains(&"P2"), "{broken:?}");
}

/// Source: Kip320.tla, LeaderInIsr.
#[test]
fn p3_a_leader_outside_the_isr() {
    assert_eq!(Lab::new().change(isr(&[2, 3])), ["P3"]);
}

/// Source: KIP-966.
#[test]
fn p4_an_eligible_replica_while_the_isr_suffices() {
    let elr = Some(NodeList::brokers(&[3]));
    assert_eq!(Lab::new().change(PartitionChange { elr, ..isr(&[1, 2]) }), ["P4"]);
}

/// Source: PartitionChangeBuilder.
#[test]
fn p5_an_empty_isr() {
    let empty = PartitionChange { leader: Some(None), ..isr(&[]) };
    assert_eq!(Lab::without_elr().change(empty), ["P5"]);
    assert_eq!(Lab::new().change(empty), Vec::<&str>::new());
}

/// Source: kip-966 TLA+, ValidControllerState.
#[test]
fn p5_a_fenced_broker_in_an_isr() {
    let mut lab = Lab::new();
    let broker_epoch = lab.broker(3).broker_epoch().unwrap();
    let fenced = MetadataRecord::BrokerRegistrationChange {
        broker: broker(3),
        broker_epoch,
        fenced: Some(true),
        in_controlled_shutdown: false,
    };
    lab.commit(fenced);
    assert!(lab.change(isr(&[1, 2, 3])).contains(&"P5"));
}

/// A lab whose partition moves from 1, 2, 3 to 4, has nobody else in the ISR, and whose broker 1 is fenced.
fn moving(unclean_elections: bool) -> Lab {
    let mut genesis = Genesis::default();
    genesis.settings.unclean_leader_election_enable = unclean_elections;
    let mut lab = Lab::of(genesis);
    let list = |brokers: &[u8]| Some(NodeList::brokers(brokers));
    let begin = PartitionChange {
        replicas: list(&[4, 1, 2, 3]),
        adding: list(&[4]),
        removing: list(&[1, 2, 3]),
        leader: Some(None),
        elr: list(&[2]),
        ..isr(&[])
    };
    assert_eq!(lab.change(begin), Vec::<&str>::new());
    let broker_epoch = lab.broker(1).broker_epoch().expect("registered");
    let (fenced, in_controlled_shutdown) = (Some(true), false);
    lab.commit(MetadataRecord::BrokerRegistrationChange {
        broker: broker(1),
        broker_epoch,
        fenced,
        in_controlled_shutdown,
    });
    lab
}

fn back(in_sync: &[u8], replicas: &[u8]) -> PartitionChange {
    let (adding, removing) = (Some(NodeList::EMPTY), Some(NodeList::EMPTY));
    PartitionChange { replicas: Some(NodeList::brokers(replicas)), adding, removing, ..isr(in_sync) }
}

/// Source: `PartitionReassignmentRevert`, `ReplicationControlManager.cancelPartitionReassignment`.
#[test]
fn p5_a_cancelled_reassignment_goes_back_to_the_first_replica_alive_or_not() {
    let mut lab = moving(true);
    assert_eq!(lab.change(back(&[1], &[1, 2, 3])), Vec::<&str>::new());
    let stays = PartitionChange { elr: Some(NodeList::EMPTY), ..PartitionChange::default() };
    assert_eq!(lab.change(stays), Vec::<&str>::new());
}

/// Source: the same: only the first of the old replicas, only where unclean elections are allowed, and only when it is
/// a reassignment that is cancelled.
#[test]
fn p5_a_fenced_broker_that_no_cancelled_reassignment_brings_back() {
    assert!(moving(false).change(back(&[1], &[1, 2, 3])).contains(&"P5"), "no unclean elections");
    assert!(moving(true).change(back(&[1], &[2, 1, 3])).contains(&"P5"), "other replicas");
    assert!(moving(true).change(back(&[1, 2], &[1, 2, 3])).contains(&"P5"), "not alone");
    assert!(moving(true).change(isr(&[1])).contains(&"P5"), "still moving");
}

/// Source: `ReplicationControlManager.handleBrokerFenced`: who is fenced leaves the ISR first, also of a partition that
/// has no leader; only a cancelled reassignment leaves it there.
#[test]
fn p5_the_last_member_of_a_leaderless_isr_is_fenced_and_stays() {
    let mut lab = Lab::new();
    let leaderless = PartitionChange { leader: Some(None), ..isr(&[1]) };
    assert_eq!(lab.change(leaderless), Vec::<&str>::new());
    let broker_epoch = lab.broker(1).broker_epoch().expect("registered");
    let (fenced, in_controlled_shutdown) = (Some(true), false);
    lab.commit(MetadataRecord::BrokerRegistrationChange {
        broker: broker(1),
        broker_epoch,
        fenced,
        in_controlled_shutdown,
    });
    let stays = PartitionChange { elr: Some(NodeList::EMPTY), ..PartitionChange::default() };
    assert_eq!(lab.change(stays), ["P5"]);
}

/// Source: KIP-497.
#[test]
fn p6_a_leader_with_an_isr_of_its_own() {
    let mut lab = Lab::new();
    lab.leader().isr = IsrState::Committed { isr: NodeList::brokers(&[1, 2]) };
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"P6"), "{broken:?}");
}

/// Source: PartitionTest, SingleInFlightAlterIsr.
#[test]
fn p7_a_second_proposal_before_the_first_is_decided() {
    let mut lab = Lab::new();
    let isr = NodeList::brokers(&[1, 2, 3]);
    lab.leader().isr = IsrState::PendingShrink { isr, out: NodeList::brokers(&[2]) };
    assert!(lab.look(broker(1), vec![]).is_empty());
    lab.leader().isr = IsrState::PendingShrink { isr, out: NodeList::brokers(&[3]) };
    assert_eq!(lab.look(broker(1), vec![]), ["P7"]);
}

/// Source: v3.5 TLA+, ValidFetcherState.
#[test]
fn p8_a_leader_that_still_fetches() {
    let mut lab = Lab::new();
    let role = Role::Leader(lab.leader().clone());
    let copy = lab.copy(2);
    (copy.role, copy.leader_epoch) = (role, LeaderEpoch(1));
    let broken = lab.look(broker(2), vec![]);
    assert!(broken.contains(&"P8"), "{broken:?}");
}

/// Source: v3.5 TLA+, ValidFetcherState.
#[test]
fn p8_a_follower_that_no_fetcher_serves() {
    let mut lab = Lab::new();
    let copy = lab.copy(2);
    copy.leader_epoch = LeaderEpoch(1);
    let Role::Follower(following) = &mut copy.role else { panic!("broker 2 follows") };
    following.leader = Some(broker(3));
    assert_eq!(lab.look(broker(2), vec![]), ["P8"]);
}

/// Source: KIP-631.
#[test]
fn p9_a_new_life_under_an_old_broker_epoch() {
    let (incarnation, broker_epoch) = (Incarnation(9), BrokerEpoch(1));
    let record =
        MetadataRecord::RegisterBroker { broker: broker(1), incarnation, broker_epoch, fenced: true };
    assert_eq!(Lab::new().commit(record), ["P9"]);
}

/// A leader that has moved its high watermark over a record that nobody else holds.
fn hasty(lab: &mut Lab) -> Vec<&'static str> {
    let offset = lab.append(1, 0);
    lab.copy(1).hw = offset.next();
    lab.look(broker(1), vec![])
}

/// Source: Kip320.tla, WeakIsr and StrongIsr; Partition.maybeIncrementLeaderHW; KIP-966.
#[test]
fn s1_s2_s7_s15_a_commit_that_does_not_wait() {
    assert_eq!(hasty(&mut Lab::new()), ["S7", "S15", "S1", "S2"]);
}

/// Source: Kip320.tla, WeakIsr: followers said that they have it, and do not.
#[test]
fn s1_a_follower_that_lied() {
    let mut lab = Lab::new();
    let end = lab.log(1).leo().next();
    for follower in &mut lab.leader().followers {
        follower.leo = Some(end);
    }
    let broken = hasty(&mut lab);
    assert!(!broken.contains(&"S7") && broken.contains(&"S1"), "{broken:?}");
}

/// Source: KIP-966: strict min ISR.
#[test]
fn s7_a_commit_below_min_insync_replicas() {
    let mut lab = Lab::new();
    lab.leader().isr = IsrState::Committed { isr: NodeList::brokers(&[1]) };
    assert!(hasty(&mut lab).contains(&"S7"));
}

/// Source: KIP-320: a position that a fetch of another leader epoch has told counts for nothing.
#[test]
fn s7_a_follower_that_fetched_in_another_epoch() {
    let mut lab = Lab::new();
    for follower in &mut lab.leader().followers {
        follower.leader_epoch = LeaderEpoch(7);
    }
    lab.append(1, 0);
    assert_eq!(lab.look(broker(1), vec![]), ["S7"]);
}

/// Source: KAFKA-14704: the high watermark was taken over, and then the log was cut below it.
#[test]
fn s3_a_record_that_was_shown_before_it_was_cut() {
    let mut lab = Lab::new();
    let to = lab.log(3).leo();
    let from = lab.append(3, 0).next();
    lab.look(broker(3), vec![]);
    lab.log(3).truncate_to(to);
    let cut = Note::LogTruncated { partition: ORDERS, from, to, leader_epoch: LeaderEpoch(0), hw: from };
    assert_eq!(lab.look(broker(3), vec![cut]), ["S3"]);
}

/// Source: kip-966 TLA+, LogMatching.
#[test]
fn s3_a_replica_that_differs_below_its_high_watermark() {
    let mut lab = Lab::new();
    let leo = lab.log(3).leo();
    lab.log(3).truncate_to(Offset(leo.0 - 1));
    lab.append(3, 0);
    let broken = lab.look(broker(3), vec![]);
    assert!(broken.contains(&"S3") && broken.contains(&"L4"), "{broken:?}");
}

/// Source: kip-966 TLA+, LeaderCandidateCompleteness.
#[test]
fn s4_a_candidate_without_a_committed_record() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    lab.append(1, 0);
    let offset = lab.append(2, 0);
    lab.copy(1).hw = offset.next();
    lab.look(broker(1), vec![]);
    let broken = lab.change(isr(&[1, 2, 3]));
    assert!(broken.contains(&"S4"), "{broken:?}");
}

/// The controller makes broker 2 the leader, and that one begins with an empty log.
fn empty_leader(lab: &mut Lab) -> Vec<&'static str> {
    let elected = PartitionChange { leader: Some(Some(broker(2))), ..PartitionChange::default() };
    assert_eq!(lab.change(elected), Vec::<&str>::new());
    let role = Role::Leader(lab.leader().clone());
    lab.broker(2).replicas.disk.replicas.insert(ORDERS, Default::default());
    let copy = lab.copy(2);
    (copy.role, copy.leader_epoch, copy.hw) = (role, LeaderEpoch(1), Offset(0));
    lab.look(broker(2), vec![])
}

/// Source: kip-966 TLA+, LeaderCompleteness; v3.5 TLA+, ConsistentRead; Jepsen, lost-write.
#[test]
fn s5_s13_c1_a_new_leader_with_an_empty_log() {
    let broken = empty_leader(&mut Lab::new());
    for id in ["S5", "S13", "C1"] {
        assert!(broken.contains(&id), "{id} in {broken:?}");
    }
}

/// Source: KIP-497, ReplicationQuorumSuperset.
#[test]
fn s6_a_leader_that_does_not_wait_for_a_member_of_the_isr() {
    let mut lab = Lab::new();
    let leader = lab.leader();
    leader.isr = IsrState::Committed { isr: NodeList::brokers(&[1, 2]) };
    for follower in leader.followers.iter_mut().filter(|follower| follower.id == broker(3)) {
        (follower.leo, follower.last_caught_up) = (Some(Offset(0)), None);
    }
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"S6"), "{broken:?}");
}

/// Source: KIP-320.
#[test]
fn s8_a_proposal_for_a_replica_that_lags() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    let leader = lab.leader();
    leader.isr = IsrState::PendingExpand { isr: NodeList::brokers(&[1, 2]), joining: broker(3) };
    for follower in leader.followers.iter_mut().filter(|follower| follower.id == broker(3)) {
        follower.leo = Some(Offset(0));
    }
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"S8"), "{broken:?}");
}

/// Source: KIP-320.
#[test]
fn s8_a_proposal_for_a_replica_that_fetched_in_another_epoch() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    let leader = lab.leader();
    leader.isr = IsrState::PendingExpand { isr: NodeList::brokers(&[1, 2]), joining: broker(3) };
    for follower in leader.followers.iter_mut().filter(|follower| follower.id == broker(3)) {
        follower.leader_epoch = LeaderEpoch(7);
    }
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"S8"), "{broken:?}");
}

/// Source: KIP-841.
#[test]
fn s8_a_fenced_broker_that_joins() {
    let mut lab = Lab::without_elr();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    let broker_epoch = lab.broker(3).broker_epoch().expect("registered");
    let fenced = MetadataRecord::BrokerRegistrationChange {
        broker: broker(3),
        broker_epoch,
        fenced: Some(true),
        in_controlled_shutdown: false,
    };
    let others = lab.commit(fenced);
    assert_eq!(others, Vec::<&str>::new());
    assert_eq!(lab.change(isr(&[1, 2, 3])), ["S8"]);
}

/// Source: KIP-101, KIP-279.
#[test]
fn s10_a_truncation_of_a_committed_record() {
    let mut lab = Lab::new();
    let leo = lab.log(3).leo();
    let to = Offset(leo.0 - 2);
    lab.log(3).truncate_to(to);
    lab.copy(3).hw = to;
    assert_eq!(lab.look(broker(3), vec![]), ["S10"]);
}

/// A lab in which everybody has written a record in leader epoch 0 that broker 1 commits in leader epoch 1.
fn committed_an_epoch_later() -> Lab {
    let mut lab = Lab::new();
    for number in [1, 2, 3] {
        lab.append(number, 777);
        assert_eq!(lab.look(broker(number), vec![]), Vec::<&str>::new());
    }
    let elected = PartitionChange { leader: Some(Some(broker(1))), ..isr(&[1, 2]) };
    assert_eq!(lab.change(elected), Vec::<&str>::new());
    for follower in &mut lab.leader().followers {
        follower.leader_epoch = LeaderEpoch(1);
    }
    let leo = lab.log(1).leo();
    lab.log(1).epochs.assign(LeaderEpoch(1), leo);
    lab.leader().epoch_start = leo;
    let copy = lab.copy(1);
    (copy.leader_epoch, copy.hw) = (LeaderEpoch(1), leo);
    assert_eq!(lab.look(broker(1), vec![]), Vec::<&str>::new());
    let last = Offset(leo.0 - 1);
    lab.log(3).truncate_to(last);
    lab
}

/// Source: `Partition.readRecords`: whoever knows an older leader epoch may only fetch from the leader of that epoch,
/// which need not have what a later leader commits.
#[test]
fn s10_does_not_hold_for_who_has_not_heard_of_the_committing_epoch() {
    let mut lab = committed_an_epoch_later();
    assert_eq!(lab.look(broker(3), vec![]), Vec::<&str>::new());
}

/// Source: Kip320.tla, StrongIsr: in the ISR it holds all the same whatever was committed.
#[test]
fn s10_holds_for_a_member_of_the_isr_whatever_epoch_it_knows() {
    let mut lab = committed_an_epoch_later();
    assert_eq!(lab.change(isr(&[1, 2, 3])), ["S4"]);
    assert_eq!(lab.look(broker(3), vec![]), ["S10"]);
}

/// Source: KIP-320: a leader holds what was committed up to its own leader epoch, and who follows it may be outside the ISR.
#[test]
fn s10_a_truncation_of_what_was_committed_in_the_own_epoch() {
    let mut lab = committed_an_epoch_later();
    lab.copy(3).leader_epoch = LeaderEpoch(1);
    assert_eq!(lab.look(broker(3), vec![]), ["S10"]);
}

/// Source: KIP-207.
#[test]
fn s14_a_high_watermark_that_goes_back() {
    let mut lab = Lab::new();
    lab.copy(1).hw = Offset(1);
    assert_eq!(lab.look(broker(1), vec![]), ["S14"]);
}

/// Source: KIP-704.
#[test]
fn s16_an_unclean_election_that_is_not_marked() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    let elected = PartitionChange { leader: Some(Some(broker(3))), ..isr(&[1, 2, 3]) };
    let broken = lab.change(elected);
    assert!(broken.contains(&"S16"), "{broken:?}");
}

/// Source: KIP-966: without eligible leader replicas there is no such promise.
#[test]
fn s9_does_not_apply_without_eligible_leader_replicas() {
    let lab = Lab::without_elr();
    assert_eq!(lab.checker.state(Rule::S9 as u32), Some(State::NotApplicable { why: Why::ElrOff }));
}

/// A promise that stays broken is told once.
#[test]
fn a_broken_promise_is_told_once() {
    let mut lab = Lab::new();
    hasty(&mut lab);
    let before = lab.checker.broken_count();
    assert_eq!(hasty(&mut lab), Vec::<&str>::new());
    assert_eq!(lab.checker.broken_count(), before);
    assert!(matches!(
        lab.checker.state(Rule::S7 as u32),
        Some(State::Broken { partition: Some(ORDERS), .. })
    ));
    let quiet = lab.look(broker(1), vec![Note::BrokerStopped]);
    assert_eq!(quiet, Vec::<&str>::new());
}

/// Source: ValidControllerIsrAndElr: nobody is in both, and nobody twice in one.
#[test]
fn p2_a_replica_in_the_isr_and_in_the_elr() {
    let elr = Some(NodeList::brokers(&[2]));
    let broken = Lab::new().change(PartitionChange { elr, ..isr(&[1, 2]) });
    assert!(broken.contains(&"P2"), "{broken:?}");
}

/// Source: KIP-497: a leader learns partition epochs from the controller, it does not make them.
#[test]
fn p6_a_leader_with_a_partition_epoch_that_the_controller_never_wrote() {
    let mut lab = Lab::new();
    let known = lab.copy(1).partition_epoch;
    lab.copy(1).partition_epoch = known.next();
    assert_eq!(lab.look(broker(1), vec![]), ["P6"]);
}

/// Source: ClusterControlManager: the broker epoch is the offset of the registration.
#[test]
fn p9_a_broker_epoch_from_beyond_the_log() {
    let (incarnation, broker_epoch) = (Incarnation(9), BrokerEpoch(1_000_000));
    let record =
        MetadataRecord::RegisterBroker { broker: broker(1), incarnation, broker_epoch, fenced: true };
    assert_eq!(Lab::new().commit(record), ["P9"]);
}

/// Source: KAFKA-7128: the start of the leader epoch has to be reached, not only a high watermark that lags.
#[test]
fn s8_a_proposal_for_a_replica_before_the_start_of_the_epoch() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    let end = lab.log(1).leo();
    let leader = lab.leader();
    leader.isr = IsrState::PendingExpand { isr: NodeList::brokers(&[1, 2]), joining: broker(3) };
    leader.epoch_start = end.plus(3);
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"S8"), "{broken:?}");
}

/// Source: KIP-841: nor does one join that shuts down.
#[test]
fn s8_a_broker_that_shuts_down_and_joins() {
    let mut lab = Lab::without_elr();
    assert_eq!(lab.change(isr(&[1, 2])), Vec::<&str>::new());
    let broker_epoch = lab.broker(3).broker_epoch().expect("registered");
    let stopping = MetadataRecord::BrokerRegistrationChange {
        broker: broker(3),
        broker_epoch,
        fenced: None,
        in_controlled_shutdown: true,
    };
    assert_eq!(lab.commit(stopping), Vec::<&str>::new());
    assert_eq!(lab.change(isr(&[1, 2, 3])), ["S8"]);
}
