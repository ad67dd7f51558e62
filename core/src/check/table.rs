//! The table of invariants: what is promised, by whom, and on which condition.
//!
//! The place of a row is the number that a note carries ([`crate::note::Note::InvariantBroken`]), and the place of
//! the rule in [`Rule`]. Ids follow the literature's groups: L for one log, K for the metadata quorum, P for
//! partitions, S for what holds only while nobody gave the guarantee away, C for what clients may rely on, G for consumer groups.
//!
//! Left out: recovery quorum (S12).
//! Acknowledged records that a new leader does not hold are counted besides: [`super::Checker::lost`].

use crate::mode::{MetadataPlane, Mode, ReplicationPlane};
use serde::Serialize;

/// When a promise is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Precondition {
    /// In every release, under every setting and fault.
    Always,
    /// As long as the partition had no unclean election, and no leader that had lost records in a crash.
    Clean,
    /// The same, and the record was produced with acks=all.
    AcksAll,
    /// The same, the record's producer is idempotent, and connections keep the order of messages.
    Idempotent,
    /// As long as the partition had no unclean election, and connections keep the order of messages.
    Orderly,
    /// Eligible leader replicas are on (KIP-966).
    Elr,
    /// The high watermark stands still below min.insync.replicas (KIP-966), and the partition had no unclean election.
    Enforced,
    /// Partitions are Raft groups, and no member of this one has lost its disk.
    Raft,
    /// The same, and a leader is confirmed before it answers a consumer, or holds a lease.
    ConfirmedReads,
    /// With acks=all, no unclean election, and at most min.insync.replicas - 1 copies that have lost records at a time.
    FewLosses,
}

/// One promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Invariant {
    /// Short name: `K1`.
    pub id: &'static str,
    /// Name: `ElectionSafety`.
    pub name: &'static str,
    /// What holds, in one sentence.
    pub statement: &'static str,
    /// Where the promise comes from.
    pub source: &'static str,
    /// When it is given.
    pub needs: Precondition,
}

macro_rules! table {
    ($($needs:ident { $($id:ident $name:ident: $statement:literal, $source:literal;)+ })+) => {
        /// The invariants by id; its discriminant is the row in [`INVARIANTS`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[allow(missing_docs, reason = "the statements stand in the table")]
        #[repr(u8)]
        pub enum Rule { $($($id,)+)+ }

        const RULES: &[Rule] = &[$($(Rule::$id,)+)+];

        /// All invariants.
        pub const INVARIANTS: &[Invariant] = &[$($(Invariant {
            id: stringify!($id),
            name: stringify!($name),
            statement: $statement,
            source: $source,
            needs: Precondition::$needs,
        },)+)+];
    };
}

table! {
    Always {
        L1 OffsetOrder: "In every log the start lies at or below the high watermark, and that at or below the end; nothing beyond the end is flushed.",
            "KafkaReplication.tla TypeOk";
        L2 EpochOrder: "In every log the leader epochs never go down as offsets go up, and none is above the leader epoch that the replica knows.",
            "KIP-101, KAFKA-7415";
        L3 EpochCacheExact: "The leader-epoch cache names for every epoch in the log the first offset of that epoch, and nothing else but the epoch of a leader that has not written yet; a leader's own epoch is always in it.",
            "LeaderEpochFileCache, KAFKA-7415";
        L4 EntryIdentity: "Two logs that hold an entry of the same offset and epoch hold the same entry.",
            "Raft, Log Matching";
        L5 EpochOwner: "All entries of one epoch were first written by one node, the leader of that epoch.",
            "raft.tla";
        L6 StoredEpochMonotone: "The epoch that a node has stored never goes back, not even across a crash; nor does the leader epoch or partition epoch of a replica while its broker lives.",
            "RaftEventSimulationTest, MonotonicEpoch";
        L7 LeaderAppendOnly: "A leader neither cuts nor overwrites its log within its epoch.",
            "Raft, Leader Append-Only";
        K1 ElectionSafety: "At most one node ever leads an epoch of the metadata quorum.",
            "Raft, Election Safety";
        K2 BeliefAgreement: "No two nodes that are in the same epoch believe in different leaders.",
            "pull-raft.tla, NeverTwoLeadersInSameEpoch";
        K3 VoteOnce: "A voter, which is an id and a disk, gives at most one vote per epoch, also across restarts.",
            "Raft, KIP-595";
        K4 LogMatchingRaft: "When two metadata logs hold the same epoch at an offset, they are equal up to there.",
            "Raft, Log Matching";
        K5 LeaderCompleteness: "A new leader of the quorum holds every committed metadata record.",
            "Raft, Leader Completeness";
        K6 CommittedImmutable: "What is committed in the metadata log never changes, and every log agrees with it below its own high watermark.",
            "RaftEventSimulationTest, ConsistentCommittedData";
        K7 MajorityHolds: "Whenever the leader's high watermark moves, a majority of the last voter set in its log has flushed everything below it.",
            "RaftEventSimulationTest, MajorityReachedHighWatermark, KAFKA-16530";
        K8 OwnEpochCommit: "A leader's high watermark moves only once an entry of its own epoch is on a majority.",
            "Raft paper, section 5.4.2";
        K9 HwMonotone: "A metadata high watermark never goes back while a node lives, and a log is never cut below it.",
            "RaftEventSimulationTest, MonotonicHighWatermark";
        K10 AckAfterFlush: "What a voter may have confirmed to others is flushed: its log end never lies beyond what survives a power loss.",
            "RaftFsync.tla, KAFKA-10533";
        K11 OneChange: "A leader changes the voters only after it has committed in its own epoch and when the voter set before is committed, by at most one voter more and one less.",
            "KIP-853, Raft thesis";
        K12 VoterSetFromLog: "The voters that a replica goes by are those of the last voter set in its log, committed or not.",
            "KIP-853, KRaftControlRecordStateMachine";
        K13 RoleTable: "Roles change only along the transitions of QuorumState, and an observer never stands for election.",
            "QuorumState, ValidRolesAndStates";
        K14 PreVotePure: "A pre-vote of the present epoch changes nothing that is stored, and a prospective has not raised its epoch.",
            "KIP-996";
        K15 SnapshotAtStart: "A metadata log that starts beyond 0 has a snapshot that ends right there; a snapshot says exactly what the committed records before its end say, and no active controller reads one.",
            "RaftEventSimulationTest, SnapshotAtLogStart, LeaderNeverLoadSnapshot";
        K16 ActiveController: "There is at most one active controller per epoch, and brokers apply nothing but committed metadata, in order.",
            "KIP-631, MetadataLogMatching";
        K17 NoLeadAfterRestart: "A node that led an epoch and was restarted does not lead that epoch again.",
            "KIP-595, ResignedState";
        P1 EpochsRise: "Every change of a partition raises its partition epoch by one, every change of its leader the leader epoch by one.",
            "PartitionRegistration.merge";
        P2 SetShapes: "ISR and ELR are sets of assigned replicas that have no member in common.",
            "PartitionRegistration, ValidControllerIsrAndElr";
        P3 LeaderInIsr: "A partition's leader is an unfenced member of its ISR.",
            "Kip320.tla, LeaderInIsr";
        P4 ElrEmptyWhenEnough: "While the ISR has min.insync.replicas members, or ELR is off, no replica is in the ELR.",
            "KIP-966";
        P5 LastIsrKept: "Without ELR the last member of an ISR stays in it; with ELR no fenced broker is in an ISR.",
            "PartitionChangeBuilder, KIP-966";
        P6 MaximalIsr: "A leader counts with the ISR that the controller has committed for its partition epoch, and with whom it asks to add on top.",
            "KIP-497";
        P7 OneInFlight: "A leader has at most one ISR change that the controller has not decided.",
            "PartitionTest, SingleInFlightAlterIsr";
        P8 FetcherExclusive: "A replica that leads is in no fetcher, one that fetches in exactly one, that of its leader.",
            "v3.5 TLA+, ValidFetcherState";
        P9 BrokerEpochUnique: "Every new life of a broker is registered under a broker epoch above all earlier ones.",
            "KIP-631, ClusterControlManager";
        P10 AckImpliesAppend: "An acknowledgement names records that are in the log of the leader that gave it.",
            "Jepsen";
        P11 NeverAckAndNack: "No batch is both acknowledged and reported as failed.",
            "Jepsen";
        Z1 ControllerEpoch: "The controller epoch rises by one with each election of a controller, and in one epoch one broker is the controller.",
            "KafkaZkClient.registerControllerAndIncrementControllerEpoch";
        Z2 FencedWrites: "Whoever decides about a partition does so in the present controller epoch: a controller that was replaced writes nothing any more.",
            "KAFKA-6082";
        Z3 FencedRequests: "A broker that has obeyed a controller obeys no earlier one.",
            "KAFKA-1188";
        Z4 CasIsr: "A leader changes an ISR in ZooKeeper only where the znode is what it has read.",
            "KIP-497, ReplicationUtils.updateLeaderAndIsr";
        Z5 EphemeralTruth: "An ephemeral znode is there as long as its session is, unless somebody deletes it, and one that is made anew has a higher czxid.",
            "DataTree.killSession, KIP-380";
        Z6 OneOrder: "One member of the ensemble leads an epoch, and what a member has applied every member applies at the same place.",
            "ZAB, total order and agreement";
        S7 HwRule: "A leader's high watermark moves only to where every member of the maximal ISR has fetched in this leader epoch, and not while the ISR is below min.insync.replicas.",
            "Partition.maybeIncrementLeaderHW, KIP-966";
        S8 ExpandRule: "A replica joins the ISR only when a fetch in this leader epoch has reached both the high watermark and the start of the epoch, and its broker is unfenced and not shutting down.",
            "KIP-320, KIP-841, KIP-903";
        S16 UncleanMarked: "An election outside the ISR leaves the new leader alone in the ISR and marks the partition as recovering.",
            "KIP-704";
        S17 ReassignSafe: "A reassignment that completes has everybody in the ISR whom it added, and leaves no smaller ISR than there was without them, unless that still has min.insync.replicas members.",
            "KIP-455, KAFKA-15665, KAFKA-19975";
    }
    Clean {
        S1 WeakIsr: "Every member of the ISR that a leader believes in holds what the leader has committed.",
            "Kip320.tla, WeakIsr";
        S2 StrongIsr: "Every member of the controller's ISR holds what any leader has committed.",
            "Kip320.tla, StrongIsr";
        S3 PairLogMatching: "Any two replicas agree below their high watermarks.",
            "kip-966 TLA+, LogMatching";
        S4 CandidateCompleteness: "Every replica that may be elected, from the ISR or the ELR, holds all committed records.",
            "kip-966 TLA+, LeaderCandidateCompleteness";
        S5 LeaderCompleteness: "A new leader holds all committed records.",
            "kip-966 TLA+, LeaderCompleteness";
        S6 QuorumSuperset: "The newest leader waits for every member of the controller's ISR, and when its own ISR suffices, for every member of the ELR.",
            "KIP-497, KIP-966, ReplicationQuorumSuperset";
        S10 NoCommittedTruncation: "Truncation removes no committed record.",
            "KIP-101, KIP-279, KIP-320";
        S13 RepeatableRead: "The newest leader holds everything that a consumer has ever read, where it was read.",
            "v3.5 TLA+, ConsistentRead";
        S14 AppliedHwMonotone: "A leader's high watermark never goes back, and no consumer is sent back.",
            "KIP-207";
        C2 NoAbortedRead: "No consumer reads a record whose producer was told for certain that it was not written.",
            "Jepsen, G1a";
        C3 OneValuePerOffset: "Whoever reads an offset reads the same record.",
            "Jepsen, inconsistent offsets";
        C5 ConsumerOrder: "A consumer reads every partition in the order of offsets and leaves none out.",
            "Jepsen, poll-skip, nonmonotonic-poll";
        C7 NoReadAboveHw: "Consumers read committed records only.",
            "Jepsen, READ_COMMITTED at the high watermark";
    }
    AcksAll {
        C1 NoLostAckedWrite: "Every new leader still holds every record that was acknowledged with acks=all, at its offset.",
            "Jepsen, lost-write";
    }
    Idempotent {
        C4 NoDuplicates: "No record of an idempotent producer is committed twice in one producer epoch.",
            "KIP-98, Jepsen, duplicate";
        C6 ProducerOrder: "The records of an idempotent producer are committed in the order in which it made them, in each partition and producer epoch.",
            "KAFKA-5494, Jepsen, nonmonotonic-send";
    }
    Elr {
        S9 UncleanExclusion: "A replica that came back after losing records is in no ISR or ELR and does not lead until it has caught up.",
            "KIP-966";
    }
    Enforced {
        S15 AckDurability: "A committed record is on at least min.insync.replicas replicas at the moment of its commit.",
            "min.insync.replicas, KIP-966";
    }
    FewLosses {
        S11 NoGlobalLoss: "Every record that was acknowledged with acks=all is in the log of some replica.",
            "kip-966 TLA+, NoGlobalDataLoss";
    }
    Always {
        G1 OneReaderPerPartition: "Within a group no partition is assigned to two members.",
            "KIP-62, KIP-848, ConsumerGroup.updatePartitionEpochs";
    }
    Clean {
        G2 OneOwnerPerGeneration: "No two members of a group are given the same partition in one generation or member epoch.",
            "KIP-62, KIP-848";
    }
    Orderly {
        G3 CommitKept: "A member goes on no earlier than the last offset that its group was told to be committed.",
            "OffsetMetadataManager, RequiredAcks of OffsetCommit";
    }
    Clean {
        G4 NothingSkipped: "Where a group goes on by a committed offset, its members have read everything before, or were sent there by auto.offset.reset.",
            "Jepsen, poll-skip";
    }
    Raft {
        R1 ElectionSafety: "At most one replica ever leads an epoch of its partition.",
            "Raft paper, figure 3";
        R2 LeaderAppendOnly: "A leader neither cuts nor overwrites its log within its epoch.",
            "Raft paper, figure 3";
        R3 LogMatching: "When two logs of a partition hold the same epoch at an offset, they are equal up to there.",
            "Raft paper, figure 3";
        R4 LeaderCompleteness: "A new leader holds every committed record.",
            "Raft paper, figure 3";
        R5 StateMachineSafety: "No two replicas know different records to be committed at one offset.",
            "Raft paper, figure 3";
        R6 MajorityHolds: "A leader's high watermark moves only to where a majority has everything on disk, and the last entry there is of its own epoch.",
            "Raft paper, section 5.4.2";
        R7 VoteOnce: "A replica gives at most one vote per epoch, also across restarts, and its epoch never goes back.",
            "Raft paper, section 5.2";
    }
    ConfirmedReads {
        R8 LinearizableRead: "The answer to a consumer shows everything that was committed when its question arrived.",
            "Raft paper, section 8";
    }
}

impl Rule {
    /// All of them, in the order of their rows.
    pub const ALL: &[Rule] = RULES;

    /// What is looked at in its stead where partitions are Raft groups: Raft gives some of the promises under names of
    /// its own, and where there is no ISR nothing is promised of it.
    pub(super) const fn of_groups(self, of_partition: bool) -> Option<Rule> {
        match self {
            Rule::S5 => Some(Rule::R4),
            Rule::S3 => Some(Rule::R5),
            Rule::L7 if of_partition => Some(Rule::R2),
            Rule::P6
            | Rule::P7
            | Rule::P8
            | Rule::S1
            | Rule::S2
            | Rule::S4
            | Rule::S6
            | Rule::S7
            | Rule::S8
            | Rule::S9
            | Rule::S15
            | Rule::S16
            | Rule::S17 => None,
            other => Some(other),
        }
    }

    /// Whether it says anything in this mode: elsewhere nobody promises it, since there is nothing of which it could
    /// be said (an ISR, a quorum of controllers, an ensemble, a group of consumers).
    pub const fn concerns(self, mode: Mode) -> bool {
        let zookeeper = matches!(mode.metadata(), MetadataPlane::ZooKeeper);
        let groups = matches!(mode.replication(), ReplicationPlane::Raft);
        match self {
            Rule::Z1 | Rule::Z2 | Rule::Z3 | Rule::Z4 | Rule::Z5 | Rule::Z6 => zookeeper,
            Rule::K1
            | Rule::K2
            | Rule::K3
            | Rule::K4
            | Rule::K5
            | Rule::K6
            | Rule::K7
            | Rule::K8
            | Rule::K9 => !zookeeper,
            Rule::K10 | Rule::K11 | Rule::K12 | Rule::K13 | Rule::K14 | Rule::K15 | Rule::K16 | Rule::K17 => {
                !zookeeper
            }
            Rule::R1 | Rule::R2 | Rule::R3 | Rule::R4 | Rule::R5 | Rule::R6 | Rule::R7 | Rule::R8 => groups,
            Rule::P4 | Rule::S9 => !zookeeper && !groups,
            Rule::P2 | Rule::P3 | Rule::P5 | Rule::G1 | Rule::G2 | Rule::G3 | Rule::G4 => !groups,
            // L7 is kept by the metadata log everywhere; a group's has a name of its own.
            other if groups => match other.of_groups(false) {
                Some(instead) => instead as u8 == other as u8,
                None => false,
            },
            _ => true,
        }
    }

    /// Its row.
    pub const fn invariant(self) -> &'static Invariant {
        &INVARIANTS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// Source: there is no metadata log with ZooKeeper, no ISR in a Raft group, no ensemble in KRaft.
    #[test]
    fn each_mode_has_the_rules_that_concern_it() {
        let of = |mode: Mode| {
            [Rule::Z1, Rule::K1, Rule::R1, Rule::P3, Rule::L7, Rule::C1].map(|rule| rule.concerns(mode))
        };
        assert_eq!(of(Mode::ZooKeeper), [true, false, false, true, true, true]);
        assert_eq!(of(Mode::KRaft), [false, true, false, true, true, true]);
        assert_eq!(of(Mode::KafkaRaft), [false, true, true, false, true, true]);
    }

    #[test]
    fn the_discriminant_of_a_rule_is_its_row() {
        assert_eq!(Rule::K1.invariant().name, "ElectionSafety");
        assert_eq!(format!("{:?}", Rule::S9), INVARIANTS[Rule::S9 as usize].id);
        assert_eq!(Rule::R8 as usize, INVARIANTS.len() - 1);
    }
}
