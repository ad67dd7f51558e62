//! `component: assignor`: who of a group gets which partitions.

use super::{Component, Part};
use crate::client::assignors::{
    Assignment, Member, NamedPartition, Topics, cooperative_sticky, range, round_robin, sticky, uniform,
};
use crate::id::Text;
use crate::scenario::command::{Command, Verb, at_most, list, one_of, small};
use crate::scenario::words;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "assignor",
    about: "how partitions are dealt out among a group's members",
    verbs: &[
        Verb { usage: "topic NAME partitions=N", about: "A topic." },
        Verb {
            usage: "member ID topics=LIST [instance=ID] [owned=LIST] [generation=N]",
            about: "A member, or the same one with another subscription; what it owns is written `t1-0,t1-1`.",
        },
        Verb { usage: "leave ID", about: "A member is gone." },
        Verb {
            usage: "assign STRATEGY [adopt]",
            about: "Prints what each member gets by range, round-robin, sticky, cooperative-sticky or uniform; with `adopt` the members own it from then on, in the next generation.",
        },
    ],
    new: || Box::new(AssignorPart::default()),
};

type Assignor = fn(&[Member], &Topics) -> Assignment;

const ASSIGNORS: &[(&str, Assignor)] = &[
    ("range", range),
    ("round-robin", round_robin),
    ("sticky", sticky),
    ("cooperative-sticky", cooperative_sticky),
    ("uniform", uniform),
];

/// The most partitions of a topic, and the most members.
const MOST: u64 = 200;

#[derive(Debug, Default)]
struct AssignorPart {
    topics: Topics,
    members: Vec<Member>,
}

impl Part for AssignorPart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        match command.verb {
            "topic" => {
                let count = command.need("partitions", at_most(MOST))? as u16;
                self.topics.insert(command.read(0, words::short)?, count);
            }
            "member" => self.member(command)?,
            "leave" => {
                let id = command.read(0, words::short)?;
                self.members.retain(|member| member.id != id);
            }
            _ => return self.assign(command),
        }
        if self.topics.len() as u64 > MOST || self.members.len() as u64 > MOST {
            return Err(format!("more than {MOST} topics or members"));
        }
        Ok(String::new())
    }
}

impl AssignorPart {
    fn member(&mut self, command: &Command<'_>) -> Result<(), String> {
        let member = Member {
            id: command.read(0, words::short)?,
            instance: command.maybe("instance", words::short)?,
            topics: command.need("topics", list(words::short))?,
            owned: command.or("owned", Vec::new(), list(partition))?,
            generation: command.or("generation", 0, small)?,
        };
        match self.members.iter_mut().find(|known| known.id == member.id) {
            Some(known) => *known = member,
            None => self.members.push(member),
        }
        Ok(())
    }

    fn assign(&mut self, command: &Command<'_>) -> Result<String, String> {
        let name = command.at(0).unwrap_or_default();
        let assignment = one_of(ASSIGNORS)(name)?(&self.members, &self.topics);
        let show = |(id, partitions): &(Text, Vec<NamedPartition>)| {
            let mut sorted = partitions.clone();
            sorted.sort();
            let shown: Vec<String> =
                sorted.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect();
            format!("{id}: {}", if shown.is_empty() { String::from("nothing") } else { shown.join(" ") })
        };
        let lines: Vec<String> = assignment.iter().map(show).collect();
        if command.has("adopt") {
            for (member, (_, partitions)) in self.members.iter_mut().zip(assignment) {
                (member.owned, member.generation) = (partitions, member.generation.saturating_add(1));
            }
        }
        Ok(lines.join("\n"))
    }
}

fn partition(text: &str) -> Result<NamedPartition, String> {
    let wrong = || format!("'{text}' is no partition: write one like t1-0");
    let (topic, number) = text.rsplit_once('-').ok_or_else(wrong)?;
    Ok((words::short(topic)?, number.parse().map_err(|_| wrong())?))
}
