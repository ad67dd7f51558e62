//! What a leader must know before it answers a read.

use crate::lab::Lab;
use kraftscope_core::raft::RaftOptions;
use kraftscope_core::time::Span;

fn begin_round(lab: &mut Lab, number: u8) {
    lab.input(number, |member, now, out| member.group.begin_round(&member.disk, now, out));
}

/// Source: the paper, section 8; the thesis, section 6.4.
#[test]
fn a_round_that_a_majority_answers_confirms_the_leader() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.now += Span::millis(50);
    let asked = lab.now;
    let now = lab.now;
    assert!(lab.member(1).group.confirmed(now) < Some(asked));
    begin_round(&mut lab, 1);
    lab.settle();
    let now = lab.now;
    assert!(lab.member(1).group.confirmed(now) >= Some(asked));
}

/// Source: the thesis, section 6.4.
#[test]
fn a_deposed_leader_gets_no_round_confirmed() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    lab.down(&[1]);
    lab.elect(2);
    lab.down(&[]);
    let asked = lab.now;
    begin_round(&mut lab, 1);
    lab.settle();
    let now = lab.now;
    assert!(!lab.is_leader(1));
    assert!(lab.member(1).group.confirmed(now) < Some(asked));
}

/// Source: the paper, section 8: a new leader does not know what is committed before its no-op is.
#[test]
fn a_new_leader_knows_what_is_committed_with_its_no_op() {
    let mut lab = Lab::new(3);
    lab.fire(1);
    while !lab.is_leader(1) {
        lab.deliver();
    }
    assert!(!lab.member(1).group.knows_commits());
    lab.settle();
    assert!(lab.member(1).group.knows_commits());
}

/// Source: the thesis, section 6.4.1.
#[test]
fn a_lease_ends_before_anybody_else_can_be_elected() {
    let options = RaftOptions { check_quorum: true, ..RaftOptions::default() };
    let mut lab = Lab::with(3, options);
    lab.elect(1);
    let asked = lab.now;
    begin_round(&mut lab, 1);
    lab.settle();
    let now = lab.now;
    assert_eq!(lab.member(1).group.lease_until(now), Some(asked + Span::millis(800)));
}

/// Source: the thesis, section 6.4.1: without votes that are withheld there is nothing to rely on.
#[test]
fn without_check_quorum_there_is_no_lease() {
    let mut lab = Lab::new(3);
    lab.elect(1);
    let now = lab.now;
    assert_eq!(lab.member(1).group.lease_until(now), None);
}
