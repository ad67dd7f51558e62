//! Facts about the ZooKeeper ensemble: its members and its znodes.

use super::Desk;
use super::facts::{Fact, Facts, Tone};
use super::process::{health, offset};
use kraftscope_core::view::{EnsembleView, QuorumRole, ZnodeView, ZooKeeperView};
use kraftscope_core::znode::{Data, Path};

/// Facts about a member.
pub(super) fn member(desk: &Desk<'_>, shown: &ZooKeeperView) -> Vec<Fact> {
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    health(&mut facts, desk, shown.health);
    let tone = if shown.role == QuorumRole::Leader { Tone::Lead } else { Tone::Plain };
    facts.tone("role", format!("{:?}", shown.role), tone).add("epoch", shown.epoch);
    facts.some("leader", shown.leader.map(|id| words.node(id)));
    facts.some("voted", shown.voted.map(|id| words.node(id)));
    if !shown.granted.is_empty() {
        facts.add("granted", words.nodes(&shown.granted));
    }
    facts.add("zxid-last", shown.log.end).add("zxid-committed", offset(desk, shown.log.hw));
    facts.add("flushed", shown.log.flushed).some("diverges", shown.log.diverges_at);
    if !shown.clients.is_empty() {
        let names: Vec<String> = shown.clients.iter().map(|id| words.node(id)).collect();
        facts.add("zk-clients", names.join(", "));
    }
    facts.done()
}

/// Facts about a znode.
pub(super) fn znode(desk: &Desk<'_>, path: Path) -> Vec<Fact> {
    let Some(kept) = &desk.view.ensemble else { return Vec::new() };
    let Some(found) = kept.znode(path) else { return Vec::new() };
    let mut facts = Facts::new(desk);
    facts.add("path", found.path);
    data(&mut facts, desk, found);
    facts.add("version", found.stat.version);
    facts.add("czxid", found.stat.czxid.0).add("mzxid", found.stat.mzxid.0);
    match found.owner {
        Some(owner) => {
            facts.add("znode-kind", desk.say("znode.ephemeral")).add("owner", desk.words.node(owner));
            session(&mut facts, desk, kept, owner);
        }
        None => {
            facts.add("znode-kind", desk.say("znode.persistent"));
        }
    }
    if !found.watchers.is_empty() {
        let names: Vec<String> = found.watchers.iter().map(|id| desk.words.node(id)).collect();
        facts.add("watchers", names.join(", "));
    }
    if path == Path::Controller {
        facts.some("controller-epoch", kept.controller_epoch());
    }
    facts.done()
}

/// What is left of the session of a client.
pub(super) fn session(
    facts: &mut Facts<'_>,
    desk: &Desk<'_>,
    kept: &EnsembleView,
    client: kraftscope_core::id::NodeId,
) {
    if let Some(session) = kept.sessions.iter().find(|session| session.client == client) {
        facts.add("session-id", format!("0x{:x}", session.session.0));
        facts.add("session", desk.words.span(session.expires.since(desk.view.now)));
    }
}

/// What a znode holds, under the names that its JSON would have.
fn data(facts: &mut Facts<'_>, desk: &Desk<'_>, found: &ZnodeView) {
    let words = &desk.words;
    match &found.data {
        Data::Node(node) => {
            facts.tone("holds", words.node(*node), Tone::Lead);
        }
        Data::Epoch(epoch) => {
            facts.add("holds", epoch);
        }
        Data::Broker { rack } => {
            facts.some("rack", *rack);
        }
        Data::State(state) => {
            facts.some("leader", state.leader.map(|id| words.node(id)));
            facts.add("leader-epoch", state.leader_epoch).add("isr", words.nodes(&state.isr));
            facts.add("controller-epoch", state.controller_epoch);
        }
        Data::Partitions(list) => {
            let names: Vec<String> = list.iter().map(|at| words.partition(*at)).collect();
            facts.add("partitions", names.join(", "));
        }
        Data::Reassignment(list) => {
            for (partition, target) in list.iter() {
                facts.add("holds", format!("{} → {}", words.partition(*partition), words.nodes(target)));
            }
        }
        Data::ChangedTopic(topic) => {
            facts.add("holds", words.topic(*topic));
        }
        Data::Topic(topic) => {
            facts.add("holds", topic.name);
        }
        Data::ProducerIds { broker, end } => {
            facts.add("holds", format!("{} → {end}", words.node(*broker)));
        }
        Data::Config(_) | Data::Empty => {}
    }
}
