//! From a note back to what brought it about: a person's action, a fault, or a timer.
//!
//! A step knows the step that sent its message or armed its timer; walking those links gives the chain. Some causes
//! are no messages: a broker is fenced because its heartbeats stopped. For such notes the past is searched for the
//! event that explains the silence ([`background`]). Steps that say nothing are left out of the chain.
//! It stops at a person's action, at a timer that goes off by itself, and where nothing is left to tell.

use crate::explain::lane::{is_notable, lane};
use crate::id::{NodeId, StepId, TopicPartition};
use crate::node::Timer;
use crate::note::{ChangeReason, Note, ResignReason};
use crate::sim::Delivered;
use crate::sim::action::Action;
use crate::sim::clock::RIGHT;
use crate::time::{Span, Time};
use crate::wire::ErrorCode;
use alloc::vec::Vec;
use serde::Serialize;

/// What a chain needs to know of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRef {
    /// Its number.
    pub event: StepId,
    /// When.
    pub time: Time,
    /// The move.
    pub action: Option<Action>,
    /// To whom it happened.
    pub node: Option<NodeId>,
    /// The step that sent the message or armed the timer.
    pub cause: Option<StepId>,
    /// The message that arrived.
    pub delivered: Option<Delivered>,
    /// What happened.
    pub notes: Vec<Note>,
}

/// One link, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The event; a click goes there.
    pub event: StepId,
    /// When.
    pub time: Time,
    /// To whom it happened.
    pub node: Option<NodeId>,
    /// What happened; `None` for an action that says it all.
    pub note: Option<Note>,
    /// The move: a person's action at the root of a chain, else a delivery or a timer.
    pub action: Option<Action>,
    /// The message that arrived.
    pub delivered: Option<Delivered>,
}

/// The most links: more than a person reads.
const MOST_LINKS: u32 = 12;
/// The most steps that are walked or searched for one chain.
const MOST_STEPS: u32 = 100_000;

/// The chain behind the most telling note of `event`. Empty when the event is unknown.
pub fn chain(event: StepId, lookup: impl Fn(StepId) -> Option<StepRef>) -> Vec<Link> {
    let Some(step) = lookup(event) else { return Vec::new() };
    let note = most_telling(&step.notes);
    walk(step, note, &lookup)
}

/// The chain behind one note of `event`, counted from 0.
pub fn chain_of(event: StepId, note: u32, lookup: impl Fn(StepId) -> Option<StepRef>) -> Vec<Link> {
    let Some(step) = lookup(event) else { return Vec::new() };
    let note = step.notes.get(note as usize).copied();
    walk(step, note, &lookup)
}

fn walk(step: StepRef, note: Option<Note>, lookup: &impl Fn(StepId) -> Option<StepRef>) -> Vec<Link> {
    let mut links = alloc::vec![link(&step, note)];
    let (mut step, mut note) = (step, note);
    for _ in 0..MOST_STEPS {
        if links.len() as u32 >= MOST_LINKS {
            break;
        }
        if let Some((earlier, what)) = note.and_then(|note| background(&note, &step, lookup)) {
            if earlier.event != step.event || note != Some(what) {
                links.push(link(&earlier, Some(what)));
            }
            (step, note) = (earlier, Some(what));
            continue;
        }
        if is_root(&step) {
            break;
        }
        let Some(earlier) = step.cause.and_then(lookup) else { break };
        note = most_telling(&earlier.notes);
        if note.is_some() || is_root(&earlier) {
            links.push(link(&earlier, note));
        }
        step = earlier;
    }
    links
}

fn link(step: &StepRef, note: Option<Note>) -> Link {
    let StepRef { event, time, action, node, delivered, .. } = *step;
    Link { event, time, node, note, action, delivered }
}

/// The note that says most: a notable one, else one with a lane, else any.
fn most_telling(notes: &[Note]) -> Option<Note> {
    let weight = |note: &&Note| (is_notable(note), lane(note).is_some());
    // The first of the heaviest: what follows in a step is mostly its consequence.
    notes.iter().rev().max_by_key(weight).copied()
}

/// Nothing before this step explains it: somebody did it, chance did, or a clock that always runs.
fn is_root(step: &StepRef) -> bool {
    match step.action {
        Some(Action::Deliver(_)) => false,
        Some(Action::Fire(_, timer)) => is_clock(timer),
        Some(_) => true,
        None => false,
    }
}

/// Timers that go off by themselves, as opposed to those that hold back what is under way.
const fn is_clock(timer: Timer) -> bool {
    match timer {
        Timer::Election
        | Timer::QuorumFetch
        | Timer::CheckQuorum
        | Timer::BeginQuorumEpoch
        | Timer::FenceStaleBrokers
        | Timer::LeaderBalance
        | Timer::UncleanElection
        | Timer::NoOp
        | Timer::VoterChange
        | Timer::UpdateVoterSet
        | Timer::Heartbeat
        | Timer::HeartbeatRequest
        | Timer::RegistrationTimeout
        | Timer::ControlledShutdown
        | Timer::IsrCheck
        | Timer::HwCheckpoint
        | Timer::ProducerIdExpiration
        | Timer::ProducerIdsRequest
        | Timer::IsrChangePropagation
        | Timer::Workload
        | Timer::ProducerDelivery
        | Timer::MetadataRefresh
        | Timer::ConsumerPoll
        | Timer::Rafts
        | Timer::GroupCoordinator
        | Timer::ZooKeeperTimeout
        | Timer::ZooKeeperPing
        | Timer::ZooKeeperElection
        | Timer::ZooKeeperTick
        | Timer::ZooKeeperLearnerPing
        | Timer::ClientRequest(_)
        | Timer::ReplicaFetchRequest(_)
        | Timer::AlterPartitionRequest
        | Timer::ControlRequest(_)
        | Timer::QuorumRequest(_) => true,
        Timer::AppendLinger
        | Timer::CandidateBackoff
        | Timer::QuorumBackoff(_)
        | Timer::ParkedFetch(_)
        | Timer::AlterPartitionRetry
        | Timer::ControllerThread
        | Timer::MetadataWork
        | Timer::ControlBackoff(_)
        | Timer::ReplicaFetchBackoff(_)
        | Timer::DelayedFetch(_)
        | Timer::DelayedProduce(_)
        | Timer::DelayedDelete(_)
        | Timer::LogDirFailure
        | Timer::ProducerSend
        | Timer::ZooKeeperReconnect
        | Timer::ZooKeeperWork
        | Timer::Reconnect(_) => false,
    }
}

type Found = Option<(StepRef, Note)>;

/// The event that explains a note better than the message or timer that it came with.
fn background(note: &Note, step: &StepRef, lookup: &impl Fn(StepId) -> Option<StepRef>) -> Found {
    // A heartbeat is sent every two seconds, so the trouble began up to that much after the last one.
    let margin = Span::secs(2);
    match *note {
        Note::BrokerFenced { broker, silent, .. } if silent > Span::ZERO => {
            first_trouble(step, lookup, silent + Span::millis(50), |note| strikes(note, broker))
        }
        Note::IsrShrinkProposed { out, silent, .. } => {
            let struck = |note: &Note| out.iter().any(|member| strikes(note, member));
            first_trouble(step, lookup, silent + margin, struck)
        }
        Note::FetchTimedOut { leader, timeout, .. } => {
            let me = step.node;
            let struck = |note: &Note| strikes(note, leader) || me.is_some_and(|me| cuts(note, me));
            first_trouble(step, lookup, timeout + Span::millis(600), struck)
        }
        Note::BecameResigned { reason: ResignReason::CheckQuorum, .. } => {
            let struck =
                |note: &Note| trouble_of(note).is_some_and(|node| Some(node) != step.node) || is_cut(note);
            first_trouble(step, lookup, Span::secs(5), struck)
        }
        Note::ElectionTimedOut { .. } | Note::BecameProspective { .. } | Note::BecameCandidate { .. } => {
            same_step(note, step, |note| {
                matches!(note, Note::FetchTimedOut { .. } | Note::BecameResigned { .. })
            })
        }
        Note::LeaderElected { reason, .. }
        | Note::PartitionLeaderless { reason, .. }
        | Note::IsrChanged { reason, .. } => same_step(note, step, |note| gives(note, reason)),
        _ => background_of_replica(note, step, lookup),
    }
}

/// The same for what brokers, replicas and clients say.
fn background_of_replica(note: &Note, step: &StepRef, lookup: &impl Fn(StepId) -> Option<StepRef>) -> Found {
    match *note {
        Note::BecameLeader { partition, epoch, .. } => latest(
            step,
            lookup,
            |note| matches!(*note, Note::LeaderElected { partition: p, leader_epoch, .. } if p == partition && leader_epoch == epoch),
        ),
        Note::BecameFollower { partition, epoch, .. } => latest(step, lookup, |note| match *note {
            Note::LeaderElected { partition: p, leader_epoch, .. }
            | Note::PartitionLeaderless { partition: p, leader_epoch, .. } => {
                p == partition && leader_epoch == epoch
            }
            _ => false,
        }),
        Note::IsrChangeAccepted { partition, partition_epoch, .. } => latest(
            step,
            lookup,
            |note| matches!(*note, Note::IsrChanged { partition: p, partition_epoch: e, .. } if p == partition && e == partition_epoch),
        ),
        Note::HighWatermarkFrozen { partition, .. } => latest(step, lookup, |note| shrinks(note, partition)),
        Note::BrokerRegistered { broker, .. } => {
            latest(step, lookup, |note| matches!(*note, Note::Started { node } if node == broker))
        }
        Note::BrokerNodeCreated { .. } | Note::BrokerNodeExists { .. } => {
            let me = step.node;
            latest(step, lookup, |note| matches!(*note, Note::Started { node } if Some(node) == me))
        }
        Note::ControllerRefused { known, .. } => {
            latest(step, lookup, |note| matches!(*note, Note::ControllerElected { epoch } if epoch == known))
        }
        Note::BrokerUnfenced { broker } => latest(step, lookup, |note| {
            matches!(*note, Note::BrokerRegistered { broker: b, .. } if b == broker) || recovers(note, broker)
        }),
        Note::IsrExpandProposed { partition, joining, .. } => latest(step, lookup, |note| match *note {
            Note::BrokerUnfenced { broker } => broker == joining,
            Note::IsrChanged { partition: p, old, new, .. } => {
                p == partition && old.contains(joining) && !new.contains(joining)
            }
            _ => recovers(note, joining),
        }),
        Note::ProduceRefused { partition, error: ErrorCode::NotEnoughReplicas, .. } => {
            latest(step, lookup, |note| shrinks(note, partition))
        }
        Note::ProduceTimedOut { .. } => {
            let struck = |note: &Note| trouble_of(note).is_some() || is_cut(note);
            first_trouble(step, lookup, Span::secs(31), struck)
        }
        Note::DeliveryTimedOut { partition, .. } => latest(
            step,
            lookup,
            |note| matches!(*note, Note::ProduceRetried { partition: p, .. } if p == partition),
        ),
        _ => None,
    }
}

/// Another note of the same step that `wanted` names.
fn same_step(note: &Note, step: &StepRef, wanted: impl Fn(&Note) -> bool) -> Found {
    let other = step.notes.iter().find(|other| *other != note && wanted(other))?;
    Some((step.clone(), *other))
}

/// Whether `note` is what a change for this reason comes with.
fn gives(note: &Note, reason: ChangeReason) -> bool {
    match reason {
        ChangeReason::Fenced => matches!(note, Note::BrokerFenced { .. }),
        ChangeReason::Unfenced => matches!(note, Note::BrokerUnfenced { .. }),
        ChangeReason::ControlledShutdown => matches!(note, Note::ControlledShutdownBegan { .. }),
        ChangeReason::Restarted => matches!(note, Note::BrokerRegistered { .. }),
        ChangeReason::AlterPartition
        | ChangeReason::PreferredElection
        | ChangeReason::UncleanElection
        | ChangeReason::Unregistered
        | ChangeReason::Reassignment => false,
        ChangeReason::BrokerFailed => matches!(note, Note::BrokerFailed { .. }),
        ChangeReason::BrokerStarted => matches!(note, Note::BrokerStarted { .. }),
        ChangeReason::ControllerElected => matches!(note, Note::ControllerElected { .. }),
    }
}

fn shrinks(note: &Note, partition: TopicPartition) -> bool {
    matches!(*note, Note::IsrChanged { partition: p, old, new, .. } if p == partition && new.len() < old.len())
}

/// Whether this note ends a fault of `node`.
fn recovers(note: &Note, node: NodeId) -> bool {
    match *note {
        Note::Resumed { node: it } => it == node,
        Note::Slowed { node: it, by } => it == node && by == Span::ZERO,
        Note::ClockSet { node: it, percent } => it == node && percent == RIGHT,
        Note::LinkHealed { from, to } => from == node || to == node,
        _ => false,
    }
}

/// The node that a fault silences.
fn trouble_of(note: &Note) -> Option<NodeId> {
    match *note {
        Note::Crashed { node, .. } | Note::Paused { node } => Some(node),
        Note::Slowed { node, by } if by > Span::ZERO => Some(node),
        Note::ClockSet { node, percent } if percent != RIGHT => Some(node),
        _ => None,
    }
}

fn is_cut(note: &Note) -> bool {
    matches!(note, Note::LinkCut { .. })
}

fn cuts(note: &Note, node: NodeId) -> bool {
    matches!(*note, Note::LinkCut { from, to } if from == node || to == node)
}

/// Whether this note is a fault that may silence `node`.
fn strikes(note: &Note, node: NodeId) -> bool {
    trouble_of(note) == Some(node) || cuts(note, node)
}

/// The first step, within `back` before `step`, with a note for which `wanted` holds.
fn first_trouble(
    step: &StepRef,
    lookup: &impl Fn(StepId) -> Option<StepRef>,
    back: Span,
    wanted: impl Fn(&Note) -> bool,
) -> Found {
    let mut found = None;
    for earlier in before(step, lookup) {
        if step.time.since(earlier.time) > back {
            break;
        }
        if let Some(note) = earlier.notes.iter().find(|note| wanted(note)).copied() {
            found = Some((earlier, note));
        }
    }
    found
}

/// The latest step before `step`, or `step` itself, with a note for which `wanted` holds.
fn latest(
    step: &StepRef,
    lookup: &impl Fn(StepId) -> Option<StepRef>,
    wanted: impl Fn(&Note) -> bool,
) -> Found {
    before(step, lookup).find_map(|earlier| {
        let note = earlier.notes.iter().find(|note| wanted(note)).copied()?;
        Some((earlier, note))
    })
}

fn before(step: &StepRef, lookup: &impl Fn(StepId) -> Option<StepRef>) -> impl Iterator<Item = StepRef> {
    let last = step.event.0.saturating_sub(u64::from(MOST_STEPS));
    (last.max(1)..step.event.0).rev().map_while(move |event| lookup(StepId(event)))
}
