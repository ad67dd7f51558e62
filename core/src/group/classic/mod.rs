//! A group of the classic protocol: members join, one of them deals out the partitions, all fetch their share.
//!
//! States follow each other as Kafka's do: Empty, PreparingRebalance (members join), CompletingRebalance (members fetch
//! their assignment), Stable. Keeps: a generation has one leader and one protocol; a member of an earlier generation
//! gets `ILLEGAL_GENERATION`; a static member keeps its place while it is away, until its session ends.
//!
//! Reading order: here the state and what is asked of it; [`join`], [`rebalance`], [`sync`].
//! Source: `ClassicGroup`, `ClassicGroupMember`, and what `GroupMetadataManager` does with them.
//!
//! Left out: protocol types other than `consumer`; the record of an empty group that Kafka writes when its first
//! member joins; a group is Dead when its coordinator forgets it, so the state Dead is seen by nobody.

mod join;
mod rebalance;
mod sync;

use super::Asker;
use crate::config::Settings;
use crate::id::{Text, TopicPartition};
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, Strategy, Subscription};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long a new member may wait in its first JoinGroup (`classicGroupNewMemberJoinTimeoutMs`).
const NEW_MEMBER_JOIN_TIMEOUT: Span = Span::secs(300);

/// What a group is doing (`ClassicGroupState`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// No members.
    #[default]
    Empty,
    /// Members join, or join again.
    PreparingRebalance(Preparing),
    /// Members fetch their assignment; the leader has to bring it.
    CompletingRebalance,
    /// Everybody has what it was assigned.
    Stable,
}

impl State {
    /// Kafka's name.
    pub const fn name(&self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance(_) => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// When a join phase ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Preparing {
    /// When it is looked at again.
    pub deadline: Time,
    /// The group was empty: it waits for more members to come, even when all that are there have joined.
    pub initial: Option<InitialDelay>,
}

/// The wait of an empty group for its first members (`group.initial.rebalance.delay.ms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InitialDelay {
    /// How long it waits at the moment.
    pub delay: Span,
    /// What is left for further waits; all together they last no longer than the rebalance timeout.
    pub remaining: Span,
    /// Somebody came during this wait: there will be another one.
    pub new_member: bool,
}

/// What a member waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Awaiting {
    /// The answer to its JoinGroup.
    Join(Asker),
    /// The answer to its SyncGroup.
    Sync(Asker),
}

/// A member (`ClassicGroupMember`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Member {
    /// `group.instance.id`, of a static member.
    pub instance: Option<Text>,
    /// `session.timeout.ms` of the member.
    pub session_timeout: Span,
    /// `max.poll.interval.ms` of the member.
    pub rebalance_timeout: Span,
    /// What it supports, preferred first.
    pub protocols: Vec<(Strategy, Subscription)>,
    /// Its partitions.
    pub assignment: Vec<TopicPartition>,
    /// What it waits for; its heartbeats count as given meanwhile.
    pub awaiting: Option<Awaiting>,
    /// Its first JoinGroup waits.
    pub is_new: bool,
    /// It has to fetch its assignment in this generation.
    pub pending_sync: bool,
    /// When it counts as gone; `None` while it waits for an answer.
    pub session_ends: Option<Time>,
}

/// A group of the classic protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClassicGroup {
    /// Its name.
    pub id: Text,
    /// What it is doing.
    pub state: State,
    /// How many rebalances have been completed.
    pub generation: u32,
    /// How the leader deals out partitions.
    pub protocol: Option<Strategy>,
    /// Who deals out partitions.
    pub leader: Option<Text>,
    /// The members by id.
    pub members: BTreeMap<Text, Member>,
    /// Ids that were given out and have not come back yet, and until when they may.
    pub pending: BTreeMap<Text, Time>,
    /// When a member that has not fetched its assignment is taken out.
    pub sync_deadline: Option<Time>,
    /// The leader has brought the assignment of this generation, and it is not committed yet.
    pub storing: bool,
}

impl ClassicGroup {
    /// An empty group.
    pub fn new(id: Text) -> ClassicGroup {
        ClassicGroup { id, ..ClassicGroup::default() }
    }

    /// The longest rebalance timeout of its members.
    fn rebalance_timeout(&self) -> Span {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or(Span::ZERO)
    }

    /// Everybody who is known has joined, and nobody is expected (`hasAllMembersJoined`).
    fn all_have_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(Member::awaits_join)
    }

    const fn is_preparing(&self) -> bool {
        matches!(self.state, State::PreparingRebalance(_))
    }

    /// The member with this instance id.
    pub fn static_member(&self, instance: Text) -> Option<Text> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance == Some(instance)).map(|(&id, _)| id)
    }

    /// Whether this member may say something (`validateMember`): it is known, and no other process has taken its
    /// place.
    pub(super) fn check_member(&self, member: Text, instance: Option<Text>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            return match self.static_member(instance) {
                None => Err(ErrorCode::UnknownMemberId),
                Some(known) if known != member => Err(ErrorCode::FencedInstanceId),
                Some(_) => Ok(()),
            };
        }
        if self.members.contains_key(&member) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Whether every member supports one of these protocols in common with all others (`supportsProtocols`).
    fn supports(&self, protocols: &[(Strategy, Subscription)]) -> bool {
        if self.members.is_empty() {
            return !protocols.is_empty();
        }
        let common = self.common_protocols();
        protocols.iter().any(|(strategy, _)| common.contains(strategy))
    }

    fn common_protocols(&self) -> BTreeSet<Strategy> {
        let all = |strategy: &Strategy| self.members.values().all(|member| member.supports(*strategy));
        Strategy::ALL.into_iter().filter(all).collect()
    }

    /// The protocol with most votes; every member votes for the first of its own that all support
    /// (`selectProtocol`). In a tie the first by name wins, where Kafka leaves it to the order of a map.
    fn select_protocol(&self) -> Option<Strategy> {
        let common = self.common_protocols();
        let vote = |member: &Member| {
            member.protocols.iter().map(|(strategy, _)| *strategy).find(|one| common.contains(one))
        };
        let votes: Vec<Strategy> = self.members.values().filter_map(vote).collect();
        let count = |strategy: &Strategy| votes.iter().filter(|vote| *vote == strategy).count();
        common.iter().copied().rev().max_by_key(count)
    }

    /// When it wants to be woken next.
    pub fn next_deadline(&self) -> Option<Time> {
        let phase = match &self.state {
            State::PreparingRebalance(preparing) => Some(preparing.deadline),
            State::Empty | State::CompletingRebalance | State::Stable => None,
        };
        let sessions = self.members.values().filter_map(|member| member.session_ends);
        let others = self.pending.values().copied().chain(phase).chain(self.sync_deadline);
        sessions.chain(others).min()
    }

    /// Whether a JoinGroup of this member finds room (`acceptJoiningMember`).
    fn accepts(&self, member: Text, settings: &Settings) -> bool {
        let known = self.members.get(&member);
        let most = settings.group_max_size as usize;
        if self.is_preparing() {
            let waiting = self.members.values().filter(|member| member.awaits_join()).count();
            known.is_some_and(Member::awaits_join) || waiting < most
        } else {
            matches!(self.state, State::Empty) || known.is_some() || self.members.len() < most
        }
    }
}

impl Member {
    /// Whether its JoinGroup waits for an answer.
    pub const fn awaits_join(&self) -> bool {
        matches!(self.awaiting, Some(Awaiting::Join(_)))
    }

    /// `joins` or `syncs` while it waits, else nothing.
    pub const fn waits_for(&self) -> &'static str {
        match self.awaiting {
            Some(Awaiting::Join(_)) => "joins",
            Some(Awaiting::Sync(_)) => "syncs",
            None => "",
        }
    }

    /// Whether it supports this protocol.
    fn supports(&self, strategy: Strategy) -> bool {
        self.protocols.iter().any(|(one, _)| *one == strategy)
    }

    /// What it told about this protocol.
    pub fn subscription(&self, strategy: Strategy) -> Option<&Subscription> {
        self.protocols.iter().find(|(one, _)| *one == strategy).map(|(_, subscription)| subscription)
    }

    /// Its session begins anew.
    fn touch(&mut self, now: Time) {
        self.session_ends = Some(now + self.session_timeout);
    }
}
