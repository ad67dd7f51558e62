//! The watches that clients have set at one member. Each fires once, and only at this member.
//!
//! Source: `WatchManager`, `DataTree.setWatches`.
//!
//! Left out: persistent and recursive watches, and their removal by a client.

use super::tree::{Change, Tree};
use crate::id::NodeId;
use crate::wire::WatchKind;
use crate::znode::{EventType, Path, Zxid};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A watch that has fired: whose, where, what.
pub type Fired = (NodeId, Path, EventType);

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WatchManager {
    /// On the data of a znode, and on one that is not there yet.
    data: BTreeMap<Path, BTreeSet<NodeId>>,
    children: BTreeMap<Path, BTreeSet<NodeId>>,
}

impl WatchManager {
    /// `client` watches.
    pub fn add(&mut self, client: NodeId, path: Path, kind: WatchKind) {
        let watches = match kind {
            WatchKind::Data | WatchKind::Exists => &mut self.data,
            WatchKind::Children => &mut self.children,
        };
        watches.entry(path).or_default().insert(client);
    }

    /// All watches: who, where, and whether it is on the children.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, Path, bool)> + '_ {
        let data = self.data.iter().map(|watched| (watched, false));
        let children = self.children.iter().map(|watched| (watched, true));
        data.chain(children)
            .flat_map(|((path, who), is_children)| who.iter().map(move |id| (*id, *path, is_children)))
    }

    /// Who watches this znode, its data or its children.
    pub fn of(&self, path: Path) -> impl Iterator<Item = NodeId> + '_ {
        let watching = [&self.data, &self.children].into_iter().filter_map(move |watches| watches.get(&path));
        watching.flatten().copied()
    }

    /// The connection of `client` is gone, and its watches with it.
    pub fn remove(&mut self, client: NodeId) {
        for watches in [&mut self.data, &mut self.children] {
            watches.retain(|_, clients| {
                clients.remove(&client);
                !clients.is_empty()
            });
        }
    }

    /// Everybody's.
    pub fn clear(&mut self) {
        self.data.clear();
        self.children.clear();
    }

    /// Takes the watches that see this change.
    pub fn fire(&mut self, change: &Change, fired: &mut Vec<Fired>) {
        let path = change.path;
        let own = self.data.remove(&path).unwrap_or_default();
        fired.extend(own.iter().map(|client| (*client, path, change.event)));
        if change.event == EventType::NodeDataChanged {
            return;
        }
        if change.event == EventType::NodeDeleted {
            // Who watches both is told once.
            let also = self.children.remove(&path).unwrap_or_default();
            fired.extend(also.difference(&own).map(|client| (*client, path, change.event)));
        }
        if let Some(parent) = path.parent() {
            let of_parent = self.children.remove(&parent).unwrap_or_default();
            fired
                .extend(of_parent.into_iter().map(|client| (client, parent, EventType::NodeChildrenChanged)));
        }
    }

    /// A client that was elsewhere sets its watches again: those whose znode has changed since `seen` fire at once.
    pub fn set_again(
        &mut self,
        client: NodeId,
        watches: Vec<(Path, WatchKind)>,
        seen: Zxid,
        tree: &Tree,
        fired: &mut Vec<Fired>,
    ) {
        for (path, kind) in watches {
            let event = match (kind, tree.get(path)) {
                (WatchKind::Exists, Some(_)) => Some(EventType::NodeCreated),
                (WatchKind::Data | WatchKind::Children, None) => Some(EventType::NodeDeleted),
                (WatchKind::Data, Some(node)) if node.stat.mzxid > seen => Some(EventType::NodeDataChanged),
                (WatchKind::Children, Some(node)) if node.stat.pzxid > seen => {
                    Some(EventType::NodeChildrenChanged)
                }
                (WatchKind::Exists, None) | (WatchKind::Data | WatchKind::Children, Some(_)) => None,
            };
            match event {
                Some(event) => fired.push((client, path, event)),
                None => self.add(client, path, kind),
            }
        }
    }
}
