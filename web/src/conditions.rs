//! Conditions that are often waited for, as far as they have a meaning in a mode.

use kraftscope_core::mode::{MetadataPlane, Mode, ReplicationPlane};

/// Name, which is also the key of its words, and scenario text.
pub type Known = (&'static str, &'static str);

const OF_ALL: [Known; 3] = [
    ("log truncated", "note LogTruncated"),
    ("produce fails", "note ProduceFailed"),
    ("invariant breaks", "broken"),
];
const OF_ISR: [Known; 4] = [
    ("new leader", "note LeaderElected"),
    ("isr changes", "note IsrChanged"),
    ("record committed", "note HighWatermarkAdvanced"),
    ("isr shrinks", "note IsrShrinkProposed"),
];
const OF_RAFT: [Known; 4] = [
    ("new leader", "note RaftLeaderElected"),
    ("record committed", "note RaftCommitted"),
    ("raft candidate", "note RaftElectionStarted"),
    ("stale read", "note StaleRead"),
];
const OF_KRAFT: [Known; 3] = [
    ("broker fenced", "note BrokerFenced"),
    ("controller elected", "note ControllerActivated"),
    ("candidate", "note BecameCandidate"),
];
const OF_ZOOKEEPER: [Known; 5] = [
    ("session expired", "note SessionExpired"),
    ("controller elected", "note ControllerElected"),
    ("watch fires", "note WatchFired"),
    ("controller refused", "note ControllerRefused"),
    ("ensemble leader", "note EnsembleLeaderElected"),
];

/// Those that can come true in this mode.
pub fn of(mode: Mode) -> Vec<Known> {
    let by_replication: &[Known] = match mode.replication() {
        ReplicationPlane::Isr => &OF_ISR,
        ReplicationPlane::Raft => &OF_RAFT,
    };
    let by_metadata: &[Known] = match mode.metadata() {
        MetadataPlane::ZooKeeper => &OF_ZOOKEEPER,
        MetadataPlane::KRaft => &OF_KRAFT,
    };
    let all = by_replication.iter().chain(by_metadata).chain(&OF_ALL);
    all.copied().collect()
}

/// Examples of conditions in scenario text.
pub const fn examples(mode: Mode) -> [&'static str; 5] {
    match mode {
        Mode::ZooKeeper => [
            "leader orders-0 != broker-1",
            "isr orders-0 lacks broker-3",
            "hw orders-0 >= 20",
            "controller = broker-2",
            "time >= 30s",
        ],
        Mode::KRaft => [
            "leader orders-0 != broker-1",
            "isr orders-0 lacks broker-3",
            "hw orders-0 >= 20",
            "controller = controller-2",
            "time >= 30s",
        ],
        Mode::KafkaRaft => [
            "leader orders-0 != broker-1",
            "epoch orders-0 >= 3",
            "hw orders-0 >= 20",
            "note RaftVoteRefused",
            "time >= 30s",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::session::Session;
    use kraftscope_core::sim::genesis::Genesis;

    #[test]
    fn every_condition_of_a_mode_can_be_read_there_and_has_words() {
        for mode in Mode::ALL {
            let genesis = crate::model::mode::genesis_in(&Genesis::default(), mode);
            let session = Session::new(genesis).expect("makes a cluster");
            let wrong: Vec<&str> = of(mode)
                .into_iter()
                .filter(|(name, _)| {
                    let key = format!("until.{}", name.replace(' ', "-"));
                    session.condition(name).is_err() || !Lang::ALL.iter().all(|lang| lang.has(&key))
                })
                .map(|(name, _)| name)
                .collect();
            assert_eq!(wrong, Vec::<&str>::new(), "{mode}");
        }
    }

    #[test]
    fn a_raft_group_commits_under_a_note_of_its_own() {
        assert!(of(Mode::KafkaRaft).iter().all(|(_, text)| *text != "note HighWatermarkAdvanced"));
    }
}
