//! What a transaction does to the tree.

use kraftscope_core::id::{NodeId, Text, TopicId, TopicPartition};
use kraftscope_core::znode::{
    CreateMode, Data, EventType, Op, Path, SessionId, Stat, TopicAssignment, ZooKeeperError, Zxid,
};
use kraftscope_core::zookeeper::tree::{Change, Tree, Written};
use std::sync::Arc;

const TOPIC: Path = Path::Topic(TopicId(0));
const STATE: Path = Path::PartitionState(TopicPartition { topic: TopicId(0), partition: 3 });
const ISR_CHANGE: Path = Path::IsrChange(0);
const S1: SessionId = SessionId(11);
const S2: SessionId = SessionId(12);

fn broker(n: u8) -> Path {
    Path::Broker(NodeId::broker(n))
}

fn create(path: Path) -> Op {
    Op::Create(path, Data::Epoch(1), CreateMode::Persistent)
}

fn ephemeral(path: Path) -> Op {
    Op::Create(path, Data::Empty, CreateMode::Ephemeral)
}

fn sequential() -> Op {
    Op::Create(ISR_CHANGE, Data::Empty, CreateMode::PersistentSequential)
}

fn topic() -> Op {
    let assignment = TopicAssignment { name: Text::default(), partitions: Vec::new() };
    Op::Create(TOPIC, Data::Topic(Arc::new(assignment)), CreateMode::Persistent)
}

fn set(path: Path, epoch: u32, version: Option<u32>) -> Op {
    Op::SetData(path, Data::Epoch(epoch), version)
}

fn delete(path: Path, version: Option<u32>) -> Op {
    Op::Delete(path, version)
}

/// A tree, and what its transactions changed.
#[derive(Default)]
struct Desk {
    tree: Tree,
    changes: Vec<Change>,
}

impl Desk {
    /// A tree in which transaction 1, 2, .. of session 1 did one of these each.
    fn with(ops: &[Op]) -> Desk {
        let mut desk = Desk::default();
        for (zxid, op) in (1..).zip(ops) {
            desk.write(zxid, S1, std::slice::from_ref(op)).unwrap();
        }
        desk.changes.clear();
        desk
    }

    fn write(&mut self, zxid: u64, session: SessionId, ops: &[Op]) -> Written {
        self.tree.write(Zxid(zxid), session, ops, &mut self.changes)
    }

    /// Why a transaction with one operation is refused.
    fn refusal(&mut self, op: Op) -> ZooKeeperError {
        self.write(9, S1, &[op]).unwrap_err().1
    }

    fn stat(&self, path: Path) -> Stat {
        self.tree.get(path).unwrap().stat
    }

    fn created(&mut self, zxid: u64, op: Op) -> Path {
        self.write(zxid, S1, &[op]).unwrap()[0].0
    }

    fn children(&self, path: Path) -> Vec<Path> {
        self.tree.children(path).map(|(path, _)| path).collect()
    }

    fn events(&self) -> Vec<(Path, EventType)> {
        self.changes.iter().map(|change| (change.path, change.event)).collect()
    }
}

/// Source: `DataTree.createNode`, `StatPersisted`.
#[test]
fn a_new_znode_has_version_0_and_the_transaction_that_created_it() {
    let mut desk = Desk::default();
    desk.write(7, S1, &[ephemeral(broker(1))]).unwrap();
    let expected =
        Stat { czxid: Zxid(7), mzxid: Zxid(7), pzxid: Zxid(7), ephemeral_owner: S1, ..Stat::default() };
    assert_eq!(desk.stat(broker(1)), expected);
}

/// Source: `PrepRequestProcessor.pRequest2TxnCreate`: NODEEXISTS, and NONODE without a parent.
#[test]
fn a_znode_is_created_once_and_only_below_its_parent() {
    let mut desk = Desk::with(&[create(Path::ControllerEpoch)]);
    assert_eq!(desk.refusal(create(Path::ControllerEpoch)), ZooKeeperError::NodeExists);
    assert_eq!(desk.refusal(create(STATE)), ZooKeeperError::NoNode);
    desk.write(10, S1, &[topic(), create(STATE)]).unwrap();
    assert_eq!(desk.children(TOPIC), [STATE]);
}

/// Source: `DataTree.setData`, `StatPersisted`: version and mzxid change, czxid does not.
#[test]
fn new_data_is_one_more_version_and_does_not_change_who_created_it() {
    let mut desk = Desk::with(&[create(Path::ControllerEpoch)]);
    desk.write(5, S2, &[set(Path::ControllerEpoch, 2, Some(0))]).unwrap();
    desk.write(6, S2, &[set(Path::ControllerEpoch, 3, None)]).unwrap();
    let Stat { czxid, mzxid, version, .. } = desk.stat(Path::ControllerEpoch);
    assert_eq!((czxid, mzxid, version), (Zxid(1), Zxid(6), 2));
    assert_eq!(desk.tree.get(Path::ControllerEpoch).unwrap().data, Data::Epoch(3));
}

/// Source: `PrepRequestProcessor.checkAndIncVersion`: BADVERSION; -1 fits every version.
#[test]
fn a_write_that_names_another_version_is_refused() {
    let mut desk = Desk::with(&[create(Path::ControllerEpoch), set(Path::ControllerEpoch, 2, None)]);
    assert_eq!(desk.refusal(set(Path::ControllerEpoch, 3, Some(0))), ZooKeeperError::BadVersion);
    assert_eq!(desk.refusal(set(Path::ControllerEpoch, 3, Some(2))), ZooKeeperError::BadVersion);
    assert_eq!(desk.refusal(delete(Path::ControllerEpoch, Some(0))), ZooKeeperError::BadVersion);
    assert_eq!(desk.refusal(Op::Check(Path::ControllerEpoch, 0)), ZooKeeperError::BadVersion);
    assert!(desk.write(9, S1, &[Op::Check(Path::ControllerEpoch, 1)]).is_ok());
    assert!(desk.write(9, S1, &[delete(Path::ControllerEpoch, None)]).is_ok());
}

/// Source: `PrepRequestProcessor.getRecordForPath`.
#[test]
fn what_is_not_there_is_neither_changed_nor_deleted_nor_checked() {
    let mut desk = Desk::default();
    assert_eq!(desk.refusal(set(Path::Controller, 1, None)), ZooKeeperError::NoNode);
    assert_eq!(desk.refusal(delete(Path::Controller, None)), ZooKeeperError::NoNode);
    assert_eq!(desk.refusal(Op::Check(Path::Controller, 0)), ZooKeeperError::NoNode);
}

/// Source: `PrepRequestProcessor.pRequest2Txn`, delete: the version is looked at before the children.
#[test]
fn a_znode_with_children_stays() {
    let mut desk = Desk::with(&[topic(), create(STATE)]);
    assert_eq!(desk.refusal(delete(TOPIC, None)), ZooKeeperError::NotEmpty);
    assert_eq!(desk.refusal(delete(TOPIC, Some(4))), ZooKeeperError::BadVersion);
    desk.write(9, S1, &[delete(STATE, None), delete(TOPIC, None)]).unwrap();
    assert_eq!(desk.tree.get(TOPIC), None);
}

/// Source: `KeeperException.NoChildrenForEphemeralsException`: Kafka's ephemeral znodes are leaves.
#[test]
fn no_path_lies_below_an_ephemeral_one() {
    let mut desk = Desk::with(&[ephemeral(Path::Controller), ephemeral(broker(1))]);
    assert!(desk.children(Path::Controller).is_empty());
    assert!(desk.children(broker(1)).is_empty());
    desk.tree.end_session(Zxid(9), S1, &mut desk.changes);
    assert_eq!((desk.tree.get(Path::Controller), desk.tree.get(broker(1))), (None, None));
}

/// Source: `PrepRequestProcessor.pRequest2TxnCreate`: the number is the parent's count of creates.
#[test]
fn a_sequential_number_is_never_given_twice() {
    let mut desk = Desk::default();
    assert_eq!(desk.created(1, sequential()), Path::IsrChange(0));
    assert_eq!(desk.created(2, sequential()), Path::IsrChange(1));
    desk.write(3, S1, &[delete(Path::IsrChange(0), None), delete(Path::IsrChange(1), None)]).unwrap();
    assert_eq!(desk.created(4, sequential()), Path::IsrChange(2));
}

/// Source: `PrepRequestProcessor.rollbackPendingChanges`.
#[test]
fn a_transaction_that_fails_uses_up_no_sequential_number() {
    let mut desk = Desk::default();
    let failing = [sequential(), Op::Check(Path::Controller, 0)];
    assert_eq!(desk.write(1, S1, &failing), Err((1, ZooKeeperError::NoNode)));
    assert_eq!(desk.created(2, sequential()), Path::IsrChange(0));
}

/// Source: `DataNode.copyStat`: what a client sees counts creates and deletes; `DataTree.deleteNode` sets pzxid.
#[test]
fn a_parent_counts_the_changes_of_its_children() {
    let mut desk = Desk::with(&[ephemeral(broker(1)), ephemeral(broker(2)), delete(broker(1), None)]);
    let Stat { cversion, pzxid, version, mzxid, .. } = desk.stat(Path::BrokerIds);
    assert_eq!((cversion, pzxid), (3, Zxid(3)));
    assert_eq!((version, mzxid), (0, Zxid(0)));
    desk.write(9, S1, &[set(broker(2), 1, None)]).unwrap();
    assert_eq!(desk.stat(Path::BrokerIds).pzxid, Zxid(3));
}

/// Source: `PrepRequestProcessor.pRequest`, multi; `OpResult.ErrorResult`: KAFKA-6082 relies on it.
#[test]
fn a_multi_of_which_one_fails_leaves_everything_as_it_was() {
    let mut desk = Desk::with(&[create(Path::ControllerEpoch), ephemeral(broker(2)), topic()]);
    let before = desk.tree.clone();
    let ops = [
        ephemeral(Path::Controller),
        set(Path::ControllerEpoch, 2, Some(0)),
        delete(broker(2), None),
        create(STATE),
        sequential(),
        set(Path::ControllerEpoch, 3, Some(0)),
        ephemeral(broker(3)),
    ];
    assert_eq!(desk.write(9, S2, &ops), Err((5, ZooKeeperError::BadVersion)));
    assert_eq!(desk.tree, before);
    assert!(desk.changes.is_empty());
}

/// Source: `PrepRequestProcessor`: an operation sees the change records of those before it (`outstandingChanges`).
#[test]
fn an_operation_of_a_multi_sees_those_before_it() {
    let mut desk = Desk::with(&[ephemeral(broker(1))]);
    let ops = [
        create(Path::ControllerEpoch),
        set(Path::ControllerEpoch, 2, Some(0)),
        Op::Check(Path::ControllerEpoch, 1),
        delete(broker(1), Some(0)),
        ephemeral(broker(1)),
    ];
    let done = desk.write(9, S2, &ops).unwrap();
    assert_eq!((done[1].1.version, done[4].1.czxid), (1, Zxid(9)));
    assert_eq!(desk.stat(broker(1)).ephemeral_owner, S2);
    use EventType::{NodeCreated, NodeDataChanged, NodeDeleted};
    let (epoch, one) = (Path::ControllerEpoch, broker(1));
    let expected = [(epoch, NodeCreated), (epoch, NodeDataChanged), (one, NodeDeleted), (one, NodeCreated)];
    assert_eq!(desk.events(), expected);
}

/// Source: `DataTree.killSession`.
#[test]
fn the_ephemeral_znodes_of_a_session_go_with_it_and_no_others() {
    let mut desk =
        Desk::with(&[ephemeral(broker(1)), create(Path::ControllerEpoch), ephemeral(Path::Controller)]);
    desk.write(4, S2, &[ephemeral(broker(2))]).unwrap();
    desk.changes.clear();
    desk.tree.end_session(Zxid(5), S1, &mut desk.changes);
    let gone = [(Path::Controller, EventType::NodeDeleted), (broker(1), EventType::NodeDeleted)];
    assert_eq!(desk.events(), gone);
    assert_eq!(desk.children(Path::BrokerIds), [broker(2)]);
    assert_eq!(desk.tree.ephemerals().collect::<Vec<_>>(), [(S2, broker(2))]);
    assert_eq!(desk.stat(Path::BrokerIds).pzxid, Zxid(5));
}

/// Source: `DataTree.deleteNode` takes the path out of `ephemerals`; KIP-380: the epoch of a broker is a czxid.
#[test]
fn an_ephemeral_znode_that_was_deleted_and_made_anew_belongs_to_its_new_session() {
    let mut desk = Desk::with(&[ephemeral(broker(1)), delete(broker(1), None)]);
    desk.write(3, S2, &[ephemeral(broker(1))]).unwrap();
    desk.tree.end_session(Zxid(4), S1, &mut desk.changes);
    assert_eq!((desk.stat(broker(1)).czxid, desk.stat(broker(1)).ephemeral_owner), (Zxid(3), S2));
}
