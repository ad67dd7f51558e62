//! Producer ids: the controller's blocks and a broker's stock of them.

use kraftscope_core::id::{Correlation, NodeId};
use kraftscope_core::metadata::producer_id_manager::{Controller, ProducerIdManager};
use kraftscope_core::node::{Effect, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::sequence::ProducerId;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, Envelope, ErrorCode, Message,
};
use metadata_support::{Harness, ME, b, broker, epoch};

mod metadata_support;

fn allocate(harness: &mut Harness, request: AllocateProducerIdsRequest) -> AllocateProducerIdsResponse {
    harness.deliver(request.broker, Message::AllocateProducerIdsRequest(request));
    harness.commit();
    match harness.messages().pop() {
        Some(Message::AllocateProducerIdsResponse(response)) => response,
        other => panic!("no block but {other:?}"),
    }
}

fn request(n: u8) -> AllocateProducerIdsRequest {
    AllocateProducerIdsRequest { broker: b(n), broker_epoch: epoch(n) }
}

const fn block(start: u32) -> AllocateProducerIdsResponse {
    AllocateProducerIdsResponse { error: ErrorCode::None, start: ProducerId(start), len: 1000 }
}

/// Source: ProducerIdControlManagerTest.testInitialResult, testMonotonic.
#[test]
fn blocks_of_a_thousand_follow_one_another() {
    let mut harness = Harness::new(&[broker(1, false), broker(2, true)]);
    assert_eq!(allocate(&mut harness, request(1)), block(0));
    assert_eq!(allocate(&mut harness, request(2)), block(1000));
    assert_eq!(allocate(&mut harness, request(1)), block(2000));
    assert_eq!(harness.controller.image().next_producer_id, ProducerId(3000));
}

/// Source: ProducerIdControlManagerTest.testUnknownBrokerOrEpoch.
#[test]
fn a_broker_of_another_life_gets_no_block() {
    let mut harness = Harness::new(&[broker(1, false)]);
    let stale = AllocateProducerIdsRequest { broker_epoch: epoch(9), ..request(1) };
    assert_eq!(allocate(&mut harness, stale).error, ErrorCode::StaleBrokerEpoch);
    assert_eq!(allocate(&mut harness, request(2)).error, ErrorCode::StaleBrokerEpoch);
    assert_eq!(allocate(&mut harness, request(1)), block(0));
}

/// Source: ProducerIdControlManagerTest.testMaxValue.
#[test]
fn when_the_ids_are_used_up_there_is_no_block() {
    let (broker_epoch, next_producer_id) = (epoch(1), ProducerId(u32::MAX - 1000));
    let last = MetadataRecord::ProducerIds { broker: b(1), broker_epoch, next_producer_id };
    let mut harness = Harness::new(&[broker(1, false), last]);
    assert_eq!(allocate(&mut harness, request(1)).error, ErrorCode::UnknownServerError);
}

const KNOWN: Controller = Controller { known: Some(ME), broker_epoch: Some(epoch(1)) };
const PRODUCER: NodeId = NodeId::producer(1);

struct Stock {
    now: Time,
    ids: ProducerIdManager,
    out: Out,
}

impl Stock {
    fn new() -> Stock {
        Stock { now: Time::ZERO, ids: ProducerIdManager::new(b(1)), out: Out::new(1) }
    }

    /// What a producer that asks is told: an id, or the error.
    fn ask(&mut self) -> Result<u32, ErrorCode> {
        self.ids.on_init(self.now, KNOWN, (PRODUCER, Correlation(7)), &mut self.out);
        let answer = self.sent(PRODUCER).pop().map(|(_, message)| message);
        let Some(Message::InitProducerIdResponse(response)) = answer else { panic!("no answer: {answer:?}") };
        if response.error.is_none() { Ok(response.producer.producer_id.0) } else { Err(response.error) }
    }

    /// Takes the messages to `node` out of the effects.
    fn sent(&mut self, node: NodeId) -> Vec<(Correlation, Message)> {
        let mut sent = Vec::new();
        self.out.effects.retain(|effect| match effect {
            Effect::Send { to, correlation, message } if *to == node => {
                sent.push((*correlation, message.clone()));
                false
            }
            _ => true,
        });
        sent
    }

    /// The controller answers the one request that it got.
    fn answer(&mut self, response: AllocateProducerIdsResponse) {
        let requests = self.sent(ME);
        assert_eq!(requests.len(), 1);
        let (correlation, message) = (requests[0].0, Message::AllocateProducerIdsResponse(response));
        let envelope = Envelope { from: ME, to: b(1), correlation, message };
        self.ids.on_message(self.now, &envelope, &mut self.out);
    }

    fn wait(&mut self, span: Span) {
        self.now += span;
    }
}

const COME_AGAIN: Result<u32, ErrorCode> = Err(ErrorCode::CoordinatorLoadInProgress);

/// Source: ProducerIdManagerTest: the first id has to wait for the first block (RPCProducerIdManager).
#[test]
fn the_first_producer_comes_again_when_the_first_block_is_there() {
    let mut stock = Stock::new();
    assert_eq!(stock.ask(), COME_AGAIN);
    assert_eq!(stock.ask(), COME_AGAIN);
    stock.answer(block(5000));
    assert_eq!(stock.ask(), Ok(5000));
    assert_eq!(stock.ask(), Ok(5001));
}

/// Source: RPCProducerIdManager.generateProducerId, PID_PREFETCH_THRESHOLD.
#[test]
fn the_next_block_is_fetched_when_nine_tenths_are_given_out() {
    let mut stock = Stock::new();
    assert_eq!(stock.ask(), COME_AGAIN);
    stock.answer(AllocateProducerIdsResponse { len: 10, ..block(0) });
    for id in 0..9 {
        assert_eq!(stock.ask(), Ok(id));
    }
    assert!(stock.sent(ME).is_empty());
    assert_eq!(stock.ask(), Ok(9));
    stock.answer(block(1000));
    assert_eq!(stock.ask(), Ok(1000));
}

/// Source: ProducerIdManagerTest.testRetryBackoff.
#[test]
fn after_an_error_it_asks_again_in_50_ms() {
    let mut stock = Stock::new();
    assert_eq!(stock.ask(), COME_AGAIN);
    stock.answer(AllocateProducerIdsResponse { error: ErrorCode::UnknownServerError, ..block(0) });
    let refused = Note::ProducerIdsRefused { error: ErrorCode::UnknownServerError };
    assert!(stock.out.effects.contains(&Effect::Note(refused)));
    stock.wait(Span::millis(49));
    assert_eq!(stock.ask(), COME_AGAIN);
    assert!(stock.sent(ME).is_empty());
    stock.wait(Span::millis(1));
    assert_eq!(stock.ask(), COME_AGAIN);
    stock.answer(block(0));
    assert_eq!(stock.ask(), Ok(0));
}

/// Source: NodeToControllerRequestThread: NOT_CONTROLLER is not the caller's business.
#[test]
fn a_request_follows_the_controller() {
    let mut stock = Stock::new();
    assert_eq!(stock.ask(), COME_AGAIN);
    stock.answer(AllocateProducerIdsResponse { error: ErrorCode::NotController, ..block(0) });
    stock.wait(Span::millis(50));
    stock.ids.on_timer(stock.now, KNOWN, &mut stock.out);
    assert!(
        stock.out.effects.iter().any(|effect| matches!(effect, Effect::Arm(Timer::ProducerIdsRequest, _)))
    );
    stock.answer(block(0));
    assert_eq!(stock.ask(), Ok(0));
}
