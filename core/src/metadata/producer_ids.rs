//! Blocks of producer ids: what the active controller gives to brokers, so that no id is ever given out twice.
//!
//! Keeps: blocks do not overlap, whatever becomes of the brokers that hold them; what is left of a block is lost with
//! its broker.
//! Source: `ProducerIdControlManager`, `ProducerIdsBlock` (KIP-730).

use crate::metadata::decision::Decision;
use crate::metadata::image::Image;
use crate::note::Note;
use crate::record::MetadataRecord;
use crate::sequence::ProducerId;
use crate::wire::{AllocateProducerIdsRequest, AllocateProducerIdsResponse, ErrorCode};
use serde::{Deserialize, Serialize};

/// `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`.
pub const PRODUCER_ID_BLOCK_SIZE: u32 = 1000;

/// A run of ids that one broker may give out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerIdsBlock {
    /// The next id.
    next: ProducerId,
    /// The ids that are left.
    left: u32,
    /// How many it had.
    size: u32,
}

impl ProducerIdsBlock {
    /// No ids at all (`EMPTY`).
    pub const EMPTY: ProducerIdsBlock = ProducerIdsBlock::new(ProducerId(0), 0);

    /// `size` ids from `first` on.
    pub const fn new(first: ProducerId, size: u32) -> ProducerIdsBlock {
        ProducerIdsBlock { next: first, left: size, size }
    }

    /// Takes the next id, if there is one (`claimNextId`).
    pub fn claim_next_id(&mut self) -> Option<ProducerId> {
        self.left = self.left.checked_sub(1)?;
        let id = self.next;
        self.next = ProducerId(id.0 + 1);
        Some(id)
    }

    /// How many ids were taken.
    pub const fn claimed(&self) -> u32 {
        self.size - self.left
    }

    /// How many ids it had.
    pub const fn size(&self) -> u32 {
        self.size
    }
}

/// The next block, for a registered broker (`generateNextProducerId`).
///
/// # Errors
/// `STALE_BROKER_EPOCH` for another life of the broker; `UNKNOWN_SERVER_ERROR` when the ids are used up.
pub(super) fn allocate(
    image: &Image,
    request: &AllocateProducerIdsRequest,
    decision: &mut Decision,
) -> Result<AllocateProducerIdsResponse, ErrorCode> {
    let AllocateProducerIdsRequest { broker, broker_epoch } = *request;
    let registered = image.brokers.get(&broker).is_some_and(|known| known.broker_epoch == broker_epoch);
    if !registered {
        return Err(ErrorCode::StaleBrokerEpoch);
    }
    let (start, len) = (image.next_producer_id, PRODUCER_ID_BLOCK_SIZE);
    let next = start.0.checked_add(len).filter(|&next| next < ProducerId::NONE.0);
    let next_producer_id = ProducerId(next.ok_or(ErrorCode::UnknownServerError)?);
    decision.record(MetadataRecord::ProducerIds { broker, broker_epoch, next_producer_id });
    decision.note(Note::ProducerIdsAllocated { broker, start, len });
    Ok(AllocateProducerIdsResponse { error: ErrorCode::None, start, len })
}
