//! The same wish for a cluster in another mode.
//!
//! What is asked of the controller goes to whoever is the controller there. A server that the other cluster does not
//! have cannot be crashed in it, and what only one control plane knows has no meaning under the other. A message in
//! flight is known by its number, which names another message in another run.

use super::action::Action;
use super::world::World;
use crate::id::{NodeId, NodeKind};
use crate::mode::MetadataPlane;
use crate::node::Command;
use crate::view::Health;

/// What `action`, taken from a run in another mode, is in this world; `None` when it has no meaning there.
pub fn adapt(action: Action, world: &World) -> Option<Action> {
    let means_something = match action {
        Action::Deliver(_) | Action::Drop(_) | Action::Duplicate(_) | Action::Delay(..) => false,
        Action::Call(node, command) => return call(node, command, world),
        _ => action.nodes().into_iter().all(|node| world.slot(node).is_some()),
    };
    means_something.then_some(action)
}

fn call(node: NodeId, command: Command, world: &World) -> Option<Action> {
    let at = match command {
        Command::CreateTopic { .. }
        | Command::ConfigureTopic { .. }
        | Command::ElectLeader { .. }
        | Command::Reassign { .. } => administrator(world)?,
        Command::FenceBroker(_)
        | Command::UnregisterBroker(_)
        | Command::FailController
        | Command::Resign
        | Command::Snapshot { .. }
        | Command::Append(_)
        | Command::AddVoter(_)
        | Command::RemoveVoter(_)
            if world.genesis.mode.metadata() == MetadataPlane::ZooKeeper =>
        {
            return None;
        }
        _ => node,
    };
    world.slot(at).is_some().then_some(Action::Call(at, command))
}

/// Who carries out what an administrator asks for: the controller, or while there is none the first server that could
/// be it.
pub fn administrator(world: &World) -> Option<NodeId> {
    let kind = match world.genesis.mode.metadata() {
        MetadataPlane::ZooKeeper => NodeKind::Broker,
        MetadataPlane::KRaft => NodeKind::Controller,
    };
    let first = || world.of_kind(kind).find(|slot| slot.health == Health::Up).map(|slot| slot.id);
    world.active_controller().or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PacketId, TopicPartition};
    use crate::mode::Mode;
    use crate::node::Loss;
    use crate::sim::genesis::Genesis;
    use alloc::sync::Arc;

    fn world(mode: Mode) -> World {
        World::new(Arc::new(Genesis::default().in_mode(mode)))
    }

    #[test]
    fn a_server_that_the_other_cluster_does_not_have_cannot_be_crashed_in_it() {
        let crash = |node| Action::Crash(node, Loss::Nothing);
        let (zookeeper, kraft) = (world(Mode::ZooKeeper), world(Mode::KRaft));
        assert_eq!(adapt(crash(NodeId::controller(1)), &zookeeper), None);
        assert_eq!(adapt(crash(NodeId::zookeeper(1)), &kraft), None);
        let broker = crash(NodeId::broker(1));
        assert_eq!([adapt(broker, &zookeeper), adapt(broker, &kraft)], [Some(broker); 2]);
    }

    /// Source: an administrator's request goes to the controller, or in the time of ZooKeeper to its tree through any
    /// broker.
    #[test]
    fn what_is_asked_of_the_controller_goes_to_whoever_may_be_it() {
        let mut world = world(Mode::ZooKeeper);
        world.slots[1].health = Health::Up;
        let command = Command::ElectLeader { partition: TopicPartition::default(), unclean: true };
        let asked = adapt(Action::Call(NodeId::controller(1), command), &world);
        assert_eq!(asked, Some(Action::Call(NodeId::broker(2), command)));
    }

    #[test]
    fn a_message_of_one_run_is_none_of_the_other() {
        assert_eq!(adapt(Action::Drop(PacketId(7)), &world(Mode::KafkaRaft)), None);
    }
}
