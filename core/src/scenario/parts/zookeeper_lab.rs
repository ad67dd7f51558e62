//! An ensemble and its clients on a network of their own: every message takes the same time, nothing is drawn but what
//! the nodes draw themselves.

use super::zookeeper_text::{show_answer, show_event};
use crate::config::Settings;
use crate::id::{CallId, NodeId, NodeKind, NodeList};
use crate::node::{Command, Effect, Input, Out, Outcome, Timer};
use crate::note::Note;
use crate::scenario::words;
use crate::time::{Span, Time};
use crate::wire::{Envelope, ZkRequest};
use crate::zookeeper::{Asker, ClientEvent, ZooKeeperClient, ZooKeeperDisk, ZooKeeperServer};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The most events that one command may take.
const MOST_EVENTS: u32 = 200_000;

#[derive(Debug)]
enum Process {
    Member(Box<ZooKeeperServer>),
    Client(Box<ZooKeeperClient>),
}

#[derive(Debug, Default)]
struct Node {
    process: Option<Process>,
    disk: ZooKeeperDisk,
    paused: bool,
    /// What came while it was paused.
    backlog: Vec<Happening>,
    timers: BTreeMap<Timer, Time>,
}

#[derive(Clone, Debug)]
enum Happening {
    Message(Envelope),
    Disconnected(NodeId, NodeId),
}

impl Happening {
    const fn link(&self) -> (NodeId, NodeId) {
        match self {
            Happening::Message(envelope) => (envelope.from, envelope.to),
            Happening::Disconnected(from, to) => (*from, *to),
        }
    }
}

#[derive(Debug)]
pub(super) struct Lab {
    pub(super) settings: Settings,
    members: NodeList,
    nodes: BTreeMap<NodeId, Node>,
    latency: Span,
    now: Time,
    began: Time,
    queue: BTreeMap<(Time, u64), Happening>,
    sent: u64,
    cuts: BTreeSet<(NodeId, NodeId)>,
    held: Vec<Happening>,
    out: Out,
    tag: u32,
    answered: Option<u32>,
    lines: Vec<String>,
}

impl Lab {
    pub(super) fn new(settings: Settings, members: u8, latency: Span, seed: u64) -> Lab {
        let mut lab = Lab {
            settings,
            members: (1..=members).map(NodeId::zookeeper).collect(),
            nodes: BTreeMap::new(),
            latency,
            now: Time(1_000_000),
            began: Time(1_000_000),
            queue: BTreeMap::new(),
            sent: 0,
            cuts: BTreeSet::new(),
            held: Vec::new(),
            out: Out::new(seed),
            tag: 0,
            answered: None,
            lines: Vec::new(),
        };
        let all = lab.members;
        all.iter().for_each(|id| lab.start(id));
        lab
    }

    /// What was told since the last call.
    pub(super) fn told(&mut self) -> String {
        self.began = self.now;
        core::mem::take(&mut self.lines).join("\n")
    }

    pub(super) fn tell(&mut self, line: &str) {
        let after = self.now.since(self.began);
        let when = if after == Span::ZERO { String::new() } else { format!("+{} ", words::show_span(after)) };
        self.lines.push(format!("{when}{line}"));
    }

    /// Starts a process that is not running: a member, or a broker as a client.
    pub(super) fn start(&mut self, id: NodeId) {
        let settings = Arc::new(self.settings);
        let node = self.nodes.entry(id).or_default();
        if node.process.is_some() {
            return;
        }
        let member = id.kind() == NodeKind::ZooKeeper;
        node.process = Some(if member {
            let disk = core::mem::take(&mut node.disk);
            Process::Member(Box::new(ZooKeeperServer::new(id, self.members, settings, disk)))
        } else {
            Process::Client(Box::new(ZooKeeperClient::new(self.members, settings)))
        });
        self.input(id, Input::Boot);
    }

    pub(super) fn crash(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        match node.process.take() {
            Some(Process::Member(member)) => node.disk = member.disk,
            Some(Process::Client(_)) => {}
            None => return,
        }
        (node.paused, node.backlog) = (false, Vec::new());
        node.timers.clear();
        let others: Vec<NodeId> = self.nodes.keys().copied().filter(|other| *other != id).collect();
        for other in others {
            self.send(Happening::Disconnected(id, other));
        }
    }

    pub(super) fn pause(&mut self, id: NodeId, paused: bool) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.paused = paused;
        for happening in core::mem::take(&mut node.backlog) {
            self.sent += 1;
            self.queue.insert((self.now, self.sent), happening);
        }
    }

    /// Cuts or heals both directions between two nodes.
    pub(super) fn cut(&mut self, a: NodeId, b: NodeId, cut: bool) {
        for link in [(a, b), (b, a)] {
            if cut {
                self.cuts.insert(link);
            } else {
                self.cuts.remove(&link);
            }
        }
        for happening in core::mem::take(&mut self.held) {
            if self.cuts.contains(&happening.link()) {
                self.held.push(happening);
            } else {
                self.send(happening);
            }
        }
    }

    pub(super) fn client(&self, id: NodeId) -> Option<&ZooKeeperClient> {
        match self.nodes.get(&id)?.process.as_ref()? {
            Process::Client(client) => Some(client),
            Process::Member(_) => None,
        }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (NodeId, Option<&ZooKeeperServer>)> + '_ {
        self.members.iter().map(|id| match self.nodes.get(&id).and_then(|node| node.process.as_ref()) {
            Some(Process::Member(member)) => (id, Some(&**member)),
            Some(Process::Client(_)) | None => (id, None),
        })
    }

    /// Asks, and waits for the answer for at most a minute unless told not to.
    pub(super) fn ask(&mut self, id: NodeId, requests: Vec<ZkRequest>, wait: bool) -> Result<(), String> {
        self.tag += 1;
        let (tag, now) = (self.tag, self.now);
        match self.nodes.get_mut(&id).and_then(|node| node.process.as_mut()) {
            Some(Process::Client(client)) => client.ask(now, Asker::Broker, tag, requests, &mut self.out),
            Some(Process::Member(_)) | None => return Err(format!("{id} is no client that runs")),
        }
        self.carry_out(id);
        let until = now + Span::secs(60);
        for _ in 0..if wait { MOST_EVENTS } else { 0 } {
            if self.answered == Some(tag) || !self.step(until) {
                break;
            }
        }
        if wait && self.answered != Some(tag) {
            self.tell(&format!("{id} has no answer"));
        }
        Ok(())
    }

    pub(super) fn close(&mut self, id: NodeId) -> Result<(), String> {
        let now = self.now;
        let events = match self.nodes.get_mut(&id).and_then(|node| node.process.as_mut()) {
            Some(Process::Client(client)) => client.close(now, &mut self.out),
            Some(Process::Member(_)) | None => return Err(format!("{id} is no client that runs")),
        };
        self.on_events(id, events);
        self.carry_out(id);
        Ok(())
    }

    pub(super) fn expire(&mut self, member: NodeId, client: NodeId) {
        self.input(member, Input::Call(CallId(1), Command::ExpireSession(client)));
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, by: Span) {
        let until = self.now + by;
        for _ in 0..MOST_EVENTS {
            if !self.step(until) {
                break;
            }
        }
        self.now = self.now.max(until);
    }

    /// The next thing until then. False when there is none.
    fn step(&mut self, until: Time) -> bool {
        let due_timer = |(id, node): (&NodeId, &Node)| {
            let first = node.timers.iter().map(|(timer, due)| (*due, *timer)).min()?;
            (!node.paused).then_some((first.0, *id, first.1))
        };
        let timer = self.nodes.iter().filter_map(due_timer).min();
        let packet = self.queue.first_key_value().map(|((due, _), _)| *due);
        let is_packet = packet.is_some_and(|due| timer.is_none_or(|(other, ..)| due <= other));
        let Some(due) = (if is_packet { packet } else { timer.map(|(due, ..)| due) }) else { return false };
        if due > until {
            return false;
        }
        self.now = self.now.max(due);
        if is_packet {
            if let Some((_, happening)) = self.queue.pop_first() {
                self.arrive(happening);
            }
        } else if let Some((_, id, timer)) = timer {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.timers.remove(&timer);
            }
            self.input(id, Input::Fire(timer));
        }
        true
    }

    fn arrive(&mut self, happening: Happening) {
        let (from, to) = happening.link();
        if self.cuts.contains(&(from, to)) {
            return self.held.push(happening);
        }
        let Some(node) = self.nodes.get_mut(&to) else { return };
        if node.paused {
            return node.backlog.push(happening);
        }
        match (&node.process, happening) {
            (None, Happening::Message(envelope)) if envelope.message.is_request() => {
                self.send(Happening::Disconnected(to, from));
            }
            (None, _) => {}
            (Some(_), Happening::Message(envelope)) => self.input(to, Input::Deliver(envelope)),
            (Some(_), Happening::Disconnected(from, _)) => self.input(to, Input::Disconnected(from)),
        }
    }

    fn send(&mut self, happening: Happening) {
        self.sent += 1;
        self.queue.insert((self.now + self.latency, self.sent), happening);
    }

    fn input(&mut self, id: NodeId, input: Input) {
        let now = self.now;
        let Some(process) = self.nodes.get_mut(&id).and_then(|node| node.process.as_mut()) else { return };
        let out = &mut self.out;
        let events = match process {
            Process::Member(member) => {
                member.on(now, input, out);
                Vec::new()
            }
            Process::Client(client) => match input {
                Input::Boot => {
                    client.boot(now, out);
                    Vec::new()
                }
                Input::Deliver(envelope) => client.on_message(now, envelope, out),
                Input::Disconnected(node) => client.on_disconnected(now, node, out),
                Input::Fire(timer) => client.on_timer(now, timer, out),
                Input::Call(..) => Vec::new(),
            },
        };
        self.on_events(id, events);
        self.carry_out(id);
    }

    fn on_events(&mut self, id: NodeId, events: Vec<ClientEvent>) {
        for event in events {
            if let ClientEvent::Answer(_, tag, answers) = &event {
                self.answered = Some(*tag);
                for answer in answers {
                    self.tell(&format!("{id} <- {}", show_answer(answer)));
                }
            } else {
                self.tell(&format!("{id} {}", show_event(&event)));
            }
        }
    }

    fn carry_out(&mut self, id: NodeId) {
        let now = self.now;
        for effect in core::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, message } => {
                    self.send(Happening::Message(Envelope { from: id, to, correlation, message }));
                }
                Effect::Arm(timer, range) => {
                    if let Some(node) = self.nodes.get_mut(&id) {
                        node.timers.insert(timer, now + *range.start());
                    }
                }
                Effect::Disarm(timer) => {
                    if let Some(node) = self.nodes.get_mut(&id) {
                        node.timers.remove(&timer);
                    }
                }
                Effect::Reply(_, Outcome::Refused(error)) => self.tell(&format!("refused: {}", error.name())),
                Effect::Note(note) => self.on_note(id, &note),
                Effect::Reply(_, Outcome::Done) | Effect::Exit { .. } => {}
            }
        }
    }

    fn on_note(&mut self, id: NodeId, note: &Note) {
        let line = match note {
            Note::EnsembleLeaderElected { epoch, .. } => format!("{id} leads epoch {epoch}"),
            Note::EnsembleMajorityLost { .. } => format!("{id} has lost its majority"),
            Note::EnsembleLeaderLost { .. } => format!("{id} has no leader"),
            Note::SessionExpired { client, session, .. } => format!("session {session} of {client} expires"),
            Note::SessionClosed { client, session } => format!("session {session} of {client} is closed"),
            Note::SessionMoved { client, session } => {
                format!("session {session} of {client} goes on at {id}")
            }
            Note::ClientDeclined { client, behind: true } => format!("{id} is behind {client}"),
            Note::MemberSilent { member } => format!("{id} hears nothing from {member}"),
            _ => return,
        };
        self.tell(&line);
    }
}
