//! `component: epoch-cache`: one leader-epoch cache.

use super::{Component, Part};
use crate::epochs::LeaderEpochCache;
use crate::id::{LeaderEpoch, Offset};
use crate::scenario::command::{Command, Verb, number, or_none, small};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "epoch-cache",
    about: "a leader-epoch cache (LeaderEpochFileCache)",
    verbs: &[
        Verb {
            usage: "cache [EPOCH@START...]",
            about: "Starts anew with an empty cache and assigns these in order.",
        },
        Verb { usage: "assign EPOCH@START...", about: "Notes that the epoch starts at this offset." },
        Verb {
            usage: "end-offset-for epoch=N|-1 [leo=N]",
            about: "Prints `(epoch, end offset)` of the largest epoch not above it; (-1, -1) is undefined.",
        },
        Verb {
            usage: "truncate-from-end OFFSET",
            about: "Drops entries from this offset on; -1 is undefined.",
        },
        Verb {
            usage: "truncate-from-start OFFSET",
            about: "Drops entries wholly below this offset; -1 is undefined.",
        },
        Verb { usage: "clear", about: "Forgets everything." },
        Verb { usage: "show", about: "Prints the entries as `[EPOCH@START, ...]`." },
        Verb { usage: "latest", about: "Prints the latest entry, or `none`." },
    ],
    new: || Box::new(EpochCache::default()),
};

#[derive(Debug, Default)]
struct EpochCache {
    cache: LeaderEpochCache,
}

impl Part for EpochCache {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        match command.verb {
            "cache" => {
                self.cache = LeaderEpochCache::default();
                self.assign(command)?;
            }
            "assign" => self.assign(command)?,
            "end-offset-for" => return self.end_offset_for(command),
            "truncate-from-end" => {
                if let Some(offset) = command.read(0, or_none(number))? {
                    self.cache.truncate_from_end(Offset(offset));
                }
            }
            "truncate-from-start" => {
                if let Some(offset) = command.read(0, or_none(number))? {
                    self.cache.truncate_from_start(Offset(offset));
                }
            }
            "clear" => self.cache.clear(),
            "latest" => {
                let latest = self.cache.latest();
                return Ok(
                    latest.map_or(String::from("none"), |entry| format!("{}@{}", entry.epoch, entry.start))
                );
            }
            _ => return Ok(show(&self.cache)),
        }
        Ok(String::new())
    }
}

impl EpochCache {
    fn assign(&mut self, command: &Command<'_>) -> Result<(), String> {
        for entry in command.positional() {
            let (epoch, start) = epoch_at(entry)?;
            self.cache.assign(epoch, start);
        }
        Ok(())
    }

    fn end_offset_for(&self, command: &Command<'_>) -> Result<String, String> {
        let epoch = command.need("epoch", or_none(small))?.map(LeaderEpoch);
        let leo = Offset(command.or("leo", 0, number)?);
        Ok(match self.cache.end_offset_for(epoch, leo) {
            Some(found) => format!("({}, {})", found.epoch, found.end),
            None => String::from("(-1, -1)"),
        })
    }
}

/// Reads `EPOCH@START`.
pub(super) fn epoch_at(text: &str) -> Result<(LeaderEpoch, Offset), String> {
    let wrong = || format!("'{text}': write EPOCH@START, like 2@10");
    let (epoch, start) = text.split_once('@').ok_or_else(wrong)?;
    Ok((LeaderEpoch(small(epoch).map_err(|_| wrong())?), Offset(number(start).map_err(|_| wrong())?)))
}

/// Prints `[2@10, 4@15]`.
pub(super) fn show(cache: &LeaderEpochCache) -> String {
    let entries: Vec<String> =
        cache.entries().iter().map(|entry| format!("{}@{}", entry.epoch, entry.start)).collect();
    format!("[{}]", entries.join(", "))
}
