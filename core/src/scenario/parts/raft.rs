//! A bench for one replica of the metadata log: its clock, its timers, and every message that it sends, as text.
//!
//! The other replicas are played by the case. Times are exact: a timer that is armed within a range runs out at its
//! beginning, plus the jitter that the case asks for.

use super::clock::Clock;
use crate::config::Settings;
use crate::epochs::LeaderEpochCache;
use crate::id::{Correlation, DirectoryId, LeaderEpoch, NodeId, NodeList, Offset, ReplicaKey, SnapshotId};
use crate::kraft::{Quorum, QuorumDisk};
use crate::log::Log;
use crate::node::{Effect, ElectionState, Out, Timer};
use crate::record::{Entry, MetadataRecord};
use crate::scenario::command::{at_most, items, list, small};
use crate::scenario::words;
use crate::time::{Span, Time};
use crate::wire::{Envelope, Fetched, Message, MetadataFetchRequest, QuorumResponse, VoteResponse};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The most records that a case may put into one log at once.
pub(super) const MOST_RECORDS: u64 = 1000;

/// A request that the replica has sent.
#[derive(Debug)]
struct Asked {
    to: NodeId,
    correlation: Correlation,
    api: &'static str,
}

/// How the bench behaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    /// Added to the earliest moment of every timer that has a range.
    pub(super) jitter: Span,
    /// APIs whose requests are told; `None`: all.
    pub(super) watched: Option<Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Bench {
    pub(super) quorum: Quorum,
    clock: Clock,
    pub(super) manner: Manner,
    out: Out,
    asked: Vec<Asked>,
    next: u32,
    began: Time,
    lines: Vec<String>,
    state: String,
    stopped: bool,
}

/// Replica `n` of the quorum.
pub(super) const fn key(n: u8) -> ReplicaKey {
    ReplicaKey { id: NodeId::controller(n), directory: DirectoryId(n as u32) }
}

/// Reads the number of a replica, from 0 to 39.
pub(super) fn replica(text: &str) -> Result<u8, String> {
    let wrong = || format!("'{text}' is no replica: write its number, from 0 to 39");
    let number: u8 = text.parse().map_err(|_| wrong())?;
    if number < 40 { Ok(number) } else { Err(wrong()) }
}

/// Reads a list of replicas.
pub(super) fn replicas(text: &str) -> Result<Vec<u8>, String> {
    let found = list(replica)(text)?;
    if found.len() > 9 {
        return Err(format!("'{text}' has {} members: write at most 9", found.len()));
    }
    Ok(found)
}

/// Reads runs of records, `EPOCHxCOUNT`: `1x3,3x3`; `-` for none.
pub(super) fn runs(text: &str) -> Result<Vec<(u32, u64)>, String> {
    let wrong = |item: &str| format!("'{item}': write EPOCHxCOUNT, like 1x3");
    let run = |item: &str| {
        let (epoch, count) = item.split_once('x').ok_or_else(|| wrong(item))?;
        Ok((small(epoch).map_err(|_| wrong(item))?, at_most(MOST_RECORDS)(count)?))
    };
    let found: Result<Vec<(u32, u64)>, String> = items(text).into_iter().map(run).collect();
    let total: u64 = found.iter().flatten().map(|(_, count)| count).sum();
    if total > MOST_RECORDS {
        return Err(format!("'{text}' has {total} records: write at most {MOST_RECORDS}"));
    }
    found
}

/// Records of these runs.
pub(super) fn entries(runs: &[(u32, u64)]) -> Vec<Entry<MetadataRecord>> {
    let run = |&(epoch, count): &(u32, u64)| {
        (0..count).map(move |_| Entry { epoch: LeaderEpoch(epoch), body: MetadataRecord::NoOp })
    };
    runs.iter().flat_map(run).collect()
}

/// A disk with these records, flushed.
pub(super) fn disk(election: ElectionState, runs: &[(u32, u64)]) -> QuorumDisk {
    let (mut log, mut epochs) = (Log::new(), LeaderEpochCache::default());
    for entry in entries(runs) {
        epochs.assign(entry.epoch, log.end());
        log.append(entry);
    }
    log.flush();
    QuorumDisk { election, log, epochs, ..QuorumDisk::default() }
}

/// A number, or `unknown`.
pub(super) fn or_unknown(offset: Option<Offset>) -> String {
    offset.map_or(String::from("unknown"), |offset| offset.to_string())
}

/// The number of a node, or `none`.
pub(super) fn who(id: Option<NodeId>) -> String {
    id.map_or(String::from("none"), |id| id.number().to_string())
}

impl Bench {
    /// A replica that boots from this disk.
    pub(super) fn boot(me: u8, voters: &[u8], settings: Settings, disk: QuorumDisk, manner: Manner) -> Bench {
        let voters = voters.iter().map(|&n| key(n)).collect();
        let now = Time(1_000_000);
        let mut bench = Bench {
            quorum: Quorum::new(key(me), voters, Arc::new(settings), disk),
            clock: Clock::new(now),
            manner,
            out: Out::new(1),
            asked: Vec::new(),
            next: 1000,
            began: now,
            lines: Vec::new(),
            state: String::new(),
            stopped: false,
        };
        bench.input(|quorum, now, out| quorum.boot(now, out));
        bench
    }

    /// What was told since the last call.
    pub(super) fn told(&mut self) -> String {
        self.began = self.clock.now;
        core::mem::take(&mut self.lines).join("\n")
    }

    /// Adds a line, with the time since the command began.
    pub(super) fn tell(&mut self, line: &str) {
        let after = self.clock.now.since(self.began);
        let when = if after == Span::ZERO { String::new() } else { format!("+{} ", words::show_span(after)) };
        self.lines.push(format!("{when}{line}"));
    }

    /// Runs one input, tells what the replica sends and what it has become.
    pub(super) fn input(&mut self, input: impl FnOnce(&mut Quorum, Time, &mut Out)) {
        input(&mut self.quorum, self.clock.now, &mut self.out);
        for effect in core::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, message } => self.sent(to, correlation, &message),
                Effect::Arm(timer, range) => {
                    let at = (*range.start() + self.manner.jitter).min(*range.end());
                    self.clock.arm(timer, at);
                }
                Effect::Disarm(timer) => self.clock.disarm(timer),
                Effect::Exit { .. } => self.stopped = true,
                Effect::Note(_) | Effect::Reply(..) => {}
            }
        }
        let state = self.show();
        if state != self.state {
            self.tell(&state);
            self.state = state;
        }
    }

    fn sent(&mut self, to: NodeId, correlation: Correlation, message: &Message) {
        let text = show_message(message);
        if !message.is_request() {
            self.tell(&format!("-> {} {text}", to.number()));
            return;
        }
        self.asked.push(Asked { to, correlation, api: message.api() });
        let watched = self.manner.watched.as_ref();
        if watched.is_none_or(|watched| watched.iter().any(|api| api == message.api())) {
            let number = self.asked.len();
            self.tell(&format!("-> {} #{number} {text}", to.number()));
        }
    }

    /// Role, epoch, leader, vote, log end and high watermark.
    pub(super) fn show(&self) -> String {
        let quorum = &self.quorum;
        let mut text = format!(
            "{} epoch={} leader={} voted={} end={} hw={}",
            quorum.role().name(),
            quorum.epoch(),
            who(quorum.leader()),
            who(quorum.voted().map(|key| key.id)),
            quorum.log().end(),
            or_unknown(quorum.high_watermark())
        );
        if let Some(ballots) = quorum.role().ballots() {
            text.push_str(&format!(" granted={} refused={}", ballots.granted, ballots.refused));
        }
        if let Some(download) = quorum.download() {
            let (id, got) = (show_snapshot(download.id), download.records.len());
            text.push_str(&format!(" fetching-snapshot={id} got={got}"));
        }
        if let Some(reason) = quorum.halted() {
            text.push_str(&format!(" halted={reason:?}"));
        }
        text
    }

    /// Armed timers and how long each has left.
    pub(super) fn show_timers(&self) -> String {
        self.clock.show().replace("controller-", "")
    }

    /// How long until this timer runs out.
    pub(super) fn remaining(&self, timer: Timer) -> Option<Span> {
        self.clock.remaining(timer)
    }

    /// Lets time pass, firing what runs out.
    pub(super) fn advance(&mut self, span: Span) -> Result<(), String> {
        let mut passing = self.clock.pass(span);
        while let Some(timer) = self.clock.next(&mut passing)? {
            self.input(|quorum, now, out| quorum.on_timer(now, timer, out));
        }
        Ok(())
    }

    /// Lets time pass until this timer runs out, and fires it alone.
    pub(super) fn fire(&mut self, timer: Timer) -> Result<(), String> {
        self.clock.wait_for(timer)?;
        self.input(|quorum, now, out| quorum.on_timer(now, timer, out));
        Ok(())
    }

    /// A request arrives. When no answer is sent at once, that is told too.
    pub(super) fn request(&mut self, from: u8, message: Message) {
        self.next += 1;
        let (from, to) = (NodeId::controller(from), self.quorum.me().id);
        let correlation = Correlation(self.next);
        let before = self.lines.len();
        let envelope = Envelope { from, to, correlation, message };
        self.input(|quorum, now, out| quorum.on_message(now, envelope, out));
        let to_it = format!("-> {} ", from.number());
        let answered =
            self.lines[before..].iter().any(|line| line.starts_with(&to_it) && !line.contains('#'));
        if !answered {
            self.tell("no answer yet");
        }
    }

    /// The answer to request number `number`, or to the last one of this API to that replica.
    pub(super) fn answer(&mut self, from: u8, number: Option<u64>, message: Message) -> Result<(), String> {
        let from = NodeId::controller(from);
        let asked = match number {
            Some(number) => {
                self.asked.get((number as usize).wrapping_sub(1)).filter(|asked| asked.to == from)
            }
            None => self.asked.iter().rev().find(|asked| asked.to == from && asked.api == message.api()),
        };
        let asked = asked.ok_or_else(|| {
            format!("replica {} was not asked that: '{}' answers no request", from.number(), message.api())
        })?;
        if asked.api != message.api() {
            return Err(format!("request {} was {}", number.unwrap_or_default(), asked.api));
        }
        let envelope = Envelope { from, to: self.quorum.me().id, correlation: asked.correlation, message };
        self.input(|quorum, now, out| quorum.on_message(now, envelope, out));
        Ok(())
    }

    /// Lets the election timer run out, and every voter that is asked grants, until it leads. Nothing is told.
    pub(super) fn win(&mut self) -> Result<(), String> {
        if !self.quorum.is_leader() && self.quorum.role().ballots().is_none() {
            self.fire(if self.clock.is_armed(Timer::Election) {
                Timer::Election
            } else {
                Timer::QuorumFetch
            })?;
        }
        for _ in 0..2 {
            let voters = *self.quorum.voters();
            for voter in voters.keys() {
                if !self.quorum.is_leader() && self.quorum.connections().awaits(voter.id) {
                    let response = VoteResponse {
                        error: crate::wire::ErrorCode::None,
                        leader: None,
                        epoch: self.quorum.epoch(),
                        vote_granted: true,
                    };
                    self.answer(voter.id.number(), None, Message::VoteResponse(response))?;
                }
            }
        }
        self.told();
        if self.quorum.is_leader() { Ok(()) } else { Err(format!("it does not lead but is {}", self.show())) }
    }

    /// A fetch at `offset` by a replica whose log agrees with this one's up to there.
    pub(super) fn fetch_of(&self, replica: u8, offset: Offset) -> MetadataFetchRequest {
        let before = offset.0.checked_sub(1).and_then(|last| self.quorum.log().get(Offset(last)));
        MetadataFetchRequest {
            replica: key(replica),
            current_leader_epoch: self.quorum.epoch(),
            fetch_offset: offset,
            last_fetched_epoch: before.map(|entry| entry.epoch),
            max_wait: Span::millis(500),
            high_watermark: self.quorum.high_watermark(),
        }
    }
}

fn numbers(list: &NodeList) -> String {
    list.to_string()
}

/// A message of the quorum in one line.
fn show_message(message: &Message) -> String {
    match message {
        Message::VoteRequest(request) => format!(
            "{} epoch={} last-epoch={} last-offset={}",
            if request.pre_vote { "PreVote" } else { "Vote" },
            request.replica_epoch,
            request.last_offset_epoch.map_or(String::from("none"), |epoch| epoch.to_string()),
            request.last_offset
        ),
        Message::VoteResponse(response) => format!(
            "Vote {} {} leader={} epoch={}",
            response.error.name(),
            if response.vote_granted { "granted" } else { "refused" },
            who(response.leader),
            response.epoch
        ),
        Message::BeginQuorumEpochRequest(request) => {
            format!("BeginQuorumEpoch epoch={}", request.leader_epoch)
        }
        Message::EndQuorumEpochRequest(request) => format!(
            "EndQuorumEpoch epoch={} candidates={}",
            request.leader_epoch,
            numbers(&request.preferred_candidates)
        ),
        Message::BeginQuorumEpochResponse(response) => format!("BeginQuorumEpoch {}", show_plain(response)),
        Message::EndQuorumEpochResponse(response) => format!("EndQuorumEpoch {}", show_plain(response)),
        Message::MetadataFetchRequest(request) => format!(
            "Fetch epoch={} offset={} last-epoch={} hw={}",
            request.current_leader_epoch,
            request.fetch_offset,
            request.last_fetched_epoch.map_or(String::from("none"), |epoch| epoch.to_string()),
            or_unknown(request.high_watermark)
        ),
        Message::MetadataFetchResponse(response) => {
            let data = match &response.data {
                Fetched::Records(records) => format!("records={}", show_runs(records)),
                Fetched::Diverging(at) => format!("diverging={}@{}", at.epoch, at.end),
            };
            let hw = or_unknown(response.high_watermark);
            let (error, leader) = (response.error.name(), who(response.leader));
            let data = response.snapshot.map_or(data, |id| format!("snapshot={}", show_snapshot(id)));
            format!("Fetch {error} leader={leader} epoch={} hw={hw} {data}", response.epoch)
        }
        Message::FetchSnapshotRequest(request) => format!(
            "FetchSnapshot epoch={} snapshot={} position={}",
            request.current_leader_epoch,
            show_snapshot(request.snapshot),
            request.position
        ),
        Message::FetchSnapshotResponse(response) if response.error.is_none() => format!(
            "FetchSnapshot NONE snapshot={} size={} position={} records={}",
            show_snapshot(response.snapshot),
            response.size,
            response.position,
            response.records.len()
        ),
        Message::FetchSnapshotResponse(response) => format!("FetchSnapshot {}", response.error.name()),
        Message::AddRaftVoterResponse(response) | Message::RemoveRaftVoterResponse(response) => {
            format!("{} {}", message.api(), response.error.name())
        }
        Message::UpdateRaftVoterResponse(response) => format!("UpdateRaftVoter {}", show_plain(response)),
        other => String::from(other.api()),
    }
}

/// Each voter, with its directory when that is another than at first: `[1, 2/7]`.
pub(super) fn show_voters(quorum: &Quorum) -> String {
    let shown: Vec<String> = quorum
        .voters()
        .keys()
        .map(|voter| match voter {
            first if first == key(voter.id.number()) => voter.id.number().to_string(),
            ReplicaKey { id, directory } => format!("{}/{}", id.number(), directory.0),
        })
        .collect();
    format!("[{}]", shown.join(", "))
}

/// `EPOCH@END`.
pub(super) fn show_snapshot(id: SnapshotId) -> String {
    format!("{}@{}", id.epoch, id.end)
}

fn show_plain(response: &QuorumResponse) -> String {
    format!("{} leader={} epoch={}", response.error.name(), who(response.leader), response.epoch)
}

/// `1x3,3x1`; `-` for none.
fn show_runs(records: &[Entry<MetadataRecord>]) -> String {
    let mut found: Vec<(u32, u64)> = Vec::new();
    for entry in records {
        match found.last_mut() {
            Some((epoch, count)) if *epoch == entry.epoch.0 => *count += 1,
            _ => found.push((entry.epoch.0, 1)),
        }
    }
    let shown: Vec<String> = found.iter().map(|(epoch, count)| format!("{epoch}x{count}")).collect();
    if shown.is_empty() { String::from("-") } else { shown.join(",") }
}

/// The log as runs of epochs.
pub(super) fn show_log(quorum: &Quorum) -> String {
    let log = quorum.log();
    show_runs(&log.read(log.start(), log.end(), log.end().saturating_sub(log.start())))
}
