//! Drives one replica of the metadata log by hand: a clock, its timers, what it sent and said.
//!
//! Timers run out at the earliest moment of their range unless `latest` is set.

use kraftscope_core::config::Settings;
use kraftscope_core::epochs::{EpochEnd, LeaderEpochCache};
use kraftscope_core::id::{
    Correlation, DirectoryId, LeaderEpoch, NodeId, NodeList, Offset, ReplicaKey, SnapshotId,
};
use kraftscope_core::kraft::connection::ConnectionState;
use kraftscope_core::kraft::{LeaderState, Quorum, QuorumDisk};
use kraftscope_core::log::Log;
use kraftscope_core::node::{Effect, ElectionState, Out, Outcome, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::{Entry, MetadataRecord};
use kraftscope_core::release::Release;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::{
    BeginQuorumEpochRequest, EndQuorumEpochRequest, Envelope, ErrorCode, FetchSnapshotRequest,
    FetchSnapshotResponse, Fetched, Message, MetadataFetchRequest, MetadataFetchResponse, QuorumResponse,
    VoteRequest, VoteResponse,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const L: u8 = 1;

/// Controller number `n`.
pub fn c(n: u8) -> NodeId {
    NodeId::controller(n)
}

/// Its key.
pub fn key(n: u8) -> ReplicaKey {
    ReplicaKey { id: c(n), directory: DirectoryId(u32::from(n)) }
}

pub fn keys(n: u8) -> VoterSet {
    (1..=n).map(key).collect()
}

pub fn nodes(numbers: &[u8]) -> NodeList {
    numbers.iter().map(|&n| c(n)).collect()
}

pub fn epoch(n: u32) -> LeaderEpoch {
    LeaderEpoch(n)
}

pub fn ms(n: u64) -> Span {
    Span::millis(n)
}

pub fn snapshot_id(end: u64, e: u32) -> SnapshotId {
    SnapshotId { epoch: epoch(e), end: Offset(end) }
}

/// A log of runs `(epoch, how many records)`, flushed.
pub fn disk(election: ElectionState, runs: &[(u32, u64)]) -> QuorumDisk {
    let (mut log, mut epochs) = (Log::new(), LeaderEpochCache::default());
    for &(run, count) in runs {
        epochs.assign(LeaderEpoch(run), log.end());
        for _ in 0..count {
            log.append(Entry { epoch: LeaderEpoch(run), body: MetadataRecord::NoOp });
        }
    }
    log.flush();
    QuorumDisk { election, log, epochs, ..QuorumDisk::default() }
}

pub fn unknown_leader(e: u32) -> ElectionState {
    ElectionState { leader_epoch: epoch(e), leader: None, voted: None }
}

pub fn elected(e: u32, leader: u8) -> ElectionState {
    ElectionState { leader_epoch: epoch(e), leader: Some(c(leader)), voted: None }
}

pub fn voted(e: u32, candidate: u8) -> ElectionState {
    ElectionState { leader_epoch: epoch(e), leader: None, voted: Some(key(candidate)) }
}

/// Defaults of the release, but records are appended at once, and the voters are those of
/// `controller.quorum.voters` (kraft.version 0): the first record of an epoch is its LeaderChange alone.
pub fn settings(release: Release) -> Settings {
    let mut settings = Settings { controller_quorum_append_linger: Span::ZERO, ..Settings::of(release) };
    settings.features.kraft_version_1 = false;
    settings
}

/// The same with voters that the log names (kraft.version 1).
pub fn dynamic(release: Release) -> Settings {
    let mut settings = settings(release);
    settings.features.kraft_version_1 = true;
    settings
}

/// A fetched entry of epoch `e`.
pub fn entry(e: u32, body: MetadataRecord) -> Entry<MetadataRecord> {
    Entry { epoch: epoch(e), body }
}

/// One replica and its surroundings.
pub struct Replica {
    pub q: Quorum,
    pub now: Time,
    pub latest: bool,
    pub timers: BTreeMap<Timer, Time>,
    /// Sent and not yet looked at, in order.
    pub sent: Vec<(NodeId, Correlation, Message)>,
    pub notes: Vec<Note>,
    /// Effects of the last input, in order.
    pub effects: Vec<Effect>,
    pub exited: bool,
    /// What calls came to.
    pub replies: Vec<Outcome>,
    out: Out,
    next: u32,
}

impl Replica {
    /// Replica 1 among `voters` voters, booted from this disk.
    pub fn boot(voters: u8, disk: QuorumDisk) -> Replica {
        Replica::boot_as(1, voters, disk, settings(Release::V4_2))
    }

    pub fn boot_as(me: u8, voters: u8, disk: QuorumDisk, settings: Settings) -> Replica {
        let q = Quorum::new(key(me), keys(voters), Arc::new(settings), disk);
        let mut replica = Replica {
            q,
            now: Time(1_000_000),
            latest: false,
            timers: BTreeMap::new(),
            sent: Vec::new(),
            notes: Vec::new(),
            effects: Vec::new(),
            exited: false,
            replies: Vec::new(),
            out: Out::new(1),
            next: 1000,
        };
        replica.input(|q, now, out| q.boot(now, out));
        replica
    }

    /// Replica 1 as the leader of `e` (or a later epoch) on top of this log; everybody granted. What it sent on
    /// the way is forgotten.
    pub fn leader(voters: u8, e: u32, runs: &[(u32, u64)]) -> Replica {
        Replica::leader_with(voters, e, runs, settings(Release::V4_2))
    }

    pub fn leader_with(voters: u8, e: u32, runs: &[(u32, u64)], settings: Settings) -> Replica {
        let mut replica = Replica::boot_as(1, voters, disk(unknown_leader(e - 1), runs), settings);
        replica.win(voters);
        replica
    }

    /// Lets the election timer run out and answers every Vote with yes until it leads.
    pub fn win(&mut self, voters: u8) {
        if self.role() == "Unattached" {
            self.fire(Timer::Election);
        }
        for _ in 0..2 {
            for n in 2..=voters {
                if self.awaits(n, "Vote") {
                    self.answer(n, self.vote_response(true));
                }
            }
        }
        assert!(self.q.is_leader(), "{:?}", self.q.role());
        self.sent.clear();
        self.notes.clear();
    }

    /// Replica 1 as a follower of `leader` in epoch `e`.
    pub fn follower(voters: u8, e: u32, leader: u8, runs: &[(u32, u64)]) -> Replica {
        Replica::boot(voters, disk(elected(e, leader), runs))
    }

    fn input(&mut self, input: impl FnOnce(&mut Quorum, Time, &mut Out)) {
        input(&mut self.q, self.now, &mut self.out);
        self.effects = core::mem::take(&mut self.out.effects);
        for effect in &self.effects {
            match effect {
                Effect::Send { to, correlation, message } => {
                    self.sent.push((*to, *correlation, message.clone()));
                }
                Effect::Arm(timer, range) => {
                    let after = if self.latest { *range.end() } else { *range.start() };
                    self.timers.insert(*timer, self.now + after);
                }
                Effect::Disarm(timer) => {
                    self.timers.remove(timer);
                }
                Effect::Note(note) => self.notes.push(*note),
                Effect::Exit { .. } => self.exited = true,
                Effect::Reply(_, outcome) => self.replies.push(*outcome),
            }
        }
    }

    /// Lets time pass, firing what runs out.
    pub fn advance(&mut self, span: Span) {
        let until = self.now + span;
        while let Some((&timer, &at)) =
            self.timers.iter().filter(|(_, at)| **at <= until).min_by_key(|(timer, at)| (**at, **timer))
        {
            self.now = at;
            self.timers.remove(&timer);
            self.input(|q, now, out| q.on_timer(now, timer, out));
        }
        self.now = until;
    }

    /// Lets time pass to the moment when `timer` runs out, and fires it alone.
    pub fn fire(&mut self, timer: Timer) {
        let at = self.timers.remove(&timer).unwrap_or_else(|| panic!("{timer:?} is not armed"));
        self.now = self.now.max(at);
        self.input(|q, now, out| q.on_timer(now, timer, out));
    }

    /// How long until `timer` runs out.
    pub fn remaining(&self, timer: Timer) -> Option<Span> {
        self.timers.get(&timer).map(|at| at.since(self.now))
    }

    /// A request arrives; returns the answer, if one was given at once.
    pub fn request(&mut self, from: NodeId, message: Message) -> Option<Message> {
        self.next += 1;
        let correlation = Correlation(self.next);
        let to = self.q.me().id;
        let envelope = Envelope { from, to, correlation, message };
        self.input(|q, now, out| q.on_message(now, envelope, out));
        let at = self.sent.iter().position(|(node, number, _)| *node == from && *number == correlation)?;
        Some(self.sent.remove(at).2)
    }

    pub fn vote(&mut self, request: VoteRequest) -> VoteResponse {
        match self.request(request.replica.id, Message::VoteRequest(request)) {
            Some(Message::VoteResponse(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    /// A fetch of voter `n`; `None` when it is parked.
    pub fn fetch(&mut self, n: u8, offset: u64, last_epoch: u32) -> Option<MetadataFetchResponse> {
        let request = self.fetch_request(n, offset, last_epoch);
        self.fetch_with(n, request)
    }

    /// A fetch that does not wait for records.
    pub fn fetch_now(&mut self, n: u8, offset: u64, last_epoch: u32) {
        let request =
            MetadataFetchRequest { max_wait: Span::ZERO, ..self.fetch_request(n, offset, last_epoch) };
        self.fetch_with(n, request).expect("answered at once");
    }

    pub fn fetch_with(&mut self, n: u8, request: MetadataFetchRequest) -> Option<MetadataFetchResponse> {
        match self.request(c(n), Message::MetadataFetchRequest(request)) {
            Some(Message::MetadataFetchResponse(response)) => Some(response),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// As a follower in this replica's epoch that knows the high watermark would ask.
    pub fn fetch_request(&self, n: u8, offset: u64, last_epoch: u32) -> MetadataFetchRequest {
        MetadataFetchRequest {
            replica: key(n),
            current_leader_epoch: self.q.epoch(),
            fetch_offset: Offset(offset),
            last_fetched_epoch: Some(epoch(last_epoch)),
            max_wait: ms(500),
            high_watermark: self.q.high_watermark(),
        }
    }

    pub fn begin_quorum_epoch(&mut self, leader: u8, e: u32) -> QuorumResponse {
        let request =
            BeginQuorumEpochRequest { leader: c(leader), leader_epoch: epoch(e), voter: self.q.me() };
        match self.request(c(leader), Message::BeginQuorumEpochRequest(request)) {
            Some(Message::BeginQuorumEpochResponse(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn end_quorum_epoch(&mut self, leader: u8, e: u32, candidates: &[u8]) -> QuorumResponse {
        let request = EndQuorumEpochRequest {
            leader: c(leader),
            leader_epoch: epoch(e),
            preferred_candidates: nodes(candidates),
        };
        match self.request(c(leader), Message::EndQuorumEpochRequest(request)) {
            Some(Message::EndQuorumEpochResponse(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    /// Whether a request of this API to voter `n` has not been answered.
    pub fn awaits(&self, n: u8, api: &str) -> bool {
        self.sent.iter().any(|(to, number, m)| {
            *to == c(n) && m.is_request() && m.api() == api && self.q.connections().expects(*to, *number)
        })
    }

    /// The outstanding request to voter `n`.
    pub fn asked(&self, n: u8) -> Option<&Message> {
        let expected = |(to, number, m): &&(NodeId, Correlation, Message)| {
            *to == c(n) && m.is_request() && self.q.connections().expects(*to, *number)
        };
        self.sent.iter().rev().find(expected).map(|(_, _, m)| m)
    }

    pub fn asked_for_vote(&self, n: u8) -> VoteRequest {
        match self.asked(n) {
            Some(Message::VoteRequest(request)) => *request,
            other => panic!("{other:?}"),
        }
    }

    pub fn asked_to_fetch(&self, n: u8) -> MetadataFetchRequest {
        match self.asked(n) {
            Some(Message::MetadataFetchRequest(request)) => *request,
            other => panic!("{other:?}"),
        }
    }

    /// Number of the outstanding request to voter `n`.
    pub fn correlation(&self, n: u8) -> Correlation {
        match self.q.connections().state(c(n)) {
            ConnectionState::AwaitingResponse(correlation) => correlation,
            other => panic!("{other:?}"),
        }
    }

    /// Voter `n` answers the outstanding request.
    pub fn answer(&mut self, n: u8, message: Message) {
        let correlation = self.correlation(n);
        self.answer_late(n, correlation, message);
    }

    /// Voter `n` answers the request of that number.
    pub fn answer_late(&mut self, n: u8, correlation: Correlation, message: Message) {
        let envelope = Envelope { from: c(n), to: self.q.me().id, correlation, message };
        self.input(|q, now, out| q.on_message(now, envelope, out));
    }

    /// A plain yes or no of the present epoch by a voter that knows no leader.
    pub fn vote_response(&self, vote_granted: bool) -> Message {
        let epoch = self.q.epoch();
        Message::VoteResponse(VoteResponse { error: ErrorCode::None, leader: None, epoch, vote_granted })
    }

    /// Lets the layer above make a snapshot that says nothing but where it ends; drops the log before it if `clean`.
    pub fn snapshot(&mut self, end: u64, clean: bool) -> Option<(u64, u32)> {
        self.snapshot_of(end, 0, clean)
    }

    /// The same with so many records of data.
    pub fn snapshot_of(&mut self, end: u64, records: usize, clean: bool) -> Option<(u64, u32)> {
        let mut made = None;
        self.input(|q, _, out| {
            made = q.create_snapshot(Offset(end), vec![MetadataRecord::NoOp; records], out);
            if clean {
                q.delete_before_latest_snapshot(out);
            }
        });
        made.map(|id| (id.end.0, id.epoch.0))
    }

    pub fn clean(&mut self) {
        self.input(|q, _, out| q.clean_log(out));
    }

    /// Asks for a part of a snapshot, as a follower in this replica's epoch would.
    pub fn fetch_snapshot(&mut self, n: u8, end: u64, e: u32, position: i64) -> FetchSnapshotResponse {
        let current = self.q.epoch().0;
        self.fetch_snapshot_in(n, current, (end, e), position)
    }

    /// The same in another epoch.
    pub fn fetch_snapshot_in(
        &mut self,
        n: u8,
        current: u32,
        (end, e): (u64, u32),
        position: i64,
    ) -> FetchSnapshotResponse {
        let request = FetchSnapshotRequest {
            replica: key(n),
            current_leader_epoch: epoch(current),
            snapshot: snapshot_id(end, e),
            position,
            max_records: 2,
        };
        match self.request(c(n), Message::FetchSnapshotRequest(request)) {
            Some(Message::FetchSnapshotResponse(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    /// The leader's answer to a fetch: take this snapshot.
    pub fn offered(&self, end: u64, e: u32) -> Message {
        let Message::MetadataFetchResponse(response) = self.fetched(&[], None) else { unreachable!() };
        let snapshot = Some(snapshot_id(end, e));
        Message::MetadataFetchResponse(MetadataFetchResponse { snapshot, ..response })
    }

    /// The leader's answer to FetchSnapshot: this part of so many records.
    pub fn part(&self, end: u64, e: u32, position: i64, count: usize, size: u32) -> FetchSnapshotResponse {
        FetchSnapshotResponse {
            error: ErrorCode::None,
            leader: self.q.leader(),
            epoch: self.q.epoch(),
            snapshot: snapshot_id(end, e),
            size,
            position,
            records: vec![MetadataRecord::NoOp; count],
        }
    }

    /// Voter 2 answers the outstanding FetchSnapshot.
    pub fn receive_part(&mut self, response: FetchSnapshotResponse) {
        self.answer(2, Message::FetchSnapshotResponse(response));
    }

    /// The outstanding FetchSnapshot to voter `n`: which one, and from where.
    pub fn asked_for_part(&self, n: u8) -> (u64, u32, i64) {
        match self.asked(n) {
            Some(Message::FetchSnapshotRequest(r)) => (r.snapshot.end.0, r.snapshot.epoch.0, r.position),
            other => panic!("{other:?}"),
        }
    }

    /// The leader's answer to a fetch: these runs of records, and its high watermark.
    pub fn fetched(&self, runs: &[(u32, u64)], hw: Option<u64>) -> Message {
        let run = |&(run, count): &(u32, u64)| {
            (0..count).map(move |_| Entry { epoch: LeaderEpoch(run), body: MetadataRecord::NoOp })
        };
        self.fetch_response(ErrorCode::None, hw, Fetched::Records(runs.iter().flat_map(run).collect()))
    }

    pub fn diverging(&self, e: u32, end: u64, hw: Option<u64>) -> Message {
        let at = EpochEnd { epoch: epoch(e), end: Offset(end) };
        self.fetch_response(ErrorCode::None, hw, Fetched::Diverging(at))
    }

    pub fn fetch_error(&self, error: ErrorCode) -> Message {
        self.fetch_response(error, None, Fetched::Records(Vec::new()))
    }

    fn fetch_response(&self, error: ErrorCode, hw: Option<u64>, data: Fetched<MetadataRecord>) -> Message {
        Message::MetadataFetchResponse(MetadataFetchResponse {
            error,
            leader: self.q.leader(),
            epoch: self.q.epoch(),
            high_watermark: hw.map(Offset),
            data,
            snapshot: None,
        })
    }

    pub fn quorum_response(&self, error: ErrorCode) -> QuorumResponse {
        QuorumResponse { error, leader: self.q.leader(), epoch: self.q.epoch() }
    }

    pub fn append(&mut self, count: usize) -> Option<Offset> {
        let mut base = None;
        self.input(|q, now, out| base = q.append(now, &vec![MetadataRecord::NoOp; count], out));
        base
    }

    /// A request of which the answer may come later; returns its number.
    pub fn ask(&mut self, from: NodeId, message: Message) -> Correlation {
        self.next += 1;
        let correlation = Correlation(self.next);
        let envelope = Envelope { from, to: self.q.me().id, correlation, message };
        self.input(|q, now, out| q.on_message(now, envelope, out));
        correlation
    }

    /// The answer to the request of that number, if it was given.
    pub fn answered(&mut self, correlation: Correlation) -> Option<Message> {
        let at = self.sent.iter().position(|(_, number, m)| *number == correlation && !m.is_request())?;
        Some(self.sent.remove(at).2)
    }

    /// Anything that the quorum can be called for.
    pub fn call(&mut self, call: impl FnOnce(&mut Quorum, Time, &mut Out)) {
        self.input(call);
    }

    /// These entries, fetched from the leader with this high watermark.
    pub fn fetched_entries(&self, entries: &[Entry<MetadataRecord>], hw: Option<u64>) -> Message {
        self.fetch_response(ErrorCode::None, hw, Fetched::Records(entries.to_vec()))
    }

    pub fn resign(&mut self) -> bool {
        let mut resigned = false;
        self.input(|q, now, out| resigned = q.resign(now, out));
        resigned
    }

    pub fn shut_down(&mut self) {
        self.input(|q, now, out| q.shut_down(now, out));
    }

    pub fn disconnect(&mut self, n: u8) {
        self.input(|q, now, out| q.on_disconnected(now, c(n), out));
    }

    pub fn state(&self) -> &LeaderState {
        self.q.role().as_leader().expect("a leader")
    }

    pub fn role(&self) -> &'static str {
        self.q.role().name()
    }

    pub fn hw(&self) -> Option<u64> {
        self.q.high_watermark().map(|hw| hw.0)
    }

    pub fn reseed(&mut self, seed: u64) {
        self.out = Out::new(seed);
    }

    pub fn leo(&self) -> u64 {
        self.q.log().end().0
    }

    /// The notes since the last look.
    pub fn told(&mut self) -> Vec<Note> {
        core::mem::take(&mut self.notes)
    }

    /// Role, epoch, leader, vote: what Kafka's tests assert together.
    pub fn election(&self) -> (&'static str, u32, Option<u8>, Option<u8>) {
        let number = |id: NodeId| id.number();
        let voted = self.q.voted().map(|key| number(key.id));
        (self.role(), self.q.epoch().0, self.q.leader().map(number), voted)
    }
}

/// A vote request of voter `n` to replica 1.
pub fn vote_request(n: u8, e: u32, last_epoch: u32, last_offset: u64, pre_vote: bool) -> VoteRequest {
    VoteRequest {
        replica_epoch: epoch(e),
        replica: key(n),
        voter: key(1),
        last_offset_epoch: Some(epoch(last_epoch)),
        last_offset: Offset(last_offset),
        pre_vote,
    }
}

/// How many records an answer carries.
pub fn count(response: &MetadataFetchResponse) -> usize {
    match &response.data {
        Fetched::Records(records) => records.len(),
        Fetched::Diverging(at) => panic!("diverging at {at:?}"),
    }
}

/// Where an answer says that the logs part.
pub fn parts_at(response: &MetadataFetchResponse) -> (u32, u64) {
    match &response.data {
        Fetched::Diverging(at) => (at.epoch.0, at.end.0),
        Fetched::Records(records) => panic!("{} records", records.len()),
    }
}

/// The snapshot that an answer names.
pub fn offer(response: &MetadataFetchResponse) -> Option<(u64, u32)> {
    response.snapshot.map(|id| (id.end.0, id.epoch.0))
}

/// The standard vote that replica 1 with an empty log asks of voter `n`.
pub fn vote_request_to(n: u8, e: u32) -> VoteRequest {
    VoteRequest {
        replica_epoch: epoch(e),
        replica: key(1),
        voter: key(n),
        last_offset_epoch: None,
        last_offset: Offset(0),
        pre_vote: false,
    }
}
