//! The groups of one partition of `__consumer_offsets`, and how they are written down and read back.
//!
//! Keeps: what [`Group::sections`] tells, [`Group::apply`] makes again; time-outs and waiting requests are not written,
//! every member begins a new session at the new coordinator.
//!
//! Source: `GroupMetadataManager.replay`, `onLoaded`; `OffsetMetadataManager.replay`.

use crate::config::Settings;
use crate::group::assign::Catalogue;
use crate::group::classic::{self, ClassicGroup, State};
use crate::group::consumer::ConsumerGroup;
use crate::group::offsets::Offsets;
use crate::group::reconcile::{self, MemberState};
use crate::group::record::{Fact, Kind};
use crate::id::{Offset, Text, TopicId, TopicPartition};
use crate::node::Out;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, Strategy, Subscription};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Which protocol a group speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Members {
    /// Neither: nobody has joined, there are only offsets.
    #[default]
    Nobody,
    /// The classic one.
    Classic(ClassicGroup),
    /// KIP-848.
    Consumer(ConsumerGroup),
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Group {
    /// Its members.
    pub members: Members,
    /// What it has committed.
    pub offsets: Offsets,
    /// What stands in the log.
    pub(super) written: Sections,
    /// The assignment of a classic group that is not committed yet.
    pub(super) storing: Option<Storing>,
}

/// An assignment on its way (`appendFuture` of `classicGroupSyncToClassicGroup`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Storing {
    /// The generation that it belongs to.
    generation: u32,
    /// The high watermark that it waits for.
    required: Offset,
    /// When it waited too long (`offsets.commit.timeout.ms`).
    deadline: Time,
}

/// A part of a group that is written as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Section {
    /// A classic group, or the epochs of a KIP-848 group.
    Whole,
    /// A member of a KIP-848 group.
    Member(Text),
    /// Its target.
    Target(Text),
    /// A committed offset.
    Offset(TopicPartition),
}

/// What is to be written, by part.
pub type Sections = BTreeMap<Section, Vec<Fact>>;

impl Group {
    /// When it wants to be woken next.
    pub fn next_deadline(&self) -> Option<Time> {
        let members = match &self.members {
            Members::Nobody => None,
            Members::Classic(group) => group.next_deadline(),
            Members::Consumer(group) => group.next_deadline(),
        };
        members.into_iter().chain(self.storing.map(|storing| storing.deadline)).min()
    }

    /// The group was written up to here; if that brought an assignment, it is stored as soon as this is committed.
    pub(super) fn store(&mut self, required: Offset, deadline: Time) {
        if let Members::Classic(group) = &self.members
            && group.storing
            && self.storing.is_none_or(|storing| storing.generation != group.generation)
        {
            self.storing = Some(Storing { generation: group.generation, required, deadline });
        }
    }

    /// Whether an assignment waits for this high watermark or less.
    pub(super) fn is_stored(&self, hw: Offset) -> bool {
        self.storing.is_some_and(|storing| storing.required <= hw)
    }

    /// Whether an assignment waited too long.
    pub(super) fn store_expired(&self, now: Time) -> bool {
        self.storing.is_some_and(|storing| storing.deadline <= now)
    }

    /// The assignment on its way is committed, or could not be. Its members are answered at once: nobody's answer
    /// stands before theirs.
    pub(super) fn on_stored(&mut self, now: Time, error: ErrorCode, settings: &Settings, out: &mut Out) {
        let Some(storing) = self.storing.take() else { return };
        if let Members::Classic(group) = &mut self.members
            && group.generation == storing.generation
        {
            group.on_stored(now, error, settings, out);
        }
    }

    /// Everything that has to survive, except what a classic group is in the middle of.
    fn sections(&self) -> Sections {
        let mut sections = match &self.members {
            Members::Nobody => Sections::new(),
            Members::Classic(group) => match group.state {
                State::Empty | State::Stable => Sections::from([(Section::Whole, classic_facts(group))]),
                State::CompletingRebalance if group.storing => {
                    Sections::from([(Section::Whole, classic_facts(group))])
                }
                State::PreparingRebalance(_) | State::CompletingRebalance => self.written.clone(),
            },
            Members::Consumer(group) => consumer_sections(group),
        };
        sections.retain(|section, _| !matches!(section, Section::Offset(_)));
        let offset = |(&at, &offset): (&TopicPartition, &Offset)| {
            (Section::Offset(at), Vec::from([Fact::offset(at, offset)]))
        };
        sections.extend(self.offsets.iter().map(offset));
        sections
    }

    /// What has changed since it was written last. The caller writes it.
    pub(super) fn unwritten(&self) -> (Vec<Fact>, Sections) {
        let sections = self.sections();
        let mut facts = Vec::new();
        for section in self.written.keys().filter(|section| !sections.contains_key(section)) {
            if let Section::Member(member) = section {
                facts.push(Fact::new(Kind::Gone(*member), 0));
            }
        }
        for (section, told) in &sections {
            if self.written.get(section) != Some(told) {
                facts.extend(told);
            }
        }
        (facts, sections)
    }

    /// Takes over one fact from the log.
    pub(super) fn apply(&mut self, id: Text, fact: Fact) {
        match fact.kind {
            Kind::Offset(at) => {
                self.offsets.insert(at, Offset(u64::from(fact.value)));
            }
            Kind::Generation => {
                let group = ClassicGroup { generation: fact.value, ..ClassicGroup::new(id) };
                self.members = Members::Classic(group);
            }
            Kind::Epoch => self.consumer(id).epoch = fact.value,
            Kind::TargetEpoch => self.consumer(id).target_epoch = fact.value,
            Kind::TargetOf(member) => {
                self.consumer(id).target.insert(member, Vec::new());
            }
            Kind::Target(member) => {
                self.consumer(id).target.entry(member).or_default().push(fact.partition());
            }
            Kind::Gone(member) => {
                let group = self.consumer(id);
                group.members.remove(&member);
                group.target.remove(&member);
            }
            Kind::Leader(_)
            | Kind::Member(_)
            | Kind::Previous(_)
            | Kind::State(_)
            | Kind::Subscribed(_)
            | Kind::Assigned(_)
            | Kind::Revoking(_) => match &mut self.members {
                Members::Classic(group) => apply_classic(group, fact),
                Members::Consumer(_) | Members::Nobody => apply_member(self.consumer(id), fact),
            },
        }
    }

    fn consumer(&mut self, id: Text) -> &mut ConsumerGroup {
        if !matches!(self.members, Members::Consumer(_)) {
            self.members = Members::Consumer(ConsumerGroup::new(id));
        }
        match &mut self.members {
            Members::Consumer(group) => group,
            Members::Nobody | Members::Classic(_) => unreachable!("it was made one above"),
        }
    }

    /// The log is read: sessions begin now (`onLoaded`).
    pub(super) fn begin(&mut self, now: Time, topics: &Catalogue, settings: &Settings) {
        match &mut self.members {
            Members::Nobody => {}
            Members::Classic(group) => {
                if !group.members.is_empty() {
                    group.state = State::Stable;
                }
                for member in group.members.values_mut() {
                    member.session_timeout = settings.session_timeout;
                    member.rebalance_timeout = settings.max_poll_interval;
                    member.session_ends = Some(now + settings.session_timeout);
                }
            }
            Members::Consumer(group) => {
                for member in group.members.values_mut() {
                    member.session_ends = now + settings.group_consumer_session_timeout;
                    member.rebalance_timeout = settings.max_poll_interval;
                    let revokes = member.state == MemberState::UnrevokedPartitions;
                    member.revoke_by = revokes.then_some(now + settings.max_poll_interval);
                }
                group.refresh(topics);
            }
        }
        self.written = self.sections();
    }

    /// Requests that wait for an answer get this error: the coordinator has gone.
    pub(super) fn give_up(&mut self, error: ErrorCode, out: &mut Out) {
        if let Members::Classic(group) = &mut self.members {
            group.members.values_mut().for_each(|member| member.refuse(error, out));
        }
    }
}

fn classic_facts(group: &ClassicGroup) -> Vec<Fact> {
    let mut facts = Vec::from([Fact::new(Kind::Generation, group.generation)]);
    let protocol = group.protocol.unwrap_or_default();
    if let Some(leader) = group.leader {
        facts.push(Fact::new(Kind::Leader(leader), protocol as u32));
    }
    for (&id, member) in &group.members {
        facts.push(Fact::new(Kind::Member(id), group.generation));
        let topics = member.subscription(protocol).map(|told| told.topics.as_slice()).unwrap_or_default();
        facts.extend(topics.iter().map(|topic| Fact::new(Kind::Subscribed(id), u32::from(topic.0))));
        facts.extend(member.assignment.iter().map(|&at| Fact::of(Kind::Assigned(id), at)));
    }
    facts
}

fn apply_classic(group: &mut ClassicGroup, fact: Fact) {
    match fact.kind {
        Kind::Leader(member) => {
            group.leader = Some(member);
            group.protocol = Strategy::ALL.get(fact.value as usize).copied();
        }
        Kind::Member(id) => {
            let protocols = Vec::from([(group.protocol.unwrap_or_default(), Subscription::default())]);
            let member = classic::Member {
                instance: None,
                session_timeout: Span::ZERO,
                rebalance_timeout: Span::ZERO,
                protocols,
                assignment: Vec::new(),
                awaiting: None,
                is_new: false,
                pending_sync: false,
                session_ends: None,
            };
            group.members.insert(id, member);
        }
        Kind::Subscribed(id) => {
            let subscription = group.members.get_mut(&id).and_then(|member| member.protocols.first_mut());
            if let Some((_, subscription)) = subscription {
                subscription.topics.push(TopicId(fact.value as u8));
            }
        }
        Kind::Assigned(id) => {
            if let Some(member) = group.members.get_mut(&id) {
                member.assignment.push(fact.partition());
            }
        }
        _ => {}
    }
}

fn consumer_sections(group: &ConsumerGroup) -> Sections {
    let epochs = [Fact::new(Kind::Epoch, group.epoch), Fact::new(Kind::TargetEpoch, group.target_epoch)];
    let mut sections = Sections::from([(Section::Whole, Vec::from(epochs))]);
    for (&id, member) in &group.members {
        let mut facts = Vec::from([
            Fact::new(Kind::Member(id), member.epoch),
            Fact::new(Kind::Previous(id), member.previous_epoch),
        ]);
        if member.state != MemberState::Stable {
            facts.push(Fact::new(Kind::State(id), member.state as u32));
        }
        facts.extend(member.topics.iter().map(|topic| Fact::new(Kind::Subscribed(id), u32::from(topic.0))));
        facts.extend(member.assigned.iter().map(|&at| Fact::of(Kind::Assigned(id), at)));
        facts.extend(member.revoking.iter().map(|&at| Fact::of(Kind::Revoking(id), at)));
        sections.insert(Section::Member(id), facts);
    }
    for (&id, share) in &group.target {
        let mut facts = Vec::from([Fact::new(Kind::TargetOf(id), 0)]);
        facts.extend(share.iter().map(|&at| Fact::of(Kind::Target(id), at)));
        sections.insert(Section::Target(id), facts);
    }
    sections
}

fn apply_member(group: &mut ConsumerGroup, fact: Fact) {
    let (Kind::Member(id)
    | Kind::Previous(id)
    | Kind::State(id)
    | Kind::Subscribed(id)
    | Kind::Assigned(id)
    | Kind::Revoking(id)) = fact.kind
    else {
        return;
    };
    let member = group.members.entry(id).or_default();
    match fact.kind {
        Kind::Member(_) => *member = reconcile::Member { epoch: fact.value, ..reconcile::Member::default() },
        Kind::Previous(_) => member.previous_epoch = fact.value,
        Kind::State(_) => {
            let waits = fact.value == MemberState::UnreleasedPartitions as u32;
            member.state =
                if waits { MemberState::UnreleasedPartitions } else { MemberState::UnrevokedPartitions };
        }
        Kind::Subscribed(_) => member.topics.push(TopicId(fact.value as u8)),
        Kind::Assigned(_) => member.assigned.push(fact.partition()),
        Kind::Revoking(_) => member.revoking.push(fact.partition()),
        _ => {}
    }
}
