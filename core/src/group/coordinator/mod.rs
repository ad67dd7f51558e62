//! The group coordinator of a broker: it answers for the groups whose partition of `__consumer_offsets` it leads.
//!
//! Leading a partition of that topic is all that makes a coordinator. What a group decides is appended to the
//! partition's log as a produce with acks=all would be, and nobody is answered before it is committed; so the next
//! leader of the partition reads the same groups out of its log. Keeps: an answer is sent only when everything that was
//! written before it is committed; who leads no more answers `NOT_COORDINATOR` and forgets.
//!
//! Reading order: here the life of a partition's groups; [`requests`]; [`groups`] (written down and read back);
//! [`changes`] (what is told of it).
//! Source: `CoordinatorRuntime`, `GroupCoordinatorService`, `GroupCoordinatorShard`, `CoordinatorLoaderImpl`.
//!
//! Left out: a failed append takes back only what the request did that led to it (a SyncGroup that the log refuses begins
//! no rebalance, one that is not committed in time does); a group that has become useless is
//! never deleted; static members and topics that do not exist are known to [`super::classic`], not to the clients here.

pub mod changes;
pub mod groups;
mod requests;

pub use requests::partition_of;

use self::changes::Cause;
use self::groups::{Group, Members};
use super::assign::Catalogue;
use super::record::Fact;
use crate::client::alarms::Alarms;
use crate::config::Settings;
use crate::id::{Correlation, LeaderEpoch, NodeId, Offset, Text, TopicPartition};
use crate::metadata::image::Image;
use crate::node::{Effect, Out, Timer};
use crate::note::Note;
use crate::record::Record;
use crate::replication::ReplicaManager;
use crate::time::{Span, Time};
use crate::wire::{ErrorCode, GroupMessage, Message};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use serde::{Deserialize, Serialize};

/// The topic that keeps groups.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// It has no more partitions than that.
pub const MOST_OFFSETS_PARTITIONS: u32 = 50;

/// Stands for the time that a new coordinator needs to read the log.
const LOAD_TIME: Span = Span::millis(10);

/// The groups of one partition that this broker leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// The leader epoch.
    pub epoch: LeaderEpoch,
    /// Until when the log is read; `None` when it is.
    pub loading: Option<Time>,
    /// Up to where it was read.
    pub loaded: Offset,
    /// The groups by name.
    pub groups: BTreeMap<Text, Group>,
    /// Answers that wait until what was written before them is committed.
    pub deferred: VecDeque<Deferred>,
}

/// The deadline of an answer that waited too long: its asker was told so. It stays in the queue, for what was written
/// is still not committed, and nobody may be told of it.
const ANSWERED: Time = Time(u64::MAX);

/// An answer that waits (`DeferredEvent`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deferred {
    /// The high watermark that it waits for.
    pub required: Offset,
    /// When it waited too long (`offsets.commit.timeout.ms`).
    pub deadline: Time,
    /// To whom.
    pub to: NodeId,
    /// On which request.
    pub correlation: Correlation,
    /// What.
    pub message: GroupMessage,
}

/// The coordinator of one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GroupCoordinator {
    me: NodeId,
    settings: Arc<Settings>,
    /// How many partitions `__consumer_offsets` has; `None` as the metadata say.
    partitions: Option<u16>,
    /// What it answers for, by partition of `__consumer_offsets`.
    pub shards: BTreeMap<TopicPartition, Shard>,
    alarms: Alarms,
}

/// What the coordinator needs of its broker.
#[derive(Debug)]
pub struct Host<'a> {
    /// The metadata.
    pub image: &'a Image,
    /// The logs.
    pub replicas: &'a mut ReplicaManager,
}

impl GroupCoordinator {
    /// Answers for nothing yet.
    pub fn new(me: NodeId, settings: Arc<Settings>) -> GroupCoordinator {
        GroupCoordinator {
            me,
            settings,
            partitions: None,
            shards: BTreeMap::new(),
            alarms: Alarms::default(),
        }
    }

    /// The same on ZooKeeper, where a broker may be told of some partitions before the others: it counts on
    /// `offsets.topic.num.partitions`, as `GroupMetadataManager` does from its start on.
    #[must_use]
    pub fn on_zookeeper(mut self) -> GroupCoordinator {
        self.partitions =
            Some(self.settings.offsets_topic_num_partitions.min(MOST_OFFSETS_PARTITIONS) as u16);
        self
    }

    /// Replicas have applied new metadata: partitions of `__consumer_offsets` may have come or gone (`onElection`,
    /// `onResignation`).
    pub fn on_metadata(&mut self, now: Time, host: &Host<'_>, changed: &[TopicPartition], out: &mut Out) {
        for &id in changed {
            let topic = host.image.topics.get(&id.topic);
            if topic.is_none_or(|topic| topic.name.as_str() != OFFSETS_TOPIC) {
                continue;
            }
            let partition = host.replicas.partition(id).filter(|partition| partition.is_leader());
            let epoch = partition.map(|partition| partition.leader_epoch);
            let known = self.shards.get(&id).map(|shard| shard.epoch);
            if epoch == known {
                continue;
            }
            self.unload(id, out);
            if let Some(epoch) = epoch {
                let loading = Some(now + LOAD_TIME);
                let shard = Shard { epoch, loading, ..Shard::default() };
                self.shards.insert(id, shard);
            }
        }
    }

    fn unload(&mut self, id: TopicPartition, out: &mut Out) {
        let Some(mut shard) = self.shards.remove(&id) else { return };
        let error = ErrorCode::NotCoordinator;
        for deferred in shard.deferred.into_iter().filter(Deferred::waits) {
            let message = refused(&deferred.message, error);
            out.respond(deferred.to, deferred.correlation, Message::Group(message.into()));
        }
        shard.groups.values_mut().for_each(|group| group.give_up(error, out));
        out.note(Note::CoordinatorUnloaded { partition: id, groups: shard.groups.len() as u32 });
    }

    /// Whether this message is one of a coordinator's.
    pub const fn handles_message(message: &Message) -> bool {
        matches!(message, Message::Group(_))
    }

    /// The timer ran out: sessions, join phases, answers that waited too long, logs that are read.
    pub fn on_timer(&mut self, now: Time, host: &mut Host<'_>, out: &mut Out) {
        self.alarms.fired(Timer::GroupCoordinator);
        let ids: Vec<TopicPartition> = self.shards.keys().copied().collect();
        for id in ids {
            let Some(shard) = self.shards.get_mut(&id) else { continue };
            if let Some(until) = shard.loading {
                if until <= now {
                    self.load(now, id, host, out);
                }
                continue;
            }
            shard.expire(now, out);
            let due = |group: &Group| group.next_deadline().is_some_and(|deadline| deadline <= now);
            let groups: Vec<Text> =
                shard.groups.iter().filter(|(_, group)| due(group)).map(|(&name, _)| name).collect();
            for name in groups {
                self.on_group_time(now, id, name, host, out);
            }
        }
    }

    fn on_group_time(
        &mut self,
        now: Time,
        id: TopicPartition,
        name: Text,
        host: &mut Host<'_>,
        out: &mut Out,
    ) {
        let settings = Arc::clone(&self.settings);
        let Some(group) = self.group(id, name) else { return };
        let before = group.clone();
        if group.store_expired(now) {
            group.on_stored(now, ErrorCode::CoordinatorNotAvailable, &settings, out);
        }
        let mut inner = Out { effects: Vec::new(), dice: mem::take(&mut out.dice) };
        match &mut group.members {
            Members::Nobody => {}
            Members::Classic(group) => group.on_time(now, &settings, &mut inner),
            Members::Consumer(group) => {
                group.on_time(now);
            }
        }
        out.dice = mem::take(&mut inner.dice);
        changes::tell(name, &before, group, Cause::Time, out);
        let written = self.write(now, id, name, host, out);
        // A write that failed is made up for with the next one.
        self.defer(now, id, written.unwrap_or(None), inner, out);
    }

    fn group(&mut self, id: TopicPartition, name: Text) -> Option<&mut Group> {
        self.shards.get_mut(&id)?.groups.get_mut(&name)
    }

    /// Reads the log from its beginning to its end (`CoordinatorLoaderImpl.load`).
    fn load(&mut self, now: Time, id: TopicPartition, host: &Host<'_>, out: &mut Out) {
        let Some(shard) = self.shards.get_mut(&id) else { return };
        shard.loading = None;
        let mut records = 0;
        if let Some(replica) = host.replicas.disk.replicas.get(&id) {
            shard.loaded = replica.log.end();
            for (_, entry) in replica.log.iter(replica.log.start(), replica.log.end()) {
                if let Some((name, fact)) = Fact::decode(&entry.body) {
                    shard.groups.entry(name).or_default().apply(name, fact);
                    records += 1;
                }
            }
        }
        let topics = catalogue(host.image);
        shard.groups.values_mut().for_each(|group| group.begin(now, &topics, &self.settings));
        out.note(Note::CoordinatorLoaded {
            partition: id,
            epoch: shard.epoch,
            groups: shard.groups.len() as u32,
            records,
        });
    }

    /// Appends what has changed of a group. Returns the log end that has to be committed, if anything was written.
    fn write(
        &mut self,
        now: Time,
        id: TopicPartition,
        name: Text,
        host: &mut Host<'_>,
        out: &mut Out,
    ) -> Result<Option<Offset>, ErrorCode> {
        let me = self.me;
        let Some(group) = self.group(id, name) else { return Ok(None) };
        let (facts, sections) = group.unwritten();
        if facts.is_empty() {
            return Ok(None);
        }
        let records: Vec<Record> = facts.iter().map(|fact| fact.encode(name, me)).collect();
        let end = host.replicas.append_as_leader(now, host.image, id, records, out)?;
        group.written = sections;
        Ok(Some(end))
    }

    /// Sends what was answered, at once or when everything that was written is committed.
    fn defer(&mut self, now: Time, id: TopicPartition, end: Option<Offset>, inner: Out, out: &mut Out) {
        let waits_for_loaded = !self.settings.features.coordinator_tells_uncommitted;
        let Some(shard) = self.shards.get_mut(&id) else { return };
        let required = shard.required(end, waits_for_loaded);
        let deadline = now + self.settings.offsets_commit_timeout;
        for effect in inner.effects {
            match (effect, required) {
                (Effect::Send { to, correlation, message: Message::Group(message) }, Some(required)) => {
                    let message = *message;
                    shard.deferred.push_back(Deferred { required, deadline, to, correlation, message });
                }
                (effect, _) => out.effects.push(effect),
            }
        }
    }

    /// After every input of the broker: what is committed is answered, and the timer is set.
    pub fn on_progress(&mut self, now: Time, replicas: &ReplicaManager, out: &mut Out) {
        if self.shards.is_empty() {
            return self.alarms.set(Timer::GroupCoordinator, None, now, out);
        }
        for (id, shard) in &mut self.shards {
            let hw = replicas.partition(*id).map_or(Offset(0), |partition| partition.hw);
            while shard.deferred.front().is_some_and(|deferred| deferred.required <= hw) {
                let Some(deferred) = shard.deferred.pop_front() else { break };
                if deferred.waits() {
                    out.respond(deferred.to, deferred.correlation, Message::Group(deferred.message.into()));
                }
            }
            for (&name, group) in shard.groups.iter_mut().filter(|(_, group)| group.is_stored(hw)) {
                let before = group.clone();
                group.on_stored(now, ErrorCode::None, &self.settings, out);
                changes::tell(name, &before, group, Cause::Request, out);
            }
        }
        let next = self.shards.values().filter_map(Shard::next_deadline).min();
        self.alarms.set(Timer::GroupCoordinator, next, now, out);
    }
}

impl Deferred {
    /// Whether its asker has heard nothing yet.
    fn waits(&self) -> bool {
        self.deadline != ANSWERED
    }
}

impl Shard {
    /// The high watermark that an answer waits for: that of what it wrote, or else of what was written before it.
    fn required(&self, end: Option<Offset>, waits_for_loaded: bool) -> Option<Offset> {
        let before = || self.deferred.back().map(|last| last.required);
        end.or_else(before).or_else(|| waits_for_loaded.then_some(self.loaded))
    }

    /// Who waited too long is told so. The last of them stays in the queue: answers that write nothing wait for what
    /// was written before them, also when its own asker has given up (`CoordinatorRuntime`, a write that times out
    /// leaves `deferredEventQueue` as it is).
    fn expire(&mut self, now: Time, out: &mut Out) {
        for late in self.deferred.iter_mut().filter(|deferred| deferred.deadline <= now) {
            late.deadline = ANSWERED;
            let message = refused(&late.message, ErrorCode::CoordinatorNotAvailable);
            out.respond(late.to, late.correlation, Message::Group(message.into()));
        }
        while self.deferred.len() > 1 && self.deferred.front().is_some_and(|deferred| !deferred.waits()) {
            self.deferred.pop_front();
        }
    }

    fn next_deadline(&self) -> Option<Time> {
        let groups = self.groups.values().filter_map(Group::next_deadline);
        let waiting =
            self.deferred.iter().find(|deferred| deferred.waits()).map(|deferred| deferred.deadline);
        groups.chain(waiting).chain(self.loading).min()
    }
}

/// The topics of the metadata.
fn catalogue(image: &Image) -> Catalogue {
    let mut topics: Catalogue = image.topics.iter().map(|(&id, topic)| (id, (topic.name, 0))).collect();
    for partition in image.partitions.keys() {
        if let Some((_, count)) = topics.get_mut(&partition.topic) {
            *count += 1;
        }
    }
    topics
}

/// The answer of the same kind that says no.
pub(super) fn refused(answer: &GroupMessage, error: ErrorCode) -> GroupMessage {
    requests::refusal(answer, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: `CoordinatorRuntime.CoordinatorWriteEvent`, `CoordinatorReadEvent`: a time-out completes the event, not
    /// the deferred event queue.
    #[test]
    fn an_answer_waits_for_what_was_written_although_the_writer_has_given_up() {
        let waits = |correlation, required| Deferred {
            required: Offset(required),
            deadline: Time(5),
            to: NodeId::consumer(1),
            correlation: Correlation(correlation),
            message: GroupMessage::HeartbeatResponse(ErrorCode::None),
        };
        let deferred = VecDeque::from([waits(1, 3), waits(2, 4)]);
        let mut shard = Shard { deferred, ..Shard::default() };
        let mut out = Out::default();
        shard.expire(Time(5), &mut out);
        assert_eq!(out.effects.len(), 2, "both are told");
        assert_eq!(shard.deferred.back().map(|last| last.required), Some(Offset(4)));
        assert_eq!((shard.deferred.len(), shard.next_deadline()), (1, None));
        shard.expire(Time(6), &mut out);
        assert_eq!(out.effects.len(), 2, "nobody is told twice");
    }

    /// Source: `CoordinatorLoaderImpl` reads to the log end, and the deferred event queue is empty afterwards.
    #[test]
    fn an_answer_that_writes_nothing_may_tell_what_was_loaded_and_is_not_committed() {
        let shard = Shard { loaded: Offset(7), ..Shard::default() };
        assert_eq!(shard.required(None, false), None, "as Kafka");
        assert_eq!(shard.required(None, true), Some(Offset(7)), "without the hole");
        assert_eq!(shard.required(Some(Offset(9)), true), Some(Offset(9)));
    }
}
