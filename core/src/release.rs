//! Which behaviour belongs to which Kafka release, as plain switches.
//!
//! Protocol modules ask for a switch, never for a release number: a test, a lesson or a search can turn one
//! switch and leave the rest.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A release line that the simulator can play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Release {
    /// Kafka 3.9, the last line with ZooKeeper mode (here: its KRaft).
    V3_9,
    /// Kafka 4.0: PreVote.
    V4_0,
    /// Kafka 4.1: high watermark in the metadata fetch, no candidate back-off.
    V4_1,
    /// Kafka 4.2 and later: BeginQuorumEpoch only to voters that fall silent.
    #[default]
    V4_2,
}

impl Release {
    /// All of them, oldest first.
    pub const ALL: [Release; 4] = [Release::V3_9, Release::V4_0, Release::V4_1, Release::V4_2];

    /// `3.9`, `4.0`, `4.1`, `4.2`.
    pub const fn name(self) -> &'static str {
        match self {
            Release::V3_9 => "3.9",
            Release::V4_0 => "4.0",
            Release::V4_1 => "4.1",
            Release::V4_2 => "4.2",
        }
    }

    /// The release of this name.
    pub fn parse(name: &str) -> Option<Release> {
        Release::ALL.into_iter().find(|release| release.name() == name)
    }

    /// Its switches.
    pub const fn features(self) -> Features {
        let v4_0 = !matches!(self, Release::V3_9);
        let v4_1 = matches!(self, Release::V4_1 | Release::V4_2);
        Features {
            pre_vote: v4_0,
            candidate_backoff: match self {
                Release::V3_9 => CandidateBackoff::Base100,
                Release::V4_0 => CandidateBackoff::Base50,
                Release::V4_1 | Release::V4_2 => CandidateBackoff::None,
            },
            unattached_voter_fetches: v4_0,
            resigned_becomes_candidate: !v4_0,
            fetch_carries_hw: v4_1,
            begin_quorum_to_silent_voters_only: matches!(self, Release::V4_2),
            strict_min_isr: true,
            repeated_metadata_ends_proposal: true,
            leader_across_epochs_keeps_log_ends: true,
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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

/// One switch per behaviour that differs between releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Features {
    /// PreVote and the Prospective state (KIP-996).
    pub pre_vote: bool,
    /// See [`CandidateBackoff`].
    pub candidate_backoff: CandidateBackoff,
    /// An unattached voter also sends Fetch to find the leader; before, only observers did.
    pub unattached_voter_fetches: bool,
    /// A resigned leader times out into Candidate; later into Unattached of the next epoch.
    pub resigned_becomes_candidate: bool,
    /// The metadata fetch carries the follower's high watermark (KIP-1166).
    pub fetch_carries_hw: bool,
    /// BeginQuorumEpoch is re-sent only to voters that have not fetched within half the fetch timeout.
    pub begin_quorum_to_silent_voters_only: bool,
    /// The high watermark stands still while the ISR is below min.insync.replicas (3.7, KIP-966).
    pub strict_min_isr: bool,
    /// A record that repeats what a leader knows already from its AlterPartition answer (equal partition epoch)
    /// ends the ISR change that the leader proposed since (`Partition.makeLeader`, every release). That change
    /// may still be accepted, and until its own record arrives the leader does not wait for the replica that
    /// joined: a committed record can be missing on a member of the ISR (invariants S1, S6). Off: the proposal
    /// goes on.
    pub repeated_metadata_ends_proposal: bool,
    /// A broker that replays two elections at once, and led before the first and leads after the second, keeps
    /// its followers' log ends (`Partition.makeLeader`: isNewLeader is false, every release), although another
    /// leader in between may have made them truncate: it can commit what they do not hold (invariants S1, S7).
    /// Off: log ends are kept only across one leader epoch.
    pub leader_across_epochs_keeps_log_ends: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: KIP-996 (4.0), KIP-1166 (4.1), `CandidateState` of 4.1, `LeaderState` of 4.2.
    #[test]
    fn each_release_turns_its_own_switches() {
        let [v3_9, v4_0, v4_1, v4_2] = Release::ALL.map(Release::features);
        assert!(!v3_9.pre_vote && v4_0.pre_vote && v4_1.pre_vote && v4_2.pre_vote);
        assert!(!v3_9.unattached_voter_fetches && v4_0.unattached_voter_fetches);
        assert!(v3_9.resigned_becomes_candidate && !v4_0.resigned_becomes_candidate);
        assert!(!v4_0.fetch_carries_hw && v4_1.fetch_carries_hw);
        assert_eq!(v3_9.candidate_backoff, CandidateBackoff::Base100);
        assert_eq!(v4_0.candidate_backoff, CandidateBackoff::Base50);
        assert_eq!(v4_1.candidate_backoff, CandidateBackoff::None);
        assert!(!v4_1.begin_quorum_to_silent_voters_only && v4_2.begin_quorum_to_silent_voters_only);
    }

    #[test]
    fn a_release_is_found_by_its_name() {
        assert_eq!(Release::parse("4.0"), Some(Release::V4_0));
        assert_eq!(Release::parse("5.0"), None);
    }
}
