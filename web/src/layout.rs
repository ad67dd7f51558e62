//! Where everything stands: the stage as numbers.
//!
//! A picture has three bands. The control plane is on top, the matrix of brokers (columns) and partitions (rows)
//! below it, the clients at the bottom. Between the bands, the rows and the columns lie gaps that belong to the
//! messages: no text ever stands in a gap, so a flight crosses none.
//! Pure: a [`Layout`] is a function of the cluster's [`Shape`] and of the [`Viewport`], and knows neither the
//! browser nor what the cluster does right now. Positions are kept for life: a broker that dies stays where it is.
//! Units are CSS pixels from the upper left corner of the stage's content.

mod geometry;
mod grid;
mod hit;
mod metrics;
mod route;
mod text;
mod tree;
mod window;

pub use geometry::{Point, Rect};
pub use metrics::{Density, Metrics};
pub use route::{Ending, Route};
pub use text::{fit, fit_mono, fit_partition, width_of};
pub use window::LogWindow;

use kraftscope_core::group::coordinator::OFFSETS_TOPIC;
use kraftscope_core::group::partition_for;
use kraftscope_core::id::{NodeId, Text, TopicPartition};
use kraftscope_core::view::{ClusterView, ConsumerView, PartitionView};

/// The room that there is, and how it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Width that can be seen.
    pub width: f64,
    /// Height that can be seen; a taller stage scrolls.
    pub height: f64,
    /// On a projector: larger type.
    pub presenting: bool,
}

/// What the places depend on: who there is, not what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Servers of the control plane, from left to right: controllers, or members of the ZooKeeper ensemble.
    pub controllers: Vec<NodeId>,
    /// ZooKeeper's tree stands above them.
    pub has_tree: bool,
    /// Brokers: the columns.
    pub brokers: Vec<NodeId>,
    /// Partitions: the rows.
    pub partitions: Vec<TopicPartition>,
    /// Producers, then consumers without a group, then those of each group.
    pub clients: Vec<NodeId>,
    /// The groups in that order, and how many consumers each has; they come last in `clients`.
    pub groups: Vec<(Text, usize)>,
}

impl Shape {
    /// The shape of this cluster.
    pub fn of(view: &ClusterView) -> Shape {
        let producers = view.producers.iter().map(|producer| producer.id);
        let mut groups: Vec<(Text, usize)> = Vec::new();
        for name in view.consumers.iter().filter_map(|consumer| consumer.group) {
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => groups.push((name, 1)),
            }
        }
        let place = |consumer: &&ConsumerView| {
            consumer.group.map(|group| groups.iter().position(|(known, _)| *known == group))
        };
        let mut consumers: Vec<&ConsumerView> = view.consumers.iter().collect();
        consumers.sort_by_key(place);
        Shape {
            controllers: view
                .controllers
                .iter()
                .map(|controller| controller.id)
                .chain(view.zookeepers.iter().map(|member| member.id))
                .collect(),
            has_tree: !view.zookeepers.is_empty(),
            brokers: view.brokers.iter().map(|broker| broker.id).collect(),
            partitions: shown_partitions(view, &groups),
            clients: producers.chain(consumers.iter().map(|consumer| consumer.id)).collect(),
            groups,
        }
    }
}

/// All partitions, but of `__consumer_offsets` only those that keep a group: the others stay empty for ever.
fn shown_partitions(view: &ClusterView, groups: &[(Text, usize)]) -> Vec<TopicPartition> {
    let is_internal = |partition: &&PartitionView| partition.topic.as_str() == OFFSETS_TOPIC;
    let count = view.partitions.iter().filter(is_internal).count() as u16;
    let keeps = |partition: &&PartitionView| {
        let number = partition.partition.partition;
        !is_internal(partition) || groups.iter().any(|(group, _)| partition_for(*group, count) == number)
    };
    view.partitions.iter().filter(keeps).map(|partition| partition.partition).collect()
}

/// One server of the control plane: a ring with its name, words and a log beside or below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControllerBox {
    /// Who.
    pub id: NodeId,
    /// All of it.
    pub area: Rect,
    /// Middle of the timer's ring.
    pub ring: Point,
    /// Radius of the ring.
    pub radius: f64,
    /// Where words start, and the room they have; to the right of the ring, or below it.
    pub words: Rect,
    /// Words stand below the ring, around its middle.
    pub tall: bool,
    /// The strip of the metadata log; empty when there is no room.
    pub log: Strip,
}

/// The part of ZooKeeper's tree that Kafka's control plane lives in: a row of boxes, one for each branch.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeBox {
    /// All of it.
    pub area: Rect,
    /// `/controller` and `/controller_epoch`.
    pub controller: Rect,
    /// `/brokers/ids`.
    pub ids: Rect,
    /// Middle of the ring of each broker's session, in `ids`.
    pub sessions: Vec<(NodeId, Point)>,
    /// Radius of these rings.
    pub radius: f64,
    /// What tells the controller to look: `/isr_change_notification` and `/admin`.
    pub notices: Rect,
}

/// One broker: a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrokerBox {
    /// Who.
    pub id: NodeId,
    /// The whole column.
    pub column: Rect,
    /// Its head with name, state and session.
    pub head: Rect,
    /// The bar of its session, within the head.
    pub session: Rect,
    /// Room for the session's time in words, at the right end of the head; 0 when there is none.
    pub session_words: f64,
}

/// One partition: a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowBox {
    /// Which.
    pub partition: TopicPartition,
    /// Name and numbers.
    pub label: Rect,
    /// Top of its cells.
    pub y: f64,
    /// Height of its cells.
    pub height: f64,
}

/// One client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientBox {
    /// Who.
    pub id: NodeId,
    /// All of it.
    pub area: Rect,
}

/// One consumer group: the ground under its members, and a line of words below them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupBox {
    /// Its name.
    pub group: Text,
    /// All of it, its members included.
    pub area: Rect,
    /// The line of words.
    pub title: Rect,
}

/// A row of equal places for the entries of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strip {
    /// Left edge of the first place.
    pub x: f64,
    /// Top of the cells.
    pub y: f64,
    /// From one place to the next.
    pub pitch: f64,
    /// Width of a cell: the pitch without the gap.
    pub cell: f64,
    /// Height of a cell.
    pub height: f64,
    /// How many places.
    pub slots: u32,
}

impl Strip {
    /// Left edge of place `slot`.
    pub fn left(&self, slot: u32) -> f64 {
        self.x + self.pitch * f64::from(slot)
    }

    /// The boundary before place `slot`: the middle of the gap.
    pub fn boundary(&self, slot: u32) -> f64 {
        self.left(slot) - (self.pitch - self.cell) / 2.0
    }

    /// The cell at place `slot`.
    pub fn rect(&self, slot: u32) -> Rect {
        Rect { x: self.left(slot), y: self.y, w: self.cell, h: self.height }
    }
}

/// The stage as numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Width of the content; more than the viewport's only where columns would be too narrow.
    pub width: f64,
    /// Height of the content; the stage scrolls when it is more than the viewport's.
    pub height: f64,
    /// Type sizes and distances.
    pub metrics: Metrics,
    /// How much a row tells.
    pub density: Density,
    /// Row labels stand above their rows instead of beside them.
    pub narrow: bool,
    /// The controllers.
    pub controllers: Vec<ControllerBox>,
    /// ZooKeeper's tree, with ZooKeeper.
    pub tree: Option<TreeBox>,
    /// The brokers.
    pub brokers: Vec<BrokerBox>,
    /// The partitions.
    pub rows: Vec<RowBox>,
    /// The clients.
    pub clients: Vec<ClientBox>,
    /// The consumer groups.
    pub groups: Vec<GroupBox>,
    /// Where the names of the three bands stand.
    pub bands: [Rect; 3],
    /// Distance between two columns.
    pub column_gap: f64,
    /// Distance between two rows, and between the heads and the first row.
    pub row_gap: f64,
}

impl Layout {
    /// Places everything.
    pub fn of(shape: &Shape, viewport: Viewport) -> Layout {
        grid::place(shape, viewport)
    }

    /// The controller's place.
    pub fn controller(&self, id: NodeId) -> Option<&ControllerBox> {
        self.controllers.iter().find(|controller| controller.id == id)
    }

    /// The broker's place.
    pub fn broker(&self, id: NodeId) -> Option<&BrokerBox> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// The partition's row.
    pub fn row(&self, partition: TopicPartition) -> Option<&RowBox> {
        self.rows.iter().find(|row| row.partition == partition)
    }

    /// The client's place.
    pub fn client(&self, id: NodeId) -> Option<&ClientBox> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The cell of this partition on this broker.
    pub fn card(&self, partition: TopicPartition, broker: NodeId) -> Option<Rect> {
        let row = self.row(partition)?;
        let column = self.broker(broker)?.column;
        Some(grid::card(column, row))
    }

    /// The box of the sign of a replica's role: before the words where there are any, else before the log.
    pub fn role_sign(&self, card: Rect, log: &Strip) -> Rect {
        let (m, size) = (&self.metrics, self.metrics.body + 1.0);
        if self.density.has_words() {
            return Rect::new(card.x + m.pad, card.y + 4.0 + m.body * 0.08, size, size);
        }
        Rect::new(card.x + 4.0, log.y + (log.height - size) / 2.0, size, size)
    }

    /// The log within a cell, and which offsets it shows.
    pub fn log(&self, card: Rect, partition: &PartitionView) -> (Strip, LogWindow) {
        let longest = partition.copies.iter().map(|copy| copy.log.end).max().unwrap_or_default();
        let strip = grid::strip(card, self.density, &self.metrics, longest);
        (strip, LogWindow::of_partition(partition, strip.slots))
    }
}

#[cfg(test)]
mod tests;
