//! Facts about partitions, replicas and records.

use super::facts::{Fact, Facts, Tone};
use super::process::ago;
use super::{Desk, raft};
use kraftscope_core::id::{NodeId, NodeList, Offset, TopicPartition};
use kraftscope_core::mode::ReplicationPlane;
use kraftscope_core::view::{Health, PartitionView, ReplicaRole, ReplicaView};

fn find<'a>(desk: &Desk<'a>, partition: TopicPartition) -> Option<&'a PartitionView> {
    desk.view.partitions.iter().find(|shown| shown.partition == partition)
}

fn find_copy<'a>(
    desk: &Desk<'a>,
    partition: TopicPartition,
    broker: NodeId,
) -> Option<(&'a PartitionView, &'a ReplicaView)> {
    let partition = find(desk, partition)?;
    Some((partition, partition.copies.iter().find(|copy| copy.broker == broker)?))
}

/// Facts about a partition: what the controller knows.
pub(super) fn partition(desk: &Desk<'_>, id: TopicPartition) -> Vec<Fact> {
    let Some(shown) = find(desk, id) else { return Vec::new() };
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    match shown.leader {
        Some(leader) => facts.tone("leader", words.node(leader), Tone::Lead),
        None => facts.tone("leader", desk.say("nobody"), Tone::Bad),
    };
    if desk.view.mode.replication() == ReplicationPlane::Raft {
        raft::partition(&mut facts, desk, shown);
        return facts.done();
    }
    facts.add("leader-epoch", shown.leader_epoch).add("partition-epoch", shown.partition_epoch);
    facts.add("replicas", words.nodes(&shown.replicas));
    isr(&mut facts, desk, "isr", &shown.isr, &shown.replicas);
    if let Some(asked) = shown.copies.iter().find_map(|copy| copy.pending_isr) {
        facts.add("isr-asked", words.nodes(&asked.proposed));
    }
    if !shown.elr.is_empty() {
        facts.add("elr", words.nodes(&shown.elr));
    }
    for (key, moving) in [("adding", &shown.adding), ("removing", &shown.removing)] {
        if !moving.is_empty() {
            facts.add(key, words.nodes(moving));
        }
    }
    if shown.recovering {
        facts.tone("recovering", desk.say("yes"), Tone::Bad);
    }
    facts.add("min-isr", shown.min_isr).flag("acks-all", shown.accepts_acks_all, true);
    let unclean = desk.say(if shown.unclean_election { "yes" } else { "no" });
    facts.tone("unclean", unclean, if shown.unclean_election { Tone::Bad } else { Tone::Plain });
    facts.done()
}

fn isr(facts: &mut Facts<'_>, desk: &Desk<'_>, key: &str, isr: &NodeList, replicas: &NodeList) {
    let tone = if isr.len() == replicas.len() { Tone::Good } else { Tone::Bad };
    facts.tone(key, desk.words.nodes(isr), tone);
}

/// Facts about a replica: what it knows itself.
pub(super) fn replica(desk: &Desk<'_>, id: TopicPartition, broker: NodeId) -> Vec<Fact> {
    let Some((partition, shown)) = find_copy(desk, id, broker) else { return Vec::new() };
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    if shown.health != Health::Up {
        facts.tone("health", desk.say(&format!("health.{:?}", shown.health)), Tone::Bad);
    }
    if let Some(raft) = &shown.raft {
        raft::replica(&mut facts, desk, shown, raft);
        log(&mut facts, desk, shown);
        return facts.done();
    }
    let leads = shown.role == ReplicaRole::Leader;
    facts.tone("role", format!("{:?}", shown.role), if leads { Tone::Lead } else { Tone::Plain });
    if leads && !shown.is_true_leader {
        facts.tone("former-leader", desk.say("former-leader.what"), Tone::Bad);
    }
    facts.flag("in-isr", shown.in_isr, true);
    facts.add("leader-epoch", shown.leader_epoch).add("partition-epoch", shown.partition_epoch);
    if !leads {
        facts.some("leader", shown.leader.map(|id| words.node(id)));
    }
    log(&mut facts, desk, shown);
    if leads {
        leading(&mut facts, desk, partition, shown);
    }
    if shown.failed {
        facts.tone("fetcher", desk.say("fetcher.failed"), Tone::Bad);
    }
    facts.done()
}

fn log(facts: &mut Facts<'_>, desk: &Desk<'_>, shown: &ReplicaView) {
    let log = &shown.log;
    facts.add("start", log.start).add("end", log.end);
    facts.add("hw", log.hw.map_or_else(|| desk.say("unknown"), |hw| hw.to_string()));
    facts.add("flushed", log.flushed);
    if let Some(from) = log.diverges_at {
        facts.tone("diverges", from, Tone::Bad);
    }
    if !log.epochs.is_empty() {
        let lines = log.epochs.iter().map(|entry| format!("e{} @ {}", entry.epoch, entry.start));
        facts.add("epochs", lines.collect::<Vec<String>>().join(", "));
    }
}

/// What only a leader knows.
fn leading(facts: &mut Facts<'_>, desk: &Desk<'_>, partition: &PartitionView, shown: &ReplicaView) {
    facts.some("epoch-start", shown.epoch_start);
    isr(facts, desk, "isr-counted", &shown.isr, &partition.replicas);
    if let Some(pending) = shown.pending_isr {
        facts.add("isr-asked", desk.words.nodes(&pending.proposed));
    }
    if shown.waiting_produces > 0 {
        facts.add("waiting", shown.waiting_produces);
    }
    for follower in &shown.followers {
        let args = [
            ("n", follower.broker.number().to_string()),
            ("end", follower.leo.map_or_else(|| desk.say("unknown"), |leo| leo.to_string())),
            ("ago", ago(desk, desk.view.now.since(follower.last_caught_up))),
        ];
        let tone = if follower.counts { Tone::Good } else { Tone::Plain };
        facts.tone("follower", desk.tell("follower.what", &args), tone);
    }
}

/// Facts about a record.
pub(super) fn record(desk: &Desk<'_>, id: TopicPartition, broker: NodeId, offset: Offset) -> Vec<Fact> {
    let Some((partition, shown)) = find_copy(desk, id, broker) else { return Vec::new() };
    let Some(cell) = shown.log.cells.iter().find(|cell| cell.offset == offset) else { return Vec::new() };
    let mut facts = Facts::new(desk);
    facts.add("offset", offset).add("epoch-of-record", cell.epoch);
    if let Some(record) = cell.record {
        facts.add("producer", desk.words.node(record.producer));
        let key = if record.key.is_empty() { desk.say("key.none") } else { record.key.to_string() };
        facts.add("key", key).add("value", record.value);
    }
    facts.flag("committed", cell.committed, true).flag("acknowledged-record", cell.acknowledged, true);
    facts.flag("durable", shown.log.flushed > offset, true);
    let holders = partition.copies.iter().filter(|copy| {
        copy.log
            .cells
            .iter()
            .any(|other| other.offset == offset && other.epoch == cell.epoch && other.record == cell.record)
    });
    let holders: NodeList = holders.map(|copy| copy.broker).collect();
    facts.add("held-by", desk.words.nodes(&holders));
    if shown.log.diverges_at.is_some_and(|from| offset >= from) {
        facts.tone("doomed", desk.say("yes"), Tone::Bad);
    }
    facts.done()
}
