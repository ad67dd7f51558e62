//! A whole quorum under a network that delays, reorders, loses and doubles, with crashes, cuts and restarts; the
//! promises K1-K10, L2 and L3 of the checker's table are looked at after every event.

use crate::driver::{key, keys};
use kraftscope_core::config::Settings;
use kraftscope_core::dice::Dice;
use kraftscope_core::id::{DirectoryId, LeaderEpoch, NodeId, Offset, ReplicaKey};
use kraftscope_core::kraft::{Quorum, QuorumDisk, Role};
use kraftscope_core::node::{Effect, Loss, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{MetadataRecord, TopicConfig};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::Envelope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happens to a packet that is sent, in parts of a million.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub lost: u32,
    pub doubled: u32,
    pub delayed: u32,
}

enum Event {
    Deliver(Envelope),
    Disconnected(NodeId, NodeId),
    Fire(NodeId, Timer),
}

pub struct Node {
    pub key: ReplicaKey,
    pub quorum: Option<Quorum>,
    pub disk: QuorumDisk,
    committed: Offset,
}

pub struct Sim {
    pub now: Time,
    pub nodes: Vec<Node>,
    pub weather: Weather,
    pub cut: BTreeSet<(NodeId, NodeId)>,
    pub dice: Dice,
    pub handled: u64,
    pub seen: BTreeMap<&'static str, u64>,
    /// Every replica makes a snapshot after so many committed records; never when zero.
    pub snapshot_every: u64,
    settings: Arc<Settings>,
    voters: VoterSet,
    queue: BTreeMap<(Time, u64), Event>,
    timers: BTreeMap<(NodeId, Timer), (Time, u64)>,
    serial: u64,
    value: u32,
    out: Out,
    leaders: BTreeMap<LeaderEpoch, NodeId>,
    votes: BTreeMap<(ReplicaKey, LeaderEpoch), ReplicaKey>,
    truth: Vec<(LeaderEpoch, MetadataRecord)>,
}

impl Sim {
    pub fn new(seed: u64, voters: u8, observers: u8, settings: Settings) -> Sim {
        let broker = |n| ReplicaKey { id: NodeId::broker(n), directory: DirectoryId(u32::from(n)) };
        let all = (1..=voters).map(key).chain((1..=observers).map(broker));
        let mut sim = Sim {
            now: Time(0),
            nodes: all
                .map(|key| Node { key, quorum: None, disk: QuorumDisk::default(), committed: Offset(0) })
                .collect(),
            weather: Weather::default(),
            cut: BTreeSet::new(),
            dice: Dice::new(seed),
            handled: 0,
            seen: BTreeMap::new(),
            snapshot_every: 0,
            settings: Arc::new(settings),
            voters: keys(voters),
            queue: BTreeMap::new(),
            timers: BTreeMap::new(),
            serial: 0,
            value: 0,
            out: Out::new(seed ^ 0xabc),
            leaders: BTreeMap::new(),
            votes: BTreeMap::new(),
            truth: Vec::new(),
        };
        for n in 0..sim.nodes.len() {
            sim.start(n);
        }
        sim
    }

    pub fn start(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        if node.quorum.is_some() {
            return;
        }
        let disk = std::mem::take(&mut node.disk);
        node.quorum = Some(Quorum::new(node.key, self.voters, self.settings.clone(), disk));
        node.committed = Offset(0);
        self.input(n, |q, now, out| q.boot(now, out));
    }

    pub fn crash(&mut self, n: usize, loss: Loss) {
        let node = &mut self.nodes[n];
        let Some(quorum) = node.quorum.take() else { return };
        node.disk = quorum.disk;
        node.disk.crash(loss);
        let id = node.key.id;
        self.timers.retain(|(owner, _), place| *owner != id || self.queue.remove(place).is_none());
        self.timers.retain(|(owner, _), _| *owner != id);
        for other in
            self.nodes.iter().map(|node| node.key.id).filter(|&other| other != id).collect::<Vec<_>>()
        {
            self.post(Span::millis(1), Event::Disconnected(other, id));
        }
    }

    pub fn append(&mut self) {
        let value = self.value;
        self.value += 1;
        let body = MetadataRecord::Config { topic: None, key: TopicConfig::MinInsyncReplicas, value };
        let leaders: Vec<usize> =
            (0..self.nodes.len()).filter(|&n| self.running(n).is_some_and(Quorum::is_leader)).collect();
        for n in leaders {
            self.input(n, |q, now, out| {
                q.append(now, &[body], out);
            });
        }
    }

    pub fn running(&self, n: usize) -> Option<&Quorum> {
        self.nodes[n].quorum.as_ref()
    }

    pub fn isolate(&mut self, n: usize) {
        let id = self.nodes[n].key.id;
        for other in self.nodes.iter().map(|node| node.key.id).filter(|&other| other != id) {
            self.cut.insert((id, other));
            self.cut.insert((other, id));
        }
    }

    /// The leader of the highest epoch.
    pub fn leader(&self) -> Option<usize> {
        let leaders = (0..self.nodes.len()).filter(|&n| self.running(n).is_some_and(Quorum::is_leader));
        leaders.max_by_key(|&n| self.running(n).map(Quorum::epoch))
    }

    /// Runs for so long.
    pub fn run(&mut self, span: Span) {
        let until = self.now + span;
        while self.queue.first_key_value().is_some_and(|((at, _), _)| *at <= until) {
            self.step();
        }
        self.now = until;
    }

    /// Runs with an append every 50 ms until `done`, for at most so long.
    pub fn run_until(&mut self, most: Span, done: impl Fn(&Sim) -> bool) -> bool {
        let until = self.now + most;
        while self.now < until {
            if done(self) {
                return true;
            }
            self.append();
            self.run(Span::millis(50));
        }
        done(self)
    }

    fn post(&mut self, after: Span, event: Event) -> (Time, u64) {
        self.serial += 1;
        let place = (self.now + after, self.serial);
        self.queue.insert(place, event);
        place
    }

    fn step(&mut self) {
        let Some(((at, _), event)) = self.queue.pop_first() else { return };
        self.now = at;
        match event {
            Event::Fire(id, timer) => {
                self.timers.remove(&(id, timer));
                let n = self.place(id);
                self.input(n, |q, now, out| q.on_timer(now, timer, out));
            }
            Event::Disconnected(to, about) => {
                let n = self.place(to);
                self.input(n, |q, now, out| q.on_disconnected(now, about, out));
            }
            Event::Deliver(envelope) => {
                if self.cut.contains(&(envelope.from, envelope.to)) {
                    return;
                }
                let n = self.place(envelope.to);
                if self.nodes[n].quorum.is_some() {
                    self.input(n, |q, now, out| q.on_message(now, envelope, out));
                } else if envelope.message.is_request() {
                    self.post(Span::millis(1), Event::Disconnected(envelope.from, envelope.to));
                }
            }
        }
    }

    fn place(&self, id: NodeId) -> usize {
        self.nodes.iter().position(|node| node.key.id == id).expect("a node of this cluster")
    }

    fn input(&mut self, n: usize, input: impl FnOnce(&mut Quorum, Time, &mut Out)) {
        let Some(quorum) = &mut self.nodes[n].quorum else { return };
        input(quorum, self.now, &mut self.out);
        self.handled += 1;
        let me = self.nodes[n].key.id;
        for effect in std::mem::take(&mut self.out.effects) {
            self.carry_out(me, effect);
        }
        self.make_snapshot(n);
        self.check(n);
        if self.running(n).is_some_and(Quorum::is_shut_down) {
            self.crash(n, Loss::Nothing);
        }
    }

    /// The node resigns if it leads, and its process ends when somebody else does.
    pub fn shut_down(&mut self, n: usize) {
        self.input(n, |q, now, out| q.shut_down(now, out));
    }

    /// As the layer above would: of what is committed, when enough of it is new.
    fn make_snapshot(&mut self, n: usize) {
        let Some(quorum) = self.nodes[n].quorum.as_mut().filter(|_| self.snapshot_every > 0) else { return };
        let Some(hw) = quorum.high_watermark() else { return };
        let last = quorum.snapshots().latest_id().map_or(Offset(0), |id| id.end);
        if hw.saturating_sub(last) >= self.snapshot_every {
            let state = vec![MetadataRecord::NoOp; (hw.0 % 7 * 20) as usize];
            quorum.clean_log(&mut self.out);
            quorum.create_snapshot(hw, state, &mut self.out);
            let me = self.nodes[n].key.id;
            for effect in std::mem::take(&mut self.out.effects) {
                self.carry_out(me, effect);
            }
        }
    }

    fn carry_out(&mut self, me: NodeId, effect: Effect) {
        match effect {
            Effect::Send { to, correlation, message } => {
                let envelope = Envelope { from: me, to, correlation, message };
                if self.dice.chance(self.weather.doubled) {
                    let late = self.dice.within(&(Span::millis(1)..=Span::millis(600)));
                    self.post(late, Event::Deliver(envelope.clone()));
                }
                if !self.dice.chance(self.weather.lost) {
                    let late = if self.dice.chance(self.weather.delayed) { 3000 } else { 3 };
                    let travel = self.dice.within(&(Span::micros(500)..=Span::millis(late)));
                    self.post(travel, Event::Deliver(envelope));
                }
            }
            Effect::Arm(timer, range) => {
                self.disarm(me, timer);
                let after = self.dice.within(&range);
                let place = self.post(after, Event::Fire(me, timer));
                self.timers.insert((me, timer), place);
            }
            Effect::Disarm(timer) => self.disarm(me, timer),
            Effect::Note(note) => {
                *self.seen.entry(name(&note)).or_default() += 1;
                assert!(!matches!(note, Note::QuorumHalted { .. }), "{me}: {note:?}");
            }
            Effect::Exit { .. } | Effect::Reply(..) => panic!("{effect:?}"),
        }
    }

    fn disarm(&mut self, me: NodeId, timer: Timer) {
        if let Some(place) = self.timers.remove(&(me, timer)) {
            self.queue.remove(&place);
        }
    }

    /// Every promise that an input of node `n` can break.
    fn check(&mut self, n: usize) {
        let Some(q) = &self.nodes[n].quorum else { return };
        let (me, log, election) = (q.me(), q.log(), q.disk.election);
        if let Some(leader) = election.leader {
            let known = *self.leaders.entry(election.leader_epoch).or_insert(leader);
            assert_eq!(known, leader, "K1, K2: two leaders of epoch {}", election.leader_epoch);
        }
        if let Some(voted) = election.voted {
            let known = *self.votes.entry((me, election.leader_epoch)).or_insert(voted);
            assert_eq!(known, voted, "K3: {} voted twice in epoch {}", me.id, election.leader_epoch);
        }
        assert!(log.flushed() <= log.end() && (q.is_observer() || log.flushed() == log.end()), "K10");
        assert!(q.committed() >= self.nodes[n].committed, "K9: {} went back", me.id);
        let committed = q.committed();
        if let (Role::Leader(leader), Some(hw)) = (q.role(), q.high_watermark()) {
            assert!(hw > leader.epoch_start, "K8");
            self.check_commit(n, hw);
        }
        self.nodes[n].committed = committed;
        let q = self.nodes[n].quorum.as_ref().expect("checked above");
        for (offset, entry) in q.log().iter(Offset(0), q.committed()) {
            let truth = self.truth.get(offset.0 as usize);
            assert_eq!(truth, Some(&(entry.epoch, entry.body)), "K6: {} at {offset}", me.id);
        }
        check_epochs(q);
        check_snapshots(q, &self.truth);
    }

    /// K5, K7: the leader's committed records are on a majority of disks and extend what was committed before.
    fn check_commit(&mut self, n: usize, hw: Offset) {
        let q = self.nodes[n].quorum.as_ref().expect("a leader");
        for (offset, entry) in q.log().iter(Offset(self.truth.len() as u64), hw) {
            assert_eq!(offset.0 as usize, self.truth.len());
            self.truth.push((entry.epoch, entry.body));
        }
        let newest = self.leader().is_none_or(|leader| leader == n);
        let disks = self.nodes.iter().filter(|node| self.voters.contains(node.key));
        let holding = disks.filter(|node| {
            let log = node.quorum.as_ref().map_or(&node.disk.log, |q| &q.disk.log);
            log.flushed() >= hw
        });
        let majority = self.voters.len() as usize / 2 + 1;
        assert!(!newest || holding.count() >= majority, "K7: {hw} is not on a majority");
    }
}

/// K15: a log that starts beyond 0 has a snapshot right there, and snapshots hold nothing but what is committed.
fn check_snapshots(q: &Quorum, truth: &[(LeaderEpoch, MetadataRecord)]) {
    let start = q.log().start();
    let earliest = q.snapshots().earliest_id();
    assert!(
        start == Offset(0) || earliest.is_some_and(|id| id.end == start),
        "K15: {} from {start}",
        q.me().id
    );
    for id in q.snapshots().iter().map(|snapshot| snapshot.id) {
        let last = truth.get(id.end.0 as usize - 1).map(|(epoch, _)| *epoch);
        assert_eq!(last, Some(id.epoch), "K15: {} has {id:?}", q.me().id);
    }
}

/// L2, L3: epochs never fall along a log, and the cache says where each begins.
fn check_epochs(q: &Quorum) {
    let (log, mut lines) = (q.log(), Vec::new());
    for (offset, entry) in log.iter(Offset(0), log.end()) {
        match lines.last() {
            Some(&(epoch, _)) if epoch == entry.epoch => {}
            last => {
                assert!(last.is_none_or(|&(epoch, _)| epoch < entry.epoch), "L2");
                lines.push((entry.epoch, offset));
            }
        }
    }
    let mut cache: Vec<_> = q.disk.epochs.entries().iter().map(|line| (line.epoch, line.start)).collect();
    cache.retain(|&(_, start)| start < log.end());
    assert_eq!(cache, lines, "L3: {}", q.me().id);
}

fn name(note: &Note) -> &'static str {
    match note {
        Note::ElectionTimedOut { .. } => "ElectionTimedOut",
        Note::FetchTimedOut { .. } => "FetchTimedOut",
        Note::BecameUnattached { .. } => "BecameUnattached",
        Note::BecameProspective { .. } => "BecameProspective",
        Note::BecameCandidate { .. } => "BecameCandidate",
        Note::BecameQuorumLeader { .. } => "BecameQuorumLeader",
        Note::BecameQuorumFollower { .. } => "BecameQuorumFollower",
        Note::BecameResigned { .. } => "BecameResigned",
        Note::VoteGranted { .. } => "VoteGranted",
        Note::VoteRefused { .. } => "VoteRefused",
        Note::ElectionLost { .. } => "ElectionLost",
        Note::SuccessorChosen { .. } => "SuccessorChosen",
        Note::MetadataCommitted { .. } => "MetadataCommitted",
        Note::MetadataLogTruncated { .. } => "MetadataLogTruncated",
        Note::MetadataLogDiverged { .. } => "MetadataLogDiverged",
        Note::SnapshotCreated { .. } => "SnapshotCreated",
        Note::MetadataLogCleaned { .. } => "MetadataLogCleaned",
        Note::SnapshotOffered { .. } => "SnapshotOffered",
        Note::SnapshotDownloaded { .. } => "SnapshotDownloaded",
        Note::SnapshotAbandoned { .. } => "SnapshotAbandoned",
        Note::QuorumRequestRefused { .. } => "QuorumRequestRefused",
        Note::QuorumHalted { .. } => "QuorumHalted",
        other => panic!("not a note of the quorum: {other:?}"),
    }
}
