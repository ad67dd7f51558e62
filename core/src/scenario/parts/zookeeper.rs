//! `component: zookeeper`: an ensemble and its clients, without a cluster.

use super::zookeeper_lab::Lab;
use super::zookeeper_text::{request, show_data, show_stat};
use super::{Component, Part, setup};
use crate::config::Settings;
use crate::id::NodeId;
use crate::scenario::command::{Command, Verb, at_most, span};
use crate::time::Span;
use crate::znode::Path;
use crate::zookeeper::ZooKeeperServer;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The longest time that one command may let pass.
const LONGEST: Span = Span::secs(3600);

pub(super) const COMPONENT: Component = Component {
    name: "zookeeper",
    about: "a ZooKeeper ensemble and its clients (QuorumPeer, DataTree, ClientCnxn)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "ensemble [members=N] [latency=SPAN] [seed=N]",
            about: "Starts anew with these members, one unless said, and passes a second, in which they elect a leader.",
        },
        Verb { usage: "connect BROKER...", about: "Starts these clients and passes ten milliseconds." },
        Verb {
            usage: "ask BROKER REQUEST... [nowait]",
            about: "Sends requests together and prints their answers: `\"get PATH [watch]\"`, `\"children PATH [watch]\"`, \
                    `\"exists PATH [watch]\"`, `\"create PATH [ephemeral|sequential] [DATA]\"`, `\"set PATH [DATA] [vN]\"`, \
                    `\"delete PATH [vN]\"`, `\"check PATH vN\"`, `\"multi OPERATION; OPERATION\"`.",
        },
        Verb { usage: "close BROKER", about: "The client ends its session in order." },
        Verb {
            usage: "advance SPAN",
            about: "Lets time pass and prints what happens, with the time since the command.",
        },
        Verb { usage: "crash NODE", about: "Kills a member or a client." },
        Verb { usage: "start NODE", about: "Starts it again." },
        Verb { usage: "pause NODE", about: "Lets it stand still." },
        Verb { usage: "resume NODE", about: "Lets it go on." },
        Verb { usage: "cut NODE NODE", about: "Cuts both directions; what is sent waits." },
        Verb { usage: "heal NODE NODE", about: "Heals them." },
        Verb { usage: "expire BROKER [at=MEMBER]", about: "Expires its sessions although it lives (F19)." },
        Verb { usage: "tree [at=MEMBER]", about: "Prints every znode that was not there from the start." },
        Verb { usage: "sessions [at=MEMBER]", about: "Prints the sessions that live." },
        Verb { usage: "watches", about: "Prints the watches that each member keeps." },
        Verb { usage: "members", about: "Prints what each member is and which clients it has." },
    ],
    new: || Box::new(ZooKeeper::default()),
};

#[derive(Debug)]
struct ZooKeeper {
    settings: Settings,
    lab: Option<Lab>,
}

impl Default for ZooKeeper {
    fn default() -> ZooKeeper {
        // What work costs is no part of the rules that a case pins, unless it says so.
        let free =
            Settings { zookeeper_read: Span::ZERO, zookeeper_write: Span::ZERO, ..Settings::default() };
        ZooKeeper { settings: free, lab: None }
    }
}

impl Part for ZooKeeper {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        if setup::run(&mut self.settings, command)? {
            if command.verb == "release" {
                (self.settings.zookeeper_read, self.settings.zookeeper_write) = (Span::ZERO, Span::ZERO);
            }
            return Ok(String::new());
        }
        if command.verb == "ensemble" {
            let members = command.or("members", 1, at_most(9))?.max(1) as u8;
            let latency = command.or("latency", Span::millis(1), span)?.max(Span(1));
            let seed = command.or("seed", 1, at_most(1_000_000))?;
            let mut lab = Lab::new(self.settings, members, latency, seed);
            lab.advance(Span::secs(1));
            return Ok(self.lab.insert(lab).told());
        }
        let lab = self.lab.as_mut().ok_or("write 'ensemble' first")?;
        lab.settings = self.settings;
        match command.verb {
            "connect" => {
                for name in command.positional() {
                    lab.start(client(name)?);
                }
                lab.advance(Span::millis(10));
            }
            "ask" => ask(lab, command)?,
            "close" => {
                lab.close(command.read(0, client)?)?;
                lab.advance(Span::millis(10));
            }
            "advance" => lab.advance(command.read(0, span)?.min(LONGEST)),
            "crash" => lab.crash(command.read(0, NodeId::parse)?),
            "start" => lab.start(command.read(0, NodeId::parse)?),
            "pause" => lab.pause(command.read(0, NodeId::parse)?, true),
            "resume" => lab.pause(command.read(0, NodeId::parse)?, false),
            "cut" | "heal" => {
                let (a, b) = (command.read(0, NodeId::parse)?, command.read(1, NodeId::parse)?);
                lab.cut(a, b, command.verb == "cut");
            }
            "expire" => {
                let at = command.or("at", NodeId::zookeeper(1), NodeId::parse)?;
                lab.expire(at, command.read(0, client)?);
                lab.advance(Span::millis(10));
            }
            "tree" => return member(lab, command).map(tree),
            "sessions" => return member(lab, command).map(sessions),
            "watches" => return Ok(watches(lab)),
            _ => return Ok(members(lab)),
        }
        Ok(lab.told())
    }
}

fn client(text: &str) -> Result<NodeId, String> {
    let id = NodeId::parse(text)?;
    if id.0 < 100 { Ok(id) } else { Err(format!("'{text}' is no broker")) }
}

fn ask(lab: &mut Lab, command: &Command<'_>) -> Result<(), String> {
    let id = command.read(0, client)?;
    let texts = command.positional().iter().skip(1).filter(|word| **word != "nowait");
    let requests = texts.map(|text| request(text)).collect::<Result<Vec<_>, String>>()?;
    if lab.client(id).is_none() {
        return Err(format!("{id} is no client that runs: write 'connect {}'", id.number()));
    }
    lab.ask(id, requests, !command.has("nowait"))
}

/// The member that is named, else the one that has applied most.
fn member<'a>(lab: &'a Lab, command: &Command<'_>) -> Result<&'a ZooKeeperServer, String> {
    let at = command.maybe("at", NodeId::parse)?;
    let named =
        |(id, member): (NodeId, Option<&'a ZooKeeperServer>)| member.filter(|_| at.is_none_or(|at| at == id));
    lab.members()
        .filter_map(named)
        .max_by_key(|member| member.zxid())
        .ok_or("no such member runs".to_string())
}

fn tree(member: &ZooKeeperServer) -> String {
    let is_root = |path: Path| crate::zookeeper::Tree::default().get(path).is_some();
    let made = member.tree().iter().filter(|(path, _)| !is_root(*path));
    let lines =
        made.map(|(path, node)| format!("{path} {} {}", show_data(&node.data), show_stat(&node.stat)));
    lines.collect::<Vec<String>>().join("\n")
}

fn sessions(member: &ZooKeeperServer) -> String {
    let line = |(session, is): (&crate::znode::SessionId, &crate::zookeeper::Session)| {
        format!("{session} {} timeout={}", is.client, crate::scenario::words::show_span(is.timeout))
    };
    member.database().sessions().iter().map(line).collect::<Vec<String>>().join("\n")
}

fn watches(lab: &Lab) -> String {
    let of = |(id, member): (NodeId, Option<&ZooKeeperServer>)| -> Vec<String> {
        let watches = member.into_iter().flat_map(|member| member.watches().iter());
        watches
            .map(|(client, path, children)| {
                format!("{id} {client} {path}{}", if children { " children" } else { "" })
            })
            .collect()
    };
    lab.members().flat_map(of).collect::<Vec<String>>().join("\n")
}

fn members(lab: &Lab) -> String {
    let line = |(id, member): (NodeId, Option<&ZooKeeperServer>)| {
        let Some(member) = member else { return format!("{id} down") };
        let role = match (member.is_leader(), member.is_serving()) {
            (true, _) => "leads",
            (false, true) => "follows",
            (false, false) => "looks",
        };
        let clients: Vec<String> = member.clients().map(|(client, _)| client.number().to_string()).collect();
        format!(
            "{id} {role} epoch={} zxid={} clients=[{}]",
            member.disk.epoch,
            member.zxid(),
            clients.join(",")
        )
    };
    lab.members().map(line).collect::<Vec<String>>().join("\n")
}
