//! What counts of a voter.

use super::voter::Voter;
use crate::explore::essence::{Names, Treat, essence};
use kraftscope_core::id::NodeId;
use kraftscope_core::kraft::Quorum;
use kraftscope_core::kraft::connection::ConnectionState;
use kraftscope_models::seen::fold;

/// What of the quorum's state makes no difference to what can happen.
pub(super) fn rules(of: &'static str, field: &'static str) -> Treat {
    match (of, field) {
        // The same for all, or told apart below.
        ("Quorum", "settings" | "connections" | "voters" | "bootstrap")
        | ("Voter", "settings" | "voters") => Treat::Skip,
        // Only the checker looks at it.
        ("Log", "truncations") => Treat::Skip,
        ("ParkedFetch", "correlation") => Treat::Number,
        // Positions among the voters, which follow their names.
        ("LeaderState", "me") | ("ParkedFetch", "position") => Treat::Skip,
        // When the check-quorum timer starts anew, and who is silent: no timer waits for that here.
        ("LeaderState", "fetched") | ("ReplicaState", "last_fetch" | "last_caught_up" | "leader_end") => {
            Treat::Skip
        }
        // Nobody reads these again; an election is won whoever granted it.
        ("LeaderState" | "LeaderChange", "granting") | ("ReplicaState", "has_acknowledged") => Treat::Skip,
        // How long a back-off is.
        ("Prospective" | "Candidate", "retries") => Treat::Skip,
        ("Follower", "succeeds_after") => Treat::Shape,
        ("LeaderState", "replicas" | "parked") | ("NodeList", "ids") => Treat::Unordered,
        _ => Treat::Keep,
    }
}

/// A voter, up or down.
pub(super) fn of(voter: &Voter, ids: &[NodeId], names: &Names) -> u64 {
    let sum = essence(voter, rules, names);
    voter.quorum().map_or(sum, |quorum| sum.wrapping_add(connections(quorum, ids, names)))
}

/// A running replica.
pub(super) fn of_quorum(quorum: &Quorum, ids: &[NodeId], names: &Names) -> u64 {
    essence(quorum, rules, names).wrapping_add(connections(quorum, ids, names))
}

/// Which requests wait, and which connections pause. A connection that was never used is a ready one.
fn connections(quorum: &Quorum, ids: &[NodeId], names: &Names) -> u64 {
    let state = |id| match quorum.connections().state(id) {
        ConnectionState::Ready => 0,
        ConnectionState::AwaitingResponse(_) => 1,
        ConnectionState::BackingOff => 2,
        ConnectionState::Disconnected => 3,
    };
    let parts = ids.iter().map(|&id| fold(fold(31, u64::from(names.of(id).0)), state(id)));
    parts.fold(0, u64::wrapping_add)
}
