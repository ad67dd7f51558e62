//! Which models there are, which rules can be switched off, and how large a model may be.

use alloc::format;
use alloc::string::String;

/// One age of Kafka's replication protocol, as an abstract model of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A new follower truncates to its own high watermark (KafkaTruncateToHighWatermark.tla; up to 0.10.2).
    HighWatermark,
    /// ... to where the leader's log leaves the epoch of the follower's last record (Kip101.tla; 0.11).
    Kip101,
    /// ... to just after the last record that both logs share (Kip279.tla; 2.0).
    Kip279,
    /// No truncation on a new role: a fetch carries the last fetched epoch (Kip320FirstTry.tla; never released).
    Kip320FirstTry,
    /// Every exchange demands that follower and leader are in the same epoch (Kip320.tla; 2.1 and after).
    Kip320,
}

impl Spec {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] =
        [Self::HighWatermark, Self::Kip101, Self::Kip279, Self::Kip320FirstTry, Self::Kip320];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HighWatermark => "hw",
            Self::Kip101 => "kip101",
            Self::Kip279 => "kip279",
            Self::Kip320FirstTry => "kip320-first-try",
            Self::Kip320 => "kip320",
        }
    }

    /// The spec with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }
}

/// A rule of KIP-320 that can be switched off, to see what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A fetch is answered only in the leader's own epoch.
    FetchEpoch,
    /// The high watermark counts only followers that are in the leader's epoch.
    HwEpoch,
    /// Only a follower that is in the leader's epoch may join the ISR.
    ExpandEpoch,
    /// The ISR grows only when the high watermark has reached the start of the leader's epoch (KAFKA-7128).
    EpochStart,
    /// A new follower truncates only against a leader that is in the epoch of the request.
    TruncateEpoch,
}

impl Rule {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 5] =
        [Self::FetchEpoch, Self::HwEpoch, Self::ExpandEpoch, Self::EpochStart, Self::TruncateEpoch];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FetchEpoch => "fetch-epoch",
            Self::HwEpoch => "hw-epoch",
            Self::ExpandEpoch => "expand-epoch",
            Self::EpochStart => "epoch-start",
            Self::TruncateEpoch => "truncate-epoch",
        }
    }

    /// What it demands, in words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::FetchEpoch => "a fetch is answered only in the leader's own epoch",
            Self::HwEpoch => "the high watermark counts only followers in the leader's epoch",
            Self::ExpandEpoch => "only a follower in the leader's epoch may join the ISR",
            Self::EpochStart => {
                "the ISR grows only when the high watermark reached the epoch's start (KAFKA-7128)"
            }
            Self::TruncateEpoch => "a follower truncates only against a leader in the same epoch",
        }
    }

    /// The rule with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// How large a model is. Epochs run from 0 to `max_epoch`, offsets from 0 to `log - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of replicas.
    pub replicas: u32,
    /// How many records one log can hold.
    pub log: u32,
    /// How many records are ever written.
    pub records: u32,
    /// The highest leader epoch.
    pub max_epoch: u32,
}

impl Size {
    /// The largest size that a packed state can hold. Nothing near it can be searched whole.
    pub const MAX: Self = Self { replicas: 8, log: 16, records: 15, max_epoch: 14 };

    /// Is there a state for this size? If not, the reason, in words.
    pub fn check(self) -> Result<(), String> {
        let within = |what: &str, value: u32, low: u32, high: u32| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(format!("{what} must be {low} to {high}, and {value} is not"))
        };
        within("replicas", self.replicas, 1, Self::MAX.replicas)?;
        within("log", self.log, 1, Self::MAX.log)?;
        within("records", self.records, 1, Self::MAX.records)?;
        within("max-epoch", self.max_epoch, 0, Self::MAX.max_epoch)
    }
}
