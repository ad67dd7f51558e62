//! A member of the ensemble: it follows or leads, applies what is committed, and serves clients while there is a leader.
//!
//! Reads are answered from its own database, writes go to the leader and come back through the log. A member without a
//! leader serves nobody: it closes its clients' connections, and they look for another one.
//! Keeps: what a member answers is committed; its clients see the writes in one order, and a watch's event before the
//! answer that shows the change.
//! Source: `QuorumPeer`, `Leader`, `Learner`, `LearnerHandler`, `FinalRequestProcessor`.
//!
//! Left out: ZAB itself. The members agree on one log by push-based Raft, which promises the same: one leader per
//! epoch, one order, nothing committed is lost. Of ZAB's phases, discovery and synchronisation (DIFF, TRUNC, SNAP) are
//! Raft's log matching, UPTODATE is the commit of the leader's first entry. ZooKeeper's leader acknowledges in any order
//! and commits by messages of their own; here the next AppendEntries says it. No snapshots: a member that starts reads
//! its whole log. No observers, no reconfiguration, no local sessions, no quotas.

use super::ZooKeeperDisk;
use super::connection::Connection;
use super::database::Database;
use super::sessions::{SessionTracker, TICK};
use super::stream::Stream;
use super::watches::WatchManager;
use super::work::Work;
use crate::client::alarms::Alarms;
use crate::config::Settings;
use crate::id::{CallId, Correlation, LeaderEpoch, NodeId, NodeKind, NodeList, Offset};
use crate::node::{Command, Input, Out, Outcome, Timer};
use crate::note::Note;
use crate::raft::{RaftEvent, RaftGroup, RaftOptions, RaftOut};
use crate::time::{Span, Time};
use crate::wire::{Envelope, ErrorCode, Message, Proposal, Txn, ZooKeeperMessage};
use crate::znode::{SessionId, Zxid};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `syncLimit` of 5 ticks: how long a leader and its followers may not hear from each other.
const SYNC_LIMIT: Span = Span(TICK.0 * 5);
/// How often a leader pings its followers, and they tell which sessions live.
pub(super) const PING: Span = Span(TICK.0 / 2);
/// `FastLeaderElection.finalizeWait` and what members differ by.
const ELECTION: (Span, Span) = (Span::millis(200), Span::millis(400));
/// Most transactions in one message.
const MOST_TXNS: u32 = 1000;

/// What a member is in the ensemble.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Office {
    /// It knows no leader whose first entry it has applied.
    Looking,
    /// It follows.
    Following { epoch: LeaderEpoch, leader: NodeId, link: Stream, touched: BTreeSet<SessionId> },
    /// It leads.
    Leading { epoch: LeaderEpoch, tracker: SessionTracker, links: BTreeMap<NodeId, Stream> },
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ZooKeeperServer {
    /// Who it is.
    pub me: NodeId,
    /// All members.
    pub members: NodeList,
    pub(super) settings: Arc<Settings>,
    /// What survives a crash.
    pub disk: ZooKeeperDisk,
    pub(super) raft: RaftGroup,
    pub(super) database: Database,
    /// The next entry to apply.
    pub(super) applied: Offset,
    pub(super) office: Office,
    pub(super) watches: WatchManager,
    pub(super) clients: BTreeMap<NodeId, Connection>,
    /// Whose write or session a number of this member is.
    pub(super) awaiting: BTreeMap<u64, NodeId>,
    pub(super) next_number: u64,
    /// What the leader is to be asked.
    pub(super) outbox: Vec<(u64, Proposal)>,
    pub(super) work: VecDeque<Work>,
    /// When the first of `work` is done.
    pub(super) busy: Option<Time>,
    pub(super) alarms: Alarms,
}

impl ZooKeeperServer {
    /// A member's next life.
    pub fn new(
        me: NodeId,
        members: NodeList,
        settings: Arc<Settings>,
        disk: ZooKeeperDisk,
    ) -> ZooKeeperServer {
        let options = RaftOptions {
            election: ELECTION,
            silence: Some(SYNC_LIMIT),
            heartbeat: PING,
            max_entries: MOST_TXNS,
            pre_vote: true,
            check_quorum: true,
            ..RaftOptions::default()
        };
        ZooKeeperServer {
            me,
            members,
            settings,
            disk,
            raft: RaftGroup::new(me, members, options),
            database: Database::default(),
            applied: Offset(0),
            office: Office::Looking,
            watches: WatchManager::default(),
            clients: BTreeMap::new(),
            awaiting: BTreeMap::new(),
            next_number: 0,
            outbox: Vec::new(),
            work: VecDeque::new(),
            busy: None,
            alarms: Alarms::default(),
        }
    }

    /// Handles one input.
    pub fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        match input {
            Input::Boot => {
                // Numbers of an earlier life may still be on their way to be committed.
                self.next_number = now.0;
                self.with_raft(now, out, |raft, disk, out| raft.boot(disk, now, out));
            }
            Input::Deliver(envelope) => self.on_message(now, envelope, out),
            Input::Disconnected(node) => self.on_disconnected(now, node, out),
            Input::Fire(timer) => self.on_timer(now, timer, out),
            Input::Call(call, command) => self.on_command(call, command, out),
        }
        self.settle(now, out);
    }

    fn on_message(&mut self, now: Time, envelope: Envelope, out: &mut Out) {
        let Envelope { from, correlation, message, .. } = envelope;
        let Message::ZooKeeper(message) = message else { return };
        if from.kind() != NodeKind::ZooKeeper {
            return self.on_client_message(now, from, correlation, *message, out);
        }
        match *message {
            ZooKeeperMessage::Peer(message) => {
                self.with_raft(now, out, |raft, disk, out| raft.on_message(disk, now, from, message, out));
            }
            message => self.on_link(now, from, correlation, message, out),
        }
    }

    fn on_disconnected(&mut self, now: Time, node: NodeId, out: &mut Out) {
        if node.kind() != NodeKind::ZooKeeper {
            return self.forget_client(node);
        }
        if self.raft.leader() == Some(node) {
            self.with_raft(now, out, |raft, _, out| raft.lose_leader(now, out));
        }
        self.raft.lose_follower(node);
        if let Office::Leading { links, .. } = &mut self.office {
            links.remove(&node);
        }
    }

    fn on_timer(&mut self, now: Time, timer: Timer, out: &mut Out) {
        self.alarms.fired(timer);
        match timer {
            Timer::ZooKeeperElection => {
                self.with_raft(now, out, |raft, disk, out| raft.on_deadline(disk, now, out));
            }
            Timer::ZooKeeperTick => self.expire_sessions(now),
            Timer::ZooKeeperLearnerPing => self.touch_leader(out),
            Timer::ZooKeeperWork => self.finish_work(now, out),
            _ => {}
        }
    }

    fn on_command(&mut self, call: CallId, command: Command, out: &mut Out) {
        let outcome = match command {
            Command::ExpireSession(client) if self.is_serving() => self.expire_client(client),
            _ => Outcome::Refused(ErrorCode::InvalidRequest),
        };
        out.reply(call, outcome);
    }

    /// F19: the sessions of this client are over although it lives.
    fn expire_client(&mut self, client: NodeId) -> Outcome {
        let of_client =
            |(session, is): (&SessionId, &super::Session)| (is.client == client).then_some(*session);
        let sessions: Vec<SessionId> = self.database.sessions().iter().filter_map(of_client).collect();
        if sessions.is_empty() {
            return Outcome::Refused(ErrorCode::InvalidRequest);
        }
        for session in sessions {
            self.propose(None, Proposal::CloseSession { session, expired: true });
        }
        Outcome::Done
    }

    fn expire_sessions(&mut self, now: Time) {
        let Office::Leading { tracker, .. } = &mut self.office else { return };
        for session in tracker.take_expired(now) {
            self.propose(None, Proposal::CloseSession { session, expired: true });
        }
    }

    /// Lets the group act, sends what it wants to send and tells what happened to it.
    pub(super) fn with_raft(
        &mut self,
        now: Time,
        out: &mut Out,
        act: impl FnOnce(&mut RaftGroup, &mut ZooKeeperDisk, &mut RaftOut<Txn>),
    ) {
        let mut raft_out = RaftOut::new(out.dice);
        act(&mut self.raft, &mut self.disk, &mut raft_out);
        let committed = |event: &RaftEvent| matches!(event, RaftEvent::Committed { .. });
        if self.raft.is_leader() && raft_out.happened.iter().any(committed) {
            // COMMIT: the followers shall know at once.
            self.raft.begin_round(&self.disk, now, &mut raft_out);
        }
        out.dice = raft_out.dice;
        for (to, message) in raft_out.send {
            let message = Message::ZooKeeper(Box::new(ZooKeeperMessage::Peer(message)));
            out.send(to, Correlation(0), message);
        }
        for event in raft_out.happened {
            match event {
                RaftEvent::BecameLeader { epoch, votes, .. } => {
                    out.note(Note::EnsembleLeaderElected { epoch, members: votes });
                }
                RaftEvent::Resigned { epoch } => out.note(Note::EnsembleMajorityLost { epoch }),
                RaftEvent::ElectionStarted { .. }
                | RaftEvent::Voted { .. }
                | RaftEvent::VoteRefused { .. }
                | RaftEvent::BecameFollower { .. }
                | RaftEvent::Replicated { .. }
                | RaftEvent::Truncated { .. }
                | RaftEvent::Committed { .. } => {}
            }
        }
    }

    /// What follows from every input: apply what is committed, take or leave office, work, ask, arm.
    fn settle(&mut self, now: Time, out: &mut Out) {
        self.apply_committed(now, out);
        self.take_office(now, out);
        self.start_work(now, out);
        self.set_alarms(now, out);
    }

    /// The leader whom it may serve under: one whose first entry it has applied.
    fn current_leader(&self) -> Option<NodeId> {
        let last = self.applied.0.checked_sub(1).and_then(|last| self.disk.log.get(Offset(last)));
        self.raft.leader().filter(|_| last.is_some_and(|entry| entry.epoch == self.disk.epoch))
    }

    fn take_office(&mut self, now: Time, out: &mut Out) {
        let (epoch, leader) = (self.disk.epoch, self.current_leader());
        let unchanged = match &self.office {
            Office::Looking => leader.is_none(),
            Office::Following { epoch: of, leader: under, .. } => leader == Some(*under) && *of == epoch,
            Office::Leading { epoch: of, .. } => leader == Some(self.me) && *of == epoch,
        };
        if unchanged {
            return;
        }
        if let Office::Following { epoch, .. } | Office::Leading { epoch, .. } = self.office {
            out.note(Note::EnsembleLeaderLost { epoch });
            self.drop_clients(out);
        }
        self.office = match leader {
            None => Office::Looking,
            Some(leader) if leader == self.me => {
                let mut tracker = SessionTracker::default();
                for (session, is) in self.database.sessions() {
                    tracker.add(now, *session, is.timeout, None);
                }
                Office::Leading { epoch, tracker, links: BTreeMap::new() }
            }
            Some(leader) => Office::Following {
                epoch,
                leader,
                link: Stream::new(now.as_millis() as u32),
                touched: BTreeSet::new(),
            },
        };
    }

    fn set_alarms(&mut self, now: Time, out: &mut Out) {
        let deadline = self.raft.deadline();
        self.alarms.set(Timer::ZooKeeperElection, Some(deadline), now, out);
        let tick = match &self.office {
            Office::Leading { tracker, .. } => tracker.next(),
            Office::Looking | Office::Following { .. } => None,
        };
        self.alarms.set(Timer::ZooKeeperTick, tick, now, out);
        let ping = match self.office {
            Office::Following { .. } => self.alarms.due(Timer::ZooKeeperLearnerPing).or(Some(now + PING)),
            Office::Looking | Office::Leading { .. } => None,
        };
        self.alarms.set(Timer::ZooKeeperLearnerPing, ping, now, out);
        self.alarms.set(Timer::ZooKeeperWork, self.busy, now, out);
    }

    /// Whether it takes clients.
    pub const fn is_serving(&self) -> bool {
        !matches!(self.office, Office::Looking)
    }

    /// Whether it leads the ensemble.
    pub const fn is_leader(&self) -> bool {
        matches!(self.office, Office::Leading { .. })
    }

    /// Its share in the agreement on the log.
    pub const fn raft(&self) -> &RaftGroup {
        &self.raft
    }

    /// Tree and sessions, as of the last transaction that it has applied.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The same, to be changed: only tests that make up a bad state do that from outside.
    pub const fn database_mut(&mut self) -> &mut Database {
        &mut self.database
    }

    /// The tree, as of the last transaction that it has applied.
    pub fn tree(&self) -> &super::Tree {
        self.database.tree()
    }

    /// The last transaction that it has applied.
    pub const fn zxid(&self) -> Zxid {
        self.database.zxid()
    }

    /// The watches that its clients have.
    pub const fn watches(&self) -> &WatchManager {
        &self.watches
    }

    /// What the leader knows of the sessions.
    pub const fn tracker(&self) -> Option<&SessionTracker> {
        match &self.office {
            Office::Leading { tracker, .. } => Some(tracker),
            Office::Looking | Office::Following { .. } => None,
        }
    }

    /// Its clients with their sessions; 0 while a session is being opened.
    pub fn clients(&self) -> impl Iterator<Item = (NodeId, SessionId)> + '_ {
        self.clients.iter().map(|(client, connection)| (*client, connection.session))
    }
}
