//! What the person's attention does to a thing: selected, dimmed, just changed.

use crate::scene::Changes;
use crate::select::Selection;
use kraftscope_core::id::{NodeId, Offset, StepId, Text, TopicPartition};
use kraftscope_core::view::ClusterView;
use kraftscope_core::znode::Path;
use std::collections::BTreeSet;
use yew::prelude::*;

/// Who takes part in the step of the moment: what the spotlight leaves bright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// A process.
    Node(NodeId),
    /// A partition: its whole row.
    Partition(TopicPartition),
}

/// Attention for one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// It is selected.
    pub(super) selected: bool,
    /// One of its records is selected.
    pub(super) record: Option<Offset>,
    /// The spotlight is elsewhere.
    pub(super) dim: bool,
    /// The event that changed it.
    pub(super) changed: Option<StepId>,
}

impl Mark {
    /// The classes of a thing with this mark.
    pub(super) fn classes(self, base: &'static str) -> Classes {
        classes!(base, self.selected.then_some("is-selected"), self.dim.then_some("is-dim"))
    }
}

/// Where the attention is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention<'a> {
    pub(super) selected: Option<Selection>,
    pub(super) focus: &'a BTreeSet<Actor>,
    pub(super) changes: &'a Changes,
}

impl Attention<'_> {
    fn dim(&self, lit: impl Fn(&Actor) -> bool) -> bool {
        !self.focus.is_empty() && !self.focus.iter().any(lit)
    }

    /// For a process.
    pub(super) fn node(&self, id: NodeId) -> Mark {
        let record = match self.selected {
            Some(Selection::MetadataRecord { controller, offset }) if controller == id => Some(offset),
            _ => None,
        };
        let selected =
            matches!(self.selected, Some(Selection::Node(node) | Selection::Timer(node, _)) if node == id);
        let changed = self.changes.nodes.contains(&id).then_some(self.changes.event);
        Mark { selected, record, dim: self.dim(|actor| *actor == Actor::Node(id)), changed }
    }

    /// For a consumer group; the spotlight is on it when it is on one of its members.
    pub(super) fn group(&self, name: Text, members: &[NodeId]) -> Mark {
        let changed = self.changes.groups.contains(&name).then_some(self.changes.event);
        let selected = self.selected == Some(Selection::Group(name));
        let dim = self.dim(|actor| matches!(actor, Actor::Node(lit) if members.contains(lit)));
        Mark { selected, record: None, dim, changed }
    }

    /// For the znodes that are selected or changed.
    pub(super) fn znodes(&self, view: &ClusterView) -> Vec<(Path, Mark)> {
        let dim = self
            .dim(|actor| matches!(actor, Actor::Node(lit) if view.zookeepers.iter().any(|z| z.id == *lit)));
        let selected = match self.selected {
            Some(Selection::Znode(path)) => Some(path),
            _ => None,
        };
        let changed = |path: &Path| self.changes.znodes.contains(path).then_some(self.changes.event);
        let lone = selected.filter(|path| !self.changes.znodes.contains(path));
        let all = [Path::Controller, Path::BrokerIds, Path::IsrChanges];
        let rest = all.into_iter().filter(|path| dim && Some(*path) != lone && changed(path).is_none());
        let marked = self.changes.znodes.iter().copied().chain(lone).chain(rest);
        marked
            .map(|path| {
                let mark =
                    Mark { selected: selected == Some(path), record: None, dim, changed: changed(&path) };
                (path, mark)
            })
            .collect()
    }

    /// For a partition's label.
    pub(super) fn partition(&self, id: TopicPartition) -> Mark {
        let changed = self.changes.partitions.contains(&id).then_some(self.changes.event);
        let selected = self.selected == Some(Selection::Partition(id));
        Mark { selected, record: None, dim: self.dim(|actor| *actor == Actor::Partition(id)), changed }
    }

    /// For a replica. It is lit when its partition is, and its broker too if the spotlight names any broker.
    pub(super) fn replica(&self, partition: TopicPartition, broker: NodeId) -> Mark {
        let record = match self.selected {
            Some(Selection::Record { partition: of, broker: on, offset })
                if of == partition && on == broker =>
            {
                Some(offset)
            }
            _ => None,
        };
        let selected = self.selected == Some(Selection::Replica { partition, broker });
        let rows = self.focus.iter().any(|actor| matches!(actor, Actor::Partition(_)));
        let dim = self.dim(|actor| match actor {
            Actor::Partition(lit) => *lit == partition,
            Actor::Node(lit) => !rows && *lit == broker,
        });
        let changed = self.changes.replicas.contains(&(partition, broker)).then_some(self.changes.event);
        Mark { selected, record, dim, changed }
    }
}
