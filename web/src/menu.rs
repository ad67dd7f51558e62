//! What can be done to the selected thing: one list for the context menu, the sheet and the command palette.
//!
//! Pure. Offers only what is possible now (a dead process can be started, not stopped); the words live in the
//! language files under `do.<name>`.

use crate::i18n::words::Words;
use crate::select::Selection;
use kraftscope_core::config::Acks;
use kraftscope_core::id::{NodeId, NodeKind, PacketId, ReplicaKey, Text, TopicId, TopicPartition};
use kraftscope_core::mode::{MetadataPlane, ReplicationPlane};
use kraftscope_core::net::{Latency, Link};
use kraftscope_core::node::{Command, Loss, Timer};
use kraftscope_core::record::TopicConfig;
use kraftscope_core::sim::action::{Action, Change};
use kraftscope_core::time::Span;
use kraftscope_core::view::{ClusterView, EnsembleView, Health, LinkView, QuorumRole};
use kraftscope_core::znode::Path;

/// One line of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its text: `do.<name>`.
    pub name: &'static str,
    /// What fills the text.
    pub args: Vec<(&'static str, String)>,
    /// What it does.
    pub actions: Vec<Action>,
    /// It breaks something.
    pub harm: bool,
}

fn item(name: &'static str, actions: Vec<Action>) -> Item {
    Item { name, args: Vec::new(), actions, harm: false }
}

fn harm(name: &'static str, actions: Vec<Action>) -> Item {
    Item { harm: true, ..item(name, actions) }
}

impl Item {
    fn with(mut self, arg: &'static str, value: impl ToString) -> Item {
        self.args.push((arg, value.to_string()));
        self
    }
}

/// What can be done to `target` now.
pub fn items(target: Selection, view: &ClusterView, words: &Words<'_>) -> Vec<Item> {
    match target {
        Selection::Node(node) => of_node(node, view, words),
        Selection::MetadataRecord { controller, .. } => of_node(controller, view, words),
        Selection::Timer(node, timer) => of_timer(node, timer),
        Selection::Flight(packet) => of_flight(packet),
        Selection::Group(name) => of_group(name, view, words),
        Selection::Znode(path) => of_znode(path, view, words),
        Selection::Link { from, to } => of_link(from, to, view),
        Selection::Partition(partition) => {
            let mut items = of_partition(partition, view);
            items.extend(of_moves(partition, None, view, words));
            items
        }
        Selection::Replica { partition, broker } | Selection::Record { partition, broker, .. } => {
            let mut items = of_partition(partition, view);
            items.extend(of_moves(partition, Some(broker), view, words));
            items.extend(of_node(broker, view, words));
            items
        }
    }
}

/// What can be done to the cluster as a whole.
pub fn of_world(view: &ClusterView) -> Vec<Item> {
    let mut items = vec![item("heal-all", vec![Action::HealAll])];
    items.extend(Latency::ALL.map(|latency| {
        item("latency", vec![Action::Configure(Change::Latency(latency))]).with("latency", latency.name())
    }));
    items.push(harm("reorder", vec![Action::Configure(Change::Reorder(true))]));
    let known: Vec<&str> = view.partitions.iter().map(|found| found.topic.as_str()).collect();
    let free = (1..100).map(|n| format!("topic-{n}")).find(|name| !known.contains(&name.as_str()));
    if let (Some(controller), Some(name)) = (active(view), free.as_deref().and_then(Text::new)) {
        let replication_factor = view.brokers.len().min(3) as u16;
        let create = Command::CreateTopic { name, partitions: 3, replication_factor, first_broker: None };
        items.push(
            item("create-topic", vec![Action::Call(controller, create)])
                .with("topic", name)
                .with("replicas", replication_factor),
        );
    }
    items
}

/// How a process is.
pub fn health(node: NodeId, view: &ClusterView) -> Health {
    let controllers = view.controllers.iter().map(|c| (c.id, c.health));
    let brokers = view.brokers.iter().map(|b| (b.id, b.health));
    let producers = view.producers.iter().map(|p| (p.id, p.health));
    let consumers = view.consumers.iter().map(|c| (c.id, c.health));
    let zookeepers = view.zookeepers.iter().map(|z| (z.id, z.health));
    let mut all = controllers.chain(zookeepers).chain(brokers).chain(producers).chain(consumers);
    all.find(|(id, _)| *id == node).map_or(Health::Down, |(_, health)| health)
}

fn of_node(node: NodeId, view: &ClusterView, words: &Words<'_>) -> Vec<Item> {
    let name = words.node(node);
    let mut items = match health(node, view) {
        Health::Down => vec![item("start", vec![Action::Start(node)])],
        Health::Paused => vec![item("resume", vec![Action::Resume(node)])],
        Health::Up => while_up(node, view),
    };
    if health(node, view) != Health::Down {
        let cut = view.links.iter().any(|link| link.cut && (link.from == node || link.to == node));
        items.push(if cut {
            item("rejoin", vec![Action::Rejoin(node)])
        } else {
            harm("isolate", vec![Action::Isolate(node)])
        });
    }
    match node.kind() {
        NodeKind::Broker => items.extend(of_broker(node, view)),
        NodeKind::Producer => items.extend(of_producer(node, view, words)),
        NodeKind::Controller => items.extend(of_controller(node, view)),
        NodeKind::ZooKeeper | NodeKind::Consumer => {}
    }
    if matches!(node.kind(), NodeKind::Broker | NodeKind::Controller | NodeKind::ZooKeeper) {
        items.push(harm("replace-disk", vec![Action::ReplaceDisk(node)]));
    }
    items.into_iter().map(|item| item.with("node", &name)).collect()
}

fn while_up(node: NodeId, view: &ClusterView) -> Vec<Item> {
    let crash = |loss| vec![Action::Crash(node, loss)];
    let call = |command| vec![Action::Call(node, command)];
    match node.kind() {
        NodeKind::Broker => {
            let mut items = vec![
                harm("crash", crash(Loss::Nothing)),
                harm("crash-unflushed", crash(Loss::Unflushed)),
                harm("pause", vec![Action::Pause(node)]),
                item("shutdown", call(Command::ShutDown)),
            ];
            if view.mode.metadata() == MetadataPlane::KRaft {
                items.push(item("snapshot", call(Command::Snapshot { clean: true })));
            }
            items
        }
        NodeKind::Controller => vec![
            harm("crash", crash(Loss::Nothing)),
            harm("crash-unflushed", crash(Loss::Unflushed)),
            harm("pause", vec![Action::Pause(node)]),
            item("resign", call(Command::Resign)),
            item("snapshot", call(Command::Snapshot { clean: true })),
        ],
        NodeKind::ZooKeeper => vec![
            harm("crash", crash(Loss::Nothing)),
            harm("crash-unflushed", crash(Loss::Unflushed)),
            harm("pause", vec![Action::Pause(node)]),
        ],
        NodeKind::Producer => {
            vec![harm("crash", crash(Loss::Nothing)), harm("pause", vec![Action::Pause(node)])]
        }
        NodeKind::Consumer => vec![
            harm("crash", crash(Loss::Nothing)),
            harm("pause", vec![Action::Pause(node)]),
            item("close", call(Command::ShutDown)),
        ],
    }
}

fn of_controller(node: NodeId, view: &ClusterView) -> Vec<Item> {
    let Some(controller) = view.controllers.iter().find(|controller| controller.id == node) else {
        return Vec::new();
    };
    let Some(leader) = active(view) else { return Vec::new() };
    let call = |command| vec![Action::Call(leader, command)];
    if controller.voter {
        vec![harm("remove-voter", call(Command::RemoveVoter(node)))]
    } else if controller.health == Health::Up {
        vec![item("add-voter", call(Command::AddVoter(ReplicaKey { id: node, ..ReplicaKey::default() })))]
    } else {
        Vec::new()
    }
}

fn of_broker(node: NodeId, view: &ClusterView) -> Vec<Item> {
    let Some(broker) = view.brokers.iter().find(|broker| broker.id == node) else { return Vec::new() };
    let slow = |by: Span| vec![Action::Configure(Change::Slow(node, by))];
    let mut items = if broker.slowed == Span::ZERO {
        vec![
            harm("slow", slow(Span::millis(50))).with("by", "50 ms"),
            harm("slow", slow(Span::millis(500))).with("by", "500 ms"),
        ]
    } else {
        vec![item("unslow", slow(Span::ZERO))]
    };
    if view.mode.metadata() == MetadataPlane::ZooKeeper {
        items.extend(expire(node, view));
        return items;
    }
    if let (Some(controller), false) = (active(view), broker.fenced) {
        items.push(harm("fence", vec![Action::Call(controller, Command::FenceBroker(node))]));
    }
    if let (Some(controller), true) = (active(view), broker.health == Health::Down) {
        items.push(harm("unregister", vec![Action::Call(controller, Command::UnregisterBroker(node))]));
    }
    items
}

/// Ends the session of a client with ZooKeeper although the client lives, if it has one.
fn expire(client: NodeId, view: &ClusterView) -> Option<Item> {
    let has_session = view.ensemble.as_ref()?.sessions.iter().any(|session| session.client == client);
    let up = || view.zookeepers.iter().filter(|member| member.health == Health::Up);
    let leader = up().find(|member| member.role == QuorumRole::Leader)?;
    let ends = Action::Call(leader.id, Command::ExpireSession(client));
    has_session.then(|| harm("expire-session", vec![ends]))
}

/// What can be done about a znode: to the broker whose session it goes with.
fn of_znode(path: Path, view: &ClusterView, words: &Words<'_>) -> Vec<Item> {
    let owner = view.ensemble.as_ref().and_then(|kept| kept.znode(path)?.owner);
    owner.map(|owner| of_node(owner, view, words)).unwrap_or_default()
}

/// The active controller, as far as one is seen; with ZooKeeper the broker that `/controller` names, or while it names
/// none any broker: an administrator's wish becomes a znode.
pub fn active(view: &ClusterView) -> Option<NodeId> {
    if view.mode.metadata() == MetadataPlane::ZooKeeper {
        let named = view.ensemble.as_ref().and_then(EnsembleView::controller);
        let mut up = view.brokers.iter().filter(|broker| broker.health == Health::Up).map(|broker| broker.id);
        return up.clone().find(|id| Some(*id) == named).or_else(|| up.next());
    }
    view.controllers.iter().find(|c| c.active && c.health == Health::Up).map(|controller| controller.id)
}

fn of_producer(node: NodeId, view: &ClusterView, words: &Words<'_>) -> Vec<Item> {
    let Some(producer) = view.producers.iter().find(|producer| producer.id == node) else {
        return Vec::new();
    };
    let call = |command| vec![Action::Call(node, command)];
    let mut items = Vec::new();
    if producer.health == Health::Up {
        for topic in topics(view) {
            let send = |count| Command::Send { topic, partition: None, key: Text::default(), count };
            let name = words.topic(topic);
            items.push(item("send", call(send(1))).with("topic", &name));
            items.push(item("burst", call(send(20))).with("topic", &name).with("n", 20));
        }
        for millis in [0, 50, 400, 2000] {
            let interval = Span::millis(millis);
            if interval != producer.interval {
                let name = if millis == 0 { "rate-stop" } else { "rate" };
                items.push(
                    item(name, call(Command::SetRate { interval })).with("every", words.span(interval)),
                );
            }
        }
        for (acks, name) in [(Acks::Zero, "0"), (Acks::One, "1"), (Acks::All, "all")] {
            if acks != producer.acks {
                items.push(item("acks", call(Command::SetAcks(acks))).with("acks", name));
            }
        }
    }
    items
}

fn topics(view: &ClusterView) -> Vec<TopicId> {
    let mut topics: Vec<TopicId> = view.partitions.iter().map(|found| found.partition.topic).collect();
    topics.dedup();
    topics
}

fn of_partition(partition: TopicPartition, view: &ClusterView) -> Vec<Item> {
    // A Raft group elects its leader itself; it has no ISR, and its members do not change.
    if view.mode.replication() == ReplicationPlane::Raft {
        return Vec::new();
    }
    let Some(found) = view.partitions.iter().find(|found| found.partition == partition) else {
        return Vec::new();
    };
    let Some(controller) = active(view) else { return Vec::new() };
    let call = |command| vec![Action::Call(controller, command)];
    let configure = |key, value| call(Command::ConfigureTopic { topic: partition.topic, key, value });
    let mut items = vec![
        item("elect", call(Command::ElectLeader { partition, unclean: false })),
        harm("elect-unclean", call(Command::ElectLeader { partition, unclean: true })),
    ];
    for value in 1..=found.replicas.len().min(5) {
        if value != found.min_isr {
            items.push(item("min-isr", configure(TopicConfig::MinInsyncReplicas, value)).with("n", value));
        }
    }
    let unclean = configure(TopicConfig::UncleanLeaderElectionEnable, u32::from(!found.unclean_election));
    items.push(if found.unclean_election {
        item("unclean-off", unclean)
    } else {
        harm("unclean-on", unclean)
    });
    let name = format!("{}-{}", found.topic, partition.partition);
    items.into_iter().map(|item| item.with("partition", &name).with("topic", found.topic)).collect()
}

/// Reassignments of one replica: a new one, and for the one that is selected, another broker or none.
fn of_moves(
    partition: TopicPartition,
    selected: Option<NodeId>,
    view: &ClusterView,
    words: &Words<'_>,
) -> Vec<Item> {
    if view.mode.replication() == ReplicationPlane::Raft {
        return Vec::new();
    }
    let found = view.partitions.iter().find(|found| found.partition == partition);
    let Some((found, controller)) = found.zip(active(view)) else { return Vec::new() };
    let call = |target| vec![Action::Call(controller, Command::Reassign { partition, target })];
    let name = format!("{}-{}", found.topic, partition.partition);
    if !found.adding.is_empty() || !found.removing.is_empty() {
        return vec![item("cancel-reassignment", call(None)).with("partition", name)];
    }
    let replicas = found.replicas;
    let up = view.brokers.iter().filter(|broker| broker.health == Health::Up && !broker.fenced);
    let free: Vec<NodeId> = up.map(|broker| broker.id).filter(|&id| !replicas.contains(id)).collect();
    let mut items = Vec::new();
    for &to in &free {
        let target = replicas.iter().chain([to]).collect();
        items.push(item("replica-add", call(Some(target))).with("broker", words.node(to)));
    }
    if let Some(from) = selected.filter(|&from| replicas.contains(from)) {
        for &to in &free {
            let target = replicas.iter().map(|id| if id == from { to } else { id }).collect();
            let moved = item("replica-move", call(Some(target))).with("from", words.node(from));
            items.push(moved.with("broker", words.node(to)));
        }
        if replicas.len() > 1 {
            let gone = item("replica-remove", call(Some(replicas.without(from))));
            items.push(gone.with("broker", words.node(from)));
        }
    }
    items.into_iter().map(|item| item.with("partition", &name)).collect()
}

fn of_timer(node: NodeId, timer: Timer) -> Vec<Item> {
    let set = |span: Span| vec![Action::SetTimer(node, timer, span)];
    vec![
        item("fire", vec![Action::Fire(node, timer)]),
        item("set-timer", set(Span::millis(100))).with("to", "100 ms"),
        item("set-timer", set(Span::secs(1))).with("to", "1 s"),
        item("set-timer", set(Span::secs(10))).with("to", "10 s"),
    ]
}

/// What can be done to the broker that answers for a group.
fn of_group(name: Text, view: &ClusterView, words: &Words<'_>) -> Vec<Item> {
    let found = view.groups.iter().find(|group| group.group == name);
    found.map(|group| of_node(group.coordinator, view, words)).unwrap_or_default()
}

/// What can be done to a message in flight.
pub fn of_flight(packet: PacketId) -> Vec<Item> {
    vec![
        item("deliver", vec![Action::Deliver(packet)]),
        harm("drop", vec![Action::Drop(packet)]),
        harm("delay", vec![Action::Delay(packet, Span::millis(50))]).with("by", "50 ms"),
        harm("delay", vec![Action::Delay(packet, Span::secs(5))]).with("by", "5 s"),
        harm("duplicate", vec![Action::Duplicate(packet)]),
    ]
}

fn of_link(from: NodeId, to: NodeId, view: &ClusterView) -> Vec<Item> {
    let links = [Link { from, to }, Link { from: to, to: from }];
    let state = |link: Link| -> Option<&LinkView> {
        view.links.iter().find(|known| known.from == link.from && known.to == link.to)
    };
    let cut = |link| state(link).is_some_and(|known| known.cut);
    let odd =
        links.iter().any(|link| state(*link).is_some_and(|known| known.loss > 0 || known.delay > Span::ZERO));
    let both = |change: &dyn Fn(Link) -> Change| links.map(|link| Action::Configure(change(link))).to_vec();
    let mut items = Vec::new();
    if links.iter().any(|link| cut(*link)) {
        items.push(item(
            "heal",
            links.iter().filter(|link| cut(**link)).map(|link| Action::Heal(*link)).collect(),
        ));
    } else {
        items.push(harm("cut", links.map(Action::Cut).to_vec()));
        items.push(harm("cut-forth", vec![Action::Cut(links[0])]).with("from", from).with("to", to));
        items.push(harm("cut-back", vec![Action::Cut(links[1])]).with("from", to).with("to", from));
    }
    items.push(
        harm("link-slow", both(&|link| Change::LinkDelay(link, Span::millis(200)))).with("by", "200 ms"),
    );
    items.push(harm("link-lossy", both(&|link| Change::LinkLoss(link, 300_000))).with("n", 30));
    if odd {
        let mut usual = both(&|link| Change::LinkDelay(link, Span::ZERO));
        usual.extend(both(&|link| Change::LinkLoss(link, 0)));
        items.push(item("link-usual", usual));
    }
    items
}
