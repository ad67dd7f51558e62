//! What is drawn of a replica that is a member of a Raft group: its role and vote, and how far its log is known to
//! agree with the leader's. There is no ISR, and nothing here looks like one.

use super::icon;
use super::sheet::Sheet;
use kraftscope_core::id::NodeId;
use kraftscope_core::mode::ReplicationPlane;
use kraftscope_core::time::Span;
use kraftscope_core::view::{ClusterView, Health, PartitionView, RaftRoleView, RaftView, ReplicaView};

/// A follower that has not answered for longer is called silent: the shortest election timeout.
const SILENT: Span = Span::secs(1);

/// Whether the cluster's partitions are Raft groups.
pub(super) fn is_raft(view: &ClusterView) -> bool {
    view.mode.replication() == ReplicationPlane::Raft
}

/// What the leader of the highest epoch knows of this follower.
pub(super) fn known(
    partition: &PartitionView,
    broker: NodeId,
) -> Option<&kraftscope_core::view::ProgressView> {
    let leader = partition.copies.iter().find(|copy| copy.is_true_leader)?;
    leader.raft.as_ref()?.progress.iter().find(|progress| progress.broker == broker)
}

/// Whether it leads, or follows the leader of the highest epoch.
pub(super) fn takes_part(partition: &PartitionView, copy: &ReplicaView) -> bool {
    let follows = partition.leader.is_some() && copy.leader == partition.leader;
    copy.health == Health::Up
        && (copy.is_true_leader || (follows && copy.leader_epoch == partition.leader_epoch))
}

/// The frame of its card.
pub(super) fn class(partition: &PartitionView, copy: &ReplicaView) -> &'static str {
    match copy.raft.as_ref().map(|raft| raft.role) {
        Some(RaftRoleView::Leader) if copy.is_true_leader => "is-raft-leader",
        Some(RaftRoleView::Candidate | RaftRoleView::Prospective) => "is-raft-asking",
        _ if takes_part(partition, copy) => "is-raft",
        _ => "is-out",
    }
}

/// The sign of its role.
pub(super) fn role_sign(copy: &ReplicaView, raft: &RaftView) -> (&'static str, &'static str) {
    match raft.role {
        RaftRoleView::Leader if copy.is_true_leader => (icon::CROWN, "st-crown"),
        RaftRoleView::Leader => (icon::CROWN, "st-crown is-former"),
        RaftRoleView::Candidate => (icon::HAND, "st-sign is-asking"),
        RaftRoleView::Prospective => (icon::HAND, "st-sign is-asking is-dashed"),
        RaftRoleView::Follower if copy.leader.is_some() => (icon::RING, "st-sign"),
        RaftRoleView::Follower => (icon::NOTHING, "st-sign"),
    }
}

/// The word for its role.
pub(super) fn role_word(sheet: &Sheet, copy: &ReplicaView, raft: &RaftView) -> String {
    let key = match raft.role {
        RaftRoleView::Leader => "role.Leader",
        RaftRoleView::Candidate => "role.Candidate",
        RaftRoleView::Prospective => "role.Prospective",
        RaftRoleView::Follower if copy.leader.is_some() => "role.Follower",
        RaftRoleView::Follower => "role.Offline",
    };
    sheet.say(key)
}

/// At the right of its card: what it has got of an election, or how far the leader knows its log to agree.
pub(super) fn tag(
    sheet: &Sheet,
    view: &ClusterView,
    partition: &PartitionView,
    copy: &ReplicaView,
) -> (String, &'static str, &'static str) {
    let Some(raft) = copy.raft.as_ref().filter(|_| copy.health == Health::Up) else {
        return (sheet.say("raft.away"), icon::CROSS, "is-grey");
    };
    let number = |id: NodeId| id.number().to_string();
    match raft.role {
        RaftRoleView::Leader if copy.is_true_leader => {
            (sheet.tell("epoch", &[("n", raft.epoch.to_string())]), icon::CHECK, "is-ok")
        }
        RaftRoleView::Leader => {
            (sheet.tell("raft.former", &[("n", raft.epoch.to_string())]), icon::CROSS, "is-bad")
        }
        RaftRoleView::Candidate | RaftRoleView::Prospective => {
            let votes: Vec<String> = raft.votes.iter().map(number).collect();
            (sheet.tell("raft.votes", &[("nodes", votes.join(", "))]), icon::CLOCK, "is-asked")
        }
        RaftRoleView::Follower if copy.leader.is_none() => match raft.voted {
            Some(id) => (sheet.tell("raft.voted", &[("n", number(id))]), icon::CHECK, "is-asked"),
            None => (sheet.tell("epoch", &[("n", raft.epoch.to_string())]), icon::CLOCK, "is-grey"),
        },
        RaftRoleView::Follower => matched(sheet, view, partition, copy),
    }
}

fn matched(
    sheet: &Sheet,
    view: &ClusterView,
    partition: &PartitionView,
    copy: &ReplicaView,
) -> (String, &'static str, &'static str) {
    let Some(known) = known(partition, copy.broker) else {
        return (sheet.say("raft.unknown"), icon::CLOCK, "is-grey");
    };
    let answered = known.acked.is_some_and(|acked| view.now.since(acked) <= SILENT);
    let leader = partition.copies.iter().find(|copy| copy.is_true_leader);
    let committed = leader.and_then(|leader| leader.log.hw).unwrap_or_default();
    let text = sheet.tell("raft.match", &[("offset", known.matched.to_string())]);
    match (answered, known.matched >= committed) {
        (false, _) if known.acked.is_some() => (sheet.say("raft.silent"), icon::CROSS, "is-bad"),
        (_, true) => (text, icon::CHECK, "is-ok"),
        (_, false) => (text, icon::CLOCK, "is-asked"),
    }
}

/// How many make a majority of the group.
pub(super) const fn majority(partition: &PartitionView) -> u32 {
    partition.replicas.len() / 2 + 1
}

/// Whether a majority commits, in words, and its tone.
pub(super) fn commits(sheet: &Sheet, shown: &PartitionView) -> (String, bool) {
    let args = [("n", majority(shown).to_string()), ("of", shown.replicas.len().to_string())];
    if shown.accepts_acks_all {
        (sheet.tell("raft.commits", &args), true)
    } else if shown.leader.is_some() {
        (sheet.tell("raft.no-majority", &args), false)
    } else {
        (sheet.say("acks.leaderless"), false)
    }
}
