//! What counts of a member of a cluster.

use super::member::Member;
use crate::explore::essence::{Names, Treat, essence};
use kraftscope_core::kraft::Quorum;
use kraftscope_core::kraft::connection::ConnectionState;
use kraftscope_models::seen::fold;

/// What of a process makes no difference to what can happen.
pub(super) fn rules(of: &'static str, field: &'static str) -> Treat {
    match (of, field) {
        // The same for all, for ever; connections are told apart below.
        (_, "settings") | ("Quorum", "connections" | "voters" | "bootstrap") => Treat::Skip,
        // Only the checker looks at it.
        ("Log", "truncations") => Treat::Skip,
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

pub(super) fn of(member: &Member, names: &Names) -> u64 {
    let sum = essence(member, rules, names);
    let quorum = member.process().and_then(|process| process.quorum());
    quorum.map_or(sum, |quorum| sum.wrapping_add(connections(quorum)))
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
