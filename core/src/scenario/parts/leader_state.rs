//! `component: leader-state`: what a leader of the metadata quorum knows of the others.

use super::raft::{self, Bench, Manner};
use super::{Component, Part, setup};
use crate::config::Settings;
use crate::id::{LeaderEpoch, Offset};
use crate::node::{ElectionState, Timer};
use crate::record::MetadataRecord;
use crate::scenario::command::{Command, Verb, at_most, number, small, span};
use crate::scenario::words::show_span;
use crate::time::Span;
use crate::voters::Voter;
use crate::wire::{AddRaftVoterRequest, ApiVersionsResponse, ErrorCode, Message};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "leader-state",
    about: "a leader's view of the metadata quorum: high watermark, check quorum (LeaderState)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "leader id=N voters=LIST epoch-start=OFFSET [epoch=N]",
            about: "Replica `id` has just been elected with a log of that length; its LeaderChange record is appended.",
        },
        Verb {
            usage: "local-end OFFSET",
            about: "The leader appends until its log ends there; prints the high watermark.",
        },
        Verb {
            usage: "fetch REPLICA offset=N",
            about: "A replica whose log agrees with the leader's up to that offset fetches; prints the high watermark.",
        },
        Verb {
            usage: "add-voter REPLICA",
            about: "A replica that has caught up becomes a voter (`switch kraft_version_1 on`): its VotersRecord is \
                    appended. Prints the answer if it was refused, else the high watermark.",
        },
        Verb { usage: "advance SPAN", about: "Lets time pass." },
        Verb {
            usage: "check-quorum",
            about: "Prints what is left of the check-quorum timer, `never`, or `expired`, and who has fetched in its window.",
        },
        Verb {
            usage: "successors",
            about: "Resigns, and prints the other voters in the order in which EndQuorumEpoch names them.",
        },
        Verb { usage: "show", about: "Prints epoch start, high watermark, and each replica's log end." },
    ],
    new: || Box::new(LeaderStatePart { settings: super::quorum_node::settings(), bench: None }),
};

#[derive(Debug)]
struct LeaderStatePart {
    settings: Settings,
    bench: Option<Bench>,
}

impl Part for LeaderStatePart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        if setup::run(&mut self.settings, command)? {
            return Ok(String::new());
        }
        if command.verb == "leader" {
            self.bench = Some(leader(self.settings, command)?);
            return Ok(String::new());
        }
        let missing = || String::from("there is no leader yet: write 'leader …' first");
        let bench = self.bench.as_mut().ok_or_else(missing)?;
        let said = match command.verb {
            "local-end" => local_end(bench, command.read(0, number)?)?,
            "fetch" => {
                let replica = command.read(0, raft::replica)?;
                let offset = Offset(command.need("offset", number)?);
                let mut request = bench.fetch_of(replica, offset);
                request.max_wait = Span::ZERO;
                bench.request(replica, Message::MetadataFetchRequest(request));
                hw(bench)
            }
            "add-voter" => add_voter(bench, command.read(0, raft::replica)?)?,
            "advance" => {
                bench.advance(command.read(0, span)?)?;
                String::new()
            }
            "check-quorum" => check_quorum(bench),
            "successors" => successors(bench)?,
            _ => show(bench)?,
        };
        bench.told();
        Ok(said)
    }
}

fn leader(settings: Settings, command: &Command<'_>) -> Result<Bench, String> {
    let (me, voters) = (command.need("id", raft::replica)?, command.need("voters", raft::replicas)?);
    if !voters.contains(&me) {
        return Err(format!("replica {me} is no voter: it cannot be elected"));
    }
    let start = command.need("epoch-start", at_most(raft::MOST_RECORDS))?;
    let epoch = command.or("epoch", 5, small)?;
    let before = epoch.checked_sub(2).ok_or("epoch: write at least 2, so that the log has one before it")?;
    // A lone voter elects itself when it boots, into the epoch after the stored one.
    let election = ElectionState { leader_epoch: LeaderEpoch(before + 1), leader: None, voted: None };
    let mut bench =
        Bench::boot(me, &voters, settings, raft::disk(election, &[(before + 1, start)]), Manner::default());
    bench.win()?;
    Ok(bench)
}

fn hw(bench: &Bench) -> String {
    format!("hw={}", raft::or_unknown(bench.quorum.high_watermark()))
}

fn local_end(bench: &mut Bench, end: u64) -> Result<String, String> {
    let now = bench.quorum.log().end().0;
    let Some(more) = end.checked_sub(now) else {
        return Ok(format!("illegal state: the leader's log ends at {now} already"));
    };
    let more = at_most(raft::MOST_RECORDS)(&format!("{more}"))? as usize;
    let records = alloc::vec![MetadataRecord::NoOp; more];
    if more > 0 {
        bench.input(|quorum, now, out| {
            quorum.append(now, &records, out);
        });
    }
    Ok(hw(bench))
}

fn add_voter(bench: &mut Bench, replica: u8) -> Result<String, String> {
    bench.told();
    let voter = Voter { key: raft::key(replica), ..Voter::default() };
    let request = AddRaftVoterRequest { voter, ack_when_committed: true };
    bench.request(replica, Message::AddRaftVoterRequest(request));
    let versions = ApiVersionsResponse { error: ErrorCode::None, kraft_version: (0, 1) };
    if bench.quorum.connections().awaits(voter.key.id) {
        bench.answer(replica, None, Message::ApiVersionsResponse(versions))?;
    }
    let told = bench.told();
    let refused = told.lines().find_map(|line| line.split("AddRaftVoter ").nth(1));
    Ok(refused.map_or_else(|| hw(bench), String::from))
}

fn check_quorum(bench: &Bench) -> String {
    let Some(state) = bench.quorum.role().as_leader() else { return String::from("expired") };
    match bench.remaining(Timer::CheckQuorum) {
        Some(left) => format!("{} fetched={}", show_span(left), state.fetched_voters()),
        None => String::from("never"),
    }
}

fn successors(bench: &mut Bench) -> Result<String, String> {
    bench.input(|quorum, now, out| {
        quorum.resign(now, out);
    });
    match bench.quorum.role() {
        crate::kraft::Role::Resigned { preferred_successors, .. } => Ok(format!("{preferred_successors}")),
        other => Err(format!("it is {} and does not resign", other.name())),
    }
}

fn show(bench: &Bench) -> Result<String, String> {
    let state = bench.quorum.role().as_leader().ok_or("it leads no more")?;
    let ends: Vec<String> = state
        .replicas()
        .iter()
        .map(|replica| format!("{}@{}", replica.key.id.number(), raft::or_unknown(replica.end)))
        .collect();
    Ok(format!("epoch-start={} {} ends=[{}]", state.epoch_start, hw(bench), ends.join(", ")))
}
