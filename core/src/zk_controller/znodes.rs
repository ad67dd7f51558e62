//! How a controller writes to ZooKeeper, and what it makes of the answers.
//!
//! Keeps: every write carries the version of `/controller_epoch` that this controller was elected with, in one multi.
//! So a controller that does not know yet that another was elected cannot write (KAFKA-6082).
//! Source: `ZooKeeperClient.MultiRequest`, `KafkaZkClient.wrapRequestWithControllerEpochCheck`,
//! `unwrapResponseWithControllerEpochCheck`, `updateLeaderAndIsr`.

use super::KafkaController;
use super::context::Leadership;
use super::thread::Read;
use crate::id::{PartitionEpoch, TopicPartition};
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{Data, Op, PartitionState, Path, Stat, ZooKeeperError};

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was carried out.
    Done(Stat),
    /// It was refused.
    Refused(ZooKeeperError),
    /// Another controller was elected.
    Moved,
}

/// What became of a write that the controller has sent.
pub(super) fn outcome(answer: &Result<ZkReply, ZooKeeperError>) -> Outcome {
    match answer {
        Ok(ZkReply::Done(_, stat)) => Outcome::Done(*stat),
        Ok(ZkReply::Multi(results)) => {
            Outcome::Done(results.last().map(|(_, stat)| *stat).unwrap_or_default())
        }
        Ok(ZkReply::MultiRefused(0, ZooKeeperError::BadVersion)) => Outcome::Moved,
        Ok(ZkReply::MultiRefused(_, error)) => Outcome::Refused(*error),
        Ok(ZkReply::Data(..) | ZkReply::Children(..)) => Outcome::Refused(ZooKeeperError::NoNode),
        Err(error) => Outcome::Refused(*error),
    }
}

/// What was read of a partition, if it has a znode.
pub(super) fn state_of(partition: TopicPartition, answer: &Result<ZkReply, ZooKeeperError>) -> Option<Read> {
    let Ok(ZkReply::Data(Data::State(state), stat)) = answer else { return None };
    let known = Leadership { state: *state, version: PartitionEpoch(stat.version) };
    Some(Read { partition, known })
}

impl KafkaController {
    /// `op` as this controller writes it.
    pub(super) fn guarded(&self, op: Op) -> ZkRequest {
        if self.settings.features.zk_multi {
            let check = Op::Check(Path::ControllerEpoch, self.context.epoch_version);
            ZkRequest::Multi([check, op].into())
        } else {
            ZkRequest::Write(op)
        }
    }

    /// Replaces the state that was read, unless somebody has written another since.
    pub(super) fn write_state(&self, read: &Read, state: PartitionState) -> ZkRequest {
        let data = Data::State(PartitionState { controller_epoch: self.context.epoch, ..state });
        let version = Some(read.known.version.0);
        self.guarded(Op::SetData(Path::PartitionState(read.partition), data, version))
    }
}

/// Reads the znodes of these partitions.
pub(super) fn read_states(partitions: &[TopicPartition], watch: bool) -> alloc::vec::Vec<ZkRequest> {
    partitions.iter().map(|&id| ZkRequest::GetData(Path::PartitionState(id), watch)).collect()
}
