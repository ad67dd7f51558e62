//! C4 and C6: what an idempotent producer may rely on.

use crate::lab::{Lab, broker};
use kraftscope_core::check::{Rule, State, Why};
use kraftscope_core::id::Offset;
use kraftscope_core::record::Record;
use kraftscope_core::sequence::{ProducerEpoch, Stamp};
use kraftscope_core::time::Time;

/// Commits another record like the last one; returns what is broken.
fn commit_like_the_last(lab: &mut Lab, change: impl FnOnce(&mut Record)) -> Vec<&'static str> {
    let log = lab.log(1);
    let last = Offset(log.leo().0 - 1);
    let mut entry = *log.log.get(last).expect("there is one");
    change(&mut entry.body);
    let offset = log.append(entry, Time::ZERO);
    lab.copy(1).hw = offset.next();
    lab.look(broker(1), vec![])
}

/// Source: Jepsen, duplicate; KIP-98.
#[test]
fn c4_a_record_that_is_committed_twice() {
    let broken = commit_like_the_last(&mut Lab::new(), |_| {});
    assert!(broken.contains(&"C4") && !broken.contains(&"C6"), "{broken:?}");
}

/// Source: Jepsen, nonmonotonic-send; KAFKA-5494.
#[test]
fn c6_a_record_that_was_overtaken() {
    let mut lab = Lab::new();
    commit_like_the_last(&mut lab, |record| record.value += 100_000);
    let broken = commit_like_the_last(&mut lab, |record| record.value -= 50_000);
    assert!(broken.contains(&"C6") && !broken.contains(&"C4"), "{broken:?}");
}

/// Source: `TransactionManager.bumpIdempotentProducerEpoch`: batches whose fate is unknown are numbered anew.
#[test]
fn a_record_may_be_written_again_in_a_new_producer_epoch() {
    let broken = commit_like_the_last(&mut Lab::new(), |record| record.stamp.epoch = ProducerEpoch(1));
    assert!(!broken.contains(&"C4") && !broken.contains(&"C6"), "{broken:?}");
}

/// Source: KIP-98: without a producer id nobody promises anything.
#[test]
fn a_producer_without_idempotence_may_write_twice() {
    let mut lab = Lab::new();
    commit_like_the_last(&mut lab, |record| record.stamp = Stamp::NONE);
    let broken = commit_like_the_last(&mut lab, |record| record.stamp = Stamp::NONE);
    assert!(!broken.contains(&"C4"), "{broken:?}");
}

/// Source: KIP-679: acks=1 turns idempotence off.
#[test]
fn without_an_idempotent_producer_the_promises_are_not_asked_for() {
    let lab = Lab::with_acks_one();
    let state = lab.checker.state(Rule::C4 as u32);
    assert_eq!(state, Some(State::NotApplicable { why: Why::NoIdempotence }));
}
