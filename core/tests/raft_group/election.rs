//! Who is elected.

use crate::lab::{Lab, epoch, n};
use kraftscope_core::node::Loss;
use kraftscope_core::note::VoteRefusal;
use kraftscope_core::raft::{RaftEvent, RaftOptions, RaftRole};
use kraftscope_core::time::Span;

/// Source: the paper, section 5.2.
#[test]
fn who_times_out_first_wins_and_appends_a_no_op_at_once() {
    let mut lab = Lab::new(3);
    lab.elect(2);
    assert_eq!(lab.epochs(2), [1]);
    assert_eq!(lab.epochs(1), [1]);
    assert_eq!(lab.hw(2), 1, "its no-op is committed");
    assert_eq!(lab.member(1).group.leader(), Some(n(2)));
}

/// Source: the paper, figure 2, RequestVote, step 2; section 5.2.
#[test]
fn a_member_votes_once_in_an_epoch() {
    let mut lab = Lab::new(3);
    lab.fire(1);
    lab.fire(2);
    lab.settle();
    let voted_already = |candidate| RaftEvent::VoteRefused {
        epoch: epoch(1),
        candidate: n(candidate),
        why: VoteRefusal::VotedForOther,
    };
    assert!(lab.is_leader(1));
    assert!(lab.told(3, RaftEvent::Voted { epoch: epoch(1), candidate: n(1) }));
    assert!(lab.told(3, voted_already(2)));
    assert!(lab.told(2, voted_already(1)));
}

/// Source: the paper, figure 2, persistent state.
#[test]
fn a_vote_outlives_a_crash_without_power() {
    let mut lab = Lab::new(3);
    lab.fire(1);
    lab.flying.remove(0);
    lab.deliver();
    lab.crash(3, Loss::Unflushed);
    lab.flying.clear();
    lab.fire(2);
    lab.settle();
    assert!(!lab.is_leader(2));
    assert_eq!(lab.member(3).disk.voted, Some(n(1)));
}

/// Source: the paper, section 5.4.1: the later last epoch wins, then the longer log.
#[test]
fn a_vote_goes_only_to_a_log_that_is_as_complete_as_the_voters() {
    let mut lab = Lab::new(3);
    lab.log(1, &[1, 1, 1]);
    lab.log(2, &[1, 2]);
    lab.log(3, &[1, 2]);
    lab.fire(1);
    lab.settle();
    lab.fire(1);
    lab.settle();
    assert!(!lab.is_leader(1), "longer, but of an earlier epoch");
    lab.elect(3);
    assert_eq!(lab.epochs(1), [1, 2, 4]);
}

/// Source: the paper, section 5.2.
#[test]
fn a_split_vote_ends_with_the_next_timeout() {
    let mut lab = Lab::new(4);
    lab.fire(1);
    lab.fire(2);
    // 3 hears 1 first, 4 hears 2 first.
    lab.flying.swap(2, 5);
    lab.settle();
    assert!(!lab.is_leader(1) && !lab.is_leader(2));
    lab.elect(1);
    assert_eq!(lab.member(1).disk.epoch, epoch(2));
}

/// Source: the paper, section 5.2: "each candidate restarts its randomized election timeout".
#[test]
fn election_timeouts_are_drawn_anew_within_their_range() {
    let mut lab = Lab::new(3);
    lab.down(&[1]);
    let drawn: Vec<Span> = (0..50)
        .map(|_| {
            lab.fire(1);
            lab.member(1).group.deadline().since(lab.now)
        })
        .collect();
    assert!(drawn.iter().all(|span| (Span::millis(1000)..=Span::millis(2000)).contains(span)));
    assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]));
}

/// Source: the paper, figure 2, all servers.
#[test]
fn a_leader_that_hears_of_a_later_epoch_steps_down() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.down(&[1]);
    lab.elect(2);
    assert!(lab.is_leader(1), "it does not know yet");
    lab.down(&[]);
    lab.heartbeat(1);
    assert!(!lab.is_leader(1));
    assert!(lab.is_leader(2));
    lab.heartbeat(2);
    assert_eq!(lab.member(1).group.leader(), Some(n(2)));
}

/// Source: the paper, section 5.2: a candidate that hears from a leader of its epoch follows it.
#[test]
fn a_candidate_follows_the_leader_of_its_epoch() {
    let mut lab = Lab::new(3);
    lab.fire(1);
    lab.fire(2);
    lab.settle();
    assert!(lab.is_leader(1));
    assert_eq!(*lab.member(2).group.role(), RaftRole::Follower);
}

/// Source: the thesis, section 9.6.
#[test]
fn with_pre_vote_a_member_that_comes_back_disturbs_nobody() {
    let options = RaftOptions { pre_vote: true, ..RaftOptions::default() };
    let mut lab = Lab::with(3, options);
    lab.elect(1);
    lab.down(&[3]);
    lab.fire(3);
    lab.settle();
    lab.fire(3);
    lab.settle();
    assert_eq!(lab.member(3).disk.epoch, epoch(1), "nobody answered: its epoch stays");
    lab.down(&[]);
    lab.fire(3);
    lab.settle();
    assert!(lab.is_leader(1), "who hears the leader says no");
    assert_eq!(lab.member(1).disk.epoch, epoch(1));
}

/// Source: the paper, section 5.2, what pre-vote is for.
#[test]
fn without_pre_vote_a_member_that_comes_back_unseats_the_leader() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.down(&[3]);
    lab.fire(3);
    lab.settle();
    lab.down(&[]);
    lab.heartbeat(1);
    assert!(!lab.is_leader(1));
    assert_eq!(lab.member(1).disk.epoch, epoch(2));
}

/// Source: the paper, section 6: servers disregard RequestVote when they believe that a leader exists.
#[test]
fn with_check_quorum_nobody_votes_while_a_leader_is_heard() {
    let options = RaftOptions { check_quorum: true, ..RaftOptions::default() };
    let mut lab = Lab::with(3, options);
    lab.elect(1);
    lab.fire(2);
    lab.settle();
    let why = VoteRefusal::LeaderAlive;
    assert!(lab.told(3, RaftEvent::VoteRefused { epoch: epoch(2), candidate: n(2), why }));
    assert!(!lab.is_leader(2));
    assert_eq!(lab.member(3).disk.epoch, epoch(1));
    lab.now += Span::millis(1000);
    lab.elect(2);
}

/// Source: the thesis, section 6.2.
#[test]
fn with_check_quorum_a_leader_that_nobody_answers_resigns() {
    let options = RaftOptions { check_quorum: true, ..RaftOptions::default() };
    let mut lab = Lab::with(3, options);
    lab.elect(1);
    lab.down(&[1]);
    lab.now += Span::millis(900);
    lab.heartbeat(1);
    assert!(lab.is_leader(1));
    lab.now += Span::millis(100);
    lab.heartbeat(1);
    assert!(lab.told(1, RaftEvent::Resigned { epoch: epoch(1) }));
    assert_eq!(lab.member(1).group.leader(), None);
}
