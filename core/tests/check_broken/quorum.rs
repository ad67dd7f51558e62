//! K1 to K17.

use crate::lab::{Lab, broker};
use kraftscope_core::id::{DirectoryId, LeaderEpoch, NodeId, Offset, ReplicaKey};
use kraftscope_core::kraft::Quorum;
use kraftscope_core::node::{Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{Entry, MetadataRecord};
use kraftscope_core::voters::{Voter, VoterSet};
use serde_json::Value;

/// A replica with one private field changed.
fn edit(quorum: &mut Quorum, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::to_value(&*quorum).expect("it can be written down");
    change(&mut value);
    *quorum = serde_json::from_value(value).expect("it is still a replica");
}

/// A follower that believes to be the leader.
fn usurper(lab: &mut Lab) -> NodeId {
    let (active, node) = (lab.active(), lab.follower(0));
    *lab.quorum(node) = lab.quorum(active).clone();
    node
}

/// Source: Raft, Election Safety.
#[test]
fn k1_two_leaders_of_one_epoch() {
    let mut lab = Lab::new();
    let node = usurper(&mut lab);
    let broken = lab.look(node, vec![]);
    assert!(broken.contains(&"K1"), "{broken:?}");
}

/// Source: pull-raft.tla.
#[test]
fn k2_two_leaders_named_for_one_epoch() {
    let mut lab = Lab::new();
    let (node, other) = (lab.follower(0), lab.follower(1));
    lab.quorum(node).disk.election.leader = Some(other);
    assert_eq!(lab.look(node, vec![]), ["K2"]);
}

/// Source: Raft, KIP-595.
#[test]
fn k3_two_votes_in_one_epoch() {
    let mut lab = Lab::new();
    let (node, epoch) = (lab.follower(0), LeaderEpoch(99));
    let vote = |candidate| Note::VoteGranted { candidate, epoch, pre_vote: false };
    let (first, second) = (vote(lab.active()), vote(lab.follower(1)));
    assert!(lab.look(node, vec![first]).is_empty());
    assert!(lab.look(node, vec![first]).is_empty());
    assert_eq!(lab.look(node, vec![second]), ["K3"]);
}

/// Source: Raft, Log Matching.
#[test]
fn k4_logs_that_meet_again_after_they_parted() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    let disk = &mut lab.quorum(node).disk;
    let end = disk.log.end();
    let last = *disk.log.get(Offset(end.0 - 1)).expect("the last entry");
    disk.log.truncate_to(Offset(end.0 - 2));
    let topic = MetadataRecord::Topic { topic: Default::default(), name: Default::default() };
    disk.log.append(Entry { epoch: last.epoch, body: topic });
    disk.log.append(last);
    disk.log.flush();
    let broken = lab.look(node, vec![]);
    assert!(broken.contains(&"K4") && broken.contains(&"L4"), "{broken:?}");
}

/// Source: Raft, Leader Completeness.
#[test]
fn k5_a_new_leader_without_the_committed_records() {
    let mut lab = Lab::new();
    let node = usurper(&mut lab);
    let disk = &mut lab.quorum(node).disk;
    disk.election.leader_epoch = LeaderEpoch(99);
    disk.log.truncate_to(Offset(2));
    let broken = lab.look(node, vec![]);
    assert!(broken.contains(&"K5"), "{broken:?}");
}

/// Source: RaftEventSimulationTest, ConsistentCommittedData.
#[test]
fn k6_a_committed_record_that_changes() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    let disk = &mut lab.quorum(node).disk;
    let end = disk.log.end();
    let epoch = disk.log.last_epoch().expect("there are entries");
    disk.log.truncate_to(Offset(3));
    for _ in 3..end.0 {
        disk.log.append(Entry { epoch, body: MetadataRecord::NoOp });
    }
    disk.log.flush();
    let broken = lab.look(node, vec![]);
    assert!(broken.contains(&"K6"), "{broken:?}");
}

/// Source: RaftEventSimulationTest, MajorityReachedHighWatermark.
#[test]
fn k7_a_commit_that_no_majority_holds() {
    let mut lab = Lab::new();
    let (active, follower, now) = (lab.active(), lab.follower(0), lab.world.now);
    let mut out = Out::default();
    lab.quorum(active).append(now, &[MetadataRecord::NoOp], &mut out).expect("it leads");
    lab.quorum(active).on_timer(now, Timer::AppendLinger, &mut out);
    lab.fake_fetch(follower);
    assert_eq!(lab.look(active, vec![]), ["K7"]);
}

/// Source: Raft paper, section 5.4.2.
#[test]
fn k8_a_commit_before_the_epoch_of_the_leader() {
    let mut lab = Lab::new();
    let active = lab.active();
    let mut hw = Offset(0);
    edit(lab.quorum(active), |value| {
        hw = Offset(value["hw"].as_u64().expect("it is known"));
        value["hw"] = Value::from(hw.0 - 1);
        value["role"]["Leader"]["epoch_start"] = Value::from(hw.0 + 10);
    });
    assert_eq!(lab.look(active, vec![]), ["K9", "K8"]);
}

/// Source: KAFKA-12460.
#[test]
fn k9_a_cut_below_the_high_watermark() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    let disk = &mut lab.quorum(node).disk;
    disk.log.truncate_to(Offset(3));
    disk.epochs.truncate_from_end(Offset(3));
    let broken = lab.look(node, vec![]);
    assert!(broken.contains(&"K9"), "{broken:?}");
}

/// Source: RaftFsync.tla, KAFKA-10533.
#[test]
fn k10_a_voter_that_does_not_flush() {
    let mut lab = Lab::new();
    let (active, node) = (lab.active(), lab.follower(0));
    let epoch = lab.quorum(active).epoch();
    lab.quorum(node).disk.log.append(Entry { epoch, body: MetadataRecord::NoOp });
    assert_eq!(lab.look(node, vec![]), ["K10"]);
}

/// A voter set in the leader's log, written as if it had been asked for; returns what the checker says.
fn write_voters(lab: &mut Lab, change: impl FnOnce(&VoterSet) -> VoterSet) -> Vec<&'static str> {
    let active = lab.active();
    let quorum = lab.quorum(active);
    let (voters, epoch) = (change(quorum.voters()), quorum.epoch());
    quorum.disk.log.append(Entry { epoch, body: MetadataRecord::Voters { voters } });
    quorum.disk.log.flush();
    let voters = serde_json::to_value(voters).expect("plain data");
    let offset = quorum.log().end().0 - 1;
    edit(quorum, |value| {
        let records = value["voters"]["records"].as_array_mut().expect("a list");
        records.push(Value::from(vec![Value::from(offset), voters]));
    });
    lab.look(active, vec![])
}

fn another(number: u8) -> Voter {
    let id = NodeId::controller(number);
    Voter { key: ReplicaKey { id, directory: DirectoryId::first_of(id) }, ..Voter::default() }
}

/// Source: KIP-853, hasOverlappingMajority.
#[test]
fn k11_two_voters_added_at_once() {
    let mut lab = Lab::new();
    let two = |voters: &VoterSet| {
        voters.with(another(4)).and_then(|voters| voters.with(another(5))).expect("new ids")
    };
    assert_eq!(write_voters(&mut lab, two), ["K11"]);
}

/// Source: KIP-853: no change before the one before is committed.
#[test]
fn k11_a_change_on_top_of_one_that_is_not_committed() {
    let mut lab = Lab::new();
    let one = |number| move |voters: &VoterSet| voters.with(another(number)).expect("a new id");
    assert!(write_voters(&mut lab, one(4)).is_empty());
    assert_eq!(write_voters(&mut lab, one(5)), ["K11"]);
}

/// Source: KIP-853.
#[test]
fn k12_a_replica_that_goes_by_other_voters_than_its_log() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    let quorum = lab.quorum(node);
    let epoch = quorum.epoch();
    let voters = quorum.voters().with(another(4)).expect("a new id");
    quorum.disk.log.append(Entry { epoch, body: MetadataRecord::Voters { voters } });
    quorum.disk.log.flush();
    assert_eq!(lab.look(node, vec![]), ["K12"]);
}

/// Source: KIP-853: a voter is an id and a disk.
#[test]
fn k3_a_vote_on_another_disk_is_another_voters() {
    let mut lab = Lab::new();
    let (node, epoch) = (lab.follower(0), LeaderEpoch(99));
    let vote = |candidate| Note::VoteGranted { candidate, epoch, pre_vote: false };
    let (first, second) = (vote(lab.active()), vote(lab.follower(1)));
    assert!(lab.look(node, vec![first]).is_empty());
    lab.world.slot_mut(node).expect("it exists").directory = DirectoryId(999);
    assert!(!lab.look(node, vec![second]).contains(&"K3"));
}

/// Source: KAFKA-16530: a voter on another disk is not that voter.
#[test]
fn k7_a_commit_that_only_a_replaced_disk_holds() {
    let mut lab = Lab::new();
    let follower = lab.follower(0);
    lab.world.slot_mut(follower).expect("it exists").directory = DirectoryId(999);
    assert!(lab.commit(MetadataRecord::NoOp).contains(&"K7"));
}

/// Source: QuorumState.
#[test]
fn k13_a_follower_that_leads_without_an_election() {
    let mut lab = Lab::new();
    let (node, epoch) = (lab.follower(0), LeaderEpoch(99));
    let granting = Default::default();
    let broken = lab.look(node, vec![Note::BecameQuorumLeader { epoch, epoch_start: Offset(0), granting }]);
    assert_eq!(broken, ["K13"]);
}

/// Source: QuorumState.
#[test]
fn k13_a_role_that_changes_without_a_word() {
    let mut lab = Lab::new();
    let node = usurper(&mut lab);
    assert!(lab.look(node, vec![]).contains(&"K13"));
}

/// Source: KIP-996.
#[test]
fn k14_a_pre_vote_that_is_written_down() {
    let mut lab = Lab::new();
    let (node, other) = (lab.follower(0), lab.follower(1));
    let candidate = lab.quorum(other).me();
    let epoch = lab.quorum(node).epoch();
    lab.quorum(node).disk.election.voted = Some(candidate);
    let note = Note::VoteGranted { candidate: other, epoch, pre_vote: true };
    assert_eq!(lab.look(node, vec![note]), ["K14"]);
}

/// Source: KIP-996.
#[test]
fn k14_a_prospective_that_raises_its_epoch() {
    let mut lab = Lab::new();
    let (node, epoch) = (lab.follower(0), LeaderEpoch(99));
    let broken = lab.look(node, vec![Note::BecameProspective { epoch }]);
    assert!(broken.contains(&"K14"), "{broken:?}");
}

/// Source: RaftEventSimulationTest, SnapshotAtLogStart.
#[test]
fn k15_a_log_that_lost_its_beginning_without_a_snapshot() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    let disk = &mut lab.quorum(node).disk;
    disk.log.drop_before(Offset(5));
    disk.epochs.truncate_from_start(Offset(5));
    assert_eq!(lab.look(node, vec![]), ["K15"]);
}

/// Source: KIP-630: a snapshot is the state machine's state at its end.
#[test]
fn k15_a_snapshot_that_says_something_else() {
    let mut lab = Lab::new();
    let (active, node) = (lab.active(), lab.follower(0));
    let image = lab.controller(node).control.stable().image().clone();
    let end = lab.controller(node).control.stable().next();
    assert!(lab.quorum(node).create_snapshot(end, image.records(), &mut Out::default()).is_some());
    assert!(lab.look(node, vec![]).is_empty());
    let mut wrong = image;
    wrong.brokers.clear();
    assert!(lab.quorum(active).create_snapshot(end, wrong.records(), &mut Out::default()).is_some());
    assert_eq!(lab.look(active, vec![]), ["K15"]);
}

/// Source: `RaftLog.createNewSnapshot`: never beyond the high watermark, never under another epoch.
#[test]
fn k15_a_snapshot_of_what_is_not_committed() {
    for (epoch, end) in [(1, 99_999), (99, 5)] {
        let mut lab = Lab::new();
        let node = lab.follower(0);
        edit(lab.quorum(node), |value| {
            value["disk"]["snapshots"] =
                serde_json::json!([{ "id": { "epoch": epoch, "end": end }, "records": [] }]);
        });
        assert_eq!(lab.look(node, vec![]), ["K15"]);
    }
}

/// Source: RaftEventSimulationTest, LeaderNeverLoadSnapshot.
#[test]
fn k15_an_active_controller_that_reads_a_snapshot() {
    let mut lab = Lab::new();
    let (active, end, epoch) = (lab.active(), Offset(5), LeaderEpoch(1));
    assert_eq!(lab.look(active, vec![Note::SnapshotLoaded { end, epoch }]), ["K15"]);
    let active = Note::ControllerActivated { epoch, offset: end };
    let mut lab = Lab::new();
    let node = lab.active();
    assert!(lab.look(node, vec![Note::SnapshotLoaded { end, epoch }, active]).is_empty());
}

/// Source: KIP-631.
#[test]
fn k16_two_active_controllers_of_one_epoch() {
    let mut lab = Lab::new();
    let (active, node) = (lab.active(), usurper(&mut lab));
    lab.controller(node).control = lab.controller(active).control.clone();
    assert!(lab.look(node, vec![]).contains(&"K16"));
}

/// Source: kip-966 TLA+, MetadataLogMatching.
#[test]
fn k16_a_broker_that_applies_what_is_not_committed() {
    let mut lab = Lab::new();
    lab.broker(2).kraft_mut().expect("in KRaft").applied = Offset(99_999);
    assert_eq!(lab.look(broker(2), vec![]), ["K16"]);
}

/// Source: kip-966 TLA+, MetadataLogMatching.
#[test]
fn k16_a_broker_that_misreads_the_metadata() {
    let mut lab = Lab::new();
    assert!(lab.commit(MetadataRecord::NoOp).is_empty());
    let active = lab.active();
    let next = lab.quorum(active).log().end();
    let broker_2 = lab.broker(2);
    broker_2.kraft_mut().expect("in KRaft").applied = next;
    broker_2.image.brokers.clear();
    assert_eq!(lab.look(broker(2), vec![]), ["K16"]);
}

/// Source: KIP-595, ResignedState.
#[test]
fn k17_a_leader_that_leads_on_after_a_restart() {
    let mut lab = Lab::new();
    let active = lab.active();
    let quorum = lab.quorum(active).clone();
    let slot = lab.world.slot_mut(active).expect("it exists");
    let process = slot.process.take();
    lab.look(active, vec![]);
    let slot = lab.world.slot_mut(active).expect("it exists");
    slot.incarnation = slot.incarnation.next();
    slot.process = process;
    *lab.quorum(active) = quorum;
    let broken = lab.look(active, vec![]);
    assert!(broken.contains(&"K17"), "{broken:?}");
}

/// Source: KIP-853: no change before the leader has committed in its own epoch, the bug of the Raft thesis.
#[test]
fn k11_a_change_before_a_commit_in_the_own_epoch() {
    let mut lab = Lab::new();
    let active = lab.active();
    edit(lab.quorum(active), |value| value["hw"] = Value::Null);
    lab.look(active, vec![]);
    let one = |voters: &VoterSet| voters.with(another(4)).expect("a new id");
    let broken = write_voters(&mut lab, one);
    assert!(broken.contains(&"K11"), "{broken:?}");
}

/// Source: RaftEventSimulationTest, MonotonicHighWatermark.
#[test]
fn k9_a_high_watermark_that_goes_back() {
    let mut lab = Lab::new();
    let node = lab.follower(0);
    edit(lab.quorum(node), |value| value["hw"] = Value::from(1));
    assert_eq!(lab.look(node, vec![]), ["K9"]);
}
