//! Actions and states as text, for a counterexample that a person reads.
//!
//! A state is one line: the quorum, then each replica. `L` leads, `F0` follows replica 0, `-` has no leader; `e1`
//! is the epoch, `{012}` the ISR, `hw1` the high watermark, and `[a0 b1]` the log: record a of epoch 0, b of 1.

use crate::async_isr;
use crate::replicas::{LeaderAndIsr, Replica, ReplicaSet, Replicas, members};
use crate::rules::Action;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What the letters of [`state`] mean.
pub const LEGEND: &str = "\
quorum: epoch, leader, {ISR}. Replica: L leads, F0 follows 0, - has no leader; epoch, {ISR it believes in},
high watermark, [log: record and its epoch].";

/// What the letters of [`async_state`] mean.
pub const ASYNC_LEGEND: &str = "\
controller: version, {ISR}. leader: version, {ISR}, +{asked for}. ends: log ends by replica; replica 0 leads.";

/// One action of a partition, as a sentence; `after` is the state that it led to.
pub fn action(action: Action, after: &impl Replicas) -> String {
    let leader_of = |epoch| match after.request(epoch).and_then(|request| request.leader) {
        Some(leader) => format!("{leader}"),
        None => "nobody".into(),
    };
    match action {
        Action::ControllerShrinkIsr { replica } => {
            format!("the controller takes {replica} for failed: out of the ISR, out of office")
        }
        Action::ControllerElectLeader { leader } => format!("the controller elects {leader}"),
        Action::BecomeLeader { epoch } => {
            format!("{} takes office as leader of epoch {epoch}", leader_of(epoch))
        }
        Action::LeaderWrite { leader } => format!("{leader} takes a record from a producer"),
        Action::LeaderShrinkIsr { leader, replica } => {
            format!("leader {leader} drops {replica} from the ISR")
        }
        Action::LeaderExpandIsr { leader, replica } => {
            format!("leader {leader} takes {replica} into the ISR")
        }
        Action::LeaderIncHighWatermark { leader } => format!("leader {leader} advances its high watermark"),
        Action::BecomeFollower { replica, epoch } => {
            let (leader, end) = (leader_of(epoch), after.end(replica));
            format!("{replica} follows {leader} in epoch {epoch}, its log ends at {end}")
        }
        Action::FollowerFetch { follower, leader } => format!("{follower} fetches a record from {leader}"),
        Action::FollowerTruncate { follower, leader } => {
            format!("{follower} truncates to where it agrees with {leader}")
        }
    }
}

/// One state of a partition, in a line.
pub fn state(state: &impl Replicas) -> String {
    let quorum = state.quorum();
    let leader = quorum.leader.map_or_else(|| "-".into(), |leader| format!("{leader}"));
    let mut line = format!("quorum {} {leader} {}", epoch(quorum), set(quorum.isr));
    for replica in 0..state.count() {
        let believed = state.believed(replica);
        let role = match believed.leader {
            Some(leader) if leader == replica => "L".into(),
            Some(leader) => format!("F{leader}"),
            None => "-".into(),
        };
        let (isr, hw) = (set(believed.isr), state.hw(replica));
        line += &format!(" | {replica}:{role} {} {isr} hw{hw} [{}]", epoch(believed), log(state, replica));
    }
    line
}

/// One action of `AsyncIsr`, as a sentence.
pub fn async_action(action: async_isr::Action) -> String {
    use async_isr::Action;
    match action {
        Action::ControllerShrinkIsr { replica } => format!("the controller takes {replica} out of the ISR"),
        Action::ControllerHandleRequest { isr } => format!("the controller grants the ISR {}", set(isr)),
        Action::LeaderRequestShrinkIsr { replica } => format!("the leader asks to drop {replica}"),
        Action::LeaderRequestExpandIsr { replica } => format!("the leader asks to take in {replica}"),
        Action::LeaderHandleUpdate { version } => format!("the leader hears of version {version}"),
        Action::LeaderWrite => "the leader appends a record".into(),
        Action::FollowerReplicate { replica } => format!("{replica} copies a record"),
    }
}

/// One state of `AsyncIsr`, in a line.
pub fn async_state(state: &async_isr::State, replicas: u32) -> String {
    let (isr, version) = state.controller();
    let (leader_isr, leader_version, pending) = state.leader();
    let ends: Vec<String> =
        (0..replicas).map(|replica| format!("{}", state.end(replica as Replica))).collect();
    let (isr, leader_isr, pending) = (set(isr), set(leader_isr), set(pending));
    let ends = ends.join(" ");
    format!("controller v{version} {isr} | leader v{leader_version} {leader_isr} +{pending} | ends {ends}")
}

fn epoch(of: LeaderAndIsr) -> String {
    of.epoch.map_or_else(|| "e-".into(), |epoch| format!("e{epoch}"))
}

fn set(isr: ReplicaSet) -> String {
    let names: String = members(isr).map(|member| format!("{member}")).collect();
    format!("{{{names}}}")
}

fn log(state: &impl Replicas, replica: Replica) -> String {
    let entries = (0..state.end(replica)).filter_map(|offset| state.entry(replica, offset));
    let names: Vec<String> =
        entries.map(|entry| format!("{}{}", char::from(b'a' + (entry.id % 26) as u8), entry.epoch)).collect();
    names.join(" ")
}
