//! Facts about a partition that is a Raft group, and about its members.

use super::Desk;
use super::facts::{Facts, Tone};
use super::process::ago;
use kraftscope_core::view::{PartitionView, RaftRoleView, RaftView, ReplicaView};

/// Facts about the group, after its leader.
pub(super) fn partition(facts: &mut Facts<'_>, desk: &Desk<'_>, shown: &PartitionView) {
    let members = shown.replicas.len();
    let args = [("n", (members / 2 + 1).to_string()), ("of", members.to_string())];
    facts.add("raft.epoch", shown.leader_epoch).add("replicas", desk.words.nodes(&shown.replicas));
    facts.add("raft.majority", desk.tell("raft.majority.what", &args));
    facts.flag("raft.commits", shown.accepts_acks_all, true);
    facts.add("raft.no-isr", desk.say("raft.no-isr.what"));
}

/// Facts about a member, before its log.
pub(super) fn replica(facts: &mut Facts<'_>, desk: &Desk<'_>, shown: &ReplicaView, raft: &RaftView) {
    let words = &desk.words;
    let leads = raft.role == RaftRoleView::Leader;
    facts.tone("role", format!("{:?}", raft.role), if leads { Tone::Lead } else { Tone::Plain });
    if leads && !shown.is_true_leader {
        facts.tone("former-leader", desk.say("former-leader.elected"), Tone::Bad);
    }
    facts.add("raft.epoch", raft.epoch).some("voted", raft.voted.map(|id| words.node(id)));
    if !leads {
        facts.some("leader", shown.leader.map(|id| words.node(id)));
    }
    if !raft.votes.is_empty() {
        facts.add("granted", words.nodes(&raft.votes));
    }
    let left = words.span(raft.deadline.since(desk.view.now));
    facts.add(if leads { "raft.heartbeat" } else { "raft.deadline" }, left);
    for follower in &raft.progress {
        let acked = follower.acked.map(|acked| ago(desk, desk.view.now.since(acked)));
        let args = [
            ("n", follower.broker.number().to_string()),
            ("matched", follower.matched.to_string()),
            ("next", follower.next.to_string()),
            ("ago", acked.unwrap_or_else(|| desk.say("raft.never"))),
        ];
        facts.add("follower", desk.tell("raft.follower.what", &args));
    }
    facts.some("raft.lease", raft.lease_until.map(|until| words.span(until.since(desk.view.now))));
    if raft.waiting_reads > 0 {
        facts.add("raft.reads", raft.waiting_reads);
    }
    facts.add("raft.no-isr", desk.say("raft.no-isr.what"));
}
