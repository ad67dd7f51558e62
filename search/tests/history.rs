//! Each promise to clients is found broken in a hand-made history that breaks it, and no promise in a good one.
//!
//! Where a history breaks several, the judge names the one that it comes to first.

use kraftscope_core::config::Acks;
use kraftscope_core::id::{LeaderEpoch, NodeId, Offset, StepId, TopicId, TopicPartition};
use kraftscope_core::wire::ErrorCode;
use kraftscope_search::history::{BatchKey, FinalLog, History, PartitionEnd, Promise, What, Written, judge};
use kraftscope_search::preset::Preset;
use kraftscope_search::run::Run;
use kraftscope_search::swarm::draw;

const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
const ALICE: NodeId = NodeId::producer(1);
const BOB: NodeId = NodeId::producer(2);
const READER: NodeId = NodeId::consumer(1);
const OTHER: NodeId = NodeId::consumer(2);

/// A history under construction; every entry is an event of its own.
#[derive(Default)]
struct Case {
    history: History,
    event: u64,
    log: Vec<Written>,
    start: Offset,
    readers: Vec<(NodeId, TopicPartition)>,
    void: Option<StepId>,
}

const fn written(epoch: u32, producer: NodeId, value: u32) -> Written {
    Written { epoch: LeaderEpoch(epoch), producer, value }
}

impl Case {
    fn push(mut self, what: What) -> Case {
        self.event += 1;
        self.history.push(StepId(self.event), what);
        self
    }

    fn send(mut self, producer: NodeId, values: std::ops::Range<u32>, acks: Acks, idempotent: bool) -> Case {
        self.event += 1;
        let batch = BatchKey { producer, first: values.start };
        self.history.invoke(StepId(self.event), batch, ORDERS, (acks, idempotent), values);
        self
    }

    /// A batch with acks=all, and no idempotence.
    fn sent(self, producer: NodeId, values: std::ops::Range<u32>) -> Case {
        self.send(producer, values, Acks::All, false)
    }

    fn again(self, producer: NodeId, first: u32) -> Case {
        self.push(What::SentAgain(BatchKey { producer, first }))
    }

    fn acked(self, producer: NodeId, first: u32, base: u64) -> Case {
        self.push(What::Acknowledged { batch: BatchKey { producer, first }, base: Offset(base) })
    }

    fn failed(self, producer: NodeId, first: u32, error: Option<ErrorCode>) -> Case {
        self.push(What::Failed { batch: BatchKey { producer, first }, error })
    }

    fn committed(self, to: u64) -> Case {
        self.push(What::Committed(ORDERS, Offset(to)))
    }

    fn read(self, consumer: NodeId, offset: u64, record: Written) -> Case {
        self.push(What::Read { consumer, partition: ORDERS, offset: Offset(offset), record })
    }

    fn led(self, epoch: u32, start: u64) -> Case {
        self.push(What::Led(ORDERS, LeaderEpoch(epoch), Offset(start)))
    }

    /// The final log holds these records of epoch 0.
    fn log(mut self, records: &[(NodeId, u32)]) -> Case {
        self.log = records.iter().map(|&(producer, value)| written(0, producer, value)).collect();
        self
    }

    fn readers(mut self, readers: &[NodeId]) -> Case {
        self.readers = readers.iter().map(|&reader| (reader, ORDERS)).collect();
        self
    }

    /// The partition loses its guarantees with the next event.
    fn void(mut self) -> Case {
        self.void = Some(StepId(self.event + 1));
        self
    }

    /// Judged without a final log.
    fn within_the_storm(&self) -> Option<Promise> {
        let end = PartitionEnd { id: ORDERS, void: self.void, log: None };
        judge(&self.history, &[end], &[]).map(|broken| broken.promise)
    }

    fn judged(self) -> Option<Promise> {
        let hw = Offset(self.start.0 + self.log.len() as u64);
        let log = FinalLog { start: self.start, records: self.log, hw };
        let end = PartitionEnd { id: ORDERS, void: self.void, log: Some(log) };
        judge(&self.history, &[end], &self.readers).map(|broken| broken.promise)
    }
}

/// Two producers, three batches, two consumers, one of them in two lives.
fn good() -> Case {
    Case::default()
        .led(0, 0)
        .sent(ALICE, 0..2)
        .committed(2)
        .acked(ALICE, 0, 0)
        .read(READER, 0, written(0, ALICE, 0))
        .read(READER, 1, written(0, ALICE, 1))
        .sent(BOB, 0..1)
        .again(BOB, 0)
        .sent(ALICE, 2..3)
        .committed(4)
        .acked(BOB, 0, 2)
        .failed(ALICE, 2, None)
        .push(What::Began(READER))
        .read(READER, 0, written(0, ALICE, 0))
        .read(READER, 1, written(0, ALICE, 1))
        .read(READER, 2, written(0, BOB, 0))
        .read(READER, 3, written(0, ALICE, 2))
        .log(&[(ALICE, 0), (ALICE, 1), (BOB, 0), (ALICE, 2)])
        .readers(&[READER])
}

#[test]
fn a_good_history_breaks_nothing() {
    assert_eq!(good().within_the_storm(), None);
    assert_eq!(good().judged(), None);
}

/// Source: Jepsen, lost-write; `replication_test.py`: what was acknowledged is a subset of what is consumed.
#[test]
fn c1_an_acknowledged_record_that_is_gone() {
    let lost = || Case::default().push(What::Crashed).sent(ALICE, 0..2).committed(2).acked(ALICE, 0, 0);
    assert_eq!(lost().log(&[(ALICE, 0)]).judged(), Some(Promise::C1));
    assert_eq!(lost().log(&[(ALICE, 0), (ALICE, 1)]).judged(), None);
}

/// Source: acks=1 promises less.
#[test]
fn c1_is_not_promised_with_acks_one() {
    let lost = Case::default().send(ALICE, 0..2, Acks::One, false).acked(ALICE, 0, 0);
    assert_eq!(lost.log(&[]).judged(), None);
}

/// Source: an unclean election gives the guarantees away.
#[test]
fn no_promise_reaches_beyond_the_loss_of_the_guarantees() {
    let lost = || Case::default().sent(ALICE, 0..1).committed(1).acked(ALICE, 0, 0);
    assert_eq!(lost().void().log(&[]).judged(), None);
    let twice = lost().read(READER, 0, written(0, ALICE, 0)).void().read(OTHER, 0, written(1, BOB, 0));
    assert_eq!(twice.within_the_storm(), None);
}

/// Source: Jepsen, G1a.
#[test]
fn c2_a_record_that_was_refused_and_is_read() {
    let refused = |case: Case| case.failed(ALICE, 0, Some(ErrorCode::NotEnoughReplicas));
    let sent = || Case::default().sent(ALICE, 0..1).committed(1);
    let read = |case: Case| case.read(READER, 0, written(0, ALICE, 0));
    assert_eq!(read(refused(sent())).within_the_storm(), Some(Promise::C2));
    assert_eq!(refused(read(sent())).within_the_storm(), Some(Promise::C2));
    assert_eq!(refused(sent()).log(&[(ALICE, 0)]).judged(), Some(Promise::C2));
}

/// Source: KAFKA-13574: NOT_LEADER_OR_FOLLOWER leaves it open; so does every refusal of a second attempt.
#[test]
fn c2_does_not_count_what_may_have_been_written() {
    let read = |case: Case| case.read(READER, 0, written(0, ALICE, 0));
    let sent = || Case::default().sent(ALICE, 0..1).committed(1);
    let moved = sent().failed(ALICE, 0, Some(ErrorCode::NotLeaderOrFollower));
    assert_eq!(read(moved).within_the_storm(), None);
    let again = sent().again(ALICE, 0).failed(ALICE, 0, Some(ErrorCode::NotEnoughReplicas));
    assert_eq!(read(again).within_the_storm(), None);
    let doubled = sent().push(What::Doubled(ALICE)).failed(ALICE, 0, Some(ErrorCode::NotEnoughReplicas));
    assert_eq!(read(doubled).within_the_storm(), None);
}

/// Source: Jepsen, inconsistent offsets.
#[test]
fn c3_two_consumers_that_read_different_records() {
    let case = Case::default().sent(ALICE, 0..1).sent(BOB, 0..1).committed(1);
    let case = case.read(READER, 0, written(0, ALICE, 0)).read(OTHER, 0, written(1, BOB, 0));
    assert_eq!(case.within_the_storm(), Some(Promise::C3));
}

/// Source: Jepsen, duplicate; KIP-98.
#[test]
fn c4_a_retry_that_was_written_twice() {
    let retried = |idempotent| {
        let case = Case::default().send(ALICE, 0..1, Acks::All, idempotent).again(ALICE, 0);
        case.committed(2).acked(ALICE, 0, 1).log(&[(ALICE, 0), (ALICE, 0)])
    };
    assert_eq!(retried(true).judged(), Some(Promise::C4));
    assert_eq!(retried(false).judged(), None);
    assert_eq!(retried(true).push(What::Disordered(ALICE)).judged(), None);
}

/// Source: `TransactionManager.startSequencesAtBeginning`: a new epoch gives new numbers to the batches that have one and
/// have no answer, and to nothing else.
#[test]
fn c4_holds_of_all_but_the_batches_that_were_in_flight_when_a_new_epoch_began() {
    let renumbered = |producer| What::Renumbered(producer, ORDERS);
    let sent = || Case::default().send(ALICE, 0..1, Acks::All, true);
    let twice = |case: Case| case.committed(2).log(&[(ALICE, 0), (ALICE, 0)]).judged();
    let in_flight = |producer| sent().push(renumbered(producer)).again(ALICE, 0).acked(ALICE, 0, 1);
    assert_eq!(twice(in_flight(ALICE)), None);
    assert_eq!(twice(in_flight(BOB)), Some(Promise::C4));
    let acknowledged = sent().again(ALICE, 0).acked(ALICE, 0, 1).push(renumbered(ALICE));
    assert_eq!(twice(acknowledged), Some(Promise::C4));
    let later = Case::default().push(renumbered(ALICE)).send(ALICE, 0..1, Acks::All, true).again(ALICE, 0);
    assert_eq!(twice(later.acked(ALICE, 0, 1)), Some(Promise::C4));
    let given_up = sent().again(ALICE, 0).failed(ALICE, 0, None);
    assert_eq!(twice(given_up), Some(Promise::C4));
}

/// Source: Jepsen, poll-skip and nonmonotonic-poll.
#[test]
fn c5_a_consumer_that_skips_or_goes_back() {
    let read = |offsets: [u64; 2]| {
        let case = Case::default().sent(ALICE, 0..3).committed(3);
        let read = |case: Case, offset: u64| case.read(READER, offset, written(0, ALICE, offset as u32));
        offsets.into_iter().fold(case, read).within_the_storm()
    };
    assert_eq!(read([0, 2]), Some(Promise::C5));
    assert_eq!(read([0, 0]), Some(Promise::C5));
    assert_eq!(read([1, 2]), Some(Promise::C5));
    assert_eq!(read([0, 1]), None);
}

/// Source: DeleteRecords: what lies below the log start cannot be read any more.
#[test]
fn c5_lets_a_consumer_skip_what_was_deleted() {
    let case = Case::default().sent(ALICE, 0..3).committed(3).push(What::Deleted(ORDERS, Offset(2)));
    assert_eq!(case.read(READER, 2, written(0, ALICE, 2)).within_the_storm(), None);
}

/// Source: Jepsen, nonmonotonic-send.
#[test]
fn c6_a_later_batch_that_comes_first() {
    let case = Case::default().sent(ALICE, 0..1).acked(ALICE, 0, 5).sent(ALICE, 1..2).acked(ALICE, 1, 3);
    assert_eq!(case.within_the_storm(), Some(Promise::C6));
    let overlapping =
        Case::default().sent(ALICE, 0..1).sent(ALICE, 1..2).acked(ALICE, 0, 5).acked(ALICE, 1, 3);
    assert_eq!(overlapping.within_the_storm(), None);
}

/// Source: `Partition.fetchRecords`: a consumer reads up to the high watermark.
#[test]
fn c7_a_record_above_every_high_watermark() {
    let case = Case::default().sent(ALICE, 0..1).read(READER, 0, written(0, ALICE, 0));
    assert_eq!(case.within_the_storm(), Some(Promise::C7));
}

/// Source: v3.5 TLA+, ConsistentRead.
#[test]
fn c7_a_record_that_was_read_and_is_gone() {
    let case = Case::default().send(ALICE, 0..1, Acks::One, false).committed(1);
    assert_eq!(case.read(READER, 0, written(0, ALICE, 0)).log(&[]).judged(), Some(Promise::C7));
}

/// Source: openraft's oracle, read-your-writes.
#[test]
fn c8_a_consumer_that_finds_another_record_where_one_was_acknowledged() {
    let case = Case::default().sent(ALICE, 0..1).sent(BOB, 0..1).committed(1).acked(ALICE, 0, 0);
    assert_eq!(case.read(READER, 0, written(1, BOB, 0)).within_the_storm(), Some(Promise::C8));
    let before = Case::default().sent(ALICE, 0..1).sent(BOB, 0..1).committed(1);
    let before = before.read(READER, 0, written(1, BOB, 0)).acked(ALICE, 0, 0);
    assert_eq!(before.within_the_storm(), Some(Promise::C8));
}

/// Source: `ProduceResponse.baseOffset`.
#[test]
fn c9_an_acknowledgement_that_names_another_place() {
    let case = Case::default().sent(ALICE, 0..1).sent(BOB, 0..1).committed(2).acked(ALICE, 0, 0);
    assert_eq!(case.log(&[(BOB, 0), (ALICE, 0)]).judged(), Some(Promise::C9));
}

/// Source: linearizability of an append-only list.
#[test]
fn c10_a_batch_that_comes_before_what_was_known_when_it_was_sent() {
    let acked = Case::default().sent(BOB, 0..1).acked(BOB, 0, 5).sent(ALICE, 0..1).acked(ALICE, 0, 3);
    assert_eq!(acked.within_the_storm(), Some(Promise::C10));
    let read = Case::default().sent(BOB, 0..1).committed(1).read(READER, 0, written(0, BOB, 0));
    assert_eq!(read.sent(ALICE, 0..1).acked(ALICE, 0, 0).within_the_storm(), Some(Promise::C10));
}

/// Source: openraft's oracle, phantom value.
#[test]
fn c10_a_record_that_nobody_sent() {
    let phantom = || Case::default().sent(ALICE, 0..1).committed(1).read(READER, 0, written(0, ALICE, 7));
    assert_eq!(phantom().within_the_storm(), Some(Promise::C10));
    assert_eq!(Case::default().log(&[(BOB, 0)]).judged(), Some(Promise::C10));
    let unanswered = Case::default().push(What::Unanswered(ALICE)).committed(1);
    assert_eq!(unanswered.read(READER, 0, written(0, ALICE, 7)).within_the_storm(), None);
}

/// Source: KIP-320: the log was cut below the position and has grown again since.
#[test]
fn c11_a_position_that_is_used_again_after_a_truncation() {
    let case = |start| {
        let case = Case::default().led(0, 0).sent(ALICE, 0..1).sent(BOB, 0..2).committed(2);
        let case = case.read(READER, 0, written(0, ALICE, 0)).led(1, start);
        case.read(READER, 1, written(1, BOB, 1)).within_the_storm()
    };
    assert_eq!(case(0), Some(Promise::C11));
    assert_eq!(case(1), None);
}

/// Source: KIP-320: whoever validates its position notices an unclean election, too; before that nobody did.
#[test]
fn c11_holds_after_an_unclean_election_where_positions_are_validated() {
    let case = |validates| {
        let case = Case { history: History::of_clients(validates), ..Case::default() };
        let case = case.led(0, 0).sent(ALICE, 0..1).sent(BOB, 0..2).committed(2);
        let case = case.read(READER, 0, written(0, ALICE, 0)).void().led(1, 0);
        case.read(READER, 1, written(1, BOB, 1)).within_the_storm()
    };
    assert_eq!(case(true), Some(Promise::C11));
    assert_eq!(case(false), None);
}

/// Source: `replication_test.py`, clean bounces.
#[test]
fn c12_a_record_that_a_controlled_shutdown_lost() {
    let case = Case::default().sent(ALICE, 0..1).committed(1).acked(ALICE, 0, 0).push(What::ShutDown);
    assert_eq!(case.log(&[]).judged(), Some(Promise::C12));
}

/// Source: Jepsen: an operation of unknown fate happened once or not at all.
#[test]
fn c13_a_batch_of_unknown_fate_that_is_there_twice() {
    let unknown = || Case::default().sent(ALICE, 0..1).failed(ALICE, 0, None);
    assert_eq!(unknown().log(&[(ALICE, 0), (ALICE, 0)]).judged(), Some(Promise::C13));
    assert_eq!(unknown().log(&[(ALICE, 0)]).judged(), None);
    assert_eq!(unknown().log(&[]).judged(), None);
    let doubled = Case::default().sent(ALICE, 0..1).push(What::Doubled(ALICE)).failed(ALICE, 0, None);
    assert_eq!(doubled.log(&[(ALICE, 0), (ALICE, 0)]).judged(), None);
    let given_up = unknown().push(What::Doubled(ALICE));
    assert_eq!(given_up.log(&[(ALICE, 0), (ALICE, 0)]).judged(), None, "it may still be on its way");
}

/// Source: Jepsen, unseen.
#[test]
fn c14_an_acknowledged_record_that_a_consumer_never_read() {
    let case = || Case::default().sent(ALICE, 0..1).committed(1).acked(ALICE, 0, 0).log(&[(ALICE, 0)]);
    assert_eq!(case().readers(&[READER]).judged(), Some(Promise::C14));
    let read = case().read(READER, 0, written(0, ALICE, 0));
    assert_eq!(read.readers(&[READER]).judged(), None);
}

/// Source: `replication_test.py`: the run itself, with everything that clients did in it.
#[test]
fn the_history_of_a_run_holds_what_its_clients_saw() {
    let (genesis, plan) = draw(3, Preset::find("one-partition").expect("a preset"));
    let mut run = Run::new(genesis, plan).expect("a valid genesis");
    while !run.advance(1000) {}
    let has = |wanted: fn(&What) -> bool| run.history().entries().iter().any(|entry| wanted(&entry.what));
    assert!(has(|what| matches!(what, What::Invoked { values, .. } if !values.is_empty())));
    assert!(has(|what| matches!(what, What::Acknowledged { .. })));
    assert!(has(|what| matches!(what, What::Read { .. })));
    assert!(has(|what| matches!(what, What::Committed(..))));
    assert!(has(|what| matches!(what, What::Led(..))));
}
