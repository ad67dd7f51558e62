//! What a person points at, and what the stage and the inspector ask of the page.
//!
//! Pure values; knows nothing of pixels except the place where a menu opens.

use kraftscope_core::id::{NodeId, Offset, PacketId, StepId, Text, TopicPartition};
use kraftscope_core::node::Timer;
use kraftscope_core::sim::action::Action;
use kraftscope_core::znode::Path;

/// One thing of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A process: controller, broker, producer, consumer.
    Node(NodeId),
    /// A partition: the whole row.
    Partition(TopicPartition),
    /// One replica: a cell of the matrix.
    Replica {
        /// Of which partition.
        partition: TopicPartition,
        /// On which broker.
        broker: NodeId,
    },
    /// One record of one replica.
    Record {
        /// In which partition.
        partition: TopicPartition,
        /// On which broker.
        broker: NodeId,
        /// At which offset.
        offset: Offset,
    },
    /// One record of a controller's metadata log.
    MetadataRecord {
        /// On which controller.
        controller: NodeId,
        /// At which offset.
        offset: Offset,
    },
    /// A consumer group.
    Group(Text),
    /// A znode of ZooKeeper's tree.
    Znode(Path),
    /// A message in flight.
    Flight(PacketId),
    /// An armed timer.
    Timer(NodeId, Timer),
    /// What lies between two nodes, both directions.
    Link {
        /// One end.
        from: NodeId,
        /// The other end.
        to: NodeId,
    },
}

impl Selection {
    /// The process that it belongs to, if it belongs to one.
    pub const fn node(self) -> Option<NodeId> {
        match self {
            Selection::Node(node) | Selection::Timer(node, _) => Some(node),
            Selection::Replica { broker, .. } | Selection::Record { broker, .. } => Some(broker),
            Selection::MetadataRecord { controller, .. } => Some(controller),
            Selection::Link { from, .. } => Some(from),
            Selection::Partition(_) | Selection::Group(_) | Selection::Flight(_) | Selection::Znode(_) => {
                None
            }
        }
    }

    /// The partition that it belongs to, if it belongs to one.
    pub const fn partition(self) -> Option<TopicPartition> {
        match self {
            Selection::Partition(partition)
            | Selection::Replica { partition, .. }
            | Selection::Record { partition, .. } => Some(partition),
            Selection::Node(_)
            | Selection::MetadataRecord { .. }
            | Selection::Group(_)
            | Selection::Flight(_)
            | Selection::Znode(_)
            | Selection::Timer(..)
            | Selection::Link { .. } => None,
        }
    }
}

/// A place in the window, in CSS pixels from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// What the stage and the inspector ask of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// Select this, or nothing.
    Select(Option<Selection>),
    /// Open the menu of what can be done to this.
    Menu(Selection, Spot),
    /// The pointer rests on this, or on nothing.
    Hover(Option<Selection>),
    /// Do this now.
    Act(Action),
    /// Go to this event.
    Seek(StepId),
}
