//! What is committed, and what is not yet.

use crate::lab::{Lab, n};
use kraftscope_core::raft::RaftEvent;

/// Figure 8 (b), a moment before server 1 leads again: it led epoch 2 and reached server 2; server 5 led epoch 3 and
/// reached nobody; servers 4 and 5 are down.
fn figure_8() -> Lab {
    let mut lab = Lab::new(5);
    for number in 1..=5 {
        lab.log(number, &[1]);
    }
    lab.log(1, &[2]);
    lab.log(2, &[2]);
    lab.log(5, &[3]);
    lab.down(&[4, 5]);
    lab.member(1).disk.epoch.0 = 3;
    lab
}

/// Source: the paper, figure 8 (a) to (d): an entry of epoch 2 is on a majority, and is overwritten all the same.
#[test]
fn an_entry_of_an_earlier_epoch_is_not_committed_by_counting() {
    let mut lab = figure_8();
    // (c): server 1 leads epoch 4 and brings its entry of epoch 2 to server 3, but no entry of its own.
    lab.fire(1);
    while !lab.is_leader(1) {
        lab.deliver();
    }
    lab.member(1).disk.log.truncate_to(kraftscope_core::id::Offset(2));
    lab.flying.clear();
    lab.heartbeat(1);
    assert_eq!(lab.epochs(3), [1, 2], "on three of five");
    assert_eq!(lab.hw(1), 0, "and not committed");
    // (d): server 5 leads and overwrites it.
    lab.down(&[1]);
    lab.fire(5);
    lab.settle();
    lab.elect(5);
    assert_eq!(lab.epochs(3)[..2], [1, 3]);
    assert_eq!(lab.epochs(2)[..2], [1, 3]);
}

/// Source: the paper, figure 8 (e): with an entry of its own epoch the earlier ones are committed, too.
#[test]
fn an_entry_of_the_leaders_own_epoch_commits_all_before_it() {
    let mut lab = figure_8();
    lab.elect(1);
    assert_eq!(lab.epochs(3), [1, 2, 4]);
    assert_eq!(lab.hw(1), 3);
    lab.down(&[1]);
    lab.fire(5);
    lab.settle();
    lab.fire(5);
    lab.settle();
    assert!(!lab.is_leader(5), "its last epoch is 3");
}

/// Source: the paper, section 5.1: a minority of five may be dead.
#[test]
fn two_of_five_may_be_dead() {
    let mut lab = Lab::new(5);
    lab.down(&[4, 5]);
    lab.elect(1);
    lab.append(1, &[7]);
    lab.settle();
    assert_eq!(lab.hw(1), 2);
    lab.down(&[3, 4, 5]);
    lab.append(1, &[8]);
    lab.settle();
    assert_eq!(lab.hw(1), 2, "three may not");
}

/// Source: the paper, figure 2: a group of one commits what it has written.
#[test]
fn a_single_member_is_its_own_majority() {
    let mut lab = Lab::new(1);
    lab.elect(1);
    lab.append(1, &[7]);
    assert_eq!(lab.hw(1), 2);
}

/// Source: the paper, section 5.3: a follower's commit index never passes what it knows to be equal.
#[test]
fn a_follower_commits_no_further_than_the_entries_that_it_was_sent() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.down(&[3]);
    lab.append(1, &[7, 8]);
    lab.settle();
    lab.down(&[]);
    lab.fire(1);
    let to_3 = lab.flying.iter().position(|packet| packet.to == n(3)).unwrap();
    lab.flying.swap(0, to_3);
    lab.flying.truncate(1);
    lab.deliver();
    let commits =
        lab.happened.iter().filter(|(who, event)| *who == 3 && matches!(event, RaftEvent::Committed { .. }));
    assert!(commits.count() <= 2);
    assert!(lab.hw(3) <= lab.epochs(3).len() as u64);
}
