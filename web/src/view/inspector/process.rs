//! Facts about processes, messages and links.

use super::facts::{Fact, Facts, Tone};
use super::{Desk, ensemble};
use crate::i18n::tr;
use kraftscope_core::id::{NodeId, NodeKind, Offset, PacketId};
use kraftscope_core::time::Span;
use kraftscope_core::view::{
    BrokerView, ConsumerView, ControllerView, FlightView, Health, ProducerView, QuorumRole,
};

/// Facts about a process.
pub(super) fn node(desk: &Desk<'_>, node: NodeId) -> Vec<Fact> {
    let view = desk.view;
    match node.kind() {
        NodeKind::Controller => {
            view.controllers.iter().find(|c| c.id == node).map(|shown| controller(desk, shown))
        }
        NodeKind::ZooKeeper => {
            view.zookeepers.iter().find(|z| z.id == node).map(|shown| ensemble::member(desk, shown))
        }
        NodeKind::Broker => view.brokers.iter().find(|b| b.id == node).map(|shown| broker(desk, shown)),
        NodeKind::Producer => view.producers.iter().find(|p| p.id == node).map(|shown| producer(desk, shown)),
        NodeKind::Consumer => view.consumers.iter().find(|c| c.id == node).map(|shown| consumer(desk, shown)),
    }
    .unwrap_or_default()
}

pub(super) fn health(facts: &mut Facts<'_>, desk: &Desk<'_>, health: Health) {
    let tone = if health == Health::Up { Tone::Good } else { Tone::Bad };
    facts.tone("health", desk.say(&format!("health.{health:?}")), tone);
}

pub(super) fn offset(desk: &Desk<'_>, offset: Option<Offset>) -> String {
    offset.map_or_else(|| desk.say("unknown"), |offset| offset.to_string())
}

fn controller(desk: &Desk<'_>, shown: &ControllerView) -> Vec<Fact> {
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    health(&mut facts, desk, shown.health);
    let tone = if shown.role == QuorumRole::Leader { Tone::Lead } else { Tone::Plain };
    facts.tone("role", format!("{:?}", shown.role), tone).add("epoch", shown.epoch);
    facts.some("leader", shown.leader.map(|id| words.node(id)));
    facts.some("voted", shown.voted.map(|id| words.node(id)));
    if !shown.granted.is_empty() || !shown.refused.is_empty() {
        facts.add("granted", words.nodes(&shown.granted)).add("refused", words.nodes(&shown.refused));
    }
    if shown.active {
        facts.tone("active", desk.say("yes"), Tone::Lead);
    }
    if !shown.log.snapshots.is_empty() {
        let ends = shown.log.snapshots.iter().map(ToString::to_string);
        facts.add("snapshots", ends.collect::<Vec<String>>().join(", ")).add("start", shown.log.start);
    }
    facts.add("end", shown.log.end).add("hw", offset(desk, shown.log.hw)).add("flushed", shown.log.flushed);
    facts.some("epoch-start", shown.epoch_start);
    facts.some("diverges", shown.log.diverges_at);
    if !shown.follower_ends.is_empty() {
        let ends =
            shown.follower_ends.iter().map(|(id, end)| format!("C{}: {}", id.number(), offset(desk, *end)));
        facts.add("follower-ends", ends.collect::<Vec<String>>().join(", "));
    }
    facts.done()
}

fn broker(desk: &Desk<'_>, shown: &BrokerView) -> Vec<Fact> {
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    health(&mut facts, desk, shown.health);
    facts.add("phase", format!("{:?}", shown.phase)).some("rack", shown.rack);
    let with_zookeeper = desk.view.ensemble.is_some();
    if with_zookeeper {
        facts.flag("registered", !shown.fenced, true);
        facts.some(
            "controls",
            shown.controller_epoch.map(|epoch| desk.tell("at-epoch", &[("n", epoch.to_string())])),
        );
    } else {
        facts.flag("fenced", shown.fenced, false);
    }
    if shown.in_controlled_shutdown {
        facts.tone("controlled-shutdown", desk.say("yes"), Tone::Bad);
    }
    facts
        .some("broker-epoch", shown.broker_epoch)
        .some("controller", shown.controller.map(|id| words.node(id)));
    if !with_zookeeper {
        facts.add("metadata-offset", shown.metadata_offset);
    }
    facts.add("leads", format!("{} / {}", shown.leads, shown.replicas));
    if let Some(session) = shown.session {
        let left = session.expires.since(desk.view.now);
        let low = left.0 * 4 < session.expires.since(session.last_contact).0;
        facts.tone("session", words.span(left), if low { Tone::Bad } else { Tone::Plain });
        facts.add("last-contact", ago(desk, desk.view.now.since(session.last_contact)));
    }
    if shown.slowed > Span::ZERO {
        facts.tone("slowed", words.span(shown.slowed), Tone::Bad);
    }
    super::group::of_broker(&mut facts, desk, shown.id);
    facts.done()
}

/// `1.2 s ago`
pub(super) fn ago(desk: &Desk<'_>, span: Span) -> String {
    desk.tell("ago", &[("span", desk.words.span(span))])
}

fn producer(desk: &Desk<'_>, shown: &ProducerView) -> Vec<Fact> {
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    health(&mut facts, desk, shown.health);
    facts.add("acks", format!("{:?}", shown.acks).to_lowercase());
    let never = shown.interval == Span::ZERO;
    facts.add("interval", if never { desk.say("interval.none") } else { words.span(shown.interval) });
    facts.add("queued", shown.queued).add("acknowledged", shown.acknowledged);
    facts.tone("failed", shown.failed, if shown.failed > 0 { Tone::Bad } else { Tone::Plain });
    if !shown.last_error.is_none() {
        facts.tone("last-error", shown.last_error.name(), Tone::Bad);
    }
    for batch in &shown.in_flight {
        let leader = batch.leader.map_or_else(|| desk.say("batch.waiting"), |id| words.node(id));
        let args = [
            ("partition", words.partition(batch.partition)),
            ("count", batch.count.to_string()),
            ("leader", leader),
            ("attempt", batch.attempts.to_string()),
            ("left", words.span(batch.deadline.since(desk.view.now))),
        ];
        facts.add("batch", desk.tell("batch.what", &args));
    }
    facts.done()
}

fn consumer(desk: &Desk<'_>, shown: &ConsumerView) -> Vec<Fact> {
    let mut facts = Facts::new(desk);
    health(&mut facts, desk, shown.health);
    facts.some("rack", shown.rack).add("consumed", shown.consumed);
    for (partition, offset) in &shown.positions {
        let read = shown.read_replicas.iter().find(|(of, _)| of == partition);
        let from = read.map(|(_, replica)| desk.tell("read-from", &[("replica", desk.words.node(*replica))]));
        let from = from.map(|from| format!(", {from}")).unwrap_or_default();
        facts.add("position", format!("{} → {offset}{from}", desk.words.partition(*partition)));
    }
    if let Some(membership) = &shown.membership {
        super::group::of_consumer(&mut facts, desk, membership);
    }
    facts.done()
}

/// Facts about a record of the metadata log.
pub(super) fn metadata_record(desk: &Desk<'_>, controller: NodeId, offset: Offset) -> Vec<Fact> {
    let Some(log) = desk.view.log_of(controller) else { return Vec::new() };
    let Some(cell) = log.cells.iter().find(|cell| cell.offset == offset) else { return Vec::new() };
    let mut facts = Facts::new(desk);
    facts.add("offset", offset).add("record-kind", cell.metadata.unwrap_or_default());
    facts.add("epoch", cell.epoch).flag("committed", cell.committed, true);
    facts.flag("durable", log.flushed > offset, true);
    facts.done()
}

/// Facts about a message.
pub(super) fn flight(desk: &Desk<'_>, packet: PacketId) -> Vec<Fact> {
    let Some(shown) = desk.view.flights.iter().find(|flight| flight.id == packet) else { return Vec::new() };
    let words = &desk.words;
    let mut facts = Facts::new(desk);
    let what = format!("api.{}", shown.api);
    if desk.words.lang.has(&what) {
        facts.add("meaning", tr(desk.words.lang, &what));
    }
    facts
        .add("api", shown.api)
        .add("form", desk.say(if shown.request { "form.request" } else { "form.response" }));
    facts.add("from", words.node(shown.from)).add("to", words.node(shown.to));
    facts.add("sent", ago(desk, desk.view.now.since(shown.sent_at)));
    arrival(&mut facts, desk, shown);
    if !shown.summary.is_empty() {
        facts.add("says", &shown.summary);
    }
    if !shown.error.is_none() {
        facts.tone("error", shown.error.name(), Tone::Bad);
    }
    if !shown.partitions.is_empty() {
        let names: Vec<String> = shown.partitions.iter().map(|id| words.partition(*id)).collect();
        facts.add("partitions", names.join(", "));
    }
    facts.done()
}

fn arrival(facts: &mut Facts<'_>, desk: &Desk<'_>, shown: &FlightView) {
    if shown.blocked {
        facts.tone("due", desk.say("due.blocked"), Tone::Bad);
    } else if shown.lost {
        facts.tone("due", desk.say("due.lost"), Tone::Bad);
    } else {
        let left = desk.words.span(shown.deliver_at.since(desk.view.now));
        facts.add("due", desk.tell("in", &[("span", left)]));
    }
}

/// Facts about both directions between two nodes.
pub(super) fn link(desk: &Desk<'_>, from: NodeId, to: NodeId) -> Vec<Fact> {
    let mut list = Vec::new();
    for (a, b) in [(from, to), (to, from)] {
        let name = format!("{} → {}", desk.words.node(a), desk.words.node(b));
        let state = desk.view.links.iter().find(|link| link.from == a && link.to == b);
        let mut words = Vec::new();
        if let Some(link) = state {
            if link.cut {
                words.push(desk.say("link.cut"));
            }
            if link.delay > Span::ZERO {
                words.push(format!("+{}", desk.words.span(link.delay)));
            }
            if link.loss > 0 {
                words.push(desk.tell("link.loss", &[("percent", (f64::from(link.loss) / 1e4).to_string())]));
            }
        }
        let usual = words.is_empty();
        let value = if usual { desk.say("link.usual") } else { words.join(", ") };
        list.push(Fact { name, value, tone: if usual { Tone::Good } else { Tone::Bad } });
    }
    list
}
