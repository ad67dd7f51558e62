//! What counts of a member of a cluster.

use super::member::Member;
use crate::explore::essence::{Names, Treat, essence};
use kraftscope_core::id::Offset;
use kraftscope_core::kraft::Quorum;
use kraftscope_core::kraft::connection::ConnectionState;
use kraftscope_core::log::Log;
use kraftscope_core::process::Process;
use kraftscope_core::record::MetadataRecord;
use kraftscope_models::seen::fold;

/// What of a process makes no difference to what can happen.
pub(super) fn rules(of: &'static str, field: &'static str) -> Treat {
    match (of, field) {
        // The same for all, for ever; connections are told apart below.
        (_, "settings") | ("Quorum", "connections" | "voters" | "bootstrap") => Treat::Skip,
        // Only the checker looks at it.
        ("Log", "truncations") => Treat::Skip,
        // What of it still matters is told below.
        ("QuorumDisk", "log" | "epochs") => Treat::Skip,
        // All moments are long ago, and who is in step is told by the log end alone; nobody deletes records.
        ("FollowerState", "last_fetch" | "last_fetch_leader_leo" | "last_caught_up" | "log_start") => {
            Treat::Skip
        }
        // Only a note depends on it.
        ("LeaderState", "frozen") => Treat::Skip,
        // Only controlled shutdowns ask how far a broker has come.
        ("BrokerHeartbeat", "metadata_offset") => Treat::Skip,
        // When snapshots are due: never, in a world this small.
        (_, "snapshots") => Treat::Skip,
        // Numbers of requests are the network's where a request is parked, and else the sender's own.
        ("ParkedFetch" | "DelayedFetch" | "DelayedProduce", "correlation") => Treat::Number,
        ("LeaderState", "granting") | ("LeaderChange", "granting") => Treat::Skip,
        ("ReplicaState", "has_acknowledged" | "last_fetch" | "last_caught_up" | "leader_end") => Treat::Skip,
        ("LeaderState", "fetched" | "check_quorum_since") => Treat::Skip,
        ("Prospective" | "Candidate", "retries") => Treat::Skip,
        ("Follower", "succeeds_after") => Treat::Shape,
        // Sessions do not run out here: brokers are fenced on demand.
        ("Session", "last_contact") => Treat::Skip,
        // Every record has a producer of its own.
        ("Record", "key" | "value" | "stamp") => Treat::Skip,
        _ => Treat::Keep,
    }
}

/// What counts of a member. Without `history` only those metadata records count that somebody may still ask for.
pub(super) fn of(member: &Member, names: &Names, history: bool) -> u64 {
    let sum = essence(member, rules, names);
    let (log, from) = metadata_log(member);
    let from = if history { Offset(0) } else { from };
    let records = log.iter(from, log.end()).map(|(_, entry)| essence(entry, rules, names));
    let ends = fold(fold(32, log.end().0), log.flushed().0);
    let sum = sum.wrapping_add(records.fold(ends, fold));
    let quorum = member.process().and_then(|process| process.quorum());
    quorum.map_or(sum, |quorum| sum.wrapping_add(connections(quorum)))
}

/// What tells a running process from others wherever it runs: there, requests have numbers of their own.
pub(super) fn of_process(process: &Process) -> u64 {
    let rules = |of, field| match rules(of, field) {
        Treat::Number => Treat::Skip,
        treat => treat,
    };
    let sum = essence(process, rules, &Names::identity());
    process.quorum().map_or(sum, |quorum| sum.wrapping_add(connections(quorum)))
}

/// The metadata log of a member, and from where on its records count. A broker has replayed all that it may lose no
/// more, and a controller need not tell a broker what that one has.
fn metadata_log(member: &Member) -> (&Log<MetadataRecord>, Offset) {
    let disk = member.quorum_disk();
    let controller = member.controller().and_then(|controller| controller.quorum.role().as_leader());
    let from = match (member.broker(), controller) {
        (Some(broker), _) => broker.applied(),
        (None, Some(leader)) => {
            let known = leader.observers().iter().map(|observer| observer.end.unwrap_or_default());
            known.min().unwrap_or_default()
        }
        (None, None) => Offset(0),
    };
    (&disk.log, from)
}

/// A connection that was never used is a ready one.
fn connections(quorum: &Quorum) -> u64 {
    let ids = quorum.voters().ids();
    let state = |id| match quorum.connections().state(id) {
        ConnectionState::Ready => 0,
        ConnectionState::AwaitingResponse(_) => 1,
        ConnectionState::BackingOff => 2,
        ConnectionState::Disconnected => 3,
    };
    ids.iter().map(|id| fold(fold(31, u64::from(id.0)), state(id))).fold(0, u64::wrapping_add)
}
