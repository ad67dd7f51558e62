//! What must hold in a cluster, and what must happen sometimes.
//!
//! Promises carry the numbers of the checker's table; the statements stand there. They are written down here a second
//! time, over whole states instead of steps.

use super::Bounds;
use super::member::Member;
use kraftscope_core::check::Rule;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeList, Offset, TopicPartition};
use kraftscope_core::log::Log;
use kraftscope_core::metadata::image::Image;
use kraftscope_core::note::Note;
use kraftscope_core::record::{Entry, LeaderRecoveryState, PartitionRegistration, Record};
use kraftscope_core::replication::{LeaderState, Partition};
use serde::Serialize;

/// The promises that are looked at.
pub(super) const PROMISES: &[Rule] = &[
    Rule::L2,
    Rule::L4,
    Rule::L7,
    Rule::P1,
    Rule::P3,
    Rule::P5,
    Rule::S1,
    Rule::S2,
    Rule::S3,
    Rule::S4,
    Rule::S5,
    Rule::S7,
    Rule::S10,
    Rule::S11,
    Rule::S14,
    Rule::C1,
];

/// What must happen sometimes, or the search was worth little: bit `i` is witness `i`.
pub(super) const WITNESSES: &[&str] = &[
    "a record is committed",
    "the ISR shrinks",
    "the ISR grows again",
    "another leader is elected",
    "a log is truncated",
    "a replica is eligible to lead outside the ISR",
    "records are lost with the power",
    "logs are found to differ",
    "a fetch of another epoch is refused",
    "an ISR change is refused",
];

/// Which witnesses these bounds leave room for.
pub(super) fn expected(bounds: &Bounds, settings: &Settings) -> u64 {
    let unrest = bounds.fences > 0 || bounds.crashes > 0;
    let shrinks = unrest && bounds.brokers > 1 && bounds.max_partition_epoch > 0;
    let elects = unrest && bounds.brokers > 1 && bounds.max_leader_epoch > 0;
    let elr = settings.features.elr && shrinks && bounds.min_isr == u32::from(bounds.brokers);
    u64::from(bounds.records > 0)
        | u64::from(shrinks) << 1
        | u64::from(shrinks && bounds.max_partition_epoch > 2) << 2
        | u64::from(elects) << 3
        | u64::from(elr) << 5
        | u64::from(bounds.records > 0 && bounds.lossy_crashes > 0) << 6
}

const fn broken_if(broken: bool, rule: Rule) -> u64 {
    (broken as u64) << rule as u64
}

type Data = Log<Record>;

fn get(log: &Data, offset: u64) -> Option<&Entry<Record>> {
    log.get(Offset(offset))
}

/// Whether both logs hold the same below `end`.
fn agree(one: &Data, other: &Data, end: u64) -> bool {
    (0..end).all(|offset| get(one, offset).is_some() && get(one, offset) == get(other, offset))
}

/// The only partition, as a broker has it.
fn partition(member: &Member) -> Option<(TopicPartition, &Partition, &Data)> {
    let broker = member.broker()?;
    let (&id, partition) = broker.replicas.partitions().first_key_value()?;
    let log = &broker.replicas.disk.replicas.get(&id)?.log;
    Some((id, partition, log))
}

/// The only partition, as it leads it.
fn leading(member: &Member) -> Option<(&Partition, &LeaderState, &Data)> {
    let (_, partition, log) = partition(member)?;
    Some((partition, partition.as_leader()?, log))
}

fn registration(image: &Image) -> Option<(TopicPartition, &PartitionRegistration)> {
    image.partitions.first_key_value().map(|(&id, registration)| (id, registration))
}

/// What one step of one member breaks.
pub(super) fn of_step(before: &Member, after: &Member, notes: &[Note], settings: &Settings) -> u64 {
    let mut broken =
        of_registration(before, after, settings) | broken_if(has_exposed(before, notes), Rule::S3);
    if let Some((_, _, log)) = partition(after) {
        let epochs: Vec<_> = (0..log.end().0).filter_map(|at| get(log, at)).map(|it| it.epoch).collect();
        broken |= broken_if(!epochs.is_sorted(), Rule::L2);
    }
    let (Some((was, _, old)), Some((is, leader, new))) = (leading(before), leading(after)) else {
        return broken;
    };
    if was.leader_epoch != is.leader_epoch {
        return broken;
    }
    broken |= broken_if(!agree(old, new, old.end().0), Rule::L7);
    broken |= broken_if(is.hw < was.hw, Rule::S14);
    if is.hw > was.hw {
        let others = leader.isr.maximal().without(after.id());
        let waited =
            others.iter().all(|id| leader.follower(id).and_then(|it| it.leo).is_some_and(|leo| leo >= is.hw));
        let broker = after.broker();
        let min_isr = broker.and_then(|broker| {
            let (&id, _) = broker.replicas.partitions().first_key_value()?;
            Some(broker.image.effective_min_isr(id, settings))
        });
        let enough = !settings.features.strict_min_isr
            || min_isr.is_none_or(|min_isr| leader.isr.committed().len() >= min_isr);
        broken |= broken_if(!waited || !enough, Rule::S7);
    }
    broken
}

/// A replica took over a high watermark and cut its log below it: readers could see what it then cut (KAFKA-14704).
fn has_exposed(before: &Member, notes: &[Note]) -> bool {
    let Some((_, was, _)) = partition(before) else { return false };
    let exposes = |note: &Note| matches!(*note, Note::LogTruncated { to, hw, .. } if hw > to && hw > was.hw);
    notes.iter().any(exposes)
}

/// What a controller decided.
fn of_registration(before: &Member, after: &Member, settings: &Settings) -> u64 {
    let Some(image) = after.controller().map(|it| it.control.image()) else { return 0 };
    let Some((id, is)) = registration(image) else { return 0 };
    let stray = is.leader.is_some_and(|leader| !is.isr.contains(leader) || !image.is_active(leader));
    let mut broken = broken_if(stray, Rule::P3);
    broken |= broken_if(!settings.features.elr && is.isr.is_empty(), Rule::P5);
    let was = before.controller().and_then(|it| it.control.image().partitions.get(&id));
    if let Some(was) = was.filter(|_| before.controller().is_some_and(|it| it.control.is_active())) {
        let raised = is.partition_epoch >= was.partition_epoch
            && is.leader_epoch >= was.leader_epoch
            && (is.leader == was.leader || is.leader_epoch > was.leader_epoch);
        broken |= broken_if(!raised && after.controller().is_some_and(|it| it.control.is_active()), Rule::P1);
    }
    broken
}

/// What two members break together.
pub(super) fn of_pair(one: &Member, other: &Member) -> u64 {
    let (Some(a), Some(b)) = (any_copy(one), any_copy(other)) else { return 0 };
    let differs = (0..a.end().0.min(b.end().0)).any(|offset| match (get(a, offset), get(b, offset)) {
        (Some(a), Some(b)) => a.epoch == b.epoch && a.body != b.body,
        _ => false,
    });
    broken_if(differs, Rule::L4)
}

/// The log of a copy, running or not.
fn any_copy(member: &Member) -> Option<&Data> {
    member.copy(TopicPartition { topic: FIRST_TOPIC, partition: 0 }).map(|copy| &copy.log)
}

/// The only topic that is ever created.
const FIRST_TOPIC: kraftscope_core::id::TopicId = kraftscope_core::id::TopicId(0);

/// What all members break together: what a leader has committed is on every member of its ISR, and what was ever
/// committed on every member of the true one, and on everybody who may be elected besides.
pub(super) fn of_all(ghost: &Ghost, members: &[&Member], settings: &Settings, bounds: &Bounds) -> u64 {
    let lost = broken_if(is_lost(ghost, members, settings, bounds), Rule::S11);
    if ghost.void {
        return lost;
    }
    let truth = members.iter().filter_map(|member| member.controller());
    let truth = truth.filter(|it| it.control.is_active()).max_by_key(|it| it.quorum.epoch());
    let truth = truth.and_then(|it| registration(it.control.stable().image())).map(|(_, truth)| truth);
    let holds =
        |log: &Data| (0..).zip(&ghost.committed).all(|(offset, entry)| get(log, offset) == Some(entry));
    let missing = |ids: NodeList, holds: &dyn Fn(&Data) -> bool| {
        let others = ids.iter().filter_map(|id| find(members, id));
        let mut relied_on = others.filter(|other| !other.lost_records);
        relied_on.any(|other| any_copy(other).is_none_or(|log| !holds(log)))
    };
    let mut broken = truth.map_or(0, |truth| {
        broken_if(missing(truth.isr, &holds), Rule::S2) | broken_if(missing(truth.elr, &holds), Rule::S4)
    });
    for member in members {
        let Some((partition, leader, log)) = leading(member) else { continue };
        let like = |theirs: &Data| agree(theirs, log, partition.hw.0);
        broken |= broken_if(missing(leader.isr.committed(), &like), Rule::S1);
    }
    broken | lost
}

/// On how many replicas a record is when it is committed.
const fn copies(settings: &Settings, bounds: &Bounds) -> u32 {
    if settings.features.strict_min_isr { bounds.min_isr } else { 1 }
}

/// What was acknowledged by all is nowhere, although fewer copies have lost records than had it.
fn is_lost(ghost: &Ghost, members: &[&Member], settings: &Settings, bounds: &Bounds) -> bool {
    let lossy = members.iter().filter(|member| member.lost_records).count() as u32;
    let is_somewhere = |offset: u64, entry: &Entry<Record>| {
        members.iter().copied().filter_map(any_copy).any(|log| get(log, offset) == Some(entry))
    };
    bounds.acks_all
        && lossy < copies(settings, bounds)
        && (0..).zip(&ghost.committed).any(|(offset, entry)| !is_somewhere(offset, entry))
}

fn find<'a>(members: &[&'a Member], id: NodeId) -> Option<&'a Member> {
    members.iter().copied().find(|member| member.id() == id)
}

/// What a step shows.
pub(super) fn shown(after: &Member, notes: &[Note]) -> u64 {
    let mut shown = u64::from(after.lost_records) << 6;
    for note in notes {
        shown |= match *note {
            Note::HighWatermarkAdvanced { .. } => 1,
            Note::BecameLeader { epoch, .. } if epoch.0 > 0 => 1 << 3,
            Note::LogTruncated { .. } => 1 << 4,
            Note::LogDiverged { .. } => 1 << 7,
            Note::FetchRefused { .. } => 1 << 8,
            Note::AlterPartitionRefused { .. } => 1 << 9,
            _ => 0,
        };
    }
    if let Some((_, registration)) = after.controller().and_then(|it| registration(it.control.image())) {
        shown |= u64::from(registration.isr.len() < registration.replicas.len()) << 1;
        let grown = registration.isr.len() == registration.replicas.len();
        shown |= u64::from(grown && registration.partition_epoch.0 > 0) << 2;
        shown |= u64::from(!registration.elr.is_empty()) << 5;
    }
    shown
}

/// It was elected although it may lack committed records, for want of others (KIP-704).
fn is_unclean(leader: &Member) -> bool {
    let broker = leader.broker();
    let known = broker.and_then(|broker| registration(&broker.image)).map(|(_, known)| known.recovery);
    known == Some(LeaderRecoveryState::Recovering)
}

/// What no process remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ghost {
    /// What was ever committed.
    committed: Vec<Entry<Record>>,
    /// The newest epoch that anybody has begun to lead.
    newest: u32,
    /// The newest epoch that a controller has decided, and who counts in it: ISR and ELR.
    decided: (LeaderEpoch, NodeList, NodeList),
    /// A copy that had lost records was elected, or one from outside ISR and ELR: what was promised is void.
    void: bool,
    /// How many copies have lost records in all.
    losses: u32,
}

impl Ghost {
    /// Notes what a step of one member shows, and finds what it breaks.
    pub(super) fn learn(
        &mut self,
        before: &Member,
        after: &Member,
        settings: &Settings,
        bounds: &Bounds,
    ) -> u64 {
        self.losses += u32::from(after.lost_records && !before.lost_records);
        self.hear(after);
        let mut broken = self.cut(before, after);
        let Some((_, partition, log)) = partition(after) else { return self.given(broken) };
        let leads = partition.is_leader();
        let led = leading(before).is_some_and(|(was, ..)| was.leader_epoch == partition.leader_epoch);
        let epoch = partition.leader_epoch.0;
        if leads && !led && epoch >= self.newest {
            self.newest = epoch;
            if is_unclean(after) {
                self.void = true;
                return 0;
            }
            let holds = |(at, entry)| get(log, at) == Some(entry);
            let complete = (0..).zip(&self.committed).all(holds);
            self.void |= !complete && after.lost_records && !settings.features.elr;
            let given = bounds.acks_all && self.losses < copies(settings, bounds);
            if given && !complete && self.void {
                return broken_if(true, Rule::C1);
            }
            broken |= broken_if(!complete, Rule::S5) | broken_if(given && !complete, Rule::C1);
        }
        for offset in 0..partition.hw.0.min(log.end().0) {
            let Some(entry) = get(log, offset) else { continue };
            match self.committed.get(offset as usize) {
                Some(known) => broken |= broken_if(known != entry, Rule::S3),
                None if leads => self.committed.push(*entry),
                None => broken |= broken_if(true, Rule::S3),
            }
        }
        self.given(broken)
    }

    const fn given(&self, broken: u64) -> u64 {
        if self.void { 0 } else { broken }
    }

    fn hear(&mut self, after: &Member) {
        let active = after.controller().filter(|it| it.control.is_active());
        if let Some((_, truth)) = active.and_then(|it| registration(it.control.stable().image())) {
            self.decided = (truth.leader_epoch, truth.isr, truth.elr);
        }
    }

    /// A replica that lives removes no committed record from its log, unless it is outside ISR and ELR and still follows
    /// the leader of an epoch that is over: nobody relies on it.
    fn cut(&self, before: &Member, after: &Member) -> u64 {
        let (Some((_, _, old)), Some((_, is, new))) = (partition(before), partition(after)) else { return 0 };
        let (newest, isr, elr) = self.decided;
        if is.leader_epoch != newest && !isr.contains(after.id()) && !elr.contains(after.id()) {
            return 0;
        }
        let lost = (0..)
            .zip(&self.committed)
            .any(|(at, entry)| get(old, at) == Some(entry) && get(new, at) != Some(entry));
        broken_if(lost, Rule::S10)
    }
}
