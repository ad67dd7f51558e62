//! The mutants: each takes one rule out of the core.
//!
//! First the guards that the TLA+ models of Kafka's replication mark with CHECK (their removal must lose data), then
//! the rules of the quorum, of the ISR and of the log.

/// One change of the source.
#[derive(Debug)]
pub(super) struct Mutant {
    /// What it takes away.
    pub(super) name: &'static str,
    /// The file, below the top folder.
    pub(super) file: &'static str,
    /// The text as it stands, exactly once.
    pub(super) from: &'static str,
    /// What stands there instead.
    pub(super) to: &'static str,
    /// Why nothing notices, when that is right.
    pub(super) survives: Option<&'static str>,
}

const fn mutant(name: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Mutant {
    Mutant { name, file, from, to, survives: None }
}

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "quorum: a majority is half of the voters",
        "core/src/quorum.rs",
        "    voters / 2 + 1",
        "    voters.div_ceil(2)",
    ),
    mutant(
        "epoch cache: an epoch above the latest is answered",
        "core/src/epochs.rs",
        "        if epoch > latest.epoch {\n            return None;",
        "        if epoch > latest.epoch {\n            return Some(EpochEnd { epoch, end: leo });",
    ),
    mutant(
        "epoch cache: truncation leaves the entry at the end",
        "core/src/epochs.rs",
        "while self.latest().is_some_and(|last| last.start >= end)",
        "while self.latest().is_some_and(|last| last.start > end)",
    ),
    mutant(
        "isr: expansion does not wait for the high watermark",
        "core/src/replication/isr.rs",
        "leo >= hw && leo >= self.epoch_start",
        "leo >= self.epoch_start",
    ),
];
