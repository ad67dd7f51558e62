//! How logs become equal.

use crate::lab::{Lab, Word, at, epoch, n};
use kraftscope_core::node::Loss;
use kraftscope_core::raft::{RaftEvent, RaftOptions};
use kraftscope_core::wire::{AppendEntriesRequest, AppendOutcome, RaftMessage};

/// Source: the paper, section 5.3.
#[test]
fn what_is_appended_is_pushed_at_once_and_committed_by_a_majority() {
    let mut lab = Lab::new(5);
    lab.elect(1);
    lab.down(&[4, 5]);
    assert_eq!(lab.append(1, &[7, 8]), Some(at(1)));
    lab.settle();
    assert_eq!(lab.hw(1), 3);
    assert_eq!(lab.epochs(2), [1, 1, 1]);
    assert_eq!(lab.hw(2), 1, "a follower learns of it with the next AppendEntries");
    lab.heartbeat(1);
    assert_eq!(lab.hw(2), 3);
}

/// Source: the paper, figure 2: only a leader takes commands.
#[test]
fn a_member_that_does_not_lead_appends_nothing() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    assert_eq!(lab.append(2, &[7]), None);
}

/// Source: the paper, section 5.3, last but three paragraphs; figure 7 (d) and (f).
#[test]
fn backing_up_takes_one_round_per_epoch() {
    let mut lab = Lab::new(3);
    lab.log(1, &[1, 1, 4, 4, 5, 5, 6, 6]);
    lab.log(2, &[1, 1, 4, 4, 5, 5, 6, 6]);
    lab.log(3, &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]);
    lab.down(&[3]);
    lab.elect(1);
    lab.down(&[]);
    lab.fire(1);
    let conflicts = |lab: &Lab| {
        let conflict = |message: &RaftMessage<Word>| {
            matches!(message, RaftMessage::Appended(answer)
            if matches!(answer.outcome, AppendOutcome::Conflict { .. }))
        };
        lab.flying.iter().filter(|packet| conflict(&packet.message)).count()
    };
    let mut seen = 0;
    while !lab.flying.is_empty() {
        let before = conflicts(&lab);
        lab.deliver();
        seen += conflicts(&lab).saturating_sub(before);
    }
    assert_eq!(seen, 3, "epochs 3, 2 and 1 of the follower");
    assert_eq!(lab.epochs(3), lab.epochs(1));
    assert!(lab.told(3, RaftEvent::Truncated { from: at(11), to: at(2), leader: n(1) }));
}

/// Source: the paper, figure 7 (a), (b): a log that is merely shorter is refused once.
#[test]
fn a_short_log_is_filled_from_its_end() {
    let mut lab = Lab::new(3);
    lab.log(1, &[1, 1, 1, 4, 4, 5, 5, 6, 6]);
    lab.log(2, &[1, 1, 1, 4, 4, 5, 5, 6, 6]);
    lab.log(3, &[1, 1, 1, 4]);
    lab.elect(1);
    assert_eq!(lab.epochs(3), lab.epochs(1));
    assert!(!lab.happened.iter().any(|(_, event)| matches!(event, RaftEvent::Truncated { .. })));
}

/// Source: the paper, figure 2, AppendEntries, step 3: only entries that conflict are deleted.
#[test]
fn an_old_append_entries_cuts_nothing_that_is_equal() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.append(1, &[7]);
    let index = lab.flying.iter().position(|packet| packet.to == n(2)).unwrap();
    let old = lab.flying[index].message.clone();
    lab.settle();
    lab.append(1, &[8, 9]);
    lab.settle();
    lab.input(2, |member, now, out| member.group.on_message(&mut member.disk, now, n(1), old, out));
    assert_eq!(lab.epochs(2), [1, 1, 1, 1]);
}

/// Source: the paper, figure 2, AppendEntries, step 1.
#[test]
fn an_append_entries_of_an_old_epoch_is_refused() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.down(&[1]);
    lab.elect(2);
    lab.down(&[]);
    let request = AppendEntriesRequest {
        epoch: epoch(1),
        from: at(1),
        prev_epoch: Some(epoch(1)),
        entries: vec![],
        high_watermark: at(1),
        round: 9,
    };
    let message = RaftMessage::Append(request);
    lab.input(3, |member, now, out| member.group.on_message(&mut member.disk, now, n(1), message, out));
    let Some(RaftMessage::Appended(answer)) = lab.flying.last().map(|packet| packet.message.clone()) else {
        panic!("no answer")
    };
    assert_eq!((answer.outcome, answer.epoch), (AppendOutcome::Stale, epoch(2)));
}

/// Source: the paper, section 5.3: the leader retries indefinitely.
#[test]
fn what_was_lost_goes_out_again_after_a_heartbeat() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.append(1, &[7]);
    lab.flying.clear();
    lab.heartbeat(1);
    assert_eq!(lab.hw(1), 2);
}

/// Source: kafkaraft.append.max.entries.
#[test]
fn one_append_entries_carries_no_more_than_its_limit() {
    let options = RaftOptions { max_entries: 3, ..RaftOptions::default() };
    let mut lab = Lab::with(3, options);
    lab.elect(1);
    lab.append(1, &[1, 2, 3, 4, 5, 6, 7]);
    let most = |lab: &Lab| {
        let sizes = lab.flying.iter().map(|packet| match &packet.message {
            RaftMessage::Append(request) => request.entries.len(),
            _ => 0,
        });
        sizes.max().unwrap_or(0)
    };
    let mut seen = 0;
    while !lab.flying.is_empty() {
        seen = seen.max(most(&lab));
        lab.deliver();
    }
    assert_eq!(seen, 3);
    assert_eq!(lab.epochs(3).len(), 8);
}

/// Source: the paper, figure 2: entries are on disk before they are acknowledged.
#[test]
fn an_acknowledged_entry_outlives_a_power_loss_of_everybody() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.append(1, &[7]);
    lab.settle();
    for number in 1..=3 {
        lab.crash(number, Loss::Unflushed);
    }
    lab.elect(2);
    assert_eq!(lab.epochs(2), [1, 1, 2]);
}

/// Source: the paper assumes disks that live; a replaced one is filled again.
#[test]
fn a_follower_with_an_empty_disk_is_filled_again() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.append(1, &[7, 8]);
    lab.settle();
    lab.member(3).disk = Default::default();
    lab.crash(3, Loss::Nothing);
    lab.heartbeat(1);
    assert_eq!(lab.epochs(3), [1, 1, 1]);
}
