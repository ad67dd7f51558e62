//! What the checks found: how often each was made, what is broken, and what does not apply and why.
//!
//! Keeps: a broken promise is told once per invariant, partition and node, not again with every step.

use super::table::{INVARIANTS, Precondition, Rule};
use crate::id::{NodeId, Offset, StepId, TopicPartition};
use crate::note::Note;
use alloc::vec;
use alloc::vec::Vec;
use serde::Serialize;

/// Whom a check is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// A data partition; `None` for the metadata log and for clients.
    pub partition: Option<TopicPartition>,
    /// The node where it shows.
    pub node: Option<NodeId>,
    /// Where in the log.
    pub offset: Option<Offset>,
}

impl Subject {
    /// A node of the quorum.
    pub const fn node(node: NodeId) -> Subject {
        Subject { partition: None, node: Some(node), offset: None }
    }

    /// A partition.
    pub const fn partition(partition: TopicPartition) -> Subject {
        Subject { partition: Some(partition), node: None, offset: None }
    }

    /// One copy of a partition.
    pub const fn copy(partition: TopicPartition, node: NodeId) -> Subject {
        Subject { partition: Some(partition), node: Some(node), offset: None }
    }

    /// The same, at `offset`.
    #[must_use]
    pub const fn at(self, offset: Offset) -> Subject {
        Subject { offset: Some(offset), ..self }
    }
}

/// Why a promise is not given any more, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "why")]
pub enum Why {
    /// A leader was elected outside the ISR: what it lacked is gone, as was agreed to.
    UncleanElection {
        /// When.
        event: StepId,
        /// Who.
        leader: NodeId,
    },
    /// A replica that had lost records in a crash was elected: no other in-sync replica was left.
    LeaderLostRecords {
        /// When.
        event: StepId,
        /// Who.
        leader: NodeId,
    },
    /// The controller accepted an ISR change that its leader had asked for and forgotten: a metadata record that
    /// repeats the leader's partition epoch replaces what is pending, and the request is still on its way
    /// (`Partition.updateAssignmentAndIsr`). Or the request was refused, and a second copy of it accepted later, where
    /// messages are doubled: the leader takes `INELIGIBLE_REPLICA` for the last word
    /// (`Partition.handleAlterPartitionError`). Or a leader that writes ISRs into ZooKeeper itself (up to 2.6) did not
    /// hear that one was written: its session ended before the answer came, or the controller has written another since.
    /// Either leaves it with the ISR that it had (`KafkaZkClient.conditionalUpdatePath`, `Partition.expandIsr`). The leader has not waited for who joined.
    ForgottenProposal {
        /// When.
        event: StepId,
        /// Which leader.
        leader: NodeId,
    },
    /// The controller raised min.insync.replicas, made those eligible who then left the ISR, and the leader committed
    /// without them before it had heard of that: the ELR relies on all brokers counting with one minimum (KAFKA-16540).
    /// The controller counts with what it has written (`ReplicationControlManager.getTopicEffectiveMinIsr`), the leader
    /// with what it has replayed (`Partition.effectiveMinIsr`); it may be late, and have a successor out of the ELR.
    MinIsrUnheardOf {
        /// When.
        event: StepId,
        /// Which leader.
        leader: NodeId,
    },
    /// A replica that a reassignment dropped stayed in the ELR, and came back with an empty log by another
    /// reassignment: Kafka counts it as eligible (`PartitionChangeBuilder.maybePopulateTargetElr`).
    DroppedReplicaEligible {
        /// When.
        event: StepId,
        /// Who.
        replica: NodeId,
    },
    /// As many copies have lost records at a time as min.insync.replicas asks for: all that held a record may have.
    TooManyLosses {
        /// When.
        event: StepId,
    },
    /// The high watermark does not wait for min.insync.replicas.
    MinIsrNotEnforced,
    /// Nothing was produced with acks=all.
    NoAcksAll,
    /// Nothing of an idempotent producer was committed.
    NoIdempotence,
    /// Single messages were lost, doubled, late or overtaken, as on no TCP connection: producers count on the order of
    /// their requests.
    Disordered {
        /// First at this event.
        event: StepId,
    },
    /// Eligible leader replicas are off.
    ElrOff,
    /// A member of a Raft group lost its disk, and with it votes and entries that it had acknowledged: Raft counts on
    /// disks that live.
    MemberForgot {
        /// When.
        event: StepId,
        /// Who.
        replica: NodeId,
    },
    /// Partitions are Raft groups: there is no ISR.
    NoIsr,
    /// Partitions are no Raft groups.
    NoGroups,
    /// A leader answers consumers without asking whether it still leads.
    ReadsUnconfirmed,
}

impl Why {
    /// The event that took the promise away, if it was one.
    pub const fn event(&self) -> Option<StepId> {
        match *self {
            Why::UncleanElection { event, .. }
            | Why::LeaderLostRecords { event, .. }
            | Why::ForgottenProposal { event, .. }
            | Why::MinIsrUnheardOf { event, .. }
            | Why::DroppedReplicaEligible { event, .. }
            | Why::Disordered { event }
            | Why::MemberForgot { event, .. }
            | Why::TooManyLosses { event } => Some(event),
            Why::MinIsrNotEnforced
            | Why::NoAcksAll
            | Why::NoIdempotence
            | Why::ElrOff
            | Why::NoIsr
            | Why::NoGroups
            | Why::ReadsUnconfirmed => None,
        }
    }
}

/// How an invariant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "state")]
pub enum State {
    /// It held whenever it was looked at.
    Holds {
        /// How often.
        checked: u64,
    },
    /// It was broken.
    Broken {
        /// First at this event.
        event: StepId,
        /// Which partition.
        partition: Option<TopicPartition>,
        /// Where.
        node: Option<NodeId>,
        /// At which offset.
        offset: Option<Offset>,
    },
    /// The promise is not given.
    NotApplicable {
        /// Why not.
        why: Why,
    },
}

/// What promises depend on.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Why partitions have lost their guarantees, when all have.
    pub void: Option<Why>,
    /// Why partitions do not survive losses of disks, when none does.
    pub losses: Option<Why>,
    /// Something was produced with acks=all.
    pub acks_all: bool,
    /// Something of an idempotent producer was committed.
    pub idempotence: bool,
    /// Eligible leader replicas are on.
    pub elr: bool,
    /// The high watermark waits for min.insync.replicas.
    pub min_isr_enforced: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    checked: u64,
    broken: Option<(StepId, Subject)>,
}

/// The results of all checks so far.
#[derive(Clone, Debug)]
pub struct Findings {
    tallies: Vec<Tally>,
    /// Sorted; rarely more than none.
    told: Vec<(Rule, Option<TopicPartition>, Option<NodeId>)>,
    event: StepId,
    /// Since when connections have not kept the order of messages.
    disordered: Option<StepId>,
    /// Partitions are Raft groups.
    groups: bool,
    /// A leader is confirmed before it answers a consumer, or holds a lease.
    confirmed_reads: bool,
    fresh: Vec<Note>,
}

impl Default for Findings {
    fn default() -> Findings {
        Findings {
            tallies: vec![Tally::default(); INVARIANTS.len()],
            told: Vec::new(),
            event: StepId(0),
            disordered: None,
            groups: false,
            confirmed_reads: false,
            fresh: Vec::new(),
        }
    }
}

impl Findings {
    /// Those of a cluster whose partitions are Raft groups; whether reads are confirmed.
    pub fn of_groups(confirmed_reads: bool) -> Findings {
        Findings { groups: true, confirmed_reads, ..Findings::default() }
    }

    /// Whether partitions are Raft groups.
    pub const fn has_groups(&self) -> bool {
        self.groups
    }

    /// Whether a leader is confirmed before it answers a consumer, or holds a lease.
    pub const fn confirms_reads(&self) -> bool {
        self.confirmed_reads
    }

    /// Tells something that breaks no promise.
    pub fn tell(&mut self, note: Note) {
        self.fresh.push(note);
    }

    /// From now on findings belong to this event.
    pub fn begin(&mut self, event: StepId) {
        self.event = event;
    }

    /// From this event on connections do not keep the order of messages.
    pub fn disorder(&mut self) {
        self.disordered.get_or_insert(self.event);
    }

    /// Whether connections keep the order of messages.
    pub const fn is_orderly(&self) -> bool {
        self.disordered.is_none()
    }

    /// The event that is being looked at.
    pub const fn event(&self) -> StepId {
        self.event
    }

    /// Notes one check.
    pub fn check(&mut self, rule: Rule, holds: bool, subject: Subject) {
        let looked_at = if self.groups { rule.of_groups(subject.partition.is_some()) } else { Some(rule) };
        let Some(rule) = looked_at else { return };
        self.tallies[rule as usize].checked += 1;
        if !holds {
            self.broken(rule, subject);
        }
    }

    /// Notes a comparison: `parts` is where it fails, if it does.
    pub fn compare(&mut self, rule: Rule, parts: Option<Offset>, subject: Subject) {
        match parts {
            None => self.check(rule, true, subject),
            Some(offset) => self.check(rule, false, subject.at(offset)),
        }
    }

    #[cold]
    fn broken(&mut self, rule: Rule, subject: Subject) {
        let key = (rule, subject.partition, subject.node);
        let Err(place) = self.told.binary_search(&key) else { return };
        self.told.insert(place, key);
        self.tallies[rule as usize].broken.get_or_insert((self.event, subject));
        let Subject { partition, node, offset } = subject;
        self.fresh.push(Note::InvariantBroken { invariant: rule as u8, partition, node, offset });
    }

    /// What this event broke.
    pub fn take(&mut self, into: &mut Vec<Note>) {
        if !self.fresh.is_empty() {
            into.append(&mut self.fresh);
        }
    }

    /// How many promises were broken, each counted once per partition and node.
    pub const fn broken_count(&self) -> u64 {
        self.told.len() as u64
    }

    /// How a rule stands.
    pub fn state(&self, rule: Rule, given: &Given) -> State {
        let tally = self.tallies[rule as usize];
        if let Some((event, Subject { partition, node, offset })) = tally.broken {
            return State::Broken { event, partition, node, offset };
        }
        let other_name = rule != Rule::L7 && rule.of_groups(true) != Some(rule);
        let why = match rule.invariant().needs {
            _ if self.groups && other_name => Some(Why::NoIsr),
            Precondition::Raft | Precondition::ConfirmedReads if !self.groups => Some(Why::NoGroups),
            Precondition::ConfirmedReads if !self.confirmed_reads => Some(Why::ReadsUnconfirmed),
            Precondition::Raft | Precondition::ConfirmedReads => given.void,
            Precondition::Always => None,
            Precondition::Clean => given.void,
            Precondition::AcksAll => given.void.or((!given.acks_all).then_some(Why::NoAcksAll)),
            Precondition::Idempotent => {
                let disordered = self.disordered.map(|event| Why::Disordered { event });
                given.void.or((!given.idempotence).then_some(Why::NoIdempotence)).or(disordered)
            }
            Precondition::Orderly => given.void.or(self.disordered.map(|event| Why::Disordered { event })),
            Precondition::Elr => (!given.elr).then_some(Why::ElrOff),
            Precondition::Enforced => {
                (!given.min_isr_enforced).then_some(Why::MinIsrNotEnforced).or(given.void)
            }
            Precondition::FewLosses => {
                given.void.or((!given.acks_all).then_some(Why::NoAcksAll)).or(given.losses)
            }
        };
        why.map_or(State::Holds { checked: tally.checked }, |why| State::NotApplicable { why })
    }
}
