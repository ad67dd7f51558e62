//! P10, P11, C1 to C7: what clients are told and what they read.

use crate::lab::{Lab, ORDERS, broker};
use kraftscope_core::client::subscription::Consumed;
use kraftscope_core::config::Acks;
use kraftscope_core::id::{NodeId, Offset};
use kraftscope_core::note::Note;
use kraftscope_core::process::Process;
use kraftscope_core::sim::Delivered;
use kraftscope_core::wire::ErrorCode;

const PRODUCER: NodeId = NodeId::producer(1);
const CONSUMER: NodeId = NodeId::consumer(1);
const FIRST: u32 = 4_000_000;

fn sent(attempt: u32) -> Note {
    let (first, count, leader, acks) = (FIRST, 1, broker(1), Acks::All);
    Note::BatchSent { partition: ORDERS, first, count, leader, attempt, acks }
}

fn acknowledged(base: Offset) -> Note {
    Note::ProduceAcknowledged { partition: ORDERS, base, first: FIRST, count: 1 }
}

fn answer() -> Option<Delivered> {
    Some(Delivered { from: broker(1), api: "Produce", request: false })
}

/// The consumer gets these records.
fn consume(lab: &mut Lab, records: Vec<Consumed>) -> Vec<&'static str> {
    let (from, to) = (records[0].offset, records[records.len() - 1].offset.next());
    let Process::Consumer(consumer) = lab.process(CONSUMER) else { panic!("not a consumer") };
    consumer.last_step = records;
    lab.look(CONSUMER, vec![Note::RecordsConsumed { partition: ORDERS, from, to }])
}

/// What the leader holds at `offset`.
fn entry(lab: &mut Lab, offset: Offset) -> Consumed {
    let entry = *lab.log(1).log.get(offset).expect("it is there");
    Consumed { partition: ORDERS, offset, epoch: entry.epoch, record: entry.body }
}

/// Source: Jepsen.
#[test]
fn p10_an_acknowledgement_of_nothing() {
    let mut lab = Lab::new();
    assert!(lab.look(PRODUCER, vec![sent(1)]).is_empty());
    assert_eq!(lab.look_at(PRODUCER, vec![acknowledged(Offset(2))], answer()), ["P10"]);
}

/// Source: Jepsen.
#[test]
fn p11_an_acknowledgement_after_a_failure() {
    let mut lab = Lab::new();
    let failed = Note::ProduceFailed {
        partition: ORDERS,
        error: ErrorCode::NotLeaderOrFollower,
        first: FIRST,
        count: 1,
    };
    assert!(lab.look(PRODUCER, vec![sent(1), failed]).is_empty());
    let broken = lab.look_at(PRODUCER, vec![acknowledged(Offset(2))], answer());
    assert!(broken.contains(&"P11"), "{broken:?}");
}

/// Source: Jepsen.
#[test]
fn p11_a_failure_after_an_acknowledgement() {
    let mut lab = Lab::new();
    let failed = Note::ProduceFailed {
        partition: ORDERS,
        error: ErrorCode::NotEnoughReplicas,
        first: FIRST,
        count: 1,
    };
    lab.look_at(PRODUCER, vec![sent(1), acknowledged(Offset(2))], answer());
    assert_eq!(lab.look(PRODUCER, vec![failed]), ["P11"]);
}

/// Source: Jepsen, G1a.
#[test]
fn c2_a_record_that_was_never_written_is_read() {
    let mut lab = Lab::new();
    let offset = lab.append(1, FIRST);
    lab.copy(1).hw = offset.next();
    lab.look(broker(1), vec![]);
    let (error, first, count) = (ErrorCode::NotEnoughReplicas, FIRST, 1);
    lab.look(NodeId::producer(7), vec![]);
    let producer = NodeId::producer(1);
    lab.look(producer, vec![sent(1), Note::ProduceFailed { partition: ORDERS, error, first, count }]);
    let mut read = entry(&mut lab, offset);
    read.record.producer = producer;
    let broken = consume(&mut lab, vec![read]);
    assert!(broken.contains(&"C2"), "{broken:?}");
}

/// Source: Jepsen, inconsistent offsets.
#[test]
fn c3_another_record_at_a_known_offset() {
    let mut lab = Lab::new();
    let mut read = entry(&mut lab, Offset(1));
    read.record.value += 1;
    let broken = consume(&mut lab, vec![read]);
    assert!(broken.contains(&"C3"), "{broken:?}");
}

/// Source: Jepsen, poll-skip.
#[test]
fn c5_a_consumer_that_leaves_out_a_record() {
    let mut lab = Lab::new();
    let (first, third) = (entry(&mut lab, Offset(0)), entry(&mut lab, Offset(2)));
    let reset = Note::PositionReset { partition: ORDERS, from: Offset(0), to: Offset(0) };
    lab.look(CONSUMER, vec![reset]);
    assert_eq!(consume(&mut lab, vec![first, third]), ["C5"]);
}

/// Source: Jepsen.
#[test]
fn c7_a_read_above_the_high_watermark() {
    let mut lab = Lab::new();
    let offset = lab.append(1, 0);
    let read = entry(&mut lab, offset);
    assert_eq!(consume(&mut lab, vec![read]), ["C7"]);
}

/// Source: KIP-207.
#[test]
fn s14_a_consumer_that_is_sent_back() {
    let mut lab = Lab::new();
    let reset = Note::PositionReset { partition: ORDERS, from: Offset(3), to: Offset(1) };
    assert_eq!(lab.look(CONSUMER, vec![reset]), ["S14"]);
}

/// Source: Jepsen, nonmonotonic-poll.
#[test]
fn c5_a_consumer_that_goes_back_without_a_word() {
    let mut lab = Lab::new();
    let (first, second) = (entry(&mut lab, Offset(0)), entry(&mut lab, Offset(1)));
    lab.look(CONSUMER, vec![Note::PositionReset { partition: ORDERS, from: Offset(0), to: Offset(0) }]);
    assert_eq!(consume(&mut lab, vec![first, second, first]), ["C5"]);
}
