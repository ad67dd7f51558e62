//! Blocks of producer ids: before 3.0 a broker takes the next one from ZooKeeper itself.
//!
//! Keeps: a block is a broker's only when its write has succeeded, and the write names the version that was read, so
//! that no two brokers have one block.
//! Source: `ZkProducerIdManager.getNewProducerIdBlock`; KIP-730 for what came after.

use super::ZooKeeperPlane;
use super::asked::{Answer, Asked};
use crate::id::Offset;
use crate::metadata::producer_ids::PRODUCER_ID_BLOCK_SIZE;
use crate::node::Out;
use crate::time::Time;
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, Op, Path, ZooKeeperError};
use alloc::vec;

impl ZooKeeperPlane {
    pub(super) fn read_block(&mut self, now: Time, out: &mut Out) {
        let read = ZkRequest::GetData(Path::ProducerIdBlock, false);
        self.ask(now, Asked::BlockRead, vec![read], out);
    }

    /// Takes the block after the last one. Returns whether it gave up.
    pub(super) fn on_block_read(&mut self, now: Time, answer: Option<&Answer>, out: &mut Out) -> bool {
        let path = Path::ProducerIdBlock;
        let (last, version) = match answer {
            Some(Ok(ZkReply::Data(Data::ProducerIds { end, .. }, stat))) => (*end, Some(stat.version)),
            Some(Ok(ZkReply::Data(_, stat))) => (Offset(0), Some(stat.version)),
            Some(Err(ZooKeeperError::NoNode)) => (Offset(0), None),
            _ => return true,
        };
        let end = last.plus(u64::from(PRODUCER_ID_BLOCK_SIZE));
        let data = Data::ProducerIds { broker: self.me, end };
        let write = match version {
            Some(version) => Op::SetData(path, data, Some(version)),
            None => Op::Create(path, data, CreateMode::Persistent),
        };
        self.ask(now, Asked::BlockWrite(end), vec![ZkRequest::Write(write)], out);
        false
    }

    /// Another broker was quicker, or the answer was lost: the next block is as good. Returns whether it tries again.
    pub(super) fn on_block_lost(&mut self, now: Time, answer: Option<&Answer>, out: &mut Out) -> bool {
        let again = matches!(
            answer,
            Some(Err(ZooKeeperError::BadVersion | ZooKeeperError::NodeExists | ZooKeeperError::NoNode))
        );
        if again {
            self.read_block(now, out);
        }
        again
    }
}
