//! Where logs that part are cut, and that they become equal again.

use super::lab::*;
use kraftscope_core::config::Acks;
use kraftscope_core::id::{LeaderEpoch, NodeList, Offset};
use kraftscope_core::node::Loss;
use kraftscope_core::note::Note;
use kraftscope_core::record::PartitionRegistration;
use kraftscope_core::time::Span;

const SOON: Span = Span::secs(3);

/// Broker 1 leads in `epoch` over its log, broker 2 follows over another; they have talked it out.
fn meet(leader: &[(u32, u32)], follower: &[(u32, u32)], epoch: u32, follower_hw: u64) -> Lab {
    let mut lab = Lab::new(&[1, 2], &[]);
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch = LeaderEpoch(epoch);
    lab.start(B1, disk_with(leader, 0));
    lab.start(B2, disk_with(follower, follower_hw));
    lab.publish();
    lab.settle();
    lab
}

fn cuts(lab: &Lab) -> Vec<(u64, u64)> {
    lab.notes
        .iter()
        .filter_map(|(_, note)| match note {
            Note::LogTruncated { from, to, .. } => Some((from.0, to.0)),
            _ => None,
        })
        .collect()
}

#[track_caller]
fn assert_equal_logs(lab: &Lab) {
    assert_eq!(lab.log(B1), lab.log(B2));
    assert_eq!(lab.cache(B1), lab.cache(B2));
}

/// Source: getOffsetTruncationState: both know the epoch; the shorter end counts (3.10).
#[test]
fn a_longer_follower_of_the_same_epoch_is_cut_to_the_leaders_end_of_it() {
    let lab = meet(&[(0, 3), (1, 2)], &[(0, 6)], 2, 4);
    assert_eq!(cuts(&lab), [(6, 3)]);
    assert_eq!(lab.log(B2).len(), 5);
    let note = Note::LogTruncated {
        partition: TP,
        from: Offset(6),
        to: Offset(3),
        leader_epoch: LeaderEpoch(2),
        hw: Offset(4),
    };
    lab.assert_note(B2, note);
}

/// Source: KIP-101: truncation goes by epoch and may go below the own high watermark.
#[test]
fn the_own_high_watermark_does_not_stop_a_cut() {
    let lab = meet(&[(0, 3), (1, 2)], &[(0, 6)], 2, 6);
    assert_eq!(lab.log(B1), lab.log(B2));
    assert!(lab.hw(B2) <= 5);
}

/// Source: KIP-101: nothing is cut just because it lies above the high watermark.
#[test]
fn records_above_the_high_watermark_stay_when_the_leader_has_them() {
    let lab = meet(&[(0, 6)], &[(0, 6)], 1, 1);
    assert_eq!(cuts(&lab), []);
    assert_eq!(lab.leo(B2), 6);
}

/// Source: getOffsetTruncationState: followerEpoch differs, one epoch further back a round (KIP-279, 3.10).
#[test]
fn logs_with_interleaved_epochs_meet_step_by_step() {
    let lab = meet(&[(0, 2), (2, 3), (4, 1)], &[(0, 4), (1, 2), (3, 3)], 5, 0);
    assert_eq!(cuts(&lab), [(9, 6), (6, 2)]);
    assert_eq!(lab.log(B1).iter().map(|r| r.0).collect::<Vec<_>>(), [0, 0, 2, 2, 2, 4]);
    assert_eq!(lab.log(B2).iter().map(|r| r.0).collect::<Vec<_>>(), [0, 0, 2, 2, 2, 4]);
}

/// Source: getOffsetTruncationState: the follower knows no epoch that low.
#[test]
fn a_follower_with_only_later_epochs_is_cut_to_the_start() {
    let lab = meet(&[(0, 4)], &[(1, 3)], 2, 0);
    assert_eq!(lab.log(B2).iter().map(|r| r.0).collect::<Vec<_>>(), [0, 0, 0, 0]);
}

/// Source: LeaderEpochFileCache.truncateFromEnd; LocalLog.truncateTo beyond the end.
#[test]
fn a_deposed_leader_that_never_wrote_loses_only_its_epoch_line() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.settle();
    lab.produce(B1, Acks::One, 3);
    lab.settle();
    lab.publish_to(B1);
    lab.crash(B2, Loss::Nothing);
    lab.elect(Some(B1), &[1]);
    assert_eq!(lab.cache(B1), [(0, 0), (1, 3)]);
    lab.restart(B2);
    lab.elect(Some(B2), &[1, 2]);
    lab.settle();
    assert_eq!(lab.cache(B2), [(0, 0), (2, 3)]);
    assert_eq!(lab.cache(B1), [(0, 0)]);
    assert_eq!(cuts(&lab), []);
    lab.produce(B2, Acks::One, 1);
    lab.settle();
    assert_equal_logs(&lab);
}

/// Source: LogLoader: the cache ends where the log ends.
#[test]
fn an_epoch_line_without_records_does_not_survive_a_restart() {
    let mut lab = Lab::new(&[1], &[1]);
    lab.produce(B1, Acks::One, 2);
    lab.elect(Some(B1), &[1]);
    assert_eq!(lab.cache(B1), [(0, 0), (1, 2)]);
    lab.crash(B1, Loss::Nothing);
    lab.elect(None, &[1]);
    lab.restart(B1);
    assert_eq!(lab.cache(B1), [(0, 0)]);
}

/// Source: S-89, EpochDrivenReplicationProtocolAcceptanceTest.shouldFollowLeaderEpochBasicWorkflow, with the
/// epoch bumps written by hand (KRaft does not bump for a follower's restart).
#[test]
fn the_epoch_caches_follow_the_basic_workflow() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B1, Acks::One, 1);
    lab.advance(SOON);
    assert_eq!((lab.cache(B1), lab.cache(B2)), (vec![(0, 0)], vec![(0, 0)]));

    lab.stop(B2);
    lab.elect(Some(B1), &[1]);
    lab.restart(B2);
    lab.advance(SOON);
    assert_eq!((lab.cache(B1), lab.cache(B2)), (vec![(0, 0), (1, 1)], vec![(0, 0)]));
    lab.produce(B1, Acks::One, 1);
    lab.advance(SOON);
    assert_eq!((lab.cache(B1), lab.cache(B2)), (vec![(0, 0), (1, 1)], vec![(0, 0), (1, 1)]));

    lab.stop(B1);
    lab.elect(Some(B2), &[2]);
    lab.restart(B1);
    lab.advance(SOON);
    assert_eq!((lab.cache(B2), lab.cache(B1)), (vec![(0, 0), (1, 1), (2, 2)], vec![(0, 0), (1, 1)]));
    lab.produce(B2, Acks::One, 1);
    lab.advance(SOON);
    assert_equal_logs(&lab);
    assert_eq!(lab.cache(B1), [(0, 0), (1, 1), (2, 2)]);
}

/// Source: S-90, EpochDrivenReplicationProtocolAcceptanceTest.shouldNotAllowDivergentLogs.
#[test]
fn a_leader_that_lost_its_tail_makes_the_other_log_identical_to_its_own() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B1, Acks::All, 5);
    lab.advance(Span::secs(6));
    lab.produce(B1, Acks::All, 5);
    lab.advance(SOON);
    assert_eq!((lab.leo(B1), lab.leo(B2)), (10, 10));
    lab.stop(B2);
    assert_eq!(lab.crash(B1, Loss::Unflushed), 5);
    lab.elect(Some(B1), &[1]);
    lab.restart(B1);
    lab.produce(B1, Acks::One, 9);
    lab.restart(B2);
    lab.advance(SOON);
    assert_eq!(cuts(&lab), [(10, 5)]);
    assert_eq!(lab.leo(B2), 14);
    assert_equal_logs(&lab);
}

/// One bounce of S-92: an acknowledged record, then the follower and then the leader is stopped and started.
fn bounce(lab: &mut Lab, leader: u8) {
    let (leader, follower) = if leader == 1 { (B1, B2) } else { (B2, B1) };
    let other = follower.0;
    lab.produce(leader, Acks::All, 1);
    lab.advance(SOON);
    lab.stop(follower);
    lab.elect(Some(leader), &[leader.0]);
    lab.restart(follower);
    lab.advance(SOON);
    let (correlation, request) = lab.proposals()[0].clone();
    assert_eq!(request.partitions[0].new_isr.len(), 2);
    let epoch = lab.image.partitions[&TP].partition_epoch.0 + 1;
    lab.image.partitions.get_mut(&TP).unwrap().partition_epoch.0 = epoch;
    lab.image.partitions.get_mut(&TP).unwrap().isr = NodeList::brokers(&[1, 2]);
    lab.accept(leader, correlation, &[1, 2], epoch);
    lab.stop(leader);
    lab.elect(Some(follower), &[other]);
    lab.restart(leader);
    lab.elect(Some(follower), &[1, 2]);
    lab.advance(SOON);
}

/// Source: S-92, EpochDrivenReplicationProtocolAcceptanceTest.shouldSurviveFastLeaderChange.
#[test]
fn fast_leader_changes_lose_nothing() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    bounce(&mut lab, 1);
    bounce(&mut lab, 2);
    bounce(&mut lab, 1);
    bounce(&mut lab, 2);
    bounce(&mut lab, 1);
    assert_eq!(lab.log(B1).iter().map(|r| r.1).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(lab.log(B1), lab.log(B2));
    assert_eq!(lab.acks().len(), 5);
}

/// Source: KIP-101, scenario 1 (3.10): it was the high watermark that lost the record.
#[test]
fn a_restarted_follower_keeps_a_record_above_its_high_watermark() {
    let mut lab = Lab::new(&[2, 1], &[1, 2]);
    lab.produce(B2, Acks::All, 2);
    lab.settle();
    assert_eq!((lab.hw(B2), lab.hw(B1), lab.leo(B1)), (2, 0, 2));
    lab.crash(B1, Loss::Nothing);
    lab.restart(B1);
    lab.crash(B2, Loss::Nothing);
    lab.elect(Some(B1), &[1]);
    assert_eq!(lab.log(B1), [(0, 0), (0, 1)]);
    assert_eq!(lab.hw(B1), 2);
}

/// Source: KIP-101, scenario 2 (3.10): logs of equal length with different records.
#[test]
fn logs_of_equal_length_that_differ_are_found_by_epoch() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B1, Acks::All, 1);
    lab.advance(Span::secs(6));
    lab.produce(B1, Acks::All, 1);
    lab.settle();
    assert_eq!((lab.hw(B1), lab.leo(B2)), (2, 2));
    lab.crash(B1, Loss::Nothing);
    assert_eq!(lab.crash(B2, Loss::Unflushed), 1);
    lab.elect(Some(B2), &[2]);
    lab.restart(B2);
    lab.produce(B2, Acks::One, 1);
    lab.restart(B1);
    lab.advance(SOON);
    assert_eq!(lab.log(B1), [(0, 0), (1, 2)]);
    assert_eq!(lab.log(B1), lab.log(B2));
}

/// Source: Kafka flushes nothing on append: acknowledged records of an ISR that loses power together are gone.
#[test]
fn an_isr_that_loses_power_together_loses_acknowledged_records() {
    let mut lab = Lab::new(&[1, 2], &[1, 2]);
    lab.produce(B1, Acks::All, 2);
    lab.produce(B1, Acks::All, 2);
    lab.settle();
    assert_eq!(lab.acks().len(), 2);
    // A log ends with a whole batch.
    assert_eq!(lab.crash(B1, Loss::Unflushed) + lab.crash(B2, Loss::AtMost(1)), 6);
    assert_eq!((lab.leo(B1), lab.leo(B2)), (0, 2));
}

/// Source: KafkaServer shutdown: logs are closed and the checkpoint is written.
#[test]
fn a_clean_stop_keeps_every_record_and_the_high_watermark() {
    let mut lab = Lab::new(&[1], &[1]);
    lab.produce(B1, Acks::All, 4);
    lab.stop(B1);
    assert_eq!((lab.leo(B1), lab.disk(B1).checkpointed_hw), (4, Offset(4)));
}

/// Source: LogManager: the checkpoint's moment stands for the operating system's write-back.
#[test]
fn what_was_there_at_the_last_checkpoint_survives_a_power_loss() {
    let mut lab = Lab::new(&[1], &[1]);
    lab.produce(B1, Acks::All, 4);
    lab.advance(Span::secs(5));
    lab.produce(B1, Acks::All, 4);
    assert_eq!(lab.crash(B1, Loss::Unflushed), 4);
    assert_eq!(lab.leo(B1), 4);
}

/// Source: ReplicaManager.initialFetchOffset: an empty log has no epoch to compare (3.10).
#[test]
fn an_empty_follower_copies_the_whole_log() {
    let mut lab = meet(&[(0, 3), (2, 2)], &[], 4, 0);
    assert_eq!(lab.log(B1), lab.log(B2));
    let second = PartitionRegistration::new(NodeList::brokers(&[1, 2]), NodeList::brokers(&[1]));
    lab.image.partitions.insert(TP1, second);
    lab.publish();
    lab.advance(SOON);
    assert_eq!(lab.brokers[&B2].disk.replicas.len(), 2);
}
