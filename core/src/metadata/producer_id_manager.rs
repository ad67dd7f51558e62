//! A broker's stock of producer ids: it gives them to producers one by one and fetches the next block in time.
//!
//! It does not know producers: whoever asks gets a new id with epoch 0, and nobody remembers who has it.
//! Keeps: an id is given out once; at most one request for a block is under way.
//! Source: `RPCProducerIdManager` (KIP-730), `TransactionCoordinator.handleInitProducerId` without a transactional id.
//!
//! Left out: transactional ids.

use crate::id::{BrokerEpoch, Correlation, NodeId, Offset};
use crate::metadata::channel::ControllerChannel;
use crate::metadata::producer_ids::{PRODUCER_ID_BLOCK_SIZE, ProducerIdsBlock};
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::sequence::{ProducerEpoch, ProducerId, ProducerIdAndEpoch};
use crate::time::{Span, Time};
use crate::wire::{AllocateProducerIdsRequest, Envelope, ErrorCode, InitProducerIdResponse, Message};
use serde::{Deserialize, Serialize};

/// `RETRY_BACKOFF_MS`: how long it asks for no block after an error.
const RETRY_BACKOFF: Span = Span::millis(50);

/// How long the channel tries to reach a controller (`clientToControllerChannelManager`).
const RETRY_TIMEOUT: Span = Span::secs(60);

/// `PID_PREFETCH_THRESHOLD` in per cent: with so many ids taken it asks for the next block.
const PREFETCH_PERCENT: u32 = 90;

/// What the rest of the broker knows of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controller {
    /// The leader of the metadata quorum, as far as this broker knows.
    pub known: Option<NodeId>,
    /// The epoch under which this broker is registered.
    pub broker_epoch: Option<BrokerEpoch>,
}

/// The stock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerIdManager {
    me: NodeId,
    current: ProducerIdsBlock,
    next: Option<ProducerIdsBlock>,
    /// A block is asked for; it counts as asked for until it is used.
    requested: bool,
    /// No request before this moment.
    backoff_until: Time,
    channel: ControllerChannel,
    /// It takes blocks from ZooKeeper itself; set while one has to be taken (before 3.0).
    from_zookeeper: Option<bool>,
}

impl ProducerIdManager {
    /// An empty stock.
    pub const fn new(me: NodeId) -> ProducerIdManager {
        ProducerIdManager {
            me,
            current: ProducerIdsBlock::EMPTY,
            next: None,
            requested: false,
            backoff_until: Time::ZERO,
            channel: ControllerChannel::new(Timer::ProducerIdsRequest, RETRY_TIMEOUT),
            from_zookeeper: None,
        }
    }

    /// The same on a broker that takes its blocks from ZooKeeper itself (`ZkProducerIdManager`): the first at its start,
    /// any other when one is used up.
    #[must_use]
    pub const fn on_zookeeper(mut self) -> ProducerIdManager {
        (self.from_zookeeper, self.requested) = (Some(true), true);
        self
    }

    /// Whether a block has to be taken from ZooKeeper now; the caller does it.
    pub fn takes_block_from_zookeeper(&mut self) -> bool {
        self.from_zookeeper.as_mut().is_some_and(|wanted| core::mem::replace(wanted, false))
    }

    /// The block that ends at `end` is the broker's.
    pub fn on_block(&mut self, end: Offset) {
        let start = (end.0 as u32).saturating_sub(PRODUCER_ID_BLOCK_SIZE);
        self.next = Some(ProducerIdsBlock::new(ProducerId(start), PRODUCER_ID_BLOCK_SIZE));
    }

    /// ZooKeeper could not be asked for one.
    pub fn on_no_block(&mut self, now: Time) {
        self.give_up(now);
    }

    /// The process starts.
    pub const fn open(&mut self, now: Time) {
        self.channel.open(now);
    }

    /// A producer asks for an id: it gets one, or has to come again.
    pub fn on_init(
        &mut self,
        now: Time,
        controller: Controller,
        (from, correlation): (NodeId, Correlation),
        out: &mut Out,
    ) {
        let response = match self.generate(now, controller, out) {
            Some(producer_id) => {
                let producer = ProducerIdAndEpoch { producer_id, epoch: ProducerEpoch(0) };
                InitProducerIdResponse { error: ErrorCode::None, producer }
            }
            None => InitProducerIdResponse {
                error: ErrorCode::CoordinatorLoadInProgress,
                producer: ProducerIdAndEpoch::NONE,
            },
        };
        out.respond(from, correlation, Message::InitProducerIdResponse(response));
    }

    /// The next id (`generateProducerId`).
    fn generate(&mut self, now: Time, controller: Controller, out: &mut Out) -> Option<ProducerId> {
        if let Some(id) = self.current.claim_next_id() {
            // The id at the threshold asks, so that this happens once for each block.
            if self.current.claimed() - 1 == self.current.size() * PREFETCH_PERCENT / 100 {
                self.maybe_request_block(now, controller, out);
            }
            return Some(id);
        }
        let Some(block) = self.next.take() else {
            self.maybe_request_block(now, controller, out);
            return None;
        };
        self.current = block;
        self.requested = false;
        self.current.claim_next_id()
    }

    fn maybe_request_block(&mut self, now: Time, controller: Controller, out: &mut Out) {
        let Some(broker_epoch) = controller.broker_epoch else { return };
        if self.requested || self.next.is_some() || now < self.backoff_until {
            return;
        }
        self.requested = true;
        if let Some(wanted) = &mut self.from_zookeeper {
            *wanted = true;
            return;
        }
        let request = AllocateProducerIdsRequest { broker: self.me, broker_epoch };
        self.channel.send(now, controller.known, Message::AllocateProducerIdsRequest(request), out);
    }

    /// A block arrived, or an error.
    pub fn on_message(&mut self, now: Time, envelope: &Envelope, out: &mut Out) {
        let Message::AllocateProducerIdsResponse(response) = &envelope.message else { return };
        let not_controller = response.error == ErrorCode::NotController;
        if !self.channel.on_response(now, envelope, not_controller, out) {
            return;
        }
        if response.error.is_none() {
            self.next = Some(ProducerIdsBlock::new(response.start, response.len));
        } else {
            out.note(Note::ProducerIdsRefused { error: response.error });
            self.give_up(now);
        }
    }

    /// The channel's timer ran out.
    pub fn on_timer(&mut self, now: Time, controller: Controller, out: &mut Out) {
        if self.channel.on_timer(now, controller.known, out) {
            self.give_up(now);
        }
    }

    /// The connection to `node` broke.
    pub fn on_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        self.channel.on_disconnected(now, node, out);
    }

    /// Another controller is active.
    pub fn on_controller(&mut self, now: Time, known: Option<NodeId>, out: &mut Out) {
        self.channel.on_controller(now, known, out);
    }

    fn give_up(&mut self, now: Time) {
        self.requested = false;
        self.backoff_until = now + RETRY_BACKOFF;
    }
}
