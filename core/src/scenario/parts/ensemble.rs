//! A bench for a controller of the ZooKeeper era: an ensemble of one without network, brokers that say yes, a clock.
//!
//! Requests are carried out when they are answered, so that a case can put something between them.

use super::clock::Clock;
use crate::config::Settings;
use crate::id::{CallId, Correlation, NodeId, NodeList, TopicId};
use crate::node::{Command, Effect, Out, Outcome, Timer};
use crate::scenario::plain;
use crate::scenario::words::Names;
use crate::time::{Span, Time};
use crate::wire::{ControlMessage, Envelope, ErrorCode, Message, Proposal, WatchKind, ZkReply, ZkRequest};
use crate::zk_controller::{KafkaController, ZooKeeper};
use crate::znode::{Op, Path, SessionId, ZooKeeperError, Zxid};
use crate::zookeeper::client::{Asker, ClientEvent};
use crate::zookeeper::database::{Database, Outcome as Applied};
use crate::zookeeper::tree::Tree;
use crate::zookeeper::watches::WatchManager;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

type Answer = Result<ZkReply, ZooKeeperError>;

/// The ensemble, as the client of one broker sees it.
#[derive(Debug)]
pub(super) struct Ensemble {
    database: Database,
    watches: WatchManager,
    client: NodeId,
    session: SessionId,
    asked: VecDeque<(u32, Vec<ZkRequest>)>,
    /// What the client will hear next.
    events: VecDeque<ClientEvent>,
}

impl ZooKeeper for Ensemble {
    fn ask(&mut self, _: Time, tag: u32, requests: Vec<ZkRequest>, _: &mut Out) {
        self.asked.push_back((tag, requests));
    }
}

impl Ensemble {
    fn new(client: NodeId) -> Ensemble {
        Ensemble {
            database: Database::default(),
            watches: WatchManager::default(),
            client,
            session: SessionId(0),
            asked: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    pub(super) fn tree(&self) -> &Tree {
        self.database.tree()
    }

    fn apply(&mut self, proposal: &Proposal) -> Applied {
        let mut changes = Vec::new();
        let zxid = Zxid(self.database.zxid().0 + 1);
        let applied = self.database.apply(zxid, Some(proposal), &mut changes);
        for change in changes {
            let mut fired = Vec::new();
            self.watches.fire(&change, &mut fired);
            let mine = fired.into_iter().filter(|(client, ..)| *client == self.client);
            self.events.extend(mine.map(|(_, path, event)| ClientEvent::Watch(path, event)));
        }
        applied
    }

    /// The session of a broker, opened if there is none.
    pub(super) fn session_of(&mut self, broker: NodeId) -> SessionId {
        let known = self.database.sessions().iter().find(|(_, session)| session.client == broker);
        if let Some((id, _)) = known {
            return *id;
        }
        let opened = self.apply(&Proposal::CreateSession { client: broker, timeout: Span::secs(18) });
        if let Applied::Opened(session) = opened { session } else { SessionId(0) }
    }

    /// A broker writes.
    pub(super) fn write(&mut self, broker: NodeId, ops: Vec<Op>) -> Result<(), String> {
        let session = self.session_of(broker);
        match self.apply(&Proposal::Write { session, ops }) {
            Applied::Written(Err((_, error))) => Err(alloc::format!("ZooKeeper refuses: {error:?}")),
            _ => Ok(()),
        }
    }

    /// A broker's session ends.
    pub(super) fn end_session(&mut self, broker: NodeId) {
        let session = self.session_of(broker);
        self.apply(&Proposal::CloseSession { session, expired: true });
    }

    /// Carries out what the controller has asked first, if anything.
    fn answer_next(&mut self) -> bool {
        let Some((tag, requests)) = self.asked.pop_front() else { return false };
        let answers = requests.into_iter().map(|request| self.answer(request)).collect();
        self.events.push_back(ClientEvent::Answer(Asker::Controller, tag, answers));
        true
    }

    fn answer(&mut self, request: ZkRequest) -> Answer {
        if !self.database.sessions().contains_key(&self.session) {
            return Err(ZooKeeperError::SessionExpired);
        }
        match request {
            ZkRequest::GetData(path, watch) => {
                let node = self.read(path)?;
                self.watch(path, WatchKind::Data, watch);
                Ok(ZkReply::Data(node.0, node.1))
            }
            ZkRequest::Exists(path, watch) => {
                self.watch(path, WatchKind::Exists, watch);
                self.read(path).map(|(_, stat)| ZkReply::Done(path, stat))
            }
            ZkRequest::GetChildren(path, watch) => {
                let (_, stat) = self.read(path)?;
                self.watch(path, WatchKind::Children, watch);
                Ok(ZkReply::Children(self.tree().children(path).map(|(path, _)| path).collect(), stat))
            }
            ZkRequest::Write(op) => match self.write_as_client(alloc::vec![op]) {
                Ok(mut done) => {
                    done.pop().map(|(path, stat)| ZkReply::Done(path, stat)).ok_or(ZooKeeperError::NoNode)
                }
                Err((_, error)) => Err(error),
            },
            ZkRequest::Multi(ops) => match self.write_as_client(ops) {
                Ok(done) => Ok(ZkReply::Multi(done)),
                Err((at, error)) => Ok(ZkReply::MultiRefused(at, error)),
            },
        }
    }

    fn write_as_client(&mut self, ops: Vec<Op>) -> crate::zookeeper::tree::Written {
        match self.apply(&Proposal::Write { session: self.session, ops }) {
            Applied::Written(written) => written,
            _ => Err((0, ZooKeeperError::SessionExpired)),
        }
    }

    fn read(&self, path: Path) -> Result<(crate::znode::Data, crate::znode::Stat), ZooKeeperError> {
        let node = self.tree().get(path).ok_or(ZooKeeperError::NoNode)?;
        Ok((node.data.clone(), node.stat))
    }

    fn watch(&mut self, path: Path, kind: WatchKind, watch: bool) {
        if watch {
            self.watches.add(self.client, path, kind);
        }
    }
}

/// The controller on its bench.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) me: NodeId,
    pub(super) controller: KafkaController,
    pub(super) zk: Ensemble,
    /// Brokers that do not answer.
    pub(super) silent: NodeList,
    /// ZooKeeper answers nothing.
    pub(super) held: bool,
    out: Out,
    /// Answers of brokers that are on their way.
    responses: VecDeque<Envelope>,
    calls: u64,
    told: Vec<String>,
}

impl Bench {
    pub(super) fn new(me: NodeId, settings: Settings) -> Bench {
        Bench {
            clock: Clock::new(Time(1_000_000)),
            me,
            controller: KafkaController::new(me, Arc::new(settings)),
            zk: Ensemble::new(me),
            silent: NodeList::EMPTY,
            held: false,
            out: Out::new(1),
            responses: VecDeque::new(),
            calls: 0,
            told: Vec::new(),
        }
    }

    /// What was said since the last time.
    pub(super) fn told(&mut self) -> String {
        core::mem::take(&mut self.told).join("\n")
    }

    /// The broker has a session, and has registered itself in it.
    pub(super) fn register(&mut self, names: &Names) {
        self.zk.session = self.zk.session_of(self.me);
        self.controller.on_registered(self.clock.now, &mut self.zk, &mut self.out);
        self.run(names);
    }

    /// The broker's own session is over, and it hears of it.
    pub(super) fn expire(&mut self, names: &Names) {
        self.zk.end_session(self.me);
        self.zk.watches.clear();
        self.zk.events.clear();
        self.zk.events.push_back(ClientEvent::Expired);
        while self.zk.answer_next() {}
        let held = core::mem::take(&mut self.held);
        while let Some(event) = self.zk.events.pop_front() {
            self.controller.on_event(self.clock.now, &event, &mut self.zk, &mut self.out);
            self.absorb(names);
        }
        self.held = held;
    }

    /// A broker's request arrives.
    pub(super) fn deliver(&mut self, from: NodeId, message: Message, names: &Names) {
        let envelope = Envelope { from, to: self.me, correlation: Correlation(1), message };
        self.controller.on_message(self.clock.now, &mut self.zk, envelope, &mut self.out);
        self.run(names);
    }

    /// A person asks.
    pub(super) fn call(&mut self, command: Command, names: &Names) {
        self.calls += 1;
        self.controller.on_command(self.clock.now, &mut self.zk, CallId(self.calls), command, &mut self.out);
        self.run(names);
    }

    /// The broker has read that a topic allows unclean elections.
    pub(super) fn unclean_enabled(&mut self, topic: TopicId, names: &Names) {
        self.controller.on_unclean_election_enabled(self.clock.now, &mut self.zk, topic, &mut self.out);
        self.run(names);
    }

    /// A connection breaks.
    pub(super) fn disconnect(&mut self, broker: NodeId, names: &Names) {
        self.controller.on_disconnected(broker, &mut self.out);
        self.run(names);
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, span: Span, names: &Names) -> Result<(), String> {
        let mut passing = self.clock.pass(span);
        while let Some(timer) = self.clock.next(&mut passing)? {
            self.fire(timer, names);
            self.run(names);
        }
        Ok(())
    }

    /// One batch of ZooKeeper's answers, though it is held.
    pub(super) fn step(&mut self, names: &Names) {
        if self.zk.events.is_empty() {
            self.zk.answer_next();
        }
        while let Some(event) = self.zk.events.pop_front() {
            self.controller.on_event(self.clock.now, &event, &mut self.zk, &mut self.out);
        }
        self.run(names);
    }

    /// Until nothing is left to do at this moment; the thread's own work takes no time here.
    pub(super) fn run(&mut self, names: &Names) {
        loop {
            self.absorb(names);
            if let Some(response) = self.responses.pop_front() {
                self.controller.on_message(self.clock.now, &mut self.zk, response, &mut self.out);
            } else if self.clock.is_armed(Timer::ControllerThread) {
                self.fire(Timer::ControllerThread, names);
            } else if self.held {
                return;
            } else if let Some(event) = self.zk.events.pop_front() {
                self.controller.on_event(self.clock.now, &event, &mut self.zk, &mut self.out);
            } else if !self.zk.answer_next() {
                return;
            }
        }
    }

    fn fire(&mut self, timer: Timer, names: &Names) {
        self.clock.disarm(timer);
        self.controller.on_timer(self.clock.now, &mut self.zk, timer, &mut self.out);
        self.absorb(names);
    }

    fn absorb(&mut self, names: &Names) {
        for effect in core::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, message } => self.sent(to, correlation, &message, names),
                Effect::Reply(_, Outcome::Done) => self.told.push(String::from("NONE")),
                Effect::Reply(_, Outcome::Refused(error)) => self.told.push(String::from(error.name())),
                Effect::Note(note) => self.told.push(plain::note(&note, names)),
                Effect::Arm(timer, range) => self.clock.arm(timer, *range.start()),
                Effect::Disarm(timer) => self.clock.disarm(timer),
                Effect::Exit { .. } => {}
            }
        }
    }

    fn sent(&mut self, to: NodeId, correlation: Correlation, message: &Message, names: &Names) {
        self.told.extend(super::zk_messages::show(to, message, names));
        let Message::Control(request) = message else { return };
        let response = match **request {
            ControlMessage::LeaderAndIsrRequest(_) => {
                ControlMessage::LeaderAndIsrResponse(ErrorCode::None, Vec::new())
            }
            ControlMessage::UpdateMetadataRequest(_) => {
                ControlMessage::UpdateMetadataResponse(ErrorCode::None)
            }
            ControlMessage::StopReplicaRequest(_) => {
                ControlMessage::StopReplicaResponse(ErrorCode::None, Vec::new())
            }
            _ => return,
        };
        if !self.silent.contains(to) {
            let message = Message::Control(Box::new(response));
            self.responses.push_back(Envelope { from: to, to: self.me, correlation, message });
        }
    }
}
