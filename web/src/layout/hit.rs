//! What lies under a point: the way from a pointer to a [`Selection`], without asking the browser.

use super::{Layout, LogWindow, Point, Rect};
use crate::select::Selection;
use kraftscope_core::id::NodeId;
use kraftscope_core::view::ClusterView;
use kraftscope_core::znode::Path;

impl Layout {
    /// The smallest thing under `at`; messages and timers are the scene's to know.
    pub fn hit(&self, at: Point, view: &ClusterView) -> Option<Selection> {
        self.hit_client(at)
            .or_else(|| self.hit_controller(at, view))
            .or_else(|| self.hit_tree(at, view))
            .or_else(|| self.hit_group(at))
            .or_else(|| self.hit_matrix(at, view))
            .or_else(|| self.hit_gap(at))
    }

    /// The area that belongs to a selection, if it stands on the stage: for menus, focus and spotlights.
    pub fn area(&self, selection: Selection) -> Option<Rect> {
        match selection {
            Selection::Node(node) | Selection::Timer(node, _) => self
                .broker(node)
                .map(|broker| broker.head)
                .or_else(|| self.controller(node).map(|controller| controller.area))
                .or_else(|| self.client(node).map(|client| client.area)),
            Selection::Partition(partition) => self.row(partition).map(|row| row.label),
            Selection::Replica { partition, broker } | Selection::Record { partition, broker, .. } => {
                self.card(partition, broker)
            }
            Selection::MetadataRecord { controller, .. } => self.controller(controller).map(|c| c.area),
            Selection::Link { from, to } => self.gap(from, to),
            Selection::Group(name) => {
                self.groups.iter().find(|group| group.group == name).map(|group| group.area)
            }
            Selection::Flight(_) => None,
            Selection::Znode(path) => self.tree.as_ref().map(|tree| tree.place_of(path)),
        }
    }

    /// Between two neighbouring columns, as high as their heads.
    pub fn gap(&self, a: NodeId, b: NodeId) -> Option<Rect> {
        let (a, b) = (self.broker(a)?.head, self.broker(b)?.head);
        let (left, right) = if a.x < b.x { (a, b) } else { (b, a) };
        Some(Rect::new(left.right(), left.y, right.x - left.right(), left.h))
    }

    fn hit_client(&self, at: Point) -> Option<Selection> {
        self.clients.iter().find(|client| client.area.contains(at)).map(|client| Selection::Node(client.id))
    }

    fn hit_group(&self, at: Point) -> Option<Selection> {
        self.groups.iter().find(|group| group.area.contains(at)).map(|group| Selection::Group(group.group))
    }

    fn hit_controller(&self, at: Point, view: &ClusterView) -> Option<Selection> {
        let place = self.controllers.iter().find(|controller| controller.area.grow(4.0).contains(at))?;
        let log = view.log_of(place.id)?;
        let window = LogWindow::of_servers(view, place.log.slots);
        let slot = (0..place.log.slots).find(|&slot| place.log.rect(slot).grow(1.0).contains(at));
        let offset = slot.map(|slot| window.start.plus(u64::from(slot)));
        Some(match offset.filter(|offset| log.cells.iter().any(|cell| cell.offset == *offset)) {
            Some(offset) => Selection::MetadataRecord { controller: place.id, offset },
            None => Selection::Node(place.id),
        })
    }

    fn hit_tree(&self, at: Point, view: &ClusterView) -> Option<Selection> {
        let (tree, kept) = (self.tree.as_ref()?, view.ensemble.as_ref()?);
        let path = if tree.controller.contains(at) {
            let first = at.y < tree.controller.middle().y + 2.0;
            if first { Path::Controller } else { Path::ControllerEpoch }
        } else if tree.ids.contains(at) {
            let near = tree.sessions.iter().find(|(_, ring)| at.distance(*ring) <= tree.radius + 4.0);
            near.map_or(Path::BrokerIds, |(broker, _)| Path::Broker(*broker))
        } else if tree.notices.contains(at) {
            Path::IsrChanges
        } else {
            return None;
        };
        let parent = path.parent().unwrap_or(path);
        kept.znode(path).or_else(|| kept.znode(parent)).map(|znode| Selection::Znode(znode.path))
    }

    fn hit_matrix(&self, at: Point, view: &ClusterView) -> Option<Selection> {
        if let Some(row) = self.rows.iter().find(|row| row.label.contains(at)) {
            return Some(Selection::Partition(row.partition));
        }
        let broker = self.brokers.iter().find(|broker| broker.column.contains(at))?;
        if broker.head.contains(at) {
            return Some(Selection::Node(broker.id));
        }
        let row = self.rows.iter().find(|row| (row.y..=row.y + row.height).contains(&at.y))?;
        let partition = view.partitions.iter().find(|partition| partition.partition == row.partition)?;
        let copy = partition.copies.iter().find(|copy| copy.broker == broker.id)?;
        let (strip, window) = self.log(super::grid::card(broker.column, row), partition);
        let slot = (0..strip.slots).find(|&slot| strip.rect(slot).grow(1.0).contains(at));
        let offset = slot.map(|slot| window.start.plus(u64::from(slot)));
        let (partition, broker) = (row.partition, broker.id);
        Some(match offset.filter(|offset| copy.log.cells.iter().any(|cell| cell.offset == *offset)) {
            Some(offset) => Selection::Record { partition, broker, offset },
            None => Selection::Replica { partition, broker },
        })
    }

    fn hit_gap(&self, at: Point) -> Option<Selection> {
        self.brokers.windows(2).find_map(|pair| {
            let (from, to) = (pair[0].id, pair[1].id);
            self.gap(from, to)?.contains(at).then_some(Selection::Link { from, to })
        })
    }
}
