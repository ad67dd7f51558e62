//! The bug zoo: what Kafka once got wrong, each by the switches that bring it back.
//!
//! Every entry has a pair of scenario files, `core/tests/scenarios/bugs/NAME-…-before.txt` and `-after.txt`: with the
//! old behaviour the named promise breaks or the cluster stands still, with the new one it does not. A search with an
//! entry draws clusters and faults as ever, with these switches.

use kraftscope_core::config::Settings;
use kraftscope_core::release::Release;

/// A bug of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bug {
    /// `b06`.
    pub name: &'static str,
    /// In one line.
    pub about: &'static str,
    /// Kafka issue or KIP.
    pub source: &'static str,
    /// The release that is played.
    pub release: Release,
    /// The switches that stand otherwise than in that release.
    pub switches: &'static [(&'static str, &'static str)],
}

const fn bug(
    name: &'static str,
    about: &'static str,
    source: &'static str,
    release: Release,
    switches: &'static [(&'static str, &'static str)],
) -> Bug {
    Bug { name, about, source, release, switches }
}

use Release::{V0_10, V1_1, V2_0, V2_3, V4_0, V4_2};

/// All of them.
#[rustfmt::skip]
pub const BUGS: &[Bug] = &[
    bug("b01", "truncation to the high watermark loses an acknowledged record", "KAFKA-1211, KIP-101", V0_10, &[]),
    bug("b02", "logs of equal length differ after a power loss", "KIP-101", V0_10, &[]),
    bug("b03", "an unknown epoch falls back to the high watermark", "KAFKA-7415, KIP-279", V1_1, &[]),
    bug("b04", "an answer without its epoch leaves a diverging record", "KAFKA-6361, KIP-279", V1_1, &[]),
    bug("b05", "a missed epoch with the same leader is not noticed", "KAFKA-7164", V2_3, &[("truncation_on_missed_epoch", "off")]),
    bug("b06", "the fetch of a zombie counts", "KIP-320", V2_0, &[]),
    bug("b07", "truncation against a leader of another epoch", "KIP-320", V2_3, &[("truncation_needs_same_epoch", "off")]),
    bug("b08", "a lagging high watermark admits an empty replica", "KAFKA-7128", V2_3, &[("expansion_waits_for_epoch_start", "off")]),
    bug("b09", "the start of a leader epoch is not stored", "KAFKA-7415", V2_3, &[("leader_stores_epoch_start", "off")]),
    bug("b10", "truncation never finishes", "KAFKA-10706", V4_2, &[("truncation_cleans_epoch_cache", "off")]),
    bug("b11", "a follower shows uncommitted records", "KAFKA-14704", V4_2, &[("diverging_answer_hw_ignored", "off")]),
    bug("b12", "a diverging fetch counts as progress", "KAFKA-13141", V4_2, &[("diverging_fetch_is_no_progress", "off")]),
    bug("b13", "the metadata log is cut below its high watermark", "KAFKA-12460", V4_2, &[("metadata_truncation_guard", "off"), ("flush_before_ack", "off")]),
    bug("b14", "the high watermark checkpoint is not read", "KAFKA-769", V0_10, &[("hw_checkpoint_is_read", "off")]),
    bug("b15", "the high watermark does not wait for the pending member", "KIP-497", V4_2, &[("maximal_isr", "off")]),
    bug("b16", "a shrinking ISR counts before it is accepted", "KIP-497", V4_2, &[("shrink_waits_for_answer", "off")]),
    bug("b17", "the high watermark is stuck after a shrink", "KAFKA-13091", V4_2, &[("hw_after_isr_change", "off")]),
    bug("b18", "the last replica standing loses what two had", "KIP-966", V4_0, &[]),
    bug("b19", "the high watermark moves below min.insync.replicas", "KIP-966", V4_2, &[("strict_min_isr", "off")]),
    bug("b32", "an isolated leader never resigns", "KAFKA-15489", V4_2, &[("check_quorum", "off")]),
    bug("b33", "a returning voter disrupts the quorum", "KIP-996", V4_2, &[("pre_vote", "off")]),
    bug("b34", "voters change before a commit in the own epoch", "KIP-853", V4_2, &[("reconfig_guard", "off")]),
    bug("b35", "an old id with an empty disk votes twice", "KIP-853", V4_2, &[("voter_directory_id", "off")]),
    bug("b36", "a replica acknowledges what is not flushed", "KAFKA-10533", V4_2, &[("flush_before_ack", "off")]),
    bug("b37", "a removed leader counts itself", "KAFKA-16530", V4_2, &[("removed_leader_not_counted", "off")]),
    bug("b41", "a log takes appends after a failed one", "KAFKA-10778", V4_2, &[("io_error_fences_log", "off")]),
];

impl Bug {
    /// The settings of its release, with its switches.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::of(self.release);
        for (name, value) in self.switches {
            let known = settings.features.set(name, value);
            debug_assert_eq!(known, Ok(()), "a test looks at every switch");
        }
        settings
    }

    /// The bug of this name.
    ///
    /// # Errors
    /// Names all that there are.
    pub fn find(name: &str) -> Result<&'static Bug, String> {
        BUGS.iter().find(|bug| bug.name == name).ok_or_else(|| {
            let known: Vec<String> = BUGS.iter().map(|bug| format!("{} ({})", bug.name, bug.about)).collect();
            format!("'{name}' is no bug of the zoo: write one of\n  {}", known.join("\n  "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_has_switches_that_exist() {
        for bug in BUGS {
            let mut features = bug.release.features();
            for (name, value) in bug.switches {
                assert_eq!(features.set(name, value), Ok(()), "{}", bug.name);
            }
            assert!(Bug::find(bug.name).is_ok());
        }
        assert!(Bug::find("b99").is_err_and(|error| error.contains("b06")));
    }
}
