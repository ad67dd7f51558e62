//! What a member works on, one thing after the other, and what that costs.
//!
//! A read costs `kraftscope.zookeeper.read.us` at the member that answers it, a transaction
//! `kraftscope.zookeeper.write.us` at the leader. Pings and the agreement on the log cost nothing.
//! Source: the chains of request processors of `LeaderZooKeeperServer` and `FollowerZooKeeperServer`, each of which is a
//! queue with one thread.

use super::connection::Item;
use super::server::{Office, ZooKeeperServer};
use crate::id::NodeId;
use crate::node::Out;
use crate::time::{Span, Time};
use crate::wire::{Proposal, Txn, ZooKeeperMessage};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A thing to work on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Work {
    /// Something that a client wants.
    Client {
        client: NodeId,
        /// Over this connection of it.
        connection: u32,
        item: Item,
        cost: Span,
    },
    /// Writes that came from this member, the leader itself among them, to be ordered.
    Order { member: NodeId, writes: Vec<(u64, Proposal)>, cost: Span },
}

impl Work {
    const fn cost(&self) -> Span {
        match self {
            Work::Client { cost, .. } | Work::Order { cost, .. } => *cost,
        }
    }
}

impl ZooKeeperServer {
    /// Has `proposal` ordered. The client, if there is one, is answered when it is applied here.
    pub(super) fn propose(&mut self, client: Option<NodeId>, proposal: Proposal) {
        let number = self.next_number;
        self.next_number += 1;
        if let Some(client) = client {
            self.awaiting.insert(number, client);
        }
        self.outbox.push((number, proposal));
    }

    /// Takes in writes to be ordered.
    pub(super) fn order(&mut self, member: NodeId, writes: Vec<(u64, Proposal)>) {
        let cost = self.settings.zookeeper_write * writes.len() as u64;
        self.work.push_back(Work::Order { member, writes, cost });
    }

    /// The first thing is done.
    pub(super) fn finish_work(&mut self, now: Time, out: &mut Out) {
        self.busy = None;
        self.carry_out_first(now, out);
    }

    /// Begins with what waits, unless something is being worked on. What costs nothing is done at once.
    pub(super) fn start_work(&mut self, now: Time, out: &mut Out) {
        loop {
            self.ask_leader(out);
            if self.busy.is_some() {
                return;
            }
            match self.work.front().map(Work::cost) {
                None => return,
                Some(Span::ZERO) => self.carry_out_first(now, out),
                Some(cost) => {
                    self.busy = Some(now + cost);
                    return;
                }
            }
        }
    }

    fn carry_out_first(&mut self, now: Time, out: &mut Out) {
        match self.work.pop_front() {
            Some(Work::Client { client, connection, item, .. }) => {
                if let Some(of) = self.clients.get_mut(&client).filter(|of| of.stream.number() == connection)
                {
                    of.items.push_back(item);
                    // Behind something that waits for a commit, it waits as well.
                    if of.items.len() == 1 {
                        self.advance(client, out);
                    }
                }
            }
            Some(Work::Order { member, writes, .. }) => {
                self.append(now, member, writes, out);
                self.apply_committed(now, out);
            }
            None => {}
        }
    }

    /// Gives what the leader is to order to the leader.
    fn ask_leader(&mut self, out: &mut Out) {
        if self.outbox.is_empty() {
            return;
        }
        let writes = core::mem::take(&mut self.outbox);
        match &mut self.office {
            Office::Leading { .. } => self.order(self.me, writes),
            Office::Following { leader, link, .. } => {
                link.send(*leader, ZooKeeperMessage::Forward(writes), out);
            }
            Office::Looking => {}
        }
    }

    fn append(&mut self, now: Time, member: NodeId, writes: Vec<(u64, Proposal)>, out: &mut Out) {
        let Office::Leading { tracker, .. } = &mut self.office else { return };
        let mut txn = |(number, proposal)| {
            let proposal = match proposal {
                Proposal::Write { session, .. } if !tracker.is_owned(session, member) => {
                    Proposal::SessionMoved(session)
                }
                proposal => proposal,
            };
            Txn { proposal: Some(proposal), asked: Some((member, number)) }
        };
        let txns: Vec<Txn> = writes.into_iter().map(&mut txn).collect();
        self.with_raft(now, out, |raft, disk, out| {
            raft.append(disk, now, txns, out);
        });
    }
}
