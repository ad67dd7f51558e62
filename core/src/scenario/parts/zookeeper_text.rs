//! Requests and answers of ZooKeeper as a case file writes them.

use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, Op, Path, Stat, ZooKeeperError};
use crate::zookeeper::ClientEvent;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Reads one request: `get PATH [watch]`, `children PATH [watch]`, `exists PATH [watch]`, an operation, or
/// `multi OPERATION; OPERATION`.
pub(super) fn request(text: &str) -> Result<ZkRequest, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let watch = words.get(2) == Some(&"watch");
    match words.as_slice() {
        ["get", place, ..] => Ok(ZkRequest::GetData(path(place)?, watch)),
        ["children", place, ..] => Ok(ZkRequest::GetChildren(path(place)?, watch)),
        ["exists", place, ..] => Ok(ZkRequest::Exists(path(place)?, watch)),
        ["multi", ..] => {
            let rest = text.trim_start().trim_start_matches("multi");
            rest.split(';').map(op).collect::<Result<Vec<Op>, String>>().map(ZkRequest::Multi)
        }
        _ => op(text).map(ZkRequest::Write),
    }
}

fn op(text: &str) -> Result<Op, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let wrong = || {
        format!("'{text}' is no request: write get, children, exists, create, set, delete, check or multi")
    };
    let [verb, place, rest @ ..] = words.as_slice() else { return Err(wrong()) };
    let place = path(place)?;
    let version = rest.iter().find_map(|word| word.strip_prefix('v')).map(|version| version.parse());
    let version = version.transpose().map_err(|_| wrong())?;
    let data = rest.iter().find_map(|word| word.parse().ok()).map_or(Data::Empty, Data::Epoch);
    match *verb {
        "create" => {
            let mode = match rest {
                words if words.contains(&"ephemeral") => CreateMode::Ephemeral,
                words if words.contains(&"sequential") => CreateMode::PersistentSequential,
                _ => CreateMode::Persistent,
            };
            Ok(Op::Create(place, data, mode))
        }
        "set" => Ok(Op::SetData(place, data, version)),
        "delete" => Ok(Op::Delete(place, version)),
        "check" => Ok(Op::Check(place, version.ok_or_else(wrong)?)),
        _ => Err(wrong()),
    }
}

fn path(text: &str) -> Result<Path, String> {
    Path::parse(text).ok_or_else(|| format!("'{text}' is no path that Kafka uses"))
}

pub(super) fn show_answer(answer: &Result<ZkReply, ZooKeeperError>) -> String {
    match answer {
        Ok(ZkReply::Data(data, stat)) => format!("{} {}", show_data(data), show_stat(stat)),
        Ok(ZkReply::Children(paths, _)) => {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            format!("[{}]", paths.join(", "))
        }
        Ok(ZkReply::Done(path, stat)) => format!("{path} {}", show_stat(stat)),
        Ok(ZkReply::Multi(all)) => {
            let all: Vec<String> = all.iter().map(|(path, _)| path.to_string()).collect();
            format!("all of {}", all.join(", "))
        }
        Ok(ZkReply::MultiRefused(op, error)) => format!("operation {op} {}", error.name()),
        Err(error) => error.name().to_string(),
    }
}

/// `v2 czxid=3 mzxid=7`, with the children's version and the owner where they say something.
pub(super) fn show_stat(stat: &Stat) -> String {
    let mut text = format!("v{} czxid={} mzxid={}", stat.version, stat.czxid, stat.mzxid);
    if stat.cversion > 0 {
        text.push_str(&format!(" cversion={}", stat.cversion));
    }
    if stat.ephemeral_owner.0 > 0 {
        text.push_str(&format!(" owner={}", stat.ephemeral_owner));
    }
    text
}

pub(super) fn show_data(data: &Data) -> String {
    match data {
        Data::Empty => String::from("-"),
        Data::Epoch(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

pub(super) fn show_event(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Connected { session, is_new: true } => format!("connected session={session} new"),
        ClientEvent::Connected { session, is_new: false } => format!("connected session={session}"),
        ClientEvent::Disconnected => String::from("disconnected"),
        ClientEvent::Expired => String::from("expired"),
        ClientEvent::Watch(path, event) => format!("watch {event:?} {path}"),
        ClientEvent::Closed => String::from("closed"),
        ClientEvent::Answer(_, tag, _) => format!("answer {tag}"),
    }
}
