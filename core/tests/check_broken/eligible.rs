//! S4, S6, S9, S11, S15, S17 where eligible leader replicas, lost disks and reassignments come in.

use crate::lab::{Lab, ORDERS, broker};
use kraftscope_core::check::{Rule, State, Why};
use kraftscope_core::id::{BrokerEpoch, Incarnation, NodeList, Offset, TopicPartition};
use kraftscope_core::record::{LeaderRecoveryState, MetadataRecord, PartitionChange};
use kraftscope_core::replication::IsrState;
use kraftscope_core::sim::genesis::Genesis;

const NOTHING: [&str; 0] = [];

fn isr(brokers: &[u8]) -> PartitionChange {
    PartitionChange { isr: Some(NodeList::brokers(brokers)), ..PartitionChange::default() }
}

/// Broker 1 is alone in the ISR, the others are eligible.
fn alone() -> PartitionChange {
    PartitionChange { elr: Some(NodeList::brokers(&[2, 3])), ..isr(&[1]) }
}

fn state(lab: &Lab, rule: Rule) -> State {
    lab.checker.state(rule as u32).expect("it is in the table")
}

/// Broker 3 is registered as another process; its old life is in whatever it was in.
fn register_again(lab: &mut Lab) -> Vec<&'static str> {
    let (incarnation, broker_epoch) = (Incarnation(99), BrokerEpoch(lab.checker_end()));
    lab.commit(MetadataRecord::RegisterBroker { broker: broker(3), incarnation, broker_epoch, fenced: true })
}

/// Source: KIP-966: whoever left an ISR below the minimum still holds every committed record.
#[test]
fn an_eligible_replica_that_holds_everything_is_fine() {
    assert_eq!(Lab::new().change(alone()), NOTHING);
}

/// Source: kip-966 TLA+, LeaderCandidateCompleteness.
#[test]
fn s4_an_eligible_replica_without_a_committed_record() {
    let mut lab = Lab::new();
    lab.log(3).truncate_to(Offset(1));
    assert_eq!(lab.change(alone()), ["S4"]);
}

/// Source: kip-966 TLA+, ReplicationQuorumSuperset.
#[test]
fn s6_a_leader_that_commits_without_an_eligible_replica() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(alone()), NOTHING);
    let leader = lab.leader();
    for follower in &mut leader.followers {
        (follower.leo, follower.last_caught_up) = (Some(Offset(0)), None);
    }
    leader.isr = IsrState::Committed { isr: NodeList::brokers(&[1, 2]) };
    let broken = lab.look(broker(1), vec![]);
    assert!(broken.contains(&"S6"), "{broken:?}");
}

/// Source: `ReplicationControlManager.handleBrokerUnfenced`: whoever is unfenced may be elected, also when a late
/// heartbeat unfences a broker that was shutting down. Who joins by an ISR change may not.
#[test]
fn s8_a_broker_that_is_shutting_down_may_be_elected_and_may_not_join() {
    let leave = |lab: &mut Lab| {
        let nobody =
            PartitionChange { leader: Some(None), elr: Some(NodeList::brokers(&[1, 2, 3])), ..isr(&[]) };
        assert_eq!(lab.change(nobody), NOTHING);
        let broker_epoch = lab.broker(3).broker_epoch().expect("registered");
        let (fenced, in_controlled_shutdown) = (None, true);
        lab.commit(MetadataRecord::BrokerRegistrationChange {
            broker: broker(3),
            broker_epoch,
            fenced,
            in_controlled_shutdown,
        })
    };
    let elected = |leader: u8, eligible: &[u8], brokers: &[u8]| PartitionChange {
        leader: Some(Some(broker(leader))),
        elr: Some(NodeList::brokers(eligible)),
        ..isr(brokers)
    };
    let mut lab = Lab::new();
    assert_eq!(leave(&mut lab), NOTHING);
    assert_eq!(lab.change(elected(3, &[1, 2], &[3])), NOTHING);
    let mut lab = Lab::new();
    assert_eq!(leave(&mut lab), NOTHING);
    assert_eq!(lab.change(elected(1, &[], &[1, 3])), ["S8"]);
}

/// Source: KIP-966, PreviousBrokerEpoch.
#[test]
fn s9_a_broker_that_comes_back_without_its_records_and_stays_in_the_isr() {
    let mut lab = Lab::new();
    assert_eq!(lab.power_loss(3, 1), NOTHING);
    assert_eq!(register_again(&mut lab), ["S9"]);
}

/// Source: KIP-966: until it is registered again it cannot be elected.
#[test]
fn s9_a_broker_that_is_down_without_its_records_may_be_eligible() {
    let mut lab = Lab::new();
    assert_eq!(lab.power_loss(3, 1), NOTHING);
    assert_eq!(lab.change(alone()), NOTHING);
    assert_eq!(lab.change(PartitionChange { elr: Some(NodeList::brokers(&[2])), ..isr(&[1]) }), NOTHING);
    assert_eq!(register_again(&mut lab), NOTHING);
    assert_eq!(lab.change(alone()), ["S9"]);
}

/// Nothing is committed. Broker 3 loses the only record, is registered anew with an empty log, and its disk is replaced
/// once more. The leader takes it in for a fetch from `fetched` on. Returns what is broken then.
fn joins_without_a_disk(fetched: u64) -> Vec<&'static str> {
    let mut lab = Lab::of(Genesis { producers: vec![], ..Genesis::default() });
    for number in [1, 3] {
        let _ = lab.append(number, 0);
        assert_eq!(lab.look(broker(number), vec![]), NOTHING);
    }
    assert_eq!(lab.power_loss(3, 1), NOTHING);
    assert_eq!(lab.change(isr(&[1, 2])), NOTHING);
    assert_eq!(register_again(&mut lab), NOTHING);
    let broker_epoch = BrokerEpoch(lab.checker_end() - 1);
    let (fenced, in_controlled_shutdown) = (Some(false), false);
    let unfenced = MetadataRecord::BrokerRegistrationChange {
        broker: broker(3),
        broker_epoch,
        fenced,
        in_controlled_shutdown,
    };
    assert_eq!(lab.commit(unfenced), NOTHING);
    lab.world.slot_mut(broker(3)).expect("a broker").disk.replicas.replicas.remove(&ORDERS);
    assert_eq!(lab.look(broker(3), vec![]), NOTHING);
    lab.copy(1).partition_epoch = lab.copy(1).partition_epoch.next();
    let leader = lab.leader();
    for follower in leader.followers.iter_mut().filter(|follower| follower.id == broker(3)) {
        follower.leo = Some(Offset(fetched));
    }
    leader.isr = IsrState::PendingExpand { isr: NodeList::brokers(&[1, 2]), joining: broker(3) };
    assert_eq!(lab.look(broker(1), vec![]), NOTHING);
    lab.change(isr(&[1, 2, 3]))
}

/// Source: KIP-903: the controller compares broker epochs, and learns of a dead process by its silence only. What the
/// leader counts on is true of an empty log.
#[test]
fn s9_who_had_fetched_nothing_may_join_without_a_disk() {
    assert_eq!(joins_without_a_disk(0), NOTHING);
    assert_eq!(joins_without_a_disk(1), ["S9"]);
}

/// Source: kip-966 TLA+, NoGlobalDataLoss: one lost disk is survived with min.insync.replicas 2.
#[test]
fn s11_an_acknowledged_record_that_is_nowhere() {
    let mut lab = Lab::new();
    for number in [2, 3] {
        lab.log(number).truncate_to(Offset(1));
    }
    assert_eq!(lab.power_loss(1, 1), ["S11"]);
}

/// Source: KIP-966: the minimum is two, and two disks are lost.
#[test]
fn s11_is_not_promised_when_too_many_copies_lost_records() {
    let mut lab = Lab::new();
    for number in [1, 2, 3] {
        assert_eq!(lab.power_loss(number, 1), NOTHING);
    }
    let losses: Vec<_> = lab.checker.losses().collect();
    assert!(matches!(losses[..], [(ORDERS, Why::TooManyLosses { .. })]), "{losses:?}");
}

/// Source: KIP-455: the controller has not heard yet that the only replica which stays lost its disk.
#[test]
fn s11_is_not_promised_when_a_reassignment_leaves_only_a_copy_that_lost_records() {
    let mut lab = Lab::new();
    assert_eq!(lab.power_loss(3, 1), NOTHING);
    let moved = PartitionChange {
        replicas: Some(NodeList::brokers(&[3])),
        leader: Some(Some(broker(3))),
        ..isr(&[3])
    };
    lab.change(moved);
    let losses: Vec<_> = lab.checker.losses().collect();
    assert!(matches!(losses[..], [(ORDERS, Why::TooManyLosses { .. })]), "{losses:?}");
}

/// Source: KIP-704; a zombie of the old epoch may commit while the new leader makes its followers truncate.
#[test]
fn s15_is_not_promised_after_an_unclean_election() {
    let mut lab = Lab::new();
    assert_eq!(lab.change(alone()), NOTHING);
    let elected = PartitionChange {
        leader: Some(Some(broker(3))),
        recovery: Some(LeaderRecoveryState::Recovering),
        elr: Some(NodeList::EMPTY),
        ..isr(&[3])
    };
    assert_eq!(lab.change(PartitionChange { elr: Some(NodeList::EMPTY), ..isr(&[1]) }), NOTHING);
    assert_eq!(lab.change(elected), NOTHING);
    let offset = lab.append(1, 0);
    lab.copy(1).hw = offset.next();
    assert!(!lab.look(broker(1), vec![]).contains(&"S15"));
}

/// Source: KIP-966, before 3.7.
#[test]
fn s15_is_not_promised_where_the_high_watermark_does_not_wait() {
    let lab = Lab::with(|features| features.strict_min_isr = false);
    assert_eq!(state(&lab, Rule::S15), State::NotApplicable { why: Why::MinIsrNotEnforced });
}

/// Source: ReplicationControlManager.changePartitionReassignment: a second reassignment takes the place of the first,
/// and drops who had not arrived.
#[test]
fn s17_lets_another_reassignment_drop_who_was_being_added() {
    let mut lab = Lab::new();
    let set = |brokers: &[u8]| Some(NodeList::brokers(brokers));
    let adding =
        PartitionChange { replicas: set(&[4, 1, 2, 3]), adding: set(&[4]), ..PartitionChange::default() };
    assert_eq!(lab.change(adding), NOTHING);
    let dropped = PartitionChange { replicas: set(&[1, 2]), adding: set(&[]), ..isr(&[1, 2]) };
    assert_eq!(lab.change(dropped), NOTHING);
}

/// Source: KAFKA-15665.
#[test]
fn s17_a_reassignment_that_shrinks_the_isr_below_the_minimum() {
    let mut lab = Lab::new();
    let replicas = Some(NodeList::brokers(&[1, 2]));
    let leader = Some(Some(broker(1)));
    assert_eq!(lab.change(PartitionChange { replicas, leader, ..isr(&[1]) }), ["S17"]);
}

/// Source: KIP-455.
#[test]
fn s17_a_reassignment_that_completes_without_who_was_added() {
    let mut lab = Lab::new();
    let adding = |brokers: &[u8]| Some(NodeList::brokers(brokers));
    assert_eq!(lab.change(PartitionChange { adding: adding(&[3]), ..isr(&[1, 2]) }), NOTHING);
    assert_eq!(lab.change(PartitionChange { adding: adding(&[]), ..Default::default() }), ["S17"]);
}

/// A partition of which nobody leads, with an empty ISR and these replicas in the ELR, whose minimum is one.
fn leaderless(eligible: &[u8]) -> Lab {
    let mut genesis = Genesis::default();
    genesis.settings.min_insync_replicas = 1;
    genesis.topics.iter_mut().for_each(|topic| topic.min_insync_replicas = None);
    let mut lab = Lab::of(genesis);
    let gone = PartitionChange { leader: Some(None), elr: Some(NodeList::brokers(eligible)), ..isr(&[]) };
    assert_eq!(lab.change(gone), NOTHING);
    lab
}

fn elected(in_sync: &[u8], eligible: &[u8]) -> PartitionChange {
    let leader = in_sync.first().map(|&leader| broker(leader));
    PartitionChange { leader: Some(leader), elr: Some(NodeList::brokers(eligible)), ..isr(in_sync) }
}

/// Source: `PartitionChangeBuilder.build`: `maybePopulateTargetElr` comes before `tryElection`, which takes nobody but
/// the new leader out of the ELR.
#[test]
fn p4_an_election_from_the_elr_may_leave_the_rest_of_it() {
    assert_eq!(leaderless(&[1, 2, 3]).change(elected(&[1], &[2, 3])), NOTHING);
}

/// Source: the same; whatever change comes next finds enough in the ISR and clears the ELR, also of dropped replicas.
#[test]
fn p4_an_elr_that_no_election_leaves() {
    let mut lab = leaderless(&[1, 2]);
    assert_eq!(lab.change(elected(&[1], &[2])), NOTHING);
    assert!(lab.change(PartitionChange { elr: Some(NodeList::brokers(&[3])), ..isr(&[1]) }).contains(&"P4"));
    assert!(leaderless(&[1, 2]).change(elected(&[1], &[2, 3])).contains(&"P4"), "it was not eligible");
    assert!(leaderless(&[1, 2, 3]).change(elected(&[1, 2], &[3])).contains(&"P4"), "not alone");
    assert!(leaderless(&[2]).change(elected(&[1], &[2])).contains(&"P4"), "unclean");
    let dropped = PartitionChange { replicas: Some(NodeList::brokers(&[1, 2])), ..elected(&[1, 2], &[3]) };
    assert!(Lab::new().change(dropped).contains(&"P4"), "the ISR suffices without an election");
}

/// Source: `PartitionChangeBuilder.maybeUpdateRecordElr`, `maybeUpdateLastKnownLeader`.
#[test]
fn p4_the_last_leader_is_known_until_somebody_leads() {
    let (elr, last_known_elr) = (Some(NodeList::EMPTY), Some(NodeList::brokers(&[1])));
    let waits = PartitionChange { elr, last_known_elr, ..isr(&[1]) };
    assert_eq!(leaderless(&[1]).change(waits), NOTHING);
    assert!(
        leaderless(&[1]).change(PartitionChange { last_known_elr, ..elected(&[1], &[]) }).contains(&"P4")
    );
}

/// Source: `PartitionChangeBuilder.maybePopulateTargetElr`: dropped replicas stay in the ELR. The controller counts the
/// minimum with the replicas of partition 0, so another partition may keep an ELR although it has one replica.
#[test]
fn a_dropped_replica_that_comes_back_as_eligible_voids_the_promise() {
    let partition = TopicPartition { partition: 1, ..ORDERS };
    let brokers = |numbers: &[u8]| Some(NodeList::brokers(numbers));
    let leader = Some(Some(broker(2)));
    let dropped = PartitionChange { replicas: brokers(&[2]), leader, elr: brokers(&[1, 3]), ..isr(&[2]) };
    let mut lab = Lab::new();
    assert_eq!(lab.commit(MetadataRecord::PartitionChange { partition, change: dropped }), NOTHING);
    assert_eq!(lab.checker.void().count(), 0);
    let back = PartitionChange { replicas: brokers(&[2, 1]), adding: brokers(&[1]), ..Default::default() };
    assert_eq!(lab.commit(MetadataRecord::PartitionChange { partition, change: back }), NOTHING);
    let void: Vec<_> = lab.checker.void().collect();
    assert!(matches!(void[..], [(_, Why::DroppedReplicaEligible { .. })]), "{void:?}");
    let mut mended = Lab::with(|features| features.dropped_replicas_stay_in_elr = false);
    assert!(
        mended.commit(MetadataRecord::PartitionChange { partition, change: dropped }).contains(&"P2"),
        "only replicas are eligible"
    );
}

/// Source: a reassignment takes replicas out and their logs go, while a leader that has not heard of it still counts
/// what they had fetched.
#[test]
fn s1_s15_do_not_ask_a_dropped_replica_for_its_log() {
    let mut lab = Lab::new();
    let replicas = Some(NodeList::brokers(&[1, 2]));
    assert_eq!(lab.change(PartitionChange { replicas, ..isr(&[1, 2]) }), NOTHING);
    lab.append(1, 0);
    let offset = lab.append(2, 0);
    lab.broker(3).replicas.disk.replicas.remove(&ORDERS);
    for follower in &mut lab.leader().followers {
        follower.leo = Some(offset.next());
    }
    lab.copy(1).hw = offset.next();
    assert_eq!(lab.look(broker(1), vec![]), NOTHING);
}

/// Source: PartitionReassignmentRevert: nobody of the ISR is left, so the first replica has to do.
#[test]
fn an_unclean_return_from_a_reassignment_voids_the_promise() {
    let mut lab = Lab::new();
    let set = |brokers: &[u8]| Some(NodeList::brokers(brokers));
    let moving =
        PartitionChange { replicas: set(&[1, 2, 3]), adding: set(&[1]), removing: set(&[2, 3]), ..isr(&[1]) };
    assert_eq!(lab.change(PartitionChange { elr: set(&[]), ..moving }), NOTHING);
    let back = PartitionChange { replicas: set(&[2, 3]), adding: set(&[]), removing: set(&[]), ..isr(&[2]) };
    lab.change(PartitionChange { leader: Some(None), elr: set(&[]), ..back });
    let void: Vec<_> = lab.checker.void().collect();
    assert!(matches!(void[..], [(ORDERS, Why::UncleanElection { .. })]), "{void:?}");
}
