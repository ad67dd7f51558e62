//! What was done, and events that have no note of their own, in one sentence.

use super::words::{Word, Words};
use super::{capital, t};
use kraftscope_core::history::StepLog;
use kraftscope_core::id::NodeId;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::record::TopicConfig;
use kraftscope_core::scenario::words::show_timer;
use kraftscope_core::sim::action::{Action, Change};

type Args = Vec<(&'static str, String)>;

/// An intervention as a sentence: `You crashed broker 1.`
pub fn did(words: &Words<'_>, action: &Action) -> String {
    let (name, args) = parts(words, action);
    capital(&t(words.lang, &format!("did.{name}"), &args))
}

fn parts(words: &Words<'_>, action: &Action) -> (&'static str, Args) {
    let node = |node: NodeId| vec![("node", words.node(node))];
    let link =
        |link: kraftscope_core::net::Link| vec![("from", words.node(link.from)), ("to", words.node(link.to))];
    match *action {
        Action::Deliver(_) => ("deliver", Vec::new()),
        Action::Drop(_) => ("drop", Vec::new()),
        Action::Duplicate(_) => ("duplicate", Vec::new()),
        Action::Delay(_, by) => ("delay", vec![("by", words.span(by))]),
        Action::Fire(at, timer) => ("fire", vec![("node", words.node(at)), ("timer", show_timer(timer))]),
        Action::SetTimer(at, timer, to) => {
            let timer = show_timer(timer);
            ("set-timer", vec![("node", words.node(at)), ("timer", timer), ("to", words.span(to))])
        }
        Action::Crash(at, Loss::Nothing) => ("crash", node(at)),
        Action::Crash(at, Loss::Unflushed | Loss::AtMost(_)) => ("crash-unflushed", node(at)),
        Action::Start(at) => ("start", node(at)),
        Action::ReplaceDisk(at) => ("replace-disk", node(at)),
        Action::Pause(at) => ("pause", node(at)),
        Action::Resume(at) => ("resume", node(at)),
        Action::Cut(at) => ("cut", link(at)),
        Action::Heal(at) => ("heal", link(at)),
        Action::Isolate(at) => ("isolate", node(at)),
        Action::Rejoin(at) => ("rejoin", node(at)),
        Action::HealAll => ("heal-all", Vec::new()),
        Action::Configure(change) => change_parts(words, change),
        Action::Call(at, command) => command_parts(words, at, &command),
        Action::Roll => ("roll", Vec::new()),
    }
}

fn change_parts(words: &Words<'_>, change: Change) -> (&'static str, Args) {
    match change {
        Change::Latency(latency) => ("latency", vec![("latency", latency.name().to_owned())]),
        Change::LinkDelay(link, by) => (
            "link-delay",
            vec![("from", words.node(link.from)), ("to", words.node(link.to)), ("by", words.span(by))],
        ),
        Change::LinkLoss(link, parts) => (
            "link-loss",
            vec![("from", words.node(link.from)), ("to", words.node(link.to)), ("n", percent(parts))],
        ),
        Change::Slow(at, by) => ("slow", vec![("node", words.node(at)), ("by", words.span(by))]),
        Change::Clock(at, percent) => {
            ("clock", vec![("node", words.node(at)), ("percent", percent.to_string())])
        }
        Change::Rate(rate, parts) => ("rate", vec![("rate", rate.name().to_owned()), ("n", percent(parts))]),
        Change::Reorder(on) => ("reorder", vec![("on", on.word(words))]),
    }
}

/// Parts in a million as percent.
pub fn percent(parts: u32) -> String {
    let whole = f64::from(parts) / 10_000.0;
    format!("{whole}")
}

fn command_parts(words: &Words<'_>, at: NodeId, command: &Command) -> (&'static str, Args) {
    let mut args: Args = vec![("node", words.node(at))];
    let name = match *command {
        Command::ShutDown => "shutdown",
        Command::Resign => "resign",
        Command::Snapshot { .. } => "snapshot",
        Command::FailController => "fail",
        Command::CreateTopic { .. } | Command::ConfigureTopic { .. } => {
            topic_parts(words, command, &mut args)
        }
        Command::ElectLeader { partition, unclean } => {
            args.push(("partition", words.partition(partition)));
            args.push(("unclean", unclean.word(words)));
            "elect"
        }
        Command::FailAppend(partition) => {
            args.push(("partition", words.partition(partition)));
            "fail-append"
        }
        Command::DeleteRecords { partition, offset } => {
            args.push(("partition", words.partition(partition)));
            args.push(("offset", offset.map_or_else(|| "-1".to_owned(), |offset| offset.to_string())));
            "delete-records"
        }
        Command::FenceBroker(broker) => {
            args.push(("broker", words.node(broker)));
            "fence"
        }
        Command::ExpireSession(client) => {
            args.push(("client", words.node(client)));
            "expire-session"
        }
        Command::AddVoter(controller) => {
            args.push(("controller", words.node(controller.id)));
            "add-voter"
        }
        Command::RemoveVoter(controller) => {
            args.push(("controller", words.node(controller)));
            "remove-voter"
        }
        Command::Reassign { partition, target } => {
            args.push(("partition", words.partition(partition)));
            args.push(("brokers", target.map(|target| words.nodes(&target)).unwrap_or_default()));
            if target.is_some() { "reassign" } else { "cancel-reassignment" }
        }
        Command::UnregisterBroker(broker) => {
            args.push(("broker", words.node(broker)));
            "unregister"
        }
        Command::Append(count) => {
            args.push(("n", count.to_string()));
            "append"
        }
        Command::Send { .. } | Command::SetRate { .. } | Command::SetAcks(_) => {
            client_parts(words, command, &mut args)
        }
    };
    (name, args)
}

/// What is asked about topics.
fn topic_parts(words: &Words<'_>, command: &Command, args: &mut Args) -> &'static str {
    match *command {
        Command::CreateTopic { name, partitions, replication_factor, .. } => {
            args.push(("topic", name.to_string()));
            args.push(("partitions", partitions.to_string()));
            args.push(("replicas", replication_factor.to_string()));
            "create-topic"
        }
        Command::ConfigureTopic { topic, key, value } => {
            args.push(("topic", words.topic(topic)));
            args.push(("value", value.to_string()));
            match key {
                TopicConfig::MinInsyncReplicas => "min-isr",
                TopicConfig::UncleanLeaderElectionEnable => "unclean",
            }
        }
        _ => "",
    }
}

/// What is asked of a producer.
fn client_parts(words: &Words<'_>, command: &Command, args: &mut Args) -> &'static str {
    match *command {
        Command::Send { topic, count, .. } => {
            args.push(("topic", words.topic(topic)));
            args.push(("n", count.to_string()));
            "send"
        }
        Command::SetRate { interval } => {
            args.push(("every", words.span(interval)));
            "interval"
        }
        Command::SetAcks(acks) => {
            args.push(("acks", acks.word(words)));
            "acks"
        }
        _ => "",
    }
}

/// An event without a note: a message that arrived, a timer that ran out, or what was done.
pub fn event(words: &Words<'_>, log: &StepLog) -> String {
    let to = log.node.word(words);
    if let Some(delivered) = log.delivered {
        let key = match (delivered.api, delivered.request) {
            ("Disconnect", _) => "step.disconnect",
            (_, true) => "step.request",
            (_, false) => "step.response",
        };
        let args = [("api", delivered.api.to_owned()), ("from", words.node(delivered.from)), ("to", to)];
        return capital(&t(words.lang, key, &args));
    }
    match log.action {
        Action::Fire(_, timer) => {
            capital(&t(words.lang, "step.timer", &[("node", to), ("timer", show_timer(timer))]))
        }
        other => did(words, &other),
    }
}
