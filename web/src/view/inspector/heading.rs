//! What is selected, in a word and a name.

use super::Desk;
use crate::i18n::capital;
use crate::select::Selection;
use kraftscope_core::id::NodeKind;
use kraftscope_core::scenario::words::show_timer;

/// The kind of thing.
pub(super) fn kind(desk: &Desk<'_>, selected: Selection) -> String {
    desk.say(match selected {
        Selection::Node(node) => match node.kind() {
            NodeKind::Broker => "kind.broker",
            NodeKind::Controller => "kind.controller",
            NodeKind::ZooKeeper => "kind.zookeeper",
            NodeKind::Producer => "kind.producer",
            NodeKind::Consumer => "kind.consumer",
        },
        Selection::Partition(_) => "kind.partition",
        Selection::Replica { .. } => "kind.replica",
        Selection::Record { .. } => "kind.record",
        Selection::MetadataRecord { controller, .. } if controller.kind() == NodeKind::ZooKeeper => {
            "kind.transaction"
        }
        Selection::MetadataRecord { .. } => "kind.metadata",
        Selection::Group(_) => "kind.group",
        Selection::Znode(_) => "kind.znode",
        Selection::Flight(_) => "kind.flight",
        Selection::Timer(..) => "kind.timer",
        Selection::Link { .. } => "kind.link",
    })
}

/// Its name.
pub(super) fn title(desk: &Desk<'_>, selected: Selection) -> String {
    let words = &desk.words;
    let on = |what: String, node| desk.tell("on", &[("what", what), ("node", words.node(node))]);
    match selected {
        Selection::Node(node) => capital(&words.node(node)),
        Selection::Partition(partition) => words.partition(partition),
        Selection::Replica { partition, broker } => on(words.partition(partition), broker),
        Selection::Record { partition, broker, offset } => {
            on(format!("{} @ {offset}", words.partition(partition)), broker)
        }
        Selection::MetadataRecord { controller, offset } => {
            let log = if controller.kind() == NodeKind::ZooKeeper { "zxid" } else { "__cluster_metadata @" };
            on(format!("{log} {offset}"), controller)
        }
        Selection::Group(name) => name.to_string(),
        Selection::Znode(path) => path.to_string(),
        Selection::Flight(packet) => {
            let flight = desk.view.flights.iter().find(|flight| flight.id == packet);
            flight.map_or_else(|| format!("#{packet}"), |flight| format!("{} #{packet}", flight.api))
        }
        Selection::Timer(node, timer) => on(show_timer(timer), node),
        Selection::Link { from, to } => capital(&format!("{} ↔ {}", words.node(from), words.node(to))),
    }
}
