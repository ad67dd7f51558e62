//! The entries, in the order of their names.

use super::{Bug, Ground, Reach};
use crate::fault::Fault;
use crate::fault::Fault::{
    Blackout, Crash, Cut, Delay, DiskError, Fence, Operator, Pause, PowerLoss, ReplaceDisk, Resign, Shutdown,
    Slow, StaleControl, Voters, Zombie,
};
use kraftscope_core::release::Release::{self, V0_10, V1_1, V2_0, V2_3, V3_3, V4_0, V4_2};

const fn bug(
    name: &'static str,
    about: &'static str,
    source: &'static str,
    release: Release,
    switches: &'static [(&'static str, &'static str)],
) -> Bug {
    let ground = Ground::partition(MIXED);
    Bug { name, about, source, release, switches, promises: &[], ground, reach: Reach::Seeds(0) }
}

impl Bug {
    const fn breaks(self, promises: &'static [&'static str]) -> Bug {
        Bug { promises, ..self }
    }

    const fn on(self, ground: Ground) -> Bug {
        Bug { ground, ..self }
    }

    const fn within(self, seeds: u64) -> Bug {
        Bug { reach: Reach::Seeds(seeds), ..self }
    }

    const fn not_found(self, reason: &'static str) -> Bug {
        Bug { reach: Reach::Not(reason), ..self }
    }
}

const MIXED: &[Fault] = &[Crash, PowerLoss, Pause, Cut, Delay, Zombie, StaleControl, Fence, Operator];
/// Leaders come and go, and not everybody hears of it.
const ELECTIONS: &[Fault] = &[Zombie, StaleControl, Fence, Operator, Delay, Pause, Cut];
const POWER: &[Fault] = &[Crash, PowerLoss, Shutdown];
const QUORUM: &[Fault] = &[Crash, PowerLoss, Pause, Cut, Resign];

/// One partition and everything that breaks it.
const PLAIN: Ground = Ground::partition(MIXED);
/// Election upon election among three.
const HASTE: Ground = Ground::partition(ELECTIONS).brokers(3).leader_only().hasty();

const VOTERS: &[Fault] = &[Voters, Cut, Crash, Pause, Resign];

/// Controllers ask for their vote by themselves: a leader that has not committed anything yet is asked, too, where an
/// operator would wait for an active controller.
const JOINING: &[(&str, &str)] = &[("controller.quorum.auto.join.enable", "true")];

/// A controller that is cut off has a successor soon, but its brokers live on, and nothing is written to the metadata
/// that would help a leader which it has answered. Where nothing is written, a leader of the quorum answers a fetch only
/// after half a second (`MAX_FETCH_WAIT_MS`): followers have to wait for that, or depose every leader in turn.
const OLD_CONTROLLER: &[(&str, &str)] = &[
    ("metadata.max.idle.interval.ms", "0"),
    ("auto.leader.rebalance.enable", "false"),
    ("broker.session.timeout.ms", "30000"),
    ("broker.heartbeat.interval.ms", "200"),
    ("controller.quorum.fetch.timeout.ms", "1000"),
    ("controller.quorum.election.timeout.ms", "300"),
    ("controller.quorum.request.timeout.ms", "1000"),
];

/// Sessions end soon, and a controller works long on every partition, so that it is replaced in the middle of it.
const SLOW_CONTROLLER: &[(&str, &str)] =
    &[("zookeeper.session.timeout.ms", "4000"), ("kraftscope.controller.partition.us", "300000")];

/// Sessions end soon.
const SHORT_SESSIONS: &[(&str, &str)] = &[("zookeeper.session.timeout.ms", "4000")];

/// All of them.
#[rustfmt::skip]
pub const BUGS: &[Bug] = &[
    bug("b01", "truncation to the high watermark loses an acknowledged record", "KAFKA-1211, KIP-101", V0_10, &[])
        .breaks(&["S10", "S11", "C1"]).on(PLAIN).within(10),
    bug("b02", "logs of equal length differ after a power loss", "KIP-101", V0_10, &[])
        .breaks(&["V12", "S3"]).on(PLAIN).within(200),
    bug("b03", "an unknown epoch falls back to the high watermark", "KAFKA-7415, KIP-279", V1_1, &[])
        .breaks(&["S10"]).on(HASTE).within(60),
    bug("b04", "an answer without its epoch leaves a diverging record", "KAFKA-6361, KIP-279", V1_1, &[])
        .breaks(&["S1", "S2", "S3", "S4"]).on(HASTE).within(250),
    bug("b05", "a missed epoch with the same leader is not noticed", "KAFKA-7164", V4_2, &[("truncation", "epoch-and-end-offset"), ("truncation_on_missed_epoch", "off")])
        .breaks(&["S1", "S2", "S3"]).on(HASTE).within(5000),
    bug("b06", "the fetch of a zombie counts", "KIP-320", V2_0, &[])
        .breaks(&["S10"]).on(HASTE).within(60),
    bug("b07", "truncation against a leader of another epoch", "KIP-320", V4_2, &[("truncation", "epoch-and-end-offset"), ("truncation_needs_same_epoch", "off")])
        .breaks(&["S1", "S2", "S3", "S10"]).on(HASTE).within(200),
    bug("b08", "a lagging high watermark admits an empty replica", "KAFKA-7128", V4_2, &[("expansion_waits_for_epoch_start", "off")])
        .breaks(&["S1", "S2", "S4", "S5"]).on(HASTE).within(1200),
    bug("b09", "the start of a leader epoch is not stored", "KAFKA-7415", V4_2, &[("truncation", "epoch-and-end-offset"), ("leader_stores_epoch_start", "off")])
        .breaks(&["S10"]).on(HASTE).within(100),
    bug("b10", "truncation never finishes", "KAFKA-10706", V4_2, &[("truncation_cleans_epoch_cache", "off")])
        .breaks(&["V8", "V12"]).on(PLAIN).within(10),
    bug("b11", "a follower shows uncommitted records", "KAFKA-14704", V4_2, &[("diverging_answer_hw_ignored", "off")])
        .breaks(&["S3"]).on(PLAIN).within(60),
    bug("b12", "a diverging fetch counts as progress", "KAFKA-13141", V4_2, &[("diverging_fetch_is_no_progress", "off")])
        .breaks(&["S1", "S2", "S4", "S15"]).on(PLAIN).within(200),
    // The second switch is b36: without what that one loses, nothing makes a follower cut what is committed.
    bug("b13", "the metadata log is cut below its high watermark", "KAFKA-12460", V4_2, &[("metadata_truncation_guard", "off"), ("flush_before_ack", "off")])
        .breaks(&["K9"]).on(Ground::partition(&[PowerLoss, Blackout, Crash, Cut]).controllers(3).anything()).within(10),
    bug("b14", "the high watermark checkpoint is not read", "KAFKA-769", V1_1, &[("hw_checkpoint_is_read", "off")])
        .breaks(&["S10"]).on(PLAIN).within(10),
    bug("b15", "the high watermark does not wait for the pending member", "KIP-497", V4_2, &[("maximal_isr", "off")])
        .breaks(&["S7"]).on(PLAIN).within(800),
    bug("b16", "a shrinking ISR counts before it is accepted", "KIP-497", V4_2, &[("shrink_waits_for_answer", "off")])
        .breaks(&["S7"]).on(PLAIN).within(60),
    bug("b17", "the high watermark is stuck after a shrink", "KAFKA-13091", V4_2, &[("hw_after_isr_change", "off")])
        .breaks(&["V9"]).on(PLAIN).within(150),
    bug("b18", "the last replica standing loses what two had", "KIP-966", V4_0, &[])
        .breaks(&["S11"]).on(Ground::partition(POWER).brokers(3).promising(2).hasty().losing()).within(200),
    bug("b19", "the high watermark moves below min.insync.replicas", "KIP-966", V4_2, &[("strict_min_isr", "off")])
        .breaks(&["S4", "S5", "S13"]).on(PLAIN).within(10),
    bug("b21", "a fenced replica rejoins the ISR", "KIP-841", V4_2, &[("ineligible_replicas_refused", "off")])
        .breaks(&["P5"]).on(PLAIN).within(20),
    bug("b22", "a reborn broker joins on an old fetch", "KIP-903", V4_2, &[("broker_epoch_checked", "off"), ("broker_epoch_read_once", "off")])
        .breaks(&["S9"]).on(Ground::partition(&[ReplaceDisk, Delay, Slow, PowerLoss]).brokers(3).promising(2).slowly(1000).hasty()).within(1000),
    bug("b23", "a broker epoch is read twice", "KAFKA-15221", V4_2, &[("broker_epoch_read_once", "off")])
        .breaks(&["S9"]).on(Ground::partition(&[ReplaceDisk, Pause, Resign, Fence, Cut]).brokers(3).controllers(3).promising(2).slowly(500).hasty()).within(2000),
    bug("b24", "a leaving replica holds the high watermark back", "KAFKA-15021", V4_2, &[("ineligible_replicas_ignored_by_hw", "off")])
        .breaks(&["V9"]).on(Ground::partition(&[Shutdown, Fence]).brokers(3).promising(1)).within(40),
    bug("b27", "a controller that was replaced writes in its next session", "KAFKA-6082", V2_3, &[("zk_multi", "off")])
        .breaks(&["Z2"]).on(Ground::partition(&[Pause, Cut, Crash, Operator]).in_zookeeper().brokers(3).with(SLOW_CONTROLLER)).within(60),
    bug("b28", "a broker obeys a controller of the past", "KAFKA-1188", V2_3, &[("controller_epoch_in_requests", "off")])
        .breaks(&["Z3"]).on(Ground::partition(&[Pause, Cut, Delay, Slow, Resign]).in_zookeeper().brokers(3).with(SHORT_SESSIONS)).within(10),
    bug("b29", "nobody notices that a broker was gone", "KIP-380", V2_3, &[("broker_epoch_in_requests", "off")])
        .breaks(&["V8", "V15"]).on(Ground::partition(&[Crash, Fence, Slow]).in_zookeeper().brokers(3).with(SLOW_CONTROLLER)).within(300),
    bug("b31", "a controller of the past answers", "KAFKA-14154", V3_3, &[("diverging_answer_hw_ignored", "on"), ("ineligible_replicas_ignored_by_hw", "on")])
        .breaks(&["V7"]).on(Ground::partition(&[Cut, Fence]).brokers(3).controllers(3).promising(1).slowly(1000).with(OLD_CONTROLLER)).within(800),
    bug("b32", "an isolated leader never resigns", "KAFKA-15489", V4_2, &[("check_quorum", "off")])
        .breaks(&["V14"]).on(Ground::partition(QUORUM).controllers(3)).within(150),
    bug("b33", "a returning voter disrupts the quorum", "KIP-996", V4_2, &[("pre_vote", "off")])
        .not_found("the leader that is overthrown has a successor at once; no promise speaks of that"),
    bug("b34", "voters change before a commit in the own epoch", "KIP-853", V4_2, &[("reconfig_guard", "off")])
        .breaks(&["K11", "K5", "K6"]).on(Ground::quorum(VOTERS).with(JOINING)).within(200),
    bug("b35", "an old id with an empty disk votes twice", "KIP-853", V4_2, &[("voter_directory_id", "off")])
        .breaks(&["K1", "K2", "K3", "K5", "K6", "L6"]).on(Ground::quorum(VOTERS)).within(10),
    bug("b36", "a replica acknowledges what is not flushed", "KAFKA-10533", V4_2, &[("flush_before_ack", "off")])
        .breaks(&["K5", "K6", "K7"]).on(Ground::partition(&[PowerLoss, Blackout, Crash, Cut]).controllers(3)).within(10),
    bug("b37", "a removed leader counts itself", "KAFKA-16530", V4_2, &[("removed_leader_not_counted", "off")])
        .breaks(&["K7"]).on(Ground::quorum(VOTERS)).within(60),
    bug("b38", "a new voter waits for itself", "KIP-1186", V4_2, &[("add_voter_answers_early", "off")])
        .not_found("the leader that has to resign has a successor, which makes the new voter one after all"),
    bug("b39", "a leader without an active controller", "KAFKA-13104", V4_2, &[("renounce_resigns", "off")])
        .not_found("no fault makes the state machine of a controller fail"),
    bug("b41", "a log takes appends after a failed one", "KAFKA-10778", V4_2, &[("io_error_fences_log", "off")])
        .breaks(&["S10", "S11", "S5", "C1"]).on(Ground::partition(&[DiskError, Crash]).promising(1)).within(10),
];
