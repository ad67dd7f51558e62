//! Watches at one member.

use kraftscope_core::id::NodeId;
use kraftscope_core::wire::WatchKind;
use kraftscope_core::znode::{CreateMode, Data, EventType, Op, Path, SessionId, Zxid};
use kraftscope_core::zookeeper::tree::{Change, Tree};
use kraftscope_core::zookeeper::watches::{Fired, WatchManager};

const B1: NodeId = NodeId::broker(1);
const B2: NodeId = NodeId::broker(2);
const BROKER: Path = Path::Broker(NodeId::broker(7));
const CREATED: EventType = EventType::NodeCreated;
const CHANGED: EventType = EventType::NodeDataChanged;
const DELETED: EventType = EventType::NodeDeleted;
const CHILDREN: EventType = EventType::NodeChildrenChanged;

fn watching(watches: &[(NodeId, Path, WatchKind)]) -> WatchManager {
    let mut manager = WatchManager::default();
    for &(client, path, kind) in watches {
        manager.add(client, path, kind);
    }
    manager
}

fn fire(manager: &mut WatchManager, path: Path, event: EventType) -> Vec<Fired> {
    let mut fired = Vec::new();
    manager.fire(&Change { path, event, version: 0, owner: SessionId(0) }, &mut fired);
    fired
}

/// Source: `WatchManager.triggerWatch`.
#[test]
fn a_watch_fires_once() {
    let mut manager = watching(&[(B1, BROKER, WatchKind::Data)]);
    assert_eq!(fire(&mut manager, BROKER, CHANGED), [(B1, BROKER, CHANGED)]);
    assert!(fire(&mut manager, BROKER, CHANGED).is_empty());
}

/// Source: `WatchManager.addWatch`: the same watch twice is one.
#[test]
fn a_watch_that_is_set_twice_fires_once() {
    let mut manager = watching(&[(B1, BROKER, WatchKind::Data), (B1, BROKER, WatchKind::Exists)]);
    assert_eq!(fire(&mut manager, BROKER, CHANGED), [(B1, BROKER, CHANGED)]);
}

/// Source: `DataTree.createNode`, `setData`, `deleteNode`.
#[test]
fn a_watch_on_data_sees_creation_change_and_deletion() {
    for event in [CREATED, CHANGED, DELETED] {
        let mut manager = watching(&[(B1, BROKER, WatchKind::Exists)]);
        assert_eq!(fire(&mut manager, BROKER, event), [(B1, BROKER, event)]);
    }
}

/// Source: `DataTree.createNode`, `deleteNode`: the parent's children have changed; `setData` does not touch them.
#[test]
fn a_watch_on_children_sees_which_ones_there_are_not_what_they_hold() {
    let parent = Path::BrokerIds;
    for event in [CREATED, DELETED] {
        let mut manager = watching(&[(B1, parent, WatchKind::Children)]);
        assert_eq!(fire(&mut manager, BROKER, event), [(B1, parent, CHILDREN)]);
    }
    let mut manager = watching(&[(B1, parent, WatchKind::Children)]);
    assert!(fire(&mut manager, BROKER, CHANGED).is_empty());
}

/// Source: `DataTree.deleteNode`: `childWatches.triggerWatch` leaves out who was told by `dataWatches`.
#[test]
fn who_watches_data_and_children_is_told_of_a_deletion_once() {
    let topics = Path::Topics;
    let mut manager = watching(&[
        (B1, topics, WatchKind::Data),
        (B1, topics, WatchKind::Children),
        (B2, topics, WatchKind::Children),
    ]);
    assert_eq!(fire(&mut manager, topics, DELETED), [(B1, topics, DELETED), (B2, topics, DELETED)]);
}

/// Source: `DataTree.createNode`: the znode's own watches come first, then those on the parent.
#[test]
fn the_znode_comes_before_its_parent() {
    let mut manager =
        watching(&[(B1, Path::BrokerIds, WatchKind::Children), (B2, BROKER, WatchKind::Exists)]);
    let expected = [(B2, BROKER, CREATED), (B1, Path::BrokerIds, CHILDREN)];
    assert_eq!(fire(&mut manager, BROKER, CREATED), expected);
}

/// Source: `WatchManager.removeWatcher`: watches belong to a connection.
#[test]
fn watches_go_with_the_connection() {
    let mut manager = watching(&[
        (B1, BROKER, WatchKind::Data),
        (B2, BROKER, WatchKind::Data),
        (B1, Path::BrokerIds, WatchKind::Children),
    ]);
    manager.remove(B1);
    assert_eq!(manager.iter().collect::<Vec<_>>(), [(B2, BROKER, false)]);
}

/// A tree in which transaction 5 created a broker's znode, and transaction 6 changed it.
fn tree() -> Tree {
    let mut tree = Tree::default();
    let create = Op::Create(BROKER, Data::Empty, CreateMode::Ephemeral);
    tree.write(Zxid(5), SessionId(1), &[create], &mut Vec::new()).unwrap();
    tree.write(Zxid(6), SessionId(1), &[Op::SetData(BROKER, Data::Empty, None)], &mut Vec::new()).unwrap();
    tree
}

/// What one watch that is set again brings at once, and whether it stays.
fn set_again(path: Path, kind: WatchKind, seen: u64) -> (Option<EventType>, bool) {
    let (mut manager, mut fired) = (WatchManager::default(), Vec::new());
    manager.set_again(B1, vec![(path, kind)], Zxid(seen), &tree(), &mut fired);
    (fired.pop().map(|(_, _, event)| event), manager.iter().next().is_some())
}

/// Source: `DataTree.setWatches`, `dataWatches`: mzxid above the last transaction that the client saw.
#[test]
fn a_data_watch_that_is_set_again_tells_what_was_missed() {
    assert_eq!(set_again(BROKER, WatchKind::Data, 5), (Some(CHANGED), false));
    assert_eq!(set_again(BROKER, WatchKind::Data, 6), (None, true));
    assert_eq!(set_again(Path::Controller, WatchKind::Data, 6), (Some(DELETED), false));
}

/// Source: `DataTree.setWatches`, `existWatches`: that it is there is news, whenever it came.
#[test]
fn a_watch_for_a_znode_to_come_tells_that_it_has_come() {
    assert_eq!(set_again(BROKER, WatchKind::Exists, 6), (Some(CREATED), false));
    assert_eq!(set_again(Path::Controller, WatchKind::Exists, 6), (None, true));
}

/// Source: `DataTree.setWatches`, `childWatches`: pzxid above the last transaction that the client saw.
#[test]
fn a_child_watch_that_is_set_again_tells_of_children_that_came() {
    assert_eq!(set_again(Path::BrokerIds, WatchKind::Children, 4), (Some(CHILDREN), false));
    assert_eq!(set_again(Path::BrokerIds, WatchKind::Children, 5), (None, true));
    assert_eq!(set_again(Path::Controller, WatchKind::Children, 5), (Some(DELETED), false));
}
