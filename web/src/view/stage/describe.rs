//! The stage in sentences: what a screen reader says of each thing.

use super::broker::out_of_it;
use super::card::is_named;
use super::client::partition_name;
use super::control::Server;
use super::group;
use super::row::proposed;
use super::sheet::Sheet;
use super::{raft, tree};
use kraftscope_core::id::{NodeKind, NodeList, Offset, Text};
use kraftscope_core::mode::Mode;
use kraftscope_core::view::{
    BrokerPhase, BrokerView, ClusterView, ConsumerView, Health, PartitionView, ProducerView, ReplicaView,
};
use kraftscope_core::znode::{Data, Path};

/// `1, 2`, or the word for nobody.
pub(super) fn numbers(sheet: &Sheet, list: &NodeList) -> String {
    if list.is_empty() {
        return sheet.say("nobody");
    }
    let numbers: Vec<String> = list.iter().map(|id| id.number().to_string()).collect();
    numbers.join(", ")
}

fn hw(sheet: &Sheet, hw: Option<Offset>) -> String {
    hw.map_or_else(|| sheet.say("unknown"), |hw| hw.to_string())
}

/// `Controller 1: Leader of epoch 3, active controller; …`
pub(super) fn controller(sheet: &Sheet, shown: &Server<'_>) -> String {
    let is_member = shown.id.kind() == NodeKind::ZooKeeper;
    let mut parts = vec![sheet.tell(
        if is_member { "say.zookeeper" } else { "say.controller" },
        &[
            ("n", shown.id.number().to_string()),
            ("health", sheet.say(&format!("health.{:?}", shown.health))),
            ("role", sheet.say(&format!("role.{:?}", shown.role))),
            ("epoch", shown.epoch.to_string()),
            ("end", shown.log.end.to_string()),
            ("hw", hw(sheet, shown.log.hw)),
        ],
    )];
    if shown.active {
        parts.push(sheet.say("active"));
    }
    if !shown.granted.is_empty() || !shown.refused.is_empty() {
        let args = [("granted", numbers(sheet, &shown.granted)), ("refused", numbers(sheet, &shown.refused))];
        parts.push(sheet.tell("say.votes", &args));
    }
    parts.join("; ")
}

/// `Broker 2: Running; leads 2 of 4 partitions`
pub(super) fn broker(sheet: &Sheet, shown: &BrokerView, mode: Mode) -> String {
    let standing = match (shown.health, shown.phase) {
        (Health::Up, BrokerPhase::Running) if shown.fenced => sheet.say(out_of_it(mode)),
        (Health::Up, BrokerPhase::Running) => sheet.say("phase.Running"),
        (Health::Up, BrokerPhase::PendingControlledShutdown | BrokerPhase::ShuttingDown) => {
            sheet.say("phase.ShuttingDown")
        }
        (Health::Up, BrokerPhase::NotRunning | BrokerPhase::Starting | BrokerPhase::Recovery) => {
            sheet.say("phase.Starting")
        }
        (health, _) => sheet.say(&format!("health.{health:?}")),
    };
    sheet.tell(
        "say.broker",
        &[
            ("n", shown.id.number().to_string()),
            ("standing", standing),
            ("leads", shown.leads.to_string()),
            ("replicas", shown.replicas.to_string()),
        ],
    )
}

/// `orders-0: leader broker 2, leader epoch 3, …`
pub(super) fn partition(sheet: &Sheet, shown: &PartitionView) -> String {
    let leader = shown.leader.map_or_else(|| sheet.say("nobody"), |id| id.number().to_string());
    if shown.copies.iter().any(|copy| copy.raft.is_some()) {
        let args = [
            ("name", format!("{}-{}", shown.topic, shown.partition.partition)),
            ("leader", leader),
            ("epoch", shown.leader_epoch.to_string()),
            ("replicas", numbers(sheet, &shown.replicas)),
            ("commits", raft::commits(sheet, shown).0),
        ];
        return sheet.tell("say.raft.partition", &args);
    }
    let acks = if shown.accepts_acks_all { "acks.passes" } else { "acks.blocked.short" };
    let mut text = sheet.tell(
        "say.partition",
        &[
            ("name", format!("{}-{}", shown.topic, shown.partition.partition)),
            ("leader", leader),
            ("epoch", shown.leader_epoch.to_string()),
            ("version", shown.partition_epoch.to_string()),
            ("isr", numbers(sheet, &shown.isr)),
            ("replicas", numbers(sheet, &shown.replicas)),
            ("acks", sheet.say(acks)),
        ],
    );
    if let Some(asked) = proposed(shown) {
        text += "; ";
        text += &sheet.tell("say.asked", &[("isr", numbers(sheet, &asked))]);
    }
    text
}

/// `orders-0 on broker 2: Leader, in ISR, log end offset 8, high watermark 7`
pub(super) fn replica(sheet: &Sheet, partition: &PartitionView, shown: &ReplicaView) -> String {
    let mut text = sheet.tell(
        "say.replica",
        &[
            ("name", format!("{}-{}", partition.topic, partition.partition.partition)),
            ("n", shown.broker.number().to_string()),
            (
                "role",
                if is_named(partition, shown) {
                    sheet.say("role.named")
                } else {
                    sheet.say(&format!("role.{:?}", shown.role))
                },
            ),
            ("isr", sheet.say(if shown.in_isr { "isr.in" } else { "isr.out" })),
            ("end", shown.log.end.to_string()),
            ("hw", hw(sheet, shown.log.hw)),
        ],
    );
    if shown.health != Health::Up {
        text += "; ";
        text += &sheet.say(&format!("health.{:?}", shown.health));
    }
    if let Some(from) = shown.log.diverges_at {
        text += "; ";
        text += &sheet.tell("say.diverges", &[("offset", from.to_string())]);
    }
    text
}

/// `Producer 1: acks All, 12 acknowledged, 0 failed, 2 batches in flight`
pub(super) fn producer(sheet: &Sheet, shown: &ProducerView) -> String {
    sheet.tell(
        "say.producer",
        &[
            ("n", shown.id.number().to_string()),
            ("acks", format!("{:?}", shown.acks).to_lowercase()),
            ("told", shown.acknowledged.to_string()),
            ("failed", shown.failed.to_string()),
            ("batches", shown.in_flight.len().to_string()),
        ],
    )
}

/// `Consumer 1: 5 records read; reads next orders-0 offset 5`
pub(super) fn consumer(sheet: &Sheet, view: &ClusterView, shown: &ConsumerView) -> String {
    let positions: Vec<String> = shown
        .positions
        .iter()
        .map(|(partition, offset)| format!("{} {offset}", partition_name(view, *partition)))
        .collect();
    let mut text = sheet.tell(
        "say.consumer",
        &[
            ("n", shown.id.number().to_string()),
            ("count", shown.consumed.to_string()),
            ("positions", positions.join(", ")),
        ],
    );
    if let Some(own) = &shown.membership {
        let owned: Vec<String> = own.owned.iter().map(|at| partition_name(view, *at)).collect();
        let args = [
            ("group", own.group.to_string()),
            ("phase", sheet.say(&format!("group.phase.{:?}", own.phase))),
            ("epoch", own.epoch.to_string()),
            ("owned", if owned.is_empty() { sheet.say("group.nothing") } else { owned.join(", ") }),
        ];
        text += "; ";
        text += &sheet.tell("say.member", &args);
    }
    text
}

/// `Group shop: Stable, generation 3, coordinator broker 2; …`
pub(super) fn group(sheet: &Sheet, view: &ClusterView, name: Text) -> String {
    let title = sheet.tell("group", &[("group", name.to_string())]);
    let Some(shown) = group::of(view, name) else {
        return format!("{title}: {}", sheet.say("group.homeless"));
    };
    let mut parts =
        vec![shown.state.to_owned(), group::epoch(sheet, shown), group::coordinator(sheet, shown)];
    parts.extend(group::waits(sheet, view, shown));
    format!("{title}: {}", parts.join(", "))
}

/// `/controller: broker 2, version 0`
pub(super) fn znode(sheet: &Sheet, view: &ClusterView, path: Path) -> String {
    let found = view.ensemble.as_ref().and_then(|kept| kept.znode(path));
    let Some(found) = found else {
        return sheet.tell("say.znode.gone", &[("path", path.to_string())]);
    };
    let holds = match &found.data {
        Data::Node(node) => sheet.tell("broker", &[("n", node.number().to_string())]),
        Data::Epoch(epoch) => epoch.to_string(),
        data => tree::partitions_of(data)
            .iter()
            .map(|at| partition_name(view, *at))
            .collect::<Vec<String>>()
            .join(", "),
    };
    let args = [("path", path.to_string()), ("holds", holds), ("version", found.stat.version.to_string())];
    sheet.tell("say.znode", &args)
}
