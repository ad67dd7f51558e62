//! Which Kafka release is played: a name for a set of [`Features`](crate::switches::Features) and of defaults.
//!
//! Releases before 3.9 are played with the replication, the ISR rules and the defaults of their time on top of
//! the KRaft control plane: what they got wrong between a leader and its followers shows unchanged. Their
//! ZooKeeper control plane is not part of this module.

use crate::mode::Mode;
use crate::switches::Features;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A release line that the simulator can play, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Release {
    /// Kafka 0.10.2: followers truncate to their high watermark.
    V0_10,
    /// Kafka 0.11 to 1.1: leader epochs (KIP-101).
    V1_1,
    /// Kafka 2.0: an end offset comes with its epoch (KIP-279).
    V2_0,
    /// Kafka 2.1 to 2.5: stale replicas are fenced (KIP-320, KAFKA-7128, 7164, 7415).
    V2_3,
    /// Kafka 2.6: longer lag limit.
    V2_6,
    /// Kafka 2.7 and 2.8: truncation on fetch, AlterIsr (KIP-595, KIP-497).
    V2_8,
    /// Kafka 3.0: acks=all and idempotence by default; the metadata log refuses to truncate below its HW; a diverging
    /// fetch is no progress (KAFKA-13141).
    V3_0,
    /// Kafka 3.1 (KAFKA-13091, 13104).
    V3_1,
    /// Kafka 3.3: fenced replicas stay out of the ISR (KIP-841), recovery state (KIP-704).
    V3_3,
    /// Kafka 3.4 (KAFKA-14154).
    V3_4,
    /// Kafka 3.5: broker epochs in ISR changes (KIP-903).
    V3_5,
    /// Kafka 3.6: no new leader epoch for a shrinking ISR (KAFKA-15021).
    V3_6,
    /// Kafka 3.7: check quorum, strict min ISR.
    V3_7,
    /// Kafka 3.9, the last line with ZooKeeper mode (here: its KRaft).
    V3_9,
    /// Kafka 4.0: PreVote.
    V4_0,
    /// Kafka 4.1: high watermark in the metadata fetch, no candidate back-off, ELR by default.
    V4_1,
    /// Kafka 4.2 and later: BeginQuorumEpoch only to voters that fall silent.
    #[default]
    V4_2,
}

impl Release {
    /// All of them, oldest first.
    pub const ALL: [Release; 17] = [
        Release::V0_10,
        Release::V1_1,
        Release::V2_0,
        Release::V2_3,
        Release::V2_6,
        Release::V2_8,
        Release::V3_0,
        Release::V3_1,
        Release::V3_3,
        Release::V3_4,
        Release::V3_5,
        Release::V3_6,
        Release::V3_7,
        Release::V3_9,
        Release::V4_0,
        Release::V4_1,
        Release::V4_2,
    ];

    /// Those whose control plane is played as it was; all known bugs of the switches are mended in them.
    pub const KRAFT: [Release; 4] = [Release::V3_9, Release::V4_0, Release::V4_1, Release::V4_2];

    /// Those that know this mode, oldest first. With KRaft older ones are played, too: see the module.
    pub fn of_mode(mode: Mode) -> &'static [Release] {
        const ALL: &[Release] = &Release::ALL;
        match mode {
            Mode::ZooKeeper => &ALL[..14],
            Mode::KRaft => ALL,
            Mode::KafkaRaft => &ALL[13..],
        }
    }

    /// `0.10.2`, … `4.2`.
    pub const fn name(self) -> &'static str {
        match self {
            Release::V0_10 => "0.10.2",
            Release::V1_1 => "1.1",
            Release::V2_0 => "2.0",
            Release::V2_3 => "2.3",
            Release::V2_6 => "2.6",
            Release::V2_8 => "2.8",
            Release::V3_0 => "3.0",
            Release::V3_1 => "3.1",
            Release::V3_3 => "3.3",
            Release::V3_4 => "3.4",
            Release::V3_5 => "3.5",
            Release::V3_6 => "3.6",
            Release::V3_7 => "3.7",
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
        Features::of(self)
    }

    /// Whether this release is older than `other`.
    pub const fn is_before(self, other: Release) -> bool {
        (self as u8) < other as u8
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_found_by_its_name() {
        assert_eq!(Release::parse("4.0"), Some(Release::V4_0));
        assert_eq!(Release::parse("0.10.2"), Some(Release::V0_10));
        assert_eq!(Release::parse("5.0"), None);
    }

    #[test]
    fn release_3_9_is_the_last_with_zookeeper_and_the_first_with_a_group_per_partition() {
        assert_eq!(Release::of_mode(Mode::ZooKeeper).last(), Some(&Release::V3_9));
        assert_eq!(Release::of_mode(Mode::KafkaRaft), Release::KRAFT);
    }

    #[test]
    fn all_releases_are_named_once_and_in_order() {
        assert!(Release::ALL.is_sorted());
        for release in Release::ALL {
            assert_eq!(Release::parse(release.name()), Some(release));
        }
    }
}
