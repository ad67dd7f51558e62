//! What somebody has to do by hand in a cluster on ZooKeeper, because Kafka leaves it stuck for good.
//!
//! A write of the controller whose answer is lost with its connection is sent again over the next one
//! (`KafkaZkClient.retryRequestsUntilConnected`) and meets its own effect. The controller does not look whether it does:
//!
//! - The ISR that a leader asked for: `BADVERSION` becomes `INVALID_UPDATE_VERSION`
//!   (`KafkaController.tryProcessAlterPartition`, `KafkaZkClient.updateLeaderAndIsr`), and the leader gives up and waits
//!   for "the latest metadata" (`Partition.handleAlterPartitionError`). In ZooKeeper mode these come with the next leader
//!   epoch only (so KAFKA-14144 says, too), which nobody has a reason to begin. A leader that is started again gets one.
//!   Up to 2.6 leaders write ISRs themselves, look whether it was their own write that they met
//!   (`ReplicationUtils.checkLeaderAndIsrZkData`), but not when their session ended with it: "Cached zkVersion not equal
//!   to that in zookeeper, skip updating ISR" is all that they say from then on (KAFKA-2729).
//! - The first state of a new partition: `NODEEXISTS` is logged as a state change that failed, and so is every later
//!   attempt (`ZkPartitionStateMachine.initializeLeaderAndIsrForPartitions`, 3.x). Only a new controller reads what
//!   stands there, and it is one as soon as `/controller` is deleted.
//!
//! - A setting of a topic that was written, when whoever wrote it died before the notification (two writes in
//!   `AdminZkClient.changeTopicConfig`): brokers go on with the old one. It is changed once more.
//!
//! Elections and ISRs that the controller itself shrinks read the znode again and are safe.
//!
//! And a watch that has fired is set again only when the controller's thread comes to it. Who hears that `/controller` was
//! created, and looks when it is gone again, resigns and waits for the next creation (`ControllerChangeHandler`,
//! `KafkaController.processControllerChange`, `maybeResign`). When it is so with all brokers, nobody stands for election
//! until one of them is started again.

use crate::heal::Core;
use crate::script::Act;
use kraftscope_core::id::{NodeId, TopicPartition};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::process::{Broker, Process};
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::zk_controller::context::PartitionStatus;
use kraftscope_core::znode::Path;

/// What frees the first thing that is stuck in this core; nothing where the metadata are not in ZooKeeper.
pub(crate) fn free(sim: &Sim, core: &Core) -> Option<Act> {
    let image = sim.world().ensemble()?.image();
    let process = |id: NodeId| sim.world().process(id).and_then(Process::broker);
    let healed = || sim.world().genesis.broker_ids().filter(|id| core.has(*id));
    let waiting = healed().find(|id| process(*id).is_some_and(|broker| waits_in_vain(broker, *id, image)));
    if let Some(leader) = waiting {
        return Some(Act::Do(Action::Crash(leader, Loss::Nothing)));
    }
    if has_no_controller(sim) && healed().all(|id| process(id).is_some_and(awaits_another)) {
        return healed().next().map(|id| Act::Do(Action::Crash(id, Loss::Nothing)));
    }
    let missed = healed().find_map(|id| missed_setting(sim, id));
    if missed.is_some() {
        return missed;
    }
    let controller =
        healed().find(|id| process(*id).is_some_and(|broker| meets_its_own_state(broker, image)));
    controller.map(|_| Act::Controller(Command::Resign))
}

/// Whether this broker leads a partition whose znode is newer than what it knows, and nothing is on its way that would
/// tell it: the controller tells another leader epoch only.
fn waits_in_vain(broker: &Broker, me: NodeId, image: &Image) -> bool {
    let asked = |id: TopicPartition| {
        broker.replicas.alter_partition().proposals().any(|proposal| proposal.partition == id)
    };
    broker.replicas.partitions().iter().any(|(&id, partition)| {
        let overtaken = image.partitions.get(&id).is_some_and(|found| {
            found.leader == Some(me)
                && found.leader_epoch == partition.leader_epoch
                && found.partition_epoch > partition.partition_epoch
        });
        partition.is_leader() && overtaken && !asked(id)
    })
}

fn missed_setting(sim: &Sim, id: NodeId) -> Option<Act> {
    let tree = sim.world().ensemble()?.database().tree();
    let broker = sim.world().process(id).and_then(Process::broker)?;
    let (topic, key, value) = broker.zookeeper()?.missed_setting(tree, &broker.image)?;
    Some(Act::Do(Action::Call(id, Command::ConfigureTopic { topic, key, value })))
}

fn has_no_controller(sim: &Sim) -> bool {
    sim.world().ensemble().is_some_and(|ensemble| ensemble.database().tree().get(Path::Controller).is_none())
}

/// Whether this broker is at rest and waits until somebody else becomes the controller.
fn awaits_another(broker: &Broker) -> bool {
    broker.zookeeper().is_some_and(|plane| {
        plane.controller.is_idle()
            && !plane.controller.is_active()
            && plane.client.awaits_creation(Path::Controller)
    })
}

/// Whether this broker is a controller at rest that takes a partition for new whose state stands in ZooKeeper.
fn meets_its_own_state(broker: &Broker, image: &Image) -> bool {
    let Some(controller) = broker.zookeeper().map(|plane| &plane.controller) else { return false };
    let is_new = |id: &TopicPartition| {
        controller.context().partitions.get(id).is_some_and(|known| known.status == PartitionStatus::New)
    };
    let has_state =
        |id: &TopicPartition| image.partitions.get(id).is_some_and(|found| found.leader.is_some());
    controller.is_active()
        && controller.is_idle()
        && image.partitions.keys().any(|id| is_new(id) && has_state(id))
}
