//! Actions as text: `crash broker-1 unflushed`, `cut broker-1 -> broker-2`, `elect orders-0 unclean`.
//!
//! What is printed reads back as the same action. Errors say what was expected.

use crate::config::Acks;
use crate::id::{DirectoryId, NODE_LIST_CAPACITY, NodeId, NodeList, Offset, ReplicaKey, TopicPartition};
use crate::net::{Latency, Link};
use crate::node::{Command, Loss};
use crate::record::TopicConfig;
use crate::scenario::words::{self, Names, show_span, span};
use crate::sim::action::{Action, Change, Rate};
use crate::sim::clock::FASTEST;
use crate::sim::genesis::MOST_PARTITIONS;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// Reads one line. A link without an arrow means both directions and makes two actions; `controller` is the active
/// controller, for commands that only it takes.
pub fn parse(line: &str, names: &Names, controller: NodeId) -> Result<Vec<Action>, String> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let (&verb, rest) = parts.split_first().ok_or("an action is missing")?;
    let node = |text: &str| NodeId::parse(text);
    let one = match (verb, rest) {
        ("cut", link) => return Ok(links(link)?.into_iter().map(Action::Cut).collect()),
        ("heal", ["all"]) => Action::HealAll,
        ("heal", link) => return Ok(links(link)?.into_iter().map(Action::Heal).collect()),
        ("link-delay" | "link-loss", [link @ .., amount]) => return link_changes(verb, link, amount),
        ("crash", [id]) => Action::Crash(node(id)?, Loss::Nothing),
        ("crash", [id, "unflushed"]) => Action::Crash(node(id)?, Loss::Unflushed),
        ("crash", [id, "at-most", n]) => Action::Crash(node(id)?, Loss::AtMost(words::number(n)?)),
        ("start", [id]) => Action::Start(node(id)?),
        ("replace-disk", [id]) => Action::ReplaceDisk(node(id)?),
        ("pause", [id]) => Action::Pause(node(id)?),
        ("resume", [id]) => Action::Resume(node(id)?),
        ("isolate", [id]) => Action::Isolate(node(id)?),
        ("rejoin", [id]) => Action::Rejoin(node(id)?),
        ("deliver", [id]) => Action::Deliver(words::packet(id)?),
        ("drop", [id]) => Action::Drop(words::packet(id)?),
        ("duplicate", [id]) => Action::Duplicate(words::packet(id)?),
        ("delay", [id, by]) => Action::Delay(words::packet(id)?, span(by)?),
        ("fire", [id, timer]) => Action::Fire(node(id)?, words::timer(timer)?),
        ("set-timer", [id, timer, to]) => Action::SetTimer(node(id)?, words::timer(timer)?, span(to)?),
        ("latency" | "slow" | "clock" | "rate" | "reorder", _) => Action::Configure(change(verb, rest)?),
        ("call", [id, rest @ ..]) => Action::Call(node(id)?, command(&rest.join(" "), names)?),
        ("fail-append", [id, partition]) => {
            Action::Call(node(id)?, Command::FailAppend(names.partition(partition)?))
        }
        ("shutdown", [id]) => Action::Call(node(id)?, Command::ShutDown),
        ("resign", [id]) => Action::Call(node(id)?, Command::Resign),
        ("fail", [id]) => Action::Call(node(id)?, Command::FailController),
        ("snapshot", [id, rest @ ..]) => Action::Call(node(id)?, snapshot(rest)?),
        ("send" | "interval" | "acks", [id, ..]) => {
            Action::Call(node(id)?, client_command(verb, &rest[1..], names)?)
        }
        (
            "elect"
            | "fence"
            | "unregister"
            | "reassign"
            | "cancel-reassignment"
            | "min-isr"
            | "unclean"
            | "create-topic"
            | "append"
            | "add-voter"
            | "remove-voter"
            | "delete-records",
            _,
        ) => Action::Call(controller, command(line, names)?),
        ("roll", []) => Action::Roll,
        _ => {
            return Err(format!(
                "'{line}' is no action: write one like 'crash broker-1', 'cut broker-1 broker-2', \
                 'pause broker-2', 'send producer-1 orders key-1 5' or 'elect orders-0'"
            ));
        }
    };
    Ok(vec![one])
}

/// `a b` is both directions, `a -> b` is one.
fn links(parts: &[&str]) -> Result<Vec<Link>, String> {
    match parts {
        [from, "->", to] => Ok(vec![Link { from: NodeId::parse(from)?, to: NodeId::parse(to)? }]),
        [a, b] => {
            let (a, b) = (NodeId::parse(a)?, NodeId::parse(b)?);
            Ok(vec![Link { from: a, to: b }, Link { from: b, to: a }])
        }
        _ => Err(String::from("a link is missing: write 'broker-1 broker-2' or 'broker-1 -> broker-2'")),
    }
}

fn link_changes(verb: &str, link: &[&str], amount: &str) -> Result<Vec<Action>, String> {
    let mut actions = Vec::new();
    for link in links(link)? {
        actions.push(Action::Configure(match verb {
            "link-delay" => Change::LinkDelay(link, span(amount)?),
            _ => Change::LinkLoss(link, words::number(amount)?),
        }));
    }
    Ok(actions)
}

fn change(verb: &str, rest: &[&str]) -> Result<Change, String> {
    match (verb, rest) {
        ("latency", [name]) => Latency::parse(name).map(Change::Latency).ok_or_else(|| {
            let known: Vec<&str> = Latency::ALL.iter().map(|latency| latency.name()).collect();
            format!("'{name}' is no latency: write one of {}", known.join(", "))
        }),
        ("slow", [node, by]) => Ok(Change::Slow(NodeId::parse(node)?, span(by)?)),
        ("clock", [node, percent]) => {
            let number = percent.strip_suffix('%').and_then(|number| number.parse().ok());
            let number = number.filter(|&number: &u32| number <= FASTEST);
            let number = number
                .ok_or_else(|| format!("'{percent}' is no speed of a clock: write 0% to {FASTEST}%"))?;
            Ok(Change::Clock(NodeId::parse(node)?, number))
        }
        ("reorder", ["on"]) => Ok(Change::Reorder(true)),
        ("reorder", ["off"]) => Ok(Change::Reorder(false)),
        ("rate", [name, parts]) => Ok(Change::Rate(rate(name)?, words::number(parts)?)),
        _ => Err(format!("'{verb}' is not followed by what it needs")),
    }
}

/// The rate of this name.
pub fn rate(name: &str) -> Result<Rate, String> {
    Rate::ALL.into_iter().find(|rate| rate.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Rate::ALL.iter().map(|rate| rate.name()).collect();
        format!("'{name}' is no rate: write one of {}", known.join(", "))
    })
}

fn client_command(verb: &str, rest: &[&str], names: &Names) -> Result<Command, String> {
    match (verb, rest) {
        ("send", [topic, key, count]) => {
            let (topic, partition) = match names.partition(topic) {
                Ok(TopicPartition { topic, partition }) => (topic, Some(partition)),
                Err(_) => (names.topic(topic)?, None),
            };
            let key = if *key == "-" { words::short("")? } else { words::short(key)? };
            Ok(Command::Send { topic, partition, key, count: words::number(count)? })
        }
        ("send", [topic]) => client_command(verb, &[topic, "-", "1"], names),
        ("send", [topic, key]) => client_command(verb, &[topic, key, "1"], names),
        ("interval", [every]) => Ok(Command::SetRate { interval: span(every)? }),
        ("acks", [acks]) => parse_acks(acks).map(Command::SetAcks),
        _ => Err(format!("'{verb}' is not followed by what it needs: 'send producer-1 orders key-1 5'")),
    }
}

/// Reads `0`, `1`, `all`.
pub fn parse_acks(text: &str) -> Result<Acks, String> {
    match text {
        "0" => Ok(Acks::Zero),
        "1" => Ok(Acks::One),
        "all" | "-1" => Ok(Acks::All),
        _ => Err(format!("acks '{text}': write 0, 1 or all")),
    }
}

/// Prints what [`parse_acks`] reads.
pub const fn show_acks(acks: Acks) -> &'static str {
    match acks {
        Acks::Zero => "0",
        Acks::One => "1",
        Acks::All => "all",
    }
}

/// The most metadata records that one line may append.
const MOST_APPENDED: u32 = 10_000;

/// A number that no text may exceed, so that a hostile one cannot fill the memory.
fn at_most(text: &str, most: u32) -> Result<u32, String> {
    let number = words::number(text)?;
    if number <= most { Ok(number) } else { Err(format!("'{text}' is too many: write at most {most}")) }
}

/// What stands behind `snapshot`.
fn snapshot(rest: &[&str]) -> Result<Command, String> {
    match rest {
        [] => Ok(Command::Snapshot { clean: true }),
        ["keep-log"] => Ok(Command::Snapshot { clean: false }),
        _ => Err(format!("snapshot '{}': write nothing more, or keep-log", rest.join(" "))),
    }
}

/// `controller-4` on the disk that it has, or `controller-4 disk 2`.
fn voter(node: &str, disk: &[&str]) -> Result<ReplicaKey, String> {
    let id = NodeId::parse(node)?;
    let directory = match disk {
        [] => DirectoryId(0),
        ["disk", number] => {
            let before = at_most(number, 1000)?.saturating_sub(1);
            (0..before).fold(DirectoryId::first_of(id), |directory, _| directory.of_replacement())
        }
        _ => {
            return Err(format!(
                "'{}': write 'add-voter {node}' or 'add-voter {node} disk 2'",
                disk.join(" ")
            ));
        }
    };
    Ok(ReplicaKey { id, directory })
}

/// `2,3,4`.
fn brokers(text: &str) -> Result<NodeList, String> {
    let ids: Result<Vec<NodeId>, String> = text.split(',').map(|id| NodeId::parse(id.trim())).collect();
    match ids? {
        ids if ids.len() <= NODE_LIST_CAPACITY as usize => Ok(NodeList::of(&ids)),
        ids => Err(format!("{} brokers are too many: write at most {NODE_LIST_CAPACITY}", ids.len())),
    }
}

fn command(line: &str, names: &Names) -> Result<Command, String> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let elect = |partition: &str, unclean| {
        names.partition(partition).map(|partition| Command::ElectLeader { partition, unclean })
    };
    let configure = |topic: &str, key, value| {
        names.topic(topic).map(|topic| Command::ConfigureTopic { topic, key, value })
    };
    match parts.as_slice() {
        ["fail-append", partition] => names.partition(partition).map(Command::FailAppend),
        ["delete-records", partition, offset] => Ok(Command::DeleteRecords {
            partition: names.partition(partition)?,
            offset: if *offset == "-1" { None } else { Some(Offset(words::number(offset)?)) },
        }),
        ["shutdown"] => Ok(Command::ShutDown),
        ["resign"] => Ok(Command::Resign),
        ["fail"] => Ok(Command::FailController),
        ["snapshot", rest @ ..] => snapshot(rest),
        ["append", count] => Ok(Command::Append(at_most(count, MOST_APPENDED)?)),
        ["elect", partition] => elect(partition, false),
        ["elect", partition, "unclean"] => elect(partition, true),
        ["fence", node] => Ok(Command::FenceBroker(NodeId::parse(node)?)),
        ["expire-session", node] => Ok(Command::ExpireSession(NodeId::parse(node)?)),
        ["add-voter", node, disk @ ..] => voter(node, disk).map(Command::AddVoter),
        ["remove-voter", node] => Ok(Command::RemoveVoter(NodeId::parse(node)?)),
        ["reassign", partition, list] => {
            let (partition, target) = (names.partition(partition)?, Some(brokers(list)?));
            Ok(Command::Reassign { partition, target })
        }
        ["cancel-reassignment", partition] => {
            Ok(Command::Reassign { partition: names.partition(partition)?, target: None })
        }
        ["unregister", node] => Ok(Command::UnregisterBroker(NodeId::parse(node)?)),
        ["min-isr", topic, value] => configure(topic, TopicConfig::MinInsyncReplicas, words::number(value)?),
        ["unclean", topic, state @ ("on" | "off")] => {
            configure(topic, TopicConfig::UncleanLeaderElectionEnable, u32::from(*state == "on"))
        }
        ["create-topic", name, partitions, replicas, first @ ..] => Ok(Command::CreateTopic {
            name: words::short(name)?,
            partitions: at_most(partitions, MOST_PARTITIONS)? as u16,
            replication_factor: words::number(replicas)?,
            first_broker: first.first().map(|node| NodeId::parse(node)).transpose()?,
        }),
        [verb @ ("send" | "interval" | "acks"), rest @ ..] => client_command(verb, rest, names),
        _ => Err(format!("'{line}' is no command: write one like 'elect orders-0' or 'min-isr orders 2'")),
    }
}

/// Prints an action so that [`parse`] reads the same again.
pub fn show(action: &Action, names: &Names) -> String {
    match *action {
        Action::Deliver(id) => format!("deliver {id}"),
        Action::Drop(id) => format!("drop {id}"),
        Action::Duplicate(id) => format!("duplicate {id}"),
        Action::Delay(id, by) => format!("delay {id} {}", show_span(by)),
        Action::Fire(node, timer) => format!("fire {node} {}", words::show_timer(timer)),
        Action::SetTimer(node, timer, to) => {
            format!("set-timer {node} {} {}", words::show_timer(timer), show_span(to))
        }
        Action::Crash(node, Loss::Nothing) => format!("crash {node}"),
        Action::Crash(node, Loss::Unflushed) => format!("crash {node} unflushed"),
        Action::Crash(node, Loss::AtMost(n)) => format!("crash {node} at-most {n}"),
        Action::Start(node) => format!("start {node}"),
        Action::ReplaceDisk(node) => format!("replace-disk {node}"),
        Action::Pause(node) => format!("pause {node}"),
        Action::Resume(node) => format!("resume {node}"),
        Action::Cut(link) => format!("cut {link}"),
        Action::Heal(link) => format!("heal {link}"),
        Action::Isolate(node) => format!("isolate {node}"),
        Action::Rejoin(node) => format!("rejoin {node}"),
        Action::HealAll => String::from("heal all"),
        Action::Configure(change) => show_change(change),
        Action::Call(node, command) => format!("call {node} {}", show_command(&command, names)),
        Action::Roll => String::from("roll"),
    }
}

fn show_change(change: Change) -> String {
    match change {
        Change::Latency(latency) => format!("latency {}", latency.name()),
        Change::LinkDelay(link, by) => format!("link-delay {link} {}", show_span(by)),
        Change::LinkLoss(link, parts) => format!("link-loss {link} {parts}"),
        Change::Slow(node, by) => format!("slow {node} {}", show_span(by)),
        Change::Clock(node, percent) => format!("clock {node} {percent}%"),
        Change::Rate(rate, parts) => format!("rate {} {parts}", rate.name()),
        Change::Reorder(on) => format!("reorder {}", if on { "on" } else { "off" }),
    }
}

fn show_command(command: &Command, names: &Names) -> String {
    match *command {
        Command::ShutDown => String::from("shutdown"),
        Command::Resign => String::from("resign"),
        Command::FailController => String::from("fail"),
        Command::Snapshot { clean: true } => String::from("snapshot"),
        Command::Snapshot { clean: false } => String::from("snapshot keep-log"),
        Command::Append(count) => format!("append {count}"),
        Command::CreateTopic { name, partitions, replication_factor, first_broker } => {
            let first = first_broker.map(|node| format!(" {node}")).unwrap_or_default();
            format!("create-topic {name} {partitions} {replication_factor}{first}")
        }
        Command::ConfigureTopic { topic, key: TopicConfig::MinInsyncReplicas, value } => {
            format!("min-isr {} {value}", names.name(topic))
        }
        Command::ConfigureTopic { topic, key: TopicConfig::UncleanLeaderElectionEnable, value } => {
            format!("unclean {} {}", names.name(topic), if value == 0 { "off" } else { "on" })
        }
        Command::ElectLeader { partition, unclean } => {
            format!("elect {}{}", names.show(partition), if unclean { " unclean" } else { "" })
        }
        Command::FenceBroker(node) => format!("fence {node}"),
        Command::ExpireSession(node) => format!("expire-session {node}"),
        Command::AddVoter(ReplicaKey { id, directory: DirectoryId(0) }) => format!("add-voter {id}"),
        Command::AddVoter(ReplicaKey { id, directory }) => {
            format!("add-voter {id} disk {}", directory.number())
        }
        Command::RemoveVoter(node) => format!("remove-voter {node}"),
        Command::Reassign { partition, target: Some(target) } => {
            let numbers: Vec<String> = target.iter().map(|id| id.number().to_string()).collect();
            format!("reassign {} {}", names.show(partition), numbers.join(","))
        }
        Command::Reassign { partition, target: None } => {
            format!("cancel-reassignment {}", names.show(partition))
        }
        Command::UnregisterBroker(node) => format!("unregister {node}"),
        Command::FailAppend(partition) => format!("fail-append {}", names.show(partition)),
        Command::DeleteRecords { partition, offset } => {
            let offset = offset.map_or_else(|| "-1".to_string(), |offset| offset.to_string());
            format!("delete-records {} {offset}", names.show(partition))
        }
        Command::Send { topic, partition, key, count } => {
            let topic = match partition {
                Some(partition) => names.show(TopicPartition { topic, partition }),
                None => names.name(topic),
            };
            let key = if key.is_empty() { "-".to_string() } else { key.to_string() };
            format!("send {topic} {key} {count}")
        }
        Command::SetRate { interval } => format!("interval {}", show_span(interval)),
        Command::SetAcks(acks) => format!("acks {}", show_acks(acks)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names(["orders", "payments"].map(|name| words::short(name).expect("short")).to_vec())
    }

    #[test]
    fn an_action_reads_back_as_it_was_printed() {
        let lines = [
            "crash broker-1",
            "crash controller-2 unflushed",
            "crash broker-1 at-most 2",
            "start broker-1",
            "replace-disk controller-2",
            "pause broker-2",
            "resume broker-2",
            "cut broker-1 -> broker-2",
            "heal broker-1 -> broker-2",
            "isolate controller-1",
            "rejoin controller-1",
            "heal all",
            "drop 123",
            "duplicate 7",
            "deliver 7",
            "delay 123 50ms",
            "fire controller-1 Election",
            "set-timer broker-1 Heartbeat 1500ms",
            "latency zones",
            "slow broker-3 200ms",
            "rate lossy-crash 20000",
            "reorder on",
            "link-delay broker-1 -> controller-1 5ms",
            "link-loss broker-1 -> controller-1 1000",
            "call controller-1 create-topic extra 3 2 broker-1",
            "call controller-1 min-isr orders 1",
            "call controller-1 unclean orders on",
            "call controller-1 elect orders-0 unclean",
            "call controller-1 fence broker-2",
            "call controller-1 add-voter controller-4",
            "call controller-1 add-voter controller-4 disk 2",
            "call controller-1 remove-voter controller-2",
            "call controller-1 unregister broker-2",
            "call controller-1 reassign orders-0 2,3,4",
            "call controller-1 cancel-reassignment orders-0",
            "call broker-1 fail-append orders-0",
            "call broker-1 delete-records orders-0 5",
            "call broker-1 delete-records orders-0 -1",
            "call producer-1 send orders-1 key-1 5",
            "call producer-1 send payments - 1",
            "call producer-1 interval 200ms",
            "call producer-1 acks all",
            "call broker-1 shutdown",
            "call controller-1 resign",
            "call controller-1 append 3",
            "call broker-1 snapshot",
            "call controller-1 fail",
            "call controller-1 snapshot keep-log",
        ];
        for line in lines {
            let actions = parse(line, &names(), NodeId::controller(1)).expect(line);
            assert_eq!(actions.iter().map(|action| show(action, &names())).collect::<Vec<_>>(), [line]);
        }
    }

    #[test]
    fn a_cut_without_an_arrow_means_both_directions() {
        let actions = parse("cut broker-1 broker-2", &names(), NodeId::controller(1)).expect("parses");
        let shown: Vec<String> = actions.iter().map(|action| show(action, &names())).collect();
        assert_eq!(shown, ["cut broker-1 -> broker-2", "cut broker-2 -> broker-1"]);
    }

    #[test]
    fn a_broken_line_says_what_was_expected() {
        let error = |line| parse(line, &names(), NodeId::controller(1)).expect_err("is refused");
        assert!(error("explode broker-1").contains("is no action"));
        assert!(error("crash toaster-1").contains("names no process"));
        assert!(error("elect nothing-0").contains("topics are: orders, payments"));
        assert!(error("latency moon").contains("datacenter"));
        assert!(error("").contains("missing"));
        assert!(error("call controller-1 append 4000000000").contains("at most 10000"));
        assert!(error("create-topic wide 60000 3").contains("at most 200"));
    }
}
