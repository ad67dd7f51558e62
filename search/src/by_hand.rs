//! What somebody has to do by hand in a cluster on ZooKeeper, because Kafka leaves it stuck for good.
//!
//! A write of the controller whose answer is lost with its connection is sent again over the next one
//! (`KafkaZkClient.retryRequestsUntilConnected`) and meets its own effect. The controller does not look whether it does:
//!
//! - The ISR that a leader asked for: `BADVERSION` becomes `INVALID_UPDATE_VERSION`
//!   (`KafkaController.tryProcessAlterPartition`, `KafkaZkClient.updateLeaderAndIsr`), and the leader gives up and waits
//!   for "the latest metadata" (`Partition.handleAlterPartitionError`). In ZooKeeper mode these come with the next leader
//!   epoch only (so KAFKA-14144 says, too), which nobody has a reason to begin. A leader that is started again gets one.
//! - The first state of a new partition: `NODEEXISTS` is logged as a state change that failed, and so is every later
//!   attempt (`ZkPartitionStateMachine.initializeLeaderAndIsrForPartitions`, 3.x). Only a new controller reads what
//!   stands there, and it is one as soon as `/controller` is deleted.
//!
//! Elections and ISRs that the controller itself shrinks read the znode again and are safe.

use crate::heal::Core;
use crate::script::Act;
use kraftscope_core::id::{NodeId, TopicPartition};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::process::{Broker, Plane, Process};
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::zk_controller::context::PartitionStatus;

/// What frees the first thing that is stuck in this core; nothing where the metadata are not in ZooKeeper.
pub(crate) fn free(sim: &Sim, core: &Core) -> Option<Act> {
    let image = sim.world().ensemble()?.image();
    let process = |id: NodeId| sim.world().process(id).and_then(Process::broker);
    let healed = || sim.world().genesis.broker_ids().filter(|id| core.has(*id));
    let waiting = healed().find(|id| process(*id).is_some_and(|broker| waits_in_vain(broker, *id, image)));
    if let Some(leader) = waiting {
        return Some(Act::Do(Action::Crash(leader, Loss::Nothing)));
    }
    let controller =
        healed().find(|id| process(*id).is_some_and(|broker| meets_its_own_state(broker, image)));
    controller.map(|_| Act::Controller(Command::Resign))
}

/// Whether this broker leads a partition whose ISR stands in ZooKeeper as it asked for it, or newer, and was told only
/// that its version is wrong.
fn waits_in_vain(broker: &Broker, me: NodeId, image: &Image) -> bool {
    let asked = |id: TopicPartition| {
        broker.replicas.alter_partition().proposals().any(|proposal| proposal.partition == id)
    };
    broker.replicas.partitions().iter().any(|(&id, partition)| {
        let in_flight = partition.as_leader().is_some_and(|leader| leader.isr.is_in_flight());
        let overtaken = image.partitions.get(&id).is_some_and(|found| {
            found.leader == Some(me)
                && found.leader_epoch == partition.leader_epoch
                && found.partition_epoch > partition.partition_epoch
        });
        in_flight && overtaken && !asked(id)
    })
}

/// Whether this broker is a controller at rest that takes a partition for new whose state stands in ZooKeeper.
fn meets_its_own_state(broker: &Broker, image: &Image) -> bool {
    let Plane::ZooKeeper(plane) = &broker.plane else { return false };
    let controller = &plane.controller;
    let is_new = |id: &TopicPartition| {
        controller.context().partitions.get(id).is_some_and(|known| known.status == PartitionStatus::New)
    };
    let has_state =
        |id: &TopicPartition| image.partitions.get(id).is_some_and(|found| found.leader.is_some());
    controller.is_active()
        && controller.is_idle()
        && image.partitions.keys().any(|id| is_new(id) && has_state(id))
}
