//! `component: quorum-node`: one replica of the metadata log, driven by messages and timers.
//!
//! After each command what it sends is printed, and what it has become when that changed.

use super::raft::{self, Bench, Manner};
use super::{Component, Part, setup};
use crate::config::Settings;
use crate::epochs::EpochEnd;
use crate::id::{DirectoryId, LeaderEpoch, NodeId, Offset, ReplicaKey, SnapshotId};
use crate::node::ElectionState;
use crate::record::MetadataRecord;
use crate::scenario::command::{Command, Verb, at_most, number, or_none, small, span, truth};
use crate::scenario::words;
use crate::time::Span;
use crate::voters::Voter;
use crate::wire::{
    AddRaftVoterRequest, ApiVersionsResponse, BeginQuorumEpochRequest, EndQuorumEpochRequest, ErrorCode,
    FetchSnapshotRequest, FetchSnapshotResponse, Fetched, Message, MetadataFetchRequest,
    MetadataFetchResponse, QuorumResponse, RemoveRaftVoterRequest, VoteRequest, VoteResponse,
};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

pub(super) const COMPONENT: Component = Component {
    name: "quorum-node",
    about: "one replica of the metadata log, driven by messages and timers (KafkaRaftClient)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "start [id=N] [voters=LIST] [epoch=N] [leader=N|none] [voted=N|none] [log=RUNS]",
            about: "Boots replica 1 of 1,2,3, unless said otherwise, with this quorum-state file and this log.",
        },
        Verb { usage: "restart", about: "Boots the same replica again from its disk." },
        Verb {
            usage: "become-leader",
            about: "It stands for election and every voter grants; prints only the result.",
        },
        Verb {
            usage: "jitter SPAN",
            about: "From now on timers that are drawn run out so much after the earliest moment.",
        },
        Verb {
            usage: "watch API...",
            about: "From now on only requests of these APIs are printed; `all` for all.",
        },
        Verb { usage: "advance SPAN", about: "Lets time pass; timers run out in order." },
        Verb { usage: "fire TIMER", about: "Lets time pass until this timer runs out, and fires it alone." },
        Verb { usage: "timers", about: "Prints each armed timer and what is left of it." },
        Verb {
            usage: "vote FROM epoch=N last-epoch=N|none last-offset=N [voter=N] [pre]",
            about: "A Vote or PreVote request arrives.",
        },
        Verb {
            usage: "fetch FROM offset=N [last-epoch=N|none] [epoch=N] [hw=N|unknown] [wait=SPAN] \
                    [directory=N]",
            about: "A Fetch request arrives; what is not said is as a follower would have it whose log agrees.",
        },
        Verb {
            usage: "fetch-snapshot FROM snapshot=EPOCH@END position=N [epoch=N] [max-records=N]",
            about: "A FetchSnapshot request arrives; positions count records.",
        },
        Verb {
            usage: "begin-quorum-epoch FROM epoch=N [voter=N]",
            about: "A BeginQuorumEpoch request arrives.",
        },
        Verb {
            usage: "end-quorum-epoch FROM epoch=N candidates=LIST",
            about: "An EndQuorumEpoch request arrives.",
        },
        Verb {
            usage: "add-voter FROM voter=N [directory=N] [early]",
            about: "An AddRaftVoter request arrives; `early`: it may be answered before it is committed (KIP-1186).",
        },
        Verb {
            usage: "remove-voter FROM voter=N [directory=N]",
            about: "A RemoveRaftVoter request arrives.",
        },
        Verb {
            usage: "answer-api-versions FROM [lowest=N] [highest=N] [error=NAME] [request=NUMBER]",
            about: "A new voter says which kraft.versions it knows: 0 to 1 unless said.",
        },
        Verb { usage: "voters", about: "Prints the voters that hold, and where in the log they stand." },
        Verb {
            usage: "answer-vote FROM granted=yes|no [error=NAME] [epoch=N] [leader=N|none] [request=NUMBER]",
            about: "The answer to the last Vote request to that replica, or to request number so and so.",
        },
        Verb {
            usage: "answer-fetch FROM [records=RUNS] [diverging=EPOCH@END] [snapshot=EPOCH@END] [hw=N|unknown] \
                    [error=NAME] [epoch=N] [leader=N|none] [request=NUMBER]",
            about: "The answer to a Fetch request.",
        },
        Verb {
            usage: "answer-fetch-snapshot FROM snapshot=EPOCH@END size=N position=N [records=N] [error=NAME] \
                    [epoch=N] [leader=N|none] [request=NUMBER]",
            about: "The answer to a FetchSnapshot request: so many records from that position on.",
        },
        Verb {
            usage: "answer-begin-quorum-epoch FROM [error=NAME] [epoch=N] [leader=N|none] [request=NUMBER]",
            about: "The answer to a BeginQuorumEpoch request.",
        },
        Verb {
            usage: "answer-end-quorum-epoch FROM [error=NAME] [epoch=N] [leader=N|none] [request=NUMBER]",
            about: "The answer to an EndQuorumEpoch request.",
        },
        Verb { usage: "disconnect NODE", about: "The connection to that replica breaks." },
        Verb { usage: "append N", about: "Appends records; prints the offset of the first, or `NotLeader`." },
        Verb {
            usage: "snapshot END [records=N] [clean]",
            about: "The layer above makes a snapshot of everything below END; `clean` drops the log before it. Prints \
                    `snapshot=EPOCH@END`, or `refused`.",
        },
        Verb { usage: "resign", about: "Asks it to resign (KafkaRaftClient.resign)." },
        Verb { usage: "shut-down", about: "Asks for a graceful shutdown." },
        Verb {
            usage: "log",
            about: "Prints the log as runs `EPOCHxCOUNT`, where it starts, and what is flushed.",
        },
        Verb { usage: "show", about: "Prints role, epoch, leader, vote, log end, high watermark." },
    ],
    new: || Box::new(QuorumNode { settings: settings(), manner: Manner::default(), bench: None }),
};

/// Kafka's defaults, but records are appended at once and the voters are those of the start (kraft.version 0), as in
/// most of Kafka's own tests; `switch kraft_version_1 on` has the leader write them to the log.
pub(super) fn settings() -> Settings {
    let mut settings = Settings { controller_quorum_append_linger: Span::ZERO, ..Settings::default() };
    settings.features.kraft_version_1 = false;
    settings
}

#[derive(Debug)]
struct QuorumNode {
    settings: Settings,
    manner: Manner,
    bench: Option<Bench>,
}

impl Part for QuorumNode {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        if setup::run(&mut self.settings, command)? || self.manner(command)? {
            return Ok(String::new());
        }
        if command.verb == "start" {
            let bench = self.bench.insert(start(self.settings, self.manner.clone(), command)?);
            return Ok(bench.told());
        }
        let missing = || String::from("there is no replica yet: write 'start' first");
        let bench = self.bench.as_mut().ok_or_else(missing)?;
        if let Some(said) = look(bench, command) {
            return Ok(said);
        }
        act(bench, command, self.settings)?;
        Ok(bench.told())
    }
}

impl QuorumNode {
    /// How the bench behaves, now and after the next start.
    fn manner(&mut self, command: &Command<'_>) -> Result<bool, String> {
        match command.verb {
            "jitter" => self.manner.jitter = command.read(0, span)?,
            "watch" if command.has("all") => self.manner.watched = None,
            "watch" => {
                self.manner.watched = Some(command.positional().iter().map(ToString::to_string).collect());
            }
            _ => return Ok(false),
        }
        if let Some(bench) = &mut self.bench {
            bench.manner = self.manner.clone();
        }
        Ok(true)
    }
}

fn start(settings: Settings, manner: Manner, command: &Command<'_>) -> Result<Bench, String> {
    let replica = |key| command.or(key, None, or_none(raft::replica));
    let election = ElectionState {
        leader_epoch: LeaderEpoch(command.or("epoch", 0, small)?),
        leader: replica("leader")?.map(NodeId::controller),
        voted: replica("voted")?.map(raft::key),
    };
    let me = command.or("id", 1, raft::replica)?;
    let voters = command.or("voters", alloc::vec![1, 2, 3], raft::replicas)?;
    let log = command.maybe("log", raft::runs)?.unwrap_or_default();
    Ok(Bench::boot(me, &voters, settings, raft::disk(election, &log), manner))
}

fn look(bench: &Bench, command: &Command<'_>) -> Option<String> {
    match command.verb {
        "timers" => Some(bench.show_timers()),
        "show" => Some(bench.show()),
        "voters" => {
            let offset = bench.quorum.voters_offset();
            let place = offset.map_or(String::from("configured"), |offset| format!("offset={offset}"));
            Some(format!("{} {place}", raft::show_voters(&bench.quorum)))
        }
        "log" => {
            let log = bench.quorum.log();
            Some(format!("{} start={} flushed={}", raft::show_log(&bench.quorum), log.start(), log.flushed()))
        }
        _ => None,
    }
}

fn act(bench: &mut Bench, command: &Command<'_>, settings: Settings) -> Result<(), String> {
    match command.verb {
        "restart" => {
            let disk = bench.quorum.disk.clone();
            let voters: alloc::vec::Vec<u8> =
                bench.quorum.voters().keys().map(|voter| voter.id.number()).collect();
            *bench =
                Bench::boot(bench.quorum.me().id.number(), &voters, settings, disk, bench.manner.clone());
        }
        "become-leader" => bench.win()?,
        "advance" => bench.advance(command.read(0, span)?)?,
        "fire" => bench.fire(command.read(0, timer)?)?,
        "append" => append(bench, command.read(0, at_most(raft::MOST_RECORDS))?),
        "snapshot" => snapshot(bench, command)?,
        "resign" => bench.input(|quorum, now, out| {
            quorum.resign(now, out);
        }),
        "shut-down" => bench.input(|quorum, now, out| quorum.shut_down(now, out)),
        "disconnect" => {
            let node = NodeId::controller(command.read(0, raft::replica)?);
            bench.input(|quorum, now, out| quorum.on_disconnected(now, node, out));
        }
        _ => return speak(bench, command),
    }
    Ok(())
}

fn snapshot(bench: &mut Bench, command: &Command<'_>) -> Result<(), String> {
    let end = Offset(command.read(0, number)?);
    let records = command.or("records", 0, at_most(raft::MOST_RECORDS))? as usize;
    let mut made = None;
    bench.input(|quorum, _, out| {
        made = quorum.create_snapshot(end, alloc::vec![MetadataRecord::NoOp; records], out);
        if command.has("clean") {
            quorum.delete_before_latest_snapshot(out);
        }
    });
    let said = made.map_or(String::from("refused"), |id| format!("snapshot={}", raft::show_snapshot(id)));
    bench.tell(&said);
    Ok(())
}

/// Reads `EPOCH@END`.
fn snapshot_id(text: &str) -> Result<SnapshotId, String> {
    super::epoch_cache::epoch_at(text).map(|(epoch, end)| SnapshotId { epoch, end })
}

fn fetch_snapshot(bench: &Bench, command: &Command<'_>, from: u8) -> Result<Message, String> {
    let epoch = command.maybe("epoch", small)?.map_or(bench.quorum.epoch(), LeaderEpoch);
    Ok(Message::FetchSnapshotRequest(FetchSnapshotRequest {
        replica: raft::key(from),
        current_leader_epoch: epoch,
        snapshot: command.need("snapshot", snapshot_id)?,
        position: command.need("position", words::number)?,
        max_records: command.or("max-records", u32::MAX, small)?,
    }))
}

fn append(bench: &mut Bench, count: u64) {
    let records = alloc::vec![MetadataRecord::NoOp; count as usize];
    let mut base = None;
    bench.input(|quorum, now, out| base = quorum.append(now, &records, out));
    bench.tell(&base.map_or(String::from("NotLeader"), |base| format!("offset={base}")));
}

/// Reads a timer; nodes are plain numbers here: `QuorumRequest:2`.
fn timer(text: &str) -> Result<crate::node::Timer, String> {
    words::timer(&text.replace(':', ":controller-"))
}

/// Requests and answers of the others.
fn speak(bench: &mut Bench, command: &Command<'_>) -> Result<(), String> {
    let from = command.read(0, raft::replica)?;
    let message = match command.verb {
        "vote" => vote(bench, command, from)?,
        "fetch" => fetch(bench, command, from)?,
        "fetch-snapshot" => fetch_snapshot(bench, command, from)?,
        "add-voter" => Message::AddRaftVoterRequest(AddRaftVoterRequest {
            voter: Voter {
                key: other_key(command, command.need("voter", raft::replica)?)?,
                ..Voter::default()
            },
            ack_when_committed: !command.has("early"),
        }),
        "remove-voter" => {
            let voter = other_key(command, command.need("voter", raft::replica)?)?;
            Message::RemoveRaftVoterRequest(RemoveRaftVoterRequest { voter })
        }
        "begin-quorum-epoch" => Message::BeginQuorumEpochRequest(BeginQuorumEpochRequest {
            leader: NodeId::controller(from),
            leader_epoch: LeaderEpoch(command.need("epoch", small)?),
            voter: voter(bench, command)?,
        }),
        "end-quorum-epoch" => Message::EndQuorumEpochRequest(EndQuorumEpochRequest {
            leader: NodeId::controller(from),
            leader_epoch: LeaderEpoch(command.need("epoch", small)?),
            preferred_candidates: command
                .need("candidates", raft::replicas)?
                .into_iter()
                .map(NodeId::controller)
                .collect(),
        }),
        _ => {
            let request = command.maybe("request", number)?;
            return bench.answer(from, request, answer(bench, command)?);
        }
    };
    bench.request(from, message);
    Ok(())
}

/// A replica's key, on another disk if the command says so.
fn other_key(command: &Command<'_>, id: u8) -> Result<ReplicaKey, String> {
    let first = raft::key(id);
    Ok(ReplicaKey {
        directory: command.maybe("directory", small)?.map_or(first.directory, DirectoryId),
        ..first
    })
}

fn voter(bench: &Bench, command: &Command<'_>) -> Result<ReplicaKey, String> {
    Ok(command.maybe("voter", raft::replica)?.map_or(bench.quorum.me(), raft::key))
}

fn vote(bench: &Bench, command: &Command<'_>, from: u8) -> Result<Message, String> {
    Ok(Message::VoteRequest(VoteRequest {
        replica_epoch: LeaderEpoch(command.need("epoch", small)?),
        replica: raft::key(from),
        voter: voter(bench, command)?,
        last_offset_epoch: command.need("last-epoch", or_none(small))?.map(LeaderEpoch),
        last_offset: Offset(command.need("last-offset", number)?),
        pre_vote: command.has("pre"),
    }))
}

/// A number, or `unknown`.
fn or_unknown(text: &str) -> Result<Option<Offset>, String> {
    if text == "unknown" { Ok(None) } else { Ok(Some(Offset(number(text)?))) }
}

fn fetch(bench: &Bench, command: &Command<'_>, from: u8) -> Result<Message, String> {
    let usual = bench.fetch_of(from, Offset(command.need("offset", number)?));
    let last = command.maybe("last-epoch", or_none(small))?;
    Ok(Message::MetadataFetchRequest(MetadataFetchRequest {
        replica: other_key(command, from)?,
        current_leader_epoch: command.maybe("epoch", small)?.map_or(usual.current_leader_epoch, LeaderEpoch),
        last_fetched_epoch: last.map_or(usual.last_fetched_epoch, |last| last.map(LeaderEpoch)),
        max_wait: command.or("wait", usual.max_wait, span)?,
        high_watermark: command.or("hw", usual.high_watermark, or_unknown)?,
        ..usual
    }))
}

/// An error code by Kafka's name.
pub(super) fn error_code(text: &str) -> Result<ErrorCode, String> {
    let name: StrDeserializer<'_, Error> = text.into_deserializer();
    ErrorCode::deserialize(name)
        .map_err(|_| format!("'{text}' is no error: write one like NONE or FENCED_LEADER_EPOCH"))
}

fn answer(bench: &Bench, command: &Command<'_>) -> Result<Message, String> {
    let error = command.or("error", ErrorCode::None, error_code)?;
    let epoch = command.maybe("epoch", small)?.map_or(bench.quorum.epoch(), LeaderEpoch);
    let leader = command.maybe("leader", or_none(raft::replica))?;
    let named = |usual| leader.map_or(usual, |leader| leader.map(NodeId::controller));
    let plain = QuorumResponse { error, leader: named(bench.quorum.leader()), epoch };
    Ok(match command.verb {
        "answer-vote" => {
            let vote_granted = command.need("granted", truth)?;
            Message::VoteResponse(VoteResponse { error, leader: named(None), epoch, vote_granted })
        }
        "answer-fetch-snapshot" => {
            let count = command.or("records", 0, at_most(raft::MOST_RECORDS))? as usize;
            Message::FetchSnapshotResponse(FetchSnapshotResponse {
                error,
                leader: plain.leader,
                epoch,
                snapshot: command.need("snapshot", snapshot_id)?,
                size: command.need("size", small)?,
                position: command.need("position", words::number)?,
                records: alloc::vec![MetadataRecord::NoOp; count],
            })
        }
        "answer-api-versions" => {
            let range = (command.or("lowest", 0, words::number)?, command.or("highest", 1, words::number)?);
            Message::ApiVersionsResponse(ApiVersionsResponse { error, kraft_version: range })
        }
        "answer-begin-quorum-epoch" => Message::BeginQuorumEpochResponse(plain),
        "answer-end-quorum-epoch" => Message::EndQuorumEpochResponse(plain),
        _ => {
            let diverging = command.maybe("diverging", super::epoch_cache::epoch_at)?;
            let records = command.maybe("records", raft::runs)?.unwrap_or_default();
            Message::MetadataFetchResponse(MetadataFetchResponse {
                error,
                leader: plain.leader,
                epoch,
                high_watermark: command.or("hw", None, or_unknown)?,
                data: match diverging {
                    Some((epoch, end)) => Fetched::Diverging(EpochEnd { epoch, end }),
                    None => Fetched::Records(raft::entries(&records)),
                },
                snapshot: command.maybe("snapshot", snapshot_id)?,
            })
        }
    })
}
