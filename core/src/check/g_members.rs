//! What the members of a group are given, and where each goes on.
//!
//! G2 OneOwnerPerGeneration: a partition has one owner in a generation. Source: KIP-62, KIP-848.
//! G3 CommitKept: a member goes on no earlier than what its group was told to be committed. Source: `OffsetMetadataManager`.
//! G4 NothingSkipped: a group goes on nowhere behind what its members have read. Source: Jepsen, poll-skip.
//!
//! Looked at when a member has been given a partition, and when it has learnt where to begin there. A generation is a
//! member epoch with KIP-848. Who goes by an older generation than a commit is a member of the past, and may be told
//! of the past by a coordinator that leads no more. Nothing is asked of a group whose coordinators lost records.

use super::findings::{Findings, Subject};
use super::replicas::Partitions;
use super::table::Rule;
use super::truth::Truth;
use crate::client::Consumer;
use crate::group::coordinator::partition_of;
use crate::id::{NodeId, Offset, Text, TopicPartition};
use crate::note::Note;
use crate::sim::world::World;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What a group has to do with a partition.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    /// The newest generation in which somebody was given it, and who.
    owner: Option<(u32, NodeId)>,
    /// What was confirmed to be committed last, and to a member of which generation.
    committed: Option<(u32, Offset)>,
    /// How far its members have read or were sent.
    read: Offset,
}

/// The checker's knowledge of groups.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupGhost {
    shares: BTreeMap<(Text, TopicPartition), Share>,
    /// Members that do not know yet where to begin.
    waiting: Vec<(NodeId, TopicPartition)>,
}

impl GroupGhost {
    /// A consumer handled an input.
    pub(super) fn observe(
        &mut self,
        (world, truth): (&World, &Truth),
        partitions: &mut Partitions,
        (id, consumer): (NodeId, &Consumer),
        notes: &[Note],
        findings: &mut Findings,
    ) {
        let Some(membership) = &consumer.membership else { return };
        let mut sound = |at: TopicPartition| {
            let coordinators = partition_of(&truth.image, membership.group);
            let brokers = world.genesis.brokers;
            coordinators.is_some_and(|keeper| partitions.ghost(keeper, brokers).void.is_none())
                && partitions.ghost(at, brokers).void.is_none()
        };
        for note in notes {
            match *note {
                Note::PartitionAssigned { group, partition, epoch } => {
                    let share = self.shares.entry((group, partition)).or_default();
                    let known = share.owner.filter(|&(of, _)| of >= epoch);
                    let same = known.is_none_or(|(of, owner)| of > epoch || owner == id);
                    findings.check(Rule::G2, same || !sound(partition), Subject::copy(partition, id));
                    share.owner = known.or(Some((epoch, id)));
                    self.waiting.push((id, partition));
                }
                Note::PartitionRevoked { partition, .. } => {
                    self.waiting.retain(|waits| *waits != (id, partition));
                }
                Note::OffsetCommitted { group, partition, offset } => {
                    let share = self.shares.entry((group, partition)).or_default();
                    share.committed = Some((membership.epoch, offset));
                }
                Note::PositionReset { partition, to, .. } | Note::RecordsConsumed { partition, to, .. } => {
                    let share = self.shares.entry((membership.group, partition)).or_default();
                    share.read = share.read.max(to);
                }
                Note::Started { .. } => self.waiting.retain(|(waits, _)| *waits != id),
                _ => {}
            }
        }
        for (_, partition) in self.waiting.extract_if(.., |(waits, at)| {
            *waits == id && consumer.positions.get(at).is_some_and(|position| position.offset.is_some())
        }) {
            let share = self.shares.entry((membership.group, partition)).or_default();
            let begin = consumer.positions.get(&partition).and_then(|at| at.offset).unwrap_or_default();
            let told = membership.committed.contains_key(&partition);
            // A commit that comes late undoes the one after it: nothing in it says which is newer.
            let kept = !findings.is_orderly()
                || share.committed.is_none_or(|(generation, offset)| {
                    generation > membership.epoch || (told && begin >= offset)
                });
            let sound = sound(partition);
            let subject = Subject::copy(partition, id).at(begin);
            findings.check(Rule::G3, kept || !sound, subject);
            findings.check(Rule::G4, !told || begin <= share.read || !sound, subject);
            share.read = share.read.max(begin);
        }
    }
}
