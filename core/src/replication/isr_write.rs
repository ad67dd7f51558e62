//! ISR changes that the leader writes into ZooKeeper itself, before the controller was asked (up to 2.6).
//!
//! Here is what shall be written and what becomes of it; the writing is the broker's business.
//! Keeps: a write names the version of the znode that the leader knows. If the znode has another one, somebody else has
//! changed the partition: the leader skips the change, goes on with the ISR that it had, and tries again at the next
//! occasion, until a LeaderAndIsr tells it better. So a leader that was deposed cannot change an ISR.
//! Source: `Partition.expandIsr`, `shrinkIsr`, `maybeUpdateIsrAndVersion` (2.3), `ReplicationUtils.updateLeaderAndIsr`.
//!
//! Left out: in Kafka the partition is locked until ZooKeeper has answered, and produce and fetch wait for it. Here they
//! go on, and count with whoever may be in the ISR, whichever way it ends.

use super::alter::is_still_pending;
use super::manager::ReplicaManager;
use crate::id::{PartitionEpoch, TopicPartition};
use crate::metadata::image::Image;
use crate::mode::MetadataPlane;
use crate::node::Out;
use crate::note::Note;
use crate::record::LeaderRecoveryState;
use crate::time::Time;
use crate::wire::{ErrorCode, IsrAnswer};
use crate::znode::PartitionState;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A state znode that a leader wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IsrWrite {
    /// Of which partition.
    pub partition: TopicPartition,
    /// What it shall say: leader and leader epoch as they are, the epoch of the controller that decided them, the ISR.
    pub state: PartitionState,
    /// The version that it must have.
    pub version: PartitionEpoch,
}

impl ReplicaManager {
    /// Whether its leaders change ISRs themselves (`ZkIsrManager`); else they ask the controller.
    pub(super) fn writes_isr(&self) -> bool {
        matches!(self.plane, MetadataPlane::ZooKeeper) && !self.settings.features.alter_isr
    }

    /// What shall be written into ZooKeeper now; each of them waits for [`ReplicaManager::on_isr_written`].
    pub fn take_isr_writes(&mut self) -> Vec<IsrWrite> {
        let mut writes = Vec::new();
        if !self.writes_isr() {
            return writes;
        }
        for (id, item) in self.alter.items.iter_mut().filter(|(_, item)| !item.sent) {
            item.sent = true;
            let controller_epoch = self.partitions.get(id).map_or(0, |partition| partition.controller_epoch);
            let state = PartitionState {
                leader: Some(self.me),
                leader_epoch: item.proposal.leader_epoch,
                isr: item.state.proposed(),
                controller_epoch,
                recovery: LeaderRecoveryState::Recovered,
            };
            writes.push(IsrWrite { partition: *id, state, version: item.proposal.partition_epoch });
        }
        writes
    }

    /// ZooKeeper has answered: the version that the znode has now, or why nothing was written.
    /// Returns whether the ISR was changed.
    pub fn on_isr_written(
        &mut self,
        now: Time,
        image: &Image,
        write: &IsrWrite,
        version: Result<PartitionEpoch, ErrorCode>,
        out: &mut Out,
    ) -> bool {
        let id = write.partition;
        let Some(item) = self.alter.items.get(&id).filter(|item| item.sent).cloned() else {
            return version.is_ok();
        };
        self.alter.items.remove(&id);
        let Some(partition) = self.partitions.get_mut(&id).filter(|it| is_still_pending(it, &item)) else {
            return version.is_ok();
        };
        let partition_epoch = match version {
            Ok(partition_epoch) => partition_epoch,
            Err(error) => {
                out.note(Note::IsrChangeRejected { partition: id, error });
                partition.roll_back_isr();
                return false;
            }
        };
        let PartitionState { leader, leader_epoch, isr, recovery: leader_recovery_state, .. } = write.state;
        let error = ErrorCode::None;
        let answer = IsrAnswer {
            partition: id,
            error,
            leader,
            leader_epoch,
            isr,
            leader_recovery_state,
            partition_epoch,
        };
        if partition.accept_isr(&answer, out) {
            self.reconsider_hw(now, image, id, out);
        }
        true
    }
}
