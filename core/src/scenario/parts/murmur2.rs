//! `component: murmur2`: the hash of keys, and the partition that it leads to.

use super::{Component, Part};
use crate::client::murmur2::{murmur2, partition_for_key};
use crate::scenario::command::{Command, Verb};
use crate::scenario::words;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

pub(super) const COMPONENT: Component = Component {
    name: "murmur2",
    about: "the hash of keys (Utils.murmur2) and the partition of a keyed record",
    verbs: &[
        Verb { usage: "hash KEY...", about: "Prints each key's hash as Java's signed int." },
        Verb {
            usage: "partition KEY... of=N",
            about: "Prints each key's partition among so many (BuiltInPartitioner.partitionForKey).",
        },
    ],
    new: || Box::new(Murmur2),
};

#[derive(Debug)]
struct Murmur2;

impl Part for Murmur2 {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        let mut lines = String::new();
        for key in command.positional() {
            let value = match command.verb {
                "hash" => i64::from(murmur2(key.as_bytes())),
                _ => i64::from(partition_for_key(key.as_bytes(), command.need("of", words::number)?)),
            };
            lines.push_str(&format!("\"{key}\" {value}\n"));
        }
        Ok(lines)
    }
}
