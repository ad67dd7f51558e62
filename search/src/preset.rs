//! Presets: what a seed may draw from.
//!
//! A preset that is named after a release plays that release under everything that can break. The others look
//! closer at one part, in all releases whose control plane is played as it was.

use crate::fault::Fault;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;

/// What is asked of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// No promise may break: faults stay within what the configuration tolerates (never a power loss that could
    /// take the last copy), and the three known holes of Kafka are closed (`repeated_metadata_ends_proposal`,
    /// `leader_across_epochs_keeps_log_ends`, `dropped_replicas_stay_in_elr`).
    MustBeSafe,
    /// Anything may happen. Promises whose precondition is gone are void, and counted.
    ShowMe,
}

/// How large the drawn clusters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 1 to 5 controllers, 2 to 5 brokers, 1 to 3 partitions.
    Any,
    /// 3 or 5 controllers and little else.
    Quorum,
    /// 1 or 3 controllers, 3 brokers, one partition with three replicas: what a page can show.
    Small,
    /// One partition on two or three brokers, one controller: what abstract models look at.
    OnePartition,
}

/// A named range to draw from.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// In one line.
    pub about: &'static str,
    /// Who keeps the metadata, and how partitions are replicated.
    pub mode: Mode,
    /// Releases.
    pub releases: &'static [Release],
    /// Switches that stand otherwise than in them, with their values.
    pub mends: &'static [(&'static str, &'static str)],
    /// What is asked.
    pub demand: Demand,
    /// Shapes.
    pub size: Size,
    /// Faults.
    pub faults: &'static [Fault],
    /// Whether every step is held against the abstract model of KIP-320 ([`crate::refine`]).
    pub refines: bool,
}

/// Faults after which no promise may be broken.
const SAFE: &[Fault] = &all_but::<{ Fault::ALL.len() - 1 }>(&[Fault::Unclean]);
const NETWORK: &[Fault] = &[
    Fault::Cut,
    Fault::Loss,
    Fault::ResponseLoss,
    Fault::Duplicate,
    Fault::Delay,
    Fault::Reorder,
    Fault::Slow,
    Fault::Zombie,
    Fault::StaleControl,
];
const POWER: &[Fault] = &[
    Fault::Crash,
    Fault::PowerLoss,
    Fault::Blackout,
    Fault::ReplaceDisk,
    Fault::DiskError,
    Fault::Shutdown,
    Fault::Pause,
    Fault::Fence,
];
/// What the abstract model knows: everything but disks that forget and partitions that move.
const MODEL: &[Fault] = &all_but::<{ SAFE.len() - 5 }>(&[
    Fault::Unclean,
    Fault::PowerLoss,
    Fault::Blackout,
    Fault::ReplaceDisk,
    Fault::Voters,
    Fault::Reassign,
]);

/// What releases before 3.9 can be asked to survive.
const OLDER: &[Fault] =
    &all_but::<{ SAFE.len() - 3 }>(&[Fault::Unclean, Fault::ReplaceDisk, Fault::Voters, Fault::Reassign]);

/// What a cluster on ZooKeeper can be asked to survive: [`Fault::Fence`] is an expired session there, [`Fault::Resign`] a
/// `/controller` that somebody deletes. Kafka had no protection there against brokers that come back without what they
/// had (KIP-966 came with KRaft). And a partition that moves has two holes: a controller that is replaced after it has told
/// the leader the new replicas, and before those that go have left the ISR, leaves them in it without what was committed
/// (`KafkaController.onPartitionReassignment`); a cancelled move may leave a replica in the ISR that is none any more.
const ZOOKEEPER: &[Fault] = &all_but::<{ SAFE.len() - 5 }>(&[
    Fault::Unclean,
    Fault::PowerLoss,
    Fault::Blackout,
    Fault::ReplaceDisk,
    Fault::Voters,
    Fault::Reassign,
]);

/// What Raft groups can be asked to survive: all but replaced disks, which forget votes, and moves.
const GROUPS: &[Fault] =
    &all_but::<{ SAFE.len() - 3 }>(&[Fault::Unclean, Fault::ReplaceDisk, Fault::Voters, Fault::Reassign]);

/// All faults but these, in the order of the catalogue; `N` is how many are left.
const fn all_but<const N: usize>(these: &[Fault]) -> [Fault; N] {
    let (mut left, mut count, mut at) = ([Fault::Crash; N], 0, 0);
    while at < Fault::ALL.len() {
        let mut next = 0;
        while next < these.len() && these[next] as u8 != Fault::ALL[at] as u8 {
            next += 1;
        }
        if next == these.len() {
            left[count] = Fault::ALL[at];
            count += 1;
        }
        at += 1;
    }
    assert!(count == N, "they stand in the catalogue once each");
    left
}

const fn release(name: &'static str, releases: &'static [Release]) -> Preset {
    Preset {
        name,
        about: "everything may break, within what the configuration tolerates",
        mode: Mode::KRaft,
        releases,
        mends: &[],
        demand: Demand::MustBeSafe,
        size: Size::Any,
        faults: SAFE,
        refines: false,
    }
}

const fn closer(
    name: &'static str,
    about: &'static str,
    size: Size,
    faults: &'static [Fault],
    demand: Demand,
) -> Preset {
    let mode = Mode::KRaft;
    Preset { name, about, mode, releases: &Release::KRAFT, mends: &[], demand, size, faults, refines: false }
}

/// What 2.1 to 2.5 did not keep, as switches that mend it, so that the rest can be asked.
const MENDS_2_3: &[(&str, &str)] = &[("io_error_fences_log", "on"), ("truncation_cleans_epoch_cache", "on")];
/// The same of 1.1 and of 0.10.2, which had neither KIP-279, KIP-320 nor KIP-380, and controllers that write on after they
/// were replaced (KAFKA-6082); 0.10.2 had no leader epochs either (KIP-101).
const MENDS_1_1: &[(&str, &str)] = &[
    ("io_error_fences_log", "on"),
    ("truncation_cleans_epoch_cache", "on"),
    ("zk_multi", "on"),
    ("broker_epoch_in_requests", "on"),
    ("truncation", "epoch-and-end-offset"),
    ("fetch_checks_leader_epoch", "on"),
    ("hw_counts_current_epoch_only", "on"),
    ("expansion_needs_current_epoch", "on"),
    ("expansion_waits_for_epoch_start", "on"),
    ("truncation_needs_same_epoch", "on"),
    ("leader_stores_epoch_start", "on"),
    ("truncation_on_missed_epoch", "on"),
    ("consumer_detects_truncation", "on"),
];

const fn older(
    name: &'static str,
    releases: &'static [Release],
    mends: &'static [(&'static str, &'static str)],
) -> Preset {
    let about = "an old release whose known holes are mended";
    Preset { mode: Mode::ZooKeeper, faults: ZOOKEEPER, about, mends, ..release(name, releases) }
}

/// The presets that are played in turn unless one is named.
pub const PRESETS: &[Preset] = &[
    Preset { faults: OLDER, ..release("3.5-3.7", &[Release::V3_5, Release::V3_6, Release::V3_7]) },
    release("3.9", &[Release::V3_9]),
    release("4.0", &[Release::V4_0]),
    release("4.1", &[Release::V4_1]),
    release("4.2", &[Release::V4_2]),
    Preset { mode: Mode::KafkaRaft, faults: GROUPS, ..release("kafkaraft", &[Release::V4_2]) },
    closer("network", "only the network fails", Size::Any, NETWORK, Demand::MustBeSafe),
    closer("power", "only machines fail", Size::Any, POWER, Demand::MustBeSafe),
    closer("quorum", "elections of the metadata quorum", Size::Quorum, SAFE, Demand::MustBeSafe),
    closer("one-partition", "one partition, one controller", Size::OnePartition, SAFE, Demand::MustBeSafe),
    Preset {
        name: "model",
        about: "one partition whose disks are safe, held against the model of KIP-320",
        mode: Mode::KRaft,
        releases: &Release::KRAFT,
        mends: &[],
        demand: Demand::MustBeSafe,
        size: Size::OnePartition,
        faults: MODEL,
        refines: true,
    },
    closer("show-me", "no limits: promises may become void", Size::Any, Fault::ALL, Demand::ShowMe),
    Preset { mode: Mode::ZooKeeper, faults: ZOOKEEPER, ..release("zookeeper", &[Release::V3_9]) },
    older("zookeeper-2.3", &[Release::V2_3], MENDS_2_3),
    older("zookeeper-1.1", &[Release::V1_1], MENDS_1_1),
    older("zookeeper-0.10.2", &[Release::V0_10], MENDS_1_1),
];

impl Preset {
    /// The preset of this name.
    ///
    /// # Errors
    /// Names all that there are.
    pub fn find(name: &str) -> Result<&'static Preset, String> {
        PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
            let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            format!("'{name}' is no preset: write one of {}", known.join(", "))
        })
    }
}
