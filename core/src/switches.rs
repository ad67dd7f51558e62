//! The switches: one per behaviour that differs between releases, or that a bug of the past got wrong.
//!
//! Protocol modules ask for a switch, never for a release number: a test, a lesson or a search can turn one
//! switch and leave the rest. On is today's Kafka unless the text says "old behaviour".

use crate::release::Release;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a candidate that lost does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CandidateBackoff {
    /// Up to 3.9: `min(100 ms * nextInt(2^retries), backoff.max)`, then a new epoch.
    Base100,
    /// 4.0: `min(50 ms * (1 + nextInt(2^retries)), backoff.max + nextInt(50))`, then prospective.
    Base50,
    /// From 4.1: waits for the rest of its election timeout, then prospective.
    None,
}

/// How a new follower finds the point from which its log differs from the leader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Truncation {
    /// Up to 0.10.2: cuts to its own high watermark, asks nobody.
    HighWatermark,
    /// 0.11 to 1.1 (KIP-101): asks for the end offset of its last epoch; the answer has no epoch.
    LeaderEpoch,
    /// 2.0 to 2.6 (KIP-279): the answer carries its epoch, and the follower asks again if it must.
    EpochAndEndOffset,
    /// From 2.7 (KIP-595): no question; a fetch carries the last fetched epoch, the answer a diverging epoch.
    OnFetch,
}

/// One switch that is on or off.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// Its name in scenario text.
    pub name: &'static str,
    /// KIP, Kafka issue or class.
    pub source: &'static str,
    /// Reads it.
    pub get: fn(&Features) -> bool,
    /// Turns it.
    pub set: fn(&mut Features, bool),
}

macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident: $when:ident $($since:ident)*, $source:literal;)*) => {
        /// One switch per behaviour.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub struct Features {
            /// See [`CandidateBackoff`].
            pub candidate_backoff: CandidateBackoff,
            /// See [`Truncation`].
            pub truncation: Truncation,
            $($(#[$doc])* pub $name: bool,)*
        }

        /// The switches that are on or off, in the order of the parts that they belong to.
        pub const SWITCHES: &[Switch] = &[$(Switch {
            name: stringify!($name),
            source: $source,
            get: |features| features.$name,
            set: |features, on| features.$name = on,
        },)*];

        impl Features {
            /// The switches of this release.
            pub const fn of(release: Release) -> Features {
                Features {
                    candidate_backoff: backoff_of(release),
                    truncation: truncation_of(release),
                    $($name: switches!(@value release, $when $($since)*),)*
                }
            }
        }
    };
    (@value $release:ident, from $since:ident) => { $release as u8 >= Release::$since as u8 };
    (@value $release:ident, until $since:ident) => { ($release as u8) < Release::$since as u8 };
    (@value $release:ident, between $since:ident $until:ident) => {
        $release as u8 >= Release::$since as u8 && ($release as u8) < Release::$until as u8
    };
    (@value $release:ident, always) => { true };
}

const fn backoff_of(release: Release) -> CandidateBackoff {
    match release {
        Release::V4_0 => CandidateBackoff::Base50,
        Release::V4_1 | Release::V4_2 => CandidateBackoff::None,
        _ => CandidateBackoff::Base100,
    }
}

const fn truncation_of(release: Release) -> Truncation {
    match release {
        Release::V0_10 => Truncation::HighWatermark,
        Release::V1_1 => Truncation::LeaderEpoch,
        Release::V2_0 | Release::V2_3 | Release::V2_6 => Truncation::EpochAndEndOffset,
        _ => Truncation::OnFetch,
    }
}

switches! {
    // The quorum.
    /// PreVote and the Prospective state.
    pre_vote: from V4_0, "KIP-996";
    /// A follower grants a pre-vote unless it has fetched successfully since it became a follower; off: it refuses
    /// as long as it believes in a leader, and two voters can keep each other waiting.
    pre_vote_until_fetched: from V4_0, "KIP-996";
    /// An unattached voter also sends Fetch to find the leader; before, only observers did.
    unattached_voter_fetches: from V4_0, "KAFKA-17030";
    /// Old behaviour: a resigned leader times out into Candidate; later into Unattached of the next epoch.
    resigned_becomes_candidate: until V4_0, "ResignedState";
    /// The metadata fetch carries the follower's high watermark.
    fetch_carries_hw: from V4_1, "KIP-1166";
    /// BeginQuorumEpoch is re-sent only to voters that have not fetched within half the fetch timeout.
    begin_quorum_to_silent_voters_only: from V4_2, "LeaderState";
    /// A leader resigns when no majority has fetched within 1.5 fetch timeouts.
    check_quorum: from V3_7, "KAFKA-15489";
    /// A truncation of the metadata log below its high watermark halts the replica; off: it cuts in silence.
    metadata_truncation_guard: from V3_0, "KAFKA-12460";
    /// A controller that cannot go on resigns from leading the quorum as well; off: it leads without being active.
    renounce_resigns: from V3_1, "KAFKA-13104";
    /// Voters can be added and removed (kraft.version 1).
    kraft_version_1: from V3_9, "KIP-853";
    /// No voter change before the leader has committed in its own epoch; off: the bug of the Raft thesis.
    reconfig_guard: always, "KIP-853";
    /// The leader of a partition's Raft group commits by counting only entries of its own epoch (kafkaraft); off: any entry
    /// that a majority has, and the next leader may overwrite it.
    raft_counts_own_epoch_only: always, "the Raft paper, section 5.4.2, figure 8";
    /// Voters and votes are known by (id, directory id); off: by id alone.
    voter_directory_id: from V3_9, "KIP-853";
    /// A controller flushes before it fetches further, votes or answers, also one that only observes (KAFKA-17332);
    /// off: it acknowledges from memory.
    flush_before_ack: always, "KAFKA-10533";
    /// A leader that is no voter any more does not count itself; off: it does.
    removed_leader_not_counted: from V3_9, "KAFKA-16530";
    /// AddRaftVoter may be answered when it is appended, so that the new voter's one request slot is free to fetch.
    add_voter_answers_early: from V4_2, "KIP-1186";

    // Truncation and epochs of partitions.
    /// A leader refuses a fetch of another leader epoch (FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH).
    fetch_checks_leader_epoch: from V2_3, "KIP-320";
    /// The high watermark counts only what followers have fetched in this leader epoch.
    hw_counts_current_epoch_only: from V2_3, "KIP-320";
    /// A replica joins the ISR only after a fetch in this leader epoch.
    expansion_needs_current_epoch: from V2_3, "KIP-320";
    /// A replica joins the ISR only when it has reached the start offset of this leader epoch.
    expansion_waits_for_epoch_start: from V2_3, "KAFKA-7128";
    /// A follower truncates only against a leader of the same leader epoch.
    truncation_needs_same_epoch: from V2_3, "KIP-320";
    /// A new leader stores (leader epoch, log end offset) before it has written anything.
    leader_stores_epoch_start: from V2_3, "KAFKA-7415";
    /// A follower that has missed an epoch truncates even if the leader is the one that it knew.
    truncation_on_missed_epoch: from V2_3, "KAFKA-7164";
    /// Truncation removes the epochs that start at the log end although no record is cut.
    truncation_cleans_epoch_cache: from V2_8, "KAFKA-10706";
    /// A follower ignores the high watermark of an answer that tells it to truncate.
    diverging_answer_hw_ignored: from V3_5, "KAFKA-14704";
    /// A fetch that is answered with a diverging epoch does not count as progress.
    diverging_fetch_is_no_progress: from V3_0, "KAFKA-13141";
    /// A follower appends no record of an epoch later than the one in which it fetched.
    follower_refuses_later_epochs: from V3_9, "KAFKA-18723";
    /// Old behaviour: a broker with a longer log than its leader's stops, unless unclean election is allowed.
    out_of_range_halts: until V2_3, "AbstractFetcherThread.handleOffsetOutOfRange";
    /// A broker reads its high watermark checkpoint at start; off: it begins at 0.
    hw_checkpoint_is_read: always, "KAFKA-769";
    /// A leader may send a consumer to a replica in its rack, and followers serve consumers up to their high watermark;
    /// off: consumers read from the leader.
    fetch_from_follower: from V2_6, "KIP-392";
    /// A failed append fences the log against further appends.
    io_error_fences_log: from V2_8, "KAFKA-10778";

    // ISR, high watermark, brokers' lives.
    /// The high watermark waits for a member from the moment when its joining is proposed (maximal ISR).
    maximal_isr: always, "KIP-497";
    /// A member whose removal is proposed still counts until the controller has agreed.
    shrink_waits_for_answer: always, "KIP-497";
    /// The high watermark is computed again when an ISR change is accepted.
    hw_after_isr_change: from V3_1, "KAFKA-13091";
    /// The high watermark stands still while the ISR is below min.insync.replicas.
    strict_min_isr: from V3_7, "KIP-966";
    /// min.insync.replicas counts as at most the replication factor.
    effective_min_isr: from V3_7, "KAFKA-15583";
    /// The controller refuses fenced and leaving brokers in an ISR (INELIGIBLE_REPLICA), and leaders do not offer them.
    ineligible_replicas_refused: from V3_3, "KIP-841";
    /// An ISR names the broker epoch of each member, and the controller and the leader compare it.
    broker_epoch_checked: from V3_5, "KIP-903";
    /// A leader decides and proposes with one reading of a follower's broker epoch, and refuses the fetch of an
    /// earlier life.
    broker_epoch_read_once: from V3_7, "KAFKA-15221";
    /// Old behaviour: every shrinking of an ISR starts a new leader epoch.
    leader_epoch_bump_on_shrink: until V3_6, "KAFKA-15021";
    /// A caught-up replica that may not join the ISR does not hold the high watermark back.
    ineligible_replicas_ignored_by_hw: from V3_6, "KAFKA-15021";
    /// The controller answers NOT_CONTROLLER when a request knows a newer epoch than itself.
    not_controller_when_behind: from V3_4, "KAFKA-14154";
    /// An unclean election marks the partition as RECOVERING.
    leader_recovery_state: from V3_3, "KIP-704";
    /// Eligible leader replicas: who left the ISR below min.insync.replicas may still lead.
    elr: from V4_1, "KIP-966";
    /// With ISR and ELR lost, the last known leader is elected only when it is unfenced and not shutting down. Off: as
    /// soon as a partition changes, alive or not (ELR of 4.0; invariant P3).
    last_known_leader_must_be_active: from V4_1, "KAFKA-19522";
    /// A replica that a reassignment drops stays in the ELR while the ISR is below min.insync.replicas (every
    /// release). If another reassignment brings it back with an empty log, it counts as eligible and may lead:
    /// committed records are lost (invariants P2, S4, S5). Off: only replicas are eligible.
    dropped_replicas_stay_in_elr: always, "PartitionChangeBuilder.maybePopulateTargetElr";
    /// A reassignment that makes the replica list shorter completes only when everybody who stays is in the ISR: it
    /// must not make the ISR smaller. Off: as soon as everybody who comes is in it.
    reassignment_keeps_isr: from V3_9, "KAFKA-15665";
    /// Old behaviour: a reassignment waits for everybody who stays, also for who was out of sync before it began.
    reassignment_waits_for_all: between V3_9 V4_2, "KAFKA-19975";
    /// A record that repeats what a leader knows already from its AlterPartition answer (equal partition epoch)
    /// ends the ISR change that the leader proposed since (every release). That change may still be accepted, and
    /// until its own record arrives the leader does not wait for the replica that joined: a committed record can
    /// be missing on a member of the ISR (invariants S1, S6). Off: the proposal goes on.
    repeated_metadata_ends_proposal: always, "Partition.makeLeader";
    /// A broker that replays two elections at once, and led before the first and leads after the second, keeps
    /// its followers' log ends (every release), although another leader in between may have made them truncate: it
    /// can commit what they do not hold (invariants S1, S7). Off: log ends are kept only across one leader epoch.
    leader_across_epochs_keeps_log_ends: always, "Partition.makeLeader";

    // ZooKeeper.
    /// Every write of a controller carries the version of `/controller_epoch` that it was elected with, in one multi, and
    /// what a session could not carry out dies with it. Off: a controller whose session has expired goes on with what
    /// it was at in its next session, and overwrites what its successor has written.
    zk_multi: from V2_3, "KAFKA-6082";
    /// A broker refuses LeaderAndIsr, UpdateMetadata and StopReplica of a controller whose epoch is lower than one that
    /// it has heard of; off: it obeys whoever speaks last.
    controller_epoch_in_requests: always, "KAFKA-1188";
    /// Requests of a controller name the life of the broker that they are meant for, and another life refuses them.
    broker_epoch_in_requests: from V2_3, "KIP-380";
    /// StopReplica names the leader epoch, and a replica that knows a later one refuses it.
    stop_replica_epoch: from V2_6, "KIP-570";
    /// Leaders ask the controller for another ISR (AlterPartition); off, and only with ZooKeeper: they write it into
    /// the partition's znode themselves.
    alter_isr: from V2_8, "KIP-497";

    /// With ZooKeeper, leaders are moved back to the preferred replicas also while partitions are being moved.
    rebalance_during_reassignment: from V3_4, "KAFKA-10149";
    /// A broker asks the controller for a block of producer ids; off, and only with ZooKeeper: it takes one there itself.
    producer_ids_by_rpc: from V3_0, "KIP-730";

    // Groups.
    /// A coordinator that has just read its log to the end answers from all of it, also from what is above the high
    /// watermark (every release): if that is cut by the next election, two members may hold the same share of one
    /// member epoch (invariant G2). Off: such answers wait until what was read is committed.
    coordinator_tells_uncommitted: always, "CoordinatorLoaderImpl";

    // Clients.
    /// A consumer asks a new leader where the epoch of its last record ends, before it reads on: it notices that the
    /// log was cut below its position. Off: it reads on at the same offset, whatever stands there now.
    consumer_detects_truncation: from V2_3, "KIP-320";
}

impl Features {
    /// Every switch with its value as text, `candidate_backoff` and `truncation` first.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let named = [
            ("candidate_backoff", backoff_name(self.candidate_backoff).to_string()),
            ("truncation", truncation_name(self.truncation).to_string()),
        ];
        let on_off =
            |switch: &Switch| (switch.name, if (switch.get)(self) { "on" } else { "off" }.to_string());
        named.into_iter().chain(SWITCHES.iter().map(on_off)).collect()
    }

    /// The switches that stand otherwise than in `release`.
    pub fn changed_from(&self, release: Release) -> Vec<(&'static str, String)> {
        let usual = Features::of(release).lines();
        self.lines()
            .into_iter()
            .zip(usual)
            .filter(|(mine, usual)| mine != usual)
            .map(|(mine, _)| mine)
            .collect()
    }

    /// Turns the switch of this name.
    ///
    /// # Errors
    /// What is wrong, and what may be written instead.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "candidate_backoff" => {
                self.candidate_backoff = choose(&BACKOFFS, backoff_name, name, value)?;
            }
            "truncation" => self.truncation = choose(&TRUNCATIONS, truncation_name, name, value)?,
            _ => {
                let switch = SWITCHES.iter().find(|switch| switch.name == name).ok_or_else(|| {
                    let known: Vec<&str> = SWITCHES.iter().map(|switch| switch.name).collect();
                    format!(
                        "'{name}' is no switch: write one of truncation, candidate_backoff, {}",
                        known.join(", ")
                    )
                })?;
                match value {
                    "on" => (switch.set)(self, true),
                    "off" => (switch.set)(self, false),
                    _ => return Err(format!("switch {name} '{value}': write on or off")),
                }
            }
        }
        Ok(())
    }
}

const BACKOFFS: [CandidateBackoff; 3] =
    [CandidateBackoff::Base100, CandidateBackoff::Base50, CandidateBackoff::None];
const TRUNCATIONS: [Truncation; 4] =
    [Truncation::HighWatermark, Truncation::LeaderEpoch, Truncation::EpochAndEndOffset, Truncation::OnFetch];

fn backoff_name(backoff: CandidateBackoff) -> &'static str {
    match backoff {
        CandidateBackoff::Base100 => "base-100",
        CandidateBackoff::Base50 => "base-50",
        CandidateBackoff::None => "none",
    }
}

fn truncation_name(truncation: Truncation) -> &'static str {
    match truncation {
        Truncation::HighWatermark => "high-watermark",
        Truncation::LeaderEpoch => "leader-epoch",
        Truncation::EpochAndEndOffset => "epoch-and-end-offset",
        Truncation::OnFetch => "on-fetch",
    }
}

fn choose<T: Copy>(all: &[T], print: fn(T) -> &'static str, name: &str, value: &str) -> Result<T, String> {
    all.iter().copied().find(|one| print(*one) == value).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|one| print(*one)).collect();
        format!("switch {name} '{value}': write one of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: KIP-996 (4.0), KIP-1166 (4.1), `CandidateState` of 4.1, `LeaderState` of 4.2.
    #[test]
    fn each_kraft_release_turns_its_own_switches() {
        let [v3_9, v4_0, v4_1, v4_2] = Release::KRAFT.map(Features::of);
        assert!(!v3_9.pre_vote && v4_0.pre_vote && v4_1.pre_vote && v4_2.pre_vote);
        assert!(!v3_9.unattached_voter_fetches && v4_0.unattached_voter_fetches);
        assert!(v3_9.resigned_becomes_candidate && !v4_0.resigned_becomes_candidate);
        assert!(!v4_0.fetch_carries_hw && v4_1.fetch_carries_hw);
        assert_eq!(v3_9.candidate_backoff, CandidateBackoff::Base100);
        assert_eq!(v4_0.candidate_backoff, CandidateBackoff::Base50);
        assert_eq!(v4_1.candidate_backoff, CandidateBackoff::None);
        assert!(!v4_1.begin_quorum_to_silent_voters_only && v4_2.begin_quorum_to_silent_voters_only);
        assert!(!v4_0.elr && v4_1.elr && v3_9.strict_min_isr);
    }

    /// Source: KIP-101 (0.11), KIP-279 (2.0), KIP-320 (2.1), KIP-595 (2.7).
    #[test]
    fn old_releases_truncate_as_they_did() {
        let truncation = |release| Features::of(release).truncation;
        assert_eq!(truncation(Release::V0_10), Truncation::HighWatermark);
        assert_eq!(truncation(Release::V1_1), Truncation::LeaderEpoch);
        assert_eq!(truncation(Release::V2_0), Truncation::EpochAndEndOffset);
        assert_eq!(truncation(Release::V2_8), Truncation::OnFetch);
        assert!(!Features::of(Release::V2_0).fetch_checks_leader_epoch);
        assert!(Features::of(Release::V2_3).fetch_checks_leader_epoch);
    }

    /// Source: KIP-841 (3.3), KAFKA-14154 (3.4), KIP-903 (3.5), KAFKA-15021 (3.6), KAFKA-15221 (3.7).
    #[test]
    fn the_rules_for_who_may_be_in_an_isr_come_one_by_one() {
        let [v3_1, v3_3, v3_4, v3_5, v3_6, v3_7] =
            [Release::V3_1, Release::V3_3, Release::V3_4, Release::V3_5, Release::V3_6, Release::V3_7]
                .map(Features::of);
        assert!(!v3_1.ineligible_replicas_refused && v3_3.ineligible_replicas_refused);
        assert!(!v3_3.not_controller_when_behind && v3_4.not_controller_when_behind);
        assert!(!v3_4.broker_epoch_checked && v3_5.broker_epoch_checked);
        assert!(!v3_5.ineligible_replicas_ignored_by_hw && v3_6.ineligible_replicas_ignored_by_hw);
        assert!(!v3_6.broker_epoch_read_once && v3_7.broker_epoch_read_once);
    }

    /// Source: KAFKA-6082 (2.1), KIP-380 (2.2), KIP-570 (2.6), KIP-497 (2.7), KAFKA-10149 (3.4).
    #[test]
    fn the_rules_of_zookeeper_mode_come_one_by_one() {
        let [v2_0, v2_3, v2_6, v2_8, v3_3, v3_4] =
            [Release::V2_0, Release::V2_3, Release::V2_6, Release::V2_8, Release::V3_3, Release::V3_4]
                .map(Features::of);
        assert!(!v3_3.rebalance_during_reassignment && v3_4.rebalance_during_reassignment);
        assert!(v2_0.controller_epoch_in_requests);
        assert!(!v2_0.zk_multi && v2_3.zk_multi);
        assert!(!v2_0.broker_epoch_in_requests && v2_3.broker_epoch_in_requests);
        assert!(!v2_3.stop_replica_epoch && v2_6.stop_replica_epoch);
        assert!(!v2_6.alter_isr && v2_8.alter_isr);
    }

    #[test]
    fn a_switch_is_turned_by_name_and_told_back() {
        let mut features = Features::of(Release::V4_2);
        assert_eq!(features.set("elr", "off"), Ok(()));
        assert_eq!(features.set("truncation", "high-watermark"), Ok(()));
        let changed = features.changed_from(Release::V4_2);
        assert_eq!(changed, [("truncation", "high-watermark".to_string()), ("elr", "off".to_string())]);
        for (name, value) in Features::of(Release::V3_9).lines() {
            assert_eq!(features.set(name, &value), Ok(()));
        }
        assert_eq!(features, Features::of(Release::V3_9));
        assert!(features.set("elf", "on").unwrap_err().contains("elr"));
        assert!(features.set("elr", "yes").unwrap_err().contains("on or off"));
    }
}
