//! Where an exhaustive search meets the bugs of the zoo: in which world, within which bounds, how far from its start.
//!
//! With the old behaviour the nearest state that breaks a promise lies at that depth; with that of the release in which
//! the bug was gone there is none within the same bounds and that depth. Lengths count states, the first included, as
//! those of the abstract models do.
//!
//! Left out: what shows only in clients, in changes of voters, or in a cluster that stands still; and what newer rules
//! of the controller keep from happening, as with b03, whose old leader would have to stay in the ISR.

use kraftscope_core::check::Rule;

/// One bug, met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Its name in the zoo.
    pub bug: &'static str,
    /// The world: `quorum`, `partition` or `cluster`.
    pub world: &'static str,
    /// Its bounds, where they are not those that it has by default.
    pub bounds: &'static [(&'static str, u32)],
    /// The promise that breaks first.
    pub promise: Rule,
    /// The length of the shortest path there, in states.
    pub length: u32,
    /// How many states were seen until then.
    pub states: u32,
    /// Only this promise is looked at: another, of another bug, breaks nearer.
    pub alone: bool,
}

const fn met(
    bug: &'static str,
    world: &'static str,
    bounds: &'static [(&'static str, u32)],
    promise: Rule,
    (length, states): (u32, u32),
) -> Depth {
    Depth { bug, world, bounds, promise, length, states, alone: false }
}

/// A broker learns of two elections at once.
const MISSED_ELECTION: &[(&str, u32)] = &[("losses", 1), ("haste", 1), ("lags", 0)];
const OLD_LEADER: &[(&str, u32)] =
    &[("fences", 2), ("lags", 0), ("max-leader-epoch", 3), ("max-partition-epoch", 4)];
const TWO_FENCES: &[(&str, u32)] = &[("fences", 2), ("elections", 0), ("lags", 0)];
const LAGGING_HW: &[(&str, u32)] = &[("records", 1), ("max-leader-epoch", 3), ("max-partition-epoch", 5)];
const ONE_POWER_LOSS: &[(&str, u32)] = &[("losses", 0), ("crashes", 0), ("lossy-crashes", 1)];
const TWO_POWER_LOSSES: &[(&str, u32)] = &[("losses", 0), ("crashes", 0), ("lossy-crashes", 2)];
const ONE_DISK: &[(&str, u32)] = &[("losses", 0), ("disks", 1), ("max-epoch", 1)];

/// All that are met, by name.
pub const DEPTHS: &[Depth] = &[
    met("b01", "partition", &[], Rule::S1, (6, 491)),
    met("b05", "partition", MISSED_ELECTION, Rule::S1, (21, 1_723_418)),
    met("b06", "partition", &[], Rule::S1, (15, 2_533_914)),
    met("b07", "partition", OLD_LEADER, Rule::S10, (17, 2_055_012)),
    met("b08", "partition", LAGGING_HW, Rule::S2, (15, 317_601)),
    met("b09", "partition", TWO_FENCES, Rule::S1, (12, 113_850)),
    met("b11", "partition", &[], Rule::S3, (9, 9_369)),
    met("b12", "partition", &[], Rule::S1, (7, 1_200)),
    // It needs b36 to lose committed records first.
    Depth { alone: true, ..met("b13", "quorum", TWO_POWER_LOSSES, Rule::K9, (37, 385_949)) },
    met("b15", "partition", &[], Rule::S7, (6, 958)),
    met("b16", "partition", &[], Rule::S7, (3, 20)),
    met("b18", "cluster", &[("brokers", 2)], Rule::C1, (11, 2_326)),
    met("b19", "cluster", &[], Rule::S4, (7, 1_924)),
    met("b35", "quorum", ONE_DISK, Rule::L6, (18, 4_336)),
    met("b36", "quorum", ONE_POWER_LOSS, Rule::K10, (8, 150)),
];

impl Depth {
    /// Where the bug of this name is met, if it is.
    pub fn of(bug: &str) -> Option<&'static Depth> {
        DEPTHS.iter().find(|depth| depth.bug == bug)
    }
}
