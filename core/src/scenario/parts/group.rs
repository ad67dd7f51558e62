//! `component: group`: one consumer group in its coordinator's hands, driven by its members' requests and by time.

use super::{Component, Part, group_text, setup};
use crate::config::Settings;
use crate::group::assign::{Catalogue, Shares};
use crate::group::offsets::Offsets;
use crate::group::reconcile::Member;
use crate::group::{Asker, ClassicGroup, ConsumerGroup};
use crate::id::{Correlation, NodeId, Offset, Text, TopicId, TopicPartition};
use crate::node::{Effect, Out};
use crate::scenario::command::{Command, Verb, at_most, list, number, one_of, small, span};
use crate::scenario::words::{self, Names};
use crate::time::{Span, Time};
use crate::wire::{
    ConsumerGroupHeartbeatRequest, ErrorCode, GroupMessage, HeartbeatRequest, JoinGroupRequest,
    LeaveGroupRequest, MemberEpoch, Message, OffsetCommitRequest, ServerAssignor, Strategy, Subscription,
    SyncGroupRequest,
};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const COMPONENT: Component = Component {
    name: "group",
    about: "one consumer group in its coordinator's hands, of either protocol (GroupMetadataManager)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb { usage: "topic NAME partitions=N", about: "A topic, or the same one with more partitions." },
        Verb { usage: "classic", about: "Starts anew with an empty group of the classic protocol." },
        Verb { usage: "consumer [epoch=N]", about: "Starts anew with an empty group of KIP-848." },
        Verb {
            usage: "member MEMBER topics=LIST [assigned=LIST] [epoch=N] [instance=ID] [rebalance-timeout=SPAN]",
            about: "KIP-848: a member that has reached its target, in the group's epoch unless said; partitions are written `foo-0,foo-1`.",
        },
        Verb {
            usage: "target MEMBER:PARTITIONS...",
            about: "KIP-848: what the assignor will say from now on, instead of its own mind: `m1:foo-0,foo-1 m2:-`.",
        },
        Verb {
            usage: "join MEMBER [topics=LIST] [protocols=LIST] [session-timeout=SPAN] [rebalance-timeout=SPAN] [instance=ID] [owned=LIST] [generation=N] [known] [requires-id]",
            about: "JoinGroup. Who is not in the group sends no id, and MEMBER is the one that it gets; with `requires-id` it has to come back with it (KIP-394). `known`: it sends MEMBER although nobody knows it.",
        },
        Verb {
            usage: "sync MEMBER [MEMBER:PARTITIONS...] [generation=N] [instance=ID]",
            about: "SyncGroup, of the present generation unless said; the leader brings everybody's partitions.",
        },
        Verb {
            usage: "heartbeat MEMBER [generation=N] [instance=ID]",
            about: "Heartbeat, of the present generation unless said.",
        },
        Verb { usage: "leave MEMBER [instance=ID]", about: "LeaveGroup." },
        Verb {
            usage: "consumer-heartbeat MEMBER epoch=N|-1|-2 [topics=LIST] [owned=LIST] [instance=ID] [assignor=NAME] [rebalance-timeout=SPAN]",
            about: "ConsumerGroupHeartbeat: epoch 0 joins, -1 leaves, -2 leaves for a moment; what is not said has not changed.",
        },
        Verb {
            usage: "commit MEMBER|- PARTITION@OFFSET... [generation=N]",
            about: "OffsetCommit, with the generation or member epoch if one is given.",
        },
        Verb { usage: "committed", about: "Prints what the group has committed." },
        Verb { usage: "advance SPAN", about: "Lets time pass; answers that come meanwhile are printed." },
        Verb {
            usage: "show",
            about: "Prints the group's state, then each member and each id that was given out.",
        },
    ],
    new: || Box::new(GroupPart::new()),
};

/// The most members, topics and partitions.
const MOST: u64 = 200;

#[derive(Debug)]
enum Group {
    Classic(ClassicGroup),
    Consumer(ConsumerGroup),
}

#[derive(Debug)]
struct GroupPart {
    settings: Settings,
    topics: Catalogue,
    names: Names,
    group: Group,
    planned: Option<Shares>,
    offsets: Offsets,
    now: Time,
    began: Time,
    askers: Vec<Text>,
    lines: Vec<String>,
}

impl Part for GroupPart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        self.began = self.now;
        if setup::run(&mut self.settings, command)? {
            return Ok(String::new());
        }
        match command.verb {
            "topic" => self.topic(command)?,
            "classic" => self.group = Group::Classic(ClassicGroup::new(name("group"))),
            "consumer" => {
                let epoch = command.or("epoch", 0, small)?;
                let group = ConsumerGroup { epoch, target_epoch: epoch, ..ConsumerGroup::new(name("group")) };
                self.group = Group::Consumer(group);
            }
            "target" => self.planned = Some(self.shares(command.positional())?),
            "advance" => self.advance(command.read(0, span)?),
            "committed" => return Ok(group_text::offsets(&self.names, &self.offsets)),
            "show" => {
                return Ok(match &self.group {
                    Group::Classic(group) => group_text::classic(&self.names, group),
                    Group::Consumer(group) => group_text::consumer(&self.names, group),
                });
            }
            "member" | "consumer-heartbeat" => self.consumer(command)?,
            "commit" => self.commit(command)?,
            _ => self.classic(command)?,
        }
        Ok(core::mem::take(&mut self.lines).join("\n"))
    }
}

fn name(text: &str) -> Text {
    Text::new(text).unwrap_or_default()
}

impl GroupPart {
    fn new() -> GroupPart {
        GroupPart {
            settings: Settings::default(),
            topics: Catalogue::new(),
            names: Names::default(),
            group: Group::Classic(ClassicGroup::new(name("group"))),
            planned: None,
            offsets: Offsets::new(),
            now: Time(1_000_000),
            began: Time(1_000_000),
            askers: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn topic(&mut self, command: &Command<'_>) -> Result<(), String> {
        let topic = command.read(0, words::short)?;
        let partitions = command.need("partitions", at_most(MOST))? as u16;
        if !self.names.0.contains(&topic) {
            if self.names.0.len() as u64 >= MOST {
                return Err(format!("more than {MOST} topics"));
            }
            self.names.0.push(topic);
        }
        let id = self.names.topic(topic.as_str())?;
        self.topics.insert(id, (topic, partitions));
        Ok(())
    }

    fn partitions(&self, text: &str) -> Result<Vec<TopicPartition>, String> {
        let mut found = list(|item: &str| self.names.partition(item))(text)?;
        found.sort_unstable();
        Ok(found)
    }

    fn subscribed(&self, text: &str) -> Result<Vec<TopicId>, String> {
        list(|item: &str| self.names.topic(item))(text)
    }

    /// Reads `m1:foo-0,foo-1 m2:-`.
    fn shares(&self, words: &[&str]) -> Result<Shares, String> {
        let share = |word: &&str| {
            let wrong = || format!("'{word}': write MEMBER:PARTITIONS, like m1:foo-0,foo-1");
            let (member, partitions) = word.split_once(':').ok_or_else(wrong)?;
            Ok((words::short(member)?, self.partitions(partitions)?))
        };
        words.iter().map(share).collect()
    }

    /// A request of this member: its answer is told under its name.
    fn ask(&mut self, member: Text) -> Asker {
        self.askers.push(member);
        Asker { node: NodeId(0), correlation: Correlation(self.askers.len() as u32 - 1) }
    }

    /// Tells what was answered; that nothing was when an answer was `awaited`.
    fn tell(&mut self, out: Out, awaited: bool) {
        let mut told = 0;
        for effect in out.effects {
            if let Effect::Send { correlation, message: Message::Group(message), .. } = effect {
                let member = self.askers.get(correlation.0 as usize).copied().unwrap_or_default();
                self.line(&format!("{member} <- {}", group_text::answer(&self.names, &message)));
                told += 1;
            }
        }
        if awaited && told == 0 {
            self.line("no answer yet");
        }
    }

    fn line(&mut self, text: &str) {
        let after = self.now.since(self.began);
        let when = if after == Span::ZERO { String::new() } else { format!("+{} ", words::show_span(after)) };
        self.lines.push(format!("{when}{text}"));
    }

    fn advance(&mut self, span: Span) {
        let until = self.now + span;
        loop {
            let next = match &self.group {
                Group::Classic(group) => group.next_deadline(),
                Group::Consumer(group) => group.next_deadline(),
            };
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            let mut out = Out::new(1);
            let fenced = match &mut self.group {
                Group::Classic(group) => {
                    group.on_time(self.now, &self.settings, &mut out);
                    Vec::new()
                }
                Group::Consumer(group) => group.on_time(self.now),
            };
            self.tell(out, false);
            for member in fenced {
                self.line(&format!("{member} is fenced"));
            }
        }
        self.now = until;
    }

    fn classic(&mut self, command: &Command<'_>) -> Result<(), String> {
        let member = command.read(0, words::short)?;
        let asker = self.ask(member);
        let join = if command.verb == "join" { Some(self.join_request(command, member)?) } else { None };
        let assignments = match command.positional().get(1..) {
            Some(words) if command.verb == "sync" => self.shares(words)?.into_iter().collect(),
            _ => Vec::new(),
        };
        let Group::Classic(group) = &mut self.group else {
            return Err(String::from("this is a KIP-848 group: write 'classic' first"));
        };
        let (now, mut out) = (self.now, Out::new(1));
        let generation = command.or("generation", group.generation, small)?;
        let (id, instance) = (group.id, command.maybe("instance", words::short)?);
        match (command.verb, join) {
            ("join", Some(request)) => {
                group.on_join(now, asker, request, member, &self.settings, &mut out);
            }
            ("sync", _) => {
                let request = SyncGroupRequest { group: id, generation, member, instance, assignments };
                if group.on_sync(now, asker, request, &mut out) {
                    group.on_stored(now, ErrorCode::None, &self.settings, &mut out);
                }
            }
            ("heartbeat", _) => {
                let request = HeartbeatRequest { group: id, generation, member, instance };
                group.on_heartbeat(now, asker, request, &mut out);
            }
            _ => {
                let request = LeaveGroupRequest { group: id, member, instance };
                group.on_leave(now, asker, request, &self.settings, &mut out);
            }
        }
        self.tell(out, true);
        Ok(())
    }

    fn join_request(&self, command: &Command<'_>, name: Text) -> Result<JoinGroupRequest, String> {
        let strategies: Vec<(&'static str, Strategy)> =
            Strategy::ALL.iter().map(|one| (one.name(), *one)).collect();
        let protocols = command.or("protocols", Vec::from([Strategy::Range]), list(one_of(&strategies)))?;
        let subscription = Subscription {
            topics: command.or("topics", Vec::new(), |text| self.subscribed(text))?,
            owned: command.or("owned", Vec::new(), |text| self.partitions(text))?,
            generation: command.or("generation", 0, small)?,
        };
        let Group::Classic(group) = &self.group else {
            return Err(String::from("this is a KIP-848 group: write 'classic' first"));
        };
        if group.members.len() as u64 >= MOST {
            return Err(format!("more than {MOST} members"));
        }
        let knows = group.members.contains_key(&name) || group.pending.contains_key(&name);
        Ok(JoinGroupRequest {
            group: group.id,
            member: if knows || command.has("known") { name } else { Text::default() },
            instance: command.maybe("instance", words::short)?,
            session_timeout: command.or("session-timeout", Span::secs(45), span)?,
            rebalance_timeout: command.or("rebalance-timeout", Span::secs(300), span)?,
            protocols: protocols.into_iter().map(|one| (one, subscription.clone())).collect(),
            requires_known_member: command.has("requires-id"),
        })
    }

    fn consumer(&mut self, command: &Command<'_>) -> Result<(), String> {
        let member = command.read(0, words::short)?;
        let topics = command.maybe("topics", |text| self.subscribed(text))?;
        let instance = command.maybe("instance", words::short)?;
        let rebalance_timeout = command.maybe("rebalance-timeout", span)?;
        let owned = command.maybe("owned", |text| self.partitions(text))?;
        let assigned = command.or("assigned", Vec::new(), |text| self.partitions(text))?;
        let asker = self.ask(member);
        let Group::Consumer(group) = &mut self.group else {
            return Err(String::from("this is a classic group: write 'consumer' first"));
        };
        if group.members.len() as u64 >= MOST {
            return Err(format!("more than {MOST} members"));
        }
        if command.verb == "member" {
            let epoch = command.or("epoch", group.epoch, small)?;
            let session_ends = self.now + self.settings.group_consumer_session_timeout;
            let topics = topics.unwrap_or_default();
            for topic in &topics {
                group.topics.insert(*topic, self.topics.get(topic).map_or(0, |(_, count)| *count));
            }
            group.target.insert(member, assigned.clone());
            let rebalance_timeout = rebalance_timeout.unwrap_or(Span::secs(300));
            let seeded = Member {
                epoch,
                previous_epoch: epoch,
                instance,
                rebalance_timeout,
                topics,
                assigned,
                session_ends,
                ..Member::default()
            };
            group.members.insert(member, seeded);
            return Ok(());
        }
        let request = ConsumerGroupHeartbeatRequest {
            group: group.id,
            member,
            epoch: command.need("epoch", member_epoch)?,
            instance,
            rebalance_timeout,
            topics,
            assignor: command.maybe(
                "assignor",
                one_of(&[("uniform", ServerAssignor::Uniform), ("range", ServerAssignor::Range)]),
            )?,
            owned,
        };
        self.heartbeat(asker, &request);
        Ok(())
    }

    fn heartbeat(&mut self, asker: Asker, request: &ConsumerGroupHeartbeatRequest) {
        let Group::Consumer(group) = &mut self.group else { return };
        let mut out = Out::new(1);
        // A plan stands in for the assignor, as Kafka's own tests do it.
        let mut planned = group.clone();
        let fits = planned.admit(self.now, request, &self.topics, &self.settings) == Ok(true);
        if let Some(target) = self.planned.clone().filter(|_| fits && planned.epoch > planned.target_epoch) {
            planned.set_target(target);
            *group = planned;
            let told = group.reconcile(self.now, request, &self.settings);
            asker.answer(GroupMessage::ConsumerGroupHeartbeatResponse(told), &mut out);
        } else {
            group.on_heartbeat(self.now, asker, request, &self.topics, &self.settings, &mut out);
        }
        self.tell(out, true);
    }

    fn commit(&mut self, command: &Command<'_>) -> Result<(), String> {
        let who = command.at(0).unwrap_or_default();
        let member = if who == "-" { Text::default() } else { words::short(who)? };
        let offset = |word: &&str| {
            let wrong = || format!("'{word}': write PARTITION@OFFSET, like foo-0@5");
            let (partition, offset) = word.split_once('@').ok_or_else(wrong)?;
            Ok((self.names.partition(partition)?, Offset(number(offset)?)))
        };
        let words = command.positional().get(1..).unwrap_or_default();
        let offsets: BTreeMap<TopicPartition, Offset> =
            words.iter().map(offset).collect::<Result<_, String>>()?;
        let request = OffsetCommitRequest {
            group: name("group"),
            generation: command.maybe("generation", small)?,
            member,
            instance: None,
            offsets: offsets.iter().map(|(&at, &to)| (at, to)).collect(),
        };
        let checked = match &self.group {
            Group::Classic(group) => group.check_commit(&request),
            Group::Consumer(group) => group.check_commit(&request),
        };
        if checked.is_ok() {
            self.offsets.extend(offsets);
        }
        let error = checked.err().unwrap_or(ErrorCode::None);
        let answer = group_text::answer(&self.names, &GroupMessage::OffsetCommitResponse(error));
        self.line(&format!("{who} <- {answer}"));
        Ok(())
    }
}

fn member_epoch(text: &str) -> Result<MemberEpoch, String> {
    match text {
        "-1" => Ok(MemberEpoch::Leave),
        "-2" => Ok(MemberEpoch::LeaveStatic),
        _ => small(text).map(MemberEpoch::At).map_err(|error| format!("{error}, or write -1 or -2")),
    }
}
