//! Z5 and Z6.

use crate::lab::Lab;
use kraftscope_core::id::NodeId;
use kraftscope_core::mode::Mode;
use kraftscope_core::process::Process;
use kraftscope_core::record::Entry;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::wire::{Proposal, Txn};
use kraftscope_core::znode::{SessionId, Zxid};
use kraftscope_core::zookeeper::{Database, ZooKeeperServer};

const MEMBER: NodeId = NodeId::zookeeper(1);

fn lab() -> Lab {
    Lab::of(Genesis::default().in_mode(Mode::ZooKeeper))
}

fn member(lab: &mut Lab, id: NodeId) -> &mut ZooKeeperServer {
    match lab.process(id) {
        Process::ZooKeeper(member) => member,
        other => panic!("no member: {other:?}"),
    }
}

/// Makes up a transaction that this member takes for committed.
fn apply(lab: &mut Lab, id: NodeId, proposal: Option<Proposal>) -> Vec<&'static str> {
    let server = member(lab, id);
    let entry = Entry { epoch: server.disk.epoch, body: Txn { proposal, asked: None } };
    server.disk.log.append(entry);
    let next = Zxid(server.zxid().0 + 1);
    server.database_mut().apply(next, None, &mut Vec::new());
    lab.look(id, vec![])
}

/// Source: `DataTree.killSession`: nothing but the end of a session, or a deletion, takes an ephemeral znode away.
#[test]
fn z5_ephemeral_znodes_that_go_while_their_sessions_live() {
    let mut lab = lab();
    assert!(apply(&mut lab, MEMBER, None).is_empty());
    let server = member(&mut lab, MEMBER);
    let mut without = Database::default();
    for (session, is) in server.database().sessions() {
        let opened = Proposal::CreateSession { client: is.client, timeout: is.timeout };
        without.apply(Zxid(session.0), Some(&opened), &mut Vec::new());
    }
    without.apply(server.zxid(), None, &mut Vec::new());
    *server.database_mut() = without;
    assert_eq!(apply(&mut lab, MEMBER, None), ["Z5"]);
}

/// Source: ZAB, total order.
#[test]
fn z6_members_that_apply_different_transactions() {
    let mut lab = lab();
    assert!(apply(&mut lab, MEMBER, None).is_empty());
    let moved = Some(Proposal::SessionMoved(SessionId(1)));
    assert_eq!(apply(&mut lab, NodeId::zookeeper(2), moved), ["Z6"]);
}

/// Source: ZAB, one leader per epoch.
#[test]
fn z6_two_leaders_of_one_epoch() {
    let mut lab = lab();
    let leads = |lab: &mut Lab, id| member(lab, id).is_leader();
    let ids = [1, 2, 3].map(NodeId::zookeeper);
    let leader = ids.into_iter().find(|&id| leads(&mut lab, id)).expect("one leads");
    let other = ids.into_iter().find(|&id| id != leader).expect("another");
    *member(&mut lab, other) = member(&mut lab, leader).clone();
    assert_eq!(lab.look(other, vec![]), ["Z6"]);
}
